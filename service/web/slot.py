"""The slot in front of the house: a signature as JSON goes through it to its row, and the framework is not asked.

On the day on which everybody signs this is the busiest address, and the framework is half of what an answer costs. The
route in ``api`` describes the address, and answers its unusual spellings by the same ``take``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from service import intake
from service.errors import Fault, Invalid
from service.petitions import Petition
from service.web import callers, forms, signing
from service.web.problems import Problem

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

RECEIVED = b'{"status":"received"}'
"""What everybody is answered who is answered 202: ``api.ReceivedOut``, ready."""

_BEFORE, _AFTER = "/api/v1/petitions/", "/signatures"
_ROUTE = f"{_BEFORE}{{slug}}{_AFTER}"
_START = {
    "type": "http.response.start",
    "status": 202,
    "headers": [
        (b"cache-control", b"no-store"), (b"content-type", b"application/json"), (b"content-length", b"%d" % len(RECEIVED)),
    ],
}  # fmt: skip
_BODY = {"type": "http.response.body", "body": RECEIVED}


class Slot:
    """``inner`` answers everything but a signature; ``refuse`` words every no, and logs what is no refusal."""

    def __init__(self, inner: App, state: Any, refuse: Callable[[Exception], Problem]) -> None:
        self._inner = inner
        self._state = state
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        slug = _slug(scope) if scope["type"] == "http" and scope["method"] == "POST" else ""
        if not slug:
            await self._inner(scope, receive, send)
            return
        scope["path_template"] = _ROUTE  # by which the answer is counted
        try:
            await take(slug, forms.Head(scope), receive, self._state)
        except Exception as no:
            await self._refuse(no).send(send)
            return
        await send(_START)
        await send(_BODY)


def _slug(scope: Scope) -> str:
    path: str = scope["path"]
    slug = path[len(_BEFORE) : -len(_AFTER)] if path.startswith(_BEFORE) and path.endswith(_AFTER) else ""
    return "" if "/" in slug else slug


async def take(slug: str, head: forms.Head, receive: Receive, state: Any) -> None:
    """Returns when the form is stored, or was stored before under its Idempotency-Key. Raises whatever refuses it.

    With a partner's key the partner's quota is counted in place of the client's network, and the partner is credited.
    """
    petition: Petition = state.shelf.get(slug)
    state.intake.admit()
    sent = await forms.read_json(head, receive)
    key = head.get(b"idempotency-key")
    faults = [Fault("form_key", "form-key")] if not key or (sent.form_key and sent.form_key != key) else []
    sent.form_key = key or "missing"
    caller = await callers.keyholder(head, state)
    origin = head.get(b"origin")
    partner = state.roster.find(caller.slug if caller else sent.partner, petition.id)
    if partner is None and origin:
        partner = state.roster.at(origin, petition.id)
    signing.credit(sent, partner)
    form = forms.signature(sent, petition, faults)
    now = state.clock()
    intake.refuse_unless_open(petition, now, sent.text_version)
    # A partner's server speaks for many people: its key has a quota, and its network says nothing about theirs.
    prefix = None if caller else forms.network(head, state)
    if prefix is not None:
        await state.limits.hit("sign", prefix)
    try:
        verdict = await state.gate.check({"altcha": sent.altcha, "h-captcha-response": sent.hcaptcha}, slug, now.timestamp())
        if verdict.kind == "none":
            raise Invalid(  # noqa: TRY301 - a repeat is looked up for a missing proof as well
                [Fault("altcha" if state.gate.shows == "altcha" else "h-captcha-response", "proof-missing")]
            )
    except Invalid:
        if await state.intake.knows(intake.form_id(petition.id, sent.form_key)):  # a repeat of a stored form needs no fresh proof
            return
        raise
    lane = {"off": "open", "fallback": "captcha-down"}.get(verdict.kind, "api")
    await state.intake.submit(forms.submission(petition, form, sent.form_key, verdict, lane, prefix))
