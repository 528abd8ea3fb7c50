"""News for everybody to read, a feed of it, and the way out of the list of those who get it by mail.

Looking at the way out changes nothing; the press does, and so does the one that a mail program offers (RFC 8058). Whether a
mailbox was on the list is told to nobody: a press is always thanked.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID
from xml.sax.saxutils import escape

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath

from service import updates
from service.errors import NotFound
from service.markdown import markdown
from service.web import forms
from service.web.pages import CACHED, SECURITY_HEADERS, Pages, language, pages_of

Visit = Request[Any, Any, Any]


@get("/{lang:str}/updates", include_in_schema=False)
async def listing(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """The latest news, newest first."""
    lang = language(request, lang)
    posts = await updates.public(request.app.state.pool)
    return pages_of(request).respond("updates.html", lang, cache=CACHED, path="/updates", posts=posts)


@get("/{lang:str}/updates/{news:str}", include_in_schema=False)
async def one(request: Visit, lang: FromPath[str], news: FromPath[str]) -> Response[bytes]:
    """One piece of news."""
    lang = language(request, lang)
    found = await updates.post(request.app.state.pool, _id(news))
    return pages_of(request).respond("update.html", lang, cache=CACHED, path=f"/updates/{found.id}", post=found)


def _id(text: str) -> UUID:
    try:
        found = UUID(text)
    except ValueError:
        raise NotFound("news") from None
    if str(found) != text:  # one spelling of an address
        raise NotFound("news")
    return found


@get("/{lang:str}/feed.xml", include_in_schema=False)
async def feed(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """The same as an Atom feed (RFC 4287), for those who would rather not leave an address."""
    lang, pages = language(request, lang), pages_of(request)
    content = _feed(pages, lang, await updates.public(request.app.state.pool, limit=20))
    headers = {**SECURITY_HEADERS, "cache-control": "public, max-age=300, stale-while-revalidate=3600", "access-control-allow-origin": "*"}
    return Response(content.encode(), media_type="application/atom+xml", headers=headers)


def _feed(pages: Pages, lang: str, posts: list[updates.Post]) -> str:
    base, words = pages.settings.base_url, pages.words[lang]
    here = f"{base}/{lang}/feed.xml"
    newest = max((each.released_at for each in posts), default=datetime(2020, 9, 27, tzinfo=UTC))
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{lang}">',
        f"<id>{escape(here)}</id>",
        f"<title>{escape(words.t('updates-title'))} – {escape(pages.settings.issuer_name)}</title>",
        f"<updated>{newest.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</updated>",
        f'<link rel="self" href="{escape(here)}"/><link href="{escape(base)}/{lang}/updates"/>',
        f"<author><name>{escape(pages.settings.issuer_name)}</name></author>",
    ]
    for each in posts:
        told = each.words(lang)
        when = f"{each.released_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        lines += [
            f"<entry><id>urn:uuid:{each.id}</id><title>{escape(told.title)}</title>",
            f"<published>{when}</published><updated>{when}</updated>",
            f'<link href="{escape(base)}/{lang}/updates/{each.id}"/>',
            f'<content type="html">{escape(str(markdown(told.body)))}</content></entry>',
        ]
    return "\n".join([*lines, "</feed>", ""])


# -- the way out ----------------------------------------------------------------------------------------------------------------


def _way_out(request: Visit, lang: str, token: str, shows: str) -> Response[bytes]:
    path = f"/unsubscribe/{quote(token, safe='')}"
    status = 404 if shows == "unknown" else 200
    return pages_of(request).respond("unsubscribe.html", lang, status=status, path=path, action=f"/{lang}{path}", state=shows)


@get("/{lang:str}/unsubscribe/{token:str}", include_in_schema=False)
async def look(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[bytes]:
    """What the button ends; a second visit says that it is done."""
    lang, state = language(request, lang), request.app.state
    try:
        handle = state.tokens.read("unsubscribe", token)
    except NotFound:
        return _way_out(request, lang, token, "unknown")
    return _way_out(request, lang, token, "ask" if await updates.is_reading(state.pool, handle) else "done")


@post("/{lang:str}/unsubscribe/{token:str}", include_in_schema=False, status_code=200)
async def leave(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[bytes]:
    """The press of a person, or of her mail program on her behalf: what it says in its body does not matter."""
    lang, state = language(request, lang), request.app.state
    await forms.body(request)
    try:
        handle = state.tokens.read("unsubscribe", token)
    except NotFound:
        return _way_out(request, lang, token, "unknown")
    await updates.unsubscribe(state.pool, handle)
    return _way_out(request, lang, token, "done")


def router() -> Router:
    """All routes of this module."""
    return Router("/", route_handlers=[listing, one, feed, look, leave])
