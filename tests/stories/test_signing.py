"""Signing and confirming, as the signers tell it (acceptance scenarios 1–9)."""

from __future__ import annotations

import re

from installation import Installation, state_of


async def test_ani_signs_and_is_counted_only_after_she_pressed_the_button_and_the_batch_was_sealed(installation: Installation) -> None:
    assert (await installation.post(email="ani@example.org")).json() == {"status": "received"}
    await installation.work()
    assert len(installation.letters("ani@example.org")) == 1
    assert await installation.seal() == 0
    path = installation.link("ani@example.org")
    await installation.pass_seconds(60)
    assert state_of(await installation.client.get(path)) == "ask"
    assert await installation.seal() == 0, "looking is not confirming"
    assert await installation.press(path) == "confirmed"
    assert await installation.seal() == 1
    assert len(installation.letters("ani@example.org")) == 1, "the thanks are a page, not a mail"


async def test_levon_sends_an_empty_form_and_gets_it_back_with_every_fault_named(installation: Installation) -> None:
    back = await installation.post_form(name="", email="", country="", consent=None, locality="Gyumri")
    assert back.status_code == 400
    for field in ("name", "email", "country", "consent"):
        assert f'href="#{field}' in back.text, f"the summary links to {field}"
    await installation.work()
    assert await installation.rows("select 1 from intake") == []
    assert len(installation.mailbox) == 0


async def test_what_levon_typed_comes_back_when_his_address_was_wrong(installation: Installation) -> None:
    back = await installation.post_form(name="Levon Sargsyan", email="levon-at-example")
    assert back.status_code == 400
    assert 'value="Levon Sargsyan"' in back.text
    assert 'value="levon-at-example"' in back.text


async def test_a_name_that_is_a_formula_or_an_address_on_the_web_is_refused(installation: Installation) -> None:
    for name in ("=1+1", "+374", "-Ani", "@ani", "https://example.org", "www.example.org"):
        answer = await installation.post(name=name)
        assert answer.status_code == 400, name
        assert [fault["field"] for fault in answer.json()["errors"]] == ["name"], name
    assert (await installation.post(name="Anne-Marie O’Neil")).status_code == 202, "control: real names pass"


async def test_ani_confirms_twice_and_is_thanked_twice_and_counted_once(installation: Installation) -> None:
    path = await installation.confirm("ani@example.org")
    assert await installation.press(path) == "already"
    assert await installation.seal() == 1


async def test_a_friend_who_opens_anis_link_sees_the_way_to_sign_himself(installation: Installation) -> None:
    path = await installation.confirm("ani@example.org")
    seen = await installation.client.get(path)
    assert state_of(seen) == "already"
    assert f"/en/petitions/{installation.slug}" in seen.text
    assert "Ani Petrosyan" not in seen.text
    assert "ani@example.org" not in seen.text
    assert "/manage/" not in seen.text, "looking hands no capability to a friend"


async def test_a_missing_cut_or_wrong_token_gets_a_helpful_page(installation: Installation) -> None:
    assert (await installation.post(email="ani@example.org")).status_code == 202
    await installation.work()
    path = installation.link("ani@example.org")
    token = path.rpartition("/")[2]
    for wrong in (token[:-1], token[:20], token + "x", "x" * len(token), "%00", "%ff%fe", "é", token.swapcase()):
        for answer in (await installation.client.get(f"/en/confirm/{wrong}"), await installation.client.post(f"/en/confirm/{wrong}")):
            assert answer.status_code in (400, 404), wrong
            if state_of(answer):
                assert state_of(answer) == "unknown"
    for missing in ("/en/confirm/", "/en/confirm"):
        answer = await installation.client.get(missing)
        assert (answer.status_code, state_of(answer)) == (404, "unknown"), missing
    unknown = await installation.client.get(f"/en/confirm/{token[:-1]}")
    assert "/en/manage" in unknown.text or "/petitions" in unknown.text
    assert [row["state"] for row in await installation.rows("select state from signature")] == ["pending"]


