"""Organizers: accounts, second approvals, and the trail."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from service import db, organizers
from service.errors import Conflict
from service.organizers import Approval, Grant, Secrets

KEYS = Secrets(b"k" * 32)


async def person(pool: asyncpg.Pool, email: str, *roles: str) -> UUID:
    """Somebody who has joined."""
    async with db.transaction(pool) as connection:
        made = await organizers.invite(connection, KEYS, email, [Grant(role) for role in roles or ("operator",)], language="en")
        await organizers.q.join_desk(connection, id=made, now=None)
    return made


async def test_of_two_who_approve_at_once_one_wins_and_the_act_is_taken_once(app_pool: asyncpg.Pool) -> None:
    ani, levon, gayane = [await person(app_pool, f"{name}@example.org") for name in ("ani", "levon", "gayane")]
    async with db.transaction(app_pool) as connection:
        proposed = await organizers.propose(connection, ani, "keys.change", reason="a new safe")

    async def approve(who: UUID) -> Approval | str:
        try:
            async with db.transaction(app_pool) as connection:
                return await organizers.decide(connection, proposed, who, "approved")
        except Conflict as no:
            return no.code

    answers = await asyncio.gather(*(approve(who) for who in (levon, gayane) * 4))
    assert sorted(isinstance(answer, Approval) for answer in answers) == [False] * 7 + [True]
    assert {answer for answer in answers if isinstance(answer, str)} == {"approval-decided"}

    async def take(who: UUID) -> bool:
        try:
            async with db.transaction(app_pool) as connection:
                await organizers.execute(connection, proposed, who, "keys.change")
            return True
        except Conflict:
            return False

    decided_by = next(answer for answer in answers if isinstance(answer, Approval)).decided_by
    assert decided_by is not None
    assert sorted(await asyncio.gather(*(take(who) for who in (ani, decided_by) * 8))) == [False] * 15 + [True]


async def test_the_trail_is_whole(app_pool: asyncpg.Pool) -> None:
    ani = await person(app_pool, "ani@example.org")

    async def one(n: int) -> None:
        async with db.transaction(app_pool) as connection:
            await organizers.note(connection, KEYS.audit, ani, "petition.opened", "p", n=n)

    await asyncio.gather(*(one(n) for n in range(20)))
    assert await organizers.check(app_pool, KEYS.audit) == 20
    with pytest.raises(organizers.Broken):
        await organizers.check(app_pool, b"x" * 32)


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(Conflict) as no:
        yield
    assert no.value.code == code


TAMPERINGS = {
    "another hour": "update audit set at = at + interval '1 minute' where number = 3",
    "another person": "update audit set organizer_id = null where number = 3",
    "another act": "update audit set act = 'petition.closed' where number = 3",
    "another object": "update audit set object = 'q' where number = 3",
    "other facts": "update audit set facts = '{}' where number = 3",
    "another hash": "update audit set hash = sha256(hash) where number = 3",
    "a line less": "delete from audit where number = 3",
    "the last lines gone": "delete from audit where number > 4",
    "all gone": "delete from audit",
    "emptied": "truncate audit",
    "two changed places": "update audit set number = case number when 2 then 1003 else 1002 end where number in (2, 3)",
    "one gone and the rest moved up": "with gone as (delete from audit where number = 3) update audit set number = number + 1000 where number > 3",
}


@pytest.mark.parametrize("how", TAMPERINGS)
async def test_a_tampering_is_refused_to_the_service_and_found_when_the_owner_does_it(
    pool: asyncpg.Pool, app_pool: asyncpg.Pool, tmp_path: Path, how: str
) -> None:
    ani = await person(app_pool, "ani@example.org")
    for n in range(6):
        async with db.transaction(app_pool) as connection:
            await organizers.note(connection, KEYS.audit, ani, "petition.opened", "p", n=n)
    head = tmp_path / "audit-head"
    assert await organizers.remember(app_pool, head) == 6
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app_pool.execute(TAMPERINGS[how])
    assert await organizers.check(app_pool, KEYS.audit, head) == 6
    await pool.execute(TAMPERINGS[how])
    with pytest.raises(organizers.Broken):
        await organizers.check(app_pool, KEYS.audit, head)


async def test_a_line_that_somebody_made_up_without_the_key_is_found(app_pool: asyncpg.Pool) -> None:
    ani = await person(app_pool, "ani@example.org")
    async with db.transaction(app_pool) as connection:
        await organizers.note(connection, KEYS.audit, ani, "petition.opened", "p")
        await organizers.note(connection, b"x" * 32, ani, "petition.closed", "p")
    with pytest.raises(organizers.Broken, match="line 2"):
        await organizers.check(app_pool, KEYS.audit)


async def test_a_proposal_lapses_and_an_approved_act_waits_for_its_hour(app_pool: asyncpg.Pool) -> None:
    ani, levon = await person(app_pool, "ani@example.org"), await person(app_pool, "levon@example.org")
    async with app_pool.acquire() as connection:
        late = await organizers.propose(connection, ani, "names.export", reason="for the council")
        with refused("approval-expired"):
            await organizers.decide(connection, late, levon, "approved", now=datetime.now(UTC) + timedelta(hours=73))
        slow = await organizers.propose(connection, ani, "names.export", reason="for the council", delay=timedelta(hours=24))
        with refused("approval-own"):
            await organizers.decide(connection, slow, ani, "approved")
        assert (await organizers.decide(connection, slow, levon, "approved")).state == "approved"
        with refused("approval-not-due"):
            await organizers.execute(connection, slow, ani, "names.export")
        with refused("approval-decided"):
            await organizers.execute(connection, slow, ani, "people.remove")
        done = await organizers.execute(connection, slow, ani, "names.export", now=datetime.now(UTC) + timedelta(hours=25))
        assert done.done_by == ani
        with pytest.raises(asyncpg.CheckViolationError):  # whatever the program thinks
            await connection.execute("update approval set decided_by = proposed_by where id = $1", slow)
