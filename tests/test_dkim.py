"""What we sign, a library that others wrote finds signed; and what was changed on the way, it does not."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from conftest import Database
from installation import installed
from service import mail
from service.errors import Misconfigured
from service.mail.dkim import Signer
from service.settings import load

from bench.topology import free_port  # isort: skip

AT = datetime(2026, 11, 26, 21, 0, tzinfo=UTC)
MAIL = (
    b"To: ani@example.org\r\nMessage-ID: <1@petition.example.org>\r\nDate: Thu, 26 Nov 2026 21:00:00 +0000\r\n"
    b"List-Unsubscribe: <https://petition.example.org/en/unsubscribe/x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"From: Libertas  <petition@petition.example.org>\r\nSubject: =?utf-8?q?=D4=B1?=\r\n =?utf-8?q?=D5=B6=D5=AB?=\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain\r\n\r\nDear  Ani,\t \r\n\r\n.a dot\r\nend\r\n\r\n \r\n"
)


def pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    kept = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return kept.decode()


RSA = pem(rsa.generate_private_key(65_537, 2_048))
ED25519 = pem(ed25519.Ed25519PrivateKey.generate())


def holds(signer: Signer, signed: bytes) -> bool:
    def ask(name: bytes | str, timeout: int = 5) -> bytes:
        wanted = name.decode() if isinstance(name, bytes) else name
        assert wanted == f"{signer.name}."
        return signer.record.encode()

    return bool(dkim.verify(signed, dnsfunc=ask))


@pytest.mark.parametrize("key", [RSA, ED25519])
def test_a_signed_mail_is_found_signed_and_nothing_of_it_can_be_changed_or_added(key: str) -> None:
    signer = Signer(key, "k1", "petition.example.org")
    signed = signer.sign(MAIL, AT)
    assert signed.endswith(MAIL) and holds(signer, signed)
    assert max(map(len, signed.split(b"\r\n"))) <= 78
    changes: list[tuple[bytes, bytes]] = [
        (b"Dear", b"dear"), (b"ani@", b"levon@"), (b"Thu, 26", b"Fri, 27"), (b"<1@", b"<2@"), (b"/unsubscribe/x", b"/unsubscribe/y"),
        (b"One-Click", b"Two-Click"), (b"text/plain", b"text/html"), (b"Libertas  <", b"Somebody <"), (b"=D4=B1", b"=D4=B2"),
        (b"From: Libertas", b"From: levon@example.org\r\nFrom: Libertas"), (b"To: ani", b"Subject: more\r\nTo: ani"),
    ]  # fmt: skip
    for was, now in changes:
        changed = signed.replace(was, now, 1)
        assert changed != signed and not holds(signer, changed), was
    assert not holds(signer, signed + b"and more\r\n")


def test_what_relays_may_do_on_the_way_does_no_harm() -> None:
    signer = Signer(ED25519, "K1", "Petition.Example.org")
    signed = signer.sign(MAIL, AT)
    for was, now in (
        (b"Dear  Ani,\t \r\n", b"Dear Ani,\r\n"),
        (b"Libertas  <", b"Libertas\r\n  <"),
        (b"end\r\n\r\n \r\n", b"end\r\n"),
        (b"Message-ID:", b"Message-Id:"),
    ):
        assert was in signed and holds(signer, signed.replace(was, now))
    assert holds(signer, b"Received: from a by b\r\nX-Seen: yes\r\n" + signed)


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b".", b"=20", b"\xd4\xb1"]), max_size=30))
def test_whatever_a_body_is_made_of_it_is_found_signed(pieces: list[bytes]) -> None:
    signer = Signer(ED25519, "k1", "petition.example.org")
    assert holds(signer, signer.sign(MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"".join(pieces) + b"\r\n", AT))


def test_keys_and_names_that_cannot_be_are_refused_and_no_key_is_repeated(tmp_path: Path) -> None:
    small, other = pem(rsa.generate_private_key(65_537, 1_024)), pem(ec.generate_private_key(ec.SECP256R1()))
    for key, selector, domain, why in (
        (small, "k1", "example.org", "1024 bits of RSA are too few"),
        (other, "k1", "example.org", "must be an RSA or an Ed25519 key"),
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "k1", "example.org", "is not a private key in PEM"),
        (RSA, "", "example.org", "LIBERTAS_DKIM_SELECTOR: is needed"),
        (RSA, "k1; d=evil.example", "example.org", "LIBERTAS_DKIM_SELECTOR: is needed"),
        (RSA, "k1", "example.org\r\nX: y", "cannot be signed for"),
    ):
        with pytest.raises(Misconfigured, match=re.escape(why)) as refused:
            Signer(key, selector, domain)
        assert "hunter2" not in str(refused.value)
    with pytest.raises(Misconfigured, match="LIBERTAS_DKIM_KEY: cannot be read"):
        mail.signer(load({}, dkim_key=str(tmp_path / "nowhere.pem"), dkim_selector="k1"))
    assert mail.signer(load({})) is None


async def test_a_signers_mail_arrives_signed_with_the_key_of_a_file_and_of_a_secret(fresh_database: Database, tmp_path: Path) -> None:
    (tmp_path / "dkim.pem").write_text(RSA, encoding="ascii")
    sender = {"mail_from": "Libertas <petition@petition.example.org>", "dkim_selector": "k1"}
    secret = load({"LIBERTAS_DKIM_KEY_FILE": str(tmp_path / "dkim.pem")}, **sender)
    changes = {**sender, "dkim_key": str(tmp_path / "dkim.pem")}
    async with installed(tmp_path / "data", fresh_database.app_url, fresh_database.url, free_port(), free_port(), **changes) as one:
        for signer in (mail.signer(one.settings), mail.signer(secret)):
            assert signer is not None and signer.record == Signer(RSA, "k1", "petition.example.org").record
        for language in ("fr", "en", "hy"):
            assert (await one.post(email=f"{language}@example.org", language=language)).status_code == 202
        await one.work()
        assert signer is not None
        for language in ("fr", "en", "hy"):
            (letter,) = one.letters(f"{language}@example.org")
            assert holds(signer, letter.raw) and not holds(signer, letter.raw.replace(b"/confirm/", b"/confirn/"))
            stamp = re.search(rb"\bt=(\d+);", letter.raw)
            assert stamp and int(stamp[1]) == parsedate_to_datetime(letter.message["Date"]).timestamp()
