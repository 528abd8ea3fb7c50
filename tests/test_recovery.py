"""An older backup is restored: what was published stands, nobody is counted twice, and the log goes on from where it was."""

from __future__ import annotations

import random
import shutil
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx2
import pytest

from conftest import Database, Server
from ledger_house import House, served
from service import db, ledger, signatures
from service.errors import NotFound, Unproven
from service.ledger import recovery
from service.proof import entries, merkle, note, tiles


@dataclass
class Story:
    """An installation whose backup of Monday is restored after what happened on Tuesday was published."""

    house: House
    published: Path
    people: dict[str, UUID]
    lost: list[bytes]
    old_note: bytes

    async def repair(self, fail: Callable[[str], Awaitable[None]] | None = None, place: Path | None = None) -> list[recovery.Repaired]:
        async with httpx2.AsyncClient(timeout=60) as client:
            read = recovery.source(str(place or self.published), client)
            given = {} if fail is None else {"fail": fail}
            return await recovery.repair(self.house.pool, read, self.house.high_water, **given)

    async def everything(self) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = []
        for table in ("log", "entry", "tile", "checkpoint", "checkpoint_note", "outbox", "signature", "incident"):
            found += [(table, *row) for row in await self.house.pool.fetch(f"select * from {table} order by 1, 2")]
        return found


