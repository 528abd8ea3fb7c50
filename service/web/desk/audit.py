"""The trail of what was done here, to be read by operators: newest first, by kind of act, by person, by object.

Whether it is whole is checked on demand: the page says how many lines fit together, or which one does not.
"""

from __future__ import annotations

from uuid import UUID

from service import organizers
from service.organizers import Broken
from service.web.desk.frame import Answer, Desk, Place, page

OPERATORS = frozenset({"operator"})
PLACE = Place("audit", "/desk/audit", OPERATORS)
PAGE = 50


@page("/audit", roles=OPERATORS)
async def audit(desk: Desk) -> Answer:
    """Only for operators of everything: the trail is one, and tells of all associations."""
    if not desk.me.may(OPERATORS, None):
        return desk.show("refused.html", status=404, code="not-found")
    before = desk.query.get("before", "")
    person = desk.query.get("person", "")
    act = desk.query.get("act", "")
    lines = await organizers.read(
        desk.pool,
        before=int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None,
        act=act if act.replace(".", "").replace("-", "").isalpha() and len(act) < 60 else "",
        organizer_id=_id(person),
        limit=PAGE + 1,
    )
    checked, broken = None, ""
    if desk.query.get("check") == "1":
        try:
            checked = await organizers.check(desk.pool, desk.state.desk_keys.audit, desk.state.settings.data_dir / "audit-head")
        except Broken as wrong:
            broken = wrong.detail
    people = {one.id: one for one in await organizers.people(desk.pool, desk.state.desk_keys)}
    return desk.show(
        "audit.html", lines=lines[:PAGE], more=lines[PAGE - 1].number if len(lines) > PAGE else None, people=people,
        chosen={"act": act, "person": person}, checked=checked, broken=broken,
    )  # fmt: skip


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


handlers = [audit]
