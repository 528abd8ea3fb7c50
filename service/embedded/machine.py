"""One command, and the whole service runs: database, mail catcher, web and worker; Ctrl-C, and all of it is gone.

Whatever ``up`` started is ended before ``up`` returns, and dies with it when it is killed. What dies by itself is started
again. One ``up`` holds one data folder; other commands find the running one there (``find``).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import msgspec

from service import db, organizers, sample, tokens
from service.embedded.catcher import HOST, Catcher, Mailbox, listen
from service.embedded.postgres import Postgres
from service.errors import Misconfigured
from service.identity import Keys
from service.settings import PREFIX, Settings

Say = Callable[[str], None]
Prepare = Callable[[asyncpg.Pool, Settings], Awaitable[object]]

_CHILD = Path(__file__).with_name("child.py")
_PROJECT = Path(__file__).parents[2]
_PATIENCE = 20.0  # seconds for a process to finish what is in flight
_PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0)  # seconds before a dead process is started again, one after the other
_STABLE = 30.0  # seconds after which a process counts as healthy and its pauses begin anew
_HOPELESS = 3  # deaths before the first "ready"


class _State(msgspec.Struct, frozen=True):
    """What another command needs to know of the running installation; readable by its owner only."""

    pid: int
    database_url: str
    migrate_url: str
    smtp_url: str
    key_dir: str
    base_url: str
    port: int
    insecure_test: bool


# -- for the other commands ------------------------------------------------------------------------------------------------


def find(settings: Settings) -> Settings:
    """The settings of the installation that runs on ``settings.data_dir``, for a command beside it.

    With a ``database_url`` of their own they come back as they are. Raises ``Misconfigured`` when nothing runs there, when
    it belongs to another user, or when its database does not answer.
    """
    if settings.database_url:
        return settings
    file = settings.data_dir / "run.json"
    absent = Misconfigured(
        [
            f"nothing runs on {settings.data_dir}: start it with `make run`, name its folder by {PREFIX}DATA_DIR,"
            f" or name a database by {PREFIX}DATABASE_URL"
        ]
    )
    try:
        state = msgspec.json.decode(file.read_bytes(), type=_State)
        is_running = _is_held(settings.data_dir)
    except PermissionError:
        raise Misconfigured([f"{settings.data_dir} belongs to another user: run this command as that user"]) from None
    except (OSError, msgspec.DecodeError):
        raise absent from None
    if not is_running:
        raise absent
    if not _database_answers(state.database_url):
        raise Misconfigured([f"the installation on {settings.data_dir} is starting or stopping, its database does not answer: try again"])
    return msgspec.structs.replace(
        settings,
        database_url=state.database_url,
        migrate_url=state.migrate_url,
        smtp_url=state.smtp_url,
        key_dir=Path(state.key_dir),
        base_url=state.base_url,
        port=state.port,
        insecure_test=state.insecure_test,
        embedded=True,
    )


def _is_held(data_dir: Path) -> bool:
    with (data_dir / "lock").open("rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _database_answers(url: str) -> bool:
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [""])[0]
    try:
        if folder.startswith("/"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(5)
                probe.connect(f"{folder}/.s.PGSQL.5432")
        else:
            with socket.create_connection((unquote(parts.hostname or folder or "localhost"), parts.port or 5432), timeout=5):
                pass
    except OSError:
        return False
    return True


# -- up --------------------------------------------------------------------------------------------------------------------


async def up(
    settings: Settings,
    *,
    insecure_test: bool,
    commands: Mapping[str, Sequence[str]] | None = None,
    prepare: Prepare | None = None,
    say: Say | None = None,
) -> int:
    """Run everything until SIGINT, SIGTERM or SIGHUP; returns 0 when every process is gone.

    ``commands`` (name → command line of a long-running process) and ``prepare`` (called with a pool once the schema is
    there) are the web, the worker and the sample campaign unless a test hands in others. Raises ``Misconfigured`` when a
    port or the data folder is taken, when there is no PostgreSQL, or when a process dies again and again before all is ready;
    by then whatever was started is gone, too.
    """
    say = say or _say
    stop, hurry = asyncio.Event(), asyncio.Event()
    settings = msgspec.structs.replace(settings, embedded=True, insecure_test=insecure_test)
    with _signals(stop, hurry), _held(settings.data_dir):
        life = asyncio.create_task(_live(settings, commands or _commands(insecure_test), prepare or sample.load, say, hurry))
        called = asyncio.create_task(stop.wait())
        watching = asyncio.create_task(_watch_make(stop))
        try:
            await asyncio.wait({life, called}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            called.cancel()
            watching.cancel()
            if not life.done():
                say("stopping …")
                life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await life
        say("stopped; the data are kept")
    return 0


def _commands(insecure_test: bool) -> dict[str, Sequence[str]]:
    flags = ["--embedded", *(["--insecure-test"] if insecure_test else [])]
    python = [sys.executable, "-P", "-m", "service"]
    return {"web": [*python, "serve", *flags], "worker": [*python, "work", *flags]}


async def _live(settings: Settings, commands: Mapping[str, Sequence[str]], prepare: Prepare, say: Say, hurry: asyncio.Event) -> None:
    began = time.monotonic()
    await _wait_for_port(settings)
    async with contextlib.AsyncExitStack() as stack:
        if not settings.database_url:
            server = Postgres(settings.data_dir / "postgres", say=say)
            stack.push_async_callback(server.stop)
            await server.start()
            settings = msgspec.structs.replace(settings, database_url=server.url, migrate_url=settings.migrate_url or server.migrate_url)
        caught = ""
        if not settings.smtp_url:
            mailbox = await asyncio.to_thread(Mailbox, settings.data_dir / "mail")
            stack.callback(mailbox.close)
            catcher = Catcher(mailbox, smtp_port=settings.smtp_port, mail_port=settings.mail_port)
            stack.push_async_callback(catcher.stop)
            await catcher.start()
            settings = msgspec.structs.replace(settings, smtp_url=catcher.smtp_url)
            caught = f"http://localhost:{settings.mail_port}"
        await db.migrate(settings.migrate_url or settings.database_url)
        await asyncio.to_thread(Keys.create, settings.key_dir)
        async with db.open_pool(settings.database_url, high=2, name="libertas-up") as pool:
            await prepare(pool, settings)
        stack.enter_context(_known(settings))
        watch = await stack.enter_async_context(_children(settings, commands, say, hurry))
        await _first(watch, _until_ready(settings, say))
        say(_welcome(settings, caught, await _way_to_the_desk(settings), time.monotonic() - began))
        for child in watch:
            child.was_ready = True
        await _first(watch, asyncio.Event().wait())


async def _way_to_the_desk(settings: Settings) -> str:
    """A one-time link to the organizers' desk, as an organizer with every role: in this demonstration only."""
    keys = Keys(settings.key_dir)
    try:
        async with db.open_pool(settings.database_url, high=1, name="libertas-up") as pool, db.transaction(pool) as connection:
            secrets, links = organizers.Secrets(keys.desk_key()), tokens.Tokens(keys.token_keys())
            path = await organizers.demo_link(connection, secrets, links, language=settings.languages[0])
    except (asyncpg.PostgresError, OSError) as away:
        return f"not now ({type(away).__name__}): libertas organizer invite"
    return settings.base_url + path


