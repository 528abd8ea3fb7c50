"""The link in a mail: only its own purpose, only its own spelling, and nobody can make one up."""

from __future__ import annotations

import base64
import hmac
import os
import random
import string
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import tokens
from service.errors import Misconfigured, NotFound
from service.tokens import PURPOSES, Tokens

NEW, OLD = bytes(range(32)), bytes(range(32, 64))
MAIL_KEY = bytes(range(64, 96))
MAIL = UUID("8d6f2f0e-3b0c-4f5e-9a51-1f5a0d8b7c11")
NOW = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.fixture
def post() -> Tokens:
    return Tokens([NEW])


def refused(post: Tokens, purpose: str, token: str) -> bool:
    try:
        post.read(purpose, token)
    except NotFound as no:
        assert (no.status, no.code) == (404, "token")
        return True
    return False


def test_a_link_of_one_purpose_opens_nothing_else(post: Tokens) -> None:
    handle = tokens.handle(MAIL_KEY, MAIL, "confirm")
    opens = {(made, tried) for made in PURPOSES for tried in PURPOSES if not refused(post, tried, post.write(made, handle))}
    assert opens == {(purpose, purpose) for purpose in PURPOSES}
    assert post.read("manage", post.write("manage", handle)) == handle


def test_every_mail_and_purpose_has_a_handle_of_its_own_that_can_be_found_again() -> None:
    made = {tokens.handle(key, mail, purpose) for key in (MAIL_KEY, NEW) for mail in (MAIL, uuid4()) for purpose in PURPOSES}
    assert len(made) == 4 * len(PURPOSES) and all(len(handle) == 32 for handle in made)
    assert tokens.handle(MAIL_KEY, MAIL, "confirm") == tokens.handle(MAIL_KEY, MAIL.bytes, "confirm")
    assert len({tokens.stored(handle) for handle in made} | made) == 8 * len(PURPOSES)


def test_a_link_is_short_and_needs_no_escaping_and_ends_in_a_letter_or_digit(post: Tokens) -> None:
    for _ in range(200):
        token = post.write("confirm", os.urandom(32))
        assert len(token) == 87 <= 200
        assert set(token) <= set(ALPHABET + ".")
        assert token[-1].isalnum()


def test_a_token_has_one_spelling(post: Tokens) -> None:
    token = post.write("confirm", os.urandom(32))
    handle, signature = token.split(".")
    again = [token + "=", handle + "=." + signature, token + "==", " " + token, token + "\n", token.replace(".", ".."), token + "."]
    again += [token[:-1], token[1:], token[:43], signature + "." + handle, token.upper(), token + "\0", token.replace(".", "%2E")]
    for at in (42, 86):  # the two bits of each last character that decoders overlook
        value = ALPHABET_64.index(token[at])
        for low in range(1, 4):
            other = token[:at] + ALPHABET_64[value | low] + token[at + 1 :]
            decoded = [base64.urlsafe_b64decode(part + "=") for part in other.split(".")]
            assert decoded == [base64.urlsafe_b64decode(part + "=") for part in token.split(".")]
            again.append(other)
    assert all(refused(post, "confirm", other) for other in again)
    assert not refused(post, "confirm", token)


ALPHABET_64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def test_a_token_with_any_character_changed_is_refused(post: Tokens) -> None:
    token = post.write("confirm", os.urandom(32))
    for at in range(len(token)):
        for other in "Az0-_.":
            if other != token[at]:
                assert refused(post, "confirm", token[:at] + other + token[at + 1 :])


@given(st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}", fullmatch=True))
@settings(max_examples=300, deadline=None)
def test_whatever_is_put_in_a_link_is_not_found(text: str) -> None:
    assert refused(Tokens([NEW]), "confirm", text)


