"""What a partner is told: how many came through its pages, in tens and a day late, and its own list as ciphertext.

A key opens both, by a form or by an API; nothing of it is kept in a cookie, an address or a log.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery

from service import partners
from service.errors import Fault, Keyless, TooMany
from service.partners import OptIn, Reach
from service.web import callers, forms
from service.web.pages import CACHED_LONG, language, pages_of
from service.web.problems import no

Visit = Request[Any, Any, Any]

_json = msgspec.json.Encoder()
PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
KEY_FIELDS = frozenset({"key"})


class NumbersOut(msgspec.Struct, frozen=True):
    """What came through the partner's pages until ``before``, in whole tens; the days of a petition add up to its total."""

    partner: str
    before: str
    petitions: list[Reach]


class NewsOut(msgspec.Struct, frozen=True):
    """Yeses of past days, and those taken back (``sealed`` is null: delete it). ``next`` goes into ``after``."""

    news: list[OptIn]
    next: str


_KEYED = {
    **no(401, "No key, or none that works."),
    **no(429, "The quota of this hour is used up; see Retry-After."),
    **no(503, "Try again; see Retry-After."),
}


@get(
    "/statistics",
    summary="What came through your pages",
    security=[{"partner": []}],
    responses={200: ResponseSpec(NumbersOut, description="In tens, past days only."), **_KEYED},
)
async def numbers(request: Visit) -> Response[bytes]:
    caller = await callers.caller(request)
    if caller is None:
        raise Keyless
    today = request.app.state.clock().date()
    reach = await partners.statistics(request.app.state.pool, caller.slug, today=today)
    body = _json.encode(NumbersOut(caller.slug, today.isoformat(), reach))
    return Response(body, headers=PRIVATE, media_type="application/json")


@get(
    "/news",
    summary="Your list, sealed to your key",
    security=[{"partner": []}],
    responses={
        200: ResponseSpec(NewsOut, description="At most 500 rows; ask again with `after` until there are none."),
        **no(400, "`after` is not what an earlier answer gave."),
        **_KEYED,
    },
)
async def news(request: Visit, after: FromQuery[str | None] = None) -> Response[bytes]:
    """Whoever ticked your box and confirmed. Rows are kept for 90 days; nobody but the holder of your private key can read them."""
    caller = await callers.caller(request)
    if caller is None:
        raise Keyless
    today = request.app.state.clock().date()
    rows, following = await partners.news(request.app.state.pool, caller.id, today=today, after=after or "")
    return Response(_json.encode(NewsOut(rows, following)), headers=PRIVATE, media_type="application/json")


# -- the page --------------------------------------------------------------------------------------------------------------------


@get("/{lang:str}/partners", include_in_schema=False)
async def door(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """Asks for the key."""
    lang = language(request, lang)
    return pages_of(request).respond(
        "partners.html", lang, cache=CACHED_LONG, path="/partners", partner=None, reach=[], faults=[], before=None
    )


@post("/{lang:str}/partners", include_in_schema=False)
async def look(request: Visit, lang: FromPath[str]) -> Response[bytes]:
    """The partner's numbers, on a page that no cache keeps."""
    lang, state, pages = language(request, lang), request.app.state, pages_of(request)
    values = await forms.read_form(request, KEY_FIELDS)
    await state.limits.hit("partner-key", forms.client(request))
    found = await partners.caller(state.pool, f"Bearer {values.get('key', '')}")

    def again(status: int, code: str, more: dict[str, str] | None = None) -> Response[bytes]:
        return pages.respond(
            "partners.html",
            lang,
            status=status,
            headers=more,
            path="/partners",
            partner=None,
            reach=[],
            faults=[Fault("key", code)],
            before=None,
        )

    if found is None:
        return again(400, "key-unknown")
    try:
        await state.limits.hit(callers.ROUTE, found.id.bytes, per_hour=found.quota)
    except TooMany as later:
        return again(429, "key-quota", {"retry-after": str(later.retry_after)})
    today = state.clock().date()
    reach = await partners.statistics(state.pool, found.slug, today=today)
    titles = {petition.slug: petition.text(lang).title for petition in state.shelf.public()}
    shown = [
        (titles.get(each.petition, each.petition), each, [(date.fromisoformat(day), n) for day, n in each.days.items()]) for each in reach
    ]
    return pages.respond("partners.html", lang, path="/partners", partner=found, reach=shown, faults=[], before=today)


def router() -> Router:
    """The page, and the partners' part of the API."""
    api = Router("/api/v1/partner", route_handlers=[numbers, news], tags=["partners"])
    return Router("/", route_handlers=[door, look, api])
