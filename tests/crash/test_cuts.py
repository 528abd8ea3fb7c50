"""Connections to the database are cut while people sign and press: nobody who was answered is lost, nobody is counted twice."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from crowd import Crowd, Post, check, healed, settled
from cutting import Cutter
from torture import tick

from bench.topology import Topology, topology
from conftest import Server

LONG = pytest.mark.torture


@contextlib.asynccontextmanager
async def _town(server: Server, folder: Path, post: Post) -> AsyncIterator[tuple[Topology, Cutter]]:
    """Two web processes and a worker, which reach the database by a way on which they can be cut off."""
    name = f"cut_{secrets.token_hex(4)}"
    await server.create(name)
    try:
        async with Cutter(server.app(name)) as cutter:
            urls = server.owner(name), cutter.url
            async with topology(
                folder, smtp_url=post.url, webs=2, workers=1, database=urls, TRUSTED_PROXIES="127.0.0.1/32", SEAL_SECONDS="0.2"
            ) as one:
                await one.start()
                yield one, cutter
                cutter.mode = "calm"
    finally:
        await server.drop(name)


@contextlib.asynccontextmanager
async def _leases_run_out(town: Topology) -> AsyncIterator[None]:
    """Whatever was taken in hand three seconds ago or more, or is to be tried again later, is due now; else each cut costs half a minute."""

    async def hasten() -> None:
        while True:
            for table, open_ in (("mail", "state = 'due'"), ("intake", "decided_at is null")):
                await town.owner.execute(
                    f"update {table} set claimed_until = now() where {open_} and claimed_until between now() and now() + interval '27 s'"
                )
            await town.owner.execute("update mail set due_at = now() where state = 'due' and due_at > now()")
            await asyncio.sleep(0.5)

    running = asyncio.create_task(hasten())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("cuts", [16, pytest.param(1_000, marks=LONG)])
async def test_whoever_was_answered_while_connections_were_cut_is_there_and_counted_once(
    server: Server, folder: Path, post: Post, note: Callable[..., None], cuts: int
) -> None:
    begun = time.monotonic()
    async with _town(server, folder, post) as (one, cutter), _leases_run_out(one):
        processes = {process.name: process.pid for process in one.processes}
        crowd = Crowd(one, post)
        async with crowd.walking():
            await crowd.more(8)
            cutter.mode = "cutting"
            for done in range(0, cuts, 8):
                await cutter.until(min(cuts, done + 8), patience=2_400)
                tick(min(cuts, done + 8), cuts, "cuts")
            cutter.mode = "calm"
        await healed(one, crowd, 60)
        assert await settled(one, 120), "everything comes to rest"
        verdict = await check(one, crowd.log)
        assert processes == {process.name: process.pid for process in one.processes}, "they healed by themselves: nobody started them again"

        # The control: a house whose database answers before it has committed.
        fooled = Crowd(one, post, presses=False)
        cutter.mode = "lying"
        async with fooled.walking():
            await fooled.more(20)
        cutter.mode = "calm"
        broken = await check(one, fooled.log)
    note(
        "connections cut", cutter.cuts.total(), f"{verdict.received} received, {verdict.thanked} thanked", len(verdict.lost), len(verdict.twice),
        f"{time.monotonic() - begun:.0f}",
        " ".join(f"{n}×{what}" for what, n in sorted((cutter.cuts + crowd.log.answers).items())) + f"; {len(broken.lost)} of {cutter.lies} lies found",
    )  # fmt: skip
    assert verdict.is_good, verdict
    assert verdict.thanked > 3, "control: people were about"
    assert {"before", "during", "after", "any byte"} == set(cutter.cuts), "control: at each place"
    faults = {what: n for what, n in crowd.log.answers.items() if what.startswith("5") and what != "503"}
    assert not faults, "who is cut off is told to come back, and it is nobody's bug"
    assert broken.lost, "control: the same harness finds what was answered and never stored"
