"""A case's life: entered, published as far as the family agrees, followed by dated events, renamed, merged, taken down.

Every verb changes the database and leaves a row of ``case_change``, from which news, pages and sponsors follow. What happened
is only ever added to: a correction is a further event that names the one which it replaces.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from service import db
from service.cases.names import fold
from service.cases.pictures import Picture, keep_picture
from service.errors import Conflict, Fault, Invalid, NotFound
from service.identity import Keys, open_sealed, seal

q = db.statements("cases")

Translated = dict[str, str]

CATEGORIES = ("prisoner-of-war", "civilian", "official", "disappeared")
KINDS = ("captured", "confirmed", "tried", "sentenced", "transferred", "released", "died")
ENDINGS = ("released", "died")
CONSENTS = ("none", "name", "story")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, with the day, its source, and ``as_of``: when somebody last looked whether it still stands."""

    kind: str
    on: date
    as_of: date
    source: Translated
    source_url: str
    precision: str = "day"
    note: Translated = {}
    id: UUID | None = None


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """To whom one may write: an office, never a private person; ``lines`` as on an envelope, ``why`` what to ask for."""

    name: Translated
    lines: Sequence[str]
    why: Translated = {}


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses, and the day on which somebody last looked whether they still hold."""

    as_of: date
    list: Sequence[Address]


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the public may see it: what the family did not agree to is not in it."""

    id: UUID
    slug: str
    is_sample: bool
    category: str
    name_hy: str
    names: Translated
    aliases: Sequence[str] = ()
    consent: str
    story: Translated = {}
    photo: str | None = None
    photo_credit: str = ""
    photo_licence: str = ""
    events: Sequence[Event] = ()
    addresses: Addresses | None = None
    updated_at: datetime

    def name(self, language: str) -> str:
        """The spelling that ``language`` uses; the canonical one where there is none."""
        return self.name_hy if language == "hy" else self.names.get(language) or self.names.get("en") or self.name_hy

    @property
    def spellings(self) -> list[str]:
        """Every spelling by which somebody may look for this person."""
        return list(dict.fromkeys([self.name_hy, *self.names.values(), *self.aliases]))

    @property
    def last(self) -> Event | None:
        """What happened last."""
        return self.events[-1] if self.events else None

    @property
    def status(self) -> str:
        """The kind of the last event; ``unknown`` before the first."""
        return self.events[-1].kind if self.events else "unknown"

    @property
    def is_held(self) -> bool:
        """Whether this person is still waited for: nothing ended it yet."""
        return not any(event.kind in ENDINGS for event in self.events)

    @property
    def since(self) -> Event | None:
        """Where the clock begins: the first event."""
        return self.events[0] if self.events else None

    def days(self, today: date) -> int | None:
        """Whole days from the first event to ``today``, or to what ended it; None without a beginning."""
        if not self.events:
            return None
        end = next((event.on for event in self.events if event.kind in ENDINGS), today)
        return max(0, (end - self.events[0].on).days)


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One group's numbers, counted over the cases: ``held`` as of ``as_of``, of ``first`` on ``start``."""

    held: int
    first: int
    start: date | None
    released: int
    died: int
    as_of: date | None
    source: Translated
    source_url: str


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """Prisoners, and the forcibly disappeared, who are counted apart."""

    prisoners: Group
    disappeared: Group


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an organizer writes down about a person."""

    slug: str
    category: str
    name_hy: str
    names: Translated = {}
    aliases: Sequence[str] = ()
    consent: str = "none"
    story: Translated = {}
    is_sample: bool = False


class Private(msgspec.Struct, frozen=True, kw_only=True):
    """What organizers keep to themselves, sealed: health, family, who gave the consent and when."""

    health: str = ""
    family: str = ""
    consent_by: str = ""

    def __repr__(self) -> str:
        return "Private(…)"


def _refuse(draft: Draft) -> None:
    faults = []
    if not draft.name_hy.strip():
        faults.append(Fault("name_hy", "missing"))
    elif not any("\u0530" <= letter <= "\u058f" for letter in draft.name_hy):
        faults.append(Fault("name_hy", "letters"))
    if not fold(" ".join(draft.names.values())):
        faults.append(Fault("names", "missing"))
    if draft.category not in CATEGORIES:
        faults.append(Fault("category", "choice"))
    if draft.consent not in CONSENTS:
        faults.append(Fault("consent", "choice"))
    if faults:
        raise Invalid(faults)


async def create(connection: db.Connection, draft: Draft) -> UUID:
    """Enter a case; it is a draft, which nobody sees. Raises ``Invalid``, or ``Conflict`` for an address that is or was in use."""
    _refuse(draft)
    case_id = uuid4()
    if await q.take_slug(connection, slug=draft.slug, case_id=case_id) is not None:
        raise Conflict("the address is, or was, another case's", code="slug-taken")
    try:
        await q.insert_case(connection, id=case_id, slug=draft.slug, is_sample=draft.is_sample, **_columns(draft))
        await q.insert_slug(connection, slug=draft.slug, case_id=case_id)
    except asyncpg.UniqueViolationError:
        raise Conflict("the address is, or was, another case's", code="slug-taken") from None
    except asyncpg.CheckViolationError:
        raise Invalid([Fault("slug", "slug")]) from None
    return case_id


def _columns(draft: Draft) -> dict[str, Any]:
    return {
        "category": draft.category,
        "name_hy": draft.name_hy.strip(),
        "names": json.dumps({language: name.strip() for language, name in draft.names.items() if name.strip()}),
        "aliases": [alias.strip() for alias in draft.aliases if alias.strip()],
        "consent": draft.consent,
        "story": json.dumps({language: text for language, text in draft.story.items() if text.strip()}),
    }


async def edit(connection: db.Connection, case_id: UUID, draft: Draft) -> None:
    """Write names, category, consent and story anew; ``draft.slug`` is not looked at. Raises ``Invalid``, ``Conflict`` (gone)."""
    _refuse(draft)
    if await q.edit_case(connection, id=case_id, **_columns(draft)) is None:
        raise Conflict("merged or taken down", code="case-gone")
    await note(connection, case_id, "edited")


async def photo(connection: db.Connection, case_id: UUID, picture: Picture | None, *, credit: str = "", licence: str = "") -> None:
    """Show this photo, with whose it is and under which licence; None takes the photo away, and its bytes. Raises ``Invalid``."""
    if picture is not None and not (credit.strip() and licence.strip()):
        raise Invalid([Fault("photo_credit", "missing")])
    hash_ = await keep_picture(connection, picture) if picture is not None else None
    row = await q.set_photo(connection, id=case_id, photo=hash_, credit=credit.strip(), licence=licence.strip())
    if row is None:
        raise Conflict("merged or taken down", code="case-gone")
    if row["was"] is not None and row["was"] != hash_:
        await q.drop_picture(connection, hash=row["was"])
    await note(connection, case_id, "edited")


async def publish(connection: db.Connection, case_id: UUID) -> None:
    """From draft to public: counted from now on, and shown as far as the consent goes. A repeat changes nothing."""
    if await q.publish(connection, id=case_id) is not None:
        await note(connection, case_id, "published")


async def record(connection: db.Connection, case_id: UUID, event: Event, *, by: str = "", corrects: UUID | None = None) -> UUID | None:
    """Enter what happened; returns the event's id, or None when the same stands there already.

    ``sponsors.record`` also lets the sponsorships follow. Raises ``Invalid`` for an event without a source or from the
    future, ``Conflict`` when the case was merged or ``corrects`` was corrected already.
    """
    faults = []
    if event.kind not in KINDS:
        faults.append(Fault("kind", "choice"))
    if not event.source_url.startswith(("https://", "http://")):
        faults.append(Fault("source_url", "missing"))
    if event.precision not in ("day", "month", "year"):
        faults.append(Fault("precision", "choice"))
    if event.as_of < event.on and event.precision == "day":
        faults.append(Fault("as_of", "before"))
    if event.on > await q.today(connection):
        faults.append(Fault("on", "future"))
    if faults:
        raise Invalid(faults)
    if await q.can_be_written(connection, id=case_id) is None:
        raise Conflict("merged into another case", code="case-gone")
    return await _write_event(connection, case_id, event, by, corrects)


async def _write_event(connection: db.Connection, case_id: UUID, event: Event, by: str, corrects: UUID | None) -> UUID | None:
    event_id: UUID = uuid4()
    try:
        written = await q.insert_event(
            connection,
            id=event_id,
            case_id=case_id,
            kind=event.kind,
            happened_on=event.on,
            precision=event.precision,
            as_of=event.as_of,
            note=json.dumps(event.note),
            source=json.dumps(event.source),
            source_url=event.source_url,
            corrects=corrects,
            written_by=by,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict("was corrected already", code="corrected-already") from None
    if written is None:
        return None
    await note(connection, case_id, "status" if corrects is None else "corrected", event_id)
    return event_id


async def retract(connection: db.Connection, case_id: UUID, event_id: UUID, *, by: str = "") -> None:
    """Take back an event that was not so. The row stays, and is shown nowhere. Raises ``NotFound``, ``Conflict``."""
    row = await q.event(connection, id=event_id, case_id=case_id)
    if row is None:
        raise NotFound("event")
    event = Event(kind="retracted", on=row["happened_on"], as_of=row["as_of"], source={}, source_url="", precision=row["precision"])
    await _write_event(connection, case_id, event, by, event_id)


async def rename(connection: db.Connection, case_id: UUID, slug: str) -> None:
    """Give the case another address; the old one leads there for ever. Raises ``Conflict`` for one in use, ``Invalid``."""
    owner = await q.take_slug(connection, slug=slug, case_id=case_id)
    if owner is not None:
        raise Conflict("the address is, or was, another case's", code="slug-taken")
    try:
        if await q.rename(connection, id=case_id, slug=slug) is None:
            raise Conflict("merged or taken down", code="case-gone")
    except asyncpg.CheckViolationError:
        raise Invalid([Fault("slug", "slug")]) from None
    await q.insert_slug(connection, slug=slug, case_id=case_id)
    await note(connection, case_id, "renamed")


async def merge(connection: db.Connection, case_id: UUID, into: UUID) -> None:
    """Two files were one person: the first leads to the second, and its spellings go there. ``sponsors.merge`` moves the sponsors.

    Its events are not copied: somebody who knows enters in the second what was only in the first. Raises ``Conflict``.
    """
    if case_id == into or await q.merge(connection, id=case_id, into=into) is None:
        raise Conflict("one of the two is gone already", code="case-gone")
    await note(connection, case_id, "merged")
    await note(connection, into, "edited")


async def take_down(connection: db.Connection, case_id: UUID) -> None:
    """The page says from now on that it is gone; story, photo and private notes are deleted. The person is still counted.

    There is no way back but to enter the case anew. Raises ``Conflict`` for one that is merged or gone.
    """
    row = await q.take_down(connection, id=case_id)
    if row is None:
        raise Conflict("merged or taken down", code="case-gone")
    if row["was"] is not None:
        await q.drop_picture(connection, hash=row["was"])
    await note(connection, case_id, "taken-down")


async def note(connection: db.Connection, case_id: UUID, kind: str, event_id: UUID | None = None) -> None:
    """Write down that something about this case changed, for those who tell others; in the transaction of the change."""
    await q.insert_change(connection, case_id=case_id, kind=kind, event_id=event_id)


async def changed(pool: asyncpg.Pool | db.Connection, after: int, *, limit: int = 500) -> AsyncIterator[Mapping[str, Any]]:
    """What changed since the change number ``after``, oldest first: ``id``, ``case_id``, ``slug``, ``kind``, ``at``, and of a status
    ``event_id``, ``status``, ``happened_on``.

    Remember the last number: each change is then seen once, after a crash too. Numbers are handed out before the commit, so
    a change younger than ten seconds may still be overtaken; it is not shown before.
    """
    async for row in q.changes(pool, after=after, limit=limit, now=None):
        yield row


async def listing(pool: asyncpg.Pool | db.Connection) -> list[Mapping[str, Any]]:
    """Every case as organizers see it, drafts and gone ones too, by name."""
    return [row async for row in q.listing(pool)]


async def link_petition(connection: db.Connection, petition_id: UUID, case_ids: Sequence[UUID]) -> None:
    """The petition speaks of these people, and of nobody else; of all of them when the list is empty."""
    await q.link_petition(connection, petition_id=petition_id, case_ids=list(case_ids))


async def named(pool: asyncpg.Pool | db.Connection, petition_id: UUID) -> list[UUID]:
    """Whom the petition names; nobody when it speaks of all."""
    return [row["case_id"] async for row in q.named(pool, petition_id=petition_id)]


REGISTER = 1
"""The number of the register key; a second key would be 2."""


async def write_notes(connection: db.Connection, keys: Keys, case_id: UUID, notes: Private) -> None:
    """Seal what only organizers may read. Raises ``Conflict`` for a case that is gone."""
    blob = seal(keys.register_key(), REGISTER, "case_file", case_id.bytes, msgspec.msgpack.encode(notes))
    if await q.write_notes(connection, id=case_id, notes=blob) is None:
        raise Conflict("merged or taken down", code="case-gone")


def open_notes(keys: Keys, case_id: UUID, blob: bytes | None) -> Private:
    """What ``write_notes`` sealed; empty where nothing was."""
    if blob is None:
        return Private()
    return msgspec.msgpack.decode(open_sealed(keys.register_key(), REGISTER, "case_file", case_id.bytes, blob), type=Private)


MOST_ADDRESSES = 6
"""What one page of the case sheet holds."""


def checked(addresses: Addresses) -> Addresses:
    """Addresses that can be printed. Raises ``Invalid`` for one without a name or without lines, or with too many."""
    faults = []
    for number, each in enumerate(addresses.list):
        if not any(name.strip() for name in each.name.values()):
            faults.append(Fault(f"address-{number}-name", "missing"))
        if not 1 <= len(each.lines) <= 5 or any(len(line) > 80 for line in each.lines):
            faults.append(Fault(f"address-{number}-lines", "address-lines"))
    if len(addresses.list) > MOST_ADDRESSES:
        faults.append(Fault("addresses", "choice"))
    if faults:
        raise Invalid(faults)
    return addresses


async def write_addresses(connection: db.Connection, case_id: UUID, addresses: Addresses | None) -> None:
    """To whom sponsors write for this person, before those to whom the campaign always writes; None for nobody else.

    Raises ``Invalid``, ``Conflict`` for a case that is gone.
    """
    content = None if addresses is None else msgspec.json.encode(checked(addresses)).decode()
    if await q.write_addresses(connection, id=case_id, addresses=content) is None:
        raise Conflict("merged or taken down", code="case-gone")
    await note(connection, case_id, "edited")


async def one(connection: db.Connection | asyncpg.Pool, case_id: UUID) -> Mapping[str, Any]:
    """A case as organizers see it, with all of its columns. Raises ``NotFound``."""
    row: Mapping[str, Any] | None = await q.one(connection, id=case_id)
    if row is None:
        raise NotFound("case")
    return row


async def history(connection: db.Connection | asyncpg.Pool, case_id: UUID) -> list[Mapping[str, Any]]:
    """All events that were ever entered, the replaced ones marked ``is_replaced``."""
    return [row async for row in q.events(connection, case_id=case_id)]


# -- "please take this down"


async def ask_take_down(connection: db.Connection, request_id: UUID, case_id: UUID, payload: bytes, language: str) -> None:
    """Keep a sealed request for the organizers; the same request again changes nothing."""
    await q.insert_request(connection, id=request_id, case_id=case_id, payload=payload, language=language)


async def requests(pool: asyncpg.Pool | db.Connection) -> list[Mapping[str, Any]]:
    """Requests that wait for an answer, oldest first."""
    return [row async for row in q.open_requests(pool)]


async def decide_request(connection: db.Connection, request_id: UUID, *, outcome: str) -> None:
    """``taken-down`` or ``kept``; who asked is forgotten with it. Raises ``Conflict`` when somebody decided before."""
    case_id = await q.decide_request(connection, id=request_id, outcome=outcome)
    if case_id is None:
        raise Conflict("was decided already", code="decided")
    if outcome == "taken-down":
        await take_down(connection, case_id)


# -- facts of the campaign


async def write_fact(connection: db.Connection, key: str, value: object) -> None:
    """``start``, ``support``, ``addresses`` or ``follow``; what each holds is in docs/register.md."""
    await q.write_fact(connection, key=key, value=msgspec.json.encode(value).decode())


async def fact(connection: db.Connection | asyncpg.Pool, key: str) -> Any:
    """What was written under ``key``, or None."""
    text = await q.fact(connection, key=key)
    return None if text is None else msgspec.json.decode(text)
