"""Good files and bad ones, each with the one right answer: the table that our verifiers, in Python and in the browser, must agree on.

A case is a file as somebody would hand it over. Outsiders have no key and can only change what was signed; the issuer has all
keys, signs everything that is asked for, and lies. `python tests/proof/proof_cases.py DIR` writes them out, to be looked at;
without DIR it writes the list of names, which lets pytest name each case without making any.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import proof_reference as reference
import proof_sample as sample

from service.proof import certificate, commitment, merkle, note, tiles
from service.proof.canonical import b64, canonical_json
from service.proof.entries import Added

Files = dict[str, bytes]

HASH = reference.b64url(bytes(32))
MLDSA = {signer.name: note.Cosigner(signer.name, bytes([n] * 32)) for n, signer in enumerate((sample.LOG, sample.ANCHOR), 1)}
STRANGE = note.Cosigner(sample.LOG.name, bytes([8] * 32))
SUCCESSOR = note.Signer(sample.LOG.name, bytes([9] * 32))


@dataclass(frozen=True)
class Case:
    """`result` is "valid", "consistent", "invalid" (with the fault's name and the file it is in), "genuine" (a promise) or "unchecked"."""

    name: str
    data: bytes
    trust: bytes | None
    result: str
    error: str = ""
    place: str = ""

    def __str__(self) -> str:
        return self.name


def packed(files: Mapping[str, bytes]) -> bytes:
    """A zip as anybody makes one."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            archive.writestr(zipfile.ZipInfo(path), files[path], zipfile.ZIP_DEFLATED)
    return made.getvalue()


@cache
def cases() -> tuple[Case, ...]:
    """All of them."""
    return (
        *_good(),
        *_downgraded(),
        *_archives(),
        *_outsiders(),
        *_issuers(),
        *_logs(),
        *_proofs(),
        *_trusts(),
        *_receipts(),
        *_promises(),
    )


NAMES = (Path(__file__).parent / "cases.txt").read_text(encoding="utf-8").splitlines()


@cache
def _by_name() -> dict[str, Case]:
    return {case.name: case for case in cases()}


def case(name: str) -> Case:
    """The one of this name."""
    return _by_name()[name]


TRUST = sample.TRUST.encode()


def _bad(name: str, files: Mapping[str, bytes], error: str, place: str) -> Case:
    return Case(name, packed(files), TRUST, "invalid", error, place)


def _signed(files: Mapping[str, bytes], path: str, data: bytes) -> Files:
    """`data` in place of a file that the certificate cannot list, under new signatures."""
    changed = {**files, path: data}
    if path == "certificate.json":
        changed["certificate.json.sig"] = certificate.ssh_sign(data, reference.CERTIFICATE_SEED)
    return sample.seal(changed)


def _issued(**changes: object) -> Files:
    """The honest log and texts under a certificate in which `changes` were made; file names as `text_en_txt` are not needed."""
    return sample.certify({**sample.log_files(sample.small_log()), **sample.text_files()}, sample.AnchorLog(), **changes)


def _with(files: Mapping[str, bytes]) -> Files:
    """The honest bundle with some of its listed files changed, issued anew."""
    return sample.certify({**sample.log_files(sample.small_log()), **sample.text_files(), **files}, sample.AnchorLog())


def _over(entries: Sequence[bytes], **more: bytes) -> Files:
    """A bundle over any entries, honestly sealed."""
    return sample.certify({**sample.log_files(entries), **sample.text_files(), **more}, sample.AnchorLog())


HONEST = sample.bundle()


# -- good ----------------------------------------------------------------------------------------------------------------------


class _DoubleAnchor(sample.AnchorLog):
    def prove(self, entry: bytes) -> bytes:
        proof = note.parse_tlog_proof(super().prove(entry))
        head = _head(proof.checkpoint)
        return note.format_tlog_proof(proof.index, proof.path, note.sign_checkpoint(head, [sample.ANCHOR], [MLDSA[sample.ANCHOR.name]]))


def _twice_signed() -> Files:
    """Every checkpoint with an ML-DSA-44 signature beside Ed25519, the petition's one by a witness as well."""

    files = {**sample.log_files(sample.small_log()), **sample.text_files()}
    witness = note.Cosigner("witness.example", bytes([7] * 32), note.COSIGNATURE)
    head = _head(files["checkpoint"])
    files["checkpoint"] = note.sign_checkpoint(head, [sample.LOG], [MLDSA[sample.LOG.name], witness], time=1_790_000_000)
    return sample.certify(files, _DoubleAnchor())


def _head(signed: bytes) -> note.Checkpoint:
    return note.Checkpoint.parse(signed.decode().rpartition("\n\n")[0] + "\n")


DOUBLE = _twice_signed()
DOUBLE_TRUST = replace(sample.TRUST, ml_dsa=tuple(each.vkey for each in MLDSA.values())).encode()


def _stripped(signed: bytes) -> bytes:
    """Without its long lines, which ML-DSA-44 made."""
    return b"\n".join(line for line in signed.split(b"\n") if len(line) < 1000)


def _downgraded() -> Iterator[Case]:
    """Whoever breaks Ed25519 leaves out what he cannot make; whoever knows that the log signs twice is not content with one."""
    for path in ("checkpoint", "petition.tlog-proof", "certificate.tlog-proof"):
        if path == "certificate.tlog-proof":
            files = sample.seal({**DOUBLE, path: _stripped(DOUBLE[path])})
        else:
            listed = {name: data for name, data in DOUBLE.items() if name not in certificate.OUTSIDE}
            files = sample.certify({**listed, path: _stripped(listed[path])}, _DoubleAnchor())
        assert files[path] != DOUBLE[path]
        yield Case(f"{path} without its second signature", packed(files), DOUBLE_TRUST, "invalid", "note-downgraded", path)
        yield Case(f"{path} without its second signature, of which the reader knows nothing", packed(files), TRUST, "valid")
    only = {name: data for name, data in DOUBLE.items() if name not in certificate.OUTSIDE}
    only["checkpoint"] = note.sign_checkpoint(_head(only["checkpoint"]), [sample.LOG], [STRANGE], time=1_790_000_000)
    files = sample.certify(only, _DoubleAnchor())
    yield Case("a second signature by another ML-DSA key", packed(files), DOUBLE_TRUST, "invalid", "note-downgraded", "checkpoint")


def _good() -> Iterator[Case]:
    yield Case("an honest bundle", packed(HONEST), TRUST, "valid")
    yield Case("an honest bundle and no keys", packed(HONEST), None, "consistent")
    yield Case("several tiles", packed(sample.bundle(sample.small_log(700))), TRUST, "valid")
    yield Case("exactly one full tile", packed(sample.bundle(sample.small_log(247))), TRUST, "valid")
    yield Case("one entry more than a tile", packed(sample.bundle(sample.small_log(248))), TRUST, "valid")
    yield Case("a further file that is listed", packed(_with({"verify.html": b"<!doctype html>\n"})), TRUST, "valid")
    yield Case("signed twice, and the keys are known", packed(DOUBLE), DOUBLE_TRUST, "valid")
    yield Case("signed twice, and one key is known", packed(DOUBLE), TRUST, "valid")
    retired = replace(sample.TRUST, logs=(SUCCESSOR.vkey,), retired=(sample.LOG.vkey,)).encode()
    yield Case("signed by a key that was retired since", packed(HONEST), retired, "valid")
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = b"packed by another program"
        archive.mkdir("text")
        for path, data in HONEST.items():
            archive.writestr(path, data)
    yield Case("not compressed, with folders and a comment", stored.getvalue(), TRUST, "valid")


# -- archives ------------------------------------------------------------------------------------------------------------------


def _zipped(*members: tuple[str, bytes], mode: int = 0) -> bytes:
    # Names are put in afterwards: zipfile would warn about some of them, and mend others.
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, data) in enumerate(members):
            info = zipfile.ZipInfo(f"{number}" * len(name))
            info.external_attr = mode << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    whole = made.getvalue()
    for number, (name, _) in enumerate(members):
        stand_in = f"{number}".encode() * len(name)
        assert whole.count(stand_in) == 2, "before the contents, and in the directory"
        whole = whole.replace(stand_in, name.encode())
    return whole


