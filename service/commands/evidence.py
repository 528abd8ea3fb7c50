"""Evidence: certify a count, and check one without trusting the server."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from service.commands import Line, here, progress, run


def certify(options: argparse.Namespace) -> int:
    from service import certificates, db
    from service.identity import Keys

    settings = here(options)

    async def act() -> int:
        async with db.open_pool(settings.database_url, high=4) as pool:
            bundle = await certificates.certify(pool, Keys(settings.key_dir), settings, options.slug, options.recipient)
        out = Path(options.out)
        certificates.write(bundle, out)
        print(f"confirmed signatures: {bundle.count}; certificate {bundle.id}")
        print(f"written to {out}/ and {out}.zip")
        return 0

    result: int = run(act())
    return result


def verify(options: argparse.Namespace) -> int:
    from service import certificates

    code, report = certificates.verify_path(
        options.path, options.trust, offline=options.offline, progress=None if options.json or not sys.stderr.isatty() else progress
    )
    if options.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        print(certificates.told(code, report), file=sys.stderr if code in (1, 3) else sys.stdout)
    return code


def add(command: Line) -> None:
    """``certify`` and ``verify``."""
    made = command("certify", certify, "write the evidence bundle of a certified count")
    made.add_argument("slug")
    made.add_argument("--recipient", required=True)
    made.add_argument("--out", required=True)
    made = command("verify", verify, "check a bundle, a certificate or a live ledger without trusting the server")
    made.add_argument("path", metavar="PATH_OR_URL")
    made.add_argument("--offline", action="store_true")
    made.add_argument("--trust")
    made.add_argument("--json", action="store_true")
