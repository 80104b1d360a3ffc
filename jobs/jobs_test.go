package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"image/png"
	"io"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
	"majestic/screenshots"
)

func TestMain(m *testing.M) { os.Exit(apptest.Main(m)) }

func TestRender(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Renders")
	start(t, a, pool, apptest.Renderer(t), "majestic-1-test")
	events := app.StartEvents(pool, apptest.Log(t))
	defer events.Close()

	asset, err := tenant.CreateAsset(ctx, nil, "dot.png", apptest.PNG(40, 40))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := app.ParseDocument([]byte(`{"version":1,"pages":[
		{"width":200,"height":100,"background":"{{paper}}","elements":[{"id":"i","type":"image","x":100,"y":0,"width":100,"height":100,"asset":"` + asset.ID + `"}]},
		{"width":300,"height":300,"elements":[{"id":"t","type":"text","x":0,"y":0,"width":300,"height":40,"text":"second"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := tenant.CreateDesign(ctx, nil, "Card", doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		format, magic string
		width, height int
	}{
		{"png", "\x89PNG", 400, 200}, {"jpeg", "\xff\xd8\xff", 400, 200}, {"webp", "RIFF", 400, 200}, {"pdf", "%PDF-", 200, 100},
	} {
		r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: map[string]string{"paper": "#ff0000"}, Output: app.Output{Format: test.format, Scale: 2}})
		if err != nil {
			t.Fatal(err)
		}
		r = await(t, tenant, events, r.ID)
		if r.Status != app.Succeeded || *r.Width != test.width || *r.Height != test.height || *r.Release != apptest.Release {
			t.Fatalf("%s: %+v", test.format, r)
		}
		data := file(t, tenant, r.ID)
		if !bytes.HasPrefix(data, []byte(test.magic)) || int64(len(data)) != *r.Bytes {
			t.Errorf("%s: %d bytes that begin with %q", test.format, len(data), data[:8])
		}
		if test.format != "png" {
			continue
		}
		picture, err := png.Decode(bytes.NewReader(data))
		if err != nil || picture.Bounds().Dx() != 400 {
			t.Fatalf("%v, %v", picture.Bounds(), err)
		}
		if red, _, blue, _ := picture.At(100, 100).RGBA(); red != 0xffff || blue != 0 {
			t.Errorf("the background is %v", picture.At(100, 100))
		}
		if red, _, blue, _ := picture.At(300, 100).RGBA(); red>>8 != 0x25 || blue>>8 != 0xeb {
			t.Errorf("the image is %v", picture.At(300, 100))
		}
	}
}

// A batch that is stopped in the middle goes on with the next row, and draws none twice.
func TestBatchGoesOn(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Batches")
	chrome := &counting{Pool: apptest.Renderer(t), stopAfter: 5, reached: make(chan struct{})}
	first := start(t, a, pool, chrome, "majestic-1-test")

	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	rows := apptest.Countries(t)[:20]
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: rows, Output: app.Output{Scale: 0.25}})
	if err != nil {
		t.Fatal(err)
	}
	<-chrome.reached
	now, cancel := context.WithCancel(ctx)
	cancel()
	if err := first.Stop(now); err != nil {
		t.Fatal(err)
	}
	if b, err = tenant.Batch(ctx, b.ID); err != nil || b.Finished() || b.Done < 5-2 || b.Done > 10 {
		t.Fatalf("stopped at %+v, %v", b, err)
	}
	done := b.Done

	start(t, a, pool, chrome, "majestic-2-test")
	events := app.StartEvents(pool, apptest.Log(t))
	defer events.Close()
	err = tenant.FollowBatch(ctx, events, b.ID, func(now app.Batch) error {
		if now.Done < done {
			t.Errorf("went back from %d to %d", done, now.Done)
		}
		b = now
		return nil
	})
	if err != nil || b.Status != app.Succeeded || b.Done != 20 || b.Failed != 0 {
		t.Fatalf("%+v, %v", b, err)
	}
	items, err := tenant.BatchItems(ctx, b.ID, app.PageRequest{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]bool{}
	for i, r := range items.Data {
		if *r.Row != i+1 || r.Variables["name"] != rows[i]["name"] {
			t.Errorf("item %d is row %d: %s", i, *r.Row, r.Variables["name"])
		}
		sums[*r.SHA256] = true
	}
	if len(sums) != 20 {
		t.Errorf("%d different pictures of 20 countries", len(sums))
	}
	// Rows under way when it was stopped are drawn again; those finished are not.
	if n := chrome.count(); n < 20 || n > 20+2 {
		t.Errorf("%d shots for 20 rows", n)
	}
}

// A row that cannot be drawn fails with its reason, and the others are drawn.
func TestRowFails(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Batches")
	events := app.StartEvents(pool, apptest.Log(t))
	defer events.Close()
	doc, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":50,"height":50,"elements":[{"id":"photo","type":"image","x":0,"y":0,"width":50,"height":50,"asset":"{{photo}}"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := tenant.CreateDesign(ctx, nil, "Photo", doc)
	if err != nil {
		t.Fatal(err)
	}
	good, err := tenant.CreateAsset(ctx, nil, "good.png", apptest.PNG(4, 4))
	if err != nil {
		t.Fatal(err)
	}
	gone, err := tenant.CreateAsset(ctx, nil, "gone.png", apptest.PNG(4, 4))
	if err != nil {
		t.Fatal(err)
	}
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: []map[string]string{{"photo": good.ID}, {"photo": gone.ID}, {"photo": good.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `DELETE FROM assets WHERE id = $1`, gone.ID); err != nil {
		t.Fatal(err)
	}
	start(t, a, pool, apptest.Renderer(t), "majestic-1-test")
	if err := tenant.FollowBatch(ctx, events, b.ID, func(now app.Batch) error { b = now; return nil }); err != nil {
		t.Fatal(err)
	}
	if b.Status != app.Succeeded || b.Done != 2 || b.Failed != 1 {
		t.Errorf("%+v", b)
	}
	items, err := tenant.BatchItems(ctx, b.ID, app.PageRequest{})
	if err != nil || items.Data[1].Status != app.Failed || items.Data[1].Error == nil || *items.Data[1].Error == "" {
		t.Errorf("%+v, %v", items.Data, err)
	}
}

// start runs a runner until the test ends.
func start(t testing.TB, a *app.App, pool *pgxpool.Pool, c jobs.Capturer, client string) *jobs.Runner {
	t.Helper()
	ctx := context.Background()
	events := app.StartEvents(pool, apptest.Log(t))
	t.Cleanup(events.Close)
	r, err := jobs.NewRunner(jobs.Options{Pool: pool, App: a, Events: events, Capturer: c, Tabs: 2, Release: apptest.Release, Client: client, Log: apptest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Rescue(ctx, map[string]string{client: apptest.Release}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Start(ctx), r.Lead(ctx)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// counting is the real renderer with a count, and a word when a number is reached.
type counting struct {
	*screenshots.Pool
	stopAfter int
	reached   chan struct{}

	mu sync.Mutex
	n  int
}

func (c *counting) Capture(ctx context.Context, s screenshots.Shot) (screenshots.Picture, error) {
	picture, err := c.Pool.Capture(ctx, s)
	if isThumbnail(s) {
		return picture, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.n++
	}
	if err == nil && c.n == c.stopAfter {
		close(c.reached)
	}
	return picture, err
}

func (c *counting) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

func await(t *testing.T, tenant app.Tenant, events *app.Events, id string) (last app.Render) {
	t.Helper()
	err := tenant.FollowRender(t.Context(), events, id, func(r app.Render) error { last = r; return nil })
	if err != nil || !last.Finished() {
		t.Fatalf("render %s is %s: %v", id, last.Status, err)
	}
	return last
}

func file(t *testing.T, tenant app.Tenant, id string) []byte {
	t.Helper()
	_, f, err := tenant.OpenRender(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
