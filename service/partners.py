"""Partners: organizations whose sites carry a petition, what each of them may do there, and what its readers asked to get from it.

Two rules hold throughout. A partner learns how many came through its pages, in tens and a day late, and never who; and
whoever ticked the box for a partner's news is on a list that is sealed to that partner's key, which neither we nor another
partner can read.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import msgspec

from service import db
from service.errors import Conflict, Fault, Invalid, NotFound
from service.identity import offline

q = db.statements("partners")

Db = asyncpg.Pool | db.Connection

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
KEY = re.compile(r"lp_[A-Za-z0-9_-]{43}", re.ASCII)
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
GRACE = timedelta(days=7)
"""How long a key goes on after a new one was made."""


MILESTONES = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000)
"""What is announced and stands on pictures: a number that moved with each batch would tell who watches when somebody signed."""


def milestone(count: int) -> int:
    """The greatest milestone that a published ``count`` has reached; 0 before the first."""
    return max((each for each in MILESTONES if each <= count), default=0)


class Partner(msgspec.Struct, frozen=True, kw_only=True):
    """A living partner as the web process knows it."""

    id: UUID
    slug: str
    name: str
    consent: dict[str, str]
    has_list: bool
    quota: int
    sites: tuple[str, ...]
    petitions: frozenset[UUID]


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Whose key came with a request."""

    id: UUID
    slug: str
    name: str
    quota: int


# -- in the desk and on the shell ------------------------------------------------------------------------------------------------


async def add(pool: Db, slug: str, name: str) -> UUID:
    """A new partner, with no site, key, petition or list yet. Raises ``Invalid``, or ``Conflict`` when the slug is taken."""
    faults = []
    if SLUG.fullmatch(slug) is None:
        faults.append(Fault("slug", "partner-slug"))
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100 or any(ord(letter) < 32 for letter in name):
        faults.append(Fault("name", "partner-name"))
    if faults:
        raise Invalid(faults)
    partner_id = await q.insert_partner(pool, id=uuid4(), slug=slug, name=name)
    if partner_id is None:
        raise Conflict(f"there is a partner {slug} already")
    return UUID(str(partner_id))


async def get(pool: Db, slug: str) -> Mapping[str, Any]:
    """The partner's row. Raises ``NotFound``."""
    row: Mapping[str, Any] | None = await q.by_slug(pool, slug=slug)
    if row is None:
        raise NotFound(f"there is no partner {slug}")
    return row


def origin(text: str, *, is_demo: bool = False) -> str:
    """One site as browsers name it: ``https://host``, with a port where it is not 443. Raises ``Invalid``.

    In a demonstration this machine's own pages may be listed, ``http://localhost:*`` for any port.
    """
    wrong = Invalid([Fault("sites", "partner-site")])
    text = text.strip().rstrip("/")
    any_port = is_demo and text.endswith(":*")
    try:
        parts = urlsplit(text.removesuffix(":*") if any_port else text)
        port = parts.port
    except ValueError:
        raise wrong from None
    host = (parts.hostname or "").lower()
    if parts.path or parts.query or parts.fragment or parts.username is not None or not host:
        raise wrong
    if ":" in host:
        host = f"[{host}]"
    if parts.scheme == "http":
        if not (is_demo and host in LOOPBACK):
            raise wrong
    elif parts.scheme != "https" or any_port:
        raise wrong
    if host not in LOOPBACK:
        try:
            host = host.encode("idna").decode("ascii") if not host.isascii() else host
        except UnicodeError:
            raise wrong from None
        if not re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+", host):
            raise wrong
    usual = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{host}" + (":*" if any_port else f":{port}" if port not in (None, usual) else "")


async def set_sites(pool: Db, partner_id: UUID, sites: Iterable[str], *, is_demo: bool = False) -> list[str]:
    """These sites and no others may frame the form. Raises ``Invalid``; returns the origins as browsers name them."""
    origins = sorted({origin(site, is_demo=is_demo) for site in sites})
    await q.set_sites(pool, partner_id=partner_id, origins=origins)
    return origins


async def set_petitions(pool: Db, partner_id: UUID, slugs: Sequence[str]) -> None:
    """These petitions and no others. Raises ``NotFound`` for one that does not exist, and then changes nothing."""
    async for row in q.unknown_petitions(pool, slugs=list(slugs)):
        raise NotFound(f"there is no petition {row['slug']}")
    await q.set_petitions(pool, partner_id=partner_id, slugs=list(slugs))


async def set_quota(pool: Db, partner_id: UUID, quota: int) -> None:
    """Requests an hour for all of the partner's keys together. Raises ``Invalid``."""
    if not 1 <= quota <= 1_000_000:
        raise Invalid([Fault("quota", "partner-quota")])
    await q.set_quota(pool, partner_id=partner_id, quota=quota)


