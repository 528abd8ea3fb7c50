"""Deed, motion, press note and case sheet; pictures to share; codes. From the register as it stands on the day of printing."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec
import segno

from service import press
from service.cases import MOST_ADDRESSES, Addresses, Case, Event, Picture
from service.kits import blocks
from service.kits.blocks import Block
from service.kits.rtf import document
from service.kits.words import Words, words
from service.sponsors import Snapshot

PAPERS = ("deed", "motion", "press", "sheet")
EDITABLE = PAPERS
CARDS = ("card", "sponsor")

LARGEST_CARD = 300_000
STORY_MAX = 1_200
"""Characters of a story on the first page of the sheet; what is longer ends with the address of the page."""
HISTORY_MAX = 7
SPONSORS_MAX = 6


class Kit(msgspec.Struct, frozen=True, kw_only=True):
    """For whom, in which language, and by whom it is printed. ``case`` None is the whole group; ``sponsor`` may be left blank."""

    case: Case | None
    register: Snapshot
    lang: str
    base_url: str
    issuer: str
    contact: str
    today: date
    photo: Picture | None = None
    sponsor: str = ""

    @property
    def words(self) -> Words:
        return words(self.lang)

    @property
    def url(self) -> str:
        return f"{self.base_url}/{self.lang}/cases{'/' + self.case.slug if self.case else ''}"

    @property
    def at(self) -> datetime:
        return datetime.combine(self.today, time(), UTC)


def code_svg(url: str) -> str:
    """A QR code as SVG text, with its quiet zone."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="svg", scale=4, border=2, dark="#1d1713", light="#ffffff", xmldecl=False)
    return out.getvalue().decode()


def code_png(url: str) -> bytes:
    """A QR code for a word processor or a poster: black on white, some 600 pixels wide."""
    out = io.BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="png", scale=16, border=4)
    return out.getvalue()


# -- what is filled in


def _status(case: Case, say: Words) -> str:
    return say.say("status-missing" if case.category == "disappeared" and case.status == "captured" else f"status-{case.status}")


def _told(event: Event, say: Words) -> str:
    return say.local(event.source) or event.source_url


def _lower(text: str) -> str:
    """For the middle of a sentence."""
    return text[:1].lower() + text[1:]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _about(kit: Kit) -> str:
    """The situation with its source, as a motion tells it in the middle of a sentence."""
    say = kit.words
    if kit.case is None:
        group = kit.register.numbers.prisoners
        if group.as_of is None:
            return kit.url
        facts = {
            "held": say.number(group.held), "first": say.number(group.first), "as_of": say.day(group.as_of),
            "source": say.local(group.source) or group.source_url,
        }  # fmt: skip
        return say.say("group_status" if group.start else "group_plain", **facts)
    kind, last = _lower(say.say(f"category-{kit.case.category}")), kit.case.last
    if last is None:
        return kind
    on = say.say("on_day" if last.precision == "day" else "on_month", day=say.dated(last.on, last.precision))
    return say.say(
        "status", category=kind, status=_lower(_status(kit.case, say)), on=on, as_of=say.day(last.as_of), source=_told(last, say)
    )


def _since(kit: Kit) -> str:
    """Who it is, and since when: what a deed says of a person."""
    say, case = kit.words, kit.case
    if case is None:
        return _about(kit)
    kind = say.say(f"category-{case.category}")
    if case.since is None:
        return kind
    day = say.dated(case.since.on, case.since.precision)
    return say.say("since" if case.since.precision == "day" else "since_month", category=kind, day=day)


def _clock(kit: Kit) -> dict[str, str]:
    say, case = kit.words, kit.case
    as_of = say.say("as_of", day=say.day(kit.today))
    if case is None:
        group = kit.register.numbers.prisoners
        if group.as_of is None:
            return {"number": "", "words": "", "as-of": ""}
        source = say.local(group.source) or group.source_url
        told = {"as_of": say.day(group.as_of), "first": say.number(group.first), "source": source}
        under = say.say("group_as_of", **told) if group.start else f"{say.say('as_of', day=told['as_of'])} · {source}"
        return {"number": say.number(group.held), "words": say.say("group_held"), "as-of": under}
    days = case.days(kit.today)
    if days is None:
        return {"number": "", "words": _status(case, say), "as-of": as_of}
    kind = "days_held" if case.is_held else "days_died" if case.status == "died" else "days_free"
    if case.is_held and case.category == "disappeared":
        kind = "days_missing"
    sentence = say.say(kind, days="\0").replace("\0", "").strip()
    return {"number": say.number(days), "words": sentence, "as-of": as_of}


def _plain(text: str) -> list[str]:
    """A story's Markdown as paragraphs of plain words."""
    parts = [re.sub(r"\s+", " ", re.sub(r"[*_`#>]+|\[([^\]]*)\]\([^)]*\)", r"\1", part)).strip() for part in re.split(r"\n\s*\n", text)]
    return [part for part in parts if part]


