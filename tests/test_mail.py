"""Mail: what people get, that they get it once, and that no relay, provider or fault of ours loses it silently."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import ssl
import string
import sys
import textwrap
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from asyncpg import Pool, Record

from service import db, identity, mail, tokens
from service.errors import Invalid, Misconfigured, Unproven
from service.identity import KeyGone
from service.mail.delivery import GROUP
from service.settings import LANGUAGES
from tests.smtp_server import Relay, Taken

TITLE = "Liberté pour les prisonniers d’Artsakh"
SENDER = "Libertas DEMO <petition@petition.example.org>"
BASE = "https://petition.example.org"
MESSAGES = {"confirm": ("confirm", "not-me"), "already": ("manage",), "spelling": (), "manage": ("manage",)}


def compile_all(**given: Any) -> mail.Compiled:
    return mail.Compiled(**{"base_url": BASE, "sender": SENDER, "issuer": "Libertas (DEMO)", "contact": "contact@example.org", **given})


@dataclass
class Office:
    """A post office with keys of its own: writes letters as ``signatures`` does, and delivers them."""

    pool: Pool
    epoch_key: bytes = field(default_factory=lambda: os.urandom(32))
    token_key: bytes = field(default_factory=lambda: os.urandom(32))
    mail_token_key: bytes = field(default_factory=lambda: os.urandom(32))
    gone: set[int] = field(default_factory=set)
    compiled: mail.Compiled = field(default_factory=compile_all)
    petition_id: UUID = field(default_factory=uuid4)

    def __post_init__(self) -> None:
        self.tokens = tokens.Tokens([self.token_key])

    def open_address(self, key_id: int, mail_id: UUID, blob: bytes) -> str:
        if key_id in self.gone:
            raise KeyGone("epoch", key_id)
        return identity.open_sealed(self.epoch_key, key_id, "mail", mail_id.bytes, blob).decode()

    @staticmethod
    def index(address: str) -> bytes:
        return identity.suppression_index(b"s" * 32, identity.canonical(address))

    @property
    def secrets(self) -> mail.Secrets:
        return mail.Secrets(
            mail_token_key=self.mail_token_key,
            open_address=self.open_address,
            suppression_index=self.index,
            handle=tokens.handle,
            stored=tokens.stored,
            write=self.tokens.write,
        )

    async def write(self, *addresses: str, template: str = "confirm", language: str = "fr", **given: Any) -> list[UUID]:
        """One due mail for each address, with the tokens that its links need."""
        life = given.pop("life", timedelta(days=30))
        letters, granted = [], []
        for address in addresses:
            mail_id, signature_id = uuid4(), uuid4()
            facts: dict[str, Any] = {"title": TITLE}
            links = [(signature_id, p) for p in MESSAGES[template]]
            if template == "manage":
                links = [(uuid4(), "manage"), (uuid4(), "manage")]
                facts = {
                    "links": [{"petition": str(uuid4()), "signature": str(s), "title": f"{TITLE} {n}"} for n, (s, _) in enumerate(links)]
                }
            for signature, purpose in links:
                handle = tokens.handle(self.mail_token_key, mail.handle_row(mail_id, purpose, signature), purpose)
                granted.append((tokens.stored(handle), purpose, signature, mail_id, datetime.now(UTC) + life))
            domain = address.rpartition("@")[2].encode()[:16].ljust(16, b"\0")
            sealed = identity.seal(self.epoch_key, 1, "mail", mail_id.bytes, address.encode())
            letter: dict[str, Any] = {"facts": facts, "domain": domain, "key_id": 1, "signature_id": signature_id, **given}
            letters.append(mail.Letter(id=mail_id, template=template, language=language, address=sealed, **letter))
        async with db.transaction(self.pool) as connection:
            await mail.enqueue(connection, letters)
            await connection.copy_records_to_table(
                "token", records=granted, columns=["hash", "purpose", "signature_id", "mail_id", "expires_at"]
            )
        return [x.id for x in letters]

    async def deliver(self, post: mail.Post, **given: Any) -> mail.Delivery:
        return await mail.deliver_due(self.pool, post, self.secrets, self.compiled, **given)

    async def deliver_once_back(self, post: mail.Post) -> mail.Delivery:
        """The first round after a relay that was away is asked again, which it is after 1, 2, 4 … seconds."""
        async with asyncio.timeout(60):
            while (done := await self.deliver(post)).is_away:
                await asyncio.sleep(0.05)
        return done

    async def row(self, mail_id: UUID) -> Record:
        found = await self.pool.fetchrow("select * from mail where id = $1", mail_id)
        assert found is not None
        return found

    async def later(self, minutes: float) -> datetime:
        """The database's time, so many minutes from now."""
        now: datetime = await self.pool.fetchval("select now()")
        return now + timedelta(minutes=minutes)

    async def provider(self) -> Record:
        """What is known of the only provider in trouble."""
        found = await self.pool.fetchrow("select * from mail_domain")
        assert found is not None
        return found


@pytest.fixture
async def office(app_pool: Pool) -> Office:
    """As the role that the service itself runs as: what it may not do, delivery must not need."""
    return Office(app_pool)


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with Relay() as opened:
        yield opened


@pytest.fixture
async def post(relay: Relay) -> AsyncIterator[mail.Post]:
    async with mail.Post(relay.url, size=4) as opened:
        yield opened


def links_of(text: str, purpose: str) -> list[str]:
    return re.findall(rf"^{re.escape(BASE)}/[a-z]{{2}}/{purpose}/(\S+)$", text, re.MULTILINE)


# -- what people get -------------------------------------------------------------------------------------------------------


async def test_ani_gets_one_mail_whose_link_confirms_her_signature(office: Office, relay: Relay, post: mail.Post) -> None:
    (mail_id,) = await office.write("Ani.Petrosyan@example.org")
    assert await office.deliver(post) == mail.Delivery(sent=1)
    (got,) = relay.taken
    assert got.sender == "petition@petition.example.org"
    assert got.recipients == ["Ani.Petrosyan@example.org"]
    parsed = got.parsed
    assert parsed["To"] == "Ani.Petrosyan@example.org"
    assert parsed["From"] == SENDER
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<[0-9a-f]{32}@petition\.example\.org>", parsed["Message-ID"])
    assert mail_id.hex not in parsed["Message-ID"]
    assert abs((parsed["Date"].datetime - datetime.now(UTC)).total_seconds()) < 60
    assert parsed.get_content_type() == "multipart/alternative"
    assert TITLE in " ".join(got.text.split())
    assert "30 jours" in " ".join(got.text.split())
    (token,) = links_of(got.text, "confirm")
    assert office.tokens.read("confirm", token) == tokens.handle(office.mail_token_key, mail_id, "confirm")
    (refusal,) = links_of(got.text, "not-me")
    assert office.tokens.read("not-me", refusal) == tokens.handle(office.mail_token_key, mail_id, "not-me")
    assert f'href="{BASE}/fr/confirm/{token}"' in got.html


