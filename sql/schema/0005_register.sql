-- The register: the prisoners (a "case", kept as case_file, because CASE is a word of SQL), those who stand for them, and
-- the few facts of the campaign around it. What happened is history: it is added to, and corrected by a further row.

-- ------------------------------------------------------------------------------------------------ cases

create table case_file (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$'),
    is_sample boolean not null default false,
    category text not null check (category in ('prisoner-of-war', 'civilian', 'official', 'disappeared')),
    -- The canonical name, in Armenian letters; spellings by language, and every other spelling that somebody may look for.
    name_hy text not null check (name_hy <> ''),
    names jsonb not null default '{}',
    aliases text[] not null default '{}',
    -- What the family agreed to: nothing, the name with its sourced history, or the story and the photo too.
    consent text not null default 'none' check (consent in ('none', 'name', 'story')),
    state text not null default 'draft' check (state in ('draft', 'public', 'taken-down', 'merged')),
    merged_into uuid references case_file check (merged_into <> id),
    story jsonb not null default '{}',
    photo text,
    photo_credit text not null default '',
    photo_licence text not null default '',
    -- Health, family, who gave the consent: sealed, for organizers only, in no answer to anyone else.
    notes bytea,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check ((state = 'merged') = (merged_into is not null)),
    check (photo is null or (photo_credit <> '' and photo_licence <> ''))
);

-- Every address that a case ever had; the old ones lead on.
create table case_slug (
    slug text primary key,
    case_id uuid not null references case_file,
    at timestamptz not null default now()
);
create index case_slug_case on case_slug (case_id);

-- What happened, with the day, the source, and the day on which somebody last looked. A row is never changed: "corrects"
-- names the row that this one replaces, and kind 'retracted' only takes one back.
create table case_event (
    id uuid primary key,
    case_id uuid not null references case_file,
    kind text not null check (kind in ('captured', 'confirmed', 'tried', 'sentenced', 'transferred', 'released', 'died', 'retracted')),
    happened_on date not null,
    precision text not null default 'day' check (precision in ('day', 'month', 'year')),
    as_of date not null,
    note jsonb not null default '{}',
    source jsonb not null default '{}',
    source_url text not null default '',
    corrects uuid unique references case_event,
    written_by text not null default '',
    written_at timestamptz not null default now(),
    check (kind = 'retracted' or source_url ~ '^https?://'),
    check (kind <> 'retracted' or corrects is not null),
    check (as_of >= happened_on or precision <> 'day')
);
create index case_event_case on case_event (case_id, happened_on);
-- The same news entered twice stands once.
create unique index case_event_once on case_event (case_id, kind, happened_on, source_url) where corrects is null;

create view standing_event as
select e.*
from case_event e
where e.kind <> 'retracted' and not exists (select from case_event c where c.corrects = e.id);

-- What others may want to tell people about, in the order in which it was committed to: the news reads it from where it stopped.
create table case_change (
    id bigint generated always as identity primary key,
    case_id uuid not null references case_file,
    kind text not null check (kind in ('status', 'corrected', 'published', 'renamed', 'merged', 'taken-down', 'edited')),
    event_id uuid references case_event,
    at timestamptz not null default now()
);

-- Photos, logos and arms, by the hash of their bytes, without what a camera writes into them.
create table picture (
    hash text primary key check (hash ~ '^[0-9a-f]{64}$'),
    media_type text not null check (media_type in ('image/jpeg', 'image/png')),
    content bytea not null check (length(content) between 1 and 3000000),
    width integer not null,
    height integer not null,
    added_at timestamptz not null default now()
);

-- "Please take this page down": who asks and why is sealed.
create table case_request (
    id uuid primary key,
    case_id uuid not null references case_file,
    payload bytea,
    language text not null,
    received_at timestamptz not null default now(),
    outcome text check (outcome in ('taken-down', 'kept')),
    decided_at timestamptz,
    check ((outcome is null) = (decided_at is null))
);
create index case_request_open on case_request (received_at) where outcome is null;

-- Whom a petition speaks of; one without a row speaks of all.
create table petition_case (
    petition_id uuid not null references petition,
    case_id uuid not null references case_file,
    primary key (petition_id, case_id)
);

