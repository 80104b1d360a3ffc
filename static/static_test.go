package static

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestFilesServesHashedNames(t *testing.T) {
	f := New()
	for name, want := range map[string]string{"app.css": "text/css", "app.js": "text/javascript", "editor/editor.js": "text/javascript", "icon.svg": "image/svg+xml"} {
		p := f.Path(name)
		if p == "/static/"+name || !strings.HasPrefix(p, "/static/") {
			t.Errorf("%s is served under %s, which has no hash", name, p)
		}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest("GET", p, nil))
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), want) {
			t.Errorf("%s: %d %s", p, w.Code, w.Header().Get("Content-Type"))
		}
		if !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s is not kept for ever: %s", p, w.Header().Get("Cache-Control"))
		}
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest("GET", "/static/app.css", nil))
	if w.Code != 404 {
		t.Errorf("a name without a hash is answered with %d", w.Code)
	}
}

func TestFilesAreZippedForWhoTakesIt(t *testing.T) {
	f := New()
	get := func(takes string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", f.Path("editor/editor.js"), nil)
		r.Header.Set("Accept-Encoding", takes)
		f.ServeHTTP(w, r)
		return w
	}
	plain := get("br, gzip;q=0")
	if written := read("editor/editor.js"); strings.Contains(plain.Body.String(), "\n//") || strings.Count(plain.Body.String(), "\n") != strings.Count(written, "\n") {
		t.Error("comments are sent along, or lines are lost")
	}
	if plain.Header().Get("Content-Encoding") != "" || !strings.Contains(plain.Body.String(), "createModel") {
		t.Errorf("it comes zipped to who refuses that: %v", plain.Header())
	}
	for _, takes := range []string{"gzip", "gzip, deflate, br, zstd", "br;q=1, gzip;q=0.5"} {
		zipped := get(takes)
		r, err := gzip.NewReader(zipped.Body)
		if err != nil || zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Header().Get("Vary") != "Accept-Encoding" {
			t.Fatalf("%s: %v, %v", takes, err, zipped.Header())
		}
		if text, err := io.ReadAll(r); err != nil || string(text) != plain.Body.String() {
			t.Errorf("%s: %d bytes, %v", takes, len(text), err)
		}
	}
}

func TestModulesImportHashedNames(t *testing.T) {
	f := New()
	specifier := regexp.MustCompile(`(?m)^(?:import\b[^"]*|export\b[^"\n]*from )"([^"]+)"`)
	found := 0
	for p, text := range f.served {
		for _, m := range specifier.FindAllStringSubmatch(text.plain, -1) {
			found++
			if !f.Has(t.Context(), m[1]) {
				t.Errorf("%s imports %s, which is not served", p, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no module imports another: this test looks at nothing")
	}
}

func TestFitIsAPlainFunction(t *testing.T) {
	js := Fit()
	if strings.Contains(js, "export") || !strings.HasPrefix(js, "() => {") || !strings.Contains(js, "function fit(") {
		t.Errorf("not a function that a page can run:\n%s", js)
	}
}

// What one release has published, another serves; a name that no release would give is asked of nobody.
func TestPublish(t *testing.T) {
	shelf := store{}
	if err := shelf.Put(t.Context(), "static/app.00000000.css", []byte("of another release")); err != nil {
		t.Fatal(err)
	}
	f, err := New().Publish(t.Context(), shelf)
	if err != nil {
		t.Fatal(err)
	}
	if string(shelf[strings.TrimPrefix(f.Path("app.css"), "/")]) == "" {
		t.Errorf("nothing is published: %v", shelf)
	}
	for path, want := range map[string]int{
		f.Path("app.css"): 200, "/static/app.00000000.css": 200, "/static/app.00000001.css": 404, "/static/../secret.0000000a.key": 404, "/static/app.css": 404,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = path
		f.ServeHTTP(w, r)
		if w.Code != want || f.Has(t.Context(), path) != (want == 200) {
			t.Errorf("%s: %d", path, w.Code)
		}
		if path == "/static/app.00000000.css" && (w.Body.String() != "of another release" || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css")) {
			t.Errorf("%s: %q, %v", path, w.Body, w.Header())
		}
	}
}

type store map[string][]byte

func (s store) Put(_ context.Context, key string, data []byte) error {
	s[key] = data
	return nil
}

func (s store) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	data, ok := s[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return reader{bytes.NewReader(data)}, nil
}

type reader struct{ *bytes.Reader }

func (reader) Close() error { return nil }
