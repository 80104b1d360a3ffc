package app_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

func TestBatchRows(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Batches")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]map[string]string, 300)
	for i := range rows {
		rows[i] = country(fmt.Sprint("Row ", i+1))
	}
	b, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	if b.Total != 300 || b.Done != 0 || b.Status != app.Queued || b.Format != "png" {
		t.Errorf("%+v", b)
	}
	first, err := tenant.PendingRows(ctx, b.ID, 0, 200)
	if err != nil || len(first) != 200 || *first[199].Row != 200 || first[199].Variables["name"] != "Row 200" {
		t.Fatalf("%d rows, %v", len(first), err)
	}

	// A finished row is a checkpoint: it is never pending again, and finishing it twice counts once.
	for range 2 {
		if err := tenant.FinishRender(ctx, first[0], app.Picture{File: []byte("file"), Width: 1200, Height: 630}); err != nil {
			t.Fatal(err)
		}
	}
	if err := tenant.FailRender(ctx, first[0], "too late"); err != nil {
		t.Fatal(err)
	}
	if err := tenant.FailRender(ctx, first[1], "its own fault"); err != nil {
		t.Fatal(err)
	}
	if b, err = tenant.Batch(ctx, b.ID); err != nil || b.Done != 1 || b.Failed != 1 {
		t.Errorf("%+v, %v", b, err)
	}
	if again, err := tenant.PendingRows(ctx, b.ID, 0, 1); err != nil || *again[0].Row != 3 {
		t.Errorf("the next row: %v", err)
	}
	// It is not over while a row is left.
	if err := tenant.FinishBatch(ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	if b, _ = tenant.Batch(ctx, b.ID); b.Finished() {
		t.Errorf("finished with %d rows of %d", b.Done+b.Failed, b.Total)
	}
	if _, err := pool.Exec(ctx, `UPDATE renders SET status = 'succeeded' WHERE batch_id = $1 AND status = 'queued'`, b.ID); err != nil {
		t.Fatal(err)
	}
	if err := tenant.FinishBatch(ctx, b.ID); err != nil {
		t.Fatal(err)
	}
	if b, _ = tenant.Batch(ctx, b.ID); b.Status != app.Succeeded || b.FinishedAt == nil {
		t.Errorf("%+v", b)
	}
}

// Every row is checked before the first is drawn, and nothing is kept of a bad batch.
func TestBatchFaults(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Batches")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	lacking := country("Chad")
	delete(lacking, "numeric")
	for name, test := range map[string]struct {
		q     app.BatchRequest
		field string
	}{
		"no rows":       {app.BatchRequest{Design: d.ID}, "rows"},
		"too many rows": {app.BatchRequest{Design: d.ID, Rows: make([]map[string]string, app.MaxBatchRows+1)}, "rows"},
		"a bad row":     {app.BatchRequest{Design: d.ID, Rows: []map[string]string{country("Chad"), lacking}}, "rows[1].numeric"},
		"a bad format":  {app.BatchRequest{Design: d.ID, Rows: []map[string]string{country("Chad")}, Output: app.Output{Format: "gif"}}, "format"},
		"no design":     {app.BatchRequest{Design: "x", Rows: []map[string]string{country("Chad")}}, "design"},
	} {
		_, err := tenant.CreateBatch(ctx, nil, test.q)
		e, ok := err.(*app.Error)
		if !ok || e.Kind != app.Invalid || len(e.Fields) == 0 || e.Fields[0].Field != test.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	var kept int
	if err := pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM batches) + (SELECT count(*) FROM renders WHERE NOT thumbnail) + (SELECT count(*) FROM river_job WHERE NOT 'thumbnail' = ANY(tags))`).Scan(&kept); err != nil || kept != 0 {
		t.Errorf("%d rows are left, %v", kept, err)
	}
}

func TestRenderFaults(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant, other := apptest.Tenant(t, a, "Renders"), apptest.Tenant(t, a, "Other")
	d, err := tenant.CreateDesign(ctx, nil, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	asset, err := other.CreateAsset(ctx, nil, "dot.png", apptest.PNG(4, 4))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":10,"height":10,"elements":[{"id":"i","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"` + asset.ID + `"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	f, err := tenant.CreateDesign(ctx, nil, "Foreign", foreign)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		q     app.RenderRequest
		field string
	}{
		"scale":          {app.RenderRequest{Design: d.ID, Variables: country("Chad"), Output: app.Output{Scale: 5}}, "scale"},
		"page":           {app.RenderRequest{Design: d.ID, Variables: country("Chad"), Output: app.Output{Page: 2}}, "page"},
		"version":        {app.RenderRequest{Design: d.ID, Variables: country("Chad"), Version: 9}, "version"},
		"variable":       {app.RenderRequest{Design: d.ID}, "variables."},
		"foreign asset":  {app.RenderRequest{Design: f.ID}, "pages[0].elements[0].asset"},
		"foreign design": {app.RenderRequest{Design: strings.Repeat("0", 8) + d.ID[8:], Variables: country("Chad")}, "design"},
	} {
		_, err := tenant.CreateRender(ctx, nil, test.q)
		e, ok := err.(*app.Error)
		if !ok || e.Kind != app.Invalid || len(e.Fields) == 0 || !strings.HasPrefix(e.Fields[0].Field, test.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAssetFaults(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Assets")
	whole := apptest.PNG(300, 300)
	for name, test := range map[string]struct {
		data []byte
		kind app.Kind
	}{
		"text":       {[]byte("hello"), app.Invalid},
		"nothing":    {nil, app.Invalid},
		"truncated":  {whole[:len(whole)/2], app.Invalid},
		"a zip":      {[]byte("PK\x03\x04 renamed to png"), app.Invalid},
		"an svg":     {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), app.Invalid},
		"too large":  {make([]byte, app.MaxAssetBytes+1), app.TooLarge},
		"many pixel": {apptest.PNG(5001, 5000), app.Invalid},
	} {
		if _, err := tenant.CreateAsset(ctx, nil, "x.png", test.data); app.KindOf(err) != test.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
	asset, err := tenant.CreateAsset(ctx, nil, `C:\pictures\dot.png`, whole)
	if err != nil || asset.Name != "dot.png" || asset.Width != 300 || asset.MediaType != "image/png" {
		t.Errorf("%+v, %v", asset, err)
	}
}
