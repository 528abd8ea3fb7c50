"""Who is at the desk: a session that only the server makes, known by a cookie of which the database keeps a hash.

30 minutes without a visit end it, 12 hours in any case. Its id is new at sign-in and whenever its rights change; when
somebody else changes them, it ends, and the person signs in again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import msgspec

from service import db
from service.organizers.people import Grant, Secrets

q = db.statements("organizers")

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
FRESH = timedelta(minutes=5)
"""How long a touch of the passkey counts for acts that ask for one."""

_ID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is signed in. ``level`` is "joining" until the first passkey is there; then nothing else is possible.

    ``csrf`` goes into every form of this session; ``approvals`` counts proposals of others that wait.
    """

    organizer_id: UUID
    session_id: UUID
    session_hash: bytes
    level: str
    name: str
    email: str
    language: str
    grants: tuple[Grant, ...]
    is_fresh: bool
    passkeys: int
    approvals: int
    csrf: str

    def has(self, roles: frozenset[str]) -> bool:
        """Whether one of ``roles`` is held anywhere."""
        return any(grant.role in roles for grant in self.grants)

    def may(self, roles: frozenset[str], association_id: UUID | None) -> bool:
        """Whether one of ``roles`` is held for things of this association; what belongs to all (None) needs a role in all."""
        return any(grant.role in roles and grant.association_id in (None, association_id) for grant in self.grants)


def _stored(session_id: str) -> bytes:
    return hashlib.sha256(b"libertas desk session/v1\0" + session_id.encode("ascii")).digest()


def _csrf(session_id: str) -> str:
    return hmac.digest(session_id.encode("ascii"), b"libertas desk csrf/v1", "sha256").hex()


async def begin(
    connection: db.Connection, organizer_id: UUID, *, level: str, device: str, is_fresh: bool, now: datetime | None = None
) -> str:
    """A new session; returns the value of its cookie, which is kept nowhere."""
    session_id = secrets.token_urlsafe(32)
    await q.insert_session(
        connection,
        hash=_stored(session_id),
        id=uuid4(),
        organizer_id=organizer_id,
        level=level,
        device=device,
        fresh_seconds=FRESH.total_seconds() if is_fresh else 0.0,
        now=now,
    )
    return session_id


async def who(pool: asyncpg.Pool, keys: Secrets, session_id: str, now: datetime | None = None) -> Who | None:
    """Whose cookie this is; None for any that does not hold. A made-up one costs no statement unless it has the right shape."""
    if not _ID.fullmatch(session_id):
        return None
    row = await q.session(pool, hash=_stored(session_id), now=now)
    if row is None:
        return None
    name, email = keys.open(row["organizer_id"], row["blob"])
    return Who(
        organizer_id=row["organizer_id"],
        session_id=row["id"],
        session_hash=row["hash"],
        level=row["level"],
        name=name,
        email=email,
        language=row["language"],
        grants=tuple(Grant(role, UUID(at) if at else None) for role, at in json.loads(row["grants"])),
        is_fresh=bool(row["is_fresh"]),
        passkeys=row["passkeys"],
        approvals=row["approvals"],
        csrf=_csrf(session_id),
    )


async def renew(connection: db.Connection, session_hash: bytes, *, level: str, is_fresh: bool, now: datetime | None = None) -> str | None:
    """The same visit under a new id, after its rights grew; returns the cookie's value, None when the session is over."""
    session_id = secrets.token_urlsafe(32)
    seconds = FRESH.total_seconds() if is_fresh else 0.0
    found = await q.renew_session(connection, hash=session_hash, new_hash=_stored(session_id), level=level, fresh_seconds=seconds, now=now)
    return session_id if found else None


async def end(connection: db.Connection, organizer_id: UUID, session_id: UUID) -> bool:
    """End one session of this person; False when there is none."""
    return await q.end_session(connection, organizer_id=organizer_id, id=session_id) is not None


async def end_others(connection: db.Connection, organizer_id: UUID, but: UUID | None = None) -> None:
    """End every session of this person, or all but one."""
    await q.end_sessions(connection, organizer_id=organizer_id, but=but)
