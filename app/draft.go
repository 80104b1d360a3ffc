package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
)

// Draft is a table that may become a batch of a design's version: it is kept for an
// hour, in which it is looked at, as often as one likes.
type Draft struct {
	ID         string
	DesignID   string
	DesignName string
	Version    int `db:"design_version"`
	Document   Document
	Name       string   // of the table
	Columns    []string // likewise
	Total      int      // its rows
	CreatedAt  time.Time
}

// lastingDrafts are there; the others go when the next one comes.
const lastingDrafts = `created_at > now() - interval '1 hour'`

// CreateDraft keeps a table that can be read to its end.
func (t Tenant) CreateDraft(ctx context.Context, design, name string, table []byte) (d Draft, err error) {
	if err := t.may(toEdit); err != nil {
		return d, err
	}
	shown, err := t.Design(ctx, design)
	if err != nil {
		return d, err
	}
	version := shown.Version - shown.Ahead()
	read, err := ReadTable(bytes.NewReader(table))
	if err != nil {
		return d, err
	}
	total := 0
	for row, err := range read.Rows() {
		if err != nil {
			return d, err
		}
		total = row.Number
	}
	if total == 0 {
		return d, noRows()
	}
	if err := t.clearDrafts(ctx); err != nil {
		return d, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		type made struct{ ID string }
		m, err := one[made](ctx, tx, "table", `
			INSERT INTO drafts (tenant_id, design_id, design_version, name, columns, total) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
			t.id, shown.ID, version, fileName(name, "table.csv"), read.Columns, total)
		if err != nil {
			return fmt.Errorf("insert draft: %w", err)
		}
		// Before the row can be seen. Where the row then fails, its hour ends for nobody.
		if err := t.app.objects.Put(ctx, t.draftKey(m.ID), table); err != nil {
			return fmt.Errorf("keep table: %w", err)
		}
		d, err = t.draft(ctx, tx, m.ID)
		return err
	})
	return d, err
}

// Draft reads one.
func (t Tenant) Draft(ctx context.Context, id string) (d Draft, err error) {
	u, err := parseID("table", id)
	if err != nil {
		return d, err
	}
	d, err = t.draft(ctx, t.sight(), u.String())
	if KindOf(err) == NotFound {
		err = Errorf(NotFound, "there is no such table here; one is kept for an hour, so upload it again")
	}
	return d, err
}

// DraftTable opens a draft's table.
func (t Tenant) DraftTable(ctx context.Context, d Draft) (*Table, io.Closer, error) {
	f, err := t.app.objects.Open(ctx, t.draftKey(d.ID))
	if err != nil {
		return nil, nil, fmt.Errorf("open draft %s: %w", d.ID, err)
	}
	table, err := ReadTable(f)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return table, f, nil
}

// DraftRow is the variables of a row of a draft, counted from 1.
func (t Tenant) DraftRow(ctx context.Context, d Draft, m Mapping, number int) (map[string]string, error) {
	table, f, err := t.DraftTable(ctx, d)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for row, err := range table.Rows() {
		if err != nil {
			return nil, err
		}
		if row.Number == number {
			return m.variables(table.Columns, row, table.Columns), nil
		}
	}
	return nil, Errorf(NotFound, "the table has no row %d", number)
}

// CreateBatchOf makes a batch of a draft, which stays for another one.
func (t Tenant) CreateBatchOf(ctx context.Context, once *Once, d Draft, q BatchRequest) (Batch, error) {
	table, f, err := t.DraftTable(ctx, d)
	if err != nil {
		return Batch{}, err
	}
	defer f.Close()
	q.Design, q.Version, q.Name, q.Table = d.DesignID, d.Version, d.Name, table
	return t.CreateBatch(ctx, once, q)
}

func (t Tenant) draft(ctx context.Context, q querier, id string) (Draft, error) {
	return one[Draft](ctx, q, "table", `
		SELECT d.id, d.design_id, v.name AS design_name, d.design_version, v.document, d.name, d.columns, d.total, d.created_at
		FROM drafts d JOIN design_versions v ON v.design_id = d.design_id AND v.version = d.design_version
		WHERE d.id = $1 AND d.`+lastingDrafts, id)
}

// clearDrafts takes away those whose hour is over, the file first: a row without one
// is found again.
func (t Tenant) clearDrafts(ctx context.Context) error {
	return t.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `DELETE FROM drafts WHERE tenant_id = $1 AND NOT `+lastingDrafts+` RETURNING id::text`, t.id)
		if err != nil {
			return fmt.Errorf("clear drafts: %w", err)
		}
		old, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("clear drafts: %w", err)
		}
		for _, id := range old {
			if err := t.app.objects.Remove(ctx, t.draftKey(id)); err != nil {
				return fmt.Errorf("clear drafts: %w", err)
			}
		}
		return nil
	})
}

func (t Tenant) draftKey(id string) string { return path.Join(t.ID(), "drafts", id+".csv") }
