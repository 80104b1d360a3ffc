package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// The states of a render and of a batch.
const (
	Queued    = "queued"
	Running   = "running"
	Succeeded = "succeeded"
	Failed    = "failed"
	Canceled  = "canceled"
)

// Formats are what a design can be rendered to.
func Formats() []string { return []string{"png", "jpeg", "webp", "pdf"} }

// maxShotPixels is the most that Chrome is asked to paint at once; 64 million took 23 seconds.
const maxShotPixels = 25_000_000

// Render is one file made, or to be made, of a design's version.
type Render struct {
	ID         string            `json:"id"`
	Status     string            `json:"status"`
	DesignID   string            `json:"design"`
	Version    int               `json:"version" db:"design_version"`
	BatchID    *string           `json:"batch,omitempty"`
	Row        *int              `json:"row,omitempty"` // its place in the batch, from 1
	Variables  map[string]string `json:"variables"`
	Format     string            `json:"format"`
	Scale      float64           `json:"scale"`
	Page       int               `json:"page"`   // from 1; a pdf has all pages
	Width      *int              `json:"width"`  // pixels; CSS pixels for a pdf
	Height     *int              `json:"height"` // likewise
	Bytes      *int64            `json:"bytes"`
	SHA256     *string           `json:"sha256" db:"sha256"`
	FileURL    *string           `json:"file_url" db:"-"` // set by who knows the routes
	Error      *string           `json:"error,omitempty"`
	Release    *string           `json:"release"` // that worked it
	CreatedAt  time.Time         `json:"created_at"`
	FinishedAt *time.Time        `json:"finished_at"`
}

// Finished tells whether nothing will change any more.
func (r Render) Finished() bool { return r.Status != Queued && r.Status != Running }

const renderColumns = `id, status, design_id, design_version, batch_id, row, variables, format, scale, page,
	width, height, bytes, sha256, error, release, created_at, finished_at`

// RenderRequest asks for one render. Zero values mean: newest version, png, scale 1, first page.
type RenderRequest struct {
	Design    string
	Version   int
	Variables map[string]string
	Format    string
	Scale     float64
	Page      int
}

// CreateRender checks the request against the design and enqueues it.
func (t Tenant) CreateRender(ctx context.Context, once *Once, r RenderRequest) (made Render, err error) {
	return makeOnce(ctx, t, once, "render", `SELECT `+renderColumns+` FROM renders WHERE id = $1`, func(tx pgx.Tx) (Render, string, error) {
		version, doc, err := t.requested(ctx, tx, &r)
		if err != nil {
			return made, "", err
		}
		resolved, err := doc.Resolve(r.Variables)
		if err != nil {
			return made, "", err
		}
		if err := t.checkFonts(ctx, tx, "", resolved); err != nil {
			return made, "", err
		}
		if err := t.checkAssets(ctx, tx, resolved); err != nil {
			return made, "", err
		}
		if r.Variables == nil {
			r.Variables = map[string]string{}
		}
		made, err := one[Render](ctx, tx, "render", `
			INSERT INTO renders (tenant_id, design_id, design_version, variables, format, scale, page)
			VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING `+renderColumns,
			t.id, r.Design, version, r.Variables, r.Format, r.Scale, r.Page)
		if err != nil {
			return made, "", fmt.Errorf("insert render: %w", err)
		}
		return made, made.ID, t.app.enqueue(ctx, tx, func() error {
			return t.app.queue.Render(ctx, tx, RenderJob{Version: RenderJobVersion, TenantID: t.ID(), RenderID: made.ID})
		})
	})
}

// Render reads one.
func (t Tenant) Render(ctx context.Context, id string) (r Render, err error) {
	u, err := parseID("render", id)
	if err != nil {
		return r, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		r, err = one[Render](ctx, tx, "render", `SELECT `+renderColumns+` FROM renders WHERE id = $1`, u)
		return err
	})
	return r, err
}

// Renders lists a page of renders that are not rows of a batch, newest first; of one design when it is named.
func (t Tenant) Renders(ctx context.Context, design string, p PageRequest) (l List[Render], err error) {
	var of *uuid.UUID
	if design != "" {
		u, err := parseID("design", design)
		if err != nil {
			return l, err
		}
		of = &u
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		l, err = list(ctx, tx, "renders", p, func(r Render) string { return r.ID }, `
			SELECT `+renderColumns+` FROM renders
			WHERE batch_id IS NULL AND ($3::uuid IS NULL OR design_id = $3)
				AND ($1::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM renders WHERE id = $1))
			ORDER BY created_at DESC, id DESC LIMIT $2`, of)
		return err
	})
	return l, err
}

// FollowRender calls see with the render now and after each change, until it is
// finished, see fails, or ctx ends (which is no error).
func (t Tenant) FollowRender(ctx context.Context, events *Events, id string, see func(Render) error) error {
	return events.follow(ctx, "render:"+id, func() (bool, error) {
		r, err := t.Render(ctx, id)
		if err != nil {
			return false, err
		}
		return r.Finished(), see(r)
	})
}

// OpenRender opens the file of a render that succeeded.
func (t Tenant) OpenRender(ctx context.Context, id string) (Render, io.ReadSeekCloser, error) {
	r, err := t.Render(ctx, id)
	if err != nil {
		return r, nil, err
	}
	if r.Status != Succeeded {
		return r, nil, Errorf(Conflict, "there is no file: the render is %s", r.Status)
	}
	f, err := t.app.objects.Open(ctx, t.renderKey(r))
	if err != nil {
		return r, nil, fmt.Errorf("open render %s: %w", r.ID, err)
	}
	return r, f, nil
}

