"""A signature's life on a real database: one for each mailbox, confirmed once, gone when its signer wishes."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from service import db, identity, ledger, petitions, sample, signatures, tokens
from service.errors import Busy, Invalid, NotFound
from service.identity import Form, Keys
from service.intake import Intake, Submission, form_id
from service.proof import commitment
from service.settings import load
from service.signatures import Confirmer, Decider, Pressed


class Campaign:
    """An open petition with a door, a decider and a button; ``later`` is how far the handed-in clock runs ahead."""

    def __init__(self, pool: asyncpg.Pool, folder: Path) -> None:
        self.pool = pool
        self.settings = load({}, data_dir=folder)
        self.keys = Keys.create(self.settings.key_dir)
        self.later = timedelta()
        self.intake = Intake(pool, self.keys, clock=self.now)
        self.decider = Decider(pool, self.keys, clock=self.now)
        self.confirmer = self.another_confirmer()
        self.id = UUID(int=0)
        self.log_id = ""
        self.origin = ""

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later

    def another_confirmer(self) -> Confirmer:
        return Confirmer(self.pool, self.keys, clock=self.now, issuer="petition.example.org")

    async def open(self, *, is_protected: bool = False) -> Campaign:
        draft = petitions.Draft(
            slug="free", opens_at=self.now() - timedelta(days=9), closes_at=self.now() + timedelta(days=90), is_protected=is_protected
        )
        texts = {lang: petitions.Text(f"t {lang}", "s", "We ask.\n", "c", "p") for lang in ("fr", "en", "hy")}
        async with db.transaction(self.pool) as connection:
            await sample.found(connection, self.keys, self.settings, draft, texts)
        await petitions.change(self.pool, "free", "open")
        found = await petitions.by_slug(self.pool, "free")
        self.id, self.log_id, self.origin = found.id, found.log_id, found.checkpoint.origin
        return self

    async def send(self, email: str = "ani@example.org", **changes: Any) -> bytes:
        fields: dict[str, Any] = {"name": "Ani", "email": email, "country": "AM", "language": "en", "text_version": 1, **changes}
        key = form_id(self.id, secrets.token_urlsafe(9))
        await self.intake.submit(Submission(form_id=key, petition_id=self.id, form=Form(**fields), lane="api"))
        return key

    async def decide(self) -> None:
        while await self.decider.decide():
            pass

    async def handles(self, purpose: str = "confirm") -> list[bytes]:
        """The handles behind every mail of this purpose, as delivery would make them; the mails count as sent a minute ago."""
        await self.pool.execute(
            "update mail set sent_at = now() - interval '1 minute', state = 'sent', ended_at = now() where state = 'due'"
        )
        rows = await self.pool.fetch("select mail_id from token where purpose = $1", purpose)
        return [tokens.handle(self.keys.mail_token_key(), row["mail_id"], purpose) for row in rows]

    async def asked(self, email: str = "ani@example.org", **changes: Any) -> bytes:
        """The handle of a confirmation link that was just mailed."""
        known = set(await self.handles())
        await self.send(email, **changes)
        await self.decide()
        (handle,) = set(await self.handles()) - known
        return handle

    async def confirmed(self, email: str = "ani@example.org", **changes: Any) -> Pressed:
        pressed = await self.confirmer.press(await self.asked(email, **changes), "en")
        assert pressed.state == "confirmed"
        return pressed

    async def mine(self, pressed: Pressed) -> signatures.Managed:
        assert pressed.manage is not None
        return await signatures.managed(self.pool, "manage", pressed.manage)

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.pool.fetch("select state from signature order by decided_at, id")]

    async def queued(self) -> list[str]:
        return [
            row["kind"]
            for row in await self.pool.fetch("select kind::text from outbox where kind in ('A', 'W', 'E', 'X', 'R') order by id")
        ]


@pytest.fixture
async def campaign(pool: asyncpg.Pool, tmp_path: Path) -> Campaign:
    return await Campaign(pool, tmp_path).open()


# -- deciding --------------------------------------------------------------------------------------------------------------


async def test_ani_sends_four_forms_and_there_is_one_signature_under_two_deciders_at_once(campaign: Campaign) -> None:
    others = [f"signer{n}@example.org" for n in range(12)]  # few enough that no domain is held
    await asyncio.gather(*(campaign.send(email) for email in [*others, *["ani@example.org"] * 4, "ANI@example.org"]))
    deciders = [Decider(campaign.pool, campaign.keys, clock=campaign.now) for _ in range(2)]

    async def work(decider: Decider) -> int:
        done = 0
        while found := await decider.decide(limit=5):
            done += found
        return done

    both = await asyncio.gather(*map(work, deciders))
    assert sum(both) == 17, both
    assert await campaign.states() == ["pending"] * 13
    outcomes = {r["outcome"]: r["n"] for r in await campaign.pool.fetch("select outcome, n from outcome_sum")}
    assert sum(outcomes.values()) == 17, outcomes


async def test_a_decided_form_keeps_its_id_and_loses_what_it_said(campaign: Campaign) -> None:
    await campaign.send()
    await campaign.decide()
    row = await campaign.pool.fetchrow("select payload, outcome, signature_id, decided_at from intake")
    assert row["payload"] is None and row["outcome"] == "pending" and row["decided_at"]
    assert row["signature_id"] == await campaign.pool.fetchval("select id from signature")
    assert await campaign.decider.decide() == 0


async def test_a_tampered_form_is_set_aside_and_the_others_go_on(campaign: Campaign) -> None:
    bad = await campaign.send("levon@example.org")
    await campaign.send("ani@example.org")
    await campaign.pool.execute("update intake set payload = overlay(payload placing '\\x00ff00ff'::bytea from 20) where id = $1", bad)
    assert await campaign.decider.decide() == 2
    row = await campaign.pool.fetchrow("select outcome, payload, attempts, claimed_until > now() as waits from intake where id = $1", bad)
    assert (row["outcome"], row["attempts"], row["waits"]) == (None, 1, True)
    assert row["payload"] is not None, "set aside, never dropped"
    assert await campaign.states() == ["pending"]
    assert await campaign.decider.decide() == 0, "it waits"


async def test_a_form_that_breaks_its_batch_is_found_and_the_others_go_on(campaign: Campaign) -> None:
    await campaign.send("levon@example.org", text_version=7)  # no such text: the foreign key refuses the whole batch
    await campaign.send("ani@example.org")
    assert await campaign.decider.decide() == 2
    assert await campaign.states() == ["pending"]
    assert await campaign.pool.fetchval("select count(*) from intake where decided_at is null and attempts > 0") == 1


async def test_levon_corrects_his_form_before_confirming_and_the_corrected_one_is_confirmed(campaign: Campaign) -> None:
    await campaign.asked("levon@example.org", country="AM")
    await campaign.send("levon@example.org", country="FR", name="Levon")
    await campaign.decide()
    row = await campaign.pool.fetchrow("select * from signature")
    blob = signatures.open_blob(campaign.keys, row)
    assert (blob.name, blob.country, row["country"]) == ("Levon", "FR", "FR")


async def test_another_spelling_of_a_mailbox_changes_nothing(campaign: Campaign) -> None:
    await campaign.asked("ani.p@gmail.com", country="AM")
    await campaign.pool.execute("delete from mail_cap")
    await campaign.send("anip@gmail.com", country="FR")
    await campaign.decide()
    assert [r["country"] for r in await campaign.pool.fetch("select country from signature")] == ["AM"]
    assert [r["template"] for r in await campaign.pool.fetch("select template from mail order by created_at")][-1] == "spelling"


# -- the database keeps what must be true ----------------------------------------------------------------------------------


async def test_nothing_brings_a_withdrawn_or_erased_signature_back(campaign: Campaign) -> None:
    pressed = await campaign.confirmed()
    mine = await campaign.mine(pressed)
    await signatures.withdraw(campaign.pool, mine)
    for state in ("pending", "held", "confirmed", "invalidated", "expired"):
        with pytest.raises(asyncpg.CheckViolationError):
            await campaign.pool.execute("update signature set state = $1", state)
    await signatures.erase(campaign.pool, mine)
    for state in ("pending", "confirmed", "withdrawn"):
        with pytest.raises(asyncpg.CheckViolationError):
            await campaign.pool.execute("update signature set state = $1", state)
    assert await campaign.states() == ["erased"]


async def test_two_living_signatures_of_one_mailbox_are_impossible(campaign: Campaign) -> None:
    await campaign.asked()
    copy = (
        "insert into signature (id, petition_id, text_version, state, visibility, email_index)"
        " select $1, petition_id, text_version, $2, visibility, email_index from signature limit 1"
    )
    for state in signatures.LIVING:
        with pytest.raises(asyncpg.UniqueViolationError):
            await campaign.pool.execute(copy, uuid4(), state)
    await campaign.pool.execute(copy, uuid4(), "withdrawn")


# -- confirming ------------------------------------------------------------------------------------------------------------


async def test_a_batch_of_presses_with_doubles_confirms_each_once(campaign: Campaign) -> None:
    people = [f"signer{n}@example.org" for n in range(10)]
    for email in people:
        await campaign.send(email)
    await campaign.decide()
    handles = await campaign.handles()
    answers = await asyncio.gather(*(campaign.confirmer.press(h, "en") for h in handles * 3))
    assert sorted(a.state for a in answers) == ["already"] * 20 + ["confirmed"] * 10
    assert await campaign.queued() == ["A"] * 10
    for first, second, third in zip(answers[:10], answers[10:20], answers[20:], strict=True):
        assert first.promise is not None and first.promise == second.promise == third.promise
        assert first.manage == second.manage == third.manage


async def test_two_replicas_give_one_promise_byte_for_byte(campaign: Campaign) -> None:
    handle = await campaign.asked()
    one, other = campaign.another_confirmer(), campaign.another_confirmer()
    answers = await asyncio.gather(*(each.press(handle, lang) for each in (one, other) for lang in ("fr", "en", "hy")))
    assert sorted(a.state for a in answers) == ["already"] * 5 + ["confirmed"]
    campaign.later = timedelta(minutes=5)
    again = await campaign.another_confirmer().press(handle, "hy")
    promises = {a.promise for a in [*answers, again]}
    assert len(promises) == 1 and promises != {None}


async def test_looking_changes_nothing(campaign: Campaign) -> None:
    handle = await campaign.asked(name="Ani Petrosyan")
    for _ in range(3):
        view = await campaign.confirmer.look(handle)
        assert (view.state, view.name, view.slug) == ("ask", "Ani Petrosyan", "free")
    assert await campaign.states() == ["pending"]
    assert (await campaign.confirmer.look(secrets.token_bytes(32))).state == "unknown"
    assert (await campaign.confirmer.press(secrets.token_bytes(32), "en")).state == "unknown"


async def test_a_press_right_after_the_mail_or_by_a_scanner_is_asked_again_and_the_next_counts(campaign: Campaign) -> None:
    handle = await campaign.asked()
    await campaign.pool.execute("update mail set sent_at = now() + interval '50 s'")
    assert (await campaign.confirmer.press(handle, "en")).state == "ask-again"
    assert (await campaign.confirmer.press(handle, "en")).state == "confirmed"
    other = await campaign.asked("levon@example.org")
    assert (await campaign.confirmer.press(other, "en", looks_automatic=True)).state == "ask-again"
    assert await campaign.queued() == ["A"]
    assert (await campaign.confirmer.press(other, "en", looks_automatic=True)).state == "confirmed"


async def test_after_expiry_nobody_can_confirm_and_nothing_personal_is_left(campaign: Campaign) -> None:
    handle = await campaign.asked()
    assert await signatures.expire(campaign.pool, now=campaign.now() + timedelta(days=29)) == 0
    assert await signatures.expire(campaign.pool, now=campaign.now() + timedelta(days=30, minutes=1)) == 1
    pressed = await campaign.confirmer.press(handle, "en")
    assert (pressed.state, pressed.promise) == ("expired", None)
    row = await campaign.pool.fetchrow("select blob, email_index, exact_index, country, prefix, domain from signature")
    assert set(row.values()) == {None}
    assert await campaign.queued() == []


async def test_a_link_that_ran_out_confirms_nothing_even_before_the_sweep(campaign: Campaign) -> None:
    handle = await campaign.asked()
    await campaign.pool.execute("update token set expires_at = now() - interval '1 second'")
    assert (await campaign.confirmer.press(handle, "en")).state == "expired"
    assert await campaign.states() == ["pending"]


async def test_presses_are_taken_for_a_day_after_the_close_and_then_no_more(campaign: Campaign) -> None:
    ani, levon = await campaign.asked("ani@example.org"), await campaign.asked("levon@example.org")
    await campaign.pool.execute("update petition set status = 'closed', closes_at = now() - interval '23 hours'")
    assert (await campaign.confirmer.press(ani, "en")).state == "confirmed"
    await campaign.pool.execute("update petition set closes_at = now() - interval '25 hours'")
    assert (await campaign.confirmer.press(levon, "en")).state == "closed"
    assert await campaign.queued() == ["A"]


async def test_the_commitment_in_the_log_opens_with_the_secret_in_the_blob_and_with_no_other(campaign: Campaign) -> None:
    await campaign.confirmed("Ani.P+news@gmail.com", country="FR")
    row = await campaign.pool.fetchrow("select * from signature")
    entry = await campaign.pool.fetchval("select entry from outbox where kind = 'A'")
    manifest = await campaign.pool.fetchval("select manifest_hash from text_version")
    blob = signatures.open_blob(campaign.keys, row)

    def made(secret: bytes, **changes: str) -> bytes:
        said = {"email": "anip@gmail.com", "country": "FR", "locale": "en", "klass": "email", **changes}
        return commitment.entry(1, commitment.commit(campaign.origin, manifest, secret, **said))

    assert made(blob.secret) == entry
    assert made(secrets.token_bytes(32)) != entry
    assert made(blob.secret, country="AM") != entry


async def test_when_the_database_is_away_a_press_is_busy_and_may_be_repeated(campaign: Campaign, database: str) -> None:
    handle = await campaign.asked()
    async with db.open_pool(database) as own:
        confirmer = Confirmer(own, campaign.keys, clock=campaign.now, issuer="x.example")
        await own.close()
        with pytest.raises(Busy):
            await confirmer.press(handle, "en")
        await confirmer.drain()
    assert (await campaign.confirmer.press(handle, "en")).state == "confirmed"


async def test_a_protected_petition_gives_no_promise(pool: asyncpg.Pool, tmp_path: Path) -> None:
    campaign = await Campaign(pool, tmp_path).open(is_protected=True)
    assert (await campaign.confirmed()).promise is None


# -- managing --------------------------------------------------------------------------------------------------------------


async def test_ani_withdraws_is_forgotten_and_may_sign_again(campaign: Campaign) -> None:
    mine = await campaign.mine(await campaign.confirmed())
    assert await signatures.withdraw(campaign.pool, mine) == "confirmed"
    assert await signatures.withdraw(campaign.pool, mine) == "withdrawn", "a repeat changes nothing"
    assert await campaign.queued() == ["A", "W"]
    row = await campaign.pool.fetchrow("select blob, email_index, exact_index, prefix, domain, received_at from signature")
    assert set(row.values()) == {None}
    await campaign.pool.execute("delete from mail_cap")
    await campaign.confirmed()
    assert sorted(await campaign.states()) == ["confirmed", "withdrawn"]


async def test_erasing_removes_name_and_waiting_mail_in_one_commit(campaign: Campaign) -> None:
    mine = await campaign.mine(await campaign.confirmed(visibility="show", name="Ani"))
    await campaign.pool.execute("delete from mail_cap")
    await campaign.send("ani@example.org")
    await campaign.decide()
    assert await campaign.pool.fetchval("select count(*) from shown_name") == 1
    assert await campaign.pool.fetchval("select count(*) from mail where state = 'due'") == 1
    assert await signatures.erase(campaign.pool, mine) == "confirmed"
    assert await signatures.erase(campaign.pool, mine) == "erased"
    assert await campaign.pool.fetchval("select count(*) from shown_name") == 0
    assert await campaign.pool.fetchval("select count(*) from mail where address is not null and state = 'due'") == 0
    assert await campaign.queued() == ["A", "W"]
    assert await campaign.pool.fetchval("select reason from outbox where kind = 'W'") == "erased"
    row = await campaign.pool.fetchrow("select blob, email_index, exact_index, country, language, confirmed_at from signature")
    assert set(row.values()) == {None}


async def test_less_may_be_shown_at_once_and_more_may_not(campaign: Campaign) -> None:
    mine = await campaign.mine(await campaign.confirmed(visibility="show"))
    await signatures.narrow(campaign.pool, mine, "count")
    assert await campaign.pool.fetchval("select count(*) from shown_name") == 0
    for wider in ("show", "everything"):
        with pytest.raises(Invalid):
            await signatures.narrow(campaign.pool, mine, wider)
    await signatures.narrow(campaign.pool, mine, "protect")


async def test_a_link_that_nobody_was_given_manages_nothing(campaign: Campaign) -> None:
    pressed = await campaign.confirmed()
    assert pressed.manage is not None
    for handle, purpose in ((secrets.token_bytes(32), "manage"), (pressed.manage, "confirm")):
        with pytest.raises(NotFound):
            await signatures.managed(campaign.pool, purpose, handle)


async def test_a_name_is_shown_only_after_review_and_from_the_next_day(campaign: Campaign) -> None:
    mine = await campaign.mine(await campaign.confirmed(visibility="show", name="Ani", role="Mayor"))
    assert await signatures.shown(campaign.pool, campaign.id) == []
    await signatures.q.review_names(campaign.pool, ids=[mine.signature_id], review="shown", now=campaign.now() - timedelta(days=2))
    assert await signatures.shown(campaign.pool, campaign.id) == [("Ani", "Mayor")]


# -- time passes -----------------------------------------------------------------------------------------------------------


async def test_after_a_day_only_sums_know_country_and_language(campaign: Campaign) -> None:
    for n in range(3):
        await campaign.confirmed(f"signer{n}@example.org", country="FR" if n else "AM")
    assert await signatures.add_up(campaign.pool) == 0
    assert await signatures.add_up(campaign.pool, now=campaign.now() + timedelta(hours=25)) == 3
    assert await signatures.add_up(campaign.pool, now=campaign.now() + timedelta(hours=25)) == 0
    rows = await campaign.pool.fetch("select country, language, partner, confirmed_at, received_at, prefix, domain, lane from signature")
    assert all(set(row.values()) == {None} for row in rows)
    sums = {(r["kind"], r["key"]): r["n"] for r in await campaign.pool.fetch("select kind, key, n from daily_sum")}
    assert sums == {("confirmed", ""): 3, ("country", "FR"): 2, ("country", "AM"): 1, ("language", "en"): 3, ("partner", ""): 3}


async def test_statistics_are_whole_past_days_rounded_down_to_tens_and_small_cells_are_not_shown(campaign: Campaign) -> None:
    today = date(2026, 11, 24)
    for day, kind, key, n in (
        (today - timedelta(days=1), "confirmed", "", 29), (today - timedelta(days=2), "confirmed", "", 9), (today, "confirmed", "", 500),
        (today - timedelta(days=1), "country", "AM", 5), (today - timedelta(days=2), "country", "AM", 6),
        (today - timedelta(days=1), "country", "FR", 9), (today - timedelta(days=1), "language", "hy", 10),
    ):  # fmt: skip
        await campaign.pool.execute(
            "insert into daily_sum (petition_id, day, kind, key, n) values ($1, $2, $3, $4, $5)", campaign.id, day, kind, key, n
        )
    assert await signatures.statistics(campaign.pool, campaign.id, today=today) == {
        "day": {"2026-11-23": 20}, "country": {"AM": 10}, "language": {"hy": 10}, "partner": {},
    }  # fmt: skip


async def test_everything_is_sealed_anew_before_old_keys_go_and_then_an_old_backup_is_closed(campaign: Campaign) -> None:
    await campaign.confirmed("ani@example.org")
    await campaign.send("levon@example.org")
    await campaign.decide()
    await campaign.send("mariam@example.org")
    backup = await campaign.pool.fetchrow("select * from signature where state = 'confirmed'")
    campaign.later = timedelta(days=4)
    key_id, _ = campaign.keys.epoch(campaign.now())
    assert await signatures.reseal(campaign.pool, campaign.keys, now=campaign.now()) >= 4
    assert await signatures.reseal(campaign.pool, campaign.keys, now=campaign.now()) == 0
    for table, column in (("signature", "blob"), ("intake", "payload"), ("mail", "address")):
        used = await campaign.pool.fetch(f"select distinct key_id from {table} where {column} is not null")
        assert [row["key_id"] for row in used] == [key_id], table
    assert ("epoch", backup["key_id"]) in [(purpose, number) for purpose, number in campaign.keys.ratchet(campaign.now())]
    row = await campaign.pool.fetchrow("select * from signature where state = 'confirmed'")
    assert signatures.open_blob(campaign.keys, row).email == "ani@example.org"
    with pytest.raises((identity.KeyGone, identity.Unopened)):
        signatures.open_blob(Keys(campaign.settings.key_dir), backup)
    await campaign.decide()
    assert len(await campaign.states()) == 3, "what was received before the change of keys is decided after it"


async def test_after_the_close_z_is_queued_once_and_then_indexes_and_their_key_go(campaign: Campaign) -> None:
    pressed = await campaign.confirmed()
    await campaign.pool.execute("update petition set status = 'closed', closes_at = now() - interval '25 hours'")
    assert await signatures.lapsed(campaign.pool, ledger.queue_close) == 1
    assert await signatures.lapsed(campaign.pool, ledger.queue_close) == 0
    assert await signatures.forget_indexes(campaign.pool, campaign.keys) == 0, "not while the log is open"
    await campaign.pool.execute("update log set is_closed = true where petition_id = $1", campaign.id)
    assert await signatures.forget_indexes(campaign.pool, campaign.keys) == 1
    assert await signatures.forget_indexes(campaign.pool, campaign.keys) == 0
    assert not campaign.keys.has_index_key(campaign.id)
    assert await campaign.pool.fetchval("select count(*) from signature where email_index is not null or exact_index is not null") == 0
    assert (await campaign.mine(pressed)).state == "confirmed", "a manage link needs no address"
