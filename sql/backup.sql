-- A whole database out into files, and back into an empty one.

-- name: patient()!
-- Text of the same value is the same everywhere, so that a digest tells whether rows are the same; and it takes its time.
select
    set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
    set_config('lock_timeout', '60s', true), set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
    set_config('intervalstyle', 'postgres', true), set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true);

-- name: tables()
-- Every table with its columns in order, and what it takes on disk; without the migrations' own.
select
    c.relname as name, pg_table_size(c.oid) as size,
    array(
        select a.attname::text
        from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        order by a.attnum
    ) as columns,
    array(
        select distinct f.confrelid::regclass::text
        from pg_constraint f
        where f.conrelid = c.oid and f.contype = 'f' and f.confrelid <> c.oid
    ) as needs
from pg_class c
where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace and c.relname <> 'migration'
order by c.relname;

-- name: migrations()
select number, name, digest
from migration
order by number;

-- name: has_schema()$
select exists (select from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace);

-- name: identities()
-- Columns that number themselves, with their sequence.
select c.relname as name, a.attname as column, pg_get_serial_sequence(format('%I.%I', 'public', c.relname), a.attname) as sequence
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attidentity <> ''
where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace;

-- name: heads()
-- The logs' heads at that moment, so that whoever restores sees how far it goes.
select id, size, count
from log
order by id;
