"""How a no looks in JSON (RFC 9457), and how routes tell of it in the description of the API.

What a route may answer is named there, so that whoever builds on it knows; tests/web/test_openapi.py holds each to it.
"""

from __future__ import annotations

import msgspec
from litestar.openapi.datastructures import ResponseSpec

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
