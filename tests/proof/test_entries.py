"""The grammar, and the count: what a stranger recounts is what we say, and an impossible log has no count at all."""

from __future__ import annotations

import json
from typing import Any

import proof_reference as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import Unproven
from service.proof import entries, merkle, note
from service.proof.entries import (
    Added,
    Anchored,
    Certified,
    Closed,
    Entry,
    Erased,
    Invalidated,
    Key,
    Purged,
    Reinstated,
    Tally,
    Text,
    Withdrawn,
)

VECTORS: dict[str, list[str]] = json.loads((reference.VECTORS / "entries.json").read_text())
LOGS: list[dict[str, Any]] = json.loads((reference.VECTORS / "logs.json").read_text())

hashes = st.binary(min_size=32, max_size=32)
places = st.integers(0, 2**63 - 1)
versions = st.integers(1, 10**9 - 1)
petition_entries: st.SearchStrategy[Entry] = st.one_of(
    st.builds(Text, versions, hashes),
    st.builds(Added, versions, hashes),
    st.builds(Withdrawn, places, st.sampled_from(entries.WITHDRAWAL_REASONS)),
    st.builds(Invalidated, places, st.sampled_from(entries.INVALIDATION_REASONS)),
    st.builds(Reinstated, places),
    st.builds(Closed, st.from_regex(r"[a-z]{1,16}(-[a-z]{1,16}){0,3}", fullmatch=True)),
    st.builds(Erased, places),
    st.builds(Purged, places),
)


@pytest.mark.parametrize("line", VECTORS["petition"])
def test_every_kind_of_entry_is_read_back(line: str) -> None:
    assert entries.format(entries.parse(line.encode())) == line.encode()
    with pytest.raises(Unproven, match="unknown-entry"):
        entries.parse_anchor(line.encode())


@pytest.mark.parametrize("line", VECTORS["anchor"])
def test_every_kind_of_anchor_entry_is_read_back(line: str) -> None:
    assert entries.format(entries.parse_anchor(line.encode())) == line.encode()
    with pytest.raises(Unproven, match="unknown-entry"):
        entries.parse(line.encode())


@given(petition_entries)
def test_what_was_written_is_what_is_read(entry: Entry) -> None:
    assert entries.parse(entries.format(entry)) == entry


@given(hashes, places)
def test_what_was_anchored_is_what_is_read(digest: bytes, size: int) -> None:
    for entry in (Anchored(reference.ORIGIN, size, digest), Certified(digest)):
        assert entries.parse_anchor(entries.format(entry)) == entry


@given(st.binary(max_size=70) | st.text(" TAWXRZEP0123456789signer-\n", max_size=20).map(str.encode))
def test_whatever_parses_is_spelled_so(data: bytes) -> None:
    for parse in (entries.parse, entries.parse_anchor):
        try:
            entry = parse(data)
        except Unproven:
            continue
        assert entries.format(entry) == data


HASH = reference.b64url(bytes(32))


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("", "unknown-entry"),
        ("B 1", "unknown-entry"),
        ("a 1 " + HASH, "unknown-entry"),
        (" A 1 " + HASH, "unknown-entry"),
        ("A1 " + HASH, "unknown-entry"),
        ("AA 1 " + HASH, "unknown-entry"),
        ("Á 1", "unknown-entry"),
        ("A", "entry-malformed"),
        ("A  1 " + HASH, "entry-malformed"),
        ("A 1 " + HASH + "\n", "entry-malformed"),
        ("A 1 " + HASH + " ", "entry-malformed"),
        ("A 0 " + HASH, "entry-malformed"),
        ("A 01 " + HASH, "entry-malformed"),
        ("A +1 " + HASH, "entry-malformed"),
        (f"A {10**9} " + HASH, "entry-malformed"),
        ("A 1 " + HASH + "=", "entry-malformed"),
        ("A 1 " + HASH[:-1] + "B", "entry-malformed"),
        ("A 1 " + HASH[:-1], "entry-malformed"),
        ("A 1 " + HASH[:-1] + "+", "entry-malformed"),
        ("A 1 " + HASH + " more", "entry-malformed"),
        ("T 1", "entry-malformed"),
        ("W 1", "entry-malformed"),
        ("W 1 fraud", "unknown-reason"),
        ("W -1 signer", "entry-malformed"),
        ("X 1 signer", "unknown-reason"),
        ("X 1 Fraud", "unknown-reason"),
        ("R 1 signer", "entry-malformed"),
        ("R 00", "entry-malformed"),
        ("Z", "entry-malformed"),
        ("Z ", "entry-malformed"),
        ("Z Deadline", "entry-malformed"),
        ("Z a-b-c-d-e", "entry-malformed"),
        ("Z -a", "entry-malformed"),
        ("E x", "entry-malformed"),
        (f"P {2**63}", "entry-malformed"),
    ],
)
def test_nothing_else_parses(line: str, name: str) -> None:
    for read in (entries.parse, Tally().add):
        with pytest.raises(Unproven) as caught:
            read(line.encode())
        assert caught.value.name == name


