-- Evidence: keys and their succession, signatures below a note that came later, witnesses on both sides, incidents, decided
-- changes of many signatures, and the rules of the log as the database itself keeps them.

-- ------------------------------------------------------------------------------------------------ keys

-- A log keeps its name and may change its key. `log.vkey` is the newest; an older one still signs beside it until it is
-- retired, so that whoever knows only the old key is not left without a signature overnight.
create table log_key (
    log_id text not null references log,
    generation integer not null check (generation > 0),
    vkey text not null,
    ml_dsa text not null,
    made_at timestamptz not null default now(),
    retired_at timestamptz,
    primary key (log_id, generation)
);

-- A signature that joins a stored note afterwards: a witness's, or that of a key made later. The first of each key stays.
create table cosignature (
    log_id text not null,
    size bigint not null,
    name text not null,
    key_id bytea not null check (length(key_id) = 4),
    line text not null,
    signed_at timestamptz,
    received_at timestamptz not null default now(),
    primary key (log_id, size, name, key_id),
    foreign key (log_id, size) references checkpoint_note
);

-- ------------------------------------------------------------------------------------------------ witnesses

-- What we know of each witness of our anchor: up to which size it follows us, and when to ask again.
create table witness (
    name text primary key,
    size bigint not null default 0,
    failures integer not null default 0,
    fault text not null default '',
    due_at timestamptz not null default now(),
    leased_until timestamptz
);

-- What we, as a witness, have cosigned of others' logs. It moves forward only, and only from the size that was checked.
create table witnessed (
    origin text primary key,
    size bigint not null check (size > 0),
    root bytea not null check (length(root) = 32),
    note bytea not null,
    cosigned_at timestamptz not null
);

-- ------------------------------------------------------------------------------------------------ incidents

-- What went wrong and was mended, told in public.
create table incident (
    id bigint generated always as identity primary key,
    log_id text not null references log,
    kind text not null check (kind in ('restored')),
    facts jsonb not null,
    at timestamptz not null default now()
);
create index incident_log on incident (log_id, at);

-- ------------------------------------------------------------------------------------------------ many signatures at once

-- An approved act of the organizers, carried out in batches. What it covers is fixed when it is recorded.
create table bulk_act (
    id uuid primary key,
    petition_id uuid not null references petition,
    kind "char" not null check (kind in ('X', 'R')),
    reason text check ((kind = 'X') = (reason is not null)),
    rule jsonb not null,
    reverses uuid references bulk_act,
    total integer not null check (total > 0),
    done integer not null default 0,
    passed_over integer not null default 0,
    state text not null default 'ready' check (state in ('ready', 'stopped', 'done')),
    recorded_at timestamptz not null default now(),
    ended_at timestamptz,
    check (done + passed_over <= total),
    check ((state = 'done') = (done + passed_over = total)),
    check ((state = 'done') = (ended_at is not null))
);

create table bulk_signature (
    act_id uuid not null references bulk_act,
    signature_id uuid not null,
    outcome text check (outcome in ('done', 'passed-over')),
    primary key (act_id, signature_id)
);
create index bulk_left on bulk_signature (act_id, signature_id) where outcome is null;

-- Secrets of entries below this place are destroyed, or are being destroyed: nothing that P forbids is queued any more.
alter table log add column purged bigint not null default 0 check (purged >= 0);

-- ------------------------------------------------------------------------------------------------ the rules of the log

-- A commitment stands once, under whatever text version; its 43 letters end the entry.
drop index entry_commit;
create unique index entry_commit on entry (log_id, substring(entry from length(entry) - 42)) where kind = 'A';
create index entry_rare on entry (log_id, kind, idx) where kind in ('T', 'Z', 'P', 'E');
-- In the anchor: the keys and the newest head of one log.
create index entry_keys on entry (split_part(split_part(encode(entry, 'escape'), ' ', 2), '+', 1)) where kind = 'K';
create index entry_heads on entry (split_part(encode(entry, 'escape'), ' ', 2), idx) where kind = 'S';

-- ledger.md 2, once more and below the service: whatever writes here, an invalid log cannot come about. The names are those of
-- docs/formats.md. One pass over each batch, not over each row: a batch has up to 10,000 additions and few others.
create function entry_rules() returns trigger language plpgsql as $$
declare
    broken text;
