"""The table, for the terminal and for RESULTS.md, with the machine it was measured on."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench.cases import Figure, Size

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "RESULTS.md"
_MARK = "<!-- the last run: written by `libertas bench` -->"


def _number(value: float, unit: str) -> str:
    if unit == "/s" or value >= 100:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if value < 10 else f"{value:,.0f}"


def rows(figures: list[Figure]) -> list[tuple[str, str, str, str, str, str]]:
    """(subject, measured, beside, goal, met, note) of each figure."""
    out = []
    for each in figures:
        measured = f"{_number(each.value, each.unit)}{each.unit}"
        if each.low is not None and each.high is not None and each.low != each.high:
            measured += f" ({_number(each.low, each.unit)}–{_number(each.high, each.unit)})"
        beside = f"{each.ratio:.0%} of {each.against}" if each.ratio is not None and each.against else ""
        met = "" if each.is_met is None or not each.goal else "yes" if each.is_met else "**no**"
        out.append((each.subject, measured, beside, each.goal, met, each.note))
    return out


def machine() -> str:
    """What this was measured on, in a sentence."""
    memory = ""
    if Path("/proc/meminfo").is_file():
        kib = int(Path("/proc/meminfo").read_text().split()[1])
        memory = f", {kib / 1024 / 1024:.0f} GiB"
    model = platform.processor()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    system = f"{platform.system()} {platform.release().partition('-')[0]}; Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({model}){memory}; {system}"


def revision() -> str:
    """The commit that was measured, where there is one."""
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=HERE, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def markdown(figures: list[Figure], size: Size, others: float) -> str:
    """The last run as it stands in RESULTS.md."""
    head = (
        f"{datetime.now(UTC):%Y-%m-%d}, revision {revision()}. {machine()}. {size.rounds} rounds of {size.seconds:g} s,"
        f" {size.connections} connections; medians, with the range. Other processes used {others:.0%} of the machine meanwhile.\n\n"
    )
    lines = ["| subject | measured | beside, in the same run | first-step goal | met | |", "| --- | --- | --- | --- | --- | --- |"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(figures)]
    return head + "\n".join(lines) + "\n"


def keep(text: str, file: Path = RESULTS) -> None:
    """Replace the last run in RESULTS.md; what people wrote around it stays."""
    old = file.read_text(encoding="utf-8") if file.is_file() else f"# Results\n\n{_MARK}\n{_MARK}\n"
    before, _, rest = old.partition(_MARK)
    _, _, after = rest.partition(_MARK)
    file.write_text(f"{before}{_MARK}\n\n{text}\n{_MARK}{after}", encoding="utf-8")
