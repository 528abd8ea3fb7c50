"""What may stand as a person's name: any name that people really bear, in any script, and nothing that pretends to be one.

The rule errs on the side of the person: it refuses characters, not names. Text is stored NFC and never NFKC, which would
rewrite the Armenian ligature U+0587.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

from service.errors import Fault, Invalid
from service.identity.addresses import SPACES

NAME_MAX = 100
MARKS_MAX = 3

_SPACE_RUN = re.compile(f"[{SPACES}]+")
_HYPHENS = "-\u2010\u2011\u2013\u058a\u05be"  # 058A Armenian, 05BE Hebrew; en dash because telephones write it
_APOSTROPHES = "'\u2018\u2019\u00b4\u055a\u05f3\u05f4\uff07"  # 02BC, 02BB and other modifier letters are letters
_POINTS = ".,\u00b7\u2027\u30fb\u30a0\u0f0b\u1361"  # J. R., King, Jr.; l·l; Japanese, Tibetan and Ethiopic dividers
_NAME_SIGNS = frozenset(_HYPHENS + _APOSTROPHES + _POINTS)
_TEXT_SIGNS = _NAME_SIGNS | frozenset(
    '()&/:;!?+#%"\u00b0\u2116\u00ab\u00bb\u201c\u201d\u201e\u2014\u2026\u060c\u061b\u061f\u0589\u055b\u055c\u055d\u055e'
)

# Nearly every name: letters of one word after another, already NFC in these ranges.
_COMMON = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u0482\u048a-\u052f\u0531-\u0556\u0560-\u0588\u10d0-\u10fa"
_PLAIN = re.compile(f"[{_COMMON}]+(?:[ '\u2019-][{_COMMON}]+)*")

# What a mail client or a spreadsheet turns into a link. A full stop between two words of two or more letters is one when
# the second is lower case or a busy top-level domain ("St.John" is a name); with a space after the stop nothing links.
_LINK = re.compile(
    r"://|\b(?i:www\.|(?:https?|ftp|mailto|javascript|data):)"
    r"|[^\W_]{2,}\.(?:[a-z]{2,}|(?i:com|org|net|info|biz|xyz|top|online|site|shop|ru|am|fr|рф|հայ))\b"
)

# Letters and marks by category that show nothing, or a styled twin of a Latin letter.
_NOT_LETTERS = re.compile("[\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5\ufe00-\ufe0f\U0001d400-\U0001d7ff\U000e0000-\U000e00ff]")
_JOINERS = "\u200c\u200d"
# Scripts in which a joiner changes how a word is written: Arabic, Syriac, N'Ko, the scripts of India and Sri Lanka, Khmer, Mongolian.
_JOINING = re.compile("[\u0600-\u08ff\u0900-\u0dff\u1780-\u17ff\u1800-\u18af\ufb50-\ufdff\ufe70-\ufefc]")
_VIRAMA = 9  # canonical combining class


def name(text: str) -> str:
    """The name as it is kept: NFC, single spaces, 1–100 code points, begins with a letter, at most 3 marks on a base.

    Raises ``Invalid`` with one fault of the field ``name``: ``name-missing``, ``name-too-long``, ``name-url``,
    ``name-letters`` (a character, a mark or a joiner that no name needs there; also a beginning with = + - @).
    """
    text = _line(text, "name", NAME_MAX, _NAME_SIGNS, digits=False)
    if not text:
        _refuse("name", "name-missing")
    return text


def plain_text(text: str, field: str, max: int) -> str:
    """A short line that a person typed (role, locality), NFC with single spaces, at most ``max`` code points; may be empty.

    Beside what a name may hold: digits and ordinary punctuation. Begins with a letter or digit. Raises ``Invalid`` with one
    fault of ``field``: ``<field>-too-long``, ``<field>-url``, ``<field>-letters``.
    """
    return _line(text, field, max, _TEXT_SIGNS, digits=True)


def _refuse(field: str, code: str) -> NoReturn:
    raise Invalid([Fault(field, code)])


def _line(text: str, field: str, longest: int, signs: frozenset[str], *, digits: bool) -> str:
    if len(text) > longest * 10:  # not worth normalising
        _refuse(field, f"{field}-too-long")
    text = unicodedata.normalize("NFC", _SPACE_RUN.sub(" ", text).strip(" "))
    if len(text) > longest:
        _refuse(field, f"{field}-too-long")
    if not text or _PLAIN.fullmatch(text):
        return text
    if _LINK.search(text):
        _refuse(field, f"{field}-url")
    if not _is_written(text, signs, digits=digits):
        _refuse(field, f"{field}-letters")
    return text


def _is_written(text: str, signs: frozenset[str], *, digits: bool) -> bool:
    if _NOT_LETTERS.search(text):
        return False
    base, marks, previous = "", 0, ""  # the letter that marks stand on; how many; the character before
    for at, sign in enumerate(text):
        kind = unicodedata.category(sign)
        if kind[0] == "L" or (digits and kind == "Nd"):
            base, marks = sign, 0
        elif kind in ("Mn", "Mc"):
            marks += 1
            # Ideographic variation selectors (real in Japanese names) are marks on their ideograph, and nothing else's.
            variant = "\U000e0100" <= sign <= "\U000e01ef"
            if not base or marks > MARKS_MAX or (variant and unicodedata.name(base, "")[:3] != "CJK"):
                return False
        elif sign in _JOINERS:
            if not base or not _JOINING.match(base) or previous in _JOINERS:
                return False
            following = text[at + 1 : at + 2]
            if unicodedata.combining(previous) != _VIRAMA and unicodedata.category(following or " ")[0] not in "LM":
                return False
        elif at and (sign == " " or sign in signs):
            base = ""
        else:
            return False
        previous = sign
    return True
