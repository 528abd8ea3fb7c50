-- Logs: what waits for its index, what has one, and what was signed. Nothing here ever changes an entry or a checkpoint.

-- name: insert_log(id, origin, petition_id, vkey, root)$
-- Nothing when the log is there already (the anchor is asked for with every new petition).
insert into log (id, origin, petition_id, vkey, root)
values (:id, :origin, :petition_id, :vkey, :root)
on conflict (id) do nothing
returning id;

-- name: insert_key(log_id, generation, vkey, ml_dsa)!
insert into log_key (log_id, generation, vkey, ml_dsa)
values (:log_id, :generation, :vkey, :ml_dsa);

-- name: log_keys(log_id)
-- The keys that sign, newest first.
select generation, vkey, ml_dsa
from log_key
where log_id = :log_id and retired_at is null
order by generation desc;

-- name: all_keys()
select k.log_id, l.origin, k.generation, k.vkey, k.ml_dsa, k.retired_at
from log_key k
join log l on l.id = k.log_id
order by k.log_id = 'anchor' desc, l.created_at, k.log_id, k.generation desc;

-- name: lock_keys(log_id)^
-- One succession at a time.
select
    l.origin, l.vkey,
    (select max(k.generation) from log_key k where k.log_id = l.id) as newest,
    (select count(*) from log_key k where k.log_id = l.id and k.retired_at is null) as in_use
from log l
where l.id = :log_id
for no key update of l;

-- name: put_key_in_force(log_id, vkey)!
update log
set vkey = :vkey
where id = :log_id;

-- name: is_in_force(log_id, generation, entry, anchor)$
-- Whether the key stands in the published anchor, and the published head was signed when the key was there already, or since.
select
    exists (
        select from entry e
        join log a on a.id = e.log_id
        where e.log_id = :anchor and e.kind = 'K' and e.entry = :entry and e.idx < a.published_size
    )
    and exists (
        select from log l
        join log_key k on k.log_id = l.id and k.generation = :generation
        where
            l.id = :log_id
            and (
                l.published_size = 0
                or exists (select from checkpoint_note n where n.log_id = l.id and n.size = l.published_size and n.signed_at >= k.made_at)
                or exists (
                    select from cosignature c
                    where c.log_id = l.id and c.size = l.published_size and c.name = l.origin and c.received_at >= k.made_at
                )
            )
    );

-- name: retire_keys(log_id, newest)$
with retired as (
    update log_key
    set retired_at = now()
    where log_id = :log_id and generation < :newest and retired_at is null
    returning generation
)
select count(*)
from retired;

-- name: insert_cosignature(log_id, size, name, key_id, line, signed_at)!
-- The first of each key stays, as the stored note does.
insert into cosignature (log_id, size, name, key_id, line, signed_at)
values (:log_id, :size, :name, :key_id, :line, :signed_at)
on conflict (log_id, size, name, key_id) do nothing;

-- name: log(log_id)^
select
    l.id, l.origin, l.petition_id, l.vkey, l.size, l.root, l.added, l.count, l.text_version, l.is_closed, l.sealed_at,
    l.published_size, l.published_root, l.published_count, l.published_at
from log l
where l.id = :log_id;

-- name: queue(log_id, kind, signature_id, entry, reason, now)!
insert into outbox (log_id, kind, signature_id, entry, reason, queued_at)
values (:log_id, cast(:kind::text as "char"), :signature_id, :entry, :reason, coalesce(:now::timestamptz, now()));

-- name: states(anchor, now)
-- Every log that has something to do, the anchor last: what waits, for how long, and whether its head is published.
-- Rows that were set aside do not wait.
select
    l.id, l.sealed_at, coalesce(:now::timestamptz, now()) as now, coalesce(p.is_protected, false) as is_protected,
    l.size > l.published_size or k.is_unsigned as is_unpublished,
    o.texts, o.added, o.added_since, o.changes, o.changes_since, o.is_closing
