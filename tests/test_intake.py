"""The door: forms share commits, nobody is answered before theirs, and a repeat changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from bench.topology import free_port
from service import db, identity, intake
from service.errors import Busy, Closed, Invalid, NotFound, Paused, TextChanged
from service.identity import Form, Keys
from service.intake import FEW, PATIENCE, Intake, Pace, Submission, form_id
from service.petitions import Head, Petition, Text

PETITION = UUID(int=7)
NOW = datetime.now(UTC)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys.create(tmp_path / "keys")


def door(pool: asyncpg.Pool, keys: Keys, **changes: Any) -> Intake:
    return Intake(pool, keys, clock=lambda: datetime.now(UTC), **changes)


@pytest.fixture
async def submit(pool: asyncpg.Pool, keys: Keys) -> AsyncIterator[Intake]:
    made = door(pool, keys)
    yield made
    await made.drain()


def a_form(key: str = "k", *, proof: bytes | None = None, email: str = "ani@example.org") -> Submission:
    until = None if proof is None else time.time() + 600
    form = Form(name="Ani", email=email, country="AM", language="en", text_version=1)
    return Submission(form_id=form_id(PETITION, key), petition_id=PETITION, form=form, lane="api", replay_key=proof, replay_until=until)


async def stored(pool: asyncpg.Pool) -> int:
    count: int = await pool.fetchval("select count(*) from intake")
    return count


async def waits(pool: asyncpg.Pool) -> None:
    """Returns when somebody stands before the locked table."""
    async with asyncio.timeout(60):
        while not await pool.fetchval("select exists (select from pg_locks where relation = 'intake'::regclass and not granted)"):
            await asyncio.sleep(0.01)


async def test_two_hundred_forms_share_few_commits(pool: asyncpg.Pool, submit: Intake) -> None:
    await asyncio.gather(*(submit.submit(a_form(f"k{n}")) for n in range(200)))
    assert await stored(pool) == 200
    assert await pool.fetchval("select count(distinct xmin::text) from intake") <= 2


async def test_one_form_alone_does_not_wait_for_others(pool: asyncpg.Pool, submit: Intake) -> None:
    async with asyncio.timeout(60):
        await submit.submit(a_form())
    assert await stored(pool) == 1


async def test_nobody_is_answered_before_the_commit(pool: asyncpg.Pool, submit: Intake) -> None:
    async with pool.acquire() as other:
        block = other.transaction()
        await block.start()
        await other.execute("lock table intake in exclusive mode")
        answer = asyncio.create_task(submit.submit(a_form()))
        await waits(pool)
        await asyncio.sleep(0.1)
        assert not answer.done()
        await block.rollback()
    await answer
    assert await stored(pool) == 1


async def test_the_database_never_sees_what_a_form_says(pool: asyncpg.Pool, submit: Intake, keys: Keys) -> None:
    await submit.submit(a_form(email="ani.petrosyan@example.org"))
    row = await pool.fetchrow("select * from intake")
    assert not any(b"petrosyan" in value for value in row.values() if isinstance(value, bytes))
    plain = identity.open_sealed(keys.epoch_key(row["key_id"]), row["key_id"], "intake", row["id"], row["payload"])
    assert Form.decode(plain).email == "ani.petrosyan@example.org"


async def test_the_same_form_key_again_changes_nothing_now_or_later_or_at_another_replica(
    pool: asyncpg.Pool, submit: Intake, keys: Keys
) -> None:
    other = door(pool, keys)
    await asyncio.gather(*(each.submit(a_form(proof=b"p")) for each in (submit, other) * 5))
    await submit.submit(a_form(proof=b"p"))
    await submit.submit(a_form(proof=b"another proof"))
    assert await stored(pool) == 1
    assert await pool.fetchval("select count(*) from proof_used") == 1, "a repeat spends no proof"
    assert await submit.knows(form_id(PETITION, "k")) and not await submit.knows(form_id(PETITION, "other"))


async def test_one_proof_stores_one_form_under_any_concurrency(pool: asyncpg.Pool, submit: Intake, keys: Keys) -> None:
    other = door(pool, keys)
    answers = await asyncio.gather(
        *(each.submit(a_form(f"k{n}", proof=b"same")) for n, each in enumerate((submit, other) * 5)), return_exceptions=True
    )
    refused = [answer for answer in answers if answer is not None]
    assert len(refused) == 9 and await stored(pool) == 1
    assert all(isinstance(no, Invalid) and no.faults[0].code == "proof-replayed" for no in refused), refused


async def test_levon_hangs_up_and_his_form_is_stored_nevertheless(pool: asyncpg.Pool, submit: Intake) -> None:
    levon = asyncio.create_task(submit.submit(a_form("levon")))
    double = asyncio.create_task(submit.submit(a_form("levon")))
    await asyncio.sleep(0)
    levon.cancel()
    with pytest.raises(asyncio.CancelledError):
        await levon
    await double
    assert await stored(pool) == 1


async def test_when_the_database_is_away_everybody_is_told_to_come_back_and_nothing_is_stored(
    database: str, pool: asyncpg.Pool, keys: Keys
) -> None:
    async with db.open_pool(database) as own:
        away = door(own, keys)
        await own.close()
        answers = await asyncio.gather(*(away.submit(a_form(f"k{n}")) for n in range(5)), return_exceptions=True)
        assert all(isinstance(no, Busy) and no.retry_after >= 1 for no in answers), answers
        with pytest.raises(Busy):
            await away.knows(form_id(PETITION, "k0"))
    nobody = asyncpg.create_pool(f"postgresql://nobody@127.0.0.1:{free_port()}/x", min_size=0, max_size=1, timeout=1)
    async with nobody:
        with pytest.raises(Busy):
            await door(nobody, keys).submit(a_form())
    assert await stored(pool) == 0
    again = door(pool, keys)
    await again.submit(a_form("k0"))
    assert await stored(pool) == 1


async def test_a_connection_that_is_cut_in_the_middle_is_busy_and_the_door_opens_again(
    pool: asyncpg.Pool, database: str, keys: Keys
) -> None:
    async with db.open_pool(database, high=2, name="cut-me") as own:
        made = door(own, keys)
        async with pool.acquire() as other:
            block = other.transaction()
            await block.start()
            await other.execute("lock table intake in exclusive mode")
            waiting = asyncio.create_task(made.submit(a_form()))
            await waits(pool)
            await pool.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut-me'")
            with pytest.raises(Busy):
                await waiting
            await block.rollback()
        await made.submit(a_form())
    assert await stored(pool) == 1


class Hand:
    """A clock that is turned by hand."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def a_pace(clock: Hand, *, draw: float = 0.0) -> Pace:
    return Pace(clock=clock, draw=lambda: draw)


