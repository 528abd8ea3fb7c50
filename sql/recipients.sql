-- Offices with dated holders, how they treat signatures, and what became of every delivery.

-- name: seed(profiles)!
-- What was shipped; a profile that the organizers changed stays as they wrote it.
insert into recipient_profile (key, name, petitioner, signer_field, names, worth, sentence, sources, as_of)
select
    p.value ->> 'key', p.value -> 'name', p.value -> 'petitioner', p.value ->> 'signer_field', p.value ->> 'names',
    p.value -> 'worth', p.value -> 'sentence', p.value -> 'sources', (p.value ->> 'as_of')::date
from jsonb_array_elements(:profiles::jsonb) as p
on conflict (key) do update
set
    name = excluded.name,
    petitioner = excluded.petitioner,
    signer_field = excluded.signer_field,
    names = excluded.names,
    worth = excluded.worth,
    sentence = excluded.sentence,
    sources = excluded.sources,
    as_of = excluded.as_of
where recipient_profile.edited_at is null
  and row(recipient_profile.name, recipient_profile.petitioner, recipient_profile.signer_field, recipient_profile.names,
          recipient_profile.worth, recipient_profile.sentence, recipient_profile.sources, recipient_profile.as_of)
      is distinct from row(excluded.name, excluded.petitioner, excluded.signer_field, excluded.names,
          excluded.worth, excluded.sentence, excluded.sources, excluded.as_of);

-- name: profiles()
select key, name, petitioner, signer_field, names, worth, sentence, sources, as_of, edited_at is not null as is_edited
from recipient_profile
order by key;

-- name: edit_profile(key, name, petitioner, signer_field, names, worth, sentence, sources, as_of, now)$
insert into recipient_profile (key, name, petitioner, signer_field, names, worth, sentence, sources, as_of, edited_at)
values (
    :key, :name::jsonb, :petitioner::jsonb, :signer_field, :names, :worth::jsonb, :sentence::jsonb, :sources::jsonb, :as_of,
    coalesce(:now::timestamptz, now())
)
on conflict (key) do update
set
    name = excluded.name,
    petitioner = excluded.petitioner,
    signer_field = excluded.signer_field,
    names = excluded.names,
    worth = excluded.worth,
    sentence = excluded.sentence,
    sources = excluded.sources,
    as_of = excluded.as_of,
    edited_at = excluded.edited_at
returning key;

-- name: offices(on_day, slug, id)
-- Offices with whoever holds them on that day; retired ones only when they are asked for by name.
select
    o.id, o.slug, o.profile, o.name, o.country, o.city, o.contact, o.retired_at,
    h.name as holder, h.since as holder_since, h.source_url as holder_source
from office o
left join office_holder h
    on h.office_id = o.id and h.since <= coalesce(:on_day::date, current_date) and (h.until is null or h.until > coalesce(:on_day::date, current_date))
where (:slug::text is null or o.slug = :slug)
  and (:id::uuid is null or o.id = :id)
  and (o.retired_at is null or :slug::text is not null or :id::uuid is not null)
order by o.country, o.slug;

-- name: called(words)$
-- The office of this slug, or of this name in any language; of two, the one that is not retired.
select o.id
from office o
where o.slug = :words or exists (select from jsonb_each_text(o.name) n where n.value = :words)
order by o.retired_at is not null, o.slug <> :words, o.slug
limit 1;

-- name: profile(key)^
select key, name, petitioner, signer_field, names, worth, sentence, sources, as_of, edited_at is not null as is_edited
from recipient_profile
where key = :key;

-- name: put_office(id, slug, profile, name, country, city, contact)$
insert into office (id, slug, profile, name, country, city, contact)
values (:id, :slug, :profile, :name::jsonb, :country, :city, :contact)
on conflict (id) do update
set
    slug = excluded.slug,
    profile = excluded.profile,
    name = excluded.name,
    country = excluded.country,
    city = excluded.city,
    contact = excluded.contact
returning id;

-- name: retire_office(id, now)$
update office
set retired_at = coalesce(:now::timestamptz, now())
where id = :id and retired_at is null
returning id;

-- name: holders(office_id)
select since, until, name, source_url
from office_holder
where office_id = :office_id
order by since desc;

-- name: end_term(office_id, until)!
-- The term that is open ends on the day on which the next one begins.
update office_holder
set until = :until
where office_id = :office_id and until is null and since < :until;

-- name: begin_term(office_id, since, until, name, source_url)!
insert into office_holder (office_id, since, until, name, source_url)
values (:office_id, :since, :until, :name, :source_url);

-- name: address(petition_id, offices)!
-- The recipients of a petition, in this order, and with them what its form has to ask.
with gone as (
    delete from petition_recipient
    where petition_id = :petition_id::uuid
),
wanted as (
    select o.profile
    from office o
    where o.id = any(:offices::uuid[])
)
update petition
set asks_locality = exists (
    select from wanted w join recipient_profile p on p.key = w.profile where p.signer_field <> 'none'
)
where id = :petition_id::uuid;

-- name: insert_addressed(petition_id, offices)!
insert into petition_recipient (petition_id, position, name, office_id)
select :petition_id::uuid, w.position, o.name, o.id
from unnest(:offices::uuid[]) with ordinality as w (office_id, position)
join office o on o.id = w.office_id;

-- name: addressed(petition_id)
-- Whom a petition addresses, and how they treat signatures; without an office the words alone.
select
    r.position, r.name, r.office_id, p.key as profile, p.name as profile_name, p.signer_field, p.names, p.sentence, p.worth, p.petitioner, p.sources, p.as_of,
    p.edited_at is not null as is_edited
