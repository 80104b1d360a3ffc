package apptest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
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
// it was.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	binary, dir, next := apptest.Binary(t, "v1"), apptest.Dir(t), adding(t)
	server := apptest.Serve(t, binary, dir)
	api := apptest.API{URL: server.URL, Key: apptest.Key(t, binary, dir)}
	api.Draw(t, map[string]any{"design": card(t, api), "variables": apptest.Countries(t)[0]})
	was := rowsOf(t, dir)

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
	if all := status(t, dir); len(all) != 1 || all[0].State != upgrade.Serving {
		t.Errorf("%+v", all)
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

// nothingLeft looks for the copy, and for what runs in it. A crash handler ends a moment
// after its browser.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	place := filepath.Join(dir, "tmp", "rehearsal")
	if _, err := os.Stat(place); err == nil {
		t.Error("the copy is left")
	}
	until(t, "ends what runs in the copy", func() bool {
		commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(commands, func(name string) bool {
			text, err := os.ReadFile(name)
			return err == nil && bytes.Contains(text, []byte(place+"/"))
		})
	})
}
