-- A signature's life: pending -> confirmed -> withdrawn | expired | erased; held and invalidated beside it.

-- name: claim(limit, ids, now)
-- The oldest undecided forms. Rows that another worker holds are skipped; rows that failed wait until claimed_until.
select id, petition_id, kind, payload, key_id, lane, prefix, proof_at, received_at, attempts
from intake
where
    decided_at is null and (claimed_until is null or claimed_until < coalesce(:now::timestamptz, now()))
    and (:ids::bytea[] is null or id = any(:ids::bytea[]))
order by received_at
limit :limit
for update skip locked;

-- name: undecided(limit, now)
select id
from intake
where decided_at is null and (claimed_until is null or claimed_until < coalesce(:now::timestamptz, now()))
order by received_at
limit :limit;

-- name: set_aside(ids, now)!
-- A form that cannot be decided waits ever longer and never blocks the others; its age raises the alarm.
update intake
set
    attempts = attempts + 1,
    claimed_until = coalesce(:now::timestamptz, now()) + least(interval '6 hours', interval '10 seconds' * power(2, attempts))
where id = any(:ids::bytea[]);

-- name: decided(ids, outcomes, signature_ids, now)!
-- The payload goes with the decision; what stays for 48 h is the id and how it ended.
with ended as (
    select *
    from unnest(:ids::bytea[], :outcomes::text[], :signature_ids::uuid[]) as e (id, outcome, signature_id)
),
row as (
    update intake i
    set payload = null, outcome = e.outcome, signature_id = e.signature_id, decided_at = coalesce(:now::timestamptz, now())
    from ended e
    where i.id = e.id
    returning i.petition_id, e.outcome, i.kind, i.received_at
),
received as (
    insert into daily_received (petition_id, day, n)
    select r.petition_id, (r.received_at at time zone 'UTC')::date, count(*)
    from row r
    where r.petition_id is not null and r.kind = 'sign'
    group by 1, 2
    order by 1, 2
    on conflict (petition_id, day) do update set n = daily_received.n + excluded.n
)
insert into outcome_sum (petition_id, outcome, n)
select r.petition_id, r.outcome, count(*)
from row r
where r.petition_id is not null
group by r.petition_id, r.outcome
order by r.petition_id, r.outcome
on conflict (petition_id, outcome) do update set n = outcome_sum.n + excluded.n;

-- name: insert_new(ids, petition_ids, text_versions, states, visibilities, email_indexes, exact_indexes, blobs, key_ids, lanes, marks, prefixes, domains, countries, languages, partners, handovers, received, now)
-- One living signature for each petition and mailbox: whoever comes second inserts nothing.
insert into signature (
    id, petition_id, text_version, state, visibility, email_index, exact_index, blob, key_id, lane, marks, prefix, domain,
    country, language, partner, handover, received_at, decided_at
)
select
    n.id, n.petition_id, n.text_version, n.state, n.visibility, n.email_index, n.exact_index, n.blob, n.key_id, n.lane,
    coalesce(string_to_array(nullif(n.marks, ''), ','), '{}'), n.prefix, n.domain,
    n.country, n.language, n.partner, n.handover, n.received_at, coalesce(:now::timestamptz, now())
from unnest(
    :ids::uuid[], :petition_ids::uuid[], :text_versions::integer[], :states::text[], :visibilities::text[],
    :email_indexes::bytea[], :exact_indexes::bytea[], :blobs::bytea[], :key_ids::integer[], :lanes::text[], :marks::text[],
    :prefixes::bytea[], :domains::bytea[], :countries::text[], :languages::text[], :partners::text[],
    :handovers::boolean[], :received::timestamptz[]
) as n (
    id, petition_id, text_version, state, visibility, email_index, exact_index, blob, key_id, lane, marks, prefix, domain,
    country, language, partner, handover, received_at
)
order by n.petition_id, n.email_index
on conflict (petition_id, email_index) where state in ('pending', 'held', 'confirmed', 'invalidated') do nothing
returning id;

-- name: living(petition_ids, email_indexes)
select s.id, s.petition_id, s.email_index, s.exact_index, s.state, p.is_protected
from unnest(:petition_ids::uuid[], :email_indexes::bytea[]) as n (petition_id, email_index)
join signature s on s.petition_id = n.petition_id and s.email_index = n.email_index
join petition p on p.id = s.petition_id
where s.state in ('pending', 'held', 'confirmed', 'invalidated');

-- name: refresh_pending(ids, text_versions, visibilities, blobs, key_ids, countries, languages, partners, handovers)!
-- Somebody who corrects a form before confirming confirms the corrected one.
update signature s
set
    text_version = n.text_version, visibility = n.visibility, blob = n.blob, key_id = n.key_id,
    country = n.country, language = n.language, partner = n.partner, handover = n.handover
from unnest(
    :ids::uuid[], :text_versions::integer[], :visibilities::text[], :blobs::bytea[], :key_ids::integer[], :countries::text[],
    :languages::text[], :partners::text[], :handovers::boolean[]
) as n (id, text_version, visibility, blob, key_id, country, language, partner, handover)
where s.id = n.id and s.state = 'pending';

-- name: prefix_counts(prefixes, most, now)
-- How many signatures came from each client prefix within the last hour (keyed hashes), counted no further than "most": what
-- a batch of forms costs must not grow with the hour's number of signatures.
select n.prefix, c.n
from unnest(:prefixes::bytea[]) as n (prefix)
cross join lateral (
    select count(*) as n
    from (
        select
        from signature s
        where s.prefix = n.prefix and s.decided_at > coalesce(:now::timestamptz, now()) - interval '1 hour'
        limit :most
    ) as few
) as c;

-- name: domain_counts(domains, most, now)
select n.domain, c.n
from unnest(:domains::bytea[]) as n (domain)
cross join lateral (
    select count(*) as n
    from (
        select
        from signature s
        where s.domain = n.domain and s.decided_at > coalesce(:now::timestamptz, now()) - interval '1 hour'
        limit :most
    ) as few
) as c;

