"""People who do the whole way: sign, get the mail, wait a little, press; as many at once as the machine serves."""

from __future__ import annotations

import asyncio
import quopri
import random
import re
import time
from pathlib import Path

import msgspec

from bench import sink

_LINK = re.compile(rb"https?://[^\s/]+(/en/confirm/[A-Za-z0-9._-]+)")
READING = 3.2
"""Seconds between mail and press: a press within 3 s is asked for again."""


class Wire:
    """One kept connection that speaks just enough HTTP/1.1, so that the driver costs little beside what it drives."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: bytes, **headers: str) -> tuple[int, bytes]:
        """(status, body)."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        head = await reader.readuntil(b"\r\n\r\n")
        found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        return int(head[9:12]), await reader.readexactly(int(found[1])) if found else b""

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def all_the_way(port: int, smtp_port: int, lines: Path, count: int, *, lanes: int = 32) -> dict[str, float]:
    """``count`` people sign, are mailed and press. Seconds until all had signed and until all had pressed, and who did not get through."""
    links: asyncio.Queue[tuple[float, str]] = asyncio.Queue()

    def take(data: bytes) -> None:
        found = _LINK.search(data) or _LINK.search(quopri.decodestring(data))
        if found:
            links.put_nowait((time.monotonic(), found[1].decode()))

    server = await sink.listen(smtp_port, take)
    with lines.open(encoding="ascii") as file:
        forms = iter([line.rstrip("\n").split("\t") for line, _ in zip(file, range(count), strict=False)])
    begun = time.monotonic()
    lost = {"signing": 0, "pressing": 0}
    pressed = 0

    async def sign() -> None:
        wire = Wire(port)
        for path, key, network, body in forms:
            status, _ = await wire.post(path, body.encode(), Content_Type="application/json", Idempotency_Key=key, X_Forwarded_For=network)
            lost["signing"] += status != 202
        wire.close()

    async def press() -> None:
        nonlocal pressed
        wire = Wire(port)
        try:
            at, path = await links.get()
            await asyncio.sleep(max(0.0, at + READING - time.monotonic()))
            status, page = await wire.post(path, b"", Content_Type="application/x-www-form-urlencoded")
            if b'data-state="ask-again"' in page:  # the worker noted the mail as sent later than we had it
                status, page = await wire.post(path, b"", Content_Type="application/x-www-form-urlencoded")
            pressed += 1
            lost["pressing"] += not (status == 200 and b'data-state="confirmed"' in page)
        finally:
            wire.close()

    pressing = [asyncio.create_task(press()) for _ in range(count)]
    try:
        await asyncio.gather(*(sign() for _ in range(lanes)))
        signed = time.monotonic() - begun
        while pressed < count - lost["signing"] and time.monotonic() - begun < 300:  # noqa: ASYNC110 - many tasks count
            await asyncio.sleep(0.05)
        return {"signed": signed, "pressed": time.monotonic() - begun, "lost": lost["signing"] + lost["pressing"] + count - pressed}
    finally:
        for task in pressing:
            task.cancel()
        await asyncio.gather(*pressing, return_exceptions=True)
        server.close()


class Crowd(msgspec.Struct, kw_only=True):
    """How it went for people who all came at once. Seconds, of each answer by itself; ``wait`` from the first press until signed."""

    count: int
    signed: int = 0
    seconds: float = 0.0
    taken: list[float] = []
    refused: list[float] = []
    told: list[int] = []
    wait: list[float] = []
    tries: int = 1

    @staticmethod
    def quantile(times: list[float], share: float) -> float:
        """In milliseconds; 0 of nothing."""
        return sorted(times)[min(len(times) - 1, int(share * len(times)))] * 1e3 if times else 0.0


class _Visit(asyncio.Protocol):
    """A connection of its own, one press of the button, one answer."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._said = b""
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's is no subclass
        self._wire.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._said += data
        if b"\r\n\r\n" in self._said and not self.answer.done():  # what follows the head is not needed
            self.answer.set_result(self._said)
            self._wire.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_result(b"")


async def all_at_once(port: int, lines: Path, count: int, *, within: float, patience: float = 120.0) -> Crowd:
    """``count`` people come within so many seconds, each on a new connection. Who is told to come back later does as told."""
    with lines.open(encoding="ascii") as file:
        forms = [line.rstrip("\n").split("\t") for line, _ in zip(file, range(count), strict=False)]
    found = Crowd(count=len(forms))
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def person(number: int, path: str, key: str, network: str, body: str) -> None:
        request = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            f"Idempotency-Key: {key}\r\nX-Forwarded-For: {network}\r\n\r\n{body}"
        ).encode()
        await asyncio.sleep(max(0.0, begun + within * number / len(forms) - loop.time()))
        came = loop.time()
        tries = 0
        while loop.time() - begun < patience:
            tries += 1
            pressed = loop.time()
            try:
                _, visit = await loop.create_connection(lambda: _Visit(request), "127.0.0.1", port)
                said = await visit.answer
            except OSError:
                said = b""
            if said.startswith(b"HTTP/1.1 202"):
                found.taken.append(loop.time() - pressed)
                found.wait.append(loop.time() - came)
                found.signed += 1
                found.tries = max(found.tries, tries)
                return
            later = re.search(rb"(?i)\r\nretry-after: (\d+)", said)
            if later:
                found.refused.append(loop.time() - pressed)
                found.told.append(int(later[1]))
            await asyncio.sleep((int(later[1]) if later else 1) + random.random() * 0.2)  # nobody looks at a clock so exactly

    await asyncio.gather(*(person(number, *form) for number, form in enumerate(forms)))
    found.seconds = loop.time() - begun
    return found
