-- Audits: the openings of counted entries, as long as they can be opened here; and what auditors reported.

-- name: openable(petition_id, size)
-- Signatures below a checkpoint whose sealed data is still here.
select s.id, s.log_index, s.blob, s.key_id, s.text_version, v.manifest_hash
from signature s
join text_version v on v.petition_id = s.petition_id and v.version = s.text_version
where s.petition_id = :petition_id and s.log_index < :size and s.state = 'confirmed' and s.blob is not null
order by s.log_index;

-- name: root(log_id, size)$
select root
from checkpoint
where log_id = :log_id and size = :size;

-- name: insert(id, petition_id, auditor, size, report, signature)!
-- The same report again changes nothing.
insert into ledger_audit (id, petition_id, auditor, size, report, signature)
values (:id, :petition_id, :auditor, :size, :report, :signature)
on conflict do nothing;
