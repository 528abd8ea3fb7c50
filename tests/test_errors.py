"""A refusal says what it is; what verifies nothing or cannot start names every reason."""

from __future__ import annotations

import inspect
import re

from service import errors
from service.errors import Busy, Fault, Invalid, Misconfigured, Refusal, TooMany, Unproven


def _refusals() -> list[type[Refusal]]:
    return [
        kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Refusal) and not kind.__name__.startswith("_")
    ]


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn = dict(re.findall(r"[├└]── (\w+)\s+(\d{3})", errors.__doc__ or ""))
    assert {name: int(status) for name, status in drawn.items()} == {k.__name__: k.status for k in _refusals() if k is not Refusal}


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in _refusals()]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes)


def test_invalid_carries_every_fault_in_its_order() -> None:
    faults = [Fault("name", "name-missing"), Fault("email", "email-missing")]
    assert Invalid(faults).faults == faults


def test_nobody_is_told_to_come_back_in_less_than_a_second() -> None:
    for kind in (TooMany, Busy):
        assert kind(0).retry_after == 1
        assert kind(7).retry_after == 7


def test_a_refusal_may_carry_a_finer_code_without_changing_the_others() -> None:
    assert errors.NotFound(code="token").code == "token"
    assert errors.NotFound().code == "not-found"


def test_what_is_not_proven_has_a_name_and_what_is_misconfigured_names_all() -> None:
    assert str(Unproven("root", "at 4")) == "root: at 4"
    assert str(Misconfigured(["one", "two"])) == "one\ntwo"
