package jobs_test

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/canvas"
	"majestic/screenshots"
)

// A tenant has 10,000 rows and 50 batches waiting when another one comes with twenty
// rows and then with renders, one after the other. Before, in the same run, that one
// does the same alone.
//
//	go test -run xxx -bench Fairness -benchtime 1x ./jobs
func BenchmarkFairness(b *testing.B) {
	ctx := context.Background()
	a, pool := apptest.App(b)
	start(b, a, pool, apptest.Renderer(b), "majestic-1-test")
	events := app.StartEvents(pool, apptest.Log(b))
	defer events.Close()
	f := &crowd{b: b, pool: pool, events: events, country: apptest.Countries(b)[0]}
	many, one := f.tenant(a, "Many"), f.tenant(a, "One")
	for b.Loop() {
		alone := f.visit(one)
		f.batch(many, 10_000)
		for range 50 {
			f.batch(many, 20)
		}
		f.until(`SELECT count(*) >= 10 FROM renders WHERE tenant_id = $1 AND status = 'succeeded'`, many.ID())
		beside := f.visit(one)
		if _, err := pool.Exec(ctx, `UPDATE batches SET status = 'canceled' WHERE status IN ('queued', 'running')`); err != nil {
			b.Fatal(err)
		}
		if _, err := pool.Exec(ctx, `UPDATE renders SET status = 'canceled' WHERE status IN ('queued', 'running')`); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(ms(alone.first), "ms-first-alone")
		b.ReportMetric(ms(beside.first), "ms-first")
		b.ReportMetric(ms(alone.render), "ms-render-alone")
		b.ReportMetric(ms(beside.render), "ms-render")
		b.ReportMetric(float64(beside.others)/20, "others/row")
		b.ReportMetric(float64(beside.running), "batches-running")
	}
}

// crowd is the tenants of a benchmark, with a design each.
type crowd struct {
	b       *testing.B
	pool    *pgxpool.Pool
	events  *app.Events
	designs map[string]string
	country map[string]string
	rows    int
}

// visit is what a tenant with a short batch and a few renders has to wait for.
type visit struct {
	first   time.Duration // until the first row has its file
	render  time.Duration // the median of renders one by one
	others  int           // rows of other tenants, while there were rows of this one
	running int           // the most batches of one other tenant at a time
}

func (f *crowd) visit(tenant app.Tenant) (v visit) {
	f.b.Helper()
	ctx := context.Background()
	began := time.Now()
	id := f.batch(tenant, 20)
	err := tenant.FollowBatch(ctx, f.events, id, func(now app.Batch) error {
		if now.Done > 0 && v.first == 0 {
			v.first = time.Since(began)
		}
		var running int
		err := f.pool.QueryRow(ctx, `SELECT count(*) FROM batches WHERE tenant_id <> $1 AND status = 'running'`, tenant.ID()).Scan(&running)
		v.running = max(v.running, running)
		return err
	})
	if err == nil {
		err = f.pool.QueryRow(ctx, `
			WITH mine AS (SELECT min(finished_at) AS first, max(finished_at) AS last FROM renders WHERE batch_id = $1)
			SELECT count(*) FROM renders, mine WHERE tenant_id <> $2 AND NOT thumbnail AND finished_at BETWEEN mine.first AND mine.last`, id, tenant.ID()).Scan(&v.others)
	}
	if err != nil {
		f.b.Fatal(err)
	}
	var took []time.Duration
	for range 9 {
		began := time.Now()
		r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: f.designs[tenant.ID()], Variables: f.row()})
		if err == nil {
			err = tenant.FollowRender(ctx, f.events, r.ID, func(now app.Render) error { r = now; return nil })
		}
		if err != nil || r.Status != app.Succeeded {
			f.b.Fatalf("%+v, %v", r, err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	v.render = took[len(took)/2]
	return v
}

func (f *crowd) tenant(a *app.App, name string) app.Tenant {
	f.b.Helper()
	tenant := apptest.Tenant(f.b, a, name)
	d, err := tenant.CreateDesign(context.Background(), nil, "Card", apptest.Document(f.b, "country-card.json"))
	if err != nil {
		f.b.Fatal(err)
	}
	if f.designs == nil {
		f.designs = map[string]string{}
	}
	f.designs[tenant.ID()] = d.ID
	return tenant
}

// row is one that was not drawn before.
func (f *crowd) row() map[string]string {
	row := maps.Clone(f.country)
	f.rows++
	row["name"] = fmt.Sprint("Country ", f.rows)
	return row
}

func (f *crowd) batch(tenant app.Tenant, rows int) string {
	f.b.Helper()
	q := app.BatchRequest{Design: f.designs[tenant.ID()]}
	for range rows {
		q.Rows = append(q.Rows, f.row())
	}
	made, err := tenant.CreateBatch(context.Background(), nil, q)
	if err != nil {
		f.b.Fatal(err)
	}
	return made.ID
}

func (f *crowd) until(sql string, args ...any) {
	f.b.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		var yes bool
		if err := f.pool.QueryRow(context.Background(), sql, args...).Scan(&yes); err != nil || time.Since(began) > 2*time.Minute {
			f.b.Fatalf("%s: %v", sql, err)
		}
		if yes {
			return
		}
	}
}

