"""Certificates and lists at the desk: a click, a worker, a file that proves itself; and no name leaves for one person alone."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from uuid import uuid4

import msgspec

from desk_seat import Seat, said, seat
from installation import Installation
from service import certificates, db, exports, organizers
from service.certificates.finishing import finish
from service.certificates.trust import certificate_key
from service.identity import offline
from service.organizers import Grant


def papers(house: Installation, tab: str) -> str:
    return f"/desk/petitions/{house.slug}/{tab}"


async def signed(house: Installation) -> None:
    await house.confirm()
    await house.seal()


# -- certificates -----------------------------------------------------------------------------------------------------------------


async def test_a_certifier_asks_the_worker_makes_it_and_it_can_be_fetched_and_handed_over(installation: Installation) -> None:
    house, at = installation, papers(installation, "certificates")
    await signed(house)
    ani = await seat(house, "ani@example.org", Grant("certifier"))
    assert "No certificate has been issued yet." in (await ani.get(at)).text
    for _ in range(2):  # pressed twice, made once
        assert said(await ani.post(at, office="", words="The Sample Council", holder="Sample A")) == "certifying"
    page = (await ani.get(at)).text
    assert "is being made" in page and 'http-equiv="refresh"' in page and '<form method="post" action="' + at not in page
    assert await house.worker.issue()
    assert not await house.worker.issue(), "one wish, one certificate"
    page = (await ani.get(at)).text
    assert "The Sample Council" in page and "Sample A" in page and "is being made" not in page
    found = re.search(rf'href="(/petitions/{house.slug}/certificates/[0-9a-f]{{64}}/bundle.zip)"', page)
    assert found
    bundle = (await house.client.get(found[1])).content
    assert "certificate.json" in zipfile.ZipFile(io.BytesIO(bundle)).namelist()
    (row,) = await house.rows("select asked_by, fault, certificate_id from certificate_wish")
    assert (row["asked_by"], row["fault"]) == (ani.id, None) and row["certificate_id"] in found[1]
    (issued,) = await certificates.listing(house.pool, (await house.rows("select id from petition"))[0]["id"])
    assert (issued["recipient"], issued["holder"]) == ("The Sample Council", "Sample A")
    office = re.search(r'<option value="([0-9a-f-]{36})">', (await ani.get(papers(house, "deliveries"))).text)
    assert office
    await ani.post(papers(house, "deliveries"), delivery=str(uuid4()), office=office[1], planned_for="")
    assert f'<option value="{issued["id"]}">№ 1, The Sample Council' in (await ani.get(papers(house, "deliveries"))).text


async def test_where_the_key_is_elsewhere_all_but_its_signature_is_prepared(installation: Installation, tmp_path: Path) -> None:
    house, at = installation, papers(installation, "certificates")
    await signed(house)
    ani, levon = await seat(house, "ani@example.org", Grant("certifier")), await seat(house, "levon@example.org", Grant("editor"))
    public, key = certificate_key(house.keys, house.settings)
    assert key is not None
    line = tmp_path / "certificate.pub"
    line.write_text(public + "\n")
    outside = msgspec.structs.replace(house.settings, certificate_key=str(line))
    await ani.post(at, office="", words="The Sample Council", holder="")
    assert await certificates.fulfil(house.pool, house.keys, outside)
    page = (await ani.get(at)).text
    assert "libertas certify --sign" in page and "No certificate has been issued yet." in page
    fetch = re.search(r'href="([^"]*/unsigned)"', page)
    assert fetch and (await levon.get(fetch[1])).status_code == 404
    (tmp_path / "unsigned.zip").write_bytes((await ani.get(fetch[1])).content)
    files = finish(certificates.load(tmp_path / "unsigned.zip"), key, None)
    await certificates.take_in(house.pool, house.keys, outside, files)
    page = (await ani.get(at)).text
    assert "/bundle.zip" in page and "certify --sign" not in page


async def test_words_that_are_typed_win_over_the_office_that_the_list_stands_on(installation: Installation) -> None:
    house, at = installation, papers(installation, "certificates")
    await signed(house)
    ani = await seat(house, "ani@example.org", Grant("certifier"))
    office = re.search(r'<option value="([a-z0-9-]+)"', (await ani.get(at)).text)
    assert office, "the petition's own recipient comes first"
    for words, recipient in (("The Sample Council", "The Sample Council"), ("", None)):
        assert said(await ani.post(at, office=office[1], words=words, holder="")) == "certifying"
        (wish,) = await house.rows("select recipient from certificate_wish where done_at is null")
        assert (wish["recipient"] == recipient) is bool(words) and wish["recipient"]
        await house.owner.execute("delete from certificate_wish")


async def test_an_editor_sees_certificates_and_no_form(installation: Installation) -> None:
    house, at = installation, papers(installation, "certificates")
    levon = await seat(house, "levon@example.org", Grant("editor"))
    page = await levon.get(at)
    assert page.status_code == 200 and "Issue a certificate" not in page.text
    assert (await levon.post(at, office="", words="X", holder="")).status_code == 404
    assert (await levon.get(papers(house, "exports"))).status_code == 404
    assert await house.rows("select 1 from certificate_wish") == []


async def test_what_cannot_be_certified_is_told_and_may_be_asked_again(installation: Installation) -> None:
    house, at = installation, papers(installation, "certificates")
    ani = await seat(house, "ani@example.org", Grant("certifier"))
    for wrong in ({"office": "", "words": " "}, {"office": "no-such", "words": "kept"}, {"office": "", "words": "x" * 301}):
        back = await ani.post(at, holder="Sample B", **wrong)
        assert back.status_code == 400 and 'value="Sample B"' in back.text
    await house.owner.execute("update log set published_size = 0 where petition_id is not null")
    assert said(await ani.post(at, office="", words="Y", holder="")) == "certifying"
    assert await house.worker.issue()
    page = (await ani.get(at)).text
    assert "Nothing is sealed in the log yet." in page and "Issue a certificate" in page


async def test_a_worker_that_died_after_the_certificate_leaves_no_second_one(installation: Installation) -> None:
    house, at = installation, papers(installation, "certificates")
    await signed(house)
    ani = await seat(house, "ani@example.org", Grant("certifier"))
    await ani.post(at, office="", words="The Sample Council", holder="")
    assert await house.worker.issue()
    await house.owner.execute("update certificate_wish set done_at = null, certificate_id = null")
    assert not await house.worker.issue(), "it is in somebody's hands"
    await house.owner.execute("update certificate_wish set begun_at = begun_at - interval '11 minutes'")
    assert await house.worker.issue()
    assert len(await house.rows("select 1 from certificate")) == 1


# -- lists ------------------------------------------------------------------------------------------------------------------------


async def test_open_figures_are_fetched_at_once(installation: Installation) -> None:
    house, at = installation, papers(installation, "exports")
    await signed(house)
    ani = await seat(house, "ani@example.org", Grant("certifier"))
    made = await ani.post(f"{at}/open", format="csv")
    assert made.status_code == 200 and made.text.startswith("kind,key,n") and "attachment" in made.headers["content-disposition"]
    assert (await ani.post(f"{at}/open", format="pdf")).status_code == 400
    assert "Open figures · csv" in (await ani.get(at)).text


async def proposed(house: Installation, ani: Seat) -> str:
    given = {"shape": "working", "format": "csv", "office": "", "reason": "our own count"}
    assert said(await ani.post(papers(house, "exports"), **given)) == "proposed"
    (row,) = await house.rows("select id from approval where act = 'export'")
    return str(row["id"])


def opened_by(house: Installation, packed: bytes, folder: Path) -> str:
    """What the organizers' machine makes of a list that was fetched."""
    zipfile.ZipFile(io.BytesIO(packed)).extractall(folder)
    (file,) = folder.glob("*.csv")
    private = offline.read_private(next((house.settings.key_dir / "offline").glob("*.key")), b"")
    return exports.open_file(file, private, folder / "opened.csv").path.read_text(encoding="utf-8")


