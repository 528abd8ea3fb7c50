"""The JSON API, version 1: what partners and tools read, and how a signature comes in from elsewhere.

Reads are ready bytes with an ETag. A form that is received is answered with 202 whoever the address belongs to; a no is
problem+json with a stable code.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from litestar import Request, Response, Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter

from service import db, signatures
from service.errors import NotFound
from service.petitions import Petition, Shelf
from service.web import forms, slot
from service.web.front import Answer
from service.web.problems import AWAY, SAME, no

Visit = Request[Any, Any, Any]
_json = msgspec.json.Encoder()
PUBLIC = {"access-control-allow-origin": "*", "x-content-type-options": "nosniff"}
CACHED = "public, max-age=2, stale-while-revalidate=30"


class CheckpointOut(msgspec.Struct, frozen=True):
    """The published checkpoint under which the count stands; ``root`` in standard base64."""

    origin: str
    size: int
    root: str


class PetitionOut(msgspec.Struct, frozen=True, kw_only=True):
    """A petition in public. ``count`` is the one under ``checkpoint``, published at ``as_of``."""

    slug: str
    state: str
    titles: dict[str, str]
    text_version: int
    count: int
    as_of: datetime | None
    goal: int
    checkpoint: CheckpointOut
    opens_at: datetime
    closes_at: datetime | None
    urls: dict[str, str]


class PetitionsOut(msgspec.Struct, frozen=True):
    petitions: list[PetitionOut]
    next: str | None = None


class ReceivedOut(msgspec.Struct, frozen=True):
    """The same for everybody: look into your mail."""

    status: str = "received"


def petition_out(petition: Petition, base_url: str, now: datetime) -> PetitionOut:
    return PetitionOut(
        slug=petition.slug,
        state=petition.state(now),
        titles=petition.titles,
        text_version=petition.text_version,
        count=petition.count,
        as_of=petition.as_of,
        goal=petition.goal,
        checkpoint=CheckpointOut(petition.checkpoint.origin, petition.checkpoint.size, base64.b64encode(petition.checkpoint.root).decode()),
        opens_at=petition.opens_at,
        closes_at=petition.closes_at,
        urls={language: f"{base_url}/{language}/petitions/{petition.slug}" for language in petition.texts},
    )


class Ready:
    """The public answers as bytes with their ETag, made anew when a petition changed, or when time changed its state."""

    def __init__(self, shelf: Shelf, base_url: str) -> None:
        self._shelf = shelf
        self._base_url = base_url
        self._made: object = None
        self._answers: dict[str, tuple[bytes, str]] = {}

    def answer(self, slug: str) -> tuple[bytes, str]:
        """(body, ETag) of one petition, or of the list for an empty slug. Raises ``NotFound``."""
        now = self._shelf.now()
        petitions = self._shelf.public()
        made = (self._shelf.version, tuple(petition.state(now) for petition in petitions))
        if made != self._made:
            out = [petition_out(petition, self._base_url, now) for petition in petitions]
            bodies = {each.slug: _json.encode(each) for each in out}
            bodies[""] = _json.encode(PetitionsOut(out))
            self._answers = {key: (body, f'"{hashlib.sha256(body).hexdigest()[:20]}"') for key, body in bodies.items()}
            self._made = made
        try:
            return self._answers[slug]
        except KeyError:
            raise NotFound("petition") from None


def _headers(tag: str) -> dict[str, str]:
    return {**PUBLIC, "etag": tag, "cache-control": CACHED}


def _public(request: Visit, slug: str) -> Response[bytes]:
    body, tag = request.app.state.ready.answer(slug)
    headers = _headers(tag)
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers, media_type="application/json")
    return Response(body, headers=headers, media_type="application/json")


def fronted(ready: Ready) -> Callable[[str], Answer | None]:
    """The source of ready answers for the list and for each petition (service/web/front.py)."""

    def find(path: str) -> Answer | None:
        head, _, slug = path.partition(_LISTED)
        if head or not path or (slug and (slug[0] != "/" or len(slug) == 1)):
            return None
        try:
            body, tag = ready.answer(slug[1:])
        except NotFound:
            return None
        return Answer(f"{_LISTED}/{{slug}}" if slug else _LISTED, body, _headers(tag), "application/json")

    return find


_LISTED = "/api/v1/petitions"
_NO = no(404, "There is no such petition.")


@get("/petitions", responses={200: ResponseSpec(PetitionsOut, description="All public petitions."), **SAME}, summary="All petitions")
async def petitions(request: Visit) -> Response[bytes]:
    return _public(request, "")


@get(
    "/petitions/{slug:str}",
    responses={200: ResponseSpec(PetitionOut, description="One petition."), **SAME, **_NO},
    summary="One petition",
)
async def petition(request: Visit, slug: FromPath[str]) -> Response[bytes]:
    return _public(request, slug)


class StatisticsOut(msgspec.Struct, frozen=True):
    """Confirmed signatures of whole days before ``before``; every cell rounded down to tens, and left out below ten."""

    slug: str
    before: date
    day: dict[str, int]
    country: dict[str, int]
    language: dict[str, int]
    partner: dict[str, int]


@get(
    "/petitions/{slug:str}/statistics",
    responses={200: ResponseSpec(StatisticsOut, description="Sums by day, country, language and partner."), **_NO, **AWAY},
    summary="Sums of whole days, rounded down to tens",
)
async def statistics(request: Visit, slug: FromPath[str]) -> Response[dict[str, Any]]:
    state = request.app.state
    found: Petition = state.shelf.get(slug)
    today = state.clock().date()
    sums = await signatures.statistics(state.pool, found.id, today=today)
    body = {"slug": slug, "before": today.isoformat(), **sums}
    return Response(body, headers={**PUBLIC, "cache-control": "public, max-age=600"}, media_type="application/json")


class ChallengeOut(msgspec.Struct, frozen=True):
    """An ALTCHA v2 challenge: solve it, and send it back with the form, in base64."""

    parameters: dict[str, Any]
    signature: str


@get(
    "/challenge",
    summary="A proof-of-work challenge (ALTCHA v2)",
    responses={
        200: ResponseSpec(ChallengeOut, description="Good for the named petition, or for any one; once."),
        **_NO,
        **no(429, "Too many from this client; see Retry-After."),
    },
)
async def challenge(request: Visit, petition: FromQuery[str | None] = None) -> Response[dict[str, object]]:
    state = request.app.state
    if petition is not None:
        state.shelf.get(petition)
    await state.limits.hit("challenge", forms.client(request))
    body = state.gate.challenge(petition, state.clock().timestamp())
    return Response(body, headers={**PUBLIC, "cache-control": "no-store"}, media_type="application/json")


@post(
    "/petitions/{slug:str}/signatures",
    status_code=202,
    summary="Sign",
    responses={
        **no(400, "Fields are wrong; every fault is named."),
        **_NO,
        **no(401, "A partner's key was sent, and does not work."),
        **no(408, "The body took too long to arrive."),
        **no(409, "closed, paused or text-changed"),
        **no(413, "More than 16 KiB."),
        **no(415, "Not application/json."),
        **no(429, "Too many from this client; see Retry-After."),
        **AWAY,
    },
)
async def sign(
    request: Visit,
    slug: FromPath[str],
    idempotency_key: Annotated[str | None, HeaderParameter(name="Idempotency-Key", required=False)] = None,
) -> Response[ReceivedOut]:
    """One form. The answer is 202 once it is stored; the same Idempotency-Key again is 202 and changes nothing.

    With a partner's key the partner's quota is counted in place of the client's network, and the partner is credited.
    """
    await slot.take(slug, forms.Head(request.scope), request.receive, request.app.state)
    return _received()


def _received() -> Response[Any]:
    return Response(slot.RECEIVED, status_code=202, headers={"cache-control": "no-store"}, media_type="application/json")


@get("/healthz", include_in_schema=False)
async def healthz() -> Response[bytes]:
    return Response(b"ok\n", media_type="text/plain", headers={"cache-control": "no-store"})


@get("/readyz", include_in_schema=False)
async def readyz(request: Visit) -> Response[bytes]:
    """200 when this process can take signatures: the database answers, a petition can be shown, and no end was announced."""
    state = request.app.state
    ready = not state.is_ending
    if ready:
        try:
            async with state.pool.acquire(timeout=1) as connection:
                await connection.fetchval("select 1")
        except (*db.AWAY, asyncpg.PostgresError):
            ready = False
    return Response(
        b"ready\n" if ready else b"not ready\n",
        status_code=200 if ready else 503,
        media_type="text/plain",
        headers={"cache-control": "no-store"},
    )


def router() -> Router:
    return Router("/api/v1", route_handlers=[petitions, petition, statistics, challenge, sign], tags=["v1"])
