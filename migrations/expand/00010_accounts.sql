-- People: from where they signed in, who is invited, and the mails they get.

-- +goose Up
ALTER TABLE sessions
	ADD COLUMN agent   text NOT NULL DEFAULT '', -- as its browser calls itself
	ADD COLUMN address text NOT NULL DEFAULT '',
	ADD COLUMN seen_at timestamptz;

ALTER TABLE api_keys
	ADD COLUMN read_only boolean NOT NULL DEFAULT false,
	ADD COLUMN used_at   timestamptz;

CREATE TABLE invitations (
	id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	tenant_id  uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
	email      text NOT NULL,
	role       text NOT NULL CHECK (role IN ('owner', 'editor', 'viewer')),
	invited_by text NOT NULL,
	token_hash bytea UNIQUE, -- NULL until its mail is sent
	created_at timestamptz NOT NULL DEFAULT now(),
	sent_at    timestamptz,
	expires_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX invitations_email ON invitations (tenant_id, lower(email));
SELECT app.wall('invitations');

-- A mail that is to be sent. What it says, its link above all, is made when it is
-- sent: no token is kept readable.
CREATE TABLE mails (
	id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	kind          text NOT NULL,
	address       text NOT NULL,
	user_id       uuid REFERENCES users ON DELETE CASCADE,
	invitation_id uuid REFERENCES invitations ON DELETE CASCADE,
	created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mails_address ON mails (lower(address), created_at);
CREATE INDEX mails_created ON mails (created_at);
CREATE INDEX mails_user ON mails (user_id);
CREATE INDEX mails_invitation ON mails (invitation_id);

-- A link that was mailed to a person: to a new password, or to a new address.
CREATE TABLE mailed_links (
	token_hash bytea PRIMARY KEY,
	kind       text NOT NULL CHECK (kind IN ('reset', 'address')),
	user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	email      text NOT NULL, -- where it was mailed to
	expires_at timestamptz NOT NULL
);
CREATE INDEX mailed_links_user ON mailed_links (user_id);

-- use_session is find_session, and notes from where the session is used: once a minute.
-- +goose StatementBegin
CREATE FUNCTION app.use_session(hash bytea, from_agent text, from_address text) RETURNS TABLE (id uuid, email text, name text, operator boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	UPDATE sessions SET agent = from_agent, address = from_address, seen_at = now()
	WHERE token_hash = hash AND expires_at > now() AND coalesce(seen_at <= now() - interval '1 minute', true);
	SELECT u.id, u.email, u.name, u.operator
	FROM sessions s JOIN users u ON u.id = s.user_id
	WHERE s.token_hash = hash AND s.expires_at > now()
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.find_sessions(account uuid) RETURNS TABLE (token_hash bytea, agent text, address text, created_at timestamptz, seen_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT s.token_hash, s.agent, s.address, s.created_at, coalesce(s.seen_at, s.created_at)
	FROM sessions s WHERE s.user_id = account AND s.expires_at > now()
	ORDER BY 5 DESC, s.token_hash
$$;
-- +goose StatementEnd

-- end_account_session ends one session of an account, by the hash of its token.
-- +goose StatementBegin
CREATE FUNCTION app.end_account_session(account uuid, hash bytea) RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH gone AS (DELETE FROM sessions WHERE user_id = account AND token_hash = hash RETURNING 1)
	SELECT EXISTS (SELECT FROM gone)
$$;
-- +goose StatementEnd

-- end_account_sessions ends all sessions of an account but one, and what has expired.
-- +goose StatementBegin
CREATE FUNCTION app.end_account_sessions(account uuid, but bytea) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	DELETE FROM sessions WHERE user_id = account AND (token_hash IS DISTINCT FROM but OR expires_at <= now())
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.find_password(account uuid) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT password_hash FROM users WHERE id = account
$$;
-- +goose StatementEnd

-- set_password ends what else could open the account: links in mails among them.
-- +goose StatementBegin
CREATE FUNCTION app.set_password(account uuid, hash text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	DELETE FROM mailed_links WHERE user_id = account;
	UPDATE users SET password_hash = hash WHERE id = account
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.set_name(account uuid, new_name text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	UPDATE users SET name = new_name WHERE id = account
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.find_link(hash bytea) RETURNS TABLE (kind text, account uuid, email text, expired boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT l.kind, l.user_id, l.email, l.expires_at <= now() FROM mailed_links l WHERE l.token_hash = hash
$$;
-- +goose StatementEnd

-- use_link takes a link, once: of two who come at a time one gets the account.
-- +goose StatementBegin
CREATE FUNCTION app.use_link(hash bytea, for_kind text) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	DELETE FROM mailed_links WHERE token_hash = hash AND kind = for_kind AND expires_at > now() RETURNING user_id
$$;
-- +goose StatementEnd

-- set_email answers with the address before.
-- +goose StatementBegin
CREATE FUNCTION app.set_email(account uuid, new_email text) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	DELETE FROM mailed_links WHERE user_id = account;
	WITH was AS (SELECT id, email FROM users WHERE id = account FOR UPDATE)
	UPDATE users u SET email = new_email FROM was WHERE u.id = was.id RETURNING was.email
$$;
-- +goose StatementEnd

-- find_members tells a tenant, and no other, who belongs to it.
-- +goose StatementBegin
CREATE FUNCTION app.find_members() RETURNS TABLE (user_id uuid, email text, name text, role text, since timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT u.id, u.email, u.name, m.role, m.created_at
	FROM memberships m JOIN users u ON u.id = m.user_id
	WHERE m.tenant_id = app.tenant() ORDER BY lower(u.name), u.id
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION app.find_invitation(hash bytea)
RETURNS TABLE (slug text, workspace text, email text, role text, invited_by text, expired boolean, account uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT t.slug, t.name, i.email, i.role, i.invited_by, i.expires_at <= now(), (SELECT u.id FROM users u WHERE lower(u.email) = lower(i.email))
	FROM invitations i JOIN tenants t ON t.id = i.tenant_id WHERE i.token_hash = hash
$$;
-- +goose StatementEnd

-- accept_invitation makes a member of the account with the address that was invited.
-- +goose StatementBegin
CREATE FUNCTION app.accept_invitation(hash bytea, account uuid) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH taken AS (
		DELETE FROM invitations i USING users u
		WHERE i.token_hash = hash AND i.expires_at > now() AND u.id = account AND lower(u.email) = lower(i.email)
		RETURNING i.tenant_id, i.role
	), made AS (
		INSERT INTO memberships (tenant_id, user_id, role) SELECT tenant_id, account, role FROM taken
		ON CONFLICT (tenant_id, user_id) DO NOTHING
	)
	SELECT t.slug FROM taken JOIN tenants t ON t.id = taken.tenant_id
$$;
-- +goose StatementEnd

-- join_by_invitation makes the account, with the address that was invited.
-- +goose StatementBegin
CREATE FUNCTION app.join_by_invitation(hash bytea, person text, password text) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	INSERT INTO users (email, name, password_hash)
	SELECT i.email, person, password FROM invitations i WHERE i.token_hash = hash AND i.expires_at > now()
	RETURNING id
$$;
-- +goose StatementEnd

-- use_api_key is find_api_key, and notes the use: once a minute.
-- +goose StatementBegin
CREATE FUNCTION app.use_api_key(hash bytea) RETURNS TABLE (id uuid, tenant_id uuid, slug text, expired boolean, read_only boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	UPDATE api_keys k SET used_at = now()
	WHERE k.key_hash = hash AND coalesce(k.expires_at > now(), true) AND coalesce(k.used_at <= now() - interval '1 minute', true);
	SELECT k.id, k.tenant_id, t.slug, coalesce(k.expires_at <= now(), false), k.read_only
	FROM api_keys k JOIN tenants t ON t.id = k.tenant_id WHERE k.key_hash = hash
$$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE f regprocedure;
BEGIN
	FOR f IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'app'::regnamespace AND p.proname IN (
		'use_session', 'find_sessions', 'end_account_session', 'end_account_sessions', 'find_password', 'set_password', 'set_name',
		'find_link', 'use_link', 'set_email', 'find_members', 'find_invitation', 'accept_invitation', 'join_by_invitation', 'use_api_key') LOOP
		EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f, app.tenant_role());
	END LOOP;
END $$;
-- +goose StatementEnd
