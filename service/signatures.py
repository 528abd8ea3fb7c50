"""A signature's life: received, decided, confirmed by a deliberate press, counted; withdrawn or erased whenever its signer wishes.

Two rules hold throughout: for each petition one living signature stands for one mailbox, and a signature never leaves
``withdrawn`` or ``erased`` towards the count. Whatever depends on an address happens in the worker, out of a visitor's sight.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import structlog

from service import db, identity, mail, risk, tokens
from service.errors import Busy, Fault, Invalid, NotFound
from service.identity import Blob, Form, Keys
from service.intake import AWAY
from service.proof import commitment, note

q = db.statements("signatures")
log = structlog.get_logger()

LIFE = timedelta(days=30)
"""How long a form waits for its confirmation, and a link works."""

MANAGE_LIFE = timedelta(days=3650)
"""A manage link is the signer's capability to withdraw and erase; it should not run out on them."""

SOON = 3.0
"""Seconds after the mail left in which a press looks like a scanner's (docs/decisions.md)."""

PROMISE = timedelta(hours=8)
"""The latest time of a promised seal: the longest wait for a batch (6 h) and room for repair."""

LIVING = ("pending", "held", "confirmed", "invalidated")
CLASS = "email"


def lock_key(petition_id: UUID) -> int:
    """The advisory lock under which confirming (shared) and closing (exclusive) exclude each other."""
    return int.from_bytes(petition_id.bytes[:8], "big", signed=True)


# -- deciding --------------------------------------------------------------------------------------------------------------


class _Row:
    """One claimed form, opened; what the steps of ``decide`` find out about it is written onto it."""

    __slots__ = (
        "canon", "caps", "domain", "email", "exact_index", "form", "form_id", "hold", "index", "lane", "marks", "outcome",
        "petition_id", "prefix", "proof_at", "received_at", "send", "signature_id", "suppress",
    )  # fmt: skip

    def __init__(self, record: Mapping[str, Any], form: Form) -> None:
        self.form_id: bytes = record["id"]
        self.petition_id: UUID = record["petition_id"]
        self.lane: str = record["lane"]
        self.prefix: bytes | None = record["prefix"]
        self.proof_at: datetime | None = record["proof_at"]
        self.received_at: datetime = record["received_at"]
        self.form = form
        self.signature_id: UUID | None = None
        self.outcome = ""
        self.send = ""
        self.hold = False
        self.marks: list[str] = []
        self.email = self.canon = ""
        self.index = self.exact_index = self.suppress = self.domain = b""
        self.caps: list[bytes] = []


