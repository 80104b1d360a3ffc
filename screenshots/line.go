package screenshots

import "container/list"

// Lane is how urgent a shot is.
type Lane int

const (
	Interactive Lane = iota // somebody waits for it
	Batch                   // one of many
)

// pastBatch is how many interactive shots in a row are taken past waiting shots of
// batches: these get on also when people never stop asking, and nobody who asks has
// more than one of them before him.
const pastBatch = 3

// line is the shots that wait for a tab. In each lane their owners take turns,
// however many one has.
type line struct {
	lanes  [2]lane
	length int
	passed int // interactive shots in a row, past those of batches
}

// waiter is a shot in the line.
type waiter struct {
	lane  Lane
	owner string
	take  func(*tab, error) // called once, by the tab that draws it or with the reason why none does

	turn  *list.Element // its owner's
	place *list.Element // in that; nil when it is out of the line
}

func (l *line) join(w *waiter) {
	l.lanes[w.lane].join(w)
	l.length++
}

// leave is harmless when the shot has been taken.
func (l *line) leave(w *waiter) {
	if w.place != nil {
		l.lanes[w.lane].remove(w)
		l.length--
	}
}

// next takes the shot whose turn it is out of the line; nil when none waits.
func (l *line) next() *waiter {
	interactive, batch := &l.lanes[Interactive], &l.lanes[Batch]
	if l.length == 0 {
		return nil
	}
	l.length--
	if interactive.empty() || l.passed == pastBatch && !batch.empty() {
		l.passed = 0
		return batch.next()
	}
	if l.passed++; batch.empty() {
		l.passed = 0
	}
	return interactive.next()
}

// lane is the owners whose shots wait, the one whose turn it is first.
type lane struct {
	turns list.List // of *turn
	of    map[string]*list.Element
}

// turn is the shots of an owner.
type turn struct {
	owner string
	shots list.List // of *waiter
}

func (l *lane) empty() bool { return l.turns.Len() == 0 }

func (l *lane) join(w *waiter) {
	if l.of == nil {
		l.of = map[string]*list.Element{}
	}
	if l.of[w.owner] == nil {
		l.of[w.owner] = l.turns.PushBack(&turn{owner: w.owner})
	}
	w.turn = l.of[w.owner]
	w.place = w.turn.Value.(*turn).shots.PushBack(w)
}

func (l *lane) next() *waiter {
	front := l.turns.Front()
	l.turns.MoveToBack(front)
	w := front.Value.(*turn).shots.Front().Value.(*waiter)
	l.remove(w)
	return w
}

func (l *lane) remove(w *waiter) {
	t := w.turn.Value.(*turn)
	t.shots.Remove(w.place)
	w.place = nil
	if t.shots.Len() == 0 {
		l.turns.Remove(w.turn)
		delete(l.of, t.owner)
	}
}
