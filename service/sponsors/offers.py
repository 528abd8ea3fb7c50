"""Somebody offers to stand for a prisoner: one sealed row, one mail, one press on a button, and then it waits for an organizer.

Whatever depends on the address happens in the worker, so everybody is answered alike. Nothing that was typed is ever shown to
anyone but organizers, and it is deleted when they have decided, or after thirty days without a press.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import structlog

from service import db, identity, mail, organizers, risk, tokens
from service.cases import REGISTER
from service.errors import Conflict, Fault, Invalid, NotFound
from service.identity import Keys
from service.sponsors import pledges
from service.sponsors.record import Contact, Draft, q

log = structlog.get_logger()

LIFE = timedelta(days=30)
"""How long an offer waits for its press."""

MOST_TRIES = 5


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the form says. ``wish`` is ``case`` or ``group``; the cases' ids stand in the row beside it."""

    kind: str
    sponsor: str
    country: str
    name: str
    role: str
    email: str
    phone: str = ""
    mandate_end: str = ""
    message: str = ""
    language: str = "fr"

    def __repr__(self) -> str:
        return "Offer(…)"


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the link in the mail leads to. ``state``: ask, verified, over."""

    state: str
    offer_id: UUID
    case_ids: Sequence[UUID]


def offer_id(form_key: str, offer: Offer, case_ids: Sequence[UUID]) -> UUID:
    """The row's key: the same form sent twice is one offer."""
    content = msgspec.msgpack.encode((form_key, offer, sorted(case.bytes for case in case_ids)))
    return UUID(bytes=hashlib.sha256(b"libertas offer/v1\0" + content).digest()[:16])


async def submit(
    pool: asyncpg.Pool,
    keys: Keys,
    offer: Offer,
    case_ids: Sequence[UUID],
    *,
    form_key: str,
    lane: str,
    prefix: bytes | None = None,
    replay_key: bytes | None = None,
    replay_until: float | None = None,
) -> UUID:
    """Keep the offer, sealed; the same form again changes nothing. Raises ``Invalid`` (proof-replayed)."""
    row_id = offer_id(form_key, offer, case_ids)
    payload = identity.seal(keys.register_key(), REGISTER, "sponsor_offer", row_id.bytes, msgspec.msgpack.encode(offer))
    async with db.transaction(pool) as connection:
        stored = await q.submit(
            connection,
            id=row_id,
            payload=payload,
            language=offer.language,
            case_ids=list(case_ids),
            lane=lane,
            prefix=prefix,
            replay_key=replay_key,
            replay_until=None if replay_until is None else datetime.fromtimestamp(replay_until, UTC),
        )
    if not stored:
        raise Invalid([Fault("altcha", "proof-replayed")])
    return row_id


async def knows(pool: asyncpg.Pool, row_id: UUID) -> bool:
    """Whether this very form is stored already."""
    return bool(await q.knows(pool, id=row_id))


def _open(keys: Keys, row: Mapping[str, Any]) -> Offer:
    plain = identity.open_sealed(keys.register_key(), REGISTER, "sponsor_offer", row["id"].bytes, row["payload"])
    return msgspec.msgpack.decode(plain, type=Offer)


# -- in the worker


async def mail_due(pool: asyncpg.Pool, keys: Keys, *, clock: Callable[[], datetime], now: datetime | None = None, limit: int = 50) -> int:
    """Send each new offer's link to the address that was typed, within the caps of that mailbox; returns how many were looked at.

    The offer's step, the token and the mail are one commit. An offer that cannot be opened is tried a few times, then ended.
    """
    async with db.transaction(pool) as connection:
        rows = [row async for row in q.due(connection, limit=limit, now=now)]
        if not rows:
            return 0
        at, today = now or datetime.now(UTC), clock()
        key_id, key = keys.epoch(today)
        letters: list[mail.Letter] = []
        granted: list[tuple[bytes, UUID, UUID]] = []
        reached: list[UUID] = []
        lost: list[UUID] = []
        caps: list[list[bytes]] = []
        known: list[tuple[Mapping[str, Any], Offer]] = []
        for row in rows:
            try:
                offer = _open(keys, row)
                canonical = identity.canonical(offer.email)
            except (identity.Unopened, msgspec.MsgspecError, Invalid) as broken:
                log.error("offer: cannot be read", fault=type(broken).__name__, alarm=True)  # noqa: TRY400 - a trace may hold values
                lost.append(row["id"])
                continue
            known.append((row, offer))
            caps.append([identity.cap_index(each, canonical) for each in keys.caps_keys(today)])
        forbidden = await mail.suppressed(
            connection, [identity.suppression_index(keys.suppression_key(), identity.canonical(offer.email)) for _, offer in known]
        )
        allowed = await mail.caps_allow(connection, caps, now=now)
        for (row, offer), may in zip(known, allowed, strict=True):
            index = identity.suppression_index(keys.suppression_key(), identity.canonical(offer.email))
            if index in forbidden:
                lost.append(row["id"])
                continue
            if not may:
                continue  # looked at again in a while; the cap of this mailbox has an end
            mail_id = uuid4()
            handle = tokens.handle(keys.mail_token_key(), mail.handle_row(mail_id, "offer", row["id"]), "offer")
            granted.append((tokens.stored(handle), row["id"], mail_id))
            letters.append(
                mail.Letter(
                    id=mail_id,
                    template="offer",
                    language=row["language"],
                    address=identity.seal(key, key_id, "mail", mail_id.bytes, offer.email.encode()),
                    key_id=key_id,
                    signature_id=row["id"],
                    domain=risk.domain_digest(keys.caps_keys(today)[0], identity.canonical(offer.email)),
                )
            )
            reached.append(row["id"])
        if granted:
            await q.grant(
                connection,
                hashes=[hash_ for hash_, _, _ in granted],
                offers=[offer for _, offer, _ in granted],
                mails=[mail_id for _, _, mail_id in granted],
                expires=at + LIFE,
            )
            await mail.enqueue(connection, letters)
        await q.step(connection, ids=reached, state="mailed", is_over=False, now=now)
        await q.step(connection, ids=lost, state="unreachable", is_over=True, now=now)
        waiting = [row["id"] for row in rows if row["id"] not in set(reached) | set(lost)]
        await q.postpone(connection, ids=waiting, most=MOST_TRIES, now=now)
    return len(rows)


