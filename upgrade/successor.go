package upgrade

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// mostAlive is how many generations may live at once.
const mostAlive = 4

const (
	probeEvery = 250 * time.Millisecond
	// grace is what a successor that was called off has to end by itself.
	grace = 2 * time.Second
	// stubborn is how long a probation may wait for a check that neither
	// generation passes, since what they both need is down.
	stubborn = time.Minute
)

// order is what somebody wants of an upgrade.
type order struct {
	Probation    time.Duration `json:"probation"`
	DrainTimeout time.Duration `json:"drain_timeout"`
	Timeout      time.Duration `json:"timeout"` // until take-over
	Check        bool          `json:"check,omitempty"`
	Previous     bool          `json:"previous,omitempty"`  // go back to the release before
	ByTenant     bool          `json:"by_tenant,omitempty"` // the others follow when their jobs are done

	Wishes json.RawMessage `json:"wishes,omitempty"` // for the program's Sample and Compare

	File bool `json:"-"` // a binary came with it
}

// named tells whether a release is wanted that is not the running one.
func (o order) named() bool { return o.File || o.Previous }

// successor is a process that shall take our place, as we see it.
type successor struct {
	order   order
	number  int
	release string
	version string // as it calls itself
	about   []byte // what it says of itself
	file    string // its executable, when we start it
	joined  bool   // it was started by hand
	line    *line
	nonce   string
	tell    func(Step)
	record  *record // nil when nothing is to be remembered
	began   time.Time
	hosted  bool // the protocol has let it in

	sampled <-chan string // gets why there is no sample, or ""; nil when none is wanted
	gone    chan struct{} // closed when the lifeline has ended
	serving chan struct{} // closed when it says that current leads to it
	done    chan ending   // gets one
	over    chan struct{} // closed when it is settled

	mu      sync.Mutex
	process *os.Process // known from its hello
	took    []string    // the addresses whose sockets it accepts from
	failure string      // in its own words
	refused bool        // it does not want to
	passed  bool        // it has taken over
}

// ending is how an upgrade came out.
type ending struct {
	event  event // committed or rolledBack
	reason string
}

func newSuccessor(o order, tell func(Step)) *successor {
	return &successor{order: o, nonce: rand.Text(), tell: tell, began: time.Now(), gone: make(chan struct{}), serving: make(chan struct{}), done: make(chan ending, 1), over: make(chan struct{})}
}

func (s *successor) concluded(e event, reason string) {
	select {
	case s.done <- ending{e, reason}:
		close(s.over)
	default:
	}
}

func (s *successor) settled() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

func (s *successor) hasPassed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passed
}

func (s *successor) hasRefused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// host starts a successor, or greets the one that came by itself, and listens to
// it until it ends.
func (g *Generation) host(s *successor) {
	g.mu.Lock()
	g.nonces[s.nonce] = true
	g.mu.Unlock()
	go g.heed(s.number, s)
	if err := g.expect(s); err != nil {
		close(s.gone)
		g.happen(occurrence{event: otherLost, reason: err.Error(), of: s})
		return
	}
	s.sampled = g.sample(s)
	if !s.joined {
		if err := g.launch(s); err != nil {
			close(s.gone)
			g.happen(occurrence{event: otherLost, reason: err.Error(), of: s})
			return
		}
	}
	late := time.AfterFunc(s.order.Timeout, func() {
		if !s.hasPassed() {
			g.happen(occurrence{event: overdue, reason: fmt.Sprintf("it was not ready to take over within %s", s.order.Timeout), of: s})
		}
	})
	defer late.Stop()
	for {
		var m fromSuccessor
		if _, err := s.line.receive(&m); err != nil {
			break
		}
		err := g.hear(s, m)
		if errors.Is(err, syscall.EPIPE) {
			continue // it has ended meanwhile: its last word, which says why, may be still to come
		}
		if err != nil {
			g.happen(occurrence{event: otherLost, reason: err.Error(), of: s})
		}
	}
	close(s.gone)
	s.line.close()
	g.wake()
	s.mu.Lock()
	reason := "it ended"
	switch {
	case s.failure != "":
		reason = s.failure
	case !s.passed:
		reason = "it ended before it could take over"
	}
	s.mu.Unlock()
	g.happen(occurrence{event: otherLost, reason: reason, of: s})
}

func (g *Generation) hear(s *successor, m fromSuccessor) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Detached != 0 {
		if s.process, err = os.FindProcess(m.Detached); err != nil {
			return fmt.Errorf("find the successor's process: %w", err)
		}
		s.tell(Step{Step: "start", OK: true, Generation: s.number})
	}
	if m.Hello != nil {
		if s.process == nil {
			s.process, err = os.FindProcess(m.Hello.PID)
		}
		return errors.Join(err, g.welcome(s))
	}
	if m.Warm {
		s.tell(Step{Step: "warm", OK: true, Generation: s.number})
	}
	if m.Compared != "" {
		s.tell(Step{Step: "compare", OK: true, Detail: m.Compared, Generation: s.number})
	}
	if m.Serving {
		close(s.serving)
	}
	if s.failure == "" {
		s.failure, s.refused = m.Error, m.Refused
	}
	return nil
}

