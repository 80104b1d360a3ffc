package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The scopes of an API key.
const (
	ReadScope  = "read"  // look and download
	WriteScope = "write" // also change and render
)

// keyPrefix lets people and secret scanners recognise a key of ours.
const keyPrefix = "mj_"

// APIKey is a key that opens a tenant to a program. What opens is kept as a hash.
type APIKey struct {
	ID        string
	Name      string
	Scope     string
	CreatedAt time.Time
	UsedAt    *time.Time // to the minute
	ExpiresAt *time.Time
}

// Expired tells whether the key's time is over.
func (k APIKey) Expired() bool { return k.ExpiresAt != nil && !k.ExpiresAt.After(time.Now()) }

// CreateAPIKey makes a key that opens this tenant to a program. The key is shown
// this once and kept as a hash; a nil expiry never comes.
func (t Tenant) CreateAPIKey(ctx context.Context, name, scope string, expires *time.Time) (key string, err error) {
	if err := t.may(toOwn); err != nil {
		return "", err
	}
	var faults []Field
	if f := checkName(name); f != nil {
		faults = append(faults, *f)
	}
	if scope != ReadScope && scope != WriteScope {
		faults = append(faults, Field{"scope", "must be read or write"})
	}
	if faults != nil {
		return "", &Error{Kind: Invalid, Message: "the key cannot be made as given", Fields: faults}
	}
	key = keyPrefix + newToken()
	err = t.tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO api_keys (tenant_id, name, key_hash, expires_at, read_only) VALUES ($1, $2, $3, $4, $5)`,
			t.id, strings.TrimSpace(name), hashToken(key), expires, scope == ReadScope)
		if err != nil {
			return fmt.Errorf("insert API key: %w", err)
		}
		return nil
	})
	return key, err
}

// APIKeys lists the tenant's keys, the newest first.
func (t Tenant) APIKeys(ctx context.Context) (all []APIKey, err error) {
	if err := t.may(toOwn); err != nil {
		return nil, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, name, CASE WHEN read_only THEN 'read' ELSE 'write' END AS scope, created_at, used_at, expires_at
			FROM api_keys ORDER BY created_at DESC, id`)
		if err != nil {
			return fmt.Errorf("list API keys: %w", err)
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[APIKey])
		return err
	})
	return all, err
}

// RevokeAPIKey ends a key at once.
func (t Tenant) RevokeAPIKey(ctx context.Context, id string) error {
	if err := t.may(toOwn); err != nil {
		return err
	}
	u, err := parseID("API key", id)
	if err != nil {
		return err
	}
	return t.tx(ctx, func(tx pgx.Tx) error {
		gone, err := tx.Exec(ctx, `DELETE FROM api_keys WHERE id = $1`, u)
		if err != nil {
			return fmt.Errorf("revoke API key: %w", err)
		}
		if gone.RowsAffected() == 0 {
			return Errorf(NotFound, "there is no such API key here")
		}
		return nil
	})
}

// Authorize opens the tenant that a key belongs to. The first value names the key in rate limits.
func (a *App) Authorize(ctx context.Context, key string) (id string, t Tenant, err error) {
	type row struct {
		ID, TenantID, Slug, Release string
		Expired, ReadOnly           bool
	}
	found, err := one[row](ctx, a.strangersSight(), "API key", `
		SELECT id, tenant_id, slug, release, expired, read_only FROM app.authorize($1)`, hashToken(key))
	switch {
	case KindOf(err) == NotFound:
		return "", t, Errorf(Unauthenticated, "this API key is not known; make one with: app apikey create --tenant SLUG")
	case err != nil:
		return "", t, err
	case found.Expired:
		return "", t, Errorf(Unauthenticated, "this API key has expired; make another with: app apikey create --tenant %s", found.Slug)
	}
	return found.ID, a.ForProgram(found.TenantID, found.Release, found.ReadOnly), nil
}
