"""Somebody with a browser, who notices what would shame us."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Frame, Page, Request

from installation import Installation

ARTIFACTS = Path(__file__).parents[1] / "artifacts"

AXE = {"resultTypes": ["violations"], "preload": False}

OWN_STATUS = "Failed to load resource: the server responded with a status of"
"""Chromium's own line about an answer such as 400 or 404; the tests look at those themselves."""


async def comes_true(where: Page | Frame, expression: str) -> None:
    """Returns when ``expression`` is true there. Asked from outside: a page of ours forbids what Playwright's own waiting does within."""
    async with asyncio.timeout(90):
        while not await where.evaluate(expression):
            await asyncio.sleep(0.05)


@dataclass
class Visitor:
    """Somebody with a browser of their own. ``page`` is the open tab; ``at`` gives an address of the installation."""

    installation: Installation
    context: BrowserContext
    page: Page
    shame: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    also: tuple[str, ...] = ()
    may_keep: frozenset[str] = frozenset()
    """Names of cookies that this visitor may have: none, but for organizers."""

    @property
    def base(self) -> str:
        return self.installation.settings.base_url

    def at(self, path: str) -> str:
        return self.base + path

    async def open(self, path: str) -> Page:
        await self.page.goto(self.at(path))
        return self.page

    async def open_petition(self, lang: str = "en") -> Page:
        return await self.open(f"/{lang}/petitions/{self.installation.slug}")

    async def fill(self, *, name: str = "Ani Petrosyan", email: str = "ani@example.org", country: str = "AM") -> None:
        """Answer the form as a person would; the consent is ticked last."""
        await self.page.fill("#name", name)
        await self.page.fill("#email", email)
        await self.page.select_option("#country", country)
        await self.page.check("#consent")

    async def press(self, selector: str = "main form button[type=submit]") -> None:
        """Press a button that leads to another page, and wait for it."""
        async with self.page.expect_navigation():
            await self.page.click(selector)

    async def data_state(self) -> str:
        return await self.page.get_attribute("main", "data-state") or ""

    async def shown_count(self) -> int:
        return int(await self.page.inner_text("[data-count]"))

    async def faults_by_axe(self, *, frames: bool = True) -> list[str]:
        """What axe-core finds wrong on the open page, one line each; without ``frames`` where those are another site's."""
        found = await Axe().run(self.page, options={**AXE, "iframes": frames})
        return [
            f"{self.page.url.removeprefix(self.base)}: {one['id']} at {[node['target'] for node in one['nodes']]}"
            for one in found.response["violations"]
        ]

    async def overflow(self) -> int:
        """By how many pixels the page is wider than the screen."""
        return int(await self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    async def picture(self, name: str) -> None:
        """A picture of the whole page, for people to look at (tests/artifacts, not in git)."""
        ARTIFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.base + "/", "blob:", "data:", *self.also)):
            self.shame.append(f"a request to somebody else: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(OWN_STATUS):
            self.shame.append(f"{self.page.url}: console: {message.text}")

    def _threw(self, error: Any) -> None:
        self.shame.append(f"{self.page.url}: script error: {error}")

    async def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        self.shame.append(f"a dialog: {dialog.message}")
        await dialog.dismiss()

    def watch(self) -> None:
        self.context.on("request", self._asked)
        self.context.on("console", self._said)
        self.page.on("pageerror", self._threw)
        self.page.on("dialog", self._dialog)

    async def leave(self) -> list[str]:
        """Close everything; returns what was written down."""
        self.shame += [f"a cookie: {each.get('name')}" for each in await self.context.cookies() if each.get("name") not in self.may_keep]
        await self.context.close()
        return self.shame


Come = Callable[..., Awaitable[Visitor]]
"""The ``visitor`` fixture: each call is a new visitor."""
