package apptest

import (
	"sync"

	"golang.org/x/sys/unix"
)

// place is where tests keep their files: in memory, where the machine has enough
// of it. To copy a database is to make 500 files, for which a disk takes ten times as long.
var place = sync.OnceValue(func() string {
	const memory, enough = "/dev/shm", 4 << 30
	var fs unix.Statfs_t
	err := unix.Statfs(memory, &fs)
	if err != nil || fs.Type != unix.TMPFS_MAGIC || fs.Bavail*uint64(fs.Bsize) < enough || fs.Flags&unix.MS_NOEXEC != 0 {
		return "/tmp"
	}
	return memory
})
