"""The whole way of a new organizer in one browser, as "your first petition in ten minutes" tells it, with a picture at each station (LIBERTAS_TEST_PICTURES=1)."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser

from browser import organizer
from browser.visitor import Visitor
from installation import Installation
from service.__main__ import main

PICTURES = bool(os.environ.get("LIBERTAS_TEST_PICTURES"))
ROLES = ("editor", "moderator", "certifier")
SIZES = {"phone": (390, 844), "desktop": (1280, 900)}
TEXT = {
    "title": ("Libérez les prisonniers", "Free the prisoners", "Ազատե՛ք գերիներին"),
    "summary": ("Ils attendent depuis longtemps.", "They have waited for long.", "Նրանք վաղուց են սպասում։"),
    "statement": (
        "Nous demandons **leur libération**.\n\n- sans condition\n- sans délai",
        "We ask for **their release**.\n\n- without condition\n- without delay",
        "Մենք պահանջում ենք **նրանց ազատ արձակումը**։\n\n- առանց պայմանի\n- առանց հապաղման",
    ),
}
OFFICE = {"name-fr": "Bureau d’exemple", "name-en": "Sample Office", "name-hy": "Օրինակելի գրասենյակ", "city": "Exampleville"}


class Album:
    """Looks at the open page on a phone and on a desktop, with pictures for people; notes what is wider than the screen."""

    def __init__(self, whose: Visitor) -> None:
        self._whose = whose
        self._number = 0
        self.faults: list[str] = []

    async def take(self, station: str) -> None:
        self._number += 1
        for size, (width, height) in SIZES.items():
            await self._whose.page.set_viewport_size({"width": width, "height": height})
            if PICTURES:
                await self._whose.picture(f"walk-{self._number:02}-{station}-{size}")
            if (over := await self._whose.overflow()) > 0:
                self.faults.append(f"{station} on a {size}: {over} px too wide")


async def libertas(house: Installation, monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """What an operator types on the server."""
    for name in ("DATABASE_URL", "DATA_DIR", "KEY_DIR", "BASE_URL"):
        monkeypatch.setenv(f"LIBERTAS_{name}", str(getattr(house.settings, name.lower())))
    assert await asyncio.to_thread(main, list(words)) == 0


async def sign(house: Installation, levon: Visitor, slug: str) -> None:
    """A stranger reads, signs and confirms."""
    await levon.open(f"/fr/petitions/{slug}")
    await levon.fill(name="Levon Sample", email="levon@example.org", country="FR")
    await levon.page.check("#visibility-show")
    await levon.press(".sign button[type=submit]")
    await house.work()
    await house.pass_seconds(60)
    await levon.open(house.link("levon@example.org"))
    await levon.press()
    assert await levon.data_state() == "confirmed"


@pytest.mark.timeout(900)
async def test_ani_walks_from_her_invitation_to_a_delivered_certificate(
    chromium: Browser, installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    house, slug = installation, "free-them"
    await libertas(house, monkeypatch, "organizer", "invite", "ani@example.org", "--language", "en", *(f"--role={role}" for role in ROLES))
    ani = await organizer.come(chromium, house, "ani@example.org")
    album = Album(ani)
    await house.work()

    # In: the invitation, and two passkeys on two devices.
    await ani.page.goto(ani.at(house.link("ani@example.org", "join")))
    await album.take("invitation")
    await ani.press("main form button")
    await album.take("no-passkey-yet")
    await ani.add_passkey("phone")
    await ani.add_authenticator("usb")
    await ani.add_passkey("laptop")
    assert await ani.page.locator(".rows strong", has_text="laptop").count() == 1
    await ani.page.fill("#name", "Ani Sample")
    await ani.press("form[action='/desk/account'] button")
    await album.take("account")

    # The draft: an address, the text side by side, an office.
    await ani.open("/desk")
    await album.take("home")
    await ani.press("a[href='/desk/new-petition']")
    await ani.page.fill("#slug", slug)
    await ani.page.fill("#goals", "100, 1000")
    await album.take("new-petition")
    await ani.press("main form button")
    for part, words in TEXT.items():
        for lang, text in zip(("fr", "en", "hy"), words, strict=True):
            await ani.page.fill(f"#{part}-{lang}", text)
    await ani.press("button[value=preview]")
    await album.take("text-preview")
    await ani.press("button[value=save]")
    await ani.press("nav.places a[href='/desk/recipients']")
    await ani.page.fill("#slug", "sample-office")
    for field, text in OFFICE.items():
        await ani.page.fill(f"#{field}", text)
    await album.take("recipients")
    await ani.press("form[action='/desk/recipients/offices'] button")
    term = "form[action$='/term']"
    for field, text in {"name": "Sample Holder", "since": "2024-01-01", "source_url": "https://example.org/office"}.items():
        await ani.page.fill(f"{term} [name={field}]", text)
    await ani.press(f"{term} button")
    await album.take("office")
    await ani.open(f"/desk/petitions/{slug}/setup")
    await ani.page.get_by_label("Sample Office").check()
    await ani.press("form[action$='/recipients'] button")
    await album.take("setup")
    await ani.press("nav.tabs a >> nth=0")
    await album.take("ready")

    # Out: published, opened, signed by a stranger, looked at.
    await ani.press("nav.tabs a[href$='/text']")
    await ani.press("button[value=publish]")
    await album.take("publishing")
    await house.worker.publish()
    await ani.open(f"/desk/petitions/{slug}")
    await ani.press("form:has(input[value=open-now]) button")
    await album.take("open")
    await house.settle()
    levon = Visitor(house, await chromium.new_context(locale="fr", viewport={"width": 390, "height": 844}), ani.page)
    levon.context.set_default_timeout(90_000)
    levon.page = await levon.context.new_page()
    levon.watch()
    await sign(house, levon, slug)
    await house.pass_seconds(60, of="log", column="sealed_at")
    await house.worker.seal()
    await ani.press("nav.tabs a[href$='/names']")
    await ani.page.get_by_label("Levon Sample").check()
    await album.take("names")
    await ani.press("button[value=shown]")
    for tab in ("held", "numbers", "history", "invalidation"):
        await ani.press(f"nav.tabs a[href$='/{tab}']")
        await album.take(tab)

    # Handed over: a certificate, a delivery with its receipt, the answer, and all of it in public.
    await ani.press("nav.tabs a[href$='/certificates']")
    await album.take("certificates")
    await ani.press("section form button")
    assert "is being made" in await ani.page.inner_text("main")
    await house.worker.issue()
    await ani.open(f"/desk/petitions/{slug}/certificates")
    await album.take("certificate")
    await ani.press("a[href$='/deliveries'] >> nth=-1")
    await ani.page.fill("section #planned_for", (datetime.now(UTC).date() + timedelta(days=3)).isoformat())
    await ani.press("section form button")
    await album.take("delivery-planned")
    await ani.page.click("article details summary")
    receipt = tmp_path / "receipt.pdf"
    receipt.write_bytes(b"%PDF-1.7 received with thanks")
    await ani.page.select_option("select[name=how]", "by-hand")
    await ani.page.fill("input[name=by_whom]", "Ani Sample, Gayane Sample")
    await ani.page.fill("input[name=reference]", "A-2026-17")
    await ani.page.set_input_files("input[name=file]", receipt)
    await ani.page.fill("article [name=answer_due]", (datetime.now(UTC).date() + timedelta(days=20)).isoformat())
    await album.take("delivering")
    await ani.press("article form[action$='/deliver'] button")
    await album.take("delivered")
    assert await ani.page.locator(".steps a", has_text="The document").count() == 1
    await ani.press("nav.tabs a[href$='/exports']")
    await album.take("exports")
    for place in ("approvals", "updates"):
        await ani.open(f"/desk/{place}")
        await album.take(place)
    await ani.press(".rows a")
    assert "Bureau d’exemple" in await ani.page.input_value("#title-fr")
    await album.take("news-for-those-who-asked")
    await ani.open("/desk")
    assert "an answer is due by" in await ani.page.inner_text(".due")
    await album.take("home-again")
    await house.settle()
    public = Album(levon)
    for path, station in ((f"/fr/petitions/{slug}", "petition"), (f"/fr/petitions/{slug}/certificates", "certificates")):
        await levon.open(path)
        await levon.page.reload()  # his browser kept the page of a moment ago
        await public.take(f"public-{station}")
    await levon.open(f"/fr/petitions/{slug}")
    told = await levon.page.inner_text("main")
    assert "Bureau d’exemple" in told and "Sample Holder" in told and "A-2026-17" in told
    assert await ani.leave() + await levon.leave() + album.faults + public.faults == []
