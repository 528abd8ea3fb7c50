-- To whom a petition is handed: offices with dated holders, how each treats signatures, and what became of every delivery.

-- How a kind of institution treats signatures. Shipped as data, then the organizers' own to change.
create table recipient_profile (
    key text primary key check (key ~ '^[a-z0-9][a-z0-9-]{0,58}[a-z0-9]$'),
    name jsonb not null,
    petitioner jsonb not null,
    signer_field text not null check (signer_field in ('none', 'locality', 'postcode')),
    names text not null check (names in ('never', 'optional', 'asked')),
    worth jsonb not null,
    sentence jsonb not null,
    sources jsonb not null default '[]',
    as_of date not null,
    edited_at timestamptz
);

-- An office outlives who holds it: that is what a petition is addressed to.
create table office (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$'),
    profile text not null references recipient_profile,
    name jsonb not null,
    country text not null default '',
    city text not null default '',
    contact text not null default '',
    created_at timestamptz not null default now(),
    retired_at timestamptz
);

create table office_holder (
    office_id uuid not null references office,
    since date not null,
    until date,
    name text not null check (name <> ''),
    source_url text not null,
    primary key (office_id, since),
    check (until is null or until > since)
);
-- Two people never hold one office at once: one term is open at most, and terms do not overlap. An exclusion constraint over
-- the office would need btree_gist, which not every server has; the trigger holds the office's row instead.
create unique index office_holder_today on office_holder (office_id) where until is null;
create function office_terms_do_not_overlap() returns trigger language plpgsql as $$
begin
    perform from office where id = new.office_id for update;
    if exists (
        select from office_holder h
        where h.office_id = new.office_id and h.since <> new.since
          and daterange(h.since, h.until) && daterange(new.since, new.until)
    ) then
        raise exception 'two terms of one office overlap' using errcode = 'exclusion_violation';
    end if;
    return new;
end $$;
create trigger office_holder_terms after insert or update on office_holder
    for each row execute function office_terms_do_not_overlap();

-- A petition's recipients may now be offices; what it was addressed to in words stays.
alter table petition_recipient add column office_id uuid references office;
create index petition_recipient_office on petition_recipient (office_id) where office_id is not null;

-- One handing over of one petition to one office. Its history is delivery_event; this row is what is still to come.
create table delivery (
    id uuid primary key,
    petition_id uuid not null references petition,
    office_id uuid not null references office,
    certificate_id text references certificate,
    planned_for date,
    answer_due date,
    delivered_on date,
    ended_on date,
    created_at timestamptz not null default now(),
    check ((certificate_id is null) = (delivered_on is null)),
    check (ended_on is null or delivered_on is not null)
);
create index delivery_petition on delivery (petition_id, planned_for);
-- What the desk reminds of.
create index delivery_open on delivery ((case when delivered_on is null then planned_for else answer_due end)) where ended_on is null;

-- That organizers were reminded of a day, a week before it or when it was over: once each.
create table delivery_reminder (
    delivery_id uuid not null references delivery,
    due date not null,
    is_late boolean not null,
    told_at timestamptz not null default now(),
    primary key (delivery_id, due, is_late)
);

-- What happened, in the order of its days: only added to. A mistake is corrected by an event that replaces the wrong one.
create table delivery_event (
    id uuid primary key,
    delivery_id uuid not null references delivery,
    kind text not null check (kind in ('delivered', 'received', 'referred', 'heard', 'voted', 'answered', 'decided', 'noted')),
    happened_on date not null,
    holder text not null default '',
    how text not null default '' check (how in ('', 'by-hand', 'post', 'mail', 'portal', 'hearing')),
    by_whom text not null default '',
    reference text not null default '',
    outcome text not null default '' check (outcome in ('', 'adopted', 'rejected', 'noted', 'promised')),
    in_favour integer check (in_favour >= 0),
    against integer check (against >= 0),
    abstained integer check (abstained >= 0),
    words jsonb not null default '{}',
    url text not null default '',
    file bytea,
    file_name text not null default '',
    is_public boolean not null default true,
    replaces uuid unique references delivery_event,
    recorded_by text not null,
    recorded_at timestamptz not null default now(),
    check ((kind = 'voted') = (in_favour is not null)),
    check ((in_favour is null) = (against is null) and (in_favour is null) = (abstained is null)),
    check (file is null or length(file) <= 5242880),
    check ((file is null) = (file_name = ''))
);
create index delivery_event_of on delivery_event (delivery_id, happened_on);

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert on recipient_profile, office, office_holder, delivery, delivery_event, delivery_reminder to libertas_app;
        grant update on recipient_profile, office, office_holder, delivery to libertas_app;
        grant update, delete on petition_recipient to libertas_app;
    end if;
end $$;
