-- People who said that an account is not theirs, or asked to be forgotten, are not linked to it again
-- by the next roster: they join by themselves, or not at all.

-- +goose Up

ALTER TABLE person ADD COLUMN released boolean NOT NULL DEFAULT false;
