"""A stand-in for hCaptcha on a loopback port: it speaks the documented siteverify protocol, and can be well, dead, slow or lying.

Run by itself for a browserless try-out: ``python -m tests.hcaptcha_server 8899`` and ``LIBERTAS_HCAPTCHA_VERIFY_URL`` set to
what it prints; it then takes every token that begins with ``good-`` once.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qs

SITEKEY = "10000000-aaaa-bbbb-cccc-000000000001"
SECRET = "0xStandInSecret"
HOSTNAME = "petition.example.org"

Mode = Literal[
    "ok",
    "slow",
    "error-500",
    "too-many-429",
    "garbage",
    "endless",
    "cut",
    "lying-hostname",
    "no-hostname",
    "other-sitekey",
    "old",
    "future",
]


@dataclass
class _Solved:
    at: float
    sitekey: str
    hostname: str


class HCaptchaServer:
    """``await server.start()``, ``server.solve()`` as a visitor would, ``server.mode = ...`` for its health, ``await server.stop()``."""

    def __init__(self, *, sitekey: str = SITEKEY, secret: str = SECRET, hostname: str = HOSTNAME, port: int = 0) -> None:
        self.sitekey, self.secret, self.hostname = sitekey, secret, hostname
        self.mode: Mode = "ok"
        self.delay = 30.0
        self.take_any_good = False
        self.asked: list[dict[str, str]] = []
        self.port = port
        self._solved: dict[str, _Solved] = {}
        self._seen: set[str] = set()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/siteverify"

    def solve(self, *, at: float | None = None, sitekey: str | None = None, hostname: str | None = None) -> str:
        """A visitor solves the riddle; the answer is the token of one form."""
        token = f"P1_{secrets.token_urlsafe(90)}"
        self._solved[token] = _Solved(time.time() if at is None else at, sitekey or self.sitekey, hostname or self.hostname)
        return token

    async def start(self) -> None:
        """Listen; the second time on the same port, as a service that comes back."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Gone: connections are refused from now on."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._open):
                writer.transport.abort()
            await self._server.wait_closed()
            self._server = None
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                if not await self._answer(head[0], headers, body, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()

    async def _answer(self, first: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter) -> bool:
        form = {name: values[0] for name, values in parse_qs(body.decode("ascii"), keep_blank_values=True).items()}
        self.asked.append(form)
        mode, status, answer = self.mode, 200, b""
        if mode == "slow":
            await asyncio.sleep(self.delay)
        if mode == "cut":
            return False
        if mode == "error-500":
            status, answer = 500, b"<h1>Internal Server Error</h1>"
        elif mode == "too-many-429":
            status, answer = 429, b"{}"
        elif mode == "garbage":
            answer = b'<html>{"success": true'
        elif mode == "endless":
            answer = b'{"success": true, "x": "' + b"x" * 1_000_000 + b'"}'
        elif not first.startswith("POST ") or headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
            answer = json.dumps({"success": False, "error-codes": ["bad-request"]}).encode()
        else:
            answer = json.dumps(self._verify(form, mode)).encode()
        writer.write(f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}\r\n\r\n".encode() + answer)
        await writer.drain()
        return True

    def _verify(self, form: dict[str, str], mode: Mode) -> dict[str, object]:
        def no(*codes: str) -> dict[str, object]:
            return {"success": False, "error-codes": list(codes)}

        token = form.get("response", "")
        if not form.get("secret"):
            return no("missing-input-secret")
        if form["secret"] != self.secret:
            return no("invalid-input-secret")
        if not token:
            return no("missing-input-response")
        if form.get("sitekey", self.sitekey) != self.sitekey:
            return no("sitekey-secret-mismatch")
        if self.take_any_good and token.startswith("good-"):
            self._solved.setdefault(token, _Solved(time.time(), self.sitekey, self.hostname))
        solved = self._solved.get(token)
        if solved is None or solved.sitekey != self.sitekey:
            return no("invalid-input-response")
        if token in self._seen:
            return no("already-seen-response")
        if mode == "ok" and time.time() - solved.at > 120:
            return no("expired-input-response")
        self._seen.add(token)
        at = solved.at + {"old": -3600, "future": 3600}.get(mode, 0)
        said: dict[str, object] = {
            "success": True,
            "challenge_ts": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "hostname": {"lying-hostname": "elsewhere.example", "no-hostname": "not-provided"}.get(mode, solved.hostname),
            "credit": False,
        }
        if mode == "other-sitekey":
            said["sitekey"] = "20000000-ffff-ffff-ffff-000000000002"
        return said


async def _main(port: int) -> None:
    server = HCaptchaServer(hostname="localhost")
    server.port, server.take_any_good = port, True
    await server.start()
    print(server.url, "sitekey", server.sitekey, "secret", server.secret, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
