-- name: JobDeleteBefore :execresult
DELETE FROM river_job
WHERE id IN (
    SELECT id
    FROM river_job
    WHERE (
            (state = 'cancelled' AND $1 AND finalized_at < $2::timestamptz) OR
            (state = 'completed' AND $3 AND finalized_at < $4::timestamptz) OR
            (state = 'discarded' AND $5 AND finalized_at < $6::timestamptz)
        )
        AND (
            $7::text[] IS NULL
            OR NOT (queue = any($7))
        )
        AND (
            $8::text[] IS NULL
            OR queue = any($8)
        )
    ORDER BY id
    LIMIT $9::bigint
)
;
-- name: JobGetAvailable :many
WITH locked_jobs AS (
    SELECT
        id, args, attempt, attempted_at, attempted_by, created_at, errors, finalized_at, kind, max_attempts, metadata, priority, queue, state, scheduled_at, tags, unique_key, unique_states
    FROM
        river_job
    WHERE
        state = 'available'
        AND queue = $4::text
        AND ($5::text[] IS NULL OR kind = ANY($5::text[]))
        AND scheduled_at <= coalesce($1::timestamptz, now())
    ORDER BY
        priority ASC,
        scheduled_at ASC,
        id ASC
    LIMIT $6::integer
    FOR UPDATE
    SKIP LOCKED
)
UPDATE
    river_job
SET
    state = 'running',
    attempt = river_job.attempt + 1,
    attempted_at = coalesce($1::timestamptz, now()),
    attempted_by = array_append(
        CASE WHEN array_length(river_job.attempted_by, 1) >= $2::int
        -- +2 instead of +1 because Postgres array indexing starts at 1, not 0.
        THEN river_job.attempted_by[array_length(river_job.attempted_by, 1) + 2 - $2:]
        ELSE river_job.attempted_by
        END,
        $3::text
    )
FROM
    locked_jobs
WHERE
    river_job.id = locked_jobs.id
RETURNING
    river_job.id, river_job.args, river_job.attempt, river_job.attempted_at, river_job.attempted_by, river_job.created_at, river_job.errors, river_job.finalized_at, river_job.kind, river_job.max_attempts, river_job.metadata, river_job.priority, river_job.queue, river_job.state, river_job.scheduled_at, river_job.tags, river_job.unique_key, river_job.unique_states
;
-- name: JobGetStuck :many
SELECT id, args, attempt, attempted_at, attempted_by, created_at, errors, finalized_at, kind, max_attempts, metadata, priority, queue, state, scheduled_at, tags, unique_key, unique_states
FROM river_job
WHERE state = 'running'
    AND id > $1::bigint
    AND attempted_at < $2::timestamptz
ORDER BY id
LIMIT $3
;
-- name: JobInsertFastMany :many
WITH raw_job_data AS (
    SELECT
        unnest($1::bigint[]) AS id,
        unnest($2::jsonb[]) AS args,
        unnest($3::timestamptz[]) AS created_at,
        unnest($4::text[]) AS kind,
        unnest($5::smallint[]) AS max_attempts,
        unnest($6::jsonb[]) AS metadata,
        unnest($7::smallint[]) AS priority,
        unnest($8::text[]) AS queue,
        unnest($9::timestamptz[]) AS scheduled_at,
        unnest($10::text[]) AS state,
        unnest($11::text[]) AS tags,
        unnest($12::bytea[]) AS unique_key,
        unnest($13::integer[]) AS unique_states
)
INSERT INTO river_job(
    id,
    args,
    created_at,
    kind,
    max_attempts,
    metadata,
    priority,
    queue,
    scheduled_at,
    state,
    tags,
    unique_key,
    unique_states
) SELECT
    coalesce(nullif(id, 0), nextval('river_job_id_seq'::regclass)),
    args,
    coalesce(nullif(created_at, '0001-01-01 00:00:00 +0000'), now()) AS created_at,
    kind,
    max_attempts,
    coalesce(metadata, '{}'::jsonb) AS metadata,
    priority,
    queue,
    coalesce(nullif(scheduled_at, '0001-01-01 00:00:00 +0000'), now()) AS scheduled_at,
    state::river_job_state,
    string_to_array(tags, ',')::varchar(255)[],
    -- `nullif` is required for `lib/pq`, which doesn't do a good job of reading
    -- `nil` into `bytea`. We use `text` because otherwise `lib/pq` will encode
    -- to Postgres binary like `\xAAAA`.
    nullif(unique_key, '')::bytea,
    nullif(unique_states::integer, 0)::bit(8)
