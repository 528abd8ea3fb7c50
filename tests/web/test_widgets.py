"""What other people's pages load from here: who may frame what, and that it is the same for every reader."""

from __future__ import annotations

import gzip
import io
import re
import struct
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx2
import pytest
from bs4 import BeautifulSoup

from installation import Installation
from service import partners
from service.web import widgets

STATIC = Path(widgets.__file__).parents[1] / "static/embed"
PARTNER = "sample-partner"


def ancestors(answer: httpx2.Response) -> str:
    found = re.search(r"frame-ancestors ([^;]*)", answer.headers.get("content-security-policy", ""))
    return found[1] if found else ""


def test_the_element_is_small_and_needs_nothing_and_keeps_nothing() -> None:
    source = (STATIC / "widget.js").read_bytes()
    assert len(gzip.compress(source, 9)) <= 12_000
    text = re.sub(r"^\s*//.*$", "", source.decode(), flags=re.MULTILINE)
    assert not re.search(r"\b(import|require)\s*[({'\"]|^import ", text, re.MULTILINE), "no dependency"
    assert not re.search(r"cookie|localStorage|sessionStorage|indexedDB|innerHTML|eval\(|Function\(", text)


async def test_the_element_comes_for_every_page_with_an_integrity_that_can_be_pinned(installation: Installation) -> None:
    answer = await installation.client.get("/widget.js", headers={"Origin": "https://hyestart.example"})
    assert answer.headers["access-control-allow-origin"] == "*" and "set-cookie" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["content-type"].startswith("text/javascript")
    again = await installation.client.get("/widget.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    mark = answer.headers["etag"].strip('"')
    for path in (f"/widget/{mark}.js", f"/widget.js?v={mark}"):
        pinned = await installation.client.get(path)
        assert pinned.content == answer.content and "immutable" in pinned.headers["cache-control"], path
    assert "immutable" not in answer.headers["cache-control"]
    assert (await installation.client.get("/widget/older.js")).status_code == 404


async def test_the_elements_data_are_ready_sentences_and_the_same_for_everyone(installation: Installation) -> None:
    path = f"/embed/{installation.slug}/fr.json"
    answer = await installation.client.get(path)
    told = answer.json()
    assert (told["count"], told["state"], told["demo"], told["sign"]) == (0, "open", True, "Signer")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "stale-while-revalidate" in answer.headers["cache-control"]
    routed = await installation.client.get(path + "?x=1")
    assert routed.json() == told, "the route gives what stands ready"
    assert (await installation.client.get(path, headers={"If-None-Match": answer.headers["etag"]})).status_code == 304
    await installation.confirm()
    await installation.seal()
    moved = (await installation.client.get(path)).json()
    assert (moved["count"], moved["count_text"], moved["label"]) == (1, "1", "signature")
    for wrong in ("/embed/none/fr.json", f"/embed/{installation.slug}/de.json", f"/embed/{installation.slug}/fr.xml"):
        assert (await installation.client.get(wrong)).status_code == 404, wrong


# -- who may frame what -------------------------------------------------------------------------------------------------------


async def test_the_form_is_framed_by_listed_sites_only_and_every_other_page_by_nobody(installation: Installation) -> None:
    slug, client = installation.slug, installation.client
    form = await client.get(f"/embed/{slug}")
    assert ancestors(form) == "http://localhost:*" and "x-frame-options" not in form.headers
    other = await partners.add(installation.owner, "hyestart", "Hyestart")
    await partners.set_sites(installation.owner, other, ["https://hyestart.example"])
    await partners.set_petitions(installation.owner, other, [slug])
    await installation.settle()
    assert ancestors(await client.get(f"/embed/{slug}")) == "http://localhost:* https://hyestart.example"
    assert ancestors(await client.get(f"/embed/{slug}?partner=hyestart")) == "https://hyestart.example"
    await installation.owner.execute("update partner set ended_at = now()")
    await installation.settle()
    assert ancestors(await client.get(f"/embed/{slug}")) == "'none'", "nobody is listed, so nobody frames it"
    assert ancestors(await client.get(f"/embed/{slug}/card")) == "*", "a card has nothing to press but a link"


async def test_every_route_says_who_may_frame_it(installation: Installation) -> None:
    """Over the router's own table: whatever is a page is framed by nobody, but for the form and our own builder's preview."""
    from service.app import create
    from service.settings import load

    inner: Any = create(load({}, base_url="http://localhost:1"))
    while not hasattr(inner, "routes"):  # behind its doors
        inner = inner._inner
    framed = {f"/embed/{installation.slug}": "http://localhost:*", "/en/embed/preview": "'self'"}
    values = {"lang": "en", "slug": installation.slug, "token": "x", "name": "x", "mark": "x", "id": "x", "certificate_id": "x"}
    seen = 0
    for route in inner.routes:
        if "GET" not in getattr(route, "methods", ()):
            continue
        path = re.sub(r"\{(\w+):?\w*\}", lambda found: values.get(found[1], "x"), route.path_format)
        answer = await installation.client.get(path)
        if answer.headers.get("content-type", "").startswith("text/html"):
            seen += 1
            assert ancestors(answer) == framed.get(path, "'none'"), path
    assert seen > 10, "control: there were pages"


async def test_the_frame_speaks_to_a_listed_site_only(installation: Installation) -> None:
    for host, named in (("http://localhost:9999", "http://localhost:9999"), ("https://evil.example", ""), ("*", ""), ("null", "")):
        answer = await installation.client.get(f"/embed/{installation.slug}", params={"host": host})
        assert BeautifulSoup(answer.text, "html.parser").select_one("main")["data-host"] == named  # type: ignore[index]


async def test_signing_in_the_frame_credits_the_partner_and_a_partner_that_left_costs_nobody_a_signature(
    installation: Installation,
) -> None:
    client, slug = installation.client, installation.slug
    form = {
        "name": "Ani Petrosyan", "country": "AM", "visibility": "count", "consent": "yes", "text_version": "1", "form_key": "k1",
    }  # fmt: skip
    for email, partner in (("ani@example.org", PARTNER), ("levon@example.org", "gone-partner")):
        asked = f"/embed/{slug}/sign?lang=fr&partner={partner}&host=http://localhost:9"
        answer = await client.post(asked, data={**form, "email": email, "partner": partner, "partner_news": "yes"})
        assert answer.status_code == 303 and answer.headers["location"].startswith(f"/embed/{slug}/sent?s=")
        sent = await client.get(answer.headers["location"])
        assert email in sent.text and 'data-frame="sent"' in sent.text
        assert sent.headers["cache-control"] == "no-store" and ancestors(sent) == "http://localhost:*"
        again = BeautifulSoup(sent.text, "html.parser").select_one("form")
        fields = {each["name"]: each["value"] for each in again.select("input")}  # type: ignore[union-attr]
        assert (await client.post(again["action"], data=fields)).status_code == 303  # type: ignore[index, arg-type]
    await installation.work()
    assert [tuple(row) for row in await installation.rows("select partner from signature order by partner")] == [("",), (PARTNER,)]
    wrong = await client.post(f"/embed/{slug}/sign?lang=fr", data={**form, "email": "no", "form_key": "k2"})
    assert wrong.status_code == 400 and 'id="summary"' in wrong.text and ancestors(wrong) == "http://localhost:*"
    stale = await client.get(f"/embed/{slug}/sent?s=cut&lang=fr")
    assert stale.status_code == 303 and stale.headers["location"].startswith(f"/embed/{slug}?lang=fr")


async def test_the_petitions_own_page_credits_the_partner_whose_link_led_to_it(installation: Installation) -> None:
    page = BeautifulSoup((await installation.client.get(f"/fr/petitions/{installation.slug}?partner={PARTNER}")).text, "html.parser")
    assert page.select_one("input[name=partner]")["value"] == PARTNER  # type: ignore[index]
    assert page.select_one("link[rel=canonical]")["href"].endswith(f"/fr/petitions/{installation.slug}")  # type: ignore[index, union-attr]
    assert {link["href"].rpartition("?")[2] for link in page.select("nav.languages a")} == {f"partner={PARTNER}"}  # type: ignore[union-attr]
    for wrong in ("", "?partner=none", "?partner=%00", "?partner=<script>"):
        assert 'name="partner"' not in (await installation.client.get(f"/fr/petitions/{installation.slug}{wrong}")).text


# -- by address ---------------------------------------------------------------------------------------------------------------


async def test_a_petitions_page_leads_to_its_card_by_oembed(installation: Installation) -> None:
    page = BeautifulSoup((await installation.client.get(f"/fr/petitions/{installation.slug}")).text, "html.parser")
    link = page.select_one('link[type="application/json+oembed"]')["href"]  # type: ignore[index]
    answer = await installation.client.get(str(link))
    told = answer.json()
    assert (told["version"], told["type"], answer.headers["access-control-allow-origin"]) == ("1.0", "rich", "*")
    # What WordPress lets through from a site that it does not know: one blockquote with a link, and one frame.
    assert re.fullmatch(r'<blockquote><a href="[^"]+">[^<]+</a></blockquote><iframe [^<>]*></iframe>', told["html"])
    card = BeautifulSoup(told["html"], "html.parser").select_one("iframe")["src"]  # type: ignore[index]
    shown = await installation.client.get(str(card))
    assert "Signer" in shown.text and "<form" not in shown.text and ancestors(shown) == "*"
    assert (await installation.client.get(told["thumbnail_url"])).headers["content-type"] == "image/png"


async def test_oembed_says_no_by_its_codes(installation: Installation) -> None:
    base, slug = installation.settings.base_url, installation.slug
    ours = f"{base}/en/petitions/{slug}"
    for query, status in (
        ("", 400), (f"?url={quote(ours)}&maxwidth=wide", 400), (f"?url={quote(ours)}&format=xml", 501), ("?url=https://evil.example/en/petitions/x", 404),
        (f"?url={base}/en/petitions/none", 404), (f"?url={base}/de/petitions/{slug}", 404), (f"?url={base}/", 404), ("?url=http://[", 404),
    ):  # fmt: skip
        answer = await installation.client.get(f"/oembed{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), query
    small = (await installation.client.get("/oembed", params={"url": ours, "maxwidth": "300", "maxheight": "10"})).json()
    assert (small["width"], small["height"]) == (300, 200)


# -- pictures -----------------------------------------------------------------------------------------------------------------


def size(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("lang", ["fr", "en", "hy"])
async def test_a_shared_picture_has_its_size_and_shows_milestones_only(installation: Installation, lang: str) -> None:
    path = f"/share/{installation.slug}/{lang}.png"
    first = await installation.client.get(path)
    assert size(first.content) == (1200, 630) and len(first.content) < 300_000
    await installation.confirm()
    assert await installation.seal() == 1
    assert (await installation.client.get(path)).content == first.content, "the count is not on it"
    await installation.owner.execute("update log set published_count = 1234 where petition_id is not null")
    assert await installation.count() == 1234
    reached = await installation.client.get(path)
    assert reached.content != first.content
    assert reached.content == (await installation.client.get(f"/share/{installation.slug}/{lang}/1000.png")).content
    for wrong in ("2500", "1234", "x", "1e3"):
        assert (await installation.client.get(f"/share/{installation.slug}/{lang}/{wrong}.png")).status_code == 404, wrong
    assert (await installation.client.get(path, headers={"If-None-Match": reached.headers["etag"]})).status_code == 304


def test_a_milestone_is_the_greatest_that_was_reached() -> None:
    assert [partners.milestone(count) for count in (0, 99, 100, 249, 1_000_000)] == [0, 0, 100, 100, 1_000_000]


async def test_a_badge_is_a_picture_that_can_be_read(installation: Installation) -> None:
    answer = await installation.client.get(f"/badge/{installation.slug}.svg?lang=hy")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    root = ElementTree.parse(io.BytesIO(answer.content)).getroot()
    assert "ստորագրություն" in (root.get("aria-label") or "") and "script" not in answer.text and "style" not in answer.text
    png = await installation.client.get(f"/badge/{installation.slug}.png")
    assert 20 < size(png.content)[1] < 80 and len(png.content) < 20_000
    for wrong in ("none.svg", f"{installation.slug}.gif", installation.slug, ".svg"):
        assert (await installation.client.get(f"/badge/{wrong}")).status_code == 404, wrong


async def test_a_case_card_does_not_say_held_of_somebody_whom_nobody_admits_to_holding(installation: Installation) -> None:
    said = {
        slug: (await installation.client.get(f"/embed/cases/{slug}.en.json")).json()["status"]
        for slug in ("sample-person-a", "sample-person-h")
    }
    assert said["sample-person-a"].startswith("Held (since: ") and said["sample-person-h"].startswith("Forcibly disappeared (since: ")