@pytest.mark.parametrize(
    "line",
    [
        "S",
        "S o 1",
        f"S a+b 1 {HASH}",
        f"S o 01 {HASH}",
        f"S o 1 {HASH}=",
        f"S  1 {HASH}",
        "C",
        f"C {HASH}=",
        f"C {HASH} x",
        "K",
        "K n+0+A",
        "K a b",
    ],
)
def test_nothing_else_is_anchored(line: str) -> None:
    with pytest.raises(Unproven, match="entry-malformed"):
        entries.parse_anchor(line.encode())


ANCHOR_KEY, LOG_KEY, OTHER_KEY = (
    note.Signer(name, bytes([n] * 32)).vkey
    for n, name in ((1, reference.ANCHOR), (2, reference.ORIGIN), (3, "libertas.example/ledger/other"))
)
ANCHORED = (Key(ANCHOR_KEY), Key(LOG_KEY), Anchored(reference.ORIGIN, 5, bytes(32)), Certified(bytes(32)))


@pytest.mark.parametrize(
    ("log", "name"),
    [
        (
            [*ANCHORED, Key(OTHER_KEY), Anchored("libertas.example/ledger/other", 1, bytes(32)), Anchored(reference.ORIGIN, 6, bytes(32))],
            "",
        ),
        ([*ANCHORED, Key(note.Signer(reference.ORIGIN, bytes([9] * 32)).vkey), Certified(bytes([1] * 32))], ""),
        ([Key(LOG_KEY)], "head-without-key"),
        ([Certified(bytes(32))], "head-without-key"),
        ([Anchored(reference.ORIGIN, 5, bytes(32))], "head-without-key"),
        ([*ANCHORED, Anchored("libertas.example/ledger/other", 1, bytes(32))], "head-without-key"),
        ([*ANCHORED, Anchored(reference.ANCHOR, 4, bytes(32))], "head-without-key"),
        ([*ANCHORED, Anchored(reference.ORIGIN, 5, bytes(32))], "head-not-ahead"),
        ([*ANCHORED, Anchored(reference.ORIGIN, 5, bytes([1] * 32))], "head-not-ahead"),
        ([*ANCHORED, Anchored(reference.ORIGIN, 4, bytes(32))], "head-not-ahead"),
        ([Key(ANCHOR_KEY), Key(LOG_KEY), Anchored(reference.ORIGIN, 0, bytes(32))], "head-not-ahead"),
        ([*ANCHORED, Key(LOG_KEY)], "key-repeats"),
        ([*ANCHORED, Certified(bytes([1] * 32)), Certified(bytes(32))], "certificate-repeats"),
        ([*ANCHORED, Text(1, bytes(32))], "unknown-entry"),
    ],
)
def test_an_anchor_log_has_rules_of_its_own(log: list[Any], name: str) -> None:
    tally = entries.AnchorTally(reference.ANCHOR)
    for entry in log[:-1] if name else log:
        tally.add(bytes(entry))
    if name:
        with pytest.raises(Unproven) as caught:
            tally.add(bytes(log[-1]))
        assert caught.value.name == name and f"entry {len(log) - 1}" in caught.value.detail
    else:
        assert (tally.size, tally.heads[reference.ORIGIN][0] >= 5, bytes(32) in tally.certificates) == (len(log), True, True)


