"""Signatures are taken out of the count at the desk by two people who see a number and nobody's name, and put back the same way."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest

from desk_seat import Seat, said, seat
from installation import Installation
from service import signatures
from service.organizers import Grant

MODERATOR = Grant("moderator")


async def crowd(house: Installation, people: int = 3, flood: int = 2) -> None:
    """Everybody confirmed and counted; the last ``flood`` of them came in by one network."""
    for number in range(people + flood):
        await house.confirm(f"signer-{number}@example.org")
        await house.lift_caps()
    await house.owner.execute("update signature set prefix = null, domain = null, marks = '{}', lane = null")
    await house.owner.execute(
        "update signature set prefix = $1 where id in (select id from signature order by confirmed_at desc limit $2)", b"p" * 16, flood
    )
    assert await house.seal() == people + flood


FLOOD = {"prefixes": (b"p" * 16).hex()}
WHY = {"grounds": "fraud", "reason": "A machine, within one minute."}


def at(house: Installation) -> str:
    return f"/desk/petitions/{house.slug}/invalidation"


async def waiting(house: Installation) -> str:
    rows = await house.rows("select id from approval where act like 'invalidation.%' order by proposed_at desc limit 1")
    return str(rows[0]["id"])


async def two(house: Installation) -> tuple[Seat, Seat]:
    return await seat(house, "ani@example.org", MODERATOR), await seat(house, "levon@example.org", MODERATOR)


async def agreed(house: Installation, ani: Seat, levon: Seat, n: int, **asked: str) -> str:
    """Proposed by one, approved by the other; the id of the act."""
    assert said(await ani.post(at(house), **(asked or FLOOD), **WHY, expected=str(n))) == "proposed"
    act = await waiting(house)
    assert said(await levon.post(f"/desk/approvals/{act}/approve")) == "done"
    return act


async def lines(house: Installation, kind: str) -> int:
    rows = await house.rows('select 1 from entry where kind = $1::text::"char"', kind)
    return len(rows)


async def test_two_people_take_a_flood_out_and_put_it_back(installation: Installation) -> None:
    house = installation
    await crowd(house)
    ani, levon = await two(house)
    await house.worker.find_clusters()
    page = (await ani.get(at(house))).text
    assert FLOOD["prefixes"] in page and "2 counted signatures" in page and "As of" in page
    shown = await ani.post(f"{at(house)}/preview", **FLOOD)
    assert shown.status_code == 200 and "2 signatures fit this now." in shown.text
    assert "signer-" not in shown.text and "Petrosyan" not in shown.text, "a number, never who"
    for row in await house.rows("select id from signature"):
        assert str(row["id"]) not in shown.text
    assert said(await ani.post(at(house), **FLOOD, **WHY, expected="2")) == "proposed"
    act = await waiting(house)
    assert (await ani.post(f"/desk/approvals/{act}/approve")).status_code == 409, "one's own"
    assert not await house.worker.invalidate() and await house.seal() == 5
    told = (await levon.get("/desk/approvals")).text
    assert "A machine, within one minute." in told and "fraud" in told and FLOOD["prefixes"] in told
    assert said(await levon.post(f"/desk/approvals/{act}/approve")) == "done"
    assert await house.seal() == 5, "recording alone takes nobody out"
    assert await house.worker.invalidate()
    assert await house.seal() == 3
    assert await lines(house, "X") == 2
    page = (await ani.get(at(house))).text
    assert "2 of 2" in page and "Put 2 signatures back" in page
    assert (await ani.post(f"{at(house)}/{act}/reverse", reason=" ", expected="2")).status_code == 400
    assert said(await ani.post(f"{at(house)}/{act}/reverse", reason="They are people.", expected="2")) == "proposed"
    back = await waiting(house)
    assert (await ani.post(f"/desk/approvals/{back}/approve")).status_code == 409
    assert said(await levon.post(f"/desk/approvals/{back}/approve")) == "done"
    assert await house.worker.invalidate() and not await house.worker.invalidate()
    assert await house.seal() == 5
    assert await lines(house, "R") == 2
    assert (await ani.post(f"{at(house)}/{act}/reverse", reason="Again.", expected="2")).status_code == 409, "nothing is out any more"
    petition = (await house.rows("select id from petition"))[0]["id"]
    assert await signatures.disagreements(house.pool, petition) == []


async def test_neither_the_trail_nor_what_is_over_leads_to_a_signer(installation: Installation) -> None:
    house = installation
    await crowd(house)
    ani, levon = await two(house)
    ids = [str(row["id"]) for row in await house.rows("select id from signature order by confirmed_at desc limit 2")]
    domain = (b"d" * 16).hex()
    await house.owner.execute("update signature set domain = $1 where id = any($2::uuid[])", b"d" * 16, ids)
    asked = {"ids": ",".join(ids), "domains": domain, **FLOOD}
    await agreed(house, ani, levon, 2, **asked)
    for over in ("refuse", None):  # another that is refused, and one that waits
        assert said(await ani.post(at(house), ids=ids[0], **WHY, expected="1")) == "proposed"
        waits = await waiting(house)
        if over:
            assert said(await levon.post(f"/desk/approvals/{waits}/{over}")) == "refused"
    await house.worker.invalidate()
    await house.worker.pass_time()
    written = str([dict(row) for row in await house.rows("select object, facts from audit")])
    rules = str([dict(row) for row in await house.rows("select rule from bulk_act")])
    over = str([dict(row) for row in await house.rows("select facts, outcome from approval where id <> $1", UUID(waits))])
    for trace in (*ids, domain, FLOOD["prefixes"]):
        assert trace not in written and trace not in over and trace not in rules, "nothing of it stays"
    assert '"ids":2' in written and '"ids": 2' in over and '"signatures":2' in written, "how many, and why, does"
    [open_one] = await house.rows("select facts from approval where id = $1", UUID(waits))
    assert ids[0] in open_one["facts"], "what waits needs it still"
    await house.owner.execute("update approval set expires_at = now() where id = $1", UUID(waits))
    await house.worker.pass_time()
    assert not await house.rows("select 1 from approval where facts::text like '%' || $1 || '%'", ids[0])
    assert (await ani.get("/desk/approvals")).status_code == 200, "what is over is shown with its numbers"


async def test_very_many_are_at_least_so_many_until_somebody_wants_them_counted(installation: Installation) -> None:
    house = installation
    await crowd(house, people=1, flood=1)
    await house.owner.execute(
        "insert into signature (id, petition_id, text_version, state, visibility, confirmed_at, day, operational_until, prefix) "
        "select gen_random_uuid(), petition_id, 1, 'confirmed', 'count', now(), day, operational_until, prefix "
        "from signature, generate_series(1, 10000) where prefix is not null"
    )
    ani, levon = await two(house)
    shown = (await ani.post(f"{at(house)}/preview", **FLOOD)).text
    assert "At least 10,00" in shown and 'name="grounds"' not in shown, "nothing is proposed without the exact number"
    back = await ani.post(at(house), **FLOOD, **WHY, expected="10000")
    assert back.status_code == 409 and "10,001 signatures fit this now." in back.text
    shown = (await ani.post(f"{at(house)}/preview", **FLOOD, all="yes")).text
    assert "10,001 signatures fit this now." in shown and 'name="grounds"' in shown
    act = await agreed(house, ani, levon, 10_001)
    assert said(await levon.post(f"{at(house)}/{act}/stop")) == "act-stopped"
    two_of_them = await house.owner.fetch(
        "update bulk_signature set outcome = 'done' where signature_id in (select signature_id from bulk_signature limit 2) "
        "returning signature_id"
    )
    await house.owner.execute("update signature set state = 'invalidated' where id = any($1)", [row[0] for row in two_of_them])
    page = (await ani.get(at(house))).text
    assert "still out?" in page and "signatures back" not in page, "an act of so many is not counted at each visit"
    assert "Put 2 signatures back" in (await ani.get(f"{at(house)}?act={act}")).text
    assert (await ani.get(f"{at(house)}?act=x")).status_code == 404
    assert said(await ani.post(f"{at(house)}/{act}/reverse", reason="They are people.", expected="2")) == "proposed"


async def test_what_was_stopped_waits_until_somebody_lets_it_go_on(installation: Installation) -> None:
    house = installation
    await crowd(house)
    ani, levon = await two(house)
    act = await agreed(house, ani, levon, 2)
    assert said(await levon.post(f"{at(house)}/{act}/stop")) == "act-stopped"
    assert not await house.worker.invalidate() and await house.seal() == 5
    assert said(await levon.post(f"{at(house)}/{act}/stop")) == "act-over"
    assert said(await ani.post(f"{at(house)}/{act}/resume")) == "act-resumed"
    assert await house.worker.invalidate() and await house.seal() == 3
    for verb in ("stop", "resume"):
        assert (await ani.post(f"{at(house)}/{uuid4()}/{verb}")).status_code == 404


async def test_another_number_than_the_one_that_was_shown_is_refused_kindly(installation: Installation) -> None:
    house = installation
    await crowd(house)
    ani, levon = await two(house)
    back = await ani.post(at(house), **FLOOD, **WHY, expected="1")
    assert back.status_code == 409 and "2 signatures fit this now." in back.text and WHY["reason"] in back.text
    assert said(await ani.post(at(house), **FLOOD, **WHY, expected="2")) == "proposed"
    act = await waiting(house)
    await house.owner.execute("update signature set prefix = $1", b"p" * 16)
    late = await levon.post(f"/desk/approvals/{act}/approve")
    assert late.status_code == 409 and "The number is not the one that was shown" in late.text
    assert not await house.rows("select 1 from bulk_act")
    assert not await house.rows("select 1 from approval where decided_at is not null"), "the approval was taken back with it"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "no act is for everybody"),
        ({"prefixes": " , "}, "cannot be read"),
        ({"prefixes": "xyz"}, "cannot be read"),
        ({"ids": "1"}, "cannot be read"),
        ({"received_from": "noon"}, "cannot be read"),
        ({"days_from": "2026-02-31"}, "cannot be read"),
        ({"text_versions": "0"}, "cannot be read"),
        ({"lanes": "x" * 61}, "cannot be read"),
    ],
)
async def test_a_condition_for_everybody_or_one_that_nobody_can_read_is_refused(
    installation: Installation, asked: dict[str, str], words: str
) -> None:
    ani = await seat(installation, "ani@example.org", MODERATOR)
    for path, more in ((f"{at(installation)}/preview", {}), (at(installation), {**WHY, "expected": "5"})):
        back = await ani.post(path, **asked, **more)
        assert back.status_code == 400 and words in back.text
    assert not await installation.rows("select 1 from approval")


async def test_a_reason_outside_the_grammar_and_none_at_all_are_refused(installation: Installation) -> None:
    house = installation
    await crowd(house, 1, 1)
    ani = await seat(house, "ani@example.org", MODERATOR)
    for wrong in ({"grounds": "unbacked"}, {"grounds": ""}, {"reason": ""}):
        back = await ani.post(at(house), **FLOOD, **{**WHY, **wrong}, expected="1")
        assert back.status_code == 400 and 'role="alert"' in back.text and FLOOD["prefixes"] in back.text
    back = await ani.post(at(house), **FLOOD, grounds="", reason="", expected="1")
    assert "2 answers need your attention" in back.text, "both at once"
    assert not await house.rows("select 1 from approval")


async def test_each_feature_narrows(installation: Installation) -> None:
    house = installation
    await crowd(house, 2, 1)
    ani = await seat(house, "ani@example.org", MODERATOR)
    one = (await house.rows("select id, day::text from signature order by id limit 1"))[0]
    await house.owner.execute(
        "update signature set lane = 'slow', marks = '{busy,slow}', domain = $2, received_at = '2026-11-24 12:00:30Z' where id = $1",
        one["id"], b"d" * 16,
    )  # fmt: skip
    for asked in (
        {"ids": str(one["id"])},
        {"lanes": "slow"},
        {"marks": "slow, busy"},
        {"domains": (b"d" * 16).hex()},
        {"received_from": "2026-11-24 12:00", "received_until": "2026-11-24T12:01"},
    ):
        assert "1 signature fits this now." in (await ani.post(f"{at(house)}/preview", **asked)).text, asked
    for asked in ({"days_from": one["day"], "days_until": one["day"]}, {"text_versions": "1"}):
        assert "3 signatures fit this now." in (await ani.post(f"{at(house)}/preview", **asked)).text, asked
    assert "Nobody counted now" in (await ani.post(f"{at(house)}/preview", text_versions="9")).text


async def test_who_does_not_moderate_finds_nothing_here(installation: Installation) -> None:
    mariam = await seat(installation, "mariam@example.org", Grant("editor"))
    assert (await mariam.get(at(installation))).status_code == 404
    assert (await mariam.post(f"{at(installation)}/preview", **FLOOD)).status_code == 404
    assert (await mariam.post(at(installation), **FLOOD, **WHY, expected="1")).status_code == 404
    for verb in ("stop", "resume", "reverse"):
        assert (await mariam.post(f"{at(installation)}/{uuid4()}/{verb}")).status_code == 404
    assert not re.search("/invalidation", (await mariam.get(f"/desk/petitions/{installation.slug}")).text)
