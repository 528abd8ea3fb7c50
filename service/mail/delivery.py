"""Due mails go out over a few connections at a time, and each ends as sent or as failed with a reason.

A mail is claimed for half a minute, looked at once more, and marked; whoever was overtaken in between neither begins nor marks
it. No mail, no provider and no fault of our own holds up the others.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress as ignoring
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from secrets import randbits
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
import structlog

from service import db
from service.errors import Invalid, Unproven
from service.mail.letters import handle_row, suppress, suppressed
from service.mail.post import Answer, Away, Line, Post
from service.mail.words import ENVELOPE, LINKS, Compiled
from service.settings import LANGUAGES

q = db.statements("mail")
log = structlog.get_logger()


LEASE = 30.0
"""Seconds after which a dead worker's mails are anyone's (docs: interface.md). A living one renews it every ten."""

PATIENCE = timedelta(hours=48)
RETRIES = (5, 35, 95, 215)
"""Minutes after a mail became due at which it is tried again (waits of 5, 30, 60, 120), then every two hours up to 48 h."""

MOST_FAULTS = 8
"""Starts without an answer of the relay after which a mail is set aside: it brings us down, or our own code is at fault. Those
are counted beforehand for a mail that a worker left behind, and with its mark for all others: they are a write less."""

POLICY_PATIENCE = 3
"""Refusals of a whole provider in a row, without one success, that pause it. One is not enough: some mailboxes (groups,
protected ones) answer 5.7.1 to everybody, and a single such address typed into the form would stop a provider for all."""

BATCH = 100
GROUP = 8
"""Mails claimed, and mails started on one connection, at a time; a crash sends at most the started and unmarked ones twice."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What delivery needs of ``identity`` and ``tokens``; handed in, because these modules do not know each other."""

    mail_token_key: bytes = field(repr=False)
    open_address: Callable[[int, UUID, bytes], str]
    """(key id, mail id, sealed address) → address; raises ``Unproven`` when the key is gone or the blob is another row's."""
    suppression_index: Callable[[str], bytes]
    handle: Callable[[bytes, bytes, str], bytes]
    """``tokens.handle``"""
    stored: Callable[[bytes], bytes]
    """``tokens.stored``"""
    write: Callable[[str, bytes], str]
    """``tokens.Tokens.write``"""
    return_path: Callable[[UUID, str], str] | None = None
    """``ReturnPath.of``; without it every mail leaves under the sender's own address."""
    sign: Callable[[bytes, datetime], bytes] | None = None
    """``Signer.sign``, unless the relay signs."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What one round did. ``alarms`` counts answers that refuse *us*; ``is_away``: no connection, so nothing was touched."""

    sent: int = 0
    failed: int = 0
    deferred: int = 0
    alarms: int = 0
    is_away: bool = False


async def deliver_due(
    pool: asyncpg.Pool,
    post: Post,
    secrets: Secrets,
    compiled: Compiled,
    *,
    now: datetime | None = None,
    limit: int = 200,
    stop: asyncio.Event | None = None,
    lease: float = LEASE,
) -> Delivery:
    """Deliver up to ``limit`` due mails, first confirmations first; returns when nothing more is due or ``limit`` was taken on.

    Any number of workers may do this at once: a mail is claimed for 30 s (renewed while we live) under a number drawn
    for this claim, and nobody with an earlier number can start or mark it. Sent exactly once, unless a crash comes between the relay's
    answer and our note of it: then at most the started mails go out again, under the same Message-ID. With ``stop`` set,
    what is in flight is finished and the rest given back.

    Refusals of the relay: 4xx and lost connections are tried again for 48 h; 5xx end the mail, and "no such mailbox"
    suppresses the address; refusals of us as a sender (4.7.x, 5.7.x, 421) are tried again and, in a row, pause the provider.
    """
    if not await post.ready():
        return Delivery(is_away=True)
    return await _Round(pool, post, secrets, compiled, now, limit, stop, lease).run()


@dataclass(slots=True, eq=False)
class _Job:
    """One claimed mail, with all that is needed to write it but the tokens themselves."""

    id: UUID
    claim: int
    template: str
    language: str
    domain: bytes
    failures: int
    attempts: int
    was_left: bool
    created_at: datetime
    address: str = ""
    title: str = ""
    titles: list[str] = field(default_factory=list)
    text: str = ""
    web_path: str = ""
    days: int = 0
    handles: list[tuple[str, str, bytes]] = field(default_factory=list)
    """(place in the text, purpose, handle)"""
    fault: Exception | None = None


