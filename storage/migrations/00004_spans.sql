-- What is to be sent is leased by spans: stretches of ids of one batch. A million deliveries are a row
-- to begin with, of which senders cut off what they send in the next second; the deliveries themselves
-- are written once, when their outcome is known. Of their columns only those are indexed that never
-- change, and pages have room for the outcome, so that writing it touches no index.

-- +goose Up

CREATE SEQUENCE batch;

CREATE TABLE span (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch        bigint NOT NULL,              -- with the round: whose deliveries it is about
    round_id     bigint REFERENCES round ON DELETE CASCADE,
    priority     smallint NOT NULL,            -- 0: somebody is waiting for it
    due_at       timestamptz NOT NULL,
    first_id     bigint NOT NULL,              -- of delivery; others may lie between
    last_id      bigint NOT NULL,
    served_at    timestamptz,                  -- when the batch had its last turn; null: not yet
    leased_until timestamptz,
    leased_by    text
);
CREATE INDEX ON span (priority, served_at NULLS FIRST, id);

UPDATE delivery SET state = 'pending' WHERE state = 'leased';
DROP INDEX delivery_request_id_idx1, delivery_round_id_kind_idx, delivery_priority_due_at_id_idx;
ALTER TABLE delivery ADD COLUMN batch bigint NOT NULL DEFAULT 0;
WITH waiting AS (
    SELECT round_id, priority, due_at, nextval('batch') AS batch, min(id) AS first_id, max(id) AS last_id
    FROM delivery WHERE state = 'pending' GROUP BY round_id, priority, due_at
), numbered AS (
    UPDATE delivery d SET batch = w.batch FROM waiting w
    WHERE d.state = 'pending' AND d.round_id IS NOT DISTINCT FROM w.round_id AND d.priority = w.priority AND d.due_at = w.due_at
)
INSERT INTO span (batch, round_id, priority, due_at, first_id, last_id)
SELECT batch, round_id, priority, due_at, first_id, last_id FROM waiting;

ALTER TABLE delivery
    DROP COLUMN priority, DROP COLUMN leased_until, DROP COLUMN leased_by,
    ALTER COLUMN batch DROP DEFAULT,
    DROP CONSTRAINT delivery_state_check,
    ADD CONSTRAINT delivery_state_check CHECK (state IN ('pending', 'sent', 'unreachable', 'failed', 'expired')),
    SET (fillfactor = 50);
