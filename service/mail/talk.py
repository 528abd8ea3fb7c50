"""What is said on a connection to the relay once it is open: commands in one packet where the relay allows it, answers in their order.

aiosmtplib opens the connection, greets, secures it and signs in; a whole mail in two packets instead of four is what it
cannot do, and the packets are most of what a mail costs.
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from typing import NamedTuple, cast

import aiosmtplib

from service.errors import Unproven

_ANSWER = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?\r?", re.DOTALL)
_LONGEST = 64 * 1024
"""Bytes of an answer; RFC 5321 (4.5.3.1.5) allows 512 a line."""
_BROKEN = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class Said(NamedTuple):
    """One answer of the relay."""

    code: int
    text: str


class Talk(asyncio.Protocol):
    """Takes over the connection of a client that is signed in. It is used by one sender at a time.

    ``pipelines``: the relay takes several commands at once (RFC 2920). ``sizes``: it wants to know how large a mail is.
    """

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        if client.protocol is None or client.protocol.transport is None:
            raise aiosmtplib.SMTPServerDisconnected("gone before the first word")
        self.pipelines = client.supports_extension("pipelining")
        self.sizes = client.supports_extension("size")
        self._wire = cast(asyncio.Transport, client.protocol.transport)
        self._unread = b""
        self._lines: list[bytes] = []
        self._said: deque[Said] = deque()
        self._due = 0
        self._waiter: asyncio.Future[None] | None = None
        self._is_lost = False
        self._wire.set_protocol(self)

    @property
    def is_connected(self) -> bool:
        return not (self._is_lost or self._wire.is_closing())

    def close(self) -> None:
        """Hang up."""
        self._wire.close()

    def say(self, *commands: bytes) -> None:
        """Send ``commands``, for each of which one answer is then to be heard. Raises ``SMTPServerDisconnected``."""
        if any(b"\r" in command or b"\n" in command for command in commands):
            raise Unproven("command")
        self._write(b"".join(command + b"\r\n" for command in commands), len(commands))

    def tell(self, mail: bytes) -> None:
        """Send a mail's lines, and the dot that ends it."""
        # A relay may take a lone one for the end of a line, and what follows for a command.
        if not mail.count(b"\r\n") == mail.count(b"\n") == mail.count(b"\r"):
            mail = _BROKEN.sub(b"\r\n", mail)
        if mail and not mail.endswith(b"\r\n"):
            mail += b"\r\n"
        if b"\r\n." in mail or mail.startswith(b"."):
            mail = (b"\r\n" + mail).replace(b"\r\n.", b"\r\n..")[2:]
        self._write(mail + b".\r\n", 1)

    def _write(self, data: bytes, answers: int) -> None:
        if not self.is_connected:
            raise aiosmtplib.SMTPServerDisconnected("the relay has hung up")
        self._due += answers
        self._wire.write(data)

    async def hear(self, patience: float) -> Said:
        """The next answer. Raises ``SMTPServerDisconnected``, or ``TimeoutError`` after ``patience`` seconds."""
        if not self._said:
            async with asyncio.timeout(patience):
                while not self._said:
                    if not self.is_connected:
                        raise aiosmtplib.SMTPServerDisconnected("the relay has hung up")
                    self._waiter = asyncio.get_running_loop().create_future()
                    await self._waiter
        self._due -= 1
        return self._said.popleft()

    # what the connection tells

    def data_received(self, data: bytes) -> None:
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            found = _ANSWER.fullmatch(line)
            if found is None:
                self._wire.abort()  # no answer is ever taken for another one's
                return
            self._lines.append(found[3] or b"")
            if found[2] != b"-":
                text = b"\n".join(each.strip() for each in self._lines).decode("utf-8", "surrogateescape")
                self._said.append(Said(int(found[1]), text))
                self._lines = []
        if len(self._unread) > _LONGEST or len(self._lines) > 100 or len(self._said) > self._due:
            self._wire.abort()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
