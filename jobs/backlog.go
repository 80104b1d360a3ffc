package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"majestic/app"
)

// Backlog is what is unfinished in the queue of a release.
type Backlog struct {
	Running   int
	Available int
	Waiting   int            // for their time, and thumbnails and deliveries for the rest
	Unknown   int            // of a kind or version that this program does not know; they wait for one that does
	Oldest    *time.Time     // but for deliveries, which may well be tried for a day
	Tenants   map[string]int // unfinished jobs, by the tenant's slug
}

// known is the newest version of each kind's arguments that this program can work.
func known() map[string]int {
	return map[string]int{
		(app.RenderJob{}).Kind(): app.RenderJobVersion, (app.BatchJob{}).Kind(): app.BatchJobVersion, (app.MailJob{}).Kind(): app.MailJobVersion,
		(app.DeliveryJob{}).Kind(): app.DeliveryJobVersion,
	}
}

// Count counts the unfinished jobs of the release's queue.
func Count(ctx context.Context, pool *pgxpool.Pool, release string) (b Backlog, err error) {
	err = pool.QueryRow(ctx, `
		WITH job AS (
			SELECT state, created_at, coalesce((args->>'v')::int, 0) > coalesce(($2::jsonb->>kind)::int, -1) AS unknown,
				CASE WHEN args ? 'tenant' THEN coalesce((SELECT slug FROM tenants WHERE id::text = args->>'tenant'), 'deleted') END AS tenant,
				state IN ('pending', 'retryable', 'scheduled') OR state = 'available' AND ($3 = ANY(tags) OR kind = $4) AS waits,
				kind = $4 AS delivery
			FROM river_job WHERE queue = $1 AND state IN ('available', 'pending', 'retryable', 'running', 'scheduled')
		)
		SELECT count(*) FILTER (WHERE state = 'running'),
			count(*) FILTER (WHERE state = 'available' AND NOT waits AND NOT unknown),
			count(*) FILTER (WHERE waits AND NOT unknown),
			count(*) FILTER (WHERE state <> 'running' AND unknown),
			min(created_at) FILTER (WHERE NOT delivery AND NOT (waits AND state = 'available')),
			coalesce((SELECT jsonb_object_agg(tenant, n) FROM (SELECT tenant, count(*) AS n FROM job WHERE tenant IS NOT NULL GROUP BY tenant) AS by_tenant), '{}')
		FROM job`, queueOf(release), known(), thumbnail, (app.DeliveryJob{}).Kind()).Scan(&b.Running, &b.Available, &b.Waiting, &b.Unknown, &b.Oldest, &b.Tenants)
	if err != nil {
		err = fmt.Errorf("count jobs: %w", err)
	}
	return b, err
}
