-- News: who asked for it, what was written, and who was sent what. A list of its own, apart from the signatures.

-- A confirmed signer's wish for news, on its way from the web process, which has not the list's key, to the worker, which has.
create table news_wish (
    signature_id uuid primary key,
    petition_id uuid not null references petition,
    language text not null,
    address bytea not null,
    key_id integer not null,
    at timestamptz not null default now()
);

-- Readers: sealed under the news key, so that the worker can write to them for years; gone at the moment of unsubscribing.
-- The signature's id is there so that its own page can end the news; whoever can read the address knows more already.
create table reader (
    id uuid primary key,
    association text not null,
    petition_id uuid not null references petition,
    address_index bytea not null,
    address bytea not null,
    language text not null,
    signature_id uuid unique,
    since timestamptz not null default now(),
    unique (association, address_index, petition_id)
);
create index reader_petition on reader (petition_id, address_index);

create table news (
    id uuid primary key,
    association text not null,
    petition_id uuid references petition,
    case_slug text not null default '',
    state text not null default 'draft' check (state in ('draft', 'sending', 'sent', 'cancelled')),
    is_mailed boolean not null default true,
    written_by text not null,
    written_at timestamptz not null default now(),
    released_at timestamptz,
    ended_at timestamptz,
    check ((state in ('draft')) = (released_at is null) or state = 'cancelled'),
    check ((state in ('sent', 'cancelled')) = (ended_at is not null))
);
create index news_sending on news (released_at) where state = 'sending';

create table news_text (
    news_id uuid not null references news,
    language text not null check (language ~ '^[a-z]{2}$'),
    title text not null check (title <> ''),
    body text not null check (body <> ''),
    primary key (news_id, language)
);

-- One row for each mailbox that a piece of news was queued for, in the commit that queued it: nobody gets it twice, whatever
-- dies in between. Only a keyed hash, and only until the mails have had their time.
create table news_sent (
    news_id uuid not null references news,
    address_index bytea not null,
    at timestamptz not null default now(),
    primary key (news_id, address_index)
);
create index news_sent_old on news_sent (at);

-- Up to which change of the register sponsors and organizers were told; the row is locked by whoever tells.
create table tidings (
    is_only boolean primary key default true check (is_only),
    change_id bigint not null default 0
);
insert into tidings default values;

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert, update, delete on news_wish, reader, news_text, news_sent to libertas_app;
        grant select, insert, update on news to libertas_app;
        grant select, update on tidings to libertas_app;
    end if;
end $$;
