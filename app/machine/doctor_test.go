package machine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// The doctor says what is wrong with an instance, why it matters and what to do.
func TestDoctor(t *testing.T) {
	hours := func(n time.Duration) time.Time { return time.Now().Add(-n * time.Hour) }
	for _, c := range []struct {
		about, row, words string
		mode              os.FileMode
		generations       []Generation
		database, backups error
		unit              string
	}{
		{about: "a key that others read", row: "permissions", words: "others may read data/secret.key", mode: 0o644},
		{about: "no database", row: "database", words: "it is gone", database: errors.New("it is gone")},
		{about: "old backups", row: "backups", words: "the newest is 5 h old", backups: errors.New("the newest is 5 h old")},
		{about: "nobody serves", row: "generations", words: "2 live, and none serves", generations: []Generation{{Number: 3}, {Number: 2}}},
		{about: "one is silent", row: "generations", words: "generation 2 lives, and does not answer", generations: []Generation{{Number: 3, Serving: true}, {Number: 2, Silent: true}}},
		{about: "one is old", row: "generations", words: "generation 2, from ", generations: []Generation{{Number: 3, Serving: true, Started: hours(1)}, {Number: 2, Started: hours(25), Unfinished: 4}}},
		{about: "jobs of another release", row: "jobs", words: "4 jobs wait for a release", generations: []Generation{{Number: 3, Serving: true, Started: hours(1), Orphan: 4}}},
		{about: "a stuck job", row: "jobs", words: "of 4 unfinished jobs the oldest is from", generations: []Generation{{Number: 3, Serving: true, Started: hours(3), Unfinished: 4, Oldest: hours(2)}}},
		{about: "an older unit", row: "unit", words: "an older release's", unit: summed("# instance: /srv/shop\n# sum: \n")},
		{about: "all is well", generations: []Generation{{Number: 3, Serving: true, Started: hours(30), Unfinished: 4, Oldest: hours(0)}, {Number: 2, Started: hours(2)}}},
	} {
		t.Run(c.about, func(t *testing.T) {
			h := host{root: machine(t, debian)}
			key := h.path("/srv/shop/data/secret.key")
			write(t, key, "x")
			write(t, h.path("/srv/shop/data.before-20261128T063520.258Z/secret.key"), "x")
			if err := os.Chmod(key, max(c.mode, 0o600)); err != nil {
				t.Fatal(err)
			}
			if c.unit != "" {
				write(t, h.path("/etc/systemd/system/shop.service"), c.unit)
			}
			rows := h.instance(t.Context(), Needs{
				Dir:         "/srv/shop",
				Database:    func(context.Context) (string, error) { return "PostgreSQL", c.database },
				Generations: func(context.Context) ([]Generation, error) { return c.generations, nil },
				Backups:     func() (string, error) { return "3", c.backups },
				Runtime:     func(context.Context) (Runtime, error) { return Runtime{Chromium: "156.0.1.2"}, nil },
			})
			var out bytes.Buffer
			(&Doctor{JSON: true}).run(rows, &out)
			for line := range strings.Lines(out.String()) {
				var s state
				if err := json.Unmarshal([]byte(line), &s); err != nil {
					t.Fatal(err)
				}
				switch {
				case s.Name == "clock": // this machine's own
				case s.Name == "disk":
					if !strings.Contains(s.Found+s.Problem, "data.before-20261128T063520.258Z is what a restore has replaced") {
						t.Errorf("%+v", s)
					}
				case s.Name == c.row:
					if s.OK || !strings.Contains(s.Problem, c.words) || s.Remedy == "" {
						t.Errorf("%+v", s)
					}
				case !s.OK || s.Found == "":
					t.Errorf("%+v", s)
				}
			}
			if c.row != "" && !strings.Contains(out.String(), `"name":"`+c.row+`"`) {
				t.Errorf("no row %s: %s", c.row, &out)
			}
		})
	}
}

// Where no instance is, that is all there is to say.
func TestDoctorWithoutInstance(t *testing.T) {
	h := host{root: machine(t, debian)}
	var out bytes.Buffer
	err := (&Doctor{}).run(h.instance(t.Context(), Needs{Dir: "/srv/none"}), &out)
	if err == nil || !strings.Contains(out.String(), "bad      instance: there is none in /srv/none") || !strings.Contains(out.String(), "--dir") {
		t.Errorf("%v\n%s", err, &out)
	}
}

// A page that is opened often has the quick looked at each time, and the rest once an hour.
func TestCheckup(t *testing.T) {
	h := host{root: machine(t, debian)}
	write(t, h.path("/srv/shop/data/secret.key"), "x")
	var vital, settled int
	wrong := errors.New("it is gone")
	ctx, cancel := context.WithCancel(t.Context())
	c := NewCheckup(Needs{
		Dir:          "/srv/shop",
		FindChromium: func() (string, error) { return "/usr/lib/chromium/chromium", nil },
		FindPostgres: func() (string, error) { return "/usr/lib/postgresql/15/bin", nil },
		Database:     func(context.Context) (string, error) { vital++; return "PostgreSQL", wrong },
		Generations:  func(context.Context) ([]Generation, error) { return nil, nil },
		Backups:      func() (string, error) { return "3", nil },
		Runtime: func(ctx context.Context) (Runtime, error) {
			settled++
			return Runtime{Chromium: "156.0.1.2"}, ctx.Err()
		},
	})
	c.host = h
	names := func(ctx context.Context) (all []string) {
		for _, f := range c.Findings(ctx) {
			if all = append(all, f.Name); f.At.IsZero() || f.Why == "" || (f.Found == "") == (f.Problem == "") {
				t.Errorf("%+v", f)
			}
			if f.Name == "database" && (f.Problem != "it is gone" || f.Remedy == "") {
				t.Errorf("%+v", f)
			}
		}
		return all
	}
	cancel()
	names(ctx)
	for range 3 {
		if all := strings.Join(names(t.Context()), " "); !strings.Contains(all, "backups unit runtime system chromium") {
			t.Errorf("it looks at %s", all)
		}
	}
	if vital != 4 || settled != 2 { // what was cut is no look
		t.Errorf("looked %d times at the database, %d at what draws", vital, settled)
	}
	c.at = c.at.Add(-settledFor)
	if names(t.Context()); settled != 3 {
		t.Errorf("an hour later, looked %d times at what draws", settled)
	}
}