async def new_key(pool: Db, partner_id: UUID, *, grace: timedelta = GRACE, now: datetime | None = None) -> str:
    """A new key, to be shown once; earlier ones end after ``grace``. Only its hash is kept."""
    key = "lp_" + secrets.token_urlsafe(32)
    await q.insert_key(pool, hash=_hashed(key), partner_id=partner_id, hint=key[:7], grace=grace, now=now)
    return key


def consent_of(row: Mapping[str, Any]) -> dict[str, str]:
    """The partner's own sentence beside the box, by language."""
    return msgspec.json.decode(row["consent"], type=dict[str, str])


async def keys_of(pool: Db, partner_id: UUID) -> list[Mapping[str, Any]]:
    """hint, created_at and ends_at of every key that the partner ever had, oldest first; never a key."""
    return [row async for row in q.keys(pool, partner_id=partner_id)]


def _hashed(key: str) -> bytes:
    # 256 random bits need no slow hash; a domain, so that no other table's hash is one of these.
    return hashlib.sha256(b"libertas partner-key/v1\0" + key.encode()).digest()


async def end(pool: Db, partner_id: UUID, *, now: datetime | None = None) -> None:
    """The partner's sites, keys and webhook stop at once. Its signatures go on counting."""
    await q.end_partner(pool, partner_id=partner_id, now=now)


async def caller(pool: asyncpg.Pool, authorization: str, *, now: datetime | None = None) -> Caller | None:
    """Whose key ``Authorization: Bearer lp_…`` carries; None for anything else."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or KEY.fullmatch(key.strip()) is None:
        return None
    row = await q.owner_of(pool, hash=_hashed(key.strip()), now=now)
    return None if row is None else Caller(id=row["id"], slug=row["slug"], name=row["name"], quota=row["quota"])


# -- the list that only the partner can read ---------------------------------------------------------------------------------------

FIELD = "partner-news"
"""What a yes is bound to, beside its petition and its own id (identity.offline.seal_box)."""


class Yes(msgspec.Struct, frozen=True, kw_only=True):
    """One confirmed yes to a partner's news, before it is sealed."""

    signature_id: UUID
    petition_id: UUID
    petition: str
    partner: str
    name: str
    email: str
    language: str

    def __repr__(self) -> str:
        return "Yes(…)"  # no log and no failed assertion shows a person


async def set_list(pool: Db, partner_id: UUID, public: str, consent: Mapping[str, str] | None = None) -> str:
    """Open the partner's list, sealed to ``public`` (a .pub file's line), with its own sentence beside the box, by language.

    An empty ``public`` closes the list. Returns the key's fingerprint, which two people compare. Raises ``Misconfigured``.
    """
    key = offline.Public.parse(public) if public.strip() else None
    wording = {language: " ".join(text.split()) for language, text in (consent or {}).items() if text.strip()}
    if any(len(text) > 300 for text in wording.values()):
        raise Invalid([Fault("consent", "partner-consent")])
    await q.set_list(pool, partner_id=partner_id, sealing_key=key.encode() if key else None, consent=msgspec.json.encode(wording).decode())
    return key.fingerprint if key else ""


async def keep(connection: db.Connection, said: Sequence[Yes], *, now: datetime | None = None) -> None:
    """Seal each yes to its partner's key, in the caller's transaction. A partner without a list gets none."""
    if not said:
        return
    lists = {row["slug"]: row async for row in q.lists(connection, slugs=sorted({each.partner for each in said}))}
    rows = []
    for each in said:
        if (row := lists.get(each.partner)) is None:
            continue
        optin_id, key = uuid4(), offline.Public.parse(row["sealing_key"])
        wording = msgspec.json.decode(row["consent"], type=dict[str, str]).get(each.language, "")
        plain = msgspec.json.encode(
            {"name": each.name, "email": each.email, "language": each.language, "petition": each.petition, "wording": wording}
        )
        box = offline.seal_box([key], each.petition_id, optin_id, FIELD, plain + b" " * (-len(plain) % 128))
        rows.append((optin_id, each.petition_id, row["id"], each.signature_id, box, key.fingerprint))
    if rows:
        ids, petition_ids, partner_ids, signature_ids, sealed, marks = zip(*rows, strict=True)
        await q.insert_optins(
            connection,
            ids=list(ids),
            petition_ids=list(petition_ids),
            partner_ids=list(partner_ids),
            signature_ids=list(signature_ids),
            sealed=list(sealed),
            marks=list(marks),
            now=now,
        )


class OptIn(msgspec.Struct, frozen=True, kw_only=True):
    """A yes as its partner fetches it: ``sealed`` in standard base64; null once it was taken back, and then it is to be deleted."""

    id: UUID
    petition: str
    day: date
    sealed: str | None
    key: str


