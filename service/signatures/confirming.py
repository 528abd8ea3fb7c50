"""The button: a deliberate press makes a waiting signature count, once.

The first press counts, later ones are answered kindly; the finished leaf of the log is in the same commit.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from service import db, identity, partners, tokens
from service.db import AWAY
from service.errors import Busy
from service.identity import Keys
from service.proof import commitment, note
from service.signatures.record import MANAGE_LIFE, by_tokens, lock_key, open_blob, q, seal_blob
from service.signatures.sealing import Sealer

log = structlog.get_logger()

SOON = 3.0
"""Seconds after the mail left in which a press looks like a scanner's (docs/decisions.md)."""

PROMISE = timedelta(hours=8)
"""The latest time of a promised seal: the longest wait for a batch (6 h) and room for repair."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a link shows: ``state`` is ask, already, expired, unknown or closed; a person's name only while there is something to ask."""

    state: str
    slug: str = ""
    name: str = ""
    visibility: str = "count"
    text_version: int = 0


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """What a press did: ``state`` is confirmed, already, ask-again, expired, unknown or closed."""

    state: str
    slug: str = ""
    promise: bytes | None = None
    log_index: int | None = None
    manage: bytes | None = None
    """The handle of the manage link that belongs to this confirmation; only the one who pressed sees it."""


