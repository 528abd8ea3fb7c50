"""What the cases need beforehand: forms with solved proofs, links that wait to be pressed, mails that are due, a million signatures.

Rows go in by COPY; whatever the service will open again is sealed as the service seals it, the rest has the real sizes.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from bench.topology import Topology
from service import identity, mail, tokens
from service.captcha import Altcha
from service.identity import Blob
from service.proof import commitment
from service.signatures import record

Progress = Callable[[int, int], None]
_CHUNK = 20_000


def domain(number: int) -> str:
    """A mail domain that does not exist; few signers of one run share it, or they would be held."""
    return f"d{number % 4001}-bench.org"


def forms(topology: Topology, file: Path, count: int, progress: Progress) -> None:
    """``count`` lines for wrk/lines.lua: JSON forms of different people from different networks, each with its own solved proof."""
    gate = Altcha(topology.keys.altcha_keys(), 1)
    now = datetime.now(UTC).timestamp()
    run = secrets.token_hex(3)
    with file.open("w", encoding="ascii") as out:
        for number in range(count):
            body = form(topology, gate, now, f"ani-{run}-{number}@{domain(number)}")
            out.write("\t".join((f"{topology.api}/signatures", f"{run}-{number}", network(), body)) + "\n")
            if number % 1_000 == 0:
                progress(number, count)
    progress(count, count)


def form(topology: Topology, gate: Altcha, now: float, email: str) -> str:
    """The JSON of a signature by ``email``, with a solved proof; ``gate`` is made of the installation's own keys."""
    challenge = gate.challenge(topology.slug, now)
    parameters = challenge["parameters"]
    assert isinstance(parameters, dict)
    told = {"challenge": challenge, "solution": {"counter": 0, "derivedKey": _derived(parameters, 0), "time": 1}}
    body = {
        "name": "Ani Petrosyan", "email": email, "country": "FR", "consent": True, "text_version": 1, "language": "en",
        "altcha": base64.b64encode(json.dumps(told).encode()).decode(),
    }  # fmt: skip
    return json.dumps(body)


def network() -> str:
    """A made-up client's address."""
    return ".".join(str(random.randint(1, 223)) for _ in range(4))


def _derived(parameters: dict[str, object], counter: int) -> str:
    salt, nonce = bytes.fromhex(str(parameters["salt"])), bytes.fromhex(str(parameters["nonce"]))
    return hashlib.sha256(salt + nonce + counter.to_bytes(4, "big")).hexdigest()


# -- rows ------------------------------------------------------------------------------------------------------------------

_SIGNATURE = (
    "id", "petition_id", "text_version", "state", "visibility", "email_index", "exact_index", "blob", "key_id", "lane", "prefix",
    "domain", "country", "language", "received_at", "decided_at", "confirmed_at", "day",
)  # fmt: skip
_TOKEN = ("hash", "purpose", "signature_id", "mail_id", "expires_at")
_MAIL = (
    "id", "template", "language", "address", "key_id", "petition_id", "signature_id", "domain", "priority", "state", "due_at",
    "created_at", "sent_at", "ended_at",
)  # fmt: skip