def store(pace: Pace, clock: Hand, forms: int, seconds: float, *, queue: int = 1_000) -> None:
    """One batch comes back after so long, and so many wait then."""
    pace.begins()
    clock.now += seconds
    pace.ends(forms, queue)


async def test_when_too_many_wait_the_next_is_refused_at_once_and_the_waiting_are_stored(pool: asyncpg.Pool, keys: Keys) -> None:
    clock = Hand()
    pace = a_pace(clock)
    for _ in range(3):
        store(pace, clock, 200, 40.0)  # five forms a second
    small = door(pool, keys, limit=2, flights=1, few=6, pace=pace)
    answers = await asyncio.gather(*(small.submit(a_form(f"k{n}")) for n in range(10)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None)] * 6 + [Busy] * 4
    assert await stored(pool) == 6
    assert await pool.fetchval("select count(distinct xmin::text) from intake") == 3, "two to a batch"


async def test_those_who_stand_before_the_house_count_and_whoever_waits_for_the_same_form_is_let_in(pool: asyncpg.Pool, keys: Keys) -> None:
    made = door(pool, keys, few=6)
    made.outside = lambda: (5_000, 1.5)
    with pytest.raises(Busy) as no:
        made.admit()
    assert 1 <= no.value.retry_after <= 30
    people = iter([(0, 0.0)])  # nobody when Ani comes, and then a crowd
    made.outside = lambda: next(people, (5_000, 1.5))
    await asyncio.gather(made.submit(a_form("ani")), made.submit(a_form("ani")))
    with pytest.raises(Busy):
        await made.submit(a_form("levon"))
    assert await stored(pool) == 1
    made.outside = lambda: (5_000, 0.2)
    await made.submit(a_form("levon"))
    assert await stored(pool) == 2, "thousands who only want to see a page, and are in at once, keep nobody from signing"


