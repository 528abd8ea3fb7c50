"""On the organizers' own machine: a list from the server, and the private key, become the list that a person can read.

A name is opened only as widely as its signer wished: by the narrower of what was confirmed and what the server's row said, so
that nobody who takes over the server can widen a wish. For a recipient only those remain who agreed to be named to it; the
others are a number, and the totals add up to the certificate's.
"""

from __future__ import annotations

import base64
import heapq
import json
import os
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast
from uuid import UUID

import msgspec

from service import signatures
from service.errors import Misconfigured, Unproven
from service.exports.tables import FORMATS, Cell, Columns, Format, read, table
from service.exports.writing import FORMAT
from service.identity import Blob, Unopened, offline

WIDTH = ("protect", "count", "show")
RUN = 20_000
"""Names sorted in memory at once; longer lists are merged from runs on disk."""

Progress = Callable[[int, int], object]
_Row = tuple[dict[str, str], Blob | None]

_WORKING: Columns = (
    ("id", "text"), ("day", "day"), ("text_version", "whole"), ("visibility", "text"), ("leaf", "whole"), ("name", "text"),
    ("email", "text"), ("role", "text"), ("country", "text"), ("locality", "text"), ("language", "text"), ("partner", "text"),
    ("handover", "text"), ("news", "text"), ("partner_news", "text"),
)  # fmt: skip


class Opened(msgspec.Struct, frozen=True):
    """What became of a file: where the opened one is, and its totals."""

    path: Path
    totals: dict[str, int]


def narrower(blob: str, row: str) -> str:
    """The smaller of two wishes to be seen; an unknown word is the smallest."""
    return min(blob, row, key=lambda wish: WIDTH.index(wish) if wish in WIDTH else -1) if {blob, row} <= set(WIDTH) else "protect"


def open_file(path: Path, private: offline.Private, out: Path, *, progress: Progress | None = None) -> Opened:
    """Open the export in ``path`` (with ``path.about.json`` beside it) into ``out``, which is 0600 and must not exist yet.

    Raises ``Unproven`` (``export``: cut short, changed, or not sealed to this key) and leaves nothing behind; ``Misconfigured``
    when ``out`` is there already.
    """
    about = _about(path)
    tell = progress or (lambda done, of: None)
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Misconfigured([f"{out} is there already"]) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            opened = _signers(path, about, private, tell)
            totals = (_for_recipient if about["shape"] == "recipient" else _for_work)(file, about, opened, out.parent)
    except BaseException:
        out.unlink(missing_ok=True)
        raise
    return Opened(out, totals)


def about_path(path: Path) -> Path:
    """Where what an export says about itself lies: beside it."""
    return path.with_name(path.name + ".about.json")


