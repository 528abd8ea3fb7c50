"""Time as the loop of a test had it. On a busy machine it goes as slowly as whatever is waited for in the same loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Ticks:
    """``seconds``: how long the loop was at work so far, in steps; never more than a clock on the wall would say."""

    def __init__(self, step: float) -> None:
        self._step, self.count = step, 0

    @property
    def seconds(self) -> float:
        return self.count * self._step

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._step)
            self.count += 1


@contextlib.asynccontextmanager
async def ticking(step: float = 0.05) -> AsyncIterator[Ticks]:
    """Counts while the block runs. A machine that stands still for ten seconds costs one step, in the block and here alike."""
    ticks = Ticks(step)
    running = asyncio.create_task(ticks.run())
    try:
        yield ticks
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
