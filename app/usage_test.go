package app_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
)

// What is rendered counts once, on its day and in its tenant: drawn or reused, one by
// one or as a row, and also when it is gone; what failed counts when it succeeds.
func TestUsage(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant, other := apptest.Tenant(t, a, "Mine"), apptest.Tenant(t, a, "Theirs")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	render := func() app.Render {
		t.Helper()
		r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: country("Chad")})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wants := func(of app.Tenant, from, to string, renders, rows, bytes int64, days int) {
		t.Helper()
		u, err := of.Usage(ctx, from, to)
		if want := (app.UsedSum{Renders: renders, Rows: rows, Bytes: bytes}); err != nil || u.Total != want || len(u.Days) != days {
			t.Errorf("%+v, %v; want %+v on %d days", u, err, want, days)
		}
	}
	file := app.Picture{File: []byte("12345"), Key: []byte("key")}
	r := render()
	must(tenant.FinishRender(ctx, r, file))
	must(tenant.FinishRender(ctx, r, file)) // by a worker that did not hear of it
	must(tenant.FailRender(ctx, render(), "no font has it"))
	if reused, err := tenant.ReuseRender(ctx, render(), file.Key); err != nil || !reused {
		t.Fatal(reused, err)
	}
	wants(tenant, "", "", 2, 0, 10, 1)

	var rows []map[string]string
	for range 20 {
		rows = append(rows, country("Chad"))
	}
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: rows})
	must(err)
	pending, err := tenant.PendingRows(ctx, b.ID, 0, 20)
	must(err)
	must(tenant.FailRender(ctx, pending[0], "no font has it"))
	var all sync.WaitGroup
	for _, r := range pending[1:] {
		all.Go(func() {
			if err := tenant.FinishRender(ctx, r, file); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wants(tenant, "", "", 2, 19, 105, 1)
	must(tenant.FinishBatch(ctx, b.ID))
	_, err = tenant.RetryBatch(ctx, nil, b.ID)
	must(err)
	must(tenant.FinishRender(ctx, pending[0], file))
	wants(tenant, "", "", 2, 20, 110, 1)

	_, err = pool.Exec(ctx, `DELETE FROM renders WHERE batch_id = $1`, b.ID)
	must(err)
	wants(tenant, "", "", 2, 20, 110, 1)
	wants(other, "", "", 0, 0, 0, 0)

	_, err = pool.Exec(ctx, `UPDATE renders SET status = 'succeeded', bytes = 7, finished_at = '2025-12-31 23:30:00-05' WHERE status = 'failed'`)
	must(err)
	wants(tenant, "2026-01-01", "2026-01-01", 1, 0, 7, 1)
	wants(tenant, "", "2026-01-31", 1, 0, 7, 1)
	wants(tenant, "2025-12-01", "2025-12-31", 0, 0, 0, 0)
	today := time.Now().UTC().Format(time.DateOnly)
	for name, days := range map[string][2]string{
		"no day": {"yesterday", today}, "no such day": {"2026-02-30", today}, "another order": {"2026-02-02", "2026-02-01"}, "too many days": {"2025-01-01", "2026-01-02"},
	} {
		if _, err := tenant.Usage(ctx, days[0], days[1]); app.KindOf(err) != app.Malformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if u, err := tenant.Usage(ctx, "2025-01-02", "2026-01-02"); err != nil || u.From != "2025-01-02" || u.To != "2026-01-02" {
		t.Errorf("%+v, %v", u, err)
	}
}

// An image that is shown, or will be, cannot be deleted; another one is gone with its file.
func TestDeleteAsset(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Mine")
	asset := func() app.Asset {
		t.Helper()
		a, err := tenant.CreateAsset(ctx, nil, "dot.png", apptest.PNG(4, 4))
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	design := func(asset string) app.Design {
		t.Helper()
		doc, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":9,"height":9,"elements":[{"id":"p","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"` + asset + `"}]}]}`))
		if err != nil {
			t.Fatal(err)
		}
		d, err := tenant.CreateDesign(ctx, nil, "Photo", doc)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	refused := func(a app.Asset, why string) {
		t.Helper()
		if err := tenant.DeleteAsset(ctx, a.ID); app.KindOf(err) != app.Conflict {
			t.Errorf("%s: %v", why, err)
		}
	}
	shown, given := asset(), asset()
	d := design(shown.ID)
	refused(shown, "a design shows it")
	r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID})
	if err != nil {
		t.Fatal(err)
	}
	if err := tenant.DeleteDesign(ctx, d.ID, nil); err != nil {
		t.Fatal(err)
	}
	refused(shown, "a render of a version waits")
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: design("{{photo}}").ID, Rows: []map[string]string{{"photo": given.ID}}})
	if err != nil {
		t.Fatal(err)
	}
	refused(given, "a row waits")
	if _, err := tenant.CancelRender(ctx, r.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.CancelBatch(ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	for _, a := range []app.Asset{shown, given} {
		if err := tenant.DeleteAsset(ctx, a.ID); err != nil {
			t.Error(err)
		}
		if _, _, err := tenant.OpenAsset(ctx, a.ID); app.KindOf(err) != app.NotFound {
			t.Errorf("it is there: %v", err)
		}
		if err := tenant.DeleteAsset(ctx, a.ID); app.KindOf(err) != app.NotFound {
			t.Errorf("again: %v", err)
		}
	}
	if l, err := tenant.Assets(ctx, app.PageRequest{}); err != nil || len(l.Data) != 0 {
		t.Errorf("%+v, %v", l, err)
	}
}
