"""A petition: what is demanded, of whom, in which words, and until when.

A published text never changes: a correction is a new version with its own manifest, and signatures stay bound to the
version that was shown. Whatever the public pages show comes from a ``Shelf`` in memory, so that a visitor never waits for
the database and the number is everywhere the one under the last published checkpoint.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from service import db
from service.errors import Conflict, NotFound
from service.identity import NORM
from service.identity.offline import KEYS_AT_LEAST
from service.proof import commitment

q = db.statements("petitions")

CONFIRM_GRACE = timedelta(hours=24)
"""After closing, confirmations of forms that were sent in time are taken for this long (interface.md)."""

METHOD_CLASSES = ("email",)
"""How a signature was confirmed; more methods make a new text version."""

ELIGIBILITY = "Anyone may sign, once for each e-mail address; age, residence and nationality are not verified."

UNSEALABLE = (
    "a sealed petition needs a text that names at least two offline keys: put the organizers' .pub files into KEY_DIR/offline"
    " and publish the text (see docs/operations.md, Sealed petitions)"
)

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,78}[a-z0-9])?", re.ASCII)
"""What an address of a petition may be; the table has the same rule."""

Translated = dict[str, str]


class Text(msgspec.Struct, frozen=True):
    """What one language shows: ``statement`` is what is signed (Markdown), ``consent`` and ``privacy`` are what was agreed to."""

    title: str
    summary: str
    statement: str
    consent: str
    privacy: str


class Figure(msgspec.Struct, frozen=True):
    """A number about prisoners: never without its date and source."""

    value: int
    label: Translated
    as_of: date
    source: Translated
    source_url: str


class Source(msgspec.Struct, frozen=True):
    title: Translated
    url: str
    dated: date | None = None


class Promise(msgspec.Struct, frozen=True):
    """What one recipient does with signatures: told to signers, honestly, before they sign."""

    name: Translated
    sentence: Translated


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One public event after a delivery: what an office did with the petition, and when (``recipients.Event``).

    ``votes`` are (in favour, against, abstained); ``certificate`` is the id of the one that was handed over; ``file`` the
    event's id where it has a document.
    """

    kind: str
    happened_on: date
    office: Translated
    holder: str
    how: str
    reference: str
    outcome: str
    words: Translated
    url: str
    votes: tuple[int, int, int] | None
    certificate: str | None
    file: UUID | None


class Head(msgspec.Struct, frozen=True):
    """The published checkpoint that the count stands under."""

    origin: str
    size: int
    root: bytes


