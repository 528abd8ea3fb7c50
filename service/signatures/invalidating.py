"""Organizers take signatures out of the count, one or many, and put them back; each step stands in the public log with its reason.

Approval by a second person is the desk's matter: a verb here takes an act that was approved, under its id. Rules: an act says
first how many it will touch, exactly; what it covers is fixed when it is recorded; state and log change in one commit; whoever
has withdrawn meanwhile is passed over, and nothing here brings a withdrawn signature back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from service import db
from service.errors import Conflict, Fault, Invalid, NotFound
from service.organizers import TO_SIGNERS
from service.proof.entries import INVALIDATION_REASONS
from service.signatures.record import lock_key, q

REASONS: Final = tuple(reason for reason in INVALIDATION_REASONS if reason != "unbacked")
"""What organizers may give as a reason; ``unbacked`` is the repair's alone."""

GLANCE: Final = 10_000
"""Signatures that are read to say how many a condition covers, before somebody asks for all of them: some 20 ms."""

BATCH: Final = 500
"""Signatures in one commit: short enough that a signer who withdraws meanwhile does not wait."""


class Condition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which signatures: all that is given must hold; what is None is open.

    ``prefixes`` and ``domains`` are the keyed hashes under which clusters are reported; they, lanes, marks and the time of
    receipt are known for 24 hours after a confirmation, days and ids for ever. ``marks`` must all be there. ``until`` is
    exclusive for times and inclusive for days.
    """

    ids: tuple[UUID, ...] | None = None
    received_from: datetime | None = None
    received_until: datetime | None = None
    days_from: date | None = None
    days_until: date | None = None
    prefixes: tuple[bytes, ...] | None = None
    domains: tuple[bytes, ...] | None = None
    lanes: tuple[str, ...] | None = None
    marks: tuple[str, ...] | None = None
    text_versions: tuple[int, ...] | None = None

    def asked(self) -> dict[str, Any]:
        """What is given, by its name. Raises ``Invalid`` (condition, empty) when nothing narrows: no act is for everybody."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        asked = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
        if not any(value is not None and value != [] for value in asked.values()) or [] in asked.values():
            raise Invalid([Fault("condition", "empty")])
        return asked


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """An act as it stands: ``kind`` X or R, ``state`` ready, stopped or done; ``done`` and ``passed_over`` of ``total``."""

    id: UUID
    petition_id: UUID
    kind: str
    reason: str | None
    reverses: UUID | None
    total: int
    done: int
    passed_over: int
    state: str


async def preview(pool: asyncpg.Pool, petition_id: UUID, condition: Condition, *, reinstating: bool = False) -> int:
    """How many signatures the act would touch, exactly, at this moment; changes nothing. Raises ``Invalid`` for an empty condition."""
    state = "invalidated" if reinstating else "confirmed"
    async with db.transaction(pool) as connection:
        await q.plan_for_values(connection)
        found: int = await q.matching(connection, petition_id=petition_id, state=state, **condition.asked())
    return found


async def glance(pool: asyncpg.Pool, petition_id: UUID, condition: Condition, *, most: int = GLANCE) -> tuple[int, bool]:
    """How many signatures fit, and whether that is all of them: False when it is "at least", out of the first ``most`` that were read.

    Takes no longer with a million signatures than with a thousand. Raises ``Invalid`` for an empty condition.
    """
    async with db.transaction(pool) as connection:
        await q.plan_for_values(connection)
        await q.glance_by_index(connection)
        row = await q.glance(connection, petition_id=petition_id, state="confirmed", most=most, **condition.asked())
    return row["n"], row["is_all"]


async def find_clusters(pool: asyncpg.Pool, *, now: datetime | None = None) -> bool:
    """The worker's part: what counted signatures of the last day have in common is found again, once in a minute at most.

    False when it is not due, or in another worker's hands.
    """
    async with db.transaction(pool) as connection:
        if await q.clusters_turn(connection, now=now) is None:
            return False
        await q.drop_clusters(connection)
        await q.keep_clusters(connection)
        await q.clusters_took(connection)
    return True


async def invalidate(pool: asyncpg.Pool, petition_id: UUID, act_id: UUID, condition: Condition, reason: str, *, expected: int) -> Act:
    """Record an approved invalidation; ``carry_out`` does it. Recording the same act again changes nothing.

    Raises ``Invalid`` (condition, empty; reason, choice), ``Conflict`` (code "count-changed") when it is not ``expected``
    signatures any more: then the approval was of something else.
    """
    if reason not in REASONS:
        raise Invalid([Fault("reason", "choice")])
    return await _record(pool, petition_id, act_id, "X", reason, condition.asked(), None, expected)


async def reinstate(pool: asyncpg.Pool, petition_id: UUID, act_id: UUID, condition: Condition, *, expected: int) -> Act:
    """Record an approved reinstatement of invalidated signatures; raises as ``invalidate`` does."""
    return await _record(pool, petition_id, act_id, "R", None, condition.asked(), None, expected)


async def reverse(pool: asyncpg.Pool, act_id: UUID, of: UUID, *, expected: int) -> Act:
    """Record the reversal of an invalidation: whatever it took out and is still out. Raises ``NotFound`` and as ``invalidate``."""
    first = await act(pool, of)
    if first.kind != "X":
        raise Conflict("only an invalidation is reversed", code="not-reversible")
    nothing = dict.fromkeys(Condition.__struct_fields__)
    return await _record(pool, first.petition_id, act_id, "R", None, nothing, of, expected)


