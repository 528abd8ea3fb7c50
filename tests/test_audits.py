"""Ani has signed once, and somebody at the desk counts her twice: the audit finds it, and the next certificate says so."""

from __future__ import annotations

import secrets
from pathlib import Path
from uuid import uuid4

import pytest

from installation import Installation
from service import audits, certificates, identity
from service.errors import Conflict, Misconfigured, Unproven
from service.identity import Blob
from service.proof import audit, commitment
from service.proof import certificate as proof
from service.proof.entries import Tally
from service.signatures.record import seal_blob

WORD = "the lottery of 26 November"


async def counted_twice(installation: Installation, address: str) -> None:
    """What the database refuses is done with the owner's hand: a second signature of one mailbox, with a good leaf."""
    row = (
        await installation.rows(
            "select s.*, l.id as log_id, l.origin, v.manifest_hash from signature s join log l using (petition_id) join text_version v using (petition_id) limit 1"
        )
    )[0]
    blob = Blob(
        name="Ani", email=address, country="AM", locality="", language="en", klass="email", visibility="count", role="", secret=secrets.token_bytes(32)
    )  # fmt: skip
    signature_id = uuid4()
    key_id, key = installation.keys.epoch(installation.shelf.now())
    leaf = commitment.entry(
        1, commitment.commit(row["origin"], row["manifest_hash"], blob.secret, identity.canonical(address), "AM", "en", "email")
    )
    await installation.owner.execute(
        "insert into signature (id, petition_id, text_version, state, visibility, blob, key_id) values ($1, $2, 1, 'confirmed', 'count', $3, $4)",
        signature_id, row["petition_id"], seal_blob(key, key_id, signature_id, blob), key_id,
    )  # fmt: skip
    await installation.owner.execute(
        "insert into outbox (log_id, kind, signature_id, entry) values ($1, 'A', $2, $3)", row["log_id"], signature_id, leaf
    )


async def certified(installation: Installation) -> certificates.Bundle:
    return await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council")


def log_of(bundle: certificates.Bundle) -> audits.Log:
    verdict = proof.verify_bundle(bundle.files)
    entries = list(certificates.entries_of(bundle.files))
    tally = Tally()
    for entry in entries:
        tally.add(entry)
    return audits.Log(verdict.checkpoint, entries, tally.counted(), tally.texts)


async def audited(installation: Installation, log: audits.Log) -> tuple[audit.Findings, audit.Tags, bytes]:
    """The whole exchange, with files as they pass between the two."""
    pem, key = audits.new_key()
    blinded, pages = audits.blind(key, await audits.openings(installation.pool, installation.keys, installation.slug, log))
    sent = audits.format_numbers(blinded, key.width)
    assert b"example.org" not in sent
    signed = audits.sign(pem, audits.parse_numbers(sent))
    tags, pages = audits.tags(
        key, log, audits.parse_book(audits.format_book(pages)), audits.parse_numbers(audits.format_numbers(signed, key.width))
    )
    ledger = audit.Tags.parse(tags.encode())
    by = audit.seed(ledger.digest(), WORD)
    drawn = audit.sample(log.counted, 10, by)
    opened = audit.parse_opened(audits.opened(pages, drawn))
    return audit.check(key, ledger, log.counted, dict(enumerate(log.entries)), by, 10, opened, log.text_hashes), ledger, by


async def test_a_planted_duplicate_is_found_and_the_next_certificate_tells_it(installation: Installation, tmp_path: Path) -> None:
    for name in ("ani", "levon", "nare"):
        await installation.confirm(f"{name}@example.org")
    await installation.seal()
    clean, _, _ = await audited(installation, log_of(await certified(installation)))
    assert clean.is_clean and clean.untagged == 0 and len(clean.drawn) == 3

    await counted_twice(installation, "Ani@example.org")
    assert await installation.seal() == 4
    bundle = await certified(installation)
    log = log_of(bundle)
    found, tags, by = await audited(installation, log)
    assert len(found.duplicates) == 1 and not found.is_clean

    auditor = identity.Keys.create(tmp_path / "auditor").certificate_key()
    report = audit.report(
        found, tags, auditor="N. N., Brussels", auditor_key=proof.ssh_public(auditor), done_on="2026-11-26", by=by, word=WORD
    )
    with pytest.raises(Unproven, match="ssh-signature"):
        await audits.take_in(installation.pool, installation.slug, report, proof.ssh_sign(report, auditor))  # for another purpose
    signature = proof.ssh_sign(report, auditor, audit.NAMESPACE)
    await audits.take_in(installation.pool, installation.slug, report, signature)
    await audits.take_in(installation.pool, installation.slug, report, signature)
    told = await certified(installation)
    body = certificates.printing.read(told.files["certificate.json"])
    assert [(one["auditor"], one["duplicates"], one["tags"]) for one in body["audited"]] == [("N. N., Brussels", 1, 4)]
    assert told.files["audit/1.json"] == report and told.files["audit/1.json.sig"] == signature
    packed = tmp_path / "bundle.zip"
    packed.write_bytes(told.zip())
    code, checked = certificates.verify_path(str(packed), None)
    assert (code, checked["audits"][0]["duplicates"]) == (2, 1) and "auditor" in checked["notes"]


async def test_a_report_about_another_log_is_not_taken_in(installation: Installation, tmp_path: Path) -> None:
    await installation.confirm()
    await installation.seal()
    log = log_of(await certified(installation))
    found, tags, by = await audited(installation, log)
    auditor = identity.Keys.create(tmp_path / "auditor").certificate_key()
    good = audit.report(found, tags, auditor="N. N.", auditor_key=proof.ssh_public(auditor), done_on="2026-11-26", by=by, word=WORD)
    for old, new in ((b"/ledger/", b"/ledgers/"), (b'"size":2', b'"size":3'), (b'"root":"', b'"root":"A')):
        report = good.replace(old, new, 1)
        assert report != good
        with pytest.raises(Unproven, match="audit-checkpoint"):
            await audits.take_in(installation.pool, installation.slug, report, proof.ssh_sign(report, auditor, audit.NAMESPACE))


async def test_when_nothing_can_be_opened_any_more_there_is_no_audit(installation: Installation) -> None:
    await installation.confirm()
    await installation.confirm("levon@example.org")
    await installation.seal()
    log = log_of(await certified(installation))
    first = (await installation.rows("select id from signature order by log_index limit 1"))[0]["id"]
    await installation.owner.execute("update signature set blob = null, key_id = null where id = $1", first)
    found, tags, _ = await audited(installation, log)
    assert found.untagged == 1 and len(found.refused) == 1 and None in tags.tags.values(), "what cannot be opened is told"
    await installation.owner.execute("update signature set blob = null, key_id = null")
    with pytest.raises(Conflict, match="no entry can be opened"):
        await audits.openings(installation.pool, installation.keys, installation.slug, log)


def test_files_of_another_kind_are_named() -> None:
    for broken in (b"1 ????\n", b"x AAAA\n", b""):
        with pytest.raises(Unproven, match="audit-file"):
            audits.parse_numbers(broken)
    with pytest.raises(Unproven):
        audits.parse_book(b'{"index":1}\n')
    with pytest.raises(Misconfigured):
        audits.sign(b"no key", {})
