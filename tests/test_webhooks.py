"""Partners' systems are told what happened, signed and repeated until they hear it, and never led into anybody's house."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook, WebhookVerificationError

from bench.topology import free_port
from installation import Installation
from service import partners, webhooks
from service.errors import Invalid
from service.identity import offline


@dataclass
class Receiver:
    """A partner's system: keeps what it is told, and answers with the next of ``answers``, then 204."""

    port: int
    answers: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.heard.append((headers, body))
            status = self.answers.pop(0) if self.answers else 204
            more = f"location: http://127.0.0.1:{self.port}/inside\r\n" if 300 <= status < 400 else ""
            writer.write(f"HTTP/1.1 {status} X\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def receiver(context: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Receiver]:
    one = Receiver(port or free_port())
    server = await asyncio.start_server(one.serve, host, one.port, ssl=context)
    try:
        yield one
    finally:
        server.close()
        await server.wait_closed()


def local(**changes: Any) -> webhooks.Guard:
    """The seam: a receiver on this machine, without a certificate. Nothing but a test can make one."""
    return webhooks.Guard(may_connect=lambda address: address.is_loopback, schemes=("http", "https"), **changes)


# -- where a webhook may lead -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelled",
    [
        "127.0.0.1", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0",
        "0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[::]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[2001:db8::1]",
        "[2001:0:7f00:1::8efe:fffe]", "127.0.0.1.", "１２７.0.0.1",
    ],
)  # fmt: skip
async def test_no_spelling_of_an_inner_address_gets_a_connection(spelled: str) -> None:
    async with receiver() as inside:
        with pytest.raises((webhooks.Refused, OSError, ValueError)):
            await webhooks.post(f"https://{spelled}:{inside.port}/", {}, b"{}", webhooks.Guard())
        assert inside.connections == 0
        status = await webhooks.post(f"http://127.0.0.1:{inside.port}/", {}, b"{}", local())
        assert (status, inside.connections) == (204, 1), "control: this receiver is there"


async def test_a_name_that_changes_its_mind_is_asked_once_and_the_checked_address_is_used() -> None:
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    port = free_port()
    async with receiver(port=port) as outside, receiver(host="127.0.0.2", port=port) as inside:
        guard = webhooks.Guard(
            resolve=rebinding, may_connect=lambda address: address == ipaddress.ip_address("127.0.0.1"), schemes=("http",)
        )
        assert await webhooks.post(f"http://hook.example:{port}/told", {}, b"{}", guard) == 204
        assert (asked, outside.connections, inside.connections) == (["hook.example"], 1, 0)
        assert outside.heard[0][0]["host"] == f"hook.example:{port}"
        with pytest.raises(webhooks.Refused):
            await webhooks.post(f"http://hook.example:{port}/told", {}, b"{}", guard)
        assert inside.connections == 0


async def test_one_inner_address_among_several_is_one_too_many() -> None:
    async def mixed(host: str, port: int) -> list[str]:
        return ["93.184.215.14", "10.0.0.1"]

    with pytest.raises(webhooks.Refused):
        await webhooks.post("https://hook.example/", {}, b"{}", webhooks.Guard(resolve=mixed))


async def test_no_redirect_is_followed_and_no_other_scheme_is_spoken() -> None:
    async with receiver() as one:
        one.answers = [302]
        assert await webhooks.post(f"http://127.0.0.1:{one.port}/", {}, b"{}", local()) == 302
        assert one.connections == 1
        for url in (f"http://127.0.0.1:{one.port}/", f"ftp://127.0.0.1:{one.port}/", "file:///etc/passwd", "https://u@example.org/", "//x"):
            with pytest.raises(webhooks.Refused):
                await webhooks.post(url, {}, b"{}", webhooks.Guard())
        assert one.connections == 1


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(a server that is ``name``, a client that trusts it)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key()).serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = folder / f"{name}.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serves.load_cert_chain(pem)
    trusts = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return serves, trusts


async def test_the_certificate_must_be_the_names_although_the_connection_goes_to_an_address(tmp_path: Path) -> None:
    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    serves, trusts = certificate(tmp_path, "hook.example")
    async with receiver(serves) as one:
        guard = local(resolve=here, trust=trusts)
        assert await webhooks.post(f"https://hook.example:{one.port}/", {}, b"{}", guard) == 204
        with pytest.raises(Exception, match=r"(?i)certificate|hostname"):
            await webhooks.post(f"https://other.example:{one.port}/", {}, b"{}", guard)
        assert len(one.heard) == 1


