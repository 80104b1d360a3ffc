package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"golang.org/x/sys/unix"

	"majestic/app"
	"majestic/app/postgres"
)

// Wishes are what somebody wants of a restore.
type Wishes struct {
	Force    bool // replace what is there, and keep it aside
	Identity Identity
}

// Restored is what a restore has done.
type Restored struct {
	Backup  Backup   `json:"backup"`
	Kept    string   `json:"kept,omitempty"` // where that lies which was replaced
	Notes   []string `json:"notes,omitempty"`
	Secrets bool     `json:"secrets"`
}

// Restore makes the instance what it was when the backup was made, brought to this
// release, and muted. All is made beside the instance's data, and takes its place in
// one step: until then, and with any error, the instance is as it was.
func (k *Keeper) Restore(ctx context.Context, b Backup, w Wishes) (r Restored, err error) {
	r.Backup = b
	if err := k.check(b); err != nil {
		return r, err
	}
	if err := k.Accept(b.Schema, b.Release == k.Release); err != nil {
		return r, err
	}
	secret, err := b.open(w.Identity)
	if err != nil {
		return r, err
	}
	data := filepath.Join(k.Dir, "data")
	there, err := k.vacant(data, w.Force)
	if err != nil {
		return r, err
	}
	held, err := b.hold()
	if err != nil {
		return r, err
	}
	defer held.Close()
	st, err := k.newStage(filepath.Join(k.Dir, "data.new-"))
	if err != nil {
		return r, err
	}
	done := false
	defer func() {
		if !done {
			err = errors.Join(err, st.remove())
		}
	}()
	if err := k.revive(ctx, st, b, secret, &r); err != nil {
		return r, err
	}
	// What has replaced data keeps the stage's lock for a moment; without it, it is no stage.
	err = postgres.Apart(ctx, k.locks(), func() error {
		if err := k.stopped(); err != nil {
			return err
		}
		if !there {
			return os.Rename(st.data, data)
		}
		return unix.Renameat2(unix.AT_FDCWD, st.data, unix.AT_FDCWD, data, unix.RENAME_EXCHANGE)
	})
	if err != nil {
		return r, fmt.Errorf("put the restored data in its place: %w", err)
	}
	done = true
	err = errors.Join(os.Remove(filepath.Join(data, stageLock)), os.RemoveAll(filepath.Join(data, "locks")), syncDir(data), st.lock.Close())
	if there {
		var kerr error
		r.Kept, kerr = keepAside(st.data)
		err = errors.Join(err, kerr)
	}
	return r, errors.Join(err, syncDir(k.Dir))
}

// keepAside gives what was replaced a name that tells what it is.
func keepAside(replaced string) (string, error) {
	name := filepath.Join(filepath.Dir(replaced), "data.before-"+time.Now().UTC().Format("20060102T150405.000Z"))
	return name, os.Rename(replaced, name)
}

// vacant refuses an instance that runs, or that holds something which nobody has
// said may be replaced.
func (k *Keeper) vacant(data string, force bool) (there bool, err error) {
	if err := k.stopped(); err != nil {
		return false, err
	}
	os.Remove(filepath.Join(data, stageLock)) // of a restore that was killed when all but this was done
	entries, err := os.ReadDir(data)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil && len(entries) > 0 && !force {
		err = app.Errorf(app.Conflict, "the instance %s holds data already, and nothing was touched; name another directory with --dir, or have this one replaced with --force: what is there is then kept beside it", k.Dir)
	}
	return true, err
}

func (k *Keeper) stopped() error {
	running, err := k.Running()
	if err == nil && running {
		err = app.Errorf(app.Conflict, "the instance %s runs, and nothing was touched; end it with app stop, or restore beside it with --dir OTHER", k.Dir)
	}
	return err
}

// revive makes in a stage all that data/ is to hold.
func (k *Keeper) revive(ctx context.Context, st *stage, b Backup, secret *secrets, r *Restored) error {
	db, err := k.rows(ctx, st, b)
	if err != nil {
		return err
	}
	err = k.Migrate(ctx, db.Pool)
	if err == nil {
		_, err = db.Pool.Exec(ctx, "ANALYZE")
	}
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if secret != nil {
		r.Secrets = true
		if err := write(filepath.Join(st.data, "secret.key"), []byte(secret.SecretKey)); err != nil {
			return err
		}
	} else if err := k.keepKey(st.data, r); err != nil {
		return err
	}
	if err := k.settle(b, secret, r); err != nil {
		return err
	}
	if err := mute(st.data, b); err != nil {
		return err
	}
	return syncAll(st.data)
}

