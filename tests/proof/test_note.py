"""Notes and checkpoints: read exactly as written, believed only for a key that we know."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import proof_reference as reference
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import Unproven
from service.proof import merkle, note

VECTORS: dict[str, Any] = json.loads((reference.VECTORS / "note.json").read_text())
LOG = note.Signer(reference.ORIGIN, reference.LOG_SEED)
OTHER = note.Signer("levon.example/witness", bytes(range(32)))
HEAD = note.Checkpoint(reference.ORIGIN, 8, reference.Tree(8).root())
SIGNED = note.sign(HEAD.text(), [LOG])


@pytest.mark.parametrize("key", VECTORS["keys"], ids=lambda key: key["name"])
def test_keys_have_the_ids_of_the_committed_vectors(key: dict[str, str]) -> None:
    signer = note.Signer(key["name"], bytes.fromhex(key["seed"]))
    public = bytes.fromhex(key["public"])
    assert signer.vkey == note.vkey(key["name"], public) == key["vkey"]
    assert note.key_id(key["name"], b"\x01" + public).hex() == key["id"]
    assert note.parse_vkey(key["vkey"]) == signer.verifier


@pytest.mark.parametrize("vector", VECTORS["notes"], ids=lambda vector: vector["vkey"].split("+")[0])
def test_the_committed_notes_open_and_that_of_go_too(vector: dict[str, str]) -> None:
    opened = note.open(vector["note"].encode(), [note.parse_vkey(vector["vkey"])])
    assert opened.text == vector["note"].rpartition("\n\n")[0] + "\n"
    assert opened.verified == (vector["vkey"].split("+")[0],)
    for key in VECTORS["keys"]:
        if key["vkey"] == vector["vkey"]:
            assert note.sign(opened.text, [note.Signer(key["name"], bytes.fromhex(key["seed"]))]) == vector["note"].encode()


def test_openssl_verifies_the_signature_of_a_checkpoint(tmp_path: Path) -> None:
    der = bytes.fromhex("302a300506032b6570032100") + LOG.verifier.key  # RFC 8410 section 4
    (tmp_path / "key.der").write_bytes(der)
    (tmp_path / "text").write_bytes(HEAD.text().encode())
    line = SIGNED.decode().splitlines()[-1]
    (tmp_path / "signature").write_bytes(base64.b64decode(line.split(" ")[2])[4:])
    command = "openssl pkeyutl -verify -pubin -inkey key.der -keyform DER -rawin -in text -sigfile signature"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_key_we_do_not_know_neither_helps_nor_hurts() -> None:
    both = note.sign(HEAD.text(), [OTHER, LOG])
    opened = note.open(both, [LOG.verifier])
    assert opened.verified == (LOG.name,)
    assert [line.split(" ")[1] for line in opened.unknown] == [OTHER.name]
    with pytest.raises(Unproven, match="note-unknown-key"):
        note.open(SIGNED, [OTHER.verifier])
    with pytest.raises(Unproven, match="note-unknown-key"):
        note.open(SIGNED, [])


def test_a_known_key_that_signed_wrongly_spoils_the_note_beside_good_and_unknown_ones() -> None:
    wrong = note.sign("another text\n", [LOG]).decode().splitlines()[-1] + "\n"
    stranger = OTHER.sign(HEAD.text().encode())
    for block in (wrong, stranger + wrong, LOG.sign(HEAD.text().encode()) + wrong, wrong + LOG.sign(HEAD.text().encode())):
        with pytest.raises(Unproven, match="note-signature"):
            note.open(f"{HEAD.text()}\n{block}".encode(), [LOG.verifier])


def test_a_key_is_known_by_name_and_id_together() -> None:
    namesake = note.Signer(LOG.name, bytes(range(32)))
    with pytest.raises(Unproven, match="note-unknown-key"):
        note.open(SIGNED, [namesake.verifier])
    assert note.open(note.sign(HEAD.text(), [namesake, LOG]), [LOG.verifier]).verified == (LOG.name,)
    with pytest.raises(ValueError, match="share"):
        note.open(SIGNED, [LOG.verifier, LOG.verifier])


LINE = LOG.sign(HEAD.text().encode())


@pytest.mark.parametrize(
    "spoiled",
    [
        b"",
        b"\n\n",
        SIGNED[:-1],
        SIGNED + b"\n",
        SIGNED.replace(b"\n", b"\r\n"),
        SIGNED.replace(b"\n\n", b"\n"),
        SIGNED.replace("— ".encode(), b"- "),
        SIGNED.replace("— ".encode(), "—  ".encode()),
        SIGNED + b"x\n",
        SIGNED[:-2] + b"\n",
        SIGNED[:-2] + b"==\n",
        SIGNED.replace(b" ", b"\xff"),
        SIGNED.replace(b"libertas", b"liber\tas"),
        HEAD.text().encode() + b"\n",
        f"{HEAD.text()}\n— {LOG.name} \n".encode(),
        f"{HEAD.text()}\n— {LOG.name} AAAA\n".encode(),
        f"{HEAD.text()}\n— {LOG.name}\n".encode(),
        f"{HEAD.text()}\n—  {LINE.split(' ')[2]}".encode(),
        f"{HEAD.text()}\n— a+b {LINE.split(' ')[2]}".encode(),
        f"{HEAD.text()}\n{'*'.join(LINE.rsplit(' ', 1))}".encode(),
        f"{HEAD.text()}\n{LINE * 101}".encode(),
    ],
)
def test_what_is_not_a_note_is_refused(spoiled: bytes) -> None:
    with pytest.raises(Unproven, match="note-malformed"):
        note.open(spoiled, [LOG.verifier])


def test_base64_has_one_spelling() -> None:
    line = LINE.rstrip("\n")
    assert line.endswith("=")
    body = line[:-1]
    later = body[:-1] + chr(ord(body[-1]) + 1)  # the unused low bits of the last character
    assert base64.b64decode(later.split(" ")[2] + "=") == base64.b64decode(line.split(" ")[2])
    for spoiled in (later + "=", body, body + "==", line + "="):
        with pytest.raises(Unproven, match="note-malformed"):
            note.open(f"{HEAD.text()}\n{spoiled}\n".encode(), [LOG.verifier])


@given(st.integers(0, len(SIGNED) * 8 - 1))
@settings(max_examples=200, deadline=None)
def test_no_bit_of_a_checkpoint_may_change(bit: int) -> None:
    changed = (int.from_bytes(SIGNED, "big") ^ 1 << bit).to_bytes(len(SIGNED), "big")
    with pytest.raises(Unproven):
        note.open_checkpoint(changed, [LOG.verifier], reference.ORIGIN)


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_back(size: int, root: bytes) -> None:
    head = note.Checkpoint("ani.example/ledger/1", size, root)
    assert note.Checkpoint.parse(head.text()) == head


ROOT = reference.b64(bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"o\n08\n{ROOT}\n",
        f"o\n+8\n{ROOT}\n",
        f"o\n-8\n{ROOT}\n",
        f"o\n 8\n{ROOT}\n",
        f"o\n٨\n{ROOT}\n",
        f"o\n8_0\n{ROOT}\n",
        f"o\n\n{ROOT}\n",
        f"o\n{2**63}\n{ROOT}\n",
        f"o\n8\n{ROOT}",
        f"o\r\n8\r\n{ROOT}\r\n",
        f"o\n8\n{ROOT[:-1]}\n",
        f"o\n8\n{ROOT[:-2]}B=\n",
        f"o\n8\n{reference.b64(bytes(31))}\n",
        f"o\n8\n{reference.b64url(bytes([255]) * 32)}=\n",
        f"o\n8\n{ROOT}\nextension\n",
        f"o\n8\n{ROOT}\nextension",
        f"o\n8\n{ROOT}\n\n",
        f"\n8\n{ROOT}\n",
        f"two words\n8\n{ROOT}\n",
        f"a+b\n8\n{ROOT}\n",
        f"o\n8\n{ROOT} \n",
    ],
)
def test_a_checkpoint_has_one_spelling(text: str) -> None:
    with pytest.raises(Unproven, match="checkpoint-malformed"):
        note.Checkpoint.parse(text)


def test_another_petitions_checkpoint_is_not_ours() -> None:
    others = note.Signer("libertas.example/ledger/other", bytes(range(32)))
    theirs = note.sign(note.Checkpoint(others.name, 8, HEAD.root).text(), [others])
    known = [LOG.verifier, others.verifier]
    assert note.open_checkpoint(theirs, known).origin == others.name
    with pytest.raises(Unproven, match="checkpoint-origin"):
        note.open_checkpoint(theirs, known, reference.ORIGIN)
    borrowed = note.sign(HEAD.text(), [others])  # a key that we know, but not this log's
    with pytest.raises(Unproven, match="checkpoint-origin"):
        note.open_checkpoint(borrowed, known, reference.ORIGIN)


@pytest.mark.parametrize(
    "spoiled",
    [
        "",
        "name",
        LOG.vkey + "\n",
        LOG.vkey.replace("+", " ", 1),
        LOG.vkey.replace("libertas", "Libertas"),
        LOG.vkey.upper(),
        LOG.vkey[:-1],
        "+" + LOG.vkey.split("+", 1)[1],
        LOG.vkey.split("+")[0] + "+00000000+" + LOG.vkey.split("+", 2)[2],
        "n+" + note.key_id("n", b"\x02" + bytes(32)).hex() + "+" + reference.b64(b"\x02" + bytes(32)),
        "n+" + note.key_id("n", b"\x01" + bytes(31)).hex() + "+" + reference.b64(b"\x01" + bytes(31)),
    ],
)
def test_what_is_not_a_key_is_refused(spoiled: str) -> None:
    with pytest.raises(Unproven, match="vkey"):
        note.parse_vkey(spoiled)


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "a\r\n", "\x00\n", "\ud800\n"])
def test_nobody_signs_a_text_that_no_reader_takes_back(text: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        note.sign(text, [LOG])
    with pytest.raises(ValueError, match="signer"):
        note.sign("a\n", [])
    with pytest.raises(ValueError, match="key name"):
        note.Signer("two words", bytes(32))


TLOG_PROOF: str = VECTORS["tlog_proof"]["file"]


def test_the_committed_proof_file_verifies() -> None:
    proof = note.parse_tlog_proof(TLOG_PROOF.encode())
    assert (proof.index, proof.extra) == (5, b"an opening")
    assert note.format_tlog_proof(proof.index, proof.path, proof.checkpoint, proof.extra) == TLOG_PROOF.encode()
    assert proof.verify(VECTORS["tlog_proof"]["entry"].encode(), [LOG.verifier], reference.ORIGIN) == HEAD
    with pytest.raises(Unproven, match="inclusion-proof"):
        proof.verify(b"leaf 4", [LOG.verifier], reference.ORIGIN)


@pytest.mark.parametrize("extra", [None, b"", b"\0\1"])
def test_a_proof_file_is_read_back(extra: bytes | None) -> None:
    proof = note.parse_tlog_proof(note.format_tlog_proof(0, [], SIGNED, extra))
    assert proof == note.TlogProof(0, (), SIGNED, extra)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("tlog-proof@v1", "tlog-proof@v2"),
        ("index 5", "index 05"),
        ("index 5", "index +5"),
        ("index 5", "Index 5"),
        ("index 5\n", ""),
        ("index 5", "index 5 "),
        ("index 5\n", "index 5\nindex 5\n"),
        ("extra ", "extra  "),
        ("extra ", "Extra "),
        ("=\n", "\n"),
        ("\n", "\r\n"),
    ],
)
def test_a_proof_file_has_one_spelling(old: str, new: str) -> None:
    with pytest.raises(Unproven, match="tlog-proof"):
        note.parse_tlog_proof(TLOG_PROOF.replace(old, new).encode())


def test_no_bit_of_a_proof_file_may_change_but_in_its_unauthenticated_extra_line() -> None:
    plain = note.parse_tlog_proof(TLOG_PROOF.encode())
    data = note.format_tlog_proof(plain.index, plain.path, plain.checkpoint)
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1 :]
        with pytest.raises(Unproven):
            note.parse_tlog_proof(changed).verify(b"leaf 5", [LOG.verifier], reference.ORIGIN)


def test_an_empty_log_has_a_checkpoint_too() -> None:
    empty = note.Checkpoint(reference.ORIGIN, 0, merkle.EMPTY_ROOT)
    assert note.open_checkpoint(note.sign(empty.text(), [LOG]), [LOG.verifier]) == empty


# -- signatures that say when they were made (C2SP tlog-cosignature) ---------------------------------------------------------------

COSIGNATURE: dict[str, str] = json.loads((Path(__file__).parent / "foreign" / "cosignature.json").read_text())
SECOND = note.Cosigner(reference.ORIGIN, bytes(range(32)))
WITNESS = note.Cosigner("levon.example/witness", bytes(range(32, 64)), note.COSIGNATURE)
NOON = 1_795_608_000


def message_of(name: str, head: note.Checkpoint, time: int) -> bytes:
    """tlog-cosignature's cosigned_message, spelled out by hand."""
    fields = (
        b"subtree/v1\n\x00",
        len(name).to_bytes(1, "big") + name.encode(),
        time.to_bytes(8, "big"),
        len(head.origin).to_bytes(1, "big") + head.origin.encode(),
        (0).to_bytes(8, "big"),
        head.size.to_bytes(8, "big"),
        head.root,
    )
    return b"".join(fields)


