"""Partners' systems are told what happened: a milestone, a petition's end, a yes to the partner's own news.

Two rules hold throughout. What is told names nobody: a yes travels as the ciphertext that only the partner can open. And a
partner's address is a stranger's word: it is https, it is resolved once, every address that it stands for must be in the
public Internet, the connection goes to the very address that was checked, and no redirect is followed (threats.md 24).

Messages are signed by the Standard Webhooks convention: ``webhook-id``, ``webhook-timestamp``, and ``webhook-signature`` over
``id.timestamp.body``. Each is told at least once, with the same id however often; off until an organizer sets an address.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import asyncpg
import httpx2
import msgspec
import structlog

from service import __version__, db, identity, partners
from service.errors import Fault, Invalid
from service.identity import Keys

q = db.statements("webhooks")
log = structlog.get_logger()

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PATIENCE = tuple(timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""Waits between attempts, as the convention suggests: about three days in all. Then the message is given up, and the desk shows it."""

ENDINGS = ("closed", "delivered", "archived")
DEADLINE = 10.0
AT_ONCE = 20


class Refused(Exception):
    """The address leads where we do not go. ``args[0]`` is a stable word."""


_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "2001::/32", "2002::/16", "64:ff9b:1::/48", "fec0::/10", "5f00::/16", "3fff::/20")
)
"""Special-purpose networks that some versions of Python still take for public ones; and tunnels (Teredo, 6to4), which hold two
addresses of others and where nobody receives webhooks."""


# -- addresses -------------------------------------------------------------------------------------------------------------------


def is_public(address: Address) -> bool:
    """Whether the address is one of the public Internet, also in each of its wrappings (mapped, NAT64)."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    if any(address in network for network in _NEVER):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def look_up(host: str, port: int) -> list[str]:
    """Every address that a name stands for."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class Guard(msgspec.Struct, frozen=True):
    """Where a webhook may lead. The defaults are the service's; only a test hands in others."""

    resolve: Callable[[str, int], Awaitable[list[str]]] = look_up
    may_connect: Callable[[Address], bool] = is_public
    schemes: tuple[str, ...] = ("https",)
    trust: ssl.SSLContext | None = None


async def post(url: str, headers: Mapping[str, str], body: bytes, guard: Guard) -> int:
    """Send ``body``; returns the status. Raises ``Refused``, ``OSError`` or ``httpx2.HTTPError``.

    The name is looked up once. The connection goes to the address that was checked, and the certificate must be the name's.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in guard.schemes or not host or parts.username is not None:
        raise Refused("scheme")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = [ipaddress.ip_address(text.partition("%")[0]) for text in await guard.resolve(host, port)]
    if not found or not all(guard.may_connect(address) for address in found):
        raise Refused("address")
    checked = f"[{found[0]}]" if found[0].version == 6 else str(found[0])
    there = urlunsplit((parts.scheme, f"{checked}:{port}", parts.path or "/", parts.query, ""))
    named = host if port in (80, 443) else f"{host}:{port}"
    async with (
        httpx2.AsyncClient(verify=guard.trust or True, trust_env=False, follow_redirects=False, timeout=DEADLINE) as client,
        client.stream("POST", there, content=body, headers={**headers, "host": named}, extensions={"sni_hostname": host}) as answer,
    ):
        return int(answer.status_code)  # nobody here reads what it says


async def set_address(pool: asyncpg.Pool, keys: Keys, slug: str, url: str) -> str:
    """Tell the partner's system at ``url`` from now on, and return the secret that it checks signatures with; "off" tells nothing.

    Raises ``Invalid`` for an address that is no plain https one.
    """
    row = await partners.get(pool, slug)
    if url in ("", "off"):
        await partners.q.set_webhook(pool, partner_id=row["id"], url=None)
        return ""
    try:
        parts = urlsplit(url)
        wrong = parts.scheme != "https" or not parts.hostname or parts.username is not None or bool(parts.fragment) or (parts.port == 0)
    except ValueError:
        wrong = True
    if wrong or len(url) > 500 or not url.isascii() or any(letter <= " " for letter in url):
        raise Invalid([Fault("url", "webhook-url")])
    generation = await partners.q.set_webhook(pool, partner_id=row["id"], url=url)
    return secret(keys, row["id"], generation)


def secret(keys: Keys, partner_id: UUID, generation: int) -> str:
    """The partner's shared secret, as receivers take it. It is derived, so that the database holds nothing to sign with."""
    key = identity.derive(keys.mail_token_key(), f"libertas webhook/v1 {partner_id} {generation}")
    return "whsec_" + base64.b64encode(key).decode()


