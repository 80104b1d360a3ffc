package app

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
)

// Thumbnail is a design as the gallery shows it: what the first page of its newest
// version measures, and how far the picture of that is.
type Thumbnail struct {
	DesignID string `db:"id"`
	Name     string
	Version  int
	Width    int // CSS pixels
	Height   int
	Pages    int
	Status   string  // as a render's; who asks has those made that are not there
	SHA256   *string `db:"sha256"`
	Error    *string
}

// lasting are the pictures that count. One that failed is tried again after an hour:
// an image from elsewhere may be back.
const lasting = `r.thumbnail AND r.status <> 'canceled' AND NOT (r.status = 'failed' AND r.finished_at < now() - interval '1 hour')`

// Thumbnails lists a page of designs, and has the pictures made that
// are missing: designs are older than their pictures, and some fail.
func (t Tenant) Thumbnails(ctx context.Context, f DesignFilter, p PageRequest) (l List[Thumbnail], err error) {
	l, err = list(ctx, t.sight(), "thumbnails", p, func(t Thumbnail) string { return t.DesignID }, `
		SELECT d.id, d.name, d.version, (pages->0->>'width')::float8::int AS width, (pages->0->>'height')::float8::int AS height,
			json_array_length(pages) AS pages, coalesce(status, '') AS status, sha256, error
		FROM `+designTables+`
		CROSS JOIN LATERAL (SELECT v.document->'pages' AS pages OFFSET 0) document
		LEFT JOIN LATERAL (
			SELECT status, sha256, error FROM renders r WHERE r.design_id = d.id AND r.design_version = d.version AND `+lasting+`
			ORDER BY created_at DESC LIMIT 1
		) picture ON true`+f.where(), f.args()...)
	var missing []string
	for i := range l.Data {
		if l.Data[i].Status == "" {
			l.Data[i].Status = Queued
			missing = append(missing, l.Data[i].DesignID)
		}
	}
	if err != nil || missing == nil {
		return l, err
	}
	// Who may only look may look at pictures.
	return l, t.house().tx(ctx, func(tx pgx.Tx) error { return t.makeThumbnails(ctx, tx, missing) })
}

// OpenThumbnail opens the picture of a design's version, also one that is out of use by
// now: a page that shows it may still be open.
func (t Tenant) OpenThumbnail(ctx context.Context, design string, version int) (r Render, f io.ReadSeekCloser, err error) {
	u, err := parseID("thumbnail", design)
	if err != nil {
		return r, nil, err
	}
	r, err = one[Render](ctx, t.sight(), "thumbnail", `SELECT `+renderColumns+` FROM renders
		WHERE design_id = $1 AND design_version = $2 AND thumbnail
			AND (status = 'succeeded' OR sha256 IS NOT NULL AND design_version < (SELECT version FROM designs WHERE id = $1)) ORDER BY created_at DESC LIMIT 1`, u, version)
	if err != nil {
		return r, nil, err
	}
	if f, err = t.app.objects.Open(ctx, t.renderKey(r)); err != nil {
		return r, nil, fmt.Errorf("open thumbnail %s: %w", r.ID, err)
	}
	return r, f, nil
}

// LatestThumbnail is the picture that has taken the place of an earlier version's.
func (t Tenant) LatestThumbnail(ctx context.Context, design string, than int) (r Render, err error) {
	u, err := parseID("thumbnail", design)
	if err != nil {
		return r, err
	}
	return one[Render](ctx, t.sight(), "thumbnail", `SELECT `+renderColumns+` FROM renders
		WHERE design_id = $1 AND design_version > $2 AND thumbnail AND status = 'succeeded' ORDER BY design_version DESC, created_at DESC LIMIT 1`, u, than)
}

// makeThumbnails has the pictures made of some designs that have none. The designs
// are locked first, and looked at again: of two who come at once one makes them.
func (t Tenant) makeThumbnails(ctx context.Context, tx pgx.Tx, designs []string) error {
	if _, err := tx.Exec(ctx, `SELECT FROM designs WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE`, designs); err != nil {
		return fmt.Errorf("lock designs: %w", err)
	}
	type row struct {
		ID       string
		Version  int
		Document Document
	}
	rows, err := tx.Query(ctx, `SELECT d.id, d.version, v.document FROM `+designTables+`
		WHERE d.id = ANY($1::uuid[]) AND NOT EXISTS (SELECT FROM renders r WHERE r.design_id = d.id AND r.design_version = d.version AND `+lasting+`)`, designs)
	if err != nil {
		return fmt.Errorf("look for thumbnails: %w", err)
	}
	missing, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
	if err != nil {
		return fmt.Errorf("look for thumbnails: %w", err)
	}
	for _, d := range missing {
		if err := t.makeThumbnail(ctx, tx, d.ID, d.Version, d.Document); err != nil {
			return err
		}
	}
	return nil
}

// makeThumbnail has the picture of a version made, in the place of those before.
func (t Tenant) makeThumbnail(ctx context.Context, tx pgx.Tx, design string, version int, doc Document) error {
	if err := outdate(ctx, tx, `design_id = $1`, design); err != nil {
		return err
	}
	_, err := t.insertRender(ctx, tx, RenderRequest{Design: design, Variables: doc.samples(), Output: doc.thumbnail()}, version, purpose{thumbnail: true})
	return err
}

// outdate takes pictures out of use; they are removed when those that take their
// place are there.
func outdate(ctx context.Context, tx pgx.Tx, which string, args ...any) error {
	if _, err := tx.Exec(ctx, `UPDATE renders SET status = 'canceled', finished_at = now() WHERE thumbnail AND `+which, args...); err != nil {
		return fmt.Errorf("outdate thumbnails: %w", err)
	}
	return nil
}

// clearThumbnails removes the pictures of r's design that are out of use, and r's
// own file when r was removed while it was drawn.
func (t Tenant) clearThumbnails(ctx context.Context, r Render) error {
	var old []Render
	err := t.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `DELETE FROM renders WHERE design_id = $1 AND thumbnail AND status = 'canceled' RETURNING `+renderColumns, r.DesignID)
		if err == nil {
			old, err = pgx.CollectRows(rows, pgx.RowToStructByName[Render])
		}
		if err == nil {
			var there bool
			if err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM renders WHERE id = $1)`, r.ID).Scan(&there); !there {
				old = append(old, r)
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("clear thumbnails: %w", err)
	}
	for _, r := range old {
		if err := t.app.objects.Remove(ctx, t.renderKey(r)); err != nil {
			return fmt.Errorf("clear thumbnails: %w", err)
		}
	}
	return nil
}

// thumbnail is the file that stands for a document: its first page in a square, or
// larger where that would leave nothing of its short side.
func (d Document) thumbnail() Output {
	const side = 480 // more than a screen with two pixels to one shows of most
	width, height := float64(d.Pages[0].Width), float64(d.Pages[0].Height)
	scale := max(min(side/width, side/height, 4), 1/min(width, height))
	return Output{Format: "webp", Scale: scale, Page: 1, Quality: DefaultQuality}
}
