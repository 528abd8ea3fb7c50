"""Who somebody is, kept so that a copied server does not reveal it.

Two rules hold throughout. A name or an address is at rest only inside a sealed blob, under a key that is destroyed on time;
beside it there are at most keyed hashes. And a missing key is a refusal, never a reason to keep something in the clear.

    addresses   one mailbox, however it is spelled: the canonical address, the address that mail goes to
    names       what may stand as a name or a short line of text
    keys        KEY_DIR: which keys there are, how they change and when they are destroyed
    sealing     sealed blobs, blind indexes, and what the blobs hold
    offline     pairs whose private half is never on the server, and what is sealed to them
"""

from service.identity.addresses import NORM, canonical, deliverable, domain_of
from service.identity.keys import Held, KeyGone, Keys, derive
from service.identity.names import name, plain_text
from service.identity.sealing import (
    Blob,
    Form,
    Unopened,
    cap_index,
    email_index,
    exact_index,
    open_sealed,
    reader_index,
    seal,
    suppression_index,
)

__all__ = [
    "NORM",
    "Blob",
    "Form",
    "Held",
    "KeyGone",
    "Keys",
    "Unopened",
    "canonical",
    "cap_index",
    "deliverable",
    "derive",
    "domain_of",
    "email_index",
    "exact_index",
    "name",
    "open_sealed",
    "plain_text",
    "reader_index",
    "seal",
    "suppression_index",
]