async def test_names_leave_sealed_for_two_people_and_once(installation: Installation, tmp_path: Path) -> None:
    house, at = installation, papers(installation, "exports")
    await signed(house)
    ani = await seat(house, "ani@example.org", Grant("certifier"))
    levon = await seat(house, "levon@example.org", Grant("certifier"))
    gayane = await seat(house, "gayane@example.org", Grant("certifier"))
    approval = await proposed(house, ani)
    assert (await ani.post(f"{at}/take", approval=approval)).status_code == 409, "one is not enough"
    assert (await ani.post(f"/desk/approvals/{approval}/approve")).status_code == 409
    assert said(await levon.post(f"/desk/approvals/{approval}/approve")) == "approved"
    assert f"{at}?approval={approval}" in (await ani.get("/desk/approvals")).text
    assert "Fetch it now" in (await ani.get(f"{at}?approval={approval}")).text
    assert (await gayane.post(f"{at}/take", approval=approval)).status_code == 409, "she is none of the two"
    made = await ani.post(f"{at}/take", approval=approval)
    assert made.status_code == 200 and b"Petrosyan" not in made.content
    assert (await ani.post(f"{at}/take", approval=approval)).status_code == 409, "once"
    assert "Petrosyan" in opened_by(house, made.content, tmp_path)
    trail = [row["act"] for row in await house.rows("select act from audit order by number")]
    assert trail[-3:] == ["export.proposed", "export.approved", "export.done"]


async def test_who_leaves_later_is_shown_until_she_is_taken_out(installation: Installation) -> None:
    house, at = installation, papers(installation, "exports")
    await signed(house)
    ani, levon = await seat(house, "ani@example.org"), await seat(house, "levon@example.org")
    approval = await proposed(house, ani)
    async with db.transaction(house.pool) as connection:
        await organizers.decide(connection, (await organizers.approval(connection, approval)).id, levon.id, "approved")  # type: ignore[arg-type]
    assert (await ani.post(f"{at}/take", approval=approval)).status_code == 200
    await house.owner.execute("update signature set visibility = 'protect' where state = 'confirmed'")
    assert "One person has left since." in (await ani.get(at)).text
    (row,) = await house.rows("select id from export")
    assert said(await ani.post(f"{at}/{row['id']}/removed")) == "saved"
    assert "One person has left since." not in (await ani.get(at)).text


async def test_a_wrong_wish_for_a_list_comes_back_as_it_was_typed(installation: Installation) -> None:
    house, at = installation, papers(installation, "exports")
    ani = await seat(house, "ani@example.org", Grant("certifier"))
    good = {"shape": "working", "format": "csv", "office": "", "reason": "our own count"}
    for wrong in ({"shape": "open"}, {"format": "pdf"}, {"shape": "recipient"}):
        back = await ani.post(at, **{**good, **wrong})
        assert back.status_code == 400 and "our own count" in back.text
    assert (await ani.post(at, **{**good, "reason": " "})).status_code == 400
    assert await house.rows("select 1 from approval") == []
