"""The way of a signer: read the petition, sign, look into the mail, press the button, change one's mind.

GET changes nothing, whoever sends it; what changes something is a plain POST by a button that a person presses. Every
address is answered alike, and whatever was typed comes back when something was wrong.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from litestar import Request, Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Stream
from markupsafe import escape

from service import certificates, intake, signatures, updates
from service.errors import Fault, Invalid, NotFound
from service.identity import Form, deliverable
from service.intake import Submission
from service.partners import Partner
from service.petitions import Petition, Shelf
from service.sponsors import Register, Snapshot
from service.web import forms, signing
from service.web.front import Answer
from service.web.pages import CACHED, NOT_STORED, Filled, Pages, language, pages_of

Visit = Request[Any, Any, Any]

_SCANNER = re.compile(
    r"bot\b|crawl|spider|scan|preview|prefetch|link.?check|safelinks|urldefense|barracuda|mimecast|proofpoint|virustotal|slurp",
    re.IGNORECASE,
)
MANAGE_FIELDS = frozenset({"act", "visibility", "sure"})
RESEND_FIELDS = frozenset({"s", "form_key"})
ASK_FIELDS = frozenset({"email", "form_key"})


def looks_automatic(request: Visit) -> bool:
    """Whether the client calls itself a scanner or says that it fetches ahead of a person."""
    headers = request.headers
    ahead = headers.get("purpose", "") + headers.get("sec-purpose", "") + headers.get("x-moz", "")
    return bool(_SCANNER.search(headers.get("user-agent", "")) or "prefetch" in ahead.lower())


def _see(path: str) -> Response[None]:
    return Response(None, status_code=303, headers={"location": path, "cache-control": NOT_STORED, "referrer-policy": "no-referrer"})


class ReadyPages:
    """The petition pages as ready bytes, for each petition and language, made anew when anything on them changed."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._kept: dict[tuple[str, str, str], tuple[object, bytes]] = {}
        self._thanks: dict[tuple[object, ...], tuple[Petition, bytes]] = {}
        # Words that no text holds and no escaping changes stand where the visitor's own bytes come.
        self._token, self._manage, self._promise = (f"place-{secrets.token_hex(12)}" for _ in range(3))

    def thanks(self, pages: Pages, petition: Petition, lang: str, token: str, pressed: signatures.Pressed, manage: str) -> bytes:
        """The page after the press (confirmed or already): the same for everybody but for their own links and promise."""
        key = (petition.slug, lang, pressed.state, bool(manage), bool(pressed.promise))
        kept = self._thanks.get(key)
        if kept is None or kept[0] != petition:
            path = f"/confirm/{self._token}"
            given = {**_CONFIRM_FACTS, "petition": petition, "promise": self._promise if pressed.promise else None}
            given["manage_url"] = f"/{lang}/manage/{self._manage}" if manage else None
            whole = pages.render(
                "confirm.html", lang, status=200, path=path, action=f"/{lang}{path}", form_key="", state=pressed.state, **given
            )
            kept = self._thanks[key] = petition, whole
        page = kept[1].replace(self._token.encode(), quote(token, safe="").encode())
        if manage:
            page = page.replace(self._manage.encode(), manage.encode())
        return page.replace(self._promise.encode(), str(escape(pressed.promise.decode())).encode()) if pressed.promise else page

    def page(self, pages: Pages, petition: Petition, state: str, lang: str, captcha: str, partner: Partner | None = None) -> bytes:
        mark = (petition, state, captcha, partner, self._register.version)
        key = (petition.slug, lang, partner.slug if partner else "")
        kept = self._kept.get(key)
        if kept is None or kept[0] != mark:
            kept = (mark, _petition_page(pages, petition, state, lang, captcha, self._register.now, partner=partner))
            self._kept[key] = kept
        return kept[1]


