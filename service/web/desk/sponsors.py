"""Sponsors at the desk: offers that wait for a word, deeds and motions, announcements, what sponsors do, and the campaign's facts.

Nothing of an offer is public until somebody here has written it; a sponsorship goes one step at a time, and every step stays.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from service import cases, db, kits, payments, sponsors
from service.errors import Conflict, Fault, Invalid, NotFound
from service.settings import LANGUAGES
from service.sponsors import Act, Contact, Deed, Draft
from service.web.desk import addresses
from service.web.desk.frame import Answer, Desk, Place, act, page, uuid
from service.web.desk.typed import Gathered

EDITORS = frozenset({"editor"})
PLACE = Place("sponsors", "/desk/sponsors", EDITORS)

_DRAFT = {"kind", "country", "mandate_end", "website", *(f"{what}_{lang}" for what in ("name", "statement") for lang in LANGUAGES)}
_SUPPORT = ("association", "street", "number", "postcode", "town", "country", "iban_chf", "iban_eur", "bic_eur", "url")


def _words(values: dict[str, Any], what: str) -> dict[str, str]:
    return {lang: text for lang in LANGUAGES if (text := values.get(f"{what}_{lang}", "").strip())}


def _day(values: dict[str, Any], field: str) -> date:
    try:
        return date.fromisoformat(values.get(field, "").strip())
    except ValueError:
        raise Invalid([Fault(field, "day")]) from None


def _draft(values: dict[str, Any]) -> Draft:
    return Draft(
        kind=values.get("kind", ""), names=_words(values, "name"), country=values.get("country", "").strip().upper(),
        mandate_end=_day(values, "mandate_end") if values.get("mandate_end", "").strip() else None,
        website=values.get("website", "").strip(), statement=_words(values, "statement"),
    )  # fmt: skip


async def _people(desk: Desk) -> list[dict[str, Any]]:
    """Whom one can stand for: public cases, by name."""
    rows = await cases.listing(desk.pool)
    return [{**row, "names": json.loads(row["names"])} for row in rows if row["state"] == "public" and row["status"] not in cases.ENDINGS]


async def _listed(desk: Desk) -> list[dict[str, Any]]:
    return [{**row, "names": json.loads(row["names"])} for row in await sponsors.sponsors(desk.pool)]


async def _show_all(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    given = {"faults": [], "typed": defaultdict(str), **more}
    return desk.show(
        "sponsors.html", status=status, offers=await sponsors.offers(desk.pool, desk.state.ring), rows=await _listed(desk),
        people=await _people(desk), kinds=sponsors.KINDS, **given,
    )  # fmt: skip


@page("/sponsors", roles=EDITORS)
async def listing(desk: Desk) -> Answer:
    return await _show_all(desk)


@act("/sponsors/offers/{offer:str}/accept", roles=EDITORS, fields={"sponsor", "case"})
async def accept(desk: Desk) -> Answer:
    """Somebody has spoken with them: the offer becomes a sponsorship that is agreed."""
    values = desk.values
    try:
        async with desk.transaction() as connection:
            sponsorship = await sponsors.accept(
                connection, desk.state.ring, uuid(desk.path["offer"]),
                sponsor_id=uuid(values["sponsor"]) if values.get("sponsor") else None,
                case_id=uuid(values["case"]) if values.get("case") else None, by=str(desk.me.organizer_id),
            )  # fmt: skip
            await desk.note(connection, "offer.accepted", str(sponsorship))
            row = await sponsors.q.sponsorship(connection, id=sponsorship)
    except Conflict as no:
        return await _show_all(desk, status=409, faults=[Fault("offer", no.code)])
    return desk.see(f"/desk/sponsors/{row['sponsor_id']}", "saved")


@act("/sponsors/offers/{offer:str}/refuse", roles=EDITORS)
async def refuse(desk: Desk) -> Answer:
    try:
        async with desk.transaction() as connection:
            await sponsors.refuse(connection, uuid(desk.path["offer"]))
            await desk.note(connection, "offer.refused", desk.path["offer"])
    except Conflict as no:
        return await _show_all(desk, status=409, faults=[Fault("offer", no.code)])
    return desk.see("/desk/sponsors", "saved")


@act("/sponsors/new", roles=EDITORS, fields=_DRAFT)
async def enter(desk: Desk) -> Answer:
    try:
        async with desk.transaction() as connection:
            sponsor_id = await sponsors.create(connection, _draft(desk.values))
            await desk.note(connection, "sponsor.entered", str(sponsor_id))
    except Invalid as wrong:
        return await _show_all(desk, status=400, faults=wrong.faults, typed=defaultdict(str, desk.values))
    return desk.see(f"/desk/sponsors/{sponsor_id}", "saved")


def _id(desk: Desk) -> UUID:
    return uuid(desk.path["sponsor"])


async def _show(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    rows = await _listed(desk)
    sponsor = next((row for row in rows if row["id"] == _id(desk)), None)
    if sponsor is None:
        raise NotFound("sponsor")
    pledges = []
    for row in await sponsors.pledges(desk.pool, sponsor_id=_id(desk)):
        names = json.loads(row["case_names"]) if row["case_names"] else {}
        pledges.append({**row, "case_names": names, "steps": await sponsors.history(desk.pool, row["id"])})
    async with db.transaction(desk.pool) as connection:
        person = await sponsors.contact(connection, desk.state.ring, _id(desk))
    statement = json.loads(sponsor["statement"])
    stored = {
        "kind": sponsor["kind"], "country": sponsor["country"], "website": sponsor["website"],
        "mandate_end": sponsor["mandate_end"].isoformat() if sponsor["mandate_end"] else "",
        **{f"name_{lang}": sponsor["names"].get(lang, "") for lang in LANGUAGES},
        **{f"statement_{lang}": statement.get(lang, "") for lang in LANGUAGES},
    }  # fmt: skip
    given = {"faults": [], "typed": stored, "at": "", "sent": {}, "untyped": defaultdict(str), **more}
    return desk.show(
        "sponsor.html", status=status, sponsor=sponsor, pledges=pledges, person=person, people=await _people(desk), kinds=sponsors.KINDS,
        acts=sponsors.ACTS, heirs=[row for row in rows if row["id"] != _id(desk)], today=desk.state.clock().date(), **given,
    )  # fmt: skip


@page("/sponsors/{sponsor:str}", roles=EDITORS)
async def one(desk: Desk) -> Answer:
    return await _show(desk)


async def _change(desk: Desk, said: str, verb: Any, *, form: str = "", **back: Any) -> Answer:
    """One verb in one transaction; what is wrong brings the page back. ``form`` is the prefix of a sponsorship's form."""
    at = form + str(desk.path["pledge"]) if "pledge" in desk.path else ""
    sent = defaultdict(str, desk.values)
    try:
        async with desk.transaction() as connection:
            await verb(connection)
            await desk.note(connection, said, str(desk.path.get("pledge", desk.path["sponsor"])))
    except Invalid as wrong:
        return await _show(desk, status=400, faults=wrong.faults, at=at, sent=sent, **back)
    except Conflict as no:
        return await _show(desk, status=409, faults=[Fault("pledge", no.code)], **back)
    return desk.see(f"/desk/sponsors/{_id(desk)}", "saved")


