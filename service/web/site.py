"""The pages that belong to no petition: the way in, the lists, and what a visitor has a right to know about this site.

They are the same for everyone, so anybody may keep them for a while; none of them sets a cookie or changes anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from litestar import Request, Response, Router, route
from litestar.datastructures import State
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from service.errors import NotFound
from service.petitions import Petition
from service.sponsors import Snapshot
from service.web.kept import register_of
from service.web.pages import CACHED, CACHED_LONG, NOT_STORED, SECURITY_HEADERS, Pages, language, negotiate, pages_of

Visit = Request[object, object, State]
Stands = tuple[Petition, str]

READ = [HttpMethod.GET, HttpMethod.HEAD]

PLAIN = ("legal", "accessibility")
"""Pages made of words only."""

PUBLIC = (*PLAIN, "privacy", "verify")
"""What belongs into the site map beside the petitions."""

FOR_A_YEAR = "public, max-age=31536000, immutable"

_ORDER = ("open", "scheduled", "paused", "closed", "delivered", "archived")


def greeting(request: Visit) -> str:
    """The language for an address that names none (``/``, and errors beside the pages)."""
    pages = pages_of(request)
    first = request.url.path.split("/")[1:2]
    if first and first[0] in pages.languages:
        return first[0]
    return negotiate(request.headers.get("accept-language", ""), pages.languages)


def standing(request: Visit) -> list[Stands]:
    """Every public petition with its state, open ones first."""
    now = pages_of(request).now()
    found = [(petition, petition.state(now)) for petition in request.app.state.shelf.all()]
    public = [one for one in found if one[1] in _ORDER]
    return sorted(public, key=lambda one: (_ORDER.index(one[1]), -one[0].opens_at.timestamp(), one[0].slug))


@route("/", http_method=READ, include_in_schema=False)
async def way_in(request: Visit) -> Response[bytes]:
    """To the home page in the visitor's language."""
    lang = negotiate(request.headers.get("accept-language", ""), pages_of(request).languages)
    return Response(
        b"",
        status_code=303,
        headers={**SECURITY_HEADERS, "location": f"/{lang}/", "vary": "Accept-Language", "cache-control": CACHED_LONG},
    )


