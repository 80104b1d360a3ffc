package app

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// keyPrefix lets people and secret scanners recognise a key of ours.
const keyPrefix = "mj_"

// CreateAPIKey makes a key that opens this tenant to a program. The key is shown
// this once and kept as a hash; a nil expiry never comes.
func (t Tenant) CreateAPIKey(ctx context.Context, name string, expires *time.Time) (key string, err error) {
	if f := checkName(name); f != nil {
		return "", &Error{Kind: Invalid, Message: "the key needs a name", Fields: []Field{*f}}
	}
	key = keyPrefix + newToken()
	err = t.tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO api_keys (tenant_id, name, key_hash, expires_at) VALUES ($1, $2, $3, $4)`, t.id, name, hashToken(key), expires)
		if err != nil {
			return fmt.Errorf("insert API key: %w", err)
		}
		return nil
	})
	return key, err
}

// Authorize opens the tenant that a key belongs to. The first value names the key in rate limits.
func (a *App) Authorize(ctx context.Context, key string) (id string, t Tenant, err error) {
	type row struct {
		ID, TenantID, Slug, Release string
		Expired                     bool
	}
	var found row
	err = a.outside(ctx, func(tx pgx.Tx) error {
		found, err = one[row](ctx, tx, "API key", `
			SELECT id, tenant_id, slug, expired, coalesce(app.release_of(tenant_id), '') AS release FROM app.find_api_key($1)`, hashToken(key))
		return err
	})
	switch {
	case KindOf(err) == NotFound:
		return "", t, Errorf(Unauthenticated, "this API key is not known; make one with: app apikey create --tenant SLUG")
	case err != nil:
		return "", t, err
	case found.Expired:
		return "", t, Errorf(Unauthenticated, "this API key has expired; make another with: app apikey create --tenant %s", found.Slug)
	}
	return found.ID, a.Assigned(found.TenantID, found.Release), nil
}
