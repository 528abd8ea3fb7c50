"""`libertas migrate` is killed at its statements: what is there is always a whole number of files, and the next run finishes."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from uuid import UUID

import asyncpg
import pytest
from torture import tick

from bench.topology import HOUSE, clean
from conftest import Server
from service import db

LONG = pytest.mark.torture
_GATE = 4711

# A statement that has been carried out stands at the gate when it is the one that was asked for. Its number is counted by a
# sequence, which no rollback takes back, so that the next run is not stopped again.
WATCH = f"""
create schema watch;
create sequence watch.n;
create function watch.stand() returns event_trigger language plpgsql security definer as $$
begin
    if nextval('watch.n') = nullif(current_setting('watch.at', true), '')::bigint then
        while not pg_try_advisory_xact_lock({_GATE}) loop
            perform pg_sleep(0.005);
        end loop;
    end if;
end $$;
create event trigger watch on ddl_command_end execute function watch.stand();
"""

# All that a schema is, in words: relations with their rights, columns, constraints, indexes, functions, triggers, types.
SCHEMA = """
with mine as (select oid from pg_namespace where nspname = 'public')
select 'relation', relname::text, concat_ws(' ', relkind, relacl, reloptions, relpersistence) from pg_class where relnamespace in (select oid from mine)
union all
select 'column', c.relname || '.' || a.attname,
    concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid), a.attacl)
from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relnamespace in (select oid from mine) and a.attnum > 0 and not a.attisdropped
union all
select 'constraint', conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid) from pg_constraint where connamespace in (select oid from mine)
union all
select 'index', indexrelid::regclass::text, concat_ws(' ', pg_get_indexdef(indexrelid), indisvalid) from pg_index
where indrelid in (select oid from pg_class where relnamespace in (select oid from mine))
union all
select 'function', oid::regprocedure::text, concat_ws(' ', pg_get_functiondef(oid), proacl) from pg_proc
where pronamespace in (select oid from mine) and prokind <> 'a'
union all
select 'trigger', tgrelid::regclass::text || '.' || tgname, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
union all
select 'type', typname::text, concat_ws(' ', typtype, typnotnull) from pg_type where typnamespace in (select oid from mine) and typtype in ('d', 'e')
order by 1, 2, 3
"""

PEOPLE = """
insert into petition (id, slug, opens_at, text_version) values ('00000000-0000-0000-0000-000000000007', 'free', now(), 1);
insert into text_version values ('00000000-0000-0000-0000-000000000007', 1, '', sha256(''));
insert into signature (id, petition_id, text_version, state, visibility)
select gen_random_uuid(), '00000000-0000-0000-0000-000000000007', 1, 'pending', 'count' from generate_series(1, 300);
"""


class House:
    """A database on the suite's server, in which statements can be made to stand still."""

    def __init__(self, server: Server, name: str, admin: asyncpg.Connection, *, before: int) -> None:
        self.url, self.name, self.admin, self.before = server.owner(name), name, admin, before

    async def schema(self) -> list[tuple[str, ...]]:
        return [tuple(row) for row in await self.admin.fetch(SCHEMA)]

    async def files(self) -> int:
        there = await self.admin.fetchval("select to_regclass('public.migration')")
        return int(await self.admin.fetchval("select count(*) from public.migration")) if there else 0

    async def people(self) -> list[UUID]:
        return [row["id"] for row in await self.admin.fetch("select id from public.signature order by id")] if self.before else []

    async def migrate(self) -> asyncio.subprocess.Process:
        given = {**clean(), "PYTHONPATH": str(HOUSE), "LIBERTAS_MIGRATE_URL": self.url}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "service", "migrate", env=given, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )


