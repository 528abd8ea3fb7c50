"""Sealed petitions: whoever copies the server, with every backup and every key that is still there, reads nobody who confirmed."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from conftest import Server
from installation import Installation, make_sealed
from service import db, identity, ledger, petitions, signatures
from service.errors import Conflict, Misconfigured
from service.identity import Form, KeyGone, Keys, Unopened, offline
from service.signatures import keys_of

NAMES = {"ani.canary@example.org": "Ani Zvartnots", "levon.canary@example.org": "Levon Geghard", "sona.canary@example.org": "Sona Haghpat"}
DAY = timedelta(days=1)
Dump = dict[str, list[dict[str, Any]]]


def private_key(installation: Installation, name: str = "demo-main") -> offline.Private:
    return offline.read_private(installation.settings.key_dir / "offline" / f"{name}.key")


async def test_whether_names_are_sealed_cannot_change_after_the_first_form(installation: Installation) -> None:
    house = installation
    change = "update petition set is_sealed = not is_sealed where slug = $1"
    for _ in range(2):
        await house.pool.execute(change, house.slug)  # control: nobody has signed yet
    assert (await house.post()).status_code == 202
    for decided in (False, True):
        if decided:
            await house.work()
        with pytest.raises(asyncpg.CheckViolationError):
            await house.pool.execute(change, house.slug)
        with pytest.raises(asyncpg.CheckViolationError):
            await house.owner.execute(change, house.slug)
    await house.pool.execute("update petition set goal = 7, is_sealed = is_sealed where slug = $1", house.slug)
    await house.owner.execute("delete from token")
    await house.owner.execute("delete from signature")

    # A signature that is being written while somebody changes it: the change waits, then finds it.
    async with house.owner.acquire() as connection, connection.transaction():
        await connection.execute(
            "insert into signature (id, petition_id, text_version, state, visibility) "
            "select gen_random_uuid(), id, 1, 'pending', 'count' from petition where slug = $1",
            house.slug,
        )
        changing = asyncio.create_task(house.pool.execute(change, house.slug))
        while not await house.owner.fetchval("select exists (select from pg_locks where not granted)"):
            assert not changing.done(), "it did not wait"
    with pytest.raises(asyncpg.CheckViolationError):
        await changing


async def dump(pool: asyncpg.Pool) -> Dump:
    """All that is in the database, as a thief takes it."""
    tables = await pool.fetch("select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
    return {row["relname"]: [dict(each) for each in await pool.fetch(f'select * from "{row["relname"]}"')] for row in tables}


def read_with(keys: Keys, dumps: Iterable[Dump]) -> set[str]:
    """Every address that opens in any of the dumps with the epoch keys that are in ``keys``, or that follow from them."""
    found = set()
    for taken in dumps:
        for table, column in (("signature", "blob"), ("intake", "payload"), ("mail", "address")):
            for row in taken[table]:
                if row[column] is None:
                    continue
                place = row["id"] if isinstance(row["id"], bytes) else row["id"].bytes
                try:
                    plain = identity.open_sealed(keys.epoch_key(row["key_id"]), row["key_id"], table, place, row[column])
                except (KeyGone, Unopened):
                    continue
                found.add(_address(table, plain))
    return found


def _address(table: str, plain: bytes) -> str:
    if table == "signature":
        return identity.Blob.decode(plain).email
    return Form.decode(plain).email if table == "intake" else plain.decode()


def raw_files(folder: Path) -> Iterable[bytes]:
    for path in folder.rglob("*"):
        if path.is_file() and path.stat().st_size:
            yield path.read_bytes()


async def test_with_dumps_wal_data_files_and_present_keys_nobody_confirmed_is_readable_after_three_days(
    installation: Installation, server: Server, tmp_path: Path
) -> None:
    await make_sealed(installation)
    for email, name in NAMES.items():
        await installation.confirm(email, name=name, text_version=2, visibility="count")
    assert await installation.seal() == 3
    # The thief has been here on the first day, and keeps a copy of the database; a careless friend also copied the keys.
    first = await dump(installation.owner)
    frozen = tmp_path / "keys-that-were-never-ratcheted"
    shutil.copytree(installation.settings.key_dir, frozen)
    blobs = [row["blob"] for row in first["signature"]]
    assert all(row["sealed_blob"] for row in first["signature"])
    # A day later the operational copies go, and three days later the keys.
    await installation.owner.execute("update signature set operational_until = operational_until - interval '1 day'")
    await installation.worker.pass_time()
    second = await dump(installation.owner)
    assert all(row["blob"] is None and row["key_id"] is None and row["sealed_blob"] for row in second["signature"])
    gone = installation.keys.ratchet(installation.shelf.now() + 3 * DAY)
    assert ("epoch", int(installation.shelf.now().timestamp()) // 86_400) in gone
    third = await dump(installation.owner)

    assert read_with(Keys(installation.settings.key_dir), (first, second, third)) == set()
    assert read_with(Keys(frozen), (first,)) == set(NAMES), "control: with the ratchet switched off the same thief reads everybody"

    if server.postgres is not None:
        connection = await asyncpg.connect(server.admin)
        try:
            await connection.execute("checkpoint")
        finally:
            await connection.close()
        canaries = [*(word.encode() for pair in NAMES.items() for word in pair), *(name.encode("utf-16-le") for name in NAMES.values())]
        has_ciphertext = False
        for raw in raw_files(server.postgres.home):
            assert not any(canary in raw for canary in canaries)
            has_ciphertext = has_ciphertext or any(blob in raw for blob in blobs)
        assert has_ciphertext, "control: the files do hold the old ciphertexts, so it is the keys' end that protects"

    # The organizers, on their own machine, still read all of them; with either key.
    for name in ("demo-main", "demo-safe"):
        private = private_key(installation, name)
        opened = {(blob := _open(private, row)).email: blob.name for row in third["signature"]}
        assert opened == NAMES
    assert all(len(_open(private, row).secret) == 32 for row in third["signature"]), "and the openings of the log's entries"


def _open(private: offline.Private, row: Mapping[str, Any]) -> identity.Blob:
    return signatures.open_box(private, row["petition_id"], row["id"], row["sealed_blob"])


async def test_without_the_keys_of_its_text_nobody_is_confirmed_and_pressing_later_works(installation: Installation) -> None:
    await make_sealed(installation)
    await installation.post(email="ani@example.org", text_version=2)
    await installation.work()
    await installation.pass_seconds(60)
    path = installation.link("ani@example.org")
    public = installation.settings.key_dir / "offline" / "demo-safe.pub"
    kept = public.read_text(encoding="utf-8")
    public.unlink()
    refused = await installation.client.post(path)
    assert refused.status_code == 503 and int(refused.headers["retry-after"]) > 0
    assert [row["state"] for row in await installation.rows("select state from signature")] == ["pending"]
    assert await installation.owner.fetchval("select count(*) from outbox where kind = 'A'") == 0
    public.write_text(kept, encoding="utf-8")
    public.chmod(0o600)
    assert await installation.press(path) == "confirmed"


async def test_the_database_itself_confirms_nobody_in_a_sealed_petition_without_the_copy(installation: Installation) -> None:
    await make_sealed(installation)
    await installation.post(text_version=2)
    await installation.work()
    row = (await installation.rows("select id from signature"))[0]
    async with db.transaction(installation.pool) as connection:
        now = installation.shelf.now()
        confirmed = signatures.q.confirm(
            connection, ids=[row["id"]], entries=[b"A 2 x"], languages=["en"], blobs=[b"x"], key_ids=[1], sealed=[None], promises=[now],
            links=[bytes(32)], links_until=now, now=None,
        )  # fmt: skip
        assert [each async for each in confirmed] == []
    assert not await installation.rows("select 1 from token where purpose = 'manage'")
    with pytest.raises(asyncpg.CheckViolationError):
        await installation.owner.execute("update signature set sealed_blob = '\\x02'")  # a pending one


async def test_a_sealed_petition_opens_only_with_two_keys_in_its_text(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys = Keys.create(tmp_path / "keys", demo=False)
    main_key, safe = (offline.Private.generate(name).public for name in ("main", "safe"))
    texts = {"en": petitions.Text("t", "s", "We ask.", "c", "p")}
    petition_id = UUID(int=9)
    now = await pool.fetchval("select now()")
    draft = petitions.Draft(slug="sealed", opens_at=now - DAY, closes_at=now + DAY, is_sealed=True)
    async with db.transaction(pool) as connection:
        await petitions.create(connection, petition_id, draft)
        log = await ledger.create_log(connection, keys, host="petition.example.org", petition_id=petition_id)
    for too_few in ([], [main_key.fingerprint], [main_key.fingerprint] * 2):
        with pytest.raises(Conflict, match="two offline keys"):
            async with db.transaction(pool) as connection:
                await petitions.publish_text(connection, petition_id, log.origin, texts, sealing_keys=too_few)
    with pytest.raises(Conflict, match="two offline keys"):
        await petitions.change(pool, "sealed", "open")
    async with db.transaction(pool) as connection:
        await petitions.publish_text(connection, petition_id, log.origin, texts, sealing_keys=[main_key.fingerprint, safe.fingerprint])
    manifest = await pool.fetchval("select manifest from text_version")
    with pytest.raises(Misconfigured) as missing:
        keys_of(keys, manifest)
    assert len(missing.value.faults) == 2 and main_key.fingerprint[:16] in missing.value.faults[0]
    for public in (main_key, safe):
        (tmp_path / "keys" / "offline" / f"{public.name}.pub").write_text(public.encode(), encoding="utf-8")
    assert keys_of(keys, manifest) == [main_key, safe]
    await petitions.change(pool, "sealed", "open")


async def test_who_withdraws_or_erases_takes_the_sealed_copy_along(installation: Installation) -> None:
    await make_sealed(installation)
    for email in NAMES:
        await installation.confirm(email, text_version=2)
    for email, act in zip(NAMES, ("withdraw", "erase", ""), strict=True):
        if act:
            await installation.lift_caps()
            await installation.client.post("/en/manage", data={"email": email})
            await installation.work()
            assert (await installation.client.post(installation.link(email, "manage"), data={"act": act})).status_code == 303
    kept = await installation.rows("select state, sealed_blob is not null as is_kept from signature order by state")
    assert [(row["state"], row["is_kept"]) for row in kept] == [("confirmed", True), ("erased", False), ("withdrawn", False)]


async def test_a_day_later_a_row_keeps_no_country_no_minute_and_nothing_that_opens_here(installation: Installation) -> None:
    await make_sealed(installation)
    await installation.confirm("ani@example.org", text_version=2)
    await installation.owner.execute("update signature set operational_until = operational_until - interval '1 day'")
    await installation.worker.pass_time()
    row = dict((await installation.rows("select * from signature"))[0])
    kept = {name for name, value in row.items() if value not in (None, [])} - {"is_placed"}
    assert kept == {
        "id",
        "petition_id",
        "text_version",
        "state",
        "visibility",
        "email_index",
        "exact_index",
        "sealed_blob",
        "decided_at",
        "day",
    }
    sums = {(row["kind"], row["key"]): row["n"] for row in await installation.rows("select kind, key, n from daily_sum")}
    assert sums == {("confirmed", ""): 1, ("country", "AM"): 1, ("language", "en"): 1, ("partner", ""): 1}
