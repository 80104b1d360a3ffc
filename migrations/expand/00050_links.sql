-- Signed addresses of pictures: the key that signs those of a design, and which
-- renders were made for them.

-- +goose Up
ALTER TABLE designs ADD COLUMN link_key text;
ALTER TABLE designs ALTER COLUMN link_key SET DEFAULT replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');

ALTER TABLE renders
	ADD COLUMN link       bytea,       -- a hash of what an address asks for
	ADD COLUMN link_until timestamptz; -- how long it is shown there; NULL is for as long as it is here

-- +goose StatementBegin
CREATE FUNCTION app.tenant_of_design(design uuid) RETURNS TABLE (tenant_id uuid, release text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT d.tenant_id, coalesce(t.release, '')
	FROM designs d JOIN tenants t ON t.id = d.tenant_id WHERE d.id = design AND d.deleted_at IS NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
BEGIN
	REVOKE EXECUTE ON FUNCTION app.tenant_of_design FROM PUBLIC;
	EXECUTE format('GRANT EXECUTE ON FUNCTION app.tenant_of_design TO %I', app.tenant_role());
END $$;
-- +goose StatementEnd
