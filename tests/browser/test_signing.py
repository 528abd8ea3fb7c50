"""People sign with a real browser: with scripts and without, on a small phone, by keyboard, in their own language."""

from __future__ import annotations

import asyncio
import base64
import json

from playwright.async_api import Page

from browser.visitor import Come, Visitor
from installation import Installation


async def confirm_by_mail(who: Visitor, house: Installation, email: str) -> None:
    """Read the mail, follow the link, press; a first press that comes too soon is asked to be repeated."""
    await house.work()
    await who.open(house.link(email))
    assert await who.data_state() == "ask"
    await house.just_mailed()
    await who.press()
    assert await who.data_state() == "ask-again", "this press came within a second of the mail"
    await who.press()
    assert await who.data_state() == "confirmed"


async def lane_of_the_only_signature(house: Installation) -> str:
    return str((await house.rows("select lane from signature"))[0]["lane"])


async def test_ani_signs_in_armenian_with_the_proof_that_her_browser_works_out_and_the_count_rises(
    visitor: Come, installation: Installation
) -> None:
    ani = await visitor(lang="hy")
    await ani.open_petition("hy")
    assert await ani.shown_count() == 0
    await ani.fill(name="Անի Պետրոսյան")
    async with ani.page.expect_request(lambda request: request.method == "POST") as posted:
        await ani.press(".sign button[type=submit]")
    assert "altcha=" in ((await posted.value).post_data or ""), "the form carries a proof"
    assert "ani@example.org" in await ani.page.inner_text("main")
    await confirm_by_mail(ani, installation, "ani@example.org")
    assert await ani.page.get_attribute("html", "lang") == "hy"
    assert await lane_of_the_only_signature(installation) == "page"
    assert await installation.seal() == 1
    await ani.open_petition("hy")
    await ani.page.reload()
    assert await ani.shown_count() == 1


async def test_levon_signs_in_french_on_a_small_phone_with_scripts_turned_off(visitor: Come, installation: Installation) -> None:
    levon = await visitor(lang="fr", width=360, height=740, scripts=False)
    await levon.open_petition("fr")
    await levon.fill(name="Levon d’Arménie", email="levon@example.org", country="FR")
    await levon.press(".sign button[type=submit]")
    assert "/sent?s=" in levon.page.url
    assert "levon@example.org" in await levon.page.inner_text("main")
    await confirm_by_mail(levon, installation, "levon@example.org")
    assert await lane_of_the_only_signature(installation) == "slow"
    assert await installation.seal() == 1
    await levon.open_petition("fr")
    await levon.page.reload()
    assert await levon.shown_count() == 1


async def test_an_empty_form_comes_back_with_a_list_that_leads_to_each_field(visitor: Come, installation: Installation) -> None:
    for scripts in (True, False):
        ani = await visitor(scripts=scripts)
        await ani.open_petition()
        await ani.page.fill("#name", "Ani Petrosyan")
        await ani.press(".sign button[type=submit]")
        assert await ani.page.locator("#summary a").evaluate_all("links => links.map(a => a.hash)") == ["#email", "#country", "#consent"]
        if scripts:
            assert await ani.page.evaluate("document.activeElement.id") == "summary"
        assert await ani.page.input_value("#name") == "Ani Petrosyan", "what was typed is still there"
        assert (await ani.page.title()).startswith("Error:")
        await ani.page.click("#summary a[href='#email']")
        assert await ani.page.evaluate("document.activeElement.id") == "email"
        for field in ("email", "country", "consent"):
            assert await ani.page.get_attribute(f"#{field}", "aria-invalid") == "true"
            described = (await ani.page.get_attribute(f"#{field}", "aria-describedby") or "").split()
            assert f"{field}-wrong" in described
            assert await ani.page.inner_text(f"#{field}-wrong")
    assert await installation.rows("select 1 from intake") == []


async def test_a_form_that_came_back_is_mended_and_sent(visitor: Come, installation: Installation) -> None:
    ani = await visitor()
    await ani.open_petition()
    await ani.fill(email="ani at example.org")
    await ani.press(".sign button[type=submit]")
    await ani.page.fill("#email", "ani@example.org")
    await ani.press(".sign button[type=submit]")
    assert "/sent?s=" in ani.page.url
    await installation.work()
    assert len(installation.letters("ani@example.org")) == 1


