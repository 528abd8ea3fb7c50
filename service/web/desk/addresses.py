"""Addresses to write to as a form of the desk: some fields for each, in every language; the empty ones are none."""

from __future__ import annotations

from typing import Any

from service import cases
from service.cases import MOST_ADDRESSES, Address, Addresses
from service.errors import Fault, Invalid
from service.settings import LANGUAGES
from service.web.desk.typed import day, words

FIELDS = frozenset(
    {
        "addresses_as_of",
        *(f"address-{n}-lines" for n in range(MOST_ADDRESSES)),
        *(f"address-{n}-{what}-{lang}" for n in range(MOST_ADDRESSES) for what in ("name", "why") for lang in LANGUAGES),
    }
)


def read(values: dict[str, Any]) -> Addresses | None:
    """The addresses that a form holds, the empty ones left out; None for none at all. Raises ``Invalid``."""
    found = []
    for n in range(MOST_ADDRESSES):
        lines = [line.strip() for line in values.get(f"address-{n}-lines", "").splitlines() if line.strip()]
        name, why = words(values, f"address-{n}-name"), words(values, f"address-{n}-why")
        if lines or name or why:
            found.append(Address(name=name, lines=lines, why=why))
    if not found:
        return None
    as_of = day(values.get("addresses_as_of", ""))
    if as_of is None:
        raise Invalid([Fault("addresses_as_of", "day")])
    return cases.checked(Addresses(as_of=as_of, list=found))


def typed(addresses: Addresses | None) -> dict[str, str]:
    """The same as a form's fields."""
    if addresses is None:
        return {}
    found = {"addresses_as_of": addresses.as_of.isoformat()}
    for n, each in enumerate(addresses.list):
        found[f"address-{n}-lines"] = "\n".join(each.lines)
        for lang in LANGUAGES:
            found[f"address-{n}-name-{lang}"], found[f"address-{n}-why-{lang}"] = each.name.get(lang, ""), each.why.get(lang, "")
    return found