async def test_a_waiting_mail_holds_no_link_and_an_ended_one_no_address(office: Office, relay: Relay, post: mail.Post) -> None:
    (mail_id,) = await office.write("ani@example.org")
    waiting = str(dict(await office.row(mail_id)))
    await office.deliver(post)
    row = await office.row(mail_id)
    (token,) = links_of(relay.taken[0].text, "confirm")
    for text in (waiting, str(dict(row))):
        assert token[:20] not in text
        assert "ani@" not in text
        assert "Bonjour" not in text
    assert (row["state"], row["address"], row["key_id"], row["facts"]) == ("sent", None, None, "{}")
    assert row["sent_at"] == row["ended_at"] is not None


async def test_levon_asks_for_his_links_and_gets_one_for_each_petition(office: Office, relay: Relay, post: mail.Post) -> None:
    (mail_id,) = await office.write("levon@example.org", template="manage", language="hy")
    signed = [UUID(x["signature"]) for x in json.loads((await office.row(mail_id))["facts"])["links"]]
    await office.deliver(post)
    got = links_of(relay.taken[0].text, "manage")
    expected = [tokens.handle(office.mail_token_key, mail.handle_row(mail_id, "manage", s), "manage") for s in signed]
    assert [office.tokens.read("manage", token) for token in got] == expected


async def test_the_petitions_own_title_is_used_where_the_letter_names_none(
    office: Office, relay: Relay, post: mail.Post, pool: Pool
) -> None:
    petition = uuid4()
    await pool.execute("insert into petition (id, slug, opens_at, text_version) values ($1, 'free', now(), 1)", petition)
    await pool.execute("insert into text_version values ($1, 1, '', sha256(''))", petition)
    for language, title in (("fr", "Libres !"), ("hy", "Ազատություն")):
        await pool.execute("insert into petition_text values ($1, 1, $2, $3, '', '', '', '')", petition, language, title)
    await office.write("ani@example.org", language="hy", facts={}, petition_id=petition)
    await office.write("levon@example.org", language="en", facts={}, petition_id=petition)
    (lost,) = await office.write("seda@example.org", facts={}, petition_id=uuid4())
    assert await office.deliver(post) == mail.Delivery(sent=2, failed=1)
    assert "Ազատություն" in relay.to("ani@example.org")[0].text
    assert "Libres !" in relay.to("levon@example.org")[0].text
    assert (await office.row(lost))["code"] == "no-title"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", MESSAGES)
async def test_every_message_can_be_read_in_every_language(
    office: Office, relay: Relay, post: mail.Post, template: str, language: str
) -> None:
    await office.write("ani@example.org", template=template, language=language)
    assert (await office.deliver(post)).sent == 1
    (got,) = relay.taken
    assert not re.search(r"[{}\ue000-\uf8ff]", got.text + got.html)
    urls = re.findall(r"https?://\S+", got.text)
    assert len(urls) == (2 if template == "manage" else len(MESSAGES[template]))
    for url in urls:
        assert url in got.text.splitlines(), "a link stands alone on one unbroken line"
        assert f'href="{url}"' in got.html
    # Every URL is one of ours; nothing is fetched when the mail is opened.
    assert set(re.findall(r"https?://[^\"<>\s]+", got.html)) == set(urls)
    assert not re.search(r"<(img|link|script|style|iframe|object|form)|url\(|@import", got.html, re.IGNORECASE)
    assert got.html.count("display: inline-block") == (1 if template in ("confirm", "already") else 0)
    assert got.parsed["Subject"].endswith(" – Libertas (DEMO)")
    assert "Artsakh" not in got.parsed["Subject"]
    assert max(len(line) for line in got.data.split(b"\r\n")) <= 78
    assert b"\n" not in got.data.replace(b"\r\n", b"")
    assert got.data.isascii()


def test_each_subject_tells_a_passer_by_nothing_political() -> None:
    told = re.compile(r"p[ée]tition|sign|հանրագ|ստորագր|prison|libert|ազատ|artsakh|արցախ", re.IGNORECASE)
    for file in mail.emails_dir().glob("*/??.txt"):
        if file.parent.name != "layout":
            assert not told.search(file.read_text(encoding="utf-8").split("\n")[0].replace("{issuer}", "")), file.name


def test_in_a_protected_petition_new_and_known_get_the_same_mail() -> None:
    def letter(to: str) -> bytes:
        at = datetime(2026, 1, 5, tzinfo=UTC)
        given = {"confirm": "c" * 87, "not-me": "n" * 87}
        return compile_all().fill("confirm", "hy", to=to, message_id="<1@x>", at=at, tokens=given, title=TITLE, days=30)

    assert letter("new@example.org").replace(b"new@", b"known@") == letter("known@example.org")


@pytest.mark.parametrize(
    "title",
    [
        "<b>Free</b> & \"them\" 'all'",
        "{confirm_url} {body} {contact}",
        "Bcc: x@example.org\r\nBcc: y@example.org\r\n\r\n.\r\n",
        "a\ue000confirm\ue001b",
        "x" * 400,
        "Ազատություն " * 30,
        "=_confirm_= =3D ..",
        ". trailing space \u00a0",
    ],
)
def test_an_organizers_title_cannot_break_the_mail(title: str) -> None:
    given = {"confirm": "c" * 87, "not-me": "n" * 87}
    data = compile_all().fill(
        "confirm", "en", to="a@example.org", message_id="<1@x>", at=datetime.now(UTC), tokens=given, title=title, days=2
    )
    got = Taken("", [], data)
    assert got.parsed.get_all("Bcc") is None
    assert set(got.parsed.keys()) == {
        "To", "Message-ID", "Date", "From", "Subject", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Language", "MIME-Version",
        "Content-Type",
    }  # fmt: skip
    assert [x.get_content_type() for x in got.parsed.iter_parts()] == ["text/plain", "text/html"]
    shown = " ".join(re.sub("[\ue000\ue001]", " ", title).split())
    assert shown.replace(" ", "") in "".join(got.text.split())
    assert f"{BASE}/en/confirm/{'c' * 87}" in got.text.splitlines()
    assert got.text.count("c" * 87) == 1
    assert "<b>" not in got.html
    assert max(len(line) for line in data.split(b"\r\n")) <= 78


