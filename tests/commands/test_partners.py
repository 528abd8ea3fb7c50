"""Partners from the shell: added, listed, given sites and a key, told where they went wrong."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from installation import Installation
from service.__main__ import main
from service.identity import offline


@pytest.fixture
async def libertas(installation: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """``await libertas("partner", …)``: (exit code, what it said, what it complained of)."""
    monkeypatch.setenv("LIBERTAS_DATABASE_URL", installation.settings.database_url)
    monkeypatch.setenv("LIBERTAS_DATA_DIR", str(installation.settings.data_dir))
    monkeypatch.setenv("LIBERTAS_BASE_URL", "https://petition.example.org")
    monkeypatch.setenv("LIBERTAS_SMTP_URL", "smtp://127.0.0.1:9")

    async def run(*words: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


async def test_an_operator_makes_a_partner_from_nothing(libertas: Any, installation: Installation, tmp_path: Path) -> None:
    assert (await libertas("partner", "add", "hyestart", "--name", "Hyestart"))[0] == 0
    assert (await libertas("partner", "add", "hyestart"))[0] == 1, "the slug is taken"
    code, out, _ = await libertas("partner", "sites", "hyestart", "https://hyestart.example", "https://www.hyestart.example")
    assert (code, out.split()) == (0, ["https://hyestart.example", "https://www.hyestart.example"])
    assert (await libertas("partner", "petitions", "hyestart", installation.slug))[0] == 0
    code, out, err = await libertas("partner", "key", "hyestart")
    assert code == 0 and re.fullmatch(r"lp_[\w-]{43}\n", out) and "once" in err
    offline.write_pair(tmp_path, "hyestart")
    code, out, _ = await libertas("partner", "news", "hyestart", "fr=Je veux des nouvelles.", "--key", str(tmp_path / "hyestart.pub"))
    assert code == 0 and "sealed to" in out
    code, out, _ = await libertas("partner", "webhook", "hyestart", "https://hyestart.example/hook")
    assert code == 0 and out.startswith("whsec_")
    code, out, _ = await libertas("partner", "list")
    assert any(row.startswith("hyestart\tHyestart\t1 keys\t") for row in out.splitlines())
    assert (await libertas("partner", "end", "hyestart"))[0] == 0
    assert "ended" in (await libertas("partner", "list"))[1]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("sites",), "slug"), (("sites", "nobody"), "no partner"), (("sites", "sample-partner", "http://evil.example"), "https://host"),
        (("petitions", "sample-partner", "none"), "no petition"), (("quota", "sample-partner", "0"), "requests an hour"),
        (("quota", "sample-partner", "many"), "many"), (("webhook", "sample-partner", "http://a.example"), "https address"),
        (("webhook", "sample-partner", "https://u:p@a.example"), "https address"), (("add", "No Slug"), "a–z"),
        (("news", "sample-partner", "--key", "no-such-file"), "no-such-file"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_said_in_a_sentence(libertas: Any, words: tuple[str, ...], says: str) -> None:
    code, _, err = await libertas("partner", *words)
    assert code == 1 and says in err and "Traceback" not in err
