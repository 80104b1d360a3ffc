package apptest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
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

// An upgrade tenant by tenant: who has jobs is served by the old release until they
// are done, who has none by the new one at once, and each changes once. What is under
// way with the old one ends there. A take-back puts everybody on the old release; one
// that does not know of tenants is not asked to take them over.
func TestUpgradeByTenant(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	first := apptest.Serve(t, binary, dir)
	v1 := current(t, dir)
	session := signUp(t, first)
	busy := acme(t, binary, dir, first)
	idle := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	design := card(t, busy)
	goOn := apptest.Slowly(t, dir)
	var long app.Batch
	busy.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": apptest.Countries(t), "scale": 0.25}, 202, &long)

	ignorant := filepath.Join(t.TempDir(), "app")
	script := "#!/bin/sh\n'" + binary + "' \"$@\" | sed s/by_tenant/by_nobody/\n"
	if err := os.WriteFile(ignorant, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if last := upgradeTo(t, binary, dir, 3, ignorant, "--by-tenant"); !strings.Contains(last.Reason, "the new release does not know --by-tenant") {
		t.Errorf("%+v", last)
	}
	if s := status(t, dir); len(s) != 1 || s[0].State != upgrade.Serving {
		t.Errorf("something was started: %+v", s)
	}

	up := exec.Command(binary, "upgrade", apptest.Binary(t, "v2"), "--dir", dir, "--by-tenant", "--probation", "1m")
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "it is on probation", func() bool { return status(t, dir)[0].Probation })
	s := status(t, dir)
	http.DefaultClient.CloseIdleConnections()
	by := func(api apptest.API) string {
		t.Helper()
		return api.Call(t, "GET", "/designs", nil, 200, nil).Get("X-Release")
	}
	if busily, idly := by(busy), by(idle); busily != v1 || idly != s[0].Release {
		t.Errorf("on probation, %s and %s serve", busily, idly)
	}
	kill(t, s[0].PID, syscall.SIGKILL)
	up.Wait()
	if busily, idly := by(busy), by(idle); busily != v1 || idly != v1 || up.ProcessState.ExitCode() != 5 {
		t.Errorf("taken back, %s and %s serve, exit %d", busily, idly, up.ProcessState.ExitCode())
	}

	seen := watchTenants(t, busy, idle)
	last := upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--by-tenant", "--probation", "500ms")
	v2 := current(t, dir)
	if last.Result != "committed" || v1 == v2 {
		t.Fatalf("%+v, current %s", last, v2)
	}
	http.DefaultClient.CloseIdleConnections()
	var more app.Render
	if by := busy.Call(t, "POST", "/renders", map[string]any{"design": design, "variables": apptest.Countries(t)[0], "async": true}, 202, &more).Get("X-Release"); by != v1 {
		t.Errorf("a render of one who stays is taken in by %s", by)
	}
	if s = status(t, dir); s[0].Tenants != 0 || s[2].Tenants != 1 || len(s[2].Staying) != 1 || !strings.HasPrefix(s[2].Staying[0].Doing, "1 batch, ") {
		t.Errorf("%+v", s)
	}
	if out := apptest.Must(t, binary, dir, "status"); !strings.Contains(out, "acme: on v1, 1 batch, ") {
		t.Errorf("status says %s", out)
	}
	until(t, "it is drawn", func() bool {
		busy.Call(t, "GET", "/renders/"+more.ID, nil, 200, &more)
		return more.Status == app.Succeeded
	})
	rows := items(t, busy, long.ID)
	stream := make(chan followed, 1)
	go func() { stream <- follow(t, first.URL+"/t/acme/renders/"+rows[len(rows)-1].ID+"/events", session) }()
	picture := noise(t, 400)
	slow := beginUpload(t, busy, picture[:len(picture)/2])
	busy.Call(t, "DELETE", "/batches/"+long.ID, nil, 200, &long) // else this would take a minute
	if f := <-stream; f.last() != app.Canceled || len(f.returns) > 1 {
		t.Errorf("a stream from behind: %+v", f)
	}
	goOn()
	until(t, "it has moved", func() bool { return status(t, dir)[2].Tenants == 0 })
	if serves := by(busy); serves != v2 {
		t.Errorf("when its jobs are done, %s serves", serves)
	}
	if by := slow.end(picture[len(picture)/2:]); by != v1 {
		t.Errorf("an upload that began before the move ends with %s", by)
	}
	if err := first.Wait(); err != nil {
		t.Errorf("v1 ends: %v\n%s", err, first.Output())
	}
	seen.end(map[string][]string{busy.Key: {v1, v2}, idle.Key: {v1, v2}})
	if long.Status != app.Canceled || long.Done == 0 || *more.Release != v1 {
		t.Errorf("%+v, %+v", long, more)
	}
	for _, row := range items(t, busy, long.ID) {
		if row.Status == app.Succeeded && *row.Release != v1 {
			t.Errorf("row %d is worked by %s", *row.Row, *row.Release)
		}
	}
	apptest.Must(t, binary, dir, "stop")
}

