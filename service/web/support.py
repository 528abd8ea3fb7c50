"""Support and follow: the account of the association that collects for all, and where the campaign can be followed.

Nobody is asked before a signature is confirmed, and no script of anybody else is loaded: payment codes are made here.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import segno
import segno.helpers
from litestar import Request, Response, Router, get
from litestar.params import FromPath
from markupsafe import Markup

from service.web.kept import page, register_of
from service.web.pages import language

Visit = Request[Any, Any, Any]


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
            about["iban_chf"].replace(" ", ""),
            *creditor,
            *nobody,
            "",
            "CHF",
            *nobody,
            "NON",
            "",
            about.get("note", ""),
            "EPD",
        ]
    )


def swiss_code(about: Mapping[str, Any]) -> str:
    """The code as SVG, 46 units wide with the Swiss cross of 7 units in its middle (the same guidelines, 6.4)."""
    code = segno.make(swiss_payload(about), error="m", micro=False, boost_error=False, encoding="utf-8")
    width = code.symbol_size(border=0)[0]
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(code.matrix) for x, module in enumerate(row) if module
    )  # fmt: skip
    cross = '<g transform="translate(19.5 19.5)"><path fill="#fff" d="M0 0h7v7H0z"/><path d="M.35 .35h6.3v6.3H.35z"/>'
    cross += '<path fill="#fff" d="M2.9 1.35h1.2v1.55h1.55v1.2H4.1v1.55H2.9V4.1H1.35V2.9H2.9z"/></g>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 50 50" role="img"><path fill="#fff" d="M-2 -2h50v50h-50z"/>'
        f'<g transform="scale({46 / width:.6f})"><path d="{path}"/></g>{cross}</svg>'
    )


def euro_code(about: Mapping[str, Any]) -> str:
    """The SEPA transfer code (EPC069-12) as SVG, without an amount.

    segno's helper asks for an amount, which the standard leaves open; so the text is written here and the code by segno.
    """
    payload = [
        "BCD",
        "002",
        "1",
        "SCT",
        about.get("bic_eur", ""),
        about["association"][:70],
        about["iban_eur"].replace(" ", ""),
        "",
        "",
        "",
    ]
    out = io.BytesIO()
    code = segno.make(
        "\n".join([*payload, about.get("note", "")[:140]]).rstrip("\n"), error="m", micro=False, boost_error=False, encoding="utf-8"
    )
    code.save(out, kind="svg", border=4, xmldecl=False, svgns=True, light="#ffffff", omitsize=True)
    return out.getvalue().decode()


def _spaced(iban: str) -> str:
    plain = iban.replace(" ", "")
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4))


@get("/{lang:str}/support", include_in_schema=False)
async def support(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """How to donate to the association that collects for all, and how to follow the campaign."""
    lang = language(request, lang)
    facts = register_of(request).facts
    about = facts.get("support") or {}
    ways = []
    # Both codes are our own drawing: no text that an organizer wrote is in the SVG but inside the code itself.
    if about.get("iban_chf"):
        ways.append(("chf", _spaced(about["iban_chf"]), Markup(swiss_code(about))))  # noqa: S704
    if about.get("iban_eur"):
        ways.append(("eur", _spaced(about["iban_eur"]), Markup(euro_code(about))))  # noqa: S704
    return page(request, "support.html", lang, "", path="/support", about=about, ways=ways, follow=facts.get("follow") or {})


def router() -> Router:
    return Router("/", route_handlers=[support])
