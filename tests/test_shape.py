"""What nobody should have to remember: who imports whom, what must be named where, and what the service's own role cannot do."""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from service import __main__ as commands
from service import db, settings
from service.web import pages

HOUSE = Path(__file__).parent.parent
SOURCES = sorted((HOUSE / "service").rglob("*.py"))
LANGUAGES = settings.LANGUAGES

COVERED_BY = {
    "service/web/desk/invalidation.py": "tests/web/desk/test_invalidation.py",
    "service/web/desk/partners.py": "tests/web/desk/test_partners.py",
    **{f"service/web/desk/{name}.py": "tests/web/desk/test_office.py" for name in ("deliveries", "recipients", "typed", "updates")},
    **{f"service/web/desk/{name}.py": "tests/web/desk/test_papers.py" for name in ("certificates", "exports")},
    **{f"service/web/desk/{name}.py": "tests/stories/test_sponsoring.py" for name in ("addresses", "cases", "sponsors")},
    "service/web/ledger.py": "tests/web/test_ledger_pages.py",
    "service/web/pages.py": "tests/web/test_templates.py",
    "service/web/petitions.py": "tests/stories/test_signing.py",
    "service/web/problems.py": "tests/web/test_openapi.py",
    "service/web/signing.py": "tests/stories/test_signing.py",
    "service/web/recipients.py": "tests/test_recipients.py",
    **{
        f"service/web/widgets/{name}.py": "tests/web/test_widgets.py"
        for name in ("answers", "cards", "element", "frames", "oembed", "pictures")
    },
    "service/__main__.py": "tests/test_main.py",
    "service/proof/page/build.py": "tests/proof/test_page.py",
    **{f"service/commands/{name}.py": "tests/test_main.py" for name in ("processes", "operator", "evidence", "keys")},
    "service/commands/exports.py": "tests/test_exports.py",
    "service/commands/backup.py": "tests/test_backup.py",
}
"""Modules whose tests have another name than they."""

HISTORY = (
    "entry",
    "checkpoint",
    "checkpoint_note",
    "text_version",
    "petition_text",
    "certificate",
    "case_event",
    "case_change",
    "sponsorship_event",
    "sponsor_act",
    "audit",
    "export",
    "export_done",
)


def test_each_part_imports_only_what_the_contracts_allow() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# -- SQL -------------------------------------------------------------------------------------------------------------------------


