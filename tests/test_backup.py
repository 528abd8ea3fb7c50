"""A backup is whole and right, or it is none; it goes back into an empty database and nowhere else."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from installation import Installation
from service import backup, db, ledger, signatures
from service.errors import Conflict, Misconfigured, Unproven
from service.identity import Keys, offline
from service.worker import Worker

ORGANIZER = offline.Private.generate("backup")


async def content(pool: asyncpg.Pool) -> dict[str, list[str]]:
    tables = [row["name"] async for row in backup.q.tables(pool)]
    return {name: sorted(row[0] for row in await pool.fetch(f'select to_jsonb(t)::text from "{name}" t')) for name in tables}


async def test_what_was_backed_up_comes_back_row_for_row_and_goes_on_working(
    installation: Installation, empty: str, tmp_path: Path
) -> None:
    await installation.confirm("ani@example.org")
    await installation.confirm("levon@example.org")
    assert await installation.seal() == 2
    await installation.post(email="sona@example.org")
    folder, seen = tmp_path / "backup", []
    made = await backup.write(installation.owner, folder, [ORGANIZER.public], progress=lambda done, of: seen.append((done, of)))
    assert seen[-1][0] == seen[-1][1] and seen == sorted(seen)
    before = await content(installation.owner)
    restored = await backup.restore(empty, folder, ORGANIZER)
    assert restored.rows == made.rows == sum(map(len, before.values())) > 40
    async with db.open_pool(empty, high=4) as pool:
        assert await content(pool) == before
        async with pool.acquire() as connection:
            assert await db.schema_faults(connection) == []
        # Sequences go on after the highest number, and the worker decides, mails and seals as if nothing had been.
        again = Worker(pool, installation.settings, installation.keys, installation.shelf.now)
        assert await again.decide()
        await again.deliver()
        assert await pool.fetchval("select count(*) from signature where state = 'pending'") == 1
        await again.pass_time()
        assert (await ledger.recount(pool, next(log for log in made.heads if log != "anchor"))).differences == []
        await again.close()


async def test_nothing_of_a_backup_is_readable_without_the_key_and_no_key_is_in_it(installation: Installation, tmp_path: Path) -> None:
    await installation.confirm("ani.canary@example.org", name="Ani Zvartnots", visibility="show")
    folder = tmp_path / "backup"
    await backup.write(installation.owner, folder, [ORGANIZER.public])
    keys = [path.read_bytes() for path in installation.settings.key_dir.rglob("*") if path.is_file()]
    plain = b""
    contents, data_key = backup.open_contents(folder, ORGANIZER)
    for table in contents.tables:
        plain += b"".join(backup._opened(folder / table.file, data_key))
    assert b"Ani Zvartnots" in plain, "control: her shown name is in the database"
    assert b"ani.canary" not in plain, "her address is in it under a daily key only"
    for path in folder.iterdir():
        raw = path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0 and b"Zvartnots" not in raw and b"petition" not in raw
        assert not any(key in raw or key.hex().encode() in raw for key in keys)
    assert not any(key in plain or key.hex().encode() in plain for key in keys if len(key) == 32)


async def test_a_damaged_missing_swapped_or_foreign_file_is_named_before_the_database_is_touched(
    installation: Installation, empty: str, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    await backup.write(installation.owner, folder, [ORGANIZER.public])
    other = tmp_path / "other"
    await backup.write(installation.owner, other, [ORGANIZER.public])
    some = sorted(path.name for path in folder.glob("0*-petition_text.sealed"))[0]

    async def refused(change: Any, named: str) -> None:
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        change(copy)
        with pytest.raises(Unproven) as wrong:
            await backup.restore(empty, copy, ORGANIZER)
        assert wrong.value.name == "backup" and named in wrong.value.detail, wrong.value
        shutil.rmtree(copy)

    def flip(path: Path) -> None:
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)

    await refused(lambda copy: flip(copy / some), some)
    await refused(lambda copy: (copy / some).write_bytes((copy / some).read_bytes()[:-1]), some)
    await refused(lambda copy: (copy / some).write_bytes(b""), some)
    await refused(lambda copy: (copy / some).write_bytes((copy / some).read_bytes() * 2), some)
    await refused(lambda copy: (copy / some).unlink(), some)
    await refused(lambda copy: shutil.copy(other / some, copy / some), some)
    await refused(lambda copy: shutil.copy(sorted(copy.glob("0*-log.sealed"))[0], copy / some), some)
    await refused(lambda copy: flip(copy / "contents.sealed"), "contents.sealed")
    await refused(lambda copy: (copy / "backup.json").unlink(), "no backup.json")
    await refused(lambda copy: (copy / "backup.json").write_text("{}"), "backup.json")
    await refused(lambda copy: shutil.copy(other / "backup.json", copy / "backup.json"), "contents.sealed")
    with pytest.raises(Unproven, match="not sealed to the key stranger, but to backup"):
        await backup.restore(empty, folder, offline.Private.generate("stranger"))
    connection = await asyncpg.connect(empty)
    try:
        assert await backup.q.has_schema(connection) is False
    finally:
        await connection.close()


async def test_a_backup_is_not_restored_over_anything_nor_into_another_schema(
    installation: Installation, empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backup"
    await backup.write(installation.owner, folder, [ORGANIZER.public])
    before = await content(installation.owner)
    with pytest.raises(Conflict, match="not empty"):
        await backup.restore(installation.settings.database_url, folder, ORGANIZER)
    assert await content(installation.owner) == before
    with pytest.raises(Misconfigured, match="not an empty folder"):
        await backup.write(installation.owner, folder, [ORGANIZER.public])
    with pytest.raises(Misconfigured, match="keys new --offline backup"):
        await backup.write(installation.owner, tmp_path / "none", [])
    older = db.digests()[:-1]
    monkeypatch.setattr(db, "digests", lambda: older)
    with pytest.raises(Misconfigured, match="another version of the schema"):
        await backup.restore(empty, folder, ORGANIZER)


async def test_large_tables_go_in_chunks_that_cannot_be_dropped_or_moved(tmp_path: Path) -> None:
    path, key = tmp_path / "001-large.sealed", bytes(32)
    file = backup._Sealing(path, key)
    plain = b"".join(b"%08d\n" % n for n in range(400_000))  # 3.6 MB: four chunks
    for at in range(0, len(plain), 70_001):
        await file.put(plain[at : at + 70_001])
    file.close()
    assert b"".join(backup._opened(path, key)) == plain and file.rows == 400_000
    whole, step = path.read_bytes(), backup.CHUNK + 16
    pieces = [whole[at : at + step] for at in range(0, len(whole), step)]
    assert len(pieces) == 4
    for wrong in (pieces[:3], pieces[1:], [pieces[1], pieces[0], *pieces[2:]], [pieces[0], *pieces], [*pieces, pieces[3]]):
        path.write_bytes(b"".join(wrong))
        with pytest.raises(Unproven, match=r"001-large\.sealed is damaged"):
            list(backup._opened(path, key))


async def test_after_an_older_backup_came_back_nothing_is_signed_until_somebody_mends_it(
    installation: Installation, empty: str, tmp_path: Path
) -> None:
    await installation.confirm("ani@example.org")
    await installation.seal()
    folder = tmp_path / "backup"
    await backup.write(installation.owner, folder, [ORGANIZER.public])
    await installation.confirm("levon@example.org")
    assert await installation.seal() == 2
    contents = await backup.restore(empty, folder, ORGANIZER)
    async with db.open_pool(empty, high=2) as pool:
        for log_id in contents.heads:
            with pytest.raises(ledger.Forked):
                await ledger.guard(pool, log_id, installation.settings.data_dir / "published")


async def test_three_days_later_a_stolen_backup_and_the_backup_key_tell_nobodys_address(installation: Installation, tmp_path: Path) -> None:
    await installation.confirm("ani@example.org")
    folder = tmp_path / "backup"
    await backup.write(installation.owner, folder, [ORGANIZER.public])
    row = (await installation.rows("select * from signature"))[0]
    assert signatures.open_blob(installation.keys, row).email == "ani@example.org", "control: today it opens"
    installation.keys.ratchet(installation.shelf.now() + timedelta(days=3))
    from service.identity import KeyGone

    with pytest.raises(KeyGone):
        signatures.open_blob(Keys(installation.settings.key_dir), row)


async def test_the_commands_back_up_and_restore_and_say_what_they_did(installation: Installation, empty: str, tmp_path: Path) -> None:
    from test_main import run, settings_of

    env = settings_of(installation)
    folder = tmp_path / "backup"
    done = await run("backup", str(folder), **env)
    assert done.code == 0 and "read again, and right" in done.out and "demo-backup" in done.out, done
    assert json.loads((folder / "backup.json").read_text())["format"] == "libertas-backup/v1"
    inside, again, bare = await asyncio.gather(
        run("backup", str(installation.settings.key_dir / "x"), **env),
        run("backup", str(folder), **env),
        run("restore", str(folder), DATA_DIR=str(tmp_path / "new"), MIGRATE_URL=empty),
    )
    assert inside.code == again.code == bare.code == 1
    assert "never lie in one place" in inside.err and "not an empty folder" in again.err and "--key" in bare.err
    key = installation.settings.key_dir / "backup" / "demo-backup.key"
    done = await run("restore", str(folder), "--key", str(key), DATA_DIR=str(tmp_path / "new"), MIGRATE_URL=empty)
    assert done.code == 0 and "tables restored" in done.out and "log anchor" in done.out, done
    full = await run("restore", str(folder), "--key", str(key), DATA_DIR=str(tmp_path / "new"), MIGRATE_URL=empty)
    assert full.code == 1 and "not empty" in full.err
