"""What anyone may ask: files and proofs of what was published, and nothing beyond."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncpg
import msgspec

from service.errors import NotFound
from service.ledger.record import Row, q, rows
from service.proof import merkle, tiles


async def _published(pool: asyncpg.Pool, log_id: str, size: int) -> Row:
    row: Row | None = await q.published(pool, log_id=log_id)
    if row is None or not 0 <= size <= row["published_size"]:
        raise NotFound("ledger")
    return row


async def checkpoint(pool: asyncpg.Pool, log_id: str, size: int | None = None) -> bytes:
    """The signed note of the published head, or of an earlier head of exactly ``size``, with all who signed it; ``NotFound``."""
    row = await _published(pool, log_id, size or 0)
    found: bytes | None = await q.shown_note(pool, log_id=log_id, size=row["published_size"] if size is None else size)
    if found is None:
        raise NotFound("checkpoint")
    return found


async def vkey(pool: asyncpg.Pool, log_id: str) -> str:
    """The log's public key, one line without newline; ``NotFound`` before anything is published."""
    return str((await _published(pool, log_id, 0))["vkey"])


async def manifest(pool: asyncpg.Pool, log_id: str, version: int) -> bytes:
    """The manifest whose hash stands in ``T version``; ``NotFound``."""
    found: bytes | None = await q.manifest(pool, log_id=log_id, version=version)
    if found is None:
        raise NotFound("manifest")
    return found


async def tile(pool: asyncpg.Pool, log_id: str, level: int, index: int, width: int = tiles.WIDTH) -> bytes:
    """The first ``width`` hashes of a tile, of any width that is published; ``NotFound`` beyond."""
    row = await q.published_tile(pool, log_id=log_id, level=level, idx=index)
    if row is None or index * tiles.WIDTH + width > row["published_size"] >> tiles.HEIGHT * level:
        raise NotFound("tile")
    return bytes(row["hashes"][: width * merkle.HASH_SIZE])


async def entries_tile(pool: asyncpg.Pool, log_id: str, index: int, width: int = tiles.WIDTH) -> bytes:
    """The first ``width`` entries of a bundle, each behind its length; ``NotFound`` beyond what is published."""
    rows = q.published_entries(pool, log_id=log_id, first=index * tiles.WIDTH, count=width)
    found = [row["entry"] async for row in rows]
    if len(found) != width:
        raise NotFound("tile")
    return tiles.pack_bundle(found)


async def tile_reader(pool: asyncpg.Pool, log_id: str, size: int, question: Callable[[merkle.Reader], object]) -> merkle.Reader:
    """A reader that can answer ``question`` (a root or a proof) at a published ``size``; its tiles come in one fetch."""
    await _published(pool, log_id, size)
    found = await rows(pool, log_id, tiles.tiles_for(question, size))
    return tiles.node_reader(lambda level, index: found.get((level, index), b""), size)


async def inclusion(pool: asyncpg.Pool, log_id: str, index: int, size: int) -> list[bytes]:
    """The hashes from leaf ``index`` up to the root at a published ``size``; ``NotFound`` beyond."""
    if not 0 <= index < size:
        raise NotFound("ledger")

    def question(read: merkle.Reader) -> list[bytes]:
        return merkle.inclusion_proof(index, size, read)

    return question(await tile_reader(pool, log_id, size, question))


async def consistency(pool: asyncpg.Pool, log_id: str, old: int, new: int) -> list[bytes]:
    """The proof that the log of size ``old`` is the beginning of the one of size ``new``; ``NotFound`` beyond what is published."""
    if not 0 <= old <= new:
        raise NotFound("ledger")

    def question(read: merkle.Reader) -> list[bytes]:
        return merkle.consistency_proof(old, new, read)

    return question(await tile_reader(pool, log_id, new, question))


async def incidents(pool: asyncpg.Pool, log_id: str) -> list[dict[str, Any]]:
    """What went wrong with this log and was mended, oldest first: ``kind``, ``at`` and the figures of the repair."""
    return [{"kind": row["kind"], "at": row["at"], **msgspec.json.decode(row["facts"])} async for row in q.incidents(pool, log_id=log_id)]


async def find(pool: asyncpg.Pool, log_id: str, entry: bytes, *, first: int = 0) -> int | None:
    """The first index from ``first`` on that holds these bytes; None. Reads entries from ``first`` to the end."""
    found: int | None = await q.find_entry(pool, log_id=log_id, entry=entry, first=first)
    return found
