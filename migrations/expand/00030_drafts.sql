-- Tables that are looked at before they become batches, and what a batch knows of its table.

-- +goose Up
CREATE TABLE drafts (
	id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id      uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	design_id      uuid NOT NULL,
	design_version integer NOT NULL,
	name           text NOT NULL,
	columns        text[] NOT NULL,
	total          integer NOT NULL,
	created_at     timestamptz NOT NULL DEFAULT now(),
	UNIQUE (tenant_id, id),
	FOREIGN KEY (tenant_id, design_id, design_version) REFERENCES design_versions (tenant_id, design_id, version) ON DELETE CASCADE
);
CREATE INDEX drafts_oldest ON drafts (tenant_id, created_at);
SELECT app.wall('drafts');

ALTER TABLE batches
	ADD COLUMN name       text NOT NULL DEFAULT '',      -- of its table
	ADD COLUMN file_names text NOT NULL DEFAULT '{row}', -- the pattern of its files' names
	ADD COLUMN skipped    integer NOT NULL DEFAULT 0;    -- rows left out because they did not fit
