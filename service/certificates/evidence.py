"""What lies beside a certificate, so that its number can be recomputed: the log, the texts, the keys and the proofs."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx2

from service import db, ledger, petitions, witnesses
from service.errors import Busy, NotFound, Unproven
from service.identity import Keys
from service.proof import certificate as proof
from service.proof import entries, merkle, note, page, tiles
from service.settings import Settings

q = db.statements("certificates")

_PART = 32 * tiles.WIDTH
_ANCHORED_WITHIN = 30.0
_COSIGNED_WITHIN = 30.0


async def gather(pool: asyncpg.Pool, keys: Keys, settings: Settings, petition: petitions.Petition, public: str) -> dict[str, bytes]:
    """Everything that certificate.json lists: log, texts, keys, and the proof that the checkpoint is in the anchor."""
    head = petition.checkpoint
    files, sealed = await log_files(pool, petition.log_id, head.size)
    files["checkpoint"] = await ledger.checkpoint(pool, petition.log_id, head.size)
    files["vkey"] = f"{await ledger.vkey(pool, petition.log_id)}\n".encode()
    async for row in petitions.q.texts(pool, petition_id=petition.id):
        version, language = row["version"], row["language"]
        files[f"manifest/{version}.json"] = files["manifest.json"] = row["manifest"]
        files[f"text/{version}/{language}.txt"] = files[f"text/{language}.txt"] = row["statement"].encode()
        files[f"consent/{version}/{language}.txt"] = row["consent"].encode()
        files[f"privacy/{version}/{language}.txt"] = row["privacy"].encode()
    _drop_unsealed_texts(files, sealed)
    files["petition.tlog-proof"] = await anchored(pool, keys, settings, bytes(entries.Anchored(head.origin, head.size, head.root)))
    files["anchor.vkey"] = f"{await ledger.vkey(pool, ledger.ANCHOR)}\n".encode()
    async for row in q.audits(pool, petition_id=petition.id, size=head.size):
        number = sum(path.startswith("audit/") for path in files) // 2 + 1
        files[f"audit/{number}.json"], files[f"audit/{number}.json.sig"] = row["report"], row["signature"]
    principal = urlsplit(settings.base_url).hostname or "issuer"
    files["allowed_signers"] = proof.allowed_signers(principal, public)
    files["VERIFY.txt"] = _verify_text(principal).encode()
    files["verify.html"] = page.html()
    files["tree.go"] = (Path(__file__).parent / "tree.go").read_bytes()
    return files


def _drop_unsealed_texts(files: dict[str, bytes], sealed: int) -> None:
    """A text that was published after the checkpoint, beyond version ``sealed``, is not part of what this certificate speaks of."""
    for path in [path for path in files if (parts := path.split("/"))[0] in ("manifest", "text", "consent", "privacy") and len(parts) > 1]:
        number = path.split("/")[1].removesuffix(".json")
        if number.isdecimal() and int(number) > sealed:
            del files[path]
    files["manifest.json"] = files[f"manifest/{sealed}.json"]
    for path in [path for path in files if re.fullmatch(r"text/[a-z]+\.txt", path)]:
        current = path.replace("text/", f"text/{sealed}/")
        if current in files:
            files[path] = files[current]
        else:
            del files[path]


async def log_files(pool: asyncpg.Pool, log_id: str, size: int) -> tuple[dict[str, bytes], int]:
    """(tiles and bundles of the log's first ``size`` entries by path, how many text versions stand among them).

    Read and hashed part by part: of a million entries the files stay in memory, and never the entries one by one.
    """
    files: dict[str, bytes] = {}
    kept: dict[tuple[int, int], bytes] = {}

    def grow(start: int, part: list[bytes]) -> int:
        kept.update(tiles.append(start, [merkle.leaf_hash(entry) for entry in part], lambda level, index: kept[level, index]))
        for at in range(0, len(part), tiles.WIDTH):
            bundle = part[at : at + tiles.WIDTH]
            files[tiles.entries_path((start + at) // tiles.WIDTH, len(bundle))] = tiles.pack_bundle(bundle)
        return sum(entry.startswith(b"T ") for entry in part)

    done = texts = 0
    part: list[bytes] = []
    async for row in q.entries(pool, log_id=log_id, size=size):
        part.append(row["entry"])
        if len(part) == _PART:
            texts += await asyncio.to_thread(grow, done, part)
            done += len(part)
            part = []
    texts += await asyncio.to_thread(grow, done, part)
    files |= {tiles.path(level, index, width): kept[level, index] for level, index, width in tiles.tiles_between(0, size)}
    return files, texts


async def anchored(
    pool: asyncpg.Pool, keys: Keys, settings: Settings, entry: bytes, *, first: int = 0, patience: float = _COSIGNED_WITHIN
) -> bytes:
    """The proof that ``entry`` is in the anchor log; this process seals the anchor itself if nobody else does.

    Only what is published proves anything, so the entry is looked for up to the published size. Where the operator asks for a
    quorum of witnesses, the proof leads to a checkpoint that they have cosigned, or there is none: ``Conflict`` ("unwitnessed")
    after ``patience`` seconds.
    """
    circle = witnesses.circle(settings, keys)
    deadline = asyncio.get_running_loop().time() + _ANCHORED_WITHIN
    while True:
        index = await ledger.find(pool, ledger.ANCHOR, entry, first=first)
        if index is not None:
            with contextlib.suppress(NotFound):  # sealed, and nothing of the anchor is published yet
                if circle is not None:
                    async with httpx2.AsyncClient() as client:
                        found = await witnesses.cosigned(pool, circle, covering=index, client=client, wait=patience)
                    signed = found.note
                else:
                    signed = await ledger.checkpoint(pool, ledger.ANCHOR)
                size = size_of(signed)
                if index < size:
                    return note.format_tlog_proof(index, await ledger.inclusion(pool, ledger.ANCHOR, index, size), signed)
        if asyncio.get_running_loop().time() > deadline:
            raise Busy(10, "the anchor log did not take the entry in time")
        await ledger.run_anchor(pool, keys, settings.data_dir / "published", ml_dsa=settings.ml_dsa)
        await asyncio.sleep(0.02)


def size_of(signed: bytes) -> int:
    return note.Checkpoint.parse(signed.decode().rpartition("\n\n")[0] + "\n").size


def recounted(files: Mapping[str, bytes], root: bytes) -> entries.Tally:
    """The tally of the bundle's entries. Raises ``Unproven``: the log is invalid, or ``root`` is not that of these entries."""
    tally, frontier = entries.Tally(), merkle.Frontier()
    for path in sorted((p for p in files if p.startswith("tile/entries/")), key=lambda p: tiles.parse_path(p)[1]):
        for entry in tiles.unpack_bundle(files[path], tiles.parse_path(path)[2]):
            tally.add(entry)
            frontier.append(merkle.leaf_hash(entry))
    if frontier.root() != root:
        raise Unproven("root-differs", "checkpoint: signed for other entries")
    return tally


def _verify_text(principal: str) -> str:
    return (Path(__file__).parent / "verify.txt").read_text(encoding="utf-8").replace("PRINCIPAL", principal)
