"""One name, however it is spelled: Սարգսյան, Sargsyan, Sarkissian and Саргсян lead to the same person.

A word is folded in two steps. The first writes it in plain Latin letters, as it sounds in Eastern Armenian; the second keeps
only its consonants, in classes that Western Armenian, French, English, German and Russian spellings share. The database's
own collations differ from server to server, so nothing of this is asked of it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar


def _sounds(letters: str, sounds: str) -> dict[str, str]:
    """Each letter with its sound; "-" stands for none."""
    return dict(zip(letters, (sound.strip("-") for sound in sounds.split()), strict=True))


_ARMENIAN = _sounds(
    "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆև",
    "a b g d e z e - t zh i l kh ts k h dz gh ch m y n sh o ch p j r s v t r ts v p k o f ev",
)
_CYRILLIC = _sounds(
    "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ",
    "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh sh - i - e yu ya e i i e g",
)
_LATIN = {"ß": "ss", "ø": "o", "đ": "d", "ł": "l", "æ": "e", "œ": "e", "ı": "i", "ə": "e"}
_LETTERS = {**_ARMENIAN, **_CYRILLIC, **_LATIN}

# In this order. What several languages write for one sound becomes one spelling.
_SOUNDS: Sequence[tuple[str, str]] = (
    ("tsch", "ch"), ("tch", "ch"), ("sch", "sh"), ("dsch", "j"), ("dj", "j"), ("ou", "u"), ("oo", "u"), ("ee", "i"), ("ph", "f"),
    ("ck", "k"), ("q", "k"), ("x", "kh"), ("w", "v"), ("tz", "ts"), ("rr", "r"), ("y", "i"),
)  # fmt: skip
_DOUBLES = re.compile(r"([^\W\d_])\1+")  # of letters; a postcode is not a spelling
_CLASSES: Sequence[tuple[str, str]] = (
    ("ch", "c"), ("sh", "x"), ("zh", "z"), ("kh", "k"), ("gh", "k"), ("ts", "c"), ("dz", "c"), ("j", "c"), ("b", "p"), ("g", "k"),
    ("d", "t"), ("f", "v"),
)  # fmt: skip
_MUTE = re.compile("[aeiouh]")
_WORD = re.compile(r"[^\W_]+")


def _latin(word: str) -> str:
    """The word in plain Latin letters, lower case."""
    word = word.casefold().replace("եւ", "և").replace("ու", "u")
    plain = "".join(_LETTERS.get(letter, letter) for letter in word)
    plain = unicodedata.normalize("NFKD", plain)
    return "".join(_LETTERS.get(letter, letter) for letter in plain if not unicodedata.combining(letter))


def fold(text: str) -> str:
    """The text as words of plain Latin letters with one spelling for each sound; "" for a text without letters.

    Letter case, diacritics, script, hyphens and -ian or -yan make no difference.
    """
    return " ".join(tokens(text))


def tokens(text: str) -> list[str]:
    """The folded words of ``text``."""
    found = []
    # An apostrophe stands for a sound that others leave out; a hyphen parts words.
    for word in _WORD.findall(re.sub("['\u2018\u2019\u02bc\u055a]", "", unicodedata.normalize("NFC", text))):
        plain = _latin(word)
        for spelled, sound in _SOUNDS:
            plain = plain.replace(spelled, sound)
        if plain.endswith("jan"):  # German
            plain = f"{plain[:-3]}ian"
        for beginning, sound in (("vo", "o"), ("ie", "e")):  # ո and ե at the beginning of a word
            if plain.startswith(beginning):
                plain = sound + plain[2:]
        plain = _DOUBLES.sub(r"\1", plain)
        if plain:
            found.append(plain)
    return found


def skeleton(token: str) -> str:
    """A folded word's consonants, in classes: what is left when nobody agrees how to spell a name."""
    for spelled, one in _CLASSES:
        token = token.replace(spelled, one)
    return _DOUBLES.sub(r"\1", _MUTE.sub("", token))


def slug_of(text: str) -> str:
    """A beginning for an address, from a name in any script; may be empty."""
    words = ["".join(letter for letter in _latin(word) if letter.isascii() and letter.isalnum()) for word in _WORD.findall(text)]
    return "-".join(word for word in words if word)[:80].strip("-")


T = TypeVar("T")


class Index(Generic[T]):
    """Finds things by any spelling of any word of their names. Made anew when a name changed; some hundred names take 1 ms."""

    def __init__(self, things: Iterable[tuple[T, Iterable[str]]]) -> None:
        self._known: list[tuple[T, frozenset[str], frozenset[str]]] = []
        for thing, names in things:
            words = frozenset(token for name in names for token in tokens(name))
            self._known.append((thing, words, frozenset(bones for word in words if len(bones := skeleton(word)) > 1)))

    def find(self, text: str) -> list[T]:
        """Those in whose names every word of ``text`` is found, the closest spellings first; all of them for a text without letters."""
        wanted = tokens(text[:200])[:8]
        ranked: list[tuple[int, int]] = []
        for number, (_, words, bones) in enumerate(self._known):
            distance = 0
            for token in wanted:
                if token in words:
                    continue
                if any(word.startswith(token) for word in words):
                    distance += 1
                elif len(bare := skeleton(token)) > 1 and bare in bones:
                    distance += 3
                else:
                    break
            else:
                ranked.append((distance, number))
        return [self._known[number][0] for _, number in sorted(ranked)]
