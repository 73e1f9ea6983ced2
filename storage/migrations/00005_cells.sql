-- Sealed ballots are numbered so that those which are counted together stand together: the upper half
-- of an id is the ballot's cell, the lower its place there, drawn by lot. Imported ballots are in no
-- cell; bit 62 of their ids is set. rated is how many answers say something.

-- +goose Up

ALTER TABLE ballot ADD COLUMN rated smallint NOT NULL DEFAULT 0;

-- Like answer: one statement writes all of a round's, for good, and looks nothing up row by row. Rounds,
-- panels and subjects are never deleted.
ALTER TABLE ballot
    DROP CONSTRAINT ballot_round_id_fkey, DROP CONSTRAINT ballot_panel_id_fkey, DROP CONSTRAINT ballot_subject_id_fkey;

CREATE TEMP TABLE renumbered ON COMMIT DROP AS
SELECT round_id, id AS before, id | (1::bigint << 62) AS after FROM ballot JOIN imported_ballot i USING (round_id)
WHERE i.ballot_id = ballot.id
UNION ALL
SELECT round_id, id, dense_rank() OVER (PARTITION BY round_id ORDER BY panel_id, subject_id, relation, stratum, status) << 32
       | row_number() OVER (PARTITION BY round_id, panel_id, subject_id, relation, stratum, status ORDER BY gen_random_uuid())
FROM ballot b
WHERE NOT EXISTS (SELECT FROM imported_ballot i WHERE i.round_id = b.round_id AND i.ballot_id = b.id);

UPDATE answer a SET ballot_id = r.after FROM renumbered r WHERE (a.round_id, a.ballot_id) = (r.round_id, r.before);
UPDATE comment c SET ballot_id = r.after FROM renumbered r WHERE (c.round_id, c.ballot_id) = (r.round_id, r.before);
UPDATE imported_ballot i SET ballot_id = r.after FROM renumbered r WHERE (i.round_id, i.ballot_id) = (r.round_id, r.before);
UPDATE ballot b SET id = r.after, rated = (
    SELECT count(*) FROM answer a
    WHERE a.round_id = b.round_id AND a.ballot_id = r.after AND a.value NOT IN ('', '0', 'dk', 't'))
FROM renumbered r WHERE (b.round_id, b.id) = (r.round_id, r.before);

-- Without it the planner takes every ballot for a cell of its own, and counts on one core.
CREATE STATISTICS answer_cells (ndistinct) ON (ballot_id >> 32), item, value FROM answer;
