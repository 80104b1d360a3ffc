package upgrade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// Step is what an upgrade has come to. The last one has a result.
type Step struct {
	Step       string `json:"step"` // copy check backup room start compare warm takeover probation commit, at last: end
	OK         bool   `json:"ok"`
	MS         int64  `json:"ms"` // since the upgrade began
	Detail     string `json:"detail,omitempty"`
	Generation int    `json:"generation,omitempty"`

	Result string `json:"result,omitempty"`
	Reason string `json:"reason,omitempty"`
	Log    string `json:"log,omitempty"` // the last lines of the successor's
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
}

// The results of an upgrade, and what the verb exits with.
const (
	resultCommitted  = "committed"   // 0
	resultChecked    = "checked"     // 0: it was only to be checked
	resultRefused    = "refused"     // 3
	resultFailed     = "failed"      // 4
	resultRolledBack = "rolled_back" // 5
	resultBusy       = "busy"        // 6
	resultUnknown    = "unknown"     // 7
)

// refusal is why a release is not even started, or does not want to serve.
type refusal struct{ error }

// checkTimeout is how long a binary may take to say what it is.
const checkTimeout = 10 * time.Second

// upgrade replaces this generation by a process of the file given, or, without
// one, of the release that runs; tell hears of each step, and of the result last.
func (g *Generation) upgrade(o order, file *os.File, tell func(Step)) {
	s := newSuccessor(o, nil)
	s.tell = func(p Step) {
		p.MS = time.Since(s.began).Milliseconds()
		p.From, p.To = g.o.Release, s.release
		s.record.note(p)
		tell(p)
	}
	g.telling.RLock()
	defer g.telling.RUnlock()
	end := Step{Step: "end"}
	if err := g.claim(); err != nil {
		end.Result, end.Reason = resultBusy, err.Error()
		s.tell(end)
		return
	}
	if !o.Check {
		s.record = g.remember(s)
	}
	defer func() {
		end.OK = end.Result == resultCommitted || end.Result == resultChecked
		g.unclaim() // before the end is told: a script asks for the next one at once
		s.tell(end)
	}()
	added, err := g.prepare(s, file)
	if refused := (refusal{}); errors.As(err, &refused) {
		end.Result, end.Reason = resultRefused, err.Error()
		return
	}
	if err == nil && o.Check {
		end.Result = resultChecked
		return
	}
	if err == nil {
		err = g.backUp(s)
	}
	if err == nil {
		err = g.room(s)
	}
	if err == nil {
		s.number, err = g.reserve()
	}
	if err != nil {
		g.discard(s, added)
		end.Result, end.Reason = resultFailed, err.Error()
		if refused := (refusal{}); errors.As(err, &refused) {
			end.Result = resultRefused
		}
		return
	}
	end.Generation = s.number
	end.Result, end.Reason = g.handOver(s)
	if end.Result != resultCommitted && end.Result != resultRefused {
		end.Log = lastLines(g.logOf(s.number), 10)
	}
	if end.Result != resultCommitted && end.Result != resultUnknown {
		g.discard(s, added) // and not one that was committed, whatever became of it
	}
}

// handOver asks the protocol for an upgrade and waits until it is decided.
func (g *Generation) handOver(s *successor) (result, reason string) {
	g.happen(occurrence{event: upgradeAsked, of: s})
	if !s.hosted {
		return resultRefused, "this generation does not serve; app status tells which does"
	}
	end := <-s.done
	if end.event == committed {
		select {
		case <-s.serving:
		case <-s.gone:
			return resultUnknown, "the successor ended as soon as it was committed; app status tells who serves"
		case <-time.After(silence):
			return resultUnknown, "the successor is committed, and does not say so; app status tells who serves"
		}
		return resultCommitted, ""
	}
	<-s.gone
	if s.hasPassed() {
		return resultRolledBack, end.reason
	}
	if s.hasRefused() {
		return resultRefused, end.reason
	}
	return resultFailed, end.reason
}

// claim takes the one upgrade at a time that a generation may be in.
func (g *Generation) claim() error {
	if p := g.now(); p == draining || p == gone {
		return errors.New("this generation is ending; app status tells which serves")
	}
	if !g.busy.TryLock() {
		return errors.New("another upgrade is under way; app status tells how it stands")
	}
	if p := g.now(); p != serving {
		g.busy.Unlock()
		return errors.New("another upgrade is under way; app status tells how it stands")
	}
	return nil
}

func (g *Generation) unclaim() { g.busy.Unlock() }

// prepare copies and checks the binary; added tells whether it was not yet kept.
func (g *Generation) prepare(s *successor, file *os.File) (added bool, err error) {
	if now, err := os.Stat(g.o.Dir); err != nil || !os.SameFile(now, g.home) {
		return false, refusal{fmt.Errorf("the instance's directory was moved away from %s since generation %d started; move it back, or end that with app stop and serve again", g.o.Dir, g.Number())}
	}
	forgetIncoming(g.o.Dir)
	if file == nil {
		if file, err = g.own(s.order); err != nil {
			return false, err
		}
		defer file.Close()
	}
	in, err := receive(g.o.Dir, file)
	if errors.Is(err, syscall.ENOSPC) {
		return false, refusal{fmt.Errorf("the disk is full: %w; free some space, and say it again", err)}
	}
	if err != nil {
		return false, refusal{fmt.Errorf("the binary cannot be taken: %w", err)}
	}
	s.release = in.release
	s.tell(Step{Step: "copy", OK: true, Detail: in.release})
	if err := g.check(s, in); err != nil {
		return false, errors.Join(err, in.remove())
	}
	s.tell(Step{Step: "check", OK: true})
	if s.order.Check {
		return false, in.remove()
	}
	s.file, added, err = in.keep(g.o.Dir)
	if err != nil {
		return false, errors.Join(refusal{err}, in.remove())
	}
	return added, nil
}

