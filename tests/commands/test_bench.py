"""`libertas bench` runs to its end and prints its table; what it measures is nobody's test."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

from bench import cases, report
from service import __main__ as libertas
from service.commands import bench


def test_without_a_load_generator_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert libertas.main(["bench", "--quick"]) == 1
    assert "apt-get install wrk" in capsys.readouterr().err


def test_the_last_run_takes_the_place_of_the_one_before_and_leaves_what_people_wrote(tmp_path: Path) -> None:
    file = tmp_path / "RESULTS.md"
    report.keep("first", file)
    file.write_text(file.read_text() + "\nwritten by Levon\n")
    report.keep("second", file)
    text = file.read_text()
    assert "second" in text and "first" not in text and "written by Levon" in text


@pytest.mark.timeout(1_200)
def test_every_case_runs_and_every_goal_has_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "table.md"
    assert libertas.main(["bench", "--quick", "--out", str(out), "--dir", str(tmp_path)]) == 0
    table = out.read_text(encoding="utf-8")
    for subject in (
        "sign POST",
        "1 M signatures",
        "confirm POST",
        "count JSON",
        "petition page",
        "mail worker",
        "sealing",
        "sustained",
        "memory",
        "overload",
    ):
        assert subject in table, subject
    assert not re.search(r"\d+ answers were wrong", table), table
    assert "people, 0 lost" in table, table
    assert "sign POST" in capsys.readouterr().out


def test_the_figures_are_written_so_that_one_can_read_them() -> None:
    rows = report.rows(
        [
            cases.Figure(subject="a", value=12_345.6, low=12_000, high=13_000, against="bare", ratio=0.5, goal="≥ 1", is_met=True),
            cases.Figure(subject="b", value=0.25, unit=" s", goal="< 1 s", is_met=False),
        ]
    )
    assert rows[0] == ("a", "12,346/s (12,000–13,000)", "50% of bare", "≥ 1", "yes", "")
    assert rows[1][1:5] == ("0.25 s", "", "< 1 s", "**no**")


def test_each_part_that_is_measured_alone_has_its_script_and_its_full_size() -> None:
    for name in bench.PARTS:
        script = importlib.import_module(f"bench.{name}")
        inspect.signature(script.main).bind(*script.FULL)
