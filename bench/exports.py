"""How fast a list leaves: our CSV against PostgreSQL's own COPY of the same rows, in one run, and the memory that it takes.

    .venv/bin/python bench/exports.py [ROWS]        a server of its own in a temporary folder; 50,000 rows by default

Sealing (HPKE to two keys) is measured apart: a sealed petition's boxes are made at the confirmation, not at the export.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

sys.path.insert(0, str(Path(__file__).parent.parent))

from service import db, exports, petitions, sample
from service.embedded.postgres import Postgres
from service.identity import Keys, offline
from service.settings import load

ROUNDS = 3
FULL = (200_000,)
"""What `libertas bench --only exports` gives to ``main``."""
BOX = 2_836  # two keys, a blob of 256 bytes


def memory() -> tuple[float, float]:
    """What this process takes now, and the most since ``from_here``, in MiB (Linux)."""
    said = Path("/proc/self/status").read_text(encoding="ascii")
    now, peak = (int(re.search(rf"{name}:\s+(\d+)", said)[1]) / 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[index]
    return now, peak


def from_here() -> float:
    """Forget the most that it took so far; what it takes now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return memory()[0]


async def main(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="libertas-bench-") as folder:
        server = Postgres(Path(folder) / "postgres")
        await server.start()
        try:
            await db.migrate(server.migrate_url)
            async with db.open_pool(server.migrate_url, high=4) as pool:
                await measure(pool, Path(folder), rows)
        finally:
            await server.stop()


async def measure(pool: asyncpg.Pool, folder: Path, rows: int) -> None:
    settings = load({}, data_dir=folder / "data", embedded=True)
    keys = Keys.create(settings.key_dir)
    now = datetime.now(UTC)
    draft = petitions.Draft(slug="bench", opens_at=now - timedelta(days=1), closes_at=None, is_sealed=True)
    async with db.transaction(pool) as connection:
        await sample.found(connection, keys, settings, draft, {"en": petitions.Text("t", "s", "We ask.", "c", "p")})
    found = await petitions.by_slug(pool, "bench")
    boxes = (os.urandom(BOX) for _ in range(rows))
    records = ((uuid4(), found.id, 1, "confirmed", "count", box, now.date(), at) for at, box in enumerate(boxes, start=1))
    columns = ["id", "petition_id", "text_version", "state", "visibility", "sealed_blob", "day", "log_index"]
    await pool.copy_records_to_table("signature", records=records, columns=columns)
    await pool.execute(
        "insert into checkpoint (log_id, size, root, count) values ($1, $2, $3, $4)", found.log_id, rows + 1, bytes(32), rows
    )
    await pool.execute(
        "update log set published_size = $2, published_count = $3, published_root = $4 where id = $1",
        found.log_id,
        rows + 1,
        rows,
        bytes(32),
    )
    await pool.execute("vacuum analyze signature")
    query = exports.q.sealed_rows.sql.rstrip("; \n")
    beyond = 0.0
    ours: list[float] = []
    theirs: list[float] = []
    firsts: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()

        async def drop(data: bytes) -> None:
            pass

        await pool.copy_from_query(query, found.id, rows + 1, output=drop, format="csv", header=True, timeout=600)
        theirs.append(time.perf_counter() - began)
        before, began, first = from_here(), time.perf_counter(), 0.0
        made = await exports.write(pool, keys, settings, "bench", shape="working", form="csv")
        async for _piece in made:
            first = first or time.perf_counter() - began
        ours.append(time.perf_counter() - began)
        firsts.append(first)
        beyond = max(beyond, memory()[1] - before)
        assert made.about["totals"]["rows"] == rows
    copy, csv = statistics.median(theirs), statistics.median(ours)
    print(f"{rows} rows, medians of {ROUNDS} rounds in one run")
    print(f"COPY TO STDOUT     {rows / copy:10.0f} rows/s")
    print(f"export, CSV        {rows / csv:10.0f} rows/s   {copy / csv:.0%} of COPY (goal 50 %, later 80 %)")
    print(f"first byte         {statistics.median(firsts) * 1000:10.0f} ms       (goal 200 ms)")
    print(f"memory beyond it   {beyond:10.1f} MiB      (goal 32 MiB)")
    for form in ("jsonl", "xlsx", "parquet"):
        before, began = from_here(), time.perf_counter()
        async for _piece in await exports.write(pool, keys, settings, "bench", shape="working", form=form):
            pass
        took = time.perf_counter() - began
        print(
            f"export, {form:8}   {rows / took:10.0f} rows/s   memory beyond it {memory()[1] - before:.1f} MiB, with its library (goal 32)"
        )
    to, began = keys.offline_keys(), time.perf_counter()
    for number in range(500):
        offline.seal_box(to, found.id, UUID(int=number), "signer", bytes(256))
    print(f"sealing to two     {500 / (time.perf_counter() - began):10.0f} rows/s")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))
