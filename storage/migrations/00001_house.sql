-- The house: people, questionnaires, rounds, ballots, deliveries, scores and the audit log.
-- Migrations are append-only; each runs in one transaction.

-- +goose Up

-- Who is asked and who is rated ---------------------------------------------------------------

CREATE TABLE unit (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text   NOT NULL UNIQUE,
    name       jsonb  NOT NULL,
    kind       text   NOT NULL DEFAULT '',
    parent_id  bigint REFERENCES unit,
    attributes jsonb  NOT NULL DEFAULT '{}'
);

CREATE TABLE person (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text   NOT NULL UNIQUE,
    name         text   NOT NULL DEFAULT '',
    language     text   NOT NULL DEFAULT '',
    telegram_id  bigint UNIQUE,
    phone_hash   bytea  UNIQUE,
    district     text   NOT NULL DEFAULT '',
    age_band     text   NOT NULL DEFAULT '',
    enrolled     boolean NOT NULL DEFAULT false, -- came by itself (public link, PINGYI_ADMINS), not from the roster
    linked_at    timestamptz,
    unreachable_at timestamptz,                  -- blocked the bot or is deactivated
    stopped_at   timestamptz,                    -- pressed /stop
    created_at   timestamptz NOT NULL
);

CREATE TABLE membership (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id  bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    kind       text   NOT NULL CHECK (kind IN ('citizen', 'staff', 'leader')),
    unit_id    bigint REFERENCES unit,
    manager_id bigint REFERENCES person ON DELETE SET NULL,
    post       text   NOT NULL DEFAULT '',
    from_date  date,
    to_date    date,
    enrolled   boolean NOT NULL DEFAULT false    -- by the public link: a new roster leaves it alone
);
CREATE INDEX ON membership (person_id);
CREATE INDEX ON membership (kind, unit_id);
CREATE INDEX ON membership (manager_id) WHERE manager_id IS NOT NULL;

-- Only the hash of a one-use token is kept: a copy of the database opens no door.
CREATE TABLE invite (
    token_hash bytea  PRIMARY KEY,
    person_id  bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX ON invite (person_id);

CREATE TABLE consent (
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    version   text   NOT NULL,
    given_at  timestamptz NOT NULL,
    PRIMARY KEY (person_id, version)
);

CREATE TABLE role (
    person_id bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    role      text   NOT NULL CHECK (role IN ('admin', 'organiser', 'auditor', 'contact')),
    unit_id   bigint REFERENCES unit
);
CREATE UNIQUE INDEX ON role (person_id, role, coalesce(unit_id, 0));

-- Somebody with another account claims a person who is linked already: an admin decides.
CREATE TABLE relink (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id   bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    telegram_id bigint NOT NULL,
    language    text   NOT NULL DEFAULT '',
    state       text   NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'rejected')),
    created_at  timestamptz NOT NULL,
    decided_at  timestamptz,
    decided_by  bigint REFERENCES person ON DELETE SET NULL
);
CREATE UNIQUE INDEX ON relink (person_id, telegram_id) WHERE state = 'waiting';

CREATE TABLE subject (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text   NOT NULL UNIQUE,
    name       jsonb  NOT NULL,
    kind       text   NOT NULL,
    group_code text   NOT NULL DEFAULT '',
    parent     text   NOT NULL DEFAULT '',
    unit_id    bigint REFERENCES unit,
    person_id  bigint REFERENCES person ON DELETE SET NULL,
    attributes jsonb  NOT NULL DEFAULT '{}',
    active     boolean NOT NULL DEFAULT true
);

-- What is asked and how it is weighed ----------------------------------------------------------

CREATE TABLE questionnaire (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text   NOT NULL,
    version    int    NOT NULL,
    hash       bytea  NOT NULL,
    body       text   NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (code, version)
);

CREATE TABLE scheme (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text   NOT NULL,
    version    int    NOT NULL,
    hash       bytea  NOT NULL,
    body       text   NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (code, version)
);

CREATE TABLE series (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code     text   NOT NULL UNIQUE,
    body     text   NOT NULL,   -- the series file; each due time makes a round of it
    active   boolean NOT NULL DEFAULT true,
    since    timestamptz NOT NULL, -- due times up to here are settled: fired, or skipped by the misfire policy
    next_due timestamptz
);

CREATE TABLE calendar (
    day     date PRIMARY KEY,
    working boolean NOT NULL
);