async def test_a_few_hundred_at_once_and_whoever_comes_alone_are_taken_whatever_was_measured(pool: asyncpg.Pool, keys: Keys) -> None:
    clock = Hand()
    pace = a_pace(clock)
    for _ in range(9):
        store(pace, clock, 200, 60.0)  # the machine was busy with something else
    made = door(pool, keys, pace=pace)
    assert pace.wait(FEW) > 100 * PATIENCE
    answers = await asyncio.gather(*(made.submit(a_form(f"k{n}")) for n in range(FEW)), return_exceptions=True)
    assert answers == [None] * FEW
    clock.now += 3_600
    await made.submit(a_form("alone"))
    assert await stored(pool) == FEW + 1


def test_the_wait_is_told_by_how_fast_the_queue_moves_while_there_is_one() -> None:
    clock = Hand()
    pace = a_pace(clock)
    assert pace.wait(3_000) == pytest.approx(3.0), "supposed, until something was measured"
    for _ in range(200):
        store(pace, clock, 1, 0.05, queue=0)  # twenty people in ten seconds say nothing about how many could have come
    assert pace.wait(3_000) == pytest.approx(3.0)
    store(pace, clock, 500, 5.0)  # the first batch of a crowd: when the crowd came is not known
    assert pace.wait(3_000) == pytest.approx(3.0)
    for _ in range(5):
        store(pace, clock, 500, 0.25)
    assert pace.wait(3_000) == pytest.approx(1.5), "2,000 forms a second"
    clock.now += 61
    assert pace.wait(3_000) == pytest.approx(3.0), "what was measured a minute ago is forgotten"


def test_two_batches_under_way_are_counted_by_the_time_between_their_ends() -> None:
    clock = Hand()
    pace = a_pace(clock)
    pace.begins()
    for _ in range(9):
        pace.begins()
        clock.now += 0.1
        pace.ends(500, 1_000)
    assert pace.wait(1_000) == pytest.approx(0.2), "each took two tenths, and every tenth one came back"


def test_one_stall_of_the_database_refuses_nobody_afterwards_and_is_noticed_while_it_lasts() -> None:
    clock = Hand()
    pace = a_pace(clock)
    for _ in range(8):
        store(pace, clock, 500, 0.1)
    assert pace.wait(500) == pytest.approx(0.1)
    pace.begins()
    clock.now += 4
    assert pace.wait(500) == pytest.approx(4.0), "nothing has come back for four seconds"
    pace.ends(500, 1_000)
    assert pace.wait(500) == pytest.approx(0.1)
    pace.begins()
    clock.now += 5
    pace.ends(0, 1_000)
    assert pace.wait(500) == pytest.approx(0.1), "a batch that failed tells nothing of the pace"


def test_at_twice_the_speed_more_are_let_in_and_neither_flaps() -> None:
    clock = Hand()
    pace = a_pace(clock)
    bounds = []
    for turn in range(60):
        jitter = 0.7 if turn % 2 else 1.3
        store(pace, clock, 500, (0.5 if turn < 30 else 0.25) * jitter)
        bounds.append(PATIENCE / pace.wait(1))
    slow, fast = bounds[10:30], bounds[40:]
    assert max(slow) / min(slow) < 2 and max(fast) / min(fast) < 2
    assert sum(fast) / sum(slow) == pytest.approx(2, rel=0.3)


