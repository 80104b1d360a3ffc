package app_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
)

// What was due while nobody ran is done once, by one of those who come at once, and the
// rest waits for its time.
func TestDueOnce(t *testing.T) {
	ctx := t.Context()
	a, pool := apptest.App(t)
	muted := app.New(app.Options{Pool: pool, Muted: func() bool { return true }})
	if _, err := muted.DoDue(ctx); err != nil {
		t.Fatal(err)
	}
	if none, err := a.Schedules(ctx); err != nil || len(none) != 0 {
		t.Errorf("a muted instance has begun: %+v, %v", none, err)
	}
	wait, err := a.DoDue(ctx)
	if err != nil || wait < 59*time.Minute || wait > time.Hour {
		t.Fatalf("at first something is due in %s, %v", wait, err)
	}
	alter(t, pool, `UPDATE schedules SET next_at = now() - interval '3 days' WHERE name IN ('people', 'files')`)
	alter(t, pool, `UPDATE schedules SET next_at = now() + interval '1 year' WHERE name = 'tables'`) // the clock was wrong
	alter(t, pool, `CREATE TABLE done (name text); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO done VALUES (new.name); RETURN new; END'`)
	alter(t, pool, `CREATE TRIGGER note AFTER UPDATE ON schedules FOR EACH ROW EXECUTE FUNCTION note()`)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if _, err := a.DoDue(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var done []string
	if err := pool.QueryRow(ctx, `SELECT array_agg(name ORDER BY name) FROM done`).Scan(&done); err != nil || !slices.Equal(done, []string{"files", "people", "tables"}) {
		t.Errorf("done: %v, %v", done, err)
	}
	schedules, err := a.Schedules(ctx)
	if err != nil || len(schedules) != 6 {
		t.Fatalf("%+v, %v", schedules, err)
	}
	for _, s := range schedules {
		if ran := slices.Contains(done, s.Name); (s.LastAt != nil) != ran || ran && (s.Did == "" || s.Error != "" || s.Release != apptest.Release) || s.What == "" || time.Until(s.NextAt) > s.Every {
			t.Errorf("%+v", s)
		}
	}

	// One that fails says so, and is tried again sooner; one that is cut, by whoever comes next.
	alter(t, pool, `ALTER TABLE idempotency_keys RENAME TO elsewhere`)
	alter(t, pool, `UPDATE schedules SET next_at = now() WHERE name = 'answers'`)
	if wait, err := a.DoDue(ctx); err != nil || wait > 10*time.Minute {
		t.Errorf("again in %s, %v", wait, err)
	}
	if all, err := a.Schedules(ctx); err != nil || all[0].Name != "answers" || !strings.Contains(all[0].Error, "idempotency_keys") {
		t.Errorf("%+v, %v", all[0], err)
	}
	alter(t, pool, `ALTER TABLE elsewhere RENAME TO idempotency_keys`)
	alter(t, pool, `UPDATE schedules SET next_at = now() - interval '1 second' WHERE name = 'answers'`)
	cut, cancel := context.WithCancel(ctx)
	lock, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(ctx, `LOCK idempotency_keys`); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := a.DoDue(cut)
		ended <- err
	}()
	for waits := false; !waits; {
		if err := pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if wait, err := a.DoDue(ctx); err != nil || wait > time.Minute {
		t.Errorf("beside another: %s, %v", wait, err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("cut: %v", err)
	}
	if err := lock.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	for last := ""; last == "" || strings.Contains(last, "idempotency_keys"); { // until the session of the one before has ended
		if _, err := a.DoDue(ctx); err != nil {
			t.Fatal(err)
		}
		if err := pool.QueryRow(ctx, `SELECT error || did FROM schedules WHERE name = 'answers'`).Scan(&last); err != nil {
			t.Fatal(err)
		}
	}
}

// Things past their time go, with their files, and the others stay.
func TestUpkeep(t *testing.T) {
	ctx := t.Context()
	a, pool, folder := stored(t)
	mine, theirs := apptest.Tenant(t, a, "Mine"), apptest.Tenant(t, a, "Theirs")
	for _, tenant := range []app.Tenant{mine, theirs} {
		fill(t, tenant)
		finishAll(t, pool, tenant)
	}
	files := func(kind string) int { return len(list(t, folder, mine.ID(), kind)) }
	rows := func(table string) (n int) {
		t.Helper()
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM `+table+` WHERE tenant_id = $1`, mine.ID()).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	do := func() {
		t.Helper()
		alter(t, pool, `UPDATE schedules SET next_at = now()`)
		if _, err := a.DoDue(ctx); err != nil {
			t.Fatal(err)
		}
		all, err := a.Schedules(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			if s.Error != "" {
				t.Errorf("%s: %s", s.Name, s.Error)
			}
		}
	}
	if _, err := a.DoDue(ctx); err != nil {
		t.Fatal(err)
	}
	do()
	if rows("renders") != 4 || files("renders") != 4 || rows("idempotency_keys") != 1 || rows("drafts") != 1 || rows("invitations") != 1 || rows("fetched_images") != 1 || rows("batches") != 1 {
		t.Fatalf("something went before its time: %d renders, %d files", rows("renders"), files("renders"))
	}

	alter(t, pool, `UPDATE idempotency_keys SET created_at = now() - interval '25 hours'`)
	alter(t, pool, `UPDATE drafts SET created_at = now() - interval '2 hours'`)
	alter(t, pool, `UPDATE invitations SET expires_at = now() - interval '31 days'`)
	alter(t, pool, `UPDATE fetched_images SET expires_at = now() - interval '8 days'`)
	alter(t, pool, `UPDATE renders SET finished_at = now() - interval '8 days' WHERE finished_at IS NOT NULL AND NOT thumbnail`)
	alter(t, pool, `UPDATE batches SET finished_at = now() - interval '6 days'`)
	seven, none := 7, 0
	if err := mine.SetKeepRenders(ctx, &none); app.KindOf(err) != app.Invalid {
		t.Errorf("no days: %v", err)
	}
	if err := mine.SetKeepRenders(ctx, &seven); err != nil {
		t.Fatal(err)
	}
	if days, err := theirs.KeepRenders(ctx); err != nil || days != nil {
		t.Errorf("theirs are kept %v, %v", days, err)
	}
	do()
	for _, table := range []string{"idempotency_keys", "drafts", "invitations", "fetched_images"} {
		if n := rows(table); n != 0 {
			t.Errorf("%d %s are left", n, table)
		}
	}
	if rows("renders") != 3 || files("renders") != 3 || files("drafts") != 0 || files("fetched") != 0 || files("assets") != 1 || rows("batches") != 1 {
		t.Errorf("left: %d renders, %d files of them, %d batches", rows("renders"), files("renders"), rows("batches"))
	}
	alter(t, pool, `UPDATE batches SET finished_at = now() - interval '8 days'`)
	do()
	if rows("renders") != 1 || files("renders") != 1 || rows("batches") != 0 { // the thumbnail stays
		t.Errorf("left of an old batch: %d renders, %d files, %d batches", rows("renders"), files("renders"), rows("batches"))
	}
	if n := len(list(t, folder, theirs.ID(), "renders")); n != 4 {
		t.Errorf("theirs, kept for ever: %d files", n)
	}
}

// Files that no row names go when they are old enough; never one that a render, an
// upload or a picture shared by renders is about to need.
func TestOrphans(t *testing.T) {
	ctx := t.Context()
	a, pool, folder := stored(t)
	tenant := apptest.Tenant(t, a, "Acme")
	fill(t, tenant)
	finishAll(t, pool, tenant)
	before := filesIn(t, folder)
	put := func(key string) {
		t.Helper()
		name := filepath.Join(folder, filepath.FromSlash(key))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("x"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	const gone = "01234567-89ab-cdef-0123-456789abcdef"
	for _, kind := range []string{"renders/" + gone + ".png", "assets/" + gone, "fonts/" + gone + ".tmp", "fetched/" + gone, "drafts/" + gone + ".csv", "renders/notes.txt"} {
		put(tenant.ID() + "/" + kind)
	}
	put(gone + "/assets/" + gone) // of a tenant that is gone
	kept := []string{"static/app.css", tenant.ID() + "/else/" + gone}
	for _, key := range kept {
		put(key)
	}
	if n, err := a.RemoveOrphans(ctx, time.Now().Add(-time.Hour)); err != nil || n != 0 {
		t.Errorf("%d young files went, %v", n, err)
	}
	start := time.Now()
	if n, err := a.RemoveOrphans(ctx, start); err != nil || n != 7 || filesIn(t, folder) != before+len(kept) {
		t.Errorf("%d orphans went, %d files are left of %d, %v", n, filesIn(t, folder), before+len(kept), err)
	}

	// Beside it renders are finished and files uploaded.
	d, err := tenant.Designs(ctx, app.PageRequest{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var sweeper, workers sync.WaitGroup
	sweeper.Go(func() {
		for done := false; !done; {
			select {
			case <-stop:
				done = true
			default:
			}
			if _, err := a.RemoveOrphans(ctx, start); err != nil {
				t.Error(err)
			}
		}
	})
	var mu sync.Mutex
	var opens []func() error
	for range 4 {
		workers.Go(func() {
			for range 25 {
				r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.Data[0].ID, Variables: country("Aruba")})
				if err == nil {
					r, _, err = tenant.StartRender(ctx, r.ID)
				}
				reused := false
				if err == nil {
					reused, err = tenant.ReuseRender(ctx, r, []byte("key"))
				}
				if err == nil && !reused {
					err = tenant.FinishRender(ctx, r, app.Picture{File: apptest.PNG(4, 4), Width: 4, Height: 4, Key: []byte("key")})
				}
				asset, more := tenant.CreateAsset(ctx, nil, "dot.png", apptest.PNG(4, 4))
				if err := errors.Join(err, more); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				opens = append(opens,
					func() error { _, f, err := tenant.OpenRender(ctx, r.ID); return shut(f, err) },
					func() error { _, f, err := tenant.OpenAsset(ctx, asset.ID); return shut(f, err) })
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	close(stop)
	sweeper.Wait()
	// However young they are, renders go by their rows.
	if n, err := a.RemoveOrphans(ctx, time.Now().Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("%d files that are needed went, %v", n, err)
	}
	for _, open := range opens {
		if err := open(); err != nil {
			t.Fatal(err)
		}
	}
	if len(opens) != 200 {
		t.Errorf("%d files were made", len(opens))
	}
}

// stored is the product on a fresh database, and the folder of its files.
func stored(t *testing.T) (*app.App, *pgxpool.Pool, string) {
	t.Helper()
	dir := apptest.Dir(t)
	a, pool := apptest.AppIn(t, dir)
	return a, pool, dir
}

// finishAll does to all renders of a tenant what workers do, and ends its batches.
func finishAll(t *testing.T, pool *pgxpool.Pool, tenant app.Tenant) {
	t.Helper()
	rows, err := pool.Query(t.Context(), `SELECT id::text FROM renders WHERE tenant_id = $1 AND status = 'queued' AND NOT (thumbnail AND id <> (SELECT id FROM renders WHERE tenant_id = $1 AND thumbnail AND status = 'queued' LIMIT 1))`, tenant.ID())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	alter(t, pool, fmt.Sprintf(`DELETE FROM renders WHERE tenant_id = '%s' AND status = 'queued' AND NOT id::text = ANY('{%s}')`, tenant.ID(), strings.Join(ids, ",")))
	for _, id := range ids {
		r, _, err := tenant.StartRender(t.Context(), id)
		if err == nil {
			err = tenant.FinishRender(t.Context(), r, app.Picture{File: apptest.PNG(4, 4), Width: 4, Height: 4})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	alter(t, pool, `UPDATE batches SET status = 'succeeded', finished_at = now()`)
}

func list(t *testing.T, folder string, parts ...string) []fs.DirEntry {
	t.Helper()
	all, err := os.ReadDir(filepath.Join(append([]string{folder}, parts...)...))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

func filesIn(t *testing.T, folder string) (n int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func shut(f interface{ Close() error }, err error) error {
	if err != nil {
		return err
	}
	return f.Close()
}

func alter(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
