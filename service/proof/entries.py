"""What a petition's log and an anchor log can say, and the number that follows; nothing else may be called the count.

Each entry is one ASCII line without newline: a letter, a space, canonical words. Rules: `format` of `parse` is the identity
and nothing else parses; a signature counts when it is neither withdrawn nor invalidated, and those two flags never touch each
other, so nothing that organizers do brings a withdrawn signature back.
"""

from __future__ import annotations

import base64
import re
from array import array
from dataclasses import dataclass
from typing import ClassVar, Final

from service.errors import Unproven
from service.proof.canonical import MAX_SIZE, b64url, decimal, unb64url
from service.proof.note import is_name, split_vkey

WITHDRAWAL_REASONS: Final = ("signer", "erased")
INVALIDATION_REASONS: Final = ("duplicate", "disposable", "bounced", "fraud", "organizer-request", "court-order", "unbacked")

_WORD = re.compile(r"[a-z]{1,16}(?:-[a-z]{1,16}){0,3}")


class _Entry:
    __slots__ = ()
    letter: ClassVar[str]

    def words(self) -> tuple[str, ...]:
        raise NotImplementedError

    def __bytes__(self) -> bytes:
        return " ".join((self.letter, *self.words())).encode("ascii")


@dataclass(frozen=True, slots=True)
class Text(_Entry):
    """`T version hash`: from here on version `version` of the text exists; `text_hash` is its manifest's 32-byte SHA-256."""

    letter = "T"
    version: int
    text_hash: bytes

    def words(self) -> tuple[str, ...]:
        return _number(self.version, least=1), _hash(self.text_hash)


@dataclass(frozen=True, slots=True)
class Added(_Entry):
    """`A version commit`: a confirmed signature of that text version, as a 32-byte hiding commitment."""

    letter = "A"
    version: int
    commit: bytes

    def words(self) -> tuple[str, ...]:
        return _number(self.version, least=1), _hash(self.commit)


@dataclass(frozen=True, slots=True)
class Withdrawn(_Entry):
    """`W index reason`: withdrawn by its signer, for ever."""

    letter = "W"
    index: int
    reason: str

    def words(self) -> tuple[str, ...]:
        return _number(self.index), _reason(self.reason, WITHDRAWAL_REASONS)


@dataclass(frozen=True, slots=True)
class Invalidated(_Entry):
    """`X index reason`: invalidated by the organizers."""

    letter = "X"
    index: int
    reason: str

    def words(self) -> tuple[str, ...]:
        return _number(self.index), _reason(self.reason, INVALIDATION_REASONS)


@dataclass(frozen=True, slots=True)
class Reinstated(_Entry):
    """`R index`: an invalidation taken back. It clears nothing else."""

    letter = "R"
    index: int

    def words(self) -> tuple[str, ...]:
        return (_number(self.index),)


@dataclass(frozen=True, slots=True)
class Closed(_Entry):
    """`Z reason`: no signature and no text after this. The reason is one to four lower-case words joined by hyphens."""

    letter = "Z"
    reason: str

    def words(self) -> tuple[str, ...]:
        if not _WORD.fullmatch(self.reason):
            raise ValueError(f"not a reason: {self.reason!r}")
        return (self.reason,)


@dataclass(frozen=True, slots=True)
class Erased(_Entry):
    """`E index`: the data of that signature erased at the signer's wish after closing; it still counts."""

    letter = "E"
    index: int

    def words(self) -> tuple[str, ...]:
        return (_number(self.index),)


@dataclass(frozen=True, slots=True)
class Purged(_Entry):
    """`P size`: the secrets of all entries below `size` are destroyed (end of retention)."""

    letter = "P"
    size: int

    def words(self) -> tuple[str, ...]:
        return (_number(self.size),)


Entry = Text | Added | Withdrawn | Invalidated | Reinstated | Closed | Erased | Purged


def format(entry: Entry | AnchorEntry) -> bytes:
    """The entry's bytes. ValueError for a number, reason or hash that the grammar does not know."""
    return bytes(entry)


