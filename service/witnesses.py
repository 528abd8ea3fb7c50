"""Others see that we show everybody the same log: witnesses cosign the anchor's checkpoints, and we cosign theirs.

After C2SP tlog-witness. Rules: a checkpoint is published whether or not a witness answers, but where the operator asks for a
quorum no certificate is issued without it; our own witness never counts for us; a witness cosigns a log only from the size
that it cosigned before, and remembers it before it answers.

    ask             the worker's turn: submit the anchor's newest checkpoint to those who have not cosigned it
    cosigned        what a certificate needs: a checkpoint of the anchor that enough witnesses have cosigned, and when
    add_checkpoint  the other side: another installation's log asks us
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import httpx2
import msgspec
import structlog

from service import db, ledger
from service.errors import Conflict, Misconfigured, NotFound, Unproven
from service.identity import Keys
from service.identity.keys import derive
from service.proof import merkle, note
from service.proof.canonical import b64, decimal, unb64
from service.proof.policy import NONE, Policy, Witness
from service.settings import Settings

q = db.statements("witnesses")
log = structlog.get_logger()

TIMEOUT: Final = 10.0
"""Seconds for one question to a witness, connecting included."""

LEASE: Final = timedelta(seconds=60)
"""So long one worker has a witness to itself; longer than a conversation can last."""

PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=1)
AHEAD: Final = timedelta(minutes=10)
"""A cosignature from further in the future than this is a wrong clock's, and no bound of anything."""

MOST_BYTES: Final = 65_536
SIZE_TYPE: Final = "text/x.tlog.size"
TEXT_TYPE: Final = "text/plain; charset=utf-8"

_TURNS = 3  # a witness may learn of a newer checkpoint between its 409 and our next question


class Circle(msgspec.Struct, frozen=True):
    """Whom we ask and believe: the operator's policy, without whoever is the operator himself (``own`` is our origin's host)."""

    policy: Policy
    own: str = ""
    own_keys: frozenset[bytes] = frozenset()

    def counts(self, witness: Witness) -> bool:
        """A witness under our own host, or with our own key, sees nothing that we do not."""
        return witness.verifier.name.partition("/")[0] != self.own and witness.verifier.key not in self.own_keys

    @property
    def is_demanding(self) -> bool:
        """Whether certificates wait for a quorum."""
        return self.policy.quorum != NONE


def faults(circle: Circle | None) -> list[str]:
    """What would keep every certificate from being issued; for `libertas check`. Empty when all is well."""
    if circle is None or circle.policy.is_met({each.name for each in circle.policy.witnesses if circle.counts(each)}):
        return []
    return ["LIBERTAS_WITNESSES: the quorum cannot be met, because a witness of one's own does not count: no certificate could be issued"]


class Key(msgspec.Struct, frozen=True):
    """Our own witness key, in both kinds, under the name ``<host>/witness``."""

    ed25519: note.Cosigner
    ml_dsa: note.Cosigner

    @classmethod
    def of(cls, host: str, seed: bytes) -> Key:
        """From 32 secret bytes."""
        name = f"{host}/witness"
        return cls(note.Cosigner(name, seed, note.COSIGNATURE), note.Cosigner(name, derive(seed, "witness ml-dsa-44")))

    @property
    def vkeys(self) -> tuple[str, str]:
        """What others put into their policies; either is enough."""
        return self.ed25519.vkey, self.ml_dsa.vkey


class Answer(msgspec.Struct, frozen=True):
    """An HTTP answer: status, body, media type."""

    status: int
    body: bytes
    media: str = TEXT_TYPE


def circle(settings: Settings, keys: Keys) -> Circle | None:
    """Whom this installation asks; None when it asks nobody."""
    if settings.witnesses is None:
        return None
    own = own_key(settings, keys)
    return Circle(settings.witnesses, settings.origin_host, frozenset((own.ed25519.verifier.key, own.ml_dsa.verifier.key) if own else ()))


def own_key(settings: Settings, keys: Keys) -> Key | None:
    """Our own witness key; None where `libertas keys new` has not made one yet."""
    try:
        return Key.of(settings.origin_host, keys.witness_key())
    except Misconfigured:
        return None


