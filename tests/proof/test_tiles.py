"""The log's files: where they lie, what is in them, and that a smaller log is a part of a larger one."""

from __future__ import annotations

import json
from typing import Any

import proof_reference as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import Unproven
from service.proof import merkle, tiles

VECTORS: dict[str, Any] = json.loads((reference.VECTORS / "tiles.json").read_text())


@pytest.mark.parametrize(("path", "place"), VECTORS["paths"].items())
def test_a_tile_lies_where_the_specification_says(path: str, place: list[Any]) -> None:
    level, index, width = place
    assert (tiles.entries_path(index, width) if level == "entries" else tiles.path(level, index, width)) == path
    assert tiles.parse_path(path) == (level, index, width)


@given(st.integers(0, 63), st.integers(0, 2**62), st.integers(1, 256))
def test_every_path_is_read_back(level: int, index: int, width: int) -> None:
    assert tiles.parse_path(tiles.path(level, index, width)) == (level, index, width)
    assert tiles.parse_path(tiles.entries_path(index, width)) == ("entries", index, width)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/1000",
        "tile/0/x000/001",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/0/000.p/8/",
        "/tile/0/000",
        "tile/0/001/x234",
        "tile/0/x001",
        "tile/0/٠٠٠",
        "tile/Entries/000",
        "tile/entries",
        "tile/0/../000",
        "tile/0/000?p",
        "tile//000",
        "tile/0/x001/x234/067.p/8x",
        "",
        "tile/0/000\n",
        "tile/0/ 00",
        "tile/0/x001/" * 9,
    ],
)
def test_no_other_spelling_of_a_path_is_read(path: str) -> None:
    with pytest.raises(Unproven, match="tile-path"):
        tiles.parse_path(path)


@pytest.mark.parametrize(("size", "widths"), VECTORS["widths"].items())
def test_partial_tiles_have_the_widths_of_the_specification(size: str, widths: list[list[int]]) -> None:
    assert [list(each) for each in tiles.edge(int(size))] == widths
    partial = [list(each) for each in tiles.tiles_between(0, int(size)) if each[2] < 256]
    assert partial == widths


def test_a_log_of_70000_has_the_tiles_of_the_specification() -> None:
    found = tiles.tiles_between(0, 70_000)
    assert [sum(level == n and width == 256 for level, _, width in found) for n in range(3)] == [273, 1, 0]
    assert found[-1] == (2, 0, 1)


@given(st.integers(0, 70_000), st.integers(0, 70_000))
@settings(max_examples=50, deadline=None)
def test_new_or_grown_tiles_are_exactly_those_that_differ(one: int, other: int) -> None:
    old, new = sorted((one, other))
    assert set(tiles.tiles_between(old, new)) == set(tiles.tiles_between(0, new)) - set(tiles.tiles_between(0, old))


@given(st.integers(1, 2000), st.data())
@settings(max_examples=40, deadline=None)
def test_append_touches_what_tiles_between_names_and_reads_only_the_edge(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    hashes = [merkle.leaf_hash(reference.Tree.entry(n)) for n in range(size)]
    kept = tiles.append(0, hashes[:old], lambda level, index: b"")
    asked = []

    def read(level: int, index: int) -> bytes:
        asked.append((level, index))
        return kept[level, index]

    touched = tiles.append(old, hashes[old:], read)
    assert {(level, index, len(tile) // 32) for (level, index), tile in touched.items()} == set(tiles.tiles_between(old, size))
    assert set(asked) <= {(level, index) for level, index, _ in tiles.edge(old)}
    assert all(touched[place].startswith(kept[place]) for place in asked if place in touched)


def test_a_proof_names_the_tiles_that_it_will_read() -> None:
    hashes = [merkle.leaf_hash(reference.Tree.entry(n)) for n in range(70_000)]
    kept = tiles.append(0, hashes, lambda level, index: b"")
    wanted = tiles.tiles_for(lambda read: merkle.inclusion_proof(300, 70_000, read), 70_000)
    fetched = {(level, index): kept[level, index][: width * 32] for level, index, width in wanted}
    assert len(fetched) <= 6
    proof = merkle.inclusion_proof(300, 70_000, tiles.node_reader(lambda level, index: fetched[level, index], 70_000))
    merkle.verify_inclusion(hashes[300], 300, 70_000, proof, merkle.root(hashes))


def test_a_smaller_log_is_read_from_the_tiles_of_a_larger_one() -> None:
    hashes = [merkle.leaf_hash(reference.Tree.entry(n)) for n in range(600)]
    kept = tiles.append(0, hashes, lambda level, index: b"")
    for size in (1, 255, 256, 257, 513):
        assert merkle.tree_root(size, tiles.node_reader(lambda level, index: kept[level, index], size)) == merkle.root(hashes[:size])


def test_a_tile_of_another_time_is_refused() -> None:
    leaves = [bytes(32)] * 3
    for stale in (b"", bytes(64), bytes(128), bytes(95)):
        with pytest.raises(Unproven, match="tile-width"):
            tiles.append(3, leaves, lambda level, index, stale=stale: stale)
    with pytest.raises(Unproven, match="tile-width"):
        tiles.node_reader(lambda level, index: bytes(64), 3)(0, 2)
    with pytest.raises(ValueError, match="not complete"):
        tiles.node_reader(lambda level, index: bytes(96), 3)(1, 1)


@given(st.lists(st.binary(max_size=60), max_size=256))
def test_a_bundle_gives_back_its_entries_and_nothing_else(entries: list[bytes]) -> None:
    data = tiles.pack_bundle(entries)
    assert tiles.unpack_bundle(data, len(entries)) == entries
    for spoiled, count in [(data + b"\0", len(entries)), (data, len(entries) + 1)] + ([(data[:-1], len(entries))] if entries else []):
        with pytest.raises(Unproven, match="entry-bundle"):
            tiles.unpack_bundle(spoiled, count)


def test_an_entry_has_at_most_65535_bytes() -> None:
    assert tiles.unpack_bundle(tiles.pack_bundle([bytes(65535)]), 1) == [bytes(65535)]
    with pytest.raises(ValueError, match="65,535"):
        tiles.pack_bundle([bytes(65536)])
