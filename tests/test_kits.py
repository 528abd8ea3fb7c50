"""The sponsor's kit: three languages, papers that a town hall prints, editable texts, pictures for telephones, numbers for mayors."""

from __future__ import annotations

import io
import re
import secrets
import struct
import time
import tomllib
import zlib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from scanner import scanned
from service import cases, kits, petitions
from service.cases import Case, Event, Group, Numbers
from service.kits import Count, Kit, blocks
from service.kits.words import HERE as WORDS
from service.sponsors import City, Snapshot

LANGUAGES = ("fr", "en", "hy")
TODAY = date(2026, 11, 26)
SOURCE = {"fr": "Source fictive", "en": "Invented source", "hy": "Հորինված աղբյուր"}


def event(kind: str, on: str, **changes: Any) -> Event:
    day = date.fromisoformat(on)
    return Event(**{"kind": kind, "on": day, "as_of": day, "source": SOURCE, "source_url": "https://example.org/s", **changes})


def case(**changes: Any) -> Case:
    whole = {
        "id": UUID(int=1), "slug": "sample", "is_sample": True, "category": "prisoner-of-war", "name_hy": "Օրինակյան Բ․ (նմուշ)",
        "names": {"fr": "B. Orinakian (exemple)", "en": "B. Orinakyan (sample)"}, "consent": "story",
        "story": {"fr": "Un récit. " * 8, "en": "A *story*. [Link](https://example.org). " * 8, "hy": "Պատմություն։ " * 8},
        "events": [event("captured", "2020-12-16"), event("sentenced", "2021-07-23")], "updated_at": datetime(2026, 1, 1, tzinfo=UTC), **changes,
    }  # fmt: skip
    return Case(**whole)


def snapshot(*found: Case, facts: Mapping[str, Any] | None = None) -> Snapshot:
    group = Group(
        held=23, first=38, start=date(2022, 12, 31), released=15, died=0, as_of=date(2023, 12, 8), source=SOURCE, source_url="https://example.org"
    )  # fmt: skip
    addresses = {
        "as_of": "2026-01-15",
        "list": [{"name": {"fr": f"Bureau {n}"}, "lines": ["1 rue", "1000 Ville"], "why": {"fr": "Demandez."}} for n in range(9)],
    }
    return Snapshot(
        1, found, [], addresses={}, numbers=Numbers(prisoners=group, disappeared=group), petitions={}, facts=facts or {"addresses": addresses}, cities=[]
    )  # fmt: skip


def kit(lang: str = "fr", one: Case | None = None, **changes: Any) -> Kit:
    whole = {
        "case": one, "register": snapshot(*([one] if one else [])), "lang": lang, "base_url": "https://petition.example.org",
        "issuer": "Libertas (DEMO)", "contact": "contact@example.org", "today": TODAY, **changes,
    }  # fmt: skip
    return Kit(**whole)


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def flat(text: str) -> str:
    return "".join(text.split())


def test_every_language_has_the_same_words_and_every_text_the_same_blanks() -> None:
    table = tomllib.loads((WORDS / "words.toml").read_text(encoding="utf-8"))

    def shape(words: Mapping[str, Any]) -> dict[str, Any]:
        return {key: set(re.findall(r"\{(\w+)\}", str(text))) for key, text in words.items()}

    assert shape(table["fr"]) == shape(table["en"]) == shape(table["hy"])
    for name in (f"{name}{group}" for name in ("deed", "motion", "press") for group in ("", "-group")):
        # Armenian shows the canonical name already: it has no need of it in brackets.
        assert {lang: blocks.places(lang, name) - {"name_hy"} for lang in LANGUAGES} == dict.fromkeys(
            LANGUAGES, blocks.places("fr", name) - {"name_hy"}
        ), name


@pytest.mark.parametrize(("lang", "name"), list(product(LANGUAGES, kits.PAPERS)))
def test_each_paper_names_the_person_its_source_and_its_page_in_three_languages(lang: str, name: str) -> None:
    found = pages(kits.pdf(kit(lang, case()), name))
    text = flat("".join(found))
    assert flat(case().name(lang)) in text
    assert "petition.example.org" in text
    assert "DEMO" in text, "a sample says so on every paper"
    assert len(found) == (2 if name == "sheet" else 1)
    if name in ("motion", "press"):
        assert flat(SOURCE[lang]) in text
    if name == "sheet":
        assert flat(kit(lang).words.number(2171)) in text, "the clock"
        assert "Bureau5" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_whole_group_has_a_deed_a_motion_and_a_press_note_with_the_counted_numbers(lang: str) -> None:
    for name in ("deed", "motion", "press"):
        text = flat("".join(pages(kits.pdf(kit(lang), name))))
        assert "23" in text
        assert "38" in text
        assert flat(SOURCE[lang]) in text
        if lang == "fr":
            assert "delesprisonniers" not in text, "French that a clerk would send back"
    with pytest.raises(KeyError):
        kits.pdf(kit(lang), "sheet")


