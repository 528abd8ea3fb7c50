"""The other process: it decides forms, delivers mail, seals ledgers, and lets time pass.

Each act is a row that any number of workers may claim; a worker that dies leaves nothing half done. An act that fails is
tried again with patience and never ends the others.
"""

from __future__ import annotations

import asyncio
import functools
import random
import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import msgspec
import structlog
from babel.dates import format_date

from service import (
    certificates,
    db,
    forgotten,
    identity,
    intake,
    ledger,
    mail,
    organizers,
    partners,
    petitions,
    recipients,
    risk,
    signatures,
    sponsors,
    tidings,
    tokens,
    updates,
    webhooks,
    witnesses,
)
from service.db import AWAY
from service.errors import Refusal
from service.identity import Keys
from service.petitions import Shelf
from service.proof.policy import Policy
from service.risk import DayKeys
from service.settings import Settings

log = structlog.get_logger()

IDLE = 0.1
"""Seconds between two looks for undecided forms; a NOTIFY for each would cost every commit a lock (docs/decisions.md)."""


_GUARD = webhooks.Guard()


def return_path(keys: Keys, settings: Settings) -> mail.ReturnPath | None:
    """Where mails come back to, if the operator reads a mailbox for that."""
    if not settings.bounces_to:
        return None
    return mail.ReturnPath(settings.bounces_to, keys.mail_token_key(), functools.partial(_suppression_index, keys))


def _suppression_index(keys: Keys, address: str) -> bytes:
    return identity.suppression_index(keys.suppression_key(), identity.canonical(address))


def _post_secrets(keys: Keys, settings: Settings, path: mail.ReturnPath | None) -> mail.Secrets:
    """What delivery needs to know, from the key ring."""

    def open_address(key_id: int, mail_id: UUID, blob: bytes) -> str:
        return identity.open_sealed(keys.epoch_key(key_id), key_id, "mail", mail_id.bytes, blob).decode()

    signer = mail.signer(settings)
    return mail.Secrets(
        mail_token_key=keys.mail_token_key(),
        open_address=open_address,
        suppression_index=functools.partial(_suppression_index, keys),
        handle=tokens.handle,
        stored=tokens.stored,
        write=tokens.Tokens(keys.token_keys()).write,
        return_path=path.of if path else None,
        sign=signer.sign if signer else None,
    )


