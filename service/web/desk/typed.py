"""What was typed into a form of the desk, read: days, words in several languages, and everything that is wrong at once."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from service.errors import Fault, Invalid
from service.settings import LANGUAGES


class Gathered:
    """Faults of one form, told together: each ``part`` may raise ``Invalid``, and ``refuse`` does when one of them did."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    @contextlib.contextmanager
    def part(self) -> Iterator[None]:
        try:
            yield
        except Invalid as wrong:
            self.faults += wrong.faults

    def refuse(self) -> None:
        if self.faults:
            raise Invalid(self.faults)


def day(text: str) -> date | None:
    """A date as a form sends it; None for what is none."""
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def words(values: Mapping[str, Any], part: str) -> dict[str, str]:
    """The fields ``<part>-<language>`` that are filled in."""
    found = {language: str(values.get(f"{part}-{language}", "")).strip() for language in LANGUAGES}
    return {language: text for language, text in found.items() if text}