def _archives() -> Iterator[Case]:
    good = packed(HONEST)
    flipped = bytearray(good)
    flipped[60] ^= 0x10
    renamed = good.replace(b"SHA256SUMS.sig", b"SHA256SUMS.gis", 1)
    flags = bytearray(_zipped(("SHA256SUMS", b"x" * 400)))
    for at in (6, flags.index(b"PK\x01\x02") + 8):
        flags[at] |= 1
    for name, data in (
        ("a name that climbs", _zipped(("../SHA256SUMS", b"x"))),
        ("a name from the root", _zipped(("/etc/passwd", b"x"))),
        ("a name with an empty part", _zipped(("a//b", b"x"))),
        ("a name with a backslash", _zipped(("a\\b", b"x"))),
        ("a hidden name", _zipped((".hidden", b"x"))),
        ("a name twice", _zipped(("SHA256SUMS", b"x"), ("SHA256SUMS", b"y"))),
        ("a link", _zipped(("link", b"/etc/passwd"), mode=0o120777)),
        ("a file larger than any", _zipped(("tile/0/000", bytes(64 * 1024 * 1024 + 1)))),
        ("damaged", bytes(flipped)),
        ("cut off", good[:-30]),
        ("two names for one file", renamed),
        ("encrypted", bytes(flags)),
    ):
        yield Case(f"archive: {name}", data, TRUST, "invalid", "archive", "")


