"""The trail of what organizers did: numbered without a gap, each line bound to the one before under a key that is not in the database.

The service's own role can add and read, nothing else. Whoever owns the database can change rows, but cannot make up the
hashes without the key; a trail that was cut off at its end is found by the number that is remembered outside the database.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from service import db
from service.errors import Unproven

q = db.statements("organizers")

AUDIT_LOCK = 0x11BE0A0D
_PAGE = 1_000

TO_SIGNERS = ("ids", "prefixes", "domains")
"""Facts that lead to single signers. The trail is never changed, so of these it gets the number only; an approval has them until it
is over (``organizers.q.forget_to_signers``)."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line: who (None: the command line or the service itself) did which ``act`` to which ``object``."""

    number: int
    at: datetime
    organizer_id: UUID | None
    act: str
    object: str
    facts: dict[str, Any]


class Broken(Unproven):
    """The trail is not what was written. ``detail`` names the first line that does not fit."""

    def __init__(self, detail: str) -> None:
        super().__init__("audit-broken", detail)


async def note(
    connection: db.Connection,
    key: bytes,
    organizer_id: UUID | None,
    act: str,
    object: str = "",
    now: datetime | None = None,
    **facts: Any,
) -> int:
    """Add a line in the caller's transaction, whose last act this should be (others wait behind it); returns its number.

    ``facts`` are ids, figures and words of ours: never a signer's name or address, nor an organizer's; of what leads to signers
    (``TO_SIGNERS``) how many they are.
    """
    facts = {name: len(value) if name in TO_SIGNERS and isinstance(value, list) else value for name, value in facts.items()}
    await q.audit_turn(connection, key=AUDIT_LOCK)
    head = await q.audit_head(connection, now=now)
    number = int(head["number"]) + 1
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    made = _hash(key, head["hash"], number, head["at"], organizer_id, act, object, text)
    await q.audit_add(connection, number=number, at=head["at"], organizer_id=organizer_id, act=act, object=object, facts=text, hash=made)
    return number


def _hash(key: bytes, before: bytes, number: int, at: datetime, organizer_id: UUID | None, act: str, thing: str, facts: str) -> bytes:
    # A JSON array: its parts cannot flow into each other.
    line = json.dumps([number, round(at.timestamp() * 1000), str(organizer_id or ""), act, thing, facts], ensure_ascii=False)
    return hmac.digest(key, b"libertas audit/v1\0" + before.rjust(32, b"\0") + line.encode(), "sha256")


async def _all(pool: asyncpg.Pool) -> AsyncIterator[Any]:
    number = -(2**62)
    while True:
        rows = [row async for row in q.audit_from(pool, number=number, limit=_PAGE)]
        for row in rows:
            yield row
        if len(rows) < _PAGE:
            return
        number = rows[-1]["number"]


async def check(pool: asyncpg.Pool, key: bytes, remembered: Path | None = None) -> int:
    """Read the whole trail; returns how many lines it has. Raises ``Broken``, naming the first line that does not fit.

    With ``remembered`` (the file that ``remember`` keeps) a trail that was cut off or begun anew is found as well.
    """
    before, expected = b"", 1
    number, hash_ = _recalled(remembered)
    async for row in _all(pool):
        if row["number"] != expected:
            raise Broken(f"line {expected} is missing" if row["number"] > expected else f"line {row['number']} does not belong here")
        made = _hash(key, before, row["number"], row["at"], row["organizer_id"], row["act"], row["object"], row["facts"])
        if not hmac.compare_digest(made, row["hash"]):
            raise Broken(f"line {expected} was changed")
        if expected == number and not hmac.compare_digest(made, hash_):
            raise Broken(f"line {expected} is not the one that was remembered")
        before, expected = made, expected + 1
    if number >= expected:
        raise Broken(f"lines {expected} to {number} are gone")
    return expected - 1


def _recalled(file: Path | None) -> tuple[int, bytes]:
    if file is None or not file.exists():
        return 0, b""
    number, _, hash_ = file.read_text(encoding="ascii").strip().partition(" ")
    return int(number), bytes.fromhex(hash_)


async def remember(pool: asyncpg.Pool, file: Path) -> int:
    """Write down outside the database how far the trail has come; returns the number. Never goes back."""
    head = await q.audit_head(pool, now=None)
    if head["number"] > _recalled(file)[0]:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.write_text(f"{head['number']} {head['hash'].hex()}\n", encoding="ascii")
        fresh.replace(file)
    return int(head["number"])


async def read(
    pool: asyncpg.Pool,
    *,
    before: int | None = None,
    act: str = "",
    organizer_id: UUID | None = None,
    object: str = "",
    limit: int = 100,
) -> list[Line]:
    """The newest lines, newest first: below ``before``, of acts that begin with ``act``, of a person, of one object."""
    rows = q.audit_latest(pool, before=before, act=act or None, organizer_id=organizer_id, object=object or None, limit=limit)
    return [
        Line(
            number=row["number"], at=row["at"], organizer_id=row["organizer_id"], act=row["act"], object=row["object"],
            facts=json.loads(row["facts"]),
        )
        async for row in rows
    ]  # fmt: skip
