-- Partners: organizations on whose sites petitions are shown, what each of them may do, and what its readers asked to get from it.

create table partner (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name text not null check (length(name) between 1 and 100),
    -- The sentence beside the box for this partner's news, by language; the catalogue's own where there is none.
    consent jsonb not null default '{}',
    -- The public key to which its list is sealed. Without it the box is not shown: there would be no safe place for a yes.
    sealing_key text,
    -- Requests an hour for all its keys together.
    quota integer not null default 600 check (quota between 1 and 1000000),
    -- Off by default: an organizer sets the address. The generation makes a new secret.
    webhook_url text check (webhook_url ~ '^https?://'),
    webhook_generation integer not null default 1,
    created_at timestamptz not null default now(),
    ended_at timestamptz
);

-- Which sites may frame the form and sign from a script. Everybody may show the count.
create table partner_site (
    partner_id uuid not null references partner,
    origin text not null check (origin ~ '^https?://[a-z0-9.-]+(:([0-9]{1,5}|\*))?$' or origin ~ '^https?://\[[0-9a-f:]+\](:[0-9]{1,5})?$'),
    primary key (partner_id, origin)
);

create table partner_petition (
    petition_id uuid not null references petition,
    partner_id uuid not null references partner,
    primary key (petition_id, partner_id)
);

-- A key is shown once; here is its hash. A rotated key goes on for a while, so that nobody has to change it at midnight.
create table partner_key (
    hash bytea primary key check (length(hash) = 32),
    partner_id uuid not null references partner,
    hint text not null,
    created_at timestamptz not null default now(),
    ends_at timestamptz
);
create index partner_key_owner on partner_key (partner_id, created_at);

-- One yes to one partner's news: sealed to that partner's key, so that neither we nor another partner can read it. Written in the
-- transaction of the confirmation. A withdrawal takes the ciphertext and leaves the id, so that the partner can be told.
create table partner_optin (
    id uuid primary key,
    petition_id uuid not null references petition,
    partner_id uuid not null references partner,
    signature_id uuid,
    sealed bytea,
    key_mark text not null,
    day date not null,
    withdrawn_at timestamptz,
    check ((withdrawn_at is null) = (sealed is not null))
);
create unique index partner_optin_one on partner_optin (petition_id, partner_id, signature_id) where signature_id is not null;
-- The partner's export: whole past days, in the order of random ids.
create index partner_optin_export on partner_optin (partner_id, day, id);
-- Taken back: found by the signature that ends.
create index partner_optin_signature on partner_optin (signature_id) where signature_id is not null;
-- Forgotten after 90 days.
create index partner_optin_old on partner_optin (day);

-- What a partner's system is told: one row for each thing to tell, at least once, with the same id however often it is sent.
create table webhook_event (
    id uuid primary key,
    partner_id uuid not null references partner,
    subject text not null,
    body text,
    state text not null default 'due' check (state in ('due', 'sent', 'failed')),
    attempts smallint not null default 0,
    due_at timestamptz not null default now(),
    claimed_until timestamptz,
    code text,
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    unique (partner_id, subject),
    check ((state = 'due') = (ended_at is null))
);
create index webhook_event_due on webhook_event (due_at) where state = 'due';

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert, update on partner, partner_key to libertas_app;
        grant select, insert, update, delete on partner_site, partner_petition, partner_optin, webhook_event to libertas_app;
    end if;
end $$;
