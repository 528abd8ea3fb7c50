"""The prisoners, one by one and all together: who they are, what happened and when, by which source, and who stands for them.

Every page is the same for everyone and comes from memory. What the family did not agree to is not in that memory.
"""

from __future__ import annotations

import datetime
import hashlib
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from service import cases, db
from service.cases import Case, Event, Group
from service.errors import Fault, Invalid, NotFound, TooMany
from service.identity import seal
from service.sponsors import Gone, Snapshot
from service.web import forms
from service.web.kept import answer, moved, new_key, page, register_of, today
from service.web.pages import CACHED, NOT_STORED, SECURITY_HEADERS, language, pages_of
from service.web.problems import SAME, no

Visit = Request[Any, Any, Any]

# ------------------------------------------------------------------------------------------------ the public JSON


class EventOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened; ``as_of`` is when somebody last looked whether it still stands."""

    kind: str
    date: datetime.date
    precision: str
    as_of: datetime.date
    note: dict[str, str]
    source: dict[str, str]
    source_url: str


class PhotoOut(msgspec.Struct, frozen=True):
    url: str
    credit: str
    licence: str


class CaseOut(msgspec.Struct, frozen=True, kw_only=True):
    """A prisoner as far as the family agrees. ``status`` is the kind of the last event; ``held`` is false once it has ended."""

    slug: str
    is_sample: bool
    category: str
    name: str
    names: dict[str, str]
    status: str
    held: bool
    since: datetime.date | None
    until: datetime.date | None
    status_date: datetime.date | None
    status_as_of: datetime.date | None
    status_source_url: str
    history: list[EventOut]
    photo: PhotoOut | None
    sponsors: list[str]
    urls: dict[str, str]


class GroupOut(msgspec.Struct, frozen=True, kw_only=True):
    """Counted over the cases: ``held`` as of ``as_of``, of ``first`` on ``start``; never without its source."""

    held: int
    first: int
    start: datetime.date | None
    released: int
    died: int
    as_of: datetime.date | None
    source: dict[str, str]
    source_url: str


class NumbersOut(msgspec.Struct, frozen=True):
    prisoners: GroupOut
    disappeared: GroupOut


class CoverageOut(msgspec.Struct, frozen=True):
    """Of the shown cases that are held, how many have a sponsor of their own."""

    sponsored: int
    held: int


class CasesOut(msgspec.Struct, frozen=True):
    cases: list[CaseOut]
    numbers: NumbersOut
    coverage: CoverageOut


def _event_out(event: Event) -> EventOut:
    return EventOut(
        kind=event.kind, date=event.on, precision=event.precision, as_of=event.as_of, note=event.note, source=event.source,
        source_url=event.source_url,
    )  # fmt: skip


def _group_out(group: Group) -> GroupOut:
    return GroupOut(**{name: getattr(group, name) for name in group.__struct_fields__})


def case_out(case: Case, register: Snapshot, base_url: str, languages: tuple[str, ...]) -> CaseOut:
    """A case in public JSON."""
    last = case.last
    end = next((event for event in case.events if event.kind in ("released", "died")), None)
    photo = None
    if case.photo:
        photo = PhotoOut(f"{base_url}/pictures/{case.photo}", case.photo_credit, case.photo_licence)
    return CaseOut(
        slug=case.slug,
        is_sample=case.is_sample,
        category=case.category,
        name=case.name_hy,
        names={language: case.name(language) for language in languages},
        status=case.status,
        held=case.is_held,
        since=case.since.on if case.since else None,
        until=end.on if end else None,
        status_date=last.on if last else None,
        status_as_of=last.as_of if last else None,
        status_source_url=last.source_url if last else "",
        history=[_event_out(event) for event in case.events],
        photo=photo,
        sponsors=[sponsor.slug for sponsor, _ in register.standing(case.id)],
        urls={language: f"{base_url}/{language}/cases/{case.slug}" for language in languages},
    )


def _all_out(request: Visit) -> CasesOut:
    register, settings = register_of(request), request.app.state.settings
    return CasesOut(
        [case_out(case, register, settings.base_url, settings.languages) for case in register.cases],
        NumbersOut(_group_out(register.numbers.prisoners), _group_out(register.numbers.disappeared)),
        CoverageOut(*register.covered),
    )


@get(
    "/cases",
    responses={200: ResponseSpec(CasesOut, description="All public cases, and the numbers."), **SAME},
    summary="The prisoners",
)
async def cases_json(request: Visit) -> Response[bytes]:
    return answer(request, "cases", lambda: _all_out(request))


@get(
    "/cases/{slug:str}",
    responses={
        200: ResponseSpec(CaseOut, description="One case."),
        **SAME,
        **no(404, "There is no such case."),
        **no(410, "The case was taken down."),
    },
    summary="One prisoner",
)
async def case_json(request: Visit, slug: FromPath[str]) -> Response[bytes]:
    register, settings = register_of(request), request.app.state.settings
    case = register.case(register.leads_to(slug) or slug)
    return answer(request, ("case", case.slug), lambda: case_out(case, register, settings.base_url, settings.languages))


# ------------------------------------------------------------------------------------------------ the pages

A_PAGE = 48
"""Cases on one page of the list: what a poor phone still loads in a moment."""

SHOWS = ("all", "held", "alone", "free", "missing")
TAKE_DOWN_FIELDS = frozenset({"who", "what", "contact", "form_key", "altcha", "h-captcha-response", "g-recaptcha-response"})


def _chosen(register: Snapshot, show: str) -> list[Case]:
    """The cases that a filter shows; whoever is waited for comes before whoever is home."""
    found = sorted(register.cases, key=lambda case: not case.is_held)
    if show == "held":
        return [case for case in found if case.is_held and case.category != "disappeared"]
    if show == "alone":
        return [case for case in found if case.is_held and not register.standing(case.id)]
    if show == "free":
        return [case for case in found if case.status == "released"]
    if show == "missing":
        return [case for case in found if case.category == "disappeared"]
    return found


@get("/{lang:str}/cases", include_in_schema=False)
async def all_cases(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """All prisoners; a search finds any spelling, in any script."""
    lang = language(request, lang)
    query = request.query_params.get("q", "").strip()[:100]
    show = request.query_params.get("show", "all")
    show = show if show in SHOWS else "all"
    register = register_of(request)
    found = register.find(query) if query else _chosen(register, show)
    number = forms.page_number(request)
    pages = max(1, -(-len(found) // A_PAGE))
    number = min(number, pages)

    def at(page: int) -> str:
        given = {"q": query, "show": "" if query or show == "all" else show, "page": str(page) if page > 1 else ""}
        return f"/{lang}/cases?{urlencode({name: text for name, text in given.items() if text})}".rstrip("?")

    context: dict[str, Any] = {
        "path": "/cases",
        "found": found[(number - 1) * A_PAGE : number * A_PAGE],
        "query": query,
        "show": show,
        "total": len(found),
        "number_of_page": number,
        "pages_of_list": pages,
        "earlier": at(number - 1) if number > 1 else None,
        "later": at(number + 1) if number < pages else None,
    }
    if query:  # what somebody looks for is nobody's business: not kept, here or in a cache
        return pages_of(request).respond("cases.html", lang, register=register, today=today(request), **context)
    return page(request, "cases.html", lang, (show, number), **context)


@get("/{lang:str}/cases/{slug:str}", include_in_schema=False)
async def one_case(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """One prisoner. An old address leads on; one that was taken down says so, kindly."""
    lang = language(request, lang)
    register = register_of(request)
    if target := register.leads_to(slug):
        return moved(f"/{lang}/cases/{target}")
    try:
        case = register.case(slug)
    except Gone:
        return pages_of(request).respond("case_gone.html", lang, status=410, cache=CACHED, path="/cases")
    speaks = register.petitions_of(case.id)
    petitions = [petition for petition in request.app.state.shelf.public() if speaks(petition.id)]
    return page(request, "case.html", lang, case.slug, path=f"/cases/{case.slug}", case=case, petitions=petitions)


def _take_down_page(request: Visit, lang: str, case: Case, status: int = 200, **facts: Any) -> Response[bytes]:
    shows = request.app.state.gate.shows
    given: dict[str, Any] = {"form": {}, "faults": [], "done": False, "form_key": new_key(), **facts}
    given["form"] = {name: given["form"].get(name, "") for name in ("who", "what", "contact")}
    return pages_of(request).respond(
        "take_down.html", lang, status=status, hcaptcha=shows == "hcaptcha", path=f"/cases/{case.slug}/take-down", case=case,
        captcha=shows, **given,
    )  # fmt: skip


@get("/{lang:str}/cases/{slug:str}/take-down", include_in_schema=False)
async def ask_take_down(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The form on which a family, or anybody, asks for a correction or a removal."""
    lang = language(request, lang)
    case = register_of(request).case(slug)
    return _take_down_page(request, lang, case, done=request.query_params.get("done", "") == "1")