from log l
left join petition p on p.id = l.petition_id
cross join lateral (
    select
        count(*) filter (where w.kind = 'T') as texts,
        count(*) filter (where w.kind = 'A') as added,
        min(w.queued_at) filter (where w.kind = 'A') as added_since,
        count(*) filter (where w.is_change) as changes,
        min(w.queued_at) filter (where w.is_change) as changes_since,
        coalesce(bool_or(w.kind = 'Z'), false) as is_closing
    from (
        select
            kind, queued_at,
            kind not in ('T', 'A', 'Z') and (kind <> 'E' or l.is_closed) as is_change
        from outbox
        where log_id = l.id and coalesce(reason, '') not like 'set-aside:%'
        order by id
        limit 20000
    ) as w
) as o
-- A key that was made after the newest note has yet to sign it.
cross join lateral (
    select coalesce(bool_or(k.generation > 1 and n.signed_at < k.made_at and c.size is null), false) as is_unsigned
    from log_key k
    join checkpoint_note n on n.log_id = l.id and n.size = l.size
    left join cosignature c on c.log_id = l.id and c.size = l.size and c.name = l.origin and c.received_at >= k.made_at
    where k.log_id = l.id and k.retired_at is null
) as k
where l.size > l.published_size or k.is_unsigned or o.texts + o.added + o.changes > 0 or o.is_closing
order by l.id = :anchor, l.sealed_at nulls first;

-- name: lock(log_id, now)^
-- No row: another replica has its turn. Not "for update": every confirmation that is under way holds a key share of this row
-- by its outbox row's foreign key, and a busy petition would be passed over for ever.
select
    l.id, l.origin, l.size, l.root, l.added, l.count, l.text_version, l.is_closed, l.sealed_at, coalesce(:now::timestamptz, now()) as now
from log l
where l.id = :log_id
for no key update of l skip locked;

-- name: waiting(log_id)^
-- What waits for this log, counted after its row was locked.
select
    count(*) filter (where o.kind = 'T') as texts,
    count(*) filter (where o.kind = 'A') as added,
    min(o.queued_at) filter (where o.kind = 'A') as added_since,
    count(*) filter (where o.kind not in ('T', 'A', 'Z') and (o.kind <> 'E' or l.is_closed)) as changes,
    min(o.queued_at) filter (where o.kind not in ('T', 'A', 'Z') and (o.kind <> 'E' or l.is_closed)) as changes_since,
    coalesce(bool_or(o.kind = 'Z'), false) as is_closing
from log l
join outbox o on o.log_id = l.id
where l.id = :log_id and coalesce(o.reason, '') not like 'set-aside:%';

-- name: take(log_id, is_adding, is_changing, is_closed, limit)
-- The rows of the next batch. Never "id > last": ids become visible out of order. A change of a signature comes with the
-- index of its A, or with none when that A waits too; one whose A is not due stays. Erasing is only known after the close.
select o.id, o.kind::text as kind, o.signature_id, o.entry, o.reason, s.log_index as ref
from outbox o
left join signature s on s.id = o.signature_id
where
    o.log_id = :log_id and coalesce(o.reason, '') not like 'set-aside:%'
    and case
        when o.kind = 'T' then true
        when o.kind = 'A' then :is_adding::boolean
        when o.kind = 'Z' then :is_adding::boolean
        when o.kind = 'E' then :is_changing::boolean and :is_closed::boolean and s.log_index is not null
        when o.kind in ('W', 'X', 'R') then
            :is_changing::boolean
            and (
                s.log_index is not null
                or :is_adding::boolean
                and exists (
                    select from outbox a
                    where a.signature_id = o.signature_id and a.kind = 'A' and coalesce(a.reason, '') not like 'set-aside:%'
                )
            )
        else :is_changing::boolean
    end
order by o.id
limit :limit;

-- name: is_adding_left(log_id, taken)$
-- Whether an A waits that is not in this batch; then the log is not closed yet.
select exists (
    select from outbox
    where log_id = :log_id and kind = 'A' and coalesce(reason, '') not like 'set-aside:%' and id <> all(:taken::bigint[])
);

-- name: history(log_id, refs, commits)
-- All that the log says about the entries that a batch speaks of, and entries with the same commitment as one that is to come,
-- whatever text version they name.
select idx, kind::text as kind, entry
from entry
where log_id = :log_id and idx = any(:refs::bigint[])
union
select idx, kind::text, entry
from entry
where log_id = :log_id and ref = any(:refs::bigint[]) and kind <> 'P'
union
select idx, kind::text, entry
from entry
where log_id = :log_id and kind = 'A' and substring(entry from length(entry) - 42) = any(:commits::bytea[])
order by idx;

