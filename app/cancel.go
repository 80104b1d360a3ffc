package app

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// CancelRender ends a render that is not finished, and answers with it as it then
// is: one that was finished before stays what it is. Whoever draws it hears of
// it, in whichever process.
func (t Tenant) CancelRender(ctx context.Context, id string) (r Render, err error) {
	if err := t.may(toEdit); err != nil {
		return r, err
	}
	u, err := parseID("render", id)
	if err != nil {
		return r, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		canceled, err := tx.Exec(ctx, `UPDATE renders SET status = 'canceled', finished_at = now() WHERE id = $1 AND status IN ('queued', 'running')`, u)
		if err != nil {
			return fmt.Errorf("cancel render: %w", err)
		}
		if r, err = one[Render](ctx, tx, "render", `SELECT `+renderColumns+` FROM renders WHERE id = $1`, u); err != nil {
			return err
		}
		if canceled.RowsAffected() > 0 {
			if err := t.tellOfRender(ctx, tx, r); err != nil {
				return err
			}
		}
		if r.BatchID != nil {
			if err := notify(ctx, tx, "batch:"+*r.BatchID); err != nil {
				return err
			}
		}
		return notify(ctx, tx, "render:"+id)
	})
	return r, err
}

// CancelBatch ends a batch that is not finished, and its rows that are not drawn;
// those drawn stay. It answers with the batch as it then is.
func (t Tenant) CancelBatch(ctx context.Context, id string) (b Batch, err error) {
	if err := t.may(toEdit); err != nil {
		return b, err
	}
	u, err := parseID("batch", id)
	if err != nil {
		return b, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		canceled, err := tx.Exec(ctx, `UPDATE batches SET status = 'canceled', finished_at = now() WHERE id = $1 AND status IN ('queued', 'running')`, u)
		if err != nil {
			return fmt.Errorf("cancel batch: %w", err)
		}
		if canceled.RowsAffected() > 0 {
			if _, err := tx.Exec(ctx, `UPDATE renders SET status = 'canceled', finished_at = now() WHERE batch_id = $1 AND status IN ('queued', 'running')`, u); err != nil {
				return fmt.Errorf("cancel rows: %w", err)
			}
			if err := t.tellOfBatch(ctx, tx, id); err != nil {
				return err
			}
		}
		if b, err = one[Batch](ctx, tx, "batch", `SELECT `+batchColumns+` FROM batches b WHERE b.id = $1`, u); err != nil {
			return err
		}
		return notify(ctx, tx, "batch:"+id)
	})
	return b, err
}
