package upgrade_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"majestic/upgrade/load"
)

// Under load a release is replaced twice, and one is killed on probation.
func TestUnderLoad(t *testing.T) {
	t.Parallel()
	trial := underLoad(t, 100)
	trial.Probation = 300 * time.Millisecond
	f, err := trial.Upgrades(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	clean(t, f)
	if f.Releases != 3 {
		t.Errorf("%d releases answered", f.Releases)
	}
	if f, err = trial.Kills(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if f.Refused > 0 || f.Effects.Lost > 0 || f.Effects.Twice > 0 {
		t.Errorf("%+v", f)
	}
}

// clean says what was lost by an upgrade.
func clean(t *testing.T, f load.Figures) {
	t.Helper()
	if f.Failed > 0 || f.CutStreams > 0 {
		t.Errorf("%d requests failed and %d streams were cut: %+v", f.Failed, f.CutStreams, f.Failures)
	}
	if e := f.Effects; e.Sent == 0 || e.Acknowledged != e.Sent || e.Executed != e.Sent || e.Lost > 0 || e.Twice > 0 {
		t.Errorf("%+v", e)
	}
}

// underLoad starts the server of the tests, and plans a load on it.
func underLoad(t *testing.T, rate float64) load.Trial {
	t.Helper()
	home := t.TempDir()
	binary := filepath.Join(home, "server")
	if out, err := exec.Command("go", "build", "-o", binary, "./load/testdata/server").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	i := &load.Instance{Binary: binary, Dir: filepath.Join(home, "instance"), Env: os.Environ()}
	if err := os.Mkdir(i.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := i.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			for _, name := range append(files(i.Dir+"/tmp/generations/*.log"), i.Dir+".log") {
				b, _ := os.ReadFile(name)
				t.Logf("%s\n%s", filepath.Base(name), b[max(0, len(b)-4096):])
			}
		}
	})
	url := "http://" + i.Address
	request := func(method, path string, body io.Reader) *http.Request {
		r, err := http.NewRequest(method, url+path, body)
		if err != nil {
			panic(err) // the paths are ours
		}
		return r
	}
	mix := load.Mixed(
		func(string) *http.Request { return request("GET", "/version", nil) },
		func(id string) *http.Request { return request("POST", "/"+id, strings.NewReader(id)) },
	)
	slow := load.Sort{Name: "slow get", Share: 2, Keep: true, Request: func(string) *http.Request { return request("GET", "/slow", nil) }}
	return load.Trial{
		Instance: i, Progress: t.Output(),
		Plan: load.Plan{
			Address: i.Address, Rate: rate, RTT: 20 * time.Millisecond, Connections: 60, Mix: append(mix, slow),
			Streams: 8, Stream: func() *http.Request { return request("GET", "/events", nil) },
		},
		Executed: func(context.Context) (map[string]int, error) {
			text, err := os.ReadFile(filepath.Join(i.Dir, "effects"))
			did := map[string]int{}
			for line := range strings.Lines(string(text)) {
				id, _, _ := strings.Cut(line, " ")
				did[id]++
			}
			return did, err
		},
		Goroutines: func() (int, error) {
			c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			a, err := c.Get(url + "/goroutines")
			if err != nil {
				return 0, err
			}
			defer a.Body.Close()
			b, err := io.ReadAll(a.Body)
			if err != nil {
				return 0, err
			}
			return strconv.Atoi(strings.TrimSpace(string(b)))
		},
	}
}

func files(pattern string) []string {
	found, _ := filepath.Glob(pattern)
	return found
}
