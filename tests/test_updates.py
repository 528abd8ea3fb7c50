"""News: each reader gets each piece once, in her own language, whatever dies; and leaves with one press."""

from __future__ import annotations

import asyncio
import random
from uuid import UUID, uuid4

import asyncpg
import pytest

from installation import Installation
from service import db, identity, updates
from service.errors import Conflict, Invalid
from service.updates import Words

TEXTS = {
    "en": Words("A verdict in the spring", "It was **read** today.\n\n- one\n- two\n\n[More](/en/petitions) <script>alert(1)</script>"),
    "hy": Words("Դատավճիռ", "Այսօր։"),
}


async def reader(house: Installation, email: str, **changes: object) -> str:
    """Somebody who signs, asks for news and confirms; returns the path of the confirmation."""
    path = await house.confirm(email, news=True, **changes)
    await house.lift_caps()
    while await updates.welcome(house.pool, house.keys):
        pass
    return path


async def tell(house: Installation, texts: dict[str, Words] = TEXTS, **about: object) -> UUID:
    async with db.transaction(house.pool) as connection:
        news = await updates.write(connection, texts, by="ani", **about)  # type: ignore[arg-type]
        await updates.release(connection, news)
    return news


async def send(house: Installation) -> None:
    while await updates.send(house.pool, house.keys, clock=house.shelf.now):
        pass
    await house.work()


def news_for(house: Installation, email: str) -> list[str]:
    return [letter.text for letter in house.letters(email) if "/unsubscribe/" in letter.text]


# -- who reads ------------------------------------------------------------------------------------------------------------------


async def test_ani_reads_in_armenian_levon_in_english_and_who_did_not_ask_gets_nothing(installation: Installation) -> None:
    house = installation
    await reader(house, "ani@example.org", language="hy")
    await reader(house, "levon@example.org")
    await house.confirm("silent@example.org")
    assert await updates.mailboxes(house.pool) == 2
    news = await tell(house)
    await send(house)
    (ani,), (levon,) = news_for(house, "ani@example.org"), news_for(house, "levon@example.org")
    assert "Դատավճիռ" in ani and "A verdict in the spring" in levon and f"/en/updates/{news}" in levon
    assert news_for(house, "silent@example.org") == []
    letter = next(one for one in house.letters("levon@example.org") if "/unsubscribe/" in one.text)
    headers = {name.lower(): value for name, value in letter.headers.items()}
    link = house.link("levon@example.org", "unsubscribe")
    assert headers["list-unsubscribe"] == f"<{house.settings.base_url}{link}>"
    assert headers["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert (
        "<strong>read</strong>" in letter.html
        and "<script" not in letter.html
        and f'href="{house.settings.base_url}/en/petitions"' in letter.html
    )
    assert house.settings.issuer_name in headers["subject"] and "verdict" not in headers["subject"].lower()


async def test_a_mailbox_that_follows_two_petitions_or_signs_again_gets_it_once(installation: Installation) -> None:
    house = installation
    await reader(house, "ani@example.org")
    first = await house.pool.fetchrow("select petition_id, address_index, language from reader")
    other = uuid4()
    await house.owner.execute("insert into petition (id, slug, opens_at) values ($1, 'second', now())", other)
    key = house.keys.news_key()
    twin = uuid4()
    await house.owner.execute(
        "insert into reader (id, association, petition_id, address_index, address, language) values ($1, $2, $3, $4, $5, $6)",
        twin, updates.COLLECTIVE, other, first["address_index"], identity.seal(key, 0, "reader", twin.bytes, b"ani@example.org"), "en",
    )  # fmt: skip
    assert await updates.mailboxes(house.pool) == 1 and await updates.mailboxes(house.pool, other) == 1
    await tell(house)
    await send(house)
    assert len(news_for(house, "ani@example.org")) == 1
    await tell(house, petition_id=other)
    await send(house)
    assert len(news_for(house, "ani@example.org")) == 2


