package migrations_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"majestic/app/apptest"
	"majestic/migrations"
)

var release = flag.Bool("release", false, "write released/ anew: the migrations of today are out")

// writeRecord writes what the next release is held against: this one's files, and
// the statements that its own tests make it send.
func writeRecord(t *testing.T) {
	dir := t.TempDir()
	tests := exec.Command("go", "test", "-count=1", "../app", "../jobs", "../http")
	tests.Env = append(os.Environ(), apptest.StatementsEnv+"="+dir)
	if out, err := tests.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, name := range names {
		sql, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimSpace(string(sql)))
	}
	// Some of River's come by its clock: what was seen of them stays, while its schema does.
	river, seen, err := migrations.Released()
	if err != nil {
		t.Fatal(err)
	}
	known, err := migrations.RiverKnown()
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range seen {
		if known == river && strings.HasPrefix(sql, "-- name: ") {
			all = append(all, sql)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	for name, text := range map[string]string{"schema.json": record(t, 0), "statements.sql": statements(all...)} {
		if err := os.WriteFile(filepath.Join("released", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("recorded %d statements", len(all))
}
