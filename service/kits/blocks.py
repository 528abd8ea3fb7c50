"""A text of the kit as blocks: read from Markdown first, filled in afterwards, so that a name is never taken for markup."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypedDict

from markdown_it import MarkdownIt
from markdown_it.token import Token

TEXTS = Path(__file__).parent / "texts"
_PLACE = re.compile(r"\{([a-z_]+)\}")
_SIGNATURES = re.compile(r"\[signatures\]\s*(.+)", re.DOTALL)


class Run(TypedDict):
    text: str
    strong: bool
    emph: bool


class Block(TypedDict, total=False):
    """``kind``: title, heading, text, item, number (with ``n``), rule, signatures (with ``labels``)."""

    kind: str
    runs: list[Run]
    n: int
    labels: list[str]


@cache
def _read(lang: str, name: str) -> tuple[Token, ...]:
    return tuple(MarkdownIt("commonmark", {"html": False}).parse((TEXTS / lang / f"{name}.md").read_text(encoding="utf-8")))


def places(lang: str, name: str) -> set[str]:
    """The blanks that a text has."""
    return set(_PLACE.findall((TEXTS / lang / f"{name}.md").read_text(encoding="utf-8")))


def _fill(text: str, facts: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: facts[found[1]], text)


def _runs(tokens: Sequence[Token], facts: Mapping[str, str]) -> list[Run]:
    found: list[Run] = []
    strong = emph = 0
    for token in tokens:
        if token.type in ("strong_open", "strong_close"):
            strong += token.nesting
        elif token.type in ("em_open", "em_close"):
            emph += token.nesting
        elif token.type in ("softbreak", "hardbreak"):
            found.append(Run(text="\n", strong=False, emph=False))
        elif token.content:
            found.append(Run(text=_fill(token.content, facts), strong=strong > 0, emph=emph > 0))
    return found


def read(lang: str, name: str, facts: Mapping[str, str]) -> list[Block]:
    """``texts/<lang>/<name>.md`` with its blanks filled in. Raises ``KeyError`` for a blank that ``facts`` lacks."""
    found: list[Block] = []
    kind, n = "text", 0
    for token in _read(lang, name):
        if token.type == "heading_open":
            kind = "title" if token.tag == "h1" else "heading"
        elif token.type == "bullet_list_open":
            kind = "item"
        elif token.type == "ordered_list_open":
            kind, n = "number", 0
        elif token.type in ("heading_close", "bullet_list_close", "ordered_list_close"):
            kind = "text"
        elif token.type == "hr":
            found.append(Block(kind="rule", runs=[]))
        elif token.type == "inline":
            signers = _SIGNATURES.fullmatch(token.content)
            if signers:
                found.append(Block(kind="signatures", runs=[], labels=[label.strip() for label in signers[1].split("|")]))
                continue
            block = Block(kind=kind, runs=_runs(token.children or [], facts))
            if kind == "number":
                n += 1
                block["n"] = n
            found.append(block)
    return found


def paragraph(text: str, kind: str = "text") -> Block:
    """A block of plain words."""
    return Block(kind=kind, runs=[Run(text=text, strong=False, emph=False)])
