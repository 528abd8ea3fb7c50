"""Nobody learns from an answer, from its time, from a log or from a dump who signed (threats.md 7, 9, 21)."""

from __future__ import annotations

import io
import random
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from crowd import FORM, Crowd, Post, settled

from bench import material
from bench.topology import Topology
from installation import Installation, state_of

LONG = pytest.mark.torture
_OWN = re.compile(rb"(?<=name=\"form_key\" value=\")[^\"]*|(?<=[?&]s=)[\w%.-]+|(?<=name=\"s\" value=\")[^\"]*")


def _bytes(answer: httpx2.Response, email: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body without the visitor's own input, ``s`` and ``form_key``."""

    def common(raw: bytes) -> bytes:
        return _OWN.sub(b"*", raw).replace(email.encode(), b"*")

    kept = sorted((name.lower(), common(value)) for name, value in answer.headers.raw if name.lower() not in (b"date", b"content-length"))
    return answer.status_code, kept, common(answer.content)


async def test_the_answer_is_the_same_bytes_for_new_known_capped_and_suppressed_addresses(installation: Installation) -> None:
    await installation.confirm("known@example.org")
    for _ in range(3):
        await installation.post(email="capped@example.org")
    await installation.post(email="gone@example.org")
    await installation.work()
    await installation.client.post(installation.link("gone@example.org", "not-me"), headers=FORM)
    await installation.work()
    assert await installation.rows("select 1 from suppression"), "control: somebody is suppressed"
    assert await installation.rows("select 1 from intake where outcome = 'merged'"), "control: somebody is known"
    seen: dict[str, set[Any]] = {"api": set(), "form": set(), "sent": set(), "resend": set(), "manage": set()}
    for who in ("known", "capped", "gone", "never"):  # four letters or not: their own input is taken out
        email = f"{who}@example.org"
        seen["api"].add(repr(_bytes(await installation.post(email=email), email)))
        form = await installation.post_form(email=email, altcha=await installation.proof())
        seen["form"].add(repr(_bytes(form, email)))
        sent = await installation.client.get(form.headers["location"])
        seen["sent"].add(repr(_bytes(sent, email)))
        s = re.search(r'name="s" value="([^"]+)"', sent.text)
        assert s
        body = {"s": s[1], "form_key": secrets.token_urlsafe(12)}
        again = await installation.client.post(f"/en/petitions/{installation.slug}/resend", data=body)
        seen["resend"].add(repr(_bytes(again, email)))
        asked = await installation.client.post("/en/manage", data={"email": email, "form_key": secrets.token_urlsafe(12)})
        seen["manage"].add(repr(_bytes(asked, email)))
    for what, answers in seen.items():
        assert len(answers) == 1, (what, answers)


# -- time ------------------------------------------------------------------------------------------------------------------


def auc(one: list[float], other: list[float]) -> float:
    """The chance that a time of ``one`` is longer than a time of ``other``: 0.5 when they cannot be told apart (Mann–Whitney)."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, kind) in enumerate(ranked, start=1) if kind == 0)
    return (ranks - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


async def _times(town: Topology, crowd: Crowd, known: list[str], count: int) -> tuple[list[float], list[float]]:
    """Seconds of ``count`` answers each to known and to new addresses, in turn."""
    taken: tuple[list[float], list[float]] = ([], [])
    async with httpx2.AsyncClient(timeout=120, base_url=town.webs[0].url) as client:
        for number in range(count):
            order = [0, 1]
            random.shuffle(order)
            for kind in order:
                email = known[number % len(known)] if kind == 0 else crowd.new_address()
                body = crowd.body(email)
                headers = {
                    "idempotency-key": secrets.token_urlsafe(9),
                    "content-type": "application/json",
                    "x-forwarded-for": material.network(),
                }
                begun = time.perf_counter()
                answer = await client.post(f"{town.api}/signatures", content=body, headers=headers)
                taken[kind].append(time.perf_counter() - begun)
                assert answer.status_code == 202
    return taken


@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("count", [60, pytest.param(5_000, marks=LONG)])
async def test_the_time_of_an_answer_does_not_tell_who_signed(
    town: Callable[..., Any], post: Post, note: Callable[..., None], count: int
) -> None:
    """The short version only shows that it runs: a few answers say nothing about time."""
    async with town(webs=1, workers=0) as one:
        crowd = Crowd(one, post)
        known = [crowd.new_address() for _ in range(20)]
        async with httpx2.AsyncClient(timeout=120) as client:
            for email in known:
                assert await crowd.sign(client, email)
        await _times(one, crowd, known, 20)
        found = auc(*await _times(one, crowd, known, count))
        naive = auc(*await _naive(one, count))
    note("time of the answer: known against new", count, f"AUC {found:.3f}", "–", "–", "", f"the naive way: {naive:.3f}")
    if count >= 1_000:
        assert 0.47 <= found <= 0.53, found
        assert abs(naive - 0.5) > 0.03, "control: the naive way is told apart"


async def _naive(town: Topology, count: int) -> tuple[list[float], list[float]]:
    """The control: look up, then insert if new. Known addresses are answered sooner."""
    await town.owner.execute("create table naive (address text primary key, at timestamptz not null default now())")
    known = [f"known-{number}@example.org" for number in range(50)]
    await town.owner.executemany("insert into naive values ($1)", [(address,) for address in known])
    taken: tuple[list[float], list[float]] = ([], [])
    async with town.owner.acquire() as connection:
        for number in range(count):
            for kind, address in ((0, known[number % 50]), (1, f"new-{number}@example.org")):
                begun = time.perf_counter()
                if not await connection.fetchval("select exists (select from naive where address = $1)", address):
                    await connection.execute("insert into naive values ($1)", address)
                taken[kind].append(time.perf_counter() - begun)
    return taken


def test_the_measure_tells_apart_what_differs_and_not_what_is_alike() -> None:
    random.seed(7)
    same = [random.gauss(5, 1) for _ in range(4_000)]
    assert 0.48 < auc(same[::2], same[1::2]) < 0.52
    assert auc([value + 0.5 for value in same[::2]], same[1::2]) > 0.6


# -- traces ----------------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(900)
async def test_a_name_an_address_a_network_and_a_token_are_found_nowhere_in_clear(town: Callable[..., Any], post: Post) -> None:
    """Ani's way goes through every stage, with faults on it; then logs and a dump of every table are searched for her."""
    name, local, network = "Zabelkanari Ohanyanetz", f"zabelkanari{secrets.randbelow(10**6)}", "198.51.100.77"
    email = f"{local}@canary-{secrets.token_hex(3)}.org"
    async with town(webs=1, workers=1) as one:
        crowd = Crowd(one, post)
        url = one.webs[0].url
        async with httpx2.AsyncClient(timeout=120, base_url=url) as client:
            body = crowd.body(email).replace("Ani Petrosyan", name)
            headers = {"idempotency-key": "canary", "content-type": "application/json", "x-forwarded-for": network}
            assert (await client.post(f"{one.api}/signatures", content=body, headers=headers)).status_code == 202
            path = await post.link(email)
            assert path is not None
            await crowd.reading_time()
            assert state_of(await client.post(path, headers={**FORM, "x-forwarded-for": network})) == "confirmed"
            # Faults on the way: a broken proof, a form that is not one, a page that is not there, a table that is away.
            bad = {**headers, "idempotency-key": "canary-2"}
            broken = [
                await client.post(f"{one.api}/signatures", content=body.replace('"altcha": "', '"altcha": "x'), headers=bad),
                await client.post(f"{one.api}/signatures", content=f'{{"name": "{name}", "email": ["{email}"]}}', headers=bad),
                await client.get(f"{path}x", headers=headers),
            ]
            await one.owner.execute("alter table intake rename to intake_away")
            broken.append(
                await client.post(f"{one.api}/signatures", content=crowd.body(f"2{email}"), headers={**bad, "idempotency-key": "c3"})
            )
            await one.owner.execute("alter table intake_away rename to intake")
            assert broken[-1].status_code >= 500, "control: there was a fault"
        assert await settled(one)
        dump = await _dump(one)
        logs = one.logs()
    assert "fault" in logs and len(dump) > 20_000, "control: something was logged, and the dump is one"
    token = path.rsplit("/", 1)[1]
    for canary in (name, "Zabelkanari", local, email, network, token, token[:40]):
        for where, text in (("the logs", logs), ("the dump", dump)):
            assert canary.lower() not in text.lower(), f"{canary} stands in {where}"
        for answer in broken:
            if canary != network and canary not in (token, token[:40]):
                assert canary not in answer.text.replace(path, ""), f"{canary} stands in an error"
    found = re.search(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])", logs.replace("127.0.0.1", ""))
    assert found is None, "an address of the net stands in the logs"
    mailed = b"".join(post.mails)
    assert email.encode() in mailed, "control: the mailbox has the address, and the search finds it there"
    assert name.encode() not in mailed, "what an unverified submitter typed is not mailed"


async def _dump(town: Topology) -> str:
    """Every row of every table, as COPY writes them, and hexadecimal columns as the bytes they are as well."""
    parts = []
    for row in await town.owner.fetch("select tablename from pg_tables where schemaname = 'public' order by 1"):
        out = io.BytesIO()
        async with town.owner.acquire() as connection:
            await connection.copy_from_table(row["tablename"], output=out)
        text = out.getvalue().decode()
        parts.append(text)
        parts += [bytes.fromhex(found).decode("latin-1") for found in re.findall(r"\\\\x((?:[0-9a-f]{2})+)", text)]
    return "\n".join(parts)
