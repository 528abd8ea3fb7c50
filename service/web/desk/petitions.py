"""A petition from its first line to the archive: written side by side in every language, published, opened, paused, closed.

What is published never changes; an edit becomes the next version, with its own entry in the log. What is being written is
kept apart from it, and nobody's words are lost when two write at once: the second one sees both.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo, available_timezones

from service import organizers, petitions, recipients
from service.errors import Conflict, Fault, Invalid
from service.petitions import Draft, Sheet, Text
from service.web.desk import differences
from service.web.desk.frame import EVERYONE, Answer, Desk, Place, act, page, uuid

EDITORS = frozenset({"editor"})

TABS = [
    Place("overview", "", EVERYONE),
    Place("text", "/text", EDITORS),
    Place("setup", "/setup", EDITORS),
    Place("history", "/history", EVERYONE),
]

PARTS = ("title", "summary", "statement", "consent", "privacy")
LONGEST = {"title": 160, "summary": 600, "statement": 20_000, "consent": 2_000, "privacy": 4_000}
MARKDOWN = frozenset({"statement"})

_ZONES = ("Europe/Paris", "Europe/Zurich", "Asia/Yerevan", "Europe/London", "Europe/Brussels", "Europe/Berlin", "America/New_York")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_SETUP = frozenset({"opens_at", "closes_at", "time_zone", "goals", "is_protected", "is_sealed", "association"})


# -- a new one -------------------------------------------------------------------------------------------------------------


async def _form(desk: Desk, template: str, typed: Mapping[str, str], faults: list[Fault], status: int = 200, **more: Any) -> Answer:
    mine = [one for one in await organizers.associations(desk.pool) if desk.me.may(EDITORS, one.id)]
    return desk.show(
        template,
        status=status,
        typed=defaultdict(str, typed),
        faults=faults,
        zones=_ZONES,
        associations=mine,
        everywhere=desk.me.may(EDITORS, None),
        can_seal=len(desk.state.ring.offline_keys()) >= 2,
        **more,
    )


@page("/new-petition", roles=EDITORS)
async def new(desk: Desk) -> Answer:
    return await _form(desk, "new_petition.html", {"time_zone": "Europe/Paris"}, [])


@act("/new-petition", roles=EDITORS, fields=_SETUP | {"slug"})
async def create(desk: Desk) -> Answer:
    """A draft, which nobody else sees; its address is chosen now and stays."""
    faults: list[Fault] = []
    slug = desk.values.get("slug", "").strip()
    if not petitions.SLUG.fullmatch(slug):
        faults.append(Fault("slug", "slug"))
    given = _setup(desk, faults)
    if not faults:
        petition_id = uuid4()
        draft = Draft(
            slug=slug, opens_at=given["opens_at"], closes_at=given["closes_at"], time_zone=given["time_zone"], goal=given["goal"],
            is_protected=given["is_protected"], is_sealed=given["is_sealed"],
        )  # fmt: skip
        try:
            async with desk.transaction() as connection:
                await petitions.create(connection, petition_id, draft)
                await petitions.q.set_up(connection, id=petition_id, **given)
                await desk.note(connection, "petition.created", slug)
            return desk.see(f"/desk/petitions/{slug}/text", "created")
        except desk.Taken:
            faults.append(Fault("slug", "slug-taken"))
    return await _form(desk, "new_petition.html", desk.values, faults, 400)


def _setup(desk: Desk, faults: list[Fault]) -> dict[str, Any]:
    """Dates in the petition's own time zone, goals in steps, and to whom it belongs; what is wrong is added to ``faults``."""
    values = desk.values
    zone = values.get("time_zone", "")
    if zone not in available_timezones():
        faults.append(Fault("time_zone", "choice"))
        zone = "Europe/Paris"
    opens_at = _moment(values.get("opens_at", ""), zone, "opens_at", faults) or desk.state.clock()
    closes_at = _moment(values.get("closes_at", ""), zone, "closes_at", faults)
    if closes_at is not None and (closes_at <= opens_at or closes_at <= desk.state.clock()):
        faults.append(Fault("closes_at", "closes-before"))
    goals = []
    for word in re.split(r"[\s,;]+", values.get("goals", "").strip()):
        if word and (not word.isascii() or not word.isdecimal() or not 1 <= int(word[:12]) <= 100_000_000 or len(word) > 9):
            faults.append(Fault("goals", "goals"))
            break
        if word:
            goals.append(int(word))
    goals = sorted(set(goals))[:20]
    at = values.get("association", "")
    association_id = uuid(at) if at else None
    if not desk.me.may(EDITORS, association_id):
        faults.append(Fault("association", "choice"))
    return {
        "opens_at": opens_at,
        "closes_at": closes_at,
        "time_zone": zone,
        "goal": goals[0] if goals else 0,
        "goal_steps": goals,
        "is_protected": values.get("is_protected") == "yes",
        "is_sealed": values.get("is_sealed") == "yes",
        "association_id": association_id,
    }


