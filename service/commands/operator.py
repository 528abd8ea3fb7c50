"""The operator's commands: schema, health, and the life of a petition from the shell."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

from service.commands import Line, here, run
from service.errors import Misconfigured
from service.settings import load


def migrate(options: argparse.Namespace) -> int:
    from service import db, recipients

    settings = load()
    url = settings.migrate_url or settings.database_url or here(options).migrate_url

    async def forward() -> None:
        for name in await db.migrate(url):
            print(f"applied {name}")
        async with db.open_pool(url, high=1) as pool, db.transaction(pool) as connection:
            await recipients.seed(connection)

    run(forward())
    print("the schema is up to date")
    return 0


def check(options: argparse.Namespace) -> int:
    from service import db, ledger, signatures, witnesses
    from service.identity import Keys
    from service.mail import Compiled, records, signer
    from service.worker import return_path

    settings = here(options)
    keys = Keys(settings.key_dir)

    async def faults() -> list[str]:
        found: list[str] = []
        async with db.open_pool(settings.database_url, high=2) as pool, pool.acquire() as connection:
            found += await db.schema_faults(connection) or await db.unprepared(connection)
            if not found:
                found += [f"ledger: an entry was set aside: {row}" for row in await ledger.set_aside(pool)]
                found += await signatures.faults(pool, keys)
        found += witnesses.faults(witnesses.circle(settings, keys))
        asks: list[Callable[[], object]] = [keys.token_keys, keys.promise_key, keys.mail_token_key, keys.suppression_key, keys.altcha_keys]
        asks += [keys.offline_keys, keys.backup_keys, *([] if settings.embedded or options.demo else [keys.refuse_organizers_keys])]
        for ask in asks:
            try:
                ask()
            except Misconfigured as missing:
                found += missing.faults
        return found

    found = run(faults())
    Compiled(base_url=settings.base_url, sender=settings.mail_from, issuer=settings.issuer_name, contact=settings.issuer_contact)
    if not settings.embedded and not options.demo and not keys.backup_keys():
        print("backups: there is no key in KEY_DIR/backup, so `libertas backup` has nobody to seal to")
    own = signer(settings)
    return_path(keys, settings)  # says what is wrong with BOUNCES_TO
    for finding in records.check(settings.mail_from, settings.dkim_selector, records.system_resolver(), own.record if own else ""):
        if finding.is_wrong:
            found.append(finding.text)
        else:
            print(finding.text)
    for fault in found:
        print(fault, file=sys.stderr)
    if not found:
        print("settings, keys, schema, statements and messages are in order")
    return 1 if found else 0


def bounces(options: argparse.Namespace) -> int:
    """Take in mails that came back: files, or one from a mail server's pipe, which is told (75) to try again when we cannot."""
    from pathlib import Path

    from service import db, mail
    from service.identity import Keys
    from service.worker import return_path

    settings = here(options)
    path = return_path(Keys(settings.key_dir), settings)
    if path is None:
        raise Misconfigured(
            ["LIBERTAS_BOUNCES_TO is not set: mails leave under the sender's own address, so none can be told from another"]
        )

    came = {file: Path(file).read_bytes() if file != "-" else sys.stdin.buffer.read() for file in options.file or ["-"]}

    async def act() -> int:
        async with db.open_pool(settings.database_url, high=1) as pool:
            for file, message in came.items():
                print(f"{file}: {await mail.take_in(pool, path, message)}")
        return 0

    try:
        result: int = run(act())
    except db.AWAY as away:
        print(f"the database is away ({type(away).__name__}); try again later", file=sys.stderr)
        return os.EX_TEMPFAIL
    return result


def petition(options: argparse.Namespace) -> int:
    from service import db, petitions

    settings = here(options)

    async def act() -> int:
        async with db.open_pool(settings.database_url, high=1) as pool:
            if options.act == "list":
                async for row in petitions.q.listing(pool):
                    print(f"{row['slug']}\t{row['status']}\t{row['published_count'] or 0}")
                return 0
            if not options.slug:
                raise Misconfigured([f"petition {options.act} needs the petition's slug (see: libertas petition list)"])
            await petitions.change(pool, options.slug, options.act)
            print(f"{options.slug}: {options.act} done")
        return 0

    result: int = run(act())
    return result


def names(options: argparse.Namespace) -> int:
    """Review the names whose owners asked to be shown."""
    from service import db, petitions, signatures

    settings = here(options)

    async def act() -> int:
        async with db.open_pool(settings.database_url, high=1) as pool:
            found = await petitions.by_slug(pool, options.slug)
            waiting = [row async for row in signatures.q.names_waiting(pool, petition_id=found.id)]
            if options.act == "list":
                for row in waiting:
                    print(f"{row['signature_id']}\t{row['name']}\t{row['role']}")
                return 0
            wanted = [row["signature_id"] for row in waiting if not options.id or str(row["signature_id"]) in options.id]
            review = "shown" if options.act == "show" else "refused"
            print(await signatures.q.review_names(pool, ids=wanted, review=review, now=None), review)
        return 0

    result: int = run(act())
    return result


def add(command: Line) -> None:
    """``migrate``, ``check``, ``bounces``, ``petition`` and ``names``."""
    command("migrate", migrate, "bring the schema forward")
    made = command("check", check, "settings, keys, schema, statements, messages, and the mail's authentication records")
    made.add_argument("--demo", action="store_true", help="the organizers' keys may lie here: this is a demonstration")
    made = command("bounces", bounces, "take in mails that came back, from files or, for a mail server's pipe, from standard input")
    made.add_argument("file", nargs="*")
    made = command("petition", petition, "the life of a petition")
    made.add_argument("act", choices=("list", "open", "pause", "close"))
    made.add_argument("slug", nargs="?")
    made = command("names", names, "review the names whose owners asked to be shown")
    made.add_argument("act", choices=("list", "show", "refuse"))
    made.add_argument("slug")
    made.add_argument("id", nargs="*")
