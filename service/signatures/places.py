"""Where signers live, as far as a petition asked and they wrote it: one more sum of settled days.

The place stands in the sealed blob only, so the worker opens it once, on the day's end, before the day becomes sums; what stays
is how many wrote it.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from service import db
from service.cases import fold
from service.errors import Unproven
from service.identity import Keys
from service.signatures.record import open_blob, q

LONGEST = 60


def _key(country: str, locality: str) -> str:
    """ "FR:lyon": the country that was chosen, and the place as it sounds, in Latin letters."""
    return f"{country}:{fold(locality)[:LONGEST]}"


async def add_places(pool: asyncpg.Pool, keys: Keys, *, now: datetime | None = None, limit: int = 2_000) -> int:
    """Add the places of settled signatures to the sums; returns how many signatures were looked at. Call again until 0.

    A blob that can no longer be opened here counts as a place that nobody wrote. The sums and the mark that a signature was
    looked at are one commit.
    """
    async with db.transaction(pool) as connection:
        rows = [row async for row in q.unplaced(connection, limit=limit, now=now)]
        if not rows:
            return 0
        sums: Counter[tuple[UUID, date, str]] = Counter()
        for row in rows:
            sums[row["petition_id"], row["day"], _place_of(keys, row)] += 1
        # In one order for everybody, or two workers with the same places would wait for each other.
        ordered = sorted((key, n) for key, n in sums.items() if key[2])
        await q.add_places(
            connection,
            petition_ids=[key[0] for key, _ in ordered],
            days=[key[1] for key, _ in ordered],
            keys=[key[2] for key, _ in ordered],
            ns=[n for _, n in ordered],
        )
        await q.placed(connection, ids=[row["id"] for row in rows])
    return len(rows)


def _place_of(keys: Keys, row: Any) -> str:
    if row["blob"] is None or row["key_id"] is None:
        return ""
    try:
        blob = open_blob(keys, row)
    except Unproven:  # the key is gone, or never was here
        return ""
    return _key(blob.country, blob.locality) if blob.locality else ""


async def by_place(pool: asyncpg.Pool, petition_id: UUID, *, before: date) -> dict[tuple[str, str], int]:
    """Confirmed signatures of whole days before ``before``, by (country, folded place). For organizers and for sums of towns:
    a single small number must not be shown."""
    found: dict[tuple[str, str], int] = {}
    async for row in q.by_place(pool, petition_id=petition_id, before=before):
        country, _, place = row["key"].partition(":")
        found[country, place] = row["n"]
    return found
