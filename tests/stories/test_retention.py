"""When a petition's term is over nothing personal is left of anybody, and the number stays what it was."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from installation import Installation, make_sealed
from service import backup, certificates, exports, ledger, petitions, signatures
from service.identity import KeyGone, Keys, offline
from service.proof import certificate


@pytest.mark.parametrize("is_sealed", [False, True])
async def test_after_the_term_nothing_personal_is_left_and_count_log_and_sums_are_unchanged(
    installation: Installation, is_sealed: bool
) -> None:
    version = 2 if is_sealed else 1
    if is_sealed:
        await make_sealed(installation)
    for number in range(3):
        await installation.confirm(f"s{number}@example.org", name="Ani Canary", text_version=version, visibility="show")
    assert await installation.seal() == 3
    await installation.owner.execute("update signature set operational_until = operational_until - interval '1 day'")
    await installation.worker.pass_time()
    await petitions.change(installation.owner, installation.slug, "close")
    await _age(installation, timedelta(days=2))
    await installation.worker.pass_time()
    assert await installation.seal() == 3
    sums = await installation.rows("select * from daily_sum order by kind, key")
    await _age(installation, signatures.record.KEPT - timedelta(days=3))
    await installation.worker.pass_time()
    kept = await installation.rows("select coalesce(blob, sealed_blob) is not null as is_kept from signature")
    assert all(row["is_kept"] for row in kept), "control: a day before the end all is still there"
    await _age(installation, timedelta(days=2))
    for _ in range(2):
        await installation.worker.pass_time()
    assert await installation.seal() == 3
    for row in await installation.rows("select * from signature"):
        left = {name for name, value in dict(row).items() if value not in (None, [])}
        assert left == {"id", "petition_id", "text_version", "state", "visibility", "decided_at", "day", "log_index", "is_placed"}
    for what in ("shown_name", "token", "intake where payload is not null", "mail where address is not null"):
        assert await installation.owner.fetchval(f"select count(*) from {what}") == 0, what
    assert await installation.rows("select * from daily_sum order by kind, key") == sums
    kinds = [r["kind"] for r in await installation.rows("select kind::text from entry where log_id <> 'anchor' order by idx")]
    assert kinds == ["T"] * version + ["A"] * 3 + ["Z", "P"]
    log_id = await installation.owner.fetchval("select id from log where petition_id is not null")
    assert (await ledger.recount(installation.pool, log_id)).differences == []
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "A parliament")
    trusted = certificate.Trust.parse(await certificates.trust(installation.pool, installation.keys, installation.settings))
    assert certificate.verify_bundle(bundle.files, trusted).figures["count"] == 3


async def _age(installation: Installation, by: timedelta) -> None:
    await installation.owner.execute("update petition set opens_at = opens_at - $1::interval, closes_at = closes_at - $1::interval", by)


async def test_an_erasure_reaches_every_table_at_once_lists_by_name_and_backups_when_their_keys_go(
    installation: Installation, tmp_path: Path
) -> None:
    """What is promised of copies that were made before she erased, and where the promise ends (docs/privacy.md)."""
    key = offline.Private.generate("backup")
    await installation.confirm("ani@example.org", name="Ani Canary")
    await installation.seal()
    before = (await installation.rows("select * from signature"))[0]
    made = await exports.write(installation.pool, installation.keys, installation.settings, installation.slug, shape="working", form="csv")
    listed = b"".join([piece async for piece in made])
    await backup.write(installation.owner, tmp_path / "backup", [key.public])
    frozen = tmp_path / "frozen"
    shutil.copytree(installation.settings.key_dir, frozen)
    await installation.lift_caps()
    await installation.client.post("/en/manage", data={"email": "ani@example.org"})
    await installation.work()
    assert (await installation.client.post(installation.link("ani@example.org", "manage"), data={"act": "erase"})).status_code == 303
    # The list that has left holds her as a box, and its organizers are told by her reference to take her out.
    assert b"Canary" not in listed and str(before["id"]).encode() in listed
    assert [(row_id, why) for row_id, why, _ in await exports.removals(installation.pool, made.id)] == [(before["id"], "erased")]
    again = await exports.write(installation.pool, installation.keys, installation.settings, installation.slug, shape="working", form="csv")
    assert str(before["id"]).encode() not in b"".join([piece async for piece in again])
    # The backup holds her under a daily key, which is no part of it and is destroyed on time.
    contents, data_key = backup.open_contents(tmp_path / "backup", key)
    table = next(each for each in contents.tables if each.name == "signature")
    raw = b"".join(backup._opened(tmp_path / "backup" / table.file, data_key))
    assert bytes(before["blob"]).hex().encode() in raw and b"Canary" not in raw
    installation.keys.ratchet(installation.shelf.now() + timedelta(days=3))
    with pytest.raises(KeyGone):
        signatures.open_blob(Keys(installation.settings.key_dir), before)
    assert signatures.open_blob(Keys(frozen), before).name == "Ani Canary", "control: whoever also copied the keys in time reads her"
