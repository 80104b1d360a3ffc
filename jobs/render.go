package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/riverqueue/river"

	"majestic/app"
	"majestic/screenshots"
)

type renderWorker struct {
	river.WorkerDefaults[app.RenderJob]
	app    *app.App
	events *app.Events
	draw   drawer
}

// Work draws one render.
func (w *renderWorker) Work(ctx context.Context, job *river.Job[app.RenderJob]) error {
	if job.Args.Version > app.RenderJobVersion {
		return river.JobSnooze(unknownWait)
	}
	tenant := w.app.In(job.Args.TenantID)
	r, doc, err := tenant.StartRender(ctx, job.Args.RenderID)
	if settled(err) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, done := untilCanceled(ctx, tenant, w.events, r.ID)
	defer done()
	draw := w.draw
	if r.Thumbnail {
		draw.lane = screenshots.Batch
	}
	err = draw.render(ctx, tenant, doc, r, sourceOf(tenant))
	if err == nil || canceled(ctx) {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return river.JobSnooze(0) // we are stopping: whoever comes next begins again
	}
	if reason, mine := fault(err); mine {
		return tenant.FailRender(ctx, r, reason)
	}
	if job.Attempt >= job.MaxAttempts {
		err = errors.Join(err, tenant.FailRender(context.WithoutCancel(ctx), r, "the renderer failed several times; try again later"))
	}
	return fmt.Errorf("render %s: %w", r.ID, err)
}

// settled tells whether there is nothing left to do: finished already, or deleted with its tenant.
func settled(err error) bool {
	kind := app.KindOf(err)
	return kind == app.Conflict || kind == app.NotFound
}
