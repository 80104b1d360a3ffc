package screenshots

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// folder is where one pool's browsers write. Its lock is held while the pool
// lives; a folder without a holder was left by a killed process.
type folder struct {
	path    string
	account *syscall.Credential
	lock    *os.File
}

func makeFolder(dir string, account *syscall.Credential) (*folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making Chrome's scratch directory: %w", err)
	}
	if err := open(dir, account); err != nil {
		return nil, fmt.Errorf("opening the scratch directory of Chrome: %w", err)
	}
	sweep(dir)
	// Locked before it has a name that sweep knows.
	path, err := os.MkdirTemp(dir, "new-")
	if err != nil {
		return nil, fmt.Errorf("making Chrome's scratch directory: %w", err)
	}
	f := &folder{path: path, account: account}
	if f.lock, err = os.Open(path); err == nil {
		err = unix.Flock(int(f.lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	named := filepath.Join(dir, "chrome-"+filepath.Base(path)[len("new-"):])
	if err == nil {
		err = os.Rename(path, named)
	}
	if err == nil {
		f.path = named
		err = f.own(named)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making Chrome's scratch directory: %w", err), f.remove())
	}
	return f, nil
}

// sub is a new folder below this one that Chrome may write.
func (f *folder) sub(pattern string) (string, error) {
	path, err := os.MkdirTemp(f.path, pattern)
	if err != nil {
		return "", err
	}
	return path, f.own(path)
}

func (f *folder) own(path string) error {
	if f.account == nil {
		return nil
	}
	return os.Chown(path, int(f.account.Uid), int(f.account.Gid))
}

func (f *folder) remove() error {
	err := os.RemoveAll(f.path)
	if f.lock != nil {
		f.lock.Close()
	}
	return err
}

// sweep removes the folders whose pools were killed.
func sweep(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, "chrome-*"))
	for _, path := range left {
		lock, err := os.Open(path)
		if err != nil {
			continue
		}
		if unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			os.RemoveAll(path)
		}
		lock.Close()
	}
}
