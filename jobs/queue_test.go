package jobs_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
)

// Each job is told of once, however soon after another it was inserted: the
// runner would else find it at its next poll only.
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
	var txs [3]pgx.Tx
	for k := range txs {
		if txs[k], err = pool.Begin(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer txs[k].Rollback(t.Context())
	}
	var all errgroup.Group
	for _, tx := range txs {
		all.Go(func() error { return q.Render(t.Context(), tx, app.RenderJob{TenantID: "t", RenderID: "r"}) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	for k, tx := range txs {
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		told, err := listener.Conn().WaitForNotification(ctx)
		cancel()
		if err != nil {
			t.Fatalf("job %d: %v", k, err)
		}
		if want := `{"queue": "release_` + apptest.Release + `"}`; told.Payload != want {
			t.Errorf("job %d: told %s, want %s", k, told.Payload, want)
		}
	}
	// Not twice: nothing is left that was told.
	if _, err := listener.Exec(t.Context(), `SELECT pg_notify('public.river_insert', 'last')`); err != nil {
		t.Fatal(err)
	}
	told, err := listener.Conn().WaitForNotification(t.Context())
	if err != nil || told.Payload != "last" {
		t.Errorf("told %v, %v, want the last only", told, err)
	}
}
