package postgres

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// Who gives way still makes others slower, who share a core's caches with it, and the
// sessions that work for it give no way: they may hold what others wait for. So it
// rests when it has lately waited for a core, that is, others want one.
const (
	restLook = 5 * time.Millisecond
	restFrom = 200 * time.Microsecond // it has waited
	restSpan = 20 * time.Millisecond
)

// pace has a program rest now and then until done is closed.
func pace(p *os.Process, done <-chan struct{}) {
	tick := time.NewTicker(restLook)
	defer tick.Stop()
	for last := waited(p.Pid); ; {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		now := waited(p.Pid)
		if now-last >= restFrom {
			p.Signal(syscall.SIGSTOP) // all its sessions wait for it then
			time.Sleep(restSpan)
			p.Signal(syscall.SIGCONT)
			now = waited(p.Pid) // without its wait for a core to stop on
			tick.Reset(restLook)
		}
		last = now
	}
}

// waited is how long a process has waited for cores.
func waited(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	var ran, waited time.Duration
	fmt.Sscan(string(text), &ran, &waited)
	return waited
}
