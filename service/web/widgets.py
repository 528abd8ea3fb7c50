"""A petition on other people's pages: the element, the form in a frame, a card, a badge, a picture to share.

Two rules hold throughout. The form may be framed by the sites on the petition's list and by nobody else; and whatever other
people's pages load from here is the same for every reader, sets nothing and asks nobody else.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery

from service import partners, press
from service.cases import Case, Event
from service.errors import Fault, Invalid, NotFound, Refusal
from service.partners import Partner
from service.petitions import Petition
from service.sponsors import Snapshot
from service.web import forms, signing
from service.web.api import ProblemOut
from service.web.front import Answer
from service.web.pages import NOT_STORED, Asset, Filled, Pages, Words, csp, language, negotiate, pages_of

Visit = Request[Any, Any, Any]

OPEN = {"access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin", "x-content-type-options": "nosniff"}
"""For what any page may load."""

FOR_A_YEAR = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=300, stale-while-revalidate=86400"
FRESH = "public, max-age=2, stale-while-revalidate=30"
AN_HOUR = "public, max-age=3600, stale-while-revalidate=86400"

THEMES = ("auto", "light", "dark")
_json = msgspec.json.Encoder()


# -- the element -----------------------------------------------------------------------------------------------------------------


def integrity(asset: Asset) -> str:
    """The ``integrity`` attribute of a script (W3C Subresource Integrity)."""
    return "sha384-" + base64.b64encode(hashlib.sha384(asset.content).digest()).decode()


def versioned(pages: Pages) -> str:
    """The path of the element that never changes, for pages that pin its content."""
    return f"/widget/{pages.assets['embed/widget.js'].mark}.js"


def _script(pages: Pages, *, for_ever: bool) -> dict[str, str]:
    asset = pages.assets["embed/widget.js"]
    return {**OPEN, "etag": f'"{asset.mark}"', "cache-control": FOR_A_YEAR if for_ever else A_WHILE}


@get("/widget.js", include_in_schema=False)
async def widget(request: Visit) -> Response[bytes]:
    """The element, as it is today. ``?v=`` with the mark of its content may be kept for ever."""
    pages = pages_of(request)
    asset = pages.assets["embed/widget.js"]
    headers = _script(pages, for_ever=request.query_params.get("v", "") == asset.mark)
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(b"", status_code=304, headers=headers, media_type="text/javascript")
    return Response(asset.content, headers=headers, media_type="text/javascript")


@get("/widget/{name:str}", include_in_schema=False)
async def pinned(request: Visit, name: FromPath[str]) -> Response[bytes]:
    """The element by the mark of its content; an older one is gone, and the link inside the element stays."""
    pages = pages_of(request)
    if f"/widget/{name}" != versioned(pages):
        raise NotFound("file")
    return Response(pages.assets["embed/widget.js"].content, headers=_script(pages, for_ever=True), media_type="text/javascript")


# -- what the element shows ------------------------------------------------------------------------------------------------------


class SponsorOut(msgspec.Struct, frozen=True):
    name: str
    about: str = ""


class CardOut(msgspec.Struct, frozen=True, kw_only=True):
    """All that the element shows, in one language, ready to be shown: it knows no word and no plural itself."""

    slug: str
    lang: str
    state: str
    demo: bool
    title: str
    count: int
    count_text: str
    label: str
    goal: int
    goal_text: str
    goal_label: str
    percent: int
    line: str
    sign: str
    state_text: str
    opens: str
    close: str
    frame_title: str
    failed: str
    failed_link: str
    sponsors_title: str
    no_sponsors: str
    sponsor_more: str
    sponsors: list[SponsorOut]
    case: str
    urls: dict[str, str]


class CaseCardOut(msgspec.Struct, frozen=True, kw_only=True):
    """One prisoner for the element: a name, what is known and as of when, who stands for him."""

    slug: str
    lang: str
    name: str
    status: str
    line: str
    url: str


MOST_SPONSORS = 60


class Beside(msgspec.Struct, frozen=True):
    """What the register says beside a petition, in one language: a line, who stands for the prisoners, and whom to show first."""

    line: str = ""
    sponsors: list[SponsorOut] = msgspec.field(default_factory=list)
    case: str = ""


def beside(register: Snapshot, petition: Petition, words: Words) -> Beside:
    """No number without its day: how many are held, as of when, and who stands up for them."""
    sponsors, parts = register.for_petition(petition.id), []
    prisoners = register.numbers.prisoners
    if prisoners.held and prisoners.as_of:
        parts.append(words.t("widget-held", n=prisoners.held, when=words.day(prisoners.as_of)))
    if sponsors:
        parts.append(_stand(words, [sponsor.name(words.lang) for sponsor in sponsors]))
    first = register.cases_of(petition.id) or register.fewest(1)
    return Beside(
        " ".join(parts),
        [
            SponsorOut(sponsor.name(words.lang), str(words.locale.territories.get(sponsor.country, "")))
            for sponsor in sponsors[:MOST_SPONSORS]
        ],
        first[0].slug if first else "",
    )


def _stand(words: Words, names: list[str]) -> str:
    return words.t("widget-stand", first=names[0], n=len(names) - 1)


def case_card(register: Snapshot, case: Case, words: Words, base_url: str) -> CaseCardOut:
    """One case as the register has it now."""
    last, since = case.last, case.since
    ended = next((event for event in case.events if event.kind in ("released", "died")), None)
    status = ""
    if ended is not None:
        status = words.t(f"widget-case-{ended.kind}", when=_day(words, ended))
    elif since is not None and last is not None:
        status = words.t("widget-case-held", since=_day(words, since), when=words.day(last.as_of))
    names = [sponsor.name(words.lang) for sponsor, _ in register.standing(case.id)]
    return CaseCardOut(
        slug=case.slug,
        lang=words.lang,
        name=case.name(words.lang),
        status=status,
        line=_stand(words, names) if names else "",
        url=f"{base_url}/{words.lang}/cases/{case.slug}",
    )


def _day(words: Words, event: Event) -> str:
    return words.day(event.on) if event.precision == "day" else str(event.on.year)


class Cards:
    """The element's data as ready bytes with their ETag, for each petition and language, made anew when anything on them changed."""

    def __init__(self, pages: Pages, register: Callable[[], Snapshot]) -> None:
        self._pages = pages
        self._register = register
        self._kept: dict[tuple[str, str], tuple[object, bytes, str]] = {}

    def beside(self, petition: Petition, lang: str) -> Beside:
        """What the register says beside the petition, in this language."""
        return beside(self._register(), petition, self._pages.words[lang])

    def case(self, slug: str, lang: str) -> tuple[bytes, str]:
        """(body, ETag) of one case. Raises ``NotFound``."""
        register = self._register()
        case = register.case(register.leads_to(slug) or slug)
        body = _json.encode(case_card(register, case, self._pages.words[lang], self._pages.settings.base_url))
        return body, f'"{hashlib.sha256(body).hexdigest()[:20]}"'

    def card(self, petition: Petition, lang: str) -> tuple[bytes, str]:
        """(body, ETag)."""
        state, register = petition.state(self._pages.now()), self._register()
        mark, key = (petition, state, register.version), (petition.slug, lang)
        kept = self._kept.get(key)
        if kept is None or kept[0] != mark:
            body = _json.encode(card_out(self._pages, petition, state, lang, self.beside(petition, lang)))
            kept = self._kept[key] = (mark, body, f'"{hashlib.sha256(body).hexdigest()[:20]}"')
        return kept[1], kept[2]


