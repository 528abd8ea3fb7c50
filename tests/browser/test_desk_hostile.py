"""What somebody hostile tries at the desk: another's passkey, an old answer, and two hundred ways to run a script."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from browser import organizer
from browser.organizer import Organizer, invite
from browser.visitor import comes_true
from desk_seat import seat
from installation import Installation
from service import certificates
from service.organizers import ROLES, Grant
from service.web import desk

EVERYTHING = tuple(Grant(role) for role in ROLES)

BASE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>", "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>", "<a href=javascript:alert(1)>x</a>", "<form action=javascript:alert(1)><button>x</button></form>",
    "<input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>", "<body onload=alert(1)>", "<video><source onerror=alert(1)>",
    "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>", "<style>@import 'javascript:alert(1)'</style>",
    "<link rel=stylesheet href=javascript:alert(1)>", "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<base href=javascript:alert(1)//>", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "\"><script>alert(1)</script>", "'><script>alert(1)</script>", "' onmouseover='alert(1)", "\" autofocus onfocus=\"alert(1)",
    "[x](javascript:alert(1))", "[x](JaVaScRiPt:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "[x](//evil.example)",
    "![x](javascript:alert(1))", "![x](https://evil.example/p.png)", "<javascript:alert(1)>", "[x]: javascript:alert(1)\n\n[x]",
    "`<script>alert(1)</script>`", "    <script>alert(1)</script>", "{{7*7}}", "{% raw %}", "${alert(1)}", "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
)  # fmt: skip


def payloads() -> Iterator[str]:
    """Two hundred: each of forty in five disguises."""
    for one in BASE:
        yield one
        yield one.upper().replace("ALERT", "alert")
        yield html.escape(one)
        yield one.replace("<", "<\t").replace("alert(1)", "alert`1`")
        yield f"**{one}** > {one}"


async def test_two_hundred_payloads_in_every_field_of_a_petition_are_letters_and_nothing_more(
    chromium: Browser, installation: Installation
) -> None:
    await invite(installation, "ani@example.org", *EVERYTHING)
    ani = await organizer.come(chromium, installation, "ani@example.org")
    await ani.join()
    await ani.open("/desk/new-petition")
    await ani.page.fill("#slug", "hostile")
    await ani.press("main form button")
    corpus = list(payloads())
    assert len(corpus) == 200
    limits = {"title": 150, "summary": 580, "statement": 19_000, "consent": 1_900, "privacy": 3_900}
    places = dict.fromkeys(limits, 0)
    while places["title"] < len(corpus):
        fields = {}
        for part, most in limits.items():
            for lang in ("fr", "en", "hy"):
                words = ""
                while len(words) + len(corpus[places[part] % 200]) + 2 <= most and len(words) < most:
                    words += corpus[places[part] % 200].replace("\n", " " if part == "title" else "\n") + (
                        "  " if part == "title" else "\n\n"
                    )
                    places[part] += 1
                    if part == "statement" and places[part] % 200 == 0:
                        break
                fields[f"{part}-{lang}"] = words
        await ani.page.evaluate("f => { for (const [n, t] of Object.entries(f)) document.getElementById(n).value = t }", fields)
        await ani.press("button[value=preview]")
        assert await ani.page.locator(".preview").count() >= 15
        hostile = "main script, main iframe, main object, main embed, main img, main base, main [onerror], main [onload], main [onfocus]"
        assert await ani.page.locator(hostile).count() == 0
        links = await ani.page.locator("main a[href]").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        assert all(link.startswith(("/", "#", "http://", "https://", "mailto:")) and not link.startswith("//") for link in links), links
    await ani.press("button[value=publish]")
    await installation.worker.publish()
    for path in ("", "/text", "/history", "/numbers", "/setup"):
        await ani.open(f"/desk/petitions/hostile{path}")
    await ani.open("/desk")
    for name in ("said", "lang"):
        await ani.open(f"/desk?{name}=%3Cscript%3Ealert(1)%3C/script%3E")
    await ani.open("/desk/audit?act=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&person=%3Csvg/onload=alert(1)%3E")
    assert ani.dialogs == []
    assert await ani.leave() == []


async def test_a_passkey_opens_only_with_its_owner_verified_and_an_answer_counts_once(
    chromium: Browser, installation: Installation
) -> None:
    await invite(installation, "levon@example.org", Grant("editor"))
    levon = await organizer.come(chromium, installation, "levon@example.org")
    await levon.join()
    await levon.press(".me button")
    kept: list[dict[str, object]] = []
    levon.page.on("request", lambda sent: kept.append({"url": sent.url, "body": sent.post_data}) if sent.method == "POST" else None)
    await levon.sign_in()
    [answer] = [one["body"] for one in kept if str(one["url"]).endswith("/desk/sign-in")]
    origin = {"origin": installation.settings.base_url, "content-type": "application/json"}
    again = await installation.client.post("/desk/sign-in", content=str(answer), headers=origin)
    assert again.status_code == 400 and "set-cookie" not in again.headers, "an answer that somebody copied is used up"
    for body in ("{}", '{"answer": 1}', '{"answer": {}}', '{"answer": {"response": {"clientDataJSON": "e30"}}}', "[]", "\x00"):
        bad = await installation.client.post("/desk/sign-in", content=body, headers=origin)
        assert bad.status_code == 400, body
    await levon.press(".me button")
    await levon.verifies(False)  # a found phone, without finger or PIN
    await levon.open("/desk/sign-in")
    await levon.page.click("form[data-passkey=get] button")
    await comes_true(levon.page, "document.querySelector('.passkey-status').textContent.includes('try again')")
    assert await levon.page.evaluate("location.pathname") == "/desk/sign-in"
    assert await levon.leave() == []


# -- every field that there is -----------------------------------------------------------------------------------------------------

EYES = (Path(__file__).parent / "hostile.js").read_text(encoding="utf-8")
SHORT = "<svg/onload=alert(1)>"
FREE = frozenset({"text", "textarea", "search", "url", "tel"})
DAY, MOMENT = datetime.now(UTC).date().isoformat(), f"{datetime.now(UTC).date() + timedelta(days=9)}T12:00"
GOOD = {
    "date": DAY, "datetime-local": MOMENT, "number": "12", "email": "zaruhi@example.org", "url": "https://example.org/?q=%3Csvg%3E",
    "country": "FR", "opens_at": "", "days_from": "2020-01-01", "days_until": DAY, "received_until": "", "sources": f"{SHORT} | https://example.org/a", "goals": "100", "received_from": "",
    "in_favour": "5", "against": "4", "abstained": "3", "locality": "Lyon", "mandate_end": "2032-03-31",
}  # fmt: skip
"""What a field takes that does not take any text, by its type or name."""
PUBLIC = ("/en/sponsors/offer", "/en/manage", "/en/sponsors", "/en/cases")
ELSEWHERE = {
    "/join/{token:str}": "a stranger's page with a number of eight digits (test_desk)",
    "/petitions/{slug:str}/exports/take": "one hidden id, once two people have agreed (test_papers)",
    "/petitions/{slug:str}/held": "hidden ids of what is held (test_desk)",
    "/petitions/{slug:str}/life": "one word of five (test_desk)",
    "/petitions/{slug:str}/names": "boxes beside names (test_desk)",
    "/petitions/{slug:str}/invalidation": "its condition is hidden there, as the preview's form sent it; grounds and reason are tried",
    "/cases/{case:str}/edit": "the short name is chosen once, on the form for a new one",
    "/cases/{case:str}/retract": "one hidden id of an event (test_sponsoring)",
    "/cases/requests/{asked:str}": "one word of two, once somebody asked that a page be taken down (test_sponsoring)",
    "/sponsors/offers/{offer:str}/accept": "choices and boxes, once an offer was confirmed by mail (test_sponsoring)",
    "/sponsors/{sponsor:str}/{pledge:str}/end": "a day, once a sponsorship stands (test_sponsoring)",
    "/petitions/{slug:str}/invalidation/{act:str}/reverse": "the field of every other reason, once an act was carried out (test_invalidation)",
}
"""Acts whose forms this walk does not come to, and where they are tried."""
ALSO = {"/petitions/{slug:str}/setup": "/new-petition", "/people/associations/{association:str}": "/people/associations"}
"""Forms with fields that another form has, too."""


ROUTES = sorted({path for area in desk.AREAS for handler in area.handlers for path in handler.paths}, key=lambda path: path.count("{"))


@dataclass
class Attacker:
    """Finds every form that an organizer sees, sends all of the corpus through each field, and then what each of them keeps."""

    ani: Organizer
    corpus: list[str]
    seen: dict[str, str] = field(default_factory=dict)
    """Pages, one or two for each address without its ids."""
    sent: dict[str, set[str]] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    _waiting: list[str] = field(default_factory=list)
    _at: int = 0

    async def _do(self, call: str, *args: Any) -> dict[str, Any]:
        told: dict[str, Any] = await self.ani.page.evaluate(f"async args => (await {EYES}.{call}(...args))", list(args))
        self.faults += [f"{args[0]}: {one}" for one in told["bad"]]
        if told["status"] >= 500 or told["at"] == "/desk/sign-in":
            self.faults.append(f"{args[0]}: {told['status']} {told['at']}")
        return told

    def _meet(self, told: dict[str, Any]) -> None:
        for link in told["links"]:
            path = link.partition("#")[0].partition("?")[0]
            kind = _kind(path)
            is_page = path.startswith("/desk") and not re.search(r"/(file|unsigned|paper)\b", path)
            if is_page and path not in self.seen and sum(known == kind for known in self.seen.values()) < 2:
                self.seen[path] = kind
                self._waiting.append(path)

    async def walk(self, *paths: str) -> None:
        self._waiting += paths
        self.seen |= {path: _kind(path) for path in paths}
        while self._waiting:
            path = self._waiting.pop()
            told = await self._do("get", path)
            if not told["isPage"]:
                del self.seen[path]
            await self._take(path, told)

    async def _take(self, path: str, told: dict[str, Any]) -> None:
        self._meet(told)
        for form in told["forms"]:
            to = form["action"] or path
            names = {one["name"] for one in form["fields"]}
            key = _kind(to)
            if all(one["type"] == "hidden" for one in form["fields"]) or names <= self.sent.get(key, set()):
                continue
            self.sent[key] = self.sent.get(key, set()) | names
            # All of it in every field: too long or not what is asked for, so it comes back on the page.
            whole = [(one["name"], one["value"] if one["name"] == "token" else "\n".join(self.corpus)) for one in form["fields"]]
            await self._do("post", to, whole, form["isUpload"])
            await self._leave(to, form)

    async def _leave(self, to: str, form: dict[str, Any]) -> None:
        """Hostile words wherever they are taken; a field that refuses them gets something good, and the others are sent again."""
        tame: set[str] = set()
        for _ in range(4):
            told = await self._do("post", to, [pair for one in form["fields"] if (pair := self._value(one, tame))], form["isUpload"])
            if told["isSeen"]:
                free = {one["name"] for one in form["fields"] if one["type"] in FREE and not _good(one)}
                self.kept |= {f"{_kind(to)} {name}" for name in free - tame}
            await self._take(to, told)
            if told["isSeen"] or not set(told["wrong"]) - tame:
                return
            tame |= {re.sub(r"^[0-9a-f-]{36}|^k\d+", "", name) for name in told["wrong"]} | set(told["wrong"])

    def _value(self, one: dict[str, Any], tame: set[str]) -> tuple[str, str] | None:
        name, kind, value = one["name"], one["type"], str(one["value"])
        if kind in ("checkbox", "radio"):
            return (name, value) if one["isTicked"] or name in ("consent", "is_mailed") else None
        if kind == "file":
            return None
        if kind.startswith("select"):
            return (name, value or next(filter(None, one["options"]), ""))
        if kind == "hidden":
            return (name, value)
        if (good := _good(one)) is not None:
            return (name, good)
        if "slug" in name:
            self._at += 1
            return (name, f"hostile-{self._at}")
        if name in tame:
            return (name, "Sample" if name not in ("ids", "prefixes", "domains", "lanes", "marks", "text_versions") else "")
        return (name, self._words(one["longest"] or (400 if kind == "textarea" else 60), is_line=kind != "textarea"))

    def _words(self, most: int, *, is_line: bool) -> str:
        """The next payloads of the corpus that fit."""
        words = ""
        while True:
            self._at += 1
            one = self.corpus[self._at % len(self.corpus)]
            one = one.replace("\n", " ").replace("\t", " ") if is_line else one
            if len(words) + len(one) + 1 > most:
                return words or SHORT
            words = f"{words} {one}".strip()


def _good(one: dict[str, Any]) -> str | None:
    name = re.sub(r"-(fr|en|hy)$", "", one["name"])
    return GOOD.get(name, GOOD.get(one["type"], GOOD["url"] if name.endswith("url") else None))


def _kind(path: str) -> str:
    """An address without what differs from thing to thing: the route at the desk, or the path itself."""
    for route in ROUTES:
        pattern = re.sub(r"\\\{\w+:str\\\}", "[^/]+", re.escape(route.rstrip("/")))
        if re.fullmatch("/desk" + pattern, path.rstrip("/")):
            return route
    return path


@pytest.mark.timeout(900)
async def test_the_whole_corpus_through_every_field_of_the_desk_and_of_signers_and_every_page_afterwards(
    chromium: Browser, installation: Installation
) -> None:
    """Forms are found by walking, so a new field is tried as soon as it is there; an act whose form is not found is named."""
    house, corpus = installation, list(payloads())
    await house.confirm("zaruhi@example.org")
    for words in BASE:  # what a signer types stands in letters on the page that comes back, or is refused
        assert (await house.post_form(name=words, visibility="show", role=words[:60])).status_code == 400, words
    await house.confirm("role@example.org", visibility="show", role="mayor of Sample")
    await house.seal()
    await certificates.certify(house.pool, house.keys, house.settings, house.slug, SHORT)
    await seat(house, "levon@example.org")
    await invite(house, "ani@example.org", *EVERYTHING)
    ani = await organizer.come(chromium, house, "ani@example.org")
    await ani.join()
    blank = await chromium.new_page()  # our own page would report what the policy stops
    raw = await blank.evaluate(f"words => words.map(one => {EYES}.look(one).bad.length)", [*BASE])
    await blank.close()
    assert sum(map(bool, raw)) > 20, "control: unescaped, these are seen"

    attacker = Attacker(ani, corpus)
    base = f"/desk/petitions/{house.slug}"
    pages = ["/desk" + handler.paths.copy().pop() for area in desk.AREAS for handler in area.handlers if "GET" in handler.http_methods]
    plain = [path.rstrip("/") for path in pages if "{" not in path and path != "/desk/sign-in"]
    tabs = [path.replace("/desk/petitions/{slug:str}", base) for path in pages if path.count("{") == 1 and "{slug:str}" in path]
    await attacker.walk(*plain, *tabs, *PUBLIC, f"/en/petitions/{house.slug}")
    await house.worker.answer_offers()
    await house.worker.publish()
    await attacker.walk("/desk", "/desk/approvals", "/desk/sponsors", "/desk/updates", "/desk/people", "/desk/recipients", *tabs)
    assert attacker.faults == [], attacker.faults[:10]
    declared = {
        route: {*rule.fields, *(f"{prefix}*" for prefix in rule.prefixes)}
        for area in desk.AREAS for handler in area.handlers for route in handler.paths
        if (rule := handler.opt["desk"]).is_act and not rule.is_json and (rule.fields or rule.prefixes)
    }  # fmt: skip
    lost = {}
    for route, fields in declared.items():
        tried = attacker.sent.get(route, set()) | attacker.sent.get(ALSO.get(route, ""), set())
        missing = {one for one in fields if not (one in tried or (one.endswith("*") and any(name.startswith(one[:-1]) for name in tried)))}
        if missing - {"do", "end", "all", "form_key"} and route not in ELSEWHERE:
            lost[route] = sorted(missing)
    assert lost == {}, json.dumps(lost, indent=1)
    assert len(attacker.kept) > 40, sorted(attacker.kept)
    for path in attacker.seen:
        await ani.open(path)
    for path in (f"/en/petitions/{house.slug}", "/en/sponsors", "/en/updates", "/fr/petitions/hostile-1"):
        await ani.open(path)
    assert ani.dialogs == []
    assert await ani.leave() == []
