"""The long-running processes: everything on one machine, or web and worker each by itself."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import signal
from pathlib import Path
from typing import Any

from service.commands import Line, run
from service.errors import Misconfigured
from service.settings import Settings, load


def _settings(options: argparse.Namespace) -> Settings:
    return load(insecure_test=options.insecure_test, embedded=options.embedded)


def up(options: argparse.Namespace) -> int:
    from service import embedded

    settings = load(insecure_test=options.insecure_test, embedded=True)
    code: int = asyncio.run(embedded.up(settings, insecure_test=options.insecure_test))
    return code


def serve(options: argparse.Namespace) -> int:
    import uvicorn

    from service import app
    from service.web import doorstep

    class Settled(uvicorn.Server):
        async def startup(self, *given: Any, **named: Any) -> None:
            await super().startup(*given, **named)
            if self.started:
                made.state.intake.outside = doorstep.Doorstep(sockets, lambda: self.server_state.total_requests)
            # What stands now stands until the end, a million objects: to look through them again for garbage takes 145 ms, in
            # which nobody is answered.
            gc.collect()
            gc.freeze()

    settings = _settings(options)
    if not settings.database_url:
        raise Misconfigured(["LIBERTAS_DATABASE_URL: is needed by serve (make run needs none)"])
    made = app.create(settings)
    sockets = doorstep.listening(settings.host, settings.port)
    server = Settled(
        uvicorn.Config(
            made,
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            lifespan="on",
            access_log=False,
            log_level="warning",
            server_header=False,
            date_header=True,
            proxy_headers=False,
            timeout_graceful_shutdown=15,
            timeout_keep_alive=20,
            h11_max_incomplete_event_size=16_384,
            backlog=doorstep.BACKLOG,
        )
    )
    server.run(sockets)
    return 0 if server.started else 1


YIELDING = 5
"""How nice the worker is to the web process where both want the same cores: it still gets a quarter of one, and a mail a moment later."""


def _yield_to_signers() -> None:
    with contextlib.suppress(OSError):
        os.nice(YIELDING)
        # Where Linux shares by sessions first (sched_autogroup), niceness counts only within one; so the session that is ours is nice, too.
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text(str(YIELDING))


def work(options: argparse.Namespace) -> int:
    from service import worker

    settings = _settings(options)
    faults = [
        f"LIBERTAS_{name}: is needed by work (make run needs none)"
        for name in ("DATABASE_URL", "SMTP_URL")
        if not getattr(settings, name.lower())
    ]
    if faults:
        raise Misconfigured(faults)

    _yield_to_signers()

    async def until_told() -> None:
        stop = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, stop.set)
        await worker.run(settings, stop)

    run(until_told())
    return 0


def add(command: Line) -> None:
    """``up``, ``serve`` and ``work``."""
    for name, act, text in (
        ("up", up, "everything on this machine: database, mail catcher, web, worker"),
        ("serve", serve, "the web process, against LIBERTAS_DATABASE_URL"),
        ("work", work, "the worker, against LIBERTAS_DATABASE_URL and LIBERTAS_SMTP_URL"),
    ):
        made = command(name, act, text)
        made.add_argument("--insecure-test", action="store_true", help="allow LIBERTAS_CAPTCHA=off; for tests only")
        made.add_argument("--embedded", action="store_true", help=argparse.SUPPRESS)
