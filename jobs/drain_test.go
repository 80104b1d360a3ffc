package jobs_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
	"majestic/screenshots"
)

// Who drains works what waits in its queue, also what comes while requests are
// still answered; what is for later goes to the heir's queue, and what it does
// not know waits where it is seen.
func TestDrain(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Drain")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	render := func() app.Render {
		t.Helper()
		r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: apptest.Countries(t)[0], Output: app.Output{Scale: 0.25}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	soon, later, newer, kind := render(), render(), render(), render()
	for id, sql := range map[string]string{
		later.ID: `UPDATE river_job SET state = 'scheduled', scheduled_at = now() + interval '1 hour' WHERE args->>'render' = $1`,
		newer.ID: `UPDATE river_job SET args = jsonb_set(args, '{v}', '99') WHERE args->>'render' = $1`,
		kind.ID:  `UPDATE river_job SET kind = 'newspaper' WHERE args->>'render' = $1`,
	} {
		if _, err := pool.Exec(ctx, sql, id); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := jobs.Count(ctx, pool, apptest.Release); err != nil || b.Available != 1 || b.Waiting != 2 || b.Unknown != 2 || b.Tenants["drain"] != 5 || b.Oldest == nil {
		t.Errorf("%+v, %v", b, err)
	}
	runner := start(t, a, pool, apptest.Renderer(t), "majestic-1-test")
	quiet, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- runner.Drain(ctx, ctx, jobs.Drain{Quiet: quiet, Heir: func() (string, bool) { return "heir", false }})
	}()
	events := app.StartEvents(pool, apptest.Log(t))
	defer events.Close()
	for _, r := range []app.Render{soon, render()} {
		if r = await(t, tenant, events, r.ID); r.Status != app.Succeeded {
			t.Errorf("%+v", r)
		}
	}
	select {
	case err := <-ended:
		t.Errorf("it ended before the last request: %v", err)
	default:
	}
	close(quiet)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{soon.ID: "release_" + apptest.Release, later.ID: "release_heir", newer.ID: "release_heir"} {
		if queue, _ := job(t, pool, id); queue != want {
			t.Errorf("a job is in the queue %s, not %s", queue, want)
		}
	}
	if _, attempt := job(t, pool, newer.ID); attempt != 0 {
		t.Errorf("a job of a newer version was tried %d times", attempt)
	}
	if _, attempt := job(t, pool, kind.ID); attempt != 0 {
		t.Errorf("a job of another kind was tried %d times", attempt)
	}
}

// Thumbnails hold nobody up: while the first are drawn the others go to the heir.
func TestDrainLeavesThumbnails(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Drain")
	for i := range 110 {
		doc := parse(t, fmt.Sprintf(`{"version":1,"pages":[{"width":9,"height":9,"background":"#0000%02x","elements":[]}]}`, i))
		if _, err := tenant.CreateDesign(ctx, nil, "Dot", doc); err != nil {
			t.Fatal(err)
		}
	}
	chrome := &held{Pool: apptest.Renderer(t), shots: make(chan struct{}, 110), released: make(chan struct{})}
	runner := start(t, a, pool, chrome, "majestic-1-test")
	<-chrome.shots
	quiet, ended := make(chan struct{}), make(chan error, 1)
	close(quiet)
	go func() {
		ended <- runner.Drain(ctx, ctx, jobs.Drain{Quiet: quiet, Heir: func() (string, bool) { return "heir", false }})
	}()
	for left := -1; left != 0; time.Sleep(20 * time.Millisecond) {
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM river_job WHERE queue = 'release_' || $1 AND state = 'available'`, apptest.Release).Scan(&left); err != nil {
			t.Fatal(err)
		}
	}
	close(chrome.released)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	var drawn, given int
	err := pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE state = 'completed'), count(*) FILTER (WHERE state = 'available' AND queue = 'release_heir') FROM river_job`).Scan(&drawn, &given)
	if err != nil || drawn == 0 || given < 10 || drawn+given != 110 {
		t.Errorf("%d are drawn, and the heir has %d, %v", drawn, given, err)
	}
}

// held is the real renderer, which draws nothing until it is released.
type held struct {
	*screenshots.Pool
	shots    chan struct{} // those asked for
	released chan struct{}
}

func (h *held) Capture(ctx context.Context, s screenshots.Shot) (screenshots.Picture, error) {
	h.shots <- struct{}{}
	<-h.released
	return h.Pool.Capture(ctx, s)
}

