-- Sponsors and sponsorships: what was offered, agreed, signed, announced and done.

-- name: submit(id, payload, language, case_ids, lane, prefix, replay_key, replay_until)$
-- True when the offer is stored, now or before; a proof that another form spent stores nothing.
with known as (
    select id
    from sponsor_offer
    where id = :id::uuid
),
spent as (
    insert into proof_used (replay_key, intake_id, expires_at)
    select :replay_key::bytea, uuid_send(:id::uuid), :replay_until::timestamptz
    where :replay_key::bytea is not null and not exists (select from known)
    on conflict do nothing
    returning intake_id
),
stored as (
    insert into sponsor_offer (id, payload, language, case_ids, lane, prefix)
    select :id::uuid, :payload::bytea, :language::text, :case_ids::uuid[], :lane::text, :prefix::bytea
    where not exists (select from known) and (:replay_key::bytea is null or exists (select from spent))
    on conflict do nothing
    returning id
)
select exists (select from stored) or exists (select from known);

-- name: knows(id)$
select exists (select from sponsor_offer where id = :id);

-- name: due(limit, now)
select id, payload, language
from sponsor_offer
where state = 'received' and payload is not null and due_at <= coalesce(:now::timestamptz, now())
order by due_at
limit :limit
for update skip locked;

-- name: grant(hashes, offers, mails, expires)!
insert into token (hash, purpose, signature_id, mail_id, expires_at)
select n.hash, 'offer', n.offer, n.mail, :expires::timestamptz
from unnest(:hashes::bytea[], :offers::uuid[], :mails::uuid[]) as n (hash, offer, mail);

-- name: step(ids, state, is_over, now)!
update sponsor_offer
set
    state = :state::text,
    payload = case when :is_over::boolean then null else payload end,
    prefix = null,
    ended_at = case when :is_over::boolean then coalesce(:now::timestamptz, now()) end
where id = any (:ids::uuid[]);

-- name: postpone(ids, most, now)!
-- The mailbox has had its share of mail: later, a few times, and then not any more.
update sponsor_offer
set
    attempts = attempts + 1,
    due_at = coalesce(:now::timestamptz, now()) + interval '15 minutes' * 4 ^ attempts,
    state = case when attempts + 1 >= :most::integer then 'unreachable' else state end,
    payload = case when attempts + 1 >= :most::integer then null else payload end,
    ended_at = case when attempts + 1 >= :most::integer then coalesce(:now::timestamptz, now()) end
where id = any (:ids::uuid[]);

-- name: not_me()
select id, payload
from sponsor_offer
where state = 'not-me' and payload is not null
for update skip locked;

-- name: empty(ids)!
update sponsor_offer
set payload = null, ended_at = coalesce(ended_at, now())
where id = any (:ids::uuid[]);

-- name: forget(now)!
with late as (
    update sponsor_offer
    set state = 'expired', payload = null, prefix = null, ended_at = coalesce(:now::timestamptz, now())
    where state in ('received', 'mailed') and received_at < coalesce(:now::timestamptz, now()) - interval '30 days'
)
update sponsor_offer
set prefix = null
where prefix is not null and received_at < coalesce(:now::timestamptz, now()) - interval '1 day';

-- name: by_token(hash, now)^
select o.id, o.state, o.case_ids
from token t
join sponsor_offer o on o.id = t.signature_id
where t.hash = :hash and t.purpose = 'offer' and t.expires_at > coalesce(:now::timestamptz, now());

-- name: verify(hash, now)$
update sponsor_offer o
set state = 'verified', verified_at = coalesce(:now::timestamptz, now())
from token t
where
    t.hash = :hash and t.purpose = 'offer' and t.expires_at > coalesce(:now::timestamptz, now())
    and o.id = t.signature_id and o.state = 'mailed'
returning o.id;

