"""The document and its time stamp, read by poppler's ``pdfsig`` and by ``openssl ts``: they agree with `libertas verify`, good or bad."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from house import House
from service.certificates import seals, stamps
from service.errors import Unproven
from tsa_server import Authority, answering


async def run(*command: str | Path) -> tuple[int, str]:
    done = await asyncio.to_thread(subprocess.run, [str(part) for part in command], capture_output=True, text=True, timeout=150)
    return done.returncode, done.stdout + done.stderr


def ours(document: bytes) -> str:
    """The name of what we find wrong with a document, or nothing."""
    try:
        seals.check(document)
    except Unproven as fault:
        return fault.name
    return ""


async def test_pdfsig_calls_those_documents_whole_and_sealed_that_we_do(signed: House, tmp_path: Path) -> None:
    document = (await signed.certify()).files["certificate.pdf"]
    file = tmp_path / "certificate.pdf"
    inside = document.index(b"/Title") + 10
    for name, content, wrong in (
        ("as it was issued", document, ""),
        ("with bytes behind it", document + b"\n% and more\n", "pdf-appended"),
        ("with a changed letter", document[:inside] + bytes([document[inside] ^ 1]) + document[inside + 1 :], "pdf-seal"),
        ("without its seal", seals.check(document).original, "pdf-unsealed"),
    ):
        file.write_bytes(content)
        _, said = await run("pdfsig", "-nocert", file)
        is_good = "Signature is Valid" in said and "Total document signed" in said and "Signature #2" not in said
        assert is_good == (wrong == ""), (name, said)
        assert bool(ours(content)) == bool(wrong), (name, ours(content))


async def test_pdfsig_alone_would_call_an_appended_document_valid_so_the_second_sentence_is_asked_for(
    signed: House, tmp_path: Path
) -> None:
    """The trap that VERIFY.txt steps around."""
    file = tmp_path / "certificate.pdf"
    file.write_bytes((await signed.certify()).files["certificate.pdf"] + b"\n% and more\n")
    _, said = await run("pdfsig", "-nocert", file)
    assert "Signature is Valid" in said and "Total document signed" not in said


async def test_openssl_ts_verifies_the_stamps_that_we_take_and_no_others(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    content, other = b'{"count":12}', b'{"count":13}'
    with answering(authority.stamp) as url:
        token = await asyncio.to_thread(stamps.ask, url, content)
    (tmp_path / "certificate.json.tsr").write_bytes(token)
    assert stamps.read(token, content).at
    with pytest.raises(Unproven, match="timestamp"):
        stamps.read(token, other)
    chain = ("-CAfile", authority.folder / "ca.pem", "-untrusted", authority.folder / "tsa.pem")
    for stamped, expected in ((content, True), (other, False)):
        (tmp_path / "certificate.json").write_bytes(stamped)
        code, said = await run(
            "openssl", "ts", "-verify", "-in", tmp_path / "certificate.json.tsr", "-data", tmp_path / "certificate.json", *chain
        )
        assert (code == 0) == expected, said
    broken = bytearray(token)
    broken[-5] ^= 1
    (tmp_path / "certificate.json.tsr").write_bytes(bytes(broken))
    (tmp_path / "certificate.json").write_bytes(content)
    code, _ = await run(
        "openssl", "ts", "-verify", "-in", tmp_path / "certificate.json.tsr", "-data", tmp_path / "certificate.json", *chain
    )
    assert code != 0
    with pytest.raises(Unproven, match="timestamp"):
        stamps.read(bytes(broken), content)