class Decider:
    """Turns received forms into signatures and mails, in batches; any number of workers may do it at once.

    Promise: a form's decision, its signature, its tokens and its mail are one commit. A form that cannot be decided is set
    aside with growing patience, never dropped.
    """

    def __init__(self, pool: asyncpg.Pool, keys: Keys, *, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._keys = keys
        self._clock = clock

    async def decide(self, *, limit: int = 200, now: datetime | None = None) -> int:
        """Decide up to ``limit`` waiting forms; returns how many were claimed.

        When a batch fails for another reason than an absent database, its forms are decided one by one, so that the one at
        fault is found and set aside, and the others go on.
        """
        try:
            return await self._decide(limit, None, now)
        except AWAY:
            raise
        except Exception as fault:
            log.error("decide: one by one", fault=type(fault).__name__, alarm=True)  # noqa: TRY400 - a traceback may hold values
        waiting = [record["id"] async for record in q.undecided(self._pool, limit=limit, now=now)]
        for form_id in waiting:
            try:
                await self._decide(1, [form_id], now)
            except AWAY:
                raise
            except Exception as fault:
                log.error("decide: set aside", fault=type(fault).__name__, alarm=True)  # noqa: TRY400
                await q.set_aside(self._pool, ids=[form_id], now=now)
        return len(waiting)

    async def _decide(self, limit: int, ids: list[bytes] | None, now: datetime | None) -> int:
        async with db.transaction(self._pool) as connection:
            claimed = [record async for record in q.claim(connection, limit=limit, ids=ids, now=now)]
            if not claimed:
                return 0
            rows, broken = self._open(claimed)
            if broken:
                await q.set_aside(connection, ids=broken, now=now)
            kinds: dict[str, list[_Row]] = {"sign": [], "resend": [], "manage": [], "not-me": []}
            for row in rows:
                kinds[row.form.kind].append(row)
            suppressed = await mail.suppressed(connection, [row.suppress for row in rows])
            for row in rows:
                if row.suppress in suppressed and row.form.kind != "not-me":
                    row.outcome = "suppressed"
            await self._not_me(connection, kinds["not-me"], now)
            await self._sign(connection, [row for row in kinds["sign"] if not row.outcome], now)
            await self._again(connection, [row for row in kinds["resend"] if not row.outcome])
            letters = await self._manage(connection, [row for row in kinds["manage"] if not row.outcome])
            await self._letters(connection, rows, letters, now)
            await q.decided(
                connection,
                ids=[row.form_id for row in rows],
                outcomes=[row.outcome for row in rows],
                signature_ids=[row.signature_id for row in rows],
                now=now,
            )
        return len(claimed)

    def _open(self, claimed: Sequence[Mapping[str, Any]]) -> tuple[list[_Row], list[bytes]]:
        rows, broken = [], []
        for record in claimed:
            try:
                plain = identity.open_sealed(
                    self._keys.epoch_key(record["key_id"]), record["key_id"], "intake", record["id"], record["payload"]
                )
                row = _Row(record, Form.decode(plain))
                self._recognise(row)
            except Exception as fault:  # one form that cannot be read must not hold up the others
                log.error(  # noqa: TRY400 - a traceback may hold values
                    "decide: set aside", fault=type(fault).__name__, attempts=record["attempts"]
                )
                broken.append(record["id"])
            else:
                rows.append(row)
        return rows, broken

    def _recognise(self, row: _Row) -> None:
        row.email = identity.deliverable(row.form.email)
        row.canon = identity.canonical(row.email)
        row.suppress = identity.suppression_index(self._keys.suppression_key(), row.canon)
        weekly = self._keys.caps_keys(self._clock())
        row.caps = [identity.cap_index(key, row.canon) for key in weekly]
        row.domain = risk.domain_digest(weekly[0], row.canon)
        if row.petition_id is not None and row.form.kind != "not-me":
            key = self._keys.index_key(row.petition_id)
            row.index = identity.email_index(key, row.canon)
            row.exact_index = identity.exact_index(key, row.email)

    async def _not_me(self, connection: db.Connection, rows: list[_Row], now: datetime | None) -> None:
        for row in rows:
            await mail.suppress(connection, row.suppress, "not-me")
            row.outcome = "not-me"
            row.signature_id = UUID(bytes=row.form.signature_id) if row.form.signature_id else None
        await q.expire_some(connection, ids=[row.signature_id for row in rows if row.signature_id], now=now)

    async def _sign(self, connection: db.Connection, rows: list[_Row], now: datetime | None) -> None:
        if not rows:
            return
        await self._judge(connection, rows, now)
        key_id, key = self._keys.epoch(self._clock())
        fresh: dict[UUID, _Row] = {}
        blobs = []
        for row in rows:
            row.signature_id = uuid4()
            fresh[row.signature_id] = row
            blobs.append(_seal_blob(key, key_id, row.signature_id, _blob(row, secrets.token_bytes(32))))
        inserted = {
            record["id"]
            async for record in q.insert_new(
                connection,
                ids=list(fresh),
                petition_ids=[row.petition_id for row in rows],
                text_versions=[row.form.text_version for row in rows],
                states=["held" if row.hold else "pending" for row in rows],
                visibilities=[row.form.visibility for row in rows],
                email_indexes=[row.index for row in rows],
                exact_indexes=[row.exact_index for row in rows],
                blobs=blobs,
                key_ids=[key_id] * len(rows),
                lanes=[row.lane for row in rows],
                marks=[",".join(row.marks) for row in rows],
                prefixes=[row.prefix for row in rows],
                domains=[row.domain for row in rows],
                countries=[row.form.country for row in rows],
                languages=[row.form.language for row in rows],
                partners=[row.form.partner for row in rows],
                received=[row.received_at for row in rows],
                now=now,
            )
        }
        repeats = []
        for signature_id, row in fresh.items():
            if signature_id in inserted:
                row.outcome, row.send = ("held", "") if row.hold else ("pending", "confirm")
            else:
                repeats.append(row)
        if not repeats:
            return
        await self._again(connection, repeats)
        # The newest form of a person speaks, as long as nothing is confirmed; typed by another spelling it changes nothing.
        corrected = {row.signature_id: row for row in repeats if row.send == "confirm" and row.signature_id}
        await q.refresh_pending(
            connection,
            ids=list(corrected),
            text_versions=[row.form.text_version for row in corrected.values()],
            visibilities=[row.form.visibility for row in corrected.values()],
            blobs=[_seal_blob(key, key_id, key_of, _blob(row, secrets.token_bytes(32))) for key_of, row in corrected.items()],
            key_ids=[key_id] * len(corrected),
            countries=[row.form.country for row in corrected.values()],
            languages=[row.form.language for row in corrected.values()],
            partners=[row.form.partner for row in corrected.values()],
        )

    async def _judge(self, connection: db.Connection, rows: list[_Row], now: datetime | None) -> None:
        """Mail or hold: counts of the last hour come from the database, those of this batch are added on the way."""
        by_prefix: Counter[bytes] = Counter()
        by_domain: Counter[bytes] = Counter()
        async for record in q.prefix_counts(connection, prefixes=list({row.prefix for row in rows if row.prefix}), now=now):
            by_prefix[record["prefix"]] = record["n"]
        async for record in q.domain_counts(connection, domains=list({row.domain for row in rows}), now=now):
            by_domain[record["domain"]] = record["n"]
        for row in rows:
            dwell = None if row.proof_at is None else (row.received_at - row.proof_at).total_seconds()
            row.hold, row.marks = risk.judge(
                lane=row.lane,
                email=row.canon,
                from_prefix=by_prefix[row.prefix] if row.prefix else 0,
                from_domain=by_domain[row.domain],
                dwell=dwell,
            )
            by_domain[row.domain] += 1
            if row.prefix:
                by_prefix[row.prefix] += 1

    async def _again(self, connection: db.Connection, rows: list[_Row]) -> None:
        """Somebody whose mailbox has a living signature already: which mail, if any, is due."""
        living = {
            (record["petition_id"], record["email_index"]): record
            async for record in q.living(
                connection, petition_ids=[row.petition_id for row in rows], email_indexes=[row.index for row in rows]
            )
        }
        for row in rows:
            record = living.get((row.petition_id, row.index))
            if record is None:
                row.outcome, row.signature_id = "nothing", None
                continue
            row.outcome, row.signature_id = "merged", record["id"]
            if record["state"] == "held":
                continue
            if record["exact_index"] != row.exact_index:
                row.send = "spelling"
            else:
                # A protected petition sends new and known people one and the same mail: who reads a mailbox learns nothing.
                row.send = "confirm" if record["state"] == "pending" or record["is_protected"] else "already"

    async def _manage(self, connection: db.Connection, rows: list[_Row]) -> dict[bytes, list[tuple[UUID, UUID]]]:
        """For "mail me my link": every living signature of the mailbox, as (petition, signature) by form."""
        found: dict[bytes, list[tuple[UUID, UUID]]] = {}
        if not rows:
            return found
        for petition_id in [record["id"] async for record in q.petition_ids(connection)]:
            if not self._keys.has_index_key(petition_id):  # destroyed at the close: nobody can be found any more
                continue
            key = self._keys.index_key(petition_id)
            by_index = {identity.email_index(key, row.canon): row for row in rows}
            async for record in q.living(connection, petition_ids=[petition_id] * len(by_index), email_indexes=list(by_index)):
                row = by_index[record["email_index"]]
                if record["state"] != "held" and record["exact_index"] == identity.exact_index(key, row.email):
                    found.setdefault(row.form_id, []).append((petition_id, record["id"]))
        for row in rows:
            row.outcome = "found" if row.form_id in found else "nothing"
            row.send = "manage" if row.form_id in found else ""
        return found

    async def _letters(
        self, connection: db.Connection, rows: list[_Row], links: Mapping[bytes, list[tuple[UUID, UUID]]], now: datetime | None
    ) -> None:
        """One mail for each form that is due one, within the caps of its mailbox."""
        due = [row for row in rows if row.send]
        allowed = await mail.caps_allow(connection, [row.caps for row in due], now=now)
        key_id, key = self._keys.epoch(self._clock())
        at = now or datetime.now(UTC)
        letters: list[mail.Letter] = []
        granted: list[tuple[bytes, str, UUID, UUID, datetime]] = []
        for row, is_allowed in zip(due, allowed, strict=True):
            if not is_allowed:
                row.outcome = "capped" if row.outcome == "pending" else row.outcome
                continue
            mail_id = uuid4()

            def grant(purpose: str, signature_id: UUID, life: timedelta, mail_id: UUID = mail_id) -> None:
                handle = tokens.handle(self._keys.mail_token_key(), mail.handle_row(mail_id, purpose, signature_id), purpose)
                granted.append((tokens.stored(handle), purpose, signature_id, mail_id, at + life))

            facts: dict[str, Any] = {}
            if row.send == "confirm" and row.signature_id:
                grant("confirm", row.signature_id, LIFE)
                grant("not-me", row.signature_id, LIFE)
            elif row.send == "already" and row.signature_id:
                grant("manage", row.signature_id, MANAGE_LIFE)
            elif row.send == "manage":
                mine = links[row.form_id]
                facts["links"] = [{"petition": str(petition), "signature": str(signature)} for petition, signature in mine]
                for _, signature_id in mine:
                    grant("manage", signature_id, MANAGE_LIFE)
            letters.append(
                mail.Letter(
                    id=mail_id,
                    template=row.send,
                    language=row.form.language,
                    address=identity.seal(key, key_id, "mail", mail_id.bytes, row.email.encode()),
                    key_id=key_id,
                    petition_id=row.petition_id,
                    signature_id=row.signature_id,
                    facts=facts,
                    domain=row.domain,
                    priority=1 if row.outcome == "pending" else 5,
                )
            )
        if granted:
            hashes, purposes, signature_ids, mail_ids, expiries = zip(*granted, strict=True)
            await q.insert_tokens(
                connection,
                hashes=list(hashes),
                purposes=list(purposes),
                signature_ids=list(signature_ids),
                mail_ids=list(mail_ids),
                expiries=list(expiries),
            )
        await mail.enqueue(connection, letters)


def _blob(row: _Row, secret: bytes) -> Blob:
    form = row.form
    return Blob(
        name=form.name,
        email=row.email,
        country=form.country,
        locality=form.locality,
        language=form.language,
        klass=CLASS,
        visibility=form.visibility,
        role=form.role,
        handover=form.handover,
        news=form.news,
        partner_news=form.partner_news,
        partner=form.partner,
        secret=secret,
    )


def _seal_blob(key: bytes, key_id: int, signature_id: UUID, blob: Blob) -> bytes:
    return identity.seal(key, key_id, "signature", signature_id.bytes, blob.encode())


# -- confirming ------------------------------------------------------------------------------------------------------------


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
                log.error("confirm: fault", error=type(broken).__name__, presses=len(batch))  # noqa: TRY400 - a traceback may hold values
        else:
            for (*_, done), answer in zip(batch, answers, strict=True):
                if not done.done():
                    done.set_result(answer)
        finally:
            self._flying -= 1
            self._launch()

    async def _confirm(self, presses: list[tuple[bytes, str, bool]]) -> list[Pressed]:
        hashes = [tokens.stored(handle) for handle, _, _ in presses]
        async with self._pool.acquire(timeout=3) as connection:
            seen = await _tokens(connection, "confirm", hashes)
            answers: list[Pressed | None] = []
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
                else:
                    answers.append(None)
                    if record["id"] not in ready:
                        ready[record["id"]] = self._make_ready(record, handle, language)
            if again:
                await q.ask_again(connection, hashes=again, now=None)
            confirmed = await self._commit(connection, ready) if ready else set()
            if ready:
                seen = await _tokens(connection, "confirm", hashes)
        finished = []
        for answer, (handle, _, _), hashed in zip(answers, presses, hashes, strict=True):
            if answer is not None:
                finished.append(answer)
                continue
            record = seen.get(hashed)
            state = _state(record)
            if record is not None and record["id"] in confirmed:
                confirmed.discard(record["id"])  # the first press of a batch is thanked as the first, its double as a repeat
                state = "confirmed"
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
            blob=_seal_blob(key, key_id, record["id"], blob),
            key_id=key_id,
            manage_hash=tokens.stored(manage_handle(handle)),
            shown=(blob.name, blob.role) if blob.visibility == "show" else None,
        )

    async def _commit(self, connection: db.Connection, ready: Mapping[UUID, _Ready]) -> set[UUID]:
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
                [self._clock() + PROMISE] * len(ready),
                None,
            )
            confirmed = {row["signature_id"] for row in rows}
            if confirmed:
                links = [(ready[signature].manage_hash, signature) for signature in confirmed]
                await q.insert_tokens(
                    connection,
                    hashes=[hashed for hashed, _ in links],
                    purposes=["manage"] * len(links),
                    signature_ids=[signature for _, signature in links],
                    mail_ids=[None] * len(links),
                    expiries=[self._clock() + MANAGE_LIFE] * len(links),
                )
            names = [(signature, ready[signature].petition_id, shown) for signature in confirmed if (shown := ready[signature].shown)]
            if names:
                await q.insert_shown(
                    connection,
                    signature_ids=[signature for signature, _, _ in names],
                    petition_ids=[petition for _, petition, _ in names],
                    names=[shown[0] for _, _, shown in names],
                    roles=[shown[1] for _, _, shown in names],
                )
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


