"""Offices, whoever holds them, and how each kind of institution treats signatures: what organizers keep up to date.

Everything here is public knowledge with its source. An office is never deleted, because petitions and certificates name it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from service import recipients
from service.errors import Conflict, Fault, Invalid, NotFound
from service.recipients import Holder, Office, Profile
from service.recipients.offices import Source
from service.settings import LANGUAGES
from service.web.desk.frame import EVERYONE, Answer, Desk, Place, act, page
from service.web.desk.typed import day, words
from service.web.pages import COUNTRIES

EDITORS = frozenset({"editor"})
PLACE = Place("recipients", "/desk/recipients", EVERYONE)

NAMES = frozenset(f"name-{language}" for language in LANGUAGES)
WORDS = ("name", "petitioner", "worth", "sentence")
_OFFICE = NAMES | {"slug", "profile", "country", "city", "contact"}
_PROFILE = frozenset(f"{part}-{language}" for part in WORDS for language in LANGUAGES) | {"signer_field", "names", "as_of", "sources"}
_SOURCE = re.compile(r"(?P<title>.+?)\s*[|]\s*(?P<url>\S+)")


async def _listing(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    given: dict[str, Any] = {"faults": [], **more, "typed": defaultdict(str, more.get("typed", {}))}
    return desk.show(
        "recipients.html",
        status=status,
        offices=await recipients.offices(desk.pool),
        profiles=await recipients.profiles(desk.pool),
        may_edit=desk.me.has(EDITORS),
        **given,
    )


@page("/recipients", roles=EVERYONE)
async def listing(desk: Desk) -> Answer:
    return await _listing(desk)


def _office(values: Mapping[str, Any], like: Office) -> Office:
    country = str(values.get("country", "")).strip().upper()
    if country and country not in COUNTRIES:
        raise Invalid([Fault("country", "choice")])
    return Office(
        id=like.id,
        slug=str(values.get("slug", "")).strip() or like.slug,
        profile=str(values.get("profile", "")),
        name=words(values, "name"),
        country=country,
        city=str(values.get("city", "")).strip()[:80],
        contact=str(values.get("contact", "")).strip()[:500],
    )


@act("/recipients/offices", roles=EDITORS, fields=_OFFICE)
async def enter(desk: Desk) -> Answer:
    """A new office; its slug is chosen now and stays."""
    try:
        office = _office(desk.values, Office(id=uuid4(), slug="", profile="", name={}))
        async with desk.transaction() as connection:
            await recipients.put_office(connection, office)
            await desk.note(connection, "office.entered", office.slug)
    except Invalid as wrong:
        return await _listing(desk, status=400, typed=desk.values, faults=wrong.faults)
    except Conflict:
        return await _listing(desk, status=409, typed=desk.values, faults=[Fault("slug", "slug-taken")])
    return desk.see(f"/desk/recipients/offices/{office.slug}", "saved")


async def _one(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    office = await recipients.office(desk.pool, desk.path["office"])
    typed = {"slug": office.slug, "profile": office.profile, "country": office.country, "city": office.city, "contact": office.contact}
    typed |= {f"name-{language}": text for language, text in office.name.items()}
    given: dict[str, Any] = {
        "faults": [],
        "term_faults": [],
        **more,
        "typed": defaultdict(str, more.get("typed", typed)),
        "term": defaultdict(str, more.get("term", {})),
    }
    return desk.show(
        "office.html",
        status=status,
        office=office,
        holders=await recipients.holders(desk.pool, office.id),
        profiles=await recipients.profiles(desk.pool),
        may_edit=desk.me.has(EDITORS),
        **given,
    )


@page("/recipients/offices/{office:str}", roles=EVERYONE)
async def one(desk: Desk) -> Answer:
    return await _one(desk)


@act("/recipients/offices/{office:str}", roles=EDITORS, fields=_OFFICE - {"slug"})
async def change(desk: Desk) -> Answer:
    office = await recipients.office(desk.pool, desk.path["office"])
    try:
        async with desk.transaction() as connection:
            await recipients.put_office(connection, _office(desk.values, office))
            await desk.note(connection, "office.changed", office.slug)
    except Invalid as wrong:
        return await _one(desk, status=400, typed={**desk.values, "slug": office.slug}, faults=wrong.faults)
    return desk.see(f"/desk/recipients/offices/{office.slug}", "saved")


@act("/recipients/offices/{office:str}/term", roles=EDITORS, fields={"name", "since", "until", "source_url"})
async def begin_term(desk: Desk) -> Answer:
    """Who holds the office, since when, and where that is written; whoever held it before is kept with the dates."""
    office = await recipients.office(desk.pool, desk.path["office"])
    values = {name: str(text).strip() for name, text in desk.values.items()}
    since, until = day(values.get("since", "")), day(values.get("until", ""))
    faults = [] if since is not None else [Fault("since", "date")]
    faults += [Fault("until", "date")] if values.get("until") and until is None else []
    if faults or since is None:
        return await _one(desk, status=400, term=values, term_faults=faults)
    try:
        async with desk.transaction() as connection:
            await recipients.begin_term(connection, office.id, Holder(values.get("name", ""), since, until, values.get("source_url", "")))
            await desk.note(connection, "office.term", office.slug, since=since.isoformat())
    except Invalid as wrong:
        return await _one(desk, status=400, term=values, term_faults=wrong.faults)
    except Conflict:
        return await _one(desk, status=409, term=values, term_faults=[Fault("since", "terms-overlap")])
    return desk.see(f"/desk/recipients/offices/{office.slug}", "saved")


@act("/recipients/offices/{office:str}/retire", roles=EDITORS)
async def retire(desk: Desk) -> Answer:
    office = await recipients.office(desk.pool, desk.path["office"])
    async with desk.transaction() as connection:
        await recipients.retire(connection, office.id)
        await desk.note(connection, "office.retired", office.slug)
    return desk.see("/desk/recipients", "saved")


# -- how institutions treat signatures ------------------------------------------------------------------------------------------


async def _profile(desk: Desk) -> Profile:
    for found in await recipients.profiles(desk.pool):
        if found.key == desk.path["profile"]:
            return found
    raise NotFound("profile")


def _typed(profile: Profile) -> dict[str, str]:
    typed = {f"{part}-{language}": text for part in WORDS for language, text in getattr(profile, part).items()}
    sources = "\n".join(f"{source.title} | {source.url}" for source in profile.sources)
    return {**typed, "signer_field": profile.signer_field, "names": profile.names, "as_of": profile.as_of.isoformat(), "sources": sources}


@page("/recipients/profiles/{profile:str}", roles=EVERYONE)
async def profile(desk: Desk) -> Answer:
    found = await _profile(desk)
    return desk.show("profile.html", profile=found, typed=defaultdict(str, _typed(found)), faults=[], may_edit=desk.me.has(EDITORS))


def _written(key: str, values: Mapping[str, Any]) -> Profile:
    """What was typed, as a profile. Raises ``Invalid`` with all that is wrong."""
    as_of = day(values.get("as_of", ""))
    faults = [] if as_of else [Fault("as_of", "date")]
    faults += [] if values.get("signer_field") in ("none", "locality", "postcode") else [Fault("signer_field", "choice")]
    faults += [] if values.get("names") in ("never", "optional", "asked") else [Fault("names", "choice")]
    sources = []
    for line in filter(None, (line.strip() for line in values.get("sources", "").splitlines())):
        if parts := _SOURCE.fullmatch(line):
            sources.append(Source(parts["title"], parts["url"]))
        else:
            faults.append(Fault("sources", "source-line"))
    if faults or as_of is None:
        raise Invalid(faults)
    return Profile(
        key=key,
        name=words(values, "name"),
        petitioner=words(values, "petitioner"),
        signer_field=values["signer_field"],
        names=values["names"],
        worth=words(values, "worth"),
        sentence=words(values, "sentence"),
        sources=sources,
        as_of=as_of,
    )


@act("/recipients/profiles/{profile:str}", roles=EDITORS, fields=_PROFILE)
async def write_profile(desk: Desk) -> Answer:
    """The organizers' own view from here on; a new version of the software leaves it alone."""
    found = await _profile(desk)
    try:
        written = _written(found.key, desk.values)
        async with desk.transaction() as connection:
            await recipients.edit_profile(connection, written)
            await desk.note(connection, "profile.changed", found.key)
    except Invalid as wrong:
        return desk.show("profile.html", status=400, profile=found, typed=defaultdict(str, desk.values), faults=wrong.faults, may_edit=True)
    return desk.see("/desk/recipients", "saved")


handlers = [listing, enter, one, change, begin_term, retire, profile, write_profile]
