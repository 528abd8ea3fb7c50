-- The foundation: petitions, the way of a signature, mail, and the ledgers.
-- Core PostgreSQL 15 or later; identifiers come from the application; every unique key begins with the petition where it can.

-- ------------------------------------------------------------------------------------------------ petitions

create table petition (
    id uuid primary key,
    slug text not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,78}[a-z0-9])?$'),
    status text not null default 'draft' check (status in ('draft', 'open', 'paused', 'closed', 'delivered', 'archived')),
    is_sample boolean not null default false,
    is_protected boolean not null default false,
    is_sealed boolean not null default false,
    goal integer not null default 0 check (goal >= 0),
    time_zone text not null default 'Europe/Paris',
    opens_at timestamptz not null,
    closes_at timestamptz,
    paused_at timestamptz,
    norm text not null default 'email-norm/v1',
    text_version integer not null default 0,
    asks_locality boolean not null default false,
    created_at timestamptz not null default now(),
    check (closes_at is null or closes_at > opens_at),
    check ((status = 'paused') = (paused_at is not null))
);

-- A published text is history: a correction is a new version, and old signatures stay bound to the old one.
create table text_version (
    petition_id uuid not null references petition,
    version integer not null check (version > 0),
    manifest bytea not null,
    manifest_hash bytea not null check (length(manifest_hash) = 32),
    published_at timestamptz not null default now(),
    primary key (petition_id, version)
);

create table petition_text (
    petition_id uuid not null,
    version integer not null,
    language text not null check (language ~ '^[a-z]{2}$'),
    title text not null,
    summary text not null,
    statement text not null,
    consent text not null,
    privacy text not null,
    primary key (petition_id, version, language),
    foreign key (petition_id, version) references text_version
);

-- To whom the petition speaks; offices with dated holders follow with the desk.
create table petition_recipient (
    petition_id uuid not null references petition,
    position integer not null,
    name jsonb not null,
    primary key (petition_id, position)
);

-- No number about prisoners is ever a constant: a figure has a source and a date, and is shown with both.
create table petition_figure (
    petition_id uuid not null references petition,
    position integer not null,
    value integer not null check (value >= 0),
    label jsonb not null,
    as_of date not null,
    source jsonb not null,
    source_url text not null,
    primary key (petition_id, position)
);

create table petition_source (
    petition_id uuid not null references petition,
    position integer not null,
    title jsonb not null,
    url text not null,
    dated date,
    primary key (petition_id, position)
);

-- ------------------------------------------------------------------------------------------------ intake

-- One row for each accepted form, committed before anyone is answered. The id is the hash of petition and form key, so
-- the primary key alone makes a repeat harmless. The payload is one sealed blob, nulled when the row is decided.
create table intake (
    id bytea primary key check (length(id) = 32),
    petition_id uuid,
    kind text not null check (kind in ('sign', 'resend', 'manage', 'not-me')),
    payload bytea,
    key_id integer not null,
    lane text not null check (lane in ('api', 'page', 'slow', 'captcha-down', 'open')),
    prefix bytea,
    proof_at timestamptz,
    received_at timestamptz not null default now(),
    attempts smallint not null default 0,
    claimed_until timestamptz,
    outcome text,
    signature_id uuid,
    decided_at timestamptz,
    check ((outcome is null) = (decided_at is null)),
    check (outcome is null or payload is null)
);
-- The worker's queue: undecided rows, oldest first.
create index intake_waiting on intake (received_at) where decided_at is null;
-- Decided rows are dropped after 48 h.
create index intake_decided on intake (decided_at) where decided_at is not null;

-- A solved challenge or captcha token counts once. Written in the same statement as the intake rows.
create table proof_used (
    replay_key bytea primary key,
    intake_id bytea not null,
    expires_at timestamptz not null
);
create index proof_used_old on proof_used (expires_at);

-- ------------------------------------------------------------------------------------------------ signatures

create table signature (
    id uuid primary key,
    petition_id uuid not null references petition,
    text_version integer not null,
    state text not null check (state in ('pending', 'held', 'confirmed', 'invalidated', 'withdrawn', 'expired', 'erased')),
    visibility text not null check (visibility in ('count', 'show', 'protect')),
    email_index bytea,
    exact_index bytea,
    blob bytea,
    key_id integer,
    sealed_blob bytea,
    sealed_to text[],
    lane text,
    marks text[] not null default '{}',
    prefix bytea,
    domain bytea,
    country text,
    language text,
    partner text,
    handover boolean,
    received_at timestamptz,
    decided_at timestamptz not null default now(),
    confirmed_at timestamptz,
    day date,
    operational_until timestamptz,
    log_index bigint,
    ended_at timestamptz,
    foreign key (petition_id, text_version) references text_version
);
-- One living signature for each petition and mailbox, under any concurrency.
create unique index signature_one on signature (petition_id, email_index)
    where state in ('pending', 'held', 'confirmed', 'invalidated');
