package migrations_test

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/migrations"
)

const (
	adds      = "-- +goose Up\nALTER TABLE designs ADD COLUMN folder text;\n"
	takesAway = "-- +goose Up\nDROP INDEX renders_design;\n"
)

// A release adds while older code works; what the older code added itself, and a
// later release too, is left alone.
func TestExpandBesideAnother(t *testing.T) {
	ctx, db := context.Background(), apptest.Database(t)
	newer := with(t, "expand/90002_newer.sql", adds)
	older := with(t, "expand/90001_older.sql", "-- +goose Up\nALTER TABLE designs ADD COLUMN color text;\n")
	expand(t, with(t), db.Pool)
	expand(t, newer, db.Pool)
	expand(t, with(t), db.Pool)
	expand(t, older, db.Pool)
	if had := applied(t, db.Pool, "expand"); !slices.Contains(had, 90001) || !slices.Contains(had, 90002) {
		t.Errorf("applied: %v", had)
	}
	if n, err := newer.Expand(ctx, db.Pool); n != 0 || err != nil {
		t.Errorf("once more: %d, %v", n, err)
	}
}

// A contract migration waits until the release before knows it and no older one
// lives; then the releases that do not know it are refused.
func TestContract(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db := apptest.Database(t)
	v1, v2 := with(t), with(t, "contract/00001_index.sql", takesAway)
	v4 := with(t, "contract/00001_index.sql", takesAway, "contract/00002_more.sql", "-- +goose Up\nDROP INDEX renders_newest;\n")
	commit := func(s migrations.Schema, release string) {
		t.Helper()
		expand(t, s, db.Pool)
		s.Contract(ctx, db.Pool, instance(release, func() bool { return true }), apptest.Log(t))
	}
	must := func(want ...int64) {
		t.Helper()
		if had := applied(t, db.Pool, "contract"); !slices.Equal(had, want) {
			t.Fatalf("contract migrations applied: %v, not %v", had, want)
		}
	}
	commit(v1, "one")
	commit(v2, "two")
	must() // going back to one must work
	commit(v1, "one")
	commit(v4, "three") // and still must
	must()
	commit(v2, "two")
	must(1) // known to three and two
	if err := migrations.Accept(ctx, db.Pool, nil); app.KindOf(err) != app.Conflict || !strings.Contains(err.Error(), "[1]") || !strings.Contains(err.Error(), "releases/two/app") {
		t.Errorf("a release that knows none: %v", err)
	}
	if err := migrations.Accept(ctx, db.Pool, []int64{1, 7}); err != nil {
		t.Errorf("a release that knows it: %v", err)
	}
	if _, err := v1.Expand(ctx, db.Pool); app.KindOf(err) != app.Conflict {
		t.Errorf("one: %v", err)
	}
	commit(v4, "three")
	must(1)

	// Older generations drain for a while.
	var alone atomic.Bool
	done := make(chan struct{})
	asked := make(chan struct{}, 100)
	go func() {
		defer close(done)
		v4.Contract(ctx, db.Pool, instance("four", func() bool { asked <- struct{}{}; return alone.Load() }), apptest.Log(t))
	}()
	for range 4 {
		select {
		case <-asked:
		case <-done:
			t.Fatal("four did not wait for the others to go")
		}
	}
	must(1)
	if done, _, err := v4.ContractNow(ctx, db.Pool, instance("five", func() bool { return true })); done != nil || err != nil {
		t.Errorf("a release that has not committed: %v, %v", done, err)
	}
	alone.Store(true)
	<-done
	must(1, 2)
}

// In a new database there is no older code: everything is applied.
func TestContractInANewDatabase(t *testing.T) {
	db := apptest.Database(t)
	s := with(t, "contract/00001_index.sql", takesAway)
	expand(t, s, db.Pool)
	if had := applied(t, db.Pool, "contract"); !slices.Equal(had, []int64{1}) {
		t.Errorf("applied: %v", had)
	}
	if err := migrations.Accept(context.Background(), db.Pool, nil); app.KindOf(err) != app.Conflict {
		t.Error(err)
	}
}

