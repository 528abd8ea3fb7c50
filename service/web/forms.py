"""What a visitor sends is read here, once and strictly, before anything else happens.

A body has a size and a deadline, an unknown or repeated field is refused, and every fault of a form is named at once, so
that nobody mends one field to be told about the next. The page and the API share one reading of a signature.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.datastructures import UploadFile

from service import identity, intake, risk
from service.captcha import Verdict
from service.errors import Fault, Invalid, Refusal, TooLarge, Unsupported
from service.identity import Form
from service.intake import Submission
from service.petitions import Petition
from service.web.pages import COUNTRIES, Filled

Receive = Callable[[], Awaitable[Any]]

LIMIT = 16 * 1024
DEADLINE = 10.0
FORM_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)

SIGN_FIELDS = frozenset(
    {
        "name", "email", "country", "locality", "visibility", "role", "consent", "handover", "news", "partner_news",
        "text_version", "form_key", "partner", "altcha", "h-captcha-response", "g-recaptcha-response",
    }
)  # fmt: skip
"""hCaptcha's script also adds its token under Google's name; it is read under its own."""

ORDER = ("name", "email", "country", "locality", "visibility", "role", "consent", "text_version", "form_key", "partner", "language")
_TICKED = {"yes": True, "on": True, "true": True, "1": True, "": False, "no": False, "false": False, "0": False}


class TooSlow(Refusal):
    """The body did not arrive within the deadline."""

    status = 408
    code = "too-slow"


class Head:
    """What is said about a request before its body, of which every name is read once. ``scope`` is ASGI's.

    A header that is not there is empty; of one that came twice the first counts. ``forwarded`` are all values of
    X-Forwarded-For in their order, ``peer`` is the address that the connection comes from.
    """

    __slots__ = ("_told", "forwarded", "peer")

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self._told: dict[bytes, bytes] = {}
        self.forwarded: list[str] = []
        for name, value in scope["headers"]:
            if name == b"x-forwarded-for":
                self.forwarded.append(value.decode("latin-1"))
            elif name not in self._told:
                self._told[name] = value
        client = scope.get("client")
        self.peer: str = client[0] if client else ""

    def get(self, name: bytes) -> str:
        """The header of this name, which is lower case."""
        return self._told.get(name, b"").decode("latin-1")

    def is_type(self, wanted: str) -> bool:
        """Whether the body is said to be of this media type, whatever its parameters."""
        said = self.get(b"content-type")
        return said == wanted or said.partition(";")[0].strip().lower() == wanted


async def body(request: Request[Any, Any, Any], *, limit: int = LIMIT) -> bytes:
    """The whole body. Raises ``Unsupported`` (an encoded body), ``TooLarge``, ``TooSlow``."""
    return await whole(Head(request.scope), request.receive, limit=limit)


async def whole(head: Head, receive: Receive, *, limit: int = LIMIT) -> bytes:
    """The whole body that ``head`` announces, by ASGI's ``receive``. Raises ``Unsupported``, ``TooLarge``, ``TooSlow``."""
    if head.get(b"content-encoding").lower() not in ("", "identity"):
        raise Unsupported("the body must not be compressed")
    announced = head.get(b"content-length")
    if announced.isdecimal() and int(announced) > limit:
        raise TooLarge(f"at most {limit} bytes")
    found = b""
    try:
        async with asyncio.timeout(DEADLINE):
            while True:
                part = await receive()
                if part["type"] != "http.request":
                    raise TooSlow("the connection ended before the form did")
                more: bytes = part.get("body", b"")
                found += more
                if len(found) > limit:
                    raise TooLarge(f"at most {limit} bytes")
                if not part.get("more_body", False):
                    break
    except TimeoutError:
        raise TooSlow("the form took too long to arrive") from None
    return found


