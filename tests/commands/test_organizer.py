"""``libertas organizer``: the first one comes from the shell."""

from __future__ import annotations

import argparse

import pytest

from service.__main__ import parser
from service.errors import Misconfigured


def test_an_invitation_needs_an_address_and_a_role() -> None:
    line = parser()
    options: argparse.Namespace = line.parse_args(["organizer", "invite", "ani@example.org", "--role", "editor", "--role", "operator"])
    assert (options.email, options.role, options.association) == ("ani@example.org", ["editor", "operator"], None)
    with pytest.raises(SystemExit):
        line.parse_args(["organizer", "invite", "ani@example.org", "--role", "king"])
    with pytest.raises(Misconfigured):
        options = line.parse_args(["organizer", "invite"])
        options.run(options)
