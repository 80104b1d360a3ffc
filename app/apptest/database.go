// Package apptest has what tests of several rooms need: a real database, real
// folders, fixtures. Only tests import it.
package apptest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"majestic/app/postgres"
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
	if err := sweep(ctx, db); err != nil {
		fmt.Fprintln(os.Stderr, "the test cluster:", err)
		return 1
	}
	return m.Run()
}

// Database is a fresh, empty database in a cluster that all test packages of
// this user share. It is dropped at the test's end with its tenant role; the
// last test process out stops the cluster.
func Database(t testing.TB) *postgres.DB {
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
	if _, err := server.Pool.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make database %s: %v", name, err)
	}
	t.Cleanup(func() {
		if err := drop(ctx, server, name); err != nil {
			t.Error(err)
		}
	})
	db, err := postgres.Open(ctx, postgres.Options{
		URL:  strings.Replace(server.URL, "@/majestic?", "@/"+name+"?", 1),
		Name: t.Name(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.Pool = recorded(t, db.Pool)
	return db
}

// Dir is an instance directory: its path is short, as sockets need it, and open
// to the accounts of Postgres and Chrome, as t.TempDir's is not.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "majestic-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// cluster is the shared test cluster. It may lose its data: nothing waits for the
// disk. A vacuum of a database that a test is done with would keep it from being dropped.
func cluster(name string) postgres.Options {
	dir := fmt.Sprintf("/tmp/majestic-test-%d", os.Getuid())
	return postgres.Options{
		Data:     filepath.Join(dir, "postgres"),
		Locks:    filepath.Join(dir, "locks"),
		Name:     name,
		MaxConns: 2,
		Settings: map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300", "autovacuum": "off"},
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
