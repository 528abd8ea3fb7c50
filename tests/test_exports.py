"""Lists that leave the house: each under its checkpoint, no name in the clear, nobody wider than she wished, no formula."""

from __future__ import annotations

import asyncio
import csv
import json
import re
import secrets
import shutil
import subprocess
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import duckdb
import msgspec
import pytest

from installation import Installation
from service import certificates, db, exports, identity, organizers, petitions, recipients, sample
from service.errors import Conflict, Invalid, Misconfigured, NotFound, Unproven
from service.exports import tables
from service.exports.opening import about_path, narrower
from service.identity import Blob, Keys, offline
from service.proof.canonical import sha256
from service.settings import Settings, load

FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)",
    "=HYPERLINK(\"https://example.org\";\"x\")", "=cmd|'/C calc'!A0", " =1+1", "\u00a0=1+1", "\ufeff=1+1", "|x", "%0A=1+1", "-2+3+cmd|' /C calc'!A0",
    "=WEBSERVICE(\"https://example.org\")", "=IMPORTXML(1;2)", "+A1", "{=1+1}", "=\"Ani\"", "'=1+1", "\"=1+1", "=1+1\n=2+2", "1,=2+2,3", "1;=2+2",
]  # fmt: skip


class House:
    """A petition with rows that are there at once; ``private`` is the organizers' key."""

    def __init__(self, pool: asyncpg.Pool, folder: Path) -> None:
        self.pool = pool
        self.folder = folder
        self.settings: Settings = load({}, data_dir=folder / "data", embedded=True)
        self.keys = Keys.create(self.settings.key_dir)
        self.private = offline.read_private(self.settings.key_dir / "offline" / "demo-main.key")
        self.id = UUID(int=0)
        self.log_id = ""

    async def open(self, *, is_sealed: bool) -> House:
        now = datetime.now(UTC)
        draft = petitions.Draft(slug="free", opens_at=now - timedelta(days=9), closes_at=now + timedelta(days=90), is_sealed=is_sealed)
        texts = {lang: petitions.Text(f"t {lang}", "s", "We ask.\n", "c", "p") for lang in ("fr", "en", "hy")}
        async with db.transaction(self.pool) as connection:
            await sample.found(connection, self.keys, self.settings, draft, texts)
        await petitions.change(self.pool, "free", "open")
        found = await petitions.by_slug(self.pool, "free")
        self.id, self.log_id = found.id, found.log_id
        self.is_sealed = is_sealed
        return self

    async def signed(self, *people: dict[str, Any], row_visibility: str = "") -> list[UUID]:
        """Confirmed and sealed signatures, and a checkpoint over all of them."""
        key_id, key = self.keys.epoch(datetime.now(UTC))
        begin = await self.pool.fetchval("select count(*) from signature") + 1  # leaf 0 is the text
        rows = []
        for at, person in enumerate(people, start=begin):
            blob = blob_of(**person)
            row_id = uuid4()
            sealed = offline.seal_box(self.keys.offline_keys(), self.id, row_id, "signer", blob.encode()) if self.is_sealed else None
            plain = None if self.is_sealed else identity.seal(key, key_id, "signature", row_id.bytes, blob.encode())
            rows.append(
                (
                    row_id,
                    self.id,
                    1,
                    "confirmed",
                    row_visibility or blob.visibility,
                    plain,
                    key_id if plain else None,
                    sealed,
                    date(2026, 3, 1),
                    at,
                )
            )
        await self.pool.executemany(
            "insert into signature (id, petition_id, text_version, state, visibility, blob, key_id, sealed_blob, day, log_index)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            rows,
        )
        await self.publish(begin + len(people), begin + len(people) - 1)
        return [row[0] for row in rows]

    async def publish(self, size: int, count: int) -> None:
        await self.pool.execute(
            "insert into checkpoint (log_id, size, root, count) values ($1, $2, $3, $4)", self.log_id, size, bytes(32), count
        )
        await self.pool.execute(
            "update log set size = $2, published_size = $2, count = $3, published_count = $3, published_root = $4 where id = $1",
            self.log_id, size, count, bytes(32),
        )  # fmt: skip

    async def written(self, form: tables.Format = "csv", shape: exports.writing.Shape = "working", **more: Any) -> Path:
        if shape == "recipient":
            more = {"profile": exports.Profile(recipient="A council", fields=("name", "role", "country")), **more}
        made = await exports.write(self.pool, self.keys, self.settings, "free", shape=shape, form=form, **more)
        path = self.folder / f"{secrets.token_hex(4)}-{made.file_name}"
        with path.open("wb") as file:
            async for piece in made:
                file.write(piece)
        about_path(path).write_bytes(msgspec.json.encode(made.about))
        return path

    def opened(self, path: Path) -> tuple[list[dict[str, str]], dict[str, int]]:
        out = path.with_name("opened-" + path.name)
        done = exports.open_file(path, self.private, out)
        return list(rows_of(out)), done.totals


