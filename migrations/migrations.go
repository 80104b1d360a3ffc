// Package migrations carries the schema, and changes it while releases run: our
// own tables by goose's files, River's by its own migrator.
//
// Files of expand/ add, and run while the release before still serves. Files of
// contract/ take away what a release no longer uses, and run one release later:
// when that release has committed which knows them as the one before does, and no
// other lives. So the rule is: a release may run if it knows every contract
// migration that the database has had; and going back by one release always works.
package migrations

import (
	"context"
	"embed"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
)

//go:embed expand contract released
var files embed.FS

// patience is how long a migration tries to get its locks.
const patience = 30 * time.Second

func ours() schema { return schema{files, patience} }

// Instance is what migrations must know of who else runs.
type Instance struct {
	Release string
	Alone   func() (bool, error) // no generation of another release lives
}

// Expand adds what the database lacks, and returns how many steps it took. It
// refuses a database that lacks what this release needs. In a new one, where no
// older code can be, it applies everything.
func Expand(ctx context.Context, pool *pgxpool.Pool) (steps int, err error) {
	return ours().expand(ctx, pool)
}

// Contract records that a release has committed and takes away what it and the
// one before have no use for, as soon as it is alone. It returns when nothing is
// left to do, or with ctx.
func Contract(ctx context.Context, pool *pgxpool.Pool, in Instance, log *slog.Logger) {
	ours().follow(ctx, pool, in, log)
}

// Known are the contract migrations that this release knows.
func Known() []int64 { return versions(ours().must("contract")) }

// Accept refuses a release that does not know every contract migration that the
// database has had.
func Accept(ctx context.Context, pool *pgxpool.Pool, known []int64) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	defer conn.Release()
	return accept(ctx, conn.Conn(), known)
}

// Check tells what of this release's expand migrations the last release would not
// bear. It works in a scratch database beside the pool's.
func Check(ctx context.Context, pool *pgxpool.Pool) ([]app.Field, error) {
	return ours().check(ctx, pool)
}
