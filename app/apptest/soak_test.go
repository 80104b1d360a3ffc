//go:build soak

package apptest_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/upgrade"
)

// A long batch and 300 short jobs while releases come and processes are killed:
// all are done, none twice, each by the release that took it in, unless that was
// killed.
func TestJobsOutliveEverything(t *testing.T) {
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	s := &soak{t: t, binary: binary, dir: dir, killed: map[string]bool{}, asked: map[string]string{}}
	if err := os.WriteFile(filepath.Join(dir, "app.toml"), []byte("rate_limit = 0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.api.URL = apptest.Serve(t, binary, dir).URL
	s.api.Key = apptest.Key(t, binary, dir)
	s.database(func(pool *pgxpool.Pool) error { // it writes down each time that a render is finished
		_, err := pool.Exec(t.Context(), `
			CREATE TABLE finished (id uuid, release text);
			CREATE FUNCTION note_finished() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
				BEGIN INSERT INTO public.finished VALUES (new.id, new.release); RETURN new; END $$;
			CREATE TRIGGER note_finished AFTER UPDATE ON renders FOR EACH ROW
				WHEN (new.finished_at IS NOT NULL AND NOT new.thumbnail) EXECUTE FUNCTION note_finished();`)
		return err
	})

	var d app.Design
	s.api.Call(t, "POST", "/designs", map[string]any{"name": "Dot", "document": json.RawMessage(
		`{"version":1,"pages":[{"width":40,"height":40,"elements":[{"id":"a","type":"text","x":0,"y":0,"width":40,"height":40,"text":"{{n}}"}]}]}`)}, 201, &d)
	s.design = d.ID
	var b app.Batch
	by := s.api.Call(t, "POST", "/batches", map[string]any{"design": card(t, s.api), "rows": apptest.Countries(t)}, 202, &b).Get("X-Release")
	for _, row := range s.rows(b.ID) {
		s.asked[row.ID] = by
	}

	// Five upgrades and three kills, in any order, of any process.
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 0))
	events := []bool{true, true, true, true, true, false, false, false}
	chance.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	for i, up := range events {
		s.work(300 / (len(events) + 1))
		time.Sleep(time.Duration(chance.IntN(1000)) * time.Millisecond)
		if up {
			file := filepath.Join(t.TempDir(), "app")
			text, err := os.ReadFile(binary)
			if err == nil {
				err = os.WriteFile(file, fmt.Appendf(text, "\nrelease %d\n", i), 0o755)
			}
			if err != nil {
				t.Fatal(err)
			}
			last := upgradeTo(t, binary, dir, 0, file, "--probation", "1s", "--timeout", "90s")
			t.Logf("upgrade to %s: %s", last.To, last.Result)
		} else {
			s.kill(chance)
		}
		http.DefaultClient.CloseIdleConnections()
	}
	s.work(300 - len(events)*(300/(len(events)+1)))

	s.wait(b.ID)
	if s.api.Call(t, "GET", "/batches/"+b.ID, nil, 200, &b); b.Status != app.Succeeded || b.Done != 249 {
		t.Errorf("%+v", b)
	}
	type drawn struct {
		ID, Status, Release string
		Times               int
	}
	var all []drawn
	s.database(func(pool *pgxpool.Pool) error {
		rows, err := pool.Query(t.Context(), `
			SELECT id, status, coalesce(release, '') AS release, (SELECT count(*) FROM finished f WHERE f.id = r.id) AS times FROM renders r WHERE NOT thumbnail`)
		if err == nil {
			all, err = pgx.CollectRows(rows, pgx.RowToStructByName[drawn])
		}
		return err
	})
	moved := 0
	for _, r := range all {
		asked, ok := s.asked[r.ID]
		switch {
		case !ok:
			t.Errorf("render %s was not asked for", r.ID)
		case r.Status != app.Succeeded || r.Times != 1:
			t.Errorf("render %s is %s, and was finished %d times", r.ID, r.Status, r.Times)
		case r.Release != asked && !s.killed[asked]:
			t.Errorf("render %s was taken in by %s, which was not killed, and drawn by %s", r.ID, asked, r.Release)
		case r.Release != asked:
			moved++
		}
	}
	if len(all) != 549 || len(s.asked) != 549 {
		t.Errorf("%d renders, %d asked for", len(all), len(s.asked))
	}
	t.Logf("%d renders; %d of those killed were drawn by others", len(all), moved)
	for id := range s.asked {
		var file []byte
		s.api.Call(t, "GET", "/renders/"+id+"/file", nil, 200, &file)
		if len(file) < 50 {
			t.Errorf("render %s has a file of %d bytes", id, len(file))
		}
	}
	apptest.Must(t, binary, dir, "stop")
}

type soak struct {
	t           *testing.T
	binary, dir string
	api         apptest.API
	design      string
	asked       map[string]string // renders, and the release that took them in
	killed      map[string]bool   // releases
}

func (s *soak) database(use func(*pgxpool.Pool) error) {
	s.t.Helper()
	inDatabase(s.t, s.dir, use)
}

// work asks for so many small pictures.
func (s *soak) work(n int) {
	s.t.Helper()
	for range n {
		var r app.Render
		h := s.api.Call(s.t, "POST", "/renders", map[string]any{"design": s.design, "variables": map[string]string{"n": fmt.Sprint(len(s.asked))}, "async": true}, 202, &r)
		s.asked[r.ID] = h.Get("X-Release")
	}
}

// kill ends one of the processes that live, and starts another when nobody serves.
func (s *soak) kill(chance *rand.Rand) {
	s.t.Helper()
	alive, err := upgrade.Alive(s.dir)
	if err != nil || len(alive) == 0 {
		s.t.Fatalf("%v, %v", alive, err)
	}
	victim := alive[chance.IntN(len(alive))]
	serves := status(s.t, s.dir)
	s.t.Logf("kill generation %d, release %s, of %d", victim.Generation, victim.Release, len(alive))
	s.killed[victim.Release] = true
	if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
		s.t.Fatal(err)
	}
	if i := slices.IndexFunc(serves, func(g upgrade.Status) bool { return g.State == upgrade.Serving }); serves[i].Generation == victim.Generation {
		s.api.URL = apptest.Serve(s.t, filepath.Join(s.dir, "current", "app"), s.dir).URL
	}
}

func (s *soak) rows(batch string) (all []app.Render) {
	s.t.Helper()
	for after := ""; ; {
		var l app.List[app.Render]
		s.api.Call(s.t, "GET", "/batches/"+batch+"/items?limit=100"+after, nil, 200, &l)
		all = append(all, l.Data...)
		if l.Next == nil {
			return all
		}
		after = "&after=" + *l.Next
	}
}

// wait returns when the batch and all renders are finished.
func (s *soak) wait(batch string) {
	s.t.Helper()
	for tick := time.Tick(time.Second); ; <-tick {
		var b app.Batch
		s.api.Call(s.t, "GET", "/batches/"+batch, nil, 200, &b)
		alive, err := upgrade.List(s.t.Context(), s.dir)
		if err != nil {
			s.t.Fatal(err)
		}
		left := 0
		for _, g := range alive {
			left += g.Jobs.Running + g.Jobs.Available + g.Jobs.Waiting
		}
		if b.Finished() && left == 0 && len(slices.DeleteFunc(alive, func(g upgrade.Status) bool { return g.State == upgrade.Gone })) == 1 {
			return
		}
	}
}
