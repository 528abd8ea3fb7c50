"""What is to be logged waits in the outbox, written in the same commit as the act itself."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from service import db
from service.ledger.record import ANCHOR, Change, Keyring, Log, pair, q
from service.proof import entries, merkle


async def create_log(connection: db.Connection, keys: Keyring, *, host: str, petition_id: UUID | None, log_id: str | None = None) -> Log:
    """Make a petition's log, or with ``petition_id`` None the installation's anchor, which every petition's log asks for first.

    The origin ``<host>/ledger/<id>`` is frozen here. The new keys are announced by ``K`` entries in the anchor.
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
    vkey, ml_dsa = pair(origin, keys.new_log_key(log_id)).vkeys
    if await q.insert_log(connection, id=log_id, origin=origin, petition_id=petition_id, vkey=vkey, root=merkle.EMPTY_ROOT):
        await announce_key(connection, log_id, 1, vkey, ml_dsa)
    return Log(log_id, origin, vkey)


async def announce_key(connection: db.Connection, log_id: str, generation: int, vkey: str, ml_dsa: str) -> None:
    """A key of a log exists from here on, and takes the place of the one before: it is said in the anchor."""
    await q.insert_key(connection, log_id=log_id, generation=generation, vkey=vkey, ml_dsa=ml_dsa)
    for each in (vkey, ml_dsa):
        await queue(connection, ANCHOR, "K", entry=bytes(entries.Key(each)))


async def queue(
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
    await queue(connection, log_id, "T", entry=bytes(entries.Text(version, manifest_hash)), now=now)


async def queue_change(
    connection: db.Connection, log_id: str, kind: Change, signature_id: UUID, reason: str | None = None, *, now: datetime | None = None
) -> None:
    """W (signer, erased), X (an invalidation reason), R or E of a signature whose A is in the log or still waits.

    ``ValueError`` for a reason that the grammar does not know. E waits until the log is closed.
    """
    bytes(change_of(kind, 0, reason))
    await queue(connection, log_id, kind, signature_id=signature_id, reason=reason, now=now)


async def queue_close(connection: db.Connection, log_id: str, reason: str = "closed", *, now: datetime | None = None) -> None:
    """The end of the log's additions. The caller holds the petition's lock exclusively, so that no A is queued after it."""
    await queue(connection, log_id, "Z", entry=bytes(entries.Closed(reason)), now=now)


async def queue_purged(connection: db.Connection, log_id: str, size: int, *, now: datetime | None = None) -> None:
    """All secrets of the entries below ``size`` are destroyed."""
    await queue(connection, log_id, "P", entry=bytes(entries.Purged(size)), now=now)


async def queue_certificate(connection: db.Connection, digest: bytes, *, now: datetime | None = None) -> bytes:
    """A certificate exists from here on; returns the entry of the anchor log. Repeats change nothing."""
    entry = bytes(entries.Certified(digest))
    await q.queue_once(connection, log_id=ANCHOR, kind="C", entry=entry, now=now)
    return entry


def change_of(kind: str, ref: int, reason: str | None) -> entries.Entry:
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
