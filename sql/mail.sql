-- Mail: queued in the transaction that makes it due, delivered by whoever holds the lease, counted by mailbox.
-- "claim" is the fence: each claim has a number of its own by chance, and only the last one can start or mark a row.
-- A claim that PostgreSQL forgets in a crash costs nothing, so its commit waits for no disk: a mark does, and takes it along.
-- (Counted numbers would come twice then, and two workers would hold the same one.)

-- name: enqueue(ids, templates, languages, addresses, key_ids, petition_ids, signature_ids, facts, domains, priorities)!
insert into mail (id, template, language, address, key_id, petition_id, signature_id, facts, domain, priority)
select n.id, n.template, n.language, n.address, n.key_id, n.petition_id, n.signature_id, n.facts::jsonb, n.domain, n.priority
from unnest(
    :ids::uuid[], :templates::text[], :languages::text[], :addresses::bytea[], :key_ids::integer[], :petition_ids::uuid[],
    :signature_ids::uuid[], :facts::text[], :domains::bytea[], :priorities::smallint[]
) as n (id, template, language, address, key_id, petition_id, signature_id, facts, domain, priority);

-- name: claim(full, batch, lease, number, now)
-- The next mails that nobody holds. One of a paused domain is not claimed but moved to the end of the pause, so that a
-- provider that refuses us never stands in the way of the others: each of its mails is passed once for each pause.
with at as materialized (
    select coalesce(:now::timestamptz, now()) as now, set_config('synchronous_commit', 'off', true) as without_waiting
),
next as (
    select
        m.id,
        m.claimed_until is not null as was_left,
        coalesce(d.failures, 0) as failures,
        case when d.paused_until > at.now then d.paused_until end as paused_until
    from at
    cross join mail m
    left join mail_domain d on d.domain = m.domain
    where m.state = 'due'
        and m.due_at <= at.now
        and (m.claimed_until is null or m.claimed_until <= at.now)
        and m.domain <> all (:full::bytea[])
    order by m.priority, m.due_at
    limit :batch
    for update of m skip locked
)
update mail m
set
    claimed_until = case when next.paused_until is null then at.now + make_interval(secs => :lease) end,
    claim = :number,
    due_at = coalesce(next.paused_until, m.due_at)
from next, at
where m.id = next.id
returning
    m.id, m.claim, m.template, m.language, m.address, m.key_id, m.petition_id, m.signature_id, m.facts, m.domain, m.priority,
    m.due_at, m.created_at, m.attempts, at.now, next.was_left, next.failures, next.paused_until is not null as is_paused;

-- name: titles(petition_ids)
select p.id, t.language, t.title
from petition p
join petition_text t on t.petition_id = p.id and t.version = p.text_version
where p.id = any (:petition_ids::uuid[]);

-- name: news(ids)
-- What is to be told, unless it was cancelled on the way.
select t.news_id, t.language, t.title, t.body
from news_text t
join news n on n.id = t.news_id
where t.news_id = any (:ids::uuid[]) and n.state <> 'cancelled';

-- name: links(hashes, now)
-- Which of the links that are about to be mailed still lead somewhere.
select t.hash, t.expires_at
from token t
left join signature s on s.id = t.signature_id
where t.hash = any (:hashes::bytea[])
    and t.expires_at > coalesce(:now::timestamptz, now())
    and coalesce(s.state, 'pending') not in ('withdrawn', 'expired', 'erased')
union all
select o.hash, o.expires_at
from organizer_link o
where o.hash = any (:hashes::bytea[]) and o.expires_at > coalesce(:now::timestamptz, now()) and o.used_at is null;

-- name: still(ids, claims)
-- Which of these are due and held by us, before we begin with them: none that was erased or overtaken meanwhile.
select m.id
from unnest(:ids::uuid[], :claims::bigint[]) as n (id, claim)
join mail m on m.id = n.id
where m.claim = n.claim and m.state = 'due';

-- name: start(ids, claims, lease, now)
-- The same for a mail that a worker left behind, counted before it begins: what brings the process down raises its own count.
update mail m
set
    attempts = m.attempts + 1,
    claimed_until = coalesce(:now::timestamptz, now()) + make_interval(secs => :lease)
from unnest(:ids::uuid[], :claims::bigint[]) as n (id, claim)
where m.id = n.id and m.claim = n.claim and m.state = 'due'
returning m.id;

-- name: renew(ids, claims, lease, now)!
update mail m
set claimed_until = coalesce(:now::timestamptz, now()) + make_interval(secs => :lease)
from unnest(:ids::uuid[], :claims::bigint[]) as n (id, claim)
where m.id = n.id and m.claim = n.claim and m.state = 'due';

-- name: mark(ids, claims, states, codes, dues, attempts, now)
-- An ended mail forgets its address and facts. Attempts count starts without an answer: an answer sets them back.
update mail m
set
    state = n.state,
    code = n.code,
    due_at = coalesce(n.due_at, m.due_at),
    attempts = n.attempts,
    claimed_until = null,
    sent_at = case when n.state = 'sent' then coalesce(:now::timestamptz, now()) end,
    ended_at = case when n.state <> 'due' then coalesce(:now::timestamptz, now()) end,
    address = case when n.state = 'due' then m.address end,
    key_id = case when n.state = 'due' then m.key_id end,
    facts = case when n.state = 'due' then m.facts else '{}'::jsonb end
