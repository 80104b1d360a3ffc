package postgres

import (
	"context"
	"time"
)

// Watch starts the private cluster again when it was killed under its users,
// until ctx ends. Whoever opens the cluster starts it; who watches opens it anew.
func Watch(ctx context.Context, o Options) {
	if o.URL != "" {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if Running(o) {
			continue
		}
		o.Log.Warn("the private cluster is gone; it is started again")
		db, err := Open(ctx, o)
		if err == nil {
			err = db.Close() // the watcher's own user keeps it up
		}
		if err != nil && ctx.Err() == nil {
			o.Log.Error("the private cluster does not start; it is tried again", "err", err)
		}
	}
}
