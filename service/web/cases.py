"""The prisoners, one by one and all together: who they are, what happened and when, by which source, and who stands for them.

Every page is the same for everyone and comes from memory. What the family did not agree to is not in that memory.
"""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath

from service.cases import Case, Event, Group
from service.sponsors import Snapshot
from service.web.kept import answer, register_of

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


@get("/cases", responses={200: ResponseSpec(CasesOut, description="All public cases, and the numbers.")}, summary="The prisoners")
async def cases_json(request: Visit) -> Response[bytes]:
    return answer(request, "cases", lambda: _all_out(request))


@get("/cases/{slug:str}", responses={200: ResponseSpec(CaseOut, description="One case.")}, summary="One prisoner")
async def case_json(request: Visit, slug: FromPath[str]) -> Response[bytes]:
    register, settings = register_of(request), request.app.state.settings
    case = register.case(register.leads_to(slug) or slug)
    return answer(request, ("case", case.slug), lambda: case_out(case, register, settings.base_url, settings.languages))


def router() -> Router:
    return Router("/api/v1", route_handlers=[cases_json, case_json], tags=["v1"])
