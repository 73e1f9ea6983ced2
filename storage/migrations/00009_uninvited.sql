-- Who is asked by a round that opens is invited in stretches: an invitation is written when it is soon
-- to be sent. Until then its request stands here, in the order of sending.

-- +goose Up

CREATE TABLE uninvited (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    round_id bigint NOT NULL REFERENCES round ON DELETE CASCADE,
    due_at   timestamptz NOT NULL,
    requests bigint[] NOT NULL
);
CREATE INDEX ON uninvited (round_id);
