package migrations

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
)

// Had are the migrations that a database has had, by their kind.
func Had(ctx context.Context, pool *pgxpool.Pool) (map[string][]int64, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrations: %w", err)
	}
	defer conn.Release()
	all := map[string][]int64{}
	for _, kind := range []string{"expand", "river", "contract"} {
		had, err := applied(ctx, conn.Conn(), kind)
		if err != nil {
			return nil, fmt.Errorf("migrations: %w", err)
		}
		all[kind] = append([]int64{}, slices.Sorted(maps.Keys(had))...)
	}
	return all, nil
}

// Knows are the migrations that this release knows, by their kind.
func Knows() (map[string][]int64, error) {
	all := map[string][]int64{}
	for _, kind := range []string{"expand", "river", "contract"} {
		known, err := ours().known(kind)
		if err != nil {
			return nil, fmt.Errorf("migrations: %w", err)
		}
		all[kind] = append([]int64{}, slices.Sorted(maps.Keys(known))...)
	}
	return all, nil
}

// Pending counts what a release that knows these migrations will do to the database:
// what it adds, and takes away as this one knows.
func Pending(ctx context.Context, pool *pgxpool.Pool, knows map[string][]int64) (n int, err error) {
	had, err := Had(ctx, pool)
	if err != nil {
		return 0, err
	}
	for kind, all := range knows {
		for _, v := range all {
			if !slices.Contains(had[kind], v) && (kind != "contract" || slices.Contains(Known(), v)) {
				n++
			}
		}
	}
	return n, nil
}

// AcceptHad refuses a schema that is newer than this release. What newer releases add
// is no obstacle where this one has run with it.
func AcceptHad(had map[string][]int64, ours bool) error {
	for _, kind := range []string{"contract", "expand", "river"} {
		known, err := schema{files: files}.known(kind)
		if err != nil {
			return err
		}
		for _, v := range had[kind] {
			if _, ok := known[v]; !ok && (kind == "contract" || !ours) {
				return app.Errorf(app.Conflict, "the schema is newer than this release: it has had the %s migration %d, which this one does not know; take the release that made it, or a newer one", kind, v)
			}
		}
	}
	return nil
}
