"""The seal's key on a token that never gives it away: a card, a USB key or an HSM, spoken to by PKCS#11.

``pkcs11:token=…;object=…?module-path=…&pin-source=FILE`` (RFC 7512) says which. A token has one login for a whole process, so one
conversation is held at a time. The driver may wait for a finger on the key: all of this belongs in a thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import unquote, unquote_to_bytes

import msgspec

from service.errors import Misconfigured

SCHEME = "pkcs11:"
_PATH = {"token", "serial", "object", "id"}
_QUERY = {"module-path", "pin-source"}
_one_at_a_time = Lock()


class Address(msgspec.Struct, frozen=True):
    """Which key: on the token of this label (or serial number), the one of this label (or id), by this driver."""

    token: str
    serial: str
    label: str
    id: bytes
    module: str
    pin_source: str

    @classmethod
    def parse(cls, where: str) -> Address:
        """Raises ``Misconfigured`` for what RFC 7512 does not know, or what is not understood here: a part that is ignored is a trap."""
        path, _, query = where.removeprefix(SCHEME).partition("?")
        given = [part.partition("=")[::2] for part in (*path.split(";"), *query.split("&")) if part]
        parts = dict(given)
        if "pin-value" in parts:
            raise _wrong("a PIN stands in a file of its own: pin-source, not pin-value")
        odd = sorted({name for name, _ in given} - _PATH - _QUERY)
        if odd or len(parts) != len(given):
            raise _wrong(f"a {SCHEME} address knows {', '.join(sorted(_PATH | _QUERY))}, each once; not {', '.join(odd) or 'twice'}")
        if not ((parts.get("token") or parts.get("serial")) and (parts.get("object") or parts.get("id")) and parts.get("module-path")):
            raise _wrong(f"a {SCHEME} address needs token (or serial), object (or id) and module-path")
        names = ("token", "serial", "object")
        token, serial, label = (unquote(parts.get(name, "")) for name in names)
        module, pin_source = unquote(parts["module-path"]), unquote(parts.get("pin-source", ""))
        return cls(token, serial, label, unquote_to_bytes(parts.get("id", "")), module, pin_source.removeprefix("file:"))

    def pin(self) -> str | None:
        """The PIN; None where the token wants none."""
        if not self.pin_source:
            return None
        path = Path(self.pin_source)
        try:
            if path.stat().st_mode & 0o077:
                raise _wrong("the file of the PIN is open to others: chmod 600")
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as broken:
            raise _wrong(f"the file of the PIN cannot be read ({type(broken).__name__})") from None


@contextmanager
def signer(where: str) -> Iterator[Any]:
    """pyHanko's signer with the key at ``where``, while the token is open. Raises ``Misconfigured``, also for what the token refuses."""
    import pkcs11
    from pyhanko.config.pkcs11 import TokenCriteria
    from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session

    address = Address.parse(where)
    pin = address.pin()
    wanted = TokenCriteria(label=address.token or None, serial=address.serial.encode() or None)
    label, number = address.label or None, address.id or None
    with _one_at_a_time:
        try:
            with open_pkcs11_session(address.module, token_criteria=wanted, user_pin=pin) as session:
                # The plain mechanisms, with the digest made here: every token has them, ECDSA with SHA-256 in one step few.
                yield PKCS11Signer(session, label, key_label=label, cert_id=number, key_id=number, use_raw_mechanism=True)
        except pkcs11.PKCS11Error as refused:
            raise _wrong(f"the token: {' '.join(str(each) for each in (type(refused).__name__, refused) if str(each))}") from None


@cache
def certificate(where: str) -> bytes:
    """The certificate (DER) that lies beside the key. It is asked for once: pages show its fingerprint, and a token is slow."""
    with signer(where) as found:
        own = found.signing_cert
    if own.public_key.algorithm not in ("rsa", "ec"):
        raise _wrong("must be an RSA or an elliptic-curve key (P-256)")
    return bytes(own.dump())


def _wrong(what: str) -> Misconfigured:
    return Misconfigured([f"LIBERTAS_PDF_KEY: {what}"])
