"""The command line: ``libertas`` (also ``python -m service``). Every command says what is wrong and what to do next."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog

from service import __version__
from service.errors import Misconfigured, Refusal, Unproven
from service.settings import Settings, load


def _logs() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _run(act: Awaitable[Any]) -> Any:
    import uvloop

    async def wrapped() -> Any:
        return await act

    return uvloop.run(wrapped())


def _settings(options: argparse.Namespace) -> Settings:
    return load(insecure_test=options.insecure_test, embedded=options.embedded)


def _found(options: argparse.Namespace) -> Settings:
    """The settings of the installation that runs here, or of the one that LIBERTAS_DATABASE_URL names."""
    from service import embedded

    found: Settings = embedded.find(load(insecure_test=True))  # only the processes decide what is insecure
    return found


# -- processes ---------------------------------------------------------------------------------------------------------------


def up(options: argparse.Namespace) -> int:
    from service import embedded

    settings = load(insecure_test=options.insecure_test, embedded=True)
    code: int = asyncio.run(embedded.up(settings, insecure_test=options.insecure_test))
    return code


def serve(options: argparse.Namespace) -> int:
    import uvicorn

    from service import app

    settings = _settings(options)
    if not settings.database_url:
        raise Misconfigured(["LIBERTAS_DATABASE_URL: is needed by serve (make run needs none)"])
    server = uvicorn.Server(
        uvicorn.Config(
            app.create(settings),
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            lifespan="on",
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=True,
            proxy_headers=False,
            timeout_graceful_shutdown=15,
            timeout_keep_alive=20,
            h11_max_incomplete_event_size=16_384,
            backlog=2_048,
        )
    )
    server.run()
    return 0 if server.started else 1


def work(options: argparse.Namespace) -> int:
    from service import worker

    settings = _settings(options)
    faults = [
        f"LIBERTAS_{name}: is needed by work (make run needs none)"
        for name in ("DATABASE_URL", "SMTP_URL")
        if not getattr(settings, name.lower())
    ]
    if faults:
        raise Misconfigured(faults)

    async def until_told() -> None:
        stop = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, stop.set)
        await worker.run(settings, stop)

    _run(until_told())
    return 0


# -- the operator --------------------------------------------------------------------------------------------------------------


def migrate(options: argparse.Namespace) -> int:
    from service import db

    settings = load()
    url = settings.migrate_url or settings.database_url or _found(options).migrate_url
    for name in _run(db.migrate(url)):
        print(f"applied {name}")
    print("the schema is up to date")
    return 0


def check(options: argparse.Namespace) -> int:
    from service import db, ledger
    from service.identity import Keys
    from service.mail import Compiled

    settings = _found(options)

    async def faults() -> list[str]:
        found: list[str] = []
        async with db.open_pool(settings.database_url, high=2) as pool, pool.acquire() as connection:
            found += await db.schema_faults(connection) or await db.unprepared(connection)
            found += [f"ledger: an entry was set aside: {row}" for row in await ledger.set_aside(pool)]
        keys = Keys(settings.key_dir)
        asks: list[Callable[[], object]] = [keys.token_keys, keys.promise_key, keys.mail_token_key, keys.suppression_key, keys.altcha_keys]
        for ask in asks:
            try:
                ask()
            except Misconfigured as missing:
                found += missing.faults
        return found

    found = _run(faults())
    Compiled(base_url=settings.base_url, sender=settings.mail_from, issuer=settings.issuer_name, contact=settings.issuer_contact)
    for fault in found:
        print(fault, file=sys.stderr)
    if not found:
        print("settings, keys, schema, statements and messages are in order")
    return 1 if found else 0


def petition(options: argparse.Namespace) -> int:
    from service import db, petitions

    settings = _found(options)

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

    result: int = _run(act())
    return result


def names(options: argparse.Namespace) -> int:
    """Review the names whose owners asked to be shown."""
    from service import db, petitions, signatures

    settings = _found(options)

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

    result: int = _run(act())
    return result


# -- evidence ------------------------------------------------------------------------------------------------------------------


def certify(options: argparse.Namespace) -> int:
    from service import certificates, db
    from service.identity import Keys

    settings = _found(options)

    async def act() -> int:
        async with db.open_pool(settings.database_url, high=4) as pool:
            bundle = await certificates.certify(pool, Keys(settings.key_dir), settings, options.slug, options.recipient)
        out = Path(options.out)
        certificates.write(bundle, out)
        print(f"confirmed signatures: {bundle.count}; certificate {bundle.id}")
        print(f"written to {out}/ and {out}.zip")
        return 0

    result: int = _run(act())
    return result


def verify(options: argparse.Namespace) -> int:
    from service import certificates

    code, report = certificates.verify_path(
        options.path, options.trust, offline=options.offline, progress=None if options.json or not sys.stderr.isatty() else _progress
    )
    if options.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        print(certificates.told(code, report), file=sys.stderr if code in (1, 3) else sys.stdout)
    return code


def _progress(done: int, of: int) -> None:
    width = 40
    filled = width * done // max(1, of)
    end = "\n" if done >= of else ""
    print(f"\r[{'#' * filled}{'.' * (width - filled)}] {done}/{of}", end=end, file=sys.stderr, flush=True)


def keys(options: argparse.Namespace) -> int:
    from service.identity import Keys

    if options.act == "new":
        settings = load()
        held = Keys.create(settings.key_dir).inventory()
        print(f"{len(held)} keys in {settings.key_dir}")
        return 0
    settings = _found(options)
    ring = Keys(settings.key_dir)
    if options.act == "list":
        for each in ring.inventory():
            print(f"{each.purpose}\t{each.id}\t{each.created:%Y-%m-%d}")
        return 0
    if options.act == "rotate":
        for purpose in ("token", "altcha"):
            ring.rotate(purpose)
        print("token and challenge keys rotated; the ones before them still read")
        return 0
    from service import certificates, db

    async def trust() -> bytes:
        async with db.open_pool(settings.database_url, high=1) as pool:
            return await certificates.trust(pool, ring, settings)

    Path(options.out).write_bytes(_run(trust()))
    print(f"written to {options.out}; hand it out by another way than the certificates")
    return 0


def parser() -> argparse.ArgumentParser:
    """The whole command line; its help is checked against docs by a test."""
    top = argparse.ArgumentParser(prog="libertas", description="Petitions whose certified count anyone can recompute.")
    top.add_argument("--version", action="version", version=f"libertas {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, act: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=act)
        return made

    for name, act, text in (
        ("up", up, "everything on this machine: database, mail catcher, web, worker"),
        ("serve", serve, "the web process, against LIBERTAS_DATABASE_URL"),
        ("work", work, "the worker, against LIBERTAS_DATABASE_URL and LIBERTAS_SMTP_URL"),
    ):
        made = command(name, act, text)
        made.add_argument("--insecure-test", action="store_true", help="allow LIBERTAS_CAPTCHA=off; for tests only")
        made.add_argument("--embedded", action="store_true", help=argparse.SUPPRESS)
    command("migrate", migrate, "bring the schema forward")
    command("check", check, "settings, keys, schema, statements and messages")
    made = command("petition", petition, "the life of a petition")
    made.add_argument("act", choices=("list", "open", "pause", "close"))
    made.add_argument("slug", nargs="?")
    made = command("names", names, "review the names whose owners asked to be shown")
    made.add_argument("act", choices=("list", "show", "refuse"))
    made.add_argument("slug")
    made.add_argument("id", nargs="*")
    made = command("certify", certify, "write the evidence bundle of a certified count")
    made.add_argument("slug")
    made.add_argument("--recipient", required=True)
    made.add_argument("--out", required=True)
    made = command("verify", verify, "check a bundle, a certificate or a live ledger without trusting the server")
    made.add_argument("path", metavar="PATH_OR_URL")
    made.add_argument("--offline", action="store_true")
    made.add_argument("--trust")
    made.add_argument("--json", action="store_true")
    made = command("keys", keys, "this installation's keys")
    made.add_argument("act", choices=("new", "list", "rotate", "trust"))
    made.add_argument("--out", default="trust.json")
    return top


def main(words: list[str] | None = None) -> int:
    """Run one command; refusals and wrong settings become sentences on stderr and a non-zero exit."""
    options = parser().parse_args(words)
    _logs()
    try:
        code: int = options.run(options)
        return code
    except Misconfigured as wrong:
        for fault in wrong.faults:
            print(fault, file=sys.stderr)
    except Refusal as refused:
        print(refused.detail or refused.code, file=sys.stderr)
    except Unproven as wrong:
        print(str(wrong), file=sys.stderr)
    return 3 if options.command == "verify" else 1


if __name__ == "__main__":
    sys.exit(main())
