"""The log as plain files that any web server can hand out and any machine can keep: 256 hashes, or 256 entries, in each.

Paths and contents are those of C2SP tlog-tiles. Rules: a full tile never changes; a partial tile only grows at its end; a
level holds only hashes of full tiles below it. So whoever has a file of a larger log has the same bytes of a smaller one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final, Literal

from service.errors import Unproven
from service.proof import merkle
from service.proof.merkle import HASH_SIZE, Reader

WIDTH: Final = 256
HEIGHT: Final = 8  # binary levels that one tile spans

Level = int | Literal["entries"]
TileReader = Callable[[int, int], bytes]

_PATH = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?")


def path(level: int, index: int, width: int = WIDTH) -> str:
    """`tile/0/x001/x234/067.p/8`: where tile `index` of `level` lies when it holds `width` hashes (256: the full tile)."""
    if not 0 <= level <= 63:
        raise ValueError(f"no tile level {level}")
    return f"tile/{level}/{_place(index, width)}"


def entries_path(index: int, width: int = WIDTH) -> str:
    """`tile/entries/067.p/8`: where entry bundle `index` lies when it holds `width` entries (256: the full bundle)."""
    return f"tile/entries/{_place(index, width)}"


def _place(index: int, width: int) -> str:
    if index < 0 or index >= 1000**7 or not 1 <= width <= WIDTH:
        raise ValueError(f"no tile {index} of width {width}")
    steps = [f"{index % 1000:03d}"]
    while index := index // 1000:
        steps.insert(0, f"x{index % 1000:03d}")
    return "/".join(steps) + (f".p/{width}" if width < WIDTH else "")


def parse_path(text: str) -> tuple[Level, int, int]:
    """(level or "entries", index, width) of a path as `path` and `entries_path` spell it; else Unproven("tile-path")."""
    found = _PATH.fullmatch(text)
    if not found:
        raise Unproven("tile-path", text)
    level: Level = "entries" if found[1] == "entries" else int(found[1])
    index = int(found[2].replace("x", "").replace("/", ""))
    width = int(found[3]) if found[3] else WIDTH
    try:
        spelled = entries_path(index, width) if level == "entries" else path(level, index, width)
    except ValueError:
        raise Unproven("tile-path", text) from None
    if spelled != text:
        raise Unproven("tile-path", text)
    return level, index, width


def tiles_between(old_size: int, new_size: int) -> list[tuple[int, int, int]]:
    """(level, index, width) of every hash tile that is new or wider at `new_size`, level 0 first, left to right.

    `tiles_between(0, size)` is all there is at `size`. The entry bundles that are new or wider are the same as level 0.
    """
    if not 0 <= old_size <= new_size:
        raise ValueError(f"a log of {new_size} does not extend one of {old_size}")
    found, level = [], 0
    while old_size != new_size:
        found += [(level, index, min(WIDTH, new_size - index * WIDTH)) for index in range(old_size // WIDTH, -(-new_size // WIDTH))]
        old_size, new_size, level = old_size // WIDTH, new_size // WIDTH, level + 1
    return found


def edge(size: int) -> list[tuple[int, int, int]]:
    """(level, index, width) of the partial tiles of a log of `size`: what `append` will ask for, at most one a level."""
    found, level = [], 0
    while size:
        if size % WIDTH:
            found.append((level, size // WIDTH, size % WIDTH))
        size, level = size // WIDTH, level + 1
    return found


def append(old_size: int, leaf_hashes: Sequence[bytes], tile_read: TileReader) -> dict[tuple[int, int], bytes]:
    """The new whole contents of every tile, by (level, index), that `leaf_hashes` change behind the first `old_size` leaves.

    `tile_read(level, index)` is asked only for the tiles of `edge(old_size)` and must give exactly their present bytes; others
    raise Unproven("tile-width"), because a head and tiles that disagree mean that one of them is from another time.
    """
    if any(len(leaf) != HASH_SIZE for leaf in leaf_hashes):
        raise ValueError("a leaf hash is 32 bytes")
    touched: dict[tuple[int, int], bytes] = {}
    level, start, added = 0, old_size, list(leaf_hashes)
    while added:
        first, width = divmod(start, WIDTH)
        row = tile_read(level, first) if width else b""
        if len(row) != width * HASH_SIZE:
            raise Unproven("tile-width", f"{path(level, first, width or WIDTH)} holds {len(row)} bytes")
        row += b"".join(added)
        added = []
        for at in range(0, len(row), WIDTH * HASH_SIZE):
            tile = row[at : at + WIDTH * HASH_SIZE]
            touched[level, first + at // (WIDTH * HASH_SIZE)] = tile
            if len(tile) == WIDTH * HASH_SIZE:
                added.append(merkle.root(hashes(tile)))
        level, start = level + 1, first
    return touched


def node_reader(tile_read: TileReader, size: int) -> Reader:
    """A Reader of a log of `size` leaves. Each tile is asked for once; a tile of a larger log serves as well.

    Raises Unproven("tile-width") for a tile that is too short, ValueError for a node that is not complete at `size`.
    """
    kept: dict[tuple[int, int], bytes] = {}

    def read(level: int, index: int) -> bytes:
        if index < 0 or index + 1 << level > size:
            raise ValueError(f"node {index} of level {level} is not complete at {size} leaves")
        tile_level, height = divmod(level, HEIGHT)
        tile_index, offset = divmod(index << height, WIDTH)
        key = tile_level, tile_index
        if key not in kept:
            kept[key] = tile_read(*key)
        part = kept[key][offset * HASH_SIZE : (offset + (1 << height)) * HASH_SIZE]
        if len(part) != HASH_SIZE << height:
            raise Unproven("tile-width", f"{path(tile_level, tile_index)} holds {len(kept[key])} bytes")
        return merkle.root(hashes(part))

    return read


def tiles_for(question: Callable[[Reader], object], size: int) -> list[tuple[int, int, int]]:
    """(level, index, width) of the tiles that a question to a log of `size` will read, so that they can be fetched together first.

    For example `tiles_for(lambda read: merkle.inclusion_proof(i, size, read), size)`. Which nodes a proof reads depends on
    numbers only, never on hashes, so the question is simply asked of a tree of zeros.
    """
    asked: dict[tuple[int, int], None] = {}

    def blank(level: int, index: int) -> bytes:
        asked[level, index] = None
        return bytes(WIDTH * HASH_SIZE)

    question(node_reader(blank, size))
    return [(level, index, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH)) for level, index in asked]


def hashes(tile: bytes) -> list[bytes]:
    """The 32-byte hashes of a tile; ValueError when it does not divide."""
    if len(tile) % HASH_SIZE:
        raise ValueError(f"{len(tile)} bytes are not a row of hashes")
    return [tile[at : at + HASH_SIZE] for at in range(0, len(tile), HASH_SIZE)]


def pack_bundle(entries: Sequence[bytes]) -> bytes:
    """Each entry behind its length, two bytes big-endian. ValueError for an entry beyond 65,535 bytes."""
    if any(len(entry) > 0xFFFF for entry in entries):
        raise ValueError("an entry is at most 65,535 bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unpack_bundle(data: bytes, count: int) -> list[bytes]:
    """Exactly `count` entries and nothing behind them; else Unproven("entry-bundle")."""
    entries: list[bytes] = []
    at, end = 0, len(data)
    for _ in range(count):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > end or at > end:
            raise Unproven("entry-bundle", f"ends within entry {len(entries)} of {count}")
        entries.append(data[start:at])
    if at != end:
        raise Unproven("entry-bundle", f"{end - at} bytes behind the last entry")
    return entries
