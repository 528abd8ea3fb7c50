"""The stories of the embedded default, told to separate processes: two `serve`, one `work`, a PostgreSQL of its own, the schema
made by the owner's role. What docker-compose.yml describes, without containers."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx2
import pytest
from crowd import settled

from bench.topology import HOUSE, Topology, clean, free_port, topology
from conftest import Server
from installation import Installation
from service import certificates, db, sample
from service.embedded.catcher import Catcher, Mailbox
from service.identity import Keys
from service.petitions import Shelf
from service.proof import certificate as proof
from service.worker import Worker
from stories import test_duplicates, test_signing, test_withdrawing

pytestmark = pytest.mark.timeout(900)


class Elsewhere:
    """A worker of which one can only wait until it has done what there is to do."""

    def __init__(self, town: Topology) -> None:
        self._town = town

    async def decide(self) -> bool:
        assert await settled(self._town, 180, is_published=False)
        return False

    async def deliver(self) -> bool:
        return await self.decide()

    async def write_to_organizers(self) -> bool:
        return False

    async def seal(self) -> bool:
        assert await settled(self._town, 180)
        return False


class ByTurns(httpx2.AsyncBaseTransport):
    """Each request goes to the next web process, as a proxy would send it."""

    def __init__(self, town: Topology) -> None:
        self._town, self._turn, self._inner = town, count(), httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        web = self._town.webs[next(self._turn) % len(self._town.webs)]
        request.url = request.url.copy_with(host="127.0.0.1", port=web.port)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.fixture(scope="module")
async def standing(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Topology, Mailbox]]:
    """The processes, once for all stories."""
    name = f"town_{secrets.token_hex(4)}"
    await server.create(name)
    mailbox = Mailbox()
    catcher = Catcher(mailbox, smtp_port=free_port())
    await catcher.start()
    try:
        urls = server.owner(name), server.app(name)
        folder = tmp_path_factory.mktemp("town")
        async with topology(
            folder, smtp_url=catcher.smtp_url, webs=2, workers=1, database=urls, ALTCHA_COMPLEXITY="20", SEAL_SECONDS="0.1"
        ) as one:
            await one.start()
            yield one, mailbox
    finally:
        await catcher.stop()
        mailbox.close()
        await server.drop(name)


@pytest.fixture
async def installation(standing: tuple[Topology, Mailbox]) -> AsyncIterator[Installation]:
    """An installation as the stories know it, empty, with all that happens in other processes."""
    town, mailbox = standing
    await _empty(town, mailbox)
    async with contextlib.AsyncExitStack() as stack:
        pool = await stack.enter_async_context(db.open_pool(town.settings.database_url, high=4, name="test"))
        shelf = Shelf(pool, interval=0.2)
        await stack.enter_async_context(shelf.running())
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=town.settings.base_url, transport=ByTurns(town), timeout=120))
        yield Installation(town.settings, town.keys, pool, town.owner, shelf, cast(Worker, Elsewhere(town)), mailbox, client, town.slug)


async def _empty(town: Topology, mailbox: Mailbox) -> None:
    """Forget everything, and found the sample petition anew; returns when both web processes show the new one."""
    for process in town.workers:
        await process.stop()
    tables = [row["tablename"] for row in await town.owner.fetch("select tablename from pg_tables where schemaname = 'public'")]
    async with asyncio.timeout(180):
        while True:
            # The web processes go on reading: whoever locks one table after the other may meet them crosswise, and asks again.
            with contextlib.suppress(asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError):
                await town.owner.execute(f"truncate {', '.join(t for t in tables if t != 'migration')} cascade")
                break
    shutil.rmtree(town.settings.data_dir / "published", ignore_errors=True)
    mailbox.clear()
    async with db.open_pool(town.settings.database_url, high=2) as pool:
        assert await sample.load(pool, town.settings) is not None
    for process in town.workers:
        await process.start()
    log_id = await town.owner.fetchval("select id from log where petition_id is not null")
    async with asyncio.timeout(180), httpx2.AsyncClient(timeout=30) as client:
        for web in town.webs:
            while await _origin(client, f"{web.url}{town.api}") != log_id:
                await asyncio.sleep(0.05)
    assert await settled(town, 180)


async def _origin(client: httpx2.AsyncClient, url: str) -> str:
    answer = await client.get(url)
    return str(answer.json()["checkpoint"]["origin"]).rsplit("/", 1)[-1] if answer.status_code == 200 else ""


async def test_the_schema_is_the_owners_and_the_services_role_cannot_change_it(standing: tuple[Topology, Mailbox]) -> None:
    town, _ = standing
    async with db.open_pool(town.settings.database_url, high=1) as pool:
        with pytest.raises(Exception, match="must be owner|permission denied"):
            await pool.execute("alter table signature add column x integer")
        assert await pool.fetchval("select current_user") != await town.owner.fetchval("select current_user")


async def _command(town: Topology, *words: str, **environment: str) -> tuple[int, str]:
    """``libertas`` with the settings of the town's worker; (exit code, all that it said)."""
    given = {**clean(), **town.workers[0].environment, "PYTHONPATH": str(HOUSE), **environment}
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "service", *words, env=given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await running.communicate()
    return running.returncode or 0, said.decode()


