"""Confirmed signatures become leaves of a public log that only grows, and whose every size anyone can check against the last.

What is to be logged waits in the outbox, written in the same commit as the act itself. ``seal`` gives a batch its places and
``publish`` signs what was committed. Rules: nothing is signed before it is committed, nothing is handed out before its
signature is stored, and where the database and what was once published disagree, nothing is signed at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import random
import secrets
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal, Protocol
from uuid import UUID

import asyncpg
import msgspec
import structlog

from service import db
from service.errors import Misconfigured, NotFound, Unproven
from service.proof import entries, merkle, note, tiles

q = db.statements("ledger")
log = structlog.get_logger()

ANCHOR: Final = "anchor"
BATCH: Final = 10_000
_PATIENCE: Final = timedelta(hours=6)

Change = Literal["W", "X", "R", "E"]
Failpoint = Callable[[str], Awaitable[None]]
"""Called with the name of each step that was just done; a test breaks there. ``STEPS`` lists the names."""

STEPS: Final = (
    *("seal:begin", "seal:locked", "seal:taken", "seal:entries", "seal:tiles", "seal:indexes", "seal:head", "seal:outbox"),
    *("seal:before-commit", "seal:committed", "publish:begin", "publish:read", "publish:signed", "publish:remembered"),
    *("publish:stored", "publish:moved", "publish:announced", "publish:committed"),
)


class Keyring(Protocol):
    """The part of ``identity.Keys`` that a ledger needs."""

    def log_key(self, log_id: str, /) -> bytes: ...

    def new_log_key(self, log_id: str, /) -> bytes: ...


class Forked(Exception):
    """The database and what was published before disagree: a backup was restored, or a lagging replica was promoted.

    A fault, not a refusal: signing now would show two histories under one key. ledger.md 4 tells how it is repaired.
    """


class Log(msgspec.Struct, frozen=True):
    """A log as it was made: its id is the last part of its origin."""

    id: str
    origin: str
    vkey: str


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


# -- what waits ------------------------------------------------------------------------------------------------------------


async def create_log(connection: db.Connection, keys: Keyring, *, host: str, petition_id: UUID | None, log_id: str | None = None) -> Log:
    """Make a petition's log, or with ``petition_id`` None the installation's anchor, which every petition's log asks for first.

    The origin ``<host>/ledger/<id>`` is frozen here. The new key is announced by a ``K`` entry in the anchor.
    """
    if petition_id is None:
        log_id = ANCHOR
    else:
        await create_log(connection, keys, host=host, petition_id=None)
        log_id = log_id or secrets.token_hex(8)
    known = await q.log(connection, log_id=log_id)
    if known is not None and known["petition_id"] == petition_id:
        return Log(known["id"], known["origin"], known["vkey"])
    origin = f"{host}/ledger/{log_id}"
    vkey = note.Signer(origin, keys.new_log_key(log_id)).vkey
    if await q.insert_log(connection, id=log_id, origin=origin, petition_id=petition_id, vkey=vkey, root=merkle.EMPTY_ROOT):
        await _queue(connection, ANCHOR, "K", entry=bytes(entries.Key(vkey)))
    return Log(log_id, origin, vkey)


async def _queue(
    connection: db.Connection,
    log_id: str,
    kind: str,
    *,
    signature_id: UUID | None = None,
    entry: bytes | None = None,
    reason: str | None = None,
    now: datetime | None = None,
) -> None:
    await q.queue(connection, log_id=log_id, kind=kind, signature_id=signature_id, entry=entry, reason=reason, now=now)


async def queue_text(connection: db.Connection, log_id: str, version: int, manifest_hash: bytes, *, now: datetime | None = None) -> None:
    """A new text version, in the transaction that publishes it. The first entry of every petition's log is T 1."""
    await _queue(connection, log_id, "T", entry=bytes(entries.Text(version, manifest_hash)), now=now)


async def queue_change(
    connection: db.Connection, log_id: str, kind: Change, signature_id: UUID, reason: str | None = None, *, now: datetime | None = None
) -> None:
    """W (signer, erased), X (an invalidation reason), R or E of a signature whose A is in the log or still waits.

    ``ValueError`` for a reason that the grammar does not know. E waits until the log is closed.
    """
    bytes(_change(kind, 0, reason))
    await _queue(connection, log_id, kind, signature_id=signature_id, reason=reason, now=now)


