"""Support and follow: the account of the association that collects for all, and where the campaign can be followed.

Nobody is asked before a signature is confirmed, and no script of anybody else is loaded: payment codes are made here.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, Router, get
from litestar.params import FromPath
from markupsafe import Markup

from service import payments
from service.web.kept import page, register_of
from service.web.pages import language

Visit = Request[Any, Any, Any]


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
        ways.append(("chf", _spaced(about["iban_chf"]), Markup(payments.swiss_code(about))))  # noqa: S704
    if about.get("iban_eur"):
        ways.append(("eur", _spaced(about["iban_eur"]), Markup(payments.euro_code(about))))  # noqa: S704
    return page(request, "support.html", lang, "", path="/support", about=about, ways=ways, follow=facts.get("follow") or {})


def router() -> Router:
    return Router("/", route_handlers=[support])