def _petition_page(
    pages: Pages,
    petition: Petition,
    state: str,
    lang: str,
    captcha: str,
    register: Snapshot,
    *,
    form: Filled | None = None,
    faults: list[Fault] | None = None,
    notice: str = "",
    form_key: str = "",
    partner: Partner | None = None,
) -> bytes:
    credit = partner.slug if partner else ""
    return pages.render(
        "petition.html",
        lang,
        path=f"/petitions/{petition.slug}" + (f"?partner={credit}" if credit else ""),
        petition=petition,
        state=state,
        partner=partner,
        form=form or Filled(partner=credit),
        faults=faults or [],
        notice=notice,
        captcha=captcha,
        form_key=form_key or signing.new_form_key(),
        register=register,
        sponsors=register.for_petition(petition.id),
        named=register.cases_of(petition.id),
        for_all=register.speaks_of_all(petition.id),
    )


def fronted(ready_pages: ReadyPages, pages: Pages, shelf: Shelf, shows: Callable[[], str]) -> Callable[[str], Answer | None]:
    """The source of ready answers for petition pages (service/web/front.py); ``shows`` is what the form's captcha is now."""

    def find(path: str) -> Answer | None:
        parts = path.split("/")
        if len(parts) != 4 or parts[2] != "petitions" or parts[1] not in pages.languages:
            return None
        try:
            petition = shelf.get(parts[3])
        except NotFound:
            return None
        lang, captcha = parts[1], shows()
        content = ready_pages.page(pages, petition, petition.state(shelf.now()), lang, captcha)
        headers = pages.headers(lang, cache=CACHED, hcaptcha=captcha == "hcaptcha")
        return Answer("/{lang}/petitions/{slug}", content, headers, "text/html; charset=utf-8")

    return find


