"""Every page in every state, as a browser sees it: usable by everyone, on any screen, and talking to nobody but us.

``LIBERTAS_TEST_PICTURES=1`` also leaves pictures of all of them in tests/artifacts, for people to look at.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from browser.visitor import Come, Visitor
from installation import Installation
from service import certificates, petitions, signatures

PICTURES = bool(os.environ.get("LIBERTAS_TEST_PICTURES"))
Look = Callable[[str], Awaitable[None]]

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "\"'><svg onload=alert(3)>",
    "javascript:alert(4)",
    "{{7*7}}${7*7}",
    "</title><script>alert(5)</script>",
    "' autofocus onfocus='alert(6)",
    "&lt;script&gt;alert(7)&lt;/script&gt;",
)


async def show_names(house: Installation) -> None:
    """What ``libertas names show`` does, and then a night passes."""
    petition = await petitions.by_slug(house.pool, house.slug)
    waiting = [row["signature_id"] async for row in signatures.q.names_waiting(house.pool, petition_id=petition.id)]
    assert await signatures.q.review_names(house.pool, ids=waiting, review="shown", now=None) == len(waiting)
    await house.owner.execute("update shown_name set show_from = show_from - 1")


async def walk(one: Visitor, lang: str, look: Look) -> None:
    """Through the whole site, with a stop at each page and state."""
    house = one.installation
    petition = f"/{lang}/petitions/{house.slug}"
    for name, path in (
        ("home", ""), ("list", "petitions"), ("privacy", "privacy"), ("legal", "legal"), ("accessibility", "accessibility"),
        ("verify", "verify"), ("manage-ask", "manage"), ("manage-asked", "manage?done=1"), ("manage-unknown", "manage/x"),
        ("not-me-unknown", "not-me/x"), ("confirm-unknown", "confirm/x"), ("error-404", "no-such-page"),
    ):  # fmt: skip
        await one.open(f"/{lang}/{path}")
        await look(name)
    for name in ("signers", "certificates"):
        await one.open(f"{petition}/{name}")
        await look(name)
    await one.open(petition)
    await look("petition")
    await one.press(".sign button[type=submit]")
    await look("petition-faults")
    await one.open(petition)
    await one.fill(name="Արա Սարգսյան", email=f"ara-{lang}@example.org")
    await one.press(".sign button[type=submit]")
    await look("sent")
    await one.press("main form button[type=submit]")
    await look("sent-again")
    await house.lift_caps()
    await house.work()
    await one.open(house.link(f"ara-{lang}@example.org", "not-me"))
    await look("not-me-ask")
    confirm = house.link(f"ara-{lang}@example.org")
    await one.open(confirm)
    await look("confirm-ask")
    await house.just_mailed()
    await one.press()
    await look("confirm-ask-again")
    await one.press()
    await look("confirm-confirmed")
    manage = await one.page.get_attribute("main a[href*='/manage/']", "href")
    await one.open(confirm)
    await look("confirm-already")
    assert manage is not None
    for step in ("", "?step=withdraw", "?step=erase"):
        await one.open(manage + step)
        await look("manage" + step.replace("?step=", "-"))
    await one.press()
    await look("manage-erased")
    assert (await house.post(email=f"other-{lang}@example.org")).status_code == 202
    await house.work()
    await one.open(house.link(f"other-{lang}@example.org", "not-me").replace("/en/", f"/{lang}/"))
    await one.press()
    await look("not-me-done")


async def stand_still(house: Installation, act: str) -> None:
    await petitions.change(house.owner, house.slug, act)
    await house.settle()


@pytest.mark.parametrize(("lang", "width"), [("en", 1280), ("fr", 360), ("hy", 360)])
async def test_axe_finds_nothing_wrong_on_any_page_and_none_is_wider_than_a_small_phone(
    visitor: Come, installation: Installation, lang: str, width: int
) -> None:
    await installation.post(email="gayane@example.org", name="Gayane Avetisyan", visibility="show", role="mayor of Gyumri")
    await installation.work()
    await installation.pass_seconds(60)
    await installation.press(installation.link("gayane@example.org"))
    await installation.seal()
    await show_names(installation)
    await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council of Gyumri")
    one = await visitor(lang=lang, width=width)
    faults: list[str] = []

    async def look(name: str) -> None:
        if PICTURES:
            await one.picture(f"{name}-{lang}-{width}")
        faults.extend(f"{name}: {line}" for line in await one.faults_by_axe())
        assert await one.page.get_attribute("html", "lang") == lang
        await one.page.set_viewport_size({"width": 280, "height": 600})
        if (over := await one.overflow()) > 0:
            faults.append(f"{name}: {over} px wider than a screen of 280")
        await one.page.set_viewport_size({"width": width, "height": 800})

    await walk(one, lang, look)
    for act in ("pause", "open", "close"):
        await stand_still(installation, act)
        if act != "open":
            await one.open_petition(lang)
            await one.page.reload()
            await look(f"petition-{act}")
    assert not faults, "\n".join(faults)


async def test_colours_can_be_told_apart_in_the_dark(visitor: Come, installation: Installation) -> None:
    one = await visitor(scheme="dark", width=360)
    faults: list[str] = []
    for path in ("/en/", "/hy/petitions", f"/fr/petitions/{installation.slug}", "/hy/privacy", "/en/confirm/x", "/en/verify"):
        await one.open(path)
        assert await one.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 19, 16)"
        faults += await one.faults_by_axe()
        if PICTURES:
            await one.picture("dark-" + path.strip("/").replace("/", "-"))
    await one.open_petition("hy")
    await one.press(".sign button[type=submit]")
    faults += await one.faults_by_axe()
    if PICTURES:
        await one.picture("dark-faults")
    assert not faults, "\n".join(faults)


async def test_hostile_names_and_roles_are_letters_and_nothing_more(visitor: Come, installation: Installation) -> None:
    one = await visitor()
    refused = 0
    for number, text in enumerate(HOSTILE):
        for field in ("name", "role"):
            back = await one.open_petition()
            await one.fill(email=f"h{number}-{field}@example.org")
            await back.check("#visibility-show")
            await back.fill("#role", "poet")
            await back.fill(f"#{field}", text)
            await one.press(".sign button[type=submit]")
            if "/sent" not in back.url:
                refused += 1
                assert await back.input_value(f"#{field}") == text, "it came back as it was typed"
    assert refused >= 8, "what begins like a formula or looks like a web address is no name"
    await installation.work()
    await installation.pass_seconds(60)
    for letter in installation.mailbox.letters():
        path = installation.link(letter.to)
        await one.open(path)
        await one.press()
        assert await one.data_state() == "confirmed"
    # Whatever the border lets through one day must still be harmless: put the worst straight into the register.
    await installation.post(email="direct@example.org", visibility="show", role="poet")
    await installation.work()
    await installation.pass_seconds(60)
    await installation.press(installation.link("direct@example.org"))
    await installation.owner.execute("update shown_name set name = $1, role = $2", HOSTILE[1], HOSTILE[2])
    await installation.seal()
    await show_names(installation)
    await one.open(f"/en/petitions/{installation.slug}/signers")
    assert HOSTILE[1] in await one.page.inner_text("main")
    assert await one.page.locator("main img, main svg, main script").count() == 0
    await one.open("/en/petitions?q=" + HOSTILE[0])
    await one.open("/en/" + HOSTILE[0])
    assert one.dialogs == []


async def test_what_a_certificate_page_offers_can_be_fetched_and_checked_with_the_commands_shown(
    visitor: Come, installation: Installation, tmp_path: Path
) -> None:
    await installation.confirm()
    await installation.seal()
    made = await certificates.certify(
        installation.pool, installation.keys, installation.settings, installation.slug, "The Council of Gyumri"
    )
    one = await visitor()
    await one.open(f"/en/petitions/{installation.slug}/certificates")
    offered = await one.page.locator("main a[href*='/certificates/']").evaluate_all("links => links.map(a => new URL(a.href).pathname)")
    base = f"/petitions/{installation.slug}/certificates/{made.id}"
    assert offered == [f"{base}/bundle.zip", f"{base}/certificate.pdf", f"{base}/certificate.json"]
    for path in offered:
        assert (await installation.client.get(path)).status_code == 200, path
    async with one.page.expect_download() as taken:
        await one.page.click(f"main a[href='{offered[0]}']")
    bundle, trust = tmp_path / "bundle.zip", tmp_path / "trust.json"
    await (await taken.value).save_as(bundle)
    trust.write_bytes(await certificates.trust(installation.pool, installation.keys, installation.settings))
    live = (await one.page.inner_text("main pre")).split()
    assert live[:2] == ["libertas", "verify"]
    await one.open("/en/verify")
    assert (await one.page.locator("main pre").first.inner_text()).split() == ["libertas", "verify", "bundle.zip", "--trust", "trust.json"]
    for what in (str(bundle), live[2]):
        code, report = await asyncio.to_thread(certificates.verify_path, what, str(trust))
        assert (code, report["figures"]["count"]) == (0, 1), report
        assert (await asyncio.to_thread(certificates.verify_path, what, None))[0] == 2, "without a trust file the issuer is not checked"


async def test_every_link_on_the_public_pages_leads_somewhere(visitor: Come, installation: Installation) -> None:
    one = await visitor()
    links: set[str] = set()
    for path in ("/en/", f"/hy/petitions/{installation.slug}", "/fr/verify", "/fr/privacy"):
        await one.open(path)
        links |= set(await one.page.locator("a[href]").evaluate_all("all => all.map(a => a.href.split('#')[0])"))
    ours = sorted(link.removeprefix(one.base) for link in links if link.startswith(one.base))
    assert len(ours) > 20
    answers = {path: (await installation.client.get(path)).status_code for path in ours}
    assert {path: code for path, code in answers.items() if code != 200} == {}


async def test_on_paper_a_petition_is_its_text_without_the_form(visitor: Come, installation: Installation) -> None:
    one = await visitor()
    await one.open_petition()
    await one.page.emulate_media(media="print")
    assert await one.page.is_visible(".statement")
    assert await one.page.locator("form:visible, button:visible, nav:visible").count() == 0
