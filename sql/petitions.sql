-- Petitions, their texts and what surrounds them.

-- name: insert_petition(id, slug, is_sample, is_protected, is_sealed, goal, time_zone, opens_at, closes_at, asks_locality)!
insert into petition (id, slug, is_sample, is_protected, is_sealed, goal, time_zone, opens_at, closes_at, asks_locality)
values (:id, :slug, :is_sample, :is_protected, :is_sealed, :goal, :time_zone, :opens_at, :closes_at, :asks_locality);

-- name: insert_around(petition_id, recipients, figures, sources)!
-- What stands beside the text: recipients, dated figures and sources, each a JSON array in order.
with recipient as (
    insert into petition_recipient (petition_id, position, name)
    select :petition_id::uuid, r.ordinality, r.value
    from jsonb_array_elements(:recipients::jsonb) with ordinality as r
),
figure as (
    insert into petition_figure (petition_id, position, value, label, as_of, source, source_url)
    select
        :petition_id::uuid, f.ordinality, (f.value ->> 'value')::integer, f.value -> 'label',
        (f.value ->> 'as_of')::date, f.value -> 'source', f.value ->> 'source_url'
    from jsonb_array_elements(:figures::jsonb) with ordinality as f
)
insert into petition_source (petition_id, position, title, url, dated)
select :petition_id::uuid, s.ordinality, s.value -> 'title', s.value ->> 'url', (s.value ->> 'dated')::date
from jsonb_array_elements(:sources::jsonb) with ordinality as s;

-- name: next_version(petition_id)^
-- Locks the petition, so that two editors cannot publish the same number.
select text_version + 1 as version, is_sealed
from petition
where id = :petition_id
for update;

-- name: insert_version(petition_id, version, manifest, manifest_hash, texts)!
with version as (
    insert into text_version (petition_id, version, manifest, manifest_hash)
    values (:petition_id::uuid, :version::integer, :manifest, :manifest_hash)
),
current as (
    update petition
    set text_version = :version::integer
    where id = :petition_id::uuid
)
insert into petition_text (petition_id, version, language, title, summary, statement, consent, privacy)
select
    :petition_id::uuid, :version::integer, t.key,
    t.value ->> 'title', t.value ->> 'summary', t.value ->> 'statement', t.value ->> 'consent', t.value ->> 'privacy'
from jsonb_each(:texts::jsonb) as t;

-- name: texts(petition_id)
-- Every version in every language, for certificates and for the history.
select v.version, v.manifest, v.manifest_hash, v.published_at, t.language, t.title, t.summary, t.statement, t.consent, t.privacy
from text_version v
join petition_text t on t.petition_id = v.petition_id and t.version = v.version
where v.petition_id = :petition_id
order by v.version, t.language;

