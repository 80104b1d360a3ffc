-- The database counts a render when it succeeds: so does a release before this one have
-- its renders counted, and what is removed later stays counted. What succeeds between
-- the file before and this one is not: it takes a lock that nobody shall wait for long.

-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION app.count_usage() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
	INSERT INTO usage AS u (tenant_id, day, renders, rows, bytes)
	VALUES (NEW.tenant_id, (coalesce(NEW.finished_at, now()) AT TIME ZONE 'UTC')::date, (NEW.batch_id IS NULL)::int, (NEW.batch_id IS NOT NULL)::int, coalesce(NEW.bytes, 0))
	ON CONFLICT (tenant_id, day) DO UPDATE
	SET renders = u.renders + excluded.renders, rows = u.rows + excluded.rows, bytes = u.bytes + excluded.bytes;
	RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER usage AFTER UPDATE OF status ON renders
FOR EACH ROW WHEN (NEW.status = 'succeeded' AND OLD.status <> 'succeeded' AND NOT NEW.thumbnail)
EXECUTE FUNCTION app.count_usage();
