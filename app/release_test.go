package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/jobs"
)

// A job is asked for while its tenant moves, 400 times: either it was made before, and
// the tenant stays, or it is refused. The one statement that comes to mind instead
// moves tenants that have just got a job.
func TestMoveRacesEnqueue(t *testing.T) {
	h := newHouse(t)
	for _, test := range map[string]struct {
		move  func() error
		loses bool
	}{
		"Move": {move: func() error {
			_, err := h.app("v1", "v1").Move(t.Context(), []string{"v2"}, false)
			return err
		}},
		"one statement": {loses: true, move: func() error {
			_, err := h.pool.Exec(t.Context(), `
				UPDATE tenants SET release = 'v2' WHERE release = 'v1' AND NOT EXISTS (
					SELECT FROM river_job WHERE queue = 'release_v1' AND state = 'available' AND args->>'tenant' = tenants.id::text)`)
			return err
		}},
	} {
		made, lost := h.race(t, test.move)
		t.Logf("of 400 jobs %d were made, and %d of their tenants moved", made, lost)
		if !test.loses && (made == 0 || made == 400) || test.loses != (lost > 0) {
			t.Errorf("%d jobs were made, %d tenants lost", made, lost)
		}
	}
}

// The same with the one that comes, while the one before still takes in whatever comes.
func TestAssignRacesEnqueue(t *testing.T) {
	h := newHouse(t)
	made, lost := h.race(t, func() error { return h.app("v2", "v2").Assign(t.Context(), "v1", []string{"v1", "v2"}, true) })
	if made == 0 || made == 400 || lost > 0 {
		t.Errorf("%d jobs were made, %d tenants lost", made, lost)
	}
}

// A tenant goes to the oldest release that has work of it, and one that has
// unfinished work stays, unless all have to go.
func TestMove(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	v1, v2, v3 := h.app("v1", "v1"), h.app("v2", "v2"), h.app("v3", "v3")
	heirs := []string{"v2", "v3"}
	busy, older, free := h.tenants[0], h.tenants[1], h.tenants[2]
	h.work(t, "v1", busy)
	h.work(t, "v2", older)
	h.work(t, "v3", older)
	h.exec(t, `UPDATE tenants SET release = 'v1' WHERE id = ANY($1)`, []string{busy.id, older.id, free.id})

	if m, err := v1.Move(ctx, nil, true); err != nil || len(m.Moved) > 0 || m.Left != 3 {
		t.Errorf("without an heir: %+v, %v", m, err)
	}
	m, err := v1.Move(ctx, heirs, false)
	if err != nil || len(m.Moved) != 2 || m.Left != 1 || len(m.Forced) > 0 {
		t.Errorf("%+v, %v", m, err)
	}
	h.expect(t, map[tenant]string{busy: "v1", older: "v2", free: "v3"})
	if m, err := v2.Move(ctx, []string{"v3"}, false); err != nil || m.Left != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	for _, state := range []string{"retryable", "scheduled", "running", "pending"} {
		h.exec(t, `UPDATE river_job SET state = $1::river_job_state WHERE queue = 'release_v1'`, state)
		if m, err := v1.Move(ctx, heirs, false); err != nil || m.Left != 1 {
			t.Errorf("a job that is %s: %+v, %v", state, m, err)
		}
	}
	if m, err := v1.Move(ctx, heirs, true); err != nil || !slices.Equal(m.Forced, []string{busy.id}) || !slices.Equal(m.Moved, m.Forced) {
		t.Errorf("all: %+v, %v", m, err)
	}
	h.exec(t, `UPDATE river_job SET state = 'completed', finalized_at = now()`)
	if m, err := v2.Move(ctx, []string{"v3"}, false); err != nil || !slices.Equal(m.Moved, []string{older.id}) {
		t.Errorf("when its work is done: %+v, %v", m, err)
	}
	h.expect(t, map[tenant]string{busy: "v3", older: "v3", free: "v3"})
	if m, err := v3.Move(ctx, nil, false); err != nil || len(m.Moved) > 0 {
		t.Errorf("%+v, %v", m, err)
	}
}

