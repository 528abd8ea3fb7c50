"""Changing one's mind: show less, withdraw, erase (acceptance scenarios 14–16)."""

from __future__ import annotations

import pytest

from installation import Installation
from service import certificates


async def manage_path(installation: Installation, email: str) -> str:
    await installation.lift_caps()
    assert (
        await installation.client.post("/en/manage", data={"email": email, "form_key": f"m-{len(installation.mailbox)}"})
    ).status_code == 303
    await installation.work()
    return installation.link(email, "manage")


async def everything(installation: Installation) -> str:
    """Every row of every table as text; bytes also as what they spell."""
    dumped = []
    for table in await installation.rows("select tablename from pg_tables where schemaname = 'public'"):
        for row in await installation.rows(f'select * from "{table[0]}"'):
            for value in row.values():
                dumped.append(repr(value))
                if isinstance(value, bytes):
                    dumped += [value.hex(), value.decode("utf-8", "replace")]
    return "\n".join(dumped)


async def test_ani_asks_for_her_link_twice_with_a_form_that_has_no_key_and_gets_it_twice(installation: Installation) -> None:
    await installation.confirm("ani@example.org")
    for _ in range(2):
        await installation.lift_caps()
        assert (await installation.client.post("/en/manage", data={"email": "ani@example.org"})).status_code == 303
        await installation.work()
    assert len([letter for letter in installation.letters("ani@example.org") if "/manage/" in letter.text]) == 2


async def test_ani_withdraws_the_count_falls_and_she_can_sign_again(installation: Installation) -> None:
    await installation.confirm("ani@example.org")
    assert await installation.seal() == 1
    path = await manage_path(installation, "ani@example.org")
    assert (await installation.client.post(path, data={"act": "withdraw", "sure": "yes"})).status_code == 303
    assert await installation.seal() == 0
    assert [row["kind"] for row in await installation.rows("select kind from entry where log_id <> 'anchor' order by idx")][-1] in (
        b"W",
        "W",
    )
    await installation.lift_caps()
    await installation.confirm("ani@example.org")
    assert await installation.seal() == 1


async def test_ani_erases_and_no_table_knows_her_while_the_count_stays_provable(installation: Installation) -> None:
    await installation.confirm("levon@example.org", name="Levon Sargsyan")
    await installation.confirm("canary@erasure.example", name="Zarquon Vexfield", visibility="show")
    assert "Zarquon Vexfield" in await everything(installation), "control: the dump does see a shown name"
    assert await installation.seal() == 2
    before = await installation.owner.fetchval("select entry from entry where kind = 'A' order by idx desc limit 1")
    secret_blob = await installation.owner.fetchval("select blob from signature where country = 'AM' order by confirmed_at desc limit 1")
    path = await manage_path(installation, "canary@erasure.example")
    assert (await installation.client.post(path, data={"act": "erase", "sure": "yes"})).status_code == 303
    assert await installation.seal() == 1
    dump = await everything(installation)
    for gone in ("Zarquon", "Vexfield", "canary@", "erasure.example", bytes(secret_blob).hex()):
        assert gone not in dump, gone
    assert await installation.owner.fetchval("select count(*) from entry where entry = $1", before) == 1, "the leaf stays"
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council")
    assert bundle.count == 1, "certify verifies the bundle before it hands it out"


async def test_erasing_twice_and_withdrawing_after_it_change_nothing(installation: Installation) -> None:
    await installation.confirm("ani@example.org")
    path = await manage_path(installation, "ani@example.org")
    for act in ("erase", "erase", "withdraw"):
        assert (await installation.client.post(path, data={"act": act, "sure": "yes"})).status_code in (303, 404)
    assert await installation.seal() == 0


async def test_showing_less_works_at_once_and_showing_more_is_refused(installation: Installation) -> None:
    await installation.confirm("ani@example.org", visibility="show")
    path = await manage_path(installation, "ani@example.org")
    assert (await installation.client.post(path, data={"act": "visibility", "visibility": "protect"})).status_code == 303
    assert await installation.owner.fetchval("select count(*) from shown_name") == 0
    assert (await installation.client.post(path, data={"act": "visibility", "visibility": "show"})).status_code == 400
    assert await installation.owner.fetchval("select visibility from signature") == "protect"


async def test_no_log_line_names_a_signer(installation: Installation, capfd: pytest.CaptureFixture[str]) -> None:
    await installation.confirm("canary@quiet.example", name="Zarquon Vexfield")
    await installation.client.post(await manage_path(installation, "canary@quiet.example"), data={"act": "erase", "sure": "yes"})
    await installation.seal()
    await installation.worker.pass_time()
    written = "".join(capfd.readouterr())
    for canary in ("Zarquon", "Vexfield", "canary@", "quiet.example", "127.0.0.1"):
        assert canary not in written
