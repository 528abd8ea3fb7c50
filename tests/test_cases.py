"""The prisoners' files: names in every script, dated history, what the family allows, numbers that are counted."""

from __future__ import annotations

import asyncio
import json
import struct
import zlib
from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid4

import asyncpg
import pytest

from service import cases, db, sponsors
from service.cases import Draft, Event
from service.errors import Conflict, Invalid, NotFound
from service.identity import Keys
from service.sponsors import Register

SOURCE = {"fr": "Source", "en": "Source", "hy": "Աղբյուր"}


def draft(slug: str = "sample-ani", **changes: object) -> Draft:
    whole = {
        "slug": slug, "category": "civilian", "name_hy": "Նմուշ Սարգսյան", "names": {"en": "Nmush Sargsyan", "fr": "Nmouch Sarkissian"},
        "consent": "story", "story": {"en": "A life."}, "is_sample": True, **changes,
    }  # fmt: skip
    return Draft(**whole)  # type: ignore[arg-type]


def event(kind: str = "captured", on: str = "2021-03-01", **changes: object) -> Event:
    day = date.fromisoformat(on)
    whole = {"kind": kind, "on": day, "as_of": day, "source": SOURCE, "source_url": "https://example.org/s", **changes}
    return Event(**whole)  # type: ignore[arg-type]


async def entered(pool: asyncpg.Pool, slug: str = "sample-ani", events: Sequence[Event] = (), **changes: object) -> UUID:
    async with db.transaction(pool) as connection:
        case_id = await cases.create(connection, draft(slug, **changes))
        await cases.publish(connection, case_id)
        for each in events or [event()]:
            await sponsors.record(connection, case_id, each)
    return case_id


async def seen(pool: asyncpg.Pool) -> sponsors.Snapshot:
    register = Register(pool)
    await register.refresh()
    return register.now


# -- names


@pytest.mark.parametrize(
    "typed",
    ["Սարգսյան", "ՍԱՐԳՍՅԱՆ", "sargsyan", "Sarkissian", "Sarkisian", "Sargsian", "Саргсян", "САРКИСЯН", "Sàrgsyán", "Sargsjan", "sargs"],
)
def test_a_name_is_found_by_any_spelling_in_any_script(typed: str) -> None:
    index = cases.Index([("he", ["Նմուշ Սարգսյան"]), ("she", ["Անի Պետրոսյան"])])
    assert index.find(typed) == ["he"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Petrosyan", "Պետրոսյան"), ("Petrossian", "Պետրոսյան"), ("Khachatryan", "Խաչատրյան"), ("Khatchatrian", "Խաչատրյան"),
        ("Hovhannisyan", "Հովհաննիսյան"), ("Hovannisian", "Հովհաննիսյան"), ("Voskanyan", "Ոսկանյան"), ("Yeghiazaryan", "Եղիազարյան"),
        ("Ghukasyan", "Ղուկասյան"), ("Ghoukassian", "Ղուկասյան"), ("Tsaturyan", "Ծատուրյան"), ("Дзагоян", "Ձագոյան"),
        ("Jean-Pierre", "JEAN PIERRE"), ("O’Neil", "ONEIL"), ("Müller", "muller"), ("Sargis", "Սարգիս"), ("Levon", "Լևոն"), ("Levon", "Լեւոն"),
    ],
)  # fmt: skip
def test_two_spellings_of_one_name_find_each_other(one: str, other: str) -> None:
    assert cases.Index([("x", [other])]).find(one) == ["x"], (cases.fold(one), cases.fold(other))
    assert cases.Index([("x", [one])]).find(other) == ["x"], (cases.fold(one), cases.fold(other))


def test_other_names_are_not_found_and_the_closest_spelling_comes_first() -> None:
    index = cases.Index([("sarkis", ["Sarkissian"]), ("sargs", ["Sargsyan"]), ("levon", ["Levon"])])
    assert index.find("Sargsyan") == ["sargs", "sarkis"]
    assert index.find("Petrosyan") == []
    assert index.find("Levon Sargsyan") == []
    assert index.find("") == ["sarkis", "sargs", "levon"]
    assert index.find("\0 <script>") == []


