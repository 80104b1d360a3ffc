//go:build soak

package backup_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"majestic/app"
)

func TestSoakCreateKilled(t *testing.T) { killCreates(t, newHouse(t), 20) }

func TestSoakRestoreKilled(t *testing.T) { killRestores(t, newHouse(t), 20) }

// A migration that would wait for a backup until it gives up gets its way, and an
// index that is built beside.
func TestSoakMigrationBeforeBackup(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t)
	for _, sql := range []string{
		"SET LOCAL lock_timeout = '500ms'; ALTER TABLE assets ADD COLUMN more text",
		"CREATE INDEX CONCURRENTLY more ON assets (name)",
	} {
		// Whoever has locked one table keeps the dump where it holds the others.
		tx, err := h.db.Pool.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tx.Rollback(context.Background()) })
		if _, err := tx.Exec(ctx, "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() {
			_, err := h.Create(ctx, h.db, false)
			done <- err
		}()
		for dumping := false; !dumping; {
			err := h.db.Pool.QueryRow(ctx, `SELECT EXISTS (
				SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pg_dump' AND wait_event_type = 'Lock')`).Scan(&dumping)
			if err != nil {
				t.Fatal(err)
			}
		}
		limited, cancel := context.WithTimeout(ctx, 40*time.Second) // less than the dump itself would wait
		for held := errors.New("not tried"); held != nil; {
			if _, held = h.db.Pool.Exec(limited, sql); limited.Err() != nil {
				t.Fatalf("%s: %v", sql, held)
			}
		}
		cancel()
		wants(t, <-done, app.Unavailable, "gave way to a migration")
		if err := tx.Rollback(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
