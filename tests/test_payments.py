"""Donations: what an independent scanner reads out of our codes, line by line as banks' standards say, and accounts that are refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scanner import scanned
from service import payments
from service.errors import Invalid

ABOUT: dict[str, Any] = {
    "association": "Association Exemple", "street": "Rue de l’Exemple", "number": "1", "postcode": "1200", "town": "Genève", "country": "CH",
    "iban_chf": "CH93 0076 2011 6238 5295 7", "iban_eur": "FR76 3000 6000 0112 3456 7890 189", "bic_eur": "AGRIFRPP", "note": "Don",
}  # fmt: skip


def fits(iban: str) -> bool:
    """ISO 13616, written down once more: the rest by 97, digit by digit."""
    rest = 0
    for letter in iban[4:] + iban[:4]:
        for digit in str("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter)):
            rest = (rest * 10 + int(digit)) % 97
    return rest == 1


def test_a_bank_scans_the_swiss_code_and_finds_every_line_of_the_standard() -> None:
    """SIX, Implementation Guidelines QR-bill 2.3, chapter 4.2.2: 31 lines, of which the last is the trailer."""
    (text,) = scanned(payments.swiss_code(ABOUT))
    lines = text.split("\n")
    assert len(lines) == 31 and len(text) <= 997
    assert lines[:3] == ["SPC", "0200", "1"], "Swiss payments code, version 2, UTF-8"
    assert lines[3] == "CH9300762011623852957" and fits(lines[3]) and not 30_000 <= int(lines[3][4:9]) <= 31_999
    assert lines[4] == "S", "a structured address: others are not taken since November 2025"
    for line, most in zip(lines[5:11], (70, 70, 16, 16, 35, 2), strict=True):
        assert 0 < len(line) <= most
    assert lines[5:11] == ["Association Exemple", "Rue de l’Exemple", "1", "1200", "Genève", "CH"]
    assert lines[11:18] == [""] * 7, "ultimate creditor: not to be filled in"
    assert lines[18:20] == ["", "CHF"], "the payer chooses the amount"
    assert lines[20:27] == [""] * 7, "the payer's own bank knows the payer"
    assert lines[27:29] == ["NON", ""], "no reference goes with an ordinary IBAN"
    assert lines[29:] == ["Don", "EPD"]


def test_a_bank_scans_the_euro_code_and_finds_every_line_of_the_standard() -> None:
    """EPC069-12, version 2.1, table 1: at most 331 bytes, so that the code is at most of version 13."""
    (text,) = scanned(payments.euro_code(ABOUT))
    lines = text.split("\n")
    assert len(text.encode()) <= 331 and len(lines) <= 12
    assert lines[:4] == ["BCD", "002", "1", "SCT"], "tag, version, UTF-8, credit transfer"
    assert re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", lines[4]) and len(lines[5]) <= 70 and len(lines[6]) <= 34
    assert lines[4:7] == ["AGRIFRPP", "Association Exemple", "FR7630006000011234567890189"] and fits(lines[6])
    assert lines[7:10] == ["", "", ""], "amount, purpose and structured reference are left to the payer"
    assert lines[10:] == ["Don"] and len(lines[10]) <= 140
    bare = scanned(payments.euro_code({**ABOUT, "note": "", "bic_eur": ""}))
    assert bare[0].split("\n") == ["BCD", "002", "1", "SCT", "", "Association Exemple", "FR7630006000011234567890189"]


def test_the_longest_account_that_is_taken_still_scans_within_the_limits() -> None:
    most = {name: "é" * length for name, length in payments.LONGEST.items()}
    payments.refuse({**ABOUT, **most})
    (swiss,), (euro,) = scanned(payments.swiss_code({**ABOUT, **most})), scanned(payments.euro_code({**ABOUT, **most, "note": ""}))
    assert len(swiss) <= 997 and "é" * 70 in swiss
    assert len(euro.encode()) <= 331


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"iban_chf": "CH93 0076 2011 6238 5295 8"}, ("iban_chf", "iban")),
        ({"iban_chf": "CH9300762011623852"}, ("iban_chf", "iban")),
        ({"iban_chf": "FR7630006000011234567890189"}, ("iban_chf", "iban")),
        ({"iban_chf": "CH44 3199 9123 0008 8901 2"}, ("iban_chf", "qr-iban")),
        ({"iban_eur": "FR7630006000011234567890188"}, ("iban_eur", "iban")),
        ({"iban_eur": "FR76<script>"}, ("iban_eur", "iban")),
        ({"bic_eur": "AGRI"}, ("bic_eur", "bic")),
        ({"association": "Ընկերություն"}, ("association", "latin")),
        ({"town": "x" * 36}, ("town", "too-long")),
        ({"street": "a\nCHF"}, ("street", "latin")),
        ({"postcode": ""}, ("postcode", "missing")),
        ({"country": "Suisse"}, ("country", "choice")),
    ],
)
def test_an_account_with_a_wrong_letter_is_refused_before_anybody_pays(changes: dict[str, str], fault: tuple[str, str]) -> None:
    payments.refuse(ABOUT)
    with pytest.raises(Invalid) as wrong:
        payments.refuse({**ABOUT, **changes})
    assert [(each.field, each.code) for each in wrong.value.faults] == [fault]


@pytest.mark.parametrize("make", [payments.swiss_code, payments.euro_code])
def test_a_code_is_one_picture_with_nothing_in_it_but_squares(make: Any) -> None:
    svg = make({**ABOUT, "association": "</svg><script>alert(1)</script>"})
    assert svg.startswith("<svg")
    assert svg.endswith(("</svg>", "</svg>\n"))
    assert "script" not in svg
    assert not re.search(r"\bstyle=|\bon\w+=", svg)
