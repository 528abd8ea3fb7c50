-- What partners' systems are told: one row for each thing to tell, claimed, sent and marked; the network lies between, in no transaction.

-- name: due_news(before, limit)
-- Yeses of past days, and those taken back, of partners that want to be told and were not yet.
select
    o.id, o.partner_id, t.slug as petition, o.day, o.sealed, o.key_mark,
    case when o.sealed is null then 'news-withdrawn:' else 'news:' end || o.id as subject
from partner_optin o
join partner p on p.id = o.partner_id
join petition t on t.id = o.petition_id
where
    p.webhook_url is not null and o.day < :before::date
    and not exists (
        select
        from webhook_event w
        where w.partner_id = o.partner_id and w.subject = case when o.sealed is null then 'news-withdrawn:' else 'news:' end || o.id
    )
order by o.day, o.id
limit :limit;

-- name: carried()
-- Every petition of a partner that wants to be told, with its state and published count.
select m.partner_id, t.id as petition_id, t.slug as petition, t.status, l.published_count
from partner p
join partner_petition m on m.partner_id = p.id
join petition t on t.id = m.petition_id
join log l on l.petition_id = t.id
where p.webhook_url is not null;

-- name: told(partner_ids)
select partner_id, subject
from webhook_event
where partner_id = any(:partner_ids::uuid[]) and (subject like 'milestone:%' or subject like 'state:%');

-- name: insert_events(ids, partner_ids, subjects, bodies, now)!
insert into webhook_event (id, partner_id, subject, body, due_at)
select n.id, n.partner_id, n.subject, n.body, coalesce(:now::timestamptz, now())
from unnest(:ids::uuid[], :partner_ids::uuid[], :subjects::text[], :bodies::text[]) as n (id, partner_id, subject, body)
on conflict (partner_id, subject) do nothing;

-- name: claim(limit, now)
-- A worker that dies with a claim loses it after two minutes; attempts fences whoever comes back late.
update webhook_event w
set claimed_until = coalesce(:now::timestamptz, now()) + interval '2 minutes', attempts = w.attempts + 1
from (
    select e.id
    from webhook_event e
    join partner p on p.id = e.partner_id
    where
        e.state = 'due' and e.due_at <= coalesce(:now::timestamptz, now()) and p.webhook_url is not null
        and (e.claimed_until is null or e.claimed_until < coalesce(:now::timestamptz, now()))
    order by e.due_at
    limit :limit
    for update of e skip locked
) as mine, partner p
where w.id = mine.id and p.id = w.partner_id
returning w.id, w.partner_id, w.body, w.attempts, p.webhook_url, p.webhook_generation, extract(epoch from coalesce(:now::timestamptz, now()))::bigint as at;

-- name: finish(id, attempts, state, code, wait, now)!
update webhook_event
set
    state = :state::text, code = :code::text, claimed_until = null,
    due_at = coalesce(:now::timestamptz, now()) + :wait::interval,
    ended_at = case when :state::text <> 'due' then coalesce(:now::timestamptz, now()) end,
    body = case when :state::text = 'due' then body end
where id = :id and attempts = :attempts and state = 'due';

-- name: switch_off(partner_id)!
-- The receiver said that it is gone (410).
update partner
set webhook_url = null
where id = :partner_id;

-- name: forget(now)!
-- What was told stays known as long as it could be told again: longer than a yes is kept.
delete from webhook_event
where ended_at < coalesce(:now::timestamptz, now()) - interval '120 days' and subject like 'news%';
