package screenshots

import (
	"fmt"
	"strings"
	"testing"
)

// Whoever waits, the line goes on in this order. A letter is an owner, in capitals
// of batches; digits tell the shots of one apart, and a minus leaves.
func TestLine(t *testing.T) {
	for name, test := range map[string]struct{ join, want string }{
		"nobody":                  {"", ""},
		"one after the other":     {"a1 a2 a3", "a1 a2 a3"},
		"by turns":                {"a1 a2 a3 b1 c1 c2", "a1 b1 c1 a2 c2 a3"},
		"batches by turns":        {"A1 A2 A3 B1 B2", "A1 B1 A2 B2 A3"},
		"people first":            {"A1 B1 a1", "a1 A1 B1"},
		"one of a batch in four":  {"A1 A2 A3 A4 a1 a2 a3 a4 a5 a6 a7", "a1 a2 a3 A1 a4 a5 a6 A2 a7 A3 A4"},
		"a lane at a time":        {"A1 B1 B2 a1 a2 a3 b1 b2", "a1 b1 a2 A1 b2 a3 B1 B2"},
		"those who left":          {"a1 a2 -a1 -a1 b1 -b1 A1 -A1 c1", "a2 c1"},
		"again after having left": {"a1 -a1 b1 a2", "b1 a2"},
	} {
		t.Run(name, func(t *testing.T) {
			var q queue
			for _, word := range strings.Fields(test.join) {
				if of, leaves := strings.CutPrefix(word, "-"); leaves {
					q.leave(q.all[of])
				} else {
					q.enter(word)
				}
			}
			for q.take() != "" {
			}
			if got := strings.Join(q.taken, " "); got != test.want {
				t.Errorf("%s, not %s", got, test.want)
			}
			if q.length != 0 || len(q.lanes[Interactive].of)+len(q.lanes[Batch].of) != 0 {
				t.Errorf("something is left: %+v", q.line)
			}
		})
	}
}

// However much one has waiting, another has one shot of it before his own.
func TestLineIsFair(t *testing.T) {
	for _, lane := range []string{"Ab", "ab", "aB", "AB"} {
		var q queue
		rich, other := lane[:1], lane[1:]
		for i := range 10_000 {
			q.enter(fmt.Sprint(rich, i))
		}
		for i := range 20 {
			for range i % 5 {
				q.take()
			}
			q.enter(fmt.Sprint(other, i))
			before := len(q.taken)
			for q.take() != fmt.Sprint(other, i) {
			}
			// A person's shots have no more than one of a batch before them; those of
			// a batch let three people by.
			most := 1
			if lane == "aB" {
				most = pastBatch
			}
			if n := len(q.taken) - before - 1; n > most {
				t.Errorf("%s: %d shots before %s", lane, n, q.taken[len(q.taken)-1])
			}
		}
	}
}

// queue is a line whose shots have names.
type queue struct {
	line
	all   map[string]*waiter
	taken []string
}

func (q *queue) enter(name string) {
	w := &waiter{owner: strings.ToLower(name[:1]), take: func(*tab, error) { q.taken = append(q.taken, name) }}
	if w.owner != name[:1] {
		w.lane = Batch
	}
	if q.all == nil {
		q.all = map[string]*waiter{}
	}
	q.all[name] = w
	q.join(w)
}

// take is the name of the next, "" when there is none.
func (q *queue) take() string {
	w := q.next()
	if w == nil {
		return ""
	}
	w.take(nil, nil)
	return q.taken[len(q.taken)-1]
}
