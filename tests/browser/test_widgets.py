"""A petition on other people's pages, in a real browser on another origin: what a reader sees, can do, and is not told about."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import FrameLocator, Page

from bench.topology import free_port
from browser.neighbour import Neighbour, neighbour
from browser.visitor import Come, Visitor, comes_true
from installation import Installation

PICTURES = bool(os.environ.get("LIBERTAS_TEST_PICTURES"))
VARIANTS = ("card", "bar", "button", "counter", "sponsors", "case")


@pytest.fixture
async def site(installation: Installation) -> AsyncIterator[Neighbour]:
    """A partner's site; the sample partner's list has this machine by its name, ``localhost``."""
    async with neighbour(free_port()) as one:
        yield one


def line(house: Installation, variant: str = "card", *, lang: str = "", more: str = "") -> str:
    """What a partner copies from the builder."""
    base, slug = house.settings.base_url, house.slug
    about = f' lang="{lang}"' if lang else ""
    return (
        f'<libertas-petition slug="{slug}" variant="{variant}" partner="sample-partner"{about} {more}>'
        f'<a href="{base}/{lang or "en"}/petitions/{slug}">Sign the petition</a></libertas-petition>'
    )


def page(house: Installation, *elements: str, lang: str = "en", head: str = "", about: str = "") -> str:
    script = f'<script type="module" src="{house.settings.base_url}/widget.js"></script>'
    return (
        f'<!doctype html><html lang="{lang}" {about}><head><meta charset="utf-8"><title>Diaspora news</title><link rel="icon" href="data:,">'
        f"{head}{script}</head><body><main><h1>News</h1>{''.join(elements)}</main></body></html>"
    )


async def visit(visitor: Come, site: Neighbour, html: str, *, host: str = "localhost", **about: Any) -> Visitor:
    one: Visitor = await visitor(also=(f"http://{host}:{site.port}/",), **about)
    site.pages["/"] = html
    await one.page.goto(site.at("/", host))
    return one


def frame(page: Page) -> FrameLocator:
    return page.frame_locator("libertas-petition iframe")


async def sign_in_frame(page: Page, email: str = "stranger@example.org") -> None:
    await page.locator("libertas-petition").get_by_role("button").first.click()
    inside = frame(page)
    await inside.locator("#name").fill("Ani Petrosyan")
    await inside.locator("#email").fill(email)
    await inside.locator("#country").select_option("FR")
    await inside.locator("#consent").check()
    await inside.locator("button.act").click()
    await inside.locator("main[data-frame=sent]").wait_for()


LISTEN = """
window.told = [];
for (const what of ["ready", "open", "sent", "close", "count", "failed"])
  document.addEventListener("libertas:" + what, (event) => window.told.push([what, event.detail]));
