"""Offices, deliveries and news at the desk: what organizers write down shows in public, once, and what was typed is never lost."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from uuid import uuid4

import pytest

from desk_seat import Seat, said, seat, whole
from installation import Installation
from service import certificates, db, organizers, updates
from service.organizers import Grant

OFFICE = {
    "slug": "grand-council", "profile": "geneva", "name-fr": "Grand Conseil", "name-en": "Grand Council", "name-hy": "Մեծ խորհուրդ",
    "city": "Geneva", "country": "ch", "contact": "",
}  # fmt: skip
PDF = b"%PDF-1.7 receipt"


async def entered(house: Installation, one: Seat) -> None:
    assert said(await one.post("/desk/recipients/offices", **OFFICE)) == "saved"


# -- offices --------------------------------------------------------------------------------------------------------------------


async def test_an_office_is_entered_held_and_retired(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org", Grant("editor"))
    await entered(installation, ani)
    at = "/desk/recipients/offices/grand-council"
    assert said(await ani.post(f"{at}/term", name="Sample A", since="2020-01-01", until="", source_url="https://example.org/a")) == "saved"
    assert said(await ani.post(f"{at}/term", name="Sample B", since="2024-06-01", until="", source_url="https://example.org/b")) == "saved"
    page = (await ani.get(at)).text
    assert "Sample A" in page and "Sample B" in page and "1 June 2024" in page
    listing = (await ani.get("/desk/recipients")).text
    assert "Grand Council" in listing and "Sample B" in listing
    assert said(await ani.post(f"{at}/retire")) == "saved"
    assert "Grand Council<" not in (await ani.get("/desk/recipients")).text
    assert "Sample B" in (await ani.get(at)).text, "what names it still finds it"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name-hy": ""}, "All three languages"),
        ({"slug": "Not A Slug"}, "Small letters"),
        ({"country": "zz"}, "summary"),
        ({"profile": "no-such"}, "summary"),
    ],
)
async def test_a_wrong_office_comes_back_with_what_was_typed(installation: Installation, changes: dict[str, str], words: str) -> None:
    ani = await seat(installation, "ani@example.org", Grant("editor"))
    back = await ani.post("/desk/recipients/offices", **{**OFFICE, **changes})
    assert back.status_code == 400 and words in back.text and 'value="Grand Conseil"' in back.text


async def test_an_office_that_is_there_already_and_terms_that_overlap_are_refused_kindly(installation: Installation) -> None:
    ani = await seat(installation, "ani@example.org", Grant("editor"))
    await entered(installation, ani)
    assert (await ani.post("/desk/recipients/offices", **OFFICE)).status_code == 409
    at = "/desk/recipients/offices/grand-council"
    term = {"name": "Sample A", "since": "2020-01-01", "until": "", "source_url": "https://example.org/a"}
    await ani.post(f"{at}/term", **term)
    back = await ani.post(f"{at}/term", **{**term, "until": "2021-01-01", "since": "2020-06-01"})
    assert back.status_code == 409 and "Somebody else is entered for these days." in back.text
    for wrong in ({"since": "soon"}, {"source_url": "javascript:1"}, {"name": " "}):
        assert (await ani.post(f"{at}/term", **{**term, "since": "2022-01-01", **wrong})).status_code == 400


async def test_how_an_institution_treats_signatures_can_be_rewritten_and_signers_read_it(installation: Installation) -> None:
    house = installation
    ani = await seat(house, "ani@example.org", Grant("editor"))
    at = "/desk/recipients/profiles/european-parliament"
    form = {
        field: re.sub("&amp;", "&", text)
        for field, text in re.findall(r'<textarea id="([a-z_-]+)"[^>]*>\n(.*?)</textarea>', (await ani.get(at)).text, re.DOTALL)
    }
    form |= {"signer_field": "none", "names": "never", "as_of": "2026-11-20", "sentence-en": "They read it & answer."}
    assert said(await ani.post(at, **form)) == "saved"
    await house.settle()
    assert "They read it &amp; answer." in (await house.client.get(f"/en/petitions/{house.slug}")).text
    back = await ani.post(at, **{**form, "sources": "no address here", "worth-hy": ""})
    assert back.status_code == 400 and "One source a line" in back.text and "They read it &amp; answer." in back.text
    assert (await ani.get("/desk/recipients/profiles/nothing")).status_code == 404


# -- deliveries -------------------------------------------------------------------------------------------------------------------


async def upload(one: Seat, path: str, file: tuple[str, bytes] | None = None, **fields: str) -> object:
    """A form with a file, as the page sends it."""
    sent = {"token": one.token, "event": str(uuid4()), **fields}
    files = {"file": (file[0] if file else "", file[1] if file else b"")}
    return whole(await one.house.client.post(path, data=sent, files=files, headers=one.headers))


async def test_a_certificate_is_handed_over_voted_on_and_everybody_reads_it(installation: Installation) -> None:
    house = installation
    await house.confirm()
    await house.seal()
    ani = await seat(house, "ani@example.org")
    await entered(house, ani)
    at = f"/desk/petitions/{house.slug}/deliveries"
    page = (await ani.get(at)).text
    office = re.search(r'<option value="([0-9a-f-]{36})">Grand Council', page)
    planned = re.search(r'name="delivery" value="([0-9a-f-]{36})"', page)
    assert office and planned
    for _ in range(2):  # pressed twice, planned once
        assert said(await ani.post(at, delivery=planned[1], office=office[1], planned_for="2026-11-30")) == "saved"
    moved = f"{at}/{planned[1]}/move"
    assert (await ani.post(moved, planned_for="soon")).status_code == 400
    assert said(await ani.post(moved, planned_for="")) == "saved" and "Planned, without a day" in (await ani.get(at)).text
    assert said(await ani.post(moved, planned_for="2026-12-01")) == "saved" and "1 December 2026" in (await ani.get(at)).text
    assert "There is no certificate yet." in (await ani.get(at)).text
    bundle = await certificates.certify(house.pool, house.keys, house.settings, house.slug, "grand-council")
    made = f"{at}/{planned[1]}/deliver"
    wrong = await upload(
        ani, made, ("r.html", b"<script>"), certificate=bundle.id, happened_on="2026-12-02", how="by-hand", by_whom="Sample C"
    )
    assert wrong.status_code == 400 and "A PDF, PNG or JPEG" in wrong.text and 'value="Sample C"' in wrong.text  # type: ignore[attr-defined]
    wrong = await upload(ani, made, ("r.html", b"x"), certificate=bundle.id, happened_on="", url="javascript:1", answer_due="soon")
    assert "4 answers need your attention" in wrong.text, "everything at once"  # type: ignore[attr-defined]
    good = {"certificate": bundle.id, "happened_on": "2026-12-02", "how": "by-hand", "words-en": "Handed over in the hall."}
    assert said(await upload(ani, made, ("r.pdf", PDF), **good)) == "told"  # type: ignore[arg-type]
    assert (await upload(ani, made, ("r.pdf", PDF), **good)).status_code == 409, "once"  # type: ignore[attr-defined]
    assert (await ani.post(moved, planned_for="2027-01-01")).status_code == 409, "a day that was is not moved"
    event = f"{at}/{planned[1]}/event"
    vote = {
        "kind": "voted",
        "happened_on": "2026-12-05",
        "in_favour": "50",
        "against": "25",
        "abstained": "2",
        "outcome": "adopted",
        "reference": "R 1044",
    }
    assert (await upload(ani, event, **{**vote, "against": "many"})).status_code == 400  # type: ignore[attr-defined]
    vote["event"] = str(uuid4())
    assert said(await upload(ani, event, **vote)) == "told"  # type: ignore[arg-type]
    assert said(await upload(ani, event, **vote)) == "saved", "the same again is neither written down nor told again"  # type: ignore[arg-type]
    assert said(await upload(ani, event, kind="noted", happened_on="2026-12-06", is_private="yes", **{"words-en": "among us"})) == "saved"  # type: ignore[arg-type]
    drafts = {each.texts["en"].title: each.texts["fr"].body for each in await updates.listing(house.pool)}
    assert set(drafts) == {"Handed to: Grand Council", "Grand Council voted."}, "what is private is not told"
    assert "50 pour" in drafts["Grand Council voted."] and await house.rows("select 1 from news where released_at is not null") == []
    # The vote was written down wrongly: the draft about it goes, and nobody releases a number that was wrong.
    right = {**vote, "event": str(uuid4()), "in_favour": "49", "replaces": vote["event"]}
    assert "selected>5 December 2026: a vote" in (await upload(ani, event, **{**right, "against": "many"})).text  # type: ignore[attr-defined]
    assert said(await upload(ani, event, **right)) == "told"  # type: ignore[arg-type]
    for again in (right, vote):
        assert said(await upload(ani, event, **again)) == "saved"  # type: ignore[arg-type]
    bodies = [each.texts["en"].body for each in await updates.listing(house.pool) if each.state == "draft"]
    assert sorted("50 in favour" in body for body in bodies) == [False, False] and sum("49 in favour" in body for body in bodies) == 1
    async with db.transaction(house.pool) as connection:
        [released] = [each.id for each in await updates.listing(house.pool) if "49 in favour" in each.texts["en"].body]
        await updates.release(connection, released)
    once_more = {**vote, "event": str(uuid4()), "replaces": right["event"]}
    assert said(await upload(ani, event, **once_more)) == "told", "what was released stays, and the correction lies ready"  # type: ignore[arg-type]
    states = {each.state: each.texts["en"].body for each in await updates.listing(house.pool) if "in favour" in each.texts["en"].body}
    assert "49" in states["sending"] and "50" in states["draft"]
    await house.settle()
    public = (await house.client.get(f"/en/petitions/{house.slug}")).text
    assert "Handed over in the hall." in public and "50 in favour, 25 against, 2 abstained." in public and "among us" not in public
    file = re.search(r'href="(/petitions/[^"]*/deliveries/[0-9a-f-]{36})"', public)
    assert file and (await house.client.get(file[1])).content == PDF
    assert said(await ani.post(f"{at}/{planned[1]}/expect", end="yes")) == "saved"
    assert (await ani.post(f"{at}/{planned[1]}/expect", answer_due="2027-01-01")).status_code == 409


async def test_a_form_with_a_file_needs_its_token_and_holds_no_other_file(installation: Installation) -> None:
    house = installation
    ani = await seat(house, "ani@example.org")
    await entered(house, ani)
    at = f"/desk/petitions/{house.slug}/deliveries"
    path = f"{at}/{uuid4()}/event"
    for more, status in (({"token": "x"}, 403), ({"surprise": "x"}, 400)):
        assert (await upload(ani, path, kind="noted", happened_on="2026-12-06", **more)).status_code == status, more  # type: ignore[attr-defined]
    two = await house.client.post(
        path, data={"token": ani.token}, files=[("file", ("a.pdf", PDF)), ("file", ("b.pdf", PDF))], headers=ani.headers
    )
    assert two.status_code == 400
    huge = await house.client.post(
        path, data={"token": ani.token}, files={"file": ("a.pdf", b"x" * (7 * 1024 * 1024))}, headers=ani.headers
    )
    assert huge.status_code == 413
    assert (await upload(ani, path, kind="noted", happened_on="2026-12-06")).status_code == 404, "no such delivery"  # type: ignore[attr-defined]


async def test_organizers_are_reminded_of_a_day_once_before_it_and_once_when_it_is_over(installation: Installation) -> None:
    house, at = installation, f"/desk/petitions/{installation.slug}/deliveries"
    async with db.transaction(house.pool) as connection:
        lyon, geneva = [await organizers.found_association(connection, slug, slug.title()) for slug in ("lyon", "geneva")]
    await house.owner.execute("update petition set association_id = $1", lyon)
    ani, levon = await seat(house, "ani@example.org"), await seat(house, "levon@example.org", Grant("certifier", lyon))
    gayane, mod = await seat(house, "gayane@example.org", Grant("editor", geneva)), await seat(house, "mod@example.org", Grant("moderator"))
    await entered(house, ani)
    office = re.search(r'<option value="([0-9a-f-]{36})">Grand Council', (await ani.get(at)).text)
    assert office
    today = house.shelf.now().date()
    for days in (3, 40):
        day = (today + timedelta(days=days)).isoformat()
        await ani.post(at, delivery=str(uuid4()), office=office[1], planned_for=day)

    async def nights(n: int = 2) -> list[int]:
        """Two workers at once, some nights long; returns how many mails each of the four has got."""
        await asyncio.gather(*(house.worker.pass_time() for _ in range(n)))
        await house.work()
        people = ("ani", "levon", "gayane", "mod")
        return [len([x for x in house.letters(f"{who}@example.org") if "Grand Council · " in x.text]) for who in people]

    assert await nights() == [1, 1, 0, 0], "who certifies or edits there is told, of the near day only"
    assert await nights() == [1, 1, 0, 0], "once"
    assert "to be handed over by" in (await levon.get("/desk")).text and "Grand Council" not in (await gayane.get("/desk")).text
    await house.owner.execute("update delivery set planned_for = planned_for - 10 where planned_for < $1", today + timedelta(days=9))
    assert await nights() == [2, 2, 0, 0] and await nights() == [2, 2, 0, 0], "and once when it is over"
    assert "The day is over" in (await mod.get("/desk")).text
    await house.owner.execute("delete from delivery_reminder")
    assert await nights() == [3, 3, 0, 0], "control: what is written down is what keeps it from being told again"


# -- news -------------------------------------------------------------------------------------------------------------------------


async def test_news_are_written_previewed_released_and_read(installation: Installation) -> None:
    house = installation
    await house.confirm("reader@example.org", news=True)
    await house.lift_caps()
    await house.worker.send_news()
    ani = await seat(house, "ani@example.org", Grant("editor"))
    words = {"title-en": "Two came home", "body-en": "Today, **two** came home.", "title-fr": "Deux", "body-fr": "Deux."}
    back = await ani.post("/desk/updates", **{**words, "body-fr": ""}, petition="", is_mailed="yes", case_slug="")
    assert back.status_code == 400 and "Two came home" in back.text
    made = await ani.post("/desk/updates", **words, petition="", is_mailed="yes", case_slug="")
    at = made.headers["location"].partition("?")[0]
    page = (await ani.get(at)).text
    assert "It goes to one mailbox" in page and "Not written yet" in page
    assert said(await ani.post(f"{at}/preview")) == "preview-sent"
    await house.work()
    assert len(house.letters("ani@example.org")) >= 1 and not [x for x in house.letters("reader@example.org") if "Two came home" in x.text]
    assert said(await ani.post(at, **{**words, "title-en": "Three came home"})) == "saved"
    assert said(await ani.post(f"{at}/release")) == "news-released"
    assert (await ani.post(f"{at}/release")).status_code == 409 and (await ani.post(at, **words)).status_code == 409
    while await house.worker.send_news():
        pass
    await house.work()
    assert [x for x in house.letters("reader@example.org") if "Three came home" in x.text]
    assert "Three came home" in (await house.client.get("/en/updates")).text
    (news,) = await updates.listing(house.pool)
    assert news.queued == 1 and str(ani.id) == news.written_by


async def test_who_only_moderates_finds_no_news_to_write_and_changes_no_office(installation: Installation) -> None:
    levon = await seat(installation, "levon@example.org", Grant("moderator"))
    assert (await levon.get("/desk/updates")).status_code == 404
    assert (await levon.get("/desk/recipients")).status_code == 200
    assert (await levon.post("/desk/recipients/offices", **OFFICE)).status_code == 404
    assert "Enter it" not in (await levon.get("/desk/recipients")).text
