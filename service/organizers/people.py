"""Organizers and their associations: invited by a colleague or the operator, given roles, helped back in, and let go.

A name and an address are at rest only as a sealed blob. The web process never makes a link: it leaves a notice, and the
worker writes the mail. Coming back after all passkeys were lost takes two ways at once: a link by mail, and a number that a
colleague tells by word of mouth.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import asyncpg
import msgspec

from service import db, mail, tokens
from service.errors import Conflict, Fault, Invalid, NotFound
from service.identity import Keys, canonical, deliverable, derive, open_sealed, plain_text, seal

q = db.statements("organizers")

ROLES = ("editor", "moderator", "certifier", "operator")
"""editor: petitions and everything that is said. moderator: what is held, shown, invalidated. certifier: certificates,
deliveries, exports. operator: people, keys, the trail."""

INVITE_SECONDS = 7 * 86_400
RECOVER_SECONDS = 24 * 3_600
DEMO_SECONDS = 24 * 3_600
MOST_GUESSES = 5

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
_CODE = re.compile(r"[0-9]{8}", re.ASCII)


class Grant(msgspec.Struct, frozen=True):
    """A role in one association, or (None) in all."""

    role: str
    association_id: UUID | None = None


class Association(msgspec.Struct, frozen=True):
    id: UUID
    slug: str
    name: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """An organizer as colleagues see them. ``state``: proposed | invited | active | removed (then without name and address)."""

    id: UUID
    name: str
    email: str
    language: str
    state: str
    passkeys: int
    grants: tuple[Grant, ...] = ()
    invited_at: datetime | None = None
    seen_at: datetime | None = None


class Secrets:
    """The keys of this module, derived from one of ``KEY_DIR`` (``Keys.desk_key``)."""

    def __init__(self, desk_key: bytes) -> None:
        self._blob = derive(desk_key, "libertas desk organizers/v1")
        self._index = derive(desk_key, "libertas desk index/v1")
        self.audit = derive(desk_key, "libertas desk audit/v1")

    def index(self, email: str) -> bytes:
        return hmac.digest(self._index, canonical(email).encode(), "sha256")

    def seal(self, organizer_id: UUID, name: str, email: str) -> bytes:
        plain = json.dumps({"name": name, "email": email}, ensure_ascii=False).encode()
        return seal(self._blob, 0, "organizer", organizer_id.bytes, plain)

    def open(self, organizer_id: UUID, blob: bytes) -> tuple[str, str]:
        """Name and address; empty for somebody who was removed."""
        if not blob:
            return "", ""
        plain = json.loads(open_sealed(self._blob, 0, "organizer", organizer_id.bytes, blob))
        return plain["name"], plain["email"]

    def code_hash(self, organizer_id: UUID, code: str) -> bytes:
        return hmac.digest(self._index, b"code\0" + organizer_id.bytes + code.encode(), "sha256")

    def __repr__(self) -> str:
        return "Secrets(…)"


# -- associations ----------------------------------------------------------------------------------------------------------


async def found_association(connection: db.Connection, slug: str, name: str) -> UUID:
    """A new association. Raises ``Invalid`` for a slug or name that cannot be, ``Conflict`` for a slug that is taken."""
    if not _SLUG.fullmatch(slug):
        raise Invalid([Fault("slug", "slug")])
    name = plain_text(name, "name", 120)
    if not name:
        raise Invalid([Fault("name", "name-missing")])
    made: UUID | None = await q.insert_association(connection, id=uuid4(), slug=slug, name=name)
    if made is None:
        raise Conflict(code="slug-taken")
    return made


async def rename_association(connection: db.Connection, association_id: UUID, name: str) -> None:
    """Give an association another name."""
    name = plain_text(name, "name", 120)
    if not name:
        raise Invalid([Fault("name", "name-missing")])
    if await q.rename_association(connection, id=association_id, name=name) is None:
        raise NotFound("association")


async def associations(connection: db.Connection | asyncpg.Pool) -> list[Association]:
    """All of them, by name."""
    return [Association(row["id"], row["slug"], row["name"]) async for row in q.associations(connection)]


# -- people ----------------------------------------------------------------------------------------------------------------


def _granted(grants: Iterable[Grant]) -> dict[str, list[Any]]:
    found = list(dict.fromkeys(grants))
    if not found or any(grant.role not in ROLES for grant in found):
        raise Invalid([Fault("role", "role")])
    return {"roles": [grant.role for grant in found], "association_ids": [grant.association_id for grant in found]}


async def enlist(
    connection: db.Connection,
    keys: Secrets,
    email: str,
    grants: Sequence[Grant],
    *,
    language: str,
    name: str = "",
    now: datetime | None = None,
) -> UUID:
    """Write down who shall be invited to what; nobody is written to before ``send_invitation``. Returns the organizer's id.

    Once more for the same address replaces the roles. Raises ``Invalid`` for an address or role that cannot be, ``Conflict``
    with code ``organizer-known`` for one who has joined.
    """
    email = deliverable(email)
    name = plain_text(name, "name", 80) if name.strip() else ""
    wanted = _granted(grants)
    organizer_id = uuid4()
    made = await q.insert_organizer(
        connection,
        id=organizer_id,
        address_index=keys.index(email),
        blob=keys.seal(organizer_id, name, email),
        language=language,
        handle=secrets.token_bytes(32),
        now=now,
    )
    if made is None:
        known = await q.organizer_by_address(connection, address_index=keys.index(email))
        if known is None or known["state"] == "active":
            raise Conflict(code="organizer-known")
        organizer_id = known["id"]
        await q.drop_roles(connection, organizer_id=organizer_id)
    await q.grant_roles(connection, organizer_id=organizer_id, **wanted)
    return organizer_id


async def send_invitation(connection: db.Connection, organizer_id: UUID, *, now: datetime | None = None) -> None:
    """Let the mail with the link go out, the first time or again. Raises ``NotFound`` for one who has joined or is gone."""
    if await q.offer(connection, id=organizer_id) is None:
        raise NotFound("organizer")
    await tell(connection, organizer_id, "invite", kind="invite", now=now)


async def invite(connection: db.Connection, keys: Secrets, email: str, grants: Sequence[Grant], *, language: str, name: str = "") -> UUID:
    """``enlist`` and ``send_invitation`` at once, where nobody else is asked: by the operator's shell, or by a desk's only operator."""
    organizer_id = await enlist(connection, keys, email, grants, language=language, name=name)
    await send_invitation(connection, organizer_id)
    return organizer_id


async def demo_link(connection: db.Connection, keys: Secrets, links: tokens.Tokens, *, language: str) -> str:
    """For the embedded demonstration only: a one-time way in, as an organizer with every role; returns its path."""
    email = "organizer@example.org"
    known = await q.organizer_by_address(connection, address_index=keys.index(email))
    if known is None:
        organizer_id = uuid4()
        await q.insert_organizer(
            connection,
            id=organizer_id,
            address_index=keys.index(email),
            blob=keys.seal(organizer_id, "DEMO", email),
            language=language,
            handle=secrets.token_bytes(32),
            now=None,
        )
        await q.grant_roles(connection, organizer_id=organizer_id, **_granted(Grant(role) for role in ROLES))
    else:
        organizer_id = known["id"]
    handle = secrets.token_bytes(tokens.HANDLE_BYTES)
    await q.insert_link(
        connection, hash=tokens.stored(handle), organizer_id=organizer_id, kind="demo", code_hash=None, seconds=DEMO_SECONDS, now=None
    )
    return f"/desk/join/{links.write('desk', handle)}"


async def people(connection: db.Connection | asyncpg.Pool, keys: Secrets) -> list[Person]:
    """Everybody who has or is offered an account, in the order of their invitations."""
    found = []
    async for row in q.people(connection):
        name, email = keys.open(row["id"], row["blob"])
        grants = tuple(Grant(role, UUID(at) if at else None) for role, at in json.loads(row["grants"]))
        same = {field: row[field] for field in ("id", "language", "state", "passkeys", "invited_at", "seen_at")}
        found.append(Person(**same, name=name, email=email, grants=grants))
    return found


async def person(connection: db.Connection | asyncpg.Pool, keys: Secrets, organizer_id: UUID) -> Person:
    """One of them, the removed included. Raises ``NotFound``."""
    row = await q.organizer(connection, id=organizer_id)
    if row is None:
        raise NotFound("organizer")
    name, email = keys.open(organizer_id, row["blob"])
    grants = tuple(
        Grant(each["role"], each["association_id"]) for each in [r async for r in q.grants(connection, organizer_id=organizer_id)]
    )
    return Person(
        id=organizer_id, name=name, email=email, language=row["language"], state=row["state"], passkeys=row["passkeys"], grants=grants
    )


async def rename(connection: db.Connection, keys: Secrets, organizer_id: UUID, *, name: str, language: str) -> None:
    """What this person is called by colleagues, and which language the desk speaks to them."""
    name = plain_text(name, "name", 80) if name.strip() else ""
    known = await person(connection, keys, organizer_id)
    await q.rename_organizer(connection, id=organizer_id, blob=keys.seal(organizer_id, name, known.email), language=language)


async def set_roles(connection: db.Connection, organizer_id: UUID, grants: Sequence[Grant], *, now: datetime | None = None) -> None:
    """Replace this person's roles and end their sessions, so that new rights begin with a new sign-in.

    Raises ``NotFound``, ``Invalid``, and ``Conflict`` with code ``last-operator`` when nobody would be left to manage people.
    """
    wanted = _granted(grants)
    row = await q.lock_organizer(connection, id=organizer_id)
    if row is None or row["state"] == "removed":
        raise NotFound("organizer")
    if Grant("operator") not in grants:
        await _keep_an_operator(connection, organizer_id)
    await q.drop_roles(connection, organizer_id=organizer_id)
    await q.grant_roles(connection, organizer_id=organizer_id, **wanted)
    await q.end_sessions(connection, organizer_id=organizer_id, but=None)
    await tell(connection, organizer_id, "desk-rights", now=now)


async def _keep_an_operator(connection: db.Connection, organizer_id: UUID) -> None:
    held = [(row["role"], row["association_id"]) async for row in q.grants(connection, organizer_id=organizer_id)]
    if ("operator", None) in held and not await q.other_operators(connection, organizer_id=organizer_id):
        raise Conflict(code="last-operator")


async def remove(connection: db.Connection, organizer_id: UUID, *, now: datetime | None = None) -> None:
    """End an account: passkeys, sessions, links, name and address are gone; what was done stays in the trail under an id.

    Raises ``NotFound``, and ``Conflict`` with code ``last-operator``.
    """
    if await q.lock_organizer(connection, id=organizer_id) is None:
        raise NotFound("organizer")
    await _keep_an_operator(connection, organizer_id)
    if await q.remove_organizer(connection, id=organizer_id, now=now) is None:
        raise NotFound("organizer")


# -- links -----------------------------------------------------------------------------------------------------------------


async def recover(connection: db.Connection, keys: Secrets, organizer_id: UUID, *, now: datetime | None = None) -> str:
    """Help a colleague back in: the link goes by mail, the returned number by word of mouth. Raises ``NotFound``.

    Nothing of theirs changes until both were used; then their old passkeys and sessions are gone.
    """
    row = await q.lock_organizer(connection, id=organizer_id)
    if row is None or row["state"] != "active":
        raise NotFound("organizer")
    code = f"{secrets.randbelow(10**8):08d}"
    await tell(connection, organizer_id, "desk-recover", kind="recover", code_hash=keys.code_hash(organizer_id, code), now=now)
    return code


class Link(msgspec.Struct, frozen=True):
    """What a link of a mail offers: ``kind`` invite | recover | demo, ``asks_code`` whether a number is asked for."""

    organizer_id: UUID
    kind: str
    asks_code: bool
    language: str


async def read_link(
    connection: db.Connection | asyncpg.Pool, hash_: bytes, *, in_demo: bool = False, now: datetime | None = None
) -> Link | None:
    """The link, if it still leads somewhere: an invitation does until the first passkey is there, a demo link ``in_demo`` only."""
    row = await q.link(connection, hash=hash_, now=now)
    if row is None or (row["kind"] == "invite" and row["passkeys"]) or (row["kind"] == "recover" and row["wrong"] >= MOST_GUESSES):
        return None
    if row["kind"] == "demo" and not in_demo:
        return None
    return Link(row["organizer_id"], row["kind"], row["asks_code"], row["language"])


async def join(
    pool: asyncpg.Pool,
    keys: Secrets,
    hash_: bytes,
    *,
    code: str = "",
    in_demo: bool = False,
    language: str = "",
    now: datetime | None = None,
) -> tuple[UUID, Literal["invite", "recover", "demo"]]:
    """Use a link; returns whose it is, and of which kind. Raises ``NotFound`` (code ``link``), ``Invalid`` for a wrong number.

    An invitation stays good until the first passkey, so that a phone which cannot make one is no dead end; the others end
    here. A demo link works ``in_demo`` only: whoever serves a demonstration's database for real has no such way in; its first
    visitor goes on in ``language``. A recovery takes away the old passkeys and sessions. A number is guessed five times at most,
    then the link is dead.
    """
    async with pool.acquire() as connection:  # a wrong guess is counted, whatever becomes of the rest
        row = await q.link(connection, hash=hash_, now=now)
        if row is None or (row["kind"] == "invite" and row["passkeys"]) or (row["kind"] == "demo" and not in_demo):
            raise NotFound(code="link")
        if row["asks_code"]:
            if await q.guess(connection, hash=hash_, most=MOST_GUESSES) is None:
                raise NotFound(code="link")
            code = "".join(code.split())
            if not _CODE.fullmatch(code) or not hmac.compare_digest(keys.code_hash(row["organizer_id"], code), row["code_hash"]):
                raise Invalid([Fault("code", "code")])
    async with db.transaction(pool) as connection:
        organizer_id: UUID = row["organizer_id"]
        await q.lock_organizer(connection, id=organizer_id)
        if row["kind"] != "invite" and await q.use_link(connection, hash=hash_, now=now) is None:
            raise NotFound(code="link")
        if row["kind"] == "recover":
            await q.drop_passkeys(connection, organizer_id=organizer_id)
            await q.end_sessions(connection, organizer_id=organizer_id, but=None)
        if row["kind"] == "demo":
            if language:
                await q.speak(connection, id=organizer_id, language=language)
            await q.join_desk(connection, id=organizer_id, now=now)
        return organizer_id, row["kind"]


# -- mail ------------------------------------------------------------------------------------------------------------------


async def tell(
    connection: db.Connection,
    organizer_id: UUID,
    template: str,
    *,
    kind: Literal["invite", "recover"] | None = None,
    code_hash: bytes | None = None,
    now: datetime | None = None,
    **facts: Any,
) -> None:
    """Let the worker write to this person: a message of ``emails/``, with a link of ``kind`` where the message has one.

    ``title`` among the facts is a line of ours that the message shows, such as which device signed in.
    """
    await q.insert_notice(
        connection,
        id=uuid4(),
        organizer_id=organizer_id,
        template=template,
        facts=json.dumps(facts),
        kind=kind,
        code_hash=code_hash,
        now=now,
    )


_SECONDS = {"invite": INVITE_SECONDS, "recover": RECOVER_SECONDS}


async def write_letters(pool: asyncpg.Pool, ring: Keys, *, now: datetime, domain: Callable[[str], bytes], limit: int = 50) -> int:
    """The worker's part: notices become mails, and their links become good, in one transaction; returns how many.

    ``domain`` is the keyed hash by which mail is patient with a provider.
    """
    keys = Secrets(ring.desk_key())
    async with db.transaction(pool) as connection:
        rows = [row async for row in q.take_notices(connection, limit=limit)]
        letters = []
        for row in rows:
            if row["state"] == "removed":
                continue
            _, email = keys.open(row["organizer_id"], row["blob"])
            letter_id = uuid4()
            if row["kind"]:
                handle = tokens.handle(ring.mail_token_key(), mail.handle_row(letter_id, "desk", None), "desk")
                await q.insert_link(
                    connection,
                    hash=tokens.stored(handle),
                    organizer_id=row["organizer_id"],
                    kind=row["kind"],
                    code_hash=row["code_hash"],
                    seconds=_SECONDS[row["kind"]],
                    now=None,
                )
            key_id, key = ring.epoch(now)
            letters.append(
                mail.Letter(
                    id=letter_id,
                    template=row["template"],
                    language=row["language"],
                    address=seal(key, key_id, "mail", letter_id.bytes, email.encode()),
                    key_id=key_id,
                    facts=json.loads(row["facts"]),
                    domain=domain(canonical(email)),
                    priority=2,
                )
            )
        await mail.enqueue(connection, letters)
    return len(rows)


def device(user_agent: str) -> str:
    """Browser and system in two words, for people to know their own sessions again; nothing that tells more."""
    browsers = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("OPR/", "Opera"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = (
        ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS X", "macOS"), ("Windows", "Windows"), ("Linux", "Linux"),
    )  # fmt: skip
    found = [next((name for mark, name in marks if mark in user_agent[:400]), "") for marks in (browsers, systems)]
    return " · ".join(filter(None, found))


def mark(organizer_id: UUID) -> str:
    """A short name for an id in the trail and on pages, where the account is gone."""
    return hashlib.sha256(organizer_id.bytes).hexdigest()[:6]