-- name: anchor_history(log_id, origins, waiting)
-- What the anchor says of these logs: each key, the newest head, and whatever of the batch stands there already.
select e.idx, e.kind::text as kind, e.entry
from entry e
where e.log_id = :log_id and e.kind = 'K' and split_part(split_part(encode(e.entry, 'escape'), ' ', 2), '+', 1) = any(:origins::text[])
union
select s.idx, 'S', s.entry
from unnest(:origins::text[]) as o (origin)
cross join lateral (
    select e.idx, e.entry
    from entry e
    where e.log_id = :log_id and e.kind = 'S' and split_part(encode(e.entry, 'escape'), ' ', 2) = o.origin
    order by e.idx desc
    limit 1
) as s
union
select e.idx, e.kind::text, e.entry
from entry e
where e.log_id = :log_id and e.kind in ('S', 'C', 'K') and e.entry = any(:waiting::bytea[])
order by idx;

-- name: purged(log_id)$
-- Below this index no secret is left. A closed log has few entries with a ref beyond its withdrawals.
select coalesce(max(ref), 0)
from entry
where log_id = :log_id and ref is not null and kind = 'P';

-- name: tiles(log_id, levels, indexes)
select t.level, t.idx, t.hashes
from unnest(:levels::integer[], :indexes::bigint[]) as w (level, idx)
join tile t on t.log_id = :log_id and t.level = w.level and t.idx = w.idx;

-- name: insert_entries(log_id, first, kinds, entries, refs)!
insert into entry (log_id, idx, kind, entry, ref)
select :log_id, :first::bigint + e.at - 1, cast(e.kind as "char"), e.entry, e.ref
from unnest(:kinds::text[], :entries::bytea[], :refs::bigint[]) with ordinality as e (kind, entry, ref, at);

-- name: put_tiles(log_id, levels, indexes, hashes)!
-- A partial tile grows at its end; a full one is never touched again.
insert into tile (log_id, level, idx, hashes)
select :log_id, t.level, t.idx, t.hashes
from unnest(:levels::integer[], :indexes::bigint[], :hashes::bytea[]) as t (level, idx, hashes)
on conflict (log_id, level, idx) do update set hashes = excluded.hashes;

-- name: set_indexes(signature_ids, indexes)!
update signature s
set log_index = i.idx
from unnest(:signature_ids::uuid[], :indexes::bigint[]) as i (id, idx)
where s.id = i.id;

-- name: move_head(log_id, old_size, size, root, added, count, text_version, is_closed, now)$
-- Only from the size that the batch was built on.
update log
set
    size = :size, root = :root, added = :added, count = :count, text_version = :text_version, is_closed = :is_closed,
    sealed_at = coalesce(:now::timestamptz, now())
where id = :log_id and size = :old_size
returning size;

-- name: insert_checkpoint(log_id, size, root, count, now)!
insert into checkpoint (log_id, size, root, count, created_at)
values (:log_id, :size, :root, :count, coalesce(:now::timestamptz, now()));

-- name: drop_sealed(ids)$
with gone as (
    delete from outbox
    where id = any(:ids::bigint[])
    returning id
)
select count(*) from gone;

-- name: set_aside(ids, faults)!
-- A row that would make the log invalid: it stays, marked with the rule that it breaks, and no longer waits.
update outbox o
set reason = 'set-aside:' || f.fault || coalesce(':' || o.reason, '')
from unnest(:ids::bigint[], :faults::text[]) as f (id, fault)
where o.id = f.id;

-- name: all_set_aside()
select id, log_id, kind::text as kind, signature_id, reason, queued_at
from outbox
where reason like 'set-aside:%'
order by id;

-- name: head(log_id, known_size)^
-- The committed head, the checkpoints that stand at its size, at the published size and at the size known outside, the note of
-- the head if it was stored already, and how far the anchor's witnesses say that it went.
select
    l.id, l.origin, l.petition_id, l.vkey, l.size, l.root, l.published_size, l.published_root,
    (select floor(extract(epoch from c.created_at))::bigint from checkpoint c where c.log_id = l.id and c.size = l.size) as made_at,
    (select c.root from checkpoint c where c.log_id = l.id and c.size = l.size) as head_root,
    (select c.root from checkpoint c where c.log_id = l.id and c.size = l.published_size) as published_checkpoint,
    (select c.root from checkpoint c where c.log_id = l.id and c.size = :known_size::bigint) as known_root,
    (select n.note from checkpoint_note n where n.log_id = l.id and n.size = l.size) as note,
    case when l.petition_id is null then (select max(w.size) from witness w) end as witnessed
