package jobs

import (
	"context"
	"errors"

	"majestic/app"
)

// errCanceled is the cause for which a worker stops when a customer has canceled.
var errCanceled = errors.New("canceled by the customer")

// untilCanceled ends the work on a render when it is canceled. River's own cancel
// would not do: a process that finishes its jobs does not hear it.
func untilCanceled(ctx context.Context, t app.Tenant, events *app.Events, render string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go t.FollowRender(ctx, events, render, func(r app.Render) error {
		if r.Status == app.Canceled {
			cancel(errCanceled)
		}
		return nil
	})
	return ctx, func() { cancel(nil) }
}

// untilBatchCanceled is untilCanceled for a batch. It is woken by every row.
func untilBatchCanceled(ctx context.Context, t app.Tenant, events *app.Events, batch string) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go t.FollowBatchStatus(ctx, events, batch, func(status string) error {
		if status == app.Canceled {
			cancel(errCanceled)
		}
		return nil
	})
	return ctx, func() { cancel(nil) }
}

func canceled(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errCanceled) }
