"""A relay that does what a test tells it: a real SMTP server on the loopback, whose answers are scripted.

Modes: ``ok``, ``refuse`` (nobody listens), ``4xx``, ``5xx``, ``slow`` (every answer late), ``cut`` (hangs up in DATA),
``hold`` (takes the whole mail and answers when released); besides, answers for one recipient or one domain.
Run as a program it only takes and counts: ``python -m tests.smtp_server PORT``.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from bench.topology import free_port


@dataclass
class Taken:
    """One mail that the relay has answered 250."""

    sender: str
    recipients: list[str]
    data: bytes

    @property
    def parsed(self) -> EmailMessage:
        found = BytesParser(policy=policy.default).parsebytes(self.data)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def text(self) -> str:
        part = self.parsed.get_body(("plain",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")

    @property
    def html(self) -> str:
        part = self.parsed.get_body(("html",))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass
class Relay:
    """``async with Relay() as relay`` listens on ``relay.port``; change ``mode`` and the scripts while it runs."""

    mode: str = "ok"
    delay: float = 0.3
    """Seconds before each answer in the mode ``slow``."""
    by_recipient: dict[str, str] = field(default_factory=dict)
    """Answer to RCPT by address, such as ``550 5.1.1 no such user``."""
    by_domain: dict[str, str] = field(default_factory=dict)
    """Answer to RCPT by domain."""
    slow_domain: str = ""
    """Only mail to this domain is answered late, at the end of DATA: after ``delay``, or when released if that is 0."""
    greeting: str = "220 relay.test ESMTP"
    most_connections: int = 1_000
    most_mails: int = 0
    """Says 421 and hangs up after so many mails on one connection."""
    is_rude: bool = False
    """Hangs up without that word."""
    pipelines: bool = True
    is_naive: bool = False
    """Waits for a mail, although nobody was named who shall get it."""
    packets: list[bytes] = field(default_factory=list)
    """The beginning of what arrived at once."""
    taken: list[Taken] = field(default_factory=list)
    seen: list[Taken] = field(default_factory=list)
    """Every mail of which the end of DATA was seen, answered or not."""
    asked: list[str] = field(default_factory=list)
    """The address of every RCPT."""
    connections: int = 0
    at_once: dict[str, int] = field(default_factory=dict)
    """The most mails that were in DATA at the same time, by domain."""
    port: int = field(default_factory=free_port)
    """Its own, so that whoever stops and starts again finds it free."""

    def __post_init__(self) -> None:
        self.released = asyncio.Event()
        self._server: asyncio.Server | None = None
        self.open: set[_Talk] = set()
        self.now_in: dict[str, int] = {}
        self._grew = asyncio.Event()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Relay:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Talk(self), "127.0.0.1", self.port, backlog=256)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the door and hang up on everybody: from now on connections are refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.hang_up()
        await asyncio.sleep(0)

    def hang_up(self) -> None:
        for talk in list(self.open):
            talk.wire.abort()

    async def saw(self, count: int) -> None:
        """Returns when the end of so many mails was seen; gives up after three minutes."""
        async with asyncio.timeout(180):
            while len(self.seen) < count:
                self._grew.clear()
                await self._grew.wait()

    def note(self, mail: Taken) -> None:
        self.seen.append(mail)
        self._grew.set()

    def to(self, address: str) -> list[Taken]:
        return [mail for mail in self.taken if mail.recipients == [address]]


class _Talk(asyncio.Protocol):
    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.buffer = b""
        self.in_data = self.is_closed = False
        self.sender = ""
        self.recipients: list[str] = []
        self.mails = 0
        self.last: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.wire = transport
        self.relay.connections += 1
        self.relay.open.add(self)
        if len(self.relay.open) > self.relay.most_connections:
            self.say("421 4.7.0 too many connections")
            self.wire.close()
            return
        self.say(self.relay.greeting)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_closed = True
        self.relay.open.discard(self)

    def say(self, text: str, after: float = 0.0) -> None:
        if not after:
            if not self.is_closed:
                self.wire.write(text.encode() + b"\r\n")
            return
        asyncio.get_running_loop().call_later(after, self.say, text)

    def data_received(self, chunk: bytes) -> None:
        self.relay.packets.append(chunk[:200])
        self.buffer += chunk
        while not self.is_closed:
            if self.in_data:
                if self.relay.mode == "cut":
                    self.wire.abort()
                    return
                end = (b"\r\n" + self.buffer).find(b"\r\n.\r\n")
                if end < 0:
                    return
                data, self.buffer = self.buffer[:end], self.buffer[end + 3 :]
                self.in_data = False
                self.whole(data.replace(b"\r\n..", b"\r\n."))
                continue
            end = self.buffer.find(b"\r\n")
            if end < 0:
                return
            line, self.buffer = self.buffer[:end], self.buffer[end + 2 :]
            self.command(line.decode("ascii", "backslashreplace"))

    def command(self, line: str) -> None:
        relay = self.relay
        after = relay.delay if relay.mode == "slow" else 0.0
        verb, _, rest = line.partition(" ")
        match verb.upper():
            case "EHLO":
                pipelining = "250-PIPELINING\r\n" if relay.pipelines else ""
                self.say(f"250-relay.test\r\n{pipelining}250-SIZE 1000000\r\n250 ENHANCEDSTATUSCODES", after)
            case "MAIL":
                if relay.most_mails and self.mails >= relay.most_mails:
                    if relay.is_rude:
                        self.wire.abort()
                    else:
                        self.say("421 4.4.2 goodbye")
                        self.wire.close()
                    return
                self.sender, self.recipients = rest.partition("<")[2].partition(">")[0], []
                self.say("250 2.1.0 ok", after)
            case "RCPT":
                address = rest.partition("<")[2].rpartition(">")[0]
                relay.asked.append(address)
                domain = address.rpartition("@")[2]
                answer = relay.by_recipient.get(address) or relay.by_domain.get(domain) or ""
                if not answer and relay.mode == "4xx":
                    answer = "451 4.3.0 try again later"
                if not answer and relay.mode == "5xx":
                    answer = "554 5.6.0 not like this"
                if not answer:
                    self.recipients.append(address)
                self.say(answer or "250 2.1.5 ok", after)
            case "DATA":
                if not self.recipients and not relay.is_naive:
                    self.say("503 5.5.1 to whom?")
                    return
                self.in_data = True
                if not self.recipients:
                    self.say("354 go ahead")
                    return
                domain = self.recipients[0].rpartition("@")[2]
                relay.now_in[domain] = relay.now_in.get(domain, 0) + 1
                relay.at_once[domain] = max(relay.at_once.get(domain, 0), relay.now_in[domain])
                self.say("354 go ahead", after)
            case "RSET" | "NOOP":
                self.sender, self.recipients = "", []
                self.say("250 ok", after)
            case "QUIT":
                self.say("221 bye")
                self.wire.close()
            case _:
                self.say("500 5.5.2 what?")

    def whole(self, data: bytes) -> None:
        relay = self.relay
        if not self.recipients:
            self.say("554 5.5.1 to nobody")
            return
        mail = Taken(self.sender, self.recipients, data)
        relay.note(mail)
        self.mails += 1
        domain = mail.recipients[0].rpartition("@")[2]
        if relay.mode == "hold" or domain == relay.slow_domain:
            self.last = asyncio.get_running_loop().create_task(self.later(mail, domain))
        else:
            self.accept(mail, domain)

    async def later(self, mail: Taken, domain: str) -> None:
        if domain == self.relay.slow_domain and self.relay.delay:
            await asyncio.sleep(self.relay.delay)
        else:
            await self.relay.released.wait()
        self.accept(mail, domain)

    def accept(self, mail: Taken, domain: str) -> None:
        self.relay.now_in[domain] -= 1
        self.relay.taken.append(mail)
        self.say("250 2.0.0 taken", self.relay.delay if self.relay.mode == "slow" else 0.0)


class _Count(asyncio.Protocol):
    """The least server that a client accepts, for measuring: every mail dropped."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.wire, self.buffer, self.in_data = transport, b"", False
        self.wire.write(b"220 sink ESMTP\r\n")

    def data_received(self, chunk: bytes) -> None:
        self.buffer += chunk
        while True:
            end = self.buffer.find(b"\r\n.\r\n" if self.in_data else b"\r\n")
            if end < 0:
                return
            line, self.buffer = self.buffer[:end], self.buffer[end + (5 if self.in_data else 2) :]
            verb = b"" if self.in_data else line[:4].upper()
            self.in_data = verb == b"DATA"
            if verb == b"EHLO":
                self.wire.write(b"250-sink\r\n250 8BITMIME\r\n")
            elif verb == b"QUIT":
                self.wire.write(b"221 bye\r\n")
                self.wire.close()
                return
            else:
                self.wire.write(b"354 go\r\n" if self.in_data else b"250 ok\r\n")


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Count, "127.0.0.1", port, backlog=256)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
