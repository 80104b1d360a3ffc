package http_test

import (
	"net/url"
	"strings"
	"testing"

	"majestic/app"
)

// Operators see what the installation does for itself, and how it went.
func TestSchedulesPage(t *testing.T) {
	s := newSite(t)
	const path = "/operator/periodic"
	if text := parse(t, s.page(path).want(t, 200).body).one(t, "section").text(); !strings.Contains(text, "Nothing yet") {
		t.Errorf("%s", text)
	}
	for range 2 {
		if _, err := s.app.DoDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.pool.Exec(t.Context(), `UPDATE schedules SET next_at = now() WHERE name IN ('people', 'answers')`); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.pool.Exec(t.Context(), `UPDATE schedules SET error = 'the moon' WHERE name = 'people'; INSERT INTO schedules (name, next_at) VALUES ('tides', now())`); err != nil {
		t.Fatal(err)
	}
	page := parse(t, s.page(path).want(t, 200).body)
	for name, says := range map[string][]string{
		"answers": {"after a day", "hourly", "ms: 0 answers"}, "people": {"Failed", "the moon"}, "files": {"daily", "Not done yet"}, "tides": {"Of another release"},
	} {
		row := page.one(t, "li", "id=schedule-"+name).text()
		for _, want := range says {
			if !strings.Contains(row, want) {
				t.Errorf("%s does not say %q: %s", name, want, row)
			}
		}
	}
}

// Owners say for how long renders are kept; the others are told.
func TestKeepRenders(t *testing.T) {
	s := newSite(t)
	keep := func(days string) answer { return s.post("/t/acme/renders/keep", url.Values{"days": {days}}) }
	keep("30").want(t, 303)
	if is := parse(t, s.page("/t/acme/renders").body).one(t, "input", "name=days").attr("value"); is != "30" {
		t.Errorf("kept for %s days", is)
	}
	for _, days := range []string{"0", "-1", "3651", "x"} {
		keep(days).want(t, 422)
	}
	owner := s.cookie
	s.cookie = s.member(app.Editor)
	keep("1").want(t, 403)
	if page := parse(t, s.page("/t/acme/renders").body); len(page.all("input", "name=days")) != 0 || !strings.Contains(page.text(), "kept for 30 days") {
		t.Error("an editor is not told, or may change it")
	}
	s.cookie = owner
	keep("").want(t, 303)
	if days, err := s.tenant.KeepRenders(t.Context()); err != nil || days != nil {
		t.Errorf("kept for %v days, %v", days, err)
	}
}
