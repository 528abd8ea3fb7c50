"""What was taken back is remembered outside the database, so that a restored backup forgets it again.

A backup holds whoever stood in it on its day. Since then people erased or withdrew their signatures, asked to be shown less,
unsubscribed, or said "this was not me"; organizers were removed, roles ended, passkeys were revoked. Each such change is a line
in a file beside the keys: what it was, and a hash of the row's random id (or the keyed hash of the mailbox). Without the backup
the file tells nothing about anybody.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import defaultdict
from pathlib import Path

import asyncpg
import msgspec

from service import db, organizers, signatures
from service.errors import Misconfigured

q = db.statements("forgotten")

FILE = "forgotten"
"""Its name in ``KEY_DIR``: it has to outlive the database, like ``suppression`` and ``log``."""
_LINE = re.compile(r"(erased|withdrawn|count|protect|unread|not-me|organizer|role|role-again|passkey) ([0-9a-f]{64})", re.ASCII)
_BATCH = 1_000
_OVER = ["withdrawn", "expired", "erased"]


class Again(msgspec.Struct, frozen=True):
    """How much a restored database was made to forget once more."""

    signatures: int = 0
    narrowed: int = 0
    readers: int = 0
    mailboxes: int = 0
    organizers: int = 0
    roles: int = 0
    passkeys: int = 0


async def note(pool: asyncpg.Pool, file: Path) -> int:
    """Write what waits into the file; returns how many lines. They leave the database when they are on the disk.

    A crash in between writes a line twice, which changes nothing.
    """
    rows = [row async for row in q.waiting(pool, limit=_BATCH)]
    if rows:
        await asyncio.to_thread(_append, file, "".join(f"{row['kind']} {row['what'].hex()}\n" for row in rows))
        await q.written(pool, ids=[row["id"] for row in rows])
    return len(rows)


def _append(file: Path, lines: str) -> None:
    held = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(held, "r+b") as opened:
        size = opened.seek(0, os.SEEK_END)
        torn = size > 0 and os.pread(opened.fileno(), 1, size - 1) != b"\n"  # a crash in the middle of a line
        opened.write((("\n" if torn else "") + lines).encode("ascii"))
        opened.flush()
        os.fsync(opened.fileno())


def read(file: Path) -> dict[str, set[bytes]]:
    """The lines by kind; no file, no lines. A line that was cut short is passed over: it waits in the database still.

    Raises ``Misconfigured`` for what is no such file at all.
    """
    found: dict[str, set[bytes]] = defaultdict(set)
    lines = file.read_text(encoding="ascii", errors="replace").splitlines() if file.exists() else []
    for line in lines:
        if parts := _LINE.fullmatch(line):
            kind, what = parts[1], bytes.fromhex(parts[2])
            if kind == "role-again":  # of a role the last line counts
                found["role"].discard(what)
            else:
                found[kind].add(what)
    if lines and not any(_LINE.fullmatch(line) for line in lines):
        raise Misconfigured([f"{file} holds no line of this kind"])
    return found


async def again(pool: asyncpg.Pool, file: Path) -> Again:
    """Do in a restored database what was asked for and decided since; repeats change nothing.

    Sessions, links and open approvals of the backup's day end with or without the file: organizers sign in anew.
    Erasures and withdrawals enter the log like any other. Where the log itself is repaired from its published files
    afterwards, those that stand there already are not written a second time.
    """
    lines = read(file)
    ended = narrowed = 0
    for kind, statement, over in (("withdrawn", signatures.q.withdraw, _OVER), ("erased", signatures.q.erase, ["erased"])):
        for row in [row async for row in q.standing(pool, hashes=list(lines[kind]), over=over)]:
            async with db.transaction(pool) as connection:
                await signatures.q.lock_shared(connection, key=signatures.lock_key(row["petition_id"]))
                ended += await statement(connection, id=row["id"], now=None) is not None
    for kind in ("count", "protect"):  # the narrowest wish is the last word
        for row in [row async for row in q.standing(pool, hashes=list(lines[kind]), over=_OVER)]:
            if row["visibility"] in (kind, "protect"):
                continue
            async with db.transaction(pool) as connection:
                narrowed += await signatures.q.narrow(connection, id=row["id"], visibility=kind) is not None
    unread = [row async for row in q.unread(pool, hashes=list(lines["unread"]))]
    silent = [row async for row in q.silence(pool, indexes=list(lines["not-me"]))]
    async with db.transaction(pool) as connection:
        await q.shut_doors(connection)
        passkeys = [row async for row in q.end_passkeys(connection, hashes=list(lines["passkey"]))]
        roles = [row async for row in q.end_roles(connection, hashes=list(lines["role"]))]
        gone = [row["id"] async for row in q.removed(connection, hashes=list(lines["organizer"]))]
        for organizer_id in gone:
            await organizers.q.remove_organizer(connection, id=organizer_id, now=None)
    return Again(ended, narrowed, len(unread), len(silent), len(gone), len(roles), len(passkeys))
