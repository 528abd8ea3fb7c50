"""The sponsor's kit, ready to print: papers in three languages, editable texts, pictures to share, codes.

Each is made when it is first asked for, and kept until the register or the day changes. Nothing that a visitor sends is printed.
"""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, Response, Router, get
from litestar.params import FromPath

from service import cases, kits
from service.cases import Case
from service.errors import NotFound
from service.kits import Kit
from service.settings import LANGUAGES
from service.web.kept import page, register_of, today
from service.web.pages import SECURITY_HEADERS, language

Visit = Request[Any, Any, Any]

CACHED = "public, max-age=300, stale-while-revalidate=3600"
_TYPES = {"pdf": "application/pdf", "rtf": "application/rtf", "png": "image/png", "svg": "image/svg+xml"}


def _case_of(request: Visit, slug: str) -> Case:
    register = register_of(request)
    return register.case(register.leads_to(slug) or slug)


def _kit_page(request: Visit, lang: str, case: Case | None) -> Response[bytes]:
    base = f"/cases/{case.slug}/kit" if case else "/sponsors/kit"
    papers = [name for name in kits.PAPERS if case or name != "sheet"]
    return page(
        request, "kit.html", lang, base, path=base, base=base, case=case, papers=papers, editable=kits.EDITABLE, cards=kits.CARDS,
        printed=LANGUAGES,
    )  # fmt: skip


@get("/{lang:str}/cases/{slug:str}/kit", include_in_schema=False)
async def case_kit(request: Visit, lang: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """All that a sponsor of this prisoner needs."""
    lang = language(request, lang)
    return _kit_page(request, lang, _case_of(request, slug))


@get("/{lang:str}/sponsors/kit", include_in_schema=False)
async def group_kit(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """The same for who stands for the whole group."""
    lang = language(request, lang)
    return _kit_page(request, lang, None)


@get("/{lang:str}/cases/{slug:str}/kit/{name:str}", include_in_schema=False)
async def case_paper(request: Visit, lang: FromPath[str], slug: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    lang = language(request, lang)
    return await _file(request, lang, _case_of(request, slug), name)


@get("/{lang:str}/sponsors/kit/{name:str}", include_in_schema=False)
async def group_paper(request: Visit, lang: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    lang = language(request, lang)
    return await _file(request, lang, None, name)


async def _file(request: Visit, lang: str, case: Case | None, name: str) -> Response[bytes]:
    """One file of the kit; two who ask for the same at once let it be made once."""
    stem, _, kind = name.partition(".")
    is_known = (
        (kind == "pdf" and stem in kits.PAPERS)
        or (kind == "rtf" and stem in kits.EDITABLE)
        or (kind == "png" and stem in (*kits.CARDS, "qr"))
        or (kind == "svg" and stem == "qr")
    )
    if not is_known or (case is None and stem == "sheet"):
        raise NotFound("paper")
    state = request.app.state
    key = (state.register.version, today(request), lang, case.slug if case else "", name)
    async with state.printing:
        content = state.printed.get(key)
        if content is None:
            kit = await _kit(request, lang, case)
            content = await asyncio.to_thread(_make, kit, stem, kind)
            if len(state.printed) >= MOST:
                state.printed.clear()
            state.printed[key] = content
    headers = {**SECURITY_HEADERS, "content-security-policy": "default-src 'none'; frame-ancestors 'none'", "cache-control": CACHED}
    if kind in ("png", "svg"):
        headers["cross-origin-resource-policy"] = "cross-origin"  # a messenger shows it beside the link
    place = "inline" if kind in ("pdf", "png", "svg") else "attachment"
    headers["content-disposition"] = f'{place}; filename="{case.slug if case else "group"}-{stem}-{lang}.{kind}"'
    return Response(content, media_type=_TYPES[kind], headers=headers)


MOST = 300
"""Files kept at once, of at most 300 kB or so each."""


async def _kit(request: Visit, lang: str, case: Case | None) -> Kit:
    state = request.app.state
    photo = await cases.picture(state.pool, case.photo) if case and case.photo else None
    return Kit(
        case=case,
        register=register_of(request),
        lang=lang,
        base_url=state.settings.base_url,
        issuer=state.settings.issuer_name,
        contact=state.settings.issuer_contact,
        today=today(request),
        photo=photo,
    )


def _make(kit: Kit, stem: str, kind: str) -> bytes:
    if stem == "qr":
        return kits.code_png(kit.url) if kind == "png" else kits.code_svg(kit.url).encode()
    if kind == "png":
        return kits.card(kit, stem)
    return kits.pdf(kit, stem) if kind == "pdf" else kits.rtf(kit, stem)


def router() -> Router:
    return Router("/", route_handlers=[case_kit, group_kit, case_paper, group_paper])