def test_the_words_wrap_and_the_wire_decodes_to_exactly_what_was_meant() -> None:
    from service.mail.words import _quoted

    for text in (
        "",
        "a",
        "é" * 100,
        "x" * 75,
        "x" * 76,
        "end \n",
        "tab\t\nnext",
        "=\n.\n..",
        "ab\ue000confirm\ue001",
        "\ue000confirm\ue001 z\n",
    ):
        wire = _quoted(text)
        assert all(len(line) <= 76 for line in wire.split("\n"))
        part = BytesParser(policy=policy.default).parsebytes(
            b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n"
            + wire.replace("=_confirm_=", "TOKEN").encode()
        )
        assert isinstance(part, EmailMessage)
        assert part.get_content() == text.replace("\ue000confirm\ue001", "TOKEN")


def test_a_missing_language_and_a_missing_placeholder_are_both_named(tmp_path: Path) -> None:
    (tmp_path / "layout").mkdir()
    (tmp_path / "confirm").mkdir()
    for language in LANGUAGES:
        (tmp_path / "layout" / f"{language}.txt").write_text("{body}\n")
    (tmp_path / "confirm" / "fr.txt").write_text("Sujet {title}\n\nTexte\n\nOui :\n{confirm_url}\n")
    (tmp_path / "confirm" / "en.txt").write_text("Subject\n\nText {who}\n")
    with pytest.raises(Misconfigured) as refused:
        compile_all(folder=tmp_path)
    faults = "\n".join(refused.value.faults)
    assert "confirm/hy.txt: is missing" in faults
    assert "confirm/en.txt: there is no {who}" in faults
    assert "confirm/en.txt: has not the placeholders of fr.txt" in faults
    assert "confirm/fr.txt: the subject may name the issuer and nothing else" in faults


# -- nothing that was typed ------------------------------------------------------------------------------------------------


def hostile() -> list[str]:
    """Addresses that would become a second recipient, a header, a command or another argument if anybody let them."""
    ends = ["\r\n", "\n", "\r", "\0", "%0d%0a", "\u2028", "\x85", "\t", " ", "\x0b"]
    tails = ["Bcc: victim@example.org", "RCPT TO:<victim@example.org>", "DATA", ".", "QUIT", "To: victim@example.org", "SIZE=1"]
    made = [f"ani@example.org{end}{tail}" for end in ends for tail in tails]
    made += [f"ani{end}{tail}@example.org" for end in ends for tail in tails]
    made += [f"{tail}{end}ani@example.org" for end in ends[:4] for tail in tails]
    made += [
        "ani@example.org,victim@example.org", "ani@example.org;victim@example.org", "ani@example.org victim@example.org",
        "<ani@example.org>", "ani@example.org> SIZE=1", "Ani <ani@example.org>", '"ani victim"@example.org', "ani@victim@example.org",
        "@example.org", "ani@", "", "ani", "ani@[127.0.0.1]", "ani@example.org.", "a" * 300 + "@example.org", "ani@" + "a" * 300,
        "=?utf-8?q?ani?=@example.org\n",
        "ani@example.org\u202e", "անի@example.org", "(x)ani@example.org", "ani(x)@example.org", r"ani\@example.org",
        "ani@example.org (victim)",
        "ani@exämple.org", "ani@.org", "postmaster", "ani@example.org/victim", "ani@exa_mple.org", "ani@example.org:25",
        "!victim@example.org@relay", "ani%victim.org@", "\ue000confirm\ue001@example.org",
    ]  # fmt: skip
    return made


async def test_two_hundred_hostile_addresses_reach_exactly_one_recipient_or_nobody(office: Office, relay: Relay, post: mail.Post) -> None:
    payloads = hostile()
    assert len(payloads) >= 200
    allowed = set()
    for payload in payloads:
        try:
            allowed.add(identity.deliverable(payload))
        except Invalid:
            continue
    # Some are harmless once trimmed or encoded; a bug at the form's door would let the others through to us as they are.
    await office.write(*payloads, *allowed)
    done = await office.deliver(post, limit=1_000)
    assert done.sent + done.failed == len(payloads) + len(allowed)
    assert done.sent >= len(allowed)
    for got in relay.taken:
        (only,) = got.recipients
        assert only in payloads or only in allowed
        assert re.fullmatch(r"[\x21-\x7e]+@[A-Za-z0-9.-]+", only)
        assert got.parsed["To"] == only
        assert got.parsed.get_all("Bcc") is None
        assert len(got.parsed.get_all("To", [])) == 1
    assert {address for got in relay.taken for address in got.recipients}.isdisjoint({"victim@example.org"})
    assert sorted(relay.asked) == sorted(r for got in relay.taken for r in got.recipients), "no RCPT that was not one of the mails"


async def test_the_envelope_refuses_by_itself(post: mail.Post) -> None:
    async with post.line() as line:
        for payload in ("ani@example.org\r\nRCPT TO:<victim@example.org>", "ani@example.org> x", "a b@example.org"):
            with pytest.raises(Unproven):
                await line.send("petition@example.org", payload, b"Subject: x\r\n\r\nx\r\n")


async def test_no_word_that_somebody_typed_is_in_the_mail(office: Office, relay: Relay, post: mail.Post) -> None:
    random = Random(5)
    alphabet = string.ascii_letters + string.digits + "<>&=.:/@ {}\"'՞՛Ասդֆ"
    typed = {}
    for n in range(60):
        words = {name: "".join(random.choices(alphabet, k=random.randint(4, 40))) for name in ("name", "locality", "role", "partner")}
        words["name"] = random.choice(
            ["Buy pills at http://spam.example/", "Ani\r\nBcc: victim@example.org", words["name"], "{title}{confirm_url}"]
        )
        typed[f"seda{n}@example.org"] = words
    for address, words in typed.items():
        await office.write(address, facts={"title": TITLE, **words}, template="confirm", language=LANGUAGES[len(address) % 3])
    assert (await office.deliver(post)).sent == 60
    blank = {}
    for language in LANGUAGES:
        blank[language] = office.compiled.fill(
            "confirm",
            language,
            to="x@x",
            message_id="",
            at=datetime.now(UTC),
            tokens={"confirm": "0" * 87, "not-me": "0" * 87},
            title=TITLE,
            days=30,
        )
    for got in relay.taken:
        known = Taken("", [], blank[got.parsed["Content-Language"]])
        tokens_in = set(re.findall(r"[\w.-]{87}", got.text))
        ours = known.text + known.html + str(known.parsed["Subject"]) + got.recipients[0]
        seen = got.text + got.html + str(got.parsed["Subject"])
        for token in tokens_in:
            seen = seen.replace(token, "0" * 87)
        for word in typed[got.recipients[0]].values():
            for at in range(len(word) - 3):
                piece = word[at : at + 4]
                assert piece not in seen or piece in ours


