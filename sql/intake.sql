-- Forms become durable rows, many in one commit.

-- name: store(ids, petition_ids, kinds, payloads, key_ids, lanes, prefixes, proof_ats, replay_keys, replay_untils)
-- A form whose id is there already spends no proof and changes nothing. A form whose proof was spent by another is not
-- stored. Both inserts go in sorted order, so that two batches at once cannot wait for each other in a ring.
with form as (
    select *
    from unnest(
        :ids::bytea[], :petition_ids::uuid[], :kinds::text[], :payloads::bytea[], :key_ids::integer[], :lanes::text[],
        :prefixes::bytea[], :proof_ats::timestamptz[], :replay_keys::bytea[], :replay_untils::timestamptz[]
    ) as f (id, petition_id, kind, payload, key_id, lane, prefix, proof_at, replay_key, replay_until)
),
known as (
    select i.id
    from intake i
    where i.id = any(:ids::bytea[])
),
fresh as (
    select f.*
    from form f
    where f.id not in (select id from known)
),
spent as (
    insert into proof_used (replay_key, intake_id, expires_at)
    select replay_key, id, replay_until
    from fresh
    where replay_key is not null
    order by replay_key
    on conflict do nothing
    returning intake_id
),
stored as (
    insert into intake (id, petition_id, kind, payload, key_id, lane, prefix, proof_at)
    select id, petition_id, kind, payload, key_id, lane, prefix, proof_at
    from fresh
    where replay_key is null or id in (select intake_id from spent)
    order by id
    on conflict do nothing
    returning id
)
select id from stored
union all
select id from known;

-- name: present(ids)
select id
from intake
where id = any(:ids::bytea[]);

-- name: forget(now)!
-- Decided rows stay 48 h for repeats of their form key; spent proofs stay as long as they would still verify.
with gone as (
    delete from proof_used
    where expires_at < coalesce(:now::timestamptz, now()) - interval '5 minutes'
)
delete from intake
where decided_at < coalesce(:now::timestamptz, now()) - interval '48 hours';
