"""Everything that a person reads on this site is put together here, in their own language.

Words live in ``locale/<language>/*.ftl``, shapes in ``templates/``, and both are read once, when the process starts: a missing
message, a missing variable or a wrong template stops the start or the request, it is never papered over. No page asks a
browser to talk to anybody but us (the one exception is hCaptcha, at the form, where an operator has configured it).

What each template is given, beside ``lang`` and the words that every template knows (``t``, ``number``, ``percent``,
``long_day``, ``moment``, ``zone``, ``local``, ``asset``, ``markdown``, ``web``, ``countries``, ``fault``, ``languages``, ``site``).
``path`` is the address after ``/{lang}``, with its query, beginning with "/"; the language switch leads to it.
``petition`` is a ``petitions.Petition``, ``state`` its ``state(now)``.

===================  =====================================================================================================
template             context
===================  =====================================================================================================
home.html            path "/" · petitions: list of (petition, state), open ones first · register
petitions.html       path · petitions: list of (petition, state)
petition.html        path · petition · state · form: ``Filled`` (what was typed; ``Filled()`` at first) · faults: list of
                     ``errors.Fault`` in the form's order · notice: "" | "text-changed" | "closed" | "paused" (why the form
                     came back) · captcha: "altcha" | "hcaptcha" | "off" · form_key: str (fresh, or the posted one) ·
                     partner: partners.Partner | None (on whose site the visitor came from)
sent.html            path (with ``?s=…``) · petition · address: str · resend_action: where the resend button POSTs ·
                     s: str, the sealed value that it carries in the hidden field ``s`` · form_key · resent: bool
confirm.html         path · state: ask | ask-again | confirmed | already | expired | unknown | closed · petition: Petition |
                     None (None where the token says nothing) · name: str (ask only, else "") · text_language: the language
                     that was signed in ("" where unknown) · visibility: count | show | protect | "" · action: the
                     confirmation address (path) · promise: str | None, the signed note · manage_url: str | None ·
                     not_me_url: str | None (ask, ask-again) · form_key: str (for "mail me my link", expired and unknown)
manage.html          path (with the token) · petition: Petition | None · action: the manage address (path) · state: pending |
                     held | confirmed | invalidated | withdrawn | erased | expired | unknown · visibility: count | show |
                     protect | "" · day: date | None · step: "" | withdraw | erase (from GET ``?step=``) · saved: "" |
                     visibility | news · faults: list of Fault · receipt_url: str | None · has_news: bool.
                     It POSTs to ``action``: ``act`` = visibility (with ``visibility``) | news | withdraw |
                     erase
manage_ask.html      path · done: bool (the same page for every address) · faults · email: str · form_key
updates.html         path · posts: list of ``updates.Post``, newest first
update.html          path · post: ``updates.Post``
unsubscribe.html     path · action · state: ask | done | unknown
not_me.html          path · action · state: ask | done | unknown · petition: Petition | None
signers.html         path · petition · names: list of (name, role) · as_of: date | None · earlier, later: path | None
certificates.html    path · petition · certificates: list of mappings id, serial, recipient, count, size, issued_at,
                     replaces (id | None), kind ("draft" | "demo" | "final"), has_pdf
error.html           path ("/" unless known) · status: 400 403 404 405 409 413 415 429 500 503 · code: ``Refusal.code`` or "" ·
                     retry_after: seconds | None · petition: Petition | None
privacy.html, legal.html, accessibility.html    path
verify.html          path · style, checker, script: elements, of ``proof.page`` · digest: of the whole file · keys: ``Trust`` | None ·
                     fingerprints: of the certificate keys

Of the register (service/web/cases.py, sponsors.py, kits.py, support.py, cities.py), all with ``register``, the
``sponsors.Snapshot`` that the page stands under, and ``today``:
cases.html           path · found: the cases of this page of the list · query · show · total · number_of_page · pages_of_list ·
                     earlier, later: path | None
case.html            path · case · petitions: list of Petition; case_gone.html: path
take_down.html       path · case · form: mapping of what was typed · faults · done: bool · captcha · form_key
sponsors.html        path · rows: the sponsors of this page · kind · kinds · countries_count · and the paging as in cases.html
offer.html           path · form · faults · captcha · form_key · kinds · few, others: cases to choose from
offer_sent.html      path · address: str, "" when the half hour is over
offer_confirm.html   path · state: ask | verified | over | unknown · action · wanted: cases · is_group · is_gone
===================  =====================================================================================================
"""

