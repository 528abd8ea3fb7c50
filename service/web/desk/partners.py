"""Partner organizations at the desk: who they are, which sites may show the form, their petitions, keys and lists.

A key is shown once, on the page that made it. Webhooks are set from the shell, because their secret is made with a key that
the web process does not have.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from service import partners
from service.errors import Conflict, Fault, Invalid, Misconfigured, NotFound
from service.identity import offline
from service.web.desk.frame import Answer, Desk, Place, act, page

OPERATORS = frozenset({"operator"})

PLACE = Place("partners", "/desk/partners", OPERATORS)


def _everywhere(desk: Desk) -> None:
    """A partner may carry petitions of every association: only those who are operators of all may list one."""
    if not desk.me.may(OPERATORS, None):
        raise NotFound("page")


async def _rows(desk: Desk) -> list[Any]:
    return [row async for row in partners.q.listing(desk.pool)]


async def _show(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    typed = defaultdict(str, more.pop("typed", {}))
    return desk.show("partners.html", status=status, rows=await _rows(desk), typed=typed, **{"faults": [], **more})


@page("/partners", roles=OPERATORS)
async def listing(desk: Desk) -> Answer:
    """All partners, living ones first."""
    _everywhere(desk)
    return await _show(desk)


@act("/partners", roles=OPERATORS, fields={"slug", "name"})
async def add(desk: Desk) -> Answer:
    """A new partner; it may do nothing yet."""
    _everywhere(desk)
    slug = desk.values.get("slug", "").strip()
    try:
        async with desk.transaction() as connection:
            await partners.add(connection, slug, desk.values.get("name", ""))
            await desk.note(connection, "partner.added", slug)
    except Invalid as wrong:
        return await _show(desk, status=400, faults=wrong.faults, typed=desk.values)
    except Conflict:
        return await _show(desk, status=409, faults=[Fault("slug", "partner-taken")], typed=desk.values)
    return desk.see(f"/desk/partners/{slug}", "saved")


async def _one(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    _everywhere(desk)
    slug = str(desk.path["partner"])
    row = await partners.get(desk.pool, slug)
    whole = next(each for each in await _rows(desk) if each["slug"] == slug)
    sentences, typed = defaultdict(str, partners.consent_of(row)), defaultdict(str, more.pop("typed", {}))
    key = offline.Public.parse(row["sealing_key"]) if row["sealing_key"] else None
    return desk.show(
        "partner.html",
        status=status,
        partner=whole,
        keys=await partners.keys_of(desk.pool, row["id"]),
        sentences=sentences,
        fingerprint=offline.grouped(key.fingerprint) if key else "",
        public=key.encode() if key else "",
        carried=[(petition.slug, petition.text(desk.lang).title) for petition in desk.state.shelf.public()],
        typed=typed,
        **{"faults": [], "new_key": "", **more},
    )


@page("/partners/{partner:str}", roles=OPERATORS)
async def one(desk: Desk) -> Answer:
    """One partner and all that can be changed about it."""
    return await _one(desk)


@act("/partners/{partner:str}/sites", roles=OPERATORS, fields={"sites", "quota"}, prefixes={"petition-"}, is_fresh=True)
async def sites(desk: Desk) -> Answer:
    """Which sites may frame the form, for which petitions, and how often the partner's keys may ask."""
    _everywhere(desk)
    slug, values = str(desk.path["partner"]), desk.values
    row = await partners.get(desk.pool, slug)
    wanted = [field.removeprefix("petition-") for field in values if field.startswith("petition-")]
    # What is not public has no box on the page, and is not taken away by it.
    public = {petition.slug for petition in desk.state.shelf.public()}
    listed = next(each["petitions"] for each in await _rows(desk) if each["slug"] == slug)
    wanted += [each for each in listed if each not in public]
    quota = values.get("quota", "")
    try:
        async with desk.transaction() as connection:
            is_demo = desk.state.settings.embedded
            origins = await partners.set_sites(connection, row["id"], values.get("sites", "").split(), is_demo=is_demo)
            await partners.set_petitions(connection, row["id"], wanted)
            await partners.set_quota(connection, row["id"], int(quota) if re.fullmatch("[0-9]{1,7}", quota) else 0)
            await desk.note(connection, "partner.sites", slug, sites=origins, petitions=wanted)
    except Invalid as wrong:
        return await _one(desk, status=400, faults=wrong.faults, typed=values)
    return desk.see(f"/desk/partners/{slug}", "saved")


@act("/partners/{partner:str}/key", roles=OPERATORS, is_fresh=True)
async def key(desk: Desk) -> Answer:
    """A new key, shown on this page and never again."""
    _everywhere(desk)
    slug = str(desk.path["partner"])
    row = await partners.get(desk.pool, slug)
    if row["ended_at"] is not None:
        raise NotFound("partner")
    async with desk.transaction() as connection:
        made = await partners.new_key(connection, row["id"])
        await desk.note(connection, "partner.key", slug, hint=made[:7])
    return await _one(desk, new_key=made)


@act("/partners/{partner:str}/news", roles=OPERATORS, fields={"public", "consent_fr", "consent_en", "consent_hy"}, is_fresh=True)
async def news(desk: Desk) -> Answer:
    """The partner's list: the public key that it is sealed to, and its own sentence beside the box."""
    _everywhere(desk)
    slug, values = str(desk.path["partner"]), desk.values
    row = await partners.get(desk.pool, slug)
    sentences = {lang: values.get(f"consent_{lang}", "") for lang in ("fr", "en", "hy")}
    try:
        async with desk.transaction() as connection:
            mark = await partners.set_list(connection, row["id"], values.get("public", ""), sentences)
            await desk.note(connection, "partner.list", slug, fingerprint=mark)
    except Misconfigured:
        return await _one(desk, status=400, faults=[Fault("public", "partner-public")], typed=values)
    except Invalid as wrong:
        return await _one(desk, status=400, faults=wrong.faults, typed=values)
    return desk.see(f"/desk/partners/{slug}", "saved")


@act("/partners/{partner:str}/end", roles=OPERATORS, is_fresh=True)
async def end(desk: Desk) -> Answer:
    """Its sites, keys and webhook stop at once; its signatures go on counting."""
    _everywhere(desk)
    slug = str(desk.path["partner"])
    row = await partners.get(desk.pool, slug)
    async with desk.transaction() as connection:
        await partners.end(connection, row["id"])
        await desk.note(connection, "partner.ended", slug)
    return desk.see("/desk/partners", "saved")


handlers = [listing, add, one, sites, key, news, end]
