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
