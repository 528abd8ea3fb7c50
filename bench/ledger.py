"""How fast the ledger is on this machine: small functions that return numbers, for `libertas bench` and for whoever is curious.

Each takes a pool on a migrated, empty database and a folder for keys; nothing is left to chance but the machine.
"""

from __future__ import annotations

import random
import secrets
import time
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from service import db, ledger
from service.identity import Keys
from service.proof import entries, merkle, note, tiles

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
    found = {}
    for name, sign, verifier in (
        ("ed25519", lambda: plain.sign(text), plain.verifier),
        ("ml_dsa", lambda: second.sign(head, 1), second.verifier),
    ):
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
