package migrations_test

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/migrations"
)

func TestMain(m *testing.M) { os.Exit(apptest.Main(m)) }

// Three processes that start at once leave one schema, and each step ran once.
func TestExpandTogether(t *testing.T) {
	ctx := context.Background()
	db := apptest.Database(t)
	var mu sync.Mutex
	total := 0
	var all sync.WaitGroup
	for range 3 {
		pool, err := pgxpool.NewWithConfig(ctx, db.Pool.Config())
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		all.Go(func() {
			steps, err := migrations.Expand(ctx, pool)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			total += steps
		})
	}
	all.Wait()
	var recorded int
	if err := db.Pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM migrations_expand WHERE version_id > 0) + (SELECT count(*) FROM river_migration)`).Scan(&recorded); err != nil {
		t.Fatal(err)
	}
	if total == 0 || total != recorded {
		t.Errorf("%d steps were taken, %d are recorded", total, recorded)
	}
	if again, err := migrations.Expand(ctx, db.Pool); err != nil || again != 0 {
		t.Errorf("once more: %d steps, %v", again, err)
	}
}

// A login that can make no role is told what an administrator must run; having run it, the login migrates.
func TestLoginWithoutRights(t *testing.T) {
	ctx := context.Background()
	db := apptest.Database(t)
	name := db.Pool.Config().ConnConfig.Database
	admin := func(sql string) {
		t.Helper()
		if _, err := db.Pool.Exec(ctx, strings.ReplaceAll(sql, "NAME", name)); err != nil {
			t.Fatal(err)
		}
	}
	admin(`CREATE ROLE NAME_plain NOLOGIN`)
	t.Cleanup(func() {
		admin(`DROP OWNED BY NAME_plain CASCADE`)
		admin(`DROP ROLE NAME_plain`)
	})
	admin(`GRANT NAME_plain TO current_user`)
	admin(`GRANT CREATE ON DATABASE NAME TO NAME_plain`)
	admin(`GRANT CREATE ON SCHEMA public TO NAME_plain`)

	config := db.Pool.Config()
	config.ConnConfig.RuntimeParams["role"] = name + "_plain"
	plain, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	_, err = migrations.Expand(ctx, plain)
	if app.KindOf(err) != app.Forbidden || !strings.Contains(err.Error(), `CREATE ROLE "`+name+`_tenant" NOLOGIN`) {
		t.Fatalf("without rights: %v", err)
	}
	if _, err := migrations.Check(ctx, plain); app.KindOf(err) != app.Forbidden || !strings.Contains(err.Error(), `ALTER USER "`+name+`_plain" CREATEDB CREATEROLE`) {
		t.Errorf("a check without rights: %v", err)
	}
	admin(`CREATE ROLE "NAME_tenant" NOLOGIN`)
	admin(`GRANT "NAME_tenant" TO NAME_plain`)
	if _, err := migrations.Expand(ctx, plain); err != nil {
		t.Errorf("with the role given: %v", err)
	}
}
