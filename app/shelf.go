package app

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// DesignFilter says which designs are listed, and how they are sorted.
type DesignFilter struct {
	Name     string // what is part of the name, in capitals or not
	Archived bool   // those in the archive, instead of those that are not
	ByName   bool   // from A to Z, instead of newest first
}

// where is the rest of a query by list of the designs d, whose $3 and $4 are args.
func (f DesignFilter) where() string {
	where := ` WHERE (d.archived_at IS NOT NULL) = $3 AND position(lower($4::text) in lower(d.name)) > 0 AND `
	if f.ByName {
		return where + `($1::uuid IS NULL OR (lower(d.name), d.id) > (SELECT lower(name), id FROM designs WHERE id = $1))
			ORDER BY lower(d.name), d.id LIMIT $2`
	}
	return where + `($1::uuid IS NULL OR (d.created_at, d.id) < (SELECT created_at, id FROM designs WHERE id = $1))
		ORDER BY d.created_at DESC, d.id DESC LIMIT $2`
}

func (f DesignFilter) args() []any { return []any{f.Archived, f.Name} }

// RenameDesign saves a version that is called otherwise.
func (t Tenant) RenameDesign(ctx context.Context, id, name string) (d Design, err error) {
	if d, err = t.Design(ctx, id); err != nil {
		return d, err
	}
	return t.SaveDesign(ctx, id, d.Version, name, d.Document)
}

// DuplicateDesign makes a design of the newest version of another.
func (t Tenant) DuplicateDesign(ctx context.Context, id string) (d Design, err error) {
	if d, err = t.Design(ctx, id); err != nil {
		return d, err
	}
	return t.CopyDesign(ctx, id, clipRunes("Copy of "+d.Name, maxName), d.Document)
}

// CopyDesign makes a design of what has become of another, and keeps the samples of that beside it.
func (t Tenant) CopyDesign(ctx context.Context, id, name string, doc Document) (d Design, err error) {
	samples, err := t.Samples(ctx, id)
	if err != nil {
		return d, err
	}
	return t.createDesign(ctx, nil, name, doc, samples)
}

// ArchiveDesign takes a design out of the gallery and of lists. It is rendered as
// before: programs know it by its id.
func (t Tenant) ArchiveDesign(ctx context.Context, id string) error {
	return t.shelve(ctx, id, nil, `archived_at = coalesce(archived_at, now())`)
}

// UnarchiveDesign puts it back.
func (t Tenant) UnarchiveDesign(ctx context.Context, id string) error {
	return t.shelve(ctx, id, nil, `archived_at = NULL`)
}

// DeleteDesign takes a design away, for good; what was rendered of it stays. A
// version that was seen must be the newest.
func (t Tenant) DeleteDesign(ctx context.Context, id string, seen *int) error {
	return t.shelve(ctx, id, seen, `deleted_at = now()`)
}

func (t Tenant) shelve(ctx context.Context, id string, seen *int, set string) error {
	if err := t.may(toEdit); err != nil {
		return err
	}
	return t.tx(ctx, func(tx pgx.Tx) error {
		if _, err := lockDesign(ctx, tx, id, seen); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE designs SET `+set+` WHERE id = $1`, id); err != nil {
			return fmt.Errorf("change design: %w", err)
		}
		return nil
	})
}

// lockDesign keeps others from changing a design, and answers with its newest
// version; that must be the one that was seen, if any was.
func lockDesign(ctx context.Context, tx pgx.Tx, id string, seen *int) (version int, err error) {
	u, err := parseID("design", id)
	if err != nil {
		return 0, err
	}
	type current struct{ Version int }
	now, err := one[current](ctx, tx, "design", `SELECT version FROM designs WHERE id = $1 AND deleted_at IS NULL FOR UPDATE`, u)
	if err != nil {
		return 0, err
	}
	if seen != nil && now.Version != *seen {
		return 0, Errorf(Stale, "the design has been saved since: it is at version %d, not %d; read it again and save on top of that", now.Version, *seen)
	}
	return now.Version, nil
}

// clipRunes is the beginning of a text, of so many characters at most.
func clipRunes(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}
