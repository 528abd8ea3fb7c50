"""A batch of what waits gets its places in the log, in one transaction, in an order that tells nothing."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from service import db
from service.errors import Unproven
from service.ledger.queueing import change_of
from service.ledger.record import ANCHOR, BATCH, Failpoint, Forked, Row, go_on, log, q, rows
from service.proof import entries, merkle, tiles

_PATIENCE: Final = timedelta(hours=6)


class Policy(msgspec.Struct, frozen=True):
    """How many must come together, and how long a log rests: whoever watches a mailbox and a counter must learn nothing.

    ``least`` additions and ``pause`` since the last seal; fewer go after ``patience`` (None: never). Changes without additions
    go after ``patience_for_changes``. A new text goes at once, and everything goes when the log is about to be closed.
    """

    least: int = 10
    pause: timedelta = timedelta(seconds=60)
    patience: timedelta | None = _PATIENCE
    patience_for_changes: timedelta = _PATIENCE

    @classmethod
    def of(cls, log_id: str, *, is_protected: bool = False, seal_seconds: float = 0.0) -> Policy:
        """The policy of one log (ledger.md 4). ``seal_seconds`` shortens times, but never the size of a protected batch."""
        if log_id == ANCHOR:
            return cls(1, timedelta(), timedelta(), timedelta())
        often = timedelta(seconds=seal_seconds) if seal_seconds else None
        if is_protected:
            return cls(20, often or timedelta(minutes=10), None)
        return cls(1, often, timedelta(), timedelta()) if often else cls()


class Sealed(msgspec.Struct, frozen=True):
    """What one batch did: ``size`` after it, ``set_aside`` rows that would have made the log invalid."""

    log_id: str
    size: int
    root: bytes
    count: int
    added: int
    set_aside: int


async def seal(
    pool: asyncpg.Pool,
    log_id: str,
    policy: Policy,
    *,
    rng: random.Random,
    now: datetime | None = None,
    fail: Failpoint = go_on,
    at_once: bool = False,
) -> Sealed | None:
    """Give what waits its places in the log, in one transaction; None when nothing is due or another replica has its turn.

    ``rng`` shuffles the additions and is a CSPRNG (``secrets.SystemRandom``); the order of confirming must not be told.
    ``at_once`` passes over the policy. A row that would make the log invalid is set aside and alarmed; the others go on.
    Raises ``Forked`` when tiles and head disagree.
    """
    await fail("seal:begin")
    async with db.transaction(pool) as connection:
        head = await q.lock(connection, log_id=log_id, now=now)
        if head is None:
            return None
        await fail("seal:locked")
        waiting = await q.waiting(connection, log_id=log_id)
        is_adding, is_changing = (True, True) if at_once else due(policy, waiting, head["sealed_at"], head["now"])
        if not (is_adding or is_changing or waiting["texts"]):
            return None
        taken = [
            row
            async for row in q.take(
                connection, log_id=log_id, is_adding=is_adding, is_changing=is_changing, is_closed=head["is_closed"], limit=BATCH
            )
        ]
        if not taken:
            return None
        # Only a closing asks whether an addition is left behind.
        is_last = any(row["kind"] == "Z" for row in taken) and not await q.is_adding_left(
            connection, log_id=log_id, taken=[row["id"] for row in taken]
        )
        history, purged = await _history(connection, head, taken)
        batch = await asyncio.to_thread(_arrange, head, taken, history, purged, is_last, rng)
        if batch.refused:
            await q.set_aside(connection, ids=[i for i, _ in batch.refused], faults=[fault for _, fault in batch.refused])
        await fail("seal:taken")
        root = head["root"]
        if batch.entries:
            root = await store(connection, head, batch, now, fail)
        await fail("seal:before-commit")
    await fail("seal:committed")
    for row_id, fault in batch.refused:
        log.error("ledger: a row was set aside", alarm=True, log=log_id, row=row_id, fault=fault)
    if not batch.entries:
        return None
    size = head["size"] + len(batch.entries)
    return Sealed(log_id, size, root, batch.count, batch.added - head["added"], len(batch.refused))


def due(policy: Policy, waiting: Mapping[str, Any], sealed_at: datetime | None, now: datetime) -> tuple[bool, bool]:
    """Whether additions are to be sealed now, and whether changes are. Additions that wait for their number stay untold."""
    if waiting["is_closing"]:
        return True, True
    if sealed_at is not None and now - sealed_at < policy.pause:
        return False, False
    is_adding = waiting["added"] >= policy.least or bool(
        waiting["added"] and policy.patience is not None and now - waiting["added_since"] >= policy.patience
    )
    is_changing = is_adding or bool(waiting["changes"] and now - waiting["changes_since"] >= policy.patience_for_changes)
    return is_adding, is_changing


class Batch(msgspec.Struct):
    """New entries in their order, who stands where, which outbox rows are done, and the figures after it."""

    entries: list[tuple[str, bytes, int | None]]
    leaves: list[bytes]
    indexes: list[tuple[UUID, int]]
    done: list[int]
    refused: list[tuple[int, str]]
    added: int
    count: int
    text_version: int
    is_closed: bool


async def _history(connection: db.Connection, head: Row, taken: Sequence[Row]) -> tuple[list[tuple[int, str, bytes]], int]:
    if head["id"] == ANCHOR:
        return await _anchor_history(connection, head, taken), 0
    refs = sorted({row["ref"] for row in taken if row["ref"] is not None})
    commits = [row["entry"].rpartition(b" ")[2] for row in taken if row["kind"] == "A"]
    found = [(row["idx"], row["kind"], row["entry"]) async for row in q.history(connection, log_id=head["id"], refs=refs, commits=commits)]
    if twins := sorted({index for index, kind, entry in found if kind == "A" and entry.rpartition(b" ")[2] in commits} - set(refs)):
        # After a repair a leaf may stand here already whose signer presses again: what was said of it decides.
        asked = q.history(connection, log_id=head["id"], refs=sorted({*refs, *twins}), commits=commits)
        found = [(row["idx"], row["kind"], row["entry"]) async for row in asked]
    purged = await q.purged(connection, log_id=head["id"]) if head["is_closed"] else 0
    return found, purged


async def _anchor_history(connection: db.Connection, head: Row, taken: Sequence[Row]) -> list[tuple[int, str, bytes]]:
    """What the anchor says already of the logs that a batch names: their keys, their newest heads, and what would stand there twice."""
    waiting = [row["entry"] for row in taken if row["entry"] is not None]
    origins = {words[1].decode("ascii", "replace").partition("+")[0] for entry in waiting if len(words := entry.split(b" ")) > 1}
    found = q.anchor_history(connection, log_id=head["id"], origins=[head["origin"], *origins], waiting=waiting)
    return [(row["idx"], row["kind"], row["entry"]) async for row in found]


class _Replay:
    """A small log that holds just what a batch speaks of, read by the one ``entries.Tally`` that every verifier uses.

    So the rules stand in one place. ``spots`` maps an index of the real log to the place in the small one; those of
    additions grow alike, so "below a size" keeps its meaning.
    """

    def __init__(self, head: Row, history: Iterable[tuple[int, str, bytes]], purged: int) -> None:
        self.tally = entries.Tally()
        self.spots: dict[int, int] = {}
        self.commits: dict[bytes, int] = {}
        self.reasons: dict[int, str] = {}
        for version in range(1, head["text_version"] + 1):
            self.tally.add(entries.Text(version, bytes(32)))
        later = []
        for index, kind, entry in history:
            if kind == "A":
                self.add(index, entry)
            else:
                later.append((index, entry))
        if head["is_closed"]:
            self.tally.add(entries.Closed("closed"))
        for index, entry in later:
            self.add(index, entry)
        if purged:
            self.add(head["size"], entries.Purged(purged))

    def add(self, index: int, entry: bytes | entries.Entry) -> None:
        """Read ``entry``, which stands at ``index`` of the real log; Unproven when it breaks a rule."""
        if isinstance(entry, bytes) and entry[:1] == b"A":
            spot = self.tally.size
            self.tally.add(entry)
            self.spots[index] = spot
            self.commits[entry.rpartition(b" ")[2]] = index
            return
        match entries.parse(entry) if isinstance(entry, bytes) else entry:
            case entries.Withdrawn(ref, reason):
                self.tally.add(entries.Withdrawn(self._spot(ref), reason))
            case entries.Invalidated(ref, reason):
                self.tally.add(entries.Invalidated(self._spot(ref), reason))
                self.reasons[ref] = reason
            case entries.Reinstated(ref):
                self.tally.add(entries.Reinstated(self._spot(ref)))
            case entries.Erased(ref):
                self.tally.add(entries.Erased(self._spot(ref)))
            case entries.Purged(size):
                if size > index:
                    raise Unproven("purge-ahead", f"{size} of {index}")
                places = sorted(self.spots)
                at = bisect_left(places, size)
                self.tally.add(entries.Purged(self.spots[places[at]] if at < len(places) else self.tally.size))
            case other:
                self.tally.add(other)

    def unbacked_twin(self, entry: bytes) -> int | None:
        """The place of the leaf with this entry's commitment that stands invalidated because no signature was behind it."""
        index = self.commits.get(entry.rpartition(b" ")[2])
        if index is None or self.reasons.get(index) != "unbacked" or self.tally.state(self.spots[index]) != "invalidated":
            return None
        return index

    def _spot(self, ref: int) -> int:
        if ref not in self.spots:
            raise Unproven("no-such-signature", f"{ref} is not an earlier A")
        return self.spots[ref]