// At the timeout all that has not begun goes to the heir; a queue that a newer
// process of the release works is left at once.
func TestDrainEnds(t *testing.T) {
	ctx := context.Background()
	for name, d := range map[string]jobs.Drain{
		"at the timeout":    {Timeout: time.Millisecond, Heir: func() (string, bool) { return "heir", false }},
		"for a newer one":   {Heir: func() (string, bool) { return apptest.Release, true }},
		"without anybody":   {Timeout: time.Millisecond, Heir: func() (string, bool) { return "", false }},
		"for its own again": {Timeout: time.Millisecond, Heir: func() (string, bool) { return apptest.Release, false }},
	} {
		t.Run(name, func(t *testing.T) {
			a, pool := apptest.App(t)
			tenant := apptest.Tenant(t, a, "Drain")
			design, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
			if err != nil {
				t.Fatal(err)
			}
			r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: design.ID, Variables: apptest.Countries(t)[0]})
			if err != nil {
				t.Fatal(err)
			}
			runner, err := jobs.NewRunner(jobs.Options{Pool: pool, App: a, Release: apptest.Release, Client: "majestic-1-test", Log: apptest.Log(t)})
			if err != nil {
				t.Fatal(err)
			}
			if err := runner.Drain(ctx, ctx, d); err != nil {
				t.Fatal(err)
			}
			want := "release_" + apptest.Release
			if name == "at the timeout" {
				want = "release_heir"
			}
			if queue, _ := job(t, pool, r.ID); queue != want {
				t.Errorf("the job is in the queue %s, not %s", queue, want)
			}
		})
	}
}

// What comes after the timeout, while a batch is still being finished, goes to the heir, too.
func TestDrainLeavesWhatComesLate(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Drain")
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
	ended := make(chan error, 1)
	go func() {
		ended <- runner.Drain(ctx, ctx, jobs.Drain{Timeout: time.Millisecond, Heir: func() (string, bool) { return "heir", false }})
	}()
	for range 3 { // the first may come before the timeout
		r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: apptest.Countries(t)[0]})
		if err != nil {
			t.Fatal(err)
		}
		for range time.Tick(20 * time.Millisecond) {
			if queue, attempt := job(t, pool, r.ID); queue == "release_heir" || attempt > 0 {
				break
			}
		}
	}
	if _, err := tenant.CancelBatch(ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A batch that is canceled ends within a row, whichever process draws it, and is
// not taken up again.
func TestCancel(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Cancel")
	chrome := &counting{Pool: apptest.Renderer(t), stopAfter: 3, reached: make(chan struct{})}
	start(t, a, pool, chrome, "majestic-1-test")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: apptest.Countries(t)[:60], Output: app.Output{Scale: 0.25}})
	if err != nil {
		t.Fatal(err)
	}
	<-chrome.reached
	if b, err = tenant.CancelBatch(ctx, b.ID); err != nil || b.Status != app.Canceled || b.FinishedAt == nil || b.Done < 1 || b.Done > 20 {
		t.Fatalf("%+v, %v", b, err)
	}
	for range time.Tick(20 * time.Millisecond) {
		left, err := jobs.Count(ctx, pool, apptest.Release)
		if err != nil {
			t.Fatal(err)
		}
		if left.Running+left.Available+left.Waiting == 0 {
			break
		}
	}
	after, err := tenant.CancelBatch(ctx, b.ID)
	if err != nil || after.Status != app.Canceled || after.Done != b.Done || !after.FinishedAt.Equal(*b.FinishedAt) {
		t.Errorf("at rest: %+v, %v", after, err)
	}
	if n := chrome.count(); n > 20 {
		t.Errorf("%d shots of a batch that was canceled after 3", n)
	}
	var attempts int
	if err := pool.QueryRow(ctx, `SELECT attempt FROM river_job WHERE args->>'batch' = $1 AND state = 'completed'`, b.ID).Scan(&attempts); err != nil || attempts != 1 {
		t.Errorf("%d attempts, %v", attempts, err)
	}
}

func job(t *testing.T, pool *pgxpool.Pool, render string) (queue string, attempt int) {
	t.Helper()
	if err := pool.QueryRow(context.Background(), `SELECT queue, attempt FROM river_job WHERE args->>'render' = $1`, render).Scan(&queue, &attempt); err != nil {
		t.Fatal(err)
	}
	return queue, attempt
}