def parse(data: bytes) -> Entry:
    """The entry behind `data`. Unproven: "unknown-entry" (another letter), "unknown-reason", "entry-malformed"."""
    match _words(data):
        case ["T", version, text]:
            return Text(_version(version), unb64url(text, "entry-malformed", length=32))
        case ["A", version, commit]:
            return Added(_version(version), unb64url(commit, "entry-malformed", length=32))
        case ["W", index, reason]:
            return Withdrawn(decimal(index, "entry-malformed"), _known(reason, WITHDRAWAL_REASONS))
        case ["X", index, reason]:
            return Invalidated(decimal(index, "entry-malformed"), _known(reason, INVALIDATION_REASONS))
        case ["R", index]:
            return Reinstated(decimal(index, "entry-malformed"))
        case ["Z", reason] if _WORD.fullmatch(reason):
            return Closed(reason)
        case ["E", index]:
            return Erased(decimal(index, "entry-malformed"))
        case ["P", size]:
            return Purged(decimal(size, "entry-malformed"))
        case [("T" | "A" | "W" | "X" | "R" | "Z" | "E" | "P"), *_]:
            raise Unproven("entry-malformed", repr(data[:80]))
        case _:
            raise Unproven("unknown-entry", repr(data[:80]))


_IS_ADDED, _IS_WITHDRAWN, _IS_INVALIDATED, _IS_ERASED = 1, 2, 4, 8

# The last of 43 base64url characters carries four bits of the 32 bytes, so only these sixteen are canonical there.
_ADDED = re.compile(rb"A ([1-9][0-9]{0,8}) ([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])")