@post("/{lang:str}/cases/{slug:str}/take-down", include_in_schema=False)
async def take_down_asked(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[Any]:
    """Sealed for the organizers; the same request again changes nothing."""
    lang, state = language(request, lang), request.app.state
    case = register_of(request).case(slug)
    values = await forms.read_form(request, TAKE_DOWN_FIELDS)
    kept = {
        name: " ".join(values.get(name, "").replace("\0", "").split()) if name != "what" else values.get(name, "").replace("\0", "").strip()
        for name in ("who", "what", "contact")
    }
    limits = {"who": 120, "what": 2_000, "contact": 200}
    faults = [Fault(name, name) for name, longest in limits.items() if len(kept[name]) > longest or (not kept[name] and name != "contact")]
    form_key = values.get("form_key", "")
    try:
        if faults:
            raise Invalid(faults)  # noqa: TRY301 - one way back for every fault
        await forms.prove(request, values, "take-down")
    except Invalid as wrong:
        return _take_down_page(request, lang, case, 400, form=kept, faults=wrong.faults, form_key=form_key or new_key())
    except TooMany as later:
        back = _take_down_page(request, lang, case, 429, form=kept, faults=[Fault("form", "too-many")], form_key=form_key or new_key())
        back.headers["retry-after"] = str(later.retry_after)
        return back
    content = msgspec.msgpack.encode(kept)
    request_id = UUID(bytes=hashlib.sha256(b"libertas take-down/v1\0" + form_key.encode() + b"\0" + case.id.bytes + content).digest()[:16])
    blob = seal(state.ring.register_key(), cases.REGISTER, "case_request", request_id.bytes, content)
    async with db.transaction(state.pool) as connection:
        await cases.ask_take_down(connection, request_id, case.id, blob, lang)
    return Response(None, status_code=303, headers={"location": f"/{lang}/cases/{slug}/take-down?done=1", "cache-control": NOT_STORED})


@get("/pictures/{hash:str}", include_in_schema=False)
async def picture(request: Visit, hash: FromPath[str]) -> Response[bytes]:
    """A photo or a logo that a public page shows; others are not there, whoever knows their address."""
    if hash not in register_of(request).pictures:
        raise NotFound("picture")
    found = await cases.picture(request.app.state.pool, hash)
    return Response(
        found.content,
        media_type=found.media_type,
        headers={
            **SECURITY_HEADERS,
            "cross-origin-resource-policy": "cross-origin",
            "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
            # Not for ever: what is taken down leaves the caches within a day.
            "cache-control": "public, max-age=86400",
        },
    )


def router() -> Router:
    return Router(
        "/",
        route_handlers=[
            Router("/api/v1", route_handlers=[cases_json, case_json], tags=["v1"]),
            all_cases, one_case, ask_take_down, take_down_asked, picture,
        ],
    )  # fmt: skip
