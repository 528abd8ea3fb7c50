"""The JSON API: every no by its code, public reads for everyone, and one answer whoever an address belongs to."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from bench.topology import free_port
from conftest import Database
from installation import Installation, installed
from service import db
from service.embedded.postgres import APP, OWNER, Postgres


def problem(answer: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].partition(";")[0] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    return body


def faults(answer: httpx2.Response) -> dict[str, str]:
    errors = problem(answer, 400, "invalid")["errors"]
    assert all(set(each) == {"field", "code", "message"} and len(each["message"]) > 3 for each in errors), errors
    return {each["field"]: each["code"] for each in errors}


# -- reading -----------------------------------------------------------------------------------------------------------------


async def test_a_petition_in_public_has_its_count_under_a_checkpoint(installation: Installation) -> None:
    found = (await installation.client.get(installation.api)).json()
    assert set(found) == {
        "slug", "state", "titles", "text_version", "count", "as_of", "goal", "checkpoint", "opens_at", "closes_at", "urls",
    }  # fmt: skip
    assert (found["slug"], found["state"], found["count"]) == (installation.slug, "open", 0)
    assert set(found["titles"]) == set(found["urls"]) == {"fr", "en", "hy"}
    assert len(base64.b64decode(found["checkpoint"]["root"], validate=True)) == 32
    listed = (await installation.client.get("/api/v1/petitions")).json()
    assert listed == {"petitions": [found], "next": None}


async def test_what_did_not_change_is_not_sent_again(installation: Installation) -> None:
    for path in (installation.api, "/api/v1/petitions"):
        first = await installation.client.get(path)
        assert "max-age" in first.headers["cache-control"]
        again = await installation.client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    await installation.confirm()
    await installation.seal()
    moved = await installation.client.get(installation.api, headers={"If-None-Match": first.headers["etag"]})
    assert (moved.status_code, moved.json()["count"]) == (200, 1)
    assert moved.headers["etag"] != first.headers["etag"]


async def test_public_reads_are_open_to_every_site_and_signing_is_not(installation: Installation) -> None:
    origin = {"Origin": "https://partner.example"}
    for path in (installation.api, "/api/v1/petitions", f"{installation.api}/statistics", "/api/v1/challenge", "/api/v1/petitions/none"):
        assert (await installation.client.get(path, headers=origin)).headers["access-control-allow-origin"] == "*", path
    sent = await installation.post()
    assert "access-control-allow-origin" not in sent.headers
    assert "set-cookie" not in sent.headers


async def test_what_is_not_there_is_not_found(installation: Installation) -> None:
    for path in ("/api/v1/petitions/none", "/api/v1/petitions/none/statistics", "/api/v1/challenge?petition=none", "/api/v1/nothing"):
        problem(await installation.client.get(path), 404, "not-found")
    answer = await installation.client.post(
        "/api/v1/petitions/none/signatures", json=installation.fields(), headers={"Idempotency-Key": "k"}
    )
    problem(answer, 404, "not-found")


async def test_another_method_is_refused_and_the_right_one_named(installation: Installation) -> None:
    for method, path in (
        ("PUT", installation.api), ("DELETE", f"{installation.api}/signatures"), ("GET", f"{installation.api}/signatures"),
        ("POST", "/api/v1/petitions"), ("PATCH", "/api/v1/challenge"),
    ):  # fmt: skip
        answer = await installation.client.request(method, path)
        problem(answer, 405, "method-not-allowed")
        assert answer.headers.get("allow"), (method, path)


async def test_head_answers_as_get_without_a_body(installation: Installation) -> None:
    log = (await installation.rows("select id from log where petition_id is not null"))[0]["id"]
    for path in (
        installation.api, "/api/v1/petitions", f"{installation.api}/statistics", "/api/v1/challenge", "/api/openapi.json", "/healthz",
        "/readyz", "/", "/en/", "/en/petitions", f"/en/petitions/{installation.slug}", "/en/verify", "/en/privacy", "/robots.txt",
        "/sitemap.xml", f"/ledger/{log}/checkpoint", f"/ledger/{log}/vkey", "/en/nothing", "/api/v1/petitions/none",
    ):  # fmt: skip
        head, get = await installation.client.head(path), await installation.client.get(path)
        assert (head.status_code, head.content) == (get.status_code, b""), path
        assert head.headers.get("content-type") == get.headers.get("content-type"), path


async def test_statistics_have_their_four_parts_and_no_day_that_is_not_over(installation: Installation) -> None:
    await installation.confirm()
    answer = await installation.client.get(f"{installation.api}/statistics")
    body = answer.json()
    assert set(body) == {"slug", "before", "day", "country", "language", "partner"}
    assert [body[part] for part in ("day", "country", "language", "partner")] == [{}] * 4
    await installation.owner.execute(
        "insert into daily_sum (petition_id, day, kind, key, n) select id, current_date - 1, 'country', 'AM', 27 from petition"
    )
    assert (await installation.client.get(f"{installation.api}/statistics")).json()["country"] == {"AM": 20}


async def test_a_challenge_is_for_one_petition_or_any_and_never_stored_by_a_cache(installation: Installation) -> None:
    for params in ({}, {"petition": installation.slug}):
        answer = await installation.client.get("/api/v1/challenge", params=params)
        assert set(answer.json()) == {"parameters", "signature"}
        assert answer.headers["cache-control"] == "no-store"


async def test_the_description_is_openapi_3_1_and_every_reference_leads_somewhere(installation: Installation) -> None:
    answer = await installation.client.get("/api/openapi.json")
    whole = answer.json()
    assert answer.status_code == 200 and re.fullmatch(r"3\.1\.\d+", whole["openapi"])
    assert answer.headers["access-control-allow-origin"] == "*" and "stale-while-revalidate" in answer.headers["cache-control"]
    assert whole["info"]["title"] and whole["info"]["version"]
    sign = whole["paths"]["/api/v1/petitions/{slug}/signatures"]["post"]
    assert {"202", "400", "404", "409", "413", "415", "429", "503"} <= set(sign["responses"])
    assert {
        "/api/v1/petitions", "/api/v1/petitions/{slug}", "/api/v1/petitions/{slug}/statistics", "/api/v1/challenge",
    } <= set(whole["paths"])  # fmt: skip
    ids = [operation["operationId"] for path in whole["paths"].values() for operation in path.values() if "operationId" in operation]
    assert len(ids) == len(set(ids))
    for reference in re.findall(r'"\$ref":\s*"([^"]*)"', json.dumps(whole)):
        at: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]


# -- signing -----------------------------------------------------------------------------------------------------------------


async def test_everybody_gets_one_answer_whoever_the_address_belongs_to(installation: Installation) -> None:
    await installation.confirm("ani@example.org")
    answers = [await installation.post(email=email) for email in ("ani@example.org", "levon@example.org", "nobody@no-such.example")]
    assert {(a.status_code, a.content) for a in answers} == {(202, b'{"status":"received"}')}
    volatile = {"date", "content-length"}
    assert len({tuple(sorted((n, v) for n, v in a.headers.items() if n not in volatile)) for a in answers}) == 1


async def test_every_fault_is_named_at_once(installation: Installation) -> None:
    answer = await installation.post(
        name="", email="levon", country="ZZ", visibility="all", consent=False, language="de", text_version=0, altcha="x"
    )
    assert list(faults(answer)) == ["name", "email", "country", "visibility", "consent", "text_version", "language"]
    assert await installation.rows("select 1 from intake") == []


async def test_a_proof_is_needed_is_good_once_and_is_checked(installation: Installation) -> None:
    assert faults(await installation.post(altcha="")) == {"altcha": "proof-missing"}
    proof = await installation.proof()
    assert (await installation.post(altcha=proof)).status_code == 202
    assert faults(await installation.post(altcha=proof)) == {"altcha": "proof-replayed"}
    assert "altcha" in faults(await installation.post(altcha="bm90IGEgcHJvb2Y="))


async def test_the_same_key_again_is_received_before_any_proof_is_looked_at(installation: Installation) -> None:
    proof = await installation.proof()
    for altcha in (proof, proof, "", "nonsense"):
        assert (await installation.post(key="same-key", altcha=altcha)).status_code == 202, altcha
    assert len(await installation.rows("select 1 from intake")) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "é".encode().decode("latin-1")])
async def test_a_key_that_is_no_key_is_refused(installation: Installation, key: str) -> None:
    body = installation.fields(altcha=await installation.proof())
    answer = await installation.client.post(f"{installation.api}/signatures", json=body, headers={"Idempotency-Key": key.encode("latin-1")})
    assert faults(answer) == {"form_key": "form-key"}


async def test_without_a_key_there_is_no_signature(installation: Installation) -> None:
    body = installation.fields(altcha=await installation.proof())
    assert faults(await installation.client.post(f"{installation.api}/signatures", json=body)) == {"form_key": "form-key"}


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b'{"name":', "application/json", 400, "invalid"),
        (b"[]", "application/json", 400, "invalid"),
        (b"\xff\xfe", "application/json", 400, "invalid"),
        (b'{"nmae": "Ani"}', "application/json", 400, "invalid"),
        (b'{"consent": "yes"}', "application/json", 400, "invalid"),
        (b"[" * 5_000, "application/json", 400, "invalid"),
        (b"name=Ani", "application/x-www-form-urlencoded", 415, "unsupported"),
        (b"{}", "text/plain", 415, "unsupported"),
        (b'{"name": "' + b"x" * 17_000 + b'"}', "application/json", 413, "too-large"),
    ],
)  # fmt: skip
async def test_what_is_not_such_a_body_is_refused_by_its_code(
    installation: Installation, content: bytes, kind: str, status: int, code: str
) -> None:
    answer = await installation.client.post(
        f"{installation.api}/signatures", content=content, headers={"Content-Type": kind, "Idempotency-Key": "k"}
    )
    problem(answer, status, code)


async def test_a_compressed_body_is_not_unpacked(installation: Installation) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "Idempotency-Key": "k"}
    problem(await installation.client.post(f"{installation.api}/signatures", content=b"x", headers=headers), 415, "unsupported")


async def test_paused_closed_and_changed_are_conflicts_of_their_own(installation: Installation) -> None:
    problem(await installation.post(text_version=2), 409, "text-changed")
    for status, paused, code in (("paused", "now()", "paused"), ("closed", "null", "closed")):
        await installation.owner.execute(f"update petition set status = '{status}', paused_at = {paused}")
        await installation.settle()
        assert (await installation.client.get(installation.api)).json()["state"] == status
        problem(await installation.post(), 409, code)
    assert await installation.rows("select 1 from intake") == []


@pytest.fixture
async def limited(fresh_database: Database, tmp_path: Path) -> AsyncIterator[Installation]:
    async with installed(tmp_path, fresh_database.app_url, fresh_database.url, free_port(), free_port(), client_limits="3/minute") as one:
        yield one


async def test_a_network_that_sends_too_much_is_told_when_to_come_back(limited: Installation) -> None:
    answers = [await limited.post(email=f"signer{n}@example.org") for n in range(4)]
    assert [a.status_code for a in answers] == [202, 202, 202, 429]
    problem(answers[-1], 429, "too-many")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60


async def test_while_the_database_is_away_the_site_says_so_and_comes_back_by_itself(tmp_path: Path) -> None:
    postgres = Postgres(tmp_path / "postgres")
    await postgres.start()
    try:
        connection = await asyncpg.connect(postgres.admin_url)
        await connection.execute(f"create database away owner {OWNER}")
        await connection.close()
        app_url, owner_url = postgres.url_for(APP, "away"), postgres.url_for(OWNER, "away")
        await db.migrate(owner_url)
        async with installed(tmp_path, app_url, owner_url, free_port(), free_port()) as one:
            assert (await one.client.get("/readyz")).status_code == 200
            proof, key = await one.proof(), secrets.token_urlsafe(9)
            await postgres.stop()
            ready = await one.client.get("/readyz")
            assert (ready.status_code, (await one.client.get("/healthz")).status_code) == (503, 200)
            assert (await one.client.get(one.api)).status_code == 200, "reading goes on"
            answer = await one.post(altcha=proof, key=key)
            problem(answer, 503, "busy")
            assert int(answer.headers["retry-after"]) >= 1
            await postgres.start()
            assert (await one.client.get("/readyz")).status_code == 200
            assert (await one.post(altcha=proof, key=key)).status_code == 202, "nothing was stored, so the same may be sent again"
    finally:
        await postgres.stop()
