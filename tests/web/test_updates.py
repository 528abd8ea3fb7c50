"""News on the site, its feed, and the way out of the list: looking changes nothing, one press is enough (scenarios 21, 22)."""

from __future__ import annotations

from uuid import uuid4
from xml.etree import ElementTree

import feedparser
import pytest

from installation import Installation
from service import db, updates
from service.updates import Words
from test_updates import news_for, reader, send, tell

ATOM = "{http://www.w3.org/2005/Atom}"


async def test_news_are_read_in_three_languages_and_markup_of_the_writer_stays_words(installation: Installation) -> None:
    house = installation
    news = await tell(
        house, {"en": Words("Freed & home", "<script>alert(1)</script> **today** [x](//evil.example)"), "hy": Words("Ազատ", "Տանը։")}
    )
    for lang, title in (("en", "Freed &amp; home"), ("hy", "Ազատ"), ("fr", "Freed &amp; home")):
        for path in (f"/{lang}/updates", f"/{lang}/updates/{news}"):
            page = await house.client.get(path)
            assert (
                page.status_code == 200 and title in page.text and "<script>alert" not in page.text and 'evil.example"' not in page.text
            ), path
            assert page.headers["cache-control"].startswith("public")
    assert '<article lang="en">' in (await house.client.get(f"/fr/updates/{news}")).text
    for nothing in (str(uuid4()), "x", str(news).upper(), "%00"):
        assert (await house.client.get(f"/en/updates/{nothing}")).status_code == 404


async def test_the_feed_is_valid_and_holds_what_was_released_only(installation: Installation) -> None:
    house = installation
    news = await tell(house, {"en": Words("Freed & home", "1 < 2")})
    async with db.transaction(house.pool) as connection:
        await updates.write(connection, {"en": Words("A draft", "Not yet.")}, by="ani")
    answer = await house.client.get("/en/feed.xml")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    read = feedparser.parse(answer.content, response_headers={"content-type": answer.headers["content-type"]})
    assert not read.bozo and read.version == "atom10", read.get("bozo_exception")
    assert read.feed.id == read.feed.link.replace("/en/updates", "/en/feed.xml") and read.feed.title and read.feed.author, "RFC 4287, 4.1.1"
    assert read.feed.updated_parsed[:6] == read.entries[0].updated_parsed[:6]
    for each in read.entries:
        assert each.id.startswith("urn:uuid:") and each.title and each.updated_parsed and each.published_parsed, "RFC 4287, 4.1.2"
        assert (await house.client.get(each.link.removeprefix(house.settings.base_url))).status_code == 200
        assert "<script" not in each.content[0].value
    feed = ElementTree.fromstring(answer.text)
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "Freed & home" and "&lt; 2" in (entry.findtext(f"{ATOM}content") or "")
    assert entry.findtext(f"{ATOM}id") == f"urn:uuid:{news}" and feed.findtext(f"{ATOM}updated")
    assert ElementTree.fromstring((await house.client.get("/hy/feed.xml")).text).findall(f"{ATOM}entry")


async def test_looking_at_the_way_out_changes_nothing_and_one_press_ends_it(installation: Installation) -> None:
    house = installation
    await reader(house, "ani@example.org")
    await tell(house)
    await send(house)
    link = house.link("ani@example.org", "unsubscribe")
    for _ in range(3):
        look = await house.client.get(link)
        assert look.status_code == 200 and 'data-unsubscribe="ask"' in look.text and look.headers["cache-control"] == "no-store"
        assert (await house.client.head(link)).status_code == 200
    assert await updates.mailboxes(house.pool) == 1
    assert 'data-unsubscribe="done"' in (await house.client.post(link)).text
    assert 'data-unsubscribe="done"' in (await house.client.get(link)).text, "a second visit says that it is done"
    assert 'data-unsubscribe="done"' in (await house.client.post(link)).text
    await tell(house, {"en": Words("More", "More.")})
    await send(house)
    assert len(news_for(house, "ani@example.org")) == 1
    assert (await house.rows("select state from signature"))[0]["state"] == "confirmed"


@pytest.mark.parametrize("kind", ["form", "multipart"])
async def test_a_mail_program_unsubscribes_with_one_post(installation: Installation, kind: str) -> None:
    house = installation
    await reader(house, "ani@example.org")
    await tell(house)
    await send(house)
    link = house.link("ani@example.org", "unsubscribe")
    sent = {"data": {"List-Unsubscribe": "One-Click"}} if kind == "form" else {"files": {"List-Unsubscribe": (None, "One-Click")}}
    assert (await house.client.post(link, **sent)).status_code == 200  # type: ignore[arg-type]
    assert await updates.mailboxes(house.pool) == 0


async def test_a_wrong_or_cut_link_and_a_link_for_something_else_end_nothing(installation: Installation) -> None:
    house = installation
    await reader(house, "ani@example.org")
    await tell(house)
    await send(house)
    right = house.link("ani@example.org", "unsubscribe").rpartition("/")[2]
    confirm = house.link("ani@example.org", "confirm").rpartition("/")[2]
    for token in (right[:-1], right[:-1] + ("A" if right[-1] != "A" else "E"), confirm, "x", right.upper()):
        for answer in (await house.client.get(f"/en/unsubscribe/{token}"), await house.client.post(f"/en/unsubscribe/{token}")):
            assert answer.status_code == 404 and 'data-unsubscribe="unknown"' in answer.text
    assert await updates.mailboxes(house.pool) == 1
