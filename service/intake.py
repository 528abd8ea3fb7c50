"""A filled-in form becomes one durable row before anyone is told that it was received.

Waiting requests share one multi-row INSERT, flushed as soon as a connection is free (group commit). A repeated form key
changes nothing; whatever a form says is one sealed blob before it reaches the database. Who would wait too long is told at
once when to come back, before anything of the form is read.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import statistics
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import msgspec
import structlog

from service import db
from service.errors import Busy, Closed, Fault, Invalid, NotFound, Paused, TextChanged
from service.identity import Form, Keys, seal
from service.petitions import Petition

q = db.statements("intake")
log = structlog.get_logger()

_FULL = (asyncpg.InsufficientResourcesError, asyncpg.PostgresSystemError)
_NO_PETITION = UUID(int=0)


class Submission(msgspec.Struct, frozen=True):
    """One form on its way to its row. ``form_id`` is made by ``form_id()``; ``replay_key`` is the spent proof's, if any."""

    form_id: bytes
    petition_id: UUID | None
    form: Form
    lane: str
    prefix: bytes | None = None
    proof_at: float | None = None
    replay_key: bytes | None = None
    replay_until: float | None = None


def form_id(petition_id: UUID | None, form_key: str, content: bytes = b"") -> bytes:
    """The row's primary key: the hash of petition and form key.

    The pages add the form's ``content``, because a cached page hands one form key to several visitors (docs/decisions.md).
    """
    head = (petition_id or _NO_PETITION).bytes
    key = form_key.encode()
    return hashlib.sha256(b"libertas form/v1\0" + head + len(key).to_bytes(2, "big") + key + content).digest()


def refuse_unless_open(petition: Petition, now: datetime, text_version: int) -> None:
    """Raises ``Closed``, ``Paused``, ``NotFound`` (drafts), ``TextChanged``, in this order."""
    state = petition.state(now)
    if state == "draft":
        raise NotFound("petition")
    if state == "paused":
        raise Paused
    if state != "open":
        raise Closed(state)
    if text_version != petition.text_version:
        raise TextChanged


PATIENCE = 1.0
"""Seconds that somebody may expect to wait for the commit. Below one a thought is not interrupted; and whoever is sent away is
back after a second at the earliest, so that nobody is sent away who could have been answered sooner than that."""

FEW = 500
"""As many are let in whatever was measured: the first minute of a newsletter, and anybody who comes alone."""


class Speed:
    """How fast a queue moves while there is one: who comes while nobody waits tells how many came, and not how many could have come.

    Of the last measurements, of 200 people each, the middle one counts, so that one stall changes nothing; after a minute they
    are forgotten. ``supposed`` are the seconds for each until something was measured.
    """

    _QUEUE, _PEOPLE, _KEPT, _RECENT = 50, 200, 9, 60.0

    def __init__(self, supposed: float, clock: Callable[[], float]) -> None:
        self._supposed = supposed
        self._clock = clock
        self._found: deque[tuple[float, float]] = deque(maxlen=self._KEPT)
        self._since: float | None = None
        self._people = 0

    def moved(self, people: int, queue: int) -> None:
        """So many went through since the last time that this was told, and so many wait now; ``queue`` 0 also when something failed."""
        now = self._clock()
        if queue < self._QUEUE:
            self._since = None
        elif self._since is None:
            self._since, self._people = now, 0
        else:
            self._people += people
            if self._people >= self._PEOPLE:
                self._found.append((now, (now - self._since) / self._people))
                self._since, self._people = now, 0

    def each(self) -> float:
        """Seconds until the next one goes through."""
        now = self._clock()
        recent = [each for at, each in self._found if now - at < self._RECENT]
        return statistics.median(recent) if recent else self._supposed


class Pace:
    """How long whoever comes now would wait, and when to come back who would wait too long. Seconds of ``clock``."""

    _LATEST = 30.0

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, draw: Callable[[], float] = random.random) -> None:
        self._clock = clock
        self._draw = draw
        self._speed = Speed(0.001, clock)
        self._flying = 0
        self._moved = 0.0
        self._booked = 0.0

    def begins(self) -> None:
        """A batch leaves for the database."""
        self._flying += 1
        if self._flying == 1:
            self._moved = self._clock()

    def ends(self, stored: int, queue: int) -> None:
        """A batch is back: ``stored`` of it, none if it failed; ``queue`` people wait now."""
        self._flying -= 1
        self._moved = self._clock()
        self._speed.moved(stored, queue if stored else 0)

    def wait(self, ahead: int) -> float:
        """Seconds to expect behind ``ahead`` forms. While nothing comes back from the database, at least as long as that lasts."""
        return max(ahead * self._speed.each(), self._clock() - self._moved if self._flying else 0.0)

    def later(self, wait: float) -> int:
        """Whole seconds after which to come back who would have to ``wait``, 30 at most: one after the other at the pace of the queue,
        from when it is half as long.

        All who are refused share one diary, in which each takes the next place. Chance rounds to a second up or down, so that
        those of one second do not become those of one moment.
        """
        now = self._clock()
        self._booked = min(max(self._booked, now + wait / 2) + self._speed.each(), now + self._LATEST)
        return max(1, int(self._booked - now + self._draw()))


