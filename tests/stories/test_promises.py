"""The promises that everything else rests on, each with the test of its breaking where that is cheap."""

from __future__ import annotations

import asyncio
import json
import re
from uuid import uuid4

from installation import Installation, state_of
from service import certificates, ledger, petitions, signatures
from service.proof import certificate

LIVING = "select count(*) from signature where state in ('pending', 'held', 'confirmed', 'invalidated')"


async def test_fifty_racing_forms_and_presses_of_one_person_are_one_signature_and_one_count(installation: Installation) -> None:
    proofs = [await installation.proof() for _ in range(50)]
    answers = await asyncio.gather(*(installation.post(altcha=proof) for proof in proofs))
    assert {answer.status_code for answer in answers} == {202}
    await asyncio.gather(*(installation.worker.decide() for _ in range(4)))
    await installation.work()
    assert await installation.owner.fetchval(LIVING) == 1
    assert len(installation.letters("ani@example.org")) == 1
    await installation.pass_seconds(60)
    path = installation.link("ani@example.org")
    pressed = await asyncio.gather(*(installation.press(path) for _ in range(50)))
    assert pressed.count("confirmed") == 1 and set(pressed) == {"confirmed", "already"}
    assert await installation.owner.fetchval("select count(*) from outbox where kind = 'A'") == 1
    assert await installation.seal() == 1