# -- a case's life


async def test_what_the_family_did_not_agree_to_is_not_public(pool: asyncpg.Pool) -> None:
    await entered(pool, "none", consent="none")
    await entered(pool, "name", consent="name")
    await entered(pool, "story", consent="story")
    register = await seen(pool)
    assert {case.slug: bool(case.story) for case in register.cases} == {"name": False, "story": True}
    with pytest.raises(NotFound):
        register.case("none")
    assert register.numbers.prisoners.held == 3, "a number names nobody, so all of them are counted"


async def test_a_draft_is_neither_shown_nor_counted(pool: asyncpg.Pool) -> None:
    async with db.transaction(pool) as connection:
        case_id = await cases.create(connection, draft())
        await cases.record(connection, case_id, event())
    register = await seen(pool)
    assert register.cases == ()
    assert register.numbers.prisoners.held == 0


@pytest.mark.parametrize(
    "changes",
    [{"name_hy": ""}, {"name_hy": "Sargsyan"}, {"names": {}}, {"category": "hostage"}, {"consent": "perhaps"}],
)
async def test_a_file_without_what_it_needs_is_refused(pool: asyncpg.Pool, changes: dict[str, object]) -> None:
    async with db.transaction(pool) as connection:
        with pytest.raises(Invalid):
            await cases.create(connection, draft(**changes))


@pytest.mark.parametrize(
    "wrong",
    [
        event(source_url=""), event(source_url="javascript:alert(1)"), event(kind="retracted"), event(on="2999-01-01"),
        event(as_of=date(2020, 1, 1)), event(precision="minute"),
    ],
)  # fmt: skip
async def test_nothing_is_said_without_a_source_and_a_day(pool: asyncpg.Pool, wrong: Event) -> None:
    case_id = await entered(pool)
    async with db.transaction(pool) as connection:
        with pytest.raises(Invalid):
            await cases.record(connection, case_id, wrong)


async def test_the_same_news_entered_twice_stands_once(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool)

    async def enter() -> UUID | None:
        async with db.transaction(pool) as connection:
            return await sponsors.record(connection, case_id, event("released", "2022-01-01"))

    answers = await asyncio.gather(enter(), enter(), enter())
    assert sum(answer is not None for answer in answers) == 1
    (case,) = (await seen(pool)).cases
    assert [each.kind for each in case.events] == ["captured", "released"]


async def test_a_correction_takes_the_place_of_what_it_corrects_and_both_rows_stay(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool)
    async with db.transaction(pool) as connection:
        wrong = await cases.record(connection, case_id, event("sentenced", "2021-07-01"))
        await cases.record(connection, case_id, event("sentenced", "2021-07-02"), corrects=wrong)
    (case,) = (await seen(pool)).cases
    assert [each.on.isoformat() for each in case.events] == ["2021-03-01", "2021-07-02"]
    with pytest.raises(Conflict):
        async with db.transaction(pool) as connection:
            await cases.record(connection, case_id, event("sentenced", "2021-07-03"), corrects=wrong)
    async with db.transaction(pool) as connection:
        await cases.retract(connection, case_id, case.events[1].id or uuid4())
    (case,) = (await seen(pool)).cases
    assert [each.kind for each in case.events] == ["captured"]
    assert await pool.fetchval("select count(*) from case_event") == 4
    with pytest.raises(NotFound):
        async with db.transaction(pool) as connection:
            await cases.retract(connection, case_id, uuid4())


async def test_the_clock_runs_from_capture_to_release(pool: asyncpg.Pool) -> None:
    await entered(pool, "held")
    await entered(pool, "free", [event(), event("released", "2021-03-31")])
    register = await seen(pool)
    assert register.case("held").days(date(2021, 4, 10)) == 40
    assert register.case("free").days(date(2021, 4, 10)) == 30
    assert not register.case("free").is_held


