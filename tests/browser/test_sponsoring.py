"""A town councillor with her telephone, from a prisoner's page to the announced sponsorship with the deed in hand (scenario 30).

``LIBERTAS_TEST_PICTURES=1`` leaves pictures of every station in tests/artifacts, on telephone and desktop, in three languages.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

from playwright.async_api import Browser
from pypdf import PdfReader

from browser import organizer
from browser.organizer import Organizer, invite
from browser.visitor import Come, Visitor
from installation import Installation
from service.organizers import Grant
from web.test_cases import settle, shown

PICTURES = bool(os.environ.get("LIBERTAS_TEST_PICTURES"))
TOWN = "Ville de Saint-Exemple"
WHOM = "sample-person-d"
EVERY = (("fr", 360), ("en", 1280), ("hy", 360), ("hy", 1280))


async def looked_at(one: Visitor, station: str, path: str) -> None:
    """What the public sees at this address, in every language, on telephone and desktop."""
    if not PICTURES:
        return
    for lang, width in EVERY:
        await one.page.set_viewport_size({"width": width, "height": 800})
        await one.open(f"/{lang}{path}")
        await one.picture(f"sponsoring-{station}-{lang}-{width}")
    await one.page.set_viewport_size({"width": 360, "height": 740})


def text_of(pdf: bytes) -> str:
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


async def fetched(one: Visitor, selector: str) -> bytes:
    """What a link on the open page leads to, with this browser's own cookies."""
    href = await one.page.get_attribute(selector, "href")
    answer = await one.context.request.get(one.at(href or "?"))
    assert answer.status == 200, selector
    return await answer.body()


async def shot(one: Organizer, station: str) -> None:
    if PICTURES:
        await one.picture(f"sponsoring-{station}")


