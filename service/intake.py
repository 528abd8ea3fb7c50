"""A filled-in form becomes one durable row before anyone is told that it was received.

Waiting requests share one multi-row INSERT, flushed as soon as a connection is free (group commit). A repeated form key
changes nothing; whatever a form says is one sealed blob before it reaches the database.
"""

from __future__ import annotations

import asyncio
import hashlib
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


class Intake:
    """The door: ``submit`` returns after the commit of the batch that carried the form.

    At most ``flights`` batches of at most ``limit`` forms are under way; when more than ``queue`` forms wait, the next is
    refused with ``Busy`` at once rather than late.
    """

    def __init__(
        self, pool: asyncpg.Pool, keys: Keys, *, clock: Callable[[], datetime], limit: int = 500, flights: int = 2, queue: int = 2_000
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._clock = clock
        self._limit = limit
        self._flights = flights
        self._queue = queue
        self._waiting: dict[bytes, tuple[Submission, list[asyncio.Future[bool]]]] = {}
        self._flying = 0
        self._woken = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def submit(self, submission: Submission) -> None:
        """Store the form, or find it stored. Raises ``Invalid`` (proof-replayed) or ``Busy`` (nothing stored, safe to repeat)."""
        if len(self._waiting) >= self._queue:
            raise Busy(1, "more forms are waiting than can be stored in a second")
        # Each visitor has a future of his own: one who hangs up takes the answer from nobody else who waits for the same form.
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        known = self._waiting.get(submission.form_id)
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
            task = asyncio.create_task(self._flush(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _flush(self, batch: list[tuple[Submission, list[asyncio.Future[bool]]]]) -> None:
        try:
            stored = await self._store([submission for submission, _ in batch])
        except db.AWAY + _FULL as away:
            self._answer(batch, Busy(2, "the database is away"))  # before the log: a log that fails must leave nobody waiting
            log.warning("intake: not stored", error=type(away).__name__, forms=len(batch))
        except Exception as fault:
            self._answer(batch, fault)
            log.exception("intake: fault", forms=len(batch))
        else:
            for submission, waiting in batch:
                is_stored = submission.form_id in stored
                for done in waiting:
                    if not done.done():
                        done.set_result(is_stored)
        finally:
            self._flying -= 1
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