@get("/{lang:str}/petitions/{slug:str}", include_in_schema=False)
async def page(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The petition and its form, from ready bytes. It may be cached: its form key is no secret (docs/decisions.md)."""
    lang, pages, state = language(request, lang), pages_of(request), request.app.state
    petition: Petition = state.shelf.get(slug)
    shows = state.gate.shows
    partner = state.roster.find(request.query_params.get("partner", ""), petition.id)
    content = state.ready_pages.page(pages, petition, petition.state(state.clock()), lang, shows, partner)
    headers = pages.headers(lang, cache=CACHED, hcaptcha=shows == "hcaptcha")
    return Response(content, media_type="text/html", headers=headers)


@post("/{lang:str}/petitions/{slug:str}/sign", include_in_schema=False)
async def sign(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[Any]:
    """Store the form and send everybody to the same next page. What is wrong brings the filled-in form back."""
    lang, pages, state = language(request, lang), pages_of(request), request.app.state
    petition: Petition = state.shelf.get(slug)
    values = await forms.read_form(request, forms.SIGN_FIELDS)
    outcome = await signing.receive(request, petition, lang, values)
    if isinstance(outcome, signing.Received):
        return _see(f"/{lang}/petitions/{petition.slug}/sent?s={outcome.s}")
    shows = state.gate.shows
    content = _petition_page(
        pages, petition, petition.state(state.clock()), lang, shows, state.register.now,
        form=forms.filled(outcome.sent), faults=outcome.faults, notice=outcome.notice, form_key=outcome.sent.form_key,
        partner=state.roster.find(outcome.sent.partner, petition.id),
    )  # fmt: skip
    headers = {**pages.headers(lang, cache=NOT_STORED, hcaptcha=shows == "hcaptcha"), **outcome.headers}
    return Response(content, status_code=outcome.status, media_type="text/html", headers=headers)


@get("/{lang:str}/petitions/{slug:str}/sent", include_in_schema=False)
async def sent(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Shows the visitor's own address back, and a way to get another mail."""
    lang, state = language(request, lang), request.app.state
    petition: Petition = state.shelf.get(slug)
    s = request.query_params.get("s", "")
    try:
        told = state.tokens.open_sent(s, state.clock())
    except NotFound:
        return _see(f"/{lang}/manage")  # type: ignore[return-value]  # half an hour is over; there one can ask for a link
    return pages_of(request).respond(
        "sent.html",
        lang,
        path=f"/petitions/{slug}/sent?s={quote(s)}",
        petition=petition,
        address=told["email"],
        resend_action=f"/{lang}/petitions/{slug}/resend",
        s=s,
        form_key=signing.new_form_key(),
        resent=request.query_params.get("again", "") == "1",
    )


@post("/{lang:str}/petitions/{slug:str}/resend", include_in_schema=False)
async def resend(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[Any]:
    """The same mail again, within the caps that nobody is told about."""
    lang, state = language(request, lang), request.app.state
    petition: Petition = state.shelf.get(slug)
    values = await forms.read_form(request, RESEND_FIELDS)
    received = await signing.again(request, petition, lang, values)
    return _see(f"/{lang}/petitions/{petition.slug}/sent?s={received.s}&again=1")


# -- the link in the mail ------------------------------------------------------------------------------------------------------


_CONFIRM_FACTS: dict[str, Any] = {
    "petition": None, "name": "", "text_language": "", "visibility": "", "promise": None, "manage_url": None, "not_me_url": None,
}  # fmt: skip


def _confirm_page(request: Visit, lang: str, token: str, status: int = 200, **facts: Any) -> Response[bytes]:
    given = {**_CONFIRM_FACTS, **facts}
    path = f"/confirm/{quote(token, safe='')}"
    return pages_of(request).respond(
        "confirm.html", lang, status=status, path=path, action=f"/{lang}{path}", form_key=signing.new_form_key(), **given
    )


def _petition_of(request: Visit, slug: str) -> Petition | None:
    try:
        found: Petition = request.app.state.shelf.get(slug)
    except NotFound:
        return None
    return found


_STATUS = {"unknown": 404, "expired": 410, "closed": 409}


@get("/{lang:str}/confirm", include_in_schema=False)
async def look_without(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """A link of which nothing is left behind the last stroke: a mail program cut it."""
    return _confirm_page(request, language(request, lang), "", 404, state="unknown")


@get("/{lang:str}/confirm/{token:str}", include_in_schema=False)
async def look(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[bytes]:
    """What the button would confirm. Looking changes nothing, however often and by whomever it is done."""
    lang, state = language(request, lang), request.app.state
    try:
        view = await state.confirmer.look(state.tokens.read("confirm", token))
    except NotFound:
        return _confirm_page(request, lang, token, 404, state="unknown")
    asks = view.state == "ask"
    return _confirm_page(
        request,
        lang,
        token,
        _STATUS.get(view.state, 200),
        state=view.state,
        petition=_petition_of(request, view.slug),
        name=view.name,
        text_language=lang if asks else "",
        visibility=view.visibility if asks else "",
    )


@post("/{lang:str}/confirm/{token:str}", include_in_schema=False)
async def press(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[bytes]:
    """The deliberate press. The first one counts, later ones are thanked as well."""
    lang, state = language(request, lang), request.app.state
    await forms.body(request)
    try:
        handle = state.tokens.read("confirm", token)
    except NotFound:
        return _confirm_page(request, lang, token, 404, state="unknown")
    pressed = await state.confirmer.press(handle, lang, looks_automatic=looks_automatic(request))
    petition = _petition_of(request, pressed.slug)
    if pressed.state == "ask-again":
        view = await state.confirmer.look(handle)
        return _confirm_page(
            request, lang, token, state="ask-again", petition=petition, name=view.name, text_language=lang, visibility=view.visibility
        )
    if pressed.state not in ("confirmed", "already") or petition is None:
        return _confirm_page(request, lang, token, _STATUS.get(pressed.state, 200), state=pressed.state, petition=petition)
    pages = pages_of(request)
    manage = state.tokens.write("manage", pressed.manage) if pressed.manage else ""
    content = state.ready_pages.thanks(pages, petition, lang, token, pressed, manage)
    return Response(content, status_code=200, media_type="text/html", headers=pages.headers(lang))


# -- changing one's mind ---------------------------------------------------------------------------------------------------------


def _manage_page(
    request: Visit, lang: str, token: str, mine: signatures.Managed | None, status: int = 200, **facts: Any
) -> Response[bytes]:
    path = f"/manage/{quote(token, safe='')}"
    given: dict[str, Any] = {"step": "", "saved": "", "faults": [], "receipt_url": None, "has_news": False, **facts}
    return pages_of(request).respond(
        "manage.html",
        lang,
        status=status,
        path=path,
        action=f"/{lang}{path}",
        petition=_petition_of(request, mine.slug) if mine else None,
        state=mine.state if mine else "unknown",
        visibility=mine.visibility if mine else "",
        day=mine.day if mine else None,
        **given,
    )


async def _mine(request: Visit, token: str) -> signatures.Managed:
    state = request.app.state
    return await signatures.managed(state.pool, "manage", state.tokens.read("manage", token))


@get("/{lang:str}/manage/{token:str}", include_in_schema=False)
async def manage(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[bytes]:
    """One's own signature: what is known, and what can be done with it."""
    lang = language(request, lang)
    try:
        mine = await _mine(request, token)
    except NotFound:
        return _manage_page(request, lang, token, None, 404)
    step, saved = request.query_params.get("step", ""), request.query_params.get("saved", "")
    state = request.app.state
    has_receipt = await certificates.has_receipt(state.pool, state.ring, state.tokens.read("manage", token))
    return _manage_page(
        request,
        lang,
        token,
        mine,
        step=step if step in ("withdraw", "erase") else "",
        receipt_url=f"/{lang}/manage/{quote(token, safe='')}/receipt" if has_receipt else None,
        saved=saved if saved in ("visibility", "news") else "",
        has_news=await updates.is_followed(request.app.state.pool, mine.signature_id),
    )


@get("/{lang:str}/manage/{token:str}/receipt", include_in_schema=False)
async def receipt(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[bytes]:
    """The file with which the signer, and nobody else, can show that her signature is in the log; made now, kept nowhere."""
    language(request, lang)
    state = request.app.state
    slug, made = await certificates.receipt(state.pool, state.ring, state.tokens.read("manage", token))
    headers = {
        "cache-control": NOT_STORED,
        "content-disposition": f'attachment; filename="{slug}.tlog-proof"',
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return Response(made, media_type="application/octet-stream", headers=headers)


@post("/{lang:str}/manage/{token:str}", include_in_schema=False)
async def act(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[Any]:
    """Show less, withdraw, or erase; each takes effect at once and may be repeated."""
    lang, state = language(request, lang), request.app.state
    values = await forms.read_form(request, MANAGE_FIELDS)
    try:
        mine = await _mine(request, token)
    except NotFound:
        return _manage_page(request, lang, token, None, 404)
    wish = values.get("act", "")
    here = f"/{lang}/manage/{quote(token, safe='')}"
    if wish not in ("visibility", "news", "withdraw", "erase"):
        return _manage_page(request, lang, token, mine, 400, faults=[Fault("act", "choice")])
    try:
        if wish == "visibility":
            await signatures.narrow(state.pool, mine, values.get("visibility", ""))
            return _see(f"{here}?saved=visibility")
        if wish == "news":
            await updates.stop(state.pool, mine.signature_id)
            return _see(f"{here}?saved=news")
        if wish == "withdraw":
            await signatures.withdraw(state.pool, mine)
        else:
            await signatures.erase(state.pool, mine)
    except Invalid as wrong:
        return _manage_page(request, lang, token, mine, 400, faults=wrong.faults)
    return _see(here)


@get("/{lang:str}/manage", include_in_schema=False)
async def ask(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """ "Mail me my link"."""
    lang = language(request, lang)
    done = request.query_params.get("done", "") == "1"
    return pages_of(request).respond(
        "manage_ask.html", lang, path="/manage", done=done, faults=[], email="", form_key=signing.new_form_key()
    )


@post("/{lang:str}/manage", include_in_schema=False)
async def asked(request: Visit, lang: FromPath[str]) -> Response[Any]:
    """The same answer for every address, whether it signed or not."""
    lang, state = language(request, lang), request.app.state
    values = await forms.read_form(request, ASK_FIELDS)
    email = values.get("email", "")
    try:
        address = deliverable(email)
    except Invalid as wrong:
        return pages_of(request).respond(
            "manage_ask.html",
            lang,
            status=400,
            path="/manage",
            done=False,
            faults=wrong.faults,
            email=email,
            form_key=signing.new_form_key(),
        )
    prefix = forms.client(request)
    await state.limits.hit("manage", prefix)
    await signing.ask(request, None, Form(kind="manage", email=address, language=lang), values.get("form_key", ""), prefix)
    return _see(f"/{lang}/manage?done=1")


@get("/{lang:str}/not-me/{token:str}", include_in_schema=False)
async def not_me(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[bytes]:
    """Somebody typed another person's address: shows what the button does."""
    return await _not_me_page(request, language(request, lang), token)


async def _not_me_page(request: Visit, lang: str, token: str) -> Response[bytes]:
    state = request.app.state
    path = f"/not-me/{quote(token, safe='')}"
    petition, shows, status = None, "unknown", 404
    try:
        mine = await signatures.managed(state.pool, "not-me", state.tokens.read("not-me", token))
    except NotFound:
        pass
    else:
        petition, status = _petition_of(request, mine.slug), 200
        shows = "ask" if mine.state in ("pending", "held") else "done" if mine.state == "expired" else "unknown"
        status = 200 if shows != "unknown" else 404
    return pages_of(request).respond("not_me.html", lang, status=status, path=path, action=f"/{lang}{path}", state=shows, petition=petition)


@post("/{lang:str}/not-me/{token:str}", include_in_schema=False)
async def was_not_me(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[Any]:
    """This address gets no mail from us ever again, and the form ends."""
    lang, state = language(request, lang), request.app.state
    await forms.body(request)
    try:
        handle = state.tokens.read("not-me", token)
        mine = await signatures.managed(state.pool, "not-me", handle)
    except NotFound:
        return await _not_me_page(request, lang, token)
    email = await signatures.address_of(state.pool, state.ring, "not-me", handle) if mine.state in ("pending", "held") else None
    if email:
        form = Form(kind="not-me", email=email, language=lang, signature_id=mine.signature_id.bytes)
        form_id = intake.form_id(None, "not-me", handle)
        await state.intake.submit(Submission(form_id=form_id, petition_id=None, form=form, lane="page"))
    is_done = bool(email) or mine.state == "expired"
    path = f"/not-me/{quote(token, safe='')}"
    return pages_of(request).respond(
        "not_me.html", lang, path=path, action="", state="done" if is_done else "unknown", petition=_petition_of(request, mine.slug)
    )


# -- what stands beside a petition -----------------------------------------------------------------------------------------------


@get("/{lang:str}/petitions/{slug:str}/signers", include_in_schema=False)
async def signers(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Those who chose to be shown, alphabetically."""
    lang, state = language(request, lang), request.app.state
    petition: Petition = state.shelf.get(slug)
    after = request.query_params.get("after", "")[:100].replace("\0", "")
    names = await signatures.shown(state.pool, petition.id, after=after, limit=501)
    base = f"/{lang}/petitions/{slug}/signers"
    return pages_of(request).respond(
        "signers.html",
        lang,
        cache=CACHED,
        path=f"/petitions/{slug}/signers",
        petition=petition,
        names=names[:500],
        as_of=state.clock().date(),
        earlier=base if after else None,
        later=f"{base}?after={quote(names[499][0])}" if len(names) > 500 else None,
    )


@get("/{lang:str}/petitions/{slug:str}/certificates", include_in_schema=False)
async def certificate_list(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    lang, state = language(request, lang), request.app.state
    petition: Petition = state.shelf.get(slug)
    issued = await certificates.listing(state.pool, petition.id)
    return pages_of(request).respond(
        "certificates.html", lang, cache=CACHED, path=f"/petitions/{slug}/certificates", petition=petition, certificates=issued
    )


@get("/petitions/{slug:str}/certificates/{certificate_id:str}/{name:str}", include_in_schema=False)
async def evidence(request: Visit, slug: FromPath[str], certificate_id: FromPath[str], name: FromPath[str]) -> Stream:
    """The evidence bundle, or its certificate alone as JSON or PDF; its bytes never change."""
    petition: Petition = request.app.state.shelf.get(slug)
    size, pieces = await certificates.download(request.app.state.pool, petition.id, certificate_id, name)
    headers = {
        "content-length": str(size),
        "cache-control": "public, max-age=31536000, immutable",
        "access-control-allow-origin": "*",
        "x-content-type-options": "nosniff",
    }
    return Stream(pieces, media_type=certificates.NAMES[name], headers=headers)


def router() -> Router:
    handlers = [
        page, sign, sent, resend, look, look_without, press, ask, asked, manage, act, receipt, not_me, was_not_me, signers,
        certificate_list, evidence,
    ]  # fmt: skip
    return Router("/", route_handlers=handlers)
