"""The tree: the same roots and proofs as everyone else's, and no proof that still holds with one bit changed."""

from __future__ import annotations

import json
from typing import Any

import proof_reference as reference
import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import Unproven
from service.proof import merkle, tiles
from service.proof.merkle import Frontier, Reader

VECTORS: list[dict[str, Any]] = json.loads((reference.VECTORS / "merkle.json").read_text())

# certificate-transparency's own test data: eight leaves, and the root after each
CT_LEAVES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(reference.Tree.entry(index)) for index in range(count)]


def reader(hashes: list[bytes]) -> Reader:
    kept = tiles.append(0, hashes, lambda level, index: b"")
    return tiles.node_reader(lambda level, index: kept[level, index], len(hashes))


LARGEST = leaves(65537)


def test_roots_are_those_of_certificate_transparency() -> None:
    hashes = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES]
    assert [merkle.root(hashes[: n + 1]).hex() for n in range(8)] == CT_ROOTS
    assert merkle.root([]) == merkle.EMPTY_ROOT


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["size"]))
def test_roots_and_proofs_are_those_of_the_committed_vectors(vector: dict[str, Any]) -> None:
    size, root = vector["size"], bytes.fromhex(vector["root"])
    read = reader(LARGEST[:size])
    assert merkle.root(LARGEST[:size]) == merkle.tree_root(size, read) == root
    for index, proof in vector["inclusion"].items():
        made = merkle.inclusion_proof(int(index), size, read)
        assert [each.hex() for each in made] == proof
        merkle.verify_inclusion(LARGEST[int(index)], int(index), size, made, root)
    for old, expected in vector["consistency"].items():
        made = merkle.consistency_proof(int(old), size, read)
        assert [each.hex() for each in made] == expected["proof"]
        merkle.verify_consistency(int(old), bytes.fromhex(expected["root"]), size, root, made)


@given(st.lists(st.integers(0, 300), max_size=6))
@settings(deadline=None, max_examples=60)
def test_a_log_grown_in_any_steps_is_the_log_made_at_once(steps: list[int]) -> None:
    kept: dict[tuple[int, int], bytes] = {}
    frontier, size = Frontier(), 0

    def read(level: int, index: int) -> bytes:
        return kept[level, index]

    for step in steps:
        kept |= tiles.append(size, LARGEST[size : size + step], read)
        frontier = Frontier(frontier.size, frontier.nodes)  # stored and taken up again
        for leaf in LARGEST[size : size + step]:
            frontier.append(leaf)
        size += step
    assert kept == tiles.append(0, LARGEST[:size], lambda level, index: b"")
    assert frontier.root() == merkle.root(LARGEST[:size])
    assert merkle.tree_root(size, tiles.node_reader(read, size)) == frontier.root()


@given(st.integers(1, 600), st.data())
@settings(deadline=None, max_examples=60)
def test_every_proof_holds_and_none_with_one_bit_changed(size: int, data: st.DataObject) -> None:
    read, root = reader(LARGEST[:size]), merkle.root(LARGEST[:size])
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    old_root = merkle.root(LARGEST[:old])

    inclusion = merkle.inclusion_proof(index, size, read)
    merkle.verify_inclusion(LARGEST[index], index, size, inclusion, root)
    parts = [LARGEST[index], root, *inclusion]
    leaf, other_root, *changed = flip(parts, data)
    with pytest.raises(Unproven, match="inclusion-proof"):
        merkle.verify_inclusion(leaf, index, size, changed, other_root)

    consistency = merkle.consistency_proof(old, size, read)
    merkle.verify_consistency(old, old_root, size, root, consistency)
    before, after, *changed = flip([old_root, root, *consistency], data)
    with pytest.raises(Unproven, match="consistency-proof"):
        merkle.verify_consistency(old, before, size, after, changed)


def flip(parts: list[bytes], data: st.DataObject) -> list[bytes]:
    which, bit = data.draw(st.integers(0, len(parts) - 1)), data.draw(st.integers(0, 255))
    value = int.from_bytes(parts[which], "big") ^ 1 << bit
    return [*parts[:which], value.to_bytes(32, "big"), *parts[which + 1 :]]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13])
