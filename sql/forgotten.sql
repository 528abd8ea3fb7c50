-- What people took back, on its way into a file outside the database; and a restored backup that forgets it again.

-- name: waiting(limit)
select id, kind, what
from forgotten
order by id
limit :limit;

-- name: written(ids)!
delete from forgotten
where id = any(:ids::bigint[]);

-- name: standing(hashes, over)
-- Signatures of which somebody wished something, and that stand (again).
select id, petition_id, visibility
from signature
where state <> all(:over::text[]) and forgotten_hash(id) = any(:hashes::bytea[]);

-- name: unread(hashes)
-- Whoever unsubscribed reads no more news.
delete from reader
where forgotten_hash(id) = any(:hashes::bytea[])
returning id;

-- name: silence(indexes)
-- "This was not me" holds for ever.
insert into suppression (address_index, reason)
select i.address_index, 'not-me'
from unnest(:indexes::bytea[]) as i (address_index)
on conflict do nothing
returning address_index;

-- name: removed(hashes)
-- Organizers who were removed, and stand again.
select id
from organizer
where state <> 'removed' and forgotten_hash(id) = any(:hashes::bytea[]);

-- name: end_roles(hashes)
delete from organizer_role
where forgotten_role(organizer_id, role, association_id) = any(:hashes::bytea[])
returning organizer_id;

-- name: end_passkeys(hashes)
delete from passkey
where forgotten_passkey(id) = any(:hashes::bytea[])
returning organizer_id;

-- name: shut_doors()!
-- Whoever was signed in when the backup was made has to come in anew; a link of that day, and what two people had agreed on and
-- not yet done, may have been used or refused since, so they hold no more.
with sessions as (
    delete from organizer_session
),
links as (
    delete from organizer_link
),
challenges as (
    delete from passkey_challenge
)
update approval
set expires_at = now()
where done_at is null and expires_at > now() and (decision is null or decision = 'approved');