# -- outsiders: no key -----------------------------------------------------------------------------------------------------------


def _outsiders() -> Iterator[Case]:
    def changed(path: str, old: bytes, new: bytes) -> Files:
        assert old in HONEST[path], path
        return {**HONEST, path: HONEST[path].replace(old, new, 1)}

    yield _bad("a word of the text", changed("text/en.txt", b"release", b"arrest"), "file-differs", "text/en.txt")
    yield _bad("a digit of the number", changed("certificate.json", b'"count":5', b'"count":6'), "file-differs", "certificate.json")
    yield _bad("a bit of a tile", changed("tile/0/000.p/15", HONEST["tile/0/000.p/15"][:1], b"~"), "file-differs", "tile/0/000.p/15")
    other = {**HONEST, "text/en.txt": b"other"}
    yield _bad("a new list without a key", {**other, "SHA256SUMS": certificate.sums_of(other)}, "ssh-signature", "SHA256SUMS.sig")
    for path in ("SHA256SUMS", "SHA256SUMS.sig", "allowed_signers"):
        where = "allowed_signers" if path == "allowed_signers" else "SHA256SUMS.sig"
        yield _bad(f"{path} is missing", {p: d for p, d in HONEST.items() if p != path}, "file-missing", where)
    yield _bad("a file is missing", {p: d for p, d in HONEST.items() if p != "text/1/hy.txt"}, "file-missing", "text/1/hy.txt")
    yield _bad("a file was added", {**HONEST, "note.txt": b""}, "file-unlisted", "note.txt")
    armored = HONEST["SHA256SUMS.sig"]
    for name, spoiled in (
        ("other line breaks", armored.replace(b"\n", b"\r\n")),
        ("one long line", armored.replace(armored.split(b"\n")[1] + b"\n", armored.split(b"\n")[1], 1)),
        ("a space", armored.replace(b"\n", b" \n", 1)),
        ("something behind", armored + b"\n"),
        ("not one at all", b""),
    ):
        yield _bad(f"SSH signature: {name}", {**HONEST, "SHA256SUMS.sig": spoiled}, "ssh-armor", "SHA256SUMS.sig")
    for name, spoiled, error in (
        ("a comment", HONEST["allowed_signers"].replace(b"\n", b" ani@example.org\n"), "ssh-key"),
        ("two lines", HONEST["allowed_signers"] * 2, "allowed-signers"),
        ("no newline", HONEST["allowed_signers"][:-1], "allowed-signers"),
        ("another purpose", HONEST["allowed_signers"].replace(b"petition-certificate", b"file"), "allowed-signers"),
        ("another kind of key", HONEST["allowed_signers"].replace(b"ssh-ed25519", b"ssh-rsa"), "ssh-key"),
    ):
        yield _bad(f"allowed_signers: {name}", {**HONEST, "allowed_signers": spoiled}, error, "allowed_signers")
    yield _strangers()


def _strangers() -> Case:
    """Everything again, signed with somebody else's key, which is named everywhere."""
    seed = bytes(range(32))
    files = {path: data for path, data in HONEST.items() if path not in certificate.OUTSIDE}
    files["allowed_signers"] = certificate.allowed_signers("libertas.example", certificate.ssh_public(seed))
    body = json.loads(HONEST["certificate.json"])
    body["keys"]["certificate"] = certificate.ssh_public(seed)
    body["files"] = certificate.listed(files)
    files["certificate.json"] = canonical_json(body)
    files["certificate.json.sig"] = certificate.ssh_sign(files["certificate.json"], seed)
    files["certificate.tlog-proof"] = HONEST["certificate.tlog-proof"]
    files["SHA256SUMS"] = certificate.sums_of(files)
    files["SHA256SUMS.sig"] = certificate.ssh_sign(files["SHA256SUMS"], seed)
    return _bad("a stranger's key", files, "issuer-unknown", "allowed_signers")


# -- the issuer, who lies --------------------------------------------------------------------------------------------------------


