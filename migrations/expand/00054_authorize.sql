-- Each request by API key comes here. PL/pgSQL keeps its plans for as long as the
-- session lives, where a function in SQL makes them anew with each call.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION app.authorize(hash bytea) RETURNS TABLE (id uuid, tenant_id uuid, slug text, release text, expired boolean, read_only boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE unseen boolean; -- for a minute
BEGIN
	SELECT k.id, k.tenant_id, t.slug, coalesce(t.release, ''), coalesce(k.expires_at <= now(), false), k.read_only, coalesce(k.used_at <= now() - interval '1 minute', true)
	INTO id, tenant_id, slug, release, expired, read_only, unseen
	FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.key_hash = hash;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF unseen AND NOT expired THEN
		UPDATE api_keys SET used_at = now() WHERE key_hash = hash;
	END IF;
	RETURN NEXT;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
BEGIN
	REVOKE EXECUTE ON FUNCTION app.authorize FROM PUBLIC;
	EXECUTE format('GRANT EXECUTE ON FUNCTION app.authorize TO %I', app.tenant_role());
END $$;
-- +goose StatementEnd