def card_out(pages: Pages, petition: Petition, state: str, lang: str, about: Beside) -> CardOut:
    words, base = pages.words[lang], pages.settings.base_url
    title = petition.text(lang).title
    percent = petition.count * 100 // petition.goal if petition.goal else 0
    goal = words.t("widget-goal", percent=words.percent(petition.count, petition.goal), goal=words.number(petition.goal))
    return CardOut(
        slug=petition.slug,
        lang=lang,
        state=state,
        demo=petition.is_sample or pages.settings.embedded,
        title=title,
        count=petition.count,
        count_text=words.number(petition.count),
        label=words.t("widget-signatures", n=petition.count),
        goal=petition.goal,
        goal_text=goal if petition.goal else "",
        goal_label=words.t("goal-label"),
        percent=percent,
        line=about.line,
        sign=words.t("widget-sign"),
        state_text=words.t(f"state-{state}"),
        opens=words.t("new-window"),
        close=words.t("widget-close"),
        frame_title=words.t("widget-frame", title=title),
        failed=words.t("widget-failed"),
        failed_link=words.t("widget-failed-link"),
        sponsors_title=words.t("widget-sponsors"),
        no_sponsors=words.t("widget-no-sponsors"),
        sponsor_more=words.t("widget-sponsor-more"),
        sponsors=about.sponsors,
        case=about.case,
        urls={
            "page": f"{base}/{lang}/petitions/{petition.slug}",
            "frame": f"{base}/embed/{petition.slug}",
            "sponsors": f"{base}/{lang}/sponsors",
        },
    )


