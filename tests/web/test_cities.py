"""Towns: numbers that are large enough to be shown, and the extract for the mayor."""

from __future__ import annotations

from installation import Installation
from service import db, sponsors
from web.test_cases import settle


async def signers(installation: Installation, **places: int) -> None:
    """Confirmed signatures of people who wrote these places, of settled days."""
    await installation.owner.execute("update petition set asks_locality = true")
    await installation.settle()
    number = 0
    for place, n in places.items():
        for _ in range(n):
            number += 1
            email = f"ani{number}@town{number}.example"
            assert (await installation.post(email=email, country="FR", locality=place)).status_code == 202
    await installation.work()
    await installation.pass_seconds(60)
    for signer in range(1, number + 1):
        assert await installation.press(installation.link(f"ani{signer}@town{signer}.example")) == "confirmed"
    await installation.seal()
    await installation.owner.execute(
        "update signature set operational_until = now() - interval '1 hour', day = day - 2 where state = 'confirmed'"
    )


async def test_a_town_with_enough_signers_is_shown_a_village_is_not_and_the_mayor_gets_a_page(installation: Installation) -> None:
    await signers(installation, Lyon=7, LYON=3, Vienne=4)
    for _ in range(2):  # a second worker adds nothing
        await installation.worker.pass_time()
    async with db.transaction(installation.pool) as connection:
        await sponsors.write_city(connection, "lyon", "FR", {"fr": "Lyon"}, ["Lyon", "6900*"])
        await sponsors.write_city(connection, "vienne", "FR", {"fr": "Vienne"}, ["Vienne"])
    await settle(installation)
    base = f"petitions/{installation.slug}/cities"
    listed = (await installation.client.get(f"/en/{base}")).text
    assert "cities/lyon" in listed
    assert "cities/vienne" not in listed
    one = (await installation.client.get(f"/en/{base}/lyon?case=sample-person-a")).text
    assert "10 people in Lyon" in one
    assert "A. Nmushian" in one
    told = (await installation.client.get(f"/{base}/lyon/extract.json?case=sample-person-a")).json()
    assert (told["asserted"]["residents"], told["asks_for"]) == (10, "sample-person-a")
    shown = (await installation.client.get(installation.api)).json()
    assert told["checkpoint"]["size"] == shown["checkpoint"]["size"]
    assert (await installation.client.get(f"/{base}/lyon/extract-fr.pdf")).content.startswith(b"%PDF")
    for small in (f"/{base}/vienne/extract.json", f"/{base}/vienne/extract-fr.pdf", f"/{base}/lyon/extract-xx.pdf", f"/en/{base}/nowhere"):
        assert (await installation.client.get(small)).status_code == 404, small
    assert (
        "4"
        not in (await installation.client.get(f"/en/{base}/vienne")).text.split("<h1>")[1].split("</section>")[0].split("sample-person")[0]
    )
    statistics = (await installation.client.get(f"{installation.api}/statistics")).json()
    assert "locality" not in statistics
    rows = await installation.rows("select key, n from daily_sum where kind = 'locality' order by key")
    assert [tuple(row) for row in rows] == [("FR:lion", 10), ("FR:viene", 4)]
