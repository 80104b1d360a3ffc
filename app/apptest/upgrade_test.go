package apptest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/upgrade"
)

// An upgrade in the middle of long jobs, with clients that are busy: nobody is refused,
// the address is ready whoever answers at it, a slow upload and a slow download end where
// they began, streams go on at the new release where they were, and each batch is finished
// by the release that began it. The way back is the same; a process that ends and has no
// heir says that it is not ready.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	first := apptest.Serve(t, binary, dir, "--metrics-listen", "localhost:0")
	metrics := metricsOf(t, first)
	session := signUp(t, first)
	api := acme(t, binary, dir, first)
	v1 := current(t, dir)
	design := card(t, api)

	picture := noise(t, 400)
	slow := beginUpload(t, api, picture[:len(picture)/2])
	var other app.Asset
	upload(t, api, noise(t, 2000), &other) // more than sockets hold
	download := get(t, first.URL+"/api/v1/assets/"+other.ID+"/file", "Authorization", "Bearer "+api.Key)
	defer download.Body.Close()
	hash := sha256.New()
	if _, err := io.CopyN(hash, download.Body, 1000); err != nil {
		t.Fatal(err)
	}
	goOn := apptest.Slowly(t, dir)
	var long, waiting app.Batch
	api.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": apptest.Countries(t)[:20], "scale": 0.25}, 202, &long)
	api.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": apptest.Countries(t)[20:24], "scale": 0.25}, 202, &waiting)
	streams := make(chan followed)
	for _, row := range items(t, api, long.ID)[12:] {
		go func() { streams <- follow(t, first.URL+"/t/acme/renders/"+row.ID+"/events", session) }()
	}

	seen, ready := watchSite(t, first.URL+"/signin"), watchSite(t, first.URL+"/readyz")
	last := upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--probation", "500ms")
	goOn()
	v2 := current(t, dir)
	if last.Result != "committed" || last.From != v1 || last.To != v2 || v1 == v2 {
		t.Errorf("%+v, current %s, was %s", last, v2, v1)
	}
	http.DefaultClient.CloseIdleConnections() // v1 answers once more on those it has
	if r := api.Draw(t, map[string]any{"design": design, "variables": apptest.Countries(t)[0]}); *r.Release != v2 {
		t.Errorf("a render of now is worked by %s", *r.Release)
	}
	if m := apptest.Scrape(t, metrics); m[`majestic_build_info{generation="2",release="`+v2+`",version="v2"}`] != 1 {
		t.Errorf("the metrics are those of another: %v", m)
	}
	if _, err := io.Copy(hash, download.Body); err != nil || hex.EncodeToString(hash.Sum(nil)) != other.SHA256 {
		t.Errorf("the download is not whole: %v", err)
	}
	if by := slow.end(picture[len(picture)/2:]); by != v1 {
		t.Errorf("an upload ends with %s", by)
	}
	for range 8 {
		if f := <-streams; f.last() != app.Succeeded {
			t.Errorf("a stream showed %v", f.statuses)
		}
	}
	if err := first.Wait(); err != nil {
		t.Errorf("v1 ends: %v\n%s", err, first.Output())
	}
	for _, b := range []app.Batch{long, waiting} {
		if api.Call(t, "GET", "/batches/"+b.ID, nil, 200, &b); b.Status != app.Succeeded || b.Done != b.Total {
			t.Errorf("v1 left a batch: %+v", b)
		}
		for _, row := range items(t, api, b.ID) {
			if *row.Release != v1 {
				t.Errorf("row %d is worked by %s", *row.Row, *row.Release)
			}
		}
	}

	if out := apptest.Must(t, binary, dir, "rollback", "--probation", "500ms"); !strings.Contains(out, "committed: release "+v1+" serves") {
		t.Errorf("rollback says %s", out)
	}
	if now, before := current(t, dir), link(t, dir, "previous"); now != v1 || before != v2 {
		t.Errorf("current is %s, previous %s", now, before)
	}
	seen.end(v1, v2)
	ready.end(v1, v2)
	if s := status(t, dir); s[0].State != upgrade.Serving || s[0].Generation != 3 || s[0].Version != "v1" || s[0].Probation {
		t.Errorf("%+v", s)
	}
	http.DefaultClient.CloseIdleConnections()
	stopLate(t, binary, dir, api, design)
}

