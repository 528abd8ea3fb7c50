"""A log keeps its name for ever and may change its key; who follows the anchor sees each key come and take another's place.

Rules: a key exists when its ``K`` entries are in the anchor; the newest ``K`` of a name and a type is the key in force, and the
one before signs beside it until it is retired. A retired key's seed is destroyed; what it signed in its time stays good.
"""

from __future__ import annotations

from datetime import datetime

import asyncpg
import msgspec

from service import db
from service.errors import Conflict, NotFound
from service.ledger.queueing import announce_key
from service.ledger.record import ANCHOR, Keyring, key_name, pair, q
from service.proof import entries


class LogKey(msgspec.Struct, frozen=True):
    """A public key pair of a log: ``generation`` 1 was made with it. ``retired_at`` None: it signs."""

    log_id: str
    origin: str
    generation: int
    vkey: str
    ml_dsa: str
    retired_at: datetime | None


async def public_keys(pool: asyncpg.Pool) -> list[LogKey]:
    """Every key that a log of this installation has or had: the anchor's first, the newest of each log first."""
    return [LogKey(**row) async for row in q.all_keys(pool)]


async def rotate(pool: asyncpg.Pool, keys: Keyring, log_id: str) -> LogKey:
    """Give a log a new key pair, announced in the anchor; from the next publishing on it signs, first of all.

    Raises ``NotFound``, or ``Conflict`` while the key before the present one is not retired yet. A crash leaves at most a key
    file that the next try uses.
    """
    async with db.transaction(pool) as connection:
        log = await q.lock_keys(connection, log_id=log_id)
        if log is None:
            raise NotFound(f"log {log_id}")
        if log["in_use"] > 1:
            raise Conflict(f"log {log_id} has a key that is being replaced already: retire it first (libertas keys retire)")
        generation = log["newest"] + 1
        vkey, ml_dsa = pair(log["origin"], keys.new_log_key(key_name(log_id, generation))).vkeys
        await announce_key(connection, log_id, generation, vkey, ml_dsa)
        await q.put_key_in_force(connection, log_id=log_id, vkey=vkey)
    return LogKey(log_id, log["origin"], generation, vkey, ml_dsa, None)


async def retire(pool: asyncpg.Pool, keys: Keyring, log_id: str) -> int:
    """Take from a log every key but its newest and destroy their seeds; returns how many. Repeats finish what a crash left.

    Raises ``Conflict`` until the newest key is in the published anchor and has signed the log's head: before that, the old one
    is all that a stranger can know.
    """
    async with db.transaction(pool) as connection:
        log = await q.lock_keys(connection, log_id=log_id)
        if log is None:
            raise NotFound(f"log {log_id}")
        announced = bytes(entries.Key(log["vkey"]))
        if not await q.is_in_force(connection, log_id=log_id, generation=log["newest"], entry=announced, anchor=ANCHOR):
            raise Conflict(f"the newest key of log {log_id} has not been published yet: try again in a minute")
        count: int = await q.retire_keys(connection, log_id=log_id, newest=log["newest"])
    for generation in range(1, log["newest"]):
        keys.destroy_log_key(key_name(log_id, generation))
    return count