# -- what is told, and how ----------------------------------------------------------------------------------------------------


def verified(shared: str, headers: dict[str, str], body: bytes, *, now: float, seen: set[str]) -> bool:
    """What docs/api.md tells receivers to do, in their own words."""
    if abs(now - int(headers["webhook-timestamp"])) > 300 or headers["webhook-id"] in seen:
        return False
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(base64.b64decode(shared[6:]), signed, hashlib.sha256).digest()).decode()
    good = any(hmac.compare_digest(f"v1,{wanted}", each) for each in headers["webhook-signature"].split(" "))
    if good:
        seen.add(headers["webhook-id"])
    return good


def test_a_signature_is_the_one_of_the_conventions_own_example() -> None:
    """The numbers of the Standard Webhooks specification."""
    made = webhooks.signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def _listens(house: Installation, port: int) -> str:
    """The sample partner's system listens on this machine; returns its secret."""
    shared = await webhooks.set_address(house.pool, house.keys, "sample-partner", "https://hook.example/told")
    await house.owner.execute("update partner set webhook_url = $1 where slug = 'sample-partner'", f"http://127.0.0.1:{port}/told")
    return shared


async def test_a_milestone_is_told_once_signed_and_names_nobody(installation: Installation) -> None:
    async with receiver() as one:
        shared = await _listens(installation, one.port)
        await installation.owner.execute("update log set published_count = 1234 where petition_id is not null")
        now = datetime.now(UTC)
        assert await webhooks.announce(installation.pool, now=now) == 1
        assert await webhooks.announce(installation.pool, now=now) == 0
        assert await webhooks.deliver_due(installation.pool, installation.keys, local()) == 1
        assert await webhooks.deliver_due(installation.pool, installation.keys, local()) == 0
        ((headers, body),) = one.heard
        assert json.loads(body)["data"] == {"petition": installation.slug, "milestone": 1000}
        assert Webhook(shared).verify(body, headers)["type"] == "petition.milestone", "by the convention's own library"
        for wrong in ({**headers, "webhook-id": "another"}, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}):
            with pytest.raises(WebhookVerificationError):
                Webhook(shared).verify(body, wrong)
        seen: set[str] = set()
        assert verified(shared, headers, body, now=now.timestamp(), seen=seen)
        assert not verified(shared, headers, body, now=now.timestamp(), seen=seen), "a replay"
        assert not verified(shared, headers, body, now=now.timestamp() + 301, seen=set()), "an old message"
        assert not verified(shared, headers, body + b" ", now=now.timestamp(), seen=set()), "a changed message"
        other = await webhooks.set_address(installation.pool, installation.keys, "sample-partner", "https://hook.example/told")
        with pytest.raises(WebhookVerificationError):
            Webhook(other).verify(body, headers)
        assert other != shared and not verified(other, headers, body, now=now.timestamp(), seen=set())


async def test_what_was_not_heard_is_told_again_with_the_same_id_and_growing_patience(installation: Installation) -> None:
    async with receiver() as one:
        await _listens(installation, one.port)
        one.answers = [500, 302, 429]
        await installation.owner.execute("update petition set status = 'closed'")
        now = datetime.now(UTC)
        await webhooks.announce(installation.pool, now=now)
        waits = []
        for _ in range(4):
            assert await webhooks.deliver_due(installation.pool, installation.keys, local(), now=now) == 1
            assert await webhooks.deliver_due(installation.pool, installation.keys, local(), now=now) == 0, "not before its time"
            due = await installation.owner.fetchval("select due_at from webhook_event")
            waits.append((due - now).total_seconds())
            now = due + timedelta(seconds=1)
        assert waits[:3] == [5, 300, 1800]
        assert len({headers["webhook-id"] for headers, _ in one.heard}) == 1
        assert [row["state"] for row in await installation.rows("select state from webhook_event")] == ["sent"]


