"""One person, many at the same instant, on two web processes: one row, one count."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from crowd import FORM, Crowd, Post, check, settled
from torture import tick

from bench import material
from bench.topology import Topology
from installation import state_of

LONG = pytest.mark.torture


async def _race(town: Topology, crowd: Crowd, email: str, racers: int) -> tuple[list[int], list[str]]:
    """(statuses of ``racers`` submissions at once, states of as many presses at once)."""
    limits = httpx2.Limits(max_connections=racers)
    async with httpx2.AsyncClient(timeout=120, limits=limits) as client:

        async def submit(number: int) -> int:
            web = town.webs[number % len(town.webs)]
            key = f"race-{number}" if number % 2 else "race-double-click"  # half of them repeat one form key
            headers = {
                "idempotency-key": f"{key}-{abs(hash(email))}",
                "content-type": "application/json",
                "x-forwarded-for": material.network(),
            }
            answer = await client.post(f"{web.url}{town.api}/signatures", content=crowd.body(email), headers=headers)
            return answer.status_code

        sent = await asyncio.gather(*(submit(number) for number in range(racers)))
        path = await crowd.post.link(email)
        assert path is not None
        await crowd.reading_time()

        async def press(number: int) -> str:
            web = town.webs[number % len(town.webs)]
            return state_of(await client.post(f"{web.url}{path}", headers=FORM))

        return list(sent), list(await asyncio.gather(*(press(number) for number in range(racers))))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("turns", [1, pytest.param(20, marks=LONG)])
async def test_fifty_submissions_and_fifty_presses_of_one_person_are_one_row_and_one_count(
    town: Callable[..., Any], post: Post, note: Callable[..., None], turns: int
) -> None:
    begun = time.monotonic()
    async with town(webs=2, workers=2) as one:
        crowd = Crowd(one, post)
        for turn in range(turns):
            email = crowd.new_address()
            sent, pressed = await _race(one, crowd, email, 50)
            assert set(sent) == {202}
            assert sorted(set(pressed)) == ["already", "confirmed"] and pressed.count("confirmed") == 1, pressed
            crowd.log.thanked.add(email)
            tick(turn + 1, turns, "races")
        assert await settled(one)
        verdict = await check(one, crowd.log)
        living = await one.owner.fetchval("select count(*) from signature")
        mails = await one.owner.fetchval("select count(*) from mail where template = 'confirm'")
        double = await one.owner.fetchval("select count(*) from intake where outcome = 'pending'")
    note(
        "50 submissions and 50 presses of one",
        turns,
        f"{turns} people",
        len(verdict.lost),
        len(verdict.twice),
        f"{time.monotonic() - begun:.0f}",
        "",
    )
    assert verdict.is_good, verdict
    assert living == turns and double == turns and mails == turns, "one row, one first decision, one mail each"
