"""What is kept of a signer is said to everybody in the program's own figures, and shown to herself."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import msgspec
import pytest

from installation import Installation, make_sealed
from service import mail, petitions, risk, signatures
from service.errors import Misconfigured
from service.identity.keys import EPOCH_KEPT
from service.settings import load
from service.signatures.record import KEPT, LIFE, OPERATIONAL
from service.web import privacy


async def manage_path(installation: Installation, email: str = "ani@example.org") -> str:
    await installation.lift_caps()
    await installation.client.post("/en/manage", data={"email": email})
    await installation.work()
    return installation.link(email, "manage")


async def test_the_page_tells_the_terms_that_the_program_keeps_in_every_language(installation: Installation) -> None:
    terms = signatures.terms()
    assert msgspec.structs.asdict(terms) == {
        "unconfirmed_days": LIFE.days, "grace_hours": petitions.CONFIRM_GRACE // timedelta(hours=1), "operational_hours": 24,
        "key_hours": EPOCH_KEPT * 24, "network_days": risk.DayKeys.KEPT, "mail_days": mail.KEPT.days, "kept_days": KEPT.days,
    }  # fmt: skip
    for lang in ("fr", "en", "hy"):
        text = (await installation.client.get(f"/{lang}/privacy")).text
        told = [int(number) for number in re.findall(r"\d+", re.sub(r"<[^>]*>", " ", text.partition("<main")[2]))]
        for figure in msgspec.structs.asdict(terms).values():
            assert figure in told, (lang, figure)
        assert "DEMO" in text and installation.settings.issuer_contact in text
    assert "keys that otherwise only the organizers have" in (await installation.client.get("/en/privacy")).text


async def test_what_the_page_says_of_time_is_what_the_database_does(installation: Installation) -> None:
    await installation.confirm("ani@example.org")
    row = (await installation.rows("select confirmed_at, operational_until from signature"))[0]
    assert row["operational_until"] - row["confirmed_at"] == OPERATIONAL
    for age, is_kept in ((mail.KEPT - timedelta(hours=1), True), (mail.KEPT + timedelta(hours=1), False)):
        await installation.owner.execute("update mail set ended_at = now() - $1::interval", age)
        await installation.worker.pass_time()
        assert bool(await installation.owner.fetchval("select count(*) from mail")) is is_kept
    await installation.post(email="late@example.org")
    await installation.work()
    for age, state in ((LIFE - timedelta(hours=1), "pending"), (LIFE + timedelta(hours=1), "expired")):
        await installation.owner.execute("update signature set decided_at = now() - $1::interval where state = 'pending'", age)
        await installation.worker.pass_time()
        assert await installation.owner.fetchval("select count(*) from signature where state = $1", state) == 1


def test_who_works_for_us_comes_from_the_settings() -> None:
    def works(**environ: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = privacy.facts(load({f"LIBERTAS_{name}": value for name, value in environ.items()}))["works"]
        return found

    assert works() == [("privacy-works-mail-own", ""), ("privacy-works-unnamed", "")]
    assert works(SMTP_URL="smtp://localhost:25") == works()
    assert ("privacy-works-mail", "relay.example.org") in works(SMTP_URL="smtps://user:secret@relay.example.org:465")
    named = works(PROCESSORS="mail: A relay, Geneva; hosting: A host, Lyon; backup: A vault", SMTP_URL="smtp://relay.example.org")
    assert named == [
        ("privacy-works-mail", "A relay, Geneva"),
        ("privacy-works-hosting", "A host, Lyon"),
        ("privacy-works-backup", "A vault"),
    ]
    for wrong in ("cloud: X", "mail", "mail:", "mail: A; mail: B"):
        with pytest.raises(Misconfigured, match="LIBERTAS_PROCESSORS: must be such as"):
            works(PROCESSORS=wrong)


async def test_ani_sees_and_downloads_what_is_kept_of_her_and_nobody_else_does(installation: Installation) -> None:
    await installation.confirm("ani@example.org", name="Ani Zvartnots", role="", handover=True)
    path = await manage_path(installation)
    assert f'href="{path}/data.json"' in (await installation.client.get(path)).text
    answer = await installation.client.get(f"{path}/data.json")
    assert answer.headers["cache-control"] == "no-store" and "attachment" in answer.headers["content-disposition"]
    data = json.loads(answer.text)
    assert data["readable"] and data["state"] == "confirmed" and data["petition"] == installation.slug
    assert (data["signer"]["name"], data["signer"]["email"], data["signer"]["handover"]) == ("Ani Zvartnots", "ani@example.org", True)
    assert "secret" not in answer.text
    for stranger in (path[:-3] + "AAA", path.replace("/manage/", "/confirm/"), "/en/manage/x"):
        refused = await installation.client.get(f"{stranger}/data.json")
        assert refused.status_code == 404 and "Zvartnots" not in refused.text
    assert (await installation.client.post(path, data={"act": "erase"})).status_code == 303
    gone = json.loads((await installation.client.get(f"{path}/data.json")).text)
    assert gone["state"] == "erased" and gone["signer"] is None and not gone["readable"]


async def test_a_day_later_in_a_sealed_petition_the_server_has_nothing_to_show_her_and_says_so(installation: Installation) -> None:
    await make_sealed(installation)
    assert "this server can no longer read who you are" in (await installation.client.get(f"/en/petitions/{installation.slug}")).text
    await installation.confirm("ani@example.org", text_version=2)
    path = await manage_path(installation)
    assert json.loads((await installation.client.get(f"{path}/data.json")).text)["readable"]
    await installation.owner.execute("update signature set operational_until = operational_until - interval '1 day'")
    await installation.worker.pass_time()
    data = json.loads((await installation.client.get(f"{path}/data.json")).text)
    assert data["signer"] is None and not data["readable"] and data["state"] == "confirmed" and data["day"]
    assert (await installation.client.post(path, data={"act": "withdraw"})).status_code == 303, "and she can still leave"
