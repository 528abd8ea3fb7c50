"""The same formats a second time, written straight from the specifications and as slowly as they are defined.

It shares no line with `service.proof` and made the committed vectors: `python tests/proof/proof_reference.py` writes them again.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import random
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VECTORS = Path(__file__).parent / "vectors"

ORIGIN = "libertas.example/ledger/k3v9x2"
ANCHOR = "libertas.example/ledger/anchor"
LOG_SEED = hashlib.sha256(b"petition log key of the vectors").digest()
ANCHOR_SEED = hashlib.sha256(b"anchor log key of the vectors").digest()
CERTIFICATE_SEED = hashlib.sha256(b"certificate key of the vectors").digest()

REASONS = {"W": ["signer", "erased"], "X": ["duplicate", "disposable", "bounced", "fraud", "organizer-request", "court-order", "unbacked"]}


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Tree:
    """MTH, PATH and SUBPROOF word for word from RFC 6962 section 2.1, over leaf number i = "leaf i"."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.mth = functools.cache(self._mth)

    @staticmethod
    def entry(index: int) -> bytes:
        return f"leaf {index}".encode()

    def _mth(self, lo: int, hi: int) -> bytes:
        if lo == hi:
            return sha(b"")
        if hi - lo == 1:
            return sha(b"\x00" + self.entry(lo))
        k = split(hi - lo)
        return sha(b"\x01" + self.mth(lo, lo + k) + self.mth(lo + k, hi))

    def root(self) -> bytes:
        return self.mth(0, self.size)

    def path(self, m: int, lo: int = 0, hi: int | None = None) -> list[bytes]:
        hi = self.size if hi is None else hi
        if hi - lo == 1:
            return []
        k = split(hi - lo)
        if m < k:
            return [*self.path(m, lo, lo + k), self.mth(lo + k, hi)]
        return [*self.path(m - k, lo + k, hi), self.mth(lo, lo + k)]

    def consistency(self, m: int) -> list[bytes]:
        return [] if m == 0 else self._subproof(m, 0, self.size, True)

    def _subproof(self, m: int, lo: int, hi: int, whole: bool) -> list[bytes]:
        if m == hi - lo:
            return [] if whole else [self.mth(lo, hi)]
        k = split(hi - lo)
        if m <= k:
            return [*self._subproof(m, lo, lo + k, whole), self.mth(lo + k, hi)]
        return [*self._subproof(m - k, lo + k, hi, False), self.mth(lo, lo + k)]


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


