"""A certificate is issued: its figures, its place in the anchor log, its signatures; and what was issued can be fetched again.

Outside the demo the private keys are elsewhere. What the server then makes is complete but for the issuer's signatures and
the PDF, and ``finishing`` adds those where the keys are; ``take_in`` brings the finished bundle back for download.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from service import db, ledger, petitions
from service.certificates import stamps
from service.certificates.archive import Bundle
from service.certificates.beside import supporters as standing_beside
from service.certificates.evidence import anchored, gather, q, recounted, size_of
from service.certificates.finishing import finish
from service.certificates.stating import To, standing_of, statement
from service.certificates.trust import certificate_key, known, seal_of
from service.errors import Conflict, Misconfigured, NotFound, Unproven
from service.identity import Keys
from service.proof import certificate as proof
from service.proof import note
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
) -> Bundle:
    """Certify the count under the published checkpoint for the office ``recipient``, and keep the bundle for download.

    ``recipient`` is an office's slug or name, with its holder of that day unless ``holder`` is given, or any other words.

    With ``unsigned`` it is anchored and complete but for what ``finishing.finish`` adds. Raises ``NotFound`` (no such
    petition, or nothing sealed yet), ``Misconfigured`` (no certificate key here), ``Busy`` when anchor log or time-stamp
    authority do not answer in time; and ``Unproven`` rather than hand out a bundle that does not verify.
    """
    petition = await petitions.by_slug(pool, slug)
    if petition.checkpoint.size == 0:
        raise NotFound(f"nothing of {slug} is sealed yet; wait for the first checkpoint")
    public, private = certificate_key(keys, settings)
    if private is None and not unsigned:
        raise Misconfigured(["the certificate key's private half is not here: use --unsigned, and --sign where it is"])
    seal = seal_of(keys, settings)
    to = await To.of(pool, recipient, holder=holder, petitioner=petitioner, on=now.date() if now else None)
    supporters = await standing_beside(pool, petition.id)
    lock = int.from_bytes(sha256(b"certify" + petition.id.bytes)[:8], "big", signed=True)
    async with pool.acquire() as connection:
        # One certificate at a time for a petition: the next serial names the one that it replaces.
        await q.lock(connection, key=lock)
        try:
            newest = await q.newest(connection, petition_id=petition.id)
            serial = newest["serial"] + 1 if newest else 1
            files = await gather(pool, keys, settings, petition, public)
            window = await q.window(connection, log_id=petition.log_id, size=petition.checkpoint.size, now=now)
            tally = await asyncio.to_thread(recounted, files)
            if tally.count != petition.count:
                # Before anything is anchored: what is in the anchor stays there for ever.
                raise Unproven("figures-differ", f"the public count is {petition.count}, the entries give {tally.count}")
            sealed_by = seal.fingerprint if seal else None
            files["certificate.json"] = await statement(
                pool, settings, petition, to, supporters, serial, newest, files, public, sealed_by, window, tally
            )
            if settings.tsa_url:
                files["certificate.json.tsr"] = await asyncio.to_thread(stamps.ask, settings.tsa_url, files["certificate.json"])
            digest = sha256(files["certificate.json"])
            async with db.transaction(pool) as writing:
                entry = await ledger.queue_certificate(writing, digest)
            before = note.parse_tlog_proof(files["petition.tlog-proof"]).checkpoint
            files["certificate.tlog-proof"] = await anchored(pool, keys, settings, entry, first=size_of(before))
            trust = await known(pool, keys, settings)
            if unsigned or private is None:
                await asyncio.to_thread(proof.verify_unsigned, files, trust)
            else:
                files = await asyncio.to_thread(finish, files, private, seal, tsa_url=settings.tsa_url)
                verdict = await asyncio.to_thread(proof.verify_bundle, files, trust)
                if verdict.figures["count"] != petition.count:
                    raise Unproven("figures-differ", f"the public count is {petition.count}, the bundle says {verdict.figures['count']}")
            bundle = Bundle(digest.hex(), petition.count, serial, files)
            packed = None if unsigned else await asyncio.to_thread(bundle.zip)
            async with connection.transaction():
                await q.insert_certificate(
                    connection,
                    id=bundle.id,
                    petition_id=petition.id,
                    serial=serial,
                    recipient=to.office,
                    holder=to.holder,
                    standing=standing_of(petition, settings),
                    size=petition.checkpoint.size,
                    count=bundle.count,
                    replaces=newest["id"] if newest else None,
                    issued_at=window["issued_at"],
                )
                if packed is not None:
                    await _store(connection, bundle.id, files, packed)
        finally:
            await q.unlock(connection, key=lock)
    return bundle


async def _store(connection: db.Connection, certificate_id: str, files: Mapping[str, bytes], packed: bytes) -> None:
    for name in NAMES:
        content = packed if name == "bundle.zip" else files.get(name)
        if content is not None:
            await q.insert_file(connection, id=certificate_id, name=name, content=content)


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
    packed = await asyncio.to_thread(bundle.zip)
    async with db.transaction(pool) as connection:
        await _store(connection, certificate_id, files, packed)
        if await q.file(connection, petition_id=row["petition_id"], id=certificate_id, name="bundle.zip") != packed:
            raise Conflict("another finished bundle of this certificate is here already")
    return bundle


# -- what was issued ---------------------------------------------------------------------------------------------------------


async def listing(pool: asyncpg.Pool, petition_id: UUID) -> list[dict[str, Any]]:
    """Every certificate of the petition, newest first, with ``kind`` demo, draft or final."""
    return [dict(row) async for row in q.listing(pool, petition_id=petition_id)]


async def download(pool: asyncpg.Pool, petition_id: UUID, certificate_id: str, name: str) -> bytes:
    """One of ``NAMES`` of a certificate; ``NotFound``."""
    if name not in NAMES or not re.fullmatch(r"[0-9a-f]{64}", certificate_id):
        raise NotFound("certificate")
    found: bytes | None = await q.file(pool, petition_id=petition_id, id=certificate_id, name=name)
    if found is None:
        raise NotFound("certificate")
    return found
