package backup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"majestic/app"
)

// Bring copies what came from another machine into the instance's folder, for the account
// that owns it: a backup with its files, and the releases and frozen runtimes that lie
// beside the backups. From is the backup, or the folder of the other instance, of whose
// backups it is the newest.
func (k *Keeper) Bring(from string) (b Backup, err error) {
	if err := k.stopped(); err != nil {
		return b, err
	}
	if from, err = filepath.Abs(from); err != nil {
		return b, err
	}
	other := &Keeper{Place: filepath.Join(from, "backups")}
	if _, err := os.Stat(filepath.Join(from, manifestFile)); err == nil {
		other.Place = filepath.Dir(from)
		b, err = read(from)
		if err != nil {
			return b, err
		}
	} else if b, err = other.Find(""); err != nil {
		return b, err
	}
	if err := k.check(b); err != nil {
		return b, err
	}
	t, err := newTaker(k.Dir)
	if err != nil {
		return b, err
	}
	defer t.root.Close()
	if err := t.backup(b); err != nil {
		return b, fmt.Errorf("bring the backup: %w", err)
	}
	for _, name := range []string{"releases", "runtimes", "current", "previous"} {
		err := t.take(filepath.Join(filepath.Dir(other.Place), name), name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return b, fmt.Errorf("bring %s: %w", name, err)
		}
	}
	return read(filepath.Join(k.Dir, "backups", b.ID))
}

// taker writes into the folder of another account, and cannot be led out of it.
type taker struct {
	root     *os.Root
	uid, gid int
}

func newTaker(dir string) (*taker, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	owner := info.Sys().(*syscall.Stat_t)
	return &taker{root, int(owner.Uid), int(owner.Gid)}, err
}

// backup takes one, the manifest last: without that it is none.
func (t *taker) backup(b Backup) error {
	to := filepath.Join("backups", b.ID)
	err := b.objects(func(o object) error {
		err := fs.ErrNotExist
		for _, s := range []*shelf{shelfOf(b.Path), shelfOf(filepath.Dir(b.Path))} {
			if errors.Is(err, fs.ErrNotExist) {
				err = t.take(s.path(o.sum), shelfOf("backups").path(o.sum))
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = app.Errorf(app.Invalid, "the file %s of %s is not there; the folder objects that lies beside a backup goes with it", o.key, b.Path)
		}
		return err
	})
	for _, name := range append(names(b.Parts), sumsFile, manifestFile) {
		if err == nil {
			err = t.take(filepath.Join(b.Path, name), filepath.Join(to, name))
		}
	}
	return err
}

// take copies a file, a link, or a folder with all in it. A file that is there stays; a
// link leads to where it leads now.
func (t *taker) take(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if err := t.folder(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	switch _, err := t.root.Lstat(to); {
	case info.IsDir():
	case info.Mode()&fs.ModeSymlink != 0:
		return t.link(from, to)
	case err == nil:
		return nil
	default:
		return t.file(from, to, info.Mode().Perm())
	}
	if err := t.folder(to, info.Mode().Perm()); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	for _, e := range entries {
		if err == nil {
			err = t.take(filepath.Join(from, e.Name()), filepath.Join(to, e.Name()))
		}
	}
	return err
}

// folder makes one, and those above it.
func (t *taker) folder(name string, mode fs.FileMode) error {
	if name == "." {
		return nil
	}
	if err := t.folder(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	if err := t.root.Mkdir(name, mode); errors.Is(err, fs.ErrExist) {
		return nil
	} else if err != nil {
		return err
	}
	return t.own(name)
}

func (t *taker) link(from, to string) error {
	half := filepath.Join(filepath.Dir(to), unfinished+filepath.Base(to))
	target, err := os.Readlink(from)
	if err == nil {
		t.root.Remove(half) // of one that was killed
		err = t.root.Symlink(target, half)
	}
	if err == nil {
		err = t.own(half)
	}
	if err == nil {
		err = t.root.Rename(half, to)
	}
	return err
}

// file copies one, which has its name when it is whole.
func (t *taker) file(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	half := filepath.Join(filepath.Dir(to), unfinished+filepath.Base(to))
	out, err := t.root.OpenFile(half, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Sync(), out.Close(), t.own(half)); err == nil {
		err = t.root.Rename(half, to)
	}
	if err != nil {
		t.root.Remove(half)
	}
	return err
}

func (t *taker) own(name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return t.root.Lchown(name, t.uid, t.gid)
}