-- Facts of the campaign that organizers write once: its first day, the association that collects, addresses to write to, links.
create table campaign_fact (
    key text primary key check (key in ('start', 'support', 'addresses', 'follow')),
    value jsonb not null,
    updated_at timestamptz not null default now()
);

-- ------------------------------------------------------------------------------------------------ sponsors

create table sponsor (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$'),
    is_sample boolean not null default false,
    kind text not null check (kind in ('city', 'parliamentarian', 'party', 'ngo', 'university', 'personality', 'religious', 'company')),
    names jsonb not null check (names <> '{}'),
    country text not null check (country ~ '^[A-Z]{2}$'),
    mandate_end date,
    website text not null default '' check (website = '' or website ~ '^https?://'),
    statement jsonb not null default '{}',
    logo text,
    contact bytea,
    created_at timestamptz not null default now()
);

-- A signed deed or a vote, as a file: shown to everyone once the sponsorship is announced.
create table paper (
    hash text primary key check (hash ~ '^[0-9a-f]{64}$'),
    content bytea not null check (length(content) between 5 and 8000000),
    added_at timestamptz not null default now()
);

create table sponsorship (
    id uuid primary key,
    sponsor_id uuid not null references sponsor,
    case_id uuid references case_file,
    offer_id uuid unique,
    state text not null default 'agreed' check (state in ('agreed', 'signed', 'announced', 'active', 'handed-over', 'fulfilled', 'ended')),
    deed text check (deed in ('deed', 'motion')),
    deed_reference text not null default '',
    deed_on date,
    deed_place text not null default '',
    deed_vote text not null default '',
    deed_paper text references paper,
    announced_on date,
    ended_on date,
    handed_to uuid references sponsorship,
    created_at timestamptz not null default now(),
    check ((deed is null) = (deed_on is null)),
    check (deed is not null or state in ('agreed', 'fulfilled', 'ended')),
    check (state not in ('announced', 'active', 'handed-over') or announced_on is not null),
    check ((state in ('handed-over', 'fulfilled', 'ended')) = (ended_on is not null)),
    check ((state = 'handed-over') = (handed_to is not null))
);
-- A sponsor stands for the same prisoner (or for the whole group) once at a time.
create unique index sponsorship_one on sponsorship (sponsor_id, case_id) nulls not distinct
    where state in ('agreed', 'signed', 'announced', 'active');
create index sponsorship_case on sponsorship (case_id);

-- A sponsorship goes forward only, and nothing is announced that was not signed or voted.
create function sponsorship_goes_forward() returns trigger language plpgsql as $$
begin
    if not (
        (old.state = 'agreed' and new.state in ('signed', 'fulfilled', 'ended'))
        or (old.state = 'signed' and new.state in ('announced', 'fulfilled', 'ended'))
        or (old.state = 'announced' and new.state in ('active', 'handed-over', 'fulfilled', 'ended'))
        or (old.state = 'active' and new.state in ('handed-over', 'fulfilled', 'ended'))
    ) then
        raise exception 'a sponsorship cannot go from % to %', old.state, new.state using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger sponsorship_forward before update of state on sponsorship
    for each row when (old.state is distinct from new.state) execute function sponsorship_goes_forward();

create table sponsorship_event (
    id bigint generated always as identity primary key,
    sponsorship_id uuid not null references sponsorship,
    state text not null,
    happened_on date not null,
    written_by text not null default '',
    written_at timestamptz not null default now()
);
create index sponsorship_event_of on sponsorship_event (sponsorship_id);

-- What a sponsor did: a letter, a speech, a visit … each with its day and a link that proves it.
create table sponsor_act (
    id uuid primary key,
    sponsorship_id uuid not null references sponsorship,
    kind text not null check (kind in ('letter', 'speech', 'visit', 'motion', 'question', 'article', 'event', 'retracted')),
    happened_on date not null,
    what jsonb not null default '{}',
    proof_url text not null default '',
    corrects uuid unique references sponsor_act,
    written_by text not null default '',
    written_at timestamptz not null default now(),
    check (kind = 'retracted' or proof_url ~ '^https?://'),
    check (kind <> 'retracted' or corrects is not null)
);
create index sponsor_act_of on sponsor_act (sponsorship_id, happened_on);

