"""The prisoners' files at the desk: entered once, followed by dated events with their sources, shown as the family agrees.

Whatever is written here is in the next moment on the case's page, on petitions, in the JSON and in the numbers.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from service import cases, db, petitions, sponsors
from service.cases import MOST_ADDRESSES, Addresses, Draft, Event, Private
from service.errors import Conflict, Fault, Invalid
from service.identity import Unopened, open_sealed
from service.settings import LANGUAGES
from service.web.desk import addresses
from service.web.desk.frame import Answer, Desk, Place, act, page, uuid
from service.web.desk.typed import Gathered

EDITORS = frozenset({"editor"})
PLACE = Place("cases", "/desk/cases", EDITORS)
TABS = [Place("cases", "/cases", EDITORS)]

_DRAFT = {"slug", "category", "name_hy", "aliases", "consent", *(f"{what}_{lang}" for what in ("name", "story") for lang in LANGUAGES)}
_EVENT = {
    "kind",
    "on",
    "precision",
    "as_of",
    "source_url",
    "corrects",
    *(f"{what}_{lang}" for what in ("note", "source") for lang in LANGUAGES),
}


def _words(values: dict[str, Any], what: str) -> dict[str, str]:
    return {lang: text for lang in LANGUAGES if (text := values.get(f"{what}_{lang}", "").strip())}


def _draft(values: dict[str, Any]) -> Draft:
    names = {lang: name for lang, name in _words(values, "name").items() if lang != "hy"}
    aliases = [alias.strip() for alias in values.get("aliases", "").replace("\n", ",").split(",") if alias.strip()]
    slug = values.get("slug", "").strip() or cases.slug_of(names.get("en") or names.get("fr") or values.get("name_hy", ""))
    return Draft(
        slug=slug, category=values.get("category", ""), name_hy=values.get("name_hy", "").strip(), names=names, aliases=aliases,
        consent=values.get("consent", ""), story=_words(values, "story"),
    )  # fmt: skip


def _day(values: dict[str, Any], field: str) -> date:
    try:
        return date.fromisoformat(values.get(field, "").strip())
    except ValueError:
        raise Invalid([Fault(field, "day")]) from None


def _event(values: dict[str, Any], wrong: Gathered) -> Event:
    on, as_of = date.min, None
    with wrong.part():
        on = _day(values, "on")
    with wrong.part():
        as_of = _day(values, "as_of") if values.get("as_of", "").strip() else None
    return Event(
        kind=values.get("kind", ""), on=on, as_of=as_of or on,
        precision=values.get("precision", "day"), note=_words(values, "note"), source=_words(values, "source"),
        source_url=values.get("source_url", "").strip(),
    )  # fmt: skip


async def _asked(desk: Desk) -> list[dict[str, Any]]:
    """Requests to correct or to take down, opened for the people at the desk."""
    found = []
    for row in await cases.requests(desk.pool):
        try:
            plain = open_sealed(desk.state.ring.register_key(), cases.REGISTER, "case_request", row["id"].bytes, row["payload"])
            told = msgspec.msgpack.decode(plain, type=dict[str, str])
        except (Unopened, msgspec.MsgspecError):
            told = {}
        found.append({**row, "told": defaultdict(str, told)})
    return found


async def _spoken(desk: Desk, rows: list[Any]) -> list[dict[str, Any]]:
    """Each petition that may be changed here, with the names of those of whom it speaks."""
    names = {row["id"]: row["name_hy"] for row in rows}
    found = []
    for sheet in await petitions.sheets(desk.pool):
        if desk.me.may(EDITORS, sheet.association_id):
            whom = await cases.named(desk.pool, sheet.id)
            found.append({"slug": sheet.slug, "titles": sheet.titles, "whom": [names[one] for one in whom if one in names]})
    return found


async def _show_all(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    rows = await cases.listing(desk.pool)
    given = {"rows": rows, "asked": await _asked(desk), "spoken": await _spoken(desk, rows), "faults": [], "typed": defaultdict(str)}
    given |= more
    return desk.show("cases.html", status=status, categories=cases.CATEGORIES, consents=cases.CONSENTS, **given)


@page("/cases", roles=EDITORS)
async def listing(desk: Desk) -> Answer:
    return await _show_all(desk)


@act("/cases/new", roles=EDITORS, fields=_DRAFT)
async def enter(desk: Desk) -> Answer:
    try:
        async with desk.transaction() as connection:
            case_id = await cases.create(connection, _draft(desk.values))
            await desk.note(connection, "case.entered", str(case_id))
    except Invalid as wrong:
        return await _show_all(desk, status=400, faults=wrong.faults, typed=defaultdict(str, desk.values))
    except Conflict as no:
        return await _show_all(desk, status=409, faults=[Fault("slug", no.code)], typed=defaultdict(str, desk.values))
    return desk.see(f"/desk/cases/{case_id}", "saved")


@act("/cases/requests/{asked:str}", roles=EDITORS, fields={"outcome"})
async def decide(desk: Desk) -> Answer:
    """``taken-down`` or ``kept``; who asked is forgotten with it."""
    outcome = desk.values.get("outcome", "")
    if outcome not in ("taken-down", "kept"):
        return await _show_all(desk, status=400, faults=[Fault("outcome", "choice")])
    async with desk.transaction() as connection:
        await cases.decide_request(connection, uuid(desk.path["asked"]), outcome=outcome)
        await desk.note(connection, f"case.request-{outcome}", desk.path["asked"])
    return desk.see("/desk/cases", "saved")


def _id(desk: Desk) -> UUID:
    return uuid(desk.path["case"])


async def _show(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    case_id = _id(desk)
    row = await cases.one(desk.pool, case_id)
    names, story = json.loads(row["names"]), json.loads(row["story"])
    stored = {
        "slug": row["slug"], "category": row["category"], "name_hy": row["name_hy"], "consent": row["consent"],
        "aliases": ", ".join(row["aliases"]), **{f"name_{lang}": names.get(lang, "") for lang in LANGUAGES},
        **{f"story_{lang}": story.get(lang, "") for lang in LANGUAGES},
    }  # fmt: skip
    events = [
        {**each, "note": json.loads(each["note"]), "source": json.loads(each["source"])} for each in await cases.history(desk.pool, case_id)
    ]
    pledges = [{**each, "sponsor_names": json.loads(each["sponsor_names"])} for each in await sponsors.pledges(desk.pool, case_id=case_id)]
    kept = msgspec.json.decode(row["addresses"], type=Addresses) if row["addresses"] else None
    given: dict[str, Any] = {
        "faults": [], "typed": stored, "event": defaultdict(str), "addresses": defaultdict(str, addresses.typed(kept)), **more,
    }  # fmt: skip
    return desk.show(
        "case.html", status=status, case=row, most=MOST_ADDRESSES, events=events, pledges=pledges,
        private=cases.open_notes(desk.state.ring, case_id, row["notes"]),
        categories=cases.CATEGORIES, consents=cases.CONSENTS, kinds=cases.KINDS,
        others=[each for each in await cases.listing(desk.pool) if each["id"] != case_id and each["state"] in ("draft", "public")], **given,
    )  # fmt: skip


@page("/cases/{case:str}", roles=EDITORS)
async def one(desk: Desk) -> Answer:
    return await _show(desk)


async def _change(desk: Desk, said: str, verb: Any, **back: Any) -> Answer:
    """One verb in one transaction with its line in the trail; what is wrong brings the page back with what was typed."""
    try:
        async with desk.transaction() as connection:
            await verb(connection)
            await desk.note(connection, said, str(_id(desk)))
    except Invalid as wrong:
        return await _show(desk, status=400, faults=wrong.faults, **back)
    except Conflict as no:
        return await _show(desk, status=409, faults=[Fault("case", no.code)], **back)
    return desk.see(f"/desk/cases/{_id(desk)}", "saved")


@act("/cases/{case:str}/edit", roles=EDITORS, fields=_DRAFT)
async def edit(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        await cases.edit(connection, _id(desk), _draft(desk.values))

    return await _change(desk, "case.edited", verb, typed={**dict.fromkeys(_DRAFT, ""), **desk.values})


@act("/cases/{case:str}/publish", roles=EDITORS)
async def publish(desk: Desk) -> Answer:
    return await _change(desk, "case.published", lambda connection: cases.publish(connection, _id(desk)))


@act("/cases/{case:str}/record", roles=EDITORS, fields=_EVENT)
async def record(desk: Desk) -> Answer:
    """What happened, once: page, petitions, JSON, numbers and sponsorships follow in the same transaction."""

    async def verb(connection: db.Connection) -> None:
        corrects = uuid(desk.values["corrects"]) if desk.values.get("corrects") else None
        wrong = Gathered()
        event = _event(desk.values, wrong)
        with wrong.part():
            await sponsors.record(connection, _id(desk), event, by=str(desk.me.organizer_id), corrects=corrects)
        wrong.refuse()

    return await _change(desk, "case.recorded", verb, event=defaultdict(str, desk.values))


@act("/cases/{case:str}/retract", roles=EDITORS, fields={"event"})
async def retract(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        await cases.retract(connection, _id(desk), uuid(desk.values.get("event", "")), by=str(desk.me.organizer_id))

    return await _change(desk, "case.retracted", verb)


@act("/cases/{case:str}/photo", roles=EDITORS, fields={"credit", "licence"}, takes_file=True)
async def photo(desk: Desk) -> Answer:
    """A new photo with its credit and licence; without a file the photo goes."""

    async def verb(connection: db.Connection) -> None:
        picture = cases.clean(desk.file[1]) if desk.file and desk.file[1] else None
        await cases.photo(connection, _id(desk), picture, credit=desk.values.get("credit", ""), licence=desk.values.get("licence", ""))

    return await _change(desk, "case.photo", verb)


@act("/cases/{case:str}/notes", roles=EDITORS, fields={"health", "family", "consent_by"})
async def notes(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        private = Private(**{name: desk.values.get(name, "").strip()[:4_000] for name in ("health", "family", "consent_by")})
        await cases.write_notes(connection, desk.state.ring, _id(desk), private)

    return await _change(desk, "case.notes", verb)


@act("/cases/{case:str}/addresses", roles=EDITORS, fields=addresses.FIELDS)
async def write_addresses(desk: Desk) -> Answer:
    """To whom sponsors write for this person; what is emptied goes."""

    async def verb(connection: db.Connection) -> None:
        await cases.write_addresses(connection, _id(desk), addresses.read(desk.values))

    return await _change(desk, "case.addresses", verb, addresses=defaultdict(str, desk.values))


@page("/petitions/{slug:str}/cases", roles=EDITORS, thing="petition")
async def spoken(desk: Desk) -> Answer:
    """Of whom a petition speaks."""
    rows = [row for row in await cases.listing(desk.pool) if row["state"] == "public"]
    return desk.show("petition_cases.html", rows=rows, whom=await cases.named(desk.pool, desk.sheet.id))


@act("/petitions/{slug:str}/cases", roles=EDITORS, prefixes={"case-"}, thing="petition")
async def speak(desk: Desk) -> Answer:
    """Those who are ticked; nobody ticked is everybody."""
    public = {row["id"] for row in await cases.listing(desk.pool) if row["state"] == "public"}
    ticked = {uuid(field.removeprefix("case-")) for field in desk.values if field.startswith("case-")}
    async with desk.transaction() as connection:
        await cases.link_petition(connection, desk.sheet.id, sorted(ticked & public, key=str))
        await desk.note(connection, "petition.cases", desk.sheet.slug, n=len(ticked & public))
    return desk.see(f"/desk/petitions/{desk.sheet.slug}/cases", "saved")


@act("/cases/{case:str}/rename", roles=EDITORS, fields={"slug"})
async def rename(desk: Desk) -> Answer:
    return await _change(desk, "case.renamed", lambda connection: cases.rename(connection, _id(desk), desk.values.get("slug", "").strip()))


@act("/cases/{case:str}/merge", roles=EDITORS, fields={"into"}, is_fresh=True)
async def merge(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        await sponsors.merge(connection, _id(desk), uuid(desk.values.get("into", "")), by=str(desk.me.organizer_id))

    return await _change(desk, "case.merged", verb)


@act("/cases/{case:str}/take-down", roles=EDITORS, is_fresh=True)
async def take_down(desk: Desk) -> Answer:
    return await _change(desk, "case.taken-down", lambda connection: cases.take_down(connection, _id(desk)))


handlers = [
    listing, enter, decide, one, edit, publish, record, retract, photo, notes, write_addresses,
    spoken, speak, rename, merge, take_down,
]  # fmt: skip