class Tally:
    """Counts a log from its first entry on, and refuses the first entry that makes it invalid.

    `size` entries were read; `added`, `withdrawn` and `invalidated` by reason, and `reinstated` count *entries* of that kind;
    `count`, `by_version` and `erased_counted` say how things stand now, and
    count = added - withdrawn - (invalidated - reinstated) + those that are both.
    A refused entry leaves the tally as it was. One million entries take about 140 MB, nearly all of it the set of commitments.
    """

    def __init__(self) -> None:
        self.size = 0
        self.count = 0
        self.added = 0
        self.withdrawn = dict.fromkeys(WITHDRAWAL_REASONS, 0)
        self.invalidated = dict.fromkeys(INVALIDATION_REASONS, 0)
        self.reinstated = 0
        self.erased_counted = 0
        self.by_version: dict[int, int] = {}
        self.texts: list[bytes] = []
        self.closed = False
        self.purged = 0
        self._commits: set[bytes] = set()
        self._flags = bytearray()
        self._versions = array("I")

    def add(self, entry: bytes | Entry) -> None:
        """Read the next entry; Unproven with one of the names in docs/formats.md, its index in the detail."""
        try:
            flags, version = self._read(entry)
        except Unproven as fault:
            raise Unproven(fault.name, f"entry {self.size}" + (f", {fault.detail}" if fault.detail else "")) from None
        self._flags.append(flags)
        self._versions.append(version)
        self.size += 1

    def counted(self) -> list[int]:
        """The places of the entries that count, in ascending order."""
        return [index for index, flags in enumerate(self._flags) if flags & (_IS_ADDED | _IS_WITHDRAWN | _IS_INVALIDATED) == _IS_ADDED]

    def _read(self, entry: bytes | Entry) -> tuple[int, int]:
        # Nearly every entry is an A: one expression says that it is canonical, without making an object of it.
        if isinstance(entry, bytes):
            found = _ADDED.fullmatch(entry)
            if found:
                return self._add(int(found[1]), base64.urlsafe_b64decode(found[2] + b"="))
            entry = parse(entry)
        match entry:
            case Added(version, commit):
                return self._add(version, commit)
            case Text(version, text_hash):
                self._text(version, text_hash)
            case _ if not self.texts:
                raise Unproven("text-missing", "a log begins with T 1")
            case Withdrawn(index, reason):
                self._withdraw(index, reason)
            case Invalidated(index, reason):
                self._invalidate(index, reason)
            case Reinstated(index):
                self._reinstate(index)
            case Closed():
                if self.closed:
                    raise Unproven("closed-twice")
                self.closed = True
            case Erased(index):
                self._erase(index)
            case Purged(size):
                if size > self.size:
                    raise Unproven("purge-ahead", f"{size} of {self.size}")
                self.purged = max(self.purged, size)
        return 0, 0

    def _text(self, version: int, text_hash: bytes) -> None:
        if self.closed:
            raise Unproven("text-after-close")
        if version != len(self.texts) + 1:
            raise Unproven("text-skips", f"version {version} after {len(self.texts)}")
        self.texts.append(text_hash)
        self.by_version[version] = 0

    def _add(self, version: int, commit: bytes) -> tuple[int, int]:
        if not self.texts:
            raise Unproven("text-missing", "a log begins with T 1")
        if self.closed:
            raise Unproven("added-after-close")
        if version not in self.by_version:
            raise Unproven("unknown-text", f"version {version}")
        if commit in self._commits:
            raise Unproven("commit-repeats")
        self._commits.add(commit)
        self.added += 1
        self._move(version, 1)
        return _IS_ADDED, version

    def _withdraw(self, index: int, reason: str) -> None:
        flags = self._signature(index)
        if flags & _IS_WITHDRAWN:
            raise Unproven("withdrawn-twice", f"of {index}")
        if flags & _IS_ERASED:
            raise Unproven("withdrawn-after-erasure", f"of {index}")
        if index < self.purged:
            raise Unproven("withdrawn-after-purge", f"of {index}")
        self.withdrawn[reason] += 1
        self._flags[index] |= _IS_WITHDRAWN
        if not flags & _IS_INVALIDATED:
            self._move(self._versions[index], -1)

    def _invalidate(self, index: int, reason: str) -> None:
        flags = self._signature(index)
        if flags & _IS_INVALIDATED:
            raise Unproven("invalidated-twice", f"of {index}")
        if flags & _IS_ERASED and reason != "court-order":
            raise Unproven("invalidated-after-erasure", f"of {index}")
        self.invalidated[reason] += 1
        self._flags[index] |= _IS_INVALIDATED
        if not flags & _IS_WITHDRAWN:
            self._move(self._versions[index], -1)
            self.erased_counted -= bool(flags & _IS_ERASED)

    def _reinstate(self, index: int) -> None:
        flags = self._signature(index)
        if not flags & _IS_INVALIDATED:
            raise Unproven("reinstated-not-invalidated", f"of {index}")
        self.reinstated += 1
        self._flags[index] &= ~_IS_INVALIDATED
        if not flags & _IS_WITHDRAWN:
            self._move(self._versions[index], 1)
            self.erased_counted += bool(flags & _IS_ERASED)

    def _erase(self, index: int) -> None:
        flags = self._signature(index)
        if not self.closed:
            raise Unproven("erased-before-close", f"of {index}")
        if flags & _IS_ERASED:
            raise Unproven("erased-twice", f"of {index}")
        if flags & (_IS_WITHDRAWN | _IS_INVALIDATED):
            raise Unproven("erased-not-counted", f"of {index}")
        if index < self.purged:
            raise Unproven("erased-after-purge", f"of {index}")
        self._flags[index] |= _IS_ERASED
        self.erased_counted += 1

    def _signature(self, index: int) -> int:
        if index >= self.size or not self._flags[index]:
            raise Unproven("no-such-signature", f"{index} is not an earlier A")
        return self._flags[index]

    def _move(self, version: int, step: int) -> None:
        self.count += step
        self.by_version[version] += step

    def state(self, index: int) -> str:
        """How the signature at `index` stands now: confirmed, withdrawn, invalidated or erased (it counts). Unproven when there is none."""
        flags = self._signature(index)
        if flags & _IS_WITHDRAWN:
            return "withdrawn"
        if flags & _IS_INVALIDATED:
            return "invalidated"
        return "erased" if flags & _IS_ERASED else "confirmed"

    def proved(self) -> dict[str, object]:
        """The figures as they stand in `certificate.json` under `proved`; reasons that never occurred are left out."""
        return {
            "added": self.added,
            "withdrawn": sum(self.withdrawn.values()),
            "invalidated": {reason: number for reason, number in self.invalidated.items() if number},
            "reinstated": self.reinstated,
            "erased_counted": self.erased_counted,
            "count": self.count,
            "by_version": {str(version): number for version, number in self.by_version.items()},
        }


@dataclass(frozen=True, slots=True)
class Anchored(_Entry):
    """`S origin size root`: a petition's checkpoint, in the anchor log."""

    letter = "S"
    origin: str
    size: int
    root: bytes

    def words(self) -> tuple[str, ...]:
        if not is_name(self.origin) or not self.origin.isascii():
            raise ValueError(f"not an origin: {self.origin!r}")
        return self.origin, _number(self.size), _hash(self.root)


@dataclass(frozen=True, slots=True)
class Certified(_Entry):
    """`C hash`: a certificate was issued; the SHA-256 of its certificate.json, in the anchor log."""

    letter = "C"
    certificate: bytes

    def words(self) -> tuple[str, ...]:
        return (_hash(self.certificate),)