def test_a_proof_for_one_place_holds_for_no_other_place_or_length(size: int) -> None:
    read, root = reader(LARGEST[:size]), merkle.root(LARGEST[:size])
    for index in range(size):
        proof = merkle.inclusion_proof(index, size, read)
        for other in range(-1, size + 2):
            if other != index:
                refuse("inclusion-proof", merkle.verify_inclusion, LARGEST[index], other, size, proof, root)
        refuse("inclusion-proof", merkle.verify_inclusion, LARGEST[index], index, size, [*proof, bytes(32)], root)
        refuse(
            "inclusion-proof", merkle.verify_inclusion, LARGEST[index], index, size, [proof[0][:31], *proof[1:]] if proof else [b""], root
        )
        if proof:
            refuse("inclusion-proof", merkle.verify_inclusion, LARGEST[index], index, size, proof[:-1], root)
    for old in range(1, size + 1):
        proof, old_root = merkle.consistency_proof(old, size, read), merkle.root(LARGEST[:old])
        refuse("consistency-proof", merkle.verify_consistency, old, old_root, size, root, [*proof, bytes(32)])
        refuse("consistency-proof", merkle.verify_consistency, size + 1, old_root, size, root, proof)
        refuse("consistency-proof", merkle.verify_consistency, 0, old_root, size, root, proof)
        if proof:
            refuse("consistency-proof", merkle.verify_consistency, old, old_root, size, root, proof[:-1])
            refuse("consistency-proof", merkle.verify_consistency, old, old_root, size, root, [])


def test_a_proof_that_stops_at_an_inner_node_does_not_make_it_a_root() -> None:
    inner = merkle.root(LARGEST[:4])
    half_way = merkle.consistency_proof(2, 4, reader(LARGEST[:4]))
    merkle.verify_consistency(2, merkle.root(LARGEST[:2]), 4, inner, half_way)
    refuse("consistency-proof", merkle.verify_consistency, 2, merkle.root(LARGEST[:2]), 8, inner, half_way)
    refuse("inclusion-proof", merkle.verify_inclusion, LARGEST[0], 0, 8, merkle.inclusion_proof(0, 4, reader(LARGEST[:4])), inner)


def test_a_byte_does_not_move_from_one_hash_to_its_neighbour() -> None:
    both, root = LARGEST[0] + LARGEST[1], merkle.root(LARGEST[:2])
    merkle.verify_inclusion(both[:32], 0, 2, [both[32:]], root)
    refuse("inclusion-proof", merkle.verify_inclusion, both[:31], 0, 2, [both[31:]], root)
    refuse("inclusion-proof", merkle.verify_inclusion, both[:33], 0, 2, [both[33:]], root)


def test_two_roots_for_one_size_are_a_fork() -> None:
    refuse("consistency-proof", merkle.verify_consistency, 3, bytes(32), 3, bytes(31) + b"\1", [])
    refuse("consistency-proof", merkle.verify_consistency, 0, bytes(32), 3, bytes(32), [])
    merkle.verify_consistency(0, merkle.EMPTY_ROOT, 3, bytes(32), [])


def test_pymerkle_agrees_on_roots_and_on_what_a_proof_holds() -> None:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for index in range(70):
        tree.append_entry(reference.Tree.entry(index))
        assert merkle.root(LARGEST[: index + 1]) == tree.get_root(index + 1)
    read = reader(LARGEST[:70])
    for index in range(70):
        theirs = tree.prove_inclusion(index + 1, 70)
        pymerkle.verify_inclusion(LARGEST[index], merkle.tree_root(70, read), theirs)
        ours = merkle.inclusion_proof(index, 70, read)
        merkle.verify_inclusion(LARGEST[index], index, 70, ours, tree.get_root(70))
        assert sorted(theirs.path) == sorted([LARGEST[index], *ours])  # theirs runs from left to right, the leaf among them


@pytest.mark.parametrize(("size", "nodes"), [(1, []), (0, [bytes(32)]), (3, [bytes(32)]), (2, [b"short"]), (-1, [])])
def test_a_frontier_of_the_wrong_shape_is_not_taken_up(size: int, nodes: list[bytes]) -> None:
    with pytest.raises(ValueError, match="frontier"):
        Frontier(size, nodes)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_nobody_proves_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        merkle.inclusion_proof(index, size, reader(LARGEST[:3]))
    with pytest.raises(ValueError, match="does not extend"):
        merkle.consistency_proof(3, 2, reader(LARGEST[:3]))


def refuse(name: str, verb: Any, *arguments: object) -> None:
    with pytest.raises(Unproven) as caught:
        verb(*arguments)
    assert caught.value.name == name
