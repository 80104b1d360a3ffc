package migrations_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
	"majestic/app/apptest"
	"majestic/migrations"
)

// The last release can go on with this one's schema. When this one is out, it is
// made the last:
//
//	go test ./migrations -run 'TestCheck$' -release
func TestCheck(t *testing.T) {
	if *release {
		writeRecord(t)
		return
	}
	faults, err := migrations.Check(context.Background(), apptest.Database(t).Pool)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Errorf("%s: %s", f.Field, f.Message)
	}
}

// What would stop the last release is found out: each change alone, in a release of all.
func TestCheckFinds(t *testing.T) {
	cases := []struct{ name, sql, want string }{
		{"a validated constraint", "ALTER TABLE designs ADD COLUMN label text CHECK (label <> '');", "table designs is gone through under its lock (AccessExclusiveLock)"},
		{"a plain index", "CREATE INDEX designs_name ON designs (name);", "table designs is gone through under its lock (ShareLock)"},
		{"a unique index", "CREATE UNIQUE INDEX one_name ON designs (name);", "unique index designs one_name is new"},
		{"an index dropped", "DROP INDEX renders_design;", "index renders renders_design is gone"},
		{"NOT NULL", "ALTER TABLE renders ALTER bytes SET NOT NULL;", "NOT NULL renders bytes is new"},
		{"a column that must be given", "ALTER TABLE designs ADD COLUMN folder text NOT NULL;", "NOT NULL without a default designs folder is new"},
		{"a column dropped", "ALTER TABLE renders DROP COLUMN sha256;", "column renders sha256 is gone"},
		{"a column renamed", "ALTER TABLE renders RENAME error TO fault;", "column renders error is gone"},
		{"a type narrowed", "ALTER TABLE renders ALTER bytes TYPE integer;", "column renders bytes was bigint, and is integer"},
		{"a length narrowed", "ALTER TABLE users ALTER name TYPE varchar(9);", "column users name was text, and is character varying(9)"},
		{"a table written anew", "ALTER TABLE batches ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();", "table batches is written anew"},
		{"a table emptied", "TRUNCATE idempotency_keys;", "table idempotency_keys is written anew"},
		{"a table", "ALTER TABLE idempotency_keys RENAME TO keys;", "table idempotency_keys is gone"},
		{"a default", "ALTER TABLE designs ALTER version DROP DEFAULT;", "default designs version is gone"},
		{"a check", "ALTER TABLE designs ADD CHECK (name <> '') NOT VALID;", "constraint designs designs_name_check is new"},
		{"a foreign key dropped", "ALTER TABLE batches DROP CONSTRAINT batches_tenant_id_fkey;", "constraint batches batches_tenant_id_fkey is gone"},
		{"a policy", "DROP POLICY tenant ON designs;", "policy designs tenant is gone"},
		{"a restrictive policy", "CREATE POLICY more ON designs AS RESTRICTIVE USING (name <> '');", "restrictive policy designs more is new"},
		{"row security", "ALTER TABLE users ENABLE ROW LEVEL SECURITY;", "row security users is new"},
		{"a grant", "DO $$ BEGIN EXECUTE format('REVOKE INSERT ON designs FROM %I', app.tenant_role()); END $$;", "grant table designs INSERT to"},
		{"a function's grant", "DO $$ BEGIN EXECUTE format('REVOKE EXECUTE ON FUNCTION app.has_users FROM %I', app.tenant_role()); END $$;", "grant function app.has_users() EXECUTE to"},
		{"a function's rights", "ALTER FUNCTION app.has_users() SECURITY INVOKER;", "function app.has_users() was returns boolean, s, definer t"},
		{"a statement", "CREATE FUNCTION app.has_users(really boolean DEFAULT true) RETURNS boolean LANGUAGE sql AS 'SELECT true';", "a statement of the last release cannot be prepared any more, function app.has_users() is not unique"},
		{"a function's answer", "DROP FUNCTION app.has_users(); CREATE FUNCTION app.has_users() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT ''yes''';", "function app.has_users() was returns boolean"},
		{"a function renamed", "ALTER FUNCTION app.has_users() RENAME TO any_users;", "function app.has_users() is gone"},
		{"other columns", "CREATE VIEW newest AS SELECT 1; ALTER TABLE designs ADD COLUMN stars text;", "a statement of the last release gives other columns"},
		{"a trigger", "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END'; CREATE TRIGGER no BEFORE INSERT ON designs FOR EACH ROW EXECUTE FUNCTION no();", "a statement of the last release ends with SQLSTATE P0001"},
	}
	file := func(i int) string { return fmt.Sprintf("expand/%d_change.sql", 90001+i) }
	others := []string{"released/statements.sql", statements("SELECT app.has_users()", "SELECT * FROM designs", "INSERT INTO designs (name) VALUES ($1)")}
	for i, c := range cases {
		others = append(others, file(i), "-- +goose Up\n-- +goose StatementBegin\n"+c.sql+"\n-- +goose StatementEnd\n")
	}
	db := apptest.Database(t)
	faults, err := with(t, others...).Check(context.Background(), db.Pool)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		if !among(faults, file(i), c.want) {
			t.Errorf("%s: not found: %s", c.name, c.want)
		}
	}
	if t.Failed() {
		t.Logf("found: %v", faults)
	}
	s := with(t, "expand/90001_index.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX designs_name ON designs (name);\n")
	if !finds(t, s, db.Pool, "expand/90001", `"CREATE INDEX designs_name" locks a table`) {
		t.Error("a plain index without a transaction is let through")
	}
}

