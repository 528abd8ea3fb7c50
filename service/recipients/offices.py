"""Offices with dated holders, and how each kind of institution treats signatures.

What a form asks follows from whom it is addressed to: nobody is asked for a town that no recipient counts.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from service import db
from service.errors import Conflict, Fault, Invalid, NotFound
from service.settings import LANGUAGES

q = db.statements("recipients")

Translated = dict[str, str]
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?", re.ASCII)
KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,58}[a-z0-9]", re.ASCII)


class Source(msgspec.Struct, frozen=True):
    title: str
    url: str


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """How a kind of institution treats signatures, as of a day, with its sources. Orientation, not legal advice.

    ``signer_field`` is what the form must ask beside name, address and country; ``names`` whether names may be handed over
    (each with its signer's consent); ``sentence`` what signers are told, honestly, about what happens to their signature there.
    """

    key: str
    name: Translated
    petitioner: Translated
    signer_field: Literal["none", "locality", "postcode"]
    names: Literal["never", "optional", "asked"]
    worth: Translated
    sentence: Translated
    sources: list[Source] = []
    as_of: date
    is_edited: bool = False


class Holder(msgspec.Struct, frozen=True):
    """Who held the office from ``since`` until the day before ``until`` (None: still)."""

    name: str
    since: date
    until: date | None
    source_url: str


class Office(msgspec.Struct, frozen=True, kw_only=True):
    """An office and whoever holds it on the day that was asked for (``holder`` "" where nobody is entered)."""

    id: UUID
    slug: str
    profile: str
    name: Translated
    country: str = ""
    city: str = ""
    contact: str = ""
    holder: str = ""
    holder_since: date | None = None
    holder_source: str = ""
    is_retired: bool = False


class Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """One recipient of a petition; ``profile`` is None where it is addressed in words only."""

    name: Translated
    office_id: UUID | None
    profile: Profile | None


class Addressee(msgspec.Struct, frozen=True):
    """Whom a certificate names: the office in every language and its holder on that day, or just the words that were given."""

    name: Translated
    holder: str = ""
    office_id: UUID | None = None


# -- profiles -----------------------------------------------------------------------------------------------------------------


def shipped() -> list[Profile]:
    """The profiles that come with this version (``profiles.toml``)."""
    with (Path(__file__).parent / "profiles.toml").open("rb") as file:
        return [msgspec.convert({"key": key, **given}, Profile) for key, given in tomllib.load(file).items()]


async def seed(connection: db.Connection) -> None:
    """Bring the shipped profiles in, or up to date; what organizers changed stays as they wrote it. Repeats change nothing."""
    await q.seed(connection, profiles=msgspec.json.encode(shipped()).decode())


async def profiles(pool: asyncpg.Pool) -> list[Profile]:
    return [_profile(row) async for row in q.profiles(pool)]


async def edit_profile(connection: db.Connection, profile: Profile, *, now: datetime | None = None) -> None:
    """Write a profile as the organizers see it; from here on it is theirs. Raises ``Invalid``, naming every fault."""
    faults = [] if KEY.fullmatch(profile.key) else [Fault("key", "slug")]
    faults += [Fault(part, "languages") for part in ("name", "petitioner", "worth", "sentence") if not _is_whole(getattr(profile, part))]
    faults += [Fault("sources", "url") for source in profile.sources if not _is_web(source.url)]
    if faults:
        raise Invalid(faults)
    await q.edit_profile(
        connection,
        key=profile.key,
        name=_json(profile.name),
        petitioner=_json(profile.petitioner),
        signer_field=profile.signer_field,
        names=profile.names,
        worth=_json(profile.worth),
        sentence=_json(profile.sentence),
        sources=_json(profile.sources),
        as_of=profile.as_of,
        now=now,
    )


def _profile(row: Mapping[str, Any]) -> Profile:
    return Profile(
        key=row["key"],
        name=_words(row["name"]),
        petitioner=_words(row["petitioner"]),
        signer_field=row["signer_field"],
        names=row["names"],
        worth=_words(row["worth"]),
        sentence=_words(row["sentence"]),
        sources=msgspec.json.decode(row["sources"], type=list[Source]),
        as_of=row["as_of"],
        is_edited=row["is_edited"],
    )


# -- offices ------------------------------------------------------------------------------------------------------------------


async def offices(pool: asyncpg.Pool, *, on: date | None = None, first: UUID | None = None) -> list[Office]:
    """Every office that is not retired, with its holder on that day (today); those of the petition ``first`` come first."""
    found = [_office(row) async for row in q.offices(pool, on_day=on, slug=None, id=None)]
    if first is not None:
        own = [one.office_id for one in await addressed(pool, first)]
        found.sort(key=lambda office: own.index(office.id) if office.id in own else len(own))
    return found


async def office(pool: asyncpg.Pool, slug: str, *, on: date | None = None) -> Office:
    """One office, retired or not. Raises ``NotFound``."""
    async for row in q.offices(pool, on_day=on, slug=slug, id=None):
        return _office(row)
    raise NotFound("office")


async def put_office(connection: db.Connection, given: Office) -> None:
    """Enter an office or change it. Raises ``Invalid`` (fields), ``Conflict`` (the slug is another office's)."""
    faults = [] if SLUG.fullmatch(given.slug) else [Fault("slug", "slug")]
    faults += [] if _is_whole(given.name) else [Fault("name", "languages")]
    if faults:
        raise Invalid(faults)
    try:
        await q.put_office(
            connection,
            id=given.id,
            slug=given.slug,
            profile=given.profile,
            name=_json(given.name),
            country=given.country,
            city=given.city,
            contact=given.contact,
        )
    except asyncpg.UniqueViolationError:
        raise Conflict(f"another office is called {given.slug}") from None
    except asyncpg.ForeignKeyViolationError:
        raise Invalid([Fault("profile", "choice")]) from None


async def retire(connection: db.Connection, office_id: UUID, *, now: datetime | None = None) -> None:
    """The office is offered no more; what was sent to it stays. Repeats change nothing."""
    await q.retire_office(connection, id=office_id, now=now)


async def holders(pool: asyncpg.Pool, office_id: UUID) -> list[Holder]:
    """Whoever held the office, newest first."""
    return [Holder(r["name"], r["since"], r["until"], r["source_url"]) async for r in q.holders(pool, office_id=office_id)]


async def begin_term(connection: db.Connection, office_id: UUID, holder: Holder) -> None:
    """Enter who holds the office, or held it once; a new holder ends the term that is open.

    Raises ``Invalid``, ``NotFound``, or ``Conflict`` when terms overlap.
    """
    faults = [] if holder.name.strip() else [Fault("name", "missing")]
    faults += [] if _is_web(holder.source_url) else [Fault("source_url", "url")]
    faults += [Fault("until", "order")] if holder.until is not None and holder.until <= holder.since else []
    if faults:
        raise Invalid(faults)
    try:
        async with connection.transaction():
            if holder.until is None:
                await q.end_term(connection, office_id=office_id, until=holder.since)
            await q.begin_term(
                connection,
                office_id=office_id,
                since=holder.since,
                until=holder.until,
                name=holder.name.strip(),
                source_url=holder.source_url,
            )
    except (asyncpg.ExclusionViolationError, asyncpg.UniqueViolationError):
        raise Conflict("two terms of one office overlap") from None
    except asyncpg.ForeignKeyViolationError:
        raise NotFound("office") from None


# -- whom a petition addresses ----------------------------------------------------------------------------------------------


async def address(connection: db.Connection, petition_id: UUID, offices: Sequence[UUID]) -> None:
    """Address a petition to these offices, in this order; its form asks for a town exactly when one of them counts by town.

    Raises ``Invalid`` for an office that does not exist or stands twice.
    """
    if len(set(offices)) != len(offices):
        raise Invalid([Fault("recipients", "repeated")])
    async with connection.transaction():
        await q.address(connection, petition_id=petition_id, offices=list(offices))
        await q.insert_addressed(connection, petition_id=petition_id, offices=list(offices))
        if len([row async for row in q.addressed(connection, petition_id=petition_id)]) != len(offices):
            raise Invalid([Fault("recipients", "choice")])


async def addressed(pool: asyncpg.Pool, petition_id: UUID) -> list[Addressed]:
    """The recipients of a petition in their order, with how each treats signatures."""
    found = []
    async for row in q.addressed(pool, petition_id=petition_id):
        profile = None if row["profile"] is None else _profile({**row, "key": row["profile"], "name": row["profile_name"]})
        found.append(Addressed(name=_words(row["name"]), office_id=row["office_id"], profile=profile))
    return found


async def addressee(pool: asyncpg.Pool, words: str, *, on: date | None = None) -> Addressee:
    """Whom a certificate is made out to: the office with the slug ``words`` and its holder on that day, else the words themselves."""
    try:
        found = await office(pool, words, on=on) if SLUG.fullmatch(words) else None
    except NotFound:
        found = None
    if found is None:
        return Addressee(dict.fromkeys(LANGUAGES, words))
    return Addressee(found.name, found.holder, found.id)


async def called(pool: asyncpg.Pool, words: str, *, on: date | None = None) -> tuple[Office, Profile] | None:
    """The office that ``words`` mean, by slug or by name in any language, and how it treats signatures; None for other words."""
    office_id = await q.called(pool, words=words)
    if office_id is None:
        return None
    (found,) = [_office(row) async for row in q.offices(pool, on_day=on, slug=None, id=office_id)]
    return found, _profile(await q.profile(pool, key=found.profile))


def _office(row: Mapping[str, Any]) -> Office:
    return Office(
        **{name: row[name] for name in ("id", "slug", "profile", "country", "city", "contact", "holder_since")},
        name=_words(row["name"]),
        holder=row["holder"] or "",
        holder_source=row["holder_source"] or "",
        is_retired=row["retired_at"] is not None,
    )


def _is_whole(words: Mapping[str, str]) -> bool:
    return all(words.get(language, "").strip() for language in LANGUAGES)


def _is_web(address: str) -> bool:
    return re.match(r"https?://[^/\\\s]+", address) is not None


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _words(raw: str) -> Translated:
    return msgspec.json.decode(raw, type=Translated)