// The 249 countries, a card each, as a batch: from the call until its end is heard of,
// with the job, the rows and the files. Its limit, in the same run: a renderer that is
// warm, with the pages made before and as many under way.
//
//	go test -run xxx -bench Countries -benchtime 3x ./jobs
func BenchmarkCountries(b *testing.B) {
	ctx := context.Background()
	a, db := apptest.App(b)
	chrome := apptest.Renderer(b)
	start(b, a, db, chrome, "majestic-1-test")
	events := app.StartEvents(db, apptest.Log(b))
	defer events.Close()
	tenant := apptest.Tenant(b, a, "Countries")
	doc, rows := apptest.Document(b, "country-card.json"), apptest.Countries(b)
	d, err := tenant.CreateDesign(ctx, nil, "Card", doc)
	if err != nil {
		b.Fatal(err)
	}
	var shots []screenshots.Shot
	for _, row := range rows {
		resolved, err := doc.Resolve(row)
		if err != nil {
			b.Fatal(err)
		}
		page := resolved.Pages[0]
		html, err := canvas.HTML(ctx, resolved.Pages, nil, "")
		if err != nil {
			b.Fatal(err)
		}
		shots = append(shots, screenshots.Shot{For: tenant.ID(), HTML: html, Width: page.Width, Height: page.Height, Scale: 1, Format: screenshots.PNG})
	}
	batch := func() time.Duration {
		if _, err := db.Exec(ctx, `UPDATE renders SET cache_key = NULL`); err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		made, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: rows})
		if err == nil {
			err = tenant.FollowBatch(ctx, events, made.ID, func(now app.Batch) error { made = now; return nil })
		}
		if err != nil || made.Done != len(rows) {
			b.Fatalf("%+v, %v", made, err)
		}
		return time.Since(began)
	}
	bare := func() time.Duration {
		began := time.Now()
		var group errgroup.Group
		group.SetLimit(2 * runtime.NumCPU())
		for _, s := range shots {
			group.Go(func() error {
				_, err := chrome.Capture(ctx, s)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
		return time.Since(began)
	}
	var whole, limit time.Duration
	for i := 0; b.Loop(); i++ {
		if i%2 == 0 { // in turns: a machine that warms up favours none
			whole += batch()
			limit += bare()
		} else {
			limit += bare()
			whole += batch()
		}
	}
	b.ReportMetric(whole.Seconds()/float64(b.N), "s/batch")
	b.ReportMetric(limit.Seconds()/float64(b.N), "s/bare")
	b.ReportMetric(float64(whole)/float64(limit), "x-bare")
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
