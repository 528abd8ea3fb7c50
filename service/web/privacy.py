"""What is kept of a signer, said to everybody and shown to herself.

The page is made from the settings and from the terms that the program itself keeps, so that it cannot promise another term.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Request, Response, Router, get, route
from litestar.enums import HttpMethod
from litestar.params import FromPath

from service import signatures
from service.settings import Settings
from service.web.pages import CACHED_LONG, NOT_STORED, SECURITY_HEADERS, language, pages_of

Visit = Request[Any, Any, Any]

_OWN = ("localhost", "127.0.0.1", "::1", "mailpit")


def facts(settings: Settings) -> dict[str, Any]:
    """What the page says beside its words: ``terms`` (numbers by the names in the messages), ``works`` (message, who)."""
    named = dict(settings.processors)
    relay = urlsplit(settings.smtp_url).hostname or ""
    if "mail" not in named and relay not in ("", *_OWN):
        named["mail"] = relay
    works = [(f"privacy-works-{what}", who) for what, who in named.items()]
    if "mail" not in named:
        works.insert(0, ("privacy-works-mail-own", ""))
    if "hosting" not in named and not settings.embedded:
        works.append(("privacy-works-unnamed", ""))
    return {"terms": msgspec.structs.asdict(signatures.terms()), "works": works}


@route("/{lang:str}/privacy", http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False)
async def page(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """What is kept, by whom it is seen, for how long, and what cannot be promised."""
    lang, pages = language(request, lang), pages_of(request)
    return pages.respond("privacy.html", lang, cache=CACHED_LONG, path="/privacy", **facts(pages.settings))


@get("/{lang:str}/manage/{token:str}/data.json", include_in_schema=False)
async def mine(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[bytes]:
    """All that this server can read of one's own signature, for her who has the link; ``NotFound`` for everybody else."""
    language(request, lang)
    state = request.app.state
    kept = await signatures.kept(state.pool, state.ring, state.tokens.read("manage", token))
    headers = {
        **SECURITY_HEADERS,
        "cache-control": NOT_STORED,
        "x-robots-tag": "noindex",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "content-disposition": f'attachment; filename="{quote(kept["petition"])}.json"',
    }
    return Response(msgspec.json.format(msgspec.json.encode(kept)) + b"\n", media_type="application/json", headers=headers)


def router() -> Router:
    """All routes of this module."""
    return Router("/", route_handlers=[page, mine])