from log l
where l.id = :log_id;

-- name: store_note(log_id, size, note, now)!
-- What is stored wins over what a retry would sign.
insert into checkpoint_note (log_id, size, note, signed_at)
values (:log_id, :size, :note, coalesce(:now::timestamptz, now()))
on conflict (log_id, size) do nothing;

-- name: note(log_id, size)$
select note
from checkpoint_note
where log_id = :log_id and size = :size;

-- name: shown_note(log_id, size)$
-- The stored note with the signatures that joined it, as it is handed out.
select n.note || coalesce(convert_to((
    select string_agg(c.line, '' order by c.received_at, c.name, c.key_id)
    from cosignature c
    where c.log_id = n.log_id and c.size = n.size
), 'UTF8'), ''::bytea)
from checkpoint_note n
where n.log_id = :log_id and n.size = :size;

-- name: move_published(log_id, size, now)$
-- Forward only, so that each checkpoint is announced once, by whoever moves it.
update log l
set published_size = c.size, published_root = c.root, published_count = c.count, published_at = coalesce(:now::timestamptz, now())
from checkpoint c
where l.id = :log_id and c.log_id = l.id and c.size = :size and l.published_size < c.size
returning l.published_size;

-- name: stand(log_id)!
-- By text version, how many signatures stand at the published size; only what came since the last time is looked at. A log of
-- one version needs none of it.
with head as (
    update log
    set standing_size = published_size
    where id = :log_id and text_version > 1 and standing_size < published_size
    returning id, published_size as size
),
old as (
    select l.id, l.standing_size as size
    from log l
    join head on head.id = l.id
),
looked as (
    select e.idx
    from old, head, entry e
    where e.log_id = head.id and e.idx >= old.size and e.idx < head.size and e.kind = 'A'
    union
    select e.ref
    from old, head, entry e
    where e.log_id = head.id and e.idx >= old.size and e.idx < head.size and e.kind in ('W', 'X', 'R')
),
at as (
    select head.id, split_part(convert_from(a.entry, 'UTF8'), ' ', 2)::integer as version, a.idx, size.n, size.sign
    from head
    cross join old
    cross join lateral (values (head.size, 1), (old.size, -1)) as size (n, sign)
    join looked on true
    join entry a on a.log_id = head.id and a.idx = looked.idx
    where a.idx < size.n
),
moved as (
    select at.id, at.version, sum(at.sign) as step
    from at
    where not exists (select from entry w where w.log_id = at.id and w.ref = at.idx and w.kind = 'W' and w.idx < at.n)
      and coalesce(
          (
              select x.kind = 'R'
              from entry x
              where x.log_id = at.id and x.ref = at.idx and x.kind in ('X', 'R') and x.idx < at.n
              order by x.idx desc
              limit 1
          ),
          true
      )
    group by at.id, at.version
)
insert into standing (log_id, version, n)
select id, version, step
from moved
on conflict (log_id, version) do update
set n = standing.n + excluded.n;

-- name: standing(log_id)
select version, n
from standing
where log_id = :log_id;

-- name: stand_anew(log_id)!
with gone as (
    delete from standing
    where log_id = :log_id
)
update log
set standing_size = 0
where id = :log_id;

-- name: published(log_id)^
select id, origin, vkey, petition_id, published_size, published_root, published_count, text_version, published_at
from log
where id = :log_id and published_size > 0;

-- name: published_tile(log_id, level, idx)^
-- The row as it stands, and how far the log is published; both in one snapshot.
select t.hashes, l.published_size
from log l
join tile t on t.log_id = l.id
where l.id = :log_id and t.level = :level and t.idx = :idx;

-- name: published_entries(log_id, first, count)
-- Nothing unless all of them are published.
select e.entry
from log l
join entry e on e.log_id = l.id
where
    l.id = :log_id and e.idx >= :first::bigint and e.idx < :first::bigint + :count::integer
    and :first::bigint + :count::integer <= l.published_size
order by e.idx;

-- name: manifest(log_id, version)$
select v.manifest
from log l
join text_version v on v.petition_id = l.petition_id
where l.id = :log_id and v.version = :version and v.version <= l.text_version and l.published_size > 0;