from __future__ import annotations

import contextlib
import hashlib
import mimetypes
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import jinja2
import msgspec
from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_location
from babel.numbers import format_decimal, format_percent
from fluent.runtime import FluentBundle, FluentResource
from jinja2 import BaseLoader, BytecodeCache, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from litestar import Request, Response
from litestar.datastructures import State
from markupsafe import Markup, escape

from service import __version__
from service.errors import NotFound
from service.markdown import markdown
from service.settings import Settings
from service.signatures import OPERATIONAL

HERE = Path(__file__).parent
OWN_NAMES = {"fr": "Français", "en": "English", "hy": "Հայերեն"}
LOCALES = {"fr": "fr", "en": "en_GB", "hy": "hy"}
"""The Babel locale of each language: British dates in English, because its readers here are mostly European."""

OFTEN = ("FR", "CH", "AM", "BE", "DE", "GB", "US", "CA", "LB")
"""Countries at the top of the list, because most signers live there."""

_NOT_ISO = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"})
COUNTRIES = frozenset(
    code for code in map(str, Locale.parse("en").territories) if len(code) == 2 and code.isalpha() and code not in _NOT_ISO
)  # CLDR names more places than ISO 3166 assigns letters to
"""The ISO 3166 alpha-2 codes that the form offers."""

MINIMUM_AGE = 16
"""Whose consent counts without parents: the default of GDPR, Article 8."""

HCAPTCHA = "https://hcaptcha.com https://*.hcaptcha.com"

SECURITY_HEADERS: Mapping[str, str] = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
}
"""On every page; the content security policy is added by ``csp``."""

CACHED = "public, max-age=10, stale-while-revalidate=60"
"""Public pages: short enough that a number is never old, long enough that a CDN carries a spike."""

CACHED_LONG = "public, max-age=600, stale-while-revalidate=86400"
"""Pages whose words change only with a new release."""