class Confirmer:
    """The button: presses share a commit, as forms do. The first press counts, later ones are answered kindly.

    A press confirms exactly what is stored under the link's signature, in the text version that the form was sent for, and
    the finished leaf waits in the outbox in the same commit. The signed promise is made after the commit, from stored bytes.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        keys: Keys,
        *,
        clock: Callable[[], datetime],
        issuer: str,
        limit: int = 200,
        flights: int = 2,
        queue: int = 2_000,
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._clock = clock
        self._sealer = Sealer(keys)
        self._promises = note.Signer(f"{issuer}/promise", keys.promise_key())
        self._limit = limit
        self._flights = flights
        self._queue = queue
        self._waiting: list[tuple[bytes, str, bool, asyncio.Future[Pressed]]] = []
        self._flying = 0
        self._woken = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def look(self, handle: bytes) -> View:
        """What the link would confirm; changes nothing."""
        return await look(self._pool, self._keys, "confirm", handle)

    async def press(self, handle: bytes, language: str, *, looks_automatic: bool = False) -> Pressed:
        """Confirm. Raises ``Busy`` when nothing could be stored; pressing again is safe."""
        if len(self._waiting) >= self._queue:
            raise Busy(1, "more presses are waiting than can be stored in a second")
        done: asyncio.Future[Pressed] = asyncio.get_running_loop().create_future()
        self._waiting.append((handle, language, looks_automatic, done))
        if not self._woken:
            self._woken = True
            asyncio.get_running_loop().call_soon(self._launch)
        return await asyncio.shield(done)

    def _launch(self) -> None:
        self._woken = False
        while self._waiting and self._flying < self._flights:
            batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
            self._flying += 1
            task = asyncio.create_task(self._flush(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _flush(self, batch: list[tuple[bytes, str, bool, asyncio.Future[Pressed]]]) -> None:
        try:
            answers = await self._confirm([(handle, language, automatic) for handle, language, automatic, _ in batch])
        except Exception as broken:
            is_away = isinstance(broken, AWAY)
            # Answered before anything is logged: whatever a log line does, nobody waits for ever.
            for *_, done in batch:
                if not done.done():
                    done.set_exception(Busy(2, "the database is away") if is_away else broken)
                    done.exception()
            if is_away:
                log.warning("confirm: not stored", error=type(broken).__name__, presses=len(batch))
            else:
                log.error("confirm: fault", alarm=True, error=type(broken).__name__, presses=len(batch))  # noqa: TRY400 - a traceback may hold values
        else:
            for (*_, done), answer in zip(batch, answers, strict=True):
                if done.done():
                    continue
                if isinstance(answer, Busy):
                    done.set_exception(answer)
                    done.exception()
                else:
                    done.set_result(answer)
        finally:
            self._flying -= 1
            self._launch()

    async def _confirm(self, presses: list[tuple[bytes, str, bool]]) -> list[Pressed | Busy]:
        hashes = [tokens.stored(handle) for handle, _, _ in presses]
        async with self._pool.acquire(timeout=3) as connection:
            seen = await by_tokens(connection, "confirm", hashes)
            await self._sealer.learn(connection, seen.values())
            answers: list[Pressed | Busy | None] = []
            ready: dict[UUID, _Ready] = {}
            again: list[bytes] = []
            for (handle, language, automatic), hashed in zip(presses, hashes, strict=True):
                record = seen.get(hashed)
                state = _state(record)
                if record is None or state != "ask":
                    answers.append(self._answer(state, record, handle))
                elif record["asked_at"] is None and (
                    automatic or record["asks_twice"] or record["is_unsent"] or _is_soon(record["sent_ago"])
                ):
                    again.append(hashed)
                    answers.append(Pressed(state="ask-again", slug=record["slug"]))
                elif not self._sealer.can_seal(record):
                    answers.append(Busy(60, "the keys to which this petition is sealed are not here"))
                else:
                    answers.append(None)
                    if record["id"] not in ready:
                        ready[record["id"]] = self._make_ready(record, handle, language)
            if again:
                await q.ask_again(connection, hashes=again, now=None)
            if any(each.is_sealed for each in ready.values()):
                await asyncio.to_thread(self._seal, seen.values(), ready)
            confirmed = await self._commit(connection, ready) if ready else {}
            if len(confirmed) < len(ready):  # somebody was faster, or the petition is closed: what is stored tells
                seen = await by_tokens(connection, "confirm", hashes)
        thanked: set[UUID] = set()
        finished: list[Pressed | Busy] = []
        for answer, (handle, _, _), hashed in zip(answers, presses, hashes, strict=True):
            if answer is not None:
                finished.append(answer)
                continue
            record = seen.get(hashed)
            state = _state(record)
            if record is not None and record["id"] in confirmed:
                # The first press of a batch is thanked as the first, its double as a repeat.
                state = "already" if record["id"] in thanked else "confirmed"
                thanked.add(record["id"])
                record = {**record, **confirmed[record["id"]]}
            finished.append(self._answer("closed" if state == "ask" else state, record, handle))
        return finished

    def _make_ready(self, record: Mapping[str, Any], handle: bytes, language: str) -> _Ready:
        blob = msgspec.structs.replace(open_blob(self._keys, record), language=language)
        commit = commitment.commit(
            record["origin"],
            record["manifest_hash"],
            blob.secret,
            email=identity.canonical(blob.email),
            country=blob.country,
            locale=language,
            klass=blob.klass,
        )
        key_id, key = self._keys.epoch(self._clock())
        return _Ready(
            petition_id=record["petition_id"],
            entry=commitment.entry(record["text_version"], commit),
            language=language,
            blob=seal_blob(key, key_id, record["id"], blob),
            key_id=key_id,
            is_sealed=record["is_sealed"],
            manage_hash=tokens.stored(manage_handle(handle)),
            shown=(blob.name, blob.role) if blob.visibility == "show" else None,
            wish=identity.seal(key, key_id, "news_wish", record["id"].bytes, blob.email.encode()) if blob.news else None,
            yes=_yes(record, blob) if blob.partner_news and blob.partner else None,
        )

    def _seal(self, records: Iterable[Mapping[str, Any]], ready: Mapping[UUID, _Ready]) -> None:
        """The copies for the organizers' offline keys; in a thread, because a batch of them takes tens of milliseconds."""
        for record in records:
            each = ready.get(record["id"])
            if each is not None and each.is_sealed and each.sealed is None:
                blob = msgspec.structs.replace(open_blob(self._keys, record), language=each.language)
                each.sealed = self._sealer.seal(record, blob)

    async def _commit(self, connection: db.Connection, ready: Mapping[UUID, _Ready]) -> dict[UUID, Mapping[str, Any]]:
        """What is stored in the outbox, by signature, of those that this batch confirmed."""
        async with connection.transaction():
            # A close waits until these presses are in, and presses that come after it find the log closed.
            for petition_id in sorted({each.petition_id for each in ready.values()}):
                await q.lock_shared(connection, key=lock_key(petition_id))
            rows = await connection.fetch(
                _CONFIRM,
                list(ready),
                [each.entry for each in ready.values()],
                [each.language for each in ready.values()],
                [each.blob for each in ready.values()],
                [each.key_id for each in ready.values()],
                [each.sealed for each in ready.values()],
                [self._clock() + PROMISE] * len(ready),
                [each.manage_hash for each in ready.values()],
                None,
                self._clock() + MANAGE_LIFE,
            )
            confirmed: dict[UUID, Mapping[str, Any]] = {row["signature_id"]: dict(row) for row in rows}
            names = [(signature, ready[signature].petition_id, shown) for signature in confirmed if (shown := ready[signature].shown)]
            if names:
                await q.insert_shown(
                    connection,
                    signature_ids=[signature for signature, _, _ in names],
                    petition_ids=[petition for _, petition, _ in names],
                    names=[shown[0] for _, _, shown in names],
                    roles=[shown[1] for _, _, shown in names],
                )
            wishes = [(signature, wish) for signature in confirmed if (wish := ready[signature].wish) is not None]
            if wishes:
                await q.insert_wishes(
                    connection,
                    signature_ids=[signature for signature, _ in wishes],
                    petition_ids=[ready[signature].petition_id for signature, _ in wishes],
                    languages=[ready[signature].language for signature, _ in wishes],
                    addresses=[wish for _, wish in wishes],
                    key_ids=[ready[signature].key_id for signature, _ in wishes],
                )
            await partners.keep(connection, [yes for signature in confirmed if (yes := ready[signature].yes)])
        return confirmed

    def _answer(self, state: str, record: Mapping[str, Any] | None, handle: bytes) -> Pressed:
        if record is None or state not in ("confirmed", "already"):
            return Pressed(state=state, slug="" if record is None else record["slug"])
        promise = None
        if record["entry"] is not None and record["promised_until"] is not None:
            promise = self._promise(record["origin"], record["entry"], record["promised_until"])
        return Pressed(state=state, slug=record["slug"], promise=promise, log_index=record["log_index"], manage=manage_handle(handle))

    def _promise(self, origin: str, entry: bytes, until: datetime) -> bytes:
        """Made of stored bytes only, so that every replica repeats it byte for byte (ledger.md 4)."""
        text = f"petition-promise/v1\n{origin}\n{entry.decode()}\n{until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}\n"
        return note.sign(text, [self._promises])

    async def drain(self) -> None:
        """Wait until nothing is under way; the process may then end."""
        while self._tasks or self._waiting:
            self._launch()
            if self._tasks:
                await asyncio.wait(set(self._tasks))