// Who takes over tenant by tenant leaves those to others who are theirs, and takes
// those whom a release has left that is gone.
func TestAssign(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	v3 := h.app("v3", "v3")
	older, busy, free, orphan := h.tenants[0], h.tenants[1], h.tenants[2], h.tenants[3]
	h.exec(t, `UPDATE tenants SET release = $2 WHERE id = $1`, older.id, "v1")
	h.exec(t, `UPDATE tenants SET release = $2 WHERE id = $1`, orphan.id, "v0")
	h.work(t, "v1", older)
	h.work(t, "v2", busy)
	if err := v3.Assign(ctx, "v2", []string{"v1", "v2", "v3"}, true); err != nil {
		t.Fatal(err)
	}
	h.expect(t, map[tenant]string{older: "v1", busy: "v2", free: "v3", orphan: "v3"})
	if all, err := v3.AssignedReleases(ctx); err != nil || !slices.Equal(all, []string{"v1", "v2", "v3"}) {
		t.Errorf("assigned are %v, %v", all, err)
	}

	// It goes away before it serves; a release that is started afresh changes nothing.
	if err := h.app("v2", "v2").Expect(ctx, "v3"); err != nil {
		t.Fatal(err)
	}
	h.expect(t, map[tenant]string{older: "v1", busy: "v2", free: "", orphan: ""})
	if err := h.app("v2", "v2").Expect(ctx, "v2"); err != nil {
		t.Fatal(err)
	}
	if err := v3.Assign(ctx, "v3", []string{"v1", "v2", "v3"}, false); err != nil {
		t.Fatal(err)
	}
	h.expect(t, map[tenant]string{older: "v1", busy: "v2"})

	// Another one takes all.
	if err := h.app("v4", "v4").Assign(ctx, "v3", []string{"v1", "v2", "v3", "v4"}, false); err != nil {
		t.Fatal(err)
	}
	h.expect(t, map[tenant]string{older: "v4", busy: "v4", free: ""})
}

// Tenants come, go and get other names while others move.
func TestMoveMeanwhile(t *testing.T) {
	h, ctx := newHouse(t), t.Context()
	deleted, renamed, other := h.tenants[0], h.tenants[1], h.tenants[2]
	h.exec(t, `UPDATE tenants SET release = 'v1' WHERE id = ANY($1)`, []string{deleted.id, renamed.id, other.id})
	tx, err := h.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx)
	for _, sql := range []string{`DELETE FROM tenants WHERE id = '` + deleted.id + `'`, `UPDATE tenants SET slug = 'another', name = 'Another' WHERE id = '` + renamed.id + `'`} {
		if _, err := tx.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan app.Moves, 1)
	go func() {
		m, err := h.app("v1", "v1").Move(ctx, []string{"v2"}, false)
		if err != nil {
			t.Error(err)
		}
		done <- m
	}()
	h.until(t, `SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) OR NOT granted AND locktype = 'transactionid'`)
	late := apptest.Tenant(t, h.any, "Late") // is nobody's, so it is served by who serves
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if m := <-done; len(m.Moved) != 2 || slices.Contains(m.Moved, deleted.id) {
		t.Errorf("%+v", m)
	}
	h.expect(t, map[tenant]string{renamed: "v2", other: "v2", {id: late.ID()}: ""})
	if _, err := h.app("v1", "v1").In(deleted.id).LookUp(ctx); app.KindOf(err) != app.NotFound {
		t.Errorf("one that is deleted: %v", err)
	}
	if _, err := h.create(h.app("v1", "v1"), deleted); err == nil {
		t.Error("one that is deleted got a job")
	}
}

// house is a database that releases share, with some tenants that each have a design.
type house struct {
	pool    *pgxpool.Pool
	any     *app.App // of no release in particular
	tenants []tenant
}

type tenant struct{ id, design string }

func newHouse(t *testing.T) *house {
	t.Helper()
	a, small := apptest.App(t)
	config := small.Config()
	config.MaxConns = 24
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	h := &house{pool: pool, any: a}
	doc, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":10,"height":10,"elements":[]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		tn := apptest.Tenant(t, a, fmt.Sprint("Tenant ", i))
		d, err := tn.CreateDesign(t.Context(), nil, "Empty", doc)
		if err != nil {
			t.Fatal(err)
		}
		h.tenants = append(h.tenants, tenant{tn.ID(), d.ID})
	}
	h.exec(t, `DELETE FROM river_job`)
	return h
}

