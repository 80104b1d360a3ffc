-- Which release serves a tenant. NULL, and a release of which no process lives,
-- mean the one that serves now.

-- +goose Up
ALTER TABLE tenants ADD COLUMN release text;

-- +goose StatementBegin
CREATE FUNCTION app.release_of(tenant uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT t.release FROM tenants t WHERE t.id = tenant
$$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
BEGIN
	REVOKE EXECUTE ON FUNCTION app.release_of FROM PUBLIC;
	EXECUTE format('GRANT EXECUTE ON FUNCTION app.release_of TO %I', app.tenant_role());
END $$;
-- +goose StatementEnd
