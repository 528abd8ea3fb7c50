"""Sponsors and sponsorships: what is offered stays sealed, what is announced goes forward only, a release fulfils it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from service import cases, db, mail, sponsors, tokens
from service.errors import Conflict, Invalid, NotFound
from service.identity import Keys
from service.sponsors import Act, Contact, Deed, Draft, Offer, Register
from test_cases import entered, event

DAY = date(2023, 4, 6)
MOTION = Deed(kind="motion", on=DAY, place="Lyon-Exemple", reference="2023-041", vote="unanimous")
LETTER = Act(kind="letter", on=date(2023, 5, 2), what={"en": "A letter."}, proof_url="https://example.org/letter")


async def city(pool: asyncpg.Pool, name: str = "Ville d’Exemple", **changes: Any) -> UUID:
    async with db.transaction(pool) as connection:
        return await sponsors.create(connection, Draft(**{"kind": "city", "names": {"fr": name}, "country": "FR", **changes}))


async def stands(pool: asyncpg.Pool, sponsor_id: UUID, case_id: UUID | None, *, to: str = "announced") -> UUID:
    async with db.transaction(pool) as connection:
        sponsorship = await sponsors.agree(connection, sponsor_id, case_id, by="Ani")
        if to != "agreed":
            await sponsors.sign(connection, sponsorship, MOTION, by="Ani")
        if to == "announced":
            await sponsors.announce(connection, sponsorship, date(2023, 4, 20), by="Levon")
    return sponsorship


async def seen(pool: asyncpg.Pool) -> sponsors.Snapshot:
    register = Register(pool)
    await register.refresh()
    return register.now


async def does(pool: asyncpg.Pool, act: Callable[[db.Connection], Awaitable[Any]]) -> Any:
    async with db.transaction(pool) as connection:
        return await act(connection)


# -- a sponsorship's life


async def test_nothing_is_public_before_it_is_announced(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool)
    sponsor_id = await city(pool)
    sponsorship = await stands(pool, sponsor_id, case_id, to="signed")
    assert (await seen(pool)).sponsors == ()
    await does(pool, lambda c: sponsors.announce(c, sponsorship, DAY))
    (sponsor,) = (await seen(pool)).sponsors
    assert sponsor.sponsorships[0].deed == MOTION
    assert [row["state"] for row in await sponsors.history(pool, sponsorship)] == ["agreed", "signed", "announced"]


async def test_what_was_not_signed_or_voted_cannot_be_announced(pool: asyncpg.Pool) -> None:
    sponsorship = await stands(pool, await city(pool), await entered(pool), to="agreed")
    with pytest.raises(Conflict):
        await does(pool, lambda c: sponsors.announce(c, sponsorship, DAY))
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute("update sponsorship set state = 'announced', announced_on = current_date")


async def test_steps_go_forward_only_whoever_writes_them(pool: asyncpg.Pool) -> None:
    sponsorship = await stands(pool, await city(pool), await entered(pool))
    await does(pool, lambda c: sponsors.end(c, sponsorship, DAY))
    for step in (
        lambda c: sponsors.announce(c, sponsorship, DAY),
        lambda c: sponsors.activate(c, sponsorship),
        lambda c: sponsors.end(c, sponsorship, DAY),
        lambda c: sponsors.sign(c, sponsorship, MOTION),
    ):
        with pytest.raises(Conflict):
            await does(pool, step)
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute("update sponsorship set state = 'active', ended_on = null")


@pytest.mark.parametrize(
    "deed",
    [
        Deed(kind="promise", on=DAY, place="Lyon"), Deed(kind="deed", on=DAY), Deed(kind="motion", on=DAY, place="Lyon"),
        Deed(kind="deed", on=date(2999, 1, 1), place="Lyon"),
    ],
)  # fmt: skip
async def test_a_deed_says_where_and_when_and_a_motion_its_number(pool: asyncpg.Pool, deed: Deed) -> None:
    sponsorship = await stands(pool, await city(pool), await entered(pool), to="agreed")
    with pytest.raises(Invalid):
        await does(pool, lambda c: sponsors.sign(c, sponsorship, deed))


async def test_a_sponsor_of_two_cases_and_of_the_group_stands_three_times_and_never_twice_for_one(pool: asyncpg.Pool) -> None:
    sponsor_id = await city(pool)
    one, two = await entered(pool, "one"), await entered(pool, "two")
    for case_id in (one, two, None):
        await stands(pool, sponsor_id, case_id)
    for case_id in (one, None):
        with pytest.raises(Conflict):
            await stands(pool, sponsor_id, case_id)
    register = await seen(pool)
    assert len(register.sponsors) == 1
    assert len(register.sponsors[0].sponsorships) == 3
    assert register.covered == (2, 2)


async def test_two_organizers_who_agree_the_same_at_once_make_one(pool: asyncpg.Pool) -> None:
    sponsor_id, case_id = await city(pool), await entered(pool)
    answers = await asyncio.gather(*(stands(pool, sponsor_id, case_id, to="agreed") for _ in range(5)), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict"] * 4 + ["UUID"]


async def test_two_towns_of_one_name_have_two_addresses(pool: asyncpg.Pool) -> None:
    for _ in range(3):
        await city(pool, "Saint-Exemple")
    assert sorted([row["slug"] for row in await sponsors.sponsors(pool)]) == ["saint-exemple", "saint-exemple-2", "saint-exemple-3"]


async def test_a_release_fulfils_and_a_death_ends_what_stands(pool: asyncpg.Pool) -> None:
    one, two = await entered(pool, "one"), await entered(pool, "two")
    sponsor_id = await city(pool)
    for case_id in (one, two):
        await stands(pool, sponsor_id, case_id)
    await does(pool, lambda c: sponsors.record(c, one, event("released", "2023-12-13")))
    await does(pool, lambda c: sponsors.record(c, two, event("died", "2023-12-14")))
    states = {row["case_slug"]: (row["state"], row["ended_on"]) for row in await sponsors.pledges(pool)}
    assert states == {"one": ("fulfilled", date(2023, 12, 13)), "two": ("ended", date(2023, 12, 14))}
    register = await seen(pool)
    assert [pair[1].state for pair in register.standing(one)] == ["fulfilled"], "a city whose prisoner came home stays on his page"
    assert register.standing(two) == []


async def test_what_was_never_announced_does_not_become_public_by_a_release(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool)
    await stands(pool, await city(pool), case_id, to="agreed")
    await does(pool, lambda c: sponsors.record(c, case_id, event("released", "2023-12-13")))
    assert (await seen(pool)).sponsors == ()


async def test_nobody_begins_to_stand_for_somebody_who_is_free_or_gone(pool: asyncpg.Pool) -> None:
    free = await entered(pool, "free", [event(), event("released", "2022-01-01")])
    gone = await entered(pool, "gone")
    await does(pool, lambda c: cases.take_down(c, gone))
    sponsor_id = await city(pool)
    for case_id, code in ((free, "case-free"), (gone, "case-gone"), (uuid4(), "case-gone")):
        with pytest.raises(Conflict) as no:
            await stands(pool, sponsor_id, case_id, to="agreed")
        assert no.value.code == code


async def test_a_release_and_an_agreement_at_the_same_moment_leave_no_sponsorship_open(pool: asyncpg.Pool) -> None:
    case_id, sponsor_id = await entered(pool), await city(pool)
    for n in range(8):
        other = await entered(pool, f"case-{n}")
        await asyncio.gather(
            stands(pool, sponsor_id, other, to="agreed"),
            does(pool, lambda c, other=other: sponsors.record(c, other, event("released", "2023-12-13"))),
            return_exceptions=True,
        )
    open_ones = [row for row in await sponsors.pledges(pool) if row["state"] == "agreed"]
    assert open_ones == []
    assert case_id


async def test_a_mandate_that_ended_is_handed_over(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool)
    old, new = await city(pool, "Sénatrice Exemple", kind="parliamentarian", mandate_end=date(2023, 9, 30)), await city(pool, "Autre")
    first = await stands(pool, old, case_id)
    heir = await does(pool, lambda c: sponsors.hand_over(c, first, new, date(2023, 10, 1)))
    rows = {row["id"]: row for row in await sponsors.pledges(pool)}
    assert (rows[first]["state"], rows[first]["handed_to"], rows[heir]["state"]) == ("handed-over", heir, "agreed")
    with pytest.raises(Conflict):
        await does(pool, lambda c: sponsors.hand_over(c, first, new, date(2023, 10, 1)))


async def test_an_act_with_its_proof_makes_a_sponsorship_active(pool: asyncpg.Pool) -> None:
    sponsorship = await stands(pool, await city(pool), await entered(pool))
    act_id = await does(pool, lambda c: sponsors.act(c, sponsorship, LETTER))
    (sponsor,) = (await seen(pool)).sponsors
    assert (sponsor.sponsorships[0].state, len(sponsor.sponsorships[0].acts)) == ("active", 1)
    for wrong in ({"proof_url": "file:///x"}, {"what": {}}, {"kind": "retracted"}, {"on": date(2999, 1, 1)}):
        fields = {"kind": "letter", "on": DAY, "what": {"en": "x"}, "proof_url": "https://example.org", **wrong}
        with pytest.raises(Invalid):
            await does(pool, lambda c, fields=fields: sponsors.act(c, sponsorship, Act(**fields)))
    await does(pool, lambda c: sponsors.retract_act(c, act_id))
    assert (await seen(pool)).sponsors[0].sponsorships[0].acts == []
    with pytest.raises(Conflict):
        await does(pool, lambda c: sponsors.retract_act(c, act_id))


async def test_the_sponsors_of_a_merged_case_go_along_and_stand_once(pool: asyncpg.Pool) -> None:
    one, two = await entered(pool, "one"), await entered(pool, "two")
    both, single = await city(pool, "Ville A"), await city(pool, "Ville B")
    for sponsor_id, case_id in ((both, one), (both, two), (single, one)):
        await stands(pool, sponsor_id, case_id)
    await does(pool, lambda c: sponsors.merge(c, one, two))
    register = await seen(pool)
    assert sorted(sponsor.name("fr") for sponsor, _ in register.standing(two)) == ["Ville A", "Ville B"]


async def test_who_stands_for_somebody_whose_page_is_gone_is_not_named_with_him(pool: asyncpg.Pool) -> None:
    case_id = await entered(pool)
    await stands(pool, await city(pool), case_id)
    await does(pool, lambda c: cases.take_down(c, case_id))
    assert (await seen(pool)).sponsors == ()


async def test_a_petition_shows_those_who_stand_for_all_or_for_whom_it_names(pool: asyncpg.Pool) -> None:
    one, two = await entered(pool, "one"), await entered(pool, "two")
    for name, case_id in (("Ville Un", one), ("Ville Deux", two), ("Association", None)):
        await stands(pool, await city(pool, name), case_id)
    petition_id = uuid4()
    assert len((await seen(pool)).for_petition(petition_id)) == 3, "it speaks of all"
    await pool.execute("insert into petition (id, slug, opens_at) values ($1, 'p', now())", petition_id)
    await does(pool, lambda c: cases.link_petition(c, petition_id, [one]))
    assert {sponsor.name("fr") for sponsor in (await seen(pool)).for_petition(petition_id)} == {"Ville Un", "Association"}
    await does(pool, lambda c: cases.take_down(c, one))
    after = await seen(pool)
    assert after.for_petition(petition_id) == [], "beside a petition for one of whom nothing may be shown, nobody stands"
    assert not after.cases_of(petition_id) and not after.speaks_of_all(petition_id) and after.speaks_of_all(uuid4())


async def test_a_contact_is_sealed(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys, sponsor_id = Keys.create(tmp_path / "keys"), await city(pool)
    await does(pool, lambda c: sponsors.contact(c, keys, sponsor_id, Contact(name="Ani", email="ani@example.org")))
    assert b"ani@example.org" not in await pool.fetchval("select contact from sponsor")
    assert (await does(pool, lambda c: sponsors.contact(c, keys, sponsor_id))).email == "ani@example.org"


async def test_a_paper_is_a_pdf(pool: asyncpg.Pool) -> None:
    assert len(await does(pool, lambda c: sponsors.paper(c, b"%PDF-1.7 and so on"))) == 64
    with pytest.raises(Invalid):
        await does(pool, lambda c: sponsors.paper(c, b"<html>"))


# -- offers


def offer(**changes: Any) -> Offer:
    whole = {
        "kind": "city", "sponsor": "Ville d’Exemple", "country": "FR", "name": "Ani Petrosyan", "role": "maire", "email": "ani@example.org",
        "language": "fr", **changes,
    }  # fmt: skip
    return Offer(**whole)


async def submit(pool: asyncpg.Pool, keys: Keys, *, key: str = "k", case_ids: tuple[UUID, ...] = (), **changes: Any) -> UUID:
    return await sponsors.submit(pool, keys, offer(**changes), case_ids, form_key=key, lane="page")


def now() -> datetime:
    return datetime.now(UTC)


async def handle_of(pool: asyncpg.Pool, keys: Keys, row_id: UUID) -> bytes:
    mail_id = await pool.fetchval("select mail_id from token where signature_id = $1", row_id)
    return tokens.handle(keys.mail_token_key(), mail.handle_row(mail_id, "offer", row_id), "offer")


async def test_an_offer_is_mailed_verified_and_accepted_and_then_forgotten(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys, case_id = Keys.create(tmp_path / "keys"), await entered(pool)
    row_id = await submit(pool, keys, case_ids=(case_id,))
    stored = await pool.fetchval("select payload from sponsor_offer")
    assert b"ani@example.org" not in stored
    assert "ani" not in repr(offer())
    assert await sponsors.offers(pool, keys) == [], "nobody has pressed yet"
    assert await sponsors.mail_due(pool, keys, clock=now) == 1
    assert await sponsors.mail_due(pool, keys, clock=now) == 0
    handle = await handle_of(pool, keys, row_id)
    assert (await sponsors.look(pool, handle)).state == "ask"
    assert await sponsors.offers(pool, keys) == [], "looking is not pressing"
    assert (await sponsors.verify(pool, handle)).state == "verified"
    assert (await sponsors.verify(pool, handle)).state == "verified", "a second press is thanked as well"
    ((row, said),) = await sponsors.offers(pool, keys)
    assert (row["case_ids"], said.email) == ([case_id], "ani@example.org")
    sponsorship = await does(pool, lambda c: sponsors.accept(c, keys, row_id, case_id=case_id, by="Levon"))
    with pytest.raises(Conflict):
        await does(pool, lambda c: sponsors.accept(c, keys, row_id, case_id=case_id))
    assert await pool.fetchval("select payload from sponsor_offer") is None
    (one,) = await sponsors.pledges(pool)
    assert (one["id"], one["state"]) == (sponsorship, "agreed")
    assert (await does(pool, lambda c: sponsors.contact(c, keys, one["sponsor_id"]))).role == "maire"
    assert (await seen(pool)).sponsors == (), "agreed is not announced"


async def test_the_same_form_twice_is_one_offer_and_a_spent_proof_opens_no_second(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys = Keys.create(tmp_path / "keys")
    for _ in range(2):
        await sponsors.submit(pool, keys, offer(), (), form_key="k", lane="page", replay_key=b"p" * 32, replay_until=4e9)
    with pytest.raises(Invalid):
        await sponsors.submit(pool, keys, offer(), (), form_key="other", lane="page", replay_key=b"p" * 32, replay_until=4e9)
    assert await pool.fetchval("select count(*) from sponsor_offer") == 1


async def test_a_mailbox_gets_few_mails_and_none_against_its_owners_wish(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys = Keys.create(tmp_path / "keys")
    for n in range(4):
        await submit(pool, keys, key=f"k{n}")
    await sponsors.mail_due(pool, keys, clock=now)
    assert await pool.fetchval("select count(*) from mail") == 1
    row_id = await pool.fetchval("select id from sponsor_offer where state = 'mailed'")
    assert (await sponsors.was_not_me(pool, await handle_of(pool, keys, row_id))).state == "over"
    assert await sponsors.suppress_due(pool, keys) == 1
    assert await sponsors.suppress_due(pool, keys) == 0
    await pool.execute("delete from mail_cap")
    await sponsors.mail_due(pool, keys, clock=now, now=now() + timedelta(hours=1))
    assert await pool.fetchval("select count(*) from mail") == 1
    assert await pool.fetchval("select count(*) from sponsor_offer where payload is not null") == 0


async def test_an_offer_that_nobody_confirms_is_forgotten_after_thirty_days(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys = Keys.create(tmp_path / "keys")
    await submit(pool, keys)
    await sponsors.mail_due(pool, keys, clock=now)
    await sponsors.forget(pool, now=now() + timedelta(days=29))
    assert await pool.fetchval("select state from sponsor_offer") == "mailed"
    await sponsors.forget(pool, now=now() + timedelta(days=31))
    assert await pool.fetchrow("select state, payload from sponsor_offer") == ("expired", None)


async def test_a_forged_link_leads_nowhere(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys = Keys.create(tmp_path / "keys")
    row_id = await submit(pool, keys)
    await sponsors.mail_due(pool, keys, clock=now)
    for wrong in (bytes(32), row_id.bytes * 2):
        for look in (sponsors.look, sponsors.verify, sponsors.was_not_me):
            with pytest.raises(NotFound):
                await look(pool, wrong)
    assert await pool.fetchval("select state from sponsor_offer") == "mailed"


async def test_an_offer_for_somebody_who_was_freed_meanwhile_is_taken_for_another_or_for_all(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys, case_id = Keys.create(tmp_path / "keys"), await entered(pool)
    row_id = await submit(pool, keys, case_ids=(case_id,))
    await sponsors.mail_due(pool, keys, clock=now)
    await does(pool, lambda c: sponsors.record(c, case_id, event("released", "2023-12-13")))
    await sponsors.verify(pool, await handle_of(pool, keys, row_id))
    with pytest.raises(Conflict) as no:
        await does(pool, lambda c: sponsors.accept(c, keys, row_id, case_id=case_id))
    assert no.value.code == "case-free"
    assert await sponsors.pledges(pool) == [], "and nothing half done is left"
    assert await does(pool, lambda c: sponsors.accept(c, keys, row_id, case_id=None))


async def test_a_second_offer_of_a_known_sponsor_joins_that_sponsor(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys, case_id = Keys.create(tmp_path / "keys"), await entered(pool)
    sponsor_id = await city(pool)
    row_id = await submit(pool, keys)
    await sponsors.mail_due(pool, keys, clock=now)
    await sponsors.verify(pool, await handle_of(pool, keys, row_id))
    await does(pool, lambda c: sponsors.accept(c, keys, row_id, sponsor_id=sponsor_id, case_id=case_id))
    assert len(await sponsors.sponsors(pool)) == 1


async def test_what_is_refused_is_deleted(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys = Keys.create(tmp_path / "keys")
    row_id = await submit(pool, keys)
    with pytest.raises(Conflict):
        await does(pool, lambda c: sponsors.refuse(c, row_id))
    await sponsors.mail_due(pool, keys, clock=now)
    await sponsors.verify(pool, await handle_of(pool, keys, row_id))
    await does(pool, lambda c: sponsors.refuse(c, row_id))
    assert await pool.fetchrow("select state, payload from sponsor_offer") == ("refused", None)


async def test_an_offer_that_cannot_be_opened_ends_and_does_not_stop_the_next(pool: asyncpg.Pool, tmp_path: Path) -> None:
    keys = Keys.create(tmp_path / "keys")
    row_id = await submit(pool, keys, email="levon@example.org")
    await pool.execute("update sponsor_offer set payload = 'x' where id = $1", row_id)
    await submit(pool, keys, key="k2")
    await sponsors.mail_due(pool, keys, clock=now)
    assert {row["state"] for row in await pool.fetch("select state from sponsor_offer")} == {"unreachable", "mailed"}
