"""`libertas bench`: how fast this is on this machine, as ratios in one run against baselines of its own."""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
import tempfile
from pathlib import Path

from service.commands import Line, progress, run
from service.errors import Misconfigured

PARTS = ("desk", "exports", "register")
"""What is measured by a script of its own, which prints as it goes."""


def _one(name: str) -> int:
    try:
        script = importlib.import_module(f"bench.{name}")
    except ModuleNotFoundError:
        raise Misconfigured(["libertas bench --only runs from a checkout with what its tests need: make test"]) from None
    run(script.main(*script.FULL))
    return 0


def bench(options: argparse.Namespace) -> int:
    if options.only:
        return _one(options.only)
    try:
        from bench import cases, load, report
    except ModuleNotFoundError:
        raise Misconfigured(["libertas bench runs from a checkout: its scripts lie in bench/, beside service/"]) from None
    if load.wrk() is None:
        raise Misconfigured(["libertas bench needs the load generator wrk (Debian, Ubuntu: sudo apt-get install wrk)"])
    size = cases.QUICK if options.quick else cases.Size()
    is_watched = sys.stderr.isatty()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    async def all_of_it() -> tuple[list[cases.Figure], float]:
        with tempfile.TemporaryDirectory(prefix="libertas-bench-", dir=options.dir) as folder:
            async with cases.bench(Path(folder), size, say, progress if is_watched else lambda *_: None) as one:
                figures = await cases.run(one)
                return figures, statistics.median(each.others for found in one.samples.values() for each in found)

    figures, others = run(all_of_it())
    text = report.markdown(figures, size, others)
    _show(report.rows(figures))
    if options.keep:
        report.keep(text)
    if options.out:
        Path(options.out).write_text(text, encoding="utf-8")
    return 0


def _show(rows: list[tuple[str, str, str, str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_lines=False, pad_edge=False)
    for title in ("subject", "measured", "beside, in the same run", "goal", "met", ""):
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*(cell.replace("**", "") for cell in row))
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def add(command: Line) -> None:
    """``bench``."""
    made = command("bench", bench, "the benchmark suite, on this machine, as ratios in one run")
    made.add_argument("--only", choices=PARTS, help="only this: the desk's pages at a million signatures, lists, or the register")
    made.add_argument("--quick", action="store_true", help="only show that everything runs; its figures mean nothing")
    made.add_argument("--keep", action="store_true", help="write the table into bench/RESULTS.md")
    made.add_argument("--out", metavar="FILE", help="write the table, as Markdown")
    made.add_argument("--dir", help="where the database lies while it is measured (default: the system's temporary folder)")
