"""Who stands beside a petition by name, and never in its count: sponsors of those for whom it speaks, and partners who carry it.

All of it is asserted: it comes from the public register and from the list of partners, which nobody outside can recompute.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg

from service.certificates.evidence import q
from service.settings import LANGUAGES
from service.sponsors import register


async def supporters(pool: asyncpg.Pool, petition_id: UUID) -> list[dict[str, Any]]:
    """Sponsors that stand today, as the petition's page shows them, then the partners by name.

    Each has ``kind`` (of a sponsor, or ``partner``), ``name`` by language, and for a sponsor ``since`` and the ``deed`` that it
    signed or voted, if one was entered.
    """
    snapshot = await register.read(pool)
    named = {case.id for case in snapshot.cases_of(petition_id)}  # none: it speaks of all
    found = []
    for sponsor in snapshot.for_petition(petition_id):
        standing = [one for one in sponsor.sponsorships if one.is_standing and (not named or one.case_id is None or one.case_id in named)]
        since = min(one.announced_on for one in standing)
        deed = next((one.deed for one in standing if one.deed is not None), None)
        found.append(
            {
                "kind": sponsor.kind,
                "name": _named(sponsor.names),
                "since": since.isoformat(),
                "deed": None if deed is None else {"kind": deed.kind, "on": deed.on.isoformat(), "reference": deed.reference},
            }
        )
    partners = [row["name"] async for row in q.partners(pool, petition_id=petition_id)]
    return [*found, *({"kind": "partner", "name": _named({"": name}), "since": None, "deed": None} for name in partners)]


def _named(names: dict[str, str]) -> dict[str, str]:
    """The name in every language; where it has none in one, as it is written in another."""
    some = next(iter(names.values()), "")
    return {language: names.get(language) or some for language in LANGUAGES}