// own is the binary of the release that runs, or of the one before.
func (g *Generation) own(o order) (*os.File, error) {
	if !o.Previous {
		return os.Open("/proc/self/exe")
	}
	f, err := os.Open(filepath.Join(g.o.Dir, "previous", "app"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refusal{errors.New("there is no release to go back to: previous leads to none")}
	}
	if err != nil {
		return nil, refusal{err}
	}
	return f, nil
}

// check runs the binary for a word about itself, and has it judged.
func (g *Generation) check(s *successor, in incoming) error {
	restart := s.release == g.o.Release
	if restart && s.order.named() {
		return refusal{fmt.Errorf("release %s serves already; without a file, app upgrade starts it afresh", s.release)}
	}
	limit := min(checkTimeout, s.order.Timeout)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	file, err := filepath.Abs(in.file) // it runs elsewhere, and the instance may be "."
	if err != nil {
		return refusal{err}
	}
	c := exec.CommandContext(ctx, file, "version", "--json")
	c.Dir = in.home
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	about, err := c.Output()
	switch exit := new(exec.ExitError); {
	case ctx.Err() != nil:
		return refusal{fmt.Errorf("the binary did not say what it is within %s: version --json hangs", limit)}
	case errors.Is(err, syscall.ENOEXEC):
		return refusal{errors.New("the file is no program for this machine; build it for " + runtime.GOOS + "/" + runtime.GOARCH)}
	case errors.As(err, &exit):
		return refusal{fmt.Errorf("the binary cannot say what it is: version --json ends with: %v %s", err, bytes.TrimSpace(exit.Stderr))}
	case err != nil:
		return refusal{fmt.Errorf("the binary does not run here: %w", err)}
	}
	if err := g.can().Accept(ctx, about); err != nil {
		return refusal{err}
	}
	s.about = about
	var can struct {
		Version  string `json:"version"`
		ByTenant bool   `json:"by_tenant"`
	}
	json.Unmarshal(about, &can)
	if s.version = can.Version; s.order.ByTenant && !can.ByTenant {
		return refusal{errors.New("the new release does not know --by-tenant; upgrade to it without")}
	}
	return nil
}

// backUp has kept what the successor is about to change.
func (g *Generation) backUp(s *successor) error {
	backup := g.can().Backup
	if backup == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-g.left:
			cancel()
		case <-ctx.Done():
		}
	}()
	said, err := backup(ctx, s.about, s.order.Wishes)
	if err != nil {
		return refusal{err}
	}
	if said != "" {
		s.tell(Step{Step: "backup", OK: true, Detail: said})
	}
	return nil
}

// room waits until fewer than four generations live.
func (g *Generation) room(s *successor) error {
	end := time.Now().Add(s.order.Timeout)
	for told := false; ; {
		alive, err := Alive(g.o.Dir)
		if err != nil {
			return err
		}
		if len(alive) < mostAlive {
			return nil
		}
		why := fmt.Sprintf("%d generations live, and no more may: %v finish their jobs", len(alive), numbers(alive[1:]))
		if time.Now().After(end) {
			return refusal{errors.New(why + "; try again later, or see app status")}
		}
		if !told {
			s.tell(Step{Step: "room", Detail: why})
			told = true
		}
		select {
		case <-g.left:
			return refusal{errors.New("this generation was stopped meanwhile")}
		case <-time.After(2 * blink):
		}
	}
}

// discard removes a release that did not come to serve, and was not here before.
func (g *Generation) discard(s *successor, added bool) {
	if added {
		os.RemoveAll(filepath.Join(g.o.Dir, "releases", s.release))
	}
}

// greet takes a process that was started by hand as the successor.
func (g *Generation) greet(s Status, l *line) error {
	if g.supervisor != nil {
		return errors.New("a supervisor looks after this instance, and would not know a process started by hand; use: app upgrade FILE")
	}
	if err := g.claim(); err != nil {
		return err
	}
	defer g.unclaim()
	o := order{Probation: defaultProbation, DrainTimeout: defaultDrainTimeout, Timeout: defaultTimeout}
	next := newSuccessor(o, nil)
	next.joined, next.line, next.number, next.release, next.version = true, l, s.Generation, s.Release, s.Version
	if alive, err := Alive(g.o.Dir); err != nil || len(alive) > mostAlive {
		return errors.Join(err, fmt.Errorf("%d generations live, and no more may; try again when some have finished, see: app status", len(alive)-1))
	}
	next.record = g.remember(next)
	next.tell = func(p Step) {
		g.o.Log.Info("upgrade", "step", p.Step, "successor", p.Generation)
		next.record.note(p)
	}
	result, reason := g.handOver(next)
	next.record.note(Step{Step: "end", Result: result, Reason: reason})
	if result != resultCommitted {
		g.o.Log.Warn("a process that was started beside this one does not take its place", "successor", s.Generation, "reason", reason)
	}
	return nil
}
