"""One value, one spelling: JSON, base64 and numbers that are read only as we would write them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import Unproven
from service.proof.canonical import b64, b64url, canonical_json, decimal, parse_json, unb64, unb64url

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_every_value_is_read_back(value: object) -> None:
    data = canonical_json(value)
    assert parse_json(data) == value == json.loads(data)


def test_keys_stand_in_the_order_of_rfc_8785() -> None:
    # section 3.2.3's own example: U+1F600 (a surrogate pair) before U+FB33, though it is the larger code point
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(json.loads(canonical_json(dict.fromkeys(keys)))) == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_strings_are_escaped_as_rfc_8785_says_and_never_normalised() -> None:
    # section 3.2.2.2's own example, then NFC against NFD, and the ligature that NFKC would break
    assert canonical_json('\u20ac$\u000f\nA\'B"\\\\"/') == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'.encode()
    assert canonical_json(["é", "e\u0301", "և", "\x7f", "\u2028"]) == '["é","e\u0301","և","\x7f","\u2028"]'.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1\n",
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"NaN",
        b"Infinity",
        b"9007199254740992",
        b"-9007199254740992",
        b"9" * 5000,
        b'"\\u00e9"',
        b'"\\/"',
        b'"\\u000A"',
        b'"\\u000a"',
        b'"\\ud800"',
        b'"\xff"',
        b"\xef\xbb\xbf1",
        b'"\t"',
        b"[1,]",
        b"'a'",
        b"[" * 100_000,
        b"[" * 900 + b"]" * 900 + b" ",
    ],
)
def test_no_other_json_is_read(data: bytes) -> None:
    with pytest.raises(Unproven, match="json-not-canonical"):
        parse_json(data)


@pytest.mark.parametrize("value", [1.0, 2**53, -(2**53), {1: 2}, {None: 1}, "\ud800", {"\ud800": 1}, b"bytes", {1}, [object()]])
def test_what_has_no_spelling_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical_json(value)


@given(st.binary(max_size=80))
def test_base64_is_read_back(data: bytes) -> None:
    assert unb64(b64(data), "x") == data
    assert unb64url(b64url(data), "x") == data
    with pytest.raises(Unproven, match="x: "):
        unb64(b64(data), "x", length=len(data) + 1)
    with pytest.raises(Unproven, match="x: "):
        unb64url(b64url(data), "x", length=len(data) + 1)


@pytest.mark.parametrize("text", ["AA", "AA=", "AB==", "AA==\n", " AA==", "A A==", "AA==AA==", "A===", "_-==", "é", "AA==="])
def test_no_other_base64_is_read(text: str) -> None:
    with pytest.raises(Unproven):
        unb64(text, "x")


@pytest.mark.parametrize("text", ["A", "AB", "AA==", "AA=", "+/8", "A A", "AAA\n", "é", "AAAAA"])
def test_no_other_base64url_is_read(text: str) -> None:
    with pytest.raises(Unproven):
        unb64url(text, "x")


@pytest.mark.parametrize("text", ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "١", "1.0", "0x1", "²", str(2**63), "9" * 40])
def test_no_other_number_is_read(text: str) -> None:
    with pytest.raises(Unproven):
        decimal(text, "x")
    assert [decimal("0", "x"), decimal(str(2**63 - 1), "x")] == [0, 2**63 - 1]