async def test_the_list_tells_nobody_who_reads_and_its_key_is_another_than_the_signatures(installation: Installation) -> None:
    house = installation
    await reader(house, "ani@example.org")
    row = (await house.rows("select * from reader"))[0]
    assert b"ani" not in bytes(row["address"])
    key_id, epoch = house.keys.epoch(house.shelf.now())
    with pytest.raises(identity.Unopened):
        identity.open_sealed(epoch, key_id, "reader", row["id"].bytes, row["address"])
    assert identity.open_sealed(house.keys.news_key(), 0, "reader", row["id"].bytes, row["address"]) == b"ani@example.org"
    assert await house.rows("select * from news_wish") == []


async def test_a_wish_whose_key_is_gone_is_dropped_and_the_others_are_welcome(installation: Installation) -> None:
    house = installation
    for name in ("ani", "levon"):
        await house.confirm(f"{name}@example.org", news=True)
        await house.lift_caps()
    await house.owner.execute("update news_wish set key_id = 1 where signature_id = (select min(signature_id::text)::uuid from news_wish)")
    assert await updates.welcome(house.pool, house.keys) == 2
    assert await updates.welcome(house.pool, house.keys) == 0
    assert await updates.mailboxes(house.pool) == 1


# -- once, whatever dies --------------------------------------------------------------------------------------------------------


async def crowd(house: Installation, n: int) -> None:
    key = house.keys.news_key()
    petition = house.shelf.get(house.slug).id
    rows = []
    for number in range(n):
        address, reader_id = f"reader{number}@example.org", uuid4()
        sealed = identity.seal(key, 0, "reader", reader_id.bytes, address.encode())
        rows.append((reader_id, updates.COLLECTIVE, petition, identity.reader_index(key, address), sealed, "fr"))
    await house.owner.executemany(
        "insert into reader (id, association, petition_id, address_index, address, language) values ($1, $2, $3, $4, $5, $6)", rows
    )


async def test_everybody_gets_it_once_although_workers_die_half_way(installation: Installation) -> None:
    house = installation
    await crowd(house, 60)
    news = await tell(house)
    rng = random.Random(4)

    async def worker() -> None:
        while await updates.send(house.pool, house.keys, clock=house.shelf.now, limit=4):
            pass

    for _ in range(12):
        workers = [asyncio.create_task(worker()) for _ in range(3)]
        await asyncio.sleep(rng.random() * 0.03)
        for one in workers:
            one.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    await worker()
    queued = await house.rows("select count(*) as n, count(distinct m.id) as mails from mail m where template = 'news'")
    sent = await house.pool.fetchval("select count(*) from news_sent where news_id = $1", news)
    assert (queued[0]["n"], sent) == (60, 60)
    assert await house.pool.fetchval("select state from news where id = $1", news) == "sent"
    await house.work()
    assert all(len(news_for(house, f"reader{number}@example.org")) == 1 for number in range(60))


async def test_a_cancelled_piece_is_taken_back_and_never_sent_again(installation: Installation) -> None:
    house = installation
    await crowd(house, 10)
    news = await tell(house)
    assert await updates.send(house.pool, house.keys, clock=house.shelf.now, limit=4)
    async with db.transaction(house.pool) as connection:
        await updates.cancel(connection, news)
        with pytest.raises(Conflict):
            await updates.cancel(connection, news)
    await send(house)
    assert not any(news_for(house, f"reader{number}@example.org") for number in range(10))
    assert await updates.public(house.pool) == []


async def test_a_piece_that_is_cancelled_while_a_mail_is_claimed_is_not_sent_either(installation: Installation) -> None:
    house = installation
    await crowd(house, 1)
    news = await tell(house)
    await updates.send(house.pool, house.keys, clock=house.shelf.now)
    await house.owner.execute("update mail set claimed_until = now() + interval '1 second' where template = 'news'")
    async with db.transaction(house.pool) as connection:
        with pytest.raises(Conflict):  # it was sent already, as far as queueing goes
            await updates.cancel(connection, news)
    await house.owner.execute("update mail set claimed_until = null; update news set state = 'cancelled'")
    await house.work()
    assert news_for(house, "reader0@example.org") == []


