"""All that the element shows, in one language: ready sentences and numbers, for it knows no word and no plural itself.

A card is made anew when its petition or the register changed, and is the same bytes for every reader until then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Response

from service.cases import Case, Event
from service.errors import Refusal
from service.petitions import Petition
from service.sponsors import Snapshot
from service.web.front import Answer
from service.web.pages import Pages, Words, language
from service.web.widgets import element
from service.web.widgets.answers import FRESH, OPEN, Visit, answer, named, tag_of

_json = msgspec.json.Encoder()
MEDIA = "application/json"


class SponsorOut(msgspec.Struct, frozen=True):
    name: str
    about: str = ""


class CardOut(msgspec.Struct, frozen=True, kw_only=True):
    """All that the element shows, in one language, ready to be shown: it knows no word and no plural itself."""

    slug: str
    lang: str
    state: str
    demo: bool
    title: str
    count: int
    count_text: str
    label: str
    goal: int
    goal_text: str
    goal_label: str
    percent: int
    line: str
    held: str
    sign: str
    state_text: str
    opens: str
    close: str
    frame_title: str
    failed: str
    failed_link: str
    sponsors_title: str
    no_sponsors: str
    sponsor_more: str
    sponsors: list[SponsorOut]
    case: str
    urls: dict[str, str]


class CaseCardOut(msgspec.Struct, frozen=True, kw_only=True):
    """One prisoner for the element: a name, what is known and as of when, who stands for him."""

    slug: str
    lang: str
    name: str
    status: str
    line: str
    url: str


MOST_SPONSORS = 60


class Beside(msgspec.Struct, frozen=True):
    """What the register says beside a petition, in one language: a line, who stands for the prisoners, and whom to show first."""

    line: str = ""
    held: str = ""
    sponsors: list[SponsorOut] = msgspec.field(default_factory=list)
    case: str = ""


def beside(register: Snapshot, petition: Petition, words: Words) -> Beside:
    """No number without its day: how many are held, as of when, and who stands up for them."""
    sponsors, prisoners = register.for_petition(petition.id), register.numbers.prisoners
    held = ""
    if prisoners.held and prisoners.as_of:
        held = words.t("widget-held", n=prisoners.held, when=words.day(prisoners.as_of))
    stand = _stand(words, [sponsor.name(words.lang) for sponsor in sponsors]) if sponsors else ""
    first = register.cases_of(petition.id) or (register.fewest(1) if register.speaks_of_all(petition.id) else [])
    return Beside(
        f"{held} {stand}".strip(),
        held,
        [
            SponsorOut(sponsor.name(words.lang), str(words.locale.territories.get(sponsor.country, "")))
            for sponsor in sponsors[:MOST_SPONSORS]
        ],
        first[0].slug if first else "",
    )


def _stand(words: Words, names: list[str]) -> str:
    return words.t("widget-stand", first=names[0], n=len(names) - 1)


def case_card(register: Snapshot, case: Case, words: Words, base_url: str) -> CaseCardOut:
    """One case as the register has it now."""
    last, since = case.last, case.since
    ended = next((event for event in case.events if event.kind in ("released", "died")), None)
    status = ""
    if ended is not None:
        status = words.t(f"widget-case-{ended.kind}", when=_day(words, ended))
    elif since is not None and last is not None:
        missing = case.category == "disappeared"  # nobody has admitted to holding them
        status = words.t("widget-case-missing" if missing else "widget-case-held", since=_day(words, since), when=words.day(last.as_of))
    names = [sponsor.name(words.lang) for sponsor, _ in register.standing(case.id)]
    return CaseCardOut(
        slug=case.slug,
        lang=words.lang,
        name=case.name(words.lang),
        status=status,
        line=_stand(words, names) if names else "",
        url=f"{base_url}/{words.lang}/cases/{case.slug}",
    )


def _day(words: Words, event: Event) -> str:
    return words.day(event.on) if event.precision == "day" else str(event.on.year)


class Cards:
    """The element's data as ready bytes with their ETag, for each petition and language, made anew when anything on them changed."""

    def __init__(self, pages: Pages, register: Callable[[], Snapshot]) -> None:
        self._pages = pages
        self._register = register
        self._kept: dict[tuple[str, str], tuple[object, bytes, str]] = {}

    def beside(self, petition: Petition, lang: str) -> Beside:
        """What the register says beside the petition, in this language."""
        return beside(self._register(), petition, self._pages.words[lang])

    def case(self, slug: str, lang: str) -> tuple[bytes, str]:
        """(body, ETag) of one case. Raises ``NotFound``."""
        register = self._register()
        case = register.case(register.leads_to(slug) or slug)
        body = _json.encode(case_card(register, case, self._pages.words[lang], self._pages.settings.base_url))
        return body, tag_of(body)

    def card(self, petition: Petition, lang: str) -> tuple[bytes, str]:
        """(body, ETag)."""
        state, register = petition.state(self._pages.now()), self._register()
        mark, key = (petition, state, register.version), (petition.slug, lang)
        kept = self._kept.get(key)
        if kept is None or kept[0] != mark:
            body = _json.encode(card_out(self._pages, petition, state, lang, self.beside(petition, lang)))
            kept = self._kept[key] = (mark, body, tag_of(body))
        return kept[1], kept[2]


