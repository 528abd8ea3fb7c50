"""What waits for a second person: who proposed what and why, shown as it would be done; approve, refuse, withdraw, carry out.

What an approval does is declared by the page that proposes it (``frame.Approved``). What has no delay is done in the same
transaction as its approval; what has one can be stopped by either of the two until then.
"""

from __future__ import annotations

from service import db, organizers
from service.errors import Conflict, NotFound
from service.organizers import Approval
from service.web.desk.frame import EVERYONE, Answer, Approved, Desk, Place, act, page, uuid

PLACE = Place("approvals", "/desk/approvals", EVERYONE)


def _act(desk: Desk, what: Approval) -> Approved:
    """The declared act, if it exists and this person may decide on it where it belongs."""
    found: Approved | None = desk.state.desk_acts.get(what.act)
    if found is None or not desk.me.may(found.roles, what.association_id):
        raise NotFound("approval")
    return found


def _may(desk: Desk, what: Approval) -> bool:
    found: Approved | None = desk.state.desk_acts.get(what.act)
    return found is not None and desk.me.may(found.roles, what.association_id)


@page("/approvals", roles=EVERYONE)
async def approvals(desk: Desk) -> Answer:
    return await _show(desk)


async def _show(desk: Desk, *, status: int = 200, code: str = "") -> Answer:
    people = {person.id: person for person in await organizers.people(desk.pool, desk.state.desk_keys)}
    waiting = [what for what in await organizers.approvals(desk.pool) if _may(desk, what)]
    over = [what for what in await organizers.approvals(desk.pool, is_open=False, limit=20) if _may(desk, what)]
    associations = {str(each.id): each.name for each in await organizers.associations(desk.pool)}
    return desk.show(
        "approvals.html", status=status, code=code, people=people, waiting=waiting, over=over, associations=associations,
        acts=desk.state.desk_acts,
    )  # fmt: skip


async def _what(desk: Desk, connection: db.Connection) -> tuple[Approval, Approved]:
    what = await organizers.approval(connection, uuid(desk.path["approval"]))
    return what, _act(desk, what)


@act("/approvals/{approval:str}/approve", roles=EVERYONE, is_fresh=True)
async def approve(desk: Desk) -> Answer:
    """Say yes as the second person; of two at once one wins, and the other is told."""
    said = "approved"
    try:
        async with desk.transaction() as connection:
            what, declared = await _what(desk, connection)
            what = await organizers.decide(connection, what.id, desk.me.organizer_id, "approved")
            await desk.note(connection, f"{what.act}.approved", str(what.id))
            if declared.run is not None and what.state == "due":
                said = await _carry_out(desk, connection, what, declared)
    except Conflict as no:
        return await _show(desk, status=409, code=no.code)
    return desk.see("/desk/approvals", said)


async def _carry_out(desk: Desk, connection: db.Connection, what: Approval, declared: Approved) -> str:
    if declared.run is None:
        raise Conflict(code="approval-decided")
    what = await organizers.execute(connection, what.id, desk.me.organizer_id, what.act)
    outcome = await declared.run(desk, connection, what)
    await organizers.q.outcome(connection, id=what.id, outcome=outcome)
    await desk.note(connection, f"{what.act}.done", str(what.id), **what.facts)
    return "done"


@act("/approvals/{approval:str}/carry-out", roles=EVERYONE, is_fresh=True)
async def carry_out(desk: Desk) -> Answer:
    """Do what was approved and had to wait, as one of the two."""
    try:
        async with desk.transaction() as connection:
            what, declared = await _what(desk, connection)
            said = await _carry_out(desk, connection, what, declared)
    except Conflict as no:
        return await _show(desk, status=409, code=no.code)
    return desk.see("/desk/approvals", said)


@act("/approvals/{approval:str}/refuse", roles=EVERYONE)
async def refuse(desk: Desk) -> Answer:
    """Say no: to a colleague's proposal, to one's own, or to what was approved and is not done yet."""
    me = desk.me.organizer_id
    try:
        async with desk.transaction() as connection:
            what, declared = await _what(desk, connection)
            if what.state in ("approved", "due"):
                await organizers.revoke(connection, what.id, me)
            else:
                await organizers.decide(connection, what.id, me, "withdrawn" if what.proposed_by == me else "refused")
            if declared.refuse is not None:
                await declared.refuse(desk, connection, what)
            await desk.note(connection, f"{what.act}.refused", str(what.id))
    except Conflict as no:
        return await _show(desk, status=409, code=no.code)
    return desk.see("/desk/approvals", "refused")


handlers = [approvals, approve, carry_out, refuse]