-- "Mail me my link" and the daily sums; pending rows that grow old.
create index signature_pending on signature (received_at) where state in ('pending', 'held');
-- (the version beside it, so that counting by day or version never reads the rows)
create index signature_day on signature (petition_id, day) include (text_version) where state = 'confirmed';
create index signature_key on signature (key_id) where blob is not null;
-- Velocity of client prefixes and mail domains within the last hour (keyed hashes, nulled after a day).
create index signature_prefix on signature (prefix, decided_at) where prefix is not null;
create index signature_domain on signature (domain, decided_at) where domain is not null;
-- Confirmed rows on their way to the daily sums.
create index signature_operational on signature (operational_until) where operational_until is not null;

-- A signature's life goes forward only; nothing brings a withdrawn signature back.
create function signature_goes_forward() returns trigger language plpgsql as $$
begin
    if not (
        (old.state = 'held' and new.state in ('pending', 'confirmed', 'invalidated', 'withdrawn', 'expired', 'erased'))
        or (old.state = 'pending' and new.state in ('held', 'confirmed', 'withdrawn', 'expired', 'erased'))
        or (old.state = 'confirmed' and new.state in ('invalidated', 'withdrawn', 'erased'))
        or (old.state = 'invalidated' and new.state in ('confirmed', 'withdrawn', 'erased'))
        or (old.state in ('withdrawn', 'expired') and new.state = 'erased')
    ) then
        raise exception 'a signature cannot go from % to %', old.state, new.state using errcode = 'check_violation';
    end if;
    return new;
end $$;
create trigger signature_forward before update of state on signature
    for each row when (old.state is distinct from new.state) execute function signature_goes_forward();

-- A capability sent by mail: only the hash of its handle is kept.
create table token (
    hash bytea primary key check (length(hash) = 32),
    purpose text not null check (purpose in ('confirm', 'manage', 'not-me', 'unsubscribe')),
    signature_id uuid not null,
    mail_id uuid,
    expires_at timestamptz not null,
    asked_at timestamptz
);
create index token_signature on token (signature_id);
create index token_old on token (expires_at);

-- Names whose owners asked to be shown; shown only after a person has looked, in daily batches.
create table shown_name (
    signature_id uuid primary key,
    petition_id uuid not null references petition,
    name text not null,
    role text not null default '',
    review text not null default 'waiting' check (review in ('waiting', 'shown', 'refused')),
    show_from date
);
create index shown_name_listed on shown_name (petition_id, name) where review = 'shown';
create index shown_name_waiting on shown_name (petition_id, name) where review = 'waiting';

-- Sums by day, the only place where country, language, partner and a yes to being named live on.
create table daily_sum (
    petition_id uuid not null references petition,
    day date not null,
    kind text not null check (kind in ('confirmed', 'country', 'language', 'partner', 'handover')),
    key text not null default '',
    n integer not null check (n >= 0),
    primary key (petition_id, kind, day, key)
);

-- Counters of forms and their ends, for the certificate's asserted part; moved by the worker only.
create table outcome_sum (
    petition_id uuid not null references petition,
    outcome text not null,
    n bigint not null default 0,
    primary key (petition_id, outcome)
);

-- ------------------------------------------------------------------------------------------------ mail

-- A mail is due, then sent or given up. It holds a template's name, ids and a sealed address: never a body, never a token.
create table mail (
    id uuid primary key,
    template text not null,
    language text not null,
    address bytea,
    key_id integer,
    petition_id uuid,
    signature_id uuid,
    facts jsonb not null default '{}',
    domain bytea not null,
    priority smallint not null default 5,
    state text not null default 'due' check (state in ('due', 'sent', 'failed')),
    attempts smallint not null default 0,
    due_at timestamptz not null default now(),
    claimed_until timestamptz,
    claim bigint not null default 0,
    code text,
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    ended_at timestamptz,
    check ((state = 'due') = (ended_at is null))
);
create index mail_due on mail (priority, due_at) where state = 'due';
create index mail_ended on mail (ended_at) where ended_at is not null;
create index mail_signature on mail (signature_id) where state = 'due';

