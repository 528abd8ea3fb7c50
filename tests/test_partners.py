"""Partners: their sites as browsers name them, keys that are shown once, counts in tens, and lists that only they can read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest

from installation import Installation
from service import partners
from service.errors import Conflict, Invalid, NotFound


@pytest.mark.parametrize(
    ("typed", "site"),
    [
        ("https://Hyestart.example", "https://hyestart.example"),
        ("https://hyestart.example/", "https://hyestart.example"),
        ("https://hyestart.example:443", "https://hyestart.example"),
        ("https://news.example:8443", "https://news.example:8443"),
        ("https://Հայեր.example", "https://xn--y9ai5av0d.example"),
    ],
)
def test_a_site_is_kept_as_browsers_name_it(typed: str, site: str) -> None:
    assert partners.origin(typed) == site


@pytest.mark.parametrize(
    "typed",
    [
        "", "hyestart.example", "http://hyestart.example", "https://hyestart.example/page", "https://*.example", "https://a b.example",
        "https://user@hyestart.example", "https://hyestart.example?x", "https://hyestart.example:99999", "https://hyestart.example:*",
        "https://-a.example", "https://'none'", "https://a;script-src", "javascript:alert(1)", "http://localhost:*", "https://example",
        "null", "data:text/html,x", "https://a.example https://b.example",
    ],
)  # fmt: skip
def test_what_is_no_site_never_comes_into_a_policy(typed: str) -> None:
    with pytest.raises(Invalid):
        partners.origin(typed)


def test_only_a_demonstration_lists_this_machines_own_pages() -> None:
    assert partners.origin("http://localhost:*", is_demo=True) == "http://localhost:*"
    with pytest.raises(Invalid):
        partners.origin("http://evil.example:*", is_demo=True)
    assert partners.is_site("http://localhost:8123", "http://localhost:*")
    for other in ("http://localhost.evil.example:1", "http://localhost:1.evil.example", "https://localhost:1", "null", ""):
        assert not partners.is_site(other, "http://localhost:*"), other


async def test_a_key_is_shown_once_and_an_old_one_ends_after_a_grace(pool: asyncpg.Pool) -> None:
    partner = await partners.add(pool, "hyestart", "Hyestart")
    first = await partners.new_key(pool, partner)
    caller = await partners.caller(pool, f"Bearer {first}")
    assert caller is not None and caller.slug == "hyestart"
    kept = await pool.fetch("select * from partner_key")
    assert first.encode() not in repr(kept).encode() and kept[0]["hint"] == first[:7]
    second = await partners.new_key(pool, partner)
    now = await pool.fetchval("select now()")
    for key in (first, second):
        assert await partners.caller(pool, f"Bearer {key}") is not None, "both work for a week"
    assert await partners.caller(pool, f"Bearer {first}", now=now + timedelta(days=8)) is None
    assert await partners.caller(pool, f"Bearer {second}", now=now + timedelta(days=8)) is not None
    for wrong in ("", second, f"Basic {second}", f"Bearer {second}x", "Bearer lp_" + "A" * 43, "Bearer \0"):
        assert await partners.caller(pool, wrong) is None, wrong
    await partners.end(pool, partner)
    assert await partners.caller(pool, f"Bearer {second}") is None


async def test_a_slug_is_taken_once_and_has_one_shape(pool: asyncpg.Pool) -> None:
    await partners.add(pool, "hyestart", "Hyestart")
    with pytest.raises(Conflict):
        await partners.add(pool, "hyestart", "Another")
    for slug, name in (("Hyestart", "x"), ("-a", "x"), ("a b", "x"), ("", "x"), ("fine", ""), ("fine", "x" * 101), ("fine", "a\0b")):
        with pytest.raises(Invalid):
            await partners.add(pool, slug, name)
    with pytest.raises(NotFound):
        await partners.get(pool, "nobody")


async def _sums(pool: asyncpg.Pool, days: dict[date, int], partner: str = "hyestart") -> None:
    for day, n in days.items():
        await pool.execute(
            "insert into daily_sum (petition_id, day, kind, key, n) select id, $1, 'partner', $2, $3 from petition", day, partner, n
        )


async def test_a_partner_learns_its_number_in_tens_and_a_day_late(installation: Installation) -> None:
    today = date(2026, 11, 26)
    await _sums(installation.owner, {date(2026, 11, 20): 7, date(2026, 11, 21): 8, date(2026, 11, 22): 26, today: 500})
    await _sums(installation.owner, {date(2026, 11, 20): 900}, partner="another")
    (reach,) = await partners.statistics(installation.pool, "hyestart", today=today)
    assert reach == partners.Reach(installation.slug, 40, {"2026-11-21": 10, "2026-11-22": 30})
    assert sum(reach.days.values()) == reach.total


async def test_the_web_process_knows_who_carries_a_petition_and_on_which_sites(installation: Installation) -> None:
    pool = installation.owner
    partner = await partners.add(pool, "hyestart", "Hyestart")
    await partners.set_sites(pool, partner, ["https://hyestart.example", "https://www.hyestart.example/"])
    await partners.set_petitions(pool, partner, [installation.slug])
    with pytest.raises(NotFound):
        await partners.set_petitions(pool, partner, [installation.slug, "none"])
    roster = partners.Roster(installation.pool)
    await roster.refresh()
    petition: Any = installation.shelf.get(installation.slug)
    assert roster.sites(petition.id, "hyestart") == ("https://hyestart.example", "https://www.hyestart.example")
    assert roster.sites(petition.id) == ("http://localhost:*", "https://hyestart.example", "https://www.hyestart.example")
    found = roster.at("https://www.hyestart.example", petition.id)
    assert found is not None and found.slug == "hyestart"
    assert roster.at("https://evil.example", petition.id) is None
    version = roster.version
    await partners.set_sites(pool, partner, [])
    await partners.end(pool, partner)
    await roster.refresh()
    assert roster.version > version and roster.find("hyestart", petition.id) is None