async def test_a_draft_is_edited_before_anybody_gets_it_and_never_after(installation: Installation) -> None:
    house = installation
    await crowd(house, 1)
    async with db.transaction(house.pool) as connection:
        news = await updates.write(connection, TEXTS, by="ani")
        await updates.edit(connection, news, {"fr": Words("Un verdict", "Aujourd’hui.")})
        assert await updates.public(house.pool) == []
        await updates.release(connection, news)
        for act in (updates.release(connection, news), updates.edit(connection, news, TEXTS)):
            with pytest.raises(Conflict):
                await act
    await send(house)
    assert "Un verdict" in news_for(house, "reader0@example.org")[0]
    (one,) = await updates.listing(house.pool)
    assert (one.state, one.queued, set(one.texts)) == ("sent", 1, {"fr"})


async def test_a_preview_goes_to_the_organizer_alone(installation: Installation) -> None:
    house = installation
    await crowd(house, 3)
    async with db.transaction(house.pool) as connection:
        news = await updates.write(connection, TEXTS, by="ani")
        await updates.preview(connection, house.keys, news, "organizer@example.org", "en", clock=house.shelf.now)
        with pytest.raises(Invalid):
            await updates.preview(connection, house.keys, news, "not an address", "en", clock=house.shelf.now)
    await house.work()
    assert len(news_for(house, "organizer@example.org")) == 1 and len(house.mailbox.letters()) == 1
    assert await updates.listing(house.pool) and (await updates.listing(house.pool))[0].state == "draft"


@pytest.mark.parametrize(
    ("texts", "field"),
    [
        ({}, "title"),
        ({"en": Words(" ", "x")}, "title-en"),
        ({"en": Words("x", "")}, "body-en"),
        ({"hy": Words("x" * 151, "x")}, "title-hy"),
        ({"fr": Words("x", "x" * 20_001)}, "body-fr"),
        ({"fr": Words("x", "a\0b")}, "body-fr"),
        ({"fr": Words("a\x0bb", "x")}, "body-fr"),
    ],
)
async def test_words_that_cannot_be_sent_are_refused_by_name(pool: asyncpg.Pool, texts: dict[str, Words], field: str) -> None:
    async with db.transaction(pool) as connection:
        with pytest.raises(Invalid) as wrong:
            await updates.write(connection, texts, by="ani")
    assert [fault.field for fault in wrong.value.faults] == [field]


async def test_the_news_of_one_association_reach_its_own_readers_only_and_leaving_one_leaves_the_other(installation: Installation) -> None:
    house = installation
    await reader(house, "ani@example.org")
    mine = (await house.rows("select petition_id, address_index from reader"))[0]
    key, other = house.keys.news_key(), uuid4()
    await house.owner.execute(
        "insert into reader (id, association, petition_id, address_index, address, language) values ($1, 'lyon', $2, $3, $4, 'en')",
        other, mine["petition_id"], mine["address_index"], identity.seal(key, 0, "reader", other.bytes, b"ani@example.org"),
    )  # fmt: skip
    await tell(house, {"en": Words("From Lyon", "Only for those who asked Lyon.")}, association="lyon")
    await send(house)
    assert ["From Lyon" in text for text in news_for(house, "ani@example.org")] == [True]
    assert (await updates.mailboxes(house.pool), await updates.mailboxes(house.pool, association="lyon")) == (1, 1)
    assert (await house.client.post(house.link("ani@example.org", "unsubscribe"))).status_code == 200
    assert (await updates.mailboxes(house.pool), await updates.mailboxes(house.pool, association="lyon")) == (1, 0)
    await tell(house, {"en": Words("Lyon again", "…")}, association="lyon")
    await tell(house)
    await send(house)
    assert sorted("From Lyon" in text for text in news_for(house, "ani@example.org")) == [False, True]
    assert not any("Lyon again" in text for text in news_for(house, "ani@example.org"))


