package migrations

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
)

// scratchLock lets one check at a time work beside a database.
const scratchLock = lock + 1

const scratchMark = "scratch of app migrate check"

// scratch runs do on a new, empty database beside the pool's, and drops it.
func scratch(ctx context.Context, pool *pgxpool.Pool, do func(*pgxpool.Pool) error) (err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var user, database string
	var able bool
	err = conn.QueryRow(ctx, `SELECT current_user, current_database(), rolsuper OR rolcreatedb AND rolcreaterole FROM pg_roles WHERE rolname = current_user`).Scan(&user, &database, &able)
	if err != nil {
		return err
	}
	if !able {
		return app.Errorf(app.Forbidden, "the database user %s may not make the scratch database of a check; check with the private cluster, without DATABASE_URL, or let an administrator run: ALTER USER %[2]s CREATEDB CREATEROLE",
			user, pgx.Identifier{user}.Sanitize())
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(scratchLock)); err != nil {
		return err
	}
	defer conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(scratchLock))

	prefix := database + "_check_"
	if err := dropLeft(ctx, conn.Conn(), prefix); err != nil {
		return err
	}
	name := prefix + strings.ToLower(rand.Text()[:10])
	defer func() { err = errors.Join(err, dropDatabase(context.WithoutCancel(ctx), conn.Conn(), name)) }()
	for _, sql := range []string{"CREATE DATABASE %s", "COMMENT ON DATABASE %s IS '" + scratchMark + "'"} {
		if _, err := conn.Exec(ctx, fmt.Sprintf(sql, pgx.Identifier{name}.Sanitize())); err != nil {
			return fmt.Errorf("make a scratch database: %w", err)
		}
	}
	config := pool.Config()
	config.ConnConfig.Database = name
	db, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("open the scratch database: %w", err)
	}
	defer db.Close()
	return do(db)
}

// dropLeft drops what checks that were killed have left.
func dropLeft(ctx context.Context, conn *pgx.Conn, prefix string) error {
	rows, err := conn.Query(ctx, `SELECT datname FROM pg_database WHERE starts_with(datname, $1) AND shobj_description(oid, 'pg_database') = $2`, prefix, scratchMark)
	if err != nil {
		return fmt.Errorf("find left scratch databases: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range names {
		err = errors.Join(err, dropDatabase(ctx, conn, name))
	}
	return err
}

func dropDatabase(ctx context.Context, conn *pgx.Conn, name string) error {
	for _, sql := range []string{
		"DROP DATABASE IF EXISTS " + pgx.Identifier{name}.Sanitize() + " WITH (FORCE)",
		"DROP ROLE IF EXISTS " + pgx.Identifier{name + "_tenant"}.Sanitize(),
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("drop the scratch database: %w", err)
		}
	}
	return nil
}
