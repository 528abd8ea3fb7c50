"""Those who stand for a prisoner: all of them by kind and country, and how to become one.

Whoever offers is answered alike, whatever the address; nothing of an offer is shown to anyone before organizers have written it.
"""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.openapi.datastructures import ResponseSpec

from service.sponsors import Snapshot, Sponsor, Sponsorship
from service.web.kept import answer, register_of

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
        urls={language: f"{base_url}/{language}/sponsors#{sponsor.slug}" for language in languages},
    )


@get("/sponsors", responses={200: ResponseSpec(SponsorsOut, description="All announced sponsors.")}, summary="The sponsors")
async def sponsors_json(request: Visit) -> Response[bytes]:
    settings = request.app.state.settings

    def make() -> SponsorsOut:
        register = register_of(request)
        return SponsorsOut([sponsor_out(each, register, settings.base_url, settings.languages) for each in register.sponsors])

    return answer(request, "sponsors", make)


def router() -> Router:
    return Router("/api/v1", route_handlers=[sponsors_json], tags=["v1"])
