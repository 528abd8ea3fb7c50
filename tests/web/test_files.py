"""Counts and cards as files: the same bytes as the addresses give, never half, and gone when they cannot be kept."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest

from bench.topology import free_port
from conftest import Database
from installation import Installation, installed
from service.errors import Misconfigured
from service.web.files import Files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "public"


@pytest.fixture
async def filed(fresh_database: Database, tmp_path: Path, folder: Path) -> AsyncIterator[Installation]:
    async with installed(tmp_path / "data", fresh_database.app_url, fresh_database.url, free_port(), free_port(), public_dir=folder) as one:
        yield one


@pytest.fixture
def static(folder: Path) -> Iterator[str]:
    """Somebody else's web server over the folder, which knows nothing of us."""
    folder.mkdir(exist_ok=True)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def files_in(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


async def until(shows: str, there: httpx2.AsyncClient, count: int) -> None:
    async with asyncio.timeout(60):
        while (await there.get(shows)).json()["count"] != count:
            await asyncio.sleep(0.02)


async def test_a_web_server_that_knows_nothing_gives_out_what_the_addresses_answer(filed: Installation, static: str, folder: Path) -> None:
    slug = filed.slug
    places = {f"{filed.api}": f"{filed.api}.json", "/api/v1/petitions": "/api/v1/petitions.json"}
    places |= {f"/embed/{slug}/{lang}.json": f"/embed/{slug}/{lang}.json" for lang in ("fr", "en", "hy")}
    async with httpx2.AsyncClient(base_url=static, timeout=60) as there:
        for turn in (0, 1):
            if turn:
                await filed.confirm()
                await filed.seal()
                for place in (f"{filed.api}.json", *(f"/embed/{slug}/{lang}.json" for lang in ("fr", "en", "hy"))):
                    await until(place, there, 1)
            for address, place in places.items():
                answer = await there.get(place)
                assert answer.content == (await filed.client.get(address)).content, place
                assert answer.headers["content-type"] == "application/json"
    assert files_in(folder) == {place[1:] for place in places.values()}


async def test_nobody_reads_half_a_file_and_no_two_contents_share_a_second(filed: Installation, folder: Path) -> None:
    """A web server makes its ETag of second and size: two counts of one length in one second would be taken for one."""
    file = folder / f"{filed.api[1:]}.json"
    seen: dict[int, bytes] = {}
    done = asyncio.Event()

    def look() -> None:
        while not done.is_set():
            with file.open("rb") as opened:
                content, at = opened.read(), int(os.fstat(opened.fileno()).st_mtime)
            json.loads(content)
            assert seen.setdefault(at, content) == content, "one second, two contents"

    looking = asyncio.create_task(asyncio.to_thread(look))
    try:
        for count in range(10, 16):
            await filed.owner.execute("update log set published_count = $1 where petition_id is not null", count)
            async with asyncio.timeout(60):  # until whoever looks has seen it
                while not any(json.loads(content)["count"] == count for content in list(seen.values())):
                    await asyncio.sleep(0.02)
    finally:
        done.set()
        await looking
    assert len(seen) >= 6, "control: it moved while somebody looked"


async def test_what_is_not_public_any_more_is_taken_away_and_so_is_what_cannot_be_kept(filed: Installation, folder: Path) -> None:
    file = folder / f"{filed.api[1:]}.json"
    left = folder / "embed" / "an-older-petition" / "fr.json"
    left.parent.mkdir()
    left.write_text("{}")
    await filed.owner.execute("update petition set status = 'draft'")
    async with asyncio.timeout(60):
        while file.exists() or left.exists():
            await asyncio.sleep(0.02)
    assert json.loads((folder / "api/v1/petitions.json").read_bytes())["petitions"] == []


async def test_a_file_that_cannot_be_replaced_is_gone_and_comes_back_by_itself(folder: Path) -> None:
    made, mark = {"api/v1/petitions.json": b"1", "embed/p/fr.json": b"1"}, [0]
    files = Files(folder, lambda: made, lambda: mark[0])
    async with files.running():
        card = folder / "embed/p/fr.json"
        assert card.read_bytes() == b"1"
        fresh = card.with_name(f".fr.json.{os.getpid()}")
        fresh.mkdir()  # in the way of the new one, as a full disk would be
        made, mark[0] = {**made, "embed/p/fr.json": b"2"}, 1
        async with asyncio.timeout(60):
            while card.exists():
                await asyncio.sleep(0.02)
        fresh.rmdir()
        async with asyncio.timeout(60):
            while not card.exists() or card.read_bytes() != b"2":
                await asyncio.sleep(0.02)


async def test_a_folder_that_cannot_be_written_stops_the_start_and_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    with pytest.raises(Misconfigured, match="LIBERTAS_PUBLIC_DIR"):
        async with Files(tmp_path / "a-file", dict, lambda: 0).running():
            pass