-- name: find_entry(log_id, entry, first)$
-- The first index from `first` on that holds these bytes.
select min(idx)
from entry
where log_id = :log_id and idx >= :first::bigint and entry = :entry;

-- name: all_entries(log_id, size)
select entry
from entry
where log_id = :log_id and idx < :size
order by idx;

-- name: checkpoints(log_id)
select size, root, count
from checkpoint
where log_id = :log_id
order by size;

-- name: repair_counts(log_id, added, count, published_count, text_version, is_closed)!
-- By difference, so that a seal in between is not undone.
update log
set
    added = added + :added::bigint, count = count + :count::bigint, published_count = published_count + :published_count::bigint,
    text_version = greatest(text_version, :text_version::integer), is_closed = is_closed or :is_closed::boolean
where id = :log_id;

-- name: repairable(anchor)
-- Every log, the anchor last.
select id, origin, petition_id, size, root, published_size
from log
order by id = :anchor, created_at, id;

-- name: checkpoint_root(log_id, size)$
select root
from checkpoint
where log_id = :log_id and size = :size;

-- name: all_waiting(log_id)
-- What waited when the backup was made; some of it was sealed afterwards.
select o.id, o.kind::text as kind, o.signature_id, o.entry, s.log_index
from outbox o
left join signature s on s.id = o.signature_id
where o.log_id = :log_id
order by o.id;

-- name: count_waiting(log_id)$
select count(*)
from outbox
where log_id = :log_id and coalesce(reason, '') not like 'set-aside:%';

-- name: queue_once(log_id, kind, entry, now)!
insert into outbox (log_id, kind, entry, queued_at)
select :log_id::text, cast(:kind::text as "char"), :entry::bytea, coalesce(:now::timestamptz, now())
where
    not exists (select from outbox where log_id = :log_id::text and entry = :entry::bytea)
    and not exists (select from entry where log_id = :log_id::text and entry = :entry::bytea and kind in ('S', 'C', 'K'));

-- name: text_versions(petition_id)
select version
from text_version
where petition_id = :petition_id;

-- name: apply_states(petition_id, indexes, states, now)!
-- What the log says of signatures that the backup brought back, data of those who had left included. Forward only: who has
-- withdrawn here, and waits to be written, stays withdrawn.
with told as (
    select *
    from unnest(:indexes::bigint[], :states::text[]) as t (idx, state)
),
hidden as (
    delete from shown_name
    where signature_id in (
        select s.id
        from signature s
        join told on told.idx = s.log_index
        where s.petition_id = :petition_id and told.state in ('withdrawn', 'erased')
    )
)
update signature s
set
    state = told.state,
    ended_at = case when told.state in ('withdrawn', 'erased') then coalesce(:now::timestamptz, now()) end,
    blob = case when told.state in ('withdrawn', 'erased') then null else s.blob end,
    key_id = case when told.state in ('withdrawn', 'erased') then null else s.key_id end,
    sealed_blob = case when told.state in ('withdrawn', 'erased') then null else s.sealed_blob end,
    email_index = case when told.state in ('withdrawn', 'erased') then null else s.email_index end,
    exact_index = case when told.state in ('withdrawn', 'erased') then null else s.exact_index end,
    prefix = case when told.state in ('withdrawn', 'erased') then null else s.prefix end,
    domain = case when told.state in ('withdrawn', 'erased') then null else s.domain end
from told
where s.petition_id = :petition_id and s.log_index = told.idx and s.state in ('confirmed', 'invalidated') and s.state <> told.state;

-- name: mark_purged(log_id, purged)!
update log
set purged = greatest(purged, :purged::bigint)
where id = :log_id;

-- name: scrub_purged(petition_id, purged)!
-- Secrets that had been destroyed and came back with the backup.
update signature
set blob = null, key_id = null, sealed_blob = null, email_index = null, exact_index = null
where petition_id = :petition_id and log_index < :purged::bigint and (blob is not null or sealed_blob is not null or email_index is not null);

-- name: insert_incident(log_id, kind, facts, now)!
insert into incident (log_id, kind, facts, at)
values (:log_id, :kind, :facts::jsonb, coalesce(:now::timestamptz, now()));

-- name: incidents(log_id)
select kind, facts::text as facts, at
from incident
where log_id = :log_id
order by at, id;
