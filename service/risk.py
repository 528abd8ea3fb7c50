"""How we tell many people from one machine that pretends to be many, without ever telling anybody "counted" who was not.

Two rules. A client is known by its network's prefix only (/24 or /48), and that only as an HMAC under a key of the day
which is destroyed after a week. And nothing is dropped: a form is answered with mail, with a wish for more proof, or
held for people to look at.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import os
import re
import secrets
import socket
import tempfile
import time
import tomllib
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import msgspec
import structlog
from limits import RateLimitItem, RateLimitItemPerHour, parse_many
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from publicsuffixlist import PublicSuffixList

from service.errors import Misconfigured, TooMany
from service.settings import Network

log = structlog.get_logger()

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


# -- who is asking -----------------------------------------------------------------------------------------------------------


def client_ip(peer: str, forwarded_for: list[str], trusted: tuple[Network, ...]) -> str:
    """The address of the client, as far as somebody we trust has told it.

    ``peer`` is the address of the connection, ``forwarded_for`` the values of all X-Forwarded-For headers in their order.
    Each proxy appends the address it saw, so we walk from the right for as long as the one who speaks is ``trusted``.
    At the first entry that is no address we stay with the last good one: beyond it anything may have been typed.
    IPv4-mapped IPv6 addresses count as IPv4. A peer without an address (a unix socket) is "unknown", and trusted to say nothing.
    """
    here = _client(peer, forwarded_for, trusted)
    return "unknown" if here is None else str(here)


def client_prefix(peer: str, forwarded_for: list[str], trusted: tuple[Network, ...]) -> str:
    """``prefix(client_ip(...))``, without writing the address out and reading it again."""
    return _prefix(_client(peer, forwarded_for, trusted))


def _client(peer: str, forwarded_for: list[str], trusted: tuple[Network, ...]) -> Address | None:
    here = _address(peer)
    if here is not None and trusted and forwarded_for:
        left = ",".join(forwarded_for)
        while any(here in network for network in trusted if network.version == here.version):
            head, comma, last = left.rpartition(",")
            told = _address(last)
            if told is None:
                break
            here = told
            if not comma:
                break
            left = head
    return here


def _address(text: str) -> Address | None:
    text = text.strip(" \t")
    # As some proxies write it: 192.0.2.1:4711, [2001:db8::1], [2001:db8::1]:4711.
    if text.startswith("["):
        text, closed, port = text[1:].partition("]")
        if not closed or (port and not re.fullmatch(r":[0-9]{1,5}", port)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not re.fullmatch(r"[0-9]{1,5}", port):
            return None
    if "%" in text:
        return None
    try:
        # Nearly everybody's: four numbers, read in C by the rules of ip_address (no leading zeros), in a tenth of its time.
        return ipaddress.IPv4Address(int.from_bytes(socket.inet_pton(socket.AF_INET, text)))
    except (OSError, ValueError):
        pass
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def prefix(ip: str) -> str:
    """The network that stands for its clients: /24 for IPv4, /48 for IPv6 (what one household or tenant is often given)."""
    return _prefix(_address(ip))


def _prefix(found: Address | None) -> str:
    if found is None:
        return "unknown"
    if isinstance(found, ipaddress.IPv4Address):
        a, b, c, _ = found.packed
        return f"{a}.{b}.{c}.0/24"
    return f"{ipaddress.IPv6Address(int(found) >> 80 << 80)}/48"


class DayKeys:
    """The keys under which prefixes are kept: one a day (UTC), in ``key_dir``/prefix, shared by all processes of the machine.

    After ``KEPT`` days a key is destroyed, and with it the meaning of every digest made under it. The worker calls
    ``destroy_old`` nightly; beyond that every first digest of a day does.
    """

    KEPT = 7

    def __init__(self, key_dir: Path) -> None:
        self._dir = key_dir / "prefix"
        self._day: date | None = None
        self._begins = 0.0
        self._key = b""

    def digest(self, prefix: str, now: float) -> bytes:
        """16 bytes that stand for ``prefix`` on the day of ``now`` (Unix seconds), and mean nothing without that day's key.

        Other things by which forms are grouped for a day may be digested as well, with a word before them ("domain:example.org").
        Past midnight the same prefix has another digest: counts begin anew.
        """
        if not self._begins <= now < self._begins + 86_400 or self._day is None:
            day = datetime.fromtimestamp(now, UTC).date()
            self.destroy_old(now)
            self._key, self._day = self._of(day), day
            self._begins = now // 86_400 * 86_400
        return hmac.digest(self._key, prefix.encode(), "sha256")[:16]

    def destroy_old(self, now: float) -> list[str]:
        """Destroy keys of days more than a week gone; returns their days. A file that is no key of ours is left alone."""
        last = datetime.fromtimestamp(now, UTC).date() - timedelta(days=self.KEPT)
        destroyed = []
        for file in sorted(self._dir.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]")) if self._dir.is_dir() else []:
            try:
                expired = date.fromisoformat(file.name) <= last
            except ValueError:
                continue
            if expired:
                # Another process may be at it too; whoever comes second finds nothing left to do.
                try:
                    with file.open("r+b") as opened:
                        opened.write(bytes(32))
                        os.fsync(opened.fileno())
                    file.unlink()
                except FileNotFoundError:
                    continue
                destroyed.append(file.name)
        if self._day is not None and self._day <= last:
            self._day, self._key = None, b""
        return destroyed

    def _of(self, day: date) -> bytes:
        file = self._dir / day.isoformat()
        try:
            return self._read(file)
        except FileNotFoundError:
            pass
        self._dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written aside and then linked: a link fails when the name exists, so two processes agree on the first, and
        # nobody ever reads half a key.
        handle, aside = tempfile.mkstemp(prefix=".new-", dir=self._dir)
        try:
            with os.fdopen(handle, "wb") as opened:
                opened.write(secrets.token_bytes(32))
                opened.flush()
                os.fsync(opened.fileno())
            with suppress(FileExistsError):
                os.link(aside, file)
        finally:
            Path(aside).unlink()
        return self._read(file)

    @staticmethod
    def _read(file: Path) -> bytes:
        key = file.read_bytes()
        if len(key) != 32:
            raise Misconfigured([f"the prefix key of {file.name} is damaged: remove prefix/{file.name} from KEY_DIR"])
        return key


# -- how often ---------------------------------------------------------------------------------------------------------------

SLOW_LANE = "slow"
CHALLENGE = "challenge"
_SLOW_NOTATION = "3/hour"


class _Counters(Storage):
    """Counters of this process, for the fixed windows of ``limits``.

    The library's own asynchronous memory storage walks over all its keys again and again while it is used: 0.4 ms for one
    hit with 5,000 clients. This one forgets the few oldest at each hit, and never keeps more than ``CAPACITY``.
    """

    STORAGE_SCHEME = None
    CAPACITY = 200_000

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._counts: dict[str, tuple[int, float]] = {}
        # One queue for each length of window: in each, what began first ends first.
        self._ends: dict[int, deque[tuple[float, str]]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return StorageError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = self._clock()
        self._forget(now)
        count, ends = self._counts.get(key, (0, 0.0))
        if ends <= now:
            count, ends = 0, now + expiry
            self._ends.setdefault(expiry, deque()).append((ends, key))
        self._counts[key] = (count + amount, ends)
        return count + amount

    def _forget(self, now: float) -> None:
        full = len(self._counts) >= self.CAPACITY
        for queue in self._ends.values():
            for _ in range(3):
                if queue and (queue[0][0] <= now or full):
                    ends, key = queue.popleft()
                    if self._counts.get(key, (0, 0.0))[1] == ends:
                        del self._counts[key]

    async def get(self, key: str) -> int:
        count, ends = self._counts.get(key, (0, 0.0))
        return count if ends > self._clock() else 0

    async def get_expiry(self, key: str) -> float:
        return self._counts.get(key, (0, self._clock()))[1]

    async def check(self) -> bool:
        return True

    async def reset(self) -> int:
        count = len(self._counts)
        self._counts.clear()
        self._ends.clear()
        return count

    async def clear(self, key: str) -> None:
        self._counts.pop(key, None)


class ClientLimits:
    """One counter for each route and client; a fixed window begins with the client's first hit, so Retry-After is exact.

    ``uri`` is ``memory://`` or a Valkey's (``valkey://host:port/db``), shared by several hosts. ``notation`` is what
    ``CLIENT_LIMITS`` says, in the way of the ``limits`` library. Two routes have their own: the slow lane (three an
    hour), and challenges, of which a person may need several for one form (four times the notation, at least 120 a minute).
    When Valkey is away, nobody is refused for it: this process counts alone until it is back, and says so in the log.
    """

    PATIENCE = 0.25
    """Seconds for Valkey's answer; a signer should not notice that it is away."""
    REST = 5.0
    """Seconds without asking again."""

    def __init__(
        self,
        uri: str,
        notation: str,
        *,
        storage: Storage | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            usual = sorted(parse_many(notation))
        except ValueError:
            raise Misconfigured(["LIBERTAS_CLIENT_LIMITS: is not in the notation of limits, such as 30/minute;300/hour"]) from None
        self._usual = usual
        self._own: dict[str, list[RateLimitItem]] = {
            SLOW_LANE: parse_many(_SLOW_NOTATION),
            CHALLENGE: [type(item)(max(4 * item.amount, 2 * item.get_expiry()), item.multiples) for item in usual],
        }
        self._local = FixedWindowRateLimiter(_Counters(clock))
        self._shared = FixedWindowRateLimiter(storage) if storage is not None else _shared(uri)
        self._clock = clock
        self._away_until = 0.0
        self.outages = 0
        """How often the shared counters were found away; for ``/metrics``."""

    async def hit(self, route: str, digest: bytes, *, per_hour: int = 0) -> None:
        """Count one request of the client ``digest`` to ``route`` (a name, not a path). Raises ``TooMany`` with the seconds to wait.

        ``per_hour`` is a quota of the client's own, in place of the route's limits.
        """
        items, client = self._own.get(route, self._usual), digest.hex()
        if per_hour:
            items = [RateLimitItemPerHour(per_hour)]
        if self._shared is not None and self._clock() >= self._away_until:
            try:
                async with asyncio.timeout(self.PATIENCE):
                    await self._count(self._shared, items, route, client)
            except (StorageError, OSError) as away:  # TimeoutError is an OSError
                self._away_until = self._clock() + self.REST
                self.outages += 1
                log.warning(
                    "risk.client-limits-away",
                    alarm=True,
                    fault=type(away.__cause__ if isinstance(away, StorageError) else away).__name__,
                    counting="alone",
                )
            else:
                return
        await self._count(self._local, items, route, client)

    async def _count(self, limiter: FixedWindowRateLimiter, items: list[RateLimitItem], route: str, client: str) -> None:
        for item in items:
            if not await limiter.hit(item, route, client):
                ends = (await limiter.get_window_stats(item, route, client)).reset_time
                raise TooMany(min(item.get_expiry(), int(ends - self._clock()) + 1))


def _shared(uri: str) -> FixedWindowRateLimiter | None:
    scheme, _, rest = uri.removeprefix("async+").partition("://")
    if scheme == "memory":
        return None
    try:
        # Not the library's fault to tell our operators: the exception may repeat a password.
        return FixedWindowRateLimiter(storage_from_string(f"async+{scheme}://{rest}", wrap_exceptions=True))
    except (ConfigurationError, ValueError, ImportError) as wrong:
        raise Misconfigured(
            [f"LIBERTAS_LIMITS_URL: memory://, or valkey://host:port with its client installed ({type(wrong).__name__})"]
        ) from None


# -- what to do with a form --------------------------------------------------------------------------------------------------


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _domains() -> Mapping[str, frozenset[str]]:
    with (Path(__file__).parent / "risk.toml").open("rb") as file:
        return {kind: frozenset(names) for kind, names in tomllib.load(file).items()}


@lru_cache(4_096)
def registrable_domain(domain: str) -> str:
    """What somebody registered: ``mail.example.co.uk`` gives ``example.co.uk``. Domains without one stand for themselves.

    ``domain`` is lower case, as an A-label. By the public suffix list that the package brings; no network.
    """
    domain = domain.rstrip(".")
    return _suffixes().privatesuffix(domain) or domain


def is_freemail(domain: str) -> bool:
    return domain in _domains()["freemail"] or registrable_domain(domain) in _domains()["freemail"]


def is_disposable(domain: str) -> bool:
    return domain in _domains()["disposable"] or registrable_domain(domain) in _domains()["disposable"]


DOMAIN_AN_HOUR = 30
"""Local parts of one domain that is no freemail provider; a school or a company signs more slowly than a script."""
MOST = 601
"""From so many an hour from one place on nothing more is concluded, so nobody needs to count further."""


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker knows about one form. Counts include the form itself and are taken from committed rows."""

    proof: str
    """The verdict of ``captcha``: altcha, hcaptcha, fallback, off or none."""
    domain: str
    """Of the address, lower case, as an A-label."""
    domain_hour: int = 1
    """Different local parts of the registrable domain among the forms of the last hour."""
    prefix_hour: int = 1
    """Forms of the prefix in the last hour."""
    prefix_day: int = 1
    """Forms of the prefix under the present day key."""
    dwell: float | None = None
    """Seconds from challenge to form."""
    marks: tuple[str, ...] = ()
    """What the row remembers already (``captcha-down``)."""


class Decision(msgspec.Struct, frozen=True):
    """What happens next with a form; ``marks`` are stable words for the row and for the organizers' screens."""

    action: Literal["mail", "more-proof", "hold"]
    marks: list[str]


# Points. From MORE on, the mail asks for a second proof; from HOLD on, a person looks first. No single sign that an honest
# signer may bear (a mobile network's shared address, a temporary address for safety, no script) reaches HOLD alone.
MORE, HOLD = 3, 6


def score(features: Features) -> Decision:
    """Decide on one form. Pure: the same features give the same decision.

    A flood from one domain is held whatever else is true; otherwise the signs add up. Marks name every sign, so that
    organizers see why, and bulk decisions can be made by mark.
    """
    marks, points = list(dict.fromkeys(features.marks)), 0

    def sign(name: str, weight: int) -> None:
        nonlocal points
        marks.append(name)
        points += weight

    freemail = is_freemail(features.domain)
    flood = not freemail and features.domain_hour > DOMAIN_AN_HOUR
    if flood:
        sign("domain-flood", HOLD)
    if is_disposable(features.domain):
        sign("disposable", 2)
    # A crowd behind one address of a mobile carrier or a university sends some hundred in an hour; scripts send thousands.
    if features.prefix_hour >= MOST:
        sign("prefix-flood", 4)
    elif features.prefix_hour > 150:
        sign("prefix-busy", 2)
    if features.prefix_day > 2000:
        sign("prefix-day", 1)
    if features.proof == "none":
        sign("no-proof", 2)
    elif features.proof == "fallback":
        sign("proof-fallback", 1)
    # Pages ask for the challenge when the first field is touched; nobody types a name and an address within two seconds.
    # Forms filled in by a browser come close, so it is a sign and not a verdict.
    if features.dwell is not None and features.dwell < 2:
        sign("hasty", 1)
    return Decision("hold" if points >= HOLD else "more-proof" if points >= MORE else "mail", marks)


_PROOF_OF_LANE = {"slow": "none", "captcha-down": "fallback", "open": "off"}


def judge(*, lane: str, email: str, from_prefix: int, from_domain: int, dwell: float | None) -> tuple[bool, list[str]]:
    """``score`` in the worker's words: (hold it?, marks). The counts are of the last hour and without the form itself.

    A form that should prove more bears the mark ``more-proof``.
    """
    decided = score(
        Features(
            proof=_PROOF_OF_LANE.get(lane, "altcha"),
            domain=email.rpartition("@")[2],
            domain_hour=from_domain + 1,
            prefix_hour=from_prefix + 1,
            dwell=dwell,
            marks=(lane,) if lane in ("slow", "captcha-down") else (),
        )
    )
    return decided.action == "hold", decided.marks + (["more-proof"] if decided.action == "more-proof" else [])


def domain_digest(key: bytes, email: str) -> bytes:
    """16 bytes by which addresses of one registrable domain are grouped; ``email`` is canonical, ``key`` says for how long."""
    return hmac.digest(key, b"domain\x00" + registrable_domain(email.rpartition("@")[2]).encode(), "sha256")[:16]