def _moment(text: str, zone: str, field: str, faults: list[Fault]) -> datetime | None:
    if not text.strip():
        return None
    if not _MOMENT.match(text):
        faults.append(Fault(field, "moment"))
        return None
    try:
        return datetime.fromisoformat(text[:16]).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        faults.append(Fault(field, "moment"))
        return None


# -- one petition ----------------------------------------------------------------------------------------------------------


def _local(when: datetime | None, zone: str) -> str:
    return when.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M") if when else ""


@page("/petitions/{slug:str}", roles=EVERYONE, thing="petition")
async def overview(desk: Desk) -> Answer:
    return await _overview(desk)


async def _overview(desk: Desk, *, status: int = 200, code: str = "", asks: bool = False) -> Answer:
    draught = await petitions.draught(desk.pool, desk.sheet.id)
    published = await petitions.versions(desk.pool, desk.sheet.id)
    return desk.show(
        "petition.html",
        status=status,
        code=code,
        asks=asks,
        draught=draught,
        missing=_missing(desk, draught.texts),
        is_newer=bool(draught.revision) and (not published or published[-1].texts != draught.texts),
        publishing=await _publishing(desk),
        may_edit=desk.me.may(EDITORS, desk.sheet.association_id),
        addressed=await recipients.addressed(desk.pool, desk.sheet.id),
    )


def _missing(desk: Desk, texts: Mapping[str, Text]) -> list[str]:
    """Languages whose text is not whole; none may be, when a version is published."""
    return [lang for lang in desk.pages.languages if lang not in texts or not all(getattr(texts[lang], part).strip() for part in PARTS)]


async def _publishing(desk: Desk) -> dict[str, Any] | None:
    """The publication that is on its way, or the last one if it failed."""
    async for row in petitions.q.publications(desk.pool, petition_id=desk.sheet.id):
        return dict(row) if row["done_at"] is None or row["fault"] else None
    return None


@act("/petitions/{slug:str}/life", roles=EDITORS, fields={"do", "sure"}, thing="petition")
async def life(desk: Desk) -> Answer:
    """Open at its hour or now, pause, go on, close, archive. A pause moves the deadline by the time that it lasted.

    Closing cannot be undone and stands beside the pause, on a phone under one thumb: it is asked for once more.
    """
    do, sheet = desk.values.get("do", ""), desk.sheet
    if do not in ("open", "open-now", "pause", "close", "archive"):
        raise Invalid([Fault("do", "choice")])
    if do == "close" and desk.values.get("sure") != "yes":
        return await _overview(desk, asks=True)
    try:
        async with desk.transaction() as connection:
            await petitions.step(connection, sheet.slug, do)
            await desk.note(connection, f"petition.{do}", sheet.slug)
    except Conflict as no:
        return await _overview(desk, status=409, code=no.code)
    return desk.see(f"/desk/petitions/{sheet.slug}", f"life-{do}")


# -- its text --------------------------------------------------------------------------------------------------------------


def _blank(desk: Desk, lang: str) -> Text:
    words = desk.pages.words[lang]
    return Text("", "", "", words.t("desk-default-consent"), words.t("desk-default-privacy"))


