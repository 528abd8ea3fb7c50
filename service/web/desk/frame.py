"""What every page of the desk stands in: who is here, what they may do, and that a form was sent from our own page.

Deny by default, three times over. The door in front of all routes sends strangers to the sign-in, whether a page exists or
not. A route without a declared ``Rule`` serves nobody. And a rule that names a thing (a petition) lets nobody see one of
another association: for them there is no such page.
"""

from __future__ import annotations

import contextlib
import hmac
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog
from litestar import Request, Response, post, route
from litestar.connection import ASGIConnection
from litestar.enums import HttpMethod
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from service import db, organizers, petitions
from service.db import AWAY
from service.errors import Fault, Invalid, NotFound, Refusal, Unsupported
from service.organizers import ROLES, Who
from service.web import forms
from service.web.pages import NOT_STORED, Pages, negotiate, pages_of

log = structlog.get_logger()

Visit = Request[Any, Any, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = Response[Any]

COOKIE = "__Host-desk"
FORM_LIMIT = 512 * 1024
"""Bytes of a desk form: a petition's text in three languages fits many times over."""
JSON_LIMIT = 64 * 1024
FILE_LIMIT = 6 * 1024 * 1024
"""Bytes of a form with a file: a scanned receipt of 5 MiB, and the fields beside it."""

EVERYONE = frozenset(ROLES)
"""For pages that any organizer may see."""

REASON = 500
"""Characters of the reason for what needs a second person."""

_SAID = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossOrigin(Refusal):
    """A form or request that did not come from a page of this site, or lacks its token."""

    status = 403
    code = "cross-origin"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may use a route, and how: see ``page`` and ``act``."""

    roles: frozenset[str]
    thing: str = ""
    fields: frozenset[str] = frozenset()
    is_json: bool = False
    takes_file: bool = False
    is_fresh: bool = False
    is_open: bool = False
    is_joining: bool = False
    is_act: bool = False
    prefixes: tuple[str, ...] = ()


class Place(msgspec.Struct, frozen=True):
    """An entry of the desk's navigation; its words are ``desk-nav-<key>``."""

    key: str
    path: str
    roles: frozenset[str]


# -- the door --------------------------------------------------------------------------------------------------------------


class DeskDoor:
    """In front of every address under ``/desk``: finds out who comes, sends strangers away, and refuses foreign forms.

    It stands outside the router, so that an address that does not exist is answered like one that does.
    """

    def __init__(self, inner: App, state: Any) -> None:
        self._inner = inner
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = re.sub(r"/+", "/", scope.get("path", "")) if scope["type"] == "http" else ""
        if path != "/desk" and not path.startswith("/desk/"):
            await self._inner(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            who = await organizers.who(self._state.pool, self._state.desk_keys, _cookie(headers.get("cookie", "")))
        except AWAY as away:
            log.warning("desk: database is away", error=type(away).__name__)
            await _plain(send, 503, {"retry-after": "2"}, b"The desk cannot be reached for a moment. Please try again.")
            return
        is_open = path == "/desk/sign-in" or path.startswith(("/desk/sign-in/", "/desk/join/"))
        if who is None and not is_open:
            await _plain(send, 303, {"location": "/desk/sign-in"}, b"")
            return
        if who is not None and who.level != "full" and path in ("/desk", "/desk/") and scope["method"] in _SAFE:
            await _plain(send, 303, {"location": "/desk/account"}, b"")  # the first passkey first
            return
        if scope["method"] not in _SAFE and not _from_our_page(headers, self._state.settings.base_url):
            pages: Pages = self._state.pages
            lang = who.language if who else negotiate(headers.get("accept-language", ""), pages.languages)
            given: dict[str, Any] = {
                "who": None,
                "places": [],
                "tabs": [],
                "sheet": None,
                "said": "",
                "here": path,
                "lang_path": "/desk/sign-in",
            }
            body = pages.render("desk/refused.html", lang, code="cross-origin", status=403, **given)
            await _plain(send, 403, {**desk_headers(pages, lang), "content-type": "text/html; charset=utf-8"}, body)
            return
        scope["libertas.desk"] = who
        await self._inner(scope, receive, send)


def _who(scope: Any) -> Who | None:
    """Who the door found behind the cookie."""
    found: Who | None = scope.get("libertas.desk")
    return found


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _from_our_page(headers: Mapping[str, str], base_url: str) -> bool:
    """Whether the browser says that one of our own pages sent this. Without any such word it is refused."""
    site = headers.get("sec-fetch-site", "")
    if "origin" in headers:
        return headers["origin"] == base_url and site in ("", "same-origin")
    return site == "same-origin"


async def _plain(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    more = {"cache-control": NOT_STORED, "content-length": str(len(body)), "x-content-type-options": "nosniff", **headers}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in more.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def desk_headers(pages: Pages, lang: str) -> dict[str, str]:
    """As every page's, but for the referrer: with none, browsers would also hide from us that our own page sent a form."""
    return {**pages.headers(lang, cache=NOT_STORED), "referrer-policy": "same-origin", "x-robots-tag": "noindex"}


# -- one request -----------------------------------------------------------------------------------------------------------


class Desk:
    """One request at the desk: ``who`` is here (``me`` where somebody must be), what was sent (``values``), the petition it is about."""

    Taken = asyncpg.UniqueViolationError
    """What a transaction raises when a name or address is somebody's already."""

    def __init__(self, request: Visit, rule: Rule, who: Who | None) -> None:
        self.request = request
        self.rule = rule
        self.who = who
        self.values: dict[str, Any] = {}
        self.file: tuple[str, bytes] | None = None
        self.petition: petitions.Sheet | None = None
        self.state: Any = request.app.state
        self.pages: Pages = pages_of(request)
        self._cookie: str | None = None

    @property
    def me(self) -> Who:
        if self.who is None:
            raise NotFound("organizer")
        return self.who

    @property
    def sheet(self) -> petitions.Sheet:
        """The petition of a route with ``thing="petition"``."""
        if self.petition is None:
            raise NotFound("petition")
        return self.petition

    @property
    def pool(self) -> Any:
        return self.state.pool

    @property
    def path(self) -> Mapping[str, Any]:
        """The parts of the address that the route names."""
        return self.request.path_params

    @property
    def query(self) -> Mapping[str, str]:
        return {name: str(value) for name, value in self.request.query_params.items()}

    @property
    def lang(self) -> str:
        wish = self.query.get("lang", "")
        if self.who is None and wish in self.pages.languages:
            return wish
        spoken = self.who.language if self.who else ""
        return (
            spoken if spoken in self.pages.languages else negotiate(self.request.headers.get("accept-language", ""), self.pages.languages)
        )

    def t(self, key: str, **facts: object) -> str:
        return self.pages.words[self.lang].t(key, **facts)

    def show(self, template: str, *, status: int = 200, **context: Any) -> Answer:
        """A page of ``templates/desk/``; beside ``context`` it knows ``who``, ``places``, ``here`` (its address), ``said``, ``sheet``."""
        said = self.query.get("said", "")
        known = self.pages.words[self.lang].has(f"desk-said-{said}") if _SAID.fullmatch(said) else False
        given = {
            "who": self.who,
            "places": [place for place in self.state.desk_places if self.who and self.who.has(place.roles)],
            "here": self.request.url.path,
            "lang_path": self.request.url.path,
            "said": said if known else "",
            "sheet": self.petition,
            "tabs": self._tabs(),
            "faults": [],
            **context,
        }
        body = self.pages.render(f"desk/{template}", self.lang, status=status, **given)
        return self._kept(Response(body, status_code=status, media_type="text/html", headers=desk_headers(self.pages, self.lang)))

    def _tabs(self) -> list[Place]:
        if self.petition is None or self.who is None:
            return []
        at = f"/desk/petitions/{self.petition.slug}"
        mine = [tab for tab in self.state.desk_tabs if self.who.may(tab.roles, self.petition.association_id)]
        return [Place(tab.key, at + tab.path, tab.roles) for tab in mine]

    def see(self, path: str, said: str = "") -> Answer:
        """On to another page of the desk (303), which says ``desk-said-<said>`` at its top."""
        more = f"{'&' if '?' in path else '?'}said={said}" if said else ""
        headers = {"location": f"{path}{more}", "cache-control": NOT_STORED, "referrer-policy": "same-origin"}
        return self._kept(Response(b"", status_code=303, headers=headers))

    def save(self, name: str, media_type: str, content: bytes) -> Answer:
        """A file to be saved and never to be run: whatever was uploaded, it is shown as nothing else."""
        headers = {
            **desk_headers(self.pages, self.lang),
            "content-security-policy": "default-src 'none'; sandbox",
            "content-disposition": f'attachment; filename="{name}"',
        }
        return self._kept(Response(content, media_type=media_type, headers=headers))

    def json(self, body: Any, status: int = 200) -> Answer:
        headers = {**desk_headers(self.pages, self.lang)}
        return self._kept(Response(msgspec.json.encode(body), status_code=status, media_type="application/json", headers=headers))

    def keep(self, session_id: str) -> None:
        """Give the browser this session's cookie, with the answer; an empty one takes it away."""
        self._cookie = session_id

    def _kept(self, answer: Answer) -> Answer:
        if self._cookie is not None:
            ends = "; Max-Age=0" if not self._cookie else ""
            answer.headers["set-cookie"] = f"{COOKIE}={self._cookie}; Path=/; Secure; HttpOnly; SameSite=Lax{ends}"
        return answer

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[db.Connection]:
        """One transaction; end it with ``note``, so that what was done and its line in the trail stand or fall together."""
        async with db.transaction(self.pool) as connection:
            yield connection

    async def note(self, connection: db.Connection, act: str, object: str = "", **facts: Any) -> None:
        """A line in the trail: what this person did to which object; figures and ids only, nobody's name."""
        who = self.who.organizer_id if self.who else None
        await organizers.note(connection, self.state.desk_keys.audit, who, act, object, **facts)

    async def propose(
        self,
        connection: db.Connection,
        act: str,
        *,
        reason: str,
        facts: dict[str, Any] | None = None,
        association_id: UUID | None = None,
        petition_id: UUID | None = None,
    ) -> UUID:
        """Leave it to a second person: ``act`` is a declared ``Approved``, ``facts`` all that it will know. Notes it in the trail.

        Raises ``Invalid`` without a reason.
        """
        declared: Approved = self.state.desk_acts[act]
        reason = reason.strip()
        if not reason or len(reason) > REASON:
            raise Invalid([Fault("reason", "reason-missing" if not reason else "reason-too-long")])
        sheet = self.petition
        made = await organizers.propose(
            connection,
            self.me.organizer_id,
            act,
            reason=reason,
            facts=facts,
            association_id=sheet.association_id if sheet else association_id,
            petition_id=sheet.id if sheet else petition_id,
            delay=declared.delay,
        )
        await self.note(connection, f"{act}.proposed", str(made), **(facts or {}))
        return made


Handle = Callable[[Desk], Awaitable[Answer]]
Run = Callable[[Desk, db.Connection, organizers.Approval], Awaitable[str]]
Refuse = Callable[[Desk, db.Connection, organizers.Approval], Awaitable[None]]


@dataclass(frozen=True)
class Approved:
    """What happens when a second person says yes. ``roles`` may decide, ``delay`` passes before it is done.

    ``run`` does it in the transaction that takes the approval, and returns a word for the record; None: it is taken at the page
    ``path`` by ``organizers.execute``. ``refuse`` tidies up when somebody says no.
    """

    name: str
    roles: frozenset[str]
    run: Run | None
    delay: timedelta = timedelta()
    refuse: Refuse | None = None
    path: str = ""


def page(
    path: str, *, roles: Iterable[str], thing: str = "", is_open: bool = False, is_joining: bool = False
) -> Callable[[Handle], HTTPRouteHandler]:
    """A GET page at ``/desk<path>`` for those who hold one of ``roles``.

    ``thing="petition"``: the path has ``{slug:str}``, and the role must be held where that petition belongs; it is then in
    ``desk.sheet``. ``is_open``: for strangers too (sign-in only). ``is_joining``: also before the first passkey.
    """
    rule = Rule(roles=frozenset(roles), thing=thing, is_open=is_open, is_joining=is_joining)
    return _declare(path, rule)


def act(
    path: str,
    *,
    roles: Iterable[str],
    fields: Iterable[str] = (),
    prefixes: Iterable[str] = (),
    thing: str = "",
    is_fresh: bool = False,
    is_json: bool = False,
    takes_file: bool = False,
    is_open: bool = False,
    is_joining: bool = False,
) -> Callable[[Handle], HTTPRouteHandler]:
    """A POST at ``/desk<path>``: only from our own page, with its token, and with no other fields than ``fields`` (or such that
    begin with one of ``prefixes``). What was sent is in ``desk.values``.

    ``is_fresh`` asks for a touch of the passkey in the last five minutes; what was typed waits meanwhile. ``is_json`` reads a
    JSON object, its token in the header ``x-desk-token``. ``takes_file`` reads a multipart form; its one file, in the field
    ``file``, is then in ``desk.file`` as (name, content), or None where nobody chose one.
    """
    rule = Rule(
        roles=frozenset(roles), thing=thing, fields=frozenset(fields), prefixes=tuple(prefixes), is_fresh=is_fresh, is_json=is_json,
        takes_file=takes_file, is_open=is_open, is_joining=is_joining, is_act=True,
    )  # fmt: skip
    return _declare(path, rule)


def _declare(path: str, rule: Rule) -> Callable[[Handle], HTTPRouteHandler]:
    def declared(handle: Handle) -> HTTPRouteHandler:
        async def handler(request: Visit) -> Answer:
            desk = Desk(request, rule, _who(request.scope))
            if rule.thing == "petition":
                desk.petition = await _petition(desk)
            if rule.is_act:
                desk.values = await _sent(desk)
                if rule.is_fresh and not desk.me.is_fresh:
                    return desk.show("fresh.html", action=request.url.path, sent=desk.values)
            return await handle(desk)

        handler.__name__ = handle.__name__
        handler.__doc__ = handle.__doc__
        opt = {"desk": rule}
        if rule.is_act:
            return post(path, status_code=200, include_in_schema=False, opt=opt)(handler)
        return route(path, http_method=[HttpMethod.GET, HttpMethod.HEAD], include_in_schema=False, opt=opt)(handler)

    return declared


def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Deny by default: no rule, no entry; no role, no such page."""
    rule = handler.opt.get("desk")
    who: Who | None = _who(connection.scope)
    if not isinstance(rule, Rule) or (who is None and not rule.is_open):
        raise NotFound("page")
    if who is not None and not rule.is_open:
        if who.level != "full" and not rule.is_joining:
            raise NotFound("page")
        if not rule.is_joining and not who.has(rule.roles):
            raise NotFound("page")


async def _petition(desk: Desk) -> petitions.Sheet:
    found = await petitions.sheet(desk.pool, str(desk.path["slug"]))
    if not desk.me.may(desk.rule.roles, found.association_id):
        raise NotFound("petition")
    return found


async def _sent(desk: Desk) -> dict[str, Any]:
    """The form or JSON of an act, its token checked. Raises ``CrossOrigin``, ``Invalid``, ``Unsupported``, ``TooLarge``."""
    request, rule = desk.request, desk.rule
    if rule.is_json:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Unsupported("send application/json")
        _check_token(desk, request.headers.get("x-desk-token", ""))
        try:
            values = msgspec.json.decode(await forms.body(request, limit=JSON_LIMIT), type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise Invalid([Fault("body", "unreadable")]) from None
        if set(values) - rule.fields:
            raise Invalid([Fault("body", "unknown-field")])
        return values
    if rule.takes_file:
        sent, desk.file = await forms.read_upload(request, rule.fields | {"token"}, "file", limit=FILE_LIMIT)
        _check_token(desk, sent.pop("token", ""))
        return {name: text.replace("\r\n", "\n") for name, text in sent.items()}
    sent = await forms.read_form(request, rule.fields | {"token"}, prefixes=rule.prefixes, limit=FORM_LIMIT, most=400)
    _check_token(desk, sent.pop("token", ""))
    return {name: text.replace("\r\n", "\n") for name, text in sent.items()}


def _check_token(desk: Desk, token: str) -> None:
    if desk.who is None:
        if not desk.rule.is_open:
            raise CrossOrigin
        return  # nobody is signed in: there is nothing that a foreign page could use
    if desk.rule.is_open:
        return
    if not hmac.compare_digest(token.encode(), desk.who.csrf.encode()):
        raise CrossOrigin


def refused(request: Visit, status: int, code: str) -> Answer:
    """A kind page for a refusal or fault at the desk; for the exception handlers of ``app``."""
    who: Who | None = _who(request.scope)
    desk = Desk(request, Rule(roles=frozenset()), who)
    if request.headers.get("content-type", "").startswith("application/json"):
        return desk.json({"code": code}, status)
    return desk.show("refused.html", status=status, code=code)


def uuid(text: object) -> UUID:
    """An id out of a form. Raises ``NotFound`` for what is none."""
    try:
        return UUID(str(text))
    except ValueError:
        raise NotFound("id") from None


__all__ = ["EVERYONE", "Answer", "Approved", "Desk", "DeskDoor", "Place", "Rule", "act", "guard", "page", "refused", "uuid"]
