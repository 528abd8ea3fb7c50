"""What the server writes: every row under one checkpoint, in one snapshot of the database, and no name in the clear.

Whoever is in a list of names is remembered by id, so that a later withdrawal reaches the list, too.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import asyncpg
import msgspec
import structlog

from service import db, identity, organizers, recipients, signatures
from service.errors import Conflict, Fault, Invalid, NotFound
from service.exports.tables import CELL, FORMATS, Columns, Format, Table, table
from service.identity import KeyGone, Keys, Unopened, offline
from service.proof.canonical import b64
from service.settings import Settings

q = db.statements("exports")
log = structlog.get_logger()

Shape = Literal["working", "recipient", "open"]
SHAPES: tuple[Shape, ...] = ("working", "recipient", "open")
FORMAT = "libertas-export/v1"
EXPORT = "export"
"""The act that two organizers approve."""

FIELDS = ("name", "role", "country", "locality", "email")
"""What a recipient's profile may ask for, in the order of its columns."""

ROWS = 500
"""Rows fetched and formatted at once: 2 MB of boxes."""

_LISTED: Columns = (
    ("id", "text"), ("day", "day"), ("text_version", "whole"), ("visibility", "text"), ("leaf", "whole"), ("sealed", "text"),
)  # fmt: skip
_FIGURES: Columns = (("kind", "text"), ("key", "text"), ("n", "whole"))

