"""A witness policy is read as C2SP tlog-policy says, and nothing else is."""

from __future__ import annotations

import pytest

from service.errors import Unproven
from service.proof import note, policy

WITNESSES = [note.Cosigner(f"w{n}.example/w", bytes([n]) * 32, note.COSIGNATURE) for n in range(1, 6)]
PQ = note.Cosigner("w6.example/w", bytes([6]) * 32)
LOG = note.Signer("libertas.example/ledger/anchor", bytes(32))
X1, X2, X3, Y1, Y2 = (each.vkey for each in WITNESSES)

EXAMPLE = f"""# two organizations
log {LOG.vkey}

witness X1 {X1}
witness X2\t{X2} https://w2.example/
 witness X3 {X3}
group X-witnesses 2 X1 X2 X3

witness Y1 {Y1}
witness Y2 {Y2}
witness Y3 {PQ.vkey} https://w6.example/sub
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""


@pytest.mark.parametrize(
    ("who", "enough"),
    [
        ("X1 X2 Y1", True),
        ("X1 X3 Y3", True),
        ("X1 X2 X3 Y1 Y2 Y3", True),
        ("X1 X2 X3", False),
        ("X1 Y1 Y2 Y3", False),
        ("Y1", False),
        ("", False),
        ("X-witnesses Y-witnesses", False),
        ("X-and-Y", False),
    ],
)
def test_the_specifications_example_asks_for_both_organizations(who: str, enough: bool) -> None:
    assert policy.Policy.parse(EXAMPLE).is_met(who.split()) is enough


def test_what_a_policy_names_is_read() -> None:
    read = policy.Policy.parse(EXAMPLE)
    assert [each.vkey for each in read.logs] == [LOG.vkey]
    assert [(each.name, each.url) for each in read.witnesses] == [
        ("X1", ""), ("X2", "https://w2.example"), ("X3", ""), ("Y1", ""), ("Y2", ""), ("Y3", "https://w6.example/sub"),
    ]  # fmt: skip
    assert read.witnesses[5].verifier == PQ.verifier


def test_one_witness_none_and_most_of_a_list() -> None:
    assert [policy.Policy.parse(text).least for text in (EXAMPLE, f"witness a {X1}\nquorum a\n", "quorum none\n")] == [2, 1, 0]
    one = policy.Policy.parse(f"witness a {X1}\nquorum a\n")
    assert one.is_met({"a"}) and not one.is_met({"b"})
    assert policy.Policy.parse("quorum none\n").is_met(())
    three = policy.Policy.of([(X1, "https://a"), (X2, "https://b"), (X3, "https://c")])
    assert [three.is_met(who) for who in (["w1"], ["w1", "w3"], ["w1", "w2", "w3"])] == [False, True, True]


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"witness a {X1}\n",
        "quorum a\n",
        "quorum none\nquorum none\n",
        f"witness a {X1}\nwitness a {X2}\nquorum a\n",
        f"witness a {X1}\nwitness b {X1}\nquorum a\n",
        f"witness none {X1}\nquorum none\n",
        f"witness a {LOG.vkey}\nquorum a\n",
        f"log {X1}\nquorum none\n",
        f"witness a {X1[:-4]}\nquorum a\n",
        f"witness a {X1} u v\nquorum a\n",
        f"quorum a\nwitness a {X1}\n",
        f"witness a {X1}\ngroup g 2 a\nquorum g\n",
        f"witness a {X1}\ngroup g 0 a\nquorum g\n",
        f"witness a {X1}\ngroup g 01 a\nquorum g\n",
        f"witness a {X1}\ngroup g most a\nquorum g\n",
        f"witness a {X1}\ngroup g all\nquorum g\n",
        f"witness a {X1}\ngroup g 2 a a\nquorum g\n",
        f"witness a {X1}\ngroup g all a b\nquorum g\n",
        f"witness a {X1}\ngroup g all none\nquorum g\n",
        f"witness a {X1}\nwitness b {X2}\ngroup g all a b\ngroup h all a\nquorum g\n",
        f"witness a {X1}\r\nquorum a\n",
        "allow everyone\nquorum none\n",
        "\x01\nquorum none\n",
    ],
)
def test_nothing_else_is_a_policy(text: str) -> None:
    with pytest.raises(Unproven, match="policy"):
        policy.Policy.parse(text)