-- name: insert_tokens(hashes, purposes, signature_ids, mail_ids, expiries)!
insert into token (hash, purpose, signature_id, mail_id, expires_at)
select *
from unnest(:hashes::bytea[], :purposes::text[], :signature_ids::uuid[], :mail_ids::uuid[], :expiries::timestamptz[])
on conflict do nothing;

-- name: petition_ids()
select id
from petition
where text_version > 0;

-- name: tokens(purpose, hashes, now)
-- All that a press, or a look, needs to know, by primary key. sent_at tells how long ago the mail left.
select
    t.hash, t.asked_at, t.expires_at <= coalesce(:now::timestamptz, now()) as is_over, t.mail_id,
    s.id, s.petition_id, s.state, s.visibility, s.text_version, s.blob, s.key_id, s.language, s.log_index, s.day,
    extract(epoch from coalesce(:now::timestamptz, now()) - m.sent_at)::float8 as sent_ago, m.id is not null and m.sent_at is null as is_unsent,
    'more-proof' = any(s.marks) as asks_twice,
    p.slug, p.is_protected, p.is_sealed, coalesce(:now::timestamptz, now()) >= p.closes_at + interval '24 hours' or l.is_closed as is_closed,
    l.id as log_id, l.origin, v.manifest_hash, o.entry, o.promised_until
from token t
join signature s on s.id = t.signature_id
join petition p on p.id = s.petition_id
join log l on l.petition_id = p.id
join text_version v on v.petition_id = s.petition_id and v.version = s.text_version
left join mail m on m.id = t.mail_id
left join outbox o on o.signature_id = s.id and o.kind = 'A'
where t.hash = any(:hashes::bytea[]) and t.purpose = :purpose;

-- name: ask_again(hashes, now)!
update token
set asked_at = coalesce(:now::timestamptz, now())
where hash = any(:hashes::bytea[]) and asked_at is null;

-- name: lock_shared(key)!
-- Confirming and closing exclude each other for each petition: closing takes the same lock exclusively.
select pg_advisory_xact_lock_shared(:key);

-- name: manifest(petition_id, version)$
select manifest
from text_version
where petition_id = :petition_id and version = :version;

-- name: confirm(ids, entries, languages, blobs, key_ids, sealed, promises, links, now, links_until)
-- The first press wins; the leaf waits in the outbox in the same commit. Nobody is confirmed once the grace is over, and
-- nobody in a sealed petition without the copy for the organizers' offline keys.
with pressed as (
    select *
    from unnest(
        :ids::uuid[], :entries::bytea[], :languages::text[], :blobs::bytea[], :key_ids::integer[], :sealed::bytea[],
        :promises::timestamptz[], :links::bytea[]
    ) as p (id, entry, language, blob, key_id, sealed, promised_until, link)
),
confirmed as (
    update signature s
    set
        state = 'confirmed', language = p.language, blob = p.blob, key_id = p.key_id, sealed_blob = p.sealed,
        confirmed_at = coalesce(:now::timestamptz, now()),
        day = (coalesce(:now::timestamptz, now()) at time zone t.time_zone)::date,
        operational_until = coalesce(:now::timestamptz, now()) + interval '24 hours'
    from pressed p, petition t, log l
    where
        s.id = p.id and s.state = 'pending'
        and t.id = s.petition_id and (t.closes_at is null or coalesce(:now::timestamptz, now()) < t.closes_at + interval '24 hours')
        and l.petition_id = s.petition_id and not l.is_closed
        and t.is_sealed = (p.sealed is not null)
    returning s.id, l.id as log_id, p.entry, p.promised_until, p.link, t.is_protected
),
linked as (
    -- The manage link that the thanks will show.
    insert into token (hash, purpose, signature_id, expires_at)
    select link, 'manage', id, :links_until
    from confirmed
    on conflict do nothing
)
insert into outbox (log_id, kind, signature_id, entry, promised_until, queued_at)
select log_id, 'A', id, entry, case when is_protected then null else promised_until end, coalesce(:now::timestamptz, now())
from confirmed
order by id
returning signature_id, entry, promised_until;

-- name: insert_shown(signature_ids, petition_ids, names, roles)!
insert into shown_name (signature_id, petition_id, name, role)
select *
from unnest(:signature_ids::uuid[], :petition_ids::uuid[], :names::text[], :roles::text[])
on conflict (signature_id) do nothing;

-- name: insert_wishes(signature_ids, petition_ids, languages, addresses, key_ids)!
-- For the worker to take over: only it has the key of the list of readers.
insert into news_wish (signature_id, petition_id, language, address, key_id)
select *
from unnest(:signature_ids::uuid[], :petition_ids::uuid[], :languages::text[], :addresses::bytea[], :key_ids::integer[])
on conflict (signature_id) do nothing;

-- name: withdraw(id, now)^
-- Ends a signature at its signer's wish. The blob and both indexes go, so the person may sign again.
with was as (
    select s.id, s.state, l.id as log_id, l.is_closed, coalesce(s.log_index < l.purged, false) as is_purged
    from signature s
    join log l on l.petition_id = s.petition_id
    where s.id = :id::uuid
    for update of s
),
ended as (
    update signature s
    set
        state = 'withdrawn', ended_at = coalesce(:now::timestamptz, now()), blob = null, key_id = null, sealed_blob = null,
        email_index = null, exact_index = null, prefix = null, domain = null, marks = '{}', lane = null, received_at = null,
        country = case when s.operational_until is not null then s.country end,
        language = case when s.operational_until is not null then s.language end,
        partner = case when s.operational_until is not null then s.partner end, handover = null
    from was
    where s.id = was.id and was.state in ('pending', 'held', 'confirmed', 'invalidated') and not was.is_purged
    returning s.id
),
taken_back as (
    -- The partner's sealed list forgets what it was told; it comes up once more, the day after, to be told so (sql/partners.sql).
    update partner_optin
    set
        sealed = null, signature_id = null, withdrawn_at = coalesce(:now::timestamptz, now()),
        day = (coalesce(:now::timestamptz, now()))::date
    where signature_id in (select id from ended)
),
hidden as (
    delete from shown_name
    where signature_id in (select id from ended)
),
queued as (
    insert into outbox (log_id, kind, signature_id, reason)
    select was.log_id, 'W', was.id, 'signer'
    from was
    join ended on ended.id = was.id
    where was.state in ('confirmed', 'invalidated')
)
select was.state, exists (select from ended) as is_ended
from was;

