"""Bytes that stay good until what they were made of changes."""

from __future__ import annotations

from service.web.kept import Kept


def test_bytes_are_made_once_and_made_anew_when_their_mark_has_changed() -> None:
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"page %d" % len(made)

    kept = Kept()
    first = kept.get(1, "a", make)
    assert kept.get(1, "a", make) == first
    assert kept.get(1, "b", make) != first
    assert kept.get(2, "a", make)[0] == b"page 3"
    assert first[1].startswith('"')
