// Package apptest has what tests of several rooms need: a real database, real
// folders, fixtures. Only tests import it.
package apptest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"majestic/app/postgres"
	"majestic/migrations"
)

// Main runs a package's tests while holding the test cluster, which would
// otherwise stop after each test that was its only user:
//
//	func TestMain(m *testing.M) { os.Exit(apptest.Main(m)) }
func Main(m *testing.M) int {
	ctx := context.Background()
	db, err := postgres.Open(ctx, cluster("apptest"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "the test cluster:", err)
		return 1
	}
	defer db.Close()
	defer func() { os.RemoveAll(builds.dir) }()
	defer func() { os.RemoveAll(clusters.dir) }()
	lasting = true
	defer closeRenderer()
	defer closeChrome()
	defer drop(ctx, db, patternName())
	if err := sweep(ctx, db); err != nil {
		fmt.Fprintln(os.Stderr, "the test cluster:", err)
		return 1
	}
	return m.Run()
}

// lasting is what tests share beyond their end, until Main closes it.
var lasting bool

// Database is a fresh, empty database in a cluster that all test packages of
// this user share. It is dropped at the test's end with its tenant role; the
// last test process out stops the cluster.
func Database(t testing.TB) *postgres.DB {
	t.Helper()
	return database(t, "template1")
}

// Migrated is a database as this release makes them, a copy of one: to migrate each
// anew takes longer than most tests.
func Migrated(t testing.TB) *postgres.DB {
	t.Helper()
	pattern, err := pattern()
	if err != nil {
		t.Fatal(err)
	}
	db := database(t, pattern)
	if _, err := db.Pool.Exec(context.Background(), fmt.Sprintf(sameGrants, pattern)); err != nil {
		t.Fatalf("give the tenant role what it has in %s: %v", pattern, err)
	}
	return db
}

// pattern is made once in a process. Nobody is connected to it when it is copied.
var pattern = sync.OnceValues(func() (name string, err error) {
	ctx := context.Background()
	server, err := postgres.Open(ctx, cluster(patternName()))
	if err != nil {
		return "", err
	}
	defer server.Close()
	name = patternName()
	if _, err := server.Pool.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return "", fmt.Errorf("make database %s: %w", name, err)
	}
	db, err := postgres.Open(ctx, in(server, name, name))
	if err != nil {
		return "", err
	}
	_, err = migrations.Expand(ctx, db.Pool)
	return name, errors.Join(err, db.Close())
})

func patternName() string { return fmt.Sprintf("test_%d_pattern", os.Getpid()) }

// sameGrants makes the tenant role of a copy, with all that the pattern's may do, which
// may nothing there: a role is the whole cluster's, and named after its database.
const sameGrants = `DO $$
DECLARE
	pattern constant oid := '%s_tenant'::regrole;
	may text;
BEGIN
	EXECUTE format('CREATE ROLE %%I NOLOGIN NOINHERIT NOBYPASSRLS', app.tenant_role());
	EXECUTE format('GRANT %%I TO CURRENT_USER', app.tenant_role());
	FOR may IN
		SELECT format('%%s ON SCHEMA %%I', privilege_type, nspname) FROM pg_namespace, aclexplode(nspacl) WHERE grantee = pattern
		UNION ALL SELECT format('%%s ON %%s', privilege_type, c.oid::regclass) FROM pg_class c, aclexplode(relacl) WHERE grantee = pattern
		UNION ALL SELECT format('%%s ON FUNCTION %%s', privilege_type, p.oid::regprocedure) FROM pg_proc p, aclexplode(proacl) WHERE grantee = pattern
	LOOP
		EXECUTE format('GRANT %%s TO %%I', may, app.tenant_role());
		EXECUTE format('REVOKE %%s FROM %%s', may, pattern::regrole);
	END LOOP;
END $$`

func database(t testing.TB, template string) *postgres.DB {
	t.Helper()
	ctx := context.Background()
	server, err := postgres.Open(ctx, cluster(t.Name()))
	if err != nil {
		t.Fatalf("the test cluster: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("leaving the test cluster: %v", err)
		}
	})

	name := fmt.Sprintf("test_%d_%s", os.Getpid(), strings.ToLower(rand.Text()[:10]))
	if _, err := server.Pool.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY file_copy"); err != nil {
		t.Fatalf("make database %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := drop(ctx, server, name); err != nil {
			t.Error(err)
		}
	})
	db, err := postgres.Open(ctx, in(server, name, t.Name()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.Pool = recorded(t, db.Pool)
	return db
}

// in opens another database of a server, for whom.
func in(server *postgres.DB, database, whom string) postgres.Options {
	return postgres.Options{URL: strings.Replace(server.URL, "@/majestic?", "@/"+database+"?", 1), Name: whom}
}

// Dir is an instance directory: its path is short, as sockets need it, and open
// to the accounts of Postgres and Chrome, as t.TempDir's is not.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func makeDir() (string, error) {
	dir, err := os.MkdirTemp(place(), "majestic-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// cluster is the shared test cluster. It may lose its data: nothing waits for the
// disk. A vacuum of a database that a test is done with would keep it from being dropped.
func cluster(name string) postgres.Options {
	dir := filepath.Join(place(), fmt.Sprintf("majestic-test-%d", os.Getuid()))
	return postgres.Options{
		Data:     filepath.Join(dir, "postgres"),
		Locks:    filepath.Join(dir, "locks"),
		Name:     name,
		MaxConns: 2,
		Settings: map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300", "autovacuum": "off", "max_wal_size": "256MB"},
	}
}

func drop(ctx context.Context, db *postgres.DB, name string) error {
	for _, sql := range []string{
		"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)",
		"DROP ROLE IF EXISTS " + pgx.Identifier{name + "_tenant"}.Sanitize(),
	} {
		if _, err := db.Pool.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// sweep drops the databases of test processes that were killed.
func sweep(ctx context.Context, db *postgres.DB) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	rows, err := db.Pool.Query(ctx, `SELECT datname FROM pg_database WHERE datname LIKE 'test\_%'`)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		pid, err := strconv.Atoi(strings.Split(name, "_")[1])
		if err != nil {
			continue
		}
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); err == nil {
			continue
		}
		if err := drop(ctx, db, name); err != nil {
			return err
		}
	}
	return nil
}