async def test_the_same_key_thirty_two_times_at_once_is_one_row_and_one_answer(installation: Installation) -> None:
    proof = await installation.proof()
    answers = await asyncio.gather(*(installation.post(key="same", altcha=proof) for _ in range(32)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(202, '{"status":"received"}')}
    assert await installation.owner.fetchval("select count(*) from intake") == 1


async def test_a_proof_is_spent_once_and_a_repeat_of_the_stored_form_needs_no_new_one(installation: Installation) -> None:
    proof = await installation.proof()
    assert (await installation.post(key="first", altcha=proof)).status_code == 202
    assert (await installation.post(key="first", altcha=proof)).status_code == 202
    replayed = await installation.post(key="second", altcha=proof, email="levon@example.org")
    assert replayed.status_code == 400 and replayed.json()["errors"][0]["code"] == "proof-replayed"
    missing = await installation.post(altcha="")
    assert missing.status_code == 400 and missing.json()["errors"][0]["code"] == "proof-missing"
    page = await installation.post_form(altcha=proof, email="levon@example.org", name="Levon Sargsyan")
    assert page.status_code == 400 and "Levon Sargsyan" in page.text and "levon@example.org" in page.text
    assert await installation.owner.fetchval("select count(*) from intake") == 1


async def test_everybody_gets_the_same_answer_whoever_the_address_belongs_to(installation: Installation) -> None:
    await installation.confirm("known@example.org")
    await installation.post(email="pending@example.org")
    await installation.work()
    await installation.owner.execute("delete from mail_cap")
    path = installation.link("pending@example.org", "not-me")
    await installation.client.post(path)
    await installation.work()  # pending@ is suppressed now
    seen = set()
    for address in ("new@example.org", "known@example.org", "pending@example.org", "known@example.org"):
        answer = await installation.post(email=address)
        seen.add((answer.status_code, answer.text, tuple(sorted(set(answer.headers) - {"date"}))))
        await installation.work()
    assert len(seen) == 1
    forms = set()
    for address in ("newer@example.org", "known@example.org"):
        answer = await installation.post_form(email=address, altcha=await installation.proof())
        forms.add((answer.status_code, re.sub(r"s=[A-Za-z0-9_-]+", "s=", answer.headers["location"])))
    assert forms == {(303, f"/en/petitions/{installation.slug}/sent?s=")}
    asked = {
        (a.status_code, a.headers["location"])
        for a in [await installation.client.post("/en/manage", data={"email": e}) for e in ("known@example.org", "nobody@example.org")]
    }
    assert asked == {(303, "/en/manage?done=1")}


async def test_one_victim_gets_three_mails_a_day_however_her_address_is_spelled(installation: Installation) -> None:
    for number in range(60):
        dotted = "v.i.c.t.i.m"[: 1 + number % 11] + "v.i.c.t.i.m"[1 + number % 11 :].replace(".", "") + f"+{number}@gmail.com"
        assert (await installation.post(email=dotted, name="Ani")).status_code == 202
        await installation.work()
        await installation.pass_seconds(700, of="mail_cap", column="at")
    sent = await installation.owner.fetchval("select count(*) from mail where state = 'sent' and created_at > now() - interval '1 day'")
    assert sent <= 10, "each moved hour lets one more through, as the caps say"
    for number in range(40):
        await installation.post(email=f"quiet+{number}@gmail.com")
    await installation.work()
    assert len([m for m in installation.mailbox.letters() if "quiet" in str(m.headers)]) == 1, "at once: one in ten minutes"


async def test_nothing_that_was_typed_is_in_the_mail_but_the_address(installation: Installation) -> None:
    await installation.post(name="Buy-cheap Watches", email="target@example.org", role="spamrole", visibility="show", locality="")
    await installation.work()
    (letter,) = installation.letters("target@example.org")
    whole = letter.raw_text + letter.text
    assert "Buy-cheap" not in whole and "Watches" not in whole and "spamrole" not in whole


async def test_looking_confirms_nobody_and_a_hasty_press_is_asked_again(installation: Installation) -> None:
    for number in range(20):
        await installation.post(email=f"signer{number}@example.org")
    await installation.work()
    paths = [installation.link(f"signer{number}@example.org") for number in range(20)]
    for path in paths:
        await installation.client.head(path)
        assert state_of(await installation.client.get(path)) == "ask"
    assert await installation.owner.fetchval("select count(*) from signature where state = 'confirmed'") == 0
    await installation.just_mailed()
    assert await installation.press(paths[0]) == "ask-again"
    assert await installation.press(paths[0]) == "confirmed"
    await installation.pass_seconds(60)
    assert [await installation.press(path) for path in paths[1:]] == ["confirmed"] * 19
    assert await installation.press(paths[3]) == "already"
    assert await installation.seal() == 20
    friend = await installation.client.get(paths[5])
    assert state_of(friend) == "already" and "/manage/" not in re.sub(r'href="/en/manage"', "", friend.text).replace("/en/manage?", "")


async def test_a_token_opens_only_its_own_door(installation: Installation) -> None:
    await installation.confirm("ani@example.org")
    await installation.lift_caps()
    await installation.post(email="levon@example.org")
    await installation.post(email="ani@example.org")
    await installation.work()
    tokens = {
        "confirm": installation.link("levon@example.org", "confirm").rsplit("/", 1)[1],
        "not-me": installation.link("levon@example.org", "not-me").rsplit("/", 1)[1],
        "manage": installation.link("ani@example.org", "manage").rsplit("/", 1)[1],
    }
    for door in tokens:
        for purpose, token in tokens.items():
            answer = await installation.client.get(f"/en/{door}/{token}")
            assert answer.status_code == (200 if door == purpose else 404), (door, purpose)
    for broken in ("x", "a" * 87, tokens["confirm"][:-1], tokens["confirm"] + "A", "%00", "..%2f"):
        for method in ("GET", "POST"):
            assert (await installation.client.request(method, f"/fr/confirm/{broken}")).status_code in (404, 405)


async def test_ani_withdraws_and_may_sign_again(installation: Installation) -> None:
    confirmed = await installation.confirm("ani@example.org")
    assert await installation.seal() == 1
    page = await installation.client.post(confirmed)
    manage = re.search(r"/en/manage/[A-Za-z0-9_.-]{80,}", page.text)
    assert manage
    assert (await installation.client.post(manage[0], data={"act": "withdraw"})).status_code == 303
    assert (await installation.client.post(manage[0], data={"act": "withdraw"})).status_code == 303
    assert await installation.seal() == 0
    await installation.lift_caps()
    await installation.confirm("ani@example.org")
    assert await installation.seal() == 1
    entries = [bytes(row["entry"]) for row in await installation.rows("select entry from entry where log_id <> 'anchor' order by idx")]
    assert [entry[:1] for entry in entries] == [b"T", b"A", b"W", b"A"]


async def test_after_an_erasure_nothing_is_left_of_her_and_the_count_stays_provable(installation: Installation) -> None:
    await installation.confirm("ani@example.org", name="Ani Canary", visibility="show")
    await installation.confirm("levon@example.org")
    assert await installation.seal() == 2
    row = (await installation.rows("select * from signature where visibility = 'show'"))[0]
    secret = signatures.open_blob(installation.keys, row).secret
    await installation.lift_caps()
    await installation.client.post("/en/manage", data={"email": "ani@example.org"})
    await installation.work()
    answer = await installation.client.post(installation.link("ani@example.org", "manage"), data={"act": "erase"})
    assert answer.status_code == 303
    assert await installation.seal() == 1
    tables = [
        r["relname"]
        for r in await installation.rows(
            "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"
        )
    ]
    for table in tables:
        dump = await installation.owner.fetchval(f"select coalesce(string_agg(to_jsonb(t)::text, ' '), '') from {table} t")
        for trace in ("Canary", "ani@example.org", secret.hex(), row["email_index"].hex(), bytes(row["blob"]).hex()):
            assert trace not in dump, (table, trace)
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "A parliament")
    trusted = certificate.Trust.parse(await certificates.trust(installation.pool, installation.keys, installation.settings))
    assert certificate.verify_bundle(bundle.files, trusted).figures["count"] == 1


