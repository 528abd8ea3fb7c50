"""News to those who asked for it, each piece once, in their own language; and a way out in every mail that works with one press.

Readers are a list of their own. A signature's wish for news waits in ``news_wish`` until the worker, which alone has the list's
key, takes it over. Who unsubscribes is gone from the list in that moment; the signature stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import structlog

from service import db, identity, mail, risk, tokens
from service.errors import Conflict, Fault, Invalid, NotFound, Unproven
from service.identity import Keys

q = db.statements("updates")
log = structlog.get_logger()

COLLECTIVE = "collective"
"""The association that a signer's own consent to news names: those who run the petition together. Partners have lists of their own."""

BATCH = 500
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What neither the database nor the feed can hold (XML 1.0, 2.2)."""
TITLE, BODY = 150, 20_000
"""The longest title and text, in characters."""


class Words(msgspec.Struct, frozen=True):
    """One language of a piece of news; ``body`` is Markdown."""

    title: str
    body: str


class News(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of news as organizers see it. ``queued`` counts mailboxes, ``state`` is draft, sending, sent or cancelled."""

    id: UUID
    petition_id: UUID | None
    case_slug: str
    state: str
    is_mailed: bool
    written_by: str
    written_at: datetime
    released_at: datetime | None
    ended_at: datetime | None
    queued: int
    texts: dict[str, Words]


