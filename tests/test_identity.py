"""Who somebody is: one mailbox however it is spelled, real names unchanged, keys that go when they should."""

from __future__ import annotations

import hmac
import multiprocessing
import multiprocessing.synchronize
import stat
import subprocess
import sys
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from email_validator import validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service import identity
from service.errors import Invalid, Misconfigured
from service.identity import Blob, Form, KeyGone, Keys, Unopened

NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)  # a Wednesday
DAY = timedelta(days=1)
TODAY = int(NOW.timestamp()) // 86_400
PETITION = UUID("8d6f2f0e-3b0c-4f5e-9a51-1f5a0d8b7c11")


def codes(refused: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in refused.value.faults]


# --- addresses

SAME = [
    ("ani.petrosyan@gmail.com", "anipetrosyan@gmail.com"),
    ("Ani.Petrosyan+petition@Gmail.com", "anipetrosyan@gmail.com"),
    ("a.n.i@googlemail.com", "ani@gmail.com"),
    ("ani+a+b@googlemail.com", "a.ni@gmail.com"),
    ("ani@ｇｍａｉｌ.com", "ani@gmail.com"),
    ("ani@gmail。com", "ani@gmail.com"),
    ("  ani@example.org\t", "ani@example.org"),
    ("\u00a0ani@example.org\u3000", "ANI@EXAMPLE.ORG"),
    ("levon+x@outlook.com", "levon@outlook.com"),
    ("levon+x@hotmail.fr", "Levon@Hotmail.fr"),
    ("levon+x@live.com", "levon@live.com"),
    ("mher+x@proton.me", "mher@proton.me"),
    ("mher+x@protonmail.com", "mher@protonmail.com"),
    ("mher+x@pm.me", "mher@pm.me"),
    ("sona+x@fastmail.com", "sona@fastmail.com"),
    ("sona+x@icloud.com", "sona@icloud.com"),
    ("sona+x@me.com", "sona@me.com"),
    ("aram+x@yandex.ru", "aram@yandex.ru"),
    ("aram+x@mail.ru", "aram@mail.ru"),
    ("aram+x@mailbox.org", "aram@mailbox.org"),
    ("aram+x@posteo.de", "aram@posteo.de"),
    ("ani@FASS.de", "ani@fass.de"),
    ("ani@հայաստան.հայ", "ani@xn--y9aaa1d0ai1cq.xn--y9a3aq"),
    ("ani@BÜCHER.example", "ani@xn--bcher-kva.example"),
    ("ani@bu\u0308cher.example", "ani@bücher.example"),
    ("դավիթ@example.org", "Դավիթ@example.org"),
    ("jose\u0301@example.org", "josé@example.org"),
]
DIFFERENT = [
    ("ani.petrosyan@example.org", "anipetrosyan@example.org"),
    ("ani+x@example.org", "ani@example.org"),
    ("ani.petrosyan@outlook.com", "anipetrosyan@outlook.com"),
    ("ani.p@yandex.ru", "anip@yandex.ru"),
    ("ani-p@gmail.com", "anip@gmail.com"),
    ("ani_p@gmail.com", "anip@gmail.com"),
    ("ani@gmail.co", "ani@gmail.com"),
    ("ani@mail.gmail.com", "ani@gmail.com"),
    ("ani@proton.me", "ani@protonmail.com"),
    ("ani@proton.me", "ani@pm.me"),
    ("ani@me.com", "ani@icloud.com"),
    ("ani@mac.com", "ani@icloud.com"),
    ("ani@hotmail.com", "ani@outlook.com"),
    ("ani@yandex.ru", "ani@ya.ru"),
    ("ani@yandex.com", "ani@yandex.ru"),
    ("ani@mail.ru", "ani@bk.ru"),
    ("ani@fastmail.com", "ani@fastmail.fm"),
    ("ani+x@gmx.de", "ani@gmx.de"),
    ("ani-x@yahoo.com", "ani@yahoo.com"),
    ("ani@faß.de", "ani@fass.de"),
    ("ani@example.org", "ani@example.com"),
    ("аni@example.org", "ani@example.org"),  # the first begins with a Cyrillic letter
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_mailbox_however_it_is_spelled_is_one_person(one: str, other: str) -> None:
    assert identity.canonical(one) == identity.canonical(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_mailboxes_are_never_taken_for_one(one: str, other: str) -> None:
    assert identity.canonical(one) != identity.canonical(other)


def test_the_canonical_address_of_a_tagged_gmail_address_is_the_bare_one() -> None:
    assert identity.NORM == "email-norm/v1"
    assert identity.canonical("A.b+c@Googlemail.com") == "ab@gmail.com"
    assert identity.canonical("Ani@Bücher.example") == "ani@xn--bcher-kva.example"


addresses = st.builds(
    lambda local, at, domain: local + at + domain,
    st.text(alphabet="aAéİΣ.+-_ß'ԱKn\u0301\u200d1", max_size=20),
    st.sampled_from(["@", "@", "@", "", "@@"]),
    st.sampled_from(
        ["gmail.com", "GoogleMail.com", "outlook.com", "pm.me", "example.org", "x.test", "faß.de", "հայ.հայ", "xn--y9a3aq.am", "a--b.com"]
    )
    | st.text(alphabet="aÉß.-。1ԱxnN", max_size=20),
)


@given(addresses | st.emails() | st.text(max_size=30))
@settings(max_examples=600, deadline=None)
@example("+x@gmail.com")
@example("a.+x@outlook.com")
@example("İ" * 32 + "@example.org")
@example("a.\u0301@gmail.com")
def test_a_canonical_address_is_its_own_and_every_deliverable_address_has_one(text: str) -> None:
    try:
        once = identity.canonical(text)
    except Invalid as refused:
        assert [fault.field for fault in refused.faults] == ["email"]
        with pytest.raises(Invalid):
            identity.deliverable(text)
        return
    assert identity.canonical(once) == once
    try:
        envelope = identity.deliverable(text)
    except Invalid as refused:
        assert [fault.code for fault in refused.faults] == ["email-ascii"]
        return
    assert identity.deliverable(envelope) == envelope
    assert identity.canonical(envelope) == once
    assert envelope.isascii() and len(envelope) <= 254


@given(st.emails() | st.from_regex(r"[a-z.+'-]{1,10}@[a-z0-9.-]{1,20}\.[a-z]{1,3}", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_the_fast_way_lets_in_nothing_that_the_library_would_refuse(text: str) -> None:
    try:
        envelope = identity.deliverable(text)
    except Invalid:
        return
    found = validate_email(envelope, check_deliverability=False, test_environment=True, allow_smtputf8=False)
    assert found.ascii_domain == identity.domain_of(envelope)


@pytest.mark.parametrize(
    ("typed", "envelope"),
    [
        ("ani@example.org", "ani@example.org"),
        (" Ani.B+c@Gmail.COM ", "Ani.B+c@gmail.com"),
        ("a.b+c@gmail.com", "a.b+c@gmail.com"),
        ("x@example.test", "x@example.test"),
        ("x@example.com", "x@example.com"),
        ("x@mail.example", "x@mail.example"),
        ("x@nowhere.invalid", "x@nowhere.invalid"),
        ("postMaster@example.org", "postMaster@example.org"),
        ("o'neill@example.ie", "o'neill@example.ie"),
        ("ani@հայ.հայ", "ani@xn--y9a3aq.xn--y9a3aq"),
    ],
)
def test_mail_goes_to_the_address_as_typed(typed: str, envelope: str) -> None:
    assert identity.deliverable(typed) == envelope


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "email-missing"),
        ("  \t ", "email-missing"),
        ("ani", "email-invalid"),
        ("@example.org", "email-invalid"),
        ("ani@", "email-invalid"),
        ("ani@example", "email-invalid"),
        ("ani@localhost", "email-invalid"),
        ("ani@smtp.localhost", "email-domain"),
        ("ani@db.internal", "email-domain"),
        ("ani@printer.local", "email-domain"),
        ("ani@1.0.0.127.in-addr.arpa", "email-domain"),
        ("ani@abc.onion", "email-domain"),
        ("ani@[127.0.0.1]", "email-invalid"),
        ("ani@127.0.0.1", "email-invalid"),
        ("ani@example..org", "email-invalid"),
        ("ani@-example.org", "email-invalid"),
        ("ani@example.org.", "email-invalid"),
        (".ani@example.org", "email-invalid"),
        ("a..b@example.org", "email-invalid"),
        ("a b@example.org", "email-invalid"),
        ('"ani"@example.org', "email-invalid"),
        ('"a b"@example.org', "email-invalid"),
        ("Ani <ani@example.org>", "email-invalid"),
        ("<ani@example.org>", "email-invalid"),
        ("ani(comment)@example.org", "email-invalid"),
        ("ani@example.org,levon@example.org", "email-invalid"),
        ("ani@example.org\r\nBcc: levon@example.org", "email-invalid"),
        ("ani@example.org\n", "email-invalid"),
        ("ani\x00@example.org", "email-invalid"),
        ("ani@exam\x00ple.org", "email-invalid"),
        ("ani@example.org\u202e", "email-invalid"),
        ("\u202aani@example.org", "email-invalid"),
        ("a\u200bni@example.org", "email-invalid"),
        ("ani@\ud800.org", "email-invalid"),
        ("ani@xn--a.org", "email-invalid"),
        ("ani@xn--.org", "email-invalid"),
        ("ani@ab--cd.org", "email-invalid"),
        ("+tag@gmail.com", "email-invalid"),
        ("+tag@outlook.com", "email-invalid"),
        ("josé@example.org", "email-ascii"),
        ("դավիթ@example.org", "email-ascii"),
        ("a" * 65 + "@example.org", "email-too-long"),
        ("a@" + "b." * 127 + "org", "email-too-long"),
        ("a" * 5_000, "email-too-long"),
    ],
)
def test_an_address_to_which_no_mail_can_go_is_refused_with_its_reason(typed: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        identity.deliverable(typed)
    assert codes(refused) == [("email", code)]


def test_an_address_of_254_characters_is_taken_and_of_255_not() -> None:
    domain = ".".join(["b" * 61] * 3) + ".org"
    longest = "a" * 64 + "@" + domain
    longest = longest[: 64 - (len(longest) - 254)] + "@" + domain if len(longest) > 254 else longest
    assert identity.deliverable(longest) == longest
    with pytest.raises(Invalid):
        identity.deliverable("a" * (255 - len(domain) - 1) + "@" + domain)


# --- names

NAMES = """
Անի Պետրոսյան
Լևոն Տեր-Պետրոսյան
Գևորգ Եփրեմյան
Եւգինէ Շահնուր
ԱՐԵՒԻԿ և Արև
Рубен Варданян
Наталья Соловьёва-Мӱллер
Şükrü Çağlayan
İpek Iğdır
محمد علي
فاطِمة الزهراء
عبد الله بن عُمَر
علی‌رضا قربانی
مهسا امینی
გიორგი მარგველაშვილი
ნინო
François-Xavier d’Estaing
Zoë Lefèvre
Jean‑Luc L'Œillet
Nguyễn Thị Hường
Trần Đức Lương
O'Connor
Dr. Martin Luther King, Jr.
J. R. R. Tolkien
J.R.R. Tolkien
St.John Philby
Marta Col·lell
Kealiʻi Kaʻahumanu
José Ångström Ñandú
דוד בן־גוריון
ශ්‍රී ලංකා
श्रीमती क्‍षमा
പൊന്‍
สุภาพร
渡邉󠄐 健
山田・太郎
བསྒྲུབས་པ
O
""".strip().split("\n")


@pytest.mark.parametrize("real", NAMES)
def test_a_real_name_stays_as_it_is(real: str) -> None:
    assert identity.name(real) == unicodedata.normalize("NFC", real)
    assert identity.name(f"  {real}\u00a0") == unicodedata.normalize("NFC", real)
    assert identity.name(unicodedata.normalize("NFD", real)) == unicodedata.normalize("NFC", real)


def test_the_armenian_ligature_is_kept() -> None:
    assert identity.name("Լ\u0587ոն") == "Լ\u0587ոն"
    assert identity.plain_text("Գ\u0587որգ, 12", "locality", 80) == "Գ\u0587որգ, 12"


def test_spaces_are_trimmed_and_made_one() -> None:
    assert identity.name(" \tAni \u3000  Petrosyan ") == "Ani Petrosyan"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "name-missing"),
        (" \u00a0\t", "name-missing"),
        ("A" * 101, "name-too-long"),
        ("A" * 100_000, "name-too-long"),
        ("e\u0301x" * 60, "name-too-long"),
        ("=cmd|' /C calc'!A0", "name-letters"),
        ("+Ani", "name-letters"),
        ("-Ani", "name-letters"),
        ("@Ani", "name-letters"),
        ("＝Ani", "name-letters"),
        ("'Ani", "name-letters"),
        ("\u0301Ani", "name-letters"),
        ("\u200dAni", "name-letters"),
        ("Ani\r\nBcc: x", "name-letters"),
        ("Ani\x00", "name-letters"),
        ("Ani\x1b[31m", "name-letters"),
        ("Ani\u202eevil", "name-letters"),
        ("Ani\u2066x\u2069", "name-letters"),
        ("Ani\u200fx", "name-letters"),
        ("A\u200bni", "name-letters"),
        ("A\u200dni", "name-letters"),
        ("A\u200cni", "name-letters"),
        ("A\ufeffni", "name-letters"),
        ("A\u00adni", "name-letters"),
        ("A\u034fni", "name-letters"),
        ("علی\u200c", "name-letters"),
        ("علی\u200c\u200cرضا", "name-letters"),
        ("\u3164", "name-letters"),
        ("Ani \u3164", "name-letters"),
        ("Ani\u2800", "name-letters"),
        ("Z\u0351\u0351\u0351\u0351algo", "name-letters"),
        ("A \u0301", "name-letters"),
        ("A\U000e0100", "name-letters"),
        ("A\ufe0f", "name-letters"),
        ("A\u20dd", "name-letters"),
        ("𝐀𝐧𝐢", "name-letters"),
        ("Ani 😀", "name-letters"),
        ("Ani 7", "name-letters"),
        ("Ani²", "name-letters"),
        ("<script>alert(1)</script>", "name-letters"),
        ('Ani" onload="x', "name-letters"),
        ("Ani {{7*7}}", "name-letters"),
        ("Ani; drop table", "name-letters"),
        ("Ani\ud800", "name-letters"),
        ("Ani\ue000", "name-letters"),
        ("Ani\u0378", "name-letters"),
        ("Ani\U000e0041", "name-letters"),
        ("...", "name-letters"),
        ("http://spam.example", "name-url"),
        ("Ani https://spam.example", "name-url"),
        ("www.spam.example", "name-url"),
        ("WWW.SPAM", "name-url"),
        ("spam.com", "name-url"),
        ("Visit SPAM.COM now", "name-url"),
        ("Ani t.me/x spam.example", "name-url"),
        ("javascript:alert(1)", "name-url"),
        ("сайт.рф", "name-url"),
    ],
)
def test_what_only_pretends_to_be_a_name_is_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        identity.name(text)
    assert codes(refused) == [("name", code)]