NOT_STORED = "no-store"
"""Whatever shows a visitor's own input, a token or a form."""


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed into the sign form, so that it is still there when the form comes back."""

    name: str = ""
    email: str = ""
    country: str = ""
    locality: str = ""
    visibility: str = "count"
    role: str = ""
    consent: bool = False
    handover: bool = False
    news: bool = False
    partner_news: bool = False
    partner: str = ""


# ------------------------------------------------------------------------------------------------ words


def catalogue(lang: str, folder: Path = HERE) -> str:
    """All messages of a language: one file for each part of the site, read as one."""
    files = sorted((folder / "locale" / lang).glob("*.ftl"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _messages(source: str) -> dict[str, str]:
    """The source of each message by its key. No message of ours refers to another one, so each can be parsed alone."""
    found: dict[str, str] = {}
    for entry in re.split(r"(?m)^(?=[A-Za-z#-])", source):
        key = entry.partition("=")[0].strip()
        if key in found or key.startswith("-"):
            raise ValueError(f"the message {key} is there twice, or is a term")
        if key and not key.startswith("#"):
            found[key] = entry
    return found


class Words:
    """The messages of one language, and its dates and numbers by CLDR.

    ``t`` raises ``LookupError`` for a message that does not exist and ``ValueError`` for one that lacks a variable, so
    that a hole in a catalogue is found by a test and not by a visitor.
    """

    def __init__(self, lang: str, source: str) -> None:
        self.lang = lang
        self.locale = Locale.parse(LOCALES[lang])
        # No isolation marks: none of our languages is written from right to left, and the marks end up in copied text.
        self._bundle = FluentBundle([str(self.locale).replace("_", "-")], use_isolating=False)
        self._source = _messages(source)
        self._plain: dict[str, str] = {}

    def has(self, key: str) -> bool:
        return key in self._source

    def t(self, key: str, **facts: object) -> str:
        """The message ``key``. Facts that are already ``Markup`` (a link) stay markup, everything else is escaped later or here."""
        if not facts:
            if key not in self._plain:
                self._plain[key] = self._format(key, {})
            return self._plain[key]
        marked = {name: fact for name, fact in facts.items() if hasattr(fact, "__html__")}
        if not marked:
            return self._format(key, facts)
        # Private-use letters stand in for the markup while the message around it is escaped.
        stand_ins = {name: f"\ue000{number}\ue001" for number, name in enumerate(marked)}
        text = str(escape(self._format(key, {**facts, **stand_ins})))
        for name, stand_in in stand_ins.items():
            text = text.replace(stand_in, str(marked[name]))
        return Markup(text)  # noqa: S704  # the message was escaped above, and what is put back was markup already

    def _format(self, key: str, facts: Mapping[str, object]) -> str:
        if not self._bundle.has_message(key):
            if key not in self._source:
                raise LookupError(f"{self.lang}: there is no message {key}")
            # Parsed when first wanted: a process starts sooner, and most of them never say most of the messages.
            self._bundle.add_resource(FluentResource(self._source[key]))
        pattern = self._bundle.get_message(key).value
        if pattern is None:
            raise LookupError(f"{self.lang}: {key} has no text")
        text, faults = self._bundle.format_pattern(pattern, dict(facts))
        if faults:
            raise ValueError(f"{self.lang}: {key}: {faults[0]}")
        return str(text)

    def number(self, value: int) -> str:
        return str(format_decimal(value, locale=self.locale))

    def percent(self, part: int, whole: int) -> str:
        """How much of ``whole`` ``part`` is, rounded down, so that a goal is never said to be reached too early."""
        return str(format_percent(int(part * 100 / whole) / 100 if whole else 0, locale=self.locale))

    def day(self, when: date) -> str:
        day = format_date(when, "long", locale=self.locale).lstrip("0")  # CLDR writes "08" in Armenian; people do not
        # The first of a month is an ordinal in French, which CLDR does not know.
        return f"1er{day[1:]}" if when.day == 1 and self.locale.language == "fr" else day

    def dated(self, when: date, precision: str) -> str:
        """The day, or only its month or its year, where no more is known."""
        if precision == "year":
            return format_date(when, "y", locale=self.locale)
        return format_skeleton("yMMMM", when, locale=self.locale) if precision == "month" else self.day(when)

    def moment(self, when: datetime, zone: str) -> str:
        """Date and time of day in the petition's own time zone."""
        local = when.astimezone(ZoneInfo(zone))
        return f"{self.day(local)}, {format_time(local, 'short', locale=self.locale)}"

    def zone(self, zone: str) -> str:
        """The name of the city that a time zone is called after, such as Paris."""
        return get_timezone_location(zone, locale=self.locale, return_city=True)

    def local(self, texts: Mapping[str, str]) -> str:
        """``texts`` in this language, else in the first that there is."""
        return texts.get(self.lang) or next(iter(texts.values()), "")

    def fault(self, field: str, code: str) -> str:
        """The sentence for one wrong field: for field and code, else for the field, else the general one.

        Codes come as ``email-domain`` or, for what several fields share, as ``proof-stale``; both are looked for.
        """
        field = field.replace("_", "-")
        for key in (f"fault-{field}-{code.removeprefix(field + '-')}", f"fault-{field}"):
            if self.has(key):
                return self.t(key)
        return self.t("fault")

    def countries(self) -> list[tuple[str, str]]:
        """(code, name) of every country, in alphabetical order of this language."""

        def plain(name: str) -> str:
            return "".join(letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter)).casefold()

        return sorted(((code, self.locale.territories[code]) for code in COUNTRIES), key=lambda pair: plain(pair[1]))


@lru_cache(maxsize=8)
def _words(lang: str, source: str) -> Words:
    """The words of a catalogue, read once in a process."""
    return Words(lang, source)


