"""Clients that sign and press while processes die, their own log of what they were told, and the checker over it.

The checker knows nothing but that log and the database afterwards: whoever was told "received" must be there, whoever was
thanked must be counted, nobody twice (threats.md, R1–R6).
"""

from __future__ import annotations

import asyncio
import contextlib
import quopri
import random
import re
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg
import httpx2

from bench import material, sink
from bench.topology import Topology, free_port
from installation import state_of
from service import db, identity, intake, ledger
from service.captcha import Altcha

_TO = re.compile(rb"(?im)^to: *<?([^\s<>]+@[^\s<>]+?)>?\r$")
_LINK = re.compile(rb"https?://[^\s/]+(/(?:fr|en|hy)/confirm/[\w.-]+)")
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Post:
    """The mail server of the suite; it lives as long as the test. ``links`` by address, newest last."""

    def __init__(self) -> None:
        self.links: dict[str, list[str]] = {}
        self.mails: list[bytes] = []
        self.port = free_port()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def _take(self, data: bytes) -> None:
        self.mails.append(data)
        to, link = _TO.search(data), _LINK.search(quopri.decodestring(data))
        if to and link:
            self.links.setdefault(to[1].decode(), []).append(link[1].decode())

    async def open(self) -> None:
        self._server = await sink.listen(self.port, self._take)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def link(self, to: str, patience: float = 120) -> str | None:
        """The newest confirmation link that was mailed to ``to``; None when none came."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if to in self.links:
                return self.links[to][-1]
            await asyncio.sleep(0.02)
        return None


@contextlib.asynccontextmanager
async def post_office() -> AsyncIterator[Post]:
    post = Post()
    await post.open()
    try:
        yield post
    finally:
        post.close()


@dataclass
class Log:
    """What clients were told, and when: the only witness of the checker."""

    received: list[tuple[str, str]] = field(default_factory=list)
    """(form key, address) of every 202."""
    thanked: set[str] = field(default_factory=set)
    """Addresses whose press was answered "confirmed" or "already"."""
    answers: Counter[str] = field(default_factory=Counter)


@dataclass
class Verdict:
    """What the checker found. ``faults`` are sentences about R2, R4 and R5."""

    received: int
    thanked: int
    lost: list[str]
    twice: list[str]
    faults: list[str]

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.twice or self.faults)


class Crowd:
    """``lanes`` clients of a topology; each signs, waits for the mail, presses, again and again, and repeats what was not answered."""

    def __init__(self, town: Topology, post: Post, lanes: int = 8, *, presses: bool = True) -> None:
        self.town, self.post, self.lanes, self._presses = town, post, lanes, presses
        self.log = Log()
        self.gate = Altcha(town.keys.altcha_keys(), 1)
        self._numbers = iter(range(10**9))
        self._run = secrets.token_hex(3)
        self._stop = asyncio.Event()

    def new_address(self) -> str:
        number = next(self._numbers)
        return f"ani-{self._run}-{number}@{material.domain(number)}"

    def body(self, email: str) -> str:
        return material.form(self.town, self.gate, time.time(), email)

    async def reading_time(self, patience: float = 120) -> None:
        """Returns when the mails left so long ago, by the database's clock, that a press is not taken for a scanner's: three seconds."""
        deadline = time.monotonic() + patience
        young = "select count(*) from mail where sent_at is null and state = 'due' or sent_at > now() - interval '3.1 s'"
        while await self.town.owner.fetchval(young) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    @contextlib.asynccontextmanager
    async def walking(self) -> AsyncIterator[None]:
        """While the block runs they sign and press; at its end each finishes what it has begun."""
        lanes = [asyncio.create_task(self._lane()) for _ in range(self.lanes)]
        try:
            yield
        finally:
            self._stop.set()
            await asyncio.gather(*lanes)

    async def more(self, received: int, patience: float = 120) -> None:
        """Returns when so many more forms were received."""
        wanted, deadline = len(self.log.received) + received, time.monotonic() + patience
        while len(self.log.received) < wanted and time.monotonic() < deadline:
            await asyncio.sleep(0.02)

    async def _lane(self) -> None:
        async with httpx2.AsyncClient(timeout=15) as client:
            known: list[str] = []
            while not self._stop.is_set():
                again = known and random.random() < 0.2  # somebody signs once more, with a new form
                email = random.choice(known) if again else self.new_address()
                if not await self.sign(client, email):
                    continue
                if not again:
                    known.append(email)
                    if self._presses:
                        await self.confirm(client, email)

    async def sign(self, client: httpx2.AsyncClient, email: str, patience: float = 120) -> bool:
        """Send one form until it is answered; only then it is in the log."""
        key, body = secrets.token_urlsafe(12), self.body(email)
        headers = {"idempotency-key": key, "content-type": "application/json", "x-forwarded-for": material.network()}
        answer = await self._until_answered(client, f"{self.town.api}/signatures", body, headers, patience)
        if answer is None:
            return False
        if answer.status_code == 202:
            self.log.received.append((key, email))
        return answer.status_code == 202

    async def confirm(self, client: httpx2.AsyncClient, email: str, patience: float = 120) -> str:
        """Wait for the mail and press until thanked."""
        path = await self.post.link(email, patience)
        if path is None:
            return "no mail"
        for _ in range(3):
            answer = await self._until_answered(client, path, "", FORM, patience)
            state = "" if answer is None else state_of(answer)
            if state in ("confirmed", "already"):
                self.log.thanked.add(email)
            if state != "ask-again":
                return state
        return state

    async def _until_answered(
        self, client: httpx2.AsyncClient, path: str, body: str, headers: dict[str, str], patience: float
    ) -> httpx2.Response | None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            web = random.choice(self.town.webs)
            try:
                answer = await client.post(f"{web.url}{path}", content=body, headers=headers)
            except httpx2.HTTPError as broken:
                self.log.answers[type(broken).__name__] += 1
            else:
                self.log.answers[str(answer.status_code)] += 1
                if answer.status_code not in (429, 503):
                    return answer
                assert "retry-after" in answer.headers
            await asyncio.sleep(0.05)
        return None


async def settled(town: Topology, patience: float = 180, *, is_published: bool = True) -> bool:
    """Returns when nothing moves any more: every form decided, every mail ended, every leaf sealed and published."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with contextlib.suppress(*db.AWAY, asyncpg.PostgresError):
            left = await town.owner.fetchval(
                "select (select count(*) from intake where decided_at is null) + (select count(*) from mail where state = 'due')"
                " + case when $1 then (select count(*) from outbox) + (select sum(size - published_size) from log) else 0 end",
                is_published,
            )
            if left == 0:
                return True
        await asyncio.sleep(0.1)
    return False


