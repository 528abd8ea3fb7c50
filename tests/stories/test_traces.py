"""What is left of a person: nothing after an erasure, and nothing that could be tried out once the secrets are gone."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from itertools import product

import pytest

from installation import Installation
from service import certificates, exports, ledger, petitions, signatures
from service.proof import commitment, entries
from stories.test_withdrawing import everything, manage_path

EMAIL, NAME = "canary@erasure.example", "Zarquon Vexfield"


def files(installation: Installation) -> Iterator[tuple[str, bytes]]:
    """Every file that the installation keeps, but its keys."""
    for path in sorted(installation.settings.data_dir.rglob("*")):
        if path.is_file() and not path.is_relative_to(installation.settings.key_dir):
            yield path.name, path.read_bytes()


async def served(installation: Installation) -> Iterator[tuple[str, bytes]]:
    """What everybody may fetch, as the web process serves it now, from its caches too."""
    petition, log = (
        f"/en/petitions/{installation.slug}",
        await installation.owner.fetchval("select id from log where petition_id is not null"),
    )
    size = await installation.owner.fetchval("select published_size from log where id = $1", log)
    paths = [
        "/en/", petition, f"{petition}/signers", f"{petition}/certificates", installation.api, f"{installation.api}/statistics",
        "/api/v1/petitions", f"/ledger/{log}/checkpoint", f"/ledger/{log}/tile/entries/000.p/{size}", "/sitemap.xml",
    ]  # fmt: skip
    return iter([(path, (await installation.client.get(path)).content) for path in paths])


async def exported(installation: Installation) -> Iterator[tuple[str, bytes]]:
    found = []
    for form in exports.FORMATS:
        made = await exports.write(installation.pool, installation.keys, installation.settings, installation.slug, shape="open", form=form)
        found.append((form, b"".join([piece async for piece in made])))
    return iter(found)


async def test_an_erased_signer_is_in_no_file_page_cache_export_or_log_line(
    installation: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    await installation.confirm("levon@example.org")
    await installation.confirm(EMAIL, name=NAME, visibility="show", role="poet of Gyumri")
    assert await installation.seal() == 2
    row = (await installation.rows("select * from signature where visibility = 'show'"))[0]
    secret = signatures.open_blob(installation.keys, row).secret
    waiting = [each["signature_id"] async for each in signatures.q.names_waiting(installation.pool, petition_id=row["petition_id"])]
    assert await signatures.q.review_names(installation.pool, ids=waiting, review="shown", now=None) == 1
    await installation.owner.execute("update shown_name set show_from = show_from - 1")
    shown = dict(await served(installation))
    assert NAME.encode() in shown[f"/en/petitions/{installation.slug}/signers"], "control: she was shown, and pages may be kept"
    path = await manage_path(installation, EMAIL)
    assert (await installation.client.post(path, data={"act": "erase", "sure": "yes"})).status_code == 303
    assert await installation.seal() == 1
    await installation.settle()
    await installation.worker.pass_time()
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council")
    salts = [salt.hex() for salt in commitment.salts(secret).values()]
    traces = ["Zarquon", "Vexfield", "erasure.example", "poet of Gyumri", secret.hex(), bytes(row["blob"]).hex(), *salts]
    written = "".join(capfd.readouterr())
    places = [
        *files(installation), *await served(installation), *await exported(installation), *bundle.files.items(), ("log", written.encode()),
        ("tables", (await everything(installation)).encode()),
    ]  # fmt: skip
    assert len(places) > 40, "control: all of them were looked through"
    for place, content in places:
        for trace in traces:
            assert trace.encode() not in content, (place, trace)
            with_bytes = bytes.fromhex(trace) if trace in (secret.hex(), *salts) else b"\0no such bytes\0"
            assert with_bytes not in content, (place, trace)


async def test_when_all_secrets_are_gone_ten_thousand_guesses_match_no_leaf(installation: Installation) -> None:
    """Somebody has the database, every key file and the right address among ten thousand, and still learns nothing."""
    await installation.confirm("ani@example.org")
    await installation.seal()
    found = (await installation.rows("select * from signature where state = 'confirmed'"))[0]
    opened = signatures.open_blob(installation.keys, found)
    secret, kind = opened.secret, opened.klass
    petition = await petitions.by_slug(installation.owner, installation.slug)
    await petitions.change(installation.owner, installation.slug, "close")
    await installation.owner.execute(
        "update petition set opens_at = opens_at - interval '3 days', closes_at = closes_at - interval '25 hours'"
    )
    await installation.settle()
    await installation.worker.pass_time()
    assert await installation.seal() == 1
    assert await signatures.end_retention(installation.pool, petition.id, ledger.queue_purged) > 0
    assert await installation.seal() == 1, "the number stays"

    log = [bytes(row["entry"]) for row in await installation.rows("select entry from entry where log_id <> 'anchor' order by idx")]
    leaves = {entry.commit for entry in map(entries.parse, log) if isinstance(entry, entries.Added)}
    text_hash = next(entry.text_hash for entry in map(entries.parse, log) if isinstance(entry, entries.Text))
    assert len(leaves) == 1 and log[-1].startswith(b"P ")

    def guess(key: bytes, email: str, country: str = "AM", locale: str = "en", klass: str = "email-link") -> bytes:
        return commitment.commit(petition.checkpoint.origin, text_hash, key, email, country, locale, klass)

    kinds = {value.klass for value in [signatures.open_blob(installation.keys, found)] if hasattr(value, "klass")} or {
        "email-link",
        "email",
    }
    assert any(guess(secret, "ani@example.org", klass=klass) in leaves for klass in kinds), "control: with the secret, one guess is enough"
    keys = {bytes(32)}
    for row in await installation.rows("select tablename from pg_tables where schemaname = 'public'"):
        for held in await installation.rows(f'select * from "{row[0]}"'):
            keys |= {value for value in held.values() if isinstance(value, bytes) and len(value) == 32}
    for path in installation.settings.key_dir.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            keys |= {data[at : at + 32] for at in range(0, max(1, len(data) - 31), 32) if len(data) >= 32}
    assert secret not in keys
    right = [
        guess(key, "ani@example.org", country, locale, klass)
        for key, country, locale, klass in product(keys, ("AM", "FR", ""), ("en", "hy", ""), (kind,))
    ]
    guesses = [guess(hmac.digest(b"guess", b"%d" % n, "sha256"), f"person{n}@example.org") for n in range(10_000)]
    assert not leaves & {*right, *guesses}