def blob_of(**changes: Any) -> Blob:
    whole: dict[str, Any] = {
        "name": "Ani Petrosyan", "email": "ani@example.org", "country": "AM", "locality": "", "language": "hy", "klass": "email",
        "visibility": "count", "role": "", "secret": secrets.token_bytes(32), "handover": True, **changes,
    }  # fmt: skip
    return Blob(**whole)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Read with tools of others: Python's csv, DuckDB, a plain JSON parser; XLSX by LibreOffice elsewhere."""
    form = path.suffix[1:]
    if form == "csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    if form == "jsonl":
        return [
            {k: "" if v is None else str(v) for k, v in json.loads(line).items()} for line in path.read_text(encoding="utf-8").splitlines()
        ]
    if form == "parquet":
        found = duckdb.sql(f"select * from '{path}'")
        return [{k: "" if v is None else str(v) for k, v in zip(found.columns, row, strict=True)} for row in found.fetchall()]
    return list(tables.read(path, "xlsx"))


@pytest.fixture(params=["sealed", "unsealed"])
async def house(request: pytest.FixtureRequest, pool: asyncpg.Pool, tmp_path: Path) -> AsyncIterator[House]:
    yield await House(pool, tmp_path).open(is_sealed=request.param == "sealed")


# -- the way of a list -----------------------------------------------------------------------------------------------------------


async def test_in_every_format_no_name_leaves_in_the_clear_and_the_organizers_read_all_of_them(house: House) -> None:
    people = [{"name": f"Signer {n:04}", "email": f"canary{n}@example.org"} for n in range(30)]
    ids = await house.signed(*people)
    for form in exports.FORMATS:
        path = await house.written(form)
        raw = path.read_bytes()
        if form == "xlsx":
            with zipfile.ZipFile(path) as archive:
                raw += b"".join(archive.read(name) for name in archive.namelist())
        assert b"Signer 0" not in raw and b"canary" not in raw, form
        assert {row["id"] for row in rows_of(path)} == {str(each) for each in ids}, form
        rows, totals = house.opened(path)
        assert {(row["name"], row["email"]) for row in rows} == {(p["name"], p["email"]) for p in people}, form
        assert totals == {"count": 30, "rows": 30, "named": 30}
        about = json.loads(about_path(path).read_text())
        assert about["totals"] == {"count": 30, "rows": 30, "not_listed": 0} and about["checkpoint"]["size"] == 31
        assert about["sha256"] == sha256(path.read_bytes()).hex()


