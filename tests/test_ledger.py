"""Confirmed signatures become leaves of a log that only grows; nothing is lost, doubled, or signed twice in two ways."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from ledger_house import AT_ONCE, HOST, NOON, House, served
from service import db, ledger
from service.errors import Conflict, Misconfigured, NotFound, Unproven
from service.identity import Keys
from service.proof import entries, merkle, note, tiles


@pytest.fixture
async def house(pool: asyncpg.Pool, database: str, tmp_path: Path) -> House:
    return await House(pool, tmp_path, database).open()


async def test_a_new_log_announces_its_key_in_the_anchor(house: House) -> None:
    await house.settle()
    anchor = await house.row(ledger.ANCHOR)
    assert anchor["origin"] == f"{HOST}/ledger/anchor"
    _, head, lines = await served(house.pool, ledger.Log(ledger.ANCHOR, anchor["origin"], anchor["vkey"]))
    keys = {(key.log_id, algorithm): key for key in await ledger.public_keys(house.pool) for algorithm in ("ed25519", "ml-dsa")}
    of_anchor, of_petition = keys[ledger.ANCHOR, "ed25519"], keys[house.log.id, "ed25519"]
    assert (of_anchor.vkey, of_petition.vkey) == (anchor["vkey"], house.log.vkey)
    assert [line.decode() for line in lines[:4]] == [
        f"K {key}" for key in (of_anchor.vkey, of_anchor.ml_dsa, of_petition.vkey, of_petition.ml_dsa)
    ]
    petition = await house.row()
    assert entries.parse_anchor(lines[4]) == entries.Anchored(house.log.origin, 1, petition["root"])
    assert head.size == 5


async def test_two_petitions_share_one_anchor(house: House) -> None:
    async with db.transaction(house.pool) as connection:
        again = await ledger.create_log(connection, house.keys, host="elsewhere.example.org", petition_id=None)
    assert again.origin == f"{HOST}/ledger/anchor"
    assert await house.pool.fetchval("select count(*) from outbox where kind = 'K'") == 4


async def test_ani_and_levon_are_counted_at_the_next_seal_and_not_before(house: House) -> None:
    ani, levon = await house.confirm(2)
    assert (await house.row())["count"] == 0
    sealed = await house.seal()
    assert sealed is not None and (sealed.size, sealed.count, sealed.added) == (3, 2, 2)
    assert sorted([await house.index(ani), await house.index(levon)]) == [1, 2]
    row = await house.row()
    assert (row["count"], row["published_count"], await house.waiting()) == (2, 0, 0)
    await house.publish()
    assert (await house.row())["published_count"] == 2
    tally, head, _ = await served(house.pool, house.log)
    assert (tally.count, head.size) == (2, 3)


async def test_the_services_own_role_can_seal_and_publish(house: House, app_pool: asyncpg.Pool) -> None:
    await house.confirm(3)
    house.pool = app_pool
    await house.settle()
    assert (await house.row())["published_count"] == 3
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app_pool.execute("update entry set entry = 'A 1 x'")


async def test_a_batch_is_shuffled(house: House) -> None:
    people = await house.confirm(50)
    await house.seal()
    order = [await house.index(who) for who in people]
    assert sorted(order) == list(range(1, 51))
    assert order != sorted(order)


async def test_the_shuffle_is_the_dice_that_were_handed_in(house: House) -> None:
    people = await house.confirm(50)
    await ledger.seal(house.pool, house.log.id, AT_ONCE, rng=random.Random(7), at_once=True)
    expected = list(people)
    random.Random(7).shuffle(expected)
    order = {await house.index(who): who for who in people}
    assert [order[index] for index in sorted(order)] == expected


async def test_a_batch_of_ten_thousand_is_sealed_in_about_a_second(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    await house.confirm(10_000)
    start = time.perf_counter()
    sealed = await house.seal()
    took = time.perf_counter() - start
    with capsys.disabled():
        print(f"\n  a batch of 10,000: {took * 1000:.0f} ms")
    assert sealed is not None and sealed.count == 10_000
    start = time.perf_counter()
    await house.publish()
    path = await ledger.inclusion(house.pool, house.log.id, 7_777, 10_001)
    with capsys.disabled():
        print(f"  published, and one proof: {(time.perf_counter() - start) * 1000:.0f} ms")
    lines = await house.lines()
    merkle.verify_inclusion(merkle.leaf_hash(lines[7_777].encode()), 7_777, 10_001, path, (await house.row())["root"])
    await house.confirm(11_000)
    assert (await house.seal()).size == 20_001  # type: ignore[union-attr]
    assert await house.waiting() == 1_000
    assert (await house.seal()).size == 21_001  # type: ignore[union-attr]


# -- the order of a batch, and its rules -----------------------------------------------------------------------------------


async def test_levon_withdraws_before_his_leaf_is_sealed_and_it_waits_behind_it(house: House) -> None:
    (levon,) = await house.confirm()
    await house.change("W", levon, "signer")
    sealed = await house.seal()
    assert sealed is not None and sealed.count == 0
    assert [line[0] for line in await house.lines()] == ["T", "A", "W"]
    assert (await house.lines())[2] == f"W {await house.index(levon)} signer"


async def test_a_withdrawal_waits_as_long_as_its_leaf_does(house: House) -> None:
    (levon,) = await house.confirm()
    await house.change("W", levon, "signer")
    patient = ledger.Policy(10, timedelta(), None, timedelta())
    assert await house.seal(patient) is None
    assert await house.waiting() == 2
    await house.confirm(9)
    sealed = await house.seal(patient)
    assert sealed is not None and (sealed.added, sealed.count) == (10, 9)


async def test_a_batch_is_text_then_additions_then_changes_then_the_close(house: House) -> None:
    ani, levon = await house.confirm(2)
    await house.close()
    await house.change("X", ani, "duplicate")
    await house.change("R", ani)
    await house.change("X", ani, "fraud")
    await house.change("W", levon, "erased")
    async with db.transaction(house.pool) as connection:
        await house.text(connection, 2)
    await house.seal()
    assert "".join(line[0] for line in await house.lines()) == "TTAAXRXWZ"
    row = await house.row()
    assert (row["count"], row["added"], row["is_closed"], row["text_version"]) == (0, 2, True, 2)


async def test_the_close_waits_until_no_addition_waits(house: House) -> None:
    await house.close()
    await house.confirm(10_005)
    assert (await house.seal()).size == 10_000  # type: ignore[union-attr]
    assert not (await house.row())["is_closed"], "it was in the batch, and people still waited"
    await house.seal()
    assert (await house.lines())[-1] == "Z closed"
    assert (await house.row())["count"] == 10_005


async def test_erasing_waits_for_the_close_and_keeps_the_count(house: House) -> None:
    (ani,) = await house.confirm()
    await house.seal()
    await house.change("E", ani)
    assert await house.seal() is None
    await house.close()
    await house.seal()
    await house.seal()
    assert (await house.lines())[-2:] == ["Z closed", f"E {await house.index(ani)}"]
    assert (await house.row())["count"] == 1


async def _bad(house: House, kind: str, who: UUID | None = None, *, entry: bytes | None = None, reason: str | None = None) -> None:
    await house.pool.execute(
        'insert into outbox (log_id, kind, signature_id, entry, reason) values ($1, $2::text::"char", $3, $4, $5)',
        house.log.id,
        kind,
        who,
        entry,
        reason,
    )


async def test_every_row_that_would_make_the_log_invalid_is_set_aside_and_blocks_nobody(house: House) -> None:
    ani, levon, mariam, narek = await house.confirm(4)
    await house.seal()
    for kind, who, reason in (("W", ani, "signer"), ("X", levon, "bounced")):
        await house.change(kind, who, reason)  # type: ignore[arg-type]  # a literal each
    await house.seal()
    twin = (await house.lines())[await house.index(ani)].encode()
    other_version = b"A 2 " + twin.rpartition(b" ")[2]
    async with db.transaction(house.pool) as connection:
        await house.text(connection, 2)
    bad: list[tuple[str, UUID | None, bytes | None, str | None, str]] = [
        ("W", ani, None, "signer", "withdrawn-twice"),
        ("X", levon, None, "fraud", "invalidated-twice"),
        ("R", mariam, None, None, "reinstated-not-invalidated"),
        ("W", mariam, None, "tired", "entry-malformed"),
        ("A", uuid4(), twin, None, "commit-repeats"),
        ("A", uuid4(), other_version, None, "commit-repeats"),
        ("A", uuid4(), bytes(entries.Added(9, bytes(32))), None, "unknown-text"),
        ("A", uuid4(), b"A 1 short", None, "entry-malformed"),
        ("T", None, bytes(entries.Text(7, bytes(32))), None, "text-skips"),
        ("P", None, b"P 99999", None, "purge-ahead"),
        ("S", None, b"S x 1 y", None, "unknown-entry"),
    ]
    for kind, signer, entry, word, _ in bad:
        await _bad(house, kind, signer, entry=entry, reason=word)
    await house.confirm(2)
    await house.change("X", narek, "disposable")
    sealed = await house.seal()
    assert sealed is not None and (sealed.added, sealed.set_aside) == (2, len(bad))
    aside = await ledger.set_aside(house.pool)
    assert [row["reason"].split(":")[1] for row in aside] == [fault for *_, fault in bad]
    assert aside[0]["reason"] == "set-aside:withdrawn-twice:signer", "what it said stays readable"
    await house.publish()
    tally, _, _ = await served(house.pool, house.log)
    assert tally.count == (await house.row())["count"] == 3


async def test_rules_after_the_close_hold_across_batches(house: House) -> None:
    ani, levon, mariam = await house.confirm(3)
    await house.close()
    await house.seal()
    await house.change("E", ani)
    await house.change("W", levon, "signer")
    await house.seal()
    await house.change("E", ani)
    await house.change("E", levon)
    await house.change("W", ani, "erased")
    await house.change("X", ani, "fraud")
    await _bad(house, "A", uuid4(), entry=bytes(entries.Added(1, bytes(32))))
    await _bad(house, "T", entry=bytes(entries.Text(2, bytes(32))))
    await _bad(house, "Z", entry=b"Z again")
    await house.change("X", ani, "court-order")
    await house.seal()
    faults = {row["reason"].split(":")[1] for row in await ledger.set_aside(house.pool)}
    assert faults == {
        "erased-twice",
        "erased-not-counted",
        "withdrawn-after-erasure",
        "invalidated-after-erasure",
        "added-after-close",
        "text-after-close",
        "closed-twice",
    }
    await ledger.queue_purged(house.pool, house.log.id, (await house.row())["size"])  # type: ignore[arg-type]
    await house.seal()
    await house.change("W", mariam, "signer")
    await house.change("E", mariam)
    await house.change("R", ani)
    await house.seal()
    faults = {row["reason"].split(":")[1] for row in await ledger.set_aside(house.pool)}
    assert {"withdrawn-after-purge", "erased-after-purge"} <= faults
    await house.publish()
    tally, _, lines = await served(house.pool, house.log)
    assert lines[-1] == f"R {await house.index(ani)}".encode()
    assert tally.count == (await house.row())["count"] == 2


async def test_a_wrong_reason_is_refused_before_it_is_queued(house: House) -> None:
    (ani,) = await house.confirm()
    with pytest.raises(ValueError, match="reason"):
        await house.change("X", ani, "because")
    with pytest.raises(ValueError):
        await house.change("W", ani, "fraud")


async def test_any_story_of_changes_counts_as_the_model_says(house: House) -> None:
    dice = random.Random(11)
    people = await house.confirm(30)
    withdrawn: set[UUID] = set()
    invalidated: set[UUID] = set()
    for step in range(120):
        who = dice.choice(people)
        match dice.choice("WXRA"):
            case "W" if who not in withdrawn:
                await house.change("W", who, "signer")
                withdrawn.add(who)
            case "X" if who not in invalidated:
                await house.change("X", who, "fraud")
                invalidated.add(who)
            case "R" if who in invalidated:
                await house.change("R", who)
                invalidated.discard(who)
            case "A":
                people += await house.confirm()
        if step % 17 == 0:
            await house.seal()
    await house.settle()
    assert await ledger.set_aside(house.pool) == []
    tally, _, _ = await served(house.pool, house.log)
    assert tally.count == len(set(people) - withdrawn - invalidated) == (await house.row())["published_count"]


# -- when a batch is due ---------------------------------------------------------------------------------------------------


async def test_fewer_than_ten_wait_for_company_and_go_after_six_hours(house: House) -> None:
    usual = ledger.Policy.of(house.log.id)
    await house.pool.execute("update log set sealed_at = $1", NOON - timedelta(hours=9))
    await house.confirm(9, now=NOON)
    assert await house.seal(usual, now=NOON + timedelta(hours=5, minutes=59)) is None, "a lone +1 beside a watched mailbox tells who signed"
    sealed = await house.seal(usual, now=NOON + timedelta(hours=6))
    assert sealed is not None and sealed.added == 9
    await house.confirm(10, now=NOON + timedelta(hours=6))
    assert await house.seal(usual, now=NOON + timedelta(hours=6, seconds=59)) is None
    assert await house.seal(usual, now=NOON + timedelta(hours=6, seconds=60)) is not None


async def test_a_protected_petition_never_shows_fewer_than_twenty_but_at_its_close(pool: asyncpg.Pool, tmp_path: Path) -> None:
    house = await House(pool, tmp_path).open(is_protected=True)
    shy = ledger.Policy.of(house.log.id, is_protected=True)
    demo = ledger.Policy.of(house.log.id, is_protected=True, seal_seconds=2)
    await pool.execute("update log set sealed_at = $1", NOON)
    people = await house.confirm(19, now=NOON)
    for policy in (shy, demo):
        assert await house.seal(policy, now=NOON + timedelta(days=300)) is None
    await house.confirm(1, now=NOON)
    assert await house.seal(shy, now=NOON + timedelta(minutes=9)) is None
    assert (await house.seal(shy, now=NOON + timedelta(minutes=10))).added == 20  # type: ignore[union-attr]
    # A withdrawal goes after six hours; the few additions that wait do not go with it.
    later = NOON + timedelta(hours=1)
    await house.confirm(3, now=later)
    await ledger.queue_change(pool, house.log.id, "W", people[0], "signer", now=later)  # type: ignore[arg-type]
    assert await house.seal(shy, now=later + timedelta(hours=5)) is None
    sealed = await house.seal(shy, now=later + timedelta(hours=6))
    assert sealed is not None and (sealed.added, sealed.count) == (0, 19)
    assert await house.waiting() == 3
    await house.close()
    sealed = await house.seal(shy, now=later + timedelta(hours=6, seconds=1))
    assert sealed is not None and (sealed.added, sealed.count) == (3, 22)
    assert (await house.lines())[-1] == "Z closed"


async def test_a_new_text_is_sealed_at_once(pool: asyncpg.Pool, tmp_path: Path) -> None:
    house = await House(pool, tmp_path).open(is_protected=True, seal_text=False)
    assert await ledger.run_due(pool, house.keys, house.high_water)
    assert await house.lines() == [f"T 1 {'AQEB' * 10}AQE"]
    assert (await house.row())["published_size"] == 1


# -- races and crashes -----------------------------------------------------------------------------------------------------


async def test_twenty_sealers_at_once_give_every_leaf_one_place(house: House) -> None:
    for _ in range(20):
        people = await house.confirm(12)
        await asyncio.gather(*(house.seal() for _ in range(2)), house.publish(), house.publish())
        await house.seal()  # both may have met the log in a publisher's hands, and left it
        assert len({await house.index(who) for who in people}) == 12
    await asyncio.gather(*(house.settle() for _ in range(4)))
    tally, head, _ = await served(house.pool, house.log)
    assert (tally.count, head.size) == (240, 241)
    anchor = await house.row(ledger.ANCHOR)
    _, _, lines = await served(house.pool, ledger.Log(ledger.ANCHOR, anchor["origin"], anchor["vkey"]))
    announced = [line for line in lines if line[:1] == b"S"]
    assert len(announced) == len(set(announced)) > 0, "each published checkpoint is announced once"


async def test_a_row_that_commits_late_under_a_smaller_id_is_not_passed_over(house: House) -> None:
    async with house.pool.acquire() as slow:
        act = slow.transaction()
        await act.start()
        await house.confirm(1, connection=slow)
        await house.confirm(1)
        assert (await house.seal()).size == 2  # type: ignore[union-attr]
        await act.commit()
    assert (await house.seal()).size == 3  # type: ignore[union-attr]
    assert await house.waiting() == 0


async def _raise(_: House, step: str) -> None:
    raise ConnectionAbortedError(step)


async def _cut(house: House, _: str) -> None:
    """Every connection of this pool dies on the server, as in a failover."""
    other = await asyncpg.connect(house.url)
    try:
        await other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        )
    finally:
        await other.close()
    await asyncio.sleep(0.02)  # until this side has heard of it


@pytest.mark.parametrize("way", [_raise, _cut], ids=["raised", "cut"])
@pytest.mark.parametrize("step", ledger.STEPS)
async def test_a_break_at_any_step_loses_and_doubles_nothing(house: House, step: str, way: Callable[[House, str], Awaitable[None]]) -> None:
    people = await house.confirm(3)
    await house.settle()
    first = await ledger.checkpoint(house.pool, house.log.id)
    people += await house.confirm(4)
    await house.change("W", people[0], "signer")
    broken: list[str] = []

    async def fail(reached: str) -> None:
        if reached == step and not broken:
            broken.append(step)
            await way(house, step)

    with contextlib.suppress(*db.AWAY, asyncpg.PostgresError):
        await ledger.run_due(house.pool, house.keys, house.high_water, seal_seconds=0.001, fail=fail)
    assert broken == [step], "the step was reached"
    handed_out = await ledger.checkpoint(house.pool, house.log.id)
    await house.settle()
    tally, head, lines = await served(house.pool, house.log)
    assert (tally.count, head.size, await house.waiting()) == (6, 9, 0)
    assert sorted([await house.index(who) for who in people]) == [i for i, line in enumerate(lines) if line[:1] == b"A"]
    row = await house.row()
    assert (row["size"], row["count"], row["published_count"]) == (9, 6, 6)
    key = [note.parse_vkey(house.log.vkey)]
    for earlier in (first, handed_out):
        old = note.open_checkpoint(earlier, key)
        path = await ledger.consistency(house.pool, house.log.id, old.size, head.size)
        merkle.verify_consistency(old.size, old.root, head.size, head.root, path)
    anchor = await house.row(ledger.ANCHOR)
    _, _, announced = await served(house.pool, ledger.Log(ledger.ANCHOR, anchor["origin"], anchor["vkey"]))
    assert announced.count(bytes(entries.Anchored(head.origin, head.size, head.root))) == 1
    assert (await ledger.recount(house.pool, house.log.id)).differences == []


async def test_the_stored_note_wins_over_what_a_retry_would_sign(house: House) -> None:
    first = await house.publish()
    other = note.Signer("witness.example.org", bytes(32))
    checkpoint = (first or b"").split(b"\n\n")[0].decode() + "\n"
    both = note.sign(checkpoint, [note.Signer(house.log.origin, house.keys.log_key(house.log.id)), other])
    await house.pool.execute("update checkpoint_note set note = $1 where log_id = $2", both, house.log.id)
    assert await house.publish() == both


async def test_a_slow_publisher_takes_nothing_back(house: House) -> None:
    await house.confirm(2)
    await house.seal()

    async def another_is_faster(step: str) -> None:
        if step == "publish:signed":
            await house.confirm(2)
            await house.seal()
            await house.publish()

    slow = await ledger.publish(house.pool, house.keys, house.log.id, house.high_water, fail=another_is_faster)
    assert slow is not None and slow.split(b"\n")[1] == b"3"
    row = await house.row()
    assert (row["published_size"], row["published_count"]) == (5, 4)
    assert (house.high_water / house.log.id).read_text().split("\n")[1] == "5"
    assert (await ledger.checkpoint(house.pool, house.log.id)).split(b"\n")[1] == b"5"


# -- the fork guard --------------------------------------------------------------------------------------------------------


async def _restored(house: House, size: int) -> None:
    """The database as an older backup holds it; the folder outside it knows more."""
    for table in ("checkpoint_note", "checkpoint"):
        await house.pool.execute(f"delete from {table} where log_id = $1 and size > $2", house.log.id, size)
    lines = await house.pool.fetch("select idx, entry from entry where log_id = $1 order by idx", house.log.id)
    await house.pool.execute("delete from entry where log_id = $1 and idx >= $2", house.log.id, size)
    await house.pool.execute("delete from tile where log_id = $1", house.log.id)
    made = tiles.append(0, [merkle.leaf_hash(row["entry"]) for row in lines[:size]], lambda level, index: b"")
    for (level, index), hashes in made.items():
        await house.pool.execute("insert into tile values ($1, $2, $3, $4)", house.log.id, level, index, hashes)
    await house.pool.execute(
        "update log l set size = c.size, root = c.root, count = c.count, added = c.count, published_size = c.size, published_root = c.root"
        " from checkpoint c where c.log_id = l.id and c.size = $2 and l.id = $1",
        house.log.id,
        size,
    )


async def test_after_an_older_backup_is_restored_nothing_is_signed(house: House) -> None:
    await house.confirm(2)
    await house.settle()
    await house.confirm(2)
    await house.settle()
    await _restored(house, 3)
    with pytest.raises(ledger.Forked, match="signed up to 5"):
        await house.publish()
    await house.confirm(5)
    assert not await ledger.run_due(house.pool, house.keys, house.high_water, seal_seconds=0.001)
    assert (await house.row())["size"] == 3, "nothing is built on a restored backup"
    # Even when it is built upon, past the size that was signed, nothing is signed.
    await house.seal()
    assert (await house.row())["size"] == 8
    with pytest.raises(ledger.Forked, match="another root was signed for size 5"):
        await house.publish()
    assert await house.pool.fetchval("select max(size) from checkpoint_note where log_id = $1", house.log.id) == 3


async def test_a_forked_log_does_not_stop_the_others(house: House, tmp_path: Path) -> None:
    await house.settle()
    (house.high_water / house.log.id).write_text(f"{house.log.origin}\n9\n{'A' * 43}=\n")
    other = House(house.pool, tmp_path)
    await other.open(seal_text=False)
    await other.confirm(2)
    await house.confirm(2)
    await other.settle()
    assert (await other.row())["published_count"] == 2
    assert (await house.row())["published_count"] == 0


async def test_a_log_whose_key_is_missing_does_not_stop_the_others(house: House, tmp_path: Path) -> None:
    other = await House(house.pool, tmp_path).open(seal_text=False)
    await other.confirm(2)
    await house.confirm(2)
    (tmp_path / "keys" / "log" / house.log.id).unlink()
    house.keys = other.keys = Keys(tmp_path / "keys")
    await other.settle()
    assert (await other.row())["published_count"] == 2
    assert ((await house.row())["count"], (await house.row())["published_count"]) == (2, 0)


@pytest.mark.parametrize(
    ("memory", "why"),
    [
        ("{origin}\n9\n{root}\n", "signed up to 9"),
        ("{origin}\n3\n{other}\n", "another root"),
        ("elsewhere.example.org/ledger/x\n3\n{root}\n", "remembered as"),
        ("{origin}\n03\n{root}\n", "not readable"),
        ("", "not readable"),
    ],
)
async def test_a_memory_that_disagrees_stops_the_signing(house: House, memory: str, why: str) -> None:
    await house.confirm(2)
    await house.settle()
    file = house.high_water / house.log.id
    assert file.read_text().startswith(f"{house.log.origin}\n3\n")
    root = file.read_text().split("\n")[2]
    file.write_text(memory.format(origin=house.log.origin, root=root, other="B" + root[1:] if root[0] != "B" else "C" + root[1:]))
    await house.confirm(2)
    await house.seal()
    with pytest.raises(ledger.Forked, match=why):
        await house.publish()
    assert (await house.row())["published_size"] == 3


async def test_a_published_head_that_the_database_does_not_hold_stops_the_signing(house: House) -> None:
    await house.settle()
    await house.pool.execute("update log set published_size = 7 where id = $1", house.log.id)
    with pytest.raises(ledger.Forked, match="published up to 7"):
        await house.publish()
    await house.pool.execute("update log set published_size = 1, published_root = $2 where id = $1", house.log.id, bytes(32))
    with pytest.raises(ledger.Forked, match="published up to 1"):
        await house.publish()


async def test_nothing_is_built_on_a_wrong_tile(house: House) -> None:
    await house.confirm(5)
    await house.seal()
    before = await house.row()
    await house.pool.execute("update tile set hashes = set_byte(hashes, 40, 255 - get_byte(hashes, 40)) where log_id = $1", house.log.id)
    await house.confirm(5)
    with pytest.raises(ledger.Forked, match="another root"):
        await house.seal()
    assert (await house.row(), await house.waiting()) == (before, 5)


async def test_a_key_from_another_installation_signs_nothing(house: House, tmp_path: Path) -> None:
    stranger = Keys.create(tmp_path / "other-keys")
    stranger.new_log_key(house.log.id)
    with pytest.raises(Misconfigured, match="not the one"):
        await ledger.publish(house.pool, stranger, house.log.id, house.high_water)
    assert await house.pool.fetchval("select count(*) from checkpoint_note where log_id = $1", house.log.id) == 0


# -- what anyone may ask ---------------------------------------------------------------------------------------------------


async def test_only_what_is_published_is_served_and_partial_tiles_never_change(house: House) -> None:
    await house.confirm(300)
    await house.seal()
    with pytest.raises(NotFound):
        await ledger.checkpoint(house.pool, house.log.id)
    await house.publish()
    early = {width: await ledger.tile(house.pool, house.log.id, 0, 1, width) for width in (1, 20, 45)}
    bundle = await ledger.entries_tile(house.pool, house.log.id, 1, 45)
    await house.confirm(400)
    await house.seal()
    for ask in (
        ledger.tile(house.pool, house.log.id, 0, 1),
        ledger.tile(house.pool, house.log.id, 0, 1, 46),
        ledger.tile(house.pool, house.log.id, 1, 0, 2),
        ledger.tile(house.pool, house.log.id, 0, 2, 1),
        ledger.tile(house.pool, "nobody", 0, 0, 1),
        ledger.entries_tile(house.pool, house.log.id, 1, 46),
        ledger.inclusion(house.pool, house.log.id, 1, 302),
        ledger.inclusion(house.pool, house.log.id, 5, 5),
        ledger.consistency(house.pool, house.log.id, 1, 302),
        ledger.checkpoint(house.pool, house.log.id, 701),
    ):
        with pytest.raises(NotFound):
            await ask
    await house.publish()
    assert {width: await ledger.tile(house.pool, house.log.id, 0, 1, width) for width in early} == early
    assert await ledger.entries_tile(house.pool, house.log.id, 1, 45) == bundle
    assert len(await ledger.tile(house.pool, house.log.id, 0, 1)) == 8192
    assert len(await ledger.tile(house.pool, house.log.id, 1, 0, 2)) == 64


async def test_every_proof_at_every_published_size_leads_to_its_root(house: House) -> None:
    heads = []
    for more in (1, 5, 250, 1, 256, 3):
        await house.confirm(more)
        await house.seal()
        await house.publish()
        heads.append(note.open_checkpoint(await ledger.checkpoint(house.pool, house.log.id), [note.parse_vkey(house.log.vkey)]))
    lines = [line.encode() for line in await house.lines()]
    for head in heads:
        for index in {0, 1, head.size // 2, head.size - 1}:
            path = await ledger.inclusion(house.pool, house.log.id, index, head.size)
            merkle.verify_inclusion(merkle.leaf_hash(lines[index]), index, head.size, path, head.root)
        path = await ledger.consistency(house.pool, house.log.id, head.size, heads[-1].size)
        merkle.verify_consistency(head.size, head.root, heads[-1].size, heads[-1].root, path)
        assert note.open_checkpoint(await ledger.checkpoint(house.pool, house.log.id, head.size), [note.parse_vkey(house.log.vkey)]) == head


# -- the nightly recount ---------------------------------------------------------------------------------------------------


async def test_the_recount_agrees_finds_a_wrong_number_and_mends_it(house: House) -> None:
    people = await house.confirm(20)
    await house.change("W", people[0], "signer")
    await house.settle()
    right = await ledger.recount(house.pool, house.log.id)
    assert (right.tally.count, right.differences) == (19, [])
    await house.pool.execute("update log set count = count + 3, published_count = published_count - 1 where id = $1", house.log.id)
    wrong = await ledger.recount(house.pool, house.log.id, repairing=True)
    assert wrong.differences == ["count is 22, the entries give 19", "published_count is 18, the entries give 19"]
    assert (await ledger.recount(house.pool, house.log.id)).differences == []
    row = await house.row()
    assert (row["count"], row["published_count"]) == (19, 19)


async def test_the_recount_names_a_rewritten_entry(house: House) -> None:
    await house.confirm(5)
    await house.settle()
    await house.pool.execute(
        "update entry set entry = $2 where log_id = $1 and idx = 3", house.log.id, bytes(entries.Added(1, secrets.token_bytes(32)))
    )
    wrong = await ledger.recount(house.pool, house.log.id)
    assert any("is not the root" in line for line in wrong.differences)
    await house.pool.execute("update entry set entry = 'W 1 signer', kind = 'W' where log_id = $1 and idx = 1", house.log.id)
    with pytest.raises(Unproven, match="no-such-signature"):
        await ledger.recount(house.pool, house.log.id)


# -- two signatures, and keys that come and go ---------------------------------------------------------------------------------


async def keys_of(house: House, log_id: str = "") -> list[ledger.LogKey]:
    return [key for key in await ledger.public_keys(house.pool) if key.log_id == (log_id or house.log.id)]


async def test_a_checkpoint_is_signed_in_two_ways_and_each_is_enough(house: House) -> None:
    await house.settle()
    (key,) = await keys_of(house)
    signed = await ledger.checkpoint(house.pool, house.log.id)
    for vkey in (key.vkey, key.ml_dsa):
        assert note.open_checkpoint(signed, [note.parse_vkey(vkey)], house.log.origin).size == 1
    both = note.open(signed, [note.parse_vkey(key.vkey), note.parse_vkey(key.ml_dsa)])
    made_at = await house.pool.fetchval("select created_at from checkpoint where log_id = $1", house.log.id)
    assert both.unknown == () and both.times == ((house.log.origin, int(made_at.timestamp())),)


async def test_an_operator_may_do_without_the_second_signature_and_who_knows_of_it_demands_it(house: House) -> None:
    plain = await ledger.publish(house.pool, house.keys, house.log.id, house.high_water, ml_dsa=False)
    assert plain is not None and plain.count("— ".encode()) == 1
    await house.confirm(1)
    await house.settle()
    (key,) = await keys_of(house)
    known = [note.parse_vkey(key.vkey), note.parse_vkey(key.ml_dsa)]
    old = await ledger.checkpoint(house.pool, house.log.id, 1)
    assert note.open_checkpoint(old, known[:1], house.log.origin).size == 1
    assert note.open_checkpoint(old, known, house.log.origin, demanding=False).size == 1
    with pytest.raises(Unproven, match="note-downgraded"):
        note.open_checkpoint(old, known, house.log.origin)
    assert note.open_checkpoint(await ledger.checkpoint(house.pool, house.log.id), known[1:], house.log.origin).size == 2


async def test_a_log_changes_its_key_and_whoever_knows_the_old_one_can_follow(house: House, tmp_path: Path) -> None:
    await house.confirm(2)
    await house.settle()
    (old,) = await keys_of(house)
    before = await ledger.checkpoint(house.pool, house.log.id)
    new = await ledger.rotate(house.pool, house.keys, house.log.id)
    assert new.origin == old.origin and new.generation == 2 and not {new.vkey, new.ml_dsa} & {old.vkey, old.ml_dsa}
    with pytest.raises(Conflict, match="retire it first"):
        await ledger.rotate(house.pool, house.keys, house.log.id)
    with pytest.raises(Conflict, match="not been published"):
        await ledger.retire(house.pool, house.keys, house.log.id)
    await house.settle()
    head = await ledger.checkpoint(house.pool, house.log.id)
    assert head.startswith(before), "what was stored stays as it was; the new key signs below it"
    for key in (old, new):
        for vkey in (key.vkey, key.ml_dsa):
            assert note.open_checkpoint(head, [note.parse_vkey(vkey)], house.log.origin).size == 3
    anchor = await house.row(ledger.ANCHOR)
    _, _, lines = await served(house.pool, ledger.Log(ledger.ANCHOR, anchor["origin"], anchor["vkey"]))
    assert [line for line in lines if line[:1] == b"K"][-2:] == [f"K {new.vkey}".encode(), f"K {new.ml_dsa}".encode()]
    await house.confirm(1)
    await house.settle()
    both = note.open(await ledger.checkpoint(house.pool, house.log.id), [note.parse_vkey(each) for each in (old.vkey, new.vkey)])
    assert len(both.unknown) == 2, "while both are in force both sign, in both ways"
    assert await ledger.retire(house.pool, house.keys, house.log.id) == 1
    assert not (tmp_path / "keys" / "log" / house.log.id).exists()
    assert await ledger.retire(house.pool, house.keys, house.log.id) == 0
    await house.confirm(1)
    await house.settle()
    last = await ledger.checkpoint(house.pool, house.log.id)
    assert note.open_checkpoint(last, [note.parse_vkey(new.vkey)], house.log.origin).size == 5
    with pytest.raises(Unproven, match="note-unknown-key"):
        note.open(last, [note.parse_vkey(old.vkey)])
    retired = {key.generation: key.retired_at is not None for key in await keys_of(house)}
    assert retired == {1: True, 2: False}


async def test_the_anchors_own_key_changes_too(house: House) -> None:
    await house.settle()
    await ledger.rotate(house.pool, house.keys, ledger.ANCHOR)
    await house.settle()
    assert await ledger.retire(house.pool, house.keys, ledger.ANCHOR) == 1
    await house.confirm(1)
    await house.settle()
    new, old = await keys_of(house, ledger.ANCHOR)
    head = await ledger.checkpoint(house.pool, ledger.ANCHOR)
    assert note.open_checkpoint(head, [note.parse_vkey(new.vkey)]).size > 7
    assert old.retired_at is not None