# -- in few packets ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pipelines", [True, False])
async def test_commands_share_a_packet_where_the_relay_says_that_it_takes_that(relay: Relay, pipelines: bool) -> None:
    relay.pipelines = pipelines
    async with mail.Post(relay.url, size=1) as post, post.line() as line:
        for n in range(3):
            assert (await line.send("petition@example.org", f"ani{n}@example.org", b"Subject: x\r\n\r\nx\r\n")).code == 250
    said = [packet.split(b" ", 1)[0].rstrip() for packet in relay.packets if not packet.startswith((b"EHLO", b"QUIT", b"Subject"))]
    assert said == ([b"MAIL"] * 3 if pipelines else [b"MAIL", b"RCPT", b"DATA"] * 3)
    if pipelines:
        assert relay.packets[1].endswith(b"RCPT TO:<ani0@example.org>\r\nDATA\r\n")
    assert [got.recipients for got in relay.taken] == [[f"ani{n}@example.org"] for n in range(3)]


@pytest.mark.parametrize("is_naive", [True, False])
@pytest.mark.parametrize("pipelines", [True, False])
async def test_after_a_no_the_next_mail_on_the_same_connection_is_paired_with_its_own_answer(
    relay: Relay, pipelines: bool, is_naive: bool
) -> None:
    relay.pipelines, relay.is_naive = pipelines, is_naive
    relay.by_recipient = {"levon@example.org": "550 5.1.1 no such user", "siranush@example.org": "452 4.2.2 full"}
    told = []
    async with mail.Post(relay.url, size=1) as post, post.line() as line:
        for name in ("ani", "levon", "narek", "siranush", "siranush", "ani"):
            told.append((await line.send("petition@example.org", f"{name}@example.org", b"Subject: x\r\n\r\nx\r\n")).name)
    assert told == ["250 2.0.0", "550 5.1.1", "250 2.0.0", "452 4.2.2", "452 4.2.2", "250 2.0.0"]
    assert [got.recipients for got in relay.seen] == [[f"{name}@example.org"] for name in ("ani", "narek", "ani")], "and nothing to nobody"
    assert relay.connections == 1


async def test_no_line_of_a_mail_is_taken_for_its_end_or_for_a_command(relay: Relay, post: mail.Post) -> None:
    async with post.line() as line:
        smuggled = b"Subject: x\r\n\r\n.\r\n..\r\n.dot\r\nx\n.\nMAIL FROM:<victim@example.org>\r.\rend"
        assert (await line.send("petition@example.org", "ani@example.org", smuggled)).code == 250
        for broken in (b"MAIL\r\nRCPT", b"RSET\n"):
            assert line.talk is not None
            with pytest.raises(Unproven):
                line.talk.say(broken)
    (got,) = relay.taken
    assert got.data.split(b"\r\n")[:-1] == [
        b"Subject: x", b"", b".", b"..", b".dot", b"x", b".", b"MAIL FROM:<victim@example.org>", b".", b"end",
    ]  # fmt: skip


async def test_a_relay_that_speaks_unasked_is_not_believed_again(relay: Relay, post: mail.Post) -> None:
    async with post.line() as line:
        assert (await line.send("petition@example.org", "ani@example.org", b"x\r\n")).code == 250
    for talk in relay.open:
        talk.say("250 2.0.0 and the next one, too")
    async with asyncio.timeout(60):
        while relay.open:
            await asyncio.sleep(0.01)
    async with post.line() as line:
        relay.by_recipient = {"levon@example.org": "550 5.1.1 no such user"}
        assert (await line.send("petition@example.org", "levon@example.org", b"x\r\n")).code == 550
    assert relay.connections == 2


# -- whatever the relay does -----------------------------------------------------------------------------------------------


async def test_while_the_relay_is_away_nothing_is_touched_and_afterwards_everything_goes_out(office: Office, relay: Relay) -> None:
    ids = await office.write(*(f"ani{n}@example.org" for n in range(20)))
    await relay.stop()
    async with mail.Post(relay.url, size=4) as post:
        assert await office.deliver(post) == mail.Delivery(is_away=True)
        assert await office.deliver(post) == mail.Delivery(is_away=True)
        assert {(await office.row(i))["attempts"] for i in ids} == {0}
        await relay.start()
        assert await office.deliver_once_back(post) == mail.Delivery(sent=20)
    assert len(relay.taken) == 20


async def test_a_relay_that_goes_away_in_the_middle_costs_nobody_a_place(office: Office, relay: Relay) -> None:
    relay.mode = "hold"
    ids = await office.write(*(f"ani{n}@example{n}.org" for n in range(40)))
    async with mail.Post(relay.url, size=2) as post:
        round_ = asyncio.create_task(office.deliver(post))
        await relay.saw(2)
        await relay.stop()
        done = await round_
        # The two that were in the relay's hands come again later; all others keep their place.
        assert (done.sent, done.failed, done.deferred, done.is_away) == (0, 0, 2, True)
        rows = [await office.row(i) for i in ids]
        assert sum(row["claimed_until"] is not None for row in rows) == 0
        now = await office.later(0)
        assert sum(row["due_at"] > now for row in rows) == 2
        relay.mode = "ok"
        await relay.start()
        assert (await office.deliver_once_back(post)).sent == 38
        assert (await office.deliver(post, now=await office.later(6))).sent == 2


async def test_a_temporary_no_is_tried_again_for_two_days_and_then_recorded(office: Office, relay: Relay, post: mail.Post) -> None:
    relay.mode = "4xx"
    (mail_id,) = await office.write("ani@example.org")
    start = (await office.row(mail_id))["created_at"]
    tried, at = [], start
    for _ in range(60):
        done = await office.deliver(post, now=at)
        tried.append(round((at - start) / timedelta(minutes=1)))
        row = await office.row(mail_id)
        if row["state"] == "failed":
            break
        assert done == mail.Delivery(deferred=1)
        assert await office.deliver(post, now=row["due_at"] - timedelta(seconds=1)) == mail.Delivery()
        at = row["due_at"]
    assert [later - earlier for earlier, later in pairwise(tried)][:5] == [5, 30, 60, 120, 120]
    assert 48 * 60 <= tried[-1] < 51 * 60
    assert row["code"] == "451 4.3.0"
    assert row["address"] is None
    assert relay.taken == []
    assert await office.pool.fetchval("select count(*) from suppression") == 0


