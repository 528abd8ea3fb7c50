"""A certificate is issued: its figures, its place in the anchor log, its signatures; and what was issued can be fetched again.

Outside the demo the private keys are elsewhere. What the server then makes is complete but for the issuer's signatures and
the PDF, and ``finishing`` adds those where the keys are; ``take_in`` brings the finished bundle back for download.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import struct
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, BinaryIO
from uuid import UUID

import asyncpg

from service import db, ledger, petitions
from service.certificates import stamps
from service.certificates.archive import Bundle, unzip, zipped
from service.certificates.beside import supporters as standing_beside
from service.certificates.evidence import anchored, gather, log_files, q, recounted, size_of
from service.certificates.finishing import finish
from service.certificates.stating import To, standing_of, statement
from service.certificates.trust import certificate_key, known, seal_of
from service.errors import Conflict, Misconfigured, NotFound, Unproven
from service.identity import Keys
from service.proof import certificate as proof
from service.proof import entries, note
from service.proof.canonical import sha256
from service.settings import Settings

NAMES = {"bundle.zip": "application/zip", "certificate.json": "application/json", "certificate.pdf": "application/pdf"}
"""What can be fetched of a certificate, with its media type."""


async def certify(
    pool: asyncpg.Pool,
    keys: Keys,
    settings: Settings,
    slug: str,
    recipient: str,
    *,
    holder: str = "",
    petitioner: str = "",
    unsigned: bool = False,
    now: datetime | None = None,
    fail: ledger.Failpoint = ledger.go_on,
) -> Bundle:
    """Certify the count under the published checkpoint for the office ``recipient``, and keep the bundle for download.

    ``recipient`` is an office's slug or name, with its holder of that day unless ``holder`` is given, or any other words.
    With ``unsigned`` it is anchored and complete but for what ``finishing.finish`` adds. A certificate that was numbered and could
    not be finished (a crash, a time-stamp authority that is away) is finished first; asked for the same again, it is the answer.
    Raises ``NotFound`` (no such petition, or nothing sealed yet), ``Misconfigured`` (no certificate key here), ``Busy`` when
    anchor log or time-stamp authority do not answer in time; and ``Unproven`` rather than hand out a bundle that does not verify.
    """
    petition = await petitions.by_slug(pool, slug)
    if petition.checkpoint.size == 0:
        raise NotFound(f"nothing of {slug} is sealed yet; wait for the first checkpoint")
    public, private = certificate_key(keys, settings)
    if private is None and not unsigned:
        raise Misconfigured(["the certificate key's private half is not here: use --unsigned, and --sign where it is"])
    to = await To.of(pool, recipient, holder=holder, petitioner=petitioner, on=now.date() if now else None)
    async with _one_at_a_time(pool, petition.id) as connection:
        asked = (to.office, to.holder, to.petitioner, petition.checkpoint.size)
        for row in [row async for row in q.drafts(connection, petition_id=petition.id, is_unsigned=unsigned)]:
            if not _announces(row, public):
                continue  # numbered under a key that has changed since: nobody can sign it here
            is_asked = asked == (row["recipient"], row["holder"], row["petitioner"], row["size"])
            if is_asked or not unsigned:
                bundle = await _complete(pool, connection, keys, settings, row, unsigned=unsigned, fail=fail)
            if is_asked:
                return bundle
        row, tiles = await _number(pool, connection, keys, settings, petition, to, unsigned=unsigned, now=now, fail=fail)
        return await _complete(pool, connection, keys, settings, row, tiles, unsigned=unsigned, fail=fail)


@asynccontextmanager
async def _one_at_a_time(pool: asyncpg.Pool, petition_id: UUID) -> AsyncIterator[db.Connection]:
    """One certificate at a time for a petition: the next serial names the one that it replaces."""
    lock = int.from_bytes(sha256(b"certify" + petition_id.bytes)[:8], "big", signed=True)
    async with pool.acquire() as connection:
        await q.lock(connection, key=lock)
        try:
            yield connection
        finally:
            await q.unlock(connection, key=lock)


async def _number(
    pool: asyncpg.Pool,
    connection: db.Connection,
    keys: Keys,
    settings: Settings,
    petition: petitions.Petition,
    to: To,
    *,
    unsigned: bool,
    now: datetime | None,
    fail: ledger.Failpoint,
) -> tuple[Any, dict[str, bytes]]:
    """State the figures and give the certificate its number; its row, its draft and its entry for the anchor are one commit.

    Returns the draft's row and the log's own files, which are not part of it. What is in the anchor stays there for ever, so nothing
    is entered there that could not be finished after a crash, and nothing that does not add up. Raises ``ledger.Forked`` when the
    anchor cannot go on.
    """
    await ledger.guard(pool, ledger.ANCHOR, settings.data_dir / "published")
    public, _ = certificate_key(keys, settings)
    seal = await asyncio.to_thread(seal_of, keys, settings)
    supporters = await standing_beside(pool, petition.id)
    newest = await q.newest(connection, petition_id=petition.id)
    serial = newest["serial"] + 1 if newest else 1
    files = await gather(pool, keys, settings, petition, public)
    window = await q.window(connection, log_id=petition.log_id, size=petition.checkpoint.size, now=now)
    tally = await asyncio.to_thread(recounted, files, petition.checkpoint.root)
    if tally.count != petition.count:
        raise Unproven("figures-differ", f"the public count is {petition.count}, the entries give {tally.count}")
    sealed_by = seal.fingerprint if seal else None
    files["certificate.json"] = await statement(
        pool, settings, petition, to, supporters, serial, newest, files, public, sealed_by, window, tally
    )
    if settings.tsa_url:
        files["certificate.json.tsr"] = await asyncio.to_thread(stamps.ask, settings.tsa_url, files["certificate.json"])
    await fail("certify:stated")
    digest = sha256(files["certificate.json"])
    async with db.transaction(pool) as writing:
        await q.insert_certificate(
            writing,
            id=digest.hex(),
            petition_id=petition.id,
            serial=serial,
            recipient=to.office,
            holder=to.holder,
            standing=standing_of(petition, settings),
            size=petition.checkpoint.size,
            count=tally.count,
            replaces=newest["id"] if newest else None,
            issued_at=window["issued_at"],
        )
        small = {path: content for path, content in files.items() if not path.startswith("tile/")}
        await q.insert_draft(writing, id=digest.hex(), is_unsigned=unsigned, petitioner=to.petitioner, content=zipped(small))
        await ledger.queue_certificate(writing, digest)
    await fail("certify:numbered")
    return await q.draft(connection, id=digest.hex()), {path: content for path, content in files.items() if path.startswith("tile/")}


async def _complete(
    pool: asyncpg.Pool,
    connection: db.Connection,
    keys: Keys,
    settings: Settings,
    row: Any,
    tiles: Mapping[str, bytes] | None = None,
    *,
    unsigned: bool,
    fail: ledger.Failpoint,
) -> Bundle:
    """From the draft to the bundle: its place in the anchor, and where the key is here its signatures, its seal and its download.

    ``tiles`` are the log's own files if they were made a moment ago; else they are made again from the entries.
    """
    files = dict(tiles) if tiles is not None else (await log_files(pool, row["log_id"], row["size"]))[0]
    files |= await asyncio.to_thread(unzip, row["content"])
    before = note.parse_tlog_proof(files["petition.tlog-proof"]).checkpoint
    entry = bytes(entries.Certified(sha256(files["certificate.json"])))
    files["certificate.tlog-proof"] = await anchored(pool, keys, settings, entry, first=size_of(before))
    await fail("certify:anchored")
    trust = await known(pool, keys, settings)
    _, private = certificate_key(keys, settings)
    if unsigned or private is None:
        await asyncio.to_thread(proof.verify_unsigned, files, trust)
        return Bundle(row["id"], row["count"], row["serial"], files)
    seal = await asyncio.to_thread(seal_of, keys, settings)
    files = await asyncio.to_thread(finish, files, private, seal, tsa_url=settings.tsa_url)
    verdict = await asyncio.to_thread(proof.verify_bundle, files, trust)
    if verdict.figures["count"] != row["count"]:
        raise Unproven("figures-differ", f"the public count is {row['count']}, the bundle says {verdict.figures['count']}")
    bundle = Bundle(row["id"], row["count"], row["serial"], files)
    with tempfile.TemporaryFile(dir=settings.data_dir) as packed:
        await asyncio.to_thread(bundle.zip_into, packed)
        await fail("certify:finished")
        async with connection.transaction():
            await _store(connection, bundle.id, files, packed)
            await q.drop_draft(connection, id=bundle.id)
    await fail("certify:stored")
    return bundle


async def finish_pending(pool: asyncpg.Pool, keys: Keys, settings: Settings) -> bool:
    """Finish a certificate that was numbered ten minutes ago or more and has no bundle yet; False when there is none.

    Refusals as in ``certify``; it is tried again ten minutes later.
    """
    async with db.transaction(pool) as claiming:
        claimed = await q.claim_draft(claiming)
    if claimed is None:
        return False
    async with _one_at_a_time(pool, claimed["petition_id"]) as connection:
        row = await q.draft(connection, id=claimed["id"])
        if row is not None and _announces(row, certificate_key(keys, settings)[0]):  # else somebody was faster, or the key has changed
            await _complete(pool, connection, keys, settings, row, unsigned=False, fail=ledger.go_on)
    return True


def _announces(row: Any, public: str) -> bool:
    return proof.parse_allowed_signers(unzip(row["content"])["allowed_signers"])[1] == public


async def _store(connection: db.Connection, certificate_id: str, files: Mapping[str, bytes], packed: BinaryIO) -> None:
    """What was handed out once stays; a repeat changes nothing."""
    for name in ("certificate.json", "certificate.pdf"):
        if name in files:
            await q.insert_file(connection, id=certificate_id, name=name, content=files[name])
    if await q.digest(connection, id=certificate_id, name="bundle.zip") is None:
        columns = ("certificate_id", "name", "content")
        source = _copied(certificate_id.encode(), b"bundle.zip", packed)
        await connection.copy_to_table("certificate_file", source=source, columns=columns, format="binary")


async def _copied(certificate_id: bytes, name: bytes, packed: BinaryIO) -> AsyncIterator[bytes]:
    """One row for COPY (binary), in pieces. As a statement's argument a large archive would be held three times on its way."""
    size = packed.seek(0, os.SEEK_END)
    packed.seek(0)
    yield b"PGCOPY\n\xff\r\n\0" + struct.pack(">IIH", 0, 0, 3)
    yield struct.pack(">I", len(certificate_id)) + certificate_id + struct.pack(">I", len(name)) + name + struct.pack(">I", size)
    while piece := packed.read(1 << 20):
        yield piece
    yield struct.pack(">h", -1)


