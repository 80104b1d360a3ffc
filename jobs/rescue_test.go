package jobs_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
)

// A job whose process died is made available again, three times; then it is
// given up, and the customer reads why. A live process's job is left alone.
func TestRescue(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Rescue")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	row := apptest.Countries(t)[0]
	deadly, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: row})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: []map[string]string{row}})
	if err != nil {
		t.Fatal(err)
	}
	alive, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: row})
	if err != nil {
		t.Fatal(err)
	}
	run := func(client, render string) {
		t.Helper()
		_, err := pool.Exec(ctx, `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now(), attempted_by = array_append(attempted_by, $1)
			WHERE state = 'available' AND (args->>'render' = $2 OR $2 <> $3 AND kind = 'batch')`, client, render, alive.ID)
		if err != nil {
			t.Fatal(err)
		}
	}
	state := func(render string) (state string) {
		t.Helper()
		if err := pool.QueryRow(ctx, `SELECT state FROM river_job WHERE args->>'render' = $1`, render).Scan(&state); err != nil {
			t.Fatal(err)
		}
		return state
	}
	const me, other = "majestic-9-me", "majestic-8-other"
	runner, err := jobs.NewRunner(jobs.Options{Pool: pool, App: a, Release: apptest.Release, Client: me, Log: apptest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	run(other, alive.ID)
	for death := 1; death <= 4; death++ {
		run("majestic-7-dead", deadly.ID)
		n, err := runner.Rescue(ctx, map[string]string{me: apptest.Release, other: "another"})
		if err != nil || n != 2 {
			t.Fatalf("death %d: %d jobs, %v", death, n, err)
		}
		if want := map[bool]string{true: "available", false: "discarded"}[death <= 3]; state(deadly.ID) != want {
			t.Errorf("after death %d the job is %s, want %s", death, state(deadly.ID), want)
		}
	}
	if state(alive.ID) != "running" {
		t.Errorf("the live process's job is %s", state(alive.ID))
	}
	if r, err := tenant.Render(ctx, deadly.ID); err != nil || r.Status != app.Failed || r.Error == nil {
		t.Errorf("the render: %+v, %v", r, err)
	}
	if b, err := tenant.Batch(ctx, batch.ID); err != nil || b.Status != app.Failed || b.Error == nil {
		t.Errorf("the batch: %+v, %v", b, err)
	}
	if b, err := tenant.Batch(ctx, batch.ID); err != nil || b.Failed != 1 {
		t.Errorf("its row waits for ever: %+v, %v", b, err)
	}
	if r, err := tenant.Render(ctx, alive.ID); err != nil || r.Status != app.Queued {
		t.Errorf("the other render: %+v, %v", r, err)
	}
}

// A batch that comes forward between the deaths of its processes is not the one
// that kills them. Its queue's jobs come to the rescuer's, those of the living stay.
func TestRescueOfABatchThatComesForward(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Forward")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: apptest.Countries(t)[:60]})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := tenant.BatchItems(ctx, b.ID, app.PageRequest{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	other, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: apptest.Countries(t)[0]})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `UPDATE river_job SET queue = CASE kind WHEN 'batch' THEN 'release_gone' ELSE 'release_another' END`); err != nil {
		t.Fatal(err)
	}
	const me = "majestic-9-me"
	runner, err := jobs.NewRunner(jobs.Options{Pool: pool, App: a, Release: apptest.Release, Client: me, Log: apptest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	for death := 1; death <= 6; death++ {
		_, err := pool.Exec(ctx, `UPDATE river_job SET state = 'running', attempt = attempt + 1, attempted_at = now(), attempted_by = array_append(attempted_by, 'majestic-7-dead') WHERE kind = 'batch'`)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows.Data[8*(death-1) : 8*death] {
			if err := tenant.FailRender(ctx, row, "a row's own fault"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := runner.Rescue(ctx, map[string]string{me: apptest.Release, "majestic-8-other": "another"}); err != nil {
			t.Fatal(err)
		}
		var state, queue string
		var attempt int
		if err := pool.QueryRow(ctx, `SELECT state, queue, attempt FROM river_job WHERE kind = 'batch'`).Scan(&state, &queue, &attempt); err != nil {
			t.Fatal(err)
		}
		if state != "available" || queue != "release_"+apptest.Release || attempt != 0 {
			t.Errorf("death %d: %s in %s after %d attempts", death, state, queue, attempt)
		}
	}
	if queue, _ := job(t, pool, other.ID); queue != "release_another" {
		t.Errorf("a living release's job is in %s", queue)
	}
	if c, err := jobs.Count(ctx, pool, apptest.Release); err != nil || c.Available != 1 {
		t.Errorf("%+v, %v", c, err)
	}
}

// A newer process of the release that dies while we finish leaves its jobs to the heir.
func TestDrainOfTwo(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Two")
	chrome := &counting{Pool: apptest.Renderer(t), stopAfter: 1, reached: make(chan struct{})}
	runner := start(t, a, pool, chrome, "majestic-1-test")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: apptest.Countries(t)})
	if err != nil {
		t.Fatal(err)
	}
	<-chrome.reached
	var dead atomic.Bool
	asked, ended := make(chan bool, 1), make(chan error, 1)
	go func() {
		ended <- runner.Drain(ctx, ctx, jobs.Drain{Heir: func() (string, bool) {
			select {
			case asked <- true:
			default:
			}
			return "heir", !dead.Load()
		}})
	}()
	left, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: apptest.Countries(t)[0]})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `UPDATE river_job SET state = 'scheduled', scheduled_at = now() + interval '1 hour' WHERE args->>'render' = $1`, left.ID); err != nil {
		t.Fatal(err)
	}
	<-asked
	dead.Store(true)
	for range time.Tick(20 * time.Millisecond) {
		if queue, _ := job(t, pool, left.ID); queue == "release_heir" {
			break
		}
		select {
		case err := <-ended:
			t.Fatalf("it ended before the job was left: %v", err)
		default:
		}
	}
	if _, err := tenant.CancelBatch(ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
