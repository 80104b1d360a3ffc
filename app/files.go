package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// File is an object that a row names.
type File struct {
	Key    string
	SHA256 string // "" where no row tells
	Bytes  int64
}

// fileTables are the tables whose rows name objects, each with how.
var fileTables = map[string]string{
	"assets":         `SELECT concat_ws('/', tenant_id, 'assets', id), sha256, bytes FROM public.assets`,
	"fonts":          `SELECT concat_ws('/', tenant_id, 'fonts', id), sha256, bytes FROM public.fonts`,
	"fetched_images": `SELECT concat_ws('/', tenant_id, 'fetched', object), sha256, bytes FROM public.fetched_images`,
	"renders":        `SELECT concat_ws('/', tenant_id, 'renders', id || '.' || format), sha256, bytes FROM public.renders WHERE status = 'succeeded' AND sha256 IS NOT NULL`,
	"drafts":         `SELECT concat_ws('/', tenant_id, 'drafts', id || '.csv'), '', 0::bigint FROM public.drafts`,
}

// Files tells of every object that rows name, as an owner's transaction sees them.
// The schema may be that of an older release.
func Files(ctx context.Context, tx pgx.Tx, each func(File) error) error {
	rows, err := tx.Query(ctx, `SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`)
	if err != nil {
		return fmt.Errorf("find tables: %w", err)
	}
	there, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("find tables: %w", err)
	}
	var parts []string
	for table, sql := range fileTables {
		if slices.Contains(there, table) {
			parts = append(parts, sql)
		}
	}
	if parts == nil {
		return nil
	}
	rows, err = tx.Query(ctx, strings.Join(parts, " UNION ALL "))
	if err != nil {
		return fmt.Errorf("list files: %w", err)
	}
	var f File
	if _, err = pgx.ForEachRow(rows, []any{&f.Key, &f.SHA256, &f.Bytes}, func() error { return each(f) }); err != nil {
		return fmt.Errorf("list files: %w", err)
	}
	return nil
}
