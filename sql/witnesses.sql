-- Witnesses, on both sides: whom we ask about the anchor, and what we have cosigned of others' logs.

-- name: know(names, now)!
-- One row for each witness of the policy; those that were taken out of it are forgotten, and with them what they said.
with gone as (
    delete from witness
    where name <> all(:names::text[])
)
insert into witness (name, due_at)
select name, coalesce(:now::timestamptz, now())
from unnest(:names::text[]) as name
on conflict (name) do nothing;

-- name: head(anchor)^
-- What the anchor has published, and the note as the log itself signed it.
select l.published_size as size, n.note
from log l
join checkpoint_note n on n.log_id = l.id and n.size = l.published_size
where l.id = :anchor;

-- name: lease(name, anchor, size, key_name, key_id, at_once, until, now)^
-- No row: not due, in another worker's hands, or this size is cosigned already.
update witness w
set leased_until = coalesce(:now::timestamptz, now()) + :until::interval
where
    w.name = :name
    and (w.leased_until is null or w.leased_until <= coalesce(:now::timestamptz, now()))
    and (w.due_at <= coalesce(:now::timestamptz, now()) or :at_once::boolean)
    and not exists (
        select from cosignature c
        where c.log_id = :anchor and c.size = :size and c.name = :key_name and c.key_id = :key_id
    )
returning w.size, w.failures;

-- name: failed(name, fault, pause, size, now)!
update witness
set
    failures = failures + 1, fault = :fault, size = coalesce(:size::bigint, size),
    due_at = coalesce(:now::timestamptz, now()) + :pause::interval, leased_until = null
where name = :name;

-- name: cosigned(name, anchor, size, key_name, key_id, line, signed_at, pause, now)!
-- The cosignature, and that this witness follows us up to here, in one commit.
with stored as (
    insert into cosignature (log_id, size, name, key_id, line, signed_at)
    values (:anchor, :size, :key_name, :key_id, :line, :signed_at)
    on conflict (log_id, size, name, key_id) do nothing
)
update witness
set
    size = greatest(size, :size), failures = 0, fault = '', leased_until = null,
    due_at = coalesce(:now::timestamptz, now()) + :pause::interval
where name = :name;

-- name: cosigned_sizes(anchor, above)
-- Published checkpoints beyond a place that somebody cosigned, the smallest first.
select distinct c.size
from cosignature c
join log l on l.id = c.log_id
where c.log_id = :anchor and c.size > :above and c.size <= l.published_size
order by c.size
limit 1000;

-- name: witnessed(origin)^
select size, root
from witnessed
where origin = :origin;

-- name: remember(origin, old, size, root, note, now)$
-- Forward only, and only from the size that was checked; no row when another request was faster.
insert into witnessed as w (origin, size, root, note, cosigned_at)
values (:origin, :size, :root, :note, coalesce(:now::timestamptz, now()))
on conflict (origin) do update
    set size = excluded.size, root = excluded.root, note = excluded.note, cosigned_at = excluded.cosigned_at
    where w.size = :old::bigint and w.size <= excluded.size
returning cosigned_at;
