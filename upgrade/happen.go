package upgrade

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// occurrence is an event as it reaches a generation.
type occurrence struct {
	event  event
	reason string
	of     *successor // the successor that it is about; events of one that is settled come too late
}

// happen tells the protocol of an event, and does what it says. It returns when
// all is done, the verdict read and standing orders carried out.
func (g *Generation) happen(o occurrence) {
	g.acts.Lock()
	defer g.acts.Unlock()
	if g.late(o) {
		return
	}
	g.step(o)
	for g.wish != nil {
		before := g.now()
		if before == draining || before == gone {
			g.wish = nil
			return
		}
		g.step(*g.wish)
		if g.now() == before {
			return // it waits for the verdict
		}
	}
}

// late tells whether an event comes too late: of a successor that is settled, or of
// our own trial when that is over. What our predecessor does then, and it may end
// while we host a successor, must not be taken for the successor's doing.
func (g *Generation) late(o occurrence) bool {
	if o.event == upgradeAsked {
		return false
	}
	if o.of != nil {
		return o.of != g.current()
	}
	switch o.event {
	case otherLost, probationOver, committed, rolledBack:
		p := g.now()
		return p != warming && p != heir && p != trial
	}
	return false
}

func (g *Generation) step(o occurrence) {
	g.mu.Lock()
	before := g.phase
	to, actions := next(before, o.event)
	g.phase = to
	g.mu.Unlock()

	if o.event == stopAsked || o.event == markerByHand && before >= trial {
		if g.wish == nil {
			g.wish = &o
		}
	}
	if to != before || len(actions) > 0 {
		g.o.Log.Debug("upgrade", "phase", to.String(), "was", before.String(), "event", o.event.String(), "reason", o.reason)
	}
	for _, a := range actions {
		if err := g.act(a, o, to); err != nil {
			g.o.Log.Error("a step of the upgrade failed", "phase", to.String(), "err", err)
		}
	}
	switch {
	case to == serving && before != serving && before != trial:
		g.settle(o) // the successor is rolled back
	case to == draining && before != draining:
		g.part(before, o)
	case to == gone && before != gone:
		g.end(o)
	}
}

// act does one action. Phase is the one that the event has led to.
func (g *Generation) act(a action, o occurrence, to phase) error {
	switch a {
	case startSuccessor:
		g.mu.Lock()
		g.successor = o.of
		g.mu.Unlock()
		o.of.hosted = true
		go g.host(o.of)
	case endSuccessor:
		go g.finish(g.current())
	case accept:
		g.accept(true, nil)
	case stopAccepting:
		if s := g.current(); to == standby && s != nil {
			s.mu.Lock()
			s.passed = true
			took := s.took
			s.mu.Unlock()
			g.accept(false, func(asked string) bool { return slices.Contains(took, asked) }) // the others are still ours
			g.mu.Lock()
			g.moveOut()
			g.mu.Unlock()
			go g.probe(s)
			return nil
		}
		g.accept(false, nil)
	case touchMarker:
		g.life.line.send(fromSuccessor{Warm: true})
		go g.outlast()
		return g.again(trial, func() error { return touch(g.o.Dir, mark{g.Number(), g.life.nonce, g.took}) })
	case decideCommit:
		return g.decide(verdictCommitted, o)
	case decideRollBack:
		return g.decide(verdictRolledBack, o)
	case flipCurrent:
		defer close(g.served)
		g.switchStderr()
		return g.flip()
	case adoptQueue:
		g.wake()
	case lameDuck, exit:
		// Whoever waits for Left is told by it; see part and end.
	}
	return nil
}

// decide makes the verdict and goes on with the one that stands. Where nothing
// can be written it tries again: nobody acts on a verdict that is not there.
func (g *Generation) decide(want string, o occurrence) error {
	about := g.Number()
	if s := g.current(); s != nil {
		about = s.number
	}
	v, err := decide(g.o.Dir, about, verdict{Verdict: want, By: g.Number(), Reason: o.reason})
	if err != nil {
		time.AfterFunc(5*blink, func() { g.happen(o) })
		return err
	}
	if v.Reason == "" {
		v.Reason = o.reason
	}
	g.step(occurrence{event: v.event(), reason: v.Reason, of: o.of})
	return nil
}

