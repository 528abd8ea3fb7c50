"""How many of a town's people ask their council to stand as sponsor: counted where signers wrote it, and said to be so.

The number is asserted, never proved: nobody verified where a signer lives. A small one is not shown at all, because in a village
it could tell who signed.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import asyncpg
import msgspec

from service import press, signatures
from service.kits.papers import code_svg
from service.kits.words import words
from service.petitions import Petition
from service.sponsors import City

SMALL = 10
"""Below this no number of a town is shown."""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """``n`` confirmed signatures of whole past days, up to and including ``through``, name ``city``; 0 when fewer than ``SMALL``."""

    city: City
    n: int
    through: date


async def counts(pool: asyncpg.Pool, petition: Petition, cities: Sequence[City], *, today: date) -> tuple[list[Count], int]:
    """(the towns with enough signatures, the largest first; how many signatures named any other place)."""
    places = await signatures.by_place(pool, petition.id, before=today)
    through = today - timedelta(days=1)
    found = []
    left = dict(places)
    for city in cities:
        mine = [key for key in places if key[0] == city.country and city.holds(key[1])]
        n = sum(places[key] for key in mine)
        if n >= SMALL:
            found.append(Count(city=city, n=n, through=through))
            for key in mine:
                left.pop(key, None)
    rest = sum(left.values())
    return sorted(found, key=lambda count: (-count.n, count.city.slug)), rest if rest >= SMALL else 0


async def count(pool: asyncpg.Pool, petition: Petition, city: City, *, today: date) -> Count:
    """One town's number; 0 where it is too small to be shown."""
    found, _ = await counts(pool, petition, [city], today=today)
    return found[0] if found else Count(city=city, n=0, through=today - timedelta(days=1))


def extract(petition: Petition, counted: Count, *, issuer: str, base_url: str, whom: str = "", at: datetime) -> dict[str, Any]:
    """The extract as JSON: what is asserted, and the checkpoint beside which it stands."""
    head = petition.checkpoint
    return {
        "format": "libertas-city-extract/v1",
        "petition": {"slug": petition.slug, "titles": petition.titles, "url": f"{base_url}/fr/petitions/{petition.slug}"},
        "city": {"slug": counted.city.slug, "country": counted.city.country, "names": counted.city.names},
        "asks_for": whom or None,
        "asserted": {
            "residents": counted.n,
            "counted_through": counted.through.isoformat(),
            "later_withdrawals_subtracted": False,
            "residence_verified": False,
            "smallest_number_shown": SMALL,
        },
        "checkpoint": {
            "origin": head.origin,
            "size": head.size,
            "root": base64.b64encode(head.root).decode(),
            "count": petition.count,
            "published_at": petition.as_of.isoformat() if petition.as_of else None,
        },
        "issued_by": issuer,
        "issued_at": at.isoformat(timespec="seconds"),
        "is_sample": petition.is_sample,
    }


def extract_pdf(petition: Petition, counted: Count, lang: str, *, issuer: str, url: str, whom: str = "", at: datetime) -> bytes:
    """The extract as one page for the mayor. Call it in a thread."""
    say, head = words(lang), petition.checkpoint
    city = counted.city.name(lang)
    sealed = say.day(petition.as_of.date()) if petition.as_of else "–"
    data = {
        "title": say.say("city_title", city=city),
        "lang": lang,
        "issuer": issuer,
        "campaign": say.say("campaign"),
        "sample": "DEMO" if petition.is_sample else "",
        "count": say.number(counted.n),
        "sentence": say.say("city_sentence", count=say.number(counted.n), city=city, whom=whom or say.say("city_whom")),
        "facts": [
            (say.say("city_petition"), petition.text(lang).title),
            (say.say("city_count"), say.number(petition.count)),
            (say.say("city_checkpoint"), say.say("city_size", size=say.number(head.size), at=sealed)),
            (say.say("city_origin"), head.origin),
            (say.say("city_root"), base64.b64encode(head.root).decode()),
        ],
        "asserted": say.say("city_asserted"),
        "asserted-text": say.lines("city_asserted_text", through=say.day(counted.through), small=say.number(SMALL)),
        "issued": say.say("city_issued", day=say.day(at.date()), issuer=issuer),
        "url": url,
        "qr": code_svg(url),
    }
    return press.pdf("city_extract", data, at=datetime.combine(at.date(), time(), UTC))
