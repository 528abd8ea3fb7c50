"""What a partner's key opens: its own numbers and its own list, within its quota, and nothing of anybody else's."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import httpx2
from bs4 import BeautifulSoup

from installation import Installation
from service import partners
from service.identity import offline

PARTNER = "sample-partner"


async def a_key(house: Installation, slug: str = PARTNER) -> str:
    return await partners.new_key(house.pool, (await partners.get(house.pool, slug))["id"])


async def _sums(house: Installation, n: int, days_ago: int = 3) -> None:
    await house.owner.execute(
        "insert into daily_sum (petition_id, day, kind, key, n) select id, current_date - $2::integer, 'partner', $3, $1 from petition",
        n, days_ago, PARTNER,
    )  # fmt: skip


async def _night_passes(house: Installation) -> None:
    """A day later: what was confirmed is settled, added up, and shown. (Late in the evening it is tomorrow already where petitions are at home.)"""
    await house.owner.execute(
        "update signature set operational_until = operational_until - interval '25 hours', day = current_date - 1 where state = 'confirmed'"
    )
    await house.worker.pass_time()


async def test_the_partners_numbers_show_one_more_the_day_after_a_stranger_signed_through_its_page(installation: Installation) -> None:
    await _sums(installation, 19)
    key = await a_key(installation)
    bearer = {"Authorization": f"Bearer {key}"}
    before = (await installation.client.get("/api/v1/partner/statistics", headers=bearer)).json()
    assert before["petitions"] == [{"petition": installation.slug, "total": 10, "days": before["petitions"][0]["days"]}]
    await installation.confirm(partner=PARTNER)
    assert (await installation.client.get("/api/v1/partner/statistics", headers=bearer)).json() == before, "not on the same day"
    await _night_passes(installation)
    after = (await installation.client.get("/api/v1/partner/statistics", headers=bearer)).json()
    assert after["petitions"][0]["total"] == 20 == sum(after["petitions"][0]["days"].values())
    page = await installation.client.post("/fr/partners", data={"key": key})
    assert page.status_code == 200 and page.headers["cache-control"] == "no-store" and "set-cookie" not in page.headers
    assert BeautifulSoup(page.text, "html.parser").select_one("[data-total]").text == "20"  # type: ignore[union-attr]
    assert key not in page.text


async def test_without_a_key_that_works_nothing_is_said(installation: Installation) -> None:
    for headers in ({}, {"Authorization": "Bearer lp_" + "A" * 43}, {"Authorization": "Basic x"}):
        for path in ("statistics", "news"):
            answer = await installation.client.get(f"/api/v1/partner/{path}", headers=headers)
            assert (answer.status_code, answer.json()["code"], answer.headers["www-authenticate"]) == (401, "key-needed", "Bearer")
    for key in ("", "lp_" + "A" * 43, "x" * 80, "\0"):
        answer = await installation.client.post("/hy/partners", data={"key": key})
        assert answer.status_code == 400 and 'id="summary"' in answer.text
    assert (await installation.client.get("/en/partners")).status_code == 200


async def test_a_quota_is_counted_by_key_and_says_when_to_come_back(installation: Installation) -> None:
    partner = await partners.get(installation.pool, PARTNER)
    await partners.set_quota(installation.pool, partner["id"], 3)
    bearer = {"Authorization": f"Bearer {await a_key(installation)}"}
    statuses = [(await installation.client.get("/api/v1/partner/statistics", headers=bearer)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    other = {"Authorization": f"Bearer {await a_key(installation)}"}
    again = await installation.client.get("/api/v1/partner/news", headers=other)
    assert again.status_code == 429 and 1 <= int(again.headers["retry-after"]) <= 3600, "two keys of one partner share its quota"
    page = await installation.client.post("/en/partners", data={"key": other["Authorization"].removeprefix("Bearer ")})
    assert page.status_code == 429


async def test_a_partners_server_signs_with_its_key_and_quota(installation: Installation) -> None:
    key = await a_key(installation)

    async def post(email: str, authorization: str) -> httpx2.Response:
        body = installation.fields(email=email, altcha=await installation.proof())
        headers = {"Idempotency-Key": email.partition("@")[0], "Authorization": authorization}
        return await installation.client.post(f"{installation.api}/signatures", json=body, headers=headers)

    assert (await post("ani@example.org", f"Bearer {key}")).status_code == 202
    wrong = await post("levon@example.org", "Bearer lp_nonsense")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "key-needed")
    await installation.work()
    assert [tuple(row) for row in await installation.rows("select partner, prefix from signature")] == [(PARTNER, None)]


async def test_an_unknown_partner_is_not_credited_and_its_box_is_not_ticked(installation: Installation) -> None:
    await installation.confirm("ani@example.org", partner="nobody", partner_news=True)
    await installation.confirm("levon@example.org", partner=PARTNER, partner_news=True)
    assert sorted(row["partner"] for row in await installation.rows("select partner from signature")) == ["", PARTNER]
    assert await installation.rows("select 1 from partner_optin") == [], "the sample partner has no list"


async def _list(house: Installation) -> offline.Private:
    mine = offline.Private.generate("partner")
    await partners.set_list(
        house.pool, (await partners.get(house.pool, PARTNER))["id"], mine.public.encode(), {"fr": "Je veux ses nouvelles."}
    )
    await house.settle()
    return mine


async def test_a_yes_is_sealed_to_its_partner_in_the_commit_of_the_confirmation(installation: Installation) -> None:
    mine = await _list(installation)
    page = BeautifulSoup((await installation.client.get(f"/fr/petitions/{installation.slug}?partner={PARTNER}")).text, "html.parser")
    assert page.select_one("label[for=partner_news]").text == "Je veux ses nouvelles."  # type: ignore[union-attr]
    await installation.confirm("ani@example.org", partner=PARTNER, partner_news=True)
    await installation.confirm("levon@example.org", partner=PARTNER)
    (row,) = await installation.rows("select id, petition_id, sealed, day from partner_optin")
    assert b"ani" not in row["sealed"]
    opened = json.loads(offline.open_box(mine, row["petition_id"], row["id"], partners.FIELD, row["sealed"]))
    assert (opened["email"], opened["name"]) == ("ani@example.org", "Ani Petrosyan")
    key = {"Authorization": f"Bearer {await a_key(installation)}"}
    today = await installation.client.get("/api/v1/partner/news", headers=key)
    assert today.json() == {"news": [], "next": ""}, "past days only"
    await installation.owner.execute("update partner_optin set day = day - 1")
    told = (await installation.client.get("/api/v1/partner/news", headers=key)).json()
    (one,) = told["news"]
    assert base64.b64decode(one["sealed"]) == row["sealed"] and one["key"] == mine.public.fingerprint
    rest = await installation.client.get("/api/v1/partner/news", params={"after": told["next"]}, headers=key)
    assert rest.json() == {"news": [], "next": told["next"]}
    for wrong in ("x", "2026-01-01", "2026-01-01_xyz", told["next"] + "0"):
        assert (await installation.client.get("/api/v1/partner/news", params={"after": wrong}, headers=key)).status_code == 400, wrong


async def test_when_the_yes_cannot_be_stored_nothing_is_confirmed(installation: Installation) -> None:
    """The broken promise: a fault at the list must take the confirmation with it, so that pressing again is safe."""
    await _list(installation)
    assert (await installation.post(partner=PARTNER, partner_news=True)).status_code == 202
    await installation.work()
    await installation.pass_seconds(60)
    link = installation.link("ani@example.org")
    await installation.owner.execute("alter table partner_optin add constraint broken check (false) not valid")
    assert (await installation.client.post(link)).status_code == 500
    assert [row["state"] for row in await installation.rows("select state from signature")] == ["pending"]
    await installation.owner.execute("alter table partner_optin drop constraint broken")
    assert await installation.press(link) == "confirmed"
    assert len(await installation.rows("select 1 from partner_optin")) == 1


async def test_a_withdrawal_takes_the_yes_back_and_after_ninety_days_it_is_gone(installation: Installation) -> None:
    from test_webhooks import installation_manage

    await _list(installation)
    await installation.confirm(partner=PARTNER, partner_news=True)
    await installation.client.post(installation_manage(installation), data={"act": "erase", "sure": "yes"})
    (row,) = await installation.rows("select sealed, signature_id, withdrawn_at from partner_optin")
    assert row["sealed"] is None and row["signature_id"] is None and row["withdrawn_at"] is not None
    await partners.forget(installation.pool, now=datetime.now(UTC) + timedelta(days=89))
    assert len(await installation.rows("select 1 from partner_optin")) == 1
    await partners.forget(installation.pool, now=datetime.now(UTC) + timedelta(days=92))
    assert await installation.rows("select 1 from partner_optin") == []


async def test_one_partner_reads_nothing_of_anothers(installation: Installation) -> None:
    await _list(installation)
    await installation.confirm(partner=PARTNER, partner_news=True)
    await installation.owner.execute("update partner_optin set day = day - 1")
    await _sums(installation, 50)
    await partners.add(installation.pool, "hyestart", "Hyestart")
    bearer = {"Authorization": f"Bearer {await a_key(installation, 'hyestart')}"}
    assert (await installation.client.get("/api/v1/partner/news", headers=bearer)).json()["news"] == []
    assert (await installation.client.get("/api/v1/partner/statistics", headers=bearer)).json()["petitions"] == []