def _card_headers(tag: str) -> dict[str, str]:
    return {**OPEN, "etag": tag, "cache-control": FRESH}


@get("/embed/{slug:str}/{name:str}", include_in_schema=False)
async def card_data(request: Visit, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """``/embed/{slug}/{lang}.json``: the element's data; ``/embed/{slug}/card``: a card for whoever frames it.

    ``/embed/cases/{case}.{lang}.json``: one case, for the element that shows a case.
    """
    if slug == "cases":
        return _case_data(request, name)
    petition: Petition = request.app.state.shelf.get(slug)
    if name == "card":
        return _card_page(request, petition)
    if name == "sent":
        return _sent_page(request, petition)
    lang, dot, ending = name.partition(".")
    if dot + ending != ".json" or lang not in pages_of(request).languages:
        raise NotFound("language")
    body, tag = request.app.state.cards.card(petition, lang)
    return _data(request, body, tag)


def _case_data(request: Visit, name: str) -> Response[bytes]:
    case, _, lang = _named(name, ".json").rpartition(".")
    return _data(request, *request.app.state.cards.case(case, language(request, lang)))


def _data(request: Visit, body: bytes, tag: str) -> Response[bytes]:
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=_card_headers(tag), media_type="application/json")
    return Response(body, headers=_card_headers(tag), media_type="application/json")


def fronted(cards: Cards, pages: Pages, shelf: Any) -> Callable[[str], Answer | None]:
    """The source of ready answers for the element and its data (service/web/front.py)."""

    def find(path: str) -> Answer | None:
        if path == "/widget.js":
            content = pages.assets["embed/widget.js"].content
            return Answer("/widget.js", content, _script(pages, for_ever=False), "text/javascript; charset=utf-8")
        parts = path.split("/")
        if len(parts) != 4 or parts[1] != "embed" or not parts[3].endswith(".json"):
            return None
        case, _, lang = parts[3].removesuffix(".json").rpartition(".")
        if lang not in pages.languages or (case != "" and parts[2] != "cases"):
            return None
        try:
            body, tag = cards.case(case, lang) if parts[2] == "cases" else cards.card(shelf.get(parts[2]), lang)
        except Refusal:
            return None
        return Answer("/embed/{slug}/{lang}.json", body, _card_headers(tag), "application/json")

    return find


# -- the form in a frame ---------------------------------------------------------------------------------------------------------


class Frame(msgspec.Struct, frozen=True):
    """How a frame was asked for. ``host`` is the site around it, if it is on the list; only that site is spoken to."""

    lang: str
    theme: str
    partner: Partner | None
    host: str
    sites: tuple[str, ...]

    def query(self, **more: str) -> str:
        """The same frame's next address."""
        asked = {"lang": self.lang, "theme": self.theme, "host": self.host, "partner": self.partner.slug if self.partner else "", **more}
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
    if host and host == pages.settings.base_url:  # the builder's preview
        sites = ("'self'", *sites)
        return Frame(lang, _theme(asked.get("theme", "")), partner, host, sites)
    is_listed = len(host) < 300 and any(partners.is_site(host, site) for site in sites)
    return Frame(lang, _theme(asked.get("theme", "")), partner, host if is_listed else "", sites)


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


# -- embedding by address --------------------------------------------------------------------------------------------------------


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


_PROBLEM = "application/problem+json"


