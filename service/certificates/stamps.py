"""A time-stamp authority says that something existed at an hour, so that the hour is not ours alone to state (RFC 3161).

Its answer is believed only when it is about our bytes, answers our question, is signed by the key that it carries, and its
clock is near ours. Who vouches for that key is not decided here: whoever checks compares its fingerprint.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import msgspec

from service.errors import Busy, Unproven

PATIENCE = 10.0
"""Seconds for the whole conversation."""

SKEW = timedelta(minutes=5)
_LIMIT = 64 * 1024


class Stamp(msgspec.Struct, frozen=True):
    """What a token says: when, by whom, and the hex SHA-256 of the authority's certificate."""

    at: datetime
    authority: str
    fingerprint: str


def ask(url: str, content: bytes, *, patience: float = PATIENCE) -> bytes:
    """A time stamp over ``content``, as the bytes of a ``.tsr`` file that ``openssl ts`` reads.

    Raises ``Busy`` when the authority is away, slow, refuses, or answers something else than was asked.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    request = (
        TimestampRequestBuilder()
        .data(content)
        .hash_algorithm(HashAlgorithm.SHA256)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )
    answer = _post(url, request.as_bytes(), patience)
    try:
        found = _read(answer, hashlib.sha256(content).digest(), nonce=request.nonce)
    except Unproven as wrong:
        raise Busy(60, f"the time-stamp authority is not to be believed: {wrong.detail}") from None
    if abs(found.at - datetime.now(UTC)) > SKEW:
        raise Busy(60, "the time-stamp authority's clock and ours differ by more than five minutes")
    return answer


def read(token: bytes, content: bytes) -> Stamp:
    """What a ``.tsr`` file says about ``content``. Raises ``Unproven`` (timestamp)."""
    return _read(token, hashlib.sha256(content).digest())


def _post(url: str, body: bytes, patience: float) -> bytes:
    headers = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}
    deadline = datetime.now(UTC) + timedelta(seconds=patience)
    try:
        with (
            httpx2.Client(timeout=patience, follow_redirects=False) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            if answer.status_code != 200:
                raise Busy(60, f"the time-stamp authority answers {answer.status_code}")
            found = bytearray()
            for piece in answer.iter_bytes():
                found += piece
                # A timeout counts from byte to byte; one who drips a byte a second is stopped here.
                if len(found) > _LIMIT or datetime.now(UTC) > deadline:
                    raise Busy(60, "the time-stamp authority is too slow, or says too much")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as away:
        raise Busy(60, f"the time-stamp authority is away ({type(away).__name__})") from None
    return bytes(found)


def _read(answer: bytes, digest: bytes, nonce: int | None = None) -> Stamp:
    """What the answer says, with its signature checked by the certificate that it carries, which must be one for time stamps.

    Read by asn1crypto and checked by pyHanko: rfc3161-client refuses tokens of OpenSSL 3.0 that carry a chain, and most do.
    """
    import asyncio

    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
    from pyhanko_certvalidator import ValidationContext
    from pyhanko_certvalidator.errors import PathError

    signed, said = _structure(answer, digest)
    if nonce is not None and said["nonce"].native != nonce:
        raise Unproven("timestamp", "it answers another question")
    try:
        at: datetime = said["gen_time"].native
        context = ValidationContext(trust_roots=certificates_of(signed), moment=at, allow_fetching=False)
        found = apart(lambda: asyncio.run(validate_tst_signed_data(signed, context, expected_tst_imprint=lambda _: digest)))
        own = found["signing_cert"]
        purposes = own.extended_key_usage_value
        is_for_stamps = purposes is not None and "time_stamping" in purposes.native
        stamp = Stamp(at, own.subject.human_friendly.removeprefix("Common Name: "), hashlib.sha256(own.dump()).hexdigest())
    except (SignatureValidationError, PathError, ValueError, KeyError, TypeError) as broken:
        raise Unproven("timestamp", f"its signature does not hold ({type(broken).__name__})") from None
    if not (found["intact"] and found["valid"]):
        raise Unproven("timestamp", "its signature does not hold")
    if not is_for_stamps:
        raise Unproven("timestamp", "the key that signed it is not one for time stamps")
    return stamp


def _structure(answer: bytes, digest: bytes) -> tuple[Any, Any]:
    """The signed data of a granted answer about ``digest``, and the time-stamp information in it."""
    from asn1crypto import tsp

    try:
        whole: Any = tsp.TimeStampResp.load(answer, strict=True)
        status = whole["status"]["status"].native
        if status not in ("granted", "granted_with_mods"):
            raise Unproven("timestamp", f"refused: {status}")
        signed = whole["time_stamp_token"]["content"]
        said = signed["encap_content_info"]["content"].parsed
        imprint = said["message_imprint"]
        if (imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native) != ("sha256", digest):
            raise Unproven("timestamp", "it is about something else")
    except (ValueError, KeyError, TypeError, AttributeError) as broken:
        raise Unproven("timestamp", f"not an answer of RFC 3161 ({type(broken).__name__})") from None
    return signed, said


def apart(act: Callable[[], Any]) -> Any:
    """Do ``act`` in a thread of its own: pyHanko runs an event loop within, which a caller with a loop may not have twice."""
    with ThreadPoolExecutor(1) as one:
        return one.submit(act).result()


def certificates_of(signed: Any) -> list[Any]:
    """The certificates that a token carries."""
    return [each.chosen for each in signed["certificates"] or [] if each.name == "certificate"]


def pdf_stamper(url: str) -> Any:
    """A time stamper for a PDF seal that asks ``url`` with our patience."""
    from asn1crypto import tsp
    from pyhanko.sign.timestamps import TimeStamper

    class Ours(TimeStamper):
        async def async_request_tsa_response(self, req: Any) -> Any:
            answer = _post(url, req.dump(), PATIENCE)
            try:
                _read(answer, req["message_imprint"]["hashed_message"].native, nonce=req["nonce"].native)
            except Unproven as wrong:
                raise Busy(60, f"the time-stamp authority is not to be believed: {wrong.detail}") from None
            return tsp.TimeStampResp.load(answer)

    stamper: Any = Ours
    return stamper()


def told(at: datetime) -> str:
    """An hour as certificates spell it."""
    return re.sub(r"\+00:00$", "Z", at.astimezone(UTC).isoformat(timespec="seconds"))
