"""A whole installation as separate processes: PostgreSQL, any number of web processes and workers, a mail sink elsewhere.

It is what `docker-compose.yml` describes, without containers: the schema is made by the owner's role, the processes run as
the service's own role, and the organizers' key is not on the server. Each process can be killed, ended or started again
while the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import IO

import asyncpg

from service import db, sample
from service.embedded.postgres import APP, OWNER, Postgres
from service.identity import Keys
from service.settings import Settings, load

HOUSE = Path(__file__).resolve().parent.parent
_CHILD = HOUSE / "service/embedded/child.py"
_SHARE = 400  # ports for one process
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever the shell says of a proxy


def _range() -> tuple[int, int]:
    """Ports that the system gives to nobody who asks for "any", neither to listen nor to connect: (first, behind the last)."""
    try:
        end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        end = 32_768
    end = end if end > 6_000 else 32_768  # where "any" is nearly all of them, nothing better is left than the bind below
    return max(end - 20_000, 4_000), end


def _share() -> Iterator[int]:
    """A share of those ports that no other process on this machine is given while this one lives, again and again.

    What marks a share as taken is a Unix socket with a name in no folder: it goes with the process, however that ends. So two
    suites beside each other cannot both be told that a port is free in the moment before either listens on it.
    """
    first, end = _range()
    shares = (end - first) // _SHARE
    mine = os.getpid() % shares
    for number in range(shares) if sys.platform.startswith("linux") else ():
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0libertas-ports-{number}")
        except OSError:
            mark.close()
            continue
        mark.detach()  # stays bound until the process ends; no object of ours is left to be closed
        mine = number
        break
    return itertools.cycle(range(first + mine * _SHARE, first + (mine + 1) * _SHARE))


_ports: dict[int, Iterator[int]] = {}


def free_port() -> int:
    """A port on the loopback that nobody listens on, and that nobody else is given before its user listens there."""
    own = os.getpid()  # a fork has its own share
    if own not in _ports:
        _ports[own] = _share()
    for port in itertools.islice(_ports[own], _SHARE):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(f"somebody listens on each of the {_SHARE} ports of this process")


class Process:
    """One long-running ``libertas`` command. What it says on stderr is kept in ``log``."""

    def __init__(self, name: str, words: list[str], environment: Mapping[str, str], log: Path) -> None:
        self.name, self._words, self.environment, self.log = name, words, dict(environment), log
        self.port = int(self.environment.get("LIBERTAS_PORT", "0"))
        self._child: asyncio.subprocess.Process | None = None
        self._file: IO[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """0 while it does not run."""
        return self._child.pid if self._child is not None and self._child.returncode is None else 0

    async def start(self, **environment: str) -> None:
        """Begin; does not wait for it to be ready."""
        if self._file is None:
            self._file = self.log.open("ab")
        self._child = await asyncio.create_subprocess_exec(
            # Through child.py, so that it dies when we are killed and nobody is left to stop it.
            sys.executable, "-I", "-S", str(_CHILD), "KILL", str(os.getpid()), "-", "-",
            sys.executable, "-P", "-m", "service", *self._words,
            cwd=HOUSE, stdin=asyncio.subprocess.DEVNULL, stdout=self._file, stderr=self._file,
            env={**clean(), "PYTHONPATH": str(HOUSE), **self.environment, **environment}, start_new_session=True,
        )  # fmt: skip

    async def ready(self, patience: float = 180) -> None:
        """Returns when ``/readyz`` answers 200; raises when the process ended or took too long."""
        deadline = time.monotonic() + patience
        while await asyncio.to_thread(self._asks) != 200:
            if not self.pid:
                raise RuntimeError(f"{self.name} ended: {self.last_words()}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} is not ready after {patience:.0f} s: {self.last_words()}")
            await asyncio.sleep(0.05)

    def _asks(self) -> int:
        try:
            with _DIRECT.open(f"{self.url}/readyz", timeout=10) as told:
                return int(told.status)
        except urllib.error.HTTPError as no:
            return no.code
        except OSError:
            return 0

    async def kill(self, sign: signal.Signals = signal.SIGKILL) -> int:
        """Send the signal and wait for the end; returns the exit code."""
        if self._child is None:
            return 0
        if self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child.pid, sign)
        return await self._child.wait()

    async def stop(self) -> int:
        """Ask it to finish what is in hand and go."""
        return await self.kill(signal.SIGTERM)

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-800:] if self.log.is_file() else ""

    def close(self) -> None:
        """Let go of its log."""
        if self._file is not None:
            self._file.close()
            self._file = None


def clean() -> dict[str, str]:
    """The environment without any setting of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LIBERTAS_")}