@contextlib.asynccontextmanager
async def _house(server: Server, *, before: int = 0, at: int = 0) -> AsyncIterator[House]:
    """With the first ``before`` files and people in them; statement number ``at`` after that stands at the gate."""
    name = f"moved_{secrets.token_hex(4)}"
    await server.create(name)
    try:
        admin = await asyncpg.connect(server.postgres.url_for("postgres", name) if server.postgres else server.owner(name))
        try:
            if before:
                await db.migrate(server.owner(name), up_to=before)
                await admin.execute(PEOPLE)
            await admin.execute(WATCH)
            await admin.execute(f"alter database {name} set watch.at = '{at}'")
            yield House(server, name, admin, before=before)
        finally:
            await admin.close()
    finally:
        await server.drop(name)


async def _stages(server: Server) -> list[list[tuple[str, ...]]]:
    """The schema after so many files; the first has none."""
    stages = []
    async with _house(server) as one:
        stages.append(await one.schema())
        for number in range(1, len(db.migrations()) + 1):
            await db.migrate(one.url, up_to=number)
            stages.append(await one.schema())
    return stages


async def _statements(server: Server, before: int) -> int:
    async with _house(server, before=before) as one:
        await db.migrate(one.url)
        return int(await one.admin.fetchval("select last_value from watch.n"))


async def _kill_at(server: Server, stages: list[list[tuple[str, ...]]], before: int, at: int) -> None:
    async with _house(server, before=before, at=at) as one:
        people = await one.people()
        await one.admin.execute(f"select pg_advisory_lock({_GATE})")
        running = await one.migrate()
        async with asyncio.timeout(300):
            while not await one.admin.fetchval("select is_called and last_value >= $1 from watch.n", at):
                assert running.returncode is None, (await running.communicate())[0].decode()
                await asyncio.sleep(0.005)
        running.send_signal(signal.SIGKILL)
        assert await running.wait() == -signal.SIGKILL
        await one.admin.execute(f"select pg_advisory_unlock({_GATE})")
        others = "select count(*) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid() and backend_type = 'client backend'"
        async with asyncio.timeout(300):
            while await one.admin.fetchval(others, one.name):
                await asyncio.sleep(0.005)
        files, found = await one.files(), await one.schema()
        if files or before:
            assert found == stages[files], f"after statement {at} there are {files} whole files and nothing of another"
        else:  # nothing, or the empty list of what was applied
            assert {name.partition(".")[0] for _, name, _ in found} <= {"migration", "migration_pkey"}, found
        again = await one.migrate()
        said = (await again.communicate())[0].decode()
        assert again.returncode == 0, said
        assert await one.schema() == stages[-1], f"killed at statement {at}, and then made whole, it is another schema"
        assert await one.people() == people


@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("most", [3, pytest.param(10_000, marks=LONG)])
async def test_a_migration_killed_at_any_statement_is_finished_by_the_next_as_if_made_in_one_go(
    server: Server, note: Callable[..., None], most: int
) -> None:
    begun = time.monotonic()
    stages = await _stages(server)
    filled = len(db.migrations()) // 2
    for before, share in ((0, most * 2 // 3), (filled, most - most * 2 // 3)):
        count = await _statements(server, before)
        assert count > 20, "control: statements are seen"
        spots = sorted(random.sample(range(1, count + 1), min(share, count)))
        for done, at in enumerate(spots, 1):
            await _kill_at(server, stages, before, at)
            tick(done, len(spots), f"migrations of {'a filled' if before else 'an empty'} database killed")
        note(
            "migrate killed, " + ("filled" if before else "empty"),
            len(spots),
            f"{count} statements",
            0,
            0,
            f"{time.monotonic() - begun:.0f}",
            "",
        )


async def test_the_measure_sees_a_schema_that_differs(server: Server) -> None:
    """The control: a column, an index, a right, a function that are not as they should be."""
    async with _house(server) as one:
        await db.migrate(one.url)
        seen = [await one.schema()]
        for change in (
            "alter table signature add column x integer", "create index on signature (x)", "alter table signature alter column x set default 5",
            "grant delete on signature to public", "create function f() returns int language sql as 'select 1'",
        ):  # fmt: skip
            await one.admin.execute(change)
            seen.append(await one.schema())
        assert all(one != other for one, other in pairwise(seen))