def _arrange(
    head: Row, taken: Sequence[Row], history: list[tuple[int, str, bytes]], purged: int, is_last: bool, rng: random.Random
) -> Batch:
    """The batch in its order: T, shuffled A, changes as they were queued, Z. Linear; for a thread, because 10,000 take 0.1 s."""
    texts = [row for row in taken if row["kind"] == "T"]
    added = [row for row in taken if row["kind"] == "A"]
    changes = [row for row in taken if row["kind"] not in "TAZ"]
    closing = [row for row in taken if row["kind"] == "Z"] if is_last else []
    rng.shuffle(added)
    is_anchor = head["id"] == ANCHOR
    replay = _Replay(head, [] if is_anchor else history, purged)
    anchor = entries.AnchorTally(head["origin"]) if is_anchor else None
    if anchor is not None:
        for _, _, entry in history:
            anchor.add(entry)
    before, before_added = replay.tally.count, replay.tally.added
    batch = Batch([], [], [], [], [], 0, 0, 0, False)
    places: dict[UUID, int] = {}
    for row in (*texts, *added, *changes, *closing):
        kind, index, ref = row["kind"], head["size"] + len(batch.entries), row["ref"]
        try:
            if kind in "WXRE":
                ref = places.get(row["signature_id"]) if ref is None else ref
                if ref is None:
                    continue  # its A waits too, beyond this batch
                entry = bytes(change_of(kind, ref, row["reason"]))
            else:
                entry = row["entry"] or b""
            twin = replay.unbacked_twin(entry) if kind == "A" else None
            if twin is not None:
                # Lost with a backup and back again: her leaf stands already, and is reinstated.
                places[row["signature_id"]] = twin
                kind, ref, entry = "R", twin, bytes(entries.Reinstated(twin))
            _check(replay, anchor, kind, index, entry)
        except (Unproven, ValueError) as fault:
            batch.refused.append((row["id"], fault.name if isinstance(fault, Unproven) else "entry-malformed"))
            continue
        if kind == "A":
            places[row["signature_id"]] = index
        elif kind == "P":
            ref = int(entry[2:])
        batch.entries.append((kind, entry, ref if kind in "WXREP" else None))
        batch.leaves.append(merkle.leaf_hash(entry))
        batch.done.append(row["id"])
    batch.indexes = list(places.items())
    batch.added = head["added"] + replay.tally.added - before_added
    batch.count = head["count"] + replay.tally.count - before
    batch.text_version = len(replay.tally.texts)
    batch.is_closed = replay.tally.closed
    return batch