-- name: erase(id, now)^
-- Everything that could tell who signed goes in one commit: blob, indexes, shown name, waiting mails' addresses. The leaf
-- stays, and we can no longer open it. Before the close the count falls (W erased); after it the signature still counts (E).
with was as (
    select s.id, s.state, l.id as log_id, l.is_closed, coalesce(s.log_index < l.purged, false) as is_purged
    from signature s
    join log l on l.petition_id = s.petition_id
    where s.id = :id::uuid
    for update of s
),
ended as (
    update signature s
    set
        state = 'erased', ended_at = coalesce(:now::timestamptz, now()), blob = null, key_id = null, sealed_blob = null,
        email_index = null, exact_index = null, prefix = null, domain = null, marks = '{}', country = null, language = null, partner = null, handover = null,
        received_at = null, confirmed_at = null, lane = null
    from was
    where s.id = was.id and was.state <> 'erased' and not was.is_purged
    returning s.id
),
taken_back as (
    -- The partner's sealed list forgets what it was told; it comes up once more, the day after, to be told so (sql/partners.sql).
    update partner_optin
    set
        sealed = null, signature_id = null, withdrawn_at = coalesce(:now::timestamptz, now()),
        day = (coalesce(:now::timestamptz, now()))::date
    where signature_id in (select id from ended)
),
hidden as (
    delete from shown_name
    where signature_id in (select id from ended)
),
unread as (
    -- The mailbox leaves the list of readers too, with every row that it has there.
    delete from reader r
    using reader mine
    where mine.signature_id in (select id from ended)
      and r.association = mine.association and r.address_index = mine.address_index
),
unwished as (
    delete from news_wish
    where signature_id in (select id from ended)
),
unsent as (
    update mail
    set state = 'failed', code = 'erased', address = null, key_id = null, ended_at = coalesce(:now::timestamptz, now())
    where signature_id in (select id from ended) and state = 'due'
),
queued as (
    insert into outbox (log_id, kind, signature_id, reason)
    select
        was.log_id,
        case when was.is_closed and was.state = 'confirmed' then 'E'::"char" else 'W'::"char" end,
        was.id,
        case when was.is_closed and was.state = 'confirmed' then null else 'erased' end
    from was
    join ended on ended.id = was.id
    where was.state in ('confirmed', 'invalidated')
)
select was.state, exists (select from ended) as is_ended
from was;

-- name: narrow(id, visibility)$
-- count < show: only a step towards less is taken here; a step towards more needs the name and address typed again.
with hidden as (
    delete from shown_name
    where signature_id = :id::uuid and :visibility::text <> 'show'
)
update signature
set visibility = :visibility::text
where
    id = :id::uuid and state in ('pending', 'held', 'confirmed')
    and array_position(array['protect', 'count', 'show'], :visibility::text) <= array_position(array['protect', 'count', 'show'], visibility)
returning visibility;

-- name: expire(now)$
-- Forms that nobody confirmed: after 30 days, or when confirmations are no longer taken, nothing personal is left of them.
with late as (
    select s.id
    from signature s
    join petition p on p.id = s.petition_id
    where
        s.state in ('pending', 'held')
        and (
            s.decided_at < coalesce(:now::timestamptz, now()) - interval '30 days'
            or p.closes_at + interval '24 hours' <= coalesce(:now::timestamptz, now())
        )
    limit 10000
    for update of s skip locked
),
ended as (
    update signature s
    set
        state = 'expired', ended_at = coalesce(:now::timestamptz, now()), blob = null, key_id = null, email_index = null,
        exact_index = null, prefix = null, domain = null, marks = '{}', country = null, language = null, partner = null, handover = null, received_at = null
    from late
    where s.id = late.id
    returning s.id
)
select count(*)
from ended;

-- name: expire_some(ids, now)!
update signature
set
    state = 'expired', ended_at = coalesce(:now::timestamptz, now()), blob = null, key_id = null, email_index = null,
    exact_index = null, prefix = null, domain = null, marks = '{}', lane = null, country = null, language = null, partner = null, handover = null, received_at = null
where id = any(:ids::uuid[]) and state in ('pending', 'held');

-- name: forget_tokens(now)!
delete from token
where expires_at < coalesce(:now::timestamptz, now()) - interval '30 days';

-- name: add_up(now)$
-- A day's country, language, partner and yeses to a handover live on only as sums, made once the day's signatures pass
-- operational_until. Where a copy is sealed to offline keys, the one that the server can read goes at the same moment.
with due as (
    select
        id, petition_id, day, country, language, partner,
        coalesce(handover, false) and state = 'confirmed' and visibility <> 'protect' as may_be_named
    from signature
    where operational_until <= coalesce(:now::timestamptz, now())
        -- Where a petition asks for the place, the worker opens it first (add_places).
        and (is_placed or not exists (select from petition p where p.id = signature.petition_id and p.asks_locality))
    limit 10000
    for update skip locked
),
summed as (
    insert into daily_sum (petition_id, day, kind, key, n)
    select petition_id, day, kind, key, count(*)
    from due,
        lateral (
            values
                ('confirmed', ''), ('country', coalesce(country, '')), ('language', coalesce(language, '')),
                ('partner', coalesce(partner, '')), ('handover', '')
        ) as k (kind, key)
    where k.kind <> 'handover' or may_be_named
    group by petition_id, day, kind, key
    order by petition_id, kind, day, key
    on conflict (petition_id, kind, day, key) do update set n = daily_sum.n + excluded.n
),
stripped as (
    update signature s
    set
        operational_until = null, country = null, language = null, partner = null, handover = null, received_at = null, confirmed_at = null,
        prefix = null, domain = null, lane = null, marks = '{}',
        blob = case when sealed_blob is null then blob end, key_id = case when sealed_blob is null then key_id end
    from due
    where s.id = due.id
    returning s.id
)
select count(*)
from stripped;