def signature(shared: str, message_id: str, at: int, body: bytes) -> str:
    """``v1,`` and the HMAC-SHA256 in base64, by the Standard Webhooks convention."""
    key = base64.b64decode(shared.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, f"{message_id}.{at}.".encode() + body, "sha256")).decode()


# -- what there is to tell -------------------------------------------------------------------------------------------------------


async def announce(pool: asyncpg.Pool, *, now: datetime) -> int:
    """Write down what partners have to be told; what is written down already stays as it is. Returns how much was found."""
    events: list[tuple[UUID, str, str, dict[str, Any]]] = []
    async for row in q.due_news(pool, before=now.date(), limit=500):
        data: dict[str, Any] = {"id": str(row["id"]), "petition": row["petition"]}
        kind = "news.withdrawn"
        if row["sealed"] is not None:
            kind = "news.agreed"
            data |= {"day": row["day"].isoformat(), "sealed": base64.b64encode(row["sealed"]).decode(), "key": row["key_mark"]}
        events.append((row["partner_id"], row["subject"], kind, data))
    carried = [row async for row in q.carried(pool)]
    told = {(row["partner_id"], row["subject"]) async for row in q.told(pool, partner_ids=list({row["partner_id"] for row in carried}))}
    for row in carried:
        reached = partners.milestone(row["published_count"])
        things = []
        if reached:
            things.append((f"milestone:{row['petition_id']}:{reached}", "petition.milestone", {"milestone": reached}))
        if row["status"] in ENDINGS:
            things.append((f"state:{row['petition_id']}:{row['status']}", "petition.state", {"state": row["status"]}))
        for subject, kind, more in things:
            if (row["partner_id"], subject) not in told:
                events.append((row["partner_id"], subject, kind, {"petition": row["petition"], **more}))
    if events:
        at = now.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
        bodies = [msgspec.json.encode({"type": kind, "timestamp": at, "data": data}).decode() for _, _, kind, data in events]
        await q.insert_events(
            pool,
            ids=[uuid4() for _ in events],
            partner_ids=[partner for partner, *_ in events],
            subjects=[subject for _, subject, *_ in events],
            bodies=bodies,
            now=now,
        )
    return len(events)


async def deliver_due(pool: asyncpg.Pool, keys: Keys, guard: Guard, *, now: datetime | None = None) -> int:
    """Send what is due, each to its own receiver, none waiting for a slow one; returns how many were tried."""
    claimed = [row async for row in q.claim(pool, limit=AT_ONCE, now=now)]
    await asyncio.gather(*(_deliver(pool, keys, guard, row, now) for row in claimed))
    return len(claimed)


async def _deliver(pool: asyncpg.Pool, keys: Keys, guard: Guard, row: Mapping[str, Any], now: datetime | None) -> None:
    body, message_id = row["body"].encode(), str(row["id"])
    headers = {
        "content-type": "application/json",
        "user-agent": f"libertas/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(row["at"]),
        "webhook-signature": signature(secret(keys, row["partner_id"], row["webhook_generation"]), message_id, row["at"], body),
    }
    try:
        async with asyncio.timeout(DEADLINE * 2):
            status = await post(row["webhook_url"], headers, body, guard)
        code = str(status)
    except Refused as refused:
        status, code = 0, str(refused)
    except (OSError, ValueError, httpx2.HTTPError) as broken:  # TimeoutError is an OSError
        status, code = 0, type(broken).__name__
    state, wait = "due", timedelta()
    if 200 <= status < 300:
        state = "sent"
    elif status == 410 or row["attempts"] > len(PATIENCE):
        state = "failed"
        log.warning("webhooks: given up", code=code, attempts=row["attempts"])
    else:
        wait = PATIENCE[row["attempts"] - 1]
    if status == 410:
        await q.switch_off(pool, partner_id=row["partner_id"])
    await q.finish(pool, id=row["id"], attempts=row["attempts"], state=state, code=code, wait=wait, now=now)


async def forget(pool: asyncpg.Pool, *, now: datetime | None = None) -> None:
    """Old messages go once nothing could tell them again."""
    await q.forget(pool, now=now)
