-- Organizers: accounts, roles, passkeys, sessions, second approvals, and the audit trail.

-- name: insert_association(id, slug, name)$
insert into association (id, slug, name)
values (:id, :slug, :name)
on conflict (slug) do nothing
returning id;

-- name: rename_association(id, name)$
update association
set name = :name
where id = :id
returning id;

-- name: associations()
select id, slug, name
from association
order by name, slug;

-- -- people

-- name: insert_organizer(id, address_index, blob, language, handle, now)$
insert into organizer (id, address_index, blob, language, handle, invited_at)
values (:id, :address_index, :blob, :language, :handle, coalesce(:now::timestamptz, now()))
on conflict (address_index) where state <> 'removed' do nothing
returning id;

-- name: organizer_by_address(address_index)^
select id, state, blob, language
from organizer
where address_index = :address_index and state <> 'removed';

-- name: organizer(id)^
select o.id, o.state, o.blob, o.language, o.handle, (select count(*) from passkey k where k.organizer_id = o.id) as passkeys
from organizer o
where o.id = :id;

-- name: lock_organizer(id)^
-- One change of rights, passkeys or links of a person at a time.
select id, state
from organizer
where id = :id
for update;

-- name: people()
select
    o.id, o.state, o.blob, o.language, o.invited_at, o.joined_at,
    (select count(*) from passkey k where k.organizer_id = o.id) as passkeys,
    (select max(s.seen_at) from organizer_session s where s.organizer_id = o.id) as seen_at,
    (
        select coalesce(jsonb_agg(jsonb_build_array(r.role, r.association_id) order by r.role, r.association_id), '[]')
        from organizer_role r
        where r.organizer_id = o.id
    ) as grants
from organizer o
where o.state <> 'removed'
order by o.invited_at, o.id;

-- name: rename_organizer(id, blob, language)!
update organizer
set blob = :blob, language = :language
where id = :id;

-- name: offer(id)$
update organizer
set state = 'invited'
where id = :id and state in ('proposed', 'invited')
returning id;

-- name: drop_proposed(id)!
-- Somebody said no before an invitation went out: nothing is kept of the person.
with roles as (
    delete from organizer_role
    where organizer_id = :id and exists (select from organizer where id = :id and state = 'proposed')
)
update organizer
set state = 'removed', blob = ''::bytea, address_index = sha256(uuid_send(id)), ended_at = now()
where id = :id and state = 'proposed';

-- name: grant_roles(organizer_id, roles, association_ids)!
insert into organizer_role (organizer_id, role, association_id)
select :organizer_id, g.role, g.association_id
from unnest(:roles::text[], :association_ids::uuid[]) as g (role, association_id)
on conflict do nothing;

-- name: drop_roles(organizer_id)!
delete from organizer_role
where organizer_id = :organizer_id;

-- name: grants(organizer_id)
select role, association_id
from organizer_role
where organizer_id = :organizer_id
order by role, association_id;

-- name: other_operators(organizer_id)$
-- Operators of everything who could decide instead of this one: with a passkey, so that they can come in.
select count(distinct o.id)
from organizer o
join organizer_role r on r.organizer_id = o.id and r.role = 'operator' and r.association_id is null
where o.state = 'active' and o.id <> :organizer_id and exists (select from passkey k where k.organizer_id = o.id);

-- name: speak(id, language)!
-- Only before the first visit: later it is chosen at the desk.
update organizer
set language = :language
where id = :id and joined_at is null;

-- name: join_desk(id, now)$
update organizer
set state = 'active', joined_at = coalesce(joined_at, coalesce(:now::timestamptz, now()))
where id = :id and state <> 'removed'
returning id;

-- name: remove_organizer(id, now)$
-- The account ends and forgets name and address; what it did stays in the audit trail under its id.
with roles as (
    delete from organizer_role
    where organizer_id = :id
),
sessions as (
    delete from organizer_session
    where organizer_id = :id
),
links as (
    delete from organizer_link
    where organizer_id = :id
),
notices as (
    delete from organizer_notice
    where organizer_id = :id
),
challenges as (
    delete from passkey_challenge
    where organizer_id = :id
),
passkeys as (
    delete from passkey
    where organizer_id = :id
)
update organizer
set state = 'removed', blob = ''::bytea, address_index = sha256(uuid_send(id)), ended_at = coalesce(:now::timestamptz, now())
where id = :id and state <> 'removed'
returning id;

-- -- links and what is to be mailed

