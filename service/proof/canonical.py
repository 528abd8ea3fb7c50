"""Every value that is signed, hashed or counted has exactly one spelling.

Rule: a reader never repairs. It decodes, spells the result again, and refuses what is not identical, so that two different
files can never mean the same thing, and no byte of a file is without meaning.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from typing import Final

from service.errors import Unproven

MAX_INTEGER: Final = 2**53 - 1  # what every JSON reader holds exactly (RFC 8785, appendix D)
MAX_SIZE: Final = 2**63 - 1  # what every log reader holds exactly

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def sha256(data: bytes) -> bytes:
    """The 32-byte SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


def b64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4): notes, checkpoints and JSON."""
    return base64.b64encode(data).decode("ascii")


def unb64(text: str, name: str, *, length: int | None = None) -> bytes:
    """The bytes behind standard base64 in its one canonical spelling, of exactly `length` bytes if given; else Unproven(`name`)."""
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError:  # UnicodeEncodeError and binascii.Error are both
        raise Unproven(name, "not base64") from None
    # strict_mode still lets through non-zero bits behind the last byte
    if b64(data) != text:
        raise Unproven(name, "not canonical base64")
    if length is not None and len(data) != length:
        raise Unproven(name, f"{len(data)} bytes instead of {length}")
    return data


def b64url(data: bytes) -> str:
    """base64url without padding (RFC 4648 section 5): ledger entries."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def unb64url(text: str, name: str, *, length: int | None = None) -> bytes:
    """The bytes behind unpadded base64url in its one canonical spelling, of exactly `length` bytes if given; else Unproven(`name`)."""
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:
        raise Unproven(name, "not base64url") from None
    if b64url(data) != text:
        raise Unproven(name, "not canonical base64url")
    if length is not None and len(data) != length:
        raise Unproven(name, f"{len(data)} bytes instead of {length}")
    return data


def decimal(text: str, name: str) -> int:
    """A number without sign, leading zero, space or foreign digit, below 2**63; else Unproven(`name`)."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise Unproven(name, "not a canonical decimal number")
    return int(text)


def canonical_json(value: object) -> bytes:
    """RFC 8785, restricted to null, booleans, integers within ±(2**53 - 1), strings, lists and dicts with string keys.

    Strings are written as they are, never normalised. Raises ValueError for anything else: a float, a lone surrogate, a key
    that is not a string.
    """
    return json.dumps(_ordered(value), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def _ordered(value: object) -> object:
    match value:
        case None | bool() | str():
            return value
        case int():
            if abs(value) > MAX_INTEGER:
                raise ValueError("an integer beyond 2**53 - 1 is not read alike everywhere")
            return value
        case list() | tuple():
            return [_ordered(item) for item in value]
        case dict():
            if not all(isinstance(key, str) for key in value):
                raise ValueError("a JSON key must be a string")
            # section 3.2.3: by UTF-16 code units, which differs from code point order above U+FFFF
            return {key: _ordered(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
        case _:
            raise ValueError(f"{type(value).__name__} has no canonical spelling")


def parse_json(data: bytes) -> object:
    """The value behind canonical JSON. Unproven("json-not-canonical") unless `canonical_json` gives back exactly `data`."""
    try:
        value: object = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float)
        spelled = canonical_json(value)
    except (ValueError, RecursionError) as fault:
        raise Unproven("json-not-canonical", str(fault)) from None
    if spelled != data:
        raise Unproven("json-not-canonical", "the same value has another spelling")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is repeated")
    return value


def _no_float(text: str) -> object:
    raise ValueError(f"{text} is not an integer")
