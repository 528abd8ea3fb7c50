-- News to those who asked for it.

-- name: take_wishes(limit)
-- Wishes that no other worker holds; they are deleted in the same transaction.
select signature_id, petition_id, language, address, key_id
from news_wish
order by at
limit :limit
for update skip locked;

-- name: drop_wishes(signature_ids)!
delete from news_wish
where signature_id = any(:signature_ids::uuid[]);

-- name: welcome(ids, association, petition_ids, indexes, addresses, languages, signature_ids)!
-- A mailbox stands once for each petition; the newest wish tells its language and which signature ends it. A signature that
-- was erased in between is not followed any more.
insert into reader (id, association, petition_id, address_index, address, language, signature_id)
select n.id, :association::text, n.petition_id, n.index, n.address, n.language, n.signature_id
from unnest(:ids::uuid[], :petition_ids::uuid[], :indexes::bytea[], :addresses::bytea[], :languages::text[], :signature_ids::uuid[])
    as n (id, petition_id, index, address, language, signature_id)
join signature s on s.id = n.signature_id and s.state <> 'erased'
on conflict (association, address_index, petition_id) do update
set language = excluded.language, signature_id = excluded.signature_id;

-- name: mailboxes(association, petition_id)$
select count(distinct address_index)
from reader
where association = :association and (:petition_id::uuid is null or petition_id = :petition_id);

-- name: insert(id, association, petition_id, case_slug, is_mailed, written_by)!
insert into news (id, association, petition_id, case_slug, is_mailed, written_by)
values (:id, :association, :petition_id, :case_slug, :is_mailed, :written_by)
on conflict (id) do nothing;

-- name: put_texts(news_id, texts)$
-- The words of a draft, in every language that is given; the others go. Nothing once the first mail may be out.
with draft as (
    select id
    from news
    where id = :news_id and state = 'draft'
    for update
),
gone as (
    delete from news_text t
    using draft
    where t.news_id = draft.id and not :texts::jsonb ? t.language
),
put as (
    insert into news_text (news_id, language, title, body)
    select draft.id, t.key, t.value ->> 'title', t.value ->> 'body'
    from draft, jsonb_each(:texts::jsonb) as t
    on conflict (news_id, language) do update
    set title = excluded.title, body = excluded.body
)
select id
from draft;

-- name: release(id, now)$
-- From here on it is public, and mailed. Once.
update news n
set state = 'sending', released_at = coalesce(:now::timestamptz, now())
where id = :id and state = 'draft' and exists (select from news_text t where t.news_id = n.id)
returning id;

-- name: cancel(id, now)$
-- What is queued and not yet gone is taken back by the caller; a draft was never anywhere.
update news
set state = 'cancelled', ended_at = coalesce(:now::timestamptz, now())
where id = :id and state in ('draft', 'sending')
returning id;

-- name: discard(id)!
update news
set state = 'cancelled', ended_at = now()
where id = :id and state = 'draft';

-- name: take_back(id)!
delete from mail
where template = 'news' and state = 'due' and claimed_until is null and facts ->> 'news' = :id;

-- name: sending()
select id
from news
where state = 'sending'
order by released_at;

-- name: hold(id)^
-- One worker queues one piece of news at a time; the others pass.
select id, association, petition_id, is_mailed
from news
where id = :id and state = 'sending'
for update skip locked;

-- name: next_readers(id, association, petition_id, limit)
-- Mailboxes that it was not queued for yet, each once, however many petitions it follows.
select distinct on (r.address_index) r.id, r.address_index, r.address, r.language, r.petition_id
from reader r
where r.association = :association
  and (:petition_id::uuid is null or r.petition_id = :petition_id)
  and not exists (select from news_sent s where s.news_id = :id and s.address_index = r.address_index)
order by r.address_index, r.since
limit :limit;

-- name: queued(id, indexes)!
insert into news_sent (news_id, address_index)
select :id::uuid, n.index
from unnest(:indexes::bytea[]) as n (index);

-- name: tokens(hashes, reader_ids, mail_ids, now)!
-- Each mail's own link out, good for longer than anybody keeps a newsletter.
insert into token (hash, purpose, signature_id, mail_id, expires_at)
select n.hash, 'unsubscribe', n.reader_id, n.mail_id, coalesce(:now::timestamptz, now()) + interval '400 days'
from unnest(:hashes::bytea[], :reader_ids::uuid[], :mail_ids::uuid[]) as n (hash, reader_id, mail_id);

-- name: finish(id, now)!
update news
set state = 'sent', ended_at = coalesce(:now::timestamptz, now())
where id = :id and state = 'sending';

-- name: forget(now)!
delete from news_sent
where at < coalesce(:now::timestamptz, now()) - interval '30 days'
  and news_id in (select id from news where state in ('sent', 'cancelled'));

-- name: is_reading(hash)$
-- Whether the link out still leads to a reader.
select true
from token t
join reader r on r.id = t.signature_id
where t.hash = :hash and t.purpose = 'unsubscribe';

-- name: unsubscribe(hash)$
-- Every row of this mailbox in this association; how many went.
with mine as (
    select r.association, r.address_index
    from token t
    join reader r on r.id = t.signature_id
    where t.hash = :hash and t.purpose = 'unsubscribe'
),
gone as (
    delete from reader r
    using mine
    where r.association = mine.association and r.address_index = mine.address_index
    returning r.id
)
select count(*)
from gone;

-- name: is_followed(signature_id)$
select exists (select from reader where signature_id = :signature_id) or exists (select from news_wish where signature_id = :signature_id);

-- name: stop(signature_id)!
-- From a signer's own page: no address is needed, and every row of that mailbox in the association goes.
with wish as (
    delete from news_wish
    where signature_id = :signature_id::uuid
),
mine as (
    select association, address_index
    from reader
    where signature_id = :signature_id::uuid
)
delete from reader r
using mine
where r.association = mine.association and r.address_index = mine.address_index;

-- name: listing(association)
-- For organizers: everything, newest first, with what was queued and what is still on its way.
select
    n.id, n.petition_id, n.case_slug, n.state, n.is_mailed, n.written_by, n.written_at, n.released_at, n.ended_at,
    (select count(*) from news_sent s where s.news_id = n.id) as queued,
    (select jsonb_object_agg(t.language, jsonb_build_object('title', t.title, 'body', t.body)) from news_text t where t.news_id = n.id) as texts
from news n
where n.association = :association
order by coalesce(n.released_at, n.written_at) desc;

-- name: public(id, petition_id, case_slug, limit)
-- What everybody may read, newest first.
select
    n.id, n.petition_id, n.case_slug, n.released_at, p.slug as petition,
    (select jsonb_object_agg(t.language, jsonb_build_object('title', t.title, 'body', t.body)) from news_text t where t.news_id = n.id) as texts
from news n
left join petition p on p.id = n.petition_id
where n.released_at is not null and n.state in ('sending', 'sent')
  and (:id::uuid is null or n.id = :id)
  and (:petition_id::uuid is null or n.petition_id = :petition_id)
  and (:case_slug::text is null or n.case_slug = :case_slug)
order by n.released_at desc
limit :limit;