class Petition(msgspec.Struct, frozen=True, kw_only=True):
    """One petition as the public sees it; ``count`` and ``as_of`` belong to ``checkpoint``."""

    id: UUID
    slug: str
    status: str
    is_sample: bool
    is_protected: bool
    is_sealed: bool
    goal: int
    time_zone: str
    opens_at: datetime
    closes_at: datetime | None
    text_version: int
    manifest_hash: bytes
    asks_locality: bool
    texts: dict[str, Text]
    recipients: list[Translated]
    figures: list[Figure]
    sources: list[Source]
    promises: list[Promise] = []
    takes_names: bool = True
    steps: list[Step] = []
    log_id: str
    count: int
    by_version: dict[int, int] = {}
    """How many of ``count`` signed which text version; empty while there is one."""
    as_of: datetime | None
    checkpoint: Head
    repaired_at: datetime | None = None
    """When the log was last repaired after a backup had been restored (ledger.recovery)."""

    @property
    def titles(self) -> Translated:
        return {language: text.title for language, text in self.texts.items()}

    def state(self, now: datetime) -> str:
        """draft, scheduled, open, paused, closed, delivered or archived at ``now``."""
        if self.status != "open":
            return self.status
        if now < self.opens_at:
            return "scheduled"
        if self.closes_at is not None and now >= self.closes_at:
            return "closed"
        return "open"

    def text(self, language: str) -> Text:
        """The text in ``language``, or in the first language that exists."""
        return self.texts.get(language) or next(iter(self.texts.values()))


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """One petition as its organizers see it, drafts included. ``association_id`` None: it belongs to all associations."""

    id: UUID
    slug: str
    association_id: UUID | None
    status: str
    is_sample: bool
    is_protected: bool
    is_sealed: bool
    goal: int
    goal_steps: list[int]
    time_zone: str
    opens_at: datetime
    closes_at: datetime | None
    paused_at: datetime | None
    text_version: int
    asks_locality: bool
    log_id: str | None
    count: int
    titles: Translated
    now: datetime

    @property
    def state(self) -> str:
        """draft, scheduled, open, paused, closed, delivered or archived, at the moment it was read."""
        if self.status != "open":
            return self.status
        if self.now < self.opens_at:
            return "scheduled"
        return "closed" if self.closes_at is not None and self.now >= self.closes_at else "open"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What an organizer writes down before a petition exists."""

    slug: str
    opens_at: datetime
    closes_at: datetime | None
    goal: int = 0
    time_zone: str = "Europe/Paris"
    is_sample: bool = False
    is_protected: bool = False
    is_sealed: bool = False
    asks_locality: bool = False
    recipients: Sequence[Translated] = ()
    figures: Sequence[Figure] = ()
    sources: Sequence[Source] = ()


async def create(connection: db.Connection, petition_id: UUID, draft: Draft) -> None:
    """Write down a draft; it has no text and no log yet."""
    await q.insert_petition(
        connection,
        id=petition_id,
        slug=draft.slug,
        is_sample=draft.is_sample,
        is_protected=draft.is_protected,
        is_sealed=draft.is_sealed,
        goal=draft.goal,
        time_zone=draft.time_zone,
        opens_at=draft.opens_at,
        closes_at=draft.closes_at,
        asks_locality=draft.asks_locality,
    )
    await q.insert_around(
        connection,
        petition_id=petition_id,
        recipients=msgspec.json.encode(draft.recipients).decode(),
        figures=msgspec.json.encode(draft.figures).decode(),
        sources=msgspec.json.encode(draft.sources).decode(),
    )


async def publish_text(
    connection: db.Connection, petition_id: UUID, origin: str, texts: Mapping[str, Text], *, sealing_keys: Sequence[str] = ()
) -> tuple[int, bytes]:
    """Publish the next version of the text in every language; returns its number and the hash of its manifest.

    The caller queues the ``T`` entry in the same transaction, so that a text without an entry cannot exist. ``sealing_keys``
    are fingerprints of offline keys; raises ``Conflict`` for a sealed petition's text that names fewer than two.
    """
    next_one = await q.next_version(connection, petition_id=petition_id)
    if next_one is None:
        raise NotFound("petition")
    version: int = next_one["version"]
    if next_one["is_sealed"] and len(set(sealing_keys)) < KEYS_AT_LEAST:
        raise Conflict(UNSEALABLE)

    def digests(part: str) -> dict[str, bytes]:
        return {language: hashlib.sha256(getattr(text, part).encode()).digest() for language, text in texts.items()}

    manifest = commitment.Manifest(
        origin=origin,
        version=version,
        statements=digests("statement"),
        consent=digests("consent"),
        privacy=digests("privacy"),
        eligibility=ELIGIBILITY,
        norm=NORM,
        classes=METHOD_CLASSES,
        sealing_keys=tuple(sealing_keys),
    )
    await q.insert_version(
        connection,
        petition_id=petition_id,
        version=version,
        manifest=manifest.encode(),
        manifest_hash=manifest.text_hash,
        texts=msgspec.json.encode(texts).decode(),
    )
    return version, manifest.text_hash


class Draught(msgspec.Struct, frozen=True, kw_only=True):
    """The text that is being written, by language; ``revision`` 0 when nobody has saved anything yet."""

    texts: dict[str, Text]
    revision: int = 0
    saved_by: UUID | None = None
    saved_at: datetime | None = None


async def draught(connection: db.Connection | asyncpg.Pool, petition_id: UUID) -> Draught:
    """What is being written; where nothing is, the newest published text."""
    row = await q.draft(connection, petition_id=petition_id)
    if row is not None:
        texts = msgspec.json.decode(row["texts"], type=dict[str, Text])
        return Draught(texts=texts, revision=row["revision"], saved_by=row["saved_by"], saved_at=row["saved_at"])
    newest: dict[str, Text] = {}
    version = 0
    for one in await versions(connection, petition_id):
        if one.number > version:
            version, newest = one.number, one.texts
    return Draught(texts=newest)


async def save(connection: db.Connection, petition_id: UUID, texts: Mapping[str, Text], *, revision: int, saved_by: UUID | None) -> int:
    """Keep what is being written; returns the new revision. Raises ``Conflict`` (``draft-changed``) when a colleague saved meanwhile."""
    saved: int | None = await q.save_draft(
        connection, petition_id=petition_id, texts=msgspec.json.encode(texts).decode(), revision=revision, saved_by=saved_by
    )
    if saved is None:
        raise Conflict(code="draft-changed")
    return saved


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One published version of a text in every language."""

    number: int
    published_at: datetime
    texts: dict[str, Text]


