package apptest_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/canvas"
	"majestic/screenshots"
)

// From nothing (initdb included) until /readyz says so, and again on a cluster
// that is there; the idle memory is of the app process alone.
//
//	go test -run xxx -bench Serve -benchtime 3x ./app/apptest
func BenchmarkServe(b *testing.B) {
	binary := apptest.Binary(b, "bench")
	b.Run("fresh", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			dir := apptest.Dir(b)
			b.StartTimer()
			serveOnce(b, binary, dir)
		}
	})
	b.Run("existing", func(b *testing.B) {
		dir := apptest.Dir(b)
		serveOnce(b, binary, dir)
		b.ResetTimer()
		for b.Loop() {
			serveOnce(b, binary, dir)
		}
	})
}

// A tenant that is with the old release, asked for at the new one and at the old one
// itself, in turns, both by their private listeners; then one of the new release's
// own, with the old one alive and without, and one that a release has left that is gone.
//
//	go test -run xxx -bench ByTenant -benchtime 2000x ./app/apptest
func BenchmarkByTenant(b *testing.B) {
	binary, dir := apptest.Binary(b, "v1"), apptest.Dir(b)
	if err := os.WriteFile(filepath.Join(dir, "app.toml"), []byte("rate_limit = 0\n"), 0o644); err != nil {
		b.Fatal(err)
	}
	first := apptest.Serve(b, binary, dir)
	staying := apptest.API{URL: first.URL, Key: apptest.Key(b, binary, dir)}
	own := apptest.API{URL: first.URL, Key: apptest.Key(b, binary, dir)}
	card(b, own)
	staying.Call(b, "POST", "/renders", map[string]any{"design": card(b, staying), "variables": apptest.Countries(b)[0]}, 201, nil)
	job := func(sql string) {
		b.Helper()
		inDatabase(b, dir, func(pool *pgxpool.Pool) error {
			for {
				if done, err := pool.Exec(b.Context(), sql); err != nil || done.RowsAffected() > 0 {
					return err
				}
			}
		})
	}
	job(`UPDATE river_job SET state = 'scheduled', finalized_at = NULL, scheduled_at = now() + interval '1 hour' WHERE kind = 'render' AND priority = 1 AND state = 'completed'`)
	upgradeTo(b, binary, dir, 0, apptest.Binary(b, "v2"), "--by-tenant", "--probation", "100ms")
	v1, v2 := link(b, dir, "previous"), current(b, dir)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()

	inside := func(generation int) *http.Client {
		return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(dir, "tmp", "generations", fmt.Sprintf("%d.http", generation)))
		}}}
	}
	older, newer := inside(1), inside(2) // the older one has no port any more
	outside := &http.Client{Transport: &http.Transport{}}
	var by, direct, beside, alone, left []time.Duration
	for b.Loop() {
		by = append(by, ask(b, newer, staying, v1))
		direct = append(direct, ask(b, older, staying, v1))
	}
	for range by {
		beside = append(beside, ask(b, outside, own, v2))
	}
	older.CloseIdleConnections()
	newer.CloseIdleConnections()
	job(`UPDATE river_job SET state = 'completed', finalized_at = now() WHERE state = 'scheduled'`)
	if err := first.Wait(); err != nil {
		b.Error(err)
	}
	job(`UPDATE tenants SET release = '0123456789ab' WHERE slug = 'acme'`)
	for range by {
		alone = append(alone, ask(b, outside, own, v2))
	}
	for range by {
		left = append(left, ask(b, outside, staying, v2))
	}
	ms := func(all []time.Duration) float64 {
		slices.Sort(all)
		return float64(all[len(all)/2].Microseconds()) / 1000
	}
	b.ReportMetric(ms(direct), "ms-direct")
	b.ReportMetric(ms(by)-ms(direct), "ms-more")
	b.ReportMetric(ms(alone), "ms-own")
	b.ReportMetric(ms(beside)/ms(alone), "beside/alone")
	b.ReportMetric(ms(left)/ms(alone), "left/alone")
	apptest.Must(b, binary, dir, "stop")
}

