"""Many signatures taken out of the count at once, and put back: by a condition, with a number seen before, agreed on by two.

Whoever signed is never shown: a condition speaks of features, and the page answers with a number. What was approved is
recorded in the approval's own transaction, of exactly that many signatures or not at all; the worker carries it out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from service import db, signatures
from service.errors import Conflict, Fault, Invalid, NotFound
from service.organizers import Approval
from service.signatures import Condition
from service.web.desk import typed
from service.web.desk.frame import Answer, Approved, Desk, Place, act, page, uuid
from service.web.desk.typed import Gathered

MODERATORS = frozenset({"moderator"})
TABS = [Place("invalidation", "/invalidation", MODERATORS)]
SHOWN = 50
MANY = 50
"""Values of one feature in a condition."""
FEW = 10_000
"""Signatures of an act up to which the page counts by itself how many are still out."""

FEATURES = tuple(Condition.__struct_fields__)


def _hash(text: str) -> bytes:
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        raise ValueError
    return bytes.fromhex(text)


def _word(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,60}", text):
        raise ValueError
    return text


def _version(text: str) -> int:
    if not re.fullmatch(r"[1-9][0-9]{0,5}", text):
        raise ValueError
    return int(text)


def _minute(text: str) -> datetime:
    """Hours and minutes in UTC, as the page shows them and as a browser's own field sends them."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d", text):
        raise ValueError
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _day(text: str) -> date:
    if (found := typed.day(text)) is None:
        raise ValueError
    return found


_LISTS: dict[str, Callable[[str], Any]] = {
    "ids": UUID, "prefixes": _hash, "domains": _hash, "lanes": _word, "marks": _word, "text_versions": _version,
}  # fmt: skip
_MOMENTS: dict[str, Callable[[str], Any]] = {
    "received_from": _minute, "received_until": _minute, "days_from": _day, "days_until": _day,
}  # fmt: skip


def _parts(text: str) -> list[str]:
    found = list(dict.fromkeys(re.split(r"[\s,]+", text.strip(", \n"))))
    if len(found) > MANY:
        raise ValueError
    return found


def condition(values: dict[str, Any]) -> Condition:
    """What the fields say; an empty field narrows nothing. Raises ``Invalid`` with every field that cannot be read."""
    found: dict[str, Any] = {}
    faults = []
    for name in FEATURES:
        if not (text := str(values.get(name, "")).strip()):
            continue
        try:
            found[name] = tuple(_LISTS[name](part) for part in _parts(text)) if name in _LISTS else _MOMENTS[name](text)
        except ValueError:
            faults.append(Fault(name, "unreadable-feature"))
    if faults:
        raise Invalid(faults)
    asked = Condition(**found)
    asked.asked()
    return asked


def _grounds(values: dict[str, Any]) -> str:
    given = str(values.get("grounds", ""))
    if given not in signatures.REASONS:
        raise Invalid([Fault("grounds", "choice")])
    return given


def _plain(asked: Condition) -> dict[str, Any]:
    """The condition as it is written down for the second person; ``condition`` reads it again."""

    def text(value: Any) -> str:
        if isinstance(value, bytes):
            return value.hex()
        return value.strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else str(value)

    given = {name: getattr(asked, name) for name in FEATURES}
    return {
        name: [text(each) for each in value] if isinstance(value, tuple) else text(value)
        for name, value in given.items()
        if value is not None
    }


def _fields(facts: dict[str, Any]) -> dict[str, str]:
    return {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in facts.items() if name in FEATURES}


async def _show(desk: Desk, *, status: int = 200, only: UUID | None = None, **more: Any) -> Answer:
    """The page; of a large act (``only``) it says how many are still out when somebody asks for it, and then shows that act alone."""
    petition_id = desk.sheet.id
    return desk.show(
        "invalidation.html",
        status=status,
        clusters=[dict(row) async for row in signatures.q.clusters(desk.pool, petition_id=petition_id)],
        acts=[dict(row) async for row in signatures.q.acts(desk.pool, petition_id=petition_id, only=only, limit=SHOWN, most=FEW)],
        only=only,
        reasons=signatures.REASONS,
        features=FEATURES,
        **{"faults": [], "count": None, "is_all": True, "is_changed": False, "reversing": None, **more, "typed": more.get("typed", {})},
    )


@page("/petitions/{slug:str}/invalidation", roles=MODERATORS, thing="petition")
async def invalidation(desk: Desk) -> Answer:
    return await _show(desk, only=uuid(desk.query["act"]) if desk.query.get("act") else None)