async def test_a_recipient_gets_only_those_who_agreed_in_the_narrower_of_two_wishes_and_the_totals_add_up(house: House) -> None:
    await house.signed(
        {"name": "Zabel", "visibility": "show", "role": "mayor of Valence"},
        {"name": "Aram", "visibility": "count"},
        {"name": "Éva", "visibility": "show"},
        {"name": "Not Agreed", "handover": False, "visibility": "show"},
        {"name": "Nobody Sees", "visibility": "protect"},
    )
    # The row was narrowed by its signer later; and a server in wrong hands widens two rows before it exports.
    await house.signed({"name": "Narrowed Later", "visibility": "show", "role": "senator"}, row_visibility="count")
    await house.signed({"name": "Protected Later", "visibility": "show"}, row_visibility="protect")
    await house.signed({"name": "Widened By Thief", "visibility": "protect"}, row_visibility="show")
    await house.signed({"name": "Shown By Thief", "visibility": "count", "role": "judge"}, row_visibility="show")
    profile = exports.Profile(recipient="A council", fields=("name", "role"), sponsors=("City of Lyon",))
    for form in exports.FORMATS:
        rows, totals = house.opened(await house.written(form, "recipient", profile=profile))
        assert [(row["kind"], row["name"], row["role"]) for row in rows] == [
            ("sponsor", "City of Lyon", ""),
            ("notable", "Zabel", "mayor of Valence"),
            ("signer", "Aram", ""),
            ("signer", "Éva", ""),
            ("signer", "Narrowed Later", ""),
            ("signer", "Shown By Thief", ""),
        ], form
        assert set(rows[0]) == {"kind", "reference", "name", "role"}, "only the profile's fields"
        assert totals == {"count": 9, "named": 5, "not_named": 4, "sponsors": 1}
    working, _ = house.opened(await house.written("csv"))
    assert {row["name"] for row in working if row["visibility"] == "protect"} == {""}, "to nobody means: not to us either"


def test_the_narrower_of_two_wishes_is_never_the_wider_and_what_is_unknown_is_hidden() -> None:
    width = ["protect", "count", "show"]
    for one in width:
        for other in width:
            assert narrower(one, other) == width[min(width.index(one), width.index(other))]
    assert narrower("show", "public") == narrower("", "show") == "protect"


async def test_a_long_list_is_sorted_by_alphabet_without_being_held_in_memory(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"Name {n:03}" for n in range(120)]
    await house.signed(*({"name": name} for name in reversed(names)))
    monkeypatch.setattr("service.exports.opening.RUN", 17)
    rows, _ = house.opened(await house.written("csv", "recipient"))
    assert [row["name"] for row in rows] == names


async def test_an_export_stands_under_its_checkpoint_and_tells_how_many_left_since(house: House) -> None:
    ids = await house.signed(*({"name": f"S {n}"} for n in range(12)))
    await house.pool.execute("update signature set state = 'withdrawn', sealed_blob = null, blob = null where id = any($1)", ids[:2])
    await house.pool.execute("update signature set state = 'invalidated' where id = $1", ids[2])
    # One was reinstated after the checkpoint: it counts again, but not in this number. (Only these two entries of the log are here.)
    await house.pool.execute("alter table entry disable trigger entry_rules")
    await house.pool.execute(
        "insert into entry (log_id, idx, kind, entry, ref) values ($1, 12, 'X', 'X', $2), ($1, 14, 'R', 'R', $2)", house.log_id, 4
    )
    await house.publish(14, 11)
    path = await house.written("csv")
    about = json.loads(about_path(path).read_text())
    assert about["totals"] == {"count": 11, "rows": 8, "not_listed": 3}
    assert len(rows_of(path)) == 8 and str(ids[3]) not in path.read_text()
    await house.publish(15, 12)
    assert str(ids[3]) in (await house.written("csv")).read_text(), "control: under the next checkpoint it is there"


async def test_open_figures_are_stable_and_hold_no_small_cell(house: House) -> None:
    await house.signed(*({"name": f"S {n}"} for n in range(3)))
    for kind, key, n in (("country", "AM", 57), ("country", "FR", 9), ("language", "hy", 20), ("confirmed", "", 66)):
        await house.pool.execute("insert into daily_sum values ($1, '2026-03-01', $2, $3, $4)", house.id, kind, key, n)
    expected = [("count", "", "3"), ("day", "2026-03-01", "60"), ("country", "AM", "50"), ("language", "hy", "20")]
    for form in exports.FORMATS:
        paths = [await house.written(form, "open") for _ in range(2)]
        assert [(row["kind"], row["key"], row["n"]) for row in rows_of(paths[0])] == expected, form
        if form in ("csv", "jsonl"):
            assert paths[0].read_bytes() == paths[1].read_bytes()
    assert await house.pool.fetchval("select count(*) from export_part") == 0, "nobody is in it"


