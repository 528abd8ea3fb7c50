"""A mail that came back later than the relay's answer: which one it was, and what that means for the mailbox.

Each mail leaves under a return path of its own, whose end names the mail (to us alone) and proves that we wrote it to this very
mailbox. So a made-up bounce has no effect, and a true one, however often it comes, stops mail to its own mailbox and does
nothing else: no signature is touched here.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses
from pathlib import Path
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import ECB

from service import db
from service.errors import Invalid, Misconfigured
from service.mail.letters import suppress
from service.mail.post import ENHANCED, Answer
from service.mail.words import ENVELOPE

q = db.statements("mail")

LARGEST = 1024 * 1024
"""Bytes of a bounce that are read; what it returns to us may be cut off, and its report stands before that."""
_MOST = 20
"""Return paths and mailboxes of one message that are looked at."""
_PROOF = 10
"""Bytes: to guess one costs 2^79 mails to us."""
_ENDING = 42
"""Letters behind the +: the mail's id, as one block under a key, and the proof, in base32."""

Outcome = Literal["suppressed", "noted", "no-effect", "not-ours"]


class ReturnPath:
    """The addresses to which mails come back: ``to`` is a mailbox whose provider takes ``name+anything@`` for ``name@``.

    ``key`` is ``Keys.mail_token_key``; ``index`` gives a mailbox's suppression index, or raises ``Invalid``. Raises
    ``Misconfigured`` when ``to`` leaves no room for what is added to it.
    """

    def __init__(self, to: str, key: bytes, index: Callable[[str], bytes]) -> None:
        name, _, domain = to.rpartition("@")
        if not ENVELOPE.fullmatch(to) or "+" in name or len(name) + 1 + _ENDING > 64:
            raise Misconfigured([f"LIBERTAS_BOUNCES_TO: must be an address with a name of at most {63 - _ENDING} letters and without +"])
        self._name, self._domain, self._key, self._index = name, domain, key, index
        # One block, and no two mails have one id: nothing repeats that a mode could hide.
        self._block = Cipher(AES256(hmac.digest(key, b"libertas return-path id/v1", "sha256")), ECB())  # noqa: S305
        written = rf"{re.escape(name)}[+]([a-z2-7]{{{_ENDING}}})@{re.escape(domain)}"
        self._written = re.compile(written.encode("ascii"), re.IGNORECASE | re.ASCII)

    def of(self, mail_id: UUID, address: str) -> str:
        """Where this mail to this mailbox comes back to."""
        # Hidden, so that a relay's log and a copy of the database cannot be laid side by side.
        ending = base64.b32encode(self._block.encryptor().update(mail_id.bytes) + self._proof(mail_id, self._index(address)))
        return f"{self._name}+{ending.decode().rstrip('=').lower()}@{self._domain}"

    def proved(self, message: bytes, addresses: Iterable[str]) -> tuple[UUID, bytes] | None:
        """The mail that came back, and its mailbox's suppression index, if a return path in ``message`` fits one of ``addresses``."""
        indexes: list[bytes] = []
        for address in addresses:
            try:
                indexes.append(self._index(address))
            except Invalid:
                continue
        for written in list(dict.fromkeys(found.lower() for found in self._written.findall(message)))[:_MOST]:
            try:
                ending = base64.b32decode(written.upper() + b"=" * (-len(written) % 8))
            except binascii.Error:
                continue
            mail_id, proof = UUID(bytes=self._block.decryptor().update(ending[:16])), ending[16:]
            for index in indexes:
                if hmac.compare_digest(proof, self._proof(mail_id, index)):
                    return mail_id, index
        return None

    def _proof(self, mail_id: UUID, index: bytes) -> bytes:
        return hmac.digest(self._key, b"libertas return-path/v1\0" + mail_id.bytes + index, "sha256")[:_PROOF]


class Report(NamedTuple):
    """What a message tells about a mail of ours: ``kind`` "" when it tells nothing. ``status`` is an enhanced status code, or ""."""

    kind: Literal["", "failed", "complained"] = ""
    status: str = ""
    addresses: tuple[str, ...] = ()


