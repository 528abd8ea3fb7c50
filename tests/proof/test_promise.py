"""Ani holds a promise: it is read strictly, and only a log that was signed after its hour can break it."""

from __future__ import annotations

import pytest

from service.errors import Unproven
from service.proof import note
from service.proof.commitment import entry
from service.proof.promise import Promise, is_promise, open_promise

UNTIL = "2026-11-24T20:00:00Z"
SIGNER = note.Signer("petition.example.org/promise", bytes(range(32)))
PROMISE = Promise("petition.example.org/ledger/k3v9x2", entry(1, bytes(range(32))), UNTIL)


def test_what_is_promised_is_read_back_from_the_signed_note() -> None:
    held = note.sign(PROMISE.text(), [SIGNER])
    assert is_promise(held)
    assert open_promise(held, [SIGNER.verifier]) == PROMISE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("petition-promise/v1", "petition-promise/v2"),
        ("A 1 ", "T 1 "),
        ("A 1 ", "A 01 "),
        ("2026-11-24T20", "2026-13-24T20"),
        ("20:00:00Z", "20:00:00+00:00"),
        ("20:00:00Z\n", "20:00:00Z\nand more\n"),
        ("petition.example.org/ledger/k3v9x2", "somebody else"),
    ],
)
def test_no_other_text_is_a_promise(old: str, new: str) -> None:
    with pytest.raises(Unproven) as caught:
        open_promise(note.sign(PROMISE.text().replace(old, new, 1), [SIGNER]), [SIGNER.verifier])
    assert caught.value.name == "promise"


def test_a_strangers_promise_and_a_changed_one_are_named() -> None:
    held = note.sign(PROMISE.text(), [SIGNER])
    stranger = note.Signer("petition.example.org/promise", bytes(32))
    with pytest.raises(Unproven, match="note-unknown-key"):
        open_promise(note.sign(PROMISE.text(), [stranger]), [SIGNER.verifier])
    for place in range(len(held)):
        changed = bytearray(held)
        changed[place] ^= 1
        with pytest.raises(Unproven):
            open_promise(bytes(changed), [SIGNER.verifier])


def test_it_is_kept_by_the_entry_and_broken_only_after_its_hour() -> None:
    PROMISE.check(7, "2026-11-25T20:00:00Z")
    PROMISE.check(None, UNTIL)
    with pytest.raises(Unproven, match="promise-broken"):
        PROMISE.check(None, "2026-11-24T20:00:01Z")
