package backup

import (
	"context"
	"fmt"
	"time"

	"majestic/app"
	"majestic/app/postgres"
)

// How long somebody may wait, again and again, for tables that a backup reads, before
// it gives way: a migration tries for half a minute, see migrations.
const (
	patience = 10 * time.Second
	lookWait = 200 * time.Millisecond
)

// giveWay fails when a migration does not get its locks since a backup holds tables, or
// does not get on since the backup's snapshot, which is the session pid's, is older
// than an index it makes.
func giveWay(ctx context.Context, db *postgres.DB, pid uint32) error {
	tick := time.NewTicker(lookWait)
	defer tick.Stop()
	var first, last time.Time // when it was seen to wait
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		var waits bool
		err := db.Pool.QueryRow(ctx, `
			SELECT EXISTS (
				SELECT FROM pg_locks l WHERE NOT granted AND locktype IN ('relation', 'virtualxid') AND pg_blocking_pids(l.pid) &&
					(SELECT array_agg(pid) FROM pg_stat_activity WHERE datname = current_database() AND (application_name = 'pg_dump' OR pid = $1)))`,
			int64(pid)).Scan(&waits)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("look who waits for the backup: %w", err)
		}
		now := time.Now()
		switch {
		case !waits:
			continue
		case now.Sub(last) > patience:
			first = now
		case now.Sub(first) > patience:
			return app.Errorf(app.Unavailable, "the backup gave way to a migration that needs the tables which it reads; make it again when that is done")
		}
		last = now
	}
}