FROM raw_job_data
ON CONFLICT (unique_key)
    WHERE unique_key IS NOT NULL
        AND unique_states IS NOT NULL
        AND river_job_state_in_bitmask(unique_states, state)
    -- Something needs to be updated for a row to be returned on a conflict.
    -- Keep the existing kind, which may differ under `ExcludeKind`.
    DO UPDATE SET kind = river_job.kind
RETURNING
    river_job.id, river_job.args, river_job.attempt, river_job.attempted_at, river_job.attempted_by, river_job.created_at, river_job.errors, river_job.finalized_at, river_job.kind, river_job.max_attempts, river_job.metadata, river_job.priority, river_job.queue, river_job.state, river_job.scheduled_at, river_job.tags, river_job.unique_key, river_job.unique_states,
    (xmax != 0) AS unique_skipped_as_duplicate
;
-- name: JobSchedule :many
WITH jobs_to_schedule AS (
    SELECT
        id,
        unique_key,
        unique_states,
        priority,
        scheduled_at
    FROM river_job
    WHERE
        state IN ('retryable', 'scheduled')
        AND priority >= 0
        AND queue IS NOT NULL
        AND scheduled_at <= coalesce($1::timestamptz, now())
    ORDER BY
        priority,
        scheduled_at,
        id
    LIMIT $2::bigint
    FOR UPDATE
),
jobs_with_rownum AS (
    SELECT
        id, unique_key, unique_states, priority, scheduled_at,
        CASE
            WHEN unique_key IS NOT NULL AND unique_states IS NOT NULL THEN
                ROW_NUMBER() OVER (
                    PARTITION BY unique_key
                    ORDER BY priority, scheduled_at, id
                )
            ELSE NULL
        END AS row_num
    FROM jobs_to_schedule
),
unique_conflicts AS (
    SELECT river_job.unique_key
    FROM river_job
    JOIN jobs_with_rownum
        ON river_job.unique_key = jobs_with_rownum.unique_key
        AND river_job.id != jobs_with_rownum.id
    WHERE
        river_job.unique_key IS NOT NULL
        AND river_job.unique_states IS NOT NULL
        AND river_job_state_in_bitmask(river_job.unique_states, river_job.state)
),
job_updates AS (
    SELECT
        job.id,
        job.unique_key,
        job.unique_states,
        CASE
            WHEN job.row_num IS NULL THEN 'available'::river_job_state
            WHEN uc.unique_key IS NOT NULL THEN 'discarded'::river_job_state
            WHEN job.row_num = 1 THEN 'available'::river_job_state
            ELSE 'discarded'::river_job_state
        END AS new_state,
        (job.row_num IS NOT NULL AND (uc.unique_key IS NOT NULL OR job.row_num > 1)) AS finalized_at_do_update,
        (job.row_num IS NOT NULL AND (uc.unique_key IS NOT NULL OR job.row_num > 1)) AS metadata_do_update
    FROM jobs_with_rownum job
    LEFT JOIN unique_conflicts uc ON job.unique_key = uc.unique_key
),
updated_jobs AS (
    UPDATE river_job
    SET
        state        = job_updates.new_state,
        finalized_at = CASE WHEN job_updates.finalized_at_do_update THEN coalesce($1::timestamptz, now())
                            ELSE river_job.finalized_at END,
        metadata     = CASE WHEN job_updates.metadata_do_update THEN river_job.metadata || '{"unique_key_conflict": "scheduler_discarded"}'::jsonb
                            ELSE river_job.metadata END
    FROM job_updates
    WHERE river_job.id = job_updates.id
    RETURNING
        river_job.id,
        job_updates.new_state = 'discarded'::river_job_state AS conflict_discarded
)
SELECT
    river_job.id, river_job.args, river_job.attempt, river_job.attempted_at, river_job.attempted_by, river_job.created_at, river_job.errors, river_job.finalized_at, river_job.kind, river_job.max_attempts, river_job.metadata, river_job.priority, river_job.queue, river_job.state, river_job.scheduled_at, river_job.tags, river_job.unique_key, river_job.unique_states,
    updated_jobs.conflict_discarded