-- name: to_tell(offer, now)
-- Those who read offers at the desk: editors for all associations. Not again while an earlier offer of the last hour waits: the
-- mail about it says to look, and whoever has many mailboxes cannot fill theirs.
select distinct r.organizer_id
from organizer_role r
join organizer o on o.id = r.organizer_id
where
    r.role = 'editor' and r.association_id is null and o.state = 'active'
    and not exists (
        select
        from sponsor_offer w
        where w.state = 'verified' and w.id <> :offer and w.verified_at > coalesce(:now::timestamptz, now()) - interval '1 hour'
    );

-- name: disown(hash, now)!
update sponsor_offer o
set state = 'not-me', ended_at = coalesce(:now::timestamptz, now())
from token t
where
    t.hash = :hash and t.purpose = 'offer' and t.expires_at > coalesce(:now::timestamptz, now())
    and o.id = t.signature_id and o.state = 'mailed';

-- name: verified()
select id, payload, language, case_ids, received_at, verified_at
from sponsor_offer
where state = 'verified'
order by verified_at;

-- name: lock_offer(id)^
select id, payload
from sponsor_offer
where id = :id and state = 'verified'
for update;

-- name: slugs_like(base)
select slug
from sponsor
where starts_with(slug, :base);

-- name: insert_sponsor(id, slug, is_sample, kind, names, country, mandate_end, website, statement)!
insert into sponsor (id, slug, is_sample, kind, names, country, mandate_end, website, statement)
values (:id, :slug, :is_sample, :kind, :names::jsonb, :country, :mandate_end, :website, :statement::jsonb);

-- name: edit_sponsor(id, kind, names, country, mandate_end, website, statement)$
update sponsor
set
    kind = :kind, names = :names::jsonb, country = :country, mandate_end = :mandate_end, website = :website,
    statement = :statement::jsonb
where id = :id
returning id;

-- name: set_logo(id, logo)^
with was as (
    select id, logo
    from sponsor
    where id = :id
    for update
)
update sponsor s
set logo = :logo::text
from was
where s.id = was.id
returning was.logo as was;

-- name: write_contact(id, contact)!
update sponsor
set contact = :contact
where id = :id;

-- name: contact(id)$
select contact
from sponsor
where id = :id;

-- name: insert_paper(hash, content)!
insert into paper (hash, content)
values (:hash, :content)
on conflict (hash) do nothing;

-- name: paper(hash)$
select content
from paper
where hash = :hash;

-- name: lock_case(id)$
-- Against the case being merged, taken down or freed at this moment: those lock the same row.
select state
from case_file
where id = :id
for no key update;

-- name: is_over(id)$
-- Asked after the lock: within one statement, what was committed while it waited would not be seen.
select exists (select from standing_event where case_id = :id and kind in ('released', 'died'));

-- name: insert_sponsorship(id, sponsor_id, case_id, offer_id)$
insert into sponsorship (id, sponsor_id, case_id, offer_id)
values (:id, :sponsor_id, :case_id::uuid, :offer_id::uuid)
on conflict do nothing
returning id;

-- name: sign(id, deed, on, place, reference, vote, paper)$
update sponsorship
set
    state = 'signed', deed = :deed, deed_on = :on, deed_place = :place, deed_reference = :reference, deed_vote = :vote,
    deed_paper = :paper::text
where id = :id and state = 'agreed'
returning id;

-- name: announce(id, on)$
update sponsorship
set state = 'announced', announced_on = :on
where id = :id and state = 'signed'
returning id;

-- name: activate(id)$
update sponsorship
set state = 'active'
where id = :id and state = 'announced'
returning id;

-- name: hand_over(id, handed_to, on)$
update sponsorship
set state = 'handed-over', handed_to = :handed_to, ended_on = :on
where id = :id and state in ('announced', 'active')
returning id;

-- name: end(id, on)$
update sponsorship
set state = 'ended', ended_on = :on
where id = :id and state in ('agreed', 'signed', 'announced', 'active')
returning id;

-- name: follow(case_id, state, on)
update sponsorship
set state = :state, ended_on = :on
where case_id = :case_id and state in ('agreed', 'signed', 'announced', 'active')
returning id;

