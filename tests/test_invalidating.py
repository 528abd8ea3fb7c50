"""Organizers take signatures out of the count and put them back, one or many; state, log and number agree at every step."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from ledger_house import House, served
from service import db, ledger, signatures
from service.errors import Conflict, Invalid, NotFound
from service.proof import entries, note
from service.signatures import Condition, invalidating

MINUTE = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
async def house(pool: asyncpg.Pool, database: str, tmp_path: Path) -> House:
    return await House(pool, tmp_path, database).open()


async def features(house: House, who: list[UUID], **values: object) -> None:
    # As in life: until its day is over, and only so long, the row of a signature has features.
    await house.pool.execute("update signature set operational_until = now() + interval '1 day' where id = any($1::uuid[])", who)
    for column, value in values.items():
        await house.pool.execute(f"update signature set {column} = $2 where id = any($1::uuid[])", who, value)


async def count(house: House) -> int:
    """The public number, after everything was sealed; the log recounted by a stranger says the same, and so do the states."""
    await house.settle()
    tally, _, _ = await served(house.pool, house.log)
    row = await house.row()
    counted = await house.pool.fetchval("select count(*) from signature where state = 'confirmed'")
    assert tally.count == row["published_count"] == counted
    assert (await ledger.recount(house.pool, house.log.id)).differences == []
    assert await signatures.disagreements(house.pool, house.petition) == []
    assert await ledger.set_aside(house.pool) == []
    return tally.count


async def test_a_flood_from_one_prefix_is_taken_out_and_put_back(house: House) -> None:
    people, flood = await house.confirm(20), await house.confirm(30)
    await features(house, flood, prefix=b"p" * 16, received_at=MINUTE)
    assert await count(house) == 50
    which = Condition(prefixes=(b"p" * 16,), received_from=MINUTE, received_until=MINUTE + timedelta(minutes=1))
    assert await invalidating.preview(house.pool, house.petition, which) == 30
    act = await invalidating.invalidate(house.pool, house.petition, uuid4(), which, "fraud", expected=30)
    assert (act.state, act.total) == ("ready", 30) and await count(house) == 50, "recording alone takes nobody out"
    seen: list[tuple[int, int]] = []
    act = await invalidating.carry_out(house.pool, act.id, batch=8, progress=lambda done, of: seen.append((done, of)))
    assert (act.state, act.done, act.passed_over) == ("done", 30, 0)
    assert seen == [(8, 30), (16, 30), (24, 30), (30, 30)]
    assert await count(house) == 20
    assert [line for line in await house.lines() if line[0] == "X"] == [f"X {index} fraud" for index in await _places_in_order(house, "X")]
    back = await invalidating.reverse(house.pool, uuid4(), act.id, expected=30)
    assert (await invalidating.carry_out(house.pool, back.id)).done == 30
    assert await count(house) == 50
    assert {await house.index(who) for who in people + flood} == set(range(1, 51)), "nobody moved"


async def _places_in_order(house: House, kind: str) -> list[int]:
    rows = await house.pool.fetch('select ref from entry where log_id = $1 and kind = $2::text::"char" order by idx', house.log.id, kind)
    return [row["ref"] for row in rows]


async def test_ten_thousand_are_invalidated_and_restored_and_count_and_log_agree(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    everybody = await house.confirm(10_000)
    await features(house, everybody, domain=b"d" * 16)
    assert await count(house) == 10_000
    which = Condition(domains=(b"d" * 16,))
    start = time.perf_counter()
    act = await invalidating.invalidate(house.pool, house.petition, uuid4(), which, "disposable", expected=10_000)
    await invalidating.carry_out(house.pool, act.id)
    with capsys.disabled():
        print(f"\n  10,000 invalidated: {time.perf_counter() - start:.1f} s")
    assert await signatures.disagreements(house.pool, house.petition) == [], "before the seal too"
    assert await count(house) == 0
    back = await invalidating.reverse(house.pool, uuid4(), act.id, expected=10_000)
    await invalidating.carry_out(house.pool, back.id)
    assert await count(house) == 10_000


@pytest.mark.parametrize(
    ("which", "how_many"),
    [
        (Condition(lanes=("slow",)), 3),
        (Condition(marks=("busy",)), 4),
        (Condition(marks=("busy", "no-proof")), 2),
        (Condition(lanes=("slow",), marks=("busy",)), 1),
        (Condition(days_from=MINUTE.date(), days_until=MINUTE.date()), 5),
        (Condition(text_versions=(1,)), 10),
        (Condition(text_versions=(2,)), 0),
        (Condition(received_from=MINUTE), 6),
        (Condition(received_until=MINUTE), 0),
    ],
)
async def test_what_a_condition_covers_is_what_it_says(house: House, which: Condition, how_many: int) -> None:
    people = await house.confirm(10)
    await features(house, people[:3], lane="slow")
    await features(house, people[2:6], marks=["busy"])
    await features(house, people[4:6], marks=["no-proof", "busy"])
    await features(house, people[5:], day=MINUTE.date())
    await features(house, people[:6], received_at=MINUTE)
    assert await invalidating.preview(house.pool, house.petition, which) == how_many
    assert await invalidating.preview(house.pool, uuid4(), which) == 0, "of another petition nobody"
    assert await invalidating.glance(house.pool, house.petition, which) == (how_many, True)
    assert await invalidating.glance(house.pool, uuid4(), which) == (0, True)


async def test_a_glance_says_when_it_has_not_seen_all_and_never_more_than_there_are(house: House) -> None:
    people = await house.confirm(10)
    await features(house, people, prefix=b"p" * 16)
    await features(house, people[:4], lane="slow")
    for which, exact in ((Condition(prefixes=(b"p" * 16,)), 10), (Condition(lanes=("slow",)), 4), (Condition(text_versions=(1,)), 10)):
        assert await invalidating.glance(house.pool, house.petition, which, most=10) == (exact, True)
        n, is_all = await invalidating.glance(house.pool, house.petition, which, most=9)
        assert not is_all and n <= exact
    with pytest.raises(Invalid):
        await invalidating.glance(house.pool, house.petition, Condition())


async def test_clusters_are_found_once_a_minute_by_one_worker(house: House) -> None:
    flood = await house.confirm(3)
    await features(house, flood, prefix=b"p" * 16, domain=b"d" * 16, marks=["busy", "slow"], received_at=MINUTE)
    await features(house, await house.confirm(1), prefix=b"q" * 16)

    async def found() -> set[tuple[str, str, int]]:
        return {(row["kind"], row["value"], row["n"]) async for row in signatures.q.clusters(house.pool, petition_id=house.petition)}

    assert await found() == set()
    assert sorted(await asyncio.gather(*(signatures.find_clusters(house.pool) for _ in range(4)))) == [False, False, False, True]
    assert await found() == {("prefixes", (b"p" * 16).hex(), 3), ("domains", (b"d" * 16).hex(), 3), ("marks", "busy,slow", 3)}
    await features(house, await house.confirm(2), prefix=b"p" * 16)
    assert not await signatures.find_clusters(house.pool), "it is not due"
    assert await signatures.find_clusters(house.pool, now=datetime.now(UTC) + timedelta(minutes=1))
    assert ("prefixes", (b"p" * 16).hex(), 5) in await found()
    await house.pool.execute("update signature set prefix = null, domain = null, marks = '{}', operational_until = null")
    assert await signatures.find_clusters(house.pool, now=datetime.now(UTC) + timedelta(minutes=2))
    assert await found() == set(), "what is forgotten of signatures is forgotten here"


async def test_one_alone_by_its_id(house: House) -> None:
    ani, levon = await house.confirm(2)
    act = await invalidating.invalidate(house.pool, house.petition, uuid4(), Condition(ids=(ani,)), "court-order", expected=1)
    await invalidating.carry_out(house.pool, act.id)
    assert await count(house) == 1
    assert await house.pool.fetchval("select state from signature where id = $1", levon) == "confirmed"


@pytest.mark.parametrize("which", [Condition(), Condition(ids=()), Condition(lanes=("slow",), marks=())])
async def test_no_act_is_for_everybody(house: House, which: Condition) -> None:
    await house.confirm(3)
    for ask in (
        invalidating.preview(house.pool, house.petition, which),
        invalidating.invalidate(house.pool, house.petition, uuid4(), which, "fraud", expected=3),
        invalidating.reinstate(house.pool, house.petition, uuid4(), which, expected=3),
    ):
        with pytest.raises(Invalid):
            await ask


async def test_what_was_approved_is_what_is_done_or_nothing(house: House) -> None:
    people = await house.confirm(3)
    await features(house, people, lane="slow")
    which = Condition(lanes=("slow",))
    await features(house, await house.confirm(1), lane="slow")  # one more, since the preview
    with pytest.raises(Conflict, match="4 signatures, not 3"):
        await invalidating.invalidate(house.pool, house.petition, uuid4(), which, "fraud", expected=3)
    with pytest.raises(Invalid):
        await invalidating.invalidate(house.pool, house.petition, uuid4(), which, "unbacked", expected=4)
    with pytest.raises(Conflict):
        await invalidating.invalidate(house.pool, house.petition, uuid4(), Condition(lanes=("api",)), "fraud", expected=0)
    assert await house.pool.fetchval("select count(*) from bulk_act") == 0
    act_id = uuid4()
    acts = await asyncio.gather(
        *(invalidating.invalidate(house.pool, house.petition, act_id, which, "fraud", expected=4) for _ in range(4))
    )
    assert {act.total for act in acts} == {4}
    await features(house, await house.confirm(1), lane="slow")  # too late to be covered
    assert (await invalidating.carry_out(house.pool, act_id)).done == 4
    with pytest.raises(Conflict, match="another act"):
        await invalidating.invalidate(house.pool, house.petition, act_id, which, "bounced", expected=1)
    with pytest.raises(NotFound):
        await invalidating.carry_out(house.pool, uuid4())
    assert await count(house) == 1


async def test_an_act_is_stopped_between_two_batches_and_goes_on_later(house: House) -> None:
    people = await house.confirm(10)
    act = await invalidating.invalidate(house.pool, house.petition, uuid4(), Condition(ids=tuple(people)), "bounced", expected=10)
    signal = asyncio.Event()
    half = await invalidating.carry_out(house.pool, act.id, batch=3, stop=signal, progress=lambda done, of: signal.set())
    assert (half.state, half.done) == ("ready", 3) and await count(house) == 7
    assert (await invalidating.stop(house.pool, act.id)).state == "stopped"
    assert (await invalidating.carry_out(house.pool, act.id)).done == 3, "stopped is stopped"
    assert (await invalidating.resume(house.pool, act.id)).state == "ready"
    assert (await invalidating.carry_out(house.pool, act.id, batch=3)).state == "done"
    assert (await invalidating.stop(house.pool, act.id)).state == "done"
    assert await count(house) == 0


async def test_four_hands_on_one_act_do_each_signature_once(house: House) -> None:
    people = await house.confirm(200)
    act = await invalidating.invalidate(house.pool, house.petition, uuid4(), Condition(ids=tuple(people)), "bounced", expected=200)
    await asyncio.gather(*(invalidating.carry_out(house.pool, act.id, batch=7) for _ in range(4)))
    done = await invalidating.act(house.pool, act.id)
    assert (done.state, done.done, done.passed_over) == ("done", 200, 0)
    assert await count(house) == 0


async def test_who_withdraws_meanwhile_is_passed_over_and_never_comes_back(house: House) -> None:
    ani, levon, mariam = await house.confirm(3)
    await house.settle()
    act = await invalidating.invalidate(house.pool, house.petition, uuid4(), Condition(ids=(ani, levon, mariam)), "fraud", expected=3)
    await signatures.q.withdraw(house.pool, id=ani, now=None)
    assert (await invalidating.carry_out(house.pool, act.id)).passed_over == 1
    await signatures.q.withdraw(house.pool, id=levon, now=None)  # an invalidated signature may be withdrawn too
    back = await invalidating.reverse(house.pool, uuid4(), act.id, expected=1)
    await invalidating.carry_out(house.pool, back.id)
    assert await count(house) == 1
    with pytest.raises(Conflict, match="0 signatures"):
        await invalidating.reverse(house.pool, uuid4(), act.id, expected=1)
    with pytest.raises(Conflict, match="only an invalidation"):
        await invalidating.reverse(house.pool, uuid4(), back.id, expected=1)


async def test_a_disagreement_between_state_and_log_is_found(house: House) -> None:
    ani, levon = await house.confirm(2)
    assert await count(house) == 2
    await house.pool.execute("update signature set state = 'invalidated' where id = $1", ani)
    assert await signatures.disagreements(house.pool, house.petition) == [
        f"a signature at place {await house.index(ani)} is invalidated, and the log says otherwise"
    ]
    await house.change("X", ani, "fraud")
    assert await signatures.disagreements(house.pool, house.petition) == []
    place = await house.index(levon)
    await house.pool.execute("delete from signature where id = $1", levon)
    assert await signatures.disagreements(house.pool, house.petition) == [f"place {place} counts, and no signature stands behind it"]


# -- after the close, and at the end ------------------------------------------------------------------------------------------------


async def test_after_the_close_an_erased_signature_counts_on(house: House) -> None:
    ani, levon, mariam = await house.confirm(3)
    await house.close()
    await house.settle()
    await signatures.q.erase(house.pool, id=ani, now=None)
    await signatures.q.erase(house.pool, id=ani, now=None)
    act = await invalidating.invalidate(house.pool, house.petition, uuid4(), Condition(ids=(levon,)), "bounced", expected=1)
    await invalidating.carry_out(house.pool, act.id)
    await signatures.q.erase(house.pool, id=levon, now=None)
    await house.settle()
    tally, _, lines = await served(house.pool, house.log)
    assert (tally.count, tally.erased_counted, tally.withdrawn) == (2, 1, {"signer": 0, "erased": 1})
    assert sorted(line[:1] for line in lines[5:]) == [b"E", b"W", b"X"]
    assert await signatures.disagreements(house.pool, house.petition) == []
    with pytest.raises(Conflict):
        await invalidating.invalidate(house.pool, house.petition, uuid4(), Condition(ids=(ani,)), "fraud", expected=1)
    assert await invalidating.preview(house.pool, house.petition, Condition(ids=(ani, levon, mariam))) == 1


async def test_only_a_court_takes_an_erased_signature_out_and_it_can_be_taken_back(house: House) -> None:
    ani, levon, mariam = await house.confirm(3)
    await house.seal()
    await signatures.q.erase(house.pool, id=mariam, now=None)  # before the close: she does not count, and no court is needed
    await house.close()
    await house.settle()
    await signatures.q.erase(house.pool, id=ani, now=None)
    await house.settle()
    place = await house.index(ani)
    for other in (await house.index(levon), await house.index(mariam), 999):
        with pytest.raises(Conflict, match="not-erased|no signature that was erased"):
            await signatures.court_order(house.pool, house.petition, other)
    with pytest.raises(Conflict):
        await signatures.court_order(house.pool, house.petition, place, taken_back=True)
    await signatures.court_order(house.pool, house.petition, place)
    with pytest.raises(Conflict):
        await signatures.court_order(house.pool, house.petition, place)  # it waits for the seal already
    await house.settle()
    tally, _, lines = await served(house.pool, house.log)
    assert lines[-1] == b"X %d court-order" % place and (tally.count, tally.erased_counted) == (1, 0)
    assert (await house.row())["published_count"] == 1 and await signatures.disagreements(house.pool, house.petition) == []
    await signatures.court_order(house.pool, house.petition, place, taken_back=True)
    await house.settle()
    tally, _, _ = await served(house.pool, house.log)
    assert (tally.count, tally.erased_counted) == (2, 1) == ((await house.row())["published_count"], 1)
    assert await signatures.disagreements(house.pool, house.petition) == []
    assert await house.pool.fetchval("select state from signature where id = $1", ani) == "erased"


async def test_at_the_end_of_retention_every_secret_is_gone_before_the_log_says_so(house: House) -> None:
    people = await house.confirm(25)
    await features(house, people, blob=b"sealed", key_id=1, sealed_blob=b"twice", email_index=None)
    for number, who in enumerate(people):
        await house.pool.execute("update signature set email_index = $2 where id = $1", who, bytes([number]) * 32)
        await house.pool.execute(
            "insert into token (hash, purpose, signature_id, expires_at) values ($1, 'manage', $2, now())", bytes([number]) * 32, who
        )
    await house.settle()
    with pytest.raises(Conflict, match="still open"):
        await signatures.end_retention(house.pool, house.petition, ledger.queue_purged)
    assert await house.pool.fetchval("select count(blob) from signature") == 25
    with pytest.raises(NotFound):
        await signatures.end_retention(house.pool, uuid4(), ledger.queue_purged)
    await signatures.q.withdraw(house.pool, id=people[0], now=None)
    await house.close()
    await house.settle()
    seen: list[int] = []
    size = (await house.row())["size"]
    assert (
        await signatures.end_retention(house.pool, house.petition, ledger.queue_purged, progress=lambda done, of: seen.append(done)) == size
    )
    left = await house.pool.fetchrow("select count(blob) + count(sealed_blob) + count(email_index) as n from signature")
    assert left is not None and left["n"] == 0 and seen == [24]
    assert await house.pool.fetchval("select count(*) from token") == 0
    await house.settle()
    assert (await house.lines())[-1] == f"P {size}"
    assert await signatures.end_retention(house.pool, house.petition, ledger.queue_purged) == size
    await signatures.q.withdraw(house.pool, id=people[1], now=None)
    await signatures.q.erase(house.pool, id=people[2], now=None)
    await house.settle()
    assert (await house.lines())[-1] == f"P {size}", "nothing that P forbids is queued"
    assert await count(house) == 24


async def test_a_crash_while_secrets_are_destroyed_leaves_nothing_told(house: House) -> None:
    people = await house.confirm(5)
    await features(house, people, blob=b"sealed", key_id=1)
    await house.close()
    await house.settle()

    async def breaks(*_: object, **__: object) -> None:
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await signatures.end_retention(house.pool, house.petition, breaks)
    await house.settle()
    assert (await house.lines())[-1] == "Z closed"
    await signatures.end_retention(house.pool, house.petition, ledger.queue_purged)
    await house.settle()
    assert (await house.lines())[-1] == "P 7"


# -- the same rules below the service ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "entry", "ref", "rule"),
    [
        ("A", "B 1 x", None, "entry-malformed"),
        ("Q", "Q 1", None, "unknown-entry"),
        ("S", "S x 1 y", None, "unknown-entry"),
        ("W", "W 1 signer", None, "entry-malformed"),
        ("W", "W 2 signer", 1, "entry-malformed"),
        ("W", "W 0 signer", 0, "no-such-signature"),
        ("W", "W 99 signer", 99, "no-such-signature"),
        ("W", "W 3 signer", 3, "entry_withdrawn"),
        ("W", "W 4 signer", 4, "withdrawn-after-erasure"),
        ("X", "X 2 fraud", 2, "invalidated-twice"),
        ("X", "X 4 fraud", 4, "invalidated-after-erasure"),
        ("R", "R 1", 1, "reinstated-not-invalidated"),
        ("E", "E 4", 4, "entry_erased"),
        ("E", "E 2", 2, "erased-not-counted"),
        ("E", "E 3", 3, "erased-not-counted"),
        ("T", "T 2 {fresh}", None, "added-after-close"),
        ("T", "T 7 {fresh}", None, "text-skips"),
        ("A", "A 1 {fresh}", None, "added-after-close"),
        ("A", "A 1 {twin}", None, "entry_commit"),
        ("A", "A 2 {fresh}", None, "unknown-text"),
        ("A", "A 01 {fresh}", None, "entry-malformed"),
        ("A", "A 1 short", None, "entry-malformed"),
        ("W", "W 1 tired", 1, "unknown-reason"),
        ("X", "X 1 signer", 1, "unknown-reason"),
        ("R", "R 01", 1, "entry-malformed"),
        ("Z", "Z again", None, "added-after-close"),
        ("P", "P 99", 99, "purge-ahead"),
    ],
)
async def test_the_database_itself_refuses_an_invalid_log(house: House, kind: str, entry: str, ref: int | None, rule: str) -> None:
    people = await house.confirm(4)
    await house.close()
    await house.settle()
    by_place = {await house.index(who): who for who in people}
    await house.change("X", by_place[2], "fraud")
    await house.change("W", by_place[3], "signer")
    await house.change("E", by_place[4])
    await house.settle()
    size = (await house.row())["size"]
    twin = (await house.lines())[1].rpartition(" ")[2]
    text = entry.format(twin=twin, fresh=bytes(entries.Added(1, bytes(32))).decode().rpartition(" ")[2])

    async def insert(at: int, kind: str, text: str, ref: int | None) -> None:
        await house.pool.execute(
            'insert into entry (log_id, idx, kind, entry, ref) values ($1, $2, $3::text::"char", $4, $5)',
            house.log.id, at, kind, text.encode(), ref,
        )  # fmt: skip

    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=rule):
        await insert(size, kind, text, ref)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="entry-skips"):
        await insert(size + 1, "X", "X 1 fraud", 1)
    await insert(size, "X", "X 1 fraud", 1)
    await insert(size + 1, "X", "X 4 court-order", 4)
    await insert(size + 2, "R", "R 4", 4)
    await insert(size + 3, "P", f"P {size}", size)
    for kind, text, name in (("W", "W 1 signer", "withdrawn-after-purge"), ("E", "E 1", "erased-after-purge")):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=name):
            await insert(size + 4, kind, text, 1)
    await insert(size + 4, "R", "R 1", 1)


async def test_a_log_without_a_text_cannot_begin_in_the_database_either(house: House) -> None:
    await house.pool.execute("insert into log (id, origin, vkey, root) values ('bare', 'x/ledger/bare', 'k', $1)", bytes(32))
    for kind, text in (("Z", "Z closed"), ("A", bytes(entries.Added(1, bytes(32))).decode())):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="text-missing"):
            await house.pool.execute(
                """insert into entry (log_id, idx, kind, entry) values ('bare', 0, $1::text::"char", $2)""", kind, text.encode()
            )


async def test_the_anchor_has_rules_of_its_own_in_the_sequencer_and_in_the_database(house: House) -> None:
    await house.confirm(1)
    await house.settle()
    lines = [row["entry"] for row in await house.pool.fetch("select entry from entry where log_id = 'anchor' order by idx")]
    heads = [line for line in lines if line.startswith(b"S ")]
    origin, size = house.log.origin, int(heads[-1].split(b" ")[2])
    other, digest = "petition.example.org/ledger/other", bytes([7] * 32)
    bad = (
        ("S", bytes(entries.Anchored(origin, size, digest)), "head-not-ahead"),
        ("S", bytes(entries.Anchored(origin, size - 1, digest)), "head-not-ahead"),
        ("S", bytes(entries.Anchored(other, 1, digest)), "head-without-key"),
        ("K", lines[0], "key-repeats"),
        ("S", heads[0], "head-not-ahead"),
        ("S", b"S x 1 y", "entry-malformed"),
    )
    for kind, entry, _ in bad:
        await house.pool.execute("""insert into outbox (log_id, kind, entry) values ('anchor', $1::text::"char", $2)""", kind, entry)
    async with db.transaction(house.pool) as connection:
        for _ in range(2):  # a repeat changes nothing
            await ledger.queue_certificate(connection, digest)
    await house.settle()
    told = [row["entry"] for row in await house.pool.fetch("select entry from entry where log_id = 'anchor' order by idx")]
    assert told == [*lines, bytes(entries.Certified(digest))], "one bad row does not hold up the others"
    aside = await ledger.set_aside(house.pool)
    assert [row["reason"].split(":")[1] for row in aside] == [name for _, _, name in bad]
    unique = {lines[0]: "entry_anchored", heads[0]: "entry_anchored"}
    for kind, entry, name in bad:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=unique.get(entry, name)):
            await house.pool.execute(
                """insert into entry (log_id, idx, kind, entry) values ('anchor', $1, $2::text::"char", $3)""", len(told), kind, entry
            )
    key = bytes(entries.Key(note.Signer(other, bytes([3] * 32)).vkey))
    for at, (kind, entry) in enumerate((("K", key), ("S", bytes(entries.Anchored(other, 1, digest)))), len(told)):
        await house.pool.execute(
            """insert into entry (log_id, idx, kind, entry) values ('anchor', $1, $2::text::"char", $3)""", at, kind, entry
        )


async def test_before_the_close_nothing_is_erased_while_it_counts(house: House) -> None:
    await house.confirm(1)
    await house.settle()
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="erased-before-close"):
        await house.pool.execute("insert into entry (log_id, idx, kind, entry, ref) values ($1, 2, 'E', 'E 1', 1)", house.log.id)
