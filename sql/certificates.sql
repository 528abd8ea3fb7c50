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

-- name: insert_certificate(id, petition_id, serial, recipient, holder, standing, size, count, replaces, issued_at)!
insert into certificate (id, petition_id, serial, recipient, holder, standing, size, count, replaces, issued_at)
values (:id, :petition_id, :serial, :recipient, :holder, :standing, :size, :count, :replaces, :issued_at);

-- name: insert_draft(id, is_unsigned, petitioner, content)!
insert into certificate_draft (certificate_id, is_unsigned, petitioner, content)
values (:id, :is_unsigned, :petitioner, :content);

-- name: drafts(petition_id, is_unsigned)
-- Numbered, anchored or about to be, and without a bundle: oldest first. Those that wait for the organizers' key are apart.
select c.id, c.serial, c.recipient, c.holder, d.petitioner, c.size, c.count, l.id as log_id, d.content
from certificate_draft d
join certificate c on c.id = d.certificate_id
join log l on l.petition_id = c.petition_id
where c.petition_id = :petition_id and d.is_unsigned = :is_unsigned
order by c.serial;

-- name: draft(id)^
select c.id, c.serial, c.recipient, c.holder, d.petitioner, c.size, c.count, l.id as log_id, d.content
from certificate_draft d
join certificate c on c.id = d.certificate_id
join log l on l.petition_id = c.petition_id
where c.id = :id;

-- name: claim_draft()^
update certificate_draft d
set tried_at = now()
from certificate c
where
    c.id = d.certificate_id
    and d.certificate_id = (
        select n.certificate_id
        from certificate_draft n
        where not n.is_unsigned and n.tried_at < now() - interval '10 minutes'
        order by n.tried_at
        limit 1
        for update skip locked
    )
returning c.id, c.petition_id;

-- name: drop_draft(id)!
delete from certificate_draft
where certificate_id = :id;

-- name: insert_file(id, name, content)!
-- What was handed out once stays; a repeat changes nothing.
insert into certificate_file (certificate_id, name, content)
values (:id, :name, :content)
on conflict do nothing;

-- name: digest(id, name)$
-- Whether a file is kept, and which, without carrying it here.
select sha256(content)
from certificate_file
where certificate_id = :id and name = :name;

-- name: by_id(id)^
select id, petition_id, serial, count
from certificate
where id = :id;

-- name: listing(petition_id)
-- Those whose files are there; one that waits for the organizers' signature is not shown.
select
    c.id, c.serial, c.recipient, c.holder, c.size, c.count, c.replaces, c.issued_at, c.standing as kind,
    exists (select from certificate_file f where f.certificate_id = c.id and f.name = 'certificate.pdf') as has_pdf
from certificate c
where
    c.petition_id = :petition_id
    and exists (select from certificate_file f where f.certificate_id = c.id and f.name = 'bundle.zip')
order by c.serial desc;

-- name: size(petition_id, id, name)$
select octet_length(f.content)
from certificate c
join certificate_file f on f.certificate_id = c.id
where c.id = :id and c.petition_id = :petition_id and f.name = :name;

-- name: piece(id, name, at, length)$
-- Stored uncompressed, so that PostgreSQL reads this piece and not the whole.
select substring(content from :at::integer for :length::integer)
from certificate_file
where certificate_id = :id and name = :name;

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

-- name: growth(log_id, size, time_zone)
-- The public count at the end of each day, by our own clock.
select distinct on (c.day) c.day, c.count
from (
    select (created_at at time zone :time_zone)::date as day, size, count
    from checkpoint
    where log_id = :log_id and size <= :size
) as c
order by c.day, c.size desc;

-- name: audits(petition_id, size)
-- What auditors found in this log, up to this checkpoint, oldest first.
select report, signature
from ledger_audit
where petition_id = :petition_id and size <= :size
order by done_at;

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

-- name: named(petition_id, size)^
-- For a list of names: `visible`, who counts under this checkpoint and did not ask to be shown to nobody; `agreed`, who said yes
-- to being handed over, from the sums of settled days and from the rows that are not settled. Whoever left after a day was
-- settled is still in its sum, so no list can hold more than the smaller of both.
select
    (select count(*) from counted(:petition_id::uuid, :size::bigint) c where c.visibility <> 'protect') as visible,
    (select coalesce(sum(d.n), 0) from daily_sum d where d.petition_id = :petition_id::uuid and d.kind = 'handover')::bigint
    + (
        select count(*)
        from signature s
        where
            s.operational_until is not null and s.petition_id = :petition_id::uuid and s.state = 'confirmed' and s.handover
            and s.visibility <> 'protect' and s.log_index < :size::bigint
    ) as agreed;

-- name: partners(petition_id)
select p.name
from partner p
join partner_petition m on m.partner_id = p.id
where m.petition_id = :petition_id and p.ended_at is null
order by p.name, p.slug;

-- name: ask_certificate(id, petition_id, recipient, holder, asked_by)$
insert into certificate_wish (id, petition_id, recipient, holder, asked_by)
values (:id, :petition_id, :recipient, :holder, :asked_by)
on conflict (petition_id) where done_at is null do nothing
returning id;

-- name: claim_wish()^
-- Claimed for ten minutes; `made` is what a worker that died had made already.
update certificate_wish w
set begun_at = now()
from petition p
where
    p.id = w.petition_id
    and w.id = (
        select n.id
        from certificate_wish n
        where n.done_at is null and (n.begun_at is null or n.begun_at < now() - interval '10 minutes')
        order by n.asked_at
        limit 1
        for update skip locked
    )
returning
    w.id, w.recipient, w.holder, p.slug,
    (
        select c.id
        from certificate c
        join certificate_file f on f.certificate_id = c.id and f.name = 'bundle.zip'
        where c.petition_id = w.petition_id and c.recipient = w.recipient and c.issued_at >= w.asked_at
        order by c.serial desc
        limit 1
    ) as made;

-- name: fulfilled(id, certificate_id, fault, unsigned)!
update certificate_wish
set done_at = now(), certificate_id = :certificate_id, fault = :fault, unsigned = :unsigned
where id = :id;

-- name: wishes(petition_id)
select
    w.id, w.recipient, w.holder, w.asked_by, w.asked_at, w.done_at, w.certificate_id, w.fault,
    w.unsigned is not null
    and not exists (select from certificate_file f where f.certificate_id = w.certificate_id and f.name = 'bundle.zip') as waits
from certificate_wish w
where w.petition_id = :petition_id
order by w.asked_at desc
limit 20;

-- name: unsigned(petition_id, id)$
select unsigned
from certificate_wish
where petition_id = :petition_id and id = :id;
