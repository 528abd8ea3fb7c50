"""An auditor tests that counted entries stand for different addresses, without ever seeing more than a few drawn by lot.

Each counted entry gets a *tag*: the hash of the one RSA signature of its address under a key that the auditor made for this
audit, gave blind, and destroyed before he saw a tag. Equal addresses have equal tags, whoever works them out; and with the key
gone nobody can work out the tag of a guess. Then a lot is drawn, and for the drawn entries the issuer shows opening and
signature. `docs/formats.md` says who learns what, and what this does not prove.

Rules: a counted entry has a tag or is said to have none; an entry that is drawn and not opened is told as refused, never left
out; randomness is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from service.errors import Unproven
from service.proof.canonical import MAX_INTEGER, b64, canonical_json, decimal, parse_json, sha256, unb64
from service.proof.commitment import Opening

KEY_FORMAT: Final = "petition-audit-key/v1"
LEDGER_LINE: Final = "petition-audit-tags/v1"
REPORT_FORMAT: Final = "petition-audit/v1"
NAMESPACE: Final = "petition-audit"
EXPONENT: Final = 65_537

_ADDRESS: Final = b"petition-audit/v1 address\0"
_TAG: Final = b"petition-audit/v1 tag\0"
_SEED: Final = b"petition-audit/v1 seed\0"
_DRAW: Final = b"petition-audit/v1 draw\0"


@dataclass(frozen=True, slots=True)
class Key:
    """The public half of an audit's throw-away key: an RSA modulus of 2048 to 4096 bits, exponent 65537."""

    modulus: int

    def encode(self) -> bytes:
        """Canonical JSON, without newline."""
        return canonical_json({"format": KEY_FORMAT, "modulus": b64(self.modulus.to_bytes(self.width, "big"))})

    @classmethod
    def parse(cls, data: bytes) -> Key:
        """The key behind canonical JSON of exactly these keys; else Unproven("audit-key")."""
        match parse_json(data):
            case {"format": str(spoken), "modulus": str(modulus), **rest} if spoken == KEY_FORMAT and not rest:
                raw = unb64(modulus, "audit-key")
            case _:
                raise Unproven("audit-key", f"not the keys of {KEY_FORMAT}")
        key = cls(int.from_bytes(raw, "big"))
        if not 2048 <= key.modulus.bit_length() <= 4096 or len(raw) != key.width or key.modulus % 2 == 0:
            raise Unproven("audit-key", "not a modulus of 2048 to 4096 bits")
        return key

    @property
    def width(self) -> int:
        """Bytes of a number below the modulus."""
        return (self.modulus.bit_length() + 7) // 8

    def hashed(self, address: str) -> int:
        """The canonical address as a number below the modulus, spread over all of it (full-domain hash)."""
        seed = _ADDRESS + sha256(self.encode()) + address.encode()
        blocks = b"".join(sha256(seed + counter.to_bytes(4, "big")) for counter in range(-(-(self.width + 16) // 32)))
        return int.from_bytes(blocks[: self.width + 16], "big") % self.modulus

    def blind(self, address: str, factor: int) -> int:
        """What the auditor gets to sign: with a `factor` drawn at random from below the modulus it says nothing about the address."""
        return self.hashed(address) * pow(factor, EXPONENT, self.modulus) % self.modulus

    def unblind(self, signed: int, factor: int, address: str) -> bytes:
        """The signature of the address; Unproven("audit-signature") when the auditor signed something else."""
        signature = signed * pow(factor, -1, self.modulus) % self.modulus
        found = signature.to_bytes(self.width, "big")
        self.check(found, address)
        return found

    def check(self, signature: bytes, address: str) -> None:
        """Return if this is the one signature of the address under this key; else Unproven("audit-signature")."""
        number = int.from_bytes(signature, "big")
        if len(signature) != self.width or number >= self.modulus or pow(number, EXPONENT, self.modulus) != self.hashed(address):
            raise Unproven("audit-signature", "not the signature of this address")


def tag(signature: bytes) -> bytes:
    """The 32 bytes that stand for an address in the ledger of tags."""
    return sha256(_TAG + signature)


@dataclass(frozen=True, slots=True)
class Tags:
    """The ledger of tags: for every counted entry of one checkpoint its tag, or None where no address is left to tag."""

    origin: str
    size: int
    root: bytes
    key: bytes
    tags: Mapping[int, bytes | None]

    def encode(self) -> bytes:
        """Text: five head lines, an empty line, then `index tag` by index (base64, or a dash)."""
        head = [LEDGER_LINE, self.origin, str(self.size), b64(self.root), b64(self.key), ""]
        lines = (f"{index} {b64(each) if each is not None else '-'}" for index, each in sorted(self.tags.items()))
        return "".join(f"{line}\n" for line in (*head, *lines)).encode()

    @classmethod
    def parse(cls, data: bytes) -> Tags:
        """The ledger behind exactly these lines; else Unproven("audit-tags")."""
        lines = data.decode("ascii", "replace").split("\n")
        if len(lines) < 7 or lines[0] != LEDGER_LINE or lines[5] or lines[-1]:
            raise Unproven("audit-tags", f"not {LEDGER_LINE}")
        tags: dict[int, bytes | None] = {}
        for line in lines[6:-1]:
            index, _, each = line.partition(" ")
            tags[decimal(index, "audit-tags")] = None if each == "-" else unb64(each, "audit-tags", length=32)
        found = cls(
            lines[1],
            decimal(lines[2], "audit-tags"),
            unb64(lines[3], "audit-tags", length=32),
            unb64(lines[4], "audit-tags", length=32),
            tags,
        )
        if found.encode() != data:
            raise Unproven("audit-tags", "an index stands twice, or not in order")
        return found

    def digest(self) -> bytes:
        """What the seed is made from, so that no tag can be chosen after the lot."""
        return sha256(self.encode())

    def repeated(self) -> list[tuple[int, int]]:
        """Pairs of entries with one tag, and so with one address."""
        first: dict[bytes, int] = {}
        pairs = []
        for index, each in sorted(self.tags.items()):
            if each is not None and first.setdefault(each, index) != index:
                pairs.append((first[each], index))
        return pairs


def seed(ledger: bytes, word: str) -> bytes:
    """The lot's seed from the ledger's digest and a `word` that nobody could know when the ledger was handed over."""
    return sha256(_SEED + ledger + word.encode())


def sample(of: Sequence[int], size: int, by: bytes) -> list[int]:
    """`size` different members of `of` (all of them if it has no more), drawn by the 32-byte seed, in ascending order."""
    pool, draws = list(of), _numbers(by)
    drawn = min(size, len(pool))
    for place in range(drawn):  # Fisher and Yates, as far as is needed
        other = place + _below(len(pool) - place, draws)
        pool[place], pool[other] = pool[other], pool[place]
    return sorted(pool[:drawn])


def _numbers(by: bytes) -> Iterator[int]:
    counter = 0
    while True:
        yield int.from_bytes(sha256(_DRAW + by + counter.to_bytes(8, "big"))[:8], "big")
        counter += 1


def _below(limit: int, draws: Iterator[int]) -> int:
    """A number below `limit`, all alike likely: draws beyond the last whole multiple are thrown away."""
    edge = 2**64 - 2**64 % limit
    return next(number for number in draws if number < edge) % limit


def sample_size(share: float, certainty: float) -> int:
    """How many to draw so that, if at least `share` of all entries are false, one of them is drawn with `certainty`."""
    return math.ceil(math.log(1 - certainty) / math.log(1 - share))


@dataclass(frozen=True, slots=True)
class Opened:
    """What the issuer shows of one drawn entry: its opening, and the signature behind its tag."""

    opening: Opening
    signature: bytes


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found: numbers, and the name of the fault for each entry where something was wrong."""

    duplicates: tuple[tuple[int, int], ...]
    untagged: int
    drawn: tuple[int, ...]
    refused: tuple[int, ...]
    failed: Mapping[int, str]

    @property
    def is_clean(self) -> bool:
        """Nothing was wrong. Entries that could not be opened are for the auditor to judge."""
        return not self.duplicates and not self.failed


def check(
    key: Key,
    tags: Tags,
    counted: Iterable[int],
    entries: Mapping[int, bytes],
    by: bytes,
    size: int,
    opened: Mapping[int, Opened],
    text_hashes: Sequence[bytes],
) -> Findings:
    """Everything that the auditor checks, offline: `counted` and `entries` come from a log that was verified.

    Unproven "audit-key" (another key), "audit-tags" (a counted entry without its line, or a line for another), "audit-sample"
    (something was opened that was not drawn). What is wrong with single entries is in the findings: "audit-opening" (it does
    not open that entry), "audit-signature" (the signature is not of its address), "audit-tag" (the tag is not of that
    signature). `text_hashes` are those of the log's texts.
    """
    wanted = sorted(counted)
    if tags.key != sha256(key.encode()):
        raise Unproven("audit-key", "the tags were made with another key")
    if sorted(tags.tags) != wanted:
        raise Unproven("audit-tags", "not exactly one line for each counted entry")
    drawn = sample(wanted, size, by)
    if not opened.keys() <= set(drawn):
        raise Unproven("audit-sample", "an entry was opened that was not drawn")
    failed: dict[int, str] = {}
    for index, shown in sorted(opened.items()):
        try:
            _check_one(key, tags, index, entries[index], shown, text_hashes)
        except Unproven as fault:
            failed[index] = fault.name
    refused = tuple(index for index in drawn if index not in opened)
    return Findings(tuple(tags.repeated()), sum(each is None for each in tags.tags.values()), tuple(drawn), refused, failed)


def _check_one(key: Key, tags: Tags, index: int, entry: bytes, shown: Opened, text_hashes: Sequence[bytes]) -> None:
    opening = shown.opening
    if opening.entry() != entry or opening.origin != tags.origin or opening.text_hash != text_hashes[opening.version - 1]:
        raise Unproven("audit-opening", f"entry {index}: it opens another one")
    key.check(shown.signature, opening.values["email"])
    if tags.tags[index] != tag(shown.signature):
        raise Unproven("audit-tag", f"entry {index}: its tag is another address's")


def report(
    findings: Findings,
    tags: Tags,
    *,
    auditor: str,
    auditor_key: str,
    done_on: str,
    by: bytes,
    word: str,
) -> bytes:
    """The audit's report, canonical JSON: numbers only, and places in the log where something was wrong. It names nobody."""
    faults = [{"entries": [a, b], "fault": "audit-duplicate"} for a, b in findings.duplicates]
    faults += [{"entries": [index], "fault": name} for index, name in sorted(findings.failed.items())]
    return canonical_json(
        {
            "format": REPORT_FORMAT,
            "auditor": auditor,
            "auditor_key": auditor_key,
            "done_on": done_on,
            "origin": tags.origin,
            "size": tags.size,
            "root": b64(tags.root),
            "ledger": b64(tags.digest()),
            "word": word,
            "seed": b64(by),
            "tags": len(tags.tags) - findings.untagged,
            "untagged": findings.untagged,
            "duplicates": len(findings.duplicates),
            "sample": len(findings.drawn),
            "opened": len(findings.drawn) - len(findings.refused),
            "refused": len(findings.refused),
            "failed": len(findings.failed),
            "faults": faults,
        }
    )


REPORT_KEYS: Final = frozenset(
    {"format", "auditor", "auditor_key", "done_on", "origin", "size", "root", "ledger", "word", "seed", "tags", "untagged"}
    | {"duplicates", "sample", "opened", "refused", "failed", "faults"}
)


def parse_report(data: bytes) -> dict[str, object]:
    """The report behind canonical JSON of exactly its keys, numbers non-negative; else Unproven("audit-report")."""
    found = parse_json(data)
    if not isinstance(found, dict) or set(found) != REPORT_KEYS or found["format"] != REPORT_FORMAT:
        raise Unproven("audit-report", f"not the keys of {REPORT_FORMAT}")
    numbers = ("size", "tags", "untagged", "duplicates", "sample", "opened", "refused", "failed")
    texts = ("auditor", "auditor_key", "done_on", "origin", "root", "ledger", "word", "seed")
    if not all(type(found[name]) is int and 0 <= found[name] <= MAX_INTEGER for name in numbers):
        raise Unproven("audit-report", "a number is none")
    if not all(isinstance(found[name], str) and found[name] for name in texts) or not isinstance(found["faults"], list):
        raise Unproven("audit-report", "a text is none")
    return found


def format_opened(index: int, shown: Opened) -> bytes:
    """One line of the file of openings: canonical JSON and a newline."""
    body = {"index": index, "opening": parse_json(shown.opening.encode()), "signature": b64(shown.signature)}
    return canonical_json(body) + b"\n"


def parse_opened(data: bytes) -> dict[int, Opened]:
    """The openings of a file, by index; else Unproven("audit-openings")."""
    found: dict[int, Opened] = {}
    lines = data.split(b"\n")
    if lines.pop():
        raise Unproven("audit-openings", "does not end in a newline")
    for line in lines:
        match parse_json(line):
            case {"index": int(index), "opening": dict(opening), "signature": str(signature), **rest} if not rest and index not in found:
                found[index] = Opened(Opening.parse(canonical_json(opening)), unb64(signature, "audit-openings"))
            case _:
                raise Unproven("audit-openings", "a line is not index, opening and signature, each entry once")
    return found
