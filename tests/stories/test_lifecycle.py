"""A petition's life: open, paused, changed, closed (acceptance scenarios 7, 8, 24–28)."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from installation import Installation, state_of
from service import certificates, db, ledger, petitions


async def close_ago(installation: Installation, hours: float) -> None:
    """The petition's deadline passed ``hours`` ago."""
    await installation.owner.execute(
        "update petition set opens_at = opens_at - interval '90 days', closes_at = now() - make_interval(secs => $1)", hours * 3600
    )
    await installation.settle()


async def two_with_a_link(installation: Installation) -> tuple[str, str]:
    for email in ("ani@example.org", "levon@example.com"):
        assert (await installation.post(email=email)).status_code == 202
    await installation.work()
    await installation.pass_seconds(60)
    return installation.link("ani@example.org"), installation.link("levon@example.com")


async def test_a_confirmation_within_a_day_of_the_close_counts_and_a_later_one_does_not(installation: Installation) -> None:
    ani, levon = await two_with_a_link(installation)
    await close_ago(installation, 23)
    assert await installation.press(ani) == "confirmed"
    assert await installation.seal() == 1
    await close_ago(installation, 25)
    late = await installation.client.post(levon)
    assert (late.status_code, state_of(late)) == (409, "closed")
    await installation.worker.pass_time()
    assert await installation.seal() == 1
    kinds = [bytes(row["entry"])[:1] for row in await installation.rows("select entry from entry where log_id <> 'anchor' order by idx")]
    assert kinds[-1] == b"Z"
    assert await installation.owner.fetchval("select is_closed from log where petition_id is not null")
    assert state_of(await installation.client.post(levon)) == "closed"


async def test_a_form_after_the_close_or_during_a_pause_is_told_so(installation: Installation) -> None:
    await petitions.change(installation.pool, installation.slug, "pause")
    await installation.settle()
    refused = await installation.post()
    assert (refused.status_code, refused.json()["code"]) == (409, "paused")
    page = await installation.post_form(altcha="")
    assert page.status_code == 409
    assert "paus" in page.text, "the page says why there is no form"
    await petitions.change(installation.pool, installation.slug, "open")
    await close_ago(installation, 1)
    refused = await installation.post()
    assert (refused.status_code, refused.json()["code"]) == (409, "closed")
    assert await installation.owner.fetchval("select count(*) from intake") == 0


async def test_a_pause_extends_the_deadline_by_its_length(installation: Installation) -> None:
    await installation.owner.execute("update petition set closes_at = now() + interval '10 days'")
    before = await installation.owner.fetchval("select closes_at from petition")
    await petitions.change(installation.pool, installation.slug, "pause")
    await installation.owner.execute("update petition set paused_at = paused_at - interval '2 days'")
    await petitions.change(installation.pool, installation.slug, "open")
    after = await installation.owner.fetchval("select closes_at from petition")
    assert timedelta(days=2) <= after - before < timedelta(days=2, minutes=1)


