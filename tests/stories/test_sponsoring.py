"""Standing for a prisoner, as a town councillor and an organizer tell it (acceptance scenario 30)."""

from __future__ import annotations

import io
import re
import secrets
from datetime import date
from typing import Any

import httpx2
from pypdf import PdfReader

from desk_seat import Seat, seat, whole
from installation import Installation, solve, state_of
from service.organizers import Grant
from web.test_cases import settle, shown

DAY = "2026-04-24"


def offer(**changes: Any) -> dict[str, Any]:
    form: dict[str, Any] = {
        "kind": "city", "sponsor": "Ville de Saint-Exemple", "country": "FR", "case": "sample-person-d", "mandate_end": "2032-03-31",
        "name": "Ani Petrosyan", "role": "conseillère municipale", "email": "ani@ville.example", "phone": "+33 1 23 45 67 89",
        "message": "Le conseil se réunit en avril.", "consent": "yes", "form_key": secrets.token_urlsafe(12), **changes,
    }  # fmt: skip
    return {name: value for name, value in form.items() if value is not None}


async def proof(house: Installation) -> str:
    """A solved challenge that is bound to no petition."""
    return solve((await house.client.get("/api/v1/challenge")).json())


async def send(house: Installation, **changes: Any) -> httpx2.Response:
    return await house.client.post("/fr/sponsors/offer", data=offer(altcha=await proof(house), **changes))


async def carry(house: Installation) -> None:
    await house.worker.answer_offers()
    await house.work()


def link(house: Installation, to: str) -> str:
    """The path of the newest link of an offer in a mail to ``to``."""
    for letter in house.letters(to):
        if found := re.search(r"https?://\S+/(?:fr|en|hy)/offer/\S+", letter.text):
            return found[0].removeprefix(house.settings.base_url)
    raise AssertionError(f"no link was mailed to {to}")


async def organizer(house: Installation) -> Seat:
    return await seat(house, "levon@example.org")


async def upload(at: Seat, path: str, content: bytes | None, **fields: str) -> httpx2.Response:
    files = {"file": ("deed.pdf", content or b"", "application/octet-stream")}
    return await at.house.client.post(path, data={"token": at.token, **fields}, files=files, headers=at.headers)


async def public(house: Installation) -> str:
    """Everything that the public sees of sponsors."""
    pages = [
        await house.client.get(path)
        for path in ("/fr/sponsors", "/api/v1/sponsors", "/fr/cases/sample-person-d", f"/fr/petitions/{house.slug}")
    ]
    return "".join(page.text for page in pages)