@get(
    "/oembed",
    summary="A petition's card for whoever embeds by address",
    tags=["partners"],
    responses={
        200: ResponseSpec(OembedOut, description="The card in a frame.", media_type="application/json"),
        400: ResponseSpec(ProblemOut, description="No address, or a size that is no number.", media_type=_PROBLEM),
        404: ResponseSpec(ProblemOut, description="The address is none of a petition here.", media_type=_PROBLEM),
        501: ResponseSpec(ProblemOut, description="The format xml.", media_type=_PROBLEM),
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
    height = _pixels(maxheight, "maxheight", usual=320, least=200)
    pages = pages_of(request)
    petition, lang = _petition_at(request, url)
    base = pages.settings.base_url
    title = petition.text(lang).title
    page = f"{base}/{lang}/petitions/{petition.slug}"
    # A blockquote with the link and one frame: the only two things that WordPress lets through from a site that it does not know.
    frame = (
        f'<iframe src="{escape(f"{base}/embed/{petition.slug}/card?lang={lang}", _QUOTES)}" width="{width}" height="{height}" '
        f'title="{escape(title, _QUOTES)}" frameborder="0" marginwidth="0" marginheight="0" scrolling="no"></iframe>'
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


_QUOTES = {'"': "&quot;"}


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


# -- pictures --------------------------------------------------------------------------------------------------------------------


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
                    self._kept[key] = (made, f'"{hashlib.sha256(made).hexdigest()[:20]}"')
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
    headers = {**OPEN, "etag": tag, "cache-control": cache}
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers, media_type="image/png")
    return Response(content, headers=headers, media_type="image/png")


def _named(name: str, ending: str) -> str:
    if not name.endswith(ending):
        raise NotFound("file")
    return name.removesuffix(ending)


@get("/share/{slug:str}/{name:str}", include_in_schema=False)
async def share(request: Visit, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """``/share/{slug}/{lang}.png``: the petition's picture, with the milestone that it has reached."""
    petition: Petition = request.app.state.shelf.get(slug)
    lang = language(request, _named(name, ".png"))
    return await _png(request, "share", share_data(pages_of(request), petition, lang, partners.milestone(petition.count)), cache=AN_HOUR)


@get("/share/{slug:str}/{lang:str}/{name:str}", include_in_schema=False)
async def share_milestone(request: Visit, slug: FromPath[str], lang: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """``/share/{slug}/{lang}/{milestone}.png``: the day a milestone was reached; it stays as it is when the count goes on."""
    petition: Petition = request.app.state.shelf.get(slug)
    text = _named(name, ".png")
    if text not in {str(each) for each in partners.MILESTONES if each <= petition.count}:
        raise NotFound("milestone")
    return await _png(request, "share", share_data(pages_of(request), petition, language(request, lang), int(text)), cache=AN_HOUR)


@get("/share/cases/{slug:str}/{name:str}", include_in_schema=False)
async def share_case(request: Visit, slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """``/share/cases/{slug}/{lang}.png``: a prisoner's name and what is known, as of when."""
    pages, register = pages_of(request), request.app.state.register.now
    words = pages.words[language(request, _named(name, ".png"))]
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
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    headers = {**OPEN, "etag": tag, "cache-control": A_WHILE, "content-security-policy": "default-src 'none'; frame-ancestors 'none'"}
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers, media_type="image/svg+xml")
    return Response(content, headers=headers, media_type="image/svg+xml")


def _badge_svg(data: Mapping[str, Any]) -> str:
    """Attributes only: a badge has no style and no script, and says its text to those who cannot see it."""
    brand = str(data["brand"]) + (" DEMO" if data["demo"] else "")
    text = str(data["text"])
    # No font can be measured here: 7.4 and 6.9 pixels a letter are wide enough for Latin and Armenian at 12 pixels.
    left, right = round(len(brand) * 7.6) + 18, round(len(text) * 6.9) + 18
    said = escape(f"{brand}: {text}", _QUOTES)
    font = 'font-family="system-ui, Segoe UI, Roboto, Noto Sans, Noto Sans Armenian, sans-serif" font-size="12"'
    size = f'width="{left + right}" height="24" viewBox="0 0 {left + right} 24"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{said}">'
        f"<title>{escape(str(data['title']))}</title>"
        f'<rect width="{left + right}" height="24" rx="5" fill="#fbf8f3" stroke="#d9cfc2"/>'
        f'<path d="M5 0h{left - 5}v24H5a5 5 0 0 1-5-5V5a5 5 0 0 1 5-5z" fill="#8c1c2b"/>'
        f'<text x="{left / 2}" y="16.5" text-anchor="middle" fill="#fff" font-weight="700" {font}>{escape(brand)}</text>'
        f'<text x="{left + right / 2}" y="16.5" text-anchor="middle" fill="#1f1a17" {font}>{escape(text)}</text></svg>'
    )


def router() -> Router:
    return Router(
        "/",
        route_handlers=[widget, pinned, embed, card_data, sign, resend, oembed, share, share_milestone, share_case, badge],
    )