def test_a_log_of_another_software_that_signs_by_ml_dsa_is_believed() -> None:
    signed = f"{COSIGNATURE['text']}\n{COSIGNATURE['line']}".encode()
    verifier = note.parse_vkey(COSIGNATURE["vkey"])
    head = note.open_checkpoint(signed, [verifier], "example.com/mldsa-log")
    assert head.size == 1 and note.open(signed, [verifier]).times == (("example.com/mldsa-log", 0),)
    with pytest.raises(Unproven, match="note-signature"):
        note.open(signed.replace(b"\n1\n", b"\n2\n"), [verifier])


def test_both_kinds_sign_what_the_specification_says() -> None:
    raw = base64.b64decode(SECOND.sign(HEAD, NOON).split(" ")[2])
    assert raw[:4] == note.key_id(SECOND.name, b"\x06" + SECOND.verifier.key) and len(raw) == 4 + 8 + 2420
    assert int.from_bytes(raw[4:12], "big") == NOON
    MLDSA44PublicKey.from_public_bytes(SECOND.verifier.key).verify(raw[12:], message_of(SECOND.name, HEAD, NOON))
    raw = base64.b64decode(WITNESS.sign(HEAD, NOON).split(" ")[2])
    assert raw[:4] == note.key_id(WITNESS.name, b"\x04" + WITNESS.verifier.key) and len(raw) == 4 + 8 + 64
    text = f"cosignature/v1\ntime {NOON}\n{HEAD.text()}".encode()
    Ed25519PublicKey.from_public_bytes(WITNESS.verifier.key).verify(raw[12:], text)


