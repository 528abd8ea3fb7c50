"""A sealed blob is all that the database knows of a person; a blind index finds a mailbox again without naming it.

A blob opens only in its own table and row and under its own key: anything else is ``Unopened``. What is sealed is padded,
so that a copied database does not tell the length of a name.
"""

from __future__ import annotations

import hmac
import os
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.errors import Unproven
from service.identity.addresses import deliverable

SUITE = b"\x01"  # AES-256-GCM: suite byte, 96-bit random nonce, ciphertext with tag
# 0x02 is the offline half's (offline.py).
_NONCE = 12
_TAG = 16
_PAD = 128  # of typical blobs (90–200 bytes) nearly all become one of two lengths

Visibility = Literal["count", "show", "protect"]
Kind = Literal["sign", "resend", "manage", "not-me"]
Secret = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class Unopened(Unproven):
    """A blob was changed, or is not of this row, table or key. Nothing of it may be used."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("unopened", detail)


_CIPHERS: dict[bytes, AESGCM] = {}


def seal(key: bytes, key_id: int, table: str, row: bytes, plain: bytes) -> bytes:
    """Seal ``plain`` for one row: suite byte, nonce, ciphertext with tag (29 bytes more than ``plain``).

    ``key`` has 32 bytes, ``key_id`` is its number, 0 … 2^64 − 1. A key seals at most 2^32 blobs (NIST SP 800-38D, 8.3:
    random nonces), which a key of one day cannot reach.
    """
    nonce = os.urandom(_NONCE)
    return SUITE + nonce + _cipher(key).encrypt(nonce, plain, _bound(key_id, table, row))


def open_sealed(key: bytes, key_id: int, table: str, row: bytes, blob: bytes) -> bytes:
    """What was sealed for exactly this key, key id, table and row. Raises ``Unopened`` for everything else."""
    if len(blob) < 1 + _NONCE + _TAG or blob[:1] != SUITE:
        raise Unopened("not a blob of suite 1")
    try:
        return _cipher(key).decrypt(blob[1 : 1 + _NONCE], blob[1 + _NONCE :], _bound(key_id, table, row))
    except InvalidTag:
        raise Unopened("does not belong here, or was changed") from None


def forget(key: bytes) -> None:
    """Drop the prepared cipher of a destroyed key."""
    _CIPHERS.pop(key, None)


def _cipher(key: bytes) -> AESGCM:
    found = _CIPHERS.get(key)
    if found is None:
        if len(key) != 32:
            raise ValueError("a sealing key has 32 bytes")
        if len(_CIPHERS) >= 64:
            _CIPHERS.clear()
        found = _CIPHERS[key] = AESGCM(key)
    return found


def _bound(key_id: int, table: str, row: bytes) -> bytes:
    # Lengths before the two parts of free length, so that no two places share their bytes.
    place = table.encode()
    return SUITE + key_id.to_bytes(8, "big") + len(place).to_bytes(2, "big") + place + len(row).to_bytes(2, "big") + row


# --- blind indexes: HMAC-SHA256 under a key that is kept outside the database, 32 bytes


def email_index(key: bytes, canonical: str) -> bytes:
    """Finds one mailbox within one petition; ``key`` is the petition's index key, ``canonical`` a canonical address."""
    return hmac.digest(key, b"libertas email-index/v1\0" + canonical.encode(), "sha256")


def exact_index(key: bytes, typed: str) -> bytes:
    """Tells whether an address is spelled as before; ``key`` is the petition's index key, ``typed`` the address as typed.

    Letter case is not another spelling, before the @ as little as after it: the canonical address ignores it for everybody,
    telephones capitalise by themselves, and no provider of note gives Ani@ and ani@ to two people. Dots and tags are.
    Raises ``Invalid`` as ``deliverable`` does.
    """
    return hmac.digest(key, b"libertas exact-index/v1\0" + deliverable(typed).lower().encode(), "sha256")


def cap_index(key: bytes, canonical: str) -> bytes:
    """Counts mail to one mailbox over all petitions; ``key`` is one of ``Keys.caps_keys``."""
    return hmac.digest(key, b"libertas cap-index/v1\0" + canonical.encode(), "sha256")


def suppression_index(key: bytes, canonical: str) -> bytes:
    """Remembers "this was not me" for ever; ``key`` is ``Keys.suppression_key``."""
    return hmac.digest(key, b"libertas suppression-index/v1\0" + canonical.encode(), "sha256")


def reader_index(key: bytes, canonical: str) -> bytes:
    """Finds a mailbox among the readers of news; ``key`` is ``Keys.news_key``."""
    return hmac.digest(key, b"libertas reader-index/v1\0" + canonical.encode(), "sha256")


# --- what blobs hold

_Sealed = TypeVar("_Sealed", bound="_Padded")
_encode = msgspec.msgpack.Encoder().encode


class _Padded(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Encoded as a MessagePack array in the order of the fields: append new ones, with a default; never move or remove one."""

    def encode(self) -> bytes:
        """u16be length, MessagePack, zeros up to a multiple of 128 bytes."""
        raw = _encode(self)
        return len(raw).to_bytes(2, "big") + raw + bytes(-(len(raw) + 2) % _PAD)

    @classmethod
    def decode(cls: type[_Sealed], plain: bytes) -> _Sealed:
        """What ``encode`` wrote, by this version of the code or an earlier one. Raises ``Unopened``."""
        length = int.from_bytes(plain[:2], "big")
        if len(plain) < 2 + length:
            raise Unopened(f"not a {cls.__name__}")
        try:
            return msgspec.msgpack.decode(plain[2 : 2 + length], type=cls)
        except msgspec.MsgspecError:
            # `from None`: msgspec's sentence may repeat what was in the field.
            raise Unopened(f"not a {cls.__name__}") from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"  # so that no log, traceback or failed assertion shows a person

    def __rich_repr__(self) -> Any:
        return iter(())


class Blob(_Padded, frozen=True, kw_only=True, array_like=True, gc=False):
    """One signer, sealed in the signature's row. ``secret`` opens the ledger's commitment (ledger.md 1)."""

    name: str
    email: str
    """The address as typed, deliverable; canonicalise it for indexes and commitment."""
    country: str
    locality: str
    language: str
    klass: str
    """Confirmation method, from the manifest's list."""
    visibility: Visibility
    role: str
    secret: Secret
    handover: bool = False
    news: bool = False
    partner_news: bool = False
    partner: str = ""

    __repr__ = _Padded.__repr__


class Form(_Padded, frozen=True, kw_only=True, array_like=True, gc=False):
    """What one intake row holds until it is decided: a signing, a wish for a link, or "this was not me"."""

    name: str = ""
    email: str
    country: str = ""
    locality: str = ""
    visibility: Visibility = "count"
    role: str = ""
    language: str
    text_version: int = 0
    handover: bool = False
    news: bool = False
    partner_news: bool = False
    partner: str = ""
    kind: Kind = "sign"
    signature_id: bytes = b""
    """With ``not-me``: the signature (16 bytes) that the link was sent for."""

    __repr__ = _Padded.__repr__
