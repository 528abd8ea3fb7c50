"""Counts and cards as files, for a web server or a CDN that gives them out without asking this process.

A file is what its address answers, byte for byte, and never older than a second while this process lives. Each is replaced at
once, so that nobody reads half of one; one that cannot be replaced is taken away, because the address is still answered here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import structlog

from service.errors import Misconfigured
from service.petitions import Shelf
from service.web.api import Ready
from service.web.pages import Pages
from service.web.widgets import Cards

log = structlog.get_logger()

TICK = 0.25
"""Seconds between two looks at whether time alone has changed an answer; a new count does not wait for it."""

AGAIN = 2.0
"""Seconds until what could not be written is tried again."""

OURS = ("api/v1/petitions", "embed")
"""Folders in which every file is ours: what is not public any more is taken away there."""


def contents(ready: Ready, cards: Cards, pages: Pages, shelf: Shelf) -> dict[str, bytes]:
    """Path of the file → its content: the list, each petition, and its card in each language."""
    petitions = shelf.public()
    found = {"api/v1/petitions.json": ready.answer("")[0]}
    found |= {f"api/v1/petitions/{petition.slug}.json": ready.answer(petition.slug)[0] for petition in petitions}
    found |= {f"embed/{petition.slug}/{lang}.json": cards.card(petition, lang)[0] for petition in petitions for lang in pages.languages}
    return found


class Files:
    """Keeps ``folder`` as ``made`` says, whenever ``mark`` or ``nudge`` tells of a change."""

    def __init__(self, folder: Path, made: Callable[[], Mapping[str, bytes]], mark: Callable[[], object]) -> None:
        self._folder = folder
        self._made = made
        self._mark = mark
        self._changed = asyncio.Event()

    def nudge(self) -> None:
        """Something has changed: do not wait for the next look."""
        self._changed.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Written once, then whenever something changed, until the block ends. Raises ``Misconfigured`` where nothing can be written."""
        try:
            await asyncio.to_thread(self._prepare)
        except OSError as broken:
            raise Misconfigured([f"LIBERTAS_PUBLIC_DIR: cannot be written ({type(broken).__name__})"]) from None
        seen = self._mark()
        await asyncio.to_thread(self._write, self._made())
        task = asyncio.create_task(self._run(seen))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self, seen: object) -> None:
        wait = TICK
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            self._changed.clear()
            wait, now = TICK, self._mark()
            if now == seen:
                continue
            try:
                is_whole = await asyncio.to_thread(self._write, self._made())
            except Exception as fault:  # the edge of this task: without it every file would stand still, and nobody would know
                log.error("files: fault", alarm=True, error=type(fault).__name__)  # noqa: TRY400
                is_whole = False
            # Seen only once it is written: what failed is tried again, a little later.
            seen, wait = (now, TICK) if is_whole else (seen, AGAIN)

    def _prepare(self) -> None:
        for place in OURS:
            (self._folder / place).mkdir(parents=True, exist_ok=True)
        _replace(self._folder / OURS[0] / ".probe", b"")
        (self._folder / OURS[0] / ".probe").unlink()

    def _write(self, made: Mapping[str, bytes]) -> bool:
        """Whether every file is now what it must be."""
        is_whole = True
        for name, content in made.items():
            file = self._folder / name
            try:
                if not file.is_file() or file.read_bytes() != content:
                    file.parent.mkdir(parents=True, exist_ok=True)
                    _replace(file, content)
            except OSError as broken:
                is_whole = False
                log.error("files: cannot be written, taken away", alarm=True, error=type(broken).__name__)  # noqa: TRY400
                with contextlib.suppress(OSError):
                    file.unlink(missing_ok=True)
        wanted = {self._folder / name for name in made}
        for place in OURS:
            for file in (self._folder / place).rglob("*.json"):
                if file not in wanted:
                    file.unlink(missing_ok=True)
        return is_whole


def _replace(file: Path, content: bytes) -> None:
    """Whole or not at all. A later content has a later second, because web servers make their ETag of second and size."""
    last = file.stat().st_mtime if file.exists() else 0.0
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.chmod(0o644)
    at = max(int(time.time()), int(last) + 1)
    os.utime(fresh, (at, at))
    fresh.replace(file)
