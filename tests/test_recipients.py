"""Offices and their holders, how they treat signatures, and the history of a delivery, which only grows."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from installation import Installation
from service import certificates, db, recipients
from service.errors import Conflict, Invalid, NotFound
from service.recipients import Event, Holder, Office
from service.recipients.deliveries import FILE_LIMIT
from service.recipients.offices import Source, shipped
from service.settings import LANGUAGES

TODAY = date(2026, 11, 1)
GENEVA = Office(
    id=UUID(int=1),
    slug="grand-council-geneva",
    profile="geneva",
    name={"en": "Grand Council of Geneva", "fr": "Grand Conseil de Genève", "hy": "Ժնևի Մեծ խորհուրդ"},
    country="CH",
    city="Geneva",
)
ASSEMBLY = msgspec.structs.replace(GENEVA, id=UUID(int=2), slug="the-assembly", profile="council-of-europe")


async def enter(pool: asyncpg.Pool, *offices: Office) -> None:
    async with db.transaction(pool) as connection:
        await recipients.seed(connection)
        for office in offices:
            await recipients.put_office(connection, office)


# -- profiles -----------------------------------------------------------------------------------------------------------------


def test_every_shipped_profile_speaks_every_language_and_names_its_sources() -> None:
    found = shipped()
    assert {profile.key for profile in found} >= {"european-parliament", "geneva", "swiss-federal", "own-portal", "icrc", "office"}
    for profile in found:
        for words in (profile.name, profile.petitioner, profile.worth, profile.sentence):
            assert set(words) == set(LANGUAGES) and all(words.values()), profile.key


async def test_a_profile_that_organizers_changed_is_not_overwritten_by_the_next_version(pool: asyncpg.Pool) -> None:
    await enter(pool)
    mine = next(p for p in await recipients.profiles(pool) if p.key == "geneva")
    async with db.transaction(pool) as connection:
        await recipients.edit_profile(connection, msgspec.structs.replace(mine, names="optional"))
        await connection.execute("update recipient_profile set names = 'never' where key = 'icrc'")
    await enter(pool)
    now = {profile.key: profile for profile in await recipients.profiles(pool)}
    assert now["geneva"].names == "optional" and now["geneva"].is_edited
    assert now["icrc"].names == shipped()[[p.key for p in shipped()].index("icrc")].names, "control: an untouched one follows the file"


async def test_a_profile_without_its_armenian_or_with_a_script_for_a_source_is_refused(pool: asyncpg.Pool) -> None:
    await enter(pool)
    mine = (await recipients.profiles(pool))[0]
    broken = msgspec.structs.replace(mine, sentence={"en": "x", "fr": "x"}, sources=[Source("x", "javascript:1")])
    async with db.transaction(pool) as connection:
        with pytest.raises(Invalid) as wrong:
            await recipients.edit_profile(connection, broken)
    assert {fault.field for fault in wrong.value.faults} == {"sentence", "sources"}


# -- offices and terms ------------------------------------------------------------------------------------------------------------


async def test_an_office_is_held_by_whoever_held_it_on_that_day(pool: asyncpg.Pool) -> None:
    await enter(pool, GENEVA)
    async with db.transaction(pool) as connection:
        await recipients.begin_term(connection, GENEVA.id, Holder("Sample A", date(2020, 1, 1), None, "https://example.org/a"))
        await recipients.begin_term(connection, GENEVA.id, Holder("Sample B", date(2024, 6, 1), None, "https://example.org/b"))
    for day, holder in (
        (date(2019, 1, 1), ""),
        (date(2020, 1, 1), "Sample A"),
        (date(2024, 5, 31), "Sample A"),
        (date(2024, 6, 1), "Sample B"),
    ):
        assert (await recipients.office(pool, GENEVA.slug, on=day)).holder == holder, day
    assert (await recipients.addressee(pool, GENEVA.slug, on=date(2023, 1, 1))) == recipients.Addressee(GENEVA.name, "Sample A", GENEVA.id)
    assert (await recipients.addressee(pool, "The Assembly of Somewhere")).name["hy"] == "The Assembly of Somewhere"


async def test_two_terms_of_one_office_never_overlap_even_when_two_organizers_enter_them_at_once(pool: asyncpg.Pool) -> None:
    await enter(pool, GENEVA)

    async def begin(name: str, since: date, until: date | None = None) -> object:
        async with db.transaction(pool) as connection:
            return await recipients.begin_term(connection, GENEVA.id, Holder(name, since, until, "https://example.org/x"))

    await begin("Sample A", date(2020, 1, 1))
    with pytest.raises(Conflict):
        await begin("Sample Z", date(2020, 6, 1), date(2021, 1, 1))
    with pytest.raises(Conflict):
        await begin("Sample Z", date(2019, 1, 1), date(2020, 6, 1))
    tried = await asyncio.gather(*(begin(f"Sample {n}", date(2024, 1, 1) + timedelta(days=n)) for n in range(8)), return_exceptions=True)
    assert all(one is None or isinstance(one, Conflict) for one in tried)
    overlapping = await pool.fetchval(
        "select count(*) from office_holder a join office_holder b on a.office_id = b.office_id and a.since < b.since"
        " and daterange(a.since, a.until) && daterange(b.since, b.until)"
    )
    assert overlapping == 0


# -- whom a petition addresses ----------------------------------------------------------------------------------------------------


async def test_the_form_asks_for_a_town_exactly_when_a_recipient_counts_by_town(installation: Installation) -> None:
    house = installation
    petition = house.shelf.get(house.slug)
    await enter(house.pool, GENEVA, ASSEMBLY)
    for offices, asks, takes in (([ASSEMBLY.id], False, False), ([ASSEMBLY.id, GENEVA.id], True, True), ([], False, False)):
        async with db.transaction(house.pool) as connection:
            await recipients.address(connection, petition.id, offices)
        await house.settle()
        page = (await house.client.get(f"/en/petitions/{house.slug}")).text
        assert ('name="locality"' in page, 'name="handover"' in page) == (asks, takes), offices
    for wrong in ([uuid4()], [GENEVA.id, GENEVA.id]):
        async with db.transaction(house.pool) as connection:
            with pytest.raises(Invalid):
                await recipients.address(connection, petition.id, wrong)


async def test_levon_reads_before_signing_what_each_recipient_does_with_signatures(installation: Installation) -> None:
    for lang, words in (
        ("en", "The committee looks at the merits"),
        ("fr", "La commission examine le fond"),
        ("hy", "Հանձնաժողովը նայում է էությանը"),
    ):
        assert words in (await installation.client.get(f"/{lang}/petitions/{installation.slug}")).text


# -- deliveries ---------------------------------------------------------------------------------------------------------------------


async def certified(house: Installation) -> tuple[UUID, str]:
    await house.confirm()
    await house.seal()
    bundle = await certificates.certify(house.pool, house.keys, house.settings, house.slug, "Grand Council")
    return house.shelf.get(house.slug).id, bundle.id


async def test_a_petition_is_handed_over_voted_on_passed_on_and_rejected_and_everybody_can_read_it(installation: Installation) -> None:
    house = installation
    petition_id, certificate = await certified(house)
    await enter(house.pool, GENEVA)
    receipt = b"%PDF-1.7 a receipt"
    voted = Event(
        kind="voted", happened_on=date(2024, 11, 1), votes=(50, 25, 2), outcome="adopted", reference="R 1044", url="https://example.org/r"
    )
    wrong = Event(kind="decided", happened_on=date(2025, 7, 1), outcome="adopted", words={"en": "A committee decided."})
    async with db.transaction(house.pool) as connection:
        delivery = await recipients.plan(connection, petition_id, GENEVA.id, planned_for=date(2024, 6, 1))
        with pytest.raises(Conflict):
            await recipients.record(connection, delivery, voted, by="ani")
        handed = Event(
            kind="delivered",
            happened_on=date(2024, 6, 3),
            how="by-hand",
            by_whom="Sample C",
            holder="Sample A",
            file=receipt,
            file_name="r.PDF",
        )
        await recipients.deliver(connection, delivery, certificate, handed, by="ani", answer_due=date(2024, 12, 1))
        await recipients.record(connection, delivery, voted, by="ani")
        await recipients.record(connection, delivery, Event(kind="referred", happened_on=date(2024, 12, 1), reference="24.321"), by="ani")
        await recipients.record(connection, delivery, wrong, by="ani")
        right = msgspec.structs.replace(wrong, id=uuid4(), outcome="rejected", happened_on=date(2025, 8, 1), replaces=wrong.id)
        await recipients.record(connection, delivery, right, by="levon")
        await recipients.record(
            connection,
            delivery,
            Event(kind="noted", happened_on=date(2025, 9, 1), words={"en": "a word among ourselves"}, is_public=False),
            by="ani",
        )
    told = await recipients.timeline(house.pool, petition_id)
    assert [each.event.kind for each in told] == ["delivered", "voted", "referred", "decided"]
    assert told[1].event.votes == (50, 25, 2) and told[3].event.outcome == "rejected"
    assert len(await recipients.timeline(house.pool, petition_id, is_public=False)) == 5
    await house.settle()
    page = (await house.client.get(f"/en/petitions/{house.slug}")).text
    for words in (
        "Handed to: Grand Council of Geneva",
        "(by hand)",
        "50 in favour, 25 against, 2 abstained.",
        "24.321",
        "It was rejected.",
    ):
        assert words in page, words
    assert "It was adopted." in page and "a word among ourselves" not in page and page.count('<strong><time datetime="20') == 4
    file = await house.client.get(f"/petitions/{house.slug}/deliveries/{handed.id}")
    assert (file.status_code, file.content, file.headers["content-type"]) == (200, receipt, "application/pdf")
    assert "attachment" in file.headers["content-disposition"] and "sandbox" in file.headers["content-security-policy"]
    for nothing in (wrong.id, uuid4(), "x", "%00"):
        assert (await house.client.get(f"/petitions/{house.slug}/deliveries/{nothing}")).status_code == 404


async def test_a_delivery_is_made_once_and_with_a_certificate_of_this_petition(installation: Installation) -> None:
    house = installation
    petition_id, certificate = await certified(house)
    await enter(house.pool, GENEVA)
    async with db.transaction(house.pool) as connection:
        delivery = await recipients.plan(connection, petition_id, GENEVA.id, planned_for=TODAY)

    async def hand_over(certificate_id: str) -> str:
        try:
            async with db.transaction(house.pool) as connection:
                await recipients.deliver(connection, delivery, certificate_id, Event(kind="delivered", happened_on=TODAY), by="ani")
        except Conflict:
            return "refused"
        return "done"

    assert await hand_over("0" * 64) == "refused"
    assert sorted(await asyncio.gather(*(hand_over(certificate) for _ in range(6)))) == ["done"] + ["refused"] * 5
    assert len(await recipients.timeline(house.pool, petition_id)) == 1


async def test_a_closed_petition_that_is_handed_over_is_delivered(installation: Installation) -> None:
    house = installation
    petition_id, certificate = await certified(house)
    await enter(house.pool, GENEVA)
    await house.owner.execute("update petition set status = 'closed', closes_at = now()")
    async with db.transaction(house.pool) as connection:
        delivery = await recipients.plan(connection, petition_id, GENEVA.id)
        await recipients.deliver(connection, delivery, certificate, Event(kind="delivered", happened_on=TODAY), by="ani")
        await recipients.expect(connection, delivery, TODAY + timedelta(days=30))
        await recipients.end(connection, delivery, TODAY)
        for act in (recipients.end(connection, delivery, TODAY), recipients.expect(connection, delivery, None)):
            with pytest.raises(Conflict):
                await act
    await house.settle()
    assert (await house.client.get(house.api)).json()["state"] == "delivered"


async def test_the_desk_is_reminded_of_what_is_to_be_handed_over_and_to_be_answered(installation: Installation) -> None:
    house = installation
    petition_id, certificate = await certified(house)
    await enter(house.pool, GENEVA, ASSEMBLY)
    async with db.transaction(house.pool) as connection:
        first = await recipients.plan(connection, petition_id, GENEVA.id, planned_for=TODAY)
        assert await recipients.plan(connection, petition_id, GENEVA.id, delivery_id=first) == first, "a repeat is the same delivery"
        second = await recipients.plan(connection, petition_id, ASSEMBLY.id, planned_for=TODAY + timedelta(days=90))
        await recipients.deliver(
            connection, first, certificate, Event(kind="delivered", happened_on=TODAY), by="a", answer_due=TODAY + timedelta(9)
        )
    due = await recipients.soon(house.pool, TODAY + timedelta(days=10))
    assert [(each.delivery_id, each.is_to_deliver) for each in due] == [(first, False)]
    assert [each.delivery_id for each in await recipients.soon(house.pool, TODAY + timedelta(days=100))] == [first, second]
    assert [each.office_slug for each in await recipients.deliveries(house.pool, petition_id)] == [GENEVA.slug, ASSEMBLY.slug]
    with pytest.raises(NotFound):
        async with db.transaction(house.pool) as connection:
            await recipients.plan(connection, petition_id, uuid4())


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (Event(kind="voted", happened_on=TODAY), "votes"),
        (Event(kind="noted", happened_on=TODAY, votes=(1, 0, 0)), "votes"),
        (Event(kind="voted", happened_on=TODAY, votes=(1, -1, 0)), "votes"),
        (Event(kind="noted", happened_on=TODAY, url="javascript:alert(1)"), "url"),
        (Event(kind="noted", happened_on=TODAY, url="https:///x"), "url"),
        (Event(kind="noted", happened_on=TODAY, file=b"x", file_name="x.html"), "file"),
        (Event(kind="noted", happened_on=TODAY, file=b"x" * (FILE_LIMIT + 1), file_name="x.pdf"), "file"),
        (Event(kind="noted", happened_on=TODAY, file_name="x.pdf"), "file"),
    ],
)
async def test_an_event_that_cannot_be_is_refused_by_name(pool: asyncpg.Pool, event: Event, field: str) -> None:
    async with db.transaction(pool) as connection:
        with pytest.raises(Invalid) as wrong:
            await recipients.record(connection, uuid4(), event, by="ani")
    assert [fault.field for fault in wrong.value.faults] == [field]


async def test_the_services_own_role_can_add_to_the_history_and_change_nothing_in_it(pool: asyncpg.Pool, app_pool: asyncpg.Pool) -> None:
    for act in (
        "update delivery_event set kind = 'noted'",
        "delete from delivery_event",
        "delete from office_holder",
        "delete from delivery",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app_pool.execute(act)
    await pool.execute("delete from delivery_event")


def test_the_profiles_file_is_where_translators_look_for_it() -> None:
    assert "service/recipients/profiles.toml" in (Path(__file__).parents[1] / "docs/translations.md").read_text(encoding="utf-8")