class _Ready(msgspec.Struct, frozen=True, kw_only=True):
    petition_id: UUID
    entry: bytes
    language: str
    blob: bytes
    key_id: int
    manage_hash: bytes
    shown: tuple[str, str] | None


_CONFIRM: str = q.confirm.sql


def manage_handle(confirm_handle: bytes) -> bytes:
    """The handle of the manage link that a confirmation shows: the same at every press, and not guessable from anything stored."""
    return hmac.digest(confirm_handle, b"libertas manage/v1", "sha256")


def open_blob(keys: Keys, record: Mapping[str, Any]) -> Blob:
    """The signer's sealed data. Raises ``identity.KeyGone`` or ``identity.Unopened``."""
    return Blob.decode(
        identity.open_sealed(keys.epoch_key(record["key_id"]), record["key_id"], "signature", record["id"].bytes, record["blob"])
    )


async def _tokens(connection: db.Connection | asyncpg.Pool, purpose: str, hashes: list[bytes]) -> dict[bytes, Mapping[str, Any]]:
    return {record["hash"]: record async for record in q.tokens(connection, hashes=hashes, purpose=purpose, now=None)}


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
    record = (await _tokens(pool, purpose, [hashed])).get(hashed)
    state = _state(record)
    if record is None or state == "unknown":
        return View(state="unknown")
    name = open_blob(keys, record).name if state == "ask" and record["blob"] is not None else ""
    return View(state=state, slug=record["slug"], name=name, visibility=record["visibility"], text_version=record["text_version"])


