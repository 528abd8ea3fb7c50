"""A whole database out of the house, readable by one key that is not on the server; and back again into an empty one.

Never part of it are the keys in ``KEY_DIR``. So names under daily keys cannot be read from a backup three days later, by
anybody: that they can be forgotten is what protects signers. A backup is whole, or it has no ``backup.json``.

    DIR/backup.json          in the clear: format, id, when, and the data key sealed to each backup key
    DIR/contents.sealed      tables with columns, rows and SHA-256; migrations; heads of the logs
    DIR/<n>-<table>.sealed   PostgreSQL's COPY text, in chunks of 1 MiB under AES-256-GCM

A chunk's nonce is its number and whether it is the last one, under a key of that file alone: nothing can be cut off, moved,
repeated or taken from another backup without being named.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service import db
from service.errors import Conflict, Misconfigured, Unproven
from service.identity import Unopened, derive, offline

q = db.statements("backup")

FORMAT = "libertas-backup/v1"
CHUNK = 1 << 20
NO_KEY = "there is no backup key: make one on another machine (`libertas keys new --offline backup`), put backup.pub into KEY_DIR/backup"
_TAG = 16

Progress = Callable[[int, int], object]


class Table(msgspec.Struct, frozen=True):
    """One table in a backup: ``file`` holds ``rows`` lines of COPY text whose SHA-256 is ``digest`` (hex)."""

    name: str
    file: str
    columns: list[str]
    rows: int
    digest: str


class Contents(msgspec.Struct, frozen=True):
    """What a backup holds, in the order in which it is restored; ``heads`` gives size and count of each log."""

    made_at: datetime
    migrations: list[tuple[int, str, str]]
    tables: list[Table]
    heads: dict[str, tuple[int, int]]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


class _Wrapped(msgspec.Struct, frozen=True):
    name: str
    fingerprint: str
    sealed: bytes


class _Header(msgspec.Struct, frozen=True):
    format: str
    id: str
    made_at: datetime
    keys: list[_Wrapped]


def _info(backup_id: str) -> bytes:
    return f"{FORMAT}\0{backup_id}".encode()


# -- files in chunks -------------------------------------------------------------------------------------------------------------


class _Sealing:
    """Writes one sealed file; ``rows`` and ``digest`` are of what was put in."""

    def __init__(self, path: Path, data_key: bytes) -> None:
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")
        self._cipher = AESGCM(derive(data_key, f"{FORMAT} {path.name}"))
        self._held = bytearray()
        self._at = 0
        self.rows = 0
        self.digest = hashlib.sha256()

    async def put(self, data: bytes) -> None:
        """As asyncpg hands it over."""
        self.digest.update(data)
        self.rows += data.count(b"\n")  # COPY writes a newline within a value as \n
        self._held += data
        while len(self._held) > CHUNK:  # one chunk is always held back: it may be the last
            self._write(bytes(self._held[:CHUNK]), is_last=False)
            del self._held[:CHUNK]

    def _write(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._at, is_last=is_last), chunk, None))
        self._at += 1

    def close(self) -> None:
        """Write the last chunk, and return when it is on the disk."""
        self._write(bytes(self._held), is_last=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Close what will not be finished."""
        self._file.close()


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _opened(path: Path, data_key: bytes) -> Iterator[bytes]:
    """The content of a sealed file, chunk by chunk. Raises ``Unproven`` (backup) that names the file."""
    cipher = AESGCM(derive(data_key, f"{FORMAT} {path.name}"))
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise Unproven("backup", f"{path.name} is missing") from None
    with file:
        at = 0
        sealed = file.read(CHUNK + _TAG)
        while True:
            following = file.read(CHUNK + _TAG)
            try:
                yield cipher.decrypt(_nonce(at, is_last=not following), sealed, None)
            except (InvalidTag, ValueError):
                raise Unproven("backup", f"{path.name} is damaged, cut short, or of another backup") from None
            if not following:
                return
            sealed, at = following, at + 1


# -- out -------------------------------------------------------------------------------------------------------------------------


