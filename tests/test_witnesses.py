"""Others see that we show everybody the same log, and we see it of them; nobody's silence stops a petition."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bench.topology import free_port
from conftest import Database, Server
from installation import Installation, _Server, installed
from ledger_house import House
from service import certificates, db, ledger, witnesses
from service.certificates import evidence
from service.errors import Conflict, NotFound
from service.identity import Keys
from service.ledger.record import pair
from service.proof import entries, merkle, note
from service.proof.policy import Policy

NAME = "witness.example/w"
OURS = witnesses.Key.of("witness.example", bytes(range(32)))
LOG = note.Signer("levon.example/ledger/anchor", bytes(32))
OTHER = note.Signer(LOG.name, bytes([7]) * 32)
LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(300)]


def reader(size: int) -> merkle.Reader:
    return lambda level, index: merkle.root(LEAVES[index << level : (index + 1) << level])


def request(
    old: int, size: int, *, signer: note.Signer = LOG, root: bytes = b"", proof: list[bytes] | None = None, origin: str = ""
) -> bytes:
    head = note.Checkpoint(origin or signer.name, size, root or merkle.root(LEAVES[:size]))
    path = merkle.consistency_proof(old, size, reader(size)) if proof is None and old <= size else proof or []
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in path), "", ""]
    return "\n".join(lines).encode() + note.sign(head.text(), [signer])


# -- being asked ---------------------------------------------------------------------------------------------------------------


async def add(pool: asyncpg.Pool, body: bytes) -> witnesses.Answer:
    return await witnesses.add_checkpoint(pool, OURS, [LOG.verifier], body)


async def test_levons_log_is_cosigned_as_it_grows(pool: asyncpg.Pool) -> None:
    for old, size in ((0, 1), (1, 1), (1, 7), (7, 256), (256, 300)):
        body = request(old, size)
        answer = await add(pool, body)
        assert (answer.status, answer.media) == (200, witnesses.TEXT_TYPE)
        signed = body.partition(b"\n\n")[2]
        both = note.open(signed + answer.body, [LOG.verifier, *map(note.parse_vkey, OURS.vkeys)])
        assert both.verified == (LOG.name, NAME + "itness") and len(both.times) == 2
        assert abs(both.times[0][1] - datetime.now(UTC).timestamp()) < 60
        assert note.open_checkpoint(signed + answer.body, [LOG.verifier], LOG.name).size == size
    assert await pool.fetchval("select size from witnessed") == 300


async def test_a_cosignature_is_made_as_the_specification_says(pool: asyncpg.Pool) -> None:
    answer = await add(pool, request(0, 5))
    line = answer.body.decode().splitlines()[0]
    _, name, encoded = line.split(" ")
    raw = base64.b64decode(encoded)
    key = base64.b64decode(OURS.vkeys[0].split("+", 2)[2])
    assert (name, key[0], len(raw)) == ("witness.example/witness", 4, 4 + 8 + 64)
    text = f"{LOG.name}\n5\n{base64.b64encode(merkle.root(LEAVES[:5])).decode()}\n"
    message = f"cosignature/v1\ntime {int.from_bytes(raw[4:12], 'big')}\n{text}".encode()
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[12:], message)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"old 0\n", 400),
        (b"old 00\n\n" + request(0, 5).partition(b"\n\n")[2], 400),
        (b"old -1\n\n" + request(0, 5).partition(b"\n\n")[2], 400),
        (b"new 0\n\n" + request(0, 5).partition(b"\n\n")[2], 400),
        (b"old 0\r\n\n" + request(0, 5).partition(b"\n\n")[2], 400),
        (b"old 0\nAAAA\n\n" + request(0, 5).partition(b"\n\n")[2], 400),
        (request(0, 5, proof=[bytes(32)] * 64), 400),
        (request(0, 5)[:-1], 400),
        (request(0, 5).replace(b"\n5\n", b"\n05\n"), 400),
        (request(0, 5).replace(b"\n\xe2", b"\n\xff"), 400),
        (request(9, 5), 400),
        (request(0, 0, root=merkle.EMPTY_ROOT), 400),
        (request(0, 5, signer=OTHER), 403),
        (request(0, 5).replace(b"\n5\n", b"\n6\n"), 403),
        (request(0, 5, signer=note.Signer("mariam.example/ledger/anchor", bytes(32))), 404),
        (request(0, 5, origin="mariam.example/ledger/anchor"), 404),
        (request(1, 5), 409),
        (request(0, 5, proof=[bytes(32)]), 422),
    ],
)
async def test_a_bad_question_is_answered_by_its_number_and_leaves_nothing(pool: asyncpg.Pool, body: bytes, status: int) -> None:
    answer = await add(pool, body)
    assert answer.status == status, answer.body
    assert await pool.fetchval("select count(*) from witnessed") == 0


async def test_who_asks_from_the_wrong_size_is_told_the_right_one(pool: asyncpg.Pool) -> None:
    await add(pool, request(0, 20))
    for old, size in ((0, 30), (10, 30), (25, 30), (0, 5)):
        answer = await add(pool, request(old, size))
        assert (answer.status, answer.body, answer.media) == (409, b"20\n", "text/x.tlog.size")
    assert (await add(pool, request(20, 30))).status == 200


async def test_two_histories_are_never_cosigned(pool: asyncpg.Pool) -> None:
    await add(pool, request(0, 20))
    fork = merkle.root([*LEAVES[:10], *LEAVES[100:110]])
    assert (await add(pool, request(20, 20, root=fork, proof=[]))).status == 409
    longer = merkle.root([*LEAVES[:10], *LEAVES[100:120]])
    assert (await add(pool, request(20, 30, root=longer))).status == 422
    assert (await add(pool, request(20, 30, proof=[]))).status == 422
    assert (await add(pool, request(20, 20))).status == 200, "the same once more is no new statement"
    assert await pool.fetchval("select root from witnessed") == merkle.root(LEAVES[:20])


async def test_of_twenty_questions_at_once_no_answer_takes_another_back(pool: asyncpg.Pool) -> None:
    await add(pool, request(0, 10))
    answers = await asyncio.gather(*(add(pool, request(10, size)) for size in range(11, 31)))
    assert [answer.status for answer in answers].count(200) == 1
    assert {answer.status for answer in answers} == {200, 409}
    size = 11 + [answer.status for answer in answers].index(200)
    assert await pool.fetchval("select size from witnessed") == size
    assert {answer.body for answer in answers if answer.status == 409} <= {b"10\n", b"%d\n" % size}


# -- asking ------------------------------------------------------------------------------------------------------------------------


class Stand:
    """A witness on the loopback that answers as it is told; by default it behaves."""

    def __init__(self) -> None:
        self.port = free_port()
        self.key = note.Cosigner(NAME, bytes([9]) * 32, note.COSIGNATURE)
        self.size = 0
        self.asked: list[bytes] = []
        self.answer: Callable[[bytes], Awaitable[tuple[int, bytes, str]]] = self.behave

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def line(self, body: bytes, *, time: float | None = None, key: note.Cosigner | None = None) -> bytes:
        text = body.partition(b"\n\n")[2].rpartition(b"\n\n")[0].decode() + "\n"
        return (key or self.key).sign(note.Checkpoint.parse(text), int(datetime.now(UTC).timestamp() if time is None else time)).encode()

    async def behave(self, body: bytes) -> tuple[int, bytes, str]:
        old = int(body.split(b"\n")[0].split(b" ")[1])
        if old != self.size:
            return 409, b"%d\n" % self.size, "text/x.tlog.size"
        self.size = int(body.partition(b"\n\n")[2].split(b"\n")[1])
        return 200, self.line(body), "text/plain"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert (scope["method"], scope["path"]) == ("POST", "/add-checkpoint")
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.asked.append(body)
        status, answer, media = await self.answer(body)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", media.encode())]})
        await send({"type": "http.response.body", "body": answer})


@contextlib.asynccontextmanager
async def standing(app: Any, port: int) -> AsyncIterator[None]:
    server = _Server(uvicorn.Config(app, host="127.0.0.1", port=port, access_log=False, log_level="error", lifespan="off", loop="none"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    one = Stand()
    async with standing(one, one.port):
        yield one


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=60) as one:
        yield one


@pytest.fixture
async def house(pool: asyncpg.Pool, database: str, tmp_path: Path) -> House:
    one = await House(pool, tmp_path, database).open()
    await one.settle()
    return one


def circle(*stands: Stand, own: str = "") -> witnesses.Circle:
    return witnesses.Circle(Policy.of([(stand.key.vkey, stand.url) for stand in stands]), own)


async def told(house: House) -> tuple[int, str, int]:
    row = await house.pool.fetchrow("select size, fault, failures from witness")
    assert row is not None
    return row["size"], row["fault"], row["failures"]


async def size_of(house: House) -> int:
    return int((await house.row(ledger.ANCHOR))["published_size"])


async def rest(house: House) -> None:
    await house.pool.execute("update witness set due_at = now() - interval '1 second'")


async def test_the_anchor_is_cosigned_and_handed_out_with_the_cosignature(house: House, stand: Stand, client: httpx2.AsyncClient) -> None:
    assert await witnesses.ask(house.pool, client, circle(stand)) == 1
    assert await witnesses.ask(house.pool, client, circle(stand), at_once=True) == 0
    assert len(stand.asked) == 1, "who has cosigned is not asked again"
    anchor = await house.row(ledger.ANCHOR)
    signed = await ledger.checkpoint(house.pool, ledger.ANCHOR)
    opened = note.open(signed, [note.parse_vkey(anchor["vkey"]), stand.key.verifier])
    assert opened.verified == (anchor["origin"], NAME)
    await house.confirm(3)
    await house.settle()
    await rest(house)
    assert await witnesses.ask(house.pool, client, circle(stand)) == 1
    assert stand.size == await size_of(house)
    old = int(stand.asked[-1].split(b"\n")[0].split(b" ")[1])
    proof = [base64.b64decode(line) for line in stand.asked[-1].partition(b"\n\n")[0].split(b"\n")[1:]]
    before = note.open_checkpoint(await ledger.checkpoint(house.pool, ledger.ANCHOR, old), [note.parse_vkey(anchor["vkey"])])
    now = note.open_checkpoint(await ledger.checkpoint(house.pool, ledger.ANCHOR), [note.parse_vkey(anchor["vkey"])])
    merkle.verify_consistency(old, before.root, now.size, now.root, proof)


async def test_a_witness_that_knows_more_or_less_than_we_remember_tells_from_where(
    house: House, stand: Stand, client: httpx2.AsyncClient
) -> None:
    await witnesses.ask(house.pool, client, circle(stand))
    await house.confirm(3)
    await house.settle()
    await house.pool.execute("delete from witness")  # we have forgotten
    assert await witnesses.ask(house.pool, client, circle(stand)) == 1
    assert [body.split(b"\n")[0] for body in stand.asked[1:]] == [b"old 0", b"old 5"]
    stand.size = 0  # it has
    await house.confirm(3)
    await house.settle()
    await rest(house)
    assert await witnesses.ask(house.pool, client, circle(stand)) == 1
    assert (await told(house))[1:] == ("", 0)


async def test_two_workers_ask_a_witness_once(house: House, stand: Stand, client: httpx2.AsyncClient) -> None:
    go = asyncio.Event()

    async def slow(body: bytes) -> tuple[int, bytes, str]:
        await go.wait()
        return await stand.behave(body)

    stand.answer = slow
    first = asyncio.create_task(witnesses.ask(house.pool, client, circle(stand)))
    while not stand.asked:
        await asyncio.sleep(0.01)
    assert await witnesses.ask(house.pool, client, circle(stand), at_once=True) == 0
    go.set()
    assert await first == 1 and len(stand.asked) == 1


def _always(status: int, body: bytes, media: str = "text/plain") -> Callable[[Stand, bytes], tuple[int, bytes, str]]:
    return lambda stand, asked: (status, body, media)


STRANGER = note.Cosigner("stranger.example/w", bytes([3]) * 32)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (_always(404, b"unknown log\n"), "status 404"),
        (_always(422, b"no\n"), "status 422"),
        (_always(500, b""), "status 500"),
        (_always(301, b""), "status 301"),
        (_always(200, b""), "cosignature-missing"),
        (_always(200, b"hello\n"), "answer-malformed"),
        (_always(200, b"\xff\n"), "answer-malformed"),
        (_always(200, b"x" * 70_000), "answer-too-long"),
        (_always(409, b"many\n", "text/x.tlog.size"), "size-malformed"),
        (_always(409, b"0\n", "text/x.tlog.size"), "root-differs"),
        (_always(409, b"0\n"), "status 409"),
        (lambda stand, asked: (200, stand.line(asked, key=STRANGER), ""), "cosignature-missing"),
        (lambda stand, asked: (200, stand.line(asked, time=datetime.now(UTC).timestamp() + 3600), ""), "cosignature-time"),
        (lambda stand, asked: (200, stand.line(asked, time=0), ""), "cosignature-time"),
        (lambda stand, asked: (200, stand.line(asked.replace(b"\n5\n", b"\n4\n")), ""), "cosignature-wrong"),
    ],
)
async def test_what_is_no_cosignature_is_not_kept_and_publishing_goes_on(
    house: House, stand: Stand, client: httpx2.AsyncClient, answer: Callable[[Stand, bytes], tuple[int, bytes, str]], fault: str
) -> None:
    async def says(body: bytes) -> tuple[int, bytes, str]:
        return answer(stand, body)

    stand.answer = says
    assert await witnesses.ask(house.pool, client, circle(stand)) == 0
    assert await told(house) == (0, fault, 1)
    assert await house.pool.fetchval("select count(*) from cosignature") == 0
    await house.confirm(2)
    await house.settle()
    assert (await house.row())["published_count"] == 2


async def test_a_cosignature_stands_among_those_of_keys_that_we_do_not_know(house: House, stand: Stand, client: httpx2.AsyncClient) -> None:
    async def several(body: bytes) -> tuple[int, bytes, str]:
        return 200, stand.line(body, key=STRANGER) + stand.line(body), "text/plain"

    stand.answer = several
    assert await witnesses.ask(house.pool, client, circle(stand)) == 1
    assert await house.pool.fetchval("select array_agg(name) from cosignature") == [NAME]


async def test_a_silent_witness_is_asked_with_growing_patience(house: House, client: httpx2.AsyncClient) -> None:
    nobody = Stand()  # nothing listens there
    now = datetime.now(UTC)
    pauses = []
    for _ in range(14):
        assert await witnesses.ask(house.pool, client, circle(nobody), now=now) == 0
        due = await house.pool.fetchval("select due_at from witness")
        pauses.append((due - now).total_seconds())
        assert await witnesses.ask(house.pool, client, circle(nobody), now=due - timedelta(milliseconds=1)) == 0
        assert (await told(house))[2] == len(pauses), "not before it is due"
        now = due
    assert pauses[:4] == [5, 10, 20, 40] and pauses[-1] == 3600
    assert (await told(house))[1] == "ConnectError"


async def test_a_witness_that_is_ahead_of_us_stops_the_anchor_and_nothing_else(
    house: House, stand: Stand, client: httpx2.AsyncClient
) -> None:
    stand.size = 900  # a restored backup on our side, or a lie on theirs
    assert await witnesses.ask(house.pool, client, circle(stand)) == 0
    assert await told(house) == (900, "ahead 900", 1)
    before = await size_of(house)
    await house.confirm(2)
    await ledger.run_due(house.pool, house.keys, house.high_water, seal_seconds=0.001)
    assert (await house.row())["published_count"] == 2, "people are counted"
    assert await size_of(house) == before
    with pytest.raises(ledger.Forked, match="a witness has cosigned it up to 900"):
        await ledger.guard(house.pool, ledger.ANCHOR, house.high_water)
    await witnesses.ask(house.pool, client, witnesses.Circle(Policy()))  # the operator took it out of the policy
    await house.settle()
    assert await size_of(house) > before


# -- certificates wait for a quorum -------------------------------------------------------------------------------------------------


async def test_without_its_quorum_no_certificate_and_with_it_the_times(house: House, client: httpx2.AsyncClient) -> None:
    ani, levon, mariam = Stand(), Stand(), Stand()
    for number, each in enumerate((ani, levon, mariam)):
        each.key = note.Cosigner(f"w{number}.example/w", bytes([number + 1]) * 32, (note.COSIGNATURE, note.ML_DSA_44)[number % 2])
    asked = circle(ani, levon, mariam)
    async with standing(ani, ani.port):
        with pytest.raises(Conflict) as none:
            await witnesses.cosigned(house.pool, asked, covering=0, client=client)
        assert none.value.code == "unwitnessed", "one of three is not most of them"
        async with standing(levon, levon.port):
            found = await witnesses.cosigned(house.pool, asked, covering=0, client=client, wait=20)
    assert found.is_enough and [name for name, _ in found.times] == ["w0.example/w", "w1.example/w"]
    assert all(abs((at - datetime.now(UTC)).total_seconds()) < 60 for _, at in found.times)
    again = await witnesses.cosigned(house.pool, asked, covering=0)
    assert again == found, "and from then on it is simply there"
    # Later checkpoints do not take it away, and what they cover needs its own.
    await house.confirm(2)
    await house.settle()
    assert (await witnesses.cosigned(house.pool, asked, covering=0)).size == found.size
    with pytest.raises(Conflict):
        await witnesses.cosigned(house.pool, asked, covering=found.size)
    with pytest.raises(NotFound):
        await witnesses.cosigned(house.pool, asked, covering=10_000)
    free = await witnesses.cosigned(house.pool, None, covering=0)
    assert free.is_enough and free.times == () and free.size > found.size


async def test_the_operators_own_witness_never_counts(house: House, stand: Stand, client: httpx2.AsyncClient) -> None:
    for own in (
        witnesses.Circle(circle(stand).policy, own="witness.example"),
        witnesses.Circle(circle(stand).policy, own_keys=frozenset([stand.key.verifier.key])),
    ):
        with pytest.raises(Conflict):
            await witnesses.cosigned(house.pool, own, covering=0, client=client)
    assert stand.asked == []
    assert (await witnesses.cosigned(house.pool, circle(stand), covering=0, client=client)).is_enough, "control: as another's it does"


def test_a_quorum_that_only_ourselves_could_meet_is_named(tmp_path: Path) -> None:
    stand = Stand()
    assert witnesses.faults(None) == witnesses.faults(circle(stand)) == []
    assert "cannot be met" in witnesses.faults(circle(stand, own="witness.example"))[0]


async def test_a_forged_line_in_the_database_convinces_nobody(house: House, stand: Stand, client: httpx2.AsyncClient) -> None:
    verifier = stand.key.verifier
    line = stand.key.sign(note.Checkpoint("x.example", 5, bytes(32)), 1)
    await house.pool.execute(
        "insert into cosignature (log_id, size, name, key_id, line) values ('anchor', $1, $2, $3, $4)",
        await size_of(house), verifier.name, verifier.id, line,
    )  # fmt: skip
    with pytest.raises(Exception, match="note-signature"):
        await witnesses.cosigned(house.pool, circle(stand), covering=0)


async def test_a_certificate_waits_for_its_quorum_and_tells_who_cosigned(fresh_database: Database, tmp_path: Path, stand: Stand) -> None:
    policy = Policy.of([(stand.key.vkey, stand.url)])
    (tmp_path / "house").mkdir()
    async with installed(
        tmp_path / "house", fresh_database.app_url, fresh_database.url, free_port(), free_port(), witnesses=policy
    ) as house:
        await house.confirm("ani@example.org")
        await house.seal()

        async def away(body: bytes) -> tuple[int, bytes, str]:
            return 503, b"", "text/plain"

        stand.answer = away
        log = await house.owner.fetchrow("select origin, published_size, published_root from log where petition_id is not null")
        assert log is not None
        entry = bytes(entries.Anchored(*log))
        with pytest.raises(Conflict, match="have not cosigned"):
            await evidence.anchored(house.pool, house.keys, house.settings, entry, patience=0.0)
        stand.answer = stand.behave
        bundle = await certificates.certify(house.pool, house.keys, house.settings, house.slug, "The Senate")
        told = json.loads(bundle.files["certificate.json"])["witnessed"]
        assert told["quorum"] == 1 and [each["witness"] for each in told["cosignatures"]] == [NAME]
        for path in ("petition.tlog-proof", "certificate.tlog-proof"):
            assert note.open(note.parse_tlog_proof(bundle.files[path]).checkpoint, [stand.key.verifier]).verified == (NAME,)


# -- two installations ------------------------------------------------------------------------------------------------------------


async def test_two_installations_cosign_each_other(server: Server, fresh_database: Database, tmp_path: Path) -> None:
    name = f"second_{uuid4().hex[:8]}"
    await server.create(name, server.template)
    places = [
        (fresh_database, tmp_path / "ani", free_port()),
        (Database(name, server.owner(name), server.app(name)), tmp_path / "levon", free_port()),
    ]
    hosts, anchors, keys = [], [], []
    for _, folder, port in places:
        folder.mkdir()
        ring = Keys.create(folder / "keys")
        hosts.append(f"localhost:{port}")
        anchors.append(pair(f"localhost:{port}/ledger/anchor", ring.new_log_key(ledger.ANCHOR)))
        keys.append(witnesses.Key.of(f"localhost:{port}", ring.witness_key()))
    try:
        async with contextlib.AsyncExitStack() as open_ones:
            both: list[Installation] = []
            for mine, theirs in ((0, 1), (1, 0)):
                database, folder, port = places[mine]
                policy = Policy.of([(keys[theirs].vkeys[1], f"http://{hosts[theirs]}/witness")])
                both.append(
                    await open_ones.enter_async_context(
                        installed(
                            folder, database.app_url, database.url, port, free_port(),
                            base_url=f"http://{hosts[mine]}", key_dir=folder / "keys", witnesses=policy,
                            witness_for=(anchors[theirs].ed25519.verifier, anchors[theirs].ml_dsa.verifier),
                        )
                    )
                )  # fmt: skip
            for mine, theirs in ((0, 1), (1, 0)):
                one = both[mine]
                await one.worker.seal()
                await one.worker.ask_witnesses()
                answer = await one.client.get("/ledger/anchor/checkpoint")
                opened = note.open(
                    answer.content,
                    [anchors[mine].ed25519.verifier, anchors[mine].ml_dsa.verifier, *map(note.parse_vkey, keys[theirs].vkeys)],
                )
                assert opened.verified == (f"{hosts[mine]}/ledger/anchor", f"{hosts[theirs]}/witness")
                circle = witnesses.circle(one.settings, one.keys)
                found = await witnesses.cosigned(one.pool, circle, covering=0)
                assert found.is_enough and len(found.times) == 1
                assert (await both[theirs].client.get("/witness/vkey")).text.splitlines() == list(keys[theirs].vkeys)
                stranger = await both[theirs].client.post("/witness/add-checkpoint", content=request(0, 5))
                assert (stranger.status_code, stranger.text) == (404, "unknown log\n")
                long = await both[theirs].client.post("/witness/add-checkpoint", content=b"x" * 100_000)
                assert long.status_code == 413
    finally:
        await server.drop(name)


async def test_who_is_nobodys_witness_says_so(installation: Installation) -> None:
    for answer in (
        await installation.client.post("/witness/add-checkpoint", content=request(0, 5)),
        await installation.client.get("/witness/vkey"),
    ):
        assert answer.status_code == 404
    async with db.transaction(installation.pool) as connection:
        assert await connection.fetchval("select count(*) from witnessed") == 0
