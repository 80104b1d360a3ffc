package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"majestic/app"
)

// maxRescues is how often a job may take its process down before it is given up.
const maxRescues = 3

// Rescue takes over what processes that are gone have left: their running jobs
// become available again, and queues that nobody works are worked here. Alive
// are all processes of this instance that live: their releases, by the names of
// their clients. A live worker's job is never touched, since its completion would
// mark the new attempt as done.
func (r *Runner) Rescue(ctx context.Context, alive map[string]string) (jobs int, err error) {
	clients := slices.Collect(maps.Keys(alive))
	err = pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		// Fence first: a session of the dead that still waits for its last answer must not write after us.
		_, err := tx.Exec(ctx, `
			SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND usename = current_user
				AND application_name LIKE $1 AND NOT application_name = ANY($2)`, clientPrefix+"%", clients)
		if err != nil {
			return fmt.Errorf("fence: %w", err)
		}
		left, err := leftBehind(ctx, tx, clients)
		if err != nil {
			return err
		}
		for _, job := range left {
			if err := r.rescue(ctx, tx, job); err != nil {
				return fmt.Errorf("rescue job %d: %w", job.ID, err)
			}
		}
		jobs = len(left)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("jobs: %w", err)
	}
	return jobs, r.adopt(ctx, slices.Collect(maps.Values(alive)))
}

// abandoned is a job whose process is gone.
type abandoned struct {
	ID       int64
	Kind     string
	Args     json.RawMessage
	Rescues  int // before this one
	Last     bool
	Canceled bool
}

func leftBehind(ctx context.Context, tx pgx.Tx, alive []string) ([]abandoned, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, kind, args, coalesce((metadata->>'rescues')::int, 0) AS rescues,
			attempt >= max_attempts AS last, metadata ? 'cancel_attempted_at' AS canceled
		FROM river_job WHERE state = 'running' AND NOT attempted_by[cardinality(attempted_by)] = ANY($1)
		ORDER BY id FOR UPDATE`, alive)
	if err != nil {
		return nil, fmt.Errorf("find running jobs: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[abandoned])
}

func (r *Runner) rescue(ctx context.Context, tx pgx.Tx, job abandoned) error {
	state := "available"
	switch {
	case job.Canceled:
		state = "cancelled"
	case job.Last, job.Rescues >= maxRescues:
		state = "discarded"
		// Before the job is let go: a crash here finds it again, and failing twice is once.
		if err := r.giveUp(ctx, job); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `
		UPDATE river_job SET state = $2::river_job_state, scheduled_at = now(),
			finalized_at = CASE WHEN $2 <> 'available' THEN now() END,
			metadata = jsonb_set(metadata, '{rescues}', to_jsonb($3::int)),
			errors = array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt, 'error', 'the process that ran it is gone', 'trace', ''))
		WHERE id = $1`, job.ID, state, job.Rescues+1)
	return err
}

// giveUp tells the customer that a job will not be tried again.
func (r *Runner) giveUp(ctx context.Context, job abandoned) error {
	const reason = "the server ended several times while this was drawn, so it is not tried again; change the design, or tell whoever runs this server"
	switch job.Kind {
	case (app.RenderJob{}).Kind():
		var args app.RenderJob
		if err := json.Unmarshal(job.Args, &args); err != nil {
			return err
		}
		return r.app.In(args.TenantID).FailRender(ctx, app.Render{ID: args.RenderID}, reason)
	case (app.BatchJob{}).Kind():
		var args app.BatchJob
		if err := json.Unmarshal(job.Args, &args); err != nil {
			return err
		}
		return r.app.In(args.TenantID).FailBatch(ctx, args.BatchID, reason)
	}
	return nil
}

// adopt works the queues of releases that no living process works.
func (r *Runner) adopt(ctx context.Context, living []string) error {
	worked := []string{queueOf(r.release)}
	for _, release := range living {
		worked = append(worked, queueOf(release))
	}
	rows, err := r.pool.Query(ctx, `
		SELECT DISTINCT queue FROM river_job
		WHERE state IN ('available', 'retryable', 'scheduled') AND NOT queue = ANY($1)`, worked)
	if err != nil {
		return fmt.Errorf("find queues: %w", err)
	}
	queues, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("find queues: %w", err)
	}
	for _, queue := range queues {
		err := r.work.Queues().Add(queue, river.QueueConfig{MaxWorkers: slots})
		if already := new(river.QueueAlreadyAddedError); err != nil && !errors.As(err, &already) {
			return fmt.Errorf("adopt %s: %w", queue, err)
		}
	}
	return nil
}

const clientPrefix = "majestic-"

// ClientName names a generation, in the rows of the jobs it runs and in its database sessions.
func ClientName(generation int, release string) string {
	return fmt.Sprintf("%s%d-%s", clientPrefix, generation, release)
}
