package upgrade

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// kept is how many releases stay under releases/.
const kept = 5

// Release names an executable by its content.
func Release(executable io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, executable); err != nil {
		return "", fmt.Errorf("name the release: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}

// Register keeps the executable as dir/releases/<release>/app, points dir/current
// at it when there is no current one, and removes the oldest beyond five.
func Register(dir string, executable io.ReadSeeker, release string) error {
	home := filepath.Join(dir, "releases", release)
	file := filepath.Join(home, "app")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		if err := keep(executable, home, file); err != nil {
			return fmt.Errorf("keep release %s: %w", release, err)
		}
	} else if err != nil {
		return fmt.Errorf("keep release %s: %w", release, err)
	}
	current := filepath.Join(dir, "current")
	// Not Lstat: a link to a release that is gone boots nothing.
	if _, err := os.Stat(current); errors.Is(err, fs.ErrNotExist) {
		if err := point(current, filepath.Join("releases", release)); err != nil {
			return err
		}
	}
	return prune(dir, release)
}

// keep copies to a new name and renames: a running file must not be written over,
// and a name that is there is whole.
func keep(executable io.ReadSeeker, home, file string) (err error) {
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	if _, err := executable.Seek(0, io.SeekStart); err != nil {
		return err
	}
	temp, err := os.CreateTemp(home, ".app-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temp.Name())
			os.Remove(home) // goes only if nothing else is in it
		}
	}()
	_, err = io.Copy(temp, executable)
	if err = errors.Join(err, temp.Chmod(0o755), temp.Sync(), temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), file)
}

// point makes link lead to target by one rename.
func point(link, target string) error {
	temp := link + ".new"
	os.Remove(temp)
	if err := os.Symlink(target, temp); err != nil {
		return fmt.Errorf("point %s at %s: %w", filepath.Base(link), target, err)
	}
	if err := os.Rename(temp, link); err != nil {
		return fmt.Errorf("point %s at %s: %w", filepath.Base(link), target, err)
	}
	return nil
}

// prune removes the oldest releases beyond those kept; never the running one,
// nor one that a link leads to.
func prune(dir, running string) error {
	spared := map[string]bool{running: true}
	for _, link := range []string{"current", "previous"} {
		if target, err := os.Readlink(filepath.Join(dir, link)); err == nil {
			spared[filepath.Base(target)] = true
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "releases"))
	if err != nil {
		return fmt.Errorf("prune releases: %w", err)
	}
	type aged struct {
		name string
		age  int64
	}
	var old []aged
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() && !spared[e.Name()] {
			old = append(old, aged{e.Name(), info.ModTime().UnixNano()})
		}
	}
	slices.SortFunc(old, func(a, b aged) int { return cmp.Compare(b.age, a.age) })
	for _, o := range old[min(len(old), max(0, kept-len(spared))):] {
		if err := os.RemoveAll(filepath.Join(dir, "releases", o.name)); err != nil {
			return fmt.Errorf("prune releases: %w", err)
		}
	}
	return nil
}
