"""What changed between two texts, line by line and, within changed lines, word by word; for people to read, not for machines."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "added", "removed"]
Piece = tuple[Kind, str]

_LONGEST = 400
"""Words of a changed passage that are compared one by one; a longer one is shown as a whole."""


def between(old: str, new: str) -> list[Piece]:
    """Pieces in reading order; joined without the removed ones they are ``new``, without the added ones ``old``."""
    pieces: list[Piece] = []
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        was, now = "".join(before[a:b]), "".join(after[c:d])
        if tag == "equal":
            pieces.append(("same", now))
        else:
            pieces += _words(was, now)
    return _joined(pieces)


def _words(was: str, now: str) -> list[Piece]:
    before, after = re.findall(r"\s+|\S+", was), re.findall(r"\s+|\S+", now)
    if len(before) > _LONGEST or len(after) > _LONGEST:
        return [("removed", was), ("added", now)]
    pieces: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", "".join(after[c:d])))
        else:
            pieces += [("removed", "".join(before[a:b])), ("added", "".join(after[c:d]))]
    return pieces


def _joined(pieces: list[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for kind, text in pieces:
        if text and joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + text)
        elif text:
            joined.append((kind, text))
    return joined