async def write(pool: asyncpg.Pool, folder: Path, to: Sequence[offline.Public], *, progress: Progress | None = None) -> Contents:
    """Back up the database into the empty ``folder``, sealed to each of ``to``; returns when all of it was read again and found right.

    One snapshot for all tables. Raises ``Misconfigured`` without a key, or when the folder holds something; whatever it wrote
    before a failure has no ``backup.json``.
    """
    if not to:
        raise Misconfigured([NO_KEY])
    await asyncio.to_thread(_make_folder, folder)
    tell = progress or (lambda done, of: None)
    data_key, backup_id = secrets.token_bytes(32), secrets.token_hex(16)
    async with db.transaction(pool, isolation="repeatable_read") as connection:
        await q.patient(connection)
        now: datetime = await connection.fetchval("select now()")
        tables = [dict(row) async for row in q.tables(connection)]
        migrations = [(row["number"], row["name"], row["digest"]) async for row in q.migrations(connection)]
        heads = {row["id"]: (row["size"], row["count"]) async for row in q.heads(connection)}
        written, done, of = [], 0, 2 * sum(table["size"] for table in tables) or 1
        for number, table in enumerate(_in_order(tables), start=1):
            path = folder / f"{number:03}-{table['name']}.sealed"
            written.append(await _copied(connection, table, path, data_key))
            done += table["size"]
            tell(done, of)
    contents = Contents(now, migrations, written, heads)
    file = _Sealing(folder / "contents.sealed", data_key)
    await file.put(msgspec.json.encode(contents))
    file.close()
    # As a restore would find it, down to each row; only then it is called a backup.
    sizes = {table["name"]: table["size"] for table in tables}
    for each in written:
        await asyncio.to_thread(_check, folder, each, data_key)
        done += sizes[each.name]
        tell(min(done, of), of)
    header = _Header(FORMAT, backup_id, now, [_Wrapped(key.name, key.fingerprint, key.seal(_info(backup_id), data_key)) for key in to])
    _write_whole(folder / "backup.json", msgspec.json.format(msgspec.json.encode(header)) + b"\n")
    tell(of, of)
    return contents


