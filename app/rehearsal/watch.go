package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"majestic/app"
	"majestic/app/postgres"
	"majestic/upgrade/load"
)

// longest is how long a table may be locked against people.
const longest = 2 * time.Second

// watcher looks at the copy's database.
type watcher struct{ db *postgres.DB }

// open opens it, and has it forget the jobs that the instance works.
func open(ctx context.Context, o postgres.Options) (*watcher, error) {
	o.Name = "rehearsal"
	db, err := postgres.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if _, err := db.Pool.Exec(ctx, `DELETE FROM river_job WHERE finalized_at IS NULL`); err != nil {
		return nil, errors.Join(fmt.Errorf("forget the jobs of the copy: %w", err), db.Close())
	}
	return &watcher{db}, nil
}

func (w *watcher) close() error { return w.db.Close() }

// notes has each migration note, as the last thing of its transaction, since when it
// runs, and which tables of before it has locked against others, and since when.
const notes = `
	CREATE SCHEMA rehearsal;
	CREATE TABLE rehearsal.tables AS
		SELECT oid, relname::text AS name FROM pg_class
		WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, 'app'::regnamespace) AND relname !~ '^(migrations_|river_migration)';
	CREATE TABLE rehearsal.seen (
		id bigint GENERATED ALWAYS AS IDENTITY, kind text NOT NULL, version bigint NOT NULL,
		came timestamptz, began timestamptz NOT NULL, ended timestamptz NOT NULL, unusable text[] NOT NULL, unwritable text[] NOT NULL);
	CREATE FUNCTION rehearsal.note() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO rehearsal.seen (kind, version, came, began, ended, unusable, unwritable)
		SELECT tg_argv[0], coalesce(to_jsonb(new)->>'version_id', to_jsonb(new)->>'version')::bigint,
			(SELECT min(backend_start) FROM pg_stat_activity WHERE datname = current_database() AND application_name = current_setting('application_name')),
			transaction_timestamp(), clock_timestamp(),
			coalesce(array_agg(name) FILTER (WHERE mode = 'AccessExclusiveLock'), '{}'), coalesce(array_agg(name) FILTER (WHERE mode <> 'AccessExclusiveLock'), '{}')
		FROM (
			SELECT name, min(mode) AS mode FROM rehearsal.tables t JOIN pg_locks l ON l.relation = t.oid
			WHERE l.pid = pg_backend_pid() AND l.granted AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
			GROUP BY name ORDER BY name
		) locked;
		RETURN new;
	END $$;
	DO $$
	DECLARE of record;
	BEGIN
		FOR of IN SELECT * FROM (VALUES ('expand', 'migrations_expand'), ('contract', 'migrations_contract'), ('river', 'river_migration')) t (kind, name)
		WHERE to_regclass(name) IS NOT NULL LOOP
			EXECUTE format('CREATE TRIGGER rehearsal AFTER INSERT ON %I FOR EACH ROW EXECUTE FUNCTION rehearsal.note(%L)', of.name, of.kind);
		END LOOP;
	END $$`

func (w *watcher) watch(ctx context.Context) error {
	if _, err := w.db.Pool.Exec(ctx, notes, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("watch the migrations: %w", err)
	}
	return nil
}

// migration is one that was run on the copy.
type migration struct {
	Kind       string
	Version    int64
	Took, Held time.Duration
	Unusable   []string // tables that nobody could use for Held, at most
	Unwritable []string // to which nobody could write

	name string
}

// seen are the migrations that were run, in their order, by the names that their
// release has for them.
func (w *watcher) seen(ctx context.Context, i *load.Instance, binary string) (all []migration, err error) {
	rows, err := w.db.Pool.Query(ctx, `
		SELECT kind, version, ended - coalesce(greatest(lag(ended) OVER (ORDER BY id), came), began) AS took, ended - began AS held, unusable, unwritable
		FROM rehearsal.seen ORDER BY id`)
	if err == nil {
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[migration])
	}
	if err != nil {
		return nil, fmt.Errorf("look at what the migrations did: %w", err)
	}
	if len(all) == 0 {
		return nil, nil
	}
	of := *i
	of.Binary = binary
	var known struct {
		Migrations []struct {
			Kind, Name string
			Version    int64
		}
	}
	said, err := of.Run(ctx, "migrate", "status", "--json")
	if err == nil {
		err = json.Unmarshal(said, &known)
	}
	for n, m := range all {
		all[n].name = fmt.Sprintf("%s/%d", m.Kind, m.Version)
		for _, k := range known.Migrations {
			if k.Kind == m.Kind && k.Version == m.Version && k.Name != "" {
				all[n].name = m.Kind + "/" + k.Name
			}
		}
	}
	return all, err
}

func (m migration) String() string {
	text := fmt.Sprintf("%s took %d ms", m.name, m.Took.Milliseconds())
	var locked []string
	if len(m.Unusable) > 0 {
		locked = append(locked, "use "+strings.Join(m.Unusable, ", "))
	}
	if len(m.Unwritable) > 0 {
		locked = append(locked, "write to "+strings.Join(m.Unwritable, ", "))
	}
	if locked == nil {
		return text + ", and kept nobody waiting"
	}
	return fmt.Sprintf("%s; for %d ms nobody could %s", text, m.Held.Milliseconds(), strings.Join(locked, ", or "))
}

// tooLong refuses migrations that keep people waiting.
func tooLong(all []migration) error {
	i := slices.IndexFunc(all, func(m migration) bool {
		return m.Held > longest && len(m.Unusable)+len(m.Unwritable) > 0
	})
	if i < 0 {
		return nil
	}
	return app.Errorf(app.Invalid, "%s locks tables for %.1f s, and people wait %.0f s at most; split it: see README, Change the schema", all[i].name, all[i].Held.Seconds(), longest.Seconds())
}
