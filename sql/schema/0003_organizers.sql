-- Organizers: who they are, what they may do, their passkeys and sessions, second approvals, and the audit trail.
-- Names and addresses of organizers are sealed under a key of KEY_DIR; a copied database tells none of them.

create table association (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'),
    name text not null check (length(name) between 1 and 120),
    created_at timestamptz not null default now()
);

create table organizer (
    id uuid primary key,
    address_index bytea not null check (length(address_index) = 32),
    blob bytea not null,
    language text not null check (language ~ '^[a-z]{2}$'),
    -- What a passkey knows its owner by; random, so that it tells nothing.
    handle bytea not null unique check (length(handle) = 32),
    state text not null default 'proposed' check (state in ('proposed', 'invited', 'active', 'removed')),
    invited_at timestamptz not null default now(),
    joined_at timestamptz,
    ended_at timestamptz,
    check ((state = 'removed') = (ended_at is not null)),
    check (state <> 'active' or joined_at is not null)
);
-- One living account for each mailbox.
create unique index organizer_one on organizer (address_index) where state <> 'removed';

-- A role in one association, or (association null) in all of them.
create table organizer_role (
    organizer_id uuid not null references organizer,
    role text not null check (role in ('editor', 'moderator', 'certifier', 'operator')),
    association_id uuid references association,
    granted_at timestamptz not null default now(),
    unique nulls not distinct (organizer_id, role, association_id)
);

create table passkey (
    id bytea primary key check (length(id) between 1 and 1023),
    organizer_id uuid not null references organizer,
    public_key bytea not null,
    sign_count bigint not null default 0,
    transports text[] not null default '{}',
    label text not null check (length(label) between 1 and 60),
    is_synced boolean not null default false,
    added_at timestamptz not null default now(),
    used_at timestamptz
);
create index passkey_of on passkey (organizer_id);

-- Asked once, answered once, within five minutes.
create table passkey_challenge (
    challenge bytea primary key check (length(challenge) = 32),
    purpose text not null check (purpose in ('sign-in', 'add', 'fresh')),
    organizer_id uuid references organizer,
    expires_at timestamptz not null,
    check ((purpose = 'sign-in') = (organizer_id is null))
);
create index passkey_challenge_old on passkey_challenge (expires_at);

-- A link to the desk: for the very first passkey, for coming back with a colleague's help, or into the demonstration.
create table organizer_link (
    hash bytea primary key check (length(hash) = 32),
    organizer_id uuid not null references organizer,
    kind text not null check (kind in ('invite', 'recover', 'demo')),
    -- A recovery also needs a number that the colleague tells by word of mouth: its hash, and how often it was guessed wrong.
    code_hash bytea,
    wrong smallint not null default 0,
    expires_at timestamptz not null,
    used_at timestamptz,
    check ((kind = 'recover') = (code_hash is not null))
);
create index organizer_link_of on organizer_link (organizer_id);

-- What an organizer is to be told by mail; the worker opens the address and makes the mail (the web process has no key for links).
create table organizer_notice (
    id uuid primary key,
    organizer_id uuid not null references organizer,
    template text not null,
    facts jsonb not null default '{}',
    kind text check (kind in ('invite', 'recover')),
    code_hash bytea,
    created_at timestamptz not null default now()
);

create table organizer_session (
    hash bytea primary key check (length(hash) = 32),
    id uuid not null unique,
    organizer_id uuid not null references organizer,
    level text not null check (level in ('full', 'joining')),
    -- Browser and system in two words, so that its owner knows it again; never the whole line that a browser sends.
    device text not null default '',
    begun_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    -- Until when its owner's last touch of a passkey counts for what needs one.
    fresh_until timestamptz
);
create index organizer_session_of on organizer_session (organizer_id);

-- What needs a second person: proposed by one, approved or refused by another, done once, or it lapses.
create table approval (
    id uuid primary key,
    act text not null,
    association_id uuid references association,
    petition_id uuid references petition,
    -- What would be done, shown as it is to the second person; ids and figures, nobody's name.
    facts jsonb not null default '{}',
    reason text not null check (length(reason) between 1 and 500),
    proposed_by uuid not null references organizer,
    proposed_at timestamptz not null default now(),
    delay interval not null default interval '0',
    expires_at timestamptz not null,
    decision text check (decision in ('approved', 'refused', 'withdrawn')),
    decided_by uuid references organizer,
    decided_at timestamptz,
    -- Approved acts wait this long, so that whoever was deceived can still say no.
    due_at timestamptz,
    done_by uuid references organizer,
    done_at timestamptz,
    outcome text,
    check ((decision is null) = (decided_at is null) and (decision is null) = (decided_by is null)),
    -- The second person is another one, whatever the program thinks.
    check (decision is null or (decision = 'withdrawn') = (decided_by = proposed_by)),
    check ((coalesce(decision, '') = 'approved') = (due_at is not null)),
    check (done_at is null or (decision = 'approved' and done_by is not null and done_at >= due_at))
);
create index approval_open on approval (proposed_at) where decision is null or (decision = 'approved' and done_at is null);

-- What organizers did: numbered without a gap, each row bound to the one before by a keyed hash. Only added to and read.
create table audit (
    number bigint primary key check (number > 0),
    at timestamptz not null,
    organizer_id uuid,
    act text not null,
    object text not null default '',
    facts text not null default '{}',
    hash bytea not null check (length(hash) = 32)
);

-- A petition belongs to an association, or (null) to all of them together.
alter table petition add column association_id uuid references association;

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert, update on association, organizer to libertas_app;
        grant select, insert, delete on organizer_role to libertas_app;
        grant select, insert, update, delete on
            passkey, passkey_challenge, organizer_link, organizer_notice, organizer_session
            to libertas_app;
        grant select, insert, update on approval to libertas_app;
        grant select, insert on audit to libertas_app;
    end if;
end $$;
