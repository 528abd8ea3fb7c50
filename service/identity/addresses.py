"""One mailbox is one person, however the address is spelled; mail still goes to the address as it was typed.

The canonical address serves blind indexes, caps and the ledger's commitment, and nothing else. Its rule is named in every
text manifest, so it never changes under its name: another table is another rule. Nobody is asked over the network.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

from email_validator import EmailNotValidError, validate_email

from service.errors import Fault, Invalid

NORM = "email-norm/v1"

# Frozen: changing either table makes email-norm/v2 (petitions keep the rule with which they were opened).
#
# A provider is listed when it delivers local+tag to local *and* lets nobody register a name with a plus, so that dropping
# the tag can never take a signature away from a second person. Sources: the providers' own help pages (Gmail, Outlook.com,
# Proton, Fastmail, Yandex, mailbox.org, Posteo, Runbox, HEY); for iCloud and Mail.ru common experience and their rules for names.
# Not listed: GMX, WEB.DE, Yahoo, Orange, Free, Laposte, Tuta (a plus is refused there), and every domain of its own, where
# only its owner knows. Dots count everywhere but at gmail.com (at Google Workspace domains they are somebody's choice).
_PROVIDERS: dict[str, tuple[str, ...]] = {
    "gmail": ("com",),
    "outlook": ("com", "fr", "be", "de", "es", "it"),
    "hotmail": ("com", "fr", "be", "ca", "co.uk", "de", "es", "it", "nl"),
    "live": ("com", "fr", "be", "ca", "co.uk", "de", "it", "nl", "ru"),
    "msn": ("com",),
    "proton": ("me",),
    "protonmail": ("com", "ch"),
    "pm": ("me",),
    "fastmail": ("com", "fm"),
    "icloud": ("com",),
    "me": ("com",),
    "mac": ("com",),
    "yandex": ("ru", "com", "by", "kz", "ua", "com.tr"),
    "ya": ("ru",),
    "mail": ("ru",),
    "bk": ("ru",),
    "inbox": ("ru",),
    "list": ("ru",),
    "internet": ("ru",),
    "mailbox": ("org",),
    "posteo": ("de", "net"),
    "runbox": ("com",),
    "hey": ("com",),
}
_TAGGED = frozenset(f"{host}.{end}" for host, ends in _PROVIDERS.items() for end in ends)
# The only sibling that is merged: Google gave both names to the same mailbox. Elsewhere (me.com and icloud.com, the domains
# of Proton or Yandex) siblings often are one mailbox but need not be, and a wrong merge silences a person.
_SIBLINGS = {"googlemail.com": "gmail.com"}

# Names that no relay on the public net can reach; an internal one would let a form write to our own network's machines.
# .test, .example and .invalid stay possible: they harm nobody, and "no DNS look-up while signing" means not to judge domains.
_UNROUTABLE = frozenset({"alt", "arpa", "internal", "local", "localdomain", "localhost", "onion"})

SPACES = " \t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
# What nearly everyone types. Labels with "--" (Punycode and its imitations) and everything else take the library's slow way.
_PLAIN = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\.)+[A-Za-z]{{2,63}})")


def deliverable(email: str) -> str:
    """The address that mail is sent to: as typed, without outer spaces, its domain as a lower-case IDNA A-label.

    Raises ``Invalid`` with one fault of the field ``email``: ``email-missing``, ``email-too-long`` (over 254 octets, or 64
    before the @), ``email-ascii`` (letters before the @ that need SMTPUTF8), ``email-domain`` (nowhere on the public net),
    ``email-invalid``. Non-ASCII local parts are refused because every relay up to the mailbox must speak SMTPUTF8: a form
    that takes such an address and can never write to it would lose the signature without a word.
    """
    local, domain = _parts(email)
    if not local.isascii():
        _refuse("email-ascii")
    _mailbox(local, domain)  # whoever is let in here must have a canonical address later, in the worker
    return f"{local}@{domain}"


def canonical(email: str) -> str:
    """The one spelling of this mailbox under ``email-norm/v1``; ``canonical(canonical(x)) == canonical(x)``.

    Trim, NFC, domain as IDNA A-label (UTS 46, non-transitional), lower case; gmail.com without dots and tag, googlemail.com
    as gmail.com; no plus tag at the providers of the table. Raises ``Invalid`` as ``deliverable`` does, but takes local parts
    in every script, so that the rule need not change when mail to them becomes possible.
    """
    return _mailbox(*_parts(email))


def domain_of(address: str) -> str:
    """The domain of a deliverable or canonical address."""
    return address.rpartition("@")[2]


def _refuse(code: str) -> NoReturn:
    raise Invalid([Fault("email", code)])


def _parts(email: str) -> tuple[str, str]:
    """Local part as typed (NFC) and domain as lower-case A-label."""
    email = email.strip(SPACES)
    if len(email) > 254:
        _refuse("email-too-long")
    plain = _PLAIN.fullmatch(email)
    if plain and "--" not in plain[2]:
        local, domain = plain[1], plain[2].lower()
    else:
        local, domain = _slowly(email)
    if len(local) > 64:
        _refuse("email-too-long")
    if domain.rpartition(".")[2] in _UNROUTABLE:
        _refuse("email-domain")
    return local, domain


def _slowly(email: str) -> tuple[str, str]:
    if not email:
        _refuse("email-missing")
    email = unicodedata.normalize("NFC", email)
    try:
        # test_environment lets .test pass; the domains that we refuse are our own list, whatever the library's becomes.
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        _refuse("email-invalid")
    local, domain = email.rpartition("@")[0], found.ascii_domain
    # The library lower-cases some local parts; quoted ones, comments and display names it refused. Belt and braces:
    if not domain or "." not in domain or not domain.isascii() or (local.isascii() and not _LOCAL.fullmatch(local)):
        _refuse("email-invalid")
    if len(local.encode()) + 1 + len(domain) > 254 or len(local.encode()) > 64:
        _refuse("email-too-long")
    return local, domain.lower()


def _mailbox(local: str, domain: str) -> str:
    local = local.lower()
    if not local.isascii():
        local = unicodedata.normalize("NFC", local)
        if len(local.encode()) > 64:  # some capitals become two code points
            _refuse("email-too-long")
    domain = _SIBLINGS.get(domain, domain)
    if domain in _TAGGED:
        local = local.partition("+")[0]
        if domain == "gmail.com":
            local = unicodedata.normalize("NFC", local.replace(".", ""))  # a dot may have kept a letter from its mark
        if not local or local.endswith("."):
            _refuse("email-invalid")
    return f"{local}@{domain}"