async def test_a_councillor_offers_confirms_and_her_town_stands_in_public_with_the_deed_in_hand(installation: Installation) -> None:
    page = await installation.client.get("/fr/cases/sample-person-d")
    assert "/fr/sponsors/offer?case=sample-person-d" in page.text
    form = await installation.client.get("/fr/sponsors/offer?case=sample-person-d")
    assert 'value="sample-person-d" selected' in form.text
    sent = await send(installation)
    assert sent.status_code == 303
    assert "ani@ville.example" in (await installation.client.get(sent.headers["location"])).text
    await carry(installation)
    (letter,) = installation.letters("ani@ville.example")
    assert "Saint-Exemple" not in letter.text, "nothing of the form goes to an address that nobody has confirmed"
    path = link(installation, "ani@ville.example")
    levon = await organizer(installation)
    assert "Saint-Exemple" not in (await levon.get("/desk/sponsors")).text, "not before the press"
    for _ in range(2):
        assert state_of(await installation.client.get(path)) == "ask"
    assert state_of(await installation.client.post(path)) == "verified"
    assert state_of(await installation.client.post(path)) == "verified"
    desk = (await levon.get("/desk/sponsors")).text
    assert "Saint-Exemple" in desk
    assert "ani@ville.example" in desk
    assert "Saint-Exemple" not in await public(installation)
    row = await installation.owner.fetchrow("select id, case_ids from sponsor_offer")
    agreed = await levon.post(f"/desk/sponsors/offers/{row['id']}/accept", case=str(row["case_ids"][0]), sponsor="")
    assert agreed.status_code == 303, agreed.text
    here = agreed.headers["location"].partition("?")[0]
    pledge = await installation.owner.fetchval("select id from sponsorship where offer_id = $1", row["id"])
    deed = await levon.get(f"{here}/{pledge}/deed.pdf")
    assert deed.content.startswith(b"%PDF"), "the deed with the town's name, before anything is public"
    early = await levon.post(f"{here}/{pledge}/announce", on=DAY)
    assert early.status_code == 409, "what was not voted cannot be announced"
    wrong = whole(await upload(levon, f"{here}/{pledge}/sign", b"GIF89a", deed="motion", on="soon", place="", reference="", vote="29-0-0"))
    assert wrong.text.count('class="wrong"') == 4 and 'value="29-0-0"' in wrong.text, "everything at once, and what was typed is there"
    voted = await upload(
        levon, f"{here}/{pledge}/sign", b"%PDF-1.7 scan", deed="motion", on=DAY, place="Saint-Exemple", reference="2026-041", vote="29-0-0"
    )
    assert voted.status_code == 303, voted.text
    assert "Saint-Exemple" not in await public(installation)
    assert (await levon.post(f"{here}/{pledge}/announce", on="2026-05-02")).status_code == 303
    await settle(installation)
    for path in ("/fr/sponsors", "/fr/cases/sample-person-d", f"/fr/petitions/{installation.slug}"):
        await shown(installation, path, "Ville de Saint-Exemple")
    listed = (await installation.client.get("/api/v1/sponsors")).json()["sponsors"]
    mine = next(sponsor for sponsor in listed if "Saint-Exemple" in sponsor["names"]["fr"])
    (one,) = mine["sponsorships"]
    assert (one["case"], one["state"], one["deed"]["reference"], mine["mandate_end"]) == (
        "sample-person-d",
        "announced",
        "2026-041",
        "2032-03-31",
    )
    scan = await installation.client.get(one["deed"]["paper_url"].removeprefix(installation.settings.base_url))
    assert scan.content == b"%PDF-1.7 scan"
    everything = await public(installation)
    for private in ("ani@ville.example", "Petrosyan", "+33 1 23"):
        assert private not in everything
    kit = await installation.client.get("/fr/cases/sample-person-d/kit/deed.pdf")
    assert kit.content.startswith(b"%PDF")


async def test_a_release_entered_once_at_the_desk_is_on_every_page_with_its_source(installation: Installation) -> None:
    levon = await organizer(installation)
    case_id = await installation.owner.fetchval("select id from case_file where slug = 'sample-person-a'")
    before = (await installation.client.get("/api/v1/cases")).json()["numbers"]["prisoners"]["held"]
    event = {
        "kind": "released", "on": "2026-01-14", "precision": "day", "as_of": "2026-01-15", "source_url": "https://example.org/released",
        "source_en": "Sample source", "note_en": "Home at last (sample).", "corrects": "",
    }  # fmt: skip
    for wrong in ({"source_url": ""}, {"on": "soon"}, {"on": "2999-01-01"}, {"kind": "forgotten"}):
        back = await levon.post(f"/desk/cases/{case_id}/record", **{**event, **wrong})
        assert back.status_code == 400, wrong
        assert "Home at last (sample)." in back.text, "what was typed is still there"
    assert (await levon.post(f"/desk/cases/{case_id}/record", **event)).status_code == 303
    await settle(installation)
    page = (await installation.client.get("/en/cases/sample-person-a")).text
    assert 'data-status="released"' in page
    assert "https://example.org/released" in page
    assert "Home at last (sample)." in page
    assert "/sponsors/offer?case=sample-person-a" not in page, "nobody is asked to stand for him any more"
    told = (await installation.client.get("/api/v1/cases")).json()
    assert told["numbers"]["prisoners"]["held"] == before - 1
    petition = await shown(installation, f"/en/petitions/{installation.slug}", f"<strong>{before - 1}</strong>")
    assert "https://example.org/released" in petition
    states = await installation.rows(
        "select s.state from sponsorship s join case_file f on f.id = s.case_id where f.slug = 'sample-person-a'"
    )
    assert [row["state"] for row in states] == ["fulfilled"]
    assert "fulfilled" in (await installation.client.get("/api/v1/sponsors")).text


async def test_an_empty_offer_comes_back_with_every_fault_and_nothing_is_stored(installation: Installation) -> None:
    typed = dict.fromkeys(("kind", "sponsor", "country", "case", "name", "role", "email"), "")
    back = await send(installation, **typed, message="Bonjour <b>", consent=None, phone="call me", mandate_end="never")
    assert back.status_code == 400
    for field in (*typed, "phone", "mandate_end", "consent"):
        assert f'href="#{field}"' in back.text, field
    assert "Bonjour &lt;b&gt;" in back.text
    assert await installation.owner.fetchval("select count(*) from sponsor_offer") == 0


