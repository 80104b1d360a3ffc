package upgrade

import (
	"slices"
	"testing"
)

// side is one process in the world of the walk.
type side struct {
	phase   phase
	alive   bool
	accepts bool
}

// world is all that the two processes share, and what has happened to them.
type world struct {
	v1, v2      side
	started     bool // v2 was
	marked      bool // the marker names v2
	verdict     event
	current     int  // the release that current leads to
	doomed      bool // v2 was sent a signal by v1, and may do more before it dies
	asked, stop bool
	stop2       bool // v2 is told to stop, too
	hung        bool // v2 stands still (SIGSTOP) until it is killed
	crashes     int
}

const noVerdict event = -1

// The walk visits every state that predecessor and successor can reach together,
// when either may crash between any two steps, timers fire at any moment, and
// messages come late, twice, or never.
func TestEveryPath(t *testing.T) {
	start := world{v1: side{phase: serving, alive: true, accepts: true}, v2: side{phase: warming}, verdict: noVerdict, current: 1}
	seen := map[world]bool{}
	open := map[world]bool{} // on the path: meeting one again is a path without end
	var walk func(w world)
	walk = func(w world) {
		if open[w] {
			t.Fatalf("a path without end through %+v", w)
		}
		if seen[w] {
			return
		}
		seen[w], open[w] = true, true
		check(t, w)
		steps := steps(w)
		for _, to := range steps {
			if to != w {
				walk(to)
			}
		}
		delete(open, w)
	}
	walk(start)

	committedOnce, backOnce, ends := false, false, 0
	for w := range seen {
		quiet := true
		for _, to := range settle(w) {
			quiet = quiet && to == w
		}
		if !quiet {
			continue
		}
		ends++
		committedOnce = committedOnce || w.v2.alive && w.v2.phase == serving && w.current == 2 && w.v1.phase == gone
		backOnce = backOnce || w.v1.alive && w.v1.phase == serving && w.asked && !w.v2.alive && w.current == 1
		if !w.hung && !w.stop && (w.v1.alive || w.v2.alive) {
			checkEnd(t, w)
		}
		if w.hung && w.v1.alive && w.v1.phase == serving && w.v2.alive {
			t.Errorf("who was rolled back hangs, and lives on: %+v", w)
		}
	}
	if len(seen) < 60 || !committedOnce || !backOnce {
		t.Errorf("%d states, %d ends; committed %v, taken back %v", len(seen), ends, committedOnce, backOnce)
	}
	t.Logf("%d states, %d ends", len(seen), ends)
}

// check holds every state to what must always be so.
func check(t *testing.T, w world) {
	t.Helper()
	fail := func(rule string) { t.Errorf("%s: %+v", rule, w) }
	if w.v1.alive && w.v1.phase == serving && w.v2.alive && w.v2.phase == serving {
		fail("two serve")
	}
	if w.current == 2 && w.verdict != committed {
		fail("current was flipped without a verdict")
	}
	if w.crashes == 0 && !w.stop && !w.stop2 && !w.v1.accepts && !w.v2.accepts {
		fail("nobody accepts, and nothing has happened")
	}
	if w.v1.alive && w.v1.phase == serving && w.current == 2 {
		fail("current leads to another than the one who serves")
	}
	if w.verdict == rolledBack && w.v2.alive && w.v2.phase == serving {
		fail("who was rolled back serves")
	}
	// One who lives holds the socket until the verdict: connections wait and are not refused.
	if w.v1.alive && w.verdict == noVerdict && !w.stop && w.v1.phase == draining {
		fail("the socket was let go before the verdict")
	}
}

// checkEnd holds a world that has come to rest to what an upgrade promises:
// exactly one serves, and current leads to it.
func checkEnd(t *testing.T, w world) {
	t.Helper()
	serves := func(s side) bool { return s.alive && s.phase == serving && s.accepts }
	switch {
	case serves(w.v1) && !w.v2.alive && w.current == 1:
	case serves(w.v2) && !w.v1.alive && w.current == 2:
	default:
		t.Errorf("at rest: %+v", w)
	}
}

