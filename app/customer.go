package app

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// Customer is a tenant as an operator sees it.
type Customer struct {
	TenantRow
	Release string // that the tenant is assigned to, "" for the one that serves
	Version string `db:"-"` // of who serves the tenant, "" for nobody
	Members int
	Designs int
	Renders int64      // this month, by UTC, rows of batches among them; see Usage
	Bytes   int64      // of their files
	Active  *time.Time // when something was last changed or asked for
}

// Customers lists all by name, with who of the living serves them. It is for operators.
func (a *App) Customers(ctx context.Context, living []Generation, p PageRequest) (l List[Customer], err error) {
	err = a.owner(ctx, func(tx pgx.Tx) error {
		l, err = list(ctx, tx, "tenants", p, func(c Customer) string { return c.ID }, `
			WITH page AS (
				SELECT `+tenantColumns+`, coalesce(release, '') AS release FROM tenants
				WHERE $1::uuid IS NULL OR (name, id) > (SELECT name, id FROM tenants WHERE id = $1)
				ORDER BY name, id LIMIT $2
			)
			SELECT t.*, (SELECT count(*) FROM memberships m WHERE m.tenant_id = t.id) AS members, d.designs, coalesce(u.renders, 0)::bigint AS renders, coalesce(u.bytes, 0)::bigint AS bytes,
				greatest(d.changed,
					(SELECT max(created_at) FROM renders r WHERE r.tenant_id = t.id AND r.batch_id IS NULL AND NOT r.thumbnail),
					(SELECT max(created_at) FROM batches b WHERE b.tenant_id = t.id),
					(SELECT max(used_at) FROM api_keys k WHERE k.tenant_id = t.id)) AS active
			FROM page t,
				LATERAL (SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS designs, max(updated_at) AS changed FROM designs d WHERE d.tenant_id = t.id) d,
				LATERAL (SELECT sum(renders + rows) AS renders, sum(bytes) AS bytes FROM usage u WHERE u.tenant_id = t.id AND u.day >= date_trunc('month', now() AT TIME ZONE 'UTC')) u
			ORDER BY t.name, t.id`)
		return err
	})
	if err != nil {
		return l, err
	}
	standing := make([]Standing, len(living))
	for i, g := range living {
		standing[i].Generation = g
	}
	for i := range l.Data {
		if s := serves(standing, l.Data[i].Release); s != nil {
			l.Data[i].Version = s.Version
		}
	}
	return l, nil
}
