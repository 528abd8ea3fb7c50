"""A signature in public says nothing; its signer can show that it is theirs, and nobody else can."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import proof_reference as reference
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Unproven
from service.proof import certificate, commitment, entries, merkle, note
from service.proof.commitment import Manifest, Opening

VECTORS: list[dict[str, Any]] = json.loads((reference.VECTORS / "commitment.json").read_text())
MANIFESTS: list[dict[str, str]] = json.loads((reference.VECTORS / "manifest.json").read_text())


def hexes(values: dict[str, str]) -> dict[str, bytes]:
    return {name: bytes.fromhex(value) for name, value in values.items()}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["values"]["email"] or "nobody")
def test_commitments_and_openings_are_those_of_the_committed_vectors(vector: dict[str, Any]) -> None:
    secret, text_hash, values = bytes.fromhex(vector["secret"]), bytes.fromhex(vector["text_hash"]), vector["values"]
    salts, commit = hexes(vector["salts"]), bytes.fromhex(vector["commit"])
    assert commitment.salts(secret) == salts
    assert {name: commitment.digest(salts[name], name, values[name]).hex() for name in commitment.FIELDS} == vector["digests"]
    made = commitment.commit(vector["origin"], text_hash, secret, values["email"], values["country"], values["locale"], values["class"])
    assert made == commit
    assert commitment.entry(1, commit) == vector["entry"].encode() == bytes(entries.Added(1, commit))
    assert merkle.leaf_hash(vector["entry"].encode()).hex() == vector["leaf_hash"]
    commitment.verify_opening(vector["origin"], text_hash, salts, values, commit)


ANI = VECTORS[0]
SALTS, TEXT_HASH, COMMIT = hexes(ANI["salts"]), bytes.fromhex(ANI["text_hash"]), bytes.fromhex(ANI["commit"])


@pytest.mark.parametrize(
    "changes",
    [
        {"values": ANI["values"] | {"email": "levon@example.fr"}},
        {"values": ANI["values"] | {"country": ""}},
        {"values": ANI["values"] | {"locale": "ani"}},
        {"salts": SALTS | {"email": SALTS["country"]}},
        {"salts": SALTS | {"email": SALTS["email"] + b"\0"}},  # HMAC pads a short key with zeros: another spelling of none
        {"salts": SALTS | {"email": SALTS["email"][:31]}},
        {"salts": SALTS | {"email": b""}},
        {"salts": SALTS | {"more": bytes(32)}},
        {"values": {name: value for name, value in ANI["values"].items() if name != "class"}},
        {"text_hash": bytes(32)},
        {"text_hash": b""},
        {"origin": "libertas.example/ledger/other"},
        {"commit": bytes(32)},
        {"commit": COMMIT + b"\0"},
    ],
)
def test_an_opening_opens_nothing_else(changes: dict[str, Any]) -> None:
    whole = {"origin": ANI["origin"], "text_hash": TEXT_HASH, "salts": SALTS, "values": ANI["values"], "commit": COMMIT}
    with pytest.raises(Unproven, match="opening"):
        commitment.verify_opening(**(whole | changes))


def test_one_leaf_cannot_be_offered_to_ani_and_to_levon() -> None:
    levons = VECTORS[1]
    with pytest.raises(Unproven, match="opening"):
        commitment.verify_opening(ANI["origin"], TEXT_HASH, hexes(levons["salts"]), levons["values"], COMMIT)


def test_a_salt_beyond_the_block_of_hmac_is_not_taken_for_its_hash() -> None:
    long = b"x" * 65
    leaf_salts = SALTS | {"email": hashlib.sha256(long).digest()}
    with pytest.raises(ValueError, match="32 bytes"):
        commitment.digest(long, "email", "ani@example.am")
    with pytest.raises(Unproven, match="opening"):
        commitment.verify_opening(ANI["origin"], TEXT_HASH, leaf_salts | {"email": long}, ANI["values"], COMMIT)


def test_ani_shows_her_country_and_nothing_else() -> None:
    digests = hexes(ANI["digests"])
    country = digests.pop("country")
    commitment.verify_selective(ANI["origin"], TEXT_HASH, {"country": (SALTS["country"], "AM")}, digests, COMMIT)
    for opened, closed in [
        ({"country": (SALTS["country"], "FR")}, digests),
        ({"country": (SALTS["country"], "AM")}, digests | {"country": country}),
        ({}, digests),
        ({"country": (SALTS["country"], "AM")}, digests | {"email": b"short"}),
        ({"country": (b"", "AM")}, digests),
    ]:
        with pytest.raises(Unproven, match="opening"):
            commitment.verify_selective(ANI["origin"], TEXT_HASH, opened, closed, COMMIT)
    commitment.verify_selective(ANI["origin"], TEXT_HASH, {}, digests | {"country": country}, COMMIT)


@given(st.binary(min_size=32, max_size=32), st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 255), st.integers(0, 3))
def test_no_bit_of_a_salt_may_change(secret: bytes, email: str, bit: int, field: int) -> None:
    commit = commitment.commit(ANI["origin"], TEXT_HASH, secret, email, "AM", "hy", "email-link")
    values = {"email": email, "country": "AM", "locale": "hy", "class": "email-link"}
    salts = commitment.salts(secret)
    commitment.verify_opening(ANI["origin"], TEXT_HASH, salts, values, commit)
    name = commitment.FIELDS[field]
    changed = (int.from_bytes(salts[name], "big") ^ 1 << bit).to_bytes(32, "big")
    with pytest.raises(Unproven, match="opening"):
        commitment.verify_opening(ANI["origin"], TEXT_HASH, salts | {name: changed}, values, commit)


def test_ten_thousand_guessed_addresses_match_nothing_without_the_secret() -> None:
    guesses = {
        commitment.commit(ANI["origin"], TEXT_HASH, bytes(32), f"ani{n}@example.am", "AM", "hy", "email-link") for n in range(10_000)
    }
    assert len(guesses) == 10_000
    assert COMMIT not in guesses


@pytest.mark.parametrize("vector", MANIFESTS, ids=["1", "2"])
def test_the_manifest_is_that_of_the_committed_vectors(vector: dict[str, str]) -> None:
    read = Manifest.parse(vector["bytes"].encode())
    assert read.encode() == vector["bytes"].encode()
    assert read.text_hash.hex() == vector["text_hash"]
    assert read.statements["hy"] == reference.sha(reference.wording("text", "hy", read.version).encode())


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("petition-text/v1", "petition-text/v2", "manifest"),
        ('"version":1', '"version":0', "manifest"),
        ('"version":1', '"version":true', "manifest"),
        ('"version":1', '"version":"1"', "manifest"),
        ('"version":1', '"version":1.0', "json-not-canonical"),
        ('"version":1', '"version": 1', "json-not-canonical"),
        ('"version":1', '"version":1,"z":0', "manifest"),
        (',"norm":"email-norm/v1"', "", "manifest"),
        ('"origin":"libertas', '"origin":"lib ertas', "manifest"),
        ('"email-link"', '"email-link","email-link"', "manifest"),
        ('"email-link"', "1", "manifest"),
        ('"sealing_keys":[]', '"sealing_keys":[""]', "manifest"),
        ('"consent":{"en"', '"consent":{"e/n"', "manifest"),
        ('{"en":', '{"de":', "manifest"),
        ('{"en":"', '{"en":"A', "manifest"),
        ('{"en":', '{"en":0,"eo":', "manifest"),
    ],
)
def test_no_other_manifest_is_read(old: str, new: str, name: str) -> None:
    changed = MANIFESTS[0]["bytes"].replace(old, new, 1)
    assert changed != MANIFESTS[0]["bytes"]
    with pytest.raises(Unproven) as caught:
        Manifest.parse(changed.encode())
    assert caught.value.name == name


def test_nobody_writes_a_manifest_that_would_not_be_read() -> None:
    good = Manifest.parse(MANIFESTS[0]["bytes"].encode())
    for changes in ({"version": 0}, {"origin": "two words"}, {"privacy": {}}, {"statements": {"en": b"short"}}, {"classes": ("a", "a")}):
        parts: dict[str, Any] = {name: getattr(good, name) for name in good.__dataclass_fields__} | changes
        with pytest.raises(ValueError, match=r"."):
            Manifest(**parts).encode()


OPENING = Opening(ANI["origin"], 1, TEXT_HASH, SALTS, ANI["values"])


def test_an_opening_is_read_back_and_makes_its_entry() -> None:
    assert Opening.parse(OPENING.encode()) == OPENING
    assert OPENING.entry() == ANI["entry"].encode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("petition-opening/v1", "petition-opening/v2"),
        ('"version":1', '"version":0'),
        ('"version":1', '"version":true'),
        ('"country":"AM"', '"country":null'),
        ('"country":"AM",', ""),
        ('"salts":{"class":"', '"salts":{"class":"A'),
        ('"origin":"', '"origin":" '),
        ('"origin":"', '"origin":"' + "o" * 65_536),
    ],
)
def test_no_other_opening_is_read(old: str, new: str) -> None:
    changed = OPENING.encode().decode().replace(old, new, 1)
    assert changed.encode() != OPENING.encode()
    with pytest.raises(Unproven, match="opening"):
        Opening.parse(changed.encode())


LOG = note.Signer(reference.ORIGIN, reference.LOG_SEED)
LEAF = merkle.leaf_hash(OPENING.entry())
HEAD = note.sign(note.Checkpoint(reference.ORIGIN, 2, merkle.root([bytes(32), LEAF])).text(), [LOG])


def test_anis_receipt_shows_her_place_in_the_log() -> None:
    receipt = note.format_tlog_proof(1, [bytes(32)], HEAD, OPENING.encode())
    opening, index, head = certificate.verify_receipt(receipt, [LOG.verifier])
    assert (opening.values["email"], index, head.size) == ("ani@example.am", 1, 2)


def test_a_receipt_for_another_address_or_without_an_opening_shows_nothing() -> None:
    forged = Opening(ANI["origin"], 1, TEXT_HASH, SALTS, ANI["values"] | {"email": "levon@example.fr"})
    with pytest.raises(Unproven, match="inclusion-proof"):
        certificate.verify_receipt(note.format_tlog_proof(1, [bytes(32)], HEAD, forged.encode()), [LOG.verifier])
    with pytest.raises(Unproven, match="opening"):
        certificate.verify_receipt(note.format_tlog_proof(1, [bytes(32)], HEAD), [LOG.verifier])
