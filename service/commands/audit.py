"""An audit, step by step: the auditor's commands need no database, the issuer's open sealed data. docs/formats.md tells the order."""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from service.commands import Line, here, progress, run
from service.errors import Misconfigured

if TYPE_CHECKING:
    from service.audits import Log
    from service.proof.commitment import Opening

BOOK = "book.secret"


def _log(bundle: str) -> Log:
    """The bundle's log, verified and recounted."""
    from service import audits, certificates
    from service.proof import certificate as proof
    from service.proof.entries import Tally

    files = certificates.load(Path(bundle))
    verdict = proof.verify_bundle(files)
    entries = list(certificates.entries_of(files))
    tally = Tally()
    for entry in entries:
        tally.add(entry)
    return audits.Log(verdict.checkpoint, entries, tally.counted(), tally.texts)


def _private(path: Path, content: bytes) -> None:
    """Readable by its owner only, from its first byte on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _destroy(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(bytes(size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def audit(options: argparse.Namespace) -> int:
    return int(
        {
            "sizes": _sizes,
            "key": _key,
            "blind": _blind,
            "sign": _sign,
            "tags": _tags,
            "seed": _seed,
            "sample": _sample,
            "open": _open,
            "check": _check,
            "take-in": _take_in,
        }[options.act](options)
    )


def _need(options: argparse.Namespace, *names: str) -> None:
    missing = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name) is None]
    if missing:
        raise Misconfigured([f"audit {options.act} needs {', '.join(missing)}"])


def _sizes(options: argparse.Namespace) -> int:
    from service.proof.audit import sample_size

    print("how many to draw, so that one false entry is drawn if at least so many are false")
    print("false at least   certain by 95 %   by 99 %")
    for share in (0.05, 0.02, 0.01, 0.005, 0.001):
        print(f"{share * 100:>10.1f} %   {sample_size(share, 0.95):>15,}   {sample_size(share, 0.99):>7,}")
    return 0


def _key(options: argparse.Namespace) -> int:
    from service import audits

    _need(options, "out")
    pem, public = audits.new_key()
    out = Path(options.out)
    _private(out, pem)
    out.with_suffix(".json").write_bytes(public.encode())
    print(f"{out}: yours alone, for one audit. {out.with_suffix('.json')}: for the issuer")
    return 0


def _blind(options: argparse.Namespace) -> int:
    from service import audits, db
    from service.identity import Keys
    from service.proof.audit import Key

    _need(options, "slug", "bundle", "key", "out")
    settings, log = here(options), _log(options.bundle)
    key = Key.parse(Path(options.key).read_bytes())

    async def act() -> dict[int, Opening]:
        async with db.open_pool(settings.database_url, high=1) as pool:
            return await audits.openings(pool, Keys(settings.key_dir), options.slug, log)

    blinded, pages = audits.blind(key, run(act()))
    out = Path(options.out)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    _private(out / BOOK, audits.format_book(pages))
    (out / "blinded.txt").write_bytes(audits.format_numbers(blinded, key.width))
    print(f"{len(blinded)} of {len(log.counted)} counted entries can be opened; {out}/blinded.txt goes to the auditor")
    print(f"{out}/{BOOK} names people: keep it here, and delete it when the audit is done")
    return 0


def _sign(options: argparse.Namespace) -> int:
    from service import audits

    _need(options, "file", "key", "out")
    pem = Path(options.key)
    blinded = audits.parse_numbers(Path(options.file).read_bytes())
    signed = audits.sign(pem.read_bytes(), blinded, progress if sys.stderr.isatty() else None)
    Path(options.out).write_bytes(audits.format_numbers(signed, (max(signed.values()).bit_length() + 7) // 8))
    if options.keep_key:
        print("the key is still here: whoever holds it can test guessed addresses against the tags")
    else:
        _destroy(pem)
        print("signed, and the key is destroyed: nobody can work out the tag of a guess any more")
    return 0


def _tags(options: argparse.Namespace) -> int:
    from service import audits
    from service.proof.audit import Key

    _need(options, "dir", "bundle", "key", "signed")
    folder, log = Path(options.dir), _log(options.bundle)
    pages = audits.parse_book((folder / BOOK).read_bytes())
    signed = audits.parse_numbers(Path(options.signed).read_bytes())
    ledger, done = audits.tags(Key.parse(Path(options.key).read_bytes()), log, pages, signed)
    _private(folder / BOOK, audits.format_book(done))
    (folder / "tags.txt").write_bytes(ledger.encode())
    print(f"{folder}/tags.txt goes to the auditor; SHA-256 {ledger.digest().hex()}")
    return 0


def _drawn(options: argparse.Namespace) -> tuple[bytes, list[int]]:
    from service.proof import audit as proof

    ledger = proof.Tags.parse(Path(options.tags).read_bytes())
    by = proof.seed(ledger.digest(), options.word)
    return by, proof.sample(sorted(ledger.tags), options.size, by)


def _seed(options: argparse.Namespace) -> int:
    _need(options, "tags", "word")
    print(_drawn(options)[0].hex())
    return 0


def _sample(options: argparse.Namespace) -> int:
    _need(options, "tags", "word")
    print("\n".join(map(str, _drawn(options)[1])))
    return 0


def _open(options: argparse.Namespace) -> int:
    from service import audits

    _need(options, "dir", "tags", "word", "out")
    _, drawn = _drawn(options)
    pages = audits.parse_book((Path(options.dir) / BOOK).read_bytes())
    _private(Path(options.out), audits.opened(pages, drawn))
    print(f"{sum(index in pages for index in drawn)} of {len(drawn)} drawn entries opened in {options.out}, for the auditor's eyes only")
    return 0


def _check(options: argparse.Namespace) -> int:
    from service.certificates.finishing import by_ssh_keygen
    from service.proof import audit as proof

    _need(options, "bundle", "tags", "key", "word", "openings", "out", "auditor", "auditor_key")
    log = _log(options.bundle)
    ledger = proof.Tags.parse(Path(options.tags).read_bytes())
    head = log.checkpoint
    if (ledger.origin, ledger.size, ledger.root) != (head.origin, head.size, head.root):
        raise Misconfigured(["audit-checkpoint: the tags are about another head than the bundle's"])
    key = proof.Key.parse(Path(options.key).read_bytes())
    by = proof.seed(ledger.digest(), options.word)
    opened = proof.parse_opened(Path(options.openings).read_bytes())
    entries = dict(enumerate(log.entries))
    found = proof.check(key, ledger, log.counted, entries, by, options.size, opened, log.text_hashes)
    ssh = Path(options.auditor_key)
    public = ssh if ssh.suffix == ".pub" else ssh.with_name(f"{ssh.name}.pub")
    line = " ".join(public.read_text(encoding="ascii").split(" ")[:2]).strip()
    done_on = datetime.now(UTC).date().isoformat()
    made = proof.report(found, ledger, auditor=options.auditor, auditor_key=line, done_on=done_on, by=by, word=options.word)
    out = Path(options.out)
    out.write_bytes(made)
    out.with_name(f"{out.name}.sig").write_bytes(by_ssh_keygen(ssh, proof.NAMESPACE)(out.name, made))
    for a, b in found.duplicates:
        print(f"audit-duplicate: entries {a} and {b} are one address", file=sys.stderr)
    for index, fault in found.failed.items():
        print(f"{fault}: entry {index}", file=sys.stderr)
    told = json.loads(made)
    print(
        f"{told['tags']} tags, {told['untagged']} without; {told['duplicates']} repeated; "
        f"{told['sample']} drawn, {told['opened']} opened, {told['refused']} not opened, {told['failed']} wrong"
    )
    print(f"{out} and {out.name}.sig go to the issuer; the next certificate tells what they say")
    return 0 if found.is_clean else 1


def _take_in(options: argparse.Namespace) -> int:
    from service import audits, db

    _need(options, "slug", "file")
    settings, file = here(options), Path(options.file)
    report, signature = file.read_bytes(), file.with_name(f"{file.name}.sig").read_bytes()

    async def act() -> str:
        async with db.open_pool(settings.database_url, high=1) as pool:
            return await audits.take_in(pool, options.slug, report, signature)

    print(f"report {run(act())} is told by the next certificate")
    return 0


def add(command: Line) -> None:
    """``audit``."""
    made = command("audit", audit, "test by lot that counted entries stand for different addresses")
    acts = ("sizes", "key", "blind", "sign", "tags", "seed", "sample", "open", "check", "take-in")
    made.add_argument("act", choices=acts)
    made.add_argument("--slug", help="blind, take-in: the petition")
    made.add_argument("--bundle", metavar="PATH", help="blind, tags, check: an evidence bundle of the head that is audited")
    made.add_argument("--key", metavar="FILE", help="the audit's key: the .json half, for sign the secret half")
    made.add_argument("--dir", metavar="DIR", help="tags, open: the issuer's folder with the secret book")
    made.add_argument("--file", metavar="FILE", help="sign: blinded.txt; take-in: the report")
    made.add_argument("--signed", metavar="FILE", help="tags: what the auditor signed")
    made.add_argument("--tags", metavar="FILE", help="seed, sample, open, check: the ledger of tags")
    made.add_argument("--word", help="what nobody could know before the tags were handed over: a draw of a lottery, a public beacon")
    made.add_argument("--size", type=int, default=299, help="how many to draw (see: audit sizes)")
    made.add_argument("--openings", metavar="FILE", help="check: what the issuer opened")
    made.add_argument("--auditor", metavar="NAME", help="check: who audits")
    made.add_argument("--auditor-key", metavar="FILE", help="check: the auditor's SSH key, with its .pub beside it")
    made.add_argument("--out", metavar="FILE")
    made.add_argument("--keep-key", action="store_true", help="sign: do not destroy the key")
