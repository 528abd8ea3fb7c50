"""The certificate as a document that an institution files: complete in each language, one after the other, with the evidence attached.

Everything on its pages comes from the files of the bundle, nothing from a database or a clock, so that whoever holds the
bundle can print it again and compare (``is_same``). A log beyond ``ATTACHED`` bytes is not attached; the document says so.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import segno
from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, get_timezone_location
from babel.numbers import format_decimal

from service import press
from service.certificates import stamps
from service.errors import Unproven
from service.proof.canonical import parse_json, sha256
from service.settings import LANGUAGES

ATTACHED = 2 * 1024 * 1024
"""Above this many bytes the log stays in the bundle: a document with a thousand attachments is opened by few readers."""

BARS = 14

FEW = 10
"""Fewer signatures have no curve."""

SUPPORTERS = 40
"""At most so many sponsors and partners are printed in each language; certificate.json lists all of them."""

_LOCALES = {"fr": "fr", "en": "en_GB", "hy": "hy"}
_FORMS = ("pending", "expired", "held", "merged", "capped", "suppressed")


@cache
def labels() -> dict[str, dict[str, str]]:
    """What stands around the figures, by name and language (``labels.toml``)."""
    with (Path(__file__).parent / "labels.toml").open("rb") as file:
        return tomllib.load(file)


def read(certificate: bytes) -> dict[str, Any]:
    """The object behind certificate.json. Raises ``Unproven`` (json-not-canonical, certificate-malformed)."""
    found = parse_json(certificate)
    if not isinstance(found, dict):
        raise Unproven("certificate-malformed", "not an object")
    return found


def attached(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files that the document carries: all that exist before it, with the log when it is not too large."""
    log = {path for path in files if path.startswith("tile/")}
    is_small = sum(len(files[path]) for path in log) <= ATTACHED
    left_out = {"certificate.pdf", "SHA256SUMS", "SHA256SUMS.sig"} | (set() if is_small else log)
    return {path: content for path, content in sorted(files.items()) if path not in left_out}


def document(files: Mapping[str, bytes]) -> bytes:
    """The certificate as PDF/A-3 with its evidence attached, not yet sealed; the same bytes for the same files."""
    certificate = read(files["certificate.json"])
    evidence = attached(files)
    at = datetime.fromisoformat(certificate["issued_at"])
    data = _data(certificate, files, evidence)
    return press.pdf("certificate", data, at=at, standards=("a-3b",), files=evidence)


def _data(certificate: Mapping[str, Any], files: Mapping[str, bytes], evidence: Mapping[str, bytes]) -> dict[str, Any]:
    public_id = sha256(files["certificate.json"]).hex()
    copy = f"{certificate['copies']}{public_id}/certificate.pdf"
    code = segno.make(copy, error="m", micro=False)
    has_log = any(path.startswith("tile/") for path in evidence)
    stamp = stamps.read(files["certificate.json.tsr"], files["certificate.json"]) if "certificate.json.tsr" in files else None
    parts = [_Part(lang, certificate).made(has_log, stamp) for lang in LANGUAGES]
    return {
        "id": public_id,
        "standing": certificate["standing"],
        "code": code.svg_inline(border=0),
        "copy": copy,
        "parts": parts,
        "texts": [_text(lang, certificate, files) for lang in LANGUAGES if f"text/{lang}.txt" in files],
        "attached": [{"path": path, "kind": _kind(path), "what": _what(path)} for path in evidence],
        "author": certificate["issuer"]["name"],
    }


def _kind(path: str) -> str:
    return {"json": "application/json", "txt": "text/plain"}.get(path.rpartition(".")[2], "application/octet-stream")


def _what(path: str) -> str:
    """What an attachment is, in the one sentence that PDF/A-3 asks for."""
    kinds = {
        "certificate.json": "the certificate; its SHA-256 is its public id",
        "certificate.json.sig": "SSH signature of the certificate",
        "certificate.json.tsr": "time stamp of the certificate (RFC 3161)",
        "VERIFY.txt": "how to check all of this by hand",
        "allowed_signers": "the certificate key, for ssh-keygen",
        "checkpoint": "the signed head of the petition's log",
        "petition.tlog-proof": "proof that the head is in the anchor log",
        "certificate.tlog-proof": "proof that the certificate is in the anchor log",
    }
    folders = {"tile": "part of the petition's log", "audit": "report of an audit", "text": "the text that was signed"}
    return kinds.get(path) or folders.get(path.partition("/")[0], "evidence of the certificate")


