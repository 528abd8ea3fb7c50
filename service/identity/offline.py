"""Keys that never lie on the server: whoever copies it can read what was sealed to them as little as we can.

A pair is made by ``libertas keys new --offline`` on another machine; the server gets the public half, and two people compare
its fingerprint. What is sealed to it opens only in the private half's hands, and only as the field of the row it was sealed
for. The construction is HPKE (RFC 9180) with MLKEM768-X25519, HKDF-SHA256 and AES-256-GCM, so that today's copy does not open
to tomorrow's machines. That KEM is a draft still (draft-ietf-hpke-pq): hence a suite byte, and committed vectors that would
notice a change beneath us.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, MLKEM768X25519PublicKey, Suite
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from service.errors import Misconfigured
from service.identity.sealing import Unopened

SUITE = b"\x02"  # beside sealing.SUITE, so that nobody ever takes one kind of blob for the other
PUBLIC_FORMAT = "libertas-sealing/v1"
PRIVATE_FORMAT = "libertas-sealing-key/v1"
KEYS_AT_LEAST = 2
"""Main and safe: when one is lost, what was sealed is not."""

_HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO = b"libertas sealed/v1\0"
_MLKEM, _SEED, _X25519 = 1184, 64, 32
_SHORT = 8  # bytes of the fingerprint that tell the halves of a box apart
_SCRYPT = {"n": 1 << 17, "r": 8, "p": 1}  # 128 MiB and about half a second for each guess at a passphrase
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)


class Public(msgspec.Struct, frozen=True):
    """The half that the server has. ``raw`` is the ML-KEM-768 encapsulation key (1,184 bytes), then the X25519 key (32)."""

    name: str
    raw: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of ``raw``, 64 hexadecimal digits; it stands in the text manifest."""
        return hashlib.sha256(self.raw).hexdigest()

    def seal(self, info: bytes, plain: bytes) -> bytes:
        """1,136 bytes more than ``plain``; opens with the private half and the same ``info``. About 0.1 ms."""
        return bytes(_HPKE.encrypt(plain, _public_key(self.raw), info=info))

    def encode(self) -> str:
        """One line of text, as it stands in a ``.pub`` file."""
        return f"{PUBLIC_FORMAT} {self.name} {base64.b64encode(self.raw).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Public:
        """What ``encode`` wrote. Raises ``Misconfigured``."""
        parts = text.strip().split(" ")
        try:
            form, name, encoded = parts
            raw = base64.b64decode(encoded, validate=True)
            _public_key(raw)
        except ValueError:
            raise Misconfigured(["keys: not a public sealing key (one line that begins with libertas-sealing/v1)"]) from None
        if form != PUBLIC_FORMAT or not _NAME.fullmatch(name):
            raise Misconfigured(["keys: not a public sealing key (one line that begins with libertas-sealing/v1)"])
        return cls(name, raw)


