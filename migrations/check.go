package migrations

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
)

// release is the record of the last release, in released/: its files by their
// SHA-256, River's schema, and the statements that its code sends.
type release struct {
	River      int               `json:"river"`
	Files      map[string]string `json:"files"`
	statements []string
}

func (s schema) released() (r release, err error) {
	text, err := fs.ReadFile(s.files, "released/schema.json")
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return r, fmt.Errorf("read the last release's record: %w", err)
	}
	text, err = fs.ReadFile(s.files, "released/statements.sql")
	if err != nil {
		return r, fmt.Errorf("read the last release's record: %w", err)
	}
	for sql := range strings.SplitSeq(string(text), statementEnd) {
		if strings.TrimSpace(sql) != "" {
			r.statements = append(r.statements, sql)
		}
	}
	return r, nil
}

// statementEnd ends a statement in released/statements.sql.
const statementEnd = "\n;\n"

func (r release) has(f file) bool {
	_, ok := r.Files[f.name]
	return ok
}

func (s schema) check(ctx context.Context, pool *pgxpool.Pool) (faults []app.Field, err error) {
	r, err := s.released()
	if err != nil {
		return nil, err
	}
	if faults, err := s.differs(r); err != nil || faults != nil {
		return faults, err // what was released cannot be made again
	}
	err = scratch(ctx, pool, func(db *pgxpool.Pool) error {
		return s.locked(ctx, db, func(m *migrator) error {
			faults, err = m.rehearse(ctx, r)
			return err
		})
	})
	return faults, err
}

// differs tells what the files themselves have wrong.
func (s schema) differs(r release) (faults []app.Field, err error) {
	fault := func(name, format string, args ...any) {
		faults = append(faults, app.Field{Field: name, Message: fmt.Sprintf(format, args...)})
	}
	for name, sum := range r.Files {
		text, err := fs.ReadFile(s.files, name)
		if err != nil {
			fault(name, "it was released, and is gone; put it back")
		} else if is := sha256.Sum256(text); hex.EncodeToString(is[:]) != sum {
			fault(name, "it was released, and was edited since: databases have had it as it was; put it back, and make the change in a new file")
		}
	}
	known, err := riverKnown()
	if err != nil {
		return nil, err
	}
	if known < r.River {
		fault("River", "the last release knows its migration %d, and this one only %d", r.River, known)
	}
	all, err := s.list("expand")
	if err != nil {
		return nil, err
	}
	for _, f := range all {
		if r.has(f) {
			continue
		}
		text, err := fs.ReadFile(s.files, f.name)
		if err != nil {
			return nil, err
		}
		if known > r.River {
			fault(f.name, "River's schema goes from %d to %d in this release: release that alone, and this file with the next", r.River, known)
		}
		if sql := locking(text); untransacted(text) && sql != "" {
			fault(f.name, "%q locks a table, outside of a transaction; write CONCURRENTLY, or leave out NO TRANSACTION", sql)
		}
	}
	slices.SortFunc(faults, func(a, b app.Field) int { return strings.Compare(a.Field, b.Field) })
	return faults, nil
}

var (
	sqlComment = regexp.MustCompile(`--[^\n]*`)
	sqlDDL     = regexp.MustCompile(`(?i)\b(?:alter\s+table|create\s+(?:unique\s+)?index|drop\s+index|reindex\s+\w+|refresh\s+materialized\s+view)\s+\w+`)
)

// locking is the first statement of a file that locks a table against others.
func locking(text []byte) string {
	for _, sql := range sqlDDL.FindAll(sqlComment.ReplaceAll(text, nil), -1) {
		if !bytes.HasSuffix(bytes.ToLower(sql), []byte("concurrently")) {
			return string(sql)
		}
	}
	return ""
}

