-- Foreign keys below the wall carry the tenant: the check of a foreign key sees
-- all rows, so a plain reference could point at another tenant's.

-- +goose Up
CREATE TABLE designs (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	name       text NOT NULL,
	version    integer NOT NULL DEFAULT 1,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (tenant_id, id)
);
CREATE INDEX designs_newest ON designs (tenant_id, created_at DESC, id DESC);
SELECT app.wall('designs');

CREATE TABLE design_versions (
	id         uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
	tenant_id  uuid NOT NULL,
	design_id  uuid NOT NULL,
	version    integer NOT NULL,
	name       text NOT NULL,
	document   json NOT NULL, -- as it was sent; jsonb would write it anew, and longer
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (design_id, version),
	UNIQUE (tenant_id, design_id, version),
	FOREIGN KEY (tenant_id, design_id) REFERENCES designs (tenant_id, id) ON DELETE CASCADE
);
SELECT app.wall('design_versions');

CREATE TABLE assets (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	name       text NOT NULL,
	media_type text NOT NULL,
	width      integer NOT NULL,
	height     integer NOT NULL,
	bytes      bigint NOT NULL,
	sha256     text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (tenant_id, id)
);
SELECT app.wall('assets');
