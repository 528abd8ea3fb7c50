"""The people who run campaigns: how they come in, what each may do, and what is remembered of it.

Three rules hold throughout. Nobody comes back by mail alone: a passkey, or a colleague's help. What cannot be undone needs
a second person, whatever the first one may do. And whatever was done stays written, in a trail that this service itself
cannot change.

    people     associations, invitations, roles, recovery, removal; mails to organizers
    passkeys   challenges, registration and sign-in by WebAuthn
    sessions   who is here: ids made by the server, kept hashed, ended in time
    approvals  proposed by one, decided by another, done once
    audit      the trail: numbered, chained under a key, checked

Every verb takes the caller's connection, so that an act and its line in the trail are one transaction.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from service.organizers.approvals import Approval, approval, approvals, decide, execute, propose, revoke
from service.organizers.audit import TO_SIGNERS, Broken, Line, check, note, read, remember
from service.organizers.people import (
    ROLES,
    Grant,
    Person,
    Secrets,
    associations,
    demo_link,
    device,
    enlist,
    found_association,
    invite,
    join,
    people,
    person,
    q,
    read_link,
    recover,
    remove,
    rename,
    rename_association,
    send_invitation,
    set_roles,
    tell,
    write_letters,
)
from service.organizers.sessions import ABSOLUTE, FRESH, IDLE, Who, begin, end, end_others, renew, who

if TYPE_CHECKING:
    from service.organizers.passkeys import Relying, answer_add, answer_sign_in, ask_add, ask_fresh, ask_sign_in


def __getattr__(name: str) -> Any:
    # WebAuthn is six MiB and half a second, for the few who sign in at the desk: it is loaded when the first of them does.
    if name in ("Relying", "answer_add", "answer_sign_in", "ask_add", "ask_fresh", "ask_sign_in"):
        return getattr(import_module("service.organizers.passkeys"), name)
    raise AttributeError(name)


__all__ = [
    "ABSOLUTE",
    "FRESH",
    "IDLE",
    "ROLES",
    "TO_SIGNERS",
    "Approval",
    "Broken",
    "Grant",
    "Line",
    "Person",
    "Relying",
    "Secrets",
    "Who",
    "answer_add",
    "answer_sign_in",
    "approval",
    "approvals",
    "ask_add",
    "ask_fresh",
    "ask_sign_in",
    "associations",
    "begin",
    "check",
    "decide",
    "demo_link",
    "device",
    "end",
    "end_others",
    "enlist",
    "execute",
    "found_association",
    "invite",
    "join",
    "note",
    "people",
    "person",
    "propose",
    "q",
    "read",
    "read_link",
    "recover",
    "remember",
    "remove",
    "rename",
    "rename_association",
    "renew",
    "revoke",
    "send_invitation",
    "set_roles",
    "tell",
    "who",
    "write_letters",
]
