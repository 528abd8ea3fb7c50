"""The way to PostgreSQL: a pool, the named statements of ``sql/``, migrations that only go forward.

Statements are read once and prepared by a test, so a typo stops the program and not a visitor. The database keeps what
must be true; nothing here retries a statement, because a lost answer may hide a commit.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import aiosql
import asyncpg
import structlog

from service.errors import Busy, Misconfigured

log = structlog.get_logger()

Connection = asyncpg.Connection | asyncpg.pool.PoolConnectionProxy
_Answer = TypeVar("_Answer")
Isolation = Literal["read_committed", "repeatable_read", "serializable"]

_HERE = Path(__file__).parent
MIGRATION_LOCK = 0x11BE27A5
PATIENCE = 60.0
"""Seconds that a process which has just been started waits for its database."""

AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
)
"""What a database that is away, restarting or cutting connections raises, also in the middle of an answer."""


def sql_dir() -> Path:
    """The folder of SQL files: beside the package in a checkout, inside it in an installed wheel."""
    inside = _HERE / "_sql"
    return inside if inside.is_dir() else _HERE.parent / "sql"


@cache
def statements(module: str) -> Any:
    """The named statements of ``sql/<module>.sql`` as aiosql's functions, read once.

    Declared as ``-- name: word(param, param)`` with aiosql's suffix for the answer: none yields rows (``async for``),
    ``^`` one row or None, ``$`` one value, ``!`` no answer. Called as ``await mail.word(connection, param=...)``; ``.sql`` is the text.
    """
    return aiosql.from_path(sql_dir() / f"{module}.sql", "asyncpg")


@asynccontextmanager
async def open_pool(url: str, *, low: int = 1, high: int = 8, name: str = "libertas") -> AsyncIterator[asyncpg.Pool]:
    """A pool with durable commits, UTC and bounded waits; statements over 30 s are ended by the server.

    A connection that is given back keeps what was set for its session, so whoever sets something says ``set local``: the
    usual reset is a round trip to the server after every use, before those who wait for the same batch are answered.
    An open transaction is rolled back all the same.
    """
    async with _pool(url, low, high, name) as pool:
        yield pool


@asynccontextmanager
async def open_lasting_pool(url: str, *, low: int = 1, high: int = 8, name: str = "libertas") -> AsyncIterator[asyncpg.Pool]:
    """``open_pool`` for a process that runs for long: a database that is away when it starts is waited for (``PATIENCE``).

    Raises ``Misconfigured`` when the schema is not the one that this code knows.
    """

    async def opened() -> asyncpg.Pool:
        pool = _pool(url, low, high, name)
        try:
            return await pool
        except BaseException:
            pool.terminate()
            raise

    async def checked() -> list[str]:
        async with pool.acquire() as connection:
            return await schema_faults(connection)

    async with await once_there(opened) as pool:
        if faults := await once_there(checked):
            raise Misconfigured(faults)
        yield pool


def _pool(url: str, low: int, high: int, name: str) -> asyncpg.Pool:
    return asyncpg.create_pool(
        url,
        reset=_leave,
        min_size=low,
        max_size=high,
        timeout=5,
        command_timeout=35,
        max_inactive_connection_lifetime=60,
        server_settings={
            "application_name": name,
            "timezone": "UTC",
            "synchronous_commit": "on",
            "statement_timeout": "30s",
            "lock_timeout": "10s",
            "idle_in_transaction_session_timeout": "30s",
        },
    )


async def _leave(_: asyncpg.Connection) -> None:
    """Nothing is set for a session, so nothing needs to be set back."""


@asynccontextmanager
async def transaction(pool: asyncpg.Pool, *, isolation: Isolation = "read_committed", wait: float = 5) -> AsyncIterator[Connection]:
    """One connection in one transaction. Raises ``Busy`` when no connection is free or the database is away."""
    try:
        connection = await pool.acquire(timeout=wait)
    except (*AWAY, asyncpg.TooManyConnectionsError) as away:
        raise Busy(2, "the database is away") from away
    try:
        async with connection.transaction(isolation=isolation):
            yield connection
    finally:
        await pool.release(connection)


async def once_there(ask: Callable[[], Awaitable[_Answer]], *, patience: float = PATIENCE) -> _Answer:
    """What ``ask`` answers; while the database is away it is asked again, for ``patience`` seconds, then its error is raised."""
    end, pause = time.monotonic() + patience, 0.1
    while True:
        try:
            return await ask()
        except AWAY as away:
            if time.monotonic() + pause > end:
                raise
            log.warning("database is away: waiting for it", error=type(away).__name__)
        await asyncio.sleep(pause)
        pause = min(pause * 2, 2)


@asynccontextmanager
async def refreshing(refresh: Callable[[], Awaitable[None]], *, every: float, what: str) -> AsyncIterator[None]:
    """``refresh`` was called once when the block begins, and is called every ``every`` seconds until it ends.

    The first call is made with patience (``once_there``), and raises. From then on nothing ends it: a database that is away
    is waited for, anything else raises an alarm in the log under the name ``what``, and the last state stays.
    """
    await once_there(refresh)
    task = asyncio.create_task(_refresh(refresh, every, what))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _refresh(refresh: Callable[[], Awaitable[None]], every: float, what: str) -> None:
    while True:
        await asyncio.sleep(every)
        try:
            await refresh()
        except (*AWAY, asyncpg.PostgresError) as away:
            log.warning(f"{what}: database is away", error=type(away).__name__)
        except Exception as fault:  # the edge of this task: without it the last state would stay, and nobody would know
            log.error(f"{what}: fault", alarm=True, error=type(fault).__name__)  # noqa: TRY400


# -- migrations ----------------------------------------------------------------------------------------------------------


def migrations() -> list[tuple[int, str, str]]:
    """(number, file name, SQL) of every file in ``sql/schema``, in order and without a gap."""
    found = sorted((sql_dir() / "schema").glob("[0-9][0-9][0-9][0-9]_*.sql"))
    for expected, file in enumerate(found, start=1):
        if int(file.name[:4]) != expected:
            raise Misconfigured([f"sql/schema: {file.name} should be number {expected:04}"])
    return [(int(f.name[:4]), f.name, f.read_text(encoding="utf-8")) for f in found]


def digests() -> list[tuple[int, str, str]]:
    """(number, file name, digest) of every migration of this code, as the table ``migration`` keeps them."""
    return [(number, name, _sum(sql)) for number, name, sql in migrations()]


def _sum(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()


async def migrate(url: str, *, up_to: int | None = None) -> list[str]:
    """Bring the schema forward, one transaction a file; returns the names of the files that were applied.

    Safe to run from any number of processes at once, and again after a kill at any statement. Refuses (``Misconfigured``)
    an applied file that was edited or is missing, and a database that is newer than this code. With ``up_to`` it goes no
    further than that number: a backup is restored into the schema that it was taken from.
    """
    connection = await asyncpg.connect(url, timeout=10)
    try:
        # Polled, not awaited inside the lock call: a waiter there would hold a snapshot that CREATE INDEX CONCURRENTLY
        # waits for, and both would wait for ever.
        while not await connection.fetchval("select pg_try_advisory_lock($1)", MIGRATION_LOCK):  # noqa: ASYNC110 - another process holds it
            await asyncio.sleep(0.1)
        await connection.execute("set lock_timeout = '2s'")
        await connection.execute(
            "create table if not exists migration"
            " (number int primary key, name text not null, digest text not null, at timestamptz not null default now())"
        )
        done = {r["number"]: r for r in await connection.fetch("select number, name, digest from migration")}
        files = migrations()
        faults = [f"sql/schema: {done[n]['name']} was applied and is not in this version" for n in done if n > len(files)]
        faults += [
            f"sql/schema: {name} was edited after it was applied"
            for n, name, text in files
            if n in done and done[n]["digest"] != _sum(text)
        ]
        if faults:
            raise Misconfigured(faults)
        applied = []
        for number, name, text in files:
            if number in done or (up_to is not None and number > up_to):
                continue
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute("insert into migration (number, name, digest) values ($1, $2, $3)", number, name, _sum(text))
            applied.append(name)
        return applied
    finally:
        await connection.close()


async def schema_faults(connection: Connection) -> list[str]:
    """What is wrong with the database's schema for this code; empty when nothing is."""
    files = migrations()
    try:
        done: dict[int, str] = {r["number"]: r["digest"] for r in await connection.fetch("select number, digest from migration")}
    except asyncpg.UndefinedTableError:
        return ["the database has no schema yet: run `libertas migrate`"]
    faults = [f"sql/schema: {name} is not applied: run `libertas migrate`" for n, name, _ in files if n not in done]
    if max(done, default=0) > len(files):
        faults.append("the database is newer than this code")
    return faults


async def unprepared(connection: Connection) -> list[str]:
    """Prepare every named statement of ``sql/``; returns one sentence for each that the server refuses."""
    faults = []
    for file in sorted(sql_dir().glob("*.sql")):
        found = statements(file.stem)
        for name in found.available_queries:
            try:
                await connection.prepare(getattr(found, name).sql)
            except asyncpg.PostgresError as wrong:
                faults.append(f"{file.stem}.{name}: {wrong}")
    return faults
