"""The whole audit from two shells: the issuer's, which has the database, and the auditor's, which has nothing but files."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from installation import Installation
from service import certificates
from service.__main__ import main

WORD = ["--word", "the lottery of 26 November", "--size", "5"]


async def test_two_shells_do_an_audit(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ani", "levon"):
        await installation.confirm(f"{name}@example.org")
    await installation.seal()
    for name in ("DATABASE_URL", "DATA_DIR", "KEY_DIR"):
        monkeypatch.setenv(f"LIBERTAS_{name}", str(getattr(installation.settings, name.lower())))
    monkeypatch.chdir(tmp_path)
    keygen = shutil.which("ssh-keygen") or "ssh-keygen"
    await asyncio.to_thread(
        subprocess.run, [keygen, "-q", "-t", "ed25519", "-N", "", "-C", "auditor", "-f", "auditor"], check=True, timeout=150
    )
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council")
    (tmp_path / "bundle.zip").write_bytes(bundle.zip())

    async def audit(act: str, *words: str, code: int = 0) -> str:
        assert await asyncio.to_thread(main, ["audit", act, *words]) == code, capsys.readouterr().err
        return capsys.readouterr().out

    slug, log, public = ["--slug", installation.slug], ["--bundle", "bundle.zip"], ["--key", "audit.json"]
    assert "299" in await audit("sizes")
    await audit("key", "--out", "audit.pem")
    assert (tmp_path / "audit.pem").stat().st_mode & 0o077 == 0
    assert "2 of 2" in await audit("blind", *slug, *log, *public, "--out", "desk")
    assert (tmp_path / "desk" / "book.secret").stat().st_mode & 0o077 == 0
    assert "destroyed" in await audit("sign", "--file", "desk/blinded.txt", "--key", "audit.pem", "--out", "signed.txt")
    assert not (tmp_path / "audit.pem").exists()
    await audit("tags", "--dir", "desk", *log, *public, "--signed", "signed.txt")
    tags = ["--tags", "desk/tags.txt"]
    assert b"example.org" not in (tmp_path / "desk" / "tags.txt").read_bytes()
    assert len((await audit("seed", *tags, *WORD)).strip()) == 64
    assert (await audit("sample", *tags, *WORD)).split() == ["1", "2"]
    await audit("open", "--dir", "desk", *tags, *WORD, "--out", "openings.jsonl")
    checking = [*log, *tags, *public, *WORD, "--openings", "openings.jsonl", "--auditor", "N. N.", "--auditor-key", "auditor"]
    assert "0 repeated; 2 drawn, 2 opened" in await audit("check", *checking, "--out", "report.json")
    await audit("take-in", *slug, "--file", "report.json")
    told = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council")
    assert json.loads(told.files["certificate.json"])["audited"][0]["auditor"] == "N. N."

    # The same with a tag that was changed on the way: two entries are said to be one address.
    lines = (tmp_path / "desk" / "tags.txt").read_text().split("\n")
    lines[7] = f"2 {lines[6].split(' ')[1]}"
    (tmp_path / "desk" / "tags.txt").write_text("\n".join(lines))
    await audit("open", "--dir", "desk", *tags, *WORD, "--out", "openings.jsonl")
    assert await asyncio.to_thread(main, ["audit", "check", *checking, "--out", "report.json"]) == 1
    said = capsys.readouterr().err
    assert "audit-duplicate: entries 1 and 2" in said and "audit-tag: entry 2" in said
    assert await asyncio.to_thread(main, ["audit", "check"]) == 1
    assert "audit check needs --bundle" in capsys.readouterr().err