async def suppress_due(pool: asyncpg.Pool, keys: Keys) -> int:
    """For those who said "this was not me": never write to that address again, and forget it. Returns how many."""
    async with db.transaction(pool) as connection:
        rows = [row async for row in q.not_me(connection)]
        for row in rows:
            email = _open(keys, row).email
            index = identity.suppression_index(keys.suppression_key(), identity.canonical(email))
            await mail.suppress(connection, index, "not-me")
        await q.empty(connection, ids=[row["id"] for row in rows])
    return len(rows)


async def forget(pool: asyncpg.Pool, *, now: datetime | None = None) -> None:
    """End what nobody confirmed within thirty days, and drop rows whose end is three months old."""
    await q.forget(pool, now=now)


# -- the link


async def look(pool: asyncpg.Pool, handle: bytes) -> Seen:
    """What stands behind the link; looking changes nothing. Raises ``NotFound`` (token)."""
    row = await q.by_token(pool, hash=tokens.stored(handle), now=None)
    if row is None:
        raise NotFound(code="token")
    state = {"mailed": "ask", "verified": "verified", "accepted": "verified"}.get(row["state"], "over")
    return Seen(state=state, offer_id=row["id"], case_ids=row["case_ids"])


async def verify(pool: asyncpg.Pool, handle: bytes, *, now: datetime | None = None) -> Seen:
    """The deliberate press: from here on organizers see the offer, and a mail tells them so. Later presses change nothing.

    The mail says that something waits, and nothing of what was typed. Raises ``NotFound`` (token).
    """
    async with db.transaction(pool) as connection:
        offer = await q.verify(connection, hash=tokens.stored(handle), now=now)
        if offer is not None:
            async for row in q.to_tell(connection, offer=offer, now=now):
                await organizers.tell(connection, row["organizer_id"], "desk-offer", path="/desk/sponsors", now=now)
    return await look(pool, handle)


async def was_not_me(pool: asyncpg.Pool, handle: bytes, *, now: datetime | None = None) -> Seen:
    """Somebody typed another person's address: the offer ends. Raises ``NotFound`` (token)."""
    await q.disown(pool, hash=tokens.stored(handle), now=now)
    return await look(pool, handle)


# -- at the desk


async def offers(pool: asyncpg.Pool, keys: Keys) -> list[tuple[Mapping[str, Any], Offer]]:
    """Offers whose address was verified and that wait for an organizer, oldest first."""
    found = []
    async for row in q.verified(pool):
        found.append((row, _open(keys, row)))
    return found


async def accept(
    connection: db.Connection, keys: Keys, row_id: UUID, *, sponsor_id: UUID | None = None, case_id: UUID | None = None, by: str = ""
) -> UUID:
    """An organizer has spoken with them: the offer becomes a sponsorship that is agreed; returns its id.

    ``sponsor_id`` names a sponsor who is in the register already; without it one is made from the offer. ``case_id`` None is
    the whole group. Raises ``Conflict`` when somebody decided before, when the same sponsorship stands already, or when the
    prisoner is free, gone or merged meanwhile.
    """
    row = await q.lock_offer(connection, id=row_id)
    if row is None:
        raise Conflict("was decided already", code="decided")
    offer = _open(keys, row)
    if sponsor_id is None:
        draft = Draft(kind=offer.kind, names={offer.language: offer.sponsor}, country=offer.country, mandate_end=_day(offer.mandate_end))
        sponsor_id = await pledges.create(connection, draft)
        person = Contact(name=offer.name, role=offer.role, email=offer.email, phone=offer.phone)
        await pledges.contact(connection, keys, sponsor_id, person)
    sponsorship = await pledges.agree(connection, sponsor_id, case_id, offer_id=row_id, by=by)
    await q.step(connection, ids=[row_id], state="accepted", is_over=True, now=None)
    return sponsorship


async def refuse(connection: db.Connection, row_id: UUID) -> None:
    """No: what was typed is deleted. Raises ``Conflict`` when somebody decided before."""
    if await q.lock_offer(connection, id=row_id) is None:
        raise Conflict("was decided already", code="decided")
    await q.step(connection, ids=[row_id], state="refused", is_over=True, now=None)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
