package backup

import (
	"context"
	"fmt"
	"strings"
	"time"

	"majestic/app/postgres"
)

// Drill is what came of restoring a backup on trial.
type Drill struct {
	At      time.Time     `json:"at"`
	Took    time.Duration `json:"took_ns"`
	OK      bool          `json:"ok"`
	Error   string        `json:"error,omitempty"`
	Release string        `json:"release"`         // that did it
	Live    string        `json:"live,omitempty"`  // what it was compared with besides the manifest
	Drawn   string        `json:"drawn,omitempty"` // the design that was drawn of it
}

// Verify restores a backup on trial: its rows and files are those that were there,
// none is missing that the live database has had, this release can go on from it and
// draw a design of it. What comes of it is kept beside the backup. Without a live
// database it is not compared with one.
func (k *Keeper) Verify(ctx context.Context, b Backup, live *postgres.DB) (Backup, error) {
	held, err := b.hold()
	if err != nil {
		return b, err
	}
	defer held.Close()
	d := Drill{At: time.Now().UTC(), Release: k.Release}
	err = k.drill(ctx, b, live, &d)
	if ctx.Err() != nil {
		return b, context.Cause(ctx) // that tells nothing of the backup
	}
	d.Took, d.OK = time.Since(d.At), err == nil
	if err != nil {
		d.Error = strings.TrimPrefix(err.Error(), b.broken("").Error())
	}
	b.Drill = &d
	if rerr := remember(b.Path, drillFile, d); err == nil {
		err = rerr
	}
	return b, err
}

func (k *Keeper) drill(ctx context.Context, b Backup, live *postgres.DB, d *Drill) (err error) {
	if len(b.Missing) > 0 {
		return b.broken("of its files %d were not there, or not as they were written, when it was made: %s", len(b.Missing), b.Missing[0])
	}
	if err := k.Accept(b.Schema, true); err != nil {
		return err
	}
	s, err := k.Unpack(ctx, b)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := s.Close(); err == nil {
			err = cerr
		}
	}()
	if live != nil {
		if d.Live, err = b.compareLive(ctx, live); err != nil {
			return err
		}
	}
	if err := k.Migrate(ctx, s.DB.Pool); err != nil {
		return fmt.Errorf("bring the restored schema to this release: %w", err)
	}
	if d.Drawn, err = k.Draw(ctx, s.DB.Pool, s.Objects); err != nil {
		return fmt.Errorf("draw a restored design: %w", err)
	}
	return nil
}
