"""The register's pages with 500 cases and 5,000 sponsors: how long until a page is answered, first and again.

    python bench/register.py

Starts a PostgreSQL and a web process of its own in a temporary folder and throws them away. Prints milliseconds: the reading of
the whole register, and p50 and p95 of each page when nothing is kept yet (as after a change) and when it is.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx2

HOUSE = Path(__file__).parent.parent
sys.path[:0] = [str(HOUSE), str(HOUSE / "tests")]

from bench.topology import free_port  # noqa: E402
from installation import installed  # noqa: E402
from service import db  # noqa: E402
from service.embedded.postgres import APP, OWNER, Postgres  # noqa: E402
from service.sponsors import register  # noqa: E402

CASES, SPONSORS, ROUNDS = 500, 5_000, 200
FULL = ()


async def fill(pool: asyncpg.Pool) -> None:
    """Invented people and sponsors, in bulk."""
    day = date(2020, 12, 1)
    ids = [UUID(int=1_000_000 + n) for n in range(CASES)]
    story = json.dumps(dict.fromkeys(("fr", "en", "hy"), "A sentence of a life that was invented for a measurement. " * 20))
    source = json.dumps({"en": "Invented source"})
    async with db.transaction(pool) as connection:
        await connection.executemany(
            "insert into case_file (id, slug, is_sample, category, name_hy, names, aliases, consent, state, story)"
            " values ($1, $2, true, 'civilian', $3, $4, $5, 'story', 'public', $6)",
            [
                (
                    id_,
                    f"bench-{n}",
                    f"Նմուշ Անուն {n}",
                    json.dumps({"en": f"Nmush Anun {n}", "fr": f"Nmouch Anoun {n}"}),
                    [f"Sample {n}"],
                    story,
                )
                for n, id_ in enumerate(ids)
            ],
        )
        await connection.executemany(
            "insert into case_slug (slug, case_id) values ($1, $2)", [(f"bench-{n}", id_) for n, id_ in enumerate(ids)]
        )
        await connection.executemany(
            "insert into case_event (id, case_id, kind, happened_on, as_of, source, source_url) values ($1, $2, $3, $4, $4, $5, $6)",
            [
                (UUID(int=2_000_000 + n * 10 + k), id_, kind, day + timedelta(days=n + k * 60), source, f"https://example.org/{n}/{k}")
                for n, id_ in enumerate(ids)
                for k, kind in enumerate(("captured", "confirmed", "tried", "sentenced"))
            ],
        )
        kinds, lands = ("city", "ngo", "university", "parliamentarian", "party"), ("FR", "CH", "BE", "DE", "GB", "US")
        await connection.executemany(
            "insert into sponsor (id, slug, is_sample, kind, names, country) values ($1, $2, true, $3, $4, $5)",
            [
                (UUID(int=3_000_000 + n), f"sponsor-{n}", kinds[n % 5], json.dumps({"fr": f"Ville {n}"}), lands[n % 6])
                for n in range(SPONSORS)
            ],
        )
        await connection.executemany(
            "insert into sponsorship (id, sponsor_id, case_id, state, deed, deed_on, deed_place, announced_on)"
            " values ($1, $2, $3, 'announced', 'motion', $4, 'Ville', $4)",
            [(UUID(int=4_000_000 + n), UUID(int=3_000_000 + n), ids[n % CASES], date(2023, 4, 6)) for n in range(SPONSORS)],
        )


def told(name: str, times: list[float]) -> str:
    ordered = sorted(times)
    return f"{name:44} p50 {statistics.median(ordered) * 1e3:8.2f}   p95 {ordered[int(len(ordered) * 0.95)] * 1e3:8.2f}"


async def timed(client: httpx2.AsyncClient, path: str) -> float:
    begun = time.perf_counter()
    answer = await client.get(path)
    took = time.perf_counter() - begun
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code}")
    return took


async def main() -> None:
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
                await fill(house.owner)
                readings = []
                for _ in range(5):
                    begun = time.perf_counter()
                    await register.read(house.pool)
                    readings.append(time.perf_counter() - begun)
                print(told("the whole register is read", readings))
                for _ in range(200):
                    if len((await house.client.get("/api/v1/cases")).json()["cases"]) > CASES:
                        break
                    await asyncio.sleep(0.1)
                cold = [f"/{lang}/cases/bench-{n}" for n in range(60) for lang in ("fr", "en", "hy")]
                print(told("a case, first visit", [await timed(house.client, path) for path in cold]))
                print(told("a page of the list, first visit", [await timed(house.client, f"/fr/cases?page={n}") for n in range(1, 11)]))
                print(told("a page of sponsors, first visit", [await timed(house.client, f"/fr/sponsors?page={n}") for n in range(1, 51)]))
                print(told("search (never kept)", [await timed(house.client, f"/fr/cases?q=Nmouch+{n}") for n in range(100)]))
                for path in ("/fr/cases", "/fr/cases/bench-7", "/fr/sponsors", "/api/v1/cases", "/api/v1/sponsors", "/fr/sponsors/offer"):
                    await timed(house.client, path)
                    print(told(f"{path}, again", [await timed(house.client, path) for _ in range(ROUNDS)]))
                print(told("a kit's PDF, first", [await timed(house.client, f"/fr/cases/bench-{n}/kit/sheet.pdf") for n in range(10)]))
        finally:
            await postgres.stop()


if __name__ == "__main__":
    asyncio.run(main())
