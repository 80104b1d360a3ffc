package jobs_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
	"majestic/screenshots"
)

// Jobs are counted by state, kind and release, whoever works them, with the age of
// the oldest that could run; renders by how drawing came out.
func TestMetrics(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Metrics")
	events := app.StartEvents(pool, apptest.Log(t))
	defer events.Close()
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
	runner, err := jobs.NewRunner(jobs.Options{Pool: pool, App: a, Events: events, Release: apptest.Release, Client: "majestic-1-test", Log: apptest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	oldest := `majestic_jobs_oldest_available_seconds{release="` + apptest.Release + `"}`
	if m := apptest.Measure(t, runner.Metrics()...); len(m) != 2 || m[oldest] != 0 || m[`majestic_jobs{kind="thumbnail",release="`+apptest.Release+`",state="available"}`] != 1 {
		t.Errorf("of no job but the design's thumbnail: %v", m)
	}

	for id, sql := range map[string]string{
		render().ID: `UPDATE river_job SET scheduled_at = now() - interval '100 seconds' WHERE args->>'render' = $1`,
		render().ID: `UPDATE river_job SET scheduled_at = now() - interval '50 seconds' WHERE args->>'render' = $1`,
		render().ID: `UPDATE river_job SET queue = 'release_other', state = 'scheduled', scheduled_at = now() + interval '1 hour' WHERE args->>'render' = $1`,
		render().ID: `UPDATE river_job SET state = 'running', scheduled_at = now() - interval '1 day' WHERE args->>'render' = $1`,
		render().ID: `UPDATE river_job SET state = 'completed', finalized_at = now() WHERE args->>'render' = $1`,
		render().ID: `UPDATE river_job SET queue = 'release_other', scheduled_at = now() - interval '10 seconds' WHERE args->>'render' = $1`,
		render().ID: `UPDATE river_job SET state = 'discarded', finalized_at = now(), kind = 'batch' WHERE args->>'render' = $1`,
	} {
		if _, err := pool.Exec(ctx, sql, id); err != nil {
			t.Fatal(err)
		}
	}
	m := apptest.Measure(t, runner.Metrics()...)
	for key, want := range map[string]float64{
		"available render " + apptest.Release: 2, "scheduled render other": 1, "available render other": 1,
		"running render " + apptest.Release: 1, "discarded batch " + apptest.Release: 1,
	} {
		f := strings.Fields(key)
		if got := m[fmt.Sprintf(`majestic_jobs{kind="%s",release="%s",state="%s"}`, f[1], f[2], f[0])]; got != want {
			t.Errorf("%s: %v, not %v", key, got, want)
		}
	}
	other := `majestic_jobs_oldest_available_seconds{release="other"}`
	if len(m) != 8 || m[oldest] < 100 || m[oldest] > 1000 || m[other] < 10 || m[other] > 100 {
		t.Errorf("%v", m)
	}

	backlogs, err := runner.Backlogs(ctx)
	if err != nil || len(backlogs) != 2 {
		t.Fatalf("%+v, %v", backlogs, err)
	}
	for _, b := range backlogs {
		want := map[string]app.Backlog{apptest.Release: {Running: 1, Available: 2, Waiting: 1, Discarded: 1, Oldest: b.Oldest}, "other": {Available: 1, Waiting: 1, Oldest: b.Oldest}}[b.Release]
		if want.Release = b.Release; b != want || b.Oldest.Seconds() < 10 || b.Release == apptest.Release && b.Oldest.Seconds() < 100 {
			t.Errorf("%+v, not %+v", b, want)
		}
	}

	closed, err := pgxpool.NewWithConfig(ctx, pool.Config())
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	away, err := jobs.NewRunner(jobs.Options{Pool: closed, App: a, Events: events, Release: apptest.Release, Client: "majestic-2-test", Log: apptest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	other = "of_another_room"
	if m := apptest.Measure(t, append(away.Metrics(), prometheus.NewGauge(prometheus.GaugeOpts{Name: other}))...); len(m) != 1 {
		t.Errorf("with no database: %v", m)
	}
}

func TestRenderMetrics(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Metrics")
	events := app.StartEvents(pool, apptest.Log(t))
	defer events.Close()
	chrome := &wayward{apptest.Renderer(t), make(chan error, 2)}
	runner := start(t, a, pool, chrome, "majestic-1-test")
	doc, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":50,"height":50,"background":"{{paper}}","elements":[]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := tenant.CreateDesign(ctx, nil, "Card", doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"png", "pdf", "pdf"} {
		r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: map[string]string{"paper": "#fff"}, Output: app.Output{Format: format}})
		if err != nil {
			t.Fatal(err)
		}
		await(t, tenant, events, r.ID)
	}
	chrome.errs <- &screenshots.BrowserError{Err: fmt.Errorf("out of sorts")}
	chrome.errs <- &screenshots.PageError{Problems: []screenshots.Problem{{Message: "too wide"}}}
	r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: map[string]string{"paper": "#fff"}, Output: app.Output{Format: "webp"}})
	if err != nil {
		t.Fatal(err)
	}
	await(t, tenant, events, r.ID)
	m := apptest.Measure(t, runner.Metrics()...)
	for of, want := range map[string]float64{
		`format="png",outcome="succeeded"`: 1, `format="pdf",outcome="succeeded"`: 1, `format="pdf",outcome="cached"`: 1, `format="webp",outcome="error"`: 1, `format="webp",outcome="failed"`: 1,
	} {
		if got := m[`majestic_render_duration_seconds_count{`+of+`}`]; got != want {
			t.Errorf("%s: %v, not %v", of, got, want)
		}
	}
	if m[`majestic_render_duration_seconds_sum{format="png",outcome="succeeded"}`] <= 0 {
		t.Error("drawing took no time")
	}
}

// wayward is the real renderer, which fails as it is told to.
type wayward struct {
	*screenshots.Pool
	errs chan error
}

func (w *wayward) Capture(ctx context.Context, s screenshots.Shot) (screenshots.Picture, error) {
	if isThumbnail(s) {
		return w.Pool.Capture(ctx, s)
	}
	select {
	case err := <-w.errs:
		return screenshots.Picture{}, err
	default:
		return w.Pool.Capture(ctx, s)
	}
}
