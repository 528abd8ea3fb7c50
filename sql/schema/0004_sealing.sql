-- Sealing: copies that only the organizers' offline keys open, exports and what became of the people in them.

-- To which keys a copy is sealed stands in the text's manifest; a copy exists of what was confirmed, and of nothing else.
alter table signature drop column sealed_to;
alter table signature add constraint signature_sealed check (sealed_blob is null or state in ('confirmed', 'invalidated'));
-- What signers were told about sealing holds for all of them: with the first form it cannot change, whoever tries. The lock
-- waits for forms and signatures that are being written at this moment; what comes later finds the new answer.
create function sealing_is_promised() returns trigger language plpgsql as $$
begin
    perform from petition where id = old.id for update;
    if exists (select from signature where petition_id = old.id)
        or exists (select from intake where petition_id = old.id and decided_at is null)
    then
        raise exception 'whether names are sealed cannot change after the first signature' using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger petition_sealing before update of is_sealed on petition
    for each row when (old.is_sealed is distinct from new.is_sealed) execute function sealing_is_promised();
-- Random bytes: compressing them would be tried in vain at every confirmation.
alter table signature alter column sealed_blob set storage external;
alter table signature alter column blob set storage external;

-- Whoever counts under the checkpoint of size `under`, and still stands: the rows of an export.
create function counted(of_petition uuid, under bigint) returns setof signature language sql stable as $$
    select s.*
    from signature s
    where
        s.petition_id = of_petition and s.state = 'confirmed' and s.log_index < under
        -- reinstated since: the number under this checkpoint does not hold it
        and s.log_index not in (
            select e.ref
            from entry e
            join log l on l.id = e.log_id
            where l.petition_id = of_petition and e.idx < under and e.kind in ('X', 'R')
            group by e.ref
            having count(*) filter (where e.kind = 'X') > count(*) filter (where e.kind = 'R')
        )
$$;

-- An export of names is written down before its first byte leaves; when it was cut short, no row of export_done tells its end.
create table export (
    id uuid primary key,
    petition_id uuid not null references petition,
    shape text not null check (shape in ('working', 'recipient', 'open')),
    format text not null check (format in ('csv', 'xlsx', 'jsonl', 'parquet')),
    approval_id uuid,
    about jsonb not null,
    begun_at timestamptz not null default now()
);
create index export_petition on export (petition_id, begun_at);

create table export_done (
    export_id uuid primary key references export,
    listed bigint not null check (listed >= 0),
    digest bytea not null check (length(digest) = 32),
    done_at timestamptz not null default now()
);

-- Whom an export holds, ten thousand ids a row: whoever leaves later must be taken out of the file, too. Without a foreign
-- key: the ids are written in the export's own snapshot, in which its row above need not be.
create table export_part (
    export_id uuid not null,
    part integer not null,
    ids uuid[] not null,
    primary key (export_id, part)
);

-- An organizer confirmed that these were taken out of the file wherever it went.
create table export_removal (
    export_id uuid not null references export,
    signature_id uuid not null,
    confirmed_at timestamptz not null default now(),
    primary key (export_id, signature_id)
);

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert on export, export_done, export_part, export_removal to libertas_app;
    end if;
end $$;