@given(st.text(max_size=60))
@settings(max_examples=500, deadline=None)
def test_whatever_is_typed_as_a_name_is_taken_or_refused_and_taken_names_stay_put(text: str) -> None:
    try:
        taken = identity.name(text)
    except Invalid as refused:
        assert len(refused.faults) == 1
        return
    assert identity.name(taken) == taken
    assert unicodedata.is_normalized("NFC", taken)
    assert not any(unicodedata.category(sign)[0] == "C" and sign not in "\u200c\u200d" for sign in taken)


@given(st.text(max_size=40), st.integers(1, 200))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_as_a_role_is_taken_or_refused(text: str, longest: int) -> None:
    try:
        assert len(identity.plain_text(text, "role", longest)) <= longest
    except Invalid as refused:
        assert refused.faults[0].code in ("role-too-long", "role-url", "role-letters")


def test_a_role_may_be_empty_and_hold_digits_and_is_no_place_for_links_or_formulas() -> None:
    assert identity.plain_text("  ", "role", 80) == ""
    assert identity.plain_text("Maire du 3e arrondissement (Lyon), «élue»", "role", 80) == "Maire du 3e arrondissement (Lyon), «élue»"
    assert identity.plain_text("Երևան 0010", "locality", 80) == "Երևան 0010"
    assert identity.plain_text("Գյումրի՝ քաղաքապետ", "role", 80) == "Գյումրի՝ քաղաքապետ"
    for text, code in [
        ("see spam.example", "role-url"),
        ("=1+1", "role-letters"),
        ("mayor\nof", "role-letters"),
        ("mayor\u202e", "role-letters"),
        ("<b>", "role-letters"),
        ("m" * 81, "role-too-long"),
    ]:
        with pytest.raises(Invalid) as refused:
            identity.plain_text(text, "role", 80)
        assert codes(refused) == [("role", code)]


