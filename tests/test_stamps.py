"""A time-stamp authority is asked over real HTTP, and is not believed because it is called one: dead, slow and lying ones."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.topology import free_port
from house import House, stated
from service import certificates
from service.certificates import seals, stamps
from service.errors import Busy, Unproven
from service.proof import entries
from tsa_server import Authority, answering


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "authority", with_chain=True)


@pytest.fixture
def url(authority: Authority) -> Iterator[str]:
    with answering(authority.stamp) as address:
        yield address


async def test_certificate_and_seal_carry_the_hour_of_an_authority(signed: House, url: str, authority: Authority, tmp_path: Path) -> None:
    signed.set(tsa_url=url)
    bundle = await signed.certify()
    token = bundle.files["certificate.json.tsr"]
    stamp = stamps.read(token, bundle.files["certificate.json"])
    assert stamp.authority == "Test time stamps"
    sealed = seals.check(bundle.files["certificate.pdf"])
    assert sealed.stamped_at is not None and sealed.files["certificate.json.tsr"] == token
    assert "certificate.json.tsr" not in stated(bundle)["files"], "it was made after the certificate that it is about"

    path, trust = tmp_path / "bundle.zip", tmp_path / "trust.json"
    path.write_bytes(bundle.zip())
    trust.write_bytes(await certificates.trust(signed.pool, signed.keys, signed.settings))
    code, report = certificates.verify_path(str(path), str(trust))
    assert (code, report["timestamp"]["authority"], "timestamp-authority" in report["notes"]) == (0, "Test time stamps", True)
    assert "by its own key" in certificates.told(code, report)

    (tmp_path / "certificate.json").write_bytes(bundle.files["certificate.json"])
    (tmp_path / "token.tsr").write_bytes(token)
    openssl = shutil.which("openssl") or "openssl"
    verify = [openssl, "ts", "-verify", "-in", "token.tsr", "-data", "certificate.json", "-CAfile", f"{authority.folder}/ca.pem"]
    done = await asyncio.to_thread(subprocess.run, verify, cwd=tmp_path, capture_output=True, text=True, timeout=150)
    assert "Verification: OK" in done.stdout + done.stderr
    pdf = tmp_path / "certificate.pdf"
    pdf.write_bytes(bundle.files["certificate.pdf"])
    said = await asyncio.to_thread(subprocess.run, ["pdfsig", "-nocert", str(pdf)], capture_output=True, text=True, timeout=150)
    assert "Total document signed" in said.stdout and "Signature is Valid" in said.stdout


def test_a_token_is_about_these_bytes_and_no_others(url: str) -> None:
    token = stamps.ask(url, b"the certificate")
    assert stamps.read(token, b"the certificate").authority == "Test time stamps"
    with pytest.raises(Unproven, match="timestamp: it is about something else"):
        stamps.read(token, b"another one")
    for broken in (b"", b"not DER", token[:-1], token[:200], token + b"\0"):
        with pytest.raises(Unproven, match="timestamp"):
            stamps.read(broken, b"the certificate")
    signature = bytearray(token)
    signature[-5] ^= 1
    with pytest.raises(Unproven, match="timestamp"):
        stamps.read(bytes(signature), b"the certificate")


def test_a_lying_authority_is_not_believed(authority: Authority) -> None:
    old = []

    def of_yesterday(query: bytes) -> bytes:
        """Answers with a genuine token about the same bytes, made for another question."""
        old.append(authority.stamp(query))
        return old[0]

    with answering(of_yesterday) as url:
        stamps.ask(url, b"x")
        with pytest.raises(Busy, match="another question"):
            stamps.ask(url, b"x")
    digest = hashlib.sha256(b"x").digest()

    def about_something_else(query: bytes) -> bytes:
        return authority.stamp(query.replace(digest, hashlib.sha256(b"y").digest()))

    def with_another_signature(query: bytes) -> bytes:
        token = bytearray(authority.stamp(query))
        token[-5] ^= 1
        return bytes(token)

    for lie, why in (
        (about_something_else, "about something else"),
        (with_another_signature, "does not hold"),
        (lambda _: b"\x30\x05\x30\x03\x02\x01\x02", "refused|not an answer"),
        (lambda _: b"<html>Welcome</html>", "not an answer"),
        (lambda _: bytes(100_000), "too much"),
    ):
        with answering(lie) as url, pytest.raises(Busy, match=why):
            stamps.ask(url, b"x")


def test_a_dead_a_refusing_and_a_dripping_authority_are_given_up(authority: Authority) -> None:
    with pytest.raises(Busy, match="is away"):
        stamps.ask(f"http://127.0.0.1:{free_port()}/tsa", b"x", patience=2)
    with answering(authority.stamp, status=500) as url, pytest.raises(Busy, match="answers 500"):
        stamps.ask(url, b"x")
    with answering(lambda _: bytes(9_000), drip=threading.Event()) as url, pytest.raises(Busy, match="too slow"):
        stamps.ask(url, b"x", patience=0.4)


async def test_an_authority_that_dies_before_the_seal_leaves_a_number_that_the_next_try_uses(signed: House, authority: Authority) -> None:
    asked = []

    def once(query: bytes) -> bytes:
        asked.append(query)
        return authority.stamp(query) if len(asked) == 1 else b""

    with answering(once) as url:
        signed.set(tsa_url=url)
        with pytest.raises(Busy):
            await signed.certify()
    assert len(asked) > 1, "the certificate was stamped, its seal was not"
    with answering(authority.stamp) as url:
        signed.set(tsa_url=url)
        bundle = await signed.certify()
    assert bundle.serial == 1 and seals.check(bundle.files["certificate.pdf"]).stamped_at is not None
    (only,) = await signed.pool.fetch("select entry from entry where log_id = 'anchor' and kind = 'C'")
    assert only["entry"] == bytes(entries.Certified(bytes.fromhex(bundle.id)))


async def test_without_its_time_stamp_nothing_is_anchored(signed: House) -> None:
    signed.set(tsa_url=f"http://127.0.0.1:{free_port()}/tsa")
    before = await signed.pool.fetchval("select count(*) from entry where log_id = 'anchor' and kind = 'C'")
    with pytest.raises(Busy):
        await signed.certify()
    assert await signed.pool.fetchval("select count(*) from entry where log_id = 'anchor' and kind = 'C'") == before
    assert await signed.pool.fetchval("select count(*) from certificate") == 0
    signed.set(tsa_url="")
    assert (await signed.certify()).serial == 1, "and afterwards it goes on"