def negotiate(accept_language: str, available: Sequence[str]) -> str:
    """The language to greet a visitor in: the best of ``Accept-Language`` (RFC 9110, 12.5.4), else the first of ``available``.

    A region is ignored (``fr-CH`` is French), ``*`` and nonsense mean "no wish", and a weight of 0 means "not this one".
    """
    wishes: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language[:500].split(",")):
        tag, _, weight = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        found = re.fullmatch(r"\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*", weight) if weight.strip() else None
        if weight.strip() and found is None:
            continue
        quality = min(float(found[1]), 1.0) if found else 1.0
        if primary in available and quality > 0:
            wishes.append((-quality, position, primary))
    return min(wishes)[2] if wishes else available[0]


def _web(address: str) -> str:
    """An address that an organizer typed, if it leads to the web; otherwise nowhere."""
    return address if re.match(r"(?i)https?://[^/\\]", address) else "#"


def _contact_link(contact: str) -> str:
    """How to reach the issuer: a link where it is an address, and as it was written where it is anything else."""
    if re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", contact):
        return Markup('<a href="mailto:{}">{}</a>').format(quote(contact, safe="@"), contact)
    return contact


# ------------------------------------------------------------------------------------------------ headers and files


def csp(hcaptcha: bool = False, frame_ancestors: str = "'none'") -> str:
    """The content security policy: nothing is allowed but what these pages use, and nothing of it is inline.

    ``hcaptcha`` opens the form's page to hCaptcha (the list that its documentation gives); ``frame_ancestors`` is a list
    of origins on embed routes only.
    """
    more = f" {HCAPTCHA}" if hcaptcha else ""
    rules = [
        "default-src 'none'",
        f"script-src 'self'{more}",
        f"style-src 'self'{more}",
        "img-src 'self'",
        f"connect-src 'self'{more}",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        f"frame-ancestors {frame_ancestors}",
    ]
    if hcaptcha:
        rules.append(f"frame-src {HCAPTCHA}")
    return "; ".join(rules)


class Asset(msgspec.Struct, frozen=True):
    """One static file, with the mark (of its content) that makes its address new whenever it changes."""

    content: bytes
    media_type: str
    mark: str


_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".ftl": "text/plain"}


def _assets(folder: Path) -> dict[str, Asset]:
    """Every file of ``folder``. Files in one sub-folder share a mark, because modules there import each other by relative addresses."""
    contents = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
    found: dict[str, Asset] = {}
    for name, content in contents.items():
        path = Path(name)
        together = [c for n, c in contents.items() if n == name or ("/" in name and Path(n).parent == path.parent)]
        mark = hashlib.sha256(b"".join(hashlib.sha256(c).digest() for c in together)).hexdigest()[:12]
        media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
        found[name] = Asset(content, media_type, mark)
    return found


_COMPILING: Any = {"trim_blocks": True, "lstrip_blocks": True}
"""What changes how a template is compiled."""


class _CompiledOnce(BytecodeCache):
    """Each template is compiled once, for all languages (their environments differ only in the words that they know), and kept
    in memory and beside Python's own bytecode, where that may be written. A bucket knows the checksum of its source, so another
    text under the same name is compiled anew."""

    def __init__(self, folder: Path) -> None:
        self._kept: dict[str, bytes] = {}
        self._folder = folder
        how = hashlib.sha256(f"{jinja2.__version__} {sys.version} {_COMPILING}".encode()).hexdigest()[:12]
        self._ending = f"{how}.jinja"

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}.{self._ending}"

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key not in self._kept:
            with contextlib.suppress(OSError):
                self._kept[bucket.key] = self._file(bucket).read_bytes()
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        made = self._kept[bucket.key] = bucket.bytecode_to_string()
        if sys.dont_write_bytecode:
            return
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            half = self._folder / f".{bucket.key}.{os.getpid()}"
            half.write_bytes(made)
            half.replace(self._file(bucket))


_COMPILED = _CompiledOnce(Path(cache_from_source(__file__)).parent)


# ------------------------------------------------------------------------------------------------ pages