// What the last release does not mind is let through.
func TestCheckLetsThrough(t *testing.T) {
	db := apptest.Database(t)
	const released, unchecked = "expand/90000_released.sql", "-- +goose Up\nALTER TABLE designs ADD COLUMN copied_from uuid;\nALTER TABLE designs ADD FOREIGN KEY (copied_from) REFERENCES design_versions (id) NOT VALID;\n"
	s := with(t,
		released, unchecked, "released/schema.json", record(t, 0, released, unchecked),
		"expand/90001_more.sql", `-- +goose Up
			CREATE TABLE folders (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE, name text NOT NULL UNIQUE CHECK (name <> ''));
			SELECT app.wall('folders');
			ALTER TABLE designs ADD COLUMN folder_id uuid, ADD COLUMN stars integer NOT NULL DEFAULT 0;
			ALTER TABLE designs ADD FOREIGN KEY (folder_id) REFERENCES folders NOT VALID;
			ALTER TABLE users ALTER name DROP NOT NULL, ALTER operator SET DEFAULT true;
			ALTER TABLE renders DROP CONSTRAINT renders_format_check;
			CREATE OR REPLACE FUNCTION app.has_users() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT true';`,
		"expand/90002_valid.sql", "-- +goose Up\nINSERT INTO folders SELECT gen_random_uuid(), id, name FROM tenants;\nUPDATE designs SET stars = 1;\nALTER TABLE designs VALIDATE CONSTRAINT designs_folder_id_fkey, VALIDATE CONSTRAINT designs_copied_from_fkey;\n",
		"expand/90003_index.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY designs_folder ON designs (folder_id);\n",
		"contract/90001_index.sql", takesAway)
	faults, err := s.Check(context.Background(), db.Pool)
	if err != nil || faults != nil {
		t.Errorf("%v, %v", faults, err)
	}
}

