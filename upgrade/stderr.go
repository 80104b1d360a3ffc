package upgrade

import (
	"fmt"
	"os"
	"syscall"
)

// A successor writes into its own log, for those who wait for the upgrade, until
// it is committed; from then on to what its predecessor wrote to, when that lasts:
// the supervisor's journal, or a file. A terminal does not, see Front; nor does a
// pipe, whose reader may wait for our end.

// envJournal is systemd's: the device and inode of a standard error that leads to
// the journal; see systemd.exec(5). A process with lines for it looks there, so it
// has to be true of what is written now and later.
const envJournal = "JOURNAL_STREAM"

// lastingStderr is our standard error, if a successor shall have it.
func (g *Generation) lastingStderr() *os.File {
	info, err := os.Stderr.Stat()
	if err != nil || !info.Mode().IsRegular() && info.Mode()&os.ModeSocket == 0 {
		return nil
	}
	if log, err := os.Stat(g.logOf(g.Number())); err == nil && os.SameFile(info, log) {
		return nil
	}
	return os.Stderr
}

// switchStderr lets standard error lead where it shall stay.
func (g *Generation) switchStderr() {
	if g.stderr == nil {
		return
	}
	defer g.stderr.Close()
	journal := os.Getenv(envJournal) == stream(os.Stderr)
	if raw, err := g.stderr.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { err = syscall.Dup3(int(fd), syscall.Stderr, 0) })
		if err == nil && journal {
			os.Setenv(envJournal, stream(os.Stderr))
		}
	}
}

// journalOf is what a successor's environment says, whose log is given, so that
// its lines suit the journal when ours go there.
func journalOf(log *os.File) []string {
	if os.Getenv(envJournal) != stream(os.Stderr) {
		return nil
	}
	return []string{envJournal + "=" + stream(log)}
}

// stream names an open file as systemd does.
func stream(f *os.File) string {
	var s syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &s); err != nil {
		return "none"
	}
	return fmt.Sprintf("%d:%d", s.Dev, s.Ino)
}