async def test_a_councillor_goes_from_the_prisoners_page_to_the_deed_in_her_hand_and_her_town_on_every_page(
    visitor: Come, chromium: Browser, installation: Installation, tmp_path: Path
) -> None:
    house = installation
    await house.confirm("gayane@example.org")
    await house.seal()
    await invite(house, "levon@example.org", Grant("editor"), language="fr")
    levon = await organizer.come(chromium, house, "levon@example.org", lang="fr")
    await levon.join()
    ani = await visitor(lang="fr", width=360, height=740)

    # She finds the one who has no sponsor, and offers.
    await ani.open("/fr/cases")
    await ani.page.click(f"a[href='/fr/cases/{WHOM}']")
    await ani.page.wait_for_url(f"**/fr/cases/{WHOM}")
    assert await ani.page.locator(".sponsor-card").count() == 0
    await looked_at(ani, "1-case-before", f"/cases/{WHOM}")
    await ani.open(f"/fr/cases/{WHOM}")
    await ani.press(".case-head a.button:not(.quiet)")
    assert await ani.page.input_value("#case") == WHOM, "whom she came from is chosen"
    await looked_at(ani, "2-offer", f"/sponsors/offer?case={WHOM}")
    await ani.open(f"/fr/sponsors/offer?case={WHOM}")
    await ani.press("main form button[type=submit]")
    assert await ani.page.locator("#summary li").count() >= 6, "nothing filled in: all of it is named"
    if PICTURES:
        await ani.picture("sponsoring-2-offer-faults-fr-360")
    for field, text in {
        "sponsor": TOWN, "name": "Ani Petrosyan", "role": "conseillère municipale", "email": "ani@ville.example",
        "phone": "+33 1 23 45 67 89", "mandate_end": "2032-03-31", "message": "Le conseil se réunit en avril.",
    }.items():  # fmt: skip
        await ani.page.fill(f"#{field}", text)
    await ani.page.select_option("#kind", "city")
    await ani.page.select_option("#country", "FR")
    await ani.page.check("#consent")
    await ani.press("main form button[type=submit]")
    assert "/fr/sponsors/offer/sent" in ani.page.url
    assert await ani.page.inner_text(".address") == "ani@ville.example"
    if PICTURES:
        await ani.picture("sponsoring-3-sent-fr-360")
    assert [row["lane"] for row in await house.rows("select lane from sponsor_offer")] == ["page"], "with a proof, not in the slow lane"

    # Her mailbox, and the press; only now organizers hear of it.
    await house.worker.answer_offers()
    await house.work()
    (letter,) = house.letters("ani@ville.example")
    link = re.search(r"https?://\S+/offer/\S+", letter.text)
    assert link is not None
    path = link[0].removeprefix(house.settings.base_url).removeprefix("/fr")
    await looked_at(ani, "4-confirm", path)
    await ani.open(f"/fr{path}")
    assert await ani.data_state() == "ask"
    assert not house.letters("levon@example.org")[0].text.count("/desk/sponsors")
    await ani.press("main form button.act")
    assert await ani.data_state() == "verified"
    await looked_at(ani, "5-verified", path)
    await house.work()
    told = house.letters("levon@example.org")[0]
    assert f"{house.settings.base_url}/desk/sponsors" in told.text
    assert "Saint-Exemple" not in told.text + told.html and "ani@" not in told.text

    # Levon has rung the town hall; it is agreed, and the deed with the town's name comes out of the printer.
    await levon.open("/desk/sponsors")
    await shot(levon, "6-desk-offers")
    assert TOWN in await levon.page.inner_text("#main")
    await levon.press("form[action$='/accept'] button")
    assert await levon.page.inner_text("h1") == TOWN
    await shot(levon, "7-desk-agreed")
    deed = text_of(await fetched(levon, "a[href$='/deed.pdf']"))
    assert "VilledeSaint-Exemple" in deed and "Portzian" in deed

    # Ani has her council's papers from the kit.
    await looked_at(ani, "8-kit", f"/cases/{WHOM}/kit")
    await ani.open(f"/fr/cases/{WHOM}/kit")
    for name, wanted in {"motion": "décide", "press": "Notedepresse", "sheet": "Àquiécrire", "deed": "Actedeparrainage"}.items():
        assert wanted in text_of(await fetched(ani, f"a[href='/fr/cases/{WHOM}/kit/{name}.pdf']")), name
    assert (await fetched(ani, f"a[href='/fr/cases/{WHOM}/kit/motion.rtf']")).startswith(b"{\\rtf1")
    assert (await fetched(ani, f"a[href='/fr/cases/{WHOM}/kit/sponsor.png']")).startswith(b"\x89PNG")

    # The council votes; the scan is kept, and nothing is public before somebody announces it.
    scan = tmp_path / "motion.pdf"
    scan.write_bytes(b"%PDF-1.4 the voted motion")
    await levon.page.select_option("select[name=deed]", "motion")
    for field, text in {"on": "2026-04-24", "place": "Saint-Exemple", "reference": "2026-041", "vote": "unanimité"}.items():
        await levon.page.fill(f"form[action$='/sign'] [name={field}]", text)
    await levon.page.set_input_files("form[action$='/sign'] [name=file]", scan)
    await levon.press("form[action$='/sign'] button")
    assert "Saint-Exemple" not in (await house.client.get("/api/v1/sponsors")).text
    await shot(levon, "9-desk-signed")
    await levon.press("form[action$='/announce'] button")
    await shot(levon, "10-desk-announced")
    assert await levon.leave() == []

    # And the town stands on every page.
    await settle(house)
    petition = await shown(house, f"/fr/petitions/{house.slug}", TOWN)
    assert re.search(rf"{TOWN}.*1.*signataire", petition, re.DOTALL), "“Sponsored by …, and N signers”"
    for name, path in (
        ("case", f"/cases/{WHOM}"),
        ("sponsors", "/sponsors"),
        ("petition", f"/petitions/{house.slug}"),
        ("cases", "/cases"),
    ):
        await looked_at(ani, f"11-{name}", path)
        await ani.open(f"/fr{path}")
        await ani.page.reload()  # her telephone may keep the page of a moment ago
        if name != "cases":
            assert TOWN in await ani.page.inner_text("main"), name
        assert await ani.overflow() <= 0, name
    listed = (await house.client.get("/api/v1/sponsors")).json()["sponsors"]
    (town,) = [one for one in listed if one["names"]["fr"] == TOWN]
    (stands,) = town["sponsorships"]
    assert (stands["case"], stands["state"], stands["deed"]["reference"]) == (WHOM, "announced", "2026-041")
    paper = await house.client.get(stands["deed"]["paper_url"].removeprefix(house.settings.base_url))
    assert paper.content == scan.read_bytes()
    one = (await house.client.get(f"/api/v1/cases/{WHOM}")).json()
    assert one["sponsors"] == [town["slug"]]
