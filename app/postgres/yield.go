package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// lowest is the priority that a process gets which gives way to all others.
const lowest = 19

// Yield has sessions of the private cluster give way to all others from now on. They
// cannot be raised again, so whoever uses one closes it. Those of another server are let
// be, and those that another account runs.
func (db *DB) Yield(pids ...int) error {
	if !db.private {
		return nil
	}
	for _, pid := range pids {
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, pid, lowest); err != nil && !errors.Is(err, syscall.ESRCH) && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("have session %d give way: %w", pid, err)
		}
	}
	return nil
}
