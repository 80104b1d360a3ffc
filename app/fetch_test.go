package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"majestic/app"
	"majestic/app/apptest"
)

// An image from elsewhere is asked for once, and again when its time is over; each
// tenant has its own.
func TestFetched(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	mine, theirs := apptest.Tenant(t, a, "Mine"), apptest.Tenant(t, a, "Theirs")
	var asked, unchanged atomic.Int32
	version := atomic.Int32{}
	version.Store(1)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		tag := fmt.Sprintf(`"v%d"`, version.Load())
		w.Header().Set("ETag", tag)
		w.Header().Set("Cache-Control", "max-age=3600")
		switch {
		case r.URL.Path == "/page":
			w.Header().Set("Content-Type", "image/png")
			io.WriteString(w, "<html>")
		case r.Header.Get("If-None-Match") == tag:
			unchanged.Add(1)
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Write(apptest.PNG(int(version.Load()), 4))
		}
	}))
	defer server.Close()
	get := func(tenant app.Tenant, size int) {
		t.Helper()
		mediaType, sum, f, err := tenant.OpenFetched(ctx, server.URL+"/a.png")
		if err != nil {
			t.Error(err)
			return
		}
		defer f.Close()
		data, err := io.ReadAll(f)
		if err != nil || mediaType != "image/png" || len(sum) != 64 || string(data) != string(apptest.PNG(size, 4)) {
			t.Errorf("%s, %s, %d bytes, %v", mediaType, sum, len(data), err)
		}
	}
	want := func(n, same int32) {
		t.Helper()
		if asked.Load() != n || unchanged.Load() != same {
			t.Errorf("asked %d times, %d unchanged; want %d and %d", asked.Load(), unchanged.Load(), n, same)
		}
	}
	expire := func() {
		t.Helper()
		if _, err := pool.Exec(ctx, `UPDATE fetched_images SET expires_at = now() - interval '1 second'`); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() { get(mine, 1) })
	}
	all.Wait()
	want(1, 0)
	get(theirs, 1)
	want(2, 0)
	expire()
	get(mine, 1)
	get(mine, 1)
	want(3, 1)
	version.Store(2)
	expire()
	get(mine, 2)
	get(mine, 2)
	want(4, 1)
	var rows int
	if err := pool.QueryRow(ctx, `SELECT count(*) FROM fetched_images WHERE tenant_id = $1`, mine.ID()).Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
	for address, want := range map[string]string{server.URL + "/page": "is not a PNG", "http://example.com/": "https", "": "https"} {
		if _, _, _, err := mine.OpenFetched(ctx, address); app.KindOf(err) != app.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
}

// The images that were fetched longest ago go when there are too many.
func TestFetchedHaveALimit(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	tenant := apptest.Tenant(t, a, "Acme")
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(apptest.PNG(4, 4)) }))
	defer server.Close()
	fetch := func(path string) {
		t.Helper()
		_, _, f, err := tenant.OpenFetched(ctx, server.URL+path)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	fetch("/large")
	fetch("/old")
	fetch("/new")
	_, err := pool.Exec(ctx, `
		UPDATE fetched_images SET bytes = (1 << 30) - 200, fetched_at = now() - interval '2 hours' WHERE address LIKE '%/large';
		UPDATE fetched_images SET fetched_at = now() - interval '1 hour' WHERE address LIKE '%/old'`)
	if err != nil {
		t.Fatal(err)
	}
	fetch("/last")
	var left string
	err = pool.QueryRow(ctx, `SELECT string_agg(substring(address from '[a-z]*$'), ' ' ORDER BY fetched_at) FROM fetched_images`).Scan(&left)
	if err != nil || left != "old new last" {
		t.Errorf("left are %s, %v", left, err)
	}
}
