"""Organizers: accounts, second approvals, and the trail."""

from __future__ import annotations

import asyncio
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