async def test_a_signer_needs_no_mouse(visitor: Come, installation: Installation) -> None:
    ani = await visitor()
    await ani.open_petition()
    keys = ani.page.keyboard

    async def tab_to(wanted: str) -> None:
        for _ in range(40):
            if await ani.page.evaluate('document.activeElement.matches("' + wanted + '")'):
                outline = await ani.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"one sees that {wanted} has the focus"
                return
            await keys.press("Tab")
        raise AssertionError(f"the tab key does not lead to {wanted}")

    await tab_to(".skip")
    await keys.press("Enter")
    assert await ani.page.evaluate("document.activeElement.id") == "main"
    await tab_to("#name")
    await keys.type("Ani Petrosyan")
    await tab_to("#email")
    await keys.type("ani@example.org")
    await tab_to("#country")
    await keys.type("Arm")
    await tab_to("[name=visibility]:checked")
    await keys.press("ArrowDown")
    assert await ani.page.is_checked("#visibility-show")
    await tab_to("#role")
    await tab_to("#consent")
    await keys.press("Space")
    await tab_to(".sign button[type=submit]")
    async with ani.page.expect_navigation():
        await keys.press("Enter")
    assert "/sent?s=" in ani.page.url
    await installation.work()
    await ani.open(installation.link("ani@example.org"))
    await tab_to("main form button")
    async with ani.page.expect_navigation():
        await keys.press("Enter")
    await tab_to("main form button")
    async with ani.page.expect_navigation():
        await keys.press("Space")
    assert await ani.data_state() == "confirmed"


async def test_a_robot_that_opens_twenty_links_and_runs_their_scripts_confirms_none_and_twenty_presses_confirm_twenty(
    visitor: Come, installation: Installation
) -> None:
    addresses = [f"signer-{number}@example.org" for number in range(20)]
    for address in addresses:
        assert (await installation.post(email=address)).status_code == 202
    await installation.work()
    await installation.pass_seconds(60)
    links = [installation.link(address) for address in addresses]
    robot = await visitor()
    for link in links:
        page = await robot.open(link)
        await page.wait_for_load_state("networkidle") if link == links[0] else await page.wait_for_load_state("load")
        await page.mouse.move(300, 300)
        assert await robot.data_state() == "ask"
    assert await installation.rows("select 1 from signature where state = 'confirmed'") == []
    assert await installation.seal() == 0
    people = await visitor()
    for link in links:
        await people.open(link)
        await people.press()
        assert await people.data_state() == "confirmed"
    assert await installation.seal() == 20


async def test_a_proof_that_another_petition_asked_for_brings_the_form_back_filled_in(visitor: Come, installation: Installation) -> None:
    ani = await visitor(scripts=False)
    await ani.open_petition()
    await ani.fill()
    stranger = base64.b64encode(json.dumps({"challenge": {"parameters": {}, "signature": "no"}, "solution": {}}).encode()).decode()
    await add_hidden(ani.page, "altcha", stranger)
    await ani.press(".sign button[type=submit]")
    assert await ani.page.input_value("#email") == "ani@example.org"
    assert await ani.page.is_checked("#consent")
    assert await ani.page.locator("#summary li").count() == 1


async def add_hidden(page: Page, name: str, value: str) -> None:
    await page.locator("form[data-sign]").evaluate(
        "(form, [name, value]) => { const field = document.createElement('input'); field.type = 'hidden';"
        " field.name = name; field.value = value; form.append(field); }",
        [name, value],
    )


async def test_a_double_click_signs_once(visitor: Come, installation: Installation) -> None:
    ani = await visitor()
    await ani.open_petition()
    await ani.fill()
    async with ani.page.expect_navigation(url="**/sent?s=**"):
        await ani.page.dblclick(".sign button[type=submit]")
    await asyncio.sleep(0.2)
    await installation.work()
    assert len(installation.letters("ani@example.org")) == 1
    assert len(await installation.rows("select 1 from signature")) == 1
