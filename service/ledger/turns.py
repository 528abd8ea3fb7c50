"""The worker's turn: every log that is due is sealed and published, then the anchor, which announces them."""

from __future__ import annotations

import random
import secrets
from datetime import datetime
from pathlib import Path

import asyncpg

from service.errors import Misconfigured, NotFound, Unproven
from service.ledger.publishing import guard, publish
from service.ledger.record import ANCHOR, Failpoint, Forked, Keyring, go_on, log, q
from service.ledger.sealing import Policy, due, seal


async def run_due(
    pool: asyncpg.Pool,
    keys: Keyring,
    high_water: Path,
    *,
    seal_seconds: float = 0.0,
    ml_dsa: bool = True,
    rng: random.Random | None = None,
    now: datetime | None = None,
    fail: Failpoint = go_on,
) -> bool:
    """Seal and publish every log that is due, then the anchor; whether anything was done.

    Heals what a crash left: a sealed head without signature is signed; the note, the public number and the announcement are
    one commit. A log that is forked, broken or without its key is left alone and alarmed on every turn; the others go on.
    """
    rng = rng or secrets.SystemRandom()
    is_done = False
    states = [state async for state in q.states(pool, anchor=ANCHOR, now=now)]
    waiting = {state["id"]: state for state in states}
    for log_id in [*(state["id"] for state in states if state["id"] != ANCHOR), ANCHOR]:
        state = waiting.get(log_id)
        if state is None and not is_done:
            continue  # the anchor has nothing, and nothing was announced in this turn
        policy = Policy.of(log_id, is_protected=bool(state and state["is_protected"]), seal_seconds=seal_seconds)
        try:
            sealed = None
            is_announced = log_id == ANCHOR and is_done
            if state is None or is_announced or state["texts"] or any(due(policy, state, state["sealed_at"], state["now"])):
                # First the guard: entries on top of a restored backup would make its repair harder.
                await guard(pool, log_id, high_water)
                sealed = await seal(pool, log_id, policy, rng=rng, now=now, fail=fail)
            if sealed is not None or (state and state["is_unpublished"]):
                await publish(pool, keys, log_id, high_water, ml_dsa=ml_dsa, now=now, fail=fail)
                is_done = True
        except NotFound:
            continue  # an installation without petitions has no anchor yet
        except (Forked, Misconfigured, Unproven, asyncpg.IntegrityConstraintViolationError) as fault:
            # Of this log only, and on every turn again until somebody mends it; a database that is away ends the turn.
            log.critical("ledger: nothing is signed", alarm=True, log=log_id, fault=type(fault).__name__, why=str(fault))
    return is_done


async def run_anchor(
    pool: asyncpg.Pool, keys: Keyring, high_water: Path, *, ml_dsa: bool = True, now: datetime | None = None, fail: Failpoint = go_on
) -> None:
    """Seal and publish what waits for the anchor, at once: a certificate does not exist before its entry is there.

    Raises ``Forked`` as ``publish`` does. When another replica has the turn, nothing happens; ask again.
    """
    await guard(pool, ANCHOR, high_water)
    await seal(pool, ANCHOR, Policy.of(ANCHOR), rng=secrets.SystemRandom(), now=now, fail=fail, at_once=True)
    await publish(pool, keys, ANCHOR, high_water, ml_dsa=ml_dsa, now=now, fail=fail)
