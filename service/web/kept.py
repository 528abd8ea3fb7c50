"""What the register's pages and answers share: bytes that stay good until the register or the day changes, with their ETag."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
from litestar import Request, Response

from service.sponsors import Register, Snapshot
from service.web.pages import CACHED, pages_of

Visit = Request[Any, Any, Any]

MOST = 4_000
"""Pages kept at once, some 20 kB each at most; beyond it they begin anew."""

JSON_CACHED = "public, max-age=10, stale-while-revalidate=60"
PUBLIC = {"access-control-allow-origin": "*", "x-content-type-options": "nosniff"}

_json = msgspec.json.Encoder()


class Kept:
    """Ready bytes by key. ``mark`` is what they were made of; with another mark nothing of the old is left."""

    def __init__(self) -> None:
        self._mark: object = None
        self._kept: dict[object, tuple[bytes, str]] = {}

    def get(self, mark: object, key: object, make: Callable[[], bytes]) -> tuple[bytes, str]:
        """(bytes, ETag), made now if they are not there."""
        if mark != self._mark or len(self._kept) >= MOST:
            self._mark, self._kept = mark, {}
        found = self._kept.get(key)
        if found is None:
            content = make()
            found = self._kept[key] = (content, f'"{hashlib.sha256(content).hexdigest()[:20]}"')
        return found


def register_of(request: Visit) -> Snapshot:
    """The newest copy of the register."""
    register: Register = request.app.state.register
    return register.now


def today(request: Visit) -> date:
    """The day by the database's clock, in UTC; detention clocks count whole days."""
    day: date = request.app.state.clock().date()
    return day


def _mark(request: Visit) -> object:
    """Whatever a page of the register may show: the register, the petitions, the day."""
    state = request.app.state
    return state.register.version, state.shelf.version, today(request)


def page(request: Visit, template: str, lang: str, key: object, **context: object) -> Response[bytes]:
    """A public page of the register, from ready bytes, answered with 304 to whoever holds them."""
    state = request.app.state
    pages = pages_of(request)
    content, tag = state.kept.get(
        _mark(request),
        (template, lang, key),
        lambda: pages.render(template, lang, register=register_of(request), today=today(request), **context),
    )
    headers = {**pages.headers(lang, cache=CACHED), "etag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers, media_type="text/html")
    return Response(content, media_type="text/html", headers=headers)


def answer(request: Visit, key: object, make: Callable[[], object]) -> Response[bytes]:
    """A public JSON answer, from ready bytes, answered with 304 to whoever holds them."""
    content, tag = request.app.state.kept.get(_mark(request), ("json", key), lambda: _json.encode(make()))
    headers = {**PUBLIC, "etag": tag, "cache-control": JSON_CACHED, "x-register": str(request.app.state.register.version)}
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers, media_type="application/json")
    return Response(content, headers=headers, media_type="application/json")


def moved(path: str) -> Response[bytes]:
    """An address that has a new one, for good."""
    return Response(b"", status_code=308, headers={"location": path, "cache-control": "public, max-age=300"})


def new_key() -> str:
    """A form's key; shared through caches where a page is (docs/decisions.md, 1)."""
    return secrets.token_urlsafe(18)
