"""Backups: out into a folder that only the organizers' key reads, and back into an empty database."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from service.commands import Line, here, progress, run
from service.commands.keys import passphrase_for
from service.errors import Misconfigured
from service.settings import Settings, load


def backup(options: argparse.Namespace) -> int:
    from service import backup as backups
    from service import db
    from service.identity import Keys, offline

    settings = here(options)
    folder = Path(options.dir).absolute()
    if folder == settings.key_dir or settings.key_dir in folder.parents:
        raise Misconfigured([f"{folder} is in KEY_DIR: a backup and the keys never lie in one place"])
    to = [offline.read_public(Path(options.to))] if options.to else Keys(settings.key_dir).backup_keys()

    async def act() -> backups.Contents:
        async with db.open_pool(settings.migrate_url or settings.database_url, high=1, name="libertas-backup") as pool:
            return await backups.write(pool, folder, to, progress=progress if sys.stderr.isatty() else None)

    contents = run(act())
    names = ", ".join(key.name for key in to)
    print(f"{contents.rows} rows of {len(contents.tables)} tables in {folder}, sealed to {names}; read again, and right")
    print("KEY_DIR is not in it: keep log/, suppression, promise and forgotten elsewhere, and never the epoch keys (docs/operations.md)")
    return 0


def restore(options: argparse.Namespace) -> int:
    from service import backup as backups
    from service import db, forgotten
    from service.identity import offline

    settings = load()
    folder = Path(options.dir).absolute()
    key = Path(options.key) if options.key else settings.key_dir / "backup" / "demo-backup.key"
    if not options.key and not key.exists():
        raise Misconfigured(["restore needs --key FILE.key: the private half of the key that the backup was sealed to"])
    private = offline.read_private(key, passphrase_for(key))
    backups.open_contents(folder, private)  # a wrong key or folder is told before a database is started

    taken_back = Path(options.forgotten) if options.forgotten else settings.key_dir / forgotten.FILE
    if options.forgotten and not taken_back.is_file():
        raise Misconfigured([f"--forgotten {taken_back}: there is no such file"])

    async def act() -> tuple[backups.Contents, forgotten.Again]:
        async with _target(settings) as url:
            made = await backups.restore(url, folder, private, progress=progress if sys.stderr.isatty() else None)
            async with db.open_pool(url, high=2, name="libertas-restore") as pool:
                return made, await forgotten.again(pool, taken_back)

    contents, again = run(act())
    print(
        f"{contents.rows} rows of {len(contents.tables)} tables restored, as of {contents.made_at:%Y-%m-%d %H:%M} UTC; all of it compared"
    )
    for log_id, (size, count) in contents.heads.items():
        print(f"    log {log_id}: {size} entries, count {count}")
    print("put back log/, suppression and promise into KEY_DIR before the first start")
    if taken_back.is_file():
        print(
            f"forgotten again: {again.signatures} signatures, {again.narrowed} shown less, {_few(again.readers, 'reader', 'readers')}, "
            f"{_few(again.mailboxes, 'mailbox', 'mailboxes')}; of the desk {_few(again.organizers, 'organizer', 'organizers')}, "
            f"{_few(again.roles, 'role', 'roles')}, {_few(again.passkeys, 'passkey', 'passkeys')}"
        )
    else:
        print(f"there is no {taken_back}: repeat the erasures made since then (their entries stand in the public log)")
        print("and look through the desk's people: whoever was removed since then is back (libertas organizer list)")
    print("everybody signs in to the desk anew; links of that day and what two people had not yet done hold no more")
    return 0


def _few(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


@asynccontextmanager
async def _target(settings: Settings) -> AsyncIterator[str]:
    """The database that the settings name; otherwise a new embedded one in ``DATA_DIR``, which ``make run`` will find there."""
    if settings.migrate_url or settings.database_url:
        yield settings.migrate_url or settings.database_url
        return
    from service.embedded.postgres import Postgres

    home = settings.data_dir / "postgres"
    if home.exists():
        raise Misconfigured([f"{home} is there already: restore into a new LIBERTAS_DATA_DIR, or set LIBERTAS_MIGRATE_URL"])
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = Postgres(home)
    await server.start()
    try:
        yield server.migrate_url
    finally:
        await server.stop()


def add(command: Line) -> None:
    """``backup`` and ``restore``."""
    made = command("backup", backup, "the whole database into DIR, sealed to the backup key, and read again")
    made.add_argument("dir", metavar="DIR")
    made.add_argument("--to", metavar="FILE.pub", help="seal to this key instead of those in KEY_DIR/backup")
    made = command("restore", restore, "a backup into an empty database")
    made.add_argument("dir", metavar="DIR")
    made.add_argument("--key", metavar="FILE.key")
    made.add_argument("--forgotten", metavar="FILE", help="what people took back since; otherwise KEY_DIR/forgotten")