def _cut(parts: Sequence[str], most: int) -> tuple[list[str], bool]:
    """At most ``most`` characters, ended after a sentence; and whether something was left out."""
    kept: list[str] = []
    left = most
    for part in parts:
        if len(part) <= left:
            kept.append(part)
            left -= len(part)
            continue
        short = part[:left]
        end = max(short.rfind(mark) for mark in (". ", "։ ", "! ", "? ")) + 1
        if end > 40:
            kept.append(short[:end])
        elif not kept:
            kept.append(short.rsplit(" ", 1)[0] + " …")
        return kept, True
    return kept, False


def _facts(kit: Kit) -> dict[str, str]:
    say, case = kit.words, kit.case
    group = kit.register.numbers.prisoners
    story = " ".join(_cut(_plain(say.local(case.story)), 600)[0]) if case else ""
    return {
        "sponsor": kit.sponsor or say.say("blank"),
        "name": case.name(kit.lang) if case else say.say("group"),
        "name_hy": case.name_hy if case else words("hy").say("group"),
        "about": _about(kit),
        "told": _upper(_about(kit)),
        "since": _since(kit),
        "blank": say.say("blank"),
        "short_blank": say.say("short_blank"),
        "law": say.say(f"law-{case.category if case else 'prisoner-of-war'}"),
        "law_civilian": say.say("law-civilian"),
        "story": story or _upper(_about(kit)) + ("։" if kit.lang == "hy" else "."),
        "url": kit.url,
        "sponsors_url": f"{kit.base_url}/{kit.lang}/sponsors",
        "numbers": _about(msgspec.structs.replace(kit, case=None)) if group.as_of else kit.url,
        "issuer": kit.issuer,
        "contact": kit.contact,
    }


def _blocks(kit: Kit, name: str) -> list[Block]:
    if name == "sheet":
        return _sheet_blocks(kit)
    return blocks.read(kit.lang, name if kit.case else f"{name}-group", _facts(kit))


def _is_sample(kit: Kit) -> bool:
    return kit.case.is_sample if kit.case else any(case.is_sample for case in kit.register.cases)


def _frame(kit: Kit, title: str) -> dict[str, Any]:
    say = kit.words
    return {
        "title": title,
        "lang": kit.lang,
        "issuer": kit.issuer,
        "campaign": say.say("campaign"),
        "sample": say.say("sample" if kit.case else "sample_group") if _is_sample(kit) else "",
        "online": say.say("online"),
        "url": kit.url,
        "qr": code_svg(kit.url),
    }


def _size(text: str, sizes: Sequence[tuple[int, float]], least: float) -> float:
    """The size at which a name of this length still fits."""
    return next((size for longest, size in sizes if len(text) <= longest), least)


# -- the papers


def pdf(kit: Kit, name: str) -> bytes:
    """One of ``PAPERS`` as PDF/A; there is no sheet of the whole group (``KeyError``). Call it in a thread."""
    if name == "sheet":
        return _sheet(kit)
    found = _blocks(kit, name)
    title = "".join(run["text"] for run in found[0]["runs"])
    data = {**_frame(kit, title), "blocks": found}
    if name == "deed":
        facts = _facts(kit)
        data["name-size"] = _size(facts["name"], ((24, 27), (40, 22)), 17)
        data["sponsor-size"] = _size(facts["sponsor"], ((30, 20), (60, 15)), 12)
        data["is-blank"] = not kit.sponsor
        return press.pdf("kit_deed", data, at=kit.at)
    return press.pdf("kit_paper", data, at=kit.at)


def rtf(kit: Kit, name: str) -> bytes:
    """The same as a text that opens in a word processor."""
    return document(_blocks(kit, name), kit.lang)


def _history(kit: Kit, case: Case) -> list[dict[str, str]]:
    say = kit.words
    found = []
    # The first event and the latest ones: where the clock begins is never left out.
    events = list(case.events)
    if len(events) > HISTORY_MAX:
        events = [events[0], *events[-(HISTORY_MAX - 1) :]]
    for event in events:
        missing = case.category == "disappeared" and event.kind == "captured"
        note = say.local(event.note)
        found.append(
            {
                "when": say.dated(event.on, event.precision),
                "what": say.say("status-missing" if missing else f"status-{event.kind}"),
                "note": note if len(note) <= 160 else note[:157].rsplit(" ", 1)[0] + " …",
                "source": f"{_told(event, say)[:110]} · {say.say('checked', day=say.day(event.as_of))}",
            }
        )
    return found


def _sponsor_lines(kit: Kit, case: Case) -> list[str]:
    found = [sponsor.name(kit.lang) for sponsor, _ in kit.register.standing(case.id)]
    more = len(found) - SPONSORS_MAX
    return [*found[:SPONSORS_MAX], *([f"+ {more}"] if more > 0 else [])]


def _addresses(kit: Kit) -> tuple[list[dict[str, Any]], str]:
    """The case's own ones first, then those to whom the campaign always writes; the day is the older one of the two."""
    say = kit.words
    told = [kit.case.addresses] if kit.case and kit.case.addresses else []
    if fact := kit.register.facts.get("addresses"):
        told.append(msgspec.convert(fact, Addresses))
    listed = [{"name": say.local(one.name), "lines": list(one.lines), "why": say.local(one.why)} for each in told for one in each.list][
        :MOST_ADDRESSES
    ]
    if not listed:
        return [], ""
    return listed, say.say("addresses_as_of", day=say.day(min(each.as_of for each in told if each.list)))


