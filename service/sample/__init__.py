"""The sample campaign of the embedded default: it shows what the service does, says DEMO, and names no private person."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import msgspec

from service import db, ledger, partners, petitions, recipients
from service.identity import Keys
from service.sample import register
from service.settings import Settings


async def load(pool: asyncpg.Pool, settings: Settings) -> str | None:
    """Put the sample petition into an empty installation and open it; returns its slug, or None when there is a petition already."""
    keys = Keys(settings.key_dir)
    with (Path(__file__).parent / "campaign.toml").open("rb") as file:
        data = tomllib.load(file)
    now = datetime.now(UTC)
    about = data["petition"]
    draft = petitions.Draft(
        slug=about["slug"],
        opens_at=now + timedelta(days=about["opens_in_days"]),
        closes_at=now + timedelta(days=about["closes_in_days"]),
        goal=about["goal"],
        time_zone=about["time_zone"],
        is_sample=about["is_sample"],
        figures=msgspec.convert(data.get("figure", []), list[petitions.Figure]),
        sources=msgspec.convert(data.get("source", []), list[petitions.Source]),
    )
    texts = {language: msgspec.convert(text, petitions.Text) for language, text in data["text"].items()}
    offices = [recipients.Office(id=uuid4(), **each) for each in data["recipient"]]
    async with db.transaction(pool) as connection:
        await connection.execute("select pg_advisory_xact_lock($1)", db.MIGRATION_LOCK)  # two first starts at once
        await recipients.seed(connection)
        if await connection.fetchval("select exists (select from petition)"):
            return None
        await ledger.create_log(connection, keys, host=settings.origin_host, petition_id=None)
        await found(connection, keys, settings, draft, texts)
        for office in offices:
            await recipients.put_office(connection, office)
        made = await petitions.q.by_slug(connection, slug=draft.slug)
        await recipients.address(connection, made["id"], [office.id for office in offices])
        await register.load(connection)
    await petitions.change(pool, draft.slug, "open")
    await _partner(pool, draft.slug)
    return draft.slug


async def _partner(pool: asyncpg.Pool, slug: str) -> None:
    """A partner whose pages are this machine's own, so that whoever tries the widget needs to list nothing."""
    partner_id = await partners.add(pool, "sample-partner", "Sample partner (DEMO)")
    await partners.set_sites(pool, partner_id, ["http://localhost:*"], is_demo=True)
    await partners.set_petitions(pool, partner_id, [slug])


async def found(connection: db.Connection, keys: Keys, settings: Settings, draft: petitions.Draft, texts: dict[str, petitions.Text]) -> str:
    """A petition with its index key, its log, its first text and the ``T`` entry of it, in one transaction; returns the log's origin."""
    petition_id = uuid4()
    keys.new_index_key(petition_id)
    await petitions.create(connection, petition_id, draft)
    log = await ledger.create_log(connection, keys, host=settings.origin_host, petition_id=petition_id)
    sealed_to = [key.fingerprint for key in keys.offline_keys()] if draft.is_sealed else []
    version, manifest_hash = await petitions.publish_text(connection, petition_id, log.origin, texts, sealing_keys=sealed_to)
    await ledger.queue_text(connection, log.id, version, manifest_hash)
    return log.origin
