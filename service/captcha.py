"""Before a form is taken, a little work shows that somebody meant to send it: a proof of work, or hCaptcha where the campaign chose it.

Two rules. A proof opens one form: every proof yields one replay key, the same however the proof is spelled, which intake
stores under a unique index in the batch of the form itself. And a captcha that is dead, slow or lying stops nobody: the
signer's proof of work is taken in its place, and the row says so.
"""

from __future__ import annotations

import asyncio
import binascii
import hashlib
import hmac
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Annotated, Literal
from urllib.parse import urlsplit

import httpx2
import msgspec
import structlog

from service.errors import Fault, Invalid
from service.settings import Settings

log = structlog.get_logger()

ALTCHA_FIELD = "altcha"
HCAPTCHA_FIELD = "h-captcha-response"

LIFETIME = 20 * 60
"""Seconds between challenge and form: time to read a petition and to fill in a form with an old phone."""
MAX_PROOF = 4096
"""Characters; a proof of ours has some 700."""

CAPTCHA_DOWN = "captcha-down"
"""The mark of a row that came while hCaptcha could not be believed."""
HOSTNAME_UNKNOWN = "captcha-hostname-unknown"
"""The mark of a row for which hCaptcha named no host, as it announces for times of unusual traffic."""


class Proof(msgspec.Struct, frozen=True):
    """Somebody did the work. ``replay_key`` is 32 bytes, to be stored until ``expires_at``; times are Unix seconds."""

    kind: Literal["altcha", "hcaptcha"]
    replay_key: bytes
    expires_at: float
    issued_at: float
    marks: tuple[str, ...] = ()
    """What the row should remember about this proof."""


class Verdict(msgspec.Struct, frozen=True):
    """What a form proved. ``none``: nothing; the JSON API then refuses with ``proof-missing``, the page takes its slow lane."""

    kind: Literal["altcha", "hcaptcha", "off", "fallback", "none"]
    replay_key: bytes | None = None
    expires_at: float | None = None
    issued_at: float | None = None
    marks: tuple[str, ...] = ()


# -- proof of work ---------------------------------------------------------------------------------------------------------

_Hex16 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
_HexKey = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{2,64}\Z")]
_Uint32 = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
_Time = Annotated[int, msgspec.Meta(ge=1, le=2**53)]


class _Data(msgspec.Struct, forbid_unknown_fields=True):
    outage: Literal[True] | msgspec.UnsetType = msgspec.UNSET
    petition: Annotated[str, msgspec.Meta(max_length=200)] | msgspec.UnsetType = msgspec.UNSET


