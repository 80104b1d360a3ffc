// Package backup keeps copies of an instance, and proves that it comes back from
// them. A backup is a folder: a dump of the database, the list of the files that its
// rows name, the settings, and a manifest that says what must be found when it is
// restored; SHA256SUMS has the sum of each part. The files themselves lie beside the
// backups, in objects/, each once, by the hash of what is in it.
//
// All that is known of a backup lies in its folder. Nothing here asks the database
// whether there are backups, since a backup is for when there is none.
package backup

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/postgres"
)

// Keeper makes the backups of an instance, and restores it from one. Its functions
// are what other rooms know of the schema and of drawing.
type Keeper struct {
	Dir      string           // of the instance
	Place    string           // where its backups lie
	Database postgres.Options // of the instance
	Product  string
	Release  string
	Version  string

	Recipient string                                                                      // age's, to whom secrets are encrypted; "" for nobody
	Secret    func() ([]byte, error)                                                      // the instance's secret key
	Running   func() (bool, error)                                                        // whether a process of the instance lives
	Schema    func(ctx context.Context, db *pgxpool.Pool) (map[string][]int64, error)     // the migrations that a database has had, by their kind
	Accept    func(schema map[string][]int64, ours bool) error                            // whether this release can work with such a schema; ours: this release has
	Migrate   func(ctx context.Context, db *pgxpool.Pool) error                           // brings a schema to what this release needs
	Draw      func(ctx context.Context, db *pgxpool.Pool, objects string) (string, error) // draws a design of a restored instance, and says which

	Log *slog.Logger

	hurries bool // a release waits for the backup
}

// Backup is one that is there.
type Backup struct {
	Manifest
	Path    string   `json:"path"`
	Drill   *Drill   `json:"drill,omitempty"`   // the last
	Command *Command `json:"command,omitempty"` // what BACKUP_COMMAND came to
}

// List is every backup in the place, newest first.
func (k *Keeper) List() ([]Backup, error) {
	all, _, err := k.list()
	return all, err
}

// list also finds the folders of what is no backup any more, since its manifest cannot
// be read.
func (k *Keeper) list() (all []Backup, bad []string, err error) {
	entries, err := os.ReadDir(k.Place)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, unusable(k.Place, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), unfinished) || !e.IsDir() {
			continue
		}
		path := filepath.Join(k.Place, e.Name())
		b, err := read(path)
		if err == nil {
			all = append(all, b)
		} else if _, gone := os.Stat(path); gone == nil && named(e.Name()) {
			bad = append(bad, path)
		}
	}
	slices.SortFunc(all, func(a, b Backup) int { return cmp.Compare(b.Serial, a.Serial) })
	return all, bad, nil
}

// named tells whether a folder has the name of a backup.
func named(folder string) bool {
	ours, _ := filepath.Match("[0-9]*-[0-9]*T[0-9]*Z", folder)
	return ours
}

// Find is the backup of an id, or in a folder; "" is the newest.
func (k *Keeper) Find(which string) (Backup, error) {
	if which == "" {
		all, err := k.List()
		if err == nil && len(all) == 0 {
			err = app.Errorf(app.NotFound, "there is no backup in %s; make one with: app backup create", k.Place)
		}
		if err != nil {
			return Backup{}, err
		}
		return all[0], nil
	}
	for _, path := range []string{filepath.Join(k.Place, which), which} {
		_, err := os.Stat(filepath.Join(path, manifestFile))
		if errors.Is(err, fs.ErrPermission) {
			return Backup{}, app.Errorf(app.Forbidden, "the backup %s cannot be read with the rights of the account that owns %s; give it to that account, or say as root: app setup --from-backup %[1]s", path, k.Dir)
		}
		if err != nil {
			continue
		}
		if path, err = filepath.Abs(path); err != nil {
			return Backup{}, err
		}
		return read(path)
	}
	if info, err := os.Stat(which); err == nil && info.IsDir() {
		return Backup{}, app.Errorf(app.NotFound, "%s is no backup: it has no %s; name the folder of one", which, manifestFile)
	}
	return Backup{}, app.Errorf(app.NotFound, "there is no backup %s, neither in %s nor as a folder; app backup list shows what there is", which, k.Place)
}

// read reads what is known of a backup, and not yet whether it is whole.
func read(path string) (b Backup, err error) {
	b.Path = path
	if b.Manifest, err = readManifest(path); err != nil {
		return b, err
	}
	b.Drill, err = recall[Drill](path, drillFile)
	if err != nil {
		return b, err
	}
	b.Command, err = recall[Command](path, commandFile)
	return b, err
}

// recall reads a record beside a backup; nil is that there is none. One that is
// broken is none: it is made again.
func recall[T any](path, file string) (*T, error) {
	text, err := os.ReadFile(filepath.Join(path, file))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := new(T)
	if json.Unmarshal(text, v) != nil {
		return nil, nil
	}
	return v, nil
}

// remember keeps a record beside a backup.
func remember(path, file string, v any) error {
	text, err := json.MarshalIndent(v, "", "\t")
	if err != nil {
		return err
	}
	temp := filepath.Join(path, "."+file)
	err = write(temp, append(text, '\n'))
	if err == nil {
		err = os.Rename(temp, filepath.Join(path, file))
	}
	if err != nil {
		os.Remove(temp)
		return unusable(path, err)
	}
	return syncDir(path)
}

// write writes a file that is on the disk when it returns.
func write(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// unusable says that a place takes no backups. The cause is only told: the instance may
// lie on another disk, which has room.
func unusable(place string, err error) error {
	return &app.Error{Kind: app.Unavailable, Message: fmt.Sprintf("backups cannot be kept in %s: %v; give it room and rights, or name another place with BACKUP_DIR", place, reason(err)), Err: errors.New(err.Error())}
}

// reason is the last of a chain of causes, which alone is for people.
func reason(err error) error {
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number
	}
	return err
}

// age is how old a backup is by a clock that may have been set back meanwhile.
func (b Backup) age(now time.Time) time.Duration { return now.Round(0).Sub(b.At.Round(0)) }
