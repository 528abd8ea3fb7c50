"""A signed note is a text that a person can read with the signatures below it; a checkpoint is a note that says "so many, and this root".

After C2SP signed-note, tlog-checkpoint, tlog-cosignature and tlog-proof. Rules: a key is known by its name *and* its id; a
known key whose signature is wrong spoils the whole note, whoever else signed it; a note that no known key signed says nothing;
and whoever knows a log's ML-DSA-44 key takes no checkpoint without it, or whoever breaks Ed25519 would just leave it out.

    0x01  Ed25519 over the text: every log
    0x04  Ed25519 over the time and the text: witnesses
    0x06  ML-DSA-44 over signer, time, origin, size and root: a log's second signature, and witnesses
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from service.errors import Unproven
from service.proof import merkle
from service.proof.canonical import MAX_SIZE, b64, decimal, sha256, unb64

# signed-note, "Signature types"; tlog-cosignature, "Format"
ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
ML_DSA_44: Final = 0x06
MAX_SIGNATURES: Final = 100  # the specification asks for at least 16; Go's reader stops here too

_DASH: Final = "— "
_TLOG_PROOF: Final = "c2sp.org/tlog-proof@v1"


def key_id(name: str, algorithm_and_key: bytes) -> bytes:
    """The four bytes SHA-256(name || 0x0A || algorithm byte || public key)[:4] by which a signature line names its key."""
    return sha256(name.encode() + b"\n" + algorithm_and_key)[:4]


def vkey(name: str, public: bytes) -> str:
    """An Ed25519 public key (32 bytes) as the line "name+hex id+base64" that Go's sumdb/note reads."""
    return Verifier(name, ED25519, public).vkey


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name. ValueError for a name or key that cannot be one."""

    name: str
    algorithm: int
    key: bytes
    id: bytes = field(init=False)

    def __post_init__(self) -> None:
        if not is_name(self.name):
            raise ValueError(f"not a key name: {self.name!r}")
        if self.algorithm not in _KINDS:
            raise ValueError(f"no signature type {self.algorithm:#04x} here")
        kind, size, _ = _KINDS[self.algorithm]
        if len(self.key) != size:
            raise ValueError(f"an {kind} public key is {size} bytes")
        if self.algorithm == ML_DSA_44 and len(self.name.encode()) > 255:
            raise ValueError("a cosigner's name has at most 255 bytes")
        object.__setattr__(self, "id", key_id(self.name, bytes([self.algorithm]) + self.key))

    @property
    def vkey(self) -> str:
        """The key as one line without its newline."""
        return f"{self.name}+{self.id.hex()}+{b64(bytes([self.algorithm]) + self.key)}"

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` (without the key id) is this key's on `text`."""
        return _KINDS[self.algorithm][2](self, text, signature)

    def time(self, signature: bytes) -> int | None:
        """When a timestamped signature says that it was made, in POSIX seconds (0: it does not say); None for plain Ed25519."""
        return None if self.algorithm == ED25519 else int.from_bytes(signature[:8], "big")


