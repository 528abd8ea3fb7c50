"""How one signer becomes 32 bytes in public that say nothing about them, and how the signer alone can show that they are in it.

A commitment binds the exact text that was signed (by its manifest's hash) and four fields, each under a salt of its own, so
that one field can be shown without the others. Rules: an absent field is the empty string, so its absence is hidden too; every
salt is exactly 32 bytes; the secret opens everything and is as sensitive as the identity.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from service.errors import Unproven
from service.proof.canonical import MAX_INTEGER, b64, canonical_json, parse_json, sha256, unb64
from service.proof.entries import Added
from service.proof.note import is_name

FIELDS: Final = ("email", "country", "locale", "class")

_LEAF: Final = b"petition-log/v1 leaf\0"
_FIELD: Final = b"petition-log/v1 field\0"


def salts(secret: bytes) -> dict[str, bytes]:
    """The salt of each field, HMAC-SHA256(secret, name). `secret` is 32 random bytes made for this signature alone (ValueError)."""
    if len(secret) != 32:
        raise ValueError("a secret is 32 bytes")
    return {name: hmac.digest(secret, name.encode(), "sha256") for name in FIELDS}


def digest(salt: bytes, name: str, value: str) -> bytes:
    """HMAC-SHA256(salt, "petition-log/v1 field\\0" name "\\0" value): hides the value as long as the salt is secret."""
    if len(salt) != 32:
        raise ValueError("a salt is 32 bytes")
    return hmac.digest(salt, _FIELD + name.encode() + b"\0" + value.encode(), "sha256")


def commit(origin: str, text_hash: bytes, secret: bytes, email: str, country: str, locale: str, klass: str) -> bytes:
    """The 32-byte commitment. `email` is the canonical address under the manifest's rule; `origin` names the petition's log."""
    values = dict(zip(FIELDS, (email, country, locale, klass), strict=True))
    return _leaf(origin, text_hash, {name: digest(salt, name, values[name]) for name, salt in salts(secret).items()})


def entry(version: int, commit: bytes) -> bytes:
    """`A <text version> <commitment>`, the bytes that go into the log."""
    return bytes(Added(version, commit))


def verify_opening(origin: str, text_hash: bytes, salts: Mapping[str, bytes], values: Mapping[str, str], commit: bytes) -> None:
    """Return if `salts` and `values` of all four fields open `commit`; else Unproven("opening")."""
    if set(salts) != set(FIELDS) or set(values) != set(FIELDS):
        raise Unproven("opening", "not exactly the four fields")
    verify_selective(origin, text_hash, {name: (salts[name], values[name]) for name in FIELDS}, {}, commit)


def verify_selective(
    origin: str, text_hash: bytes, opened: Mapping[str, tuple[bytes, str]], closed: Mapping[str, bytes], commit: bytes
) -> None:
    """Return if `commit` is opened by some fields as (salt, value) and the remaining ones as bare digests; else Unproven("opening").

    Together they are exactly the four fields; every salt and digest is exactly 32 bytes.
    """
    if sorted([*opened, *closed]) != sorted(FIELDS):
        raise Unproven("opening", "not exactly the four fields")
    # A salt that HMAC would pad or hash down has other spellings, so that one leaf could be offered to two signers.
    if any(len(each) != 32 for each in (text_hash, *closed.values(), *(salt for salt, _ in opened.values()))):
        raise Unproven("opening", "a hash, salt or digest is not 32 bytes")
    digests = {**closed, **{name: digest(salt, name, value) for name, (salt, value) in opened.items()}}
    if not hmac.compare_digest(_leaf(origin, text_hash, digests), commit):
        raise Unproven("opening", "opens another commitment")


def _leaf(origin: str, text_hash: bytes, digests: Mapping[str, bytes]) -> bytes:
    named = origin.encode()
    if len(text_hash) != 32 or not 0 < len(named) <= 0xFFFF:
        raise ValueError("not a text hash or not an origin")
    return sha256(_LEAF + len(named).to_bytes(2, "big") + named + text_hash + b"".join(digests[name] for name in FIELDS))


@dataclass(frozen=True, slots=True)
class Manifest:
    """Exactly what was shown when people signed one version of one petition.

    `statements`, `consent` and `privacy` give, for each language, the 32-byte SHA-256 of the UTF-8 text; `eligibility` is the
    claim that signers make; `norm` names the rule behind canonical addresses; `classes` are the confirmation methods that a
    commitment may carry; `sealing_keys` are the fingerprints of the offline keys that identities are sealed to (none: []).
    """

    origin: str
    version: int
    statements: Mapping[str, bytes]
    consent: Mapping[str, bytes]
    privacy: Mapping[str, bytes]
    eligibility: str
    norm: str
    classes: tuple[str, ...]
    sealing_keys: tuple[str, ...] = ()

    FORMAT = "petition-text/v1"

    def encode(self) -> bytes:
        """Canonical JSON, without newline. ValueError for a manifest that `parse` would refuse."""
        data = canonical_json(
            {
                "format": self.FORMAT,
                "origin": self.origin,
                "version": self.version,
                "statements": {language: b64(digest) for language, digest in self.statements.items()},
                "consent": {language: b64(digest) for language, digest in self.consent.items()},
                "privacy": {language: b64(digest) for language, digest in self.privacy.items()},
                "eligibility": self.eligibility,
                "norm": self.norm,
                "classes": self.classes,
                "sealing_keys": self.sealing_keys,
            }
        )
        try:
            Manifest.parse(data)
        except Unproven as fault:
            raise ValueError(str(fault)) from None
        return data

    @property
    def text_hash(self) -> bytes:
        """The 32 bytes that T entries and commitments carry."""
        return sha256(self.encode())

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """The manifest behind canonical JSON of exactly these keys; Unproven "json-not-canonical" or "manifest"."""
        match parse_json(data):
            case {
                "format": cls.FORMAT,
                "origin": str(origin),
                "version": int(version),
                "statements": dict(statements),
                "consent": dict(consent),
                "privacy": dict(privacy),
                "eligibility": str(eligibility),
                "norm": str(norm),
                "classes": list(classes),
                "sealing_keys": list(sealing_keys),
                **rest,
            } if not rest:
                pass
            case _:
                raise Unproven("manifest", f"not the keys and types of {cls.FORMAT}")
        if not is_name(origin) or isinstance(version, bool) or not 1 <= version <= MAX_INTEGER:
            raise Unproven("manifest", "origin or version")
        if not statements or not set(statements) == set(consent) == set(privacy) or not all(map(_is_language, statements)):
            raise Unproven("manifest", "statement, consent and privacy wording must be there in the same languages")
        return cls(
            origin,
            version,
            _hashes(statements),
            _hashes(consent),
            _hashes(privacy),
            eligibility,
            norm,
            _strings(classes),
            _strings(sealing_keys),
        )


def _is_language(tag: str) -> bool:
    """A language tag is also a file name in the evidence bundle."""
    return 2 <= len(tag) <= 35 and tag.isascii() and tag.replace("-", "").isalnum() and not tag.startswith("-")


def _hashes(values: Mapping[str, object]) -> dict[str, bytes]:
    if not all(isinstance(value, str) for value in values.values()):
        raise Unproven("manifest", "a hash is a string")
    return {language: unb64(cast(str, value), "manifest", length=32) for language, value in values.items()}


def _strings(values: list[object]) -> tuple[str, ...]:
    if not all(isinstance(value, str) and value for value in values) or len(set(values)) != len(values):
        raise Unproven("manifest", "a list holds strings, each once")
    return cast("tuple[str, ...]", tuple(values))


@dataclass(frozen=True, slots=True)
class Opening:
    """What a signer's receipt opens: the values that were committed, under their salts, and the text that was signed.

    Whoever holds it can show that this address signed; it says so about nobody else.
    """

    origin: str
    version: int
    text_hash: bytes
    salts: Mapping[str, bytes]
    values: Mapping[str, str]

    FORMAT = "petition-opening/v1"

    def entry(self) -> bytes:
        """The ledger entry that these values make, and no others. ValueError for an opening that `parse` would refuse."""
        digests = {name: digest(self.salts[name], name, self.values[name]) for name in FIELDS}
        return entry(self.version, _leaf(self.origin, self.text_hash, digests))

    def encode(self) -> bytes:
        """Canonical JSON, without newline: the extra data of a receipt."""
        return canonical_json(
            {
                "format": self.FORMAT,
                "origin": self.origin,
                "version": self.version,
                "text_hash": b64(self.text_hash),
                "salts": {name: b64(self.salts[name]) for name in FIELDS},
                "values": {name: self.values[name] for name in FIELDS},
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Opening:
        """The opening behind canonical JSON of exactly these keys; Unproven "json-not-canonical" or "opening"."""
        match parse_json(data):
            case {
                "format": cls.FORMAT,
                "origin": str(origin),
                "version": int(version),
                "text_hash": str(text_hash),
                "salts": dict(salts),
                "values": dict(values),
                **rest,
            } if not rest and is_name(origin) and len(origin.encode()) <= 0xFFFF and not isinstance(version, bool) and 1 <= version < 10**9:
                pass
            case _:
                raise Unproven("opening", f"not the keys and types of {cls.FORMAT}")
        if set(salts) != set(FIELDS) or set(values) != set(FIELDS):
            raise Unproven("opening", "not exactly the four fields")
        if not all(isinstance(each, str) for each in (*salts.values(), *values.values())):
            raise Unproven("opening", "salts and values are strings")
        return cls(
            origin,
            version,
            unb64(text_hash, "opening", length=32),
            {name: unb64(salts[name], "opening", length=32) for name in FIELDS},
            {name: values[name] for name in FIELDS},
        )
