package jobs_test

import (
	"context"
	"image/color"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/remote"
	"majestic/jobs"
)

// Without a workspace there are images, too: at addresses, each fetched once, by
// the rules of the server.
func TestRenderCommandFetchesImages(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked[r.URL.Path]++
		switch r.URL.Path {
		case "/blue.png":
			w.Write(apptest.PNG(8, 8))
		case "/logo.svg":
			w.Write([]byte(logo))
		case "/cut.png":
			w.Write(apptest.PNG(8, 8)[:40])
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	chrome := apptest.Renderer(t)
	launched := false
	render := func(c jobs.RenderCommand) (words string, _ error) {
		t.Helper()
		var text strings.Builder
		launch := func(context.Context) (jobs.Capturer, func() error, error) {
			launched = true
			return chrome, func() error { return nil }, nil
		}
		c.Scale = 1
		err := c.Run(t.Context(), launch, remote.Loopback(apptest.Roots()), jobs.Watch{Writer: &text, Columns: func() int { return 0 }}, &text)
		return text.String(), err
	}
	design := write("design.json", `{"version":1,"pages":[{"width":60,"height":20,"elements":[`+
		imageAt("photo", "{{photo}}", 0, 0, 20, 20, "")+","+imageAt("logo", server.URL+"/logo.svg", 20, 0, 40, 20, "")+`]}]}`)
	open := func(rows string) *os.File {
		t.Helper()
		f, err := os.Open(write("rows.csv", "name,photo\n"+rows))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}

	text, err := render(jobs.RenderCommand{File: design, Output: filepath.Join(dir, "{name}.png"), Data: open(strings.ReplaceAll(`a,S/blue.png
b,S/blue.png
c,S/cut.png
d,S/nowhere.png
e,https://192.168.0.1/x.png
f,S/blue.png
`, "S", server.URL))})
	if app.KindOf(err) != app.Invalid || !strings.Contains(err.Error(), "3 of 6 rows could not be drawn") {
		t.Errorf("%v", err)
	}
	for _, want := range []string{
		"row 3 (line 4): element \"photo\": the image at", "row 4 (line 5): element \"photo\": the image at", "answers 404", "row 5 (line 6)", "not public", "6 of 6, 3 failed",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nobody says %q: %s", want, text)
		}
	}
	for _, name := range []string{"a", "b", "f"} {
		data, err := os.ReadFile(filepath.Join(dir, name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		m := decoded(t, data)
		for x, want := range map[int]color.NRGBA{10: {0x25, 0x63, 0xeb, 255}, 30: {255, 0, 0, 255}, 50: {0, 0, 255, 255}} {
			if got := m.NRGBAAt(x, 10); got != want {
				t.Errorf("%s.png is %v at %d", name, got, x)
			}
		}
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*.png")); len(files) != 3 {
		t.Errorf("files %q", files)
	}
	if asked["/blue.png"] != 1 || asked["/logo.svg"] != 1 {
		t.Errorf("asked %v", asked)
	}

	// Those of a workspace are refused before Chrome is there.
	launched = false
	_, err = render(jobs.RenderCommand{File: design, Output: filepath.Join(dir, "{name}.png"), Data: open("a,logo_1\nb," + server.URL + "/blue.png\n")})
	if err == nil || !strings.Contains(err.Error(), `1 of 2 rows do not fit the design`) || !strings.Contains(err.Error(), `row 1 (line 2): the asset "logo_1" lives in a workspace`) || launched {
		t.Errorf("launched %t: %v", launched, err)
	}
	if _, err = render(jobs.RenderCommand{File: design, Var: map[string]string{"photo": "logo_1"}}); err == nil || launched {
		t.Errorf("launched %t: %v", launched, err)
	}
}
