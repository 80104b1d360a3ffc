package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// MaxBatchRows is the most rows of one batch.
const MaxBatchRows = 50_000

// Batch is many renders of one design, worked as one job: a row finished is a
// checkpoint, so a batch that was cut goes on where it stopped.
type Batch struct {
	ID       string `json:"id"`
	Status   string `json:"status"` // succeeded once every row is done or failed
	DesignID string `json:"design"`
	Version  int    `json:"version" db:"design_version"`
	Output
	Total      int        `json:"total"`
	Done       int        `json:"done"`   // rows that have a file
	Failed     int        `json:"failed"` // rows that have a reason instead
	Error      *string    `json:"error,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

// Finished tells whether nothing will change any more.
func (b Batch) Finished() bool { return b.Status != Queued && b.Status != Running }

// Progress is counted from the rows, never kept beside them.
const batchColumns = `b.id, b.status, b.design_id, b.design_version, ` + outputColumns + `, b.total,
	(SELECT count(*) FROM renders r WHERE r.batch_id = b.id AND r.status = 'succeeded') AS done,
	(SELECT count(*) FROM renders r WHERE r.batch_id = b.id AND r.status = 'failed') AS failed,
	b.error, b.created_at, b.finished_at`

// BatchRequest asks for a render of a design for each row of variables.
type BatchRequest struct {
	Design string
	Rows   []map[string]string
	Output
}

// CreateBatch checks every row against the design and enqueues one job for all.
func (t Tenant) CreateBatch(ctx context.Context, once *Once, q BatchRequest) (made Batch, err error) {
	if err := t.may(toEdit); err != nil {
		return made, err
	}
	switch n := len(q.Rows); {
	case n == 0:
		return made, &Error{Kind: Invalid, Message: "a batch needs at least one row", Fields: []Field{{"rows", "must not be empty"}}}
	case n > MaxBatchRows:
		return made, &Error{Kind: Invalid, Message: "the batch has too many rows", Fields: []Field{{"rows", fmt.Sprintf("has %d rows; at most %d are allowed in one batch", n, MaxBatchRows)}}}
	}
	// A version never changes, so its rows can be checked with no transaction open.
	version, doc, err := t.batchDesign(ctx, &q)
	if err != nil {
		return made, err
	}
	rows, assets, err := checkRows(ctx, doc, q.Rows)
	if err != nil {
		return made, err
	}
	return makeOnce(ctx, t, once, "batch", `SELECT `+batchColumns+` FROM batches b WHERE b.id = $1`, func(tx pgx.Tx) (Batch, string, error) {
		if err := t.checkRowAssets(ctx, tx, assets); err != nil {
			return made, "", err
		}
		made, err := t.insertBatch(ctx, tx, q, version, rows)
		if err != nil {
			return made, "", err
		}
		return made, made.ID, t.enqueue(ctx, tx, func() error {
			return t.app.queue.Batch(ctx, tx, BatchJob{Version: BatchJobVersion, TenantID: t.ID(), BatchID: made.ID})
		})
	})
}

// Batch reads one.
func (t Tenant) Batch(ctx context.Context, id string) (b Batch, err error) {
	u, err := parseID("batch", id)
	if err != nil {
		return b, err
	}
	return one[Batch](ctx, t.sight(), "batch", `SELECT `+batchColumns+` FROM batches b WHERE b.id = $1`, u)
}

// BatchItems lists a page of the rows of a batch, in their order.
func (t Tenant) BatchItems(ctx context.Context, id string, p PageRequest) (l List[Render], err error) {
	u, err := parseID("batch", id)
	if err != nil {
		return l, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		if _, err := one[Batch](ctx, tx, "batch", `SELECT `+batchColumns+` FROM batches b WHERE b.id = $1`, u); err != nil {
			return err
		}
		l, err = list(ctx, tx, "rows", p, func(r Render) string { return r.ID }, `
			SELECT `+renderColumns+` FROM renders
			WHERE batch_id = $3 AND ($1::uuid IS NULL OR row > (SELECT row FROM renders WHERE id = $1))
			ORDER BY row LIMIT $2`, u)
		return err
	})
	return l, err
}

// FollowBatch calls see with the batch now and after each change, until it is
// finished, see fails, or ctx ends (which is no error).
func (t Tenant) FollowBatch(ctx context.Context, events *Events, id string, see func(Batch) error) error {
	return events.follow(ctx, "batch:"+id, func() (bool, error) {
		b, err := t.Batch(ctx, id)
		if err != nil {
			return false, err
		}
		return b.Finished(), see(b)
	})
}

// batchDesign reads the version that a batch means, and fills in what the request leaves open.
func (t Tenant) batchDesign(ctx context.Context, q *BatchRequest) (version int, doc Document, err error) {
	r := RenderRequest{Design: q.Design, Output: q.Output}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		if version, doc, err = t.requested(ctx, tx, &r); err != nil {
			return err
		}
		return t.checkFonts(ctx, tx, "", doc)
	})
	q.Output = r.Output
	return version, doc, err
}

// enough is how many faults of a batch a person will read.
const enough = 20

// checkRows resolves every row before the first is drawn, and writes each as JSON.
// It tells which assets they show, and the first row of each.
func checkRows(ctx context.Context, doc Document, rows []map[string]string) (written []string, assets map[string]int, err error) {
	var faults []Field
	assets = map[string]int{}
	written = make([]string, len(rows))
	for i, variables := range rows {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		resolved, err := doc.Resolve(variables)
		if e, ok := err.(*Error); ok && e.Kind == Invalid {
			for _, f := range e.Fields {
				faults = append(faults, inRow(i, strings.TrimPrefix(f.Field, "variables."), f.Message))
			}
			if len(faults) >= enough {
				break
			}
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		for _, id := range resolved.Assets() {
			if _, seen := assets[id]; !seen {
				assets[id] = i
			}
		}
		if variables == nil {
			variables = map[string]string{}
		}
		b, err := json.Marshal(variables)
		if err != nil {
			return nil, nil, fmt.Errorf("write row: %w", err)
		}
		written[i] = string(b)
	}
	if faults != nil {
		return nil, nil, badRows(faults)
	}
	return written, assets, nil
}

// checkRowAssets finds out whether every image that a row shows is the tenant's.
func (t Tenant) checkRowAssets(ctx context.Context, tx pgx.Tx, assets map[string]int) error {
	here, err := assetsHere(ctx, tx, slices.Collect(maps.Keys(assets)))
	if err != nil {
		return err
	}
	var faults []Field
	for id, row := range assets {
		if !IsAddress(id) && !here[id] {
			faults = append(faults, inRow(row, "asset", fmt.Sprintf("the asset %q is not here; upload the image with POST /api/v1/assets and use its id", id)))
		}
	}
	if faults == nil {
		return nil
	}
	slices.SortFunc(faults, func(a, b Field) int { return strings.Compare(a.Field, b.Field) })
	return badRows(faults[:min(len(faults), enough)])
}

func inRow(i int, field, message string) Field {
	return Field{fmt.Sprintf("rows[%d].%s", i, field), message}
}

func badRows(faults []Field) error {
	return &Error{Kind: Invalid, Message: "some rows do not fit the design; nothing was drawn", Fields: faults}
}

func (t Tenant) insertBatch(ctx context.Context, tx pgx.Tx, q BatchRequest, version int, rows []string) (Batch, error) {
	made, err := one[Batch](ctx, tx, "batch", `
		WITH b AS (
			INSERT INTO batches (tenant_id, design_id, design_version, total, `+outputColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING *
		) SELECT `+batchColumns+` FROM b`, append([]any{t.id, q.Design, version, len(rows)}, q.Output.values()...)...)
	if err != nil {
		return Batch{}, fmt.Errorf("insert batch: %w", err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO renders (tenant_id, design_id, design_version, batch_id, row, variables, `+outputColumns+`)
		SELECT b.tenant_id, b.design_id, b.design_version, b.id, v.row, v.variables::jsonb, `+outputColumns+`
		FROM batches b, unnest($2::text[]) WITH ORDINALITY AS v (variables, row) WHERE b.id = $1`, made.ID, rows)
	if err != nil {
		return Batch{}, fmt.Errorf("insert rows: %w", err)
	}
	return made, nil
}

// StartBatch marks a batch as running and answers with what a worker needs. A
// finished one is a Conflict.
func (t Tenant) StartBatch(ctx context.Context, id string) (b Batch, doc Document, err error) {
	err = t.tx(ctx, func(tx pgx.Tx) error {
		type locked struct{ Status string }
		if _, err := one[locked](ctx, tx, "batch", `SELECT status FROM batches WHERE id = $1 FOR UPDATE`, id); err != nil {
			return err
		}
		b, err = one[Batch](ctx, tx, "batch", `SELECT `+batchColumns+` FROM batches b WHERE b.id = $1`, id)
		if err != nil {
			return err
		}
		if b.Finished() {
			return Errorf(Conflict, "the batch is %s already", b.Status)
		}
		if doc, err = versionDocument(ctx, tx, b.DesignID, b.Version); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE batches SET status = 'running' WHERE id = $1`, id); err != nil {
			return fmt.Errorf("start batch: %w", err)
		}
		return notify(ctx, tx, "batch:"+id)
	})
	return b, doc, err
}

