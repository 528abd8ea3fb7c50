"""The same person again: one row, one count, and the same answer for everybody (acceptance scenarios 10–13)."""

from __future__ import annotations

import asyncio
import re

import pytest

from installation import Installation


async def one_row_each(installation: Installation) -> bool:
    """The checker of the races: no mailbox has two living signatures."""
    doubles = await installation.rows(
        "select 1 from signature where state in ('pending', 'held', 'confirmed', 'invalidated')"
        " group by petition_id, email_index having count(*) > 1"
    )
    return not doubles


async def race(installation: Installation) -> None:
    answers = await asyncio.gather(*(installation.post(email="ani@example.org") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    await asyncio.gather(*(installation.worker.decide() for _ in range(4)))
    await installation.work()


async def test_fifty_racing_forms_of_ani_make_one_row_and_one_mail(installation: Installation) -> None:
    await race(installation)
    assert await one_row_each(installation)
    assert await installation.owner.fetchval("select count(*) from signature") == 1
    assert len(installation.letters("ani@example.org")) == 1


async def test_without_the_unique_index_the_checker_of_the_race_notices(installation: Installation) -> None:
    assert (await installation.post(email="ani@example.org")).status_code == 202
    await installation.work()
    await installation.owner.execute("drop index signature_one")
    await installation.owner.execute(
        "insert into signature select (jsonb_populate_record(s, jsonb_build_object('id', gen_random_uuid()))).* from signature s"
    )
    assert not await one_row_each(installation)


async def test_fifty_racing_presses_of_ani_count_once(installation: Installation) -> None:
    assert (await installation.post(email="ani@example.org")).status_code == 202
    await installation.work()
    await installation.pass_seconds(60)
    path = installation.link("ani@example.org")
    states = await asyncio.gather(*(installation.press(path) for _ in range(50)))
    assert sorted(states) == ["already"] * 49 + ["confirmed"]
    assert await installation.seal() == 1


async def test_thirty_two_parallel_identical_posts_are_one_row_and_one_answer(installation: Installation) -> None:
    proof = await installation.proof()
    answers = await asyncio.gather(*(installation.post(key="the-same-key", altcha=proof) for _ in range(32)))
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b'{"status":"received"}')}
    assert (await installation.post(key="the-same-key", altcha=proof)).status_code == 202
    assert await installation.owner.fetchval("select count(*) from intake") == 1


async def test_ani_signs_again_after_confirming_and_gets_the_already_mail(installation: Installation) -> None:
    await installation.confirm("ani@example.org")
    await installation.lift_caps()
    assert (await installation.post(email="ani@example.org")).json() == {"status": "received"}
    await installation.work()
    assert len(installation.letters("ani@example.org")) == 2
    assert (await installation.client.get(installation.link("ani@example.org", "manage"))).status_code == 200
    assert await installation.seal() == 1


async def test_ani_signs_again_before_confirming_and_gets_the_link_again(installation: Installation) -> None:
    await installation.post(email="ani@example.org")
    await installation.work()
    await installation.lift_caps()
    await installation.post(email="ani@example.org")
    await installation.work()
    assert len(installation.letters("ani@example.org")) == 2
    assert await installation.owner.fetchval("select count(*) from signature") == 1
    await installation.pass_seconds(60)
    assert await installation.press(installation.link("ani@example.org")) == "confirmed"
    assert await installation.seal() == 1


async def test_another_spelling_of_anis_mailbox_is_the_same_person_and_gets_a_mail_without_link(installation: Installation) -> None:
    await installation.confirm("ani.petrosyan@gmail.com")
    await installation.lift_caps()
    assert (await installation.post(email="AniPetrosyan+x@googlemail.com")).json() == {"status": "received"}
    await installation.work()
    letters = [letter for letter in installation.letters("") if "googlemail.com" in letter.to.lower()]
    assert len(letters) == 1
    assert not re.search(r"/(confirm|manage|not-me)/", letters[0].text)
    assert await installation.owner.fetchval("select count(*) from signature") == 1
    assert await installation.seal() == 1


async def test_ani_in_french_and_in_english_is_one_signature_bound_to_the_text_confirmed(installation: Installation) -> None:
    await installation.post(email="ani@example.org", language="fr")
    await installation.work()
    await installation.lift_caps()
    await installation.post(email="ani@example.org", language="en")
    await installation.work()
    await installation.pass_seconds(60)
    assert await installation.press(installation.link("ani@example.org").replace("/en/", "/fr/", 1)) == "confirmed"
    rows = await installation.rows("select language, text_version from signature")
    assert [tuple(row) for row in rows] == [("fr", 1)]
    assert await installation.seal() == 1


async def known(installation: Installation) -> dict[str, str]:
    """An address of each kind: never seen, confirmed, at its cap, suppressed."""
    people = {kind: f"{kind}@example.org" for kind in ("fresh", "known", "capped", "quiet")}
    await installation.confirm(people["known"])
    await installation.lift_caps()
    assert (await installation.post(email=people["capped"])).status_code == 202
    assert (await installation.post(email=people["quiet"])).status_code == 202
    await installation.work()
    assert (await installation.client.post(installation.link(people["quiet"], "not-me"))).status_code == 200
    await installation.work()
    return people


def without_own(text: str, email: str) -> str:
    """The answer but for the visitor's own input, s and form_key."""
    text = text.replace(email, "ADDRESS").replace(email.replace("@", "%40"), "ADDRESS").replace(email.replace("@", "&#64;"), "ADDRESS")
    text = re.sub(r'name="form_key" value="[^"]*"', "FORM_KEY", text)
    text = re.sub(r'name="s" value="[^"]*"', "S", text)
    return re.sub(r"s=[A-Za-z0-9_%-]+", "S", text)


async def test_every_kind_of_address_gets_the_same_bytes_everywhere(installation: Installation) -> None:
    people = await known(installation)
    assert await installation.owner.fetchval("select count(*) from suppression") == 1
    api, form, sent_pages, resent, asked = set(), set(), set(), set(), set()
    for email in people.values():
        answer = await installation.post(email=email)
        api.add((answer.status_code, answer.content))
        posted = await installation.post_form(email=email, altcha=await installation.proof())
        form.add((posted.status_code, without_own(posted.headers["location"], email), posted.content))
        page = await installation.client.get(posted.headers["location"])
        sent_pages.add((page.status_code, without_own(page.text, email)))
        s = re.search(r'name="s" value="([^"]*)"', page.text)
        assert s is not None
        again = await installation.client.post(f"/en/petitions/{installation.slug}/resend", data={"s": s[1], "form_key": "k" + email[:4]})
        resent.add((again.status_code, without_own(again.headers["location"], email), again.content))
        link = await installation.client.post("/en/manage", data={"email": email, "form_key": "m" + email[:4]})
        asked.add((link.status_code, link.headers["location"], link.content))
    for name, seen in {"api": api, "form": form, "sent": sent_pages, "resend": resent, "manage": asked}.items():
        assert len(seen) == 1, name


@pytest.mark.parametrize("kind", ["body", "status"])
def test_an_answer_that_tells_who_signed_would_be_noticed(kind: str) -> None:
    told = {"body": [(202, "received"), (202, "already")], "status": [(202, "received"), (409, "received")]}[kind]
    assert len({(status, without_own(text, "ani@example.org")) for status, text in told}) == 2
