"""What the commands of ``libertas`` share: one file for each group, each of which adds its commands to the line by ``add``.

A command says what is wrong and what to do next. Only heavy imports that few commands need stand inside functions, so that
``libertas --help`` and ``libertas verify`` start fast.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from service.settings import Settings, load

Act = Callable[[argparse.Namespace], int]


class Line(Protocol):
    """The command line under construction: a new command by its name, what it does, and the text of its help."""

    def __call__(self, name: str, act: Act, text: str) -> argparse.ArgumentParser: ...


def run(act: Awaitable[Any]) -> Any:
    """Await ``act`` in a loop of its own."""
    import uvloop

    async def wrapped() -> Any:
        return await act

    return uvloop.run(wrapped())


def here(options: argparse.Namespace) -> Settings:
    """The settings of the installation that runs here, or of the one that LIBERTAS_DATABASE_URL names."""
    from service import embedded

    at: Settings = embedded.find(load(insecure_test=True))  # only the processes decide what is insecure
    return at


def progress(done: int, of: int) -> None:
    """A bar on the terminal, for ``done`` of ``of``."""
    width = 40
    filled = width * done // max(1, of)
    end = "\n" if done >= of else ""
    print(f"\r[{'#' * filled}{'.' * (width - filled)}] {done}/{of}", end=end, file=sys.stderr, flush=True)
