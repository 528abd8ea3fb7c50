"""The first page of the desk: every petition with its number and state, and what waits for somebody."""

from __future__ import annotations

from datetime import timedelta

from service import petitions, recipients
from service.web.desk.frame import EVERYONE, Answer, Desk, Place, page

EDITORS = frozenset({"editor"})
PLACE = Place("home", "/desk", EVERYONE)
AHEAD = timedelta(days=30)
SHOWN = 5
"""Of those without a sponsor, so many by name."""


@page("/", roles=EVERYONE)
async def home(desk: Desk) -> Answer:
    mine = [sheet for sheet in await petitions.sheets(desk.pool) if desk.me.may(EVERYONE, sheet.association_id)]
    slugs = {sheet.slug for sheet in mine}
    today = desk.state.clock().date()
    register = desk.state.register.now
    return desk.show(
        "home.html",
        sheets=mine,
        may_edit=desk.me.has(EDITORS),
        due=[due for due in await recipients.soon(desk.pool, today + AHEAD) if due.petition in slugs],
        today=today,
        covered=register.covered,
        alone=[case for case in register.fewest(SHOWN) if not register.standing(case.id)],
    )


handlers = [home]
