"""Organizers' Markdown as HTML, for pages and mails: no HTML of theirs, no pictures, no address that hides its host.

Two walls, because one of them may have a hole: the parser knows no HTML, and an allow-list reads what came out of it.
"""

from __future__ import annotations

import re
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup


def _may_link(address: str) -> bool:
    """Only to the web, to a mailbox, or within this site; never ``//host``, which would inherit our scheme and hide its host."""
    address = address.strip()
    if re.match(r"(?i)(https?://[^/\\]|mailto:[^/])", address):
        return True
    return address.startswith("#") or (address.startswith("/") and not re.match(r"/[/\\]", address) and "\\" not in address)


_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False, "typographer": False})
setattr(_markdown, "validateLink", _may_link)  # noqa: B010  # the documented way to narrow what may be linked
_TAGS = {"p", "h3", "h4", "ul", "ol", "li", "blockquote", "strong", "em", "a", "br", "hr", "code", "pre"}


def _tame(tokens: list[Token]) -> None:
    for token in tokens:
        if re.fullmatch(r"h[1-6]", token.tag):
            token.tag = "h3" if token.tag in ("h1", "h2") else "h4"  # h1 and h2 belong to the page
        if token.type == "image":  # an image would tell another server who reads the petition: its description stays
            token.type, token.tag, token.children = "text", "", None
        if token.children:
            _tame(token.children)


def _only_good_links(tag: str, name: str, value: str) -> str | None:
    return value if (tag, name) != ("a", "href") or _may_link(value) else None


@lru_cache(maxsize=256)
def markdown(text: str) -> Markup:
    """``text`` as HTML: no HTML of theirs, no images, no ``//host`` links, headings below the page's own."""
    tokens = _markdown.parse(text)
    _tame(tokens)
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    clean = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"a": {"href"}},
        attribute_filter=_only_good_links,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return Markup(clean)  # noqa: S704  # this is the sanitizer's output