def _make_folder(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Misconfigured([f"{folder} is there already and not an empty folder"])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


async def _copied(connection: db.Connection, table: Mapping[str, Any], path: Path, data_key: bytes) -> Table:
    file = _Sealing(path, data_key)
    try:
        answer = await connection.copy_from_table(table["name"], columns=table["columns"], output=file.put, timeout=86_400)
        file.close()
    except BaseException:
        file.abandon()
        raise
    if answer != f"COPY {file.rows}":
        raise Unproven("backup", f"{table['name']}: {answer}, but {file.rows} rows came")
    return Table(table["name"], path.name, list(table["columns"]), file.rows, file.digest.hexdigest())


def _in_order(tables: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """So that each comes after those that its foreign keys name."""
    left = {table["name"]: table for table in tables}
    ordered: list[Mapping[str, Any]] = []
    while left:
        ready = [table for table in left.values() if not set(table["needs"]) & set(left)]
        if not ready:
            raise Misconfigured([f"sql/schema: the foreign keys of {', '.join(sorted(left))} go round in a circle"])
        for table in ready:
            ordered.append(table)
            del left[table["name"]]
    return ordered


def _check(folder: Path, table: Table, data_key: bytes) -> None:
    digest, rows = hashlib.sha256(), 0
    for chunk in _opened(folder / table.file, data_key):
        digest.update(chunk)
        rows += chunk.count(b"\n")
    if (digest.hexdigest(), rows) != (table.digest, table.rows):
        raise Unproven("backup", f"{table.file} does not hold what it should")


def _write_whole(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    held = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(held)
    finally:
        os.close(held)


# -- and back ----------------------------------------------------------------------------------------------------------------------


def open_contents(folder: Path, private: offline.Private) -> tuple[Contents, bytes]:
    """What the backup in ``folder`` holds, and its data key. Raises ``Unproven`` (backup): not one, another key's, or damaged."""
    try:
        header = msgspec.json.decode((folder / "backup.json").read_bytes(), type=_Header)
    except FileNotFoundError:
        raise Unproven("backup", f"{folder} has no backup.json: it is no backup, or one that was cut short") from None
    except (OSError, msgspec.MsgspecError):
        raise Unproven("backup", "backup.json is damaged") from None
    if header.format != FORMAT:
        raise Unproven("backup", "backup.json is of another format")
    mine = [key for key in header.keys if key.fingerprint == private.public.fingerprint]
    if not mine:
        names = ", ".join(f"{key.name} ({offline.grouped(key.fingerprint[:16])} …)" for key in header.keys)
        raise Unproven("backup", f"it is not sealed to the key {private.public.name}, but to {names}")
    try:
        data_key = private.open(_info(header.id), mine[0].sealed)
    except Unopened:
        raise Unproven("backup", "backup.json is damaged") from None
    try:
        return msgspec.json.decode(b"".join(_opened(folder / "contents.sealed", data_key)), type=Contents), data_key
    except msgspec.MsgspecError:
        raise Unproven("backup", "contents.sealed is damaged") from None


async def restore(url: str, folder: Path, private: offline.Private, *, progress: Progress | None = None) -> Contents:
    """Restore into the empty database at ``url``, as the schema's owner; everything or nothing, and read again afterwards.

    Every file is checked before the database is touched. Raises ``Unproven`` (a wrong key, a damaged file, by its name),
    ``Conflict`` when the database is not empty, ``Misconfigured`` when this version of the code is older than the backup.
    """
    tell = progress or (lambda done, of: None)
    contents, data_key = await asyncio.to_thread(open_contents, folder, private)
    known = {number: (name, digest) for number, name, digest in db.digests()}
    if any(known.get(number) != (name, digest) for number, name, digest in contents.migrations):
        raise Misconfigured(["the backup was taken from another version of the schema: use the version of the code that it was taken with"])
    done, of = 0, 3 * max(1, contents.rows)
    for table in contents.tables:
        await asyncio.to_thread(_check, folder, table, data_key)
        done += table.rows
        tell(done, of)
    connection = await asyncpg.connect(url, timeout=10)
    try:
        await _refuse_unless_empty(connection)
        await db.migrate(url, up_to=max((number for number, _, _ in contents.migrations), default=0))
        async with connection.transaction():
            await q.patient(connection)
            await _load(connection, folder, contents, data_key, lambda rows: tell(done + rows, of))
    finally:
        await connection.close()
    await db.migrate(url)
    tell(of, of)
    return contents


async def _refuse_unless_empty(connection: asyncpg.Connection) -> None:
    if await q.has_schema(connection):
        raise Conflict("the database is not empty: a backup is restored into a new one")


async def _load(connection: asyncpg.Connection, folder: Path, contents: Contents, data_key: bytes, tell: Callable[[int], object]) -> None:
    names = ", ".join(f'"{table.name}"' for table in contents.tables)
    await connection.execute(f"truncate {names}")  # what the migrations put there is in the backup, too
    loaded = 0
    for table in contents.tables:
        # History is taken as it was; what a trigger would make of it was made then. Foreign keys are checked as ever.
        await connection.execute(f'alter table "{table.name}" disable trigger user')
        source = _pieces(folder / table.file, data_key)
        answer = await connection.copy_to_table(table.name, columns=table.columns, source=source, timeout=86_400)
        await connection.execute(f'alter table "{table.name}" enable trigger user')
        if answer != f"COPY {table.rows}":
            raise Unproven("backup", f"{table.file}: {answer}, but it holds {table.rows} rows")
        loaded += table.rows
        tell(loaded)
    for table in contents.tables:
        digest = hashlib.sha256()

        async def put(data: bytes, digest: Any = digest) -> None:
            digest.update(data)

        await connection.copy_from_table(table.name, columns=table.columns, output=put, timeout=86_400)
        if digest.hexdigest() != table.digest:
            raise Unproven("backup", f"{table.file} came out of the database as something else")
        loaded += table.rows
        tell(loaded)
    async for row in q.identities(connection):
        # Names out of the catalogue of this very database, quoted as it quotes them.
        highest = await connection.fetchval(f'select max("{row["column"]}") from "{row["name"]}"')  # noqa: S608
        await connection.execute("select setval($1::text::regclass, $2, $3)", row["sequence"], highest or 1, highest is not None)


async def _pieces(path: Path, data_key: bytes) -> AsyncIterator[bytes]:
    for chunk in _opened(path, data_key):
        yield chunk
        await asyncio.sleep(0)
