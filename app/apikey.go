package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The scopes of an API key; each includes those before it.
const (
	ReadScope  = "read"  // look and download
	WriteScope = "write" // also change and render
	AdminScope = "admin" // also make and revoke keys
)

// Scopes are all, the least first.
func Scopes() []string { return []string{ReadScope, WriteScope, AdminScope} }

// keyPrefix lets people and secret scanners recognise a key of ours.
const keyPrefix = "mj_"

// APIKey is a key that opens a tenant to a program. What opens is kept as a hash.
type APIKey struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Scope     string     `json:"scope"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    *time.Time `json:"used_at"` // to the minute
	ExpiresAt *time.Time `json:"expires_at"`
}

// Expired tells whether the key's time is over.
func (k APIKey) Expired() bool { return k.ExpiresAt != nil && !k.ExpiresAt.After(time.Now()) }

// NewAPIKey is a key that was just made. Secret is what opens: it is shown this once,
// and is "" where the same POST had made the key before.
type NewAPIKey struct {
	APIKey
	Secret string `json:"key,omitempty" db:"-"`
}

const keyColumns = `id, name, CASE WHEN manages THEN 'admin' WHEN read_only THEN 'read' ELSE 'write' END AS scope, created_at, used_at, expires_at`

// CreateAPIKey makes a key that opens this tenant to a program; a nil expiry never comes.
func (t Tenant) CreateAPIKey(ctx context.Context, name, scope string, expires *time.Time) (key string, err error) {
	made, err := t.CreateAPIKeyOnce(ctx, nil, name, scope, expires)
	return made.Secret, err
}

// CreateAPIKeyOnce does that for a POST that may come again.
func (t Tenant) CreateAPIKeyOnce(ctx context.Context, once *Once, name, scope string, expires *time.Time) (made NewAPIKey, err error) {
	if err := t.may(toOwn); err != nil {
		return made, err
	}
	var faults []Field
	if f := checkName(name); f != nil {
		faults = append(faults, *f)
	}
	if !slices.Contains(Scopes(), scope) {
		faults = append(faults, Field{"scope", "must be read, write or admin"})
	}
	if faults != nil {
		return made, &Error{Kind: Invalid, Message: "the key cannot be made as given", Fields: faults}
	}
	return makeOnce(ctx, t, once, "API key", `SELECT `+keyColumns+` FROM api_keys WHERE id = $1`, func(tx pgx.Tx) (NewAPIKey, string, error) {
		secret := keyPrefix + newToken()
		made, err := one[NewAPIKey](ctx, tx, "API key", `
			INSERT INTO api_keys (tenant_id, name, key_hash, expires_at, read_only, manages) VALUES ($1, $2, $3, $4, $5, $6) RETURNING `+keyColumns,
			t.id, strings.TrimSpace(name), hashToken(secret), expires, scope == ReadScope, scope == AdminScope)
		if err != nil {
			return made, "", fmt.Errorf("insert API key: %w", err)
		}
		made.Secret = secret
		return made, made.ID, nil
	})
}

// APIKeys lists the tenant's keys, the newest first.
func (t Tenant) APIKeys(ctx context.Context) (all []APIKey, err error) {
	if err := t.may(toOwn); err != nil {
		return nil, err
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+keyColumns+` FROM api_keys ORDER BY created_at DESC, id`)
		if err != nil {
			return fmt.Errorf("list API keys: %w", err)
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[APIKey])
		return err
	})
	return all, err
}

// APIKeyPage lists a page of them.
func (t Tenant) APIKeyPage(ctx context.Context, p PageRequest) (l List[APIKey], err error) {
	if err := t.may(toOwn); err != nil {
		return l, err
	}
	return list(ctx, t.sight(), "API keys", p, func(k APIKey) string { return k.ID }, `
		SELECT `+keyColumns+` FROM api_keys
		WHERE $1::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM api_keys WHERE id = $1)
		ORDER BY created_at DESC, id DESC LIMIT $2`)
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
		ID, TenantID, Slug, Release, Scope string
		Expired                            bool
	}
	found, err := one[row](ctx, a.strangersSight(), "API key", `
		SELECT id, tenant_id, slug, release, expired, scope FROM app.open_api_key($1)`, hashToken(key))
	switch {
	case KindOf(err) == NotFound:
		return "", t, Errorf(Unauthenticated, "this API key is not known; make one on the page API keys, or with: app apikey create --tenant SLUG")
	case err != nil:
		return "", t, err
	case found.Expired:
		return "", t, Errorf(Unauthenticated, "this API key has expired; make another on the page API keys, or with: app apikey create --tenant %s", found.Slug)
	}
	return found.ID, a.ForProgram(found.TenantID, found.Release, found.ID, found.Scope), nil
}
