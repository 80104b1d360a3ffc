package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"majestic/app"
)

// Queue inserts jobs into the queue of one release. It is app.Queue.
type Queue struct {
	client *river.Client[pgx.Tx]
	name   string
}

// NewQueue makes a client that inserts and works nothing.
func NewQueue(pool *pgxpool.Pool, release string) (*Queue, error) {
	client, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return &Queue{client, queueOf(release)}, nil
}

// Render enqueues one render, before batches: somebody is waiting for it.
func (q *Queue) Render(ctx context.Context, tx pgx.Tx, job app.RenderJob) error {
	return q.insert(ctx, tx, job, &river.InsertOpts{MaxAttempts: 4, Priority: 1})
}

// Thumbnail enqueues a render that nobody waits for, after all that somebody does.
func (q *Queue) Thumbnail(ctx context.Context, tx pgx.Tx, job app.RenderJob) error {
	return q.insert(ctx, tx, job, &river.InsertOpts{MaxAttempts: 4, Priority: 3, Tags: []string{thumbnail}})
}

// Batch enqueues a batch.
func (q *Queue) Batch(ctx context.Context, tx pgx.Tx, job app.BatchJob) error {
	return q.insert(ctx, tx, job, &river.InsertOpts{MaxAttempts: 10, Priority: 2})
}

// Busy are the tenants that have unfinished renders or batches in the queue of a
// release: what its other jobs do can be done by any other.
func (q *Queue) Busy(ctx context.Context, tx pgx.Tx, release string) (tenants []string, err error) {
	err = tx.QueryRow(ctx, `
		SELECT coalesce(array_agg(DISTINCT args->>'tenant'), '{}') FROM river_job
		WHERE queue = $1 AND kind = ANY($2) AND NOT $3 = ANY(tags) AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled')`,
		queueOf(release), []string{(app.RenderJob{}).Kind(), (app.BatchJob{}).Kind()}, thumbnail).Scan(&tenants)
	if err != nil {
		return nil, fmt.Errorf("find tenants with jobs: %w", err)
	}
	return tenants, nil
}

// Mail enqueues a mail, as urgent as a render.
func (q *Queue) Mail(ctx context.Context, tx pgx.Tx, job app.MailJob) error {
	return q.insert(ctx, tx, job, &river.InsertOpts{MaxAttempts: 10, Priority: 1})
}

// Delivery enqueues a delivery, after renders.
func (q *Queue) Delivery(ctx context.Context, tx pgx.Tx, job app.DeliveryJob) error {
	return q.insert(ctx, tx, job, &river.InsertOpts{MaxAttempts: 10, Priority: 2})
}

// Hurry has the job of a delivery run now that waits for its time, in whichever queue.
func (q *Queue) Hurry(ctx context.Context, tx pgx.Tx, job app.DeliveryJob) (waited bool, err error) {
	hurried, err := tx.Exec(ctx, `
		UPDATE river_job SET state = 'available', scheduled_at = now()
		WHERE kind = $1 AND args @> jsonb_build_object('delivery', $2::text) AND state IN ('available', 'retryable', 'scheduled')`, job.Kind(), job.DeliveryID)
	if err != nil {
		return false, fmt.Errorf("hurry delivery: %w", err)
	}
	return hurried.RowsAffected() > 0, nil
}

func (q *Queue) insert(ctx context.Context, tx pgx.Tx, job river.JobArgs, o *river.InsertOpts) error {
	o.Queue = q.name
	if _, err := q.client.InsertTx(ctx, tx, job, o); err != nil {
		return fmt.Errorf("enqueue %s: %w", job.Kind(), err)
	}
	// River tells of one insertion in a cooldown, and of the next ones not even if
	// they are committed long after: their jobs would wait for the poll. Where it
	// tells, too, it does so in the same words, and Postgres passes on one of them.
	_, err := tx.Exec(ctx, `SELECT pg_notify(current_schema() || '.river_insert', $1)`, fmt.Sprintf(`{"queue": %q}`, q.name))
	if err != nil {
		return fmt.Errorf("tell of %s: %w", job.Kind(), err)
	}
	return nil
}

// unknownWait is how long a job of a newer version waits, again and again and at
// no cost, for a release that knows it.
const unknownWait = time.Minute

// thumbnail marks the jobs of which nobody waits for the end.
const thumbnail = "thumbnail"

// queueOf names the queue of a release.
func queueOf(release string) string { return "release_" + release }
