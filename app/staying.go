package app

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Stay is a tenant that waits for its jobs before it moves to a newer release.
type Stay struct {
	Tenant string // its slug
	Doing  string // as in "1 batch, 62%, about 4 min"
}

// Staying are the tenants that are assigned to a release, by slug.
func (a *App) Staying(ctx context.Context, release string) (all []Stay, err error) {
	type row struct {
		Slug             string
		Batches, Renders int // unfinished
		Total, Finished  int // rows of those batches
		Lately           int // rows of them finished in the last minute
		Seconds          float64
	}
	err = a.owner(ctx, func(tx pgx.Tx) error {
		found, err := tx.Query(ctx, `
			SELECT t.slug,
				(SELECT count(*) FROM renders r WHERE r.tenant_id = t.id AND r.batch_id IS NULL AND r.status IN ('queued', 'running')) AS renders,
				count(DISTINCT b.id) AS batches, count(r.id) AS total,
				count(r.id) FILTER (WHERE r.status NOT IN ('queued', 'running')) AS finished,
				count(r.id) FILTER (WHERE r.finished_at > now() - interval '1 minute') AS lately,
				coalesce(extract(epoch FROM now() - greatest(min(r.finished_at), now() - interval '1 minute')), 0)::float8 AS seconds
			FROM tenants t
			LEFT JOIN batches b ON b.tenant_id = t.id AND b.status IN ('queued', 'running')
			LEFT JOIN renders r ON r.batch_id = b.id
			WHERE t.release = $1 GROUP BY t.id ORDER BY t.slug`, release)
		if err != nil {
			return fmt.Errorf("find tenants that stay: %w", err)
		}
		rows, err := pgx.CollectRows(found, pgx.RowToStructByName[row])
		for _, r := range rows {
			s := Stay{Tenant: r.Slug, Doing: "about to move"}
			var parts []string
			if r.Batches > 0 {
				parts = append(parts, plural(r.Batches, "batch", "batches"))
			}
			if r.Renders > 0 {
				parts = append(parts, plural(r.Renders, "render", "renders"))
			}
			if r.Total > 0 {
				parts = append(parts, fmt.Sprintf("%d%%", 100*r.Finished/r.Total))
			}
			if r.Lately > 0 && r.Seconds > 0 {
				parts = append(parts, about(time.Duration(float64(r.Total-r.Finished)*r.Seconds/float64(r.Lately)*float64(time.Second))))
			}
			if parts != nil {
				s.Doing = strings.Join(parts, ", ")
			}
			all = append(all, s)
		}
		return err
	})
	return all, err
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// about is a time to come as people say it.
func about(d time.Duration) string {
	if d < time.Minute {
		return "less than a minute"
	}
	return fmt.Sprintf("about %d min", int(math.Round(d.Minutes())))
}
