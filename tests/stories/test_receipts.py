"""Ani keeps a promise and then a receipt: she can hold us to our word, and only she can show that she signed."""

from __future__ import annotations

import asyncio
import html
import re
from pathlib import Path
from typing import Any

import pytest

from installation import Installation
from service import certificates
from service.proof import note

ANI, LEVON = "ani@example.org", "levon@example.org"


@pytest.fixture(autouse=True)
def no_pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


async def confirmed(installation: Installation, email: str, **changes: Any) -> tuple[str, str]:
    """(the page after the press, the path of the manage link on it)."""
    assert (await installation.post(email=email, **changes)).status_code == 202
    await installation.work()
    await installation.pass_seconds(60)
    page = (await installation.client.post(installation.link(email))).text
    found = re.search(r'href="(/en/manage/[^"]+)"', page)
    assert found, page
    return page, html.unescape(found[1])


async def trust_of(installation: Installation, folder: Path) -> Path:
    file = folder / "trust.json"
    file.write_bytes(await certificates.trust(installation.pool, installation.keys, installation.settings))
    return file


async def check(path: Path | str, trust: Path | None = None, **more: Any) -> tuple[int, dict[str, Any]]:
    return await asyncio.to_thread(certificates.verify_path, str(path), str(trust) if trust else None, **more)


async def test_ani_downloads_a_receipt_that_opens_her_entry_and_nobody_elses(installation: Installation, tmp_path: Path) -> None:
    _, manage = await confirmed(installation, ANI)
    assert (await installation.client.get(f"{manage}/receipt")).status_code == 404, "not in the log yet"
    assert "receipt" not in (await installation.client.get(manage)).text
    await installation.seal()
    page = await installation.client.get(manage)
    assert f'href="{manage}/receipt"' in page.text and "somebody with power over you" in page.text
    answer = await installation.client.get(f"{manage}/receipt")
    assert (
        answer.status_code == 200
        and answer.headers["cache-control"] == "no-store"
        and "attachment" in answer.headers["content-disposition"]
    )
    file, trust = tmp_path / "ani.tlog-proof", await trust_of(installation, tmp_path)
    file.write_bytes(answer.content)
    code, report = await check(file, trust, address="ANI@example.org")
    assert (code, report["figures"]["index"], report["figures"]["text_version"]) == (0, 1, 1)
    assert (await check(file, trust, address=LEVON))[1]["error"] == "receipt-address"
    assert "address" in (await check(file, trust))[1]["notes"]
    assert (await check(file))[0] == 3, "a receipt carries no key"

    whole = answer.content
    opening = note.parse_tlog_proof(whole).extra
    assert opening is not None
    for old, new, error in (
        (b'"version":1', b'"version":2', "inclusion-proof"),
        (b"ani@example.org", b"eve@example.org", "inclusion-proof"),
        (b"/ledger/", b"/ledgers/", "checkpoint-origin"),
    ):
        head = note.parse_tlog_proof(whole)
        file.write_bytes(note.format_tlog_proof(head.index, head.path, head.checkpoint, opening.replace(old, new, 1)))
        assert (await check(file, trust))[1]["error"] == error, old


async def test_nothing_of_a_receipt_is_kept_or_mailed_and_it_ends_with_the_data(installation: Installation) -> None:
    _, manage = await confirmed(installation, ANI)
    await installation.seal()
    assert (await installation.client.get(f"{manage}/receipt")).status_code == 200
    assert not any("tlog-proof" in letter.text for letter in installation.letters(ANI))
    await installation.owner.execute("update signature set blob = null, key_id = null")
    assert (await installation.client.get(f"{manage}/receipt")).status_code == 404
    assert "/receipt" not in (await installation.client.get(manage)).text


async def test_a_protected_petition_gives_neither_receipt_nor_promise(installation: Installation) -> None:
    await installation.owner.execute("update petition set is_protected = true")
    await installation.settle()
    page, manage = await confirmed(installation, ANI)
    assert "petition-promise" not in page
    await installation.owner.execute("update petition set is_protected = false")
    await installation.seal()
    await installation.owner.execute("update petition set is_protected = true")
    assert (await installation.client.get(f"{manage}/receipt")).status_code == 404


async def test_a_withdrawn_signature_has_no_receipt_and_a_guessed_link_neither(installation: Installation) -> None:
    _, manage = await confirmed(installation, ANI)
    await installation.seal()
    assert (await installation.client.post(manage, data={"act": "withdraw", "sure": "yes"})).status_code == 303
    assert (await installation.client.get(f"{manage}/receipt")).status_code == 404
    assert (await installation.client.get("/en/manage/nonsense/receipt")).status_code == 404


