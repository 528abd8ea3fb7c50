"""A way between the service and PostgreSQL on which connections are cut: at any byte, and around the answer to a commit.

It understands as much of the protocol as it takes to see a commit go by (https://www.postgresql.org/docs/current/protocol.html):
the word COMMIT, or the end of a statement that writes by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit, urlunsplit

from bench.topology import free_port

Where = Literal["any byte", "before", "during", "after"]
"""Of a commit: it never reached the server; it was sent a moment ago; the server has committed, and its answer is not passed on."""

_WRITES = re.compile(rb"\b(insert|update|delete)\b", re.IGNORECASE)
_ENCRYPTION = (80_877_103, 80_877_104)


class Cutter:
    """``async with Cutter(url) as cutter``: whoever connects to ``cutter.url`` is led to ``url``, and cut off as ``mode`` says.

    ``cutting`` cuts, ``lying`` tells of commits that it does not let happen (the control), ``calm`` leaves everybody alone.
    """

    def __init__(self, url: str, *, one_in: int = 5) -> None:
        self.mode: Literal["calm", "cutting", "lying"] = "calm"
        self.cuts: Counter[str] = Counter()
        self.lies = 0
        self.one_in = one_in
        self._parts = urlsplit(url)
        self._port = free_port()
        self._server: asyncio.Server | None = None
        self._ways: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        who = self._parts.netloc.rpartition("@")[0]
        return urlunsplit(self._parts._replace(netloc=f"{who}@127.0.0.1:{self._port}", query="sslmode=disable"))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._led, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._server is not None
        self._server.close()
        for way in list(self._ways):
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    async def until(self, cuts: int, *, patience: float = 600) -> None:
        """Returns when so many connections were cut, some of them at each place."""
        async with asyncio.timeout(patience):
            while self.cuts.total() < cuts or len(self.cuts) < 4:
                await asyncio.sleep(0.02)

    async def _led(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._ways.add(task)
        try:
            await _Way(self, reader, writer).run()
        finally:
            self._ways.discard(task)

    async def to_server(self) -> tuple[StreamReader, StreamWriter]:
        given = parse_qs(self._parts.query)
        folder = given.get("host", [""])[0]
        if folder.startswith("/"):
            return await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{given.get('port', ['5432'])[0]}")
        return await asyncio.open_connection(self._parts.hostname, self._parts.port or 5432)


class _Cut(Exception):
    pass


class _Way:
    """One connection, from a client to the server."""

    def __init__(self, cutter: Cutter, reader: StreamReader, writer: StreamWriter) -> None:
        self._cutter, self._from_client, self._to_client = cutter, reader, writer
        self._status, self._wrote = b"I", False
        self._statements: dict[bytes, bool] = {}
        self._withholds = self._lies = False
        # Half of them end somewhere by themselves, a few early, most after some forms.
        self._left = int(random.expovariate(1 / 40_000)) if random.random() < 0.5 else None

    async def run(self) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, _Cut):
            self._from_server, self._to_server = await self._cutter.to_server()
            try:
                self._to_server.write(await self._hello())
                await self._both(self._forth(), self._back())
            finally:
                self._end(self._to_server, "fin")
        self._end(self._to_client, "fin")

    async def _both(self, *ways: Coroutine[Any, Any, None]) -> None:
        """Until one direction ends."""
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _hello(self) -> bytes:
        while True:
            size = await self._from_client.readexactly(4)
            body = await self._from_client.readexactly(int.from_bytes(size) - 4)
            if int.from_bytes(body[:4]) not in _ENCRYPTION:
                return size + body
            self._to_client.write(b"N")

    async def _forth(self) -> None:
        while True:
            message = await _message(self._from_client)
            kind, words = message[:1], message[5:].split(b"\0")
            if kind == b"P":
                self._statements[words[0]] = _WRITES.search(words[1]) is not None
            elif kind == b"B":
                self._wrote |= self._statements.get(words[1], False)
            elif kind == b"Q":
                self._wrote |= _WRITES.search(words[0]) is not None
            ends = kind == b"S" or (kind == b"Q" and self._status == b"I") or words[0].upper().startswith(b"COMMIT")
            is_commit = self._wrote and ends and (self._status == b"I" or kind == b"Q")
            if is_commit:
                self._wrote = False
                if await self._at_commit(kind, message):
                    continue
            await self._pass(self._to_server, message)

    async def _at_commit(self, kind: bytes, message: bytes) -> bool:
        """Cut, lie, or let it go by; whether the message was dealt with."""
        if self._cutter.mode == "lying" and random.random() < 0.5:
            self._cutter.lies += 1
            if kind == b"Q":
                self._to_client.write(_typed(b"C", b"COMMIT\0") + _typed(b"Z", b"I"))
                await self._cut("before", counts=False)
            self._lies = True
            self._to_server.write(_typed(b"H", b""))  # all its answers, without the end that commits
            return True
        if self._cutter.mode != "cutting" or random.randrange(self._cutter.one_in):
            return False
        where: Where = random.choice(("before", "during", "after"))
        if where == "before":
            await self._cut(where)
        self._withholds = where == "after"
        self._to_server.write(message)
        await self._to_server.drain()
        if where == "during":
            await asyncio.sleep(random.choice((0, 0.0005, 0.002)))
            await self._cut(where)
        return True

    async def _back(self) -> None:
        while True:
            message = await _message(self._from_server)
            kind = message[:1]
            if kind == b"Z":
                self._status = message[5:6]
                if self._status == b"I":
                    self._wrote = False
                if self._withholds:
                    await self._cut("after")
            if self._lies and kind in b"CE":
                self._to_client.write(message + _typed(b"Z", b"I"))
                await self._cut("before", counts=False)
            if not self._withholds:
                await self._pass(self._to_client, message)

    async def _pass(self, to: StreamWriter, message: bytes) -> None:
        if self._left is not None and self._cutter.mode == "cutting":
            self._left -= len(message)
            if self._left < 0:
                to.write(message[: self._left])
                await self._cut("any byte")
        to.write(message)
        await to.drain()

    async def _cut(self, where: Where, *, counts: bool = True) -> None:
        if counts:
            self._cutter.cuts[where] += 1
        sides = [self._to_client, self._to_server]
        random.shuffle(sides)
        for side in sides:
            self._end(side, random.choice(("fin", "rst")) if counts else "fin")
            await asyncio.sleep(random.choice((0, 0, 0.02)))
        raise _Cut

    @staticmethod
    def _end(side: StreamWriter, how: str) -> None:
        if how == "rst":
            opened = side.get_extra_info("socket")
            if opened is not None and opened.family != socket.AF_UNIX:
                with contextlib.suppress(OSError):
                    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            side.transport.abort()
        else:
            side.close()  # what is written goes out before


async def _message(reader: StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(int.from_bytes(head[1:]) - 4)


def _typed(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4) + body
