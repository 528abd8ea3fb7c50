"""How fast the ledger and its evidence are on this machine: small functions that return numbers, and all of them as a table.

`python -m bench.ledger` starts a PostgreSQL of its own and needs some minutes, most of them to load a million signatures; the page is
opened in Chromium where the tests' lock is installed. Each function takes a pool on a migrated database and a folder for keys.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec

from service import certificates, db, ledger, petitions, sample
from service.certificates import printing
from service.certificates.trust import known
from service.embedded.postgres import OWNER, Postgres
from service.identity import Keys
from service.proof import certificate as proof
from service.proof import entries, merkle, note, tiles
from service.settings import Settings

HOST = "bench.example.org"


async def make(pool: asyncpg.Pool, folder: Path) -> tuple[ledger.Log, Keys, UUID]:
    """A petition with its log, and the keys that sign it."""
    keys, petition = Keys.create(folder / "keys"), uuid4()
    async with db.transaction(pool) as connection:
        await connection.execute(
            "insert into petition (id, slug, status, opens_at, text_version) values ($1, $2, 'open', now(), 1)",
            petition,
            f"bench-{petition.hex[:8]}",
        )
        await connection.execute(
            "insert into text_version (petition_id, version, manifest, manifest_hash) values ($1, 1, '{}', $2)", petition, bytes(32)
        )
        log = await ledger.create_log(connection, keys, host=HOST, petition_id=petition)
        await ledger.queue_text(connection, log.id, 1, bytes(32))
    await ledger.seal(pool, log.id, ledger.Policy(), rng=secrets.SystemRandom(), at_once=True)
    return log, keys, petition


async def confirm(pool: asyncpg.Pool, log: ledger.Log, petition: UUID, count: int) -> None:
    """``count`` confirmed signatures whose leaves wait."""
    ids = [uuid4() for _ in range(count)]
    leaves = [bytes(entries.Added(1, secrets.token_bytes(32))) for _ in ids]
    async with db.transaction(pool) as connection:
        await connection.execute(
            "insert into signature (id, petition_id, text_version, state, visibility)"
            " select i, $2, 1, 'confirmed', 'count' from unnest($1::uuid[]) i",
            ids,
            petition,
        )
        await connection.execute(
            "insert into outbox (log_id, kind, signature_id, entry) select $1, 'A', i, e from unnest($2::uuid[], $3::bytea[]) as x (i, e)",
            log.id,
            ids,
            leaves,
        )


async def batch_seconds(pool: asyncpg.Pool, folder: Path, size: int = 10_000) -> dict[str, float]:
    """Seconds to seal and to publish a batch of ``size``, ML-DSA-44 included; and milliseconds for one inclusion proof, cold."""
    log, keys, petition = await make(pool, folder)
    await confirm(pool, log, petition, size)
    start = time.perf_counter()
    sealed = await ledger.seal(pool, log.id, ledger.Policy(), rng=secrets.SystemRandom(), at_once=True)
    seal = time.perf_counter() - start
    start = time.perf_counter()
    await ledger.publish(pool, keys, log.id, folder / "high-water")
    publish = time.perf_counter() - start
    if sealed is None or sealed.count != size:
        raise AssertionError("not everything was sealed")
    proofs = []
    for index in random.Random(1).sample(range(1, size), 50):
        start = time.perf_counter()
        await ledger.inclusion(pool, log.id, index, size + 1)
        proofs.append(time.perf_counter() - start)
    return {"seal_seconds": seal, "publish_seconds": publish, "proof_milliseconds": sorted(proofs)[25] * 1000}


def recount_seconds(size: int = 1_000_000) -> dict[str, float]:
    """Seconds to recount ``size`` signatures from entry bundles and to make the root again; no database."""
    commits = random.Random(2)
    bundles = []
    for start in range(0, size, tiles.WIDTH):
        bundle = [bytes(entries.Added(1, commits.randbytes(32))) for _ in range(min(tiles.WIDTH, size - start))]
        bundles.append((tiles.pack_bundle(bundle), len(bundle)))
    begin = time.perf_counter()
    tally, kept, size_now = entries.Tally(), dict[tuple[int, int], bytes](), 1
    text = bytes(entries.Text(1, bytes(32)))
    tally.add(text)
    kept.update(tiles.append(0, [merkle.leaf_hash(text)], lambda level, index: kept[level, index]))
    for data, count in bundles:
        found = tiles.unpack_bundle(data, count)
        for entry in found:
            tally.add(entry)
        kept.update(tiles.append(size_now, [merkle.leaf_hash(entry) for entry in found], lambda level, index: kept[level, index]))
        size_now += count
    merkle.tree_root(size_now, tiles.node_reader(lambda level, index: kept[level, index], size_now))
    took = time.perf_counter() - begin
    if tally.count != size:
        raise AssertionError("miscounted")
    return {"recount_seconds": took, "entries": float(size)}


def signature_microseconds(times: int = 200) -> dict[str, float]:
    """Microseconds to sign and to verify a checkpoint, in each of the two ways."""
    head = note.Checkpoint(f"{HOST}/ledger/x", 10_000, bytes(32))
    plain, second = note.Signer(head.origin, bytes(32)), note.Cosigner(head.origin, bytes(32))
    text = head.text().encode()
    found: dict[str, float] = {}
    ways: tuple[tuple[str, Callable[[], str], note.Verifier], ...] = (
        ("ed25519", lambda: plain.sign(text), plain.verifier),
        ("ml_dsa", lambda: second.sign(head, 1), second.verifier),
    )
    for name, sign, verifier in ways:
        start = time.perf_counter()
        for _ in range(times):
            line = sign()
        found[f"{name}_sign"] = (time.perf_counter() - start) / times * 1e6
        signed = (head.text() + "\n" + line).encode()
        start = time.perf_counter()
        for _ in range(times):
            note.open(signed, [verifier])
        found[f"{name}_verify"] = (time.perf_counter() - start) / times * 1e6
    return found


# -- a certificate of a million ----------------------------------------------------------------------------------------------------

_RECIPIENT = "The President of the Assembly"


async def large(pool: asyncpg.Pool, folder: Path, size: int) -> tuple[Keys, Settings, str]:
    """A petition that ``size`` people have signed, its log written at once and published; returns what certifies it, and its slug."""
    settings = Settings(data_dir=folder, key_dir=folder / "keys", base_url="https://bench.example.org", issuer_name="Bench")
    keys = Keys.create(settings.key_dir)
    slug = "large"
    draft = petitions.Draft(slug=slug, opens_at=datetime.now(UTC) - timedelta(days=9), closes_at=None, recipients=[{"en": _RECIPIENT}])
    texts = {language: petitions.Text("Free them", "s", "We ask for their release.\n", "c", "p") for language in ("fr", "en", "hy")}
    async with db.transaction(pool) as connection:
        origin = await sample.found(connection, keys, settings, draft, texts)
    await petitions.change(pool, slug, "open")
    log_id = origin.rpartition("/")[2]
    await ledger.run_due(pool, keys, settings.data_dir / "published", seal_seconds=0.001)
    text = bytes(await pool.fetchval("select entry from entry where log_id = $1 and idx = 0", log_id))
    petition = await pool.fetchval("select petition_id from log where id = $1", log_id)
    kept = tiles.append(0, [merkle.leaf_hash(text)], lambda level, index: b"")
    for first in range(1, size + 1, 50_000):
        part = [bytes(entries.Added(1, secrets.token_bytes(32))) for _ in range(min(50_000, size + 1 - first))]
        kept.update(tiles.append(first, [merkle.leaf_hash(entry) for entry in part], lambda level, index: kept[level, index]))
        people = [(uuid4(), petition, 1, "confirmed", "count", at) for at in range(first, first + len(part))]
        rows = [(log_id, at, b"A", entry) for at, entry in enumerate(part, first)]
        async with pool.acquire() as connection:
            await connection.copy_records_to_table(
                "signature", records=people, columns=("id", "petition_id", "text_version", "state", "visibility", "log_index")
            )
            await connection.copy_records_to_table("entry", records=rows, columns=("log_id", "idx", "kind", "entry"))
    root = merkle.tree_root(size + 1, tiles.node_reader(lambda level, index: kept[level, index], size + 1))
    async with pool.acquire() as connection:
        await connection.execute("delete from tile where log_id = $1", log_id)
        await connection.copy_records_to_table(
            "tile", records=[(log_id, level, at, data) for (level, at), data in kept.items()], columns=("log_id", "level", "idx", "hashes")
        )
        await connection.execute("insert into checkpoint (log_id, size, root, count) values ($1, $2, $3, $4)", log_id, size + 1, root, size)
        await connection.execute("update log set size = $2, root = $3, added = $4, count = $4 where id = $1", log_id, size + 1, root, size)
        await connection.execute("analyze")
    await ledger.run_due(pool, keys, settings.data_dir / "published", seal_seconds=0.001)
    return keys, settings, slug


def _child(settings: Settings, url: str, *arguments: str) -> tuple[float, float]:
    """(seconds, MiB at most) of a command in a process of its own."""
    given = {
        "LIBERTAS_DATABASE_URL": url, "LIBERTAS_DATA_DIR": str(settings.data_dir), "LIBERTAS_KEY_DIR": str(settings.key_dir),
        "LIBERTAS_BASE_URL": settings.base_url, "LIBERTAS_ISSUER_NAME": settings.issuer_name, "LIBERTAS_ISSUER_CONTACT": "a@example.org",
        "LIBERTAS_SMTP_URL": "smtp://127.0.0.1:9",
    }  # fmt: skip
    begin = time.perf_counter()
    with subprocess.Popen([sys.executable, "-m", "service", *arguments], env={**os.environ, **given}, stdout=subprocess.DEVNULL) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 2):
        raise AssertionError(f"{arguments[0]} failed")
    return time.perf_counter() - begin, used.ru_maxrss / 1024


async def certificate_figures(pool: asyncpg.Pool, folder: Path, url: str, size: int) -> dict[str, float]:
    """Certifying ``size`` signatures and checking the bundle, each by the command line; and printing the document alone."""
    keys, settings, slug = await large(pool, folder, size)
    out = folder / "certified"
    seconds, mib = await asyncio.to_thread(_child, settings, url, "certify", slug, "--recipient", _RECIPIENT, "--out", str(out))
    checking, checking_mib = await asyncio.to_thread(_child, settings, url, "verify", f"{out}.zip", "--offline")
    files = certificates.load(out)
    trust = await known(pool, keys, settings)
    begin = time.perf_counter()
    proof.verify_bundle(files, trust)
    kernel = time.perf_counter() - begin
    begin = time.perf_counter()
    printing.document({path: data for path, data in files.items() if path not in ("certificate.pdf", "SHA256SUMS", "SHA256SUMS.sig")})
    pdf = time.perf_counter() - begin
    return {
        "certify_seconds": seconds, "certify_mib": mib, "verify_seconds": checking, "verify_mib": checking_mib, "bundle_seconds": kernel,
        "pdf_seconds": pdf,
    }  # fmt: skip


async def page_seconds(bundle: Path) -> float:
    """Seconds from choosing the zip to the verdict of `verify.html`, opened from disk in Chromium."""
    from playwright.async_api import async_playwright

    from service.proof import page

    file = bundle.with_name("verify.html")
    file.write_bytes(page.html())
    found = next(each for name in ("chromium", "chromium-browser", "google-chrome") for each in _on_path(name))
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=found)
        try:
            shown = await browser.new_page()
            await shown.goto(file.as_uri())
            begin = time.perf_counter()
            await shown.set_input_files("#checker-file", str(bundle))
            await shown.wait_for_selector(".checker-result .checker-count", timeout=180_000)
            return time.perf_counter() - begin
        finally:
            await browser.close()


def _on_path(name: str) -> Iterator[str]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if (Path(folder) / name).is_file():
            yield str(Path(folder) / name)


# -- all of it ---------------------------------------------------------------------------------------------------------------------


class Goal(msgspec.Struct, frozen=True):
    subject: str
    figure: str
    unit: str
    most: float


GOALS = (
    Goal("a batch of 10,000 sealed", "seal_seconds", "s", 1),
    Goal("the same, signed and published", "publish_seconds", "s", 1),
    Goal("an inclusion proof", "proof_milliseconds", "ms", 5),
    Goal("recount of the entries from files (goal: for 1 M)", "recount_seconds", "s", 10),
    Goal("certificate (goal: for 1 M signatures)", "certify_seconds", "s", 60),
    Goal("its memory at most", "certify_mib", "MiB", 500),
    Goal("its document", "pdf_seconds", "s", 2),
    Goal("its bundle verified: files, tree, count, texts, anchor", "bundle_seconds", "s", 10),
    Goal("the same by `libertas verify`, from the zip, with its document", "verify_seconds", "s", 30),
    Goal("the same in the page, from the zip", "page_seconds", "s", 15),
)


async def measure(folder: Path, size: int, only: frozenset[str]) -> dict[str, float]:
    """The figures of ``only`` (batch, recount, certificate, page), each on a database of its own."""
    postgres = Postgres(folder / "postgres")
    await postgres.start()
    found: dict[str, float] = {}
    try:
        for name in ("batch", "certificate"):
            if name not in only:
                continue
            connection = await asyncpg.connect(postgres.admin_url)
            await connection.execute(f"create database {name} owner {OWNER}")
            await connection.close()
            url = postgres.url_for(OWNER, name)
            await db.migrate(url)
            async with db.open_pool(url, high=4, name="bench") as pool:
                if name == "batch":
                    found |= await batch_seconds(pool, folder / "batch")
                else:
                    found |= await certificate_figures(pool, folder / "large", url, size)
    finally:
        await postgres.stop()
    if "page" in only and "certificate" in only:
        found["page_seconds"] = await page_seconds(folder / "large" / "certified.zip")
    if "recount" in only:
        found |= await asyncio.to_thread(recount_seconds, size)
    return found


def main() -> None:
    """The table, as it stands in RESULTS.md."""
    line = argparse.ArgumentParser(prog="python -m bench.ledger")
    line.add_argument("only", nargs="*", default=[], help="batch, recount, certificate, page (all of them)")
    line.add_argument("--size", type=int, default=1_000_000)
    options = line.parse_args()
    with tempfile.TemporaryDirectory(prefix="libertas-bench-") as folder:
        Path(folder).chmod(0o755)
        only = frozenset(options.only or ("batch", "recount", "certificate", "page"))
        found = asyncio.run(measure(Path(folder), options.size, only))
    print("| subject | measured | goal | met |\n| --- | --- | --- | --- |")
    for each in GOALS:
        if each.figure in found:
            value = found[each.figure]
            met = "yes" if value < each.most else "**no**"
            print(f"| {each.subject} | {value:,.3g} {each.unit} | < {each.most:g} {each.unit} | {met} |")


if __name__ == "__main__":
    main()