async def read_form(
    request: Request[Any, Any, Any], allowed: frozenset[str], *, prefixes: tuple[str, ...] = (), limit: int = LIMIT, most: int = 40
) -> dict[str, str]:
    """A posted HTML form as field → text. Raises ``Invalid`` for unknown or repeated fields and for broken encodings.

    ``prefixes`` lets in all fields that begin so, ``most`` is how many fields there may be.
    """
    if not Head(request.scope).is_type("application/x-www-form-urlencoded"):
        raise Unsupported("a form is sent as application/x-www-form-urlencoded")
    raw = await body(request, limit=limit)
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, strict_parsing=bool(raw), max_num_fields=most, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise Invalid([Fault("form", "unreadable")]) from None
    values: dict[str, str] = {}
    for field, text in pairs:
        if field not in allowed and not (prefixes and field.startswith(prefixes)):
            raise Invalid([Fault("form", "unknown-field")])
        if field in values:
            raise Invalid([Fault(field, "repeated")])
        values[field] = text
    return values


async def read_upload(
    request: Request[Any, Any, Any], allowed: frozenset[str], file_field: str, *, limit: int
) -> tuple[dict[str, str], tuple[str, bytes] | None]:
    """A posted multipart form: (field → text, (name, content) of the one file or None). Raises as ``read_form`` does."""
    if not Head(request.scope).is_type("multipart/form-data"):
        raise Unsupported("a form with a file is sent as multipart/form-data")
    announced = request.headers.get("content-length", "")
    if not announced.isdecimal() or int(announced) > limit:
        raise TooLarge(f"at most {limit} bytes, announced by Content-Length")
    try:
        async with asyncio.timeout(DEADLINE * 6):  # megabytes over a telephone
            sent = await request.form()
            fields = list(sent.multi_items())
            values: dict[str, str] = {}
            file: tuple[str, bytes] | None = None
            for field, value in fields:
                if isinstance(value, UploadFile):
                    if field != file_field or file is not None:
                        raise Invalid([Fault("form", "unknown-field")])
                    if value.filename:
                        file = (value.filename, await value.read())
                elif field == file_field and value in ("", None):
                    continue  # nobody chose a file
                elif field not in allowed:
                    raise Invalid([Fault("form", "unknown-field")])
                elif field in values:
                    raise Invalid([Fault(field, "repeated")])
                else:
                    values[field] = str(value)
    except TimeoutError:
        raise TooSlow("the form took too long to arrive") from None
    return values, file


class SignBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The JSON body of a signature, as in the interface; all optional here, so that every fault can be named at once."""

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
    text_version: int = 0
    form_key: str = ""
    partner: str = ""
    altcha: str = ""
    hcaptcha: str = msgspec.field(name="h-captcha-response", default="")
    language: str = ""


_sign_body = msgspec.json.Decoder(SignBody)


async def read_json(head: Head, receive: Receive) -> SignBody:
    """Raises ``Unsupported`` for another content type, ``Invalid`` for what is not such a body."""
    if not head.is_type("application/json"):
        raise Unsupported("send application/json")
    raw = await whole(head, receive)
    try:
        return _sign_body.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
        text = str(wrong)
        if "unknown field" in text:
            raise Invalid([Fault(text.rsplit("`", 2)[-2][:40], "unknown-field")]) from None
        field = text.rsplit("`$.", 1)[-1].rstrip("`")[:40] if "`$." in text else "body"
        raise Invalid([Fault(field, "type" if field != "body" else "unreadable")]) from None


def from_form(values: Mapping[str, str], language: str) -> tuple[SignBody, list[Fault]]:
    """The posted fields as a body; faults only for boxes and numbers that no browser of ours would send."""
    faults = []
    given: dict[str, Any] = {}
    for field in ("name", "email", "country", "locality", "visibility", "role", "form_key", "partner", "altcha"):
        if field in values:
            given[field] = values[field]
    given["hcaptcha"] = values.get("h-captcha-response", "")
    for box in ("consent", "handover", "news", "partner_news"):
        text = values.get(box, "")
        if text not in _TICKED:
            faults.append(Fault(box, "choice"))
        given[box] = _TICKED.get(text, False)
    version = values.get("text_version", "")
    if version.isascii() and version.isdecimal() and len(version) < 9:
        given["text_version"] = int(version)
    else:
        faults.append(Fault("text_version", "type"))
    return SignBody(language=language, **given), faults


def filled(sent: SignBody) -> Filled:
    """What was typed, for the form that comes back."""
    names = ("name", "email", "country", "locality", "visibility", "role", "consent", "handover", "news", "partner_news", "partner")
    return Filled(**{name: getattr(sent, name) for name in names})


def signature(sent: SignBody, petition: Petition, faults: list[Fault]) -> Form:
    """The form that is stored. Raises ``Invalid`` with all faults, those given first included, in the order of the form."""
    found = list(faults)

    def checked(check: Any, *args: Any) -> Any:
        try:
            return check(*args)
        except Invalid as wrong:
            found.extend(wrong.faults)
            return ""

    name = checked(identity.name, sent.name)
    email = checked(identity.deliverable, sent.email)
    if sent.country not in COUNTRIES:
        found.append(Fault("country", "country-missing" if not sent.country else "choice"))
    locality = checked(identity.plain_text, sent.locality, "locality", 80) if sent.locality else ""
    if petition.asks_locality and not sent.locality.strip():
        found.append(Fault("locality", "locality-missing"))
    if sent.visibility not in ("count", "show", "protect"):
        found.append(Fault("visibility", "choice"))
    role = checked(identity.plain_text, sent.role, "role", 100) if sent.role else ""
    if not sent.consent:
        found.append(Fault("consent", "consent-missing"))
    if not _is_key(sent.form_key):
        found.append(Fault("form_key", "form-key"))
    if sent.partner and not _is_key(sent.partner):
        found.append(Fault("partner", "choice"))
    if sent.language not in petition.texts:
        found.append(Fault("language", "choice"))
    if sent.text_version < 1 and not any(fault.field == "text_version" for fault in found):
        found.append(Fault("text_version", "type"))
    if found:
        raise Invalid(sorted(found, key=lambda fault: ORDER.index(fault.field) if fault.field in ORDER else len(ORDER)))
    return Form(
        name=name,
        email=email,
        country=sent.country,
        locality=locality if petition.asks_locality else "",
        visibility=sent.visibility,  # type: ignore[arg-type]  # checked above
        role=role if sent.visibility == "show" else "",
        language=sent.language,
        text_version=sent.text_version,
        handover=sent.handover and petition.takes_names and sent.visibility != "protect",
        news=sent.news,
        partner_news=sent.partner_news,
        partner=sent.partner,
    )


def _is_key(text: str) -> bool:
    return FORM_KEY.fullmatch(text) is not None


def submission(
    petition: Petition, form: Form, form_key: str, verdict: Verdict, lane: str, prefix: bytes | None, content: bytes = b""
) -> Submission:
    """The stored form of a signature; the page passes the form's ``content``, the API does not."""
    return Submission(
        form_id=intake.form_id(petition.id, form_key, content),
        petition_id=petition.id,
        form=form,
        lane=lane,
        prefix=prefix,
        proof_at=verdict.issued_at,
        replay_key=verdict.replay_key,
        replay_until=verdict.expires_at,
    )


def client(request: Request[Any, Any, Any]) -> bytes:
    """16 bytes that stand for the client's network today; the address itself is kept nowhere."""
    return network(Head(request.scope), request.app.state)


def network(head: Head, state: Any) -> bytes:
    """The same, of a request whose head was read already."""
    prefix = risk.client_prefix(head.peer, head.forwarded, state.settings.trusted_proxies)
    digest: bytes = state.day_keys.digest(prefix, state.clock().timestamp())
    return digest


async def prove(request: Request[Any, Any, Any], values: Mapping[str, str], route: str) -> tuple[Verdict, str, bytes]:
    """(verdict, lane, prefix) of a form that belongs to no petition: limits of the client's network first, then the captcha.

    Without a proof it is the slow lane, three an hour. Raises ``TooMany``, ``Invalid``.
    """
    state = request.app.state
    prefix = client(request)
    await state.limits.hit(route, prefix)
    verdict: Verdict = await state.gate.check(values, "", state.clock().timestamp())
    if verdict.kind == "none":
        await state.limits.hit("slow", prefix)
        return verdict, "slow", prefix
    return verdict, {"off": "open", "fallback": "captcha-down"}.get(verdict.kind, "page"), prefix


def page_number(request: Request[Any, Any, Any]) -> int:
    """``?page=`` of a list, from 1; whatever else stands there is the first page."""
    text = request.query_params.get("page", "")
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,4}", text, re.ASCII) else 1