// A release that is killed on probation: its jobs are done by the one before, which
// serves again; the address of the metrics moves with the port, and back.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	first := apptest.Serve(t, binary, dir, "--metrics-listen", "localhost:0")
	metrics := metricsOf(t, first)
	api := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	v1, design := current(t, dir), card(t, api)
	measureWork(t, dir, api, design, metrics)

	c := exec.Command(binary, "upgrade", apptest.Binary(t, "v2"), "--dir", dir, "--json", "--probation", "1m")
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	steps := json.NewDecoder(out)
	step := func(name string) (s upgrade.Step) {
		for s.Step != name {
			if err := steps.Decode(&s); err != nil {
				t.Fatalf("%v\n%s", err, first.Output())
			}
		}
		return s
	}
	step("takeover")
	s := status(t, dir)
	if len(s) != 2 || s[0].State != upgrade.Serving || !s[0].Probation || s[1].State != upgrade.Draining || s[1].PID != first.Pid {
		t.Errorf("on probation: %+v", s)
	}
	if g, m := measured(t, metrics); g != "2" || m[`majestic_generations{state="serving"}`] != 1 || m[`majestic_generations{state="draining"}`] != 1 {
		t.Errorf("on probation generation %s is measured: %v", g, m)
	}
	goOn := apptest.Slowly(t, dir) // not all of them are done before the kill
	var renders [6]app.Render
	for i := range renders {
		api.Call(t, "POST", "/renders", map[string]any{"design": design, "variables": apptest.Countries(t)[i], "async": true}, 202, &renders[i])
	}
	if err := syscall.Kill(s[0].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	goOn()
	if end := step("end"); end.Result != "rolled_back" || end.Reason == "" || end.From != v1 {
		t.Errorf("%+v", end)
	}
	if c.Wait(); c.ProcessState.ExitCode() != 5 {
		t.Errorf("exit %d", c.ProcessState.ExitCode())
	}
	until(t, "the killed one's lock is gone", func() bool { // a moment after its lifeline
		g, m := measured(t, metrics)
		if g != "1" {
			t.Fatalf("after a rollback generation %s is measured: %v", g, m)
		}
		return m[`majestic_generations{state="draining"}`] == 0
	})
	byV1 := false
	for _, r := range renders {
		until(t, "it is drawn", func() bool {
			api.Call(t, "GET", "/renders/"+r.ID, nil, 200, &r)
			return r.Finished()
		})
		if r.Status != app.Succeeded {
			t.Errorf("%+v", r)
			continue
		}
		byV1 = byV1 || *r.Release == v1
	}
	if !byV1 {
		t.Error("v2 was killed when all was done: nothing was taken over")
	}
	if now := current(t, dir); now != v1 {
		t.Errorf("current is %s", now)
	}
	if s := status(t, dir); s[0].State != upgrade.Gone || s[1].State != upgrade.Serving {
		t.Errorf("%+v", s)
	}
	apptest.Must(t, binary, dir, "stop")
	if err := first.Wait(); err != nil {
		t.Errorf("%v\n%s", err, first.Output())
	}
	if out := first.Output(); strings.Contains(out, "error gathering metrics") {
		t.Errorf("a scrape failed:\n%s", out)
	}
}

// Releases that do not work are found out before anybody meets them, or at the
// first request that does.
func TestBrokenReleases(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	server := apptest.Serve(t, binary, dir)
	v1 := current(t, dir)

	migration := apptest.BinaryWith(t, "migration", "migrations/expand/99999_broken.sql", "-- +goose Up\nALTER TABLE nowhere ADD COLUMN x int;\n")
	out, errs, code := apptest.Run(t, binary, dir, "upgrade", "--json", migration)
	if s := stepOf(t, out, "backup"); !strings.Contains(s.Detail, "since 1 migrations are pending") {
		t.Errorf("a backup before migrations: %+v", s)
	}
	if last := stepOf(t, out, "end"); code != 4 || last.Result != "failed" || !strings.Contains(last.Reason, "99999") {
		t.Errorf("a broken migration: exit %d, %+v, %s", code, last, errs)
	}

	public := mainWith(t, isReady, `func(ctx context.Context) error {
		if at, _ := ctx.Value(web.LocalAddrContextKey).(net.Addr); at.Network() == "tcp" {
			panic("boo")
		}
		return jobs.Ready(renderer)
	}`)
	panics := apptest.BinaryWith(t, "panics", "main.go", strings.Replace(public, "import (", "import (\n\tweb \"net/http\"", 1))
	seen := watchSite(t, server.URL+"/readyz")
	if last := upgradeTo(t, binary, dir, 5, panics, "--probation", "1m"); last.Result != "rolled_back" || !strings.Contains(last.Reason, "a handler panicked") || !strings.Contains(last.Reason, "boo") {
		t.Errorf("a handler that panics: %+v", last)
	}
	seen.stop()

	if now := current(t, dir); now != v1 {
		t.Errorf("current is %s", now)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "releases")); err != nil || len(left) != 1 {
		t.Errorf("%d releases are left, %v", len(left), err)
	}
	apptest.Must(t, binary, dir, "stop")
}

// isReady is what main.go asks before it says that it is.
const isReady = "func(context.Context) error { return jobs.Ready(renderer) }"

