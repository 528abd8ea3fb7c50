"""Whether a mail that we send can be believed: SPF, DKIM and DMARC of the sender's domain, as the world's name servers tell it.

For ``libertas check`` only; nothing else here asks a name server.
"""

from __future__ import annotations

import functools
import re
from typing import Protocol

import dns.exception
import dns.resolver
import msgspec

PATIENCE = 4.0
"""Seconds for one question; a machine without name servers shall not keep its operator waiting."""

_LOCAL = ("localhost", "local", "internal", "test", "example", "invalid")


class Resolver(Protocol):
    """``dns.resolver.Resolver``, or another that a test hands in."""

    def resolve(self, qname: str, rdtype: str) -> dns.resolver.Answer: ...


class Finding(msgspec.Struct, frozen=True):
    """One record: ``is_wrong`` asks for a change, otherwise it is only told."""

    text: str
    is_wrong: bool = False


class _Unknown(Exception):
    """No name server answered."""


def system_resolver() -> Resolver:
    """The machine's own name servers, asked with little patience."""
    try:
        resolver = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        resolver = dns.resolver.Resolver(configure=False)
    resolver.lifetime = PATIENCE
    return resolver


def check(sender: str, selector: str, resolver: Resolver, own: str = "") -> list[Finding]:
    """What stands in the way of ``sender`` (``Name <address>``) being believed, signed under the DKIM ``selector`` ("" unknown).

    ``own``: the record of the key with which we sign ourselves (``Signer.record``).
    """
    found = re.search(r"@([^\s<>@]+)>?$", sender)
    domain = found[1].lower().rstrip(".") if found else ""
    if domain.rpartition(".")[2] in _LOCAL or not domain:
        return [Finding(f"mail authentication: {domain or 'the sender'} is not on the public net; there is nothing to look up")]
    findings = []
    for ask in (_spf, functools.partial(_dkim, selector, own), _dmarc):
        try:
            findings.append(ask(domain, resolver))
        except _Unknown as silence:
            findings.append(
                Finding(f"mail authentication: {silence} could not be looked up from here; ask again where name servers answer")
            )
    return findings


def _spf(domain: str, resolver: Resolver) -> Finding:
    records = [text for text in _texts(f"{domain}", resolver) if text.lower().split(" ")[0] == "v=spf1"]
    if len(records) != 1:
        how = "there is no record" if not records else f"there are {len(records)} records, and only one may be"
        return Finding(f'SPF of {domain}: {how}; a TXT record such as "v=spf1 include:<your relay> -all" names who may send', is_wrong=True)
    if records[0].lower().rstrip().endswith(("+all", "?all")):
        return Finding(
            f"SPF of {domain}: the record lets everybody send (it ends with {records[0].split()[-1]}); end it with -all", is_wrong=True
        )
    return Finding(f"SPF of {domain}: there")


def _dkim(selector: str, own: str, domain: str, resolver: Resolver) -> Finding:
    if not selector:
        return Finding(
            f"DKIM of {domain}: not looked up, LIBERTAS_DKIM_SELECTOR is not set; your relay tells under which selector it signs"
        )
    name = f"{selector}._domainkey.{domain}"
    keys = [text for text in _texts(name, resolver) if re.search(r"(?:^|;)\s*p=", text)]
    publish = f'publish the TXT record "{own}"' if own else "publish the one that your relay signs with"
    if not keys:
        return Finding(f"DKIM: there is no key at {name}; {publish}", is_wrong=True)
    if re.search(r"(?:^|;)\s*p=\s*(?:;|$)", keys[0]):
        return Finding(f"DKIM: the key at {name} was revoked (p= is empty)", is_wrong=True)
    if own and _public(keys[0]) != _public(own):
        return Finding(f"DKIM: the key at {name} is not the one of LIBERTAS_DKIM_KEY; {publish}", is_wrong=True)
    return Finding(f"DKIM of {domain}: there, under {selector}")


def _public(record: str) -> str:
    found = re.search(r"(?:^|;)\s*p=([^;]*)", record)
    return "".join(found[1].split()) if found else ""


def _dmarc(domain: str, resolver: Resolver) -> Finding:
    parts = domain.split(".")
    for at in range(max(1, len(parts) - 1)):  # the domain's own record, or that of one above it
        records = [text for text in _texts("_dmarc." + ".".join(parts[at:]), resolver) if text.lower().startswith("v=dmarc1")]
        if records:
            return Finding(f"DMARC of {domain}: there")
    return Finding(f'DMARC of {domain}: there is no record; begin with a TXT record "v=DMARC1; p=none" at _dmarc.{domain}', is_wrong=True)


def _texts(name: str, resolver: Resolver) -> list[str]:
    try:
        answer = resolver.resolve(name, "TXT")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        raise _Unknown(name) from None
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