class _Parameters(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    # Only what this module issues. Digits and letters of the hex fields are checked here and not after the signature,
    # because a quotation mark in one of them could move the borders of the signed text.
    algorithm: Literal["SHA-256"]
    cost: Literal[1]
    expires_at: _Time
    key_length: Literal[32]
    key_prefix: _HexKey
    nonce: _Hex16
    salt: _Hex16
    data: _Data | msgspec.UnsetType = msgspec.UNSET


class _Challenge(msgspec.Struct, forbid_unknown_fields=True):
    parameters: _Parameters
    signature: str


class _Solution(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    counter: _Uint32
    derived_key: str
    time: float | None = None


class _Payload(msgspec.Struct, forbid_unknown_fields=True):
    challenge: _Challenge
    solution: _Solution


_decoder = msgspec.json.Decoder(_Payload)


def _signed_text(parameters: _Parameters) -> bytes:
    # ALTCHA v2 signs JSON with sorted keys and without spaces, escaped as JSON.stringify does.
    data = ""
    if parameters.data is not msgspec.UNSET:
        inside = ['"outage":true'] if parameters.data.outage is True else []
        if isinstance(parameters.data.petition, str):
            inside.append(f'"petition":{encode_basestring(parameters.data.petition)}')
        data = f'"data":{{{",".join(inside)}}},'
    return (
        f'{{"algorithm":"SHA-256","cost":1,{data}"expiresAt":{parameters.expires_at},"keyLength":32,'
        f'"keyPrefix":"{parameters.key_prefix}","nonce":"{parameters.nonce}","salt":"{parameters.salt}"}}'
    ).encode()


class Altcha:
    """Issues and checks ALTCHA v2 proofs of work (format: altcha-lib, ``v2``), without storing anything.

    ``keys`` sign challenges, the newest first; older ones are still accepted, so that a rotation refuses nobody.
    ``complexity`` is the expected number of SHA-256 computations for one proof.
    """

    def __init__(self, keys: list[bytes], complexity: int) -> None:
        if not keys or any(len(key) < 16 for key in keys):
            raise ValueError("a proof-of-work key has at least 16 bytes")
        if not 1 <= complexity <= 2**31:
            raise ValueError("the complexity lies between 1 and 2^31")
        self._keys = tuple(keys)
        self._complexity = complexity

    def challenge(self, petition: str | None, now: float, *, outage: bool = False) -> dict[str, object]:
        """A challenge for ``petition`` (a slug), or for any one petition; ``outage`` signs that hCaptcha was away at this time.

        The number to be found is drawn evenly below twice the complexity, and solvers count up from 0. So the mean is the
        complexity and the worst is twice that; a wish for leading zeros would keep one old phone in twenty busy for
        three times the mean, and one in a hundred for nearly five times.
        """
        nonce, salt = secrets.token_bytes(16), secrets.token_bytes(16)
        counter = secrets.randbelow(2 * self._complexity - 1)
        data: dict[str, object] = {"outage": True} if outage else {}
        if petition is not None:
            data["petition"] = petition
        parameters = _Parameters(
            algorithm="SHA-256",
            cost=1,
            expires_at=int(now) + LIFETIME,
            key_length=32,
            # 16 bytes of 32: nobody finds another number for it, and it does not give away the derived key.
            key_prefix=_derive(salt, nonce, counter)[:16].hex(),
            nonce=nonce.hex(),
            salt=salt.hex(),
            data=_Data(outage=True if outage else msgspec.UNSET, petition=msgspec.UNSET if petition is None else petition)
            if data
            else msgspec.UNSET,
        )
        shown: dict[str, object] = {
            "algorithm": "SHA-256",
            "cost": 1,
            "keyLength": 32,
            "keyPrefix": parameters.key_prefix,
            "nonce": parameters.nonce,
            "salt": parameters.salt,
            "expiresAt": parameters.expires_at,
        }
        if data:
            shown["data"] = data
        return {"parameters": shown, "signature": hmac.digest(self._keys[0], _signed_text(parameters), "sha256").hex()}

    def check(self, payload: str, petition: str, now: float) -> Proof:
        """Check what the widget put into the form (base64 of JSON): one MAC for each key tried, and one hash.

        Refuses ``altcha`` with ``proof-missing``, ``proof-malformed`` (too long, not strict base64, not exactly our JSON),
        ``proof-forged`` (not signed by us, or not solved), ``proof-stale`` or ``proof-other-petition``.
        """
        if not payload:
            raise _refused("proof-missing")
        if len(payload) > MAX_PROOF:
            raise _refused("proof-malformed")
        try:
            told = _decoder.decode(binascii.a2b_base64(payload, strict_mode=True))
            signature = told.challenge.signature.encode("ascii")
        except (ValueError, RecursionError):  # binascii, msgspec and Unicode errors are all ValueErrors
            raise _refused("proof-malformed") from None
        parameters, solution = told.challenge.parameters, told.solution
        signed = _signed_text(parameters)
        for key in self._keys:
            mac = hmac.digest(key, signed, "sha256")
            if hmac.compare_digest(mac.hex().encode(), signature):
                break
        else:
            raise _refused("proof-forged")
        if parameters.expires_at < now:
            raise _refused("proof-stale")
        data = parameters.data if parameters.data is not msgspec.UNSET else _Data()
        if isinstance(data.petition, str) and data.petition != petition:
            raise _refused("proof-other-petition")
        derived = _derive(bytes.fromhex(parameters.salt), bytes.fromhex(parameters.nonce), solution.counter).hex()
        if not derived.startswith(parameters.key_prefix) or solution.derived_key != derived:
            raise _refused("proof-forged")
        return Proof(
            kind="altcha",
            # Of the signature and not of the payload, which has as many spellings as base64 and JSON allow.
            replay_key=hashlib.sha256(b"altcha/v2\x00" + mac).digest(),
            expires_at=float(parameters.expires_at),
            issued_at=float(parameters.expires_at - LIFETIME),
            marks=(CAPTCHA_DOWN,) if data.outage is True else (),
        )


def _derive(salt: bytes, nonce: bytes, counter: int) -> bytes:
    return hashlib.sha256(salt + nonce + counter.to_bytes(4, "big")).digest()


def _refused(code: str, field: str = ALTCHA_FIELD) -> Invalid:
    return Invalid([Fault(field, code)])


# -- hCaptcha --------------------------------------------------------------------------------------------------------------


class Unavailable(Exception):
    """hCaptcha gave no answer that can be believed; ``reason`` is a stable word for counters and logs."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Breaker:
    """After ``trip`` failures in a row nobody waits for hCaptcha for ``rest`` seconds; then one request at a time tries it again."""

    def __init__(self, clock: Callable[[], float], trip: int, rest: float) -> None:
        self._clock, self._trip, self._rest = clock, trip, rest
        self._failures = 0
        self._opened: float | None = None
        self._trying = False
        # Answers to questions from before the last change of state say nothing about the present one.
        self._era = 0

    @property
    def is_open(self) -> bool:
        return self._opened is not None

    @property
    def is_resting(self) -> bool:
        return self._opened is not None and self._clock() - self._opened < self._rest

    def enter(self) -> int:
        if self._opened is not None:
            if self.is_resting or self._trying:
                raise Unavailable("resting")
            self._trying = True
        return self._era

    def good(self, era: int) -> None:
        if era == self._era:
            self._failures = 0
            if self._opened is not None:
                self._opened, self._trying = None, False
                self._era += 1

    def refused(self, era: int) -> None:
        # A refused token shows that the service is up, but not that it says yes to anybody: it never clears a run of failures.
        if era == self._era and self._opened is not None:
            self.good(era)

    def bad(self, era: int) -> None:
        if era != self._era:
            return
        self._failures += 1
        if self._opened is not None or self._failures >= self._trip:
            self._opened, self._trying = self._clock(), False
            self._era += 1

    def abandoned(self, era: int) -> None:
        if era == self._era:
            self._trying = False


class _Answer(msgspec.Struct):
    success: bool
    challenge_ts: str | None = None
    hostname: str | None = None
    sitekey: str | None = None
    errors: list[str] = msgspec.field(name="error-codes", default_factory=list)


_answers = msgspec.json.Decoder(_Answer)

# https://docs.hcaptcha.com/#siteverify-error-codes-table, and the code that older deployments use for two of them.
_SECRET_FAULTS = frozenset({"missing-input-secret", "invalid-input-secret"})
_TOKEN_FAULTS = {
    "missing-input-response": "proof-missing",
    "invalid-input-response": "proof-forged",
    "expired-input-response": "proof-stale",
    "already-seen-response": "proof-replayed",
    "invalid-or-already-seen-response": "proof-replayed",
}
_HOSTS = ("https://hcaptcha.com", "https://*.hcaptcha.com")


class HCaptcha:
    """Asks hCaptcha about a token (https://docs.hcaptcha.com/#verify-the-user-response-server-side).

    ``client`` is handed in, and used for this only; no visitor's address is ever sent. ``hostname`` is where our widget
    stands. ``alarms`` counts, by reason, what an operator must know.
    """

    PATIENCE = 2.5
    """Seconds for everything, the one repeated connection included."""
    MAX_AGE = 120
    CONTRADICTION = 300
    """hCaptcha ends a token after 120 s itself. A yes for a much older one is no answer of a healthy service, or our clock is wrong."""
    MAX_TOKEN = 8192
    MAX_ANSWER = 64 * 1024
    REMEMBERED = 4096

    def __init__(
        self,
        client: httpx2.AsyncClient,
        sitekey: str,
        secret: str,
        verify_url: str,
        hostname: str,
        *,
        trip: int = 5,
        rest: float = 30.0,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._sitekey, self._secret = client, sitekey, secret
        self._verify_url, self._hostname = verify_url, hostname.lower()
        self._patience = patience
        self._breaker = _Breaker(clock, trip, rest)
        self._known: OrderedDict[bytes, asyncio.Task[Proof]] = OrderedDict()
        self.alarms: Counter[str] = Counter()

    @property
    def is_away(self) -> bool:
        """hCaptcha failed often, and has not been seen well since."""
        return self._breaker.is_open

    @property
    def is_resting(self) -> bool:
        """hCaptcha is not even asked at this moment; pages better show the proof of work at once."""
        return self._breaker.is_resting

    async def check(self, token: str, now: float) -> Proof:
        """Ask about ``token``. Raises ``Invalid`` when hCaptcha refuses it, ``Unavailable`` when hCaptcha cannot be believed.

        A double click sends one token twice, and hCaptcha would call the second one seen: so the same token shares one
        question, and an accepted one keeps its proof for its lifetime. That allows nothing twice, because both proofs
        have the same replay key. The question is a task of its own, ended by its patience: a visitor who goes away after
        it was sent has used up the token, and could else not come back with it.
        """
        if not token:
            raise _refused("proof-missing", HCAPTCHA_FIELD)
        if len(token) > self.MAX_TOKEN or not token.isascii() or not token.isprintable():
            raise _refused("proof-malformed", HCAPTCHA_FIELD)
        key = hashlib.sha256(b"hcaptcha\x00" + token.encode("ascii")).digest()
        asked = self._known.get(key)
        if asked is None or (asked.done() and asked.result().expires_at < now):
            asked = self._known[key] = asyncio.create_task(self._ask(key, token, now))
            asked.add_done_callback(lambda task: self._answered(key, task))
            while len(self._known) > self.REMEMBERED:
                self._known.popitem(last=False)
        return await asyncio.shield(asked)

    def _answered(self, key: bytes, task: asyncio.Task[Proof]) -> None:
        # Only a yes is kept. Looking at the exception tells asyncio that somebody did, should no visitor be waiting.
        if (task.cancelled() or task.exception() is not None) and self._known.get(key) is task:
            del self._known[key]

    async def _ask(self, key: bytes, token: str, now: float) -> Proof:
        era = self._breaker.enter()
        try:
            proof = self._believe(key, await self._post(token), now)
        except Unavailable as away:
            was_open = self._breaker.is_open
            self._breaker.bad(era)
            self.alarms[away.reason] += 1
            if self._breaker.is_open and not was_open:
                log.warning("captcha.hcaptcha-away", alarm=True, reason=away.reason)
            raise
        except Invalid:
            self._breaker.refused(era)
            raise
        except BaseException:
            self._breaker.abandoned(era)
            raise
        self._breaker.good(era)
        return proof

    async def _post(self, token: str) -> _Answer:
        try:
            async with asyncio.timeout(self._patience):
                try:
                    status, body = await self._send(token)
                except httpx2.ConnectError:
                    # Nothing was sent, so the token is not used up. After any other failure it may be, and is not sent again.
                    status, body = await self._send(token)
        except httpx2.ConnectError:
            raise Unavailable("unreachable") from None
        except (TimeoutError, httpx2.TimeoutException):
            raise Unavailable("slow") from None
        except (httpx2.HTTPError, httpx2.InvalidURL):
            raise Unavailable("broken-connection") from None
        if status == 429 or status >= 500 or status < 200 or 300 <= status < 400:
            raise Unavailable("status")
        try:
            return _answers.decode(body)
        except (ValueError, RecursionError):
            raise Unavailable("garbage") from None

    async def _send(self, token: str) -> tuple[int, bytes]:
        form = {"secret": self._secret, "response": token, "sitekey": self._sitekey}
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with self._client.stream("POST", self._verify_url, data=form, headers=headers, timeout=self._patience) as response:
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > self.MAX_ANSWER:
                    raise Unavailable("garbage")
            return response.status_code, bytes(body)

    def _believe(self, key: bytes, answer: _Answer, now: float) -> Proof:
        if not answer.success:
            told = set(answer.errors)
            if told & _SECRET_FAULTS:
                raise Unavailable("our-secret")
            for code, ours in _TOKEN_FAULTS.items():
                if code in told:
                    raise _refused(ours, HCAPTCHA_FIELD)
            raise Unavailable("sitekey-secret-mismatch" if "sitekey-secret-mismatch" in told else "unknown-refusal")
        if answer.sitekey is not None and answer.sitekey != self._sitekey:
            raise Unavailable("other-sitekey")
        hostname = (answer.hostname or "").lower()
        if hostname not in (self._hostname, "not-provided"):
            raise Unavailable("other-hostname")
        try:
            at = datetime.fromisoformat(answer.challenge_ts or "")
            solved = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise Unavailable("garbage") from None
        age = now - solved
        if not -60 <= age <= self.CONTRADICTION:
            raise Unavailable("wrong-time")
        if age > self.MAX_AGE:
            raise _refused("proof-stale", HCAPTCHA_FIELD)
        marks = (HOSTNAME_UNKNOWN,) if hostname == "not-provided" else ()
        return Proof(kind="hcaptcha", replay_key=key, expires_at=solved + self.CONTRADICTION, issued_at=solved, marks=marks)


# -- the one front ---------------------------------------------------------------------------------------------------------


class Gate:
    """Where every form shows its proof, whichever kind the campaign chose (``CAPTCHA`` = altcha, hcaptcha or off)."""

    def __init__(self, captcha: str, altcha: Altcha, hcaptcha: HCaptcha | None = None) -> None:
        if captcha not in ("altcha", "hcaptcha", "off") or (captcha == "hcaptcha") != (hcaptcha is not None):
            raise ValueError("captcha is altcha, hcaptcha (with its client) or off")
        self._captcha, self._altcha, self._hcaptcha = captcha, altcha, hcaptcha

    @property
    def shows(self) -> Literal["altcha", "hcaptcha", "off"]:
        """What a form written at this moment should show. Near hCaptcha the form may carry a proof of work as well."""
        if self._hcaptcha is not None:
            return "altcha" if self._hcaptcha.is_resting else "hcaptcha"
        return "off" if self._captcha == "off" else "altcha"

    @property
    def alarms(self) -> Mapping[str, int]:
        """How often hCaptcha could not be believed, by reason; for ``/metrics``."""
        return self._hcaptcha.alarms if self._hcaptcha is not None else {}

    def script_sources(self) -> dict[str, tuple[str, ...]]:
        """What hCaptcha needs in the Content-Security-Policy of pages with a form, by directive (docs.hcaptcha.com); else empty.

        The vendored ALTCHA widget needs ``'self'`` for script-src, style-src, worker-src and connect-src.
        """
        if self._hcaptcha is None:
            return {}
        return dict.fromkeys(("script-src", "frame-src", "style-src", "connect-src"), _HOSTS)

    def challenge(self, petition: str | None, now: float) -> dict[str, object]:
        """A proof-of-work challenge, always. While hCaptcha is away it says so, and then counts in every process that shares the key."""
        return self._altcha.challenge(petition, now, outage=self._hcaptcha is not None and self._hcaptcha.is_away)

    async def check(self, form_fields: Mapping[str, str], petition: str, now: float) -> Verdict:
        """The verdict on a form for ``petition``; raises ``Invalid`` for a proof that is given and wrong.

        With hCaptcha a proof of work counts only when hCaptcha cannot be believed now, or was away when the challenge was
        given; the verdict is then ``fallback`` and marked. ``none`` is marked as well when hCaptcha failed the signer:
        such a form should come back with a proof of work rather than wait in the slow lane.
        """
        if self._captcha == "off":
            return Verdict("off")
        work = form_fields.get(ALTCHA_FIELD, "")
        if self._hcaptcha is None:
            return _verdict("altcha", self._altcha.check(work, petition, now), ()) if work else Verdict("none")
        token, down = form_fields.get(HCAPTCHA_FIELD, ""), self._hcaptcha.is_away
        if token:
            try:
                proof = await self._hcaptcha.check(token, now)
                return _verdict("hcaptcha", proof, proof.marks)
            except Unavailable:
                down = True
        if not work:
            return Verdict("none", marks=(CAPTCHA_DOWN,) if down else ())
        proof = self._altcha.check(work, petition, now)
        if not down and CAPTCHA_DOWN not in proof.marks:
            raise _refused("proof-missing", HCAPTCHA_FIELD)
        return _verdict("fallback", proof, (CAPTCHA_DOWN,))


def _verdict(kind: Literal["altcha", "hcaptcha", "fallback"], proof: Proof, marks: tuple[str, ...]) -> Verdict:
    return Verdict(kind, proof.replay_key, proof.expires_at, proof.issued_at, marks)


def build(settings: Settings, keys: list[bytes], client: httpx2.AsyncClient) -> Gate:
    """The gate of this installation; ``keys`` are the proof-of-work keys, ``client`` asks hCaptcha where that is chosen."""
    hcaptcha = None
    if settings.captcha == "hcaptcha":
        hostname = urlsplit(settings.base_url).hostname or ""
        hcaptcha = HCaptcha(client, settings.hcaptcha_sitekey, settings.hcaptcha_secret, settings.hcaptcha_verify_url, hostname)
    return Gate(settings.captcha, Altcha(keys, settings.altcha_complexity), hcaptcha)
