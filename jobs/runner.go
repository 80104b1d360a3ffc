package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"majestic/app"
	"majestic/screenshots"
)

// slots is how many jobs of a queue run at once. They wait for each other at the
// renderer, which decides who draws.
const slots = 50

// Capturer turns a document into a picture.
type Capturer interface {
	Capture(ctx context.Context, shot screenshots.Shot) ([]byte, error)
}

// Options are what a Runner needs.
type Options struct {
	Pool     *pgxpool.Pool
	App      *app.App
	Capturer Capturer
	Tabs     int    // shots that the capturer makes at once
	Release  string // whose queue it works
	Client   string // names this process in the rows of the jobs it runs
	Log      *slog.Logger
}

// Runner works the jobs of one release. It has two clients: one works the queue
// for as long as the process lives; the other may lead the installation's
// maintenance, and can be stopped alone when another process shall take over.
type Runner struct {
	pool    *pgxpool.Pool
	app     *app.App
	work    *river.Client[pgx.Tx]
	lead    *river.Client[pgx.Tx]
	release string
}

// NewRunner makes a runner that does nothing until Start.
func NewRunner(o Options) (*Runner, error) {
	d := drawer{o.Capturer}
	workers := river.NewWorkers()
	river.AddWorker(workers, &renderWorker{app: o.App, draw: d})
	river.AddWorker(workers, &batchWorker{app: o.App, draw: d, tabs: max(1, o.Tabs)})

	// River logs every passing trouble of its own as an error; ours is told by the jobs.
	config := river.Config{
		Logger:               o.Log,
		Workers:              workers,
		JobTimeout:           2 * time.Minute,
		RescueStuckJobsAfter: 7 * 24 * time.Hour, // by time only; see Rescue
	}
	work := config
	work.ID = o.Client
	work.LeaderElectionDisabled = true
	work.FetchOnlyKnownKinds = true
	work.FetchCooldown = 20 * time.Millisecond
	work.Queues = map[string]river.QueueConfig{queueOf(o.Release): {MaxWorkers: slots}}
	lead := config
	lead.ID = o.Client + "-lead"
	lead.Queues = map[string]river.QueueConfig{"lead": {MaxWorkers: 1}}

	r := &Runner{pool: o.Pool, app: o.App, release: o.Release}
	var err error
	if r.work, err = river.NewClient(riverpgxv5.New(o.Pool), &work); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	if r.lead, err = river.NewClient(riverpgxv5.New(o.Pool), &lead); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return r, nil
}

// Start begins to work. Its clients outlive ctx: Stop ends them.
func (r *Runner) Start(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if err := r.work.Start(ctx); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	if err := r.lead.Start(ctx); err != nil {
		return fmt.Errorf("jobs: %w", err)
	}
	return nil
}

// Drain works off the jobs of the release that can run now, also those that come
// meanwhile, and then stops. River's own Stop would leave them: a stopping client
// fetches nothing.
func (r *Runner) Drain(ctx context.Context) error {
	for tick := time.NewTicker(200 * time.Millisecond); ; {
		running, available, err := Count(ctx, r.pool, r.release)
		if err == nil && running+available == 0 || ctx.Err() != nil {
			tick.Stop()
			return r.Stop(ctx)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// Stop fetches nothing more and waits for running jobs; when ctx ends they are
// told to stop where they are, and go on at the next start. Twice is harmless.
func (r *Runner) Stop(ctx context.Context) error {
	err := r.lead.Stop(context.WithoutCancel(ctx))
	if soft := r.work.Stop(ctx); soft != nil && ctx.Err() == nil {
		err = errors.Join(err, soft)
	}
	if ctx.Err() != nil {
		hard, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, r.work.StopAndCancel(hard))
	}
	if err != nil {
		return fmt.Errorf("stop jobs: %w", err)
	}
	return nil
}

// Count counts the unfinished jobs of the release's queue.
func Count(ctx context.Context, pool *pgxpool.Pool, release string) (running, available int, err error) {
	err = pool.QueryRow(ctx, `
		SELECT count(*) FILTER (WHERE state = 'running'), count(*) FILTER (WHERE state = 'available')
		FROM river_job WHERE queue = $1 AND state IN ('running', 'available')`, queueOf(release)).Scan(&running, &available)
	if err != nil {
		err = fmt.Errorf("count jobs: %w", err)
	}
	return running, available, err
}
