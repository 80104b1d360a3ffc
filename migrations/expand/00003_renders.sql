-- +goose Up
CREATE TABLE batches (
	id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id      uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	design_id      uuid NOT NULL,
	design_version integer NOT NULL,
	format         text NOT NULL,
	scale          double precision NOT NULL,
	total          integer NOT NULL,
	status         text NOT NULL DEFAULT 'queued'
	               CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'canceled')),
	error          text,
	created_at     timestamptz NOT NULL DEFAULT now(),
	finished_at    timestamptz,
	UNIQUE (tenant_id, id),
	FOREIGN KEY (tenant_id, design_id, design_version) REFERENCES design_versions (tenant_id, design_id, version)
);
CREATE INDEX batches_newest ON batches (tenant_id, created_at DESC, id DESC);
SELECT app.wall('batches');

-- A row of a batch is a render like any other: it knows its batch and its place.
CREATE TABLE renders (
	id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id      uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	design_id      uuid NOT NULL,
	design_version integer NOT NULL,
	batch_id       uuid,
	row            integer,
	variables      jsonb NOT NULL,
	format         text NOT NULL CHECK (format IN ('png', 'jpeg', 'webp', 'pdf')),
	scale          double precision NOT NULL,
	page           integer NOT NULL,
	status         text NOT NULL DEFAULT 'queued'
	               CHECK (status IN ('queued', 'running', 'succeeded', 'failed', 'canceled')),
	error          text,
	width          integer,
	height         integer,
	bytes          bigint,
	sha256         text,
	release        text,
	created_at     timestamptz NOT NULL DEFAULT now(),
	finished_at    timestamptz,
	CHECK ((batch_id IS NULL) = (row IS NULL)),
	UNIQUE (batch_id, row),
	FOREIGN KEY (tenant_id, batch_id) REFERENCES batches (tenant_id, id) ON DELETE CASCADE,
	FOREIGN KEY (tenant_id, design_id, design_version) REFERENCES design_versions (tenant_id, design_id, version)
);
CREATE INDEX renders_newest ON renders (tenant_id, created_at DESC, id DESC) WHERE batch_id IS NULL;
CREATE INDEX renders_design ON renders (design_id, created_at DESC) WHERE batch_id IS NULL;
CREATE INDEX renders_batch ON renders (batch_id, status);
SELECT app.wall('renders');

-- The first answer to a POST that carried an Idempotency-Key.
CREATE TABLE idempotency_keys (
	tenant_id   uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	method      text NOT NULL,
	path        text NOT NULL,
	key         text NOT NULL,
	body_sha256 bytea NOT NULL,
	resource    uuid NOT NULL,
	created_at  timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant_id, method, path, key)
);
SELECT app.wall('idempotency_keys');