async def _copy(topology: Topology, table: str, columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    async with topology.owner.acquire() as connection:
        await connection.copy_records_to_table(table, records=rows, columns=columns)


async def _petition(topology: Topology) -> UUID:
    found = await topology.owner.fetchval("select id from petition where slug = $1", topology.slug)
    assert isinstance(found, UUID)
    return found


def _blob(number: int) -> Blob:
    return Blob(
        name="Ani Petrosyan", email=f"ani-{number}@{domain(number)}", country="FR", locality="", language="en", klass="email",
        visibility="count", role="", secret=secrets.token_bytes(32),
    )  # fmt: skip


async def waiting(topology: Topology, count: int, progress: Progress, *, is_sent: bool = True) -> list[str]:
    """``count`` people who have the mail and have not pressed yet; returns the paths of their buttons.

    With ``is_sent`` False the mail is still to be delivered.
    """
    petition = await _petition(topology)
    links = tokens.Tokens(topology.keys.token_keys())
    mail_key = topology.keys.mail_token_key()
    now = datetime.now(UTC)
    then, later = now - timedelta(minutes=1), now + timedelta(days=30)
    key_id, key = topology.keys.epoch(now)
    paths: list[str] = []
    for first in range(0, count, _CHUNK):
        signatures: list[tuple[object, ...]] = []
        handles: list[tuple[object, ...]] = []
        letters: list[tuple[object, ...]] = []
        for number in range(first, min(count, first + _CHUNK)):
            signature_id, mail_id = uuid4(), uuid4()
            blob = record.seal_blob(key, key_id, signature_id, _blob(number))
            signatures.append((
                signature_id, petition, 1, "pending", "count", os.urandom(32), os.urandom(32), blob, key_id, "api", os.urandom(16),
                os.urandom(16), "FR", "en", then, then, None, None,
            ))  # fmt: skip
            for purpose in ("confirm", "not-me"):
                handle = tokens.handle(mail_key, mail.handle_row(mail_id, purpose, signature_id), purpose)
                handles.append((tokens.stored(handle), purpose, signature_id, mail_id, later))
                if purpose == "confirm":
                    paths.append(f"/en/confirm/{links.write('confirm', handle)}")
            address = None if is_sent else identity.seal(key, key_id, "mail", mail_id.bytes, _blob(number).email.encode())
            letters.append((
                mail_id, "confirm", "en", address, None if is_sent else key_id, petition, signature_id, number.to_bytes(16, "big"), 1,
                "sent" if is_sent else "due", then, then, then if is_sent else None, then if is_sent else None,
            ))  # fmt: skip
        await _copy(topology, "signature", _SIGNATURE, signatures)
        await _copy(topology, "token", _TOKEN, handles)
        await _copy(topology, "mail", _MAIL, letters)
        progress(min(count, first + _CHUNK), count)
    await _analyze(topology)
    return paths


async def crowd(topology: Topology, count: int, progress: Progress) -> None:
    """``count`` confirmed signatures of the real size, with the manage link of each; what a petition looks like late in its life."""
    petition = await _petition(topology)
    now = datetime.now(UTC)
    key_id, _ = topology.keys.epoch(now)
    blob = os.urandom(285)  # suite, nonce, 256 bytes of padded text, tag
    later = now + timedelta(days=3650)
    for first in range(0, count, _CHUNK):
        signatures: list[tuple[object, ...]] = []
        handles: list[tuple[object, ...]] = []
        for _ in range(min(_CHUNK, count - first)):
            random_bytes = os.urandom(112)
            signature_id = UUID(bytes=random_bytes[:16], version=4)
            signatures.append((
                signature_id, petition, 1, "confirmed", "count", random_bytes[16:48], random_bytes[48:80], blob, key_id, None, None, None,
                None, None, None, now, None, now.date(),
            ))  # fmt: skip
            handles.append((random_bytes[80:112], "manage", signature_id, None, later))
        await _copy(topology, "signature", _SIGNATURE, signatures)
        await _copy(topology, "token", _TOKEN, handles)
        progress(min(count, first + _CHUNK), count)
    await _analyze(topology)


async def _analyze(topology: Topology) -> None:
    """What autovacuum does within a minute; without it the first plans know nothing of what was just loaded."""
    for table in ("signature", "token", "mail"):
        await topology.owner.execute(f"analyze {table}")


async def unsealed(topology: Topology, count: int) -> str:
    """``count`` confirmed signatures whose leaves wait in the outbox; returns the log's id."""
    petition = await _petition(topology)
    log_id = await topology.owner.fetchval("select id from log where petition_id = $1", petition)
    now = datetime.now(UTC)
    signatures: list[tuple[object, ...]] = []
    leaves: list[tuple[object, ...]] = []
    for _ in range(count):
        signature_id = uuid4()
        signatures.append((
            signature_id, petition, 1, "confirmed", "count", os.urandom(32), os.urandom(32), os.urandom(285), 1, "api", None, None, "FR",
            "en", now, now, now, now.date(),
        ))  # fmt: skip
        leaves.append((log_id, b"A", signature_id, commitment.entry(1, os.urandom(32)), now))
    await _copy(topology, "signature", _SIGNATURE, signatures)
    await _copy(topology, "outbox", ("log_id", "kind", "signature_id", "entry", "queued_at"), leaves)
    return str(log_id)


async def clear(topology: Topology) -> None:
    """Forget forms, mails and unconfirmed people, so that the next case starts like the last one."""
    await topology.owner.execute("truncate intake, proof_used, mail, mail_cap, mail_domain")
    await topology.owner.execute("delete from token where purpose <> 'manage'")
    await topology.owner.execute("delete from signature where state in ('pending', 'held')")
