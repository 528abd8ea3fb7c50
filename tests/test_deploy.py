"""The deployment files say what the documents promise. No container engine is at hand here: the composition is held against the
Compose specification's own schema (tests/compose, Apache-2.0), and the same topology runs in tests/crash/test_topology.py."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from service import __main__ as libertas
from service import settings
from service.web.desk.frame import FILE_LIMIT

HOUSE = Path(__file__).parent.parent
WHOLE: dict[str, Any] = yaml.safe_load((HOUSE / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = WHOLE["services"]
OURS = ("keys", "migrate", "web", "worker")


def _faults(whole: dict[str, Any]) -> list[str]:
    schema = json.loads((HOUSE / "tests/compose/compose-spec.json").read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    return [error.message for error in kind(schema).iter_errors(whole)]


def test_the_composition_keeps_the_specification_and_a_wrong_one_would_be_found() -> None:
    assert _faults(WHOLE) == []
    wrong = json.loads(json.dumps(WHOLE))
    wrong["services"]["web"]["helthcheck"] = {}
    assert _faults(wrong)


def test_the_database_keeps_its_data_where_the_image_wants_it_and_is_reached_from_inside_only() -> None:
    db = SERVICES["db"]
    assert db["image"] == "postgres:18"
    assert "db:/var/lib/postgresql" in db["volumes"] and "ports" not in db
    assert WHOLE["networks"]["inside"]["internal"] is True and db["networks"] == ["inside"]


def test_no_process_of_ours_is_root_or_may_write_where_it_need_not() -> None:
    dockerfile = (HOUSE / "deploy/Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^USER (\d+):\d+$", dockerfile, re.MULTILINE)[1] != "0"  # type: ignore[index]
    for name in (*OURS, "mail", "proxy"):
        service = SERVICES[name]
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    for made in re.findall(r"(?<=\s)/(?:keys|data)\b", dockerfile):
        assert made in ("/keys", "/data")


def test_whoever_runs_for_long_has_a_health_check_or_needs_none() -> None:
    for name, service in SERVICES.items():
        if service.get("restart") == "unless-stopped" and name != "worker":  # a worker that dies is started again, and has no port
            assert service["healthcheck"]["test"], name


def test_secrets_are_files_and_no_password_stands_in_the_composition() -> None:
    text = (HOUSE / "docker-compose.yml").read_text(encoding="utf-8")
    assert set(WHOLE["secrets"]) == {"admin_password", "owner_password", "app_password", "database_url", "migrate_url"}
    assert not re.search(r"postgresql://|PASSWORD:(?!.*FILE)", text)
    for name in OURS[1:]:
        assert "/run/secrets/database_url" in SERVICES[name]["environment"]["LIBERTAS_DATABASE_URL_FILE"], name
    assert "migrate_url" not in SERVICES["web"]["secrets"] + SERVICES["worker"]["secrets"], "the owner's role only migrates"


@pytest.mark.parametrize("name", OURS)
def test_every_setting_and_command_of_the_composition_exists(name: str) -> None:
    known = set(settings.names())
    for key in SERVICES[name].get("environment", {}):
        assert key in known or key.removesuffix("_FILE") in known, key
    libertas.parser().parse_args(SERVICES[name]["command"])


def test_a_receipt_of_the_size_that_the_desk_takes_passes_the_shipped_proxies() -> None:
    caddy, nginx = [(HOUSE / "deploy" / name).read_text(encoding="utf-8") for name in ("Caddyfile", "nginx.conf")]
    for text, at_the_desk in (
        (caddy, r"@desk path /desk/\*\n.*request_body @desk \{\s+max_size (\d+)MB"),
        (nginx, r"location /desk/ \{\s+client_max_body_size (\d+)m;"),
    ):
        found = re.search(at_the_desk, text, re.DOTALL)
        assert found is not None and int(found[1]) * 1_000_000 > FILE_LIMIT
    assert "request_body @others {\n\t\tmax_size 1MB" in caddy and "\nclient_max_body_size 1m;" in nginx, "elsewhere nothing is that large"


def test_the_shipped_proxy_compresses_public_pages_and_none_that_answers_to_one_person_only() -> None:
    caddy = (HOUSE / "deploy/Caddyfile").read_text(encoding="utf-8")
    assert "encode @open" in caddy, "docs/embedding.md: the widget travels compressed"
    kept_out = re.search(r"@open \{\s+method GET\s+not path (.+)\n", caddy)
    assert kept_out is not None
    private = ("/desk", "/desk/people", "/fr/confirm/x", "/en/manage/x", "/hy/not-me/x", "/fr/unsubscribe/x", "/fr/petitions/free/sent")
    assert [path for path in private if not any(fnmatch(path, rule) for rule in kept_out[1].split())] == []
    public = ("/widget.js", "/static/1/style.css", "/fr/petitions/free", "/api/v1/petitions", "/embed/free/fr.json")
    assert [path for path in public if any(fnmatch(path, rule) for rule in kept_out[1].split())] == []


def test_the_image_has_every_template_compiled_since_nothing_can_be_kept_there(tmp_path: Path) -> None:
    dockerfile = (HOUSE / "deploy/Dockerfile").read_text(encoding="utf-8")
    compiling = re.search(r'/venv/bin/python -c "(.+)"$', dockerfile, re.MULTILINE)
    assert compiling is not None
    for part in ("service", "sql", "emails"):
        shutil.copytree(HOUSE / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("PYTHON", "LIBERTAS_"))}

    def kept() -> dict[str, int]:
        return {path.name: path.stat().st_mtime_ns for path in (tmp_path / "service/web/__pycache__").glob("*.jinja")}

    for _ in range(2):
        before = kept()
        subprocess.run([sys.executable, "-P", "-c", compiling[1]], check=True, cwd=tmp_path, env={**clean, "PYTHONPATH": str(tmp_path)})
    assert len(before) == len([*(HOUSE / "service/web/templates").rglob("*.html")]) and kept() == before, "the second start reads them"


def test_what_was_signed_is_remembered_by_a_volume_that_outlives_the_worker() -> None:
    worker = SERVICES["worker"]
    folder = worker["environment"]["LIBERTAS_DATA_DIR"]
    assert any(volume.endswith(f":{folder}") for volume in worker["volumes"])


def test_the_script_makes_every_secret_once(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    script = tmp_path / "secrets.sh"
    script.write_text((HOUSE / "deploy/secrets.sh").read_text(encoding="utf-8"), encoding="utf-8")

    def made() -> dict[str, str]:
        subprocess.run(["sh", str(script)], check=True, timeout=150)
        return {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}

    first = made()
    assert set(first) == set(WHOLE["secrets"])
    assert made() == first, "existing ones stay"
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert first["app_password"] in first["database_url"] and first["owner_password"] in first["migrate_url"]
    assert len({first["admin_password"], first["owner_password"], first["app_password"]}) == 3