async def test_numbers_are_counted_with_their_day_and_source(pool: asyncpg.Pool) -> None:
    async with db.transaction(pool) as connection:
        await cases.write_fact(connection, "start", {"on": "2022-12-31"})
    for number in range(3):
        await entered(pool, f"held-{number}")
    await entered(pool, "free", [event(), event("released", "2023-12-07", as_of=date(2023, 12, 8), source_url="https://example.org/free")])
    await entered(pool, "dead", [event(), event("died", "2022-05-01")])
    await entered(pool, "new", [event(on="2023-06-05")])
    await entered(pool, "lost", category="disappeared")
    group = (await seen(pool)).numbers.prisoners
    assert (group.held, group.first, group.released, group.died) == (4, 4, 1, 1)
    assert (group.as_of, group.source_url) == (date(2023, 12, 8), "https://example.org/free")
    assert (await seen(pool)).numbers.disappeared.held == 1


async def test_an_old_address_leads_on_and_is_nobody_elses(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool, "old")
    async with db.transaction(pool) as connection:
        await cases.rename(connection, case_id, "new")
        await cases.rename(connection, case_id, "newest")
        with pytest.raises(Conflict):
            await cases.create(connection, draft("old"))
    register = await seen(pool)
    assert register.leads_to("old") == register.leads_to("new") == "newest"
    assert register.leads_to("newest") is None
    async with db.transaction(pool) as connection:
        await cases.rename(connection, case_id, "old")
    assert (await seen(pool)).leads_to("newest") == "old", "back again"


async def test_two_files_of_one_person_become_one_and_its_spellings_go_along(pool: asyncpg.Pool) -> None:
    one = await entered(pool, "one", name_hy="Նմուշ Օրինակյան", names={"en": "Orinakyan"})
    two = await entered(pool, "two")

    async def merge(old: UUID, into: UUID) -> None:
        async with db.transaction(pool) as connection:
            await sponsors.merge(connection, old, into)

    answers = await asyncio.gather(merge(one, two), merge(two, one), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "NoneType"]
    register = await seen(pool)
    (left,) = register.cases
    gone = "one" if left.slug == "two" else "two"
    assert register.leads_to(gone) == left.slug
    assert register.find("Orinakian") == register.find("Sarkissian") == [left]
    assert register.numbers.prisoners.held == 1


async def test_a_case_that_was_taken_down_leaves_nothing_but_the_count(pool: asyncpg.Pool, tmp_path: object) -> None:
    case_id = await entered(pool, "gone")
    picture = cases.clean(png())
    async with db.transaction(pool) as connection:
        await cases.photo(connection, case_id, picture, credit="Ani", licence="CC BY 4.0")
    assert (await seen(pool)).pictures == {picture.hash}
    async with db.transaction(pool) as connection:
        await cases.take_down(connection, case_id)
    register = await seen(pool)
    with pytest.raises(sponsors.register.Gone):
        register.case("gone")
    assert register.pictures == frozenset()
    assert await pool.fetchval("select count(*) from picture") == 0
    assert await pool.fetchval("select story::text from case_file") == "{}"
    assert register.numbers.prisoners.held == 1
    with pytest.raises(Conflict):
        async with db.transaction(pool) as connection:
            await cases.edit(connection, case_id, draft("gone"))


async def test_a_request_to_take_down_is_decided_once_and_forgets_who_asked(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool)
    request_id = uuid4()
    async with db.transaction(pool) as connection:
        await cases.ask_take_down(connection, request_id, case_id, b"sealed", "en")
        await cases.ask_take_down(connection, request_id, case_id, b"sealed again", "en")
    assert [row["payload"] for row in await cases.requests(pool)] == [b"sealed"]
    async with db.transaction(pool) as connection:
        await cases.decide_request(connection, request_id, outcome="taken-down")
    with pytest.raises(Conflict):
        async with db.transaction(pool) as connection:
            await cases.decide_request(connection, request_id, outcome="kept")
    assert await pool.fetchval("select payload from case_request") is None
    assert await pool.fetchval("select state from case_file") == "taken-down"


