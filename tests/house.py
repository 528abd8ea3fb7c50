"""An installation with one petition that people have signed, without web pages or mail: what certificates and audits are tested on."""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from service import certificates, db, ledger, petitions
from service.identity import Keys
from service.proof import certificate as proof
from service.proof import entries
from service.sample import found
from service.settings import Settings

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RECIPIENT = "The President of the Assembly, in office on 24 November 2026"


def words(language: str, *, correction: str = "") -> petitions.Text:
    return petitions.Text(
        f"Free them ({language})", "In short.", f"We ask for their release. {language}{correction}\n", "I agree.", "We keep little."
    )


class House:
    """An installation with one petition that people have signed."""

    def __init__(self, pool: asyncpg.Pool, folder: Path, *, is_sample: bool = False) -> None:
        self.pool = pool
        self.settings = Settings(
            data_dir=folder,
            key_dir=folder / "keys",
            base_url="https://petition.example.org",
            issuer_name="Friends of Ani",
            issuer_contact="desk@friends.example",
        )
        self.keys = Keys.create(folder / "keys")
        self.is_sample = is_sample
        self.petition = uuid4()
        self.log_id = ""

    async def open(self) -> House:
        draft = petitions.Draft(
            slug="free-ani",
            opens_at=NOW - timedelta(days=9),
            closes_at=None,
            is_sample=self.is_sample,
            recipients=[{"en": "Assembly", "fr": "Assemblée", "hy": "Ժողով"}],
        )
        async with db.transaction(self.pool) as connection:
            origin = await found(
                connection, self.keys, self.settings, draft, {language: words(language) for language in ("en", "fr", "hy")}
            )
        self.log_id = origin.rpartition("/")[2]
        self.petition = await self.pool.fetchval("select petition_id from log where id = $1", self.log_id)
        await petitions.change(self.pool, "free-ani", "open")
        return self

    async def correct(self) -> None:
        async with db.transaction(self.pool) as connection:
            origin = await connection.fetchval("select origin from log where id = $1", self.log_id)
            texts = {language: words(language, correction=", now") for language in ("en", "fr", "hy")}
            version, manifest_hash = await petitions.publish_text(connection, self.petition, origin, texts)
            await ledger.queue_text(connection, self.log_id, version, manifest_hash)

    async def sign(self, count: int, *, version: int = 1) -> list[UUID]:
        ids = [uuid4() for _ in range(count)]
        leaves = [bytes(entries.Added(version, secrets.token_bytes(32))) for _ in ids]
        await self.pool.execute(
            "insert into signature (id, petition_id, text_version, state, visibility)"
            " select i, $2, $3, 'confirmed', 'count' from unnest($1::uuid[]) i",
            ids,
            self.petition,
            version,
        )
        await self.pool.execute(
            "insert into outbox (log_id, kind, signature_id, entry) select $1, 'A', i, e from unnest($2::uuid[], $3::bytea[]) as x (i, e)",
            self.log_id,
            ids,
            leaves,
        )
        return ids

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0.002)  # longer than the log has to rest
            if not await ledger.run_due(self.pool, self.keys, self.settings.data_dir / "published", seal_seconds=0.001):
                return
        raise AssertionError("the worker never comes to rest")

    async def certify(self, **more: Any) -> certificates.Bundle:
        return await certificates.certify(self.pool, self.keys, self.settings, "free-ani", RECIPIENT, now=NOW, **more)

    def set(self, **changes: Any) -> None:
        """Change settings."""
        self.settings = msgspec.structs.replace(self.settings, **changes)

    async def withdraw(self, who: UUID) -> None:
        await ledger.queue_change(self.pool, self.log_id, "W", who, "signer")  # type: ignore[arg-type]  # a pool executes as well

    async def invalidate(self, who: UUID, reason: str = "duplicate") -> None:
        await ledger.queue_change(self.pool, self.log_id, "X", who, reason)  # type: ignore[arg-type]

    async def trust(self) -> proof.Trust:
        return proof.Trust.parse(await certificates.trust(self.pool, self.keys, self.settings))


def stated(bundle: certificates.Bundle) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bundle.files["certificate.json"])
    return found