# -- managing ----------------------------------------------------------------------------------------------------------------


class Managed(msgspec.Struct, frozen=True, kw_only=True):
    """A signature as its signer sees it."""

    signature_id: UUID
    petition_id: UUID
    slug: str
    state: str
    visibility: str
    text_version: int
    day: date | None
    log_index: int | None


async def managed(pool: asyncpg.Pool, purpose: str, handle: bytes) -> Managed:
    """The signature behind a manage or not-me link. Raises ``NotFound`` (token)."""
    hashed = tokens.stored(handle)
    record = (await _tokens(pool, purpose, [hashed])).get(hashed)
    if record is None or record["is_over"]:
        raise NotFound(code="token")
    names = ("petition_id", "slug", "state", "visibility", "text_version", "day", "log_index")
    return Managed(signature_id=record["id"], **{name: record[name] for name in names})


async def address_of(pool: asyncpg.Pool, keys: Keys, purpose: str, handle: bytes) -> str | None:
    """The address that a link was sent for, while it is still kept; for "this was not me"."""
    hashed = tokens.stored(handle)
    record = (await _tokens(pool, purpose, [hashed])).get(hashed)
    return None if record is None or record["blob"] is None else open_blob(keys, record).email


async def withdraw(pool: asyncpg.Pool, signature: Managed) -> str:
    """Take the signature back: the count falls at the next seal, and the person may sign again. Repeats change nothing.

    Returns the state that it had.
    """
    return await _end(pool, q.withdraw, signature)


