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
	"strings"
	"syscall"
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

// Register keeps the executable as dir/releases/<release>/app, and removes the
// oldest beyond five.
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
	return prune(dir, release)
}

// Install keeps an executable as Register does, before anything was ever started
// here: it becomes current when nothing is.
func Install(dir string, executable io.ReadSeeker) (release string, err error) {
	if release, err = Release(executable); err != nil {
		return "", err
	}
	if err := Register(dir, executable, release); err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, "current", "app")); err == nil {
		return release, nil
	}
	return release, setCurrent(dir, release)
}

// setCurrent points dir/current at the release that serves, and dir/previous at
// the one before: previous first, so that a crash in between forgets nothing.
func setCurrent(dir, release string) error {
	current, target := filepath.Join(dir, "current"), filepath.Join("releases", release)
	was, err := os.Readlink(current)
	if err == nil && was == target {
		return nil
	}
	if err == nil {
		if err := point(filepath.Join(dir, "previous"), was); err != nil {
			return err
		}
	}
	return point(current, target)
}

// incoming is a copy of an executable that is not a release yet.
type incoming struct {
	release string
	file    string // where it lies
	home    string
}

// receive copies an executable into releases/, under a name that is no release's.
// It is named by what was copied; one that changes under the copy is refused.
func receive(dir string, executable *os.File) (in incoming, err error) {
	before, err := executable.Stat()
	if err != nil {
		return in, err
	}
	if !before.Mode().IsRegular() {
		return in, errors.New("it is not a file; name the binary of a release")
	}
	releases := filepath.Join(dir, "releases")
	if err := os.MkdirAll(releases, 0o755); err != nil {
		return in, err
	}
	if in.home, err = os.MkdirTemp(releases, ".new-*"); err != nil {
		return in, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(in.home)
		}
	}()
	in.file = filepath.Join(in.home, "app")
	// Its offset is shared with whoever passed it.
	whole := io.NewSectionReader(executable, 0, before.Size())
	if err := write(in.file, whole); err != nil {
		return in, err
	}
	if err := os.Chmod(in.home, 0o755); err != nil {
		return in, err
	}
	after, err := executable.Stat()
	if err != nil {
		return in, err
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return in, errors.New("it was changed while it was copied; bring it whole, under a new name")
	}
	copied, err := os.Open(in.file)
	if err != nil {
		return in, err
	}
	defer copied.Close()
	in.release, err = Release(copied)
	return in, err
}

// keep gives what came in its place among the releases; added tells whether it was new.
func (in incoming) keep(dir string) (file string, added bool, err error) {
	home := filepath.Join(dir, "releases", in.release)
	file = filepath.Join(home, "app")
	if _, err := os.Stat(file); err == nil {
		return file, false, os.RemoveAll(in.home)
	}
	os.Remove(home) // an empty one would be in the way
	if err := os.Rename(in.home, home); err != nil {
		return file, false, fmt.Errorf("keep release %s: %w", in.release, err)
	}
	return file, true, nil
}

func (in incoming) remove() error { return os.RemoveAll(in.home) }

// keep copies to a new name and renames: a running file must not be written over,
// and a name that is there is whole.
func keep(executable io.ReadSeeker, home, file string) error {
	if err := os.MkdirAll(home, 0o755); err != nil {
		return err
	}
	if _, err := executable.Seek(0, io.SeekStart); err != nil {
		return err
	}
	temp := filepath.Join(home, fmt.Sprintf(".app-%d", os.Getpid()))
	err := write(temp, executable)
	if err == nil {
		err = os.Rename(temp, file)
	}
	if err != nil {
		os.Remove(temp)
		os.Remove(home) // goes only if nothing else is in it
	}
	return err
}

// write makes an executable file that outlives a power cut.
func write(name string, content io.Reader) error {
	// A process forked meanwhile would hold the file open for writing until it is
	// another program, and nobody could run it: golang/go#22315.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Chmod(0o755), f.Sync(), f.Close())
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
		if strings.HasPrefix(e.Name(), ".new-") {
			continue // it is being copied, or was when the machine stopped; see forgetIncoming
		}
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

// forgetIncoming removes what copies that were cut have left. Only who serves may,
// and not while it copies.
func forgetIncoming(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, "releases", ".new-*"))
	for _, home := range left {
		os.RemoveAll(home)
	}
}
