"""The sample campaign: there once, in every language, open, and plainly a demonstration."""

from __future__ import annotations

import asyncio
import tomllib
from pathlib import Path

import asyncpg

from service import petitions, sample
from service.identity import Keys
from service.settings import LANGUAGES, load


async def test_two_first_starts_at_once_make_one_sample(pool: asyncpg.Pool, tmp_path: Path) -> None:
    settings = load({}, data_dir=tmp_path, embedded=True)
    Keys.create(settings.key_dir)
    made = await asyncio.gather(sample.load(pool, settings), sample.load(pool, settings))
    assert sorted(slug is None for slug in made) == [False, True]
    assert await sample.load(pool, settings) is None
    assert await pool.fetchval("select count(*) from petition") == 1


async def test_it_is_open_unprotected_asks_nothing_extra_and_says_that_it_is_a_sample(pool: asyncpg.Pool, tmp_path: Path) -> None:
    settings = load({}, data_dir=tmp_path, embedded=True)
    Keys.create(settings.key_dir)
    slug = await sample.load(pool, settings)
    assert slug is not None
    found = await petitions.by_slug(pool, slug)
    assert (found.status, found.is_sample, found.is_protected, found.is_sealed, found.asks_locality) == ("open", True, False, False, False)
    assert set(found.texts) == set(LANGUAGES)
    for text in found.texts.values():
        assert all((text.title, text.summary, text.statement, text.consent, text.privacy))
    assert all(figure.source_url.startswith("https://") and set(figure.source) >= {"en"} for figure in found.figures)


def test_every_number_in_the_file_has_its_date_and_source() -> None:
    with (Path(sample.__file__).parent / "campaign.toml").open("rb") as file:
        data = tomllib.load(file)
    for figure in data.get("figure", []):
        assert figure["as_of"] and figure["source_url"] and set(figure["label"]) == set(LANGUAGES)