# --- sealing

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
ROW = PETITION.bytes


def test_a_blob_opens_in_its_own_place() -> None:
    blob = identity.seal(KEY, 20_000, "signature", ROW, b"Ani")
    assert blob[:1] == b"\x01" and len(blob) == 3 + 29
    assert identity.open_sealed(KEY, 20_000, "signature", ROW, blob) == b"Ani"
    assert identity.seal(KEY, 20_000, "signature", ROW, b"Ani") != blob


def test_a_blob_with_any_bit_changed_or_any_byte_gone_does_not_open() -> None:
    blob = identity.seal(KEY, 7, "signature", ROW, b"Ani Petrosyan")
    for at in range(len(blob)):
        for bit in range(8):
            changed = bytearray(blob)
            changed[at] ^= 1 << bit
            with pytest.raises(Unopened):
                identity.open_sealed(KEY, 7, "signature", ROW, bytes(changed))
        with pytest.raises(Unopened):
            identity.open_sealed(KEY, 7, "signature", ROW, blob[:at])
    with pytest.raises(Unopened):
        identity.open_sealed(KEY, 7, "signature", ROW, blob + b"\0")


@pytest.mark.parametrize(
    ("key", "key_id", "table", "row"),
    [
        (OTHER, 7, "signature", ROW),
        (KEY, 8, "signature", ROW),
        (KEY, 7, "intake", ROW),
        (KEY, 7, "signatur", b"e" + ROW),
        (KEY, 7, "signature", ROW[:-1]),
        (KEY, 7, "signature", ROW[::-1]),
        (KEY, 7, "signature" + ROW[:1].decode("latin-1"), ROW[1:]),
    ],
)
def test_a_blob_moved_to_another_row_table_or_key_does_not_open(key: bytes, key_id: int, table: str, row: bytes) -> None:
    blob = identity.seal(KEY, 7, "signature", ROW, b"Ani")
    with pytest.raises(Unopened):
        identity.open_sealed(key, key_id, table, row, blob)