-- name: unplaced(limit, now)
select s.id, s.petition_id, s.day, s.blob, s.key_id
from signature s
join petition p on p.id = s.petition_id
where s.operational_until <= coalesce(:now::timestamptz, now()) and not s.is_placed and p.asks_locality
limit :limit
for update of s skip locked;

-- name: add_places(petition_ids, days, keys, ns)!
insert into daily_sum (petition_id, day, kind, key, n)
select n.petition_id, n.day, 'locality', n.key, n.n
from unnest(:petition_ids::uuid[], :days::date[], :keys::text[], :ns::integer[]) as n (petition_id, day, key, n)
on conflict (petition_id, kind, day, key) do update set n = daily_sum.n + excluded.n;

-- name: placed(ids)!
update signature
set is_placed = true
where id = any (:ids::uuid[]);

-- name: by_place(petition_id, before)
select key, sum(n)::integer as n
from daily_sum
where petition_id = :petition_id and kind = 'locality' and day < :before
group by key;

-- name: old_blobs(key_id, limit)
-- Blobs under a key that will be destroyed, to be sealed again.
select id, blob, key_id
from signature
where blob is not null and key_id < :key_id
limit :limit
for update skip locked;

-- name: old_payloads(key_id, limit)
select id, payload, key_id
from intake
where payload is not null and key_id < :key_id
limit :limit
for update skip locked;

-- name: old_addresses(key_id, limit)
select id, address, key_id
from mail
where address is not null and key_id < :key_id
limit :limit
for update skip locked;

-- name: reseal_blobs(ids, blobs, key_id)!
update signature s
set blob = n.blob, key_id = :key_id
from unnest(:ids::uuid[], :blobs::bytea[]) as n (id, blob)
where s.id = n.id;

-- name: reseal_payloads(ids, blobs, key_id)!
update intake s
set payload = n.blob, key_id = :key_id
from unnest(:ids::bytea[], :blobs::bytea[]) as n (id, blob)
where s.id = n.id;

-- name: reseal_addresses(ids, blobs, key_id)!
update mail s
set address = n.blob, key_id = :key_id
from unnest(:ids::uuid[], :blobs::bytea[]) as n (id, blob)
where s.id = n.id;

-- name: lapsed_logs(now)
-- Petitions whose grace is over and whose log is still open.
select p.id, l.id as log_id
from petition p
join log l on l.petition_id = p.id
where not l.is_closed and p.closes_at + interval '24 hours' <= coalesce(:now::timestamptz, now())
    and not exists (select from outbox o where o.log_id = l.id and o.kind = 'Z');

-- name: lock_exclusive(key)!
select pg_advisory_xact_lock(:key);

-- name: closed_petitions()
select petition_id as id
from log
where is_closed and petition_id is not null;

-- name: drop_indexes(petition_id)$
with few as (
    select id
    from signature
    where petition_id = :petition_id and email_index is not null
    limit 10000
    for update skip locked
),
dropped as (
    update signature s
    set email_index = null, exact_index = null
    from few
    where s.id = few.id
    returning s.id
)
select count(*)
from dropped;

-- name: shown(petition_id, after, limit, now)
-- The names whose owners asked for it and which were reviewed, alphabetically; a day's names appear together.
select name, role
from shown_name
where
    petition_id = :petition_id and review = 'shown' and show_from <= (coalesce(:now::timestamptz, now()))::date and name > :after
    and not exists (select from signature s where s.id = signature_id and s.state <> 'confirmed')
order by name
limit :limit;

-- name: names_waiting(petition_id)
select signature_id, name, role
from shown_name
where petition_id = :petition_id and review = 'waiting'
order by name;

-- name: next_names(petition_id, limit)
-- What an organizer looks at in one sitting, by an index.
select signature_id, name, role
from shown_name
where petition_id = :petition_id and review = 'waiting'
order by name
limit :limit;

-- name: names_left(petition_id)$
select count(*)
from shown_name
where petition_id = :petition_id and review = 'waiting';

-- name: names_among(petition_id, ids)
-- Those of the ids whose name waits in this very petition.
select signature_id
from shown_name
where petition_id = :petition_id and signature_id = any(:ids::uuid[]) and review = 'waiting';

-- name: review_names(ids, review, now)$
-- A reviewed name appears from the next day on, together with the day's other names.
with reviewed as (
    update shown_name
    set review = :review, show_from = case when :review = 'shown' then (coalesce(:now::timestamptz, now()))::date + 1 end
    where signature_id = any(:ids::uuid[]) and review = 'waiting'
    returning signature_id
)
select count(*)
from reviewed;

-- name: statistics(petition_id, before)
-- Whole days only; the caller rounds and merges.
select kind, key, day, n
from daily_sum
where petition_id = :petition_id and day < :before and kind not in ('locality', 'handover')
order by kind, day, key;

-- name: age(now)^
-- The oldest form that still moves, for the alarm; and how many wait.
select
    count(*) as waiting,
    coalesce(extract(epoch from coalesce(:now::timestamptz, now()) - min(received_at)), 0)::float8 as oldest
from intake
where decided_at is null;

-- name: plan_for_values()!
-- For the rest of this transaction: a plan that holds for any condition would read every signature for each.
select set_config('plan_cache_mode', 'force_custom_plan', true);