class Worker:
    """All that happens behind a visitor's back. ``run`` goes on until ``stop``, then finishes what is in hand."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        settings: Settings,
        keys: Keys,
        clock: Callable[[], datetime],
        *,
        guard: webhooks.Guard = _GUARD,
    ) -> None:
        self._pool = pool
        self._guard = guard
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._decider = signatures.Decider(pool, keys, clock=clock)
        self._path = return_path(keys, settings)
        self._secrets = _post_secrets(keys, settings, self._path)
        self._post = mail.Post(settings.smtp_url, hello=settings.origin_host.partition(":")[0])
        self._compiled = mail.Compiled(
            base_url=settings.base_url,
            sender=settings.mail_from,
            issuer=settings.issuer_name,
            contact=settings.issuer_contact,
            languages=settings.languages,
        )
        self._circle = witnesses.circle(settings, keys)
        self._client = httpx2.AsyncClient(limits=httpx2.Limits(keepalive_expiry=30))
        self._days = DayKeys(settings.key_dir)
        self._rng: random.Random = secrets.SystemRandom()
        self._high_water = settings.data_dir / "published"
        self._recounted: date | None = None

    async def decide(self) -> bool:
        return await self._decider.decide() > 0

    async def answer_offers(self) -> bool:
        """Offers of sponsorship: the mail with the link, and "this was not me"."""
        done = await sponsors.mail_due(self._pool, self._keys, clock=self._clock)
        return await sponsors.suppress_due(self._pool, self._keys) + done > 0

    async def deliver(self, stop: asyncio.Event | None = None) -> bool:
        done = await mail.deliver_due(self._pool, self._post, self._secrets, self._compiled, stop=stop)
        if done.alarms:
            log.warning("mail: the relay refuses us", alarm=True, answers=done.alarms)
        return done.sent > 0 and not done.is_away

    async def read_bounces(self) -> bool:
        """Mails that came back: whose mailbox is gone is not written to again."""
        if (
            self._path is not None
            and self._settings.bounces_dir is not None
            and (done := await mail.read_maildir(self._pool, self._path, self._settings.bounces_dir))
        ):
            log.info("mail: came back", **{name.replace("-", "_"): count for name, count in done.items()})
        return False

    async def write_to_organizers(self) -> bool:
        weekly = self._keys.caps_keys(self._clock())[0]
        domain = functools.partial(risk.domain_digest, weekly)
        return await organizers.write_letters(self._pool, self._keys, now=self._clock(), domain=domain) > 0

    async def remind(self) -> bool:
        """Deadlines of deliveries: whoever certifies or edits for the association is told by mail, a week before and when it is over."""
        async with db.transaction(self._pool) as connection:
            due = await recipients.remind(connection, self._clock().date())
            if due is None:
                return False
            async for row in organizers.q.holders(connection, roles=["certifier", "editor"], association_id=due.association_id):
                language = row["language"]
                office = due.office.get(language) or next(iter(due.office.values()))
                title = f"{office} · {format_date(due.due, 'long', locale=language).lstrip('0')}"
                template = "desk-late" if due.is_late else "desk-deliver" if due.is_to_deliver else "desk-answer"
                await organizers.tell(connection, row["id"], template, title=title)
        return True

    async def publish(self) -> bool:
        """A text that organizers want published becomes the next version; with the first one the petition gets its log and keys."""
        async with db.transaction(self._pool) as connection:
            row = await petitions.q.next_publication(connection)
            if row is None:
                return False
            version, fault = None, None
            try:
                async with connection.transaction():
                    version = await self._publish(connection, row)
            except Refusal as no:
                fault = no.detail or no.code
            await petitions.q.published(connection, id=row["id"], version=version, fault=fault)
        return True

    async def _publish(self, connection: db.Connection, row: Mapping[str, Any]) -> int:
        petition_id, log_id, origin = row["petition_id"], row["log_id"], row["origin"]
        if log_id is None:
            self._keys.new_index_key(petition_id)
            made = await ledger.create_log(connection, self._keys, host=self._settings.origin_host, petition_id=petition_id)
            log_id, origin = made.id, made.origin
        sealed_to = [key.fingerprint for key in self._keys.offline_keys()] if row["is_sealed"] else []
        texts = msgspec.json.decode(row["texts"], type=dict[str, petitions.Text])
        version, manifest_hash = await petitions.publish_text(connection, petition_id, origin, texts, sealing_keys=sealed_to)
        await ledger.queue_text(connection, log_id, version, manifest_hash)
        return version

    async def issue(self) -> bool:
        """A certificate that the desk wants, from the count to the anchor log; outside the demo all but its signatures."""
        return await certificates.fulfil(self._pool, self._keys, self._settings)

    async def release(self) -> bool:
        return await signatures.release(self._pool, self._keys, clock=self._clock) > 0

    async def invalidate(self, stop: asyncio.Event | None = None) -> bool:
        """What two organizers agreed on: signatures taken out of the count, or put back."""
        return await signatures.carry_out_next(self._pool, stop=stop)

    async def find_clusters(self) -> bool:
        """What signatures of the last day have in common, for the organizers who take a flood out."""
        await signatures.find_clusters(self._pool)
        return False

    async def seal(self) -> bool:
        await ledger.run_due(
            self._pool, self._keys, self._high_water, seal_seconds=self._settings.seal_seconds, ml_dsa=self._settings.ml_dsa, rng=self._rng
        )
        return False  # its pace is the policy's

    async def tell_of_prisoners(self) -> bool:
        """What was entered in the register reaches sponsors at once, and organizers as a draft."""
        await tidings.tell(self._pool, self._keys, clock=self._clock, languages=self._settings.languages)
        return False

    async def send_news(self) -> bool:
        """Wishes for news become readers, and what was released is queued for them."""
        is_more = await updates.welcome(self._pool, self._keys) > 0
        return await updates.send(self._pool, self._keys, clock=self._clock) or is_more

    async def ask_witnesses(self) -> bool:
        await witnesses.ask(self._pool, self._client, self._circle or witnesses.Circle(Policy()))
        return False

    async def tell(self) -> bool:
        """Partners' systems: what there is to tell, and what is due."""
        await webhooks.announce(self._pool, now=self._clock())
        return await webhooks.deliver_due(self._pool, self._keys, self._guard) == webhooks.AT_ONCE

    async def pass_time(self) -> bool:
        """What is due at its hour: deadlines, sums, forgetting, keys. Each step may run any number of times."""
        pool, now = self._pool, self._clock()
        async for row in petitions.q.lapsed(pool, now=None):
            log.info("petition closed", slug=row["slug"])
        await signatures.lapsed(pool, ledger.queue_close)
        await signatures.forget_indexes(pool, self._keys)
        for petition_id in await signatures.kept_too_long(pool):
            purged = await signatures.end_retention(pool, petition_id, ledger.queue_purged)
            log.info("petition's secrets destroyed", petition=str(petition_id), entries=purged)
        while await signatures.expire(pool):
            pass
        while await signatures.add_places(pool, self._keys):
            pass
        while await signatures.add_up(pool):
            pass
        while await signatures.reseal(pool, self._keys, now=now):
            pass
        while await forgotten.note(pool, self._settings.key_dir / forgotten.FILE):
            pass
        await intake.forget(pool)
        await updates.forget(pool)
        await partners.forget(pool)
        await webhooks.forget(pool)
        while await self.remind():
            pass
        await organizers.q.housekeeping(pool, now=None)
        await organizers.q.forget_to_signers(pool, names=list(organizers.TO_SIGNERS), now=None)
        await organizers.remember(pool, self._settings.data_dir / "audit-head")
        await sponsors.forget(pool)
        async with db.transaction(pool) as connection:
            await mail.housekeeping(connection)
        # Only after everything was sealed again under today's key may old keys go.
        for purpose, number in self._keys.ratchet(now):
            log.info("key destroyed", purpose=purpose, number=number)
        for day in self._days.destroy_old(now.timestamp()):
            log.info("key destroyed", purpose="prefix", day=day)
        await self._recount(now.date())
        await self._raise_alarms()
        return False

    async def _recount(self, today: date) -> None:
        """Once a day the number is made again from the log's own entries; a difference is alarmed and mended."""
        if self._recounted == today:
            return
        for log_id in [row["id"] async for row in petitions.q.log_ids(self._pool)]:
            await ledger.recount(self._pool, log_id, repairing=True)
        for petition_id in [row["id"] async for row in signatures.q.petition_ids(self._pool)]:
            if differences := await signatures.disagreements(self._pool, petition_id):
                log.error("signatures: states differ from the log", alarm=True, petition=str(petition_id), differences=differences)
        self._recounted = today

    async def _raise_alarms(self) -> None:
        age = await signatures.q.age(self._pool, now=None)
        if age["oldest"] > 300:
            log.error("intake: forms wait", alarm=True, waiting=age["waiting"], oldest_seconds=int(age["oldest"]))

    async def run(self, stop: asyncio.Event) -> None:
        """Until ``stop`` is set. What is in hand is finished; nothing else is begun."""
        acts: list[tuple[str, Callable[[], Awaitable[bool]], float]] = [
            ("decide", self.decide, IDLE),
            ("answer offers", self.answer_offers, 1.0),
            ("deliver", lambda: self.deliver(stop), IDLE * 2),
            ("read bounces", self.read_bounces, 10.0),
            ("write to organizers", self.write_to_organizers, 0.5),
            ("publish", self.publish, 0.5),
            ("issue", self.issue, 1.0),
            ("release", self.release, 1.0),
            ("invalidate", lambda: self.invalidate(stop), 1.0),
            ("find clusters", self.find_clusters, 5.0),
            ("seal", self.seal, min(0.5, self._settings.seal_seconds / 2 or 0.5)),
            ("tell of prisoners", self.tell_of_prisoners, 5.0),
            ("send news", self.send_news, 1.0),
            ("ask witnesses", self.ask_witnesses, 1.0 if self._circle else 60.0),
            ("tell", self.tell, 5.0),
            ("pass time", self.pass_time, 60.0),
        ]
        try:
            await asyncio.gather(*(_again_and_again(name, act, pause, stop) for name, act, pause in acts))
        finally:
            await self.close()

    async def close(self) -> None:
        """Say goodbye to the relay and to the witnesses."""
        await self._post.close()
        await self._client.aclose()


