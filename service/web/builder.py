"""The line that a partner copies: choose what to show, see it, copy it. Works without script, by a plain form that changes nothing.

What is chosen stands in the address, so that somebody can send a partner a link to the very line.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, Router, get
from litestar.params import FromPath
from markupsafe import escape

from service.errors import NotFound
from service.petitions import Petition
from service.web import widgets
from service.web.pages import CACHED, language, pages_of

Visit = Request[Any, Any, Any]

VARIANTS = ("card", "bar", "button", "counter", "sponsors", "case")
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody chose; whatever the address says wrongly is taken for not chosen."""

    slug: str
    variant: str = "card"
    language: str = ""
    theme: str = "auto"
    accent: str = ""
    partner: str = ""
    case: str = ""

    def query(self) -> str:
        """The choice as a query of the builder's own address."""
        return urlencode({name: text for name, text in msgspec.structs.asdict(self).items() if text})


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """What can be copied."""

    script: str
    element: str
    pinned: str
    frame: str
    address: str
    badge: str


def chosen(request: Visit, petitions: list[Petition]) -> Choice:
    """The choice in the address. Raises ``NotFound`` when there is no petition to show."""
    asked = request.query_params
    slugs = [petition.slug for petition in petitions]
    if not slugs:
        raise NotFound("petition")

    def one_of(name: str, allowed: tuple[str, ...] | list[str], usual: str) -> str:
        text = str(asked.get(name, ""))
        return text if text in allowed else usual

    def fitting(name: str, shape: re.Pattern[str]) -> str:
        text = str(asked.get(name, "")).strip().lower()
        return text if shape.fullmatch(text) else ""

    return Choice(
        slug=one_of("slug", slugs, slugs[0]),
        variant=one_of("variant", VARIANTS, "card"),
        language=one_of("language", list(pages_of(request).languages), ""),
        theme=one_of("theme", widgets.THEMES, "auto"),
        accent=fitting("accent", _COLOUR),
        partner=fitting("partner", _SLUG),
        case=fitting("case", _SLUG) if asked.get("variant") == "case" else "",
    )


def lines(request: Visit, choice: Choice, petition: Petition, lang: str) -> Lines:
    """The lines for this choice, in HTML that can be pasted as it stands."""
    pages = pages_of(request)
    base = pages.settings.base_url
    shown = choice.language or lang
    query = f"?partner={choice.partner}" if choice.partner else ""
    page = f"{base}/{shown}/petitions/{choice.slug}"
    title = escape(petition.text(shown).title)
    about = f' slug="{choice.slug}"' + "".join(
        f' {name}="{text}"'
        for name, text in (
            ("lang", choice.language),
            ("variant", choice.variant if choice.variant != "card" else ""),
            ("theme", choice.theme if choice.theme != "auto" else ""),
            ("partner", choice.partner),
            ("case", choice.case),
            ("style", _style(choice)),
        )
        if text
    )
    element = f'<libertas-petition{about}><a href="{page}{query}">{title}</a></libertas-petition>'
    script = f'<script type="module" src="{base}/widget.js"></script>'
    mark = widgets.integrity(pages.assets["embed/widget.js"])
    pinned = f'<script type="module" src="{base}{widgets.versioned(pages)}" integrity="{mark}" crossorigin="anonymous"></script>'
    framed = urlencode({"lang": shown, "theme": choice.theme, **({"partner": choice.partner} if choice.partner else {})})
    return Lines(
        script=script,
        element=element,
        pinned=pinned,
        frame=f'<iframe src="{base}/embed/{choice.slug}?{escape(framed)}" title="{title}" width="100%" height="900"></iframe>',
        address=page,
        badge=f'<a href="{page}{query}"><img src="{base}/badge/{choice.slug}.png?lang={shown}" alt="{title}" height="28"></a>',
    )


def _style(choice: Choice) -> str:
    if not choice.accent:
        return ""
    on = "#000000" if _is_light(choice.accent) else "#ffffff"
    pairs = {"accent": choice.accent, "on-accent": on, "accent-dark": choice.accent, "on-accent-dark": on}
    return ";".join(f"--libertas-{name}:{value}" for name, value in pairs.items())


def _is_light(colour: str) -> bool:
    """Whether black can be read better on it than white (WCAG 2.2, relative luminance)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return bool(0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179)


def _standing(request: Visit) -> list[Petition]:
    petitions: list[Petition] = request.app.state.shelf.public()
    return petitions


@get("/{lang:str}/embed", include_in_schema=False)
async def builder(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """Choose, look, copy."""
    lang, pages = language(request, lang), pages_of(request)
    petitions = _standing(request)
    choice = chosen(request, petitions)
    petition: Petition = request.app.state.shelf.get(choice.slug)
    register = request.app.state.register.now
    content = pages.render(
        "builder.html",
        lang,
        path=f"/embed?{choice.query()}",
        petitions=petitions,
        choice=choice,
        variants=VARIANTS,
        themes=widgets.THEMES,
        partners=request.app.state.roster.carrying(petition.id),
        cases=[(case.slug, case.name(lang)) for case in register.cases],
        lines=lines(request, choice, petition, lang),
        preview=f"/{lang}/embed/preview?{choice.query()}",
    )
    headers = pages.headers(lang, cache=CACHED)
    headers["content-security-policy"] += "; frame-src 'self'"
    return Response(content, media_type="text/html", headers=headers)


@get("/{lang:str}/embed/preview", include_in_schema=False)
async def preview(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """The chosen element on an empty page, for the builder's frame."""
    lang, pages = language(request, lang), pages_of(request)
    choice = chosen(request, _standing(request))
    style = f"libertas-petition{{{_style(choice)}}}"
    content = pages.render("builder_preview.html", lang, choice=choice, shown=choice.language or lang, style=style)
    headers = widgets.framed(pages, lang, "'self'", cache=CACHED)
    # The one style that is not in a file: its colours were checked letter by letter, and its digest is named here.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    headers["content-security-policy"] = (
        headers["content-security-policy"].replace("style-src 'self'", f"style-src 'self' 'sha256-{digest}'") + "; frame-src 'self'"
    )
    return Response(content, media_type="text/html", headers=headers)


def router() -> Router:
    """The builder and its preview."""
    return Router("/", route_handlers=[builder, preview])
