-- Partner organizations: their sites, keys, petitions, counts, and the sealed lists of those who asked for their news.

-- name: roster()
-- All that the web process needs to know of living partners, a few rows, read every two seconds.
select
    p.id, p.slug, p.name, p.consent, p.sealing_key, p.quota,
    (select coalesce(array_agg(s.origin order by s.origin), '{}') from partner_site s where s.partner_id = p.id) as sites,
    (select coalesce(array_agg(m.petition_id order by m.petition_id), '{}') from partner_petition m where m.partner_id = p.id) as petitions
from partner p
where p.ended_at is null
order by p.slug;

-- name: insert_partner(id, slug, name)$
insert into partner (id, slug, name)
values (:id, :slug, :name)
on conflict (slug) do nothing
returning id;

-- name: by_slug(slug)^
select id, slug, name, consent, sealing_key, quota, webhook_url, webhook_generation, created_at, ended_at
from partner
where slug = :slug;

-- name: listing()
select
    p.id, p.slug, p.name, p.quota, p.webhook_url, p.sealing_key is not null as has_list, p.created_at, p.ended_at,
    (select coalesce(array_agg(s.origin order by s.origin), '{}') from partner_site s where s.partner_id = p.id) as sites,
    (
        select coalesce(array_agg(t.slug order by t.slug), '{}')
        from partner_petition m
        join petition t on t.id = m.petition_id
        where m.partner_id = p.id
    ) as petitions,
    (select count(*) from partner_key k where k.partner_id = p.id and (k.ends_at is null or k.ends_at > now())) as keys,
    (select count(*) from webhook_event w where w.partner_id = p.id and w.state = 'due') as waiting,
    (select count(*) from webhook_event w where w.partner_id = p.id and w.state = 'failed') as failed
from partner p
order by p.ended_at nulls first, p.slug;

-- name: set_sites(partner_id, origins)!
with gone as (
    delete from partner_site
    where partner_id = :partner_id::uuid and origin <> all(:origins::text[])
)
insert into partner_site (partner_id, origin)
select :partner_id::uuid, o
from unnest(:origins::text[]) as o
on conflict do nothing;

-- name: set_petitions(partner_id, slugs)!
with wanted as (
    select id
    from petition
    where slug = any(:slugs::text[])
),
gone as (
    delete from partner_petition
    where partner_id = :partner_id::uuid and petition_id not in (select id from wanted)
)
insert into partner_petition (petition_id, partner_id)
select id, :partner_id::uuid
from wanted
on conflict do nothing;

-- name: unknown_petitions(slugs)
select s as slug
from unnest(:slugs::text[]) as s
where not exists (select from petition p where p.slug = s);

-- name: set_list(partner_id, sealing_key, consent)!
update partner
set sealing_key = :sealing_key, consent = :consent::jsonb
where id = :partner_id;

-- name: set_quota(partner_id, quota)!
update partner
set quota = :quota
where id = :partner_id;

-- name: set_webhook(partner_id, url)$
-- A new address is a new secret: whoever ran the old one must not be able to sign for the new one.
update partner
set webhook_url = :url::text, webhook_generation = webhook_generation + 1
where id = :partner_id::uuid and ended_at is null
returning webhook_generation;

-- name: end_partner(partner_id, now)!
-- Sites, keys and webhooks stop at once; signatures keep their credit.
with ended as (
    update partner
    set ended_at = coalesce(:now::timestamptz, now()), webhook_url = null
    where id = :partner_id::uuid and ended_at is null
)
update partner_key
set ends_at = coalesce(:now::timestamptz, now())
where partner_id = :partner_id::uuid and (ends_at is null or ends_at > coalesce(:now::timestamptz, now()));

-- name: insert_key(hash, partner_id, hint, grace, now)!
-- Earlier keys go on for the grace, then they end.
with earlier as (
    update partner_key
    set ends_at = coalesce(:now::timestamptz, now()) + :grace::interval
    where partner_id = :partner_id::uuid and (ends_at is null or ends_at > coalesce(:now::timestamptz, now()) + :grace::interval)
)
insert into partner_key (hash, partner_id, hint)
values (:hash::bytea, :partner_id::uuid, :hint::text);

-- name: keys(partner_id)
select hint, created_at, ends_at
from partner_key
where partner_id = :partner_id
order by created_at;

-- name: owner_of(hash, now)^
-- Whose key this is, while it lives.
select p.id, p.slug, p.name, p.quota
from partner_key k
join partner p on p.id = k.partner_id
where k.hash = :hash and p.ended_at is null and (k.ends_at is null or k.ends_at > coalesce(:now::timestamptz, now()));

-- name: lists(slugs)
-- To which keys the yes of a confirmation is sealed; partners without a key have no list.
select id, slug, sealing_key, consent
from partner
where slug = any(:slugs::text[]) and sealing_key is not null and ended_at is null;

-- name: insert_optins(ids, petition_ids, partner_ids, signature_ids, sealed, marks, now)!
insert into partner_optin (id, petition_id, partner_id, signature_id, sealed, key_mark, day)
select n.id, n.petition_id, n.partner_id, n.signature_id, n.sealed, n.mark, (coalesce(:now::timestamptz, now()))::date
from unnest(:ids::uuid[], :petition_ids::uuid[], :partner_ids::uuid[], :signature_ids::uuid[], :sealed::bytea[], :marks::text[])
    as n (id, petition_id, partner_id, signature_id, sealed, mark)
on conflict do nothing;

-- name: optins(partner_id, before, after_day, after_id, limit)
-- Whole past days only, so that their order tells nobody's minute and a page once read never grows.
select o.id, t.slug as petition, o.day, o.sealed, o.key_mark, o.withdrawn_at
from partner_optin o
join petition t on t.id = o.petition_id
where
    o.partner_id = :partner_id::uuid and o.day < :before::date
    and (o.day, o.id) > (coalesce(:after_day::date, 'epoch'::date), coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000'::uuid))
order by o.day, o.id
limit :limit;

-- name: forget(now)!
-- A yes that the partner did not fetch within 90 days is gone, and with it the last link between a signature and a partner.
delete from partner_optin
where day < (coalesce(:now::timestamptz, now()))::date - 90;

-- name: sums(slug, before)
-- What came through one partner, by petition and day.
select t.slug as petition, d.day, d.n
from daily_sum d
join petition t on t.id = d.petition_id
where d.kind = 'partner' and d.key = :slug and d.day < :before::date
order by t.slug, d.day;