@act("/sponsors/{sponsor:str}/edit", roles=EDITORS, fields=_DRAFT)
async def edit(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        await sponsors.edit(connection, _id(desk), _draft(desk.values))

    return await _change(desk, "sponsor.edited", verb, typed={**dict.fromkeys(_DRAFT, ""), **desk.values})


@act("/sponsors/{sponsor:str}/contact", roles=EDITORS, fields={"name", "role", "email", "phone"})
async def contact(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        person = Contact(**{name: desk.values.get(name, "").strip()[:254] for name in ("name", "role", "email", "phone")})
        await sponsors.contact(connection, desk.state.ring, _id(desk), person)

    return await _change(desk, "sponsor.contact", verb)


@act("/sponsors/{sponsor:str}/logo", roles=EDITORS, takes_file=True)
async def logo(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        picture = cases.clean(desk.file[1], "file") if desk.file and desk.file[1] else None
        await sponsors.logo(connection, _id(desk), picture)

    return await _change(desk, "sponsor.logo", verb)


@act("/sponsors/{sponsor:str}/agree", roles=EDITORS, fields={"case"})
async def agree(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        case_id = uuid(desk.values["case"]) if desk.values.get("case") else None
        await sponsors.agree(connection, _id(desk), case_id, by=str(desk.me.organizer_id))

    return await _change(desk, "pledge.agreed", verb)


async def _own(desk: Desk, connection: db.Connection) -> UUID:
    """The sponsorship of the address, if it is this sponsor's. Raises ``NotFound``."""
    row = await sponsors.q.sponsorship(connection, id=uuid(desk.path["pledge"]))
    if row is None or row["sponsor_id"] != _id(desk):
        raise NotFound("sponsorship")
    found: UUID = row["id"]
    return found


@act("/sponsors/{sponsor:str}/{pledge:str}/sign", roles=EDITORS, fields={"deed", "on", "place", "reference", "vote"}, takes_file=True)
async def sign(desk: Desk) -> Answer:
    """The deed that was signed, or the motion that was voted, with its scan where there is one."""

    async def verb(connection: db.Connection) -> None:
        pledge = await _own(desk, connection)
        values, wrong, on, paper = desk.values, Gathered(), date.min, None
        with wrong.part():
            on = _day(values, "on")
        with wrong.part():
            paper = await sponsors.paper(connection, desk.file[1]) if desk.file and desk.file[1] else None
        deed = Deed(
            kind=values.get("deed", ""), on=on, place=values.get("place", ""), reference=values.get("reference", ""),
            vote=values.get("vote", ""), paper=paper,
        )  # fmt: skip
        with wrong.part():
            await sponsors.sign(connection, pledge, deed, by=str(desk.me.organizer_id))
        wrong.faults = [Fault(fault.field.removeprefix("deed_"), fault.code) for fault in wrong.faults]  # as this form calls them
        wrong.refuse()

    return await _change(desk, "pledge.signed", verb)


@act("/sponsors/{sponsor:str}/{pledge:str}/announce", roles=EDITORS, fields={"on"})
async def announce(desk: Desk) -> Answer:
    """From this moment the public sees it."""

    async def verb(connection: db.Connection) -> None:
        await sponsors.announce(connection, await _own(desk, connection), _day(desk.values, "on"), by=str(desk.me.organizer_id))

    return await _change(desk, "pledge.announced", verb)


@act("/sponsors/{sponsor:str}/{pledge:str}/act", roles=EDITORS, fields={"kind", "on", "proof_url", *(f"what_{lang}" for lang in LANGUAGES)})
async def acted(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        values, wrong, on = desk.values, Gathered(), date.min
        with wrong.part():
            on = _day(values, "on")
        done = Act(kind=values.get("kind", ""), on=on, what=_words(values, "what"), proof_url=values.get("proof_url", "").strip())
        with wrong.part():
            await sponsors.act(connection, await _own(desk, connection), done, by=str(desk.me.organizer_id))
        wrong.refuse()

    return await _change(desk, "pledge.acted", verb)


@act("/sponsors/{sponsor:str}/{pledge:str}/hand-over", roles=EDITORS, fields={"to", "on"})
async def hand_over(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        heir, on = uuid(desk.values.get("to", "")), _day(desk.values, "on")
        await sponsors.hand_over(connection, await _own(desk, connection), heir, on, by=str(desk.me.organizer_id))

    return await _change(desk, "pledge.handed-over", verb, form="h")


@act("/sponsors/{sponsor:str}/{pledge:str}/end", roles=EDITORS, fields={"on"}, is_fresh=True)
async def end(desk: Desk) -> Answer:
    async def verb(connection: db.Connection) -> None:
        await sponsors.end(connection, await _own(desk, connection), _day(desk.values, "on"), by=str(desk.me.organizer_id))

    return await _change(desk, "pledge.ended", verb)


@page("/sponsors/{sponsor:str}/{pledge:str}/deed.pdf", roles=EDITORS)
async def deed(desk: Desk) -> Answer:
    """The deed with the sponsor's name in it, before anything is public."""
    async with db.transaction(desk.pool) as connection:
        pledge = await _own(desk, connection)
        row = await sponsors.q.sponsorship(connection, id=pledge)
    sponsor = next(each for each in await _listed(desk) if each["id"] == _id(desk))
    snapshot = desk.state.register.now
    case = snapshot.by_id(row["case_id"])
    if row["case_id"] is not None and case is None:
        raise NotFound("case")
    settings, names = desk.state.settings, sponsor["names"]
    kit = kits.Kit(
        case=case, register=snapshot, lang=desk.lang, base_url=settings.base_url, issuer=settings.issuer_name,
        contact=settings.issuer_contact,
        today=desk.state.clock().date(), sponsor=names.get(desk.lang) or next(iter(names.values())),
    )  # fmt: skip
    answer = desk.json({})
    answer.content = await asyncio.to_thread(kits.pdf, kit, "deed")
    answer.media_type = "application/pdf"
    answer.headers["content-disposition"] = f'inline; filename="deed-{sponsor["slug"]}.pdf"'
    return answer


# -- what the campaign says of itself


@page("/campaign", roles=EDITORS)
async def campaign(desk: Desk) -> Answer:
    return _campaign(desk, await _facts(desk))


async def _facts(desk: Desk) -> dict[str, Any]:
    return {key: await cases.fact(desk.pool, key) or {} for key in ("start", "support", "follow", "addresses")}


def _campaign(
    desk: Desk, facts: dict[str, Any], *, status: int = 200, faults: list[Fault] | None = None, typed: dict[str, str] | None = None
) -> Answer:
    """``typed`` are the fields of the addresses where they were not taken."""
    start, support, follow = (defaultdict(str, facts[key]) for key in ("start", "support", "follow"))
    kept = msgspec.convert(facts["addresses"], cases.Addresses) if facts["addresses"] else None
    facts = {**facts, "start": start, "support": support, "follow": follow}
    return desk.show(
        "campaign.html", status=status, facts=facts, support=_SUPPORT, cities=desk.state.register.now.cities, faults=faults or [],
        addresses=defaultdict(str, typed if typed is not None else addresses.typed(kept)), most=cases.MOST_ADDRESSES,
    )  # fmt: skip


@act("/campaign/addresses", roles=EDITORS, fields=addresses.FIELDS)
async def write_addresses(desk: Desk) -> Answer:
    """To whom sponsors of every prisoner write; what is emptied goes."""
    try:
        found = addresses.read(desk.values)
    except Invalid as wrong:
        return _campaign(desk, await _facts(desk), status=400, faults=wrong.faults, typed=desk.values)
    async with desk.transaction() as connection:
        await cases.write_fact(connection, "addresses", found or {})
        await desk.note(connection, "campaign.addresses")
    return desk.see("/desk/campaign", "saved")


@act("/campaign/facts", roles=EDITORS, fields={"start", "hashtags", "links", *_SUPPORT, *(f"text_{lang}" for lang in LANGUAGES)})
async def write_facts(desk: Desk) -> Answer:
    """The first day, the account of the association that collects for all, and where to follow the campaign."""
    values = desk.values
    about = {name: values.get(name, "").strip() for name in _SUPPORT}
    about |= {name: about[name].upper() for name in ("country", "bic_eur")}
    links = [line.rsplit(" ", 1) for line in values.get("links", "").splitlines() if " " in line.strip()]
    follow = {
        "hashtags": values.get("hashtags", "").split(),
        "links": [{"name": name.strip(), "url": url} for name, url in links if url.startswith(("https://", "http://"))],
    }
    try:
        start = _day(values, "start")
        payments.refuse(about)
    except Invalid as wrong:
        support = {**about, "text": _words(values, "text")}
        return _campaign(
            desk,
            {**await _facts(desk), "start": {"on": values.get("start", "")}, "support": support, "follow": follow},
            status=400,
            faults=wrong.faults,
        )
    async with desk.transaction() as connection:
        await cases.write_fact(connection, "start", {"on": start.isoformat()})
        await cases.write_fact(connection, "support", {**about, "text": _words(values, "text")} if about["association"] else {})
        await cases.write_fact(connection, "follow", follow)
        await desk.note(connection, "campaign.facts")
    return desk.see("/desk/campaign", "saved")


@act("/campaign/cities", roles=EDITORS, fields={"slug", "country", "name", "places"})
async def write_city(desk: Desk) -> Answer:
    """A town whose council may be asked, and the ways in which its people write it."""
    values = desk.values
    name = values.get("name", "").strip()
    slug = values.get("slug", "").strip() or cases.slug_of(name)
    places = values.get("places", "").replace("\n", ",").split(",")
    try:
        async with desk.transaction() as connection:
            await sponsors.write_city(
                connection, slug, values.get("country", "").strip().upper(), {"fr": name} if name else {}, [name, *places]
            )
            await desk.note(connection, "city.written", slug)
    except Invalid as wrong:
        return _campaign(desk, await _facts(desk), status=400, faults=wrong.faults)
    return desk.see("/desk/campaign", "saved")


@act("/campaign/cities/{city:str}/drop", roles=EDITORS)
async def drop_city(desk: Desk) -> Answer:
    async with desk.transaction() as connection:
        await sponsors.drop_city(connection, str(desk.path["city"]))
        await desk.note(connection, "city.dropped", str(desk.path["city"]))
    return desk.see("/desk/campaign", "saved")


handlers = [
    listing, accept, refuse, enter, one, edit, contact, logo, agree, sign, announce, acted, hand_over, end, deed,
    campaign, write_facts, write_addresses, write_city, drop_city,
]  # fmt: skip