async def versions(connection: db.Connection | asyncpg.Pool, petition_id: UUID) -> list[Version]:
    """Every published version, oldest first."""
    found: dict[int, Version] = {}
    async for row in q.texts(connection, petition_id=petition_id):
        one = found.setdefault(row["version"], Version(number=row["version"], published_at=row["published_at"], texts={}))
        one.texts[row["language"]] = Text(**{part: row[part] for part in Text.__struct_fields__})
    return list(found.values())


async def ask_publication(connection: db.Connection, petition_id: UUID, texts: Mapping[str, Text], *, asked_by: UUID | None) -> None:
    """Let the worker publish these texts as the next version. Raises ``Conflict`` (``publishing``) while one is on its way."""
    encoded = msgspec.json.encode(texts).decode()
    if await q.ask_publication(connection, id=uuid4(), petition_id=petition_id, texts=encoded, asked_by=asked_by) is None:
        raise Conflict(code="publishing")


async def change(pool: asyncpg.Pool, slug: str, act: str, *, now: datetime | None = None) -> None:
    """Open, pause, close or archive the petition ``slug``; raises ``NotFound``, or ``Conflict`` when its state does not allow it."""
    async with db.transaction(pool) as connection:
        await step(connection, slug, act, now=now)


async def step(connection: db.Connection, slug: str, act: str, *, now: datetime | None = None) -> None:
    """As ``change``, in the caller's transaction; ``open-now`` opens at this moment, whatever hour was planned."""
    found = await q.by_slug(connection, slug=slug)
    if found is None:
        raise NotFound(f"there is no petition {slug}")
    if act in ("open", "open-now") and found["is_sealed"] and (found["sealing_keys"] or 0) < KEYS_AT_LEAST:
        raise Conflict(f"{slug}: {UNSEALABLE}", code="unsealable")
    if act == "open-now":
        done = await q.open_now(connection, slug=slug)
    else:
        done = await getattr(q, {"open": "open", "pause": "pause", "close": "close", "archive": "archive"}[act])(
            connection, slug=slug, now=now
        )
    if done is None:
        raise Conflict(f"{slug} is not in a state in which one can {act} it", code="life")


