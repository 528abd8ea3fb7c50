"""Towns: how many of their people ask the council to stand as sponsor, and the page that is handed to the mayor.

The number is asserted and says so; a small one is never shown. It moves once a day.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, Router, get
from litestar.params import FromPath

from service import kits
from service.cases import Case
from service.errors import NotFound
from service.petitions import Petition
from service.web.kept import register_of, today
from service.web.pages import CACHED, SECURITY_HEADERS, language, pages_of

Visit = Request[Any, Any, Any]


def _whom(request: Visit) -> Case | None:
    """The prisoner for whom the council is asked (``?case=``); None where nobody is named."""
    register, slug = register_of(request), request.query_params.get("case", "")
    slug = register.leads_to(slug) or slug
    return next((case for case in register.cases if case.slug == slug and case.is_held), None)


@get("/{lang:str}/petitions/{slug:str}/cities", include_in_schema=False)
async def cities(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Every town with enough signatures to be shown; all others together."""
    lang, state = language(request, lang), request.app.state
    petition: Petition = state.shelf.get(slug)
    found, rest = await kits.counts(state.pool, petition, register_of(request).cities, today=today(request))
    return pages_of(request).respond(
        "cities.html", lang, cache=CACHED, path=f"/petitions/{slug}/cities", petition=petition, counts=found, rest=rest
    )


@get("/{lang:str}/petitions/{slug:str}/cities/{city:str}", include_in_schema=False)
async def one_city(request: Visit, lang: FromPath[str], slug: FromPath[str], city: FromPath[str]) -> Response[bytes]:
    """ "412 people in your city ask the council to sponsor …", and the extract."""
    lang, state = language(request, lang), request.app.state
    petition: Petition = state.shelf.get(slug)
    counted = await kits.count(state.pool, petition, register_of(request).city(city), today=today(request))
    whom = _whom(request)
    return pages_of(request).respond(
        "city.html", lang, cache=CACHED, path=f"/petitions/{slug}/cities/{city}", petition=petition, counted=counted, whom=whom,
        register=register_of(request), today=today(request), small=kits.SMALL, more=f"?case={quote(whom.slug)}" if whom else "",
    )  # fmt: skip


@get("/petitions/{slug:str}/cities/{city:str}/{name:str}", include_in_schema=False)
async def city_extract(request: Visit, slug: FromPath[str], city: FromPath[str], name: FromPath[str]) -> Response[Any]:
    """``extract.json``, or ``extract-<lang>.pdf``; only where the number may be shown."""
    state = request.app.state
    pages, settings = pages_of(request), state.settings
    petition: Petition = state.shelf.get(slug)
    place = register_of(request).city(city)
    lang = name.removeprefix("extract-").removesuffix(".pdf")
    if name != "extract.json" and (name != f"extract-{lang}.pdf" or lang not in pages.languages):
        raise NotFound("file")
    counted = await kits.count(state.pool, petition, place, today=today(request))
    if counted.n < kits.SMALL:
        raise NotFound("file")
    whom, at = _whom(request), state.clock()
    headers = {**SECURITY_HEADERS, "cache-control": CACHED, "access-control-allow-origin": "*"}
    issuer, base_url = settings.issuer_name, settings.base_url
    if name == "extract.json":
        told = kits.extract(petition, counted, issuer=issuer, base_url=base_url, whom=whom.slug if whom else "", at=at)
        return Response(told, media_type="application/json", headers=headers)
    url = f"{base_url}/{lang}/petitions/{slug}/cities/{city}"
    wanted = whom.name(lang) if whom else ""
    content = await asyncio.to_thread(kits.extract_pdf, petition, counted, lang, issuer=issuer, url=url, whom=wanted, at=at)
    headers["content-disposition"] = f'inline; filename="{city}-{lang}.pdf"'
    return Response(content, media_type="application/pdf", headers=headers)


def router() -> Router:
    return Router("/", route_handlers=[cities, one_city, city_extract])
