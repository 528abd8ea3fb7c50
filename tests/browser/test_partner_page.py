"""A partner's own page, made from what the builder lets one copy: everything on it at once, and a stranger who signs there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from playwright.async_api import FrameLocator, Page

from bench.topology import free_port
from browser.neighbour import Neighbour, neighbour
from browser.visitor import ARTIFACTS, Come, comes_true
from installation import Installation
from service import partners

PARTNER = "sample-partner"
VARIANTS = ("card", "bar", "button", "counter", "sponsors", "case")
WIDTHS = (280, 360, 1280)
DARK = "@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } a { color: #9cf } }"


@pytest.fixture
async def site(installation: Installation) -> AsyncIterator[Neighbour]:
    """A partner's site; the sample partner's list has this machine by its name, ``localhost``."""
    async with neighbour(free_port()) as one:
        yield one


async def copied(house: Installation, lang: str, variant: str) -> dict[str, str]:
    """What the builder's boxes hold, by their names."""
    asked = {"variant": variant, "language": lang, "partner": PARTNER}
    page = BeautifulSoup((await house.client.get(f"/{lang}/embed", params=asked)).text, "html.parser")
    return {str(box["id"]): box.text.strip() for box in page.select("textarea")}


async def whole_page(house: Installation, lang: str) -> str:
    """Every variant, the frame without script, the badge, and the card that oEmbed gives: pasted, nothing else."""
    pasted = [f"<section>{(await copied(house, lang, variant))['line']}</section>" for variant in VARIANTS]
    others = await copied(house, lang, "card")
    card = (await house.client.get("/oembed", params={"url": others["address"], "maxwidth": "240"})).json()["html"]
    pasted += [f"<section>{one}</section>" for one in (others["badge"], others["badge"].replace(".png", ".svg"), card, others["frame"])]
    style = f"<style>body {{ font: 16px/1.5 sans-serif; margin: 8px }} section {{ margin: 0 0 16px }} iframe {{ border: 0 }} img {{ max-width: 100% }} {DARK}</style>"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Page</title><link rel="icon" href="data:,">{style}'
    return f'<!doctype html><html lang="{lang}"><head>{head}</head><body><main><h1>Diaspora</h1>{"".join(pasted)}</main></body></html>'


async def fill(inside: FrameLocator, name: str = "Ani Petrosyan", email: str = "ani@example.org") -> None:
    """Answer the form as a person would, and send it."""
    await inside.locator("#name").fill(name)
    await inside.locator("#email").fill(email)
    await inside.locator("#country").select_option("FR")
    await inside.locator("#consent").check()
    await inside.locator("button.act").click()


async def shown(page: Page) -> None:
    """Everything is there: each element has drawn, and each frame of ours has come."""
    for number in range(len(VARIANTS)):
        await page.locator("libertas-petition").nth(number).locator(".box").wait_for()
    await page.frame_locator("iframe[src*='/card']").locator("a.act").wait_for()
    await page.frame_locator("iframe[src*='/embed/']:not([src*='/card'])").locator("main[data-frame=form]").wait_for()
    await comes_true(page, "[...document.images].every((image) => image.complete && image.naturalWidth > 0)")


