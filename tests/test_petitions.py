"""A petition's life: opened, paused, closed; its published words stay as they are."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from service import db, petitions, sample
from service.errors import Conflict, NotFound
from service.identity import Keys
from service.petitions import Shelf
from service.settings import load

NOW = datetime.now(UTC).replace(microsecond=0)


def texts(word: str = "free") -> dict[str, petitions.Text]:
    return {lang: petitions.Text(f"{word} ({lang})", "s", f"We ask: {word}\n", "c", "p") for lang in ("fr", "en", "hy")}


async def new(pool: asyncpg.Pool, folder: Path, slug: str = "vagharsh") -> None:
    settings = load({}, data_dir=folder)
    keys = Keys.create(settings.key_dir)
    draft = petitions.Draft(
        slug=slug, opens_at=NOW - timedelta(days=1), closes_at=NOW + timedelta(days=10), goal=500, recipients=[{"en": "The Assembly"}]
    )
    async with db.transaction(pool) as connection:
        await sample.found(connection, keys, settings, draft, texts())


async def test_a_draft_is_opened_paused_opened_and_closed_and_nothing_else_is_possible(pool: asyncpg.Pool, tmp_path: Path) -> None:
    await new(pool, tmp_path)
    for act in ("pause", "close"):
        with pytest.raises(Conflict):
            await petitions.change(pool, "vagharsh", act)
    for act, state in (("open", "open"), ("pause", "paused"), ("open", "open"), ("close", "closed")):
        await petitions.change(pool, "vagharsh", act)
        assert (await petitions.by_slug(pool, "vagharsh")).status == state
    for act in ("open", "pause", "close"):
        with pytest.raises(Conflict):
            await petitions.change(pool, "vagharsh", act)
    with pytest.raises(NotFound):
        await petitions.change(pool, "nobody", "open")


async def test_a_pause_moves_the_deadline_by_its_length(pool: asyncpg.Pool, tmp_path: Path) -> None:
    await new(pool, tmp_path)
    await petitions.change(pool, "vagharsh", "open", now=NOW)
    assert (await petitions.by_slug(pool, "vagharsh")).closes_at == NOW + timedelta(days=10), "a first opening moves nothing"
    await petitions.change(pool, "vagharsh", "pause", now=NOW)
    await petitions.change(pool, "vagharsh", "open", now=NOW + timedelta(days=3))
    assert (await petitions.by_slug(pool, "vagharsh")).closes_at == NOW + timedelta(days=13)


async def test_a_petition_whose_hour_has_come_is_closed_before_anybody_marks_it(pool: asyncpg.Pool, tmp_path: Path) -> None:
    await new(pool, tmp_path)
    await petitions.change(pool, "vagharsh", "open", now=NOW)
    found = await petitions.by_slug(pool, "vagharsh")
    ends = NOW + timedelta(days=10)
    assert found.state(NOW - timedelta(days=2)) == "scheduled"
    assert found.state(ends - timedelta(seconds=1)) == "open"
    assert found.state(ends) == "closed"
    assert [row["slug"] async for row in petitions.q.lapsed(pool, now=ends - timedelta(seconds=1))] == []
    assert [row["slug"] async for row in petitions.q.lapsed(pool, now=ends)] == ["vagharsh"]
    with pytest.raises(Conflict):
        await petitions.change(pool, "vagharsh", "pause", now=ends)


async def test_a_correction_is_a_new_version_and_the_old_one_stays(pool: asyncpg.Pool, tmp_path: Path) -> None:
    await new(pool, tmp_path)
    first = await petitions.by_slug(pool, "vagharsh")
    async with db.transaction(pool) as connection:
        version, digest = await petitions.publish_text(connection, first.id, first.checkpoint.origin, texts("corrected"))
    assert version == 2 and digest != first.manifest_hash
    now = await petitions.by_slug(pool, "vagharsh")
    assert (now.text_version, now.manifest_hash, now.titles["en"]) == (2, digest, "corrected (en)")
    kept = [row async for row in petitions.q.texts(pool, petition_id=first.id)]
    assert [(row["version"], row["language"]) for row in kept] == [(v, lang) for v in (1, 2) for lang in ("en", "fr", "hy")]
    assert kept[0]["statement"] == "We ask: free\n"
    async with db.transaction(pool) as connection:
        with pytest.raises(NotFound):
            await petitions.publish_text(connection, uuid4(), first.checkpoint.origin, texts())


async def test_the_shelf_shows_no_draft_and_sees_a_change(pool: asyncpg.Pool, tmp_path: Path) -> None:
    await new(pool, tmp_path)
    shelf = Shelf(pool, interval=60)
    seen: list[int] = []
    shelf.watch(lambda: seen.append(shelf.version))
    async with shelf.running():
        with pytest.raises(NotFound):
            shelf.get("vagharsh")
        assert shelf.public() == [] and len(shelf.all()) == 1
        await petitions.change(pool, "vagharsh", "open")
        await shelf.refresh()
        found = shelf.get("vagharsh")
        assert found.recipients == [{"en": "The Assembly"}] and shelf.by_id(found.id) is found and shelf.by_id(uuid4()) is None
        assert seen == [1, 2]
        await shelf.refresh()
        assert shelf.version == 2, "nothing changed, so nothing is made anew"
        early, shown, late = await pool.fetchval("select clock_timestamp()"), shelf.now(), await pool.fetchval("select clock_timestamp()")
        assert early - timedelta(seconds=30) < shown < late + timedelta(seconds=30), "the database's time, whatever this machine's zone"


async def test_two_looks_at_once_never_put_an_older_state_back(pool: asyncpg.Pool, tmp_path: Path) -> None:
    await new(pool, tmp_path)
    shelf = Shelf(pool, interval=60)
    for status in ("open", "pause") * 10:
        early = [asyncio.create_task(shelf.refresh()) for _ in range(3)]
        await petitions.change(pool, "vagharsh", status)
        await shelf.refresh()
        shown = shelf.get("vagharsh").status
        await asyncio.gather(*early)
        assert shown == shelf.get("vagharsh").status == {"open": "open", "pause": "paused"}[status]


async def test_while_the_database_is_away_the_last_known_petition_stays(database: str, pool: asyncpg.Pool, tmp_path: Path) -> None:
    await new(pool, tmp_path)
    await petitions.change(pool, "vagharsh", "open")
    async with db.open_pool(database) as own:
        shelf = Shelf(own, interval=0.01)
        async with shelf.running():
            await own.close()
            await asyncio.sleep(0.1)
            assert shelf.get("vagharsh").slug == "vagharsh"


def test_a_text_in_a_language_that_is_not_there_is_shown_in_another() -> None:
    only = {"fr": petitions.Text("Titre", "", "", "", "")}
    made = petitions.Petition(
        id=uuid4(), slug="x", status="draft", is_sample=False, is_protected=False, is_sealed=False, goal=0, time_zone="UTC", opens_at=NOW,
        closes_at=None, text_version=1, manifest_hash=b"", asks_locality=False, texts=only, recipients=[], figures=[], sources=[],
        log_id="x", count=0, as_of=None, checkpoint=petitions.Head("o", 0, b""),
    )  # fmt: skip
    assert made.text("hy").title == "Titre"
    assert made.state(NOW) == "draft"