-- How patient to be with a provider: keyed hash of the registrable domain, never the domain.
create table mail_domain (
    domain bytea primary key,
    paused_until timestamptz,
    failures integer not null default 0,
    last_code text,
    updated_at timestamptz not null default now()
);

-- Caps by canonical address, across all petitions and kinds of mail, under a key that changes weekly.
create table mail_cap (
    address_index bytea not null,
    at timestamptz not null default now()
);
create index mail_cap_address on mail_cap (address_index, at);
create index mail_cap_old on mail_cap (at);

-- Addresses that shall get no mail ever again: a keyed hash, and why.
create table suppression (
    address_index bytea primary key,
    reason text not null check (reason in ('not-me', 'bounced', 'complained')),
    at timestamptz not null default now()
);

-- ------------------------------------------------------------------------------------------------ ledgers

create table log (
    id text primary key,
    origin text not null unique,
    petition_id uuid unique references petition,
    vkey text not null,
    size bigint not null default 0,
    root bytea not null,
    added bigint not null default 0,
    count bigint not null default 0,
    text_version integer not null default 0,
    is_closed boolean not null default false,
    sealed_at timestamptz,
    published_size bigint not null default 0,
    published_root bytea,
    published_count bigint not null default 0,
    published_at timestamptz,
    created_at timestamptz not null default now()
);

-- Entries that wait for their index. An A is finished when it is queued; the others name their A by signature and get its
-- index at the seal. Unique for each signature and kind, so that no leaf is lost or doubled, by construction.
create table outbox (
    id bigint generated always as identity primary key,
    log_id text not null references log,
    kind "char" not null check (kind in ('T', 'A', 'W', 'X', 'R', 'E', 'Z', 'P', 'S', 'C', 'K')),
    signature_id uuid,
    entry bytea,
    reason text,
    promised_until timestamptz,
    queued_at timestamptz not null default now()
);
create index outbox_log on outbox (log_id, id);
create unique index outbox_added on outbox (signature_id) where kind = 'A';

create table entry (
    log_id text not null references log,
    idx bigint not null check (idx >= 0),
    kind "char" not null,
    entry bytea not null,
    ref bigint,
    primary key (log_id, idx)
);
-- A commitment stands once; a leaf is withdrawn once and erased once.
create unique index entry_commit on entry (log_id, entry) where kind = 'A';
create unique index entry_withdrawn on entry (log_id, ref) where kind = 'W';
create unique index entry_erased on entry (log_id, ref) where kind = 'E';
-- An announcement stands once in the anchor log, and is found without reading all of it.
create unique index entry_anchored on entry (log_id, entry) where kind in ('S', 'C', 'K');
create index entry_ref on entry (log_id, ref) where ref is not null;

create table tile (
    log_id text not null references log,
    level smallint not null,
    idx bigint not null,
    hashes bytea not null check (length(hashes) between 32 and 8192 and length(hashes) % 32 = 0),
    primary key (log_id, level, idx)
);

create table checkpoint (
    log_id text not null references log,
    size bigint not null,
    root bytea not null check (length(root) = 32),
    count bigint not null,
    created_at timestamptz not null default now(),
    primary key (log_id, size)
);

-- The signed note of a checkpoint: stored before anyone sees it; what is stored wins over what a retry would sign.
create table checkpoint_note (
    log_id text not null,
    size bigint not null,
    note bytea not null,
    signed_at timestamptz not null default now(),
    primary key (log_id, size),
    foreign key (log_id, size) references checkpoint
);

-- ------------------------------------------------------------------------------------------------ certificates

create table certificate (
    id text primary key check (id ~ '^[0-9a-f]{64}$'),
    petition_id uuid not null references petition,
    serial integer not null,
    recipient text not null,
    size bigint not null,
    count bigint not null,
    replaces text references certificate,
    bundle bytea not null,
    issued_at timestamptz not null default now(),
    unique (petition_id, serial)
);

-- ------------------------------------------------------------------------------------------------ what the service may do

-- The service's own role can change what is alive, and can only add to what is history.
do $$
begin
    if exists (select from pg_roles where rolname = 'libertas_app') then
        grant usage on schema public to libertas_app;
        grant select on all tables in schema public to libertas_app;
        grant insert on all tables in schema public to libertas_app;
        grant update, delete on
            intake, proof_used, signature, token, shown_name, mail, mail_domain, mail_cap, suppression, outbox
            to libertas_app;
        grant update on petition, log, tile, daily_sum, outcome_sum to libertas_app;
        grant usage on all sequences in schema public to libertas_app;
        revoke insert on migration from libertas_app;
    end if;
end $$;
