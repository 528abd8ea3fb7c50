"""A mail is signed for its domain (DKIM, RFC 6376; Ed25519 keys: RFC 8463), where the relay does not do that.

Made here, because the library at hand needs 13 ms of CPU for each mail under an RSA key of 2,048 bits; that library checks
what is made here in the tests.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime
from email.utils import parseaddr
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from service.errors import Misconfigured
from service.settings import Settings

_SIGNED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type", b"content-language", b"auto-submitted",
    b"list-unsubscribe", b"list-unsubscribe-post",
)  # fmt: skip
_ONCE = (b"from", b"to", b"subject", b"date", b"message-id", b"content-type")
"""Named once more than they are there, so that nobody can add a second one on the way (RFC 6376, 8.15)."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*", re.ASCII)
_SPACES = re.compile(rb"[ \t]+")
_ENDING = re.compile(rb"[ \t]+(?=\r\n)")
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)\r\n")
_FOLD = 72


def signer(settings: Settings) -> Signer | None:
    """Who signs, if ``DKIM_KEY`` is set: a PEM file's path, or the PEM itself (as ``DKIM_KEY_FILE`` gives it). Raises ``Misconfigured``."""
    key = settings.dkim_key
    if not key:
        return None
    if not key.lstrip().startswith("-----BEGIN"):
        try:
            key = Path(key).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as broken:
            raise Misconfigured([f"LIBERTAS_DKIM_KEY: cannot be read ({type(broken).__name__})"]) from None
    return Signer(key, settings.dkim_selector, parseaddr(settings.mail_from)[1].rpartition("@")[2])


class Signer:
    """Signs under one key and selector. ``key`` is the text of a PEM file: RSA of at least 2,048 bits, or Ed25519.

    Raises ``Misconfigured`` for another key, or a selector or domain that cannot be a name.
    """

    def __init__(self, key: str, selector: str, domain: str) -> None:
        try:
            self._key = serialization.load_pem_private_key(key.encode("ascii"), None)
        except (ValueError, TypeError):
            raise Misconfigured(["LIBERTAS_DKIM_KEY: is not a private key in PEM, without a passphrase"]) from None
        if isinstance(self._key, RSAPrivateKey) and self._key.key_size < 2_048:
            raise Misconfigured([f"LIBERTAS_DKIM_KEY: {self._key.key_size} bits of RSA are too few, take 2048"])
        if not isinstance(self._key, RSAPrivateKey | Ed25519PrivateKey):
            raise Misconfigured(["LIBERTAS_DKIM_KEY: must be an RSA or an Ed25519 key"])
        if not _LABEL.fullmatch(selector.lower()):
            raise Misconfigured(["LIBERTAS_DKIM_SELECTOR: is needed with DKIM_KEY, a name such as k1"])
        if not _LABEL.fullmatch(domain.lower()):
            raise Misconfigured(["LIBERTAS_MAIL_FROM: its domain cannot be signed for"])
        self._kind = "rsa" if isinstance(self._key, RSAPrivateKey) else "ed25519"
        self._begin = f"v=1; a={self._kind}-sha256; c=relaxed/relaxed;\r\n d={domain.lower()}; s={selector.lower()};"
        self.name = f"{selector.lower()}._domainkey.{domain.lower()}"
        """Where the record belongs."""

    @property
    def record(self) -> str:
        """What the domain's name servers have to say at ``name``, as a TXT record."""
        public = self._key.public_key()
        encoding, form = (
            (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
            if self._kind == "rsa"
            else (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        )
        return f"v=DKIM1; k={self._kind}; p={base64.b64encode(public.public_bytes(encoding, form)).decode()}"

    def sign(self, mail: bytes, at: datetime) -> bytes:
        """``mail``, as ``Compiled.fill`` makes it, with its signature in front."""
        head, _, body = mail.partition(b"\r\n\r\n")
        fields = {name.lower(): _relaxed(value) for name, value in _FIELD.findall(head + b"\r\n")}
        names = [name for name in _SIGNED if name in fields]
        told = [name + b":" + fields[name] + b"\r\n" for name in names]
        own = "\r\n ".join((
            f"DKIM-Signature: {self._begin}",
            f"t={int(at.timestamp())}; bh={base64.b64encode(sha256(_body(body)).digest()).decode()};",
            _folded(b":".join((*names, *_ONCE)).decode()) + ";",
            "b=",
        ))  # fmt: skip
        told.append(b"dkim-signature:" + _relaxed(own.encode("ascii").partition(b":")[2]))
        signature = _wrapped(base64.b64encode(self._proof(b"".join(told))).decode())
        return own.encode("ascii") + signature.encode("ascii") + b"\r\n" + mail

    def _proof(self, told: bytes) -> bytes:
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(sha256(told).digest())  # of the digest, as RFC 8463 (3) wants it
        assert isinstance(self._key, RSAPrivateKey)
        return self._key.sign(told, padding.PKCS1v15(), hashes.SHA256())


def _relaxed(value: bytes) -> bytes:
    """A field's value in the form that may be folded anew on the way (3.4.2)."""
    return _SPACES.sub(b" ", value.replace(b"\r\n", b"")).strip(b" ")


def _body(body: bytes) -> bytes:
    """A body whose white space at the ends of lines, and whose empty lines at its end, do not count (3.4.4)."""
    lines = _ENDING.sub(b"", _SPACES.sub(b" ", body if body.endswith(b"\r\n") else body + b"\r\n"))
    whole = lines.rstrip(b"\r\n")
    return whole + b"\r\n" if whole else b""


def _folded(names: str) -> str:
    """The names of the signed fields, in lines of the width of a mail."""
    lines, now = [], "h="
    for name in re.findall("[^:]+:?", names):
        if len(now) + len(name) > _FOLD:
            lines.append(now)
            now = ""
        now += name
    return "\r\n ".join([*lines, now])


def _wrapped(digits: str) -> str:
    return "\r\n ".join(digits[at : at + _FOLD] for at in range(0, len(digits), _FOLD))
