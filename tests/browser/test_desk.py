"""Organizers at their desk, with a real browser and a virtual authenticator: in, through, and out again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser

from browser import organizer
from browser.organizer import COOKIE, Organizer, invite
from installation import Installation
from service.organizers import ROLES, Grant

Colleague = Callable[..., Awaitable[Organizer]]
EVERYTHING = tuple(Grant(role) for role in ROLES)


@pytest.fixture
async def colleague(chromium: Browser, installation: Installation) -> AsyncIterator[Colleague]:
    """``await colleague("ani@example.org", *grants)``: invited, joined, with a passkey; nothing shameful known at the end."""
    came: list[Organizer] = []

    async def one(email: str, *grants: Grant, joins: bool = True, **more: Any) -> Organizer:
        who = await organizer.come(chromium, installation, email, **more)
        came.append(who)
        if joins:
            await invite(installation, email, *(grants or EVERYTHING))
            await who.join()
        return who

    yield one
    shame = [line for who in came for line in await who.leave()]
    assert not shame, shame


async def test_ani_comes_from_her_invitation_to_the_desk_and_signs_in_again(colleague: Colleague, installation: Installation) -> None:
    ani = await colleague("ani@example.org")
    assert "/desk/account" in ani.page.url
    assert "phone" in await ani.page.inner_text("main")
    await ani.press(".me button")
    assert ani.page.url.endswith("/desk/sign-in?said=signed-out")
    await ani.open("/desk/people")
    assert ani.page.url.endswith("/desk/sign-in"), "signed out is signed out"
    await ani.sign_in()
    assert await ani.page.inner_text("main h1") == "Petitions"
    [cookie] = [each for each in await ani.context.cookies() if each.get("name") == COOKIE]
    assert (cookie.get("secure"), cookie.get("httpOnly"), cookie.get("sameSite"), cookie.get("path")) == (True, True, "Lax", "/")
    await installation.work()
    assert any("new sign-in" in letter.subject for letter in installation.letters("ani@example.org"))
