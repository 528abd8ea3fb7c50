"""Proofs of work and captchas: what opens a form once, what never does, and what happens to Ani when hCaptcha is ill."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import altcha
import httpx2
import pytest
from altcha import v2 as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.async_api import async_playwright

from bench.topology import free_port
from service import captcha
from service.captcha import CAPTCHA_DOWN, Altcha, Gate, HCaptcha, Proof, Unavailable
from service.errors import Invalid
from service.settings import Settings
from tests.hcaptcha_server import HOSTNAME, SECRET, SITEKEY, HCaptchaServer, Mode
from ticking import ticking

KEY, OLD_KEY = bytes(range(32)), bytes(range(32, 64))
NOW = 1_790_000_000.25
EASY = 20
"""Hashes; the arithmetic is the same for 65,536."""


@pytest.fixture
def work() -> Altcha:
    return Altcha([KEY, OLD_KEY], EASY)


def solve(challenge: dict[str, Any]) -> dict[str, Any]:
    """What a visitor's browser sends: the challenge and its solution, found by the library's own solver."""
    found = oracle.solve_challenge(oracle.Challenge.from_dict(challenge))
    assert found is not None
    return {"challenge": challenge, "solution": found.to_dict()}


def sent(payload: object) -> str:
    return base64.b64encode(json.dumps(payload).encode()).decode()


ONE_PAYLOAD = solve(Altcha([KEY], EASY).challenge("free-ani", NOW))


def code(refusing: Callable[[], object], field: str = "altcha") -> str:
    with pytest.raises(Invalid) as refused:
        refusing()
    assert [fault.field for fault in refused.value.faults] == [field]
    return refused.value.faults[0].code


# -- proof of work -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("petition", ["free-ani", None])
def test_ani_solves_our_challenge_with_a_stock_solver_and_is_believed(work: Altcha, petition: str | None) -> None:
    proof = work.check(sent(solve(work.challenge(petition, NOW))), "free-ani", NOW + 90)

    assert proof.kind == "altcha" and len(proof.replay_key) == 32
    assert proof.expires_at == int(NOW) + captcha.LIFETIME and proof.issued_at == int(NOW) and proof.marks == ()


@pytest.mark.parametrize("petition", [None, "free-ani", 'odd "\\\n\t\x7f\u2028 slug ազատ'])
@pytest.mark.parametrize("outage", [False, True])
def test_the_library_verifies_what_we_issue(work: Altcha, petition: str | None, outage: bool) -> None:
    payload = sent(solve(work.challenge(petition, time.time(), outage=outage)))

    assert oracle.verify_solution(payload, KEY).verified
    assert not oracle.verify_solution(payload, OLD_KEY).verified
    work.check(payload, petition or "any", time.time())


def test_we_check_what_the_library_issues_and_solves() -> None:
    issued = altcha.v2.create_challenge("SHA-256", 1, counter=17, expires_at=int(NOW) + 60, data={"petition": "free-ani"}, hmac_secret=KEY)
    found = oracle.solve_challenge(issued)
    assert found is not None

    assert Altcha([KEY], EASY).check(oracle.Payload(issued, found).to_base64(), "free-ani", NOW).expires_at == int(NOW) + 60


def test_a_form_without_proof_is_told_so(work: Altcha) -> None:
    assert code(lambda: work.check("", "free-ani", NOW)) == "proof-missing"


def test_a_proof_ends_after_twenty_minutes_and_not_before(work: Altcha) -> None:
    payload = sent(solve(work.challenge("free-ani", NOW)))

    work.check(payload, "free-ani", int(NOW) + 1200)
    assert code(lambda: work.check(payload, "free-ani", int(NOW) + 1200.5)) == "proof-stale"


def test_a_proof_for_anis_petition_does_not_open_levons(work: Altcha) -> None:
    payload = sent(solve(work.challenge("free-ani", NOW)))

    assert code(lambda: work.check(payload, "free-levon", NOW)) == "proof-other-petition"


def test_challenges_signed_before_a_rotation_are_still_good_until_their_key_is_removed() -> None:
    payload = sent(solve(Altcha([OLD_KEY], EASY).challenge(None, NOW)))

    Altcha([KEY, OLD_KEY], EASY).check(payload, "free-ani", NOW)
    assert code(lambda: Altcha([KEY], EASY).check(payload, "free-ani", NOW)) == "proof-forged"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("keyPrefix", "00"),
        ("nonce", "00" * 16),
        ("salt", "ab" * 16),
        ("expiresAt", int(NOW) + 10**6),
        ("data", {"petition": "free-levon"}),
        ("data", {"outage": True}),
    ],
)
def test_a_changed_challenge_is_forged(work: Altcha, field: str, value: object) -> None:
    payload = solve(work.challenge("free-ani", NOW))
    payload["challenge"]["parameters"][field] = value

    assert code(lambda: work.check(sent(payload), "free-levon", NOW)) == "proof-forged"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("algorithm", "SHA-1"),
        ("algorithm", "PBKDF2/SHA-256"),
        ("algorithm", None),
        ("cost", 0),
        ("cost", 2),
        ("cost", 1.0),
        ("keyLength", 1),
        ("keyPrefix", ""),
        ("keyPrefix", "zz"),
        ("nonce", '00","salt":"'),
        ("nonce", "ab" * 16 + "\n"),
        ("nonce", "AB" * 16),
        ("expiresAt", None),
        ("expiresAt", True),
        ("expiresAt", "1790000000"),
        ("expiresAt", 10**30),
        ("expiresAt", float("inf")),
        ("expiresAt", float("nan")),
        ("data", None),
        ("data", {"petition": "free-ani", "more": 1}),
        ("data", {"outage": False}),
        ("memoryCost", 8),
        ("keySignature", "00"),
    ],
)
def test_a_challenge_of_another_shape_is_malformed(work: Altcha, field: str, value: object) -> None:
    payload = solve(work.challenge("free-ani", NOW))
    payload["challenge"]["parameters"][field] = value

    assert code(lambda: work.check(sent(payload), "free-ani", NOW)) == "proof-malformed"


def test_a_signature_with_other_letters_is_forged(work: Altcha) -> None:
    for wrong in ("", "00" * 32, "é" * 64):
        payload = solve(work.challenge(None, NOW))
        payload["challenge"]["signature"] = wrong
        assert code(lambda p=payload: work.check(sent(p), "free-ani", NOW)) in ("proof-forged", "proof-malformed")  # type: ignore[misc]
    payload = solve(work.challenge(None, NOW))
    payload["challenge"]["signature"] = payload["challenge"]["signature"].upper()
    assert code(lambda: work.check(sent(payload), "free-ani", NOW)) == "proof-forged"


def test_work_that_was_not_done_is_forged(work: Altcha) -> None:
    payload = solve(work.challenge("free-ani", NOW))
    for change in ({"counter": payload["solution"]["counter"] + 1}, {"derivedKey": "00" * 32}, {"derivedKey": ""}):
        lazy = {"challenge": payload["challenge"], "solution": payload["solution"] | change}
        assert code(lambda p=lazy: work.check(sent(p), "free-ani", NOW)) == "proof-forged"  # type: ignore[misc]


@pytest.mark.parametrize("counter", [-1, 2**32, 1.5, True, "7", None, 10**40, float("nan")])
def test_a_counter_outside_32_bits_is_malformed(work: Altcha, counter: object) -> None:
    payload = solve(work.challenge("free-ani", NOW))
    payload["solution"]["counter"] = counter

    assert code(lambda: work.check(sent(payload), "free-ani", NOW)) == "proof-malformed"


@pytest.mark.parametrize(
    "payload",
    [
        "x",
        "é",
        "\ud800",
        "e30=\x00",
        "e30=e30=",
        " e30=",
        "e30",
        sent([]),
        sent({}),
        sent(None),
        sent({"challenge": None, "solution": None, "test": True}),
        sent({"algorithm": "SHA-256", "challenge": "00", "number": 1, "salt": "", "signature": "00", "took": 1}),
        base64.b64encode(b"\xff\xfe{}").decode(),
        base64.b64encode(b'{"challenge":' + b"[" * 2500).decode(),
        "A" * 4097,
    ],
)
def test_a_form_field_full_of_rubbish_is_malformed(work: Altcha, payload: str) -> None:
    assert code(lambda: work.check(payload, "free-ani", NOW)) == "proof-malformed"


def test_a_true_proof_in_a_huge_wrapping_is_malformed(work: Altcha) -> None:
    padded = json.dumps(solve(work.challenge(None, NOW))) + " " * 4096

    assert code(lambda: work.check(base64.b64encode(padded.encode()).decode(), "free-ani", NOW)) == "proof-malformed"


def test_however_a_proof_is_spelled_its_replay_key_is_the_same(work: Altcha) -> None:
    payload = solve(work.challenge("free-ani", NOW))
    parameters = payload["challenge"]["parameters"]
    turned = {
        "solution": dict(reversed(payload["solution"].items())),
        "challenge": {
            "signature": payload["challenge"]["signature"],
            "parameters": dict(sorted(parameters.items(), reverse=True)),
        },
    }
    later = payload | {"solution": payload["solution"] | {"time": 12_345.5}}
    timeless = payload | {"solution": {k: v for k, v in payload["solution"].items() if k != "time"}}
    doubled = json.dumps(payload).replace('"solution":', '"solution": {"counter": 1, "derivedKey": ""}, "solution":')
    escaped = json.dumps(payload).replace("free-ani", "\\u0066ree-ani")
    spellings = [sent(payload), sent(turned), sent(later), sent(timeless)]
    spellings += [base64.b64encode(text.encode()).decode() for text in (json.dumps(payload, indent=1), doubled, escaped)]

    assert len(set(spellings)) == 7
    assert len({work.check(spelling, "free-ani", NOW).replay_key for spelling in spellings}) == 1
    assert (
        work.check(sent(solve(work.challenge("free-ani", NOW))), "free-ani", NOW).replay_key
        != work.check(spellings[0], "free-ani", NOW).replay_key
    )


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_no_change_of_a_byte_is_ever_believed_nor_breaks_anything(at: int, byte: int) -> None:
    work = Altcha([KEY], EASY)
    whole = json.dumps(ONE_PAYLOAD).encode()
    at %= len(whole)
    changed = whole[:at] + bytes([byte]) + whole[at + 1 :]
    try:
        proof = work.check(base64.b64encode(changed).decode(), "free-ani", NOW)
    except Invalid:
        return
    # Only the visitor's stopwatch and white space may differ.
    assert proof == work.check(sent(ONE_PAYLOAD), "free-ani", NOW)


def test_the_work_is_even_with_the_promised_mean_and_a_worst_case_of_twice_that() -> None:
    complexity = 8
    work = Altcha([KEY], complexity)
    hashes = [solve(work.challenge(None, NOW))["solution"]["counter"] + 1 for _ in range(3_000)]

    assert set(hashes) == set(range(1, 2 * complexity))
    assert abs(sum(hashes) / len(hashes) - complexity) < 0.5


def test_issuing_and_checking_cost_microseconds() -> None:
    """Bounds with room for a shared machine; alone they take some 7 and 5 µs."""
    work = Altcha([KEY], 65_536)
    payload = sent(solve(Altcha([KEY], EASY).challenge("free-ani", NOW)))

    def best(act: Callable[[], object]) -> float:
        rounds = []
        for _ in range(5):
            begun = time.process_time()
            for _ in range(400):
                act()
            rounds.append((time.process_time() - begun) / 400)
        return min(rounds)

    assert best(lambda: work.check(payload, "free-ani", NOW)) < 50e-6
    assert best(lambda: work.challenge("free-ani", NOW)) < 100e-6


def test_weak_settings_are_refused() -> None:
    for keys, complexity in (([], 10), ([b"short"], 10), ([KEY], 0)):
        with pytest.raises(ValueError, match=r"key|complexity"):
            Altcha(keys, complexity)


# -- hCaptcha ----------------------------------------------------------------------------------------------------------------


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def stand_in() -> AsyncIterator[HCaptchaServer]:
    server = HCaptchaServer(port=free_port())  # whoever stops and starts again finds the same one free
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=60) as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def patience() -> float:
    """Enough for any machine; where hCaptcha shall be too slow, a test hands in less."""
    return 60.0


@pytest.fixture
def hcaptcha(stand_in: HCaptchaServer, client: httpx2.AsyncClient, clock: Clock, patience: float) -> HCaptcha:
    return HCaptcha(client, SITEKEY, SECRET, stand_in.url, HOSTNAME, patience=patience, clock=clock)


def illnesses() -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("illness", "patience"), [(illness, 0.3 if illness == "slow" else 60.0) for illness in ILLNESSES])


@pytest.fixture
def gate(work: Altcha, hcaptcha: HCaptcha) -> Gate:
    return Gate("hcaptcha", work, hcaptcha)


async def refused(asking: Any, field: str = "h-captcha-response") -> str:
    with pytest.raises(Invalid) as no:
        await asking
    assert [fault.field for fault in no.value.faults] == [field]
    return no.value.faults[0].code


ILLNESSES: list[str] = [
    "dead",
    "slow",
    "error-500",
    "too-many-429",
    "garbage",
    "endless",
    "cut",
    "lying-hostname",
    "other-sitekey",
    "old",
    "future",
]


async def fall_ill(server: HCaptchaServer, illness: str) -> None:
    if illness == "dead":
        await server.stop()
    else:
        server.mode = cast(Mode, illness)


async def test_hcaptcha_is_asked_as_documented_and_without_the_visitors_address(stand_in: HCaptchaServer, hcaptcha: HCaptcha) -> None:
    begun, token = int(time.time()), stand_in.solve()
    proof = await hcaptcha.check(token, time.time())

    assert stand_in.asked == [{"secret": SECRET, "response": token, "sitekey": SITEKEY}]
    assert proof.kind == "hcaptcha" and len(proof.replay_key) == 32 and begun <= proof.issued_at <= time.time()
    assert proof.expires_at > begun + 120


async def test_tokens_that_hcaptcha_refuses_are_the_forms_fault_and_no_alarm(stand_in: HCaptchaServer, hcaptcha: HCaptcha) -> None:
    used = stand_in.solve()
    stand_in._seen.add(used)
    for token, expected in [
        ("", "proof-missing"),
        ("P1_invented", "proof-forged"),
        (used, "proof-replayed"),
        (stand_in.solve(at=time.time() - 121), "proof-stale"),
        (stand_in.solve(sitekey="another"), "proof-forged"),
        ("x" * 8193, "proof-malformed"),
        ("a\x00b", "proof-malformed"),
        ("ճիշտ", "proof-malformed"),
        ("a\r\nb", "proof-malformed"),
    ]:
        assert await refused(hcaptcha.check(token, time.time())) == expected
    assert not hcaptcha.alarms and not hcaptcha.is_away


async def test_a_token_somewhat_too_old_is_stale_even_when_hcaptcha_says_yes(stand_in: HCaptchaServer, hcaptcha: HCaptcha) -> None:
    assert await refused(hcaptcha.check(stand_in.solve(), time.time() + 125)) == "proof-stale"
    assert not hcaptcha.is_away


async def test_a_double_click_asks_once_and_both_carry_the_same_replay_key(stand_in: HCaptchaServer, hcaptcha: HCaptcha) -> None:
    token = stand_in.solve()
    proofs = await asyncio.gather(*(hcaptcha.check(token, time.time()) for _ in range(32)))
    again = await hcaptcha.check(token, time.time())

    assert len(stand_in.asked) == 1 and len({proof.replay_key for proof in [*proofs, again]}) == 1
    # Later the memory is gone, and hCaptcha itself knows the token.
    assert await refused(hcaptcha.check(token, time.time() + 400)) == "proof-replayed"


async def test_whoever_is_cut_off_and_comes_back_with_the_same_token_is_believed(stand_in: HCaptchaServer, hcaptcha: HCaptcha) -> None:
    stand_in.mode, stand_in.delay = "slow", 0.1
    token = stand_in.solve()
    first, second = (asyncio.create_task(hcaptcha.check(token, time.time())) for _ in range(2))
    async with asyncio.timeout(60):
        while not stand_in.asked:
            await asyncio.sleep(0)
    first.cancel()

    assert (await second).kind == "hcaptcha"
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await hcaptcha.check(token, time.time()) == await second and len(stand_in.asked) == 1


@pytest.mark.parametrize(("secret", "sitekey", "reason"), [("wrong", SITEKEY, "our-secret"), (SECRET, "wrong", "sitekey-secret-mismatch")])
async def test_wrong_keys_of_ours_alarm_us_and_never_the_signer(
    work: Altcha, stand_in: HCaptchaServer, client: httpx2.AsyncClient, secret: str, sitekey: str, reason: str
) -> None:
    gate = Gate("hcaptcha", work, HCaptcha(client, sitekey, secret, stand_in.url, HOSTNAME))
    form = {"h-captcha-response": stand_in.solve(), "altcha": sent(solve(work.challenge("free-ani", time.time())))}

    verdict = await gate.check(form, "free-ani", time.time())
    assert verdict.kind == "fallback" and verdict.marks == (CAPTCHA_DOWN,) and gate.alarms == {reason: 1}


@pytest.mark.parametrize(("illness", "patience"), [("error-500", 60.0), ("garbage", 60.0), ("cut", 60.0), ("slow", 1.0)])
async def test_only_a_refused_connection_is_tried_once_more(stand_in: HCaptchaServer, hcaptcha: HCaptcha, illness: str) -> None:
    stand_in.mode = cast(Mode, illness)
    with pytest.raises(Unavailable):
        await hcaptcha.check(stand_in.solve(), time.time())
    assert len(stand_in.asked) == 1


async def test_a_slow_hcaptcha_keeps_nobody_waiting_longer_than_promised(stand_in: HCaptchaServer, client: httpx2.AsyncClient) -> None:
    stand_in.mode = "slow"
    begun = time.monotonic()
    async with ticking() as ticks:
        with pytest.raises(Unavailable, match="slow"):
            await HCaptcha(client, SITEKEY, SECRET, stand_in.url, HOSTNAME).check(stand_in.solve(), time.time())
    assert time.monotonic() - begun > 2.4 and ticks.seconds < 3.5


@illnesses()
async def test_during_an_outage_every_honest_signer_is_taken_and_every_row_marked(
    stand_in: HCaptchaServer, gate: Gate, illness: str
) -> None:
    """200 signers, 20 at a time; their forms carry a token of hCaptcha and a proof of work."""
    await fall_ill(stand_in, illness)

    async def sign() -> captcha.Verdict:
        form = {"h-captcha-response": stand_in.solve(), "altcha": sent(solve(gate.challenge("free-ani", time.time())))}
        return await gate.check(form, "free-ani", time.time())

    verdicts = []
    for _ in range(10):
        verdicts += await asyncio.gather(*(sign() for _ in range(20)))
    assert [verdict.kind for verdict in verdicts] == ["fallback"] * 200
    assert all(verdict.marks == (CAPTCHA_DOWN,) and verdict.replay_key for verdict in verdicts)
    assert sum(gate.alarms.values()) and gate.shows == "altcha"
    if illness != "dead":
        assert len(stand_in.asked) <= 20, "the circuit breaker spares a sick service"


@illnesses()
async def test_without_a_proof_of_work_the_caller_learns_that_hcaptcha_failed(stand_in: HCaptchaServer, gate: Gate, illness: str) -> None:
    await fall_ill(stand_in, illness)
    verdict = await gate.check({"h-captcha-response": stand_in.solve()}, "free-ani", time.time())

    assert verdict.kind == "none" and verdict.marks == (CAPTCHA_DOWN,) and verdict.replay_key is None


async def test_when_hcaptcha_is_well_again_one_signer_tries_it_and_the_others_follow(
    stand_in: HCaptchaServer, gate: Gate, hcaptcha: HCaptcha, clock: Clock
) -> None:
    await stand_in.stop()
    for _ in range(5):
        await gate.check({"h-captcha-response": stand_in.solve()}, "free-ani", time.time())
    assert hcaptcha.is_away and gate.shows == "altcha" and hcaptcha.alarms["unreachable"] == 5

    await stand_in.start()
    await gate.check({"h-captcha-response": stand_in.solve()}, "free-ani", time.time())
    assert stand_in.asked == [], "nobody is sent there within the rest"

    clock.now += 31
    assert gate.shows == "hcaptcha" and hcaptcha.is_away
    verdicts = await asyncio.gather(*(gate.check({"h-captcha-response": stand_in.solve()}, "free-ani", time.time()) for _ in range(8)))
    assert [verdict.kind for verdict in verdicts].count("hcaptcha") == 1 == len(stand_in.asked)
    assert not hcaptcha.is_away
    assert (await gate.check({"h-captcha-response": stand_in.solve()}, "free-ani", time.time())).kind == "hcaptcha"


async def test_a_failed_attempt_begins_a_new_rest(stand_in: HCaptchaServer, hcaptcha: HCaptcha, clock: Clock) -> None:
    stand_in.mode = "error-500"
    for _ in range(5):
        with pytest.raises(Unavailable):
            await hcaptcha.check(stand_in.solve(), time.time())
    clock.now += 31
    with pytest.raises(Unavailable, match="status"):
        await hcaptcha.check(stand_in.solve(), time.time())
    with pytest.raises(Unavailable, match="resting"):
        await hcaptcha.check(stand_in.solve(), time.time())


async def test_an_attempt_whose_visitor_left_still_brings_hcaptcha_back(stand_in: HCaptchaServer, hcaptcha: HCaptcha, clock: Clock) -> None:
    stand_in.mode = "error-500"
    for _ in range(5):
        with pytest.raises(Unavailable):
            await hcaptcha.check(stand_in.solve(), time.time())
    clock.now += 31
    stand_in.mode, stand_in.delay = "slow", 0.1
    before = len(stand_in.asked)
    attempt = asyncio.create_task(hcaptcha.check(stand_in.solve(), time.time()))
    async with asyncio.timeout(60):
        while len(stand_in.asked) == before:
            await asyncio.sleep(0)
        attempt.cancel()
        while hcaptcha.is_away:
            await asyncio.sleep(0.01)

    assert attempt.cancelled()


async def test_four_failures_and_a_success_open_nothing(stand_in: HCaptchaServer, hcaptcha: HCaptcha) -> None:
    for _ in range(3):
        stand_in.mode = "garbage"
        for _ in range(4):
            with pytest.raises(Unavailable):
                await hcaptcha.check(stand_in.solve(), time.time())
        stand_in.mode = "ok"
        await hcaptcha.check(stand_in.solve(), time.time())
    assert not hcaptcha.is_away


async def test_a_busy_day_without_host_names_is_accepted_and_marked(stand_in: HCaptchaServer, gate: Gate) -> None:
    stand_in.mode = "no-hostname"
    verdict = await gate.check({"h-captcha-response": stand_in.solve()}, "free-ani", time.time())

    assert verdict.kind == "hcaptcha" and verdict.marks == (captcha.HOSTNAME_UNKNOWN,)


async def test_a_hundred_signers_at_once_are_all_believed_while_hcaptcha_is_well(
    stand_in: HCaptchaServer, work: Altcha, client: httpx2.AsyncClient
) -> None:
    gate = Gate("hcaptcha", work, HCaptcha(client, SITEKEY, SECRET, stand_in.url, HOSTNAME, patience=60))
    verdicts = await asyncio.gather(*(gate.check({"h-captcha-response": stand_in.solve()}, "free-ani", time.time()) for _ in range(100)))

    assert {verdict.kind for verdict in verdicts} == {"hcaptcha"} and {verdict.marks for verdict in verdicts} == {()}
    assert len({verdict.replay_key for verdict in verdicts}) == 100


# -- the one front -----------------------------------------------------------------------------------------------------------


async def test_with_hcaptcha_well_a_proof_of_work_alone_does_not_open(gate: Gate) -> None:
    form = {"altcha": sent(solve(gate.challenge("free-ani", time.time())))}

    assert await refused(gate.check(form, "free-ani", time.time())) == "proof-missing"


async def test_a_challenge_given_in_an_outage_counts_after_it_and_in_every_process(
    stand_in: HCaptchaServer, client: httpx2.AsyncClient, gate: Gate
) -> None:
    """Levon took his challenge from one process in an outage, and sends his form to another, which has seen none."""
    stand_in.mode = "error-500"
    for _ in range(5):
        await gate.check({"h-captcha-response": stand_in.solve()}, "free-ani", time.time())
    form = {"altcha": sent(solve(gate.challenge("free-ani", time.time())))}
    stand_in.mode = "ok"
    other = Gate("hcaptcha", Altcha([KEY], EASY), HCaptcha(client, SITEKEY, SECRET, stand_in.url, HOSTNAME))

    verdict = await other.check(form, "free-ani", time.time())
    assert verdict.kind == "fallback" and verdict.marks == (CAPTCHA_DOWN,)


async def test_a_bad_proof_of_work_stays_bad_in_an_outage(stand_in: HCaptchaServer, gate: Gate) -> None:
    stand_in.mode = "garbage"
    form = {"h-captcha-response": stand_in.solve(), "altcha": sent(solve(Altcha([OLD_KEY[::-1]], EASY).challenge(None, time.time())))}

    assert await refused(gate.check(form, "free-ani", time.time()), "altcha") == "proof-forged"


async def test_by_default_a_form_needs_a_proof_of_work_and_says_when_it_has_none(work: Altcha) -> None:
    gate = Gate("altcha", work)
    verdict = await gate.check({"altcha": sent(solve(gate.challenge(None, NOW)))}, "free-ani", NOW + 3)

    assert verdict.kind == "altcha" and verdict.issued_at == int(NOW) and verdict.replay_key and verdict.marks == ()
    assert await gate.check({"altcha": "", "h-captcha-response": "x"}, "free-ani", NOW) == captcha.Verdict("none")
    assert await refused(gate.check({"altcha": "x"}, "free-ani", NOW), "altcha") == "proof-malformed"
    assert gate.shows == "altcha" and gate.script_sources() == {} and gate.alarms == {}


async def test_switched_off_in_tests_nothing_is_asked(work: Altcha) -> None:
    gate = Gate("off", work)

    assert await gate.check({"altcha": "rubbish"}, "free-ani", NOW) == captcha.Verdict("off") and gate.shows == "off"
    assert "signature" in gate.challenge(None, NOW)


async def test_the_gate_follows_the_settings(client: httpx2.AsyncClient) -> None:
    by_default = captcha.build(Settings(), [KEY], client)
    chosen = captcha.build(
        Settings(captcha="hcaptcha", hcaptcha_sitekey="k", hcaptcha_secret="s", base_url="https://petition.example.org"), [KEY], client
    )

    assert by_default.shows == "altcha" and chosen.shows == "hcaptcha"
    assert chosen.script_sources()["frame-src"] == ("https://hcaptcha.com", "https://*.hcaptcha.com")
    assert set(chosen.script_sources()) == {"script-src", "frame-src", "style-src", "connect-src"}
    for mode, asking in (("hcaptcha", None), ("recaptcha", None)):
        with pytest.raises(ValueError, match="captcha"):
            Gate(mode, Altcha([KEY], EASY), asking)


def test_a_proof_cannot_be_changed_after_the_check() -> None:
    with pytest.raises(AttributeError):
        Proof("altcha", b"", 0.0, 0.0).expires_at = 1.0  # type: ignore[misc]


# -- in a browser ------------------------------------------------------------------------------------------------------------

WIDGET = Path(captcha.__file__).parent / "web" / "static" / "altcha"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'"
)
CHROMIUM = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
)


async def widget_page(work: Altcha, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    path = (await reader.readuntil(b"\r\n\r\n")).decode().split()[1].partition("?")[0]
    kind, body = "text/plain", b""
    if path in ("/fr", "/en", "/hy"):
        kind = "text/html; charset=utf-8"
        body = (
            f'<!doctype html><html lang="{path[1:]}"><title>form</title><link rel="stylesheet" href="/static/altcha.css">'
            '<script type="module" src="/static/start.js"></script><form method="post"><altcha-widget '
            f'challenge="/challenge?petition=free-ani" language="{path[1:]}" auto="onload"></altcha-widget></form>'
        ).encode()
    elif path == "/challenge":
        kind, body = "application/json", json.dumps(work.challenge("free-ani", time.time())).encode()
    elif path.startswith("/static/"):
        kind, body = "text/css" if path.endswith(".css") else "text/javascript", (WIDGET / path[8:]).read_bytes()
    head = {"content-type": kind, "content-security-policy": POLICY, "content-length": len(body), "connection": "close"}
    writer.write("\r\n".join(["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in head.items()), "", ""]).encode() + body)
    await writer.drain()
    writer.close()


async def test_a_browser_solves_our_challenge_under_a_policy_without_unsafe_and_speaks_to_nobody_else() -> None:
    work = Altcha([KEY], 65_536)
    server = await asyncio.start_server(lambda r, w: widget_page(work, r, w), "127.0.0.1", 0)
    here = f"http://localhost:{server.sockets[0].getsockname()[1]}"
    said: list[str] = []
    async with server, async_playwright() as play:
        browser = await play.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM.split(), timeout=150_000)
        page = await browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(here) else said.append(request.url))
        for language, words in (("fr", "Vérifié"), ("en", "Verified"), ("hy", "Հաստատված է")):
            await page.goto(f"{here}/{language}")
            await page.locator(".altcha[data-state=verified]").wait_for(timeout=90_000)
            payload = await page.locator("input[name=altcha]").input_value()

            assert work.check(payload, "free-ani", time.time()).kind == "altcha"
            assert words in await page.locator("altcha-widget").inner_text()
        await browser.close()
    assert said == []
