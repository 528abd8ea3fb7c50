-- How many signatures stand under each text version, at the published checkpoint: shown beside the count once there are two.

alter table log add column standing_size bigint not null default 0;

create table standing (
    log_id text not null references log,
    version integer not null check (version > 0),
    n bigint not null,
    primary key (log_id, version)
);

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert, update, delete on standing to libertas_app;
    end if;
end $$;
