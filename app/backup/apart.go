package backup

import (
	"context"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/postgres"
)

// Apart is the keeper of a copy of the instance in another folder, with a private
// cluster, where each schema is restored as it was.
func (k *Keeper) Apart(dir string) *Keeper {
	c := *k
	c.Dir = dir
	c.Database.URL, c.Database.Data, c.Database.Locks = "", filepath.Join(dir, "data", "postgres"), filepath.Join(dir, "tmp")
	c.Accept = func(map[string][]int64, bool) error { return nil }
	c.Migrate = func(context.Context, *pgxpool.Pool) error { return nil }
	c.Running = func() (bool, error) { return false, nil }
	return &c
}

// Forget removes what restores and drills that were killed have left.
func (k *Keeper) Forget() error { return k.clearStages() }

// CreateSoon is Create for a release that waits for it, after a backup that is being
// made just now, which does not hurry.
func (k *Keeper) CreateSoon(ctx context.Context, db *postgres.DB) (Backup, error) {
	soon := *k
	soon.hurries = true
	for {
		b, err := soon.Create(ctx, db, false)
		if app.KindOf(err) != app.Conflict {
			return b, err
		}
		select {
		case <-ctx.Done():
			return b, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