async def queue_close(connection: db.Connection, log_id: str, reason: str = "closed", *, now: datetime | None = None) -> None:
    """The end of the log's additions. The caller holds the petition's lock exclusively, so that no A is queued after it."""
    await _queue(connection, log_id, "Z", entry=bytes(entries.Closed(reason)), now=now)


async def queue_purged(connection: db.Connection, log_id: str, size: int, *, now: datetime | None = None) -> None:
    """All secrets of the entries below ``size`` are destroyed."""
    await _queue(connection, log_id, "P", entry=bytes(entries.Purged(size)), now=now)


async def queue_certificate(connection: db.Connection, digest: bytes, *, now: datetime | None = None) -> bytes:
    """A certificate exists from here on; returns the entry of the anchor log."""
    entry = bytes(entries.Certified(digest))
    await _queue(connection, ANCHOR, "C", entry=entry, now=now)
    return entry


def _change(kind: str, ref: int, reason: str | None) -> entries.Entry:
    match kind:
        case "W":
            return entries.Withdrawn(ref, reason or "")
        case "X":
            return entries.Invalidated(ref, reason or "")
        case "R":
            return entries.Reinstated(ref)
        case "E":
            return entries.Erased(ref)
    raise ValueError(f"{kind!r} is not a change of a signature")


# -- sealing ---------------------------------------------------------------------------------------------------------------


async def _go_on(step: str) -> None:
    return None


