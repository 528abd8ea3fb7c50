"""Somebody else's web site, on another port: pages that a test writes, with the headers that it wants, as slow as it wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field


@dataclass
class Neighbour:
    """``pages`` maps a path to HTML, ``headers`` are sent with every page; ``asked`` keeps what was asked for."""

    port: int
    pages: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def at(self, path: str = "/", host: str = "localhost") -> str:
        return f"http://{host}:{self.port}{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ", 2)[1].partition("?")[0]
            self.asked.append(path)
            body = self.pages.get(path)
            status = "200 OK" if body is not None else "404 Not Found"
            content = (body or "").encode()
            kind = {"css": "text/css", "js": "text/javascript"}.get(path.rpartition(".")[2], "text/html")
            more: Mapping[str, str] = {"content-type": f"{kind}; charset=utf-8", "content-length": str(len(content)), **self.headers}
            lines = "".join(f"{name}: {value}\r\n" for name, value in more.items())
            writer.write(f"HTTP/1.1 {status}\r\nconnection: close\r\n{lines}\r\n".encode() + content)
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def neighbour(port: int) -> AsyncIterator[Neighbour]:
    """A site of somebody else on ``port``, until the block ends; by name it is localhost, by number another origin."""
    one = Neighbour(port)
    server = await asyncio.start_server(one.answer, "127.0.0.1", port)
    try:
        yield one
    finally:
        server.close()
        await server.wait_closed()
