"""One installation with one petition's log, for the tests of the ledger and of all that stands on it."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pymerkle

from service import db, ledger
from service.identity import Keys
from service.proof import entries, merkle, note, tiles

HOST = "petition.example.org"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DICE = secrets.SystemRandom()
AT_ONCE = ledger.Policy.of("test", seal_seconds=0.001)


class House:
    """One installation with one petition, and the few acts that tests repeat."""

    def __init__(self, pool: asyncpg.Pool, folder: Path, url: str = "") -> None:
        self.pool = pool
        self.url = url
        self.keys = Keys.create(folder / "keys")
        self.high_water = folder / "high-water"
        self.petition = uuid4()
        self.log = ledger.Log("", "", "")

    async def open(self, *, is_protected: bool = False, seal_text: bool = True) -> House:
        async with db.transaction(self.pool) as connection:
            await connection.execute(
                "insert into petition (id, slug, status, is_protected, opens_at, text_version) values ($1, $2, 'open', $3, $4, 1)",
                self.petition,
                f"free-{self.petition.hex[:8]}",
                is_protected,
                NOON - timedelta(days=1),
            )
            self.log = await ledger.create_log(connection, self.keys, host=HOST, petition_id=self.petition)
            await self.text(connection, 1)
        if seal_text:
            await self.seal()
        return self

    async def text(self, connection: db.Connection, version: int) -> None:
        await connection.execute(
            "insert into text_version (petition_id, version, manifest, manifest_hash) values ($1, $2, $3, $4)",
            self.petition,
            version,
            b"{}",
            bytes([version]) * 32,
        )
        await ledger.queue_text(connection, self.log.id, version, bytes([version]) * 32, now=NOON)

    async def confirm(
        self,
        count: int = 1,
        *,
        version: int = 1,
        entry: bytes | None = None,
        now: datetime | None = None,
        connection: db.Connection | None = None,
    ) -> list[UUID]:
        """``count`` people press their button: a confirmed row and its finished leaf in one transaction."""
        ids = [uuid4() for _ in range(count)]
        leaves = [bytes(entries.Added(1, secrets.token_bytes(32))) for _ in ids]

        async def store(connection: db.Connection) -> None:
            await connection.execute(
                "insert into signature (id, petition_id, text_version, state, visibility)"
                " select i, $2, 1, 'confirmed', 'count' from unnest($1::uuid[]) i",
                ids,
                self.petition,
            )
            await connection.execute(
                "insert into outbox (log_id, kind, signature_id, entry, queued_at) select $1, 'A', i, e, coalesce($4::timestamptz, now())"
                " from unnest($2::uuid[], $3::bytea[]) as x (i, e)",
                self.log.id,
                ids,
                leaves,
                now,
            )

        if connection is not None:
            await store(connection)
        else:
            async with db.transaction(self.pool) as own:
                await store(own)
        return ids

    async def change(self, kind: ledger.Change, who: UUID, reason: str | None = None) -> None:
        await ledger.queue_change(self.pool, self.log.id, kind, who, reason)  # type: ignore[arg-type]  # a pool executes as well

    async def close(self) -> None:
        await ledger.queue_close(self.pool, self.log.id)  # type: ignore[arg-type]  # a pool executes as well

    async def seal(self, policy: ledger.Policy = AT_ONCE, **given: object) -> ledger.Sealed | None:
        given.setdefault("at_once", policy is AT_ONCE)
        return await ledger.seal(self.pool, self.log.id, policy, rng=DICE, **given)  # type: ignore[arg-type]  # handed through

    async def publish(self) -> bytes | None:
        return await ledger.publish(self.pool, self.keys, self.log.id, self.high_water)

    async def settle(self, **given: object) -> None:
        """The worker's loop, until nothing is left to do."""
        for _ in range(20):
            await asyncio.sleep(0.002)  # longer than a log has to rest
            if not await ledger.run_due(self.pool, self.keys, self.high_water, seal_seconds=0.001, **given):  # type: ignore[arg-type]
                return
        raise AssertionError("the worker never comes to rest")

    async def lines(self) -> list[str]:
        rows = await self.pool.fetch("select entry from entry where log_id = $1 order by idx", self.log.id)
        return [row["entry"].decode() for row in rows]

    async def index(self, who: UUID) -> int:
        return int(await self.pool.fetchval("select log_index from signature where id = $1", who))

    async def row(self, log_id: str = "") -> asyncpg.Record:
        found = await self.pool.fetchrow("select * from log where id = $1", log_id or self.log.id)
        assert found is not None
        return found

    async def waiting(self) -> int:
        return int(await self.pool.fetchval("select count(*) from outbox where log_id = $1", self.log.id))


async def served(pool: asyncpg.Pool, log: ledger.Log) -> tuple[entries.Tally, note.Checkpoint, list[bytes]]:
    """What a stranger finds: everything derived again from served files only, with an independent Merkle tree."""
    head = note.open_checkpoint(await ledger.checkpoint(pool, log.id), [note.parse_vkey(log.vkey)], log.origin)
    lines: list[bytes] = []
    while len(lines) < head.size:
        width = min(256, head.size - len(lines))
        lines += tiles.unpack_bundle(await ledger.entries_tile(pool, log.id, len(lines) // 256, width), width)
    theirs = pymerkle.InmemoryTree(algorithm="sha256")
    for line in lines:
        theirs.append_entry(line)
    assert theirs.get_root() == head.root
    made = tiles.append(0, [merkle.leaf_hash(line) for line in lines], lambda level, index: b"") if lines else {}
    for level, index, width in tiles.tiles_between(0, head.size):
        assert await ledger.tile(pool, log.id, level, index, width) == made[level, index]
    tally = entries.Tally()
    if log.id != ledger.ANCHOR:
        for line in lines:
            tally.add(line)
    return tally, head, lines