// again is a binary once more, as another release.
func again(t *testing.T, binary string, n int) (file string) {
	t.Helper()
	text, err := os.ReadFile(binary)
	file = filepath.Join(t.TempDir(), fmt.Sprint("app-", n))
	if err == nil {
		err = os.WriteFile(file, fmt.Appendf(text, "\nrelease %d\n", n), 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func kill(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}

// slowUpload is one whose first half is sent.
type slowUpload struct {
	t        *testing.T
	part     io.Writer
	form     *multipart.Writer
	body     *io.PipeWriter
	answered chan *http.Response
}

func beginUpload(t *testing.T, api apptest.API, half []byte) slowUpload {
	t.Helper()
	sent, sending := io.Pipe()
	u := slowUpload{t: t, form: multipart.NewWriter(sending), body: sending, answered: make(chan *http.Response, 1)}
	go func() { u.answered <- send(t, api.URL+"/api/v1/assets", api.Key, u.form.FormDataContentType(), sent) }()
	var err error
	if u.part, err = u.form.CreateFormFile("file", "noise.png"); err == nil {
		_, err = u.part.Write(half)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// end sends the rest, and answers with who took it in.
func (u slowUpload) end(half []byte) (release string) {
	u.t.Helper()
	_, err := u.part.Write(half)
	if err = firstOf(err, u.form.Close(), u.body.Close()); err != nil {
		u.t.Fatal(err)
	}
	answer := <-u.answered
	if answer == nil {
		return ""
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		u.t.Errorf("an upload is answered with %s", answer.Status)
	}
	return answer.Header.Get("X-Release")
}

// tenants are visitors, one for each key, who ask again and again, on connections
// that are kept and on new ones.
type tenants struct {
	t    *testing.T
	stop context.CancelFunc
	all  sync.WaitGroup
	mu   sync.Mutex
	by   map[string][]answered // by key
}

// answered is an answer: who gave it, and when the request was under way.
type answered struct {
	release    string
	start, end time.Time
}

func watchTenants(t *testing.T, apis ...apptest.API) *tenants {
	ctx, stop := context.WithCancel(context.Background())
	s := &tenants{t: t, stop: stop, by: map[string][]answered{}}
	for _, api := range apis {
		for _, keep := range []bool{true, false} {
			c := http.Client{Transport: &http.Transport{DisableKeepAlives: !keep, MaxIdleConnsPerHost: 1}}
			s.all.Go(func() {
				for ctx.Err() == nil {
					s.ask(&c, api)
					select {
					case <-ctx.Done():
					case <-time.After(40 * time.Millisecond):
					}
				}
			})
		}
	}
	return s
}

func (s *tenants) ask(c *http.Client, api apptest.API) {
	r, err := http.NewRequest("GET", api.URL+"/api/v1/designs?limit=1", nil)
	if err != nil {
		s.t.Error(err)
		return
	}
	r.Header.Set("Authorization", "Bearer "+api.Key)
	began := time.Now()
	answer, err := c.Do(r)
	if err != nil {
		s.t.Errorf("a visitor of a tenant: %v", err)
		return
	}
	defer answer.Body.Close()
	var list app.List[app.Design]
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil || answer.StatusCode != 200 {
		s.t.Errorf("a visitor of a tenant: %s, %v", answer.Status, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by[api.Key] = append(s.by[api.Key], answered{answer.Header.Get("X-Release"), began, time.Now()})
}

// end expects of each tenant that it was served by these releases, one after the other.
func (s *tenants) end(want map[string][]string) {
	s.t.Helper()
	s.stop()
	s.all.Wait()
	for key, releases := range want {
		if got := succession(s.t, s.by[key]); strings.Join(got, " ") != strings.Join(releases, " ") {
			s.t.Errorf("a tenant was served by %v, not %v (%d requests)", got, releases, len(s.by[key]))
		}
	}
}

// succession is in which order releases have served. An answer counts as going back
// when its request began after another release had answered.
func succession(t *testing.T, all []answered) (releases []string) {
	t.Helper()
	first := map[string]time.Time{} // answer of each release
	for _, a := range all {
		if f, ok := first[a.release]; !ok || a.end.Before(f) {
			first[a.release] = a.end
		}
	}
	for release := range first {
		i := 0
		for i < len(releases) && first[releases[i]].Before(first[release]) {
			i++
		}
		releases = append(releases[:i:i], append([]string{release}, releases[i:]...)...)
	}
	for _, a := range all {
		for i, later := range releases {
			if i > 0 && releases[i-1] == a.release && a.start.After(first[later]) {
				t.Errorf("release %s answers what was asked after %s had answered", a.release, later)
			}
		}
	}
	return releases
}
