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
	"strings"
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

// Statuses are all, in the order of a life.
func Statuses() []string { return []string{Queued, Running, Succeeded, Failed, Canceled} }

// Render is one file made, or to be made, of a design's version.
type Render struct {
	ID        string            `json:"id"`
	Status    string            `json:"status"`
	DesignID  string            `json:"design"`
	Version   int               `json:"version" db:"design_version"`
	BatchID   *string           `json:"batch,omitempty"`
	Row       *int              `json:"row,omitempty"` // its place in the batch, from 1
	Variables map[string]string `json:"variables"`
	Output
	Width       *int         `json:"width"`  // pixels; CSS pixels for a pdf
	Height      *int         `json:"height"` // likewise
	Bytes       *int64       `json:"bytes"`
	SHA256      *string      `json:"sha256" db:"sha256"`
	FileURL     *string      `json:"file_url" db:"-"` // set by who knows the routes
	Error       *string      `json:"error,omitempty"`
	Release     *string      `json:"release"` // that worked it
	Cached      bool         `json:"cached"`  // its file was drawn for another render
	Fingerprint *Fingerprint `json:"fingerprint"`
	CreatedAt   time.Time    `json:"created_at"`
	FinishedAt  *time.Time   `json:"finished_at"`
	Linked      bool         `json:"linked"` // it was made for a signed address
	Thumbnail   bool         `json:"-"`      // nobody asked for it: the gallery shows it
}

// Fingerprint is what drew a file, besides the design. All but the release decides
// what comes out; of the two hashes, Fonts is of the fonts that all tenants have.
type Fingerprint struct {
	Release   string `json:"release"`
	Chromium  string `json:"chromium"`
	Libraries string `json:"libraries"`
	Fonts     string `json:"fonts"`
	Flags     string `json:"flags"`
}

// Finished tells whether nothing will change any more.
func (r Render) Finished() bool { return r.Status != Queued && r.Status != Running }

const renderColumns = `id, status, design_id, design_version, batch_id, row, variables, ` + outputColumns + `,
	width, height, bytes, sha256, error, release, cached, fingerprint, created_at, finished_at, link IS NOT NULL AS linked, thumbnail`

// RenderRequest asks for one render. Zero values mean: published version, or the newest where none is, png, scale 1, first page.
type RenderRequest struct {
	Design    string
	Version   int
	Variables map[string]string
	Output
}

// CreateRender checks the request against the design and enqueues it.
func (t Tenant) CreateRender(ctx context.Context, once *Once, r RenderRequest) (made Render, err error) {
	if err := t.may(toEdit); err != nil {
		return made, err
	}
	return makeOnce(ctx, t, once, "render", `SELECT `+renderColumns+` FROM renders WHERE id = $1`, func(tx pgx.Tx) (Render, string, error) {
		version, _, err := t.checkRequest(ctx, tx, &r)
		if err != nil {
			return made, "", err
		}
		made, err := t.insertRender(ctx, tx, r, version, purpose{})
		return made, made.ID, err
	})
}

// Render reads one.
func (t Tenant) Render(ctx context.Context, id string) (r Render, err error) {
	u, err := parseID("render", id)
	if err != nil {
		return r, err
	}
	return one[Render](ctx, t.sight(), "render", `SELECT `+renderColumns+` FROM renders WHERE id = $1`, u)
}

// RenderFilter says which renders are listed; "" is any.
type RenderFilter struct{ Design, Status, Format string }

// NamedRender is a render, and what its design is called now.
type NamedRender struct {
	Render
	Name string
}

// Renders lists a page of renders that are not rows of a batch, newest first; of one design when it is named.
func (t Tenant) Renders(ctx context.Context, design string, p PageRequest) (l List[Render], err error) {
	found, err := t.FindRenders(ctx, RenderFilter{Design: design}, p)
	l.Next = found.Next
	for _, r := range found.Data {
		l.Data = append(l.Data, r.Render)
	}
	return l, err
}

