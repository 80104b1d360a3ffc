package app_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/goregular"

	"majestic/app"
	"majestic/app/apptest"
)

// written is a design with one text in a family.
func written(t *testing.T, family, more string) app.Document {
	t.Helper()
	doc, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":9,"height":9,"elements":[
		{"id":"r","type":"rect","x":0,"y":0,"width":9,"height":9},
		{"id":"title","type":"text","x":0,"y":0,"width":9,"height":9,"text":"Hi","font":"` + family + `"` + more + `}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestFont(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant, other := apptest.Tenant(t, a, "Mine"), apptest.Tenant(t, a, "Theirs")

	_, err := tenant.CreateDesign(ctx, nil, "Early", written(t, "Go", ""))
	wantFault(t, err, app.Invalid, "document.pages[0].elements[1].font", `element "title": there is no font "Go" here`)

	once := &app.Once{Key: "k", Method: "POST", Path: "/api/v1/fonts"}
	f, err := tenant.CreateFont(ctx, once, `C:\fonts\Go.ttf`, goregular.TTF)
	if err != nil || f.Family != "Go" || f.Weight != 400 || f.MaxWeight != 400 || f.Italic || f.Format != "ttf" || f.Name != "Go.ttf" || f.Bytes != int64(len(goregular.TTF)) {
		t.Fatalf("%+v, %v", f, err)
	}
	again, err := tenant.CreateFont(ctx, once, "Go.ttf", goregular.TTF)
	if err != nil || again != f || !once.Replayed {
		t.Errorf("sent again: %+v, %v", again, err)
	}
	if _, err := tenant.CreateFont(ctx, nil, "Go.woff2", apptest.WOFF2(goregular.TTF)); app.KindOf(err) != app.Conflict || !strings.Contains(err.Error(), "Go 400 is here already") {
		t.Errorf("the same face: %v", err)
	}
	bold, err := tenant.CreateFont(ctx, nil, "bold.woff2", apptest.WOFF2(gobold.TTF))
	if err != nil || bold.Family != "Go" || bold.Format != "woff2" {
		t.Fatalf("%+v, %v", bold, err)
	}
	_, file, err := tenant.OpenFont(ctx, f.ID)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(file)
	file.Close()
	if err != nil || !bytes.Equal(data, goregular.TTF) {
		t.Errorf("%d bytes came back, %v", len(data), err)
	}
	l, err := tenant.Fonts(ctx, app.PageRequest{Limit: 1})
	if err != nil || len(l.Data) != 1 || l.Data[0].ID != bold.ID || l.Next == nil {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err = tenant.Fonts(ctx, app.PageRequest{After: *l.Next}); err != nil || len(l.Data) != 1 || l.Data[0].ID != f.ID {
		t.Errorf("%+v, %v", l, err)
	}

	d, err := tenant.CreateDesign(ctx, nil, "Card", written(t, "Go", ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID}); err != nil {
		t.Error(err)
	}
	_, err = other.CreateDesign(ctx, nil, "Card", written(t, "Go", ""))
	wantFault(t, err, app.Invalid, "document.pages[0].elements[1].font", `"Go"`)
	if _, err := other.CreateDesign(ctx, nil, "Card", written(t, "Go", `,"hidden":true`)); err != nil {
		t.Errorf("a hidden text asks for its font: %v", err)
	}

	for _, id := range []string{f.ID, bold.ID} {
		if err := tenant.DeleteFont(ctx, id); app.KindOf(err) != app.Conflict || !strings.Contains(err.Error(), "Card") {
			t.Errorf("a font that a design is written in: %v", err)
		}
	}
	if err := other.DeleteFont(ctx, f.ID); app.KindOf(err) != app.NotFound {
		t.Errorf("another's font: %v", err)
	}
	if _, err := tenant.SaveDesign(ctx, d.ID, 1, "Card", written(t, "Lato", "")); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.PublishDesign(ctx, nil, d.ID, &d.Version, nil); err != nil {
		t.Fatal(err)
	}
	if err := tenant.DeleteFont(ctx, f.ID); app.KindOf(err) != app.Conflict {
		t.Errorf("a font that a published version is written in: %v", err)
	}
	if _, err := tenant.PublishDesign(ctx, nil, d.ID, nil, nil); err != nil {
		t.Fatal(err)
	}
	if err := tenant.DeleteFont(ctx, f.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.CreateDesign(ctx, nil, "Draft", written(t, "Go", `,"hidden":true`)); err != nil {
		t.Fatal(err)
	}
	if err := tenant.DeleteFont(ctx, bold.ID); err != nil {
		t.Fatalf("a font that only a hidden text names: %v", err)
	}
	if _, err := tenant.Font(ctx, f.ID); app.KindOf(err) != app.NotFound {
		t.Errorf("a deleted font: %v", err)
	}
	_, err = pool.Exec(ctx, `INSERT INTO fonts (id, tenant_id, name, family, weight, max_weight, italic, format, bytes, sha256)
		VALUES ($1, $2, 'x', 'Late', 400, 400, false, 'ttf', 1, '')`, f.ID, tenant.ID())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := tenant.OpenFont(ctx, f.ID); app.KindOf(err) != app.NotFound {
		t.Errorf("a deleted font's file: %v", err)
	}
	_, err = tenant.SaveDesign(ctx, d.ID, 2, "Card", written(t, "Go", ""))
	wantFault(t, err, app.Invalid, "document.pages[0].elements[1].font", `"Go"`)
	_, err = tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Version: 1})
	wantFault(t, err, app.Invalid, "pages[0].elements[1].font", `"Go"`)
	_, err = tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: []map[string]string{{}}})
	if err != nil {
		t.Errorf("the newest version is written in Lato: %v", err)
	}
}

