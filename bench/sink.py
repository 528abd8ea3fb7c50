"""The least SMTP server that a client accepts: every mail dropped, or its confirmation link told.

python -m bench.sink PORT
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable


class Sink(asyncio.Protocol):
    """``take`` is given the bytes of each mail."""

    def __init__(self, take: Callable[[bytes], None] | None = None) -> None:
        self._take = take
        self._buffer = b""
        self._in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire: asyncio.Transport = transport  # type: ignore[assignment]  # uvloop's is no subclass
        self._wire.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            mark = b"\r\n.\r\n" if self._in_data else b"\r\n"
            end = self._buffer.find(mark)
            if end < 0:
                return
            line, self._buffer = self._buffer[:end], self._buffer[end + len(mark) :]
            if self._in_data:
                self._in_data = False
                if self._take is not None:
                    self._take(line)
                self._wire.write(b"250 2.0.0 ok\r\n")
                continue
            verb = line[:4].upper()
            self._in_data = verb == b"DATA"
            if verb == b"EHLO":
                self._wire.write(b"250-sink\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n")
            elif verb == b"QUIT":
                self._wire.write(b"221 bye\r\n")
                self._wire.close()
                return
            else:
                self._wire.write(b"354 go\r\n" if self._in_data else b"250 ok\r\n")


async def listen(port: int, take: Callable[[bytes], None] | None = None) -> asyncio.Server:
    """A sink on the loopback."""
    return await asyncio.get_running_loop().create_server(lambda: Sink(take), "127.0.0.1", port, backlog=512)


async def _serve(port: int) -> None:
    server = await listen(port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
