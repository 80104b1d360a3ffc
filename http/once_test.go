package http_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"majestic/app"
	ours "majestic/http"
)

func TestIdempotency(t *testing.T) {
	s := newSite(t)
	x := makeThings(t, s.tenant, "Card")
	for path, body := range map[string]string{
		"/designs": `{"name":"Card","document":` + greeting + `}`,
		"/renders": `{"design":"` + x.design + `","async":true,"variables":{"name":"a","accent":"#000"}}`,
		"/batches": `{"design":"` + x.design + `","rows":[{"name":"a","accent":"#000"}]}`,
	} {
		first := s.api("POST", path, body, "Idempotency-Key", "one")
		again := s.api("POST", path, body, "Idempotency-Key", "one")
		if first.StatusCode >= 300 || again.body != first.body || again.StatusCode != first.StatusCode {
			t.Errorf("%s: %d %s, then %d %s", path, first.StatusCode, first.body, again.StatusCode, again.body)
		}
		if first.Header.Get("Idempotent-Replayed") != "" || again.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: the replay is not marked, or the first is", path)
		}
		if p := s.api("POST", path, " "+body, "Idempotency-Key", "one").problem(t, 422); p.Errors[0].Field != "Idempotency-Key" {
			t.Errorf("%s: %+v", path, p)
		}
		s.api("POST", path, body, "Idempotency-Key", strings.Repeat("k", 256)).problem(t, 400)
	}
}

// However many send the same POST at once, it takes effect once: each gets the first
// answer, or is asked to come again.
func TestOneEffect(t *testing.T) { oneEffect(t, 50) }

func oneEffect(t *testing.T, posts int) {
	s := newSite(t, func(o *ours.Options) { o.Wait = time.Millisecond })
	x := makeThings(t, s.tenant, "Card")
	finishBatch(t, s.tenant, x.batch, func(row int) bool { return row == 2 })
	s.key = s.keyOf(s.tenant, app.AdminScope)
	for pattern, c := range calls(x, "") {
		if !strings.HasPrefix(pattern, "POST /api/") {
			continue
		}
		var mu sync.Mutex
		var all sync.WaitGroup
		first, busy, answers := 0, 0, map[string]int{}
		for range posts {
			all.Go(func() {
				got := s.call("POST", s.key, c, "Idempotency-Key", "once")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case got.StatusCode == 409:
					busy++
				case got.StatusCode != c.ok:
					t.Errorf("%s: %d %s", pattern, got.StatusCode, got.body)
				default:
					if got.Header.Get("Idempotent-Replayed") == "" {
						first++
					}
					answers[idIn(got.body)]++
				}
			})
		}
		all.Wait()
		if first != 1 || len(answers) != 1 || answers[""] > 0 {
			t.Errorf("%s: %d effects, %d answers, %d are to come again", pattern, first, len(answers), busy)
		}
		if again := s.call("POST", s.key, c, "Idempotency-Key", "once"); again.Header.Get("Idempotent-Replayed") != "true" || answers[idIn(again.body)] == 0 {
			t.Errorf("%s: later it answers %d %s", pattern, again.StatusCode, again.body)
		}
	}
}

// idIn is the id of the thing in an answer.
func idIn(body string) string {
	_, after, _ := strings.Cut(body, `{"id":"`)
	id, _, _ := strings.Cut(after, `"`)
	return id
}