@page("/petitions/{slug:str}/text", roles=EDITORS, thing="petition")
async def text(desk: Desk) -> Answer:
    draught = await petitions.draught(desk.pool, desk.sheet.id)
    return await _text(desk, draught.texts, draught.revision)


async def _text(
    desk: Desk,
    texts: Mapping[str, Text],
    revision: int,
    *,
    status: int = 200,
    faults: list[Fault] | None = None,
    preview: bool = False,
    theirs: Mapping[str, Text] | None = None,
) -> Answer:
    shown = {lang: texts.get(lang) or _blank(desk, lang) for lang in desk.pages.languages}
    chosen = [lang for lang in desk.query.get("with", "").split(",") if lang in shown]
    return desk.show(
        "text.html", status=status, texts=shown, revision=revision, parts=PARTS, longest=LONGEST, in_markdown=MARKDOWN, faults=faults or [],
        preview=preview, side_by_side=chosen or list(shown), theirs=theirs, publishing=await _publishing(desk),
        addressed=await recipients.addressed(desk.pool, desk.sheet.id),
    )  # fmt: skip


@act("/petitions/{slug:str}/text", roles=EDITORS, fields={"do", "revision"}, prefixes={f"{part}-" for part in PARTS}, thing="petition")
async def write(desk: Desk) -> Answer:
    """Save, look at it as signers will, or publish it as the next version."""
    faults: list[Fault] = []
    texts = _read(desk, faults)
    revision = int(desk.values["revision"]) if re.fullmatch(r"[0-9]{1,9}", desk.values.get("revision", "")) else 0
    do = desk.values.get("do", "save")
    if do == "preview":
        return await _text(desk, texts, revision, preview=True, faults=faults)
    if do == "publish":
        faults += [Fault(f"title-{lang}", f"text-missing-{lang}") for lang in _missing(desk, texts)]
    if faults:
        return await _text(desk, texts, revision, status=400, faults=faults)
    sheet = desk.sheet
    try:
        async with desk.transaction() as connection:
            saved = await petitions.save(connection, sheet.id, texts, revision=revision, saved_by=desk.me.organizer_id)
            if do == "publish":
                await petitions.ask_publication(connection, sheet.id, texts, asked_by=desk.me.organizer_id)
                await desk.note(connection, "petition.published", sheet.slug, revision=saved)
    except Conflict as no:
        now = await petitions.draught(desk.pool, sheet.id)
        is_theirs = no.code == "draft-changed"
        # Both are shown: theirs beside what was typed, which can be saved on top of it.
        return await _text(
            desk, texts, now.revision if is_theirs else revision, status=409, faults=[Fault("form", no.code)],
            theirs=now.texts if is_theirs else None,
        )  # fmt: skip
    return desk.see(f"/desk/petitions/{sheet.slug}" + ("" if do == "publish" else "/text"), "publishing" if do == "publish" else "saved")


def _read(desk: Desk, faults: list[Fault]) -> dict[str, Text]:
    texts = {}
    for lang in desk.pages.languages:
        parts = {}
        for part in PARTS:
            field = f"{part}-{lang}"
            words = unicodedata.normalize("NFC", desk.values.get(field, "")).strip()
            if len(words) > LONGEST[part]:
                faults.append(Fault(field, "text-too-long"))
            if any(_is_hidden(letter) for letter in words) or (part == "title" and "\n" in words):
                faults.append(Fault(field, "text-letters"))
            parts[part] = words
        texts[lang] = Text(**parts)
    return texts


def _is_hidden(letter: str) -> bool:
    """Control characters and those that turn the direction of writing: what is signed must be what is seen."""
    return (
        unicodedata.category(letter) == "Cc" and letter not in "\n\t"
    ) or letter in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@page("/petitions/{slug:str}/history", roles=EVERYONE, thing="petition")
