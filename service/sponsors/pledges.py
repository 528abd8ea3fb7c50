"""A sponsorship's life: agreed, signed or voted, announced, active; then handed over, fulfilled or ended. And what a sponsor does.

Each step is one conditional update and one row of history in the same transaction; a step that was taken already is a refusal
that says so, and changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from service import cases, db
from service.cases import REGISTER, Event, Picture
from service.errors import Conflict, Fault, Invalid, NotFound
from service.identity import Keys, open_sealed, seal
from service.sponsors.record import ACTS, DEEDS, KINDS, Act, Contact, Deed, Draft, q

PAGES = {"offer", "kit"}
"""Addresses beside those of sponsors."""


def _refuse(draft: Draft) -> None:
    faults = []
    if draft.kind not in KINDS:
        faults.append(Fault("kind", "choice"))
    if not any(name.strip() for name in draft.names.values()):
        faults.append(Fault("names", "missing"))
    if len(draft.country) != 2 or not draft.country.isupper():
        faults.append(Fault("country", "choice"))
    if draft.website and not draft.website.startswith(("https://", "http://")):
        faults.append(Fault("website", "url"))
    if faults:
        raise Invalid(faults)


def _columns(draft: Draft) -> dict[str, Any]:
    return {
        "kind": draft.kind,
        "names": json.dumps({language: name.strip() for language, name in draft.names.items() if name.strip()}),
        "country": draft.country,
        "mandate_end": draft.mandate_end,
        "website": draft.website.strip(),
        "statement": json.dumps({language: text.strip() for language, text in draft.statement.items() if text.strip()}),
    }


async def create(connection: db.Connection, draft: Draft) -> UUID:
    """Enter a sponsor; nothing of it is public before a sponsorship is announced. Raises ``Invalid``."""
    _refuse(draft)
    sponsor_id = uuid4()
    base = cases.slug_of(next(iter(draft.names.values()))) or "sponsor"
    # Two towns may have one name; the second gets a number. The unique index decides if two people enter them at once.
    taken = {row["slug"] async for row in q.slugs_like(connection, base=base[:70])} | PAGES
    slug = base[:70].strip("-")
    number = 2
    while slug in taken:
        slug, number = f"{base[:70].strip('-')}-{number}", number + 1
    await q.insert_sponsor(connection, id=sponsor_id, slug=slug, is_sample=draft.is_sample, **_columns(draft))
    return sponsor_id


async def edit(connection: db.Connection, sponsor_id: UUID, draft: Draft) -> None:
    """Write names, kind, country, mandate, website and statement anew. Raises ``Invalid``, ``NotFound``."""
    _refuse(draft)
    if await q.edit_sponsor(connection, id=sponsor_id, **_columns(draft)) is None:
        raise NotFound("sponsor")


async def logo(connection: db.Connection, sponsor_id: UUID, picture: Picture | None) -> None:
    """Logo or arms of the sponsor; None takes them away."""
    hash_ = await cases.keep_picture(connection, picture) if picture is not None else None
    row = await q.set_logo(connection, id=sponsor_id, logo=hash_)
    if row is None:
        raise NotFound("sponsor")
    if row["was"] is not None and row["was"] != hash_:
        await cases.q.drop_picture(connection, hash=row["was"])


async def contact(connection: db.Connection, keys: Keys, sponsor_id: UUID, person: Contact | None = None) -> Contact:
    """With whom to speak: written when ``person`` is given, and returned; sealed at rest."""
    key = keys.register_key()
    if person is not None:
        blob = seal(key, REGISTER, "sponsor", sponsor_id.bytes, msgspec.msgpack.encode(person))
        await q.write_contact(connection, id=sponsor_id, contact=blob)
        return person
    found = await q.contact(connection, id=sponsor_id)
    if found is None:
        return Contact()
    return msgspec.msgpack.decode(open_sealed(key, REGISTER, "sponsor", sponsor_id.bytes, found), type=Contact)


async def paper(connection: db.Connection, content: bytes) -> str:
    """Keep the scanned deed or motion, a PDF of at most 8 MB; returns its hash. Raises ``Invalid``."""
    if not content.startswith(b"%PDF-"):
        raise Invalid([Fault("paper", "paper-kind")])
    if len(content) > 8_000_000:
        raise Invalid([Fault("paper", "paper-size")])
    hash_ = hashlib.sha256(content).hexdigest()
    await q.insert_paper(connection, hash=hash_, content=content)
    return hash_


async def paper_content(pool: asyncpg.Pool, hash: str) -> bytes:
    """The scanned paper. Raises ``NotFound``."""
    content: bytes | None = await q.paper(pool, hash=hash)
    if content is None:
        raise NotFound("paper")
    return content


# -- towns whose councils may be asked


async def write_city(
    connection: db.Connection, slug: str, country: str, names: Mapping[str, str], places: Sequence[str], *, is_sample: bool = False
) -> None:
    """Enter a town, or write it anew; ``places`` as people type them ("Lyon", "69003", "6900*"). Raises ``Invalid``."""
    folded = [cases.fold(place.rstrip("*")) + ("*" if place.strip().endswith("*") else "") for place in places if place.strip("* ")]
    if not folded or not names or len(country) != 2:
        raise Invalid([Fault("places", "missing")])
    try:
        await q.write_city(connection, slug=slug, country=country, names=json.dumps(dict(names)), places=folded, is_sample=is_sample)
    except asyncpg.CheckViolationError:
        raise Invalid([Fault("slug", "slug")]) from None


async def drop_city(connection: db.Connection, slug: str) -> None:
    """Ask this town no more. Raises ``NotFound``."""
    if await q.drop_city(connection, slug=slug) is None:
        raise NotFound("city")


# -- the steps


async def agree(connection: db.Connection, sponsor_id: UUID, case_id: UUID | None, *, offer_id: UUID | None = None, by: str = "") -> UUID:
    """The sponsor has agreed to stand for this prisoner, or for the whole group; returns the sponsorship's id.

    Raises ``Conflict``: ``sponsors-already`` when the same stands, ``case-free`` for someone who was released or died,
    ``case-gone`` for a case that is merged, taken down or not public.
    """
    if case_id is not None:
        if await q.lock_case(connection, id=case_id) != "public":
            raise Conflict("the case is not public", code="case-gone")
        if await q.is_over(connection, id=case_id):
            raise Conflict("released or dead", code="case-free")
    sponsorship_id = uuid4()
    written = await q.insert_sponsorship(connection, id=sponsorship_id, sponsor_id=sponsor_id, case_id=case_id, offer_id=offer_id)
    if written is None:
        raise Conflict("this sponsor stands there already", code="sponsors-already")
    await _history(connection, sponsorship_id, "agreed", None, by)
    return sponsorship_id


async def sign(connection: db.Connection, sponsorship_id: UUID, deed: Deed, *, by: str = "") -> None:
    """The deed was signed, or the motion voted, on ``deed.on``. Raises ``Invalid``, ``Conflict``."""
    faults = []
    if deed.kind not in DEEDS:
        faults.append(Fault("deed", "choice"))
    if not deed.place.strip():
        faults.append(Fault("deed_place", "missing"))
    if deed.kind == "motion" and not deed.reference.strip():
        faults.append(Fault("deed_reference", "missing"))
    if deed.on > await cases.q.today(connection):
        faults.append(Fault("deed_on", "future"))
    if faults:
        raise Invalid(faults)
    done = await q.sign(
        connection, id=sponsorship_id, deed=deed.kind, on=deed.on, place=deed.place.strip(), reference=deed.reference.strip(),
        vote=deed.vote.strip(), paper=deed.paper,
    )  # fmt: skip
    await _stepped(connection, sponsorship_id, "signed", done, deed.on, by)


async def announce(connection: db.Connection, sponsorship_id: UUID, on: date, *, by: str = "") -> None:
    """From now on the public sees it. Only a signed deed or a voted motion can be announced. Raises ``Conflict``."""
    await _stepped(connection, sponsorship_id, "announced", await q.announce(connection, id=sponsorship_id, on=on), on, by)


async def activate(connection: db.Connection, sponsorship_id: UUID, *, by: str = "") -> None:
    """The sponsor has begun to act. The first recorded act does this by itself. Raises ``Conflict``."""
    await _stepped(connection, sponsorship_id, "active", await q.activate(connection, id=sponsorship_id), None, by)


async def start_active(connection: db.Connection, sponsorship_id: UUID, *, by: str = "") -> None:
    """As ``activate``, and nothing where it is active already."""
    done = await q.activate(connection, id=sponsorship_id)
    if done is not None:
        await _history(connection, sponsorship_id, "active", None, by)


async def hand_over(connection: db.Connection, sponsorship_id: UUID, sponsor_id: UUID, on: date, *, by: str = "") -> UUID:
    """A mandate ended, and ``sponsor_id`` goes on: the old sponsorship ends, a new one is agreed; returns the new one's id."""
    row = await q.sponsorship(connection, id=sponsorship_id)
    if row is None:
        raise NotFound("sponsorship")
    heir = await agree(connection, sponsor_id, row["case_id"], by=by)
    done = await q.hand_over(connection, id=sponsorship_id, handed_to=heir, on=on)
    await _stepped(connection, sponsorship_id, "handed-over", done, on, by)
    return heir