from unnest(
    :ids::uuid[], :claims::bigint[], :states::text[], :codes::text[], :dues::timestamptz[], :attempts::smallint[]
) as n (id, claim, state, code, due_at, attempts)
where m.id = n.id and m.claim = n.claim and m.state = 'due'
returning m.id;

-- name: release(ids, claims, dues)!
-- Claimed and not started: free for others at once, or when the pause of its domain is over.
update mail m
set claimed_until = null, due_at = coalesce(n.due_at, m.due_at)
from unnest(:ids::uuid[], :claims::bigint[], :dues::timestamptz[]) as n (id, claim, due_at)
where m.id = n.id and m.claim = n.claim and m.state = 'due';

-- name: rebuked(domain, code, patience, now)^
-- A provider refuses us, not an address. Counted once for each pause, however many answers arrive in the same second.
insert into mail_domain as d (domain, failures, last_code, updated_at)
values (:domain::bytea, 1, :code, coalesce(:now::timestamptz, now()))
on conflict (domain) do update set
    failures = d.failures + case when d.paused_until > excluded.updated_at then 0 else 1 end,
    paused_until = case
        when d.paused_until > excluded.updated_at or d.failures + 1 < :patience::integer then d.paused_until
        else excluded.updated_at + least(interval '4 hours', interval '15 minutes' * 2 ^ least(d.failures + 1 - :patience::integer, 8))
    end,
    last_code = excluded.last_code,
    updated_at = excluded.updated_at
returning failures, case when paused_until > updated_at then paused_until end as paused_until;

-- name: relieved(domains, now)!
update mail_domain
set failures = 0, paused_until = null, updated_at = coalesce(:now::timestamptz, now())
where domain = any (:domains::bytea[]) and failures > 0;

-- name: waiting(now)^
select
    count(*) as due,
    coalesce(extract(epoch from coalesce(:now::timestamptz, now()) - min(created_at)), 0)::float as oldest
from mail
where state = 'due';

-- name: cap_locks(keys)!
-- In one order for everybody, or two workers with the same mailboxes would wait for each other.
select pg_advisory_xact_lock(k)
from (select distinct k from unnest(:keys::bigint[]) as n (k) order by k offset 0) as sorted;

-- name: cap_counts(numbers, indexes, now)
-- Mails to each mailbox in 10 minutes, 24 hours and a week; a mailbox has one index for each weekly key.
select
    n.number,
    count(*) filter (where c.at > coalesce(:now::timestamptz, now()) - interval '10 minutes') as in_10_minutes,
    count(*) filter (where c.at > coalesce(:now::timestamptz, now()) - interval '24 hours') as in_a_day,
    count(*) as in_a_week
from unnest(:numbers::integer[], :indexes::bytea[]) as n (number, index)
join mail_cap c on c.address_index = n.index and c.at > coalesce(:now::timestamptz, now()) - interval '7 days'
group by n.number;

-- name: cap_record(indexes, now)!
insert into mail_cap (address_index, at)
select n.index, coalesce(:now::timestamptz, now())
from unnest(:indexes::bytea[]) as n (index);

-- name: suppressed(indexes)
select address_index
from suppression
where address_index = any (:indexes::bytea[]);

-- name: suppress(index, reason)!
insert into suppression (address_index, reason)
values (:index, :reason)
on conflict (address_index) do nothing;

-- name: came_back(id, code)$
-- A mail that was sent came back: it counts as failed, once.
update mail
set state = 'failed', code = :code
where id = :id and state = 'sent'
returning true;

-- name: housekeeping(now)^
with at as materialized (
    select coalesce(:now::timestamptz, now()) as now
),
mails as (
    delete from mail m
    using at
    where m.ended_at < at.now - interval '7 days'
    returning m.id
),
caps as (
    delete from mail_cap c
    using at
    where c.at < at.now - interval '8 days'
    returning c.at
),
domains as (
    delete from mail_domain d
    using at
    where d.updated_at < at.now - interval '8 days' and (d.paused_until is null or d.paused_until < at.now)
    returning d.domain
)
select
    (select count(*) from mails) as mails,
    (select count(*) from caps) as caps,
    (select count(*) from domains) as domains;

-- name: health(now)
-- Providers with trouble in the last days, by their keyed hash: what failed for good, what waits, and whether we pause.
select
    coalesce(d.domain, f.domain) as domain, coalesce(f.failed, 0) as failed, f.codes, coalesce(d.failures, 0) as failures,
    d.last_code, case when d.paused_until > coalesce(:now::timestamptz, now()) then d.paused_until end as paused_until, d.updated_at
from (select * from mail_domain where failures > 0 or paused_until > coalesce(:now::timestamptz, now())) as d
full join (
    select domain, count(*) as failed, array_agg(distinct code) as codes
    from mail
    where state = 'failed' and ended_at > coalesce(:now::timestamptz, now()) - interval '7 days'
    group by domain
) as f on f.domain = d.domain
order by failed desc, domain
limit 30;
