package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Once is a POST that carries an Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header).
// The key and the thing made are written in one transaction, so a repeated POST
// finds the thing and a crashed one leaves no trace. A nil *Once is a POST without a key.
type Once struct {
	Key, Method, Path string
	Body              [32]byte // SHA-256 of the body
	Replayed          bool     // set when the answer is an earlier one's
}

// CheckKey holds a key to 1 to 255 characters.
func (o *Once) CheckKey() error {
	if o != nil && (o.Key == "" || len(o.Key) > 255) {
		return &Error{Kind: Malformed, Message: "an Idempotency-Key has 1 to 255 characters", Fields: []Field{{"Idempotency-Key", "must have 1 to 255 characters"}}}
	}
	return nil
}

// makeOnce makes a thing in one transaction, or answers with what the same POST
// made before: earlier reads it by its id. Make answers with the id, too.
func makeOnce[T any](ctx context.Context, t Tenant, o *Once, what, earlier string, make func(pgx.Tx) (T, string, error)) (thing T, err error) {
	err = t.tx(ctx, func(tx pgx.Tx) error {
		made, err := o.claim(ctx, tx, t.id)
		if err != nil {
			return err
		}
		if made != nil {
			thing, err = one[T](ctx, tx, what, earlier, made)
			return err
		}
		var id string
		if thing, id, err = make(tx); err != nil {
			return err
		}
		return o.record(ctx, tx, t.id, id)
	})
	return thing, err
}

// replay answers with what the same POST made before, nil where it made nothing yet:
// for those that have much to check before they make anything.
func replay[T any](ctx context.Context, t Tenant, o *Once, what, earlier string) (thing *T, err error) {
	if o == nil {
		return nil, nil
	}
	err = t.tx(ctx, func(tx pgx.Tx) error {
		made, err := o.claim(ctx, tx, t.id)
		if err != nil || made == nil {
			return err
		}
		found, err := one[T](ctx, tx, what, earlier, made)
		thing = &found
		return err
	})
	return thing, err
}

// claim finds what this POST made before, or takes the key until the transaction
// ends. A durable "in flight" row would stick after a crash; a lock does not.
func (o *Once) claim(ctx context.Context, tx pgx.Tx, tenant uuid.UUID) (resource *uuid.UUID, err error) {
	if o == nil {
		return nil, nil
	}
	var mine bool
	name := fmt.Sprintf("%s %s %s %s", tenant, o.Method, o.Path, o.Key)
	if err := tx.QueryRow(ctx, `SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))`, name).Scan(&mine); err != nil {
		return nil, fmt.Errorf("claim idempotency key: %w", err)
	}
	if !mine {
		return nil, Errorf(Conflict, "a request with this Idempotency-Key is under way; repeat it in a moment")
	}
	var made uuid.UUID
	var body []byte
	err = tx.QueryRow(ctx, `
		SELECT resource, body_sha256 FROM idempotency_keys
		WHERE tenant_id = $1 AND method = $2 AND path = $3 AND key = $4 AND created_at > now() - interval '24 hours'`,
		tenant, o.Method, o.Path, o.Key).Scan(&made, &body)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read idempotency key: %w", err)
	}
	if string(body) != string(o.Body[:]) {
		return nil, &Error{Kind: Invalid, Message: "this Idempotency-Key was used with another body; use a new key for a new request",
			Fields: []Field{{"Idempotency-Key", "was used with another body"}}}
	}
	o.Replayed = true
	return &made, nil
}

// record remembers what the POST made, for 24 hours.
func (o *Once) record(ctx context.Context, tx pgx.Tx, tenant uuid.UUID, resource string) error {
	if o == nil {
		return nil
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO idempotency_keys (tenant_id, method, path, key, body_sha256, resource) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id, method, path, key) DO UPDATE
		SET body_sha256 = excluded.body_sha256, resource = excluded.resource, created_at = now()`,
		tenant, o.Method, o.Path, o.Key, o.Body[:], resource)
	if err != nil {
		return fmt.Errorf("record idempotency key: %w", err)
	}
	return nil
}
