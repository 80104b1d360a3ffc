package postgres

import (
	"context"
	"fmt"
	"hash/fnv"

	"majestic/app"
)

// instances is the class of the advisory locks by which instances claim a database.
const instances = 0x6d616a65

// Claim keeps other instances off the database for as long as it is open: two on
// one database would take each other's processes for dead. The processes of one
// instance share the claim.
func (db *DB) Claim(ctx context.Context, instance string) error {
	pooled, err := db.Pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("claim the database: %w", err)
	}
	// The lock is the session's; out of the pool it is nobody else's.
	conn := pooled.Hijack()
	before := db.close
	db.close = func() error {
		conn.Close(context.Background())
		return before()
	}
	h := fnv.New32a()
	h.Write([]byte(instance))
	mine := int64(h.Sum32())
	var others int
	err = conn.QueryRow(ctx, `SELECT pg_advisory_lock_shared($1::int, $2::int)::text`, instances, int32(mine)).Scan(new(string))
	if err == nil {
		err = conn.QueryRow(ctx, `
			SELECT count(*) FROM pg_locks
			WHERE locktype = 'advisory' AND granted AND classid::bigint = $1 AND objid::bigint <> $2 AND objsubid = 2
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, instances, mine).Scan(&others)
	}
	if err != nil {
		return fmt.Errorf("claim the database: %w", err)
	}
	if others > 0 {
		return app.Errorf(app.Conflict, "another instance serves from this database; stop that one, or give this one a database of its own with --database-url")
	}
	return nil
}
