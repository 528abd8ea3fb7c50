"""Every mail that is due is sent, or the reason why it could not be is recorded.

Two rules hold throughout. A mail to an address that nobody has confirmed holds no word that its submitter typed. And a
waiting mail holds neither text nor link: both are made at the moment of delivery, from ids and a key that is not in the database.

    letters   a mail becomes due, in the caller's transaction; how many a mailbox may get; who shall get none
    words     the messages of emails/, made into bytes once for each wording
    post      a few kept connections to the relay, and what its answers mean
    delivery  claims, sends, marks; patience with providers and with ourselves
    dkim      each mail signed for its domain, where the relay does not
    bounces   mails that come back later: which one it was, and what that means for the mailbox
    records   whether the world's name servers make us believable
"""

from service.mail.bounces import ReturnPath, read_maildir, take_in
from service.mail.delivery import LEASE, Delivery, Secrets, deliver_due, message_id
from service.mail.dkim import signer
from service.mail.letters import KEPT, Letter, caps_allow, enqueue, handle_row, housekeeping, q, suppress, suppressed, waiting
from service.mail.post import Answer, Away, Post
from service.mail.words import Compiled, emails_dir

__all__ = [
    "KEPT",
    "LEASE",
    "Answer",
    "Away",
    "Compiled",
    "Delivery",
    "Letter",
    "Post",
    "ReturnPath",
    "Secrets",
    "caps_allow",
    "deliver_due",
    "emails_dir",
    "enqueue",
    "handle_row",
    "housekeeping",
    "message_id",
    "q",
    "read_maildir",
    "signer",
    "suppress",
    "suppressed",
    "take_in",
    "waiting",
]
