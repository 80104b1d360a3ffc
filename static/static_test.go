package static

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestFilesServesHashedNames(t *testing.T) {
	f := New()
	for name, want := range map[string]string{"app.css": "text/css", "app.js": "text/javascript", "icon.svg": "image/svg+xml"} {
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

func TestModulesImportHashedNames(t *testing.T) {
	f := New()
	specifier := regexp.MustCompile(`(?m)^(?:import\b[^"]*|export\b[^"\n]*from )"([^"]+)"`)
	found := 0
	for p, text := range f.served {
		for _, m := range specifier.FindAllStringSubmatch(string(text), -1) {
			found++
			if !f.Has(m[1]) {
				t.Errorf("%s imports %s, which is not served", p, m[1])
			}
		}
	}
	if found == 0 {
		t.Error("no module imports another: this test looks at nothing")
	}
}

func TestFitIsAPlainFunction(t *testing.T) {
	js := New().Fit()
	if strings.Contains(js, "export") || !strings.HasPrefix(js, "() => {") || !strings.Contains(js, "function fit(") {
		t.Errorf("not a function that a page can run:\n%s", js)
	}
}
