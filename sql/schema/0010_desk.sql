-- The desk's own working tables: texts before they are published, publications on their way, held signatures to be let go on.

-- The text that is being written, in every language: one row a petition, changed by whoever saves on the newest revision.
create table petition_draft (
    petition_id uuid primary key references petition,
    revision integer not null check (revision > 0),
    texts jsonb not null,
    saved_by uuid references organizer,
    saved_at timestamptz not null default now()
);

-- A text that shall become the next version. The worker does it, because it holds the keys of logs.
create table publication (
    id uuid primary key,
    petition_id uuid not null references petition,
    texts jsonb not null,
    asked_by uuid references organizer,
    asked_at timestamptz not null default now(),
    done_at timestamptz,
    version integer,
    fault text
);
-- One at a time for each petition.
create unique index publication_open on publication (petition_id) where done_at is null;

-- Who published which version; that it was published stands in text_version.
create index publication_done on publication (petition_id, version) where version is not null;

-- A certificate that somebody wants, for an office. The worker issues it; where the key of certificates is elsewhere, `unsigned`
-- is what the organizers sign on their own machine.
create table certificate_wish (
    id uuid primary key,
    petition_id uuid not null references petition,
    recipient text not null check (length(recipient) between 1 and 300),
    holder text not null default '' check (length(holder) <= 300),
    asked_by uuid references organizer,
    asked_at timestamptz not null default now(),
    begun_at timestamptz,
    done_at timestamptz,
    certificate_id text references certificate,
    fault text,
    unsigned bytea
);
-- One at a time for each petition.
create unique index certificate_wish_open on certificate_wish (petition_id) where done_at is null;
create index certificate_wish_asked on certificate_wish (petition_id, asked_at);
alter table certificate_wish alter column unsigned set storage external;

-- A goal that steps up: the next one above the count is shown.
alter table petition add column goal_steps integer[] not null default '{}';

-- Held signatures that an organizer lets go on: the worker mails them, as it mails any other.
create table held_release (
    signature_id uuid primary key references signature,
    asked_by uuid references organizer,
    asked_at timestamptz not null default now()
);

-- Forms received by day, moved by the worker with its decisions; the rows themselves are gone after 48 h.
create table daily_received (
    petition_id uuid not null references petition,
    day date not null,
    n bigint not null check (n >= 0),
    primary key (petition_id, day)
);

-- Mails that ended without success, for the page of mail health.
create index mail_failed on mail (ended_at) where state = 'failed';

-- Held rows of a petition, oldest first, and their clusters.
create index signature_held on signature (petition_id, received_at) where state = 'held';

-- What counted signatures of the last day have in common, as the worker found it within the last minutes: the page that shows it
-- would have to group every one of them at each visit. Keyed hashes of the day, counts and hours; gone when they are made anew.
create table cluster (
    petition_id uuid not null references petition,
    kind text not null check (kind in ('prefixes', 'domains', 'marks')),
    value text not null,
    n bigint not null check (n > 1),
    first timestamptz,
    last timestamptz,
    primary key (petition_id, kind, value)
);

-- When that was, and how long it took: one row.
create table cluster_look (
    is_only boolean primary key default true check (is_only),
    looked_at timestamptz not null,
    took interval not null default '0'
);
insert into cluster_look (looked_at)
values ('2000-01-01Z');

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert, update on petition_draft, publication, certificate_wish, daily_received to libertas_app;
        grant select, update on cluster_look to libertas_app;
        grant select, insert, update, delete on held_release, cluster to libertas_app;
    end if;
end $$;
