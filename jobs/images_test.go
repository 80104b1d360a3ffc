package jobs_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/images"
	"majestic/screenshots"
)

// house is a tenant whose renders are worked.
type house struct {
	t      *testing.T
	tenant app.Tenant
	events *app.Events
}

func (h house) asset(data []byte) string {
	h.t.Helper()
	a, err := h.tenant.CreateAsset(context.Background(), nil, "image", data)
	if err != nil {
		h.t.Fatal(err)
	}
	return a.ID
}

func (h house) design(width, height int, elements ...string) string {
	h.t.Helper()
	doc, err := app.ParseDocument(fmt.Appendf(nil, `{"version":1,"pages":[{"width":%d,"height":%d,"elements":[%s]}]}`, width, height, strings.Join(elements, ",")))
	if err != nil {
		h.t.Fatal(err)
	}
	d, err := h.tenant.CreateDesign(context.Background(), nil, "Images", doc)
	if err != nil {
		h.t.Fatal(err)
	}
	return d.ID
}

func (h house) render(q app.RenderRequest) app.Render {
	h.t.Helper()
	r, err := h.tenant.CreateRender(context.Background(), nil, q)
	if err != nil {
		h.t.Fatal(err)
	}
	return await(h.t, h.tenant, h.events, r.ID)
}

func (h house) picture(q app.RenderRequest) *image.NRGBA {
	h.t.Helper()
	r := h.render(q)
	if r.Status != app.Succeeded {
		h.t.Fatalf("%s: %s", r.Status, *r.Error)
	}
	return decoded(h.t, file(h.t, h.tenant, r.ID))
}

func decoded(t *testing.T, data []byte) *image.NRGBA {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	all := image.NewNRGBA(m.Bounds())
	draw.Draw(all, all.Rect, m, m.Bounds().Min, draw.Src)
	return all
}

func imageAt(id, asset string, x, y, width, height float64, more string) string {
	return fmt.Sprintf(`{"id":%q,"type":"image","asset":%q,"x":%g,"y":%g,"width":%g,"height":%g%s}`, id, asset, x, y, width, height, more)
}

func far(a, b color.NRGBA, by int) bool {
	apart := func(x, y uint8) bool { return int(max(x, y)-min(x, y)) > by }
	return apart(a.R, b.R) || apart(a.G, b.G) || apart(a.B, b.B) || apart(a.A, b.A)
}

const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10"><rect width="10" height="10" fill="#ff0000"/><rect x="10" width="10" height="10" fill="#0000ff"/></svg>`

// withoutThumbnails has none made of the designs, which would be drawn twice.
func withoutThumbnails(t *testing.T, db *pgxpool.Pool) {
	t.Helper()
	if _, err := db.Exec(t.Context(), `
		CREATE FUNCTION spare() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.status := 'canceled'; new.finished_at := now(); RETURN new; END $$;
		CREATE TRIGGER spare BEFORE INSERT ON renders FOR EACH ROW WHEN (new.thumbnail) EXECUTE FUNCTION spare()`); err != nil {
		t.Fatal(err)
	}
}