async def end(connection: db.Connection, sponsorship_id: UUID, on: date, *, by: str = "") -> None:
    """It ends without a release and without an heir; the history keeps it. Raises ``Conflict``."""
    await _stepped(connection, sponsorship_id, "ended", await q.end(connection, id=sponsorship_id, on=on), on, by)


async def record(connection: db.Connection, case_id: UUID, event: Event, *, by: str = "", corrects: UUID | None = None) -> UUID | None:
    """``cases.record``, and the sponsorships follow: a release fulfils them, a death ends them, in the same transaction."""
    event_id = await cases.record(connection, case_id, event, by=by, corrects=corrects)
    if event_id is not None and event.kind in cases.ENDINGS:
        state = "fulfilled" if event.kind == "released" else "ended"
        ended = [row["id"] async for row in q.follow(connection, case_id=case_id, state=state, on=event.on)]
        for sponsorship_id in ended:
            await _history(connection, sponsorship_id, state, event.on, by)
    return event_id


async def merge(connection: db.Connection, case_id: UUID, into: UUID, *, by: str = "") -> None:
    """``cases.merge``, and the sponsors go along; who stood for both stands once."""
    await cases.merge(connection, case_id, into)
    today = await cases.q.today(connection)
    doubled = [row["id"] async for row in q.end_doubles(connection, case_id=case_id, into=into, on=today)]
    for sponsorship_id in doubled:
        await _history(connection, sponsorship_id, "ended", today, by)
    await q.move(connection, case_id=case_id, into=into)


