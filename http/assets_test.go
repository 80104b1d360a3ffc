package http_test

import (
	"strings"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

func TestAssets(t *testing.T) {
	s := newSite(t)
	picture := apptest.PNG(30, 20)
	upload := func(status int, field, name string, data []byte, headers ...string) answer {
		t.Helper()
		return s.upload("/assets", field, name, data, headers...).want(t, status)
	}
	var a, again app.Asset
	upload(201, "file", "flag.png", picture, "Idempotency-Key", "k").json(t, &a)
	if a.Width != 30 || a.Height != 20 || a.MediaType != "image/png" || a.Name != "flag.png" {
		t.Errorf("asset %+v", a)
	}
	// The boundary of the form is another one each time; the upload is the same.
	replay := upload(201, "file", "flag.png", picture, "Idempotency-Key", "k")
	if replay.json(t, &again); again.ID != a.ID || replay.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("not replayed: %+v", again)
	}
	f := s.api("GET", "/assets/"+a.ID+"/file", nil).want(t, 200)
	if f.body != string(picture) || f.Header.Get("Content-Type") != "image/png" || f.Header.Get("ETag") != `"`+a.SHA256+`"` {
		t.Errorf("file: %v", f.Header)
	}
	s.api("GET", "/assets/"+a.ID, nil).want(t, 200)

	// A drawing that is opened by itself is a page of ours, and may do nothing.
	upload(201, "file", "logo.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4"><script>alert(1)</script></svg>`)).json(t, &a)
	f = s.api("GET", "/assets/"+a.ID+"/file", nil).want(t, 200)
	if a.MediaType != "image/svg+xml" || f.Header.Get("Content-Type") != a.MediaType || strings.Contains(f.body, "script") ||
		!strings.Contains(f.Header.Get("Content-Security-Policy"), "default-src 'none'") || !strings.Contains(f.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%+v: %v\n%s", a, f.Header, f.body)
	}

	for name, bad := range map[string]answer{
		"file":  upload(422, "file", "flag.png", []byte("not a picture")),
		"photo": upload(422, "photo", "flag.png", picture),
	} {
		if p := bad.problem(t, 422); len(p.Errors) != 1 || p.Errors[0].Field != name {
			t.Errorf("%s: %+v", name, p)
		}
	}
	upload(413, "file", "big.png", make([]byte, app.MaxAssetBytes+2<<20)).problem(t, 413)
	s.api("POST", "/assets", "{}").problem(t, 415)
}
