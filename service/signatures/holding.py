"""A form that was held is looked at by an organizer: let go on, as if it had never been held, or refused.

Whoever looks sees features and counts, never a person. A released form gets its mail from the worker, within the caps of its
mailbox; a capped one waits and is tried again. A refused one leaves a number behind, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from service import db, identity, mail, risk, tokens
from service.identity import Keys
from service.signatures.record import LIFE, open_blob, q

MOST = 2_000
"""The oldest held rows, which are looked at and decided together: some 20 ms. What is larger is several presses."""


async def held_ids(connection: db.Connection | asyncpg.Pool, petition_id: UUID, kind: str | None, value: str | None) -> list[UUID]:
    """The rows of a cluster (``kind`` prefix | domain | marks) among the oldest held ones, or all of those."""
    return [row["id"] async for row in q.held(connection, petition_id=petition_id, kind=kind, value=value, limit=MOST, most=MOST)]


async def look_at_held(pool: asyncpg.Pool, petition_id: UUID, kind: str | None, value: str | None, *, limit: int) -> dict[str, Any]:
    """What there is to decide: ``clusters`` and ``rows`` among the ``MOST`` oldest held rows, and how many are held in ``total``."""
    return {
        "clusters": [dict(row) async for row in q.held_clusters(pool, petition_id=petition_id, most=MOST)],
        "rows": [dict(row) async for row in q.held(pool, petition_id=petition_id, kind=kind, value=value, limit=limit, most=MOST)],
        "total": await q.held_count(pool, petition_id=petition_id),
        "most": MOST,
    }


async def ask_release(connection: db.Connection, petition_id: UUID, ids: Sequence[UUID], *, asked_by: UUID | None) -> int:
    """Let these go on; returns how many were held. The mails follow by ``release``."""
    asked: int = await q.ask_release(connection, petition_id=petition_id, ids=list(ids), asked_by=asked_by)
    return asked


async def refuse(connection: db.Connection, petition_id: UUID, ids: Sequence[UUID], *, now: datetime | None = None) -> int:
    """End these for good; returns how many were held."""
    refused: int = await q.refuse_held(connection, petition_id=petition_id, ids=list(ids), now=now)
    return refused


async def release(pool: asyncpg.Pool, keys: Keys, *, clock: Callable[[], datetime], now: datetime | None = None, limit: int = 100) -> int:
    """The worker's part: released rows become pending, each with its confirmation mail; returns how many."""
    async with db.transaction(pool) as connection:
        rows = [row async for row in q.take_releases(connection, limit=limit, now=now)]
        if not rows:
            return 0
        caps_keys = keys.caps_keys(clock())
        blobs = [open_blob(keys, row) for row in rows]
        mailboxes = [identity.canonical(blob.email) for blob in blobs]
        allowed = await mail.caps_allow(
            connection, [[identity.cap_index(key, mailbox) for key in caps_keys] for mailbox in mailboxes], now=now
        )
        key_id, key = keys.epoch(clock())
        at = now or datetime.now(UTC)
        letters: list[mail.Letter] = []
        released: list[UUID] = []
        granted: list[tuple[bytes, str, UUID, UUID, datetime]] = []
        for row, blob, mailbox, is_allowed in zip(rows, blobs, mailboxes, allowed, strict=True):
            if not is_allowed:
                continue
            released.append(row["id"])
            letter_id = uuid4()
            for purpose in ("confirm", "not-me"):
                handle = tokens.handle(keys.mail_token_key(), mail.handle_row(letter_id, purpose, row["id"]), purpose)
                granted.append((tokens.stored(handle), purpose, row["id"], letter_id, at + LIFE))
            letters.append(
                mail.Letter(
                    id=letter_id,
                    template="confirm",
                    language=blob.language,
                    address=identity.seal(key, key_id, "mail", letter_id.bytes, blob.email.encode()),
                    key_id=key_id,
                    petition_id=row["petition_id"],
                    signature_id=row["id"],
                    domain=risk.domain_digest(caps_keys[0], mailbox),
                    priority=1,
                )
            )
        await q.release(connection, ids=released, now=now)
        await q.postpone_releases(connection, ids=[row["id"] for row in rows if row["id"] not in released], now=now)
        if granted:
            columns: list[list[Any]] = [list(column) for column in zip(*granted, strict=True)]
            names = ("hashes", "purposes", "signature_ids", "mail_ids", "expiries")
            await q.insert_tokens(connection, **dict(zip(names, columns, strict=True)))
        await mail.enqueue(connection, letters)
    return len(released)
