"""What only the long versions need: a progress bar."""

from __future__ import annotations

import sys


def tick(done: int, of: int, what: str) -> None:
    """A bar on the terminal of `make torture`, which runs pytest with -s."""
    if sys.stderr.isatty():
        width = 30
        filled = width * done // max(1, of)
        print(f"\r{what} [{'#' * filled}{'.' * (width - filled)}] {done}/{of}", end="\n" if done >= of else "", file=sys.stderr, flush=True)