async def test_the_same_offer_twice_is_one_and_everybody_is_answered_alike(installation: Installation) -> None:
    key = secrets.token_urlsafe(12)
    first = await send(installation, form_key=key)
    second = await installation.client.post("/fr/sponsors/offer", data=offer(form_key=key))
    assert (first.status_code, second.status_code) == (303, 303)
    for email in ("nobody@ville.example", "ani@ville.example"):
        assert (await send(installation, email=email)).status_code == 303
    assert await installation.owner.fetchval("select count(*) from sponsor_offer") == 3


async def test_without_a_proof_an_offer_takes_the_slow_lane_and_a_forged_one_is_refused(installation: Installation) -> None:
    for _ in range(3):
        assert (await installation.client.post("/fr/sponsors/offer", data=offer())).status_code == 303
    late = await installation.client.post("/fr/sponsors/offer", data=offer())
    assert late.status_code == 429
    assert "retry-after" in late.headers
    assert (await installation.client.post("/fr/sponsors/offer", data=offer(altcha="forged"))).status_code == 400
    lanes = {row["lane"] for row in await installation.rows("select lane from sponsor_offer")}
    assert lanes == {"slow"}


async def test_somebody_who_did_not_offer_says_so_and_is_never_written_to_again(installation: Installation) -> None:
    await send(installation)
    await carry(installation)
    path = link(installation, "ani@ville.example")
    assert state_of(await installation.client.post(path, data={"act": "not-me"})) == "over"
    await carry(installation)
    assert await installation.owner.fetchval("select payload from sponsor_offer") is None
    await installation.lift_caps()
    await send(installation, message="again")
    await carry(installation)
    assert len(installation.letters("ani@ville.example")) == 1


async def test_who_was_freed_or_renamed_between_form_and_press_is_told_kindly(installation: Installation) -> None:
    await send(installation)
    await carry(installation)
    levon = await organizer(installation)
    case_id = await installation.owner.fetchval("select id from case_file where slug = 'sample-person-d'")
    assert (await levon.post(f"/desk/cases/{case_id}/rename", slug="sample-person-four")).status_code == 303
    freed = {"kind": "released", "on": "2026-01-14", "precision": "day", "as_of": "", "source_url": "https://example.org/r", "corrects": ""}
    assert (await levon.post(f"/desk/cases/{case_id}/record", **freed)).status_code == 303
    await settle(installation)
    path = link(installation, "ani@ville.example")
    asked = await installation.client.get(path)
    assert (state_of(asked), "libération" in asked.text) == ("ask", True)
    assert state_of(await installation.client.post(path)) == "verified"
    row = await installation.owner.fetchrow("select id, case_ids from sponsor_offer")
    refused = await levon.post(f"/desk/sponsors/offers/{row['id']}/accept", case=str(case_id), sponsor="")
    assert refused.status_code == 409
    assert (await levon.post(f"/desk/sponsors/offers/{row['id']}/accept", case="", sponsor="")).status_code == 303
    moved = await installation.client.get("/fr/cases/sample-person-d")
    assert (moved.status_code, moved.headers["location"]) == (308, "/fr/cases/sample-person-four")
    offered = await installation.client.get("/fr/sponsors/offer?case=sample-person-d")
    assert "selected" not in re.sub(r"<select id=.country.*?</select>", "", offered.text, flags=re.DOTALL)


async def test_a_family_asks_and_the_page_is_gone_with_photo_and_story(installation: Installation) -> None:
    typed = {"who": "his sister", "what": "Please take the page down.", "contact": "sona@example.org", "form_key": "k"}
    sent = await installation.client.post("/en/cases/sample-person-a/take-down", data={**typed, "altcha": await proof(installation)})
    assert sent.status_code == 303
    assert b"sister" not in await installation.owner.fetchval("select payload from case_request")
    levon = await organizer(installation)
    assert "Please take the page down." in (await levon.get("/desk/cases")).text
    request = await installation.owner.fetchval("select id from case_request")
    assert (await levon.post(f"/desk/cases/requests/{request}", outcome="taken-down")).status_code == 303
    await settle(installation)
    gone = await installation.client.get("/en/cases/sample-person-a")
    assert gone.status_code == 410
    assert "Nmushian" not in gone.text
    assert "sample-person-a" not in (await installation.client.get("/api/v1/cases")).text
    assert "sample-person-a" not in (await installation.client.get("/sitemap.xml")).text
    for path in ("/en/cases/sample-person-a/kit", "/en/cases/sample-person-a/kit/deed.pdf", "/api/v1/cases/sample-person-a"):
        assert (await installation.client.get(path)).status_code in (404, 410), path


