-- Certificates in full: who they are for, how far they go, and the files that were made of them; audits of what they say.

-- ------------------------------------------------------------------------------------------------ certificates

-- A certificate exists from the moment it is numbered; its files come when the organizers have signed it, perhaps days later
-- and on another machine, so they have a table of their own.
alter table certificate drop column bundle;
alter table certificate add column holder text not null default '';
alter table certificate add column standing text not null default 'draft' check (standing in ('demo', 'draft', 'final'));

create table certificate_file (
    certificate_id text not null references certificate,
    name text not null check (name in ('bundle.zip', 'certificate.json', 'certificate.pdf')),
    content bytea not null,
    stored_at timestamptz not null default now(),
    primary key (certificate_id, name)
);
-- Bundles are compressed already.
alter table certificate_file alter column content set storage external;

-- Between its number and its bundle: what the certificate says and lists, but for the log's own files, which are made again from
-- the entries. Written in the commit that enters it in the anchor, so that nothing stands there that could not be finished.
create table certificate_draft (
    certificate_id text primary key references certificate,
    is_unsigned boolean not null,
    petitioner text not null,
    content bytea not null,
    tried_at timestamptz not null default now()
);
alter table certificate_draft alter column content set storage external;

-- ------------------------------------------------------------------------------------------------ audits

-- One audit, by the digest of its report. Petition and report never change; what the next certificate says is read from here.
create table ledger_audit (
    id text primary key check (id ~ '^[0-9a-f]{64}$'),
    petition_id uuid not null references petition,
    auditor text not null,
    size bigint not null check (size > 0),
    report bytea not null,
    signature bytea not null,
    done_at timestamptz not null default now()
);
create index ledger_audit_petition on ledger_audit (petition_id, done_at);

-- ------------------------------------------------------------------------------------------------ what the service may do

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert on certificate_file, ledger_audit to libertas_app;
        grant select, insert, update, delete on certificate_draft to libertas_app;
    end if;
end $$;
