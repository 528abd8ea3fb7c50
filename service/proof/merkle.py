"""One hash stands for all signatures in their order; a short proof shows that one is among them, or that none was rewritten.

The tree of RFC 6962 section 2.1 with SHA-256; proofs are checked by the loops of RFC 9162 sections 2.1.3.2 and 2.1.4.2.
Rule: a node exists only when its subtree is complete. The ragged right edge is folded when a root or a proof asks for it,
so what was stored once never changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from service.errors import Unproven

HASH_SIZE: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256


class Reader(Protocol):
    """Gives the hash of a complete subtree: the 2**`level` leaves from leaf `index` * 2**`level`. Level 0 is the leaf hashes."""

    def __call__(self, level: int, index: int, /) -> bytes: ...


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return _sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves` (leaf hashes, not entries); EMPTY_ROOT for none. Linear; trees on disk use `tree_root`."""
    if not leaves:
        return EMPTY_ROOT
    row = list(leaves)
    while len(row) > 1:
        # A lone last node moves up unhashed: the same tree as the recursive definition's largest power of two below n.
        row = [node_hash(*row[i : i + 2]) if i + 1 < len(row) else row[i] for i in range(0, len(row), 2)]
    return row[0]


def tree_root(size: int, read: Reader) -> bytes:
    """The root of the first `size` leaves, from at most 63 stored nodes; EMPTY_ROOT at size 0."""
    return _fold(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: Reader) -> list[bytes]:
    """RFC 6962 PATH(index, D[size]): sibling hashes from the leaf up. ValueError unless 0 <= index < size."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path, start = [], 0
    while size > 1:
        half = _split(size)
        if index < start + half:
            path.append(_fold(start + half, size - half, read))
            size = half
        else:
            path.append(_fold(start, half, read))
            start, size = start + half, size - half
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if `leaf` (a leaf hash) is number `index` of the `size` leaves under `root`; else Unproven("inclusion-proof")."""
    if not 0 <= index < size:
        raise Unproven("inclusion-proof", f"leaf {index} is not in a tree of {size}")
    _check_widths("inclusion-proof", leaf, root, *proof)
    at, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Unproven("inclusion-proof", "longer than the tree is high")
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while not at & 1 and at:  # levels where the lone last node moved up unhashed
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise Unproven("inclusion-proof", "shorter than the tree is high")
    if node != root:
        raise Unproven("inclusion-proof", "leads to another root")


def consistency_proof(old: int, new: int, read: Reader) -> list[bytes]:
    """RFC 6962 PROOF(old, D[new]); empty when `old` is 0 or equals `new`. ValueError unless 0 <= old <= new."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not extend one of {old}")
    if old in (0, new):
        return []
    path, start, size, known = [], 0, new, True
    while old != size:
        half = _split(size)
        if old <= half:
            path.append(_fold(start + half, size - half, read))
            size = half
        else:
            path.append(_fold(start, half, read))
            start, size, old, known = start + half, size - half, old - half, False
    if not known:  # else the old tree is itself a node, whose hash the verifier holds already
        path.append(_fold(start, size, read))
    return path[::-1]


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Return if the tree of `new` leaves begins with the tree of `old` leaves; else Unproven("consistency-proof").

    Everything extends the empty tree, but its root must be EMPTY_ROOT.
    """
    if not 0 <= old <= new:
        raise Unproven("consistency-proof", f"a tree of {new} does not extend one of {old}")
    _check_widths("consistency-proof", old_root, new_root, *proof)
    if (old == 0 and old_root != EMPTY_ROOT) or (new == 0 and new_root != EMPTY_ROOT) or (old == new and old_root != new_root):
        raise Unproven("consistency-proof", "two roots for one size")
    if old in (0, new):
        if proof:
            raise Unproven("consistency-proof", "nothing was to be proved")
        return
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        raise Unproven("consistency-proof", "empty")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Unproven("consistency-proof", "longer than the tree is high")
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise Unproven("consistency-proof", "shorter than the tree is high")
    if before != old_root or after != new_root:
        raise Unproven("consistency-proof", "leads to other roots")


class Frontier:
    """A tree that is only counted, never read back: its right edge, at most 63 hashes whatever the size.

    `nodes` are the complete subtrees that make up `size` leaves, largest first; a stored frontier is resumed by handing both in.
    """

    __slots__ = ("nodes", "size")

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        self.size = size
        self.nodes = list(nodes)
        if size < 0 or len(self.nodes) != size.bit_count() or any(len(node) != HASH_SIZE for node in self.nodes):
            raise ValueError(f"{len(self.nodes)} nodes are not the frontier of {size} leaves")

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        node, nodes, carry = leaf, self.nodes, self.size
        while carry & 1:
            node = _sha256(b"\x01" + nodes.pop() + node).digest()
            carry >>= 1
        nodes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The root of what was appended so far."""
        if not self.nodes:
            return EMPTY_ROOT
        node = self.nodes[-1]
        for left in self.nodes[-2::-1]:
            node = node_hash(left, node)
        return node


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _fold(start: int, size: int, read: Reader) -> bytes:
    """The root of `size` leaves from `start`, a multiple of the power of two that holds `size`: one complete subtree for each bit of it."""
    node: bytes | None = None
    for level in range(size.bit_length()):
        if size >> level & 1:
            left = read(level, (start + size >> level) - 1)
            node = left if node is None else node_hash(left, node)
    if node is None:
        raise ValueError("an empty range has no nodes")
    return node


def _check_widths(name: str, *hashes: bytes) -> None:
    # A hash of another length could be cut so that leaf and node run together.
    if any(len(each) != HASH_SIZE for each in hashes):
        raise Unproven(name, "a hash is not 32 bytes")