async def _stepped(connection: db.Connection, sponsorship_id: UUID, state: str, done: object | None, on: date | None, by: str) -> None:
    if done is None:
        raise Conflict(f"not in a state from which it can be {state}", code="step")
    await _history(connection, sponsorship_id, state, on, by)


async def _history(connection: db.Connection, sponsorship_id: UUID, state: str, on: date | None, by: str) -> None:
    await q.insert_history(connection, sponsorship_id=sponsorship_id, state=state, on=on, by=by)


# -- what a sponsor does


async def act(connection: db.Connection, sponsorship_id: UUID, done: Act, *, by: str = "", corrects: UUID | None = None) -> UUID:
    """Record a letter, a speech, a visit …; an announced sponsorship becomes active by it. Raises ``Invalid``, ``NotFound``."""
    faults = []
    if done.kind not in ACTS:
        faults.append(Fault("kind", "choice"))
    if not done.proof_url.startswith(("https://", "http://")):
        faults.append(Fault("proof_url", "missing"))
    if not any(text.strip() for text in done.what.values()):
        faults.append(Fault("what", "missing"))
    if done.on > await cases.q.today(connection):
        faults.append(Fault("on", "future"))
    if faults:
        raise Invalid(faults)
    if await q.sponsorship(connection, id=sponsorship_id) is None:
        raise NotFound("sponsorship")
    act_id = uuid4()
    await q.insert_act(
        connection, id=act_id, sponsorship_id=sponsorship_id, kind=done.kind, on=done.on, what=json.dumps(done.what),
        proof_url=done.proof_url, corrects=corrects, by=by,
    )  # fmt: skip
    await start_active(connection, sponsorship_id, by=by)
    return act_id


async def retract_act(connection: db.Connection, act_id: UUID, *, by: str = "") -> None:
    """Take back an act that was not so; the row stays, and is shown nowhere. Raises ``NotFound``, ``Conflict``."""
    row = await q.one_act(connection, id=act_id)
    if row is None:
        raise NotFound("act")
    try:
        await q.insert_act(
            connection, id=uuid4(), sponsorship_id=row["sponsorship_id"], kind="retracted", on=row["happened_on"], what="{}",
            proof_url="", corrects=act_id, by=by,
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise Conflict("was taken back already", code="corrected-already") from None


# -- as organizers see it


async def sponsors(pool: asyncpg.Pool | db.Connection) -> list[Mapping[str, Any]]:
    """Every sponsor, with how many sponsorships stand."""
    return [row async for row in q.sponsors(pool)]


async def pledges(
    pool: asyncpg.Pool | db.Connection, *, sponsor_id: UUID | None = None, case_id: UUID | None = None, limit: int = 1_000
) -> Sequence[Mapping[str, Any]]:
    """Sponsorships in every state, of one sponsor or one case where given, newest first."""
    return [row async for row in q.pledges(pool, sponsor_id=sponsor_id, case_id=case_id, limit=limit)]


async def history(pool: asyncpg.Pool | db.Connection, sponsorship_id: UUID) -> list[Mapping[str, Any]]:
    """Every step with its day, the day it was written and by whom."""
    return [row async for row in q.history(pool, sponsorship_id=sponsorship_id)]
