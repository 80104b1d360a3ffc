package app

import (
	"archive/zip"
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
)

// Archive is the files of a finished batch as one zip. It is made while it is
// written, and is the same every time.
type Archive struct {
	Batch Batch

	tenant Tenant
	last   int // row
}

// Archive opens that of a batch.
func (t Tenant) Archive(ctx context.Context, batch string) (a Archive, err error) {
	a.tenant = t
	if a.Batch, err = t.Batch(ctx, batch); err != nil {
		return a, err
	}
	switch {
	case !a.Batch.Finished():
		return a, Errorf(Conflict, "the batch is not finished; its pictures can be had together when it is")
	case a.Batch.Done == 0:
		return a, Errorf(Conflict, "the batch has no pictures")
	}
	type row struct{ Last int }
	r, err := one[row](ctx, t.sight(), "batch", `SELECT max(row) AS last FROM renders WHERE batch_id = $1`, batch)
	a.last = r.Last
	return a, err
}

// Write writes it, a file at a time. The files are compressed as they are, and so
// are only stored. A row that has none keeps its name: when it is drawn after all, no
// other one is called differently.
func (a Archive) Write(ctx context.Context, w io.Writer) error {
	names, err := NewNames(a.Batch.FileNames, a.Batch.Extension(), patternColumns(a.Batch.FileNames), a.last)
	if err != nil {
		return err
	}
	out := zip.NewWriter(w)
	for after := 0; ; {
		rows, err := a.rows(ctx, after)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return out.Close()
		}
		for _, r := range rows {
			name := names.Name(*r.Row, r.Variables)
			if r.Status != Succeeded {
				continue
			}
			if err := a.add(ctx, out, name, r); err != nil {
				return fmt.Errorf("archive of batch %s: %w", a.Batch.ID, err)
			}
		}
		after = *rows[len(rows)-1].Row
	}
}

func (a Archive) add(ctx context.Context, out *zip.Writer, name string, r Render) error {
	f, err := a.tenant.app.objects.Open(ctx, a.tenant.renderKey(r))
	if err != nil {
		return err
	}
	defer f.Close()
	to, err := out.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: r.FinishedAt.UTC()})
	if err != nil {
		return err
	}
	_, err = io.Copy(to, f)
	return err
}

// rows are the next ones of the batch.
func (a Archive) rows(ctx context.Context, after int) ([]Render, error) {
	found, err := a.tenant.sight().Query(ctx, `SELECT `+renderColumns+` FROM renders WHERE batch_id = $1 AND row > $2 ORDER BY row LIMIT 200`, a.Batch.ID, after)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	return pgx.CollectRows(found, pgx.RowToStructByName[Render])
}
