"""The ledger from the shell: what is to be done next is said, and nothing is destroyed by a slip."""

from __future__ import annotations

import json

from installation import Installation
from test_main import run, settings_of


async def test_the_ledger_is_recounted_and_nothing_is_repaired_where_nothing_was_lost(installation: Installation) -> None:
    await installation.seal()
    given = settings_of(installation)
    done = await run("ledger", "recount", **given)
    assert (done.code, done.out) == (0, f"{installation.slug}: 0\n")
    place = installation.settings.base_url + "/ledger"
    done = await run("ledger", "repair", place, **given)
    assert (done.code, done.out) == (0, "nothing was lost: nothing was changed\n"), done.err
    done = await run("ledger", "repair", **given)
    assert done.code == 1 and "needs the folder" in done.err
    done = await run("ledger", "repair", "/nowhere/at/all", **given)
    assert done.code == 1 and "neither a folder" in done.err


async def test_retention_ends_only_by_a_deliberate_word_and_after_the_close(installation: Installation) -> None:
    given = settings_of(installation)
    done = await run("ledger", "end-retention", installation.slug, **given)
    assert done.code == 1 and "--yes" in done.err
    done = await run("ledger", "end-retention", installation.slug, "--yes", **given)
    assert done.code == 1 and "still open" in done.err


async def test_a_courts_order_names_a_place_and_is_no_slip(installation: Installation) -> None:
    given = settings_of(installation)
    done = await run("ledger", "court-order", installation.slug, "--place", "1", **given)
    assert done.code == 1 and "--yes" in done.err
    done = await run("ledger", "court-order", installation.slug, "--place", "1", "--yes", **given)
    assert done.code == 1 and "no signature that was erased" in done.err


async def test_a_wrong_number_is_told_with_its_petition(installation: Installation) -> None:
    await installation.owner.execute("update log set count = count + 1 where petition_id is not null")
    done = await run("ledger", "recount", installation.slug, **settings_of(installation))
    assert done.code == 1 and f"{installation.slug}: count is 1, the entries give 0" in done.err and "--yes" in done.err
    alarms = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    assert [(line["event"], line["alarm"]) for line in alarms] == [("ledger: the recount differs", True)], "as docs/operations.md promises"
    mended = await run("ledger", "recount", installation.slug, "--yes", **settings_of(installation))
    assert mended.code == 0 and "put right" in mended.err
    again = await run("ledger", "recount", **settings_of(installation))
    assert (again.code, again.err) == (0, "")
    nowhere = await run("ledger", "recount", "no-such-petition", **settings_of(installation))
    assert nowhere.code == 1 and "no-such-petition" in nowhere.err, "a slip is not taken for good news"


async def test_the_anchor_gets_a_new_key_and_the_old_one_is_retired_once_it_is_published(installation: Installation) -> None:
    given = settings_of(installation)
    done = await run("keys", "rotate", "--log", "anchor", **given)
    assert done.code == 0 and "/ledger/anchor+" in done.out
    done = await run("keys", "retire", "--log", "anchor", **given)
    assert done.code == 1 and "try again" in done.err
    await installation.worker.seal()
    done = await run("keys", "retire", "--log", "anchor", **given)
    assert (done.code, done.out) == (0, "1 keys of log anchor retired and destroyed\n")
    done = await run("keys", "retire", **given)
    assert done.code == 1 and "--log" in done.err
    done = await run("keys", "rotate", "--log", "nobody", **given)
    assert done.code == 1 and "log nobody" in done.err
