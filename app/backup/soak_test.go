//go:build soak

package backup_test

import (
	"testing"
	"time"

	"majestic/app"
)

func TestSoakCreateKilled(t *testing.T) { killCreates(t, newHouse(t), 20) }

func TestSoakRestoreKilled(t *testing.T) { killRestores(t, newHouse(t), 20) }

// A migration that would wait for a backup until it gives up gets its way.
func TestSoakMigrationBeforeBackup(t *testing.T) {
	ctx := t.Context()
	h := newHouse(t)
	// Whoever has locked one table keeps the dump where it holds the others.
	tx, err := h.db.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := h.Create(ctx, h.db, false)
		done <- err
	}()
	began := time.Now()
	for {
		_, err := h.db.Pool.Exec(ctx, "SET lock_timeout = '500ms'; ALTER TABLE assets ADD COLUMN IF NOT EXISTS more text")
		select {
		case gave := <-done:
			wants(t, gave, app.Unavailable, "gave way to a migration")
			if _, err = h.db.Pool.Exec(ctx, "ALTER TABLE assets ADD COLUMN IF NOT EXISTS more text"); err != nil || time.Since(began) > time.Minute {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
			return
		default:
		}
		if err == nil && time.Since(began) > time.Minute {
			t.Fatal("the migration was never held up")
		}
	}
}