class Post(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of news that everybody may read; ``petition`` is the slug of the one that it belongs to, or None."""

    id: UUID
    petition: str | None
    case_slug: str
    released_at: datetime
    texts: dict[str, Words]

    def words(self, language: str) -> Words:
        """In ``language``, or in the first one that there is."""
        return self.texts.get(language) or next(iter(self.texts.values()))


# -- who reads ----------------------------------------------------------------------------------------------------------------


async def welcome(pool: asyncpg.Pool, keys: Keys, *, limit: int = BATCH) -> int:
    """Take over what confirmed signers wished for; returns how many wishes. Call again until 0.

    A wish whose address nobody can open any more is dropped and counted in the log.
    """
    key = keys.news_key()
    async with db.transaction(pool) as connection:
        wishes = [row async for row in q.take_wishes(connection, limit=limit)]
        if not wishes:
            return 0
        fresh: dict[tuple[UUID, bytes], tuple[Any, ...]] = {}
        lost = 0
        for wish in wishes:
            try:
                sealed_under = keys.epoch_key(wish["key_id"])
                row = wish["signature_id"].bytes
                address = identity.open_sealed(sealed_under, wish["key_id"], "news_wish", row, wish["address"]).decode()
            except Unproven:
                lost += 1
                continue
            reader_id = uuid4()
            index = identity.reader_index(key, identity.canonical(address))
            sealed = identity.seal(key, 0, "reader", reader_id.bytes, address.encode())
            fresh[wish["petition_id"], index] = (reader_id, wish["petition_id"], index, sealed, wish["language"], wish["signature_id"])
        if fresh:
            ids, petition_ids, indexes, addresses, languages, signature_ids = (list(column) for column in zip(*fresh.values(), strict=True))
            await q.welcome(
                connection,
                ids=ids,
                association=COLLECTIVE,
                petition_ids=petition_ids,
                indexes=indexes,
                addresses=addresses,
                languages=languages,
                signature_ids=signature_ids,
            )
        await q.drop_wishes(connection, signature_ids=[wish["signature_id"] for wish in wishes])
    if lost:
        log.error("updates: wishes for news whose key is gone", n=lost, alarm=True)
    return len(wishes)


async def mailboxes(pool: asyncpg.Pool, petition_id: UUID | None = None, *, association: str = COLLECTIVE) -> int:
    """How many mailboxes a piece of news would reach: a petition's readers, or all of the association's."""
    return int(await q.mailboxes(pool, association=association, petition_id=petition_id))


async def is_followed(pool: asyncpg.Pool, signature_id: UUID) -> bool:
    """Whether this signature's mailbox gets news, as far as the signature still knows."""
    return bool(await q.is_followed(pool, signature_id=signature_id))


async def stop(pool: asyncpg.Pool, signature_id: UUID) -> None:
    """No further news, asked for on a signer's own page. Repeats change nothing."""
    await q.stop(pool, signature_id=signature_id)


async def is_reading(pool: asyncpg.Pool, handle: bytes) -> bool:
    """Whether the link out of a mail still has something to end."""
    return await q.is_reading(pool, hash=tokens.stored(handle)) is not None


async def unsubscribe(pool: asyncpg.Pool, handle: bytes) -> None:
    """The mailbox behind the link gets no further news of this association. Repeats change nothing; the signature stays."""
    await q.unsubscribe(pool, hash=tokens.stored(handle))


# -- what is written ----------------------------------------------------------------------------------------------------------


async def write(
    connection: db.Connection,
    texts: Mapping[str, Words],
    *,
    by: str,
    petition_id: UUID | None = None,
    case_slug: str = "",
    is_mailed: bool = True,
    association: str = COLLECTIVE,
    news_id: UUID | None = None,
) -> UUID:
    """A new draft, by the organizer whose id is ``by``; returns its id. Raises ``Invalid``, naming every fault.

    With ``news_id`` a repeat is the same draft.
    """
    _refuse(texts)
    news_id = news_id or uuid4()
    await q.insert(
        connection,
        id=news_id,
        association=association,
        petition_id=petition_id,
        case_slug=case_slug,
        is_mailed=is_mailed,
        written_by=by,
    )
    await q.put_texts(connection, news_id=news_id, texts=msgspec.json.encode(texts).decode())
    return news_id


async def edit(connection: db.Connection, news_id: UUID, texts: Mapping[str, Words]) -> None:
    """Other words for a draft. Raises ``Invalid``, or ``Conflict`` once it was released: what was sent is not changed behind anyone."""
    _refuse(texts)
    if await q.put_texts(connection, news_id=news_id, texts=msgspec.json.encode(texts).decode()) is None:
        raise Conflict("it was released or cancelled")


def _refuse(texts: Mapping[str, Words]) -> None:
    faults = [] if texts else [Fault("title", "missing")]
    for language, words in texts.items():
        faults += [] if words.title.strip() else [Fault(f"title-{language}", "missing")]
        faults += [] if words.body.strip() else [Fault(f"body-{language}", "missing")]
        faults += [] if len(words.title) <= TITLE else [Fault(f"title-{language}", "too-long")]
        faults += [] if len(words.body) <= BODY else [Fault(f"body-{language}", "too-long")]
        faults += [Fault(f"body-{language}", "characters")] if _UNWRITABLE.search(words.title + words.body) else []
    if faults:
        raise Invalid(faults)


async def release(connection: db.Connection, news_id: UUID, *, now: datetime | None = None) -> None:
    """Make it public and mail it to those who asked. Raises ``Conflict`` when it is not a draft with words."""
    if await q.release(connection, id=news_id, now=now) is None:
        raise Conflict("it was released or cancelled, or has no words")


async def cancel(connection: db.Connection, news_id: UUID, *, now: datetime | None = None) -> None:
    """Stop: it disappears from the site, and mails that wait are taken back. What is gone is gone. Raises ``Conflict`` when it ended."""
    async with connection.transaction():
        if await q.cancel(connection, id=news_id, now=now) is None:
            raise Conflict("it has ended")
        await q.take_back(connection, id=str(news_id))


async def discard(connection: db.Connection, news_id: UUID) -> None:
    """Throw a draft away, where there is one: what it tells has turned out wrong. What was released stays as it is."""
    await q.discard(connection, id=news_id)


async def preview(
    connection: db.Connection, keys: Keys, news_id: UUID, address: str, language: str, *, clock: Callable[[], datetime]
) -> None:
    """Mail it to one organizer, as readers would get it; its link out ends nothing. Raises ``Invalid`` for an undeliverable address."""
    typed = identity.deliverable(address)
    await _queue(connection, keys, news_id, [(uuid4(), typed, language, None)], clock)


async def _queue(
    connection: db.Connection,
    keys: Keys,
    news_id: UUID,
    readers: list[tuple[UUID, str, str, UUID | None]],
    clock: Callable[[], datetime],
) -> None:
    """One mail, with a link out of its own, for each (reader id, address, language, petition id)."""
    key_id, key = keys.epoch(clock())
    by_domain = keys.caps_keys(clock())[0]
    letters, hashes = [], []
    for _, address, language, petition_id in readers:
        mail_id = uuid4()
        handle = tokens.handle(keys.mail_token_key(), mail.handle_row(mail_id, "unsubscribe", None), "unsubscribe")
        hashes.append(tokens.stored(handle))
        letters.append(
            mail.Letter(
                id=mail_id,
                template="news",
                language=language,
                address=identity.seal(key, key_id, "mail", mail_id.bytes, address.encode()),
                key_id=key_id,
                petition_id=petition_id,
                facts={"news": str(news_id)},
                domain=risk.domain_digest(by_domain, identity.canonical(address)),
                priority=9,  # first confirmations never wait for news
            )
        )
    await q.tokens(
        connection, hashes=hashes, reader_ids=[reader for reader, *_ in readers], mail_ids=[letter.id for letter in letters], now=None
    )
    await mail.enqueue(connection, letters)


# -- sending ------------------------------------------------------------------------------------------------------------------


async def send(pool: asyncpg.Pool, keys: Keys, *, clock: Callable[[], datetime], limit: int = BATCH) -> bool:
    """Queue the next mails of whatever is being sent; whether there may be more to do at once.

    Each mailbox is written down in the commit that queues its mail: killed anywhere and run by any number of workers, nobody
    gets a piece of news twice and nobody is left out. How fast mails leave is for delivery to say (``mail``).
    """
    key = keys.news_key()
    is_more = False
    for news_id in [row["id"] async for row in q.sending(pool)]:
        async with db.transaction(pool) as connection:
            news = await q.hold(connection, id=news_id)
            if news is None:
                continue
            rows = []
            if news["is_mailed"]:
                found = q.next_readers(
                    connection, id=news_id, association=news["association"], petition_id=news["petition_id"], limit=limit
                )
                rows = [row async for row in found]
            readers = [
                (
                    row["id"],
                    identity.open_sealed(key, 0, "reader", row["id"].bytes, row["address"]).decode(),
                    row["language"],
                    row["petition_id"],
                )
                for row in rows
            ]
            if readers:
                await _queue(connection, keys, news_id, readers, clock)
                await q.queued(connection, id=news_id, indexes=[row["address_index"] for row in rows])
            if len(rows) < limit:
                await q.finish(connection, id=news_id, now=None)
            else:
                is_more = True
    return is_more


async def forget(pool: asyncpg.Pool, *, now: datetime | None = None) -> None:
    """Drop the notes about who was sent what, 30 days after."""
    await q.forget(pool, now=now)


# -- what can be read ---------------------------------------------------------------------------------------------------------


async def listing(pool: asyncpg.Pool, *, association: str = COLLECTIVE) -> list[News]:
    """Every piece of news of an association, newest first, for organizers."""
    names = [name for name in News.__struct_fields__ if name != "texts"]
    return [
        News(**{name: row[name] for name in names}, texts=_texts(row["texts"])) async for row in q.listing(pool, association=association)
    ]


async def public(pool: asyncpg.Pool, *, petition_id: UUID | None = None, case_slug: str | None = None, limit: int = 50) -> list[Post]:
    """What everybody may read, newest first: all of it, or what belongs to a petition or a case."""
    return [_post(row) async for row in q.public(pool, id=None, petition_id=petition_id, case_slug=case_slug, limit=limit)]


async def post(pool: asyncpg.Pool, news_id: UUID) -> Post:
    """One public piece of news. Raises ``NotFound``."""
    async for row in q.public(pool, id=news_id, petition_id=None, case_slug=None, limit=1):
        return _post(row)
    raise NotFound("news")


def _post(row: Mapping[str, Any]) -> Post:
    names = ("id", "petition", "case_slug", "released_at")
    return Post(**{name: row[name] for name in names}, texts=_texts(row["texts"]))


def _texts(raw: str | None) -> dict[str, Words]:
    return msgspec.json.decode(raw, type=dict[str, Words]) if raw else {}
