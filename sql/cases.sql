-- The prisoners: what is known of them, since when, from whom, and what of it is public.

-- name: take_slug(slug, case_id)$
-- Another case's, now or formerly.
select case_id
from case_slug
where slug = :slug and case_id <> :case_id;

-- name: insert_case(id, slug, is_sample, category, name_hy, names, aliases, consent, story)!
insert into case_file (id, slug, is_sample, category, name_hy, names, aliases, consent, story)
values (:id, :slug, :is_sample, :category, :name_hy, :names::jsonb, :aliases::text[], :consent, :story::jsonb);

-- name: insert_slug(slug, case_id)!
insert into case_slug (slug, case_id)
values (:slug, :case_id)
on conflict (slug) do nothing;

-- name: edit_case(id, category, name_hy, names, aliases, consent, story)$
update case_file
set
    category = :category, name_hy = :name_hy, names = :names::jsonb, aliases = :aliases::text[], consent = :consent,
    story = :story::jsonb, updated_at = now()
where id = :id and state in ('draft', 'public')
returning id;

-- name: set_photo(id, photo, credit, licence)^
with was as (
    select id, photo
    from case_file
    where id = :id and state in ('draft', 'public')
    for update
)
update case_file c
set photo = :photo::text, photo_credit = :credit, photo_licence = :licence, updated_at = now()
from was
where c.id = was.id
returning was.photo as was;

-- name: insert_picture(hash, media_type, content, width, height)!
insert into picture (hash, media_type, content, width, height)
values (:hash, :media_type, :content, :width, :height)
on conflict (hash) do nothing;

-- name: picture(hash)^
select hash, media_type, content, width, height
from picture
where hash = :hash;

-- name: drop_picture(hash)!
-- Unless somebody else shows the same.
delete from picture
where hash = :hash::text
    and not exists (select from case_file c where c.photo = :hash::text)
    and not exists (select from sponsor s where s.logo = :hash::text);

-- name: publish(id)$
update case_file
set state = 'public', updated_at = now()
where id = :id and state = 'draft'
returning id;

-- name: today()$
-- Somewhere on earth it is tomorrow already.
select (now() at time zone 'UTC' + interval '14 hours')::date;

-- name: can_be_written(id)$
-- Locks the file, so that it is not merged away meanwhile.
select id
from case_file
where id = :id and state <> 'merged'
for no key update;

-- name: insert_event(id, case_id, kind, happened_on, precision, as_of, note, source, source_url, corrects, written_by)$
insert into case_event (id, case_id, kind, happened_on, precision, as_of, note, source, source_url, corrects, written_by)
values (
    :id, :case_id, :kind, :happened_on, :precision, :as_of, :note::jsonb, :source::jsonb, :source_url, :corrects::uuid, :written_by
)
on conflict (case_id, kind, happened_on, source_url) where corrects is null do nothing
returning id;

-- name: event(id, case_id)^
select id, kind, happened_on, precision, as_of
from standing_event
where id = :id and case_id = :case_id;

-- name: rename(id, slug)$
update case_file
set slug = :slug, updated_at = now()
where id = :id and state in ('draft', 'public')
returning id;

-- name: merge(id, into)$
-- Both are locked in one order, so that two people who merge them into each other cannot both succeed.
with locked as (
    select id, name_hy, names, aliases
    from case_file
    where id in (:id::uuid, :into::uuid) and state in ('draft', 'public')
    order by id
    for update
),
old as (
    select *
    from locked
    where id = :id::uuid and (select count(*) from locked) = 2
),
grown as (
    update case_file c
    set
        aliases = array(
            select distinct spelling
            from unnest(c.aliases || old.aliases || old.name_hy || array(select value from jsonb_each_text(old.names))) as spelling
        ),
        updated_at = now()
    from old
    where c.id = :into::uuid
),
named as (
    -- Whoever spoke of the one speaks of the other.
    insert into petition_case (petition_id, case_id)
    select p.petition_id, :into::uuid
    from petition_case p, old
    where p.case_id = old.id
    on conflict do nothing
),
unnamed as (
    delete from petition_case p
    using old
    where p.case_id = old.id
)
update case_file c
set state = 'merged', merged_into = :into::uuid, updated_at = now()
from old
where c.id = old.id
returning c.id;

-- name: take_down(id)^
with was as (
    select id, photo
    from case_file
    where id = :id and state in ('draft', 'public')
    for update
)
update case_file c
set
    state = 'taken-down', story = '{}', photo = null, photo_credit = '', photo_licence = '', notes = null, addresses = null,
    updated_at = now()
from was
where c.id = was.id
returning was.photo as was;

-- name: insert_change(case_id, kind, event_id)!
insert into case_change (case_id, kind, event_id)
values (:case_id, :kind, :event_id::uuid);

-- name: changes(after, limit, now)
select c.id, c.case_id, f.slug, c.kind, c.at, c.event_id, e.kind as status, e.happened_on
from case_change c
join case_file f on f.id = c.case_id
left join case_event e on e.id = c.event_id
where c.id > :after and c.at < coalesce(:now::timestamptz, now()) - interval '10 seconds'
order by c.id
limit :limit;

-- name: listing()
select
    f.id, f.slug, f.category, f.name_hy, f.names, f.consent, f.state, f.updated_at, f.photo is not null as has_photo,
    (select e.kind from standing_event e where e.case_id = f.id order by e.happened_on desc, e.written_at desc limit 1) as status,
    (
        select count(*) from sponsorship s where s.case_id = f.id and s.state in ('agreed', 'signed', 'announced', 'active')
    ) as sponsors
