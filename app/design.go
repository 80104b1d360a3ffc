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
	SavedBy   string    `json:"saved_by"` // a person's name, or "API"; "" where nobody noted it

	PublishedVersion *int       `json:"published_version"` // that renders take which name none; nil is the newest
	ArchivedAt       *time.Time `json:"archived_at"`       // when it was taken out of the gallery and of lists
}

// Rendered is the version that renders take which name none.
func (d Design) Rendered() int { return d.Version - d.Ahead() }

// Ahead is how many versions the newest is ahead of the published one.
func (d Design) Ahead() int {
	if d.PublishedVersion == nil {
		return 0
	}
	return d.Version - *d.PublishedVersion
}

const designColumns = `d.id, d.name, d.version, v.document, d.created_at, d.updated_at, v.saved_by, d.published_version, d.archived_at`
const designTables = `designs d JOIN design_versions v ON v.design_id = d.id AND v.version = d.version AND d.deleted_at IS NULL`

// CreateDesign makes a design at version 1.
func (t Tenant) CreateDesign(ctx context.Context, once *Once, name string, doc Document) (Design, error) {
	return t.createDesign(ctx, once, name, doc, Samples{})
}

// BeginDesign makes a design of a template, and keeps the template's sample beside it.
func (t Tenant) BeginDesign(ctx context.Context, of Template) (Design, error) {
	return t.createDesign(ctx, nil, of.Name, of.Document, Samples{Values: of.Sample})
}

func (t Tenant) createDesign(ctx context.Context, once *Once, name string, doc Document, s Samples) (d Design, err error) {
	if err := t.may(toEdit); err != nil {
		return d, err
	}
	if f := checkName(name); f != nil {
		return d, &Error{Kind: Invalid, Message: "the design needs a name", Fields: []Field{*f}}
	}
	// A replay is the first answer, whatever has become of the design since.
	return makeOnce(ctx, t, once, "design", `
		SELECT d.id, v.name, v.version, v.document, d.created_at, v.created_at AS updated_at, v.saved_by,
			NULL::integer AS published_version, NULL::timestamptz AS archived_at
		FROM designs d JOIN design_versions v ON v.design_id = d.id AND v.version = 1 WHERE d.id = $1`,
		func(tx pgx.Tx) (Design, string, error) {
			if err := t.checkFonts(ctx, tx, "document.", doc); err != nil {
				return Design{}, "", err
			}
			d, err := insertDesign(ctx, tx, t.ID(), t.caller.called(), name, doc, s)
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

// PublishedDesign reads what is rendered when no version is named: the newest
// version's numbers, with the published one's document.
func (t Tenant) PublishedDesign(ctx context.Context, id string) (d Design, err error) {
	u, err := parseID("design", id)
	if err != nil {
		return d, err
	}
	return one[Design](ctx, t.sight(), "design", `SELECT `+designColumns+` FROM designs d
		JOIN design_versions v ON v.design_id = d.id AND v.version = coalesce(d.published_version, d.version) WHERE d.id = $1 AND d.deleted_at IS NULL`, u)
}

// RenderedDesign reads the design of a render, at its version. It is there as long
// as the render is, also when the design is gone.
func (t Tenant) RenderedDesign(ctx context.Context, r Render) (d Design, err error) {
	return one[Design](ctx, t.sight(), "design", `SELECT `+designColumns+` FROM designs d
		JOIN design_versions v ON v.design_id = d.id AND v.version = $2 WHERE d.id = $1`, r.DesignID, r.Version)
}

// Designs lists a page of designs, newest first.
func (t Tenant) Designs(ctx context.Context, p PageRequest) (List[Design], error) {
	return t.FindDesigns(ctx, DesignFilter{}, p)
}

// FindDesigns lists a page of some designs.
func (t Tenant) FindDesigns(ctx context.Context, f DesignFilter, p PageRequest) (List[Design], error) {
	return list(ctx, t.sight(), "designs", p, func(d Design) string { return d.ID }, `SELECT `+designColumns+` FROM `+designTables+f.where(), f.args()...)
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
	err = t.tx(ctx, func(tx pgx.Tx) error {
		if _, err := lockDesign(ctx, tx, id, &seen); err != nil {
			return err
		}
		if err := t.checkFonts(ctx, tx, "document.", doc); err != nil {
			return err
		}
		if err := insertVersion(ctx, tx, t.ID(), id, seen+1, t.caller.called(), name, doc); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE designs SET version = $2, name = $3, updated_at = now() WHERE id = $1`, id, seen+1, strings.TrimSpace(name)); err != nil {
			return fmt.Errorf("save design: %w", err)
		}
		if err := t.makeThumbnail(ctx, tx, id, seen+1, doc); err != nil {
			return err
		}
		d, err = one[Design](ctx, tx, "design", `SELECT `+designColumns+` FROM `+designTables+` WHERE d.id = $1`, id)
		return err
	})
	return d, err
}

func insertDesign(ctx context.Context, tx pgx.Tx, tenant, by, name string, doc Document, s Samples) (Design, error) {
	samples, err := s.write()
	if err != nil {
		return Design{}, err
	}
	type made struct{ ID string }
	m, err := one[made](ctx, tx, "design", `INSERT INTO designs (tenant_id, name, samples) VALUES ($1, $2, $3) RETURNING id`, tenant, strings.TrimSpace(name), samples)
	if err != nil {
		return Design{}, fmt.Errorf("insert design: %w", err)
	}
	if err := insertVersion(ctx, tx, tenant, m.ID, 1, by, name, doc); err != nil {
		return Design{}, err
	}
	return one[Design](ctx, tx, "design", `SELECT `+designColumns+` FROM `+designTables+` WHERE d.id = $1`, m.ID)
}

func insertVersion(ctx context.Context, tx pgx.Tx, tenant, design string, version int, by, name string, doc Document) error {
	document, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("write document: %w", err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO design_versions (tenant_id, design_id, version, saved_by, name, document) VALUES ($1, $2, $3, $4, $5, $6)`,
		tenant, design, version, by, strings.TrimSpace(name), document)
	if err != nil {
		return fmt.Errorf("insert design version: %w", err)
	}
	return nil
}
