package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// niceness is of a process that gives way to all others, and yet gets on: a tenth is
// its own where they take all they can.
const niceness = 10

// turn is how long such a process keeps its core when another wakes. Linux 6.12 and
// later would let it finish what else is a turn, some milliseconds, and a request wakes
// half a dozen processes one after the other. Earlier ones do not ask.
const turn = 100 * time.Microsecond

// Yield has sessions of the private cluster give way to all others from now on. They
// cannot be raised again, so whoever uses one closes it. Those of another server are let
// be, and those that another account runs.
func (db *DB) Yield(pids ...int) error {
	if !db.private {
		return nil
	}
	for _, pid := range pids {
		if err := giveWay(pid); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

// YieldSelf has this process, and what it starts, give way to all others from now on.
func YieldSelf() error {
	for left := true; left; { // a thread may have come of one that was not asked yet
		left = false
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("give way: %w", err)
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil || own(id) >= niceness {
				continue
			}
			left = true
			if err := giveWay(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// own is the niceness of a thread.
func own(thread int) int {
	left, err := unix.Getpriority(unix.PRIO_PROCESS, thread)
	if err != nil { // it has ended
		return niceness
	}
	return 20 - left
}

// giveWay has a thread, and what it starts, give way; one that has ended is no error.
func giveWay(thread int) error {
	err := unix.SchedSetAttr(thread, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH, Nice: niceness, Runtime: uint64(turn)}, 0)
	if err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("have process %d give way: %w", thread, err)
	}
	return nil
}