from case_file f
order by f.name_hy, f.slug;

-- name: one(id)^
select id, slug, is_sample, category, name_hy, names, aliases, consent, state, merged_into, story, photo, photo_credit, photo_licence, notes,
    addresses
from case_file
where id = :id;

-- name: events(case_id)
-- All that was ever entered, for organizers.
select e.*, exists (select from case_event c where c.corrects = e.id) as is_replaced
from case_event e
where e.case_id = :case_id
order by e.happened_on, e.written_at;

-- name: write_notes(id, notes)$
update case_file
set notes = :notes::bytea
where id = :id and state in ('draft', 'public')
returning id;

-- name: write_addresses(id, addresses)$
update case_file
set addresses = :addresses::jsonb, updated_at = now()
where id = :id and state in ('draft', 'public')
returning id;

-- name: named(petition_id)
select case_id
from petition_case
where petition_id = :petition_id;

-- name: link_petition(petition_id, case_ids)!
with gone as (
    delete from petition_case
    where petition_id = :petition_id::uuid and case_id <> all (:case_ids::uuid[])
)
insert into petition_case (petition_id, case_id)
select :petition_id::uuid, c
from unnest(:case_ids::uuid[]) as c
on conflict do nothing;

-- name: insert_request(id, case_id, payload, language)!
insert into case_request (id, case_id, payload, language)
values (:id, :case_id, :payload, :language)
on conflict (id) do nothing;

-- name: open_requests()
select r.id, r.case_id, r.payload, r.language, r.received_at, f.slug, f.name_hy, f.names
from case_request r
join case_file f on f.id = r.case_id
where r.outcome is null
order by r.received_at;

-- name: decide_request(id, outcome)$
update case_request
set outcome = :outcome, decided_at = now(), payload = null
where id = :id and outcome is null
returning case_id;

-- name: write_fact(key, value)!
insert into campaign_fact (key, value)
values (:key, :value::jsonb)
on conflict (key) do update set value = excluded.value, updated_at = now();

-- name: fact(key)$
select value
from campaign_fact
where key = :key;

-- name: stamp()$
select n
from register_stamp;

-- name: public_cases()
-- What the family agreed to, and nothing else, leaves the database for the public pages.
select
    f.id, f.slug, f.is_sample, f.category, f.name_hy, f.names, f.aliases, f.consent, f.updated_at, f.addresses,
    case when f.consent = 'story' then f.story else '{}' end as story,
    case when f.consent = 'story' then f.photo end as photo,
    case when f.consent = 'story' then f.photo_credit else '' end as photo_credit,
    case when f.consent = 'story' then f.photo_licence else '' end as photo_licence,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'id', e.id, 'kind', e.kind, 'on', e.happened_on, 'precision', e.precision, 'as_of', e.as_of,
                    'note', e.note, 'source', e.source, 'source_url', e.source_url
                )
                order by e.happened_on, e.written_at, e.id
            ),
            '[]'
        )
        from standing_event e
        where e.case_id = f.id
    ) as events
from case_file f
where f.state = 'public' and f.consent in ('name', 'story')
order by f.name_hy, f.slug;

-- name: addresses()
-- Where every address that a case ever had leads: to a page, to one that is gone, or nowhere yet.
with recursive led as (
    select s.slug, s.case_id
    from case_slug s
    union
    select led.slug, f.merged_into
    from led
    join case_file f on f.id = led.case_id
    where f.merged_into is not null
)
select led.slug, f.slug as leads_to, f.state, f.consent
from led
join case_file f on f.id = led.case_id
where f.state in ('public', 'taken-down');

-- name: petition_cases()
select p.petition_id, p.case_id
from petition_case p;

-- name: facts()
select key, value
from campaign_fact;

-- name: numbers(start)
-- Counted over every case that is not a draft and not another's double, shown or not: a number names nobody. "first" are those
-- whose story had begun on the first day of the campaign and had not ended; the source is that of the last event counted.
with counted as (
    select f.id, f.category = 'disappeared' as is_disappeared
    from case_file f
    where f.state in ('public', 'taken-down')
),
told as (
    select
        c.id, c.is_disappeared,
        min(e.happened_on) filter (where e.kind not in ('released', 'died')) as begun,
        min(e.happened_on) filter (where e.kind in ('released', 'died')) as ended,
        (array_agg(e.kind order by e.happened_on desc, e.written_at desc))[1] as last
    from counted c
    join standing_event e on e.case_id = c.id
    group by c.id, c.is_disappeared
),
latest as (
    select distinct on (c.is_disappeared) c.is_disappeared, e.as_of, e.source, e.source_url
    from counted c
    join standing_event e on e.case_id = c.id
    order by c.is_disappeared, e.as_of desc, e.happened_on desc, e.written_at desc
)
select
    g.is_disappeared,
    count(t.id) filter (where t.ended is null) as held,
    count(t.id) filter (
        where :start::date is null or (t.begun <= :start::date and (t.ended is null or t.ended > :start::date))
    ) as first,
    count(t.id) filter (where t.last = 'released') as released,
    count(t.id) filter (where t.last = 'died') as died,
    (select l.as_of from latest l where l.is_disappeared = g.is_disappeared) as as_of,
    (select l.source from latest l where l.is_disappeared = g.is_disappeared) as source,
    (select l.source_url from latest l where l.is_disappeared = g.is_disappeared) as source_url
from (values (false), (true)) as g (is_disappeared)
left join told t on t.is_disappeared = g.is_disappeared
group by g.is_disappeared;