-- name: holders(roles, association_id)
-- Who works with one of these roles at things of this association; what belongs to all (null) needs a role in all.
select o.id, o.language
from organizer o
where o.state = 'active' and exists (
    select from organizer_role r
    where r.organizer_id = o.id and r.role = any(:roles::text[]) and (r.association_id is null or r.association_id = :association_id)
)
order by o.id;

-- name: insert_notice(id, organizer_id, template, facts, kind, code_hash, now)!
insert into organizer_notice (id, organizer_id, template, facts, kind, code_hash, created_at)
values (:id, :organizer_id, :template, :facts::jsonb, :kind, :code_hash, coalesce(:now::timestamptz, now()));

-- name: take_notices(limit)
-- Taken and turned into mails in one transaction: a crash gives them back.
delete from organizer_notice n
using (
    select id
    from organizer_notice
    order by created_at
    limit :limit
    for update skip locked
) as due, organizer o
where n.id = due.id and o.id = n.organizer_id
returning n.id, n.organizer_id, n.template, n.facts, n.kind, n.code_hash, o.blob, o.language, o.state;

-- name: insert_link(hash, organizer_id, kind, code_hash, seconds, now)!
-- A new link replaces the earlier ones of its kind.
with earlier as (
    delete from organizer_link
    where organizer_id = :organizer_id::uuid and kind = :kind::text
)
insert into organizer_link (hash, organizer_id, kind, code_hash, expires_at)
values (:hash, :organizer_id, :kind, :code_hash, coalesce(:now::timestamptz, now()) + make_interval(secs => :seconds));

-- name: link(hash, now)^
select
    l.organizer_id, l.kind, l.code_hash is not null as asks_code, l.wrong, l.code_hash, o.state, o.language,
    (select count(*) from passkey k where k.organizer_id = o.id) as passkeys
from organizer_link l
join organizer o on o.id = l.organizer_id
where l.hash = :hash and l.used_at is null and l.expires_at > coalesce(:now::timestamptz, now()) and o.state <> 'removed';

-- name: guess(hash, most)$
-- Counted before it is compared, so that parallel guesses do not get more than ``most`` together.
update organizer_link
set wrong = wrong + 1
where hash = :hash and wrong < :most
returning wrong;

-- name: use_link(hash, now)$
update organizer_link
set used_at = coalesce(:now::timestamptz, now())
where hash = :hash and used_at is null and expires_at > coalesce(:now::timestamptz, now())
returning organizer_id;

-- name: end_links(organizer_id)!
delete from organizer_link
where organizer_id = :organizer_id;

-- -- passkeys

-- name: insert_challenge(challenge, purpose, organizer_id, now)!
with old as (
    delete from passkey_challenge
    where expires_at < coalesce(:now::timestamptz, now())
)
insert into passkey_challenge (challenge, purpose, organizer_id, expires_at)
values (:challenge, :purpose, :organizer_id, coalesce(:now::timestamptz, now()) + interval '5 minutes');

-- name: use_challenge(challenge, purpose, organizer_id, now)$
delete from passkey_challenge
where challenge = :challenge and purpose = :purpose
    and organizer_id is not distinct from :organizer_id::uuid
    and expires_at > coalesce(:now::timestamptz, now())
returning challenge;

-- name: insert_passkey(id, organizer_id, public_key, sign_count, transports, label, is_synced, now)$
insert into passkey (id, organizer_id, public_key, sign_count, transports, label, is_synced, added_at)
values (:id, :organizer_id, :public_key, :sign_count, :transports, :label, :is_synced, coalesce(:now::timestamptz, now()))
on conflict (id) do nothing
returning id;

-- name: passkey(id)^
select k.id, k.organizer_id, k.public_key, k.sign_count, o.handle, o.state
from passkey k
join organizer o on o.id = k.organizer_id
where k.id = :id;

-- name: passkeys(organizer_id)
select id, label, transports, is_synced, added_at, used_at
from passkey
where organizer_id = :organizer_id
order by added_at, id;

-- name: touch_passkey(id, before, sign_count, is_synced, now)$
-- The counter goes forward from what was compared, so that one answer is not counted twice at once.
update passkey
set sign_count = :sign_count, is_synced = :is_synced, used_at = coalesce(:now::timestamptz, now())
where id = :id and sign_count = :before
returning id;

-- name: label_passkey(id, organizer_id, label)$
update passkey
set label = :label
where id = :id and organizer_id = :organizer_id
returning id;

