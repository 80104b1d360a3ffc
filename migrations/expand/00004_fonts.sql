-- +goose Up
CREATE TABLE fonts (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	name       text NOT NULL, -- of the file
	family     text NOT NULL, -- and the rest is what the file says of itself
	weight     integer NOT NULL,
	max_weight integer NOT NULL,
	italic     boolean NOT NULL,
	format     text NOT NULL CHECK (format IN ('ttf', 'otf', 'woff2')),
	bytes      bigint NOT NULL,
	sha256     text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX fonts_face ON fonts (tenant_id, lower(family), weight, italic); -- CSS does not tell case
CREATE INDEX fonts_newest ON fonts (tenant_id, created_at DESC, id DESC);
SELECT app.wall('fonts');
