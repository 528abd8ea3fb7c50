-- What a change of the register sets in motion.

-- name: hold()$
-- No row: another worker is telling.
select change_id
from tidings
for update skip locked;

-- name: told(change_id)!
update tidings
set change_id = :change_id;

-- name: event(id)^
-- What happened to whom, while it stands and the family agreed that the name is public.
select f.slug, f.name_hy, f.names, f.is_sample, e.kind, e.happened_on, e.source_url
from standing_event e
join case_file f on f.id = e.case_id
where e.id = :id and f.state = 'public' and f.consent in ('name', 'story');

-- name: sponsors(case_id, on_day)
-- Who stands for this prisoner, or for the whole group; also those whose sponsorship this very event brought to its end.
select distinct s.id
from sponsorship p
join sponsor s on s.id = p.sponsor_id
where (p.case_id = :case_id or p.case_id is null)
  and (p.state in ('signed', 'announced', 'active') or (p.state in ('fulfilled', 'ended') and p.ended_on >= :on_day));
