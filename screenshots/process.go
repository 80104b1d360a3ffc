package screenshots

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// process is a Chrome that was started.
type process struct {
	*wire
	cmd   *exec.Cmd
	said  words
	ended chan struct{}
}

// endWait is how long a process may take to end when its wire has.
const endWait = 100 * time.Millisecond

// start runs Chrome as long as life, which is over with the process or its wire.
func (c command) start(life context.Context, over context.CancelCauseFunc, profile string, own []string) (*process, error) {
	hears, tell, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	hear, tells, err := os.Pipe()
	if err != nil {
		shut(hears, tell)
		return nil, err
	}
	cmd := exec.CommandContext(life, c.place.chromium, c.arguments(profile)...)
	p := &process{cmd: cmd, ended: make(chan struct{})}
	p.wire = newWire(hear, tell, func(err error) {
		select {
		case <-p.ended: // why it has ended says more
		case <-time.After(endWait):
			over(fmt.Errorf("the wire to Chrome is lost: %w", err))
		}
	})
	cmd.Dir = profile
	cmd.Env = c.environment(profile, own) // ours has our secrets
	cmd.ExtraFiles = []*os.File{hears, tells}
	cmd.Stdout, cmd.Stderr = &p.said, &p.said
	cmd.WaitDelay = time.Second // what it leaves behind may hold these
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true, // our Ctrl-C is not its
		Credential: c.account,
	}
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // Pdeathsig is tied to that
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
			over(fmt.Errorf("the browser has ended: %s", cmd.ProcessState))
			close(p.ended)
		}
	}()
	err = <-started
	shut(hears, tells)
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// lastWords are of one that has ended.
func (p *process) lastWords() string {
	return fmt.Sprintf("%s: %s", p.cmd.ProcessState, p.said.String())
}

func shut(files ...*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// arguments is Chrome's command line.
func (c command) arguments(profile string) []string {
	args := append(flags(), "--user-data-dir="+profile, "--remote-debugging-pipe=cbor")
	if smallSharedMemory() {
		args = append(args, "--disable-dev-shm-usage")
	}
	return append(args, "about:blank")
}

func (c command) environment(profile string, own []string) []string {
	return append(append(strings.Fields(environment), own...), "HOME="+profile,
		"FONTCONFIG_FILE="+c.fontconfig,
		// The profile, by a short name: Chrome makes a socket in TMPDIR and dies when
		// its path has more than 107 bytes.
		"TMPDIR=/proc/self/cwd")
}

// words are what Chrome says first, among which is why it does not start.
type words struct{ first bytes.Buffer }

func (w *words) Write(said []byte) (int, error) {
	const most = 16 << 10
	w.first.Write(said[:min(len(said), most-w.first.Len())])
	return len(said), nil
}

func (w *words) String() string { return string(bytes.TrimSpace(w.first.Bytes())) }
