"""The web process as a whole: it refuses a wrong start, says every no in the visitor's way, and tells its log nothing personal."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from prometheus_client import generate_latest

from conftest import Database
from installation import Installation
from service import app
from service.errors import Misconfigured
from service.identity import Keys
from service.settings import Settings, load


async def start(settings: Settings) -> None:
    """Begin the application's life and end it at once; raises what its start raised."""
    litestar: Any = app.create(settings)
    while not hasattr(litestar, "lifespan"):  # behind its doors
        litestar = litestar._inner
    try:
        async with litestar.lifespan():
            pass
    except BaseExceptionGroup as stopped:
        inside: BaseException = stopped
        while isinstance(inside, BaseExceptionGroup):
            inside = inside.exceptions[0]
        raise inside from None


async def test_what_a_start_needs_is_named(fresh_database: Database, pool: asyncpg.Pool, tmp_path: Path) -> None:
    settings = load({}, database_url=fresh_database.url, data_dir=tmp_path)
    with pytest.raises(Misconfigured, match="key folder does not exist"):
        await start(settings)
    keys = Keys.create(settings.key_dir, demo=False)
    await start(settings)
    keys.certificate_path.write_text("anything", encoding="utf-8")
    with pytest.raises(Misconfigured, match="belongs to the organizers"):
        await start(settings)
    await start(load({}, database_url=fresh_database.url, data_dir=tmp_path, embedded=True))
    keys.certificate_path.unlink()
    await pool.execute("delete from migration")
    with pytest.raises(Misconfigured, match="libertas migrate"):
        await start(settings)


@pytest.mark.parametrize("missing", ["token", "promise", "altcha"])
async def test_each_missing_key_refuses_the_start(fresh_database: Database, tmp_path: Path, missing: str) -> None:
    settings = load({}, database_url=fresh_database.url, data_dir=tmp_path, embedded=True)
    Keys.create(settings.key_dir)
    (settings.key_dir / missing).rename(tmp_path / "elsewhere")
    with pytest.raises(Misconfigured, match=missing):
        await start(settings)


async def test_a_no_is_a_page_for_people_and_a_problem_for_programs(installation: Installation) -> None:
    page = await installation.client.get("/hy/nothing-here")
    assert page.status_code == 404 and 'lang="hy"' in page.text and page.headers["content-type"].startswith("text/html")
    told = await installation.client.get("/api/v1/nothing-here")
    assert told.status_code == 404 and told.headers["content-type"].startswith("application/problem+json")


async def test_answers_are_counted_by_route_and_never_by_an_address_that_holds_a_token(installation: Installation) -> None:
    await installation.client.get("/en/confirm/a-token-of-levon")
    text = generate_latest().decode()
    assert "a-token-of-levon" not in text
    assert 'libertas_requests_total{method="GET",route="' in text and "confirm/{" in text


async def test_a_fault_is_a_five_hundred_that_names_places_and_no_person(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    await installation.owner.execute("alter table daily_sum rename to daily_sum_away")
    answer = await installation.client.get(f"{installation.api}/statistics")
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert "daily_sum" not in answer.text
    said = capsys.readouterr()
    assert "web: fault" in said.out + said.err
    assert "daily_sum" not in said.out + said.err


async def test_a_signer_who_hangs_up_is_stored_all_the_same(installation: Installation) -> None:
    body = installation.fields(altcha=await installation.proof())
    sending = asyncio.create_task(
        installation.client.post(f"{installation.api}/signatures", json=body, headers={"Idempotency-Key": "levon"})
    )
    async with installation.owner.acquire() as other:
        block = other.transaction()
        await block.start()
        await other.execute("lock table intake in exclusive mode")
        waits = "select exists (select from pg_locks where relation = 'intake'::regclass and not granted)"
        async with asyncio.timeout(60):
            while not await installation.owner.fetchval(waits):
                await asyncio.sleep(0.01)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await block.rollback()
    async with asyncio.timeout(60):
        while not await installation.rows("select 1 from intake"):
            await asyncio.sleep(0.05)