async def _again_and_again(name: str, act: Callable[[], Awaitable[bool]], pause: float, stop: asyncio.Event) -> None:
    patience = 0.5
    while not stop.is_set():
        wait = pause
        try:
            if await act():
                wait = 0.0
            patience = 0.5
        except AWAY as away:
            log.warning("worker: database is away", act=name, error=type(away).__name__)
            wait = patience = min(patience * 2, 5.0)
        except Exception as fault:
            # The traceback names places, never values: what was being worked on is somebody's.
            at = fault.__traceback__
            while at is not None and at.tb_next is not None:
                at = at.tb_next
            where = f"{at.tb_frame.f_code.co_name}:{at.tb_lineno}" if at else ""
            log.error(  # noqa: TRY400 - a traceback may hold values
                "worker: fault", act=name, error=type(fault).__name__, where=where, alarm=True
            )
            wait = patience = min(patience * 2, 60.0)
        if wait:
            try:
                async with asyncio.timeout(wait):
                    await stop.wait()
            except TimeoutError:
                pass


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Open what a worker needs, and work until ``stop``. Raises ``Misconfigured`` before it begins, naming every fault."""
    keys = Keys(settings.key_dir)
    if not settings.embedded:
        keys.refuse_organizers_keys()
    async with db.open_lasting_pool(settings.database_url, name="libertas-worker") as pool:
        shelf = Shelf(pool, interval=5.0)
        async with shelf.running():
            await Worker(pool, settings, keys, shelf.now).run(stop)