def read(message: bytes) -> Report:
    """A delivery status notification (RFC 3464) or a complaint (RFC 5965). All else tells nothing: a delay, a receipt, a person's words."""
    try:
        return _read(message_from_bytes(message[:LARGEST], policy=policy.compat32))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):  # what the parser cannot make sense of
        return Report()


def _read(parsed: Message) -> Report:
    kind: Literal["", "failed", "complained"] = ""
    status, addresses = "", []
    for part in _parts(parsed):
        if part.get_content_type() == "message/delivery-status":
            for fields in _blocks(part):
                if fields.get("action", "").lower() != "failed":
                    continue
                kind, status = "failed", _status(fields) or status
                addresses += [fields[name].partition(";")[2].strip().strip("<>") for name in _MAILBOXES if name in fields]
        elif part.get_content_type() == "message/feedback-report":
            for fields in _blocks(part):
                if fields.get("feedback-type", "").lower() in ("abuse", "fraud", "opt-out"):
                    kind = "complained"
                addresses += [fields[name].strip().strip("<>") for name in ("original-rcpt-to",) if name in fields]
        elif part is not parsed and "to" in part:  # our mail, or its head: who was meant, wherever it was forwarded to
            addresses += [address for _, address in getaddresses([str(part["to"])])]
    return Report(kind, status, tuple(dict.fromkeys(address for address in addresses if ENVELOPE.fullmatch(address)))[:_MOST])


_MAILBOXES = ("original-recipient", "final-recipient")


def _parts(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= 100:
            return
        yield part
        if part.get_content_type() == "text/rfc822-headers":
            yield message_from_bytes(_bytes(part), policy=policy.compat32)


def _status(fields: Mapping[str, str]) -> str:
    """The enhanced code; where it says nothing (5.0.0), the one in the other server's words; or ""."""
    for name in ("status", "diagnostic-code"):
        found = ENHANCED.search(fields.get(name, ""))
        if found and found.group(2, 3) != ("0", "0"):
            return found[0]
    return ""


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _blocks(part: Message) -> Iterator[dict[str, str]]:
    """The groups of fields of a report, each once: the parser makes a message of each, or leaves their text as it is."""
    inner = part.get_payload()
    blocks = inner if isinstance(inner, list) else [message_from_bytes(_bytes(part))]
    for block in blocks[: _MOST + 1]:
        if isinstance(block, Message):
            yield {name.lower(): " ".join(str(value).split()) for name, value in block.items()}


async def take_in(pool: asyncpg.Pool, path: ReturnPath, message: bytes) -> Outcome:
    """What one message that came to the return path does. Safe to repeat.

    "suppressed": the mailbox does not exist or its owner complained, and is not written to again. "noted": the mail counts as
    failed. "no-effect": there is nothing (more) to change. "not-ours": no mail of ours, a person's words perhaps.
    """
    report = read(message)
    found = path.proved(message[:LARGEST], report.addresses) if report.kind else None
    if found is None:
        return "not-ours"
    mail_id, index = found
    answer = Answer(int(report.status[:1] or 5) * 100, report.status)
    is_gone = report.kind == "complained" or answer.is_no_such_mailbox
    async with db.transaction(pool) as connection:
        is_news = await q.came_back(connection, id=mail_id, code=f"{report.kind} {report.status}".strip())
        if is_gone:
            await suppress(connection, index, "complained" if report.kind == "complained" else "bounced")
    return "suppressed" if is_gone else "noted" if is_news else "no-effect"


async def read_maildir(pool: asyncpg.Pool, path: ReturnPath, maildir: Path) -> dict[str, int]:
    """Take in what is new in a Maildir; returns how many messages had which outcome.

    What was ours is deleted, for it names a mailbox; what was not is left to people, in ``cur``. A message that vanishes
    meanwhile was somebody else's.
    """
    done: dict[str, int] = {}
    for file in sorted((maildir / "new").iterdir()) if (maildir / "new").is_dir() else []:
        try:
            with file.open("rb") as opened:
                message = opened.read(LARGEST)
            outcome = await take_in(pool, path, message)
            if outcome == "not-ours":
                (maildir / "cur").mkdir(exist_ok=True)
                file.rename(maildir / "cur" / f"{file.name}:2,")
            else:
                file.unlink()
        except FileNotFoundError:
            continue
        done[outcome] = done.get(outcome, 0) + 1
    return done
