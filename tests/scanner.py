"""A telephone's camera: reads the codes on what we print or show, by a library (zxing) that knows nothing of how they were made."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import typst
import zxingcpp


def scanned(content: bytes | str, *, dpi: int = 150) -> list[str]:
    """The texts of all QR codes in a PDF (all pages), a PNG or an SVG, printed at ``dpi`` and looked at in grey."""
    found = []
    with TemporaryDirectory() as folder:
        sheet = Path(folder) / "sheet.pdf"
        sheet.write_bytes(content if isinstance(content, bytes) and content.startswith(b"%PDF") else _printed(content, Path(folder)))
        subprocess.run(["pdftoppm", "-gray", "-r", str(dpi), sheet, Path(folder) / "page"], check=True)
        for page in sorted(Path(folder).glob("page*.pgm")):
            head = re.match(rb"P5\s+(\d+)\s+(\d+)\s+255\s", page.read_bytes())
            assert head is not None
            grey = memoryview(page.read_bytes()[head.end() :]).cast("B", (int(head[2]), int(head[1])))
            found += [code.text for code in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormat.QRCode)]
    return found


def _printed(content: bytes | str, folder: Path) -> bytes:
    """A picture, 80 mm wide, on white paper."""
    name = "code.svg" if isinstance(content, str) or content.lstrip().startswith(b"<svg") else "code.png"
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    (folder / "sheet.typ").write_text(f'#set page(width: 100mm, height: 100mm, margin: 10mm)\n#image("{name}", width: 80mm)')
    made = typst.compile(str(folder / "sheet.typ"), format="pdf")
    assert isinstance(made, bytes)
    return made
