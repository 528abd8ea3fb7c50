-- What was certified, and what stands beside the count.

-- name: lock(key)!
select pg_advisory_lock(:key);

-- name: unlock(key)!
select pg_advisory_unlock(:key);

-- name: newest(petition_id)^
select id, serial
from certificate
where petition_id = :petition_id
order by serial desc
limit 1;

-- name: insert_certificate(id, petition_id, serial, recipient, size, count, replaces, bundle, issued_at)!
insert into certificate (id, petition_id, serial, recipient, size, count, replaces, bundle, issued_at)
values (:id, :petition_id, :serial, :recipient, :size, :count, :replaces, :bundle, :issued_at);

-- name: listing(petition_id)
select
    c.id, c.serial, c.recipient, c.size, c.count, c.replaces, c.issued_at,
    case when p.is_sample then 'demo' else 'draft' end as kind
from certificate c
join petition p on p.id = c.petition_id
where c.petition_id = :petition_id
order by c.serial desc;

-- name: bundle(petition_id, id)$
select bundle
from certificate
where id = :id and petition_id = :petition_id;

-- name: entries(log_id, size)
select entry
from entry
where log_id = :log_id and idx < :size
order by idx;

-- name: window(log_id, size, now)^
-- When the log's first and this head were made, and this hour, by our own clock.
select
    coalesce(:now::timestamptz, now()) as issued_at,
    (select min(created_at) from checkpoint where log_id = :log_id) as first_at,
    (select created_at from checkpoint where log_id = :log_id and size = :size) as snapshot_at;

-- name: outcomes(petition_id)
select outcome, n
from outcome_sum
where petition_id = :petition_id
order by outcome;

-- name: sums(petition_id, kind)
select key, sum(n)::bigint as n
from daily_sum
where petition_id = :petition_id and kind = :kind
group by key
order by key;

-- name: standing(petition_id)
-- How many rows stand where, for the asserted part.
select state, visibility, count(*) as n
from signature
where petition_id = :petition_id and state in ('pending', 'held', 'expired', 'confirmed')
group by state, visibility;
