package remote_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/remote"
)

// What leads elsewhere than to a public server by https is not even dialled.
func TestRefused(t *testing.T) {
	var asked atomic.Int32
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1) })
	secure, plain := httptest.NewTLSServer(handler), httptest.NewServer(handler)
	defer secure.Close()
	defer plain.Close()
	port := secure.URL[strings.LastIndex(secure.URL, ":"):]
	client := remote.New()
	for address, want := range map[string]string{
		plain.URL:                              "without https",
		secure.URL:                             "another port",
		"https://127.0.0.1/":                   "not public",
		"https://localhost/":                   "not public",
		"https://[::1]/":                       "not public",
		"https://[::ffff:127.0.0.1]/":          "not public",
		"https://[::ffff:a9fe:a9fe]/":          "not public",
		"https://169.254.169.254/latest":       "not public",
		"https://10.0.0.1/":                    "not public",
		"https://0/":                           "",
		"https://user:secret@example.com/":     "name or password",
		"https://127.0.0.1" + port + "/":       "another port",
		"https://nobody.invalid/":              "no server named",
		"file:///etc/passwd":                   "without https",
		"https://" + strings.Repeat("a.", 200): "",
		"https://example.com:443\x00/":         "",
		"https://2130706433/":                  "", // 127.0.0.1 as one number: a name that nobody has, or not public
		"https://[fe80::1%25lo]/":              "not public",
		"https://[64:ff9b::127.0.0.1]/":        "not public",
		"https://[2002:7f00:1::]/":             "not public",
	} {
		_, err := client.Fetch(t.Context(), address, "")
		if app.KindOf(err) != app.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

func TestFetch(t *testing.T) {
	picture := apptest.PNG(9, 9)
	var asked atomic.Int32
	failing := true
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.Header.Get("Cookie")+r.Header.Get("Referer")+r.Header.Get("Authorization") != "" || strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			t.Errorf("headers %v", r.Header)
		}
		var n int
		fmt.Sscanf(r.URL.Path, "/again/%d", &n)
		switch {
		case n > 1:
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
			http.Redirect(w, r, fmt.Sprintf("/again/%d", n-1), http.StatusFound)
		case r.URL.Path == "/plain":
			http.Redirect(w, r, "http://"+r.Host+"/", http.StatusFound)
		case r.URL.Path == "/private":
			http.Redirect(w, r, "https://192.168.0.1/", http.StatusFound)
		case r.URL.Path == "/page":
			w.Header().Set("Content-Type", "text/html")
			w.Write(picture)
		case r.URL.Path == "/huge":
			w.Header().Set("Content-Type", "image/png")
			for range 30 {
				w.Write(make([]byte, 1<<20))
			}
		case r.URL.Path == "/empty":
		case r.URL.Path == "/cut":
			w.Header().Set("Content-Length", "1000")
			w.Write(picture[:10])
		case r.URL.Path == "/failing" && failing:
			failing = false
			w.WriteHeader(http.StatusBadGateway)
		case r.URL.Path == "/gone":
			w.WriteHeader(http.StatusGone)
		case r.Header.Get("If-None-Match") == `"v1"`:
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Header().Set("ETag", `"v1"`)
			w.Header().Set("Cache-Control", "max-age=600")
			w.Write(picture)
		}
	}))
	defer server.Close()
	client := remote.Loopback(apptest.Roots())
	for _, c := range []struct {
		path, validator, want string
		asks                  int32
	}{
		{"/", "", "", 1},
		{"/", `"v1"`, "unchanged", 1},
		{"/again/5", "", "", 5},
		{"/again/8", "", "more than 5 times", 6},
		{"/plain", "", "without https", 1},
		{"/private", "", "not public", 1},
		{"/page", "", "it is a web page", 1},
		{"/huge", "", "more than 20 MiB", 1},
		{"/empty", "", "it is empty", 1},
		{"/cut", "", "unexpected EOF", 2},
		{"/failing", "", "", 2},
		{"/gone", "", "answers 410 Gone", 1},
	} {
		asked.Store(0)
		f, err := client.Fetch(context.Background(), server.URL+c.path, c.validator)
		switch {
		case c.want == "" && (err != nil || string(f.Data) != string(picture) || f.Validator != `"v1"` || f.Fresh.Minutes() != 10):
			t.Errorf("%s: %d bytes, %q, %s, %v", c.path, len(f.Data), f.Validator, f.Fresh, err)
		case c.want == "unchanged" && (err != nil || f.Data != nil):
			t.Errorf("%s: %d bytes, %v", c.path, len(f.Data), err)
		case c.want != "" && c.want != "unchanged" && (app.KindOf(err) != app.Invalid || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.path, err, c.want)
		}
		if n := asked.Load(); n > c.asks || n == 0 {
			t.Errorf("%s: asked %d times, want %d", c.path, n, c.asks)
		}
	}
	if _, err := remote.Loopback(nil).Fetch(context.Background(), server.URL, ""); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

// The client that reaches this machine is for tests alone.
func TestLoopbackIsForTests(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}\n{{end}}", "majestic/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	news := 0
	for file := range strings.FieldsSeq(string(out)) {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(code), "remote.Loopback(") && !strings.Contains(file, "/app/apptest/") {
			t.Errorf("%s uses it", file)
		}
		news += strings.Count(string(code), "remote.New()")
	}
	if news == 0 {
		t.Error("nothing uses remote.New: the search is wrong")
	}
}
