"""Somebody at the desk without a browser: a session as the service makes it, and forms as its pages send them."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2

from installation import Installation
from service import db, organizers
from service.organizers import ROLES, Grant, Secrets

EVERYTHING = tuple(Grant(role) for role in ROLES)


@dataclass
class Seat:
    """One organizer's session; ``token`` is what the pages of this session hold."""

    house: Installation
    id: UUID
    cookie: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"cookie": f"__Host-desk={self.cookie}", "origin": self.house.settings.base_url, "sec-fetch-site": "same-origin"}

    async def get(self, path: str) -> httpx2.Response:
        return whole(await self.house.client.get(path, headers=self.headers))

    async def post(self, path: str, **fields: Any) -> httpx2.Response:
        """Send a form with this session's token; a field given as None is left out."""
        sent = {name: value for name, value in {"token": self.token, **fields}.items() if value is not None}
        return whole(await self.house.client.post(path, data=sent, headers=self.headers))


def whole(answer: httpx2.Response) -> httpx2.Response:
    """The answer; on every page that a test sees, each line of "needs your attention" leads to its field, and no id is there twice."""
    if answer.headers.get("content-type", "").startswith("text/html"):
        ids = Counter(re.findall(r'\sid="([^"]+)"', answer.text))
        assert not [each for each, times in ids.items() if times > 1], f"{answer.url.path}: an id is there twice"
        for field in re.findall(r'href="#([^"]+)"', answer.text):
            assert field in ids, f"{answer.url.path}: a link leads to #{field}, which is not there"
    return answer


def keys_of(house: Installation) -> Secrets:
    return Secrets(house.keys.desk_key())


async def seat(house: Installation, email: str, *grants: Grant, level: str = "full", is_fresh: bool = True, joins: bool = True) -> Seat:
    """Invited, joined, with a passkey on the books, and signed in."""
    keys = keys_of(house)
    async with db.transaction(house.pool) as connection:
        made = await organizers.invite(connection, keys, email, grants or EVERYTHING, language="en")
        if joins:
            await organizers.q.join_desk(connection, id=made, now=None)
            await organizers.q.insert_passkey(
                connection, id=secrets.token_bytes(16), organizer_id=made, public_key=b"-", sign_count=0, transports=[], label="phone",
                is_synced=False, now=None,
            )  # fmt: skip
        cookie = await organizers.begin(connection, made, level=level, device="Firefox · Linux", is_fresh=is_fresh)
    who = await organizers.who(house.pool, keys, cookie)
    assert who is not None
    return Seat(house, made, cookie, who.csrf)


def said(answer: httpx2.Response) -> str:
    """What a redirect says at the next page, or the alert that a page shows."""
    if found := re.search(r"[?&]said=([a-z-]+)", answer.headers.get("location", "")):
        return found[1]
    found = re.search(r'role="alert"[^>]*>(.*?)<', answer.text, re.DOTALL)
    return found[1].strip() if found else ""
