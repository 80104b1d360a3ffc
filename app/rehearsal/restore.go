package rehearsal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"majestic/app"
	"majestic/app/backup"
	"majestic/app/config"
)

// restore makes the copy of the newest backup, or of one that is made now. It has the
// instance's settings, secret and runtime.
func (r Rehearsal) restore(ctx context.Context, c *config.Config) error {
	b, err := r.choose(ctx)
	if err != nil {
		return err
	}
	if err := r.Instance.Apart(c.Dir); err != nil {
		return err
	}
	began := time.Now()
	if _, err := r.Keeper.Apart(c.Dir).Restore(ctx, b, backup.Wishes{Identity: backup.Identity{Without: true}}); err != nil {
		return fmt.Errorf("%w; app upgrade --check --fresh makes another backup", err)
	}
	secret, err := r.Keeper.Secret()
	if err == nil {
		err = os.WriteFile(c.Path("data", "secret.key"), secret, 0o600)
	}
	if err != nil {
		return err
	}
	frozen, link := r.Instance.Reachable("runtimes"), c.Reachable("runtimes")
	if _, err := os.Stat(frozen); err == nil {
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(frozen, link); err != nil {
			return err
		}
	}
	var rows int64
	for _, t := range b.Tables {
		rows += t.Rows
	}
	r.Tell("restore", fmt.Sprintf("restored to a copy in %.1f s: %d rows, %d files", time.Since(began).Seconds(), rows, b.Objects))
	return nil
}

func (r Rehearsal) choose(ctx context.Context) (b backup.Backup, err error) {
	if !r.Fresh {
		b, err = r.Keeper.Find("")
		if err == nil {
			r.Tell("backup", fmt.Sprintf("took the newest backup, %s, of %s", b.ID, b.At.Local().Format(time.DateTime)))
		}
		if app.KindOf(err) != app.NotFound {
			return b, err
		}
	}
	db, err := r.Database()
	if err != nil {
		return b, err
	}
	if b, err = r.Keeper.CreateSoon(ctx, db); err == nil {
		r.Tell("backup", fmt.Sprintf("made the backup %s in %.1f s", b.ID, b.Took.Seconds()))
	}
	return b, err
}