// keepKey leaves an instance that is replaced its own secret key, of which sessions and
// the secrets of webhooks are made.
func (k *Keeper) keepKey(data string, r *Restored) error {
	key, err := os.ReadFile(filepath.Join(k.Dir, "data", "secret.key"))
	if errors.Is(err, fs.ErrNotExist) {
		r.Notes = append(r.Notes, "the secret key is not in the backup; the first start makes another, unless you put the old one into data/secret.key")
		return nil
	}
	if err != nil {
		return err
	}
	r.Notes = append(r.Notes, "the secret key is not in the backup; the one that was here is kept")
	return write(filepath.Join(data, "secret.key"), key)
}

// rows restores files, and rows: into the stage, or into the empty database of a URL.
func (k *Keeper) rows(ctx context.Context, st *stage, b Backup) (*postgres.DB, error) {
	if k.Database.URL == "" {
		return st.unpack(ctx, b)
	}
	db, err := postgres.Open(ctx, k.Database)
	if err != nil {
		return nil, err
	}
	err = empty(ctx, db)
	if err == nil {
		err = b.unpack(filepath.Join(st.data, "objects"))
	}
	if err == nil {
		err = b.load(ctx, db, "--single-transaction")
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// empty refuses a database of a URL that holds tables: what it holds cannot be put
// aside as a folder can.
func empty(ctx context.Context, db *postgres.DB) error {
	var tables int
	if err := db.Pool.QueryRow(ctx, `SELECT count(*) FROM (`+ours+`) t`).Scan(&tables); err != nil {
		return fmt.Errorf("look at the database: %w", err)
	}
	if tables > 0 {
		return app.Errorf(app.Conflict, "the database that DATABASE_URL names holds %d tables already, and nothing was touched; make an empty one, and name that: so the old one is kept", tables)
	}
	return nil
}

// settle brings back the settings where the instance has none. Which database they
// named is the old machine's: two instances on one would be each other's end.
func (k *Keeper) settle(b Backup, secret *secrets, r *Restored) error {
	to := filepath.Join(k.Dir, settingsFile)
	if _, err := os.Lstat(to); err == nil {
		r.Notes = append(r.Notes, "the settings in "+to+" are left as they are")
		return nil
	}
	var text string
	switch {
	case secret != nil:
		text = secret.Settings
	case b.Settings:
		public, err := os.ReadFile(filepath.Join(b.Path, settingsFile))
		if err != nil {
			return err
		}
		text = string(public)
	}
	if text == "" {
		return nil
	}
	shared := b.liesWhereSet(text)
	if shared {
		r.Notes = append(r.Notes, "backup_dir is left out of "+to+": the instance that this one is restored from keeps its backups there, and would lose them to ours; if it is gone, set it again")
	}
	var kept strings.Builder
	for line := range strings.Lines(text) {
		switch name := settingOf(line); {
		case name == "database_url":
			line = "# database_url is left out: the rows were restored to where this instance keeps its own\n"
		case name == "backup_dir" && shared:
			line = "# backup_dir is left out: another instance keeps its backups there\n"
		}
		kept.WriteString(line)
	}
	if strings.Contains(text, "is left out") {
		r.Notes = append(r.Notes, "secrets among the settings are not in the backup: look at "+to)
	}
	return write(to, []byte(kept.String()))
}

// liesWhereSet tells whether the backup lies in the very folder that the settings name.
func (b Backup) liesWhereSet(settings string) bool {
	var set struct {
		BackupDir string `toml:"backup_dir"`
	}
	if _, err := toml.Decode(settings, &set); err != nil || !filepath.IsAbs(set.BackupDir) {
		return false
	}
	named, err := os.Stat(set.BackupDir)
	if err != nil {
		return false
	}
	of, err := os.Stat(filepath.Dir(b.Path))
	return err == nil && os.SameFile(named, of)
}

// locks is how the instance's private cluster is kept from being started, whoever it
// is: with a URL there is none, and its locks are free.
func (k *Keeper) locks() postgres.Options {
	o := k.Database
	o.URL = ""
	return o
}

// syncAll makes all below a folder outlast a power cut: Postgres has not waited for
// the disk.
func syncAll(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Syncfs(int(d.Fd()))
}

// mutedFile, in data/, keeps an instance from the world outside.
const mutedFile = "muted"

func mute(data string, b Backup) error {
	text, err := json.Marshal(map[string]any{"backup": b.ID, "at": time.Now().UTC()})
	if err != nil {
		return err
	}
	return write(filepath.Join(data, mutedFile), append(text, '\n'))
}

// Muted tells whether the instance was restored, and nobody has said since that it
// may act on the world outside.
func (k *Keeper) Muted() bool {
	_, err := os.Stat(filepath.Join(k.Dir, "data", mutedFile))
	return err == nil
}

// Unmute lets it act again.
func (k *Keeper) Unmute() (was bool, err error) {
	err = os.Remove(filepath.Join(k.Dir, "data", mutedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
