package app

import (
	"context"
	"encoding/json"
	"fmt"
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
	Name       string     `json:"name,omitempty"` // of the table that it was made from
	FileNames  string     `json:"file_names"`     // the pattern of its files' names in the archive
	Total      int        `json:"total"`
	Done       int        `json:"done"`    // rows that have a file
	Failed     int        `json:"failed"`  // rows that have a reason instead
	Skipped    int        `json:"skipped"` // rows that did not fit and were left out; in no other number
	Error      *string    `json:"error,omitempty"`
	WebhookURL string     `json:"webhook_url,omitempty"` // that is told of its end, besides the workspace's webhooks
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at"`
	DesignName string     `json:"-"`
}

// Finished tells whether nothing will change any more.
func (b Batch) Finished() bool { return b.Status != Queued && b.Status != Running }

// Progress is counted from the rows, never kept beside them.
const batchColumns = `b.id, b.status, b.design_id, b.design_version, ` + outputColumns + `, b.name, b.file_names, b.total, b.skipped,
	(SELECT count(*) FROM renders r WHERE r.batch_id = b.id AND r.status = 'succeeded') AS done,
	(SELECT count(*) FROM renders r WHERE r.batch_id = b.id AND r.status = 'failed') AS failed,
	b.error, b.webhook_url, b.created_at, b.finished_at, coalesce((SELECT d.name FROM designs d WHERE d.id = b.design_id), '') AS design_name`

// BatchRequest asks for a render of a design for each row of variables, or of a
// table. Zero values mean: the newest version, names by the row's number, and no
// picture at all when a row does not fit.
type BatchRequest struct {
	Design      string
	Version     int
	Rows        []map[string]string
	Table       *Table
	Mapping     Mapping // of the table; without one each column is the variable of its name
	Name        string  // likewise
	FileNames   string  // a pattern as of Names, without the ending
	SkipBadRows bool
	WebhookURL  string // "" for none
	Output
}

// CreateBatch checks every row against the design and enqueues one job for all.
func (t Tenant) CreateBatch(ctx context.Context, once *Once, q BatchRequest) (made Batch, err error) {
	if err := t.may(toEdit); err != nil {
		return made, err
	}
	switch n := len(q.Rows); {
	case n == 0 && q.Table == nil:
		return made, &Error{Kind: Invalid, Message: "a batch needs at least one row", Fields: []Field{{"rows", "must not be empty"}}}
	case n > MaxBatchRows:
		return made, &Error{Kind: Invalid, Message: "the batch has too many rows", Fields: []Field{{"rows", fmt.Sprintf("has %d rows; at most %d are allowed in one batch", n, MaxBatchRows)}}}
	}
	if q.WebhookURL != "" {
		if f := t.checkTarget("webhook_url", q.WebhookURL); f != nil {
			return made, &Error{Kind: Invalid, Message: "nothing can be sent to this address", Fields: []Field{*f}}
		}
	}
	const read = `SELECT ` + batchColumns + ` FROM batches b WHERE b.id = $1`
	if before, err := replay[Batch](ctx, t, once, "batch", read); err != nil {
		return made, err
	} else if before != nil {
		return *before, nil
	}
	// A version never changes, so its rows can be checked with no transaction open.
	version, doc, err := t.batchDesign(ctx, &q)
	if err != nil {
		return made, err
	}
	if q.Name != "" {
		q.Name = fileName(q.Name, "table.csv")
	}
	rows, err := t.batchRows(ctx, doc, &q)
	if err != nil {
		return made, err
	}
	return makeOnce(ctx, t, once, "batch", read, func(tx pgx.Tx) (Batch, string, error) {
		made, err := t.insertBatch(ctx, tx, q, version, rows)
		if err == nil && q.WebhookURL != "" {
			err = t.keepBatchesWebhook(ctx, tx)
		}
		if err != nil {
			return made, "", err
		}
		return made, made.ID, t.enqueueBatch(ctx, tx, made.ID)
	})
}

