package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"majestic/app"
	"majestic/screenshots"
)

// slots is how many jobs of a queue run at once. They wait for each other at the
// renderer, which decides who draws; batches and deliveries take some of them, see seats.
const slots = batchSeats + deliverySeats + 10

// Capturer turns a document into a picture, and tells what it would do that with.
type Capturer interface {
	Capture(ctx context.Context, shot screenshots.Shot) (screenshots.Picture, error)
	Fingerprint() screenshots.Fingerprint
	FontFile(file string) string // where it has a font of the system
}

// Options are what a Runner needs.
type Options struct {
	Pool     *pgxpool.Pool
	App      *app.App
	Events   *app.Events
	Capturer Capturer
	Mailer   Mailer
	Tabs     int    // shots that the capturer makes at once
	Release  string // whose queue it works
	Client   string // names this process in the rows of the jobs it runs
	Log      *slog.Logger
}

// Runner works the jobs of one release. It has two clients: one works the queue
// for as long as the process lives; the other may lead River's maintenance. That,
// and what the installation does for itself from time to time, can be stopped alone
// when another process shall take over.
type Runner struct {
	pool    *pgxpool.Pool
	app     *app.App
	work    *river.Client[pgx.Tx]
	lead    *river.Client[pgx.Tx]
	release string
	renders *prometheus.HistogramVec
	tabs    int
	upkeep  *upkeep
}

// NewRunner makes a runner that does nothing until Start.
func NewRunner(o Options) (*Runner, error) {
	d := drawer{o.Capturer, &coverages{fonts: o.Capturer}, newRenders(), screenshots.Interactive}
	rows := d
	rows.lane = screenshots.Batch
	workers := river.NewWorkers()
	river.AddWorker(workers, &renderWorker{app: o.App, events: o.Events, draw: d})
	river.AddWorker(workers, &batchWorker{app: o.App, events: o.Events, draw: rows, tabs: max(1, o.Tabs), seats: &seats{most: batchSeats, each: tenantBatches}})
	river.AddWorker(workers, &mailWorker{app: o.App, mailer: o.Mailer})
	river.AddWorker(workers, &deliveryWorker{app: o.App, seats: &seats{most: deliverySeats, each: tenantDeliveries}, turns: &turns{}})

	// River logs every passing trouble of its own as an error; ours is told by the jobs.
	config := river.Config{
		Logger:               o.Log,
		Workers:              workers,
		JobTimeout:           2 * time.Minute,
		RescueStuckJobsAfter: 7 * 24 * time.Hour, // by time only; see Rescue
	}
	work := config
	work.Middleware = []rivertype.Middleware{logged(o.Log)}
	work.ID = o.Client
	work.LeaderElectionDisabled = true
	work.FetchOnlyKnownKinds = true
	work.FetchCooldown = 20 * time.Millisecond
	work.FetchPollInterval = 100 * time.Millisecond // for what is inserted at once with another, and then not told of
	work.Queues = map[string]river.QueueConfig{queueOf(o.Release): {MaxWorkers: slots}}
	lead := config
	lead.ID = o.Client + "-lead"
	lead.Queues = map[string]river.QueueConfig{"lead": {MaxWorkers: 1}}

	r := &Runner{pool: o.Pool, app: o.App, release: o.Release, tabs: max(1, o.Tabs), renders: d.renders, upkeep: &upkeep{app: o.App, log: o.Log}}
	var err error
	if r.work, err = river.NewClient(riverpgxv5.New(o.Pool), &work); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	if r.lead, err = river.NewClient(riverpgxv5.New(o.Pool), &lead); err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return r, nil
}

// Start begins to work the release's queue. A database that is away just now is
// waited for until ctx ends. What it starts outlives ctx: Stop ends it.
func (r *Runner) Start(ctx context.Context) error {
	return start(ctx, r.work)
}

// Lead makes this process one that may lead River's maintenance, and that does what
// the installation does for itself from time to time.
func (r *Runner) Lead(ctx context.Context) error {
	r.upkeep.start()
	return start(ctx, r.lead)
}

// Yield leaves leading to others.
func (r *Runner) Yield(ctx context.Context) error {
	r.upkeep.end()
	if err := r.lead.Stop(ctx); err != nil {
		return fmt.Errorf("stop leading: %w", err)
	}
	return nil
}

// Stop fetches nothing more and waits for running jobs; when ctx ends they are
// told to stop where they are, and go on at the next start. Twice is harmless.
func (r *Runner) Stop(ctx context.Context) error {
	r.upkeep.end()
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

func start(ctx context.Context, client *river.Client[pgx.Tx]) error {
	for {
		err := client.Start(context.WithoutCancel(ctx))
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("jobs: %w", err)
		case <-time.After(time.Second / 2):
		}
	}
}