async def seal(
    pool: asyncpg.Pool,
    log_id: str,
    policy: Policy,
    *,
    rng: random.Random,
    now: datetime | None = None,
    fail: Failpoint = _go_on,
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
        is_last = not await q.is_adding_left(connection, log_id=log_id, taken=[row["id"] for row in taken])
        history, purged = await _history(connection, head, taken)
        batch = await asyncio.to_thread(_arrange, head, taken, history, purged, is_last, rng)
        if batch.refused:
            await q.set_aside(connection, ids=[i for i, _ in batch.refused], faults=[fault for _, fault in batch.refused])
        await fail("seal:taken")
        root = head["root"]
        if batch.entries:
            root = await _store(connection, head, batch, now, fail)
        await fail("seal:before-commit")
    await fail("seal:committed")
    for row_id, fault in batch.refused:
        log.error("ledger: a row was set aside", log=log_id, row=row_id, fault=fault)
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


class _Batch(msgspec.Struct):
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


_Row = Mapping[str, Any]


async def _history(connection: db.Connection, head: _Row, taken: Sequence[_Row]) -> tuple[list[tuple[int, str, bytes]], int]:
    refs = sorted({row["ref"] for row in taken if row["ref"] is not None})
    # A commitment stands once whatever text version it names, so each is looked for under every version that there is.
    commits = [row["entry"].rpartition(b" ")[2] for row in taken if row["kind"] == "A"]
    twins = [b"A %d %s" % (version, commit) for version in range(1, head["text_version"] + 1) for commit in commits]
    found = [(row["idx"], row["kind"], row["entry"]) async for row in q.history(connection, log_id=head["id"], refs=refs, twins=twins)]
    purged = await q.purged(connection, log_id=head["id"]) if head["is_closed"] else 0
    return found, purged


class _Replay:
    """A small log that holds just what a batch speaks of, read by the one ``entries.Tally`` that every verifier uses.

    So the rules stand in one place. ``spots`` maps an index of the real log to the place in the small one; those of
    additions grow alike, so "below a size" keeps its meaning.
    """

    def __init__(self, head: _Row, history: Iterable[tuple[int, str, bytes]], purged: int) -> None:
        self.tally = entries.Tally()
        self.spots: dict[int, int] = {}
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
            return
        match entries.parse(entry) if isinstance(entry, bytes) else entry:
            case entries.Withdrawn(ref, reason):
                self.tally.add(entries.Withdrawn(self._spot(ref), reason))
            case entries.Invalidated(ref, reason):
                self.tally.add(entries.Invalidated(self._spot(ref), reason))
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

    def _spot(self, ref: int) -> int:
        if ref not in self.spots:
            raise Unproven("no-such-signature", f"{ref} is not an earlier A")
        return self.spots[ref]


def _arrange(
    head: _Row, taken: Sequence[_Row], history: list[tuple[int, str, bytes]], purged: int, is_last: bool, rng: random.Random
) -> _Batch:
    """The batch in its order: T, shuffled A, changes as they were queued, Z. Linear; for a thread, because 10,000 take 0.1 s."""
    texts = [row for row in taken if row["kind"] == "T"]
    added = [row for row in taken if row["kind"] == "A"]
    changes = [row for row in taken if row["kind"] not in "TAZ"]
    closing = [row for row in taken if row["kind"] == "Z"] if is_last else []
    rng.shuffle(added)
    is_anchor = head["id"] == ANCHOR
    replay = _Replay(head, history, purged)
    before, before_added = replay.tally.count, replay.tally.added
    batch = _Batch([], [], [], [], [], 0, 0, 0, False)
    places: dict[UUID, int] = {}
    for row in (*texts, *added, *changes, *closing):
        kind, index, ref = row["kind"], head["size"] + len(batch.entries), row["ref"]
        try:
            if kind in "WXRE":
                ref = places.get(row["signature_id"]) if ref is None else ref
                if ref is None:
                    continue  # its A waits too, beyond this batch
                entry = bytes(_change(kind, ref, row["reason"]))
            else:
                entry = row["entry"] or b""
            _check(replay, is_anchor, kind, index, entry)
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


def _check(replay: _Replay, is_anchor: bool, kind: str, index: int, entry: bytes) -> None:
    if entry[:1] != kind.encode():
        raise Unproven("entry-malformed", f"queued as {kind}")
    if is_anchor:
        entries.parse_anchor(entry)
    else:
        replay.add(index, entry)


async def _store(connection: db.Connection, head: _Row, batch: _Batch, now: datetime | None, fail: Failpoint) -> bytes:
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
    edge = await _rows(connection, log_id, tiles.edge(old_size))
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


def _grow(head: _Row, leaves: Sequence[bytes], edge: Mapping[tuple[int, int], bytes]) -> tuple[dict[tuple[int, int], bytes], bytes]:
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


async def _rows(where: db.Connection | asyncpg.Pool, log_id: str, wanted: Sequence[tuple[int, int, int]]) -> dict[tuple[int, int], bytes]:
    """The stored rows of the wanted (level, index, width), each cut to its width."""
    widths = {(level, index): width for level, index, width in wanted}
    rows = q.tiles(where, log_id=log_id, levels=[level for level, _ in widths], indexes=[index for _, index in widths])
    return {(r["level"], r["idx"]): r["hashes"][: widths[r["level"], r["idx"]] * merkle.HASH_SIZE] async for r in rows}


# -- publishing ------------------------------------------------------------------------------------------------------------


async def publish(
    pool: asyncpg.Pool, keys: Keyring, log_id: str, high_water: Path, *, now: datetime | None = None, fail: Failpoint = _go_on
) -> bytes | None:
    """Sign the committed head, store the note, then show it and announce it in the anchor; returns the note, None at size 0.

    ``high_water`` is a folder outside the database that remembers the largest head signed here. It is written before the
    note is stored: after a crash in between, the database holds that head too, since only committed heads are signed. Repeating
    is harmless: the stored note wins. Raises ``Forked`` and signs nothing when database and memory disagree.
    """
    await fail("publish:begin")
    head = await guard(pool, log_id, high_water)
    await fail("publish:read")
    size = head["size"]
    if size == 0:
        return None
    checkpoint = note.Checkpoint(head["origin"], size, head["root"])
    signed = head["note"]
    if signed is None:
        signer = note.Signer(head["origin"], keys.log_key(log_id))
        if signer.vkey != head["vkey"]:
            raise Misconfigured([f"keys: the key of log {log_id} is not the one that the log was made with"])
        signed = note.sign(checkpoint.text(), [signer])
    await fail("publish:signed")
    await asyncio.to_thread(_remember, high_water, log_id, checkpoint)
    await fail("publish:remembered")
    async with db.transaction(pool) as connection:
        await q.store_note(connection, log_id=log_id, size=size, note=signed, now=now)
        stored: bytes = await q.note(connection, log_id=log_id, size=size)
        await fail("publish:stored")
        has_moved = await q.move_published(connection, log_id=log_id, size=size, now=now) is not None
        await fail("publish:moved")
        if has_moved and log_id != ANCHOR:
            announced = bytes(entries.Anchored(head["origin"], size, head["root"]))
            await _queue(connection, ANCHOR, "S", entry=announced, now=now)
        await fail("publish:announced")
    await fail("publish:committed")
    return stored


async def guard(pool: asyncpg.Pool, log_id: str, high_water: Path) -> _Row:
    """The committed head, when nothing that was published or remembered is ahead of it or differs from it; else ``Forked``."""
    known = await asyncio.to_thread(_remembered, high_water, log_id)
    head: _Row | None = await q.head(pool, log_id=log_id, known_size=known.size if known else 0)
    if head is None:
        raise NotFound(f"log {log_id}")
    size, published = head["size"], head["published_size"]
    if size and head["head_root"] != head["root"]:
        raise Forked(f"{log_id}: the head of size {size} has no checkpoint of its root")
    if published > size or (published and not head["published_root"] == head["published_checkpoint"] is not None):
        raise Forked(f"{log_id}: published up to {published}, which is not what the database of size {size} holds")
    if known:
        if known.origin != head["origin"]:
            raise Forked(f"{log_id}: remembered as {known.origin}, in the database it is {head['origin']}")
        if known.size > size:
            raise Forked(f"{log_id}: signed up to {known.size}, but the database ends at {size}")
        if known.root != head["known_root"]:
            raise Forked(f"{log_id}: another root was signed for size {known.size}")
    elif published:
        log.warning("ledger: no memory of this log outside the database", log=log_id, folder=high_water.name)
    return head


def _remembered(folder: Path, log_id: str) -> note.Checkpoint | None:
    try:
        text = (folder / log_id).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return note.Checkpoint.parse(text)
    except Unproven as broken:
        raise Forked(f"{log_id}: the memory of what was signed is not readable") from broken


def _remember(folder: Path, log_id: str, checkpoint: note.Checkpoint) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{log_id}.lock").open("a") as lock:
        # Two publishers on one machine: the smaller head must not overwrite the larger.
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _remembered(folder, log_id)
        if known is not None and known.size >= checkpoint.size:
            return
        fresh = folder / f".{log_id}.new"
        with fresh.open("w", encoding="utf-8") as file:
            file.write(checkpoint.text())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(folder / log_id)
        folder_descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(folder_descriptor)
        finally:
            os.close(folder_descriptor)


# -- the worker's turn -----------------------------------------------------------------------------------------------------


async def run_due(
    pool: asyncpg.Pool,
    keys: Keyring,
    high_water: Path,
    *,
    seal_seconds: float = 0.0,
    rng: random.Random | None = None,
    now: datetime | None = None,
    fail: Failpoint = _go_on,
) -> bool:
    """Seal and publish every log that is due, then the anchor; whether anything was done.

    Heals what a crash left: a sealed head without signature is signed; the note, the public number and the announcement are
    one commit. A log that is forked, broken or without its key is left alone and alarmed on every turn; the others go on.
    """
    rng = rng or secrets.SystemRandom()
    is_done = False
    states = [state async for state in q.states(pool, anchor=ANCHOR, now=now)]
    waiting = {state["id"]: state for state in states}
    for log_id in [*(state["id"] for state in states if state["id"] != ANCHOR), ANCHOR]:
        state = waiting.get(log_id)
        if state is None and not is_done:
            continue  # the anchor has nothing, and nothing was announced in this turn
        policy = Policy.of(log_id, is_protected=bool(state and state["is_protected"]), seal_seconds=seal_seconds)
        try:
            sealed = None
            is_announced = log_id == ANCHOR and is_done
            if state is None or is_announced or state["texts"] or any(due(policy, state, state["sealed_at"], state["now"])):
                # First the guard: entries on top of a restored backup would make its repair harder.
                await guard(pool, log_id, high_water)
                sealed = await seal(pool, log_id, policy, rng=rng, now=now, fail=fail)
            if sealed is not None or (state and state["is_unpublished"]):
                await publish(pool, keys, log_id, high_water, now=now, fail=fail)
                is_done = True
        except NotFound:
            continue  # an installation without petitions has no anchor yet
        except (Forked, Misconfigured, Unproven, asyncpg.IntegrityConstraintViolationError) as fault:
            # Of this log only, and on every turn again until somebody mends it; a database that is away ends the turn.
            log.critical("ledger: nothing is signed", log=log_id, fault=type(fault).__name__, why=str(fault))
    return is_done


async def run_anchor(pool: asyncpg.Pool, keys: Keyring, high_water: Path, *, now: datetime | None = None, fail: Failpoint = _go_on) -> None:
    """Seal and publish what waits for the anchor, at once: a certificate does not exist before its entry is there.

    Raises ``Forked`` as ``publish`` does. When another replica has the turn, nothing happens; ask again.
    """
    await guard(pool, ANCHOR, high_water)
    await seal(pool, ANCHOR, Policy.of(ANCHOR), rng=secrets.SystemRandom(), now=now, fail=fail, at_once=True)
    await publish(pool, keys, ANCHOR, high_water, now=now, fail=fail)


# -- what anyone may ask ---------------------------------------------------------------------------------------------------


async def _published(pool: asyncpg.Pool, log_id: str, size: int) -> _Row:
    row: _Row | None = await q.published(pool, log_id=log_id)
    if row is None or not 0 <= size <= row["published_size"]:
        raise NotFound("ledger")
    return row


async def checkpoint(pool: asyncpg.Pool, log_id: str, size: int | None = None) -> bytes:
    """The signed note of the published head, or of an earlier head of exactly ``size``; ``NotFound``."""
    if size is None:
        row = await q.published_note(pool, log_id=log_id)
        found: bytes | None = row["note"] if row else None
    else:
        await _published(pool, log_id, size)
        found = await q.note(pool, log_id=log_id, size=size)
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
    rows = await _rows(pool, log_id, tiles.tiles_for(question, size))
    return tiles.node_reader(lambda level, index: rows.get((level, index), b""), size)


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


async def find(pool: asyncpg.Pool, log_id: str, entry: bytes, *, first: int = 0) -> int | None:
    """The first index from ``first`` on that holds these bytes; None. Reads entries from ``first`` to the end."""
    found: int | None = await q.find_entry(pool, log_id=log_id, entry=entry, first=first)
    return found


# -- the nightly recount ---------------------------------------------------------------------------------------------------


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
        async with contextlib.aclosing(_chunks(connection, log_id, head["size"])) as chunks:
            async for chunk in chunks:
                await asyncio.to_thread(_read_chunk, chunk, tally, frontier, heads, counts, differences)
    if (tally.size, frontier.root()) != (head["size"], head["root"]):
        differences.append(f"the head of size {head['size']} is not the root of the {tally.size} entries")
    was = {"added": head["added"], "count": head["count"], "published_count": head["published_count"]}
    right = {"added": tally.added, "count": tally.count, "published_count": counts.get(head["published_size"], tally.count)}
    differences += [f"{name} is {was[name]}, the entries give {right[name]}" for name in was if was[name] != right[name]]
    if (head["text_version"], head["is_closed"]) != (len(tally.texts), tally.closed):
        differences.append("the text version or the close is not what the entries say")
    if differences:
        log.error("ledger: the recount differs", log=log_id, differences=differences)
        if repairing:
            steps = {name: right[name] - was[name] for name in was}
            await q.repair_counts(pool, log_id=log_id, text_version=len(tally.texts), is_closed=tally.closed, **steps)
    return Recount(tally, differences)


async def _chunks(connection: db.Connection, log_id: str, size: int) -> Any:
    cursor = await connection.cursor(q.all_entries.sql, log_id, size)
    while chunk := await cursor.fetch(BATCH):
        yield [row["entry"] for row in chunk]


def _read_chunk(
    chunk: Sequence[bytes],
    tally: entries.Tally,
    frontier: merkle.Frontier,
    heads: Mapping[int, _Row],
    counts: dict[int, int],
    differences: list[str],
) -> None:
    for entry in chunk:
        tally.add(entry)
        frontier.append(merkle.leaf_hash(entry))
        head = heads.get(tally.size)
        if head is not None:
            counts[tally.size] = tally.count
            if (head["count"], head["root"]) != (tally.count, frontier.root()):
                differences.append(f"the checkpoint of size {tally.size} differs from its entries")


async def set_aside(pool: asyncpg.Pool) -> list[dict[str, Any]]:
    """What could not be sealed, with the rule that it breaks; for `libertas check` and the desk. Empty when all is well."""
    return [dict(row) async for row in q.all_set_aside(pool)]
