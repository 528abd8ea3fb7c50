"""Lists: written by the server with every name sealed, opened by the organizers on their own machine, and mended after a withdrawal."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from uuid import UUID

import msgspec

from service.commands import Line, here, progress, run
from service.commands.keys import passphrase_for
from service.errors import Misconfigured

SHAPES = ("working", "recipient", "open")
FORMATS = ("csv", "xlsx", "jsonl", "parquet")


def export(options: argparse.Namespace) -> int:
    from service import db, exports, petitions, recipients
    from service.exports.opening import about_path
    from service.identity import Keys

    settings = here(options)
    out = Path(options.out)
    for path in (out, about_path(out)):
        if path.exists():
            raise Misconfigured([f"{path} is there already"])
    out.parent.mkdir(parents=True, exist_ok=True)  # before anything is written down as exported

    async def act() -> exports.Export:
        async with db.open_pool(settings.database_url, high=4) as pool:
            profile = None
            if options.shape == "recipient":
                addressed = (await petitions.by_slug(pool, options.slug)).recipients
                name = options.recipient or next((each.get("en") or next(iter(each.values())) for each in addressed), "–")
                office = await recipients.called(pool, name)
                if office is not None:
                    exports.Profile.of(name, office[1])  # refuses where names are never handed over
                profile = exports.Profile(recipient=name, fields=tuple(options.fields.split(",")))
            made = await exports.write(
                pool, Keys(settings.key_dir), settings, options.slug, shape=options.shape, form=options.format, profile=profile,
                approval=UUID(options.approval) if options.approval else None, progress=progress if sys.stderr.isatty() else None,
            )  # fmt: skip
            descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    async for piece in made:
                        file.write(piece)
            except BaseException:
                out.unlink(missing_ok=True)  # noqa: ASYNC240 - half a list is no list
                raise
        about_path(out).write_bytes(msgspec.json.format(msgspec.json.encode(made.about)) + b"\n")
        return made

    made = run(act())
    totals = made.about["totals"]
    size = made.about["checkpoint"]["size"]
    print(f"written to {out}: {totals['rows']} rows under the checkpoint of size {size}, count {totals['count']}")
    if options.shape != "open":
        names = ", ".join(key["name"] for key in made.about["keys"])
        print(f"names are sealed to {names}; with {about_path(out).name} beside it, on the organizers' machine:")
        print(f"    libertas open-export {out.name} --key FILE.key")
        if settings.embedded:
            print("DEMO: the private keys lie on this server, in KEY_DIR/offline; outside the demo they never do")
    return 0


def open_export(options: argparse.Namespace) -> int:
    from service import exports
    from service.identity import offline

    path, key = Path(options.file), Path(options.key)
    private = offline.read_private(key, passphrase_for(key))
    out = Path(options.out) if options.out else path.with_name(f"{path.stem}.opened{path.suffix}")
    opened = exports.open_file(path, private, out, progress=progress if sys.stderr.isatty() else None)
    told = ", ".join(f"{name.replace('_', ' ')} {n}" for name, n in opened.totals.items())
    print(f"opened into {opened.path}, readable by you only: {told}")
    print("it names people who trusted us: keep it on this machine, and delete it when it was handed over")
    return 0


def removals(options: argparse.Namespace) -> int:
    from service import db, exports, petitions

    settings = here(options)

    async def act() -> int:
        async with db.open_pool(settings.database_url, high=1) as pool:
            petition = await petitions.by_slug(pool, options.slug)
            for each in await exports.made(pool, petition.id):
                if each["shape"] == "open":
                    continue
                left = await exports.removals(pool, each["id"])
                ended = f"{each['listed']} rows" if each["done_at"] else "cut short"
                print(f"{each['id']}\t{each['begun_at']:%Y-%m-%d %H:%M}\t{each['shape']}\t{ended}\t{len(left)} to take out")
                for signature_id, why, _ in left:
                    print(f"    {signature_id}\t{why}")
                if options.done and UUID(options.done) == each["id"]:
                    await exports.confirm_removals(pool, each["id"], [signature_id for signature_id, _, _ in left])
                    print(f"    noted: {len(left)} were taken out")
        return 0

    result: int = run(act())
    return result


def add(command: Line) -> None:
    """``export``, ``open-export`` and ``removals``."""
    made = command("export", export, "write a list or open figures, under one checkpoint; names are sealed to the offline keys")
    made.add_argument("slug")
    made.add_argument("--shape", required=True, choices=SHAPES)
    made.add_argument("--format", required=True, choices=FORMATS)
    made.add_argument("--out", required=True)
    made.add_argument("--recipient", help="with --shape recipient: who will get it (else the petition's first)")
    made.add_argument("--fields", default="name,country", help="with --shape recipient: of name, role, country, locality, email")
    made.add_argument("--approval", metavar="ID", help="outside the demo: what two organizers approved on the desk")
    made = command("open-export", open_export, "open a sealed export, on the organizers' own machine")
    made.add_argument("file", metavar="FILE")
    made.add_argument("--key", required=True)
    made.add_argument("--out")
    made = command("removals", removals, "who left since an export was made, and must be taken out of it")
    made.add_argument("slug")
    made.add_argument("--done", metavar="EXPORT", help="those of this export were taken out")
