"""What an institution receives: a certified count, and the evidence with which it can check that count without trusting us.

A certificate that is not in the anchor log does not exist, so its digest goes there before the bundle leaves; and no bundle
leaves that does not verify. Never in it: e-mail addresses, client addresses, street addresses.

    issuing     figures, words, signatures; what was issued
    evidence    the log, the texts, the proofs that lie beside it
    archive     a bundle as a folder or a zip
    trust       the keys to hand out by another way
    checking    a bundle, a receipt, a live ledger, checked by anyone
"""

from service.certificates.archive import BUNDLE_LIMIT, FILE_LIMIT, Bundle, load, write
from service.certificates.checking import told, verify_path
from service.certificates.issuing import certify, download, listing, sentences
from service.certificates.trust import trust

__all__ = [
    "BUNDLE_LIMIT",
    "FILE_LIMIT",
    "Bundle",
    "certify",
    "download",
    "listing",
    "load",
    "sentences",
    "told",
    "trust",
    "verify_path",
    "write",
]
