"""Who may ask from elsewhere: partners' servers by their key, and partners' pages by their origin.

Two rules hold throughout. Nothing here is allowed by a cookie, so no answer ever allows credentials. And a form of our own
pages is taken from our own pages only; from another site there is only JSON, and only from a listed one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from litestar import Request
from litestar.datastructures import State

from service import partners
from service.errors import Foreign, Keyless
from service.partners import Caller
from service.web import forms

Visit = Request[Any, Any, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

ROUTE = "partner"
PREFLIGHT_SECONDS = b"600"
_SEND_IT = "send Authorization: Bearer lp_…"


async def caller(request: Visit) -> Caller:
    """The partner whose key came, with one request counted from its quota. Raises ``Keyless`` or ``TooMany``."""
    found = await keyholder(forms.Head(request.scope), request.app.state)
    if found is None:
        raise Keyless(_SEND_IT)
    return found


async def keyholder(head: forms.Head, state: Any) -> Caller | None:
    """The same where no key is fine, too; a wrong one is still told to be wrong."""
    authorization = head.get(b"authorization")
    if not authorization:
        return None
    found = await partners.caller(state.pool, authorization)
    if found is None:
        await state.limits.hit("partner-key", forms.network(head, state))  # whoever tries keys is slowed down
        raise Keyless(_SEND_IT)
    await state.limits.hit(ROUTE, found.id.bytes, per_hour=found.quota)
    return found


async def refuse_foreign(request: Request[Any, Any, State]) -> None:
    """Before a form of ours is read: raises ``Foreign`` when a page of another site sent it (threats.md 11).

    Our pages send ``Origin: null`` (their referrer policy), so a missing or null origin says nothing; what browsers say about
    the sender (``Sec-Fetch-Site``) and a named origin do. A client that is no browser says neither, and has nothing to abuse.
    """
    if request.method in ("GET", "HEAD", "OPTIONS") or request.url.path.startswith("/api/"):
        return
    origin = request.headers.get("origin", "null").lower()
    own = {f"http://{request.headers.get('host', '')}", f"https://{request.headers.get('host', '')}", request.app.state.settings.base_url}
    is_ours = origin == "null" or origin in {each.lower() for each in own}
    if not is_ours or request.headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        raise Foreign("send forms from our own pages, or JSON to the API")


class Cors:
    """Which pages of other sites may read an answer: everybody's public reads; signing only on a listed site; never with credentials."""

    def __init__(self, inner: App, state: State) -> None:
        self._inner = inner
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/api/v1/"):
            await self._inner(scope, receive, send)
            return
        head = forms.Head(scope)
        origin, wanted = head.get(b"origin"), head.get(b"access-control-request-method")
        if not origin:
            await self._inner(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and wanted:
            await self._preflight(scope["path"], origin, wanted, send)
            return
        allowed = self._listed(scope["path"], origin) if scope["method"] == "POST" else None

        async def told(message: Any) -> None:
            if message["type"] == "http.response.start" and allowed is not None:
                more = [(b"vary", b"Origin")]
                if allowed:
                    more += [(b"access-control-allow-origin", allowed), (b"access-control-expose-headers", b"Retry-After")]
                message = {**message, "headers": [*message["headers"], *more]}
            await send(message)

        await self._inner(scope, receive, told)

    def _listed(self, path: str, origin: str) -> bytes:
        """The origin if it is a listed site of a partner that carries the petition at ``path``; empty for any other."""
        steps = path.split("/")
        if len(steps) != 6 or steps[3] != "petitions" or steps[5] != "signatures":
            return b""
        petition = next((each for each in self._state.shelf.public() if each.slug == steps[4]), None)
        is_listed = petition is not None and self._state.roster.at(origin, petition.id) is not None
        return origin.encode("latin-1") if is_listed else b""

    async def _preflight(self, path: str, origin: str, wanted: str, send: Send) -> None:
        headers = [(b"vary", b"Origin, Access-Control-Request-Method"), (b"content-length", b"0")]
        if wanted in ("GET", "HEAD"):
            headers += [(b"access-control-allow-origin", b"*"), (b"access-control-allow-methods", b"GET, HEAD")]
            headers += [(b"access-control-allow-headers", b"If-None-Match"), (b"access-control-max-age", PREFLIGHT_SECONDS)]
        elif wanted == "POST" and (allowed := self._listed(path, origin)):
            headers += [(b"access-control-allow-origin", allowed), (b"access-control-allow-methods", b"POST")]
            headers += [(b"access-control-allow-headers", b"Content-Type, Idempotency-Key"), (b"access-control-max-age", PREFLIGHT_SECONDS)]
        # Anybody else is told nothing, and their browser keeps the request to itself.
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
