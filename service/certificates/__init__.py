"""What an institution receives: a certified count, and the evidence with which it can check that count without trusting us.

A certificate that is not in the anchor log does not exist, so its digest goes there before the bundle leaves; and no bundle
leaves that does not verify. Never in it: e-mail addresses, client addresses, street addresses.

    stating     figures under four labels, sentences in every language: certificate.json
    beside      sponsors and partners, who stand by name beside the count
    evidence    the log, the texts, the proofs that lie beside it
    issuing     one certificate, from the count to the anchor log; what was issued
    wishes      certificates that the desk wants, and the worker makes
    finishing   what only the organizers' keys can add, on their own machine
    printing    the pages of the document
    seals       the seal on it
    stamps      a time-stamp authority's word for the hour
    receipts    what a signer can show, if she wishes
    archive     a bundle as a folder or a zip
    trust       the keys to hand out by another way
    checking    a bundle, a document, a receipt, a promise, a live ledger, checked by anyone
"""

from service.certificates.archive import BUNDLE_LIMIT, FILE_LIMIT, Bundle, load, write
from service.certificates.checking import entries_of, told, verify_path
from service.certificates.issuing import NAMES, certify, download, listing, take_in
from service.certificates.receipts import has_receipt, receipt
from service.certificates.stating import sentences
from service.certificates.trust import trust
from service.certificates.wishes import ask, fulfil, unsigned, wishes

__all__ = [
    "BUNDLE_LIMIT",
    "FILE_LIMIT",
    "NAMES",
    "Bundle",
    "ask",
    "certify",
    "download",
    "entries_of",
    "fulfil",
    "has_receipt",
    "listing",
    "load",
    "receipt",
    "sentences",
    "take_in",
    "told",
    "trust",
    "unsigned",
    "verify_path",
    "wishes",
    "write",
]