-- name: glance_by_index()!
-- For the rest of this transaction: a limit makes reading the table look cheap, as if what is sought lay evenly in it.
select set_config('enable_seqscan', 'off', true), set_config('max_parallel_workers_per_gather', '0', true);

-- name: glance(petition_id, state, ids, received_from, received_until, days_from, days_until, prefixes, domains, lanes, marks, text_versions, most)^
-- How many fit a condition among the first ``most`` rows that an index finds, and whether those were all of them: what this
-- reads does not grow with the number of signatures. Inside stands what has an index, outside what has only a few values.
select
    count(*) filter (
        where
            (:received_from::timestamptz is null or c.received_at >= :received_from::timestamptz)
            and (:received_until::timestamptz is null or c.received_at < :received_until::timestamptz)
            and (:lanes::text[] is null or c.lane = any(:lanes::text[]))
            and (:marks::text[] is null or c.marks @> :marks::text[])
            and (:text_versions::integer[] is null or c.text_version = any(:text_versions::integer[]))
    ) as n,
    count(*) <= :most::integer as is_all
from (
    select s.received_at, s.lane, s.marks, s.text_version
    from signature s
    where
        s.petition_id = :petition_id and s.state = :state
        and (
            coalesce(:prefixes::bytea[], :domains::bytea[]) is null and coalesce(:lanes::text[], :marks::text[]) is null
            and coalesce(:received_from::timestamptz, :received_until::timestamptz) is null
            or s.operational_until is not null
        )
        and (:ids::uuid[] is null or s.id = any(:ids::uuid[]))
        and (:days_from::date is null or s.day >= :days_from::date)
        and (:days_until::date is null or s.day <= :days_until::date)
        and (:prefixes::bytea[] is null or s.prefix = any(:prefixes::bytea[]))
        and (:domains::bytea[] is null or s.domain = any(:domains::bytea[]))
    limit :most::integer + 1
) c;

-- name: matching(petition_id, state, ids, received_from, received_until, days_from, days_until, prefixes, domains, lanes, marks, text_versions)$
-- How many signatures fit a condition, exactly and now. What the condition leaves open (null) does not narrow it. Networks,
-- domains, hours, ways in and signs are known of operational rows only, which have an index of their own.
select count(*)
from signature s
where
    s.petition_id = :petition_id and s.state = :state
    and (
        coalesce(:prefixes::bytea[], :domains::bytea[]) is null and coalesce(:lanes::text[], :marks::text[]) is null
        and coalesce(:received_from::timestamptz, :received_until::timestamptz) is null
        or s.operational_until is not null
    )
    and (:ids::uuid[] is null or s.id = any(:ids::uuid[]))
    and (:received_from::timestamptz is null or s.received_at >= :received_from::timestamptz)
    and (:received_until::timestamptz is null or s.received_at < :received_until::timestamptz)
    and (:days_from::date is null or s.day >= :days_from::date)
    and (:days_until::date is null or s.day <= :days_until::date)
    and (:prefixes::bytea[] is null or s.prefix = any(:prefixes::bytea[]))
    and (:domains::bytea[] is null or s.domain = any(:domains::bytea[]))
    and (:lanes::text[] is null or s.lane = any(:lanes::text[]))
    and (:marks::text[] is null or s.marks @> :marks::text[])
    and (:text_versions::integer[] is null or s.text_version = any(:text_versions::integer[]));

-- name: record_act(id, petition_id, kind, reason, rule, reverses, state, ids, received_from, received_until, days_from, days_until, prefixes, domains, lanes, marks, text_versions, now)$
-- An approved act and the signatures that it covers, fixed from here on; how many they are. An act is recorded once.
with covered as (
    select s.id
    from signature s
    where
        s.petition_id = :petition_id and s.state = :state
        and (
            coalesce(:prefixes::bytea[], :domains::bytea[]) is null and coalesce(:lanes::text[], :marks::text[]) is null
            and coalesce(:received_from::timestamptz, :received_until::timestamptz) is null
            or s.operational_until is not null
        )
        and (:ids::uuid[] is null or s.id = any(:ids::uuid[]))
        and (:received_from::timestamptz is null or s.received_at >= :received_from::timestamptz)
        and (:received_until::timestamptz is null or s.received_at < :received_until::timestamptz)
        and (:days_from::date is null or s.day >= :days_from::date)
        and (:days_until::date is null or s.day <= :days_until::date)
        and (:prefixes::bytea[] is null or s.prefix = any(:prefixes::bytea[]))
        and (:domains::bytea[] is null or s.domain = any(:domains::bytea[]))
        and (:lanes::text[] is null or s.lane = any(:lanes::text[]))
        and (:marks::text[] is null or s.marks @> :marks::text[])
        and (:text_versions::integer[] is null or s.text_version = any(:text_versions::integer[]))
        and (
            :reverses::uuid is null
            or exists (select from bulk_signature b where b.act_id = :reverses::uuid and b.signature_id = s.id and b.outcome = 'done')
        )
),
act as (
    insert into bulk_act (id, petition_id, kind, reason, rule, reverses, total, recorded_at)
    select
        :id, :petition_id, cast(:kind::text as "char"), :reason, :rule::jsonb, :reverses, count(*), coalesce(:now::timestamptz, now())
    from covered
    having count(*) > 0
    returning id, total
),
kept as (
    insert into bulk_signature (act_id, signature_id)
    select act.id, covered.id
    from covered, act
)
select total
from act;

-- name: act(id)^
select a.id, a.petition_id, a.kind::text as kind, a.reason, a.reverses, a.total, a.done, a.passed_over, a.state
from bulk_act a
where a.id = :id;

-- name: next_batch(id, limit)
-- What is left of an act, unless it was stopped; another caller's batch is passed by.
select b.signature_id
from bulk_act a
join bulk_signature b on b.act_id = a.id
where a.id = :id and a.state = 'ready' and b.outcome is null
order by b.signature_id
limit :limit
for update of b skip locked;