def a_blob(**given: object) -> Blob:
    told = {"name": "Անի", "email": "ani@example.org", "country": "AM", "locality": "", "language": "hy", "klass": "email"}
    told |= {"visibility": "count", "role": "", "secret": KEY} | given
    return Blob(**told)  # type: ignore[arg-type]


def test_what_a_blob_and_a_form_hold_comes_back() -> None:
    blob = a_blob(handover=True)
    assert Blob.decode(blob.encode()) == blob
    form = Form(email="ani@example.org", language="hy", name="Ani", kind="not-me", signature_id=PETITION.bytes)
    assert Form.decode(form.encode()) == form


def test_the_length_of_a_sealed_name_is_not_seen() -> None:
    assert len(a_blob(name="O").encode()) == len(a_blob(name="Ani Petrosyan").encode()) == 128
    assert len(a_blob(name="A" * 100).encode()) == 256


def test_a_blob_without_a_whole_secret_or_of_another_shape_is_refused() -> None:
    form = Form(email="ani@example.org", language="hy")
    for plain in (a_blob(secret=b"short").encode(), a_blob(visibility="all").encode(), form.encode(), b"", b"\0", b"\xff\xff", b"\0\1\xc1"):
        with pytest.raises(Unopened) as refused:
            Blob.decode(plain)
        assert "ani" not in str(refused.value)


