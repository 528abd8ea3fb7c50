"""A certificate is handed to an office: how, when, by whom, and what came of it, until the last answer.

``delivery`` is what is still to come; its history is a row of events that only grows. What is public of it is the timeline on
the petition's page.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import asyncpg
import msgspec

from service import db
from service.errors import Conflict, Fault, Invalid, NotFound
from service.recipients.offices import Translated, _is_web, _json, _words, q

Kind = Literal["delivered", "received", "referred", "heard", "voted", "answered", "decided", "noted"]
How = Literal["", "by-hand", "post", "mail", "portal", "hearing"]
Outcome = Literal["", "adopted", "rejected", "noted", "promised"]
FILE_LIMIT = 5 * 1024 * 1024
AHEAD = timedelta(days=7)
"""So long before a day organizers are reminded of it."""
FILES = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"}


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One handing over: planned, then delivered with a certificate, then ended when nothing more is expected."""

    id: UUID
    petition_id: UUID
    office_id: UUID
    office_slug: str
    office: Translated
    certificate_id: str | None
    planned_for: date | None
    answer_due: date | None
    delivered_on: date | None
    ended_on: date | None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened on one day. ``votes`` are (in favour, against, abstained), with kind ``voted`` only.

    ``holder`` is who held the office that day; ``words`` is told in every language that is filled in; ``replaces`` is the event
    that this one corrects. ``file`` is a receipt or an answer, 5 MiB at most, named by what it is.
    """

    kind: Kind
    happened_on: date
    holder: str = ""
    how: How = ""
    by_whom: str = ""
    reference: str = ""
    outcome: Outcome = ""
    votes: tuple[int, int, int] | None = None
    words: Translated = {}
    url: str = ""
    file: bytes | None = None
    file_name: str = ""
    is_public: bool = True
    replaces: UUID | None = None
    id: UUID = msgspec.field(default_factory=uuid4)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event on the timeline, with its office and the certificate that was handed over; never the file itself."""

    event: Event
    delivery_id: UUID
    office: Translated
    certificate_id: str | None
    answer_due: date | None
    is_ended: bool


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """A day that is near, or (``is_late``) over, and to whom the petition belongs (None: all associations together)."""

    petition: str
    office: Translated
    is_to_deliver: bool
    is_late: bool
    due: date
    association_id: UUID | None


class Due(msgspec.Struct, frozen=True):
    """Something that an organizer has to do by a day: hand over a certificate, or ask for the answer."""

    delivery_id: UUID
    petition: str
    office: Translated
    is_to_deliver: bool
    by: date


async def plan(
    connection: db.Connection, petition_id: UUID, office_id: UUID, *, planned_for: date | None = None, delivery_id: UUID | None = None
) -> UUID:
    """Intend to hand the petition to an office; returns the delivery's id. With ``delivery_id`` a repeat changes nothing."""
    delivery_id = delivery_id or uuid4()
    try:
        await q.plan(connection, id=delivery_id, petition_id=petition_id, office_id=office_id, planned_for=planned_for)
    except asyncpg.ForeignKeyViolationError:
        raise NotFound("petition or office") from None
    return delivery_id


async def move(connection: db.Connection, delivery_id: UUID, planned_for: date | None) -> None:
    """It is to be handed over on another day, or on no known one. Raises ``Conflict`` when it was delivered."""
    if await q.move(connection, id=delivery_id, planned_for=planned_for) is None:
        raise Conflict("it was delivered")


async def deliver(
    connection: db.Connection, delivery_id: UUID, certificate_id: str, event: Event, *, by: str, answer_due: date | None = None
) -> None:
    """A certificate was handed over: written down once, with the event of it. A closed petition is then ``delivered``.

    Raises ``Conflict`` when it was delivered before, or when the certificate is another petition's; ``Invalid`` (the event).
    """
    if event.kind != "delivered":
        raise Invalid([Fault("kind", "choice")])
    async with connection.transaction():
        row = await q.deliver(connection, id=delivery_id, certificate_id=certificate_id, on_day=event.happened_on, answer_due=answer_due)
        if row is None:
            raise Conflict("it was delivered before, or the certificate is not one of this petition")
        await q.mark_delivered(connection, petition_id=row["petition_id"])
        await record(connection, delivery_id, event, by=by)