-- Rounds ---------------------------------------------------------------------------------------

CREATE TABLE round (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text   NOT NULL UNIQUE,
    title      jsonb  NOT NULL,
    period     text   NOT NULL DEFAULT '',
    spec       text   NOT NULL,               -- the round file it came from
    state      text   NOT NULL DEFAULT 'draft'
               CHECK (state IN ('draft', 'scheduled', 'open', 'paused', 'closed', 'cancelled')),
    scheme_id  bigint REFERENCES scheme,      -- pinned at opening
    series_id  bigint REFERENCES series,
    due_at     timestamptz,
    opens_at   timestamptz,
    closes_at  timestamptz,
    opened_at  timestamptz,
    closed_at  timestamptz,
    reminded   int    NOT NULL DEFAULT 0,     -- how many of the planned reminders went out
    seed       bytea  NOT NULL,               -- decides the drawing of samples and subjects
    salt       bytea,                         -- half of the round key; gone once closed
    UNIQUE (series_id, due_at)
);
CREATE INDEX ON round (state);

CREATE TABLE round_subject (
    round_id   bigint NOT NULL REFERENCES round ON DELETE CASCADE,
    subject_id bigint NOT NULL REFERENCES subject,
    position   int    NOT NULL,
    group_code text   NOT NULL DEFAULT '',
    attributes jsonb  NOT NULL DEFAULT '{}',
    PRIMARY KEY (round_id, subject_id)
);

CREATE TABLE panel (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id         bigint NOT NULL REFERENCES round ON DELETE CASCADE,
    code             text   NOT NULL,
    position         int    NOT NULL,
    title            jsonb  NOT NULL,
    relation         text   NOT NULL DEFAULT '',
    identity         text   NOT NULL CHECK (identity IN ('anonymous', 'confidential', 'named')),
    minimum          int    NOT NULL,
    asks             text   NOT NULL CHECK (asks IN ('every', 'draw', 'choose')),
    asks_min         int    NOT NULL DEFAULT 0,
    asks_max         int    NOT NULL DEFAULT 0,
    sampled          boolean NOT NULL DEFAULT false, -- who joins later is not in the sample
    who              jsonb  NOT NULL,
    questionnaire_id bigint NOT NULL REFERENCES questionnaire, -- pinned at opening
    UNIQUE (round_id, code)
);

CREATE TABLE request (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id   bigint NOT NULL REFERENCES round ON DELETE CASCADE,
    panel_id   bigint NOT NULL REFERENCES panel ON DELETE CASCADE,
    person_id  bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    state      text   NOT NULL DEFAULT 'pending'
               CHECK (state IN ('pending', 'sent', 'opened', 'done', 'declined', 'unreachable', 'expired')),
    stratum    text   NOT NULL DEFAULT '',  -- pinned: later moves of the person change nothing
    unit_path  text   NOT NULL DEFAULT '',
    message_id bigint,                      -- the live message in the person's chat
    sent_at    timestamptz,
    opened_at  timestamptz,
    done_at    timestamptz,
    UNIQUE (round_id, person_id, panel_id)
);
CREATE INDEX ON request (person_id);
CREATE INDEX ON request (panel_id, state);

CREATE TABLE assignment (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id   bigint NOT NULL,             -- the request's, as is the person: it goes with the request
    request_id bigint NOT NULL REFERENCES request ON DELETE CASCADE,
    person_id  bigint NOT NULL,
    subject_id bigint REFERENCES subject,
    relation   text   NOT NULL DEFAULT '',
    position   int    NOT NULL DEFAULT 0,
    state      text   NOT NULL DEFAULT 'invited'
               CHECK (state IN ('proposed', 'invited', 'answered', 'recused', 'withdrawn', 'expired')),
    UNIQUE (round_id, person_id, subject_id, relation)
);
CREATE INDEX ON assignment (request_id);
CREATE INDEX ON assignment (person_id);

-- Ballots of an open round. No column names a person, no transaction that writes here writes or
-- locks a row that does. Each open round has a partition of its own, dropped when it closes.

CREATE TABLE open_ballot (
    round_id   bigint NOT NULL,
    id         bytea  NOT NULL,             -- HMAC(round key, assignment)
    panel_id   bigint NOT NULL,
    subject_id bigint NOT NULL,
    relation   text   NOT NULL DEFAULT '',
    stratum    text   NOT NULL DEFAULT '',
    PRIMARY KEY (round_id, id)
) PARTITION BY LIST (round_id);

