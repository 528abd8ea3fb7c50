"""What somebody has to look at: forms that were held, and names that wait to be shown.

Held forms are shown by their features, in clusters and one by one, and go on or end; who they are is not shown. Names are shown
because their owners asked for it; they are reviewed before the public sees them.
"""

from __future__ import annotations

import re

from service import signatures
from service.errors import Fault, Invalid
from service.web.desk.frame import Answer, Desk, Place, act, page, uuid

MODERATORS = frozenset({"moderator"})
TABS = [Place("held", "/held", MODERATORS), Place("names", "/names", MODERATORS)]
SHOWN = 50


def _cluster(desk: Desk, given: str) -> tuple[str | None, str | None]:
    """``prefix:<hex>``, ``domain:<hex>`` or ``marks:<a,b>`` out of a form or address; (None, None) for all."""
    if not given:
        return None, None
    kind, _, value = given.partition(":")
    if kind not in ("prefix", "domain", "marks") or not re.fullmatch(r"[a-z0-9,-]{0,200}", value):
        raise Invalid([Fault("cluster", "choice")])
    return kind, value


@page("/petitions/{slug:str}/held", roles=MODERATORS, thing="petition")
async def held(desk: Desk) -> Answer:
    kind, value = _cluster(desk, desk.query.get("cluster", ""))
    seen = await signatures.look_at_held(desk.pool, desk.sheet.id, kind, value, limit=SHOWN)
    return desk.show("held.html", **seen, cluster=f"{kind}:{value}" if kind else "")


@act("/petitions/{slug:str}/held", roles=MODERATORS, fields={"do", "cluster", "id", "expected"}, thing="petition")
async def decide(desk: Desk) -> Answer:
    """Let go on, or refuse: one row, or a cluster of exactly the size that was shown."""
    do, petition_id = desk.values.get("do", ""), desk.sheet.id
    if do not in ("release", "refuse"):
        raise Invalid([Fault("do", "choice")])
    kind, value = _cluster(desk, desk.values.get("cluster", ""))
    async with desk.transaction() as connection:
        if "id" in desk.values:
            ids = [uuid(desk.values["id"])]
        elif kind is None:
            raise Invalid([Fault("cluster", "empty")])  # an empty condition would mean everybody
        else:
            ids = await signatures.held_ids(connection, petition_id, kind, value)
            if str(len(ids)) != desk.values.get("expected", ""):
                return desk.see(f"/desk/petitions/{desk.sheet.slug}/held", "held-changed")
        if do == "release":
            n = await signatures.ask_release(connection, petition_id, ids, asked_by=desk.me.organizer_id)
        else:
            n = await signatures.refuse(connection, petition_id, ids)
        await desk.note(connection, f"held.{do}", desk.sheet.slug, n=n, cluster=kind or "one")
    return desk.see(f"/desk/petitions/{desk.sheet.slug}/held", "held-released" if do == "release" else "held-refused")


@page("/petitions/{slug:str}/names", roles=MODERATORS, thing="petition")
async def names(desk: Desk) -> Answer:
    return desk.show(
        "names.html",
        waiting=[dict(row) async for row in signatures.q.next_names(desk.pool, petition_id=desk.sheet.id, limit=SHOWN)],
        total=await signatures.q.names_left(desk.pool, petition_id=desk.sheet.id),
    )


@act("/petitions/{slug:str}/names", roles=MODERATORS, prefixes={"name-"}, fields={"do"}, thing="petition")
async def review(desk: Desk) -> Answer:
    """Show or refuse the ticked names; what is shown appears from tomorrow, together with the day's others."""
    do = desk.values.get("do", "")
    if do not in ("shown", "refused"):
        raise Invalid([Fault("do", "choice")])
    ticked = [uuid(field.removeprefix("name-")) for field in desk.values if field.startswith("name-")]
    async with desk.transaction() as connection:
        ours = [row["signature_id"] async for row in signatures.q.names_among(connection, petition_id=desk.sheet.id, ids=ticked)]
        n = await signatures.q.review_names(connection, ids=ours, review=do, now=None)
        await desk.note(connection, f"names.{do}", desk.sheet.slug, n=n)
    return desk.see(f"/desk/petitions/{desk.sheet.slug}/names", "saved")


handlers = [held, decide, names, review]
