"""People who do the whole way: sign, get the mail, wait a little, press; as many at once as the machine serves."""

from __future__ import annotations

import asyncio
import quopri
import re
import time
from pathlib import Path

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
