"""The form in a frame on a partner's site, and a card without a form for anybody's.

The form may be framed by the sites on the petition's list and by nobody else, and only a listed site is spoken to
(docs/decisions.md, 20).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from service import partners
from service.errors import Fault, NotFound
from service.partners import Partner
from service.petitions import Petition
from service.web import forms, signing
from service.web.pages import NOT_STORED, Filled, Pages, csp, negotiate, pages_of
from service.web.widgets import cards
from service.web.widgets.answers import Visit

THEMES = ("auto", "light", "dark")


class Frame(msgspec.Struct, frozen=True):
    """How a frame was asked for. ``host`` is the site around it, if it is on the list; only that site is spoken to.

    ``inside`` is "card" when the element's card shows title and number just above the form.
    """

    lang: str
    theme: str
    partner: Partner | None
    host: str
    sites: tuple[str, ...]
    inside: str = ""

    def query(self, **more: str) -> str:
        """The same frame's next address."""
        partner = self.partner.slug if self.partner else ""
        asked = {"lang": self.lang, "theme": self.theme, "host": self.host, "partner": partner, "inside": self.inside, **more}
        return urlencode({name: text for name, text in asked.items() if text})


def frame_of(request: Visit, petition: Petition) -> Frame:
    """What the query asks for; whatever it asks wrongly is taken for not asked."""
    asked, pages, roster = request.query_params, pages_of(request), request.app.state.roster
    lang = asked.get("lang", "")
    if lang not in pages.languages:
        lang = negotiate(request.headers.get("accept-language", ""), pages.languages)
    partner = roster.find(asked.get("partner", ""), petition.id)
    sites = roster.sites(petition.id, partner.slug if partner else "")
    host = asked.get("host", "")
    inside = "card" if asked.get("inside") == "card" else ""
    if host and host == pages.settings.base_url:  # the builder's preview
        sites = ("'self'", *sites)
        return Frame(lang, _theme(asked.get("theme", "")), partner, host, sites, inside)
    is_listed = len(host) < 300 and any(partners.is_site(host, site) for site in sites)
    return Frame(lang, _theme(asked.get("theme", "")), partner, host if is_listed else "", sites, inside)


def _theme(text: str) -> str:
    return text if text in THEMES else "auto"


def framed(pages: Pages, lang: str, ancestors: str, *, cache: str, hcaptcha: bool = False) -> dict[str, str]:
    """The headers of a page that others may frame, as far as ``ancestors`` says."""
    headers = pages.headers(lang, cache=cache, hcaptcha=hcaptcha)
    headers["content-security-policy"] = csp(hcaptcha, ancestors)
    # X-Frame-Options knows no list, and an opener is nothing that a frame has.
    for name in ("x-frame-options", "cross-origin-opener-policy"):
        headers.pop(name, None)
    headers["cross-origin-resource-policy"] = "cross-origin"
    return headers


def _frame_page(
    request: Visit,
    petition: Petition,
    frame: Frame,
    *,
    status: int = 200,
    form: Filled | None = None,
    faults: list[Fault] | None = None,
    notice: str = "",
    form_key: str = "",
    more: Mapping[str, str] | None = None,
) -> Response[bytes]:
    state, pages = request.app.state, pages_of(request)
    shows, stands = state.gate.shows, petition.state(state.clock())
    content = pages.render(
        "frame.html",
        frame.lang,
        path=f"/petitions/{petition.slug}",
        petition=petition,
        state=stands,
        frame=frame,
        partner=frame.partner,
        action=f"/embed/{petition.slug}/sign?{frame.query()}",
        form=form or Filled(partner=frame.partner.slug if frame.partner else ""),
        faults=faults or [],
        notice=notice,
        captcha=shows,
        form_key=form_key or signing.new_form_key(),
    )
    ancestors = " ".join(frame.sites) or "'none'"
    headers = framed(pages, frame.lang, ancestors, cache=NOT_STORED, hcaptcha=shows == "hcaptcha")
    return Response(content, status_code=status, media_type="text/html", headers={**headers, **(more or {})})


@get("/embed/{slug:str}", include_in_schema=False)
async def embed(request: Visit, slug: FromPath[str]) -> Response[bytes]:
    """The form, for a frame on a listed site."""
    petition: Petition = request.app.state.shelf.get(slug)
    return _frame_page(request, petition, frame_of(request, petition))


