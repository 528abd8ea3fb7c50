"""News: written in every language, looked at in one's own mailbox, then released once; a draft can be thrown away, a sending stopped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from service import petitions, updates
from service.errors import Conflict, Fault, Invalid, NotFound
from service.settings import LANGUAGES
from service.updates import News, Words
from service.web.desk.frame import Answer, Desk, Place, act, page, uuid

EDITORS = frozenset({"editor"})
PLACE = Place("updates", "/desk/updates", EDITORS)
_WORDS = frozenset(f"{part}-{language}" for part in ("title", "body") for language in LANGUAGES)


def _texts(values: Mapping[str, Any]) -> dict[str, Words]:
    """Every language of which something is filled in; half a language is a fault that ``updates`` names."""
    found = {}
    for language in LANGUAGES:
        title, body = str(values.get(f"title-{language}", "")).strip(), str(values.get(f"body-{language}", "")).strip()
        if title or body:
            found[language] = Words(title, body)
    return found


async def _mine(desk: Desk) -> list[petitions.Sheet]:
    return [sheet for sheet in await petitions.sheets(desk.pool) if desk.me.may(EDITORS, sheet.association_id)]


async def _listing(desk: Desk, *, status: int = 200, **more: Any) -> Answer:
    given: dict[str, Any] = {"faults": [], **more, "typed": defaultdict(str, more.get("typed", {}))}
    return desk.show(
        "updates.html",
        status=status,
        news=await updates.listing(desk.pool),
        sheets=await _mine(desk),
        readers=await updates.mailboxes(desk.pool),
        **given,
    )


@page("/updates", roles=EDITORS)
async def listing(desk: Desk) -> Answer:
    return await _listing(desk)


@act("/updates", roles=EDITORS, fields=_WORDS | {"petition", "case_slug", "is_mailed"})
async def write(desk: Desk) -> Answer:
    """A draft; nobody sees it yet."""
    values = desk.values
    sheet = next((one for one in await _mine(desk) if one.slug == values.get("petition")), None)
    if values.get("petition") and sheet is None:
        return await _listing(desk, status=400, typed=values, faults=[Fault("petition", "choice")])
    try:
        async with desk.transaction() as connection:
            news = await updates.write(
                connection,
                _texts(values),
                by=str(desk.me.organizer_id),
                petition_id=sheet.id if sheet else None,
                case_slug=values.get("case_slug", "").strip()[:80],
                is_mailed=values.get("is_mailed", "") == "yes",
            )
            await desk.note(connection, "news.written", str(news))
    except Invalid as wrong:
        return await _listing(desk, status=400, typed=values, faults=wrong.faults)
    return desk.see(f"/desk/updates/{news}", "saved")


async def _news(desk: Desk) -> News:
    wanted = uuid(desk.path["news"])
    for one in await updates.listing(desk.pool):
        if one.id == wanted:
            return one
    raise NotFound("news")


async def _one(desk: Desk, news: News, *, status: int = 200, **more: Any) -> Answer:
    typed = {f"title-{language}": words.title for language, words in news.texts.items()}
    typed |= {f"body-{language}": words.body for language, words in news.texts.items()}
    given: dict[str, Any] = {"faults": [], "refused": "", **more, "typed": defaultdict(str, more.get("typed", typed))}
    readers = await updates.mailboxes(desk.pool, news.petition_id) if news.is_mailed else 0
    return desk.show("update.html", status=status, news=news, readers=readers, missing=_missing(news), **given)


def _missing(news: News) -> list[str]:
    return [language for language in LANGUAGES if language not in news.texts]


@page("/updates/{news:str}", roles=EDITORS)
async def one(desk: Desk) -> Answer:
    return await _one(desk, await _news(desk))


@act("/updates/{news:str}", roles=EDITORS, fields=_WORDS)
async def edit(desk: Desk) -> Answer:
    news = await _news(desk)
    try:
        async with desk.transaction() as connection:
            await updates.edit(connection, news.id, _texts(desk.values))
            await desk.note(connection, "news.edited", str(news.id))
    except Invalid as wrong:
        return await _one(desk, news, status=400, typed=desk.values, faults=wrong.faults)
    except Conflict:
        return await _one(desk, news, status=409, typed=desk.values, refused="news-over")
    return desk.see(f"/desk/updates/{news.id}", "saved")


@act("/updates/{news:str}/preview", roles=EDITORS)
async def preview(desk: Desk) -> Answer:
    """To one's own mailbox, in one's own language, as readers will get it."""
    news = await _news(desk)
    async with desk.transaction() as connection:
        await updates.preview(connection, desk.state.ring, news.id, desk.me.email, desk.lang, clock=desk.state.clock)
        await desk.note(connection, "news.previewed", str(news.id))
    return desk.see(f"/desk/updates/{news.id}", "preview-sent")


@act("/updates/{news:str}/release", roles=EDITORS, is_fresh=True)
async def release(desk: Desk) -> Answer:
    """Public from here on, and on its way to those who asked for it; once, however often it is pressed."""
    return await _end(desk, updates.release, "news.released", "news-released")


@act("/updates/{news:str}/cancel", roles=EDITORS)
async def cancel(desk: Desk) -> Answer:
    return await _end(desk, updates.cancel, "news.cancelled", "news-cancelled")


async def _end(desk: Desk, act_: Any, word: str, said: str) -> Answer:
    news = await _news(desk)
    try:
        async with desk.transaction() as connection:
            await act_(connection, news.id)
            await desk.note(connection, word, str(news.id))
    except Conflict:
        return await _one(desk, news, status=409, refused="news-over")
    return desk.see(f"/desk/updates/{news.id}", said)


handlers = [listing, write, one, edit, preview, release, cancel]
