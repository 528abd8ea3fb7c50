"""How other pages get something from here: the same bytes for every reader, kept while they hold, and 304 for who has them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from litestar import Request, Response

from service.errors import NotFound

Visit = Request[Any, Any, Any]

OPEN = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin", "x-content-type-options": "nosniff"}
"""For what any page may load."""

FOR_A_YEAR = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=300, stale-while-revalidate=86400"
FRESH = "public, max-age=2, stale-while-revalidate=30"
AN_HOUR = "public, max-age=3600, stale-while-revalidate=86400"


def tag_of(content: bytes) -> str:
    """The ETag of what is the same wherever it was made."""
    return f'"{hashlib.sha256(content).hexdigest()[:20]}"'


def answer(request: Visit, content: bytes, headers: Mapping[str, str], media_type: str) -> Response[bytes]:
    """``content``, or 304 for who holds the ETag among ``headers``."""
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(b"", status_code=304, headers=headers, media_type=media_type)
    return Response(content, headers=headers, media_type=media_type)


def named(name: str, ending: str) -> str:
    """``name`` without its ``ending``. Raises ``NotFound`` for another ending."""
    if not name.endswith(ending):
        raise NotFound("file")
    return name.removesuffix(ending)