// Settings are read afresh by a restart, the address among them, and another release is
// none. What a supervisor's journal gets goes on, with the priority of each line.
func TestRestart(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	key, addresses := apptest.Key(t, binary, dir), freeAddresses(t, 2)
	settings := func(text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "app.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	limited := func(address string) bool {
		t.Helper()
		for range 5 {
			answer := get(t, "http://"+address+"/api/v1/designs", "Authorization", "Bearer "+key)
			answer.Body.Close()
			if answer.StatusCode == http.StatusTooManyRequests {
				return true
			}
		}
		return false
	}
	settings("listen_addr = \"" + addresses[0] + "\"\n")
	first, journal := serveInJournal(t, binary, dir)
	if limited(addresses[0]) {
		t.Error("limited before the setting says so")
	}
	settings("listen_addr = \"" + addresses[1] + "\"\nrate_limit = 1\n")
	was := current(t, dir)
	last := upgradeTo(t, binary, dir, 0, "", "--probation", "500ms")
	if last.Result != "committed" || last.From != last.To || current(t, dir) != was {
		t.Errorf("%+v", last)
	}
	now := watchSite(t, "http://"+addresses[1]+"/signin")
	if err := first.Wait(); err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", addresses[0]); err == nil {
		c.Close()
		t.Error("the old address still answers")
	}
	if _, err := os.Lstat(filepath.Join(dir, "previous")); err == nil {
		t.Error("a restart has a release before")
	}
	if !limited(addresses[1]) {
		t.Error("the setting was not read afresh")
	}
	if last := upgradeTo(t, binary, dir, 3, binary); last.Result != "refused" || !strings.Contains(last.Reason, "serves already") {
		t.Errorf("the running release: %+v", last)
	}
	out := apptest.Must(t, binary, dir, "upgrade", "--json", "--probation", "500ms")
	if s := stepOf(t, out, "compare"); s.Detail != "nothing: no design was rendered yet" {
		t.Errorf("%+v", s)
	}
	now.end(was)
	apptest.Must(t, binary, dir, "stop")
	journal.end(dir)
}

// freeAddresses are addresses where nobody listens.
func freeAddresses(t *testing.T, n int) (all []string) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // when all are found, so that they differ
		all = append(all, l.Addr().String())
	}
	return all
}

// upgradeTo runs app upgrade and answers with its last line.
func upgradeTo(t testing.TB, binary, dir string, exit int, file string, args ...string) (last upgrade.Step) {
	t.Helper()
	args = append([]string{"upgrade", "--json"}, args...)
	if file != "" {
		args = append(args, file)
	}
	out, errs, code := apptest.Run(t, binary, dir, args...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Errorf("%v: %s%s", err, out, errs)
	}
	if code != exit {
		t.Errorf("exit %d, not %d: %s%s", code, exit, out, errs)
	}
	return last
}

// card makes a design and answers with its id.
func card(t testing.TB, api apptest.API) string {
	t.Helper()
	var d app.Design
	api.Call(t, "POST", "/designs", map[string]any{"name": "Card", "document": json.RawMessage(apptest.File(t, "country-card.json"))}, 201, &d)
	return d.ID
}

func current(t testing.TB, dir string) string {
	t.Helper()
	return link(t, dir, "current")
}

func link(t testing.TB, dir, name string) string {
	t.Helper()
	target, err := os.Readlink(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Base(target)
}

// site is a visitor of a page who comes again and again, on a new connection and on one that
// is kept.
type site struct {
	t    *testing.T
	done chan struct{}
	all  sync.WaitGroup

	mu   sync.Mutex
	by   map[string]int // answers by release
	lost []string
}

func watchSite(t *testing.T, address string) *site {
	s := &site{t: t, done: make(chan struct{}), by: map[string]int{}}
	for _, keep := range []bool{true, false} {
		c := http.Client{Transport: &http.Transport{DisableKeepAlives: !keep, MaxIdleConnsPerHost: 1}}
		s.all.Go(func() {
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-s.done:
					return
				case <-tick.C:
				}
				r, err := c.Get(address)
				if err == nil {
					_, err = io.Copy(io.Discard, r.Body) // a connection is kept only when its answer is read
				}
				s.mu.Lock()
				if err != nil {
					s.lost = append(s.lost, err.Error())
				} else if r.Body.Close(); r.StatusCode != http.StatusOK {
					s.lost = append(s.lost, r.Status)
				} else {
					s.by[r.Header.Get("X-Release")]++
				}
				s.mu.Unlock()
			}
		})
	}
	return s
}

func (s *site) stop() {
	close(s.done)
	s.all.Wait()
}

// end holds what the visitor has seen against the rule: each release answered, and nothing was lost.
func (s *site) end(releases ...string) {
	s.t.Helper()
	s.stop()
	for _, release := range releases {
		if s.by[release] == 0 {
			s.t.Errorf("release %s answered nothing: %v", release, s.by)
		}
	}
	if len(s.lost) > 0 {
		s.t.Errorf("%d requests were lost, the first: %s", len(s.lost), s.lost[0])
	}
}
