"""The keys by which an institution knows us, to be handed out by another way than our certificates.

The certificate's key and the PDF seal belong to the organizers. Outside the demo the server knows only their public halves:
a setting may name a public key, and then what is certified here is finished where the private one is (``finishing``).
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service import ledger
from service.certificates.seals import Seal
from service.errors import Misconfigured, Unproven
from service.identity import Keys
from service.proof import certificate as proof
from service.proof import note
from service.settings import Settings


def certificate_key(keys: Keys, settings: Settings) -> tuple[str, Ed25519PrivateKey | None]:
    """The certificate's public line, and its private key when that is here. Raises ``Misconfigured``."""
    path = Path(settings.certificate_key) if settings.certificate_key else None
    if path is not None:
        try:
            head = path.read_bytes()[:1024].decode("ascii", "replace")
        except OSError as broken:
            raise Misconfigured([f"LIBERTAS_CERTIFICATE_KEY: cannot be read ({type(broken).__name__})"]) from None
        if head.startswith(("ssh-ed25519 ", "sk-ssh-ed25519@openssh.com ")):
            line = " ".join(head.split("\n")[0].split(" ")[:2]).strip()  # without its comment
            try:
                proof.fingerprint(line)
            except Unproven as wrong:
                raise Misconfigured([f"LIBERTAS_CERTIFICATE_KEY: not an Ed25519 public key ({wrong.detail})"]) from None
            return line, None
    key = keys.certificate_key(path)
    return proof.ssh_public(key), key


def seal_of(keys: Keys, settings: Settings) -> Seal | None:
    """The PDF seal: from the setting, else the demo's own; None when there is none, and certificates then go without a PDF."""
    if settings.pdf_key:
        return Seal.load(settings.pdf_key)
    return Seal.load(str(keys.pdf_seal_path)) if keys.pdf_seal_path.exists() else None


def promise_vkey(keys: Keys, settings: Settings) -> str:
    """The key under which signers hold promises."""
    return note.Signer(f"{settings.origin_host}/promise", keys.promise_key()).vkey


async def known(pool: asyncpg.Pool, keys: Keys, settings: Settings) -> proof.Trust:
    """The trust file's content. Raises ``Misconfigured`` before there is an anchor log."""
    rows = await ledger.public_keys(pool)
    in_use = {row.log_id: row.vkey for row in reversed(rows)}  # the newest of each log comes first
    if ledger.ANCHOR not in in_use:
        raise Misconfigured(["there is no anchor log yet: create a petition first"])
    public, _ = certificate_key(keys, settings)
    seal = await asyncio.to_thread(seal_of, keys, settings)  # a token is asked, where the key is on one
    return proof.Trust(
        issuer=settings.issuer_name,
        logs=tuple(vkey for log_id, vkey in in_use.items() if log_id != ledger.ANCHOR),
        anchor=in_use[ledger.ANCHOR],
        certificate_keys=(public,),
        pdf_seals=(seal.fingerprint,) if seal else (),
        ml_dsa=tuple(row.ml_dsa for row in rows) if settings.ml_dsa else (),  # whoever knows them demands them
        retired=tuple(row.vkey for row in rows if row.vkey not in in_use.values()),
        promises=(promise_vkey(keys, settings),),
    )


async def trust(pool: asyncpg.Pool, keys: Keys, settings: Settings) -> bytes:
    """The trust file: this installation's public keys, to be handed out by another way than its bundles."""
    return (await known(pool, keys, settings)).encode()
