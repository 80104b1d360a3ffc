package screenshots

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Runtimes is an instance's folder of frozen runtimes. Its link current leads to
// the one that the next pool draws with; without it that is the system's.
type Runtimes string

// system is what the runtime is called that is not frozen.
const system = "system"

// Current is the folder of the runtime to draw with, "" for the system's.
func (r Runtimes) Current() (string, error) {
	hash, err := os.Readlink(r.path("current"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("finding the runtime to draw with: %w", err)
	}
	return r.path(hash), nil
}

// List is all of them, the newest first.
func (r Runtimes) List() (all []Frozen, err error) {
	entries, err := os.ReadDir(string(r))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the frozen runtimes: %w", err)
	}
	current, err := r.Current()
	if err != nil {
		return nil, err
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		return nil, fmt.Errorf("seeing who uses the frozen runtimes: %w", err)
	}
	for _, e := range entries {
		if !hashName.MatchString(e.Name()) {
			continue
		}
		f, err := readFrozen(r.path(e.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading the frozen runtime %s: %w", e.Name(), err)
		}
		f.Current = f.folder == current
		f.Users = holders(string(locks), f.folder)
		all = append(all, *f)
	}
	slices.SortFunc(all, func(a, b Frozen) int { return cmp.Or(b.FrozenAt.Compare(a.FrozenAt), cmp.Compare(a.Hash, b.Hash)) })
	return all, nil
}

// Use makes the next pool draw with a runtime: by its hash, or its beginning, or
// with the system's.
func (r Runtimes) Use(name string) (hash string, err error) {
	if name == system {
		if err := os.Remove(r.path("current")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("leaving the frozen runtime: %w", err)
		}
		return system, nil
	}
	all, err := r.List()
	if err != nil {
		return "", err
	}
	var known []string
	for _, f := range all {
		known = append(known, f.Hash)
		if name != "" && strings.HasPrefix(f.Hash, name) {
			hash = f.Hash
		}
	}
	if hash == "" {
		return "", &MissingError{fmt.Sprintf("there is no frozen runtime %q; there are: %s", name, strings.Join(append(known, system), ", "))}
	}
	temp := r.path(".current")
	os.Remove(temp)
	if err := os.Symlink(hash, temp); err != nil {
		return "", fmt.Errorf("choosing the frozen runtime: %w", err)
	}
	return hash, os.Rename(temp, r.path("current"))
}

// Prune removes those that nobody draws with and the next pool will not, and what
// was left by a freeze that was killed.
func (r Runtimes) Prune() (gone []Frozen, err error) {
	r.sweep()
	all, err := r.List()
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if f.Current {
			continue
		}
		removed, err := r.remove(f.folder)
		if err != nil {
			return gone, fmt.Errorf("removing the frozen runtime %s: %w", f.Hash, err)
		}
		if removed {
			gone = append(gone, f)
		}
	}
	return gone, nil
}

// remove takes a folder away that nobody holds: first its name, so that nobody
// begins to use half of it.
func (r Runtimes) remove(folder string) (bool, error) {
	lock, err := os.Open(folder)
	if err != nil {
		return false, err
	}
	defer lock.Close()
	if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return false, nil
	}
	old := r.path(".old-" + filepath.Base(folder))
	if err := os.Rename(folder, old); err != nil {
		return false, err
	}
	return true, os.RemoveAll(old)
}

// sweep removes what is half made or half removed and has nobody at it.
func (r Runtimes) sweep() {
	for _, pattern := range []string{".new-*", ".old-*"} {
		left, _ := filepath.Glob(r.path(pattern))
		for _, folder := range left {
			lock, err := os.Open(folder)
			if err != nil {
				continue
			}
			if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
				os.RemoveAll(folder)
			}
			lock.Close()
		}
	}
}

func (r Runtimes) path(name string) string { return filepath.Join(string(r), name) }

var hashName = regexp.MustCompile(`^[0-9a-f]{12}$`)

// holders are the processes that hold a lock of a file, by /proc/locks:
// "1: FLOCK  ADVISORY  READ 2342 fe:00:5412345 0 EOF".
func holders(locks, file string) (pids []int) {
	info, err := os.Stat(file)
	if err != nil {
		return nil
	}
	inode := ":" + strconv.FormatUint(info.Sys().(*syscall.Stat_t).Ino, 10)
	for line := range strings.Lines(locks) {
		words := strings.Fields(line)
		if len(words) < 6 || words[1] != "FLOCK" || !strings.HasSuffix(words[5], inode) {
			continue
		}
		if pid, err := strconv.Atoi(words[4]); err == nil && !slices.Contains(pids, pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}