func TestImages(t *testing.T) {
	a, db := apptest.App(t)
	withoutThumbnails(t, db)
	chrome := apptest.Renderer(t)
	start(t, a, db, chrome, "majestic-1-test")
	events := app.StartEvents(db, apptest.Log(t))
	defer events.Close()
	h := house{t, apptest.Tenant(t, a, "Images"), events}

	// The browser draws what Go has made, pixel by pixel, where its edges lie.
	t.Run("exact pixels", func(t *testing.T) {
		h := house{t, h.tenant, events}
		photo := apptest.Photo(900, 700)
		id := h.asset(photo)
		const x, y, width, height = 10.3, 5.7, 100.5, 60.2
		type crop struct {
			fit  string
			more string
			zoom float64
			x, y float64
		}
		for _, scale := range []int{1, 2, 3} {
			for _, c := range []crop{{fit: "cover"}, {fit: "contain"}, {fit: "fill"}, {"cover", `,"zoom":1.5,"focus_x":0.25,"focus_y":1`, 1.5, -0.25, 0.5}} {
				got := h.picture(app.RenderRequest{Design: h.design(120, 70, imageAt("i", id, x, y, width, height, `,"object_fit":"`+c.fit+`"`+c.more)), Output: app.Output{Scale: float64(scale)}})
				box := images.Box{Width: 101 * scale, Height: 60 * scale, Fit: c.fit, Zoom: c.zoom, OffX: c.x, OffY: c.y} // from 10 to 111, and from 6 to 66
				_, want, err := images.Pixels(photo, box)
				if err != nil {
					t.Fatal(err)
				}
				expected := image.NewNRGBA(got.Rect)
				draw.Draw(expected, got.Rect, image.White, image.Point{}, draw.Src)
				draw.Draw(expected, image.Rect(10*scale, 6*scale, 111*scale, 66*scale), decoded(t, want), image.Point{}, draw.Over)
				if !bytes.Equal(got.Pix, expected.Pix) {
					t.Errorf("scale %d, %+v: the browser draws something else", scale, c)
				}
			}
		}
	})

	// What the browser makes of a file by itself is what it should look like.
	t.Run("as browsers see it", func(t *testing.T) {
		h := house{t, h.tenant, events}
		colors := image.NewNRGBA(image.Rect(0, 0, 160, 80))
		for x := range 160 {
			for y := range 80 {
				colors.SetNRGBA(x, y, color.NRGBA{uint8(x / 20 * 36), uint8(y / 20 * 85), uint8((x/20 + y/20) % 4 * 85), 255})
			}
		}
		alone := func(mediaType string, data []byte) screenshots.Shot {
			return screenshots.Shot{HTML: `<!doctype html><style>body{margin:0}img{display:block}</style><img src="data:` + mediaType + `;base64,` + base64.StdEncoding.EncodeToString(data) + `">`,
				Width: 160, Height: 80, Scale: 1, Format: screenshots.PNG}
		}
		photograph := func(s screenshots.Shot) []byte {
			t.Helper()
			picture, err := chrome.Capture(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			return picture.Data
		}
		lossy := alone("image/png", apptest.EncodePNG(colors))
		lossy.Format, lossy.Quality = screenshots.WebP, 90
		wide := apptest.Profile("RGB ", map[string][]byte{ // Adobe RGB (1998)
			"rXYZ": apptest.Fixed("XYZ ", 0.60974, 0.31111, 0.01947), "gXYZ": apptest.Fixed("XYZ ", 0.20528, 0.62567, 0.06087), "bXYZ": apptest.Fixed("XYZ ", 0.14919, 0.06322, 0.74457),
			"rTRC": []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33"), "gTRC": []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33"), "bTRC": []byte("curv\x00\x00\x00\x00\x00\x00\x00\x01\x02\x33"),
		})
		for name, data := range map[string][]byte{
			"image/png": apptest.EncodePNG(colors), "image/webp": photograph(lossy),
			"image/png; p3": apptest.WithProfile(apptest.EncodePNG(colors), apptest.DisplayP3()), "image/png; adobe": apptest.WithProfile(apptest.EncodePNG(colors), wide),
			"image/jpeg; p3": apptest.WithProfile(apptest.JPEG(colors), apptest.DisplayP3()), "image/jpeg; turned": apptest.Turned(colors, 6),
		} {
			mediaType, _, _ := strings.Cut(name, ";")
			want := decoded(t, photograph(alone(mediaType, data)))
			got := h.picture(app.RenderRequest{Design: h.design(160, 80, imageAt("i", h.asset(data), 0, 0, 160, 80, ""))})
			for x := 10; x < 160; x += 20 {
				for y := 10; y < 80; y += 20 {
					if far(got.NRGBAAt(x, y), want.NRGBAAt(x, y), 2) {
						t.Errorf("%s: at %d,%d is %v, want %v", name, x, y, got.NRGBAAt(x, y), want.NRGBAAt(x, y))
					}
				}
			}
		}
	})

	t.Run("strange places", func(t *testing.T) {
		h := house{t, h.tenant, events}
		id := h.asset(apptest.PNG(40, 20))
		blue, white := color.NRGBA{0x25, 0x63, 0xeb, 255}, color.NRGBA{255, 255, 255, 255}
		m := h.picture(app.RenderRequest{Design: h.design(200, 100,
			imageAt("turned", id, 20, 40, 80, 20, `,"rotation":90`),
			imageAt("nothing", id, 150, 50, 0.01, 0.01, ""),
			imageAt("away", id, 90_000, -90_000, 100, 100, ""),
			imageAt("immense", id, 120, 80, 90_000, 90_000, ""),
			imageAt("over the edge", id, -50, -50, 60, 60, ""),
		)})
		for at, want := range map[image.Point]color.NRGBA{
			{60, 12}: blue, {60, 88}: blue, {25, 50}: white, {95, 50}: white, {150, 50}: white, {119, 90}: white, {130, 90}: blue, {5, 5}: blue, {15, 15}: white,
		} {
			if got := m.NRGBAAt(at.X, at.Y); far(got, want, 2) {
				t.Errorf("at %v is %v, want %v", at, got, want)
			}
		}
	})

	t.Run("SVG", func(t *testing.T) {
		h := house{t, h.tenant, events}
		id := h.asset([]byte(logo))
		red, blue, white := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 0, 255, 255}, color.NRGBA{255, 255, 255, 255}
		m := h.picture(app.RenderRequest{Design: h.design(300, 100,
			imageAt("fill", id, 0, 0, 100, 100, `,"object_fit":"fill"`),
			imageAt("contain", id, 100, 0, 100, 100, `,"object_fit":"contain"`),
			imageAt("cover", id, 200, 0, 50, 100, ""),
		)})
		for at, want := range map[image.Point]color.NRGBA{
			{2, 2}: red, {48, 97}: red, {52, 50}: blue, {97, 97}: blue, {110, 20}: white, {110, 50}: red, {190, 50}: blue, {190, 80}: white,
			{202, 50}: red, {248, 50}: blue, {260, 50}: white,
		} {
			if got := m.NRGBAAt(at.X, at.Y); far(got, want, 2) {
				t.Errorf("at %v is %v, want %v", at, got, want)
			}
		}
	})

	t.Run("elsewhere", func(t *testing.T) {
		h := house{t, h.tenant, events}
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/blue.png":
				w.Write(apptest.PNG(40, 20))
			case "/logo.svg":
				io.WriteString(w, logo)
			case "/torn.png":
				w.Write(apptest.PNG(40, 20)[:60])
			default:
				http.NotFound(w, r)
			}
		}))
		defer server.Close()
		d := h.design(100, 100, imageAt("photo", "{{photo}}", 0, 0, 100, 100, ""))
		for path, want := range map[string]color.NRGBA{"/blue.png": {0x25, 0x63, 0xeb, 255}, "/logo.svg": {255, 0, 0, 255}} {
			m := h.picture(app.RenderRequest{Design: d, Variables: map[string]string{"photo": server.URL + path}})
			if got := m.NRGBAAt(10, 50); far(got, want, 2) {
				t.Errorf("%s: %v, want %v", path, got, want)
			}
		}
		for path, want := range map[string]string{server.URL + "/torn.png": "is damaged", server.URL + "/none": "404", "https://nobody.invalid/a.png": "no server named"} {
			r := h.render(app.RenderRequest{Design: d, Variables: map[string]string{"photo": path}})
			if r.Status != app.Failed || !strings.HasPrefix(*r.Error, `element "photo": the image at "https://`) || !strings.Contains(*r.Error, want) {
				t.Errorf("%s: %s %v, want %q", path, r.Status, r.Error, want)
			}
		}
		b, err := h.tenant.CreateBatch(t.Context(), nil, app.BatchRequest{Design: d, Rows: []map[string]string{{"photo": server.URL + "/blue.png"}, {"photo": server.URL + "/none"}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.tenant.FollowBatch(t.Context(), events, b.ID, func(now app.Batch) error { b = now; return nil }); err != nil || b.Done != 1 || b.Failed != 1 {
			t.Errorf("%+v, %v", b, err)
		}
	})

	// As much as a page may show, and more than that.
	t.Run("25 megapixels", func(t *testing.T) {
		h := house{t, h.tenant, events}
		id := h.asset(apptest.Photo(500, 500))
		r := h.render(app.RenderRequest{Design: h.design(1_250, 1_250, imageAt("all", id, 0, 0, 1_250, 1_250, "")), Output: app.Output{Scale: 4}})
		if r.Status != app.Succeeded || *r.Width != 5_000 {
			t.Errorf("%s: %v", r.Status, *r.Error)
		}
		var many []string
		for i := range 12 {
			many = append(many, imageAt(fmt.Sprint("i", i), id, float64(i), 0, 1_250, 1_250, ""))
		}
		r = h.render(app.RenderRequest{Design: h.design(1_250, 1_250, many...), Output: app.Output{Scale: 4}})
		if r.Status != app.Failed || !strings.HasPrefix(*r.Error, `element "i`) || !strings.Contains(*r.Error, "MiB of pixels") {
			t.Errorf("%s: %v", r.Status, r.Error)
		}
	})
}