// A transaction that holds a lock for long holds up nobody but the migration,
// which says who it was.
func TestLocks(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db := apptest.Database(t)
	expand(t, with(t), db.Pool)
	holder, err := pgx.ConnectConfig(ctx, db.Pool.Config().ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(ctx)
	for _, sql := range []string{`SET application_name = 'a long report'`, `BEGIN ISOLATION LEVEL REPEATABLE READ`, `SELECT count(*) FROM designs`} {
		if _, err := holder.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	s := with(t, "expand/90001_folder.sql", adds)
	_, err = s.Expand(ctx, db.Pool)
	if app.KindOf(err) != app.Unavailable || !strings.Contains(err.Error(), "expand/90001_folder.sql") || !strings.Contains(err.Error(), "a long report") || !strings.Contains(err.Error(), "SELECT count(*) FROM designs") {
		t.Errorf("while it is locked: %v", err)
	}

	// An index that is built beside the writers waits for older transactions as long as it takes.
	done := make(chan error, 1)
	go func() {
		_, err := with(t, "expand/90002_index.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY designs_name ON designs (name);\n").Expand(ctx, db.Pool)
		done <- err
	}()
	for waits := false; !waits; {
		if err := db.Pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND clock_timestamp() - query_start > interval '1 second')`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			t.Fatalf("the index did not wait: %v", err)
		default:
		}
	}
	if _, err := holder.Exec(ctx, `COMMIT; BEGIN; SELECT FROM designs`); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}

	patient := migrations.Of(files(t, "expand/90001_folder.sql", adds), time.Minute)
	go func() {
		_, err := patient.Expand(ctx, db.Pool)
		done <- err
	}()
	// Readers come by between its attempts: the migration is seen waiting, and again, and a read ends.
	for range 2 {
		waiting := func() (yes bool) {
			err := db.Pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'designs'::regclass AND mode = 'AccessExclusiveLock')`).Scan(&yes)
			if err != nil {
				t.Fatal(err)
			}
			return yes
		}
		for !waiting() {
			select {
			case err := <-done:
				t.Fatalf("it did not try again: %v", err)
			default:
			}
		}
		if _, err := db.Pool.Exec(ctx, `SELECT FROM designs`); err != nil {
			t.Error(err)
		}
	}
	if _, err := holder.Exec(ctx, `COMMIT`); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A migration that fails is named, and changes nothing.
func TestFailingMigration(t *testing.T) {
	db := apptest.Database(t)
	s := with(t, "expand/90001_wrong.sql", "-- +goose Up\nCREATE TABLE half ();\nALTER TABLE nowhere ADD COLUMN x int;\n")
	_, err := s.Expand(context.Background(), db.Pool)
	if err == nil || !strings.Contains(err.Error(), "expand/90001_wrong.sql") || !strings.Contains(err.Error(), `"nowhere" does not exist`) {
		t.Error(err)
	}
	var half bool
	if err := db.Pool.QueryRow(context.Background(), `SELECT to_regclass('half') IS NOT NULL`).Scan(&half); err != nil || half {
		t.Errorf("half of it stayed: %v, %v", half, err)
	}
}

// files are ours and others: names and texts in turn, "" for a file that is gone.
func files(t *testing.T, others ...string) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	err := fs.WalkDir(migrations.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.Files, name)
		all[name] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(others); i += 2 {
		all[others[i]] = &fstest.MapFile{Data: []byte(others[i+1])}
		if others[i+1] == "" {
			delete(all, others[i])
		}
	}
	return all
}

func with(t *testing.T, others ...string) migrations.Schema {
	t.Helper()
	return migrations.Of(files(t, others...), time.Second)
}

func expand(t *testing.T, s migrations.Schema, pool *pgxpool.Pool) {
	t.Helper()
	if _, err := s.Expand(context.Background(), pool); err != nil {
		t.Fatal(err)
	}
}

func instance(release string, alone func() bool) migrations.Instance {
	return migrations.Instance{Release: release, Alone: func() (bool, error) { return alone(), nil }}
}

// applied are the versions that the database has had, in their order.
func applied(t *testing.T, pool *pgxpool.Pool, folder string) (all []int64) {
	t.Helper()
	rows, err := pool.Query(context.Background(), `SELECT version_id FROM migrations_`+folder+` WHERE version_id > 0 ORDER BY 1`)
	if err == nil {
		all, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	}
	if err != nil && !strings.Contains(err.Error(), "does not exist") {
		t.Fatal(err)
	}
	return all
}