def _issuers() -> Iterator[Case]:
    proved = sample.proved(HONEST)
    for figure, value in (
        ("count", 6),
        ("count", "5"),
        ("added", 8),
        ("withdrawn", 0),
        ("reinstated", True),
        ("invalidated", {}),
        ("by_version", {"1": 5, "2": 0}),
        ("erased_counted", 0),
        ("more", 1),
        ("checkpoint", None),
    ):
        forged = _issued(proved={**proved, figure: value})
        yield _bad(f"the figure {figure} is said to be {value}", forged, "figures-differ", "certificate.json")
    keys = {"log": sample.LOG.vkey, "anchor": sample.ANCHOR.vkey, "certificate": sample.CERTIFICATE_KEY}
    for part in keys:
        yield _bad(f"another {part} key is named", _issued(keys={**keys, part: "x"}), "keys-differ", "certificate.json")
    for name, change in (
        ("another format", {"format": "petition-certificate/v2"}),
        ("no figures", {"proved": None}),
        ("a list of files", {"files": []}),
        ("few keys", {"keys": {"log": ""}}),
        ("a list of keys", {"keys": []}),
    ):
        yield _bad(f"certificate: {name}", _issued(**change), "certificate-malformed", "certificate.json")
    body = HONEST["certificate.json"]
    for name, spelled in (
        ("with spaces", json.dumps(json.loads(body)).encode()),
        ("with a newline", body + b"\n"),
        ("with a key twice", body.replace(b'{"asserted"', b'{"asserted":1,"asserted"', 1)),
        ("with a float", body.replace(b'"held":2', b'"held":2.0', 1)),
        ("with an exponent", body.replace(b'"held":2', b'"held":2e0', 1)),
        ("with minus zero", body.replace(b'"held":2', b'"held":-0', 1)),
        ("with a number beyond 2**53 - 1", body.replace(b'"held":2', b'"held":9007199254740992', 1)),
        ("with half a letter", body.replace(b'"held":2', b'"held":"\\ud800"', 1)),
        ("with an escape too many", body.replace(b'"held"', b'"\\u0068eld"', 1)),
        ("with keys in another order", body.replace(b'{"asserted":{"held":2},', b"{", 1)[:-1] + b',"asserted":{"held":2}}'),
        ("with a byte order mark", b"\xef\xbb\xbf" + body),
        ("in Latin-1", body.replace(b"Libertas", "Libertés".encode("latin-1"), 1)),
        ("cut off", body[:-1]),
    ):
        assert spelled != body, name
        yield _bad(f"certificate spelled {name}", _signed(HONEST, "certificate.json", spelled), "json-not-canonical", "certificate.json")
    for path, error in (
        ("text/en.txt", "text-differs"),
        ("text/1/hy.txt", "text-differs"),
        ("consent/2/fr.txt", "text-differs"),
        ("privacy/1/en.txt", "text-differs"),
        ("manifest.json", "manifest-differs"),
        ("manifest/1.json", "manifest-differs"),
    ):
        files = sample.text_files()
        yield _bad(f"{path} is not what was signed", _with({path: files[path] + b" "}), error, path)
    for name, manifest, error in (
        ("of another version", reference.manifest(2), "manifest-differs"),
        ("of another petition", reference.manifest(1).replace("k3v9x2", "other"), "manifest-differs"),
        ("that is empty", "{}", "manifest"),
        ("whose version is true", reference.manifest(1).replace('"version":1', '"version":true'), "manifest"),
        ("with a class twice", reference.manifest(1).replace('"classes":["email-link"]', '"classes":["a","a"]'), "manifest"),
        ("of an odd language", reference.manifest(1).replace('"en":', '"-n":'), "manifest"),
        ("with a space", reference.manifest(1).replace(":", ": ", 1), "json-not-canonical"),
    ):
        log = sample.log_files([f"T 1 {reference.b64url(reference.sha(manifest.encode()))}".encode()])
        files = {**log, "manifest.json": manifest.encode(), "manifest/1.json": manifest.encode()}
        yield _bad(f"a manifest {name}", sample.certify(files, sample.AnchorLog()), error, "manifest/1.json")
    for path in ("manifest/3.json", "text/1/de.txt", "text/de.txt", "consent/en.txt", "tile/0/001", "tile/entries/000", "tile/x"):
        yield _bad(f"{path} was put beside", _with({path: b"x"}), "file-unexpected", path)
    for name, files in (("unlisted", {**HONEST, "note.txt": b""}),):
        yield _bad(f"a file that only SHA256SUMS lists: {name}", sample.seal(files), "file-unlisted", "note.txt")
    sums = HONEST["SHA256SUMS"]
    lines = sums.splitlines(keepends=True)
    listing = certificate.format_sums({**certificate.parse_sums(sums), "SHA256SUMS": bytes(32)})
    for name, data in (
        ("out of order", b"".join([lines[1], lines[0], *lines[2:]])),
        ("with a line twice", b"".join([lines[0], *lines])),
        ("with CRLF", sums.replace(b"\n", b"\r\n")),
        ("without its last newline", sums[:-1]),
        ("in capitals", lines[0].upper().replace(b"ALLOWED_SIGNERS", b"allowed_signers") + b"".join(lines[1:])),
        ("binary", sums.replace(b"  ", b" *")),
        ("with a comment", b"# files\n" + sums),
        ("of nothing", b""),
        ("with itself", listing),
    ):
        files = {**HONEST, "SHA256SUMS": data, "SHA256SUMS.sig": certificate.ssh_sign(data, reference.CERTIFICATE_SEED)}
        yield _bad(f"SHA256SUMS {name}", files, "sums-malformed", "SHA256SUMS")
    wrong = certificate.ssh_sign(HONEST["certificate.json"], reference.CERTIFICATE_SEED, "file")
    yield _bad(
        "signed for another purpose", sample.seal({**HONEST, "certificate.json.sig": wrong}), "ssh-signature", "certificate.json.sig"
    )