async def history(desk: Desk) -> Answer:
    """Every published version, what changed from one to the next, and who asked for it."""
    versions = await petitions.versions(desk.pool, desk.sheet.id)
    people = {one.id: one for one in await organizers.people(desk.pool, desk.state.desk_keys)}
    asked = {row["version"]: row["asked_by"] async for row in petitions.q.publications(desk.pool, petition_id=desk.sheet.id)}
    changes = []
    for before, after in zip([None, *versions], versions, strict=False):
        parts = []
        for lang in after.texts:
            old = before.texts.get(lang) if before else None
            for part in PARTS:
                was, now = getattr(old, part) if old else "", getattr(after.texts[lang], part)
                if before is not None and was != now:
                    parts.append((lang, part, differences.between(was, now)))
        changes.append((after, parts))
    return desk.show("history.html", changes=changes[::-1], people=people, asked=asked)


# -- dates, goals, recipients ----------------------------------------------------------------------------------------------


def _typed(sheet: Sheet) -> dict[str, str]:
    return {
        # A draft without an hour has that of its making; it opens when somebody presses the button.
        "opens_at": "" if sheet.state == "draft" and sheet.opens_at <= sheet.now else _local(sheet.opens_at, sheet.time_zone),
        "closes_at": _local(sheet.closes_at, sheet.time_zone),
        "time_zone": sheet.time_zone,
        "goals": ", ".join(map(str, sheet.goal_steps or ([sheet.goal] if sheet.goal else []))),
        "is_protected": "yes" if sheet.is_protected else "",
        "is_sealed": "yes" if sheet.is_sealed else "",
        "association": str(sheet.association_id or ""),
    }


async def _show_setup(desk: Desk, typed: Mapping[str, str], faults: list[Fault], status: int = 200) -> Answer:
    profiles = {profile.key: profile for profile in await recipients.profiles(desk.pool)}
    addressed = [one.office_id for one in await recipients.addressed(desk.pool, desk.sheet.id)]
    offices = [office for office in await recipients.offices(desk.pool) if not office.is_retired or office.id in addressed]
    offices.sort(key=lambda office: (office.id not in addressed, office.slug))
    return await _form(desk, "setup.html", typed, faults, status, offices=offices, profiles=profiles, addressed=addressed)


@page("/petitions/{slug:str}/setup", roles=EDITORS, thing="petition")
async def setup(desk: Desk) -> Answer:
    return await _show_setup(desk, _typed(desk.sheet), [])


@act("/petitions/{slug:str}/setup", roles=EDITORS, fields=_SETUP, thing="petition")
async def set_up(desk: Desk) -> Answer:
    faults: list[Fault] = []
    given = _setup(desk, faults)
    if desk.sheet.state != "draft" and not desk.values.get("opens_at"):
        given["opens_at"] = desk.sheet.opens_at
    if faults:
        return await _show_setup(desk, desk.values, faults, 400)
    async with desk.transaction() as connection:
        if await petitions.q.set_up(connection, id=desk.sheet.id, **given) is None:
            raise Conflict(code="life")
        shown = {name: str(value) for name, value in given.items() if value not in (None, [], False)}
        await desk.note(connection, "petition.set-up", desk.sheet.slug, **shown)
    return desk.see(f"/desk/petitions/{desk.sheet.slug}/setup", "saved")


@act("/petitions/{slug:str}/recipients", roles=EDITORS, prefixes={"office-"}, thing="petition")
async def address(desk: Desk) -> Answer:
    """To whom the petition is addressed; which fields its form asks follows from how those offices count."""
    chosen: list[UUID] = [uuid(field.removeprefix("office-")) for field in desk.values]
    try:
        async with desk.transaction() as connection:
            await recipients.address(connection, desk.sheet.id, chosen)
            await desk.note(connection, "petition.addressed", desk.sheet.slug, offices=[str(one) for one in chosen])
    except Invalid as wrong:
        return await _show_setup(desk, _typed(desk.sheet), wrong.faults, 400)
    return desk.see(f"/desk/petitions/{desk.sheet.slug}/setup", "saved")


handlers = [new, create, overview, life, text, write, history, setup, set_up, address]
