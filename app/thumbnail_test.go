package app_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"majestic/app"
	"majestic/app/apptest"
)

func TestThumbnail(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	starter := thumbnails(t, tenant)
	if len(starter) != 1 || starter[0].Status != app.Queued {
		t.Errorf("the starter, which no request has made: %+v", starter)
	}
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	first := waiting(t, pool, d.ID)
	if len(first) != 1 {
		t.Fatalf("%d wait to be drawn", len(first))
	}
	r, _, err := tenant.StartRender(ctx, first[0])
	if err != nil || !r.Thumbnail || r.Version != 1 || r.Format != "webp" || r.Scale != 0.4 || r.Variables["name"] != "Name" || r.Variables["flag"] != "🌍" {
		t.Fatalf("%+v, %v", r, err)
	}
	if got := thumbnails(t, tenant)[0]; got.DesignID != d.ID || got.Name != "Card" || got.Version != 1 || got.Width != 1200 || got.Height != 630 || got.Pages != 1 || got.Status != app.Running {
		t.Errorf("under way: %+v", got)
	}
	finish(t, tenant, r)
	if got := thumbnails(t, tenant)[0]; got.Status != app.Succeeded || got.SHA256 == nil || len(waiting(t, pool, d.ID)) != 0 {
		t.Errorf("drawn: %+v", got)
	}
	if l, err := tenant.Renders(ctx, d.ID, app.PageRequest{}); err != nil || len(l.Data) != 0 {
		t.Errorf("among the renders: %+v, %v", l.Data, err)
	}
	if s, err := a.Specimens(ctx, 9, ""); err != nil || len(s) != 0 {
		t.Errorf("among what the gate compares: %+v, %v", s, err)
	}

	// A version that is saved takes its place; what is drawn too late leaves nothing.
	save := func(version int) {
		t.Helper()
		if _, err := tenant.SaveDesign(ctx, d.ID, version, "Card", apptest.Document(t, "certificate.json")); err != nil {
			t.Fatal(err)
		}
	}
	save(1)
	if got := thumbnails(t, tenant)[0]; got.Version != 2 || got.Status != app.Queued {
		t.Errorf("after a save: %+v", got)
	}
	late, _, err := tenant.StartRender(ctx, waiting(t, pool, d.ID)[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, f, err := tenant.OpenThumbnail(ctx, d.ID, 1); err != nil {
		t.Errorf("an open gallery loses its picture before there is another: %v", err)
	} else {
		f.Close()
	}
	save(2)
	third, _, err := tenant.StartRender(ctx, waiting(t, pool, d.ID)[0])
	if err != nil || third.Version != 3 {
		t.Fatalf("%+v, %v", third, err)
	}
	finish(t, tenant, third)
	finish(t, tenant, late)
	for version, want := range map[int]app.Kind{1: app.NotFound, 2: app.NotFound, 4: app.NotFound, 3: app.Internal} {
		_, f, err := tenant.OpenThumbnail(ctx, d.ID, version)
		if app.KindOf(err) != want || (err == nil) != (version == 3) {
			t.Errorf("version %d: %v", version, err)
		}
		if err == nil {
			f.Close()
		}
	}
	var rows int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM renders WHERE design_id = $1`, d.ID).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
	for _, r := range []app.Render{r, late} {
		if _, err := pool.Exec(ctx, `INSERT INTO renders (id, tenant_id, design_id, design_version, variables, format, scale, page, status) VALUES ($1, $2, $3, 1, '{}', 'webp', 1, 1, 'succeeded')`, r.ID, tenant.ID(), d.ID); err != nil {
			t.Fatal(err)
		}
		if _, _, err := tenant.OpenRender(ctx, r.ID); app.KindOf(err) != app.NotFound {
			t.Errorf("the file of version %d is still there: %v", r.Version, err)
		}
	}
}

// What is missing is made once, however many look at the gallery; what has failed
// is tried again later.
func TestThumbnailsMadeGood(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(ctx, `DELETE FROM renders`); err != nil { // it is older than thumbnails are
		t.Fatal(err)
	}
	looker := a.ForProgram(tenant.ID(), "", "", app.ReadScope) // who may only look
	look := func() {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := looker.Thumbnails(ctx, app.DesignFilter{}, app.PageRequest{}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	look()
	made := waiting(t, pool, d.ID)
	if len(made) != 1 {
		t.Fatalf("%d were made", len(made))
	}
	r, _, err := tenant.StartRender(ctx, made[0])
	if err == nil {
		err = tenant.FailRender(ctx, r, "no font here draws it")
	}
	if err != nil {
		t.Fatal(err)
	}
	look()
	if got := thumbnails(t, tenant)[0]; got.Status != app.Failed || *got.Error != "no font here draws it" || len(waiting(t, pool, d.ID)) != 0 {
		t.Errorf("failed: %+v", got)
	}
	if _, err := pool.Exec(ctx, `UPDATE renders SET finished_at = now() - interval '61 minutes' WHERE id = $1`, r.ID); err != nil {
		t.Fatal(err)
	}
	look()
	again := waiting(t, pool, d.ID)
	if len(again) != 1 {
		t.Fatalf("%d were made after an hour", len(again))
	}
	if r, _, err = tenant.StartRender(ctx, again[0]); err != nil {
		t.Fatal(err)
	}
	finish(t, tenant, r)
	var rows, jobs int
	err = pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM renders WHERE design_id = $1), (SELECT count(*) FROM river_job WHERE args->>'render' = ANY($2) AND priority = 3)`, d.ID, append(made, again...)).Scan(&rows, &jobs)
	if err != nil || rows != 1 || jobs != 2 {
		t.Errorf("%d rows, %d jobs, %v", rows, jobs, err)
	}
}

// A face that comes changes what is drawn of the designs that are written in its family.
func TestThumbnailOfANewFace(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	if _, err := tenant.CreateFont(ctx, nil, "go.ttf", goregular.TTF); err != nil {
		t.Fatal(err)
	}
	var designs []string
	for _, family := range []string{"Go", "Inter"} {
		d, err := tenant.CreateDesign(ctx, nil, family, written(t, family, ""))
		if err != nil {
			t.Fatal(err)
		}
		r, _, err := tenant.StartRender(ctx, waiting(t, pool, d.ID)[0])
		if err != nil {
			t.Fatal(err)
		}
		finish(t, tenant, r)
		designs = append(designs, d.ID)
	}
	if _, err := tenant.CreateFont(ctx, nil, "bold.ttf", gobold.TTF); err != nil {
		t.Fatal(err)
	}
	if _, _, err := tenant.OpenThumbnail(ctx, designs[0], 1); app.KindOf(err) != app.NotFound {
		t.Errorf("the one with the old face alone is shown: %v", err)
	}
	if got := thumbnails(t, tenant); got[1].Status != app.Queued || got[0].Status != app.Succeeded {
		t.Errorf("%+v", got)
	}
}

func TestPreview(t *testing.T) {
	doc := parse(t, `{"version":1,"pages":[{"width":9,"height":9,"elements":[
		{"id":"t","type":"text","x":0,"y":0,"width":9,"height":9,"text":"{{first_name}} has {{photo}}"},
		{"id":"p","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"{{photo}}"},
		{"id":"q","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"https://example.com/{{photo}}.png"},
		{"id":"r","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"logo"}]}]}`)
	for _, test := range []struct{ photo, want string }{
		{"", "First name has  none none logo"},
		{"ada", "First name has ada ada https://example.com/ada.png logo"},
	} {
		drawn, err := doc.Preview(map[string]string{"photo": test.photo, "else": "x"})
		if err != nil {
			t.Fatal(err)
		}
		e := drawn.Pages[0].Elements
		if got := fmt.Sprint(e[0].Text, " ", e[1].Asset, " ", e[2].Asset, " ", e[3].Asset); got != test.want {
			t.Errorf("%q, not %q", got, test.want)
		}
	}
	if _, err := doc.Preview(map[string]string{"photo": "//x"}); err == nil || !strings.Contains(err.Error(), `"p"`) {
		t.Errorf("a value that is none: %v", err)
	}
}

func thumbnails(t *testing.T, tenant app.Tenant) []app.Thumbnail {
	t.Helper()
	l, err := tenant.Thumbnails(context.Background(), app.DesignFilter{}, app.PageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return l.Data
}

// waiting are the thumbnails of a design that wait to be drawn.
func waiting(t *testing.T, pool *pgxpool.Pool, design string) (ids []string) {
	t.Helper()
	err := pool.QueryRow(context.Background(), `SELECT coalesce(array_agg(id::text), '{}') FROM renders WHERE design_id = $1 AND thumbnail AND status = 'queued'`, design).Scan(&ids)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func finish(t *testing.T, tenant app.Tenant, r app.Render) {
	t.Helper()
	if err := tenant.FinishRender(context.Background(), r, app.Picture{File: []byte(r.ID), Width: 1, Height: 1}); err != nil {
		t.Fatal(err)
	}
}
