"""What the database keeps of one signature: a sealed blob, the links that lead to it, and the locks under which it changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from service import db, identity
from service.identity import Blob, Keys

q = db.statements("signatures")

LIFE = timedelta(days=30)
"""How long a form waits for its confirmation, and a link works."""

OPERATIONAL = timedelta(hours=24)
"""How long a confirmed row keeps country, minute and, in a sealed petition, what the server can open (``confirm`` in the SQL)."""

KEPT = timedelta(days=365)
"""After the close of a petition, all that is personal is destroyed (``retire``)."""

MANAGE_LIFE = timedelta(days=3650)
"""A manage link is the signer's capability to withdraw and erase; it should not run out on them."""

LIVING = ("pending", "held", "confirmed", "invalidated")
CLASS = "email"


def lock_key(petition_id: UUID) -> int:
    """The advisory lock under which confirming (shared) and closing (exclusive) exclude each other."""
    return int.from_bytes(petition_id.bytes[:8], "big", signed=True)


def seal_blob(key: bytes, key_id: int, signature_id: UUID, blob: Blob) -> bytes:
    """The blob of the row ``signature_id``, under an epoch key."""
    return identity.seal(key, key_id, "signature", signature_id.bytes, blob.encode())


def open_blob(keys: Keys, record: Mapping[str, Any]) -> Blob:
    """The signer's sealed data. Raises ``identity.KeyGone`` or ``identity.Unopened``."""
    return Blob.decode(
        identity.open_sealed(keys.epoch_key(record["key_id"]), record["key_id"], "signature", record["id"].bytes, record["blob"])
    )


async def by_tokens(connection: db.Connection | asyncpg.Pool, purpose: str, hashes: list[bytes]) -> dict[bytes, Mapping[str, Any]]:
    """What stands behind links of this purpose, by their stored hash; links that do not exist are missing."""
    return {record["hash"]: record async for record in q.tokens(connection, hashes=hashes, purpose=purpose, now=None)}