@dataclass(frozen=True, slots=True)
class Key(_Entry):
    """`K vkey`: a key that this installation's logs use, in the anchor log."""

    letter = "K"
    vkey: str

    def words(self) -> tuple[str, ...]:
        try:
            split_vkey(self.vkey)
        except Unproven as fault:
            raise ValueError(str(fault)) from None
        return (self.vkey,)


AnchorEntry = Anchored | Certified | Key


def parse_anchor(data: bytes) -> AnchorEntry:
    """The entry of an anchor log behind `data`. Unproven: "unknown-entry", "entry-malformed"."""
    match _words(data):
        case ["S", origin, size, root] if is_name(origin):
            return Anchored(origin, decimal(size, "entry-malformed"), unb64url(root, "entry-malformed", length=32))
        case ["C", digest]:
            return Certified(unb64url(digest, "entry-malformed", length=32))
        case ["K", vkey]:
            try:
                split_vkey(vkey)
            except Unproven as fault:
                raise Unproven("entry-malformed", str(fault)) from None
            return Key(vkey)
        case [("S" | "C" | "K"), *_]:
            raise Unproven("entry-malformed", repr(data[:80]))
        case _:
            raise Unproven("unknown-entry", repr(data[:80]))


class AnchorTally:
    """An anchor log read from its first entry, under its rules: a log is announced by a key before its first head, its heads only
    grow, and neither key nor certificate is announced twice. `origin` is the anchor's own name.

    `size` entries were read; `keys` by name in their order, `heads` the newest (size, root) of each log, `certificates` digests.
    """

    __slots__ = ("certificates", "heads", "keys", "origin", "size")

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.size = 0
        self.keys: dict[str, list[str]] = {}
        self.heads: dict[str, tuple[int, bytes]] = {}
        self.certificates: set[bytes] = set()

    def add(self, entry: bytes | AnchorEntry) -> AnchorEntry:
        """Read the next entry; Unproven with one of the names in docs/formats.md, its index in the detail."""
        try:
            read = parse_anchor(entry) if isinstance(entry, bytes) else entry
            self._read(read)
        except Unproven as fault:
            raise Unproven(fault.name, f"entry {self.size}" + (f", {fault.detail}" if fault.detail else "")) from None
        self.size += 1
        return read

    def _read(self, entry: AnchorEntry) -> None:
        match entry:
            case Key(vkey):
                name, _ = split_vkey(vkey)
                if not self.keys and name != self.origin:
                    raise Unproven("head-without-key", "an anchor log begins with its own key")
                if vkey in self.keys.get(name, ()):
                    raise Unproven("key-repeats", f"of {name}")
                self.keys.setdefault(name, []).append(vkey)
            case Anchored(origin, size, root):
                if origin not in self.keys or origin == self.origin:
                    raise Unproven("head-without-key", f"of {origin}")
                if size <= self.heads.get(origin, (0, b""))[0]:
                    raise Unproven("head-not-ahead", f"{size} of {origin}")
                self.heads[origin] = size, root
            case Certified(digest):
                if not self.keys:
                    raise Unproven("head-without-key", "an anchor log begins with its own key")
                if digest in self.certificates:
                    raise Unproven("certificate-repeats")
                self.certificates.add(digest)


def _words(data: bytes) -> list[str]:
    try:
        return data.decode("ascii").split(" ")
    except UnicodeDecodeError:
        raise Unproven("unknown-entry", repr(data[:80])) from None


def _version(text: str) -> int:
    version = decimal(text, "entry-malformed")
    if not 1 <= version < 10**9:
        raise Unproven("entry-malformed", f"text version {version}")
    return version


def _known(reason: str, reasons: tuple[str, ...]) -> str:
    if reason not in reasons:
        raise Unproven("unknown-reason", repr(reason[:40]))
    return reason


def _number(number: int, *, least: int = 0) -> str:
    if not least <= number <= (MAX_SIZE if least == 0 else 10**9 - 1):
        raise ValueError(f"{number} is out of range")
    return str(number)


def _hash(digest: bytes) -> str:
    if len(digest) != 32:
        raise ValueError("a hash is 32 bytes")
    return b64url(digest)


def _reason(reason: str, reasons: tuple[str, ...]) -> str:
    if reason not in reasons:
        raise ValueError(f"not a reason: {reason!r}")
    return reason
