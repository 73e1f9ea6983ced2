-- A round asks a million at once. Each of them costs a row here and an entry in every index, so an
-- index has to be worth it: people are what is looked up, and of a round everything is read, which
-- stands together. Nothing is looked up for each new row; what a row belongs to takes it along by sets.
-- No index holds what changes, so that a change need not touch any.

-- +goose Up

ALTER TABLE request
    DROP CONSTRAINT request_person_id_fkey,
    DROP CONSTRAINT request_round_id_person_id_panel_id_key,
    ADD UNIQUE (person_id, panel_id);           -- the round is the panel's
DROP INDEX request_person_id_idx, request_panel_id_state_idx;
CREATE INDEX ON request USING brin (round_id);

ALTER TABLE assignment
    DROP CONSTRAINT assignment_request_id_fkey,
    DROP CONSTRAINT assignment_round_id_person_id_subject_id_relation_key,
    ADD UNIQUE (person_id, round_id, subject_id, relation);
DROP INDEX assignment_request_id_idx, assignment_person_id_idx;
CREATE INDEX ON assignment USING brin (round_id);

ALTER TABLE delivery
    DROP CONSTRAINT delivery_person_id_fkey,
    DROP CONSTRAINT delivery_request_id_fkey,
    DROP CONSTRAINT delivery_round_id_fkey;
DROP INDEX delivery_request_id_idx;

-- Planned anew each time: one may be gone, or a million.

-- +goose StatementBegin
CREATE FUNCTION take_requests_along() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DELETE FROM request q USING gone WHERE q.person_id = gone.id';
    EXECUTE 'DELETE FROM delivery d USING gone WHERE d.person_id = gone.id';
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION take_assignments_along() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'DELETE FROM assignment a USING gone
             WHERE a.person_id = gone.person_id AND a.round_id = gone.round_id AND a.request_id = gone.id';
    EXECUTE 'DELETE FROM delivery d USING gone WHERE d.person_id = gone.person_id AND d.request_id = gone.id';
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER take_along AFTER DELETE ON person
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION take_requests_along();
CREATE TRIGGER take_along AFTER DELETE ON request
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION take_assignments_along();
