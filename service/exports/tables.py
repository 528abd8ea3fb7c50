"""Rows as CSV, XLSX, JSON lines or Parquet: written and read piece by piece, so that memory does not grow with the list.

A cell of text is never a formula: in CSV what a spreadsheet could take for one gets an apostrophe, in XLSX text is marked as text.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal, Protocol
from xml.etree import ElementTree

import msgspec

from service.errors import Unproven

Format = Literal["csv", "xlsx", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "xlsx", "jsonl", "parquet")
Cell = str | int | bool | date | None
Kind = Literal["text", "whole", "day"]
Columns = Sequence[tuple[str, Kind]]

SHEET_ROWS = 1_000_000
"""Rows on one sheet: XLSX ends at 1,048,576, and what is longer goes on on the next sheet."""

CELL = 32_767
"""Characters that an XLSX cell holds."""

PIECE = 500
"""Rows of a Parquet row group, which the writer holds in memory: as many as come at once, so that it never holds two pieces."""

_DANGEROUS = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20|%")  # with the full-width twins, and what starts a DDE call


_CONTROLS = re.compile("[\x00-\x1f\x7f\u0085\u2028\u2029]")
_BLANK = " \u00a0\u3000\ufeff\u200b"


def harmless(text: str) -> str:
    """``text`` on one line, and so that no spreadsheet takes it for a formula.

    A line break inside a cell would begin a row in a reader that cares little for quotes (LibreOffice at a bare CR).
    """
    is_formula = text.lstrip(_BLANK)[:1] in _DANGEROUS and bool(text.strip())
    return ("'" if is_formula else "") + _CONTROLS.sub(" ", text)


class Table(Protocol):
    """A file that is being written. Each step returns the bytes that are ready to leave."""

    media_type: str

    def begin(self, columns: Columns) -> bytes: ...
    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes: ...
    def end(self, about: dict[str, Any]) -> Iterator[bytes]: ...
    def close(self) -> None: ...


def table(form: Format, *, sheet_rows: int = SHEET_ROWS) -> Table:
    """A new file of this format."""
    if form == "xlsx":
        return _Xlsx(sheet_rows)
    return {"csv": _Csv, "jsonl": _Jsonl, "parquet": _Parquet}[form]()  # type: ignore[return-value]


class _Csv:
    media_type = "text/csv; charset=utf-8"

    def begin(self, columns: Columns) -> bytes:
        return self._written([[name for name, _ in columns]])

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        return self._written([[harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows])

    def end(self, about: dict[str, Any]) -> Iterator[bytes]:
        return iter(())

    def close(self) -> None:
        """Nothing is open."""

    @staticmethod
    def _written(rows: Sequence[Sequence[Cell]]) -> bytes:
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        return out.getvalue().encode()


class _Jsonl:
    media_type = "application/jsonl"

    def __init__(self) -> None:
        self._names: list[str] = []

    def begin(self, columns: Columns) -> bytes:
        self._names = [name for name, _ in columns]
        return b""

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        return b"".join(msgspec.json.encode(dict(zip(self._names, row, strict=True))) + b"\n" for row in rows)

    def end(self, about: dict[str, Any]) -> Iterator[bytes]:
        return iter(())

    def close(self) -> None:
        """Nothing is open."""


class _Spooled:
    """Formats whose beginning is only known at the end, or whose writer wants a file: spooled to an unnamed temporary file.

    On the server that file holds names as ciphertext only.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by ``close``

    def _left(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(1 << 18):
            yield piece

    def close(self) -> None:
        self._file.close()


class _Xlsx(_Spooled):
    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def __init__(self, sheet_rows: int) -> None:
        super().__init__()
        import xlsxwriter  # 40 ms, and only for this format

        self._book = xlsxwriter.Workbook(self._file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._bold = self._book.add_format({"bold": True})
        self._columns: Columns = ()
        self._sheet_rows = sheet_rows
        self._sheets = 0
        self._at = 0
        self._sheet: Any = None
        self._is_ended = False

    def begin(self, columns: Columns) -> bytes:
        self._columns = columns
        self._turn()
        return b""

    def _turn(self) -> None:
        self._sheets += 1
        self._sheet = self._book.add_worksheet("rows" if self._sheets == 1 else f"rows {self._sheets}")
        self._sheet.freeze_panes(1, 0)
        for column, (name, _) in enumerate(self._columns):
            self._sheet.write_string(0, column, name, self._bold)
        self._at = 0

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        for row in rows:
            if self._at == self._sheet_rows:
                self._turn()
            self._at += 1
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    self._sheet.write_datetime(self._at, column, cell, self._day)
                elif isinstance(cell, int):
                    self._sheet.write_number(self._at, column, int(cell))
                elif cell is not None:
                    self._sheet.write_string(self._at, column, cell)
        return b""

    def end(self, about: dict[str, Any]) -> Iterator[bytes]:
        sheet = self._book.add_worksheet("about")
        for row, (name, value) in enumerate(_flat(about)):
            sheet.write_string(row, 0, name, self._bold)
            sheet.write_string(row, 1, value[:CELL])
        self._is_ended = True
        self._book.close()
        return self._left()

    def close(self) -> None:
        if not self._is_ended:
            self._is_ended = True
            self._book.add_worksheet("cut short") if not self._sheets else None
            self._book.close()  # else its temporary files stay
        super().close()


def _flat(about: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in about.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class _Parquet(_Spooled):
    media_type = "application/vnd.apache.parquet"

    def __init__(self) -> None:
        super().__init__()
        self._schema: Any = None
        self._parts: list[tuple[int, int]] = []
        self._spool = tempfile.TemporaryFile()  # noqa: SIM115 - closed by ``close``

    def begin(self, columns: Columns) -> bytes:
        from arro3.core import DataType, Field, Schema

        kinds = {"text": DataType.utf8(), "whole": DataType.int64(), "day": DataType.date32()}
        self._schema = Schema([Field(name, kinds[kind], nullable=True) for name, kind in columns])
        return b""

    def add(self, rows: Sequence[Sequence[Cell]]) -> bytes:
        raw = msgspec.msgpack.encode([[(cell - _EPOCH).days if isinstance(cell, date) else cell for cell in row] for row in rows])
        self._parts.append((self._spool.tell(), len(raw)))
        self._spool.write(raw)
        return b""

    def end(self, about: dict[str, Any]) -> Iterator[bytes]:
        from arro3.core import Array, DataType, RecordBatch, RecordBatchReader
        from arro3.io import write_parquet

        def column(n: int, cells: list[Any]) -> Any:
            kind = self._schema.field(n).type
            is_day = kind == DataType.date32()  # it makes no array of days, but turns numbers into one
            return Array(cells, type=DataType.int32()).cast(kind) if is_day else Array(cells, type=kind)

        def batches() -> Iterator[Any]:
            # The writer pulls one part after the other: no more than a row group is in memory.
            for at, length in self._parts:
                self._spool.seek(at)
                rows = msgspec.msgpack.decode(self._spool.read(length))
                yield RecordBatch([column(n, [row[n] for row in rows]) for n in range(len(self._schema.names))], schema=self._schema)

        reader = RecordBatchReader.from_batches(self._schema, batches())
        metadata = {"libertas-export": json.dumps(about, ensure_ascii=False)}
        write_parquet(
            reader, self._file, max_row_group_size=PIECE, compression="zstd(3)", key_value_metadata=metadata, dictionary_enabled=False
        )
        return self._left()

    def close(self) -> None:
        self._spool.close()
        super().close()


_EPOCH = date(1970, 1, 1)


# -- reading what the server wrote ---------------------------------------------------------------------------------------------


def read(path: Path, form: Format) -> Iterator[dict[str, str]]:
    """The rows of a file that ``table`` wrote, every cell as text, empty where there is none. Raises ``Unproven`` (export)."""
    readers = {"csv": _read_csv, "jsonl": _read_jsonl, "xlsx": _read_xlsx, "parquet": _read_parquet}
    try:
        yield from readers[form](path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, ElementTree.ParseError, msgspec.MsgspecError, csv.Error) as broken:
        raise Unproven("export", f"{path.name} is not a readable {form} file ({type(broken).__name__})") from None


def _read_csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file, strict=True):
            if None in row or None in row.values():
                raise ValueError("a row of another length")
            yield row


def _read_jsonl(path: Path) -> Iterator[dict[str, str]]:
    with path.open("rb") as file:
        for line in file:
            row = msgspec.json.decode(line, type=dict[str, Any])
            yield {name: "" if cell is None else str(cell) for name, cell in row.items()}


def _read_parquet(path: Path) -> Iterator[dict[str, str]]:
    from arro3.core import RecordBatch
    from arro3.io import read_parquet

    with path.open("rb") as file:  # the reader panics, instead of raising, at what is no Parquet at all
        begins, size = file.read(4), path.stat().st_size
        file.seek(max(0, size - 4))
        if size < 12 or begins != b"PAR1" or file.read() != b"PAR1":
            raise ValueError("not Parquet")
    for chunk in read_parquet(path):
        batch = RecordBatch.from_arrow(chunk)
        columns = {name: batch.column(name).to_pylist() for name in batch.schema.names}
        for cells in zip(*columns.values(), strict=True):
            yield {name: "" if cell is None else str(cell) for name, cell in zip(columns, cells, strict=True)}


_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _read_xlsx(path: Path) -> Iterator[dict[str, str]]:
    """The sheets of rows, one after the other: exactly what ``_Xlsx`` writes (texts inline), no more of XLSX."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        names.sort(key=lambda name: int("".join(filter(str.isdigit, name))))
        for name in names[:-1]:  # the last one is "about"
            header: list[str] = []
            with archive.open(name) as file:
                for _, element in ElementTree.iterparse(file):  # noqa: S314 - no entities in a zip that XlsxWriter wrote, and it is our own
                    if element.tag != f"{_MAIN}row":
                        continue
                    cells = {_column(cell.get("r", "")): "".join(cell.itertext()) for cell in element.iter(f"{_MAIN}c")}
                    if header:
                        yield {title: cells.get(at, "") for at, title in enumerate(header)}
                    else:
                        header = [cells[at] for at in range(len(cells))]
                    element.clear()


def _column(reference: str) -> int:
    at = 0
    for letter in reference.rstrip("0123456789"):
        at = at * 26 + ord(letter) - 64
    return at - 1
