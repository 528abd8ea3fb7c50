"""A mail that comes back stops mail to its own mailbox and does nothing else; a made-up one does nothing at all."""

from __future__ import annotations

import base64
import secrets
import subprocess
import sys
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.topology import HOUSE, clean, free_port
from conftest import Database
from installation import Installation, installed
from service import identity, mail
from service.errors import Misconfigured
from service.mail import bounces
from service.mail.bounces import ReturnPath, read
from service.worker import return_path

BACK = "back@petition.example.org"


def index(address: str) -> bytes:
    return identity.suppression_index(b"s" * 32, identity.canonical(address))


def _parts(head: str, kind: str, *parts: str) -> bytes:
    whole = [head, f'MIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind}; boundary="=_b"\n']
    for part in parts:
        whole.append(f"--=_b\n{part}")
    return "\n".join([*whole, "--=_b--\n"]).replace("\n", "\r\n").encode("ascii")


def came_back(
    to: str, status: str, mailbox: str, *, action: str = "failed", said: str = "", original: str = "", is_head: bool = False
) -> bytes:
    """A notification as mail servers write it (RFC 3464); ``original``: the mail that is returned, or its head only."""
    diagnostic = f"Diagnostic-Code: smtp; {said}\n" if said else ""
    return _parts(
        f"From: MAILER-DAEMON@mx.example.net\nTo: {to}\nSubject: Undelivered Mail Returned to Sender",
        "delivery-status",
        f"Content-Type: text/plain\n\nI'm sorry to have to tell you: <{mailbox}>\n",
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        f"Final-Recipient: rfc822; {mailbox}\nAction: {action}\nStatus: {status}\n{diagnostic}",
        *([f"Content-Type: {'text/rfc822-headers' if is_head else 'message/rfc822'}\n\n{original}"] if original else []),
    )


def complaint(to: str, mailbox: str, kind: str = "abuse") -> bytes:
    """A complaint as providers forward it (RFC 5965)."""
    return _parts(
        "From: fbl@example.net\nTo: postmaster@petition.example.org",
        "feedback-report",
        f"Content-Type: message/feedback-report\n\nFeedback-Type: {kind}\nUser-Agent: Some/1.0\nVersion: 1\nOriginal-Mail-From: <{to}>\n",
        f"Content-Type: message/rfc822\n\nReturn-Path: <{to}>\nTo: {mailbox}\nSubject: x\n\nx\n",
    )


@pytest.fixture
async def back(fresh_database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    """An installation that reads what comes back."""
    (tmp_path / "came" / "new").mkdir(parents=True)
    changes = {"bounces_to": BACK, "bounces_dir": tmp_path / "came"}
    async with installed(tmp_path / "data", fresh_database.app_url, fresh_database.url, free_port(), free_port(), **changes) as one:
        yield one


def path_of(one: Installation, address: str) -> str:
    """The return path under which the newest mail to ``address`` left."""
    return one.letters(address)[0].sender


async def arrives(one: Installation, *messages: bytes) -> None:
    """They lie in the Maildir, and the worker looks."""
    assert one.settings.bounces_dir is not None
    for message in messages:
        (one.settings.bounces_dir / "new" / secrets.token_hex(8)).write_bytes(message)
    await one.worker.read_bounces()


async def suppressed(one: Installation) -> list[str]:
    return [row["reason"] for row in await one.rows("select reason from suppression")]


# -- what a message tells ------------------------------------------------------------------------------------------------------


def test_what_servers_write_is_read_and_what_is_no_failure_tells_nothing() -> None:
    ours = "To: Ani <ani@example.org>\nSubject: x\n\n"
    assert read(came_back(BACK, "5.1.1", "ani@example.org")) == ("failed", "5.1.1", ("ani@example.org",))
    assert read(came_back(BACK, "5.0.0", "ani@example.org", said="550 5.1.1 no such user"))[1] == "5.1.1"
    assert read(came_back(BACK, "5.0.0", "ani@example.org", said="550 go away"))[1] == ""
    for is_head in (True, False):
        forwarded = came_back(BACK, "5.2.2", "ani@elsewhere.example", original=ours, is_head=is_head)
        assert read(forwarded) == ("failed", "5.2.2", ("ani@elsewhere.example", "ani@example.org"))
    assert read(complaint("x", "ani@example.org")) == ("complained", "", ("ani@example.org",))
    for action in ("delayed", "delivered", "relayed", "expanded"):
        assert read(came_back(BACK, "5.1.1", "ani@example.org", action=action)).kind == ""
    assert read(complaint("x", "ani@example.org", kind="not-spam")).kind == ""
    assert read(b"From: ani@example.org\r\nSubject: 550 5.1.1 why do you write to me?\r\n\r\nfailed\r\n").kind == ""
    holiday = EmailMessage()
    holiday["Auto-Submitted"], holiday["Subject"] = "auto-replied", "Out of office"
    holiday.set_content("5.1.1 Back in January.")
    assert read(holiday.as_bytes()).kind == ""


@given(st.binary(max_size=400), st.integers(0, 900), st.integers(0, 900))
def test_no_message_however_broken_brings_anybody_down(noise: bytes, at: int, upto: int) -> None:
    whole = came_back(BACK, "5.1.1", "ani@example.org", original="To: ani@example.org\n\nx\n")
    for broken in (noise, whole[:at] + noise + whole[upto:]):
        assert read(broken).kind in ("", "failed", "complained")


def test_neither_depth_nor_number_nor_length_is_a_burden() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(20_000))
    wide = came_back(BACK, "5.1.1", "ani@example.org") + b"Final-Recipient: rfc822; x@example.org\r\nAction: failed\r\n\r\n" * 20_000
    for heavy in (deep, wide, b"To: " + b"a" * 5_000_000):
        assert len(read(heavy).addresses) <= 20