def _short_facts(kit: Kit, case: Case) -> list[tuple[str, str]]:
    say = kit.words
    found = [(say.say("category_label"), say.say(f"category-{case.category}")), (say.say("status_label"), _status(case, say))]
    if case.since:
        found.append((say.say("since_label"), say.dated(case.since.on, case.since.precision)))
    others = [spelling for spelling in case.spellings if spelling not in (case.name(kit.lang), case.name_hy)]
    if others:
        found.append((say.say("also"), " · ".join(others[:4])[:120]))
    return found


def _sheet(kit: Kit) -> bytes:
    case, say = kit.case, kit.words
    if case is None:
        raise KeyError("sheet")
    story, is_cut = _cut(_plain(say.local(case.story)), STORY_MAX)
    addresses, as_of = _addresses(kit)
    name = case.name(kit.lang)
    photo, files = _photo(kit)
    data = {
        **_frame(kit, f"{say.say('sheet')}: {name}"),
        "sheet": say.say("sheet"),
        "pages": [say.say("page", page=page) for page in (1, 2)],
        "name": name,
        "name-size": _size(name, ((22, 24), (40, 19)), 15),
        "canonical": case.name_hy if kit.lang != "hy" else "",
        "photo": photo,
        "credit": say.say("photo", credit=case.photo_credit, licence=case.photo_licence) if photo else "",
        "clock": _clock(kit),
        "facts": _short_facts(kit, case),
        "story": story,
        "more": say.say("story_more", url=kit.url) if is_cut else "",
        "sponsors": _sponsor_lines(kit, case),
        "history": _history(kit, case),
        "acts": say.lines("acts"),
        "addresses": addresses,
        "addresses-as-of": as_of,
        "words": {key: say.say(key) for key in ("story", "sponsors", "sponsors_none", "history", "do", "write_to", "online")},
    }
    return press.pdf("kit_sheet", data, at=kit.at, files=files)


def _sheet_blocks(kit: Kit) -> list[Block]:
    case, say = kit.case, kit.words
    if case is None:
        raise KeyError("sheet")
    plain = blocks.paragraph
    name = case.name(kit.lang)
    found = [plain(name if kit.lang == "hy" else f"{name} ({case.name_hy})", "title")]
    found += [plain(f"{label}: {text}") for label, text in _short_facts(kit, case)]
    if story := _plain(say.local(case.story)):
        found += [plain(say.say("story"), "heading"), *map(plain, story)]
    found.append(plain(say.say("history"), "heading"))
    found += [
        plain(f"{one['when']}: {one['what']}{'. ' + one['note'] if one['note'] else ''} ({one['source']})", "item")
        for one in _history(kit, case)
    ]
    found.append(plain(say.say("sponsors"), "heading"))
    found += [plain(one, "item") for one in _sponsor_lines(kit, case)] or [plain(say.say("sponsors_none"))]
    found.append(plain(say.say("do"), "heading"))
    found += [plain(one, "item") for one in say.lines("acts")]
    addresses, as_of = _addresses(kit)
    if addresses:
        found.append(plain(say.say("write_to"), "heading"))
        found += [plain("\n".join([one["name"], *one["lines"], one["why"]])) for one in addresses]
        found.append(plain(as_of))
    found.append(plain(f"{say.say('online')}: {kit.url}"))
    return found


# -- pictures to share


def _photo(kit: Kit) -> tuple[str, dict[str, bytes]]:
    if kit.photo is None or kit.case is None or kit.case.photo != kit.photo.hash:
        return "", {}
    name = "photo.png" if kit.photo.media_type == "image/png" else "photo.jpg"
    return name, {name: kit.photo.content}


def card(kit: Kit, name: str) -> bytes:
    """One of ``CARDS``: a PNG of 1200 × 630 pixels and less than 300 kB, which messengers show beside a link.

    A photo that would make it larger is left out. Call it in a thread.
    """
    case, say = kit.case, kit.words
    shown = case.name(kit.lang) if case else say.say("group")
    is_free = case is not None and case.status == "released"
    over = say.say("card_sponsor") if name == "sponsor" else say.say("card_free") if is_free else ""
    photo, files = _photo(kit)
    data = {
        **_frame(kit, shown),
        "name": shown[:1].upper() + shown[1:],
        "name-size": _size(shown, ((18, 62), (30, 50), (48, 40)), 32) * (1 if photo else 1.16),
        "canonical": case.name_hy if case and kit.lang != "hy" else "",
        "over": over,
        "clock": _clock(kit),
        "photo": photo,
        "credit": say.say("photo", credit=case.photo_credit, licence=case.photo_licence) if case and photo else "",
        "call": say.say("card_call"),
        "url": kit.url.partition("://")[2],
    }
    made = press.png("kit_card", data, files=files)
    if len(made) >= LARGEST_CARD and photo:
        made = press.png("kit_card", {**data, "photo": "", "credit": ""})
    return made