async def test_a_final_no_ends_the_mail_and_says_nothing_about_the_address(office: Office, relay: Relay, post: mail.Post) -> None:
    relay.mode = "5xx"
    relay.by_recipient["levon@example.org"] = "550 no thanks"
    ids = await office.write("ani@example.org", "levon@example.org")
    assert await office.deliver(post) == mail.Delivery(failed=2)
    assert [(await office.row(i))["code"] for i in ids] == ["554 5.6.0", "550"]
    assert await office.pool.fetchval("select count(*) from suppression") == 0


async def test_a_mailbox_that_does_not_exist_is_never_written_to_again(office: Office, relay: Relay, post: mail.Post) -> None:
    relay.by_recipient["nobody@example.org"] = "550 5.1.1 <nobody@example.org>: user unknown"
    ids = await office.write("nobody@example.org", "ani@example.org")
    assert await office.deliver(post) == mail.Delivery(sent=1, failed=1)
    assert (await office.row(ids[0]))["code"] == "550 5.1.1"
    rows = await office.pool.fetch("select * from suppression")
    assert [(row["address_index"], row["reason"]) for row in rows] == [(office.index("nobody@example.org"), "bounced")]
    async with db.transaction(office.pool) as connection:
        asked = [office.index("nobody@example.org"), office.index("ani@example.org")]
        assert await mail.suppressed(connection, asked) == {asked[0]}
    relay.by_recipient.clear()
    (again,) = await office.write("nobody@example.org")
    assert await office.deliver(post) == mail.Delivery(failed=1)
    assert (await office.row(again))["code"] == "suppressed"


async def test_a_slow_relay_gets_its_time(office: Office, relay: Relay, post: mail.Post) -> None:
    relay.mode, relay.delay = "slow", 0.1
    await office.write(*(f"ani{n}@example.org" for n in range(4)))
    assert await office.deliver(post) == mail.Delivery(sent=4)


async def test_a_relay_that_never_answers_is_asked_again_later(office: Office, relay: Relay) -> None:
    relay.mode, relay.delay = "slow", 600.0
    (mail_id,) = await office.write("ani@example.org")
    async with mail.Post(relay.url, size=2, patience=0.3) as post:
        await office.deliver(post)
    assert (await office.row(mail_id))["state"] == "due"
    relay.mode = "ok"
    async with mail.Post(relay.url, size=2) as post:
        await office.deliver(post, now=await office.later(6))
    assert (await office.row(mail_id))["state"] == "sent"


async def test_a_connection_cut_in_data_is_tried_again_under_the_same_message_id(office: Office, relay: Relay, post: mail.Post) -> None:
    relay.mode = "cut"
    (mail_id,) = await office.write("ani@example.org")
    assert await office.deliver(post) == mail.Delivery(deferred=1)
    row = await office.row(mail_id)
    assert (row["state"], row["code"], row["attempts"]) == ("due", "connection", 0)
    relay.mode = "ok"
    assert await office.deliver(post, now=await office.later(6)) == mail.Delivery(sent=1)
    assert relay.taken[0].parsed["Message-ID"] == mail.message_id(office.mail_token_key, mail_id, "petition.example.org")


async def test_a_provider_that_limits_us_is_paused_and_starves_nobody(office: Office, relay: Relay, post: mail.Post) -> None:
    relay.by_domain["busy.example"] = "450 4.7.28 our system has detected an unusual rate"
    slow = await office.write(*(f"ani{n}@busy.example" for n in range(150)), priority=1)
    await office.write(*(f"levon{n}@other{n}.example" for n in range(30)), priority=5)
    done = await office.deliver(post)
    assert done.sent == 30
    assert done.alarms >= 3
    assert len(relay.asked) - 30 <= 3 + GROUP * post.size, "the others of that provider are not even tried"
    state = await office.provider()
    assert timedelta(minutes=14) < state["paused_until"] - state["updated_at"] < timedelta(minutes=16)
    assert state["last_code"] == "450 4.7.28"
    asked = len(relay.asked)
    assert await office.deliver(post, now=await office.later(10)) == mail.Delivery(), "patience"
    assert len(relay.asked) == asked
    # After the pause one is tried; still no: a longer pause. Then yes: everything goes out, at once.
    again = await office.deliver(post, now=await office.later(16))
    assert (again.sent, again.deferred > 0) == (0, True)
    second = await office.provider()
    assert second["paused_until"] - second["updated_at"] >= timedelta(minutes=29)
    relay.by_domain.clear()
    sent = 0
    for minutes in (50, 60, 120, 240):
        sent += (await office.deliver(post, now=await office.later(minutes), limit=500)).sent
    assert sent == 150
    assert await office.pool.fetchval("select failures from mail_domain") == 0
    assert {(await office.row(i))["state"] for i in slow} == {"sent"}


async def test_one_closed_mailbox_does_not_pause_its_provider(office: Office, relay: Relay, post: mail.Post) -> None:
    relay.by_recipient["group@big.example"] = "550 5.7.1 you may not have permission to post"
    (closed,) = await office.write("group@big.example", priority=1)
    await office.write(*(f"ani{n}@big.example" for n in range(20)))
    done = await office.deliver(post)
    assert (done.sent, done.deferred, done.alarms) == (20, 1, 1)
    assert await office.pool.fetchval("select count(*) from mail_domain where paused_until is not null") == 0
    for hours in range(0, 52, 2):
        await office.deliver(post, now=await office.later(hours * 60 + 7))
    row = await office.row(closed)
    assert (row["state"], row["code"]) == ("failed", "550 5.7.1")
    assert await office.pool.fetchval("select count(*) from suppression") == 0


async def test_a_slow_provider_leaves_a_connection_to_the_others(office: Office, relay: Relay) -> None:
    relay.slow_domain, relay.delay = "slow.example", 0.0
    await office.write(*(f"ani{n}@slow.example" for n in range(18)), priority=1)
    await office.write(*(f"levon{n}@quick.example" for n in range(10)), priority=5)
    async with mail.Post(relay.url, size=3) as post:
        round_ = asyncio.create_task(office.deliver(post))
        async with asyncio.timeout(60):
            while len(relay.taken) < 10:
                await asyncio.sleep(0.01)
        assert {got.recipients[0].partition("@")[2] for got in relay.taken} == {"quick.example"}, "while the slow one has not answered once"
        relay.released.set()
        assert await round_ == mail.Delivery(sent=28)
    assert relay.at_once["slow.example"] == 2


# -- connections -----------------------------------------------------------------------------------------------------------