// A check leaves nothing, takes away what one that was killed has left, and nothing else.
func TestCheckLeavesNothing(t *testing.T) {
	ctx, db := context.Background(), apptest.Database(t)
	name := db.Pool.Config().ConnConfig.Database
	t.Cleanup(func() {
		if _, err := db.Pool.Exec(ctx, "DROP DATABASE "+name+"_check_mine"); err != nil {
			t.Error(err)
		}
	})
	for _, sql := range []string{"CREATE DATABASE NAME_check_left", "COMMENT ON DATABASE NAME_check_left IS 'scratch of app migrate check'", "CREATE DATABASE NAME_check_mine"} {
		if _, err := db.Pool.Exec(ctx, strings.ReplaceAll(sql, "NAME", name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := migrations.Check(ctx, db.Pool); err != nil {
		t.Fatal(err)
	}
	var left, roles string
	err := db.Pool.QueryRow(ctx, `SELECT (SELECT string_agg(datname, ' ') FROM pg_database WHERE starts_with(datname, $1)),
		(SELECT coalesce(string_agg(rolname, ' '), '') FROM pg_roles WHERE starts_with(rolname, $1))`, name+"_check").Scan(&left, &roles)
	if err != nil || left != name+"_check_mine" || roles != "" {
		t.Errorf("left are the databases %q and the roles %q: %v", left, roles, err)
	}
}

// What was released stays as it was.
func TestCheckReleasedFiles(t *testing.T) {
	db := apptest.Database(t)
	for name, c := range map[string]struct{ text, want string }{
		"edited": {"-- +goose Up\nSELECT 1;\n", "was edited since"},
		"gone":   {"", "it was released, and is gone"},
	} {
		t.Run(name, func(t *testing.T) {
			file := "expand/90001_released.sql"
			s := with(t, file, c.text, "released/schema.json", record(t, 0, file, "-- +goose Up\nSELECT 0;\n"))
			if !finds(t, s, db.Pool, file, c.want) {
				t.Errorf("not found: %s", c.want)
			}
		})
	}
}

// River's schema changes in a release of its own, and the older client's statements tell whether it goes on.
func TestCheckRiver(t *testing.T) {
	ctx, db := context.Background(), apptest.Database(t)
	older := record(t, 6)
	if faults, err := with(t, "released/schema.json", older, "released/statements.sql", statements("SELECT id FROM river_job")).Check(ctx, db.Pool); err != nil || faults != nil {
		t.Errorf("River alone: %v, %v", faults, err)
	}
	if s := with(t, "released/schema.json", older, "expand/90001_more.sql", adds); !finds(t, s, db.Pool, "expand/90001_more.sql", "River's schema goes from 6 to") {
		t.Error("River and another file in one release")
	}
	if s := with(t, "released/schema.json", older, "released/statements.sql", statements("SELECT id FROM river_client")); !finds(t, s, db.Pool, "River", "cannot be prepared any more") {
		t.Error("an older client that needs what River has dropped")
	}
	if s := with(t, "released/schema.json", record(t, 99)); !finds(t, s, db.Pool, "River", "the last release knows its migration 99") {
		t.Error("River goes back")
	}
}

func statements(all ...string) string {
	return strings.Join(append(all, ""), migrations.StatementEnd)
}

// record is schema.json of a release with our files and others, as in files; 0 is
// the River schema of today.
func record(t *testing.T, river int, others ...string) string {
	t.Helper()
	if river == 0 {
		var err error
		if river, err = migrations.RiverKnown(); err != nil {
			t.Fatal(err)
		}
	}
	sums := map[string]string{}
	for name, f := range files(t, others...) {
		if strings.HasSuffix(name, ".sql") && !strings.HasPrefix(name, "released/") {
			sums[name] = fmt.Sprintf("%x", sha256.Sum256(f.Data))
		}
	}
	text, err := json.MarshalIndent(struct {
		River int               `json:"river"`
		Files map[string]string `json:"files"`
	}{river, sums}, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// finds tells whether a check finds a fault of a file; others may come with it.
func finds(t *testing.T, s migrations.Schema, pool *pgxpool.Pool, file, want string) bool {
	t.Helper()
	faults, err := s.Check(context.Background(), pool)
	if err != nil {
		t.Fatal(err)
	}
	if !among(faults, file, want) {
		t.Logf("found: %v", faults)
		return false
	}
	return true
}

func among(faults []app.Field, file, want string) bool {
	return slices.ContainsFunc(faults, func(f app.Field) bool {
		return strings.HasPrefix(f.Field, file) && strings.Contains(f.Message, want)
	})
}