async def test_every_statement_prepares(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        assert await db.unprepared(connection) == []


def test_every_sql_file_has_its_module_and_every_statement_is_used() -> None:
    for file in (HOUSE / "sql").glob("*.sql"):
        home = HOUSE / "service" / f"{file.stem}.py"
        package = HOUSE / "service" / file.stem
        assert home.is_file() or package.is_dir(), f"{file.name} belongs to no module"
        own = "\n".join(path.read_text(encoding="utf-8") for path in ([home] if home.is_file() else package.glob("*.py")))
        all_said = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
        for name in re.findall(r"^-- name: (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            is_used = re.search(rf"\b_?q\.{name}\b", own) or re.search(rf"\b{file.stem}\.q\.{name}\b", all_said)
            by_act = file.stem == "petitions" and f'"{name}": "{name}"' in own  # petitions.change picks its statement by the act
            assert is_used or by_act, f"{file.stem}.{name} is used nowhere"


@pytest.mark.parametrize("table", HISTORY)
async def test_the_services_own_role_cannot_change_history_and_the_owner_could(
    pool: asyncpg.Pool, app_pool: asyncpg.Pool, table: str
) -> None:
    column = await pool.fetchval("select column_name from information_schema.columns where table_name = $1 limit 1", table)
    for act in (f"update {table} set {column} = {column}", f"delete from {table}", f"truncate {table} cascade"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app_pool.execute(act)
    assert await app_pool.fetchval(f"select count(*) from {table}") == 0, "control: it may read"
    await pool.execute(f"delete from {table}")


# -- words -----------------------------------------------------------------------------------------------------------------------


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_mail_exists_in_every_language_with_the_same_placeholders() -> None:
    for message in sorted(path for path in (HOUSE / "emails").iterdir() if path.is_dir()):
        texts = {lang: (message / f"{lang}.txt").read_text(encoding="utf-8") for lang in LANGUAGES}
        first = _placeholders(texts["en"])
        for lang, text in texts.items():
            assert _placeholders(text) == first, f"{message.name}/{lang}.txt"


def _catalogue(lang: str) -> dict[str, set[str]]:
    text = pages.catalogue(lang)
    found: dict[str, set[str]] = {}
    name = ""
    for line in text.splitlines():
        if begins := re.match(r"(-?[A-Za-z][\w-]*) =", line):
            name = begins[1]
            assert name not in found, f"{lang}: {name} stands twice"
            found[name] = set()
        elif line and not line.startswith((" ", "}")):
            name = ""
        if name:
            found[name] |= set(re.findall(r"\$([\w-]+)", line))
    return found


def test_every_sentence_of_the_pages_exists_in_every_language_with_the_same_variables() -> None:
    english = _catalogue("en")
    assert len(english) > 100, "control: the catalogue was read"
    for lang in LANGUAGES:
        theirs = _catalogue(lang)
        assert set(theirs) == set(english), lang
        for name, variables in english.items():
            assert theirs[name] == variables, f"{lang}: {name}"


def test_every_setting_is_in_the_readme_and_the_readme_names_no_other() -> None:
    readme = (HOUSE / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(LIBERTAS_\w+)`", readme, re.MULTILINE))
    assert listed == set(settings.names())


def test_every_command_is_in_the_readme() -> None:
    readme = (HOUSE / "README.md").read_text(encoding="utf-8")
    offered = next(action for action in commands.parser()._actions if isinstance(action, argparse._SubParsersAction))
    for name, sub in offered.choices.items():
        assert f"`libertas {name}" in readme, name
        acts = next((action.choices for action in sub._actions if action.dest == "act"), None) or ()
        rows = "".join(line for line in readme.splitlines() if f"`libertas {name}" in line)
        for act in acts:
            assert re.search(rf"\b{act}\b", rows), f"libertas {name} {act}"


def test_every_decision_has_its_number_and_a_heading_that_says_what_is_so() -> None:
    text = (HOUSE / "docs/decisions.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    numbers = [re.match(r"(\d+)\. \S.*\S$", heading) for heading in headings]
    assert all(numbers), headings
    assert [int(number[1]) for number in numbers if number] == list(range(1, len(headings) + 1))
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        assert "**Costs:**" in part and "**Not chosen:**" in part, part.splitlines()[0]


# -- files -----------------------------------------------------------------------------------------------------------------------


def _test_of(module: Path) -> Path:
    inside = module.relative_to(HOUSE / "service")
    folder, name = inside.parts[0], module.stem
    if str(module.relative_to(HOUSE)) in COVERED_BY:
        return HOUSE / COVERED_BY[str(module.relative_to(HOUSE))]
    if len(inside.parts) == 1:
        return HOUSE / "tests" / f"test_{name}.py"
    if inside.parts[:2] == ("web", "desk"):
        return HOUSE / "tests" / "web" / "test_desk.py"
    if folder in ("proof", "web", "commands"):
        return HOUSE / "tests" / folder / f"test_{name}.py"
    return HOUSE / "tests" / f"test_{folder}.py"


def test_every_module_has_its_test_and_begins_with_a_sentence() -> None:
    for module in SOURCES:
        text = module.read_text(encoding="utf-8")
        if text:
            assert text.startswith('"""') and len(text.splitlines()[0]) > 20, module
        if module.name != "__init__.py" or module.parent.name == "sample":
            assert _test_of(module).is_file(), f"{module.relative_to(HOUSE)} has no {_test_of(module).relative_to(HOUSE)}"


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=HOUSE, capture_output=True, text=True, check=True).stdout
    return [HOUSE / name for name in listed.split("\0") if name and (HOUSE / name).is_file()]


def test_every_line_of_the_log_about_a_fault_wants_a_person() -> None:
    """docs/operations.md: a line with ``"alarm": true`` wants a person; so no error may go without."""
    silent = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("log.error", "log.critical"):
                silent += [] if any(word.arg == "alarm" for word in node.keywords) else [f"{path.name}:{node.lineno}"]
    assert silent == []


def test_lock_files_name_versions_and_digests_but_no_host_to_fetch_from() -> None:
    for lock in ("requirements.lock", "requirements-test.lock"):
        text = (HOUSE / lock).read_text(encoding="utf-8")
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text), lock
        for wanted in re.findall(r"^[a-zA-Z][\w.\-\[\],]*==.*$", text, re.MULTILINE):
            assert wanted.rstrip().endswith("\\"), f"{lock}: {wanted} has no digest"


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    place = re.compile(rb"(?<![\w./$}])/(?:home/[a-z]|Users/[A-Za-z]|work/|root/)")
    for file in _tracked():
        if file.name not in ("test_shape.py", "altcha.min.js") and file.suffix not in (".png", ".ico"):
            found = place.search(file.read_bytes())
            assert not found, f"{file.relative_to(HOUSE)}: {found}"
