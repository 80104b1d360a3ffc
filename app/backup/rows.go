package backup

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"majestic/app"
	"majestic/app/postgres"
)

// Table is what is in a table: how many rows, and the sum of a hash of each.
type Table struct {
	Rows int64  `json:"rows"`
	Hash string `json:"hash"`
}

// plainTexts makes rows read alike on every server.
const plainTexts = `set local timezone = 'UTC'; set local datestyle = 'ISO'; set local intervalstyle = 'postgres'; ` +
	`set local extra_float_digits = 1; set local bytea_output = 'hex'; set local search_path = pg_catalog`

// ours are the tables that are somebody's, by their full names.
const ours = `
	SELECT c.oid, format('%I.%I', nspname, relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
	WHERE relkind = 'r' AND relpersistence <> 't' AND nspname !~ '^pg_' AND nspname <> 'information_schema'`

// look takes a snapshot, of which it notes what the dump does not hold.
func (m *Manifest) look(ctx context.Context, tx pgx.Tx) (snapshot string, err error) {
	var hidden []string
	var user string
	var tables int
	err = tx.QueryRow(ctx, `
		SELECT pg_export_snapshot(), now(), pg_snapshot_xmin(pg_current_snapshot())::text::bigint, system_identifier::text, current_database() || '_tenant',
			current_user, (SELECT count(*) FROM (`+ours+`) t),
			(SELECT coalesce(array_agg(name), '{}') FROM (`+ours+`) t WHERE row_security_active(oid) OR NOT has_table_privilege(oid, 'SELECT'))
		FROM pg_control_system()`).Scan(&snapshot, &m.At, &m.Horizon, &m.Cluster, &m.Walled, &user, &tables, &hidden)
	if err != nil {
		return "", fmt.Errorf("take a snapshot of the database: %w", err)
	}
	if tables == 0 {
		return "", app.Errorf(app.Unavailable, "there is nothing to back up: the database has no tables yet; app serve makes them")
	}
	if len(hidden) > 0 {
		return "", app.Errorf(app.Forbidden, "the database user %s does not see all rows of %s, so a backup would lack them; let the owner of the tables make it: name that user in DATABASE_URL",
			user, strings.Join(hidden[:min(3, len(hidden))], ", "))
	}
	rows, err := tx.Query(ctx, `
		SELECT DISTINCT rolname::text FROM pg_shdepend JOIN pg_roles r ON r.oid = refobjid
		WHERE refclassid = 'pg_authid'::regclass AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND deptype IN ('a', 'r') AND rolname <> current_user`)
	if err != nil {
		return "", fmt.Errorf("find roles: %w", err)
	}
	if m.Roles, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return "", fmt.Errorf("find roles: %w", err)
	}
	m.Sequences, err = sequences(ctx, tx)
	return snapshot, err
}

// count notes what is in each table.
func (m *Manifest) count(ctx context.Context, tx pgx.Tx) error {
	names, err := tables(ctx, tx)
	if err != nil {
		return err
	}
	m.Tables = map[string]Table{}
	for _, name := range names {
		if m.Tables[name], err = fingerprint(ctx, tx, name); err != nil {
			return err
		}
	}
	return nil
}

