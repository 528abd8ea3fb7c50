"""What is printed: sheets and cards in every language, set by typst from templates in ``sheets/``, the same bytes every time.

A sheet reads its data as ``data`` from ``house.typ`` and is never built out of strings, so that nothing a person typed is ever
markup. Fonts are our own (Noto Sans, Latin to Armenian): what is printed does not depend on the machine. Setting takes 3 to
100 ms of one core: call it in a thread.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # 8 MiB that a web process takes only when it prints
    import typst

HERE = Path(__file__).parent
SHEETS = HERE / "sheets"
EPOCH = datetime(1980, 1, 1, tzinfo=UTC)

Standard = Literal["a-2b", "a-3b", "ua-1"]


@cache
def _fonts() -> typst.Fonts:
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(HERE / "fonts")])


def pdf(
    sheet: str,
    data: Mapping[str, Any],
    *,
    at: datetime = EPOCH,
    standards: tuple[Standard, ...] = ("a-2b",),
    files: Mapping[str, bytes] | None = None,
) -> bytes:
    """``sheets/<sheet>.typ`` filled with ``data`` (what JSON can hold), as a PDF that says it was made at ``at``.

    ``files`` are readable for the sheet under ``files/<name>``: pictures, and what ``pdf.attach`` shall carry.
    """
    return _set(sheet, data, files or {}, "pdf", at=at, standards=standards)


def png(sheet: str, data: Mapping[str, Any], *, ppi: float = 72.0, files: Mapping[str, bytes] | None = None) -> bytes:
    """The one page of ``sheets/<sheet>.typ`` as a PNG: at 72 ppi a page of 1200 × 630 pt has as many pixels."""
    return _set(sheet, data, files or {}, "png", ppi=ppi)


def _set(
    sheet: str,
    data: Mapping[str, Any],
    files: Mapping[str, bytes],
    kind: Literal["pdf", "png"],
    *,
    at: datetime = EPOCH,
    ppi: float = 72.0,
    standards: tuple[Standard, ...] = (),
) -> bytes:
    if not (SHEETS / f"{sheet}.typ").is_file():
        raise FileNotFoundError(f"{sheet}.typ")
    import typst

    given = {"data": json.dumps(data, ensure_ascii=False)}
    with tempfile.TemporaryDirectory(prefix="libertas-press-") as folder:
        root = SHEETS
        if files:
            # typst reads only below its root, so the sheets stand beside the files for a moment.
            root = Path(folder)
            shutil.copytree(SHEETS, root, dirs_exist_ok=True)
            for name, content in files.items():
                target = root / "files" / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        compiler = typst.Compiler(str(root / f"{sheet}.typ"), root=str(root), font_paths=_fonts())
        made = compiler.compile(format=kind, ppi=ppi, sys_inputs=given, pdf_standards=list(standards), timestamp=at)
    if not isinstance(made, bytes):
        raise TypeError(f"{sheet}: a picture has one page")
    return made
