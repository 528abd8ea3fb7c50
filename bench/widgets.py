"""What partners' pages ask for: the count and the widget's data, by the service, by a bare ASGI callable, and by nginx as files.

    python -m bench.widgets [--seconds 4] [--rounds 3]

The nginx is Debian's, started here with ``deploy/nginx.conf`` over the folder that the web process keeps (``PUBLIC_DIR``), with
one worker process, as the service has one. Without nginx the table says so.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from bench.topology import HOUSE, free_port

if TYPE_CHECKING:
    from bench.cases import Bench

FIRST, THEN = 12_000, 0.7
GOAL = "≥ 12,000/s (then ≥ 70 %)"


def nginx() -> str | None:
    """Where nginx is; None when it is missing. Debian puts it where only root's PATH leads."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextlib.asynccontextmanager
async def served(folder: Path, public: Path, upstream: str) -> AsyncIterator[tuple[str, int] | None]:
    """(address, pid of its one worker) of an nginx over ``public`` before ``upstream``; None where there is no nginx."""
    program = nginx()
    if program is None:
        yield None
        return
    port, place = free_port(), folder / "nginx"
    place.mkdir()
    ours = (HOUSE / "deploy/nginx.conf").read_text(encoding="utf-8")
    ours = ours.replace("/srv/libertas/public", str(public)).replace("http://127.0.0.1:8000", upstream)
    temporary = " ".join(f"{name}_temp_path {place}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    conf = place / "nginx.conf"
    conf.write_text(
        f"{user} daemon off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;\n"
        f"events {{ worker_connections 4096; }}\n"
        f"http {{ {temporary} keepalive_requests 1000000000; sendfile on; tcp_nopush on; open_file_cache max=1000 inactive=60s;"
        f" open_file_cache_valid 1s;\nserver {{ listen 127.0.0.1:{port};\n{ours}\n}} }}\n",
        encoding="utf-8",
    )
    child = await asyncio.create_subprocess_exec(
        # Through child.py, so that it dies when we are killed.
        sys.executable, "-I", "-S", str(HOUSE / "service/embedded/child.py"), "KILL", str(os.getpid()), "-", "-",
        program, "-p", str(place), "-e", str(place / "error.log"), "-c", str(conf),
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        for _ in range(200):
            if child.returncode is not None:
                assert child.stderr is not None
                raise RuntimeError(f"nginx did not start: {(await child.stderr.read()).decode()[-500:]}")
            with contextlib.suppress(OSError):
                await asyncio.to_thread(_get, f"{base}/api/v1/petitions")
                break
            await asyncio.sleep(0.05)
        yield base, child.pid
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


def _get(url: str) -> tuple[bytes, dict[str, str]]:
    with urllib.request.urlopen(url, timeout=5) as told:
        return told.read(), {name.lower(): value for name, value in told.headers.items()}


SAME = ("content-type", "cache-control", "access-control-allow-origin", "cross-origin-resource-policy", "x-content-type-options")


async def reads(one: Bench) -> None:
    """One round. nginx answers what the service answers, or nothing is measured."""
    api, card = one.whole.api, f"/embed/{one.whole.slug}/fr.json"
    await one.measure("card", f"{one.web.url}{card}")
    tag = (await asyncio.to_thread(_get, f"{one.web.url}{card}"))[1]["etag"]
    await one.measure("card 304", f"{one.web.url}{card}", ETAG=tag, STATUS="304")
    await one.measure("element", f"{one.web.url}/widget.js")
    with tempfile.TemporaryDirectory(dir=one.folder) as folder:
        async with served(Path(folder), one.folder / "public", one.web.url) as there:
            if there is None:
                one.say("  nginx is missing (Debian, Ubuntu: sudo apt-get install nginx-light)")
                return
            for path in (api, card):
                ours, theirs = [await asyncio.to_thread(_get, f"{base}{path}") for base in (one.web.url, there[0])]
                if ours[0] != theirs[0]:
                    raise RuntimeError(f"nginx gives other bytes for {path}")
                for name in SAME:
                    if name in ours[1] and ours[1][name] != theirs[1].get(name):
                        raise RuntimeError(f"nginx gives another {name} for {path}: {theirs[1].get(name)}")
            await one.measure("count by nginx", f"{there[0]}{api}")
            await one.measure("card by nginx", f"{there[0]}{card}")
            tag = (await asyncio.to_thread(_get, f"{there[0]}{card}"))[1]["etag"]
            await one.measure("card by nginx 304", f"{there[0]}{card}", ETAG=tag, STATUS="304")


def add(one: Bench) -> None:
    """The lines of the table."""

    def meets(value: float, ratio: float) -> bool:
        return value >= FIRST or ratio >= THEN

    one.add("widget data", "card", "bare GET", GOAL, meets)
    one.add("widget data, 304", "card 304", "bare GET", GOAL, meets)
    one.add("the widget's script", "element", "bare GET", "", lambda *_: True)
    if "card by nginx" not in one.samples:
        one.say("the lines of nginx are left out: there is none on this machine")
        return
    one.add("count JSON as a file, by nginx with one worker", "count by nginx", "count", "", lambda *_: True, "deploy/nginx.conf")
    one.add("widget data as a file, by nginx", "card by nginx", "card", "", lambda *_: True)
    one.add("widget data as a file, by nginx, 304", "card by nginx 304", "card 304", "", lambda *_: True)


async def _alone(seconds: float, rounds: int) -> None:
    from bench import cases, report

    size = cases.Size(rounds=rounds, seconds=seconds, forms=100)

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="libertas-bench-") as folder:
        async with cases.bench(Path(folder), size, say, lambda *_: None) as one:
            for turn in range(rounds):
                say(f"round {turn + 1} of {rounds}")
                await one.measure("bare GET", f"{one.base}/bare")
                await one.measure("count", f"{one.web.url}{one.whole.api}")
                await reads(one)
            one.add("count JSON", "count", "bare GET", GOAL, lambda value, ratio: value >= FIRST or ratio >= THEN)
            add(one)
            others = max(each.others for found in one.samples.values() for each in found)
            print(report.markdown(one.figures, size, others))


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--seconds", type=float, default=4.0)
    made.add_argument("--rounds", type=int, default=3)
    options = made.parse_args()
    asyncio.run(_alone(options.seconds, options.rounds))


if __name__ == "__main__":
    main()