class _Ready(msgspec.Struct, kw_only=True):
    petition_id: UUID
    entry: bytes
    language: str
    blob: bytes
    key_id: int
    is_sealed: bool
    sealed: bytes | None = None
    manage_hash: bytes
    shown: tuple[str, str] | None
    wish: bytes | None
    """The address for the list of readers, sealed for its way there; None for those who did not ask for news."""
    yes: partners.Yes | None


_CONFIRM: str = q.confirm.sql


def manage_handle(confirm_handle: bytes) -> bytes:
    """The handle of the manage link that a confirmation shows: the same at every press, and not guessable from anything stored."""
    return hmac.digest(confirm_handle, b"libertas manage/v1", "sha256")


def _yes(record: Mapping[str, Any], blob: identity.Blob) -> partners.Yes:
    return partners.Yes(
        signature_id=record["id"],
        petition_id=record["petition_id"],
        petition=record["slug"],
        partner=blob.partner,
        name=blob.name,
        email=blob.email,
        language=blob.language,
    )


def _is_soon(sent_ago: float | None) -> bool:
    return sent_ago is not None and sent_ago < SOON


def _state(record: Mapping[str, Any] | None) -> str:
    if record is None or record["state"] in ("withdrawn", "erased"):
        return "unknown"
    if record["state"] in ("confirmed", "invalidated"):
        return "already"
    if record["is_closed"]:
        return "closed"
    if record["is_over"] or record["state"] == "expired":
        return "expired"
    return "ask"


async def look(pool: asyncpg.Pool, keys: Keys, purpose: str, handle: bytes) -> View:
    """What stands behind a link; changes nothing. ``state`` as in ``View``."""
    hashed = tokens.stored(handle)
    record = (await by_tokens(pool, purpose, [hashed])).get(hashed)
    state = _state(record)
    if record is None or state == "unknown":
        return View(state="unknown")
    name = open_blob(keys, record).name if state == "ask" and record["blob"] is not None else ""
    return View(state=state, slug=record["slug"], name=name, visibility=record["visibility"], text_version=record["text_version"])