CREATE TABLE open_answer (
    round_id  bigint   NOT NULL,
    ballot_id bytea    NOT NULL,
    item      smallint NOT NULL,
    value     text     NOT NULL,
    PRIMARY KEY (round_id, ballot_id, item)
) PARTITION BY LIST (round_id);

CREATE TABLE open_comment (
    round_id  bigint   NOT NULL,
    ballot_id bytea    NOT NULL,
    item      smallint NOT NULL,
    text      text     NOT NULL,
    PRIMARY KEY (round_id, ballot_id, item)
) PARTITION BY LIST (round_id);

-- Ballots of closed rounds, copied in random order under random ids.

CREATE TABLE ballot (
    round_id   bigint NOT NULL REFERENCES round ON DELETE CASCADE,
    id         bigint NOT NULL,
    panel_id   bigint NOT NULL REFERENCES panel,
    subject_id bigint NOT NULL REFERENCES subject,
    relation   text   NOT NULL DEFAULT '',
    stratum    text   NOT NULL DEFAULT '',
    status     text   NOT NULL DEFAULT 'valid', -- valid, draft (never submitted) or the reason it is void
    respondent text,                            -- anonymous: empty; confidential: a pseudonym; named: the person's code
    PRIMARY KEY (round_id, id)
);

CREATE TABLE answer (
    round_id  bigint   NOT NULL,
    ballot_id bigint   NOT NULL,
    item      smallint NOT NULL,
    value     text     NOT NULL,
    PRIMARY KEY (round_id, ballot_id, item) -- no foreign key: one statement writes all of a round's, for good
);

CREATE TABLE comment (
    id         bigint NOT NULL PRIMARY KEY,     -- random
    round_id   bigint NOT NULL REFERENCES round ON DELETE CASCADE,
    panel_id   bigint NOT NULL REFERENCES panel,
    subject_id bigint NOT NULL REFERENCES subject,
    relation   text   NOT NULL DEFAULT '',
    item       smallint NOT NULL,
    ballot_id  bigint,                          -- null for anonymous panels
    text       text   NOT NULL
);
CREATE INDEX ON comment (round_id, subject_id);

-- What remains of who took part once a round is closed: counts.
CREATE TABLE participation (
    round_id   bigint NOT NULL REFERENCES round ON DELETE CASCADE,
    panel_id   bigint NOT NULL REFERENCES panel ON DELETE CASCADE,
    subject_id bigint REFERENCES subject,
    relation   text   NOT NULL DEFAULT '',
    asked      int    NOT NULL,
    answered   int    NOT NULL,
    drafts     int    NOT NULL DEFAULT 0
);
CREATE INDEX ON participation (round_id);

-- The counts of people by panel and group at the end of a round; requests are not kept for good.
CREATE TABLE turnout (
    round_id    bigint NOT NULL REFERENCES round ON DELETE CASCADE,
    panel_id    bigint NOT NULL REFERENCES panel ON DELETE CASCADE,
    group_code  text,                          -- null: the whole panel; '': the groups too small to stand alone
    asked       int NOT NULL,
    delivered   int NOT NULL,
    opened      int NOT NULL,
    done        int NOT NULL,
    declined    int NOT NULL,
    unreachable int NOT NULL
);
CREATE INDEX ON turnout (round_id);

-- What is to be sent ---------------------------------------------------------------------------

CREATE TABLE delivery (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text   NOT NULL,
    person_id    bigint NOT NULL REFERENCES person ON DELETE CASCADE,
    request_id   bigint REFERENCES request ON DELETE CASCADE,
    round_id     bigint REFERENCES round ON DELETE CASCADE,
    args         jsonb  NOT NULL DEFAULT '{}',   -- ids only, never text
    state        text   NOT NULL DEFAULT 'pending'
                 CHECK (state IN ('pending', 'leased', 'sent', 'unreachable', 'failed', 'expired')),
    priority     smallint NOT NULL DEFAULT 1,    -- 0: somebody is waiting for it
    due_at       timestamptz NOT NULL,
    leased_until timestamptz,
    leased_by    text,
    attempts     int    NOT NULL DEFAULT 0,
    message_id   bigint,
    error        text   NOT NULL DEFAULT ''
);
CREATE INDEX ON delivery (priority, due_at, id) WHERE state IN ('pending', 'leased');
CREATE INDEX ON delivery (person_id);
CREATE INDEX ON delivery (request_id);
CREATE INDEX ON delivery (round_id, kind);
-- A request is asked for once, however often the clock or a join says so.
CREATE UNIQUE INDEX ON delivery (request_id) WHERE kind = 'invitation' AND state IN ('pending', 'leased');