async def test_a_page_with_everything_on_it_can_be_read_in_a_narrow_column_by_light_and_by_dark_in_three_languages(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    await installation.owner.execute("update log set published_count = 1234 where petition_id is not null")
    await installation.count()
    one = await visitor(also=(site.at("/"),))
    ARTIFACTS.mkdir(exist_ok=True)
    for lang in ("fr", "en", "hy"):
        site.pages[f"/{lang}"] = await whole_page(installation, lang)
        await one.page.goto(site.at(f"/{lang}"))
        await shown(one.page)
        for scheme in ("light", "dark"):
            await one.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            for width in WIDTHS:
                await one.page.set_viewport_size({"width": width, "height": 3_400})  # frames far below are not painted
                await one.picture(f"partner-page-{lang}-{width}-{scheme}")
                assert await one.overflow() == 0, (lang, width)
            found = await one.faults_by_axe(frames=False)
            assert not found, (lang, scheme, found)


async def _sums(house: Installation, n: int) -> None:
    await house.owner.execute(
        "insert into daily_sum (petition_id, day, kind, key, n) select id, current_date - 3, 'partner', $2, $1 from petition", n, PARTNER
    )


async def _numbers(visitor: Come, key: str) -> Any:
    levon = await visitor(lang="fr")
    await levon.open("/fr/partners")
    await levon.page.fill("#key", key)
    await levon.press()
    return levon


async def test_a_stranger_signs_on_a_partners_page_and_the_partners_numbers_show_one_more(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    """From the builder's line to the partner's number: the whole way, on another port, as docs/embedding.md tells it."""
    await _sums(installation, 19)  # numbers are told in tens: one more makes them move
    key = await partners.new_key(installation.pool, (await partners.get(installation.pool, PARTNER))["id"])
    before = await _numbers(visitor, key)
    assert await before.page.inner_text("[data-total]") == "10"
    site.pages["/"] = await whole_page(installation, "en")
    ani = await visitor(also=(site.at("/"),), width=360)
    await ani.page.goto(site.at())
    await shown(ani.page)
    await ani.page.locator("libertas-petition").first.get_by_role("button", name="Sign").click()
    inside = ani.page.frame_locator("libertas-petition >> nth=0 >> iframe")
    await inside.locator("main[data-frame=form]").wait_for()
    await ani.picture("partner-page-form")
    await fill(inside, email="stranger@example.org")
    await inside.locator("main[data-frame=sent]").wait_for()
    await ani.picture("partner-page-sent")
    await installation.work()
    await installation.pass_seconds(60)
    await ani.page.goto(ani.at(installation.link("stranger@example.org")))
    await ani.press()
    assert await ani.data_state() == "confirmed"
    assert await installation.seal() == 1
    levon = await visitor(also=(site.at("/"),))
    await levon.page.goto(site.at())
    await levon.page.locator("libertas-petition").first.get_by_text("1 signature").wait_for()
    same = await _numbers(visitor, key)
    assert await same.page.inner_text("[data-total]") == "10", "not on the same day: it would tell the hour"
    await installation.owner.execute(
        "update signature set operational_until = operational_until - interval '25 hours', day = current_date - 1 where state = 'confirmed'"
    )
    await installation.worker.pass_time()
    after = await _numbers(visitor, key)
    assert await after.page.inner_text("[data-total]") == "20"
    await after.picture("partner-numbers")


WORDPRESS = """
window.told = [];
addEventListener("message", (event) => {
  const frame = [...document.querySelectorAll("iframe[data-secret]")].find((one) => one.contentWindow === event.source);
  if (!frame || event.data?.secret !== frame.dataset.secret) return;
  window.told.push(event.data.message);
  frame.removeAttribute("style");
  if (event.data.message === "height") frame.height = Math.min(1000, Math.max(200, parseInt(event.data.value, 10)));
  if (event.data.message === "link" && new URL(event.data.value).host === new URL(frame.src).host) location.href = event.data.value;
});
for (const frame of document.querySelectorAll("iframe[data-secret]"))
  frame.contentWindow.postMessage({ message: "ready", secret: frame.dataset.secret }, "*");
"""
"""What a WordPress page listens to (its embed protocol: height and link, by secret; ``ready`` once its script runs)."""


@pytest.mark.parametrize("is_late", [False, True])
async def test_in_the_sandbox_of_wordpress_the_card_says_its_height_and_its_link_leads_to_us(
    visitor: Come, installation: Installation, site: Neighbour, is_late: bool
) -> None:
    one = await visitor(also=(site.at("/", "127.0.0.1"),), width=600)
    address = f"{one.base}/fr/petitions/{installation.slug}"
    found = BeautifulSoup((await installation.client.get("/oembed", params={"url": address})).json()["html"], "html.parser")
    frame = found.select_one("iframe")
    assert frame is not None
    # As WordPress rewrites what it does not trust: no origin, no forms, no way out but by message; and a secret to know it by.
    frame["sandbox"], frame["data-secret"] = "allow-scripts", "Ab3dEf7hIj"
    frame["src"] = f"{frame['src']}#?secret=Ab3dEf7hIj"
    frame["height"], frame["style"] = "999", "position: absolute; visibility: hidden"  # until the card has said something
    script = "" if is_late else f"<script>{WORDPRESS}</script>"
    site.pages["/"] = (
        f'<!doctype html><html lang="fr"><title>Blog</title><link rel="icon" href="data:,"><main><h1>Blog</h1>{found}</main>{script}'
    )
    await one.page.goto(site.at("/", "127.0.0.1"))
    card = one.page.frame_locator("iframe")
    await card.locator("a.act").wait_for(state="attached")
    if is_late:
        assert await one.page.locator("iframe").get_attribute("height") == "999"
        await one.page.add_script_tag(content=WORDPRESS)  # the page's script comes after the card: it asks once more
    await comes_true(one.page, "window.told.includes('height')")
    assert await card.locator("a.act").evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(140, 28, 43)", "its style came, too"
    height = int(await one.page.locator("iframe").get_attribute("height") or 0)
    assert 200 <= height < 400
    assert await card.locator("html").evaluate("e => e.scrollHeight <= innerHeight"), "nothing is cut off"
    await one.picture(f"wordpress-{is_late}")
    await card.locator("a.act").click()
    await one.page.wait_for_url(f"{address}**")


async def test_the_frame_without_script_takes_a_signature_and_so_does_a_reader_without_script(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    lines = await copied(installation, "hy", "card")
    site.pages["/"] = f'<!doctype html><html lang="hy"><title>Page</title><link rel="icon" href="data:,"><main>{lines["frame"]}</main>'
    old = await visitor(also=(site.at("/"),), scripts=False, lang="hy", width=360)
    await old.page.goto(site.at())
    inside = old.page.frame_locator("iframe")
    await fill(inside, "Անի Պետրոսյան")
    await inside.locator("main[data-frame=sent]").wait_for()
    assert await inside.locator(".address").inner_text() == "ani@example.org"
    await installation.work()
    (row,) = await installation.rows("select partner from signature")
    assert row["partner"] == PARTNER


async def test_what_the_embedding_page_of_the_documentation_tells_to_paste_works_word_by_word(
    visitor: Come, installation: Installation, site: Neighbour
) -> None:
    text = (Path(__file__).parents[2] / "docs/embedding.md").read_text(encoding="utf-8")
    blocks: dict[str, list[str]] = {}
    for kind, block in re.findall(r"^ *```(html|css|js)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        blocks.setdefault(kind, []).append(block.replace("https://petition.example.org", installation.settings.base_url))
    (policy,) = re.findall(r"^    (script-src .*)$", text, re.MULTILINE)
    assert (len(blocks["html"]), len(blocks["css"]), len(blocks["js"])) == (2, 1, 1), "control: they were found"
    site.pages["/style.css"], site.pages["/page.js"] = blocks["css"][0], blocks["js"][0]
    site.pages["/"] = (
        '<!doctype html><html lang="fr"><title>Page</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css">'
        f'<script src="/page.js"></script><main>{"".join(blocks["html"])}</main>'
    )
    policy = policy.replace("https://petition.example.org", installation.settings.base_url)
    policy = policy.replace("script-src", "script-src 'self'")
    site.headers["content-security-policy"] = f"default-src 'none'; style-src 'self'; img-src data:; {policy}"
    one = await visitor(also=(site.at("/"),))
    said: list[str] = []
    one.page.on("console", lambda message: said.append(message.text))
    await one.page.goto(site.at())
    card = one.page.locator("libertas-petition")
    button = card.get_by_role("button", name="Signer")
    assert await button.evaluate("e => getComputedStyle(e).backgroundColor") == "rgb(0, 51, 102)"
    assert await card.evaluate("e => getComputedStyle(e.shadowRoot.querySelector('.card')).borderRadius + e.offsetWidth") == "0px480"
    await one.page.frame_locator("main > iframe").locator("main[data-frame=form]").wait_for()
    await button.click()
    inside = one.page.frame_locator("libertas-petition iframe")
    await fill(inside)
    await inside.locator("main[data-frame=sent]").wait_for()
    async with asyncio.timeout(60):
        while f"somebody signed {installation.slug}" not in said:
            await one.page.wait_for_timeout(20)


async def test_a_shared_address_has_its_picture_in_every_language(installation: Installation) -> None:
    await installation.owner.execute("update log set published_count = 1234 where petition_id is not null")
    await installation.count()
    case = (await installation.client.get("/api/v1/cases")).json()["cases"][0]["slug"]
    ARTIFACTS.mkdir(exist_ok=True)
    for lang in ("fr", "en", "hy"):
        for name, path in (
            ("petition", f"/share/{installation.slug}/{lang}.png"), ("milestone", f"/share/{installation.slug}/{lang}/500.png"),
            ("case", f"/share/cases/{quote(case)}/{lang}.png"),
        ):  # fmt: skip
            answer = await installation.client.get(path)
            assert answer.status_code == 200, path
            (ARTIFACTS / f"share-{name}-{lang}.png").write_bytes(answer.content)