async def test_a_signer_needs_no_cookie(installation: Installation) -> None:
    page = await installation.client.get(f"/en/petitions/{installation.slug}")
    sent = await installation.post_form()
    assert sent.status_code == 303
    next_page = await installation.client.get(sent.headers["location"])
    await installation.work()
    await installation.pass_seconds(60)
    pressed = await installation.client.post(installation.link("ani@example.org"))
    assert state_of(pressed) == "confirmed"
    for answer in (page, sent, next_page, pressed):
        assert "set-cookie" not in answer.headers
    assert not installation.client.cookies


async def test_a_scanner_that_fetches_every_link_confirms_nobody_and_people_then_do(installation: Installation) -> None:
    people = [f"signer{n}@town{n}.example" for n in range(20)]
    for email in people:
        assert (await installation.post(email=email)).status_code == 202
    await installation.work()
    await installation.pass_seconds(60)
    paths = [installation.link(email) for email in people]
    for path in paths:
        await installation.client.head(path)
        await installation.client.get(path)
    assert await installation.owner.fetchval("select count(*) from signature where state = 'confirmed'") == 0
    for path in paths:
        assert await installation.press(path) == "confirmed"
    assert await installation.seal() == 20


async def test_a_press_by_what_looks_like_a_scanner_asks_a_second_time(installation: Installation) -> None:
    assert (await installation.post(email="ani@example.org")).status_code == 202
    await installation.work()
    await installation.pass_seconds(60)
    path = installation.link("ani@example.org")
    asked = await installation.client.post(path, headers={"user-agent": "Barracuda link-check"})
    assert (asked.status_code, state_of(asked)) == (200, "ask-again")
    assert await installation.press(path) == "confirmed"


async def test_only_the_links_own_purpose_opens_a_page(installation: Installation) -> None:
    await installation.post(email="ani@example.org")
    await installation.work()
    await installation.pass_seconds(60)
    mine = {purpose: installation.link("ani@example.org", purpose).rpartition("/")[2] for purpose in ("confirm", "not-me")}
    assert await installation.press(f"/en/confirm/{mine['confirm']}") == "confirmed"
    await installation.lift_caps()
    await installation.post(email="ani@example.org")
    await installation.work()
    mine["manage"] = installation.link("ani@example.org", "manage").rpartition("/")[2]
    for purpose, token in mine.items():
        for endpoint in ("confirm", "manage", "not-me"):
            seen = await installation.client.get(f"/en/{endpoint}/{token}")
            if endpoint != purpose:
                assert seen.status_code == 404, f"{purpose} token at {endpoint}"
    assert (await installation.client.get(f"/en/confirm/{mine['confirm']}")).status_code == 200
    assert (await installation.client.get(f"/en/manage/{mine['manage']}")).status_code == 200


async def test_the_thanks_are_made_once_and_everybody_finds_their_own_links_on_them(installation: Installation) -> None:
    """The page after a press is ready but for a visitor's own bytes; it must be the page that the template makes."""
    paths = {}
    for name in ("ani", "levon"):
        await installation.post(email=f"{name}@example.org")
        await installation.work()
        await installation.pass_seconds(60)
        paths[name] = installation.link(f"{name}@example.org")
    pages = {name: (await installation.client.post(path)).text for name, path in paths.items()}
    for name, other in (("ani", "levon"), ("levon", "ani")):
        token, theirs = paths[name].rsplit("/", 1)[1], paths[other].rsplit("/", 1)[1]
        assert token in pages[name] and theirs not in pages[name]
        assert "petition-promise/v1\n" in pages[name] and "place-" not in pages[name]
        again = (await installation.client.post(paths[name])).text
        assert re.findall(r"/en/manage/[\w.-]+", again) == re.findall(r"/en/manage/[\w.-]+", pages[name]), "the same link at every press"
    assert re.search(r"/en/manage/([\w.-]+)", pages["ani"])[1] not in pages["levon"]  # type: ignore[index]
