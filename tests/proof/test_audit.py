"""A cheating issuer counts one mailbox twice; a careful auditor, who learns nothing about the others, finds it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from service.errors import Unproven
from service.proof import audit
from service.proof.canonical import sha256
from service.proof.commitment import Opening, salts

ORIGIN, TEXT = "petition.example.org/ledger/k3v9x2", sha256(b"the text")
_PRIVATE = rsa.generate_private_key(65_537, 2048).private_numbers()
KEY = audit.Key(_PRIVATE.public_numbers.n)
PEOPLE = {index: f"person{index}@example.org" for index in range(1, 41)}
SEED = audit.seed(bytes(32), "7 12 19 23 41")


def opening_of(index: int, address: str) -> Opening:
    return Opening(
        ORIGIN, 1, TEXT, salts(sha256(b"secret %d" % index)), {"email": address, "country": "AM", "locale": "hy", "class": "email"}
    )


def signature_of(address: str) -> bytes:
    return pow(KEY.hashed(address), _PRIVATE.d, KEY.modulus).to_bytes(KEY.width, "big")


class Issuer:
    """An issuer with forty counted entries; ``lie`` makes it count, tag or open otherwise than it should."""

    def __init__(self, people: dict[int, str] | None = None) -> None:
        self.people = dict(people or PEOPLE)
        self.openings = {index: opening_of(index, address) for index, address in self.people.items()}
        self.entries = {0: b"T 1 x", **{index: opening.entry() for index, opening in self.openings.items()}}
        self.signatures = {index: signature_of(address) for index, address in self.people.items()}
        kept: dict[int, bytes | None] = {index: audit.tag(each) for index, each in self.signatures.items()}
        self.tags = audit.Tags(ORIGIN, 41, sha256(b"root"), sha256(KEY.encode()), kept)

    def tagged(self, index: int, value: bytes | None) -> None:
        self.tags = replace(self.tags, tags={**self.tags.tags, index: value})

    def open(self, size: int) -> dict[int, audit.Opened]:
        drawn = audit.sample(sorted(self.people), size, SEED)
        return {index: audit.Opened(self.openings[index], self.signatures[index]) for index in drawn}

    def check(self, size: int = 40, opened: dict[int, audit.Opened] | None = None) -> audit.Findings:
        shown = self.open(size) if opened is None else opened
        return audit.check(KEY, self.tags, self.people, self.entries, SEED, size, shown, [TEXT])


def test_an_honest_issuer_is_found_clean() -> None:
    found = Issuer().check(12)
    assert found.is_clean and len(found.drawn) == 12 and not found.refused


def test_one_mailbox_that_counts_twice_has_one_tag() -> None:
    found = Issuer({**PEOPLE, 40: PEOPLE[7]}).check(5)
    assert found.duplicates == ((7, 40),) and not found.is_clean


def test_a_tag_invented_to_hide_it_is_found_when_it_is_drawn() -> None:
    issuer = Issuer({**PEOPLE, 40: PEOPLE[7]})
    issuer.tagged(40, sha256(b"something else"))
    found = issuer.check(40)
    assert not found.duplicates and found.failed == {40: "audit-tag"}


def test_another_address_shown_for_the_entry_is_found() -> None:
    issuer = Issuer()
    opened = issuer.open(40)
    other = "eve@example.org"
    cases = {
        3: (audit.Opened(opening_of(3, other), signature_of(other)), "audit-opening"),
        4: (audit.Opened(issuer.openings[4], signature_of(other)), "audit-signature"),
        5: (audit.Opened(replace(issuer.openings[5], text_hash=sha256(b"another text")), issuer.signatures[5]), "audit-opening"),
        6: (audit.Opened(issuer.openings[9], issuer.signatures[9]), "audit-opening"),
        7: (audit.Opened(issuer.openings[7], issuer.signatures[7] + b"\0"), "audit-signature"),
    }
    found = issuer.check(40, {**opened, **{index: shown for index, (shown, _) in cases.items()}})
    assert found.failed == {index: name for index, (_, name) in cases.items()}


def test_what_is_not_opened_is_told_and_what_was_not_drawn_is_refused() -> None:
    issuer = Issuer()
    opened = issuer.open(10)
    left_out = min(opened)
    found = issuer.check(10, {index: shown for index, shown in opened.items() if index != left_out})
    assert found.refused == (left_out,) and found.is_clean
    stranger = next(index for index in PEOPLE if index not in opened)
    with pytest.raises(Unproven, match="audit-sample"):
        issuer.check(10, {**opened, stranger: audit.Opened(issuer.openings[stranger], issuer.signatures[stranger])})


def test_each_counted_entry_has_its_line_and_no_other_has_one() -> None:
    issuer = Issuer()
    for tags in ({index: each for index, each in issuer.tags.tags.items() if index != 9}, {**issuer.tags.tags, 0: bytes(32)}):
        cheat = Issuer()
        cheat.tags = replace(cheat.tags, tags=tags)
        with pytest.raises(Unproven, match="audit-tags"):
            cheat.check(5)
    with pytest.raises(Unproven, match="audit-key"):
        issuer.tags = replace(issuer.tags, key=bytes(32))
        issuer.check(5)


def test_blind_signatures_are_of_the_address_and_the_auditor_sees_only_noise() -> None:
    dice = random.Random(7)
    factor, other = dice.randrange(2, KEY.modulus), dice.randrange(2, KEY.modulus)
    blinded = KEY.blind(PEOPLE[1], factor)
    assert blinded != KEY.blind(PEOPLE[1], other) and blinded != KEY.hashed(PEOPLE[1])
    # Any address could be behind it: for each there is a factor that gives the very same number.
    for address in PEOPLE.values():
        needed = blinded * pow(KEY.hashed(address), -1, KEY.modulus) % KEY.modulus
        assert KEY.hashed(address) * needed % KEY.modulus == blinded
    signed = pow(blinded, _PRIVATE.d, KEY.modulus)
    assert KEY.unblind(signed, factor, PEOPLE[1]) == signature_of(PEOPLE[1])
    with pytest.raises(Unproven, match="audit-signature"):
        KEY.unblind(signed + 1, factor, PEOPLE[1])


def test_a_tag_cannot_be_tried_with_the_public_key_and_a_guess() -> None:
    """What is public of an audit, and the right address, lead to no tag: that takes the signature, and its key is gone."""
    kept = Issuer().tags.tags
    guess = KEY.hashed(PEOPLE[1]).to_bytes(KEY.width, "big")
    assert audit.tag(guess) not in kept.values() and sha256(PEOPLE[1].encode()) not in kept.values()
    assert audit.tag(signature_of(PEOPLE[1])) == kept[1], "control: with the key it would"


def test_the_lot_is_fair_repeatable_and_bound_to_the_tags() -> None:
    of = list(range(1000))
    assert audit.sample(of, 50, SEED) == audit.sample(of, 50, SEED)
    assert audit.sample(of, 50, SEED) != audit.sample(of, 50, audit.seed(bytes(32), "7 12 19 23 42"))
    assert audit.seed(bytes(32), "x") != audit.seed(sha256(b""), "x")
    assert audit.sample(of, 5000, SEED) == of
    hits = [0] * 20
    for round_ in range(400):
        for index in audit.sample(range(20), 5, audit.seed(bytes(32), str(round_))):
            hits[index] += 1
    assert sum(hits) == 2000 and min(hits) > 60 and max(hits) < 140


@pytest.mark.parametrize(("share", "certainty", "size"), [(0.05, 0.95, 59), (0.01, 0.95, 299), (0.01, 0.99, 459), (0.001, 0.95, 2995)])
def test_sample_sizes(share: float, certainty: float, size: int) -> None:
    assert audit.sample_size(share, certainty) == size


def test_files_are_read_back_and_nothing_else_is() -> None:
    issuer = Issuer()
    issuer.tagged(3, None)
    assert audit.Tags.parse(issuer.tags.encode()) == issuer.tags
    assert audit.Key.parse(KEY.encode()) == KEY
    opened = issuer.open(4)
    lines = b"".join(audit.format_opened(index, shown) for index, shown in opened.items())
    assert audit.parse_opened(lines) == opened
    good = issuer.tags.encode()
    for broken in (
        b"",
        good[:-1],
        good + b"\n",
        good.replace(b"\n3 -\n", b"\n03 -\n"),
        good.replace(b"\n3 -\n", b"\n3 -\n3 -\n"),
        good[5:],
    ):
        with pytest.raises(Unproven, match="audit-tags"):
            audit.Tags.parse(broken)
    for key in (b'{"format":"petition-audit-key/v1","modulus":"AAAA"}', b'{"format":"x","modulus":"AAAA"}'):
        with pytest.raises(Unproven, match="audit-key"):
            audit.Key.parse(key)
    for broken in (lines[:-1], lines + lines, b'{"index":1}\n'):
        with pytest.raises(Unproven, match="audit-openings"):
            audit.parse_opened(broken)


def test_a_report_holds_numbers_and_places_and_names_nobody() -> None:
    issuer = Issuer({**PEOPLE, 40: PEOPLE[7]})
    made = audit.report(
        issuer.check(5),
        issuer.tags,
        auditor="N. N., Brussels",
        auditor_key="ssh-ed25519 AAAA",
        done_on="2026-11-20",
        by=SEED,
        word="lottery",
    )
    found = audit.parse_report(made)
    assert (found["tags"], found["duplicates"], found["sample"], found["opened"]) == (40, 1, 5, 5)
    assert found["faults"] == [{"entries": [7, 40], "fault": "audit-duplicate"}]
    assert b"@" not in made
    for old, new in ((b'"tags":40', b'"tags":-1'), (b'"sample":5', b'"sample":true'), (b'"word"', b'"work"'), (b'"lottery"', b'""')):
        with pytest.raises(Unproven, match="audit-report"):
            audit.parse_report(
                made.replace(old, new)
                if old != b'"word"'
                else made.replace(b'"word":"lottery"', b'"zord":"lottery"').replace(b'"untagged":0,"word"', b'"untagged":0,"work"')
            )
