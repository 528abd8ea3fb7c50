"""The description of the API is true: whatever somebody makes of it, the answer is one that it names.

``make torture`` runs the long version: 10,000 cases.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

from installation import Installation
from service import partners

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"
    "unsupported_method,allow_header_conformance"
)


@pytest.mark.parametrize("cases", [300, pytest.param(10_000, marks=pytest.mark.torture)])
async def test_no_answer_is_a_fault_and_none_is_undocumented(installation: Installation, tmp_path: Path, cases: int) -> None:
    key = await partners.new_key(installation.pool, (await partners.get(installation.pool, "sample-partner"))["id"])
    await partners.set_quota(installation.pool, (await partners.get(installation.pool, "sample-partner"))["id"], 1_000_000)
    description = (await installation.client.get("/api/openapi.json")).json()
    operations = sum(1 for path in description["paths"].values() for _ in path)
    # Operations without parameters end after a few cases: the others get what they leave over.
    each = cases // operations * (2 if cases > 1_000 else 1)
    child = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{installation.settings.base_url}/api/openapi.json",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(each), "--checks", CHECKS, "--continue-on-failure", "--seed", "7",
        "--header", f"Authorization: Bearer {key}", "--warnings", "off", "--no-color",
        "--request-timeout", "60",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_PROXY": "*"},
    )  # fmt: skip
    said = (await child.communicate())[0].decode()
    ran = re.search(r"(\d+) generated", said.replace(",", ""))
    assert child.returncode == 0, said[-6000:]
    assert ran and int(ran[1]) >= (10_000 if cases > 1_000 else 100), f"control: cases ran\n{said[-600:]}"


async def test_what_can_be_held_by_its_etag_says_so_and_every_operation_tells_its_refusals(installation: Installation) -> None:
    """Beside what a generator finds: no answer of 304, 404 or 503 is left to be guessed."""
    paths = (await installation.client.get("/api/openapi.json")).json()["paths"]
    case = (await installation.client.get("/api/v1/cases")).json()["cases"][0]["slug"]
    for path, acts in paths.items():
        if "get" not in acts or "{" in path.replace("{slug}", ""):
            continue
        slug = case if "/cases/" in path else installation.slug
        told = acts["get"]["responses"]
        answer = await installation.client.get(path.replace("{slug}", slug))
        assert str(answer.status_code) in told, path
        if tag := answer.headers.get("etag"):
            again = await installation.client.get(path.replace("{slug}", slug), headers={"If-None-Match": tag})
            assert again.status_code == 304 and "304" in told, path
        if "{slug}" in path:
            assert (await installation.client.get(path.replace("{slug}", "none"))).status_code == 404 and "404" in told, path