from petition_recipient r
left join office o on o.id = r.office_id
left join recipient_profile p on p.key = o.profile
where r.petition_id = :petition_id
order by r.position;

-- ------------------------------------------------------------------------------------------------ deliveries

-- name: plan(id, petition_id, office_id, planned_for)!
insert into delivery (id, petition_id, office_id, planned_for)
values (:id, :petition_id, :office_id, :planned_for)
on conflict (id) do nothing;

-- name: deliver(id, certificate_id, on_day, answer_due)^
-- Once: a second press finds it delivered. The certificate must be one of the same petition.
update delivery d
set certificate_id = c.id, delivered_on = :on_day, answer_due = :answer_due
from certificate c
where d.id = :id and c.id = :certificate_id and c.petition_id = d.petition_id and d.delivered_on is null
returning d.petition_id, d.office_id;

-- name: mark_delivered(petition_id)!
-- A closed petition that reached an office is delivered; an open one goes on.
update petition
set status = 'delivered'
where id = :petition_id and status = 'closed';

-- name: move(id, planned_for)$
update delivery
set planned_for = :planned_for
where id = :id and delivered_on is null
returning id;

-- name: expect(id, answer_due)$
update delivery
set answer_due = :answer_due
where id = :id and ended_on is null
returning id;

-- name: end_delivery(id, on_day)$
update delivery
set ended_on = :on_day
where id = :id and delivered_on is not null and ended_on is null
returning id;

-- name: record(id, delivery_id, kind, happened_on, holder, how, by_whom, reference, outcome, in_favour, against, abstained, words, url, file, file_name, is_public, replaces, recorded_by)$
-- An event of a delivery that was made; one that replaces another must be of the same delivery.
insert into delivery_event (
    id, delivery_id, kind, happened_on, holder, how, by_whom, reference, outcome, in_favour, against, abstained, words, url,
    file, file_name, is_public, replaces, recorded_by
)
select
    :id::uuid, d.id, :kind::text, :happened_on::date, :holder::text, :how::text, :by_whom::text, :reference::text, :outcome::text,
    :in_favour::integer, :against::integer, :abstained::integer, :words::jsonb, :url::text, :file::bytea, :file_name::text,
    :is_public::boolean, :replaces::uuid, :recorded_by::text
from delivery d
where d.id = :delivery_id and d.delivered_on is not null
  and (:replaces::uuid is null or exists (select from delivery_event e where e.id = :replaces and e.delivery_id = d.id))
on conflict (id) do nothing
returning id;

-- name: is_recorded(id, delivery_id)$
select true
from delivery_event
where id = :id and delivery_id = :delivery_id;

-- name: timeline(petition_id, is_public)
-- What happened to a petition, oldest first; what was replaced is not told again.
select
    e.id, e.delivery_id, e.kind, e.happened_on, e.holder, e.how, e.by_whom, e.reference, e.outcome, e.in_favour, e.against, e.abstained,
    e.words, e.url, e.file_name, e.is_public, o.name as office, d.certificate_id, d.answer_due, d.ended_on
from delivery d
join office o on o.id = d.office_id
join delivery_event e on e.delivery_id = d.id
where d.petition_id = :petition_id
  and (not :is_public::boolean or e.is_public)
  and not exists (select from delivery_event later where later.replaces = e.id)
order by e.happened_on, e.recorded_at, e.id;

-- name: event_file(id)^
select file, file_name, is_public
from delivery_event
where id = :id and file is not null;

-- name: deliveries(petition_id)
select
    d.id, d.petition_id, d.office_id, o.slug as office_slug, o.name as office, d.certificate_id, d.planned_for, d.answer_due, d.delivered_on, d.ended_on
from delivery d
join office o on o.id = d.office_id
where :petition_id::uuid is null or d.petition_id = :petition_id
order by coalesce(d.delivered_on, d.planned_for), d.created_at;

-- name: soon(until)
-- What is still to be done by that day: to be handed over, or (where an answer is expected) to be answered.
select
    d.id, p.slug as petition, o.name as office, d.delivered_on is null as is_to_deliver,
    case when d.delivered_on is null then d.planned_for else d.answer_due end as due
from delivery d
join office o on o.id = d.office_id
join petition p on p.id = d.petition_id
where d.ended_on is null and case when d.delivered_on is null then d.planned_for else d.answer_due end <= :until
order by due, o.slug;

-- name: remind(today, until)^
-- One delivery whose day is near or over and of which nobody was told for that day: taken here, so that it is told once.
with next as (
    select
        d.id, d.petition_id, d.office_id, d.delivered_on is null as is_to_deliver, n.due, n.due < :today as is_late
    from delivery d
    cross join lateral (select case when d.delivered_on is null then d.planned_for else d.answer_due end as due) n
    where d.ended_on is null and n.due <= :until
      and not exists (
          select from delivery_reminder r
          where r.delivery_id = d.id and r.due = n.due and r.is_late = (n.due < :today)
      )
    order by n.due
    limit 1
    for update of d skip locked
),
told as (
    insert into delivery_reminder (delivery_id, due, is_late)
    select id, due, is_late
    from next
    on conflict do nothing
    returning delivery_id
)
select n.is_to_deliver, n.due, n.is_late, o.name as office, p.slug as petition, p.association_id
from told t
join next n on n.id = t.delivery_id
join office o on o.id = n.office_id
join petition p on p.id = n.petition_id;
