"""A real server, and for each test a database of its own.

One PostgreSQL is started for the whole run (in memory where the machine allows it), migrated once, and cloned for each
test that asks. ``LIBERTAS_TEST_DATABASE_URL`` names another server, with the right to create databases and roles.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import hypothesis
import pytest
import structlog

from bench.topology import free_port
from house import House
from installation import Installation, installed
from service import db
from service.embedded.catcher import Catcher, Mailbox
from service.embedded.postgres import APP, OWNER, Postgres

_ELSEWHERE = os.environ.get("LIBERTAS_TEST_DATABASE_URL", "")
_numbers = count(1)

# What a shell or a build machine may say to every program, and would say to ours and to those that look at ours: a proxy for
# addresses of this machine, colours and widths of a terminal, another day for documents. The tests are about none of it.
for _name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "SOURCE_DATE_EPOCH", "SSLKEYLOGFILE"):
    os.environ.pop(_name, None)
for _name in [each for each in os.environ if each.lower().endswith("_proxy")]:
    del os.environ[_name]

# No example has a time of its own, as another suite may be at work beside it. The dice fall alike every time, so that what is
# green here is green there; `LIBERTAS_TEST_DICE=1` throws new ones.
hypothesis.settings.register_profile(
    "ours", deadline=None, derandomize=not os.environ.get("LIBERTAS_TEST_DICE"), suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("ours")

MEMORY = 3 << 30
"""Bytes that have to be free before databases are kept in memory: containers are often given 64 MB of it."""


def quick_place() -> Path | None:
    """Memory, where there is enough of it; else None, which is the usual place of temporary files."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > MEMORY else None


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A command, ours or another's, sends its log to the stderr of its own test; the tests after it must not write there."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.configure(**before)
    root.handlers[:], root.level = [each for each in root.handlers if each in handlers], level


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server: ``admin`` may create databases; ``owner`` and ``app`` give a role's address of a database."""

    admin: str
    template: str
    postgres: Postgres | None = None

    def owner(self, database: str) -> str:
        return self.postgres.url_for(OWNER, database) if self.postgres else self._at(database)

    def app(self, database: str) -> str:
        return self.postgres.url_for(APP, database) if self.postgres else self._at(database, f"{APP}:{APP}")

    def _at(self, database: str, who: str = "") -> str:
        parts = urlsplit(self.admin)
        place = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{who or place[0]}@{place[2]}", path="/" + quote(database)))

    async def create(self, name: str, template: str = "") -> None:
        connection = await asyncpg.connect(self.admin)
        try:
            owned = f" owner {OWNER}" if self.postgres else ""
            await connection.execute(f"create database {name}{owned}" + (f" template {template} strategy file_copy" if template else ""))
        finally:
            await connection.close()

    async def drop(self, name: str) -> None:
        connection = await asyncpg.connect(self.admin)
        try:
            await connection.execute(f"drop database if exists {name} with (force)")
        finally:
            await connection.close()


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[Server]:
    """The one server of this run, with a migrated template database."""
    template = f"libertas_template_{secrets.token_hex(4)}"
    folder = Path(tempfile.mkdtemp(prefix="libertas-", dir=quick_place()))
    postgres: Postgres | None = None
    if _ELSEWHERE:
        one = Server(_ELSEWHERE, template)
        await _make_app_role(_ELSEWHERE)
    else:
        postgres = Postgres(folder / "postgres")
        await postgres.start()
        one = Server(postgres.admin_url, template, postgres)
    try:
        await one.create(template)
        await db.migrate(one.owner(template))
        yield one
        await one.drop(template)
    finally:
        if postgres is not None:
            await postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def _make_app_role(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", APP):
            await connection.execute(f"create role {APP} login password '{APP}'")
    finally:
        await connection.close()


@dataclass(frozen=True)
class Database:
    """A test's own database, by the owner's address and by the service's own role's."""

    name: str
    url: str
    app_url: str


@pytest.fixture
async def fresh_database(server: Server) -> AsyncIterator[Database]:
    """A migrated, empty database that is gone after the test."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    await server.create(name, server.template)
    try:
        yield Database(name, server.owner(name), server.app(name))
    finally:
        await server.drop(name)


@pytest.fixture
def database(fresh_database: Database) -> str:
    """The owner's address of a migrated, empty database."""
    return fresh_database.url


@pytest.fixture
async def empty(server: Server) -> AsyncIterator[str]:
    """The owner's address of a database without a schema."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    await server.create(name)
    try:
        yield server.owner(name)
    finally:
        await server.drop(name)


@pytest.fixture
async def pool(fresh_database: Database) -> AsyncIterator[asyncpg.Pool]:
    """A pool on the test's database, as its owner."""
    async with db.open_pool(fresh_database.url, high=16, name="test") as opened:
        yield opened


@pytest.fixture
async def app_pool(fresh_database: Database) -> AsyncIterator[asyncpg.Pool]:
    """A pool on the test's database, as the role that the service itself runs as."""
    async with db.open_pool(fresh_database.app_url, high=16, name="test-app") as opened:
        yield opened


@pytest.fixture
async def smtp_sink() -> AsyncIterator[Catcher]:
    """A mail server on the loopback that keeps what it gets: ``smtp_sink.smtp_url``, ``smtp_sink.mailbox.letters()``, ``.wait(to)``."""
    mailbox = Mailbox()
    catcher = Catcher(mailbox, smtp_port=free_port())
    await catcher.start()
    try:
        yield catcher
    finally:
        await catcher.stop()
        mailbox.close()


@pytest.fixture
async def installation(fresh_database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    """A whole installation on the test's database; see tests/installation.py."""
    async with installed(tmp_path, fresh_database.app_url, fresh_database.url, free_port(), free_port()) as one:
        yield one


@pytest.fixture
async def house(pool: asyncpg.Pool, tmp_path: Path) -> House:
    """One petition on the test's database, not signed yet; see tests/house.py."""
    return await House(pool, tmp_path).open()


@pytest.fixture
async def signed(house: House) -> House:
    """The same, signed by fourteen people of whom one has withdrawn and one is a duplicate: the count is 12."""
    people = await house.sign(14)
    await house.withdraw(people[3])
    await house.invalidate(people[5])
    await house.settle()
    return house