def _text(lang: str, certificate: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    content = files[f"text/{lang}.txt"]
    return {
        "lang": lang,
        "heading": labels()["annex"][lang],
        "hash_label": labels()["annex-hash"][lang],
        "hash": sha256(content).hex(),
        "title": certificate["petition"]["titles"].get(lang, ""),
        "paragraphs": [" ".join(each.split()) for each in content.decode().split("\n\n") if each.strip()],
    }


class _Part:
    """The certificate in one language: words with their numbers and dates, ready to be set."""

    def __init__(self, lang: str, certificate: Mapping[str, Any]) -> None:
        self.lang = lang
        self.it = certificate
        self.locale = Locale.parse(_LOCALES[lang])
        self.zone = certificate["window"]["time_zone"]

    def word(self, name: str, **facts: object) -> str:
        text = labels()[name][self.lang]
        return text.format(**facts) if facts else text

    def counted(self, name: str, number: int, **facts: object) -> str:
        """Words about this number, in their singular where they have one and the number asks for it."""
        one = f"{name}-one"
        return self.word(one if self.locale.plural_form(number) == "one" else name, **facts)

    def said(self, name: str, value: str) -> str:
        """A label and its value in running text."""
        colon = "\u00a0:" if self.lang == "fr" else "՝" if self.lang == "hy" else ":"
        return f"{self.word(name)}{colon} {value}"

    def number(self, value: int) -> str:
        return str(format_decimal(value, locale=self.locale))

    def day(self, when: date) -> str:
        told = format_date(when, "long", locale=self.locale).lstrip("0")
        return told.replace("1 ", "1er ", 1) if self.lang == "fr" and when.day == 1 else told

    def moment(self, when: str) -> str:
        local = datetime.fromisoformat(when).astimezone(ZoneInfo(self.zone))
        return f"{self.day(local)}, {format_time(local, 'HH:mm', locale=self.locale)}"

    def cell(self, value: int | str) -> str:
        return self.number(value) if isinstance(value, int) else self.word("under-ten")

    def local(self, texts: Mapping[str, str]) -> str:
        return texts.get(self.lang) or next(iter(texts.values()), "")

    def made(self, has_log: bool, stamp: stamps.Stamp | None) -> dict[str, Any]:
        it, asserted = self.it, self.it["asserted"]
        words = {name: text[self.lang] for name, text in labels().items()}
        if not has_log:
            words["proved-says"] = words["proved-says-elsewhere"]
        words["signatures"] = self.counted("signatures", it["proved"]["count"])
        return {
            "lang": self.lang,
            "w": words,
            "title": self.local(it["petition"]["titles"]),
            "standing": self.word(f"standing-{it['standing']}"),
            "notice": it["notices"][0][self.lang],
            "role": it["notices"][1][self.lang],
            "not_verified": it["notices"][2][self.lang],
            "serial": self.word("serial", n=it["serial"]),
            "facts": self._facts(),
            "count": self.number(it["proved"]["count"]),
            "under": self._under(),
            "statement": self._statement(),
            "proved": self._proved(),
            "witnessed": self._witnessed(stamp),
            "audited": self._audited(),
            "asserted": [
                *([self.word(f"forms-{name}"), self.cell(asserted["forms"][name])] for name in _FORMS),
                [self.word("named-never"), ""]
                if asserted["named_to_recipient"]["handover"] == "never"
                else [self.word("named"), self.cell(asserted["named_to_recipient"]["at_most"])],
            ],
            "growth": self._growth(),
            "countries": self._bars(asserted["by_country"], lambda code: self.locale.territories.get(code, code)),
            "languages": self._bars(asserted["by_language"], lambda code: self.locale.languages.get(code, code)),
            "partners": self._bars(asserted["by_partner"], lambda key: _short(key) or self.word("own-site")),
            "versions": self._versions(),
            "supporters": self._supporters(),
            "apart": self.local(asserted["supporters"]["notice"]),
            "method": self.local(it["method"]),
            "retention": self.local(it["retention"]),
            "keys": self._keys(),
            "compare": self.word("compare", where=it["fingerprint_published_at"][LANGUAGES.index(self.lang)]),
            "checks": [
                self.word("check-1"),
                self.word("check-2", log=self.word("check-log") if has_log else ""),
                self.word("check-3"),
            ],
        }

    def _facts(self) -> list[list[str]]:
        it, window = self.it, self.it["window"]
        to = it["recipient"]
        on = self.day(date.fromisoformat(to["on"]))
        first = self.moment(window["opens_at"])
        zone = get_timezone_location(self.zone, locale=self.locale, return_city=True)
        open_for = (
            self.word("from-to", first=first, last=self.moment(window["closes_at"]))
            if window["closes_at"]
            else self.word("from-on", first=first)
        )
        issuer = it["issuer"]
        return [
            [
                self.word("to"),
                self.local(to["names"] or {"": to["office"]}),
                self.word("holder", holder=to["holder"], on=on) if to["holder"] else "",
            ],
            [self.word("petitioner"), it["petitioner"], ""],
            [
                self.word("issuer"),
                issuer["name"],
                f"{self.said('contact', issuer['contact'])} · {self.said('data-protection', issuer['data_protection'])}",
            ],
            [self.word("permanent-id"), it["petition"]["origin"], ""],
            [self.word("window"), open_for, self.word("zone", zone=f"{zone} ({self.zone})")],
            [self.word("cut-off"), self.moment(window["cut_off"]), ""],
            [
                self.word("issued-at"),
                self.moment(it["issued_at"]),
                self.said("replaces", f"{it['replaces'][:16]}…" if it["replaces"] else self.word("nothing")),
            ],
        ]

    def _under(self) -> str:
        size = self.it["proved"]["checkpoint"]["size"]
        return self.counted("under", size, size=self.number(size), last=self.moment(self.it["window"]["cut_off"]))

    def _statement(self) -> str:
        """The fixed sentence; its number and its hours are machine spelling in certificate.json and are set for people here."""
        count = self.it["proved"]["count"]
        # The number first, and only where it stands alone: the same digits may be part of a date.
        text = re.sub(rf"(?<![\w-]){count}(?![\w-])", self.number(count), str(self.it["statement"][self.lang]))
        for name in ("first_sealed_at", "cut_off"):
            text = text.replace(self.it["window"][name], self.moment(self.it["window"][name]))
        return text

    def _proved(self) -> list[list[str]]:
        proved = self.it["proved"]
        invalidated = [
            [self.word("invalidated", reason=self.word(f"reason-{reason}")), self.number(n)] for reason, n in proved["invalidated"].items()
        ]
        versions = [[self.word("count-of", version=version), self.number(n)] for version, n in proved["by_version"].items()]
        return [
            [self.word("added"), self.number(proved["added"])],
            [self.word("withdrawn"), self.number(proved["withdrawn"])],
            *(invalidated or [[self.word("invalidated-none"), self.number(0)]]),
            [self.word("reinstated"), self.number(proved["reinstated"])],
            [self.word("erased"), self.number(proved["erased_counted"])],
            [self.word("count"), self.number(proved["count"])],
            *(versions if len(versions) > 1 else []),
        ]

    def _witnessed(self, stamp: stamps.Stamp | None) -> list[str]:
        witnessed = self.it["witnessed"]
        many = len(witnessed["cosignatures"])
        told = self.counted("witness-many", many, n=self.number(many), quorum=witnessed["quorum"]) if many else self.word("witness-none")
        if stamp is None:
            return [told, self.word("stamp-none")]
        return [told, self.word("stamp-of", who=stamp.authority, at=self.moment(stamps.told(stamp.at)))]

    def _audited(self) -> list[str]:
        names = ("tags", "duplicates", "sample", "opened", "failed", "refused")
        return [
            self.word(
                "audit-line",
                auditor=one["auditor"],
                on=self.day(date.fromisoformat(one["done_on"])),
                **{name: self.number(one[name]) for name in names},
            )
            for one in self.it["audited"] or ()
        ] or [self.word("audit-none")]

    def _growth(self) -> dict[str, Any]:
        """Points from 0 to 1 in both directions, and what stands at the axes; none where there is no curve to be drawn."""
        days = sorted((date.fromisoformat(day), n) for day, n in self.it["asserted"]["by_day"].items())
        if len(days) < 2 or days[-1][1] < FEW:
            return {"points": []}
        first = datetime.fromisoformat(self.it["window"]["opens_at"]).astimezone(ZoneInfo(self.zone)).date()
        first = min(first, days[0][0])
        span = max(1, (days[-1][0] - first).days)
        top = _round_up(max(n for _, n in days))
        points = [[0.0, 0.0]]
        for day, n in days:
            x = (day - first).days / span
            points += [[x, points[-1][1]], [x, n / top]]  # a step: nothing is known between two days
        points.append([1.0, points[-1][1]])
        return {
            "points": points,
            "top": [self.number(top * quarter // 4) for quarter in range(5)],
            "first": self.day(first),
            "last": self.day(days[-1][0]),
            "between": self._between(first, days[-1][0]),
        }

    def _between(self, first: date, last: date) -> list[list[Any]]:
        """The first days of months in between, or of every few months or years, with their place on the axis."""
        months = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in range(1, 13)]
        inner = [day for day in months if first < day < last]
        step = next(each for each in (1, 2, 3, 6, 12, 24, 60, 120) if len(inner) <= 6 * each)
        kept = [day for day in inner if (12 * day.year + day.month - 1) % step == 0]
        return [[(day - first).days / (last - first).days, self._month(day, step)] for day in kept]

    def _month(self, day: date, step: int) -> str:
        return str(day.year) if step >= 12 else format_skeleton("MMMy" if day.month == 1 else "MMM", day, locale=self.locale)

    def _bars(self, cells: Mapping[str, int], name: Any) -> list[list[Any]]:
        ordered = sorted(cells.items(), key=lambda cell: (cell[0] == "other", -cell[1], cell[0]))
        if len(ordered) > BARS:
            head, tail = ordered[: BARS - 1], ordered[BARS - 1 :]
            ordered = [*head, ("other", sum(n for _, n in tail))]
        most = max((n for _, n in ordered), default=1)
        return [[self.word("other") if key == "other" else str(name(key)), self.number(n), n / most] for key, n in ordered]

    def _supporters(self) -> list[list[str]]:
        listed = self.it["asserted"]["supporters"]["listed"]
        rows = [[self.local(one["name"]), self._stands(one)] for one in listed[:SUPPORTERS]]
        more = len(listed) - len(rows)
        return [*rows, *([[self.counted("supporters-more", more, n=self.number(more)), ""]] if more else [])]

    def _stands(self, one: Mapping[str, Any]) -> str:
        told = [self.word(f"kind-{one['kind']}")]
        if one["deed"]:
            told.append(self.word(f"deed-{one['deed']['kind']}", on=self.day(date.fromisoformat(one["deed"]["on"]))))
            told += [self.word("deed-reference", reference=one["deed"]["reference"])] if one["deed"]["reference"] else []
        elif one["since"]:
            told.append(self.word("supporter-since", on=self.day(date.fromisoformat(one["since"]))))
        return " · ".join(told)

    def _versions(self) -> list[dict[str, Any]]:
        return [
            {
                "label": self.word("version-of", version=each["version"], on=self.moment(each["published_at"])),
                "manifest": each["manifest"],
                "statements": [[lang, digest] for lang, digest in each["statements"].items()],
            }
            for each in self.it["petition"]["versions"]
        ]

    def _keys(self) -> list[list[str]]:
        keys: Mapping[str, Any] = self.it["keys"]
        seal = [[self.word("key-seal"), " ".join(_groups(keys["pdf_seal"]))]] if keys.get("pdf_seal") else []
        return [
            [self.word("key-certificate"), self.it["fingerprint"]],
            *seal,
            [self.word("key-log"), keys["log"]],
            [self.word("key-anchor"), keys["anchor"]],
        ]


def _short(name: str) -> str:
    """A partner's key as far as it fits beside a bar, where it may break; certificate.json has all of it."""
    return (name if len(name) <= 40 else f"{name[:39]}…").replace(".", ".\u200b")


def _groups(text: str, width: int = 8) -> Sequence[str]:
    return [text[at : at + width] for at in range(0, len(text), width)]


def _round_up(n: int) -> int:
    """The next round number for the top of an axis."""
    for power in range(20):
        for lead in (4, 8, 12, 16, 20, 24, 28, 32):  # quarters of them are round as well
            if lead * 10**power >= n:
                return int(lead * 10**power)
    return n


def is_same(original: bytes, files: Mapping[str, bytes]) -> bool:
    """Whether the document, before it was sealed, is what these files print here; another version of the program may print otherwise."""
    return document(files) == original
