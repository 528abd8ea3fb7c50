"""The checker's file is what its sources make, speaks three languages, and is bound to its own policy. tests/browser runs it."""

from __future__ import annotations

import json
import re

import pytest

from service.proof import page
from service.proof.page import build

WORDS = {language: json.loads((build.SOURCE / f"words/{language}.json").read_text(encoding="utf-8")) for language in build.LANGUAGES}
SOURCES = {path.relative_to(build.SOURCE).as_posix(): path.read_text(encoding="utf-8") for path in build.SOURCE.rglob("*.*")}


def test_the_committed_file_is_what_the_sources_make() -> None:
    assert page.html() == build.build(), "run: python -m service.proof.page.build"
    assert build.build() == build.build()


def test_the_policy_names_this_style_and_this_script_and_lets_nothing_out() -> None:
    text, parts = page.html().decode(), page.parts()
    found = re.search(r'http-equiv="content-security-policy" content="([^"]+)"', text)
    assert found
    rules = dict(rule.partition(" ")[::2] for rule in found[1].split("; "))
    assert rules == {
        "default-src": "'none'",
        "script-src": parts.script_source,
        "style-src": parts.style_source,
        "worker-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert text.count("<script") == text.count("<style") == 1
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", text.partition("<script>")[0]), "nothing inline beside them"


def test_nothing_in_it_asks_for_anything_from_anywhere() -> None:
    for name, text in SOURCES.items():
        if not name.startswith("vendor/"):
            assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|WebSocket|importScripts|\beval\(|innerHTML|(?<!b64)url\(", text), name


@pytest.mark.parametrize("language", build.LANGUAGES)
def test_every_sentence_is_there_with_the_same_facts(language: str) -> None:
    assert WORDS[language].keys() == WORDS["en"].keys()
    for key, text in WORDS[language].items():
        assert text.strip() == text and text
        assert sorted(re.findall(r"\{(\w+)\}", text)) == sorted(re.findall(r"\{(\w+)\}", WORDS["en"][key])), key
    if language == "fr":
        for key, text in WORDS["fr"].items():
            assert not re.search(r" [;:!?»]|« |(?<![\u202f\u00a0])[;!?»]|\w:(?:\s|$)|'", text), f"{key}: {text!r}"


def test_every_sentence_that_is_used_exists_and_every_one_is_used() -> None:
    code = SOURCES["page.js"] + SOURCES["worker.js"] + SOURCES["zip.js"] + SOURCES["certificate.js"] + SOURCES["pdf.js"]
    said = set(re.findall(r'\bt\("([\w-]+)"', code)) | set(re.findall(r'data-word="([\w-]+)"', "".join(SOURCES.values())))
    assert said <= WORDS["en"].keys()
    for key in WORDS["en"]:
        if key.startswith("cell-"):  # names that a certificate uses for its figures
            continue
        last = key.partition("-")[2] or key
        assert (
            key in said or f'"{key}"' in code or f'"{last}"' in code or re.search(rf"\b{re.escape(last)}\b", code) or key == "no-script"
        ), key


def test_every_named_fault_has_a_sentence() -> None:
    groups = re.search(r"const GROUPS = \{(.*?)\n\};", SOURCES["page.js"], re.DOTALL)
    assert groups
    for group in [*re.findall(r'^  "?([\w-]+)"?: \[', groups[1], re.MULTILINE), "rules"]:
        assert f"fault-{group}" in WORDS["en"]
    assert {f"why-{name}" for text in SOURCES.values() for name in re.findall(r'new Unchecked\("([\w-]+)"', text)} <= WORDS["en"].keys()


def test_a_module_that_the_build_cannot_read_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, what in (
        ("export default 1;\n", "another kind"),
        ('import * as all from "./bytes.js";\n', "another kind"),
        ('import { show } from "./main.js";\n', "import each other"),
    ):
        monkeypatch.setattr(build, "_read", lambda name, text=text: text if name == "page.js" else SOURCES[name])
        with pytest.raises(ValueError, match=what):
            build.build()
    monkeypatch.setattr(build, "_read", lambda name: SOURCES[name] + ("// </script>\n" if name == "page.js" else ""))
    with pytest.raises(ValueError, match="end the script"):
        build.build()


def test_what_is_vendored_keeps_its_licence() -> None:
    for path in (build.SOURCE / "vendor").glob("*.js"):
        assert "MIT License" in path.with_suffix(".LICENSE").read_text(encoding="utf-8")
