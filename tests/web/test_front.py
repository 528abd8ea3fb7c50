"""Answers that stand ready are the very answers of their routes, and follow every change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from installation import Installation
from service import app
from service.web.front import MOST, TICK, Answer, Front

Told = tuple[int, list[tuple[bytes, bytes]], bytes]


async def ask(what: Any, method: str, path: str, **headers: str) -> Told:
    """One request straight into an ASGI application: (status, sorted headers, body)."""
    scope = {
        "type": "http", "http_version": "1.1", "asgi": {"version": "3.0"}, "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode(), "root_path": "", "query_string": b"", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        "headers": [(b"host", b"localhost"), *((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())],
        "state": {}, "extensions": {},
    }  # fmt: skip
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await what(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in said[1:])
    return said[0]["status"], sorted((bytes(n).lower(), bytes(v)) for n, v in said[0]["headers"]), body


@contextlib.asynccontextmanager
async def doors(installation: Installation) -> AsyncIterator[tuple[Any, Any]]:
    """A second web process over the same database, once with its ready answers and once without them."""
    whole: Any = app.create(installation.settings)
    litestar = whole
    while not hasattr(litestar, "lifespan"):  # behind its doors
        litestar = litestar._inner
    async with litestar.lifespan():
        yield whole, app.Door(whole._inner)


async def test_a_ready_answer_is_byte_for_byte_the_one_of_its_route(installation: Installation) -> None:
    async with doors(installation) as (with_front, without):
        slug = installation.slug
        for path in (installation.api, "/api/v1/petitions", *(f"/{lang}/petitions/{slug}" for lang in ("fr", "en", "hy"))):
            # The page's form key is drawn when its bytes are made; both doors share these bytes, as two visitors do.
            assert with_front._front(path) is not None, f"{path} stands ready"
            ready = await ask(with_front, "GET", path)
            assert ready == await ask(without, "GET", path), path
            assert ready[0] == 200 and ready[2]
            head = await ask(with_front, "HEAD", path)
            assert head == await ask(without, "HEAD", path), path
            assert (head[0], head[1], head[2]) == (200, ready[1], b"")
            tag = dict(ready[1]).get(b"etag")
            if path.startswith("/api/"):
                assert tag is not None and (b"access-control-allow-origin", b"*") in ready[1]
                same = await ask(with_front, "GET", path, if_none_match=tag.decode())
                assert same == await ask(without, "GET", path, if_none_match=tag.decode()), path
                assert (same[0], same[2]) == (304, b"")
                other = await ask(with_front, "GET", path, if_none_match='"another"')
                assert other == ready


async def test_what_does_not_stand_ready_is_answered_by_its_route(installation: Installation) -> None:
    async with doors(installation) as (with_front, without):
        for path in (
            "/api/v1/petitions/none", "/api/v1/petitions/", f"{installation.api}/", f"{installation.api}/statistics", "/api/v1/petitionsx",
            "/en/petitions/none", "/de/petitions/none", f"/en/petitions/{installation.slug}/sent", "/en/petitions", "/", "",
        ):  # fmt: skip
            assert with_front._front(path) is None, path
        for path in ("/api/v1/petitions/none", f"{installation.api}/", "/en/petitions/none"):
            assert (await ask(with_front, "GET", path))[0] == (await ask(without, "GET", path))[0], path
        assert (await installation.client.post(installation.api)).status_code == 405


async def test_a_petition_that_is_paused_is_shown_paused(installation: Installation) -> None:
    page = f"/en/petitions/{installation.slug}"
    assert (await installation.client.get(installation.api)).json()["state"] == "open"
    assert 'data-petition-state="open"' in (await installation.client.get(page)).text
    await installation.owner.execute("update petition set status = 'paused', paused_at = now()")
    async with asyncio.timeout(60):
        while (await installation.client.get(installation.api)).json()["state"] != "paused":
            await asyncio.sleep(0.05)
    assert 'data-petition-state="paused"' in (await installation.client.get(page)).text


async def test_ready_answers_are_counted_like_every_other(installation: Installation) -> None:
    before = _counted("/api/v1/petitions/{slug}")
    await installation.client.get(installation.api)
    assert _counted("/api/v1/petitions/{slug}") == before + 1


def _counted(route: str) -> float:
    return float(app._REQUESTS.labels(route, "GET", "200")._value.get())


def test_an_answer_is_made_once_and_again_after_a_change() -> None:
    now, mark, made = [0.0], ["first"], []

    def find(path: str) -> Answer | None:
        if path != "/a":
            return None
        made.append(path)
        return Answer("/a", b"x", {}, "text/plain")

    front = Front(lambda: mark[0], [lambda _: None, find], clock=lambda: now[0])
    assert front.get("/a") is front.get("/a") and front.get("/b") is None
    assert len(made) == 1
    mark[0] = "second"
    front.get("/a")
    assert len(made) == 1, "time's changes are looked for every tenth of a second"
    now[0] += TICK
    front.get("/a")
    assert len(made) == 2
    front.drop()
    front.get("/a")
    assert len(made) == 3, "other changes are told, and show at once"


def test_nobody_fills_the_memory_with_paths() -> None:
    front = Front(lambda: 0, [lambda path: Answer(path, b"", {}, "text/plain")])
    for number in range(MOST + 20):
        assert front.get(f"/{number}") is not None
    assert len(front._kept) <= MOST
