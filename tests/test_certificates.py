"""What an institution receives: a count that it can check on its own machine, and a bundle in which no byte can be changed unnoticed."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import re
import secrets
import shutil
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pypdf
import pytest

from house import NOW, RECIPIENT, House, stated, words
from service import certificates, ledger, petitions
from service.certificates import issuing
from service.errors import Misconfigured, NotFound, Unproven
from service.identity import Keys
from service.ledger import record
from service.proof import certificate as proof
from service.proof import commitment, entries, merkle, note, tiles
from service.proof.canonical import b64url, sha256


async def test_a_certificate_is_valid_against_the_trust_file_and_says_the_public_number(signed: House) -> None:
    bundle = await signed.certify()
    verdict = proof.verify_bundle(bundle.files, await signed.trust())
    petition = await petitions.by_slug(signed.pool, "free-ani")
    assert verdict.valid
    assert verdict.figures["count"] == bundle.count == petition.count == 12
    assert bundle.id == sha256(bundle.files["certificate.json"]).hex()
    row = await signed.pool.fetchrow("select * from certificate")
    assert row is not None
    assert (row["id"], row["serial"], row["recipient"], row["size"], row["count"]) == (bundle.id, 1, RECIPIENT, 17, 12)
    assert row["standing"] == "draft"
    kept = {r["name"]: r["content"] for r in await signed.pool.fetch("select name, content from certificate_file")}
    assert kept == {name: bundle.files.get(name, bundle.zip()) for name in ("bundle.zip", "certificate.json", "certificate.pdf")}
    assert (await signed.trust()).logs == (bundle.files["vkey"].decode().strip(),)


async def test_everything_stands_under_one_of_four_labels(signed: House) -> None:
    body = stated(await signed.certify())
    assert body["proved"]["count"] == 12
    assert (body["proved"]["added"], body["proved"]["withdrawn"], body["proved"]["invalidated"]) == (14, 1, {"duplicate": 1})
    assert {"proved", "witnessed", "audited", "asserted"} <= set(body)
    assert body["audited"] is None
    assert body["issuer"]["name"] == "Friends of Ani"
    assert body["recipient"] == {"office": RECIPIENT, "names": None, "holder": None, "on": "2026-11-24"}
    assert body["issued_at"] == "2026-11-24T12:00:00Z"
    assert body["window"]["time_zone"] == "Europe/Paris"
    for part in ("statement", "method", "retention"):
        assert set(body[part]) == {"en", "fr", "hy"}
        assert all("{" not in sentence for sentence in body[part].values())
    assert all("12" in sentence for sentence in body["statement"].values())
    assert "not by a public authority" in json.dumps(body["notices"])


async def test_a_second_certificate_names_the_one_that_it_replaces(signed: House) -> None:
    first = await signed.certify()
    await signed.sign(3)
    await signed.settle()
    second = await signed.certify()
    assert (first.serial, second.serial, second.count) == (1, 2, 15)
    assert (stated(first)["replaces"], stated(second)["replaces"]) == (None, first.id)
    assert [row["serial"] for row in await certificates.listing(signed.pool, signed.petition)] == [2, 1]


async def test_two_certificates_at_once_get_two_serials(signed: House) -> None:
    bundles = await asyncio.gather(*(signed.certify() for _ in range(3)))
    assert sorted(bundle.serial for bundle in bundles) == [1, 2, 3]
    assert len({bundle.id for bundle in bundles}) == 3


async def test_every_version_of_the_text_is_there_with_its_count(signed: House) -> None:
    await signed.correct()
    await signed.settle()
    await signed.sign(2, version=2)
    await signed.settle()
    bundle = await signed.certify()
    assert stated(bundle)["proved"]["by_version"] == {"1": 12, "2": 2}
    assert bundle.files["text/1/hy.txt"].decode() == words("hy").statement
    assert bundle.files["text/2/hy.txt"] == bundle.files["text/hy.txt"]
    assert commitment.Manifest.parse(bundle.files["manifest.json"]).version == 2


async def test_a_text_that_is_newer_than_the_checkpoint_is_left_out(signed: House) -> None:
    await signed.correct()
    bundle = await signed.certify()
    assert "text/2/hy.txt" not in bundle.files
    assert bundle.files["text/hy.txt"].decode() == words("hy").statement
    assert [version["version"] for version in stated(bundle)["petition"]["versions"]] == [1]


async def test_the_sample_says_demo_and_the_servers_own_signature_says_draft(pool: asyncpg.Pool, tmp_path: Path, signed: House) -> None:
    assert stated(await signed.certify())["standing"] == "draft"
    assert (await certificates.listing(pool, signed.petition))[0]["kind"] == "draft"
    await pool.execute("update petition set is_sample = true")
    sample = stated(await signed.certify())
    assert sample["standing"] == "demo"
    assert "DEMO" in json.dumps(sample["notices"])
    assert (await certificates.listing(pool, signed.petition))[0]["kind"] == "demo"


async def test_small_cells_are_merged_so_that_subtraction_gives_nothing(signed: House) -> None:
    for kind, cells in (
        ("country", {"AM": 40, "FR": 12, "BE": 3}),
        ("language", {"hy": 50, "fr": 3, "en": 2}),
        ("partner", {"a": 4, "b": 3}),
    ):
        for key, n in cells.items():
            await signed.pool.execute("insert into daily_sum values ($1, $2, $3, $4, $5)", signed.petition, NOW.date(), kind, key, n)
    await signed.pool.execute("insert into outcome_sum values ($1, 'merged', 7), ($1, 'capped', 12)", signed.petition)
    asserted = stated(await signed.certify())["asserted"]
    assert asserted["by_country"] == {"AM": 40, "other": 15}
    assert asserted["by_language"] == {"other": 55}
    assert asserted["by_partner"] == {}
    assert asserted["forms"]["merged"] == "under 10"
    assert asserted["forms"]["capped"] == 12
    assert asserted["named_to_recipient"] == {"handover": "unknown", "at_most": 0}, "nobody here was asked"


async def test_a_certificate_that_is_not_in_the_anchor_does_not_exist(signed: House) -> None:
    bundle = await signed.certify()
    digest = bytes.fromhex(bundle.id)
    lines = [row["entry"] for row in await signed.pool.fetch("select entry from entry where log_id = 'anchor' order by idx")]
    assert lines.count(bytes(entries.Certified(digest))) == 1
    without = {**bundle.files}
    del without["certificate.tlog-proof"]
    without["SHA256SUMS"] = proof.sums_of(without)
    without["SHA256SUMS.sig"] = proof.ssh_sign(without["SHA256SUMS"], signed.keys.certificate_key())
    with pytest.raises(Unproven) as missing:
        proof.verify_bundle(without, await signed.trust())
    assert (missing.value.name, missing.value.detail) == ("file-missing", "certificate.tlog-proof")


async def test_one_changed_byte_in_any_file_is_named(signed: House) -> None:
    bundle = await signed.certify()
    trust = await signed.trust()
    dice = secrets.SystemRandom()
    for path, content in bundle.files.items():
        for place in {0, len(content) // 2, len(content) - 1, dice.randrange(len(content))}:
            changed = bytearray(content)
            changed[place] ^= 1 << dice.randrange(8)
            with pytest.raises(Unproven) as caught:
                proof.verify_bundle({**bundle.files, path: bytes(changed)}, trust)
            assert caught.value.name
            told = "SHA256SUMS" if path.startswith("SHA256SUMS") else "allowed_signers" if path == "allowed_signers" else path
            assert told in str(caught.value) or path == "allowed_signers", (path, str(caught.value))


async def test_a_removed_an_added_and_a_swapped_file_are_named(signed: House) -> None:
    bundle = await signed.certify()
    trust = await signed.trust()
    for path in bundle.files:
        with pytest.raises(Unproven, match="file-missing"):
            proof.verify_bundle({name: data for name, data in bundle.files.items() if name != path}, trust)
    with pytest.raises(Unproven, match=r"file-unlisted: note\.txt"):
        proof.verify_bundle({**bundle.files, "note.txt": b"and 3,000 more"}, trust)
    later = await signed.certify()
    with pytest.raises(Unproven, match=r"certificate\.json"):
        proof.verify_bundle({**bundle.files, "certificate.json": later.files["certificate.json"]}, trust)


async def test_a_number_that_differs_from_the_entries_never_leaves(signed: House) -> None:
    await signed.pool.execute("update log set published_count = published_count + 1 where id = $1", signed.log_id)
    before = await signed.pool.fetchval("select count(*) from entry where log_id = 'anchor'")
    with pytest.raises(Unproven, match="figures-differ"):
        await signed.certify()
    assert await signed.pool.fetchval("select count(*) from certificate") == 0
    assert await signed.pool.fetchval("select count(*) from entry where log_id = 'anchor'") == before, "nothing was anchored"


async def test_a_rewritten_entry_never_leaves(signed: House) -> None:
    await signed.pool.execute(
        "update entry set entry = $2 where log_id = $1 and idx = 4", signed.log_id, bytes(entries.Added(1, secrets.token_bytes(32)))
    )
    with pytest.raises(Unproven, match="root-differs"):
        await signed.certify()
    assert await signed.pool.fetchval("select count(*) from certificate") == 0


async def test_a_forked_anchor_gives_no_certificate(signed: House) -> None:
    memory = signed.settings.data_dir / "published" / "anchor"
    origin, _, root = memory.read_text().split("\n")[:3]
    memory.write_text(f"{origin}\n999\n{root}\n")
    with pytest.raises(ledger.Forked):
        await signed.certify()
    assert await signed.pool.fetchval("select count(*) from certificate") == 0


async def anchored_and_bundled(house: House) -> tuple[list[str], list[str]]:
    """The digests that the anchor names, and those that can be fetched."""
    rows = await house.pool.fetch("select entry from entry where log_id = 'anchor' and kind = 'C' order by idx")
    named = [entries.parse_anchor(row["entry"]) for row in rows]
    fetched = await house.pool.fetch("select certificate_id from certificate_file where name = 'bundle.zip'")
    return [each.certificate.hex() for each in named if isinstance(each, entries.Certified)], [row["certificate_id"] for row in fetched]


class Killed(BaseException):
    """The process died here."""


def dies_at(step: str) -> ledger.Failpoint:
    async def fail(here: str) -> None:
        if here == step:
            raise Killed

    return fail


STEPS = ("certify:stated", "certify:numbered", "certify:anchored", "certify:finished", "certify:stored")


@pytest.mark.parametrize("step", STEPS)
async def test_a_death_while_certifying_leaves_nothing_in_the_anchor_without_its_bundle(signed: House, step: str) -> None:
    with pytest.raises(Killed):
        await signed.certify(fail=dies_at(step))
    again = await signed.certify()
    was_done = step == "certify:stored"
    assert again.serial == (2 if was_done else 1), "whatever was numbered is finished, not numbered anew"
    named, fetched = await anchored_and_bundled(signed)
    assert sorted(named) == sorted(fetched) and len(named) == (2 if was_done else 1)
    assert proof.verify_bundle(again.files, await signed.trust()).valid
    assert await signed.pool.fetchval("select count(*) from certificate_draft") == 0


async def test_what_was_not_finished_is_finished_before_the_next_and_by_the_worker_when_nobody_asks(signed: House) -> None:
    with pytest.raises(Killed):
        await signed.certify(fail=dies_at("certify:anchored"))
    other = await certificates.certify(signed.pool, signed.keys, signed.settings, "free-ani", "Another office", now=NOW)
    listed = await certificates.listing(signed.pool, signed.petition)
    assert [(row["serial"], row["recipient"]) for row in listed] == [(2, "Another office"), (1, RECIPIENT)]
    assert stated(other)["replaces"] == listed[1]["id"]
    await signed.sign(2)
    await signed.settle()
    with pytest.raises(Killed):
        await signed.certify(fail=dies_at("certify:numbered"))
    assert not await certificates.fulfil(signed.pool, signed.keys, signed.settings), "it may still be in somebody's hands"
    await signed.pool.execute("update certificate_draft set tried_at = tried_at - interval '11 minutes'")
    assert await certificates.fulfil(signed.pool, signed.keys, signed.settings)
    named, fetched = await anchored_and_bundled(signed)
    assert sorted(named) == sorted(fetched) and len(named) == 3


async def test_a_key_that_changed_meanwhile_does_not_hold_up_the_next_certificate(signed: House, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        await signed.certify(fail=dies_at("certify:numbered"))
    Keys.create(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "certificate", signed.settings.key_dir / "certificate")
    bundle = await signed.certify()
    assert bundle.serial == 2 and proof.verify_bundle(bundle.files, await signed.trust()).valid


async def test_before_the_first_checkpoint_there_is_nothing_to_certify(house: House) -> None:
    with pytest.raises(NotFound, match="nothing"):
        await house.certify()
    with pytest.raises(NotFound):
        await certificates.certify(house.pool, house.keys, house.settings, "no-such-petition", RECIPIENT)


async def test_without_its_key_there_is_no_certificate(signed: House) -> None:
    signed.keys.certificate_path.unlink()
    with pytest.raises(Misconfigured):
        await signed.certify()


async def test_no_address_of_any_kind_is_in_the_bundle(signed: House) -> None:
    bundle = await signed.certify()
    # the issuer's own contact; the name of a kind of SSH key, which the checker in the browser knows
    allowed = {b"desk@friends.example", b"sk-ssh-ed25519@openssh.com"}
    for path, content in bundle.files.items():
        if path == "certificate.pdf":  # what is packed may look like anything; its attachments are the other files
            content = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).encode()
            assert b"desk@friends.example" in content, "control: it is read"
        if not path.startswith("tile/"):  # hashes may look like anything; entries are read by the grammar, which has no room for one
            assert set(re.findall(rb"[\w.+-]+@[\w-]+\.[\w.-]+", content)) <= allowed, path


async def test_the_services_own_role_can_certify(signed: House, app_pool: asyncpg.Pool) -> None:
    signed.pool = app_pool
    assert (await signed.certify()).count == 12


# -- files, archives, and the command's answers ----------------------------------------------------------------------------


async def test_folder_and_zip_verify_alike(signed: House, tmp_path: Path) -> None:
    bundle = await signed.certify()
    out, trust = tmp_path / "out", tmp_path / "trust.json"
    certificates.write(bundle, out)
    trust.write_bytes(await certificates.trust(signed.pool, signed.keys, signed.settings))
    for path in (out, tmp_path / "out.zip"):
        assert certificates.load(path) == bundle.files
        code, report = certificates.verify_path(str(path), str(trust))
        assert (code, report["result"], report["figures"]["count"]) == (0, "valid", 12)
        code, report = certificates.verify_path(str(path), None, offline=True)
        assert (code, report["result"]) == (2, "consistent")
        told, place = certificates.told(code, report), report["anchor"]
        assert report["fingerprint"] in told and f"the certificate is entry {place['certificate_at']} of it" in told
        assert (
            await signed.pool.fetchval(
                "select convert_from(entry, 'UTF8') from entry where log_id = 'anchor' and idx = $1", place["certificate_at"]
            )
            == f"C {b64url(sha256(bundle.files['certificate.json']))}"
        )
    (out / "text" / "hy.txt").write_bytes(b"Something else.\n")
    code, report = certificates.verify_path(str(out), str(trust))
    assert (code, report["error"], report["detail"].split(":")[0]) == (1, "file-differs", "text/hy.txt")
    assert "INVALID" in certificates.told(code, report)
    with pytest.raises(Misconfigured, match="not an empty folder"):
        certificates.write(bundle, out)


async def test_a_stranger_with_the_same_files_and_another_key_is_not_the_issuer(signed: House, tmp_path: Path) -> None:
    bundle = await signed.certify()
    stranger = Keys.create(tmp_path / "stranger").certificate_key()
    files = {**bundle.files}
    files["allowed_signers"] = proof.allowed_signers("petition.example.org", proof.ssh_public(stranger))
    files["SHA256SUMS"] = proof.sums_of(files)
    for path in ("SHA256SUMS", "certificate.json"):
        files[f"{path}.sig"] = proof.ssh_sign(files[path], stranger)
    files["SHA256SUMS"] = proof.sums_of(files)
    files["SHA256SUMS.sig"] = proof.ssh_sign(files["SHA256SUMS"], stranger)
    with pytest.raises(Unproven, match="file-differs: allowed_signers"):
        proof.verify_bundle(files, await signed.trust())


async def test_what_cannot_be_read_could_not_be_checked(signed: House, tmp_path: Path) -> None:
    bundle = await signed.certify()
    packed = tmp_path / "bundle.zip"
    packed.write_bytes(bundle.zip())
    broken_trust = tmp_path / "trust.json"
    broken_trust.write_bytes(b"{}")
    for path, trust, offline in (
        (str(tmp_path / "nowhere"), None, False),
        (str(packed), str(tmp_path / "no-trust"), False),
        (str(packed), str(broken_trust), False),
        ("https://petition.example.org/ledger/x", None, True),
        ("http://127.0.0.1:1/ledger/x", None, False),
        ("http://127.0.0.1:1/bundle.zip", None, False),
    ):
        code, report = certificates.verify_path(path, trust, offline=offline)
        assert (code, report["result"]) == (3, "unchecked"), path
        assert "NOT CHECKED" in certificates.told(code, report)


def _zipped(*members: tuple[str, bytes], mode: int = 0) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return packed.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_odd_names_or_sizes_is_refused(tmp_path: Path) -> None:
    bomb = _zipped(("tile/0/000", bytes(certificates.FILE_LIMIT + 1)))
    whole = _zipped(("SHA256SUMS", b"x" * 5000))
    broken = bytearray(whole)
    broken[45] ^= 0xFF
    for packed in (
        _zipped(("../SHA256SUMS", b"x")),
        _zipped(("/etc/passwd", b"x")),
        _zipped(("a/../b", b"x")),
        _zipped(("a//b", b"x")),
        _zipped(("a\\b", b"x")),
        _zipped((".hidden", b"x")),
        _zipped(("C:name", b"x")),
        _zipped(("SHA256SUMS", b"x"), ("SHA256SUMS", b"y")),
        _zipped(("link", b"/etc/passwd"), mode=0o120777),
        bomb,
        bytes(broken),
        whole[:-30],
    ):
        path = tmp_path / "odd.zip"
        path.write_bytes(packed)
        code, report = certificates.verify_path(str(path), None)
        assert code == 1 and report["error"] in ("archive", "tlog-proof"), report


def test_a_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "SHA256SUMS").symlink_to("/etc/hostname")
    with pytest.raises(Unproven, match="archive"):
        certificates.load(folder)


async def test_levons_receipt_is_checked_against_the_trust_file(signed: House, tmp_path: Path) -> None:
    head = (await petitions.by_slug(signed.pool, "free-ani")).checkpoint
    secret = secrets.token_bytes(32)
    text_hash = sha256(await ledger.manifest(signed.pool, signed.log_id, 1))
    values = {"email": "levon@example.am", "country": "AM", "locale": "hy", "class": "email"}
    commit = commitment.commit(head.origin, text_hash, secret, *values.values())
    await signed.pool.execute(
        "insert into outbox (log_id, kind, signature_id, entry) values ($1, 'A', $2, $3)",
        signed.log_id,
        uuid4(),
        commitment.entry(1, commit),
    )
    await signed.settle()
    index = await ledger.find(signed.pool, signed.log_id, commitment.entry(1, commit))
    assert index is not None
    size = (await petitions.by_slug(signed.pool, "free-ani")).checkpoint.size
    opening = commitment.Opening(head.origin, 1, text_hash, commitment.salts(secret), values)
    path = await ledger.inclusion(signed.pool, signed.log_id, index, size)
    receipt, trust = tmp_path / "levon.tlog-proof", tmp_path / "trust.json"
    receipt.write_bytes(note.format_tlog_proof(index, path, await ledger.checkpoint(signed.pool, signed.log_id), opening.encode()))
    trust.write_bytes(await certificates.trust(signed.pool, signed.keys, signed.settings))
    code, report = certificates.verify_path(str(receipt), str(trust))
    assert (code, report["figures"]["index"]) == (0, index)
    assert "VALID" in certificates.told(code, report)
    assert certificates.verify_path(str(receipt), None)[0] == 3
    receipt.write_bytes(receipt.read_bytes().replace(b"index %d\n" % index, b"index %d\n" % (index - 1)))
    code, report = certificates.verify_path(str(receipt), str(trust))
    assert (code, report["error"]) == (1, "inclusion-proof")


# -- by hand, with other people's tools ------------------------------------------------------------------------------------


@pytest.fixture
def only(tmp_path: Path) -> Path:
    """A folder with nothing but the four programs that VERIFY.txt asks for."""
    folder = tmp_path / "only"
    folder.mkdir()
    for name in ("openssl", "ssh-keygen", "sha256sum", "pdfsig"):
        found = shutil.which(name)
        assert found, f"{name} is needed (poppler-utils, openssl, openssh-client, coreutils)"
        (folder / name).symlink_to(found)
    return folder


def steps_of(told: str) -> str:
    """The commands of VERIFY.txt: the indented lines."""
    steps = [line[4:] for line in told.split("\n") if line.startswith("    ")]
    assert steps[0].startswith("set -e") and steps[1].startswith("read -r principal"), "first of all the fingerprint is compared"
    return "\n".join(steps)


def by_hand(folder: Path, only: Path, scratch: Path) -> subprocess.CompletedProcess[str]:
    script = (
        steps_of((folder / "VERIFY.txt").read_text(encoding="utf-8")).replace("/tmp/", f"{scratch}/").replace("cd /tmp", f"cd {scratch}")
    )
    bash = shutil.which("bash")
    assert bash
    environment = {"PATH": str(only), "LC_ALL": "C.UTF-8"}
    return subprocess.run([bash, "-c", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=150, check=False)


async def test_the_steps_in_verify_txt_need_four_programs_and_find_what_was_changed(signed: House, only: Path, tmp_path: Path) -> None:
    bundle = await signed.certify()
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    certificates.write(bundle, out)
    scratch.mkdir()
    good = await asyncio.to_thread(by_hand, out, only, scratch)
    assert good.returncode == 0, good.stdout[-500:] + good.stderr
    said = good.stdout
    assert stated(bundle)["fingerprint"] in said
    assert said.count("Good ") == 2 and said.count("Signature Verified Successfully") == 3 and said.count("in the anchor log") == 2
    assert "Total document signed" in said and "added 14, withdrawn 1, invalidated 1, reinstated 0" in said
    seal = stated(bundle)["keys"]["pdf_seal"].upper()
    assert ":".join(seal[at : at + 2] for at in range(0, 64, 2)) in said
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()) == sorted(bundle.files), (
        "nothing is left behind"
    )

    for path in ("certificate.json", "checkpoint", "SHA256SUMS", "tile/entries/000.p/17", "certificate.pdf"):
        kept = (out / path).read_bytes()
        middle = len(kept) // 2
        (out / path).write_bytes(kept[:middle] + bytes([kept[middle] ^ 1]) + kept[middle + 1 :])
        assert (await asyncio.to_thread(by_hand, out, only, scratch)).returncode != 0, path
        (out / path).write_bytes(kept)


async def test_by_hand_each_step_stands_on_its_own(signed: House, only: Path, tmp_path: Path) -> None:
    """Whoever holds the issuer's key can sign any list; the later steps still find what the logs and the seal do not say."""
    bundle = await signed.certify()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    key = signed.keys.certificate_key()
    other = await signed.certify()
    changes = {
        "checkpoint": bundle.files["checkpoint"].replace(b"\n17\n", b"\n18\n"),
        "petition.tlog-proof": other.files["certificate.tlog-proof"],
        "certificate.tlog-proof": other.files["certificate.tlog-proof"],
        "certificate.pdf": bundle.files["certificate.pdf"][:-100]
        + bytes([bundle.files["certificate.pdf"][-100] ^ 1])
        + bundle.files["certificate.pdf"][-99:],
    }
    for number, (path, content) in enumerate(changes.items()):
        assert content != bundle.files[path]
        files = {**bundle.files, path: content}
        files["SHA256SUMS"] = proof.sums_of(files)
        files["SHA256SUMS.sig"] = proof.ssh_sign(files["SHA256SUMS"], key)
        out = tmp_path / f"out{number}"
        certificates.write(certificates.Bundle(bundle.id, 12, 1, files), out)
        done = await asyncio.to_thread(by_hand, out, only, scratch)
        assert done.returncode != 0 and done.stdout.count("Good ") == 2, path


