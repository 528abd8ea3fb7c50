"""What one person may propose and only another may let happen: proposed, decided, done once, or lapsed.

The database keeps it so: the second person is another one, the first decision stands, and an act is taken once, by
conditional updates. What is taken and what it does are one transaction, so a crash in between leaves it to be done.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import asyncpg
import msgspec

from service import db
from service.errors import Conflict, NotFound

q = db.statements("organizers")

PATIENCE = timedelta(hours=72)
"""How long a proposal waits for a second person, and an approved one to be done."""

Decision = Literal["approved", "refused", "withdrawn"]


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal and what became of it. ``state``: waiting | approved (not due yet) | due | done | refused | withdrawn | expired."""

    id: UUID
    act: str
    association_id: UUID | None
    petition_id: UUID | None
    slug: str | None
    facts: dict[str, Any]
    reason: str
    proposed_by: UUID
    proposed_at: datetime
    expires_at: datetime
    delay: timedelta
    state: str
    decided_by: UUID | None
    decided_at: datetime | None
    due_at: datetime | None
    done_by: UUID | None
    done_at: datetime | None
    outcome: str | None


def _state(row: Any) -> str:
    if row["done_at"] is not None:
        return "done"
    if row["decision"] in ("refused", "withdrawn"):
        return str(row["decision"])
    if row["is_over"]:
        return "expired"
    if row["decision"] is None:
        return "waiting"
    return "due" if row["is_due"] else "approved"


def _approval(row: Any) -> Approval:
    same = ("id", "act", "association_id", "petition_id", "slug", "reason", "proposed_by", "proposed_at", "expires_at", "delay")
    more = ("decided_by", "decided_at", "due_at", "done_by", "done_at", "outcome")
    return Approval(**{name: row[name] for name in (*same, *more)}, facts=json.loads(row["facts"]), state=_state(row))


async def propose(
    connection: db.Connection,
    proposed_by: UUID,
    act: str,
    *,
    reason: str,
    facts: dict[str, Any] | None = None,
    association_id: UUID | None = None,
    petition_id: UUID | None = None,
    delay: timedelta = timedelta(),
    now: datetime | None = None,
) -> UUID:
    """Write down what shall be done and why; returns its id. ``facts`` is all that ``execute`` will know, and holds no names."""
    approval_id = uuid4()
    await q.propose(
        connection,
        id=approval_id,
        act=act,
        association_id=association_id,
        petition_id=petition_id,
        facts=json.dumps(facts or {}, default=str),
        reason=reason,
        proposed_by=proposed_by,
        delay_seconds=delay.total_seconds(),
        patience_seconds=(PATIENCE + delay).total_seconds(),
        now=now,
    )
    return approval_id


async def approval(connection: db.Connection | asyncpg.Pool, approval_id: UUID, now: datetime | None = None) -> Approval:
    """One proposal. Raises ``NotFound``."""
    row = await q.approval(connection, id=approval_id, now=now)
    if row is None:
        raise NotFound("approval")
    return _approval(row)


async def approvals(
    connection: db.Connection | asyncpg.Pool, *, is_open: bool = True, limit: int = 100, now: datetime | None = None
) -> list[Approval]:
    """What waits for somebody, or (``is_open`` False) what is over; newest first."""
    return [_approval(row) async for row in q.approvals(connection, is_open=is_open, limit=limit, now=now)]


async def decide(
    connection: db.Connection, approval_id: UUID, decided_by: UUID, decision: Decision, *, now: datetime | None = None
) -> Approval:
    """Approve or refuse as another person, or withdraw one's own; of any number at once the first one stands.

    Raises ``NotFound``, and ``Conflict`` with code ``approval-own`` (one's own cannot be approved, another's not withdrawn),
    ``approval-decided`` or ``approval-expired``.
    """
    found = await approval(connection, approval_id, now=now)
    if (decision == "withdrawn") != (found.proposed_by == decided_by):
        raise Conflict(code="approval-own")
    if await q.decide(connection, id=approval_id, decision=decision, decided_by=decided_by, now=now) is None:
        raise Conflict(code="approval-expired" if found.state == "expired" else "approval-decided")
    return await approval(connection, approval_id, now=now)


async def revoke(connection: db.Connection, approval_id: UUID, by: UUID, *, now: datetime | None = None) -> None:
    """Say no after all, while an approved act waits for its hour. Raises ``Conflict`` when it is done or is none of theirs."""
    if await q.revoke(connection, id=approval_id, decided_by=by, now=now) is None:
        raise Conflict(code="approval-decided")


async def execute(connection: db.Connection, approval_id: UUID, done_by: UUID, act: str, *, now: datetime | None = None) -> Approval:
    """Take an approved act, in the transaction that does it; after the commit it cannot be taken again.

    ``done_by`` is one of the two. Raises ``NotFound``, and ``Conflict`` with code ``approval-not-due``, ``approval-done`` (somebody
    took it already), ``approval-expired`` or ``approval-decided`` (not approved, or another act than ``act``).
    """
    found = await approval(connection, approval_id, now=now)
    if found.act != act:
        raise Conflict(code="approval-decided")
    if await q.execute(connection, id=approval_id, done_by=done_by, now=now) is None:
        found = await approval(connection, approval_id, now=now)
        codes = {"approved": "approval-not-due", "done": "approval-done", "expired": "approval-expired"}
        raise Conflict(code=codes.get(found.state, "approval-decided"))
    return await approval(connection, approval_id, now=now)