async def test_an_organizer_enters_a_person_and_nothing_shows_before_it_is_published(installation: Installation) -> None:
    levon = await organizer(installation)
    draft = {
        "name_hy": "Նմուշ Նորեկյան", "name_en": "Nmush Norekyan", "name_fr": "", "aliases": "Norekian", "category": "civilian", "consent": "name",
        "slug": "", "story_en": "Not for everyone.",
    }  # fmt: skip
    assert (await levon.post("/desk/cases/new", **{**draft, "name_hy": "Latin"})).status_code == 400
    made = await levon.post("/desk/cases/new", **draft)
    here = made.headers["location"].partition("?")[0]
    event = {
        "kind": "captured",
        "on": date(2024, 5, 1).isoformat(),
        "precision": "month",
        "as_of": "2024-06-01",
        "source_url": "https://example.org/s",
        "corrects": "",
    }
    assert (await levon.post(f"{here}/record", **event)).status_code == 303
    await settle(installation)
    assert "Norekyan" not in (await installation.client.get("/en/cases?q=Norekian")).text
    assert (await levon.post(f"{here}/publish")).status_code == 303
    assert (await levon.post(f"{here}/notes", health="asthma", family="", consent_by="")).status_code == 303
    await settle(installation)
    assert "Nmush Norekyan" in (await installation.client.get("/en/cases?q=Նորեկյան")).text
    page = (await installation.client.get("/en/cases/nmush-norekyan")).text
    assert "May 2024" in page
    for private in ("Not for everyone", "asthma"):
        assert private not in page
        assert private not in (await installation.client.get("/api/v1/cases")).text


async def test_the_campaigns_account_and_towns_are_written_at_the_desk(installation: Installation) -> None:
    levon = await organizer(installation)
    facts = {"start": "2023-01-01", "hashtags": "#A #B", "links": "X https://example.org/x\nbad javascript:alert(1)", "association": "Verein", "iban_chf": "CH9300762011623852957",
             "street": "Weg", "postcode": "1200", "town": "Genève", "country": "CH", "text_en": "Thank you (sample)."}  # fmt: skip
    assert (await levon.post("/desk/campaign/facts", **facts)).status_code == 303
    assert (await levon.post("/desk/campaign/cities", name="Lyon", country="fr", places="69003, 6900*", slug="")).status_code == 303
    assert (await levon.post("/desk/campaign/cities", name="", country="FR", places="", slug="x")).status_code == 400
    await settle(installation)
    page = (await installation.client.get("/en/support")).text
    assert "Verein" in page
    assert "Thank you (sample)." in page
    assert "javascript:" not in page
    assert (await installation.client.get(f"/en/petitions/{installation.slug}/cities/lyon")).status_code == 200
    assert (await levon.post("/desk/campaign/cities/lyon/drop")).status_code == 303


async def test_who_holds_no_editors_role_finds_no_register_at_the_desk(installation: Installation) -> None:
    other = await seat(installation, "moderator@example.org", Grant("moderator"))
    for path in ("/desk/cases", "/desk/sponsors", "/desk/campaign"):
        assert (await other.get(path)).status_code == 404, path
    assert (await other.post("/desk/sponsors/new", kind="city")).status_code == 404


async def verified_offer(house: Installation, **changes: Any) -> str:
    """An offer from the form to the press; returns the path of its link."""
    assert (await send(house, **changes)).status_code == 303
    await carry(house)
    path = link(house, changes.get("email", "ani@ville.example"))
    assert state_of(await house.client.post(path)) == "verified"
    return path


async def case_id_of(house: Installation, slug: str) -> str:
    return str(await house.owner.fetchval("select id from case_file where slug = $1", slug))


