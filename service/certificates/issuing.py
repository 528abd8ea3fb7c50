"""A certificate is issued: its figures, its words, its place in the anchor log; and what was issued can be fetched again."""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from service import db, ledger, petitions
from service.certificates.archive import Bundle, unzip
from service.certificates.evidence import anchored, gather, q, recounted, size_of
from service.certificates.trust import known
from service.errors import NotFound, Unproven
from service.identity import Keys
from service.proof import certificate as proof
from service.proof import entries, note
from service.proof.canonical import b64, sha256
from service.settings import LANGUAGES, Settings

ISSUE = "petition-certificate/v1"
SMALL = 10
"""Cells of fewer than this many people are merged, and one more with them, so that subtraction gives nothing."""


@cache
def sentences() -> dict[str, dict[str, str]]:
    """The fixed sentences by name and language (``certificates.toml``)."""
    with (Path(__file__).parent / "words.toml").open("rb") as file:
        return tomllib.load(file)


async def certify(pool: asyncpg.Pool, keys: Keys, settings: Settings, slug: str, recipient: str, *, now: datetime | None = None) -> Bundle:
    """Certify the count under the published checkpoint for ``recipient``, and keep the bundle for download.

    Raises ``NotFound`` (no such petition, or nothing sealed yet), ``Misconfigured`` (no certificate key), ``Busy`` when the
    anchor log does not take the entry in time; and ``Unproven`` rather than hand out a bundle that does not verify.
    """
    petition = await petitions.by_slug(pool, slug)
    if petition.checkpoint.size == 0:
        raise NotFound(f"nothing of {slug} is sealed yet; wait for the first checkpoint")
    key = keys.certificate_key(Path(settings.certificate_key) if settings.certificate_key else None)
    lock = int.from_bytes(sha256(b"certify" + petition.id.bytes)[:8], "big", signed=True)
    async with pool.acquire() as connection:
        # One certificate at a time for a petition: the next serial names the one that it replaces.
        await q.lock(connection, key=lock)
        try:
            newest = await q.newest(connection, petition_id=petition.id)
            serial = newest["serial"] + 1 if newest else 1
            files = await gather(pool, keys, settings, petition, key)
            window = await q.window(connection, log_id=petition.log_id, size=petition.checkpoint.size, now=now)
            tally = await asyncio.to_thread(recounted, files)
            if tally.count != petition.count:
                # Before anything is anchored: what is in the anchor stays there for ever.
                raise Unproven("figures-differ", f"the public count is {petition.count}, the entries give {tally.count}")
            files["certificate.json"] = await _statement(pool, settings, petition, recipient, serial, newest, files, key, window, tally)
            files["certificate.json.sig"] = proof.ssh_sign(files["certificate.json"], key)
            digest = sha256(files["certificate.json"])
            async with db.transaction(pool) as writing:
                entry = await ledger.queue_certificate(writing, digest)
            before = note.parse_tlog_proof(files["petition.tlog-proof"]).checkpoint
            files["certificate.tlog-proof"] = await anchored(pool, keys, settings, entry, first=size_of(before))
            files["SHA256SUMS"] = proof.sums_of(files)
            files["SHA256SUMS.sig"] = proof.ssh_sign(files["SHA256SUMS"], key)
            verdict = await asyncio.to_thread(proof.verify_bundle, files, await known(pool, keys, settings))
            if verdict.figures["count"] != petition.count:
                raise Unproven("figures-differ", f"the public count is {petition.count}, the bundle says {verdict.figures['count']}")
            bundle = Bundle(digest.hex(), petition.count, serial, files)
            await q.insert_certificate(
                connection,
                id=bundle.id,
                petition_id=petition.id,
                serial=serial,
                recipient=recipient,
                size=petition.checkpoint.size,
                count=bundle.count,
                replaces=newest["id"] if newest else None,
                bundle=await asyncio.to_thread(bundle.zip),
                issued_at=window["issued_at"],
            )
        finally:
            await q.unlock(connection, key=lock)
    return bundle


