"""A received form becomes a signature that waits for its press, or is merged into the one that its mailbox has; and one mail.

Everything that depends on an address happens here, in the worker, out of a visitor's sight.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog

from service import db, identity, mail, risk, tokens
from service.db import AWAY
from service.identity import Blob, Form, Keys
from service.signatures.record import CLASS, LIFE, MANAGE_LIFE, q, seal_blob

log = structlog.get_logger()


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
        now = self._clock()
        indexes: dict[UUID, bytes] = {}  # of this batch: whether a key was destroyed meanwhile is looked up once, not for each form
        for record in claimed:
            try:
                plain = identity.open_sealed(
                    self._keys.epoch_key(record["key_id"]), record["key_id"], "intake", record["id"], record["payload"]
                )
                row = _Row(record, Form.decode(plain))
                self._recognise(row, now, indexes)
            except Exception as fault:  # one form that cannot be read must not hold up the others
                log.error(  # noqa: TRY400 - a traceback may hold values
                    "decide: set aside", alarm=True, fault=type(fault).__name__, attempts=record["attempts"]
                )
                broken.append(record["id"])
            else:
                rows.append(row)
        return rows, broken

    def _recognise(self, row: _Row, now: datetime, indexes: dict[UUID, bytes]) -> None:
        row.email = identity.deliverable(row.form.email)
        row.canon = identity.canonical(row.email)
        row.suppress = identity.suppression_index(self._keys.suppression_key(), row.canon)
        weekly = self._keys.caps_keys(now)
        row.caps = [identity.cap_index(key, row.canon) for key in weekly]
        row.domain = risk.domain_digest(weekly[0], row.canon)
        if row.petition_id is not None and row.form.kind != "not-me":
            key = indexes.get(row.petition_id) or indexes.setdefault(row.petition_id, self._keys.index_key(row.petition_id))
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
            blobs.append(seal_blob(key, key_id, row.signature_id, _blob(row, secrets.token_bytes(32))))
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
                handovers=[row.form.handover for row in rows],
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
            blobs=[seal_blob(key, key_id, key_of, _blob(row, secrets.token_bytes(32))) for key_of, row in corrected.items()],
            key_ids=[key_id] * len(corrected),
            countries=[row.form.country for row in corrected.values()],
            languages=[row.form.language for row in corrected.values()],
            partners=[row.form.partner for row in corrected.values()],
            handovers=[row.form.handover for row in corrected.values()],
        )

    async def _judge(self, connection: db.Connection, rows: list[_Row], now: datetime | None) -> None:
        """Mail or hold: counts of the last hour come from the database, those of this batch are added on the way."""
        by_prefix: Counter[bytes] = Counter()
        by_domain: Counter[bytes] = Counter()
        async for record in q.prefix_counts(connection, prefixes=list({row.prefix for row in rows if row.prefix}), most=risk.MOST, now=now):
            by_prefix[record["prefix"]] = record["n"]
        async for record in q.domain_counts(connection, domains=list({row.domain for row in rows}), most=risk.MOST, now=now):
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
