"""Signatures that an official can check with `ssh-keygen -Y verify`, a tool that is on nearly every computer already.

OpenSSH's PROTOCOL.sshsig, with Ed25519 keys and their FIDO2 form (PROTOCOL.u2f). Rule: ssh-keygen tolerates changed line
breaks in a signature file; we do not: a file is read, spelled again, and must be the same.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from service.errors import Unproven
from service.proof.canonical import b64, sha256, unb64

NAMESPACE: Final = "petition-certificate"

_PLAIN: Final = "ssh-ed25519"
_SECURITY_KEY: Final = "sk-ssh-ed25519@openssh.com"
_BEGIN: Final = "-----BEGIN SSH SIGNATURE-----\n"
_END: Final = "-----END SSH SIGNATURE-----\n"
_COLUMNS: Final = 70
_MAGIC: Final = b"SSHSIG"
_HASH: Final = b"sha512"
_USER_PRESENT: Final = 0x01

_SIGNER = re.compile(r'([A-Za-z0-9._@/-]+) namespaces="([a-z-]+)" (.+)\n')


def ssh_public(key: bytes | Ed25519PrivateKey) -> str:
    """The public line `ssh-ed25519 AAAA…`, without comment or newline, of a private key or its 32-byte seed."""
    public = _private(key).public_key().public_bytes_raw()
    return f"{_PLAIN} {b64(_string(_PLAIN.encode()) + _string(public))}"


def ssh_sign(data: bytes, key: bytes | Ed25519PrivateKey, namespace: str = NAMESPACE) -> bytes:
    """The armored signature file over `data`, the same bytes every time. `key` is a private key or its 32-byte seed."""
    private = _private(key)
    public = _string(_PLAIN.encode()) + _string(private.public_key().public_bytes_raw())
    signature = _string(_PLAIN.encode()) + _string(private.sign(_signed(data, namespace)))
    return _armor(public, namespace, signature)


def ssh_verify(data: bytes, armored: bytes, public: str, namespace: str = NAMESPACE) -> None:
    """Return if `armored` is the signature of the key `public` (a line without comment) over `data`.

    Unproven: "ssh-armor" for a file that ssh-keygen would not have written so, "ssh-key" for a public line that is not one,
    "ssh-signature" for another key, another namespace, or other data.
    """
    blob = _key_blob(public)
    fields = _Fields(_dearmor(armored), "ssh-armor")
    fields.expect(_MAGIC + (1).to_bytes(4, "big"))
    signer, spoken, reserved, algorithm, signature = (fields.string() for _ in range(5))
    fields.end()
    if reserved or algorithm != _HASH:
        raise Unproven("ssh-armor", "not version 1 with sha512")
    if signer != blob:
        raise Unproven("ssh-signature", "made by another key")
    if spoken != namespace.encode():
        raise Unproven("ssh-signature", "made for another purpose")
    key, inner = _Fields(blob, "ssh-key"), _Fields(signature, "ssh-armor")
    kind, point = key.string(), key.string()
    if inner.string() != kind:
        raise Unproven("ssh-armor", "key and signature are of different kinds")
    scalar, message = inner.string(), _signed(data, namespace)
    if kind == _SECURITY_KEY.encode():
        flags_and_counter = inner.take(5)
        if not flags_and_counter[0] & _USER_PRESENT:
            raise Unproven("ssh-signature", "nobody touched the security key")
        message = sha256(key.string()) + flags_and_counter + sha256(message)
    inner.end()
    try:
        Ed25519PublicKey.from_public_bytes(point).verify(scalar, message)
    except (InvalidSignature, ValueError):
        raise Unproven("ssh-signature", "does not fit the file") from None


def fingerprint(public: str) -> str:
    """`SHA256:…`, as `ssh-keygen -l` prints it for the key line `public`; Unproven("ssh-key") for a line that is not one."""
    return "SHA256:" + b64(sha256(_key_blob(public))).rstrip("=")


def allowed_signers(principal: str, public: str) -> bytes:
    """The one line that `ssh-keygen -Y verify -f` reads. `principal` is the name to pass as `-I`, without spaces."""
    line = f'{principal} namespaces="{NAMESPACE}" {public}\n'.encode()
    try:
        parse_allowed_signers(line)
    except Unproven as fault:
        raise ValueError(str(fault)) from None
    return line


def parse_allowed_signers(data: bytes) -> tuple[str, str]:
    """(principal, public line) of exactly one line without comment; else Unproven("allowed-signers")."""
    found = _SIGNER.fullmatch(data.decode("ascii", "replace"))
    if not found or found[2] != NAMESPACE:
        raise Unproven("allowed-signers", f'not one line: principal namespaces="{NAMESPACE}" key')
    _key_blob(found[3])
    return found[1], found[3]


def _private(key: bytes | Ed25519PrivateKey) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(key) if isinstance(key, bytes) else key


def _signed(data: bytes, namespace: str) -> bytes:
    """What is signed in truth: the name of the purpose and the hash, so that a signature never serves another purpose."""
    return _MAGIC + _string(namespace.encode()) + _string(b"") + _string(_HASH) + _string(hashlib.sha512(data).digest())


def _armor(public: bytes, namespace: str, signature: bytes) -> bytes:
    blob = _MAGIC + (1).to_bytes(4, "big") + b"".join(map(_string, (public, namespace.encode(), b"", _HASH, signature)))
    text = b64(blob)
    return (_BEGIN + "".join(f"{text[at : at + _COLUMNS]}\n" for at in range(0, len(text), _COLUMNS)) + _END).encode()


def _dearmor(armored: bytes) -> bytes:
    text = armored.decode("ascii", "replace")
    if not text.startswith(_BEGIN) or not text.endswith(_END):
        raise Unproven("ssh-armor", "not between the two marker lines")
    lines = text[len(_BEGIN) : -len(_END)].split("\n")
    if lines.pop() or not lines or any(len(line) != _COLUMNS for line in lines[:-1]) or not 0 < len(lines[-1]) <= _COLUMNS:
        raise Unproven("ssh-armor", f"lines are not {_COLUMNS} characters")
    return unb64("".join(lines), "ssh-armor")


def _key_blob(public: str) -> bytes:
    kind, _, encoded = public.partition(" ")
    blob = unb64(encoded, "ssh-key")
    fields = _Fields(blob, "ssh-key")
    fields.expect(_string(kind.encode()))
    if (
        kind not in (_PLAIN, _SECURITY_KEY)
        or len(fields.string()) != 32
        or (kind == _SECURITY_KEY and not fields.string().startswith(b"ssh:"))
    ):
        raise Unproven("ssh-key", f"not an Ed25519 key: {kind[:40]}")
    fields.end()
    return blob


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


class _Fields:
    """Reads SSH's length-prefixed fields one after another and refuses what is missing or left over."""

    def __init__(self, data: bytes, name: str) -> None:
        self._rest = data
        self._name = name

    def take(self, count: int) -> bytes:
        if len(self._rest) < count:
            raise Unproven(self._name, "ends too early")
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def string(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))

    def expect(self, data: bytes) -> None:
        if self.take(len(data)) != data:
            raise Unproven(self._name, "another format")

    def end(self) -> None:
        if self._rest:
            raise Unproven(self._name, "bytes left over")
