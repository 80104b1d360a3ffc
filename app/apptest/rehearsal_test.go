package apptest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app/apptest"
	"majestic/upgrade"
)

// adding is a release with migrations of its own: one that locks a table, one that does not.
func adding(t *testing.T) (binary string) {
	t.Helper()
	return apptest.BinaryWith(t, "adding", "migrations/expand/90001_rehearsed.sql", `-- +goose Up
ALTER TABLE designs ADD COLUMN rehearsed text NOT NULL DEFAULT 'x';
CREATE TABLE rehearsed (id bigint);
`)
}

// A release is rehearsed on a copy, of which nothing is left, and the instance is as
// it was; what would go wrong is told, with the exit code of a refusal.
func TestRehearsal(t *testing.T) {
	binary, dir, next := apptest.Binary(t, "v1"), apptest.Dir(t), adding(t)
	server := apptest.Serve(t, binary, dir)
	api := apptest.API{URL: server.URL, Key: apptest.Key(t, binary, dir)}
	api.Call(t, "POST", "/renders", map[string]any{"design": card(t, api), "variables": apptest.Countries(t)[0]}, 201, nil)
	was := rowsOf(t, dir)

	// One that is killed in the middle leaves its copy to the next.
	killed := exec.Command(binary, "upgrade", "--check", "--json", next, "--dir", dir)
	out, err := killed.StdoutPipe()
	if err == nil {
		err = killed.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(out); ; {
		var s upgrade.Step
		if err := d.Decode(&s); err != nil {
			t.Fatal(err)
		}
		if s.Step == "serve" {
			break
		}
	}
	_, errs, code := apptest.Run(t, binary, dir, "upgrade", "--check", next)
	if code != 3 || !strings.Contains(errs, "another rehearsal is under way") {
		t.Errorf("two at once: exit %d, %s", code, errs)
	}
	killed.Process.Kill()
	killed.Wait()

	told := apptest.Must(t, binary, dir, "upgrade", "--check", "--json", "--fresh", next)
	var steps []string
	var last upgrade.Step
	for line := range strings.Lines(told) {
		last = upgrade.Step{}
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, last.Step)
	}
	if all := strings.Join(steps, " "); all != "copy check backup restore serve compare migrate trial rollback end" || last.Result != "checked" || !last.OK {
		t.Errorf("%s", told)
	}
	if s := stepOf(t, told, "migrate"); !strings.Contains(s.Detail, "expand/90001_rehearsed.sql took ") || !strings.HasSuffix(s.Detail, " ms nobody could use designs") {
		t.Errorf("%+v", s)
	}
	if s := stepOf(t, told, "compare"); s.Detail != "1 of 1 designs are drawn alike" {
		t.Errorf("%+v", s)
	}
	nothingLeft(t, dir)
	if is := rowsOf(t, dir); is != was {
		t.Errorf("the instance has %v, and had %v", is, was)
	}
	if all := status(t, binary, dir); len(all) != 1 || all[0].State != upgrade.Serving {
		t.Errorf("%+v", all)
	}

	_, errs, code = apptest.Run(t, binary, dir, "upgrade", "--check", inverted(t))
	page := filepath.Join(dir, "tmp", "gate", "rehearsal", "index.html")
	if _, err := os.Stat(page); code != 3 || !strings.Contains(errs, "1 of 1 designs are drawn otherwise") || !strings.Contains(errs, page) || err != nil {
		t.Errorf("drawn otherwise: exit %d, %v, %s", code, err, errs)
	}
	nothingLeft(t, dir)

	// A backup comes before migrations, or none of them runs.
	backups := filepath.Join(dir, "backups")
	if err := errors.Join(os.Rename(backups, backups+".aside"), os.WriteFile(backups, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if last := upgradeTo(t, binary, dir, 3, next); !strings.Contains(last.Reason, "--no-backup") || !strings.Contains(last.Reason, backups) {
		t.Errorf("%+v", last)
	}
	if err := errors.Join(os.Remove(backups), os.Rename(backups+".aside", backups)); err != nil {
		t.Fatal(err)
	}
	told = apptest.Must(t, binary, dir, "upgrade", "--json", next, "--probation", "500ms")
	if s := stepOf(t, told, "backup"); !strings.Contains(s.Detail, "since 1 migrations are pending") {
		t.Errorf("%+v", s)
	}
	apptest.Must(t, binary, dir, "stop")
}

// rowsOf is what an instance has of that which a rehearsal makes in its copy.
func rowsOf(t *testing.T, dir string) (is struct{ Tenants, Renders, Jobs, Migrations int }) {
	t.Helper()
	inDatabase(t, dir, func(pool *pgxpool.Pool) error {
		return pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM tenants), (SELECT count(*) FROM renders WHERE NOT thumbnail), (SELECT count(*) FROM river_job WHERE kind = 'render'), (SELECT count(*) FROM migrations_expand)`).
			Scan(&is.Tenants, &is.Renders, &is.Jobs, &is.Migrations)
	})
	return is
}

// nothingLeft looks for the copy, and for what runs in it.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	place := filepath.Join(dir, "tmp", "rehearsal")
	if _, err := os.Stat(place); err == nil {
		t.Error("the copy is left")
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range commands {
		if text, err := os.ReadFile(name); err == nil && bytes.Contains(text, []byte(place+"/")) {
			t.Errorf("%s goes on: %s", filepath.Dir(name), bytes.ReplaceAll(text, []byte{0}, []byte{' '}))
		}
	}
}