-- Values, ledger, evaluations ------------------------------------------------------------------

CREATE TABLE indicator_value (
    subject_id bigint NOT NULL REFERENCES subject,
    indicator  text   NOT NULL,
    period     text   NOT NULL DEFAULT '',
    source     text   NOT NULL DEFAULT '',
    date       date,
    value      text   NOT NULL,
    target     text   NOT NULL DEFAULT '',
    due        date,
    weight     text   NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX ON indicator_value (subject_id, indicator, period, source, coalesce(date, '0001-01-01'));

CREATE TABLE ledger (
    id         text   PRIMARY KEY,
    subject_id bigint NOT NULL REFERENCES subject,
    kind       text   NOT NULL,
    points     text   NOT NULL DEFAULT '',
    category   text   NOT NULL DEFAULT '',
    date       date,
    approved   text   NOT NULL DEFAULT '',
    matter     text   NOT NULL DEFAULT '',
    level      text   NOT NULL DEFAULT '',
    indicator  text   NOT NULL DEFAULT '',
    period     text   NOT NULL DEFAULT '',
    reason     text   NOT NULL DEFAULT ''
);

CREATE TABLE evaluation (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code         text   NOT NULL UNIQUE,
    title        jsonb  NOT NULL,
    period       text   NOT NULL DEFAULT '',
    state        text   NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'scored', 'approved', 'published')),
    scheme_id    bigint NOT NULL REFERENCES scheme,
    params       jsonb  NOT NULL DEFAULT '{}',
    published_at timestamptz
);

CREATE TABLE evaluation_round (
    evaluation_id bigint NOT NULL REFERENCES evaluation ON DELETE CASCADE,
    round_id      bigint NOT NULL REFERENCES round,
    period        text   NOT NULL DEFAULT '',   -- the part of the evaluation's period it stands for
    PRIMARY KEY (evaluation_id, round_id)
);

-- Immutable: a new run is a new row.
CREATE TABLE score_run (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    evaluation_id bigint NOT NULL REFERENCES evaluation,
    scheme_id     bigint NOT NULL REFERENCES scheme,
    inputs_hash   bytea  NOT NULL,              -- sha256 of the inputs before compression
    inputs        bytea  NOT NULL,              -- all that was computed from, without any name of a respondent
    result        text   NOT NULL,              -- the result as JSON, trace and all
    created_at    timestamptz NOT NULL
);
CREATE INDEX ON score_run (evaluation_id, id DESC);

CREATE TABLE score (
    run_id     bigint NOT NULL REFERENCES score_run ON DELETE CASCADE,
    subject_id bigint NOT NULL REFERENCES subject,
    total      numeric,
    rank       int,
    grade      text   NOT NULL DEFAULT '',
    trace      jsonb  NOT NULL,
    PRIMARY KEY (run_id, subject_id)
);

-- The rest --------------------------------------------------------------------------------------

CREATE TABLE file (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text   NOT NULL,
    hash       bytea  NOT NULL,
    body       bytea  NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE setting (
    key   text  PRIMARY KEY,
    value jsonb NOT NULL
);

-- Append-only and chained: each row's hash covers the one before. What a person could read stands
-- in audit_detail under a keyed digest and can be erased without breaking the chain.
CREATE TABLE audit (
    id        bigint PRIMARY KEY,
    at        timestamptz NOT NULL,
    actor_id  bigint NOT NULL,      -- 0: the clock or the command line
    action    text   NOT NULL,
    object    text   NOT NULL,
    digest    bytea  NOT NULL,      -- HMAC of the detail
    hash      bytea  NOT NULL
);

CREATE TABLE audit_detail (
    audit_id bigint PRIMARY KEY REFERENCES audit,
    detail   text   NOT NULL
);

CREATE TABLE handled_update (
    update_id bigint PRIMARY KEY,
    day       date   NOT NULL
);
CREATE INDEX ON handled_update (day);

CREATE TABLE failed_update (
    update_id bigint PRIMARY KEY,
    attempts  int    NOT NULL,
    body      bytea,                -- sealed with a key of the secret; kept once set aside
    day       date   NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON score_run
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
