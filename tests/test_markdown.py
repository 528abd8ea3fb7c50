"""Organizers' Markdown becomes words and honest links, and nothing else."""

from __future__ import annotations

import pytest

from service.markdown import markdown


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**bold** and *soft*", "<p><strong>bold</strong> and <em>soft</em></p>"),
        ("<b onclick=x>no</b>", "<p>&lt;b onclick=x&gt;no&lt;/b&gt;</p>"),
        ("[x](//evil.example)", "<p>[x](//evil.example)</p>"),
        ("[x](/\\evil.example)", '<p><a href="/%5Cevil.example" rel="noopener noreferrer">x</a></p>'),  # stays with us
        ("[x](https:evil.example)", "<p>[x](https:evil.example)</p>"),
        ("[x](javascript:alert)", "<p>[x](javascript:alert)</p>"),
        ("[x](data:text/html,x)", "<p>[x](data:text/html,x)</p>"),
        ("[x](https://ok.example/a)", '<p><a href="https://ok.example/a" rel="noopener noreferrer">x</a></p>'),
        ("[x](/fr/verify)", '<p><a href="/fr/verify" rel="noopener noreferrer">x</a></p>'),
        ("![what it shows](https://evil.example/i.png)", "<p>what it shows</p>"),
        ("# Great", "<h3>Great</h3>"),
        ("> quoted", "<blockquote>\n<p>quoted</p>\n</blockquote>"),
    ],
)
def test_organizers_markdown_is_words_and_honest_links_only(text: str, html: str) -> None:
    assert str(markdown(text)).strip() == html