async def test_connections_are_kept_between_mails_and_between_rounds(office: Office, relay: Relay, post: mail.Post) -> None:
    for _ in range(3):
        await office.write(*(f"ani{n}@example.org" for n in range(60)))
        assert (await office.deliver(post)).sent == 60
    assert relay.connections <= post.size


@pytest.mark.parametrize("is_rude", [False, True])
async def test_a_relay_that_hangs_up_now_and_then_loses_nothing_and_doubles_nothing(
    office: Office, relay: Relay, post: mail.Post, is_rude: bool
) -> None:
    relay.most_mails, relay.is_rude = 3, is_rude
    await office.write(*(f"ani{n}@example.org" for n in range(50)))
    assert await office.deliver(post) == mail.Delivery(sent=50)
    relay.hang_up()  # between rounds, as relays do after some idle minutes
    await asyncio.sleep(0.05)
    await office.write("levon@example.org")
    assert (await office.deliver(post)).sent == 1
    assert len({got.recipients[0] for got in relay.taken}) == len(relay.taken) == 51


async def test_a_relay_that_allows_two_connections_is_used_with_two(office: Office, relay: Relay) -> None:
    relay.most_connections = 2
    await office.write(*(f"ani{n}@example{n}.org" for n in range(80)))
    async with mail.Post(relay.url, size=5) as post:
        total = sum([(await office.deliver(post)).sent for _ in range(3)])
    assert total == 80


async def test_mail_goes_over_tls_with_a_password_and_never_with_one_in_clear(office: Office, tmp_path: Path) -> None:
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

    server_tls, client_tls = _certificate(tmp_path)
    took: list[tuple[str, object]] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            took.append((envelope.rcpt_tos[0], session.ssl is not None))
            return "250 ok"

    def allow(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        return AuthResult(success=(data.login, data.password) == (b"ani", b"p@ss:w/d"), handled=False)

    loop = asyncio.get_running_loop()
    listen = await loop.create_server(
        lambda: SMTP(
            Handler(), hostname="relay.test", tls_context=server_tls, require_starttls=True, auth_required=True, authenticator=allow
        ),
        "127.0.0.1",
        0,
    )
    port = listen.sockets[0].getsockname()[1]
    try:
        await office.write("levon@example.org")
        async with mail.Post(f"smtp+starttls://ani:wrong@localhost:{port}", tls=client_tls) as post:
            assert await office.deliver(post) == mail.Delivery(is_away=True)
        async with mail.Post(f"smtp+starttls://ani:p%40ss%3Aw%2Fd@localhost:{port}", tls=client_tls) as post:
            assert await office.deliver(post) == mail.Delivery(sent=1)
        async with mail.Post(f"smtp+starttls://ani:p%40ss%3Aw%2Fd@localhost:{port}") as post:
            await office.write("levon@example.org")
            assert await office.deliver(post) == mail.Delivery(is_away=True), "a certificate that nobody vouches for"
    finally:
        listen.close()
        await asyncio.sleep(0.05)
    assert took == [("levon@example.org", True)]
    with pytest.raises(Misconfigured):
        mail.Post("smtp://ani:secret@relay.example.org")
    with pytest.raises(Misconfigured):
        mail.Post("http://relay.example.org")


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key").write_bytes(key.private_bytes(*private))
    (folder / "cert").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert", folder / "key")
    return server, ssl.create_default_context(cafile=str(folder / "cert"))


# -- exactly once, or nearly -----------------------------------------------------------------------------------------------


async def test_two_workers_send_each_mail_once(office: Office, relay: Relay) -> None:
    await office.write(*(f"ani{n}@example{n % 7}.org" for n in range(300)))
    async with mail.Post(relay.url, size=4) as one, mail.Post(relay.url, size=4) as other:
        done = await asyncio.gather(office.deliver(one, limit=500), office.deliver(other, limit=500))
    assert sum(d.sent for d in done) == 300
    assert len({got.recipients[0] for got in relay.taken}) == len(relay.taken) == 300


async def test_a_worker_that_slept_past_its_lease_marks_nothing(office: Office, relay: Relay) -> None:
    relay.mode = "hold"
    ids = await office.write(*(f"ani{n}@example.org" for n in range(GROUP + 4)))
    async with mail.Post(relay.url, size=1) as slept, mail.Post(relay.url, size=1) as other:
        asleep = await office.later(0)
        sleeper = asyncio.create_task(office.deliver(slept))
        await relay.saw(1)
        assert await office.deliver(other, now=asleep + timedelta(seconds=24)) == mail.Delivery(), "held by the sleeper"
        relay.mode = "4xx"
        done = await office.deliver(other, now=await office.later(0.6))
        assert done == mail.Delivery(deferred=GROUP + 4)
        relay.mode = "ok"
        relay.released.set()
        # The sleeper wakes: the mail in its hand was accepted, but it is not its mail any more; the others it does not start.
        assert await sleeper == mail.Delivery()
    assert [(await office.row(i))["code"] for i in ids] == ["451 4.3.0"] * (GROUP + 4)
    assert len(relay.taken) == 1 + GROUP - 1, "only what it had started before it slept"


async def test_a_worker_that_lives_keeps_its_mails_however_slow_the_relay(office: Office, relay: Relay) -> None:
    relay.mode = "hold"
    await office.write(*(f"ani{n}@example.org" for n in range(12)))
    async with mail.Post(relay.url, size=1) as slow, mail.Post(relay.url, size=1) as other:
        patient = asyncio.create_task(office.deliver(slow, lease=0.6))
        await relay.saw(1)
        ends = "select min(claimed_until) from mail"
        first = await office.pool.fetchval(ends)
        async with asyncio.timeout(60):
            while await office.pool.fetchval(ends) <= first:
                await asyncio.sleep(0.05)
        assert await office.deliver(other, now=first) == mail.Delivery(), "the first lease has run out, and it was made longer"
        relay.mode = "ok"
        relay.released.set()
        assert await patient == mail.Delivery(sent=12)


CHILD = """
import asyncio, os, sys
from service import db, identity, mail, tokens
async def main(url, smtp, epoch, token, key):
    secrets = mail.Secrets(
        mail_token_key=key, write=tokens.Tokens([token]).write, handle=tokens.handle, stored=tokens.stored,
        open_address=lambda k, i, b: identity.open_sealed(epoch, k, "mail", i.bytes, b).decode(), suppression_index=lambda a: a.encode())
    compiled = mail.Compiled(base_url="https://petition.example.org", sender="x@petition.example.org", issuer="x", contact="x")
    async with db.open_pool(url) as pool, mail.Post(smtp, size=1) as post:
        await mail.deliver_due(pool, post, secrets, compiled)
asyncio.run(main(sys.argv[1], sys.argv[2], *(bytes.fromhex(x) for x in os.environ["KEYS"].split())))
"""


async def test_a_claim_that_the_database_forgot_in_a_crash_is_not_taken_for_the_next_one(office: Office, relay: Relay) -> None:
    relay.mode = "hold"
    ids = await office.write(*(f"ani{n}@example.org" for n in range(GROUP + 4)))
    async with mail.Post(relay.url, size=1) as first, mail.Post(relay.url, size=1) as second:
        unaware = asyncio.create_task(office.deliver(first))
        await relay.saw(1)
        await office.pool.execute(
            "update mail set claim = 0, claimed_until = null"
        )  # as it was before: its commit had not reached the disk
        relay.mode = "4xx"
        assert await office.deliver(second) == mail.Delivery(deferred=GROUP + 4)
        relay.mode = "ok"
        relay.released.set()
        assert await unaware == mail.Delivery(), "its numbers are nobody's"
    assert [(await office.row(i))["code"] for i in ids] == ["451 4.3.0"] * (GROUP + 4)
    assert len(relay.taken) == GROUP, "only what it had begun"


async def test_a_worker_killed_after_data_sends_at_most_what_it_had_started_twice(
    office: Office, relay: Relay, post: mail.Post, database: str
) -> None:
    relay.mode = "hold"
    ids = await office.write(*(f"ani{n}@example.org" for n in range(60)))
    keys = " ".join(key.hex() for key in (office.epoch_key, office.token_key, office.mail_token_key))
    root = str(Path(__file__).parent.parent)
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, database, relay.url, cwd=root, env={**os.environ, "KEYS": keys}
    )
    try:
        await relay.saw(1)
    finally:
        child.kill()
        await child.wait()
    assert child.returncode == -signal.SIGKILL
    relay.mode = "ok"
    relay.released.set()
    first, last = await office.pool.fetchrow("select min(claimed_until), max(claimed_until) from mail")
    assert (await office.deliver(post, now=first - timedelta(milliseconds=1))).sent == 0
    assert (await office.deliver(post, now=last + timedelta(milliseconds=1), limit=500)).sent == 60
    assert {(await office.row(i))["state"] for i in ids} == {"sent"}
    doubled = [got for got in relay.seen if sum(x.recipients == got.recipients for x in relay.seen) > 1]
    assert len(doubled) == 2
    assert doubled[0].parsed["Message-ID"] == doubled[1].parsed["Message-ID"]
    assert len({got.parsed["Message-ID"] for got in relay.seen}) == 60


