"""What is measured, in an order in which the cases do not disturb each other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets as randomness
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiosmtplib
import asyncpg
import msgspec

from bench import baseline, load, material, people, widgets
from bench.topology import HOUSE, Topology, free_port, topology
from service import db, ledger

Say = Callable[[str], None]


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how much. ``QUICK`` only shows that everything runs."""

    rounds: int = 3
    seconds: float = 4.0
    forms: int = 90_000
    links: int = 12_000
    mails: int = 6_000
    people: int = 4_000
    sealed: int = 10_000
    crowd: int = 1_000_000
    connections: int = 64
    flood: int = 1_500
    rush: int = 9_000


QUICK = Size(
    rounds=1, seconds=1.0, forms=8_000, links=1_500, mails=300, people=60, sealed=300, crowd=2_000, connections=16, flood=200, rush=900
)


class Figure(msgspec.Struct, kw_only=True):
    """One line of the table."""

    subject: str
    value: float
    unit: str = "/s"
    low: float | None = None
    high: float | None = None
    against: str = ""
    ratio: float | None = None
    goal: str = ""
    is_met: bool | None = None
    note: str = ""


class Bench:
    """The installation under test, the baselines beside it, and what was found so far."""

    def __init__(self, whole: Topology, folder: Path, size: Size, say: Say, progress: material.Progress, smtp_port: int) -> None:
        self.whole, self.folder, self.size, self.say, self.progress = whole, folder, size, say, progress
        self.web, self.worker = whole.webs[0], whole.workers[0]
        self.smtp_port = smtp_port
        self.base = f"http://127.0.0.1:{free_port()}"
        self.samples: dict[str, list[load.Sample]] = {}
        self.figures: list[Figure] = []
        self.forms = folder / "forms"
        self.baselines = 0
        self._used = 0
        self._mail: list[tuple[float, float]] = []

    # -- measuring

    async def pids(self) -> dict[str, list[int]]:
        """Whose CPU is counted: the web process, PostgreSQL's backends for it and its shared processes, the worker with its backends."""
        assert self.whole.postgres is not None
        found = {"web": [self.web.pid], "baseline": [self.baselines], "worker": [self.worker.pid] if self.worker.pid else []}
        rows = await self.whole.owner.fetch(
            "select pid, coalesce(application_name, '') as name from pg_stat_activity where pid is not null"
        )
        named = {row["pid"]: row["name"] for row in rows}
        family = load.descendants(self.whole.postgres.pid)
        found["postgres"] = [pid for pid in family if named.get(pid, "") in ("", "libertas-web", "baseline")]
        found["worker"] += [pid for pid in family if named.get(pid, "") == "libertas-worker"]
        return found

    async def measure(
        self, name: str, url: str, script: str = "get.lua", *, connections: int = 0, seconds: float = 0, warm: str = "", **environment: str
    ) -> load.Sample:
        """One run under ``name``, into ``samples``. ``warm`` are lines for a second of warming up before the first."""
        if name not in self.samples and ("LINES" not in environment or warm):
            # Code that never ran, and caches that are empty, are not what is measured.
            first = {**environment, "AGAIN": "1", **({"LINES": warm} if warm else {})}
            await load.sample(url, script, 1, self.pids, connections=connections or self.size.connections, environment=first)
        found = await load.sample(
            url, script, seconds or self.size.seconds, self.pids, connections=connections or self.size.connections,
            environment=environment,
        )  # fmt: skip
        self.samples.setdefault(name, []).append(found)
        self.say(
            f"  {name}: {found.per_second:,.0f}/s, p99 {found.p99:.1f} ms, wrong {found.wrong + found.socket + found.timeout},"
            f" others {found.others:.0%}, µs { ({k: round(v) for k, v in found.cpu.items()}) }"
        )
        return found

    def rate(self, name: str) -> float:
        return statistics.median(each.per_second for each in self.samples[name])

    def cpu(self, name: str, *who: str) -> float:
        return statistics.median(sum(each.cpu.get(one, 0.0) for one in who) for each in self.samples[name])

    def add(self, subject: str, name: str, against: str, goal: str, is_met: Callable[[float, float], bool], note: str = "") -> None:
        rates = [each.per_second for each in self.samples[name]]
        value = statistics.median(rates)
        ratio = value / self.rate(against) if against else 0.0
        wrong = sum(each.wrong + each.socket + each.timeout for each in self.samples[name])
        told = [note] if note else []
        if wrong:
            told.append(f"{wrong} answers were wrong")
        self.figures.append(
            Figure(
                subject=subject,
                value=value,
                low=min(rates),
                high=max(rates),
                against=against,
                ratio=ratio or None,
                goal=goal,
                is_met=is_met(value, ratio),
                note="; ".join(told),
            )
        )

    async def fresh_forms(self, seconds: float, most_per_second: float = 6_000) -> str:
        """A file of forms that nobody has sent yet."""
        count = int(seconds * most_per_second)
        file = self.folder / f"forms-{self._used}"
        with self.forms.open(encoding="ascii") as all_of_them:
            lines = all_of_them.readlines()
        part = [lines[(self._used + n) % len(lines)] for n in range(min(count, len(lines)))]
        self._used = (self._used + len(part)) % len(lines)
        await asyncio.to_thread(file.write_text, "".join(part), encoding="ascii")
        return str(file)

    async def drained(self, patience: float = 120) -> None:
        """Returns when the worker has nothing left to decide or deliver."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            left = await self.whole.owner.fetchval(
                "select (select count(*) from intake where decided_at is null) + (select count(*) from mail where state = 'due')"
            )
            if not left:
                return
            await asyncio.sleep(0.2)

    @contextlib.asynccontextmanager
    async def working(self, **environment: str) -> AsyncIterator[None]:
        """With the worker at work."""
        await self.worker.start(**environment)
        # Its start is not what is measured: it has connected, and then it has had time to come to rest.
        while not await self.whole.owner.fetchval("select count(*) from pg_stat_activity where application_name = 'libertas-worker'"):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)
        await asyncio.sleep(1.5)
        try:
            yield
        finally:
            await self.worker.kill()

    # -- the cases

    async def sign(self, name: str) -> None:
        await material.clear(self.whole)
        async with self.working():
            warm, file = await self.fresh_forms(0.2), await self.fresh_forms(self.size.seconds)
            await self.measure(name, self.web.url, "lines.lua", warm=warm, LINES=file, STATUS="202")

    async def sign_alone(self, name: str) -> None:
        await material.clear(self.whole)
        await self.measure(name, self.web.url, "lines.lua", LINES=await self.fresh_forms(self.size.seconds), STATUS="202")

    async def baseline(self, route: str) -> None:
        lines = str(self.forms)
        await self.measure(route, f"{self.base}/{route}", "lines.lua", warm=lines, LINES=lines, AGAIN="1", PATH_=f"/{route}", STATUS="202")

    async def confirm(self, name: str) -> None:
        await material.clear(self.whole)
        paths = await material.waiting(self.whole, self.size.links, self.progress)
        file = self.folder / "links"
        await asyncio.to_thread(file.write_text, "".join(f"{path}\t-\t192.0.2.1\t\n" for path in paths), encoding="ascii")
        seconds = self.size.seconds
        await self.measure(name, self.web.url, "lines.lua", LINES=str(file), KIND="application/x-www-form-urlencoded", seconds=seconds)
        counted = await self.whole.owner.fetchval("select count(*) from signature where state = 'confirmed' and confirmed_at is not null")
        if counted < self.samples[name][-1].requests - self.samples[name][-1].wrong - self.size.connections - 5:
            raise RuntimeError(f"{self.samples[name][-1].requests} presses were thanked and {counted} are confirmed")
        await self.whole.owner.execute("delete from outbox where kind = 'A'")
        await self.whole.owner.execute("delete from signature where confirmed_at is not null")

    async def reads(self) -> None:
        api = f"{self.web.url}{self.whole.api}"
        await self.measure("bare GET", f"{self.base}/bare")
        await self.measure("Litestar GET", f"{self.base}/null")
        await self.measure("count", api)
        tag = await asyncio.to_thread(_tag, api)
        await self.measure("count 304", api, ETAG=tag, STATUS="304")
        await self.measure("count by its route", f"{api}?all=1")
        await self.measure("page", f"{self.web.url}/en/petitions/{self.whole.slug}")

    async def mails(self) -> None:
        for turn in range(self.size.rounds):
            limit = await _mail_limit(self.smtp_port, self.size.mails)
            await material.clear(self.whole)
            await material.waiting(self.whole, self.size.mails, self.progress, is_sent=False)
            await self.worker.start()
            rate = await _rate_of(self.whole.owner, self.size.mails)
            await self.worker.kill()
            self.say(f"  mail, round {turn + 1}: {rate:,.0f}/s, limit {limit:,.0f}/s")
            self._mail.append((rate, limit))
        rates = [rate for rate, _ in self._mail]
        ratio = statistics.median(rate / limit for rate, limit in self._mail)
        value = statistics.median(rates)
        self.figures.append(
            Figure(
                subject="mail worker to a local sink, claiming and marking included",
                value=value,
                low=min(rates),
                high=max(rates),
                against="same bytes on 8 kept connections",
                ratio=ratio,
                goal="≥ 1,000/s",
                is_met=value >= 1_000,
            )
        )

    async def sealing(self) -> None:
        laps = []
        async with db.open_pool(self.whole.settings.database_url, high=4) as pool:
            for _ in range(self.size.rounds):
                log_id = await material.unsealed(self.whole, self.size.sealed)
                begun = time.perf_counter()
                policy = ledger.Policy.of(log_id, is_protected=False, seal_seconds=0.001)
                while await pool.fetchval("select count(*) from outbox where log_id = $1", log_id):
                    await ledger.seal(pool, log_id, policy, rng=randomness.SystemRandom())
                await ledger.publish(pool, self.whole.keys, log_id, self.folder / "data" / "published")
                laps.append(time.perf_counter() - begun)
        self.figures.append(
            Figure(
                subject=f"sealing {self.size.sealed:,} confirmations",
                value=statistics.median(laps),
                unit=" s",
                low=min(laps),
                high=max(laps),
                goal="< 1 s",
                is_met=statistics.median(laps) < 1.0,
            )
        )

    async def end_to_end(self) -> None:
        await material.clear(self.whole)
        before = await self._sealed()
        port = free_port()
        async with self.working(LIBERTAS_SMTP_URL=f"smtp://127.0.0.1:{port}"):
            lines = Path(await self.fresh_forms(1, self.size.people))
            told = await people.all_the_way(self.web.port, port, lines, self.size.people)
            wanted = before + self.size.people - int(told["lost"])
            begun = time.monotonic()
            while await self._sealed() < wanted and time.monotonic() - begun < 60:  # noqa: ASYNC110 - the worker seals elsewhere
                await asyncio.sleep(0.1)
            whole = told["pressed"] + time.monotonic() - begun - people.READING
        sealed = await self._sealed() - before
        rate = sealed / whole
        self.figures.append(
            Figure(
                subject="signed, mailed, confirmed and sealed, sustained",
                value=rate,
                goal="≥ 300/s",
                is_met=rate >= 300,
                note=f"{self.size.people:,} people, {int(told['lost'])} lost; all had signed after {told['signed']:.1f} s, the last was"
                f" counted after {whole + people.READING:.1f} s (3.2 s of reading taken off the rate); the driver runs on the same cores",
            )
        )

    async def _sealed(self) -> int:
        return int(await self.whole.owner.fetchval("select published_count from log where petition_id is not null"))

    async def overload(self) -> None:
        await material.clear(self.whole)
        calm = await self.measure(
            "sign, 64 at once", self.web.url, "lines.lua", LINES=await self.fresh_forms(self.size.seconds), STATUS="202"
        )
        await material.clear(self.whole)
        file = await self.fresh_forms(self.size.seconds)
        flood = await self.measure(
            "sign, flooded", self.web.url, "lines.lua", LINES=file, AGAIN="1", STATUS="202", ALSO="503", connections=self.size.flood
        )
        kept = flood.per_second / calm.per_second
        self.figures.append(
            Figure(
                subject=f"overload: {self.size.flood:,} who all try again at once",
                value=flood.per_second,
                against="sign, 64 at once",
                ratio=kept,
                goal="(then: ≥ 80 %)",
                is_met=kept >= 0.8,
                note=f"{flood.busy / flood.seconds:,.0f}/s were told 503 with Retry-After; p99 of all answers {flood.p99:,.0f} ms;"
                f" {flood.socket + flood.timeout} got no answer",
            )
        )
        await self.rush(calm.per_second)

    async def rush(self, calm: float) -> None:
        """People who come once, each on a new connection, within a second: three times as many as can be answered in it."""
        await material.clear(self.whole)
        file = await self.fresh_forms(1, self.size.rush)
        found = await people.all_at_once(self.web.port, Path(file), self.size.rush, within=1.0)
        rate = found.signed / found.seconds

        def ms(times: list[float], share: float) -> str:
            return f"{people.Crowd.quantile(times, share):,.0f} ms"

        self.say(
            f"  rush: {found.signed:,} of {found.count:,} signed in {found.seconds:.1f} s, {len(found.refused):,} times told to come back"
        )
        self.figures.append(
            Figure(
                subject=f"overload: {self.size.rush:,} people within a second, who come back as told",
                value=rate,
                against="sign, 64 at once",
                ratio=rate / calm,
                note=f"{found.count - found.signed} never got through; {len(found.refused):,} times told to come back, after"
                f" {ms(found.refused, 0.5)} (p99 {ms(found.refused, 0.99)}), in 1 to {max(found.told, default=0)} s; taken after"
                f" {ms(found.taken, 0.5)} (p99 {ms(found.taken, 0.99)}); all had signed after {found.seconds:.1f} s, at the {found.tries}."
                " try at most; a new connection for each, and the driver on the same cores",
            )
        )


def _tag(url: str) -> str:
    import urllib.request

    with urllib.request.urlopen(url, timeout=5) as told:
        return str(told.headers["etag"])


async def _rate_of(owner: asyncpg.Pool, count: int) -> float:
    """Mails a second between the first look at which some were sent and the last."""
    first: tuple[float, int] | None = None
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        sent = int(await owner.fetchval("select count(*) from mail where state = 'sent'"))
        now = time.monotonic()
        if sent and first is None:
            first = now, sent
        if sent >= count:
            assert first is not None
            return (sent - first[1]) / max(1e-6, now - first[0]) if sent > first[1] else float(sent)
        await asyncio.sleep(0.02)
    raise TimeoutError(f"{sent} of {count} mails were sent")


async def _mail_limit(port: int, count: int) -> float:
    """The same relay, eight kept connections, the same bytes again and again: what aiosmtplib allows one process."""
    data = b"Subject: limit\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 74 + b"\r\n") * 60
    left = count

    async def lane() -> None:
        nonlocal left
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port)
        await client.connect()
        while left > 0:
            left -= 1
            await client.execute_command(b"MAIL", b"FROM:<petition@example.org>")
            await client.execute_command(b"RCPT", b"TO:<ani@example.org>")
            await client.data(data)
        await client.quit()

    begun = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(8)))
    return count / (time.perf_counter() - begun)


@contextlib.asynccontextmanager
async def bench(folder: Path, size: Size, say: Say, progress: material.Progress) -> AsyncIterator[Bench]:
    """An installation with its baselines, started; on the disk that ``folder`` is on."""
    smtp_port = free_port()
    async with topology(
        folder, smtp_url=f"smtp://127.0.0.1:{smtp_port}", TRUSTED_PROXIES="127.0.0.1/32", PUBLIC_DIR=str(folder / "public")
    ) as whole:
        assert whole.postgres is not None
        admin = await asyncpg.connect(whole.postgres.admin_url)
        await admin.execute("create database baseline")
        await admin.close()
        baseline_url = whole.postgres.url_for("postgres", "baseline")
        connection = await asyncpg.connect(baseline_url)
        await connection.execute(baseline.TABLES)
        await connection.close()
        one = Bench(whole, folder, size, say, progress, smtp_port)
        await one.web.start()
        await one.web.ready()
        children = [
            await _child("bench.baseline", one.base.rpartition(":")[2], baseline_url),
            await _child("bench.sink", str(smtp_port)),
        ]
        one.baselines = children[0].pid
        try:
            await _answers(f"{one.base}/bare")
            say("forms with solved proofs")
            await asyncio.to_thread(material.forms, whole, one.forms, size.forms, progress)
            yield one
        finally:
            for child in children:
                child.terminate()
                await child.wait()


async def _child(module: str, *words: str) -> asyncio.subprocess.Process:
    program = [sys.executable, "-P", "-m", module, *words]
    as_child = [sys.executable, "-I", "-S", str(HOUSE / "service/embedded/child.py"), "KILL", str(os.getpid()), "-", "-"]
    return await asyncio.create_subprocess_exec(*as_child, *program, cwd=HOUSE, env={"PYTHONPATH": str(HOUSE)})


async def _answers(url: str) -> None:
    for _ in range(3_000):
        try:
            await asyncio.to_thread(_tag, url)
            return
        except OSError:
            await asyncio.sleep(0.05)
    raise RuntimeError("the baselines did not start")


async def run(one: Bench) -> list[Figure]:
    """All cases, interleaved by rounds; the figures in the order of the table."""
    size = one.size
    for turn in range(size.rounds):
        one.say(f"round {turn + 1} of {size.rounds}: writing")
        steps: list[Callable[[], Awaitable[None]]] = [
            lambda: one.baseline("bare"),
            lambda: one.baseline("null"),
            lambda: one.baseline("insert"),
            lambda: one.baseline("batch"),
            lambda: one.sign("sign"),
            lambda: one.sign_alone("sign, no worker"),
            lambda: one.confirm("confirm"),
        ]
        for step in steps:
            await step()
        one.say(f"round {turn + 1} of {size.rounds}: reading")
        await one.reads()
        await widgets.reads(one)
    one.say("mail")
    await one.mails()
    one.say("sealing")
    await one.sealing()
    one.say("all the way")
    await one.end_to_end()
    one.say("overload")
    await one.overload()
    resident, most = load.memory_mib(one.web.pid)
    one.say(f"loading {size.crowd:,} signatures")
    await material.clear(one.whole)
    await material.crowd(one.whole, size.crowd, one.progress)
    for turn in range(size.rounds):
        one.say(f"round {turn + 1} of {size.rounds}: with {size.crowd:,} signatures")
        await one.baseline("batch")
        await one.sign("sign at 1 M")
        await one.sign_alone("sign at 1 M, no worker")
        await one.confirm("confirm at 1 M")
        await one.measure("page at 1 M", f"{one.web.url}/en/petitions/{one.whole.slug}")
    own = one.figures
    one.figures = []
    cost = one.cpu("sign", "web", "postgres")
    one.add(
        "sign POST: durable, sealed, proof checked, worker on the same cores", "sign", "batch", "≥ 60 %, ≥ 1,500/s, ≤ 400 µs",
        lambda value, ratio: value >= 1_500 and ratio >= 0.6 and cost <= 400,
        f"{cost:.0f} µs CPU of web and PostgreSQL (group commit alone: {one.cpu('batch', 'baseline', 'postgres'):.0f})",
    )  # fmt: skip
    one.add(
        "the same while no worker runs",
        "sign, no worker",
        "batch",
        "",
        lambda *_: True,
        f"{one.cpu('sign, no worker', 'web', 'postgres'):.0f} µs",
    )
    one.add("the same, beside a bare ASGI callable", "sign, no worker", "bare", "", lambda *_: True)
    one.add("one INSERT for each request (baseline)", "insert", "batch", "", lambda *_: True)
    one.add("Litestar with a checked body (baseline)", "null", "bare", "", lambda *_: True)
    one.add("sign POST with 1 M signatures present", "sign at 1 M", "sign", "≥ 90 %", lambda _, ratio: ratio >= 0.9)
    one.add("the same while no worker runs", "sign at 1 M, no worker", "sign, no worker", "≥ 90 %", lambda _, ratio: ratio >= 0.9)
    one.add(
        "confirm POST", "confirm", "batch", "≥ 1,000/s", lambda value, _: value >= 1_000, f"p99 {one.samples['confirm'][-1].p99:.0f} ms"
    )
    one.add("confirm POST with 1 M present", "confirm at 1 M", "confirm", "≥ 90 %", lambda _, ratio: ratio >= 0.9)
    one.add("count JSON", "count", "bare GET", "≥ 12,000/s (then ≥ 70 %)", lambda value, ratio: value >= 12_000 or ratio >= 0.7)
    one.add("count JSON, 304", "count 304", "bare GET", "≥ 12,000/s (then ≥ 70 %)", lambda value, ratio: value >= 12_000 or ratio >= 0.7)
    one.add("count JSON through its route", "count by its route", "Litestar GET", "", lambda *_: True, "what the table in front saves")
    widgets.add(one)
    one.add("petition page", "page", "bare GET", "≥ 1,500/s (then ≥ 4,000)", lambda value, _: value >= 1_500)
    one.add("petition page with 1 M present", "page at 1 M", "page", "", lambda *_: True)
    one.figures += own
    one.figures.append(
        Figure(
            subject="memory of the web process under load",
            value=most,
            unit=" MiB",
            goal="< 150 MiB (then ≤ 100)",
            is_met=most < 150,
            note=f"the most at any time; {resident:.0f} MiB when it was quiet again",
        )
    )
    return one.figures
