package upgrade

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// silence is how much longer than the probation a successor waits for a word of
// its predecessor, before it decides by itself.
const silence = 5 * time.Second

// predecessor is the generation that we succeed, as we see it.
type predecessor struct {
	line      *line // the lifeline: its end is a death notice
	release   string
	byTenant  bool
	nonce     string
	probation time.Duration
	wishes    json.RawMessage // nil when nothing is to be compared
	sampled   chan string     // gets why there is no sample, or ""
	gone      chan struct{}   // closed when the lifeline has ended
}

// What a successor says over the lifeline.
type fromSuccessor struct {
	Detached int     `json:"detached,omitempty"` // the pid of the process that goes on
	Hello    *Status `json:"hello,omitempty"`
	Warm     bool    `json:"warm,omitempty"`
	Serving  bool    `json:"serving,omitempty"`
	Compared string  `json:"compared,omitempty"` // how it came out
	Error    string  `json:"error,omitempty"`    // why it ends
	Refused  bool    `json:"refused,omitempty"`  // since it does not want to serve
}

// What a predecessor says over it, after its welcome.
type fromPredecessor struct {
	Sampled bool   `json:"sampled"`
	Error   string `json:"error,omitempty"`
}

// What a predecessor answers a hello with; the listening sockets come with it.
type welcome struct {
	Error     string          `json:"error,omitempty"`
	Nonce     string          `json:"nonce"`
	Probation time.Duration   `json:"probation"`
	Release   string          `json:"release"` // the predecessor's
	ByTenant  bool            `json:"by_tenant,omitempty"`
	Asked     []string        `json:"asked"`            // the addresses of the sockets
	Wishes    json.RawMessage `json:"wishes,omitempty"` // of who asked for the upgrade; a sample follows
	Spare     bool            `json:"spare"`            // one supervisor has started both, and the other is the main process
}

// The environment of a successor that an upgrade starts.
const (
	envLifeline   = "UPGRADE_LIFELINE"   // its descriptor
	envGeneration = "UPGRADE_GENERATION" // its number
	envDetach     = "UPGRADE_DETACH"     // start yourself once more, and exit
	envStderr     = "UPGRADE_STDERR"     // the descriptor of a standard error for later
)

// inheritance is what an upgrade gives to a successor that it starts.
type inheritance struct {
	lifeline *os.File
	number   int
	stderr   *os.File // nil when there is none
}

// inherit finds it in the environment; there is none when this process was started
// by hand. Nothing that it starts shall find it there.
func inherit() (i inheritance, err error) {
	given, n, detach := os.Getenv(envLifeline), os.Getenv(envGeneration), os.Getenv(envDetach)
	if given == "" {
		return i, nil
	}
	file := func(name string) *os.File {
		fd, aerr := strconv.Atoi(os.Getenv(name))
		if err = errors.Join(err, aerr); aerr != nil {
			return nil
		}
		syscall.CloseOnExec(fd)
		return os.NewFile(uintptr(fd), name)
	}
	i.lifeline = file(envLifeline)
	if os.Getenv(envStderr) != "" {
		i.stderr = file(envStderr)
	}
	var nerr error
	i.number, nerr = strconv.Atoi(n)
	if err = errors.Join(err, nerr); err != nil {
		return i, fmt.Errorf("upgrade: the environment of a successor is broken: %w", err)
	}
	for _, name := range []string{envLifeline, envGeneration, envDetach, envStderr} {
		os.Unsetenv(name)
	}
	if detach != "" {
		return i, i.startDetached()
	}
	return i, nil
}

// give sets up a process that inherits it: descriptors, and what names them.
func (i inheritance) give(c *exec.Cmd) {
	c.ExtraFiles = []*os.File{i.lifeline}
	c.Env = append(os.Environ(), envLifeline+"=3", fmt.Sprintf("%s=%d", envGeneration, i.number))
	if i.stderr != nil {
		c.ExtraFiles = append(c.ExtraFiles, i.stderr)
		c.Env = append(c.Env, envStderr+"=4")
	}
}

