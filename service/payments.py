"""How a donation reaches the association that collects for all: its account, checked, and codes that banking programs read.

A wrong letter in an account sends other people's money elsewhere, so an account is refused unless its check digits fit; and
whatever the standards for codes do not allow is refused where it is typed, not by the donor's bank.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

import segno

from service.errors import Fault, Invalid

LONGEST = {"association": 70, "street": 70, "number": 16, "postcode": 16, "town": 35, "note": 140}
"""Characters of each field in both standards (the shorter one where they differ)."""

# What a Swiss code may hold (the guidelines, 4.1.1 and annex D): Latin letters with their marks, digits, signs. SEPA knows fewer.
_LATIN = re.compile("[\u0020-\u007e\u00a0-\u017f\u0218-\u021b\u2019\u20ac]*")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")


def _plain(iban: str) -> str:
    return iban.replace(" ", "").replace("\u00a0", "").upper()


def is_iban(text: str) -> bool:
    """Whether the check digits fit (ISO 13616: letters as 10 to 35, modulo 97)."""
    iban = _plain(text)
    return bool(_IBAN.fullmatch(iban)) and int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 == 1


def refuse(about: Mapping[str, str]) -> None:
    """Raises ``Invalid`` with every fault of an account that is about to be written down; nothing where there is no association."""
    if not about.get("association"):
        return
    faults = [
        Fault(name, "latin" if not _LATIN.fullmatch(about.get(name, "")) else "too-long")
        for name, most in LONGEST.items()
        if len(about.get(name, "")) > most or not _LATIN.fullmatch(about.get(name, ""))
    ]
    swiss, euro = _plain(about.get("iban_chf", "")), _plain(about.get("iban_eur", ""))
    if swiss:
        if not is_iban(swiss) or swiss[:2] not in ("CH", "LI") or len(swiss) != 21:
            faults.append(Fault("iban_chf", "iban"))
        elif 30_000 <= int(swiss[4:9]) <= 31_999:
            # A QR-IBAN asks for a reference in every payment, which a donation has not.
            faults.append(Fault("iban_chf", "qr-iban"))
        faults += [Fault(name, "missing") for name in ("postcode", "town") if not about.get(name)]
        if not re.fullmatch("[A-Z]{2}", about.get("country", "")):
            faults.append(Fault("country", "choice"))
    if euro and not is_iban(euro):
        faults.append(Fault("iban_eur", "iban"))
    if about.get("bic_eur") and not _BIC.fullmatch(about["bic_eur"]):
        faults.append(Fault("bic_eur", "bic"))
    if faults:
        raise Invalid(faults)


def swiss_payload(about: Mapping[str, Any]) -> str:
    """The text of a Swiss QR code without amount or reference (SIX, Implementation Guidelines QR-bill 2.3, 4.2), lines by LF.

    Structured addresses only, as banks ask for since November 2025; the payer and the amount are left to the payer's bank.
    """
    creditor = ["S", about["association"][:70], about["street"][:70], about.get("number", "")[:16], about["postcode"][:16]]
    creditor += [about["town"][:35], about["country"]]
    nobody = [""] * 7
    return "\n".join(
        [
            "SPC",
            "0200",
            "1",
            _plain(about["iban_chf"]),
            *creditor,
            *nobody,
            "",
            "CHF",
            *nobody,
            "NON",
            "",
            about.get("note", "")[:140],
            "EPD",
        ]
    )


def swiss_code(about: Mapping[str, Any]) -> str:
    """The code as SVG, 46 units wide with the Swiss cross of 7 units in its middle and 5 units of quiet around it (the same, 6.4)."""
    code = segno.make(swiss_payload(about), error="m", micro=False, boost_error=False, encoding="utf-8")
    width = code.symbol_size(border=0)[0]
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(code.matrix) for x, module in enumerate(row) if module
    )  # fmt: skip
    cross = '<g transform="translate(19.5 19.5)"><path fill="#fff" d="M0 0h7v7H0z"/><path d="M.35 .35h6.3v6.3H.35z"/>'
    cross += '<path fill="#fff" d="M2.9 1.35h1.2v1.55h1.55v1.2H4.1v1.55H2.9V4.1H1.35V2.9H2.9z"/></g>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-5 -5 56 56" role="img"><path fill="#fff" d="M-5 -5h56v56h-56z"/>'
        f'<g transform="scale({46 / width:.6f})"><path d="{path}"/></g>{cross}</svg>'
    )


def euro_payload(about: Mapping[str, Any]) -> str:
    """The text of a SEPA transfer code (EPC069-12, version 002) without an amount, lines by LF, empty ones at the end left out.

    segno's helper asks for an amount, which the standard leaves open; so the text is written here and the code by segno.
    """
    lines = ["BCD", "002", "1", "SCT", about.get("bic_eur", ""), about["association"][:70], _plain(about["iban_eur"]), "", "", ""]
    return "\n".join([*lines, about.get("note", "")[:140]]).rstrip("\n")


def euro_code(about: Mapping[str, Any]) -> str:
    """The same as SVG, with the quiet zone of four modules."""
    out = io.BytesIO()
    code = segno.make(euro_payload(about), error="m", micro=False, boost_error=False, encoding="utf-8")
    code.save(out, kind="svg", border=4, xmldecl=False, svgns=True, light="#ffffff", omitsize=True)
    return out.getvalue().decode()