async def news(pool: Db, partner_id: UUID, *, today: date, after: str = "", limit: int = 500) -> tuple[list[OptIn], str]:
    """(rows of past days, where to go on from). ``after`` is what an earlier answer gave; raises ``Invalid`` for anything else."""
    day, mark = None, None
    if after:
        try:
            text, _, hexed = after.partition("_")
            day, mark = date.fromisoformat(text), UUID(hex=hexed)
        except ValueError:
            raise Invalid([Fault("after", "type")]) from None
    found = [
        OptIn(
            id=row["id"],
            petition=row["petition"],
            day=row["day"],
            sealed=base64.b64encode(row["sealed"]).decode() if row["sealed"] is not None else None,
            key=row["key_mark"],
        )
        async for row in q.optins(pool, partner_id=partner_id, before=today, after_day=day, after_id=mark, limit=limit)
    ]
    return found, f"{found[-1].day.isoformat()}_{found[-1].id.hex}" if found else after


async def forget(pool: asyncpg.Pool, *, now: datetime | None = None) -> None:
    """What no partner fetched within 90 days is gone."""
    await q.forget(pool, now=now)


# -- what came through a partner -------------------------------------------------------------------------------------------------


class Reach(msgspec.Struct, frozen=True):
    """What came through one partner for one petition: ``total`` and ``days`` in whole tens, days in order, the sum of them the total."""

    petition: str
    total: int
    days: dict[str, int]


async def statistics(pool: asyncpg.Pool, slug: str, *, today: date) -> list[Reach]:
    """Confirmed signatures through a partner, of past days, in tens.

    What a day leaves over is carried to the next, so that small partners see their number grow and the days add up to it.
    """
    running: dict[str, tuple[int, dict[str, int]]] = {}
    async for row in q.sums(pool, slug=slug, before=today):
        seen, days = running.get(row["petition"], (0, {}))
        if gained := (seen + row["n"]) // 10 * 10 - seen // 10 * 10:
            days[row["day"].isoformat()] = gained
        running[row["petition"]] = (seen + row["n"], days)
    return [Reach(petition, seen // 10 * 10, days) for petition, (seen, days) in running.items()]


# -- the web process's memory ----------------------------------------------------------------------------------------------------


class Roster:
    """All living partners in memory, refreshed every ``interval`` seconds; while the database is away, the last known stay.

    ``version`` grows whenever anything on it changed.
    """

    def __init__(self, pool: asyncpg.Pool, interval: float = 0.5) -> None:
        self._pool = pool
        self._interval = interval
        self._partners: dict[str, Partner] = {}
        self.version = 0

    def find(self, slug: str, petition_id: UUID) -> Partner | None:
        """The partner, if it carries this petition."""
        found = self._partners.get(slug)
        return found if found is not None and petition_id in found.petitions else None

    def carrying(self, petition_id: UUID) -> list[Partner]:
        """Every partner that carries the petition."""
        return [partner for partner in self._partners.values() if petition_id in partner.petitions]

    def sites(self, petition_id: UUID, slug: str = "") -> tuple[str, ...]:
        """The sites that may frame the form: the partner's own, or those of all who carry the petition."""
        partner = self.find(slug, petition_id) if slug else None
        carrying = [partner] if partner is not None else self.carrying(petition_id)
        return tuple(sorted({site for each in carrying for site in each.sites}))

    def at(self, where: str, petition_id: UUID | None = None) -> Partner | None:
        """The partner on whose site ``where`` (an Origin header) a script may sign."""
        for partner in self._partners.values():
            if (petition_id is None or petition_id in partner.petitions) and any(is_site(where, site) for site in partner.sites):
                return partner
        return None

    async def refresh(self) -> None:
        """Read the partners anew."""
        partners = {
            row["slug"]: Partner(
                id=row["id"],
                slug=row["slug"],
                name=row["name"],
                consent=msgspec.json.decode(row["consent"], type=dict[str, str]),
                has_list=row["sealing_key"] is not None,
                quota=row["quota"],
                sites=tuple(row["sites"]),
                petitions=frozenset(row["petitions"]),
            )
            async for row in q.roster(self._pool)
        }
        if partners != self._partners:
            self._partners = partners
            self.version += 1

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Roster]:
        """Filled once, then refreshed in the background until the block ends."""
        async with db.refreshing(self.refresh, every=self._interval, what="partners"):
            yield self


def is_site(where: str, site: str) -> bool:
    """Whether ``where`` (an Origin header) is the listed ``site``; ``:*`` in a listed site stands for any port."""
    if site.endswith(":*"):
        return re.fullmatch(re.escape(site.removesuffix(":*")) + r"(:[0-9]{1,5})?", where) is not None
    return where == site
