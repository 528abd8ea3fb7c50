"""The kit's blocks as RTF, which every word processor opens: plain, black, with headings, lists and lines to sign on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.kits.blocks import Block, Run

_LANGUAGES = {"fr": 1036, "en": 2057, "hy": 1067}
_HEAD = (
    r"{{\rtf1\ansi\ansicpg1252\uc1\deff0\deflang{lang}"
    r"{{\fonttbl{{\f0\fswiss\fcharset0 Arial;}}{{\f1\froman\fcharset0 Sylfaen;}}}}"
    r"\paperw11906\paperh16838\margl1361\margr1361\margt1417\margb1417"
)
WIDTH = 11906 - 2 * 1361
"""Of the text, in twentieths of a point."""


def _letters(text: str) -> str:
    out = []
    for letter in text:
        point = ord(letter)
        if letter in "\\{}":
            out.append("\\" + letter)
        elif letter == "\n":
            out.append(r"\line ")
        elif point < 32:
            continue
        elif point < 127:
            out.append(letter)
        else:
            # \u takes a signed 16-bit number, so what lies beyond is written as its two surrogates; "?" is for readers of 1987.
            units = letter.encode("utf-16-le")
            for at in range(0, len(units), 2):
                unit = int.from_bytes(units[at : at + 2], "little")
                out.append(f"\\u{unit - 65536 if unit > 32767 else unit}?")
    return "".join(out)


def _run(run: Run) -> str:
    # Sylfaen is the one font of Windows that has had Armenian letters for a long time; elsewhere a substitute is found.
    font = r"\f1" if any("\u0530" <= letter <= "\u058f" for letter in run["text"]) else r"\f0"
    style = (r"\b" if run["strong"] else "") + (r"\i" if run["emph"] else "")
    return f"{{{font}{style} {_letters(run['text'])}}}"


def _block(block: Block) -> str:
    runs = "".join(_run(run) for run in block.get("runs", []))
    kind = block["kind"]
    if kind == "title":
        return rf"{{\pard\sb0\sa240\keepn\b\fs36 {runs}\par}}"
    if kind == "heading":
        return rf"{{\pard\sb300\sa120\keepn\b\fs26 {runs}\par}}"
    if kind == "item":
        return rf"{{\pard\sa80\li400\fi-300\fs22 {_letters('–')}\tab {runs}\par}}"
    if kind == "number":
        return rf"{{\pard\sa80\li400\fi-400\fs22 {block['n']}.\tab {runs}\par}}"
    if kind == "rule":
        return r"{\pard\sb120\sa200\brdrb\brdrs\brdrw10\brsp20 \par}"
    if kind == "signatures":
        return _signatures(block["labels"])
    return rf"{{\pard\sa140\sl259\slmult1\fs22 {runs}\par}}"


def _signatures(labels: Sequence[str]) -> str:
    """Side by side, as on the printed sheet: one row of a table that no page breaks apart."""
    edges = "".join(rf"\cellx{WIDTH * (number + 1) // len(labels)}" for number in range(len(labels)))
    cells = "".join(
        r"\pard\intbl\sb800\fs22 \par\pard\intbl\ri300\brdrt\brdrs\brdrw10\brsp40\fs18 "
        rf"{_run(Run(text=label, strong=False, emph=False))}\cell"
        for label in labels
    )
    return rf"{{\trowd\trkeep\trgaph0{edges}{cells}\row}}"


def document(blocks: Iterable[Block], lang: str) -> bytes:
    """The whole document, in ASCII."""
    body = "\n".join(_block(block) for block in blocks)
    return (_HEAD.format(lang=_LANGUAGES[lang]) + "\n" + body + "\n}").encode("ascii")