# -- the log and its keys --------------------------------------------------------------------------------------------------------


def _logs() -> Iterator[Case]:
    log = sample.small_log()
    forgeries: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str, str]] = {
        "a dropped entry": (lambda all: all[:3] + all[4:], "file-missing", "tile/entries/000.p/15"),
        "reordered entries": (lambda all: [all[0], all[2], all[1], *all[3:]], "root-differs", "checkpoint"),
        "a replaced entry": (lambda all: [*all[:3], bytes(Added(1, bytes(32))), *all[4:]], "root-differs", "checkpoint"),
    }
    for name, (change, error, place) in forgeries.items():
        files = {**sample.log_files(change(list(log))), **sample.text_files(), "checkpoint": HONEST["checkpoint"]}
        yield _bad(name, sample.certify(files, sample.AnchorLog()), error, place)
    swapped = tiles.pack_bundle([*log[:3], bytes(Added(1, bytes(32))), *log[4:]])
    yield _bad("entries that are not those of the tiles", _with({"tile/entries/000.p/15": swapped}), "tile-differs", "tile/0/000.p/15")
    bundle = HONEST["tile/entries/000.p/15"]
    for name, data in (("a byte too many", bundle + b"\0"), ("a byte short", bundle[:-1]), ("cut within a length", bundle[: 2 + 47 + 1])):
        yield _bad(f"entries with {name}", _relisted("tile/entries/000.p/15", data), "entry-bundle", "tile/entries/000.p/15")
    for line, error in {
        "B 1": "unknown-entry",
        "": "unknown-entry",
        f"a 1 {HASH}": "unknown-entry",
        f"A  1 {HASH}": "entry-malformed",
        f"A 01 {HASH}": "entry-malformed",
        f"A +1 {HASH}": "entry-malformed",
        f"A 1000000000 {HASH}": "entry-malformed",
        f"A 1 {HASH[:-1]}B": "entry-malformed",
        f"A 1 {HASH}=": "entry-malformed",
        f"A 1 {HASH}\n": "entry-malformed",
        f"A 1 {HASH[:-1]}+": "entry-malformed",
        f"A 1 {HASH[:-1]}": "entry-malformed",
        f"A 3 {HASH}": "unknown-text",
        "W 1": "entry-malformed",
        "W -1 signer": "entry-malformed",
        "W 01 signer": "entry-malformed",
        "W 2 fraud": "unknown-reason",
        "X 2 Fraud": "unknown-reason",
        "Z Deadline": "entry-malformed",
        "Z deadline\n": "entry-malformed",
        f"P {2**63}": "entry-malformed",
        "P 9223372036854775807": "purge-ahead",
        "W 9223372036854775807 signer": "no-such-signature",
        "W 0 signer": "no-such-signature",
        "X 12 fraud": "no-such-signature",
        "W 1 signer": "withdrawn-twice",
        "X 3 fraud": "invalidated-twice",
        "R 1": "reinstated-not-invalidated",
        "E 2": "erased-before-close",
        f"T 4 {HASH}": "text-skips",
        log[1].decode(): "commit-repeats",
        "P 12": "purge-ahead",
    }.items():
        yield _bad(f"before the closing: {line!r}", _over([*log[:11], line.encode()]), error, "tile/entries/000.p/12")
    for line, error in {
        "A 1 " + HASH: "added-after-close",
        "T 3 " + HASH: "text-after-close",
        "Z deadline": "closed-twice",
        "E 1": "erased-not-counted",
        "E 3": "erased-not-counted",
        "E 4": "erased-twice",
        "W 4 signer": "withdrawn-after-erasure",
        "X 4 fraud": "invalidated-after-erasure",
    }.items():
        yield _bad(f"after the closing: {line!r}", _over([*log, line.encode()]), error, "tile/entries/000.p/16")
    for line, error in {"W 5 signer": "withdrawn-after-purge", "E 5": "erased-after-purge"}.items():
        yield _bad(f"after the end of retention: {line!r}", _over([*log, b"P 15", line.encode()]), error, "tile/entries/000.p/17")
    yield _bad("no text at first", _over([f"A 1 {HASH}".encode()]), "text-missing", "tile/entries/000.p/1")
    yield _bad("withdrawal of nothing at first", _over([b"W 0 signer"]), "text-missing", "tile/entries/000.p/1")
    yield _bad("a log without entries", _over([]), "text-missing", "checkpoint")
    court = [*log, b"X 4 court-order", b"R 4", b"X 1 fraud", b"P 3", b"X 5 unbacked", b"R 5", b"R 1"]
    yield Case("everything that is allowed after the closing", packed(_over(court)), TRUST, "valid")


