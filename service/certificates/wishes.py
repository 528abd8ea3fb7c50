"""A certificate that somebody at the desk wants: one open wish a petition, fulfilled by the worker, which holds the keys of logs.

Where the private key of certificates is elsewhere, the worker prepares all but what that key adds, and keeps it with the wish.
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog

from service import db
from service.certificates.evidence import q
from service.certificates.issuing import certify, finish_pending
from service.certificates.trust import certificate_key
from service.errors import Misconfigured, NotFound, Refusal
from service.identity import Keys
from service.settings import Settings

log = structlog.get_logger()


async def ask(connection: db.Connection, petition_id: UUID, recipient: str, holder: str, *, asked_by: UUID) -> bool:
    """Want a certificate for an office; False when another one of this petition is on its way."""
    made = await q.ask_certificate(connection, id=uuid4(), petition_id=petition_id, recipient=recipient, holder=holder, asked_by=asked_by)
    return made is not None


async def wishes(pool: asyncpg.Pool, petition_id: UUID) -> list[dict[str, Any]]:
    """The latest wishes, newest first. ``done_at`` None: on its way; ``fault`` "": it was made; ``waits``: for its signature."""
    return [dict(row) async for row in q.wishes(pool, petition_id=petition_id)]


async def unsigned(pool: asyncpg.Pool, petition_id: UUID, wish_id: UUID) -> bytes:
    """What the organizers sign on their own machine, as a zip; ``NotFound``."""
    found: bytes | None = await q.unsigned(pool, petition_id=petition_id, id=wish_id)
    if found is None:
        raise NotFound("certificate")
    return found


async def fulfil(pool: asyncpg.Pool, keys: Keys, settings: Settings) -> bool:
    """Make the certificate that has waited longest; False when none waits. What was refused is told, and is not asked for again.

    With nothing to do it finishes what was numbered and not finished, if there is any.

    No transaction is open meanwhile: a wish is claimed for ten minutes, and another worker takes it after that. A certificate
    that was made before a crash is found again and not made twice.
    """
    async with db.transaction(pool) as connection:
        wish = await q.claim_wish(connection)
    if wish is None:
        try:
            return await finish_pending(pool, keys, settings)
        except Refusal as no:
            log.warning("certificates: one is still not finished", why=no.code)
            return False
    made, fault, packed = wish["made"], None, None
    if made is None:
        try:
            is_elsewhere = certificate_key(keys, settings)[1] is None
            bundle = await certify(pool, keys, settings, wish["slug"], wish["recipient"], holder=wish["holder"], unsigned=is_elsewhere)
            made, packed = bundle.id, await asyncio.to_thread(bundle.zip) if is_elsewhere else None
        except Misconfigured:
            fault = "no-key"
        except Refusal as no:
            fault = no.code
    await q.fulfilled(pool, id=wish["id"], certificate_id=made, fault=fault, unsigned=packed)
    return True