async def test_a_message_that_nobody_wants_is_given_up_and_a_receiver_that_is_gone_is_let_go(installation: Installation) -> None:
    async with receiver() as one:
        await _listens(installation, one.port)
        one.answers = [503] * 20
        await installation.owner.execute("update petition set status = 'closed'")
        now = datetime.now(UTC)
        await webhooks.announce(installation.pool, now=now)
        for _ in range(len(webhooks.PATIENCE) + 1):
            assert await webhooks.deliver_due(installation.pool, installation.keys, local(), now=now) == 1
            now += timedelta(days=2)
        (row,) = await installation.rows("select state, code, body from webhook_event")
        assert tuple(row) == ("failed", "503", None)
        one.answers = [410]
        await installation.owner.execute("update petition set status = 'archived'")
        await webhooks.announce(installation.pool, now=now)
        await webhooks.deliver_due(installation.pool, installation.keys, local(), now=now)
        assert (await partners.get(installation.pool, "sample-partner"))["webhook_url"] is None


async def test_two_workers_and_a_late_one_tell_it_once(installation: Installation) -> None:
    async with receiver() as one:
        await _listens(installation, one.port)
        await installation.owner.execute("update petition set status = 'closed'")
        await webhooks.announce(installation.pool, now=datetime.now(UTC))
        tried = await asyncio.gather(*(webhooks.deliver_due(installation.pool, installation.keys, local()) for _ in range(5)))
        assert sum(tried) == 1 and len(one.heard) == 1
        # A worker that froze with a claim comes back after another has finished: its word no longer counts.
        event = await installation.owner.fetchval("select id from webhook_event")
        await webhooks.q.finish(installation.pool, id=event, attempts=1, state="due", code="late", wait=timedelta(), now=None)
        assert await installation.owner.fetchval("select state from webhook_event") == "sent"


async def test_a_yes_is_told_the_next_day_as_ciphertext_and_so_is_its_withdrawal(installation: Installation, tmp_path: Path) -> None:
    mine = offline.Private.generate("partner")
    partner = await partners.get(installation.pool, "sample-partner")
    await partners.set_list(installation.pool, partner["id"], mine.public.encode(), {"en": "Yes, write to me."})
    await installation.settle()
    await installation.confirm(partner="sample-partner", partner_news=True)
    async with receiver() as one:
        await _listens(installation, one.port)
        today = datetime.now(UTC)
        assert await webhooks.announce(installation.pool, now=today) == 0, "not on the same day: its minute is nobody's business"
        tomorrow = today + timedelta(days=1)
        assert await webhooks.announce(installation.pool, now=tomorrow) == 1
        await webhooks.deliver_due(installation.pool, installation.keys, local(), now=tomorrow)
        body = one.heard[0][1]
        assert b"ani" not in body.lower() and b"example.org" not in body
        data = json.loads(body)["data"]
        box = base64.b64decode(data["sealed"])
        petition_id, optin_id = offline.place_of(box)
        assert str(optin_id) == data["id"]
        opened = json.loads(offline.open_box(mine, petition_id, optin_id, partners.FIELD, box))
        assert opened == {
            "name": "Ani Petrosyan", "email": "ani@example.org", "language": "en", "petition": installation.slug, "wording": "Yes, write to me.",
        }  # fmt: skip
        await installation.client.post(installation_manage(installation), data={"act": "withdraw", "sure": "yes"})
        assert await webhooks.announce(installation.pool, now=tomorrow) == 1
        await webhooks.deliver_due(installation.pool, installation.keys, local(), now=tomorrow)
        assert json.loads(one.heard[1][1]) | {"timestamp": ""} == {
            "type": "news.withdrawn", "timestamp": "", "data": {"id": data["id"], "petition": installation.slug},
        }  # fmt: skip


def installation_manage(house: Installation) -> str:
    """The manage link of the only signature, as its signer's confirmation page shows it."""
    from service.signatures import manage_handle
    from service.tokens import Tokens

    tokens = Tokens(house.keys.token_keys())
    link = house.link("ani@example.org").rsplit("/", 1)[1]
    return f"/en/manage/{tokens.write('manage', manage_handle(tokens.read('confirm', link)))}"


async def test_only_plain_https_addresses_are_taken(installation: Installation) -> None:
    for url in ("http://a.example/", "https://", "https://u:p@a.example/", "https://a.example/#x", "https://a example/", "https://a.example:0/",
                "https://[::1", "ftp://a.example", "https://a.example/" + "x" * 500, "https://ա.example/"):  # fmt: skip
        with pytest.raises(Invalid):
            await webhooks.set_address(installation.pool, installation.keys, "sample-partner", url)


async def test_without_an_address_nothing_is_told(installation: Installation, pool: asyncpg.Pool) -> None:
    await installation.owner.execute("update log set published_count = 1234 where petition_id is not null")
    assert await webhooks.announce(installation.pool, now=datetime.now(UTC)) == 0
