"""What people try who do not want to sign: nobody is bombed with mail, nothing breaks (acceptance scenarios 17–20)."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import secrets
from pathlib import Path

import pytest

from bench.topology import free_port
from conftest import Database
from installation import Installation, installed


async def test_a_client_over_its_limit_is_told_when_to_try_again(fresh_database: Database, tmp_path: Path) -> None:
    async with installed(
        tmp_path, fresh_database.app_url, fresh_database.url, free_port(), free_port(), client_limits="2/minute"
    ) as installation:
        answers = [await installation.post(email=f"ani{n}@example.org") for n in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert int(answers[2].headers["retry-after"]) > 0


async def test_three_hundred_forms_for_one_victim_over_aliases_send_at_most_three_mails(installation: Installation) -> None:
    for start in range(0, 300, 50):
        forms = [installation.post(email=f"{'vic.tim' if n % 2 else 'victim'}+{n}@gmail.com") for n in range(start, start + 50)]
        assert {answer.status_code for answer in await asyncio.gather(*forms)} == {202}
        await installation.work()
        await installation.pass_seconds(660, of="mail_cap", column="at")
    assert 1 <= len(installation.mailbox) <= 3
    assert await installation.owner.fetchval("select count(*) from signature") == 1


async def test_without_memory_of_mails_the_victim_would_get_more(installation: Installation) -> None:
    for n in range(5):
        assert (await installation.post(email=f"victim+{n}@gmail.com")).status_code == 202
        await installation.work()
        await installation.lift_caps()
    assert len(installation.mailbox) > 3, "control: it is the caps that protect"


async def test_a_mail_says_nothing_that_its_submitter_typed_but_the_address(installation: Installation) -> None:
    typed = {"name": "Zarquon Vexfield", "role": "mayor of Qwyxburgh", "locality": "Plughville", "partner": "xyzzyfoo"}
    assert (await installation.post(email="victim@example.org", visibility="show", **typed)).status_code == 202
    await installation.work()
    letter = installation.letters("victim@example.org")[0]
    whole = (letter.subject + letter.text + letter.html + letter.raw_text).lower()
    # "mayor of" could stand in any text of ours: what counts are pieces that nobody but the submitter would write
    for word in ("zarquon", "vexfield", "qwyxburgh", "plughville", "xyzzyfoo"):
        for at in range(len(word) - 3):
            piece = word[at : at + 4]
            assert not re.search(rf"{piece}", re.sub(r"https?://\S+", "", whole)), piece


async def test_broken_bodies_ids_and_encodings_are_refused_and_never_an_error_of_ours(installation: Installation) -> None:
    client, url, page = installation.client, f"{installation.api}/signatures", f"/en/petitions/{installation.slug}"
    headers = {"idempotency-key": "k", "content-type": "application/json"}
    for body in (b"", b"\0", b"\xff\xfe", b"{", b"[]", b"null", b"[" * 5000, b'{"name":"\\ud800"}', b'{"nobody":1}', b'{"name":1}'):
        assert (await client.post(url, content=body, headers=headers)).status_code == 400, body[:20]
    for name in ("A\0ni", "Ani\u202e", "x\u0301\u0301\u0301\u0301"):
        assert (await installation.post(name=name)).status_code == 400
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x", ""):
        assert (await client.post(url, content=b"{}", headers={**headers, "content-type": kind})).status_code == 415, kind
    assert (await client.post(url, content=b'{"name":"' + b"a" * 17_000 + b'"}', headers=headers)).status_code == 413
    packed = gzip.compress(json.dumps(installation.fields()).encode())
    assert (await client.post(url, content=packed, headers={**headers, "content-encoding": "gzip"})).status_code == 415
    form = {"content-type": "application/x-www-form-urlencoded"}
    for content in (b"name=%00", b"name=%ff", b"\xff", b"nobody=1", b"name=a&name=b", b"=&=&", b"&" * 100):
        assert (await client.post(f"{page}/sign", content=content, headers=form)).status_code == 400, content
    for key in ("", "x" * 65, "a b", "é".encode()):
        refused = await client.post(url, json=installation.fields(), headers={"idempotency-key": key})
        assert refused.status_code == 400, key
    for path in (
        "/en/petitions/%00", "/en/petitions/%ff", "/xx/petitions", f"{page}/sent?s=%00", f"{page}/signers?after=%00",
        "/api/v1/petitions/%00", "/api/v1/petitions/nobody", "/api/v1/challenge?petition=%00", "/ledger/%00/checkpoint",
        "/ledger/nobody/tile/0/99999999999999999999", f"/petitions/{installation.slug}/certificates/%00/bundle.zip", "/en/not-me/%00",
    ):  # fmt: skip
        assert (await client.get(path)).status_code < 500, path


async def test_a_form_without_proof_takes_the_slow_lane_three_times_an_hour(installation: Installation) -> None:
    for n in range(3):
        assert (await installation.post_form(email=f"ani{n}@example.org")).status_code == 303
    late = await installation.post_form(name="Levon Sargsyan", email="levon@example.org")
    assert late.status_code == 429
    assert int(late.headers["retry-after"]) > 0
    assert 'value="Levon Sargsyan"' in late.text
    await installation.work()
    assert {row["lane"] for row in await installation.rows("select lane from signature")} == {"slow"}
    assert (await installation.post_form(email="levon@example.org", altcha=await installation.proof())).status_code == 303


async def test_the_api_refuses_a_form_without_proof(installation: Installation) -> None:
    refused = await installation.post(altcha="")
    assert refused.status_code == 400
    assert [fault["code"] for fault in refused.json()["errors"]] == ["proof-missing"]


@pytest.mark.parametrize("way", ["replayed", "forged", "garbled"])
async def test_a_bad_proof_is_refused_and_the_form_comes_back_filled_in(installation: Installation, way: str) -> None:
    proof = await installation.proof()
    if way == "replayed":
        assert (await installation.post(email="levon@example.org", altcha=proof)).status_code == 202
    elif way == "forged":
        proof = proof[:-12] + secrets.token_hex(6)
    else:
        proof = "not a proof"
    refused = await installation.post(altcha=proof)
    assert refused.status_code == 400
    codes = [fault["code"] for fault in refused.json()["errors"]]
    assert len(codes) == 1
    assert codes[0].startswith("proof-"), codes
    assert (codes == ["proof-replayed"]) == (way == "replayed")
    back = await installation.post_form(name="Ani Petrosyan", altcha=proof)
    assert back.status_code == 400
    assert 'value="Ani Petrosyan"' in back.text
    assert await installation.owner.fetchval("select count(*) from intake") == (1 if way == "replayed" else 0)
