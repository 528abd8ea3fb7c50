"""Something happened to a prisoner: his sponsors are written to at once, and a piece of news lies ready for those who asked for it.

It is entered once, in the register. What goes to many readers is a draft that an organizer reads before it leaves; what goes to
the few who stand for this prisoner does not wait. Told once: the mark, the draft and the mails are one transaction.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import structlog
from babel.dates import format_date

from service import cases, db, identity, mail, risk, sponsors, updates
from service.errors import Invalid, Unproven
from service.identity import Keys
from service.settings import LANGUAGES
from service.updates import Words

q = db.statements("tidings")
log = structlog.get_logger()

RECENT = timedelta(days=60)
"""What happened longer ago is history that somebody enters, and no news to anyone."""

BY_THE_REGISTER = "register"
"""Who wrote a draft that came about by itself."""


@cache
def phrases() -> dict[str, dict[str, list[str]]]:
    """Title and text for each status that is told, by language (``tidings.toml``)."""
    with (Path(__file__).parent / "tidings.toml").open("rb") as file:
        return tomllib.load(file)


async def tell(pool: asyncpg.Pool, keys: Keys, *, clock: Callable[[], datetime], languages: tuple[str, ...] = LANGUAGES) -> int:
    """Tell what changed since the last time; returns how many events. Any number of workers may ask; one tells.

    An event that was taken back meanwhile, or whose family did not agree to be public, is passed over in silence.
    """
    told = 0
    async with db.transaction(pool) as connection:
        last = await q.hold(connection)
        if last is None:
            return 0
        newest = last
        changes = [change async for change in cases.changed(connection, last, limit=100)]
        for change in changes:
            newest = change["id"]
            if change["kind"] != "status" or change["status"] not in phrases():
                continue
            if change["at"].date() - change["happened_on"] <= RECENT:
                told += await _tell(connection, keys, change, clock(), languages)
        if newest != last:
            await q.told(connection, change_id=newest)
    return told


async def _tell(connection: db.Connection, keys: Keys, change: Mapping[str, Any], now: datetime, languages: tuple[str, ...]) -> int:
    event = await q.event(connection, id=change["event_id"])
    if event is None:
        return 0
    texts = {language: _words(event, language) for language in languages}
    news = await updates.write(connection, texts, by=BY_THE_REGISTER, case_slug=event["slug"])
    letters = []
    async for row in q.sponsors(connection, case_id=change["case_id"], on_day=event["happened_on"]):
        letter = await _letter(connection, keys, row["id"], news, event["slug"], now, languages[0])
        letters += [letter] if letter else []
    await mail.enqueue(connection, letters)
    return 1


def _words(event: Mapping[str, Any], language: str) -> Words:
    names: dict[str, str] = msgspec.json.decode(event["names"])
    name = event["name_hy"] if language == "hy" else names.get(language) or next(iter(names.values()), event["name_hy"])
    day = format_date(event["happened_on"], "long", locale=language).lstrip("0")
    title, body = phrases()[event["kind"]][language]
    given = {"name": name, "day": day, "source": event["source_url"]}
    return Words(title.format(**given)[: updates.TITLE], body.format(**given))


async def _letter(
    connection: db.Connection, keys: Keys, sponsor_id: UUID, news: UUID, slug: str, now: datetime, language: str
) -> mail.Letter | None:
    """A mail to whom organizers speak with at the sponsor; None where there is no address, or none that mail can reach."""
    try:
        address = identity.deliverable((await sponsors.contact(connection, keys, sponsor_id)).email)
    except (Invalid, Unproven):
        return None
    key_id, key = keys.epoch(now)
    letter_id = uuid4()
    return mail.Letter(
        id=letter_id,
        template="tidings",
        language=language,
        address=identity.seal(key, key_id, "mail", letter_id.bytes, address.encode()),
        key_id=key_id,
        facts={"news": str(news), "path": f"/cases/{slug}"},
        domain=risk.domain_digest(keys.caps_keys(now)[0], identity.canonical(address)),
        priority=4,
    )
