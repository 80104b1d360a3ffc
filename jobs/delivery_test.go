package jobs_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
)

// Servers of one tenant that never answer hold up neither another tenant's messages nor
// any other job; none of those that wait for a seat loses an attempt.
func TestDeliveriesByTurns(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	slow, quick := apptest.Tenant(t, a, "Slow"), apptest.Tenant(t, a, "Quick")
	released := make(chan struct{})
	hanging := apptest.NewHook(t, func(http.ResponseWriter, *http.Request) { <-released })
	hook := apptest.NewHook(t, nil)
	test := func(tenant app.Tenant, url string, times int) {
		t.Helper()
		w, err := tenant.CreateWebhook(ctx, nil, app.WebhookRequest{URL: &url, Events: app.WebhookEvents()})
		if err != nil {
			t.Fatal(err)
		}
		for range times {
			if _, err := tenant.TestWebhook(ctx, nil, w.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	test(slow, hanging.URL, 100) // more than there are slots
	runner := deliverer(t, a, pool)
	if err := errors.Join(runner.Start(ctx), runner.Lead(ctx)); err != nil {
		t.Fatal(err)
	}
	defer runner.Stop(ctx)
	for range 4 {
		<-hanging.Got
	}
	test(quick, hook.URL, 20)
	for range 20 {
		<-hook.Got
	}
	if n := len(hanging.Got); n != 0 {
		t.Errorf("%d more than its seats are sent to a slow server", n)
	}
	close(released)
	for range 96 {
		<-hanging.Got
	}
	until(t, pool, `SELECT count(*) = 120 FROM river_job WHERE kind = 'delivery' AND state = 'completed' AND attempt = 1`)
	var putOff int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM river_job WHERE metadata ? 'snoozes'`).Scan(&putOff); err != nil || putOff < 90-4 {
		t.Errorf("%d were put off: %v", putOff, err)
	}
}

// A message that was not taken waits as a job for its time, goes to the release that
// comes next, and is sent now when a person says so.
func TestDeliveryWaits(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	failing := true
	hook := apptest.NewHook(t, func(w http.ResponseWriter, _ *http.Request) {
		if failing {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	w, err := tenant.CreateWebhook(ctx, nil, app.WebhookRequest{URL: &hook.URL, Events: app.WebhookEvents()})
	if err != nil {
		t.Fatal(err)
	}
	d, err := tenant.TestWebhook(ctx, nil, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := jobs.Count(ctx, pool, apptest.Release); err != nil || b.Available != 0 || b.Unknown != 0 || b.Waiting != 1 || b.Oldest != nil {
		t.Errorf("%+v, %v", b, err)
	}
	runner := deliverer(t, a, pool)
	if err := runner.Start(ctx); err != nil {
		t.Fatal(err)
	}
	first := <-hook.Got
	until(t, pool, `SELECT state = 'scheduled' AND scheduled_at > now() + interval '59 minutes' FROM river_job WHERE kind = 'delivery'`)
	quiet := make(chan struct{})
	close(quiet)
	if err := runner.Drain(ctx, ctx, jobs.Drain{Quiet: quiet, Heir: func() (string, bool) { return "heir", false }}); err != nil {
		t.Fatal(err)
	}
	until(t, pool, `SELECT queue = 'release_heir' FROM river_job WHERE kind = 'delivery'`)

	// One that could be sent at once goes to the heir as well, and keeps nobody here.
	if _, err := tenant.TestWebhook(ctx, nil, w.ID); err != nil {
		t.Fatal(err)
	}
	next := deliverer(t, a, pool)
	if err := next.Drain(ctx, ctx, jobs.Drain{Quiet: quiet, Heir: func() (string, bool) { return "heir", false }}); err != nil {
		t.Fatal(err)
	}
	until(t, pool, `SELECT count(*) = 2 FROM river_job WHERE kind = 'delivery' AND queue = 'release_heir'`)

	failing = false
	if _, err := tenant.ResendDelivery(ctx, nil, w.ID, d.ID); err != nil {
		t.Fatal(err)
	}
	heir, err := jobs.NewRunner(jobs.Options{Pool: pool, App: a, Release: "heir", Client: "majestic-2-heir", Log: apptest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := heir.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer heir.Stop(ctx)
	ids := []string{(<-hook.Got).Header.Get("webhook-id"), (<-hook.Got).Header.Get("webhook-id")}
	if !slices.Contains(ids, first.Header.Get("webhook-id")) {
		t.Errorf("%v without %s", ids, first.Header.Get("webhook-id"))
	}
	until(t, pool, `SELECT count(*) = 2 FROM deliveries WHERE status = 'delivered'`)
}

// A message whose process dies each time is given up, and says so.
func TestDeliveryRescued(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	hook := apptest.NewHook(t, nil)
	w, err := tenant.CreateWebhook(ctx, nil, app.WebhookRequest{URL: &hook.URL, Events: app.WebhookEvents()})
	if err != nil {
		t.Fatal(err)
	}
	d, err := tenant.TestWebhook(ctx, nil, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	runner := deliverer(t, a, pool)
	for range 4 {
		if _, err := pool.Exec(ctx, `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now(), attempted_by = '{majestic-7-dead}' WHERE kind = 'delivery'`); err != nil {
			t.Fatal(err)
		}
		if n, err := runner.Rescue(ctx, map[string]string{"majestic-1-test": apptest.Release}); err != nil || n != 1 {
			t.Fatalf("%d jobs, %v", n, err)
		}
	}
	if d, err = tenant.Delivery(ctx, w.ID, d.ID); err != nil || d.Status != app.Failed || d.Error == nil {
		t.Errorf("%+v, %v", d, err)
	}
}

// deliverer is a runner that draws nothing.
func deliverer(t *testing.T, a *app.App, pool *pgxpool.Pool) *jobs.Runner {
	t.Helper()
	if _, err := pool.Exec(context.Background(), `UPDATE river_job SET kind = 'newspaper' WHERE kind = 'render'`); err != nil {
		t.Fatal(err)
	}
	runner, err := jobs.NewRunner(jobs.Options{Pool: pool, App: a, Release: apptest.Release, Client: "majestic-1-test", Log: apptest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	return runner
}

// until returns when the database says so.
func until(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	for range 3000 {
		var yes bool
		if err := pool.QueryRow(t.Context(), `WITH waited AS (SELECT pg_sleep(0.02)) SELECT coalesce((`+sql+`), false) FROM waited`).Scan(&yes); err != nil {
			t.Fatal(err)
		}
		if yes {
			return
		}
	}
	t.Fatalf("not in a minute: %s", sql)
}
