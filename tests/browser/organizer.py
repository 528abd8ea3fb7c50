"""An organizer with a browser and a passkey in it: Chromium's own virtual authenticator, which a person would touch."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.async_api import Browser, CDPSession

from browser.visitor import Visitor
from installation import Installation
from service import db, organizers
from service.organizers import Grant, Secrets

COOKIE = "__Host-desk"


@dataclass
class Organizer(Visitor):
    """Somebody who works at the desk of the installation."""

    email: str = ""
    cdp: CDPSession | None = None
    authenticator: str = ""

    async def add_authenticator(self, transport: str = "internal") -> str:
        """Plug in a device that makes passkeys and verifies its owner; a browser has one ``internal`` device, and others by ``usb``."""
        if self.cdp is None:
            self.cdp = await self.context.new_cdp_session(self.page)
            await self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": transport, "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        made = await self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.authenticator = str(made["authenticatorId"])
        return self.authenticator

    async def verifies(self, is_verified: bool) -> None:
        """Whether the device knows its owner by finger or PIN from now on."""
        assert self.cdp is not None
        await self.cdp.send("WebAuthn.setUserVerified", {"authenticatorId": self.authenticator, "isUserVerified": is_verified})

    async def remove_authenticator(self) -> None:
        """Lose the device."""
        assert self.cdp is not None
        await self.cdp.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.authenticator})

    async def join(self) -> None:
        """From the invitation in the mail to the first passkey."""
        await self.installation.work()
        await self.page.goto(self.at(self.installation.link(self.email, "join")))
        await self.press("main form button")
        await self.add_passkey("phone")

    async def add_passkey(self, label: str) -> None:
        await self.open("/desk/account")
        await self.page.fill("#new-label", label)
        async with self.page.expect_navigation(url="**/desk/account?said=passkey-added"):
            await self.page.click("form[data-passkey=create] button")

    async def sign_in(self) -> None:
        await self.open("/desk/sign-in")
        async with self.page.expect_navigation(url="**/desk"):
            await self.page.click("form[data-passkey=get] button")

    async def cookie(self) -> str:
        return next((str(each.get("value")) for each in await self.context.cookies() if each.get("name") == COOKIE), "")


def keys_of(house: Installation) -> Secrets:
    return Secrets(house.keys.desk_key())


async def invite(house: Installation, email: str, *grants: Grant, language: str = "en") -> None:
    """What ``libertas organizer invite`` does."""
    async with db.transaction(house.pool) as connection:
        await organizers.invite(connection, keys_of(house), email, grants, language=language)


async def come(
    browser: Browser, house: Installation, email: str, *, width: int = 1280, lang: str = "en", scheme: str = "light"
) -> Organizer:
    context = await browser.new_context(
        locale=lang, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"  # type: ignore[arg-type]
    )  # fmt: skip
    context.set_default_timeout(90_000)
    one = Organizer(house, context, await context.new_page(), may_keep=frozenset({COOKIE}), email=email)
    one.watch()
    await one.add_authenticator()
    return one
