"""The public log as plain files, so that anyone can recount it from anywhere, in a browser of another site too.

Only what was published is handed out, and everything but the newest checkpoint never changes. A path has one spelling;
every other one is not there. All answers, refusals too, may be read across origins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import msgspec
import structlog
from litestar import Request, Response, asgi, get, post
from litestar.datastructures import State

from service import ledger, witnesses
from service.db import AWAY
from service.errors import Busy, NotFound, Refusal, Unproven
from service.proof import tiles

if TYPE_CHECKING:
    from litestar.types import Receive, Scope, Send

log = structlog.get_logger()

_NAME: Final = re.compile(r"/ledger/([A-Za-z0-9_-]{1,64})/(.{1,120})")
_MANIFEST: Final = re.compile(r"manifest/([1-9][0-9]{0,8})\.json")

_FOREVER: Final = "public, max-age=31536000, immutable"
_SHORT: Final = "public, max-age=2, stale-while-revalidate=10"
_TEXT: Final = "text/plain; charset=utf-8"
_BYTES: Final = "application/octet-stream"
_METHODS: Final = "GET, HEAD, OPTIONS"

_Answer = tuple[int, bytes, str, str]
"""Status, body, media type, cache control."""


async def _answer(pool: asyncpg.Pool, path: str) -> _Answer:
    found = _NAME.fullmatch(path)
    if found is None:
        raise NotFound("ledger")
    log_id, name = found[1], found[2]
    if name == "checkpoint":
        return 200, await ledger.checkpoint(pool, log_id), _TEXT, _SHORT
    if name == "vkey":
        return 200, (await ledger.vkey(pool, log_id)).encode() + b"\n", _TEXT, "public, max-age=3600"
    if name == "incidents":
        lines = [msgspec.json.encode(each) for each in await ledger.incidents(pool, log_id)]
        return 200, b"".join(line + b"\n" for line in lines), "application/jsonl", _SHORT
    manifest = _MANIFEST.fullmatch(name)
    if manifest is not None:
        return 200, await ledger.manifest(pool, log_id, int(manifest[1])), "application/json", _FOREVER
    try:
        level, index, width = tiles.parse_path(name)
    except Unproven:
        raise NotFound("ledger") from None
    if index >= 1 << 40:  # far beyond any log, and within what the database can count
        raise NotFound("tile")
    if level == "entries":
        return 200, await ledger.entries_tile(pool, log_id, index, width), _BYTES, _FOREVER
    if level > 7:  # 2**64 leaves; a level beyond has no tile in any log
        raise NotFound("tile")
    return 200, await ledger.tile(pool, log_id, level, index, width), _BYTES, _FOREVER


@asgi("/ledger", is_mount=True, copy_scope=True)
async def files(scope: Scope, receive: Receive, send: Send) -> None:
    """`/ledger/{id}/…`: checkpoint, tiles, entry bundles, vkey and manifests, for GET, HEAD and CORS preflights."""
    request = Request[Any, Any, State](scope)
    method = str(scope.get("method", ""))
    retry: list[tuple[bytes, bytes]] = []
    if method == "OPTIONS":
        status, body, media, cache = 204, b"", "", "public, max-age=86400"
    elif method not in ("GET", "HEAD"):
        status, body, media, cache = 405, b"only GET and HEAD\n", _TEXT, "no-store"
    else:
        try:
            # Litestar's own path is tidied up (decoded, slashes added): a path has one spelling, so the raw one is read.
            status, body, media, cache = await _answer(request.app.state.pool, scope.get("raw_path", b"").decode("ascii", "replace"))
        except Refusal as refusal:
            status, body, media, cache = refusal.status, f"{refusal.code}\n".encode(), _TEXT, "no-store"
            if isinstance(refusal, Busy):
                retry = [(b"retry-after", str(refusal.retry_after).encode())]
        except AWAY as away:
            log.warning("ledger: database is away", error=type(away).__name__)
            status, body, media, cache = 503, b"busy\n", _TEXT, "no-store"
            retry = [(b"retry-after", b"2")]
    headers = [
        (b"access-control-allow-origin", b"*"),
        (b"cache-control", cache.encode()),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-robots-tag", b"noindex"),
        *retry,
    ]
    if method == "OPTIONS":
        headers += [(b"access-control-allow-methods", _METHODS.encode()), (b"access-control-allow-headers", b"*")]
    else:
        headers += [(b"content-type", media.encode()), (b"content-length", str(len(body)).encode())]
    if status == 405:
        headers.append((b"allow", _METHODS.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body, "more_body": False})


# -- as a witness of others ----------------------------------------------------------------------------------------------------


def _key(request: Request[Any, Any, State]) -> witnesses.Key:
    key: witnesses.Key | None = request.app.state.witness
    if key is None:
        raise NotFound("this installation is nobody's witness")
    return key


@post("/witness/add-checkpoint", include_in_schema=False, request_max_body_size=witnesses.MOST_BYTES)
async def add_checkpoint(request: Request[Any, Any, State]) -> Response[bytes]:
    """Another installation's log asks us to cosign (C2SP tlog-witness); there is nothing to sign in with, the log's key speaks."""
    state = request.app.state
    answer = await witnesses.add_checkpoint(state.pool, _key(request), state.settings.witness_for, await request.body())
    return Response(answer.body, status_code=answer.status, media_type=answer.media, headers={"cache-control": "no-store"})


@get("/witness/vkey", include_in_schema=False, sync_to_thread=False)
def witness_vkeys(request: Request[Any, Any, State]) -> Response[str]:
    """Our witness keys, for the policies of others: one line for each kind, either is enough."""
    lines = "".join(f"{vkey}\n" for vkey in _key(request).vkeys)
    return Response(lines, media_type=_TEXT, headers={"cache-control": "public, max-age=3600"})
