package app

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// LatestVariables are the values with which designs were last rendered, by the
// design's id: what the design shows best. One that was never rendered has none.
func (t Tenant) LatestVariables(ctx context.Context, designs []Design) (map[string]map[string]string, error) {
	ids := make([]string, len(designs))
	for i, d := range designs {
		ids[i] = d.ID
	}
	latest := map[string]map[string]string{}
	err := t.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT DISTINCT ON (design_id) design_id::text, variables FROM renders
			WHERE design_id = ANY($1::uuid[]) AND batch_id IS NULL ORDER BY design_id, created_at DESC`, ids)
		if err != nil {
			return fmt.Errorf("read latest variables: %w", err)
		}
		var id string
		var variables map[string]string
		_, err = pgx.ForEachRow(rows, []any{&id, &variables}, func() error {
			latest[id], variables = variables, nil
			return nil
		})
		if err != nil {
			return fmt.Errorf("read latest variables: %w", err)
		}
		return nil
	})
	return latest, err
}
