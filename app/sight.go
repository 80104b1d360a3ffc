package app

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// querier is a transaction, or a sight.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// sight is what lies behind a wall, to be read by single statements. Each is a
// transaction of its own and one round trip to the database, where tx makes three.
type sight struct {
	app    *App
	tenant string // "" for none
}

// sight reads what the tenant has.
func (t Tenant) sight() sight { return sight{t.app, t.id.String()} }

// strangersSight reads what may be known before a tenant is; see outside.
func (a *App) strangersSight() sight { return sight{a, ""} }

// Query sends the role and the tenant ahead of a statement. All that is sent at once
// is one transaction, with which both settings end.
func (s sight) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('role', $1, true), set_config('app.tenant', $2, true)`, s.app.role, s.tenant)
	batch.Queue(sql, args...)
	results := s.app.pool.SendBatch(ctx, batch)
	if _, err := results.Exec(); err != nil {
		results.Close()
		return nil, err
	}
	rows, err := results.Query()
	if err != nil {
		results.Close()
		return nil, err
	}
	return sightRows{rows, results}, nil
}

// sightRows gives the connection back when they are read.
type sightRows struct {
	pgx.Rows
	results pgx.BatchResults
}

func (r sightRows) Close() {
	r.Rows.Close()
	r.results.Close()
}

func (r sightRows) Next() bool {
	more := r.Rows.Next()
	if !more {
		r.Close()
	}
	return more
}