def test_a_motion_cites_the_law_that_fits_the_person() -> None:
    for category, law in (("prisoner-of-war", "118"), ("civilian", "133"), ("disappeared", "32"), ("official", "Universal")):
        assert law in " ".join(pages(kits.pdf(kit("en", case(category=category)), "motion")))


def test_a_day_a_month_and_a_year_are_told_as_people_tell_them() -> None:
    """A clerk files what is written; "le juillet 2021" would come back."""
    told = {
        ("day", "2021-03-01"): ("condamné le 1er mars 2021", "sentenced on 1 March 2021"),
        ("month", "2021-07-01"): ("condamné en juillet 2021", "sentenced in July 2021"),
        ("year", "2021-01-01"): ("condamné en 2021", "sentenced in 2021"),
    }
    for (precision, on), (french, english) in told.items():
        one = case(
            events=[event("captured", on, precision=precision), event("sentenced", on, precision=precision, source_url="https://x.example")]
        )
        for lang, words in (("fr", french), ("en", english)):
            motion = " ".join(" ".join(pages(kits.pdf(kit(lang, one), "motion"))).split()).replace("\xa0", " ")
            assert words in motion, motion
        deed = " ".join(" ".join(pages(kits.pdf(kit("fr", one), "deed"))).split()).replace("\xa0", " ")
        assert ("depuis le 1er" in deed) == (precision == "day") and "depuis le juillet" not in deed


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_motion_fits_one_sheet_with_the_lines_to_sign_on(lang: str) -> None:
    for one in (kit(lang), kit(lang, case(names={"fr": "Nom très long " * 6, "en": "A very long name " * 6}))):
        assert len(pages(kits.pdf(one, "motion"))) == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sheet_has_two_pages_whatever_is_known(lang: str) -> None:
    long = case(
        story=dict.fromkeys(LANGUAGES, "Une phrase assez longue pour remplir la page avec des mots. " * 200),
        names={"fr": "Բ " + "Nom très long " * 6, "en": "A very long name " * 6},
        aliases=[f"Alias number {n}" for n in range(40)],
        events=[event("tried", f"2021-{n:02}-01", note=dict.fromkeys(LANGUAGES, "mots " * 200)) for n in range(1, 13)],
        photo="x",
        photo_credit="Ani " * 10,
        photo_licence="CC BY 4.0",
    )
    picture = cases.clean(noise(240, 300))
    one = case(photo=picture.hash, photo_credit="Ani", photo_licence="CC BY 4.0", events=long.events, story=long.story, names=long.names)
    assert len(pages(kits.pdf(kit(lang, one, photo=picture), "sheet"))) == 2
    assert len(pages(kits.pdf(kit(lang, long), "sheet"))) == 2
    bare = case(story={}, events=[], consent="name")
    assert len(pages(kits.pdf(kit(lang, bare), "sheet"))) == 2


def test_what_is_filled_in_is_never_markup() -> None:
    hostile = case(names={"fr": "#panic() *x* $y$ {issuer} \\ [signatures] A | B"}, story={"fr": "#import x {blank} \\u"})
    for name in kits.PAPERS:
        assert "#panic()" in "".join(pages(kits.pdf(kit("fr", hostile), name)))
        assert b"#panic()" in kits.rtf(kit("fr", hostile), name)


def rtf_text(content: bytes) -> str:
    """What a word processor reads: a small reader of our own subset."""
    text = content.decode("ascii")
    text = re.sub(r"\\u(-?\d+)\?", lambda found: struct.pack("<H", int(found[1]) % 65536).decode("utf-16-le", "surrogatepass"), text)
    text = re.sub(r"\{\\fonttbl.*?\}\}", "", text)
    text = re.sub(r"\\(?:par|line|tab)\b ?", "\n", text)
    text = re.sub(r"\\[a-z]+-?\d* ?", "", text)
    return re.sub(r"(?<!\\)[{}]", "", text)


