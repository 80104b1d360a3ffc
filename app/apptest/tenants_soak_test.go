//go:build soak

package apptest_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/upgrade"
	"majestic/upgrade/load"
)

// Fifty tenants under a mixed load over a network that takes its time, ten of them
// with jobs of five to sixty seconds: nobody loses a request, and each changes once,
// when its last job with the old release is done.
func TestFiftyTenantsMove(t *testing.T) {
	s := newCrowd(t, 50)
	rate := s.rate()
	began := time.Now()
	for i, d := range s.drawing[:10] {
		s.batch(d, max(2, int(0.7*rate*float64(i+1)))) // they take turns, and the last ends when all are drawn
	}
	seen := s.visit(60)
	v1 := current(t, s.dir)
	binary := apptest.Binary(t, "v2")
	last := upgradeTo(t, s.binary, s.dir, 0, binary, "--by-tenant", "--probation", "2s", "--timeout", "90s")
	v2 := current(t, s.dir)
	if last.Result != "committed" {
		t.Fatalf("%+v", last)
	}
	taken := time.Now().Add(-2 * time.Second) // at the latest
	s.settle()
	time.Sleep(5 * time.Second) // so that something is asked of all who moved last
	records := seen.Stop()
	ended, moved := s.ended(v1), s.moved(v2)

	for _, f := range load.Failures(records, load.Span{To: time.Now()}) {
		t.Errorf("%d requests of sort %s failed: %s", f.Count, f.Sort, f.Error)
	}
	var late, spans []time.Duration
	changed := 0
	for tenant, of := range byTenant(records) {
		if got := succession(t, of); slices.Equal(got, []string{v2}) {
			continue // nothing was asked of it before
		} else if !slices.Equal(got, []string{v1, v2}) {
			t.Errorf("tenant %s was served by %v", tenant, got)
			continue
		}
		changed++
		was, old := taken, ended[tenant]
		if old.After(was) {
			was = old
			spans = append(spans, old.Sub(began))
		}
		for _, a := range of {
			if a.release == v2 && a.end.Before(old) {
				t.Errorf("tenant %s is served by v2 %s before its last job is done", tenant, old.Sub(a.end))
			}
			if a.release == v1 && a.start.After(moved[tenant].Add(time.Millisecond)) {
				t.Errorf("tenant %s is served by v1 %s after it has moved", tenant, a.start.Sub(moved[tenant]))
			}
		}
		if after := moved[tenant].Sub(was); after > time.Second {
			t.Errorf("tenant %s moved %s after its last job", tenant, after)
		}
		if old.Equal(was) {
			late = append(late, moved[tenant].Sub(was))
		}
	}
	s.account(records)
	slices.Sort(late)
	slices.Sort(spans)
	if changed < 40 || len(late) < 5 {
		t.Fatalf("only %d tenants were seen to change, %d of them after a job", changed, len(late))
	}
	t.Logf("%d requests; %d tenants changed; the jobs of %d took %v; a tenant moved %v after its last job at the median, %v at most",
		len(records), changed, len(spans), rounded(spans), late[len(late)/2].Round(time.Millisecond), late[len(late)-1].Round(time.Millisecond))
	apptest.Must(t, s.binary, s.dir, "stop")
}

// The same with either release killed at any moment, twenty times: no job is lost, none
// done twice, and nobody goes back unless the old release has taken its place back.
func TestTenantsOutliveKills(t *testing.T) {
	s := newCrowd(t, 6)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	results := map[string]int{}
	for i := range 20 {
		from := current(t, s.dir)
		serving := status(t, s.dir)[0]
		for _, d := range s.drawing[:3] {
			s.batch(d, 5+chance.IntN(60))
		}
		seen := s.visit(30)
		c := exec.Command(s.binary, "upgrade", again(t, s.binary, i), "--dir", s.dir, "--by-tenant", "--probation", "1s", "--timeout", "60s", "--json")
		var out strings.Builder
		c.Stdout = &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(chance.IntN(12000)) * time.Millisecond)
		victim := s.strike(serving.Generation, chance.IntN(2) == 0)
		c.Wait()
		s.revive()
		s.settle()
		records := seen.Stop()
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		var last upgrade.Step
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
			t.Errorf("%v: %s", err, out.String())
		}
		results[last.Result]++
		to, failed := current(t, s.dir), 0
		for _, f := range load.Failures(records, load.Span{To: time.Now()}) {
			failed += f.Count
		}
		t.Logf("%d: killed %s, %s; %d of %d requests failed", i, victim, last.Result, failed, len(records))
		for tenant, of := range byTenant(records) {
			if last.Result == "rolled_back" {
				continue
			}
			if got := succession(t, of); got[len(got)-1] != to || len(got) > 2 || got[0] != from && got[0] != to {
				t.Errorf("%d: tenant %s was served by %v, from %s to %s", i, tenant, got, from, to)
			}
		}
		s.account(records)
	}
	t.Logf("results: %v", results)
	apptest.Must(t, s.binary, s.dir, "stop")
}

