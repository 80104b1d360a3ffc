package migrations

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
)

// Between two looks at whether a release is alone, and at most after a failure.
const (
	lookEvery    = time.Second
	longestPause = time.Minute
)

func (s schema) follow(ctx context.Context, pool *pgxpool.Pool, in Instance, log *slog.Logger) {
	for {
		err := s.announce(ctx, pool, in.Release)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		log.Error("this release cannot be recorded as committed yet", "err", err)
		if pause(ctx, lookEvery) != nil {
			return
		}
	}
	for first, wait := true, lookEvery; ; first = false {
		if alone, err := in.Alone(); first || err == nil && alone {
			done, left, err := s.contract(ctx, pool, in)
			if len(done) > 0 {
				log.Info("took away what no release here needs any more", "migrations", done)
			}
			if err == nil && left == 0 {
				return
			}
			if err != nil && ctx.Err() == nil {
				log.Error("what no release needs any more cannot be taken away yet", "err", err)
				wait = min(2*wait, longestPause)
			}
		}
		if pause(ctx, wait) != nil {
			return
		}
	}
}

// announce records that a release has committed, and what it knows.
func (s schema) announce(ctx context.Context, pool *pgxpool.Pool, release string) error {
	known, err := s.list("contract")
	if err != nil {
		return err
	}
	return s.locked(ctx, pool, func(m *migrator) error {
		// Ordered by id, since a clock may go back. A few are kept, to name those that know a migration.
		_, err := m.conn.Exec(ctx, `
			CREATE TABLE IF NOT EXISTS migrations_announced (
				id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, release text NOT NULL UNIQUE,
				contract bigint[] NOT NULL, committed_at timestamptz NOT NULL DEFAULT now())`)
		if err != nil {
			return fmt.Errorf("announce the release: %w", err)
		}
		return pgx.BeginFunc(ctx, m.conn, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `DELETE FROM migrations_announced WHERE release = $1 OR id NOT IN (SELECT id FROM migrations_announced ORDER BY id DESC LIMIT 20)`, release)
			if err == nil {
				_, err = tx.Exec(ctx, `INSERT INTO migrations_announced (release, contract) VALUES ($1, $2)`, release, versions(known))
			}
			if err != nil {
				return fmt.Errorf("announce the release: %w", err)
			}
			return nil
		})
	})
}

// contract takes away what may be taken away now, and answers with what it
// was and how much is left for when the release is alone.
func (s schema) contract(ctx context.Context, pool *pgxpool.Pool, in Instance) (done []string, left int, err error) {
	err = s.locked(ctx, pool, func(m *migrator) error {
		due, err := m.due(ctx, in.Release)
		if err != nil || len(due) == 0 {
			return err
		}
		left = len(due)
		// Asked under the lock: whoever starts now finds it taken, and then what was taken away.
		if alone, err := in.Alone(); err != nil || !alone {
			return err
		}
		for _, f := range due {
			if _, err := m.apply(ctx, []file{f}); err != nil {
				return err
			}
			done = append(done, f.name)
			left--
		}
		return nil
	})
	return done, left, err
}

// due are the contract migrations that the newest committed release, which must
// be this one, and the one before it know, and the database has not had.
func (m *migrator) due(ctx context.Context, release string) (due []file, err error) {
	there, err := exists(ctx, m.conn, "migrations_announced")
	if err != nil || !there {
		return nil, err
	}
	type announced struct {
		Release  string
		Contract []int64
	}
	rows, err := m.conn.Query(ctx, `SELECT release, contract FROM migrations_announced ORDER BY id DESC LIMIT 2`)
	if err != nil {
		return nil, err
	}
	last, err := pgx.CollectRows(rows, pgx.RowToStructByName[announced])
	if err != nil {
		return nil, err
	}
	if len(last) < 2 || last[0].Release != release {
		return nil, nil
	}
	had, err := applied(ctx, m.conn, "contract")
	if err != nil {
		return nil, err
	}
	all, err := m.list("contract")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(f file) bool {
		_, ok := had[f.version]
		return ok || !slices.Contains(last[1].Contract, f.version)
	}), nil
}

// accept refuses who does not know what the database has had.
func accept(ctx context.Context, conn *pgx.Conn, known []int64) error {
	had, err := applied(ctx, conn, "contract")
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	var unknown []int64
	for v := range had {
		if !slices.Contains(known, v) {
			unknown = append(unknown, v)
		}
	}
	if unknown == nil {
		return nil
	}
	slices.Sort(unknown)
	able := "the release that made this database"
	there, err := exists(ctx, conn, "migrations_announced")
	if err == nil && there {
		var release string
		if conn.QueryRow(ctx, `SELECT release FROM migrations_announced WHERE contract @> $1 ORDER BY id DESC LIMIT 1`, unknown).Scan(&release) == nil {
			able = fmt.Sprintf("releases/%s/app", release)
		}
	}
	return app.Errorf(app.Conflict, "the release is too old for the database: it still uses what the contract migrations %v have taken away; run %s, or a newer one", unknown, able)
}