async def erase(pool: asyncpg.Pool, signature: Managed) -> str:
    """Remove everything that could tell who signed, in one commit. Returns the state that it had; repeats change nothing."""
    return await _end(pool, q.erase, signature)


async def _end(pool: asyncpg.Pool, statement: Any, signature: Managed) -> str:
    async with db.transaction(pool) as connection:
        # Against the close: an erasure either lands before Z (W) or after it (E), never in between.
        await q.lock_shared(connection, key=lock_key(signature.petition_id))
        record = await statement(connection, id=signature.signature_id, now=None)
    if record is None:
        raise NotFound("signature")
    state: str = record["state"]
    return state


WIDTH = ("protect", "count", "show")


async def narrow(pool: asyncpg.Pool, signature: Managed, visibility: str) -> None:
    """Show less of the signature, at once. Raises ``Invalid`` for a wish to show more: that needs name and address typed again."""
    if visibility not in WIDTH:
        raise Invalid([Fault("visibility", "choice")])
    async with db.transaction(pool) as connection:
        if await q.narrow(connection, id=signature.signature_id, visibility=visibility) is None:
            raise Invalid([Fault("visibility", "visibility-wider")])


# -- time passes -------------------------------------------------------------------------------------------------------------


async def expire(pool: asyncpg.Pool, *, now: datetime | None = None) -> int:
    """End what was never confirmed; returns how many. Call again until 0."""
    async with db.transaction(pool) as connection:
        await q.forget_tokens(connection, now=now)
        ended: int = await q.expire(connection, now=now)
    return ended


