"""The documentation for partners is true: its lines run, its examples work, its promises about sizes and attributes hold."""

from __future__ import annotations

import asyncio
import csv
import importlib.util
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from installation import Installation
from service import partners, webhooks
from service.identity import offline
from service.web import pages

DOCS = Path(__file__).parent.parent / "docs"
PARTNER = "sample-partner"


def _lines(file: str) -> list[str]:
    """The shell lines of a document that begin with curl, each as one line."""
    text = (DOCS / file).read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip().startswith("curl ")]


async def test_every_curl_line_of_the_api_page_gets_the_answer_that_it_promises(installation: Installation) -> None:
    key = await partners.new_key(installation.pool, (await partners.get(installation.pool, PARTNER))["id"])
    told = {"PATH": os.environ["PATH"], "BASE": installation.settings.base_url, "SLUG": installation.slug, "KEY": key, "no_proxy": "*"}
    lines = _lines("api.md")
    assert len(lines) > 8, "control: lines were found"
    for line in lines:
        child = await asyncio.create_subprocess_shell(line, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=told)
        out, err = await child.communicate()
        assert child.returncode == 0, f"{line}\n{err.decode()}"
        answer = json.loads(out)
        if "/signatures" in line:
            # The page says so: without a solved challenge the field is named.
            assert [each["code"] for each in answer["errors"]] in (["proof-missing"], ["proof-unreadable"]) or answer["status"] == 400
        else:
            assert "status" not in answer, line


def _example(name: str) -> Any:
    found = importlib.util.spec_from_file_location(f"example_{name}", DOCS / "examples" / f"{name}.py")
    assert found is not None and found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


async def test_the_crm_example_writes_who_said_yes_and_forgets_who_took_it_back(installation: Installation, tmp_path: Path) -> None:
    from test_webhooks import installation_manage

    public = offline.write_pair(tmp_path, "hyestart")
    partner = await partners.get(installation.pool, PARTNER)
    await partners.set_list(installation.pool, partner["id"], public.encode(), {"en": "=Yes."})
    key = await partners.new_key(installation.pool, partner["id"])
    await installation.settle()
    await installation.confirm("ani@example.org", partner=PARTNER, partner_news=True)
    await installation.confirm("levon@example.org", name="Levon", partner=PARTNER, partner_news=True)

    async def imported() -> list[dict[str, str]]:
        child = await asyncio.create_subprocess_exec(
            sys.executable, str(DOCS / "examples/crm_import.py"), "--base", installation.settings.base_url, "--partner-key", key,
            "--private-key", str(tmp_path / "hyestart.key"), "--state", str(tmp_path / "list.json"), "--out", str(tmp_path / "out.csv"),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={"PATH": os.environ["PATH"], "no_proxy": "*"},
        )  # fmt: skip
        said = (await child.communicate())[0].decode()
        assert child.returncode == 0, said
        return list(csv.DictReader((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()))

    assert await imported() == [], "not on the same day"
    await installation.owner.execute("update partner_optin set day = day - 2")
    assert sorted(row["email"] for row in await imported()) == ["ani@example.org", "levon@example.org"]
    assert {row["wording"] for row in await imported()} == {"'=Yes."}, "no cell is a formula"
    await installation.client.post(installation_manage(installation), data={"act": "withdraw", "sure": "yes"})
    assert len(await imported()) == 2, "a withdrawal is told the day after, too"
    await installation.owner.execute("update partner_optin set day = day - 1 where sealed is null")
    assert [row["email"] for row in await imported()] == ["levon@example.org"]
    assert (tmp_path / "out.csv").stat().st_mode & 0o077 == 0


def test_the_webhook_example_takes_what_we_sign_and_nothing_else() -> None:
    example = _example("webhook")
    secret, body = "whsec_" + "QUJD" * 10 + "QUI=", b'{"type":"petition.state"}'
    headers = {"webhook-id": "m1", "webhook-timestamp": "1000", "webhook-signature": webhooks.signature(secret, "m1", 1000, body)}
    assert example.is_genuine(secret, headers, body, 1299)
    assert not example.is_genuine(secret, headers, body, 1301), "a recorded message is not taken later"
    assert not example.is_genuine(secret, headers, body + b" ", 1000)
    assert not example.is_genuine(secret, {**headers, "webhook-id": "m2"}, body, 1000)
    assert not example.is_genuine(secret, {**headers, "webhook-timestamp": "1001"}, body, 1000)
    assert not example.is_genuine("whsec_" + "QUJE" * 11, headers, body, 1000)
    for name in headers:
        assert not example.is_genuine(secret, {key: value for key, value in headers.items() if key != name}, body, 1000), name
    old = {**headers, "webhook-signature": "v1,AAAA " + headers["webhook-signature"]}
    assert example.is_genuine(secret, old, body, 1000), "one of several signatures is enough"


@pytest.mark.parametrize("word", ["slug", "lang", "theme", "variant", "partner", "case"])
def test_every_attribute_of_the_element_is_on_the_embedding_page(word: str) -> None:
    source = (DOCS.parent / "service/web/static/embed/widget.js").read_text(encoding="utf-8")
    observed = re.search(r"observedAttributes = \[(.*?)\]", source)
    page = (DOCS / "embedding.md").read_text(encoding="utf-8")
    assert observed and f'"{word}"' in observed[1] and f"`{word}`" in page
    for each in re.findall(r"var\(--libertas-([a-z-]+?)(?:-dark)?,", source):
        assert f"--libertas-{each}`" in page, each


def test_every_word_that_first_petition_sets_off_is_a_word_of_the_desk() -> None:
    told = re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", (DOCS / "first-petition.md").read_text(encoding="utf-8"))
    words = {line.partition(" = ")[2] for line in pages.catalogue("en").splitlines() if line.startswith("desk-")}
    assert len(told) > 25, "control: words were found"
    assert [word for word in told if word not in words] == []