async def test_whoever_leaves_later_is_on_the_removal_list_until_somebody_took_her_out(house: House) -> None:
    ids = await house.signed(*({"name": f"S {n}"} for n in range(5)))
    await house.written("csv", "recipient")
    (made,) = await exports.made(house.pool, house.id)
    assert made["listed"] == 5 and await exports.removals(house.pool, made["id"]) == []
    await house.pool.execute("update signature set state = 'withdrawn', sealed_blob = null where id = $1", ids[0])
    await house.pool.execute("update signature set state = 'erased', sealed_blob = null where id = $1", ids[1])
    await house.pool.execute("update signature set visibility = 'protect' where id = $1", ids[2])
    left = await exports.removals(house.pool, made["id"])
    assert {(row_id, why) for row_id, why, _ in left} == {(ids[0], "withdrawn"), (ids[1], "erased"), (ids[2], "protect")}
    for _ in range(2):
        await exports.confirm_removals(house.pool, made["id"], ids[:2])
    assert [row_id for row_id, _, _ in await exports.removals(house.pool, made["id"])] == [ids[2]]


async def test_whoever_leaves_while_a_list_is_begun_is_in_list_number_and_removals_alike(house: House, database: str) -> None:
    """The list waits for a lock between the checkpoint and its rows; Sona withdraws meanwhile. All of it is of one moment, before."""
    ids = await house.signed(*({"name": f"S {n}"} for n in range(5)))
    async with db.open_pool(database, high=2) as pool:
        made = await exports.write(pool, house.keys, house.settings, "free", shape="working", form="csv")

        async def whole() -> str:
            return b"".join([piece async for piece in made]).decode()

        # The list has one connection of the two; whoever keeps its ids has to wait for this one.
        async with pool.acquire() as held, held.transaction():
            await held.execute("lock table signature in access exclusive mode")
            writing = asyncio.create_task(whole())
            waits = "select exists (select from pg_locks where relation = 'signature'::regclass and not granted)"
            while not await house.pool.fetchval(waits):
                await asyncio.sleep(0.01)
            await held.execute("update signature set state = 'withdrawn', sealed_blob = null, blob = null where id = $1", ids[0])
        text = await writing
    assert made.about["totals"] == {"count": 5, "rows": 5, "not_listed": 0} and str(ids[0]) in text
    assert [row_id for row_id, _, _ in await exports.removals(house.pool, made.id)] == [ids[0]], "she is to be taken out of it"


async def test_an_export_that_is_left_half_way_is_remembered_as_cut_short_with_everybody_in_it(house: House) -> None:
    ids = await house.signed(*({"name": f"S {n}"} for n in range(1_200)))
    made = await exports.write(house.pool, house.keys, house.settings, "free", shape="working", form="jsonl")
    pieces = aiter(made)
    assert await anext(pieces) is not None
    await pieces.aclose()  # type: ignore[attr-defined]  # an async generator, as for any caller that hangs up
    (row,) = await exports.made(house.pool, house.id)
    assert row["done_at"] is None
    await house.pool.execute("update signature set state = 'withdrawn', sealed_blob = null where id = $1", ids[7])
    assert [each[0] for each in await exports.removals(house.pool, row["id"])] == [ids[7]]


async def test_what_cannot_be_exported_is_refused_before_a_byte_leaves(house: House) -> None:
    async def refused(**changes: Any) -> str:
        given: dict[str, Any] = {"shape": "working", "form": "csv", **changes}
        with pytest.raises((Conflict, Invalid, NotFound)) as no:
            await exports.write(house.pool, given.pop("keys", house.keys), given.pop("settings", house.settings), "free", **given)
        return no.value.code

    assert await refused() == "not-found", "nothing is sealed yet"
    await house.signed({})
    assert await refused(shape="all") == await refused(form="pdf") == await refused(shape="recipient") == "invalid"
    assert await refused(shape="recipient", profile=exports.Profile(recipient="X", fields=("secret",))) == "invalid"
    outside = msgspec.structs.replace(house.settings, embedded=False)
    assert await refused(settings=outside) == "approval-needed"
    assert await refused(keys=Keys.create(house.folder / "bare", demo=False)) == "keys-needed"
    assert (await exports.write(house.pool, house.keys, outside, "free", shape="open", form="csv")).file_name == "free-open-2.csv"