@pytest.mark.parametrize(
    "entry",
    [
        Text(0, bytes(32)),
        Added(1, bytes(31)),
        Added(10**9, bytes(32)),
        Withdrawn(-1, "signer"),
        Withdrawn(1, "fraud"),
        Invalidated(1, "signer"),
        Reinstated(2**63),
        Closed("two words"),
        Anchored("two words", 1, bytes(32)),
        Anchored("է", 1, bytes(32)),
        Certified(b""),
        Key("n+0+A"),
    ],
)
def test_nothing_is_written_that_would_not_be_read(entry: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        entries.format(entry)


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log["name"])
def test_whole_logs_count_to_the_committed_figures(log: dict[str, Any]) -> None:
    lines = log.get("entries") or reference.random_log(10, log["size"])
    if "sha256" in log:
        assert reference.sha("".join(f"{line}\n" for line in lines).encode()).hex() == log["sha256"]
    tally, frontier = Tally(), merkle.Frontier()
    for line in lines:
        tally.add(line.encode())
        frontier.append(merkle.leaf_hash(line.encode()))
    assert tally.proved() == log["figures"]
    assert (tally.size, frontier.root().hex()) == (log["size"], log["root"])


def commit(n: int) -> str:
    return reference.b64url(reference.sha(str(n).encode()))


# Few places, few commits: so that a random walk meets every rule, in order and out of order.
near = st.integers(0, 14)
acts = st.one_of(
    st.builds("T {} {}".format, st.integers(1, 3), near.map(commit)),
    st.builds("A {} {}".format, st.integers(1, 3), near.map(commit)),
    st.builds("A 1 {}".format, st.integers(0, 10**6).map(commit)),
    st.builds("W {} {}".format, near, st.sampled_from(["signer", "erased"])),
    st.builds("X {} {}".format, near, st.sampled_from(["fraud", "court-order"])),
    st.builds("R {}".format, near),
    st.builds("E {}".format, near),
    st.builds("P {}".format, near),
    st.just("Z deadline"),
)