async def test_confirming_within_a_day_after_the_close_counts_and_later_it_is_closed(installation: Installation) -> None:
    for name in ("early", "late"):
        await installation.post(email=f"{name}@example.org")
    await installation.work()
    await installation.pass_seconds(60)
    await petitions.change(installation.owner, installation.slug, "close")
    await installation.settle()
    refused = await installation.post(email="too@example.org")
    assert refused.status_code == 409 and refused.json()["code"] == "closed"
    assert (await installation.post_form(email="too@example.org", altcha=await installation.proof())).status_code == 409
    assert await installation.press(installation.link("early@example.org")) == "confirmed"
    await installation.owner.execute(
        "update petition set opens_at = opens_at - interval '3 days', closes_at = closes_at - interval '25 hours'"
    )
    assert await installation.press(installation.link("late@example.org")) == "closed"
    await installation.worker.pass_time()
    assert await installation.seal() == 1
    last = await installation.owner.fetchval("select entry from entry where log_id <> 'anchor' order by idx desc limit 1")
    assert bytes(last).startswith(b"Z ")
    assert await installation.owner.fetchval("select count(*) from signature where blob is not null and state <> 'confirmed'") == 0


async def test_a_pause_refuses_and_extends_the_deadline(installation: Installation) -> None:
    before = await installation.owner.fetchval("select closes_at from petition")
    await petitions.change(installation.owner, installation.slug, "pause")
    await installation.settle()
    assert (await installation.post()).json()["code"] == "paused"
    await installation.owner.execute("update petition set paused_at = paused_at - interval '1 hour'")
    await petitions.change(installation.owner, installation.slug, "open")
    after = await installation.owner.fetchval("select closes_at from petition")
    assert 3590 < (after - before).total_seconds() < 3660
    await installation.settle()
    assert (await installation.post()).status_code == 202


async def test_an_edited_text_is_a_new_version_and_the_old_form_comes_back(installation: Installation) -> None:
    await installation.confirm("ani@example.org")
    petition = await petitions.by_slug(installation.owner, installation.slug)
    texts = {lang: petitions.Text(t.title, t.summary, t.statement + "\n\n(2)", t.consent, t.privacy) for lang, t in petition.texts.items()}
    async with installation.owner.acquire() as connection, connection.transaction():
        version, digest = await petitions.publish_text(connection, petition.id, petition.checkpoint.origin, texts)
        await ledger.queue_text(connection, petition.log_id, version, digest)
    await installation.settle()
    assert (await installation.post(email="levon@example.org")).json()["code"] == "text-changed"
    back = await installation.post_form(email="levon@example.org", name="Levon", altcha=await installation.proof())
    assert back.status_code == 409 and 'value="Levon"' in back.text
    await installation.confirm("levon@example.org", text_version=2)
    assert await installation.seal() == 2
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, "A parliament")
    assert json.loads(bundle.files["certificate.json"])["proved"]["by_version"] == {"1": 1, "2": 1}


async def test_without_a_proof_the_page_takes_three_an_hour_and_then_says_so_with_everything_still_typed(
    installation: Installation,
) -> None:
    for number in range(3):
        assert (await installation.post_form(email=f"slow{number}@example.org")).status_code == 303
    full = await installation.post_form(email="slow4@example.org", name="Siranush")
    assert full.status_code == 429 and int(full.headers["retry-after"]) > 0 and "Siranush" in full.text
    await installation.work()
    assert {row["lane"] for row in await installation.rows("select lane from signature")} == {"slow"}


