-- What a tenant's renders come to, day by day: so far, and then as they succeed.

-- +goose Up
CREATE TABLE usage (
	tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	day       date NOT NULL,             -- UTC
	renders   bigint NOT NULL DEFAULT 0, -- asked for one by one
	rows      bigint NOT NULL DEFAULT 0, -- of batches
	bytes     bigint NOT NULL DEFAULT 0, -- of the files of both
	PRIMARY KEY (tenant_id, day)
);
SELECT app.wall('usage');

INSERT INTO usage (tenant_id, day, renders, rows, bytes)
SELECT tenant_id, (coalesce(finished_at, created_at) AT TIME ZONE 'UTC')::date, count(*) FILTER (WHERE batch_id IS NULL), count(batch_id), coalesce(sum(bytes), 0)
FROM renders WHERE status = 'succeeded' AND NOT thumbnail GROUP BY 1, 2;