FROM river_job
JOIN updated_jobs ON river_job.id = updated_jobs.id
;
-- name: JobSetStateIfRunningMany :many
WITH job_input AS (
    SELECT
        unnest($1::bigint[])                     AS id,
        unnest($2::boolean[])      AS attempt_do_update,
        unnest($3::int[])                    AS attempt,
        unnest($4::boolean[])       AS errors_do_update,
        unnest($5::jsonb[])                   AS errors,
        unnest($6::boolean[]) AS finalized_at_do_update,
        unnest($7::timestamptz[])       AS finalized_at,
        unnest($8::boolean[])      AS metadata_do_merge,
        unnest($9::jsonb[])         AS metadata_updates,
        unnest($10::boolean[]) AS scheduled_at_do_update,
        unnest($11::timestamptz[])       AS scheduled_at,
        -- To avoid requiring pgx users to register the OID of the river_job_state[]
        -- type, we cast the array to text[] and then to river_job_state.
        unnest($12::text[])::river_job_state AS state
),
updated AS (
    UPDATE river_job
    SET
        attempt = CASE
            WHEN river_job.state = 'running'
                 AND NOT (job_input.state IN ('available','retryable','scheduled') AND river_job.metadata ? 'cancel_attempted_at')
                 AND job_input.attempt_do_update
            THEN job_input.attempt
            ELSE river_job.attempt
        END,
        errors = CASE
            WHEN river_job.state = 'running'
                 AND job_input.errors_do_update
            THEN array_append(river_job.errors, job_input.errors)
            ELSE river_job.errors
        END,
        finalized_at = CASE
            WHEN river_job.state = 'running'
                 AND (job_input.state IN ('available','retryable','scheduled') AND river_job.metadata ? 'cancel_attempted_at')
            THEN coalesce($13::timestamptz, now())
            WHEN river_job.state = 'running'
                 AND job_input.finalized_at_do_update
            THEN job_input.finalized_at
            ELSE river_job.finalized_at
        END,
        metadata = CASE
            WHEN job_input.metadata_do_merge
            THEN river_job.metadata || job_input.metadata_updates
            ELSE river_job.metadata
        END,
        scheduled_at = CASE
            WHEN river_job.state = 'running'
                 AND NOT (job_input.state IN ('available','retryable','scheduled') AND river_job.metadata ? 'cancel_attempted_at')
                 AND job_input.scheduled_at_do_update
            THEN job_input.scheduled_at
            ELSE river_job.scheduled_at
        END,
        state = CASE
            WHEN river_job.state = 'running'
                 AND (job_input.state IN ('available','retryable','scheduled') AND river_job.metadata ? 'cancel_attempted_at')
            THEN 'cancelled'::river_job_state
            WHEN river_job.state = 'running'
            THEN job_input.state
            ELSE river_job.state
        END
    FROM job_input
    WHERE river_job.id = job_input.id
      AND (river_job.state = 'running' OR job_input.metadata_do_merge)
    RETURNING river_job.id, river_job.args, river_job.attempt, river_job.attempted_at, river_job.attempted_by, river_job.created_at, river_job.errors, river_job.finalized_at, river_job.kind, river_job.max_attempts, river_job.metadata, river_job.priority, river_job.queue, river_job.state, river_job.scheduled_at, river_job.tags, river_job.unique_key, river_job.unique_states
)
SELECT river_job.id, river_job.args, river_job.attempt, river_job.attempted_at, river_job.attempted_by, river_job.created_at, river_job.errors, river_job.finalized_at, river_job.kind, river_job.max_attempts, river_job.metadata, river_job.priority, river_job.queue, river_job.state, river_job.scheduled_at, river_job.tags, river_job.unique_key, river_job.unique_states
FROM river_job
JOIN job_input ON river_job.id = job_input.id
WHERE NOT EXISTS (
    SELECT 1
    FROM updated
    WHERE updated.id = river_job.id
)
UNION ALL
SELECT id, args, attempt, attempted_at, attempted_by, created_at, errors, finalized_at, kind, max_attempts, metadata, priority, queue, state, scheduled_at, tags, unique_key, unique_states
FROM updated
ORDER BY id
;
-- name: LeaderAttemptElect :one
INSERT INTO river_leader (
    leader_id,
    elected_at,
    expires_at
) VALUES (
    $1,
    coalesce($2::timestamptz, now()),
    -- @ttl is inserted as as seconds rather than a duration because `lib/pq` doesn't support the latter
    coalesce($2::timestamptz, now()) + make_interval(secs => $3)
)
ON CONFLICT (name)
    DO NOTHING
