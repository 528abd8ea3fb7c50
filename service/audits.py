"""An audit: somebody whom the institution trusts tests by lot that the counted entries stand for different addresses.

The issuer's side opens sealed data, so an audit is possible only while it can be opened here: before the operational copies of
a sealed petition are gone, before erasure, before the end of retention. The auditor's side needs no database. The steps and
what they prove stand in ``docs/formats.md``; the arithmetic is in ``proof.audit``, and nothing here decides about it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd

import asyncpg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from service import db, identity, petitions, signatures
from service.errors import Conflict, Misconfigured, Unproven
from service.identity import Keys
from service.proof import audit as proof
from service.proof import commitment
from service.proof.canonical import b64, canonical_json, decimal, parse_json, sha256, unb64
from service.proof.note import Checkpoint
from service.proof.sshsig import ssh_verify

q = db.statements("audits")

BITS = 2048
"""The key lives for an afternoon and signs for one audit; a larger one makes a million signatures an affair of a night."""

Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Log:
    """A log that was verified, as far as an audit needs it."""

    checkpoint: Checkpoint
    entries: Sequence[bytes]
    counted: Sequence[int]
    text_hashes: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Page:
    """The issuer's secret beside one counted entry: its opening, the blinding factor, later the signature."""

    opening: commitment.Opening
    factor: int
    signature: bytes = b""


# -- the auditor's key -----------------------------------------------------------------------------------------------------------


def new_key() -> tuple[bytes, proof.Key]:
    """A throw-away key: its private half as PEM, and its public half to hand to the issuer."""
    private = rsa.generate_private_key(proof.EXPONENT, BITS)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.private_bytes(*form), proof.Key(private.public_key().public_numbers().n)


def sign(pem: bytes, blinded: Mapping[int, int], progress: Progress | None = None) -> dict[int, int]:
    """The blind signatures; about 3 ms each. Raises ``Misconfigured`` for a key that is none."""
    try:
        private = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise Misconfigured(["the audit's key cannot be read"]) from None
    if not isinstance(private, rsa.RSAPrivateKey):
        raise Misconfigured(["the audit's key is not an RSA key"])
    numbers = private.private_numbers()
    p, q_, d_p, d_q, inverse = numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp
    signed = {}
    for done, (index, number) in enumerate(blinded.items(), 1):
        # By the Chinese remainder theorem: four times faster than one power by the whole modulus.
        high, low = pow(number, d_p, p), pow(number, d_q, q_)
        signed[index] = low + q_ * ((high - low) * inverse % p)
        if progress and (done % 256 == 0 or done == len(blinded)):
            progress(done, len(blinded))
    return signed


# -- the issuer's side -----------------------------------------------------------------------------------------------------------


async def openings(pool: asyncpg.Pool, keys: Keys, slug: str, log: Log) -> dict[int, commitment.Opening]:
    """The openings of counted entries that can still be opened here, by index.

    Raises ``Conflict`` when none can, ``Unproven`` when one does not open its own entry.
    """
    petition = await petitions.by_slug(pool, slug)
    if petition.checkpoint.origin != log.checkpoint.origin:
        raise Conflict("the bundle is another petition's")
    counted = set(log.counted)
    found: dict[int, commitment.Opening] = {}
    async for row in q.openable(pool, petition_id=petition.id, size=log.checkpoint.size):
        index = row["log_index"]
        if index not in counted:
            continue
        try:
            blob = signatures.open_blob(keys, row)
        except identity.KeyGone:
            continue
        values = {"email": identity.canonical(blob.email), "country": blob.country, "locale": blob.language, "class": blob.klass}
        salts = commitment.salts(blob.secret)
        opening = commitment.Opening(log.checkpoint.origin, row["text_version"], row["manifest_hash"], salts, values)
        if opening.entry() != log.entries[index]:
            raise Unproven("audit-opening", f"entry {index}: our own data does not open it")
        found[index] = opening
    if not found:
        raise Conflict("no entry can be opened here any more: sealed petitions are audited within a day, others before retention ends")
    return found