// steps are all that may happen next.
func steps(w world) []world {
	all := settle(w)
	if !w.asked {
		to := w
		to.asked = true
		all = append(all, tell1(to, upgradeAsked))
	}
	if !w.stop && w.v1.alive {
		to := w
		to.stop = true
		all = append(all, tell1(to, stopAsked))
	}
	if !w.stop2 && w.v2.alive && !w.hung {
		to := w
		to.stop2 = true
		all = append(all, tell2(to, stopAsked))
	}
	if w.crashes < 2 {
		if w.v1.alive {
			to := w
			to.crashes++
			to.v1.alive, to.v1.accepts = false, false
			all = append(all, to)
		}
		if w.v2.alive {
			to := w
			to.crashes++
			to.v2.alive, to.v2.accepts = false, false
			all = append(all, to)
		}
	}
	if w.v1.alive {
		all = append(all, tell1(w, overdue))
		if w.marked {
			all = append(all, tell1(w, markerTouched)) // or never, or again long after
		}
	}
	if w.v2.alive {
		to := w
		to.hung = true
		all = append(all, to)
		if w.doomed {
			all = append(all, killed(w)) // or not: v1 may have died first
		}
	}
	return all
}

// settle are the steps that need no crash, no order and no bad luck: they come by themselves.
func settle(w world) []world {
	var all []world
	if w.v1.alive {
		if w.started && !w.v2.alive {
			all = append(all, tell1(w, otherLost))
		}
		if w.v1.phase == standby {
			all = append(all, tell1(w, probationOver))
		}
		if w.verdict != noVerdict {
			all = append(all, tell1(w, w.verdict))
		}
		if w.stop && w.v1.phase != draining {
			all = append(all, tell1(w, stopAsked)) // an order stands until it is carried out
		}
		if w.v1.phase == draining {
			all = append(all, tell1(w, drained))
		}
	}
	if w.v2.alive && w.hung && w.doomed {
		all = append(all, killed(w))
	}
	if w.v2.alive && !w.hung {
		if w.v2.phase == warming || w.v2.phase == heir {
			all = append(all, tell2(w, warmed))
		}
		if !w.v1.alive {
			all = append(all, tell2(w, otherLost))
		}
		if w.v2.phase == trial {
			all = append(all, tell2(w, probationOver))
		}
		if w.verdict != noVerdict {
			all = append(all, tell2(w, w.verdict))
		}
		if w.stop2 && w.v2.phase != draining {
			all = append(all, tell2(w, stopAsked))
		}
		if w.v2.phase == draining {
			all = append(all, tell2(w, drained))
		}
	}
	return all
}

func killed(w world) world {
	w.v2.alive, w.v2.accepts = false, false
	return w
}

// tell1 tells v1 of an event, tell2 v2, and each acts on it in the world. Who
// has decided reads the verdict before it hears anything else.
func tell1(w world, e event) world {
	return tell(w, e, func(w *world) *side { return &w.v1 })
}

func tell2(w world, e event) world {
	return tell(w, e, func(w *world) *side { return &w.v2 })
}

func tell(w world, e event, me func(*world) *side) world {
	p, actions := next(me(&w).phase, e)
	me(&w).phase = p
	w = act(w, actions, me)
	if slices.Contains(actions, decideCommit) || slices.Contains(actions, decideRollBack) {
		return tell(w, w.verdict, me)
	}
	return w
}

func act(w world, actions []action, me func(*world) *side) world {
	for _, a := range actions {
		switch a {
		case startSuccessor:
			w.started, w.v2 = true, side{phase: warming, alive: true}
		case endSuccessor:
			w.doomed = true
		case accept:
			me(&w).accepts = true
		case stopAccepting:
			me(&w).accepts = false
		case touchMarker:
			w.marked = true
		case decideCommit:
			w.verdict = decided(w.verdict, committed)
		case decideRollBack:
			w.verdict = decided(w.verdict, rolledBack)
		case flipCurrent:
			w.current = 2
		case exit:
			me(&w).alive, me(&w).accepts = false, false
		}
	}
	return w
}

// decided is what a file made with O_EXCL holds: the first word.
func decided(now, wanted event) event {
	if now == noVerdict {
		return wanted
	}
	return now
}
