"""Public answers that are the same for everybody stand ready as bytes, before the framework is asked.

Two rules hold throughout: an answer here is byte for byte the one that its route gives, and it is made anew as soon as
anything that it is made of has changed. The routes stay: they describe the answer, and give it whenever this table does not.

To add one: write a *source*, ``find(path) -> Answer | None``, beside the route, and name it where the process is put
together (``app._open``). It is asked once for a path, at the first visit after a change, and says None for whatever is not
its own, does not exist, or depends on the visitor. Requests with a query never come here.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Send = Callable[[Any], Awaitable[None]]

TICK = 0.1
"""Seconds after which it is looked again whether time alone has changed an answer: a petition opens, a captcha rests."""

MOST = 10_000
"""Answers kept at once; beyond it the table begins anew."""


class Answer:
    """One ready answer: status 200 with ``content``, or 304 for who holds its ``tag``. ``route`` is the template it is counted by.

    ``headers`` are those of the route, lower case, without content type and length; an ETag among them is the ``tag``.
    """

    __slots__ = ("_content", "_full", "_none", "_same", "route", "tag")

    def __init__(self, route: str, content: bytes, headers: Mapping[str, str], media_type: str) -> None:
        self.route = route
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        about = [(b"content-type", media_type.encode("latin-1")), (b"content-length", b"%d" % len(content))]
        self.tag = headers.get("etag", "").encode("latin-1")
        self._full = {"type": "http.response.start", "status": 200, "headers": raw + about}
        self._same = {"type": "http.response.start", "status": 304, "headers": raw}
        self._content = {"type": "http.response.body", "body": content}
        self._none = {"type": "http.response.body", "body": b""}

    async def send(self, scope: Scope, send: Send) -> int:
        """Answer a GET or HEAD; returns the status."""
        if self.tag:
            for name, value in scope["headers"]:
                if name == b"if-none-match" and value == self.tag:
                    await send(self._same)
                    await send(self._none)
                    return 304
        await send(self._full)
        await send(self._content if scope["method"] == "GET" else self._none)
        return 200


Source = Callable[[str], Answer | None]


class Front:
    """The table from path to ready answer. ``mark`` is compared every tenth of a second: when it differs, all is made anew."""

    def __init__(self, mark: Callable[[], object], sources: Iterable[Source], clock: Callable[[], float] = time.monotonic) -> None:
        self._mark = mark
        self._sources = list(sources)
        self._clock = clock
        self._kept: dict[str, Answer] = {}
        self._seen: object = None
        self._until = 0.0

    def get(self, path: str) -> Answer | None:
        """The ready answer of ``path``; None where the framework has to be asked."""
        now = self._clock()
        if now >= self._until:
            self._until = now + TICK
            mark = self._mark()
            if mark != self._seen:
                self._seen = mark
                self._kept = {}
        answer = self._kept.get(path)
        if answer is None:
            answer = self._find(path)
        return answer

    def drop(self) -> None:
        """What the answers are made of has changed."""
        self._kept = {}

    def _find(self, path: str) -> Answer | None:
        for find in self._sources:
            answer = find(path)
            if answer is not None:
                if len(self._kept) >= MOST:
                    self._kept = {}
                self._kept[path] = answer
                return answer
        return None
