"""Partners at the desk: an operator of all associations lists one, gives it sites and a key, and nobody else may."""

from __future__ import annotations

import re

from bs4 import BeautifulSoup

from desk_seat import Seat, said, seat
from installation import Installation
from service import partners
from service.identity import offline
from service.organizers import Grant


async def operator(house: Installation) -> Seat:
    return await seat(house, "ani@example.org", Grant("operator"))


async def test_a_partner_is_added_gets_its_sites_and_a_key_that_is_shown_once(installation: Installation) -> None:
    ani = await operator(installation)
    assert said(await ani.post("/desk/partners", name="Hyestart", slug="hyestart")) == "saved"
    at = "/desk/partners/hyestart"
    wish = {"sites": "https://hyestart.example\nhttps://www.hyestart.example", "quota": "50", f"petition-{installation.slug}": "yes"}
    assert said(await ani.post(f"{at}/sites", **wish)) == "saved"
    row = next(row for row in [each async for each in partners.q.listing(installation.pool)] if row["slug"] == "hyestart")
    assert (row["sites"], row["petitions"], row["quota"]) == (
        ["https://hyestart.example", "https://www.hyestart.example"], [installation.slug], 50,
    )  # fmt: skip
    made = re.search(r"<code data-key>(lp_[\w-]{43})</code>", (await ani.post(f"{at}/key")).text)
    assert made is not None
    assert await partners.caller(installation.pool, f"Bearer {made[1]}") is not None
    again = (await ani.get(at)).text
    assert made[1] not in again and made[1][:7] in again, "shown once"
    assert made[1] not in repr(await installation.rows("select * from audit")), "the trail knows its beginning only"


async def test_its_list_is_sealed_to_the_key_whose_fingerprint_is_shown(installation: Installation) -> None:
    ani = await operator(installation)
    mine = offline.Private.generate("hyestart")
    at = "/desk/partners/sample-partner"
    wrong = await ani.post(f"{at}/news", public="no key", consent_fr="Oui.", consent_en="", consent_hy="")
    assert wrong.status_code == 400 and "libertas-sealing/v1" in wrong.text and "Oui." in wrong.text
    done = await ani.post(f"{at}/news", public=mine.public.encode(), consent_fr="Oui.", consent_en="", consent_hy="")
    assert said(done) == "saved", done.text[:3000]
    page = (await ani.get(at)).text
    assert offline.grouped(mine.public.fingerprint) in page and 'value="Oui."' in page
    shown = BeautifulSoup(page, "html.parser").select_one("#public")
    assert shown is not None
    # Ani mends the sentence only, and saves the page as it stands: the list stays open.
    assert said(await ani.post(f"{at}/news", public=shown.text, consent_fr="Oui, volontiers.", consent_en="", consent_hy="")) == "saved"
    assert (await partners.get(installation.pool, "sample-partner"))["sealing_key"] == mine.public.encode()
    assert said(await ani.post(f"{at}/end")) == "saved"
    assert (await ani.post(f"{at}/key")).status_code == 404


async def test_a_petition_that_is_not_public_has_no_box_and_is_not_taken_away(installation: Installation) -> None:
    ani = await operator(installation)
    await installation.owner.execute("update petition set status = 'draft'")
    await installation.settle()
    at = "/desk/partners/sample-partner"
    assert installation.slug not in (await ani.get(at)).text
    assert said(await ani.post(f"{at}/sites", sites="https://hyestart.example", quota="9")) == "saved"
    (row,) = [each async for each in partners.q.listing(installation.pool)]
    assert (row["petitions"], row["sites"]) == ([installation.slug], ["https://hyestart.example"])


async def test_what_is_wrong_comes_back_as_it_was_typed(installation: Installation) -> None:
    ani = await operator(installation)
    for form, words in (({"name": "", "slug": "x"}, "1–100 letters"), ({"name": "X", "slug": "No"}, "a–z")):
        back = await ani.post("/desk/partners", **form)
        assert back.status_code == 400 and words in back.text
    assert (await ani.post("/desk/partners", name="X", slug="sample-partner")).status_code == 409
    for form, words in (({"sites": "http://evil.example", "quota": "9"}, "https://"), ({"sites": "", "quota": "0"}, "1,000,000")):
        back = await ani.post("/desk/partners/sample-partner/sites", **form)
        assert back.status_code == 400 and words in back.text
    kept = await installation.rows("select origin from partner_site")
    assert [row["origin"] for row in kept] == ["http://localhost:*"], "nothing was changed half"


async def test_only_an_operator_of_all_associations_finds_partners(installation: Installation) -> None:
    levon = await seat(installation, "levon@example.org", Grant("editor"))
    for path in ("/desk/partners", "/desk/partners/sample-partner"):
        assert (await levon.get(path)).status_code == 404
    assert (await levon.post("/desk/partners", name="X", slug="x")).status_code == 404