-- name: carry_out(id, ids, now)
-- One batch of an act: state and log change in one commit. Whoever withdrew meanwhile is not among those who come back.
with act as (
    select a.petition_id, a.kind, a.reason, l.id as log_id
    from bulk_act a
    join log l on l.petition_id = a.petition_id
    where a.id = :id
),
changed as (
    update signature s
    set state = case when s.state = 'confirmed' then 'invalidated' else 'confirmed' end
    where
        s.id = any(:ids::uuid[]) and s.petition_id = (select petition_id from act)
        and s.state = (select case when kind = 'X' then 'confirmed' else 'invalidated' end from act)
    returning s.id
)
insert into outbox (log_id, kind, signature_id, reason, queued_at)
select act.log_id, act.kind, changed.id, act.reason, coalesce(:now::timestamptz, now())
from act, changed
order by changed.id
returning signature_id;

-- name: mark_batch(id, ids, done_ids, now)^
with marked as (
    update bulk_signature
    set outcome = case when signature_id = any(:done_ids::uuid[]) then 'done' else 'passed-over' end
    where act_id = :id and signature_id = any(:ids::uuid[])
)
update bulk_act a
set
    done = a.done + cardinality(:done_ids::uuid[]),
    passed_over = a.passed_over + cardinality(:ids::uuid[]) - cardinality(:done_ids::uuid[]),
    state = case when a.done + a.passed_over + cardinality(:ids::uuid[]) = a.total then 'done' else a.state end,
    ended_at = case when a.done + a.passed_over + cardinality(:ids::uuid[]) = a.total then coalesce(:now::timestamptz, now()) end
where a.id = :id
returning a.done, a.passed_over, a.total, a.state;

-- name: next_act()$
select id
from bulk_act
where state = 'ready'
order by recorded_at, id
limit 1;

-- name: acts(petition_id, only, limit, most)
-- A petition's acts, newest first; of an invalidation how many it took out that are still out. Of one with more than ``most``
-- signatures that is null (not counted), unless ``only`` this act is asked for.
select
    a.id, a.kind::text as kind, a.reason, a.reverses, a.total, a.done, a.passed_over, a.state, a.recorded_at, a.ended_at,
    case
        when a.kind <> 'X' then 0
        when a.total <= :most::bigint or a.id = :only::uuid then (
            select count(*)
            from bulk_signature b
            join signature s on s.id = b.signature_id
            where b.act_id = a.id and b.outcome = 'done' and s.state = 'invalidated'
        )
    end as still_out
from bulk_act a
where a.petition_id = :petition_id and (:only::uuid is null or a.id = :only::uuid)
order by a.recorded_at desc, a.id
limit :limit;

-- name: clusters_turn(now)$
-- One worker at a time, and never more than a twentieth of its time. The row is locked until the new clusters stand.
update cluster_look
set looked_at = coalesce(:now::timestamptz, now())
where looked_at + greatest(interval '50 seconds', took * 20) <= coalesce(:now::timestamptz, now())
returning looked_at;

-- name: drop_clusters()!
delete from cluster;

-- name: keep_clusters()!
-- What counted signatures of the last day have in common, the largest of each petition; who they are is not told.
-- The rows are read once, and grouped by what they are: making text of each first costs three times as much.
with lately as materialized (
    select petition_id, prefix, domain, marks, received_at
    from signature
    where state = 'confirmed' and operational_until is not null
),
by_prefix as (
    select petition_id, prefix, count(*) as n, min(received_at) as first, max(received_at) as last
    from lately
    where prefix is not null
    group by petition_id, prefix
    having count(*) > 1
),
by_domain as (
    select petition_id, domain, count(*) as n, min(received_at) as first, max(received_at) as last
    from lately
    where domain is not null
    group by petition_id, domain
    having count(*) > 1
),
by_marks as (
    select petition_id, marks, count(*) as n, min(received_at) as first, max(received_at) as last
    from lately
    where marks <> '{}'
    group by petition_id, marks
    having count(*) > 1
)
insert into cluster (petition_id, kind, value, n, first, last)
select petition_id, 'prefixes', encode(prefix, 'hex'), n, first, last
from (select *, row_number() over (partition by petition_id order by n desc, prefix) as place from by_prefix) ranked
where place <= 20
union all
select petition_id, 'domains', encode(domain, 'hex'), n, first, last
from (select *, row_number() over (partition by petition_id order by n desc, domain) as place from by_domain) ranked
where place <= 20
union all
select petition_id, 'marks', array_to_string(marks, ','), n, first, last
from (select *, row_number() over (partition by petition_id order by n desc, marks) as place from by_marks) ranked
where place <= 20;

-- name: clusters_took()!
update cluster_look
set took = clock_timestamp() - now();

-- name: clusters(petition_id)
-- As the worker found them last; when that was stands in each row.
select c.kind, c.value, c.n, c.first, c.last, l.looked_at
from cluster c
cross join cluster_look l
where c.petition_id = :petition_id
order by c.n desc, c.kind, c.value
limit 20;

-- name: order_erased(petition_id, place, is_taken_back, now)$
-- A signature whose data is erased and which counts: a court may take it out (X court-order), and put it back (R). The row stays
-- erased; only the log speaks. Nothing while another such word waits for the seal.
insert into outbox (log_id, kind, signature_id, reason, queued_at)
select
    l.id, (case when :is_taken_back::boolean then 'R' else 'X' end)::"char", s.id,
    case when not :is_taken_back::boolean then 'court-order' end, coalesce(:now::timestamptz, now())