// watch notes, in the transaction of each migration, which tables of the last
// release it locked against writers and read or wrote as a whole meanwhile, and
// which it wrote anew. The scratch tables are empty: it would take the longer the
// more rows they have.
const watch = `
	CREATE SCHEMA migrations_check;
	CREATE TABLE migrations_check.tables AS
		SELECT oid, oid::regclass::text AS name, relfilenode FROM pg_class
		WHERE relkind = 'r' AND relnamespace IN ('public'::regnamespace, 'app'::regnamespace);
	CREATE TABLE migrations_check.seen (version bigint, fault text);
	CREATE FUNCTION migrations_check.look() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO migrations_check.seen
		SELECT new.version_id, format('table %s is written anew, and nobody can use it meanwhile', t.name)
		FROM migrations_check.tables t JOIN pg_class c USING (oid) WHERE c.relfilenode <> t.relfilenode
		UNION ALL
		SELECT new.version_id, format('table %s is gone through under its lock (%s), and nobody can write to it meanwhile; build indexes with CREATE INDEX CONCURRENTLY in a file with NO TRANSACTION, add constraints as NOT VALID and validate them in another file', t.name, max(l.mode))
		FROM migrations_check.tables t JOIN pg_class c USING (oid)
			JOIN pg_locks l ON l.relation = t.oid AND l.pid = pg_backend_pid() AND l.granted
			JOIN pg_stat_xact_all_tables s ON s.relid = t.oid
		WHERE l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
			AND c.relfilenode = t.relfilenode AND s.seq_scan + coalesce(s.idx_scan, 0) > 0
		GROUP BY t.name;
		RETURN new;
	END $$;
	CREATE TRIGGER migrations_check AFTER INSERT ON migrations_expand FOR EACH ROW EXECUTE FUNCTION migrations_check.look();`

// rehearse makes the last release's schema in an empty database, applies what is
// new, and tells what the last release would not bear.
func (m *migrator) rehearse(ctx context.Context, r release) (faults []app.Field, err error) {
	expand, err := m.list("expand")
	if err != nil {
		return nil, err
	}
	contract, err := m.list("contract")
	if err != nil {
		return nil, err
	}
	expand, fresh := split(expand, r.has)
	contract, later := split(contract, r.has)
	if _, err := m.apply(ctx, expand); err != nil {
		return nil, err
	}
	if _, err := m.river(ctx, r.River); err != nil {
		return nil, err
	}
	if _, err := m.apply(ctx, contract); err != nil {
		return nil, err
	}
	before, err := readCatalog(ctx, m.conn)
	if err != nil {
		return nil, err
	}
	could, err := m.try(ctx, r.statements)
	if err != nil {
		return nil, err
	}
	for _, o := range could {
		if o.refused != "" {
			return nil, fmt.Errorf("a recorded statement does not fit its own release, %s: %s; see README, Change the schema, for how to record them", o.refused, short(o.sql))
		}
	}
	if _, err := m.conn.Exec(ctx, watch); err != nil {
		return nil, fmt.Errorf("watch the migrations: %w", err)
	}

	told := map[string]bool{}
	judge := func(name string, version int64) error {
		after, err := readCatalog(ctx, m.conn)
		if err != nil {
			return err
		}
		all := before.broken(after)
		can, err := m.try(ctx, r.statements)
		if err != nil {
			return err
		}
		for i := range could {
			all = append(all, could[i].broken(can[i])...)
		}
		rows, err := m.conn.Query(ctx, `SELECT fault FROM migrations_check.seen WHERE version = $1`, version)
		if err != nil {
			return err
		}
		locks, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, message := range append(all, locks...) {
			if !told[message] {
				faults = append(faults, app.Field{Field: name, Message: message})
			}
			told[message] = true
		}
		return err
	}
	steps, err := m.river(ctx, 0)
	if err != nil {
		return nil, err
	}
	if steps > 0 {
		before.forget("river_") // River answers for its tables; its recorded statements tell whether the older client goes on
		if err := judge("River", 0); err != nil {
			return nil, err
		}
	}
	for _, f := range fresh {
		m.brief.Reset() // a session counts its scans from its beginning
		if _, err := m.apply(ctx, []file{f}); err != nil {
			return nil, err
		}
		if err := judge(f.name, f.version); err != nil {
			return nil, err
		}
	}
	_, err = m.apply(ctx, later)
	return faults, err
}

func split(all []file, old func(file) bool) (released, fresh []file) {
	for _, f := range all {
		if old(f) {
			released = append(released, f)
		} else {
			fresh = append(fresh, f)
		}
	}
	return released, fresh
}