// welcome gives a successor all that it needs of us: the listening sockets and
// the nonce by which we know its touch.
func (g *Generation) welcome(s *successor) error {
	g.mu.Lock()
	gates := slices.Clone(g.gates)
	g.mu.Unlock()
	w := welcome{Nonce: s.nonce, Probation: s.order.Probation, Release: g.o.Release, ByTenant: s.order.ByTenant}
	if s.sampled != nil {
		w.Wishes = s.order.Wishes
	}
	for _, l := range gates {
		w.Asked = append(w.Asked, l.asked)
	}
	err := descriptors(gates, func(fds []int) error { return s.line.send(w, fds...) })
	if err != nil {
		return fmt.Errorf("pass the sockets on: %w", err)
	}
	if s.sampled != nil {
		go func() { s.line.send(fromPredecessor{Sampled: true, Error: <-s.sampled}) }()
	}
	return nil
}

// expect tells the program which release is about to start. One that lives, as before
// a rollback to it, keeps what it has.
func (g *Generation) expect(s *successor) error {
	w := g.can()
	if w == nil || w.Expect == nil {
		return nil
	}
	if n := g.peers.of(g.o.Dir, s.release); n != 0 && n < s.number {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.order.Timeout)
	defer cancel()
	return w.Expect(ctx, s.release)
}

// sample has the program lay down, while the successor starts, what that will
// compare itself with.
func (g *Generation) sample(s *successor) <-chan string {
	w := g.can()
	if w == nil || w.Sample == nil || s.order.Wishes == nil {
		return nil
	}
	done := make(chan string, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-s.gone
		cancel()
	}()
	go func() {
		err := w.Sample(ctx, s.number, s.order.Wishes)
		if err != nil {
			g.o.Log.Warn("there is nothing that the successor could compare itself with", "err", err)
			done <- err.Error()
		}
		close(done)
	}()
	return done
}

// launch starts the successor on its own; see startDetached for its half.
func (g *Generation) launch(s *successor) error {
	log, err := os.OpenFile(g.logOf(s.number), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("start the successor: %w", err)
	}
	defer log.Close()
	ours, theirs, err := pair()
	if err != nil {
		return err
	}
	defer theirs.Close()
	s.line = ours
	c := exec.Command(s.file, os.Args[1:]...)
	inheritance{theirs, s.number, g.lastingStderr()}.give(c)
	c.Env = append(append(c.Env, envDetach+"=1"), journalOf(log)...)
	c.Stderr = log // and not its output, which nobody reads: it may hold what no log should
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := c.Start(); err != nil {
		ours.close()
		return fmt.Errorf("start the successor: %w", err)
	}
	go func() {
		stop := time.AfterFunc(s.order.Timeout, func() { syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
		defer stop.Stop()
		c.Wait()
	}()
	return nil
}

// finish sees to it that a successor that was called off ends.
func (g *Generation) finish(s *successor) {
	if s == nil {
		return
	}
	select {
	case <-s.gone:
		return
	case <-time.After(grace):
	}
	s.mu.Lock()
	process := s.process
	s.mu.Unlock()
	if process != nil {
		process.Kill() // by its descriptor: another may have its number by now
	}
	<-s.gone
}

// probe asks a successor on probation again and again whether it can work.
func (g *Generation) probe(s *successor) {
	s.tell(Step{Step: "takeover", OK: true, Generation: s.number})
	end := time.Now().Add(s.order.Probation)
	for tick := time.Tick(probeEvery); ; {
		last := time.Now().After(end)
		counts, err := g.examine(s.number)
		switch {
		case err == nil && last:
			s.tell(Step{Step: "probation", OK: true, Generation: s.number})
			g.happen(occurrence{event: probationOver, reason: "it has passed its probation", of: s})
			return
		case counts, err != nil && time.Now().After(end.Add(stubborn)):
			select {
			case <-s.gone: // who listens to it says so, and why
			case <-time.After(blink):
				g.happen(occurrence{event: overdue, reason: fmt.Sprintf("it fails its checks: %v", err), of: s})
			}
			return
		}
		select {
		case <-tick:
		case <-s.over:
			return
		}
	}
}

// examine asks whether another generation can work. That it cannot counts only if we can,
// and if it still cannot when that is known: what both need may be down, or just
// have come back.
func (g *Generation) examine(generation int) (counts bool, err error) {
	check := func() error {
		_, err := ask(context.Background(), g.o.Dir, generation, question{Verb: "check"})
		return err
	}
	if err = check(); err == nil || !g.sound() {
		return false, err
	}
	if own := complaint(""); errors.As(err, &own) { // who is silent needs not be asked again
		err = check()
	}
	return err != nil, err
}

// sound tells whether we pass the check ourselves.
func (g *Generation) sound() bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return g.can().Check(ctx) == nil
}

// reserve takes the next number for a successor, by making its log.
func (g *Generation) reserve() (number int, err error) {
	door, err := lockFile(filepath.Join(tmp(g.o.Dir), "generations.lock"))
	if err != nil {
		return 0, err
	}
	defer door.Close()
	if number, err = nextNumber(filepath.Join(tmp(g.o.Dir), "generations")); err != nil {
		return 0, err
	}
	forget(g.o.Dir)
	log, err := os.OpenFile(g.logOf(number), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, fmt.Errorf("number the successor: %w", err)
	}
	return number, log.Close()
}

func (g *Generation) logOf(number int) string {
	return filepath.Join(tmp(g.o.Dir), "generations", fmt.Sprintf("%d.log", number))
}

// lastLines are the end of a log.
func lastLines(name string, n int) string {
	f, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		f.Seek(max(0, info.Size()-64<<10), io.SeekStart)
	}
	b, _ := io.ReadAll(f)
	lines := strings.Split(string(bytes.TrimSpace(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