def test_a_checkpoint_with_all_three_kinds_tells_who_and_when() -> None:
    signed = note.sign_checkpoint(HEAD, [LOG], [SECOND, WITNESS], time=NOON)
    every = [LOG.verifier, SECOND.verifier, WITNESS.verifier]
    opened = note.open(signed, every)
    assert opened.verified == (reference.ORIGIN, WITNESS.name)
    assert opened.times == ((reference.ORIGIN, NOON), (WITNESS.name, NOON)) and opened.unknown == ()
    for known in (every, every[:1], every[1:2]):
        assert note.open_checkpoint(signed, known, reference.ORIGIN) == HEAD
    with pytest.raises(Unproven, match="checkpoint-origin"):
        note.open_checkpoint(signed, every[2:])


def test_whoever_knows_the_second_key_takes_no_checkpoint_without_it() -> None:
    alone = note.sign_checkpoint(HEAD, [LOG])
    other = note.sign_checkpoint(HEAD, [LOG], [note.Cosigner(LOG.name, bytes([8] * 32)), WITNESS], time=NOON)
    for signed in (alone, other):
        assert note.open_checkpoint(signed, [LOG.verifier], reference.ORIGIN) == HEAD, "who knows of none misses none"
        with pytest.raises(Unproven, match="note-downgraded"):
            note.open_checkpoint(signed, [LOG.verifier, SECOND.verifier], reference.ORIGIN)
        assert note.open_checkpoint(signed, [LOG.verifier, SECOND.verifier], reference.ORIGIN, demanding=False) == HEAD
    # A witness's ML-DSA key, under another name, is not the log's and is demanded by the policy of witnesses, not here.
    stranger = note.Cosigner("witness.example/ml-dsa", bytes([3] * 32))
    assert note.open_checkpoint(alone, [LOG.verifier, stranger.verifier], reference.ORIGIN) == HEAD