async def test_a_promise_is_kept_or_broken_by_name(installation: Installation, tmp_path: Path) -> None:
    page, _ = await confirmed(installation, ANI)
    assert "libertas verify promise" in page
    shown = re.search(r"<pre[^>]*>(petition-promise/v1.*?)</pre>", page, re.DOTALL)
    assert shown
    promise, trust = tmp_path / "promise.txt", await trust_of(installation, tmp_path)
    promise.write_text(html.unescape(shown[1]), encoding="utf-8")
    log_id = await installation.owner.fetchval("select id from log where petition_id is not null")
    ledger_at = f"{installation.settings.base_url}/ledger/{log_id}"

    assert (await check(promise))[0] == 3
    code, report = await check(promise, trust)
    assert code == 3 and "--ledger" in report["why"]
    code, report = await check(promise, trust, ledger_at=ledger_at)
    assert code == 3 and "due by" in report["why"], "not yet sealed, and not yet due"
    await installation.seal()
    code, report = await check(promise, trust, ledger_at=ledger_at)
    assert (code, report["figures"]["index"], report["figures"]["counts"]) == (0, 1, True)
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council")
    packed = tmp_path / "bundle.zip"
    packed.write_bytes(bundle.zip())
    assert (await check(promise, trust, ledger_at=str(packed), offline=True))[0] == 0

    # The same key, an entry that is in no log, and an hour that is over.
    lines = promise.read_text(encoding="utf-8").split("\n")
    signer = note.Signer(f"{installation.settings.origin_host}/promise", installation.keys.promise_key())
    for hour, expected in (("2020-01-01T00:00:00Z", "promise-broken"), ("2999-01-01T00:00:00Z", None)):
        promise.write_bytes(note.sign(f"{lines[0]}\n{lines[1]}\nA 1 {'A' * 43}\n{hour}\n", [signer]))
        code, report = await check(promise, trust, ledger_at=ledger_at)
        assert (code, report.get("error")) == ((1, expected) if expected else (3, None))
    promise.write_bytes(note.sign(f"{lines[0]}\n{lines[1]}x\n{lines[2]}\n{lines[3]}\n", [signer]))
    assert (await check(promise, trust, ledger_at=ledger_at))[1]["error"] == "promise-origin"
    stranger = note.Signer(signer.name, bytes(range(32)))
    promise.write_bytes(note.sign("\n".join(lines[:4]) + "\n", [stranger]))
    assert (await check(promise, trust, ledger_at=ledger_at))[1]["error"] == "note-unknown-key"


async def test_keys_compared_once_are_remembered_when_told_to(installation: Installation, tmp_path: Path) -> None:
    await confirmed(installation, ANI)
    await installation.seal()
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council")
    packed, trust = tmp_path / "bundle.zip", await trust_of(installation, tmp_path)
    packed.write_bytes(bundle.zip())
    assert (await check(packed, trust))[0] == 0
    assert (await check(packed))[0] == 2, "nothing is pinned unasked"
    code, report = await check(packed, trust, pin=True)
    assert code == 0 and report["pinned"].endswith(".json")
    assert (await check(packed))[0] == 0
    document = tmp_path / "certificate.pdf"
    document.write_bytes(bundle.files["certificate.pdf"])
    assert (await check(document))[0] == 0

    (installation.settings.key_dir / "certificate").unlink()
    installation.keys.create(installation.settings.key_dir)
    other = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council")
    packed.write_bytes(other.zip())
    assert (await check(packed))[1]["error"] == "issuer-unknown", "another key under the same name is not simply accepted"


async def test_the_document_is_fetched_from_the_petitions_page(installation: Installation) -> None:
    await confirmed(installation, ANI)
    await installation.seal()
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council")
    listed = (await installation.client.get(f"/en/petitions/{installation.slug}/certificates")).text
    found = re.search(r'href="(/petitions/[^"]+/certificate\.pdf)"', listed)
    assert found
    answer = await installation.client.get(found[1])
    assert answer.headers["content-type"] == "application/pdf" and answer.content == bundle.files["certificate.pdf"]
    assert "immutable" in answer.headers["cache-control"]
    head = await installation.client.head(found[1])
    assert head.status_code == 200 and head.content == b""
    for wrong in ("certificate.exe", "SHA256SUMS", ".."):
        assert (await installation.client.get(found[1].replace("certificate.pdf", wrong))).status_code == 404