RETURNING elected_at, expires_at, leader_id, name
;
-- name: LeaderDeleteExpired :execrows
DELETE FROM river_leader
WHERE expires_at < coalesce($1::timestamptz, now())
;
-- name: LeaderResign :execrows
WITH currently_held_leaders AS (
    SELECT elected_at, expires_at, leader_id, name
    FROM river_leader
    WHERE
        elected_at = $1::timestamptz
        AND leader_id = $2::text
    FOR UPDATE
),
notified_resignations AS (
    SELECT CASE WHEN $3::boolean THEN pg_notify(
        concat(coalesce($4::text, current_schema()), '.', $5::text),
        json_build_object('leader_id', leader_id, 'action', 'resigned')::text
    ) END
    FROM currently_held_leaders
)
DELETE FROM river_leader USING notified_resignations
;
-- name: PGGetProductAndVersion :one
SELECT
    version()::text AS product,
    current_setting('server_version_num')::int AS version_num,
    coalesce(current_setting('yb_enable_listen_notify', true), 'off')::boolean AS yb_listen_notify_enabled
;
-- name: PGNotifyMany :exec
WITH topic_to_notify AS (
    SELECT
        concat(coalesce($1::text, current_schema()), '.', $2::text) AS topic,
        unnest($3::text[]) AS payload
)
SELECT pg_notify(
    topic_to_notify.topic,
    topic_to_notify.payload
  )
FROM topic_to_notify
;
-- name: QueueCreateOrSetUpdatedAt :one
INSERT INTO river_queue (
    created_at,
    metadata,
    name,
    paused_at,
    updated_at
) VALUES (
    coalesce($1::timestamptz, now()),
    coalesce($2::jsonb, '{}'::jsonb),
    $3::text,
    coalesce($4::timestamptz, NULL),
    coalesce($5::timestamptz, $1::timestamptz, now())
) ON CONFLICT (name) DO UPDATE
SET
    updated_at = EXCLUDED.updated_at