async def add_up(pool: asyncpg.Pool, *, now: datetime | None = None) -> int:
    """Move day, country, language and partner of settled signatures into sums; returns how many. Call again until 0."""
    async with db.transaction(pool) as connection:
        settled: int = await q.add_up(connection, now=now)
    return settled


async def reseal(pool: asyncpg.Pool, keys: Keys, *, now: datetime, limit: int = 2_000) -> int:
    """Seal again, under today's key, what still lies under older ones; returns how many blobs. Call again until 0.

    Whoever copies the server later than 48 h after this finds no key for what an earlier backup holds (threats.md 21).
    """
    key_id, key = keys.epoch(now)
    done = 0
    for table, old, write in (
        ("signature", q.old_blobs, q.reseal_blobs),
        ("intake", q.old_payloads, q.reseal_payloads),
        ("mail", q.old_addresses, q.reseal_addresses),
    ):
        async with db.transaction(pool) as connection:
            ids: list[Any] = []
            blobs: list[bytes] = []
            async for record in old(connection, key_id=key_id, limit=limit):
                row = record["id"] if isinstance(record["id"], bytes) else record["id"].bytes
                plain = identity.open_sealed(keys.epoch_key(record["key_id"]), record["key_id"], table, row, record[1])
                ids.append(record["id"])
                blobs.append(identity.seal(key, key_id, table, row, plain))
            if ids:
                await write(connection, ids=ids, blobs=blobs, key_id=key_id)
            done += len(ids)
    return done


async def lapsed(pool: asyncpg.Pool, close: Callable[[db.Connection, str], Any], *, now: datetime | None = None) -> int:
    """Close the logs of petitions whose grace is over: ``close`` queues Z while no press can be under way."""
    records = [record async for record in q.lapsed_logs(pool, now=now)]
    for record in records:
        async with db.transaction(pool) as connection:
            await q.lock_exclusive(connection, key=lock_key(record["id"]))
            await close(connection, record["log_id"])
    return len(records)


async def forget_indexes(pool: asyncpg.Pool, keys: Keys) -> int:
    """Once a log is closed nobody signs again: its blind indexes go, then the key that made them. Returns how many logs.

    From here on not even we can find a mailbox among the signatures; a manage link still works, it needs no address.
    """
    done = 0
    async for record in q.closed_petitions(pool):
        if not keys.has_index_key(record["id"]):
            continue
        while await q.drop_indexes(pool, petition_id=record["id"]):
            pass
        keys.destroy_index_key(record["id"])
        done += 1
    return done


async def shown(pool: asyncpg.Pool, petition_id: UUID, *, after: str = "", limit: int = 500) -> list[tuple[str, str]]:
    """(name, role) of those who chose to be shown and were reviewed, alphabetically."""
    return [(r["name"], r["role"]) async for r in q.shown(pool, petition_id=petition_id, after=after, limit=limit, now=None)]


async def statistics(pool: asyncpg.Pool, petition_id: UUID, *, today: date) -> dict[str, dict[str, int]]:
    """Confirmed signatures by day, country, language and partner: whole past days only, every cell rounded down to tens."""
    sums: dict[str, Counter[str]] = {"day": Counter(), "country": Counter(), "language": Counter(), "partner": Counter()}
    async for record in q.statistics(pool, petition_id=petition_id, before=today):
        if record["kind"] == "confirmed":
            sums["day"][record["day"].isoformat()] += record["n"]
        else:
            sums[record["kind"]][record["key"]] += record["n"]
    return {kind: {key: n // 10 * 10 for key, n in cells.items() if n >= 10} for kind, cells in sums.items()}
