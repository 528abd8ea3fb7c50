"""Towns of several processes, and the table that `make torture` ends with."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from crowd import Post, post_office

from bench.topology import Topology, topology
from conftest import quick_place

_ROWS = pytest.StashKey[list[tuple[str, ...]]]()
HEAD = ("what", "cycles", "told", "lost", "twice", "seconds", "note")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, in memory where the machine allows it: what is killed here are processes, not disks."""
    made = Path(tempfile.mkdtemp(prefix="libertas-", dir=quick_place()))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with post_office() as opened:
        yield opened


@pytest.fixture
def town(folder: Path, post: Post) -> Callable[..., Any]:
    """``async with town(webs=2, workers=1) as one``: a topology whose processes run."""

    @asynccontextmanager
    async def made(**given: Any) -> AsyncIterator[Topology]:
        given = {"webs": 2, "workers": 1, "TRUSTED_PROXIES": "127.0.0.1/32", **given}
        async with topology(folder, smtp_url=post.url, **given) as one:
            await one.start()
            yield one

    return made


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Put a line into the table at the end."""

    def noted(*cells: object) -> None:
        request.config.stash.setdefault(_ROWS, []).append(tuple(str(cell) for cell in cells))

    return noted


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    rows = config.stash.get(_ROWS, [])
    if not rows:
        return
    widths = [max(len(row[n]) for row in [HEAD, *rows]) for n in range(len(HEAD))]
    terminalreporter.write_line("")
    for row in [HEAD, *rows]:
        terminalreporter.write_line("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))
