package app

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// RetryBatch draws the rows of a finished batch that failed once more, and no
// others: it is the same batch, so its rows keep their places and its archive is
// whole in the end.
func (t Tenant) RetryBatch(ctx context.Context, once *Once, id string) (b Batch, err error) {
	if err := t.may(toEdit); err != nil {
		return b, err
	}
	u, err := parseID("batch", id)
	if err != nil {
		return b, err
	}
	const read = `SELECT ` + batchColumns + ` FROM batches b WHERE b.id = $1`
	return makeOnce(ctx, t, once, "batch", read, func(tx pgx.Tx) (Batch, string, error) {
		type locked struct{ Status string }
		now, err := one[locked](ctx, tx, "batch", `SELECT status FROM batches WHERE id = $1 FOR UPDATE`, u)
		if err != nil {
			return b, "", err
		}
		if now.Status != Succeeded && now.Status != Failed {
			return b, "", Errorf(Conflict, "the batch is %s; only of one that has come to its end are the failed rows drawn again", now.Status)
		}
		again, err := tx.Exec(ctx, `
			UPDATE renders SET status = 'queued', error = NULL, release = NULL, finished_at = NULL
			WHERE batch_id = $1 AND status = 'failed'`, u)
		if err != nil {
			return b, "", fmt.Errorf("retry rows: %w", err)
		}
		if again.RowsAffected() == 0 {
			return b, "", Errorf(Conflict, "no row of the batch has failed")
		}
		if _, err := tx.Exec(ctx, `UPDATE batches SET status = 'queued', error = NULL, finished_at = NULL WHERE id = $1`, u); err != nil {
			return b, "", fmt.Errorf("retry batch: %w", err)
		}
		b, err := one[Batch](ctx, tx, "batch", read, u)
		if err != nil {
			return b, "", err
		}
		if err := t.enqueueBatch(ctx, tx, b.ID); err != nil {
			return b, "", err
		}
		return b, b.ID, notify(ctx, tx, "batch:"+b.ID)
	})
}