@route("/{lang:str}/", http_method=READ, include_in_schema=False)
async def home(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    lang = language(request, lang)
    shown = [one for one in standing(request) if one[1] in ("open", "scheduled", "paused")]
    return pages_of(request).respond("home.html", lang, cache=CACHED, path="/", petitions=shown, register=register_of(request))


@route("/{lang:str}/petitions", http_method=READ, include_in_schema=False)
async def petitions(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    lang = language(request, lang)
    return pages_of(request).respond("petitions.html", lang, cache=CACHED, path="/petitions", petitions=standing(request))


def _plain(name: str) -> HTTPRouteHandler:
    @route(f"/{{lang:str}}/{name}", http_method=READ, include_in_schema=False, name=f"page-{name}")
    async def words(request: Visit, lang: FromPath[str]) -> Response[bytes]:
        lang = language(request, lang)
        return pages_of(request).respond(f"{name}.html", lang, cache=CACHED_LONG, path=f"/{name}")

    return words


def _is_framed(name: str) -> bool:
    return name.lstrip("/").startswith("embed/")


@route("/static/{mark:str}/{name:path}", http_method=READ, include_in_schema=False)
async def static(request: Visit, mark: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """A static file; for ever under the mark of its content, for a moment under any other (an old page asks for it)."""
    asset = pages_of(request).assets.get(str(name).lstrip("/"))
    if asset is None:
        raise NotFound("file")
    return Response(
        asset.content,
        media_type=asset.media_type,
        headers={
            **SECURITY_HEADERS,
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
            "cache-control": FOR_A_YEAR if mark == asset.mark else "public, max-age=60",
            # A card in a sandbox has no origin of its own, so that our own files are somebody else's for it.
            **({"cross-origin-resource-policy": "cross-origin", "access-control-allow-origin": "*"} if _is_framed(str(name)) else {}),
        },
    )


@route("/favicon.svg", http_method=READ, include_in_schema=False)
async def favicon(request: Visit) -> Response[bytes]:
    asset = pages_of(request).assets["favicon.svg"]
    return Response(asset.content, media_type=asset.media_type, headers={**SECURITY_HEADERS, "cache-control": "public, max-age=86400"})


NOT_INDEXED = ("petitions/*/sign$", "petitions/*/sent", "confirm", "manage", "not-me", "unsubscribe", "offer", "cases/*/take-down")
"""Steps of a signature: nothing for a search engine, and their addresses hold tokens. ``$`` (RFC 9309) spares ``signers``."""


@route("/robots.txt", http_method=READ, include_in_schema=False)
async def robots(request: Visit) -> Response[bytes]:
    """Petitions may be indexed; the steps of a signature, the desk and the interfaces may not."""
    lines = ["User-agent: *", "Disallow: /desk/", "Disallow: /api/", "Disallow: /ledger/"]
    for lang in pages_of(request).languages:
        lines += [f"Disallow: /{lang}/{word}" for word in NOT_INDEXED]
    lines += ["", f"Sitemap: {pages_of(request).settings.base_url}/sitemap.xml", ""]
    return Response(
        "\n".join(lines).encode(),
        media_type="text/plain",
        headers={**SECURITY_HEADERS, "cache-control": "public, max-age=3600, stale-while-revalidate=86400"},
    )


@route("/sitemap.xml", http_method=READ, include_in_schema=False)
async def sitemap(request: Visit) -> Response[bytes]:
    """Every public page in every language, each with its alternates (the samples of a demonstration too).

    With thousands of sponsors it is megabytes of text: made once, and again when the register or a petition has changed.
    """
    register, shown = register_of(request), [petition.slug for petition, _ in standing(request)]
    mark = (register.version, tuple(shown))
    content, _ = request.app.state.sitemap.get(mark, "", lambda: _sitemap(pages_of(request), _places(register, shown)).encode())
    headers = {**SECURITY_HEADERS, "cache-control": "public, max-age=600, stale-while-revalidate=86400"}
    return Response(content, media_type="application/xml", headers=headers)


def _places(register: Snapshot, petitions: Sequence[str]) -> list[str]:
    return [
        "/",
        "/petitions",
        "/updates",
        *(f"/petitions/{slug}{more}" for slug in petitions for more in ("", "/certificates")),
        *(f"/{name}" for name in PUBLIC),
        "/cases",
        "/sponsors",
        "/sponsors/offer",
        "/sponsors/kit",
        "/support",
        "/embed",
        *(f"/cases/{case.slug}{more}" for case in register.cases for more in ("", "/kit")),
        *(f"/sponsors/{sponsor.slug}" for sponsor in register.sponsors),
    ]


def _sitemap(pages: Pages, paths: Sequence[str]) -> str:
    entries = []
    for path in paths:
        alternates = pages.alternates(path)
        links = "".join(f'<xhtml:link rel="alternate" hreflang="{lang}" href="{escape(address)}"/>' for lang, address in alternates.items())
        entries += [f"<url><loc>{escape(address)}</loc>{links}</url>" for address in alternates.values()]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
        + "\n".join(entries)
        + "\n</urlset>\n"
    )


def error_page(
    request: Visit, status: int, code: str = "", *, retry_after: int | None = None, petition: Petition | None = None
) -> Response[bytes]:
    """A kind page for a refusal or a fault, in the visitor's language; for the exception handlers of ``app``."""
    headers = {"retry-after": str(retry_after)} if retry_after else {}
    return pages_of(request).respond(
        "error.html",
        greeting(request),
        status=status,
        cache=NOT_STORED,
        headers=headers,
        path="/",
        code=code,
        retry_after=retry_after,
        petition=petition,
    )


def router() -> Router:
    """All routes of this module."""
    return Router(
        "/",
        route_handlers=[way_in, home, petitions, *map(_plain, PLAIN), static, favicon, robots, sitemap],
    )
