package apptest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// StatementsEnv names a folder in which Database leaves the statements that the
// product and River send, a file each, for the record of a release.
const StatementsEnv = "APPTEST_STATEMENTS"

// recorded is the pool, with the statements that go through it recorded when they are asked for.
func recorded(t testing.TB, pool *pgxpool.Pool) *pgxpool.Pool {
	dir := os.Getenv(StatementsEnv)
	if dir == "" {
		return pool
	}
	config := pool.Config()
	config.ConnConfig.Tracer = recorder{t, dir}
	traced, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(traced.Close)
	return traced
}

type recorder struct {
	t   testing.TB
	dir string
}

// preparable are the statements that have a plan; sessions' own commands stay out.
var preparable = regexp.MustCompile(`(?is)^(\s|--[^\n]*\n|/\*.*?\*/)*(select|insert|update|delete|with)\b`)

func (r recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	r.record(q.SQL)
	return ctx
}

func (r recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	for _, q := range b.Batch.QueuedQueries {
		r.record(q.SQL)
	}
	return ctx
}

func (r recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (r recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {
}
func (r recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (r recorder) record(sql string) {
	if !preparable.MatchString(sql) || !fromProduct() {
		return
	}
	sql = strings.TrimSpace(sql) + "\n"
	name := filepath.Join(r.dir, fmt.Sprintf("%x.sql", sha256.Sum256([]byte(sql))))
	if err := os.WriteFile(name, []byte(sql), 0o644); err != nil {
		r.t.Error(err)
	}
}

// fromProduct tells whether the statement being sent comes from a room of ours or
// River, and not from a test or a migration.
func fromProduct() bool {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	for river := false; ; {
		f, more := frames.Next()
		switch {
		case strings.Contains(f.Function, "/rivermigrate."):
			return false
		case strings.HasPrefix(f.Function, "github.com/riverqueue/"):
			river = true
		case strings.HasPrefix(f.Function, "majestic"):
			return river || !strings.HasSuffix(f.File, "_test.go") && !strings.HasPrefix(f.Function, "majestic/app/apptest")
		}
		if !more {
			return river
		}
	}
}