class Intake:
    """The door: ``submit`` returns after the commit of the batch that carried the form.

    At most ``flights`` batches of at most ``limit`` forms are under way. ``outside`` tells how many people stand before the
    house, whose requests nobody has read yet, and in how many seconds they will be in.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        keys: Keys,
        *,
        clock: Callable[[], datetime],
        limit: int = 500,
        flights: int = 2,
        few: int = FEW,
        pace: Pace | None = None,
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._clock = clock
        self._limit = limit
        self._flights = flights
        self._few = few
        self._pace = pace or Pace()
        self.outside: Callable[[], tuple[int, float]] = lambda: (0, 0.0)
        self._waiting: dict[bytes, tuple[Submission, list[asyncio.Future[bool]]]] = {}
        self._flying = 0
        self._aboard = 0
        self._woken = False
        self._tasks: set[asyncio.Task[None]] = set()

    def admit(self) -> None:
        """Raises ``Busy`` when whoever comes now would wait longer than ``PATIENCE``; nobody is refused while few wait.

        To be asked before a form is read: a no has to cost little, or those who are refused take the time of the others.
        """
        inside = len(self._waiting) + self._aboard
        outside, seconds = self.outside()
        if inside + outside >= self._few and (wait := self._pace.wait(inside) + seconds) > PATIENCE:
            raise Busy(self._pace.later(wait), "more people are signing at this moment than can be answered at once")

    async def submit(self, submission: Submission) -> None:
        """Store the form, or find it stored. Raises ``Invalid`` (proof-replayed) or ``Busy`` (nothing stored, safe to repeat)."""
        known = self._waiting.get(submission.form_id)
        if known is None:
            self.admit()
        # Each visitor has a future of his own: one who hangs up takes the answer from nobody else who waits for the same form.
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        if known is None:
            self._waiting[submission.form_id] = (submission, [done])
            if not self._woken:
                self._woken = True
                asyncio.get_running_loop().call_soon(self._launch)
        else:
            known[1].append(done)
        if not await done:
            raise Invalid([Fault("altcha", "proof-replayed")])

    async def knows(self, form_id: bytes) -> bool:
        """Whether this form is stored already. Raises ``Busy``."""
        try:
            async with self._pool.acquire(timeout=3) as connection:
                return bool(await connection.fetch(_PRESENT, [form_id]))
        except db.AWAY as away:
            raise Busy(2, "the database is away") from away

    def _launch(self) -> None:
        self._woken = False
        while self._waiting and self._flying < self._flights:
            batch = [self._waiting.pop(key) for key in list(self._waiting)[: self._limit]]
            self._flying += 1
            self._aboard += len(batch)
            self._pace.begins()
            task = asyncio.create_task(self._flush(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _flush(self, batch: list[tuple[Submission, list[asyncio.Future[bool]]]]) -> None:
        counted = 0
        try:
            stored = await self._store([submission for submission, _ in batch])
        except db.AWAY + _FULL as away:
            self._answer(batch, Busy(2, "the database is away"))  # before the log: a log that fails must leave nobody waiting
            log.warning("intake: not stored", error=type(away).__name__, forms=len(batch))
        except Exception as fault:
            self._answer(batch, fault)
            log.exception("intake: fault", forms=len(batch))
        else:
            counted = len(batch)
            for submission, waiting in batch:
                is_stored = submission.form_id in stored
                for done in waiting:
                    if not done.done():
                        done.set_result(is_stored)
        finally:
            self._flying -= 1
            self._aboard -= len(batch)
            self._pace.ends(counted, len(self._waiting) + self._aboard + self.outside()[0])
            self._launch()

    @staticmethod
    def _answer(batch: list[tuple[Submission, list[asyncio.Future[bool]]]], why: Exception) -> None:
        for _, waiting in batch:
            for done in waiting:
                if not done.done():
                    done.set_exception(why)

    async def _store(self, forms: list[Submission]) -> set[bytes]:
        key_id, key = self._keys.epoch(self._clock())
        columns = (
            [f.form_id for f in forms],
            [f.petition_id for f in forms],
            [f.form.kind for f in forms],
            [seal(key, key_id, "intake", f.form_id, f.form.encode()) for f in forms],
            [key_id] * len(forms),
            [f.lane for f in forms],
            [f.prefix for f in forms],
            [_time(f.proof_at) for f in forms],
            [f.replay_key for f in forms],
            [_time(f.replay_until) for f in forms],
        )
        async with self._pool.acquire(timeout=3) as connection:
            stored = {row["id"] for row in await connection.fetch(_STORE, *columns)}
            unclear = [f.form_id for f in forms if f.form_id not in stored]
            if unclear:
                # Either another process stored the same form at this moment, or the proof was spent before.
                stored.update(row["id"] for row in await connection.fetch(_PRESENT, unclear))
        return stored

    async def drain(self) -> None:
        """Wait until nothing is under way; the process may then end."""
        while self._tasks or self._waiting:
            self._launch()
            if self._tasks:
                await asyncio.wait(set(self._tasks))


_STORE: str = q.store.sql
_PRESENT: str = q.present.sql


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


async def forget(pool: asyncpg.Pool, *, now: datetime | None = None) -> None:
    """Drop what only served repeats: decided forms after 48 h, spent proofs once they no longer verify."""
    await q.forget(pool, now=now)
