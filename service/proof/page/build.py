"""Makes ``verify.html`` from ``source/``: ``python -m service.proof.page.build``.

The modules are plain ES modules that any browser runs as they are; here each becomes a function in one script, so that the page
is a single file. Nothing is minified, and the same sources give the same bytes: whoever doubts the file can read it, or make it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from service.proof.page import FILE, source

SOURCE = Path(__file__).parent / "source"
LANGUAGES = ("fr", "en", "hy")

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "(\./[\w./-]+\.js)";\n', re.MULTILINE)
_EXPORT_LIST = re.compile(r"^export \{([^}]*)\};\n", re.MULTILINE)
_EXPORTED = re.compile(r"^export ((?:async )?function\*?|const|class) (\w+)", re.MULTILINE)


def build() -> bytes:
    """The page. ValueError for a module that is written in another way than `_module` can read."""
    words = {language: json.loads((SOURCE / f"words/{language}.json").read_text(encoding="utf-8")) for language in LANGUAGES}
    style = "\n" + _read("page.css")
    script = _script(words)
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {source(script)}",
            f"style-src {source(style)}",
            "worker-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    filled = {
        "policy": policy,
        "style": style,
        "script": script,
        "checker": _read("checker.html").rstrip("\n"),
        "no-script": "\n".join(f'<p lang="{language}">{words[language]["no-script"]}</p>' for language in LANGUAGES),
    }
    return re.sub(r"\{\{([\w-]+)\}\}", lambda found: filled[found[1]], _read("page.html")).encode()


def _script(words: dict[str, dict[str, str]]) -> str:
    done: dict[str, str] = {}
    _module("main.js", done)
    # "<" would let a sentence end the script; JSON spells it in another way as well
    spoken = json.dumps(words, ensure_ascii=False, indent=0).replace("<", "\\u003c")
    body = "\n".join(done.values())
    if re.search(r"</script|<!--", body, re.IGNORECASE):
        raise ValueError("a module would end the script that it stands in")
    # The element's own text, or in the worker the text that it was started with, which is the same.
    return (
        '\n"use strict";\n'
        f"const modules = {{}};\n{body}\n"
        f"const words = {spoken};\n"
        'modules["main.js"].start(typeof document === "undefined" ? "" : document.currentScript.textContent, words);\n'
    )


def _module(name: str, done: dict[str, str]) -> None:
    """`name` and, before it, all that it imports, each as a function that returns what it exports."""
    if name in done:
        return
    done[name] = ""  # a circle of imports is a fault, found below by the empty text
    text = _read(name)
    taken = []
    for names, path in _IMPORT.findall(text):
        other = (Path(name).parent / path).as_posix()
        _module(other, done)
        if not done[other]:
            raise ValueError(f"{name} and {other} import each other")
        taken.append(f'const {names} = modules["{other}"];\n')
    given = [exported for _, exported in _EXPORTED.findall(text)]
    given += [each.strip() for group in _EXPORT_LIST.findall(text) for each in group.split(",") if each.strip()]
    bare = _EXPORTED.sub(r"\1 \2", _EXPORT_LIST.sub("", _IMPORT.sub("", text)))
    if re.search(r"^(?:import|export)\b", re.sub(r"/\*.*?\*/", "", bare, flags=re.DOTALL), re.MULTILINE):
        raise ValueError(f"{name}: an import or export of another kind")
    del done[name]  # behind those that it imports
    done[name] = f'modules["{name}"] = (() => {{\n{"".join(taken)}{bare}return {{ {", ".join(given)} }};\n}})();\n'


def _read(name: str) -> str:
    return (SOURCE / name).read_text(encoding="utf-8")


if __name__ == "__main__":
    FILE.write_bytes(build())