def test_thousands_of_forged_tokens_are_refused_for_the_price_of_their_hashes() -> None:
    """Two keys, two HMACs; beside it, in turn, what as many bare ones cost here. A look into a database would cost a hundred."""
    post = Tokens([NEW, OLD])
    guess = random.Random(7)
    forged = []
    for number in range(10_000):
        handle = base64.urlsafe_b64encode(guess.randbytes(32)).rstrip(b"=").decode()
        signature = base64.urlsafe_b64encode(guess.randbytes(32)).rstrip(b"=").decode()
        forged.append(f"{handle}.{signature}" if number % 2 else handle)
    ours, bare = [], []
    for begin in range(0, len(forged), 1_000):
        some = forged[begin : begin + 1_000]
        begun = time.process_time()
        assert all(refused(post, "confirm", token) for token in some)
        between = time.process_time()
        for token in some:
            hmac.new(NEW, token.encode(), "sha256").digest()
            hmac.new(OLD, token.encode(), "sha256").digest()
        ours.append(between - begun)
        bare.append(time.process_time() - between)
    assert min(ours) < 40 * min(bare)


def test_a_rotated_key_still_reads_and_a_removed_one_does_not() -> None:
    handle = os.urandom(32)
    before = Tokens([OLD]).write("manage", handle)
    assert Tokens([NEW, OLD]).read("manage", before) == handle
    after = Tokens([NEW, OLD]).write("manage", handle)
    assert Tokens([NEW]).read("manage", after) == handle  # the newest key writes
    assert refused(Tokens([NEW]), "manage", before)
    assert refused(Tokens([OLD]), "manage", after)


def test_another_installations_token_opens_nothing(post: Tokens) -> None:
    assert refused(post, "confirm", Tokens([os.urandom(32)]).write("confirm", os.urandom(32)))


def test_without_a_whole_key_there_are_no_tokens() -> None:
    for keys in ([], [b""], [b"short"], [NEW, b"short"]):
        with pytest.raises(Misconfigured, match="token keys"):
            Tokens(keys)


def test_a_purpose_that_does_not_exist_is_a_bug_and_not_a_refusal(post: Tokens) -> None:
    for act in (
        lambda: post.write("sign", os.urandom(32)),
        lambda: post.read("sign", "x"),
        lambda: tokens.handle(MAIL_KEY, MAIL, "sign"),
        lambda: post.write("confirm", b"short"),
    ):
        with pytest.raises(ValueError):
            act()


# --- the page "we have sent you a mail"


def test_the_sent_page_shows_anis_address_to_ani_and_to_nobody_who_reads_the_link(post: Tokens) -> None:
    told = {"email": "ani@example.org", "slug": "free-them", "resends": 1}
    text = post.seal_sent(told, NOW)
    assert set(text) <= set(ALPHABET)
    assert b"ani" not in base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert post.open_sent(text, NOW + timedelta(minutes=29)) == told
    assert post.seal_sent(told, NOW) != text
    assert Tokens([OLD, NEW]).open_sent(text, NOW) == told


def test_the_sent_page_is_gone_after_half_an_hour_and_was_not_there_before(post: Tokens) -> None:
    text = post.seal_sent({"email": "ani@example.org"}, NOW)
    for at in (NOW + timedelta(seconds=1801), NOW - timedelta(seconds=301)):
        with pytest.raises(NotFound):
            post.open_sent(text, at)
    assert post.open_sent(text, NOW + timedelta(seconds=1801), max_age=3600)
    assert post.open_sent(text, NOW - timedelta(seconds=60))


def test_a_changed_or_foreign_sent_page_is_not_found(post: Tokens) -> None:
    text = post.seal_sent({"email": "ani@example.org"}, NOW)
    spelled = [text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :] for at in range(len(text))]
    spelled += [text + "=", text + "A", text[:-1], "", "x", "A" * 41, "é" * 60, text + "\n", "A" * 10_000]
    spelled += [Tokens([OLD]).seal_sent({"email": "ani@example.org"}, NOW), post.write("confirm", os.urandom(32))]
    for other in spelled:
        with pytest.raises(NotFound) as no:
            post.open_sent(other, NOW)
        assert no.value.code == "sent"
