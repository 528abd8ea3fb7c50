"""Which witnesses a reader believes, and how many of them must have seen the same log: C2SP tlog-policy, as one text file.

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>…
    quorum <name>|none

Rules: a name is defined before it is used and is a member of one group at most, so that a witness counts once; a key stands
once. Log keys are of type 0x01 or 0x06, witness keys of type 0x04 or 0x06.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from service.errors import Unproven
from service.proof.note import COSIGNATURE, ED25519, ML_DSA_44, Verifier, parse_vkey

NONE: Final = "none"
MOST: Final = 100  # the specification asks for at least 32 of each

_NUMBER = re.compile(r"[1-9][0-9]{0,2}")


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness by its name in the policy, its key, and where to submit checkpoints (empty: it is only believed, not asked)."""

    name: str
    verifier: Verifier
    url: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs, witnesses, and the rule by which a set of witnesses is enough."""

    logs: tuple[Verifier, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    groups: Mapping[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = NONE

    @property
    def least(self) -> int:
        """How many members of the quorum's own group must be there; 1 for a single witness, 0 for none."""
        return 0 if self.quorum == NONE else self.groups.get(self.quorum, (1, ()))[0]

    def is_met(self, cosigners: Collection[str]) -> bool:
        """Whether the witnesses of these names are enough. `quorum none` is always met."""
        return self.quorum == NONE or self._has(self.quorum, cosigners)

    def _has(self, name: str, cosigners: Collection[str]) -> bool:
        if name not in self.groups:
            return name in cosigners
        least, members = self.groups[name]
        return sum(self._has(member, cosigners) for member in members) >= least

    @classmethod
    def parse(cls, text: str) -> Policy:
        """The policy of a file; Unproven("policy") with the number of the line that is wrong."""
        reader = _Reader()
        for number, line in enumerate(text.split("\n"), 1):
            words = re.split(r"[ \t]+", line.strip(" \t"))
            if words == [""] or words[0].startswith("#"):
                continue
            try:
                reader.read(words)
            except (ValueError, Unproven) as fault:
                raise Unproven("policy", f"line {number}: {fault}") from None
        if reader.quorum is None:
            raise Unproven("policy", "no quorum line")
        if max(len(reader.logs), len(reader.witnesses), len(reader.groups)) > MOST:
            raise Unproven("policy", f"more than {MOST} of a kind")
        return cls(tuple(reader.logs), tuple(reader.witnesses), reader.groups, reader.quorum)

    @classmethod
    def of(cls, witnesses: Collection[tuple[str, str]]) -> Policy:
        """(vkey, url) of some witnesses, of whom more than half must have cosigned; Unproven("policy")."""
        names = [f"w{number}" for number in range(1, len(witnesses) + 1)]
        lines = [f"witness {name} {vkey} {url}" for name, (vkey, url) in zip(names, witnesses, strict=True)]
        return cls.parse("\n".join([*lines, f"group most {len(names) // 2 + 1} {' '.join(names)}", "quorum most"]))


class _Reader:
    def __init__(self) -> None:
        self.logs: list[Verifier] = []
        self.witnesses: list[Witness] = []
        self.groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.quorum: str | None = None
        self._free: set[str] = set()
        self._names: set[str] = set()
        self._keys: set[bytes] = set()

    def read(self, words: list[str]) -> None:
        if any(each < " " or each == "\x7f" for word in words for each in word):
            raise ValueError("a control character")
        match words:
            case ["log", vkey] | ["log", vkey, _]:
                self.logs.append(self._key(vkey, ED25519, ML_DSA_44))
            case ["witness", name, vkey, *url] if len(url) < 2:
                self._define(name)
                self.witnesses.append(Witness(name, self._key(vkey, COSIGNATURE, ML_DSA_44), "".join(url).rstrip("/")))
            case ["group", name, least, first, *more]:
                members = (first, *more)
                if not set(members) <= self._free or len(set(members)) != len(members):
                    raise ValueError("a member is not defined above, or is a member already")
                count = {"all": len(members), "any": 1}.get(least) or (int(least) if _NUMBER.fullmatch(least) else 0)
                if not 1 <= count <= len(members):
                    raise ValueError(f"{least} of {len(members)} is no rule")
                self._define(name)
                self._free -= set(members)
                self.groups[name] = (count, members)
            case ["quorum", name] if self.quorum is None:
                if name != NONE and name not in self._names:
                    raise ValueError(f"{name} is not defined above")
                self.quorum = name
            case _:
                raise ValueError("not a log, witness, group or quorum line, or a second quorum")

    def _define(self, name: str) -> None:
        if name in self._names or name == NONE:
            raise ValueError(f"{name} is defined already")
        self._names.add(name)
        self._free.add(name)

    def _key(self, vkey: str, *kinds: int) -> Verifier:
        verifier = parse_vkey(vkey)
        if verifier.algorithm not in kinds:
            raise ValueError(f"a key of type {verifier.algorithm:#04x} has no place here")
        if verifier.key in self._keys:
            raise ValueError("the same key stands twice")
        self._keys.add(verifier.key)
        return verifier
