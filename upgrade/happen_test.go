package upgrade

import (
	"log/slog"
	"os"
	"testing"
)

// A generation that has a successor under way hears that its own predecessor has
// ended, and of the verdict on itself a second time: neither is about the
// successor.
func TestEventsOfOnesOwnTrialComeTooLate(t *testing.T) {
	g := &Generation{o: Options{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)}, woken: make(chan struct{}, 1)}
	if err := os.MkdirAll(tmp(g.o.Dir)+"/generations", 0o755); err != nil {
		t.Fatal(err)
	}
	s := newSuccessor(order{}, func(Step) {})
	s.number = 2
	close(s.gone)
	for _, p := range []phase{hosting, standby, serving} {
		for _, e := range []event{otherLost, probationOver, committed, rolledBack} {
			g.phase, g.successor = p, s
			if g.happen(occurrence{event: e}); g.now() != p {
				t.Errorf("%s makes %s of %s", e, g.now(), p)
			}
		}
	}
	g.phase = hosting
	if g.happen(occurrence{event: otherLost, of: s}); g.now() != serving {
		t.Errorf("a successor that is lost leaves it %s", g.now())
	}
	if v, err := readVerdict(g.o.Dir, 2); err != nil || v.event() != rolledBack {
		t.Errorf("%+v, %v", v, err)
	}
}