class Private:
    """The half that stays with the organizers."""

    def __init__(self, name: str, seed: bytes, x25519_key: bytes) -> None:
        if len(seed) != _SEED or len(x25519_key) != _X25519 or not _NAME.fullmatch(name):
            raise ValueError("an ML-KEM seed has 64 bytes, an X25519 key 32, a name 1–40 of a–z 0–9 -")
        self._secret = seed + x25519_key
        ours = mlkem.MLKEM768PrivateKey.from_seed_bytes(seed), x25519.X25519PrivateKey.from_private_bytes(x25519_key)
        self._key = MLKEM768X25519PrivateKey(*ours)
        self.public = Public(name, ours[0].public_key().public_bytes_raw() + ours[1].public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str) -> Private:
        """A new pair, from the system's random numbers."""
        return cls(name, secrets.token_bytes(_SEED), secrets.token_bytes(_X25519))

    def open(self, info: bytes, sealed: bytes) -> bytes:
        """What ``Public.seal`` sealed with the same ``info``. Raises ``Unopened``."""
        try:
            return bytes(_HPKE.decrypt(sealed, self._key, info=info))
        except (InvalidTag, ValueError):
            raise Unopened("not sealed to this key, not for this place, or changed") from None

    def encode(self, passphrase: str = "") -> bytes:
        """JSON for a ``.key`` file, with the secret under ``passphrase`` (scrypt, AES-256-GCM) where there is one."""
        kept = _KeyFile(format=PRIVATE_FORMAT, name=self.public.name, public=self.public.raw, secret=self._secret, lock=None)
        if passphrase:
            salt = os.urandom(16)
            locked = AESGCM(_stretched(passphrase, salt)).encrypt(bytes(12), self._secret, self.public.raw)
            kept = msgspec.structs.replace(kept, secret=locked, lock=_Lock(salt=salt, **_SCRYPT))
        return msgspec.json.format(msgspec.json.encode(kept)) + b"\n"

    @classmethod
    def parse(cls, raw: bytes, passphrase: str = "") -> Private:
        """What ``encode`` wrote. Raises ``Misconfigured``, also for a wrong or missing passphrase."""
        try:
            kept = msgspec.json.decode(raw, type=_KeyFile)
        except msgspec.MsgspecError:
            raise Misconfigured(["keys: not a private sealing key (a .key file of `libertas keys new --offline`)"]) from None
        secret = kept.secret
        if kept.lock is not None:
            if not passphrase:
                raise Misconfigured([f"keys: the key {kept.name} is under a passphrase"])
            try:
                secret = AESGCM(_stretched(passphrase, kept.lock.salt, kept.lock)).decrypt(bytes(12), secret, kept.public)
            except InvalidTag:
                raise Misconfigured([f"keys: the passphrase of the key {kept.name} is another one"]) from None
        if kept.format != PRIVATE_FORMAT or len(secret) != _SEED + _X25519 or not _NAME.fullmatch(kept.name):
            raise Misconfigured(["keys: the private sealing key is damaged"])
        private = cls(kept.name, secret[:_SEED], secret[_SEED:])
        if private.public.raw != kept.public:
            raise Misconfigured(["keys: the private sealing key is damaged"])
        return private

    def __repr__(self) -> str:
        return "Private(…)"


class _Lock(msgspec.Struct, frozen=True):
    salt: bytes
    n: int
    r: int
    p: int