// accept opens or shuts the gates, or those of the addresses that only picks.
func (g *Generation) accept(yes bool, only func(asked string) bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.gates {
		if only == nil || only(l.asked) {
			l.accept(yes)
		}
	}
}

// flip says to all who look that this generation serves. What cannot be said to
// one is said to the others all the same.
func (g *Generation) flip() error {
	err := g.again(serving, func() error {
		return errors.Join(
			point(filepath.Join(tmp(g.o.Dir), "app.sock"), filepath.Join("generations", g.name("sock"))),
			setCurrent(g.o.Dir, g.o.Release))
	})
	g.supervisor.ready(g.unkept())
	go g.attend()
	if g.life != nil {
		g.life.line.send(fromSuccessor{Serving: true})
	}
	return err
}

// again does something that may fail for a while, such as for a full disk, until
// it succeeds or this generation has left a phase for a later one. It answers with
// the first failure.
func (g *Generation) again(during phase, do func() error) error {
	err := do()
	if err == nil {
		return nil
	}
	go func() {
		tick := time.NewTicker(5 * blink)
		defer tick.Stop()
		for range tick.C {
			p := g.now()
			if p > during && !(during == serving && (p == hosting || p == standby)) || do() == nil {
				return
			}
		}
	}()
	return err
}

// part begins the drain.
func (g *Generation) part(before phase, o occurrence) {
	defer close(g.left)
	if o.event != committed {
		g.supervisor.say(stopping)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.successor != nil && o.event == committed:
		g.leave = Leave{Reason: Replaced, Timeout: g.successor.order.DrainTimeout, ByTenant: g.successor.order.ByTenant}
		g.successor.concluded(committed, o.reason)
		g.moveOut()
	case o.event == markerByHand:
		g.leave = Leave{Reason: Retired}
	case g.supervisor != nil:
		g.older = make(chan struct{})
		go func() {
			defer close(g.older)
			g.stopOlder()
		}()
	}
	for _, l := range g.gates {
		l.Close()
	}
}

// settle is the end of an upgrade that came to nothing.
func (g *Generation) settle(o occurrence) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.successor; s != nil {
		s.concluded(rolledBack, o.reason)
		g.successor = nil
	}
}

// end is that of a successor that does not come to serve.
func (g *Generation) end(o occurrence) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.left:
		return
	default:
	}
	if o.event == rolledBack {
		g.leave = Leave{Reason: RolledBack}
	}
	if g.life != nil {
		g.life.line.send(fromSuccessor{Error: o.reason})
	}
	for _, l := range g.gates {
		l.Close()
	}
	close(g.left)
}

func (g *Generation) current() *successor {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.successor
}

// touched is what a changed marker means to us.
func (g *Generation) touched(m mark) {
	g.mu.Lock()
	s, fresh := g.successor, g.nonces[m.Nonce]
	delete(g.nonces, m.Nonce) // a hand's touch leaves what is written there: it tells of a take-over once
	g.mu.Unlock()
	switch {
	case fresh && s != nil && m.Nonce == s.nonce:
		s.mu.Lock()
		s.took = m.Took
		s.mu.Unlock()
		g.happen(occurrence{event: markerTouched, of: s})
	case fresh: // our own, or of a successor that was called off: too late
	default:
		g.happen(occurrence{event: markerByHand, reason: "the marker " + marker + " was touched by hand"})
	}
}

// wake makes Watch look at once.
func (g *Generation) wake() {
	select {
	case g.woken <- struct{}{}:
	default:
	}
}

func (p phase) String() string {
	return [...]string{"warming", "heir", "trial", "serving", "hosting", "standby", "draining", "gone"}[p]
}

func (e event) String() string {
	names := [...]string{"warmed", "upgrade asked", "marker touched", "marker touched by hand", "the other is lost", "overdue", "probation over", "committed", "rolled back", "stop asked", "drained"}
	if int(e) < len(names) {
		return names[e]
	}
	return fmt.Sprint(int(e))
}