from signature s
join log l on l.petition_id = s.petition_id
where
    s.petition_id = :petition_id::uuid and s.log_index = :place::bigint and s.state = 'erased'
    and exists (select from entry e where e.log_id = l.id and e.ref = s.log_index and e.kind = 'E')
    and not exists (
        select from outbox o where o.signature_id = s.id and o.kind in ('X', 'R') and coalesce(o.reason, '') not like 'set-aside:%'
    )
    and :is_taken_back::boolean = coalesce(
        (
            select e.kind = 'X'
            from entry e
            where e.log_id = l.id and e.ref = s.log_index and e.kind in ('X', 'R')
            order by e.idx desc
            limit 1
        ),
        false
    )
returning signature_id;

-- name: stop_act(id)$
update bulk_act
set state = 'stopped'
where id = :id and state = 'ready'
returning id;

-- name: resume_act(id)$
update bulk_act
set state = 'ready'
where id = :id and state = 'stopped'
returning id;

-- name: join_by_hash()!
-- For the rest of this transaction: the planner takes grouped rows for few, and would read them again for every signature.
select set_config('enable_nestloop', 'off', true);

-- name: disagreements(petition_id)
-- Signatures whose state is not what the log says of them, what waits for the log included; and leaves that count for nobody.
with the_log as (
    select id
    from log
    where petition_id = :petition_id
),
told as (
    select
        e.ref as idx, bool_or(e.kind = 'W') as is_withdrawn, bool_or(e.kind = 'E') as is_erased,
        (array_agg(e.kind order by e.idx desc) filter (where e.kind in ('X', 'R')))[1] = 'X' as is_invalidated
    from the_log
    join entry e on e.log_id = the_log.id and e.ref is not null and e.kind <> 'P'
    group by e.ref
),
waiting as (
    select
        o.signature_id, bool_or(o.kind = 'W') as is_withdrawn, bool_or(o.kind = 'E') as is_erased, bool_or(o.kind = 'A') as is_added,
        (array_agg(o.kind order by o.id desc) filter (where o.kind in ('X', 'R')))[1] = 'X' as is_invalidated
    from the_log
    join outbox o on o.log_id = the_log.id and o.signature_id is not null and coalesce(o.reason, '') not like 'set-aside:%'
    group by o.signature_id
),
said as (
    select
        s.id, s.state, s.log_index, s.log_index is not null or coalesce(w.is_added, false) as is_added,
        coalesce(t.is_withdrawn, false) or coalesce(w.is_withdrawn, false) as is_withdrawn,
        coalesce(t.is_erased, false) or coalesce(w.is_erased, false) as is_erased,
        coalesce(w.is_invalidated, t.is_invalidated, false) as is_invalidated
    from signature s
    left join told t on t.idx = s.log_index
    left join waiting w on w.signature_id = s.id
    where s.petition_id = :petition_id
)
select id, state, log_index
from said
where
    case
        when not is_added then state in ('confirmed') or is_withdrawn or is_erased or is_invalidated
        when state = 'confirmed' then is_withdrawn or is_erased or is_invalidated
        when state = 'invalidated' then is_withdrawn or is_erased or not is_invalidated
        when state = 'withdrawn' then not is_withdrawn
        when state = 'erased' then not (is_withdrawn or is_erased)
        else true
    end
union all
select null, 'nobody', a.idx
from the_log
join entry a on a.log_id = the_log.id and a.kind = 'A'
left join signature s on s.petition_id = :petition_id and s.log_index = a.idx
left join told t on t.idx = a.idx
where s.id is null and not coalesce(t.is_withdrawn or t.is_invalidated, false)
limit 100;

-- name: kept_too_long(kept, now)
-- Closed petitions whose term is over and whose log does not say yet that all secrets are gone.
select p.id
from petition p
join log l on l.petition_id = p.id
where
    l.is_closed and p.closes_at + :kept::interval <= coalesce(:now::timestamptz, now())
    and not exists (select from entry e where e.log_id = l.id and e.kind = 'P')
    and not exists (select from outbox o where o.log_id = l.id and o.kind = 'P');

-- name: sealed_texts()
-- The current texts of sealed petitions, and of which petition.
select p.slug, v.manifest
from petition p
join text_version v on v.petition_id = p.id and v.version = p.text_version
where p.is_sealed;

-- name: begin_purge(petition_id)$
-- From here on nothing that P forbids is queued. Only of a closed log, in which nobody is added any more, and so only once.
update log
set purged = size
where petition_id = :petition_id and is_closed and purged = 0
returning purged;

-- name: purge(petition_id, limit)$
-- The secrets of a batch of signatures, and everything personal that is left of them.
with due as (
    select s.id
    from signature s
    join log l on l.petition_id = s.petition_id
    where
        s.petition_id = :petition_id and s.log_index < l.purged
        and (
            s.blob is not null or s.sealed_blob is not null or s.email_index is not null or s.exact_index is not null
            or exists (select from token t where t.signature_id = s.id)
        )
    limit :limit
    for update of s skip locked
),
hidden as (
    delete from shown_name
    where signature_id in (select id from due)
),
unlinked as (
    delete from token
    where signature_id in (select id from due)
),
unsent as (
    update mail
    set state = 'failed', code = 'erased', address = null, key_id = null, ended_at = now()
    where signature_id in (select id from due) and state = 'due'
),
purged as (
    update signature s
    set
        blob = null, key_id = null, sealed_blob = null, email_index = null, exact_index = null, prefix = null,
        domain = null, marks = '{}', lane = null, received_at = null, confirmed_at = null
    from due
    where s.id = due.id
    returning s.id
)
select count(*)
from purged;

-- name: left_to_purge(petition_id)^
-- How many secrets are still here, what P would say, and whether it has been said or waits to be.
select
    l.id as log_id, l.is_closed, l.purged,
    (
        select count(*)
        from signature s
        where s.petition_id = l.petition_id and s.log_index < l.purged and (s.blob is not null or s.sealed_blob is not null)
    ) as secrets,
    exists (select from entry e where e.log_id = l.id and e.kind = 'P' and e.ref >= l.purged)
    or exists (select from outbox o where o.log_id = l.id and o.kind = 'P' and o.entry = convert_to('P ' || l.purged, 'UTF8')) as is_told
