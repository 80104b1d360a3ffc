package app_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/image/font/gofont/goregular"

	"majestic/app"
	"majestic/app/apptest"
)

// Every table that has a tenant's rows is walled, and the walled role sees and
// makes nothing of another tenant, whatever SQL it runs.
func TestWall(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	mine, theirs := apptest.Tenant(t, a, "Mine"), apptest.Tenant(t, a, "Theirs")
	fill(t, mine)
	fill(t, theirs)

	rows, err := pool.Query(ctx, `
		SELECT c.relname, c.relrowsecurity FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
			AND (a.attname = 'tenant_id' OR c.relname = 'tenants' AND a.attname = 'id') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	type table struct {
		Relname        string
		Relrowsecurity bool
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByName[table])
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) < 8 {
		t.Fatalf("only %d tables of tenants: %v", len(tables), tables)
	}
	for _, table := range tables {
		if !table.Relrowsecurity {
			t.Errorf("%s has no row-level security", table.Relname)
		}
		column := "tenant_id"
		if table.Relname == "tenants" {
			column = "id"
		}
		var all, seen, foreign int
		if err := pool.QueryRow(ctx, `SELECT count(*) FROM `+table.Relname).Scan(&all); err != nil {
			t.Fatal(err)
		}
		err := asTenant(ctx, pool, mine.ID(), func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, fmt.Sprintf(`SELECT count(*), count(*) FILTER (WHERE %s <> $1) FROM %s`, column, table.Relname), mine.ID()).Scan(&seen, &foreign)
		})
		if err != nil {
			t.Errorf("%s: %v", table.Relname, err)
		}
		if table.Relname == "memberships" {
			continue // none were made
		}
		if all < 2 || seen == 0 || foreign != 0 || seen >= all {
			t.Errorf("%s: of %d rows the tenant sees %d, %d of them foreign", table.Relname, all, seen, foreign)
		}
		err = asTenant(ctx, pool, mine.ID(), func(tx pgx.Tx) error {
			tag, err := tx.Exec(ctx, fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE %[2]s = $2`, table.Relname, column), mine.ID(), theirs.ID())
			if err == nil && tag.RowsAffected() != 0 {
				t.Errorf("%s: took %d rows of another tenant", table.Relname, tag.RowsAffected())
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", table.Relname, err)
		}
	}
}

