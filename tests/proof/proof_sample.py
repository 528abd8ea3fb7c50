"""One small petition with its anchor log, certified: the honest bundle, and its parts for those who want to forge one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import proof_reference as reference

from service.errors import Unproven
from service.proof import certificate, merkle, note, tiles
from service.proof.canonical import b64, canonical_json, sha256
from service.proof.entries import Anchored, Certified, Key, Tally

LOG = note.Signer(reference.ORIGIN, reference.LOG_SEED)
ANCHOR = note.Signer(reference.ANCHOR, reference.ANCHOR_SEED)
CERTIFICATE_KEY = certificate.ssh_public(reference.CERTIFICATE_SEED)
TRUST = certificate.Trust("Libertas", (LOG.vkey,), ANCHOR.vkey, (CERTIFICATE_KEY,))


def small_log(additions: int = 6) -> list[bytes]:
    """T, some A, a withdrawal, an invalidation taken back, a second text with an A, the closing, an erasure."""
    manifests = [reference.sha(reference.manifest(n).encode()) for n in (1, 2)]
    added = [f"A 1 {reference.b64url(sha256(f'signer {n}'.encode()))}" for n in range(additions)]
    later = [
        "W 1 signer",
        "X 2 fraud",
        "R 2",
        "X 3 duplicate",
        f"T 2 {reference.b64url(manifests[1])}",
        f"A 2 {reference.b64url(sha256(b'late'))}",
        "Z deadline",
        "E 4",
    ]
    return [entry.encode() for entry in (f"T 1 {reference.b64url(manifests[0])}", *added, *later)]


def log_files(entries: Sequence[bytes], *, signer: note.Signer = LOG, origin: str = reference.ORIGIN) -> dict[str, bytes]:
    """Checkpoint, key, tiles and bundles of a petition's log."""
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    kept = tiles.append(0, leaves, lambda level, index: b"")
    files = {tiles.path(level, index, width): kept[level, index] for level, index, width in tiles.tiles_between(0, len(entries))}
    for start in range(0, len(entries), 256):
        part = entries[start : start + 256]
        files[tiles.entries_path(start // 256, len(part))] = tiles.pack_bundle(part)
    head = note.Checkpoint(origin, len(entries), merkle.root(leaves))
    return {**files, "checkpoint": note.sign(head.text(), [signer]), "vkey": f"{signer.vkey}\n".encode()}


def text_files(versions: int = 2) -> dict[str, bytes]:
    """Manifests and wordings of all versions, and the current ones once more where people look for them."""
    files = {}
    for version in range(1, versions + 1):
        files[f"manifest/{version}.json"] = files["manifest.json"] = reference.manifest(version).encode()
        for kind, languages in reference.WORDING.items():
            for language in languages:
                text = reference.wording(kind, language, version).encode()
                files[f"{kind}/{version}/{language}.txt"] = text
                if kind == "text":
                    files[f"text/{language}.txt"] = text
    return files


@dataclass
class AnchorLog:
    """The installation's anchor log; it already holds a key and somebody else's checkpoint."""

    entries: list[bytes] = field(
        default_factory=lambda: [bytes(Key(LOG.vkey)), bytes(Anchored("libertas.example/ledger/other", 0, merkle.EMPTY_ROOT))]
    )

    def prove(self, entry: bytes) -> bytes:
        """The .tlog-proof of `entry`, appended if it is not there yet."""
        if entry not in self.entries:
            self.entries.append(entry)
        leaves = [merkle.leaf_hash(each) for each in self.entries]
        kept = tiles.append(0, leaves, lambda level, index: b"")
        read = tiles.node_reader(lambda level, index: kept[level, index], len(leaves))
        head = note.Checkpoint(ANCHOR.name, len(leaves), merkle.root(leaves))
        index = self.entries.index(entry)
        return note.format_tlog_proof(index, merkle.inclusion_proof(index, len(leaves), read), note.sign(head.text(), [ANCHOR]))


def certify(files: Mapping[str, bytes], anchor: AnchorLog, /, **changes: object) -> dict[str, bytes]:
    """Add certificate, signatures and proofs, as an issuer does who has the keys; `changes` are put into certificate.json."""
    head = note.Checkpoint.parse(files["checkpoint"].decode().rpartition("\n\n")[0] + "\n")
    tally = Tally()
    for path in sorted(path for path in files if path.startswith("tile/entries/")):
        _, _, width = tiles.parse_path(path)
        with contextlib.suppress(Unproven):  # a forger's log may be invalid; his figures do not matter then
            for entry in tiles.unpack_bundle(files[path], width):
                tally.add(entry)
    whole = {
        "anchor.vkey": f"{ANCHOR.vkey}\n".encode(),
        "allowed_signers": certificate.allowed_signers("libertas.example", CERTIFICATE_KEY),
        "petition.tlog-proof": anchor.prove(bytes(Anchored(head.origin, head.size, head.root))),
        "VERIFY.txt": b"Compare the fingerprint first.\n",
        **files,
    }
    body = {
        "format": certificate.FORMAT,
        "issuer": {"name": "Libertas"},
        "keys": {"log": LOG.vkey, "anchor": ANCHOR.vkey, "certificate": CERTIFICATE_KEY},
        "files": certificate.listed(whole),
        "proved": {**tally.proved(), "checkpoint": {"origin": head.origin, "size": head.size, "root": b64(head.root)}},
        "witnessed": {},
        "audited": None,
        "asserted": {"held": 2},
        **changes,
    }
    whole["certificate.json"] = canonical_json(body)
    whole["certificate.json.sig"] = certificate.ssh_sign(whole["certificate.json"], reference.CERTIFICATE_SEED)
    whole["certificate.tlog-proof"] = anchor.prove(bytes(Certified(sha256(whole["certificate.json"]))))
    return seal(whole)


def seal(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """List and sign all files as they are."""
    whole = {path: data for path, data in files.items() if not path.startswith("SHA256SUMS")}
    sums = certificate.sums_of(whole)
    return {**whole, "SHA256SUMS": sums, "SHA256SUMS.sig": certificate.ssh_sign(sums, reference.CERTIFICATE_SEED)}


def bundle(entries: Sequence[bytes] | None = None) -> dict[str, bytes]:
    """The honest bundle."""
    return certify({**log_files(small_log() if entries is None else entries), **text_files()}, AnchorLog())


def proved(files: Mapping[str, bytes]) -> dict[str, object]:
    """`proved` of the bundle's certificate."""
    found: dict[str, object] = json.loads(files["certificate.json"])["proved"]
    return found