async def publish_files(house: House, folder: Path) -> None:
    """The files as a mirror or a CDN keeps them."""
    for log in (house.log.id, ledger.ANCHOR):
        signed = await ledger.checkpoint(house.pool, log)
        size = int(signed.split(b"\n")[1])
        (folder / log).mkdir(parents=True, exist_ok=True)
        (folder / log / "checkpoint").write_bytes(signed)
        for index in range(-(-size // 256)):
            width = min(256, size - index * 256)
            file = folder / log / tiles.entries_path(index, width)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(await ledger.entries_tile(house.pool, log, index, width))


@pytest.fixture
async def story(server: Server, fresh_database: Database, tmp_path: Path) -> AsyncIterator[Story]:
    backup = f"backup_{uuid4().hex[:8]}"
    async with db.open_pool(fresh_database.url, high=4) as pool:
        house = await House(pool, tmp_path).open()
        names = ("ani", "levon", "mariam", "narek", "gayane")
        people = dict(zip(names, await house.confirm(5), strict=True))
        await house.settle()
        old_note = await ledger.checkpoint(pool, house.log.id)
        # These wait when the backup is made.
        people |= dict(zip(("sona", "tigran", "vahan"), await house.confirm(3), strict=True))
        await signatures.q.withdraw(pool, id=people["gayane"], now=None)
    await server.create(backup, fresh_database.name)
    try:
        async with db.open_pool(fresh_database.url, high=4) as pool:
            # Tuesday: those who waited are sealed, others come and go, and then the disk is lost.
            house.pool = pool
            await house.settle()
            await signatures.q.withdraw(pool, id=people["ani"], now=None)
            await signatures.q.erase(pool, id=people["sona"], now=None)
            await house.pool.execute("update signature set state = 'invalidated' where id = $1", people["levon"])
            await house.change("X", people["levon"], "fraud")
            lost = [bytes(entries.Added(1, bytes([number]) * 32)) for number in range(4)]
            for line in lost:
                await signatures_with_leaf(house, line)
            await house.settle()
            gone = await pool.fetchval("select id from signature where log_index = (select idx from entry where entry = $1)", lost[3])
            await signatures.q.withdraw(pool, id=gone, now=None)
            await house.settle()
            published = tmp_path / "published-copy"
            await publish_files(house, published)
        async with db.open_pool(server.owner(backup), high=8) as pool:
            house.pool = pool
            yield Story(house, published, people, lost, old_note)
    finally:
        await server.drop(backup)


async def signatures_with_leaf(house: House, line: bytes) -> UUID:
    (who,) = await house.confirm(1)
    await house.pool.execute("update outbox set entry = $2 where signature_id = $1", who, line)
    return who


async def test_what_was_published_comes_back_and_the_log_goes_on(story: Story) -> None:
    house = story.house
    with pytest.raises(ledger.Forked):
        await ledger.guard(house.pool, house.log.id, house.high_water)
    copy = (story.published / house.log.id / "checkpoint").read_bytes()
    done = {each.log_id: each for each in await story.repair()}
    mine = done[house.log.id]
    assert (mine.old_size, mine.backed, mine.unbacked, mine.waiting) == (6, 3, 3, 0)
    assert mine.size == int(copy.split(b"\n")[1])
    assert await ledger.checkpoint(house.pool, house.log.id) == copy, "byte for byte, with the signature that was handed out"
    assert ledger.ANCHOR in done
    await house.settle()
    tally, head, lines = await served(house.pool, house.log)
    # Narek, Mariam, Tigran and Vahan count; three strangers were lost with the backup, a fourth had withdrawn anyway.
    assert tally.count == 4 == (await house.row())["published_count"]
    assert tally.invalidated["unbacked"] == 3
    states = {name: await house.pool.fetchval("select state from signature where id = $1", who) for name, who in story.people.items()}
    assert states == {
        "ani": "withdrawn", "levon": "invalidated", "mariam": "confirmed", "narek": "confirmed", "gayane": "withdrawn",
        "sona": "erased", "tigran": "confirmed", "vahan": "confirmed",
    }  # fmt: skip
    assert await signatures.disagreements(house.pool, house.petition) == []
    assert await ledger.set_aside(house.pool) == []
    assert (await ledger.recount(house.pool, house.log.id)).differences == []
    key = [note.parse_vkey(house.log.vkey)]
    for earlier in (story.old_note, copy):
        old = note.open_checkpoint(earlier, key)
        path = await ledger.consistency(house.pool, house.log.id, old.size, head.size)
        merkle.verify_consistency(old.size, old.root, head.size, head.root, path)
    anchor = await house.row(ledger.ANCHOR)
    _, _, told = await served(house.pool, ledger.Log(ledger.ANCHOR, anchor["origin"], anchor["vkey"]))
    announced = [line for line in told if line.startswith(b"S ")]
    assert len(announced) == len(set(announced)) and bytes(entries.Anchored(head.origin, head.size, head.root)) in announced
    incident = await ledger.incidents(house.pool, house.log.id)
    assert incident[0]["unbacked"] == 3 and incident[0]["kind"] == "restored" and incident[0]["size"] == mine.size
    # The house lives on.
    await house.confirm(10)
    await house.settle()
    assert (await house.row())["published_count"] == 14
    assert len(lines) < (await house.row())["published_size"]
    assert await story.repair() == [], "a second time there is nothing to do"


async def test_who_was_lost_presses_again_and_gets_her_own_leaf_back(story: Story) -> None:
    house = story.house
    await story.repair()
    await house.settle()
    before = (await house.row())["published_count"]
    mariam = await signatures_with_leaf(house, story.lost[0])  # her link of Tuesday still works: the same secret, the same leaf
    await house.settle()
    assert (await house.row())["published_count"] == before + 1
    tally, _, lines = await served(house.pool, house.log)
    assert lines[-1] == f"R {await house.index(mariam)}".encode() and lines.count(story.lost[0]) == 1
    assert (tally.added, tally.reinstated) == (12, 1)
    assert await signatures.disagreements(house.pool, house.petition) == []
    # The one who had withdrawn is not brought back by it.
    await signatures_with_leaf(house, story.lost[3])
    await house.settle()
    assert [row["reason"] for row in await ledger.set_aside(house.pool)] == ["set-aside:commit-repeats"]
    assert (await house.row())["published_count"] == before + 1


async def test_a_zip_and_an_address_serve_as_well(story: Story, tmp_path: Path) -> None:
    packed = tmp_path / "ledger.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for path in sorted(story.published.rglob("*")):
            if path.is_file():
                file.write(path, f"site/ledger/{path.relative_to(story.published)}")
    assert len(await story.repair(place=packed)) == 2
    with pytest.raises(NotFound):
        await story.repair(place=tmp_path / "nowhere")


def _flip(file: Path, at: int = -3) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("break_it", "name"),
    [
        ("entry", "root-differs|entry-malformed|entry-bundle|unknown-reason|unknown-entry|no-such"),
        ("anchor entry", "root-differs|entry-malformed|entry-bundle|unknown-entry"),
        ("signature", "note-signature"),
        ("size", "note-signature"),
        ("missing bundle", "file-missing"),
        ("missing checkpoint", "file-missing"),
        ("older copy", "copy-behind"),
        ("another history", "root-differs"),
        ("another log", "note-unknown-key"),
    ],
)
async def test_when_the_published_files_do_not_verify_nothing_is_touched(story: Story, break_it: str, name: str) -> None:
    house = story.house
    folder = story.published / house.log.id
    bundle = next((folder / "tile" / "entries").rglob("*.p/*"))
    match break_it:
        case "entry":
            _flip(bundle)
        case "anchor entry":
            _flip(next((story.published / "anchor" / "tile" / "entries").rglob("*.p/*")))
        case "signature":
            file = folder / "checkpoint"
            text = file.read_bytes()
            at = text.index(b"\xe2\x80\x94") + len(house.log.origin) + 20
            file.write_bytes(text[:at] + (b"A" if text[at : at + 1] != b"A" else b"B") + text[at + 1 :])
        case "size":
            file = folder / "checkpoint"
            file.write_bytes(file.read_bytes().replace(b"\n", b"\n1", 1))
        case "missing bundle":
            bundle.unlink()
        case "missing checkpoint":
            (folder / "checkpoint").unlink()
        case "older copy":
            (folder / "checkpoint").write_bytes(story.old_note)
        case "another history":
            await house.confirm(2)
            await ledger.seal(house.pool, house.log.id, ledger.Policy(), rng=random.Random(1), at_once=True)
        case "another log":
            shutil.copy(story.published / "anchor" / "checkpoint", folder / "checkpoint")
    before = await story.everything()
    with pytest.raises(Unproven, match=name):
        await story.repair()
    assert await story.everything() == before


@pytest.mark.parametrize("step", recovery.REPAIR_STEPS)
async def test_a_break_at_any_step_of_the_repair_is_finished_by_the_next(story: Story, step: str) -> None:
    house, broken = story.house, list[str]()

    async def fail(reached: str) -> None:
        if reached == step and not broken:
            broken.append(step)
            raise ConnectionAbortedError(step)

    with pytest.raises(ConnectionAbortedError):
        await story.repair(fail)
    await house.pool.execute("select 1")
    await story.repair()
    await house.settle()
    tally, _, _ = await served(house.pool, house.log)
    assert (tally.count, tally.invalidated["unbacked"]) == (4, 3)
    assert await signatures.disagreements(house.pool, house.petition) == []
    assert await house.pool.fetchval("select count(*) from incident where log_id = $1", house.log.id) == 1
    assert (await house.row())["published_count"] == 4


async def test_without_the_memory_outside_the_database_the_copy_alone_is_enough(story: Story) -> None:
    shutil.rmtree(story.house.high_water)
    assert len(await story.repair()) == 2
    await story.house.settle()
    assert (story.house.high_water / story.house.log.id).is_file()
    assert (await story.house.row())["published_count"] == 4


async def test_a_log_that_lost_nothing_is_left_alone(server: Server, fresh_database: Database, tmp_path: Path) -> None:
    async with db.open_pool(fresh_database.url, high=4) as pool:
        house = await House(pool, tmp_path).open()
        await house.confirm(3)
        await house.settle()
        await publish_files(house, tmp_path / "copy")
        await house.confirm(3)
        await house.seal()
        one = Story(house, tmp_path / "copy", {}, [], b"")
        before = await one.everything()
        assert await one.repair() == []
        assert await one.everything() == before
        assert isinstance(house.pool, asyncpg.Pool)