class _KeyFile(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    name: str
    public: bytes
    secret: bytes
    lock: _Lock | None


def _stretched(passphrase: str, salt: bytes, lock: _Lock | None = None) -> bytes:
    # A key file is somebody's own, yet a number in it must not take the machine's memory.
    if lock is not None and not (lock.n in range(1 << 14, (1 << 20) + 1) and lock.r == 8 and lock.p == 1):
        raise Misconfigured(["keys: the private sealing key is damaged"])
    n = lock.n if lock is not None else _SCRYPT["n"]
    return Scrypt(salt=salt, length=32, n=n, r=8, p=1).derive(passphrase.encode())


def _public_key(raw: bytes) -> MLKEM768X25519PublicKey:
    if len(raw) != _MLKEM + _X25519:
        raise ValueError("a public sealing key has 1,216 bytes")
    return MLKEM768X25519PublicKey(
        mlkem.MLKEM768PublicKey.from_public_bytes(raw[:_MLKEM]), x25519.X25519PublicKey.from_public_bytes(raw[_MLKEM:])
    )


def grouped(fingerprint: str) -> str:
    """A fingerprint as two people read it to each other."""
    return " ".join(fingerprint[at : at + 4] for at in range(0, len(fingerprint), 4))


# -- files -------------------------------------------------------------------------------------------------------------------


def write_pair(folder: Path, name: str, passphrase: str = "") -> Public:
    """Make ``name.key`` and ``name.pub``, 0600 both, in ``folder``. Raises ``Misconfigured`` rather than replace a key."""
    if not _NAME.fullmatch(name):
        raise Misconfigured(["keys: a key's name is 1–40 of a–z, 0–9 and -"])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = Private.generate(name)
    for ending, content in ((".key", private.encode(passphrase)), (".pub", private.public.encode().encode())):
        path = folder / (name + ending)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise Misconfigured([f"{path} is there already; a key is never replaced"]) from None
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    return private.public


def read_public(path: Path) -> Public:
    """The public key in a ``.pub`` file. Raises ``Misconfigured``."""
    try:
        return Public.parse(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as broken:
        raise Misconfigured([f"{path}: cannot be read ({type(broken).__name__})"]) from None


def read_private(path: Path, passphrase: str = "") -> Private:
    """The private key in a ``.key`` file that nobody else can read. Raises ``Misconfigured``."""
    try:
        mode, raw = path.stat().st_mode, path.read_bytes()
    except OSError as broken:
        raise Misconfigured([f"{path}: cannot be read ({type(broken).__name__})"]) from None
    if stat.S_IMODE(mode) & 0o077:
        raise Misconfigured([f"{path}: is open to others (mode {stat.S_IMODE(mode):04o}): chmod 600"])
    return Private.parse(raw, passphrase)


def is_locked(path: Path) -> bool:
    """Whether the private key in ``path`` asks for a passphrase; False for whatever is no such key."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_KeyFile).lock is not None
    except (OSError, msgspec.MsgspecError):
        return False


def private_keys(folder: Path) -> Iterator[Path]:
    """Every file below ``folder`` that holds a private sealing key, whatever it is called."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < 65_536 and PRIVATE_FORMAT.encode() in path.read_bytes():
            yield path


# -- boxes: one field of one row, sealed to several keys ------------------------------------------------------------------------
#
#     02 | petition (16) | row (16) | how many keys | for each: 8 bytes of its fingerprint, u16be length, HPKE ciphertext
#
# The two ids are in the clear and in the ciphertext's info: a box says where it belongs, and opens nowhere else.


def info(petition_id: UUID, row_id: UUID, field: str) -> bytes:
    """What a box's ciphertext is bound to: format, petition, row and field."""
    return _INFO + petition_id.bytes + row_id.bytes + field.encode()


def seal_box(to: Sequence[Public], petition_id: UUID, row_id: UUID, field: str, plain: bytes) -> bytes:
    """``plain`` sealed to each of ``to``: 34 bytes, and 1,146 and ``plain`` for each key. ValueError without a key."""
    if not 1 <= len(to) <= 255:
        raise ValueError("a box is sealed to 1–255 keys")
    bound = info(petition_id, row_id, field)
    parts = [SUITE, petition_id.bytes, row_id.bytes, bytes([len(to)])]
    for key in to:
        sealed = key.seal(bound, plain)
        parts += [hashlib.sha256(key.raw).digest()[:_SHORT], len(sealed).to_bytes(2, "big"), sealed]
    return b"".join(parts)


def open_box(private: Private, petition_id: UUID, row_id: UUID, field: str, box: bytes) -> bytes:
    """What was sealed for exactly this place. Raises ``Unopened`` for another place, another key, or a changed box."""
    if box[:33] != SUITE + petition_id.bytes + row_id.bytes:
        raise Unopened("not the box of this row")
    mine = hashlib.sha256(private.public.raw).digest()[:_SHORT]
    at, parts = 34, {}
    for _ in range(box[33] if len(box) > 33 else 0):
        length = int.from_bytes(box[at + _SHORT : at + _SHORT + 2], "big")
        begin = at + _SHORT + 2
        parts[box[at : at + _SHORT]] = box[begin : begin + length]
        at = begin + length
    if at != len(box) or not parts:
        raise Unopened("a box that is cut or too long")
    if mine not in parts:
        raise Unopened("not sealed to this key")
    return private.open(info(petition_id, row_id, field), parts[mine])


def place_of(box: bytes) -> tuple[UUID, UUID]:
    """Petition and row that a box says it belongs to; believe it only once it opened. Raises ``Unopened``."""
    if len(box) < 34 or box[:1] != SUITE:
        raise Unopened("not a box")
    return UUID(bytes=box[1:17]), UUID(bytes=box[17:33])