-- name: remove_passkey(id, organizer_id)$
-- Never the last one: without any its owner would be locked out.
delete from passkey k
where k.id = :id and k.organizer_id = :organizer_id
    and exists (select from passkey other where other.organizer_id = k.organizer_id and other.id <> k.id)
returning k.id;

-- name: drop_passkeys(organizer_id)!
delete from passkey
where organizer_id = :organizer_id;

-- -- sessions

-- name: insert_session(hash, id, organizer_id, level, device, fresh_seconds, now)!
insert into organizer_session (hash, id, organizer_id, level, device, begun_at, seen_at, fresh_until)
values (
    :hash, :id, :organizer_id, :level, :device, coalesce(:now::timestamptz, now()), coalesce(:now::timestamptz, now()),
    coalesce(:now::timestamptz, now()) + make_interval(secs => :fresh_seconds)
);

-- name: session(hash, now)^
-- Who comes with this cookie, if it still holds: 30 minutes without a visit end it, and 12 hours in any case. That somebody
-- was here is noted once a minute.
with at as materialized (
    select coalesce(:now::timestamptz, now()) as now
),
seen as (
    update organizer_session s
    set seen_at = at.now
    from at
    where s.hash = :hash and s.seen_at between at.now - interval '30 minutes' and at.now - interval '1 minute'
)
select
    s.hash, s.id, s.organizer_id, s.level, s.device, s.begun_at, s.fresh_until > at.now as is_fresh,
    o.blob, o.language, o.state,
    (select count(*) from passkey k where k.organizer_id = o.id) as passkeys,
    (
        select coalesce(jsonb_agg(jsonb_build_array(r.role, r.association_id)), '[]')
        from organizer_role r
        where r.organizer_id = o.id
    ) as grants,
    (
        select count(*)
        from approval a
        where a.decision is null and a.expires_at > at.now and a.proposed_by <> o.id
    ) as approvals
from at
cross join organizer_session s
join organizer o on o.id = s.organizer_id
where s.hash = :hash
    and s.seen_at > at.now - interval '30 minutes'
    and s.begun_at > at.now - interval '12 hours'
    and o.state <> 'removed'
    and (o.state = 'active' or s.level = 'joining');

-- name: renew_session(hash, new_hash, level, fresh_seconds, now)$
-- A new id for the same visit; the 12 hours go on.
update organizer_session
set
    hash = :new_hash,
    level = :level,
    seen_at = coalesce(:now::timestamptz, now()),
    fresh_until = coalesce(:now::timestamptz, now()) + make_interval(secs => :fresh_seconds)
where hash = :hash
returning id;

-- name: sessions(organizer_id, now)
select id, device, level, begun_at, seen_at
from organizer_session
where organizer_id = :organizer_id
    and seen_at > coalesce(:now::timestamptz, now()) - interval '30 minutes'
    and begun_at > coalesce(:now::timestamptz, now()) - interval '12 hours'
order by seen_at desc, id;

-- name: end_session(organizer_id, id)$
delete from organizer_session
where organizer_id = :organizer_id and id = :id
returning id;

-- name: end_sessions(organizer_id, but)!
delete from organizer_session
where organizer_id = :organizer_id and (:but::uuid is null or id <> :but);

-- name: housekeeping(now)!
with old_sessions as (
    delete from organizer_session
    where seen_at < coalesce(:now::timestamptz, now()) - interval '30 minutes'
        or begun_at < coalesce(:now::timestamptz, now()) - interval '12 hours'
),
old_links as (
    delete from organizer_link
    where expires_at < coalesce(:now::timestamptz, now()) - interval '1 day'
)
delete from passkey_challenge
where expires_at < coalesce(:now::timestamptz, now());

-- -- second approvals

-- name: propose(id, act, association_id, petition_id, facts, reason, proposed_by, delay_seconds, patience_seconds, now)!
insert into approval (id, act, association_id, petition_id, facts, reason, proposed_by, proposed_at, delay, expires_at)
values (
    :id, :act, :association_id, :petition_id, :facts::jsonb, :reason, :proposed_by, coalesce(:now::timestamptz, now()),
    make_interval(secs => :delay_seconds), coalesce(:now::timestamptz, now()) + make_interval(secs => :patience_seconds)
);

-- name: approval(id, now)^
select
    a.id, a.act, a.association_id, a.petition_id, a.facts, a.reason, a.proposed_by, a.proposed_at, a.expires_at, a.decision,
    a.decided_by, a.decided_at, a.due_at, a.done_by, a.done_at, a.outcome, a.delay,
    a.expires_at <= coalesce(:now::timestamptz, now()) as is_over,
    a.due_at <= coalesce(:now::timestamptz, now()) as is_due,
    p.slug
