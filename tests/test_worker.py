"""The other process: what is due gets done, a fault in one act never ends the others, and an end is an orderly one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from bench.topology import free_port
from conftest import Database
from installation import Installation
from service import worker
from service.errors import Misconfigured
from service.identity import Keys
from service.settings import load
from service.worker import Worker


async def test_a_running_worker_decides_mails_and_ends_when_told(installation: Installation) -> None:
    stop = asyncio.Event()
    own = Worker(installation.pool, installation.settings, installation.keys, installation.shelf.now)
    running = asyncio.create_task(own.run(stop))
    assert (await installation.post()).status_code == 202
    async with asyncio.timeout(60):
        while not installation.letters("ani@example.org"):
            await asyncio.sleep(0.05)
        stop.set()
        await running


async def test_an_act_that_fails_is_tried_again_and_the_others_go_on() -> None:
    stop = asyncio.Event()
    tries: list[str] = []

    async def failing() -> bool:
        tries.append("failing")
        if len(tries) < 2:
            raise RuntimeError("ani@example.org must not be in the log")
        stop.set()
        return False

    async with asyncio.timeout(60):
        await worker._again_and_again("failing", failing, 0.01, stop)
    assert tries == ["failing"] * 2


async def test_the_nightly_work_can_be_done_again_and_again_and_mends_a_wrong_count(installation: Installation) -> None:
    await installation.confirm()
    assert await installation.seal() == 1
    await installation.owner.execute("update signature set operational_until = now() - interval '1 second'")
    await installation.owner.execute("update log set count = 41 where petition_id is not null")
    for _ in range(2):
        assert await installation.worker.pass_time() is False
    assert await installation.owner.fetchval("select n from daily_sum where kind = 'confirmed'") == 1
    assert await installation.owner.fetchval("select count from log where petition_id is not null") == 1, "made again from the entries"


async def test_after_grace_the_worker_closes_the_log_and_forgets_the_indexes(installation: Installation) -> None:
    await installation.confirm()
    assert await installation.seal() == 1
    await installation.owner.execute("update petition set opens_at = now() - interval '9 days', closes_at = now() - interval '25 hours'")
    await installation.worker.pass_time()
    assert await installation.owner.fetchval("select status from petition") == "closed"
    await installation.pass_seconds(60, of="log", column="sealed_at")
    await installation.worker.seal()
    assert await installation.owner.fetchval("select is_closed from log where petition_id is not null")
    await installation.worker.pass_time()
    assert await installation.owner.fetchval("select count(*) from signature where email_index is not null") == 0


async def test_a_worker_without_schema_or_keys_does_not_begin(fresh_database: Database, pool: asyncpg.Pool, tmp_path: Path) -> None:
    settings = load({}, database_url=fresh_database.url, smtp_url=f"smtp://127.0.0.1:{free_port()}", data_dir=tmp_path)
    with pytest.raises(Misconfigured, match="key folder does not exist"):
        await worker.run(settings, asyncio.Event())
    Keys.create(settings.key_dir, demo=False)
    await pool.execute("delete from migration")
    with pytest.raises(Misconfigured, match="libertas migrate"):
        await worker.run(settings, asyncio.Event())


async def test_the_organizers_key_on_a_server_stops_the_start(fresh_database: Database, tmp_path: Path) -> None:
    settings = load({}, database_url=fresh_database.url, smtp_url=f"smtp://127.0.0.1:{free_port()}", data_dir=tmp_path)
    Keys.create(settings.key_dir).certificate_path.write_text("anything", encoding="utf-8")
    with pytest.raises(Misconfigured, match="belongs to the organizers"):
        await worker.run(settings, asyncio.Event())