RETURNING name, created_at, metadata, paused_at, updated_at
;
-- name: QueueDeleteExpired :many
DELETE FROM river_queue
WHERE name IN (
    SELECT name
    FROM river_queue
    WHERE river_queue.updated_at < $1
    ORDER BY name ASC
    LIMIT $2::bigint
)
RETURNING name, created_at, metadata, paused_at, updated_at
;
INSERT INTO api_keys (tenant_id, name, key_hash, expires_at) VALUES ($1, $2, $3, $4)
;
INSERT INTO assets (id, tenant_id, name, media_type, width, height, bytes, sha256)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id, name, media_type, width, height, bytes, sha256, created_at
;
INSERT INTO design_versions (tenant_id, design_id, version, name, document) VALUES ($1, $2, $3, $4, $5)
;
INSERT INTO designs (tenant_id, name) VALUES ($1, $2) RETURNING id
;
INSERT INTO idempotency_keys (tenant_id, method, path, key, body_sha256, resource) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id, method, path, key) DO UPDATE
		SET body_sha256 = excluded.body_sha256, resource = excluded.resource, created_at = now()
;
INSERT INTO memberships (tenant_id, user_id, role) VALUES ($1, $2, 'owner')
;
INSERT INTO migrations_expand (version_id, is_applied) VALUES ($1, $2)
;
INSERT INTO renders (tenant_id, design_id, design_version, batch_id, row, variables, format, scale, page)
		SELECT $1, $2, $3, $4, v.row, v.variables::jsonb, $5, $6, 1
		FROM unnest($7::text[]) WITH ORDINALITY AS v (variables, row)
;
INSERT INTO renders (tenant_id, design_id, design_version, variables, format, scale, page)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id, status, design_id, design_version, batch_id, row, variables, format, scale, page,
	width, height, bytes, sha256, error, release, created_at, finished_at
;
INSERT INTO tenants (slug, name) VALUES ($1, $2)
			ON CONFLICT (slug) DO NOTHING RETURNING id, slug, name, created_at
;
INSERT INTO users (email, name, password_hash, operator) VALUES ($1, $2, $3, $4)
		RETURNING id, email, name, operator
;
SELECT 1
;
SELECT DISTINCT ON (design_id) design_id::text, variables FROM renders
			WHERE design_id = ANY($1::uuid[]) AND batch_id IS NULL ORDER BY design_id, created_at DESC
;
SELECT DISTINCT queue FROM river_job
		WHERE state IN ('available', 'retryable', 'scheduled') AND NOT queue = ANY($1)
;
SELECT EXISTS ( SELECT 1 FROM pg_tables WHERE (current_schema() IS NULL OR schemaname = current_schema()) AND tablename = 'migrations_expand' )
;
SELECT app.end_session($1)
;
SELECT app.has_users()
;
SELECT app.start_session($1, $2, $3)
;
SELECT app.wall('api_keys');
;
SELECT app.wall('assets');
;
SELECT app.wall('batches');
;
SELECT app.wall('design_versions');
;
SELECT app.wall('designs');
;
SELECT app.wall('idempotency_keys');
;
SELECT app.wall('memberships');
;
SELECT app.wall('renders');
;
SELECT app.wall('tenants', 'id');
;
SELECT b.id, b.status, b.design_id, b.design_version, b.format, b.scale, b.total,
	(SELECT count(*) FROM renders r WHERE r.batch_id = b.id AND r.status = 'succeeded') AS done,
	(SELECT count(*) FROM renders r WHERE r.batch_id = b.id AND r.status = 'failed') AS failed,
	b.error, b.created_at, b.finished_at FROM batches b WHERE b.id = $1
;
SELECT coalesce(current_schema(), '');
;
SELECT current_user, current_database() || '_tenant',
			(SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)
			OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = current_database() || '_tenant' AND pg_has_role(current_user, r.oid, 'MEMBER'))
;
SELECT d.id, d.name, d.version, v.document, d.created_at, d.updated_at FROM designs d JOIN design_versions v ON v.design_id = d.id AND v.version = d.version
			WHERE $1::uuid IS NULL OR (d.created_at, d.id) < (SELECT created_at, id FROM designs WHERE id = $1)
			ORDER BY d.created_at DESC, d.id DESC LIMIT $2
