"""A real browser, one for the whole run, and visitors who share nothing with each other.

A visitor writes down whatever would shame us on any page: a request to somebody else, a script error, a refused policy, a
cookie, a dialog. The test that made the visitor fails when something was written down.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright

from browser.visitor import Come, Visitor
from installation import Installation

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium where there is one, else the one that Playwright brought."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS, headless=True, timeout=150_000)
        try:
            yield browser
        finally:
            await browser.close()


@pytest.fixture
async def visitor(chromium: Browser, installation: Installation) -> AsyncIterator[Come]:
    """``await visitor(lang=…, width=…, scripts=…, scheme=…)``: a new visitor, of whom nothing shameful may be known at the end.

    ``also`` are other people's sites that this visitor goes to.
    """
    came: list[Visitor] = []

    async def come(
        *,
        lang: str = "en",
        width: int = 1280,
        height: int = 900,
        scripts: bool = True,
        scheme: Any = "light",
        also: tuple[str, ...] = (),
        motion: Any = "reduce",
    ) -> Visitor:
        context = await chromium.new_context(
            locale=lang,
            viewport={"width": width, "height": height},
            java_script_enabled=scripts,
            color_scheme=scheme,
            reduced_motion=motion,
        )
        context.set_default_timeout(90_000)
        one = Visitor(installation, context, await context.new_page(), also=also)
        one.watch()
        came.append(one)
        return one

    yield come
    shame = [line for one in came for line in await one.leave()]
    assert not shame, shame
