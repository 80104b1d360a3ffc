package logs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"majestic/app/logs"
)

// A line tells what its context knows, also what becomes known later, and what it
// says itself stands.
func TestContext(t *testing.T) {
	var b bytes.Buffer
	log := logs.New(&b, logs.Options{JSON: true}).With("release", "r")
	logs.Note(context.Background(), slog.String("nobody", "hears")) // there is nothing it could belong to
	outer := logs.With(context.Background(), slog.String("request", "1"))
	inner := logs.With(context.WithoutCancel(outer), slog.String("render", "2"))
	logs.Note(outer, slog.String("tenant", "acme"))
	logs.Note(inner, slog.String("row", "3"))
	other := logs.With(context.Background(), slog.String("request", "9"))

	for _, test := range []struct {
		ctx  context.Context
		args []any
		want map[string]string
	}{
		{context.Background(), nil, map[string]string{}},
		{outer, nil, map[string]string{"request": "1", "tenant": "acme"}},
		{inner, nil, map[string]string{"request": "1", "tenant": "acme", "render": "2", "row": "3"}},
		{inner, []any{"render", "own"}, map[string]string{"request": "1", "tenant": "acme", "render": "own", "row": "3"}},
		{other, nil, map[string]string{"request": "9"}},
	} {
		b.Reset()
		log.InfoContext(test.ctx, "m", test.args...)
		test.want["release"], test.want["msg"], test.want["level"] = "r", "m", "INFO"
		var got map[string]string
		if err := json.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		delete(got, "time")
		if len(got) != len(test.want) {
			t.Errorf("%v, want %v", got, test.want)
		}
		for name, v := range test.want {
			if got[name] != v || strings.Count(b.String(), `"`+name+`":`) != 1 {
				t.Errorf("%s is not %q once: %s", name, v, &b)
			}
		}
	}
}

// A line for journald begins with its priority; all the rest is as elsewhere, and
// it is one line.
func TestJournal(t *testing.T) {
	var b bytes.Buffer
	log := logs.New(&b, logs.Options{JSON: true, Journal: true, Level: slog.LevelDebug}).With("release", "r").WithGroup("g")
	ctx := logs.With(context.Background(), slog.String("request", "1"))
	log.DebugContext(ctx, "d")
	log.InfoContext(ctx, "two\nlines")
	log.WarnContext(ctx, "w")
	log.ErrorContext(ctx, "e", "n", 1)
	want := regexp.MustCompile(`^<7>\{.*"msg":"d","release":"r","g":\{"request":"1"\}\}
<6>\{.*"msg":"two\\nlines",.*\}
<4>\{.*"msg":"w",.*\}
<3>\{.*"msg":"e","release":"r","g":\{"n":1,"request":"1"\}\}
$`)
	if !want.Match(b.Bytes()) {
		t.Errorf("%s", &b)
	}
}

// Who moves a log file away has it made anew by Reopen; no line is lost, also when
// it cannot be.
func TestReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	name, old := filepath.Join(dir, "app.log"), filepath.Join(dir, "app.log.1")
	log, err := logs.Open(logs.Options{File: name, Journal: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	derived := log.With("k", "v")
	derived.Info("one")
	if err := os.Rename(name, old); err != nil {
		t.Fatal(err)
	}
	derived.Info("two")
	open := descriptors(t)
	if err := log.Reopen(); err != nil {
		t.Fatal(err)
	}
	if n := descriptors(t); n != open {
		t.Errorf("%d descriptors, and %d before", n, open)
	}
	derived.Info("three")
	if err := os.Rename(dir, dir+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := log.Reopen(); err == nil || !strings.Contains(err.Error(), name) {
		t.Errorf("no folder any more: %v", err)
	}
	derived.Info("four")
	for file, want := range map[string]string{"app.log.1": "one two", "app.log": "three four"} {
		b, err := os.ReadFile(filepath.Join(dir+".moved", file))
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for line := range strings.Lines(string(b)) {
			if strings.HasPrefix(line, "<") {
				t.Errorf("a priority in a file: %s", line)
			}
			said = append(said, regexp.MustCompile(`msg=(\w+)`).FindStringSubmatch(line)[1])
		}
		if got := strings.Join(said, " "); got != want {
			t.Errorf("%s says %q, not %q", file, got, want)
		}
	}
}

func TestUnopenable(t *testing.T) {
	dir := t.TempDir()
	for what, name := range map[string]string{"a folder": dir, "in no folder": filepath.Join(dir, "none", "app.log")} {
		_, err := logs.Open(logs.Options{File: name})
		if err == nil || !strings.Contains(err.Error(), "the log file "+name+" cannot be opened") || !strings.Contains(err.Error(), "LOG_FILE") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