// app is the product as a release runs it that serves whom it is assigned.
func (h *house) app(release string, mine ...string) *app.App {
	queue, err := jobs.NewQueue(h.pool, release)
	if err != nil {
		panic(err) // its settings are wrong
	}
	return app.New(app.Options{Pool: h.pool, Queue: queue, Release: release, Mine: func(r string) bool { return slices.Contains(mine, r) }})
}

func (h *house) create(a *app.App, of tenant) (made bool, err error) {
	_, err = a.In(of.id).CreateRender(context.Background(), nil, app.RenderRequest{Design: of.design})
	if _, moved := errors.AsType[*app.Moved](err); moved {
		return false, nil
	}
	return err == nil, err
}

// work leaves a job of a tenant in the queue of a release.
func (h *house) work(t *testing.T, release string, of tenant) {
	t.Helper()
	if made, err := h.create(h.app(release, "", "v1", "v2", "v3"), of); !made || err != nil {
		t.Fatalf("made %v, %v", made, err)
	}
}

// race has 400 jobs asked for at v1, those of all tenants at a time and each at
// another moment, while tenants of v1 move; the database takes its time over both.
// Lost are tenants that have moved and have a job of v1's.
func (h *house) race(t *testing.T, move func() error) (made, lost int) {
	t.Helper()
	h.exec(t, `
		CREATE OR REPLACE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(random() * 0.01); RETURN new; END $$;
		CREATE OR REPLACE TRIGGER dawdle BEFORE INSERT ON river_job FOR EACH ROW EXECUTE FUNCTION dawdle();
		CREATE OR REPLACE TRIGGER dawdle BEFORE UPDATE ON tenants FOR EACH ROW WHEN (new.release = 'v2') EXECUTE FUNCTION dawdle();`)
	v1 := h.app("v1", "v1")
	for round := range 400 / len(h.tenants) {
		h.exec(t, `DELETE FROM river_job`)
		h.exec(t, `UPDATE tenants SET release = 'v1'`)
		jobs, asked := make([]bool, len(h.tenants)), make(chan bool, len(h.tenants))
		var all sync.WaitGroup
		for i, tn := range h.tenants {
			all.Go(func() {
				_, err := h.pool.Exec(t.Context(), `SELECT pg_sleep($1)`, float64(i)*0.005)
				if err == nil {
					jobs[i], err = h.create(v1, tn)
				}
				if err != nil {
					t.Error(err)
				}
				asked <- true
			})
		}
		all.Go(func() {
			for range round % len(h.tenants) { // in every round at another moment, however slow the machine is
				<-asked
			}
			if err := move(); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		for i, tn := range h.tenants {
			var release string
			var left int
			err := h.pool.QueryRow(t.Context(), `
				SELECT release, (SELECT count(*) FROM river_job WHERE queue = 'release_v1' AND args->>'tenant' = $1::text)
				FROM tenants WHERE id = $1::uuid`, tn.id).Scan(&release, &left)
			if err != nil || jobs[i] != (left == 1) || !jobs[i] && release != "v2" {
				t.Errorf("made %v: %d jobs, served by %s, %v", jobs[i], left, release, err)
			}
			if jobs[i] {
				made++
			}
			if jobs[i] && release != "v1" {
				lost++
			}
		}
	}
	return made, lost
}

func (h *house) expect(t *testing.T, want map[tenant]string) {
	t.Helper()
	for tn, release := range want {
		if got, err := h.any.In(tn.id).LookUp(t.Context()); err != nil || got.Release() != release {
			t.Errorf("tenant %d is with %q, not %q, %v", slices.Index(h.tenants, tn), got.Release(), release, err)
		}
	}
}

func (h *house) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	mode := []any{}
	if strings.Contains(sql, ";") {
		mode = append(mode, pgx.QueryExecModeSimpleProtocol)
	}
	if _, err := h.pool.Exec(t.Context(), sql, append(mode, args...)...); err != nil {
		t.Fatal(err)
	}
}

// until waits for the database to say so.
func (h *house) until(t *testing.T, sql string) {
	t.Helper()
	for so := false; !so; {
		if err := h.pool.QueryRow(t.Context(), sql).Scan(&so); err != nil {
			t.Fatal(err)
		}
	}
}
