"""The words of the printed sheets in one language, with its dates and numbers by CLDR."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

HERE = Path(__file__).parent
LOCALES = {"fr": "fr", "en": "en_GB", "hy": "hy"}


class Words:
    """``say("status", on=…)`` is a sentence of ``words.toml``; a key or a blank that is missing is a ``KeyError``."""

    def __init__(self, lang: str, table: Mapping[str, Any]) -> None:
        self.lang = lang
        self.locale = Locale.parse(LOCALES[lang])
        self._table = table

    def say(self, key: str, **facts: object) -> str:
        return str(self._table[key]).format_map(facts) if facts else str(self._table[key])

    def lines(self, key: str, **facts: object) -> list[str]:
        """The sentences of a list."""
        return [str(line).format_map(facts) if facts else str(line) for line in self._table[key]]

    def day(self, when: date) -> str:
        """A day that no line breaks apart. In French the first of a month is an ordinal, which CLDR does not know."""
        day = format_date(when, "long", locale=self.locale).lstrip("0")
        if self.lang == "fr" and when.day == 1:
            day = day.replace("1", "1er", 1)
        return day.replace(" ", "\u00a0")

    def dated(self, when: date, precision: str) -> str:
        if precision == "year":
            return format_date(when, "y", locale=self.locale)
        return format_skeleton("yMMMM", when, locale=self.locale) if precision == "month" else self.day(when)

    def number(self, value: int) -> str:
        return str(format_decimal(value, locale=self.locale))

    def local(self, texts: Mapping[str, str]) -> str:
        """``texts`` in this language, else in the first that there is."""
        return texts.get(self.lang) or next(iter(texts.values()), "")


@cache
def words(lang: str) -> Words:
    """The words of ``lang``. Raises ``KeyError`` for a language that is not there."""
    table = tomllib.loads((HERE / "words.toml").read_text(encoding="utf-8"))
    return Words(lang, table[lang])