// FindRenders lists some of them.
func (t Tenant) FindRenders(ctx context.Context, f RenderFilter, p PageRequest) (l List[NamedRender], err error) {
	var of *uuid.UUID
	if f.Design != "" {
		u, err := parseID("design", f.Design)
		if err != nil {
			return l, err
		}
		of = &u
	}
	var faults []Field
	if f.Status != "" && !slices.Contains(Statuses(), f.Status) {
		faults = append(faults, Field{"status", "must be one of " + strings.Join(Statuses(), ", ")})
	}
	if f.Format != "" && !slices.Contains(Formats(), f.Format) {
		faults = append(faults, Field{"format", "must be one of " + strings.Join(Formats(), ", ")})
	}
	if faults != nil {
		return l, &Error{Kind: Malformed, Message: "there are no such renders", Fields: faults}
	}
	return list(ctx, t.sight(), "renders", p, func(r NamedRender) string { return r.ID }, `
		SELECT `+renderColumns+`, (SELECT name FROM designs d WHERE d.id = design_id) AS name FROM renders
		WHERE batch_id IS NULL AND NOT thumbnail AND ($3::uuid IS NULL OR design_id = $3)
			AND ($4 = '' OR status = $4) AND ($5 = '' OR format = $5)
			AND ($1::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM renders WHERE id = $1))
		ORDER BY created_at DESC, id DESC LIMIT $2`, of, f.Status, f.Format)
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
	f, err := t.RenderFile(ctx, r)
	return r, f, err
}

// RenderFile opens the file of a render that was read.
func (t Tenant) RenderFile(ctx context.Context, r Render) (io.ReadSeekCloser, error) {
	if r.Status != Succeeded {
		return nil, Errorf(Conflict, "there is no file: the render is %s", r.Status)
	}
	f, err := t.app.objects.Open(ctx, t.renderKey(r))
	if err != nil {
		return nil, fmt.Errorf("open render %s: %w", r.ID, err)
	}
	return f, nil
}

// purpose is what a render is made for that nobody asks for by itself.
type purpose struct {
	thumbnail bool
	link      []byte     // the hash of what an address asks for
	until     *time.Time // how long it is shown there; nil is for as long as it is here
}

// insertRender makes a render and the job that works it.
func (t Tenant) insertRender(ctx context.Context, tx pgx.Tx, r RenderRequest, version int, p purpose) (made Render, err error) {
	made, err = one[Render](ctx, tx, "render", `
		INSERT INTO renders (tenant_id, design_id, design_version, variables, thumbnail, link, link_until, `+outputColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING `+renderColumns,
		append([]any{t.id, r.Design, version, r.Variables, p.thumbnail, p.link, p.until}, r.Output.values()...)...)
	if err != nil {
		return made, fmt.Errorf("insert render: %w", err)
	}
	insert := t.app.queue.Render
	if p.thumbnail {
		insert = t.app.queue.Thumbnail
	}
	return made, t.enqueue(ctx, tx, func() error {
		return insert(ctx, tx, RenderJob{Version: RenderJobVersion, TenantID: t.ID(), RenderID: made.ID})
	})
}

// checkRequest finds out whether what is asked for can be drawn, as far as that can be
// told without drawing it.
func (t Tenant) checkRequest(ctx context.Context, tx pgx.Tx, r *RenderRequest) (version int, resolved Document, err error) {
	version, doc, err := t.requested(ctx, tx, r)
	if err == nil {
		resolved, err = doc.Resolve(r.Variables)
	}
	if err == nil {
		err = t.checkFonts(ctx, tx, "", resolved)
	}
	if err == nil {
		err = t.checkAssets(ctx, tx, resolved)
	}
	if r.Variables == nil {
		r.Variables = map[string]string{}
	}
	return version, resolved, err
}

// requested fills in what a request leaves open, checks it, and reads the version it means.
func (t Tenant) requested(ctx context.Context, tx pgx.Tx, r *RenderRequest) (version int, doc Document, err error) {
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
		WHERE d.id = $1 AND d.deleted_at IS NULL AND v.version = CASE WHEN $2 = 0 THEN coalesce(d.published_version, d.version) ELSE $2 END`, design, r.Version)
	if KindOf(err) == NotFound && r.Version != 0 {
		return 0, doc, noVersion()
	}
	if KindOf(err) == NotFound {
		return 0, doc, noDesign()
	}
	if err != nil {
		return 0, doc, err
	}
	r.Output, err = found.Document.Output(r.Output)
	return found.Version, found.Document, err
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
		if r.Thumbnail {
			doc = doc.leaveImagesOut(r.Variables)
		}
		if _, err := tx.Exec(ctx, `UPDATE renders SET status = 'running' WHERE id = $1`, id); err != nil {
			return fmt.Errorf("start render: %w", err)
		}
		return notify(ctx, tx, "render:"+id)
	})
	return r, doc, err
}

