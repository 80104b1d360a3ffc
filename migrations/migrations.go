// Package migrations carries the schema and applies it: our own tables by goose,
// from expand/ (adds; older code goes on working) and contract/ (takes away; runs
// when no older generation lives), and River's by its own migrator.
package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"majestic/app"
)

//go:embed expand contract
var files embed.FS

// lock is the advisory lock under which a database is migrated: one process at a time.
const lock = 0x6d616a6573746963

// Up applies what the database lacks and returns how many steps it took.
func Up(ctx context.Context, pool *pgxpool.Pool) (steps int, err error) {
	// The lock lives in a session of its own: goose and River open others.
	session, err := pool.Acquire(ctx)
	if err != nil {
		return 0, fmt.Errorf("migrations: %w", err)
	}
	defer session.Release()
	if _, err := session.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(lock)); err != nil {
		return 0, fmt.Errorf("migrations: take the lock: %w", err)
	}
	defer session.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(lock))

	if err := mayCreateRoles(ctx, session.Conn()); err != nil {
		return 0, err
	}
	for _, apply := range []func(context.Context, *pgxpool.Pool) (int, error){expand, river, contract} {
		n, err := apply(ctx, pool)
		steps += n
		if err != nil {
			return steps, fmt.Errorf("migrations: %w", err)
		}
	}
	return steps, nil
}

func expand(ctx context.Context, pool *pgxpool.Pool) (int, error) {
	return goUp(ctx, pool, "expand", "migrations_expand")
}

func contract(ctx context.Context, pool *pgxpool.Pool) (int, error) {
	return goUp(ctx, pool, "contract", "migrations_contract")
}

func goUp(ctx context.Context, pool *pgxpool.Pool, folder, table string) (int, error) {
	sub, err := fs.Sub(files, folder)
	if err != nil {
		return 0, err
	}
	store, err := database.NewStore(database.DialectPostgres, table)
	if err != nil {
		return 0, err
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := goose.NewProvider(database.DialectCustom, db, sub, goose.WithStore(store))
	if errors.Is(err, goose.ErrNoMigrations) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	done, err := provider.Up(ctx)
	return len(done), err
}

func river(ctx context.Context, pool *pgxpool.Pool) (int, error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return 0, err
	}
	done, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	if err != nil {
		return 0, fmt.Errorf("river: %w", err)
	}
	return len(done.Versions), nil
}

// mayCreateRoles refuses a database whose login can neither make the walled role nor has been given it.
func mayCreateRoles(ctx context.Context, conn *pgx.Conn) error {
	var user, role string
	var able bool
	err := conn.QueryRow(ctx, `
		SELECT current_user, current_database() || '_tenant',
			(SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)
			OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = current_database() || '_tenant' AND pg_has_role(current_user, r.oid, 'MEMBER'))`,
	).Scan(&user, &role, &able)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	if !able {
		return app.Errorf(app.Forbidden, "the database user %s may not create the role %s that walls tenants off; let an administrator run: CREATE ROLE %s NOLOGIN; GRANT %s TO %s",
			user, role, pgx.Identifier{role}.Sanitize(), pgx.Identifier{role}.Sanitize(), pgx.Identifier{user}.Sanitize())
	}
	return nil
}
