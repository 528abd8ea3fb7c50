"""Who works here and with which rights: invite, change roles, help somebody back in, let go; and the associations.

Where two people could decide, one alone cannot make a third: an invitation, new roles and a removal are proposals that
another operator lets happen. Only the very first operators act alone, because nobody else is there.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from service import db, organizers
from service.errors import Conflict, Fault, Invalid, NotFound
from service.organizers import ROLES, Approval, Grant
from service.web.desk.frame import Answer, Approved, Desk, Place, act, page, uuid

OPERATORS = frozenset({"operator"})

PLACE = Place("people", "/desk/people", OPERATORS)


def _grants(values: dict[str, Any], everywhere: str = "all") -> list[Grant]:
    """The ticked boxes ``role-<role>-<association id or all>``."""
    found = []
    for field in values:
        if field.startswith("role-"):
            _, role, at = field.split("-", 2) if field.count("-") >= 2 else ("", "", "")
            found.append(Grant(role, None if at == everywhere else uuid(at)))
    return found


def _facts(grants: list[Grant]) -> list[list[str]]:
    return [[grant.role, str(grant.association_id) if grant.association_id else ""] for grant in grants]


def _from_facts(facts: list[list[str]]) -> list[Grant]:
    return [Grant(role, UUID(at) if at else None) for role, at in facts]


async def _may_manage(desk: Desk, grants: list[Grant]) -> None:
    """An operator of one association gives and takes roles there only; nobody gives what they could not manage."""
    if not all(desk.me.may(OPERATORS, grant.association_id) for grant in grants):
        raise NotFound("association")


async def _show(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    return desk.show(
        "people.html",
        status=status,
        people=await organizers.people(desk.pool, desk.state.desk_keys),
        associations=await organizers.associations(desk.pool),
        roles=ROLES,
        **{"faults": [], "association_faults": [], **more, "typed": defaultdict(str, more.get("typed", {}))},
    )


@page("/people", roles=OPERATORS)
async def people(desk: Desk) -> Answer:
    return await _show(desk)


async def _alone(desk: Desk, connection: db.Connection) -> bool:
    return not await organizers.q.other_operators(connection, organizer_id=desk.me.organizer_id)


@act("/people/invite", roles=OPERATORS, fields={"email", "name", "language"}, prefixes={"role-"}, is_fresh=True)
async def invite(desk: Desk) -> Answer:
    values = desk.values
    grants = _grants(values)
    await _may_manage(desk, grants)
    language = values.get("language", desk.lang)
    if language not in desk.pages.languages:
        return await _show(desk, status=400, faults=[Fault("language", "choice")], typed=values)
    try:
        async with desk.transaction() as connection:
            organizer_id = await organizers.enlist(
                connection, desk.state.desk_keys, values.get("email", ""), grants, language=language, name=values.get("name", "")
            )
            if await _alone(desk, connection):
                await organizers.send_invitation(connection, organizer_id)
                await desk.note(connection, "people.invited", str(organizer_id), roles=_facts(grants))
                said = "invited"
            else:
                facts = {"person": str(organizer_id), "roles": _facts(grants)}
                await desk.propose(connection, "people.invite", reason=desk.t("desk-people-invite-reason"), facts=facts)
                said = "proposed"
    except Invalid as wrong:
        return await _show(desk, status=400, faults=wrong.faults, typed=values)
    except Conflict as known:
        return await _show(desk, status=409, faults=[Fault("email", known.code)], typed=values)
    return desk.see("/desk/people", said)


async def _person(desk: Desk) -> organizers.Person:
    """Whom the address names, if this operator may manage them."""
    found = await organizers.person(desk.pool, desk.state.desk_keys, uuid(desk.path["person"]))
    if found.state == "removed":
        raise NotFound("organizer")
    await _may_manage(desk, list(found.grants))
    return found


@page("/people/{person:str}", roles=OPERATORS)
async def person(desk: Desk) -> Answer:
    return await _show_person(desk, await _person(desk))


async def _show_person(desk: Desk, found: organizers.Person, *, status: int = 200, **more: Any) -> Answer:
    associations = await organizers.associations(desk.pool)
    given = {"person": found, "associations": associations, "roles": ROLES, "code": "", "faults": [], **more}
    return desk.show("person.html", status=status, **given)


@act("/people/{person:str}/roles", roles=OPERATORS, fields={"reason"}, prefixes={"role-"}, is_fresh=True)
async def roles(desk: Desk) -> Answer:
    found, grants = await _person(desk), _grants(desk.values)
    await _may_manage(desk, grants)
    facts = {"person": str(found.id), "roles": _facts(grants)}
    return await _change(desk, found, "people.roles", facts, lambda connection: organizers.set_roles(connection, found.id, grants))


@act("/people/{person:str}/remove", roles=OPERATORS, fields={"reason"}, is_fresh=True)
async def remove(desk: Desk) -> Answer:
    found = await _person(desk)
    facts = {"person": str(found.id)}
    return await _change(desk, found, "people.remove", facts, lambda connection: organizers.remove(connection, found.id))


async def _change(desk: Desk, found: organizers.Person, act_: str, facts: dict[str, Any], alone: Any) -> Answer:
    reason = desk.values.get("reason", "").strip()
    if not reason:
        return await _show_person(desk, found, status=400, faults=[Fault("reason", "reason-missing")])
    try:
        async with desk.transaction() as connection:
            if await _alone(desk, connection):
                await alone(connection)
                await desk.note(connection, act_, str(found.id), **facts)
                return desk.see("/desk/people", "saved")
            if act_ == "people.roles":
                _some(_from_facts(facts["roles"]))
            await desk.propose(connection, act_, reason=reason, facts=facts)
    except Invalid as wrong:
        return await _show_person(desk, found, status=400, faults=wrong.faults)
    except Conflict as no:
        return await _show_person(desk, found, status=409, faults=[Fault("role", no.code)])
    return desk.see("/desk/people", "proposed")


def _some(grants: list[Grant]) -> None:
    if not grants:
        raise Invalid([Fault("role", "role")])


@act("/people/{person:str}/again", roles=OPERATORS, is_fresh=True)
async def again(desk: Desk) -> Answer:
    """Send an invitation that was let happen once more."""
    found = await _person(desk)
    if found.state != "invited":
        raise NotFound("organizer")
    async with desk.transaction() as connection:
        await organizers.send_invitation(connection, found.id)
        await desk.note(connection, "people.invited", str(found.id), again=True)
    return desk.see("/desk/people", "invited")


@act("/people/{person:str}/recover", roles=OPERATORS, is_fresh=True)
async def recover(desk: Desk) -> Answer:
    """Help a colleague back in. The number is shown here once, to be told by word of mouth; the link goes by mail."""
    found = await _person(desk)
    if found.id == desk.me.organizer_id:
        raise NotFound("organizer")
    async with desk.transaction() as connection:
        code = await organizers.recover(connection, desk.state.desk_keys, found.id)
        await desk.note(connection, "people.recover", str(found.id))
    return await _show_person(desk, found, code=f"{code[:4]} {code[4:]}")


@act("/people/associations", roles=OPERATORS, fields={"slug", "name"})
async def found(desk: Desk) -> Answer:
    if not desk.me.may(OPERATORS, None):
        raise NotFound("association")
    try:
        async with desk.transaction() as connection:
            made = await organizers.found_association(connection, desk.values.get("slug", ""), desk.values.get("name", ""))
            await desk.note(connection, "association.founded", str(made))
    except Invalid as wrong:
        return await _show(desk, status=400, association_faults=wrong.faults, typed=desk.values)
    except Conflict as no:
        return await _show(desk, status=409, association_faults=[Fault("slug", no.code)], typed=desk.values)
    return desk.see("/desk/people", "saved")


@act("/people/associations/{association:str}", roles=OPERATORS, fields={"name"})
async def rename(desk: Desk) -> Answer:
    association_id = uuid(desk.path["association"])
    if not desk.me.may(OPERATORS, association_id):
        raise NotFound("association")
    try:
        async with desk.transaction() as connection:
            await organizers.rename_association(connection, association_id, desk.values.get("name", ""))
            await desk.note(connection, "association.renamed", str(association_id))
    except Invalid as wrong:
        return await _show(desk, status=400, association_faults=wrong.faults, typed={})
    return desk.see("/desk/people", "saved")


# -- what another operator let happen --------------------------------------------------------------------------------------


async def _invite(desk: Desk, connection: db.Connection, what: Approval) -> str:
    await organizers.send_invitation(connection, UUID(what.facts["person"]))
    return "invited"


async def _refuse_invite(desk: Desk, connection: db.Connection, what: Approval) -> None:
    await organizers.q.drop_proposed(connection, id=UUID(what.facts["person"]))


async def _roles(desk: Desk, connection: db.Connection, what: Approval) -> str:
    await organizers.set_roles(connection, UUID(what.facts["person"]), _from_facts(what.facts["roles"]))
    return "saved"


async def _remove(desk: Desk, connection: db.Connection, what: Approval) -> str:
    await organizers.remove(connection, UUID(what.facts["person"]))
    return "removed"


approved = [
    Approved("people.invite", OPERATORS, _invite, refuse=_refuse_invite),
    Approved("people.roles", OPERATORS, _roles),
    Approved("people.remove", OPERATORS, _remove, delay=timedelta()),
]
handlers = [people, invite, person, roles, remove, again, recover, found, rename]