def blind(key: proof.Key, openings: Mapping[int, commitment.Opening]) -> tuple[dict[int, int], dict[int, Page]]:
    """(what the auditor signs, what the issuer keeps secret), by index."""
    pages, blinded = {}, {}
    for index, opening in sorted(openings.items()):
        factor = 0
        while gcd(factor, key.modulus) != 1:
            factor = secrets.randbelow(key.modulus)
        pages[index] = Page(opening, factor)
        blinded[index] = key.blind(opening.values["email"], factor)
    return blinded, pages


def tags(key: proof.Key, log: Log, pages: Mapping[int, Page], signed: Mapping[int, int]) -> tuple[proof.Tags, dict[int, Page]]:
    """The ledger of tags, and the pages with their signatures. ``Unproven`` (audit-signature) when the auditor signed wrongly."""
    done: dict[int, Page] = {}
    for index, page in pages.items():
        if index not in signed:
            raise Unproven("audit-signature", f"entry {index}: not signed")
        signature = key.unblind(signed[index], page.factor, page.opening.values["email"])
        done[index] = Page(page.opening, 0, signature)
    head = log.checkpoint
    kept = {index: proof.tag(done[index].signature) if index in done else None for index in log.counted}
    return proof.Tags(head.origin, head.size, head.root, sha256(key.encode()), kept), done


def opened(pages: Mapping[int, Page], drawn: Iterable[int]) -> bytes:
    """The file of openings for the drawn entries that can be opened."""
    return b"".join(
        proof.format_opened(index, proof.Opened(pages[index].opening, pages[index].signature)) for index in drawn if index in pages
    )


# -- files between them ----------------------------------------------------------------------------------------------------------


def format_numbers(numbers: Mapping[int, int], width: int) -> bytes:
    """``index base64`` lines."""
    return "".join(f"{index} {b64(number.to_bytes(width, 'big'))}\n" for index, number in sorted(numbers.items())).encode()


def parse_numbers(data: bytes) -> dict[int, int]:
    """The numbers of a file, by index. Raises ``Unproven`` (audit-file)."""
    found: dict[int, int] = {}
    for line in data.decode("ascii", "replace").removesuffix("\n").split("\n"):
        index, _, number = line.partition(" ")
        found[decimal(index, "audit-file")] = int.from_bytes(unb64(number, "audit-file"), "big")
    return found


def format_book(pages: Mapping[int, Page]) -> bytes:
    """The issuer's secret book: it opens everything, keep it like the list of names."""
    return b"".join(
        canonical_json(
            {
                "index": index,
                "opening": parse_json(page.opening.encode()),
                "factor": b64(page.factor.to_bytes(512, "big")),
                "signature": b64(page.signature),
            }
        )
        + b"\n"
        for index, page in sorted(pages.items())
    )


def parse_book(data: bytes) -> dict[int, Page]:
    """The pages of a book, by index. Raises ``Unproven`` (audit-file)."""
    found: dict[int, Page] = {}
    for line in data.splitlines():
        match parse_json(line):
            case {"index": int(index), "opening": dict(opening), "factor": str(factor), "signature": str(signature)}:
                number = int.from_bytes(unb64(factor, "audit-file"), "big")
                found[index] = Page(commitment.Opening.parse(canonical_json(opening)), number, unb64(signature, "audit-file"))
            case _:
                raise Unproven("audit-file", "a line of the book is none")
    return found


# -- the result ------------------------------------------------------------------------------------------------------------------


async def take_in(pool: asyncpg.Pool, slug: str, report: bytes, signature: bytes) -> str:
    """Keep an auditor's signed report, so that the next certificate tells it; returns its id.

    Whatever it found is told: a report is not chosen by its result. Raises ``Unproven`` (audit-report, audit-checkpoint, or
    as ``ssh_verify``) when it is not one about this petition's log, signed by the key that it names.
    """
    found = proof.parse_report(report)
    ssh_verify(report, signature, str(found["auditor_key"]), proof.NAMESPACE)
    petition = await petitions.by_slug(pool, slug)
    size = int(str(found["size"]))
    root = await q.root(pool, log_id=petition.log_id, size=size)
    if found["origin"] != petition.checkpoint.origin or root is None or found["root"] != b64(root) or size > petition.checkpoint.size:
        raise Unproven("audit-checkpoint", "the report is about another log, or a head that this one never had")
    report_id = sha256(report).hex()
    await q.insert(
        pool, id=report_id, petition_id=petition.id, auditor=str(found["auditor"]), size=size, report=report, signature=signature
    )
    return report_id