def test_a_mailbox_to_come_back_to_has_room_for_what_is_added() -> None:
    path = ReturnPath("b" * 21 + "@example.org", b"k" * 32, index)
    assert len(path.of(uuid4(), "ani@example.org").partition("@")[0]) == 64
    for to in ("b" * 22 + "@example.org", "back+x@example.org", "nobody", "Back <back@example.org>"):
        with pytest.raises(Misconfigured, match="LIBERTAS_BOUNCES_TO"):
            ReturnPath(to, b"k" * 32, index)


def test_a_return_path_fits_one_mail_to_one_mailbox_under_one_key() -> None:
    path, mail_id = ReturnPath(BACK, b"k" * 32, index), uuid4()
    written = path.of(mail_id, "ani@example.org")
    assert path.proved(f"To: {written.upper()}".encode(), ["levon@example.org", "Ani@Example.org"]) == (mail_id, index("ani@example.org"))
    assert path.proved(written.encode(), ["levon@example.org", "nobody", "x@[1.2.3.4]"]) is None
    assert ReturnPath(BACK, b"l" * 32, index).proved(written.encode(), ["ani@example.org"]) is None
    shown = base64.b32decode(written[5:47].upper() + "======")
    assert mail_id.bytes not in shown, "a relay's log and a copy of the database cannot be laid side by side"
    name, _, domain = written.partition("@")
    for at in range(len("back+"), len(name)):
        other = name[:at] + ("a" if name[at] != "a" else "b") + name[at + 1 :]
        assert path.proved(f"{other}@{domain}".encode(), ["ani@example.org"]) in (
            None,
            (mail_id, index("ani@example.org")) if at == 46 else None,
        )


# -- what it does ----------------------------------------------------------------------------------------------------------------


async def test_a_mailbox_that_does_not_exist_is_not_written_to_again_and_the_signature_keeps_its_state(back: Installation) -> None:
    await back.confirm("ani@example.org")
    await arrives(back, came_back(path_of(back, "ani@example.org"), "5.1.1", "ani@example.org"))
    assert await suppressed(back) == ["bounced"]
    assert [row["state"] for row in await back.rows("select state from signature")] == ["confirmed"]
    assert [tuple(row) for row in await back.rows("select state, code from mail")] == [("failed", "failed 5.1.1")]
    assert await back.seal() == 1
    await back.lift_caps()
    assert (await back.post(email="ani@example.org")).status_code == 202, "and nobody is told"
    await back.work()
    assert len(back.letters("ani@example.org")) == 1
    assert back.settings.bounces_dir is not None
    assert not list((back.settings.bounces_dir / "new").iterdir()), "what names a mailbox is not kept"


async def test_a_full_mailbox_or_a_refusal_of_us_is_noted_and_the_mailbox_stays_open(back: Installation) -> None:
    for name, status in (("ani", "5.2.2"), ("levon", "4.4.7"), ("narek", "5.7.1"), ("siranush", "")):
        await back.post(email=f"{name}@example.org")
        await back.work()
        message = came_back(path_of(back, f"{name}@example.org"), status, f"{name}@example.org")
        await arrives(back, message, message)
    assert await suppressed(back) == []
    assert {row["code"] for row in await back.rows("select code from mail where state = 'failed'")} == {
        "failed 5.2.2", "failed 4.4.7", "failed 5.7.1", "failed",
    }  # fmt: skip
    await arrives(back, came_back(path_of(back, "ani@example.org"), "4.2.2", "ani@example.org", action="delayed"))
    assert await back.rows("select 1 from mail where state = 'due'") == []


async def test_who_complains_gets_no_mail_any_more(back: Installation) -> None:
    await back.confirm("ani@example.org")
    await arrives(back, complaint(path_of(back, "ani@example.org"), "ani@example.org"))
    assert await suppressed(back) == ["complained"]
    assert [row["state"] for row in await back.rows("select state from signature")] == ["confirmed"]


