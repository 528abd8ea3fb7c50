-- What leaves the house as a list: under one checkpoint, in one snapshot.

-- name: head(slug)^
-- The petition and the checkpoint that its public number stands under.
select
    p.id, p.slug, p.is_sealed, p.is_sample, l.id as log_id, l.origin, l.published_size as size, l.published_root as root,
    l.published_count as count, c.created_at as sealed_at, now() as made_at, current_date as today
from petition p
join log l on l.petition_id = p.id
left join checkpoint c on c.log_id = l.id and c.size = l.published_size
where p.slug = :slug;

-- name: patient()!
-- This transaction may take as long as the reader on the other side; the reader's own deadline ends it.
select set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '10min', true);

-- name: share_snapshot()$
select pg_export_snapshot();

-- name: sealed_rows(petition_id, size)
-- For COPY: everything but names, and names as the box that only offline keys open. Who is protected is a number only.
-- (replace, because translate looks at every letter by itself: a tenth of the speed.)
select
    s.id, s.day, s.text_version, s.visibility, s.log_index as leaf,
    case when s.visibility <> 'protect' then replace(encode(s.sealed_blob, 'base64'), E'\n', '') end as sealed
from counted(:petition_id, :size) s;

-- name: rows(petition_id, size)
-- The same, for the formats that Python writes, and for petitions whose boxes are made at this moment.
select
    s.id, s.day, s.text_version, s.visibility, s.log_index as leaf,
    case when s.visibility <> 'protect' then s.sealed_blob end as sealed,
    case when s.visibility <> 'protect' and s.sealed_blob is null then s.blob end as blob, s.key_id
from counted(:petition_id, :size) s;

-- name: begin_export(id, petition_id, shape, format, approval_id, about)!
insert into export (id, petition_id, shape, format, approval_id, about)
values (:id, :petition_id, :shape, :format, :approval_id, :about::jsonb);

-- name: keep_ids(export_id, petition_id, size)!
insert into export_part (export_id, part, ids)
select :export_id::uuid, n.part, array_agg(n.id)
from (
    select s.id, (row_number() over () - 1) / 10000 as part
    from counted(:petition_id, :size) s
) n
group by n.part;

-- name: end_export(export_id, listed, digest)!
insert into export_done (export_id, listed, digest)
values (:export_id, :listed, :digest);

-- name: made(petition_id)
select e.id, e.shape, e.format, e.about, e.begun_at, d.listed, d.done_at
from export e
left join export_done d on d.export_id = e.id
where e.petition_id = :petition_id
order by e.begun_at desc;

-- name: removals(export_id)
-- Who is in the file and must not be any more: withdrawn, erased, invalidated since, or protected by the signer's later choice.
-- An export that was cut short may hold anybody who had a leaf when it began.
with held as (
    select unnest(p.ids) as id
    from export_part p
    where p.export_id = :export_id
    union
    select s.id
    from export e
    join signature s on s.petition_id = e.petition_id
    where
        e.id = :export_id and s.log_index is not null and coalesce(s.ended_at, e.begun_at) >= e.begun_at
        and not exists (select from export_done d where d.export_id = e.id)
)
select s.id, s.state, s.ended_at
from held h
join signature s on s.id = h.id
where
    (s.state <> 'confirmed' or s.visibility = 'protect')
    and not exists (select from export_removal r where r.export_id = :export_id and r.signature_id = s.id)
order by s.id;

-- name: confirm_removals(export_id, ids)!
insert into export_removal (export_id, signature_id)
select :export_id::uuid, n.id
from unnest(:ids::uuid[]) as n (id)
on conflict do nothing;
