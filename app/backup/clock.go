package backup

import (
	"context"
	"errors"
	"reflect"
	"time"

	"majestic/app"
	"majestic/app/postgres"
)

// Schedule is what is done by itself.
type Schedule struct {
	Every   time.Duration // between backups; 0 is never
	Trial   time.Duration // between drills; 0 is never
	Keep    Keep
	Command string // BACKUP_COMMAND, "" for none
	Limit   time.Duration
}

// How soon what failed is tried again, and an alarm is said again.
const (
	again      = 5 * time.Minute
	againDrill = time.Hour
	againAlarm = time.Hour
)

// clock does what is due, and remembers what it has tried.
type clock struct {
	*Keeper
	Schedule
	db                      *postgres.DB
	tried, drilled, alarmed time.Time
}

// Tend does what the schedule says until ctx ends, which cuts what is under way, or
// begins nothing more when leave is closed: another process does it from then on.
// What is due shows in the folder of the backups alone, so that who takes over goes on.
func (k *Keeper) Tend(ctx context.Context, leave <-chan struct{}, db *postgres.DB, s Schedule) {
	if s.Every <= 0 {
		return
	}
	c := &clock{Keeper: k, Schedule: s, db: db}
	tick := time.NewTicker(max(time.Second/10, min(20*time.Second, s.Every/10)))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-leave:
			return
		case <-tick.C:
		}
		select {
		case <-leave:
			return
		default:
			c.tick(ctx, time.Now())
		}
	}
}

func (c *clock) tick(ctx context.Context, now time.Time) {
	if c.Muted() {
		return
	}
	all, err := c.List()
	if err == nil && c.due(all, now) {
		c.tried = now
		if err = c.make(ctx); err == nil {
			all, err = c.List()
		}
	}
	if err == nil && c.untried(all, now) && ctx.Err() == nil {
		c.drilled = now
		b, verr := c.Verify(ctx, all[0], c.db)
		if err = verr; err == nil {
			c.Log.Info("a backup came back on trial", "backup", b.ID, "took", b.Drill.Took.Round(time.Millisecond), "drawn", b.Drill.Drawn, "compared", b.Drill.Live)
		}
	}
	if ctx.Err() != nil {
		return
	}
	if app.KindOf(err) == app.Conflict {
		return // another process is at it
	}
	if err != nil {
		c.Log.Error("a backup failed", "err", err)
	}
	if _, ill := c.Health(c.Schedule, now); ill != nil && (c.alarmed.IsZero() || now.Sub(c.alarmed) >= againAlarm) {
		c.alarmed = now
		c.Log.Error("the backups are not as they should be", "why", ill.Error(), "hint", "app backup list shows them")
	}
}

// make makes a backup, has it carried elsewhere, and removes old ones.
func (c *clock) make(ctx context.Context) error {
	b, err := c.Create(ctx, c.db, false)
	if err != nil {
		if ctx.Err() == nil && app.KindOf(err) != app.Conflict {
			c.noteFailure(err, time.Now())
		}
		return err
	}
	c.Log.Info("made a backup", "backup", b.ID, "took", b.Took.Round(time.Millisecond), "bytes", b.Bytes())
	if c.Command != "" {
		_, err = c.Carry(ctx, b, c.Command, c.Limit)
	}
	gone, perr := c.Prune(c.Keep)
	if len(gone) > 0 {
		c.Log.Info("removed old backups", "backups", len(gone))
	}
	return errors.Join(err, perr)
}

// due tells whether it is time for a backup. A young instance has a while to become
// something; a backup of the future tells of a clock that was set back.
func (c *clock) due(all []Backup, now time.Time) bool {
	if since := now.Sub(c.tried); since >= 0 && since < min(again, c.Every) {
		return false
	}
	if len(all) == 0 {
		age := now.Sub(c.born(now))
		return age < 0 || age >= c.Every/6
	}
	age := all[0].age(now)
	return age < -time.Minute || age >= c.Every
}

// untried tells whether the newest backup is to be tried: the last trial is long ago,
// or was of another schema.
func (c *clock) untried(all []Backup, now time.Time) bool {
	if since := now.Sub(c.drilled); len(all) == 0 || c.Trial <= 0 || since >= 0 && since < min(againDrill, c.Trial) {
		return false
	}
	for _, b := range all {
		if b.Drill == nil {
			continue
		}
		age := now.Sub(b.Drill.At)
		return age < -time.Minute || age >= c.Trial || !b.Drill.OK && b.ID != all[0].ID || !reflect.DeepEqual(b.Schema, all[0].Schema)
	}
	return true
}
