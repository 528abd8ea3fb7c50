"""What people read: whole in three languages, with right plurals, safe from what others typed, and open to everyone."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import msgspec
import pytest
from axe_playwright_python.async_playwright import Axe
from bs4 import BeautifulSoup
from fluent.syntax import ast, parse
from fluent.syntax.visitor import Visitor
from jinja2 import DictLoader, Environment, UndefinedError
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright

from service import captcha, cases, kits, petitions, signatures, sponsors, updates
from service.errors import Fault
from service.markdown import markdown
from service.proof.certificate import Trust
from service.settings import LANGUAGES, Settings
from service.web import pages
from service.web.pages import Filled, Pages, Words, csp, negotiate

NOW = datetime(2026, 11, 24, 10, 5, tzinfo=UTC)
HERE = Path(pages.__file__).parent
OURS = re.compile(r"/pictures/[0-9a-f]{64}|/(?:fr|en|hy)/(?:cases/[a-z0-9-]+|sponsors)/kit/card\.png")
"""Pictures that pages show: by the hash of what organizers entered, and what we print."""

DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

WHOLE = bool(os.environ.get("LIBERTAS_TEST_PICTURES"))
"""Every page in every language by axe, and at the usual width of a telephone too; otherwise each in one or the other."""

STATES = ("open", "scheduled", "paused", "closed", "delivered", "archived")


def petition(say: Any = None, **changes: Any) -> petitions.Petition:
    """A petition whose every text is ``say`` (in all languages), or a plain one."""
    say = say or (lambda text: text)
    every = {lang: say("Free them") for lang in LANGUAGES}
    texts = {
        lang: petitions.Text(say("Free them"), say("Since 2020."), say("We **demand** their release."), say("I sign."), say("Sealed."))
        for lang in LANGUAGES
    }
    values: dict[str, Any] = {
        "id": UUID(int=1),
        "slug": "free-them",
        "status": "open",
        "is_sample": False,
        "is_protected": False,
        "is_sealed": False,
        "goal": 5_000,
        "time_zone": "Europe/Paris",
        "opens_at": NOW - timedelta(days=9),
        "closes_at": NOW + timedelta(days=30),
        "text_version": 1,
        "manifest_hash": b"",
        "asks_locality": True,
        "texts": texts,
        "recipients": [every, every],
        "figures": [petitions.Figure(19, every, date(2026, 1, 20), every, say("https://example.org/figure"))],
        "sources": [petitions.Source(every, say("https://example.org/source"), date(2021, 5, 20))],
        "log_id": "x",
        "count": 1_234,
        "as_of": NOW,
        "checkpoint": petitions.Head("o", 9, b""),
    }
    return petitions.Petition(**{**values, **changes})


def register(say: Any = None) -> sponsors.Snapshot:
    """A register of a few people and sponsors, whose every text is ``say``."""
    say = say or (lambda text: text)
    every = {lang: say("A text") for lang in LANGUAGES}
    day = date(2021, 3, 1)
    captured = cases.Event(kind="captured", on=day, as_of=day, source=every, source_url=say("https://example.org/s"), note=every)
    released = cases.Event(kind="released", on=date(2023, 12, 13), as_of=day, source=every, source_url=say("https://example.org/s"))
    found = [
        cases.Case(
            id=UUID(int=number), slug=f"case-{number}", is_sample=True, category=category, name_hy=say("Անի"),
            names={"fr": say("Ani"), "en": say("Ani")}, aliases=[say("Annie")], consent="story", story=every, photo="f" * 64,
            photo_credit=say("Ani"), photo_licence=say("CC BY 4.0"), events=events, updated_at=NOW,
        )
        for number, (category, events) in enumerate(
            [("civilian", [captured]), ("prisoner-of-war", [captured, released]), ("disappeared", [captured]), ("official", [])]
        )
    ]  # fmt: skip
    act = sponsors.Act(kind="letter", on=day, what=every, proof_url=say("https://example.org/proof"))
    deed = sponsors.Deed(kind="motion", on=day, place=say("Lyon"), reference=say("41"), vote=say("unanimous"), paper="e" * 64)
    listed = [
        sponsors.Sponsor(
            id=UUID(int=50 + n), slug=f"sponsor-{n}", is_sample=True, kind=kind, names=every, country="FR", mandate_end=day,
            website=say("https://example.org"), statement=every, logo="d" * 64,
            sponsorships=[
                sponsors.Sponsorship(
                    id=UUID(int=90 + n), sponsor_id=UUID(int=50 + n), case_id=found[0].id if n % 2 else None, state=state, deed=deed,
                    announced_on=day, acts=[act],
                )
            ],
        )
        for n, (kind, state) in enumerate(
            [("city", "active"), ("ngo", "announced"), ("party", "fulfilled"), ("company", "ended"), ("religious", "handed-over"),
             ("university", "active"), ("personality", "active"), ("parliamentarian", "active")]
        )
    ]  # fmt: skip
    group = cases.Group(held=23, first=38, start=day, released=15, died=1, as_of=day, source=every, source_url=say("https://example.org/n"))
    return sponsors.Snapshot(
        1, found, listed, addresses={}, numbers=cases.Numbers(prisoners=group, disappeared=group), petitions={}, facts={}, cities=[]
    )


def around(say: Any = None) -> dict[str, Any]:
    """What a petition's page shows of the register."""
    now = register(say)
    return {"register": now, "sponsors": list(now.sponsors), "named": list(now.cases), "for_all": False}


