"""The plain pages: found by everyone, in their language, cacheable, and changing nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import httpx2
import pytest
from litestar import Litestar, Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from service import cases, petitions, sponsors
from service.errors import NotFound, Refusal
from service.settings import LANGUAGES, Settings
from service.web import privacy, site
from service.web.kept import Kept
from service.web.pages import Pages

NOW = datetime(2026, 11, 24, 10, 5, tzinfo=UTC)
BASE = "https://petition.example.org"
NOBODY = cases.Group(held=0, first=0, start=None, released=0, died=0, as_of=None, source={}, source_url="")
REGISTER = sponsors.Snapshot(
    1,
    [
        cases.Case(
            id=UUID(int=7), slug="ani", is_sample=True, category="civilian", name_hy="Անի", names={}, consent="name", updated_at=NOW
        )
    ],
    [
        sponsors.Sponsor(
            id=UUID(int=8), slug="lyon", is_sample=True, kind="city", names={"fr": "Lyon"}, country="FR", mandate_end=None, website="",
            statement={}, logo=None, sponsorships=[],
        )
    ],
    addresses={}, numbers=cases.Numbers(prisoners=NOBODY, disappeared=NOBODY), petitions={}, facts={}, cities=[],
)  # fmt: skip


def petition(slug: str, **changes: Any) -> petitions.Petition:
    values: dict[str, Any] = {
        "id": UUID(int=1),
        "slug": slug,
        "status": "open",
        "is_sample": False,
        "is_protected": False,
        "is_sealed": False,
        "goal": 0,
        "time_zone": "Europe/Paris",
        "opens_at": NOW - timedelta(days=9),
        "closes_at": None,
        "text_version": 1,
        "manifest_hash": b"",
        "asks_locality": False,
        "texts": {lang: petitions.Text(f"Title {slug}", "", "", "", "") for lang in LANGUAGES},
        "recipients": [],
        "figures": [],
        "sources": [],
        "log_id": "x",
        "count": 12,
        "as_of": NOW,
        "checkpoint": petitions.Head("o", 9, b""),
    }
    return petitions.Petition(**{**values, **changes})


class Books:
    """A shelf with what a test puts on it."""

    def __init__(self, *books: petitions.Petition) -> None:
        self.books = books

    def all(self) -> list[petitions.Petition]:
        return list(self.books)

    def get(self, slug: str) -> petitions.Petition:
        raise NotFound(slug)


def _refuse(request: Request[Any, Any, State], refusal: Exception) -> Response[bytes]:
    if isinstance(refusal, Refusal):
        return site.error_page(request, refusal.status, refusal.code)
    return site.error_page(request, refusal.status_code if isinstance(refusal, HTTPException) else 500)


@pytest.fixture(scope="module")
def app() -> Litestar:
    """An installation with petitions in several states."""
    settings = Settings(base_url=BASE, issuer_name="Hyestart", issuer_contact="bonjour@example.org")
    shelf = Books(
        petition("archive", status="archived"),
        petition("soon", opens_at=NOW + timedelta(days=1)),
        petition("free-them"),
        petition("secret-draft", status="draft"),
    )
    state = State(
        {
            "pages": Pages(settings, lambda: NOW), "shelf": shelf, "settings": settings, "sitemap": Kept(),
            "register": SimpleNamespace(now=REGISTER),
        }
    )  # fmt: skip
    handlers: dict[Any, Any] = {Refusal: _refuse, HTTPException: _refuse}
    return Litestar([site.router(), privacy.router()], state=state, exception_handlers=handlers, openapi_config=None)


@pytest.fixture
async def ani(app: Litestar) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's scope types are narrower than ASGI's
    async with httpx2.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


PUBLIC = [f"/{lang}{path}" for lang in LANGUAGES for path in ("/", "/petitions", "/privacy", "/legal", "/accessibility")]
FILES = ["/robots.txt", "/sitemap.xml", "/favicon.svg"]


@pytest.mark.parametrize(("wish", "lang"), [("hy", "hy"), ("de,en;q=0.5", "en"), ("", "fr"), ("fr-CH", "fr")])
async def test_the_way_in_leads_to_the_visitors_language(ani: httpx2.AsyncClient, wish: str, lang: str) -> None:
    answer = await ani.get("/", headers={"accept-language": wish})
    assert (answer.status_code, answer.headers["location"], answer.headers["vary"]) == (303, f"/{lang}/", "Accept-Language")


@pytest.mark.parametrize("path", PUBLIC)
async def test_every_page_answers_may_be_kept_a_while_and_sets_no_cookie(ani: httpx2.AsyncClient, path: str) -> None:
    answer = await ani.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == path[1:3]
    assert "public" in answer.headers["cache-control"] and "stale-while-revalidate" in answer.headers["cache-control"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "max-age" in answer.headers["strict-transport-security"]
    assert "set-cookie" not in answer.headers
    for lang in LANGUAGES:
        assert f'hreflang="{lang}" href="{BASE}/{lang}{path[3:]}"' in answer.text


@pytest.mark.parametrize("path", ["/", *PUBLIC, *FILES])
async def test_head_answers_as_get_does_and_nothing_else_is_allowed(ani: httpx2.AsyncClient, path: str) -> None:
    get, head = await ani.get(path), await ani.head(path)
    assert head.status_code == get.status_code
    assert {name: head.headers[name] for name in head.headers} == {name: get.headers[name] for name in get.headers}
    assert head.content == b""
    assert (await ani.post(path)).status_code == 405


async def test_the_home_page_shows_what_is_open_first_and_no_draft(ani: httpx2.AsyncClient) -> None:
    home, every = (await ani.get("/en/")).text, (await ani.get("/en/petitions")).text
    assert home.index("Title free-them") < home.index("Title soon")
    assert "Title archive" not in home and "Title archive" in every
    assert every.index("Title soon") < every.index("Title archive")
    assert "secret-draft" not in home + every


async def test_the_legal_notice_names_the_publisher_the_contact_and_the_minimum_age(ani: httpx2.AsyncClient) -> None:
    text = (await ani.get("/en/legal")).text
    assert 'href="mailto:bonjour@example.org"' in text
    assert "Hyestart" in text and "bonjour@example.org" in text and "16 years" in text


async def test_the_privacy_page_says_what_a_mail_provider_sees_how_long_things_stay_and_whom_to_ask(ani: httpx2.AsyncClient) -> None:
    text = (await ani.get("/en/privacy")).text
    for promise in ("Your mail provider", "30 days", "48 hours", "Article 9(2)(a)", "FDPIC", "bonjour@example.org", "intruder"):
        assert promise in text
    assert "hCaptcha" not in text


async def test_robots_may_read_petitions_and_not_the_steps_of_a_signature(ani: httpx2.AsyncClient) -> None:
    rules = (await ani.get("/robots.txt")).text.splitlines()
    assert f"Sitemap: {BASE}/sitemap.xml" in rules and "Disallow: /desk/" in rules
    for lang in LANGUAGES:
        for word in ("confirm", "manage", "not-me", "unsubscribe", "petitions/*/sign$", "petitions/*/sent"):
            assert f"Disallow: /{lang}/{word}" in rules
    assert not [rule for rule in rules if rule.endswith(("/petitions", "/petitions/"))]


async def test_the_site_map_has_every_public_page_in_every_language(ani: httpx2.AsyncClient) -> None:
    root = ElementTree.fromstring((await ani.get("/sitemap.xml")).content)
    places = [element.text for element in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    for path in ("petitions/free-them", "cases/ani", "cases/ani/kit", "sponsors/lyon"):
        assert {f"{BASE}/{lang}/{path}" for lang in LANGUAGES} <= set(places), path
    assert len(places) == len(set(places)) and not [place for place in places if "secret-draft" in str(place)]
    assert len(list(root.iter("{http://www.w3.org/1999/xhtml}link"))) == len(places) * len(LANGUAGES)


async def test_a_file_stays_for_ever_under_the_mark_of_its_content_and_briefly_under_another(ani: httpx2.AsyncClient) -> None:
    html = (await ani.get("/fr/")).text
    address = html.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = await ani.get(address)
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    old = await ani.get("/static/000000000000/style.css")
    assert old.content == answer.content and "immutable" not in old.headers["cache-control"]
    module = await ani.get(address.replace("style.css", "altcha/start.js"))
    assert module.headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    ("path", "lang"),
    [
        ("/en/nothing-here", "en"),
        ("/hy/x/y/z", "hy"),
        ("/de/", "fr"),
        ("/xx/petitions", "fr"),
        ("/static/0/../../settings.py", "fr"),
        ("/static/0/%2e%2e/pages.py", "fr"),
        ("/static/0/style.css%00", "fr"),
        ("/wp-login.php", "fr"),
    ],
)
async def test_what_does_not_exist_is_a_kind_page_in_the_visitors_language(ani: httpx2.AsyncClient, path: str, lang: str) -> None:
    answer = await ani.get(path)
    assert answer.status_code == 404
    assert f'<html lang="{lang}">' in answer.text and f'href="/{lang}/petitions"' in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_an_error_page_says_when_to_come_back() -> None:
    pages = Pages(Settings(), lambda: NOW)
    html = pages.render("error.html", "en", path="/", status=429, code="too-many", retry_after=61, petition=None)
    assert b"about 2 minutes" in html