// Picture is a file that was drawn for a render.
type Picture struct {
	File          []byte
	Width, Height int // as in Render
	By            Fingerprint
	Key           []byte // a hash of all that the file depends on; nil is one that nobody else gets
}

// FinishRender keeps the file and marks the render as succeeded: file first, so
// that a render that says it has one does. Only the first finish counts.
func (t Tenant) FinishRender(ctx context.Context, r Render, p Picture) error {
	if err := t.app.objects.Put(ctx, t.renderKey(r), p.File); err != nil {
		return fmt.Errorf("keep render: %w", err)
	}
	sum := sha256.Sum256(p.File)
	p.By.Release = t.app.release
	return t.endRender(ctx, r, `status = 'succeeded', width = $3, height = $4, bytes = $5, sha256 = $6, fingerprint = $7, cache_key = $8`,
		p.Width, p.Height, len(p.File), hex.EncodeToString(sum[:]), p.By, p.Key)
}

// ReuseRender finishes a render with the file of another one of the tenant that
// has the same key, and tells whether there is any. Both then have the file, each
// for as long as it lasts itself, and its bytes are kept once: the cache takes no
// room, and nothing in it grows old.
func (t Tenant) ReuseRender(ctx context.Context, r Render, key []byte) (reused bool, err error) {
	var same Render
	err = t.tx(ctx, func(tx pgx.Tx) error {
		same, err = one[Render](ctx, tx, "render", `SELECT `+renderColumns+` FROM renders
			WHERE tenant_id = $1 AND cache_key = $2 AND status = 'succeeded' ORDER BY finished_at DESC LIMIT 1`, t.id, key)
		return err
	})
	if err == nil {
		err = t.app.objects.Link(ctx, t.renderKey(same), t.renderKey(r))
	}
	if KindOf(err) == NotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reuse a render: %w", err)
	}
	return true, t.endRender(ctx, r, `status = 'succeeded', width = $3, height = $4, bytes = $5, sha256 = $6, fingerprint = $7, cache_key = $8, cached = true`,
		same.Width, same.Height, same.Bytes, same.SHA256, same.Fingerprint, key)
}

// FailRender marks the render as failed, with the reason that the person reads.
func (t Tenant) FailRender(ctx context.Context, r Render, reason string) error {
	return t.endRender(ctx, r, `status = 'failed', error = $3`, reason)
}

func (t Tenant) endRender(ctx context.Context, r Render, set string, args ...any) error {
	err := t.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `UPDATE renders SET finished_at = now(), release = $2, `+set+`
			WHERE id = $1 AND status IN ('queued', 'running') RETURNING `+renderColumns, append([]any{r.ID, t.app.release}, args...)...)
		if err != nil {
			return fmt.Errorf("finish render: %w", err)
		}
		ended, err := pgx.CollectRows(rows, pgx.RowToStructByName[Render])
		if err != nil {
			return fmt.Errorf("finish render: %w", err)
		}
		for _, r := range ended { // one, or none that had an end already
			if err := t.tellOfRender(ctx, tx, r); err != nil {
				return err
			}
		}
		if r.BatchID != nil {
			return notify(ctx, tx, "batch:"+*r.BatchID)
		}
		return notify(ctx, tx, "render:"+r.ID)
	})
	if err != nil || !r.Thumbnail {
		return err
	}
	return t.clearThumbnails(ctx, r)
}

func (t Tenant) renderKey(r Render) string { return path.Join(t.ID(), "renders", r.ID+"."+r.Format) }

func versionDocument(ctx context.Context, tx pgx.Tx, design string, version int) (Document, error) {
	type row struct{ Document Document }
	v, err := one[row](ctx, tx, "design", `SELECT document FROM design_versions WHERE design_id = $1 AND version = $2`, design, version)
	return v.Document, err
}