func (t Tenant) enqueueBatch(ctx context.Context, tx pgx.Tx, id string) error {
	return t.enqueue(ctx, tx, func() error {
		return t.app.queue.Batch(ctx, tx, BatchJob{Version: BatchJobVersion, TenantID: t.ID(), BatchID: id})
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

// Batches lists a page of them, newest first.
func (t Tenant) Batches(ctx context.Context, p PageRequest) (List[Batch], error) {
	return list(ctx, t.sight(), "batches", p, func(b Batch) string { return b.ID }, `
		SELECT `+batchColumns+` FROM batches b
		WHERE $1::uuid IS NULL OR (b.created_at, b.id) < (SELECT created_at, id FROM batches WHERE id = $1)
		ORDER BY b.created_at DESC, b.id DESC LIMIT $2`)
}

// BatchItems lists a page of the rows of a batch, in their order.
func (t Tenant) BatchItems(ctx context.Context, id string, p PageRequest) (List[Render], error) {
	return t.FindBatchItems(ctx, id, "", p)
}

// FailedItems lists a page of those that failed.
func (t Tenant) FailedItems(ctx context.Context, id string, p PageRequest) (List[Render], error) {
	return t.FindBatchItems(ctx, id, Failed, p)
}

// FindBatchItems lists a page of those with a status; "" is any.
func (t Tenant) FindBatchItems(ctx context.Context, id, status string, p PageRequest) (l List[Render], err error) {
	u, err := parseID("batch", id)
	if err != nil {
		return l, err
	}
	if status != "" && !slices.Contains(Statuses(), status) {
		return l, &Error{Kind: Malformed, Message: "there are no such rows", Fields: []Field{{"status", "must be one of " + strings.Join(Statuses(), ", ")}}}
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		if _, err := one[Batch](ctx, tx, "batch", `SELECT `+batchColumns+` FROM batches b WHERE b.id = $1`, u); err != nil {
			return err
		}
		l, err = list(ctx, tx, "rows", p, func(r Render) string { return r.ID }, `
			SELECT `+renderColumns+` FROM renders
			WHERE batch_id = $3 AND ($4 = '' OR status = $4) AND ($1::uuid IS NULL OR row > (SELECT row FROM renders WHERE id = $1))
			ORDER BY row LIMIT $2`, u, status)
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

// FollowBatchStatus is FollowBatch for who asks for no more than the status: it
// counts no rows.
func (t Tenant) FollowBatchStatus(ctx context.Context, events *Events, id string, see func(status string) error) error {
	u, err := parseID("batch", id)
	if err != nil {
		return err
	}
	type row struct{ Status string }
	return events.follow(ctx, "batch:"+id, func() (bool, error) {
		b, err := one[row](ctx, t.sight(), "batch", `SELECT status FROM batches WHERE id = $1`, u)
		if err != nil {
			return false, err
		}
		return Batch{Status: b.Status}.Finished(), see(b.Status)
	})
}

// batchDesign reads the version that a batch means, and fills in what the request leaves open.
func (t Tenant) batchDesign(ctx context.Context, q *BatchRequest) (version int, doc Document, err error) {
	r := RenderRequest{Design: q.Design, Version: q.Version, Output: q.Output}
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

// writtenRows are those that are to be drawn, with their variables as JSON.
type writtenRows struct {
	numbers   []int
	variables []string
	skipped   int
}

// batchRows checks all rows before the first is drawn, and writes down those that fit.
func (t Tenant) batchRows(ctx context.Context, doc Document, q *BatchRequest) (written writtenRows, err error) {
	known := doc.Variables()
	all := sentRows(q.Rows)
	if q.Table != nil {
		if q.Mapping.Columns == nil {
			q.Mapping = MatchColumns(known, q.Table.Columns)
		}
		if err := q.Mapping.check(known, q.Table.Columns); err != nil {
			return written, err
		}
		known = append(known, q.Table.Columns...)
		all = q.Table.mapped(q.Mapping, patternColumns(q.FileNames))
	}
	if q.FileNames, err = checkPattern(q.FileNames, known); err != nil {
		return written, err
	}
	var faults []Field
	for row, err := range t.checked(ctx, doc, q.Mapping, all) {
		if err != nil {
			return written, err
		}
		if row.faults != nil {
			written.skipped++
			faults = append(faults, row.faults...)
			faults = faults[:min(len(faults), enough)]
			if !q.SkipBadRows && len(faults) == enough {
				break
			}
			continue
		}
		b, err := json.Marshal(row.variables)
		if err != nil {
			return written, fmt.Errorf("write row: %w", err)
		}
		written.numbers, written.variables = append(written.numbers, row.Number), append(written.variables, string(b))
	}
	switch {
	case written.skipped > 0 && !q.SkipBadRows:
		return written, &Error{Kind: Invalid, Message: "some rows do not fit the design; nothing was drawn", Fields: faults}
	case len(written.numbers) == 0 && written.skipped > 0:
		return written, &Error{Kind: Invalid, Message: "no row fits the design; nothing was drawn", Fields: faults}
	case len(written.numbers) == 0:
		return written, noRows()
	}
	return written, nil
}

func noRows() error {
	return Errorf(Invalid, "the table has no rows below its header; nothing was drawn")
}

func (t Tenant) insertBatch(ctx context.Context, tx pgx.Tx, q BatchRequest, version int, rows writtenRows) (Batch, error) {
	made, err := one[Batch](ctx, tx, "batch", `
		WITH b AS (
			INSERT INTO batches (tenant_id, design_id, design_version, total, name, file_names, skipped, webhook_url, `+outputColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING *
		) SELECT `+batchColumns+` FROM b`, append([]any{t.id, q.Design, version, len(rows.numbers), q.Name, q.FileNames, rows.skipped, q.WebhookURL}, q.Output.values()...)...)
	if err != nil {
		return Batch{}, fmt.Errorf("insert batch: %w", err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO renders (tenant_id, design_id, design_version, batch_id, row, variables, `+outputColumns+`)
		SELECT b.tenant_id, b.design_id, b.design_version, b.id, v.row, v.variables::jsonb, `+outputColumns+`
		FROM batches b, unnest($2::text[], $3::integer[]) AS v (variables, row) WHERE b.id = $1`, made.ID, rows.variables, rows.numbers)
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
		ended, err := tx.Exec(ctx, `
			UPDATE batches SET status = 'succeeded', finished_at = now() WHERE id = $1 AND status IN ('queued', 'running')
				AND NOT EXISTS (SELECT FROM renders r WHERE r.batch_id = $1 AND r.status IN ('queued', 'running'))`, id)
		if err != nil {
			return fmt.Errorf("finish batch: %w", err)
		}
		if ended.RowsAffected() > 0 {
			if err := t.tellOfBatch(ctx, tx, id); err != nil {
				return err
			}
		}
		return notify(ctx, tx, "batch:"+id)
	})
}

// FailBatch gives up a batch and its rows that are not drawn, with the reason that
// the person reads; the rows drawn stay.
func (t Tenant) FailBatch(ctx context.Context, id, reason string) error {
	return t.tx(ctx, func(tx pgx.Tx) error {
		ended, err := tx.Exec(ctx, `UPDATE batches SET status = 'failed', error = $2, finished_at = now() WHERE id = $1 AND status IN ('queued', 'running')`, id, reason)
		if err != nil {
			return fmt.Errorf("fail batch: %w", err)
		}
		if ended.RowsAffected() > 0 {
			_, err := tx.Exec(ctx, `
				UPDATE renders SET status = 'failed', error = $2, release = $3, finished_at = now()
				WHERE batch_id = $1 AND status IN ('queued', 'running')`, id, reason, t.app.release)
			if err != nil {
				return fmt.Errorf("fail rows: %w", err)
			}
			if err := t.tellOfBatch(ctx, tx, id); err != nil {
				return err
			}
		}
		return notify(ctx, tx, "batch:"+id)
	})
}
