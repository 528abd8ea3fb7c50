"""The press: what is printed has our letters, the same bytes every time, and nothing in it is markup that somebody typed."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from service import press

LINES = ["Իրավունք, ազատություն, և", "Œuvre, ça, ‘déjà’ — 1 234", "Mayor of #[evil] *bold* $x$ \\ <b>", "№ «»"]


def proof() -> bytes:
    return press.pdf("proof", {"title": "Ազատություն", "lang": "hy", "lines": LINES})


def test_armenian_french_and_anything_typed_stand_in_the_pdf_as_they_are() -> None:
    text = PdfReader(io.BytesIO(proof())).pages[0].extract_text()
    for line in LINES:
        assert "".join(line.split()) in "".join(text.split()), line


def test_the_same_data_make_the_same_bytes() -> None:
    assert proof() == proof()


def test_every_letter_comes_from_our_own_fonts() -> None:
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in PdfReader(io.BytesIO(proof())).pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts and all("NotoSans" in name for name in fonts), fonts


def test_a_picture_is_as_large_as_its_page() -> None:
    made = press.png("proof", {"title": "x", "lang": "en", "lines": []})
    width, height = int.from_bytes(made[16:20], "big"), int.from_bytes(made[20:24], "big")
    assert made.startswith(b"\x89PNG") and (width, height) == (595, 842), "A4 in points"


def test_a_sheet_that_does_not_exist_is_a_fault() -> None:
    with pytest.raises(FileNotFoundError):
        press.pdf("no-such-sheet", {"title": "x"}, files={"a.txt": b"a"})
