"""The link in a mail: whoever holds it may do exactly one kind of thing, and nobody can make one up.

A token carries a random-looking handle and nothing about anyone. It is checked before any statement reaches the database,
opens only its own purpose, and has exactly one spelling.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadSignature, Signer

from service.errors import Misconfigured, NotFound

PURPOSES = ("confirm", "manage", "not-me", "unsubscribe", "offer", "desk")
HANDLE_BYTES = 32
SENT_SECONDS = 1_800

# 43 characters are 258 bits: of the last one only 4 bits count, and base64 decoders overlook the other two. Asking for those
# to be zero leaves one spelling of handle and signature. 87 characters; the last is never "-" or "_", which mail programs cut.
_B64_32 = r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
_TOKEN = re.compile(rf"{_B64_32}\.{_B64_32}", re.ASCII)
_SENT = re.compile(r"[A-Za-z0-9_-]{40,4000}", re.ASCII)
_SENT_BOUND = b"libertas sent/v1"
_SENT_SUITE = b"\x01"  # AES-256-GCM: suite byte, nonce, ciphertext with tag
_CLOCKS_APART = 300  # seconds by which two replicas may disagree


def handle(mail_token_key: bytes, mail_id: bytes | UUID, purpose: str) -> bytes:
    """The 32 bytes behind the link of this purpose in this mail row.

    Derived again at delivery, so that no row, backup or dead letter ever holds a link that works.
    """
    _known(purpose)
    row = mail_id.bytes if isinstance(mail_id, UUID) else mail_id
    return hmac.digest(mail_token_key, b"libertas mail-token/v1\0" + purpose.encode() + b"\0" + row, "sha256")


def stored(handle: bytes) -> bytes:
    """What the database keeps of a handle and finds it by: 32 bytes, from which nothing leads back.

    The handle is already another one for each purpose, and so is this.
    """
    return hashlib.sha256(b"libertas token handle/v1\0" + handle).digest()


class Tokens:
    """Writes and reads tokens under ``keys``, newest first: the newest writes, all read. Raises ``Misconfigured`` for none."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) < 32 for key in keys):
            raise Misconfigured(["keys: the token keys are missing or shorter than 32 bytes"])
        # itsdangerous wants them oldest first. Its default digest is SHA-1, its default derivation a plain concatenation.
        oldest_first = list(reversed(keys))
        self._signers = {
            purpose: Signer(oldest_first, salt=f"libertas token/v1 {purpose}", key_derivation="hmac", digest_method=hashlib.sha256)
            for purpose in PURPOSES
        }
        self._sent = [AESGCM(_derive(key, "libertas sent page")) for key in keys]

    def write(self, purpose: str, handle: bytes) -> str:
        """The token for a link: 87 characters that need no escaping in a URL."""
        if len(handle) != HANDLE_BYTES:
            raise ValueError("a handle has 32 bytes")
        return self._signers[_known(purpose)].sign(_b64(handle)).decode("ascii")

    def read(self, purpose: str, token: str) -> bytes:
        """The handle in a token of this purpose: what replays are keyed on and ``stored`` is taken of.

        Raises ``NotFound`` with code ``token`` for anything else, whatever is wrong with it.
        """
        signer = self._signers[_known(purpose)]
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise NotFound(code="token")
        try:
            inner = signer.unsign(token)
        except BadSignature:
            raise NotFound(code="token") from None
        return base64.urlsafe_b64decode(inner + b"=")

    def seal_sent(self, data: dict[str, Any], now: datetime) -> str:
        """The ``s`` of the page "we have sent you a mail": ``data`` (what MessagePack can hold), readable by us alone."""
        plain = int(now.timestamp()).to_bytes(8, "big") + msgspec.msgpack.encode(data)
        nonce = os.urandom(12)
        return _b64(_SENT_SUITE + nonce + self._sent[0].encrypt(nonce, plain, _SENT_BOUND)).decode("ascii")

    def open_sent(self, text: str, now: datetime, max_age: int = SENT_SECONDS) -> dict[str, Any]:
        """What ``seal_sent`` was given, at most ``max_age`` seconds ago. Raises ``NotFound`` with code ``sent``."""
        if not isinstance(text, str) or not _SENT.fullmatch(text) or len(text) % 4 == 1:
            raise NotFound(code="sent")
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if raw[:1] != _SENT_SUITE or _b64(raw).decode("ascii") != text:
            raise NotFound(code="sent")
        for cipher in self._sent:
            try:
                plain = cipher.decrypt(raw[1:13], raw[13:], _SENT_BOUND)
            except InvalidTag:
                continue
            age = now.timestamp() - int.from_bytes(plain[:8], "big")
            if not -_CLOCKS_APART <= age <= max_age:
                break
            return msgspec.msgpack.decode(plain[8:], type=dict[str, Any])
        raise NotFound(code="sent")

    def __repr__(self) -> str:
        return "Tokens(…)"


def _known(purpose: str) -> str:
    if purpose not in PURPOSES:
        raise ValueError("no such purpose of a token")
    return purpose


def _b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def _derive(key: bytes, label: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=label.encode()).derive(key)