@pytest.mark.parametrize("cosigner", [SECOND, WITNESS], ids=["ML-DSA-44", "Ed25519"])
def test_a_cosignature_holds_for_one_time_one_tree_and_one_name(cosigner: note.Cosigner) -> None:
    line = cosigner.sign(HEAD, NOON)
    encoded = line.rstrip("\n").split(" ")[2]
    raw = bytearray(base64.b64decode(encoded))

    def opens(text: str, signature: bytes) -> bool:
        block = f"— {cosigner.name} {base64.b64encode(signature).decode()}\n"
        try:
            note.open(f"{text}\n{block}".encode(), [cosigner.verifier])
        except Unproven as fault:
            assert fault.name == "note-signature"
            return False
        return True

    assert opens(HEAD.text(), bytes(raw))
    for at in (4, 11, 12, 40, len(raw) - 1):
        other = bytearray(raw)
        other[at] ^= 1
        assert not opens(HEAD.text(), bytes(other)), at
    assert (
        not opens(HEAD.text(), bytes(raw[:-1])) and not opens(HEAD.text(), bytes(raw) + b"\0") and not opens(HEAD.text(), bytes(raw[:11]))
    )
    for other_head in (
        note.Checkpoint(HEAD.origin, HEAD.size + 1, HEAD.root),
        note.Checkpoint(HEAD.origin, HEAD.size, bytes(32)),
        note.Checkpoint("x.example", HEAD.size, HEAD.root),
    ):
        assert not opens(other_head.text(), bytes(raw))


