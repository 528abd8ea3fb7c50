"""Evidence: certify a count, sign the certificate where the organizers' keys are, and check one without trusting the server."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from service.commands import Line, here, progress, run
from service.errors import Misconfigured


def certify(options: argparse.Namespace) -> int:
    if options.sign:
        return _sign(Path(options.sign), options)
    from service import certificates, db
    from service.identity import Keys

    settings = here(options)

    async def take_in() -> int:
        async with db.open_pool(settings.database_url, high=4) as pool:
            bundle = await certificates.take_in(pool, Keys(settings.key_dir), settings, certificates.load(Path(options.take_in)))
        print(f"certificate {bundle.id} can be fetched from the petition's page now")
        return 0

    async def act() -> int:
        async with db.open_pool(settings.database_url, high=4) as pool:
            bundle = await certificates.certify(
                pool,
                Keys(settings.key_dir),
                settings,
                options.slug,
                options.recipient,
                holder=options.holder,
                petitioner=options.petitioner,
                unsigned=options.unsigned,
            )
        out = Path(options.out)
        certificates.write(bundle, out, zipping=not options.unsigned)
        print(f"confirmed signatures: {bundle.count}; certificate {bundle.id}")
        if options.unsigned:
            print(f"written to {out}/, in the anchor log, and not signed yet. Carry the folder to the machine with the keys:")
            print(f"    libertas certify --sign {out.name} --key CERTIFICATE_KEY --pdf-key SEAL.pem")
            print(f"and back, so that it can be fetched: libertas certify --take-in {out.name}")
        else:
            print(f"written to {out}/ and {out}.zip")
            if "certificate.pdf" not in bundle.files:
                print("without certificate.pdf: LIBERTAS_PDF_KEY names no seal", file=sys.stderr)
        return 0

    if options.take_in:
        return int(run(take_in()))
    if not (options.slug and options.recipient and options.out):
        raise Misconfigured(["certify needs SLUG, --recipient and --out; or --sign DIR, or --take-in DIR"])
    return int(run(act()))


def _sign(folder: Path, options: argparse.Namespace) -> int:
    """On the organizers' machine: no database, no settings."""
    from service.certificates import archive, finishing, seals
    from service.proof import certificate as proof
    from service.proof.canonical import sha256

    files = archive.load(folder)
    if not options.key:
        raise Misconfigured(["--sign needs --key: the SSH key file, or its .pub when an agent or a token holds it"])
    proof.verify_unsigned({path: content for path, content in files.items() if path not in finishing.LATER})
    statement = json.loads(files["certificate.json"])
    count, office = statement["proved"]["count"], statement["recipient"]["office"]
    print(f"{statement['standing']}, for {office}; signatures: {count}, recounted, and all files agree")
    seal = seals.Seal.load(options.pdf_key) if options.pdf_key else None
    done = finishing.go_on(files, finishing.by_ssh_keygen(Path(options.key)), seal, tsa_url=options.tsa_url)
    proof.verify_bundle(done)
    for path in finishing.LATER:
        if path in done:
            (folder / path).write_bytes(done[path])
    bundle = archive.Bundle(sha256(done["certificate.json"]).hex(), count, statement["serial"], done)
    folder.with_name(folder.name + ".zip").write_bytes(bundle.zip())
    print(f"signed; {folder}/ and {folder}.zip are complete")
    if seal is None:
        print("without certificate.pdf: --pdf-key names no seal", file=sys.stderr)
    return 0


def verify(options: argparse.Namespace) -> int:
    from service import certificates

    if options.what is not None:
        if options.path not in ("receipt", "promise", "bundle"):
            raise Misconfigured(["verify takes one path or address; `verify receipt FILE` and `verify promise FILE` say what it is"])
        options.path = options.what
    code, report = certificates.verify_path(
        options.path,
        options.trust,
        offline=options.offline,
        progress=None if options.json or not sys.stderr.isatty() else progress,
        address=options.address,
        ledger_at=options.ledger,
        pin=options.pin,
    )
    if options.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        print(certificates.told(code, report), file=sys.stderr if code in (1, 3) else sys.stdout)
    return code


def add(command: Line) -> None:
    """``certify`` and ``verify``."""
    made = command("certify", certify, "write the evidence bundle of a certified count")
    made.add_argument("slug", nargs="?")
    made.add_argument("--recipient", metavar="OFFICE", help="the office that it is for")
    made.add_argument("--holder", default="", metavar="NAME", help="who holds that office today")
    made.add_argument("--petitioner", default="", metavar="NAME", help="the petitioner of record, if not the issuer")
    made.add_argument("--out", metavar="DIR")
    made.add_argument("--unsigned", action="store_true", help="the private key is elsewhere: make all but what it adds")
    made.add_argument("--sign", metavar="DIR", help="add it, on the organizers' machine; needs no database")
    made.add_argument("--key", metavar="FILE", help="with --sign: an SSH key, or the .pub of one in an agent or on a token")
    made.add_argument("--pdf-key", default="", metavar="PEM", help="with --sign: the PDF seal, or a pkcs11: address")
    made.add_argument("--tsa-url", default="", metavar="URL", help="with --sign: a time-stamp authority for the seal")
    made.add_argument("--take-in", metavar="DIR", help="keep the finished bundle for download")
    made = command("verify", verify, "check a bundle, a PDF, a receipt, a promise or a live ledger without trusting the server")
    made.add_argument("path", metavar="PATH_OR_URL", help="a file or folder; or the word receipt or promise, and then one")
    made.add_argument("what", nargs="?", metavar="FILE", help=argparse.SUPPRESS)
    made.add_argument("--offline", action="store_true")
    made.add_argument("--trust", metavar="FILE", help="keys that came another way")
    made.add_argument("--pin", action="store_true", help="keep these keys for next time")
    made.add_argument("--address", metavar="EMAIL", help="the address that a receipt should be for")
    made.add_argument("--ledger", metavar="PATH_OR_URL", help="where a promise should have been kept")
    made.add_argument("--json", action="store_true")
