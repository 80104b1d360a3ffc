package jobs_test

import (
	"context"
	"testing"

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
