"""What an institution receives, checked on its own computer without asking us: the evidence bundle of one certified count.

The bundle is a set of files by path; `docs/formats.md` draws it. Rules: every file is listed and no listed file is missing;
the number is recounted from the entries and never taken from the certificate; a bundle is *valid* only against keys that came
another way, and with keys from the bundle itself it is merely consistent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from service.errors import Unproven
from service.proof import merkle, tiles
from service.proof.canonical import b64, canonical_json, parse_json, sha256
from service.proof.commitment import Manifest, Opening
from service.proof.entries import Anchored, Certified, Tally
from service.proof.note import Checkpoint, Verifier, open_checkpoint, parse_tlog_proof, parse_vkey
from service.proof.sshsig import (
    NAMESPACE,
    allowed_signers,
    fingerprint,
    parse_allowed_signers,
    ssh_public,
    ssh_sign,
    ssh_verify,
)

__all__ = [
    "FORMAT",
    "NAMESPACE",
    "OUTSIDE",
    "Opening",
    "Trust",
    "Verdict",
    "allowed_signers",
    "canonical_json",
    "fingerprint",
    "format_sums",
    "listed",
    "parse_allowed_signers",
    "parse_json",
    "parse_sums",
    "ssh_public",
    "ssh_sign",
    "ssh_verify",
    "sums_of",
    "verify_attached",
    "verify_bundle",
    "verify_receipt",
    "verify_unsigned",
]

T = TypeVar("T")

FORMAT: Final = "petition-certificate/v1"

# What certificate.json cannot list, because it was made afterwards and speaks about it.
OUTSIDE: Final = frozenset(
    {
        "certificate.json",
        "certificate.json.sig",
        "certificate.json.tsr",
        "certificate.tlog-proof",
        "certificate.pdf",
        "SHA256SUMS",
        "SHA256SUMS.sig",
    }
)

# Below these nothing lies but what the log and its manifests call for.
_GOVERNED: Final = ("manifest/", "text/", "consent/", "privacy/", "tile/")

_SUM = re.compile(r"([0-9a-f]{64})  ((?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*)")


def listed(files: Mapping[str, bytes]) -> dict[str, str]:
    """The object `files` of certificate.json: path to base64 SHA-256 of every file but those in OUTSIDE."""
    return {path: b64(sha256(data)) for path, data in sorted(files.items()) if path not in OUTSIDE}


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """The SHA256SUMS over the contents of every file but itself and its signature."""
    return format_sums({path: sha256(data) for path, data in files.items() if path not in ("SHA256SUMS", "SHA256SUMS.sig")})


def format_sums(sums: Mapping[str, bytes]) -> bytes:
    """`<hex>  <path>` lines sorted by path, as `sha256sum -c` reads them, from path to 32-byte digest. ValueError for an odd path."""
    lines = [f"{digest.hex()}  {path}" for path, digest in sorted(sums.items())]
    if not lines or not all(map(_SUM.fullmatch, lines)):
        raise ValueError("a path is of ASCII letters, digits, dot, dash and underscore, no part begins with a dot, a digest is 32 bytes")
    return "".join(f"{line}\n" for line in lines).encode()


def parse_sums(data: bytes) -> dict[str, bytes]:
    """Path to 32-byte digest. Unproven("sums-malformed") unless `format_sums` gives back exactly `data`."""
    found = [_SUM.fullmatch(line) for line in data.decode("ascii", "replace").removesuffix("\n").split("\n")]
    sums = {each[2]: bytes.fromhex(each[1]) for each in found if each}
    if len(sums) != len(found) or format_sums(sums) != data:
        raise Unproven("sums-malformed", "not sorted lines of digest, two spaces and path, each once")
    return sums


@dataclass(frozen=True, slots=True)
class Trust:
    """An installation's public keys, to be handed out by another way than its bundles.

    `logs` are the vkeys of its petition logs, `anchor` that of its anchor log, `certificate_keys` SSH public lines without
    comment, `pdf_seals` the hex SHA-256 of the X.509 certificates that seal its PDFs (not used here). `ml_dsa` are the second
    keys of the same logs: a log that has one is not believed without it; `retired` are earlier keys of any of these logs, for
    what they signed in their time; `promises` are the vkeys under which signers hold promises.
    """

    issuer: str
    logs: tuple[str, ...]
    anchor: str
    certificate_keys: tuple[str, ...]
    pdf_seals: tuple[str, ...] = ()
    ml_dsa: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()
    promises: tuple[str, ...] = ()

    FORMAT = "petition-trust/v1"

    def encode(self) -> bytes:
        """Canonical JSON without newline. ValueError for a key that is not one."""
        data = canonical_json(
            {
                "format": self.FORMAT,
                "issuer": self.issuer,
                "logs": self.logs,
                "anchor": self.anchor,
                "certificate_keys": self.certificate_keys,
                "pdf_seals": self.pdf_seals,
                "ml_dsa": self.ml_dsa,
                "retired": self.retired,
                "promises": self.promises,
            }
        )
        try:
            Trust.parse(data)
        except Unproven as fault:
            raise ValueError(str(fault)) from None
        return data

    @classmethod
    def parse(cls, data: bytes) -> Trust:
        """The keys behind a trust file; Unproven "json-not-canonical", "trust", "vkey" or "ssh-key"."""
        match parse_json(data):
            case {
                "format": cls.FORMAT,
                "issuer": str(issuer),
                "logs": list(logs),
                "anchor": str(anchor),
                "certificate_keys": list(keys),
                "pdf_seals": list(seals),
                "ml_dsa": list(second),
                "retired": list(retired),
                "promises": list(promises),
                **rest,
            } if not rest and all(isinstance(each, str) for each in (*logs, *keys, *seals, *second, *retired, *promises)):
                trust = cls(issuer, tuple(logs), anchor, *map(tuple, (keys, seals, second, retired, promises)))
            case _:
                raise Unproven("trust", f"not the keys and types of {cls.FORMAT}")
        for log in (*trust.logs, trust.anchor, *trust.ml_dsa, *trust.retired, *trust.promises):
            parse_vkey(log)
        for key in trust.certificate_keys:
            fingerprint(key)
        return trust

    def knows(self, log: Verifier) -> bool:
        """Whether this is a key of one of the petitions' logs, today or earlier."""
        return log.vkey in self.logs or (log.vkey in self.retired and log.name != parse_vkey(self.anchor).name)

    def knows_anchor(self, log: Verifier) -> bool:
        """Whether this is the anchor log's key, or one that it had earlier."""
        return log.vkey == self.anchor or (log.vkey in self.retired and log.name == parse_vkey(self.anchor).name)

    def of_logs(self, origin: str) -> list[Verifier]:
        """The petitions' logs' keys today, with all other keys of the log `origin`."""
        found = dict.fromkeys((*self.logs, *(vkey for vkey in (*self.ml_dsa, *self.retired) if vkey.startswith(f"{origin}+"))))
        return [parse_vkey(vkey) for vkey in found]

    def beside(self, log: Verifier) -> list[Verifier]:
        """`log` and every other key under its name: all must have signed rightly where they signed, one of ML-DSA-44 if there is any."""
        found = {
            each.vkey: each for each in map(parse_vkey, (*self.ml_dsa, *self.retired, *self.logs, self.anchor)) if each.name == log.name
        }
        return [log, *(each for vkey, each in found.items() if vkey != log.vkey)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found. Whatever is wrong raised Unproven before, so a verdict is at least "consistent".

    `issuer_checked`: the keys are those of a trust file. `fingerprint` is the certificate key's, to compare with a source
    outside the bundle. `figures` is `proved` as recounted. `places` are where the petition's checkpoint and the certificate stand
    in the anchor log, of which `anchor` is the head that the certificate's proof leads to. `notes` are stable words for what
    stands in the bundle but was not checked: "issuer", "log", "witnesses", "pdf", "timestamp".
    """

    issuer_checked: bool
    issuer: str
    fingerprint: str
    figures: Mapping[str, object]
    checkpoint: Checkpoint
    anchor: Checkpoint
    places: tuple[int, int]
    notes: tuple[str, ...]

    @property
    def valid(self) -> bool:
        """Valid, and not merely consistent with itself."""
        return self.issuer_checked


def verify_bundle(files: Mapping[str, bytes], trust: Trust | None = None, progress: Callable[[int, int], object] | None = None) -> Verdict:
    """Check a whole evidence bundle, offline; `files` gives contents by path and may load them when asked.

    `progress(done, total)` is called with numbers of entries. Every fault is Unproven with a name from `docs/formats.md` and
    the file it is in. Outermost first: who signed the list of files, then every file, then the log, the figures, the anchor.
    """
    bundle = _Bundle(files)
    _, certificate_key = bundle.read("allowed_signers", parse_allowed_signers)
    with _in("SHA256SUMS.sig"):
        ssh_verify(bundle["SHA256SUMS"], bundle["SHA256SUMS.sig"], certificate_key)
    bundle.check_sums()
    return _signed(bundle, files, trust, progress, is_whole=True)


def verify_attached(
    files: Mapping[str, bytes], trust: Trust | None = None, progress: Callable[[int, int], object] | None = None
) -> Verdict:
    """Check the files that a certificate.pdf carries: all of a bundle but `SHA256SUMS`, its signature and the PDF itself.

    The log may be missing as a whole, because a large one does not fit into a document; the verdict then has the note "log",
    and its figures are those that the certificate states. Faults as in `verify_bundle`.
    """
    bundle = _Bundle(files)
    return _signed(bundle, files, trust, progress, is_whole=any(path.startswith("tile/") for path in files))


def _signed(
    bundle: _Bundle, files: Mapping[str, bytes], trust: Trust | None, progress: Callable[[int, int], object] | None, *, is_whole: bool
) -> Verdict:
    _, certificate_key = bundle.read("allowed_signers", parse_allowed_signers)
    with _in("certificate.json.sig"):
        ssh_verify(bundle["certificate.json"], bundle["certificate.json.sig"], certificate_key)
    return verify_unsigned(files, trust, progress, is_whole=is_whole)


def verify_unsigned(
    files: Mapping[str, bytes],
    trust: Trust | None = None,
    progress: Callable[[int, int], object] | None = None,
    *,
    is_whole: bool = True,
) -> Verdict:
    """Check everything but the issuer's signatures: for a certificate that waits for them, before somebody signs it."""
    bundle = _Bundle(files)
    principal, certificate_key = bundle.read("allowed_signers", parse_allowed_signers)
    certificate = bundle.read("certificate.json", _certificate)
    bundle.check_listed(certificate, is_whole=is_whole)

    log = bundle.read("vkey", _vkey_file)
    anchor = bundle.read("anchor.vkey", _vkey_file)
    with _in("certificate.json"):
        if certificate.keys != {"log": log.vkey, "anchor": anchor.vkey, "certificate": certificate_key}:
            raise Unproven("keys-differ", "the keys it names are not those in vkey, anchor.vkey and allowed_signers")
    if trust:
        for path, known in (
            ("allowed_signers", certificate_key in trust.certificate_keys),
            ("vkey", trust.knows(log)),
            ("anchor.vkey", trust.knows_anchor(anchor)),
        ):
            if not known:
                raise Unproven("issuer-unknown", f"{path}: not a key of {trust.issuer} in the trust file")

    log_keys, anchor_keys = (trust.beside(log), trust.beside(anchor)) if trust else ([log], [anchor])
    checkpoint = bundle.read("checkpoint", lambda note: open_checkpoint(note, log_keys, log.name))
    spelled = {"origin": checkpoint.origin, "size": checkpoint.size, "root": b64(checkpoint.root)}
    if is_whole:
        tally, called_for = _recount(bundle, checkpoint, progress)
        called_for |= _check_texts(bundle, checkpoint.origin, tally.texts)
        for path in files:
            if path.startswith(_GOVERNED) and path not in called_for:
                raise Unproven("file-unexpected", f"{path}: neither the log nor a manifest calls for it")
        figures: dict[str, object] = {**tally.proved(), "checkpoint": spelled}
    else:
        figures = {**certificate.proved, "checkpoint": spelled}
    with _in("certificate.json"):
        _same_figures(figures, certificate.proved)

    with _in("petition.tlog-proof"):
        first = parse_tlog_proof(bundle["petition.tlog-proof"])
        entry = bytes(Anchored(checkpoint.origin, checkpoint.size, checkpoint.root))
        anchored = first.verify(entry, anchor_keys, anchor.name)
    with _in("certificate.tlog-proof"):
        proof = parse_tlog_proof(bundle["certificate.tlog-proof"])
        anchor_head = proof.verify(bytes(Certified(sha256(bundle["certificate.json"]))), anchor_keys, anchor.name)
        # The certificate holds the hash of the petition's proof, so it can only have been anchored behind that proof's tree.
        if proof.index < anchored.size:
            raise Unproven("anchor-order", "the certificate is anchored before the proof that it lists")

    present = (("timestamp", "certificate.json.tsr"), ("pdf", "certificate.pdf"))
    notes = ["issuer"] * (trust is None) + ["log"] * (not is_whole) + ["witnesses"] + [word for word, path in present if path in files]
    return Verdict(
        trust is not None,
        trust.issuer if trust else principal,
        fingerprint(certificate_key),
        figures,
        checkpoint,
        anchor_head,
        (first.index, proof.index),
        tuple(notes),
    )


def verify_receipt(data: bytes, verifiers: Sequence[Verifier] | Trust) -> tuple[Opening, int, Checkpoint]:
    """A signer's receipt (a `.tlog-proof` whose extra line is an Opening): what it opens, its index, the signed checkpoint.

    It is read with the keys given, or with those that a trust file has for its log. Unproven as in `parse_tlog_proof`,
    `Opening.parse` and `TlogProof.verify`. It proves that the leaf is in the log, not that it still counts: a later entry may
    have withdrawn or invalidated it.
    """
    proof = parse_tlog_proof(data)
    if proof.extra is None:
        raise Unproven("opening", "the file carries none")
    opening = Opening.parse(proof.extra)
    if isinstance(verifiers, Trust):
        verifiers = verifiers.of_logs(opening.origin)
    return opening, proof.index, proof.verify(opening.entry(), verifiers, opening.origin)


@dataclass(frozen=True, slots=True)
class _Certificate:
    keys: Mapping[str, object]
    files: Mapping[str, object]
    proved: Mapping[str, object]


def _certificate(data: bytes) -> _Certificate:
    match parse_json(data):
        case {
            "format": str(spoken),
            "keys": {"log": log, "anchor": anchor, "certificate": key},
            "files": dict(files),
            "proved": dict(proved),
            "witnessed": _,
            "audited": _,
            "asserted": _,
        } if spoken == FORMAT:
            return _Certificate({"log": log, "anchor": anchor, "certificate": key}, files, proved)
    raise Unproven("certificate-malformed", f"not the keys and types of {FORMAT}")


class _Bundle:
    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def __getitem__(self, path: str) -> bytes:
        try:
            return self._files[path]
        except KeyError:
            raise Unproven("file-missing", path) from None

    def holds(self, path: str, data: bytes) -> bool:
        return path in self._files and self._files[path] == data

    def read(self, path: str, parse: Callable[[bytes], T]) -> T:
        with _in(path):
            return parse(self[path])

    def check_sums(self) -> None:
        sums = self.read("SHA256SUMS", parse_sums)
        for path in sorted({*self._files, *sums} - {"SHA256SUMS", "SHA256SUMS.sig"}):
            if path not in sums:
                raise Unproven("file-unlisted", f"{path}: not in SHA256SUMS")
            if sha256(self[path]) != sums[path]:
                raise Unproven("file-differs", f"{path}: not the file that SHA256SUMS lists")
        if sums.keys() & {"SHA256SUMS", "SHA256SUMS.sig"}:
            raise Unproven("sums-malformed", "SHA256SUMS: lists itself")

    def check_listed(self, certificate: _Certificate, *, is_whole: bool) -> None:
        actual = listed(self._files)
        for path in sorted({*actual, *certificate.files}):
            if not is_whole and path.startswith("tile/"):
                continue
            if path not in certificate.files:
                raise Unproven("file-unlisted", f"{path}: not in certificate.json")
            if path not in actual:
                raise Unproven("file-missing", path)
            if certificate.files[path] != actual[path]:
                raise Unproven("file-differs", f"{path}: not the file that certificate.json lists")


def _vkey_file(data: bytes) -> Verifier:
    text = data.decode("ascii", "replace")
    if not text.endswith("\n"):
        raise Unproven("vkey", "not one line")
    return parse_vkey(text[:-1])


def _recount(bundle: _Bundle, checkpoint: Checkpoint, progress: Callable[[int, int], object] | None) -> tuple[Tally, set[str]]:
    """The tally over all entries, and the paths of all tiles and bundles, each compared with what the entries make of it."""
    tally, kept, paths, same = Tally(), dict[tuple[int, int], bytes](), set[str](), set[str]()
    while tally.size < checkpoint.size:
        index, start = tally.size // tiles.WIDTH, tally.size
        path = tiles.entries_path(index, min(tiles.WIDTH, checkpoint.size - start))
        paths.add(path)
        with _in(path):
            entries = tiles.unpack_bundle(bundle[path], min(tiles.WIDTH, checkpoint.size - start))
            for entry in entries:
                tally.add(entry)
        made = tiles.append(start, [merkle.leaf_hash(entry) for entry in entries], lambda level, index: kept[level, index])
        for (level, index), tile in made.items():
            kept[level, index] = tile
            # A full tile is compared at once and not kept: nobody asks for it again, and a million leaves make 32 MB of them.
            if len(tile) == tiles.WIDTH * merkle.HASH_SIZE:
                del kept[level, index]
                if bundle.holds(tiles.path(level, index), tile):
                    same.add(tiles.path(level, index))
        if progress:
            progress(tally.size, checkpoint.size)
    for level, index, width in tiles.tiles_between(0, checkpoint.size):
        path = tiles.path(level, index, width)
        paths.add(path)
        if path not in same and bundle[path] != kept.get((level, index)):
            raise Unproven("tile-differs", f"{path}: not the hashes of the entries")
    if merkle.tree_root(checkpoint.size, tiles.node_reader(lambda level, index: kept[level, index], checkpoint.size)) != checkpoint.root:
        raise Unproven("root-differs", "checkpoint: signed for other entries")
    return tally, paths


def _check_texts(bundle: _Bundle, origin: str, texts: Sequence[bytes]) -> set[str]:
    """The paths of all manifests and wordings, each compared with the hash that the log or a manifest holds of it."""
    if not texts:
        raise Unproven("text-missing", "checkpoint: a log begins with T 1")
    paths = set[str]()

    def check(path: str, digest: bytes, name: str) -> bytes:
        paths.add(path)
        if sha256(bundle[path]) != digest:
            raise Unproven(name, f"{path}: not what was signed")
        return bundle[path]

    for version, text_hash in enumerate(texts, 1):
        path = f"manifest/{version}.json"
        data = check(path, text_hash, "manifest-differs")
        with _in(path):
            manifest = Manifest.parse(data)
        if (manifest.origin, manifest.version) != (origin, version):
            raise Unproven("manifest-differs", f"{path}: of another petition or version")
        for folder, digests in (("text", manifest.statements), ("consent", manifest.consent), ("privacy", manifest.privacy)):
            for language, digest in digests.items():
                check(f"{folder}/{version}/{language}.txt", digest, "text-differs")
    check("manifest.json", texts[-1], "manifest-differs")
    for language, digest in manifest.statements.items():
        check(f"text/{language}.txt", digest, "text-differs")
    return paths


def _same_figures(recounted: Mapping[str, object], stated: Mapping[str, object]) -> None:
    for key in sorted({*recounted, *stated}):
        # compared as bytes: to Python, JSON's true equals 1
        if key not in stated or key not in recounted or canonical_json(recounted[key]) != canonical_json(stated[key]):
            raise Unproven("figures-differ", f"proved.{key} is {stated.get(key)}, the log gives {recounted.get(key)}")


@contextmanager
def _in(path: str) -> Iterator[None]:
    """Say in which file a fault was found."""
    try:
        yield
    except Unproven as fault:
        if fault.detail.startswith(path):
            raise
        raise Unproven(fault.name, f"{path}: {fault.detail}" if fault.detail else path) from None
