package jobs_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/goregular"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/objects"
	"majestic/jobs"
	"majestic/screenshots"
)

func TestCache(t *testing.T) {
	ctx := context.Background()
	_, db := apptest.App(t)
	queue, err := jobs.NewQueue(db, apptest.Release)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, err := objects.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	a := app.New(app.Options{Pool: db, Queue: queue, Objects: files, Release: apptest.Release})
	chrome := &replaceable{Pool: apptest.Renderer(t)}
	start(t, a, db, chrome, "majestic-1-test")
	events := app.StartEvents(db, apptest.Log(t))
	defer events.Close()
	h := house{t, apptest.Tenant(t, a, "Cache"), events}
	id := h.design(300, 100, `{"id":"t","type":"text","x":0,"y":0,"width":300,"height":100,"text":"Hello {{name}}"}`)
	ada := app.RenderRequest{Design: id, Variables: map[string]string{"name": "Ada"}}

	// render tells whether a picture was drawn, and holds the render to it.
	render := func(h house, q app.RenderRequest) (r app.Render, drawn bool) {
		t.Helper()
		before := chrome.shots.Load()
		r = h.render(q)
		if r.Status != app.Succeeded {
			t.Fatalf("%s: %v", r.Status, r.Error)
		}
		drawn = chrome.shots.Load() > before
		if r.Cached == drawn || r.SHA256 == nil || r.Width == nil || int64(len(file(t, h.tenant, r.ID))) != *r.Bytes {
			t.Errorf("drawn %t: %+v", drawn, r)
		}
		return r, drawn
	}

	first, drawn := render(h, ada)
	if !drawn {
		t.Fatal("the first one is not drawn")
	}
	by := first.Fingerprint
	if by == nil || by.Release != apptest.Release || by.Chromium != chrome.Pool.Fingerprint().Chromium || by.Fonts == "" || by.Flags == "" {
		t.Errorf("drawn by %+v", by)
	}
	again, drawn := render(h, ada)
	if drawn || *again.SHA256 != *first.SHA256 || *again.Width != 300 || *again.Fingerprint != *by {
		t.Errorf("the second: %+v", again)
	}
	if !bytes.Equal(file(t, h.tenant, first.ID), file(t, h.tenant, again.ID)) {
		t.Error("another file")
	}

	t.Run("what else is asked is drawn", func(t *testing.T) {
		other := apptest.Tenant(t, a, "Other")
		d, err := h.tenant.Design(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		copied, err := other.CreateDesign(ctx, nil, "Copy", d.Document)
		if err != nil {
			t.Fatal(err)
		}
		if _, drawn := render(house{t, other, events}, app.RenderRequest{Design: copied.ID, Variables: ada.Variables}); !drawn {
			t.Error("another tenant got the picture")
		}
		mine, err := h.tenant.CreateDesign(ctx, nil, "Copy", d.Document)
		if err != nil {
			t.Fatal(err)
		}
		if _, drawn := render(h, app.RenderRequest{Design: mine.ID, Variables: map[string]string{"name": "Ada", "unused": "x"}}); drawn {
			t.Error("the same drawing by another design is drawn")
		}
		for _, o := range []app.Output{{Scale: 2}, {Format: "webp"}, {Format: "webp", Quality: 81}, {Transparent: true}, {Optimize: true}, {Format: "pdf"}} {
			q := ada
			q.Output = o
			if _, drawn := render(h, q); !drawn {
				t.Errorf("%+v is not drawn", o)
			}
			if _, drawn := render(h, q); drawn {
				t.Errorf("%+v is drawn twice", o)
			}
		}
		if _, drawn := render(h, app.RenderRequest{Design: id, Variables: map[string]string{"name": "Bob"}}); !drawn {
			t.Error("another value is not drawn")
		}
	})

	t.Run("a new Chromium draws anew", func(t *testing.T) {
		old := chrome.version.Swap(ptr("999.0.0.1"))
		defer chrome.version.Store(old)
		r, drawn := render(h, ada)
		if !drawn || r.Fingerprint.Chromium != "999.0.0.1" {
			t.Errorf("drawn %t by %+v", drawn, r.Fingerprint)
		}
		if _, drawn := render(h, ada); drawn {
			t.Error("and then again")
		}
		// One that came in between counts as what it was.
		q := app.RenderRequest{Design: id, Variables: map[string]string{"name": "Cy"}}
		chrome.late.Store(ptr("999.0.0.2"))
		if r, drawn := render(h, q); !drawn || r.Fingerprint.Chromium != "999.0.0.2" {
			t.Errorf("drawn %t by %+v", drawn, r.Fingerprint)
		}
		chrome.late.Store(nil)
		if _, drawn := render(h, q); !drawn {
			t.Error("the picture of a newer Chromium passes for an older one's")
		}
	})

	t.Run("a font in the place of another", func(t *testing.T) {
		q := app.RenderRequest{}
		var sums []string
		for _, ttf := range [][]byte{goregular.TTF, goitalic.TTF} {
			f, err := h.tenant.CreateFont(ctx, nil, "go.ttf", ttf)
			if err != nil {
				t.Fatal(err)
			}
			if q.Design == "" {
				q.Design = h.design(200, 50, `{"id":"t","type":"text","x":0,"y":0,"width":200,"height":50,"text":"Go","font":"Go"}`)
			}
			r, drawn := render(h, q)
			if !drawn {
				t.Error("not drawn")
			}
			sums = append(sums, *r.SHA256)
			if _, err := db.Exec(ctx, `DELETE FROM fonts WHERE id = $1`, f.ID); err != nil {
				t.Fatal(err)
			}
		}
		if sums[0] == sums[1] {
			t.Error("the same picture in two fonts")
		}
		if _, err := h.tenant.CreateRender(ctx, nil, q); app.KindOf(err) != app.Invalid {
			t.Errorf("without the font: %v", err)
		}
	})

	t.Run("a file lasts as long as its render", func(t *testing.T) {
		key := func(r app.Render) string {
			return filepath.Join(dir, h.tenant.ID(), "renders", r.ID+"."+r.Format)
		}
		q := app.RenderRequest{Design: id, Variables: map[string]string{"name": "Dora"}}
		one, _ := render(h, q)
		two, drawn := render(h, q)
		if drawn {
			t.Fatal("drawn")
		}
		stat := func(r app.Render) os.FileInfo {
			t.Helper()
			info, err := os.Stat(key(r))
			if err != nil {
				t.Fatal(err)
			}
			return info
		}
		if !os.SameFile(stat(one), stat(two)) {
			t.Error("the bytes are kept twice")
		}
		want := file(t, h.tenant, one.ID)
		if err := os.Remove(key(one)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(ctx, `DELETE FROM renders WHERE id = $1`, one.ID); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(file(t, h.tenant, two.ID), want) {
			t.Error("the file went with another's")
		}
		if _, drawn := render(h, q); drawn {
			t.Error("the cache went with the first render")
		}
		// A file that is lost is drawn again, and then there for the next.
		if err := os.Remove(key(two)); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(ctx, `UPDATE renders SET finished_at = now() WHERE id = $1`, two.ID); err != nil {
			t.Fatal(err)
		}
		if _, drawn := render(h, q); !drawn {
			t.Error("a lost file is not drawn again")
		}
		if _, drawn := render(h, q); drawn {
			t.Error("a lost file is drawn each time")
		}
	})

	t.Run("many at once", func(t *testing.T) {
		before := chrome.shots.Load()
		q := app.BatchRequest{Design: id, Rows: make([]map[string]string, 40)}
		for i := range q.Rows {
			q.Rows[i] = map[string]string{"name": []string{"Eve", "Fay"}[i%2]}
		}
		b, err := h.tenant.CreateBatch(ctx, nil, q)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.tenant.FollowBatch(ctx, events, b.ID, func(now app.Batch) error { b = now; return nil }); err != nil || b.Done != 40 {
			t.Fatalf("%+v, %v", b, err)
		}
		if n := chrome.shots.Load() - before; n < 2 || n > 6 {
			t.Errorf("%d shots of two pictures", n)
		}
		items, err := h.tenant.BatchItems(ctx, b.ID, app.PageRequest{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range items.Data {
			if *r.SHA256 != *items.Data[i%2].SHA256 {
				t.Errorf("row %d has another picture", *r.Row)
			}
		}
	})

	t.Run("one that was canceled stays so", func(t *testing.T) {
		r, err := h.tenant.CreateRender(ctx, nil, ada)
		if err != nil {
			t.Fatal(err)
		}
		r = await(t, h.tenant, events, r.ID)
		if _, err := db.Exec(ctx, `UPDATE renders SET status = 'canceled', cached = false WHERE id = $1`, r.ID); err != nil {
			t.Fatal(err)
		}
		var key []byte
		if err := db.QueryRow(ctx, `SELECT cache_key FROM renders WHERE id = $1`, first.ID).Scan(&key); err != nil {
			t.Fatal(err)
		}
		if reused, err := h.tenant.ReuseRender(ctx, r, key); err != nil || !reused {
			t.Fatal(reused, err)
		}
		if r, err = h.tenant.Render(ctx, r.ID); err != nil || r.Status != app.Canceled || r.Cached {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

// BenchmarkCache has the country card drawn, and then again from the cache.
func BenchmarkCache(b *testing.B) {
	ctx := context.Background()
	a, db := apptest.App(b)
	start(b, a, db, apptest.Renderer(b), "majestic-1-test")
	events := app.StartEvents(db, apptest.Log(b))
	defer events.Close()
	tenant := apptest.Tenant(b, a, "Cache")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(b, "country-card.json"))
	if err != nil {
		b.Fatal(err)
	}
	batch := func(rows []map[string]string) (took float64) {
		made, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: rows})
		if err != nil {
			b.Fatal(err)
		}
		err = tenant.FollowBatch(ctx, events, made.ID, func(now app.Batch) error { made = now; return nil })
		if err != nil || made.Failed > 0 {
			b.Fatalf("%+v, %v", made, err)
		}
		return float64(made.FinishedAt.Sub(made.CreatedAt).Microseconds()) / 1000 / float64(len(rows))
	}
	var drawn, cached float64
	for b.Loop() {
		if _, err := db.Exec(ctx, `UPDATE renders SET cache_key = NULL`); err != nil {
			b.Fatal(err)
		}
		rows := apptest.Countries(b)[:100]
		drawn += batch(rows)
		cached += batch(rows)
	}
	b.ReportMetric(drawn/float64(b.N), "ms/drawn")
	b.ReportMetric(cached/float64(b.N), "ms/cached")
}

// replaceable is the real renderer, whose Chromium says it is another one.
type replaceable struct {
	*screenshots.Pool
	shots         atomic.Int64
	version, late atomic.Pointer[string] // late is one that comes with the next shot
}

func (c *replaceable) Fingerprint() screenshots.Fingerprint {
	by := c.Pool.Fingerprint()
	if v := c.version.Load(); v != nil {
		by.Chromium = *v
	}
	return by
}

func (c *replaceable) Capture(ctx context.Context, s screenshots.Shot) (screenshots.Picture, error) {
	if !isThumbnail(s) {
		c.shots.Add(1)
	}
	picture, err := c.Pool.Capture(ctx, s)
	picture.By = c.Fingerprint()
	if v := c.late.Load(); v != nil {
		picture.By.Chromium = *v
	}
	return picture, err
}

func ptr[T any](v T) *T { return &v }
