"""Partners from the shell: who they are, their sites, petitions and keys, their list, and where their system is told."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from service.commands import Line, here, run
from service.errors import Fault, Invalid, Misconfigured

ACTS = ("list", "add", "sites", "petitions", "key", "news", "quota", "webhook", "end")


def partner(options: argparse.Namespace) -> int:
    from service import db, partners, webhooks
    from service.identity import Keys

    settings = here(options)
    try:
        public = Path(options.key).read_text(encoding="utf-8") if options.key else ""
    except (OSError, UnicodeDecodeError) as wrong:
        raise Misconfigured([f"{options.key}: cannot be read ({type(wrong).__name__})"]) from None

    async def act() -> int:
        async with db.open_pool(settings.database_url, high=1) as pool:
            if options.act == "list":
                async for row in partners.q.listing(pool):
                    stands = "ended" if row["ended_at"] else f"{row['keys']} keys"
                    print("\t".join([row["slug"], row["name"], stands, " ".join(row["petitions"]), " ".join(row["sites"])]))
                return 0
            if not options.slug:
                raise Misconfigured([f"partner {options.act} needs the partner's slug (see: libertas partner list)"])
            if options.act == "add":
                await partners.add(pool, options.slug, options.name or options.slug)
                print(f"{options.slug}: added; now its sites, its petitions and a key")
                return 0
            row = await partners.get(pool, options.slug)
            if options.act == "sites":
                print("\n".join(await partners.set_sites(pool, row["id"], options.value, is_demo=settings.embedded)))
            elif options.act == "petitions":
                await partners.set_petitions(pool, row["id"], options.value)
                print(f"{options.slug}: carries {', '.join(options.value) or 'no petition'}")
            elif options.act == "key":
                print(await partners.new_key(pool, row["id"]))
                print("shown once, and kept here only as a hash; earlier keys go on for seven days", file=sys.stderr)
            elif options.act == "news":
                consent = dict(value.split("=", 1) for value in options.value if "=" in value)
                mark = await partners.set_list(pool, row["id"], public, consent)
                print(f"{options.slug}: its list is sealed to {mark}" if mark else f"{options.slug}: has no list")
            elif options.act == "quota":
                await partners.set_quota(pool, row["id"], int(options.value[0]) if options.value else 600)
            elif options.act == "webhook":
                url = options.value[0] if options.value else ""
                print(await webhooks.set_address(pool, Keys(settings.key_dir), options.slug, url) or f"{options.slug}: is told nothing")
            else:
                await partners.end(pool, row["id"])
                print(f"{options.slug}: ended; its signatures go on counting")
        return 0

    try:
        result: int = run(act())
    except Invalid as wrong:
        raise Misconfigured([_sentence(fault) for fault in wrong.faults]) from None
    except ValueError as wrong:
        raise Misconfigured([f"partner {options.act}: {wrong}"]) from None
    return result


_SENTENCES = {
    "partner-slug": "a partner's slug is 1–63 of a–z, 0–9 and -, such as hyestart",
    "partner-name": "a partner's name has 1–100 letters",
    "partner-site": "a site is https://host, such as https://www.example.org (in a demonstration also http://localhost:*)",
    "partner-quota": "a quota is a number of requests an hour, from 1 to 1000000",
    "partner-consent": "the sentence beside the box has at most 300 letters",
    "webhook-url": "a webhook is an https address without user, password or fragment, or off",
}


def _sentence(fault: Fault) -> str:
    return _SENTENCES.get(fault.code, f"{fault.field}: {fault.code}")


def add(command: Line) -> None:
    """``partner``."""
    made = command("partner", partner, "partners: sites, petitions, keys, lists, webhooks")
    made.add_argument("act", choices=ACTS)
    made.add_argument("slug", nargs="?")
    made.add_argument("value", nargs="*", help="sites · petitions · fr=sentence en=sentence · a number · an https address or off")
    made.add_argument("--name", help="with add: how the partner is called on the form")
    made.add_argument("--key", help="with news: the .pub file to which its list is sealed; without it the list is closed")