from approval a
left join petition p on p.id = a.petition_id
where a.id = :id;

-- name: approvals(is_open, limit, now)
select
    a.id, a.act, a.association_id, a.petition_id, a.facts, a.reason, a.proposed_by, a.proposed_at, a.expires_at, a.decision,
    a.decided_by, a.decided_at, a.due_at, a.done_by, a.done_at, a.outcome, a.delay,
    a.expires_at <= coalesce(:now::timestamptz, now()) as is_over,
    a.due_at <= coalesce(:now::timestamptz, now()) as is_due,
    p.slug
from approval a
left join petition p on p.id = a.petition_id
where :is_open::boolean = (
    (a.decision is null or (a.decision = 'approved' and a.done_at is null)) and a.expires_at > coalesce(:now::timestamptz, now())
)
order by a.proposed_at desc, a.id
limit :limit;

-- name: decide(id, decision, decided_by, now)^
-- The first decision stands. An approved act is due after its delay, and lapses with the rest of its patience.
update approval
set
    decision = :decision::text,
    decided_by = :decided_by,
    decided_at = coalesce(:now::timestamptz, now()),
    due_at = case when :decision::text = 'approved' then coalesce(:now::timestamptz, now()) + delay end
where id = :id
    and decision is null
    and expires_at > coalesce(:now::timestamptz, now())
    and (:decision::text = 'withdrawn') = (proposed_by = :decided_by)
returning id, act, association_id, petition_id, facts, proposed_by, due_at;

-- name: revoke(id, decided_by, now)^
-- Between approval and act either of the two may still say no.
update approval
set decision = 'refused', due_at = null, outcome = 'revoked'
where id = :id and decision = 'approved' and done_at is null and :decided_by::uuid in (proposed_by, decided_by)
    and expires_at > coalesce(:now::timestamptz, now())
returning id, act, petition_id;

-- name: execute(id, done_by, now)^
-- Taken once, by whoever of the two comes first, and only while it is due.
update approval
set done_at = coalesce(:now::timestamptz, now()), done_by = :done_by::uuid
where id = :id
    and decision = 'approved'
    and done_at is null
    and due_at <= coalesce(:now::timestamptz, now())
    and expires_at > coalesce(:now::timestamptz, now())
    and :done_by::uuid in (proposed_by, decided_by)
returning id, act, association_id, petition_id, facts, reason, proposed_by, decided_by;

-- name: forget_to_signers(names, now)!
-- An approval that is over needs no more what it was of, where that leads to signers: how many is enough.
update approval a
set facts = a.facts || (
    select jsonb_object_agg(f.key, jsonb_array_length(f.value))
    from jsonb_each(a.facts) as f (key, value)
    where f.key = any(:names::text[]) and jsonb_typeof(f.value) = 'array'
)
where
    (a.done_at is not null or a.decision in ('refused', 'withdrawn') or a.expires_at <= coalesce(:now::timestamptz, now()))
    and exists (
        select from jsonb_each(a.facts) as f (key, value) where f.key = any(:names::text[]) and jsonb_typeof(f.value) = 'array'
    );

-- name: outcome(id, outcome)!
update approval
set outcome = :outcome
where id = :id;

-- -- the audit trail

-- name: audit_turn(key)!
-- One row after the other; the next statement sees what was committed before.
select pg_advisory_xact_lock(:key);

-- name: audit_head(now)^
select
    coalesce((select number from audit order by number desc limit 1), 0) as number,
    coalesce((select hash from audit order by number desc limit 1), ''::bytea) as hash,
    date_trunc('milliseconds', coalesce(:now::timestamptz, clock_timestamp())) as at;

-- name: audit_add(number, at, organizer_id, act, object, facts, hash)!
insert into audit (number, at, organizer_id, act, object, facts, hash)
values (:number, :at, :organizer_id, :act, :object, :facts, :hash);

-- name: audit_from(number, limit)
select number, at, organizer_id, act, object, facts, hash
from audit
where number > :number
order by number
limit :limit;

-- name: audit_latest(before, act, organizer_id, object, limit)
select number, at, organizer_id, act, object, facts
from audit
where (:before::bigint is null or number < :before)
    and (:act::text is null or act like :act || '%')
    and (:organizer_id::uuid is null or organizer_id = :organizer_id)
    and (:object::text is null or object = :object)
order by number desc
limit :limit;
