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

// Yield has a session of the private cluster give way to all others from now on. It
// cannot be raised again, so whoever uses it closes it. It is for one that reads alone,
// and long: one that holds a latch of the server's when it is held up holds up all who
// want that. So the sessions of tools are let be; those wait for their tools, which give
// way, most of the time. Another server's are let be, too, and those that another
// account runs.
func (db *DB) Yield(pid int) error {
	if !db.private {
		return nil
	}
	return giveWay(pid)
}

// YieldSelf has this process, and what it starts, give way to all others from now on.
func YieldSelf() error {
	asked := map[int]bool{}
	for before := -1; len(asked) > before; { // a thread may have come of one that was not asked yet
		before = len(asked)
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("give way: %w", err)
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err == nil && !asked[id] {
				asked[id], err = true, giveWay(id)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// giveWay has a thread, and what it starts, give way. One that has ended is no error,
// nor is a machine that allows it not: what is to be done counts for more.
func giveWay(thread int) error {
	err := unix.SchedSetAttr(thread, &unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_BATCH, Nice: niceness, Runtime: uint64(turn)}, 0)
	if err == nil || errors.Is(err, unix.ESRCH) || errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return fmt.Errorf("have process %d give way: %w", thread, err)
}
