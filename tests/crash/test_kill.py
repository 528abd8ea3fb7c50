"""Processes are killed while people sign and press: nobody who was answered is lost, nobody is counted twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from crowd import Crowd, Log, Post, check, healed, settled
from torture import tick

from bench.topology import Topology
from service import db

LONG = pytest.mark.torture


async def _kill_one(town: Topology, victim: str) -> None:
    if victim == "postgres":
        assert town.postgres is not None
        pid = town.postgres.pid
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(180):
            while town.postgres.pid in (0, pid):
                await asyncio.sleep(0.02)
        return
    process = random.choice(town.webs if victim == "web" else town.workers)
    await process.kill()
    await process.start()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("cycles", [3, pytest.param(20, marks=LONG)])
async def test_whoever_was_answered_before_a_kill_is_there_after_it(
    town: Callable[..., Any], post: Post, note: Callable[..., None], cycles: int
) -> None:
    begun = time.monotonic()
    async with town(workers=2) as one:
        crowd = Crowd(one, post)
        victims = [("web", "worker", "postgres")[turn % 3] for turn in range(cycles)]
        random.shuffle(victims)
        async with crowd.walking():
            for done, victim in enumerate(victims):
                await crowd.more(random.randint(3, 30))  # so that each kill comes among answers
                await _kill_one(one, victim)
                tick(done + 1, cycles, "kill -9")
            await asyncio.gather(*(web.ready() for web in one.webs))
            await crowd.more(3)
        assert await settled(one), "everything comes to rest"
        verdict = await check(one, crowd.log)
    note(
        "kill -9 of web, worker, PostgreSQL", cycles, f"{verdict.received} received, {verdict.thanked} thanked", len(verdict.lost),
        len(verdict.twice), f"{time.monotonic() - begun:.0f}", " ".join(f"{n}×{what}" for what, n in sorted(crowd.log.answers.items())),
    )  # fmt: skip
    assert verdict.is_good, verdict
    assert verdict.received > 3 * cycles and verdict.thanked > cycles, "control: people were about"


async def test_the_checker_finds_what_is_lost_and_what_is_counted_twice(town: Callable[..., Any], post: Post) -> None:
    """The control: each promise is broken by hand, and the checker must see it."""
    async with town(webs=1) as one:
        crowd = Crowd(one, post)
        async with httpx2.AsyncClient(timeout=120) as client:
            people = [crowd.new_address() for _ in range(6)]
            for email in people:
                assert await crowd.sign(client, email)
            for email in people:
                assert await crowd.confirm(client, email) == "confirmed"
        assert await settled(one)
        assert (await check(one, crowd.log)).is_good
        told = Log([*crowd.log.received, ("a-form-that-never-came", "levon@example.org")], crowd.log.thanked | {"levon@example.org"})
        assert len((await check(one, told)).lost) == 2, "an answer without a row"
        row = await one.owner.fetchval("delete from intake where id = (select id from intake limit 1) returning id")
        assert row and len((await check(one, crowd.log)).lost) == 1, "a row that went"
        await one.owner.execute("drop index signature_one")
        await one.owner.execute("update signature set email_index = (select email_index from signature limit 1)")
        broken = await check(one, crowd.log)
        assert broken.twice and broken.faults and len(broken.lost) > 1, "a mailbox that counts more than once"
        await one.owner.execute("update mail set state = 'due', ended_at = null, sent_at = null, due_at = now() + interval '1 day'")
        assert any(fault.startswith("R4") for fault in (await check(one, crowd.log)).faults)


@LONG
@pytest.mark.timeout(900)
async def test_with_commits_that_do_not_wait_for_the_disk_the_same_harness_finds_losses(
    town: Callable[..., Any], post: Post, note: Callable[..., None]
) -> None:
    """The control for durability: a trigger makes commits asynchronous, the server is stopped at once, and forms are missing."""
    begun, cycles, lost, received = time.monotonic(), 5, 0, 0
    # No worker: each of its own commits would bring to the disk what lies before it.
    async with town(workers=0, configuration={"wal_writer_delay": "10s", "wal_writer_flush_after": "64MB"}) as one:
        await one.owner.execute(
            "create function careless() returns trigger language plpgsql as"
            " $$ begin perform set_config('synchronous_commit', 'off', true); return null; end $$;"
            "create trigger careless before insert on intake for each statement execute function careless()"
        )
        assert one.postgres is not None
        for done in range(cycles):
            crowd = Crowd(one, post, presses=False)
            async with crowd.walking():
                await crowd.more(40)
                pid = one.postgres.pid
                os.kill(pid, signal.SIGQUIT)  # an immediate stop
                async with asyncio.timeout(180):
                    while one.postgres.pid in (0, pid):
                        await asyncio.sleep(0.02)
            verdict = await check(one, crowd.log)
            lost, received = lost + len(verdict.lost), received + verdict.received
            tick(done + 1, cycles, "careless commits")
    note(
        "control: synchronous_commit = off", cycles, f"{received} received", f"{lost} (wanted)", "–", f"{time.monotonic() - begun:.0f}", ""
    )
    assert lost > 0, "the harness would not have noticed"


@pytest.mark.parametrize("within", [120, pytest.param(5, marks=LONG)])
async def test_while_the_database_is_away_everybody_is_told_to_come_back_and_the_pool_heals(
    town: Callable[..., Any], post: Post, within: float
) -> None:
    """Within five seconds of its return where nothing else runs; by itself everywhere."""
    async with town(webs=1) as one:
        crowd, web = Crowd(one, post), one.webs[0].pid
        assert one.postgres is not None
        os.kill(one.postgres.pid, signal.SIGSTOP)
        stopped = one.postgres.pid
        try:
            async with httpx2.AsyncClient(timeout=120, base_url=one.webs[0].url) as client:
                os.kill(stopped, signal.SIGCONT)
                os.kill(stopped, signal.SIGKILL)
                answer = await client.post(
                    f"{one.api}/signatures",
                    content=crowd.body("ani@example.org"),
                    headers={"idempotency-key": "k", "content-type": "application/json"},
                )
                assert answer.status_code in (202, 503), answer.text
                if answer.status_code == 503:
                    assert int(answer.headers["retry-after"]) >= 1
                assert (await client.get(one.api)).status_code == 200, "the count is still told"
        finally:
            async with asyncio.timeout(180):
                while one.postgres.pid in (0, stopped):
                    await asyncio.sleep(0.02)
        async with asyncio.timeout(180):
            while True:  # it is back when it answers, and not yet when it has a number
                with contextlib.suppress(*db.AWAY):
                    await one.owner.fetchval("select 1")
                    break
                await asyncio.sleep(0.02)
        assert await healed(one, crowd) < within
        assert one.webs[0].pid == web, "nobody started it again"
