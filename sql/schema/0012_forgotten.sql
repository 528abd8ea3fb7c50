-- What people took back since a backup was made: remembered outside the database, so that a restored backup forgets it again.
-- Rows stand here for a minute, until the worker has written them into a file; they name nobody.

create table forgotten (
    id bigint generated always as identity primary key,
    kind text not null check (kind in (
        'erased', 'withdrawn', 'count', 'protect', 'unread', 'not-me', 'organizer', 'role', 'role-again', 'passkey'
    )),
    what bytea not null check (length(what) = 32),
    at timestamptz not null default now()
);

-- Of an id only its hash goes out.
create function forgotten_hash(id uuid) returns bytea language sql immutable parallel safe as $$
    select sha256(convert_to('libertas forgotten/v1', 'UTF8') || uuid_send(id))
$$;

create function remember_forgotten() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'signature' then
        if new.state in ('erased', 'withdrawn') and new.state is distinct from old.state then
            insert into forgotten (kind, what) values (new.state, forgotten_hash(new.id));
        elsif new.visibility is distinct from old.visibility and new.visibility <> 'show' then
            insert into forgotten (kind, what) values (new.visibility, forgotten_hash(new.id));
        end if;
    elsif tg_table_name = 'reader' then
        insert into forgotten (kind, what) values ('unread', forgotten_hash(old.id));
    else
        insert into forgotten (kind, what) select 'not-me', new.address_index where length(new.address_index) = 32;
    end if;
    return null;
end $$;
create trigger signature_forgotten after update of state, visibility on signature for each row
    when (new.state in ('erased', 'withdrawn') and new.state is distinct from old.state or new.visibility is distinct from old.visibility)
    execute function remember_forgotten();
create trigger reader_forgotten after delete on reader for each row execute function remember_forgotten();
create trigger suppression_forgotten after insert on suppression for each row
    when (new.reason = 'not-me') execute function remember_forgotten();

-- The same for the people at the desk: whoever was removed, a role that ended, a passkey that was revoked.
create function forgotten_role(organizer_id uuid, role text, association_id uuid) returns bytea language sql immutable parallel safe as $$
    select sha256(
        convert_to('libertas forgotten role/v1', 'UTF8') || uuid_send(organizer_id)
        || coalesce(uuid_send(association_id), ''::bytea) || convert_to(role, 'UTF8')
    )
$$;
create function forgotten_passkey(id bytea) returns bytea language sql immutable parallel safe as $$
    select sha256(convert_to('libertas forgotten passkey/v1', 'UTF8') || id)
$$;

create function remember_desk() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'organizer' then
        insert into forgotten (kind, what) values ('organizer', forgotten_hash(new.id));
    elsif tg_table_name = 'passkey' then
        insert into forgotten (kind, what) values ('passkey', forgotten_passkey(old.id));
    elsif tg_op = 'INSERT' then
        -- Given again after it had ended: the last line about a role counts.
        insert into forgotten (kind, what) values ('role-again', forgotten_role(new.organizer_id, new.role, new.association_id));
    elsif not exists (
        -- Roles are replaced as a whole; only at the commit is it known which of them ended.
        select from organizer_role r
        where r.organizer_id = old.organizer_id and r.role = old.role and r.association_id is not distinct from old.association_id
    ) then
        insert into forgotten (kind, what) values ('role', forgotten_role(old.organizer_id, old.role, old.association_id));
    end if;
    return null;
end $$;
create trigger organizer_forgotten after update of state on organizer for each row
    when (new.state = 'removed' and old.state <> 'removed') execute function remember_desk();
create trigger passkey_forgotten after delete on passkey for each row execute function remember_desk();
create trigger role_again after insert on organizer_role for each row execute function remember_desk();
create constraint trigger role_forgotten after delete on organizer_role deferrable initially deferred
    for each row execute function remember_desk();

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert, delete on forgotten to libertas_app;
        grant usage on all sequences in schema public to libertas_app;
    end if;
end $$;
