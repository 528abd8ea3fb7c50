"""A filled-in form on its way from a page to its row: the same steps for the petition's own page and for a frame on a partner's site.

Every address is answered alike, and whatever was typed comes back when something was wrong.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request

from service import intake
from service.captcha import Verdict
from service.errors import Busy, Closed, Fault, Invalid, Paused, TextChanged, TooMany
from service.identity import Form
from service.intake import Submission
from service.partners import Partner
from service.petitions import Petition
from service.web import forms

Visit = Request[Any, Any, Any]


class Received(msgspec.Struct, frozen=True):
    """The form is stored, or was stored before. ``s`` carries the address to the next page, sealed, for half an hour."""

    s: str


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """The form comes back as it was typed: why, and with which status and headers."""

    status: int
    sent: forms.SignBody
    faults: list[Fault] = msgspec.field(default_factory=list)
    notice: str = ""
    headers: dict[str, str] = msgspec.field(default_factory=dict)


def new_form_key() -> str:
    return secrets.token_urlsafe(18)


async def receive(request: Visit, petition: Petition, lang: str, values: Mapping[str, str]) -> Received | Returned:
    """Store the posted form ``values``. A partner that carries the petition no more gets no credit, and costs nobody a signature."""
    state = request.app.state
    sent, faults = forms.from_form(values, lang)
    credit(sent, state.roster.find(sent.partner, petition.id))
    form_id = b""
    try:
        state.intake.admit()
        form = forms.signature(sent, petition, faults)
        intake.refuse_unless_open(petition, state.clock(), sent.text_version)
        prefix = forms.client(request)
        await state.limits.hit("sign", prefix)
        content = hashlib.sha256(form.encode()).digest()
        form_id = intake.form_id(petition.id, sent.form_key, content)
        verdict = await state.gate.check(values, petition.slug, state.clock().timestamp())
        lane = await _lane(request, verdict, prefix)
        await state.intake.submit(forms.submission(petition, form, sent.form_key, verdict, lane, prefix, content))
    except Invalid as wrong:
        if form_id and await state.intake.knows(form_id):  # sent twice: a stored form needs no fresh proof
            return Received(seal_sent(request, petition, form.email))
        return Returned(status=400, sent=sent, faults=wrong.faults)
    except TextChanged:
        return Returned(status=409, sent=sent, notice="text-changed")
    except Paused:
        return Returned(status=409, sent=sent, notice="paused")
    except Closed:
        return Returned(status=409, sent=sent, notice="closed")
    except TooMany as later:
        return Returned(status=429, sent=sent, faults=[Fault("form", "too-many")], headers={"retry-after": str(later.retry_after)})
    except Busy as later:
        return Returned(status=503, sent=sent, faults=[Fault("form", "busy")], headers={"retry-after": str(later.retry_after)})
    return Received(seal_sent(request, petition, form.email))


def credit(sent: forms.SignBody, partner: Partner | None) -> None:
    """Credit the form to ``partner``, if there is one; its news only where it has a list that nobody else can read."""
    sent.partner = partner.slug if partner is not None else ""
    sent.partner_news = sent.partner_news and partner is not None and partner.has_list


async def _lane(request: Visit, verdict: Verdict, prefix: bytes) -> str:
    """Which door a page's form came through; without any proof the slow one, three an hour for a client's network."""
    if verdict.kind == "none":
        await request.app.state.limits.hit("slow", prefix)
        return "slow"
    return {"off": "open", "fallback": "captcha-down"}.get(verdict.kind, "page")


def seal_sent(request: Visit, petition: Petition, email: str) -> str:
    """The visitor's own address for the next page, as an opaque word that fits into a query."""
    state = request.app.state
    return quote(state.tokens.seal_sent({"email": email, "slug": petition.slug}, state.clock()))


async def again(request: Visit, petition: Petition, lang: str, values: Mapping[str, str]) -> Received:
    """The same mail once more, within the caps that nobody is told about. Raises ``NotFound`` when the half hour is over."""
    state = request.app.state
    told = state.tokens.open_sent(values.get("s", ""), state.clock())
    prefix = forms.client(request)
    await state.limits.hit("resend", prefix)
    await ask(request, petition, Form(kind="resend", email=told["email"], language=lang), values.get("form_key", ""), prefix)
    return Received(seal_sent(request, petition, told["email"]))


async def ask(request: Visit, petition: Petition | None, form: Form, form_key: str, prefix: bytes) -> None:
    """Store a wish that depends on an address; the worker decides on it out of sight."""
    content = form.kind.encode() + b"\0" + form.email.encode()
    petition_id = petition.id if petition else None
    form_id = intake.form_id(petition_id, form_key or new_form_key(), content)  # without a key each wish is one of its own
    await request.app.state.intake.submit(Submission(form_id=form_id, petition_id=petition_id, form=form, lane="page", prefix=prefix))