-- name: end_doubles(case_id, into, on)
update sponsorship s
set state = 'ended', ended_on = :on
where
    s.case_id = :case_id and s.state in ('agreed', 'signed', 'announced', 'active')
    and exists (
        select
        from sponsorship o
        where o.sponsor_id = s.sponsor_id and o.case_id = :into and o.state in ('agreed', 'signed', 'announced', 'active')
    )
returning s.id;

-- name: move(case_id, into)!
-- Sponsorships, and offers that nobody decided yet: whoever meant the one meant the other.
with meant as (
    update sponsor_offer
    set case_ids = array_replace(case_ids, :case_id::uuid, :into::uuid)
    where case_ids @> array[:case_id::uuid] and state in ('received', 'mailed', 'verified')
)
update sponsorship
set case_id = :into::uuid
where case_id = :case_id::uuid;

-- name: insert_history(sponsorship_id, state, on, by)!
insert into sponsorship_event (sponsorship_id, state, happened_on, written_by)
values (:sponsorship_id, :state, coalesce(:on::date, current_date), :by);

-- name: history(sponsorship_id)
select state, happened_on, written_by, written_at
from sponsorship_event
where sponsorship_id = :sponsorship_id
order by id;

-- name: sponsorship(id)^
select id, sponsor_id, case_id, state
from sponsorship
where id = :id;

-- name: insert_act(id, sponsorship_id, kind, on, what, proof_url, corrects, by)!
insert into sponsor_act (id, sponsorship_id, kind, happened_on, what, proof_url, corrects, written_by)
values (:id, :sponsorship_id, :kind, :on, :what::jsonb, :proof_url, :corrects::uuid, :by);

-- name: one_act(id)^
select id, sponsorship_id, happened_on
from sponsor_act
where id = :id and kind <> 'retracted';

-- name: sponsors()
select
    s.id, s.slug, s.kind, s.names, s.country, s.mandate_end, s.website, s.statement, s.logo, s.is_sample,
    (select count(*) from sponsorship p where p.sponsor_id = s.id and p.state in ('agreed', 'signed', 'announced', 'active')) as standing
from sponsor s
order by s.country, s.slug;

-- name: pledges(sponsor_id, case_id, limit)
select p.*, s.names as sponsor_names, s.slug as sponsor_slug, s.mandate_end, f.slug as case_slug, f.name_hy, f.names as case_names
from sponsorship p
join sponsor s on s.id = p.sponsor_id
left join case_file f on f.id = p.case_id
where (:sponsor_id::uuid is null or p.sponsor_id = :sponsor_id) and (:case_id::uuid is null or p.case_id = :case_id)
order by p.created_at desc
limit :limit;

-- name: public_sponsors()
-- Only sponsors of whom something was announced.
select s.id, s.slug, s.is_sample, s.kind, s.names, s.country, s.mandate_end, s.website, s.statement, s.logo
from sponsor s
where exists (select from sponsorship p where p.sponsor_id = s.id and p.announced_on is not null)
order by s.country, s.slug;

-- name: public_sponsorships()
select
    p.id, p.sponsor_id, p.case_id, p.state, p.deed, p.deed_on, p.deed_place, p.deed_reference, p.deed_vote, p.deed_paper,
    p.announced_on, p.ended_on, p.handed_to,
    (
        select coalesce(
            jsonb_agg(
                jsonb_build_object('id', a.id, 'kind', a.kind, 'on', a.happened_on, 'what', a.what, 'proof_url', a.proof_url)
                order by a.happened_on desc, a.written_at desc
            ),
            '[]'
        )
        from sponsor_act a
        where a.sponsorship_id = p.id and a.kind <> 'retracted' and not exists (select from sponsor_act c where c.corrects = a.id)
    ) as acts
from sponsorship p
where p.announced_on is not null
order by p.announced_on, p.id;

-- name: cities()
select slug, country, names, places, is_sample
from city
order by country, slug;

-- name: write_city(slug, country, names, places, is_sample)!
insert into city (slug, country, names, places, is_sample)
values (:slug, :country, :names::jsonb, :places::text[], :is_sample)
on conflict (slug) do update
set country = excluded.country, names = excluded.names, places = excluded.places;

-- name: drop_city(slug)$
delete from city
where slug = :slug
returning slug;
