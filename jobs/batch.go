package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"golang.org/x/sync/errgroup"

	"majestic/app"
	"majestic/app/logs"
)

type batchWorker struct {
	river.WorkerDefaults[app.BatchJob]
	app    *app.App
	events *app.Events
	draw   drawer
	tabs   int
	seats  *seats
}

// Timeout is none: a batch takes as long as its rows.
func (w *batchWorker) Timeout(*river.Job[app.BatchJob]) time.Duration { return -1 }

// Work draws the rows of a batch that are not yet drawn. Each finished row is a
// checkpoint, so a batch that is cut anywhere goes on where it stopped.
func (w *batchWorker) Work(ctx context.Context, job *river.Job[app.BatchJob]) error {
	if job.Args.Version > app.BatchJobVersion {
		return river.JobSnooze(unknownWait)
	}
	if !w.seats.take(job.Args.TenantID) {
		return river.JobSnooze(awhile())
	}
	defer w.seats.give(job.Args.TenantID)
	tenant := w.app.In(job.Args.TenantID)
	batch, doc, err := tenant.StartBatch(ctx, job.Args.BatchID)
	if settled(err) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, done := untilBatchCanceled(ctx, tenant, w.events, batch.ID)
	defer done()
	err = w.rows(ctx, tenant, batch, doc)
	if err == nil {
		err = tenant.FinishBatch(ctx, batch.ID)
	}
	if err == nil || canceled(ctx) {
		return nil
	}
	if ctx.Err() != nil {
		return river.JobSnooze(0) // we are stopping: whoever comes next goes on with the next row
	}
	if job.Attempt >= job.MaxAttempts {
		err = errors.Join(err, tenant.FailBatch(ctx, batch.ID, "the renderer failed several times; the rows drawn are kept"))
	}
	return fmt.Errorf("batch %s: %w", batch.ID, err)
}

// rows draws what is pending, a page of rows at a time. Twice as many are under way
// as there are tabs: while some are captured, others are made or kept.
func (w *batchWorker) rows(ctx context.Context, tenant app.Tenant, batch app.Batch, doc app.Document) error {
	from := sourceOf(tenant)
	for after := 0; ; {
		pending, err := tenant.PendingRows(ctx, batch.ID, after, 200)
		if err != nil || len(pending) == 0 {
			return err
		}
		after = *pending[len(pending)-1].Row
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(2 * w.tabs)
		for _, r := range pending {
			if ctx.Err() != nil {
				break
			}
			group.Go(func() error { return w.row(ctx, tenant, doc, r, from) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
}

func (w *batchWorker) row(ctx context.Context, tenant app.Tenant, doc app.Document, r app.Render, from source) error {
	ctx = logs.With(ctx, slog.String("render", r.ID), slog.Int("row", *r.Row))
	err := w.draw.render(ctx, tenant, doc, r, from)
	if err == nil {
		return nil
	}
	if reason, mine := fault(err); mine {
		return tenant.FailRender(ctx, r, reason)
	}
	return fmt.Errorf("row %d: %w", *r.Row, err)
}
