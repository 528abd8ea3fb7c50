"""The evidence bundle: what the office in charge finds out about every way to cheat, without asking us."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import proof_reference as reference
import proof_sample as sample
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import Unproven
from service.proof import certificate, merkle, note, tiles
from service.proof.canonical import canonical_json
from service.proof.entries import Added, Anchored

Files = dict[str, bytes]

HONEST = sample.bundle()


def refused(files: Files, name: str, where: str, trust: certificate.Trust | None = sample.TRUST) -> None:
    with pytest.raises(Unproven) as caught:
        certificate.verify_bundle(files, trust)
    assert (caught.value.name, caught.value.detail.partition(":")[0]) == (name, where), str(caught.value)


def test_an_honest_bundle_is_valid_against_keys_that_came_another_way() -> None:
    seen: list[tuple[int, int]] = []
    verdict = certificate.verify_bundle(HONEST, sample.TRUST, lambda done, total: seen.append((done, total)))
    assert verdict.valid and verdict.issuer_checked
    assert verdict.issuer == "Libertas"
    assert verdict.figures == {
        "added": 7,
        "withdrawn": 1,
        "invalidated": {"fraud": 1, "duplicate": 1},
        "reinstated": 1,
        "erased_counted": 1,
        "count": 5,
        "by_version": {"1": 4, "2": 1},
        "checkpoint": {"origin": reference.ORIGIN, "size": 15, "root": reference.b64(verdict.checkpoint.root)},
    }
    assert verdict.figures == sample.proved(HONEST)
    assert verdict.notes == ("witnesses",)
    assert seen == [(15, 15)]


def test_an_honest_bundle_is_only_consistent_with_itself_when_nobody_gave_us_keys() -> None:
    verdict = certificate.verify_bundle(HONEST)
    assert not verdict.valid and not verdict.issuer_checked
    assert verdict.fingerprint == certificate.fingerprint(sample.CERTIFICATE_KEY)
    assert verdict.notes == ("issuer", "witnesses")


def test_a_bundle_over_several_tiles_verifies() -> None:
    files = sample.bundle(sample.small_log(700))
    verdict = certificate.verify_bundle(files, sample.TRUST)
    assert verdict.figures["count"] == 699
    assert "tile/1/000.p/2" in files and "tile/entries/002.p/197" in files
    refused({path: data for path, data in files.items() if path != "tile/1/000.p/2"}, "file-missing", "tile/1/000.p/2")


def test_files_that_nobody_can_check_here_are_named() -> None:
    files = sample.seal(HONEST | {"certificate.pdf": b"%PDF", "certificate.json.tsr": b"\x30"})
    assert certificate.verify_bundle(files, sample.TRUST).notes == ("witnesses", "timestamp", "pdf")


def test_coreutils_and_ssh_keygen_accept_the_bundle(tmp_path: Path) -> None:
    for path, data in HONEST.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)
    for name in ("certificate.json", "SHA256SUMS"):
        arguments = f"-Y verify -f allowed_signers -I libertas.example -n petition-certificate -s {name}.sig".split()
        subprocess.run(["ssh-keygen", *arguments], cwd=tmp_path, input=HONEST[name], check=True, capture_output=True)


@pytest.mark.parametrize("path", sorted(HONEST))
def test_every_byte_of_every_file_matters(path: str) -> None:
    data = HONEST[path]
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        with pytest.raises(Unproven):
            certificate.verify_bundle(HONEST | {path: changed}, sample.TRUST)
    with pytest.raises(Unproven):
        certificate.verify_bundle(HONEST | {path: data + b"\n"}, sample.TRUST)
    with pytest.raises(Unproven):
        certificate.verify_bundle(HONEST | {path: data[:-1]}, sample.TRUST)


@pytest.mark.parametrize("path", sorted(certificate.OUTSIDE & HONEST.keys() - {"SHA256SUMS", "SHA256SUMS.sig", "certificate.json"}))
def test_every_byte_of_a_file_that_certificate_json_cannot_list_matters_even_to_the_issuer(path: str) -> None:
    data = HONEST[path]
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        with pytest.raises(Unproven):
            certificate.verify_bundle(sample.seal(HONEST | {path: changed}), sample.TRUST)


@pytest.mark.parametrize("path", sorted(HONEST))
def test_no_file_may_be_missing(path: str) -> None:
    files = {other: data for other, data in HONEST.items() if other != path}
    refused(files, "file-missing", path if not path.startswith("SHA256SUMS") else "SHA256SUMS.sig")
    if not path.startswith("SHA256SUMS"):
        refused(sample.seal(files), "file-missing", path if path != "certificate.json" else "certificate.json.sig")


def test_no_file_may_be_added() -> None:
    refused(HONEST | {"note.txt": b""}, "file-unlisted", "note.txt")
    refused(sample.seal(HONEST | {"note.txt": b""}), "file-unlisted", "note.txt")


@pytest.mark.parametrize(
    "path", ["manifest/3.json", "text/1/de.txt", "text/de.txt", "consent/en.txt", "tile/0/001", "tile/entries/000", "tile/x"]
)
def test_not_even_the_issuer_may_add_texts_or_tiles(path: str) -> None:
    files = sample.log_files(sample.small_log()) | sample.text_files() | {path: b"x"}
    refused(sample.certify(files, sample.AnchorLog()), "file-unexpected", path)


# Outsiders have no key: they change files, and cannot sign the new list.


def test_an_outsider_changes_a_word_of_the_text() -> None:
    refused(HONEST | {"text/en.txt": HONEST["text/en.txt"].replace(b"release", b"arrest")}, "file-differs", "text/en.txt")


def test_an_outsider_makes_a_new_list() -> None:
    changed = HONEST | {"text/en.txt": b"other"}
    refused(changed | {"SHA256SUMS": certificate.sums_of(changed)}, "ssh-signature", "SHA256SUMS.sig")


def test_an_outsider_signs_everything_with_a_key_of_their_own() -> None:
    seed = bytes(range(32))
    key = certificate.ssh_public(seed)
    files = {path: data for path, data in HONEST.items() if path not in certificate.OUTSIDE}
    files["allowed_signers"] = certificate.allowed_signers("libertas.example", key)
    body = json.loads(HONEST["certificate.json"])
    body["keys"]["certificate"] = key
    body["files"] = certificate.listed(files)
    files["certificate.json"] = canonical_json(body)
    files["certificate.json.sig"] = certificate.ssh_sign(files["certificate.json"], seed)
    files["certificate.tlog-proof"] = HONEST["certificate.tlog-proof"]
    files["SHA256SUMS"] = certificate.sums_of(files)
    files["SHA256SUMS.sig"] = certificate.ssh_sign(files["SHA256SUMS"], seed)
    refused(files, "issuer-unknown", "allowed_signers")
    refused(files, "inclusion-proof", "certificate.tlog-proof", trust=None)  # a second version was never anchored


# The issuer has all keys, and lies.


def forge(change: Callable[[list[bytes]], list[bytes]]) -> Files:
    """The honest signed checkpoint over entries (and fitting tiles) that were changed afterwards."""
    entries = change(sample.small_log())
    files = sample.log_files(entries) | sample.text_files()
    return sample.certify(files | {"checkpoint": HONEST["checkpoint"]}, sample.AnchorLog())


def test_a_dropped_entry() -> None:
    refused(forge(lambda entries: entries[:3] + entries[4:]), "file-missing", "tile/entries/000.p/15")


def test_reordered_entries() -> None:
    refused(forge(lambda entries: [entries[0], entries[2], entries[1], *entries[3:]]), "root-differs", "checkpoint")


def test_a_replaced_entry() -> None:
    refused(forge(lambda entries: [*entries[:3], bytes(Added(1, bytes(32))), *entries[4:]]), "root-differs", "checkpoint")


def test_entries_that_are_not_those_of_the_tiles() -> None:
    other = tiles.pack_bundle([*sample.small_log()[:3], bytes(Added(1, bytes(32))), *sample.small_log()[4:]])
    files = sample.log_files(sample.small_log()) | sample.text_files() | {"tile/entries/000.p/15": other}
    refused(sample.certify(files, sample.AnchorLog()), "tile-differs", "tile/0/000.p/15")
    files["tile/entries/000.p/15"] = other + b"\0"
    honest_figures = sample.certify(files | {"tile/entries/000.p/15": HONEST["tile/entries/000.p/15"]}, sample.AnchorLog())
    body = json.loads(honest_figures["certificate.json"])
    listed = certificate.listed({**honest_figures, "tile/entries/000.p/15": other + b"\0"})
    assert body["files"] != listed
    spoiled = {**honest_figures, "tile/entries/000.p/15": other + b"\0", "certificate.json": canonical_json(body | {"files": listed})}
    spoiled["certificate.json.sig"] = certificate.ssh_sign(spoiled["certificate.json"], reference.CERTIFICATE_SEED)
    refused(sample.seal(spoiled), "entry-bundle", "tile/entries/000.p/15")


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (b"W 1 signer", "withdrawn-twice"),
        (b"E 1", "erased-not-counted"),
        (b"A 1 " + b"A" * 43, "added-after-close"),
        (b"T 3 " + b"A" * 43, "text-after-close"),
    ],
)
def test_a_log_that_breaks_its_rules_has_no_count(entry: bytes, name: str) -> None:
    files = sample.log_files([*sample.small_log(), entry]) | sample.text_files()
    refused(sample.certify(files, sample.AnchorLog()), name, "tile/entries/000.p/16")


def test_a_fork_at_equal_size() -> None:
    entries = sample.small_log()
    forked = [entries[0], entries[2], entries[1], *entries[3:]]
    anchor = sample.AnchorLog()
    files = sample.log_files(forked) | sample.text_files() | {"petition.tlog-proof": HONEST["petition.tlog-proof"]}
    refused(sample.certify(files, anchor), "inclusion-proof", "petition.tlog-proof")


def test_a_rollback() -> None:
    files = sample.log_files(sample.small_log()[:-1]) | sample.text_files() | {"petition.tlog-proof": HONEST["petition.tlog-proof"]}
    refused(sample.certify(files, sample.AnchorLog()), "inclusion-proof", "petition.tlog-proof")


def test_another_petitions_checkpoint() -> None:
    other = note.Signer("libertas.example/ledger/other", bytes(range(32)))
    theirs = note.sign(note.Checkpoint(other.name, 15, bytes(32)).text(), [other])
    files = sample.log_files(sample.small_log()) | sample.text_files()
    refused(sample.certify(files | {"checkpoint": theirs}, sample.AnchorLog()), "note-unknown-key", "checkpoint")
    borrowed = sample.log_files(sample.small_log(), origin=other.name) | sample.text_files()  # signed by this petition's key
    refused(sample.certify(borrowed, sample.AnchorLog()), "checkpoint-origin", "checkpoint")


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        ("count", 6),
        ("count", 4),
        ("count", "5"),
        ("added", 8),
        ("withdrawn", 0),
        ("reinstated", True),
        ("invalidated", {}),
        ("by_version", {"1": 5, "2": 0}),
    ],
)
def test_a_certificate_that_is_off_by_one(figure: str, value: object) -> None:
    files = sample.log_files(sample.small_log()) | sample.text_files()
    forged = sample.certify(files, sample.AnchorLog(), proved=sample.proved(HONEST) | {figure: value})
    refused(forged, "figures-differ", "certificate.json")


@pytest.mark.parametrize(
    "change", [{"more": 1}, {"checkpoint": None}, {"checkpoint": {"origin": reference.ORIGIN, "size": 15, "root": "A"}}]
)
def test_nothing_is_called_proved_that_is_not(change: dict[str, object]) -> None:
    files = sample.log_files(sample.small_log()) | sample.text_files()
    refused(sample.certify(files, sample.AnchorLog(), proved=sample.proved(HONEST) | change), "figures-differ", "certificate.json")


def test_a_certificate_that_was_never_anchored() -> None:
    files = sample.log_files(sample.small_log()) | sample.text_files()
    second = sample.certify(files, sample.AnchorLog(), asserted={"held": 3})
    refused(sample.seal(second | {"certificate.tlog-proof": HONEST["certificate.tlog-proof"]}), "inclusion-proof", "certificate.tlog-proof")
    elsewhere = HONEST["certificate.tlog-proof"].replace(b"index 3", b"index 2")
    refused(sample.seal(HONEST | {"certificate.tlog-proof": elsewhere}), "inclusion-proof", "certificate.tlog-proof")


def test_a_certificate_anchored_before_the_proof_that_it_lists() -> None:
    class Backdating(sample.AnchorLog):
        def prove(self, entry: bytes) -> bytes:
            if entry.startswith(b"C "):
                self.entries = [entry]  # a fork of the anchor log, in which the certificate came first
            return super().prove(entry)

    files = sample.log_files(sample.small_log()) | sample.text_files()
    refused(sample.certify(files, Backdating()), "anchor-order", "certificate.tlog-proof")


def test_a_certificate_that_was_spelled_again() -> None:
    spelled = json.dumps(json.loads(HONEST["certificate.json"]), indent=1).encode()
    signed = certificate.ssh_sign(spelled, reference.CERTIFICATE_SEED)
    again = sample.seal(HONEST | {"certificate.json": spelled, "certificate.json.sig": signed})
    refused(again, "json-not-canonical", "certificate.json")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("text/en.txt", "text-differs"),
        ("text/1/hy.txt", "text-differs"),
        ("consent/2/fr.txt", "text-differs"),
        ("privacy/1/en.txt", "text-differs"),
        ("manifest.json", "manifest-differs"),
        ("manifest/1.json", "manifest-differs"),
    ],
)
def test_a_text_that_is_not_what_was_signed(path: str, name: str) -> None:
    files = sample.log_files(sample.small_log()) | sample.text_files()
    refused(sample.certify(files | {path: files[path] + b" "}, sample.AnchorLog()), name, path)


def test_a_manifest_of_another_version_or_petition_under_this_ones_hash() -> None:
    for manifest in (reference.manifest(2), reference.manifest(1).replace("k3v9x2", "other"), "{}"):
        log = sample.log_files([f"T 1 {reference.b64url(reference.sha(manifest.encode()))}".encode()])
        texts = {"manifest.json": manifest.encode(), "manifest/1.json": manifest.encode()}
        name = "manifest" if manifest == "{}" else "manifest-differs"
        refused(sample.certify(log | texts, sample.AnchorLog()), name, "manifest/1.json")


def test_a_log_without_entries_certifies_nothing() -> None:
    refused(sample.certify(sample.log_files([]), sample.AnchorLog()), "text-missing", "checkpoint")


@pytest.mark.parametrize(
    "change",
    [
        {"format": "petition-certificate/v2"},
        {"proved": None},
        {"files": []},
        {"keys": {"log": ""}},
        {"keys": []},
    ],
)
def test_what_is_not_a_certificate_is_refused(change: dict[str, object]) -> None:
    files = sample.log_files(sample.small_log()) | sample.text_files()
    refused(sample.certify(files, sample.AnchorLog(), **change), "certificate-malformed", "certificate.json")


@pytest.mark.parametrize("part", ["log", "anchor", "certificate"])
def test_a_certificate_that_names_other_keys(part: str) -> None:
    keys = {"log": sample.LOG.vkey, "anchor": sample.ANCHOR.vkey, "certificate": sample.CERTIFICATE_KEY} | {part: "x"}
    files = sample.log_files(sample.small_log()) | sample.text_files()
    refused(sample.certify(files, sample.AnchorLog(), keys=keys), "keys-differ", "certificate.json")


def test_the_keys_of_a_trust_file_decide() -> None:
    other = note.Signer(reference.ORIGIN, bytes(range(32))).vkey
    for trust, where in (
        (certificate.Trust("L", (other,), sample.ANCHOR.vkey, (sample.CERTIFICATE_KEY,)), "vkey"),
        (certificate.Trust("L", (sample.LOG.vkey,), other, (sample.CERTIFICATE_KEY,)), "anchor.vkey"),
        (certificate.Trust("L", (sample.LOG.vkey,), sample.ANCHOR.vkey, (certificate.ssh_public(bytes(32)),)), "allowed_signers"),
        (certificate.Trust("L", (), sample.ANCHOR.vkey, ()), "allowed_signers"),
    ):
        refused(HONEST, "issuer-unknown", where, trust)


def test_a_trust_file_is_read_back() -> None:
    assert certificate.Trust.parse(sample.TRUST.encode()) == sample.TRUST
    with pytest.raises(ValueError, match="vkey"):
        certificate.Trust("L", ("x",), sample.ANCHOR.vkey, ()).encode()


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("petition-trust/v1", "petition-trust/v2", "trust"),
        ('"issuer":"Libertas"', '"issuer":1', "trust"),
        ('"pdf_seals":[]', '"pdf_seals":[1]', "trust"),
        ('"promises":[]', '"promises":[1]', "trust"),
        ('"promises":[]', '"promises":["x"]', "vkey"),
        ('"retired":[]', '"retired":[],"z":1', "trust"),
        ('"retired":[]', '"retired":["x"]', "vkey"),
        ('"ml_dsa":[]', '"ml_dsa":[1]', "trust"),
        ('"pdf_seals":[]', '"pdf_seals": []', "json-not-canonical"),
        ("ssh-ed25519", "ssh-rsa", "ssh-key"),
        ("libertas.example", "libertas.invalid", "vkey"),
    ],
)
def test_no_other_trust_file_is_read(old: str, new: str, name: str) -> None:
    with pytest.raises(Unproven) as caught:
        certificate.Trust.parse(sample.TRUST.encode().replace(old.encode(), new.encode(), 1))
    assert caught.value.name == name


def test_sums_are_read_back() -> None:
    sums = certificate.parse_sums(HONEST["SHA256SUMS"])
    assert certificate.format_sums(sums) == HONEST["SHA256SUMS"]
    assert sums.keys() == HONEST.keys() - {"SHA256SUMS", "SHA256SUMS.sig"}


SUM = b"0" * 64 + b"  "


@pytest.mark.parametrize(
    "spoiled",
    [
        b"",
        b"\n",
        SUM + b"a",
        SUM + b"a\n\n",
        SUM + b"a\r\n",
        SUM + b"b\n" + SUM + b"a\n",
        SUM + b"a\n" + SUM + b"a\n",
        SUM.replace(b"  ", b" *") + b"a\n",
        SUM.upper().replace(b"0", b"A") + b"a\n",
        SUM[1:] + b"a\n",
        b"# comment\n" + SUM + b"a\n",
        *(SUM + path + b"\n" for path in (b"/a", b"../a", b"a/../b", b"./a", b"a//b", b"a/", b".a", b"a b", b"a\\b", b"", "ա".encode())),
    ],
)
def test_no_other_sums_are_read(spoiled: bytes) -> None:
    with pytest.raises(Unproven, match="sums-malformed"):
        certificate.parse_sums(spoiled)


def test_nobody_lists_an_odd_path_or_a_file_instead_of_its_digest() -> None:
    for sums in ({}, {"../a": bytes(32)}, {"a b": bytes(32)}, {"a": b"contents"}):
        with pytest.raises(ValueError, match="path"):
            certificate.format_sums(sums)


def test_a_list_that_lists_itself() -> None:
    sums = certificate.format_sums(certificate.parse_sums(HONEST["SHA256SUMS"]) | {"SHA256SUMS": bytes(32)})
    files = HONEST | {"SHA256SUMS": sums, "SHA256SUMS.sig": certificate.ssh_sign(sums, reference.CERTIFICATE_SEED)}
    refused(files, "sums-malformed", "SHA256SUMS")


def test_the_anchor_holds_the_checkpoint_with_the_entry_that_the_ledger_writes() -> None:
    proof = note.parse_tlog_proof(HONEST["petition.tlog-proof"])
    verdict = certificate.verify_bundle(HONEST, sample.TRUST)
    entry = f"S {reference.ORIGIN} 15 {reference.b64url(verdict.checkpoint.root)}".encode()
    assert entry == bytes(Anchored(reference.ORIGIN, 15, verdict.checkpoint.root))
    merkle.verify_inclusion(
        merkle.leaf_hash(entry), proof.index, 3, proof.path, note.Checkpoint.parse(proof.checkpoint.decode().split("\n\n")[0] + "\n").root
    )


@given(st.dictionaries(st.sampled_from(sorted(HONEST)), st.binary(max_size=300), min_size=1, max_size=3), st.data())
@settings(max_examples=150, deadline=None)
def test_whatever_lies_in_a_bundle_is_refused_by_name_and_never_breaks_the_verifier(junk: Files, data: st.DataObject) -> None:
    files: Files = HONEST | junk
    resealed = [sample.seal(files)] if not junk.keys() <= {"SHA256SUMS", "SHA256SUMS.sig"} else []  # sealing mends these two
    for one in [files, *resealed]:
        with pytest.raises(Unproven):
            certificate.verify_bundle(one, data.draw(st.sampled_from([None, sample.TRUST])))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(0, 20) | st.text("ab", max_size=3),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("ab"), inner),
        max_leaves=5,
    )
)
@settings(max_examples=60, deadline=None)
def test_no_certificate_of_the_right_keys_breaks_the_verifier(value: Any) -> None:
    files = sample.log_files(sample.small_log()) | sample.text_files()
    for key in ("proved", "files", "keys"):
        with pytest.raises(Unproven):
            certificate.verify_bundle(sample.certify(files, sample.AnchorLog(), **{key: value}), sample.TRUST)
