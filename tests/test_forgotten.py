"""Somebody erased her signature, and an older backup is restored: she stays forgotten."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import httpx2
import pytest

from desk_seat import keys_of, seat
from installation import Installation
from service import backup, db, forgotten, ledger, organizers
from service.__main__ import main
from service.errors import Conflict, Misconfigured
from service.identity import offline
from service.organizers import Grant
from service.proof import tiles
from service.worker import Worker

ORGANIZER = offline.Private.generate("backup")
PEOPLE = {"erased": "Zarquon Vexfield", "withdrawn": "Levon Geghard", "narrowed": "Sona Haghpat", "unread": "Ani Zvartnots"}


async def press(house: Installation, who: str, **fields: str) -> None:
    email = f"{who}@example.org"
    await house.client.post("/en/manage", data={"email": email})
    await house.work()
    assert (await house.client.post(house.link(email, "manage"), data=fields)).status_code == 303


async def standing(pool: asyncpg.Pool) -> dict[str, object]:
    """What a database still holds of people."""
    names = {row["name"] for row in await pool.fetch("select name from shown_name")}
    counted = await pool.fetchval("select count(*) from signature where state = 'confirmed' and blob is not null")
    readers = await pool.fetchval("select count(*) from reader")
    return {"names": names, "counted": counted, "readers": readers, "silent": await pool.fetchval("select count(*) from suppression")}


async def test_what_people_took_back_is_taken_back_again_when_an_older_backup_is_restored(
    installation: Installation, empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house, file = installation, installation.settings.key_dir / forgotten.FILE
    for who, name in PEOPLE.items():
        await house.confirm(f"{who}@example.org", name=name, visibility="show", news=True)
    await house.worker.send_news()
    assert await house.seal() == 4
    await house.post(email="stranger@example.org")
    await house.work()
    folder = tmp_path / "backup"
    await backup.write(house.owner, folder, [ORGANIZER.public])
    published = tmp_path / "mirror"
    await house.lift_caps()
    await press(house, "erased", act="erase", sure="yes")
    await press(house, "withdrawn", act="withdraw", sure="yes")
    await press(house, "narrowed", act="visibility", visibility="count")
    await house.pool.execute(
        "delete from reader where signature_id = (select signature_id from shown_name where name = $1)", PEOPLE["unread"]
    )
    assert (await house.client.post(house.link("stranger@example.org", "not-me"))).status_code == 200
    await house.work()
    assert await house.seal() == 2
    assert not file.exists()
    await house.worker.pass_time()
    assert await house.rows("select 1 from forgotten") == [], "what is on the disk leaves the database"
    kinds = [line.split()[0] for line in file.read_text(encoding="ascii").splitlines()]
    assert sorted(set(kinds) - {"role-again"}) == ["count", "erased", "not-me", "unread", "withdrawn"]
    ids = [row["id"].hex for row in await house.rows("select id from signature")]
    assert file.stat().st_mode & 0o077 == 0 and not any(each in file.read_text(encoding="ascii") for each in ids), "no id, only its hash"
    now = await standing(house.owner)
    assert now["names"] == {PEOPLE["unread"]} and now["counted"] == 2
    await mirror(house.pool, published)

    # The operator's shell: without the file all of them would be back; with it nobody is.
    key = tmp_path / "backup.key"
    key.write_bytes(ORGANIZER.encode())
    key.chmod(0o600)
    for name, value in {"MIGRATE_URL": empty, "DATABASE_URL": "", "KEY_DIR": house.settings.key_dir, "DATA_DIR": tmp_path / "new"}.items():
        monkeypatch.setenv(f"LIBERTAS_{name}", str(value))
    assert await asyncio.to_thread(main, ["restore", str(folder), "--key", str(key)]) == 0
    told = capsys.readouterr().out
    assert "forgotten again: 2 signatures, 1 shown less, 1 reader, 1 mailbox" in told, told
    async with db.open_pool(empty, high=4) as pool:
        assert await forgotten.again(pool, file) == forgotten.Again(), "once"
        assert await standing(pool) == now
        # The log comes back from a mirror, with the withdrawals that stand in it; none is written a second time.
        async with httpx2.AsyncClient(timeout=60) as client:
            done = await ledger.repair(pool, ledger.source(str(published), client), tmp_path / "seen")
        [petition] = [each for each in done if each.log_id != ledger.ANCHOR]
        assert (petition.unbacked, petition.waiting) == (0, 0)
        worker = Worker(pool, house.settings, house.keys, house.shelf.now)
        await worker.seal()
        await worker.close()
        counted = await ledger.recount(pool, petition.log_id)
        assert (counted.tally.count, counted.differences) == (2, [])

    # Control: the same backup without the file.
    monkeypatch.setenv("LIBERTAS_KEY_DIR", str(tmp_path / "no-keys"))
    async with db.open_pool(empty, high=1) as pool:
        await pool.execute("drop schema public cascade")
        await pool.execute("create schema public")
    assert await asyncio.to_thread(main, ["restore", str(folder), "--key", str(key)]) == 0
    assert "repeat the erasures" in capsys.readouterr().out
    async with db.open_pool(empty, high=2) as pool:
        assert (await standing(pool))["names"] == set(PEOPLE.values())


async def test_who_was_removed_from_the_desk_does_not_come_back_with_an_older_backup(
    installation: Installation, empty: str, tmp_path: Path
) -> None:
    house, file, keys = installation, installation.settings.key_dir / forgotten.FILE, keys_of(installation)
    ani, levon, sona = [await seat(house, f"{who}@example.org") for who in ("ani", "levon", "sona")]
    key, spare = b"k" * 16, b"s" * 16
    for id_ in (key, spare):
        await organizers.q.insert_passkey(
            house.pool, id=id_, organizer_id=sona.id, public_key=b"-", sign_count=0, transports=[], label="phone", is_synced=False, now=None
        )
    async with db.transaction(house.pool) as connection:
        asked = await organizers.propose(connection, ani.id, "export", reason="For the council.")
        await organizers.decide(connection, asked, sona.id, "approved")
    folder = tmp_path / "backup"
    await backup.write(house.owner, folder, [ORGANIZER.public])

    # Since then: Levon was removed, Sona has fewer rights and lost a phone; what she lost and got back is hers.
    async with db.transaction(house.pool) as connection:
        await organizers.remove(connection, levon.id)
    for grants in (("editor",), ("editor", "moderator"), ("editor", "certifier")):
        async with db.transaction(house.pool) as connection:
            await organizers.set_roles(connection, sona.id, [Grant(role) for role in grants])
    assert await organizers.q.remove_passkey(house.pool, id=key, organizer_id=sona.id) == key
    async with db.transaction(house.pool) as connection:
        await organizers.execute(connection, asked, ani.id, "export")
    await house.worker.pass_time()
    text = file.read_text(encoding="ascii")
    assert {"organizer", "role", "role-again", "passkey"} <= {line.split()[0] for line in text.splitlines()}
    assert levon.id.hex not in text and key.hex() not in text, "no id, only its hash"

    async def back(remembered: Path) -> tuple[forgotten.Again, dict[str, set[str]], set[bytes], int]:
        async with db.open_pool(empty, high=2) as pool:
            await pool.execute("drop schema public cascade")
            await pool.execute("create schema public")
            await backup.restore(empty, folder, ORGANIZER)
            again = await forgotten.again(pool, remembered)
            assert remembered != file or await forgotten.again(pool, remembered) == forgotten.Again(), "once"
            grants = {one.email: {grant.role for grant in one.grants} for one in await organizers.people(pool, keys)}
            with pytest.raises(Conflict):
                async with db.transaction(pool) as connection:
                    await organizers.execute(connection, asked, ani.id, "export")
            passkeys = {row["id"] for row in await pool.fetch("select id from passkey where organizer_id = $1", sona.id)}
            return again, grants, passkeys, await pool.fetchval("select count(*) from organizer_session")

    again, grants, passkeys, sessions = await back(file)
    everything = set(organizers.ROLES)
    assert grants == {"ani@example.org": everything, "sona@example.org": {"editor", "certifier"}}
    assert key not in passkeys and spare in passkeys and sessions == 0
    assert (again.organizers, again.roles) == (1, 2 + 4) and again.passkeys >= 2

    # Control: without the file all of them are back, but nobody is signed in and nothing is approved.
    again, grants, passkeys, sessions = await back(tmp_path / "no-file")
    assert grants == dict.fromkeys(("ani@example.org", "levon@example.org", "sona@example.org"), everything)
    assert key in passkeys and (again, sessions) == (forgotten.Again(), 0)


async def mirror(pool: asyncpg.Pool, folder: Path) -> None:
    """The published files of every log, as somebody else keeps them."""
    for row in await pool.fetch("select id from log"):
        head = await ledger.checkpoint(pool, row["id"])
        size = int(head.split(b"\n")[1])
        file = folder / row["id"] / tiles.entries_path(0, size)
        file.parent.mkdir(parents=True)
        file.write_bytes(await ledger.entries_tile(pool, row["id"], 0, size))
        (folder / row["id"] / "checkpoint").write_bytes(head)


def test_a_torn_line_is_passed_over_and_another_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "forgotten"
    assert forgotten.read(file) == {}
    file.write_text(f"erased {'ab' * 32}\nwithdrawn {'cd' * 7}", encoding="ascii")
    assert forgotten.read(file) == {"erased": {b"\xab" * 32}}
    forgotten._append(file, f"protect {'ef' * 32}\n")
    assert forgotten.read(file) == {"erased": {b"\xab" * 32}, "protect": {b"\xef" * 32}}, "what follows a torn line stands on its own"
    file.write_text("something else\n", encoding="ascii")
    with pytest.raises(Misconfigured):
        forgotten.read(file)
