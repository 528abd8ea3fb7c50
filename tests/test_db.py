"""The way to PostgreSQL: migrations go forward only, waits are bounded, and an absent database is a kind no."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import asyncpg
import pytest

from bench.topology import free_port
from conftest import quick_place
from service import db
from service.embedded.postgres import Postgres
from service.errors import Busy, Misconfigured


async def test_two_processes_migrate_at_once_and_each_file_is_applied_once(empty: str) -> None:
    applied = await asyncio.gather(db.migrate(empty), db.migrate(empty))
    assert sorted(map(len, applied)) == [0, len(db.migrations())]
    assert await db.migrate(empty) == []


async def test_a_database_without_schema_is_named_and_one_with_it_is_in_order(empty: str, pool: asyncpg.Pool) -> None:
    connection = await asyncpg.connect(empty)
    try:
        assert await db.schema_faults(connection) == ["the database has no schema yet: run `libertas migrate`"]
    finally:
        await connection.close()
    async with pool.acquire() as good:
        assert await db.schema_faults(good) == []


async def test_a_migration_that_is_missing_or_newer_than_the_code_is_named(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("insert into migration (number, name, digest) values (9999, '9999_future.sql', 'x')")
        assert await db.schema_faults(connection) == ["the database is newer than this code"]
        await connection.execute("delete from migration")
        assert len(await db.schema_faults(connection)) == len(db.migrations())


async def test_a_file_that_was_edited_after_it_was_applied_stops_the_migration(database: str, pool: asyncpg.Pool) -> None:
    await pool.execute("update migration set digest = 'other' where number = 1")
    with pytest.raises(Misconfigured, match="was edited after it was applied"):
        await db.migrate(database)
    await pool.execute("insert into migration (number, name, digest) values (9999, '9999_future.sql', 'x')")
    with pytest.raises(Misconfigured, match="9999_future.sql was applied and is not in this version"):
        await db.migrate(database)


async def test_a_migration_is_whole_or_not_there(empty: str) -> None:
    connection = await asyncpg.connect(empty)
    try:
        await connection.execute("create table tile ()")  # in the way of a later statement of the first file
        with pytest.raises(asyncpg.DuplicateTableError):
            await db.migrate(empty)
        assert await connection.fetchval("select to_regclass('petition')") is None
        await connection.execute("drop table tile")
        assert len(await db.migrate(empty)) == len(db.migrations())
    finally:
        await connection.close()


def test_numbers_of_migrations_have_no_gap() -> None:
    assert [number for number, _, _ in db.migrations()] == list(range(1, len(db.migrations()) + 1))


async def test_a_database_that_is_away_is_a_busy_and_not_a_fault() -> None:
    pool = asyncpg.create_pool(f"postgresql://nobody@127.0.0.1:{free_port()}/x", min_size=0, max_size=1, timeout=1)
    async with pool:
        with pytest.raises(Busy) as away:
            async with db.transaction(pool):
                raise AssertionError("not reached")
    assert away.value.retry_after >= 1


async def test_when_no_connection_is_free_the_wait_is_bounded(database: str) -> None:
    async with db.open_pool(database, high=1) as small, small.acquire():
        with pytest.raises(Busy):
            async with db.transaction(small, wait=0.05):
                raise AssertionError("not reached")


async def test_a_transaction_that_fails_leaves_nothing(pool: asyncpg.Pool) -> None:
    with pytest.raises(RuntimeError, match="half way"):
        async with db.transaction(pool) as connection:
            await connection.execute("insert into mail_cap (address_index) values ('x')")
            raise RuntimeError("half way")
    assert await pool.fetchval("select count(*) from mail_cap") == 0


async def test_a_process_that_is_started_before_its_database_waits_for_it() -> None:
    with tempfile.TemporaryDirectory(prefix="lib-", dir=quick_place()) as folder:
        postgres = Postgres(Path(folder) / "pg")
        await postgres.start()
        await db.migrate(postgres.migrate_url)
        await postgres.stop()

        async def serving() -> None:
            async with db.open_lasting_pool(postgres.url):
                pass

        early = asyncio.create_task(serving())
        try:
            await asyncio.sleep(0.3)
            assert not early.done(), "control: there was nothing to serve from"
            await postgres.start()
            await asyncio.wait_for(early, 120)
        finally:
            early.cancel()
            await postgres.stop()


async def test_a_database_that_stays_away_is_not_waited_for_for_ever_and_a_wrong_one_not_at_all() -> None:
    asked, twice = 0, asyncio.Event()

    async def ask(error: Exception) -> None:
        nonlocal asked
        asked += 1
        if asked == 2:
            twice.set()
        raise error

    waiting = asyncio.create_task(db.once_there(lambda: ask(ConnectionRefusedError())))
    await asyncio.wait_for(twice.wait(), 60)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(ConnectionRefusedError):
        await db.once_there(lambda: ask(ConnectionRefusedError()), patience=0.25)
    asked = 0
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await db.once_there(lambda: ask(asyncpg.InvalidCatalogNameError()))
    assert asked == 1


@pytest.mark.parametrize("broken", [*db.AWAY, asyncpg.DeadlockDetectedError, KeyError], ids=lambda kind: kind.__name__)
async def test_nothing_that_goes_wrong_ends_what_is_refreshed(broken: type[Exception]) -> None:
    calls = 0
    three = asyncio.Event()

    async def refresh() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            three.set()
        if calls == 2:
            raise broken("in the middle of an answer")

    async with db.refreshing(refresh, every=0.001, what="mirror"):
        assert calls == 1, "filled before anybody looks"
        await asyncio.wait_for(three.wait(), 60)


async def test_every_commit_is_durable_in_utc_and_no_statement_runs_for_ever(pool: asyncpg.Pool) -> None:
    wanted = {"synchronous_commit": "on", "TimeZone": "UTC", "statement_timeout": "30s", "lock_timeout": "10s"}
    assert {name: await pool.fetchval("select current_setting($1)", name) for name in wanted} == wanted


async def test_a_misspelled_statement_is_found_before_a_visitor_finds_it(pool: asyncpg.Pool) -> None:
    broken = db.aiosql.from_str("-- name: wrong()\nselect no_such_column from petition;\n", "asyncpg")
    async with pool.acquire() as connection:
        with pytest.raises(asyncpg.UndefinedColumnError):
            await connection.prepare(broken.wrong.sql)