async def check(town: Topology, log: Log) -> Verdict:
    """Hold the clients' log against the database."""
    owner = town.owner
    petition = await owner.fetchval("select id from petition where slug = $1", town.slug)
    index_key = town.keys.index_key(petition)

    def index(email: str) -> bytes:
        return identity.email_index(index_key, identity.canonical(email))

    rows = {row["id"]: row["outcome"] for row in await owner.fetch("select id, outcome from intake")}
    lost = [f"form {key}" for key, _ in log.received if intake.form_id(petition, key) not in rows]
    confirmed = {
        row["email_index"]: row["n"]
        for row in await owner.fetch(
            "select email_index, count(*) as n from signature where petition_id = $1 and state = 'confirmed' group by 1", petition
        )
    }
    lost += ["a press" for email in log.thanked if index(email) not in confirmed]
    twice = ["a mailbox" for n in confirmed.values() if n > 1]
    leaves = await owner.fetchval(
        "select count(*) from entry e join log l on l.id = e.log_id where l.petition_id = $1 and e.kind = 'A'", petition
    )
    if leaves > len(confirmed):
        twice += ["a leaf"] * (leaves - len(confirmed))
    faults = []
    if undecided := sum(outcome is None for outcome in rows.values()):
        faults.append(f"R2: {undecided} forms are still undecided")
    if due := await owner.fetchval("select count(*) from mail where state = 'due' or (state = 'failed' and code is null)"):
        faults.append(f"R4: {due} mails are neither sent nor recorded as failed")
    log_row = await owner.fetchrow("select id, published_count from log where petition_id = $1", petition)
    if log_row["published_count"] != len(confirmed):
        faults.append(f"R5: {log_row['published_count']} are published, {len(confirmed)} are confirmed")
    async with db.open_pool(town.settings.database_url, high=2) as pool:
        faults += [f"R5: {difference}" for difference in (await ledger.recount(pool, log_row["id"])).differences]
    return Verdict(len(log.received), len(log.thanked), lost, twice, faults)


async def healed(town: Topology, crowd: Crowd, patience: float = 120) -> float:
    """Seconds until a form is received again."""
    begun = time.monotonic()
    async with httpx2.AsyncClient(timeout=15) as client:
        assert await crowd.sign(client, crowd.new_address(), patience)
    return time.monotonic() - begun