// requested fills in what a request leaves open, checks it, and reads the version it means.
func (t Tenant) requested(ctx context.Context, tx pgx.Tx, r *RenderRequest) (version int, doc Document, err error) {
	if r.Format == "" {
		r.Format = "png"
	}
	if r.Scale == 0 {
		r.Scale = 1
	}
	if r.Page == 0 {
		r.Page = 1
	}
	if r.Design == "" {
		return 0, doc, &Error{Kind: Invalid, Message: "say which design is to be rendered", Fields: []Field{{"design", "is missing"}}}
	}
	design, err := parseID("design", r.Design)
	if err != nil {
		return 0, doc, noDesign()
	}
	if r.Version < 0 || r.Version > math.MaxInt32 {
		return 0, doc, noVersion()
	}
	type row struct {
		Version  int
		Document Document
	}
	found, err := one[row](ctx, tx, "design", `
		SELECT v.version, v.document FROM designs d JOIN design_versions v ON v.design_id = d.id
		WHERE d.id = $1 AND v.version = CASE WHEN $2 = 0 THEN d.version ELSE $2 END`, design, r.Version)
	if KindOf(err) == NotFound && r.Version != 0 {
		return 0, doc, noVersion()
	}
	if KindOf(err) == NotFound {
		return 0, doc, noDesign()
	}
	if err != nil {
		return 0, doc, err
	}
	return found.Version, found.Document, found.Document.CheckShot(r.Format, r.Scale, r.Page)
}

// CheckShot holds what is asked of a document to what can be drawn.
func (doc Document) CheckShot(format string, scale float64, page int) error {
	var faults []Field
	if !slices.Contains(Formats(), format) {
		faults = append(faults, Field{"format", "must be png, jpeg, webp or pdf"})
	}
	sized := scale >= 0.1 && scale <= 4
	if !sized {
		faults = append(faults, Field{"scale", "must be from 0.1 to 4"})
	}
	if page < 1 || page > len(doc.Pages) {
		faults = append(faults, Field{"page", fmt.Sprintf("must be from 1 to %d", len(doc.Pages))})
	} else if p := doc.Pages[page-1]; sized && format != "pdf" && pixels(p, scale) > maxShotPixels {
		faults = append(faults, Field{"scale", fmt.Sprintf("makes %.1f million pixels of a page of %d x %d; at most 25 million are drawn", pixels(p, scale)/1e6, p.Width, p.Height)})
	}
	if faults == nil {
		return nil
	}
	return &Error{Kind: Invalid, Message: "the render cannot be made as asked", Fields: faults}
}

func pixels(p Page, scale float64) float64 {
	return float64(p.Width) * scale * float64(p.Height) * scale
}

func noVersion() error {
	return &Error{Kind: Invalid, Message: "there is no such version of a design here", Fields: []Field{{"version", "there is no design here with this id and version"}}}
}

func noDesign() error {
	return &Error{Kind: Invalid, Message: "there is no such design here", Fields: []Field{{"design", "there is no design here with this id"}}}
}

// StartRender marks a render as running and answers with what a worker needs to
// draw it. One that is finished already (canceled, or worked before a crash) is a Conflict.
func (t Tenant) StartRender(ctx context.Context, id string) (r Render, doc Document, err error) {
	err = t.tx(ctx, func(tx pgx.Tx) error {
		r, err = one[Render](ctx, tx, "render", `SELECT `+renderColumns+` FROM renders WHERE id = $1 FOR UPDATE`, id)
		if err != nil {
			return err
		}
		if r.Finished() {
			return Errorf(Conflict, "the render is %s already", r.Status)
		}
		if doc, err = versionDocument(ctx, tx, r.DesignID, r.Version); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE renders SET status = 'running' WHERE id = $1`, id); err != nil {
			return fmt.Errorf("start render: %w", err)
		}
		return notify(ctx, tx, "render:"+id)
	})
	return r, doc, err
}

// FinishRender keeps the file and marks the render as succeeded: file first, so
// that a render that says it has one does. Only the first finish counts.
func (t Tenant) FinishRender(ctx context.Context, r Render, file []byte, width, height int) error {
	if err := t.app.objects.Put(ctx, t.renderKey(r), file); err != nil {
		return fmt.Errorf("keep render: %w", err)
	}
	sum := sha256.Sum256(file)
	return t.endRender(ctx, r, `status = 'succeeded', width = $3, height = $4, bytes = $5, sha256 = $6`,
		width, height, len(file), hex.EncodeToString(sum[:]))
}

// FailRender marks the render as failed, with the reason that the person reads.
func (t Tenant) FailRender(ctx context.Context, r Render, reason string) error {
	return t.endRender(ctx, r, `status = 'failed', error = $3`, reason)
}

func (t Tenant) endRender(ctx context.Context, r Render, set string, args ...any) error {
	return t.tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE renders SET finished_at = now(), release = $2, `+set+`
			WHERE id = $1 AND status IN ('queued', 'running')`, append([]any{r.ID, t.app.release}, args...)...)
		if err != nil {
			return fmt.Errorf("finish render: %w", err)
		}
		if r.BatchID != nil {
			return notify(ctx, tx, "batch:"+*r.BatchID)
		}
		return notify(ctx, tx, "render:"+r.ID)
	})
}

func (t Tenant) renderKey(r Render) string { return path.Join(t.ID(), "renders", r.ID+"."+r.Format) }

func versionDocument(ctx context.Context, tx pgx.Tx, design string, version int) (Document, error) {
	type row struct{ Document Document }
	v, err := one[row](ctx, tx, "design", `SELECT document FROM design_versions WHERE design_id = $1 AND version = $2`, design, version)
	return v.Document, err
}

// Size is what a page measures in device pixels at a scale.
func (p Page) Size(scale float64) (width, height int) {
	return int(math.Ceil(float64(p.Width) * scale)), int(math.Ceil(float64(p.Height) * scale))
}