# -- asking ----------------------------------------------------------------------------------------------------------------


class _No(Exception):
    """A witness did not cosign; the word says why."""


async def ask(pool: asyncpg.Pool, client: httpx2.AsyncClient, circle: Circle, *, at_once: bool = False, now: datetime | None = None) -> int:
    """Submit the anchor's newest checkpoint to each witness that has not cosigned it and is due; returns how many did.

    Any number of workers may do so: each witness is leased. One that fails is asked again with growing patience, up to an
    hour; ``at_once`` does not wait. Nothing is raised for what a witness does: publishing never depends on it.
    """
    wanted = [each for each in circle.policy.witnesses if each.url and circle.counts(each)]
    await q.know(pool, names=[each.verifier.vkey for each in wanted], now=now)
    head = await q.head(pool, anchor=ledger.ANCHOR)
    if head is None:
        return 0
    done = await asyncio.gather(*(_ask_one(pool, client, each, head, at_once, now) for each in wanted))
    return sum(done)


async def _ask_one(
    pool: asyncpg.Pool, client: httpx2.AsyncClient, witness: Witness, head: Any, at_once: bool, now: datetime | None
) -> bool:
    vkey = witness.verifier.vkey
    known = await q.lease(
        pool,
        name=vkey,
        anchor=ledger.ANCHOR,
        size=head["size"],
        key_name=witness.verifier.name,
        key_id=witness.verifier.id,
        at_once=at_once,
        until=LEASE,
        now=now,
    )
    if known is None:
        return False  # not due, another worker's turn, or cosigned already
    try:
        line, time, old = await _converse(pool, client, witness, head, known["size"])
    except (_No, httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, NotFound) as no:
        why = str(no) if isinstance(no, _No) else type(no).__name__
        pause = min(PAUSE * 2 ** min(known["failures"], 12), LONGEST_PAUSE)
        ahead = int(why.removeprefix("ahead ")) if why.startswith("ahead ") else None
        await q.failed(pool, name=vkey, fault=why, pause=pause, size=ahead, now=now)
        # Ahead of us: the guard of the anchor will refuse to sign (ledger.publishing).
        (log.critical if ahead is not None or why == "root-differs" else log.warning)(
            "witness: no cosignature", witness=witness.name, why=why, failures=known["failures"] + 1
        )
        return False
    await q.cosigned(
        pool,
        name=vkey,
        anchor=ledger.ANCHOR,
        size=head["size"],
        key_name=witness.verifier.name,
        key_id=witness.verifier.id,
        line=line,
        signed_at=datetime.fromtimestamp(time, UTC),
        pause=PAUSE,
        now=now,
    )
    log.info("witness: cosigned", witness=witness.name, size=head["size"], old=old)
    return True


async def _converse(pool: asyncpg.Pool, client: httpx2.AsyncClient, witness: Witness, head: Any, old: int) -> tuple[str, int, int]:
    """(signature line, its time, the size from which the witness followed us); ``_No``."""
    for _ in range(_TURNS):
        if old > head["size"]:
            raise _No(f"ahead {old}")
        proof = await ledger.consistency(pool, ledger.ANCHOR, old, head["size"])
        lines = [f"old {old}", *map(b64, proof), "", ""]
        answer = await _post(client, f"{witness.url}/add-checkpoint", "\n".join(lines).encode() + head["note"])
        if answer.status == 200:
            return *_read_line(witness, head["note"], answer.body), old
        if answer.status != 409:
            raise _No(f"status {answer.status}")
        if answer.media != SIZE_TYPE:
            raise _No("root-differs" if old == head["size"] else "status 409")
        try:
            told = decimal(answer.body.decode("ascii", "replace").removesuffix("\n"), "size")
        except Unproven:
            raise _No("size-malformed") from None
        if told == old:
            raise _No("root-differs")
        old = told
    raise _No("status 409")


