package apptest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/app/postgres"
	"majestic/upgrade"
)

func TestMain(m *testing.M) { os.Exit(apptest.Main(m)) }

// The three ways to end an instance lose no job: a marker that is touched by hand has the
// process stop accepting, work off what it has, also what waits, and exit; after a kill
// the next process goes on from the rows that are not yet drawn; and after a TERM the jobs
// are left to who finishes them, also by one that is started beside it. The private cluster
// outlives the kill, and app stop leaves nothing behind.
func TestEndings(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	first := apptest.Serve(t, binary, dir)
	api := apptest.API{URL: first.URL, Key: apptest.Key(t, binary, dir)}
	design, rows := card(t, api), apptest.Countries(t)
	begin := func(rows []map[string]string) (b app.Batch) {
		t.Helper()
		api.Call(t, "POST", "/batches", map[string]any{"design": design, "rows": rows, "scale": 0.25}, 202, &b)
		return b
	}
	look := func(b *app.Batch) { api.Call(t, "GET", "/batches/"+b.ID, nil, 200, b) }

	batches := []app.Batch{begin(rows[:2]), begin(rows[2:4]), begin(rows[4:6])}
	if err := os.WriteFile(filepath.Join(dir, "tmp", "shutdown.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, first.Output())
	}
	ended := time.Now()
	second := apptest.Serve(t, binary, dir) // the marker is left over now, and moves nobody
	api.URL = second.URL
	for i, b := range batches {
		if look(&b); b.Status != app.Succeeded || b.Done != 2 || b.FinishedAt.After(ended) {
			t.Errorf("batch %d was left at %+v", i+1, b)
		}
	}

	goOn := apptest.Slowly(t, dir)
	b := begin(rows[:12])
	until(t, "rows are drawn", func() bool { look(&b); return b.Done >= 3 })
	before := items(t, api, b.ID)
	second.Crash()
	goOn()
	if b.Done == b.Total {
		t.Fatal("the batch was over before the kill")
	}
	if s := status(t, dir); len(s) != 2 || s[0].State != upgrade.Gone {
		t.Errorf("after the kill: %+v", s)
	}
	third := apptest.Serve(t, binary, dir)
	api.URL = third.URL
	until(t, "the batch is done", func() bool { look(&b); return b.Finished() })
	after := items(t, api, b.ID)
	if b.Status != app.Succeeded || b.Done != 12 || b.Failed != 0 || len(after) != 12 {
		t.Errorf("%+v with %d rows", b, len(after))
	}
	sums := map[string]bool{}
	for i, r := range after {
		if r.Status != app.Succeeded || *r.Row != i+1 || r.Variables["name"] != rows[i]["name"] {
			t.Errorf("row %d: %+v", i+1, r)
			continue
		}
		sums[*r.SHA256] = true
		if was := before[i]; was.FinishedAt != nil && !was.FinishedAt.Equal(*r.FinishedAt) {
			t.Errorf("row %d was finished at %v and again at %v", i+1, was.FinishedAt, r.FinishedAt)
		}
	}
	if len(sums) != 12 {
		t.Errorf("%d pictures of 12 rows", len(sums))
	}
	adopted := third.Output()

	goOn = apptest.Slowly(t, dir)
	b = begin(rows[12:30])
	until(t, "rows are drawn", func() bool { look(&b); return b.Done > 0 })
	third.Terminate()
	until(t, "it drains", func() bool { return status(t, dir)[0].State == upgrade.Draining })
	fourth := apptest.Serve(t, binary, dir)
	api.URL = fourth.URL
	goOn()
	if err := third.Wait(); err != nil {
		t.Errorf("the draining one: %v\n%s", err, third.Output())
	}
	if look(&b); b.Status != app.Succeeded || b.Done != b.Total {
		t.Errorf("it left the batch at %+v", b)
	}
	if out := strings.TrimPrefix(third.Output(), adopted) + fourth.Output(); strings.Contains(out, "57P01") || strings.Contains(out, "took over") {
		t.Errorf("one touched the other's work:\n%s", out)
	}

	if s := status(t, dir); len(s) != 4 || s[0].State != upgrade.Serving || s[0].Version != "v1" || s[0].PID != fourth.Pid || s[1].State != upgrade.Gone {
		t.Errorf("at the end: %+v", s)
	}
	apptest.Must(t, binary, dir, "stop")
	if err := fourth.Wait(); err != nil {
		t.Errorf("the stopped process: %v\n%s", err, fourth.Output())
	}
	if pid, err := os.ReadFile(filepath.Join(dir, "data", "postgres", "postmaster.pid")); err == nil {
		t.Errorf("the private cluster still runs: %s", pid)
	}
	apptest.Must(t, binary, dir, "stop") // nothing to stop is no failure
	if out := apptest.Must(t, binary, dir, "status"); !strings.Contains(out, "gone") {
		t.Errorf("status: %s", out)
	}
	var told struct{ Generations []upgrade.Status }
	out := apptest.Must(t, binary, dir, "status", "--json")
	if err := json.Unmarshal([]byte(out), &told); err != nil || !reflect.DeepEqual(told.Generations, status(t, dir)) {
		t.Errorf("status --json: %v, %s", err, out)
	}
}

// What keeps serve from starting is said in one sentence, with what mends it, and exit code 1.
func TestServeRefuses(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := apptest.Run(t, binary, file, "serve"); code != 1 || !strings.Contains(errs, "not a directory; name another with --dir") {
		t.Errorf("not a directory: exit %d: %s", code, errs)
	}
	for name, test := range map[string]struct {
		args []string
		want []string
	}{
		"the port is taken":       {[]string{"--listen", taken.Addr().String()}, []string{"is taken by another program", "ss -ltnp", "--listen"}},
		"the address is not here": {[]string{"--listen", "192.0.2.1:80"}, []string{"cannot be listened on", "--listen"}},
		"no Chromium":             {[]string{"--listen", "127.0.0.1:0", "--chromium-path", "/nowhere/chromium"}, []string{"/nowhere/chromium", "app setup"}},
		"the metrics' is taken":   {[]string{"--listen", "127.0.0.1:0", "--metrics-listen", taken.Addr().String()}, []string{"is taken by another program", "ss -ltnp", "--metrics-listen"}},
		"no log file":             {[]string{"--listen", "127.0.0.1:0", "--log-file", "none/app.log"}, []string{"the log file", "none/app.log cannot be opened", "LOG_FILE"}},
		"no database":             {[]string{"--listen", "127.0.0.1:0", "--database-url", "postgres://u:hidden@127.0.0.1:1/x"}, []string{"127.0.0.1"}},
	} {
		out, errs, code := apptest.Run(t, binary, dir, append([]string{"serve"}, test.args...)...)
		for _, want := range test.want {
			if !strings.Contains(errs, want) {
				t.Errorf("%s: does not say %q: %s%s", name, want, out, errs)
			}
		}
		if code != 1 || strings.Contains(errs, "hidden") || strings.Contains(errs, "goroutine") {
			t.Errorf("%s: exit %d: %s", name, code, errs)
		}
	}
	if _, errs, code := apptest.Run(t, binary, dir, "serve", "--listen", "127.0.0.1:81", "--metrics-listen", "localhost:81"); code != 2 || !strings.Contains(errs, "the metrics need a port of their own") {
		t.Errorf("the port of both: exit %d, %s", code, errs)
	}
	if _, errs, code := apptest.Run(t, binary, dir, "serve", "--no-such-flag"); code != 2 || !strings.Contains(errs, "--no-such-flag") {
		t.Errorf("an unknown flag: exit %d, %s", code, errs)
	}
}

// A private cluster that is killed under a serving process is up again by itself; on
// probation it is no fault of the release. Of all that a log file tells, which takes what
// standard error would; who moves it away says HUP.
func TestClusterKilled(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	server := apptest.Serve(t, binary, dir, "--log-file", "app.log")
	api := apptest.API{URL: server.URL, Key: apptest.Key(t, binary, dir)}
	if out := server.Output(); strings.Contains(out, "{") {
		t.Errorf("logged beside the file: %s", out)
	}
	log := filepath.Join(dir, "app.log")
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	if err := server.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	until(t, "there is a new file", func() bool {
		_, err := os.Stat(log)
		return err == nil
	})

	kill(t, postmaster(t, dir), syscall.SIGKILL)
	down := false
	for range time.Tick(20 * time.Millisecond) {
		r, err := http.Get(server.URL + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		down = down || r.StatusCode == http.StatusServiceUnavailable
		if down && r.StatusCode == http.StatusOK {
			break
		}
	}
	request := drawStarter(t, api)

	done := make(chan upgrade.Step, 1)
	go func() { done <- upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--probation", "3s") }()
	until(t, "it is on probation", func() bool { return status(t, dir)[0].Probation })
	kill(t, postmaster(t, dir), syscall.SIGKILL)
	if last := <-done; last.Result != "committed" {
		t.Errorf("%+v", last)
	}
	apptest.Must(t, binary, dir, "stop")
	said, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{request, `"generation":1`, `"generation":2`, `"msg":"leaving"`} {
		if !strings.Contains(string(said), want) {
			t.Errorf("the new file lacks %s:\n%s", want, said)
		}
	}
}

// drawStarter draws the design that each workspace begins with, and answers with the
// request that found it.
func drawStarter(t *testing.T, api apptest.API) (request string) {
	t.Helper()
	var designs app.List[app.Design]
	request = api.Call(t, "GET", "/designs", nil, 200, &designs).Get("X-Request-Id")
	vars := map[string]string{}
	for _, name := range designs.Data[0].Document.Variables() {
		vars[name] = "#123456"
	}
	if r := api.Draw(t, map[string]any{"design": designs.Data[0].ID, "variables": vars}); r.Status != app.Succeeded {
		t.Errorf("%+v", r)
	}
	return request
}

// A disk that fills up before the release is kept, and one that fills up while
// the cluster is made.
func TestFullDisk(t *testing.T) {
	binary := apptest.Binary(t, "v1")
	for _, size := range []string{"8m", "56m"} {
		dir := apptest.Dir(t)
		// A user namespace lets an ordinary user mount, and stay who it is.
		options := []string{"--mount"}
		if os.Geteuid() != 0 {
			options = []string{"--mount", "--user", "--map-current-user", "--keep-caps"}
		}
		script := `mount -t tmpfs -o size="$1" none "$2" && exec "$3" serve --listen 127.0.0.1:0 --dir "$2"`
		out, err := exec.Command("unshare", append(options, "sh", "-c", script, "sh", size, dir, binary)...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "app: the disk is full; free some space") {
			t.Errorf("%s: %v: %s", size, err, out)
		}
	}
}

// An instance of somebody else is not touched, and its owner is named.
func TestForeignInstance(t *testing.T) {
	c := exec.Command(apptest.Binary(t, "v1"), "serve", "--listen", "127.0.0.1:0", "--dir", "/")
	if os.Geteuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: apptest.Nobody(t)}
	}
	out, err := c.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "the instance / belongs to root; run this as its owner: sudo -u root") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestVersion(t *testing.T) {
	binary := apptest.Binary(t, "v1")
	var v map[string]any
	if err := json.Unmarshal([]byte(apptest.Must(t, binary, t.TempDir(), "version", "--json")), &v); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(binary)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	release, err := upgrade.Release(f)
	if err != nil {
		t.Fatal(err)
	}
	if v["version"] != "v1" || v["release"] != release || v["product"] != "majestic" || v["protocol"] != 1.0 || v["arch"] == "" || v["go"] == "" {
		t.Errorf("%v, release %s", v, release)
	}
}

// The two commands of the README are there, and CI runs the second to the letter.
func TestREADME(t *testing.T) {
	readme, ci := apptest.File(t, "../../../README.md"), apptest.File(t, "../../../.ci/run")
	for _, command := range []string{"go run . setup && go run . serve", "go run . setup && go test ./..."} {
		if !bytes.Contains(readme, []byte(command)) {
			t.Errorf("README.md lacks %q", command)
		}
	}
	if !bytes.Contains(ci, []byte("\ngo run . setup && go test ./...\n")) {
		t.Error(".ci/run does not run the tests as the README says")
	}
	_, rooms, _ := strings.Cut(string(readme), "\n| room | |\n")
	if rooms == "" {
		t.Error("README.md has no table of the rooms")
	}
	for line := range strings.Lines(rooms) {
		room, isRoom := strings.CutPrefix(line, "| `")
		room, _, _ = strings.Cut(room, "`")
		if _, err := os.Stat(filepath.Join("../..", room)); isRoom && err != nil {
			t.Errorf("README.md tells of %s: %v", room, err)
		}
	}
}

// The committed generated code is what the templates give.
func TestGeneratedCode(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	templates, err := filepath.Glob(filepath.Join(root, "*", "*", "*.templ"))
	if err != nil || len(templates) < 3 {
		t.Fatalf("%d templates, %v", len(templates), err)
	}
	// The generator writes beside its templates, and their paths into its code: a
	// tree of copies.
	copies := t.TempDir()
	for _, template := range templates {
		rel, _ := filepath.Rel(root, template)
		text, err := os.ReadFile(template)
		if err == nil {
			err = os.MkdirAll(filepath.Join(copies, filepath.Dir(rel)), 0o755)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(copies, rel), text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("go", "tool", "templ", "generate", "-path", copies)
	c.Dir = root
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, template := range templates {
		code := strings.TrimSuffix(template, ".templ") + "_templ.go"
		rel, _ := filepath.Rel(root, code)
		got, err := os.ReadFile(code)
		want, werr := os.ReadFile(filepath.Join(copies, rel))
		if err != nil || werr != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not current; run: go tool templ generate (%v)", rel, errors.Join(err, werr))
		}
	}
}

// postmaster is the process of the private cluster.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	lines, err := os.ReadFile(filepath.Join(dir, "data", "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(lines), "\n")
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func items(t *testing.T, api apptest.API, batch string) []app.Render {
	t.Helper()
	var all []app.Render
	for after := ""; ; {
		var l app.List[app.Render]
		api.Call(t, "GET", "/batches/"+batch+"/items?limit=100&after="+after, nil, 200, &l)
		all = append(all, l.Data...)
		if l.Next == nil {
			return all
		}
		after = *l.Next
	}
}

// status is what app status tells, asked without starting it.
func status(t testing.TB, dir string) []upgrade.Status {
	t.Helper()
	all, err := upgrade.List(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// until waits for something to become true.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never %s", what)
		}
	}
}

// inDatabase opens an instance's private cluster for a moment: whoever has it open keeps it up.
func inDatabase(t testing.TB, dir string, use func(*pgxpool.Pool) error) {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Options{
		Data: filepath.Join(dir, "data", "postgres"), Locks: filepath.Join(dir, "tmp"), Name: "test", Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(use(db.Pool), db.Close()); err != nil {
		t.Fatal(err)
	}
}