class Pages:
    """Renders every page. Made once for a process; ``now`` is the clock that decides states (``Shelf.now`` in service)."""

    def __init__(self, settings: Settings, now: Callable[[], datetime], *, folder: Path = HERE, loader: BaseLoader | None = None) -> None:
        self.settings = settings
        self.now = now
        self.languages = settings.languages
        self.assets = _assets(folder / "static")
        self.words = {lang: _words(lang, catalogue(lang, folder)) for lang in settings.languages}
        loader = loader or FileSystemLoader(folder / "templates")
        self._environments = {lang: self._environment(lang, loader) for lang in self.languages}
        for environment in self._environments.values():
            for name in environment.list_templates():
                environment.get_template(name)

    def _environment(self, lang: str, loader: BaseLoader) -> Environment:
        environment = Environment(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            bytecode_cache=_COMPILED,
            auto_reload=False,
            cache_size=-1,
            **_COMPILING,
        )
        words = self.words[lang]
        environment.globals.update(
            lang=lang,
            languages=[(code, OWN_NAMES[code]) for code in self.languages],
            site={
                "name": self.settings.issuer_name,
                "contact": self.settings.issuer_contact,
                "contact_link": _contact_link(self.settings.issuer_contact),
                "base_url": self.settings.base_url,
                "is_demo": self.settings.embedded,
                "captcha": self.settings.captcha,
                "hcaptcha_sitekey": self.settings.hcaptcha_sitekey,
                "seal_seconds": self.settings.seal_seconds,
                "release": __version__,
                "minimum_age": MINIMUM_AGE,
                "operational_hours": OPERATIONAL // timedelta(hours=1),
            },
            t=words.t,
            number=words.number,
            percent=words.percent,
            long_day=words.day,
            dated=words.dated,
            moment=words.moment,
            zone=words.zone,
            local=words.local,
            fault=words.fault,
            known=words.has,
            asset=self.asset,
            markdown=markdown,
            countries=words.countries(),
            country_names={code: words.locale.territories[code] for code in COUNTRIES},
            often=[(code, words.locale.territories[code]) for code in OFTEN],
            web=_web,
            quoted=lambda text: quote(str(text), safe=""),
        )
        return environment

    def render(self, template: str, lang: str, **context: object) -> bytes:
        """The page as UTF-8. Raises ``KeyError`` for a language that is not set up, ``UndefinedError`` for missing context."""
        return self._environments[lang].get_template(template).render(context).encode()

    def respond(
        self,
        template: str,
        lang: str,
        *,
        status: int = 200,
        cache: str = NOT_STORED,
        hcaptcha: bool = False,
        headers: Mapping[str, str] | None = None,
        **context: object,
    ) -> Response[bytes]:
        """The page as an answer with its headers; ``cache`` is one of ``CACHED``, ``CACHED_LONG`` and ``NOT_STORED``."""
        return Response(
            self.render(template, lang, status=status, **context),
            status_code=status,
            media_type="text/html",  # Litestar adds the charset
            headers={**self.headers(lang, cache=cache, hcaptcha=hcaptcha), **(headers or {})},
        )

    def headers(self, lang: str, *, cache: str = NOT_STORED, hcaptcha: bool = False) -> dict[str, str]:
        """What goes with a page, for those who keep ready bytes themselves."""
        headers = {
            **SECURITY_HEADERS,
            "content-security-policy": csp(hcaptcha),
            "content-language": lang,
            "cache-control": cache,
        }
        if self.settings.is_https:
            headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
        return headers

    def asset(self, name: str) -> str:
        """The address of a static file. Raises ``KeyError`` for one that does not exist."""
        return f"/static/{self.assets[name].mark}/{name}"

    def alternates(self, path: str) -> dict[str, str]:
        """The absolute address of ``path`` in every language, for hreflang and the site map."""
        return {lang: f"{self.settings.base_url}/{lang}{path}" for lang in self.languages}


def pages_of(request: Request[object, object, State]) -> Pages:
    pages: Pages = request.app.state.pages
    return pages


def language(request: Request[object, object, State], lang: str) -> str:
    """``lang``, if this installation speaks it; otherwise there is no such page (``NotFound``)."""
    if lang not in pages_of(request).languages:
        raise NotFound("language")
    return lang