async def _post(client: httpx2.AsyncClient, url: str, body: bytes) -> Answer:
    """The witness's answer, read no further than it can make sense."""
    found = b""
    async with (
        asyncio.timeout(TIMEOUT),
        client.stream("POST", url, content=body, headers={"content-type": TEXT_TYPE}, follow_redirects=False, timeout=TIMEOUT) as answer,
    ):
        async for part in answer.aiter_bytes():
            found += part
            if len(found) > MOST_BYTES:
                raise _No("answer-too-long")
    return Answer(answer.status_code, found, answer.headers.get("content-type", "").partition(";")[0].strip())


def _read_line(witness: Witness, signed: bytes, answer: bytes) -> tuple[str, int]:
    text = signed.rpartition(b"\n\n")[0] + b"\n"
    try:
        lines = answer.decode().splitlines(keepends=True)
    except UnicodeDecodeError:
        raise _No("answer-malformed") from None
    for line in lines[: note.MAX_SIGNATURES]:
        try:
            opened = note.open(text + b"\n" + line.encode(), [witness.verifier])
        except Unproven as fault:
            if fault.name == "note-unknown-key":
                continue  # another key of theirs
            raise _No("cosignature-wrong" if fault.name == "note-signature" else "answer-malformed") from None
        time = opened.times[0][1]
        if not 0 < time <= (datetime.now(UTC) + AHEAD).timestamp():
            raise _No("cosignature-time")
        return line, time
    raise _No("cosignature-missing")


# -- what a certificate needs -------------------------------------------------------------------------------------------------


class Cosigned(msgspec.Struct, frozen=True):
    """A published checkpoint of the anchor with all that signed it.

    ``note`` is what is handed out: text, the log's own signatures, cosignatures. ``times`` has (key name of the witness, when
    it cosigned) for those that the policy believes and that count, earliest first; ``is_enough``: the policy's quorum is met.
    """

    size: int
    note: bytes
    times: tuple[tuple[str, datetime], ...]
    is_enough: bool


async def cosigned(
    pool: asyncpg.Pool, circle: Circle | None, *, covering: int, client: httpx2.AsyncClient | None = None, wait: float = 0.0
) -> Cosigned:
    """The checkpoint of the anchor under which entry number ``covering`` is shown to an institution, cosigned by enough.

    The smallest such checkpoint, so that the times are the earliest; without a quorum in the policy (or without ``circle``)
    the newest one, with whatever cosignatures there are. With a ``client`` the witnesses are asked at once, for up to
    ``wait`` seconds. Raises ``NotFound`` when the entry is not published, ``Conflict`` (code "unwitnessed") when a quorum is
    asked for and not there: then no certificate is issued. Never call it inside a transaction.
    """
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        found = await _cosigned(pool, circle, covering)
        if found.is_enough:
            return found
        if circle is not None and client is not None:
            await ask(pool, client, circle, at_once=True)
            found = await _cosigned(pool, circle, covering)
            if found.is_enough:
                return found
        left = deadline - asyncio.get_running_loop().time()
        if left <= 0:
            raise Conflict("the witnesses that LIBERTAS_WITNESSES asks for have not cosigned the anchor log yet", code="unwitnessed")
        await asyncio.sleep(min(1.0, left))


async def _cosigned(pool: asyncpg.Pool, circle: Circle | None, covering: int) -> Cosigned:
    head = await q.head(pool, anchor=ledger.ANCHOR)
    if head is None or head["size"] <= covering:
        raise NotFound("anchor")
    if circle is not None and circle.is_demanding:
        async for row in q.cosigned_sizes(pool, anchor=ledger.ANCHOR, above=covering):
            found = await _believed(pool, circle, row["size"])
            if found.is_enough:
                return found
    return await _believed(pool, circle, head["size"])


