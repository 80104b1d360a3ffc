package screenshots

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Frozen is a copy of all that draws: chromium/ with the loader and the libraries
// in lib/ that it was proven with, and fonts/. Nothing that the system replaces
// changes it.
type Frozen struct {
	Hash     string    `json:"hash"`               // of its contents; its folder's name
	Chromium string    `json:"chromium"`           // version
	Package  string    `json:"package,omitempty"`  // that Chromium is of
	Packaged string    `json:"packaged,omitempty"` // the version of the package
	Bytes    int64     `json:"bytes"`
	FrozenAt time.Time `json:"frozen_at"`
	Program  string    `json:"program"` // the executable, in the folder
	Loader   string    `json:"loader"`  // in lib/

	Current bool  `json:"current"`         // the next generation draws with it
	Users   []int `json:"users,omitempty"` // processes that do

	folder string
	lock   *os.File
}

// record is the file in a frozen runtime's folder that tells what it is.
const record = "runtime.json"

// openFrozen keeps a frozen runtime from being removed until its lock is closed.
func openFrozen(folder string) (*Frozen, error) {
	folder, err := filepath.Abs(folder) // browsers are started elsewhere
	if err != nil {
		return nil, err
	}
	var f *Frozen
	lock, err := os.Open(folder)
	if err == nil {
		if err = unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB); err != nil {
			err = errors.New("it is being removed")
		}
	}
	if err == nil {
		f, err = readFrozen(folder) // after the lock: before it, it may have been removed
	}
	if err != nil {
		lock.Close()
		return nil, &MissingError{fmt.Sprintf("the frozen runtime %s cannot be used: %v; see `app runtime list`, or say `app runtime use system`", folder, err)}
	}
	f.lock = lock
	return f, nil
}

func readFrozen(folder string) (*Frozen, error) {
	b, err := os.ReadFile(filepath.Join(folder, record))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("it is not there")
	}
	if err != nil {
		return nil, err
	}
	f := Frozen{folder: folder}
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("its %s: %w", record, err)
	}
	return &f, nil
}

func (f *Frozen) path(parts ...string) string {
	return filepath.Join(append([]string{f.folder}, parts...)...)
}

func (f *Frozen) loader() string { return f.path("lib", f.Loader) }
