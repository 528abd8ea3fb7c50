"""The prisoners' pages and JSON, over HTTP."""

from __future__ import annotations

import asyncio
from datetime import date

from installation import Installation
from service import cases, db, sponsors
from service.cases import Event


async def settle(installation: Installation) -> None:
    """Until the web process has seen the register's newest state."""
    number = await installation.owner.fetchval("select n from register_stamp")
    for _ in range(1_200):
        if (await installation.client.get("/api/v1/cases")).headers.get("x-register") == str(number):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the web process did not see it")


async def shown(installation: Installation, path: str, words: str) -> str:
    """The page, as soon as it holds ``words``: a petition's page stands ready in front of the program and is made a moment later."""
    for _ in range(1_200):
        if words in (text := (await installation.client.get(path)).text):
            return text
        await asyncio.sleep(0.05)
    raise AssertionError(f"{words} never came to {path}")


async def test_the_json_holds_cases_numbers_and_coverage_and_nothing_private(installation: Installation) -> None:
    answer = await installation.client.get("/api/v1/cases")
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    body = answer.json()
    assert {case["slug"] for case in body["cases"]} >= {"sample-person-a", "sample-person-h"}
    assert all(case["is_sample"] for case in body["cases"])
    group = body["numbers"]["prisoners"]
    assert group["held"] < group["first"]
    assert group["source_url"].startswith("https://")
    assert group["as_of"]
    assert body["coverage"]["sponsored"] > 0
    again = await installation.client.get("/api/v1/cases", headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304
    one = await installation.client.get("/api/v1/cases/sample-person-a")
    assert one.json() == next(case for case in body["cases"] if case["slug"] == "sample-person-a")
    assert (await installation.client.get("/api/v1/cases/nobody")).status_code == 404


async def test_a_release_entered_once_is_everywhere(installation: Installation) -> None:
    before = (await installation.client.get("/api/v1/cases")).json()["numbers"]["prisoners"]
    case_id = await installation.owner.fetchval("select id from case_file where slug = 'sample-person-a'")
    released = Event(
        kind="released", on=date(2026, 1, 14), as_of=date(2026, 1, 15),
        source={"en": "Source"}, source_url="https://example.org/released",
    )  # fmt: skip
    async with db.transaction(installation.pool) as connection:
        await sponsors.record(connection, case_id, released)
    await settle(installation)
    body = (await installation.client.get("/api/v1/cases")).json()
    after = body["numbers"]["prisoners"]
    assert (after["held"], after["released"]) == (before["held"] - 1, before["released"] + 1)
    assert (after["as_of"], after["source_url"]) == ("2026-01-15", "https://example.org/released")
    case = next(case for case in body["cases"] if case["slug"] == "sample-person-a")
    assert (case["status"], case["held"], case["until"]) == ("released", False, "2026-01-14")
    listed = (await installation.client.get("/api/v1/sponsors")).json()["sponsors"]
    states = [one["state"] for sponsor in listed for one in sponsor["sponsorships"] if one["case"] == "sample-person-a"]
    assert states == ["fulfilled"]


async def test_the_json_is_described(installation: Installation) -> None:
    described = (await installation.client.get("/api/openapi.json")).json()
    for path in ("/api/v1/cases", "/api/v1/cases/{slug}", "/api/v1/sponsors"):
        assert path in described["paths"], path


async def test_a_renamed_case_is_found_under_its_old_address(installation: Installation) -> None:
    case_id = await installation.owner.fetchval("select id from case_file where slug = 'sample-person-a'")
    async with db.transaction(installation.pool) as connection:
        await cases.rename(connection, case_id, "sample-person-one")
    await settle(installation)
    assert (await installation.client.get("/api/v1/cases/sample-person-a")).json()["slug"] == "sample-person-one"
