"""The installation's keys: make what is missing, list them (never a key itself), rotate, hand out the public ones.

``keys new --offline NAME`` is for the organizers' own machine: it makes a pair whose private half never comes near the server.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from service.commands import Line, here, run
from service.errors import Misconfigured
from service.settings import Settings, load

if TYPE_CHECKING:
    from service.identity import Keys


def keys(options: argparse.Namespace) -> int:
    if options.act == "new" and options.offline:
        return _new_pair(options)
    if options.act == "fingerprint":
        return _fingerprints(options.file)
    from service.identity import Keys, offline

    if options.act == "new":
        settings = load()
        held = Keys.create(settings.key_dir, demo=False).inventory()
        print(f"{len(held)} keys in {settings.key_dir}")
        if not any(each.purpose == "offline" for each in held):
            print("sealed petitions and backups need the organizers' keys: on another machine, `libertas keys new --offline main`")
        return 0
    settings = here(options)
    ring = Keys(settings.key_dir)
    if options.act == "list":
        for each in ring.inventory():
            print(f"{each.purpose}\t{each.id}\t{each.created:%Y-%m-%d}")
        for public in (*ring.offline_keys(), *ring.backup_keys()):
            print(f"fingerprint\t{public.name}\t{offline.grouped(public.fingerprint)}")
        return 0
    if options.act == "retire" or options.log:
        return _succession(settings, ring, options)
    if options.act == "rotate":
        for purpose in ("token", "altcha"):
            ring.rotate(purpose)
        print("token and challenge keys rotated; the ones before them still read")
        return 0
    from service import certificates, db

    async def trust() -> bytes:
        async with db.open_pool(settings.database_url, high=1) as pool:
            return await certificates.trust(pool, ring, settings)

    out = Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(run(trust()))
    print(f"written to {options.out}; hand it out by another way than the certificates")
    return 0


def _succession(settings: Settings, ring: Keys, options: argparse.Namespace) -> int:
    from service import db, ledger

    if not options.log or options.act not in ("rotate", "retire"):
        raise Misconfigured(["keys rotate --log ID gives a log a new key; keys retire --log ID then destroys the one before"])

    async def act() -> str:
        async with db.open_pool(settings.database_url, high=1) as pool:
            if options.act == "rotate":
                made = await ledger.rotate(pool, ring, options.log)
                told = f"log {options.log} has a new key and says so in the anchor log; hand out the trust file again:"
                return f"{told}\n{made.vkey}\n{made.ml_dsa}"
            return f"{await ledger.retire(pool, ring, options.log)} keys of log {options.log} retired and destroyed"

    print(run(act()))
    return 0


def _new_pair(options: argparse.Namespace) -> int:
    from service.identity import offline

    settings = load()
    into = Path(options.into).absolute()
    for place in (settings.key_dir, settings.data_dir):
        if into == place or place in into.parents:
            raise Misconfigured([f"{into} belongs to a server; make the organizers' keys on a machine of their own, and keep them there"])
    public = offline.write_pair(into, options.offline, _new_passphrase() if options.passphrase else "")
    print(f"private: {into / options.offline}.key  stays with the organizers; nobody can make it again")
    print(f"public:  {into / options.offline}.pub  goes to the server, into KEY_DIR/offline (or KEY_DIR/backup)")
    print("fingerprint, to be compared by two people with what `libertas keys list` shows on the server:")
    print(f"    {offline.grouped(public.fingerprint)}")
    return 0


def _new_passphrase() -> str:
    first = getpass.getpass("passphrase for the private key: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    again = getpass.getpass("once more: ") if sys.stdin.isatty() else first
    if first != again:
        raise Misconfigured(["the two passphrases differ; nothing was written"])
    if len(first) < 12:
        raise Misconfigured(["a passphrase has at least 12 characters (four or five random words are good); nothing was written"])
    return first


def _fingerprints(files: list[str]) -> int:
    from service.identity import offline

    if not files:
        raise Misconfigured(["keys fingerprint needs one or more .pub files"])
    for file in files:
        public = offline.read_public(Path(file))
        print(f"{public.name}\t{offline.grouped(public.fingerprint)}")
    return 0


def passphrase_for(path: Path) -> str:
    """Ask on the terminal, or read a line from stdin, for the passphrase of the key in ``path``; empty when it has none."""
    from service.identity import offline

    if not offline.is_locked(path):
        return ""
    return getpass.getpass(f"passphrase of {path.name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


def add(command: Line) -> None:
    """``keys``."""
    made = command("keys", keys, "this installation's keys, and the organizers' pairs")
    made.add_argument("act", choices=("new", "list", "rotate", "retire", "trust", "fingerprint"))
    made.add_argument("file", nargs="*", help="with fingerprint: .pub files")
    made.add_argument("--out", default="trust.json")
    made.add_argument("--log", metavar="ID", help="with rotate or retire: the key of this log (anchor, or a petition's)")
    made.add_argument("--offline", metavar="NAME", help="with new: a pair for the organizers, on their own machine (main, safe, backup)")
    made.add_argument("--into", default=".", metavar="DIR", help="with --offline: where to write the pair")
    made.add_argument("--passphrase", action="store_true", help="with --offline: put the private key under a passphrase")
