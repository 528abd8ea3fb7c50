"""Time passes over signatures: what was not confirmed ends, what is settled becomes sums, and what may be forgotten is.

Every step may run any number of times, on any number of workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from service import db, identity, mail, petitions, risk
from service.identity import Keys
from service.identity.keys import EPOCH_KEPT
from service.signatures.record import KEPT, LIFE, OPERATIONAL, lock_key, q


async def expire(pool: asyncpg.Pool, *, now: datetime | None = None) -> int:
    """End what was never confirmed; returns how many. Call again until 0."""
    async with db.transaction(pool) as connection:
        await q.forget_tokens(connection, now=now)
        ended: int = await q.expire(connection, now=now)
    return ended


async def add_up(pool: asyncpg.Pool, *, now: datetime | None = None) -> int:
    """Move day, country, language and partner of settled signatures into sums; returns how many. Call again until 0."""
    async with db.transaction(pool) as connection:
        settled: int = await q.add_up(connection, now=now)
    return settled


async def reseal(pool: asyncpg.Pool, keys: Keys, *, now: datetime, limit: int = 2_000) -> int:
    """Seal again, under today's key, what still lies under older ones; returns how many blobs. Call again until 0.

    Whoever copies the server later than 48 h after this finds no key for what an earlier backup holds (threats.md 21).
    """
    key_id, key = keys.epoch(now)
    done = 0
    for table, old, write in (
        ("signature", q.old_blobs, q.reseal_blobs),
        ("intake", q.old_payloads, q.reseal_payloads),
        ("mail", q.old_addresses, q.reseal_addresses),
    ):
        async with db.transaction(pool) as connection:
            ids: list[Any] = []
            blobs: list[bytes] = []
            async for record in old(connection, key_id=key_id, limit=limit):
                row = record["id"] if isinstance(record["id"], bytes) else record["id"].bytes
                plain = identity.open_sealed(keys.epoch_key(record["key_id"]), record["key_id"], table, row, record[1])
                ids.append(record["id"])
                blobs.append(identity.seal(key, key_id, table, row, plain))
            if ids:
                await write(connection, ids=ids, blobs=blobs, key_id=key_id)
            done += len(ids)
    return done


async def lapsed(pool: asyncpg.Pool, close: Callable[[db.Connection, str], Any], *, now: datetime | None = None) -> int:
    """Close the logs of petitions whose grace is over: ``close`` queues Z while no press can be under way."""
    records = [record async for record in q.lapsed_logs(pool, now=now)]
    for record in records:
        async with db.transaction(pool) as connection:
            await q.lock_exclusive(connection, key=lock_key(record["id"]))
            await close(connection, record["log_id"])
    return len(records)


async def forget_indexes(pool: asyncpg.Pool, keys: Keys) -> int:
    """Once a log is closed nobody signs again: its blind indexes go, then the key that made them. Returns how many logs.

    From here on not even we can find a mailbox among the signatures; a manage link still works, it needs no address.
    """
    done = 0
    async for record in q.closed_petitions(pool):
        if not keys.has_index_key(record["id"]):
            continue
        while await q.drop_indexes(pool, petition_id=record["id"]):
            pass
        keys.destroy_index_key(record["id"])
        done += 1
    return done


async def kept_too_long(pool: asyncpg.Pool, *, now: datetime | None = None) -> list[UUID]:
    """Closed petitions whose term (``KEPT`` after the close) is over: their retention is to be ended."""
    return [record["id"] async for record in q.kept_too_long(pool, kept=KEPT, now=now)]


class Terms(msgspec.Struct, frozen=True):
    """How long what is kept, in whole days or hours, for the privacy page: each from the place where the program obeys it."""

    unconfirmed_days: int
    grace_hours: int
    operational_hours: int
    key_hours: int
    network_days: int
    mail_days: int
    kept_days: int


def terms() -> Terms:
    """The terms that this program keeps."""
    hour = timedelta(hours=1)
    return Terms(
        unconfirmed_days=LIFE.days,
        grace_hours=petitions.CONFIRM_GRACE // hour,
        operational_hours=OPERATIONAL // hour,
        key_hours=EPOCH_KEPT * 24,
        network_days=risk.DayKeys.KEPT,
        mail_days=mail.KEPT.days,
        kept_days=KEPT.days,
    )


async def statistics(pool: asyncpg.Pool | db.Connection, petition_id: UUID, *, today: date) -> dict[str, dict[str, int]]:
    """Confirmed signatures by day, country, language and partner: whole past days only, every cell rounded down to tens."""
    sums: dict[str, Counter[str]] = {"day": Counter(), "country": Counter(), "language": Counter(), "partner": Counter()}
    async for record in q.statistics(pool, petition_id=petition_id, before=today):
        if record["kind"] == "confirmed":
            sums["day"][record["day"].isoformat()] += record["n"]
        else:
            sums[record["kind"]][record["key"]] += record["n"]
    return {kind: {key: n // 10 * 10 for key, n in cells.items() if n >= 10} for kind, cells in sums.items()}