// PendingRows reads the next rows of a batch, after a row, that are not yet drawn.
func (t Tenant) PendingRows(ctx context.Context, batch string, after, limit int) (rows []Render, err error) {
	err = t.tx(ctx, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, `SELECT `+renderColumns+` FROM renders
			WHERE batch_id = $1 AND row > $2 AND status IN ('queued', 'running') ORDER BY row LIMIT $3`, batch, after, limit)
		if err != nil {
			return fmt.Errorf("read rows: %w", err)
		}
		rows, err = pgx.CollectRows(found, pgx.RowToStructByName[Render])
		return err
	})
	return rows, err
}

// FinishBatch marks a batch as succeeded when no row is left to draw.
func (t Tenant) FinishBatch(ctx context.Context, id string) error {
	return t.tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE batches SET status = 'succeeded', finished_at = now() WHERE id = $1 AND status IN ('queued', 'running')
				AND NOT EXISTS (SELECT FROM renders r WHERE r.batch_id = $1 AND r.status IN ('queued', 'running'))`, id)
		if err != nil {
			return fmt.Errorf("finish batch: %w", err)
		}
		return notify(ctx, tx, "batch:"+id)
	})
}

// FailBatch gives up a batch and its rows that are not drawn, with the reason that
// the person reads; the rows drawn stay.
func (t Tenant) FailBatch(ctx context.Context, id, reason string) error {
	return t.tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			WITH given_up AS (
				UPDATE batches SET status = 'failed', error = $2, finished_at = now()
				WHERE id = $1 AND status IN ('queued', 'running') RETURNING id
			)
			UPDATE renders SET status = 'failed', error = $2, release = $3, finished_at = now()
			FROM given_up WHERE batch_id = given_up.id AND renders.status IN ('queued', 'running')`, id, reason, t.app.release)
		if err != nil {
			return fmt.Errorf("fail batch: %w", err)
		}
		return notify(ctx, tx, "batch:"+id)
	})
}
