"""The first page of the desk: every petition with its number and state, and what waits for somebody."""

from __future__ import annotations

from service import petitions
from service.web.desk.frame import EVERYONE, Answer, Desk, Place, page

EDITORS = frozenset({"editor"})
PLACE = Place("home", "/desk", EVERYONE)


@page("/", roles=EVERYONE)
async def home(desk: Desk) -> Answer:
    mine = [sheet for sheet in await petitions.sheets(desk.pool) if desk.me.may(EVERYONE, sheet.association_id)]
    return desk.show("home.html", sheets=mine, may_edit=desk.me.has(EDITORS))


handlers = [home]