async def test_what_both_web_processes_received_is_certified_where_the_keys_are_and_verified_by_a_stranger(
    standing: tuple[Topology, Mailbox], installation: Installation, tmp_path: Path
) -> None:
    town, _ = standing
    for person in ("ani", "levon", "zaruhi"):
        await installation.confirm(f"{person}@example.org")
    await installation.seal()

    # The organizers' machine has the keys; the server is told their public halves.
    theirs, seal = Keys.create(tmp_path / "organizers"), tmp_path / "seal.pem"
    public = tmp_path / "certificate.pub"
    public.write_text(proof.ssh_public(theirs.certificate_key()) + " ani@gyumri\n", encoding="utf-8")
    pem = theirs.pdf_seal_path.read_text(encoding="utf-8")
    seal.write_text(pem[pem.index("-----BEGIN CERTIFICATE") :], encoding="utf-8")
    known = {"LIBERTAS_CERTIFICATE_KEY": str(public), "LIBERTAS_PDF_KEY": str(seal)}
    out, trust = str(tmp_path / "bundle"), str(tmp_path / "trust.json")
    for words, environment in (
        (("certify", town.slug, "--recipient", "The Assembly", "--out", out, "--unsigned"), known),
        (("certify", "--sign", out, "--key", str(tmp_path / "organizers" / "certificate"), "--pdf-key", str(theirs.pdf_seal_path)), {}),
        (("certify", "--take-in", out), known),
        (("keys", "trust", "--out", trust), known),
    ):
        code, said = await _command(town, *words, **environment)
        assert code == 0, said

    [listed] = await certificates.listing(installation.pool, await installation.pool.fetchval("select id from petition"))
    assert (listed["kind"], listed["count"]) == ("demo", 3), "a sample petition stays a sample, whoever signs"
    at = f"/petitions/{town.slug}/certificates/{listed['id']}/bundle.zip"
    fetched = {(await installation.client.get(at)).content for _ in town.webs}
    assert len(fetched) == 1 and fetched != {b""}, "each web process hands out the same bytes"
    bundle = tmp_path / "fetched.zip"
    bundle.write_bytes(fetched.pop())
    code, said = await _command(town, "verify", str(bundle), "--offline")
    assert code == 2, f"whose keys these are, nobody has said; {said}"
    code, said = await _command(town, "verify", str(bundle), "--offline", "--trust", trust)
    assert code == 0 and said.startswith("VALID"), said


def _stories() -> dict[str, Any]:
    told = {}
    for module in (test_signing, test_duplicates, test_withdrawing):
        for name, story in vars(module).items():
            # What moves a worker by hand cannot be told to another process, who certifies needs a key that is not there, and what
            # breaks the schema would break it for all.
            if name.startswith("test_") and not re.search(r"pass_time|certify\(|drop index|alter table", inspect.getsource(story)):
                told[name] = story
    return told


globals().update(_stories())


def test_a_port_given_to_a_process_that_starts_later_is_taken_by_nobody_before() -> None:
    given = [free_port() for _ in range(200)]
    low, high = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split())
    assert len(set(given)) == 200, "none is given twice"
    assert low < 6_000 or not [port for port in given if low <= port <= high], "not one of those given to who asks for any"


def test_two_suites_on_one_machine_are_never_given_the_same_port() -> None:
    asking = f"import sys; sys.path.insert(0, {str(HOUSE)!r}); from bench.topology import free_port; print([free_port() for _ in range(200)]); input()"
    others = [subprocess.Popen([sys.executable, "-c", asking], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        given = [free_port() for _ in range(200)]
        for other in others:
            assert other.stdout is not None
            given += json.loads(other.stdout.readline())  # each lives on while the next one asks
        assert len(set(given)) == 800
    finally:
        for other in others:
            other.communicate("\n")
