-- Keys that make and revoke keys. To a release before this one they may write.

-- +goose Up
ALTER TABLE api_keys ADD COLUMN manages boolean NOT NULL DEFAULT false;

-- open_api_key is authorize, and tells all that the key may do.
-- +goose StatementBegin
CREATE FUNCTION app.open_api_key(hash bytea) RETURNS TABLE (id uuid, tenant_id uuid, slug text, release text, expired boolean, scope text)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT a.id, a.tenant_id, a.slug, a.release, a.expired, CASE WHEN k.manages THEN 'admin' WHEN k.read_only THEN 'read' ELSE 'write' END
	FROM app.authorize(hash) a JOIN api_keys k ON k.id = a.id
$$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
BEGIN
	REVOKE EXECUTE ON FUNCTION app.open_api_key FROM PUBLIC;
	EXECUTE format('GRANT EXECUTE ON FUNCTION app.open_api_key TO %I', app.tenant_role());
END $$;
-- +goose StatementEnd
