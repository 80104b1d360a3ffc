package http

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"

	"golang.org/x/time/rate"

	"majestic/app"
)

// maxLimits bounds the memory for keys that were seen lately.
const maxLimits = 10_000

// limits holds each API key to a rate.
type limits struct {
	rate rate.Limit
	mu   sync.Mutex
	keys map[string]*rate.Limiter
}

func newLimits(perSecond float64) *limits {
	return &limits{rate: rate.Limit(perSecond), keys: map[string]*rate.Limiter{}}
}

// The headers that tell a program how many requests its key has left, and when it
// has all of them again (draft-ietf-httpapi-ratelimit-headers-10).
const (
	rateLimit       = "RateLimit"
	rateLimitPolicy = "RateLimit-Policy"
)

// take counts a request, or says when the next one is welcome.
func (l *limits) take(w http.ResponseWriter, key string) error {
	if l.rate <= 0 {
		return nil
	}
	limiter := l.of(key)
	reservation := limiter.Reserve()
	wait := reservation.Delay()
	l.tell(w.Header(), limiter)
	if wait == 0 {
		return nil
	}
	reservation.Cancel()
	seconds := int(math.Ceil(wait.Seconds()))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	return app.Errorf(app.TooMany, "this API key sends more than %g requests a second; go on in %d s", float64(l.rate), seconds)
}

func (l *limits) tell(h http.Header, of *rate.Limiter) {
	left := max(0, of.Tokens())
	all := float64(of.Burst())
	seconds := func(requests float64) int { return int(math.Ceil(requests / float64(l.rate))) }
	h.Set(rateLimitPolicy, fmt.Sprintf(`"key";q=%.0f;w=%d`, all, seconds(all)))
	h.Set(rateLimit, fmt.Sprintf(`"key";r=%.0f;t=%d`, math.Floor(left), seconds(all-left)))
}

func (l *limits) of(key string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if limiter, ok := l.keys[key]; ok {
		return limiter
	}
	if len(l.keys) >= maxLimits {
		l.forget()
	}
	limiter := rate.NewLimiter(l.rate, max(1, int(math.Ceil(float64(l.rate)))))
	l.keys[key] = limiter
	return limiter
}

// forget drops the keys that have all their requests again: a new limiter would
// be the same. Where all are busy, one has to go.
func (l *limits) forget() {
	var last string
	for key, limiter := range l.keys {
		last = key
		if limiter.Tokens() >= float64(limiter.Burst()) {
			delete(l.keys, key)
		}
	}
	if len(l.keys) >= maxLimits {
		delete(l.keys, last)
	}
}