async def test_news_wait_behind_confirmations_and_every_provider_is_known_by_its_own_mark(installation: Installation) -> None:
    """How a provider that says "slower" is waited for is told in test_mail; here, that news are among what waits."""
    house = installation
    key, petition = house.keys.news_key(), house.shelf.get(house.slug).id
    for address in ("ani@gmail.example", "levon@gmail.example", "gayane@orange.example"):
        one = uuid4()
        await house.owner.execute(
            "insert into reader (id, association, petition_id, address_index, address, language) values ($1, $2, $3, $4, $5, 'en')",
            one, updates.COLLECTIVE, petition, identity.reader_index(key, address), identity.seal(key, 0, "reader", one.bytes, address.encode()),
        )  # fmt: skip
    await tell(house)
    await updates.send(house.pool, house.keys, clock=house.shelf.now)
    assert (await house.post(email="sona@gmail.example")).status_code == 202
    while await house.worker.decide():
        pass
    rows = await house.rows("select template, domain, priority from mail order by priority, domain")
    assert [row["template"] for row in rows] == ["confirm", "news", "news", "news"]
    marks = [bytes(row["domain"]) for row in rows]
    assert all(marks) and sorted(marks.count(mark) for mark in set(marks)) == [1, 3], "two of one provider, one of another, none unknown"


# -- the way out ------------------------------------------------------------------------------------------------------------------


async def test_a_signer_ends_the_news_on_her_own_page_and_her_signature_stays(installation: Installation) -> None:
    house = installation
    confirm = await reader(house, "ani@example.org")
    page = await house.client.post(confirm)
    manage = page.text.split('href="')[["/manage/" in part for part in page.text.split('href="')].index(True)].split('"')[0]
    assert "You get news about this campaign by mail." in (await house.client.get(manage)).text
    done = await house.client.post(manage, data={"act": "news"}, follow_redirects=True)
    assert "You get no further news." in done.text and "You get news about" not in done.text
    await tell(house)
    await send(house)
    assert news_for(house, "ani@example.org") == []
    assert (await house.rows("select state from signature"))[0]["state"] == "confirmed"


async def test_erasing_a_signature_takes_its_mailbox_off_the_list_in_the_same_moment(installation: Installation) -> None:
    house = installation
    for email, is_welcome in (("ani@example.org", True), ("levon@example.org", False)):
        confirm = await house.confirm(email, news=True)
        await house.lift_caps()
        if is_welcome:
            await updates.welcome(house.pool, house.keys)
        page = (await house.client.post(confirm)).text
        manage = next(part.split('"')[0] for part in page.split('href="') if "/manage/" in part.split('"')[0])
        assert (await house.client.post(manage, data={"act": "erase"})).status_code in (200, 303)
    assert await house.rows("select * from reader") == [] and await house.rows("select * from news_wish") == []


async def test_an_address_that_is_suppressed_gets_no_news(installation: Installation) -> None:
    house = installation
    await crowd(house, 2)
    index = identity.suppression_index(house.keys.suppression_key(), "reader0@example.org")
    await house.owner.execute("insert into suppression (address_index, reason) values ($1, 'bounced')", index)
    await tell(house)
    await send(house)
    assert (len(news_for(house, "reader0@example.org")), len(news_for(house, "reader1@example.org"))) == (0, 1)


async def test_what_was_sent_to_whom_is_forgotten(installation: Installation) -> None:
    house = installation
    await crowd(house, 2)
    await tell(house)
    await send(house)
    await updates.forget(house.pool)
    assert len(await house.rows("select * from news_sent")) == 2
    await house.owner.execute("update news_sent set at = at - interval '31 days'")
    await updates.forget(house.pool)
    assert await house.rows("select * from news_sent") == []