async def test_outside_the_demo_one_list_leaves_for_one_approval_of_two_people_to_exactly_that_list(house: House) -> None:
    await house.signed({"name": "Ani"}, {"name": "Levon"})
    outside = msgspec.structs.replace(house.settings, embedded=False)
    people = [uuid4(), uuid4()]
    for person in people:
        await house.pool.execute(
            "insert into organizer (id, address_index, blob, language, handle) values ($1, $2, $2, 'fr', $2)", person, person.bytes * 2
        )
    profile = exports.Profile(recipient="A council")

    async def approved(**changes: Any) -> UUID:
        given: dict[str, Any] = {"petition_id": house.id, "facts": exports.facts("recipient", "csv", profile), **changes}
        async with db.transaction(house.pool) as connection:
            approval = await organizers.propose(connection, people[0], exports.EXPORT, reason="the council asked", **given)
            await organizers.decide(connection, approval, people[1], "approved")
        return approval

    async def begin(approval: UUID, form: tables.Format = "csv") -> exports.Export:
        given: dict[str, Any] = {"shape": "recipient", "form": form, "profile": profile, "approval": approval, "by": people[0]}
        return await exports.write(house.pool, house.keys, outside, "free", **given)

    good = await approved()
    for wrong in (
        begin(await approved(facts=exports.facts("working", "csv"))),
        begin(await approved(petition_id=None)),
        begin(good, "xlsx"),
    ):
        with pytest.raises(Conflict) as no:
            await wrong
        assert no.value.code == "approval-decided"
    with pytest.raises(NotFound):
        await begin(uuid4())
    both = await asyncio.gather(begin(good), begin(good), return_exceptions=True)
    taken = [each for each in both if isinstance(each, exports.Export)]
    assert len(taken) == 1 and [each.code for each in both if isinstance(each, Conflict)] == ["approval-done"]
    assert b"".join([piece async for piece in taken[0]]).count(b"\n") == 3
    (written,) = await house.pool.fetch("select approval_id from export")
    assert written["approval_id"] == good, "what was refused is not written down"


async def test_a_list_asks_for_what_the_office_asks_for_and_goes_to_no_office_that_wants_no_names(pool: asyncpg.Pool) -> None:
    await recipients.seed(pool)
    found = await recipients.profiles(pool)
    assert {profile.names for profile in found} >= {"never", "asked"}
    for profile in found:
        if profile.names == "never":
            with pytest.raises(Conflict, match="never handed over"):
                exports.Profile.of("An office", profile)
        else:
            assert ("locality" in exports.Profile.of("An office", profile).fields) == (profile.signer_field != "none")