async def test_a_text_edit_makes_a_second_version_and_old_signatures_stay_bound_to_the_first(installation: Installation) -> None:
    await installation.confirm("ani@example.org")
    petition = await petitions.by_slug(installation.pool, installation.slug)
    texts = {
        lang: msgspec.structs.replace(text, statement=text.statement + "\n\nOne sentence more.") for lang, text in petition.texts.items()
    }
    origin = await installation.owner.fetchval("select origin from log where petition_id = $1", petition.id)
    async with db.transaction(installation.pool) as connection:
        version, digest = await petitions.publish_text(connection, petition.id, origin, texts)
        await ledger.queue_text(connection, petition.log_id, version, digest)
    assert version == 2
    await installation.settle()
    refused = await installation.post(email="levon@example.com", text_version=1)
    assert (refused.status_code, refused.json()["code"]) == (409, "text-changed")
    back = await installation.post_form(name="Levon Sargsyan", email="levon@example.com", text_version="1")
    assert back.status_code == 409
    assert 'value="Levon Sargsyan"' in back.text
    assert 'name="text_version" value="2"' in back.text
    await installation.confirm("levon@example.com", text_version=2)
    assert await installation.seal() == 2
    bound = await installation.rows("select text_version from signature order by text_version")
    assert [row[0] for row in bound] == [1, 2]
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "The Council")
    proved = msgspec.json.decode(bundle.files["certificate.json"])["proved"]
    assert proved["count"] == 2
    assert "manifest/1.json" in bundle.files
    assert "manifest/2.json" in bundle.files
    await installation.confirm("nare@example.com", text_version=2)
    assert await installation.seal() == 3
    page = f"/en/petitions/{installation.slug}"
    await installation.settle()
    for words in ("Version 1: 1 signature", "Version 2: 2 signatures"):
        assert words in (await installation.client.get(page)).text, words
    # One of them leaves, one is taken out and put back: the page follows, as the certificate's own recount does.
    nare, levon, ani = [r["id"] for r in await installation.rows("select id from signature order by text_version desc, log_index desc")]
    async with db.transaction(installation.pool) as connection:
        await ledger.queue_change(connection, petition.log_id, "W", levon, "signer")
        await ledger.queue_change(connection, petition.log_id, "X", nare, "fraud")
        await ledger.queue_change(connection, petition.log_id, "X", ani, "fraud")
        await ledger.queue_change(connection, petition.log_id, "R", ani)
    await installation.seal()
    await installation.settle()
    shown = await petitions.by_slug(installation.pool, installation.slug)
    tally = (await ledger.recount(installation.pool, petition.log_id)).tally
    assert shown.by_version == dict(tally.by_version) == {1: 1, 2: 0}
    await installation.owner.execute("update standing set n = n + 5 where version = 2")
    assert (await ledger.recount(installation.pool, petition.log_id, repairing=True)).differences
    assert (await ledger.recount(installation.pool, petition.log_id)).differences == []


async def test_the_page_and_the_api_say_what_state_the_petition_is_in(installation: Installation) -> None:
    page = f"/en/petitions/{installation.slug}"
    seen = {}
    for status in ("open", "paused", "closed", "delivered", "archived"):
        await installation.owner.execute("update petition set status = $1, paused_at = case when $1 = 'paused' then now() end", status)
        await installation.settle()
        assert (await installation.client.get(installation.api)).json()["state"] == status
        answer = await installation.client.get(page)
        assert answer.status_code == 200
        assert (f'action="{page}/sign"' in answer.text) == (status == "open"), status
        seen[status] = answer.text
    assert len(set(seen.values())) == 5


async def test_public_json_is_cacheable_and_holds_nothing_personal(installation: Installation) -> None:
    await installation.confirm("canary@public.example", name="Zarquon Vexfield")
    await installation.seal()
    listed, one = await installation.client.get("/api/v1/petitions"), await installation.client.get(installation.api)
    assert listed.json()["petitions"] == [one.json()]
    for answer in (listed, one):
        assert "max-age" in answer.headers["cache-control"]
        assert "Zarquon" not in answer.text
        assert "canary" not in answer.text
        same = await installation.client.get(str(answer.url), headers={"if-none-match": answer.headers["etag"]})
        assert same.status_code == 304


async def test_pages_may_be_kept_and_forms_may_not_and_robots_see_only_the_petition(installation: Installation) -> None:
    ani, _ = await two_with_a_link(installation)
    page = await installation.client.get(f"/en/petitions/{installation.slug}")
    assert "stale-while-revalidate" in page.headers["cache-control"]
    assert "noindex" not in page.text + page.headers.get("x-robots-tag", "")
    for path in (ani, "/en/manage"):
        private = await installation.client.get(path)
        assert "no-store" in private.headers["cache-control"], path
        assert "noindex" in private.text + private.headers.get("x-robots-tag", ""), path