-- name: shelf(slug)
-- All that the public pages show, in one row a petition; the count is the one under the last published checkpoint.
select
    p.id, p.slug, p.status, p.is_sample, p.is_protected, p.is_sealed,
    case
        when p.goal_steps = '{}' then p.goal
        else coalesce((select min(step) from unnest(p.goal_steps) as step where step > l.published_count), p.goal_steps[cardinality(p.goal_steps)])
    end as goal,
    p.time_zone, p.opens_at, p.closes_at,
    p.text_version, p.asks_locality, p.created_at,
    l.id as log_id, l.origin, l.published_size, l.published_root, l.published_count, l.published_at,
    (select coalesce(jsonb_object_agg(s.version, s.n), '{}') from standing s where s.log_id = l.id) as by_version,
    (select max(i.at) from incident i where i.log_id = l.id) as repaired_at,
    (
        select jsonb_object_agg(t.language, to_jsonb(t) - 'petition_id' - 'version' - 'language')
        from petition_text t
        where t.petition_id = p.id and t.version = p.text_version
    ) as texts,
    (select v.manifest_hash from text_version v where v.petition_id = p.id and v.version = p.text_version) as manifest_hash,
    (select coalesce(jsonb_agg(r.name order by r.position), '[]') from petition_recipient r where r.petition_id = p.id) as recipients,
    -- What signers are told about what each recipient does with signatures, and whether any takes names.
    (
        select coalesce(jsonb_agg(jsonb_build_object('name', r.name, 'sentence', rp.sentence) order by r.position), '[]')
        from petition_recipient r
        join office o on o.id = r.office_id
        join recipient_profile rp on rp.key = o.profile
        where r.petition_id = p.id
    ) as promises,
    exists (
        select
        from petition_recipient r
        left join office o on o.id = r.office_id
        left join recipient_profile rp on rp.key = o.profile
        where r.petition_id = p.id and rp.names is distinct from 'never'
    ) as takes_names,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'kind', e.kind, 'happened_on', e.happened_on, 'office', o.name, 'holder', e.holder, 'how', e.how,
                    'reference', e.reference, 'outcome', e.outcome, 'words', e.words, 'url', e.url,
                    'votes', case when e.in_favour is null then null else jsonb_build_array(e.in_favour, e.against, e.abstained) end,
                    'certificate', d.certificate_id, 'file', case when e.file_name = '' then null else e.id end
                )
                order by e.happened_on, e.recorded_at, e.id
            ),
            '[]'
        )
        from delivery d
        join office o on o.id = d.office_id
        join delivery_event e on e.delivery_id = d.id
        where d.petition_id = p.id and e.is_public and not exists (select from delivery_event later where later.replaces = e.id)
    ) as steps,
    (select coalesce(jsonb_agg(to_jsonb(f) - 'petition_id' order by f.position), '[]') from petition_figure f where f.petition_id = p.id) as figures,
    (select coalesce(jsonb_agg(to_jsonb(s) - 'petition_id' order by s.position), '[]') from petition_source s where s.petition_id = p.id) as sources
from petition p
join log l on l.petition_id = p.id
where p.text_version > 0 and (:slug::text is null or p.slug = :slug)
order by p.created_at, p.slug;

-- name: sheets(slug)
-- What organizers see of one petition, or of all; the titles are those of the newest text, published or not.
select
    p.id, p.slug, p.association_id, p.status, p.is_sample, p.is_protected, p.is_sealed, p.goal, p.goal_steps, p.time_zone, p.opens_at, p.closes_at,
    p.paused_at, p.text_version, p.asks_locality, l.id as log_id, coalesce(l.published_count, 0) as count, now() as now,
    (
        select coalesce(
            (
                select jsonb_object_agg(t.language, t.title)
                from petition_text t
                where t.petition_id = p.id and t.version = p.text_version
            ),
            (
                select jsonb_object_agg(d.key, d.value -> 'title')
                from petition_draft pd, jsonb_each(pd.texts) as d
                where pd.petition_id = p.id and d.value ->> 'title' <> ''
            ),
            '{}'
        )
    ) as titles
from petition p
left join log l on l.petition_id = p.id
where :slug::text is null or p.slug = :slug
order by p.created_at desc, p.slug;

-- name: draft(petition_id)^
select revision, texts, saved_by, saved_at
from petition_draft
where petition_id = :petition_id;

-- name: save_draft(petition_id, texts, revision, saved_by)$
-- On the revision that was shown, or not at all: what a colleague saved meanwhile is not written over.
insert into petition_draft as d (petition_id, revision, texts, saved_by)
select :petition_id, 1, :texts::jsonb, :saved_by
where :revision::integer = 0 or exists (select from petition_draft where petition_id = :petition_id::uuid)
on conflict (petition_id) do update
set revision = d.revision + 1, texts = excluded.texts, saved_by = excluded.saved_by, saved_at = now()
where d.revision = :revision::integer
returning revision;

-- name: ask_publication(id, petition_id, texts, asked_by)$
insert into publication (id, petition_id, texts, asked_by)
values (:id, :petition_id, :texts::jsonb, :asked_by)
on conflict (petition_id) where done_at is null do nothing
returning id;

