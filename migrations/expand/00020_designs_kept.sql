-- What becomes of a design: who saved it, which version is published, and whether
-- it is still to be found.

-- +goose Up
ALTER TABLE design_versions ADD COLUMN saved_by text NOT NULL DEFAULT '';

ALTER TABLE designs
	ADD COLUMN published_version integer,     -- that renders take which name none; NULL is the newest
	ADD COLUMN archived_at       timestamptz, -- out of the gallery and of lists, and rendered as before
	ADD COLUMN deleted_at        timestamptz; -- gone, but for what was rendered of it