// ask is one GET, and expects who answers it.
func ask(b *testing.B, c *http.Client, api apptest.API, release string) time.Duration {
	b.Helper()
	r, err := http.NewRequest("GET", api.URL+"/api/v1/designs?limit=1", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+api.Key)
	began := time.Now()
	answer, err := c.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	took := time.Since(began)
	if answer.Body.Close(); err != nil || answer.StatusCode != 200 || answer.Header.Get("X-Release") != release {
		b.Fatalf("%s by %s, %v", answer.Status, answer.Header.Get("X-Release"), err)
	}
	return took
}

// From the begin of an upgrade until the new release takes over, with 20 designs that
// it draws first as the old one did, and with none.
//
//	go test -run xxx -bench Gate -benchtime 2x ./app/apptest
func BenchmarkGate(b *testing.B) {
	releases, dir := []string{apptest.Binary(b, "v2"), apptest.Binary(b, "v1")}, apptest.Dir(b)
	binary := releases[1]
	server := apptest.Serve(b, binary, dir)
	api := apptest.API{URL: server.URL, Key: apptest.Key(b, binary, dir)}
	for i := range 20 {
		t := app.Templates()[i%len(app.Templates())]
		var d app.Design
		api.Call(b, "POST", "/designs", map[string]any{"name": t.Name, "document": t.Document}, 201, &d)
		api.Call(b, "POST", "/renders", map[string]any{"design": d.ID, "variables": t.Sample, "scale": 1 + i%2}, 201, nil)
	}
	upgraded := 0
	takeover := func(sample string) time.Duration {
		out := apptest.Must(b, binary, dir, "upgrade", "--json", "--probation", "100ms", "--render-sample", sample, releases[upgraded%2])
		upgraded++
		return time.Duration(stepOf(b, out, "takeover").MS) * time.Millisecond
	}
	var with, without time.Duration
	for b.Loop() {
		with += takeover("20")
		without += takeover("0")
	}
	b.ReportMetric(with.Seconds()/float64(b.N), "s/with-20")
	b.ReportMetric(without.Seconds()/float64(b.N), "s/without")
	b.ReportMetric((with-without).Seconds()/float64(b.N), "s/added")
	apptest.Must(b, binary, dir, "stop")
}

// The 249 countries, a card each, from a terminal: from the start of the process
// to its end, Chrome's start and end and the files included. Its limit, in the same
// run: a renderer that is warm, with the pages made before.
//
//	go test -run xxx -bench RenderRows -benchtime 1x ./app/apptest
func BenchmarkRenderRows(b *testing.B) {
	binary, dir, pool := apptest.Binary(b, "bench"), apptest.Dir(b), apptest.Renderer(b)
	doc, countries := apptest.Document(b, "country-card.json"), apptest.Countries(b)
	var shots []screenshots.Shot
	for _, row := range countries {
		resolved, err := doc.Resolve(row)
		if err != nil {
			b.Fatal(err)
		}
		page := resolved.Pages[0]
		html, err := canvas.HTML(b.Context(), resolved.Pages, nil, "")
		if err != nil {
			b.Fatal(err)
		}
		shots = append(shots, screenshots.Shot{HTML: html, Width: page.Width, Height: page.Height, Scale: 1, Format: screenshots.PNG})
	}
	var command, bare time.Duration
	for b.Loop() {
		start := time.Now()
		apptest.Must(b, binary, dir, "render", "testdata/country-card.json", "--data", "testdata/countries.csv", "-o", dir+"/out/{name}.png")
		command += time.Since(start)

		start = time.Now()
		var group errgroup.Group
		group.SetLimit(runtime.NumCPU())
		for _, s := range shots {
			group.Go(func() error {
				_, err := pool.Capture(b.Context(), s)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(start)
	}
	b.ReportMetric(command.Seconds()/float64(b.N), "s/command")
	b.ReportMetric(bare.Seconds()/float64(b.N), "s/bare")
	b.ReportMetric(float64(command)/float64(bare), "x-bare")
}

func serveOnce(b *testing.B, binary, dir string) {
	b.Helper()
	p := apptest.Serve(b, binary, dir)
	b.StopTimer()
	b.ReportMetric(resident(b, p.Pid), "MB-RSS")
	apptest.Must(b, binary, dir, "stop")
	b.StartTimer()
}

var rss = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// resident is the memory of a process after a few idle seconds, in MB.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	time.Sleep(3 * time.Second)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	kB, err := strconv.ParseFloat(string(rss.FindSubmatch(status)[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return kB / 1024
}
