package jobs_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"strings"
	"testing"

	"golang.org/x/image/webp"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/screenshots"
)

// A thumbnail is drawn as any render is, small, with what the page shows for
// variables; it counts as none.
func TestThumbnail(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Thumbnails")
	chrome := apptest.Renderer(t)
	runner := start(t, a, pool, chrome, "majestic-1-test")
	events := app.StartEvents(pool, apptest.Log(t))
	defer events.Close()
	make := func(width, height int, elements string) app.Design {
		t.Helper()
		d, err := tenant.CreateDesign(ctx, nil, "Card", parse(t, fmt.Sprintf(`{"version":1,"pages":[{"width":%d,"height":%d,"background":"#00ff00","elements":[%s]},{"width":9,"height":9}]}`, width, height, elements)))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	// drawn waits for the thumbnail of a design.
	drawn := func(d app.Design) (m image.Image, fault string) {
		t.Helper()
		var id string
		if err := pool.QueryRow(ctx, `SELECT id FROM renders WHERE design_id = $1 AND thumbnail`, d.ID).Scan(&id); err != nil {
			t.Fatal(err)
		}
		r := await(t, tenant, events, id)
		if r.Status != app.Succeeded {
			return nil, *r.Error
		}
		_, f, err := tenant.OpenThumbnail(ctx, d.ID, d.Version)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		data, err := io.ReadAll(f)
		if err == nil {
			m, err = webp.Decode(bytes.NewReader(data))
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Bounds(); got.Dx() != *r.Width || got.Dy() != *r.Height {
			t.Errorf("%d x %d is said to be %d x %d", got.Dx(), got.Dy(), *r.Width, *r.Height)
		}
		return m, ""
	}

	card := make(1200, 630, `
		{"id":"band","type":"rect","x":0,"y":0,"width":400,"height":630,"fill":"{{accent}}"},
		{"id":"photo","type":"image","x":400,"y":0,"width":400,"height":630,"asset":"{{photo}}"},
		{"id":"else","type":"image","x":800,"y":0,"width":400,"height":630,"asset":"https://example.com/{{photo}}.png"}`)
	m, fault := drawn(card)
	if fault != "" || m.Bounds() != image.Rect(0, 0, 480, 252) {
		t.Fatalf("drawn as %v, %s", m.Bounds(), fault)
	}
	for x, want := range map[int]string{80: "accent", 200: "ours", 440: "ours"} {
		r, g, b, _ := m.At(x, 20).RGBA()
		got := "else"
		switch {
		case r>>8 < 60 && g>>8 < 120 && b>>8 > 200: // #2563eb
			got = "accent"
		case r>>8 > 180 && g>>8 > 180 && b>>8 > 180: // our placeholder's sky
			got = "ours"
		}
		if got != want {
			t.Errorf("at %d is %v, not %s", x, m.At(x, 20), want)
		}
	}
	for size, want := range map[[2]int][2]int{{794, 1123}: {339, 480}, {1080, 1080}: {480, 480}, {16, 10}: {64, 40}, {333, 777}: {206, 480}, {16384, 1000}: {480, 29}, {40, 16384}: {1, 480}} {
		m, fault := drawn(make(size[0], size[1], ""))
		if fault != "" || m.Bounds() != image.Rect(0, 0, want[0], want[1]) {
			t.Errorf("%v is drawn as %v, %s", size, m.Bounds(), fault)
		}
	}
	if _, fault := drawn(make(90, 90, `{"id":"photo","type":"image","x":0,"y":0,"width":9,"height":9,"asset":"gone"}`)); !strings.Contains(fault, `"photo"`) {
		t.Errorf("an image that is not there: %s", fault)
	}
	if _, fault := drawn(make(90, 90, `{"id":"title","type":"text","x":0,"y":0,"width":9,"height":9,"text":"\ud80c\udc00"}`)); !strings.Contains(fault, `"title"`) {
		t.Errorf("a character that no font has: %s", fault)
	}

	for name, n := range apptest.Measure(t, runner.Metrics()...) {
		if strings.HasPrefix(name, "majestic_render_duration_seconds") {
			t.Errorf("%s: %v", name, n)
		}
	}
	// Our placeholder is no image of anybody's render.
	if _, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: card.ID, Variables: map[string]string{"accent": "#fff", "photo": app.NoImage}}); app.KindOf(err) != app.Invalid {
		t.Errorf("a render of no image: %v", err)
	}
}

// isThumbnail tells whether a shot is for the gallery, and not one that a test has asked for.
func isThumbnail(s screenshots.Shot) bool {
	longest := float64(max(s.Width, s.Height)) * s.Scale
	return s.Format == screenshots.WebP && (longest > 470 || s.Scale == 4)
}
