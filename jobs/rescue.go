package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

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
	Done     int // rows of a batch, when it was rescued before
}

func leftBehind(ctx context.Context, tx pgx.Tx, alive []string) ([]abandoned, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, kind, args, coalesce((metadata->>'rescues')::int, 0) AS rescues,
			attempt >= max_attempts AS last, metadata ? 'cancel_attempted_at' AS canceled,
			coalesce((metadata->>'done')::int, 0) AS done
		FROM river_job WHERE state = 'running' AND NOT attempted_by[cardinality(attempted_by)] = ANY($1)
		ORDER BY id FOR UPDATE`, alive)
	if err != nil {
		return nil, fmt.Errorf("find running jobs: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[abandoned])
}

func (r *Runner) rescue(ctx context.Context, tx pgx.Tx, job abandoned) error {
	done, err := r.rowsDone(ctx, job)
	if err != nil {
		return err
	}
	// The attempt of a batch that came forward is not the batch's to lose. Rows that
	// were drawn beside a deadly one, while that took the process down, do not count.
	forward := done-job.Done > 6*r.tabs
	if forward {
		job.Rescues, job.Last = 0, false
	}
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
	_, err = tx.Exec(ctx, `
		UPDATE river_job SET state = $2::river_job_state, scheduled_at = now(),
			attempt = CASE WHEN $4 THEN greatest(attempt - 1, 0) ELSE attempt END,
			finalized_at = CASE WHEN $2 <> 'available' THEN now() END,
			metadata = metadata || jsonb_build_object('rescues', $3::int, 'done', $5::int),
			errors = array_append(errors, jsonb_build_object('at', now(), 'attempt', attempt, 'error', 'the process that ran it is gone', 'trace', ''))
		WHERE id = $1`, job.ID, state, job.Rescues+1, forward, done)
	return err
}

// rowsDone is how far a batch has come; 0 for other jobs.
func (r *Runner) rowsDone(ctx context.Context, job abandoned) (int, error) {
	if job.Kind != (app.BatchJob{}).Kind() {
		return 0, nil
	}
	var args app.BatchJob
	if err := json.Unmarshal(job.Args, &args); err != nil {
		return 0, err
	}
	b, err := r.app.In(args.TenantID).Batch(ctx, args.BatchID)
	if app.KindOf(err) == app.NotFound {
		return 0, nil
	}
	return b.Done + b.Failed, err
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
	case (app.DeliveryJob{}).Kind():
		var args app.DeliveryJob
		if err := json.Unmarshal(job.Args, &args); err != nil {
			return err
		}
		return r.app.In(args.TenantID).GiveUpDelivery(ctx, args.DeliveryID, "our server ended several times while this was sent; send it again")
	}
	return nil
}

// adopt takes over the jobs of releases that no living process works. They move
// into our queue, so that they are counted there, and are left to our heir; a queue
// that was worked beside it would still be ours when its release comes back.
func (r *Runner) adopt(ctx context.Context, living []string) error {
	worked := []string{queueOf(r.release)}
	for _, release := range living {
		worked = append(worked, queueOf(release))
	}
	_, err := r.pool.Exec(ctx, `
		UPDATE river_job SET queue = $1
		WHERE state IN ('available', 'pending', 'retryable', 'scheduled') AND queue LIKE $2 AND NOT queue = ANY($3)`,
		queueOf(r.release), queueOf("%"), worked)
	if err != nil {
		return fmt.Errorf("adopt jobs: %w", err)
	}
	return nil
}

const clientPrefix = "majestic-"

// ClientName names a generation, in the rows of the jobs it runs and in its database sessions.
func ClientName(generation int, release string) string {
	return fmt.Sprintf("%s%d-%s", clientPrefix, generation, release)
}
