"""Who may ask from elsewhere: listed sites with JSON and without credentials, and nobody with our own forms."""

from __future__ import annotations

import re
from typing import Any

import pytest

from installation import Installation

LISTED = "http://localhost:4321"
OTHERS = ("https://evil.example", "http://localhost.evil.example", "null", "http://127.0.0.1:4321")


def allowed(answer: Any) -> str:
    assert "access-control-allow-credentials" not in answer.headers
    return str(answer.headers.get("access-control-allow-origin", ""))


async def test_a_listed_site_may_sign_with_json_and_nobody_else_may(installation: Installation) -> None:
    path = f"{installation.api}/signatures"
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,idempotency-key"}
    yes = await installation.client.options(path, headers={"Origin": LISTED, **asks})
    assert (yes.status_code, allowed(yes), yes.headers["access-control-allow-methods"]) == (204, LISTED, "POST")
    assert {"content-type", "idempotency-key"} <= set(yes.headers["access-control-allow-headers"].lower().split(", "))
    for origin in OTHERS:
        no = await installation.client.options(path, headers={"Origin": origin, **asks})
        assert (allowed(no), no.headers["vary"]) == ("", "Origin, Access-Control-Request-Method"), origin
    for number, (origin, wanted) in enumerate(((LISTED, LISTED), *((other, "") for other in OTHERS))):
        body = installation.fields(email=f"signer{number}@example.org", altcha=await installation.proof())
        answer = await installation.client.post(path, json=body, headers={"Origin": origin, "Idempotency-Key": f"k{number}"})
        assert (answer.status_code, allowed(answer)) == (202, wanted), origin
        bad = await installation.client.post(path, json={}, headers={"Origin": origin, "Idempotency-Key": "k"})
        assert (bad.status_code, allowed(bad)) == (400, wanted), "a listed page can read what is wrong"
    await installation.work()
    rows = await installation.rows("select partner, count(*) as n from signature group by partner")
    assert {row["partner"]: row["n"] for row in rows} == {"sample-partner": 1, "": 4}, "the site that signs is credited"


async def test_public_reads_are_everybodys_and_nothing_else_is(installation: Installation) -> None:
    reads = {"Origin": "https://any.example", "Access-Control-Request-Method": "GET"}
    for path in (installation.api, "/api/v1/petitions", "/api/v1/cases", "/api/v1/challenge"):
        assert allowed(await installation.client.options(path, headers=reads)) == "*"
        assert allowed(await installation.client.get(path, headers={"Origin": "https://any.example"})) == "*"
    for method in ("PUT", "DELETE", "PATCH"):
        asks = {"Origin": LISTED, "Access-Control-Request-Method": method}
        assert allowed(await installation.client.options(f"{installation.api}/signatures", headers=asks)) == ""
    assert allowed(await installation.client.get("/api/v1/partner/news", headers={"Origin": LISTED})) in ("", "*"), "without a key: no"


KINDS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain", "application/json")


@pytest.mark.parametrize("kind", KINDS)
async def test_no_form_of_ours_is_taken_from_a_page_of_another_site(installation: Installation, kind: str) -> None:
    """Over the router's own table: every route that changes something, by every content type that a page can send."""
    from service.app import create
    from service.settings import load

    door: Any = create(load({}, base_url="http://localhost:1"))
    while not hasattr(door, "routes"):
        door = getattr(door, "_inner", None) or door._app
    values = {"lang": "en", "slug": installation.slug, "token": "x"}
    seen = 0
    for route in door.routes:
        if "POST" not in getattr(route, "methods", ()) or route.path_format.startswith(("/api/", "/desk", "/ledger")):
            continue
        seen += 1
        path = re.sub(r"\{(\w+):?\w*\}", lambda found: values.get(found[1], "x"), route.path_format)
        for headers in (
            {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null", "Sec-Fetch-Site": "same-site"},
        ):  # fmt: skip
            answer = await installation.client.post(path, content=b"a=b", headers={"Content-Type": kind, **headers})
            assert answer.status_code == 403, (path, headers)
        ours = await installation.client.post(path, content=b"", headers={"Origin": installation.settings.base_url, "Content-Type": kind})
        assert ours.status_code != 403, path
    assert seen > 8, "control: there were forms"
    assert await installation.rows("select 1 from intake") == []
