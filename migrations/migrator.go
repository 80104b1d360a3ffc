package migrations

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
)

// lock is the advisory lock under which a database is migrated: one process at a time.
const lock = 0x6d616a6573746963

// lockTimeout is how long a migration waits for a lock. Whoever wants a strong
// one keeps everybody waiting who comes after: so it gives up soon, lets them by
// and tries again.
const lockTimeout = 500 * time.Millisecond

// migrator changes a database while it holds its lock.
type migrator struct {
	schema
	conn  *pgx.Conn     // holds the lock, and looks
	pool  *pgxpool.Pool // waits for locks as long as it takes
	brief *pgxpool.Pool // waits for lockTimeout
}

// locked runs do alone among all processes that migrate this database.
func (s schema) locked(ctx context.Context, pool *pgxpool.Pool, do func(*migrator) error) (err error) {
	defer func() {
		if ours := new(app.Error); err != nil && !errors.As(err, &ours) {
			err = fmt.Errorf("migrations: %w", err)
		}
	}()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	// Asked again and again, and not waited for: a session that waits has a
	// snapshot, for whose end a CREATE INDEX CONCURRENTLY of ours would wait.
	for held := false; !held; {
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(lock)).Scan(&held); err != nil {
			return fmt.Errorf("take the lock: %w", err)
		}
		if !held {
			if err := pause(ctx, 20*time.Millisecond); err != nil {
				return fmt.Errorf("another process migrates this database: %w", err)
			}
		}
	}
	defer conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(lock))

	config := pool.Config()
	config.ConnConfig.RuntimeParams["lock_timeout"] = fmt.Sprint(lockTimeout.Milliseconds())
	brief, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return err
	}
	defer brief.Close()
	return do(&migrator{s, conn.Conn(), pool, brief})
}

// patiently takes a step again and again while it does not get its locks.
func (m *migrator) patiently(ctx context.Context, what string, step func() error) error {
	end := time.Now().Add(m.patience)
	var busy error
	for wait := lockTimeout / 5; ; wait = min(2*wait, 4*lockTimeout) {
		err := step()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil && busy != nil {
			return busy
		}
		if !outwaited(err) {
			return fmt.Errorf("%s: %w", what, err)
		}
		busy = m.busy(what, err)
		if time.Now().Add(wait).After(end) || pause(ctx, wait) != nil {
			return busy
		}
	}
}

// outwaited tells whether a step failed since others held its locks.
func outwaited(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "55P03" || pg.Code == "40P01") // lock_not_available, deadlock_detected
}

// busy says whose transactions are in the way of a step that has just given up:
// those that are older than its wait, and have locked a table.
func (m *migrator) busy(what string, err error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 4*lockTimeout)
	defer cancel()
	rows, qerr := m.conn.Query(ctx, `
		SELECT format('pid %s (%s) in a transaction since %s: %s', pid, coalesce(nullif(application_name, ''), usename, backend_type),
			to_char(xact_start, 'YYYY-MM-DD HH24:MI:SS'), left(regexp_replace(query, '\s+', ' ', 'g'), 80))
		FROM pg_stat_activity a
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < clock_timestamp() - $1 * interval '1 millisecond'
			AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.granted AND l.locktype = 'relation')
		ORDER BY xact_start LIMIT 3`, lockTimeout.Milliseconds())
	holders, qerr2 := pgx.CollectRows(rows, pgx.RowTo[string])
	who := strings.Join(holders, "; ")
	if qerr = errors.Join(qerr, qerr2); qerr != nil || who == "" {
		who = "transactions that have ended since"
	}
	return &app.Error{
		Kind:    app.Unavailable,
		Message: fmt.Sprintf("%s did not get its locks, and nothing was changed; in its way: %s. Try again when that has ended, or end it with: SELECT pg_terminate_backend(PID)", what, who),
		Err:     err,
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
