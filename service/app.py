"""The web process, put together: the one place that knows every part of it.

It holds no state of its own that another process could miss: counts and petitions are read from the database twice a
second, forms and presses are committed before they are answered. What it refuses is a page in the visitor's language, or
problem+json for the API; what goes wrong is logged without anything that a visitor sent.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, nullcontext
from typing import Any, cast

import httpx2
import structlog
from litestar import Litestar, Request, Response, Router
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from prometheus_client import Counter, Gauge, start_http_server

from service import __version__, captcha, db, witnesses
from service.db import AWAY
from service.errors import Busy, NotFound, Refusal, _Later
from service.identity import Keys
from service.intake import Intake
from service.organizers import Secrets
from service.partners import Roster
from service.petitions import Shelf
from service.risk import ClientLimits, DayKeys
from service.settings import Settings
from service.signatures import Confirmer
from service.sponsors import Register
from service.tokens import Tokens
from service.web import api, builder, desk, site, widgets
from service.web import cases as case_pages
from service.web import cities as city_pages
from service.web import kits as kit_pages
from service.web import ledger as ledger_pages
from service.web import partners as partner_pages
from service.web import petitions as petition_pages
from service.web import privacy as privacy_pages
from service.web import recipients as recipient_pages
from service.web import sponsors as sponsor_pages
from service.web import support as support_page
from service.web import updates as update_pages
from service.web import verify as verify_pages
from service.web.callers import Cors, refuse_foreign
from service.web.files import Files, contents
from service.web.front import Answer, Front
from service.web.kept import PUBLIC, Kept
from service.web.pages import Pages
from service.web.problems import PROBLEM, Problem, problem
from service.web.slot import Slot

log = structlog.get_logger()

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POOL = 8


def create(settings: Settings) -> Door:
    """The ASGI application; everything it needs is opened when it starts. Raises ``Misconfigured`` there, naming every fault."""
    litestar = Litestar(
        route_handlers=[
            site.router(),
            desk.router(),
            petition_pages.router(),
            privacy_pages.router(),
            recipient_pages.router(),
            update_pages.router(),
            ledger_pages.files,
            verify_pages.router(),
            widgets.router(),
            partner_pages.router(),
            builder.router(),
            ledger_pages.add_checkpoint,
            ledger_pages.witness_vkeys,
            api.router(),
            case_pages.router(),
            sponsor_pages.router(),
            kit_pages.router(),
            city_pages.router(),
            support_page.router(),
            api.healthz,
            api.readyz,
        ],
        lifespan=[_open(settings)],
        exception_handlers={Refusal: _refused, HTTPException: _not_served, **dict.fromkeys(AWAY, _away), Exception: _fault},
        openapi_config=OpenAPIConfig(
            title="Libertas",
            version=__version__,
            openapi_router=Router(
                "/api", route_handlers=[], include_in_schema=False, before_request=_only_the_description, after_request=_read_by_anybody
            ),
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            components=Components(
                security_schemes={"partner": SecurityScheme(type="http", scheme="bearer", description="A partner's key")}
            ),
        ),
        before_request=refuse_foreign,
        logging_config=None,
    )
    state = litestar.state
    inner = Slot(desk.DeskDoor(cast(App, litestar), state), state, lambda no: _posted_in_vain(state, no))
    return Door(Cors(inner, state), lambda path: state.front.get(path), state)


async def _only_the_description(request: Request[Any, Any, State]) -> None:
    # Litestar answers every other address below /api with a page of its own, which has no policy.
    if request.url.path != "/api/openapi.json":
        raise NotFound("address")


async def _read_by_anybody(answer: Response[Any]) -> Response[Any]:
    # Whoever builds on the API reads its description with tools on pages of their own.
    answer.headers.update({**PUBLIC, "cache-control": "public, max-age=600, stale-while-revalidate=86400"})
    return answer


_REQUESTS = Counter("libertas_requests", "Answers, by route template, method and status", ["route", "method", "status"])
_PUBLIC = Gauge("libertas_public_count", "The count under the last published checkpoint", ["petition"])


class Door:
    """In front of everything: answers that stand ready, HEAD on every GET, and a count of the answers.

    ``front`` gives the ready answer of a path, if there is one (service/web/front.py). Answers are counted by the template
    of their route, never by the address, which may hold a token.
    """

    def __init__(self, inner: App, front: Callable[[str], Answer | None] = lambda _: None, state: Any = None) -> None:
        self.state = state
        self._inner = inner
        self._front = front
        self._counters: dict[tuple[str, str, int], Counter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        method = scope["method"]
        is_head = method == "HEAD"
        if (is_head or method == "GET") and not scope["query_string"]:
            try:
                ready = self._front(scope["path"])
            except Exception:  # its route meets the same fault, and there it is answered and logged
                ready = None
            if ready is not None:
                self._count(ready.route, method, await ready.send(scope, send))
                return
        inner = {**scope, "method": "GET"} if is_head else scope

        async def counted(message: Any) -> None:
            if message["type"] == "http.response.start":
                self._count(str(inner.get("path_template", "")), method, message["status"])
            elif is_head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._inner(inner, receive, counted)

    def _count(self, route: str, method: str, status: int) -> None:
        counter = self._counters.get((route, method, status))
        if counter is None:
            counter = self._counters[route, method, status] = _REQUESTS.labels(route, method, str(status))
        counter.inc()


def _open(settings: Settings) -> Callable[[Litestar], Any]:
    @asynccontextmanager
    async def life(app: Litestar) -> AsyncIterator[None]:
        keys = Keys(settings.key_dir)
        if not settings.embedded:
            keys.refuse_organizers_keys()
        state = app.state
        async with (
            db.open_lasting_pool(settings.database_url, low=2, high=POOL, name="libertas-web") as pool,
            httpx2.AsyncClient(limits=httpx2.Limits(keepalive_expiry=2)) as client,
        ):
            shelf, roster, register = Shelf(pool), Roster(pool), Register(pool)
            pages, ready, ready_pages = Pages(settings, shelf.now), api.Ready(shelf, settings.base_url), petition_pages.ReadyPages(register)
            gate = captcha.build(settings, keys.altcha_keys(), client)

            cards = widgets.Cards(pages, lambda: register.now)

            def mark() -> object:
                now = shelf.now()
                return shelf.version, roster.version, register.version, gate.shows, [petition.state(now) for petition in shelf.public()]

            front = Front(
                mark,
                [
                    api.fronted(ready),
                    petition_pages.fronted(ready_pages, pages, shelf, lambda: gate.shows),
                    widgets.fronted(cards, pages, shelf),
                ],
            )
            async with shelf.running(), roster.running(), register.running():
                state.update(
                    {
                        "settings": settings,
                        "ring": keys,
                        "pool": pool,
                        "desk_keys": Secrets(keys.desk_key()),
                        "desk_places": desk.PLACES,
                        "desk_acts": desk.ACTS,
                        "desk_tabs": desk.TABS,
                        "shelf": shelf,
                        "roster": roster,
                        "register": register,
                        "kept": Kept(),
                        "sitemap": Kept(),
                        "printed": {},
                        "printing": asyncio.Lock(),
                        "clock": shelf.now,
                        "pages": pages,
                        "ready": ready,
                        "ready_pages": ready_pages,
                        "front": front,
                        "cards": cards,
                        "pictures": widgets.Pictures(),
                        "gate": gate,
                        "limits": ClientLimits(settings.limits_url, settings.client_limits),
                        "day_keys": DayKeys(settings.key_dir),
                        "tokens": Tokens(keys.token_keys()),
                        "witness": witnesses.own_key(settings, keys) if settings.witness_for else None,
                        "intake": Intake(pool, keys, clock=shelf.now),
                        "confirmer": Confirmer(pool, keys, clock=shelf.now, issuer=settings.origin_host),
                        "is_ending": False,
                    }
                )
                shelf.watch(front.drop)
                files = None
                if settings.public_dir is not None:
                    files = Files(settings.public_dir, lambda: contents(ready, cards, pages, shelf), mark)
                    shelf.watch(files.nudge)
                shelf.watch(lambda: _show_counts(shelf))
                _show_counts(shelf)
                metrics = start_http_server(settings.metrics_port, settings.host) if settings.metrics_port else None
                try:
                    async with files.running() if files is not None else nullcontext():
                        yield
                finally:
                    state.is_ending = True
                    if metrics is not None:
                        metrics[0].shutdown()
                    # What was accepted is committed before the pool goes.
                    await asyncio.shield(asyncio.gather(state.intake.drain(), state.confirmer.drain()))

    return life


def _show_counts(shelf: Shelf) -> None:
    for petition in shelf.public():
        _PUBLIC.labels(petition.slug).set(petition.count)


# -- every no, as a page or as problem+json ------------------------------------------------------------------------------------


def _wants_json(request: Request[Any, Any, State]) -> bool:
    path = request.url.path
    return path.startswith(("/api/", "/ledger/", "/healthz", "/readyz", "/oembed", "/widget")) or path.endswith(".json")


def _problem(state: State, status: int, code: str, refusal: Refusal | None, *, is_read: bool) -> Problem:
    words = state.pages.words
    return problem(words["en"] if "en" in words else next(iter(words.values())), status, code, refusal, is_read=is_read)


def _posted_in_vain(state: State, no: Exception) -> Problem:
    """The same for the slot in front of the framework."""
    if isinstance(no, AWAY):
        no = _is_away(no)
    if isinstance(no, Refusal):
        return _problem(state, no.status, no.code, no, is_read=False)
    _tell(no, "POST")
    return _problem(state, 500, "fault", None, is_read=False)


def _answer(request: Request[Any, Any, State], status: int, code: str, refusal: Refusal | None = None) -> Response[bytes]:
    if _wants_json(request):
        no = _problem(request.app.state, status, code, refusal, is_read=request.method == "GET")
        return Response(no.body, status_code=status, media_type=PROBLEM, headers=no.headers)
    if request.url.path == "/desk" or request.url.path.startswith("/desk/"):
        at_desk = desk.refused(request, status, code)
        if isinstance(refusal, _Later):
            at_desk.headers["retry-after"] = str(refusal.retry_after)
        return at_desk
    retry_after = refusal.retry_after if isinstance(refusal, _Later) else None
    shown = status if status in (400, 403, 404, 405, 409, 413, 415, 429, 500, 503) else 400
    page = site.error_page(request, shown, code, retry_after=retry_after)
    page.status_code = status
    return page


def _refused(request: Request[Any, Any, State], refusal: Refusal) -> Response[bytes]:
    return _answer(request, refusal.status, refusal.code, refusal)


def _not_served(request: Request[Any, Any, State], no: HTTPException) -> Response[bytes]:
    codes = {404: "not-found", 405: "method-not-allowed", 400: "invalid", 413: "too-large"}
    answer = _answer(request, no.status_code, codes.get(no.status_code, "refused"))
    for name in ("Allow", "allow"):
        if no.headers and name in no.headers:
            answer.headers["allow"] = no.headers[name]
    return answer


def _away(request: Request[Any, Any, State], fault: Exception) -> Response[bytes]:
    return _refused(request, _is_away(fault))


def _is_away(fault: Exception) -> Busy:
    log.warning("web: database is away", error=type(fault).__name__)
    return Busy(2, "the database is away")


def _fault(request: Request[Any, Any, State], fault: Exception) -> Response[bytes]:
    _tell(fault, request.method)
    return _answer(request, 500, "fault")


def _tell(fault: Exception, method: str) -> None:
    # The address may hold a token and the fault's text may hold what somebody typed: the log gets neither.
    frames = []
    at = fault.__traceback__
    while at is not None:
        frames.append(f"{at.tb_frame.f_code.co_filename.rsplit('/service/', 1)[-1]}:{at.tb_lineno}")
        at = at.tb_next
    mark = hashlib.sha256("".join(frames).encode()).hexdigest()[:8]
    log.error("web: fault", alarm=True, error=type(fault).__name__, mark=mark, at=frames[-6:], method=method)
