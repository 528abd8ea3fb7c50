"""The public log from the shell: repair after a backup was restored, recount, a court's order, and the end of retention."""

from __future__ import annotations

import argparse
import sys

from service.commands import Line, here, progress, run
from service.errors import Misconfigured


def ledger(options: argparse.Namespace) -> int:
    import httpx2

    from service import db, petitions, signatures
    from service import ledger as logs

    settings = here(options)
    bar = progress if sys.stderr.isatty() else None

    async def repair() -> int:
        if not options.what:
            raise Misconfigured(["ledger repair needs the folder, zip file or address of the published ledger"])
        async with db.open_pool(settings.database_url, high=2) as pool, httpx2.AsyncClient(follow_redirects=True) as client:
            done = await logs.repair(pool, logs.source(options.what, client), settings.data_dir / "published", progress=bar)
        for each in done:
            print(
                f"{each.log_id}: {each.old_size} -> {each.size}; {each.backed} leaves found their signatures again, "
                f"{each.unbacked} have none and do not count, {each.waiting} rows wait"
            )
            for version in each.lost_texts:
                print(f"{each.log_id}: the wording of text version {version} is not in this database", file=sys.stderr)
        print("the log goes on from here: start the workers" if done else "nothing was lost: nothing was changed")
        return 0

    async def recount() -> int:
        found = 0
        async with db.open_pool(settings.database_url, high=2) as pool:
            for slug in [options.what] if options.what else [row["slug"] async for row in petitions.q.listing(pool)]:
                petition = await petitions.by_slug(pool, slug)
                counted = await logs.recount(pool, petition.log_id, repairing=options.yes)
                states = await signatures.disagreements(pool, petition.id)
                print(f"{slug}: {counted.tally.count}")
                for difference in counted.differences + states:
                    print(f"{slug}: {difference}", file=sys.stderr)
                left = counted.differences
                if left and options.yes:
                    left = (await logs.recount(pool, petition.log_id)).differences
                    print(f"{slug}: " + ("some of it stands in recorded checkpoints and stays" if left else "put right"), file=sys.stderr)
                elif left:
                    print(f"{slug}: the worker puts such figures right once a day, --yes does it now", file=sys.stderr)
                found += len(left) + len(states)
        return 1 if found else 0

    async def end_retention() -> int:
        if not options.what or not options.yes:
            raise Misconfigured(
                ["ledger end-retention SLUG --yes destroys every address, name and secret of a closed petition, for ever; the count stays"]
            )
        async with db.open_pool(settings.database_url, high=2) as pool:
            petition = await petitions.by_slug(pool, options.what)
            size = await signatures.end_retention(pool, petition.id, logs.queue_purged, progress=bar)
        print(f"{options.what}: no secret of the first {size} entries is left; the log will say so at its next seal")
        return 0

    async def court_order() -> int:
        if not options.what or options.place is None or not options.yes:
            raise Misconfigured(
                ["ledger court-order SLUG --place N --yes takes an erased signature out of the count; with --take-back it counts again"]
            )
        async with db.open_pool(settings.database_url, high=1) as pool:
            petition = await petitions.by_slug(pool, options.what)
            await signatures.court_order(pool, petition.id, options.place, taken_back=options.take_back)
        print(f"{options.what}: place {options.place} {'counts again' if options.take_back else 'counts no more'} from the next seal on")
        return 0

    code: int = run({"court-order": court_order, "repair": repair, "recount": recount, "end-retention": end_retention}[options.act]())
    return code


def add(command: Line) -> None:
    """``ledger``."""
    made = command("ledger", ledger, "the public log: repair, recount, a court's order on an erased signature, end of retention")
    made.add_argument("act", choices=("repair", "recount", "court-order", "end-retention"))
    made.add_argument("what", nargs="?", metavar="PLACE_OR_SLUG")
    made.add_argument("--place", type=int, metavar="N", help="court-order: the place of the erased signature in the log")
    made.add_argument("--take-back", action="store_true", help="court-order: the order was lifted")
    made.add_argument("--yes", action="store_true")
