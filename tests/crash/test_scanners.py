"""Mail scanners follow links, run scripts and ask with HEAD: nobody is confirmed but by a press."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from crowd import FORM
from playwright.async_api import Browser, async_playwright

from bench import material
from installation import state_of

SCANNERS = (
    {"user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"},
    {"user-agent": "ExampleSafeLinks/2.1 (link scanner)"},
    {"purpose": "prefetch"},
)


async def _read_by_a_browser(browser: Browser, url: str) -> None:
    """Opens the page, runs every script, waits, scrolls, and presses nothing."""
    page = await browser.new_page()
    page.set_default_timeout(120_000)
    await page.goto(url, wait_until="networkidle")
    await page.mouse.wheel(0, 4000)
    await page.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("links", "in_browser"), [(100, 6), pytest.param(1_000, 100, marks=pytest.mark.torture)])
async def test_no_scanner_confirms_and_every_person_does(
    town: Callable[..., Any], note: Callable[..., None], links: int, in_browser: int
) -> None:
    async with town(webs=1, workers=0) as one:
        paths = await material.waiting(one, links, lambda *_: None)
        url = one.webs[0].url
        async with httpx2.AsyncClient(timeout=120, base_url=url) as client:
            for number, path in enumerate(paths):
                headers = SCANNERS[number % len(SCANNERS)]
                assert (await client.head(path, headers=headers)).status_code == 200
                assert state_of(await client.get(path, headers=headers)) == "ask"
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=_chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"], timeout=150_000
                )
                for path in paths[:in_browser]:
                    await _read_by_a_browser(browser, f"{url}{path}")
                await browser.close()
            by_scanners = await one.owner.fetchval("select count(*) from signature where state <> 'pending'")
            for path in paths:
                assert state_of(await client.post(path, headers=FORM)) == "confirmed"
        by_people = await one.owner.fetchval("select count(*) from signature where state = 'confirmed'")
    note("scanners on links", 1, f"{links} links", f"{by_scanners} confirmed by scanners", 0, "", f"{by_people} by presses")
    assert by_scanners == 0
    assert by_people == links


def _chromium() -> str:
    import shutil

    return next(found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name)))
