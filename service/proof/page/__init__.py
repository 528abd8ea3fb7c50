"""The checker as one HTML file, for people who have a certificate, a browser, and no reason to believe us.

``verify.html`` is what lies in every evidence bundle and what the site shows. It is made from ``source/`` by ``build`` and committed,
so that its bytes can be compared and kept. Rules: it needs no network and may use none; its own policy names its style and its
script by their hashes; what it accepts and refuses is what ``service.proof.certificate`` accepts and refuses, under the same names.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "verify.html"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the page is made of, for a site that shows it inside a page of its own: text of a style, an element, text of a script."""

    style: str
    checker: str
    script: str

    @property
    def style_source(self) -> str:
        """The style, as a content security policy names it."""
        return source(self.style)

    @property
    def script_source(self) -> str:
        """The script, as a content security policy names it."""
        return source(self.script)


def source(inline: str) -> str:
    """``'sha256-…'``: how a content security policy names an inline style or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


@cache
def html() -> bytes:
    """The page: one file, the same bytes in every bundle and on the site."""
    return FILE.read_bytes()


@cache
def parts() -> Parts:
    """The parts of exactly the committed page."""
    text = html().decode()
    return Parts(
        style=_between(text, "<style>", "</style>"),
        checker=_between(text, "</noscript>\n", "<footer>"),
        script=_between(text, "<script>", "</script>"),
    )


def _between(text: str, begin: str, end: str) -> str:
    return text.split(begin, 1)[1].rsplit(end, 1)[0]
