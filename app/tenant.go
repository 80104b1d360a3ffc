package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"
)

// TenantRow is one customer: a workspace with its own members, designs and
// files. (Tenant is the handle through which its things are reached.)
type TenantRow struct {
	ID        string    `json:"id"`
	Slug      string    `json:"slug"` // its part of a URL: /t/{slug}/
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

const tenantColumns = `id, slug, name, created_at`

// CreateTenant makes a tenant with its starter design. It is an operator's act.
func (a *App) CreateTenant(ctx context.Context, name string) (row TenantRow, err error) {
	if f := checkName(name); f != nil {
		return row, &Error{Kind: Invalid, Message: "the workspace needs a name", Fields: []Field{*f}}
	}
	err = a.owner(ctx, func(tx pgx.Tx) error {
		row, err = a.insertTenant(ctx, tx, name)
		return err
	})
	return row, err
}

// maxOwned is how many workspaces a person may own.
const maxOwned = 50

// CreateWorkspace makes a tenant that a user owns.
func (a *App) CreateWorkspace(ctx context.Context, user User, name string) (row TenantRow, err error) {
	if f := checkName(name); f != nil {
		return row, &Error{Kind: Invalid, Message: "the workspace needs a name", Fields: []Field{*f}}
	}
	all, err := a.Memberships(ctx, user.ID)
	if err != nil {
		return row, err
	}
	all = slices.DeleteFunc(all, func(m Membership) bool { return !m.Owns() })
	if len(all) >= maxOwned {
		return row, Errorf(Conflict, "you own %d workspaces, as many as a person may", len(all))
	}
	err = a.owner(ctx, func(tx pgx.Tx) error {
		if row, err = a.insertTenant(ctx, tx, name); err != nil {
			return err
		}
		return insertMember(ctx, tx, row.ID, user.ID, Owner)
	})
	return row, err
}

// Tenants lists all, by name. It is an operator's act.
func (a *App) Tenants(ctx context.Context) (all []TenantRow, err error) {
	err = a.owner(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+tenantColumns+` FROM tenants ORDER BY name, id`)
		if err != nil {
			return fmt.Errorf("list tenants: %w", err)
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[TenantRow])
		return err
	})
	return all, err
}

// TenantBySlug finds a tenant for an operator's verb.
func (a *App) TenantBySlug(ctx context.Context, slug string) (row TenantRow, err error) {
	err = a.owner(ctx, func(tx pgx.Tx) error {
		row, err = one[TenantRow](ctx, tx, "tenant", `SELECT `+tenantColumns+` FROM tenants WHERE slug = $1`, slug)
		return err
	})
	if KindOf(err) == NotFound {
		err = Errorf(NotFound, "there is no workspace with the slug %q; see which there are with: app tenant list", slug)
	}
	return row, err
}

func (a *App) insertTenant(ctx context.Context, tx pgx.Tx, name string) (TenantRow, error) {
	base := slugOf(name)
	for n := 1; ; n++ {
		slug := base
		if n > 1 {
			slug = fmt.Sprintf("%s-%d", base, n)
		}
		rows, err := tx.Query(ctx, `
			INSERT INTO tenants (slug, name) VALUES ($1, $2)
			ON CONFLICT (slug) DO NOTHING RETURNING `+tenantColumns, slug, strings.TrimSpace(name))
		if err != nil {
			return TenantRow{}, fmt.Errorf("insert tenant: %w", err)
		}
		made, err := pgx.CollectRows(rows, pgx.RowToStructByName[TenantRow])
		if err != nil {
			return TenantRow{}, fmt.Errorf("insert tenant: %w", err)
		}
		if len(made) == 0 {
			continue // the slug is another's
		}
		if _, err := insertDesign(ctx, tx, made[0].ID, "", starter().Name, starter().Document, Samples{Values: starter().Sample}); err != nil {
			return TenantRow{}, err
		}
		return made[0], nil
	}
}

// slugOf makes a name fit for a URL: Žiža & Co. becomes ziza-co.
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(name)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // a diacritic, split off by NFKD
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == 40 {
			break
		}
	}
	if slug := strings.Trim(b.String(), "-"); slug != "" {
		return slug
	}
	return "workspace"
}

// maxName is how many characters a name may have.
const maxName = 200

// checkName holds what people call things to 1 to 200 printable characters.
func checkName(name string) *Field {
	name = strings.TrimSpace(name)
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return &Field{"name", "must not be empty"}
	case n > maxName:
		return &Field{"name", fmt.Sprintf("must have at most %d characters", maxName)}
	case !utf8.ValidString(name), strings.ContainsFunc(name, unicode.IsControl):
		return &Field{"name", "must be text without control characters"}
	}
	return nil
}