async def take_in(pool: asyncpg.Pool, keys: Keys, settings: Settings, files: Mapping[str, bytes]) -> Bundle:
    """Keep for download a bundle that was numbered here and finished elsewhere.

    Raises ``NotFound`` when it was not numbered here, ``Conflict`` when its files are here already and differ, and
    ``Unproven`` when it does not verify against the keys of this installation.
    """
    verdict = await asyncio.to_thread(proof.verify_bundle, files, await known(pool, keys, settings))
    certificate_id = sha256(files["certificate.json"]).hex()
    row = await q.by_id(pool, id=certificate_id)
    if row is None:
        raise NotFound("this certificate was not made here")
    bundle = Bundle(certificate_id, int(str(verdict.figures["count"])), row["serial"], dict(files))
    with tempfile.TemporaryFile(dir=settings.data_dir) as packed:
        await asyncio.to_thread(bundle.zip_into, packed)
        packed.seek(0)
        digest = hashlib.file_digest(packed, "sha256").digest()
        async with db.transaction(pool) as connection:
            await _store(connection, certificate_id, files, packed)
            if await q.digest(connection, id=certificate_id, name="bundle.zip") != digest:
                raise Conflict("another finished bundle of this certificate is here already")
            await q.drop_draft(connection, id=certificate_id)
    return bundle


