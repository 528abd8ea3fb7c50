"""A mail becomes due in the transaction that makes it so; a mailbox gets few, and none against its owner's wish."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from service import db

q = db.statements("mail")


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One mail that shall go out. ``address`` is sealed for exactly this row; ``facts`` holds the organizers' words and ids only.

    Facts: ``title`` (else the petition's own title in the mail's language is taken at delivery), and for ``{links}`` a list
    ``links`` of ``{"petition": id, "signature": id}``. ``domain`` is a keyed hash of the registrable domain. The lower
    ``priority`` goes first; first confirmations have 1.
    """

    id: UUID
    template: str
    language: str
    address: bytes
    key_id: int
    petition_id: UUID | None = None
    signature_id: UUID | None = None
    facts: dict[str, Any] = {}
    domain: bytes = b""
    priority: int = 5


async def enqueue(connection: db.Connection, letters: Sequence[Letter]) -> None:
    """Make these mails due when the caller's transaction commits; one statement, however many."""
    if not letters:
        return
    await q.enqueue(
        connection,
        ids=[x.id for x in letters],
        templates=[x.template for x in letters],
        languages=[x.language for x in letters],
        addresses=[x.address for x in letters],
        key_ids=[x.key_id for x in letters],
        petition_ids=[x.petition_id for x in letters],
        signature_ids=[x.signature_id for x in letters],
        facts=[json.dumps(x.facts) for x in letters],
        domains=[x.domain for x in letters],
        priorities=[x.priority for x in letters],
    )


def handle_row(mail_id: UUID, purpose: str, signature_id: UUID | None) -> bytes:
    """What the handle of a mailed link is derived from, beside its purpose: a mail may hold one manage link for each signature."""
    if purpose == "manage" and signature_id is not None:
        return mail_id.bytes + signature_id.bytes
    return mail_id.bytes


async def caps_allow(connection: db.Connection, indexes: Sequence[Sequence[bytes]], now: datetime | None = None) -> list[bool]:
    """Which mailboxes may get one more mail; those that may are counted at once.

    ``indexes`` holds, for each mail, the mailbox's index under this week's key and, if there is one, last week's. One mail in
    10 minutes, 3 in 24 hours, 6 in a week, over all petitions and kinds. Call it in a transaction (read committed) that
    also enqueues: the locks that keep two workers from both allowing the third mail live until its end.
    """
    if not indexes:
        return []
    # A later statement sees what others committed before they gave up the lock; within one statement nothing would be seen.
    await q.cap_locks(connection, keys=[int.from_bytes(i[:8], "big", signed=True) for mailbox in indexes for i in mailbox])
    numbers = [n for n, mailbox in enumerate(indexes) for _ in mailbox]
    flat = [index for mailbox in indexes for index in mailbox]
    full = {
        row["number"]
        async for row in q.cap_counts(connection, numbers=numbers, indexes=flat, now=now)
        if row["in_10_minutes"] >= 1 or row["in_a_day"] >= 3 or row["in_a_week"] >= 6
    }
    allowed: list[bool] = []
    taken: set[bytes] = set()
    for number, mailbox in enumerate(indexes):
        allowed.append(number not in full and mailbox[0] not in taken)
        if allowed[-1]:
            taken.add(mailbox[0])
    if taken:
        await q.cap_record(connection, indexes=list(taken), now=now)
    return allowed


async def suppressed(connection: db.Connection, indexes: Iterable[bytes]) -> set[bytes]:
    """Those of the indexes whose mailbox shall get no mail ever again."""
    return {row["address_index"] async for row in q.suppressed(connection, indexes=list(indexes))}


async def suppress(connection: db.Connection, index: bytes, reason: Literal["not-me", "bounced", "complained"]) -> None:
    """Never write to this mailbox again; the first reason stays."""
    await q.suppress(connection, index=index, reason=reason)


async def waiting(connection: db.Connection, now: datetime | None = None) -> tuple[int, float]:
    """How many mails are due, and the age of the oldest in seconds (0 when there is none): what an alarm looks at."""
    row = await q.waiting(connection, now=now)
    return row["due"], row["oldest"]


KEPT = timedelta(days=7)
"""How long the row of an ended mail stays, without its address (``housekeeping`` in the SQL)."""


async def housekeeping(connection: db.Connection, now: datetime | None = None) -> dict[str, int]:
    """Delete what has had its time: ended mails after 7 days, counts of mailboxes and quiet providers after 8."""
    return dict(await q.housekeeping(connection, now=now))
