"""What an office receives beside the number: how many it may have by name, and who stands beside the petition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from installation import Installation
from service import certificates, exports
from service.exports.opening import about_path
from service.identity import offline

AT = "president-of-azerbaijan"  # the sample's first office, to which names may be handed over
NEVER = "European Parliament"


async def certified(installation: Installation, recipient: str) -> dict[str, Any]:
    bundle = await certificates.certify(installation.pool, installation.keys, installation.settings, installation.slug, recipient)
    found: dict[str, Any] = json.loads(bundle.files["certificate.json"])
    return found


async def listed(installation: Installation, folder: Path) -> dict[str, int]:
    """The totals of the list that the organizers open for the recipient."""
    profile = exports.Profile(recipient=AT)
    made = await exports.write(
        installation.pool, installation.keys, installation.settings, installation.slug, shape="recipient", form="csv", profile=profile
    )
    path = folder / f"{made.id}.csv"
    path.write_bytes(b"".join([piece async for piece in made]))
    about_path(path).write_text(json.dumps(made.about))
    private = offline.read_private(installation.settings.key_dir / "offline" / "demo-main.key")
    return exports.open_file(path, private, folder / f"{made.id}.opened.csv").totals


async def test_the_certificate_names_no_more_people_than_the_list_for_the_same_office(installation: Installation, tmp_path: Path) -> None:
    for n in range(12):
        await installation.confirm(f"ani{n}@example.org", handover=True)
    await installation.confirm("levon@example.org", handover=False)
    await installation.confirm("mariam@example.org", handover=True, visibility="protect")
    assert await installation.seal() == 14
    names = (await certified(installation, AT))["asserted"]["named_to_recipient"]
    assert names == {"handover": "optional", "at_most": 12}
    assert (await listed(installation, tmp_path))["named"] == 12

    # A day later the yeses are a sum, and the row no longer tells whose they are.
    await installation.owner.execute("update signature set operational_until = now() - interval '1 hour'")
    await installation.worker.pass_time()
    assert await installation.owner.fetchval("select count(*) from signature where handover is not null") == 0
    assert await installation.owner.fetchval("select sum(n) from daily_sum where kind = 'handover'") == 12
    assert (await certified(installation, AT))["asserted"]["named_to_recipient"]["at_most"] == 12
    assert "handover" not in (await installation.client.get(f"{installation.api}/statistics")).text

    # Three narrow their wish. Nobody can tell any more what they had answered: the number is a bound, and no list exceeds it.
    await installation.owner.execute(
        "update signature set visibility = 'protect' where id in (select id from signature where visibility = 'count' order by id limit 3)"
    )
    assert (await certified(installation, AT))["asserted"]["named_to_recipient"]["at_most"] == 10
    assert (await listed(installation, tmp_path))["named"] in (9, 10)


async def test_no_name_goes_to_an_office_that_never_gets_any(installation: Installation) -> None:
    await installation.confirm(handover=True)
    await installation.seal()
    body = await certified(installation, NEVER)
    assert body["asserted"]["named_to_recipient"] == {"handover": "never", "at_most": 0}
    assert body["recipient"]["names"]["fr"] == "Parlement européen"
    assert (await certified(installation, "Someone at the gate"))["asserted"]["named_to_recipient"]["handover"] == "unknown"


async def test_sponsors_and_partners_stand_in_the_certificate_and_not_in_its_count(installation: Installation) -> None:
    await installation.confirm()
    await installation.seal()
    body = await certified(installation, AT)
    beside = body["asserted"]["supporters"]
    page = (await installation.client.get(f"/en/petitions/{installation.slug}")).text
    kinds = [one["kind"] for one in beside["listed"]]
    assert kinds[0] == "city" and kinds[-1] == "partner" and body["proved"]["count"] == 1
    sponsors = [one for one in beside["listed"] if one["kind"] != "partner"]
    assert sponsors and all(one["name"]["en"] in page and one["since"] for one in sponsors), "those that the petition's page shows"
    assert any(one["deed"] and one["deed"]["kind"] in ("deed", "motion") for one in sponsors)
    assert beside["notice"]["en"].endswith("not part of the count.")
    # One that ended stands there no more.
    await installation.owner.execute(
        "update sponsorship set state = 'ended', ended_on = current_date where state in ('announced', 'active')"
    )
    left = (await certified(installation, AT))["asserted"]["supporters"]["listed"]
    assert len(left) < len(beside["listed"])
