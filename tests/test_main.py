"""The command line: every command says what is wrong, what to do next, and leaves the exit code that was promised."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.topology import free_port
from conftest import Database
from installation import Installation
from service.__main__ import main, parser
from service.commands import processes
from service.identity import Keys

HOUSE = Path(__file__).parent.parent


class Done(NamedTuple):
    code: int
    out: str
    err: str


async def run(*words: str, **environ: str) -> Done:
    """``python -m service words`` with only these LIBERTAS_ settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIBERTAS_")}
    clean |= {f"LIBERTAS_{name}": value for name, value in environ.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service", *words, cwd=HOUSE, env=clean, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(150):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Done(process.returncode or 0, out.decode(), err.decode())


def settings_of(installation: Installation) -> dict[str, str]:
    given = installation.settings
    return {"DATABASE_URL": given.database_url, "DATA_DIR": str(given.data_dir), "BASE_URL": given.base_url}


async def test_a_petition_is_listed_paused_opened_and_closed(installation: Installation) -> None:
    env = settings_of(installation)
    assert (await run("petition", "list", **env)).out == f"{installation.slug}\topen\t0\n"
    for act in ("pause", "open", "close"):
        assert await run("petition", act, installation.slug, **env) == (0, f"{installation.slug}: {act} done\n", "")
    again = await run("petition", "open", installation.slug, **env)
    assert again.code == 1 and installation.slug in again.err
    assert (await run("petition", "pause", "nobody", **env)).err == "there is no petition nobody\n"
    assert "needs the petition's slug" in (await run("petition", "pause", **env)).err


async def test_a_count_is_certified_and_the_exit_code_says_how_far_it_could_be_checked(installation: Installation, tmp_path: Path) -> None:
    env = settings_of(installation)
    await installation.confirm()
    assert await installation.seal() == 1
    out, trust = tmp_path / "bundle", tmp_path / "trust.json"
    made = await run("certify", installation.slug, "--recipient", "The Assembly", "--out", str(out), **env)
    assert made.code == 0 and "confirmed signatures: 1" in made.out, made
    assert (await run("keys", "trust", "--out", str(trust), **env)).code == 0
    zipped = f"{out}.zip"
    valid, consistent, unread = await asyncio.gather(
        run("verify", zipped, "--offline", "--trust", str(trust)),
        run("verify", str(out), "--offline", "--json"),
        run("verify", str(tmp_path / "nowhere"), "--offline"),
    )
    assert valid.code == 0, valid
    assert (consistent.code, json.loads(consistent.out)["result"]) == (2, "consistent")
    assert unread.code == 3 and unread.err
    certificate = json.loads((out / "certificate.json").read_text(encoding="utf-8"))
    assert certificate["proved"]["count"] == 1
    (out / "certificate.json").write_text(json.dumps({**certificate, "asserted": {}}), encoding="utf-8")
    forged = await run("verify", str(out), "--offline", "--trust", str(trust))
    assert forged.code == 1 and "file-differs" in forged.err


async def test_check_finds_what_is_wrong_and_is_silent_about_secrets(installation: Installation, tmp_path: Path) -> None:
    env = settings_of(installation)
    alone = await run("check", **env)
    assert alone.code == 1 and "certificate key belongs to the organizers" in alone.err, "the test's installation is a demo's"
    good = await run("check", "--demo", **env)
    assert good.code == 0 and "localhost is not on the public net" in good.out, good
    copied = tmp_path / "elsewhere"
    shutil.copytree(installation.settings.key_dir, copied)
    (copied / "promise").unlink()
    found = await run("check", "--demo", **env, KEY_DIR=str(copied))
    assert found.code == 1 and "promise key is missing" in found.err


async def test_migrate_can_be_run_again(fresh_database: Database, tmp_path: Path) -> None:
    done = await run("migrate", DATABASE_URL=fresh_database.app_url, MIGRATE_URL=fresh_database.url, DATA_DIR=str(tmp_path))
    assert done == (0, "the schema is up to date\n", "")


def test_keys_are_made_once_and_listed_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIBERTAS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LIBERTAS_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    assert main(["keys", "new"]) == 0
    before = {path: path.read_bytes() for path in (tmp_path / "keys").rglob("*") if path.is_file()}
    assert main(["keys", "new"]) == 0
    assert {path: path.read_bytes() for path in before} == before
    capsys.readouterr()
    assert main(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert {"token", "promise", "altcha", "suppression"} <= {line.partition("\t")[0] for line in listed.splitlines()}
    assert not any(key.hex() in listed or key.decode("latin-1") in listed for key in before.values() if len(key) >= 16)
    tokens = Keys(tmp_path / "keys").token_keys()
    assert main(["keys", "rotate"]) == 0
    rotated = Keys(tmp_path / "keys").token_keys()
    assert rotated[0] not in tokens or rotated[-1] not in tokens, "a new one"
    assert set(tokens) & set(rotated), "and the one before still reads"


def test_unknown_and_wrong_settings_stop_every_command_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIBERTAS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LIBERTAS_DATABSE_URL", "postgresql://secret@x/y")
    monkeypatch.setenv("LIBERTAS_PORT", "http")
    for words in (["serve"], ["work"], ["migrate"], ["check"], ["petition", "list"], ["keys", "list"], ["up"]):
        assert main(words) == 1
        said = capsys.readouterr().err
        assert "LIBERTAS_DATABSE_URL" in said and "LIBERTAS_PORT" in said and "secret" not in said, words


def test_a_command_finds_nothing_where_nothing_runs_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIBERTAS_DATA_DIR", str(tmp_path))
    assert main(["petition", "list"]) == 1
    assert "make run" in capsys.readouterr().err
    assert main(["serve"]) == 1
    assert "LIBERTAS_DATABASE_URL" in capsys.readouterr().err
    assert main(["work"]) == 1
    assert {"LIBERTAS_DATABASE_URL", "LIBERTAS_SMTP_URL"} <= set(capsys.readouterr().err.replace(":", " ").split())


@pytest.mark.parametrize("command", ["serve", "work", "up"])
def test_without_the_word_for_tests_the_captcha_cannot_be_off(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIBERTAS_CAPTCHA", "off")
    assert main([command]) == 1
    assert "LIBERTAS_CAPTCHA: off is for tests" in capsys.readouterr().err


async def test_processes_without_keys_or_with_the_organizers_do_not_start(fresh_database: Database, tmp_path: Path) -> None:
    env = {
        "DATABASE_URL": fresh_database.app_url, "DATA_DIR": str(tmp_path), "PORT": str(free_port()), "SMTP_URL": f"smtp://127.0.0.1:{free_port()}",
    }  # fmt: skip
    for done in await asyncio.gather(run("serve", **env), run("work", **env)):
        assert done.code != 0 and "the key folder does not exist" in done.err, done
    Keys.create(tmp_path / "keys").certificate_path.write_text("anything", encoding="utf-8")
    for done in await asyncio.gather(run("serve", **env), run("work", **env)):
        assert done.code != 0 and "belongs to the organizers" in done.err, done


async def test_a_file_that_cannot_be_written_is_named_and_is_no_traceback(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("not a folder")
    inside = tmp_path / "letter" / "trust.json"
    done = await run("keys", "trust", "--out", str(inside), **settings_of(installation))
    assert (done.code, done.out) == (1, "") and done.err in (f"{inside.parent}: File exists\n", f"{inside}: Not a directory\n"), done
    into = tmp_path / "a new folder" / "trust.json"
    assert (await run("keys", "trust", "--out", str(into), **settings_of(installation))).code == 0 and into.exists()


def test_a_command_that_is_not_there_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sing"])
    assert ended.value.code == 2 and "sing" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--version"])
    assert ended.value.code == 0


async def test_the_worker_steps_back_for_signers_as_soon_as_it_begins(installation: Installation) -> None:
    settings = settings_of(installation)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LIBERTAS_")}
    clean |= {f"LIBERTAS_{name}": value for name, value in {**settings, "SMTP_URL": f"smtp://127.0.0.1:{free_port()}"}.items()}
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "service", "work", cwd=HOUSE, env=clean, start_new_session=True)
    try:
        async with asyncio.timeout(60):
            while os.getpriority(os.PRIO_PROCESS, process.pid) != processes.YIELDING:
                assert process.returncode is None
                await asyncio.sleep(0.05)
    finally:
        process.terminate()
        await process.wait()
