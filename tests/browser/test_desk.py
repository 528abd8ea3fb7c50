"""Organizers at their desk, with a real browser and a virtual authenticator: in, through, and out again."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser

from browser import organizer
from browser.organizer import COOKIE, Organizer, invite
from installation import Installation
from service.organizers import ROLES, Grant

Colleague = Callable[..., Awaitable[Organizer]]
PICTURES = bool(os.environ.get("LIBERTAS_TEST_PICTURES"))
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
    assert any("new login" in letter.subject for letter in installation.letters("ani@example.org"))


WORDS = {
    "title": "Libérez-les · Free them · Ազատե՛ք",
    "summary": "Two sentences. Here they are.",
    "statement": "We ask **clearly**.\n\n- for release\n- for news\n\n[law](https://example.org/law)",
}


async def write_text(one: Organizer, slug: str, **changes: str) -> None:
    """Fill the side-by-side form in every language."""
    await one.open(f"/desk/petitions/{slug}/text")
    for part, words in {**WORDS, **changes}.items():
        for lang in ("fr", "en", "hy"):
            await one.page.fill(f"#{part}-{lang}", words)


async def new_petition(one: Organizer, slug: str, **fields: str) -> None:
    await one.open("/desk/new-petition")
    await one.page.fill("#slug", slug)
    for field, text in fields.items():
        await one.page.fill(f"#{field}", text)
    await one.press("main form button")


async def test_gayane_walks_from_her_invitation_to_an_opened_petition(colleague: Colleague, installation: Installation) -> None:
    gayane = await colleague("gayane@example.org", Grant("editor"))
    await new_petition(gayane, "free-them", goals="100, 1000")
    assert gayane.page.url.endswith("/desk/petitions/free-them/text?said=created")
    await write_text(gayane, "free-them")
    await gayane.press("button[value=preview]")
    assert await gayane.page.locator(".preview strong").count() == 3
    await gayane.press("button[value=publish]")
    await installation.worker.publish()
    await gayane.open("/desk/petitions/free-them")
    await gayane.press("form:has(input[value=open-now]) button")
    await installation.settle()
    signer = await gayane.context.browser.new_page()  # type: ignore[union-attr]
    await signer.goto(gayane.at("/fr/petitions/free-them"))
    assert await signer.locator(".sign").count() == 1, "it can be signed"
    assert WORDS["title"] in await signer.inner_text("h1")
    await signer.context.close()
    await write_text(gayane, "free-them", summary="Two sentences. There they go.")
    await gayane.press("button[value=publish]")
    await installation.worker.publish()
    await gayane.open("/desk/petitions/free-them/history")
    assert await gayane.page.locator("del", has_text="are.").count() == 3
    assert await gayane.page.locator("ins", has_text="go.").count() == 3


@pytest.mark.parametrize(("lang", "width"), [("en", 1280), ("fr", 360), ("hy", 360)])
async def test_axe_finds_nothing_wrong_at_the_desk_and_no_page_is_wider_than_a_small_phone(
    colleague: Colleague, installation: Installation, lang: str, width: int
) -> None:
    ani = await colleague("ani@example.org", lang=lang, width=width)
    await ani.page.select_option("#language", lang)
    await ani.press("form[action='/desk/account'] button")
    base = f"/desk/petitions/{installation.slug}"
    faults: list[str] = []
    for name, path in (
        ("sign-in", "/desk/sign-in"), ("home", "/desk"), ("account", "/desk/account"), ("people", "/desk/people"), ("audit", "/desk/audit"),
        ("approvals", "/desk/approvals"), ("mail", "/desk/mail"), ("new", "/desk/new-petition"), ("overview", base), ("text", f"{base}/text"),
        ("setup", f"{base}/setup"), ("history", f"{base}/history"), ("numbers", f"{base}/numbers"), ("held", f"{base}/held"),
        ("names", f"{base}/names"), ("nowhere", "/desk/nowhere"),
    ):  # fmt: skip
        await ani.open(path)
        if PICTURES:
            await ani.picture(f"desk-{name}-{lang}-{width}")
        faults += [f"{name}: {line}" for line in await ani.faults_by_axe()]
        if (over := await ani.overflow()) > 0:
            faults.append(f"{name}: {over} px wider than {width}")
    assert not faults, "\n".join(faults)
