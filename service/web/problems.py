"""How a no looks in JSON (RFC 9457), and how routes tell of it in the description of the API.

What a route may answer is named there, so that whoever builds on it knows; tests/web/test_openapi.py holds each to it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from litestar.openapi.datastructures import ResponseSpec

from service.errors import Invalid, Refusal, _Later
from service.web.pages import Words

PROBLEM = "application/problem+json"


class FaultOut(msgspec.Struct, frozen=True):
    """One field that is wrong: a stable ``code``, and a sentence for people."""

    field: str
    code: str
    message: str


class ProblemOut(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457, with a stable ``code``; ``errors`` names every field that is wrong."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    errors: list[FaultOut] | None = None


SAME: dict[int, ResponseSpec] = {304: ResponseSpec(None, description="Nothing changed since the ETag that you hold.")}


def no(status: int, description: str) -> dict[int, ResponseSpec]:
    """A refusal that a route may answer with."""
    return {status: ResponseSpec(ProblemOut, description=description, media_type=PROBLEM)}


AWAY = no(503, "Nothing was stored, try again; see Retry-After.")


class Problem(msgspec.Struct, frozen=True):
    """A no in JSON, ready to be sent."""

    status: int
    headers: Mapping[str, str]
    """Without content type and length."""
    body: bytes

    async def send(self, send: Callable[[Any], Awaitable[None]]) -> None:
        """Answer by ASGI's ``send``."""
        about = {**self.headers, "content-type": PROBLEM, "content-length": str(len(self.body))}
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in about.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def problem(words: Words, status: int, code: str, refusal: Refusal | None, *, is_read: bool) -> Problem:
    """``code`` in JSON; what a ``refusal`` adds, with its faults in ``words``. A read (GET) is told to pages of every site."""
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    if is_read:
        headers["access-control-allow-origin"] = "*"
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    if isinstance(refusal, _Later):
        headers["retry-after"] = str(refusal.retry_after)
    body: dict[str, Any] = {"type": "about:blank", "title": code.replace("-", " "), "status": status, "code": code}
    if refusal is not None and refusal.detail not in ("", code):
        body["detail"] = refusal.detail
    if isinstance(refusal, Invalid):
        body["errors"] = [FaultOut(fault.field, fault.code, words.fault(fault.field, fault.code)) for fault in refusal.faults]
    return Problem(status, headers, msgspec.json.encode(body))
