-- Values that show what a design is for, kept beside it for all who work on it.

-- +goose Up
ALTER TABLE designs ADD COLUMN samples json NOT NULL DEFAULT '{}'; -- {"values": {}, "rows": []}
