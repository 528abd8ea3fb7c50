"""How to check a message from the petition's site: copy this function, and keep the ids that you have seen.

It needs nothing but Python's standard library.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

TOLERANCE = 300  # seconds


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether the message was signed with your secret (``whsec_…``) within the last five minutes. ``headers`` by lower-case name.

    The body is what came over the line, before any parser touched it. A message that is genuine and whose ``webhook-id`` you
    have seen is a repeat: answer with 200, and do nothing.
    """
    try:
        message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        age = abs(now - int(timestamp))
    except (KeyError, ValueError):
        return False
    if age > TOLERANCE:
        return False
    mine = base64.b64encode(hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)).decode()
    # Several signatures may stand side by side, such as those of an old and a new secret.
    return any(hmac.compare_digest(f"v1,{mine}", each) for each in headers.get("webhook-signature", "").split(" "))