def _about(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(about_path(path).read_text(encoding="utf-8"))
        is_ours = about["format"] == FORMAT and about["file_format"] in FORMATS and about["shape"] in ("working", "recipient")
        UUID(about["petition"]["id"])
        _ = int(about["totals"]["rows"]), int(about["totals"]["count"]), list(about["fields"]), list(about["sponsors"])
    except FileNotFoundError as missing:
        raise Unproven("export", f"{missing.filename} is missing: it belongs beside the export") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise Unproven("export", f"{about_path(path).name} is not what an export says about itself") from None
    if not is_ours:
        raise Unproven("export", "not a list of names: there is nothing to open")
    return cast(dict[str, Any], about)


def _signers(path: Path, about: Mapping[str, Any], private: offline.Private, tell: Progress) -> Iterator[_Row]:
    """Every row with what its box holds; None where there is no box. All of them, or ``Unproven``."""
    petition, of, done = UUID(about["petition"]["id"]), int(about["totals"]["rows"]), 0
    for row in read(path, cast(Format, about["file_format"])):
        if set(row) != {"id", "day", "text_version", "visibility", "leaf", "sealed"}:
            raise Unproven("export", f"{path.name} has other columns than an export")
        blob = None
        if row["sealed"]:
            try:
                blob = signatures.open_box(private, petition, UUID(row["id"]), base64.b64decode(row["sealed"], validate=True))
            except Unopened as shut:
                raise Unproven("export", f"row {done + 1}: {shut.detail}") from None
            except ValueError:
                raise Unproven("export", f"row {done + 1}: not a box") from None
        try:
            row["day"] = _day(row["day"])
            _ = UUID(row["id"]), int(row["text_version"]), int(row["leaf"])
        except ValueError:
            raise Unproven("export", f"row {done + 1}: not a row of an export") from None
        done += 1
        if done % 500 == 0:
            tell(done, of)
        yield row, blob
    if done != of:
        raise Unproven("export", f"{path.name} has {done} rows, and said that it would have {of}: it is cut short or not this file")
    tell(of, of)


def _day(cell: str) -> str:
    """A day as text; XLSX counts days from the end of 1899."""
    return (date(1899, 12, 30) + timedelta(days=int(cell))).isoformat() if cell.isdecimal() else date.fromisoformat(cell).isoformat()


def _for_work(file: BinaryIO, about: dict[str, Any], opened: Iterator[_Row], _: Path) -> dict[str, int]:
    named = 0

    def rows() -> Iterator[Sequence[Cell]]:
        nonlocal named
        for row, blob in opened:
            seen = narrower(blob.visibility, row["visibility"]) if blob else "protect"
            ours = blob if blob and seen != "protect" else None  # to nobody means: not to us, either
            named += ours is not None
            plain: list[Cell] = [row["id"], date.fromisoformat(row["day"]), int(row["text_version"]), seen, int(row["leaf"])]
            plain += [ours.name, ours.email, ours.role, ours.country, ours.locality, ours.language, ours.partner] if ours else [""] * 7
            plain += [_yes(ours.handover), _yes(ours.news), _yes(ours.partner_news)] if ours else [""] * 3
            yield plain

    _write(file, about, _WORKING, rows())
    return {"count": about["totals"]["count"], "rows": about["totals"]["rows"], "named": named}


def _yes(wish: bool) -> str:
    return "yes" if wish else "no"


def _for_recipient(file: BinaryIO, about: dict[str, Any], opened: Iterator[_Row], folder: Path) -> dict[str, int]:
    """Sponsors, then notable signers (a role, and the wish to be shown), then the others, each by alphabet: no order tells a time."""
    fields: list[str] = about["fields"]
    columns: Columns = (("kind", "text"), ("reference", "text"), *((field, "text") for field in fields))
    count, named = int(about["totals"]["count"]), 0

    def chosen() -> Iterator[list[str]]:
        nonlocal named
        for row, blob in opened:
            if blob is None or not blob.handover:
                continue
            seen = narrower(blob.visibility, row["visibility"])
            if seen == "protect":
                continue
            named += 1
            is_notable = seen == "show" and bool(blob.role)
            cells = [getattr(blob, field) if field != "role" or is_notable else "" for field in fields]
            # The first two cells are what it is sorted by.
            yield ["0" if is_notable else "1", _alphabet(blob.name), "notable" if is_notable else "signer", row["id"], *cells]

    def rows() -> Iterator[Sequence[Cell]]:
        for sponsor in about["sponsors"]:
            yield ["sponsor", "", *(str(sponsor) if field == "name" else "" for field in fields)]
        for line in _sorted(chosen(), folder):
            yield line[2:]

    def totals() -> dict[str, int]:
        return {"count": count, "named": named, "not_named": count - named, "sponsors": len(about["sponsors"])}

    _write(file, about, columns, rows(), totals)
    return totals()


def _alphabet(name: str) -> str:
    return unicodedata.normalize("NFKD", name).casefold()


def _sorted(lines: Iterator[list[str]], folder: Path) -> Iterator[list[str]]:
    """Sorted, with ``RUN`` lines in memory at most; the runs are unnamed files in ``folder``, where the opened list will be."""
    runs: list[BinaryIO] = []
    part: list[list[str]] = []
    try:
        for line in lines:
            part.append(line)
            if len(part) == RUN:
                runs.append(_run(sorted(part), folder))
                part = []
        yield from heapq.merge(sorted(part), *(map(_line, run) for run in runs))
    finally:
        for run in runs:
            run.close()


def _run(part: list[list[str]], folder: Path) -> BinaryIO:
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by ``_sorted``
    for line in part:
        file.write(msgspec.json.encode(line) + b"\n")
    file.seek(0)
    return cast(BinaryIO, file)


def _line(raw: bytes) -> list[str]:
    return msgspec.json.decode(raw, type=list[str])


def _write(
    file: BinaryIO,
    about: Mapping[str, Any],
    columns: Columns,
    rows: Iterator[Sequence[Cell]],
    totals: Callable[[], dict[str, int]] | None = None,
) -> None:
    made = table(cast(Format, about["file_format"]))
    try:
        file.write(made.begin(columns))
        part: list[Sequence[Cell]] = []
        for row in rows:
            part.append(row)
            if len(part) == 500:
                file.write(made.add(part))
                part = []
        file.write(made.add(part))
        told = {name: value for name, value in about.items() if name not in ("sha256", "keys")}
        for piece in made.end({**told, "totals": totals()} if totals else told):
            file.write(piece)
    finally:
        made.close()