def _check(replay: _Replay, anchor: entries.AnchorTally | None, kind: str, index: int, entry: bytes) -> None:
    if entry[:1] != kind.encode():
        raise Unproven("entry-malformed", f"queued as {kind}")
    if anchor is not None:
        anchor.add(entry)
    else:
        replay.add(index, entry)


async def store(connection: db.Connection, head: Row, batch: Batch, now: datetime | None, fail: Failpoint) -> bytes:
    log_id, old_size = head["id"], head["size"]
    size = old_size + len(batch.entries)
    await q.insert_entries(
        connection,
        log_id=log_id,
        first=old_size,
        kinds=[kind for kind, _, _ in batch.entries],
        entries=[entry for _, entry, _ in batch.entries],
        refs=[ref for _, _, ref in batch.entries],
    )
    await fail("seal:entries")
    edge = await rows(connection, log_id, tiles.edge(old_size))
    touched, root = await asyncio.to_thread(_grow, head, batch.leaves, edge)
    await q.put_tiles(
        connection,
        log_id=log_id,
        levels=[level for level, _ in touched],
        indexes=[index for _, index in touched],
        hashes=list(touched.values()),
    )
    await fail("seal:tiles")
    await q.set_indexes(connection, signature_ids=[who for who, _ in batch.indexes], indexes=[index for _, index in batch.indexes])
    await fail("seal:indexes")
    moved = await q.move_head(
        connection,
        log_id=log_id,
        old_size=old_size,
        size=size,
        root=root,
        added=batch.added,
        count=batch.count,
        text_version=batch.text_version,
        is_closed=batch.is_closed,
        now=now,
    )
    if moved != size:
        raise Forked(f"{log_id}: the head moved from {old_size} under its lock")
    await q.insert_checkpoint(connection, log_id=log_id, size=size, root=root, count=batch.count, now=now)
    await fail("seal:head")
    if await q.drop_sealed(connection, ids=batch.done) != len(batch.done):
        raise Forked(f"{log_id}: waiting rows went away while they were sealed")
    await fail("seal:outbox")
    return root


def _grow(head: Row, leaves: Sequence[bytes], edge: Mapping[tuple[int, int], bytes]) -> tuple[dict[tuple[int, int], bytes], bytes]:
    """The touched tiles and the new root; the old root is made of the old tiles first, so that a wrong tile is not built upon."""
    old_size = head["size"]

    def before(level: int, index: int) -> bytes:
        return edge.get((level, index), b"")

    try:
        old_root = merkle.tree_root(old_size, tiles.node_reader(before, old_size))
        touched = tiles.append(old_size, leaves, before)
    except Unproven as wrong:
        raise Forked(f"{head['id']}: {wrong}") from wrong
    if old_root != head["root"]:
        raise Forked(f"{head['id']}: the tiles of size {old_size} lead to another root")

    def after(level: int, index: int) -> bytes:
        return touched.get((level, index)) or edge.get((level, index), b"")

    size = old_size + len(leaves)
    return touched, merkle.tree_root(size, tiles.node_reader(after, size))
