"""What a stranger can fetch, over the application's own table of routes: nothing that somebody typed for organizers only."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from desk_seat import said, seat
from installation import Installation
from service import app, certificates

NOWHERE = "00000000-0000-4000-8000-000000000000"
SECRETS = (
    "Zarquon", "Vexfield", "zarquon@secret.example", "Organa", "organa@secret.example", "Byhanda", "Hushed words", "Reasona", "Draftina",
    "Heldina", "heldina@secret.example", "Waitina",
)  # fmt: skip
"""A signer, an organizer, who carried a certificate, a private event, a proposal, a draft, a held form, a name that waits."""


async def told_to_organizers(house: Installation) -> list[str]:
    """Each of the secrets in its place; returns the desk's pages that show some of them."""
    await house.confirm("zarquon@secret.example", name="Zarquon Vexfield")
    await house.confirm("waitina@example.org", name="Waitina Sample", visibility="show")
    await house.seal()
    await house.post(email="heldina@secret.example", name="Heldina Sample")
    await house.work()
    await house.owner.execute("update signature set state = 'held' where state = 'pending'")
    ani, _ = await seat(house, "organa@secret.example"), await seat(house, "levon@example.org")
    await ani.post("/desk/account", name="Organa Sample", language="en")
    await ani.post("/desk/people/invite", email="third@secret.example", **{"role-editor-all": "yes"})
    at = f"/desk/petitions/{house.slug}"
    await ani.post(f"{at}/exports", shape="working", format="csv", office="", reason="Reasona")
    parts = {
        f"{part}-{lang}": "Draftina" for part in ("title", "summary", "statement", "consent", "privacy") for lang in ("fr", "en", "hy")
    }
    assert said(await ani.post(f"{at}/text", do="save", revision="0", **parts)) == "saved"
    bundle = await certificates.certify(house.pool, house.keys, house.settings, house.slug, "The Council")
    office = re.search(
        r'<select id="office" name="office">.*?<option value="([0-9a-f-]{36})"', (await ani.get(f"{at}/deliveries")).text, re.DOTALL
    )
    assert office
    delivery, today = str(uuid4()), house.shelf.now().date().isoformat()
    await ani.post(f"{at}/deliveries", delivery=delivery, office=office[1], planned_for=today)
    sent = {"token": ani.token, "event": str(uuid4()), "happened_on": today}
    made = {**sent, "certificate": bundle.id, "by_whom": "Byhanda"}
    noted = {**sent, "event": str(uuid4()), "kind": "noted", "is_private": "yes", "words-en": "Hushed words"}
    for act, fields in (("deliver", made), ("event", noted)):
        path = f"{at}/deliveries/{delivery}/{act}"
        assert (await house.client.post(path, data=fields, files={"file": ("", b"")}, headers=ani.headers)).status_code == 303
    await house.settle()
    return [(await ani.get(path)).text for path in ("/desk", "/desk/approvals", f"{at}/text", f"{at}/deliveries", f"{at}/names")]


async def test_no_route_tells_a_stranger_what_is_for_organizers(installation: Installation) -> None:
    house = installation
    seen = "".join(await told_to_organizers(house))
    shown = {secret for secret in SECRETS if secret in seen}
    assert shown >= {"Organa", "Byhanda", "Hushed words", "Reasona", "Draftina", "Waitina"}, "control: the desk shows them"
    log = await house.owner.fetchval("select id from log where petition_id is not null")
    certificate = await house.owner.fetchval("select id from certificate")
    known = {
        "lang": "en",
        "slug": house.slug,
        "log_id": log,
        "certificate": certificate,
        "certificate_id": certificate,
        "path": "checkpoint",
    }
    things = [await house.owner.fetchval(f"select min(slug) from {table}") for table in ("case_file", "sponsor")]
    answers: dict[str, int] = {}
    served: Any = app.create(house.settings)
    while not hasattr(served, "routes"):  # the doors in front of it
        served = served._inner
    for route in served.routes:
        if "GET" not in getattr(route, "methods", ()):
            continue
        path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: known.get(found[1], NOWHERE), route.path)
        fillings = [path, *(path.replace(NOWHERE, filled) for filled in (house.slug, "en", log, "bundle.zip"))]
        for each in dict.fromkeys([*fillings, *(path.replace(house.slug, thing) for thing in things)]):
            answer = await house.client.get(each)
            answers[each] = answer.status_code
            told = answer.text + str(answer.headers)
            assert not [secret for secret in SECRETS if secret in told], each
            assert answer.status_code < 500, each
            if each.startswith("/desk") and not re.match(r"/desk/(sign-in|join)", each):
                assert answer.status_code == 303, each
    assert sum(status == 200 for status in answers.values()) > 40, "control: strangers were answered"