async def _believed(pool: asyncpg.Pool, circle: Circle | None, size: int) -> Cosigned:
    signed = await ledger.checkpoint(pool, ledger.ANCHOR, size)
    if circle is None:
        return Cosigned(size, signed, (), True)
    by_key = {(each.verifier.name, each.verifier.id): each for each in circle.policy.witnesses if circle.counts(each)}
    text, _, block = signed.rpartition(b"\n\n")
    times, names = [], set()
    for line in block.decode().splitlines(keepends=True):
        _, name, encoded = line.rstrip("\n").split(" ")
        witness = by_key.get((name, unb64(encoded, "note-malformed")[:4]))
        if witness is None:
            continue
        # Believed as a verifier would, by the signature and not because we stored it.
        opened = note.open(text + b"\n\n" + line.encode(), [witness.verifier])
        names.add(witness.name)
        times += [(name, datetime.fromtimestamp(time, UTC)) for _, time in opened.times]
    return Cosigned(size, signed, tuple(sorted(times, key=lambda each: each[1])), circle.policy.is_met(names))


# -- being asked ---------------------------------------------------------------------------------------------------------------


async def add_checkpoint(
    pool: asyncpg.Pool, key: Key, logs: Sequence[note.Verifier], body: bytes, *, now: datetime | None = None
) -> Answer:
    """Cosign another log's checkpoint if it extends the one that we cosigned last; the answers are tlog-witness's.

    200 with our two signature lines; 400 malformed; 403 not signed by a key that we know of this log; 404 a log that we do
    not follow; 409 with the size that we know; 422 the proof does not hold. The new size is committed before it is signed.
    """
    try:
        old, proof, signed, text = _read_request(body)
        checkpoint = note.Checkpoint.parse(text)
    except Unproven as fault:
        return _no(400, fault)
    known_keys = [each for each in logs if each.name == checkpoint.origin]
    if not known_keys:
        return Answer(404, b"unknown log\n")
    try:
        note.open_checkpoint(signed, known_keys, checkpoint.origin)
    except Unproven as fault:
        return _no(400 if fault.name == "note-malformed" else 403, fault)
    if old > checkpoint.size or checkpoint.size == 0:
        return Answer(400, b"nothing to add\n")
    async with db.transaction(pool) as connection:
        known = await q.witnessed(connection, origin=checkpoint.origin)
        size, root = (known["size"], known["root"]) if known else (0, merkle.EMPTY_ROOT)
        if old != size:
            return Answer(409, b"%d\n" % size, SIZE_TYPE)
        if size == checkpoint.size and root != checkpoint.root:
            log.critical("witness: two roots for one size", alarm=True, origin=checkpoint.origin, size=size)
            return Answer(409, b"%d\n" % size, SIZE_TYPE)
        try:
            merkle.verify_consistency(size, root, checkpoint.size, checkpoint.root, proof)
        except Unproven as fault:
            log.warning("witness: not a continuation", origin=checkpoint.origin, old=size, size=checkpoint.size)
            return _no(422, fault)
        at = await q.remember(
            connection, origin=checkpoint.origin, old=old, size=checkpoint.size, root=checkpoint.root, note=signed, now=now
        )
        if at is None:  # another request was faster
            faster = await q.witnessed(connection, origin=checkpoint.origin)
            return Answer(409, b"%d\n" % faster["size"], SIZE_TYPE)
    time = int(at.timestamp())
    return Answer(200, (key.ed25519.sign(checkpoint, time) + key.ml_dsa.sign(checkpoint, time)).encode())


def _read_request(body: bytes) -> tuple[int, list[bytes], bytes, str]:
    """(old size, proof, note, its text); Unproven("request-malformed")."""
    head, blank, signed = body.partition(b"\n\n")
    try:
        first, *lines = head.decode("ascii").split("\n")
        text = signed.decode().rpartition("\n\n")[0] + "\n"
    except UnicodeDecodeError:
        raise Unproven("request-malformed", "not text") from None
    if not blank or not first.startswith("old ") or len(lines) > 63:
        raise Unproven("request-malformed", "not an old size, at most 63 hashes, an empty line and a checkpoint")
    proof = [unb64(line, "request-malformed", length=merkle.HASH_SIZE) for line in lines]
    return decimal(first.removeprefix("old "), "request-malformed"), proof, signed, text


def _no(status: int, fault: Unproven) -> Answer:
    return Answer(status, f"{fault.name}\n".encode())
