"""A signer's receipt: one file with which she alone can show, to whom she chooses, that her signature is in the log.

It opens her own leaf, so it is made only for her, on her own page, while the server can still open her sealed data; nothing of
it is kept, and it is never mailed. Whoever has power over her could demand it, so a protected petition gives none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from service import identity, ledger, signatures, tokens
from service.errors import NotFound
from service.identity import Keys
from service.proof import certificate as proof
from service.proof import commitment, note
from service.signatures.record import by_tokens


async def receipt(pool: asyncpg.Pool, keys: Keys, handle: bytes) -> tuple[str, bytes]:
    """(slug, bytes of the ``.tlog-proof``) for the signature behind a manage link.

    Raises ``NotFound`` when there is none to give: not confirmed, not in the log yet, its data no longer here, or protected.
    """
    record = await _record(pool, handle)
    if record is None or not _can_give(record):
        raise NotFound("receipt")
    try:
        blob = signatures.open_blob(keys, record)
    except identity.KeyGone:
        raise NotFound("receipt") from None
    secrets = commitment.salts(blob.secret)
    values = {"email": identity.canonical(blob.email), "country": blob.country, "locale": blob.language, "class": blob.klass}
    opening = commitment.Opening(record["origin"], record["text_version"], record["manifest_hash"], secrets, values)
    signed = await ledger.checkpoint(pool, record["log_id"])
    size = note.Checkpoint.parse(signed.decode().rpartition("\n\n")[0] + "\n").size
    path = await ledger.inclusion(pool, record["log_id"], record["log_index"], size)
    made = note.format_tlog_proof(record["log_index"], path, signed, opening.encode())
    # Nobody is given a receipt that does not verify: better a fault here than a doubt at her table.
    proof.verify_receipt(made, [note.parse_vkey(await ledger.vkey(pool, record["log_id"]))])
    return record["slug"], made


async def has_receipt(pool: asyncpg.Pool, keys: Keys, handle: bytes) -> bool:
    """Whether there is one to give now."""
    try:
        await receipt(pool, keys, handle)
    except NotFound:
        return False
    return True


async def _record(pool: asyncpg.Pool, handle: bytes) -> Mapping[str, Any] | None:
    hashed = tokens.stored(handle)
    return (await by_tokens(pool, "manage", [hashed])).get(hashed)


def _can_give(record: Mapping[str, Any]) -> bool:
    return (
        record["state"] == "confirmed"
        and not record["is_over"]
        and not record["is_protected"]
        and record["blob"] is not None
        and record["log_index"] is not None
    )