;
SELECT d.id, d.name, d.version, v.document, d.created_at, d.updated_at FROM designs d JOIN design_versions v ON v.design_id = d.id AND v.version = d.version WHERE d.id = $1
;
SELECT d.id, v.name, v.version, v.document, d.created_at, v.created_at AS updated_at
		FROM designs d JOIN design_versions v ON v.design_id = d.id AND v.version = 1 WHERE d.id = $1
;
SELECT document FROM design_versions WHERE design_id = $1 AND version = $2
;
SELECT id FROM designs WHERE id = $1
;
SELECT id, email, name, operator FROM app.find_session($1)
;
SELECT id, kind, args, coalesce((metadata->>'rescues')::int, 0) AS rescues,
			attempt >= max_attempts AS last, metadata ? 'cancel_attempted_at' AS canceled
		FROM river_job WHERE state = 'running' AND NOT attempted_by[cardinality(attempted_by)] = ANY($1)
		ORDER BY id FOR UPDATE
;
SELECT id, name, media_type, width, height, bytes, sha256, created_at FROM assets WHERE id = $1
;
SELECT id, password_hash FROM app.find_account($1)
;
SELECT id, slug, name, created_at FROM tenants WHERE slug = $1
;
SELECT id, status, design_id, design_version, batch_id, row, variables, format, scale, page,
	width, height, bytes, sha256, error, release, created_at, finished_at FROM renders
			WHERE batch_id = $1 AND row > $2 AND status IN ('queued', 'running') ORDER BY row LIMIT $3
;
SELECT id, status, design_id, design_version, batch_id, row, variables, format, scale, page,
	width, height, bytes, sha256, error, release, created_at, finished_at FROM renders
			WHERE batch_id = $3 AND ($1::uuid IS NULL OR row > (SELECT row FROM renders WHERE id = $1))
			ORDER BY row LIMIT $2
;
SELECT id, status, design_id, design_version, batch_id, row, variables, format, scale, page,
	width, height, bytes, sha256, error, release, created_at, finished_at FROM renders
			WHERE batch_id IS NULL AND ($3::uuid IS NULL OR design_id = $3)
				AND ($1::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM renders WHERE id = $1))
			ORDER BY created_at DESC, id DESC LIMIT $2
;
SELECT id, status, design_id, design_version, batch_id, row, variables, format, scale, page,
	width, height, bytes, sha256, error, release, created_at, finished_at FROM renders WHERE id = $1
;
SELECT id, status, design_id, design_version, batch_id, row, variables, format, scale, page,
	width, height, bytes, sha256, error, release, created_at, finished_at FROM renders WHERE id = $1 FOR UPDATE
;
SELECT id, tenant_id, slug, expired FROM app.find_api_key($1)
;
SELECT id, version, name, created_at FROM design_versions
			WHERE design_id = $3 AND ($1::uuid IS NULL OR version < (SELECT version FROM design_versions WHERE id = $1))
			ORDER BY version DESC LIMIT $2
;
SELECT id::text FROM assets WHERE id::text = ANY($1)
;
SELECT pg_advisory_unlock($1)
;
SELECT pg_notify($1, $2)
;
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND usename = current_user
				AND application_name LIKE $1 AND NOT application_name = ANY($2)
;
SELECT pg_try_advisory_lock($1)
;
SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))
;
SELECT resource, body_sha256 FROM idempotency_keys
		WHERE tenant_id = $1 AND method = $2 AND path = $3 AND key = $4 AND created_at > now() - interval '24 hours'
;
SELECT status FROM batches WHERE id = $1 FOR UPDATE
;
SELECT tenant_id, slug, name, role FROM app.find_memberships($1)
;
SELECT to_regclass($1) IS NOT NULL
;
SELECT tstamp, is_applied FROM migrations_expand WHERE version_id=$1 ORDER BY tstamp DESC LIMIT 1
;
SELECT v.version, v.document FROM designs d JOIN design_versions v ON v.design_id = d.id
		WHERE d.id = $1 AND v.version = CASE WHEN $2 = 0 THEN d.version ELSE $2 END
