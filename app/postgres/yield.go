package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// niceness is of a process that gives way to all others, and yet gets on: a tenth is
// its own where they take all they can.
const niceness = 10

// Yield has sessions of the private cluster give way to all others from now on. They
// cannot be raised again, so whoever uses one closes it. Those of another server are let
// be, and those that another account runs.
func (db *DB) Yield(pids ...int) error {
	if !db.private {
		return nil
	}
	for _, pid := range pids {
		if err := syscall.Setpriority(syscall.PRIO_PROCESS, pid, niceness); err != nil && !errors.Is(err, syscall.ESRCH) && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("have session %d give way: %w", pid, err)
		}
	}
	return nil
}
