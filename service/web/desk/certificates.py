"""Certificates of a petition: asked for here, made by the worker, which holds the keys of logs; fetched here when they are done."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from service import certificates, recipients
from service.errors import Fault
from service.web.desk.frame import EVERYONE, Answer, Desk, Place, act, page, uuid

CERTIFIERS = frozenset({"certifier"})
TABS = [Place("certificates", "/certificates", EVERYONE)]

LONGEST = 300
_PLACE = "/desk/petitions/{slug}/certificates"


async def _show(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    wishes = await certificates.wishes(desk.pool, desk.sheet.id)
    given: dict[str, Any] = {"faults": [], **more, "typed": defaultdict(str, more.get("typed", {}))}
    return desk.show(
        "certificates.html",
        status=status,
        issued=await certificates.listing(desk.pool, desk.sheet.id),
        under_way=next((one for one in wishes if one["done_at"] is None), None),
        failed=next((one for one in wishes[:1] if one["fault"]), None),
        unsigned=[one for one in wishes if one["waits"]],
        offices=await recipients.offices(desk.pool, first=desk.sheet.id),
        may_certify=desk.me.may(CERTIFIERS, desk.sheet.association_id),
        **given,
    )


@page("/petitions/{slug:str}/certificates", roles=EVERYONE, thing="petition")
async def issued(desk: Desk) -> Answer:
    return await _show(desk)


@act("/petitions/{slug:str}/certificates", roles=CERTIFIERS, fields={"office", "words", "holder"}, thing="petition")
async def ask(desk: Desk) -> Answer:
    """Want one for an office and whoever holds it today, or for the words typed; pressed twice it is made once."""
    office, words, holder = (desk.values.get(name, "").strip() for name in ("office", "words", "holder"))
    found = next((one for one in await recipients.offices(desk.pool) if one.slug == office), None)
    faults = [] if not office or found is not None else [Fault("office", "choice")]
    if not office and not words:
        faults.append(Fault("words", "certificate-for"))
    faults += [Fault(name, "too-long") for name, text in (("words", words), ("holder", holder)) if len(text) > LONGEST]
    if faults:
        return await _show(desk, status=400, typed=desk.values, faults=faults)
    if found is not None and not words:  # whoever types words means them, whatever the list stands on
        to = await recipients.addressee(desk.pool, found.slug)
        words, holder = to.name.get(desk.lang) or next(iter(to.name.values())), holder or to.holder
    async with desk.transaction() as connection:
        if await certificates.ask(connection, desk.sheet.id, words, holder, asked_by=desk.me.organizer_id):
            await desk.note(connection, "certificate.asked", desk.sheet.slug, office=office)
    return desk.see(_PLACE.format(slug=desk.sheet.slug), "certifying")


@page("/petitions/{slug:str}/certificates/{wish:str}/unsigned", roles=CERTIFIERS, thing="petition")
async def unsigned(desk: Desk) -> Answer:
    """All but what the organizers' own key adds, to be carried to the machine where that is."""
    content = await certificates.unsigned(desk.pool, desk.sheet.id, uuid(desk.path["wish"]))
    return desk.save(f"{desk.sheet.slug}-unsigned.zip", "application/zip", content)


handlers = [issued, ask, unsigned]
