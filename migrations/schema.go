package migrations

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"majestic/app"
)

// schema is the migrations of one release.
type schema struct {
	files    fs.FS
	patience time.Duration
}

// file is a migration in expand/ or contract/.
type file struct {
	version int64
	name    string // with its folder
}

// list reads the names of a folder's migrations, oldest first.
func (s schema) list(folder string) (all []file, err error) {
	names, err := fs.Glob(s.files, folder+"/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		version, err := goose.NumericComponent(path.Base(name))
		if err != nil {
			return nil, fmt.Errorf("%s: a migration's name begins with its number: %w", name, err)
		}
		all = append(all, file{version, name})
	}
	slices.SortFunc(all, func(a, b file) int { return cmp.Compare(a.version, b.version) })
	return all, nil
}

// must is list for the files that are built in: their names are tested.
func (s schema) must(folder string) []file {
	all, err := s.list(folder)
	if err != nil {
		panic(err)
	}
	return all
}

// versions of files; never nil, since it is shown as JSON.
func versions(files []file) []int64 {
	all := make([]int64, 0, len(files))
	for _, f := range files {
		all = append(all, f.version)
	}
	return all
}

func (s schema) expand(ctx context.Context, pool *pgxpool.Pool) (steps int, err error) {
	err = s.locked(ctx, pool, func(m *migrator) error {
		if err := mayCreateRoles(ctx, m.conn); err != nil {
			return err
		}
		known, err := s.list("contract")
		if err != nil {
			return err
		}
		if err := accept(ctx, m.conn, versions(known)); err != nil {
			return err
		}
		had, err := applied(ctx, m.conn, "expand")
		if err != nil {
			return err
		}
		folders := []string{"expand"}
		if len(had) == 0 {
			folders = append(folders, "contract")
		}
		for i, folder := range folders {
			all, err := s.list(folder)
			if err != nil {
				return err
			}
			n, err := m.apply(ctx, all)
			steps += n
			if err == nil && i == 0 {
				n, err = m.river(ctx, 0)
				steps += n
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	return steps, err
}

// apply applies those of the files that the database lacks, in their order, also
// when it has had a newer one: of a release that was rolled back.
func (m *migrator) apply(ctx context.Context, all []file) (steps int, err error) {
	for _, f := range all {
		had, err := applied(ctx, m.conn, path.Dir(f.name))
		if err != nil {
			return steps, err
		}
		if _, ok := had[f.version]; ok {
			continue
		}
		if err := m.run(ctx, f); err != nil {
			return steps, err
		}
		steps++
	}
	return steps, nil
}

func (m *migrator) run(ctx context.Context, f file) error {
	folder := path.Dir(f.name)
	sub, err := fs.Sub(m.files, folder)
	if err != nil {
		return err
	}
	text, err := fs.ReadFile(m.files, f.name)
	if err != nil {
		return err
	}
	store, err := database.NewStore(database.DialectPostgres, table(folder))
	if err != nil {
		return err
	}
	pool := m.brief
	if untransacted(text) {
		pool = m.pool // CREATE INDEX CONCURRENTLY waits for old transactions, and nobody behind it
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := goose.NewProvider(database.DialectCustom, db, sub, goose.WithStore(store))
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return m.patiently(ctx, f.name, func() error {
		_, err := provider.ApplyVersion(ctx, f.version, true)
		if failed := new(goose.PartialError); errors.As(err, &failed) {
			return failed.Err
		}
		return err
	})
}

// river brings River's tables to a version, 0 for the newest that is known. A
// database that is ahead of it is left alone.
func (m *migrator) river(ctx context.Context, to int) (steps int, err error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(m.brief), nil)
	if err != nil {
		return 0, err
	}
	err = m.patiently(ctx, "River's migrations", func() error {
		done, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: to})
		if err == nil {
			steps = len(done.Versions)
		}
		return err
	})
	return steps, err
}

// riverKnown is the newest of River's migrations that this release knows.
func riverKnown() (int, error) {
	migrator, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		return 0, err
	}
	all := migrator.AllVersions()
	return all[len(all)-1].Version, nil
}

// applied are the migrations of a folder that the database has had.
func applied(ctx context.Context, conn *pgx.Conn, folder string) (map[int64]time.Time, error) {
	sql := `SELECT version_id, tstamp FROM ` + table(folder) + ` WHERE is_applied AND version_id > 0`
	name := table(folder)
	if folder == "river" {
		name, sql = "river_migration", `SELECT version, created_at FROM river_migration WHERE line = 'main'`
	}
	all := map[int64]time.Time{}
	there, err := exists(ctx, conn, name)
	if err != nil || !there {
		return all, err
	}
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var version int64
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&version, &at}, func() error {
		all[version] = at
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return all, nil
}

func exists(ctx context.Context, conn *pgx.Conn, table string) (yes bool, err error) {
	err = conn.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, table).Scan(&yes)
	return yes, err
}

// table is goose's record of a folder.
func table(folder string) string { return "migrations_" + folder }

func untransacted(text []byte) bool { return strings.Contains(string(text), "+goose NO TRANSACTION") }

// mayCreateRoles refuses a database whose login can neither make the walled role nor has been given it.
func mayCreateRoles(ctx context.Context, conn *pgx.Conn) error {
	var user, role string
	var able bool
	err := conn.QueryRow(ctx, `
		SELECT current_user, current_database() || '_tenant',
			(SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user)
			OR EXISTS (SELECT FROM pg_roles r WHERE r.rolname = current_database() || '_tenant' AND pg_has_role(current_user, r.oid, 'MEMBER'))`,
	).Scan(&user, &role, &able)
	if err != nil {
		return err
	}
	if !able {
		return app.Errorf(app.Forbidden, "the database user %s may not create the role %s that walls tenants off; let an administrator run: CREATE ROLE %s NOLOGIN; GRANT %s TO %s",
			user, role, pgx.Identifier{role}.Sanitize(), pgx.Identifier{role}.Sanitize(), pgx.Identifier{user}.Sanitize())
	}
	return nil
}