def test_ml_dsa_commits_to_the_name_and_signs_only_checkpoints() -> None:
    namesake = note.Cosigner("other.example", bytes(range(32)))
    signature = base64.b64decode(SECOND.sign(HEAD, NOON).split(" ")[2])[4:]
    assert namesake.verifier.key == SECOND.verifier.key
    assert SECOND.verifier.verifies(HEAD.text().encode(), signature)
    assert not namesake.verifier.verifies(HEAD.text().encode(), signature)
    assert not SECOND.verifier.verifies(b"not a checkpoint\n", signature)
    assert not SECOND.verifier.verifies(b"\xff\n", signature)


@pytest.mark.parametrize("algorithm", [note.ED25519, 0x02, 0x05, 0xFF])
def test_a_cosigner_is_of_a_kind_that_has_a_time(algorithm: int) -> None:
    with pytest.raises(ValueError):
        note.Cosigner("levon.example/witness", bytes(32), algorithm)


def test_keys_of_the_new_kinds_are_read_back_and_others_are_not() -> None:
    for cosigner in (SECOND, WITNESS):
        assert note.parse_vkey(cosigner.vkey) == cosigner.verifier
    with pytest.raises(ValueError, match="1312"):
        note.Verifier("x", note.ML_DSA_44, bytes(32))
    with pytest.raises(ValueError, match="255"):
        note.Verifier("x" * 256, note.ML_DSA_44, SECOND.verifier.key)
    with pytest.raises(ValueError, match="255"):
        SECOND.sign(note.Checkpoint("x" * 256, 1, bytes(32)), NOON)