# -- a live ledger ---------------------------------------------------------------------------------------------------------


class _Shelf(BaseHTTPRequestHandler):
    files: dict[str, bytes]

    def do_GET(self) -> None:
        body = self.files.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("content-length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextlib.contextmanager
def serving(files: dict[str, bytes]) -> Iterator[str]:
    """A plain web server on the loopback that hands out ``files``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Shelf", (_Shelf,), {"files": files}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def live_files(house: House, bundle: certificates.Bundle) -> dict[str, bytes]:
    kept = ("checkpoint", "vkey", "tile/", "manifest/")
    files = {f"/ledger/{house.log_id}/{path}": data for path, data in bundle.files.items() if path.startswith(kept)}
    signed = await ledger.checkpoint(house.pool, ledger.ANCHOR)
    size = int(signed.split(b"\n")[1])
    files["/ledger/anchor/checkpoint"] = signed
    files["/ledger/anchor/vkey"] = (await ledger.vkey(house.pool, ledger.ANCHOR)).encode() + b"\n"
    files[f"/ledger/anchor/tile/entries/000.p/{size}"] = await ledger.entries_tile(house.pool, ledger.ANCHOR, 0, size)
    files["/bundle.zip"] = bundle.zip()
    return files


async def test_a_live_ledger_is_recounted_from_its_files(signed: House, tmp_path: Path) -> None:
    files = await live_files(signed, await signed.certify())
    trust = tmp_path / "trust.json"
    trust.write_bytes(await certificates.trust(signed.pool, signed.keys, signed.settings))
    petition, anchor = f"/ledger/{signed.log_id}", "/ledger/anchor"

    async def check(name: str, trusted: bool = True) -> tuple[int, dict[str, Any]]:
        with serving(files) as address:
            return await asyncio.to_thread(certificates.verify_path, address + name, str(trust) if trusted else None)

    code, report = await check(petition)
    assert (code, report["figures"]["count"]) == (0, 12)
    assert (await check(petition, trusted=False))[0] == 2
    assert (await check(anchor))[0] == 0
    assert (await check("/bundle.zip"))[0] == 0
    assert (await check("/ledger/nobody"))[0] == 3

    for name, wrong, error in (
        ("tile/entries/000.p/17", bytes(files[f"{petition}/tile/entries/000.p/17"]).replace(b"W ", b"X ", 1), "unknown-reason"),
        ("manifest/1.json", b"{}", "manifest-differs"),
        ("checkpoint", files[f"{petition}/checkpoint"].replace(b"\n17\n", b"\n16\n"), "note-signature"),
        ("vkey", files[f"{anchor}/vkey"], "note-unknown-key"),
        ("vkey", f"{note.Signer('x/ledger/y', bytes(32)).vkey}\n".encode(), "issuer-unknown"),
    ):
        kept = files[f"{petition}/{name}"]
        files[f"{petition}/{name}"] = wrong
        code, report = await check(petition)
        assert (code, report["error"]) == (1, error), name
        files[f"{petition}/{name}"] = kept


async def test_an_anchor_that_breaks_its_rules_or_names_another_history_is_named(signed: House, tmp_path: Path) -> None:
    files = await live_files(signed, await signed.certify())
    trust = tmp_path / "trust.json"
    trust.write_bytes(await certificates.trust(signed.pool, signed.keys, signed.settings))
    own = [row["entry"] for row in await signed.pool.fetch("select entry from entry where log_id = 'anchor' order by idx")]
    heads = [entry for entry in own if entry.startswith(b"S ")]
    signers = [note.Signer(f"{signed.settings.origin_host}/ledger/anchor", signed.keys.log_key(ledger.ANCHOR))]
    cosigner = record.pair(signers[0].name, signed.keys.log_key(ledger.ANCHOR)).ml_dsa

    def anchored(lines: list[bytes]) -> None:
        """The operator, who has the anchor's keys, signs whatever he likes."""
        head = note.Checkpoint(signers[0].name, len(lines), merkle.root([merkle.leaf_hash(line) for line in lines]))
        files["/ledger/anchor/checkpoint"] = note.sign_checkpoint(head, signers, [cosigner], time=1_790_000_000)
        files[f"/ledger/anchor/tile/entries/000.p/{len(lines)}"] = tiles.pack_bundle(lines)

    async def check(name: str) -> tuple[int, dict[str, Any]]:
        with serving(files) as address:
            return await asyncio.to_thread(certificates.verify_path, address + name, str(trust))

    petition, anchor = f"/ledger/{signed.log_id}", "/ledger/anchor"
    anchored(own)
    assert (await check(anchor))[0] == (await check(petition))[0] == 0, "control: signed by hand it is good"
    for lines, error in (
        ([*own, heads[-1]], "head-not-ahead"),
        ([*own, bytes(entries.Anchored("petition.example.org/ledger/other", 1, bytes(32)))], "head-without-key"),
        ([*own, own[0]], "key-repeats"),
        ([*own, next(entry for entry in own if entry.startswith(b"C "))], "certificate-repeats"),
        (own[2:], "head-without-key"),
    ):
        anchored(lines)
        for name in (anchor, petition):
            code, report = await check(name)
            assert (code, report["error"]) == (1, error), name
    # A second history: what he entered in the anchor is not what he shows here.
    origin, size, _ = heads[-1].decode().split(" ")[1:]
    anchored([bytes(entries.Anchored(origin, int(size), bytes(32))) if entry == heads[-1] else entry for entry in own])
    assert (await check(anchor))[0] == 0
    code, report = await check(petition)
    assert (code, report["error"]) == (1, "anchored-differs")
    anchored([*own, bytes(entries.Anchored(origin, 1000, bytes(32)))])
    code, report = await check(petition)
    assert code == 0 and "behind-anchor" in report["notes"]
    del files["/ledger/anchor/vkey"]
    code, report = await check(petition)
    assert code == 0 and "anchor-away" in report["notes"]


async def test_a_head_without_its_second_signature_is_not_taken_by_whoever_knows_that_key(signed: House, tmp_path: Path) -> None:
    files = await live_files(signed, await signed.certify())
    trust = tmp_path / "trust.json"
    trust.write_bytes(await certificates.trust(signed.pool, signed.keys, signed.settings))
    place = f"/ledger/{signed.log_id}/checkpoint"
    files[place] = b"\n".join(line for line in files[place].split(b"\n") if len(line) < 1000)
    with serving(files) as address:
        told = [
            await asyncio.to_thread(certificates.verify_path, f"{address}/ledger/{signed.log_id}", known) for known in (str(trust), None)
        ]
    assert (told[0][0], told[0][1]["error"]) == (1, "note-downgraded")
    assert told[1][0] == 2, "control: who knows no second key misses none"
    # Where the operator has switched it off, no trust file promises it.
    signed.set(ml_dsa=False)
    assert not (await signed.trust()).ml_dsa


async def test_a_certificate_can_be_fetched_again_and_only_under_its_petition(signed: House) -> None:
    bundle = await signed.certify()
    for name, content in (("bundle.zip", bundle.zip()), ("certificate.json", bundle.files["certificate.json"])):
        size, pieces = await certificates.download(signed.pool, signed.petition, bundle.id, name)
        assert (size, b"".join([piece async for piece in pieces])) == (len(content), content)
    large = bundle.zip() + bytes(range(256)) * 10_000
    await signed.pool.execute("update certificate_file set content = $1 where name = 'bundle.zip'", large)
    _, pieces = await certificates.download(signed.pool, signed.petition, bundle.id, "bundle.zip")
    found = [piece async for piece in pieces]
    assert b"".join(found) == large and max(map(len, found)) == issuing.PIECE, "never the whole at once"
    for petition, certificate in (
        (uuid4(), bundle.id),
        (signed.petition, "0" * 64),
        (signed.petition, "../x"),
        (signed.petition, bundle.id.upper()),
    ):
        with pytest.raises(NotFound):
            await certificates.download(signed.pool, petition, certificate, "bundle.zip")