@pytest.mark.parametrize(("lang", "name"), list(product(LANGUAGES, kits.EDITABLE)))
def test_the_editable_text_says_the_same_and_its_braces_close(lang: str, name: str) -> None:
    made = kits.rtf(kit(lang, case()), name)
    assert made.startswith(rb"{\rtf1")
    assert made.isascii()
    bare = re.sub(rb"\\[{}\\]", b"", made)
    depth = 0
    for byte in bare:
        depth += (byte == 123) - (byte == 125)
        assert depth >= 0
    assert depth == 0
    assert case().name(lang) in rtf_text(made)


def noise(width: int, height: int) -> bytes:
    """A picture that cannot be compressed, the worst that a photo can be."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + secrets.token_bytes(3 * width) for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("lang", "name"), list(product(LANGUAGES, kits.CARDS)))
def test_a_card_has_the_size_that_messengers_take(lang: str, name: str) -> None:
    picture = cases.clean(noise(300, 350))
    one = case(photo=picture.hash, photo_credit="Ani", photo_licence="CC BY 4.0")
    for made in (kits.card(kit(lang, one, photo=picture), name), kits.card(kit(lang, case()), name), kits.card(kit(lang), name)):
        assert struct.unpack(">II", made[16:24]) == (1200, 630)
        assert len(made) < 300_000


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_on_paper_and_picture_leads_to_the_page(lang: str) -> None:
    one = kit(lang, case())
    for made in (*(kits.pdf(one, name) for name in kits.PAPERS), *(kits.card(one, name) for name in kits.CARDS)):
        assert scanned(made, dpi=200) == [f"https://petition.example.org/{lang}/cases/sample"]
    assert scanned(kits.code_svg(one.url)) == scanned(kits.code_png(one.url)) == [one.url]
    assert scanned(kits.pdf(kit(lang), "deed"), dpi=200) == [f"https://petition.example.org/{lang}/cases"]


@pytest.mark.torture  # on a machine that does nothing else
def test_a_kit_is_printed_in_less_than_three_seconds() -> None:
    one = kit("hy", case())
    begun = time.perf_counter()
    for name in kits.PAPERS:
        kits.pdf(one, name)
        kits.rtf(one, name)
    for name in kits.CARDS:
        kits.card(one, name)
    assert time.perf_counter() - begun < 3


def test_the_same_day_prints_the_same_bytes() -> None:
    for name in kits.PAPERS:
        assert kits.pdf(kit("fr", case()), name) == kits.pdf(kit("fr", case()), name)


# -- the extract for a mayor


def petition() -> petitions.Petition:
    every = dict.fromkeys(LANGUAGES, "Free them")
    texts = {lang: petitions.Text("Free them", "", "", "", "") for lang in LANGUAGES}
    when = datetime(2026, 11, 24, tzinfo=UTC)
    return petitions.Petition(
        id=UUID(int=1), slug="free-them", status="open", is_sample=True, is_protected=False, is_sealed=False, goal=0, time_zone="Europe/Paris",
        opens_at=when, closes_at=None, text_version=1, manifest_hash=b"", asks_locality=True, texts=texts, recipients=[every], figures=[],
        sources=[], log_id="x", count=4_120, as_of=when, checkpoint=petitions.Head("example.org/x", 5_000, b"r" * 32),
    )  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_extract_says_what_is_asserted_and_under_which_checkpoint(lang: str) -> None:
    lyon = City(slug="lyon", country="FR", names={"fr": "Lyon-Exemple"}, places=["lion", "6900*"])
    counted = Count(city=lyon, n=412, through=date(2026, 11, 25))
    at = datetime(2026, 11, 26, 9, tzinfo=UTC)
    (text,) = pages(kits.extract_pdf(petition(), counted, lang, issuer="Libertas (DEMO)", url="https://example.org/x", at=at))
    for said in ("412", "Lyon-Exemple", "example.org/x", kit(lang).words.number(4_120), kit(lang).words.number(5_000)):
        assert flat(said) in flat(text), said
    told = kits.extract(petition(), counted, issuer="Libertas", base_url="https://example.org", at=at)
    assert (told["asserted"]["residents"], told["asserted"]["residence_verified"]) == (412, False)
    assert told["checkpoint"]["size"] == 5_000
    assert scanned(kits.extract_pdf(petition(), counted, lang, issuer="Libertas", url="https://example.org/x", at=at)) == [
        "https://example.org/x"
    ]
    assert "proved" not in told


def test_a_town_is_named_by_its_people_in_many_ways() -> None:
    lyon = City(slug="lyon", country="FR", names={"fr": "Lyon"}, places=["lion", "6900*"])
    assert [lyon.holds(cases.fold(place)) for place in ("Lyon", "LYON", "69003", "69100", "Lyons", "")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]