def test_who_is_refused_gets_a_place_in_the_diary_and_nobody_waits_for_ever() -> None:
    clock = Hand()
    pace = a_pace(clock)
    told = [pace.later(2.0) for _ in range(5_000)]
    assert told == sorted(told) and told[0] == 1, "when half of those who wait now are through"
    assert [told.count(second) for second in range(1, 6)] == pytest.approx([1_000] * 5, abs=2), "a thousand fit into a second"
    assert max(pace.later(2.0) for _ in range(100_000)) == 30
    clock.now += 30
    assert pace.later(2.0) == 1, "whoever was told has come back, or will not"
    late = a_pace(clock, draw=0.9999)
    assert late.later(2.0) == 2, "with a little chance"
    assert max(late.later(2.0) for _ in range(100_000)) == 30


async def test_drain_returns_when_everything_accepted_is_committed(pool: asyncpg.Pool, keys: Keys) -> None:
    ending = door(pool, keys, limit=3, flights=1)
    tasks = [asyncio.create_task(ending.submit(a_form(f"k{n}"))) for n in range(10)]
    await asyncio.sleep(0)
    await ending.drain()
    assert await stored(pool) == 10
    await asyncio.gather(*tasks)


async def test_repeats_are_known_for_two_days_and_proofs_for_as_long_as_they_verify(pool: asyncpg.Pool, submit: Intake) -> None:
    await submit.submit(a_form("decided", proof=b"p"))
    await submit.submit(a_form("waiting"))
    await pool.execute(
        "update intake set decided_at = now(), outcome = 'pending', payload = null where id = $1", form_id(PETITION, "decided")
    )
    await intake.forget(pool, now=NOW + timedelta(hours=47))
    assert await stored(pool) == 2
    assert await pool.fetchval("select count(*) from proof_used") == 0, "ten minutes were long over"
    await intake.forget(pool, now=NOW + timedelta(hours=49))
    assert not await submit.knows(form_id(PETITION, "decided"))
    assert await submit.knows(form_id(PETITION, "waiting")), "what was not decided is never dropped"


def test_a_form_id_is_made_of_petition_key_and_content() -> None:
    raw = b"libertas form/v1\0" + PETITION.bytes + b"\x00\x03abc"
    assert form_id(PETITION, "abc") == hashlib.sha256(raw).digest()
    assert form_id(PETITION, "abc", b"content") == hashlib.sha256(raw + b"content").digest()
    assert form_id(None, "abc") == form_id(UUID(int=0), "abc")
    different = {form_id(PETITION, "abc"), form_id(PETITION, "ab", b"c"), form_id(UUID(int=8), "abc"), form_id(PETITION, "abd")}
    assert len(different) == 4, "the key's length keeps key and content apart"


def _petition(**changes: Any) -> Petition:
    given: dict[str, Any] = {
        "id": PETITION, "slug": "x", "status": "open", "is_sample": False, "is_protected": False, "is_sealed": False, "goal": 0,
        "time_zone": "UTC", "opens_at": NOW - timedelta(days=1), "closes_at": NOW + timedelta(days=1), "text_version": 2,
        "manifest_hash": b"", "asks_locality": False, "texts": {"en": Text("", "", "", "", "")}, "recipients": [], "figures": [],
        "sources": [], "log_id": "x", "count": 0, "as_of": None, "checkpoint": Head("o", 0, b""), **changes,
    }  # fmt: skip
    return Petition(**given)


@pytest.mark.parametrize(
    ("changes", "version", "no"),
    [
        ({"status": "draft"}, 2, NotFound),
        ({"status": "paused"}, 1, Paused),
        ({"status": "closed"}, 1, Closed),
        ({"opens_at": NOW + timedelta(hours=1)}, 2, Closed),
        ({"closes_at": NOW}, 2, Closed),
        ({}, 1, TextChanged),
        ({}, 3, TextChanged),
    ],
)
def test_only_an_open_petition_in_its_present_words_takes_signatures(changes: dict[str, Any], version: int, no: type[Exception]) -> None:
    intake.refuse_unless_open(_petition(), NOW, 2)
    with pytest.raises(no):
        intake.refuse_unless_open(_petition(**changes), NOW, version)
