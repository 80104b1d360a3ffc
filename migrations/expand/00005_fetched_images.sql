-- Images from other servers, kept for as long as these allow.

-- +goose Up
CREATE TABLE fetched_images (
	tenant_id      uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	address_sha256 bytea NOT NULL,
	address        text NOT NULL,
	object         uuid NOT NULL,
	media_type     text NOT NULL,
	bytes          bigint NOT NULL,
	sha256         text NOT NULL,
	validator      text NOT NULL,
	fetched_at     timestamptz NOT NULL DEFAULT now(),
	expires_at     timestamptz NOT NULL,
	PRIMARY KEY (tenant_id, address_sha256)
);
SELECT app.wall('fetched_images');