;
SELECT version FROM designs WHERE id = $1 FOR UPDATE
;
SELECT version_id, tstamp FROM migrations_expand WHERE is_applied AND version_id > 0
;
UPDATE batches SET status = 'running' WHERE id = $1
;
UPDATE batches SET status = 'succeeded', finished_at = now() WHERE id = $1 AND status IN ('queued', 'running')
				AND NOT EXISTS (SELECT FROM renders r WHERE r.batch_id = $1 AND r.status IN ('queued', 'running'))
;
UPDATE designs SET version = $2, name = $3, updated_at = now() WHERE id = $1
;
UPDATE renders SET finished_at = now(), release = $2, status = 'failed', error = $3
			WHERE id = $1 AND status IN ('queued', 'running')
;
UPDATE renders SET finished_at = now(), release = $2, status = 'succeeded', width = $3, height = $4, bytes = $5, sha256 = $6
			WHERE id = $1 AND status IN ('queued', 'running')
;
UPDATE renders SET status = 'canceled', finished_at = now() WHERE id = $1 AND status IN ('queued', 'running')
;
UPDATE renders SET status = 'running' WHERE id = $1
;
UPDATE river_job SET queue = $1 WHERE queue = $2 AND state = ANY($3::text[]::river_job_state[])
;
UPDATE river_job SET state = $2::river_job_state, scheduled_at = now(),
			finalized_at = CASE WHEN $2 <> 'available' THEN now() END,
			metadata = jsonb_set(metadata, '{rescues}', to_jsonb($3::int)),
			errors = array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt, 'error', 'the process that ran it is gone', 'trace', ''))
		WHERE id = $1
;
WITH b AS (
			INSERT INTO batches (tenant_id, design_id, design_version, format, scale, total)
			VALUES ($1, $2, $3, $4, $5, $6) RETURNING *
		) SELECT b.id, b.status, b.design_id, b.design_version, b.format, b.scale, b.total,
	(SELECT count(*) FROM renders r WHERE r.batch_id = b.id AND r.status = 'succeeded') AS done,
	(SELECT count(*) FROM renders r WHERE r.batch_id = b.id AND r.status = 'failed') AS failed,
	b.error, b.created_at, b.finished_at FROM b
;
WITH canceled AS (
				UPDATE batches SET status = 'canceled', finished_at = now()
				WHERE id = $1 AND status IN ('queued', 'running') RETURNING id
			)
			UPDATE renders SET status = 'canceled', finished_at = now()
			FROM canceled WHERE batch_id = canceled.id AND renders.status IN ('queued', 'running')
;
WITH given_up AS (
				UPDATE batches SET status = 'failed', error = $2, finished_at = now()
				WHERE id = $1 AND status IN ('queued', 'running') RETURNING id
			)
			UPDATE renders SET status = 'failed', error = $2, release = $3, finished_at = now()
			FROM given_up WHERE batch_id = given_up.id AND renders.status IN ('queued', 'running')
;
WITH job AS (
			SELECT state, created_at, coalesce((args->>'v')::int, 0) > coalesce(($2::jsonb->>kind)::int, -1) AS unknown,
				coalesce((SELECT slug FROM tenants WHERE id::text = args->>'tenant'), 'deleted') AS tenant
			FROM river_job WHERE queue = $1 AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
		)
		SELECT count(*) FILTER (WHERE state = 'running'),
			count(*) FILTER (WHERE state = 'available' AND NOT unknown),
			count(*) FILTER (WHERE state IN ('pending', 'retryable', 'scheduled') AND NOT unknown),
			count(*) FILTER (WHERE state <> 'running' AND unknown),
			min(created_at),
			coalesce((SELECT jsonb_object_agg(tenant, n) FROM (SELECT tenant, count(*) AS n FROM job GROUP BY tenant) AS by_tenant), '{}')
		FROM job
;