def _petition(row: Mapping[str, Any]) -> Petition:
    def read(name: str, kind: Any) -> Any:
        return msgspec.json.decode(row[name], type=kind)

    return Petition(
        **{name: row[name] for name in ("id", "slug", "status", "is_sample", "is_protected", "is_sealed", "goal", "time_zone")},
        **{name: row[name] for name in ("opens_at", "closes_at", "text_version", "manifest_hash", "asks_locality", "log_id")},
        texts=read("texts", dict[str, Text]),
        recipients=read("recipients", list[Translated]),
        figures=read("figures", list[Figure]),
        sources=read("sources", list[Source]),
        promises=read("promises", list[Promise]),
        takes_names=row["takes_names"],
        steps=read("steps", list[Step]),
        count=row["published_count"],
        by_version=read("by_version", dict[int, int]),
        as_of=row["published_at"],
        repaired_at=row["repaired_at"],
        checkpoint=Head(row["origin"], row["published_size"], row["published_root"] or b""),
    )


async def by_slug(pool: asyncpg.Pool, slug: str) -> Petition:
    """The petition as the public sees it, fresh from the database; raises ``NotFound``."""
    async for row in q.shelf(pool, slug=slug):
        return _petition(row)
    raise NotFound(f"there is no petition {slug}")


def _sheet(row: Mapping[str, Any]) -> Sheet:
    return Sheet(**{name: row[name] for name in Sheet.__struct_fields__ if name != "titles"}, titles=msgspec.json.decode(row["titles"]))


async def sheet(pool: asyncpg.Pool | db.Connection, slug: str) -> Sheet:
    """One petition for its organizers, fresh from the database; raises ``NotFound``."""
    if not SLUG.fullmatch(slug):
        raise NotFound("petition")
    async for row in q.sheets(pool, slug=slug):
        return _sheet(row)
    raise NotFound(f"there is no petition {slug}")


async def sheets(pool: asyncpg.Pool | db.Connection) -> list[Sheet]:
    """Every petition for its organizers, drafts included, newest first."""
    return [_sheet(row) async for row in q.sheets(pool, slug=None)]


class Shelf:
    """All published petitions in memory, refreshed every ``interval`` seconds by ``run``.

    Promise: what it shows is never older than ``interval`` while the database answers; while it does not, the last known
    state stays. ``version`` grows whenever anything on it changed, so that others may keep ready bytes.
    """

    def __init__(self, pool: asyncpg.Pool, interval: float = 0.5) -> None:
        self._pool = pool
        self._interval = interval
        self._rows: dict[str, Petition] = {}
        self._seen: object = None
        self._clock_offset = timedelta()
        self._watchers: list[Callable[[], None]] = []
        self._one_at_a_time = asyncio.Lock()
        self.version = 0

    def all(self) -> list[Petition]:
        return list(self._rows.values())

    def get(self, slug: str) -> Petition:
        """The petition, or ``NotFound``; drafts are not public."""
        petition = self._rows.get(slug)
        if petition is None or petition.status == "draft":
            raise NotFound("petition")
        return petition

    def public(self) -> list[Petition]:
        return [petition for petition in self._rows.values() if petition.status != "draft"]

    def by_id(self, petition_id: UUID) -> Petition | None:
        return next((p for p in self._rows.values() if p.id == petition_id), None)

    def now(self) -> datetime:
        """The database's time, as well as this process knows it."""
        return datetime.now(UTC) + self._clock_offset

    def watch(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after each refresh that brought something new."""
        self._watchers.append(changed)

    async def refresh(self) -> None:
        """Look again, now. What is shown afterwards was read after this call began."""
        # Of two at once, the one that read earlier could come last and put the older state back.
        async with self._one_at_a_time:
            rows = [dict(row) async for row in q.shelf(self._pool, slug=None)]
            self._clock_offset = await q.database_now(self._pool) - datetime.now(UTC)
            if rows != self._seen:
                self._rows = {row["slug"]: _petition(row) for row in rows}
                self._seen = rows
                self.version += 1
                for changed in self._watchers:
                    changed()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Shelf]:
        """Filled once, then refreshed in the background until the block ends."""
        async with db.refreshing(self.refresh, every=self._interval, what="shelf"):
            yield self
