"""A signer's own page: look at one's signature, show it less widely, withdraw it, erase it.

A signature never leaves ``withdrawn`` or ``erased`` towards the count.
"""

from __future__ import annotations

import contextlib
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from service import db, tokens
from service.errors import Fault, Invalid, NotFound
from service.identity import KeyGone, Keys, Unopened
from service.signatures.record import by_tokens, lock_key, open_blob, q


class Managed(msgspec.Struct, frozen=True, kw_only=True):
    """A signature as its signer sees it."""

    signature_id: UUID
    petition_id: UUID
    slug: str
    state: str
    visibility: str
    text_version: int
    day: date | None
    log_index: int | None


async def managed(pool: asyncpg.Pool, purpose: str, handle: bytes) -> Managed:
    """The signature behind a manage or not-me link. Raises ``NotFound`` (token)."""
    hashed = tokens.stored(handle)
    record = (await by_tokens(pool, purpose, [hashed])).get(hashed)
    if record is None or record["is_over"]:
        raise NotFound(code="token")
    names = ("petition_id", "slug", "state", "visibility", "text_version", "day", "log_index")
    return Managed(signature_id=record["id"], **{name: record[name] for name in names})


async def address_of(pool: asyncpg.Pool, keys: Keys, purpose: str, handle: bytes) -> str | None:
    """The address that a link was sent for, while it is still kept; for "this was not me"."""
    hashed = tokens.stored(handle)
    record = (await by_tokens(pool, purpose, [hashed])).get(hashed)
    return None if record is None or record["blob"] is None else open_blob(keys, record).email


async def withdraw(pool: asyncpg.Pool, signature: Managed) -> str:
    """Take the signature back: the count falls at the next seal, and the person may sign again. Repeats change nothing.

    Returns the state that it had.
    """
    return await _end(pool, q.withdraw, signature)


async def erase(pool: asyncpg.Pool, signature: Managed) -> str:
    """Remove everything that could tell who signed, in one commit. Returns the state that it had; repeats change nothing."""
    return await _end(pool, q.erase, signature)


async def _end(pool: asyncpg.Pool, statement: Any, signature: Managed) -> str:
    async with db.transaction(pool) as connection:
        # Against the close: an erasure either lands before Z (W) or after it (E), never in between.
        await q.lock_shared(connection, key=lock_key(signature.petition_id))
        record = await statement(connection, id=signature.signature_id, now=None)
    if record is None:
        raise NotFound("signature")
    state: str = record["state"]
    return state


async def kept(pool: asyncpg.Pool, keys: Keys, handle: bytes) -> dict[str, Any]:
    """Everything that this server can still read of the signature behind a manage link, for its signer. Raises ``NotFound`` (token)."""
    hashed = tokens.stored(handle)
    record = (await by_tokens(pool, "manage", [hashed])).get(hashed)
    if record is None or record["is_over"]:
        raise NotFound(code="token")
    blob = None
    if record["blob"] is not None:
        with contextlib.suppress(KeyGone, Unopened):
            blob = open_blob(keys, record)
    plain = {
        "petition": record["slug"],
        "state": record["state"],
        "visibility": record["visibility"],
        "text_version": record["text_version"],
        "day": record["day"],
        "log_entry": record["log_index"],
    }
    if blob is None:
        return {**plain, "readable": False, "signer": None}
    names = ("name", "email", "country", "locality", "language", "role", "handover", "news", "partner_news", "partner")
    return {**plain, "readable": True, "signer": {name: getattr(blob, name) for name in names}}


WIDTH = ("protect", "count", "show")


async def narrow(pool: asyncpg.Pool, signature: Managed, visibility: str) -> None:
    """Show less of the signature, at once. Raises ``Invalid`` for a wish to show more: that needs name and address typed again."""
    if visibility not in WIDTH:
        raise Invalid([Fault("visibility", "choice")])
    async with db.transaction(pool) as connection:
        if await q.narrow(connection, id=signature.signature_id, visibility=visibility) is None:
            raise Invalid([Fault("visibility", "visibility-wider")])


async def shown(pool: asyncpg.Pool, petition_id: UUID, *, after: str = "", limit: int = 500) -> list[tuple[str, str]]:
    """(name, role) of those who chose to be shown and were reviewed, alphabetically."""
    return [(r["name"], r["role"]) async for r in q.shown(pool, petition_id=petition_id, after=after, limit=limit, now=None)]
