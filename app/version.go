package app

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// DesignVersion is one save of a design.
type DesignVersion struct {
	ID        string    `json:"id"`
	Version   int       `json:"version"`
	Name      string    `json:"name"`
	SavedBy   string    `json:"saved_by"` // a person's name, or "API"; "" where nobody noted it
	CreatedAt time.Time `json:"created_at"`
}

// PastDesign is a version with what was drawn then.
type PastDesign struct {
	DesignVersion
	Document Document `json:"document"`
}

const versionColumns = `v.id, v.version, v.name, v.saved_by, v.created_at`
const versionTables = `design_versions v JOIN designs d ON d.id = v.design_id AND d.deleted_at IS NULL`
const versionPage = ` WHERE v.design_id = $3 AND ($1::uuid IS NULL OR v.version < (SELECT version FROM design_versions WHERE id = $1)) ORDER BY v.version DESC LIMIT $2`

// DesignVersions lists the saves of a design, newest first.
func (t Tenant) DesignVersions(ctx context.Context, id string, p PageRequest) (l List[DesignVersion], err error) {
	u, err := parseID("design", id)
	if err != nil {
		return l, err
	}
	l, err = list(ctx, t.sight(), "versions", p, func(v DesignVersion) string { return v.ID }, `SELECT `+versionColumns+` FROM `+versionTables+versionPage, u)
	if err == nil && len(l.Data) == 0 {
		_, err = t.Design(ctx, id) // there is no design without a version: it is not there, or the page is past the first
	}
	return l, err
}

// History lists the saves of a design with what was drawn then, newest first.
func (t Tenant) History(ctx context.Context, id string, p PageRequest) (l List[PastDesign], err error) {
	u, err := parseID("design", id)
	if err != nil {
		return l, err
	}
	return list(ctx, t.sight(), "versions", p, func(v PastDesign) string { return v.ID }, `SELECT `+versionColumns+`, v.document FROM `+versionTables+versionPage, u)
}

// PastDesign reads one version.
func (t Tenant) PastDesign(ctx context.Context, id string, version int) (v PastDesign, err error) {
	u, err := parseID("design", id)
	if err != nil {
		return v, err
	}
	return one[PastDesign](ctx, t.sight(), "version", `SELECT `+versionColumns+`, v.document FROM `+versionTables+` WHERE v.design_id = $1 AND v.version = $2`, u, version)
}

// RestoreVersion saves a version that draws what an earlier one drew, over the one
// that the caller has seen. The name stays.
func (t Tenant) RestoreVersion(ctx context.Context, id string, version, seen int) (d Design, err error) {
	v, err := t.PastDesign(ctx, id, version)
	if err != nil {
		return d, err
	}
	if d, err = t.Design(ctx, id); err != nil {
		return d, err
	}
	return t.SaveDesign(ctx, id, seen, d.Name, v.Document)
}

// PublishDesign has renders that name no version take this one from now on; nil is
// the newest, whichever that is. A version that was seen must be the newest.
func (t Tenant) PublishDesign(ctx context.Context, once *Once, id string, version, seen *int) (d Design, err error) {
	if err := t.may(toEdit); err != nil {
		return d, err
	}
	const read = `SELECT ` + designColumns + ` FROM ` + designTables + ` WHERE d.id = $1`
	return makeOnce(ctx, t, once, "design", read, func(tx pgx.Tx) (Design, string, error) {
		newest, err := lockDesign(ctx, tx, id, seen)
		if err != nil {
			return d, "", err
		}
		if version != nil && (*version < 1 || *version > newest) {
			return d, "", &Error{Kind: Invalid, Message: "there is no such version to publish", Fields: []Field{{"version", fmt.Sprintf("must be from 1 to %d, or null for the newest, whichever that is", newest)}}}
		}
		if _, err := tx.Exec(ctx, `UPDATE designs SET published_version = $2 WHERE id = $1`, id, version); err != nil {
			return d, "", fmt.Errorf("publish: %w", err)
		}
		d, err := one[Design](ctx, tx, "design", read, id)
		return d, d.ID, err
	})
}
