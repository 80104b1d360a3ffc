package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
)

// Each job is told of by itself, however soon it comes after another: the runner
// would else find it at its next poll only.
func TestInsertsAreTold(t *testing.T) {
	_, pool := apptest.App(t)
	q, err := jobs.NewQueue(pool, apptest.Release)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Release()
	if _, err := listener.Exec(t.Context(), `LISTEN "public.river_insert"`); err != nil {
		t.Fatal(err)
	}
	for k := range 5 {
		err := pgx.BeginFunc(t.Context(), pool, func(tx pgx.Tx) error {
			return q.Render(t.Context(), tx, app.RenderJob{TenantID: "t", RenderID: "r"})
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if _, err := listener.Conn().WaitForNotification(ctx); err != nil {
			t.Errorf("job %d: %v", k, err)
		}
		cancel()
	}
}