def _welcome(settings: Settings, caught: str, desk: str, seconds: float) -> str:
    lines = [f"Libertas (DEMO) is ready, after {seconds:.1f} s.", "", f"    the site          {settings.base_url}"]
    lines += [f"    the caught mail   {caught}"] if caught else []
    lines += [f"    the desk, once    {desk}"]
    return "\n".join([*lines, f"    the data          {settings.data_dir}", "", "Ctrl-C stops all of it."])


@contextlib.contextmanager
def _signals(stop: asyncio.Event, hurry: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def called() -> None:
        (hurry if stop.is_set() else stop).set()  # the second Ctrl-C waits for nobody

    caught = [s for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is not signal.SIG_IGN]
    if signal.SIGINT not in caught:
        caught.append(signal.SIGINT)  # a shell ignores it for a background job, and would leave no way to end it but a kill
    for one in caught:
        loop.add_signal_handler(one, called)
    try:
        yield
    finally:
        for one in caught:
            loop.remove_signal_handler(one)


async def _watch_make(stop: asyncio.Event) -> None:
    """Stop, too, when a SIGINT reached only the ``make`` that started us.

    Make then waits for its children without telling them, as on a terminal they hear Ctrl-C themselves; what shows from
    outside is that it no longer catches the signal. Without this a script that ends ``make run`` so would wait for ever.
    """
    parent = os.getppid()
    if not await asyncio.to_thread(_is_make_that_catches_sigint, parent):
        return
    while await asyncio.to_thread(_is_make_that_catches_sigint, parent):  # noqa: ASYNC110 - another process's doing
        await asyncio.sleep(0.3)
    stop.set()


def _is_make_that_catches_sigint(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False  # no /proc, or no such process
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    is_make = re.match(r"Name:\s*g?make$", status, re.MULTILINE) is not None
    return is_make and caught is not None and bool(int(caught[1], 16) >> (signal.SIGINT - 1) & 1)


@contextlib.contextmanager
def _held(data_dir: Path) -> Iterator[None]:
    """The data folder, for one ``up`` at a time. The system lets go of it when the process dies, however it dies."""
    try:
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        data_dir.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as refused:
        raise Misconfigured([f"{PREFIX}DATA_DIR: {data_dir} cannot be written to ({refused.strerror})"]) from refused
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Misconfigured(
                [f"{PREFIX}DATA_DIR: another `libertas up` runs on {data_dir}; stop it, or choose another folder and other ports"]
            ) from None
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def _known(settings: Settings) -> Iterator[None]:
    file = settings.data_dir / "run.json"
    state = _State(
        os.getpid(),
        settings.database_url,
        settings.migrate_url,
        settings.smtp_url,
        str(settings.key_dir),
        settings.base_url,
        settings.port,
        settings.insecure_test,
    )
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
        opened.write(msgspec.json.encode(state))
    fresh.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


async def _wait_for_port(settings: Settings) -> None:
    """Refuse early when somebody listens on the site's port; but the web of a killed ``up`` may need a moment to be gone.

    An ``up`` that ended by itself took its run.json away, and its web before that. Where one is left, the moment may be a long
    one on a busy machine.
    """
    deadline = time.monotonic() + (20 if (settings.data_dir / "run.json").exists() else 2)
    while True:
        try:
            listen(settings.port, f"{PREFIX}PORT", settings.host).close()
        except Misconfigured:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return


# -- the processes ---------------------------------------------------------------------------------------------------------


class _Child:
    """A long-running process that is started again when it dies, until it is stopped."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], say: Say) -> None:
        self.name = name
        self.was_ready = False
        self._command = command
        self._environment = environment
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._keep())
        return self._task

    @property
    def task(self) -> asyncio.Task[None]:
        if self._task is None:
            raise RuntimeError("not started")
        return self._task

    async def _keep(self) -> None:
        deaths = 0
        while True:
            born = time.monotonic()
            # A session of its own: Ctrl-C reaches ``up`` alone, which then stops its processes one after the other.
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(_CHILD), "KILL", str(os.getpid()), "-", "-", *self._command),
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            code = await self._process.wait()
            deaths = 1 if time.monotonic() - born > _STABLE else deaths + 1
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            if not self.was_ready and deaths >= _HOPELESS:
                raise Misconfigured(
                    [f"the {self.name} process ended {deaths} times before it was ready ({how}); what it said stands above"]
                )
            pause = _PAUSES[min(deaths, len(_PAUSES)) - 1]
            self._say(f"the {self.name} process ended ({how}); starting it again in {pause:g} s")
            await asyncio.sleep(pause)

    async def stop(self, hurry: asyncio.Event) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Misconfigured):
                await self._task
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        gone, hurried = asyncio.create_task(process.wait()), asyncio.create_task(hurry.wait())
        await asyncio.wait({gone, hurried}, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not gone.done():
            self._say(f"the {self.name} process does not end; killing it")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await gone


@contextlib.asynccontextmanager
async def _children(
    settings: Settings, commands: Mapping[str, Sequence[str]], say: Say, hurry: asyncio.Event
) -> AsyncIterator[list[_Child]]:
    environment = _environment(settings)
    children = [_Child(name, command, environment, say) for name, command in commands.items()]
    try:
        for child in children:
            child.start()
        yield children
    finally:
        await asyncio.gather(*(child.stop(hurry) for child in children))


def _environment(settings: Settings) -> dict[str, str]:
    """The caller's environment with this installation in it, and without the role that may change the schema."""
    own = {
        "DATABASE_URL": settings.database_url,
        "SMTP_URL": settings.smtp_url,
        "DATA_DIR": str(settings.data_dir),
        "KEY_DIR": str(settings.key_dir),
        "HOST": settings.host,
        "PORT": str(settings.port),
        "BASE_URL": settings.base_url,
    }
    dropped = {f"{PREFIX}{name}{end}" for name in (*own, "MIGRATE_URL") for end in ("", "_FILE")}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    path = os.pathsep.join([str(_PROJECT), *filter(None, [os.environ.get("PYTHONPATH", "")])])
    return {**kept, **{PREFIX + name: value for name, value in own.items()}, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


async def _first(watched: list[_Child], act: Awaitable[object]) -> None:
    """Wait for ``act``, or for a process that is given up, whose refusal is raised."""
    acting = asyncio.ensure_future(act)
    try:
        done, _ = await asyncio.wait({acting, *(child.task for child in watched)}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        acting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await acting


async def _until_ready(settings: Settings, say: Say) -> None:
    told = time.monotonic()
    while (answer := await _ask_ready(settings)) != "200":
        if time.monotonic() - told > 15:
            told = time.monotonic()
            say(f"not ready yet: /readyz {'answers ' + answer if answer else 'does not answer'}")
        await asyncio.sleep(0.05)


async def _ask_ready(settings: Settings) -> str:
    """The status of /readyz, "" when nobody answers."""
    host = {"0.0.0.0": HOST, "::": "::1", "": HOST}.get(settings.host, settings.host)  # noqa: S104 - asked, not opened
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, settings.port)
            try:
                writer.write(f"GET /readyz HTTP/1.1\r\nHost: localhost:{settings.port}\r\nConnection: close\r\n\r\n".encode())
                line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return ""
    return line.split(b" ")[1].decode("ascii", "replace") if line.count(b" ") else ""


def _say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody reads any more; that is no reason to stop
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
