-- Each press writes here, and once a day the rows of a day go, which are a third of all: an index of days
-- costs all presses and serves nobody.

-- +goose Up

DROP INDEX handled_update_day_idx;
