"""The end of retention: the secrets of a closed petition are destroyed, and the log says so; the number stays provable for ever."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

import asyncpg

from service import db
from service.errors import Conflict, NotFound
from service.signatures.record import lock_key, q

BATCH = 2_000


class Tell(Protocol):
    """``ledger.queue_purged``, handed in by whoever may know the ledger."""

    def __call__(self, connection: db.Connection, log_id: str, size: int, *, now: datetime | None = None) -> Awaitable[None]: ...


async def end_retention(pool: asyncpg.Pool, petition_id: UUID, tell: Tell, *, progress: Callable[[int, int], object] | None = None) -> int:
    """Destroy the secrets, and all else that is personal, of a closed petition's signatures; returns how many are told of.

    From the first step on, no link of a signer works, and nobody withdraws or erases any more: there is nothing left to erase.
    ``P`` is queued when no secret is left, not before. A crash leaves some destroyed; calling again finishes it; once told, it is told.
    Copies that organizers hold (exports, offline keys) are theirs to destroy first. Raises ``NotFound``, or ``Conflict`` before
    the close.
    """
    async with db.transaction(pool) as connection:
        await q.lock_exclusive(connection, key=lock_key(petition_id))
        await q.begin_purge(connection, petition_id=petition_id)
        left = await q.left_to_purge(connection, petition_id=petition_id)
    if left is None:
        raise NotFound("petition")
    if not left["is_closed"]:
        raise Conflict("only a closed petition's retention ends: its log is still open", code="not-closed")
    total, done = left["secrets"], 0
    while count := await q.purge(pool, petition_id=petition_id, limit=BATCH):
        done += count
        if progress is not None:
            progress(min(done, total), total)
    async with db.transaction(pool) as connection:
        await q.lock_exclusive(connection, key=lock_key(petition_id))
        left = await q.left_to_purge(connection, petition_id=petition_id)
        if not left["is_told"] and not left["secrets"]:
            await tell(connection, left["log_id"], left["purged"])
    purged: int = left["purged"]
    return purged
