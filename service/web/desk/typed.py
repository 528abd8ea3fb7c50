"""What was typed into a form of the desk, read: days, and words in several languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from service.settings import LANGUAGES


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
