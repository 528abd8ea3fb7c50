"""Until a signature is in the log its signer holds a promise: this entry will be in that log by that hour, or we broke our word.

A promise is a signed note of four lines. It names no one; the entry in it is the same bytes that the log will hold. It can be
broken only after its hour, and only by a log that was signed after it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.errors import Unproven
from service.proof import entries, note

FIRST_LINE: Final = "petition-promise/v1"
_HOUR = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")


@dataclass(frozen=True, slots=True)
class Promise:
    """The log of `origin` will hold `entry` in a checkpoint signed no later than `until`, an hour in UTC as it is spelled in the note."""

    origin: str
    entry: bytes
    until: str

    def text(self) -> str:
        """The note text: four lines."""
        return f"{FIRST_LINE}\n{self.origin}\n{self.entry.decode()}\n{self.until}\n"

    @classmethod
    def parse(cls, text: str) -> Promise:
        """The promise behind exactly these lines; else Unproven("promise")."""
        lines = text.split("\n")
        if len(lines) != 5 or lines[0] != FIRST_LINE or lines[4] or not note.is_name(lines[1]) or not _HOUR.fullmatch(lines[3]):
            raise Unproven("promise", f"not the four lines of {FIRST_LINE}")
        try:
            entry = entries.parse(lines[2].encode())
        except Unproven:
            raise Unproven("promise", "no entry") from None
        if not isinstance(entry, entries.Added):
            raise Unproven("promise", "it promises something else than a signature")
        return cls(lines[1], lines[2].encode(), lines[3])

    def check(self, index: int | None, now: str) -> None:
        """Return if the log holds the entry (`index` of it); Unproven("promise-broken") if it does not and `until` is over at `now`.

        `now`, spelled like `until`, is an hour at which the log stood so: the reader's own clock for a live log. Before `until` a missing
        entry says nothing, and the caller asks again later.
        """
        if index is None and now > self.until:  # one spelling for each hour, so their order is that of time
            raise Unproven("promise-broken", f"{self.entry.decode()} was promised until {self.until} and is not in the log")


def open_promise(data: bytes, verifiers: Sequence[note.Verifier]) -> Promise:
    """The promise that one of `verifiers` signed; Unproven as in `note.open`, or "promise"."""
    return Promise.parse(note.open(data, verifiers).text)


def is_promise(data: bytes) -> bool:
    """Whether the file says that it is a promise."""
    return data.startswith(FIRST_LINE.encode() + b"\n")