func tables(ctx context.Context, tx pgx.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, `SELECT name FROM (`+ours+`) t ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("find tables: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func fingerprint(ctx context.Context, tx pgx.Tx, table string) (t Table, err error) {
	err = tx.QueryRow(ctx, `SELECT count(*), coalesce(sum(hashtextextended(whole_row::text, 0)), 0)::text FROM `+table+` whole_row`).Scan(&t.Rows, &t.Hash)
	if err != nil {
		return t, fmt.Errorf("count the rows of %s: %w", table, err)
	}
	return t, nil
}

func sequences(ctx context.Context, tx pgx.Tx) (map[string]int64, error) {
	all := map[string]int64{}
	rows, err := tx.Query(ctx, `SELECT format('%I.%I', schemaname, sequencename), coalesce(last_value, 0) FROM pg_sequences`)
	if err != nil {
		return nil, fmt.Errorf("read sequences: %w", err)
	}
	var name string
	var last int64
	_, err = pgx.ForEachRow(rows, []any{&name, &last}, func() error { all[name] = last; return nil })
	return all, err
}

// load restores the rows of a backup into an empty database, and holds them to
// what the manifest says was in it.
func (b Backup) load(ctx context.Context, db *postgres.DB, args ...string) error {
	major, err := db.Major(ctx)
	if err != nil {
		return err
	}
	if major < b.Postgres {
		return app.Errorf(app.Unavailable, "the backup is of PostgreSQL %d, and the server to restore it to is %d, which cannot read it: apt-get install postgresql-%[1]d", b.Postgres, major)
	}
	made := map[string]bool{}
	for _, role := range b.Roles {
		if made[role], err = makeRole(ctx, db.Pool, role); err != nil {
			return err
		}
	}
	args = append(args, "--no-owner", "--exit-on-error", filepath.Join(b.Path, dumpFile))
	if err := db.Tool(ctx, "pg_restore", args...); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return &app.Error{Kind: app.Invalid, Message: fmt.Sprintf("the backup %s does not come back: its dump cannot be restored", b.Path), Err: err}
	}
	if err := b.moveRights(ctx, db.Pool, made[b.Walled]); err != nil {
		return fmt.Errorf("give the role that walls tenants off its rights: %w", err)
	}
	return b.compare(ctx, db.Pool)
}

// makeRole makes a role that the dump gives rights to, unless it is there.
func makeRole(ctx context.Context, pool *pgxpool.Pool, role string) (made bool, err error) {
	var there bool
	err = pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role).Scan(&there)
	name := pgx.Identifier{role}.Sanitize()
	if err == nil && !there {
		_, err = pool.Exec(ctx, "CREATE ROLE "+name+" NOLOGIN NOINHERIT NOBYPASSRLS")
		if err == nil {
			_, err = pool.Exec(ctx, "GRANT "+name+" TO CURRENT_USER")
		}
	}
	if err != nil {
		return false, fmt.Errorf("make the role %s, to which the backup gives rights: %w", name, err)
	}
	return !there, nil
}

// moveRights gives the rights of the walled role to that which goes with this
// database's name. The one of before may be another database's on the same server.
func (b Backup) moveRights(ctx context.Context, pool *pgxpool.Pool, drop bool) error {
	var role string
	if err := pool.QueryRow(ctx, `SELECT current_database() || '_tenant'`).Scan(&role); err != nil || role == b.Walled {
		return err
	}
	if _, err := makeRole(ctx, pool, role); err != nil {
		return err
	}
	rows, err := pool.Query(ctx, `
		WITH rights AS (
			SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, oid::regclass::text AS name, (aclexplode(relacl)).* FROM pg_class
			UNION ALL SELECT 'FUNCTION', oid::regprocedure::text, (aclexplode(proacl)).* FROM pg_proc
			UNION ALL SELECT 'SCHEMA', quote_ident(nspname), (aclexplode(nspacl)).* FROM pg_namespace
		)
		SELECT format('GRANT %1$s ON %2$s %3$s TO %4$I; REVOKE %1$s ON %2$s %3$s FROM %5$I', privilege_type, kind, name, $1::text, $2::text)
		FROM rights JOIN pg_roles r ON r.oid = grantee WHERE rolname = $2`, role, b.Walled)
	if err != nil {
		return err
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err == nil {
		_, err = pool.Exec(ctx, strings.Join(all, ";"), pgx.QueryExecModeSimpleProtocol)
	}
	if err == nil && drop {
		_, err = pool.Exec(ctx, "DROP ROLE "+pgx.Identifier{b.Walled}.Sanitize())
	}
	return err
}

// compare holds a restored database to the manifest.
func (b Backup) compare(ctx context.Context, pool *pgxpool.Pool) error {
	is, err := snapshotOf(ctx, pool)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(b.Tables)) {
		was, now := b.Tables[name], is.Tables[name]
		if was.Rows != now.Rows {
			return b.broken("of %d rows of %s there are %d", was.Rows, name, now.Rows)
		}
		if was.Hash != now.Hash {
			return b.broken("the rows of %s are not those that were there", name)
		}
	}
	if len(is.Tables) != len(b.Tables) {
		return b.broken("it has %d tables in the place of %d", len(is.Tables), len(b.Tables))
	}
	for name, was := range b.Sequences { // they may run ahead of a snapshot, and never behind
		if now, ok := is.Sequences[name]; !ok || now < was {
			return b.broken("the sequence %s is at %d, and was at %d", name, now, was)
		}
	}
	return nil
}

// snapshotOf counts on all cores, in a database that nobody changes.
func snapshotOf(ctx context.Context, pool *pgxpool.Pool) (m Manifest, err error) {
	var all []string
	begin := pgx.TxOptions{BeginQuery: "begin read only; " + plainTexts}
	err = pgx.BeginTxFunc(ctx, pool, begin, func(tx pgx.Tx) (err error) {
		if m.Sequences, err = sequences(ctx, tx); err == nil {
			all, err = tables(ctx, tx)
		}
		return err
	})
	if err != nil {
		return m, err
	}
	m.Tables = map[string]Table{}
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for _, name := range all {
		group.Go(func() error {
			return pgx.BeginTxFunc(ctx, pool, begin, func(tx pgx.Tx) error {
				t, err := fingerprint(ctx, tx, name)
				mu.Lock()
				defer mu.Unlock()
				m.Tables[name] = t
				return err
			})
		})
	}
	return m, group.Wait()
}

// compareLive holds a backup to the database that it was made of, as the owner sees
// that: each row which is still there and was written before, must be in the backup.
// So one that was made without the right to see rows is found out, though it comes
// back as it was written.
func (b Backup) compareLive(ctx context.Context, live *postgres.DB) (said string, err error) {
	err = inTransaction(ctx, live, func(tx pgx.Tx) error {
		var cluster string
		if err := tx.QueryRow(ctx, `SELECT system_identifier::text FROM pg_control_system()`).Scan(&cluster); err != nil {
			return err
		}
		if cluster != b.Cluster {
			said = "not with live rows, which are another server's"
			return nil
		}
		names, err := tables(ctx, tx)
		if err != nil {
			return err
		}
		total := int64(0)
		for _, name := range names {
			var older int64
			// The age of a row's transaction tells, and not a clock, which may have been set back.
			err := tx.QueryRow(ctx, `SELECT count(*) FROM `+name+` whole_row WHERE age(whole_row.xmin) > age($1::text::xid)`,
				fmt.Sprint(uint32(b.Horizon))).Scan(&older)
			if err != nil {
				return fmt.Errorf("count the live rows of %s: %w", name, err)
			}
			if has := b.Tables[name].Rows; has < older {
				return b.broken("the database has %d rows in %s from before it, and it holds %d; whoever made it did not see them all", older, name, has)
			}
			total += older
		}
		said = fmt.Sprintf("with %d live rows", total)
		return nil
	})
	return said, err
}
