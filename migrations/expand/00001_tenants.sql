-- The wall. Every tenant transaction runs as the role <database>_tenant, which
-- row-level security binds; app.tenant names whose rows it may see. The owner,
-- who migrates and backs up, sees all: no table has FORCE.

-- +goose Up
CREATE SCHEMA app;

-- +goose StatementBegin
CREATE FUNCTION app.tenant_role() RETURNS name
LANGUAGE sql STABLE AS $$ SELECT (current_database() || '_tenant')::name $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = app.tenant_role()) THEN
		EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT NOBYPASSRLS', app.tenant_role());
	END IF;
	IF NOT pg_has_role(current_user, app.tenant_role(), 'MEMBER') THEN
		EXECUTE format('GRANT %I TO CURRENT_USER', app.tenant_role());
	END IF;
	EXECUTE format('GRANT USAGE ON SCHEMA app, public TO %I', app.tenant_role());
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.tenant() RETURNS uuid
LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$;
-- +goose StatementEnd

-- wall puts a table behind the wall: rows of one tenant only, by its column tenant_id.
-- +goose StatementBegin
CREATE FUNCTION app.wall(t regclass, tenant_column name DEFAULT 'tenant_id') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
	EXECUTE format('CREATE POLICY tenant ON %s USING (%I = (SELECT app.tenant()))', t, tenant_column);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', t, app.tenant_role());
END $$;
-- +goose StatementEnd

CREATE TABLE tenants (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	slug       text NOT NULL UNIQUE,
	name       text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
SELECT app.wall('tenants', 'id');

CREATE TABLE users (
	id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	email         text NOT NULL,
	name          text NOT NULL,
	password_hash text NOT NULL,
	operator      boolean NOT NULL DEFAULT false,
	created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE memberships (
	tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	role       text NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
	created_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);
SELECT app.wall('memberships');

CREATE TABLE sessions (
	token_hash bytea PRIMARY KEY,
	user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE api_keys (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	name       text NOT NULL,
	key_hash   bytea NOT NULL UNIQUE,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz
);
SELECT app.wall('api_keys');

-- What must be known before a tenant is: one function a question, run with the
-- owner's eyes, so that the walled role can ask nothing else.

-- +goose StatementBegin
CREATE FUNCTION app.find_api_key(hash bytea) RETURNS TABLE (id uuid, tenant_id uuid, slug text, expired boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT k.id, k.tenant_id, t.slug, coalesce(k.expires_at <= now(), false)
	FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.key_hash = hash
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.find_account(address text) RETURNS TABLE (id uuid, password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT u.id, u.password_hash FROM users u WHERE lower(u.email) = lower(address)
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.start_session(hash bytea, account uuid, expires timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	INSERT INTO sessions (token_hash, user_id, expires_at) VALUES (hash, account, expires)
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.end_session(hash bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	DELETE FROM sessions WHERE token_hash = hash
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.find_session(hash bytea) RETURNS TABLE (id uuid, email text, name text, operator boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT u.id, u.email, u.name, u.operator
	FROM sessions s JOIN users u ON u.id = s.user_id
	WHERE s.token_hash = hash AND s.expires_at > now()
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.find_memberships(account uuid) RETURNS TABLE (tenant_id uuid, slug text, name text, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT t.id, t.slug, t.name, m.role
	FROM memberships m JOIN tenants t ON t.id = m.tenant_id
	WHERE m.user_id = account ORDER BY t.name, t.id
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.has_users() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$ SELECT EXISTS (SELECT FROM users) $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE f regprocedure;
BEGIN
	FOR f IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'app'::regnamespace LOOP
		EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f, app.tenant_role());
	END LOOP;
	REVOKE EXECUTE ON FUNCTION app.wall FROM PUBLIC;
	EXECUTE format('REVOKE EXECUTE ON FUNCTION app.wall FROM %I', app.tenant_role());
END $$;
-- +goose StatementEnd
