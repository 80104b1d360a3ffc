package apptest_test

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/upgrade"
)

// What was due while nobody ran is made good at the start; and while an older release
// still has jobs, the one that serves does what is due, and the older one nothing more.
func TestPeriodicWork(t *testing.T) {
	t.Parallel()
	binary, dir := apptest.Binary(t, "v1"), apptest.Dir(t)
	key := apptest.Key(t, binary, dir)
	do := func(sql string) {
		t.Helper()
		inDatabase(t, dir, func(pool *pgxpool.Pool) error {
			_, err := pool.Exec(t.Context(), sql)
			return err
		})
	}
	// One of two that were due is due again a moment after it was done.
	do(`CREATE TABLE done (n serial, name text, release text)`)
	do(`CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO done (name, release) VALUES (new.name, new.release);
			IF new.name = 'answers' THEN new.next_at = now() + interval '50 ms'; END IF;
			RETURN new;
		END $$`)
	do(`CREATE TRIGGER note BEFORE UPDATE OF last_at ON schedules FOR EACH ROW EXECUTE FUNCTION note()`)
	do(`INSERT INTO schedules (name, next_at) SELECT unnest(ARRAY['files', 'answers']), now() - interval '3 days'`)

	first := apptest.Serve(t, binary, dir)
	v1 := current(t, dir)
	done := func(name string) (releases []string) {
		t.Helper()
		inDatabase(t, dir, func(pool *pgxpool.Pool) error {
			rows, err := pool.Query(t.Context(), `SELECT release FROM done WHERE name = $1 ORDER BY n`, name)
			if err == nil {
				releases, err = pgx.CollectRows(rows, pgx.RowTo[string])
			}
			return err
		})
		return releases
	}
	until(t, "what was missed is made good", func() bool { return len(done("files")) == 1 && len(done("answers")) > 2 })

	api := apptest.API{URL: first.URL, Key: key}
	apptest.Slowly(t, dir)
	var b app.Batch
	api.Call(t, "POST", "/batches", map[string]any{"design": card(t, api), "rows": apptest.Countries(t), "scale": 0.25}, 202, &b)
	upgradeTo(t, binary, dir, 0, apptest.Binary(t, "v2"), "--probation", "500ms")
	v2 := current(t, dir)
	until(t, "the new release does it", func() bool { return slices.Contains(done("answers"), v2) })
	if status(t, dir)[1].State != upgrade.Draining {
		t.Error("the older one has no jobs any more")
	}
	api.Call(t, "DELETE", "/batches/"+b.ID, nil, 200, nil)
	if err := first.Wait(); err != nil {
		t.Error(err)
	}
	// The older one may just have begun when it hears that it is replaced.
	by := done("answers")
	late := slices.DeleteFunc(by[slices.Index(by, v2):], func(release string) bool { return release == v2 })
	if len(late) > 1 || by[0] != v1 {
		t.Errorf("%d times by %v after %s had begun", len(late), late, v2)
	}
	if n := len(done("files")); n != 1 {
		t.Errorf("what is daily was done %d times", n)
	}
	apptest.Must(t, binary, dir, "stop")
}
