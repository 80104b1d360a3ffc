package upgrade_test

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

// visitors come again and again: one on a connection that it keeps, one on a new
// one each time. Nothing is tried twice.
type visitors struct {
	done chan struct{}
	all  sync.WaitGroup

	mu      sync.Mutex
	by      map[string]int // answers by release
	lost    []error
	refused int
}

func (i *instance) visitors() *visitors {
	v := &visitors{done: make(chan struct{}), by: map[string]int{}}
	for _, keep := range []bool{true, false} {
		c := http.Client{Transport: &http.Transport{DisableKeepAlives: !keep, MaxIdleConnsPerHost: 1}}
		v.all.Go(func() { v.visit(c, i.url) })
	}
	return v
}

func (v *visitors) visit(c http.Client, url string) {
	defer c.CloseIdleConnections()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-v.done:
			return
		case <-tick.C:
		}
		r, err := c.Get(url)
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
			r.Body.Close()
			if err == nil && r.StatusCode != http.StatusOK {
				err = errors.New(r.Status)
			}
		}
		v.mu.Lock()
		switch {
		case err == nil:
			v.by[r.Header.Get("X-Release")]++
		case errors.Is(err, syscall.ECONNREFUSED):
			v.refused++
			fallthrough
		default:
			v.lost = append(v.lost, err)
		}
		v.mu.Unlock()
	}
}

// answers are how many a release has given.
func (v *visitors) answers(release string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.by[release]
}

// meet waits until a release has answered once more.
func (v *visitors) meet(i *instance, release string) {
	i.Helper()
	before := v.answers(release)
	i.until("release "+release+" answers", func() bool { return v.answers(release) > before })
}

// leave ends the visits. Nobody was ever refused, and lost are at most those that
// were in the hands of a process when it was killed: one of each visitor.
func (v *visitors) leave(t *testing.T, kills int) {
	t.Helper()
	close(v.done)
	v.all.Wait()
	if v.refused > 0 || len(v.lost) > 2*kills {
		t.Errorf("%d visitors were refused, %d requests lost after %d kills: %v", v.refused, len(v.lost), kills, errors.Join(v.lost...))
	}
}
