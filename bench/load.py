"""Load by wrk, and what it cost: requests a second, quantiles, CPU of the processes that answered, and who else was at work."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec

HERE = Path(__file__).resolve().parent
_TICK = os.sysconf("SC_CLK_TCK")


class Sample(msgspec.Struct, kw_only=True):
    """One measurement. Times in ms, CPU in µs for each answered request by name; ``others`` is the share of the machine
    that neither wrk nor the measured processes used."""

    requests: int
    seconds: float
    wrong: int
    busy: int
    socket: int
    timeout: int
    p50: float
    p99: float
    cpu: dict[str, float] = {}
    others: float = 0.0

    @property
    def per_second(self) -> float:
        return (self.requests - self.busy - self.wrong) / self.seconds


def wrk() -> str | None:
    """Where wrk is; None when it is missing."""
    return shutil.which("wrk")


async def sample(
    url: str,
    script: str,
    seconds: float,
    pids: Callable[[], Awaitable[Mapping[str, list[int]]]],
    *,
    connections: int = 64,
    environment: Mapping[str, str] | None = None,
) -> Sample:
    """One run of wrk with one thread."""
    before = {pid: cpu_seconds([pid]) for family in (await pids()).values() for pid in family}
    machine = _machine()
    mine = os.times()
    process = await asyncio.create_subprocess_exec(
        str(wrk()), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s", "-s", str(HERE / "wrk" / script), url,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "BENCH_WRK": str(HERE / "wrk"), **(environment or {})},
    )  # fmt: skip
    out, _ = await process.communicate()
    line = next((x for x in out.decode().splitlines() if x.startswith("JSON ")), None)
    if line is None:
        raise RuntimeError(f"wrk: {out.decode()[-400:]}")
    found = msgspec.convert(json.loads(line[5:]), Sample)
    end, spent = _machine(), os.times()
    known = (spent.children_user + spent.children_system) - (mine.children_user + mine.children_system)
    for name, family in (await pids()).items():
        used = sum(cpu_seconds([pid]) - before.get(pid, 0.0) for pid in family)
        known += used
        found.cpu[name] = used / max(1, found.requests) * 1e6
    found.others = max(0.0, (end[0] - machine[0] - known) / max(1e-9, end[1] - machine[1]))
    return found


def _machine() -> tuple[float, float]:
    """(busy, all) CPU seconds since boot; stolen time counts as busy."""
    path = Path("/proc/stat")
    if not path.is_file():
        return 0.0, time.monotonic()
    user, nice, system, idle, wait, irq, soft, steal = (int(x) for x in path.read_text().split("\n", 1)[0].split()[1:9])
    busy = user + nice + system + irq + soft + steal
    return busy / _TICK, (busy + idle + wait) / _TICK


def descendants(pid: int) -> list[int]:
    """``pid`` and all that it started and that still live."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            stat = (entry / "stat").read_text()
        except OSError:
            continue
        children.setdefault(int(stat.rsplit(")", 1)[1].split()[1]), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system CPU of these processes; those that ended are left out."""
    total = 0
    for pid in pids:
        try:
            rest = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(rest[11]) + int(rest[12])
    return total / _TICK


def memory_mib(pid: int) -> tuple[float, float]:
    """(resident now, at most) in MiB."""
    text = Path(f"/proc/{pid}/status").read_text()
    kib = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines() if line.startswith(("VmRSS", "VmHWM"))}
    return kib["VmRSS"] / 1024, kib["VmHWM"] / 1024