-- name: next_publication()^
select n.id, n.petition_id, n.texts, p.is_sealed, l.id as log_id, l.origin
from publication n
join petition p on p.id = n.petition_id
left join log l on l.petition_id = p.id
where n.done_at is null
order by n.asked_at
limit 1
for update of n skip locked;

-- name: published(id, version, fault)!
update publication
set done_at = now(), version = :version, fault = :fault
where id = :id;

-- name: publications(petition_id)
-- The latest few: what is on its way, and who published what.
select id, asked_by, asked_at, done_at, version, fault
from publication
where petition_id = :petition_id
order by asked_at desc
limit 50;

-- name: set_up(id, opens_at, closes_at, time_zone, goal, goal_steps, is_protected, is_sealed, association_id)$
-- What may change before the first signature may not change after it; dates and goal may.
update petition
set
    opens_at = case when status = 'draft' or opens_at > now() then :opens_at else opens_at end,
    closes_at = :closes_at,
    time_zone = :time_zone,
    goal = :goal,
    goal_steps = :goal_steps,
    is_protected = case when status = 'draft' then :is_protected else is_protected end,
    is_sealed = case when status = 'draft' and text_version = 0 then :is_sealed else is_sealed end,
    association_id = :association_id
where id = :id and status in ('draft', 'open', 'paused')
returning id;

-- name: open_now(slug)$
-- Whatever hour was planned: open from this moment on.
update petition
set status = 'open', opens_at = least(opens_at, now())
where slug = :slug and status in ('draft', 'open') and text_version > 0 and (closes_at is null or closes_at > now())
returning slug;

-- name: archive(slug, now)$
update petition
set status = 'archived'
where slug = :slug and status in ('closed', 'delivered') and coalesce(:now::timestamptz, now()) > closes_at + interval '24 hours'
returning slug;

-- name: by_slug(slug)^
-- sealing_keys: how many offline keys the current text names.
select
    p.id, p.slug, p.status, p.text_version, p.opens_at, p.closes_at, p.paused_at, p.is_sealed,
    (
        select jsonb_array_length(convert_from(v.manifest, 'UTF8')::jsonb -> 'sealing_keys')
        from text_version v
        where v.petition_id = p.id and v.version = p.text_version
    ) as sealing_keys
from petition p
where p.slug = :slug;

-- name: listing()
select p.id, p.slug, p.status, p.opens_at, p.closes_at, l.published_count
from petition p
left join log l on l.petition_id = p.id
order by p.created_at, p.slug;

-- name: open(slug, now)$
-- A first opening, or the end of a pause: the deadline moves by the time that the pause lasted.
update petition
set
    status = 'open',
    closes_at = closes_at + (coalesce(:now::timestamptz, now()) - coalesce(paused_at, coalesce(:now::timestamptz, now()))),
    paused_at = null
where slug = :slug and status in ('draft', 'paused') and text_version > 0
returning slug;

-- name: pause(slug, now)$
update petition
set status = 'paused', paused_at = coalesce(:now::timestamptz, now())
where slug = :slug and status = 'open' and (closes_at is null or closes_at > coalesce(:now::timestamptz, now()))
returning slug;

-- name: close(slug, now)$
-- From here on confirmations are taken for 24 h more, then the log is closed.
update petition
set
    status = 'closed',
    paused_at = null,
    closes_at = least(coalesce(closes_at, coalesce(:now::timestamptz, now())), greatest(coalesce(:now::timestamptz, now()), opens_at + interval '1 second'))
where slug = :slug and status in ('open', 'paused')
returning slug;

-- name: lapsed(now)
-- Petitions whose hour has come: closed for the public, not yet marked so.
update petition
set status = 'closed', paused_at = null
where status = 'open' and closes_at <= coalesce(:now::timestamptz, now())
returning id, slug;

-- name: log_ids()
select id
from log
where petition_id is not null;

-- name: database_now()$
select now();