def _see(path: str) -> Response[Any]:
    return Response(None, status_code=303, headers={"location": path, "cache-control": NOT_STORED, "referrer-policy": "no-referrer"})


@post("/embed/{slug:str}/sign", include_in_schema=False)
async def sign(request: Visit, slug: FromPath[str]) -> Response[Any]:
    """Store the form as the petition's own page does; the next page is in the frame as well."""
    petition: Petition = request.app.state.shelf.get(slug)
    frame = frame_of(request, petition)
    values = await forms.read_form(request, forms.SIGN_FIELDS)
    outcome = await signing.receive(request, petition, frame.lang, values)
    if isinstance(outcome, signing.Received):
        return _see(f"/embed/{slug}/sent?s={outcome.s}&{frame.query()}")
    return _frame_page(
        request,
        petition,
        frame,
        status=outcome.status,
        form=forms.filled(outcome.sent),
        faults=outcome.faults,
        notice=outcome.notice,
        form_key=outcome.sent.form_key,
        more=outcome.headers,
    )


RESEND_FIELDS = frozenset({"s", "form_key"})


@post("/embed/{slug:str}/resend", include_in_schema=False)
async def resend(request: Visit, slug: FromPath[str]) -> Response[Any]:
    """The same mail again."""
    petition: Petition = request.app.state.shelf.get(slug)
    frame = frame_of(request, petition)
    values = await forms.read_form(request, RESEND_FIELDS)
    received = await signing.again(request, petition, frame.lang, values)
    return _see(f"/embed/{slug}/sent?s={received.s}&{frame.query(again='1')}")


def _sent_page(request: Visit, petition: Petition) -> Response[bytes]:
    """Look into your mail: shows the visitor's own address back, in the frame."""
    frame, pages, state = frame_of(request, petition), pages_of(request), request.app.state
    s = request.query_params.get("s", "")
    try:
        told = state.tokens.open_sent(s, state.clock())
    except NotFound:
        return _see(f"/embed/{petition.slug}?{frame.query()}")
    content = pages.render(
        "frame_sent.html",
        frame.lang,
        path=f"/petitions/{petition.slug}",
        petition=petition,
        frame=frame,
        address=told["email"],
        resend_action=f"/embed/{petition.slug}/resend?{frame.query()}",
        change=f"/embed/{petition.slug}?{frame.query()}",
        s=s,
        form_key=signing.new_form_key(),
        resent=request.query_params.get("again", "") == "1",
    )
    headers = framed(pages, frame.lang, " ".join(frame.sites) or "'none'", cache=NOT_STORED)
    return Response(content, media_type="text/html", headers=headers)


def _card_page(request: Visit, petition: Petition) -> Response[bytes]:
    """A card for whoever frames it: there is nothing on it to press but a link to the petition (docs/decisions.md)."""
    frame, pages, state = frame_of(request, petition), pages_of(request), request.app.state
    credit = f"?partner={frame.partner.slug}" if frame.partner else ""
    content = pages.render(
        "frame_card.html",
        frame.lang,
        petition=petition,
        state=petition.state(state.clock()),
        frame=frame,
        line=state.cards.beside(petition, frame.lang).line,
        page=f"{pages.settings.base_url}/{frame.lang}/petitions/{petition.slug}{credit}",
    )
    return Response(content, media_type="text/html", headers=framed(pages, frame.lang, "*", cache="public, max-age=10"))


@get("/embed/{slug:str}/{name:str}", include_in_schema=False)
async def beside(request: Visit, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """``/embed/{slug}/card``: a card for whoever frames it; ``/embed/{slug}/{lang}.json``: the element's data.

    ``/embed/{slug}/sent``: after the form; ``/embed/cases/{case}.{lang}.json``: one case, for the element that shows a case.
    """
    if slug == "cases":
        return cards.case_data(request, name)
    petition: Petition = request.app.state.shelf.get(slug)
    if name == "card":
        return _card_page(request, petition)
    if name == "sent":
        return _sent_page(request, petition)
    lang, dot, ending = name.partition(".")
    if dot + ending != ".json" or lang not in pages_of(request).languages:
        raise NotFound("language")
    return cards.petition_data(request, petition, lang)