// The walled role reads no table that is nobody's: accounts, sessions, jobs, the schema's history.
func TestWallHidesTheRest(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	mine := apptest.Tenant(t, a, "Mine")
	for _, table := range []string{"users", "sessions", "mails", "mailed_links", "river_job", "river_queue", "migrations_expand", "upgrades", "schedules"} {
		err := asTenant(ctx, pool, mine.ID(), func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT FROM `+table)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("%s: %v", table, err)
		}
	}
	// Without a tenant nothing is in sight, and the setting does not leak to the pool's next user.
	err := asTenant(ctx, pool, "", func(tx pgx.Tx) error {
		var n int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM designs`).Scan(&n)
		if n != 0 {
			t.Errorf("without a tenant %d designs are in sight", n)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	var role, tenant string
	if err := pool.QueryRow(ctx, `SELECT current_user, coalesce(current_setting('app.tenant', true), '')`).Scan(&role, &tenant); err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(role, "_tenant") || tenant != "" {
		t.Errorf("the session is still %q in %q", role, tenant)
	}
}

// A read by one round trip sees what is the tenant's alone, and leaves nothing to the
// next user of its connection: neither the role nor the tenant, even when it fails.
func TestSight(t *testing.T) {
	ctx := t.Context()
	full, shared := apptest.App(t)
	config := shared.Config()
	config.MaxConns = 1
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	mine, theirs := apptest.Tenant(t, full, "Mine"), apptest.Tenant(t, full, "Theirs")
	doc, err := app.ParseDocument([]byte(`{"version":1,"pages":[{"width":40,"height":40,"elements":[]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	ours, err := mine.CreateDesign(ctx, nil, "Ours", doc)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := theirs.CreateDesign(ctx, nil, "Theirs", doc)
	if err != nil {
		t.Fatal(err)
	}
	a := app.New(app.Options{Pool: pool})
	mine = a.In(mine.ID())
	ended, end := context.WithCancel(ctx)
	end()
	for _, test := range []struct {
		name string
		read func() error
		want app.Kind // -1 is no error
	}{
		{"a row", func() error { _, err := mine.Design(ctx, ours.ID); return err }, -1},
		{"a row of another", func() error { _, err := mine.Design(ctx, foreign.ID); return err }, app.NotFound},
		{"a list", func() error {
			l, err := mine.Designs(ctx, app.PageRequest{})
			if slices.ContainsFunc(l.Data, func(d app.Design) bool { return d.ID == foreign.ID }) || l.Data[0].ID != ours.ID {
				t.Errorf("%d are in sight", len(l.Data))
			}
			return err
		}, -1},
		{"no account", func() error { _, err := a.Session(ctx, "nobody's", app.Visitor{}); return err }, app.Unauthenticated},
		{"what the database refuses", func() error { _, _, _, err := a.Enter(ctx, "not an id", ""); return err }, app.Internal},
		{"who has gone", func() error { _, err := mine.Design(ended, ours.ID); return err }, app.Internal},
	} {
		if err := test.read(); (err == nil) != (test.want == -1) || err != nil && app.KindOf(err) != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
		var role, tenant string
		if err := pool.QueryRow(ctx, `SELECT current_user, coalesce(current_setting('app.tenant', true), '')`).Scan(&role, &tenant); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(role, "_tenant") || tenant != "" {
			t.Errorf("after %s the session is still %q in %q", test.name, role, tenant)
		}
	}
}

// A row of one tenant cannot refer to a row of another: the check of a foreign key sees all rows.
func TestWallOfForeignKeys(t *testing.T) {
	ctx := context.Background()
	a, pool := apptest.App(t)
	mine, theirs := apptest.Tenant(t, a, "Mine"), apptest.Tenant(t, a, "Theirs")
	d, err := theirs.CreateDesign(ctx, nil, "Secret", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	err = asTenant(ctx, pool, mine.ID(), func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO renders (tenant_id, design_id, design_version, variables, format, scale, page) VALUES ($1, $2, 1, '{}', 'png', 1, 1)`, mine.ID(), d.ID)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "foreign key") {
		t.Errorf("a render of another tenant's design: %v", err)
	}
}

// fill gives a tenant a row in every table.
func fill(t *testing.T, tenant app.Tenant) {
	t.Helper()
	ctx := context.Background()
	if _, err := tenant.CreateAPIKey(ctx, "test", app.WriteScope, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.Invite(ctx, app.User{Name: "Ada"}, "bob@example.com", app.Viewer); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.CreateAsset(ctx, nil, "dot.png", apptest.PNG(4, 4)); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.CreateFont(ctx, nil, "go.ttf", goregular.TTF); err != nil {
		t.Fatal(err)
	}
	once := &app.Once{Key: "1", Method: "POST", Path: "/api/v1/designs"}
	d, err := tenant.CreateDesign(ctx, once, "Card", apptest.Document(t, "country-card.json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := tenant.CreateRender(ctx, nil, app.RenderRequest{Design: d.ID, Variables: country("Aruba")})
	if err == nil {
		err = tenant.FinishRender(ctx, r, app.Picture{File: apptest.PNG(4, 4)})
	}
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(apptest.PNG(4, 4)) }))
	defer server.Close()
	_, _, file, err := tenant.OpenFetched(ctx, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	if _, err := tenant.CreateBatch(ctx, nil, app.BatchRequest{Design: d.ID, Rows: []map[string]string{country("Aruba"), country("Chad")}}); err != nil {
		t.Fatal(err)
	}
	w := webhook(t, tenant, server.URL, app.WebhookEvents()...)
	if _, err := tenant.TestWebhook(ctx, nil, w.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.CreateDraft(ctx, d.ID, "countries.csv", []byte("name\nAruba\n")); err != nil {
		t.Fatal(err)
	}
}

func country(name string) map[string]string {
	return map[string]string{"flag": "🇦🇼", "name": name, "official_name": name, "alpha_2": "AW", "alpha_3": "ABW", "numeric": "533"}
}

func asTenant(ctx context.Context, pool interface {
	BeginTx(context.Context, pgx.TxOptions) (pgx.Tx, error)
}, tenant string, do func(pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('role', current_database() || '_tenant', true), set_config('app.tenant', $1, true)`, tenant); err != nil {
			return err
		}
		return do(tx)
	})
}
