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


@pytest.mark.parametrize("cases", [pytest.param(300, marks=pytest.mark.timeout(180)), pytest.param(10_000, marks=pytest.mark.torture)])
async def test_no_answer_is_a_fault_and_none_is_undocumented(installation: Installation, tmp_path: Path, cases: int) -> None:
    key = await partners.new_key(installation.pool, (await partners.get(installation.pool, "sample-partner"))["id"])
    await partners.set_quota(installation.pool, (await partners.get(installation.pool, "sample-partner"))["id"], 1_000_000)
    description = (await installation.client.get("/api/openapi.json")).json()
    operations = sum(1 for path in description["paths"].values() for _ in path)
    each = max(5, cases // operations)
    child = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{installation.settings.base_url}/api/openapi.json",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(each), "--checks", CHECKS, "--continue-on-failure", "--seed", "7",
        "--header", f"Authorization: Bearer {key}", "--warnings", "off", "--no-color",
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_PROXY": "*"},
    )  # fmt: skip
    said = (await child.communicate())[0].decode()
    ran = re.search(r"(\d+) generated", said.replace(",", ""))
    assert child.returncode == 0, said[-6000:]
    assert ran and int(ran[1]) >= min(cases, 100), f"control: cases ran\n{said[-600:]}"