async def test_stopping_finishes_what_is_in_flight_and_gives_the_rest_back(office: Office, relay: Relay) -> None:
    relay.mode = "hold"
    ids = await office.write(*(f"ani{n}@example.org" for n in range(40)))
    stop = asyncio.Event()
    async with mail.Post(relay.url, size=1) as post:
        round_ = asyncio.create_task(office.deliver(post, stop=stop))
        await relay.saw(1)
        stop.set()
        relay.mode = "ok"
        relay.released.set()
        assert await round_ == mail.Delivery(sent=GROUP)
    rows = [await office.row(i) for i in ids]
    assert sum(row["state"] == "due" and row["claimed_until"] is None and row["attempts"] == 0 for row in rows) == 40 - GROUP


async def test_a_cancelled_round_notes_what_was_sent_and_gives_back_what_was_not_begun(office: Office, relay: Relay) -> None:
    ids = await office.write(*(f"ani{n}@example.org" for n in range(6)), "slow@slow.example", *(f"seda{n}@example.org" for n in range(5)))
    relay.slow_domain, relay.delay = "slow.example", 30.0
    async with mail.Post(relay.url, size=1) as post:
        round_ = asyncio.create_task(office.deliver(post))
        await relay.saw(7)
        round_.cancel()
        with pytest.raises(asyncio.CancelledError):
            await round_
    rows = [await office.row(i) for i in ids]
    assert [row["state"] for row in rows] == ["sent"] * 6 + ["due"] * 6
    assert [row["claimed_until"] is None for row in rows[6:]] == [False, True, True, True, True, True]


async def test_a_mail_that_we_cannot_write_is_set_aside_and_the_others_go_on(office: Office, relay: Relay, post: mail.Post) -> None:
    (poison,) = await office.write("poison@example.org", facts={"title": 5}, priority=1)
    await office.write(*(f"ani{n}@example.org" for n in range(20)))
    assert await office.deliver(post) == mail.Delivery(sent=20, deferred=1)
    rounds = 1
    while (row := await office.row(poison))["state"] == "due":
        assert row["code"].startswith("fault ")
        await office.deliver(post, now=row["due_at"])
        rounds += 1
    assert rounds == 8
    assert (row["state"], row["code"]) == ("failed", "parked TypeError")


@pytest.mark.parametrize("facts", [{"links": [{"petition": "nonsense", "signature": "x"}]}, {"links": 5}, [], {"links": [None]}])
async def test_facts_that_make_no_sense_are_one_mails_trouble(office: Office, relay: Relay, post: mail.Post, facts: Any) -> None:
    await office.write("poison@example.org", template="manage", facts=facts, priority=1)
    await office.write(*(f"ani{n}@example.org" for n in range(5)))
    assert await office.deliver(post) == mail.Delivery(sent=5, deferred=1)


async def test_a_mail_that_brings_the_worker_down_is_tried_alone_and_ends(office: Office, relay: Relay, post: mail.Post) -> None:
    killers = await office.write("killer@example.org", "mate@example.org", priority=1)
    await office.write(*(f"ani{n}@example.org" for n in range(20)))
    # As eight dead workers leave it, and one of its neighbours that was with it once.
    await office.pool.execute(
        "update mail set attempts = case id when $1 then 8 else 1 end, claimed_until = now() - interval '1 s' where id = any($2)",
        killers[0],
        killers,
    )
    assert await office.deliver(post) == mail.Delivery(sent=21, failed=1)
    assert (await office.row(killers[0]))["code"] == "parked"
    assert relay.taken[-1].recipients == ["mate@example.org"], "whoever was there when a worker died goes last, alone"


# -- what makes no sense any more ------------------------------------------------------------------------------------------