async def test_a_forwarded_mail_that_fails_elsewhere_is_still_known(back: Installation) -> None:
    await back.post(email="ani@example.org")
    await back.work()
    head = back.letters("ani@example.org")[0].raw.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n", "\n") + "\n\n"
    await arrives(back, came_back(path_of(back, "ani@example.org"), "5.1.1", "ani.p@elsewhere.example", original=head, is_head=True))
    assert await suppressed(back) == ["bounced"]
    index = identity.suppression_index(back.keys.suppression_key(), "ani@example.org")
    assert [row["address_index"] for row in await back.rows("select address_index from suppression")] == [index]


async def test_five_thousand_made_up_replayed_and_reordered_ones_change_nothing_that_was_confirmed(back: Installation) -> None:
    names = [f"signer{n}@example.org" for n in range(6)]
    for name in names:
        await back.confirm(name)
    paths = {name: path_of(back, name) for name in names}
    before = await back.rows("select id, state, log_index from signature order by id")
    mails = await back.rows("select id, state, code from mail order by id")
    ours = return_path(back.keys, back.settings)
    assert ours is not None
    rng = Random(7)
    ids = [str(row["id"]) for row in mails]
    for number in range(5_000):
        victim, other = rng.sample(names, 2)
        forged = [
            paths[other],  # another mailbox's path
            f"back+{base64.b32encode(UUID(rng.choice(ids)).bytes + rng.randbytes(10)).decode().rstrip('=').lower()}@petition.example.org",
            ReturnPath(BACK, rng.randbytes(32), ours._index).of(UUID(rng.choice(ids)), victim),
            f"back+{'a' * 42}@petition.example.org", BACK, f"{paths[victim]}.evil.example".replace("@petition", "@x.petition"),
        ][number % 6]  # fmt: skip
        message = came_back(forged, "5.1.1", victim) if number % 2 else complaint(forged, victim)
        assert await mail.take_in(back.pool, ours, message) == "not-ours"
    assert await suppressed(back) == [] and await back.rows("select id, state, code from mail order by id") == mails

    true = [came_back(paths[name], "5.1.1", name) for name in names] * 3  # replayed, in any order
    rng.shuffle(true)
    await arrives(back, *true)
    assert await suppressed(back) == ["bounced"] * 6
    assert await back.rows("select id, state, log_index from signature order by id") == before
    assert await back.seal() == 6


async def test_what_people_write_there_is_left_to_people(back: Installation) -> None:
    await arrives(back, b"From: ani@example.org\r\nSubject: Barev\r\n\r\nWho are you?\r\n", b"\xff\xfe not a mail")
    assert back.settings.bounces_dir is not None
    left = [file.read_bytes() for file in (back.settings.bounces_dir / "cur").iterdir()]
    assert len(left) == 2 and any(b"Who are you?" in message for message in left)
    assert not list((back.settings.bounces_dir / "new").iterdir())


async def test_a_mail_server_hands_one_over_by_a_pipe_and_is_told_to_try_again_while_the_database_is_away(back: Installation) -> None:
    await back.post(email="ani@example.org")
    await back.work()
    message = came_back(path_of(back, "ani@example.org"), "5.1.1", "ani@example.org")

    def piped(database: str, **more: str) -> subprocess.CompletedProcess[bytes]:
        environment = {
            **clean(), "PYTHONPATH": str(HOUSE), "LIBERTAS_DATABASE_URL": database, "LIBERTAS_KEY_DIR": str(back.settings.key_dir),
            "LIBERTAS_DATA_DIR": str(back.settings.data_dir), **more,
        }  # fmt: skip
        words = [sys.executable, "-m", "service", "bounces"]
        return subprocess.run(words, input=message, env=environment, cwd=HOUSE, capture_output=True, check=False)

    ours = {"LIBERTAS_BOUNCES_TO": BACK}
    away = piped(f"postgresql://nobody@127.0.0.1:{free_port()}/x", **ours)
    assert away.returncode == 75 and b"try again" in away.stderr, away.stderr
    unset = piped(back.settings.database_url)
    assert unset.returncode == 1 and b"LIBERTAS_BOUNCES_TO is not set" in unset.stderr
    assert await suppressed(back) == []
    done = piped(back.settings.database_url, **ours)
    assert (done.returncode, done.stdout) == (0, b"-: suppressed\n"), done.stderr
    assert await suppressed(back) == ["bounced"]
    assert b"ani@" not in done.stdout + done.stderr + away.stderr


async def test_without_a_mailbox_for_it_every_mail_leaves_under_the_senders_own_address(installation: Installation) -> None:
    await installation.post()
    await installation.work()
    assert installation.letters("ani@example.org")[0].sender == "petition@localhost"
    await installation.worker.read_bounces()


async def test_a_message_that_vanishes_meanwhile_was_somebody_elses(back: Installation, tmp_path: Path) -> None:
    ours = return_path(back.keys, back.settings)
    assert ours is not None
    (tmp_path / "m" / "new").mkdir(parents=True)
    (tmp_path / "m" / "new" / "gone").symlink_to(tmp_path / "nowhere")
    assert await bounces.read_maildir(back.pool, ours, tmp_path / "m") == {}
    assert await bounces.read_maildir(back.pool, ours, tmp_path / "none") == {}