async def test_private_notes_are_sealed_and_in_no_public_row(pool: asyncpg.Pool, tmp_path: object) -> None:
    keys = Keys.create(tmp_path / "keys")  # type: ignore[operator]
    case_id = await entered(pool)
    async with db.transaction(pool) as connection:
        await cases.write_notes(connection, keys, case_id, cases.Private(health="asthma", family="a sister"))
    stored = await pool.fetchval("select notes from case_file")
    assert b"asthma" not in stored
    assert cases.open_notes(keys, case_id, stored).family == "a sister"
    assert "asthma" not in repr(cases.open_notes(keys, case_id, stored))
    public = [dict(row) async for row in cases.q.public_cases(pool)]
    assert "notes" not in public[0]


async def test_what_changed_can_be_read_from_where_one_stopped(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool)
    async with db.transaction(pool) as connection:
        await cases.record(connection, case_id, event("released", "2022-01-01"))
    assert [row async for row in cases.changed(pool, 0)] == [], "younger than ten seconds: an earlier number may still be committed"
    await pool.execute("update case_change set at = at - interval '1 minute'")
    rows = [row async for row in cases.changed(pool, 0)]
    assert [(row["kind"], row["status"]) for row in rows] == [("published", None), ("status", "captured"), ("status", "released")]
    assert [row["id"] async for row in cases.changed(pool, rows[1]["id"])] == [rows[2]["id"]]
    assert json.loads(json.dumps(rows[2]["slug"])) == "sample-ani"


async def test_the_registers_number_moves_with_every_change_and_only_then(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool)
    register = Register(pool)
    await register.refresh()
    first, copy = register.version, register.now
    await register.refresh()
    assert register.now is copy
    with pytest.raises(RuntimeError):
        async with db.transaction(pool) as connection:
            await cases.rename(connection, case_id, "other")
            raise RuntimeError
    await register.refresh()
    assert register.version == first, "what was rolled back never was"
    async with db.transaction(pool) as connection:
        await cases.rename(connection, case_id, "other")
    await register.refresh()
    assert register.version > first
    assert register.now.case("other")


# -- pictures


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*more: bytes, width: int = 2, height: int = 2) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(more) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def jpeg(*more: bytes) -> bytes:
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 8 + 3, 8, 20, 30, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8" + b"\xff\xe0\x00\x10JFIF\0" + bytes(9) + b"".join(more) + frame + b"\xff\xda\x00\x08" + bytes(6) + b"xx\xff\xd9trailer"
    )


def test_where_a_photo_was_taken_is_cut_out() -> None:
    exif = b"\xff\xe1" + struct.pack(">H", 2 + 10) + b"Exif\0\0GPS!"
    cleaned = cases.clean(jpeg(exif))
    assert b"GPS" not in cleaned.content
    assert b"trailer" not in cleaned.content
    assert (cleaned.width, cleaned.height, cleaned.media_type) == (30, 20, "image/jpeg")
    cleaned = cases.clean(png(chunk(b"eXIf", b"GPS!"), chunk(b"tEXt", b"Author\0Ani")))
    assert b"GPS" not in cleaned.content
    assert b"Ani" not in cleaned.content
    assert cleaned.content == png()


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload=alert(1)>", b"GIF89a", png()[:-3], png()[:30], jpeg()[:20], png(width=9000), b"\xff\xd8\xff\xff\xff", bytes(3_000_001)]
)  # fmt: skip
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        cases.clean(content)


async def test_a_photo_needs_its_credit_and_licence(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool)
    with pytest.raises(Invalid):
        async with db.transaction(pool) as connection:
            await cases.photo(connection, case_id, cases.clean(png()))
