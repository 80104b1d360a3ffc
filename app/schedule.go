package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Schedule is something that the installation does for itself again and again: what,
// how often, how it went and when it is due. There is one for all releases and
// processes.
type Schedule struct {
	Name    string
	What    string        `db:"-"`
	Every   time.Duration `db:"-"` // 0 is of another release, which alone knows
	NextAt  time.Time
	LastAt  *time.Time // when it began last
	Took    time.Duration
	Release string // that did it
	Did     string
	Error   string // the last time; it is tried again sooner
}

const scheduleColumns = `name, next_at, last_at, took, release, did, error`

// Schedules are all, the next one first. They are for operators.
func (a *App) Schedules(ctx context.Context) (all []Schedule, err error) {
	err = a.owner(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+scheduleColumns+` FROM schedules ORDER BY next_at, name`)
		if err != nil {
			return fmt.Errorf("read schedules: %w", err)
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[Schedule])
		return err
	})
	for i := range all {
		if c, known := choreNamed(a.chores(), all[i].Name); known {
			all[i].What, all[i].Every = c.what, c.every
		}
	}
	return all, err
}

// DoDue does what is due, also what was due while nobody ran, and tells when
// something is again. Of several processes one does; a schedule moves on when its work
// is done, so what is cut is begun again by whoever comes next. A muted instance does
// nothing.
func (a *App) DoDue(ctx context.Context) (next time.Duration, err error) {
	if a.Muted() {
		return soon, nil
	}
	conn, err := a.pool.Acquire(ctx)
	if err != nil {
		return soon, explain(err)
	}
	// Not back into the pool: its session holds a lock, which ends with it.
	mine := conn.Hijack()
	defer mine.Close(context.WithoutCancel(ctx))
	var alone bool
	if err := mine.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended('schedules', 0))`).Scan(&alone); err != nil || !alone {
		return soon, explain(err)
	}
	// By word: of the session's end Postgres takes note a moment later.
	defer mine.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(hashtextextended('schedules', 0))`)
	chores := a.chores()
	for _, c := range chores {
		_, err := mine.Exec(ctx, `INSERT INTO schedules (name, next_at) VALUES ($1, now() + $2::interval) ON CONFLICT (name) DO NOTHING`, c.name, c.every)
		if err != nil {
			return soon, explain(fmt.Errorf("add schedule: %w", err))
		}
	}
	for {
		c, wait, err := due(ctx, mine, chores)
		if err != nil || wait > 0 {
			return wait, explain(err)
		}
		if err := a.do(ctx, mine, c); err != nil {
			return soon, explain(err)
		}
	}
}

// soon is how long it takes to look again when another process does what is due.
const soon = 10 * time.Second

// chore is what is done when a schedule is due.
type chore struct {
	name, what string
	every      time.Duration
	do         func(context.Context) (did string, err error)
}

func choreNamed(all []chore, name string) (chore, bool) {
	i := slices.IndexFunc(all, func(c chore) bool { return c.name == name })
	if i < 0 {
		return chore{}, false
	}
	return all[i], true
}

// due is what is due, or how long until something is. A clock that was set back does
// not put anything off.
func due(ctx context.Context, conn *pgx.Conn, chores []chore) (c chore, wait time.Duration, err error) {
	var names []string
	var everies []time.Duration
	for _, c := range chores {
		names, everies = append(names, c.name), append(everies, c.every)
	}
	var name string
	err = conn.QueryRow(ctx, `
		SELECT name, CASE WHEN next_at > now() + every THEN '0' ELSE greatest(next_at - now(), '0') END AS wait
		FROM schedules JOIN unnest($1::text[], $2::interval[]) AS known (name, every) USING (name) ORDER BY wait, next_at, name LIMIT 1`, names, everies).Scan(&name, &wait)
	if err != nil {
		return c, soon, fmt.Errorf("find what is due: %w", err)
	}
	c, _ = choreNamed(chores, name)
	return c, wait, nil
}

// again is how soon something is tried again that went wrong.
const again = 10 * time.Minute

func (a *App) do(ctx context.Context, conn *pgx.Conn, c chore) error {
	began := time.Now()
	did, err := c.do(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	next, wrong := c.every, ""
	if err != nil {
		next, wrong = min(c.every, again), err.Error()
	}
	_, noted := conn.Exec(ctx, `
		UPDATE schedules SET next_at = now() + $2::interval, last_at = now() - $3::interval, took = $3, release = $4, did = $5, error = $6 WHERE name = $1`,
		c.name, next, time.Since(began), a.release, did, wrong)
	if noted != nil {
		return fmt.Errorf("note what was done: %w", noted)
	}
	return nil
}