async def test_who_was_merged_or_taken_down_between_form_and_press_is_still_stood_for_or_nobody_is(installation: Installation) -> None:
    house = installation
    await send(house)
    await carry(house)
    path = link(house, "ani@ville.example")
    levon = await organizer(house)
    d, b = await case_id_of(house, "sample-person-d"), await case_id_of(house, "sample-person-b")
    assert (await levon.post(f"/desk/petitions/{house.slug}/cases", **{f"case-{d}": "yes"})).status_code == 303
    assert (await levon.post(f"/desk/cases/{d}/merge", into=b)).status_code == 303
    await settle(house)
    asked = (await house.client.get(path)).text
    assert "B. Orinakian" in asked, "whoever meant the one meant the other"
    moved = await house.client.get("/fr/cases/sample-person-d")
    assert (moved.status_code, moved.headers["location"]) == (308, "/fr/cases/sample-person-b")
    named = await house.rows("select case_id from petition_case")
    assert [str(row["case_id"]) for row in named] == [b], "the petition speaks of the same person"
    assert (await send(house, email="levon@ville.example")).status_code == 303, "an old form, sent with the old address"
    assert state_of(await house.client.post(path)) == "verified"
    offer_id = await house.owner.fetchval("select id from sponsor_offer where state = 'verified'")
    assert (await levon.post(f"/desk/cases/{b}/take-down")).status_code == 303
    await settle(house)
    refused = await levon.post(f"/desk/sponsors/offers/{offer_id}/accept", case=b, sponsor="")
    assert refused.status_code == 409
    assert await house.rows("select * from sponsorship where offer_id is not null") == []
    gone = await send(house, email="gayane@ville.example", case="sample-person-b")
    assert gone.status_code == 400 and 'href="#case"' in gone.text
    assert (await levon.post(f"/desk/sponsors/offers/{offer_id}/accept", case="", sponsor="")).status_code == 303, "then for all"


async def test_a_forged_offer_names_nobody_who_is_not_public_and_stores_nothing(installation: Installation) -> None:
    house = installation
    await house.owner.execute("update case_file set state = 'draft' where slug = 'sample-person-b'")
    await house.owner.execute("update case_file set consent = 'none' where slug = 'sample-person-c'")
    await settle(house)
    for case in (
        "sample-person-b",
        "sample-person-c",
        "no-such-person",
        "'; drop table case_file; --",
        "../sample-person-a",
        "sample-person-a\0",
    ):
        back = await send(house, case=case)
        assert back.status_code == 400 and 'href="#case"' in back.text, case
    for wrong in ({"kind": "king"}, {"country": "XX"}, {"sponsor": "\u202egnirosnops"}, {"role": "x" * 101}, {"email": "a@b@c.example"},
                  {"message": "x" * 2_001}, {"mandate_end": "2019-01-01"}, {"form_key": "x y"}, {"state": "announced"}):  # fmt: skip
        assert (await send(house, **wrong)).status_code == 400, wrong
    assert await house.rows("select * from sponsor_offer") == []


async def test_editors_hear_once_by_mail_that_an_offer_waits_and_nothing_of_what_it_says(installation: Installation) -> None:
    house = installation
    people = {
        "levon@example.org": Grant("editor"), "moderator@example.org": Grant("moderator"), "operator@example.org": Grant("operator"),
    }  # fmt: skip
    for email, grant in people.items():
        await seat(house, email, grant)
    gayane = await seat(house, "gayane@example.org", Grant("editor"), Grant("operator"))
    await house.owner.execute("update organizer set language = 'hy' where id = $1", gayane.id)
    await seat(house, "invited@example.org", Grant("editor"), level="joining", joins=False)
    path = await verified_offer(house)
    for _ in range(2):
        await house.client.post(path)
        await house.work()

    def told(email: str) -> list[str]:
        return [one.text + one.html + one.subject for one in house.letters(email) if "/desk/sponsors" in one.text]

    assert {email: len(told(email)) for email in (*people, "gayane@example.org", "invited@example.org")} == {
        "levon@example.org": 1, "gayane@example.org": 1, "moderator@example.org": 0, "operator@example.org": 0, "invited@example.org": 0,
    }  # fmt: skip
    assert "An offer waits" in told("levon@example.org")[0] and "առաջարկ է սպասում" in told("gayane@example.org")[0]
    for private in ("Saint-Exemple", "Petrosyan", "ani@", "+33", "avril", "Portzian"):
        assert private not in "".join(told("levon@example.org") + told("gayane@example.org")), private
    # Whoever has many mailboxes does not fill theirs: one mail an hour while an offer waits.
    await verified_offer(house, email="ara@ville.example", message="another")
    await house.work()
    assert len(told("levon@example.org")) == 1
    await house.owner.execute("update sponsor_offer set verified_at = verified_at - interval '61 minutes'")
    await verified_offer(house, email="sona@ville.example", message="a third")
    await house.work()
    assert len(told("levon@example.org")) == 2