-- Somebody offers to stand for a prisoner. Nothing of it is public, ever: organizers write sponsor and sponsorship themselves.
create table sponsor_offer (
    id uuid primary key,
    payload bytea,
    language text not null,
    case_ids uuid[] not null default '{}',
    state text not null default 'received'
        check (state in ('received', 'mailed', 'unreachable', 'verified', 'accepted', 'refused', 'not-me', 'expired')),
    lane text not null,
    prefix bytea,
    received_at timestamptz not null default now(),
    attempts smallint not null default 0,
    due_at timestamptz not null default now(),
    verified_at timestamptz,
    ended_at timestamptz,
    check (state not in ('accepted', 'refused', 'expired', 'unreachable') or payload is null)
);
create index sponsor_offer_due on sponsor_offer (due_at) where state in ('received', 'not-me') and payload is not null;
create index sponsor_offer_desk on sponsor_offer (received_at) where state in ('mailed', 'verified');

create function offer_goes_forward() returns trigger language plpgsql as $$
begin
    if not (
        (old.state = 'received' and new.state in ('mailed', 'unreachable', 'expired'))
        or (old.state = 'mailed' and new.state in ('verified', 'not-me', 'expired'))
        or (old.state = 'verified' and new.state in ('accepted', 'refused', 'expired'))
    ) then
        raise exception 'an offer cannot go from % to %', old.state, new.state using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger offer_forward before update of state on sponsor_offer
    for each row when (old.state is distinct from new.state) execute function offer_goes_forward();

-- The link of an offer's mail is a token like the others.
alter table token drop constraint token_purpose_check;
alter table token add constraint token_purpose_check check (purpose ~ '^[a-z-]{3,20}$');

-- ------------------------------------------------------------------------------------------------ cities

-- A town whose council may be asked: the ways in which its people write where they live (folded; "6900*" is a beginning).
create table city (
    slug text primary key check (slug ~ '^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$'),
    country text not null check (country ~ '^[A-Z]{2}$'),
    names jsonb not null check (names <> '{}'),
    places text[] not null check (cardinality(places) > 0),
    is_sample boolean not null default false,
    created_at timestamptz not null default now()
);

-- Where signers live joins the other sums of settled days. The place stands in the sealed blob only, so the worker opens it
-- once; until then the row keeps its day (see signatures.add_up).
alter table signature add column is_placed boolean not null default false;
alter table daily_sum drop constraint daily_sum_kind_check;
alter table daily_sum add constraint daily_sum_kind_check check (kind in ('confirmed', 'country', 'language', 'partner', 'locality'));

-- ------------------------------------------------------------------------------------------------ one number for all of it

-- Whatever changes in the register raises this number in the same transaction, so that whoever holds a copy sees with one
-- look whether it is still good. The row's lock puts changes in the order of their commits; only organizers write here.
create table register_stamp (
    is_one boolean primary key default true check (is_one),
    n bigint not null default 0
);
insert into register_stamp default values;

create function register_moved() returns trigger language plpgsql as $$
begin
    update register_stamp set n = n + 1;
    return null;
end $$;

do $$
declare
    each text;
begin
    foreach each in array array[
        'case_file', 'case_slug', 'case_event', 'petition_case', 'campaign_fact', 'sponsor', 'sponsorship', 'sponsor_act', 'city'
    ] loop
        execute format(
            'create trigger register_moved after insert or update or delete on %I for each statement execute function register_moved()', each
        );
    end loop;
end $$;

-- ------------------------------------------------------------------------------------------------ what the service may do

do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant select, insert on
            case_file, case_slug, case_event, case_change, picture, case_request, petition_case, campaign_fact, sponsor, paper,
            sponsorship, sponsorship_event, sponsor_act, sponsor_offer, city
            to libertas_app;
        grant select on standing_event to libertas_app;
        grant select, update on register_stamp to libertas_app;
        grant update on case_file, case_request, campaign_fact, sponsor, sponsorship, sponsor_offer, city to libertas_app;
        -- A picture that must go is gone; a town that is no longer asked, too.
        grant delete on picture, petition_case, city to libertas_app;
        grant usage on all sequences in schema public to libertas_app;
    end if;
end $$;
