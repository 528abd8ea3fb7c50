"""The least that a server can do, as routes of its own: what the service is compared with in the same rounds.

POST /bare    the body is checked, nothing else: a bare ASGI callable          GET /bare   a ready count with an ETag
POST /null    the same as a Litestar route                                     GET /null   the same as a Litestar route
POST /insert  one INSERT with an outbox row, one commit for each request
POST /batch   waiting requests share one multi-row INSERT with outbox rows: the group commit and nothing else

    python -m bench.baseline PORT DATABASE_URL
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import msgspec
import uvicorn
from litestar import Litestar, Request, Response, get, post

TABLES = """
create table signature (
    id bigint generated always as identity primary key, petition integer not null, address_key bytea not null,
    email text not null, name text not null, country text not null, token bytea not null, state smallint not null default 0,
    at timestamptz not null default now(), unique (petition, address_key)
);
create table outbox (signature_id bigint primary key, at timestamptz not null default now());
"""
_ROW = "insert into signature (petition, address_key, email, name, country, token) {} on conflict do nothing returning id, address_key"
_BOX = "insert into outbox (signature_id) select id from s"
ONE = f"with s as ({_ROW.format('values ($1, $2, $3, $4, $5, $6)')}), b as ({_BOX}) select id from s"
_MANY = "select * from unnest($1::integer[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::bytea[])"
MANY = f"with s as ({_ROW.format(_MANY)}), b as ({_BOX}) select address_key from s"


class Sign(msgspec.Struct, forbid_unknown_fields=True):
    """The body that the service's own route takes."""

    name: str
    email: str
    country: str
    consent: bool
    text_version: int
    language: str
    altcha: str = ""


class Told(msgspec.Struct):
    status: str = "received"


DECODER = msgspec.json.Decoder(Sign)
COUNT = b'{"slug":"baseline","state":"open","count":123456,"as_of":"2026-01-01T00:00:00Z","goal":200000,"pad":"' + b"x" * 690 + b'"}'
TAG = f'"{hashlib.sha256(COUNT).hexdigest()[:20]}"'
CACHED = "public, max-age=2, stale-while-revalidate=30"
RECEIVED = b'{"status":"received"}'


def _row(sign: Sign) -> tuple[int, bytes, str, str, str, bytes]:
    key = os.urandom(32)  # wrk sends bodies more than once; each is a new person here
    return 1, key, sign.email, sign.name, sign.country, key[::-1]


class Batcher:
    """One INSERT for those who wait, as soon as one of two connections is free."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._waiting: list[tuple[tuple[Any, ...], asyncio.Future[None]]] = []
        self._flying = 0
        self._woken = False
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, row: tuple[Any, ...]) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        if not self._woken:
            self._woken = True
            asyncio.get_running_loop().call_soon(self._launch)
        return done

    def _launch(self) -> None:
        self._woken = False
        while self._waiting and self._flying < 2:
            batch, self._waiting = self._waiting[:500], self._waiting[500:]
            self._flying += 1
            task = asyncio.create_task(self._flush(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _flush(self, batch: list[tuple[tuple[Any, ...], asyncio.Future[None]]]) -> None:
        try:
            await self._pool.fetch(MANY, *(list(column) for column in zip(*(row for row, _ in batch), strict=True)))
            for _, done in batch:
                if not done.done():
                    done.set_result(None)
        except Exception as broken:
            for _, done in batch:
                if not done.done():
                    done.set_exception(broken)
        finally:
            self._flying -= 1
            self._launch()


@post("/null", status_code=202)
async def null(data: Sign) -> Told:
    return Told()


@post("/insert", status_code=202)
async def insert(data: Sign, request: Request[Any, Any, Any]) -> Told:
    await request.app.state.pool.fetch(ONE, *_row(data))
    return Told()


@post("/batch", status_code=202)
async def batch(data: Sign, request: Request[Any, Any, Any]) -> Told:
    await request.app.state.batcher.put(_row(data))
    return Told()


@get("/null")
async def count(request: Request[Any, Any, Any]) -> Response[bytes]:
    headers = {"etag": TAG, "cache-control": CACHED, "access-control-allow-origin": "*"}
    if request.headers.get("if-none-match") == TAG:
        return Response(b"", status_code=304, headers=headers, media_type="application/json")
    return Response(COUNT, headers=headers, media_type="application/json")


_JSON = (b"content-type", b"application/json")
_READY = [
    (b"etag", TAG.encode()), (b"cache-control", CACHED.encode()), (b"access-control-allow-origin", b"*"), _JSON,
    (b"content-length", b"%d" % len(COUNT)),
]  # fmt: skip


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The ceiling without a framework."""
    if scope["method"] == "POST":
        data, more = b"", True
        while more:
            part = await receive()
            data, more = data + part.get("body", b""), part.get("more_body", False)
        DECODER.decode(data)
        headers = [_JSON, (b"content-length", b"%d" % len(RECEIVED))]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": RECEIVED})
        return
    await send({"type": "http.response.start", "status": 200, "headers": _READY})
    await send({"type": "http.response.body", "body": COUNT})


def main() -> None:
    port, url = int(sys.argv[1]), sys.argv[2]

    @asynccontextmanager
    async def life(app: Litestar) -> AsyncIterator[None]:
        async with asyncpg.create_pool(url, min_size=8, max_size=8, server_settings={"application_name": "baseline"}) as pool:
            app.state.pool, app.state.batcher = pool, Batcher(pool)
            yield

    litestar: Any = Litestar([null, insert, batch, count], lifespan=[life], openapi_config=None, logging_config=None)

    async def both(scope: Any, receive: Any, send: Any) -> None:
        await (bare if scope.get("path") == "/bare" else litestar)(scope, receive, send)

    uvicorn.run(
        both, host="127.0.0.1", port=port, loop="uvloop", http="httptools", lifespan="on", access_log=False, log_level="warning",
        server_header=False, proxy_headers=False, backlog=2_048,
    )  # fmt: skip


if __name__ == "__main__":
    main()
