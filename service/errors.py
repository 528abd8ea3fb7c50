"""Everything that this service refuses, as one tree.

A *refusal* is an expected no: it carries an HTTP status, a stable code, and a message key that the pages translate.
Everything else that is raised is a fault, and a fault is a bug.

    Refusal
    ├── Invalid          400  fields of a form are wrong; carries every fault at once
    ├── Keyless          401  a partner's key is missing, or does not work (any more)
    ├── Foreign          403  a form that a page of another site sent
    ├── NotFound         404
    ├── Conflict         409
    │   ├── Closed       409  the petition takes no more signatures
    │   ├── Paused       409
    │   └── TextChanged  409  the text was edited since the form was shown
    ├── TooLarge         413
    ├── Unsupported      415
    ├── TooMany          429  client-address limits only; carries retry_after
    └── Busy             503  nothing was stored, it is safe to repeat; carries retry_after
    Unproven                  a proof, note, entry or bundle does not verify; carries the name of the fault
    Misconfigured             settings, keys or schema are wrong; names every fault at once and stops the start
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong field: its name in the form, a stable code, and arguments for the translated message."""

    field: str
    code: str


class Refusal(Exception):
    """An expected no. ``status`` is the HTTP status, ``code`` the stable word in problem+json and message catalogues."""

    status = 400
    code = "refused"

    def __init__(self, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        if code is not None:
            self.code = code


class Invalid(Refusal):
    """Fields are wrong; ``faults`` names every one of them, in the order of the form."""

    status = 400
    code = "invalid"

    def __init__(self, faults: list[Fault], detail: str = "") -> None:
        super().__init__(detail)
        self.faults = faults


class Keyless(Refusal):
    """This answer needs a partner's key, and none came that works."""

    status = 401
    code = "key-needed"


class Foreign(Refusal):
    """The form was sent by a page of another site; ours are sent from our own pages only."""

    status = 403
    code = "cross-origin"


class NotFound(Refusal):
    """There is no such thing, or not for this visitor."""

    status = 404
    code = "not-found"


class Conflict(Refusal):
    """The thing is not in a state that allows this."""

    status = 409
    code = "conflict"


class Closed(Conflict):
    """The petition takes no more signatures (or not yet)."""

    code = "closed"


class Paused(Conflict):
    """The petition is paused; its deadline moves accordingly."""

    code = "paused"


class TextChanged(Conflict):
    """The petition's text was edited since the form was shown; the form comes back with the new text."""

    code = "text-changed"


class TooLarge(Refusal):
    """The body is larger than the route accepts."""

    status = 413
    code = "too-large"


class Unsupported(Refusal):
    """The content type or content encoding is not one that the route reads."""

    status = 415
    code = "unsupported"


class _Later(Refusal):
    def __init__(self, retry_after: int, detail: str = "") -> None:
        super().__init__(detail)
        self.retry_after = max(1, retry_after)


class TooMany(_Later):
    """This client address has used up its limit; ``retry_after`` in seconds."""

    status = 429
    code = "too-many"


class Busy(_Later):
    """The service cannot take this now and has stored nothing; ``retry_after`` in seconds."""

    status = 503
    code = "busy"


class Unproven(Exception):
    """Something does not verify. ``name`` is a stable kebab-case word, ``detail`` says where and why."""

    def __init__(self, name: str, detail: str = "") -> None:
        super().__init__(f"{name}: {detail}" if detail else name)
        self.name = name
        self.detail = detail


class Misconfigured(Exception):
    """The service cannot start like this. ``faults`` are sentences, one for each thing to mend."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
