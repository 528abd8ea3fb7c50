"""A petition by its address alone: paste it into WordPress or another site that speaks oEmbed, and a card appears.

The card is the one that anybody may frame; so this asks for no list of sites.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromQuery

from service.errors import Fault, Invalid, NotFound, Refusal
from service.petitions import Petition
from service.web.pages import language, pages_of
from service.web.problems import no
from service.web.widgets.answers import A_WHILE, OPEN, Visit

_json = msgspec.json.Encoder()
_QUOTES = {'"': "&quot;"}


class NotOffered(Refusal):
    """oEmbed as XML (oembed.com, 2.3.4: a format that is not provided is 501)."""

    status = 501
    code = "not-implemented"


class OembedOut(msgspec.Struct, frozen=True, kw_only=True):
    """What oEmbed consumers read (oembed.com, version 1.0, type rich): the card in a frame."""

    version: str
    type: str
    provider_name: str
    provider_url: str
    title: str
    cache_age: int
    html: str
    width: int
    height: int
    thumbnail_url: str
    thumbnail_width: int
    thumbnail_height: int


@get(
    "/oembed",
    summary="A petition's card for whoever embeds by address",
    tags=["partners"],
    responses={
        200: ResponseSpec(OembedOut, description="The card in a frame.", media_type="application/json"),
        **no(400, "No address, or a size that is no number."),
        **no(404, "The address is none of a petition here."),
        **no(501, "The format xml."),
    },
)
async def oembed(
    request: Visit,
    url: FromQuery[str | None] = None,
    format: FromQuery[str | None] = None,
    maxwidth: FromQuery[str | None] = None,
    maxheight: FromQuery[str | None] = None,
) -> Response[bytes]:
    """``url`` is a petition's page in one of its languages; ``maxwidth`` and ``maxheight`` are pixels."""
    if format == "xml":
        raise NotOffered("only json")
    if format not in (None, "json"):
        raise Invalid([Fault("format", "choice")])
    if not url:
        raise Invalid([Fault("url", "missing")])
    width = _pixels(maxwidth, "maxwidth", usual=560, least=240)
    # As tall as a long title in Armenian needs; WordPress asks the card itself.
    height = _pixels(maxheight, "maxheight", usual=320 if width >= 400 else 480, least=200)
    pages = pages_of(request)
    petition, lang = _petition_at(request, url)
    base = pages.settings.base_url
    title = petition.text(lang).title
    page = f"{base}/{lang}/petitions/{petition.slug}"
    # A blockquote with the link and one frame: the only two things that WordPress lets through from a site that it does not know.
    frame = (
        f'<iframe src="{escape(f"{base}/embed/{petition.slug}/card?lang={lang}", _QUOTES)}" width="{width}" height="{height}" '
        f'title="{escape(title, _QUOTES)}" frameborder="0" marginwidth="0" marginheight="0"></iframe>'
    )
    out = OembedOut(
        version="1.0",
        type="rich",
        provider_name=pages.settings.issuer_name,
        provider_url=base,
        title=title,
        cache_age=3600,
        html=f'<blockquote><a href="{escape(page, _QUOTES)}">{escape(title)}</a></blockquote>{frame}',
        width=width,
        height=height,
        thumbnail_url=f"{base}/share/{petition.slug}/{lang}.png",
        thumbnail_width=1200,
        thumbnail_height=630,
    )
    return Response(_json.encode(out), headers={**OPEN, "cache-control": A_WHILE}, media_type="application/json")


def _pixels(text: str | None, field: str, *, usual: int, least: int) -> int:
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise Invalid([Fault(field, "type")])
    return max(least, min(usual, int(text)))


def _petition_at(request: Visit, url: str) -> tuple[Petition, str]:
    """The petition and language that an address of ours names. Raises ``NotFound``."""
    pages = pages_of(request)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise NotFound("petition") from None
    ours = urlsplit(pages.settings.base_url)
    steps = parts.path.strip("/").split("/")
    if parts.netloc.lower() != ours.netloc or parts.scheme not in ("http", "https") or len(steps) != 3 or steps[1] != "petitions":
        raise NotFound("petition")
    petition: Petition = request.app.state.shelf.get(steps[2])
    return petition, language(request, steps[0])