from log l
where l.petition_id = :petition_id;

-- -- what organizers see: counts, never persons

-- name: days(petition_id)
-- Received forms and confirmed signatures by day (UTC); confirmed ones are known a day later, when they are settled.
select day, coalesce(r.n, 0) as received, coalesce(c.n, 0) as confirmed
from (select day, n from daily_received where petition_id = :petition_id) as r
full join (select day, n from daily_sum where petition_id = :petition_id and kind = 'confirmed') as c using (day)
order by day;

-- name: shares(petition_id)
select kind, key, sum(n)::bigint as n
from daily_sum
where petition_id = :petition_id and kind in ('country', 'language', 'partner')
group by kind, key
order by kind, n desc, key;

-- name: outcomes(petition_id)
select outcome, n
from outcome_sum
where petition_id = :petition_id;

-- name: lag(petition_id)^
-- How long people take from the form to the button: the latest two thousand at most, all of the last day.
select
    count(*) as n,
    coalesce(percentile_cont(0.5) within group (order by extract(epoch from confirmed_at - received_at)), 0)::float8 as median,
    coalesce(percentile_cont(0.9) within group (order by extract(epoch from confirmed_at - received_at)), 0)::float8 as ninth
from (
    select confirmed_at, received_at
    from signature
    where operational_until is not null and petition_id = :petition_id and received_at is not null
    order by operational_until desc
    limit 2000
) as latest;

-- name: held_count(petition_id)$
select count(*)
from signature
where petition_id = :petition_id and state = 'held';

-- name: held(petition_id, kind, value, limit, most)
-- The ``most`` oldest held rows, or those of them in one cluster: their features, and how many of them share each. Younger ones
-- come into sight when these are decided, so that a flood of held forms is looked at piece by piece.
with held as (
    select
        s.id, s.received_at, s.lane, s.marks, s.prefix, s.domain,
        count(*) over (partition by s.prefix) as by_prefix,
        count(*) over (partition by s.domain) as by_domain
    from (
        select id, received_at, lane, marks, prefix, domain
        from signature
        where petition_id = :petition_id and state = 'held'
        order by received_at, id
        limit :most
    ) s
)
select
    id, received_at, lane, marks, prefix, domain, by_prefix, by_domain,
    exists (select from held_release r where r.signature_id = held.id) as is_released
from held
where
    :kind::text is null
    or (:kind::text = 'prefix' and encode(prefix, 'hex') = :value::text)
    or (:kind::text = 'domain' and encode(domain, 'hex') = :value::text)
    or (:kind::text = 'marks' and array_to_string(marks, ',') = :value::text)
order by received_at, id
limit :limit;

-- name: held_clusters(petition_id, most)
-- What the ``most`` oldest held rows have in common: the client's network or the mail domain (keyed hashes of a day), or the signs.
with oldest as materialized (
    select
        received_at, marks, prefix, domain,
        exists (select from held_release r where r.signature_id = signature.id) as is_released
    from signature
    where petition_id = :petition_id and state = 'held'
    order by received_at, id
    limit :most
)
select 'prefix' as kind, encode(prefix, 'hex') as value,
    count(*) as n, min(received_at) as first, max(received_at) as last, count(*) filter (where is_released) as released
from oldest
where prefix is not null
group by prefix
having count(*) > 1
union all
select 'domain', encode(domain, 'hex'), count(*), min(received_at), max(received_at), count(*) filter (where is_released)
from oldest
where domain is not null
group by domain
having count(*) > 1
union all
select 'marks', array_to_string(marks, ','), count(*), min(received_at), max(received_at), count(*) filter (where is_released)
from oldest
group by marks
order by n desc, kind, value
limit 20;

-- name: ask_release(petition_id, ids, asked_by)$
with asked as (
    insert into held_release (signature_id, asked_by)
    select s.id, :asked_by::uuid
    from signature s
    where s.petition_id = :petition_id and s.id = any(:ids::uuid[]) and s.state = 'held'
    order by s.id
    on conflict do nothing
    returning signature_id
)
select count(*)
from asked;

-- name: take_releases(limit, now)
-- Let go on in one transaction with their mail: a crash gives them back.
with due as (
    select signature_id
    from held_release
    where asked_at <= coalesce(:now::timestamptz, now())
    order by asked_at
    limit :limit
    for update skip locked
)
select s.id, s.petition_id, s.blob, s.key_id
from due
join signature s on s.id = due.signature_id
where s.state = 'held' and s.blob is not null
for update of s;

-- name: postpone_releases(ids, now)!
-- The mailbox has had its mails for now: tried again later.
update held_release
set asked_at = coalesce(:now::timestamptz, now()) + interval '10 minutes'
where signature_id = any(:ids::uuid[]);

-- name: release(ids, now)!
with released as (
    delete from held_release
    where signature_id = any(:ids::uuid[])
)
update signature
set state = 'pending', decided_at = coalesce(:now::timestamptz, now())
where id = any(:ids::uuid[]) and state = 'held';

-- name: refuse_held(petition_id, ids, now)$
-- Nothing personal is left of a refused form; that it was refused is counted.
with ended as (
    update signature s
    set
        state = 'expired', ended_at = coalesce(:now::timestamptz, now()), blob = null, key_id = null, email_index = null,
        exact_index = null, prefix = null, domain = null, marks = '{}', lane = null, country = null, language = null, partner = null, handover = null,
        received_at = null
    where s.petition_id = :petition_id::uuid and s.id = any(:ids::uuid[]) and s.state = 'held'
    returning s.id
),
dropped as (
    delete from held_release
    where signature_id in (select id from ended)
),
summed as (
    insert into outcome_sum (petition_id, outcome, n)
    select :petition_id::uuid, 'refused', count(*)
    from ended
    having count(*) > 0
    on conflict (petition_id, outcome) do update set n = outcome_sum.n + excluded.n
)
select count(*)
from ended;
