package http

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// connections are all that are open, and since when they are idle or busy.
type connections struct {
	mu  sync.Mutex
	all map[net.Conn]since
}

type since struct {
	state http.ConnState
	at    time.Time
}

// changed is net/http's word of a connection's state.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if state == http.StateClosed || state == http.StateHijacked {
		delete(c.all, conn)
		return
	}
	c.all[conn] = since{state, time.Now()}
}

// quiet closes those that were idle for as long as patience, counted from began at
// the earliest, and tells whether none is left.
func (c *connections) quiet(began time.Time, patience time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn, s := range c.all {
		idle := s.at
		if idle.Before(began) {
			idle = began
		}
		if s.state != http.StateActive && time.Since(idle) >= patience {
			conn.Close() // net/http says so by changed, when we let go
		}
	}
	return len(c.all) == 0
}

func (c *connections) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.all)
}
