"""The way to the relay: a few kept connections, and the three kinds of no: about a mailbox, about us, or about nobody.

A connection that was left in the middle of a mail is never used again, so no answer is ever taken for another mail's.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextlib import suppress as ignoring
from types import TracebackType
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog

from service.errors import Misconfigured, Unproven
from service.mail.talk import Talk
from service.mail.words import ENVELOPE

log = structlog.get_logger()

ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")


class Away(Exception):
    """The relay cannot be reached, or takes no mail from us at all: nobody's mail is at fault."""


class Answer(NamedTuple):
    """What the relay said to one mail. ``code`` 0: the connection ended before it said anything, and it may have the mail."""

    code: int
    enhanced: str = ""

    @property
    def name(self) -> str:
        """For the record: numbers only, because a relay's words repeat the address."""
        return f"{self.code} {self.enhanced}".strip() if self.code else "connection"

    @property
    def is_policy(self) -> bool:
        """About us or our rate, not about this mailbox."""
        return self.code == 421 or self.enhanced[1:].startswith(".7.")

    @property
    def is_no_such_mailbox(self) -> bool:
        return self.code >= 500 and self.enhanced in ("5.1.1", "5.1.3", "5.1.6", "5.1.10", "5.2.1")


class Post:
    """A few kept connections to the relay of ``SMTP_URL``: smtp://, smtps:// or smtp+starttls://, with user:password@ if need be.

    Connections are opened when needed and kept between deliveries; one that the relay has closed meanwhile is opened again
    without harm to the mail. While the relay is away it is asked again after 1, 2, 4 … 30 seconds. ``patience`` is the
    seconds for one answer; the answer to a whole mail may take five times as long (RFC 5321, 4.5.3.2).
    """

    def __init__(self, url: str, *, size: int = 8, patience: float = 60.0, hello: str = "localhost", tls: ssl.SSLContext | None = None):
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not parts.hostname:
            raise Misconfigured(["SMTP_URL: must be smtp://, smtps:// or smtp+starttls:// and a host"])
        if parts.password and parts.scheme == "smtp" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise Misconfigured(["SMTP_URL: a password needs smtps:// or smtp+starttls://"])
        self.size = max(1, size)
        self.opened = 0
        self._patience = patience
        self._connect = {
            "hostname": parts.hostname,
            "port": parts.port or {"smtp": 25, "smtps": 465, "smtp+starttls": 587}[parts.scheme],
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "use_tls": parts.scheme == "smtps",
            "start_tls": parts.scheme == "smtp+starttls",
            "tls_context": tls,
            "local_hostname": hello,
            "timeout": min(patience, 10.0),
        }
        self._idle: list[Talk] = []
        self._away_until = 0.0
        self._wait = 0.0

    async def __aenter__(self) -> Post:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def ready(self) -> bool:
        """Whether the relay takes a connection (or has one open). Asks it, unless it was found away a moment ago."""
        if any(talk.is_connected for talk in self._idle):
            return True
        try:
            self._idle.append(await self.open())
        except Away:
            return False
        return True

    async def open(self) -> Talk:
        """A new connection that has greeted, secured and signed in. Raises ``Away``, at once if it was away a moment ago."""
        if time.monotonic() < self._away_until:
            raise Away
        client = aiosmtplib.SMTP(**self._connect)  # type: ignore[arg-type]  # one dict for arguments of several types
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                try:
                    await client.ehlo()
                except aiosmtplib.SMTPHeloError:
                    await client.helo()
            talk = Talk(client)
        except (aiosmtplib.SMTPException, OSError) as trouble:
            client.close()
            if time.monotonic() >= self._away_until:  # the first of those that tried at the same time
                self._wait = min(30.0, self._wait * 2 or 1.0)
                self._away_until = time.monotonic() + self._wait
            code = getattr(trouble, "code", 0)
            log.warning("mail: the relay is away", fault=type(trouble).__name__, code=code, seconds=self._wait)
            raise Away from trouble
        except BaseException:
            client.close()
            raise
        self._wait = self._away_until = 0.0
        self.opened += 1
        return talk

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """One connection for one sender of mails at a time; it is opened by the first mail."""
        line = Line(self, self._idle.pop() if self._idle else None, self._patience)
        try:
            yield line
        finally:
            if line.talk is not None and line.talk.is_connected:
                self._idle.append(line.talk)

    async def close(self) -> None:
        """Say goodbye on every kept connection."""
        while self._idle:
            talk = self._idle.pop()
            with ignoring(aiosmtplib.SMTPException, OSError):
                talk.say(b"QUIT")
                await talk.hear(2.0)
            talk.close()