// crowd is an instance with many tenants, which writes down each time that a render is finished.
type crowd struct {
	soak
	drawing []drawing
}

// drawing is a tenant with a small design.
type drawing struct {
	tenant string
	api    apptest.API
	design string
}

func newCrowd(t *testing.T, tenants int) *crowd {
	t.Helper()
	s := &crowd{soak: soak{t: t, binary: apptest.Binary(t, "v1"), dir: apptest.Dir(t)}}
	address := freeAddresses(t, 1)[0]
	if err := os.WriteFile(filepath.Join(s.dir, "app.toml"), []byte("rate_limit = 0\nlisten_addr = '"+address+"'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.api.URL = apptest.ServeAsSet(t, s.binary, s.dir).URL
	doc := json.RawMessage(
		`{"version":1,"pages":[{"width":40,"height":40,"elements":[{"id":"a","type":"text","x":0,"y":0,"width":40,"height":40,"text":"{{n}}"}]}]}`)
	s.database(func(pool *pgxpool.Pool) error {
		_, err := pool.Exec(t.Context(), `
			CREATE TABLE finished (id uuid);
			CREATE FUNCTION note_finished() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
				BEGIN INSERT INTO public.finished VALUES (new.id); RETURN new; END $$;
			CREATE TRIGGER note_finished AFTER UPDATE ON renders FOR EACH ROW
				WHEN (new.finished_at IS NOT NULL AND NOT new.thumbnail) EXECUTE FUNCTION note_finished();
			CREATE TABLE moved (tenant uuid, release text, at timestamptz);
			CREATE FUNCTION note_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
				BEGIN INSERT INTO public.moved VALUES (new.id, new.release, clock_timestamp()); RETURN new; END $$;
			CREATE TRIGGER note_moved AFTER UPDATE OF release ON tenants FOR EACH ROW EXECUTE FUNCTION note_moved();`)
		a := app.New(app.Options{Pool: pool})
		for i := range tenants {
			row, terr := a.CreateTenant(t.Context(), fmt.Sprint("Tenant ", i))
			if terr != nil {
				return terr
			}
			key, err := a.In(row.ID).CreateAPIKey(t.Context(), "test", app.WriteScope, nil)
			if err != nil {
				return err
			}
			d := drawing{tenant: row.ID, api: apptest.API{URL: s.api.URL, Key: key}}
			var made app.Design
			d.api.Call(t, "POST", "/designs", map[string]any{"name": "Dot", "document": doc}, 201, &made)
			d.design = made.ID
			s.drawing = append(s.drawing, d)
		}
		return err
	})
	return s
}

func (s *crowd) batch(d drawing, rows int) {
	s.t.Helper()
	var all []map[string]string
	for range rows {
		all = append(all, map[string]string{"n": fmt.Sprint(len(all), time.Now().UnixNano())}) // else they are one picture
	}
	d.api.Call(s.t, "POST", "/batches", map[string]any{"design": d.design, "rows": all}, 202, nil)
}

// rate is how many small pictures a second are drawn here.
func (s *crowd) rate() float64 {
	s.t.Helper()
	const rows = 20
	began := time.Now()
	s.batch(s.drawing[len(s.drawing)-1], rows)
	s.settle()
	return rows / time.Since(began).Seconds()
}

// visit puts a load on that is the same for each tenant; the sort of a request names the tenant.
func (s *crowd) visit(rate float64) *load.Run {
	p := load.Plan{Address: strings.TrimPrefix(s.api.URL, "http://"), Rate: rate, RTT: 20 * time.Millisecond, Connections: 40}
	for _, d := range s.drawing {
		request := func(method, path, body, id string) *http.Request {
			r, err := http.NewRequest(method, s.api.URL+"/api/v1"+path, strings.NewReader(body))
			if err != nil {
				panic(err)
			}
			r.Header.Set("Authorization", "Bearer "+d.api.Key)
			if body != "" {
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Idempotency-Key", id)
			}
			return r
		}
		get := func(id string) *http.Request { return request("GET", "/designs?limit=1", "", id) }
		post := func(id string) *http.Request {
			return request("POST", "/renders", fmt.Sprintf(`{"design":%q,"async":true,"variables":{"n":%q}}`, d.design, id), id)
		}
		p.Mix = append(p.Mix,
			load.Sort{Name: d.tenant, Share: 56, Keep: true, Request: get},
			load.Sort{Name: d.tenant, Share: 12, Request: get},
			load.Sort{Name: d.tenant, Share: 4, Early: 20 * time.Millisecond, Request: get},
			load.Sort{Name: d.tenant, Share: 1, Keep: true, Effect: true, Request: post},
			load.Sort{Name: d.tenant, Share: 1, Pause: 300 * time.Millisecond, Effect: true, Request: post})
	}
	return load.Start(p)
}

// settle returns when all that was asked for is drawn, and one process is left.
func (s *crowd) settle() {
	s.t.Helper()
	for tick := time.Tick(300 * time.Millisecond); ; <-tick {
		alive, err := upgrade.Alive(s.dir)
		if err != nil {
			s.t.Fatal(err)
		}
		left := 0
		s.database(func(pool *pgxpool.Pool) error {
			return pool.QueryRow(s.t.Context(), `
				SELECT (SELECT count(*) FROM batches WHERE status IN ('queued', 'running')) + (SELECT count(*) FROM renders WHERE status IN ('queued', 'running') AND NOT thumbnail)`).Scan(&left)
		})
		if left == 0 && len(alive) == 1 {
			return
		}
	}
}

// ended tells when each tenant's last render by a release was finished.
func (s *crowd) ended(release string) map[string]time.Time {
	s.t.Helper()
	return s.times(`SELECT tenant_id::text AS tenant, max(finished_at) AS at FROM renders WHERE release = $1 AND NOT thumbnail GROUP BY tenant_id`, release)
}

// moved tells when each tenant came to a release.
func (s *crowd) moved(release string) map[string]time.Time {
	s.t.Helper()
	return s.times(`SELECT tenant::text AS tenant, max(at) AS at FROM moved WHERE release = $1 GROUP BY tenant`, release)
}

func (s *crowd) times(sql, release string) map[string]time.Time {
	s.t.Helper()
	type row struct {
		Tenant string
		At     time.Time
	}
	all := map[string]time.Time{}
	s.database(func(pool *pgxpool.Pool) error {
		found, err := pool.Query(s.t.Context(), sql, release)
		if err != nil {
			return err
		}
		rows, err := pgx.CollectRows(found, pgx.RowToStructByName[row])
		for _, r := range rows {
			all[r.Tenant] = r.At
		}
		return err
	})
	return all
}

// account expects that every render that was asked for is made, once.
func (s *crowd) account(records []load.Record) {
	s.t.Helper()
	s.settle()
	var asked []string
	for _, r := range records {
		if r.Effect && r.Err == nil {
			asked = append(asked, r.ID)
		}
	}
	s.database(func(pool *pgxpool.Pool) error {
		var known, failed, twice int
		err := pool.QueryRow(s.t.Context(), `
			SELECT (SELECT count(*) FROM idempotency_keys k JOIN renders r ON r.id = k.resource WHERE key = ANY($1) AND r.status = 'succeeded'),
				(SELECT count(*) FROM renders WHERE status <> 'succeeded' AND NOT thumbnail),
				(SELECT count(*) FROM (SELECT FROM finished GROUP BY id HAVING count(*) > 1) f)`, asked).Scan(&known, &failed, &twice)
		if known != len(asked) || failed+twice > 0 {
			s.t.Errorf("of %d renders that were taken in %d are made; %d failed, %d were finished twice", len(asked), known, failed, twice)
		}
		return err
	})
}

// strike kills the serving process or its successor, whichever there is.
func (s *crowd) strike(serving int, successor bool) string {
	s.t.Helper()
	alive, err := upgrade.Alive(s.dir)
	if err != nil || len(alive) == 0 {
		s.t.Fatalf("%v, %v", alive, err)
	}
	victim := alive[len(alive)-1]
	if successor {
		victim = alive[0]
	}
	kill(s.t, victim.PID, syscall.SIGKILL)
	return fmt.Sprintf("generation %d of %d and %d", victim.Generation, serving, alive[0].Generation)
}

// revive starts what current leads to, as a supervisor does, when nobody serves.
func (s *crowd) revive() {
	s.t.Helper()
	for warming := true; warming; {
		warming = false
		for _, g := range status(s.t, s.dir) {
			if g.State == upgrade.Serving {
				return
			}
			warming = warming || g.State == upgrade.Warming
		}
	}
	apptest.ServeAsSet(s.t, filepath.Join(s.dir, "current", "app"), s.dir)
}

// byTenant are the answers that each tenant got.
func byTenant(records []load.Record) map[string][]answered {
	all := map[string][]answered{}
	for _, r := range records {
		if r.Err == nil {
			all[r.Sort] = append(all[r.Sort], answered{r.Release, r.Start, r.End})
		}
	}
	return all
}

func rounded(all []time.Duration) (text []string) {
	for _, d := range all {
		text = append(text, d.Round(time.Second).String())
	}
	return text
}
