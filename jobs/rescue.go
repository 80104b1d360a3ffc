package jobs

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// Rescue takes over what processes that are gone have left: their running jobs
// become available again, and queues that nobody works are worked here. Alive
// are the client names of all processes of this instance that live; a live
// worker's job is never touched, since its completion would mark the new
// attempt as done.
func (r *Runner) Rescue(ctx context.Context, alive []string) (jobs int, err error) {
	var queues []string
	err = pgx.BeginFunc(ctx, r.pool, func(tx pgx.Tx) error {
		// Fence first: a session of the dead that still waits for its last answer must not write after us.
		_, err := tx.Exec(ctx, `
			SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND usename = current_user
				AND application_name LIKE $1 AND NOT application_name = ANY($2)`, clientPrefix+"%", alive)
		if err != nil {
			return fmt.Errorf("fence: %w", err)
		}
		tag, err := tx.Exec(ctx, `
			UPDATE river_job SET
				state = CASE WHEN metadata ? 'cancel_attempted_at' THEN 'cancelled'
					WHEN attempt >= max_attempts THEN 'discarded' ELSE 'available' END::river_job_state,
				finalized_at = CASE WHEN metadata ? 'cancel_attempted_at' OR attempt >= max_attempts THEN now() END,
				scheduled_at = now()
			WHERE state = 'running' AND NOT attempted_by[cardinality(attempted_by)] = ANY($1)`, alive)
		if err != nil {
			return fmt.Errorf("rescue: %w", err)
		}
		jobs = int(tag.RowsAffected())
		rows, err := tx.Query(ctx, `
			SELECT DISTINCT queue FROM river_job
			WHERE state IN ('available', 'retryable', 'scheduled') AND queue <> $1`, queueOf(r.release))
		if err != nil {
			return fmt.Errorf("find queues: %w", err)
		}
		queues, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("jobs: %w", err)
	}
	for _, queue := range queues {
		if err := r.work.Queues().Add(queue, river.QueueConfig{MaxWorkers: slots}); err != nil {
			return jobs, fmt.Errorf("adopt %s: %w", queue, err)
		}
	}
	return jobs, nil
}

const clientPrefix = "majestic-"

// ClientName names a generation, in the rows of the jobs it runs and in its database sessions.
func ClientName(generation int, release string) string {
	return fmt.Sprintf("%s%d-%s", clientPrefix, generation, release)
}