class Line:
    """One sender's connection for the time of its mails; see ``Post.line``."""

    def __init__(self, post: Post, talk: Talk | None, patience: float) -> None:
        self._post = post
        self.talk = talk
        self._patience = patience

    async def send(self, sender: str, recipient: str, data: bytes) -> Answer:
        """One mail to one address, which was validated. Raises ``Away`` when no connection can be had."""
        if not ENVELOPE.fullmatch(recipient):
            raise Unproven("address")
        try:
            return await self._converse(sender.encode("ascii"), recipient.encode("ascii"), data)
        except (aiosmtplib.SMTPException, OSError):
            self._drop()
            return Answer(0)
        except BaseException:
            self._drop()  # left in the middle of a sentence: the next mail must not be paired with this one's answer
            raise

    async def _converse(self, sender: bytes, recipient: bytes, data: bytes) -> Answer:
        """MAIL, RCPT and DATA in one packet if the relay takes that, the mail itself once all three are answered well."""
        to = b"RCPT TO:<" + recipient + b">"
        talk = await self._greet(sender, len(data), to)
        if isinstance(talk, Answer):
            return talk
        if not talk.pipelines:
            talk.say(to)
        told = await talk.hear(self._patience)
        if told.code not in (250, 251):
            await self._reset(talk, unheard=1)
            return _answer(*told)
        if not talk.pipelines:
            talk.say(b"DATA")
        told = await talk.hear(self._patience)
        if told.code == 354:
            talk.tell(data)
            told = await talk.hear(self._patience * 5)
        if told.code != 250:
            await self._reset(talk)
        return _answer(*told)

    async def _greet(self, sender: bytes, size: int, to: bytes) -> Talk | Answer:
        """Begin a mail on the kept connection; if the relay has hung up meanwhile, on a new one."""
        for is_kept in (True, False):
            talk = self.talk if is_kept else await self._post.open()
            if talk is None or not talk.is_connected:
                continue
            self.talk = talk
            begin = b"MAIL FROM:<" + sender + b">" + (b" SIZE=%d" % size if talk.sizes else b"")
            try:
                talk.say(*((begin, to, b"DATA") if talk.pipelines else (begin,)))
                told = await talk.hear(self._patience)
            except (aiosmtplib.SMTPServerDisconnected, ConnectionError):
                self._drop()
                if is_kept:
                    continue
                raise
            if told.code == 250:
                return talk
            if told.code == 421 and is_kept:  # "goodbye, you have been here long enough"
                self._drop()
                continue
            await self._reset(talk, unheard=2)
            return _answer(*told)
        raise Away

    async def _reset(self, talk: Talk, *, unheard: int = 0) -> None:
        """Back to the beginning after a no; ``unheard`` answers belong to what was said in the same packet."""
        try:
            for _ in range(unheard if talk.pipelines else 0):
                if (await talk.hear(self._patience)).code == 354:  # waits for a mail to nobody (RFC 2920, 3.1): there is none
                    talk.tell(b"")
                    await talk.hear(self._patience)
            talk.say(b"RSET")
            await talk.hear(self._patience)
        except (aiosmtplib.SMTPException, OSError):
            self._drop()

    def _drop(self) -> None:
        if self.talk is not None:
            self.talk.close()
            self.talk = None


def _answer(code: int, message: str) -> Answer:
    found = ENHANCED.search(message[:200])
    return Answer(code, found[0] if found and found[1] == str(code)[:1] else "")
