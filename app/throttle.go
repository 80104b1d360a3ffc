package app

import (
	"crypto/sha256"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// throttle slows guessing down: some tries are free, and each one after them has
// to wait twice as long as the one before. It counts in memory, a bounded number of
// names: a new release forgets them, which gives a guesser the free ones again.
type throttle struct {
	mu    sync.Mutex
	tries map[[16]byte]tries
}

// tries are what was counted of one name.
type tries struct {
	count int
	last  time.Time
	next  time.Time // not before
}

const (
	maxTries     = 10_000 // names that are kept
	triesForgot  = time.Hour
	longestWait  = 15 * time.Minute
	freeByPerson = 5  // for an account, from one address or one known device
	freeByPlace  = 20 // from one address, whatever the accounts
)

// try is one more of a name.
type try struct {
	name string
	free int
}

func newThrottle() *throttle { return &throttle{tries: map[[16]byte]tries{}} }

// take counts a try under each name, or refuses it and counts none. It counts
// before the outcome is known, so that many at once are no way around.
func (t *throttle) take(now time.Time, all ...try) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var wait time.Duration
	for _, one := range all {
		wait = max(wait, t.tries[sumOf(one.name)].next.Sub(now))
	}
	if wait > 0 {
		wait = wait.Truncate(time.Second) + time.Second
		return &Error{Kind: TooMany, Wait: wait, Message: "too many tries; go on in " + words(wait)}
	}
	for _, one := range all {
		key := sumOf(one.name)
		have, known := t.tries[key]
		if !known && len(t.tries) >= maxTries {
			t.forget(now)
		}
		if now.Sub(have.last) > triesForgot {
			have = tries{}
		}
		have.count++
		have.last, have.next = now, now
		if over := have.count - one.free; over >= 0 {
			have.next = now.Add(min(longestWait, time.Second<<min(over, 20)))
		}
		t.tries[key] = have
	}
	return nil
}

// forgive takes a try back that turned out to be right.
func (t *throttle) forgive(all ...try) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range all {
		key := sumOf(one.name)
		have := t.tries[key]
		have.count--
		have.next = time.Time{}
		if t.tries[key] = have; have.count <= 0 {
			delete(t.tries, key)
		}
	}
}

// forget makes room: of what is old first, and else of any.
func (t *throttle) forget(now time.Time) {
	var any [16]byte
	for key, have := range t.tries {
		any = key
		if now.Sub(have.last) > triesForgot {
			delete(t.tries, key)
		}
	}
	if len(t.tries) >= maxTries {
		delete(t.tries, any)
	}
}

func sumOf(name string) [16]byte {
	sum := sha256.Sum256([]byte(name))
	return [16]byte(sum[:16])
}

// network is an address as guesses are counted: of IPv6 the half that a provider
// gives to one customer.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil || a.Unmap().Is4() {
		return strings.ToLower(address)
	}
	p, _ := a.Prefix(64)
	return p.String()
}

// words tells a wait to a person.
func words(d time.Duration) string {
	switch {
	case d <= time.Second:
		return "a second"
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f seconds", math.Ceil(d.Seconds()))
	}
	return fmt.Sprintf("%.0f minutes", math.Ceil(d.Minutes()))
}