_OF_ROW = ("id", "claim", "template", "language", "domain", "failures", "attempts", "was_left", "created_at")


class _End(NamedTuple):
    job: _Job
    state: str
    code: str | None = None
    due_at: datetime | None = None
    attempts: int = 0


class _Round:
    """One call of ``deliver_due``: as many lanes as the post has connections, fed from one queue that is topped up by claims."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        post: Post,
        secrets: Secrets,
        compiled: Compiled,
        now: datetime | None,
        limit: int,
        stop: asyncio.Event | None,
        lease: float,
    ) -> None:
        self._pool, self._post, self._secrets, self._compiled = pool, post, secrets, compiled
        self._now, self._left, self._stop, self._lease = now, limit, stop, lease
        self._queue: deque[_Job] = deque()
        # Started once and never answered for: perhaps by whom the process died. They wait, and go one by one, alone.
        self._suspects: deque[_Job] = deque()
        self._flying: Counter[bytes] = Counter()
        self._held: dict[UUID, int] = {}
        self._paused: dict[bytes, datetime] = {}
        self._troubled: set[bytes] = set()
        self._busy = 0
        self._is_alone = self._is_over = False
        self._claiming = asyncio.Lock()
        self._is_dry = False
        self._dry_until = 0.0
        self._count: Counter[str] = Counter()

    async def run(self) -> Delivery:
        beat = asyncio.create_task(self._beat())
        try:
            ends = await asyncio.gather(*(self._lane() for _ in range(self._post.size)), return_exceptions=True)
        finally:
            beat.cancel()
            await self._release([*self._queue, *self._suspects])
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return Delivery(
            sent=self._count["sent"],
            failed=self._count["failed"],
            deferred=self._count["due"],
            alarms=self._count["alarms"],
            is_away=self._count["away"] >= self._post.size,
        )

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            # A beat that fails is tried again; when the database stays away, the lease runs out, as it should.
            with ignoring(*db.AWAY, asyncpg.PostgresError):
                async with self._pool.acquire(timeout=5) as connection:
                    await q.renew(connection, ids=list(self._held), claims=list(self._held.values()), lease=self._lease, now=self._now)

    async def _lane(self) -> None:
        async with self._post.line() as line:
            while group := await self._next():
                try:
                    await self._carry(line, group)
                except Away:
                    # No connection for this lane: the relay may allow fewer than we have lanes. The others go on.
                    self._count["away"] += 1
                    return
                except BaseException:
                    self._is_over = True
                    raise
                finally:
                    self._busy -= 1
                    self._is_alone = False
                    self._flying.subtract({job.domain for job in group})

    # what to carry next

    async def _next(self) -> list[_Job]:
        while not self._is_over and not (self._stop and self._stop.is_set()):
            if group := self._pick():
                return group
            is_idle = self._busy == 0 and not self._claiming.locked()
            may_claim = time.monotonic() >= self._dry_until or (is_idle and not self._is_dry)
            if self._left > 0 and may_claim and not self._claiming.locked() and not self._is_alone:
                async with self._claiming:
                    await self._claim()
                continue
            if is_idle:
                return self._start([self._suspects.popleft()], alone=True) if self._suspects else []
            if self._left <= 0 and not self._queue and not self._suspects:
                return []
            # Others are still at work: their domain's turn, or a new mail, may come any moment.
            await asyncio.sleep(0.01)
        return []

    def _pick(self) -> list[_Job]:
        """The next few mails of domains that do not already have their share of the connections."""
        if self._is_alone:
            return []
        group: list[_Job] = []
        passed: list[_Job] = []
        while self._queue and len(group) < GROUP:
            job = self._queue.popleft()
            if self._has_room(job) and not (job.domain in self._troubled and any(x.domain == job.domain for x in group)):
                group.append(job)
            else:
                passed.append(job)
        self._queue.extendleft(reversed(passed))
        return self._start(group) if group else []

    def _has_room(self, job: _Job) -> bool:
        # One connection always stays for the others; a provider in trouble gets one.
        share = 1 if job.failures or job.domain in self._troubled else max(1, self._post.size - 1)
        return self._flying[job.domain] < share

    def _start(self, group: list[_Job], *, alone: bool = False) -> list[_Job]:
        self._busy += 1
        self._is_alone = alone
        self._flying.update({job.domain for job in group})
        return group

    async def _claim(self) -> None:
        full = {job.domain for job in self._queue if not self._has_room(job)}
        async with self._pool.acquire(timeout=5) as connection:
            batch, number = min(BATCH, self._left), randbits(63)
            rows = [row async for row in q.claim(connection, full=list(full), batch=batch, lease=self._lease, number=number, now=self._now)]
            claimed = sorted((row for row in rows if not row["is_paused"]), key=lambda row: (row["priority"], row["due_at"]))
            self._held.update({row["id"]: row["claim"] for row in claimed})
            self._left -= len(claimed)
            jobs, ends = await self._prepare(connection, claimed)
        for job in jobs:
            (self._suspects if job.was_left else self._queue).append(job)
        await self._mark(ends)
        if not rows:
            # Nothing is due; or what is due belongs to providers that have their share, and then we look again before we leave.
            self._is_dry = not full
            self._dry_until = time.monotonic() + 0.2

    async def _prepare(self, connection: db.Connection, rows: Sequence[Mapping[str, Any]]) -> tuple[list[_Job], list[_End]]:
        """Open the addresses and look up titles, links and suppressions of a whole batch; set apart what makes no sense any more."""
        facts = {row["id"]: json.loads(row["facts"]) for row in rows}
        petitions = {petition for row in rows for petition in _petitions(row["petition_id"], facts[row["id"]])}
        titles: dict[tuple[UUID, str], str] = {}
        if petitions:
            async for row in q.titles(connection, petition_ids=list(petitions)):
                titles[row["id"], row["language"]] = row["title"]
        news: dict[tuple[str, str], tuple[str, str]] = {}
        if told := {each["news"] for each in facts.values() if "news" in each}:
            async for row in q.news(connection, ids=[UUID(one) for one in told]):
                news[str(row["news_id"]), row["language"]] = row["title"], row["body"]
        jobs: list[_Job] = []
        ends: list[_End] = []
        indexes: dict[bytes, list[_Job]] = {}
        for row in rows:
            job = _Job(**{name: row[name] for name in _OF_ROW})
            try:
                self._read(job, row, facts[job.id], titles, news)
                indexes.setdefault(self._secrets.suppression_index(job.address), []).append(job)
            except Unproven as gone:
                ends.append(_End(job, "failed", gone.name))
                continue
            except Invalid:  # no such address can be; the form refused it, or it would not be here
                ends.append(_End(job, "failed", "address"))
                continue
            except Exception as fault:  # one mail that we cannot read must not hold up the others; it is counted when it starts
                job.fault = fault
            jobs.append(job)
        moot = {job.id: "suppressed" for index in await suppressed(connection, indexes) for job in indexes[index]}
        hashes = {self._secrets.stored(handle): job for job in jobs for _, _, handle in job.handles}
        alive = {row["hash"]: row["expires_at"] async for row in q.links(connection, hashes=list(hashes), now=self._now)}
        at = rows[0]["now"] if rows else datetime.now(UTC)
        for hash_, job in hashes.items():
            if hash_ not in alive:
                moot.setdefault(job.id, "link-gone")
            else:
                days = max(1, round((alive[hash_] - at) / timedelta(days=1)))
                job.days = min(job.days or days, days)
        for job in jobs:
            if "days" not in self._places(job):
                job.days = 0  # or each wording would be compiled again every day
        ends += [_End(job, "failed", moot[job.id]) for job in jobs if job.id in moot]
        return [job for job in jobs if job.id not in moot], ends

    def _places(self, job: _Job) -> frozenset[str]:
        return frozenset() if job.fault else self._compiled.places(job.template, job.language)

    def _read(
        self,
        job: _Job,
        row: Mapping[str, Any],
        facts: Mapping[str, Any],
        titles: Mapping[tuple[UUID, str], str],
        news: Mapping[tuple[str, str], tuple[str, str]],
    ) -> None:
        def title_of(petition_id: UUID | None) -> str:
            for language in (job.language, *LANGUAGES):
                if petition_id is not None and (petition_id, language) in titles:
                    return titles[petition_id, language]
            raise Unproven("no-title")

        secrets = self._secrets
        places = self._compiled.places(job.template, job.language)
        job.address = secrets.open_address(row["key_id"], job.id, row["address"])
        if not ENVELOPE.fullmatch(job.address):
            raise Unproven("address")
        if "text" in places:
            # In the reader's language, or in the first that it was written in.
            spoken = next((language for language in (job.language, *LANGUAGES) if (facts["news"], language) in news), None)
            if spoken is None:
                raise Unproven("no-news")
            job.title, job.text = news[facts["news"], spoken]
            job.web_path = f"/{job.language}" + facts.get("path", f"/updates/{facts['news']}")
        elif "web_url" in places:
            job.web_path = facts["path"]
        elif "title" in places:
            job.title = facts.get("title") or title_of(row["petition_id"])
        for place, purpose in LINKS.items():
            if place in places:
                source = handle_row(job.id, purpose, row["signature_id"])
                job.handles.append((purpose, purpose, secrets.handle(secrets.mail_token_key, source, purpose)))
        if "links" in places:
            for n, link in enumerate(facts.get("links", ())):
                source = handle_row(job.id, "manage", UUID(link["signature"]))
                job.titles.append(link.get("title") or title_of(UUID(link["petition"])))
                job.handles.append((f"manage-{n}", "manage", secrets.handle(secrets.mail_token_key, source, "manage")))
            if not job.titles:
                raise Unproven("no-links")

    # carrying

    async def _carry(self, line: Line, group: list[_Job]) -> None:
        ids, claims = [job.id for job in group], [job.claim for job in group]
        async with self._pool.acquire(timeout=5) as connection:
            if group[0].was_left:
                rows = q.start(connection, ids=ids, claims=claims, lease=self._lease, now=self._now)
            else:
                rows = q.still(connection, ids=ids, claims=claims)
            ours = {row["id"] async for row in rows}
        ends: list[_End] = []
        left = deque(job for job in group if job.id in ours)
        for job in group:
            if job.id not in ours:  # somebody else's by now, or erased
                self._held.pop(job.id, None)
        try:
            while left:
                job = left.popleft()
                if job.domain in self._paused:
                    ends.append(_End(job, "due", None, self._paused[job.domain]))
                    continue
                try:
                    ends.append(await self._one(line, job, job.attempts + 1))
                except Away:
                    left.append(job)  # nobody heard of it
                    raise
        finally:
            # Whatever happened: what was answered is noted, what was not begun is given back. Only a mail that was cut short
            # stays with its lease, because nobody knows.
            await self._mark([*ends, *(_End(job, "due") for job in left)])

    async def _one(self, line: Line, job: _Job, attempts: int) -> _End:
        if attempts > MOST_FAULTS:
            return _End(job, "failed", "parked")
        at = self._now or datetime.now(UTC)
        try:
            if job.fault:
                raise job.fault  # noqa: TRY301 - found while claiming, counted here
            data = self._compiled.fill(
                job.template,
                job.language,
                to=job.address,
                message_id=message_id(self._secrets.mail_token_key, job.id, self._compiled.host),
                at=at,
                tokens={place: self._secrets.write(purpose, handle) for place, purpose, handle in job.handles},
                title=job.title,
                days=job.days,
                titles=job.titles,
                text=job.text,
                web_path=job.web_path,
            )
            if self._secrets.sign:
                data = self._secrets.sign(data, at)
            path = self._secrets.return_path(job.id, job.address) if self._secrets.return_path else self._compiled.envelope_from
            answer = await line.send(path, job.address, data)
        except Away:
            raise
        except Unproven as gone:
            return _End(job, "failed", gone.name)
        except Exception as fault:  # a fault of ours: the mail is set aside with patience, and its neighbours go on
            log.error(  # noqa: TRY400 - a trace could hold an address
                "mail: fault", alarm=True, fault=type(fault).__name__, template=job.template, attempts=attempts
            )
            if attempts >= MOST_FAULTS:
                return _End(job, "failed", f"parked {type(fault).__name__}")
            return _End(job, "due", f"fault {type(fault).__name__}", _next_try(job.created_at, at), attempts)
        return await self._judge(job, answer, at)

    async def _judge(self, job: _Job, answer: Answer, at: datetime) -> _End:
        """What an answer of the relay means for the mail, its address and its provider."""
        if answer.code == 250:
            return _End(job, "sent", answer.name)
        if answer.is_policy:
            self._count["alarms"] += 1
            self._troubled.add(job.domain)
            async with self._pool.acquire(timeout=5) as connection:
                row = await q.rebuked(connection, domain=job.domain, code=answer.name, patience=POLICY_PATIENCE, now=self._now)
            if row["paused_until"] and job.domain not in self._paused:
                self._paused[job.domain] = row["paused_until"]
                log.warning("mail: a provider is paused", code=answer.name, until=row["paused_until"].isoformat(timespec="seconds"))
                await self._set_apart(job.domain)
        elif answer.code >= 500:
            if answer.is_no_such_mailbox:
                async with self._pool.acquire(timeout=5) as connection:
                    await suppress(connection, self._secrets.suppression_index(job.address), "bounced")
            return _End(job, "failed", answer.name)
        if at - job.created_at >= PATIENCE:
            return _End(job, "failed", answer.name)
        again = _next_try(job.created_at, at)
        return _End(job, "due", answer.name, max(again, self._paused.get(job.domain, again)))

    async def _set_apart(self, domain: bytes) -> None:
        apart = [job for job in self._queue if job.domain == domain]
        self._queue = deque(job for job in self._queue if job.domain != domain)
        await self._release(apart, due_at=self._paused[domain])

    async def _mark(self, ends: Sequence[_End]) -> None:
        if not ends:
            return
        async with self._pool.acquire(timeout=5) as connection:
            rows = q.mark(
                connection,
                ids=[end.job.id for end in ends],
                claims=[end.job.claim for end in ends],
                states=[end.state for end in ends],
                codes=[end.code for end in ends],
                dues=[end.due_at for end in ends],
                attempts=[end.attempts for end in ends],
                now=self._now,
            )
            marked = {row["id"] async for row in rows}
            better = {e.job.domain for e in ends if e.state == "sent" and (e.job.failures or e.job.domain in self._troubled)}
            if better := better - set(self._paused):
                self._troubled -= better
                await q.relieved(connection, domains=list(better), now=self._now)
        for end in ends:
            self._held.pop(end.job.id, None)
            # Given back unsent and unasked (the relay went away) is not deferred; a mark that another claim overtook is not ours.
            if end.job.id in marked and (end.state != "due" or end.due_at is not None):
                self._count[end.state] += 1

    async def _release(self, jobs: Sequence[_Job], due_at: datetime | None = None) -> None:
        for job in jobs:
            self._held.pop(job.id, None)
        if jobs:
            async with self._pool.acquire(timeout=5) as connection:
                await q.release(connection, ids=[j.id for j in jobs], claims=[j.claim for j in jobs], dues=[due_at] * len(jobs))


def _petitions(own: UUID | None, facts: Any) -> list[UUID]:
    """Whose titles a mail needs. Facts that make no sense are no business of the whole batch: the mail fails when it is read."""
    with ignoring(ValueError, KeyError, TypeError, AttributeError):
        return [UUID(link["petition"]) for link in facts.get("links", ())] + ([own] if own else [])
    return []


def message_id(mail_token_key: bytes, mail_id: UUID, host: str) -> str:
    """The same for every attempt at one mail. Keyed, so that a relay's log and a copy of the database cannot be laid side by side."""
    return f"<{hmac.digest(mail_token_key, b'libertas message-id/v1' + bytes(1) + mail_id.bytes, 'sha256')[:16].hex()}@{host}>"


def _next_try(created_at: datetime, at: datetime) -> datetime:
    """The next time of the schedule, at least a minute away. A schedule of the mail's age needs no counter of its own."""
    age = (at - created_at) / timedelta(minutes=1)
    for minutes in RETRIES:
        if minutes > age + 1:
            return created_at + timedelta(minutes=minutes)
    beyond = age + 1 - RETRIES[-1]
    return created_at + timedelta(minutes=RETRIES[-1] + 120 * (int(beyond // 120) + 1))
