"""Passkeys: a challenge that is good for one answer within five minutes, and an answer that somebody made by touch and PIN or finger.

User verification is always required, so a found phone opens nothing. What an answer is checked against comes from our own
rows; nothing that a browser says about itself is believed.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json_dict, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from service import db
from service.errors import Conflict, NotFound, Refusal

q = db.statements("organizers")

_ALGORITHMS = [COSEAlgorithmIdentifier.EDDSA, COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256]
MOST = 10
"""Passkeys for one person: more are lost keys that nobody took away."""


class NotVerified(Refusal):
    """The answer of the passkey is not good: wrong, old, used, of another site, or of nobody here."""

    status = 400
    code = "passkey"


class Relying(msgspec.Struct, frozen=True):
    """Who asks: the site's name, host and origin, as a browser must have seen them."""

    name: str
    host: str
    origin: str

    @classmethod
    def of(cls, name: str, base_url: str) -> Relying:
        parts = urlsplit(base_url)
        return cls(name, parts.hostname or "localhost", f"{parts.scheme}://{parts.netloc}")


async def _challenge(connection: db.Connection, purpose: str, organizer_id: UUID | None, now: datetime | None) -> bytes:
    challenge = secrets.token_bytes(32)
    await q.insert_challenge(connection, challenge=challenge, purpose=purpose, organizer_id=organizer_id, now=now)
    return challenge


async def ask_sign_in(connection: db.Connection, relying: Relying, now: datetime | None = None) -> dict[str, Any]:
    """What ``navigator.credentials.get`` is given: names nobody, so it tells nobody who has an account."""
    challenge = await _challenge(connection, "sign-in", None, now)
    options = webauthn.generate_authentication_options(
        rp_id=relying.host, challenge=challenge, timeout=300_000, user_verification=UserVerificationRequirement.REQUIRED
    )
    return dict(options_to_json_dict(options))


async def ask_fresh(connection: db.Connection, relying: Relying, organizer_id: UUID, now: datetime | None = None) -> dict[str, Any]:
    """As ``ask_sign_in``, of somebody who is signed in: one of their own passkeys, now."""
    challenge = await _challenge(connection, "fresh", organizer_id, now)
    options = webauthn.generate_authentication_options(
        rp_id=relying.host,
        challenge=challenge,
        timeout=300_000,
        user_verification=UserVerificationRequirement.REQUIRED,
        allow_credentials=[_descriptor(row) async for row in q.passkeys(connection, organizer_id=organizer_id)],
    )
    return dict(options_to_json_dict(options))


async def ask_add(
    connection: db.Connection, relying: Relying, organizer_id: UUID, *, name: str, email: str, now: datetime | None = None
) -> dict[str, Any]:
    """What ``navigator.credentials.create`` is given. Raises ``Conflict`` when there are ``MOST`` already."""
    known = [_descriptor(row) async for row in q.passkeys(connection, organizer_id=organizer_id)]
    if len(known) >= MOST:
        raise Conflict(code="passkeys-enough")
    person = await q.organizer(connection, id=organizer_id)
    if person is None or person["state"] == "removed":
        raise NotFound("organizer")
    challenge = await _challenge(connection, "add", organizer_id, now)
    options = webauthn.generate_registration_options(
        rp_id=relying.host,
        rp_name=relying.name,
        user_id=person["handle"],
        user_name=email,
        user_display_name=name or email,
        challenge=challenge,
        timeout=300_000,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, require_resident_key=True, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=known,
        supported_pub_key_algs=_ALGORITHMS,
    )
    return dict(options_to_json_dict(options))


def _descriptor(row: Any) -> PublicKeyCredentialDescriptor:
    known = {each.value for each in AuthenticatorTransport}
    return PublicKeyCredentialDescriptor(
        id=row["id"], transports=[AuthenticatorTransport(each) for each in row["transports"] if each in known]
    )


async def _take(
    connection: db.Connection, answer: Mapping[str, Any], purpose: str, organizer_id: UUID | None, now: datetime | None
) -> bytes:
    """The challenge that this answer is to, used up from here on whatever comes of it."""
    try:
        said = parse_client_data_json(base64url_to_bytes(answer["response"]["clientDataJSON"]))
    except Exception as wrong:
        raise NotVerified("unreadable") from wrong
    if said.cross_origin or len(said.challenge) != 32:
        raise NotVerified("made elsewhere")
    if await q.use_challenge(connection, challenge=said.challenge, purpose=purpose, organizer_id=organizer_id, now=now) is None:
        raise NotVerified("the challenge is old, used or not ours")
    return bytes(said.challenge)


async def answer_sign_in(
    connection: db.Connection,
    relying: Relying,
    answer: Mapping[str, Any],
    *,
    organizer_id: UUID | None = None,
    now: datetime | None = None,
) -> UUID:
    """Whose passkey this is. With ``organizer_id`` it is the answer to ``ask_fresh`` and must be theirs. Raises ``NotVerified``.

    A counter that does not grow means that the key was copied: refused. (Synced passkeys always say 0.)
    """
    challenge = await _take(connection, answer, "fresh" if organizer_id else "sign-in", organizer_id, now)
    try:
        key_id = base64url_to_bytes(str(answer["rawId"]))
        row = await q.passkey(connection, id=key_id)
        if row is None or row["state"] == "removed" or (organizer_id is not None and row["organizer_id"] != organizer_id):
            raise NotVerified("nobody's here")
        handle = answer["response"].get("userHandle")
        if handle and base64url_to_bytes(str(handle)) != row["handle"]:
            raise NotVerified("another's")
        verified = webauthn.verify_authentication_response(
            credential=json.dumps(answer),
            expected_challenge=challenge,
            expected_rp_id=relying.host,
            expected_origin=relying.origin,
            credential_public_key=row["public_key"],
            credential_current_sign_count=row["sign_count"],
            require_user_verification=True,
        )
    except (WebAuthnException, KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise NotVerified("not verified") from wrong
    moved = await q.touch_passkey(
        connection,
        id=key_id,
        before=row["sign_count"],
        sign_count=verified.new_sign_count,
        is_synced=verified.credential_backed_up,
        now=now,
    )
    if moved is None:
        raise NotVerified("answered twice")
    owner: UUID = row["organizer_id"]
    return owner


async def answer_add(
    connection: db.Connection,
    relying: Relying,
    organizer_id: UUID,
    answer: Mapping[str, Any],
    *,
    label: str,
    now: datetime | None = None,
) -> bytes:
    """Keep a new passkey of this person; returns its id. Raises ``NotVerified``, and ``Conflict`` for one that is known already."""
    challenge = await _take(connection, answer, "add", organizer_id, now)
    try:
        verified = webauthn.verify_registration_response(
            credential=json.dumps(answer),
            expected_challenge=challenge,
            expected_rp_id=relying.host,
            expected_origin=relying.origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    except (WebAuthnException, KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise NotVerified("not verified") from wrong
    said = answer["response"].get("transports") or []
    transports = (
        [each for each in said if isinstance(each, str) and re.fullmatch(r"[a-z-]{1,20}", each)][:8] if isinstance(said, list) else []
    )
    kept = await q.insert_passkey(
        connection,
        id=verified.credential_id,
        organizer_id=organizer_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        transports=transports,
        label=label,
        is_synced=verified.credential_backed_up,
        now=now,
    )
    if kept is None:
        raise Conflict(code="passkey-known")
    return verified.credential_id
