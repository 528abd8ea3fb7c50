"""A signature through the slot is answered, counted and stored as by its route, whatever is wrong with it."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest

from installation import Installation
from service import app
from service.web.callers import Cors
from service.web.slot import RECEIVED, Slot

Told = tuple[int, list[tuple[bytes, bytes]], bytes]


@contextlib.asynccontextmanager
async def doors(installation: Installation) -> AsyncIterator[dict[str, Any]]:
    """A second web process over the same database: with the slot, and with it bricked up."""
    whole: Any = app.create(installation.settings)
    slot = whole
    while not isinstance(slot, Slot):
        slot = slot._inner
    litestar: Any = slot
    while not hasattr(litestar, "lifespan"):
        litestar = litestar._inner
    async with litestar.lifespan():
        yield {"slot": whole, "route": app.Door(Cors(slot._inner, litestar.state))}


async def put(into: Any, path: str, *bodies: bytes, method: str = "POST", ends: bool = True, **headers: str) -> Told:
    """One request straight into an ASGI application, its body in pieces: (status, sorted headers, body)."""
    given = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope = {
        "type": "http", "http_version": "1.1", "asgi": {"version": "3.0"}, "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode(), "root_path": "", "query_string": b"", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2),
        "headers": [(b"host", b"localhost"), *((name.encode(), value.encode("latin-1")) for name, value in given.items())],
        "state": {}, "extensions": {},
    }  # fmt: skip
    said: list[dict[str, Any]] = []
    pieces = [{"type": "http.request", "body": body, "more_body": not ends or n < len(bodies) - 1} for n, body in enumerate(bodies)]

    async def receive() -> dict[str, Any]:
        return pieces.pop(0) if pieces else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await into(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in said[1:])
    return said[0]["status"], sorted((bytes(n).lower(), bytes(v)) for n, v in said[0]["headers"]), body


def counted(status: int) -> float:
    return float(app._REQUESTS.labels("/api/v1/petitions/{slug}/signatures", "POST", str(status))._value.get())


async def test_through_the_slot_and_by_the_route_everybody_is_answered_alike(installation: Installation) -> None:
    async with doors(installation) as by:
        path = f"{installation.api}/signatures"

        def form(**changes: Any) -> bytes:
            return json.dumps({**installation.fields(altcha="x"), **changes}).encode()

        spent = await installation.proof()
        assert (await installation.post(altcha=spent)).status_code == 202
        wrongs: list[tuple[int, str, list[bytes], dict[str, str]]] = [
            (400, path, [form(name="", country="ZZ")], {}),
            (400, path, [form(altcha="")], {}),
            (400, path, [form(altcha=spent)], {}),
            (400, path, [b'{"nmae": 1}'], {}),
            (400, path, [b"\xff"], {}),
            (400, path, [form()], {"idempotency_key": ""}),
            (400, path, [form(form_key="another")], {}),
            (401, path, [form()], {"authorization": "Bearer lp_nobody"}),
            (404, "/api/v1/petitions/nowhere/signatures", [form()], {}),
            (409, path, [form(text_version=7)], {}),
            (413, path, [b"x" * 9_000, b"x" * 9_000], {}),
            (413, path, [b""], {"content_length": "20000"}),
            (415, path, [form()], {"content_type": "text/plain"}),
            (415, path, [form()], {"content_encoding": "gzip"}),
            (400, path, [form()], {"origin": "https://elsewhere.example"}),
        ]
        for status, where, bodies, headers in wrongs:
            headers = {"idempotency_key": secrets.token_urlsafe(9), **headers}
            before = counted(status)
            told = await put(by["slot"], where, *bodies, **headers)
            assert counted(status) == before + 1, (status, headers)
            assert told == await put(by["route"], where, *bodies, **headers), (status, headers)
            assert counted(status) == before + 2, (status, headers)
            assert told[0] == status and (b"content-type", b"application/problem+json") in told[1], (status, told)
        assert len(await installation.rows("select 1 from intake")) == 1

        stored = []
        for door in ("slot", "route"):
            body = form(altcha=await installation.proof(), email=f"levon-{door}@example.org")
            stored.append(await put(by[door], path, body[:50], body[50:], idempotency_key=f"levon-{door}"))
            assert await put(by[door], path, form(), idempotency_key=f"levon-{door}") == stored[-1], "a repeat"
        assert stored[0] == stored[1] and (stored[0][0], stored[0][2]) == (202, RECEIVED)
        assert len(await installation.rows("select 1 from intake")) == 3


async def test_what_is_no_signature_passes_by_the_slot(installation: Installation) -> None:
    async with doors(installation) as by:
        for method, path in (
            ("GET", f"{installation.api}/signatures"),
            ("PUT", f"{installation.api}/signatures"),
            ("POST", installation.api),
            ("POST", "/api/v1/petitions//signatures"),
            ("POST", f"{installation.api}/more/signatures"),
            ("POST", f"{installation.api}/signatures/"),
        ):
            assert await put(by["slot"], path, b"{}", method=method) == await put(by["route"], path, b"{}", method=method), path


async def test_a_form_that_never_arrives_whole_is_stored_nowhere(installation: Installation) -> None:
    async with doors(installation) as by:
        body = json.dumps(installation.fields(altcha=await installation.proof())).encode()
        told = await put(by["slot"], f"{installation.api}/signatures", body, ends=False, idempotency_key="cut")
    assert (told[0], json.loads(told[2])["code"]) == (408, "too-slow")
    assert await installation.rows("select 1 from intake") == []


async def test_a_fault_of_ours_is_answered_as_by_the_route_and_named_without_a_person(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"{installation.api}/signatures"
    async with doors(installation) as by:
        await installation.owner.execute("alter table intake rename to intake_away")
        told = {}
        for door in ("slot", "route"):
            body = json.dumps(installation.fields(altcha=await installation.proof(), email="siranush@example.org")).encode()
            told[door] = await put(by[door], path, body, idempotency_key=door)
        await installation.owner.execute("alter table intake_away rename to intake")
    assert told["slot"] == told["route"] and told["slot"][0] == 500
    said = capsys.readouterr()
    assert "web: fault" in said.out + said.err and "siranush" not in said.out + said.err
