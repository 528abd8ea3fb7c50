"""An older backup was restored: what was published since is taken back from the published files, and the log goes on from there.

Rules: nothing is touched unless the published files verify, go at least as far as what was signed here, and begin with what the
database holds; what was published stays as it was, byte for byte; a leaf whose signer the database has lost is marked
``X i unbacked``, because the same mailbox could otherwise count twice; what happened is told as an incident.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import msgspec

from service import db
from service.errors import NotFound, Unproven
from service.ledger.publishing import move, remember, remembered
from service.ledger.record import ANCHOR, Failpoint, Row, go_on, q
from service.ledger.sealing import Batch, store
from service.proof import entries, merkle, note, tiles

REPAIR_STEPS = (
    *("repair:verified", "repair:locked", "repair:imported", "repair:noted", "repair:states", "repair:unbacked", "repair:incident"),
    *("repair:before-commit", "repair:committed", "repair:remembered"),
)

Read = Callable[[str], Awaitable[bytes | None]]
"""Gives the published file of a path such as ``<log id>/checkpoint``; None when it is not there."""


class Repaired(msgspec.Struct, frozen=True):
    """What a repair did to one log: sizes before and after, how many leaves came back to their signatures, how many have none.

    ``waiting`` outbox rows were not among what was published and are still to come; ``lost_texts`` are versions whose wording
    the database does not hold.
    """

    log_id: str
    old_size: int
    size: int
    backed: int
    unbacked: int
    waiting: int
    lost_texts: tuple[int, ...] = ()


class _Published(msgspec.Struct, frozen=True):
    log: Row
    signed: bytes
    head: note.Checkpoint
    entries: list[bytes]
    checkpoints: list[tuple[int, bytes]]
    """(size, root) of heads to remember: those that a note or our own memory speaks of."""


# -- where the published files are -----------------------------------------------------------------------------------------------


def source(place: str, client: httpx2.AsyncClient) -> Read:
    """A folder, a zip file or an address that holds ``<log id>/checkpoint`` and the tiles, as they were published.

    Raises ``NotFound`` for a path that does not exist.
    """
    if place.startswith(("http://", "https://")):
        base = place.rstrip("/")

        async def fetch(path: str) -> bytes | None:
            answer = await client.get(f"{base}/{path}", timeout=30)
            if answer.status_code == 404:
                return None
            answer.raise_for_status()
            return answer.content

        return fetch
    folder = Path(place)
    if not folder.exists():
        raise NotFound(f"{place} is neither a folder, a zip file nor an address")
    if folder.is_file():
        packed = zipfile.ZipFile(io.BytesIO(folder.read_bytes()))
        names = {name.split("/ledger/")[-1].removeprefix("ledger/"): name for name in packed.namelist()}

        async def unpack(path: str) -> bytes | None:
            return packed.read(names[path]) if path in names else None

        return unpack

    async def read(path: str) -> bytes | None:
        file = folder / path
        return await asyncio.to_thread(file.read_bytes) if file.is_file() else None

    return read


# -- first everything is checked -------------------------------------------------------------------------------------------------


async def repair(
    pool: asyncpg.Pool,
    read: Read,
    high_water: Path,
    *,
    now: datetime | None = None,
    progress: Callable[[int, int], object] | None = None,
    fail: Failpoint = go_on,
) -> list[Repaired]:
    """Bring every log up to what was published, the anchor last; returns what was done to those that were behind.

    All published files are read and checked first; one that does not verify stops all of it, and nothing was touched. Each log
    is one transaction, so a crash leaves whole logs, and calling again goes on with the others. Stop the workers first: a log
    that moves meanwhile is left alone. Raises ``Unproven`` with the file and the rule.
    """
    logs = [row async for row in q.repairable(pool, anchor=ANCHOR)]
    published = []
    for log in logs:
        found = await _verified(pool, read, high_water, log, progress)
        if found is not None:
            published.append(found)
    await fail("repair:verified")
    done = []
    for each in published:
        if each.head.size > each.log["size"] or each.head.size > each.log["published_size"]:
            done.append(await _repair_log(pool, each, now, fail))
            await fail("repair:committed")
        await asyncio.to_thread(remember, high_water, each.log["id"], each.head)
        await fail("repair:remembered")
    return done


async def _verified(
    pool: asyncpg.Pool, read: Read, high_water: Path, log: Row, progress: Callable[[int, int], object] | None
) -> _Published | None:
    log_id = log["id"]
    known = await asyncio.to_thread(remembered, high_water, log_id)
    signed = await read(f"{log_id}/checkpoint")
    if signed is None:
        if log["published_size"] or known:
            raise Unproven("file-missing", f"{log_id}/checkpoint: this log was published, and its copy has no checkpoint")
        return None
    verifiers = [note.parse_vkey(vkey) async for row in q.log_keys(pool, log_id=log_id) for vkey in (row["vkey"], row["ml_dsa"])]
    head = _told(f"{log_id}/checkpoint", lambda: note.open_checkpoint(signed, verifiers, log["origin"], demanding=False))
    if known and head.size < known.size and log["size"] < known.size:
        raise Unproven("copy-behind", f"{log_id}/checkpoint: ends at {head.size}, but {known.size} were signed here: find a newer copy")
    found: list[bytes] = []
    frontier = merkle.Frontier()
    tally = entries.AnchorTally(log["origin"]) if log_id == ANCHOR else entries.Tally()
    wanted = {log["size"]: log["root"]} | ({known.size: known.root} if known else {})
    heads: list[tuple[int, bytes]] = []
    while len(found) < head.size:
        width = min(tiles.WIDTH, head.size - len(found))
        path = f"{log_id}/{tiles.entries_path(len(found) // tiles.WIDTH, width)}"
        data = await read(path)
        if data is None and width < tiles.WIDTH:  # a mirror may hold the full bundle of a larger log
            data = await read(f"{log_id}/{tiles.entries_path(len(found) // tiles.WIDTH)}")
            data = None if data is None else tiles.pack_bundle(tiles.unpack_bundle(data, tiles.WIDTH)[:width])
        if data is None:
            raise Unproven("file-missing", path)
        bundle = data
        for entry in _told(path, lambda bundle=bundle, width=width: tiles.unpack_bundle(bundle, width)):  # type: ignore[misc]
            _told(path, lambda entry=entry: tally.add(entry))  # type: ignore[misc]
            found.append(entry)
            frontier.append(merkle.leaf_hash(entry))
            size = len(found)
            if size in wanted and frontier.root() != wanted[size]:
                raise Unproven("root-differs", f"{path}: what was published is not a continuation of what is here at size {size}")
            if size in wanted and size > log["size"]:
                heads.append((size, frontier.root()))
        if progress is not None:
            progress(len(found), head.size)
    if frontier.root() != head.root:
        raise Unproven("root-differs", f"{log_id}/checkpoint: signed for other entries")
    if head.size < log["size"]:  # an older copy, or sealed here and not published yet: nothing was lost
        if await q.checkpoint_root(pool, log_id=log_id, size=head.size) not in (None, head.root):
            raise Unproven("root-differs", f"{log_id}/checkpoint: what was published is not the beginning of what is here")
        return None
    return _Published(log, signed, head, found, [each for each in heads if each[0] < head.size])


def _told(path: str, act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Unproven as fault:
        raise Unproven(fault.name, f"{path}: {fault.detail}" if fault.detail else path) from None


# -- then one log after the other ------------------------------------------------------------------------------------------------


async def _repair_log(pool: asyncpg.Pool, published: _Published, now: datetime | None, fail: Failpoint) -> Repaired:
    log_id, size = published.log["id"], published.head.size
    async with db.transaction(pool) as connection:
        head = await q.lock(connection, log_id=log_id, now=now)
        if head is None or head["size"] != published.log["size"]:
            raise Unproven("log-moves", f"{log_id}: somebody seals it at this moment: stop the workers first")
        await fail("repair:locked")
        plan = await _plan(connection, published)
        await _import(connection, head, published, plan, now)
        await fail("repair:imported")
        await q.store_note(connection, log_id=log_id, size=size, note=published.signed, now=now)
        await move(connection, log_id, size, now=now)
        await fail("repair:noted")
        if log_id != ANCHOR:
            await q.apply_states(
                connection, petition_id=published.log["petition_id"], indexes=list(plan.states), states=list(plan.states.values()), now=now
            )
            await q.mark_purged(connection, log_id=log_id, purged=plan.tally.purged)
            await q.scrub_purged(connection, petition_id=published.log["petition_id"], purged=plan.tally.purged)
        await fail("repair:states")
        if plan.unbacked:
            await _mark_unbacked(connection, published, plan, now)
        await fail("repair:unbacked")
        if log_id != ANCHOR:
            # The anchor may hold it, or wait with it, or have lost it with the backup; it comes once.
            announced = bytes(entries.Anchored(published.head.origin, size, published.head.root))
            await q.queue_once(connection, log_id=ANCHOR, kind="S", entry=announced, now=now)
        waiting: int = await q.count_waiting(connection, log_id=log_id)
        done = Repaired(log_id, head["size"], size, len(plan.backed), len(plan.unbacked), waiting, tuple(plan.lost_texts))
        await q.insert_incident(connection, log_id=log_id, kind="restored", facts=msgspec.json.encode(done).decode(), now=now)
        await fail("repair:incident")
        await fail("repair:before-commit")
    return done


class _Plan(msgspec.Struct):
    """What is to be done to one log: ``rows`` are the entries that the database lacks, ``gone`` the outbox rows among them."""

    rows: list[tuple[str, bytes, int | None]]
    tally: entries.Tally
    gone: list[int]
    backed: list[tuple[UUID, int]]
    unbacked: list[int]
    states: dict[int, str]
    lost_texts: list[int]
    counts: dict[int, int]
    """Size to count, for the heads that are remembered."""


async def _plan(connection: db.Connection, published: _Published) -> _Plan:
    log, first = published.log, published.log["size"]
    waiting = [row async for row in q.all_waiting(connection, log_id=log["id"])]
    known = {row["entry"]: row for row in waiting if row["entry"] is not None}
    tally = entries.Tally()
    plan = _Plan([], tally, [], [], [], {}, [], {})
    wanted = {size for size, _ in published.checkpoints}
    changes: dict[int, list[str]] = {}
    places: dict[UUID, int] = {}
    for index, entry in enumerate(published.entries):
        kind = entry[:1].decode()
        ref = int(entry.split(b" ")[1]) if kind in "WXREP" and log["id"] != ANCHOR else None
        if log["id"] != ANCHOR:
            tally.add(entry)
        if index + 1 in wanted:
            plan.counts[index + 1] = tally.count
        if index < first:
            continue
        plan.rows.append((kind, entry, ref))
        row = known.pop(entry, None)
        if row is not None:
            plan.gone.append(row["id"])
        if kind == "A" and row is not None:
            plan.backed.append((row["signature_id"], index))
            places[row["signature_id"]] = index
        elif kind == "A":
            plan.unbacked.append(index)
        elif kind in "WXRE" and ref is not None:
            changes.setdefault(ref, []).append(kind)
    for row in waiting:
        if row["kind"] in "WXRE" and row["entry"] is None:
            index = places.get(row["signature_id"], row["log_index"])
            published_kinds = changes.get(index, []) if index is not None else []
            if row["kind"] in published_kinds:
                published_kinds.remove(row["kind"])
                plan.gone.append(row["id"])
    lost = set(plan.unbacked)
    erased = {ref for kind, entry, ref in plan.rows if kind == "W" and entry.endswith(b" erased")}
    for index in {ref for kind, _, ref in plan.rows if kind in ("W", "X", "R", "E") and ref is not None} - lost:
        plan.states[index] = "erased" if index in erased else tally.state(index)
    plan.unbacked = [index for index in plan.unbacked if tally.state(index) == "confirmed"]
    if log["id"] != ANCHOR:
        held = {row["version"] async for row in q.text_versions(connection, petition_id=log["petition_id"])}
        plan.lost_texts = [version for version in range(1, len(tally.texts) + 1) if version not in held]
    return plan


async def _import(connection: db.Connection, head: Row, published: _Published, plan: _Plan, now: datetime | None) -> None:
    """The lost entries, tiles and heads, as a seal would have left them; in batches, so that a large log fits into memory."""
    if published.head.size > head["size"]:
        tally = plan.tally
        batch = Batch(
            plan.rows,
            [merkle.leaf_hash(entry) for _, entry, _ in plan.rows],
            plan.backed,
            plan.gone,
            [],
            tally.added,
            tally.count,
            len(tally.texts),
            tally.closed,
        )
        root = await store(connection, head, batch, now, go_on)
        if root != published.head.root:
            raise Unproven("root-differs", f"{head['id']}: the import does not lead to the published root")
    for size, root in published.checkpoints:
        await q.insert_checkpoint(connection, log_id=head["id"], size=size, root=root, count=plan.counts[size], now=now)


async def _mark_unbacked(connection: db.Connection, published: _Published, plan: _Plan, now: datetime | None) -> None:
    """In the same transaction: between the import and this, the same person could sign again and count twice."""
    head = await q.lock(connection, log_id=published.log["id"], now=now)
    if head is None:
        raise Unproven("log-moves", f"{published.log['id']}: lost under its own lock")
    rows: list[tuple[str, bytes, int | None]] = []
    for index in plan.unbacked:
        entry = bytes(entries.Invalidated(index, "unbacked"))
        plan.tally.add(entry)
        rows.append(("X", entry, index))
    leaves = [merkle.leaf_hash(entry) for _, entry, _ in rows]
    tally = plan.tally
    batch = Batch(rows, leaves, [], [], [], tally.added, tally.count, len(tally.texts), tally.closed)
    await store(connection, head, batch, now, go_on)