class Topology:
    """Several processes over one database; made by ``topology()``. ``owner`` is a pool of the role that may do anything."""

    def __init__(self, folder: Path, settings: Settings, keys: Keys, postgres: Postgres | None, owner: asyncpg.Pool, slug: str) -> None:
        self.folder, self.settings, self.keys, self.postgres, self.owner, self.slug = folder, settings, keys, postgres, owner, slug
        self.webs: list[Process] = []
        self.workers: list[Process] = []

    @property
    def processes(self) -> list[Process]:
        return [*self.webs, *self.workers]

    @property
    def api(self) -> str:
        return f"/api/v1/petitions/{self.slug}"

    async def start(self) -> None:
        """Begin all that do not run; returns when every web process takes signatures."""
        for process in self.processes:
            if not process.pid:
                await process.start()
        await asyncio.gather(*(web.ready() for web in self.webs))

    async def stop(self) -> None:
        await asyncio.gather(*(process.stop() for process in self.processes))
        for process in self.processes:
            process.close()

    def logs(self) -> str:
        """All that the processes and the database wrote."""
        files = [process.log for process in self.processes]
        if self.postgres is not None:
            files += sorted(self.postgres.home.glob("*.log")) + sorted(self.postgres.home.glob("log*"))
        return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file())


@contextlib.asynccontextmanager
async def topology(
    folder: Path,
    *,
    smtp_url: str,
    webs: int = 1,
    workers: int = 1,
    database: tuple[str, str] | None = None,
    configuration: Mapping[str, str] | None = None,
    **environment: str,
) -> AsyncIterator[Topology]:
    """A new installation in ``folder`` with the sample petition, its processes not yet started.

    ``database`` names another server's (owner's address, service's address) of an empty database; otherwise a PostgreSQL of
    its own is started, durable, with ``configuration`` on top. ``environment`` are settings without their prefix.
    """
    postgres = None
    if database is None:
        postgres = Postgres(folder / "postgres", configuration=dict(configuration or {}))
        await postgres.start()
        database = postgres.migrate_url, postgres.url
    owner_url, app_url = database
    try:
        await db.migrate(owner_url)
        given = {
            "DATABASE_URL": app_url,
            "DATA_DIR": str(folder / "data"),
            "KEY_DIR": str(folder / "keys"),
            "SMTP_URL": smtp_url,
            "BASE_URL": "http://localhost:8000",
            "HOST": "127.0.0.1",
            "ALTCHA_COMPLEXITY": "1",
            "SEAL_SECONDS": "0.5",
            "CLIENT_LIMITS": "100000/minute",
            **environment,
        }
        settings = load({f"LIBERTAS_{name}": value for name, value in given.items()})
        keys = Keys.create(settings.key_dir, demo=False)
        async with db.open_pool(owner_url, high=4, name="topology") as owner:
            async with db.open_pool(app_url, high=2) as pool:
                slug = await sample.load(pool, settings)
            if slug is None:
                raise RuntimeError("the database is not empty")
            whole = Topology(folder, settings, keys, postgres, owner, slug)
            shared = {f"LIBERTAS_{name}": value for name, value in given.items()}
            for number in range(webs):
                own = {**shared, "LIBERTAS_PORT": str(free_port())}
                whole.webs.append(Process(f"web-{number}", ["serve"], own, folder / f"web-{number}.log"))
            for number in range(workers):
                whole.workers.append(Process(f"worker-{number}", ["work"], shared, folder / f"worker-{number}.log"))
            try:
                yield whole
            finally:
                await whole.stop()
    finally:
        if postgres is not None:
            await postgres.stop()


__all__ = ["APP", "HOUSE", "OWNER", "Process", "Topology", "clean", "free_port", "topology"]
