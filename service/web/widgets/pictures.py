"""Pictures of a petition or a prisoner: to share, with the milestone reached, and a badge for mail and newsletters.

They are set by a thread and kept by their content; a shared picture never shows the count, which would tell when somebody signed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from service import partners, press
from service.errors import NotFound
from service.petitions import Petition
from service.web.pages import Pages, language, pages_of
from service.web.widgets.answers import A_WHILE, AN_HOUR, OPEN, Visit, answer, named, tag_of
from service.web.widgets.cards import case_card

_QUOTES = {'"': "&quot;"}


class Pictures:
    """Pictures that were set once and are kept, the latest asked for last; each is set by one thread, once, whoever waits for it."""

    MOST = 256

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[bytes, str]] = OrderedDict()
        self._turn = asyncio.Lock()

    async def get(self, sheet: str, data: Mapping[str, Any], ppi: float = 72.0) -> tuple[bytes, str]:
        """(PNG, ETag) of ``sheet`` with ``data``."""
        key = hashlib.sha256(msgspec.json.encode([sheet, ppi, data])).digest()
        if key not in self._kept:
            async with self._turn:
                if key not in self._kept:
                    made = await asyncio.to_thread(press.png, sheet, data, ppi=ppi)
                    self._kept[key] = (made, tag_of(made))
                    while len(self._kept) > self.MOST:
                        self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def share_data(pages: Pages, petition: Petition, lang: str, reached: int) -> dict[str, Any]:
    """What ``share.typ`` is given for a petition: never its count, only a milestone."""
    words = pages.words[lang]
    return {
        "brand": words.t("brand"),
        "demo": petition.is_sample or pages.settings.embedded,
        "title": petition.text(lang).title,
        "number": words.number(reached) if reached else "",
        "label": words.t("share-milestone") if reached else words.t("share-call"),
        "foot": urlsplit(pages.settings.base_url).netloc,
        "lang": lang,
    }


async def _png(request: Visit, sheet: str, data: Mapping[str, Any], *, cache: str, ppi: float = 72.0) -> Response[bytes]:
    content, tag = await request.app.state.pictures.get(sheet, data, ppi)
    return answer(request, content, {**OPEN, "etag": tag, "cache-control": cache}, "image/png")


@get("/share/{slug:str}/{name:str}", include_in_schema=False)
async def share(request: Visit, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """``/share/{slug}/{lang}.png``: the petition's picture, with the milestone that it has reached."""
    petition: Petition = request.app.state.shelf.get(slug)
    lang = language(request, named(name, ".png"))
    return await _png(request, "share", share_data(pages_of(request), petition, lang, partners.milestone(petition.count)), cache=AN_HOUR)


@get("/share/{slug:str}/{lang:str}/{name:str}", include_in_schema=False)
async def share_milestone(request: Visit, slug: FromPath[str], lang: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """``/share/{slug}/{lang}/{milestone}.png``: the day a milestone was reached; it stays as it is when the count goes on."""
    petition: Petition = request.app.state.shelf.get(slug)
    text = named(name, ".png")
    if text not in {str(each) for each in partners.MILESTONES if each <= petition.count}:
        raise NotFound("milestone")
    return await _png(request, "share", share_data(pages_of(request), petition, language(request, lang), int(text)), cache=AN_HOUR)


@get("/share/cases/{slug:str}/{name:str}", include_in_schema=False)
async def share_case(request: Visit, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """``/share/cases/{slug}/{lang}.png``: a prisoner's name and what is known, as of when."""
    pages, register = pages_of(request), request.app.state.register.now
    words = pages.words[language(request, named(name, ".png"))]
    case = register.case(register.leads_to(slug) or slug)
    card = case_card(register, case, words, pages.settings.base_url)
    data = {
        "brand": words.t("brand"),
        "demo": case.is_sample or pages.settings.embedded,
        "title": card.name,
        "number": "",
        "label": card.status or words.t("share-call"),
        "foot": urlsplit(pages.settings.base_url).netloc,
        "lang": words.lang,
    }
    return await _png(request, "share", data, cache=AN_HOUR)


def badge_data(pages: Pages, petition: Petition, lang: str) -> dict[str, Any]:
    """What a badge says: the published count, which is the same for everybody and moves in batches."""
    words = pages.words[lang]
    return {
        "brand": words.t("brand"),
        "text": f"{words.number(petition.count)} {words.t('widget-signatures', n=petition.count)}",
        "demo": petition.is_sample or pages.settings.embedded,
        "title": petition.text(lang).title,
    }


@get("/badge/{name:str}", include_in_schema=False)
async def badge(request: Visit, name: FromPath[str]) -> Response[bytes]:
    """``/badge/{slug}.svg`` and ``.png``, with ``?lang=``: a line for mail signatures and newsletters."""
    slug, dot, ending = name.rpartition(".")
    if not dot or ending not in ("svg", "png"):
        raise NotFound("file")
    petition: Petition = request.app.state.shelf.get(slug)
    pages = pages_of(request)
    lang = request.query_params.get("lang", "")
    data = badge_data(pages, petition, lang if lang in pages.languages else pages.languages[0])
    if ending == "png":
        return await _png(request, "badge", data, cache=A_WHILE, ppi=144.0)
    content = _badge_svg(data).encode()
    policy = {"content-security-policy": "default-src 'none'; frame-ancestors 'none'"}
    return answer(request, content, {**OPEN, "etag": tag_of(content), "cache-control": A_WHILE, **policy}, "image/svg+xml")


def _badge_svg(data: Mapping[str, Any]) -> str:
    """Attributes only: a badge has no style and no script, and says its text to those who cannot see it."""
    brand = str(data["brand"]) + (" DEMO" if data["demo"] else "")
    text = str(data["text"])
    # No font can be measured here. The usual width of the letters is reckoned, and textLength fits whatever font there is into it.
    left, right = _wide(brand) * 1.08, _wide(text)
    said = escape(f"{brand}: {text}", _QUOTES)
    font = 'font-family="system-ui, Segoe UI, Roboto, Noto Sans, Noto Sans Armenian, sans-serif" font-size="12"'
    edge, whole = round(left + 18), round(left + 18) + round(right + 18)

    def said_at(x: int, wide: float, more: str, words: str) -> str:
        return f'<text x="{x}" y="16.5" textLength="{wide:.0f}" lengthAdjust="spacingAndGlyphs" {more} {font}>{escape(words)}</text>'

    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="24" viewBox="0 0 {whole} 24" role="img" aria-label="{said}">'
        f"<title>{escape(str(data['title']))}</title>"
        f'<rect x=".5" y=".5" width="{whole - 1}" height="23" rx="5" fill="#fbf8f3" stroke="#d9cfc2"/>'
        f'<path d="M5 0h{edge - 5}v24H5a5 5 0 0 1-5-5V5a5 5 0 0 1 5-5z" fill="#8c1c2b"/>'
        + said_at(9, left, 'fill="#fff" font-weight="700"', brand)
        + said_at(edge + 9, right, 'fill="#1f1a17"', text)
        + "</svg>"
    )


def _wide(text: str) -> float:
    """How wide ``text`` usually is at 12 pixels: Armenian letters are wider than Latin ones, spaces and points narrower."""
    return sum(3.2 if letter in " .,\u00a0\u202f" else 7.6 if letter >= "\u0530" else 6.8 for letter in text)
