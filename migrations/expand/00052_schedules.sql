-- What the installation does for itself from time to time, in whichever release; and
-- for how many days a tenant keeps what it has rendered: NULL is for ever.

-- +goose Up
CREATE TABLE schedules (
	name     text PRIMARY KEY,
	next_at  timestamptz NOT NULL,
	last_at  timestamptz,
	took     interval NOT NULL DEFAULT '0',
	release  text NOT NULL DEFAULT '',
	did      text NOT NULL DEFAULT '',
	error    text NOT NULL DEFAULT ''
);

ALTER TABLE tenants ADD COLUMN keep_renders integer;