async def _record(
    pool: asyncpg.Pool,
    petition_id: UUID,
    act_id: UUID,
    kind: str,
    reason: str | None,
    asked: dict[str, Any],
    reverses: UUID | None,
    expected: int,
) -> Act:
    with contextlib.suppress(asyncpg.UniqueViolationError):  # recorded by another at this moment
        async with db.transaction(pool, isolation="repeatable_read") as connection:
            if await q.act(connection, id=act_id) is None:
                await _insert(connection, petition_id, act_id, kind, reason, asked, reverses, expected)
    recorded = await act(pool, act_id)
    if (recorded.petition_id, recorded.kind, recorded.reason, recorded.reverses) != (petition_id, kind, reason, reverses):
        raise Conflict("another act has this id", code="act-differs")
    return recorded


async def _insert(
    connection: db.Connection,
    petition_id: UUID,
    act_id: UUID,
    kind: str,
    reason: str | None,
    asked: dict[str, Any],
    reverses: UUID | None,
    expected: int,
) -> None:
    # What stays is what was asked; of what leads to single signers, how many of them.
    rule = msgspec.json.encode({name: len(value) if name in TO_SIGNERS else value for name, value in asked.items() if value is not None})
    total = await q.record_act(
        connection,
        id=act_id,
        petition_id=petition_id,
        kind=kind,
        reason=reason,
        rule=rule.decode(),
        reverses=reverses,
        state="confirmed" if kind == "X" else "invalidated",
        now=None,
        **asked,
    )
    if (total or 0) != expected or not total:
        # Leaving with an exception takes the act back.
        raise Conflict(f"it would touch {total or 0} signatures, not {expected}", code="count-changed")


async def record_invalidation(
    connection: db.Connection, petition_id: UUID, act_id: UUID, condition: Condition, reason: str, *, expected: int
) -> None:
    """``invalidate`` in the transaction of its approval, once; raises as it does, and then the approval must not stand either.

    One statement counts and records, so both see the same signatures.
    """
    if reason not in REASONS:
        raise Invalid([Fault("reason", "choice")])
    await _insert(connection, petition_id, act_id, "X", reason, condition.asked(), None, expected)


async def record_reversal(connection: db.Connection, petition_id: UUID, act_id: UUID, of: UUID, *, expected: int) -> None:
    """``reverse`` in the transaction of its approval, once."""
    await _insert(connection, petition_id, act_id, "R", None, dict.fromkeys(Condition.__struct_fields__), of, expected)


async def act(pool: asyncpg.Pool, act_id: UUID) -> Act:
    """How an act stands; ``NotFound``."""
    row = await q.act(pool, id=act_id)
    if row is None:
        raise NotFound("act")
    return Act(**row)


async def carry_out(
    pool: asyncpg.Pool,
    act_id: UUID,
    *,
    progress: Callable[[int, int], object] | None = None,
    stop: asyncio.Event | None = None,
    batch: int = BATCH,
) -> Act:
    """Carry out a recorded act to its end, or until it is stopped; ``progress(seen, total)`` after each batch.

    Each batch is one commit, so a crash leaves whole batches, and calling again goes on from there; two callers share the
    work. The log follows at the next seals.
    """
    standing = await act(pool, act_id)
    while standing.state == "ready" and not (stop is not None and stop.is_set()):
        async with db.transaction(pool) as connection:
            # Against the close and the end of retention, as a signer's own changes are.
            await q.lock_shared(connection, key=lock_key(standing.petition_id))
            ids = [row["signature_id"] async for row in q.next_batch(connection, id=act_id, limit=batch)]
            if not ids:
                return await act(pool, act_id)  # stopped, or the rest is in another's hands
            done = [row["signature_id"] async for row in q.carry_out(connection, id=act_id, ids=ids, now=None)]
            row = await q.mark_batch(connection, id=act_id, ids=ids, done_ids=done, now=None)
        standing = msgspec.structs.replace(standing, **row)
        if progress is not None:
            progress(standing.done + standing.passed_over, standing.total)
    return standing


async def stop(pool: asyncpg.Pool, act_id: UUID) -> Act:
    """No further batch is begun; what was done stays done. Stopping a finished act changes nothing."""
    await q.stop_act(pool, id=act_id)
    return await act(pool, act_id)


async def resume(pool: asyncpg.Pool, act_id: UUID) -> Act:
    """A stopped act may be carried out again."""
    await q.resume_act(pool, id=act_id)
    return await act(pool, act_id)


async def carry_out_next(pool: asyncpg.Pool, *, stop: asyncio.Event | None = None) -> bool:
    """Carry out the act that waits longest; False when none waits, or it was stopped meanwhile."""
    act_id = await q.next_act(pool)
    return act_id is not None and (await carry_out(pool, act_id, stop=stop)).state == "done"


async def court_order(pool: asyncpg.Pool, petition_id: UUID, place: int, *, taken_back: bool = False) -> None:
    """A court takes out of the count the signature at ``place`` of the log, whose data was erased after the close; or takes it back.

    Nobody else may touch such a signature, and nothing of its signer is left to look at: the place is all that names it. Raises
    ``Conflict`` (code "not-erased") when no erased signature that counts (or, taken back, was ordered out) stands there.
    """
    if await q.order_erased(pool, petition_id=petition_id, place=place, is_taken_back=taken_back, now=None) is None:
        state = "was ordered out" if taken_back else "counts"
        raise Conflict(f"at place {place} stands no signature that was erased after the close and {state}", code="not-erased")


async def disagreements(pool: asyncpg.Pool, petition_id: UUID) -> list[str]:
    """One sentence for each signature whose state is not what the log says of it, at most 100; empty when all is well."""
    async with db.transaction(pool) as connection:
        await q.join_by_hash(connection)
        rows = [row async for row in q.disagreements(connection, petition_id=petition_id)]
    return [
        f"place {row['log_index']} counts, and no signature stands behind it"
        if row["id"] is None
        else f"a signature at place {row['log_index']} is {row['state']}, and the log says otherwise"
        for row in rows
    ]
