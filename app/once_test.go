package app_test

import (
	"context"
	"crypto/sha256"
	"sync"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

// However many arrive at once with one key, one thing is made and one job.
func TestOnce(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Once")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	post := func(body string) (app.Render, *app.Once, error) {
		once := &app.Once{Key: "k", Method: "POST", Path: "/api/v1/renders", Body: sha256.Sum256([]byte(body))}
		r, err := tenant.CreateRender(ctx, once, app.RenderRequest{Design: d.ID, Variables: country("Chad")})
		return r, once, err
	}
	var mu sync.Mutex
	ids, refused := map[string]int{}, 0
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			r, _, err := post("body")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				ids[r.ID]++
			case app.KindOf(err) == app.Conflict:
				refused++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(ids) != 1 {
		t.Fatalf("%d renders were made, %d refused", len(ids), refused)
	}
	var jobs int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM river_job WHERE kind = 'render' AND NOT 'thumbnail' = ANY(tags)`).Scan(&jobs); err != nil || jobs != 1 {
		t.Errorf("%d jobs, %v", jobs, err)
	}
	r, once, err := post("body")
	if err != nil || !once.Replayed || ids[r.ID] == 0 {
		t.Errorf("again: %v, replayed %v, %v", r.ID, once.Replayed, err)
	}
	if _, _, err := post("another body"); app.KindOf(err) != app.Invalid {
		t.Errorf("the key with another body: %v", err)
	}
	// Another tenant's key of the same name is another key.
	other := apptest.Tenant(t, a, "Other")
	od, err := other.CreateDesign(ctx, &app.Once{Key: "k", Method: "POST", Path: "/api/v1/renders"}, "Card", apptest.Document(t, "country-card.json"))
	if err != nil || od.ID == d.ID {
		t.Errorf("another tenant's key: %v, %v", od.ID, err)
	}
	// What fails leaves the key free.
	failing := &app.Once{Key: "f", Method: "POST", Path: "/api/v1/renders"}
	if _, err := tenant.CreateRender(ctx, failing, app.RenderRequest{Design: d.ID}); app.KindOf(err) != app.Invalid {
		t.Errorf("without variables: %v", err)
	}
	if _, err := tenant.CreateRender(ctx, failing, app.RenderRequest{Design: d.ID, Variables: country("Chad")}); err != nil || failing.Replayed {
		t.Errorf("mended: %v, replayed %v", err, failing.Replayed)
	}
}