@given(st.integers(0, 4), st.lists(acts, max_size=40), st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_count_is_that_of_a_simple_table(start: int, walk: list[str], closed: bool) -> None:
    tally, model = Tally(), reference.Model()
    begin = [f"T 1 {commit(-1)}"] + [f"A 1 {commit(-2 - n)}" for n in range(start)] + ["Z deadline"] * closed
    for line in begin + walk:
        faults = model.faults(line)
        if faults:
            before = tally.proved()
            with pytest.raises(Unproven) as caught:
                tally.add(line.encode())
            assert caught.value.name in faults
            assert tally.proved() == before
        else:
            model.add(line)
            tally.add(line.encode() if len(line) % 2 else entries.parse(line.encode()))
    assert tally.proved() == model.figures()
    flags = tally._flags
    both = sum(flag & 6 == 6 for flag in flags)
    standing = sum(tally.invalidated.values()) - tally.reinstated
    assert tally.count == tally.added - sum(tally.withdrawn.values()) - standing + both == sum(tally.by_version.values())


A = [f"A 1 {commit(n)}" for n in range(4)]
STORIES = {
    "text-missing": ["A 1 " + HASH],
    "text-skips": ["T 1 " + HASH, "T 3 " + HASH],
    "text-after-close": ["T 1 " + HASH, "Z deadline", "T 2 " + HASH],
    "unknown-text": ["T 1 " + HASH, "A 2 " + HASH],
    "added-after-close": ["T 1 " + HASH, "Z deadline", A[0]],
    "commit-repeats": ["T 1 " + HASH, "T 2 " + commit(9), A[0], f"A 2 {commit(0)}"],
    "closed-twice": ["T 1 " + HASH, "Z deadline", "Z organizers"],
    "no-such-signature": ["T 1 " + HASH, A[0], "W 0 signer"],
    "withdrawn-twice": ["T 1 " + HASH, A[0], "W 1 signer", "W 1 erased"],
    "withdrawn-after-erasure": ["T 1 " + HASH, A[0], "Z deadline", "E 1", "W 1 signer"],
    "withdrawn-after-purge": ["T 1 " + HASH, A[0], "Z deadline", "P 2", "W 1 signer"],
    "invalidated-twice": ["T 1 " + HASH, A[0], "X 1 fraud", "X 1 duplicate"],
    "invalidated-after-erasure": ["T 1 " + HASH, A[0], "Z deadline", "E 1", "X 1 fraud"],
    "reinstated-not-invalidated": ["T 1 " + HASH, A[0], "W 1 signer", "R 1"],
    "erased-before-close": ["T 1 " + HASH, A[0], "E 1"],
    "erased-twice": ["T 1 " + HASH, A[0], "Z deadline", "E 1", "E 1"],
    "erased-not-counted": ["T 1 " + HASH, A[0], "W 1 signer", "Z deadline", "E 1"],
    "erased-after-purge": ["T 1 " + HASH, A[0], "Z deadline", "P 2", "E 1"],
    "purge-ahead": ["T 1 " + HASH, A[0], "Z deadline", "P 4"],
    "unknown-entry": ["T 1 " + HASH, "Q 1"],
}


@pytest.mark.parametrize(("name", "log"), STORIES.items(), ids=STORIES)
def test_each_rule_of_the_log_has_its_name(name: str, log: list[str]) -> None:
    tally = Tally()
    for line in log[:-1]:
        tally.add(line.encode())
    with pytest.raises(Unproven) as caught:
        tally.add(log[-1].encode())
    assert caught.value.name == name
    assert f"entry {len(log) - 1}" in caught.value.detail


def test_nothing_that_organizers_do_brings_a_withdrawn_signature_back() -> None:
    tally = Tally()
    for line in ["T 1 " + HASH, A[0], "X 1 fraud", "W 1 signer", "R 1"]:
        tally.add(line.encode())
    assert (tally.count, tally.by_version) == (0, {1: 0})
    tally.add(b"X 1 duplicate")
    tally.add(b"R 1")
    assert tally.count == 0


def test_a_purge_reaches_up_to_its_size_and_the_largest_holds() -> None:
    tally = Tally()
    for line in ["T 1 " + HASH, *A, "Z deadline", "P 3", "P 1", "W 3 signer", "E 4"]:
        tally.add(line.encode())
    for line, name in (("W 2 signer", "withdrawn-after-purge"), ("E 2", "erased-after-purge")):
        with pytest.raises(Unproven, match=name):
            tally.add(line.encode())
    tally.add(b"X 2 court-order")
    assert tally.count == 2


def test_an_erased_signature_counts_until_a_court_says_otherwise() -> None:
    tally = Tally()
    seen = []
    for line in ["T 1 " + HASH, A[0], A[1], "Z deadline", "E 1", "X 1 court-order", "R 1"]:
        tally.add(line.encode())
        seen.append((tally.count, tally.erased_counted))
    assert seen[-3:] == [(2, 1), (1, 0), (2, 1)]
    with pytest.raises(Unproven, match="erased-twice"):
        tally.add(b"E 1")


def test_an_invalidation_is_still_counted_as_an_event_when_it_was_taken_back() -> None:
    tally = Tally()
    for line in ["T 1 " + HASH, A[0], "X 1 fraud", "R 1", "X 1 fraud", "R 1"]:
        tally.add(line.encode())
    assert tally.proved() | {"invalidated": tally.invalidated["fraud"]} == {
        "added": 1,
        "withdrawn": 0,
        "invalidated": 2,
        "reinstated": 2,
        "erased_counted": 0,
        "count": 1,
        "by_version": {"1": 1},
    }
