"""Organizers from the shell: the first one is invited here; later ones are invited from the desk."""

from __future__ import annotations

import argparse
import sys

from service.commands import Line, here, run
from service.errors import Invalid, Misconfigured
from service.organizers import ROLES


def organizer(options: argparse.Namespace) -> int:
    from service import db, organizers
    from service.identity import Keys
    from service.organizers import Broken, Grant, Secrets

    settings = here(options)
    keys = Secrets(Keys(settings.key_dir).desk_key())
    language = options.language or settings.languages[0]
    if options.act in ("invite", "recover") and not options.email:
        raise Misconfigured([f"organizer {options.act} needs an address"])
    if options.act == "invite" and not options.role:
        raise Misconfigured([f"--role: one or more of {', '.join(ROLES)}"])
    if language not in settings.languages:
        raise Misconfigured([f"--language: one of {', '.join(settings.languages)}"])

    async def act() -> int:
        async with db.open_pool(settings.database_url, high=2) as pool:
            known = {each.slug: each for each in await organizers.associations(pool)}
            if options.act == "list":
                by_id = {each.id: each.slug for each in known.values()}
                for one in await organizers.people(pool, keys):
                    held = ", ".join(g.role + (f"@{by_id[g.association_id]}" if g.association_id else "") for g in one.grants)
                    print(f"{one.email}\t{one.state}\t{held}\t{one.passkeys} passkeys")
                return 0
            if options.act == "trail":
                try:
                    lines = await organizers.check(pool, keys.audit, settings.data_dir / "audit-head")
                except Broken as broken:
                    print(f"the trail was changed: {broken.detail}", file=sys.stderr)
                    return 1
                print(f"{lines} lines, all as they were written")
                return 0
            async with db.transaction(pool) as connection:
                if options.act == "recover":
                    people = [one for one in await organizers.people(connection, keys) if one.email == options.email.strip()]
                    if not people:
                        raise Misconfigured([f"there is no organizer {options.email} (see: libertas organizer list)"])
                    code = await organizers.recover(connection, keys, people[0].id)
                    await organizers.note(connection, keys.audit, None, "people.recover", str(people[0].id))
                    print(f"the link is on its way by mail; tell this number by voice: {code[:4]} {code[4:]}")
                    return 0
                association = None
                if options.association:
                    if options.association in known:
                        association = known[options.association].id
                    else:
                        association = await organizers.found_association(connection, options.association, options.association)
                        print(f"founded the association {options.association}; its name can be changed at the desk")
                grants = [Grant(role, association) for role in options.role]
                made = await organizers.invite(connection, keys, options.email, grants, language=language)
                await organizers.note(
                    connection,
                    keys.audit,
                    None,
                    "people.invited",
                    str(made),
                    roles=[[each.role, str(association or "")] for each in grants],
                )
        print(f"invited; the link goes to {options.email} by mail and works for seven days")
        return 0

    try:
        code: int = run(act())
    except Invalid as wrong:
        raise Misconfigured([f"{fault.field}: {fault.code}" for fault in wrong.faults]) from None
    return code


def add(command: Line) -> None:
    """``organizer``."""
    made = command("organizer", organizer, "invite organizers, list them, help one back in, check the trail of what they did")
    made.add_argument("act", choices=("invite", "list", "recover", "trail"))
    made.add_argument("email", nargs="?", metavar="EMAIL")
    made.add_argument("--role", action="append", choices=ROLES, help="may be given more than once")
    made.add_argument("--association", metavar="SLUG", help="only in this association (made, if need be); without it in all")
    made.add_argument("--language", help="of the mail and of the desk")
