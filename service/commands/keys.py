"""The installation's keys: make what is missing, list them (never a key itself), rotate, hand out the public ones."""

from __future__ import annotations

import argparse
from pathlib import Path

from service.commands import Line, here, run
from service.settings import load


def keys(options: argparse.Namespace) -> int:
    from service.identity import Keys

    if options.act == "new":
        settings = load()
        held = Keys.create(settings.key_dir).inventory()
        print(f"{len(held)} keys in {settings.key_dir}")
        return 0
    settings = here(options)
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

    Path(options.out).write_bytes(run(trust()))
    print(f"written to {options.out}; hand it out by another way than the certificates")
    return 0


def add(command: Line) -> None:
    """``keys``."""
    made = command("keys", keys, "this installation's keys")
    made.add_argument("act", choices=("new", "list", "rotate", "trust"))
    made.add_argument("--out", default="trust.json")
