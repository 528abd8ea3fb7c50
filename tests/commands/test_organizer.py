"""``libertas organizer``: the first one comes from the shell; who is there, who is helped back in, and whether the trail holds."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable

import pytest

from desk_seat import said, seat
from installation import Installation
from service.__main__ import main, parser
from service.errors import Misconfigured
from service.organizers import Grant

Shell = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def shell(installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """``await shell("list")``: the exit code, and what was said, of ``libertas organizer list``."""
    for name in ("DATABASE_URL", "DATA_DIR", "KEY_DIR"):
        monkeypatch.setenv(f"LIBERTAS_{name}", str(getattr(installation.settings, name.lower())))

    async def typed(*words: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["organizer", *words])
        told = capsys.readouterr()
        return code, told.out + told.err

    return typed


def test_an_invitation_needs_an_address_and_a_role() -> None:
    line = parser()
    options: argparse.Namespace = line.parse_args(["organizer", "invite", "ani@example.org", "--role", "editor", "--role", "operator"])
    assert (options.email, options.role, options.association) == ("ani@example.org", ["editor", "operator"], None)
    with pytest.raises(SystemExit):
        line.parse_args(["organizer", "invite", "ani@example.org", "--role", "king"])
    with pytest.raises(Misconfigured):
        options = line.parse_args(["organizer", "invite"])
        options.run(options)


async def test_who_was_invited_stands_in_the_list_with_roles_and_state(installation: Installation, shell: Shell) -> None:
    await seat(installation, "ani@example.org", Grant("operator"))
    code, told = await shell("invite", "levon@example.org", "--role", "editor", "--role", "certifier", "--association", "lyon")
    assert code == 0 and "founded the association lyon" in told and "works for seven days" in told
    code, told = await shell("invite", "levon@example.org", "--role", "editor", "--language", "it")
    assert code == 1 and "--language: one of" in told
    code, told = await shell("invite", "not-an-address", "--role", "editor")
    assert code == 1 and "email" in told
    code, told = await shell("list")
    ani, levon = [line.split("\t") for line in told.splitlines()]
    assert code == 0 and ani == ["ani@example.org", "active", "operator", "1 passkeys"]
    assert (levon[:2], set(levon[2].split(", ")), levon[3]) == (
        ["levon@example.org", "invited"],
        {"editor@lyon", "certifier@lyon"},
        "0 passkeys",
    )
    await installation.work()
    assert installation.link("levon@example.org", "join")


async def test_the_only_operator_is_helped_back_in_from_the_shell_with_a_link_and_a_number(
    installation: Installation, shell: Shell
) -> None:
    ani = await seat(installation, "ani@example.org", Grant("operator"))
    code, told = await shell("recover", "nobody@example.org")
    assert code == 1 and "libertas organizer list" in told
    code, told = await shell("recover", "ani@example.org")
    number = told.strip().rpartition(": ")[2]
    assert code == 0 and number.replace(" ", "").isdecimal()
    await installation.work()
    link, origin = installation.link("ani@example.org", "join"), {"origin": installation.settings.base_url}
    assert (await installation.client.post(link, data={"code": "1234 5678"}, headers=origin)).status_code == 400, "the link is not enough"
    assert (await installation.client.post(link, data={"code": number}, headers=origin)).headers["location"] == "/desk/account"
    assert (await ani.get("/desk")).status_code == 303, "whoever holds the lost device is out"
    assert next(row["act"] for row in await installation.rows("select act from audit order by number")) == "people.recover"


async def test_the_trail_is_checked_from_the_shell_and_a_changed_line_is_named(installation: Installation, shell: Shell) -> None:
    ani = await seat(installation, "ani@example.org")
    for n in range(3):
        assert said(await ani.post("/desk/people/associations", slug=f"a{n}", name=f"Association {n}")) == "saved"
    await installation.worker.pass_time()
    assert await shell("trail") == (0, "3 lines, all as they were written\n")
    await installation.owner.execute("delete from audit where number = 3")
    code, told = await shell("trail")
    assert code == 1 and "lines 3 to 3 are gone" in told, "what was remembered outside the database tells"
    await installation.owner.execute("update audit set object = 'x' where number = 2")
    code, told = await shell("trail")
    assert code == 1 and "the trail was changed: line 2 was changed" in told
