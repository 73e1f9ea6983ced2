-- Ballots that were collected elsewhere: on paper, by a newspaper, by a vote on the web. They stand in
-- ballot and answer beside those that were sealed; here is what only they have.

-- +goose Up

CREATE TABLE ballot_import (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id bigint NOT NULL REFERENCES round ON DELETE CASCADE,
    hash     bytea  NOT NULL,               -- sha256 of the file: the same file is taken once
    name     text   NOT NULL,
    ballots  bigint NOT NULL,
    answers  bigint NOT NULL,
    at       timestamptz NOT NULL,
    UNIQUE (round_id, hash)
);

CREATE TABLE imported_ballot (
    round_id  bigint NOT NULL,
    ref       text   NOT NULL,              -- its id in the file
    ballot_id bigint NOT NULL,
    panel_id  bigint NOT NULL,
    import_id bigint NOT NULL,              -- like answer it has no foreign keys: one statement writes a whole file
    device    text   NOT NULL DEFAULT '',   -- a digest
    submitted text   NOT NULL DEFAULT '',   -- in UTC, or as it stood in the file where that names no zone
    count     bigint NOT NULL DEFAULT 1,    -- so many equal ballots
    PRIMARY KEY (round_id, ref),
    UNIQUE (round_id, ballot_id)
);
CREATE INDEX ON imported_ballot (panel_id);
