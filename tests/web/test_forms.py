"""What a visitor sends is read strictly and once, and every fault of a form is named in the order of the form."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from installation import Installation
from service import intake
from service.captcha import Verdict
from service.errors import Invalid
from service.petitions import Head, Petition, Text
from service.web import forms
from service.web.forms import SignBody, filled, from_form, signature

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def petition(**changes: Any) -> Petition:
    given: dict[str, Any] = {
        "id": UUID(int=7), "slug": "x", "status": "open", "is_sample": False, "is_protected": False, "is_sealed": False, "goal": 0,
        "time_zone": "UTC", "opens_at": NOW - timedelta(days=1), "closes_at": None, "text_version": 1, "manifest_hash": b"",
        "asks_locality": False, "texts": {lang: Text("", "", "", "", "") for lang in ("fr", "en", "hy")}, "recipients": [], "figures": [],
        "sources": [], "log_id": "x", "count": 0, "as_of": None, "checkpoint": Head("o", 0, b""), **changes,
    }  # fmt: skip
    return Petition(**given)


def body(**changes: Any) -> SignBody:
    good: dict[str, Any] = {
        "name": "Ani Petrosyan", "email": "ani@example.org", "country": "AM", "consent": True, "text_version": 1, "form_key": "k", "language": "hy",
    }  # fmt: skip
    return SignBody(**{**good, **changes})


def named(sent: SignBody, on: Petition | None = None) -> list[str]:
    with pytest.raises(Invalid) as no:
        signature(sent, on or petition(), [])
    return [fault.field for fault in no.value.faults]


def test_a_good_form_is_what_was_typed() -> None:
    form = signature(body(visibility="show", role="Mayor", news=True, partner="friends"), petition(), [])
    assert (form.name, form.email, form.country, form.language, form.text_version) == ("Ani Petrosyan", "ani@example.org", "AM", "hy", 1)
    assert (form.visibility, form.role, form.news, form.partner_news, form.partner) == ("show", "Mayor", True, False, "friends")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"), ({"name": "x" * 200}, "name"), ({"name": "A\x00ni"}, "name"), ({"name": "A\u202eni"}, "name"),
        ({"email": "levon"}, "email"), ({"email": ""}, "email"), ({"country": ""}, "country"), ({"country": "am"}, "country"),
        ({"country": "ZZ"}, "country"), ({"visibility": "all"}, "visibility"), ({"consent": False}, "consent"), ({"form_key": ""}, "form_key"),
        ({"form_key": "a b"}, "form_key"), ({"form_key": "x" * 65}, "form_key"), ({"form_key": "k\n"}, "form_key"), ({"partner": "a/b"}, "partner"),
        ({"language": "de"}, "language"), ({"text_version": 0}, "text_version"), ({"text_version": -1}, "text_version"),
        ({"role": "x" * 101, "visibility": "show"}, "role"),
    ],
)  # fmt: skip
def test_each_fault_is_named(changes: dict[str, Any], field: str) -> None:
    assert named(body(**changes)) == [field]


def test_all_faults_are_named_in_the_order_of_the_form() -> None:
    assert named(SignBody(visibility="x")) == ["name", "email", "country", "visibility", "consent", "text_version", "form_key", "language"]


def test_a_town_is_kept_only_where_it_is_asked() -> None:
    assert signature(body(locality="Gyumri"), petition(), []).locality == ""
    assert signature(body(locality="Gyumri"), petition(asks_locality=True), []).locality == "Gyumri"
    assert named(body(), petition(asks_locality=True)) == ["locality"]


def test_who_is_protected_is_not_handed_over_and_a_role_is_only_for_the_shown() -> None:
    protected = signature(body(visibility="protect", handover=True, role="Mayor"), petition(), [])
    assert (protected.handover, protected.role) == (False, "")
    assert signature(body(visibility="count", handover=True), petition(), []).handover


def test_boxes_of_a_page_are_ticked_or_not_and_nothing_else() -> None:
    sent, faults = from_form({"consent": "yes", "news": "", "text_version": "1", "h-captcha-response": "t"}, "fr")
    assert (sent.consent, sent.news, sent.text_version, sent.hcaptcha, sent.language, faults) == (True, False, 1, "t", "fr", [])
    _, faults = from_form({"consent": "maybe", "text_version": "٣"}, "fr")
    assert [fault.field for fault in faults] == ["consent", "text_version"]
    assert filled(sent).consent and filled(body()).name == "Ani Petrosyan"


def test_the_page_adds_the_content_to_the_forms_id_and_the_api_does_not() -> None:
    verdict = Verdict(kind="proof", replay_key=b"r", issued_at=1.0, expires_at=2.0)
    form = signature(body(), petition(), [])
    api = forms.submission(petition(), form, "k", verdict, "api", b"p" * 16)
    page = forms.submission(petition(), form, "k", verdict, "page", b"p" * 16, b"content")
    assert api.form_id == intake.form_id(UUID(int=7), "k") != page.form_id
    assert (api.replay_key, api.proof_at, api.replay_until, api.prefix) == (b"r", 1.0, 2.0, b"p" * 16)


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("name=Ani&name=Levon", 400), ("unknown=1", 400), ("name=%FF", 400), ("name", 400), ("&".join(f"x{n}=1" for n in range(60)), 400),
        ("name=" + "x" * 17_000, 413),
    ],
)  # fmt: skip
async def test_a_posted_form_that_no_page_of_ours_would_send_is_refused(installation: Installation, content: str, status: int) -> None:
    path = f"/en/petitions/{installation.slug}/sign"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await installation.client.post(path, content=content, headers=kind)).status_code == status
    assert await installation.rows("select 1 from intake") == []


async def test_a_form_of_another_type_is_unsupported(installation: Installation) -> None:
    path = f"/en/petitions/{installation.slug}/sign"
    assert (await installation.client.post(path, json={})).status_code == 415
    assert (await installation.client.post(path, files={"name": b"Ani"})).status_code == 415


async def test_a_body_whose_length_was_not_announced_is_measured_as_it_comes(installation: Installation) -> None:
    async def endless() -> Any:
        for _ in range(40):
            yield urlencode({"name": "x" * 900}).encode()
            await asyncio.sleep(0)

    answer = await installation.client.post(
        f"/en/petitions/{installation.slug}/sign", content=endless(), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answer.status_code == 413
