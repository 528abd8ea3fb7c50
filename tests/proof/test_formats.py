"""docs/formats.md keeps its promises: its vectors are what the code makes, and it names every fault that the code can raise."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path

import proof_reference as reference
import pytest

from service.proof import certificate, commitment, merkle, note
from service.proof.commitment import Manifest
from service.proof.entries import Text

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
SOURCES = sorted((ROOT / "service" / "proof").glob("*.py"))
CARRIES_A_NAME = {"Unproven": 0, "unb64": 1, "unb64url": 1, "decimal": 1, "_check_widths": 0, "_Fields": 1, "check": 2}


@pytest.mark.parametrize("name", sorted(path.name for path in reference.VECTORS.iterdir()))
def test_the_committed_vectors_are_those_of_the_reference(name: str) -> None:
    assert json.loads((reference.VECTORS / name).read_text(encoding="utf-8")) == reference.vectors()[name]


def block(title: str) -> str:
    """The fenced text right below the line `title`."""
    found = re.search(rf"^{re.escape(title)}\n\n```text\n(.*?)```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert found, f"docs/formats.md has no vector {title!r}"
    return found[1]


def test_the_worked_vectors_in_the_document_are_what_the_code_makes() -> None:
    ani = reference.PEOPLE[0]
    assert block("The wording, as bytes ending in one newline:") == "".join(
        f"{kind}/{language}: {reference.WORDING[kind][language]}"
        for kind in ("text", "consent", "privacy")
        for language in ("en", "fr", "hy")
    )
    data = block("Manifest, one line without newline at its end:").removesuffix("\n").encode()
    manifest = Manifest.parse(data)
    for kind, hashes in (("text", manifest.statements), ("consent", manifest.consent), ("privacy", manifest.privacy)):
        assert hashes == {language: reference.sha(text.encode()) for language, text in reference.WORDING[kind].items()}
    assert block("text_hash, in hexadecimal:") == manifest.text_hash.hex() + "\n"

    secret = bytes.fromhex(block("Ani's secret, in hexadecimal:").strip())
    salts = commitment.salts(secret)
    digests = {name: commitment.digest(salts[name], name, ani[name]) for name in commitment.FIELDS}
    table = [f"{name:8}{ani[name]:16}{salts[name].hex()}  {digests[name].hex()}\n" for name in commitment.FIELDS]
    assert block("Field, value, salt, digest:") == "".join(table)
    commit = commitment.commit(manifest.origin, manifest.text_hash, secret, ani["email"], ani["country"], ani["locale"], ani["class"])
    assert block("Commitment, in hexadecimal:") == commit.hex() + "\n"
    first, second = bytes(Text(1, manifest.text_hash)), commitment.entry(1, commit)
    assert block("The log's first two entries:") == f"{first.decode()}\n{second.decode()}\n"
    root = merkle.root([merkle.leaf_hash(first), merkle.leaf_hash(second)])

    signer = note.Signer(manifest.origin, bytes.fromhex(block("The log's private key (seed), in hexadecimal:").strip()))
    assert block("Its vkey:") == f"{signer.vkey}\n"
    signed = note.sign(note.Checkpoint(signer.name, 2, root).text(), [signer])
    assert block("Checkpoint:") == signed.decode()
    assert note.open_checkpoint(signed, [signer.verifier]).root == root


def names_in_the_code() -> set[str]:
    found = set()
    for path in SOURCES:
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call):
                verb = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
                at = CARRIES_A_NAME.get(verb)
                if at is not None and at < len(call.args) and isinstance(name := call.args[at], ast.Constant):
                    found.add(name.value)
    return found


def test_every_fault_is_in_the_document_and_has_a_test() -> None:
    listed = re.findall(r"^\| `([a-z0-9-]+)` \| .+\. \|$", DOCUMENT, re.MULTILINE)
    assert len(listed) == len(set(listed))
    assert set(listed) == names_in_the_code()
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in listed if name not in tests] == []


def test_the_document_names_what_certificate_json_cannot_list() -> None:
    outside = DOCUMENT.split("It lists every file of the bundle but ")[1].split(".\n")[0]
    assert set(re.findall(r"`([^`]+)`", outside)) == certificate.OUTSIDE


def test_the_folder_can_be_lifted_out_and_knows_neither_time_nor_chance() -> None:
    imported = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module)
    ours = {name for name in imported if name.startswith("service")}
    assert all(name == "service.errors" or name.startswith("service.proof") for name in ours)
    tops = {name.partition(".")[0] for name in imported - ours}
    assert tops - {"cryptography"} <= sys.stdlib_module_names
    assert not tops & {"time", "datetime", "random", "secrets", "os", "socket", "asyncio", "logging", "sqlite3", "uuid", "pathlib"}
