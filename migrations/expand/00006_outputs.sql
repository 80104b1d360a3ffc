-- What more can be asked of a file, and what drew it.

-- +goose Up
ALTER TABLE batches
	ADD COLUMN page        integer NOT NULL DEFAULT 1,
	ADD COLUMN pages       text NOT NULL DEFAULT '',
	ADD COLUMN quality     integer NOT NULL DEFAULT 0,
	ADD COLUMN transparent boolean NOT NULL DEFAULT false,
	ADD COLUMN optimize    boolean NOT NULL DEFAULT false;

ALTER TABLE renders
	ADD COLUMN pages       text NOT NULL DEFAULT '',
	ADD COLUMN quality     integer NOT NULL DEFAULT 0,
	ADD COLUMN transparent boolean NOT NULL DEFAULT false,
	ADD COLUMN optimize    boolean NOT NULL DEFAULT false,
	ADD COLUMN thumbnail   boolean NOT NULL DEFAULT false, -- nobody asked for it: it is in no list
	ADD COLUMN fingerprint jsonb,
	ADD COLUMN cache_key   bytea,                          -- a hash of all that the file depends on
	ADD COLUMN cached      boolean NOT NULL DEFAULT false; -- its file was drawn for another render