async def record(connection: db.Connection, delivery_id: UUID, event: Event, *, by: str) -> None:
    """Add what happened. ``by`` is the organizer's id. The same event again changes nothing.

    Raises ``Invalid`` with every fault, ``Conflict`` when nothing was delivered yet or the replaced event is not of this
    delivery or was replaced before.
    """
    wrong = faults(event)
    if wrong:
        raise Invalid(wrong)
    in_favour, against, abstained = event.votes or (None, None, None)
    try:
        # A savepoint: a refusal must leave the caller's transaction usable.
        async with connection.transaction():
            done = await q.record(
                connection,
                id=event.id,
                delivery_id=delivery_id,
                kind=event.kind,
                happened_on=event.happened_on,
                holder=event.holder,
                how=event.how,
                by_whom=event.by_whom,
                reference=event.reference,
                outcome=event.outcome,
                in_favour=in_favour,
                against=against,
                abstained=abstained,
                words=_json(event.words),
                url=event.url,
                file=event.file,
                file_name=event.file_name,
                is_public=event.is_public,
                replaces=event.replaces,
                recorded_by=by,
            )
    except asyncpg.UniqueViolationError:
        raise Conflict("that event was replaced before") from None
    if done is None and await q.is_recorded(connection, id=event.id, delivery_id=delivery_id) is None:
        raise Conflict("nothing was delivered yet, or the replaced event is not of this delivery")


def faults(event: Event) -> list[Fault]:
    """Everything that is wrong with an event, for a form that has more to say about it."""
    found = []
    if (event.kind == "voted") != (event.votes is not None):
        found.append(Fault("votes", "missing" if event.votes is None else "choice"))
    if event.votes is not None and min(event.votes) < 0:
        found.append(Fault("votes", "type"))
    if event.url and not _is_web(event.url):
        found.append(Fault("url", "url"))
    if (event.file is None) != (event.file_name == ""):
        found.append(Fault("file", "missing"))
    elif event.file is not None and (len(event.file) > FILE_LIMIT or file_type(event.file_name) is None):
        found.append(Fault("file", "file-type"))
    return found


def file_type(name: str) -> str | None:
    """The media type of a receipt by its name; None for what is not taken."""
    return FILES.get(name.rpartition(".")[2].lower()) if "." in name else None


async def expect(connection: db.Connection, delivery_id: UUID, answer_due: date | None) -> None:
    """An answer is expected by that day, or none any more. Raises ``Conflict`` when the delivery is ended."""
    if await q.expect(connection, id=delivery_id, answer_due=answer_due) is None:
        raise Conflict("the delivery is ended")


async def end(connection: db.Connection, delivery_id: UUID, on: date) -> None:
    """Nothing more is expected. Raises ``Conflict`` when it was not delivered, or ended before."""
    if await q.end_delivery(connection, id=delivery_id, on_day=on) is None:
        raise Conflict("it was not delivered, or is ended")


async def deliveries(pool: asyncpg.Pool, petition_id: UUID | None = None) -> list[Delivery]:
    """All deliveries, or one petition's, in the order of their days."""
    names = [field for field in Delivery.__struct_fields__ if field != "office"]
    return [
        Delivery(**{name: row[name] for name in names}, office=_words(row["office"]))
        async for row in q.deliveries(pool, petition_id=petition_id)
    ]


async def timeline(pool: asyncpg.Pool, petition_id: UUID, *, is_public: bool = True) -> list[Told]:
    """What happened to a petition, oldest first; without ``is_public`` also what is for organizers only."""
    return [_told(row) async for row in q.timeline(pool, petition_id=petition_id, is_public=is_public)]


def _told(row: Mapping[str, Any]) -> Told:
    names = ("id", "kind", "happened_on", "holder", "how", "by_whom", "reference", "outcome", "url", "file_name", "is_public")
    votes = None if row["in_favour"] is None else (row["in_favour"], row["against"], row["abstained"])
    return Told(
        event=Event(**{name: row[name] for name in names}, votes=votes, words=_words(row["words"])),
        delivery_id=row["delivery_id"],
        office=_words(row["office"]),
        certificate_id=row["certificate_id"],
        answer_due=row["answer_due"],
        is_ended=row["ended_on"] is not None,
    )


async def file_of(pool: asyncpg.Pool, event_id: UUID, *, is_public: bool = True) -> tuple[str, str, bytes]:
    """(name, media type, content) of an event's file. Raises ``NotFound``, also for a private one when only public ones may be seen."""
    row = await q.event_file(pool, id=event_id)
    if row is None or (is_public and not row["is_public"]):
        raise NotFound("file")
    return row["file_name"], file_type(row["file_name"]) or "application/octet-stream", row["file"]


async def soon(pool: asyncpg.Pool, until: date) -> list[Due]:
    """What is to be done by that day, the most urgent first."""
    return [
        Due(row["id"], row["petition"], _words(row["office"]), row["is_to_deliver"], row["due"]) async for row in q.soon(pool, until=until)
    ]


async def remind(connection: db.Connection, today: date) -> Reminder | None:
    """The next day of which organizers have to be told, a week before it and once more when it is over; None when all are told.

    Whoever gets it tells it in the same transaction: then it is told once, whatever happens to the worker.
    """
    row = await q.remind(connection, today=today, until=today + AHEAD)
    if row is None:
        return None
    given = {name: row[name] for name in Reminder.__struct_fields__ if name != "office"}
    return Reminder(**given, office=_words(row["office"]))
