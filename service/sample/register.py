"""The sample register: people, towns and dates that do not exist, so that every page can be seen with something on it."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from service import cases, db, sponsors


async def load(connection: db.Connection) -> None:
    """Enter the sample cases, sponsors and facts of ``register.toml``; everything is marked as a sample."""
    with (Path(__file__).parent / "register.toml").open("rb") as file:
        data = tomllib.load(file)
    for key, value in data["fact"].items():
        await cases.write_fact(connection, key, value)
    ids: dict[str, UUID] = {}
    for about in data["case"]:
        draft = msgspec.convert({**about, "is_sample": True}, cases.Draft)
        ids[draft.slug] = case_id = await cases.create(connection, draft)
        await cases.publish(connection, case_id)
        for event in about["event"]:
            source = {"source": data["source"], "source_url": "https://example.org/sample-source", "as_of": event["on"], **event}
            await cases.record(connection, case_id, msgspec.convert(source, cases.Event), by="sample")
    for about in data["sponsor"]:
        sponsor_id = await sponsors.create(connection, msgspec.convert({**about, "is_sample": True}, sponsors.Draft))
        for one in about["sponsorship"]:
            await _stand(connection, sponsor_id, ids.get(one["case"]), one)
    # A release that came after the sponsorships fulfils them, as it would in life.
    for slug, event in ((each["case"], each) for each in data["later"]):
        source = {"source": data["source"], "source_url": "https://example.org/sample-source", **event}
        source.pop("case")
        await sponsors.record(connection, ids[slug], msgspec.convert(source, cases.Event), by="sample")


async def _stand(connection: db.Connection, sponsor_id: UUID, case_id: UUID | None, one: dict[str, Any]) -> None:
    sponsorship = await sponsors.agree(connection, sponsor_id, case_id, by="sample")
    await sponsors.sign(connection, sponsorship, msgspec.convert(one["deed"], sponsors.Deed), by="sample")
    announced: date = one["announced"]
    await sponsors.announce(connection, sponsorship, announced, by="sample")
    for done in one.get("act", []):
        act = {"proof_url": "https://example.org/sample-proof", **done}
        await sponsors.act(connection, sponsorship, msgspec.convert(act, sponsors.Act), by="sample")
