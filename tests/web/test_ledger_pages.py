"""Anyone, on any site, can fetch the log as files and recount it; nothing unpublished and no second spelling is served."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import asyncpg
import httpx2
import pymerkle
import pytest
from litestar import Litestar
from litestar.datastructures import State

from installation import Installation
from service import db, ledger
from service.identity import Keys
from service.proof import entries, note, tiles
from service.web.ledger import files

PETITION = uuid4()
MANIFEST = b'{"format":"petition-text/v1"}'


class Site:
    def __init__(self, pool: asyncpg.Pool, browser: httpx2.AsyncClient, log: ledger.Log, keys: Keys, folder: Path) -> None:
        self.pool, self.browser, self.log, self.keys, self.folder = pool, browser, log, keys, folder

    async def get(self, name: str, method: str = "GET", log_id: str = "") -> httpx2.Response:
        return await self.browser.request(
            method, f"/ledger/{log_id or self.log.id}/{name}", headers={"origin": "https://elsewhere.example"}
        )

    async def add(self, count: int) -> None:
        await self.pool.execute(
            "insert into outbox (log_id, kind, signature_id, entry) select $1, 'A', gen_random_uuid(), e from unnest($2::bytea[]) e",
            self.log.id,
            [bytes(entries.Added(1, secrets.token_bytes(32))) for _ in range(count)],
        )

    async def seal(self) -> None:
        await ledger.seal(self.pool, self.log.id, ledger.Policy(), rng=secrets.SystemRandom(), at_once=True)

    async def settle(self) -> None:
        while await ledger.run_due(self.pool, self.keys, self.folder, seal_seconds=0.001):
            pass


@pytest.fixture
async def site(pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[Site]:
    keys = Keys.create(tmp_path / "keys")
    async with db.transaction(pool) as connection:
        await connection.execute(
            "insert into petition (id, slug, status, opens_at, text_version) values ($1, 'ani', 'open', now(), 1)", PETITION
        )
        await connection.execute(
            "insert into text_version (petition_id, version, manifest, manifest_hash) values ($1, 1, $2, $3)", PETITION, MANIFEST, bytes(32)
        )
        log = await ledger.create_log(connection, keys, host="petition.example.org", petition_id=PETITION)
        await ledger.queue_text(connection, log.id, 1, bytes(32))
    app = Litestar([files], state=State({"pool": pool}))
    transport = httpx2.ASGITransport(app=cast(Any, app))
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as browser:
        yield Site(pool, browser, log, keys, tmp_path / "high-water")


async def test_a_stranger_recounts_the_log_from_its_files_alone(site: Site) -> None:
    await site.add(300)
    await site.settle()
    line = (await site.get("vkey")).text
    assert line.endswith("\n")
    head = note.open_checkpoint((await site.get("checkpoint")).content, [note.parse_vkey(line[:-1])], site.log.origin)
    assert head.size == 301
    tree, tally = pymerkle.InmemoryTree(algorithm="sha256"), entries.Tally()
    for index, width in ((0, 256), (1, 45)):
        answer = await site.get(tiles.entries_path(index, width))
        assert answer.headers["content-type"] == "application/octet-stream"
        for entry in tiles.unpack_bundle(answer.content, width):
            tree.append_entry(entry)
            tally.add(entry)
    assert (tree.get_root(), tally.count) == (head.root, 300)
    for level, index, width in tiles.tiles_between(0, head.size):
        assert len((await site.get(tiles.path(level, index, width))).content) == width * 32
    assert (await site.get("manifest/1.json")).content == MANIFEST
    assert (await site.get("checkpoint", log_id="anchor")).status_code == 200


async def test_what_is_sealed_but_not_published_is_not_there(site: Site) -> None:
    await site.seal()
    for name in ("checkpoint", "vkey", "tile/0/000.p/1", "tile/entries/000.p/1", "manifest/1.json"):
        assert (await site.get(name)).status_code == 404, name
    await site.settle()
    for name in ("checkpoint", "vkey", "tile/0/000.p/1", "tile/entries/000.p/1", "manifest/1.json"):
        assert (await site.get(name)).status_code == 200, name
    await site.add(3)
    await site.seal()
    assert (await site.get("tile/0/000.p/2")).status_code == 404
    assert note.open_checkpoint((await site.get("checkpoint")).content, [note.parse_vkey(site.log.vkey)]).size == 1


async def test_files_keep_for_ever_and_the_checkpoint_for_a_moment(site: Site) -> None:
    await site.add(4)
    await site.settle()
    for name in ("tile/0/000.p/5", "tile/0/000.p/2", "tile/entries/000.p/3"):
        answer = await site.get(name)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "max-age=2" in (await site.get("checkpoint")).headers["cache-control"]
    assert (await site.get("tile/0/000.p/6")).headers["cache-control"] == "no-store"


async def test_head_is_get_without_the_body(site: Site) -> None:
    await site.settle()
    for name in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1", "vkey", "nothing"):
        whole, head = await site.get(name), await site.get(name, "HEAD")
        assert (head.status_code, head.content) == (whole.status_code, b"")
        assert dict(head.headers) == dict(whole.headers)


async def test_every_answer_may_be_read_across_origins(site: Site) -> None:
    await site.settle()
    for method in ("GET", "HEAD", "POST", "DELETE", "OPTIONS"):
        for name in ("checkpoint", "tile/0/000.p/1", "no/such/thing"):
            answer = await site.get(name, method)
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in answer.headers
            if method in ("POST", "DELETE"):
                assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


SPELLINGS = (
    "",
    "/",
    "checkpoint/",
    "Checkpoint",
    "checkpoint%00",
    "tile",
    "tile/0",
    "tile/0/0",
    "tile/0/00",
    "tile/0/0000",
    "tile/0/000/",
    "tile/00/000.p/1",
    "tile/-1/000",
    "tile/0/000.p/0",
    "tile/0/000.p/01",
    "tile/0/000.p/256",
    "tile/0/000.p/1000",
    "tile/0/000.p",
    "tile/0/x000/000.p/1",
    "tile/64/000",
    "tile/63/000",
    "tile/8/000.p/1",
    "tile/0/x999/x999/x999/x999/x999/x999/999",
    "tile/entries/x999/x999/x999/x999/999",
    "tile/entries/000.p/1/%2e%2e",
    "tile%2F0/000.p/1",
    "tile/0/%30%30%30.p/1",
    "tile/0/٠٠٠.p/1",
    "tile/Entries/000.p/1",
    "manifest/0.json",
    "manifest/01.json",
    "manifest/2.json",
    "manifest/9999999999.json",
    "manifest/1.JSON",
    "manifest/1",
    "vkey\n",
    "%00",
    "%ff",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
)


async def test_a_path_has_one_spelling(site: Site) -> None:
    await site.settle()
    for name in SPELLINGS:
        answer = await site.browser.get(f"/ledger/{site.log.id}/{name}".replace("\n", "%0A"))
        assert answer.status_code == 404, name
        assert answer.headers["access-control-allow-origin"] == "*", name


async def test_an_unknown_log_is_a_plain_404(site: Site) -> None:
    await site.settle()
    for log_id in ("nobody", "%00", "a" * 65, "%2e%2e", "anchor%2Fcheckpoint", "ու"):
        for name in ("checkpoint", "vkey", "tile/0/000.p/1", "tile/entries/000.p/1", "manifest/1.json"):
            assert (await site.browser.get(f"/ledger/{log_id}/{name}")).status_code == 404, (log_id, name)


async def test_without_a_database_the_answer_says_when_to_come_back(site: Site) -> None:
    await site.pool.close()
    answer = await site.get("checkpoint")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_repaired_log_says_so_on_its_petitions_page(installation: Installation) -> None:
    page = f"petitions/{installation.slug}"
    log_id = await installation.owner.fetchval("select id from log where petition_id is not null")
    assert "/incidents" not in (await installation.client.get(f"/en/{page}")).text
    assert (await installation.client.get(f"/ledger/{log_id}/incidents")).text == ""
    await installation.owner.execute(
        """insert into incident (log_id, kind, facts, at) values ($1, 'restored', '{"unbacked":3}', '2026-11-24T12:00:00Z')""", log_id
    )
    await installation.settle()
    for lang, day in (("fr", "24 novembre 2026"), ("en", "24 November 2026"), ("hy", "24")):
        text = (await installation.client.get(f"/{lang}/{page}")).text
        assert f'href="/ledger/{log_id}/incidents"' in text and day in text, lang
    told = await installation.client.get(f"/ledger/{log_id}/incidents")
    assert told.json() == {"kind": "restored", "at": "2026-11-24T12:00:00Z", "unbacked": 3}
    assert told.headers["access-control-allow-origin"] == "*"