def _verify_ed25519(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _verify_cosignature(verifier: Verifier, text: bytes, signature: bytes) -> bool:
    if len(signature) != 8 + 64:
        return False
    time = int.from_bytes(signature[:8], "big")
    return time <= MAX_SIZE and _verify_ed25519(verifier.key, _timed(text, time), signature[8:])


def _verify_ml_dsa(verifier: Verifier, text: bytes, signature: bytes) -> bool:
    time = int.from_bytes(signature[:8], "big")
    try:
        message = _cosigned(verifier.name, text, time)
        MLDSA44PublicKey.from_public_bytes(verifier.key).verify(signature[8:], message)
    except (InvalidSignature, ValueError, Unproven):
        return False
    return time <= MAX_SIZE


def _timed(text: bytes, time: int) -> bytes:
    """tlog-cosignature, "Ed25519 signed message"."""
    return b"cosignature/v1\ntime %d\n" % time + text


def _cosigned(name: str, text: bytes, time: int) -> bytes:
    """tlog-cosignature, "ML-DSA-44 signed message", for a checkpoint: a tree of `size` leaves from leaf 0.

    Unproven("checkpoint-malformed") for a text that is none; ValueError for a name or origin beyond 255 bytes.
    """
    checkpoint = Checkpoint.parse(text.decode())
    parts = [b"subtree/v1\n\0", _short(name), time.to_bytes(8, "big"), _short(checkpoint.origin), bytes(8)]
    return b"".join((*parts, checkpoint.size.to_bytes(8, "big"), checkpoint.root))


def _short(text: str) -> bytes:
    data = text.encode()
    if not 0 < len(data) < 256:
        raise ValueError("a cosigner's name and a log's origin have at most 255 bytes")
    return bytes([len(data)]) + data


_Verify = Callable[[Verifier, bytes, bytes], bool]
_KINDS: Final[dict[int, tuple[str, int, _Verify]]] = {
    ED25519: ("Ed25519", 32, lambda verifier, text, signature: _verify_ed25519(verifier.key, text, signature)),
    COSIGNATURE: ("Ed25519", 32, _verify_cosignature),
    ML_DSA_44: ("ML-DSA-44", 1312, _verify_ml_dsa),
}


def split_vkey(text: str) -> tuple[str, bytes]:
    """(name, algorithm byte and key) of a vkey of any algorithm whose id fits; else Unproven("vkey")."""
    parts = text.split("+", 2)  # base64 may hold further plus signs, a name may not
    if len(parts) != 3 or not is_name(parts[0]):
        raise Unproven("vkey", "not name+id+key")
    key = unb64(parts[2], "vkey")
    if len(key) < 2 or parts[1] != key_id(parts[0], key).hex():
        raise Unproven("vkey", "the id does not belong to name and key")
    return parts[0], key


def parse_vkey(text: str) -> Verifier:
    """The key behind one vkey line (without newline), id checked; else Unproven("vkey")."""
    name, key = split_vkey(text)
    try:
        return Verifier(name, key[0], key[1:])
    except ValueError as fault:
        raise Unproven("vkey", str(fault)) from None


class Signer:
    """An Ed25519 private key (32-byte seed) under a name. It signs the same text with the same bytes every time."""

    __slots__ = ("_private", "name", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        self.name = name
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, ED25519, self._private.public_key().public_bytes_raw())

    @property
    def vkey(self) -> str:
        """The public half as a vkey line without newline."""
        return self.verifier.vkey

    def sign(self, text: bytes) -> str:
        """One signature line with its newline."""
        return f"{_DASH}{self.name} {b64(self.verifier.id + self._private.sign(text))}\n"


class Cosigner:
    """A key whose signatures say when they were made (32-byte seed): a witness's of either type, or a log's own ML-DSA-44 key.

    Ed25519 does not commit to the name, so a witness's Ed25519 key serves under one name only. Two ML-DSA-44 signatures over
    the same are different bytes: whoever hands one out stores it first.
    """

    __slots__ = ("_private", "name", "verifier")

    def __init__(self, name: str, seed: bytes, algorithm: int = ML_DSA_44) -> None:
        self.name = name
        self._private: Ed25519PrivateKey | MLDSA44PrivateKey
        if algorithm == ML_DSA_44:
            self._private = MLDSA44PrivateKey.from_seed_bytes(seed)
        else:
            self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(name, algorithm, self._private.public_key().public_bytes_raw())
        if algorithm == ED25519:
            raise ValueError("a cosigner's signature has a time")

    @property
    def vkey(self) -> str:
        """The public half as a vkey line without newline."""
        return self.verifier.vkey

    def sign(self, checkpoint: Checkpoint, time: int) -> str:
        """One signature line with its newline, made at `time` (POSIX seconds; 0 says nothing about when)."""
        text = checkpoint.text().encode()
        message = _cosigned(self.name, text, time) if self.verifier.algorithm == ML_DSA_44 else _timed(text, time)
        return f"{_DASH}{self.name} {b64(self.verifier.id + time.to_bytes(8, 'big') + self._private.sign(message))}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """What `open` found true: the text with its final newline, the names of the known keys that signed it, the other lines.

    `times` has (name, POSIX seconds) for each signature of a known key that says when it was made; `kinds` the name and the
    signature type of each known key that signed.
    """

    text: str
    verified: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    times: tuple[tuple[str, int], ...] = ()
    kinds: frozenset[tuple[str, int]] = frozenset()


def sign(text: str, signers: Iterable[Signer]) -> bytes:
    """The note: `text`, a blank line, one line for each signer. ValueError for a text that no reader would take back."""
    if not text.endswith("\n") or not _is_plain(text):
        raise ValueError("a note's text ends in a newline and holds no other control character")
    lines = [signer.sign(text.encode()) for signer in signers]
    if not lines:
        raise ValueError("a note needs a signer")
    return f"{text}\n{''.join(lines)}".encode()


def sign_checkpoint(checkpoint: Checkpoint, signers: Iterable[Signer], cosigners: Iterable[Cosigner] = (), *, time: int = 0) -> bytes:
    """A checkpoint's note: the plain signatures first, then those that say they were made at `time`."""
    return sign(checkpoint.text(), signers) + "".join(each.sign(checkpoint, time) for each in cosigners).encode()


def open(note: bytes, verifiers: Sequence[Verifier]) -> Note:
    """The text, believed because at least one of `verifiers` signed it and none of them signed it wrongly.

    Refusals: Unproven "note-malformed"; "note-signature" when a known key's signature is wrong, even beside good ones;
    "note-unknown-key" when nobody known signed. ValueError when two verifiers share name and id.
    """
    known = {(each.name, each.id): each for each in verifiers}
    if len(known) != len(verifiers):
        raise ValueError("two verifiers share name and id")
    try:
        whole = note.decode("utf-8")
    except UnicodeDecodeError:
        raise Unproven("note-malformed", "not UTF-8") from None
    text, blank, block = whole.rpartition("\n\n")  # the last empty line: a text may hold others
    if not blank or not _is_plain(whole) or not block.endswith("\n"):
        raise Unproven("note-malformed", "not text, blank line and signature lines, each ending in a newline")
    text += "\n"
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Unproven("note-malformed", "too many signatures")
    verified: dict[str, None] = {}
    unknown = []
    times = []
    kinds = set()
    for line in lines:
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space or not is_name(name):
            raise Unproven("note-malformed", f"not a signature line: {line[:80]!r}")
        signature = unb64(encoded, "note-malformed")
        if len(signature) < 5:
            raise Unproven("note-malformed", "a signature line without signature")
        key = known.get((name, signature[:4]))
        if key is None:
            unknown.append(line)
        elif key.verifies(text.encode(), signature[4:]):
            verified[name] = None
            kinds.add((name, key.algorithm))
            time = key.time(signature[4:])
            if time is not None:
                times.append((name, time))
        else:
            raise Unproven("note-signature", name)
    if not verified:
        raise Unproven("note-unknown-key", "signed by " + ", ".join(line.split(" ")[1] for line in unknown))
    return Note(text, tuple(verified), tuple(unknown), tuple(times), frozenset(kinds))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's name, how many entries it has, and the root over all of them. ValueError for what cannot be one."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not is_name(self.origin) or not 0 <= self.size <= MAX_SIZE or len(self.root) != merkle.HASH_SIZE:
            raise ValueError("not a checkpoint")

    def text(self) -> str:
        """The note text: three lines, no extension lines."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint behind exactly three canonical lines; else Unproven("checkpoint-malformed")."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not is_name(lines[0]):
            raise Unproven("checkpoint-malformed", "not exactly origin, size and root, each ending in a newline")
        return cls(lines[0], decimal(lines[1], "checkpoint-malformed"), unb64(lines[2], "checkpoint-malformed", length=merkle.HASH_SIZE))


def open_checkpoint(note: bytes, verifiers: Sequence[Verifier], origin: str | None = None, *, demanding: bool = True) -> Checkpoint:
    """The checkpoint that the log itself signed: beside `open`'s refusals, Unproven("checkpoint-origin") unless a known key
    named like the origin signed it, and the origin is `origin` if given. Another log's checkpoint never passes.

    With an ML-DSA-44 key of the log among `verifiers`, one such key must have signed, else Unproven("note-downgraded"); unless
    one is not `demanding`, because one cannot know whether the log signed with it at that time."""
    opened = open(note, verifiers)
    checkpoint = Checkpoint.parse(opened.text)
    if checkpoint.origin not in opened.verified or origin not in (None, checkpoint.origin):
        raise Unproven("checkpoint-origin", f"{checkpoint.origin}, signed by {', '.join(opened.verified)}")
    second = (checkpoint.origin, ML_DSA_44)
    if demanding and second not in opened.kinds and any((each.name, each.algorithm) == second for each in verifiers):
        raise Unproven("note-downgraded", f"{checkpoint.origin} signs with ML-DSA-44 as well, and not here")
    return checkpoint


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof in one file: where the entry stands, the way from its leaf to the root, the signed checkpoint. `extra` is unauthenticated."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def verify(self, entry: bytes, verifiers: Sequence[Verifier], origin: str | None = None) -> Checkpoint:
        """The checkpoint under which `entry` is number `index`; else Unproven as in `open_checkpoint` and `verify_inclusion`."""
        checkpoint = open_checkpoint(self.checkpoint, verifiers, origin)
        merkle.verify_inclusion(merkle.leaf_hash(entry), self.index, checkpoint.size, self.path, checkpoint.root)
        return checkpoint


def format_tlog_proof(index: int, path: Sequence[bytes], checkpoint_note: bytes, extra: bytes | None = None) -> bytes:
    """C2SP tlog-proof@v1: header, optional extra line, index, path, blank line, the note verbatim."""
    if index < 0 or any(len(each) != merkle.HASH_SIZE for each in path):
        raise ValueError("not an inclusion proof")
    lines = [_TLOG_PROOF, *([] if extra is None else [f"extra {b64(extra)}"]), f"index {index}", *map(b64, path), "", ""]
    return "\n".join(lines).encode() + checkpoint_note


def parse_tlog_proof(data: bytes) -> TlogProof:
    """The parts of a `.tlog-proof` file, nothing verified yet; Unproven("tlog-proof") unless it is spelled canonically."""
    head, blank, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Unproven("tlog-proof", "not ASCII") from None
    if not blank or lines.pop(0) != _TLOG_PROOF:
        raise Unproven("tlog-proof", "not c2sp.org/tlog-proof@v1")
    extra = unb64(lines.pop(0).removeprefix("extra "), "tlog-proof") if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise Unproven("tlog-proof", "no index")
    index = decimal(lines.pop(0).removeprefix("index "), "tlog-proof")
    return TlogProof(index, tuple(unb64(line, "tlog-proof", length=merkle.HASH_SIZE) for line in lines), checkpoint, extra)


def is_name(name: str) -> bool:
    """Whether `name` can name a key, and a log: not empty, no space of any script, no plus, no control character."""
    return bool(name) and "+" not in name and not any(each.isspace() for each in name) and _is_plain(name)


def _is_plain(text: str) -> bool:
    return not any((each < " " and each != "\n") or "\ud800" <= each <= "\udfff" for each in text)
