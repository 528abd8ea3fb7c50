"""What an office wrote back: the documents of deliveries that are public, for whoever reads a petition's history."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get
from litestar.params import FromPath

from service import recipients
from service.errors import NotFound
from service.web.pages import SECURITY_HEADERS

Visit = Request[Any, Any, Any]


@get("/petitions/{slug:str}/deliveries/{event:str}", include_in_schema=False)
async def document(request: Visit, slug: FromPath[str], event: FromPath[str]) -> Response[bytes]:
    """The document of one public event, to be saved and never to be run: whatever was uploaded, it is shown as nothing else."""
    state = request.app.state
    petition = state.shelf.get(slug)
    # Asked of what the page shows, so that a replaced event and another petition's are not there.
    if event not in {str(step.file) for step in petition.steps if step.file is not None}:
        raise NotFound("file")
    name, media_type, content = await recipients.file_of(state.pool, UUID(event))
    headers = {
        **SECURITY_HEADERS,
        "content-security-policy": "default-src 'none'; sandbox",
        "content-disposition": f'attachment; filename="document.{name.rpartition(".")[2].lower()}"',
        "cache-control": "public, max-age=600",
    }
    return Response(content, media_type=media_type, headers=headers)


def router() -> Router:
    """All routes of this module."""
    return Router("/", route_handlers=[document])