begin
    -- How each is spelled, in one look. A bounded repetition such as {43} makes PostgreSQL's patterns ten times slower (160 ms for
    -- 10,000 additions), so lengths are counted beside them; version and place are bounded by the casts and joins below.
    select case
        when n.log_id = 'anchor' and n.kind not in ('S', 'C', 'K') or n.log_id <> 'anchor' and n.kind not in ('T', 'A', 'W', 'X', 'R', 'Z', 'E', 'P')
            then 'unknown-entry'
        when n.kind = 'W' and split_part(encode(n.entry, 'escape'), ' ', 3) not in ('', 'signer', 'erased') then 'unknown-reason'
        when n.kind = 'X'
            and split_part(encode(n.entry, 'escape'), ' ', 3)
                not in ('', 'duplicate', 'disposable', 'bounced', 'fraud', 'organizer-request', 'court-order', 'unbacked')
            then 'unknown-reason'
        else 'entry-malformed'
    end
    into broken
    from added n
    where
        n.kind not in ('T', 'A', 'W', 'X', 'R', 'Z', 'E', 'P', 'S', 'C', 'K')
        or (n.log_id = 'anchor') <> (n.kind in ('S', 'C', 'K'))
        or encode(n.entry, 'escape') !~ case n.kind
            when 'A' then '^A [1-9][0-9]* [A-Za-z0-9_-]+$'
            when 'T' then '^T [1-9][0-9]* [A-Za-z0-9_-]+$'
            when 'W' then '^W (0|[1-9][0-9]*) (signer|erased)$'
            when 'X' then '^X (0|[1-9][0-9]*) (duplicate|disposable|bounced|fraud|organizer-request|court-order|unbacked)$'
            when 'Z' then '^Z [a-z]{1,16}(-[a-z]{1,16}){0,3}$'
            when 'S' then '^S [^ +]+ (0|[1-9][0-9]*) [A-Za-z0-9_-]+$'
            when 'C' then '^C [A-Za-z0-9_-]+$'
            when 'K' then '^K [^ +]+[+][0-9a-f]+[+][A-Za-z0-9+/]+=*$'
            else '^[REP] (0|[1-9][0-9]*)$'
        end
        or n.kind in ('A', 'T', 'S', 'C') and substring(n.entry from length(n.entry) - 43 for 1) <> ' '::bytea
        or n.kind in ('A', 'T') and length(n.entry) > 2 + 9 + 1 + 43
        or left(encode(n.entry, 'escape'), 1) <> n.kind::text
        or (n.kind in ('W', 'X', 'R', 'E', 'P')) <> (n.ref is not null)
        or n.kind in ('W', 'X', 'R', 'E', 'P') and split_part(encode(n.entry, 'escape'), ' ', 2) <> n.ref::text
    limit 1;
    if broken is null then
        select case when n.kind = 'P' then 'purge-ahead' when n.log_id = 'anchor' then 'head-without-key' else 'text-missing' end
        into broken
        from added n
        where n.kind = 'P' and n.ref > n.idx or n.idx = 0 and n.kind <> case when n.log_id = 'anchor' then 'K' else 'T' end
        limit 1;
    end if;
    if broken is not null then
        raise exception '%', broken using errcode = 'check_violation';
    end if;

    -- Places follow each other without a hole.
    if exists (
        select from (select log_id, min(idx) as first, max(idx) as last, count(*) as n from added group by log_id) as b
        where b.last - b.first + 1 <> b.n
            or b.first > 0 and not exists (select from entry e where e.log_id = b.log_id and e.idx = b.first - 1)
    ) then
        raise exception 'entry-skips' using errcode = 'check_violation';
    end if;

    -- A text version follows the one before it; a signature is of one that is there.
    if exists (
        select from added n
        where n.kind = 'T'
            and split_part(convert_from(n.entry, 'UTF8'), ' ', 2)
                <> (select 1 + count(*) from entry t where t.log_id = n.log_id and t.kind = 'T' and t.idx < n.idx)::text
    ) then
        raise exception 'text-skips' using errcode = 'check_violation';
    end if;
    if exists (
        select from (
            select log_id, split_part(convert_from(entry, 'UTF8'), ' ', 2) as version, min(idx) as first
            from added
            where kind = 'A'
            group by log_id, version
        ) as a
        where a.version !~ '^[1-9][0-9]{0,8}$'
            or a.version::bigint > (select count(*) from entry t where t.log_id = a.log_id and t.kind = 'T' and t.idx < a.first)
    ) then
        raise exception 'unknown-text' using errcode = 'check_violation';
    end if;

    -- After the close neither texts nor signatures, nor another close.
    if exists (
        select from (select log_id, max(idx) as last from added where kind in ('T', 'A', 'Z') group by log_id) as n
        join entry z on z.log_id = n.log_id and z.kind = 'Z' and z.idx < n.last
    ) then
        raise exception 'added-after-close' using errcode = 'check_violation';
    end if;

    -- In the anchor a log is named by its key before its first head, and its heads only grow.
    if exists (select from added where kind = 'S') then
        select case
            when not exists (
                select from entry k
                where
                    k.kind = 'K' and split_part(split_part(encode(k.entry, 'escape'), ' ', 2), '+', 1) = n.origin
                    and k.log_id = n.log_id and k.idx < n.idx
            )
                then 'head-without-key'
            else 'head-not-ahead'
        end
        into broken
        from (
            select n.log_id, n.idx, split_part(encode(n.entry, 'escape'), ' ', 2) as origin, split_part(encode(n.entry, 'escape'), ' ', 3)::numeric as size
            from added n
            where n.kind = 'S'
        ) as n
        where
            not exists (
                select from entry k
                where
                    k.kind = 'K' and split_part(split_part(encode(k.entry, 'escape'), ' ', 2), '+', 1) = n.origin
                    and k.log_id = n.log_id and k.idx < n.idx
            )
            or n.size <= coalesce(
                (
                    select split_part(encode(s.entry, 'escape'), ' ', 3)::numeric
                    from entry s
                    where s.kind = 'S' and split_part(encode(s.entry, 'escape'), ' ', 2) = n.origin and s.log_id = n.log_id and s.idx < n.idx
                    order by s.idx desc
                    limit 1
                ),
                0
            )
        limit 1;
        if broken is not null then
            raise exception '%', broken using errcode = 'check_violation';
        end if;
    end if;

    if not exists (select from added where kind in ('W', 'X', 'R', 'E')) then
        return null;
    end if;
    select case
        when a.idx is null then 'no-such-signature'
        when n.kind = 'W' and exists (select from entry e where e.log_id = n.log_id and e.ref = n.ref and e.kind = 'E' and e.idx < n.idx)
            then 'withdrawn-after-erasure'
        when n.kind in ('W', 'E')
            and exists (select from entry p where p.log_id = n.log_id and p.kind = 'P' and p.ref > n.ref and p.idx < n.idx)
            then case when n.kind = 'W' then 'withdrawn-after-purge' else 'erased-after-purge' end
        when n.kind = 'X' and n.entry not like convert_to('% court-order', 'UTF8')
            and exists (select from entry e where e.log_id = n.log_id and e.ref = n.ref and e.kind = 'E' and e.idx < n.idx)
            then 'invalidated-after-erasure'
        when n.kind = 'X' and n.before = 'X' then 'invalidated-twice'
        when n.kind = 'R' and n.before is distinct from 'X' then 'reinstated-not-invalidated'
        when n.kind = 'E' and not exists (select from entry z where z.log_id = n.log_id and z.kind = 'Z' and z.idx < n.idx)
            then 'erased-before-close'
        when n.kind = 'E'
            and (
                n.before = 'X'
                or exists (select from entry w where w.log_id = n.log_id and w.ref = n.ref and w.kind = 'W' and w.idx < n.idx)
            )
            then 'erased-not-counted'
    end
    into broken
    from (
        select
            n.*,
            (
                select x.kind
                from entry x
                where x.log_id = n.log_id and x.ref = n.ref and x.kind in ('X', 'R') and x.idx < n.idx
                order by x.idx desc
                limit 1
            ) as before
        from added n
        where n.kind in ('W', 'X', 'R', 'E')
    ) as n
    left join entry a on a.log_id = n.log_id and a.idx = n.ref and a.kind = 'A' and a.idx < n.idx
    order by 1
    limit 1;
    if broken is not null then
        raise exception '%', broken using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger entry_rules after insert on entry
    referencing new table as added
    for each statement execute function entry_rules();

-- ------------------------------------------------------------------------------------------------ what the service may do

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert on log_key, cosignature, incident to libertas_app;
        grant update (retired_at) on log_key to libertas_app;
        grant select, insert, update, delete on witness to libertas_app;
        grant select, insert, update on witnessed, bulk_act, bulk_signature to libertas_app;
        grant usage on all sequences in schema public to libertas_app;
    end if;
end $$;
