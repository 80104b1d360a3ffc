package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Design is a named document. Each save is a version, kept for ever: a render
// that was asked for keeps the version it was asked for.
type Design struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Version   int       `json:"version"` // from 1
	Document  Document  `json:"document"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// DesignVersion is one save of a design.
type DesignVersion struct {
	ID        string    `json:"id"`
	Version   int       `json:"version"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
}

const designColumns = `d.id, d.name, d.version, v.document, d.created_at, d.updated_at`
const designTables = `designs d JOIN design_versions v ON v.design_id = d.id AND v.version = d.version`

// CreateDesign makes a design at version 1.
func (t Tenant) CreateDesign(ctx context.Context, once *Once, name string, doc Document) (d Design, err error) {
	if err := t.may(toEdit); err != nil {
		return d, err
	}
	if f := checkName(name); f != nil {
		return d, &Error{Kind: Invalid, Message: "the design needs a name", Fields: []Field{*f}}
	}
	// A replay is the first answer, whatever has become of the design since.
	return makeOnce(ctx, t, once, "design", `
		SELECT d.id, v.name, v.version, v.document, d.created_at, v.created_at AS updated_at
		FROM designs d JOIN design_versions v ON v.design_id = d.id AND v.version = 1 WHERE d.id = $1`,
		func(tx pgx.Tx) (Design, string, error) {
			if err := t.checkFonts(ctx, tx, "document.", doc); err != nil {
				return Design{}, "", err
			}
			d, err := insertDesign(ctx, tx, t.ID(), name, doc)
			if err != nil {
				return d, "", err
			}
			return d, d.ID, t.makeThumbnail(ctx, tx, d.ID, d.Version, doc)
		})
}

// Design reads the newest version.
func (t Tenant) Design(ctx context.Context, id string) (d Design, err error) {
	u, err := parseID("design", id)
	if err != nil {
		return d, err
	}
	return one[Design](ctx, t.sight(), "design", `SELECT `+designColumns+` FROM `+designTables+` WHERE d.id = $1`, u)
}

// Designs lists a page of designs, newest first.
func (t Tenant) Designs(ctx context.Context, p PageRequest) (l List[Design], err error) {
	return list(ctx, t.sight(), "designs", p, func(d Design) string { return d.ID }, `
		SELECT `+designColumns+` FROM `+designTables+`
		WHERE $1::uuid IS NULL OR (d.created_at, d.id) < (SELECT created_at, id FROM designs WHERE id = $1)
		ORDER BY d.created_at DESC, d.id DESC LIMIT $2`)
}

// DesignVersions lists the saves of a design, newest first.
func (t Tenant) DesignVersions(ctx context.Context, id string, p PageRequest) (l List[DesignVersion], err error) {
	u, err := parseID("design", id)
	if err != nil {
		return l, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		type exists struct{ ID string }
		if _, err := one[exists](ctx, tx, "design", `SELECT id FROM designs WHERE id = $1`, u); err != nil {
			return err
		}
		l, err = list(ctx, tx, "versions", p, func(v DesignVersion) string { return v.ID }, `
			SELECT id, version, name, created_at FROM design_versions
			WHERE design_id = $3 AND ($1::uuid IS NULL OR version < (SELECT version FROM design_versions WHERE id = $1))
			ORDER BY version DESC LIMIT $2`, u)
		return err
	})
	return l, err
}

// SaveDesign writes a new version over the one the caller has seen; a newer one
// in between is Stale, and nothing is written.
func (t Tenant) SaveDesign(ctx context.Context, id string, seen int, name string, doc Document) (d Design, err error) {
	if err := t.may(toEdit); err != nil {
		return d, err
	}
	if f := checkName(name); f != nil {
		return d, &Error{Kind: Invalid, Message: "the design needs a name", Fields: []Field{*f}}
	}
	u, err := parseID("design", id)
	if err != nil {
		return d, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		type current struct{ Version int }
		now, err := one[current](ctx, tx, "design", `SELECT version FROM designs WHERE id = $1 FOR UPDATE`, u)
		if err != nil {
			return err
		}
		if now.Version != seen {
			return Errorf(Stale, "the design has been saved since: it is at version %d, not %d; read it again and save on top of that", now.Version, seen)
		}
		if err := t.checkFonts(ctx, tx, "document.", doc); err != nil {
			return err
		}
		if err := insertVersion(ctx, tx, t.ID(), id, seen+1, name, doc); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE designs SET version = $2, name = $3, updated_at = now() WHERE id = $1`, u, seen+1, strings.TrimSpace(name)); err != nil {
			return fmt.Errorf("save design: %w", err)
		}
		if err := t.makeThumbnail(ctx, tx, id, seen+1, doc); err != nil {
			return err
		}
		d, err = one[Design](ctx, tx, "design", `SELECT `+designColumns+` FROM `+designTables+` WHERE d.id = $1`, u)
		return err
	})
	return d, err
}

func insertDesign(ctx context.Context, tx pgx.Tx, tenant, name string, doc Document) (Design, error) {
	type made struct{ ID string }
	m, err := one[made](ctx, tx, "design", `INSERT INTO designs (tenant_id, name) VALUES ($1, $2) RETURNING id`, tenant, strings.TrimSpace(name))
	if err != nil {
		return Design{}, fmt.Errorf("insert design: %w", err)
	}
	if err := insertVersion(ctx, tx, tenant, m.ID, 1, name, doc); err != nil {
		return Design{}, err
	}
	return one[Design](ctx, tx, "design", `SELECT `+designColumns+` FROM `+designTables+` WHERE d.id = $1`, m.ID)
}

func insertVersion(ctx context.Context, tx pgx.Tx, tenant, design string, version int, name string, doc Document) error {
	document, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("write document: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO design_versions (tenant_id, design_id, version, name, document) VALUES ($1, $2, $3, $4, $5)`,
		tenant, design, version, strings.TrimSpace(name), document)
	if err != nil {
		return fmt.Errorf("insert design version: %w", err)
	}
	return nil
}