@act("/petitions/{slug:str}/invalidation/preview", roles=MODERATORS, fields={*FEATURES, "all"}, thing="petition")
async def preview(desk: Desk) -> Answer:
    """How many it would be, and nothing more; nothing is changed. Of very many it says "at least", until somebody wants them all."""
    try:
        asked = condition(desk.values)
        if desk.values.get("all"):
            count, is_all = await signatures.preview(desk.pool, desk.sheet.id, asked), True
        else:
            count, is_all = await signatures.glance(desk.pool, desk.sheet.id, asked)
    except Invalid as wrong:
        return await _show(desk, status=400, faults=wrong.faults, typed=desk.values)
    return await _show(desk, typed=desk.values, count=count, is_all=is_all)


@act(
    "/petitions/{slug:str}/invalidation", roles=MODERATORS, fields={*FEATURES, "grounds", "reason", "expected"}, thing="petition",
    is_fresh=True,
)  # fmt: skip
async def propose(desk: Desk) -> Answer:
    """Leave it to a second person, if it is still the number that was shown."""
    values = desk.values
    count = None
    try:
        asked = condition(values)
        count = await signatures.preview(desk.pool, desk.sheet.id, asked)
        if str(count) != values.get("expected", "") or not count:
            return await _show(desk, status=409, typed=values, count=count, is_changed=True)
        facts, wrong = {"signatures": count, **_plain(asked)}, Gathered()
        async with desk.transaction() as connection:
            with wrong.part():
                facts["grounds"] = _grounds(values)
            with wrong.part():
                await desk.propose(connection, "invalidation.invalidate", reason=values.get("reason", ""), facts=facts)
            wrong.refuse()
    except Invalid as wrong:
        return await _show(desk, status=400, faults=wrong.faults, typed=values, count=count)
    return desk.see("/desk/approvals", "proposed")


async def _standing(desk: Desk) -> dict[str, Any]:
    """The act that the address names, if it is one of this petition."""
    wanted = uuid(desk.path["act"])
    async for row in signatures.q.acts(desk.pool, petition_id=desk.sheet.id, only=wanted, limit=1, most=0):
        return dict(row)
    raise NotFound("act")


@act("/petitions/{slug:str}/invalidation/{act:str}/stop", roles=MODERATORS, thing="petition")
async def stop(desk: Desk) -> Answer:
    """No further batch is begun. One person is enough: what is stopped can go on."""
    return await _brake(desk, "stopped", signatures.q.stop_act)


@act("/petitions/{slug:str}/invalidation/{act:str}/resume", roles=MODERATORS, thing="petition")
async def resume(desk: Desk) -> Answer:
    """Go on with what two agreed on."""
    return await _brake(desk, "resumed", signatures.q.resume_act)


async def _brake(desk: Desk, done: str, statement: Any) -> Answer:
    standing = await _standing(desk)
    async with desk.transaction() as connection:
        if await statement(connection, id=standing["id"]) is None:
            return desk.see(f"/desk/petitions/{desk.sheet.slug}/invalidation", "act-over")
        await desk.note(connection, f"invalidation.{done}", str(standing["id"]))
    return desk.see(f"/desk/petitions/{desk.sheet.slug}/invalidation", f"act-{done}")


@act(
    "/petitions/{slug:str}/invalidation/{act:str}/reverse", roles=MODERATORS, fields={"reason", "expected"}, thing="petition", is_fresh=True
)
async def reverse(desk: Desk) -> Answer:
    """Leave it to a second person to put back whatever an act took out and is still out."""
    standing = await _standing(desk)
    count = standing["still_out"]
    if standing["state"] == "ready" or not count or str(count) != desk.values.get("expected", ""):
        return await _show(desk, status=409, is_changed=True)
    facts = {"signatures": count, "reverses": str(standing["id"]), "grounds": standing["reason"]}
    try:
        async with desk.transaction() as connection:
            await desk.propose(connection, "invalidation.reverse", reason=desk.values.get("reason", ""), facts=facts)
    except Invalid as wrong:
        return await _show(desk, status=400, faults=wrong.faults, reversing=standing["id"])
    return desk.see("/desk/approvals", "proposed")


# -- what a second person let happen ------------------------------------------------------------------------------------------


def _where(what: Approval) -> UUID:
    if what.petition_id is None:
        raise Conflict(code="approval-decided")
    return what.petition_id


async def _invalidate(desk: Desk, connection: db.Connection, what: Approval) -> str:
    """The act has its approval's id, so that one approval is one act. Another number takes the approval back (409)."""
    facts = what.facts
    asked = condition(_fields(facts))
    await signatures.record_invalidation(connection, _where(what), what.id, asked, facts["grounds"], expected=facts["signatures"])
    return "recorded"


async def _reverse(desk: Desk, connection: db.Connection, what: Approval) -> str:
    of = UUID(what.facts["reverses"])
    await signatures.record_reversal(connection, _where(what), what.id, of, expected=what.facts["signatures"])
    return "recorded"


approved = [
    Approved("invalidation.invalidate", MODERATORS, _invalidate),
    Approved("invalidation.reverse", MODERATORS, _reverse),
]
handlers = [invalidation, preview, propose, stop, resume, reverse]
