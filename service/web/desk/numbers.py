"""How a petition goes: received and confirmed by day, where from, how long people take, what is held, what is due; never who.

Everything comes from sums that the worker keeps, so the page costs the same at a thousand signatures and at a million.
"""

from __future__ import annotations

from datetime import timedelta

from service import mail, recipients, signatures
from service.web.desk import charts
from service.web.desk.frame import EVERYONE, Answer, Desk, Place, page

TABS = [Place("numbers", "/numbers", EVERYONE)]
WATCHERS = frozenset({"operator", "moderator"})
PLACE = Place("mail", "/desk/mail", WATCHERS)


@page("/petitions/{slug:str}/numbers", roles=EVERYONE, thing="petition")
async def numbers(desk: Desk) -> Answer:
    sheet, pool = desk.sheet, desk.pool
    today = desk.state.clock().date()
    received, confirmed = {}, {}
    async for row in signatures.q.days(pool, petition_id=sheet.id):
        received[row["day"]] = row["received"]
        confirmed[row["day"]] = row["confirmed"]
    shares: dict[str, list[tuple[str, int]]] = {"country": [], "language": [], "partner": []}
    async for row in signatures.q.shares(pool, petition_id=sheet.id):
        shares[row["kind"]].append((row["key"], row["n"]))
    outcomes = {row["outcome"]: row["n"] async for row in signatures.q.outcomes(pool, petition_id=sheet.id)}
    goal = next((step for step in sheet.goal_steps if step > sheet.count), sheet.goal)
    return desk.show(
        "numbers.html",
        received=charts.columns(received, until=today),
        confirmed=charts.columns(confirmed, until=today - timedelta(days=1)),
        shares={kind: charts.merged(cells) for kind, cells in shares.items() if cells},
        outcomes=outcomes,
        forms=sum(received.values()),
        settled=sum(confirmed.values()),
        lag=await signatures.q.lag(pool, petition_id=sheet.id),
        held=await signatures.q.held_count(pool, petition_id=sheet.id),
        goal=goal,
        forecast=charts.forecast(confirmed, today=today, count=sheet.count, goal=goal),
        due=[due for due in await recipients.soon(pool, today + timedelta(days=60)) if due.petition == sheet.slug],
        deliveries=await recipients.deliveries(pool, sheet.id),
        small=charts.SMALL,
        size=(charts.WIDTH, charts.HEIGHT),
        foot=charts.FOOT,
        today=today,
    )


@page("/mail", roles=WATCHERS)
async def health(desk: Desk) -> Answer:
    """Providers in trouble, by a keyed hash: enough to see that something is wrong, nothing about anybody."""
    async with desk.pool.acquire() as connection:
        due, oldest = await mail.waiting(connection)
        rows = [dict(row) async for row in mail.q.health(connection, now=None)]
    return desk.show("mail.html", due=due, oldest=int(oldest // 60), rows=rows)


handlers = [numbers, health]