# -- what was issued ---------------------------------------------------------------------------------------------------------


async def listing(pool: asyncpg.Pool, petition_id: UUID) -> list[dict[str, Any]]:
    """Every certificate of the petition, newest first, with ``kind`` demo, draft or final."""
    return [dict(row) async for row in q.listing(pool, petition_id=petition_id)]


PIECE = 1 << 20
"""Bytes of a file that are read at once: the archive of a million signatures has 65 MB, and any number of people may fetch it."""


async def download(pool: asyncpg.Pool, petition_id: UUID, certificate_id: str, name: str) -> tuple[int, AsyncIterator[bytes]]:
    """(bytes, pieces) of one of ``NAMES`` of a certificate, each piece read when it is asked for; ``NotFound``."""
    if name not in NAMES or not re.fullmatch(r"[0-9a-f]{64}", certificate_id):
        raise NotFound("certificate")
    size: int | None = await q.size(pool, petition_id=petition_id, id=certificate_id, name=name)
    if size is None:
        raise NotFound("certificate")
    return size, _pieces(pool, certificate_id, name, size)


async def _pieces(pool: asyncpg.Pool, certificate_id: str, name: str, size: int) -> AsyncIterator[bytes]:
    for at in range(1, size + 1, PIECE):
        yield await q.piece(pool, id=certificate_id, name=name, at=at, length=PIECE)
