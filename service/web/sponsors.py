"""Those who stand for a prisoner: all of them by kind and country, and how to become one.

Whoever offers is answered alike, whatever the address; nothing of an offer is shown to anyone before organizers have written it.
"""

from __future__ import annotations

import datetime
import re
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from service import identity, sponsors
from service.errors import Busy, Fault, Invalid, NotFound, TooMany
from service.sponsors import Offer, Seen, Snapshot, Sponsor, Sponsorship
from service.web import forms
from service.web.kept import answer, new_key, page, register_of
from service.web.pages import COUNTRIES, NOT_STORED, SECURITY_HEADERS, language, pages_of
from service.web.problems import SAME

Visit = Request[Any, Any, Any]

# ------------------------------------------------------------------------------------------------ the public JSON


class DeedOut(msgspec.Struct, frozen=True, kw_only=True):
    """A deed that was signed or a motion that was voted; ``paper_url`` is its scan, where there is one."""

    kind: str
    date: datetime.date
    place: str
    reference: str
    vote: str
    paper_url: str | None


class ActOut(msgspec.Struct, frozen=True, kw_only=True):
    """What the sponsor did, and a link that proves it."""

    kind: str
    date: datetime.date
    what: dict[str, str]
    proof_url: str


class SponsorshipOut(msgspec.Struct, frozen=True, kw_only=True):
    """For one case, or for the whole group (``case`` is null). ``state``: announced, active, handed-over, fulfilled, ended."""

    case: str | None
    state: str
    deed: DeedOut | None
    announced_on: datetime.date
    ended_on: datetime.date | None
    handed_to: str | None
    acts: list[ActOut]


class SponsorOut(msgspec.Struct, frozen=True, kw_only=True):
    """A sponsor of whom something was announced."""

    slug: str
    is_sample: bool
    kind: str
    country: str
    names: dict[str, str]
    mandate_end: datetime.date | None
    website: str
    statement: dict[str, str]
    logo_url: str | None
    sponsorships: list[SponsorshipOut]
    urls: dict[str, str]


class SponsorsOut(msgspec.Struct, frozen=True):
    sponsors: list[SponsorOut]


def _sponsorship_out(one: Sponsorship, register: Snapshot, base_url: str) -> SponsorshipOut:
    case = register.by_id(one.case_id)
    deed = None
    if one.deed is not None:
        paper = f"{base_url}/papers/{one.deed.paper}.pdf" if one.deed.paper else None
        deed = DeedOut(
            kind=one.deed.kind, date=one.deed.on, place=one.deed.place, reference=one.deed.reference, vote=one.deed.vote, paper_url=paper
        )
    heir = next(
        (sponsor.slug for sponsor in register.sponsors for each in sponsor.sponsorships if each.id == one.handed_to), None
    ) if one.handed_to else None  # fmt: skip
    return SponsorshipOut(
        case=case.slug if case else None,
        state=one.state,
        deed=deed,
        announced_on=one.announced_on,
        ended_on=one.ended_on,
        handed_to=heir,
        acts=[ActOut(kind=act.kind, date=act.on, what=act.what, proof_url=act.proof_url) for act in one.acts],
    )


def sponsor_out(sponsor: Sponsor, register: Snapshot, base_url: str, languages: tuple[str, ...]) -> SponsorOut:
    """A sponsor in public JSON."""
    return SponsorOut(
        slug=sponsor.slug,
        is_sample=sponsor.is_sample,
        kind=sponsor.kind,
        country=sponsor.country,
        names={language: sponsor.name(language) for language in languages},
        mandate_end=sponsor.mandate_end,
        website=sponsor.website,
        statement=sponsor.statement,
        logo_url=f"{base_url}/pictures/{sponsor.logo}" if sponsor.logo else None,
        sponsorships=[_sponsorship_out(one, register, base_url) for one in sponsor.sponsorships],
        urls={language: f"{base_url}/{language}/sponsors/{sponsor.slug}" for language in languages},
    )


