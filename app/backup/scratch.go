package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"majestic/app"
	"majestic/app/postgres"
)

// Scratch is an instance's rows and files, restored from a backup to where nobody
// uses them: a cluster of their own, and a folder.
type Scratch struct {
	DB      *postgres.DB
	Objects string // the folder

	stage *stage
}

// Unpack restores a backup to a scratch, and holds it to the manifest. The schema is
// as it was. Nothing of the instance is touched.
func (k *Keeper) Unpack(ctx context.Context, b Backup) (s *Scratch, err error) {
	if err := k.check(b); err != nil {
		return nil, err
	}
	held, err := b.hold()
	if err != nil {
		return nil, err
	}
	defer held.Close()
	st, err := k.newStage(filepath.Join(k.Dir, "tmp", "drill-"))
	if err != nil {
		return nil, err
	}
	db, err := st.unpack(ctx, b)
	if err != nil {
		return nil, errors.Join(err, st.remove())
	}
	return &Scratch{DB: db, Objects: filepath.Join(st.data, "objects"), stage: st}, nil
}

// Close removes all of it.
func (s *Scratch) Close() error {
	return errors.Join(s.DB.Close(), s.stage.remove())
}

// hold keeps a backup from being pruned.
func (b Backup) hold() (*os.File, error) {
	f, err := os.Open(filepath.Join(b.Path, manifestFile))
	if err == nil {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH); err == nil {
			_, err = os.Stat(b.Path)
		}
		if err != nil {
			f.Close()
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, app.Errorf(app.NotFound, "the backup %s was removed meanwhile; app backup list shows what there is", b.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("hold the backup: %w", err)
	}
	return f, nil
}

// stage is a folder in which an instance's data comes to be. Its lock is held for as
// long as its maker lives; what is not locked was left by a kill.
type stage struct {
	data     string // the folder
	lock     *os.File
	database postgres.Options
}

const stageLock = "unfinished"

// newStage removes stages that were left, and makes one whose name begins so.
func (k *Keeper) newStage(name string) (*stage, error) {
	if err := k.clearStages(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	st := k.stageAt(name + strings.ToLower(rand.Text()[:10]))
	half := filepath.Join(filepath.Dir(name), "."+filepath.Base(st.data)) // it has its lock when it gets its name
	err := os.Mkdir(half, 0o755)
	if err == nil {
		st.lock, err = os.OpenFile(filepath.Join(half, stageLock), os.O_CREATE|os.O_RDWR, 0o600)
	}
	if err == nil {
		err = syscall.Flock(int(st.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		err = os.Rename(half, st.data)
	}
	if err != nil {
		os.RemoveAll(half)
		return nil, fmt.Errorf("make a place to restore to: %w", err)
	}
	return st, nil
}

func (k *Keeper) stageAt(data string) *stage {
	o := k.Database
	o.URL, o.Data, o.Locks, o.Name = "", filepath.Join(data, "postgres"), filepath.Join(data, "locks"), "backup"
	o.Settings = map[string]string{"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off", "max_wal_size": "4GB", "maintenance_work_mem": "256MB"}
	return &stage{data: data, database: o}
}

// clearStages removes what restores and drills that were killed have left.
func (k *Keeper) clearStages() error {
	var all []string
	for _, pattern := range []string{"tmp/drill-*", "tmp/.drill-*", "data.new-*", ".data.new-*"} {
		found, _ := filepath.Glob(filepath.Join(k.Dir, pattern))
		all = append(all, found...)
	}
	for _, data := range all {
		f, err := os.Open(filepath.Join(data, stageLock))
		if errors.Is(err, fs.ErrNotExist) {
			if os.Remove(data) != nil { // not empty: what a restore has replaced, which was killed when that was done
				if _, err := keepAside(data); err != nil {
					return err
				}
			}
			continue
		}
		if err != nil {
			return err
		}
		free := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
		if free {
			err = k.stageAt(data).remove()
		}
		f.Close()
		if err != nil {
			return fmt.Errorf("remove what a restore has left in %s: %w", data, err)
		}
	}
	return nil
}

// unpack restores rows and files into the stage.
func (st *stage) unpack(ctx context.Context, b Backup) (db *postgres.DB, err error) {
	if err := os.Mkdir(filepath.Join(st.data, "objects"), 0o700); err != nil {
		return nil, err
	}
	if err := b.unpack(filepath.Join(st.data, "objects")); err != nil {
		return nil, err
	}
	if db, err = postgres.Open(ctx, st.database); err != nil {
		return nil, err
	}
	if err := b.load(ctx, db, fmt.Sprintf("--jobs=%d", runtime.NumCPU())); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// remove removes the stage, the lock last: what is left of it by a kill is still one.
func (st *stage) remove() error {
	ctx := context.Background()
	err := postgres.Remove(ctx, st.database)
	entries, rerr := os.ReadDir(st.data)
	err = errors.Join(err, rerr)
	for _, e := range entries {
		if e.Name() != stageLock {
			err = errors.Join(err, os.RemoveAll(filepath.Join(st.data, e.Name())))
		}
	}
	if err == nil {
		err = os.RemoveAll(st.data)
	}
	if st.lock != nil {
		st.lock.Close()
	}
	return err
}