Progress = Callable[[int, int], object]


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What one recipient gets: which of ``FIELDS``, and the sponsors that stand before the signers, as lines of text."""

    recipient: str
    fields: tuple[str, ...] = ("name", "country")
    sponsors: tuple[str, ...] = ()

    @classmethod
    def of(cls, recipient: str, profile: recipients.Profile, sponsors: Sequence[str] = ()) -> Profile:
        """What an office of this kind gets. Raises ``Conflict`` (``names-never``) where names are not handed over at all."""
        if profile.names == "never":
            raise Conflict(f"names are never handed over to {recipient}: its procedure asks for none", code="names-never")
        asked = ("locality",) if profile.signer_field != "none" else ()
        return cls(recipient=recipient, fields=("name", "country", *asked), sponsors=tuple(sponsors))


def facts(shape: Shape, form: Format, profile: Profile | None = None) -> dict[str, Any]:
    """What the two organizers approve, besides the petition: an approved act of ``EXPORT`` with exactly these facts."""
    return {
        "shape": shape,
        "format": form,
        "recipient": profile.recipient if profile else "",
        "fields": sorted(profile.fields if profile else ()),
    }


class Export:
    """One export under way: iterate once over its bytes. ``about`` is whole, with totals and digest, when they have ended.

    When the iteration is left early, or fails, the export counts as cut short: then whoever had a leaf at that time may be in it.
    """

    def __init__(self, pieces: Callable[[Export], AsyncIterator[bytes]], about: dict[str, Any], export_id: UUID, media_type: str) -> None:
        self._pieces = pieces
        self.id = export_id
        self.about = about
        self.media_type = media_type

    @property
    def file_name(self) -> str:
        """A name for the file: petition, shape, size of the log."""
        return f"{self.about['petition']['slug']}-{self.about['shape']}-{self.about['checkpoint']['size']}.{self.about['file_format']}"

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._pieces(self)


async def write(
    pool: asyncpg.Pool,
    keys: Keys,
    settings: Settings,
    slug: str,
    *,
    shape: Shape,
    form: Format,
    profile: Profile | None = None,
    approval: UUID | None = None,
    by: UUID | None = None,
    progress: Progress | None = None,
) -> Export:
    """Begin an export of ``slug``; the bytes come by iterating over what is returned.

    ``working``: every counted signature, its name as a box. ``recipient``: the same for the organizers' machine to choose those
    who agreed, with the fields of ``profile``. ``open``: figures, rounded down to tens, exact but for the day's own movement.
    Outside the demo a list of names needs the ``approval`` that two organizers gave on the desk, to exactly these ``facts``; it
    is taken, for ``by``, in the transaction that writes the export down.

    Raises ``NotFound`` (no such petition, or nothing is sealed yet), ``Invalid`` (a shape, format or field that does not
    exist), ``Conflict`` (``approval-needed``, those of ``organizers.execute``; ``keys-needed`` without an offline key to seal to).
    """
    faults = [] if shape in SHAPES else [Fault("shape", "choice")]
    faults += [] if form in FORMATS else [Fault("format", "choice")]
    faults += [Fault("fields", "choice") for field in (profile.fields if profile else ()) if field not in FIELDS]
    if shape == "recipient" and profile is None:
        faults.append(Fault("recipient", "missing"))
    if faults:
        raise Invalid(faults, "no such " + ", ".join(fault.field for fault in faults))
    head = await q.head(pool, slug=slug)
    if head is None:
        raise NotFound(f"there is no petition {slug}")
    if not head["size"] or head["sealed_at"] is None:
        raise NotFound(f"nothing of {slug} is sealed yet; wait for the first checkpoint")
    to: list[offline.Public] = []
    if shape != "open":
        if approval is None and not settings.embedded:
            raise Conflict("a list of names needs the approval of two organizers: ask for it on the desk", code="approval-needed")
        to = keys.offline_keys()
        if not to:
            raise Conflict("there is no offline key to seal names to: see `libertas keys new --offline`", code="keys-needed")
    export_id, about = uuid4(), _about(head, shape, form, profile, to)
    async with db.transaction(pool) as connection:
        if approval is not None:
            await _take(connection, approval, by, head["id"], facts(shape, form, profile))
        await q.begin_export(
            connection,
            id=export_id,
            petition_id=head["id"],
            shape=shape,
            format=form,
            approval_id=approval,
            about=msgspec.json.encode(about).decode(),
        )
    return Export(_Writing(pool, keys, slug, shape, form, to, progress).pieces, about, export_id, table_media(form))


async def _take(connection: db.Connection, approval: UUID, by: UUID | None, petition_id: UUID, wanted: dict[str, Any]) -> None:
    found = await organizers.approval(connection, approval)
    if found.petition_id != petition_id or found.facts != wanted:
        raise Conflict("what was approved is another list than this one", code="approval-decided")
    await organizers.execute(connection, approval, by or found.proposed_by, EXPORT)


def table_media(form: Format) -> str:
    """The media type of a format, without opening a file of it."""
    return {
        "csv": "text/csv; charset=utf-8",
        "jsonl": "application/jsonl",
        "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "parquet": "application/vnd.apache.parquet",
    }[form]


def _about(head: Mapping[str, Any], shape: str, form: str, profile: Profile | None, to: Sequence[offline.Public]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "shape": shape,
        "file_format": form,
        "petition": {"id": str(head["id"]), "slug": head["slug"]},
        "recipient": profile.recipient if profile else None,
        "fields": [field for field in FIELDS if profile and field in profile.fields],
        "sponsors": list(profile.sponsors) if profile else [],
        "keys": [{"name": key.name, "fingerprint": key.fingerprint} for key in to],
        **_checkpoint(head),
    }


def _checkpoint(head: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "checkpoint": {
            "origin": head["origin"],
            "size": head["size"],
            "root": b64(head["root"]),
            "count": head["count"],
            "sealed_at": f"{head['sealed_at'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        },
        "made_at": f"{head['made_at'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }


class _Writing:
    """What ``Export`` iterates over: the snapshot, the rows, the ids that are kept."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        keys: Keys,
        slug: str,
        shape: Shape,
        form: Format,
        to: Sequence[offline.Public],
        progress: Progress | None,
    ) -> None:
        self._pool = pool
        self._keys = keys
        self._slug = slug
        self._shape = shape
        self._form = form
        self._to = to
        self._progress = progress or (lambda done, of: None)

    async def pieces(self, export: Export) -> AsyncGenerator[bytes, None]:
        digest = hashlib.sha256()
        async with db.transaction(self._pool, isolation="repeatable_read") as connection:
            await q.patient(connection)
            head = await q.head(connection, slug=self._slug)
            export.about |= _checkpoint(head)
            keeping = asyncio.create_task(self._keep_ids(await q.share_snapshot(connection), export.id, head))
            try:
                rows = {"open": self._figures, "working": self._listed, "recipient": self._listed}[self._shape]
                async with aclosing(rows(connection, head, export)) as written:
                    async for piece in written:
                        digest.update(piece)
                        yield piece
                await keeping
            finally:
                keeping.cancel()
        export.about["sha256"] = digest.hexdigest()
        await q.end_export(self._pool, export_id=export.id, listed=export.about["totals"]["rows"], digest=digest.digest())
        self._progress(head["count"], head["count"])

    async def _keep_ids(self, snapshot: str, export_id: UUID, head: Mapping[str, Any]) -> None:
        if self._shape == "open":
            return
        async with db.transaction(self._pool, isolation="repeatable_read") as connection:
            await connection.execute(f"set transaction snapshot '{snapshot}'")  # the server's own word; it takes no parameter
            await q.patient(connection)
            await connection.execute(q.keep_ids.sql, export_id, head["id"], head["size"], timeout=3_600)

    # -- figures

    async def _figures(self, connection: db.Connection, head: Mapping[str, Any], export: Export) -> AsyncGenerator[bytes, None]:
        cells = await signatures.statistics(connection, head["id"], today=head["today"])
        rows: list[tuple[str, str, int]] = [("count", "", head["count"])]
        rows += [(kind, key, n) for kind in ("day", "country", "language", "partner") for key, n in sorted(cells[kind].items()) if key]
        export.about["totals"] = {"count": head["count"], "rows": len(rows)}
        file = table(self._form)
        try:
            yield file.begin(_FIGURES)
            yield file.add(rows)
            for piece in await asyncio.to_thread(lambda: list(file.end(export.about))):
                yield piece
        finally:
            file.close()

    # -- lists

    async def _listed(self, connection: db.Connection, head: Mapping[str, Any], export: Export) -> AsyncGenerator[bytes, None]:
        # A sealed petition's boxes are in the rows, so that PostgreSQL writes the CSV; nothing else is as fast.
        is_ready = self._form == "csv" and head["is_sealed"]
        export.about["totals"] = {"count": head["count"], "rows": 0, "not_listed": 0}
        async with aclosing((self._copied if is_ready else self._fetched)(connection, head, export)) as written:
            async for piece in written:
                self._progress(export.about["totals"]["rows"], head["count"])
                yield piece
        totals = export.about["totals"]
        # Withdrawn, erased or set aside since the checkpoint, or erased after the close: in the number, in no list.
        totals["not_listed"] = head["count"] - totals["rows"]

    async def _copied(self, connection: db.Connection, head: Mapping[str, Any], export: Export) -> AsyncGenerator[bytes, None]:
        ready: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=16)

        async def copy() -> None:
            try:
                await connection.copy_from_query(
                    q.sealed_rows.sql.rstrip("; \n"), head["id"], head["size"], output=ready.put, format="csv", header=True, timeout=86_400
                )
            finally:
                await ready.put(None)

        copying = asyncio.create_task(copy())
        try:
            lines = -1  # the header
            while (piece := await ready.get()) is not None:
                lines += piece.count(b"\n")
                export.about["totals"]["rows"] = max(0, lines)
                yield bytes(piece)
            await copying
        finally:
            if not copying.done():
                copying.cancel()
                while not ready.empty():
                    ready.get_nowait()
                await asyncio.wait({copying})

    async def _fetched(self, connection: db.Connection, head: Mapping[str, Any], export: Export) -> AsyncGenerator[bytes, None]:
        cursor = await connection.cursor(q.rows.sql, head["id"], head["size"])
        file = await asyncio.to_thread(table, self._form)
        try:
            yield file.begin(_LISTED)
            while rows := await cursor.fetch(ROWS):
                piece = await asyncio.to_thread(self._add, file, head["id"], rows)
                export.about["totals"]["rows"] += len(rows)
                yield piece
            export.about["totals"]["not_listed"] = head["count"] - export.about["totals"]["rows"]
            ends = iter(await asyncio.to_thread(file.end, export.about))
            while piece := await asyncio.to_thread(next, ends, b""):
                yield piece
        finally:
            await asyncio.to_thread(file.close)

    def _add(self, file: Table, petition_id: UUID, rows: Sequence[Any]) -> bytes:
        cells = []
        for row in rows:
            box = row["sealed"] or self._sealed_now(petition_id, row)
            sealed = base64.b64encode(box).decode() if box else None
            if self._form == "xlsx" and sealed and len(sealed) > CELL:
                raise Conflict("sealed to so many keys that a box does not fit into a cell of XLSX: take another format", code="too-large")
            cells.append((str(row["id"]), row["day"], row["text_version"], row["visibility"], row["leaf"], sealed))
        return file.add(cells)

    def _sealed_now(self, petition_id: UUID, row: Mapping[str, Any]) -> bytes | None:
        """The box of a petition that keeps its names within the server's reach: made for this list."""
        if row["blob"] is None:
            return None
        try:
            plain = identity.open_sealed(self._keys.epoch_key(row["key_id"]), row["key_id"], "signature", row["id"].bytes, row["blob"])
        except (KeyGone, Unopened) as gone:
            log.error(  # noqa: TRY400 - a traceback may hold values
                "export: a name cannot be opened any more", why=gone.name, alarm=True
            )
            return None
        return offline.seal_box(self._to, petition_id, row["id"], signatures.FIELD, plain)


# -- those who leave later -------------------------------------------------------------------------------------------------------


async def made(pool: asyncpg.Pool, petition_id: UUID) -> list[dict[str, Any]]:
    """Every export of the petition, newest first: id, shape, format, about (JSON), begun_at; listed and done_at when it was whole."""
    return [dict(row) async for row in q.made(pool, petition_id=petition_id)]


async def removals(pool: asyncpg.Pool, export_id: UUID) -> list[tuple[UUID, str, datetime | None]]:
    """Who must be taken out of an export wherever it went: (id in the file, state or ``protect``, since when)."""
    return [
        (row["id"], "protect" if row["state"] == "confirmed" else row["state"], row["ended_at"])
        async for row in q.removals(pool, export_id=export_id)
    ]


async def confirm_removals(pool: asyncpg.Pool, export_id: UUID, ids: Sequence[UUID]) -> None:
    """An organizer has taken these out of the file; they are asked for no more. Repeats change nothing."""
    await q.confirm_removals(pool, export_id=export_id, ids=list(ids))
