"""The committed head is signed, remembered outside the database, and only then shown.

Nothing is signed before it is committed, nothing is handed out before its signature is stored, and where the database and
what was once published disagree, nothing is signed at all.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from datetime import datetime
from pathlib import Path

import asyncpg

from service import db
from service.errors import Misconfigured, NotFound, Unproven
from service.ledger.queueing import queue
from service.ledger.record import ANCHOR, Failpoint, Forked, Keyring, Pair, Row, go_on, key_name, log, pair, q
from service.proof import entries, note


async def publish(
    pool: asyncpg.Pool,
    keys: Keyring,
    log_id: str,
    high_water: Path,
    *,
    ml_dsa: bool = True,
    now: datetime | None = None,
    fail: Failpoint = go_on,
) -> bytes | None:
    """Sign the committed head, store the note, then show it and announce it in the anchor; returns the note, None at size 0.

    ``high_water`` is a folder outside the database that remembers the largest head signed here. It is written before the
    note is stored: after a crash in between, the database holds that head too, since only committed heads are signed. Repeating
    is harmless: the stored note wins, and a key made after it adds its own line once. Without ``ml_dsa`` only Ed25519 signs.
    Raises ``Forked`` and signs nothing when database and memory disagree.
    """
    await fail("publish:begin")
    head = await guard(pool, log_id, high_water)
    await fail("publish:read")
    size = head["size"]
    if size == 0:
        return None
    checkpoint = note.Checkpoint(head["origin"], size, head["root"])
    signed, pairs = head["note"], await _pairs(pool, keys, head)
    if signed is None:
        cosigners = [each.ml_dsa for each in pairs] if ml_dsa else []
        signed = note.sign_checkpoint(checkpoint, [each.ed25519 for each in pairs], cosigners, time=head["made_at"])
    await fail("publish:signed")
    await asyncio.to_thread(remember, high_water, log_id, checkpoint)
    await fail("publish:remembered")
    async with db.transaction(pool) as connection:
        await q.store_note(connection, log_id=log_id, size=size, note=signed, now=now)
        stored: bytes = await q.note(connection, log_id=log_id, size=size)
        if pairs[0].ed25519.sign(checkpoint.text().encode()).encode() not in stored:
            await _sign_later(connection, head, checkpoint, pairs[0], ml_dsa)
        await fail("publish:stored")
        has_moved = await move(connection, log_id, size, now=now)
        await fail("publish:moved")
        if has_moved and log_id != ANCHOR:
            announced = bytes(entries.Anchored(head["origin"], size, head["root"]))
            await queue(connection, ANCHOR, "S", entry=announced, now=now)
        await fail("publish:announced")
    await fail("publish:committed")
    return stored


async def move(connection: db.Connection, log_id: str, size: int, *, now: datetime | None = None) -> bool:
    """Show the checkpoint of ``size`` and its numbers from here on; False when that or a later one is shown already."""
    if await q.move_published(connection, log_id=log_id, size=size, now=now) is None:
        return False
    await q.stand(connection, log_id=log_id)
    return True


async def _pairs(pool: asyncpg.Pool, keys: Keyring, head: Row) -> list[Pair]:
    """The log's keys that are not retired, newest first. Raises ``Misconfigured`` when one is missing or not the announced one."""
    found = []
    async for row in q.log_keys(pool, log_id=head["id"]):
        made = pair(head["origin"], keys.log_key(key_name(head["id"], row["generation"])))
        if made.vkeys != (row["vkey"], row["ml_dsa"]):
            raise Misconfigured([f"keys: the key of log {head['id']} is not the one that the log was made with"])
        found.append(made)
    return found


async def _sign_later(connection: db.Connection, head: Row, checkpoint: note.Checkpoint, key: Pair, ml_dsa: bool) -> None:
    """The newest key signs a head whose note was stored before there was such a key."""
    lines = [(key.ed25519.verifier, key.ed25519.sign(checkpoint.text().encode()))]
    if ml_dsa:
        lines.append((key.ml_dsa.verifier, key.ml_dsa.sign(checkpoint, head["made_at"])))
    for verifier, line in lines:
        await q.insert_cosignature(
            connection, log_id=head["id"], size=head["size"], name=verifier.name, key_id=verifier.id, line=line, signed_at=None
        )


async def guard(pool: asyncpg.Pool, log_id: str, high_water: Path) -> Row:
    """The committed head, when nothing that was published or remembered is ahead of it or differs from it; else ``Forked``."""
    known = await asyncio.to_thread(remembered, high_water, log_id)
    head: Row | None = await q.head(pool, log_id=log_id, known_size=known.size if known else 0)
    if head is None:
        raise NotFound(f"log {log_id}")
    size, published = head["size"], head["published_size"]
    if size and head["head_root"] != head["root"]:
        raise Forked(f"{log_id}: the head of size {size} has no checkpoint of its root")
    if published > size or (published and not head["published_root"] == head["published_checkpoint"] is not None):
        raise Forked(f"{log_id}: published up to {published}, which is not what the database of size {size} holds")
    if (head["witnessed"] or 0) > size:
        # A witness that lies stops our signing, until the operator takes it out of the policy: he chose it.
        raise Forked(f"{log_id}: a witness has cosigned it up to {head['witnessed']}, but the database ends at {size}")
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


def remembered(folder: Path, log_id: str) -> note.Checkpoint | None:
    try:
        text = (folder / log_id).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    try:
        return note.Checkpoint.parse(text)
    except Unproven as broken:
        raise Forked(f"{log_id}: the memory of what was signed is not readable") from broken


def remember(folder: Path, log_id: str, checkpoint: note.Checkpoint) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{log_id}.lock").open("a") as lock:
        # Two publishers on one machine: the smaller head must not overwrite the larger.
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = remembered(folder, log_id)
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
