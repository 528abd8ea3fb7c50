"""The element's one file: as it is today, or pinned by the mark of its content for pages that check their scripts."""

from __future__ import annotations

import base64
import hashlib

from litestar import Response, get
from litestar.params import FromPath

from service.errors import NotFound
from service.web.pages import Asset, Pages, pages_of
from service.web.widgets.answers import A_WHILE, FOR_A_YEAR, OPEN, Visit, answer

MEDIA = "text/javascript"


def integrity(asset: Asset) -> str:
    """The ``integrity`` attribute of a script (W3C Subresource Integrity)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(asset.content).digest()).decode()


def versioned(pages: Pages) -> str:
    """The path of the element that never changes, for pages that pin its content."""
    return f"/widget/{pages.assets['embed/widget.js'].mark}.js"


def script_of(pages: Pages) -> Asset:
    """The element."""
    return pages.assets["embed/widget.js"]


def headers_of(pages: Pages, *, for_ever: bool = False) -> dict[str, str]:
    """What goes with the element."""
    return {**OPEN, "etag": f'"{script_of(pages).mark}"', "cache-control": FOR_A_YEAR if for_ever else A_WHILE}


@get("/widget.js", include_in_schema=False)
async def widget(request: Visit) -> Response[bytes]:
    """The element, as it is today. ``?v=`` with the mark of its content may be kept for ever."""
    pages = pages_of(request)
    is_pinned = request.query_params.get("v", "") == script_of(pages).mark
    return answer(request, script_of(pages).content, headers_of(pages, for_ever=is_pinned), MEDIA)


@get("/widget/{name:str}", include_in_schema=False)
async def pinned(request: Visit, name: FromPath[str]) -> Response[bytes]:
    """The element by the mark of its content; an older one is gone, and the link inside the element stays."""
    pages = pages_of(request)
    if f"/widget/{name}" != versioned(pages):
        raise NotFound("file")
    return Response(script_of(pages).content, headers=headers_of(pages, for_ever=True), media_type=MEDIA)
