"""The desk with a million signatures: how long until the server has answered each of its pages.

    .venv/bin/python bench/desk.py [--rows 100000] [--rounds 30]

Starts a PostgreSQL and a web process of its own in a temporary folder and throws them away. A tenth of the signatures came in
today and still has its features, in clusters, as during a flood; a twentieth as many forms are held, and names wait to be shown.
Prints p50 and p95 of each page in milliseconds.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

HOUSE = Path(__file__).parent.parent
sys.path[:0] = [str(HOUSE), str(HOUSE / "tests")]

from bench.topology import free_port  # noqa: E402
from desk_seat import Seat, seat  # noqa: E402
from installation import Installation, installed  # noqa: E402
from service import db, signatures  # noqa: E402
from service.embedded.postgres import APP, OWNER, Postgres  # noqa: E402

_CHUNK = 20_000
FULL = (1_000_000, 30)
_COLUMNS = (
    "id", "petition_id", "text_version", "state", "visibility", "email_index", "exact_index", "blob", "key_id", "day", "confirmed_at",
    "received_at", "decided_at", "operational_until", "prefix", "domain", "lane", "marks",
)  # fmt: skip
PAGES = ("", "/text", "/setup", "/numbers", "/held", "/names", "/invalidation", "/history", "/certificates", "/deliveries", "/exports")
PLACES = (
    "/desk", "/desk/account", "/desk/mail", "/desk/approvals", "/desk/people", "/desk/audit", "/desk/recipients", "/desk/cases",
    "/desk/sponsors", "/desk/updates", "/desk/partners",
)  # fmt: skip


async def crowd(house: Installation, rows: int) -> None:
    """Confirmed signatures of the real size by COPY, the newest tenth with features."""
    petition = await house.owner.fetchval("select id from petition where slug = $1", house.slug)
    now, blob = datetime.now(UTC), os.urandom(285)
    later = now + timedelta(days=1)
    for first in range(0, rows, _CHUNK):
        records: list[tuple[Any, ...]] = []
        for number in range(first, min(rows, first + _CHUNK)):
            noise = os.urandom(80)
            common = (UUID(bytes=noise[:16], version=4), petition, 1, "confirmed", "count", noise[16:48], noise[48:80], blob, 1)
            if number % 10:
                records.append((*common, (now - timedelta(days=number % 90 + 1)).date(), None, None, now, None, None, None, None, []))
            else:
                cluster = random.randint(1, max(2, rows // 40)).to_bytes(16, "big")
                records.append((*common, now.date(), now, now, now, later, cluster, cluster, "api", ["busy"] if number % 100 == 0 else []))
        await house.owner.copy_records_to_table("signature", records=records, columns=_COLUMNS)
    await house.owner.execute(
        """
        insert into signature (
            id, petition_id, text_version, state, visibility, email_index, blob, key_id, received_at, lane, marks, prefix, domain
        )
        select
            gen_random_uuid(), $1, 1, 'held', 'count', sha256(('held ' || n)::bytea), $3, 1, now() - n * interval '1 s', 'api', '{busy}',
            substr(sha256((n % 500)::text::bytea), 1, 16), substr(sha256((n % 50)::text::bytea), 1, 16)
        from generate_series(1, $2::integer) n
        """,
        petition, rows // 20, blob,
    )  # fmt: skip
    await house.owner.execute(
        """
        insert into shown_name (signature_id, petition_id, name)
        select gen_random_uuid(), $1, 'Ani ' || n
        from generate_series(1, $2::integer) n
        """,
        petition, rows // 20,
    )  # fmt: skip
    await house.owner.execute("vacuum analyze signature, shown_name")


async def timed(one: Seat, path: str, **fields: str) -> float:
    begun = time.perf_counter()
    answer = await (one.post(path, **fields) if fields else one.get(path))
    took = time.perf_counter() - begun
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")
    return took


def told(name: str, times: list[float]) -> str:
    ordered = sorted(times)
    return f"{name:44} p50 {statistics.median(ordered) * 1e3:8.1f}   p95 {ordered[int(len(ordered) * 0.95)] * 1e3:8.1f}"


async def main(rows: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="libertas-bench-") as folder:
        postgres = Postgres(Path(folder) / "postgres")
        await postgres.start()
        try:
            connection = await asyncpg.connect(postgres.admin_url)
            await connection.execute(f"create database bench owner {OWNER}")
            await connection.close()
            owner, app = postgres.url_for(OWNER, "bench"), postgres.url_for(APP, "bench")
            await db.migrate(owner)
            async with installed(Path(folder) / "data", app, owner, free_port(), free_port()) as house:
                begun = time.perf_counter()
                await crowd(house, rows)
                print(f"{rows:,} signatures, loaded in {time.perf_counter() - begun:.0f} s; milliseconds of {rounds} visits")
                begun = time.perf_counter()
                await signatures.find_clusters(house.pool)
                print(f"the worker finds the clusters in {time.perf_counter() - begun:.2f} s, each minute")
                ani = await seat(house, "ani@example.org")
                at = f"/desk/petitions/{house.slug}"
                for path in (*PLACES, *(at + tab for tab in PAGES)):
                    await timed(ani, path)
                    print(told(path.replace(house.slug, "…"), [await timed(ani, path) for _ in range(rounds)]), flush=True)
                for asked in (
                    {"lanes": "api"},
                    {"days_from": "2020-01-01"},
                    {"text_versions": "1"},
                    {"prefixes": (b"\0" * 15 + b"\1").hex()},
                    {"days_from": "2020-01-01", "all": "yes"},
                ):
                    times = [await timed(ani, f"{at}/invalidation/preview", **asked) for _ in range(rounds)]
                    print(told(f"how many, by {', '.join(asked)}", times), flush=True)
        finally:
            await postgres.stop()


if __name__ == "__main__":
    line = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    line.add_argument("--rows", type=int, default=20_000)
    line.add_argument("--rounds", type=int, default=30)
    options = line.parse_args()
    asyncio.run(main(options.rows, options.rounds))
