"""The nightly recount: every number that we keep is made again from the log's own entries."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import msgspec

from service import db
from service.errors import NotFound
from service.ledger.record import BATCH, Row, log, q
from service.proof import entries, merkle


class Recount(msgspec.Struct, frozen=True):
    """The tally of the sealed log, and one sentence for each cached number that differed from it."""

    tally: entries.Tally
    differences: list[str]


async def recount(pool: asyncpg.Pool, log_id: str, *, repairing: bool = False) -> Recount:
    """Read a petition's log from its first entry and compare every number that we keep; a difference is alarmed.

    With ``repairing`` the log's own figures are corrected. Recorded checkpoints are history and are only reported.
    Raises ``Unproven`` when the log itself is invalid, with the entry and the rule; NotFound.
    """
    async with db.transaction(pool, isolation="repeatable_read") as connection:
        head = await q.log(connection, log_id=log_id)
        if head is None:
            raise NotFound(f"log {log_id}")
        heads = {row["size"]: row async for row in q.checkpoints(connection, log_id=log_id)}
        tally, frontier, differences = entries.Tally(), merkle.Frontier(), list[str]()
        counts = {0: 0}
        by_version: dict[int, dict[int, int]] = {}
        standing = {row["version"]: row["n"] async for row in q.standing(connection, log_id=log_id)}
        async with contextlib.aclosing(_chunks(connection, log_id, head["size"])) as chunks:
            async for chunk in chunks:
                await asyncio.to_thread(_read_chunk, chunk, tally, frontier, heads, counts, by_version, differences)
    if (tally.size, frontier.root()) != (head["size"], head["root"]):
        differences.append(f"the head of size {head['size']} is not the root of the {tally.size} entries")
    was = {"added": head["added"], "count": head["count"], "published_count": head["published_count"]}
    right = {"added": tally.added, "count": tally.count, "published_count": counts.get(head["published_size"], tally.count)}
    differences += [f"{name} is {was[name]}, the entries give {right[name]}" for name in was if was[name] != right[name]]
    if (head["text_version"], head["is_closed"]) != (len(tally.texts), tally.closed):
        differences.append("the text version or the close is not what the entries say")
    stands = {version: n for version, n in by_version.get(head["published_size"], {}).items() if n}
    has_stood = not standing or {version: n for version, n in standing.items() if n} == stands
    if not has_stood:
        differences.append(f"by text version {standing} stand, the entries give {stands}")
    if differences:
        log.error("ledger: the recount differs", alarm=True, log=log_id, differences=differences)
        if repairing:
            steps = {name: right[name] - was[name] for name in was}
            await q.repair_counts(pool, log_id=log_id, text_version=len(tally.texts), is_closed=tally.closed, **steps)
            if not has_stood:
                async with db.transaction(pool) as connection:
                    await q.stand_anew(connection, log_id=log_id)
                    await q.stand(connection, log_id=log_id)
    return Recount(tally, differences)


async def _chunks(connection: db.Connection, log_id: str, size: int) -> Any:
    cursor = await connection.cursor(q.all_entries.sql, log_id, size)
    while chunk := await cursor.fetch(BATCH):
        yield [row["entry"] for row in chunk]


def _read_chunk(
    chunk: Sequence[bytes],
    tally: entries.Tally,
    frontier: merkle.Frontier,
    heads: Mapping[int, Row],
    counts: dict[int, int],
    by_version: dict[int, dict[int, int]],
    differences: list[str],
) -> None:
    for entry in chunk:
        tally.add(entry)
        frontier.append(merkle.leaf_hash(entry))
        head = heads.get(tally.size)
        if head is not None:
            counts[tally.size] = tally.count
            by_version[tally.size] = dict(tally.by_version)
            if (head["count"], head["root"]) != (tally.count, frontier.root()):
                differences.append(f"the checkpoint of size {tally.size} differs from its entries")


async def set_aside(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    """What could not be sealed, with the rule that it breaks; for `libertas check` and the desk. Empty when all is well."""
    return [dict(row) async for row in q.all_set_aside(pool)]