async def test_bad_input_is_refused_with_a_clear_answer_and_never_breaks_anything(installation: Installation) -> None:
    client, address = installation.client, f"{installation.api}/signatures"
    key = {"Idempotency-Key": "k"}
    form = f"/en/petitions/{installation.slug}/sign"
    empty = await client.post(form, data={"text_version": "1", "form_key": "k"})
    assert empty.status_code == 400 and 'href="#email"' in empty.text and 'href="#name"' in empty.text
    for name in ("=SUM(A1)", "+1", "-x", "@x", "https://spam.example", "Ani\0", "a" * 101, "\u202eAni"):
        assert (await installation.post(name=name)).status_code == 400, name
    for email in (
        "ani",
        "ani@",
        "a\r\nBcc: x@example.org",
        "ani@example.org\0",
        "<ani@example.org>",
        "a b@example.org",
        "x" * 300 + "@example.org",
    ):
        assert (await installation.post(email=email)).status_code == 400, email
    answers = [
        await client.post(address, content=b"{", headers={**key, "Content-Type": "application/json"}),
        await client.post(address, content=b"\xff\xfe", headers={**key, "Content-Type": "application/json"}),
        await client.post(address, content=b"{}", headers={**key, "Content-Type": "text/plain"}),
        await client.post(address, content=b"{}" * 20_000, headers={**key, "Content-Type": "application/json"}),
        await client.post(address, content=b"x", headers={**key, "Content-Type": "application/json", "Content-Encoding": "gzip"}),
        await client.post(address, json={**installation.fields(), "surprise": 1}, headers=key),
        await client.post(address, json={**installation.fields(), "consent": "yes"}, headers=key),
        await client.post(address, json=installation.fields()),
        await client.post("/api/v1/petitions/nowhere/signatures", json=installation.fields(), headers=key),
        await client.post(form, content=b"name=a&name=b", headers={"Content-Type": "application/x-www-form-urlencoded"}),
        await client.post(form, content=b"name=%ff", headers={"Content-Type": "application/x-www-form-urlencoded"}),
        await client.post(form, data={"surprise": "1"}),
        await client.get("/api/v1/petitions/%00"),
        await client.get("/en/petitions/../../etc"),
        await client.get(f"/en/petitions/{installation.slug}/sent?s=%00"),
        await client.put(address),
    ]
    assert [answer.status_code for answer in answers] == [400, 400, 415, 413, 415, 400, 400, 400, 404, 400, 400, 400, 404, 404, 303, 405]
    for answer in answers:
        if str(answer.url.path).startswith("/api/"):
            assert answer.headers["content-type"] == "application/problem+json" and answer.json()["status"] == answer.status_code
    assert await installation.owner.fetchval("select count(*) from intake") == 0


async def test_a_form_that_breaks_its_batch_is_set_aside_and_the_others_go_on(installation: Installation) -> None:
    for name in ("ani", "levon", "siranush"):
        await installation.post(email=f"{name}@example.org")
    # One payload is another row's: it cannot be opened where it lies.
    await installation.owner.execute("update intake set payload = payload || '\\x00' where id = (select min(id) from intake)")
    await installation.work()
    assert await installation.owner.fetchval(LIVING) == 2
    assert await installation.owner.fetchval("select count(*) from intake where decided_at is null and attempts = 1") == 1


async def test_the_service_cannot_rewrite_history_and_the_owner_could(installation: Installation) -> None:
    await installation.confirm()
    await installation.seal()
    for table, change in (
        ("entry", "entry = entry"), ("checkpoint", "count = count"), ("checkpoint_note", "note = note"),
        ("text_version", "manifest = manifest"), ("petition_text", "title = title"), ("certificate", "count = count"),
    ):  # fmt: skip
        for statement in (f"update {table} set {change}", f"delete from {table}"):
            try:
                await installation.pool.execute(statement)
            except Exception as refused:
                assert "permission denied" in str(refused)
            else:
                raise AssertionError(statement)
    await installation.owner.execute("update checkpoint set count = count")


async def test_no_log_line_tells_who_signed(installation: Installation, capfd: object, caplog: object) -> None:
    mark = f"canary{uuid4().hex[:8]}"
    await installation.post(email=f"{mark}@example.org", name=f"Ani {mark.translate({ord(d): 'x' for d in '0123456789'})}")
    await installation.work()
    await installation.client.get(f"/en/confirm/{mark}")
    out, err = capfd.readouterr()  # type: ignore[attr-defined]
    assert mark not in out and mark not in err and mark not in caplog.text  # type: ignore[attr-defined]