def _relisted(path: str, data: bytes) -> Files:
    """`data` as a listed file although nobody could count it."""
    honest = _issued()
    files = {**honest, path: data}
    body = json.loads(files["certificate.json"])
    return _signed(files, "certificate.json", canonical_json({**body, "files": certificate.listed(files)}))


# -- notes and proofs ------------------------------------------------------------------------------------------------------------


def _proofs() -> Iterator[Case]:
    honest, head = HONEST["checkpoint"], _head(HONEST["checkpoint"])
    other = note.Signer("libertas.example/ledger/other", bytes(range(32)))
    text, _, _lines = honest.decode().rpartition("\n\n")
    forged = note.Signer(sample.LOG.name, sample.reference.LOG_SEED).sign(b"another text\n")
    for name, data, error in (
        ("with CRLF", honest.replace(b"\n", b"\r\n"), "note-malformed"),
        ("without its last newline", honest[:-1], "note-malformed"),
        ("without signatures", text.encode() + b"\n\n", "note-malformed"),
        ("with a hyphen for the dash", honest.replace("—".encode(), b"-"), "note-malformed"),
        ("with two spaces", honest.replace("— ".encode(), "—  ".encode()), "note-malformed"),
        ("with other base64", honest[:-2] + b"\n", "note-malformed"),
        ("in Latin-1", honest.replace("—".encode(), b"\xa8"), "note-malformed"),
        ("with a tab", honest.replace(b"\n15\n", b"\t\n15\n"), "note-malformed"),
        ("of another size", honest.replace(b"\n15\n", b"\n14\n"), "note-signature"),
        ("with a bad signature behind the good one", honest + forged.encode(), "note-signature"),
        (
            "with a bad signature beside a stranger's",
            f"{text}\n\n{other.sign((text + chr(10)).encode())}{forged}".encode(),
            "note-signature",
        ),
        ("of a stranger alone", note.sign(head.text(), [other]), "note-unknown-key"),
        ("of another petition", note.sign(note.Checkpoint(other.name, 15, bytes(32)).text(), [other]), "note-unknown-key"),
        ("of another petition by this one's key", note.sign(replace(head, origin=other.name).text(), [sample.LOG]), "checkpoint-origin"),
        ("with a zero before its size", note.sign(head.text().replace("\n15\n", "\n015\n"), [sample.LOG]), "checkpoint-malformed"),
        ("with a sign before its size", note.sign(head.text().replace("\n15\n", "\n+15\n"), [sample.LOG]), "checkpoint-malformed"),
        ("with an extension line", note.sign(head.text() + "more\n", [sample.LOG]), "checkpoint-malformed"),
        ("with a short root", note.sign(f"{head.origin}\n15\n{b64(bytes(31))}\n", [sample.LOG]), "checkpoint-malformed"),
        ("with base64url", note.sign(head.text().replace("+", "-").replace("/", "_", 9), [sample.LOG]), "checkpoint-malformed"),
    ):
        yield _bad(f"a checkpoint {name}", _relisted("checkpoint", data), error, "checkpoint")
    for name, data in (
        ("of another id", HONEST["vkey"].replace(b"+7", b"+8", 1)),
        ("in two lines", HONEST["vkey"] * 2),
        ("without newline", HONEST["vkey"][:-1]),
        ("of an unknown kind", _vkey(sample.LOG.name, bytes([0x63]) + bytes(32))),
        ("that is too short", _vkey(sample.LOG.name, bytes([1]) + bytes(31))),
    ):
        yield _bad(f"a key {name}", _with({"vkey": data}), "vkey", "vkey")
    spoiled = DOUBLE["checkpoint"].decode().splitlines(keepends=True)
    swapped = MLDSA[sample.LOG.name].sign(replace(head, size=16), 0)
    wrong = "".join([*spoiled[:5], swapped, *spoiled[6:]]).encode()
    assert wrong.count(b"\n") == DOUBLE["checkpoint"].count(b"\n")
    yield Case("a wrong second signature", packed(_with({"checkpoint": wrong})), DOUBLE_TRUST, "invalid", "note-signature", "checkpoint")
    yield Case("a wrong second signature of a key that nobody knows", packed(_with({"checkpoint": wrong})), TRUST, "valid")

    proof = HONEST["certificate.tlog-proof"]
    for name, data, error in (
        ("of another format", proof.replace(b"@v1", b"@v2"), "tlog-proof"),
        ("without index", proof.replace(b"index 3\n", b""), "tlog-proof"),
        ("with a zero before its index", proof.replace(b"index 3", b"index 03"), "tlog-proof"),
        ("with CRLF", proof.replace(b"\n", b"\r\n"), "tlog-proof"),
        ("with a short hash", proof.replace(proof.split(b"\n")[2], b64(bytes(31)).encode(), 1), "tlog-proof"),
        ("of another place", proof.replace(b"index 3", b"index 2"), "inclusion-proof"),
        ("of a place beyond the log", proof.replace(b"index 3", b"index 4"), "inclusion-proof"),
        ("with a step too many", proof.replace(b"\n\n", f"\n{b64(bytes(32))}\n\n".encode(), 1), "inclusion-proof"),
        ("with a step missing", proof.replace(proof.split(b"\n")[2] + b"\n", b"", 1), "inclusion-proof"),
        ("with another hash", proof.replace(proof.split(b"\n")[2], b64(bytes(32)).encode(), 1), "inclusion-proof"),
        ("under another log's checkpoint", proof.partition(b"\n\n")[0] + b"\n\n" + HONEST["checkpoint"], "note-unknown-key"),
    ):
        assert data != proof, name
        spoiled_files = sample.seal({**HONEST, "certificate.tlog-proof": data})
        yield _bad(f"a proof {name}", spoiled_files, error, "certificate.tlog-proof")
    second_version = _issued(asserted={"held": 3})
    unanchored = sample.seal({**second_version, "certificate.tlog-proof": proof})
    yield _bad("a second certificate that was never anchored", unanchored, "inclusion-proof", "certificate.tlog-proof")
    log = sample.small_log()
    for name, entries in (("a fork at equal size", [log[0], log[2], log[1], *log[3:]]), ("a rollback", log[:-1])):
        files = {**sample.log_files(entries), **sample.text_files(), "petition.tlog-proof": HONEST["petition.tlog-proof"]}
        yield _bad(name, sample.certify(files, sample.AnchorLog()), "inclusion-proof", "petition.tlog-proof")

    class Backdating(sample.AnchorLog):
        def prove(self, entry: bytes) -> bytes:
            if entry.startswith(b"C "):
                self.entries = [entry]  # a fork of the anchor log, in which the certificate came first
            return super().prove(entry)

    backdated = sample.certify({**sample.log_files(log), **sample.text_files()}, Backdating())
    yield _bad("a certificate that is older than its proof", backdated, "anchor-order", "certificate.tlog-proof")