def of_the_register(say: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    say = say or (lambda text: text)
    now, one, today = register(say), petition(say), date(2026, 11, 26)
    shared: dict[str, Any] = {"register": now, "today": today}
    paging: dict[str, Any] = {"number_of_page": 1, "pages_of_list": 2, "earlier": None, "later": "/en/cases?page=2"}
    listing = {**shared, **paging, "path": "/cases", "found": list(now.cases), "query": "", "show": "all", "total": 4}
    yield "cases", "cases.html", listing
    yield "cases-found", "cases.html", {**listing, "query": say("Ani"), "found": [], "total": 0}
    for case in now.cases:
        yield f"case-{case.category}", "case.html", {**shared, "path": f"/cases/{case.slug}", "case": case, "petitions": [one]}
    yield "case-gone", "case_gone.html", {"path": "/cases"}
    form = {name: say("Ani") for name in ("who", "what", "contact")}
    asked = {"path": "/cases/case-0/take-down", "case": now.cases[0], "form": form, "captcha": "altcha", "form_key": "k", "done": False}
    yield "take-down", "take_down.html", {**asked, "faults": []}
    yield "take-down-faults", "take_down.html", {**asked, "faults": [Fault(name, name) for name in form]}
    yield "take-down-done", "take_down.html", {**asked, "faults": [], "done": True}
    rows = {**shared, **paging, "path": "/sponsors", "rows": list(now.sponsors), "kinds": list(sponsors.KINDS), "countries_count": 1}
    yield "sponsors", "sponsors.html", {**rows, "kind": ""}
    yield "sponsors-none", "sponsors.html", {**rows, "kind": "city", "rows": []}
    for n in (0, 1):
        one_sponsor = {**shared, "path": f"/sponsors/sponsor-{n}", "sponsor": now.sponsors[n], "kit": "/sponsors/kit"}
        yield f"sponsor-{n}", "sponsor.html", one_sponsor
    typed = ("kind", "sponsor", "country", "case", "mandate_end", "name", "role", "email", "phone", "message")
    offer: dict[str, Any] = {
        "path": "/sponsors/offer", "captcha": "altcha", "form_key": "k", "kinds": sponsors.KINDS, "few": list(now.cases[:1]),
        "others": list(now.cases[2:3]), "register": now, "form": {**{name: say("Ani") for name in typed}, "consent": True},
    }  # fmt: skip
    yield "offer", "offer.html", {**offer, "faults": []}
    yield "offer-faults", "offer.html", {**offer, "faults": [Fault(name, "missing") for name in (*typed, "consent")]}
    yield "offer-sent", "offer_sent.html", {"path": "/sponsors/offer", "address": say("ani@example.org")}
    yield "offer-sent-late", "offer_sent.html", {"path": "/sponsors/offer", "address": ""}
    for state in ("ask", "verified", "over", "unknown"):
        link = {
            "path": "/offer/T",
            "action": "/en/offer/T",
            "state": state,
            "is_gone": True,
            "is_group": False,
            "wanted": list(now.cases[:2]),
        }
        yield f"offer-{state}", "offer_confirm.html", link
    kit = {"path": "/cases/case-0/kit", "base": "/cases/case-0/kit", "papers": kits.PAPERS, "editable": kits.EDITABLE, "cards": kits.CARDS}
    yield "kit", "kit.html", {**shared, **kit, "case": now.cases[0], "printed": LANGUAGES}
    yield "kit-group", "kit.html", {**shared, **kit, "case": None, "printed": LANGUAGES}
    about = {"association": say("A"), "url": say("https://example.org"), "text": {"fr": say("Un texte")}}
    follow = {"links": [{"name": say("X"), "url": say("https://example.org/x")}], "hashtags": [say("#x")]}
    yield "support", "support.html", {"path": "/support", "about": about, "ways": [("chf", "CH93", "code")], "follow": follow, **shared}
    yield "support-none", "support.html", {"path": "/support", "about": {}, "ways": [], "follow": {}, **shared}
    lyon = sponsors.City(slug="lyon", country="FR", names={"fr": say("Lyon")}, places=["lion"])
    for n in (412, 0):
        counted = kits.Count(city=lyon, n=n, through=date(2026, 11, 25))
        page = {
            "path": "/petitions/free-them/cities",
            "petition": one,
            **shared,
            "whom": now.cases[0] if n else None,
            "small": 10,
            "more": "",
        }
        yield f"city-{n}", "city.html", {**page, "counted": counted}
        yield f"cities-{n}", "cities.html", {**page, "counts": [counted] if n else [], "rest": n}


def specimens(say: Any = None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(name, template, context) of every page in every state; ``say`` changes whatever people typed."""
    say = say or (lambda text: text)
    one = petition(say)
    form: dict[str, Any] = {
        "path": "/petitions/free-them",
        "petition": one,
        "state": "open",
        "form": Filled(),
        "faults": [],
        "notice": "",
        "captcha": "altcha",
        "form_key": "k" * 22,
        "partner": None,
        **around(say),
    }
    filled = Filled(
        name=say("Ani"),
        email=say("ani@"),
        country=say("AM"),
        locality=say("Lyon"),
        role=say("maire"),
        partner=say("Hyestart"),
        consent=True,
    )
    wrong = ("name", "email", "country", "locality", "visibility", "role", "consent", "altcha", "text_version", "form_key")
    yield from of_the_register(say)
    yield "home", "home.html", {"path": "/", "petitions": [(one, "open"), (petition(say, goal=0), "paused")], "register": register(say)}
    yield "home-empty", "home.html", {"path": "/", "petitions": [], "register": SimpleNamespace(cases=[])}
    yield "petitions", "petitions.html", {"path": "/petitions", "petitions": [(one, state) for state in STATES]}
    for state in STATES:
        yield f"petition-{state}", "petition.html", {**form, "state": state}
    yield "petition-faults", "petition.html", {**form, "form": filled, "faults": [Fault(f, "missing") for f in wrong]}
    for notice in ("text-changed", "closed", "paused"):
        yield f"petition-notice-{notice}", "petition.html", {**form, "notice": notice}
    bare = petition(say, as_of=None, count=0, goal=0, recipients=[], figures=[], sources=[], closes_at=None, is_protected=True)
    yield "petition-bare", "petition.html", {**form, "petition": bare, "captcha": "off"}
    yield (
        "sent",
        "sent.html",
        {
            "path": "/petitions/free-them/sent?s=S",
            "petition": one,
            "address": say("ani@example.org"),
            "resend_action": "/resend",
            "s": "S",
            "form_key": "k",
            "resent": True,
        },
    )
    seen: dict[str, Any] = {
        "path": "/confirm/T",
        "petition": one,
        "name": say("Ani"),
        "text_language": "fr",
        "visibility": "show",
        "action": "/fr/confirm/T",
        "promise": None,
        "manage_url": None,
        "not_me_url": "/fr/not-me/T",
        "form_key": "k",
    }
    for state in ("ask", "ask-again", "expired", "closed", "unknown"):
        yield f"confirm-{state}", "confirm.html", {**seen, "state": state}
    for state in ("confirmed", "already"):
        yield (
            f"confirm-{state}",
            "confirm.html",
            {**seen, "state": state, "promise": say("petition-promise/v1"), "manage_url": "/fr/manage/T"},
        )
    nothing = {"petition": None, "name": "", "text_language": "", "visibility": "", "not_me_url": None}
    yield "confirm-nothing", "confirm.html", {**seen, **nothing, "state": "unknown"}
    mine: dict[str, Any] = {
        "path": "/manage/T",
        "petition": one,
        "action": "/fr/manage/T",
        "state": "confirmed",
        "visibility": "show",
        "day": date(2026, 11, 20),
        "step": "",
        "saved": "",
        "faults": [],
        "receipt_url": "/receipt",
        "has_news": True,
    }
    for state in ("pending", "held", "confirmed", "invalidated", "withdrawn", "erased", "expired"):
        yield f"manage-{state}", "manage.html", {**mine, "state": state}
    yield "manage-unknown", "manage.html", {**mine, "state": "unknown", "petition": None, "visibility": "", "day": None}
    for step in ("withdraw", "erase"):
        yield f"manage-{step}", "manage.html", {**mine, "step": step}
    wider = [Fault("visibility", "visibility-wider")]
    yield "manage-no-news", "manage.html", {**mine, "saved": "news", "has_news": False}
    yield "manage-wider", "manage.html", {**mine, "saved": "visibility", "visibility": "count", "faults": wider}
    ask: dict[str, Any] = {"path": "/manage", "done": False, "faults": [], "email": "", "form_key": "k", "partner": None}
    yield "manage-ask", "manage_ask.html", ask
    yield "manage-ask-fault", "manage_ask.html", {**ask, "email": say("ani@"), "faults": [Fault("email", "email-invalid")]}
    yield "manage-ask-done", "manage_ask.html", {**ask, "done": True}
    for state in ("ask", "done", "unknown"):
        yield f"not-me-{state}", "not_me.html", {"path": "/not-me/T", "action": "/fr/not-me/T", "state": state, "petition": None}
    for state in ("ask", "done", "unknown"):
        yield f"unsubscribe-{state}", "unsubscribe.html", {"path": "/unsubscribe/T", "action": "/fr/unsubscribe/T", "state": state}
    told = updates.Words(say("Libre"), say("Rentré."))
    news = updates.Post(id=UUID(int=7), petition="free-them", case_slug="", released_at=NOW, texts={"fr": told})
    yield "updates", "updates.html", {"path": "/updates", "posts": [news, news]}
    yield "updates-none", "updates.html", {"path": "/updates", "posts": []}
    yield "update", "update.html", {"path": f"/updates/{news.id}", "post": news}
    names = [(say("Անի"), say("քաղաքապետ")), (say("Levon"), "")]
    listed = {"path": "/petitions/free-them/signers", "petition": one, "earlier": "?before=x", "later": "?after=x"}
    yield "signers", "signers.html", {**listed, "names": names, "as_of": date(2026, 11, 23)}
    yield "signers-none", "signers.html", {**listed, "names": [], "as_of": None}
    issued = {"id": "ab" * 32, "recipient": say("Council"), "count": 1, "size": 2, "issued_at": NOW, "replaces": None, "has_pdf": True}
    kinds = [{**issued, "serial": n, "kind": kind, "replaces": "cd" * 32} for n, kind in enumerate(("draft", "demo", "final"))]
    for name, certificates in (("certificates", kinds), ("certificates-none", [])):
        yield name, "certificates.html", {"path": "/petitions/free-them/certificates", "petition": one, "certificates": certificates}
    for status in (400, 403, 404, 405, 413, 415, 429, 500, 503):
        yield f"error-{status}", "error.html", {"path": "/", "status": status, "code": "", "retry_after": 90, "petition": None}
    for code in ("closed", "paused", "text-changed", "conflict"):
        yield f"error-{code}", "error.html", {"path": "/", "status": 409, "code": code, "retry_after": None, "petition": one}
    for name in ("legal", "accessibility"):
        yield name, f"{name}.html", {"path": f"/{name}"}
    works = [
        (f"privacy-works-{what}", say("Somebody")) for what in ("mail", "hosting", "database", "network", "backup", "mail-own", "unnamed")
    ]
    yield "privacy", "privacy.html", {"path": "/privacy", "terms": msgspec.structs.asdict(signatures.terms()), "works": works}
    checker = {"style": "", "checker": "", "script": "", "digest": "ab" * 32}
    yield "verify-none", "verify.html", {"path": "/verify", **checker, "keys": None, "fingerprints": []}
    keys = Trust("Friends", ("log+1+A",), "anchor+1+A", ("ssh-ed25519 A",), ("ab" * 32,))
    yield "verify", "verify.html", {"path": "/verify", **checker, "keys": keys, "fingerprints": ["SHA256:A"]}


@pytest.fixture(scope="module")
def made() -> Pages:
    return Pages(Settings(embedded=True, seal_seconds=2), lambda: NOW)


@pytest.fixture(scope="module")
def quiet() -> Pages:
    """An installation that is no demonstration."""
    return Pages(Settings(base_url="https://petition.example.org", issuer_name="Hyestart"), lambda: NOW)


# -- words -----------------------------------------------------------------------------------------------------------


class _Variables(Visitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_VariableReference(self, node: Any) -> None:  # noqa: N802
        self.found.add(node.id.name)


def catalogue(lang: str) -> dict[str, set[str]]:
    resource = parse(pages.catalogue(lang))
    assert not [entry for entry in resource.body if isinstance(entry, ast.Junk)]
    found: dict[str, set[str]] = {}
    for entry in resource.body:
        if isinstance(entry, ast.Message):
            assert entry.id.name not in found, f"{entry.id.name} twice in {lang}"
            variables = _Variables()
            variables.visit(entry)
            found[entry.id.name] = variables.found
    return found


@pytest.mark.parametrize("lang", ["fr", "hy"])
def test_every_message_exists_in_every_language_with_the_same_variables(lang: str) -> None:
    assert catalogue(lang) == catalogue("en")


def test_every_message_that_a_template_names_exists_and_every_message_is_named() -> None:
    templates = "".join(path.read_text() for path in [*sorted((HERE / "templates").rglob("*.html")), *sorted(HERE.rglob("*.py"))])
    whole = set(re.findall(r'\bt\("([a-z0-9-]+)"[,)]', templates))
    begun = {
        f"{start}" for start in re.findall(r'\bt\("([a-z0-9-]+-)" ~|\bt\(f"([a-z0-9-]+-)\{', templates) for start in start if start
    } | {"fault"}
    messages = set(catalogue("en"))
    assert whole <= messages
    unused = {key for key in messages - whole if not any(key.startswith(start) for start in begun)}
    assert not unused


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", {0: "confirmed signatures", 1: "confirmed signature", 2: "confirmed signatures", 5: "confirmed signatures"}),
        ("fr", {0: "signature confirmée", 1: "signature confirmée", 2: "signatures confirmées", 21: "signatures confirmées"}),
        ("fr", {1_000_000: "de signatures confirmées"}),
        ("hy", dict.fromkeys((0, 1, 2, 5, 21), "հաստատված ստորագրություն")),
    ],
)
def test_plurals_follow_each_language(made: Pages, lang: str, expected: dict[int, str]) -> None:
    assert {n: made.words[lang].t("signatures-word", n=n) for n in expected} == expected


@pytest.mark.parametrize(
    ("lang", "ones"), [("en", (1,)), ("fr", (0, 1)), ("hy", (0, 1))]
)  # CLDR: French and Armenian count nothing in the singular
def test_nought_one_two_five_and_twentyone_take_the_right_form(made: Pages, lang: str, ones: tuple[int, ...]) -> None:
    one = made.words[lang].t("summary-title", n=1)
    assert [n for n in (0, 1, 2, 5, 21) if made.words[lang].t("summary-title", n=n) == one] == list(ones)


def test_numbers_days_and_times_are_written_as_people_there_write_them(made: Pages) -> None:
    words = made.words
    assert [words[lang].number(12_345) for lang in ("en", "fr", "hy")] == ["12,345", "12\u202f345", "12\xa0345"]
    assert [words[lang].day(date(2026, 7, 3)) for lang in ("en", "fr")] == ["3 July 2026", "3 juillet 2026"]
    assert words["fr"].day(date(2026, 2, 1)) == "1er février 2026"
    assert "հուլիսի" in words["hy"].day(date(2026, 7, 3))
    assert words["fr"].moment(NOW, "Europe/Paris") == "24 novembre 2026, 11:05"
    assert words["hy"].zone("Europe/Paris") == "Փարիզ"


def test_a_goal_is_never_said_to_be_reached_too_early(made: Pages) -> None:
    assert [made.words["en"].percent(part, 5_000) for part in (0, 4_999, 5_000)] == ["0%", "99%", "100%"]
    assert made.words["en"].percent(3, 0) == "0%"


def test_a_missing_message_or_variable_is_an_error_and_not_a_hole() -> None:
    words = Words("en", "hello = Hello { $name }\n")
    assert words.t("hello", name="Ani") == "Hello Ani"
    with pytest.raises(LookupError, match="goodbye"):
        words.t("goodbye")
    with pytest.raises(ValueError, match="hello"):
        words.t("hello")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_message_can_be_parsed_alone_and_says_the_same(lang: str) -> None:
    whole = {entry.id.name: entry for entry in parse(pages.catalogue(lang)).body if isinstance(entry, ast.Message)}
    alone = pages._messages(pages.catalogue(lang))
    assert set(alone) == set(whole)
    for key, source in alone.items():
        [entry] = [each for each in parse(source).body if not isinstance(each, ast.Comment)]
        assert whole[key].equals(entry, ignored_fields=["span", "comment"]), key
    with pytest.raises(ValueError, match="twice"):
        Words(lang, "hello = A\nhello = B\n")


def test_a_compiled_template_is_found_again_by_the_next_process_and_never_outlives_its_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # whatever the shell says

    def said(text: str, folder: Path) -> str:
        cache = pages._CompiledOnce(folder)  # as a new process has it
        return Environment(loader=DictLoader({"x.html": text}), bytecode_cache=cache, autoescape=True).get_template("x.html").render()

    kept = tmp_path / "kept"
    assert said("one {{ 1 + 1 }}", kept) == "one 2"
    [file] = kept.iterdir()
    made = file.stat().st_mtime_ns
    assert said("one {{ 1 + 1 }}", kept) == "one 2" and [*kept.iterdir()] == [file] and file.stat().st_mtime_ns == made, "read, not made"
    assert said("two {{ 1 + 1 }}", kept) == "two 2" and file.stat().st_mtime_ns != made
    file.write_bytes(b"half")
    assert said("two {{ 1 + 1 }}", kept) == "two 2", "what cannot be read is made anew"
    (tmp_path / "letter").write_text("not a folder")
    assert said("one {{ 1 + 1 }}", tmp_path / "letter") == "one 2", "where nothing can be kept, each process compiles for itself"


def test_a_message_with_a_link_in_it_escapes_everything_else() -> None:
    words = Words("en", "hello = 1 < 2, { $name } and { $link }\n")
    assert words.t("hello", name="<b>", link=markdown("*x*")) == "1 &lt; 2, &lt;b&gt; and <p><em>x</em></p>\n"


def test_french_has_its_fine_spaces() -> None:
    text = pages.catalogue("fr")
    lines = [line for line in text.splitlines() if " = " in line and not line.startswith("#")]
    assert not [line for line in lines if re.search(r"[^\u202f][;!?](?!\w)", line.partition(" = ")[2])]
    assert not [line for line in lines if re.search(r"\w[ ]?:(\s|$)|« | »", line.partition(" = ")[2])]


def test_missing_context_is_an_error(made: Pages) -> None:
    with pytest.raises(UndefinedError):
        made.render("sent.html", "fr", path="/")


@pytest.mark.parametrize(
    ("wish", "lang"),
    [
        ("", "fr"),
        ("en", "en"),
        ("hy-AM,hy;q=0.9,en;q=0.8", "hy"),
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("de-CH,de;q=0.9,en;q=0.4", "en"),
        ("en;q=0.5, hy;q=0.7", "hy"),
        ("hy;q=0, en;q=0.1", "en"),
        ("de, ru;q=0.5", "fr"),
        ("*", "fr"),
        ("EN-us", "en"),
        ("en;q=nonsense, hy;q=0.1", "hy"),
        (",;,=;q=1", "fr"),
        ("en" * 5_000, "fr"),
    ],
)
def test_the_language_is_the_one_that_the_visitor_likes_best(wish: str, lang: str) -> None:
    assert negotiate(wish, LANGUAGES) == lang


def test_every_country_has_a_name_in_every_language(made: Pages) -> None:
    assert len(pages.COUNTRIES) == 249
    for lang in LANGUAGES:
        offered = made.words[lang].countries()
        assert {code for code, _ in offered} == pages.COUNTRIES
        assert all(name and name != code for code, name in offered)
    french = [name for _, name in made.words["fr"].countries()]
    assert french.index("Estonie") < french.index("États-Unis") < french.index("Éthiopie") < french.index("Fidji")


# -- every page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_has_one_heading_a_title_its_language_and_its_alternates(made: Pages, lang: str) -> None:
    for name, template, context in specimens():
        page = BeautifulSoup(made.render(template, lang, **context), "html.parser")
        assert page.html and page.html["lang"] == lang, name
        assert len(page.find_all("h1")) == 1, name
        assert page.title and "Libertas" in page.title.text, name
        assert "DEMO" in page.get_text(), name
        assert {str(link["hreflang"]) for link in page.select("link[hreflang]")} == set(LANGUAGES), name
        assert {str(a["href"]) for a in page.select(".languages a")} == {f"/{o}{context['path']}" for o in LANGUAGES if o != lang}, name
        ids = [str(tag["id"]) for tag in page.select("[id]")]
        assert len(ids) == len(set(ids)), name
        for tag in page.select("[aria-describedby], [aria-labelledby]"):
            wanted = str(tag.get("aria-describedby") or tag.get("aria-labelledby")).split()
            assert set(wanted) <= set(ids), (name, wanted)
        for anchor in page.select('a[href^="#"]'):
            assert str(anchor["href"])[1:] in ids, (name, anchor)


def test_pages_outside_the_demonstration_do_not_say_demo(quiet: Pages) -> None:
    for name, template, context in specimens():
        assert b"DEMO" not in quiet.render(template, "en", **context) or name == "certificates", name
    sample = {"path": "/x", "petition": petition(is_sample=True), "names": [], "as_of": None, "earlier": None, "later": None}
    assert b"DEMO" in quiet.render("signers.html", "en", **sample)


def test_petitions_may_be_indexed_and_steps_of_a_signature_may_not(made: Pages) -> None:
    for name, template, context in specimens():
        indexed = b'content="noindex"' not in made.render(template, "fr", **context)
        open_to_all = template in ("home.html", "petitions.html", "certificates.html", "privacy.html", "legal.html")
        if open_to_all or (name.startswith("petition-") and "fault" not in name and "notice" not in name):
            assert indexed, name
        if template in (
            "sent.html",
            "confirm.html",
            "manage.html",
            "manage_ask.html",
            "not_me.html",
            "unsubscribe.html",
            "error.html",
            "signers.html",
        ):
            assert not indexed, name


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_a_petition_says_what_it_is_and_takes_signatures_only_while_open(made: Pages, state: str, lang: str) -> None:
    context = {
        "path": "/p",
        "form": Filled(),
        "faults": [],
        "notice": "",
        "captcha": "altcha",
        "form_key": "k",
        "partner": None,
        **around(),
    }
    page = BeautifulSoup(made.render("petition.html", lang, petition=petition(), state=state, **context), "html.parser")
    assert made.words[lang].t(f"state-{state}") in page.get_text()
    assert bool(page.select("form[data-sign]")) == (state == "open")


def test_what_levon_typed_is_kept_and_each_fault_stands_in_the_summary_and_at_its_field(made: Pages) -> None:
    form = Filled(name="=Levon", email="levon@", country="CH", visibility="show", role="maire", news=True)
    faults = [Fault("name", "name-letters"), Fault("email", "email-invalid"), Fault("consent", "consent-missing")]
    html = made.render(
        "petition.html",
        "fr",
        path="/p",
        petition=petition(asks_locality=False),
        state="open",
        form=form,
        faults=faults,
        notice="",
        captcha="altcha",
        form_key="KEY",
        partner=None,
        **around(),
    )
    page = BeautifulSoup(html, "html.parser")
    assert page.title and page.title.text.startswith("Erreur")
    for fault in faults:
        sentence = made.words["fr"].fault(fault.field, fault.code)
        link = page.select_one(f'#summary a[href="#{fault.field}"]')
        field = page.select_one(f"#{fault.field}")
        assert link and field and link.text == sentence
        assert field["aria-invalid"] == "true"
        at_field = page.select_one(f"#{fault.field}-wrong")
        assert at_field and sentence in at_field.text and f"{fault.field}-wrong" in str(field["aria-describedby"])
    values = {
        str(i["name"]): i.get("value") for i in page.select("form[data-sign] input[value]") if i.get("type") not in ("radio", "checkbox")
    }
    assert values == {"text_version": "1", "form_key": "KEY", "name": "=Levon", "email": "levon@", "role": "maire"}
    assert [o["value"] for o in page.select("#country option[selected]")] == ["CH"]
    assert [i["value"] for i in page.select("input[name=visibility][checked]")] == ["show"]
    assert [i["name"] for i in page.select("input[type=checkbox][checked]")] == ["news"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", ["too-many", "busy"])
def test_a_form_that_came_at_a_bad_moment_is_told_so_and_not_blamed(made: Pages, code: str, lang: str) -> None:
    template, context = _named("petition-open")
    page = BeautifulSoup(made.render(template, lang, **{**context, "faults": [Fault("form", code)]}), "html.parser")
    summary = page.select_one("#summary")
    assert summary and made.words[lang].t("summary-form") in summary.text
    assert made.words[lang].t(f"fault-form-{code}") in summary.text
    assert not page.select("[aria-invalid]")


def test_nothing_is_ticked_for_ani_and_the_narrow_choice_is_the_default(made: Pages) -> None:
    page = _page(made, "petition-open")
    assert not page.select("input[type=checkbox][checked]")
    assert [i["value"] for i in page.select("input[name=visibility][checked]")] == ["count"]
    assert not page.select("#country option[selected]")
    assert not page.select(".share")


def _named(wanted: str) -> tuple[str, dict[str, Any]]:
    return next((template, context) for name, template, context in specimens() if name == wanted)


def _page(made: Pages, wanted: str, lang: str = "en") -> BeautifulSoup:
    template, context = _named(wanted)
    return BeautifulSoup(made.render(template, lang, **context), "html.parser")


def test_only_the_answers_that_ask_have_the_confirming_button_and_it_is_the_first_form(made: Pages) -> None:
    for state in ("ask", "ask-again", "confirmed", "already", "expired", "unknown", "closed"):
        page = _page(made, f"confirm-{state}")
        main = page.select_one("main")
        assert main and main["data-state"] == state
        forms = page.select("form")
        asks = [form for form in forms if form["action"] == "/fr/confirm/T"]
        assert len(asks) == (1 if state.startswith("ask") else 0)
        if asks:
            assert forms[0] is asks[0] and forms[0]["method"] == "post" and not page.select("script")


def test_the_page_after_the_form_shows_the_address_and_what_to_do_when_nothing_comes(made: Pages) -> None:
    page = _page(made, "sent")
    address = page.select_one(".address")
    assert address and address.text == "ani@example.org"
    resend = page.select_one('form[action="/resend"] input[name=s]')
    assert resend and resend["value"] == "S"
    assert page.select('a[href="/en/petitions/free-them#sign"]')


def test_links_to_share_carry_the_petition_and_nothing_about_the_signer(made: Pages) -> None:
    page = _page(made, "confirm-confirmed", "fr")
    links = {str(a["href"]) for a in page.select(".share a")}
    assert any(link.startswith("https://wa.me/?text=") for link in links)
    assert any(link.startswith("https://t.me/share/url?url=http%3A%2F%2Flocalhost%3A8000%2Ffr%2Fpetitions%2Ffree-them") for link in links)
    assert not any("Ani" in link or "confirm" in link or "manage" in link for link in links)


# -- what others typed -----------------------------------------------------------------------------------------------

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "[click](//evil.example/x) ![seen](https://evil.example/pixel.png)",
    "<svg/onload=alert(1)>",
    "</title></textarea></style><iframe src=//evil.example>",
    "{{ 7*7 }}{% raw %}",
    "{ $x } \ue0000\ue001",
    "<a href=\"&#106;avascript:alert(1)\">x</a><base href='//evil.example/'>",
)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_whatever_somebody_types_stays_text_on_every_page(made: Pages, payload: str) -> None:
    plain = {name: _shape(made, template, context) for name, template, context in specimens()}
    for name, template, context in specimens(lambda _: payload):
        html = made.render(template, "en", **context)
        page = BeautifulSoup(html, "html.parser")
        own = [img for img in page.select("img") if OURS.fullmatch(str(img.get("src")))]
        assert len(page.select("img, svg, iframe, base, object, embed, style")) == len(own), name
        for tag in page.find_all(True):
            assert not [attribute for attribute in tag.attrs if attribute.lower().startswith("on") or attribute == "style"], (name, tag)
            for attribute in ("href", "src", "action", "formaction"):
                target = str(tag.get(attribute, "")).strip().lower()
                assert not target.startswith(("javascript:", "data:", "//", "vbscript:")), (name, tag)
                assert "evil.example" not in target or target.startswith(("https://wa.me", "https://t.me", "mailto:")), (name, tag)
        assert [str(script.get("src")) for script in page.select("script")] == plain[name][0], name
        assert [str(form.get("action")) for form in page.select("form")] == plain[name][1], name
        assert "49" not in page.get_text() or "{{" not in payload


def _shape(made: Pages, template: str, context: dict[str, Any]) -> tuple[list[str], list[str]]:
    page = BeautifulSoup(made.render(template, "en", **context), "html.parser")
    return [str(s.get("src")) for s in page.select("script")], [str(f.get("action")) for f in page.select("form")]


def test_the_policy_allows_nothing_inline_and_nobody_else() -> None:
    assert "unsafe" not in csp() + csp(hcaptcha=True)
    rules = dict(rule.split(" ", 1) for rule in csp().split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert {source for name, value in rules.items() for source in value.split()} == {"'none'", "'self'"}
    assert "https://*.hcaptcha.com" in csp(hcaptcha=True) and "hcaptcha" not in csp()
    assert csp(frame_ancestors="https://partner.example").endswith("frame-ancestors https://partner.example")


def test_no_page_has_inline_script_or_style_or_leads_the_browser_elsewhere(made: Pages) -> None:
    for name, template, context in specimens():
        page = BeautifulSoup(made.render(template, "fr", **context), "html.parser")
        assert all(script.get("src") and not script.text for script in page.select("script")), name
        loaded = [
            str(tag.get("src") or tag.get("href")) for tag in page.select("script, img, iframe, link[rel=stylesheet], link[rel=icon]")
        ]
        assert loaded and all(re.match(r"/static/[0-9a-f]{12}/", address) or OURS.fullmatch(address) for address in loaded), name


def test_hcaptcha_is_loaded_only_where_it_is_chosen_and_says_so(made: Pages) -> None:
    template, context = _named("petition-open")
    page = BeautifulSoup(made.render(template, "en", **{**context, "captcha": "hcaptcha"}), "html.parser")
    assert page.select(".h-captcha") and not page.select("altcha-widget")
    assert "sees your internet address" in page.get_text()


def test_the_style_sheet_is_small_and_asks_for_nothing() -> None:
    sheet = (HERE / "static" / "style.css").read_text()
    assert len(sheet.encode()) < 14_000
    assert "url(" not in sheet and "@import" not in sheet
    for care in ("prefers-color-scheme: dark", "prefers-reduced-motion", "@media print", ":focus-visible", "forced-colors"):
        assert care in sheet


# -- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        yield started
        await started.close()


class Visit:
    """A browser that sees our pages and nothing else; it writes down what should not happen."""

    def __init__(self, made: Pages, say: Any = None) -> None:
        self.made = made
        self.pages = {name: (template, context) for name, template, context in specimens(say)}
        self.strangers: list[str] = []
        self.complaints: list[str] = []
        self.posted: list[dict[str, list[str]]] = []
        self.altcha = captcha.Altcha([b"k" * 32], 2_000)

    async def open(self, browser: Browser, **wishes: Any) -> tuple[BrowserContext, Page]:
        context = await browser.new_context(**wishes)
        context.set_default_timeout(90_000)
        await context.route("**/*", self._answer)
        page = await context.new_page()
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        return context, page

    async def _answer(self, route: Route) -> None:
        host, path = re.fullmatch(r"[a-z]+://([^/]+)(/.*)", route.request.url).groups()  # type: ignore[union-attr]
        parts = path.split("/")
        if host != "localhost:8000":
            self.strangers.append(route.request.url)
            await route.abort()
        elif route.request.method == "POST":
            self.posted.append(parse_qs(route.request.post_data or ""))
            await route.fulfill(body="<!doctype html><title>posted</title>", content_type="text/html")
        elif parts[1] == "static":
            asset = self.made.assets["/".join(parts[3:])]
            await route.fulfill(body=asset.content, content_type=asset.media_type)
        elif OURS.fullmatch(path):
            await route.fulfill(body=base64.b64decode(DOT), content_type="image/png")
        elif parts[1] == "api":
            await route.fulfill(body=json.dumps(self.altcha.challenge("free-them", time.time())), content_type="application/json")
        else:
            template, context = self.pages[parts[2]]
            headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": csp()}
            await route.fulfill(body=self.made.render(template, parts[1], **context), headers=headers)


PHONE = {"viewport": {"width": 360, "height": 740}}


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_axe_finds_nothing_wrong_and_no_page_is_wider_than_its_screen(browser: Browser, made: Pages, lang: str) -> None:
    visit = Visit(made)
    context, page = await visit.open(browser, color_scheme="dark" if lang == "en" else "light", **PHONE)
    # What axe looks at is the same in every language but for words: all specimens in French, one of each page in the others.
    first_of = {template: name for name, template, _ in reversed(list(specimens()))}
    looked_at = set(visit.pages) if lang == "fr" or WHOLE else set(first_of.values())
    wrong: list[Any] = []
    # The register's pages are many: each is looked at in one of the three languages.
    of_others = {name for n, (name, _, _) in enumerate(of_the_register(None)) if LANGUAGES[n % 3] != lang and not WHOLE}
    for name in visit.pages:
        if name in of_others:
            continue
        await page.set_viewport_size(PHONE["viewport"])  # type: ignore[arg-type]
        await page.goto(f"http://localhost:8000/{lang}/{name}")
        if name in looked_at:
            found = await Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
            wrong += [(name, fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found.response["violations"]]
        for width in (280, 360, 1280) if WHOLE else (280, 1280):
            await page.set_viewport_size({"width": width, "height": 740})
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wrong.append((name, width))
    await context.close()
    assert (wrong, visit.complaints, visit.strangers) == ([], [], [])


async def test_payloads_open_no_dialog_and_break_no_policy_in_a_browser(browser: Browser, made: Pages) -> None:
    visit = Visit(made, lambda _: "".join(PAYLOADS))
    context, page = await visit.open(browser, **PHONE)
    for name in visit.pages:
        await page.goto(f"http://localhost:8000/en/{name}")
    await context.close()
    assert (visit.complaints, visit.strangers) == ([], [])


async def _fill(page: Page) -> None:
    await page.fill("#name", "Անի Մկրտչյան")
    await page.fill("#email", "ani@example.org")
    await page.select_option("#country", "AM")
    await page.fill("#locality", "Երևան")
    await page.check("#consent")


async def test_ani_presses_once_and_the_form_goes_with_a_proof(browser: Browser, made: Pages) -> None:
    visit = Visit(made)
    context, page = await visit.open(browser, **PHONE)
    await page.goto("http://localhost:8000/hy/petition-open")
    await _fill(page)
    await page.click("button.act")
    await page.wait_for_url("**/sign")
    await context.close()
    assert len(visit.posted) == 1 and visit.complaints == []
    sent = visit.posted[0]
    assert {name: sent[name] for name in ("name", "country", "visibility", "consent")} == {
        "name": ["Անի Մկրտչյան"],
        "country": ["AM"],
        "visibility": ["count"],
        "consent": ["yes"],
    }
    assert json.loads(base64.b64decode(sent["altcha"][0]))["solution"]
    assert visit.altcha.check(sent["altcha"][0], "free-them", time.time()).kind == "altcha"


async def test_without_script_the_form_goes_without_a_proof(browser: Browser, made: Pages) -> None:
    visit = Visit(made)
    context, page = await visit.open(browser, java_script_enabled=False, **PHONE)
    await page.goto("http://localhost:8000/fr/petition-open")
    await _fill(page)
    await page.click("button.act")
    await page.wait_for_url("**/sign")
    await context.close()
    assert len(visit.posted) == 1 and "altcha" not in visit.posted[0]


async def test_when_no_challenge_can_be_had_the_form_goes_all_the_same(browser: Browser, made: Pages) -> None:
    visit = Visit(made)
    context, page = await visit.open(browser, **PHONE)
    await page.route("**/api/**", lambda route: route.fulfill(status=503, body="{}", content_type="application/json"))
    await page.goto("http://localhost:8000/en/petition-open")
    await _fill(page)
    await page.click("button.act")
    await page.wait_for_url("**/sign")
    await context.close()
    assert len(visit.posted) == 1 and "altcha" not in visit.posted[0]


async def test_the_role_is_asked_only_of_those_who_show_their_name(browser: Browser, made: Pages) -> None:
    visit = Visit(made)
    context, page = await visit.open(browser, **PHONE)
    await page.goto("http://localhost:8000/en/petition-open")
    assert not await page.is_visible("#role")
    await page.check("#visibility-show")
    assert await page.is_visible("#role")
    await context.close()