def test_a_blob_sealed_by_an_older_version_still_opens() -> None:
    old = bytes.fromhex("001a") + b"\x99\xa1A\xa1B\xa2AM\xa0\xa2hy\xa5email\xa5count\xa0\xc4\x20" + KEY
    old = (len(old) - 2).to_bytes(2, "big") + old[2:]
    assert Blob.decode(old + bytes(64)) == a_blob(name="A", email="B")


def test_no_printed_blob_form_or_key_ring_shows_a_person(tmp_path: Path) -> None:
    form = Form(name="Ani Petrosyan", email="ani@example.org", language="hy")
    for shown in (repr(a_blob(name="Ani Petrosyan")), repr(form), str(form), f"{form}", repr(Keys.create(tmp_path / "keys"))):
        assert "Ani" not in shown and "ani@" not in shown and "/" not in shown


def test_no_two_indexes_agree_and_none_is_found_without_its_key() -> None:
    ways = (identity.email_index, identity.exact_index, identity.cap_index, identity.suppression_index)
    seen = {way(key, "ani@example.org") for way in ways for key in (KEY, OTHER)}
    assert len(seen) == 8 and all(len(index) == 32 for index in seen)


def test_letter_case_and_outer_spaces_are_no_other_spelling_but_dots_and_tags_are() -> None:
    same = {identity.exact_index(KEY, typed) for typed in ("ani.b@gmail.com", " Ani.B@GMAIL.com", "ANI.B@gmail.com")}
    other = {identity.exact_index(KEY, typed) for typed in ("anib@gmail.com", "ani.b+x@gmail.com", "ani.b@googlemail.com")}
    assert len(same) == 1 and len(other) == 3 and not same & other


# --- keys


@pytest.fixture
def key_dir(tmp_path: Path) -> Path:
    Keys.create(tmp_path / "keys", now=NOW)
    return tmp_path / "keys"


def epochs(key_dir: Path) -> list[int]:
    return sorted(int(file.name) for file in (key_dir / "epoch").iterdir())


