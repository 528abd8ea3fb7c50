"""The sender's records are asked of real name servers; what cannot be asked is said so, and never taken for right or wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from service.mail import records

GOOD = {
    "example.am.": ["google-site-verification=x", "v=spf1 include:relay.example -all"],
    "k1._domainkey.example.am.": ["v=DKIM1; k=rsa; p=MIIBIjANBg"],
    "_dmarc.example.am.": ["v=DMARC1; p=reject"],
}
Serve = Callable[[Mapping[str, list[str]] | None], dns.resolver.Resolver]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A name server on the loopback that knows these records; with None it fails at every question."""
    sockets: list[socket.socket] = []

    def begin(known: Mapping[str, list[str]] | None) -> dns.resolver.Resolver:
        listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listening.bind(("127.0.0.1", 0))
        sockets.append(listening)

        def answer() -> None:
            while True:
                try:
                    raw, peer = listening.recvfrom(4_096)
                except OSError:
                    return
                if not raw:
                    return
                asked = dns.message.from_wire(raw)
                reply = dns.message.make_response(asked)
                reply.flags |= dns.flags.RA
                name = str(asked.question[0].name).lower()
                if known is None:
                    reply.set_rcode(dns.rcode.SERVFAIL)
                elif name in known:
                    reply.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", *(f'"{text}"' for text in known[name])))
                else:
                    reply.set_rcode(dns.rcode.NXDOMAIN)
                listening.sendto(reply.to_wire(), peer)

        threading.Thread(target=answer, daemon=True).start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port, resolver.lifetime = ["127.0.0.1"], listening.getsockname()[1], 30.0
        return resolver

    yield begin
    for each in sockets:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", each.getsockname())
        each.close()


def told(found: list[records.Finding]) -> list[tuple[str, bool]]:
    return [(each.text, each.is_wrong) for each in found]


def test_a_domain_with_all_three_is_in_order(serve: Serve) -> None:
    found = records.check("Libertas <petition@example.am>", "k1", serve(GOOD))
    assert told(found) == [
        ("SPF of example.am: there", False),
        ("DKIM of example.am: there, under k1", False),
        ("DMARC of example.am: there", False),
    ]
    below = records.check("petition@news.example.am", "", serve({**GOOD, "news.example.am.": ["v=spf1 -all"]}))
    assert [each.is_wrong for each in below] == [False, False, False] and "LIBERTAS_DKIM_SELECTOR" in below[1].text


@pytest.mark.parametrize(
    ("changed", "which", "words"),
    [
        ({"example.am.": ["something"]}, 0, "there is no record"),
        ({"example.am.": ["v=spf1 -all", "v=spf1 ~all"]}, 0, "there are 2 records"),
        ({"example.am.": ["v=spf1 +all"]}, 0, "lets everybody send"),
        ({"k1._domainkey.example.am.": ["v=DKIM1; p="]}, 1, "was revoked"),
        ({"k1._domainkey.example.am.": ["nothing"]}, 1, "there is no key"),
        ({"_dmarc.example.am.": ["v=spf1"]}, 2, "DMARC of example.am: there is no record"),
    ],
)
def test_what_is_missing_or_too_wide_is_named_with_what_to_do(serve: Serve, changed: dict[str, list[str]], which: int, words: str) -> None:
    found = records.check("petition@example.am", "k1", serve({**GOOD, **changed}))
    assert [each.is_wrong for each in found] == [at == which for at in range(3)] and words in found[which].text


def test_a_key_of_our_own_is_held_against_the_published_one_and_its_record_is_told(serve: Serve) -> None:
    for key, words in (("MIIBIjANBg", "DKIM of example.am: there"), ("MIIBIjANBh", "is not the one of LIBERTAS_DKIM_KEY")):
        (_, found, _) = records.check("petition@example.am", "k1", serve(GOOD), f"v=DKIM1; k=rsa; p={key}")
        assert words in found.text and found.is_wrong == ("not the one" in words)
    (_, missing, _) = records.check("petition@example.am", "k2", serve(GOOD), "v=DKIM1; k=rsa; p=abc")
    assert missing.is_wrong and missing.text.endswith('at k2._domainkey.example.am; publish the TXT record "v=DKIM1; k=rsa; p=abc"')


def test_where_no_name_server_answers_nothing_is_called_wrong(serve: Serve) -> None:
    for resolver in (serve(None), dns.resolver.Resolver(configure=False)):
        found = records.check("petition@example.am", "k1", resolver)
        assert not any(each.is_wrong for each in found)
        assert all("could not be looked up from here" in each.text for each in found) and len(found) == 3


@pytest.mark.parametrize("sender", ["Libertas DEMO <petition@localhost>", "x@mail.test", "nobody"])
def test_a_sender_that_is_not_on_the_public_net_is_not_asked_about(sender: str) -> None:
    class Silent:
        def resolve(self, qname: str, rdtype: str) -> dns.resolver.Answer:
            raise AssertionError("nobody is asked")

    (one,) = records.check(sender, "", Silent())
    assert "not on the public net" in one.text and not one.is_wrong