func TestFontRefused(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Mine")
	_, err := tenant.CreateFont(ctx, nil, "x.ttf", goregular.TTF[:1000])
	wantFault(t, err, app.Invalid, "file", "is damaged")
	lato, err := os.ReadFile("/usr/share/fonts/truetype/lato/Lato-Regular.ttf")
	if err != nil {
		t.Fatal(err)
	}
	_, err = tenant.CreateFont(ctx, nil, "lato.ttf", lato)
	wantFault(t, err, app.Invalid, "file", "is called Lato, which is here already")
	if _, err := tenant.CreateFont(ctx, nil, "x.ttf", make([]byte, 11<<20)); app.KindOf(err) != app.TooLarge {
		t.Errorf("11 MiB: %v", err)
	}
	if l, err := tenant.Fonts(ctx, app.PageRequest{}); err != nil || len(l.Data) != 0 {
		t.Errorf("%+v, %v", l, err)
	}
	_, err = pool.Exec(ctx, `INSERT INTO fonts (tenant_id, name, family, weight, max_weight, italic, format, bytes, sha256)
		SELECT $1, 'x', 'x' || n, 400, 400, false, 'ttf', 1, '' FROM generate_series(1, 200) n`, tenant.ID())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.CreateFont(ctx, nil, "x.ttf", goregular.TTF); app.KindOf(err) != app.Conflict || !strings.Contains(err.Error(), "200 fonts") {
		t.Errorf("one too many: %v", err)
	}
	if _, err := apptest.Tenant(t, a, "Other").CreateFont(ctx, nil, "x.ttf", goregular.TTF); err != nil {
		t.Errorf("another tenant's first: %v", err)
	}
}

// A design that is saved while its font is being deleted keeps it, or is refused.
func TestFontDeletedMeanwhile(t *testing.T) {
	ctx := context.Background()
	a, _ := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Mine")
	for range 10 {
		f, err := tenant.CreateFont(ctx, nil, "medium.ttf", gomedium.TTF)
		if err != nil {
			t.Fatal(err)
		}
		deleted := make(chan error)
		go func() { deleted <- tenant.DeleteFont(ctx, f.ID) }()
		d, saved := tenant.CreateDesign(ctx, nil, "Card", written(t, "Go Medium", ""))
		if gone := <-deleted; (gone == nil) == (saved == nil) {
			t.Fatalf("deleted: %v; saved: %v", gone, saved)
		}
		if saved != nil {
			continue
		}
		if _, err := tenant.SaveDesign(ctx, d.ID, 1, "Card", written(t, "Inter", "")); err != nil {
			t.Fatal(err)
		}
		if err := tenant.DeleteFont(ctx, f.ID); err != nil {
			t.Fatal(err)
		}
	}
}
