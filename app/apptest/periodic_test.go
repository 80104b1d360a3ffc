package apptest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// noteChores has an instance write down by which release what is due was done. Two were
// due days ago, one of which is due again a moment after it was done.
func noteChores(t *testing.T, dir string) {
	t.Helper()
	inDatabase(t, dir, func(pool *pgxpool.Pool) error {
		_, err := pool.Exec(t.Context(), `
			CREATE TABLE done (n serial, name text, release text);
			CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
				BEGIN
					INSERT INTO done (name, release) VALUES (new.name, new.release);
					IF new.name = 'answers' THEN new.next_at = now() + interval '50 ms'; END IF;
					RETURN new;
				END $$;
			CREATE TRIGGER note BEFORE UPDATE OF last_at ON schedules FOR EACH ROW EXECUTE FUNCTION note();
			INSERT INTO schedules (name, next_at) SELECT unnest(ARRAY['files', 'answers']), now() - interval '3 days'`)
		return err
	})
}

// chores are the releases that have done one, in that order.
func chores(t *testing.T, dir, name string) (releases []string) {
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