def _vkey(name: str, key: bytes) -> bytes:
    return f"{name}+{note.key_id(name, key).hex()}+{b64(key)}\n".encode()


# -- trust files -----------------------------------------------------------------------------------------------------------------


def _trusts() -> Iterator[Case]:
    other = note.Signer(reference.ORIGIN, bytes(range(32))).vkey
    for name, trust, place in (
        ("another log", replace(sample.TRUST, logs=(other,)), "vkey"),
        ("another anchor", replace(sample.TRUST, anchor=other), "anchor.vkey"),
        ("another issuer", replace(sample.TRUST, certificate_keys=(certificate.ssh_public(bytes(32)),)), "allowed_signers"),
        ("nothing", replace(sample.TRUST, logs=(), certificate_keys=()), "allowed_signers"),
    ):
        yield Case(f"a trust file of {name}", packed(HONEST), trust.encode(), "invalid", "issuer-unknown", place)
    whole = sample.TRUST.encode()
    for name, data in (
        ("with spaces", whole.replace(b":", b": ", 1)),
        ("of another format", whole.replace(b"trust/v1", b"trust/v2")),
        ("with another key", whole[:-1] + b',"z":1}'),
        ("with a key that is none", whole.replace(b"libertas.example", b"libertas.invalid", 1)),
        ("with an RSA key", whole.replace(b"ssh-ed25519", b"ssh-rsa", 1)),
        ("that is empty", b""),
    ):
        yield Case(f"a trust file {name}", packed(HONEST), data, "unchecked")


# -- receipts --------------------------------------------------------------------------------------------------------------------


