"""Every good and bad file of the table gets its one right answer from `libertas verify`."""

from __future__ import annotations

import re
from pathlib import Path

import proof_cases
import pytest

from service import certificates

RESULTS = ("valid", "invalid", "consistent", "unchecked")  # by exit code


@pytest.mark.parametrize("name", proof_cases.NAMES)
def test_libertas_verify_gives_the_right_answer(name: str, tmp_path: Path) -> None:
    case = proof_cases.case(name)
    (tmp_path / "file").write_bytes(case.data)
    trust = tmp_path / "trust.json" if case.trust is not None else None
    if trust:
        trust.write_bytes(case.trust or b"")
    code, report = certificates.verify_path(str(tmp_path / "file"), str(trust) if trust else None, offline=True)
    result = "genuine" if report.get("why", "").startswith("genuine") else RESULTS[code]  # a promise, of which only a log can tell more
    assert (result, report.get("error", "")) == (case.result, case.error), report
    if case.place:
        assert report["detail"].partition(":")[0] == case.place


def test_the_list_of_names_is_the_table_s() -> None:
    assert [case.name for case in proof_cases.cases()] == proof_cases.NAMES, "run: python tests/proof/proof_cases.py"


def test_the_table_names_every_fault_that_a_file_can_have() -> None:
    text = (
        (Path(__file__).parents[2] / "docs" / "formats.md")
        .read_text(encoding="utf-8")
        .partition("## 8. Faults")[2]
        .partition("`libertas verify` knows")[0]
    )
    names = set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE))
    # what no file by itself leads to: tiles and witnesses that are asked, a log beside a promise, an anchor's own entries; and a bad
    # trust file checks nothing at all
    elsewhere = {"tile-path", "tile-width", "consistency-proof", "trust", "policy", "promise-broken"}
    elsewhere |= {"head-without-key", "head-not-ahead", "key-repeats", "certificate-repeats"}
    asked_apart = {name for name in names if name.startswith("audit-")}  # files of an audit, which no bundle is judged by
    assert names - elsewhere - asked_apart - {case.error for case in proof_cases.cases()} == set()