class Model:
    """The count by ledger.md section 2, as a table of signatures that is looked through from top to bottom for every answer."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object] | None] = []
        self.texts = 0
        self.closed = False
        self.purged = 0
        self.commits: list[str] = []
        self.events: list[tuple[str, ...]] = []

    def faults(self, entry: str) -> set[str]:
        """Every reason for which the log is invalid with `entry` next; none: it is valid."""
        kind, *words = entry.split(" ")
        found: set[str] = set()
        if not self.texts and kind != "T":
            found.add("text-missing")
        if kind == "T":
            if int(words[0]) != self.texts + 1:
                found.add("text-skips")
            if self.closed:
                found.add("text-after-close")
        if kind == "A":
            if not 1 <= int(words[0]) <= self.texts:
                found.add("unknown-text")
            if self.closed:
                found.add("added-after-close")
            if words[1] in self.commits:
                found.add("commit-repeats")
        if kind == "Z" and self.closed:
            found.add("closed-twice")
        if kind == "P" and int(words[0]) > len(self.rows):
            found.add("purge-ahead")
        if kind in "WXRE":
            index = int(words[0])
            row = self.rows[index] if index < len(self.rows) else None
            if row is None:
                return found | {"no-such-signature"}
            counted = not row["withdrawn"] and not row["invalidated"]
            if kind == "W":
                found |= {"withdrawn-twice"} if row["withdrawn"] else set()
                found |= {"withdrawn-after-erasure"} if row["erased"] else set()
                found |= {"withdrawn-after-purge"} if index < self.purged else set()
            if kind == "X":
                found |= {"invalidated-twice"} if row["invalidated"] else set()
                found |= {"invalidated-after-erasure"} if row["erased"] and words[1] != "court-order" else set()
            if kind == "R":
                found |= set() if row["invalidated"] else {"reinstated-not-invalidated"}
            if kind == "E":
                found |= set() if self.closed else {"erased-before-close"}
                found |= {"erased-twice"} if row["erased"] else set()
                found |= set() if counted else {"erased-not-counted"}
                found |= {"erased-after-purge"} if index < self.purged else set()
        return found

    def add(self, entry: str) -> None:
        kind, *words = entry.split(" ")
        self.events.append((kind, *words))
        row = None
        if kind == "T":
            self.texts += 1
        elif kind == "A":
            row = {"version": words[0], "withdrawn": False, "invalidated": False, "erased": False}
            self.commits.append(words[1])
        elif kind == "Z":
            self.closed = True
        elif kind == "P":
            self.purged = max(self.purged, int(words[0]))
        else:
            target = self.rows[int(words[0])]
            assert target is not None
            flag = {"W": "withdrawn", "X": "invalidated", "R": "invalidated", "E": "erased"}[kind]
            target[flag] = kind != "R"
        self.rows.append(row)

    def figures(self) -> dict[str, object]:
        standing = [row for row in self.rows if row and not row["withdrawn"] and not row["invalidated"]]
        invalidated = {reason: sum(event[0] == "X" and event[2] == reason for event in self.events) for reason in REASONS["X"]}
        return {
            "added": sum(event[0] == "A" for event in self.events),
            "withdrawn": sum(event[0] == "W" for event in self.events),
            "invalidated": {reason: number for reason, number in invalidated.items() if number},
            "reinstated": sum(event[0] == "R" for event in self.events),
            "erased_counted": sum(bool(row["erased"]) for row in standing),
            "count": len(standing),
            "by_version": {str(n): sum(row["version"] == str(n) for row in standing) for n in range(1, self.texts + 1)},
        }


def random_log(seed: int, size: int) -> list[str]:
    """A valid log of `size` entries: two texts, three quarters signatures, all kinds of later acts, closed four fifths of the way."""
    dice, model = random.Random(seed), Model()
    entries: list[str] = []
    signatures: list[int] = []
    while len(entries) < size:
        at = len(entries)
        hash_ = b64url(sha(f"{seed} {at}".encode()))
        kinds = "WWXXRE" if model.closed else "AAAAAAAAAWXR"
        kind = "T" if at in (0, size // 3) else "Z" if at == size * 4 // 5 else "P" if at == size - 1 else dice.choice(kinds)
        target = dice.choice(signatures) if signatures else 0
        entry = {
            "T": f"T {model.texts + 1} {hash_}",
            "A": f"A {dice.randint(1, max(1, model.texts))} {hash_}",
            "Z": "Z deadline",
            "P": f"P {at // 2}",
            "W": f"W {target} {dice.choice(REASONS['W'])}",
            "X": f"X {target} {dice.choice(REASONS['X'])}",
            "R": f"R {target}",
            "E": f"E {target}",
        }[kind]
        kind_faults = model.faults(entry) if kind != "A" else set()  # commits are distinct by making; looking them up is slow
        if kind_faults:
            continue
        model.add(entry)
        model.commits.clear()
        entries.append(entry)
        if kind == "A":
            signatures.append(at)
    return entries


def log_root(entries: list[str]) -> bytes:
    def mth(hashes: list[bytes]) -> bytes:
        if len(hashes) < 2:
            return hashes[0] if hashes else sha(b"")
        k = split(len(hashes))
        return sha(b"\x01" + mth(hashes[:k]) + mth(hashes[k:]))

    return mth([sha(b"\x00" + entry.encode()) for entry in entries])


def key_id(name: str, public: bytes) -> bytes:
    return sha(name.encode() + b"\n" + b"\x01" + public)[:4]


def public_key(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def signed(name: str, seed: bytes, text: str) -> str:
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(text.encode())
    return f"{text}\n— {name} {b64(key_id(name, public_key(seed)) + signature)}\n"


def vkey(name: str, seed: bytes) -> str:
    return f"{name}+{key_id(name, public_key(seed)).hex()}+{b64(bytes([1]) + public_key(seed))}"


MANIFEST = (
    '{"classes":["email-link"]'
    ',"consent":{"en":"%s","fr":"%s","hy":"%s"}'
    ',"eligibility":"I am at least 16 years old."'
    ',"format":"petition-text/v1"'
    ',"norm":"email-norm/v1"'
    ',"origin":"libertas.example/ledger/k3v9x2"'
    ',"privacy":{"en":"%s","fr":"%s","hy":"%s"}'
    ',"sealing_keys":[]'
    ',"statements":{"en":"%s","fr":"%s","hy":"%s"}'
    ',"version":%d}'
)

WORDING = {
    "consent": {
        "en": "I agree that my signature is counted.\n",
        "fr": "J’accepte que ma signature soit comptée.\n",
        "hy": "Համաձայն եմ, որ ստորագրությունս հաշվվի։\n",
    },
    "privacy": {
        "en": "Who sees my data, and until when.\n",
        "fr": "Qui voit mes données, et jusqu’à quand.\n",
        "hy": "Ով և մինչև երբ է տեսնում տվյալներս։\n",
    },
    "text": {
        "en": "We ask for the release of the prisoners.\n",
        "fr": "Nous demandons la libération des prisonniers.\n",
        "hy": "Պահանջում ենք ազատ արձակել բանտարկյալներին։\n",
    },
}


def wording(kind: str, language: str, version: int) -> str:
    """Version 1 as above; a later version of the statement says that it is one."""
    return WORDING[kind][language] + (f"({version})\n" if kind == "text" and version > 1 else "")


def manifest(version: int) -> str:
    digests = [b64(sha(wording(kind, lang, version).encode())) for kind in ("consent", "privacy", "text") for lang in ("en", "fr", "hy")]
    return MANIFEST % (*digests, version)


PEOPLE = [
    {"email": "ani@example.am", "country": "AM", "locale": "hy", "class": "email-link"},
    {"email": "levon@example.fr", "country": "FR", "locale": "fr", "class": "email-link"},
    {"email": "", "country": "", "locale": "", "class": ""},
]


def commitment(person: dict[str, str], secret: bytes) -> dict[str, object]:
    salts = {name: hmac.new(secret, name.encode(), hashlib.sha256).digest() for name in person}
    digests = {
        name: hmac.new(salts[name], b"petition-log/v1 field\0" + name.encode() + b"\0" + value.encode(), hashlib.sha256).digest()
        for name, value in person.items()
    }
    text_hash = sha(manifest(1).encode())
    leaf = b"petition-log/v1 leaf\0" + len(ORIGIN).to_bytes(2, "big") + ORIGIN.encode() + text_hash
    commit = sha(leaf + digests["email"] + digests["country"] + digests["locale"] + digests["class"])
    return {
        "secret": secret.hex(),
        "values": person,
        "salts": {name: salt.hex() for name, salt in salts.items()},
        "digests": {name: digest.hex() for name, digest in digests.items()},
        "origin": ORIGIN,
        "text_hash": text_hash.hex(),
        "commit": commit.hex(),
        "entry": f"A 1 {b64url(commit)}",
        "leaf_hash": sha(b"\x00" + f"A 1 {b64url(commit)}".encode()).hex(),
    }


@functools.cache
def vectors() -> dict[str, object]:
    return {
        "merkle.json": _merkle(),
        "tiles.json": {
            "paths": {
                "tile/0/000": [0, 0, 256],
                "tile/0/000.p/1": [0, 0, 1],
                "tile/0/999.p/255": [0, 999, 255],
                "tile/1/x001/000": [1, 1000, 256],
                "tile/0/x001/x234/067": [0, 1234067, 256],
                "tile/0/x001/x234/067.p/8": [0, 1234067, 8],
                "tile/63/000": [63, 0, 256],
                "tile/entries/000": ["entries", 0, 256],
                "tile/entries/x003/906.p/64": ["entries", 3906, 64],
            },
            "widths": {  # tlog-tiles, "Partial Tiles": its two examples, and the sizes around them
                str(size): [[level, size // 256**level // 256, size // 256**level % 256] for level in range(4) if size // 256**level % 256]
                for size in (0, 1, 255, 256, 257, 65535, 65536, 65537, 70000)
            },
        },
        "note.json": {
            "keys": [
                {
                    "name": name,
                    "seed": seed.hex(),
                    "public": public_key(seed).hex(),
                    "id": key_id(name, public_key(seed)).hex(),
                    "vkey": vkey(name, seed),
                }
                for name, seed in ((ORIGIN, LOG_SEED), (ANCHOR, ANCHOR_SEED))
            ],
            "notes": [
                {"vkey": vkey(ORIGIN, LOG_SEED), "note": signed(ORIGIN, LOG_SEED, f"{ORIGIN}\n0\n{b64(sha(b''))}\n")},
                {"vkey": vkey(ORIGIN, LOG_SEED), "note": signed(ORIGIN, LOG_SEED, f"{ORIGIN}\n8\n{b64(Tree(8).root())}\n")},
                {"vkey": vkey(ANCHOR, ANCHOR_SEED), "note": signed(ANCHOR, ANCHOR_SEED, "two\n\nparagraphs, and Հայերեն\n")},
                {  # golang.org/x/mod/sumdb/note, its documentation's example
                    "vkey": "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
                    "note": "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
                    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
                },
            ],
            "tlog_proof": {
                "entry": "leaf 5",
                "file": "\n".join(["c2sp.org/tlog-proof@v1", f"extra {b64(b'an opening')}", "index 5", *map(b64, Tree(8).path(5)), "", ""])
                + signed(ORIGIN, LOG_SEED, f"{ORIGIN}\n8\n{b64(Tree(8).root())}\n"),
            },
        },
        "manifest.json": [{"bytes": manifest(n), "text_hash": sha(manifest(n).encode()).hex()} for n in (1, 2)],
        "commitment.json": [commitment(person, sha(f"secret {n}".encode())) for n, person in enumerate(PEOPLE)],
        "entries.json": {
            "petition": [
                f"T 1 {b64url(sha(manifest(1).encode()))}",
                f"A 1 {b64url(sha(b'commit'))}",
                *(f"{kind} 1 {reason}" for kind, reasons in REASONS.items() for reason in reasons),
                "R 1",
                "Z deadline",
                "E 1",
                "P 8",
            ],
            "anchor": [
                f"S {ORIGIN} 8 {b64url(Tree(8).root())}",
                f"C {b64url(sha(b'certificate.json'))}",
                f"K {vkey(ORIGIN, LOG_SEED)}",
            ],
        },
        "logs.json": [
            _log("empty", []),
            _log("300 entries of all types", random_log(3, 300), whole=True),
            _log("seed 10", random_log(10, 10_000)),
        ],
    }


def _merkle() -> list[dict[str, object]]:
    found = []
    for size in (*range(9), 255, 256, 257, 511, 512, 513, 65535, 65536, 65537):
        tree = Tree(size)
        leaves = range(size) if size < 9 else (0, 1, 254, size // 2, size - 2, size - 1)
        olds = range(size + 1) if size < 9 else (0, 1, 2, 128, 200, size // 2, size - 1, size)
        found.append(
            {
                "size": size,
                "root": tree.root().hex(),
                "inclusion": {str(index): [each.hex() for each in tree.path(index)] for index in leaves},
                "consistency": {
                    str(old): {"root": tree.mth(0, old).hex(), "proof": [each.hex() for each in tree.consistency(old)]} for old in olds
                },
            }
        )
    return found


def _log(name: str, entries: list[str], *, whole: bool = False) -> dict[str, object]:
    model = Model()
    for entry in entries:
        model.add(entry)
    kept: dict[str, object] = {"entries": entries} if whole else {"sha256": sha("".join(f"{entry}\n" for entry in entries).encode()).hex()}
    return {"name": name, "size": len(entries), "root": log_root(entries).hex(), "figures": model.figures(), **kept}


if __name__ == "__main__":
    for name, value in vectors().items():
        (VECTORS / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