def test_a_new_key_folder_is_whole_and_nobody_elses(key_dir: Path) -> None:
    keys = Keys(key_dir)
    assert keys.epoch(NOW)[0] == TODAY
    ring = [keys.suppression_key(), keys.mail_token_key(), keys.promise_key(), keys.news_key(), keys.epoch(NOW)[1]]
    ring += keys.token_keys() + keys.altcha_keys() + keys.caps_keys(NOW)
    assert len(set(ring)) == len(ring) == 8 and all(len(key) == 32 for key in ring)
    for path in [key_dir, *key_dir.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_making_keys_a_second_time_changes_none(key_dir: Path) -> None:
    before = {path: path.read_bytes() for path in key_dir.rglob("*") if path.is_file()}
    Keys.create(key_dir, now=NOW + DAY)
    assert {path: path.read_bytes() for path in key_dir.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_key_that_others_can_read_or_write_is_refused(key_dir: Path, mode: int) -> None:
    (key_dir / "promise").chmod(mode)
    with pytest.raises(Misconfigured, match=r"promise key file is open to others .* chmod 600"):
        Keys(key_dir).promise_key()
    (key_dir / "epoch" / str(TODAY)).chmod(mode)
    with pytest.raises(Misconfigured, match="epoch key file"):
        Keys(key_dir).epoch(NOW)


def test_a_key_folder_that_others_can_enter_is_refused(key_dir: Path) -> None:
    (key_dir / "token").chmod(0o750)
    with pytest.raises(Misconfigured, match="token keys folder"):
        Keys(key_dir).token_keys()
    key_dir.chmod(0o755)
    with pytest.raises(Misconfigured, match="chmod 700"):
        Keys(key_dir)


def test_no_key_folder_is_said_and_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="libertas keys new") as refused:
        Keys(tmp_path / "none")
    assert str(tmp_path) not in str(refused.value)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("wrong", [b"", b"short", b"x" * 32, bytes(32), b"change-me" * 4, bytes(range(33))])
def test_a_weak_or_cut_key_is_refused(key_dir: Path, wrong: bytes) -> None:
    (key_dir / "mail-token").write_bytes(wrong)
    with pytest.raises(Misconfigured, match="mail-token key is not 32 random bytes"):
        Keys(key_dir).mail_token_key()


def test_the_web_process_runs_without_the_workers_keys(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    Keys.create(whole, now=NOW)
    web = tmp_path / "web"
    for part in ("epoch", "token"):
        (web / part).mkdir(parents=True, mode=0o700)
        for file in (whole / part).iterdir():
            (web / part / file.name).write_bytes(file.read_bytes())
            (web / part / file.name).chmod(0o600)
    web.chmod(0o700)
    keys = Keys(web)
    assert keys.epoch(NOW) == Keys(whole).epoch(NOW)
    assert keys.token_keys() and keys.ratchet(NOW + DAY) == []
    absent = {
        "suppression": keys.suppression_key,
        "mail-token": keys.mail_token_key,
        "promise": keys.promise_key,
        "altcha": keys.altcha_keys,
        "caps": lambda: keys.caps_keys(NOW),
        "index": lambda: keys.index_key(PETITION),
        "log": lambda: keys.log_key("anchor"),
        "certificate": keys.certificate_key,
    }
    for purpose, ask in absent.items():
        with pytest.raises(Misconfigured, match=f"the {purpose} key.* is missing") as refused:
            ask()
        assert str(tmp_path) not in str(refused.value)


def test_tomorrows_key_follows_from_todays_and_todays_not_from_tomorrows(key_dir: Path) -> None:
    keys = Keys(key_dir)
    number, today = keys.epoch(NOW)
    tomorrow = keys.epoch_key(number + 1)
    assert tomorrow == identity.derive(today, "libertas epoch ratchet")
    assert epochs(key_dir) == [number]  # never ahead on disk
    # Whoever copies tomorrow's key alone walks forwards only.
    (key_dir / "epoch" / str(number)).unlink()
    (key_dir / "epoch" / str(number + 1)).touch(0o600)
    (key_dir / "epoch" / str(number + 1)).write_bytes(tomorrow)
    copied = Keys(key_dir)
    assert copied.epoch(NOW + DAY) == (number + 1, tomorrow)
    with pytest.raises(KeyGone):
        copied.epoch_key(number)
    # RFC 5869 with the standard library alone, so that another program can walk the chain.
    extracted = hmac.digest(bytes(32), today, "sha256")
    assert tomorrow == hmac.digest(extracted, b"libertas epoch ratchet\x01", "sha256")


def test_a_key_lives_48_hours_from_the_end_of_its_day(key_dir: Path) -> None:
    keys = Keys(key_dir)
    number, key = keys.epoch(NOW)
    blob = identity.seal(key, number, "signature", ROW, b"Ani")
    end = datetime.fromtimestamp((number + 1) * 86_400, UTC)
    assert keys.ratchet(end + timedelta(hours=47, minutes=59)) == []
    assert identity.open_sealed(keys.epoch_key(number), number, "signature", ROW, blob) == b"Ani"
    assert keys.ratchet(end + timedelta(hours=48)) == [("epoch", number)]
    for who in (keys, Keys(key_dir)):
        with pytest.raises(KeyGone, match=str(number)):
            who.epoch_key(number)
    assert epochs(key_dir) == [number + 1, number + 2, number + 3]
    assert keys.ratchet(end + timedelta(hours=48)) == []


def test_a_process_that_only_seals_forgets_old_keys_too(key_dir: Path) -> None:
    web, worker = Keys(key_dir), Keys(key_dir)
    number, _ = web.epoch(NOW)
    worker.ratchet(NOW + 4 * DAY)
    web.epoch(NOW + 4 * DAY)
    with pytest.raises(KeyGone):
        web.epoch_key(number)


def test_after_a_week_switched_off_the_chain_goes_on_where_every_replica_is(key_dir: Path, tmp_path: Path) -> None:
    there = tmp_path / "there"
    Keys.create(there, now=NOW)
    (there / "epoch" / str(TODAY)).write_bytes((key_dir / "epoch" / str(TODAY)).read_bytes())
    daily = Keys(there)
    for day in range(8):
        daily.ratchet(NOW + day * DAY)
    late = Keys(key_dir)
    gone = late.ratchet(NOW + 7 * DAY)
    assert ("epoch", TODAY) in gone
    assert epochs(key_dir) == epochs(there) == [TODAY + 5, TODAY + 6, TODAY + 7]
    for number in epochs(there):
        assert Keys(key_dir).epoch_key(number) == daily.epoch_key(number)
    assert late.epoch(NOW + 7 * DAY) == daily.epoch(NOW + 7 * DAY)


def test_a_crash_in_the_midst_of_ratcheting_leaves_nothing_behind_after_the_next_run(key_dir: Path) -> None:
    litter = key_dir / "epoch" / ".new-0011"
    litter.write_bytes(KEY)
    Keys(key_dir).ratchet(NOW + 9 * DAY)
    assert not litter.exists()
    assert epochs(key_dir) == [TODAY + 7, TODAY + 8, TODAY + 9]


def test_a_clock_that_is_set_back_or_absurd_stops_rather_than_sealing_wrongly(key_dir: Path) -> None:
    keys = Keys(key_dir)
    keys.ratchet(NOW + 5 * DAY)
    assert keys.epoch(NOW + 3 * DAY)[0] == TODAY + 3  # still within its term
    with pytest.raises(Misconfigured, match="clock"):
        keys.epoch(NOW)
    with pytest.raises(Misconfigured, match="clock"):
        keys.ratchet(NOW + 5_000 * DAY)
    assert epochs(key_dir)[-1] == TODAY + 5  # nothing was destroyed by the absurd clock
    with pytest.raises(ValueError, match="time zone"):
        keys.epoch(datetime(2026, 3, 11))


TURNS = 8


def _race(folder: Path, late: int, barrier: multiprocessing.synchronize.Barrier, answers: multiprocessing.Queue[object]) -> None:
    """One of three processes that start on a new key folder together, the third with a clock already past midnight."""
    for turn in range(TURNS):
        barrier.wait(150)
        try:
            keys = Keys.create(folder / f"keys{turn}", now=NOW + late * DAY)
            keys.ratchet(NOW + 6 * DAY)
            number, epoch = keys.epoch(NOW + 6 * DAY)
            ring = [keys.new_index_key(PETITION), keys.new_log_key("race"), *keys.token_keys(), keys.promise_key()]
            answers.put((turn, [number, epoch, keys.caps_keys(NOW + 6 * DAY), ring]))
        except BaseException as broken:
            answers.put((turn, repr(broken)))


def test_processes_that_make_and_ratchet_keys_at_once_get_the_same(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")  # a fork of a process with threads is a warning, and rightly so
    barrier, answers = spawn.Barrier(3), spawn.Queue()
    racers = [spawn.Process(target=_race, args=(tmp_path, late, barrier, answers)) for late in (0, 0, 1)]
    for racer in racers:
        racer.start()
    got: dict[int, list[object]] = {turn: [] for turn in range(TURNS)}
    for _ in range(3 * TURNS):
        turn, answer = answers.get(timeout=150)
        got[turn].append(answer)
    for racer in racers:
        racer.join(150)
    for one, two, three in got.values():
        assert not isinstance(one, str), (one, two, three)
        assert one == two == three
    assert not list(tmp_path.rglob(".new-*"))


def test_a_destroyed_index_key_is_gone_for_every_process(key_dir: Path) -> None:
    keys, other = Keys(key_dir), Keys(key_dir)
    assert not keys.has_index_key(PETITION)
    with pytest.raises(Misconfigured, match=str(PETITION)):
        keys.index_key(PETITION)
    made = keys.new_index_key(PETITION)
    assert keys.new_index_key(PETITION) == other.index_key(PETITION) == made
    assert made != keys.new_index_key(UUID(int=5)) and keys.has_index_key(PETITION)
    keys.destroy_index_key(PETITION)
    keys.destroy_index_key(PETITION)
    for who in (keys, other):
        assert not who.has_index_key(PETITION)
        with pytest.raises(Misconfigured):
            who.index_key(PETITION)
    assert keys.index_key(UUID(int=5))


def test_a_window_of_seven_days_is_seen_whole_across_the_change_of_the_caps_key(key_dir: Path) -> None:
    keys = Keys(key_dir)
    monday = datetime(2026, 3, 16, tzinfo=UTC)
    first = keys.caps_keys(NOW)
    assert len(first) == 1  # the chain begins this week
    assert keys.caps_keys(monday - timedelta(seconds=1)) == first
    second = keys.caps_keys(monday)
    assert second == [identity.derive(first[0], "libertas caps ratchet"), first[0]]
    keys.ratchet(monday)
    assert keys.caps_keys(monday + 6 * DAY) == second
    keys.ratchet(monday + 7 * DAY)
    third = Keys(key_dir).caps_keys(monday + 7 * DAY)
    assert third[1] == second[0] and first[0] not in third
    assert len(list((key_dir / "caps").iterdir())) == 2


def test_a_logs_key_has_one_name_and_is_never_made_in_passing(key_dir: Path) -> None:
    keys = Keys(key_dir)
    with pytest.raises(Misconfigured, match="log key of anchor"):
        keys.log_key("anchor")
    assert keys.new_log_key("anchor") == keys.log_key("anchor") == Keys(key_dir).log_key("anchor")
    for name in ("", "../promise", "a/b", ".hidden", "a\n", "x" * 65):
        with pytest.raises(ValueError, match="log id"):
            keys.new_log_key(name)


def test_a_new_token_key_writes_and_the_one_before_still_reads(key_dir: Path) -> None:
    first = Keys(key_dir).token_keys()
    assert Keys(key_dir).rotate("token") == 2
    second = Keys(key_dir).token_keys()
    assert second[1:] == first
    assert Keys(key_dir).rotate("token") == 3
    third = Keys(key_dir).token_keys()
    assert third[1:] == second[:1] and first[0] not in third
    with pytest.raises(ValueError, match="rotated"):
        Keys(key_dir).rotate("suppression")  # type: ignore[arg-type]


def test_the_certificate_key_is_one_that_ssh_reads(key_dir: Path) -> None:
    keys = Keys(key_dir)
    text = keys.certificate_path.read_text()
    assert text.startswith("-----BEGIN OPENSSH PRIVATE KEY-----\n") and text.endswith("-----END OPENSSH PRIVATE KEY-----\n")
    private = keys.certificate_key()
    assert len(private.sign(b"x")) == 64
    own = key_dir.parent / "organizers"
    own.write_text("not a key")
    own.chmod(0o600)
    with pytest.raises(Misconfigured, match="OpenSSH"):
        keys.certificate_key(own)
    own.chmod(0o644)
    with pytest.raises(Misconfigured, match="open to others"):
        keys.certificate_key(own)


def test_the_inventory_names_every_key_and_shows_none(key_dir: Path) -> None:
    keys = Keys(key_dir)
    keys.new_index_key(PETITION)
    keys.new_log_key("anchor")
    held = [(key.purpose, key.id) for key in keys.inventory()]
    assert {
        ("epoch", str(TODAY)),
        ("index", str(PETITION)),
        ("log", "anchor"),
        ("promise", ""),
        ("certificate", ""),
        ("pdf-seal", ""),
    } <= set(held)
    assert len(held) == len(set(held))
    assert all(datetime.now(UTC) - key.created < DAY for key in keys.inventory())


def test_the_module_needs_nothing_of_the_web_and_no_name_server() -> None:
    program = "import sys, service.identity, service.tokens; print([m for m in ('litestar', 'dns', 'asyncpg') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=150, check=True, cwd=Path(__file__).parent.parent
    )
    assert done.stdout.strip() == "[]"