// startDetached starts this program once more and answers with ErrDetached. When
// this process has exited, that one's parent is the machine's supervisor: one
// whose parent lives would be alien to it, and its death go unnoticed.
func (i inheritance) startDetached() error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("upgrade: %w", err)
	}
	c := exec.Command(self, os.Args[1:]...)
	c.Args[0] = os.Args[0]
	i.give(c)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		return fmt.Errorf("upgrade: start the successor on its own: %w", err)
	}
	l, err := adopt(i.lifeline)
	if err == nil {
		err = l.send(fromSuccessor{Detached: c.Process.Pid})
	}
	if err != nil {
		c.Process.Kill()
		return fmt.Errorf("upgrade: %w", err)
	}
	return ErrDetached
}

// join takes the next number and, where a generation serves, a lifeline to it. It
// waits for one that is about to serve, or on probation.
func (g *Generation) join(ctx context.Context, dir string) (*line, error) {
	for {
		serving, wait, err := g.place(ctx, dir)
		if err != nil || serving == 0 && !wait {
			return nil, err
		}
		if !wait {
			return dial(ctx, g.o.Dir, serving, question{Verb: "join", Join: &g.status, Supervisor: os.Getenv(envNotify)})
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(2 * blink):
		}
	}
}

// place looks who is there and, unless it has to wait, opens this generation.
func (g *Generation) place(ctx context.Context, dir string) (serving int, wait bool, err error) {
	door, err := lockFile(filepath.Join(tmp(g.o.Dir), "generations.lock"))
	if err != nil {
		return 0, false, err
	}
	defer door.Close()
	all, err := List(ctx, g.o.Dir)
	if err != nil {
		return 0, false, err
	}
	for _, s := range all {
		switch {
		case s.State == Warming || s.Probation:
			return 0, true, nil
		case s.State == Serving:
			serving = s.Generation
		}
	}
	g.status.Generation, err = nextNumber(dir)
	if err != nil {
		return 0, false, err
	}
	forget(g.o.Dir)
	return serving, false, g.open(dir)
}

// succeed says hello to the predecessor, gets its sockets, and listens to it.
func (g *Generation) succeed(l *line) error {
	l.conn.SetDeadline(time.Now().Add(4 * patience))
	unsaid := l.send(fromSuccessor{Hello: &g.status}) // who refuses us may have closed the line, and told why
	var w welcome
	files, err := l.receive(&w)
	if err != nil {
		return fmt.Errorf("succeed the serving generation: %w", errors.Join(unsaid, err))
	}
	if w.Error != "" {
		return errors.New(w.Error)
	}
	if w.Spare {
		return ErrDetached
	}
	l.conn.SetDeadline(time.Time{})
	if g.inherited, err = gatesOf(files, w.Asked); err != nil {
		return err
	}
	g.life = &predecessor{l, w.Release, w.ByTenant, w.Nonce, w.Probation, w.Wishes, make(chan string, 1), make(chan struct{})}
	g.mu.Lock()
	g.nonces[w.Nonce] = true
	g.phase = warming
	g.mu.Unlock()
	go func() {
		for {
			var m fromPredecessor
			if _, err := l.receive(&m); err != nil {
				close(g.life.gone)
				g.happen(occurrence{event: otherLost, reason: "the predecessor is gone"})
				return
			}
			if m.Sampled {
				g.life.sampled <- m.Error
			}
		}
	}()
	go g.heed(g.Number(), nil)
	return nil
}

// outlast decides when the predecessor does not, in time.
func (g *Generation) outlast() {
	select {
	case <-g.closed:
	case <-g.served:
	case <-time.After(g.life.probation + silence):
		g.happen(occurrence{event: probationOver, reason: "the predecessor is silent"})
	}
}

// heed waits for the verdict on a generation.
func (g *Generation) heed(generation int, of *successor) {
	tick := time.NewTicker(blink)
	defer tick.Stop()
	for {
		select {
		case <-g.closed:
			return
		case <-tick.C:
		}
		v, err := readVerdict(g.o.Dir, generation)
		if errors.Is(err, fs.ErrNotExist) {
			if of != nil && of.settled() {
				return
			}
			continue
		}
		if err == nil {
			g.happen(occurrence{event: v.event(), reason: v.Reason, of: of})
			return
		}
	}
}

// nextNumber is one more than any number that a file in generations/ has.
func nextNumber(dir string) (int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("number the generation: %w", err)
	}
	next := 1
	for _, e := range entries {
		next = max(next, numberOf(e.Name())+1)
	}
	return next, nil
}