ADDRESS = {
    "addresses_as_of": "2026-02-01", "address-0-name-fr": "Tribunal d’Exemple", "address-0-name-hy": "Օրինակի դատարան",
    "address-0-lines": "1 rue Fictive\n 1000 Exemple \n\n", "address-0-why-fr": "Demandez un procès public.",
}  # fmt: skip


async def test_the_addresses_of_a_case_and_of_the_campaign_are_written_at_the_desk_and_printed_on_the_sheet(
    installation: Installation,
) -> None:
    house = installation
    levon = await organizer(house)
    a = await case_id_of(house, "sample-person-a")
    sheet = "/fr/cases/sample-person-a/kit/sheet.pdf"
    for wrong in (
        {"addresses_as_of": ""},
        {"address-0-lines": ""},
        {"address-0-name-fr": "", "address-0-name-hy": ""},
        {"address-0-lines": "x" * 81},
    ):
        for path in (f"/desk/cases/{a}/addresses", "/desk/campaign/addresses"):
            back = await levon.post(path, **{**ADDRESS, **wrong})
            assert back.status_code == 400, (path, wrong)
            assert "Demandez un procès public." in back.text, "what was typed is still there"
    assert (await levon.post(f"/desk/cases/{a}/addresses", **ADDRESS)).status_code == 303
    assert "Tribunal d’Exemple" in (await levon.get(f"/desk/cases/{a}")).text
    await settle(house)
    printed = "".join(page.extract_text() for page in PdfReader(io.BytesIO((await house.client.get(sheet)).content)).pages)
    assert printed.index("Tribunal") < printed.index("Croix-Rouge"), "his own ones come first"
    assert "Tribunal" not in (await house.client.get("/api/v1/cases/sample-person-a")).text
    other = await house.client.get("/fr/cases/sample-person-b/kit/sheet.pdf")
    assert "Tribunal" not in "".join(page.extract_text() for page in PdfReader(io.BytesIO(other.content)).pages)
    assert (await levon.post(f"/desk/cases/{a}/addresses", addresses_as_of="")).status_code == 303
    assert (await levon.post("/desk/campaign/addresses", **ADDRESS)).status_code == 303
    await settle(house)
    for slug in ("sample-person-a", "sample-person-b"):
        content = (await house.client.get(f"/fr/cases/{slug}/kit/sheet.pdf")).content
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
        assert "Tribunal" in text and "Croix-Rouge" not in text and "1 février 2026" not in text and "1er" in text, slug


async def test_a_petition_speaks_of_those_who_are_ticked_at_the_desk_and_of_all_when_nobody_is(installation: Installation) -> None:
    house = installation
    levon = await organizer(house)
    path = f"/desk/petitions/{house.slug}/cases"
    a, h = await case_id_of(house, "sample-person-a"), await case_id_of(house, "sample-person-h")
    assert "checked" not in (await levon.get(path)).text
    assert (await levon.post(path, **{f"case-{h}": "yes", "case-x": "yes"})).status_code == 404, "a made-up id"
    assert (await levon.post(path, **{f"case-{h}": "yes"})).status_code == 303
    await settle(house)
    on_h, on_a = [(await house.client.get(f"/en/cases/sample-person-{one}")).text for one in ("h", "a")]
    link_ = f'href="/en/petitions/{house.slug}"'
    assert link_ in on_h.split("<main")[1] and link_ not in on_a.split("<main")[1]
    await shown(house, f"/en/petitions/{house.slug}", "sample-person-h")
    assert (await levon.get(path)).text.count(" checked") == 1
    await house.owner.execute("update case_file set state = 'draft' where slug = 'sample-person-a'")
    assert (await levon.post(path, **{f"case-{a}": "yes"})).status_code == 303, "who is not public is not named"
    assert await house.rows("select * from petition_case") == []