@get(
    "/sponsors",
    responses={200: ResponseSpec(SponsorsOut, description="All announced sponsors."), **SAME},
    summary="The sponsors",
)
async def sponsors_json(request: Visit) -> Response[bytes]:
    settings = request.app.state.settings

    def make() -> SponsorsOut:
        register = register_of(request)
        return SponsorsOut([sponsor_out(each, register, settings.base_url, settings.languages) for each in register.sponsors])

    return answer(request, "sponsors", make)


# ------------------------------------------------------------------------------------------------ the pages

A_PAGE = 100
OFFER_FIELDS = frozenset(
    {
        "kind", "sponsor", "country", "case", "mandate_end", "name", "role", "email", "phone", "message", "consent", "form_key",
        "altcha", "h-captcha-response", "g-recaptcha-response",
    }
)  # fmt: skip
ORDER = ("kind", "sponsor", "country", "case", "mandate_end", "name", "role", "email", "phone", "message", "consent")
TYPED = ("kind", "sponsor", "country", "case", "mandate_end", "name", "role", "email", "phone", "message")


@get("/{lang:str}/sponsors", include_in_schema=False)
async def all_sponsors(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """All sponsors by country and kind, and how to become one."""
    lang = language(request, lang)
    register = register_of(request)
    kinds = [kind for kind in sponsors.KINDS if any(sponsor.kind == kind for sponsor in register.sponsors)]
    kind = request.query_params.get("kind", "")
    kind = kind if kind in kinds else ""
    rows = [sponsor for sponsor in register.sponsors if not kind or sponsor.kind == kind]
    pages = max(1, -(-len(rows) // A_PAGE))
    number = min(forms.page_number(request), pages)

    def at(page: int) -> str:
        given = {"kind": kind, "page": str(page) if page > 1 else ""}
        return f"/{lang}/sponsors?{urlencode({name: text for name, text in given.items() if text})}".rstrip("?")

    return page(
        request,
        "sponsors.html",
        lang,
        (kind, number),
        path="/sponsors",
        rows=rows[(number - 1) * A_PAGE : number * A_PAGE],
        kind=kind,
        kinds=kinds,
        countries_count=len({sponsor.country for sponsor in register.sponsors}),
        number_of_page=number,
        pages_of_list=pages,
        earlier=at(number - 1) if number > 1 else None,
        later=at(number + 1) if number < pages else None,
    )


@get("/{lang:str}/sponsors/{slug:str}", include_in_schema=False)
async def one_sponsor(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """One sponsor: for whom, by which deed, and what was done since."""
    lang, register = language(request, lang), register_of(request)
    sponsor = register.sponsor(slug)
    standing = next((case for one in sponsor.sponsorships if one.is_standing and (case := register.by_id(one.case_id)) is not None), None)
    kit = f"/cases/{standing.slug}/kit" if standing else "/sponsors/kit"
    return page(request, "sponsor.html", lang, slug, path=f"/sponsors/{slug}", sponsor=sponsor, kit=kit)


def _offer_page(request: Visit, lang: str, status: int = 200, **facts: Any) -> Response[bytes]:
    shows = request.app.state.gate.shows
    register = register_of(request)
    few = register.fewest(6)
    others = [case for case in register.cases if case.is_held and case not in few]
    given: dict[str, Any] = {"form": {}, "faults": [], "form_key": new_key(), **facts}
    typed = given["form"]
    given["form"] = {**{name: typed.get(name, "") for name in TYPED}, "consent": bool(typed.get("consent"))}
    return pages_of(request).respond(
        "offer.html", lang, status=status, hcaptcha=shows == "hcaptcha", path="/sponsors/offer", captcha=shows, kinds=sponsors.KINDS,
        few=few, others=others, register=register, **given,
    )  # fmt: skip


@get("/{lang:str}/sponsors/offer", include_in_schema=False)
async def offer_form(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """The form; whoever has the fewest sponsors is suggested first."""
    lang = language(request, lang)
    register, wanted = register_of(request), request.query_params.get("case", "")
    wanted = register.leads_to(wanted) or wanted
    is_known = any(case.slug == wanted and case.is_held for case in register.cases)
    return _offer_page(request, lang, form={"case": wanted if is_known else ""})


def _read_offer(values: dict[str, str], lang: str, register: Snapshot) -> tuple[Offer, list[UUID]]:
    """What the form says. Raises ``Invalid`` with every fault, in the order of the form."""
    faults: list[Fault] = []

    def checked(check: Any, *args: Any) -> str:
        try:
            return str(check(*args))
        except Invalid as wrong:
            faults.extend(wrong.faults)
            return ""

    kind, country, case = values.get("kind", ""), values.get("country", ""), values.get("case", "")
    if kind not in sponsors.KINDS:
        faults.append(Fault("kind", "choice"))
    sponsor = checked(identity.plain_text, values.get("sponsor", ""), "sponsor", 120)
    role = checked(identity.plain_text, values.get("role", ""), "role", 100)
    for name, text in (("sponsor", sponsor), ("role", role)):
        if not text and not any(fault.field == name for fault in faults):
            faults.append(Fault(name, "missing"))
    if country not in COUNTRIES:
        faults.append(Fault("country", "choice"))
    case_ids: list[UUID] = []
    if case != "group":
        # Looked up by what the address leads to now: the case may have been renamed or merged since the form was shown.
        found = next((each for each in register.cases if each.slug == (register.leads_to(case) or case)), None)
        if found is None:
            faults.append(Fault("case", "choice"))
        else:
            case_ids.append(found.id)
    mandate_end = values.get("mandate_end", "").strip()
    if mandate_end and not _is_day(mandate_end):
        faults.append(Fault("mandate_end", "date"))
    name = checked(identity.name, values.get("name", ""))
    email = checked(identity.deliverable, values.get("email", ""))
    phone = values.get("phone", "").strip()
    if not re.fullmatch(r"[0-9+() ./-]{0,40}", phone):
        faults.append(Fault("phone", "phone"))
    message = values.get("message", "").replace("\0", "").strip()
    if len(message) > 2_000:
        faults.append(Fault("message", "too-long"))
    if values.get("consent", "") not in ("yes", "on"):
        faults.append(Fault("consent", "offer"))
    if not forms.FORM_KEY.fullmatch(values.get("form_key", "")):
        faults.append(Fault("form_key", "form-key"))
    if faults:
        raise Invalid(sorted(faults, key=lambda fault: ORDER.index(fault.field) if fault.field in ORDER else len(ORDER)))
    offer = Offer(
        kind=kind, sponsor=sponsor, country=country, name=name, role=role, email=email, phone=phone, mandate_end=mandate_end,
        message=message, language=lang,
    )  # fmt: skip
    return offer, case_ids


def _is_day(text: str) -> bool:
    try:
        return 2020 <= datetime.date.fromisoformat(text).year <= 2100
    except ValueError:
        return False


@post("/{lang:str}/sponsors/offer", include_in_schema=False)
async def offered(request: Visit, lang: FromPath[str]) -> Response[Any]:
    """Keep the offer and send everybody to the same next page. What is wrong brings the filled-in form back."""
    lang, state = language(request, lang), request.app.state
    values = await forms.read_form(request, OFFER_FIELDS)

    def back(status: int, faults: list[Fault], more: dict[str, str] | None = None) -> Response[Any]:
        key = values.get("form_key", "")
        answer = _offer_page(
            request, lang, status, form=values, faults=faults, form_key=key if forms.FORM_KEY.fullmatch(key) else new_key()
        )
        answer.headers.update(more or {})
        return answer

    try:
        offer, case_ids = _read_offer(values, lang, register_of(request))
        form_key = values["form_key"]
        known = sponsors.offer_id(form_key, offer, case_ids)
        if not await sponsors.knows(state.pool, known):  # sent twice: a stored form needs no fresh proof
            verdict, lane, prefix = await forms.prove(request, values, "offer")
            await sponsors.submit(
                state.pool, state.ring, offer, case_ids, form_key=form_key, lane=lane, prefix=prefix,
                replay_key=verdict.replay_key, replay_until=verdict.expires_at,
            )  # fmt: skip
    except Invalid as wrong:
        return back(400, wrong.faults)
    except TooMany as later:
        return back(429, [Fault("form", "too-many")], {"retry-after": str(later.retry_after)})
    except Busy as later:
        return back(503, [Fault("form", "busy")], {"retry-after": str(later.retry_after)})
    s = state.tokens.seal_sent({"email": offer.email, "offer": True}, state.clock())
    return _see(f"/{lang}/sponsors/offer/sent?s={quote(s)}")


def _see(path: str) -> Response[None]:
    return Response(None, status_code=303, headers={"location": path, "cache-control": NOT_STORED, "referrer-policy": "no-referrer"})


@get("/{lang:str}/sponsors/offer/sent", include_in_schema=False)
async def offer_sent(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """Shows the visitor's own address back."""
    lang, state = language(request, lang), request.app.state
    try:
        address = str(state.tokens.open_sent(request.query_params.get("s", ""), state.clock()).get("email", ""))
    except NotFound:
        address = ""  # half an hour is over
    return pages_of(request).respond("offer_sent.html", lang, path="/sponsors/offer", address=address)


def _confirm_page(request: Visit, lang: str, token: str, seen: Seen | None) -> Response[bytes]:
    register = register_of(request)
    path = f"/offer/{quote(token, safe='')}"
    ids = seen.case_ids if seen else []
    wanted = [case for case_id in ids if (case := register.by_id(case_id)) is not None]
    state = seen.state if seen else "unknown"
    return pages_of(request).respond(
        "offer_confirm.html", lang, status={"unknown": 404, "over": 410}.get(state, 200), path=path, action=f"/{lang}{path}",
        state=state, wanted=wanted, is_group=not ids, is_gone=len(wanted) < len(ids),
    )  # fmt: skip


@get("/{lang:str}/offer/{token:str}", include_in_schema=False)
async def look(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[bytes]:
    """What the button would confirm. Looking changes nothing."""
    lang, state = language(request, lang), request.app.state
    try:
        seen = await sponsors.look(state.pool, state.tokens.read("offer", token))
    except NotFound:
        return _confirm_page(request, lang, token, None)
    return _confirm_page(request, lang, token, seen)


@post("/{lang:str}/offer/{token:str}", include_in_schema=False)
async def press(request: Visit, lang: FromPath[str], token: FromPath[str]) -> Response[bytes]:
    """The deliberate press, or "this was not me"; each may be repeated."""
    lang, state = language(request, lang), request.app.state
    values = await forms.read_form(request, frozenset({"act"})) if request.headers.get("content-type") else {}
    try:
        handle = state.tokens.read("offer", token)
        act = sponsors.was_not_me if values.get("act") == "not-me" else sponsors.verify
        seen = await act(state.pool, handle)
    except NotFound:
        return _confirm_page(request, lang, token, None)
    return _confirm_page(request, lang, token, seen)


@get("/papers/{name:str}", include_in_schema=False)
async def paper(request: Visit, name: FromPath[str]) -> Response[bytes]:
    """The scan of a deed or motion that was announced."""
    hash_ = name.removesuffix(".pdf")
    if hash_ not in register_of(request).papers or not name.endswith(".pdf"):
        raise NotFound("paper")
    content = await sponsors.paper_content(request.app.state.pool, hash_)
    return Response(
        content,
        media_type="application/pdf",
        headers={
            **SECURITY_HEADERS,
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
            "cache-control": "public, max-age=86400",
            "content-disposition": f'inline; filename="deed-{hash_[:8]}.pdf"',
        },
    )


def router() -> Router:
    return Router(
        "/",
        route_handlers=[
            Router("/api/v1", route_handlers=[sponsors_json], tags=["v1"]),
            all_sponsors, one_sponsor, offer_form, offered, offer_sent, look, press, paper,
        ],
    )  # fmt: skip