def receipt(**changes: object) -> bytes:
    """Ani's receipt: her leaf is number 1 of three; `changes` are made in the opening after the leaf was sealed."""
    secret = reference.sha(b"ani")
    values = {"email": "ani@example.am", "country": "AM", "locale": "hy", "class": "email-link"}
    text_hash = reference.sha(reference.manifest(1).encode())
    opening = commitment.Opening(reference.ORIGIN, 1, text_hash, commitment.salts(secret), values)
    entries = [f"T 1 {reference.b64url(text_hash)}".encode(), opening.entry(), f"A 1 {HASH}".encode()]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    signed = note.sign(note.Checkpoint(reference.ORIGIN, 3, merkle.root(leaves)).text(), [sample.LOG])
    shown = replace(opening, **changes)  # type: ignore[arg-type]
    return note.format_tlog_proof(1, [leaves[0], leaves[2]], signed, shown.encode())


def _receipts() -> Iterator[Case]:
    honest = receipt()
    yield Case("receipt: Ani's own", honest, TRUST, "valid")
    yield Case("receipt: Ani's own and no keys", honest, None, "unchecked")
    values = {"email": "levon@example.fr", "country": "AM", "locale": "hy", "class": "email-link"}
    for name, data, error in (
        ("shown as Levon's", receipt(values=values), "inclusion-proof"),
        ("of another text version", receipt(version=2), "inclusion-proof"),
        ("of another text", receipt(text_hash=bytes(32)), "inclusion-proof"),
        ("of another petition", receipt(origin="libertas.example/ledger/other"), "checkpoint-origin"),
        ("at another place", honest.replace(b"index 1", b"index 0"), "inclusion-proof"),
        ("without an opening", b"\n".join(line for line in honest.split(b"\n") if not line.startswith(b"extra ")), "opening"),
        ("with another thing for an opening", honest.replace(b64(_extra(honest)).encode(), b64(b"{}").encode()), "opening"),
        ("with an opening spelled otherwise", _reopened(honest, lambda extra: extra.replace(b":", b": ", 1)), "json-not-canonical"),
        ("with a short salt", _reopened(honest, _short_salt), "opening"),
        ("with a fifth field", _reopened(honest, lambda extra: extra.replace(b'"values":{', b'"values":{"age":"",')), "opening"),
        ("with a changed root", honest.replace(honest.split(b"\n")[-4], b64(bytes(32)).encode()), "note-signature"),
    ):
        assert data != honest, name
        yield Case(f"receipt: {name}", data, TRUST, "invalid", error)


def _extra(proof: bytes) -> bytes:
    return note.parse_tlog_proof(proof).extra or b""


def _reopened(proof: bytes, change: Callable[[bytes], bytes]) -> bytes:
    extra = _extra(proof)
    return proof.replace(b64(extra).encode(), b64(change(extra)).encode())


def _short_salt(extra: bytes) -> bytes:
    body = json.loads(extra)
    body["salts"]["email"] = b64(bytes(31))
    return canonical_json(body)


# -- promises --------------------------------------------------------------------------------------------------------------------

PROMISES = note.Signer("libertas.example/promise", bytes([5] * 32))


def _promises() -> Iterator[Case]:
    text = f"petition-promise/v1\n{reference.ORIGIN}\nA 1 {HASH}\n2026-11-26T20:00:00Z\n"
    trust = replace(sample.TRUST, promises=(PROMISES.vkey,)).encode()
    honest = note.sign(text, [PROMISES])
    yield Case("promise: Ani's own", honest, trust, "genuine")
    yield Case("promise: Ani's own and no keys", honest, None, "unchecked")
    yield Case("promise: of another publisher", honest, TRUST, "invalid", "note-unknown-key")
    yield Case("promise: of an earlier hour", honest.replace(b"T20:", b"T19:"), trust, "invalid", "note-signature")
    for name, old, new in (
        ("of an hour that is none", "T20:", "T24:"),
        ("without an hour", "2026-11-26T20:00:00Z\n", ""),
        ("of a withdrawal", f"A 1 {HASH}", "W 1 signer"),
        ("of an entry that is none", f"A 1 {HASH}", "A 1 x"),
        ("with another line", "Z\n", "Z\nmore\n"),
        ("of a log with a space", reference.ORIGIN, "a b"),
    ):
        yield Case(f"promise: {name}", note.sign(text.replace(old, new), [PROMISES]), trust, "invalid", "promise")


if __name__ == "__main__":
    if sys.argv[1:]:
        for number, each in enumerate(cases()):
            (Path(sys.argv[1]) / f"{number:03}-{each.result}-{each.error}").write_bytes(each.data)
    else:
        (Path(__file__).parent / "cases.txt").write_text("".join(f"{each.name}\n" for each in cases()), encoding="utf-8")
