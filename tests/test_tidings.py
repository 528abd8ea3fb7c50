"""What happens to a prisoner reaches his sponsors at once and the organizers as a draft, each once, and nobody whom it does not concern."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from installation import Installation
from service import cases, sponsors, tidings, updates
from service.sponsors import Contact
from test_cases import entered, event
from test_sponsors import city, does, stands

YESTERDAY = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()


async def ripe(house: Installation) -> None:
    """Changes are told when nothing can overtake them any more."""
    await house.owner.execute("update case_change set at = at - interval '11 seconds'")


async def tell(house: Installation) -> int:
    await ripe(house)
    return await tidings.tell(house.pool, house.keys, clock=house.shelf.now)


async def sponsor(house: Installation, case_id: UUID | None, email: str, name: str) -> None:
    sponsor_id = await city(house.pool, name)
    await does(house.pool, lambda c: sponsors.contact(c, house.keys, sponsor_id, Contact(name="Ani", email=email)))
    await stands(house.pool, sponsor_id, case_id)


async def happens(house: Installation, case_id: UUID, kind: str, on: str = YESTERDAY, **changes: Any) -> UUID | None:
    found: UUID | None = await does(house.pool, lambda c: sponsors.record(c, case_id, event(kind, on, **changes)))
    return found


async def test_a_release_reaches_those_who_stand_for_him_and_waits_for_an_organizer_before_it_reaches_readers(
    installation: Installation,
) -> None:
    house = installation
    await tell(house)
    case_id, other = await entered(house.pool, "sample-ani"), await entered(house.pool, "sample-levon")
    await sponsor(house, case_id, "mayor@ville.example", "Ville A")
    await sponsor(house, None, "all@ville.example", "Ville B")
    await sponsor(house, other, "other@ville.example", "Ville C")
    await tell(house)
    assert await updates.listing(house.pool) == [], "an old capture that is entered now is history, not news"
    await happens(house, case_id, "released")
    assert await tell(house) == 1
    assert await tell(house) == 0, "told once"
    await house.work()
    for email in ("mayor@ville.example", "all@ville.example"):
        (letter,) = house.letters(email)
        assert "/fr/cases/sample-ani" in letter.text and "https://example.org/s" in letter.text
    assert house.letters("other@ville.example") == []
    (draft,) = await updates.listing(house.pool)
    assert (draft.state, draft.case_slug, set(draft.texts)) == ("draft", "sample-ani", {"fr", "en", "hy"})
    assert "is free" in draft.texts["en"].title
    assert await updates.public(house.pool) == []


async def test_two_workers_tell_it_once(installation: Installation) -> None:
    house = installation
    await tell(house)
    case_id = await entered(house.pool, "sample-ani")
    await sponsor(house, case_id, "mayor@ville.example", "Ville A")
    await happens(house, case_id, "sentenced")
    await ripe(house)
    told = await asyncio.gather(*(tidings.tell(house.pool, house.keys, clock=house.shelf.now) for _ in range(5)))
    assert sum(told) == 1
    await house.work()
    assert len(house.letters("mayor@ville.example")) == 1 and len(await updates.listing(house.pool)) == 1


async def test_what_was_taken_back_long_ago_or_is_not_the_publics_business_is_not_told(installation: Installation) -> None:
    house = installation
    await tell(house)
    hidden = await entered(house.pool, "sample-hidden", consent="none")
    shown = await entered(house.pool, "sample-ani")
    await happens(house, hidden, "released")
    await happens(house, shown, "released", "2023-12-13")
    wrong = await happens(house, shown, "died")
    assert wrong is not None
    await does(house.pool, lambda c: cases.retract(c, shown, wrong))
    await happens(house, shown, "transferred")
    assert await tell(house) == 0
    assert await updates.listing(house.pool) == []


def test_every_status_that_is_told_is_told_in_every_language() -> None:
    for kind, words in tidings.phrases().items():
        assert set(words) == {"fr", "en", "hy"}, kind
        for title, body in words.values():
            assert "{name}" in title and {"{name}", "{day}", "{source}"} <= {
                part for part in ("{name}", "{day}", "{source}") if part in body
            }