def card_out(pages: Pages, petition: Petition, state: str, lang: str, about: Beside) -> CardOut:
    words, base = pages.words[lang], pages.settings.base_url
    title = petition.text(lang).title
    percent = petition.count * 100 // petition.goal if petition.goal else 0
    goal = words.t("widget-goal", percent=words.percent(petition.count, petition.goal), goal=words.number(petition.goal))
    return CardOut(
        slug=petition.slug,
        lang=lang,
        state=state,
        demo=petition.is_sample or pages.settings.embedded,
        title=title,
        count=petition.count,
        count_text=words.number(petition.count),
        label=words.t("widget-signatures", n=petition.count),
        goal=petition.goal,
        goal_text=goal if petition.goal else "",
        goal_label=words.t("goal-label"),
        percent=percent,
        line=about.line,
        held=about.held,
        sign=words.t("widget-sign"),
        state_text=words.t(f"state-{state}"),
        opens=words.t("new-window"),
        close=words.t("widget-close"),
        frame_title=words.t("widget-frame", title=title),
        failed=words.t("widget-failed"),
        failed_link=words.t("widget-failed-link"),
        sponsors_title=words.t("widget-sponsors"),
        no_sponsors=words.t("widget-no-sponsors"),
        sponsor_more=words.t("widget-sponsor-more"),
        sponsors=about.sponsors,
        case=about.case,
        urls={
            "page": f"{base}/{lang}/petitions/{petition.slug}",
            "frame": f"{base}/embed/{petition.slug}",
            "sponsors": f"{base}/{lang}/sponsors",
        },
    )


def headers_of(tag: str) -> dict[str, str]:
    """What goes with a card's data."""
    return {**OPEN, "etag": tag, "cache-control": FRESH}


def petition_data(request: Visit, petition: Petition, lang: str) -> Response[bytes]:
    """``/embed/{slug}/{lang}.json``."""
    body, tag = request.app.state.cards.card(petition, lang)
    return answer(request, body, headers_of(tag), MEDIA)


def case_data(request: Visit, name: str) -> Response[bytes]:
    """``/embed/cases/{case}.{lang}.json``."""
    case, _, lang = named(name, ".json").rpartition(".")
    body, tag = request.app.state.cards.case(case, language(request, lang))
    return answer(request, body, headers_of(tag), MEDIA)


def fronted(cards: Cards, pages: Pages, shelf: Any) -> Callable[[str], Answer | None]:
    """The source of ready answers for the element and its data (service/web/front.py)."""

    def find(path: str) -> Answer | None:
        if path == "/widget.js":
            return Answer("/widget.js", element.script_of(pages).content, element.headers_of(pages), f"{element.MEDIA}; charset=utf-8")
        parts = path.split("/")
        if len(parts) != 4 or parts[1] != "embed" or not parts[3].endswith(".json"):
            return None
        case, _, lang = parts[3].removesuffix(".json").rpartition(".")
        if lang not in pages.languages or (case != "" and parts[2] != "cases"):
            return None
        try:
            body, tag = cards.case(case, lang) if parts[2] == "cases" else cards.card(shelf.get(parts[2]), lang)
        except Refusal:
            return None
        return Answer("/embed/{slug}/{lang}.json", body, headers_of(tag), MEDIA)

    return find