async def _statement(
    pool: asyncpg.Pool,
    settings: Settings,
    petition: petitions.Petition,
    recipient: str,
    serial: int,
    newest: Mapping[str, Any] | None,
    files: Mapping[str, bytes],
    key: Any,
    window: Mapping[str, Any],
    tally: entries.Tally,
) -> bytes:
    """The bytes of certificate.json: their SHA-256 is the certificate's public id."""
    head = petition.checkpoint
    first, last = _moment(window["first_at"]), _moment(window["snapshot_at"])
    words = sentences()
    standing = "demo" if petition.is_sample or settings.embedded else "draft"
    published = {row["version"]: row["published_at"] async for row in petitions.q.texts(pool, petition_id=petition.id)}
    versions = []
    for version, text_hash in enumerate(tally.texts, start=1):
        languages = sorted(p.split("/")[2].removesuffix(".txt") for p in files if p.startswith(f"text/{version}/"))
        versions.append(
            {
                "version": version,
                "published_at": _moment(published[version]),
                "manifest": b64(text_hash),
                "statements": {language: b64(sha256(files[f"text/{version}/{language}.txt"])) for language in languages},
            }
        )
    standing_at = [row async for row in q.standing(pool, petition_id=petition.id)]
    outcomes = {row["outcome"]: row["n"] async for row in q.outcomes(pool, petition_id=petition.id)}
    body: dict[str, Any] = {
        "format": ISSUE,
        "standing": standing,
        "notices": [{language: words[name][language] for language in LANGUAGES} for name in (standing, "role", "not_verified")],
        "issuer": {
            "name": settings.issuer_name,
            "role": "operator",
            "contact": settings.issuer_contact,
            "data_protection": settings.issuer_contact,
        },
        "petitioner": settings.issuer_name,
        "petition": {
            "slug": petition.slug,
            "origin": head.origin,
            "titles": petition.titles,
            "versions": versions,
            "recipients": [dict(each) for each in petition.recipients],
        },
        "recipient": {"name": recipient},
        "serial": serial,
        "replaces": newest["id"] if newest else None,
        "issued_at": _moment(window["issued_at"]),
        "window": {
            "opens_at": _moment(petition.opens_at),
            "closes_at": _moment(petition.closes_at) if petition.closes_at else None,
            "time_zone": petition.time_zone,
            "first_sealed_at": first,
            "cut_off": last,
            "state": petition.state(window["issued_at"]),
        },
        "method": words["method"],
        "statement": {language: text.format(n=tally.count, first=first, last=last) for language, text in words["proves"].items()},
        "retention": words["retention"],
        "proved": {**tally.proved(), "checkpoint": {"origin": head.origin, "size": head.size, "root": b64(head.root)}},
        "witnessed": {"cosignatures": [], "quorum": 0, "timestamp": None},
        "audited": None,
        "asserted": {
            "forms": _coarse(
                {
                    **{name: outcomes.get(name, 0) for name in ("merged", "capped", "suppressed")},
                    **{name: sum(row["n"] for row in standing_at if row["state"] == name) for name in ("pending", "held", "expired")},
                }
            ),
            "named_to_recipient": _coarse(
                {"agreed": sum(row["n"] for row in standing_at if row["state"] == "confirmed" and row["visibility"] in ("count", "show"))}
            ),
            "by_country": _merged({r["key"]: r["n"] async for r in q.sums(pool, petition_id=petition.id, kind="country")}),
            "by_language": _merged({r["key"]: r["n"] async for r in q.sums(pool, petition_id=petition.id, kind="language")}),
            "by_partner": _merged({r["key"]: r["n"] async for r in q.sums(pool, petition_id=petition.id, kind="partner")}),
        },
        "keys": {
            "log": files["vkey"].decode().rstrip("\n"),
            "anchor": files["anchor.vkey"].decode().rstrip("\n"),
            "certificate": proof.ssh_public(key),
        },
        "fingerprint": proof.fingerprint(proof.ssh_public(key)),
        "fingerprint_published_at": [f"{settings.base_url}/{language}/verify" for language in LANGUAGES],
        "files": proof.listed(files),
    }
    return proof.canonical_json(body)


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _coarse(cells: Mapping[str, int]) -> dict[str, int | str]:
    return {name: n if n >= SMALL or n == 0 else f"under {SMALL}" for name, n in cells.items()}


def _merged(cells: Mapping[str, int]) -> dict[str, int]:
    """Cells of ``SMALL`` and more; the others together as ``other``, with the smallest big one where they would show through."""
    big = {key: n for key, n in cells.items() if n >= SMALL and key}
    rest = [n for key, n in cells.items() if n < SMALL or not key]
    if rest and (len(rest) == 1 or sum(rest) < SMALL) and big:
        smallest = min(big, key=lambda key: (big[key], key))
        rest.append(big.pop(smallest))
    if not rest:
        return big
    return {**big, "other": sum(rest)} if sum(rest) >= SMALL else big


# -- what was issued ---------------------------------------------------------------------------------------------------------


async def listing(pool: asyncpg.Pool, petition_id: UUID) -> list[dict[str, Any]]:
    """Every certificate of the petition, newest first, with ``kind`` demo or draft."""
    return [dict(row) async for row in q.listing(pool, petition_id=petition_id)]


async def download(pool: asyncpg.Pool, petition_id: UUID, certificate_id: str, name: str) -> bytes:
    """``bundle.zip`` or ``certificate.json`` of a certificate; ``NotFound``."""
    if not re.fullmatch(r"[0-9a-f]{64}", certificate_id):
        raise NotFound("certificate")
    found: bytes | None = await q.bundle(pool, petition_id=petition_id, id=certificate_id)
    if found is None:
        raise NotFound("certificate")
    return found if name == "bundle.zip" else unzip(found)[name]
