"""The keys by which an institution knows us, to be handed out by another way than our certificates."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from service import ledger
from service.errors import Misconfigured
from service.identity import Keys
from service.proof import certificate as proof
from service.settings import Settings


async def known(pool: asyncpg.Pool, keys: Keys, settings: Settings) -> proof.Trust:
    rows = await ledger.public_keys(pool)
    in_use = {row.log_id: row.vkey for row in reversed(rows)}  # the newest of each log comes first
    if ledger.ANCHOR not in in_use:
        raise Misconfigured(["there is no anchor log yet: create a petition first"])
    key = keys.certificate_key(Path(settings.certificate_key) if settings.certificate_key else None)
    return proof.Trust(
        issuer=settings.issuer_name,
        logs=tuple(vkey for log_id, vkey in in_use.items() if log_id != ledger.ANCHOR),
        anchor=in_use[ledger.ANCHOR],
        certificate_keys=(proof.ssh_public(key),),
        ml_dsa=tuple(row.ml_dsa for row in rows),
        retired=tuple(row.vkey for row in rows if row.vkey not in in_use.values()),
    )


async def trust(pool: asyncpg.Pool, keys: Keys, settings: Settings) -> bytes:
    """The trust file: this installation's public keys, to be handed out by another way than its bundles."""
    return (await known(pool, keys, settings)).encode()