async def test_a_file_that_was_changed_cut_or_moved_does_not_open_and_leaves_nothing_behind(house: House) -> None:
    await house.signed({"name": "Ani"}, {"name": "Levon"})
    for form in exports.FORMATS:
        good = await house.written(form)
        out = good.with_name("out")
        stranger = offline.Private.generate("stranger")
        with pytest.raises(Unproven, match="not sealed to this key"):
            exports.open_file(good, stranger, out)
        raw = good.read_bytes()
        for broken in (raw[: len(raw) // 2], b"", b"PAR1" + raw[4:-4] + b"PAR2"):
            bad = good.with_name("bad-" + good.name)
            bad.write_bytes(broken)
            shutil.copy(about_path(good), about_path(bad))
            with pytest.raises(Unproven, match="export"):
                exports.open_file(bad, house.private, out)
        assert not out.exists()
    lines = (path := await house.written("csv")).read_text().splitlines()
    first, second = lines[1].split(","), lines[2].split(",")
    lines[1], lines[2] = ",".join([*first[:-1], second[-1]]), ",".join([*second[:-1], first[-1]])
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(Unproven, match="not the box of this row"):
        exports.open_file(path, house.private, path.with_name("out"))
    path.write_text(lines[0] + "\n")
    with pytest.raises(Unproven, match="cut short"):
        exports.open_file(path, house.private, path.with_name("out"))
    about_path(path).unlink()
    with pytest.raises(Unproven, match="belongs beside the export"):
        exports.open_file(path, house.private, path.with_name("out"))
    with pytest.raises(Unproven, match="no names|not a list of names"):
        exports.open_file(await house.written("csv", "open"), house.private, path.with_name("out"))
    (taken := path.with_name("taken")).write_text("mine")
    with pytest.raises(Misconfigured, match="already"):
        exports.open_file(await house.written("csv"), house.private, taken)
    assert taken.read_text() == "mine"


# -- cells -------------------------------------------------------------------------------------------------------------------------


def test_a_list_longer_than_a_sheet_goes_on_on_the_next(tmp_path: Path) -> None:
    made = tables.table("xlsx", sheet_rows=4)
    made.begin((("n", "whole"), ("word", "text")))
    made.add([(n, f"w{n}") for n in range(10)])
    path = tmp_path / "long.xlsx"
    path.write_bytes(b"".join(made.end({"totals": {"rows": 10}})))
    made.close()
    assert [row["n"] for row in tables.read(path, "xlsx")] == [str(n) for n in range(10)]
    with zipfile.ZipFile(path) as archive:
        assert sum(name.startswith("xl/worksheets/sheet") for name in archive.namelist()) == 4, "three of rows, one about"


async def test_no_cell_is_a_formula_in_libreoffice(tmp_path: Path) -> None:
    """The corpus through the real spreadsheet: opened, recalculated, saved as its own XML, and looked at for formulas."""
    for form in ("csv", "xlsx"):
        made = tables.table(form)
        content = made.begin((("name", "text"), ("role", "text")))
        content += made.add([(text, f"x{n}") for n, text in enumerate(FORMULAS)])
        (tmp_path / f"corpus.{form}").write_bytes(content + b"".join(made.end({"petition": "=1+1"})))
        made.close()
    (tmp_path / "control.csv").write_text("name\n" + "\n".join(f'"{t}"' for t in ("=1+1", "=2*3")), encoding="utf-8")
    names = ("corpus.csv", "corpus.xlsx", "control.csv")
    done = await asyncio.to_thread(
        subprocess.run,
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "fods", "--outdir", str(tmp_path),
         "--infilter=Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1", *(str(tmp_path / n) for n in names if n != "corpus.xlsx")],
        capture_output=True, timeout=250, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    texts = {name: _converted(tmp_path, name) for name in names if name != "corpus.xlsx"}
    done = await asyncio.to_thread(
        subprocess.run,
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "fods", "--outdir", str(tmp_path), str(tmp_path / "corpus.xlsx")],
        capture_output=True, timeout=250, check=False,
    )  # fmt: skip
    texts["corpus.xlsx"] = _converted(tmp_path, "corpus.xlsx")
    assert "table:formula" in texts["control.csv"], "control: this spreadsheet does take = for a formula"
    for name in ("corpus.csv", "corpus.xlsx"):
        assert "HYPERLINK" in texts[name], "the corpus is in it"
        assert "table:formula" not in texts[name] and 'xlink:href="https://example.org' not in texts[name], name


def _converted(folder: Path, name: str) -> str:
    made = folder / (name.rsplit(".", 1)[0] + ".fods")
    text = made.read_text(encoding="utf-8")
    made.unlink()
    return text


@pytest.mark.parametrize("text", [text for text in FORMULAS if text.strip() and text[0] not in "{'\"1"])
def test_what_a_spreadsheet_could_take_for_a_formula_gets_an_apostrophe(text: str) -> None:
    assert tables.harmless(text) == "'" + re.sub(r"[\t\r\n]", " ", text)


@pytest.mark.parametrize("text", ["Ani", "Jean-Luc", "O'Brien", "Անի", "12 rue de la Paix", "", "  ", "a=b"])
def test_what_is_no_formula_is_left_alone(text: str) -> None:
    assert tables.harmless(text) == text


# -- on a whole installation -----------------------------------------------------------------------------------------------------------


async def test_exports_during_writes_each_equal_their_checkpoint(installation: Installation) -> None:
    """Signers press, withdraw and are sealed while list after list is written: none is of two minds."""
    installed = installation
    for number in range(8):
        await installed.post(email=f"s{number}@example.org", name="Ani")
    await installed.work()
    await installed.pass_seconds(60)
    paths = [installed.link(f"s{number}@example.org") for number in range(8)]

    async def live() -> None:
        for path in paths:
            pressed = await installed.client.post(path)
            await installed.pass_seconds(60, of="log", column="sealed_at")
            await installed.worker.seal()
            if paths.index(path) % 3 == 2:
                manage = pressed.text.split('href="/en/manage/', 1)[1].split('"', 1)[0]
                await installed.client.post(f"/en/manage/{manage}", data={"act": "withdraw"})
            before = written
            while written == before:  # a list that is under way is finished, and the next one has begun when somebody presses again
                await asyncio.sleep(0.001)

    written, seen = 0, set()
    living = asyncio.create_task(live())
    while not living.done():
        made = await exports.write(installed.pool, installed.keys, installed.settings, installed.slug, shape="working", form="csv")
        text = b"".join([piece async for piece in made]).decode()
        totals, checkpoint = made.about["totals"], made.about["checkpoint"]
        sealed = await installed.rows(
            "select kind::text, idx, ref from entry where log_id <> 'anchor' and idx < $1 order by idx", checkpoint["size"]
        )
        added, out = {r["idx"] for r in sealed if r["kind"] == "A"}, {r["ref"] for r in sealed if r["kind"] == "W"}
        leaves = {int(row["leaf"]) for row in csv.DictReader(text.splitlines())}
        assert checkpoint["count"] == len(added - out) == totals["rows"] + totals["not_listed"]
        assert len(leaves) == totals["rows"] and leaves <= added - out
        seen.add(checkpoint["size"])
        written += 1
        await asyncio.sleep(0)
    await living
    assert len(seen) > 2, "the log moved meanwhile"


async def test_the_command_writes_a_list_that_adds_up_to_the_certificate_and_open_export_reads_it(
    installation: Installation, tmp_path: Path
) -> None:
    from test_main import run, settings_of

    for name in ("ani", "levon", "sona"):
        await installation.confirm(f"{name}@example.org", name=name.title(), handover=name != "sona")
    assert await installation.seal() == 3
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "A council")
    out = tmp_path / "list.csv"
    env = settings_of(installation)
    words = ("export", installation.slug, "--shape", "recipient", "--format", "csv", "--out", str(out))
    outside = await run(*words, **env)
    assert outside.code == 1 and "approval of two organizers" in outside.err and not out.exists()
    made = await exports.write(
        installation.pool, installation.keys, installation.settings, installation.slug, shape="recipient", form="csv",
        profile=exports.Profile(recipient="A council"),
    )  # fmt: skip
    out.write_bytes(b"".join([piece async for piece in made]))
    about_path(out).write_bytes(msgspec.json.encode(made.about))
    key = installation.settings.key_dir / "offline" / "demo-safe.key"
    done = await run("open-export", str(out), "--key", str(key))
    assert done.code == 0 and "count 3, named 2, not named 1" in done.out, done
    assert [row["name"] for row in rows_of(tmp_path / "list.opened.csv")] == ["Ani", "Levon"]
    assert json.loads(bundle.files["certificate.json"])["proved"]["count"] == made.about["checkpoint"]["count"] == 3
    figures = tmp_path / "for the press" / "open.csv"  # a folder that is not there yet
    done = await run("export", installation.slug, "--shape", "open", "--format", "csv", "--out", str(figures), **env)
    assert done.code == 0 and figures.read_text().startswith("kind,key,n\ncount,,3\n"), done
    again = await run("export", installation.slug, "--shape", "open", "--format", "csv", "--out", str(figures), **env)
    assert again.code == 1 and "already" in again.err
    listed = await run("removals", installation.slug, **env)
    assert listed.code == 0 and "recipient\t3 rows\t0 to take out" in listed.out