"""


async def test_one_line_on_a_partners_page_shows_the_petition_and_a_stranger_signs_through_it(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    ani = await visitor(also=(site.at("/"),))
    await ani.page.add_init_script(LISTEN)
    site.pages["/"] = page(installation, line(installation), lang="fr-CH")
    await ani.page.goto(site.at())
    card = ani.page.locator("libertas-petition")
    await card.get_by_role("button", name="Signer").wait_for()
    assert await card.locator("h2 a").get_attribute("href") == (f"{ani.base}/fr/petitions/{installation.slug}?partner=sample-partner"), (
        "the page's language, and the partner's credit"
    )
    assert "0 signature" in await card.locator(".count").inner_text()
    await sign_in_frame(ani.page)
    assert "stranger@example.org" in await frame(ani.page).locator(".address").inner_text()
    told = await ani.page.evaluate("window.told")
    assert [what for what, _ in told] == ["ready", "open", "sent"]
    assert all(set(detail) == {"slug", "count"} for _, detail in told), "an event holds nothing about a person"
    assert "stranger" not in json.dumps(told)
    await installation.work()
    await installation.pass_seconds(60)
    assert await installation.press(installation.link("stranger@example.org")) == "confirmed"
    assert (await installation.rows("select partner, state from signature"))[0][:] == ("sample-partner", "confirmed")
    assert await installation.seal() == 1
    assert await ani.page.evaluate("document.cookie + Object.keys(localStorage) + Object.keys(sessionStorage)") == ""


async def test_the_number_moves_while_somebody_looks_and_says_so_without_a_name(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    levon = await visitor(also=(site.at("/"),))
    await levon.page.add_init_script(LISTEN)
    await levon.page.clock.install()
    site.pages["/"] = page(installation, line(installation, "counter"))
    await levon.page.goto(site.at())
    number = levon.page.locator("libertas-petition strong")
    await number.wait_for()
    assert await number.inner_text() == "0"
    await installation.confirm()
    await installation.seal()
    async with levon.page.expect_response(lambda answer: answer.url.endswith("/en.json") and answer.status == 200):
        await levon.page.clock.fast_forward(60_000)
    await comes_true(levon.page, "document.querySelector('libertas-petition').shadowRoot.querySelector('strong').textContent === '1'")
    assert (await levon.page.evaluate("window.told"))[-1] == ["count", {"slug": installation.slug, "count": 1}]
    asked = []
    levon.page.on("request", lambda request: asked.append(request.url))
    await levon.page.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden'})")
    await levon.page.clock.fast_forward(300_000)
    assert asked == [], "nobody looks, so nobody asks"


async def test_a_host_that_is_not_on_the_list_cannot_frame_the_form_and_its_reader_finds_our_page(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    stranger = await visitor(also=(site.at("/", "127.0.0.1"),))
    await stranger.page.add_init_script(LISTEN)
    base, slug = installation.settings.base_url, installation.slug
    site.pages["/"] = page(installation, line(installation), f'<iframe id="bare" src="{base}/embed/{slug}?lang=en"></iframe>')
    await stranger.page.goto(site.at(host="127.0.0.1"))
    await stranger.page.locator("libertas-petition").get_by_role("button", name="Sign").click()
    link = stranger.page.locator("libertas-petition").get_by_role("link", name="Sign on our own page")
    await link.wait_for()
    assert (await link.get_attribute("href") or "").startswith(f"{base}/en/petitions/{slug}")
    assert await stranger.page.frame_locator("#bare").locator("form").count() == 0
    assert [what for what, _ in await stranger.page.evaluate("window.told")] == ["ready", "open", "failed"]
    refused = [line for line in stranger.shame if "frame-ancestors" in line]
    assert len(refused) == len(stranger.shame) == 2, "the browser itself refused both frames"
    stranger.shame.clear()


async def test_a_strict_policy_and_broken_styles_of_the_page_around_change_nothing(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    ours = installation.settings.base_url
    site.headers["content-security-policy"] = (
        f"default-src 'none'; script-src {ours}; connect-src {ours}; frame-src {ours}; style-src 'self'; img-src data:"
    )
    ani = await visit(visitor, site, page(installation, line(installation)), width=600)
    button = ani.page.locator("libertas-petition").get_by_role("button", name="Sign")
    await button.wait_for()
    plain = await button.evaluate("e => { const s = getComputedStyle(e); return [s.backgroundColor, s.fontSize, s.textTransform] }")
    assert plain == ["rgb(140, 28, 43)", "16px", "none"], "constructed sheets are no inline styles"
    site.headers.clear()
    broken = (
        "<style>* { font: italic 7px monospace !important; color: lime !important; text-transform: uppercase !important; letter-spacing: 9px;"
        " float: right; direction: rtl; line-height: 0; visibility: hidden }"
        " button, a, h2, div { display: none !important } libertas-petition { visibility: visible }</style>"
    )
    levon = await visit(visitor, site, page(installation, line(installation), head=broken), width=600)
    button = levon.page.locator("libertas-petition").get_by_role("button", name="Sign")
    await button.wait_for()
    assert await button.evaluate("e => { const s = getComputedStyle(e); return [s.backgroundColor, s.fontSize, s.textTransform] }") == plain
    assert await button.evaluate("e => getComputedStyle(e).direction + getComputedStyle(e).letterSpacing") == "ltrnormal"


async def test_without_script_or_network_a_link_remains(visitor: Come, installation: Installation, site: Neighbour) -> None:
    html = page(installation, line(installation, lang="hy"))
    old = await visit(visitor, site, html, scripts=False)
    link = old.page.locator("libertas-petition a")
    assert await link.is_visible() and await link.get_attribute("href") == f"{old.base}/hy/petitions/{installation.slug}"
    cut = await visitor(also=(site.at("/"),))
    await cut.page.add_init_script(LISTEN)
    await cut.page.route("**/embed/**", lambda route: route.abort())
    bare = f'<libertas-petition id="bare" slug="{installation.slug}"></libertas-petition>'
    site.pages["/"] = page(installation, line(installation), bare)
    await cut.page.goto(site.at())
    await comes_true(cut.page, "window.told.length === 2")
    assert await cut.page.locator("libertas-petition a").first.is_visible()
    assert (await cut.page.locator("#bare a").get_attribute("href") or "").endswith(f"/en/petitions/{installation.slug}")
    assert {what for what, _ in await cut.page.evaluate("window.told")} == {"failed"}
    cut.shame[:] = [line for line in cut.shame if "ERR_FAILED" not in line]


async def test_on_a_slow_network_the_link_can_be_used_until_the_card_is_there(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    import asyncio

    arrives = asyncio.Event()
    late = await visitor(also=(site.at("/"),))

    async def slowly(route: Any) -> None:
        await arrives.wait()
        await route.continue_()

    await late.page.route("**/embed/**", slowly)
    site.pages["/"] = page(installation, line(installation))
    await late.page.goto(site.at(), wait_until="commit")
    link = late.page.locator("libertas-petition > a")
    await comes_true(late.page, "!!customElements.get('libertas-petition')")
    assert await link.is_visible()
    arrives.set()
    await late.page.locator("libertas-petition").get_by_role("button", name="Sign").wait_for()
    assert not await link.is_visible()


async def test_two_elements_on_one_page_ask_once_and_open_one_form_each(visitor: Come, installation: Installation, site: Neighbour) -> None:
    both = await visitor(also=(site.at("/"),))
    asked: list[str] = []
    both.context.on("request", lambda request: asked.append(request.url))
    site.pages["/"] = page(installation, line(installation), line(installation, "bar"))
    await both.page.goto(site.at())
    for number in (0, 1):
        await both.page.locator("libertas-petition").nth(number).get_by_role("button", name="Sign").wait_for()
    assert sum(url.endswith("/en.json") for url in asked) == 1
    bar = both.page.locator("libertas-petition").nth(1)
    await bar.get_by_role("button", name="Sign").click()
    await bar.locator("dialog iframe").wait_for()
    await bar.locator("iframe").content_frame.locator("main[data-frame=form]").wait_for()
    assert await both.page.locator("libertas-petition").nth(0).locator("iframe").count() == 0
    await comes_true(both.page, "document.querySelectorAll('libertas-petition')[1].shadowRoot.querySelector('iframe').offsetHeight > 600")
    await both.page.keyboard.press("Shift+Tab")
    await bar.locator("dialog .shut").focus()
    await both.page.keyboard.press("Escape")
    await bar.locator("dialog").wait_for(state="detached")
    assert await bar.evaluate("e => e.shadowRoot.activeElement?.className") == "act", "the focus is where it was"


async def test_in_a_page_that_is_read_from_the_right_the_card_keeps_its_own_direction(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    one = await visit(visitor, site, page(installation, line(installation, lang="fr"), lang="ar", about='dir="rtl"'), width=360)
    box = one.page.locator("libertas-petition .box")
    await box.wait_for()
    assert await box.evaluate("e => getComputedStyle(e).direction + getComputedStyle(e.querySelector('h2')).textAlign") == "ltrstart"
    assert await one.overflow() == 0


async def test_a_message_from_elsewhere_or_of_another_shape_changes_nothing(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    one = await visit(visitor, site, page(installation, line(installation)))
    await one.page.locator("libertas-petition").get_by_role("button", name="Sign").click()
    inside = frame(one.page)
    await inside.locator("main[data-frame=form]").wait_for()
    height = "document.querySelector('libertas-petition').shadowRoot.querySelector('iframe').style.blockSize"
    await comes_true(one.page, f"parseInt({height}) > 600")
    before = await one.page.evaluate(height)
    await one.page.evaluate("""() => {
      for (const told of [{libertas: 1, type: "height", state: "form", height: 333}, {libertas: 1, type: "sent"}, null, "x", 7])
        window.postMessage(told, "*");
    }""")
    handle = await one.page.locator("libertas-petition iframe").element_handle()
    real = await handle.content_frame()
    assert real is not None
    for told in ("{libertas: 1, type: 'height', state: 'form', height: -4}", "{libertas: 2, type: 'height', state: 'form', height: 333}",
                 "{libertas: 1, type: 'height', state: 'form', height: '333'}", "{libertas: 1, type: 'own', state: 'form', height: 333}"):  # fmt: skip
        await real.evaluate(f"parent.postMessage({told}, '*')")
    await real.evaluate("new Promise((done) => setTimeout(done, 100))")
    assert await one.page.evaluate(height) == before
    control = "parent.postMessage({libertas: 1, type: 'height', state: 'form', height: 333}, '*')"
    await real.evaluate(control)
    await comes_true(one.page, f"{height} === '333px'")
    # The other way: only the listed page around may set colours, and only ones that can be read.
    act = "getComputedStyle(document.querySelector('button.act')).backgroundColor"
    first = await real.evaluate(act)
    say = "document.querySelector('libertas-petition').shadowRoot.querySelector('iframe').contentWindow.postMessage"
    for look in ("{libertas: 1, type: 'look', accent: 'rgb(250, 250, 250)', on: 'rgb(255, 255, 255)'}",
                 "{libertas: 1, type: 'look', accent: 'url(//x.example)', on: 'rgb(255, 255, 255)'}"):  # fmt: skip
        await one.page.evaluate(f"{say}({look}, '*')")
    await real.evaluate("new Promise((done) => setTimeout(done, 100))")
    assert await real.evaluate(act) == first
    await one.page.evaluate(f"{say}({{libertas: 1, type: 'look', accent: 'rgb(0, 60, 0)', on: 'rgb(255, 255, 255)'}}, '*')")
    await comes_true(real, f"{act} === 'rgb(0, 60, 0)'")


async def test_a_strict_page_loads_the_script_with_its_integrity_and_not_with_another(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    from service.web import widgets
    from service.web.pages import Pages

    pages = Pages(installation.settings, installation.shelf.now)
    mark = widgets.integrity(pages.assets["embed/widget.js"])
    ours = installation.settings.base_url
    for integrity, appears in ((mark, True), ("sha384-" + "A" * 64, False)):
        site.headers["content-security-policy"] = (
            f"default-src 'none'; script-src {ours}; connect-src {ours}; frame-src {ours}; style-src 'none'; img-src data:"
        )
        html = page(installation, line(installation)).replace(
            "/widget.js", f'{widgets.versioned(pages)}" crossorigin="anonymous" integrity="{integrity}'
        )
        one = await visit(visitor, site, html)
        await one.page.wait_for_load_state("networkidle")
        assert await one.page.evaluate("!!customElements.get('libertas-petition')") == appears
        one.shame[:] = [line for line in one.shame if "integrity" not in line]
        site.headers.clear()


async def focused(page: Page) -> str:
    """Id, else class, of what has the focus inside the frame of the form."""
    frames = [each for each in page.frames if "/embed/" in each.url]
    return str(await frames[0].evaluate("document.activeElement.id || document.activeElement.className || document.activeElement.tagName"))


async def test_levon_signs_with_the_keyboard_alone_and_hears_what_happens(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    levon = await visit(visitor, site, page(installation, line(installation)))
    keys, card = levon.page.keyboard, levon.page.locator("libertas-petition")
    await card.get_by_role("button", name="Sign").wait_for()
    assert await levon.page.get_by_role("progressbar", name="Progress towards the goal").get_attribute("aria-valuenow") == "0"
    await keys.press("Tab")
    assert await card.evaluate("e => e.shadowRoot.activeElement.closest('h2') !== null"), "first the title"
    await keys.press("Tab")
    assert await card.evaluate("e => e.shadowRoot.activeElement.className") == "act"
    assert await card.evaluate("e => getComputedStyle(e.shadowRoot.activeElement).outlineStyle") == "solid", "and one sees where one is"
    await keys.press("Enter")
    assert await card.get_by_role("button", name="Sign").get_attribute("aria-expanded") == "true"
    inside = frame(levon.page)
    await inside.locator("main[data-frame=form]").wait_for()
    assert not await levon.faults_by_axe(frames=False)
    typed = {"name": "Levon", "email": "levon@example.org", "country": "France", "consent": " "}
    for _ in range(20):
        await keys.press("Tab")
        wanted = typed.pop(await focused(levon.page), "")
        await keys.type(wanted)
        if not typed:
            break
    assert not typed, "every field is reached in order"
    await keys.press("Enter")
    await inside.locator("main[data-frame=sent]").wait_for()
    await comes_true(levon.page, "document.activeElement.shadowRoot?.activeElement?.tagName === 'IFRAME'")
    assert await focused(levon.page) == "H1", "the new heading is read out"
    await card.locator("button.shut").focus()
    await keys.press("Enter")
    assert await card.evaluate("e => e.shadowRoot.activeElement.className") == "act", "and the focus is where it was"
    assert await card.get_by_role("button", name="Sign").get_attribute("aria-expanded") == "false"


async def test_who_asked_for_stillness_sees_nothing_move(visitor: Come, installation: Installation, site: Neighbour) -> None:
    for motion, moves in (("reduce", False), ("no-preference", True)):
        one = await visit(visitor, site, page(installation, line(installation)), motion=motion)
        await one.page.locator("libertas-petition .goal span").wait_for(state="attached")
        told = await one.page.locator("libertas-petition .goal span").evaluate("e => getComputedStyle(e).transitionDuration")
        assert (told not in ("0s", "none", "")) == moves, motion


async def test_the_builder_shows_what_it_lets_one_copy_with_script_and_without(visitor: Come, installation: Installation) -> None:
    levon = await visitor(lang="fr")
    await levon.open("/fr/embed?accent=%23003366")
    shown = levon.page.frame_locator("iframe.preview").locator("libertas-petition")
    button = shown.get_by_role("button", name="Signer")
    assert await button.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(0, 51, 102)"
    async with levon.page.expect_navigation():
        await levon.page.select_option("#variant", "bar")
    assert 'variant="bar"' in await levon.page.input_value("#line")
    assert not await levon.faults_by_axe()
    await levon.page.frame_locator("iframe.preview").locator("libertas-petition").get_by_role("button", name="Signer").click()
    inside = levon.page.frame_locator("iframe.preview").frame_locator("libertas-petition iframe")
    await inside.locator("main[data-frame=form]").wait_for()
    if PICTURES:
        for lang in ("fr", "en", "hy"):
            for width in (360, 1280):
                one = await visitor(lang=lang, width=width)
                await one.open(f"/{lang}/embed")
                await one.page.frame_locator("iframe.preview").locator("libertas-petition .box").wait_for()
                await one.picture(f"builder-{lang}-{width}")
                assert await one.overflow() == 0
                await one.open(f"/{lang}/partners")
                await one.picture(f"partners-{lang}-{width}")
    plain = await visitor(lang="en", scripts=False)
    await plain.open("/en/embed")
    await plain.page.select_option("#variant", "counter")
    await plain.press("form[data-builder] button[type=submit]")
    assert 'variant="counter"' in await plain.page.input_value("#line")