async def test_mails_that_make_no_sense_any_more_end_with_their_reason(office: Office, relay: Relay, post: mail.Post, pool: Pool) -> None:
    (unopened,) = await office.write("ani@example.org", key_id=2)
    (expired,) = await office.write("levon@example.org", life=timedelta(seconds=-1))
    (kept,) = await office.write("seda@example.org")
    (erased,) = await office.write("aram@example.org")
    (unknown,) = await office.write("nare@example.org")
    await pool.execute("update mail set template = 'no-such' where id = $1", unknown)
    petition = uuid4()
    await pool.execute("insert into petition (id, slug, opens_at, text_version) values ($1, 'free', now(), 1)", petition)
    await pool.execute("insert into text_version values ($1, 1, '', sha256(''))", petition)
    for mail_id, state in ((kept, "pending"), (erased, "erased")):
        signature = (await office.row(mail_id))["signature_id"]
        await pool.execute(
            "insert into signature (id, petition_id, text_version, state, visibility) values ($1, $2, 1, $3, 'count')",
            signature,
            petition,
            state,
        )
    assert await office.deliver(post) == mail.Delivery(sent=1, failed=4)
    codes = [(await office.row(i))["code"] for i in (unopened, expired, kept, erased, unknown)]
    assert codes == ["unopened", "link-gone", "250 2.0.0", "link-gone", "no-such-message"]
    (late,) = await office.write("late@example.org")
    office.gone.add(1)
    assert await office.deliver(post) == mail.Delivery(failed=1)
    assert (await office.row(late))["code"] == "key-gone"


async def test_first_confirmations_go_first(office: Office, relay: Relay) -> None:
    await office.write(*(f"again{n}@example.org" for n in range(15)), template="already", priority=5)
    await office.write(*(f"first{n}@example.org" for n in range(15)), priority=1)
    async with mail.Post(relay.url, size=1) as post:
        await office.deliver(post)
    assert [got.recipients[0][:5] for got in relay.taken] == ["first"] * 15 + ["again"] * 15


# -- how many --------------------------------------------------------------------------------------------------------------


async def allowed(pool: Pool, mailboxes: list[list[bytes]], now: datetime | None = None) -> list[bool]:
    async with db.transaction(pool) as connection:
        return await mail.caps_allow(connection, mailboxes, now=now)


async def test_five_hundred_forms_for_one_mailbox_are_one_mail_now_and_three_in_a_day(app_pool: Pool) -> None:
    ani, levon = [b"a" * 32], [b"l" * 32]
    burst = await asyncio.gather(*(allowed(app_pool, [ani] * 50 + [levon]) for _ in range(10)))
    assert sum(sum(one[:50]) for one in burst) == 1
    assert sum(one[50] for one in burst) == 1
    start = await app_pool.fetchval("select max(at) from mail_cap")
    for minute in range(1, 24 * 60, 3):
        await allowed(app_pool, [ani], start + timedelta(minutes=minute))
    assert await app_pool.fetchval("select count(*) from mail_cap where address_index = $1", ani[0]) == 3


async def test_a_mailbox_gets_one_in_ten_minutes_three_in_a_day_six_in_a_week(app_pool: Pool) -> None:
    ani = [b"a" * 32]
    start = datetime(2026, 3, 2, tzinfo=UTC)
    given = []
    for minute in range(0, 9 * 24 * 60, 5):
        if (await allowed(app_pool, [ani], start + timedelta(minutes=minute)))[0]:
            given.append(minute)
    assert given[:4] == [0, 10, 20, 24 * 60]
    assert given[:6] == [0, 10, 20, 1440, 1450, 1460]
    assert given[6] == 7 * 24 * 60


async def test_the_week_is_counted_whole_when_the_key_changes_in_its_middle(app_pool: Pool) -> None:
    old, new = b"o" * 32, b"n" * 32
    start = datetime(2026, 3, 2, tzinfo=UTC)
    for n in range(6):
        assert await allowed(app_pool, [[old]], start + timedelta(hours=25 * n))
    assert await allowed(app_pool, [[new, old]], start + timedelta(days=6, hours=23)) == [False]
    assert await allowed(app_pool, [[new, old]], start + timedelta(days=7, hours=1)) == [True]


async def test_two_workers_with_the_same_mailboxes_in_opposite_order_do_not_wait_for_each_other(app_pool: Pool) -> None:
    many = [[os.urandom(32), os.urandom(32)] for _ in range(200)]
    answers = await asyncio.gather(*(allowed(app_pool, many[:: (1, -1)[n % 2]]) for n in range(6)))
    assert sum(sum(answer) for answer in answers) == 200
    assert await app_pool.fetchval("select count(*) from mail_cap") == 200


async def test_the_first_reason_never_to_write_again_stays(app_pool: Pool) -> None:
    async with db.transaction(app_pool) as connection:
        await mail.suppress(connection, b"a" * 32, "not-me")
        await mail.suppress(connection, b"a" * 32, "bounced")
        assert await mail.suppressed(connection, []) == set()
    assert await app_pool.fetchval("select reason from suppression") == "not-me"


async def test_what_has_had_its_time_is_deleted(office: Office, relay: Relay, post: mail.Post) -> None:
    await office.write("ani@example.org")
    await office.deliver(post)
    (waits,) = await office.write("levon@example.org")
    await allowed(office.pool, [[b"a" * 32]])
    async with db.transaction(office.pool) as connection:
        assert (await mail.waiting(connection))[0] == 1
        assert await mail.housekeeping(connection, now=await office.later(6.9 * 1440)) == {"mails": 0, "caps": 0, "domains": 0}
        assert await mail.housekeeping(connection, now=await office.later(8.1 * 1440)) == {"mails": 1, "caps": 1, "domains": 0}
        due, age = await mail.waiting(connection, now=await office.later(60))
        assert (due, 3500 < age < 3700) == (1, True)
    assert (await office.row(waits))["state"] == "due"


async def test_every_statement_is_one_that_the_server_takes(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        found = db.statements("mail")
        for name in found.available_queries:
            await connection.prepare(getattr(found, name).sql)
    finally:
        await connection.close()


async def test_claiming_walks_the_index_of_due_mail_and_sorts_nothing(office: Office, pool: Pool) -> None:
    await pool.execute(
        textwrap.dedent("""
        insert into mail (id, template, language, domain, priority, state, ended_at)
        select gen_random_uuid(), 'confirm', 'fr', sha256(int4send(n)), n % 3, case when n % 20 = 0 then 'due' else 'sent' end,
            case when n % 20 = 0 then null else now() end
        from generate_series(1, 20000) n
        """)
    )
    await pool.execute("analyze mail")
    async with pool.acquire() as connection:
        plan = "\n".join(
            row[0] for row in await connection.fetch("explain " + db.statements("mail").claim.sql, datetime.now(UTC), [], 100, 30.0, 1)
        )
    assert "mail_due" in plan
    assert "Sort" not in plan
